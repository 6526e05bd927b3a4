/* Experiments of discrete-time networks, dense and convolutional: training, resume, threads, the copy of the
 * experiment, gradcheck, what does not fit. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "../support/training.h"
#include "base/text.h"
#include "model/dynamics.h"
#include "train/estimator.h"
#include "train/session.h"
#include "train/train.h"

Suite *timesteps_suite(void);

static const char dense[] = "netlists/discrete-digits.xml", conv[] = "netlists/conv-digits.xml";

static void train(const char *experiment, const char *folder, size_t epochs, const char *how) {
    expect_exit(0, NULL, "train %s -o %s --epochs %zu --set data.train-limit=200 %s", experiment,
                in(folder), epochs, how);
}

static const struct {
    const char *experiment, *how;
} trained[] = {
    {dense, ""},
    {dense, "--set network.readout=softmax --set cost.type=cross-entropy --set estimator.beta=0.5"},
    {dense, "--set estimator.type=bptt"},
    {dense, "--set network.density=0.3 --set network.topology=2"},
    {dense, "--set network.density=w1=0.2 --set estimator.type=bptt"},
    {conv, ""},
    {conv, "--set network.sigma=sigmoid --set network.conv[1].pool=average"},
    {conv, "--set estimator.type=bptt --set estimator.steps=5"},
    {conv, "--set network.precision=single --set network.tolerance=1e-4"},
    {conv,
     "--set network.precision=single --set network.tolerance=1e-5 --set network.readout=softmax "
     "--set cost.type=cross-entropy"},
};

/* In a piece on one thread, and in two parts on two. */
START_TEST(a_resumed_training_has_the_bits_of_one_in_a_piece) {
    char again[300];
    train(trained[_i].experiment, "whole", 3, trained[_i].how);
    snprintf(again, sizeof again, "--threads 2 %s", trained[_i].how);
    train(trained[_i].experiment, "parts", 1, again);
    snprintf(again, sizeof again, "--resume --threads 2 %s", trained[_i].how);
    train(trained[_i].experiment, "parts", 3, again);
    eq_checkpoint a = checkpoint_of(in("whole")), b = checkpoint_of(in("parts"));
    ck_assert_uint_eq(a.conductances, b.conductances);
    ck_assert_int_eq(memcmp(a.g, b.g, a.conductances * sizeof *a.g), 0);
    ck_assert(a.row[2].train_loss < a.row[0].train_loss);
    eq_checkpoint_free(&a);
    eq_checkpoint_free(&b);
    char *text;
    expect_exit(0, &text, "eval %s", in("parts"));
    free(text);
}
END_TEST

START_TEST(seeds_draw_other_networks) {
    train(conv, "one", 0, "");
    train(conv, "two", 0, "--seed 2");
    eq_checkpoint a = checkpoint_of(in("one")), b = checkpoint_of(in("two"));
    ck_assert_int_ne(memcmp(a.g, b.g, a.conductances * sizeof *a.g), 0);
    eq_checkpoint_free(&a);
    eq_checkpoint_free(&b);
}
END_TEST

static const struct {
    const char *experiment, *set[3];
} checked[] = {
    {dense, {"network.solver=sweeps"}},
    {dense, {"network.layers=64,20,15,10", "network.sigma=tanh"}},
    {dense, {"network.readout=softmax", "cost.type=cross-entropy", "network.layers=64,20,10"}},
    {dense, {"network.density=w1=0.2 w2=0.5", "network.solver=sweeps"}},
    {dense, {"network.density=0.4", "network.readout=softmax", "cost.type=cross-entropy"}},
    {conv, {"network.density=0.5"}},
    {conv, {"network.sigma=hard-sigmoid"}},
    {conv, {"network.sigma=sigmoid", "network.conv[1].pool=average"}},
    {conv, {"network.precision=single", "network.tolerance=1e-4"}},
};

/* Every estimator against the adjoint, the adjoint against differences. */
START_TEST(gradients_hold) {
    eq_experiment *x = NULL;
    eq_gradcheck_report r;
    size_t sets = 0;
    while (sets < 3 && checked[_i].set[sets] != NULL) sets++;
    const eq_settings set = {checked[_i].set, sets};
    ck_assert_int_eq(eq_experiment_read_with(checked[_i].experiment, &set, &x, NULL), EQ_OK);
    ck_assert_int_eq(eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 2, &r, NULL), EQ_OK);
    for (size_t k = 0; k < r.rows; k++)
        ck_assert_msg(r.row[k].passed, "%s", r.row[k].why == NULL ? "?" : r.row[k].why);
    ck_assert_msg(r.passed, "%s", r.why == NULL ? "an estimator" : r.why);
    ck_assert(r.difference < 1e-6);
    ck_assert(r.row[0].cosine > 1.0 - 1e-9);
    eq_gradcheck_free(&r);
    eq_experiment_free(x);
}
END_TEST

