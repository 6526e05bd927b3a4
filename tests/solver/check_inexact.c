/* Steps by conjugate gradients (inexact.c) against a dense solve, and where they give up. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mna.h"
#include "base/random.h"
#include "base/text.h"
#include "solver/solver_internal.h"

Suite *inexact_suite(void);

/* A square grid of resistors over two decades, a diode to ground at a quarter of the nodes, a
 * source at some, nodes NAMEi_j. */
static void put_grid(eq_text *t, const char *name, int side, eq_random *r) {
    int id = 0;
    for (int i = 0; i < side; i++)
        for (int j = 0; j < side; j++) {
            for (int below = 0; below < 2; below++) {
                double ohm = pow(10.0, 2.0 + 2.0 * eq_random_uniform(r));
                if (i + below < side && j + !below < side)
                    eq_text_printf(t, "R%s%d %s%d_%d %s%d_%d %.6g\n", name, ++id, name, i, j, name,
                                   i + below, j + !below, ohm);
            }
            double what = eq_random_uniform(r);
            if (what < 0.25) eq_text_printf(t, "D%s%d %s%d_%d 0 dm\n", name, ++id, name, i, j);
            if (what > 0.95) eq_text_printf(t, "I%s%d 0 %s%d_%d 1m\n", name, ++id, name, i, j);
        }
}

/* One grid, or two with a bidirectional amplifier of gain 2 in every row between them: the weights
 * of the second are a quarter of the first's. */
static eq_circuit *grids(int count, int side, uint64_t seed) {
    eq_text t = {0};
    eq_random r = eq_random_seed(seed);
    eq_text_puts(&t, "grids\n.model dm D(is=1e-14)\nRg a0_0 0 1k\nIg 0 a5_5 1m\n");
    put_grid(&t, "a", side, &r);
    if (count > 1) put_grid(&t, "b", side, &r);
    for (int i = 0; count > 1 && i < side; i++)
        eq_text_printf(&t, "E%d e%d 0 a%d_%d 0 2\nVs%d e%d b%d_0 0\nF%d a%d_%d 0 Vs%d 0.5\n", i, i,
                       i, side - 1, i, i, i, i, i, side - 1, i);
    ck_assert(!t.failed);
    eq_circuit *c = deck(t.text);
    eq_text_free(&t);
    return c;
}

static eq_newton *newton_of(eq_solver *s, const eq_solve_options *o) {
    eq_newton *w = NULL;
    ck_assert_int_eq(eq_newton_new(eq_solver_system(s), &w, NULL), EQ_OK);
    w->options = o;
    return w;
}

/* The energy norm squared, y . D J y, at the x of the last eq_system_jacobian. */
static double energy_norm(const eq_system *s, const double *y) {
    double sum = 0.0;
    for (size_t k = 0; k < s->n; k++)
        for (int32_t i = s->start[k]; i < s->start[k + 1]; i++)
            sum += y[s->row[i]] * s->row_weight[s->row[i]] * s->value[i] * y[k];
    return sum;
}

/* At random potentials the step is that of a dense solve to a fifth of its energy norm, and points
 * downhill. */
