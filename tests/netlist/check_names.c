/* Every byte in a name, at its start, inside and at its end, through every form of output: the same
 * name comes back, or the writer says which name and which sign it refuses. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <minizip/unzip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/carry.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "circuit/formula.h"
#include "netlist/netlist.h"
#include "report/ngspice.h"
#include "result/raw.h"
#include "result/result.h"
#include "support/compare.h"
#include "support/json.h"

Suite *names_suite(void);

enum { POSITIONS = 4, BYTES = 256, CASES = POSITIONS * BYTES, LONGEST = 64 };

/* Case k: byte k % 256 at the start, inside, at the end of a name, or twice inside it. */
static const char *name_of(int k, char name[LONGEST]) {
    char c = (char)(k % BYTES);
    static const char *const form[POSITIONS] = {"%1$cn", "n%1$cn", "n%1$c", "n%1$c%1$cn"};
    snprintf(name, LONGEST, form[k / BYTES], c);
    return name;
}

/* Names beside those: UTF-8 well-formed and not, words, signs that mean something together. */
static const char *const more[] = {"\303\251",
                                   "n\302\265n",
                                   "\342\202\254",
                                   "\360\235\204\236",
                                   "\355\240\200",
                                   "\300\200",
                                   "\364\220\200\200",
                                   "n\303",
                                   "\303n",
                                   "\357\277\275",
                                   "n\357\277\276",
                                   "\357\273\277n",
                                   "q//z",
                                   "//",
                                   "n/",
                                   "/n",
                                   "n$",
                                   "a$b",
                                   "n;",
                                   "*n",
                                   "*%n",
                                   "*#n",
                                   "+n",
                                   "-5v",
                                   "+5v",
                                   ".end",
                                   ".control",
                                   "n.",
                                   "{n}",
                                   "'n'",
                                   "\"n\"",
                                   "n=1",
                                   "a,b",
                                   "v(a)",
                                   "(",
                                   ")",
                                   "n\\",
                                   "\\",
                                   "n\\\\",
                                   "a b",
                                   " n",
                                   "n ",
                                   "n\n.end",
                                   "n\r",
                                   "n\t",
                                   "1",
                                   "1k",
                                   "1e3",
                                   "-1",
                                   "0x",
                                   "00",
                                   "value",
                                   "table",
                                   "poly",
                                   "vol",
                                   "cur",
                                   "laplace",
                                   "freq",
                                   "chebyshev",
                                   "ac",
                                   "dc",
                                   "off",
                                   "temper",
                                   "temp",
                                   "time",
                                   "hertz",
                                   "m",
                                   "tc1",
                                   "gmin",
                                   "gmax",
                                   "all",
                                   "x1:dd",
                                   "x1.n",
                                   "n#branch",
                                   "#branch",
                                   "@n",
                                   "@r1[i]",
                                   "[n]",
                                   "n*",
                                   "n?",
                                   "r*",
                                   "&amp;",
                                   "<n>",
                                   "]]>",
                                   "--",
                                   "-->",
                                   "&#10;",
                                   "%n",
                                   "inoise",
                                   "params:",
                                   "gnd!",
                                   "vsense_e1",
                                   "m_d1",
                                   "null",
                                   "nan",
                                   "inf",
                                   "\x7f",
                                   "n\x1b[31m"};
enum { MORE = sizeof more / sizeof *more };

static const char *case_of(int k, char name[LONGEST]) {
    return k < CASES ? name_of(k, name) : more[k - CASES];
}

static eq_element add(eq_circuit *c, int cls, const char *name, const char *a, const char *b,
                      eq_element control, double value) {
    eq_card card = eq_card_new(cls);
    eq_element e = EQ_NONE;
    card.name = name;
    card.name_length = strlen(name);
    card.term[0] = eq_circuit_node(c, a, strlen(a));
    card.term[1] = eq_circuit_node(c, b, strlen(b));
    card.control = control;
    if (eq_class(cls)->value >= 0) card.w[eq_class(cls)->value] = value;
    if (cls == EQ_CLASS_behavioural_current) card.formula = eq_formula_new();
    ck_assert_int_eq(eq_circuit_add(c, &card, &e, NULL), EQ_OK);
    return e;
}

static void formula_of(eq_circuit *c, eq_element e, eq_formula_input in) {
    eq_formula *f = c->table[EQ_CLASS_behavioural_current].formula[c->row[e].row];
    eq_operand x[2] = {eq_formula_input_of(f, in), {1e-3, EQ_NONE}};
    f->result = eq_formula_apply(f, eq_operation_find("*", 2), x).slot;
}

static void own_model(eq_circuit *c, const char *name) {
    eq_card card = eq_card_new(EQ_CLASS_diode);
    ck_assert(eq_grow((void **)&c->model, &c->model_cap, c->models + 1, sizeof *c->model));
    c->model[c->models] = (eq_model){.name = eq_strdup(name), .cls = EQ_CLASS_diode};
    memcpy(c->model[c->models].w, card.w, sizeof card.w);
    eq_lower(c->model[c->models++].name, strlen(name));
}

typedef enum role { NODE, RESISTOR, CONTROL, INPUT, MODEL, GROUP, OUTPUT, SENSED, ROLES } role;

