#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mna.h"
#include "base/mem.h"
#include "circuit/topology.h"
#include "model/engine.h"
#include "solver/solver.h"

Suite *engine_sparse_suite(void);

/* Two amplifier stages of unequal gains, not layered: a shunt resistor joins the hidden nodes. */
static const char two_stages[] =
    "two stages\nVx1 x1 0 0\nVx2 x2 0 0\nVb b 0 0.4\n"
    "Ra1 x1 h1 10k\nRa2 x2 h1 20k\nRa3 b h1 30k\nRa4 x1 h2 15k\nRa5 x2 h2 12k\nRs h1 h2 40k\n"
    "D1 h1 0 dm\nD2 0 h1 dm\nD3 h2 b dm\nD4 0 h2 dm\n"
    "E1 e1 0 h1 0 4\nVs1 e1 w1 0\nF1 h1 0 Vs1 0.25\nE2 e2 0 h2 0 2\nVs2 e2 w2 0\nF2 h2 0 Vs2 "
    "0.125\n"
    "Rb1 w1 g 5k\nRb2 w2 g 7k\nD5 g 0 dm\nD6 0 g dm\n"
    "E3 e3 0 g 0 3\nVs3 e3 w3 0\nF3 g 0 Vs3 0.5\n"
    "Rc1 w3 y1 8k\nRc2 y1 0 9k\nRc3 w3 y2 7k\nRc4 y2 y1 11k\nRc5 y2 0 6k\n"
    ".model dm D is=1e-6\n.op\n*% input Vx1 Vx2\n*% output y1 y2\n"
    "*% train Ra* gmin=1e-6 gmax=1e-2\n*% train Rb* gmin=1e-6 gmax=1e-2\n"
    "*% train Rc* gmin=1e-6 gmax=1e-2\n.end\n";

static const double inputs[] = {0.7, -0.4, -1.1, 0.9};
static const double targets[] = {0.3, -0.2, 0.1, 0.4};
enum { EXAMPLES = 2, OUTPUTS = 2, MOST = 16 };

static eq_engine *open_engine(eq_circuit *c) {
    eq_engine *e = NULL;
    eq_diag *d = eq_diag_new();
    eq_engine_options o = {EQ_ENGINE_SPARSE, EXAMPLES, 1};
    eq_status status = eq_engine_new(c, &o, &e, d);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_get(d, 0)->text);
    ck_assert_str_eq(eq_engine_about(e).name, "sparse");
    ck_assert_uint_eq(eq_diag_count(d), 0);
    eq_diag_free(d);
    return e;
}

/* Copies the gradient out, group by group. */
typedef struct taken {
    double gradient[3][MOST];
} taken;

static void take(void *data, size_t group, size_t offset, size_t n, double *theta,
                 const double *gradient) {
    (void)theta;
    for (size_t k = 0; k < n; k++) ((taken *)data)->gradient[group][offset + k] = gradient[k];
}

/* One nudged phase with beta; slope: the state-dependent nudge F = P + beta C. */
static void nudge(eq_engine *e, int slot, double beta, const double *y0, bool slope) {
    double current[EXAMPLES * OUTPUTS], s[EXAMPLES * OUTPUTS * OUTPUTS] = {0},
                                                               y[EXAMPLES * OUTPUTS];
    for (int k = 0; k < EXAMPLES * OUTPUTS; k++) current[k] = -beta * (y0[k] - targets[k]);
    for (int n = 0; n < EXAMPLES; n++)
        for (int k = 0; k < OUTPUTS; k++) s[(n * OUTPUTS + k) * OUTPUTS + k] = beta;
    eq_nudge with = {.current = current, .slope = s, .at = y0}, without = {.current = current};
    ck_assert_int_eq(eq_engine_nudged_phase(e, slot, slope ? &with : &without, y, NULL), EQ_OK);
    for (int k = 0; k < EXAMPLES * OUTPUTS; k++) ck_assert_double_ne(y[k], y0[k]);
}

