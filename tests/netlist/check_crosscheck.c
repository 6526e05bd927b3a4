/* tests/decks: every deck is read and solved here and given unchanged to `ngspice -b`; all node
 * voltages and source currents agree. (Random decks: tests/trust/check_differential.c.) */
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
#include "netlist/netlist.h"
#include "report/process.h"
#include "report/verify.h"
#include "result/raw.h"

Suite *crosscheck_suite(void);

enum { FEWEST_DECKS = 27 };

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
    return eq_verify(c, 1e-6, v, d);
}

typedef eq_status (*verifier)(eq_circuit *c, const char *path, eq_verification *v, eq_diag *d);

static void check_deck(const char *path, const char *name, verifier verify, tally *t) {
    eq_circuit *c = NULL;
    eq_diag *d = eq_diag_new();
    eq_verification v;
    eq_status status = eq_circuit_read(path, &c, d);
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

Suite *crosscheck_suite(void) {
    Suite *s = suite_create("crosscheck");
    TCase *t = tcase_create("crosscheck");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, decks_agree_with_ngspice);
    suite_add_tcase(s, t);
    return s;
}
