/* What `train` says before its first epoch, and says once: the summary, and warnings that decide
 * with what to do. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "support/program.h"

Suite *look_suite(void);

/* Two neurons; with a way back ("F") or without; group rd? leads nowhere near the outputs. */
#define NEURONS                                                                                    \
    "t\nVx1 x1 0 0\nVx2 x2 0 0\nRa1 x1 h1 10k\nRa2 x2 h1 20k\nRa3 x1 h2 15k\nRa4 x2 h2 12k\n"      \
    "D1 h1 0 dm\nD2 0 h1 dm\n.model dm D is=1e-6\nE1 e1 0 h1 0 4\nVs1 e1 w1 0\nE2 e2 0 h2 0 4\n"   \
    "Vs2 e2 w2 0\nRb1 w1 y1 5k\nRb2 w2 y1 7k\nRb3 w1 y2 6k\nRb4 w2 y2 8k\nRb5 y1 0 9k\n"           \
    "Rb6 y2 0 9k\nRd1 x1 z 9k\nRd2 z 0 9k\n*% input Vx1 Vx2\n*% output y1 y2\n"
#define BACK "F1 h1 0 Vs1 0.25\nF2 h2 0 Vs2 0.25\n"
#define TRAIN "*% train Ra? gmin=1e-6 gmax=1e-2\n*% train Rb? gmin=1e-6 gmax=1e-2\n"
#define DEAD "*% train Rd? gmin=1e-6 gmax=1e-2\n"
#define END ".op\n.end\n"

static const struct {
    const char *deck, *beta;
    const char *says[2]; /* before the first epoch, once each; NULL: no more */
    int warnings;
} trial[] = {
    {NEURONS BACK TRAIN END, "1e-7", {"gradient   symmetric at beta 1e-07: off by ", NULL}, 0},
    {NEURONS BACK TRAIN DEAD END, "1e-7", {"warning: the group rd? is dead: ", "eqspice check"}, 1},
    {NEURONS TRAIN END,
     "1e-7",
     {"warning: no energy weights, EqProp gradients may be biased: ",
      "warning: the group ra? does not learn: its gradient by the symmetric estimator is 0"},
     2},
    {NEURONS BACK TRAIN END,
     "3",
     {"warning: beta = 3 lies outside the range", "; write beta=\""},
     1},
    {NEURONS BACK TRAIN END,
     "1e-22",
     {"warning: beta = 1e-22 lies outside the range", "; write beta=\""},
     1},
};
enum { TRIALS = sizeof trial / sizeof *trial };

/* Inputs and targets are `size` times as large as the data say. */
static void put_sized(const char *estimator, const char *beta, const char *size) {
    char text[1024];
    snprintf(text, sizeof text,
             "<experiment name='net'><circuit deck='net.cir'/><data format='csv' path='data.csv'/>"
             "<encoding normalize='none' scale='%s'/><cost type='squared-error' high='%s'/>"
             "<estimator type='%s' beta='%s'/><optimizer type='sgd' rate='1e-9'/>"
             "<minibatch size='2'/><epochs count='3'/></experiment>\n",
             size, size, estimator, beta);
    put("net.xml", text);
    put("data.csv", "a,b,kind\n0,1,x\n1,0,y\n1,1,x\n0,0.5,y\n");
}

static void put_experiment(const char *beta) {
    put_sized("symmetric", beta, "1");
}

static int count(const char *text, const char *words) {
    int n = 0;
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++) n++;
    return n;
}

START_TEST(warned_before_the_first_epoch) {
    char *text, *first;
    put("net.cir", trial[_i].deck);
    put_experiment(trial[_i].beta);
    expect_exit(0, &text, "train %s -o %s", in("net.xml"), in("run"));
    first = strstr(text, "epoch   1  train loss");
    ck_assert_msg(first != NULL, "%s", text);
    bool whole = strcmp(trial[_i].beta, "1e-22") != 0; /* there no group moves at all */
    ck_assert_msg(!whole || strstr(first, "warning") == NULL, "%s", text);
    for (int k = 0; k < 2 && trial[_i].says[k] != NULL; k++) {
        const char *said = strstr(text, trial[_i].says[k]);
        ck_assert_msg(said != NULL && said < first, "%s\nnot: %s", text, trial[_i].says[k]);
    }
    ck_assert_ptr_null(strstr(first, "beta"));
    ck_assert_ptr_null(strstr(first, "energy weights"));
    *first = '\0'; /* what follows is of the epochs themselves */
    ck_assert_msg(count(text, "warning: ") == trial[_i].warnings, "%s", text);
    eq_free(text);
}
END_TEST

/* The beta that a warning gives is one at which there is no warning. */
/* A nudge that takes more than the springs hold: which beta has states is told, and that one is taken without a word. */
START_TEST(a_beta_without_states) {
    char *text;
    const char *write, beta[] = "write beta=\"";
    expect_exit(1, &text, "train netlists/elastic.xml --epochs 1 --set estimator.beta=3 -o %s",
                in("run"));
    ck_assert_msg(strstr(text, "at beta = 3 a phase of the symmetric estimator finds no state") !=
                      NULL,
                  "%s", text);
    ck_assert_msg(strstr(text, "symmetric at beta 3: a phase finds no state") != NULL, "%s", text);
    write = strstr(text, beta);
    ck_assert_msg(write != NULL, "%s", text);
    double better = strtod(write + strlen(beta), NULL);
    free(text);
    expect_exit(0, &text, "train netlists/elastic.xml --epochs 1 --set estimator.beta=%g -o %s",
                better, in("run"));
    ck_assert_msg(strstr(text, "warning") == NULL, "%s", text);
    free(text);
}
END_TEST