/* dL/dg of L = sum of (y - t)^2/2 by the adjoint of the solver. */
static double adjoint_gradient(eq_circuit *c, size_t group, size_t at) {
    eq_solver *s = NULL;
    size_t nodes = eq_circuit_nodes(c);
    double *v = calloc(nodes, sizeof *v), *dcdv = calloc(nodes, sizeof *dcdv);
    double *lambda = calloc(nodes, sizeof *lambda), sum = 0.0;
    eq_solve_options o = eq_solve_defaults(c);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    for (int n = 0; n < EXAMPLES; n++) {
        for (int k = 0; k < 2; k++) *eq_circuit_source(c, c->input[k]) = inputs[2 * n + k];
        ck_assert_int_eq(eq_solver_solve(s, &o, v, NULL, NULL, NULL), EQ_OK);
        memset(dcdv, 0, nodes * sizeof *dcdv);
        for (int k = 0; k < OUTPUTS; k++)
            dcdv[c->output[k].plus] = v[c->output[k].plus] - targets[n * OUTPUTS + k];
        ck_assert_int_eq(eq_solver_adjoint(s, v, NULL, dcdv, lambda, NULL), EQ_OK);
        const eq_table *t = &c->table[EQ_CLASS_memristor];
        int32_t row = c->group[group].row[at];
        eq_node a = t->term[0][row], b = t->term[1][row];
        sum += -(lambda[a] - lambda[b]) * (v[a] - v[b]);
    }
    eq_solver_free(s);
    free(v);
    free(dcdv);
    free(lambda);
    return sum;
}

/* The largest relative distance of the symmetric estimator from the adjoint. */
static double distance(double beta, bool slope) {
    eq_circuit *c = deck(two_stages);
    eq_engine *e = open_engine(c);
    double y[EXAMPLES * OUTPUTS], worst = 0.0, size = 0.0;
    taken g;
    ck_assert_int_eq(eq_engine_free_phase(e, EXAMPLES, inputs, y, NULL), EQ_OK);
    nudge(e, 1, beta, y, slope);
    nudge(e, 2, -beta, y, slope);
    double a[EQ_MAX_SLOTS] = {0.0, 0.5 / beta, -0.5 / beta};
    ck_assert_int_eq(eq_engine_update(e, a, take, &g, NULL), EQ_OK);
    for (size_t group = 0; group < c->groups; group++)
        for (size_t k = 0; k < c->group[group].count; k++) {
            double truth = adjoint_gradient(c, group, k);
            worst = fmax(worst, fabs(g.gradient[group][k] - truth));
            size = fmax(size, fabs(truth));
        }
    ck_assert_double_le(eq_engine_about(e).worst_ratio, 1.0);
    ck_assert_double_eq(eq_engine_about(e).solves, 3.0 * EXAMPLES);
    eq_engine_free(e);
    eq_circuit_free(c);
    return worst / size;
}

/* The symmetric estimator is exact to O(beta^2) (Scellier 2020, appendix A), for both nudges. */
START_TEST(gradient_agrees_with_the_adjoint) {
    for (int slope = 0; slope < 2; slope++) {
        double coarse = distance(4e-6, slope == 1), fine = distance(1e-6, slope == 1);
        double order = log(coarse / fine) / log(4.0);
        ck_assert_msg(fine < 1e-3, "slope %d: %g", slope, fine);
        ck_assert_msg(fabs(order - 2.0) < 0.2, "slope %d: order %g (%g, %g)", slope, order, coarse,
                      fine);
        ck_assert_msg(distance(2e-8, slope == 1) < 1e-6, "slope %d: %g", slope,
                      distance(2e-8, slope == 1));
    }
}
END_TEST

/* The nudged state with slope solves KCL with the current that its own outputs ask for. */
START_TEST(slope_is_a_state_dependent_current) {
    eq_circuit *c = deck(two_stages);
    eq_engine *e = open_engine(c);
    double y[EXAMPLES * OUTPUTS], with[EXAMPLES * OUTPUTS], same[EXAMPLES * OUTPUTS];
    double beta = 1e-4, current[EXAMPLES * OUTPUTS], s[EXAMPLES * OUTPUTS * OUTPUTS] = {0};
    ck_assert_int_eq(eq_engine_free_phase(e, EXAMPLES, inputs, y, NULL), EQ_OK);
    for (int k = 0; k < EXAMPLES * OUTPUTS; k++) current[k] = -beta * (y[k] - targets[k]);
    for (int n = 0; n < EXAMPLES; n++)
        for (int k = 0; k < OUTPUTS * OUTPUTS; k++)
            s[n * OUTPUTS * OUTPUTS + k] = k % (OUTPUTS + 1) == 0 ? beta : 0.3 * beta;
    ck_assert_int_eq(eq_engine_nudged_phase(
                         e, 1, &(eq_nudge){.current = current, .slope = s, .at = y}, with, NULL),
                     EQ_OK);
    for (int n = 0; n < EXAMPLES; n++)
        for (int k = 0; k < OUTPUTS; k++)
            for (int l = 0; l < OUTPUTS; l++)
                current[n * OUTPUTS + k] -= s[(n * OUTPUTS + k) * OUTPUTS + l] *
                                            (with[n * OUTPUTS + l] - y[n * OUTPUTS + l]);
    ck_assert_int_eq(eq_engine_nudged_phase(e, 2, &(eq_nudge){.current = current}, same, NULL),
                     EQ_OK);
    for (int k = 0; k < EXAMPLES * OUTPUTS; k++) ck_assert_double_eq_tol(with[k], same[k], 1e-10);
    eq_engine_free(e);
    eq_circuit_free(c);
}
END_TEST

