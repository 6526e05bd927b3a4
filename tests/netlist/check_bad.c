/* tests/bad: every deck NAME.cir or NAME.xml is refused with exactly the messages of NAME.expect,
 * and so is every experiment of tests/bad/experiments, with its damaged data files, by the program.
 * Run from the root of the repository. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/mem.h"
#include "netlist/netlist.h"

Suite *bad_suite(void);

enum { FEWEST_DECKS = 155, FEWEST_EXPERIMENTS = 40 };

/* The errors as the command line prints them: file:line:column: error: text. */
static void print_errors(const eq_diag *d, eq_text *out) {
    for (size_t k = 0; k < eq_diag_count(d); k++) {
        const eq_message *m = eq_diag_get(d, k);
        if (m->severity != EQ_ERROR) continue;
        eq_text_printf(out, "%s:%d:%d: error: %s\n", m->file == NULL ? "-" : m->file, m->line,
                       m->column, m->text);
    }
}

static void check_deck(const char *name, void *unused) {
    char deck[512], expect[512];
    (void)unused;
    snprintf(deck, sizeof deck, "tests/bad/%s", name);
    snprintf(expect, sizeof expect, "tests/bad/%.*s.expect", (int)(strlen(name) - 4), name);
    char *want = file_text(expect);
    eq_circuit *c = NULL;
    eq_diag *d = eq_diag_new();
    eq_text got = {0};
    eq_status status = eq_circuit_read(deck, &c, d);
    print_errors(d, &got);
    ck_assert_msg(status == EQ_ERR_INPUT, "%s: status %d", deck, status);
    ck_assert_ptr_null(c);
    ck_assert_msg(strcmp(got.text, want) == 0, "%s says\n%sand not\n%s", deck, got.text, want);
    eq_text_free(&got);
    eq_free(want);
    eq_diag_free(d);
}

/* What the program says to an experiment, and that it leaves nothing behind. Those called state-... can be read, and have
 * no state: gradcheck says so. */
static void check_experiment(const char *name, void *unused) {
    char expect[512], *got;
    (void)unused;
    snprintf(expect, sizeof expect, "tests/bad/experiments/%.*s.expect", (int)(strlen(name) - 4),
             name);
    char *want = file_text(expect);
    if (strncmp(name, "state-", 6) == 0)
        expect_exit(1, &got, "gradcheck tests/bad/experiments/%s", name);
    else
        expect_exit(2, &got, "train tests/bad/experiments/%s -o %s", name, in("run"));
    ck_assert_msg(strcmp(got, want) == 0, "%s says\n%sand not\n%s", name, got, want);
    free(got);
    eq_free(want);
}

START_TEST(bad_decks_are_refused_word_for_word) {
    static const char *const decks[] = {".cir", ".xml", NULL};
    int n = for_each_file("tests/bad", decks, check_deck, NULL);
    ck_assert_int_ge(n, FEWEST_DECKS);
    printf("  tests/bad: %d decks are refused word for word\n", n);
    fflush(stdout);
}
END_TEST

START_TEST(bad_experiments_are_refused_word_for_word) {
    static const char *const experiments[] = {".xml", NULL};
    int n = for_each_file("tests/bad/experiments", experiments, check_experiment, NULL);
    ck_assert_int_ge(n, FEWEST_EXPERIMENTS);
    printf("  tests/bad/experiments: %d experiments and data files are refused word for word\n", n);
    fflush(stdout);
}
END_TEST

Suite *bad_suite(void) {
    Suite *s = suite_create("bad");
    TCase *t = tcase_create("bad");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, bad_decks_are_refused_word_for_word);
    tcase_add_test(t, bad_experiments_are_refused_word_for_word);
    suite_add_tcase(s, t);
    return s;
}