/* A circuit in which the name has that role; the letter stands before it where the role has one. */
static eq_circuit *circuit_of(role r, const char *name) {
    char longer[LONGEST + 8];
    static const char letter[ROLES] = {0, 'r', 'v', 'v', 0, 'r', 0, 'e'};
    snprintf(longer, sizeof longer, "%.1s%s", letter[r] == 0 ? "" : &letter[r], name);
    eq_circuit *c = eq_circuit_new();
    eq_free(c->title);
    c->title = eq_strdup("names");
    const char *node = r == NODE || r == OUTPUT ? name : "in";
    eq_element v = add(c, EQ_CLASS_vsource, r == CONTROL || r == INPUT ? longer : "v1", node, "0",
                       EQ_NONE, 2.0);
    add(c, EQ_CLASS_resistor, r == RESISTOR ? longer : "rplain", node, "0", EQ_NONE, 1e3);
    if (r == NODE) {
        add(c, EQ_CLASS_isource, "i1", "0", node, EQ_NONE, 1e-3);
        eq_card card = eq_card_new(EQ_CLASS_vcvs);
        card.name = "e2";
        card.name_length = 2;
        card.term[0] = eq_circuit_node(c, "e", 1);
        card.term[1] = EQ_GROUND;
        card.term[2] = eq_circuit_node(c, node, strlen(node));
        card.term[3] = EQ_GROUND;
        card.w[0] = 3.0;
        ck_assert_int_eq(eq_circuit_add(c, &card, NULL, NULL), EQ_OK);
        eq_element b = add(c, EQ_CLASS_behavioural_current, "b2", "0", "b", EQ_NONE, NAN);
        formula_of(c, b, (eq_formula_input){EQ_INPUT_DROP, card.term[2], EQ_GROUND, EQ_NONE});
        add(c, EQ_CLASS_resistor, "r2", "b", "0", EQ_NONE, 1e3);
        add(c, EQ_CLASS_resistor, "r3", "e", "0", EQ_NONE, 1e3);
        ck_assert_int_eq(eq_circuit_start(c, card.term[2], 1.0, NULL), EQ_OK);
    }
    if (r == CONTROL) add(c, EQ_CLASS_cccs, "f2", "0", "f", v, 2.0);
    if (r == INPUT) {
        eq_element b = add(c, EQ_CLASS_behavioural_current, "b2", "0", "f", EQ_NONE, NAN);
        formula_of(c, b, (eq_formula_input){EQ_INPUT_CURRENT, EQ_NONE, EQ_NONE, v});
        ck_assert_int_eq(eq_circuit_input(c, v, NULL), EQ_OK);
    }
    if (r == CONTROL || r == INPUT) add(c, EQ_CLASS_resistor, "r2", "f", "0", EQ_NONE, 1e3);
    if (r == MODEL) {
        own_model(c, name);
        eq_element d = add(c, EQ_CLASS_diode, "d1", "in", "0", EQ_NONE, 0.0);
        c->table[EQ_CLASS_diode].model[c->row[d].row] = 0;
    }
    if (r == GROUP) {
        add(c, EQ_CLASS_resistor, longer, "in", "0", EQ_NONE, 2e3);
        ck_assert_int_eq(
            eq_circuit_train(c, longer, NULL, 1e-9, 1.0, (eq_location){EQ_NONE, 0, 0}, NULL),
            EQ_OK);
    }
    if (r == OUTPUT)
        ck_assert_int_eq(
            eq_circuit_output(c, eq_circuit_find_node(c, name), EQ_NONE, EQ_NONE, EQ_NONE, NULL),
            EQ_OK);
    if (r == SENSED) {
        eq_card card = eq_card_new(EQ_CLASS_ccvs);
        card.name = "h2";
        card.name_length = 2;
        card.term[0] = eq_circuit_node(c, "h", 1);
        card.term[1] = EQ_GROUND;
        card.control = add(c, EQ_CLASS_vcvs, longer, "s", "0", EQ_NONE, 3.0);
        c->table[EQ_CLASS_vcvs].term[2][0] = eq_circuit_find_node(c, "in");
        c->table[EQ_CLASS_vcvs].term[3][0] = EQ_GROUND;
        card.w[0] = 5.0;
        ck_assert_int_eq(eq_circuit_add(c, &card, NULL, NULL), EQ_OK);
        add(c, EQ_CLASS_resistor, "r2", "h", "0", EQ_NONE, 1e3);
        add(c, EQ_CLASS_resistor, "r3", "s", "0", EQ_NONE, 1e3);
    }
    ck_assert_int_eq(eq_circuit_freeze(c, NULL), EQ_OK);
    return c;
}