START_TEST(steps_are_those_of_a_dense_solve) {
    eq_circuit *c = grids(1 + _i % 2, 12, (uint64_t)_i);
    eq_solve_options o = eq_solve_defaults(c);
    eq_random r = eq_random_seed(100 + (uint64_t)_i);
    eq_solver *solver = NULL;
    eq_lin *dense = NULL;
    ck_assert_int_eq(eq_solver_new(c, &solver, NULL), EQ_OK);
    eq_newton *w = newton_of(solver, &o);
    eq_system *s = w->s;
    double *x = malloc(s->n * sizeof *x), *exact = malloc(s->n * sizeof *x), slope = 0.0;
    for (size_t k = 0; k < s->n; k++) x[k] = 0.6 * eq_random_uniform(&r);
    ck_assert(eq_newton_convex(w));
    ck_assert_double_gt(eq_newton_evaluate(w, x), 1e5);
    ck_assert(eq_newton_inexact(w, x, INFINITY));
    eq_system_jacobian(s, x);
    ck_assert_int_eq(eq_lin_new(EQ_LIN_DENSE, &s->pattern, &dense, NULL), EQ_OK);
    ck_assert_int_eq(eq_lin_factor(dense, s->value, NULL, NULL), EQ_OK);
    for (size_t k = 0; k < s->n; k++) exact[k] = -w->r[k];
    ck_assert_int_eq(eq_lin_solve(dense, exact), EQ_OK);
    double size = energy_norm(s, exact);
    for (size_t k = 0; k < s->n; k++) {
        slope += s->row_weight[k] * w->r[k] * w->step[k];
        exact[k] -= w->step[k];
    }
    double off = sqrt(energy_norm(s, exact) / size);
    ck_assert_msg(off <= 0.2 && off > 1e-6, "%d: off by %g of the exact step", _i, off);
    ck_assert_double_lt(slope, 0.0);
    free(x);
    free(exact);
    eq_lin_free(dense);
    eq_newton_free(w);
    eq_solver_free(solver);
    eq_circuit_free(c);
}
END_TEST

/* What is asked of conjugate gradients, and the answer. */
typedef struct refusal {
    const char *deck;
    double flops;
} refusal;

/* Too dear beside a factorization; not positive definite, with positive diagonal; the same on the
 * diagonal. */
static const refusal refusals[] = {
    {"chain\nr1 a b 1\nr2 b 0 1\ni1 0 a 1\n.end\n", 10.0},
    {"indefinite\nr1 a 0 1\nr2 b 0 1\nrn a b -1.6667\ni1 0 a 1\n.end\n", INFINITY},
    {"negative\nr1 a 0 -1\nr2 b 0 1\nr3 a b 2\ni1 0 a 1\n.end\n", INFINITY},
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

START_TEST(inexact_steps_refuse_what_does_not_suit_them) {
    eq_circuit *c = deck(refusals[_i].deck);
    eq_solve_options o = eq_solve_defaults(c);
    eq_solver *solver = NULL;
    ck_assert_int_eq(eq_solver_new(c, &solver, NULL), EQ_OK);
    eq_newton *w = newton_of(solver, &o);
    double x[2] = {0.0, 0.0};
    ck_assert_uint_eq(w->s->n, 2);
    eq_newton_evaluate(w, x);
    ck_assert(!eq_newton_inexact(w, x, refusals[_i].flops));
    eq_newton_free(w);
    eq_solver_free(solver);
    eq_circuit_free(c);
}
END_TEST

/* A circuit large enough for it to be used: two factorizations (eight without), and the answer of
 * KINSOL, which has steps and factors of its own. */
START_TEST(answers_are_those_of_kinsol) {
    eq_circuit *c = grids(2, 60, 7);
    eq_solve_options o = eq_solve_defaults(c);
    eq_solver *s = NULL;
    eq_solve_info info;
    size_t nodes = eq_circuit_nodes(c);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    double *v = calloc(2 * nodes, sizeof *v), largest = 0.0;
    ck_assert_int_eq(eq_solver_solve(s, &o, v, NULL, &info, NULL), EQ_OK);
    ck_assert_int_le(info.factorizations, 2);
    o.method = EQ_KINSOL;
    ck_assert_int_eq(eq_solver_solve(s, &o, v + nodes, NULL, &info, NULL), EQ_OK);
    for (size_t k = 0; k < nodes; k++) largest = fmax(largest, fabs(v[k]));
    for (size_t k = 0; k < nodes; k++)
        ck_assert_double_le(fabs(v[k] - v[nodes + k]), 1e-9 * largest);
    free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

Suite *inexact_suite(void) {
    Suite *s = suite_create("inexact");
    TCase *t = tcase_create("inexact");
    tcase_add_loop_test(t, steps_are_those_of_a_dense_solve, 0, 10);
    tcase_add_loop_test(t, inexact_steps_refuse_what_does_not_suit_them, 0, REFUSALS);
    tcase_add_test(t, answers_are_those_of_kinsol);
    suite_add_tcase(s, t);
    return s;
}
