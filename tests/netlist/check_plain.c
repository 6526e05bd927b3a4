/* Plain lines (R1 a b 1k) are read by a shorter way than others. Random decks are read twice: as
 * they are, and with a comma for a blank, which says the same and makes every line one that is not
 * plain. Circuits, places and messages must be the same. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "netlist/lexer.h"
#include "netlist/netlist.h"
#include "support/compare.h"
#include "support/effort.h"

Suite *plain_suite(void);

/* One of the words, which are parted by blanks. */
static void add_one_of(eq_text *t, eq_random *r, const char *words) {
    size_t n = 1;
    for (const char *p = words; *p != '\0'; p++) n += *p == ' ';
    const char *word = words;
    for (size_t k = eq_random_below(r, (uint32_t)n); k > 0; k--) word = strchr(word, ' ') + 1;
    eq_text_add(t, word, strcspn(word, " "));
}

static bool one_in(eq_random *r, uint32_t n) {
    return eq_random_below(r, n) == 0;
}

/* The same byte goes to both decks. */
static void both(eq_text deck[2], const char *text) {
    for (int k = 0; k < 2; k++) eq_text_puts(&deck[k], text);
}

static void both_one_of(eq_text deck[2], eq_random *r, const char *words) {
    eq_text word = {0};
    add_one_of(&word, r, words);
    both(deck, word.text);
    eq_text_free(&word);
}

static void add_name(eq_text deck[2], eq_random *r, int line) {
    char name[32];
    both_one_of(deck, r,
                one_in(r, 150) ? "d x e f q b k s 1 -" : "r r R v V i I l c r_long_name.1-2+3:");
    snprintf(name, sizeof name, "%d", one_in(r, 300) ? (int)eq_random_below(r, 99) : line);
    both(deck, name);
}

static const char nodes[] =
    "0 gnd GND a b B c_long_node_name C_LONG_NODE_NAME n12 N12 1 2 p q vdd -1";
static const char values[] =
    "1 1k 2.5K 1meg 4.7u 1e3 -3 +2 .5 5. 1e-3x 3mil 1e22 123456789012345678901";
static const char odd_values[] =
    "1k5 1e400 0 -0 1_0 . + - e5 dm s nosuch {2*g} '1+1' 1e 1/2 dc ac=1 m=2";

/* Behind a line: its end, sometimes with what makes the next one belong to it, or not. */
static void add_end(eq_text deck[2], eq_random *r) {
    if (!one_in(r, 12)) {
        both(deck, one_in(r, 20) ? "\r\n" : "\n");
        return;
    }
    both_one_of(deck, r, "\n\n \t\n; ;\n\n+\n \n*note\n+\n \n+m=2\n \n*note\n \n#note\n \n+ $x\n");
}

/* NAME NODE NODE VALUE; the second deck has a comma between the nodes. */
static void add_line(eq_text deck[2], eq_random *r, int line) {
    if (one_in(r, 60)) both(deck, " ");
    add_name(deck, r, line);
    both(deck, one_in(r, 30) ? "\t " : " ");
    both_one_of(deck, r, nodes);
    eq_text_puts(&deck[0], " ");
    eq_text_puts(&deck[1], ",");
    both_one_of(deck, r, nodes);
    if (!one_in(r, 300)) both(deck, " ");
    if (!one_in(r, 300)) both_one_of(deck, r, one_in(r, 100) ? odd_values : values);
    if (one_in(r, 300)) both(deck, " tc1=1m");
    add_end(deck, r);
}

static void add_lines(eq_text deck[2], eq_random *r, int from, int lines) {
    for (int k = 0; k < lines; k++) add_line(deck, r, from + k);
}

static void make(eq_text deck[2], eq_random *r) {
    int lines = (int)eq_random_below(r, 50);
    both(deck, "title\n.model dm d\n.param g=2\n");
    if (one_in(r, 3)) both(deck, ".global_param xyce=1\n");
    if (one_in(r, 3)) both(deck, ".global vdd\n");
    both(deck, ".subckt s p q\n");
    add_lines(deck, r, 0, (int)eq_random_below(r, 8));
    both(deck, ".ends\nx0 a b s\n");
    if (one_in(r, 2)) both(deck, "x1 b gnd s m=3\n");
    add_lines(deck, r, 100, lines / 2);
    if (one_in(r, 4)) both(deck, "\n*% input v100\n.op\n");
    if (one_in(r, 4)) {
        eq_text_puts(&deck[0], "\n.temp 27 28 29\n");
        eq_text_puts(&deck[1], "\n.temp 27,28 29\n");
    }
    add_lines(deck, r, 100 + lines / 2, lines - lines / 2);
    both(deck, one_in(r, 2) ? ".op\n.end\n" : "");
}