/* What `assert_same_circuit` does not look at: names in formulas, models in use, starts. */
static void same_rest(const eq_circuit *a, const eq_circuit *b) {
    const eq_table *t = &a->table[EQ_CLASS_behavioural_current],
                   *u = &b->table[EQ_CLASS_behavioural_current];
    for (size_t j = 0; j < t->count; j++) {
        const eq_formula_input *p = &t->formula[j]->input[0], *q = &u->formula[j]->input[0];
        ck_assert(t->formula[j]->inputs == 1 && u->formula[j]->inputs == 1 && p->kind == q->kind);
        if (p->kind == EQ_INPUT_DROP)
            ck_assert_str_eq(eq_circuit_node_name(a, p->plus), eq_circuit_node_name(b, q->plus));
        else
            ck_assert_str_eq(eq_circuit_element_name(a, p->branch),
                             eq_circuit_element_name(b, q->branch));
    }
    ck_assert_uint_eq(a->models, b->models);
    for (size_t k = 0; k < a->models; k++) ck_assert_str_eq(a->model[k].name, b->model[k].name);
    for (size_t k = 0; k < a->starts; k++)
        ck_assert_str_eq(eq_circuit_node_name(a, a->start[k].node),
                         eq_circuit_node_name(b, b->start[k].node));
}

/* The circuit as the text says it in that dialect. */
static eq_circuit *read_as(const eq_text *text, eq_dialect dialect) {
    const char *path = in(dialect == EQ_XML ? "deck.xml" : "deck.cir");
    eq_deck *d = NULL;
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_file_write(path, text->text, text->length, NULL), EQ_OK);
    eq_status status = eq_deck_read_as(path, dialect, &d, diag);
    ck_assert_msg(status == EQ_OK, "%s: %s in\n%s", eq_dialect_name(dialect),
                  eq_diag_get(diag, 0)->text, text->text);
    eq_diag_free(diag);
    return eq_deck_release(d);
}

/* A model that starts with a digit is renamed, injectively: m_ and more underscores. */
static bool is_renamed_model(role r, const char *name) {
    return r == MODEL && name[0] >= '0' && name[0] <= '9';
}

/* True: it was written, and the same circuit came back. */
static bool carried(const eq_circuit *c, role r, eq_dialect to, const char *name) {
    eq_text out = {0};
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_circuit_write(c, to, "a note", &out, diag);
    bool good = status == EQ_OK;
    if (!good) {
        ck_assert_int_eq(status, EQ_ERR_INPUT);
        ck_assert_uint_eq(eq_diag_count(diag), 1);
        const char *said = eq_diag_get(diag, 0)->text;
        ck_assert_msg((strstr(said, name) != NULL || name[0] == '\0') &&
                          strstr(said, "cannot be written for") != NULL,
                      "'%s': %s", name, said);
    } else if (to != EQ_SPECTRE) {
        eq_circuit *again = read_as(&out, to);
        bool same = r != SENSED && !(is_renamed_model(r, name) && to != EQ_XML);
        if (same && !(r == MODEL && to == EQ_XYCE)) assert_same_circuit(c, again); /* n k T/q */
        if (same) same_rest(c, again);
        eq_circuit_free(again);
    }
    eq_text_free(&out);
    eq_diag_free(diag);
    return good;
}

static const eq_dialect dialects[] = {EQ_NGSPICE, EQ_XYCE, EQ_LTSPICE, EQ_SPECTRE, EQ_XML};

/* An empty name is case 0; ground is no node of its own. */
static bool is_no_node(const char *name) {
    return strcmp(name, "0") == 0 || eq_same(name, "gnd");
}

START_TEST(every_byte_of_a_name_comes_back_or_is_refused) {
    role r = (role)(_i / 5);
    eq_dialect to = dialects[_i % 5];
    char name[LONGEST];
    int written = 0;
    for (int k = 0; k < CASES + MORE; k++) {
        case_of(k, name);
        const char *own = k < CASES ? name : more[k - CASES];
        if (((r == NODE || r == OUTPUT) && is_no_node(own)) || (k < CASES && k % BYTES == 0))
            continue;
        if (r == GROUP && strpbrk(own, "*?") != NULL) continue; /* a pattern, not a name */
        eq_circuit *c = circuit_of(r, own);
        written += carried(c, r, to, own);
        eq_circuit_free(c);
    }
    /* letters, digits and _ at least */
    ck_assert_int_ge(written, POSITIONS * 63);
    if (to == EQ_XML) ck_assert_int_ge(written, POSITIONS * 85);
}
END_TEST

START_TEST(an_empty_name_is_refused) {
    eq_circuit *c = circuit_of(NODE, "");
    for (int d = 0; d < 5; d++) ck_assert(!carried(c, NODE, dialects[d], ""));
    eq_circuit_free(c);
}
END_TEST

/* One deck with every name that is written for ngspice: each node at its own potential, each V
 * source a control, each model in use. */
