/* Training by stochastic equilibrium propagation: the step of the optimizer, bits of a resumed run, what it tells. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "../support/training.h"
#include "base/mem.h"
#include "train/session.h"

Suite *stochastic_suite(void);

static const char iris[] = "netlists/langevin-iris.xml", divider[] = "netlists/linear.xml";

static const struct {
    const char *experiment, *how;
} trained[] = {
    {iris, ""},
    {iris, "--set estimator.type=random-sign --set optimizer.type=adam --set optimizer.rate=0.01"},
    {divider, "--set langevin.temperature=1e-9 --set langevin.samples=20 --set minibatch.size=30"},
};

static eq_checkpoint train(size_t which, const char *folder, size_t epochs, const char *how) {
    expect_exit(0, NULL, "train %s -o %s --epochs %zu %s %s", trained[which].experiment, in(folder),
                epochs, how, trained[which].how);
    return checkpoint_of(in(folder));
}

/* In a piece, and in two parts on two threads. */
START_TEST(a_resumed_training_has_the_bits_of_one_in_a_piece) {
    eq_checkpoint a = train((size_t)_i, "whole", 3, "");
    eq_checkpoint first = train((size_t)_i, "parts", 1, "--threads 2");
    eq_checkpoint b = train((size_t)_i, "parts", 3, "--resume --threads 2");
    ck_assert_uint_eq(a.conductances, b.conductances);
    ck_assert_int_eq(memcmp(a.g, b.g, a.conductances * sizeof *a.g), 0);
    ck_assert_int_ne(memcmp(first.g, b.g, a.conductances * sizeof *a.g), 0);
    ck_assert_double_lt(a.row[2].train_loss, a.row[0].train_loss);
    eq_checkpoint other = train((size_t)_i, "other", 3, "--seed 2");
    ck_assert_int_ne(memcmp(a.g, other.g, a.conductances * sizeof *a.g), 0);
    eq_checkpoint_free(&a);
    eq_checkpoint_free(&first);
    eq_checkpoint_free(&b);
    eq_checkpoint_free(&other);
}
END_TEST

/* Gradients of a minibatch: 0 and 1 of the same steps, 2 of the next ones; then theta after an update of rate 1. */
typedef struct steps {
    eq_session s;
    size_t n;
    double *gradient[3], *before, *after;
} steps;

static void estimate(steps *k, uint64_t read, double *gradient, double a[EQ_MAX_SLOTS]) {
    eq_session *s = &k->s;
    ck_assert_int_eq(eq_session_free_phase(s, s->set.train, s->set.train_index, 3, NULL), EQ_OK);
    s->read = read;
    ck_assert_int_eq(eq_session_phases(s, &s->x->estimator, 1.0, 3, a, NULL), EQ_OK);
    if (gradient != NULL) ck_assert_int_eq(eq_network_gradient(s->model, a, gradient, NULL), EQ_OK);
}

START_TEST(a_step_goes_down_the_sampled_gradient) {
    eq_experiment *x = NULL;
    steps k = {.n = 0};
    double a[EQ_MAX_SLOTS], rate[4] = {1.0, 1.0, 1.0, 1.0}, most = 0.0;
    ck_assert_int_eq(eq_experiment_read(iris, &x, NULL), EQ_OK);
    k.s.x = x;
    ck_assert_int_eq(eq_session_open(&k.s, &(eq_engine_options){EQ_ENGINE_AUTO, 4, 1}, NULL),
                     EQ_OK);
    k.n = eq_network_parameters(k.s.model);
    double *room = eq_calloc(k.n, 5 * sizeof *room);
    for (int j = 0; j < 3; j++) {
        k.gradient[j] = room + (size_t)j * k.n;
        estimate(&k, j == 2 ? 8 : 7, k.gradient[j], a);
    }
    k.before = room + 3 * k.n;
    k.after = room + 4 * k.n;
    for (int s = 0; s < EQ_MAX_SLOTS; s++) ck_assert(a[s] == 0.0);
    ck_assert_int_eq(memcmp(k.gradient[0], k.gradient[1], k.n * sizeof *room), 0);
    ck_assert_int_ne(memcmp(k.gradient[0], k.gradient[2], k.n * sizeof *room), 0);
    eq_session_get(&k.s, k.before);
    ck_assert_int_eq(eq_network_optimizer(k.s.model, &x->optimizer, rate, NULL), EQ_OK);
    estimate(&k, 7, NULL, a);
    ck_assert_int_eq(eq_network_update(k.s.model, a, 1.0, 1, NULL), EQ_OK);
    eq_network_store(k.s.model);
    eq_session_get(&k.s, k.after);
    for (size_t p = 0; p < k.n; p++) {
        ck_assert_double_eq_tol(k.after[p], k.before[p] - k.gradient[0][p], 1e-15);
        most = fmax(most, fabs(k.gradient[0][p]));
    }
    ck_assert_double_gt(most, 1e-3);
    /* the next minibatch has nothing left of this one */
    ck_assert_int_eq(eq_network_gradient(k.s.model, a, k.after, NULL), EQ_OK);
    for (size_t p = 0; p < k.n; p++) ck_assert(k.after[p] == 0.0);
    eq_free(room);
    eq_session_close(&k.s);
    eq_experiment_free(x);
}
END_TEST

