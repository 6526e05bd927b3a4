/* Each ready-made network is built, checked, trained, verified by ngspice and written in every form; its
 * gradient is that of central differences. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
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
static double metric(bool last, int k) {
    char *text = file_text(in("run/metrics.csv")), *p = strchr(text, '\n') + 1;
    for (char *next = p; last && (next = strchr(next, '\n')) != NULL && next[1] != '\0';)
        p = ++next;
    for (; k > 0; k--) p = strchr(p, ',') + 1;
    double value = strtod(p, NULL);
    eq_free(text);
    return value;
}

/* Iris on a network that has an energy, by nudged phases, and on one of transistors, by the
 * adjoint. */
static const char by_phases[] =
    "<encoding normalize=\"range\" scale=\"2\" invert=\"yes\"/>"
    "<cost type=\"squared-difference\" high=\"0.3\" low=\"0\"/>"
    "<estimator type=\"symmetric\" beta=\"1e-6\"/>"
    "<optimizer type=\"adam\"><group match=\"*\" rate=\"5e-6\" init=\"log-uniform\" low=\"1e-6\" "
    "high=\"1e-4\"/></optimizer>";
static const char by_adjoint[] =
    "<encoding normalize=\"range\" scale=\"0.5\"/><cost type=\"hinge\" margin=\"0.02\"/>"
    "<estimator type=\"adjoint\"/><optimizer type=\"adam\"><group match=\"*\" rate=\"0.05\" "
    "init=\"uniform\" low=\"1.5\" high=\"4\"/></optimizer>";

#define CLAMPS " bias-up=\"0.3\" bias-down=\"-0.3\""
#define NMOS                                                                                       \
    " parameters=\"w=138u l=7.8u nrd=.3 nrs=1 vto=0.75 gamma=1.09 phi=0.95 kp=62.5u lambda=0.2 "   \
    "rsh=73.2\""

/* By what is said of it: a shipped experiment with settings, or an architecture for Iris. */
static const struct network {
    const char *file, *set, *architecture;
    double worst; /* of the held-out error */
    bool exact;   /* nudged phases give its gradient, too */
} networks[] = {
    {"netlists/graph.xml", "--set epochs.count=25", NULL, 0.15, true},
    {"netlists/grid.xml", "--set epochs.count=30", NULL, 0.2, false},
    {"netlists/convolution.xml", "--epochs 2 --set data.validation-fraction=0", NULL, 0.15, true},
    {NULL, NULL, "kind=\"nmos\" layers=\"4,6\" bias=\"0.5\" bulk=\"drain\"" NMOS, 0.15, true},
    {NULL, NULL, "kind=\"nmos\" layers=\"4,8,6\" bias=\"0.5\" density=\"0.8\"" NMOS, 0.2, false},
    {NULL, NULL, "kind=\"drn\" layers=\"8,6,6,6\" skip=\"0-2 0-3\"" CLAMPS, 0.2, true},
    {NULL, NULL, "kind=\"drn\" layers=\"8,6,6,6\" skip=\"1-3\" lateral=\"1 2 3\"" CLAMPS, 0.2,
     true},
    {NULL, NULL, "kind=\"drn\" layers=\"8,12,6\" neurons=\"rectified\"", 0.2, true},
    {NULL, NULL,
     "kind=\"drn\" layers=\"8,12,12,6\" neurons=\"rectified\" diode=\"ideal\" ron=\"1\" "
     "bias-up=\"0.1\" bias-down=\"-0.1\"",
     0.2, true},
    {NULL, NULL, "kind=\"kendall\" layers=\"8,6,6,6\" skip=\"0-2\" lateral=\"1\"" CLAMPS, 0.2,
     true},
    {NULL, NULL, "kind=\"kendall\" layers=\"8,6,6\" wires=\"50\"" CLAMPS, 0.2, true},
    {NULL, NULL, "kind=\"drn\" layers=\"8,6,6\" wires=\"50\"" CLAMPS, 0.2, true},
    {NULL, NULL, "kind=\"kendall\" layers=\"8,6,6\" wires=\"50\" diode=\"ideal\"" CLAMPS, 0.2,
     true},
    {NULL, NULL, "kind=\"drn\" layers=\"8,6,6,6\" wires=\"50\" skip=\"0-2\" diode=\"ideal\"" CLAMPS,
     0.2, true},
};

/* The experiment's file. */
static const char *experiment(const struct network *n) {
    if (n->file != NULL) return n->file;
    char *data = eq_path_absolute("data/iris.csv");
    FILE *f = fopen(in("experiment.xml"), "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f,
            "<experiment name=\"iris\"><architecture %s/><data format=\"csv\" "
            "path=\"%s\" label=\"species\" test-fraction=\"0.3\"/>%s<minibatch "
            "size=\"8\"/><epochs count=\"25\"/></experiment>",
            n->architecture, data,
            strstr(n->architecture, "nmos") != NULL ? by_adjoint : by_phases);
    ck_assert_int_eq(fclose(f), 0);
    eq_free(data);
    return in("experiment.xml");
}

/* The deck of the run: nodes and currents as ngspice has them, and written in more forms. */
static void verify(const char *folder) {
    static const char *const to[] = {"xyce", "ltspice", "xml"};
    expect_exit(0, NULL, "check %s/model.cir", folder);
    expect_exit(0, NULL, "verify %s/model.cir", folder);
    for (size_t k = 0; k < sizeof to / sizeof *to; k++)
        expect_exit(0, NULL, "export %s/model.cir --to %s -o %s.out", folder, to[k], folder);
}

START_TEST(each_learns_and_is_what_ngspice_has) {
    const struct network *n = &networks[_i];
    const char *file = experiment(n), *name = n->file == NULL ? n->architecture : n->file;
    char run[512];
    snprintf(run, sizeof run, "%s", in("run"));
    expect_exit(0, NULL, "train %s -o %s%s%s", file, run, n->set == NULL ? "" : " ",
                n->set == NULL ? "" : n->set);
    double first = metric(false, 1), last = metric(true, 1), error = metric(true, 4);
    printf("  %-70.70s error %.3f, loss %.3g of the first epoch's\n", name, error, last / first);
    fflush(stdout);
    ck_assert_msg(last < 0.6 * first, "%s: the loss goes from %g to %g", name, first, last);
    ck_assert_msg(error <= n->worst, "%s: error %g", name, error);
    verify(run);
    char *deck;
    expect_exit(0, &deck, "build %s", file);
    ck_assert_msg(strstr(deck, "*% train") != NULL, "%s", deck);
    free(deck);
}
END_TEST

START_TEST(each_gradient_is_that_of_differences) {
    const struct network *n = &networks[_i];
    char *text;
    expect_exit(n->exact ? 0 : 1, &text, "gradcheck %s", experiment(n));
    double apart = behind(text, "adjoint against central differences: ");
    ck_assert_msg(apart < 1e-5, "%s", text);
    free(text);
}
END_TEST

Suite *architectures_suite(void) {
    Suite *s = suite_create("architectures");
    TCase *t = tcase_create("architectures");
    int count = (int)(sizeof networks / sizeof *networks);
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, each_learns_and_is_what_ngspice_has, 0, count);
    tcase_add_loop_test(t, each_gradient_is_that_of_differences, 0, count);
    suite_add_tcase(s, t);
    return s;
}
