/* Theorem 3.1 over time: both sides against closed forms and differences of the projected cost L_t, and recurrent
 * backpropagation as an estimator. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "model/dynamics.h"
#include "model/hopfield/hopfield.h"
#include "train/transient.h"

Suite *transient_suite(void);

#define TRAIN "*% train rt* gmin=1e-18 gmax=1e9\n.op\n.end\n"
#define AMPLIFIER ".subckt amp h w A=4 K=0.25\nE e 0 h 0 {A}\nVs e w 0\nF h 0 Vs {K}\n.ends\n"
#define DIODES ".model dm D(is=1e-9)\n"

/* An experiment of a deck with the inputs x and y, and outputs that are single nodes. */
static eq_experiment *experiment_of(const char *deck, const char *data, const char *more) {
    char text[1024];
    snprintf(text, sizeof text,
             "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv'/>"
             "<cost type='squared-error' high='0.5' low='-0.1'/>%s"
             "<optimizer type='sgd' rate='1e-12'/><epochs count='1'/></experiment>",
             more);
    return experiment_of_files(deck, data, text);
}

static eq_transient transient_of(const eq_experiment *x, const eq_transient_options *o) {
    eq_transient t;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_transient_check(x, NULL, o, &t, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_get(diag, eq_diag_count(diag) - 1)->text);
    eq_diag_free(diag);
    return t;
}

static double at(const eq_transient *t, size_t row, const char *column) {
    size_t c = eq_result_find(t->table, column);
    ck_assert_msg(c < t->table->variables, "no column %s", column);
    return t->table->value[row * t->table->variables + c];
}

static const char one_node[] =
    "one\nVx x 0 0\nVy y 0 0\nRt1 x o 1k\nRt2 o y 2k\nR3 o p 1k\nR4 p 0 1k\n%s*%% input Vx Vy\n"
    "*%% output o p\n*%% train rt* gmin=1e-18 gmax=1e9\n.op\n.end\n";

/* Two free nodes, stepped by loops of their own. */
START_TEST(both_sides_are_those_of_a_linear_circuit_by_hand) {
    static const char *const capacitors[] = {"", "C1 o 0 2u\nC2 p x 3u\n"};
    static const double farad[2][2] = {{1.0, 1.0}, {2e-6, 3e-6}};
    char deck[512];
    snprintf(deck, sizeof deck, one_node, capacitors[_i]);
    eq_experiment *x = experiment_of(deck, "0.7,-0.3,a\n-0.4,0.9,b\n", "");
    eq_transient_options o = eq_transient_defaults();
    o.steps = 9;
    o.step = 300.0 * farad[_i][0];
    eq_transient t = transient_of(x, &o);
    ck_assert(t.passed && t.examples == 2 && t.units == 2);
    const double g1 = 1e-3, g2 = 0.5e-3, g3 = 1e-3, g4 = 1e-3,
                 in[2][2] = {{0.7, -0.3}, {-0.4, 0.9}};
    double expected[10] = {0}, first[2][10];
    for (int n = 0; n < 2; n++) {
        /* o: g1 (o - x) + g2 (o - y) + g3 (o - p) = 0, p: g3 (p - o) + g4 p = 0 */
        double g = g1 + g2 + g3, q = g3 + g4;
        double vo = (g1 * in[n][0] + g2 * in[n][1]) / (g - g3 * g3 / q), vp = vo * g3 / q;
        double lo = vo - (n == 0 ? 0.5 : -0.1), lp = vp - (n == 0 ? -0.1 : 0.5), so = 0.0;
        for (int k = 0; k < 10; k++) {
            first[n][k] = lo;
            /* dE/dg1 = (x - o)^2/2, d2E/dg1 do = o - x */
            expected[k] += 0.5 * (in[n][0] - vo) * so;
            double to = lo / farad[_i][0], tp = lp / farad[_i][1];
            so += o.step * to;
            lo -= o.step * (g * to - g3 * tp);
            lp -= o.step * (q * tp - g3 * to);
        }
    }
    ck_assert_uint_eq(t.table->points, 10);
    int one =
        fabs(at(&t, 0, "dL/dv(o)@1 rbp") - first[0][0]) < 1e-9 ? 0 : 1; /* they are shuffled */
    for (size_t k = 0; k < 10; k++) {
        ck_assert_double_eq_tol(at(&t, k, "dL/dg(rt1) rbp"), expected[k], 1e-9 * fabs(expected[9]));
        ck_assert_double_eq_tol(at(&t, k, "dL/dg(rt1) eqprop"), expected[k],
                                1e-6 * fabs(expected[9]));
        ck_assert_double_eq_tol(at(&t, k, "dL/dv(o)@1 rbp"), first[one][k], 1e-9);
        ck_assert_double_eq_tol(at(&t, k, "dL/dv(o)@1 eqprop"), first[one][k], 1e-6);
    }
    eq_transient_free(&t);
    eq_experiment_free(x);
}
END_TEST