static void shrink(void *data, size_t group, size_t offset, size_t n, double *theta,
                   const double *gradient) {
    (void)data;
    (void)group;
    (void)offset;
    (void)gradient;
    for (size_t k = 0; k < n; k++) theta[k] *= 0.5;
}

START_TEST(update_takes_over_and_history_leaves_no_trace) {
    eq_circuit *c = deck(two_stages), *fresh = deck(two_stages);
    eq_engine *e = open_engine(c);
    double y[EXAMPLES * OUTPUTS], z[EXAMPLES * OUTPUTS];
    const double a[EQ_MAX_SLOTS] = {0.0};
    ck_assert_int_eq(eq_engine_free_phase(e, EXAMPLES, inputs, y, NULL), EQ_OK);
    ck_assert_int_eq(eq_engine_update(e, a, shrink, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_engine_free_phase(e, EXAMPLES, inputs, y, NULL), EQ_OK);
    eq_table *t = &fresh->table[EQ_CLASS_memristor];
    for (size_t k = 0; k < t->count; k++) t->w[0][k] *= 0.5;
    eq_engine *f = open_engine(fresh);
    ck_assert_int_eq(eq_engine_free_phase(f, EXAMPLES, inputs, z, NULL), EQ_OK);
    ck_assert_mem_eq(y, z, sizeof y);
    eq_engine_store(e);
    for (size_t k = 0; k < t->count; k++)
        ck_assert_double_eq(c->table[EQ_CLASS_memristor].w[0][k], t->w[0][k]);
    eq_engine_free(e);
    eq_engine_free(f);
    eq_circuit_free(c);
    eq_circuit_free(fresh);
}
END_TEST

/* What *% train may name beside conductances, with the elements that it then finds. */
static const struct {
    const char *train, *elements, *handle[2];
} named[] = {
    {"vb min=-1 max=1", "", {"vb", NULL}},
    {"d*(is) min=1e-9 max=1e-3", "", {"d1(is)", "d3(is)"}},
    {"rs(r) min=1 max=1e6", "", {"rs", NULL}},
    {"i1 min=-1 max=1", "I1 0 h1 10u\n", {"i1", NULL}},
    {"i1 min=-1 max=1", "I1 g h2 20u\n", {"i1", NULL}},
    {"dq(vfwd) min=-1 max=1",
     "Dq y1 0 dq\n.model dq D(ron=1k roff=1meg vfwd=0.01)\n",
     {"dq(vfwd)", NULL}},
    {"g1 min=1e-6 max=1e-3", "G1 y2 0 y2 0 20u\n", {"g1", NULL}},
    {"vf min=-1 max=1", "Vf y1 q 0.1\nR9 q 0 9k\n", {"vf", NULL}},
};

/* L = sum of (y - t)^2/2 by operating points alone. */
static double loss_of(eq_circuit *c) {
    eq_solver *s = NULL;
    size_t nodes = eq_circuit_nodes(c);
    double *v = calloc(nodes, sizeof *v), sum = 0.0;
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    for (int n = 0; n < EXAMPLES; n++) {
        for (int k = 0; k < 2; k++) *eq_circuit_source(c, c->input[k]) = inputs[2 * n + k];
        ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK);
        for (int k = 0; k < OUTPUTS; k++)
            sum += 0.5 * pow(v[c->output[k].plus] - targets[n * OUTPUTS + k], 2.0);
    }
    eq_solver_free(s);
    free(v);
    return sum;
}