static const struct {
    const char *experiment, *arguments, *expected;
} refused[] = {
    {"netlists/discrete-digits.xml", "--set langevin.temperature=0.1", "discrete-time"},
    {"netlists/elastic.xml", "--set langevin.temperature=0.1", "elastic network"},
    {iris, "--set langevin.temperature=0", "a number above 0"},
    {iris, "--set langevin.step=3", "too long"},
    {iris, "--set estimator.nudging=clamp", "has no beta"},
    {"netlists/transistors.xml", "--set estimator.type=symmetric --set langevin.temperature=1e-6",
     "needs an energy"},
    {divider, "--set langevin.temperature=1e-9 --set estimator.rule=response", "leave rule out"},
};

START_TEST(what_cannot_be_sampled_is_refused) {
    outcome got = run_program("train %s %s -o %s --epochs 1", refused[_i].experiment,
                              refused[_i].arguments, in("run"));
    ck_assert_msg(got.exit_status == 1 || got.exit_status == 2, "%d: %s", got.exit_status,
                  got.text);
    ck_assert_msg(strstr(got.text, refused[_i].expected) != NULL, "%s", got.text);
    outcome_free(&got);
}
END_TEST

static const struct {
    const char *arguments, *expected; /* NULL: nothing is said */
} idle[] = {
    {"", NULL},
    {"--set estimator.type=adjoint", "temperature=\"0.01\" has no effect here"},
    {"--set estimator.nudging=current", "nudging=\"current\" has no effect here"},
    {"--set hardware.read-noise=0.01",
     "<langevin> samples states whose nudges act on the outputs themselves"},
    {"--set hardware.read-noise=0.01 --set estimator.nudging=current",
     "<langevin> samples states whose nudges act on the outputs themselves"},
    {"--set hardware.hold-noise=0.01", "hold-noise=\"0.01\" has no effect here"},
    {"--set langevin.temperature=10 --set langevin.step=0.02",
     "leave step out, or give one of at most 0.0031"},
};

START_TEST(settings_without_effect_are_told) {
    char *text;
    expect_exit(0, &text, "train %s %s -o %s --epochs 0", iris, idle[_i].arguments, in("run"));
    if (idle[_i].expected == NULL) ck_assert_msg(strstr(text, "no effect") == NULL, "%s", text);
    if (idle[_i].expected != NULL)
        ck_assert_msg(strstr(text, idle[_i].expected) != NULL, "%s", text);
    free(text);
}
END_TEST

/* Of experiments with one and two units: the settings, and the least cosine of the mean of eight estimates to
 * d<C>/dw. */
static const struct {
    const char *settings;
    bool circuit, quadrature;
    double least;
} checked[] = {
    {"--set langevin.temperature=0.3", false, true, 0.99},
    {"--set langevin.temperature=0.02", false, true, 0.95},
    {"--set langevin.temperature=10 --set langevin.samples=8000", false, true, 0.99},
    {"--set langevin.temperature=0.02 --set estimator.type=one-sided", false, true, 0.9},
    {"--set langevin.temperature=1e-7 --set estimator.beta=1e-3", false, true, 0.9999},
    {"", true, true, 0.999},
    {"--set estimator.type=four-point", true, true, 0.999},
};