START_TEST(the_beta_that_is_advised_is_good) {
    static const char words[] = "write beta=\"";
    char *text, beta[32] = "";
    put("net.cir", NEURONS BACK TRAIN END);
    put_experiment("3");
    expect_exit(0, &text, "train %s -o %s", in("net.xml"), in("run"));
    ck_assert_int_eq(sscanf(strstr(text, words) + strlen(words), "%31[^\"]", beta), 1);
    eq_free(text);
    put_experiment(beta);
    expect_exit(0, &text, "train %s -o %s --force", in("net.xml"), in("run"));
    ck_assert_ptr_null(strstr(text, "warning"));
    eq_free(text);
}
END_TEST

/* Which groups are named does not depend on the size of what is learnt. */
START_TEST(small_signals_are_judged_as_large_ones) {
    static const char *const size[] = {"1", "1e-2", "1e-4"};
    char *text;
    put("net.cir", NEURONS TRAIN END);
    put_sized("symmetric", "1e-7", size[_i]);
    expect_exit(0, &text, "train %s -o %s", in("net.xml"), in("run"));
    ck_assert_msg(strstr(text, "warning: the group ra? does not learn: ") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "the group rb?") == NULL, "%s", text);
    eq_free(text);
}
END_TEST

/* Of two vectors whose difference is the part e < 1 of one of them, the cosine lies between
 * sqrt(1 - e^2) and 1 (e is printed with two digits, the cosine with six). */
START_TEST(distance_and_cosine_fit_together) {
    static const char *const beta[] = {"1e-7", "2e-5", "1e-4"};
    char *text;
    double e, cosine;
    put("net.cir", NEURONS BACK TRAIN END);
    put_sized("one-sided", beta[_i], "1");
    expect_exit(0, &text, "train %s --epochs 1 -o %s", in("net.xml"), in("run"));
    const char *line = strstr(text, "\ngradient ");
    ck_assert_msg(line != NULL, "%s", text);
    int read = sscanf(strstr(line, "off by "),
                      "off by %lf of the exact gradient on 4 examples, cosine %lf", &e, &cosine);
    ck_assert_msg(read == 2, "%s", text);
    e *= 1.05;
    ck_assert_msg(cosine <= 1.0 && cosine >= sqrt(1.0 - e * e) - 1e-6, "off by %g, cosine %g", e,
                  cosine);
    eq_free(text);
}
END_TEST

/* What is trained, on what, how and where; no line is wider than 80 columns. */
START_TEST(a_summary_opens_the_training) {
    static const char *const says[] = {
        "circuit    netlists/iris.cir\n",
        "65 nodes, 241 elements, 8 inputs, 3 outputs, 156 parameters",
        "examples   105 to train with, 45 held out, 3 classes",
        "engine     layered, 2 threads, 1 process\n",
        "gradient   symmetric at beta 1e-07: off by ",
        "epochs     4\n",
        "folder     "};
    char *text;
    expect_exit(0, &text, "train netlists/iris.xml --epochs 4 --threads 2 -o %s", in("a"));
    const char *at = text, *end = strstr(text, "epoch   1");
    for (size_t k = 0; k < sizeof says / sizeof *says; k++) {
        at = strstr(at, says[k]);
        ck_assert_msg(at != NULL && at < end, "%s\nnot: %s", text, says[k]);
    }
    for (at = text; strncmp(at, "156 conductances", 16) != 0; at += strcspn(at, "\n") + 1)
        ck_assert_msg(strcspn(at, "\n") <= 80, "%s", at);
    eq_free(text);
}
END_TEST

/* Looking changes nothing: a training that is looked at twice, since it goes on, ends at the bits
 * of one that never stopped. */
START_TEST(looking_changes_nothing) {
    char *text, *a, *b;
    put("net.cir", NEURONS BACK TRAIN END);
    put_experiment("1e-7");
    expect_exit(0, NULL, "train %s --epochs 4 -o %s", in("net.xml"), in("a"));
    expect_exit(0, NULL, "train %s --epochs 2 -o %s", in("net.xml"), in("b"));
    expect_exit(0, &text, "train %s --epochs 4 -o %s --resume", in("net.xml"), in("b"));
    ck_assert_msg(strstr(text, "epochs     4, from 2 on\n") != NULL, "%s", text);
    eq_free(text);
    a = file_text(in("a/model.cir"));
    b = file_text(in("b/model.cir"));
    ck_assert(strcmp(strstr(a, "\nvx1"), strstr(b, "\nvx1")) == 0);
    eq_free(a);
    eq_free(b);
}
END_TEST

Suite *look_suite(void) {
    Suite *s = suite_create("look");
    TCase *t = tcase_create("look");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, warned_before_the_first_epoch, 0, TRIALS);
    tcase_add_test(t, a_beta_without_states);
    tcase_add_test(t, the_beta_that_is_advised_is_good);
    tcase_add_loop_test(t, small_signals_are_judged_as_large_ones, 0, 3);
    tcase_add_loop_test(t, distance_and_cosine_fit_together, 0, 3);
    tcase_add_test(t, a_summary_opens_the_training);
    tcase_add_test(t, looking_changes_nothing);
    suite_add_tcase(s, t);
    return s;
}