START_TEST(any_parameter_learns_by_its_name) {
    char text[4000];
    const char *end = strstr(two_stages, "*% train");
    snprintf(text, sizeof text, "%.*s%s*%% train %s\n.end\n", (int)(end - two_stages), two_stages,
             named[_i].elements, named[_i].train);
    for (int slope = 0; slope < 2; slope++) {
        eq_circuit *c = deck(text);
        eq_engine *e = open_engine(c);
        double y[EXAMPLES * OUTPUTS], beta = 1e-6;
        double a[EQ_MAX_SLOTS] = {0.0, 0.5 / beta, -0.5 / beta};
        taken g;
        ck_assert_int_eq(eq_engine_free_phase(e, EXAMPLES, inputs, y, NULL), EQ_OK);
        nudge(e, 1, beta, y, slope == 1);
        nudge(e, 2, -beta, y, slope == 1);
        ck_assert_int_eq(eq_engine_update(e, a, take, &g, NULL), EQ_OK);
        const eq_group *group = &c->group[0];
        for (int k = 0; k < 2 && named[_i].handle[k] != NULL; k++) {
            eq_handle h;
            ck_assert_int_eq(eq_handle_find(c, named[_i].handle[k], &h, NULL), EQ_OK);
            double old = eq_handle_get(c, h), step = 1e-4 * fabs(old), loss[2], found = NAN;
            for (size_t j = 0; j < group->count; j++)
                if (c->table[group->cls].id[group->row[j]] == h.element) found = g.gradient[0][j];
            for (int side = 0; side < 2; side++) {
                eq_handle_put(c, h, side == 0 ? old + step : old - step);
                loss[side] = loss_of(c);
            }
            eq_handle_put(c, h, old);
            double truth = (loss[0] - loss[1]) / (2.0 * step);
            ck_assert_msg(fabs(found - truth) <= 1e-4 * fabs(truth),
                          "%s, slope %d: %.9g, by differences %.9g", named[_i].handle[k], slope,
                          found, truth);
        }
        eq_engine_free(e);
        eq_circuit_free(c);
    }
}
END_TEST

/* Both phases, both kinds of nudge and an update, while the n-th allocation and all later ones
 * fail. */
static eq_status everything(eq_circuit *c) {
    eq_engine *e = NULL;
    eq_engine_options o = {EQ_ENGINE_SPARSE, EXAMPLES, 1};
    double y[EXAMPLES * OUTPUTS] = {0}, slope[EXAMPLES * OUTPUTS * OUTPUTS] = {0};
    const double a[EQ_MAX_SLOTS] = {-1.0, 1.0, 0.0, 0.0, 0.0, 1.0};
    const eq_nudge kind[2] = {{.current = y}, {.current = y, .slope = slope, .at = y}};
    taken t;
    eq_status status = eq_engine_new(c, &o, &e, NULL);
    if (status == EQ_OK) status = eq_engine_free_phase(e, EXAMPLES, inputs, y, NULL);
    for (int k = 0; status == EQ_OK && k < 2; k++)
        status = eq_engine_nudged_phase(e, 1 + k, &kind[k], NULL, NULL);
    if (status == EQ_OK) status = eq_engine_adjoint_phase(e, y, NULL);
    if (status == EQ_OK) status = eq_engine_update(e, a, take, &t, NULL);
    eq_engine_free(e);
    return status;
}

START_TEST(memory_may_run_out_anywhere) {
    eq_status status = EQ_ERR_MEMORY;
    for (long n = 0; status == EQ_ERR_MEMORY; n++) {
        eq_circuit *c = deck(two_stages);
        eq_mem_fail_after(n);
        status = everything(c);
        eq_mem_fail_after(-1);
        eq_circuit_free(c);
    }
    ck_assert_int_eq(status, EQ_OK);
}
END_TEST

Suite *engine_sparse_suite(void) {
    Suite *s = suite_create("engine_sparse");
    TCase *t = tcase_create("engine_sparse");
    tcase_add_test(t, gradient_agrees_with_the_adjoint);
    tcase_add_loop_test(t, any_parameter_learns_by_its_name, 0, sizeof named / sizeof *named);
    tcase_add_test(t, slope_is_a_state_dependent_current);
    tcase_add_test(t, update_takes_over_and_history_leaves_no_trace);
    tcase_add_test(t, memory_may_run_out_anywhere);
    suite_add_tcase(s, t);
    return s;
}