START_TEST(ngspice_reads_every_name_that_is_written_for_it) {
    char name[LONGEST], longer[LONGEST + 8];
    eq_circuit *c = eq_circuit_new();
    int nodes = 0;
    ck_assert_int_eq(eq_circuit_node(c, "sum", 3), 1);
    for (int k = 0; k < CASES + MORE; k++) {
        char sign[EQ_SIGN];
        case_of(k, name);
        const char *own = k < CASES ? name : more[k - CASES];
        if (!eq_carries(EQ_CARRY_NGSPICE, own, sign) || is_no_node(own)) continue;
        bool word = strcmp(own, "temper") == 0 || strcmp(own, "ac") == 0 ||
                    strcmp(own, "value") == 0 || strcmp(own, "table") == 0;
        if (eq_circuit_find_node(c, own) != EQ_NONE || word) continue;
        snprintf(longer, sizeof longer, "v%s", own);
        if (!eq_carries(EQ_CARRY_ELEMENT, longer, sign))
            snprintf(longer, sizeof longer, "vx%s", own);
        if (eq_circuit_find_element(c, longer) != EQ_NONE) continue;
        eq_element v = add(c, EQ_CLASS_vsource, longer, own, "0", EQ_NONE, 1.0 + nodes);
        longer[0] = 'r';
        add(c, EQ_CLASS_resistor, longer, own, "0", EQ_NONE, 1e3);
        longer[0] = 'b';
        eq_element b = add(c, EQ_CLASS_behavioural_current, longer, "0", "sum", EQ_NONE, NAN);
        formula_of(
            c, b,
            (eq_formula_input){EQ_INPUT_DROP, eq_circuit_find_node(c, own), EQ_GROUND, EQ_NONE});
        longer[0] = 'v';
        if (eq_carries(EQ_CARRY_CONTROL, longer, sign) && strcmp(longer, "value") != 0 &&
            strcmp(longer, "vol") != 0) {
            longer[0] = 'f';
            add(c, EQ_CLASS_cccs, longer, "0", "sum", v, 1.0);
        }
        nodes++;
    }
    add(c, EQ_CLASS_resistor, "rsum", "sum", "0", EQ_NONE, 1.0);
    ck_assert_int_ge(nodes, 200);
    ck_assert_int_eq(eq_circuit_freeze(c, NULL), EQ_OK);
    eq_text out = {0};
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_circuit_write(c, EQ_NGSPICE, NULL, &out, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    eq_result **plots = NULL;
    size_t count = 0;
    status = eq_ngspice_run(out.text, out.length, &plots, &count, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    for (size_t n = 1; n < eq_circuit_nodes(c); n++) {
        const char *own = eq_circuit_node_name(c, (eq_node)n);
        snprintf(longer, sizeof longer, "v(%s)", own);
        size_t at = eq_result_find(plots[0], longer);
        if (at == plots[0]->variables) at = eq_result_find(plots[0], own); /* v(time) is time */
        ck_assert_msg(at < plots[0]->variables, "ngspice has no %s", longer);
        if (n > 1) /* behind the node sum */
            ck_assert_msg(fabs(plots[0]->value[at] - (double)n + 1.0) < 1e-9, "%s = %g, not %zu",
                          longer, plots[0]->value[at], n - 1);
    }
    eq_raw_free(plots, count);
    eq_text_free(&out);
    eq_diag_free(diag);
    eq_circuit_free(c);
}
END_TEST

/* ngspice 39 runs "b#shell ..." as a command: no name that ends up on a line of ours does that. */
static const char *const commands[] = {
    "t\nv1 a 0 1\nr1 a 0 1\nr2 touch PWNED 1\nr3 PWNED 0 1\nb#shell touch PWNED v=1\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1\nr2 touch PWNED 1\nr3 PWNED 0 1\nr#shell touch PWNED r={1+v(a)}\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1\nr2 touch PWNED 1\nr3 PWNED 0 1\ne#shell touch PWNED "
    "value={v(a)}\n.end\n",
    "<circuit><elements><vsource name=\"v1\" a=\"touch\" b=\"0\" dc=\"1\"/><resistor name=\"r1\" "
    "a=\"touch\" b=\"PWNED\" r=\"1\"/><behavioural_voltage name=\"#shell\" a=\"touch\" b=\"PWNED\" "
    "formula=\"v(touch)\"/></elements></circuit>",
    "<circuit><elements><vsource name=\"v1\" a=\"touch\" b=\"0\" dc=\"1\"/><resistor name=\"r1\" "
    "a=\"touch\" b=\"PWNED\" r=\"1\"/><ideal_diode name=\"#shell\" a=\"touch\" b=\"PWNED\"/>"
    "</elements></circuit>",
};

START_TEST(no_name_makes_a_command_of_a_line) {
    for (int d = 0; d < 3; d++) {
        eq_circuit *c = parse_deck(commands[_i]);
        eq_text out = {0};
        eq_diag *diag = eq_diag_new();

        bool written = eq_circuit_write(c, dialects[d], NULL, &out, diag) == EQ_OK;
        ck_assert(!written || (_i > 0 && _i < 3)); /* then they are called br#shell and be#shell */
        for (const char *p = out.text; written && (p = strchr(p, '\n')) != NULL; p++)
            ck_assert_msg(p[1] == '\0' || p[2] != '#', "%s", out.text);
        if (!written)
            ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, "where '#' cannot stand") != NULL,
                          "%s", eq_diag_get(diag, 0)->text);
        eq_text_free(&out);
        eq_diag_free(diag);
        eq_circuit_free(c);
    }
}
END_TEST

/* Takes the marks of carry.c out: U+FFFD and two digits stand for a byte. */
static void unmark(const char *text, char *name) {
    while (*text != '\0') {
        unsigned byte;
        if (strncmp(text, "\357\277\275", 3) == 0) {
            ck_assert_int_eq(sscanf(text + 3, "%2x", &byte), 1);
            *name++ = (char)byte;
            text += 5;
        } else {
            *name++ = *text++;
        }
    }
    *name = '\0';
}