static const struct {
    const char *what, *deck;
} circuits[] = {
    {"diodes",
     "d\nVx x 0 0\nVy y 0 0\nRt1 x h 1k\nRt2 y h 2k\nD1 h 0 dm\nD2 0 h dm\nRt3 h o 3k\n"
     "Rt4 o p 1k\nRt5 p 0 2k\nD3 p o dm\n" DIODES "*% input Vx Vy\n*% output o p\n" TRAIN},
    {"amplifiers of unequal weights, one upside down",
     "a\nVx x 0 0\nVy y 0 0\n" AMPLIFIER
     "Rt1 x h 1k\nRt2 y h 2k\nD1 h 0 dm\nX1 h w amp\nRt3 w k 3k\nD2 k 0 dm\n"
     "X2 k z amp A=-3 K=-0.01\nRt4 z o 5k\nRt5 z p 2k\nRt6 o 0 10k\nRt7 o p 7k\n" DIODES
     "*% input Vx Vy\n*% output o p\n" TRAIN},
    {"capacitors on some nodes' way to sources",
     "c\nVx x 0 0\nVy y 0 0\nRt1 x h 1k\nRt2 y h 2k\nD1 h 0 dm\nRt3 h o 3k\nRt5 h p 4k\nRt4 o 0 "
     "5k\n"
     "C1 h 0 1n\nC2 o y 5n\nC3 p x 2n\n" DIODES "*% input Vx Vy\n*% output o p\n" TRAIN},
    {"biases and a saturation current learn", "b\nVx x 0 0\nVy y 0 0\nVb b 0 0.2\nRt1 x h 1k\nRt2 "
                                              "y h 2k\nRt3 h o 3k\nRt4 h p 5k\nRt5 o b 7k\n"
                                              "Rt6 p 0 1k\nD1 h 0 dm\nD2 b o dm\n" DIODES
                                              "*% input Vx Vy\n*% output o p\n*% train vb min=-1 "
                                              "max=1\n*% train d*(is) min=1e-12 max=1e-6\n" TRAIN},
};

START_TEST(both_sides_agree_on_circuits_and_end_at_the_adjoint) {
    eq_experiment *x = experiment_of(circuits[_i].deck, "0.7,-0.3,a\n-0.4,0.9,b\n", "");
    eq_transient_options o = eq_transient_defaults();
    eq_transient t = transient_of(x, &o);
    ck_assert_msg(t.passed && t.theta_error < 1e-5 && t.state_error < 1e-5, "%s: %g %g",
                  circuits[_i].what, t.theta_error, t.state_error);
    ck_assert_msg(t.left < 1e-3 && t.to_adjoint < 2e-2, "%s: %g %g", circuits[_i].what, t.left,
                  t.to_adjoint);
    size_t last = t.table->points - 1;
    ck_assert(at(&t, last, "theta_rbp") > 0.0 && at(&t, last, "theta_cosine") > 1.0 - 1e-9);
    eq_transient_free(&t);
    /* a finite nudge is judged by no bound, and differs */
    o.beta = 2e-5;
    t = transient_of(x, &o);
    ck_assert(t.given && t.theta_error > 1e-3);
    eq_transient_free(&t);
    eq_experiment_free(x);
}
END_TEST

