/* Each ready-made network is built, checked, trained, verified by ngspice and written in every form; its
 * gradient is that of central differences. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support/program.h"

Suite *architectures_suite(void);

/* What stands behind the words in a text. */
static double behind(const char *text, const char *words) {
    const char *at = strstr(text, words);
    ck_assert_msg(at != NULL, "no '%s' in\n%s", words, text);
    return strtod(at + strlen(words), NULL);
}

/* The number in column k of the first or last row of the metrics. */
static double metric(const char *folder, bool last, int k) {
    char path[512];
    snprintf(path, sizeof path, "%s/metrics.csv", folder);
    char *text = file_text(path), *p = strchr(text, '\n') + 1;
    for (char *next = p; last && (next = strchr(next, '\n')) != NULL && next[1] != '\0';)
        p = ++next;
    for (; k > 0; k--) p = strchr(p, ',') + 1;
    double value = strtod(p, NULL);
    eq_free(text);
    return value;
}

/* The deck of the run: nodes and currents as ngspice has them, and written in four more forms. */
static void verify(const char *folder) {
    static const char *const to[] = {"xyce", "ltspice", "xml"};
    char *text;
    expect_exit(0, NULL, "check %s/model.cir", folder);
    expect_exit(0, &text, "verify %s/model.cir", folder);
    free(text);
    for (size_t k = 0; k < sizeof to / sizeof *to; k++)
        expect_exit(0, NULL, "export %s/model.cir --to %s -o %s.out", folder, to[k], folder);
}

typedef struct network {
    const char *file;
    const char *set; /* further arguments */
    double worst;    /* of the held-out error */
    bool energy;     /* the estimators are exact, too */
} network;

static const network networks[] = {
    {"netlists/graph.xml", "--set epochs.count=25", 0.15, true},
    {"netlists/grid.xml", "--set epochs.count=30", 0.2, false},
};

START_TEST(each_learns_and_is_what_ngspice_has) {
    const network *n = &networks[_i];
    char *text;
    const char *run = in("run");
    expect_exit(0, &text, "train %s -o %s %s", n->file, run, n->set);
    free(text);
    double first = metric(run, false, 1), last = metric(run, true, 1);
    ck_assert_msg(last < 0.5 * first, "%s: the loss goes from %g to %g", n->file, first, last);
    char *deck;
    expect_exit(0, &deck, "build %s", n->file);
    ck_assert_msg(strstr(deck, "*% train") != NULL, "%s", deck);
    free(deck);
    double error = metric(run, true, 4);
    ck_assert_msg(error <= n->worst, "%s: error %g", n->file, error);
    verify(run);
}
END_TEST

START_TEST(each_gradient_is_that_of_differences) {
    const network *n = &networks[_i];
    char *text;
    expect_exit(n->energy ? 0 : 1, &text, "gradcheck %s", n->file);
    double apart = behind(text, "adjoint against central differences: ");
    ck_assert_msg(apart < 1e-6, "%s", text);
    free(text);
}
END_TEST

Suite *architectures_suite(void) {
    Suite *s = suite_create("architectures");
    TCase *t = tcase_create("architectures");
    int count = (int)(sizeof networks / sizeof *networks);
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, each_learns_and_is_what_ngspice_has, 0, count);
    tcase_add_loop_test(t, each_gradient_is_that_of_differences, 0, count);
    suite_add_tcase(s, t);
    return s;
}