static eq_result *result_of(const char *name) {
    char variable[LONGEST + 8];
    snprintf(variable, sizeof variable, "v(%s)", name);
    eq_result *r = eq_result_new(name, "Operating Point");
    double one = 1.5;
    ck_assert_int_eq(eq_result_variable(r, variable, "voltage", NULL), EQ_OK);
    ck_assert_int_eq(eq_result_point(r, &one, NULL), EQ_OK);
    return r;
}

/* The bytes that a format makes of a result, with a NUL behind them. */
static char *bytes_of(const eq_result *r, eq_format format, size_t *length) {
    char *bytes = NULL;
    FILE *stream = open_memstream(&bytes, length);
    ck_assert_int_eq(eq_result_write(&r, 1, format, stream, NULL), EQ_OK);
    fclose(stream);
    return bytes;
}

/* Sees whether the variable came by among the strings of the JSON. */
typedef struct seeker {
    const char *variable;
    bool found;
} seeker;

static void seek(void *data, const char *text) {
    seeker *s = data;
    char name[4096];
    unmark(text, name);
    s->found = s->found || strcmp(name, s->variable) == 0;
}

static void check_json(const char *bytes, const char *variable) {
    seeker s = {variable, false};
    json_read(bytes, seek, &s);
    ck_assert_msg(s.found, "no %s in %s", variable, bytes);
}

/* The header is one field (RFC 4180), then the number. */
static void check_csv(const char *bytes, const char *variable) {
    char field[4096], name[4096];
    size_t n = 0;
    const char *p = bytes;
    bool quoted = *p == '"';
    assert_utf8(bytes);
    for (p += quoted; quoted ? *p != '"' || p[1] == '"' : *p != '\n'; p++) {
        ck_assert(quoted || strchr(",\"\r ", *p) == NULL);
        field[n++] = *p;
        p += quoted && *p == '"';
    }
    field[n] = '\0';
    ck_assert_str_eq(p + quoted, "\n1.5\n");
    unmark(field, name);
    ck_assert_str_eq(name, variable);
}

