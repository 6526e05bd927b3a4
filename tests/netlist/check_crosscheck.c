/* tests/decks: every deck is read and solved here and given unchanged to `ngspice -b`; all node
 * voltages and source currents agree. (Random decks: tests/trust/check_differential.c.) */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "../support/program.h"
#include "netlist/netlist.h"
#include "report/verify.h"

Suite *crosscheck_suite(void);

enum { FEWEST_DECKS = 27 };

/* What was compared. */
typedef struct tally {
    size_t decks, nodes, branches;
    double volt, worst;
    char where[128];
} tally;

static void check_deck(const char *path, const char *name, tally *t) {
    eq_circuit *c = NULL;
    eq_diag *d = eq_diag_new();
    eq_verification v;
    eq_status status = eq_deck_read(path, &c, d);
    if (status == EQ_OK) status = eq_verify(c, path, &v, d);
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
    check_deck(path, name, total);
}

START_TEST(decks_agree_with_ngspice) {
    static const char *const decks[] = {".cir", NULL};
    tally total = {0};
    ck_assert_int_ge(for_each_file("tests/decks", decks, check_named, &total), FEWEST_DECKS);
    print_tally("tests/decks", &total);
}
END_TEST

Suite *crosscheck_suite(void) {
    Suite *s = suite_create("crosscheck");
    TCase *t = tcase_create("crosscheck");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, decks_agree_with_ngspice);
    suite_add_tcase(s, t);
    return s;
}