/* An experiment that is written reads as it was. */
START_TEST(copies_of_an_experiment_are_the_same) {
    eq_experiment *x = NULL;
    ck_assert_int_eq(eq_experiment_read(_i == 0 ? dense : conv, &x, NULL), EQ_OK);
    eq_experiment *y = written_again(x);
    eq_experiment_free(x);
    eq_experiment_free(y);
}
END_TEST

/* K counted steps are those of the nudged dynamics: each has the slope of the cost at the outputs where it stands. */
START_TEST(counted_nudged_steps_follow_the_cost) {
    enum { N = 4, K = 3, OUTPUTS = 10, MOST = 2000 };
    static const char *const set[] = {"network.solver=steps", "network.free-steps=60",
                                      "network.nudged-steps=3", "cost.type=cross-entropy",
                                      "network.readout=softmax"};
    static double state[MOST], y[N * OUTPUTS], current[N * OUTPUTS], moved[N * OUTPUTS];
    const double beta = 2.0;
    const eq_settings settings = {set, _i == 0 ? 4 : 5};
    eq_experiment *x = NULL;
    ck_assert_int_eq(eq_experiment_read_with(dense, &settings, &x, NULL), EQ_OK);
    eq_session s = {.x = x};
    eq_engine_options e = {EQ_ENGINE_AUTO, N, 1};
    eq_estimator est = x->estimator;
    est.nudging = EQ_NUDGE_ENERGY;
    ck_assert_int_eq(eq_session_open(&s, &e, NULL), EQ_OK);
    ck_assert_int_eq(eq_session_free_phase(&s, s.set.train, s.set.train_index, N, NULL), EQ_OK);
    eq_dynamics d;
    ck_assert_int_eq(eq_dynamics_open(s.model, N, 1.0, &d, NULL), EQ_OK);
    ck_assert_uint_le(N * d.units, MOST);
    d.ops->get(d.self, state);
    for (int t = 0; t < K; t++) {
        d.ops->outputs(d.self, state, y);
        for (size_t j = 0; j < N; j++)
            eq_cost_gradient(&x->cost, OUTPUTS, y + OUTPUTS * j, s.goal[j], current + OUTPUTS * j);
        for (size_t k = 0; k < N * OUTPUTS; k++) current[k] *= -beta;
        ck_assert(d.ops->advance(d.self, 1.0, current, state));
    }
    d.ops->outputs(d.self, state, y);
    ck_assert_int_eq(
        eq_phases_nudge(s.phases, s.model, 1, &x->cost, &est, beta, N, s.y, s.goal, moved, NULL),
        EQ_OK);
    for (size_t k = 0; k < N * OUTPUTS; k++) ck_assert_double_eq_tol(moved[k], y[k], 1e-12);
    eq_session_close(&s);
    eq_experiment_free(x);
}
END_TEST

/* A readout gets s^T dC/dy of the free state, its biases dC/dy, however far a nudge goes. */
START_TEST(a_readout_gets_the_slope_at_the_free_state) {
    static const char *const kind[] = {"one-sided", "symmetric", "four-point"};
    enum { N = 4, MOST = 8000 };
    static double gradient[MOST];
    double a[EQ_MAX_SLOTS], sum[10] = {0.0}, dcdy[10];
    static const char *const set[] = {"network.readout=softmax", "cost.type=cross-entropy"};
    const eq_settings settings = {set, 2};
    eq_experiment *x = NULL;
    ck_assert_int_eq(eq_experiment_read_with(dense, &settings, &x, NULL), EQ_OK);
    eq_session s = {.x = x};
    eq_engine_options e = {EQ_ENGINE_AUTO, N, 1};
    eq_estimator est = x->estimator;
    est.kind = eq_estimator_find(kind[_i]);
    est.nudging = EQ_NUDGE_ENERGY;
    est.beta = 1.0;
    ck_assert_int_eq(eq_session_open(&s, &e, NULL), EQ_OK);
    ck_assert_uint_le(eq_network_parameters(s.model), MOST);
    ck_assert_int_eq(eq_session_free_phase(&s, s.set.train, s.set.train_index, N, NULL), EQ_OK);
    ck_assert_int_eq(eq_estimate(&est, s.phases, s.model, &x->cost, 1.0, N, s.y, s.goal, a, NULL),
                     EQ_OK);
    ck_assert_int_eq(eq_network_gradient(s.model, a, gradient, NULL), EQ_OK);
    for (size_t j = 0; j < N; j++) {
        eq_cost_gradient(&x->cost, 10, s.y + 10 * j, s.goal[j], dcdy);
        for (size_t k = 0; k < 10; k++) sum[k] += dcdy[k] / N;
    }
    for (size_t k = 0; k < 10; k++)
        ck_assert_double_eq_tol(gradient[eq_network_parameters(s.model) - 10 + k], sum[k], 1e-12);
    eq_session_close(&s);
    eq_experiment_free(x);
}
END_TEST