static void check_raw(const char *bytes, size_t length, const char *variable) {
    eq_result **plots = NULL;
    size_t count = 0;
    char name[4096];
    ck_assert_int_eq(eq_raw_parse("raw", bytes, length, &plots, &count, NULL), EQ_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(plots[0]->variables, 1);
    assert_utf8(plots[0]->variable[0].name);
    assert_utf8(plots[0]->title);
    unmark(plots[0]->variable[0].name, name);
    ck_assert_str_eq(name, variable);
    eq_raw_free(plots, count);
}

static void check_npz(const char *bytes, size_t length, const char *variable) {
    char member[4096], name[4096];
    const char *path = in("out.npz");
    ck_assert_int_eq(eq_file_write(path, bytes, length, NULL), EQ_OK);
    unzFile archive = unzOpen64(path);
    ck_assert_ptr_nonnull(archive);
    ck_assert_int_eq(unzGoToFirstFile(archive), UNZ_OK);
    ck_assert_int_eq(
        unzGetCurrentFileInfo64(archive, NULL, member, sizeof member, NULL, 0, NULL, 0), UNZ_OK);
    unzClose(archive);
    assert_utf8(member);
    ck_assert_msg(member[0] != '/' && strstr(member, "../") == NULL &&
                      strstr(member, "/..") == NULL,
                  "%s leads out of the archive's folder", member);
    size_t n = strlen(member);
    ck_assert_str_eq(member + n - 4, ".npy");
    member[n - 4] = '\0';
    unmark(member, name);
    ck_assert_str_eq(name, variable);
}

static void check_table(const char *bytes, const char *variable) {
    char name[4096];
    assert_utf8(bytes);
    for (const char *p = bytes; *p != '\0'; p++)
        ck_assert_msg(*p == '\n' || ((unsigned char)*p >= ' ' && *p != 127), "%s", bytes);
    unmark(bytes, name);
    ck_assert_msg(strstr(name, variable) != NULL, "no %s in %s", variable, bytes);
}

START_TEST(every_byte_of_a_name_comes_back_from_results) {
    static const char *const paths[] = {"../../etc", "/etc/x", "a/../../b", "a/./b",
                                        ".",         "..",     "a/b"};
    char name[LONGEST], variable[LONGEST + 8];
    for (int k = 1; k < CASES + MORE + 7; k++) {
        const char *own = k < CASES + MORE ? case_of(k, name) : paths[k - CASES - MORE];
        eq_result *r = result_of(own);
        snprintf(variable, sizeof variable, "v(%s)", own);
        size_t length;
        for (int f = 0; f < EQ_FORMAT_COUNT; f++) {
            char *bytes = bytes_of(r, (eq_format)f, &length);
            if (f == EQ_JSON) check_json(bytes, variable);
            if (f == EQ_CSV) check_csv(bytes, variable);
            if (f == EQ_RAW || f == EQ_RAW_ASCII) check_raw(bytes, length, variable);
            if (f == EQ_NPZ) check_npz(bytes, length, variable);
            if (f == EQ_TABLE) check_table(bytes, variable);
            free(bytes);
        }
        eq_result_free(r);
    }
}
END_TEST

/* Of a name longer than the writers' buffers nothing is lost. */
START_TEST(a_long_name_comes_back_from_results) {
    char name[1024], spelled[8192], back[8192];
    for (size_t k = 0; k < sizeof name - 1; k++) name[k] = k % 3 == 0 ? '\377' : 'n';
    name[sizeof name - 1] = '\0';
    FILE *stream = fmemopen(spelled, sizeof spelled, "w");
    eq_carry_to(EQ_CARRY_CSV, name, stream);
    fclose(stream);
    unmark(spelled, back);
    ck_assert_str_eq(back, name);
}
END_TEST

/* Titles: one line, read back as they were, or marked; nothing in them is obeyed. */
static const char *const titles[] = {"",
                                     " ",
                                     "plain",
                                     "caf\303\251",
                                     "caf\351",
                                     "\xff\xfe",
                                     "t\x7fi",
                                     "a\tb",
                                     "a\nb",
                                     "a\x1b[0m",
                                     "x \\",
                                     "x \\\\",
                                     "x \\\\ ",
                                     "\\",
                                     ".include INC",
                                     "  .include INC",
                                     "\t.include INC",
                                     ".INC INC",
                                     ".lib INC a",
                                     ".subckt a b",
                                     ".param x=1",
                                     ".end",
                                     ".control",
                                     ".title x",
                                     "+ x",
                                     "< x",
                                     "<circuit>",
                                     "\357\273\277<x",
                                     "*ng_script",
                                     "*# shell true",
                                     "* plain",
                                     "$ x",
                                     "; x",
                                     "// x",
                                     "{",
                                     "'",
                                     "\"",
                                     "x {",
                                     "*% train r*",
                                     "*%",
                                     "r9 in 0 1",
                                     "]]>",
                                     "--",
                                     "\"q\" & <t>",
                                     ".global_param x=1"};
enum { TITLES = sizeof titles / sizeof *titles };

static const char deck[] = "t\nv1 in 0 10\nr1 in out 1k\nr2 out 0 1k\n.op\n.end\n";

static bool is_marked(const char *title) {
    return strstr(title, "\357\277\275") != NULL;
}

static void check_in_ngspice(const eq_text *out) {
    eq_result **plots = NULL;
    size_t count = 0;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_ngspice_run(out->text, out->length, &plots, &count, diag);
    ck_assert_msg(status == EQ_OK, "%s\n%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text,
                  out->text);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(plots[0]->variables, 3);
    size_t at = eq_result_find(plots[0], "v(out)"), i = eq_result_find(plots[0], "i(v1)");
    ck_assert_double_eq_tol(plots[0]->value[at], 5.0, 1e-6);
    ck_assert_double_eq_tol(plots[0]->value[i], -5e-3, 1e-9);
    eq_raw_free(plots, count);
    eq_diag_free(diag);
}

static void check_title(const char *title, bool run) {
    eq_circuit *c = parse_deck(deck);
    eq_free(c->title);
    c->title = eq_strdup(title);
    for (int d = 0; d < 5; d++) {
        eq_text out = {0};
        ck_assert_int_eq(eq_circuit_write(c, dialects[d], NULL, &out, NULL), EQ_OK);
        assert_utf8(out.text);
        if (dialects[d] == EQ_NGSPICE && run) check_in_ngspice(&out);
        if (dialects[d] != EQ_SPECTRE) {
            eq_circuit *again = read_as(&out, dialects[d]);
            ck_assert_uint_eq(eq_circuit_elements(again), 3);
            if (dialects[d] == EQ_XML && !is_marked(again->title))
                ck_assert_str_eq(again->title, title);
            eq_circuit_free(again);
        }
        eq_text_free(&out);
    }
    eq_circuit_free(c);
}

START_TEST(nothing_in_a_title_is_obeyed) {
    ck_assert_int_eq(eq_file_write(in("INC"), "r8 in 0 1k\n", 11, NULL), EQ_OK);
    for (int k = 0; k < TITLES; k++) check_title(titles[k], true);
    char title[LONGEST];
    for (int k = 1; k < CASES; k++)
        if (k % BYTES != 0) check_title(name_of(k, title), k / BYTES == 1 && k % 8 == 0);
}
END_TEST

/* An attribute of XML with every byte is well-formed to xmllint. */
START_TEST(xmllint_reads_every_title) {
    eq_text list = {0};
    char title[LONGEST];
    eq_text_puts(&list, "<list>\n");
    for (int k = 1; k < CASES + MORE; k++) {
        eq_circuit *c = parse_deck(deck);
        eq_text out = {0};
        eq_free(c->title);
        c->title = eq_strdup(case_of(k, title));
        ck_assert_int_eq(eq_circuit_write(c, EQ_XML, NULL, &out, NULL), EQ_OK);
        eq_text_puts(&list, strchr(out.text, '\n') + 1); /* behind <?xml ..?> */
        eq_text_free(&out);
        eq_circuit_free(c);
    }
    eq_text_puts(&list, "</list>\n");
    char command[1024];
    const char *path = in("list.xml");
    ck_assert_int_eq(eq_file_write(path, list.text, list.length, NULL), EQ_OK);
    snprintf(command, sizeof command, "xmllint --noout %s", path);
    ck_assert_int_eq(system(command), 0);
    eq_text_free(&list);
}
END_TEST

/* Names that the writers make up are unlike the circuit's own. */
static const char *const crowded[] = {
    /* sense nodes and sources */
    "t\nv1 in 0 1\ne1 b 0 in 0 3\nr1 b 0 1k\nf1 0 c e1 2\nr2 c b_e1 500\nr3 b_e1 0 700\n.end\n",
    "t\nv1 in 0 1\ne1 b 0 in 0 3\nr1 b 0 1k\nf1 0 c e1 2\nr2 c 0 500\nvsense_e1 x 0 3\nr4 x 0 1\n"
    ".end\n",
    "t\nv1 in 0 1\ne1_e2 a 0 in 0 3\ne2 a_e1 0 in 0 4\nr1 a 0 1k\nr2 a_e1 0 1k\nf1 0 c e1_e2 2\n"
    "f2 0 c e2 3\nr3 c 0 1\n.end\n",
    "<circuit><elements><vsource name=\"sense_e1\" a=\"x\" b=\"0\" dc=\"3\"/><resistor name=\"r1\" "
    "a=\"x\" b=\"0\" r=\"1\"/><vcvs name=\"e1\" a=\"b\" b=\"0\" c=\"x\" d=\"0\" gain=\"2\"/>"
    "<cccs name=\"f1\" a=\"0\" b=\"c\" control=\"e1\" gain=\"2\"/><resistor name=\"r2\" a=\"b\" "
    "b=\"0\" r=\"1\"/><resistor name=\"r3\" a=\"c\" b=\"0\" r=\"1\"/></elements></circuit>",
    /* models */
    "t\nv1 in 0 1\nr1 in a 1k\nd1 a 0 1n4148\nd2 a 0 m_1n4148\n.model 1n4148 d(is=1f)\n"
    ".model m_1n4148 d(is=1n)\n.end\n",
    "<circuit><model name=\"m_d1\" class=\"diode\" is=\"1e-9\"/><model name=\"m__d1\" "
    "class=\"diode\" is=\"1e-8\"/><elements><isource name=\"i1\" a=\"0\" b=\"a\" dc=\"1e-3\"/>"
    "<diode name=\"d1\" a=\"a\" b=\"0\" is=\"1e-12\"/><diode name=\"d2\" a=\"a\" b=\"0\" "
    "model=\"m_d1\"/><diode name=\"1x\" a=\"a\" b=\"0\" is=\"1e-13\"/></elements></circuit>",
    /* letters in front */
    "<circuit><elements><resistor name=\"x\" a=\"a\" b=\"0\" r=\"1\"/><vsource name=\"rx\" a=\"a\" "
    "b=\"0\" dc=\"2\"/><isource name=\"vrx\" a=\"0\" b=\"b\" dc=\"2\"/><resistor name=\"rrx\" "
    "a=\"b\" b=\"0\" r=\"3\"/></elements></circuit>",
};

START_TEST(names_that_are_made_up_are_new) {
    for (int d = 0; d < 3; d++) {
        eq_circuit *c = parse_deck(crowded[_i]);
        eq_text out = {0};
        ck_assert_int_eq(eq_circuit_write(c, dialects[d], NULL, &out, NULL), EQ_OK);
        eq_circuit *again = read_as(&out, dialects[d]);
        size_t sensed = 0, nodes = eq_circuit_nodes(again);
        for (const char *p = out.text; (p = strstr(p, "\nv")) != NULL; p++)
            sensed += strncmp(p, "\nvsense_", 8) == 0 || strncmp(p, "\nv_sense_", 9) == 0;
        sensed -= strstr(out.text, "\nvsense_e1 x") != NULL;
        ck_assert_uint_eq(eq_circuit_elements(again), eq_circuit_elements(c) + sensed);
        ck_assert_uint_eq(nodes, eq_circuit_nodes(c) + sensed);
        for (size_t e = 0, f = 0; e < eq_circuit_elements(c) && c->table[EQ_CLASS_diode].count > 0;
             e++, f++)
            ck_assert(*eq_circuit_param(c, (eq_element)e, 0) ==
                      *eq_circuit_param(again, (eq_element)f, 0));
        eq_text_free(&out);
        eq_circuit_free(again);
        eq_circuit_free(c);
    }
}
END_TEST

/* A pattern of *% train follows its elements, whose names get an r in front; or is refused. */
START_TEST(groups_follow_the_names_of_their_elements) {
    static const char form[] =
        "<circuit><elements><vsource name=\"v1\" a=\"a\" b=\"0\" dc=\"1\"/>"
        "<memristor name=\"%s1\" a=\"a\" b=\"0\" g=\"1e-3\" gmin=\"1e-6\" gmax=\"1\"/>"
        "<memristor name=\"%s2\" a=\"a\" b=\"0\" g=\"2e-3\" gmin=\"1e-6\" gmax=\"1\"/>"
        "<resistor name=\"%s\" a=\"a\" b=\"0\" r=\"5\"/></elements>"
        "<train match=\"%s*\" gmin=\"1e-6\" gmax=\"1\"/></circuit>";
    static const struct {
        const char *group, *other, *pattern;
    } cases[] = {{"w", "r9", "\n*% train rw* "},
                 {"r", "x9", NULL},
                 {"rw", "x9", "\n*% train rw* "},
                 {"w", "rw9", NULL}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char text[2048];
        const char *g = cases[k].group;
        snprintf(text, sizeof text, form, g, g, cases[k].other, g);
        eq_circuit *c = parse_deck(text);
        eq_text out = {0};
        eq_diag *diag = eq_diag_new();
        eq_status status = eq_circuit_write(c, EQ_NGSPICE, NULL, &out, diag);
        ck_assert_int_eq(status, cases[k].pattern == NULL ? EQ_ERR_INPUT : EQ_OK);
        if (status == EQ_OK) {
            eq_circuit *again = read_as(&out, EQ_NGSPICE);
            ck_assert_ptr_nonnull(strstr(out.text, cases[k].pattern));
            ck_assert_uint_eq(again->group[0].count, 2);
            eq_circuit_free(again);
        } else {
            ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, "the group '") != NULL, "%s",
                          eq_diag_get(diag, 0)->text);
        }
        eq_text_free(&out);
        eq_diag_free(diag);
        eq_circuit_free(c);
    }
}
END_TEST

