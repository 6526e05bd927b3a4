/* Nudged states and gradients by Equilibrium Propagation through the public header, against closed
 * forms and the adjoint. */
#include "eqspice.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Suite *nudge_suite(void);

enum { MOST = 16, BY = 8, ROWS = 5 };

/* A circuit with one input. */
typedef struct bench {
    eq_circuit *c;
    eq_batch *b;
    size_t nodes;
    eq_handle w[BY];
    size_t params;
} bench;

static bench put_up(const char *text, const char *input, const char *const *by, size_t params,
                    int threads) {
    bench t = {.params = params};
    eq_diag *diag = eq_diag_new();
    eq_handle h;
    eq_batch_options o = eq_batch_defaults();
    o.threads = threads;
    eq_status status = eq_circuit_parse("t.cir", text, strlen(text), &t.c, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    ck_assert_int_eq(eq_handle_find(t.c, input, &h, NULL), EQ_OK);
    for (size_t k = 0; k < params; k++)
        ck_assert_int_eq(eq_handle_find(t.c, by[k], &t.w[k], NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_new(t.c, &h, 1, &o, &t.b, NULL), EQ_OK);
    t.nodes = eq_circuit_nodes(t.c);
    ck_assert_uint_le(t.nodes, MOST);
    eq_diag_free(diag);
    return t;
}

static void take_down(bench *t) {
    eq_batch_free(t->b);
    eq_circuit_free(t->c);
}

static size_t at(const bench *t, const char *node) {
    return (size_t)eq_circuit_find_node(t->c, node);
}

static const char divider[] = "divider\nV1 in 0 10\nR1 in out 1k\nR2 out 0 3k\n.end\n";

/* 1 uA into 750 ohm. */
START_TEST(a_nudged_divider_rests_where_thevenin_says) {
    bench t = put_up(divider, "v1", NULL, 0, 1);
    double x = 10.0, v[MOST], nudged[MOST], current[MOST] = {0};
    current[at(&t, "out")] = 1e-6;
    current[at(&t, "in")] = 5.0; /* held by the source */
    ck_assert_int_eq(eq_batch_solve(t.b, 1, &x, v, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_nudge(t.b, 1, &x, v, current, nudged, NULL, NULL), EQ_OK);
    ck_assert_double_eq_tol(nudged[at(&t, "out")], 7.5 + 750e-6, 1e-12);
    ck_assert_double_eq_tol(nudged[at(&t, "in")], 10.0, 1e-12);
    ck_assert_int_eq(eq_batch_nudge(t.b, 1, &x, v, current, v, NULL, NULL), EQ_OK);
    ck_assert_mem_eq(v, nudged, t.nodes * sizeof *v);
    ck_assert_int_eq(eq_batch_solve(t.b, 1, &x, v, NULL, NULL), EQ_OK); /* without a trace */
    ck_assert_double_eq_tol(v[at(&t, "out")], 7.5, 1e-12);
    take_down(&t);
}
END_TEST

/* C = v(out): u1 = 2.5 + 750 b, u2 = 7.5 - 750 b; for g the estimate is ((u(b)^2 - u(0)^2)/2)/b. */
START_TEST(estimates_are_differences_of_the_energies) {
    const char *const by[] = {"r1", "r2", "v1"};
    bench t = put_up(divider, "v1", by, 3, 1);
    double x = 10.0, v[MOST], dcdv[MOST] = {0}, dcdw[3], b = 1e-4;
    dcdv[at(&t, "out")] = 1.0;
    ck_assert_int_eq(eq_batch_solve(t.b, 1, &x, v, NULL, NULL), EQ_OK);
    for (int side = 0; side < 2; side++) {
        eq_eqprop_options o = {.beta = b, .symmetric = side == 1};
        double square = side == 1 ? 0.0 : 0.5 * 750.0 * 750.0 * b;
        ck_assert_int_eq(eq_batch_eqprop(t.b, 1, &x, v, dcdv, &o, t.w, 3, dcdw, NULL), EQ_OK);
        ck_assert_double_eq_tol(dcdw[0], -1e-6 * (2.5 * 750.0 + square), 1e-11);
        ck_assert_double_eq_tol(dcdw[1], -1e-6 / 9.0 * (-7.5 * 750.0 + square), 1e-11);
        ck_assert_double_eq_tol(dcdw[2], 0.75, 1e-9);
    }
    take_down(&t);
}
END_TEST

/* A trained resistor is a conductance, and its resistance the inverse. */
START_TEST(a_trained_resistor_has_both_gradients) {
    const char *const by[] = {"r2", "r2(r)"};
    bench t = put_up("t\nV1 in 0 10\nR1 in out 1k\nR2 out 0 3k\n*% input v1\n*% output out\n"
                     "*% train r2 gmin=1e-6 gmax=1\n.end\n",
                     "v1", by, 2, 1);
    double x = 10.0, v[MOST], dcdv[MOST] = {0}, dcdw[2];
    dcdv[at(&t, "out")] = 1.0;
    ck_assert_int_eq(eq_batch_solve(t.b, 1, &x, v, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_eqprop(t.b, 1, &x, v, dcdv, NULL, t.w, 2, dcdw, NULL), EQ_OK);
    ck_assert_double_eq_tol(dcdw[0], -7.5 * 750.0, 1e-4); /* dv/dg2 = -v R1 || R2 */
    ck_assert_double_eq_tol(dcdw[1], 7.5 * 750.0 / 9e6, 1e-10);
    take_down(&t);
}
END_TEST

/* Diodes, a floating source, and a bidirectional amplifier, whose energy weights are not 1. */
static const char *const whole[] = {
    "diodes\nVin in 0 1\nR1 in x 1k\nR2 x y 2k\nR3 y 0 4k\nD1 x y dm\nD2 y 0 dm\n"
    "Vf y z 0.1\nR4 z 0 3k\n.model dm d(is=1e-9 n=2)\n.end\n",
    "amplifier\nVin in 0 2\nR1 in h 1k\nR2 h 0 2k\nE1 e 0 h 0 4\nVf e w 0\nF1 h 0 Vf 0.25\n"
    "R3 w y 1k\nR4 y 0 1k\nD1 y 0 dm\nD2 h 0 dm\n.model dm d(is=1e-9 n=2)\n.end\n",
};
static const char *const all[] = {"r1", "r2", "r3", "r4", "d1(is)", "d2(is)", "vin", "vf"};

/* |estimate - exact| over |exact| with each parameter in its own unit, and their cosine. */
static double compare(const bench *t, const double *estimate, const double *exact, double *cosine) {
    double off = 0.0, square[2] = {0.0, 0.0}, product = 0.0;
    for (size_t k = 0; k < t->params; k++) {
        double w = fmax(fabs(eq_handle_get(t->c, t->w[k])), 1e-3);
        double a = w * estimate[k], b = w * exact[k];
        off += (a - b) * (a - b);
        square[0] += a * a;
        square[1] += b * b;
        product += a * b;
    }
    *cosine = product / sqrt(square[0] * square[1]);
    return sqrt(off / square[1]);
}

/* Relative errors at two betas, whose quotient gives the order. */
static void check_order(const char *text, bool symmetric) {
    bench t = put_up(text, "vin", all, BY, 1);
    double x = 1.5, v[MOST], i[MOST], dcdv[MOST] = {0}, exact[BY], dcdw[BY], error[2], cosine;
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_batch_solve(t.b, 1, &x, v, i, NULL), EQ_OK);
    dcdv[at(&t, "y")] = v[at(&t, "y")] - 0.7;
    dcdv[at(&t, "in")] = 0.01;
    ck_assert_int_eq(eq_batch_vjp(t.b, 1, &x, v, i, dcdv, t.w, BY, exact, NULL), EQ_OK);
    for (int k = 0; k < 2; k++) {
        eq_eqprop_options o = {.beta = k == 0 ? 1e-5 : 4e-5, .symmetric = symmetric};
        ck_assert_int_eq(eq_batch_eqprop(t.b, 1, &x, v, dcdv, &o, t.w, BY, dcdw, diag), EQ_OK);
        error[k] = compare(&t, dcdw, exact, &cosine);
        ck_assert_double_gt(cosine, 0.999);
    }
    double order = log(error[1] / error[0]) / log(4.0);
    ck_assert_msg(fabs(order - (symmetric ? 2.0 : 1.0)) < 0.15, "order %g: %g, %g", order, error[0],
                  error[1]);
    ck_assert_double_lt(error[0], symmetric ? 1e-4 : 1e-2);
    ck_assert_uint_eq(eq_diag_count(diag), 0);
    eq_diag_free(diag);
    take_down(&t);
}

START_TEST(one_sided_estimates_have_the_first_order) {
    check_order(whole[_i], false);
}
END_TEST

START_TEST(symmetric_estimates_have_the_second_order) {
    check_order(whole[_i], true);
}
END_TEST

START_TEST(rows_do_not_depend_on_threads) {
    double x[ROWS] = {0.1, 0.5, 1.0, 1.5, 2.0}, v[ROWS * MOST], dcdv[ROWS * MOST] = {0};
    double dcdw[2][ROWS][BY];
    for (int side = 0; side < 2; side++) {
        bench t = put_up(whole[0], "vin", all, BY, 1 + 2 * side);
        for (size_t j = 0; j < ROWS; j++) dcdv[j * t.nodes + at(&t, "y")] = 0.1 * (double)(1 + j);
        ck_assert_int_eq(eq_batch_solve(t.b, ROWS, x, v, NULL, NULL), EQ_OK);
        ck_assert_int_eq(eq_batch_eqprop(t.b, ROWS, x, v, dcdv, NULL, t.w, BY, dcdw[side][0], NULL),
                         EQ_OK);
        take_down(&t);
    }
    ck_assert_mem_eq(dcdw[0], dcdw[1], sizeof dcdw[0]);
}
END_TEST

/* A transconductance without its way back: an estimate, told to be none. */
START_TEST(without_energy_weights_there_is_a_warning) {
    const char *const by[] = {"r1", "r2"};
    bench t = put_up("no way back\nVin in 0 1\nR1 in a 1k\nR2 b 0 1k\nG1 0 b a 0 1m\nR3 a b 1k\n"
                     ".end\n",
                     "vin", by, 2, 1);
    double x = 1.0, v[MOST], dcdv[MOST] = {0}, dcdw[2];
    eq_diag *diag = eq_diag_new();
    dcdv[at(&t, "b")] = 1.0;
    ck_assert_int_eq(eq_batch_solve(t.b, 1, &x, v, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_eqprop(t.b, 1, &x, v, dcdv, NULL, t.w, 2, dcdw, diag), EQ_OK);
    ck_assert_uint_eq(eq_diag_errors(diag), 0);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 0)->text, "EqProp gradients may be biased: "));
    eq_diag_free(diag);
    take_down(&t);
}
END_TEST

START_TEST(what_cannot_be_estimated_is_refused) {
    const char *const by[] = {"r1", "g1"};
    bench t = put_up("kept\nVin in 0 1\nR1 in a 1k\nVs a b 0\nR2 b 0 1k\nH1 h 0 Vs 700\n"
                     "G1 a 0 b 0 1m\nR3 h 0 1k\n.end\n",
                     "vin", by, 2, 1);
    double x = 1.0, v[MOST], dcdv[MOST] = {0}, dcdw[2] = {0};
    eq_diag *diag = eq_diag_new();
    dcdv[at(&t, "b")] = 1.0;
    ck_assert_int_eq(eq_batch_solve(t.b, 1, &x, v, NULL, NULL), EQ_OK);
    for (int k = 0; k < 2; k++) {
        eq_eqprop_options o = {.beta = k == 0 ? 0.0 : (double)NAN};
        ck_assert_int_eq(eq_batch_eqprop(t.b, 1, &x, v, dcdv, &o, t.w, 1, dcdw, diag),
                         EQ_ERR_USAGE);
        ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, (size_t)k)->text, "is no nudge"));
    }
    eq_diag_clear(diag);
    ck_assert_int_eq(eq_batch_eqprop(t.b, 1, &x, v, dcdv, NULL, t.w, 1, dcdw, diag), EQ_OK);
    eq_diag_clear(diag);
    ck_assert_int_eq(eq_batch_eqprop(t.b, 1, &x, v, dcdv, NULL, t.w, 2, dcdw, diag), EQ_ERR_USAGE);
    ck_assert(isnan(dcdw[0]) && isnan(dcdw[1]));
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 0)->text, "take the adjoint"));
    eq_diag_free(diag);
    take_down(&t);
}
END_TEST

Suite *nudge_suite(void) {
    Suite *s = suite_create("nudge");
    TCase *t = tcase_create("nudged phases");
    tcase_add_test(t, a_nudged_divider_rests_where_thevenin_says);
    tcase_add_test(t, estimates_are_differences_of_the_energies);
    tcase_add_test(t, a_trained_resistor_has_both_gradients);
    tcase_add_loop_test(t, one_sided_estimates_have_the_first_order, 0, 2);
    tcase_add_loop_test(t, symmetric_estimates_have_the_second_order, 0, 2);
    tcase_add_test(t, rows_do_not_depend_on_threads);
    tcase_add_test(t, without_energy_weights_there_is_a_warning);
    tcase_add_test(t, what_cannot_be_estimated_is_refused);
    suite_add_tcase(s, t);
    return s;
}