static const struct {
    const char *experiment, *set, *said;
} bad[] = {
    {dense, "network.layers=64", "widths between commas"},
    {dense, "network.layers=64,0,10", "no units"},
    {dense, "network.layers=64,ten,10", "widths between commas"},
    {dense, "network.layers=60,100,10", "input"},
    {dense, "network.layers=64,100,9", "outputs"},
    {dense, "network.layers=64,100000,100000", "make it smaller"},
    {dense, "network.inputs=1x8x8", "keep one of the two ways"},
    {dense, "network.density=1.5", "above 0 and at most 1"},
    {dense, "network.density=w3=0.5", "'w3=0.5' is no part"},
    {dense, "network.density=w2=1e-3", "no input acts on the output 'y"},
    {conv, "network.density=w1=0.5", "'w1=0.5' is no part"},
    {dense, "network.solver=euler", "\"sweeps\" or \"steps\""},
    {dense, "network.readout=softmax", "cross-entropy"},
    {dense, "estimator.nudging=clamp", "cannot be clamped"},
    {conv, "network.inputs=8x8", "channels, height and width"},
    {conv, "network.inputs=1x8x9", "input"},
    {conv, "network.conv[1].kernel=20", "does not fit"},
    {conv, "network.conv[2].window=9", "layer 2 of the network"},
    {conv, "network.steps=1", "does not settle"},
    {conv, "network.steps=1", "by row of the data: "},
    {conv, "estimator.type=bptt", "steps=\"10\""},
    {"netlists/hopfield-digits.xml", "estimator.type=bptt", "kind=\"discrete\""},
    {"netlists/hopfield-digits.xml", "network.solver=steps", "\"sweeps\" or \"euler\""},
};

START_TEST(bad_input_is_told) {
    outcome o = run_program("train %s -o %s --epochs 2 --set data.train-limit=60 --set %s",
                            bad[_i].experiment, in("run"), bad[_i].set);
    ck_assert_msg(o.exit_status == 1 || o.exit_status == 2, "%s: %d", bad[_i].set, o.exit_status);
    ck_assert_msg(strstr(o.text, bad[_i].said) != NULL, "%s: %s", bad[_i].set, o.text);
    outcome_free(&o);
}
END_TEST

/* What equilibrium propagation reaches in a few epochs. */
START_TEST(digits_are_learned) {
    char *text;
    const char *experiment = _i == 0 ? dense : conv;
    expect_exit(0, NULL, "train %s -o %s --epochs %d", experiment, in("run"), _i == 0 ? 6 : 4);
    expect_exit(0, &text, "eval %s --json", in("run"));
    const char *at = strstr(text, "\"error\"");
    ck_assert_ptr_nonnull(at);
    double error = strtod(strchr(at, ':') + 1, NULL);
    ck_assert_msg(error < 0.12, "%s: %g", experiment, error);
    free(text);
}
END_TEST

Suite *timesteps_suite(void) {
    Suite *s = suite_create("timesteps");
    TCase *t = tcase_create("timesteps");
    tcase_set_timeout(t, 600);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, a_resumed_training_has_the_bits_of_one_in_a_piece, 0,
                        sizeof trained / sizeof *trained);
    tcase_add_test(t, seeds_draw_other_networks);
    tcase_add_loop_test(t, gradients_hold, 0, sizeof checked / sizeof *checked);
    tcase_add_loop_test(t, copies_of_an_experiment_are_the_same, 0, 2);
    tcase_add_loop_test(t, counted_nudged_steps_follow_the_cost, 0, 2);
    tcase_add_loop_test(t, a_readout_gets_the_slope_at_the_free_state, 0, 3);
    tcase_add_loop_test(t, bad_input_is_told, 0, sizeof bad / sizeof *bad);
    tcase_add_loop_test(t, digits_are_learned, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