/* A deck in Latin-1, or in no encoding at all, is read; its names are bytes. */
static const char latin[] =
    "caf\351 \177 \"q\"\n* comment \351\nv1 n\377\376 0 1\nr1 n\377\376 0 1k\n"
    "r2 \351 0 1k $ \351\nr3 \351 n\377\376 2k ; \351\n.op\n.end\n";

START_TEST(a_deck_that_is_no_utf8_is_read_and_written) {
    ck_assert_int_eq(eq_file_write(in("latin.cir"), latin, strlen(latin), NULL), EQ_OK);
    char *text = NULL;
    expect_exit(0, &text, "op %s --format json", in("latin.cir"));
    json_read(text, NULL, NULL);
    check_json(text, "v(n\377\376)");
    check_json(text, "v(\351)");
    free(text);
    static const char *const formats[] = {"table", "csv", "raw-ascii"};
    for (int k = 0; k < 3; k++) {
        expect_exit(0, &text, "op %s --format %s", in("latin.cir"), formats[k]);
        assert_utf8(text);
        free(text);
    }
    for (int d = 0; d < 5; d++) {
        expect_exit(2, &text, "export %s --to %s", in("latin.cir"), eq_dialect_name(dialects[d]));
        assert_utf8(text);
        ck_assert_msg(strstr(text,
                             "latin.cir:3:1: error: the name 'n\357\277\275ff\357\277\275fe' of "
                             "a node cannot be written for") != NULL,
                      "%s", text);
        free(text);
    }
}
END_TEST

