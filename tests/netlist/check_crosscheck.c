/* tests/decks: every deck is read and solved here and given unchanged to `ngspice -b`; all node
 * voltages and source currents agree. So is a family of random decks made of every element class.
 */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "netlist/netlist.h"
#include "report/process.h"
#include "report/raw.h"
#include "report/verify.h"

Suite *crosscheck_suite(void);

enum { FEWEST_DECKS = 27, RANDOM_DECKS = 400 };

/* What was compared. */
typedef struct tally {
    size_t decks, nodes, branches;
    double volt, worst;
    char where[128];
} tally;

/* The deck's own text with tight tolerances in front of its .end, where the last .options line
 * counts. */
static void write_tight(const char *path, const char *to) {
    char *text = file_text(path), *end = text + strlen(text);
    eq_text deck = {0};
    while (end > text && strncasecmp(end, "\n.end", 5) != 0) end--;
    ck_assert_msg(end > text, "%s has no .end", path);
    eq_text_add(&deck, text, (size_t)(end - text));
    eq_text_puts(&deck, "\n.options reltol=1e-9 abstol=1e-15 vntol=1e-12 itl1=1000 itl2=1000 "
                        "epsmin=1e-300\n"); /* ngspice would raise IS to 1e-28 A */
    eq_text_puts(&deck, strstr(text, "\n.op") == NULL ? ".op\n.end\n" : ".end\n");
    ck_assert_int_eq(eq_file_write(to, deck.text, deck.length, NULL), EQ_OK);
    eq_text_free(&deck);
    eq_free(text);
}

/* ngspice reads the text itself, in its folder, so that the reader is checked, which an export
 * would have behind it. These decks are ours: `eqspice verify` gives it no text of others. */
static eq_status verify_own_text(eq_circuit *c, const char *path, eq_verification *v, eq_diag *d) {
    char deck[256], raw[256], *folder = eq_path_folder(path);
    const char *const argv[] = {"ngspice", "-n", "-b", "-r", raw, deck, NULL};
    eq_process p = {.argv = argv, .folder = folder, .package = "ngspice", .seconds = 60};
    eq_result **plots = NULL;
    size_t count = 0;
    int exit_status = 0;
    snprintf(deck, sizeof deck, "%s", in("tight.cir"));
    snprintf(raw, sizeof raw, "%s", in("tight.raw"));
    write_tight(path, deck);
    eq_status status = eq_process_run(&p, &exit_status, NULL, d);
    if (status == EQ_OK) status = eq_raw_read(raw, &plots, &count, d);
    if (status == EQ_OK) status = eq_verify_plots(c, plots, count, v, d);
    eq_raw_free(plots, count);
    unlink(raw);
    eq_free(folder);
    return status;
}

/* The circuit of the deck, without its text. */
static eq_status verify_circuit(eq_circuit *c, const char *path, eq_verification *v, eq_diag *d) {
    (void)path;
    return eq_verify(c, v, d);
}

typedef eq_status (*verifier)(eq_circuit *c, const char *path, eq_verification *v, eq_diag *d);

static void check_deck(const char *path, const char *name, verifier verify, tally *t) {
    eq_circuit *c = NULL;
    eq_diag *d = eq_diag_new();
    eq_verification v;
    eq_status status = eq_deck_read(path, &c, d);
    if (status == EQ_OK) status = verify(c, path, &v, d);
    for (size_t k = 0; status != EQ_OK && k < eq_diag_count(d); k++)
        fprintf(stderr, "%s:%d: %s\n", path, eq_diag_get(d, k)->line, eq_diag_get(d, k)->text);
    ck_assert_msg(status == EQ_OK, "%s: status %d", path, status);
    ck_assert_msg(v.node.relative <= 1e-6, "%s: %s differs by %g", path, v.node.worst,
                  v.node.relative);
    ck_assert_msg(v.branch.relative <= 1e-6, "%s: %s differs by %g", path, v.branch.worst,
                  v.branch.relative);
    ck_assert_uint_eq(v.node.count, eq_circuit_nodes(c) - 1);
    t->decks++;
    t->nodes += v.node.count;
    t->branches += v.branch.count;
    t->volt = fmax(t->volt, v.node.absolute);
    double relative = fmax(v.node.relative, v.branch.relative);
    if (relative > t->worst) snprintf(t->where, sizeof t->where, "%s", name);
    t->worst = fmax(t->worst, relative);
    eq_circuit_free(c);
    eq_diag_free(d);
}