enum { UNITS = 9 }; /* 5 inputs, 6 hidden units, 3 outputs */

/* Weights between the units, and b + W_1^T x, of a network of 5, 6 and 3. */
typedef struct loops {
    double w[UNITS][UNITS], constant[UNITS], target[3];
} loops;

static double clip(double s) {
    return fmin(fmax(s, 0.0), 1.0);
}

/* C after `steps` steps of h from s. */
static double projected(const loops *q, const double *from, double h, int steps) {
    double s[UNITS], next[UNITS], cost = 0.0;
    memcpy(s, from, sizeof s);
    for (int k = 0; k < steps; k++) {
        for (int i = 0; i < UNITS; i++) {
            double field = q->constant[i];
            for (int j = 0; j < UNITS; j++) field += q->w[i][j] * s[j];
            next[i] = clip(s[i] + h * (field - s[i]));
        }
        memcpy(s, next, sizeof s);
    }
    for (int k = 0; k < 3; k++) cost += 0.5 * pow(s[UNITS - 3 + k] - q->target[k], 2.0);
    return cost;
}

/* l after k steps of `propagate` is dL_t/ds by differences of loops over the network. */
START_TEST(the_linearisation_of_a_hopfield_network_is_that_of_its_projected_cost) {
    eq_hopfield_options o = eq_hopfield_defaults();
    eq_network *n = NULL;
    eq_random random = eq_random_seed(5);
    double theta[64], x[5], y[3], dcdy[3], l[UNITS], m[UNITS], z[UNITS], s[UNITS], h = 0.3;
    loops q = {.target = {0.9, 0.2, 0.4}};
    o.layers = 3;
    o.width[0] = 5, o.width[1] = 6, o.width[2] = 3;
    o.tolerance = 1e-14;
    ck_assert_int_eq(eq_hopfield_new(&o, &n, NULL), EQ_OK);
    for (int i = 0; i < 5; i++) x[i] = eq_random_uniform(&random);
    for (size_t b = 0; b < 4; b++) {
        eq_network_get(n, b, theta);
        for (size_t j = 0; j < eq_network_block(n, b)->count; j++)
            theta[j] = b % 2 == 1 ? 0.3 : 0.4 * theta[j];
        eq_network_put(n, b, theta);
        for (int j = 0; b % 2 == 1 && j < (b == 1 ? 6 : 3); j++)
            q.constant[(b == 1 ? 0 : 6) + j] += theta[j];
        for (int i = 0; b == 0 && i < 5; i++)
            for (int j = 0; j < 6; j++) q.constant[j] += x[i] * theta[i * 6 + j];
        for (int i = 0; b == 2 && i < 6; i++)
            for (int j = 0; j < 3; j++) q.w[i][6 + j] = q.w[6 + j][i] = theta[i * 3 + j];
    }
    ck_assert_int_eq(eq_network_start(n, &(eq_engine_options){EQ_ENGINE_AUTO, 1, 1}, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_free_phase(n, 1, x, y, NULL), EQ_OK);
    eq_dynamics d;
    ck_assert_int_eq(eq_dynamics_open(n, 1, NAN, &d, NULL), EQ_OK);
    ck_assert_uint_eq(d.units, UNITS);
    d.ops->get(d.self, s);
    int inside = 0;
    for (int k = 0; k < 3; k++) dcdy[k] = y[k] - q.target[k];
    for (int k = 0; k < 3; k++) ck_assert(y[k] > 0.01 && y[k] < 0.99);
    d.ops->slopes(d.self, dcdy, l);
    for (int steps = 0; steps < 8; steps++) {
        for (int i = 0; i < UNITS; i++) {
            if (!(s[i] > 1e-3 && s[i] < 1.0 - 1e-3)) continue;
            double up[UNITS], down[UNITS];
            memcpy(up, s, sizeof s), memcpy(down, s, sizeof s);
            up[i] += 1e-5, down[i] -= 1e-5;
            double slope = (projected(&q, up, h, steps) - projected(&q, down, h, steps)) / 2e-5;
            ck_assert_double_eq_tol(l[i], slope, 1e-9);
            inside++;
        }
        d.ops->propagate(d.self, l, m, z);
        for (int i = 0; i < UNITS; i++) l[i] -= h * z[i];
    }
    ck_assert_int_eq(inside, 8 * UNITS);
    eq_network_free(n);
}
END_TEST

/* Trains as the adjoint does, of which it is the iteration; `steps` cuts it short. */
START_TEST(recurrent_backpropagation_is_an_estimator) {
    static const char *const how[] = {"netlists/two-stage.xml", "netlists/hopfield-digits.xml"};
    char *text;
    expect_exit(0, &text, "gradcheck %s --set estimator.type=rbp --examples 2 --json", how[_i]);
    char *row = strstr(text, "\"estimator\": \"rbp\"");
    ck_assert_ptr_nonnull(row);
    double error = 1.0, cosine = 0.0;
    ck_assert_int_eq(
        sscanf(strstr(row, "\"error\""), "\"error\": %lf, \"cosine\": %lf", &error, &cosine), 2);
    ck_assert_msg(error <= 1e-6 && cosine > 1.0 - 1e-9, "%s", row);
    char *own = strstr(text, "\"own\"");
    ck_assert_int_eq(sscanf(strstr(own, "\"error\""), "\"error\": %lf", &error), 1);
    ck_assert_double_lt(error, 1e-6);
    free(text);
    expect_exit(0, &text, "gradcheck %s --set estimator.type=rbp --set estimator.steps=2 --json",
                how[_i]);
    own = strstr(text, "\"own\"");
    ck_assert_int_eq(sscanf(strstr(own, "\"error\""), "\"error\": %lf", &error), 1);
    ck_assert_double_gt(error, 1e-2);
    free(text);
}
END_TEST

static double first_loss(const char *metrics) {
    double loss = 0.0;
    char *text = file_text(metrics);
    const char *row = strchr(text, '\n');
    ck_assert_msg(row != NULL && sscanf(row, "%*d,%lf", &loss) == 1, "%s", text);
    eq_free(text);
    return loss;
}

/* A readout learns by the slope that recurrent backpropagation begins with, not by one that another phase left; it is
 * no part of theorem 3.1. */
START_TEST(a_readout_learns_by_recurrent_backpropagation) {
    static const char set[] = "--set network.readout=softmax --set cost.type=cross-entropy";
    char *text;
    double loss[2];
    for (int k = 0; k < 2; k++) {
        expect_exit(0, NULL,
                    "train netlists/discrete-digits.xml %s --epochs 1 --set estimator.type=%s "
                    "--force -o %s",
                    set, k == 0 ? "adjoint" : "rbp", in("run"));
        loss[k] = first_loss(in("run/metrics.csv"));
    }
    ck_assert_double_eq_tol(loss[1], loss[0], 1e-3 * loss[0]);
    expect_exit(0, &text, "gradcheck netlists/discrete-digits.xml %s --transient --json", set);
    ck_assert_msg(strstr(text, "\"passed\": true") != NULL, "%s", text);
    free(text);
}
END_TEST

/* Discrete-time networks by half steps: s + h (sigma(...) - s) is Euler's method of a continuous one, for which
 * theorem 3.1 holds with any step. */
START_TEST(networks_in_time_hold_by_half_steps) {
    static const char *const networks[] = {"discrete-digits", "conv-digits"};
    char *text;
    expect_exit(0, &text, "gradcheck netlists/%s.xml --transient --step 0.5 --steps 6 --json",
                networks[_i]);
    ck_assert(strstr(text, "\"step\": 0.5") != NULL && strstr(text, "\"passed\": true") != NULL);
    free(text);
}
END_TEST

/* What has no gradient dynamics says so; options that belong to them stand beside --transient alone. */
START_TEST(what_has_no_gradient_dynamics_says_so) {
    static const struct {
        int status;
        const char *command, *said;
    } bad[] = {
        {1, "gradcheck netlists/transistors.xml --transient",
         "needs an energy: 30 elements (m1, m2, m3, ..) are each a transistor"},
        {2, "gradcheck netlists/two-stage.xml --steps 3", "give --transient as well"},
        {2, "gradcheck netlists/two-stage.xml -o nothing.csv", "give --transient as well"},
        {2, "gradcheck netlists/two-stage.xml --transient --step -1", "--step -1 is not positive"},
        {2, "gradcheck netlists/hopfield-digits.xml --transient --capacitance 1e-12",
         "have no capacitance"},
        {1, "gradcheck netlists/hopfield-digits.xml --transient --step 5", "grow with steps of 5"},
        {1, "train netlists/transistors.xml --set estimator.type=rbp --epochs 1 -o %s",
         "needs an energy"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char *text, command[256];
        snprintf(command, sizeof command, bad[k].command, in("run"));
        expect_exit(bad[k].status, &text, "%s", command);
        ck_assert_msg(strstr(text, bad[k].said) != NULL, "%s: %s", command, text);
        free(text);
    }
    char deck[512];
    snprintf(deck, sizeof deck, one_node, "C1 o p 1u\n");
    eq_experiment_free(experiment_of(deck, "0.7,-0.3,a\n-0.4,0.9,b\n", ""));
    char *text;
    expect_exit(1, &text, "gradcheck %s --transient", in("net.xml"));
    ck_assert_msg(strstr(text, "the capacitor c1 does not join") != NULL, "%s", text);
    free(text);
    expect_exit(0, NULL, "gradcheck %s --transient --capacitance 1e-9", in("net.xml"));
    snprintf(deck, sizeof deck, one_node, "C1 o 0 1u\n");
    eq_experiment_free(experiment_of(deck, "0.7,-0.3,a\n-0.4,0.9,b\n", ""));
    expect_exit(1, &text, "gradcheck %s --transient", in("net.xml"));
    ck_assert_msg(strstr(text, "v(p) has no capacitance in the deck") != NULL, "%s", text);
    free(text);
}
END_TEST

/* The curves go to a file that eqspice plot draws; JSON has what is printed. */
START_TEST(curves_are_written_and_drawn) {
    char *text;
    expect_exit(0, NULL, "gradcheck netlists/xor.xml --transient -o %s", in("curves.csv"));
    expect_exit(0, NULL, "plot %s -o %s", in("curves.csv"), in("curves.svg"));
    char *drawn = file_text(in("curves.svg"));
    ck_assert(strstr(drawn, "by the parameters") != NULL && strstr(drawn, "by the state") != NULL);
    eq_free(drawn);
    expect_exit(0, &text, "gradcheck netlists/hopfield-digits.xml --transient --steps 6 --json");
    ck_assert(strstr(text, "\"steps\": 6, ") != NULL && strstr(text, "\"passed\": true") != NULL);
    ck_assert_ptr_nonnull(strstr(text, "\"theta_cosine\": "));
    free(text);
}
END_TEST

Suite *transient_suite(void) {
    Suite *s = suite_create("transient");
    TCase *t = tcase_create("transient");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, both_sides_are_those_of_a_linear_circuit_by_hand, 0, 2);
    tcase_add_loop_test(t, both_sides_agree_on_circuits_and_end_at_the_adjoint, 0,
                        (int)(sizeof circuits / sizeof *circuits));
    tcase_add_test(t, the_linearisation_of_a_hopfield_network_is_that_of_its_projected_cost);
    tcase_add_loop_test(t, recurrent_backpropagation_is_an_estimator, 0, 2);
    tcase_add_test(t, a_readout_learns_by_recurrent_backpropagation);
    tcase_add_loop_test(t, networks_in_time_hold_by_half_steps, 0, 2);
    tcase_add_test(t, what_has_no_gradient_dynamics_says_so);
    tcase_add_test(t, curves_are_written_and_drawn);
    suite_add_tcase(s, t);
    return s;
}