/* A training whose deck could not be written says so before it trains. */
START_TEST(a_training_that_cannot_be_written_does_not_start) {
    static const char network[] =
        "t\nv1 \303\251 0 1\nv2 b 0 1\nr1 \303\251 y1 1k\nr2 b y2 1k\nr3 y1 0 1k\nr4 y2 0 1k\n"
        "*% input v1 v2\n*% output y1 y2\n*% train r1 r2 gmin=1e-9 gmax=1\n.op\n.end\n";
    static const char experiment[] =
        "<experiment name=\"e\"><circuit deck=\"c.cir\"/><data format=\"csv\" path=\"%s\"/><cost "
        "type=\"squared-error\"/><optimizer type=\"sgd\" rate=\"1e-9\"/><epochs count=\"1\"/>"
        "</experiment>";
    char text[1024], *said = NULL;
    snprintf(text, sizeof text, experiment, "d.csv");
    ck_assert_int_eq(eq_file_write(in("d.csv"), "1,2,a\n2,1,b\n", 12, NULL), EQ_OK);
    ck_assert_int_eq(eq_file_write(in("c.cir"), network, strlen(network), NULL), EQ_OK);
    ck_assert_int_eq(eq_file_write(in("e.xml"), text, strlen(text), NULL), EQ_OK);
    expect_exit(2, &said, "train %s -o %s", in("e.xml"), in("run"));
    ck_assert_msg(strstr(said, "c.cir:2:1: error: the name '\303\251' of a node cannot be written "
                               "for ngspice") != NULL &&
                      strstr(said, "epoch") == NULL,
                  "%s", said);
    free(said);
}
END_TEST

Suite *names_suite(void) {
    Suite *s = suite_create("names");
    TCase *t = tcase_create("names");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, every_byte_of_a_name_comes_back_or_is_refused, 0, ROLES * 5);
    tcase_add_test(t, an_empty_name_is_refused);
    tcase_add_test(t, ngspice_reads_every_name_that_is_written_for_it);
    tcase_add_loop_test(t, no_name_makes_a_command_of_a_line, 0,
                        sizeof commands / sizeof *commands);
    tcase_add_test(t, every_byte_of_a_name_comes_back_from_results);
    tcase_add_test(t, a_long_name_comes_back_from_results);
    tcase_add_test(t, nothing_in_a_title_is_obeyed);
    tcase_add_test(t, xmllint_reads_every_title);
    tcase_add_loop_test(t, names_that_are_made_up_are_new, 0, sizeof crowded / sizeof *crowded);
    tcase_add_test(t, groups_follow_the_names_of_their_elements);
    tcase_add_test(t, a_deck_that_is_no_utf8_is_read_and_written);
    tcase_add_test(t, a_training_that_cannot_be_written_does_not_start);
    suite_add_tcase(s, t);
    return s;
}