static void print_tally(const char *what, const tally *t) {
    printf(
        "  %s: %zu decks, %zu node voltages and %zu source currents agree with ngspice; worst %.1e "
        "relative (%s), %.1e V\n",
        what, t->decks, t->nodes, t->branches, t->worst, t->where, t->volt);
    fflush(stdout);
}

static void check_named(const char *name, void *total) {
    char path[512];
    snprintf(path, sizeof path, "tests/decks/%s", name);
    check_deck(path, name, verify_own_text, total);
}

static void check_written(const char *name, void *total) {
    char path[512];
    snprintf(path, sizeof path, "tests/decks/%s", name);
    check_deck(path, name, verify_circuit, total);
}

START_TEST(decks_agree_with_ngspice) {
    static const char *const decks[] = {".cir", NULL};
    tally total = {0};
    ck_assert_int_ge(for_each_file("tests/decks", decks, check_named, &total), FEWEST_DECKS);
    print_tally("tests/decks", &total);
    total = (tally){0};
    for_each_file("tests/decks", decks, check_written, &total);
    print_tally("the same as `eqspice verify` writes them", &total);
}
END_TEST

static double between(eq_random *r, double low, double high) {
    return low + (high - low) * eq_random_uniform(r);
}

static unsigned node(eq_random *r, unsigned nodes) {
    return (unsigned)eq_random_below(r, nodes + 1); /* 0 is ground */
}

/* The lines of one random element k, of slopes too small for a second operating point: between node
 * a and a random one. */
static void random_element(eq_random *r, eq_text *t, unsigned k, unsigned a, unsigned nodes) {
    unsigned b = node(r, nodes), c = node(r, nodes), d = node(r, nodes);
    if (b == a) b = a > 1 ? a - 1 : 0;
    switch (eq_random_below(r, 14)) {
    case 0:
        eq_text_printf(t, "D%u n%u n%u dm area={1+%u*kk} ; diode\n", k, a, b, k % 3);
        break;
    case 1:
        eq_text_printf(t, "i%u n%u n%u DC %.3gmA\n", k, a, b, between(r, -5, 5));
        break;
    case 2:
        eq_text_printf(t, "g%u n%u n%u n%u n%u %.3gu\n", k, a, b, c, d, between(r, -20, 20));
        break;
    case 3:
        eq_text_printf(t, "e%u e%u 0 (n%u,n%u) %.3g\nre%u e%u n%u 1k $ behind it\n", k, k, c, d,
                       between(r, -2, 2), k, k, a);
        break;
    case 4:
        eq_text_printf(t, "vs%u n%u m%u 0\nrs%u m%u n%u {r*%.3g}\nf%u n%u 0 vs%u\n+ %.3g\n", k, a,
                       k, k, k, b, between(r, 1, 9), k, c, k, between(r, -0.3, 0.3));
        break;
    case 5:
        eq_text_printf(t, "h%u h%u 0 vs0 %.3g\nrh%u h%u n%u 2.2k\n", k, k, between(r, -100, 100), k,
                       k, a);
        break;
    case 6:
        eq_text_printf(t, "b%u n%u n%u i=1m*tanh(%.3g*v(n%u,n%u))+%.3gu*v(n%u)*abs(v(n%u))\n", k, a,
                       b, between(r, 0, 3), a, b, between(r, -9, 9), c, c);
        break;
    case 7:
        eq_text_printf(t, "b%u o%u 0 v=%.3g*sin(v(n%u))+%.3g*i(vs0)\nrb_%u o%u n%u 1.5k\n", k, k,
                       between(r, -0.5, 0.5), c, between(r, -90, 90), k, k, a);
        break;
    case 8:
        eq_text_printf(t, "e%u e%u 0 poly(2) n%u 0 n%u 0 %.3g %.3g 0.1 0.01\nre%u e%u n%u 3k\n", k,
                       k, c, d, between(r, -1, 1), between(r, -1, 1), k, k, a);
        break;
    case 9:
        eq_text_printf(t, "g%u n%u 0 value={%.3gu*min(v(n%u),max(v(n%u),-1))} m=2\n", k, a,
                       between(r, -90, 90), c, d);
        break;
    case 10:
        eq_text_printf(t, "r%u n%u n%u r='r*(1+%.3g*v(n%u)*v(n%u))'\n", k, a, b, between(r, 0, 2),
                       c, c);
        break;
    case 11:
        eq_text_printf(t, "l%u n%u l%u 1u\nrl%u l%u n%u 4.7k\nc%u n%u n%u 1p\n", k, a, k, k, k, b,
                       k, c, d);
        break;
    case 12:
        eq_text_printf(t, "d%u n%u n%u dm temp=%.3g\n", k, b, a, between(r, -20, 90));
        break;
    case 13:
        eq_text_printf(t, "x%u n%u n%u pair r={r/%u}\n", k, a, b, 1 + k % 4);
        break;
    default:
        eq_text_printf(t, "R%u n%u n%u %.4gk tc1=1m\n", k, a, b, between(r, 0.1, 10));
        break;
    }
}