static void same_messages(const eq_diag *a, const eq_diag *b, const char *deck) {
    ck_assert_msg(eq_diag_count(a) == eq_diag_count(b), "%zu and %zu messages for\n%s",
                  eq_diag_count(a), eq_diag_count(b), deck);
    for (size_t k = 0; k < eq_diag_count(a); k++) {
        const eq_message *p = eq_diag_get(a, k), *q = eq_diag_get(b, k);
        ck_assert_msg(p->severity == q->severity && p->line == q->line && p->column == q->column &&
                          strcmp(p->text, q->text) == 0,
                      "%d:%d %s\n%d:%d %s\nfor\n%s", p->line, p->column, p->text, q->line,
                      q->column, q->text, deck);
    }
}

static void same_circuits(const eq_circuit *a, const eq_circuit *b) {
    assert_same_circuit(a, b);
    ck_assert_uint_eq(eq_circuit_nodes(a), eq_circuit_nodes(b));
    for (eq_node n = 0; n < (eq_node)eq_circuit_nodes(a); n++)
        ck_assert_str_eq(eq_circuit_node_name(a, n), eq_circuit_node_name(b, n));
    for (size_t e = 0; e < eq_circuit_elements(a); e++) {
        eq_place p = eq_circuit_place_of(a, (eq_element)e),
                 q = eq_circuit_place_of(b, (eq_element)e);
        ck_assert(p.line == q.line && p.column == q.column);
        ck_assert_int_eq(a->row[e].row, b->row[e].row);
    }
}

START_TEST(plain_lines_say_what_others_say) {
    eq_random r = eq_random_seed(17);
    size_t read = 0, decks = effort(4000, 400000);
    for (size_t k = 0; k < decks; k++) {
        eq_text deck[2] = {{0}, {0}};
        eq_circuit *c[2] = {NULL, NULL};
        eq_diag *d[2] = {eq_diag_new(), eq_diag_new()};
        eq_status status[2];
        make(deck, &r);
        for (int i = 0; i < 2; i++)
            status[i] = eq_circuit_parse("deck.cir", deck[i].text, deck[i].length, &c[i], d[i]);
        same_messages(d[0], d[1], deck[0].text);
        ck_assert_int_eq(status[0], status[1]);
        if (status[0] == EQ_OK) same_circuits(c[0], c[1]);
        read += status[0] == EQ_OK;
        for (int i = 0; i < 2; i++) {
            eq_circuit_free(c[i]);
            eq_diag_free(d[i]);
            eq_text_free(&deck[i]);
        }
    }
    ck_assert_msg(read > decks / 5 && read < decks, "%zu of %zu decks could be read", read, decks);
}
END_TEST

/* A suffix is a power of ten: within two roundings of what strtod gives for it. */
START_TEST(suffixes_are_powers_of_ten) {
    static const struct {
        const char *suffix, *exponent;
    } power[] = {{"t", "e12"},   {"G", "e9"},   {"meg", "e6"}, {"MEGohm", "e6"},
                 {"k", "e3"},    {"m", "e-3"},  {"mV", "e-3"}, {"u", "e-6"},
                 {"n", "e-9"},   {"P", "e-12"}, {"f", "e-15"}, {"aF", "e-18"},
                 {"aA", "e-18"}, {"ohm", "e0"}, {"A", "e0"},   {"amps", "e0"}};
    eq_random r = eq_random_seed(31);
    for (size_t k = 0; k < effort(100000, 10000000); k++) {
        char digits[32], text[48], exact[48];
        size_t p = eq_random_below(&r, sizeof power / sizeof *power);
        snprintf(digits, sizeof digits, "%.*g", 1 + (int)eq_random_below(&r, 15),
                 (eq_random_uniform(&r) - 0.5) * pow(10.0, (double)eq_random_below(&r, 8)));
        int n = snprintf(text, sizeof text, "%s%s", digits, power[p].suffix);
        snprintf(exact, sizeof exact, "%s%s", digits, power[p].exponent);
        if (strchr(digits, 'e') != NULL) continue;
        double value = NAN, want = strtod(exact, NULL);
        ck_assert_uint_eq(eq_spice_number(text, (size_t)n, false, &value), (size_t)n);
        ck_assert_msg(fabs(value - want) <= 0x1p-51 * fabs(want), "%s read as %.17g", text, value);
    }
}
END_TEST

Suite *plain_suite(void) {
    Suite *s = suite_create("plain");
    TCase *t = tcase_create("plain");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, plain_lines_say_what_others_say);
    tcase_add_test(t, suffixes_are_powers_of_ten);
    suite_add_tcase(s, t);
    return s;
}