static void put_small(void) {
    put("rows.csv", "u,v,c\n1,0.2,a\n0.1,1,b\n0.5,0.6,a\n");
    put("network.xml",
        "<experiment><network kind='hopfield' layers='2,2'/><data format='csv' path='rows.csv'/>"
        "<cost type='squared-error'/><estimator beta='0.3' nudging='energy'/><langevin "
        "temperature='1' samples='2000'/><optimizer type='sgd' rate='1'/></experiment>");
    put("net.cir", "t\nVx x 0 0\nVy y 0 0\nRy y 0 1k\nRt x o 1meg\nRq x p 2meg\nRm o p 1meg\n"
                   "D1 o 0 dm\nD2 0 o dm\n.model dm D(is=1e-10)\n.options gmin=1e-15\n"
                   "*% input Vx Vy\n*% output o\n*% train rt rq rm gmin=1n gmax=1\n.end\n");
    put("data.csv", "x,y,t\n0.7,-0.3,0.5\n0.4,-0.3,0.2\n");
    put("circuit.xml",
        "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv' targets='t'/>"
        "<cost type='squared-error'/><estimator beta='2e-8' nudging='energy'/><langevin "
        "temperature='2e-9' samples='2000'/><optimizer type='sgd' rate='1'/></experiment>");
}

/* Of each group: what the whole gradient is compared with, its groups are too. */
static void expect_near_groups(const char *text, double least) {
    double cosine, size;
    for (const char *at = text; (at = strstr(at, "  group ")) != NULL; at++) {
        ck_assert_msg(sscanf(strchr(at, ':'), ": cosine %lf, %lf", &cosine, &size) == 2, "%s", at);
        ck_assert_msg(cosine > least - 0.1 && fabs(size - 1.0) < 0.3, "%s", at);
    }
}

START_TEST(gradcheck_holds_it_to_quadrature) {
    char *text, *of;
    double off, cosine;
    put_small();
    expect_exit(0, &text, "gradcheck %s --json %s",
                in(checked[_i].circuit ? "circuit.xml" : "network.xml"), checked[_i].settings);
    of = strstr(text, "\"own\"");
    ck_assert_ptr_nonnull(of);
    ck_assert_int_eq(sscanf(strstr(of, "\"cosine\""), "\"cosine\": %lf", &cosine), 1);
    ck_assert_msg(cosine > checked[_i].least, "%g: %s", cosine, of);
    ck_assert_int_eq(strstr(of, "\"quadrature\"") != NULL, checked[_i].quadrature);
    if (checked[_i].quadrature) {
        ck_assert_int_eq(sscanf(strstr(of, "\"off\""), "\"off\": %lf", &off), 1);
        ck_assert_msg(off < 0.15, "%s", of);
    }
    free(text);
    expect_exit(0, &text, "gradcheck %s %s",
                in(checked[_i].circuit ? "circuit.xml" : "network.xml"), checked[_i].settings);
    ck_assert_ptr_nonnull(strstr(text, "mean of 8 runs"));
    expect_near_groups(text, checked[_i].least);
    free(text);
}
END_TEST

Suite *stochastic_suite(void) {
    Suite *s = suite_create("stochastic");
    TCase *t = tcase_create("stochastic");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, a_resumed_training_has_the_bits_of_one_in_a_piece, 0,
                        (int)(sizeof trained / sizeof *trained));
    tcase_add_test(t, a_step_goes_down_the_sampled_gradient);
    tcase_add_loop_test(t, gradcheck_holds_it_to_quadrature, 0,
                        (int)(sizeof checked / sizeof *checked));
    tcase_add_loop_test(t, what_cannot_be_sampled_is_refused, 0,
                        (int)(sizeof refused / sizeof *refused));
    tcase_add_loop_test(t, settings_without_effect_are_told, 0, (int)(sizeof idle / sizeof *idle));
    suite_add_tcase(s, t);
    return s;
}