static void random_deck(uint64_t seed, eq_text *t) {
    eq_random r = eq_random_seed(seed);
    static const char *const wide[4] = {"", " bv=2.5", " ikf=10u", " ikf=1m bv=1.5 ibv=10u nbv=2"};
    unsigned nodes = 3 + (unsigned)eq_random_below(&r, 20);
    eq_text_printf(
        t,
        "random deck %u\n.param r=1k kk='r/500'\n.model dm d(is=1e-%u n=1.3 rs=%u%s)\n.global n0\n"
        ".subckt pair p q r=5\nd1 p m dm\nr1 m q {r}\nr2 p q {10*r}\n.ends\n",
        (unsigned)seed, 6 + (unsigned)eq_random_below(&r, 9), (unsigned)eq_random_below(&r, 3) * 5,
        wide[seed % 4]);
    eq_text_printf(t, "v0 in 0 %.4g\nvs0 in n1 0\nrz n0 0 10\n", between(&r, -5, 5));
    for (unsigned k = 1; k <= nodes; k++) {
        eq_text_printf(t, "rb%u n%u n%u %.4gk\n", k, k, (unsigned)eq_random_below(&r, k),
                       between(&r, 0.2, 2));
        random_element(&r, t, k, k, nodes);
    }
    eq_text_puts(t, ".op\n.end\n");
}

START_TEST(random_decks_agree_with_ngspice) {
    char path[256], name[32];
    tally total = {0};
    snprintf(path, sizeof path, "%s", in("random.cir"));
    for (uint64_t seed = 1; seed <= RANDOM_DECKS; seed++) {
        eq_text t = {0};
        random_deck(seed, &t);
        ck_assert(!t.failed);
        ck_assert_int_eq(eq_file_write(path, t.text, t.length, NULL), EQ_OK);
        snprintf(name, sizeof name, "seed %u", (unsigned)seed);
        check_deck(path, name, verify_own_text, &total);
        eq_text_free(&t);
    }
    print_tally("random decks of all element classes", &total);
}
END_TEST

Suite *crosscheck_suite(void) {
    Suite *s = suite_create("crosscheck");
    TCase *t = tcase_create("crosscheck");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, decks_agree_with_ngspice);
    tcase_add_test(t, random_decks_agree_with_ngspice);
    suite_add_tcase(s, t);
    return s;
}
