/* Which engine a circuit gets and why, what the engines refuse, and that they agree where the rest
 * of the tests does not look: current sources, fixed resistors and inputs whose second half is the
 * negative of the first. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/engine.h"
#include "netlist/netlist.h"
#include "solver/solver.h"

Suite *engine_suite(void);

enum { INPUTS = 4, OUTPUTS = 2, EXAMPLES = 3, MOST = 64 };

/* Two neurons with amplifiers between four inputs and two outputs. */
static const char network[] =
    "Vx1 x1 0 0\nVx2 x2 0 0\nVx3 x3 0 0\nVx4 x4 0 0\nVb b 0 0.4\n"
    "Ra11 x1 h1 10k\nRa21 x2 h1 20k\nRa31 x3 h1 30k\nRa41 x4 h1 12k\n"
    "Ra12 x1 h2 15k\nRa22 x2 h2 12k\nRa32 x3 h2 11k\nRa42 x4 h2 13k\n"
    "D1 h1 b dm\nD2 0 h1 dm\nD3 h2 b dm\nD4 0 h2 dm\n.model dm D is=1e-6\n"
    "E1 e1 0 h1 0 4\nVs1 e1 w1 0\nF1 h1 0 Vs1 0.25\n"
    "E2 e2 0 h2 0 2\nVs2 e2 w2 0\nF2 h2 0 Vs2 0.125\n"
    "Rb11 w1 y1 5k\nRb21 w2 y1 7k\nRb12 w1 y2 6k\nRb22 w2 y2 8k\nRg1 y1 0 9k\nRg2 y2 0 9k\n";
#define ALL "Vx1 Vx2 Vx3 Vx4"
static const char trained[] =
    "*% train Ra* gmin=1e-6 gmax=1e-2\n*% train Rb* gmin=1e-6 gmax=1e-2\n";

static eq_circuit *deck(const char *extra, const char *inputs, const char *outputs,
                        const char *train) {
    eq_text text = {0};
    eq_circuit *c = NULL;
    eq_diag *d = eq_diag_new();
    eq_text_printf(&text, "t\n%s%s.op\n*%% input %s\n*%% output %s\n%s.end\n", network, extra,
                   inputs, outputs, train);
    eq_status status = eq_circuit_parse("t.cir", text.text, text.length, &c, d);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(d, 0)->text);
    eq_diag_free(d);
    eq_text_free(&text);
    return c;
}

static const struct {
    const char *extra, *inputs, *outputs, *reason;
} other[] = {
    {"V9 x1 0 0\n", NULL, NULL, "node x1 has two voltage sources"},
    {"V9 0 x9 0\nR9 x9 h1 1k\n", "Vx1 V9", NULL,
     "input v9 is not a voltage source from a node to ground"},
    {"E9 k b h1 0 2\nR9 k 0 1k\n", NULL, NULL, "e9 is not the only amplifier of its node"},
    {"E9 k 0 y1 b 2\nR9 k 0 1k\n", NULL, NULL, "e9 is not the only amplifier of its node"},
    {"E9 k 0 0 0 2\nR9 k 0 1k\n", NULL, NULL, "e9 is not the only amplifier of its node"},
    {"E9 k 0 y1 0 -2\nR9 k 0 1k\n", NULL, NULL, "e9 is not the only amplifier of its node"},
    {"E9 k 0 h1 0 3\nR9 k 0 1k\n", NULL, NULL, "e9 is not the only amplifier of its node"},
    {"V9 h1 q 0\nR9 q 0 1k\n", NULL, NULL, "v9 is not a 0-V source from an amplifier's output"},
    {"V9 e1 q 0.5\nR9 q 0 1k\n", NULL, NULL, "v9 is not a 0-V source from an amplifier's output"},
    {"F9 y1 0 Vs1 0.1\n", NULL, NULL,
     "f9 does not feed the current of its neuron's amplifier back"},
    {"F9 h1 0 Vs1 0.1\n", NULL, NULL,
     "f9 does not feed the current of its neuron's amplifier back"},
    {"F9 h1 b Vs1 0.1\n", NULL, NULL,
     "f9 does not feed the current of its neuron's amplifier back"},
    {"F9 h1 0 Vb 0.1\n", NULL, NULL, "f9 does not feed the current of its neuron's amplifier back"},
    {"E9 e9 0 y1 0 2\nV9 e9 w9 0\nR9 w9 q 1k\nF9 y1 0 V9 -0.1\n", NULL, NULL,
     "f9 does not feed the current of its neuron's amplifier back with gain > 0"},
    {"E9 e9 0 y1 0 2\nV9 e9 w9 0\nR9 w9 q 1k\n", NULL, NULL,
     "the amplifier e9 has no CCCS that feeds its current back to node y1"},
    {"G9 y1 0 y2 0 1u\n", NULL, NULL, "it has g9, a vccs"},
    {"H9 k 0 Vb 10\nR9 k 0 1k\n", NULL, NULL, "it has h9, a ccvs"},
    {"B9 y1 0 I=v(y2)*1u\n", NULL, NULL, "it has b9, a behavioural_current"},
    {"B9 k 0 V=v(y2)*2\nR9 k 0 1k\n", NULL, NULL, "it has b9, a behavioural_voltage"},
    {"I9 w1 0 1u\n", NULL, NULL, "the current source i9 is at an amplifier's output"},
    {"I9 0 w1 1u\n", NULL, NULL, "the current source i9 is at an amplifier's output"},
    {"R8 x1 h1 10k\nR9 x1 h1 10k\n", NULL, NULL, "r8 and r9 are in parallel"},
    {"R9 h1 h2 10k\n", NULL, NULL, "of one layer touch (r9)"},
    {"R9 h1 y1 10k\n", NULL, NULL, "the amplifiers have no energy weights"},
    {"R9 e1 y1 10k\n", NULL, NULL, "r9 "},
    {"R9 h1 w1 10k\n", NULL, NULL, "r9 is negative, joins nodes of one neuron"},
    {"R9 h1 h1 10k\n", NULL, NULL, "r9 is negative, joins nodes of one neuron"},
    {"R9 h1 0 -10k\n", NULL, NULL, "r9 is negative, joins nodes of one neuron"},
    {"Ra99 h1 h1 10k\n", NULL, NULL, "ra99 is negative, joins nodes of one neuron"},
    {"Ra99 h2 w2 10k\n", NULL, NULL, "ra99 is negative, joins nodes of one neuron"},
    {"Ra99 x1 b 10k\n", NULL, NULL, "ra99 is negative, joins nodes of one neuron"},
    {"D9 h1 h1 dm\n", NULL, NULL, "d9 does not join a free node to a constant source"},
    {"D9 h1 x1 dm\n", NULL, NULL, "d9 does not join a free node to a constant source"},
    {"D9 h1 h2 dm\n", NULL, NULL, "d9 does not join a free node to a constant source"},
    {"D9 w1 0 dm\n", NULL, NULL, "d9 does not join a free node to a constant source"},
    {"D9 0 w1 dm\n", NULL, NULL, "d9 does not join a free node to a constant source"},
    {"", NULL, "b", "the output b is not a free node"},
    {"", NULL, "w1", "the output w1 is not a free node"},
    {"", NULL, "y1 h1", "the outputs lie in neighbouring layers (h1)"},
};
enum { OTHERS = sizeof other / sizeof *other };

/* AUTO takes the sparse engine and notes why;
 * the layered engine asked for refuses with the reason. */
START_TEST(other_circuits_take_the_sparse_engine) {
    eq_circuit *c = deck(other[_i].extra, other[_i].inputs == NULL ? ALL : other[_i].inputs,
                         other[_i].outputs == NULL ? "y1 y2" : other[_i].outputs, trained);
    eq_engine_options o = {EQ_ENGINE_LAYERED, EXAMPLES, 1};
    eq_engine *e = NULL;
    eq_diag *d = eq_diag_new();
    ck_assert_int_eq(eq_engine_new(c, &o, &e, d), EQ_ERR_CHECK);
    ck_assert_msg(strstr(eq_diag_get(d, 0)->text, other[_i].reason) != NULL, "%s\nnot: %s",
                  eq_diag_get(d, 0)->text, other[_i].reason);
    eq_diag_clear(d);
    o.kind = EQ_ENGINE_AUTO;
    eq_status status =
        eq_engine_new(c, &o, &e, d); /* two sources at a node have no solution at all */
    ck_assert_msg(strncmp(eq_diag_get(d, 0)->text, "the layered engine is not used: ", 32) == 0,
                  "%s", eq_diag_get(d, 0)->text);
    ck_assert_msg(strstr(eq_diag_get(d, 0)->text, other[_i].reason) != NULL, "%s",
                  eq_diag_get(d, 0)->text);
    if (status == EQ_OK) ck_assert_str_eq(eq_engine_about(e).name, "sparse");
    eq_engine_free(e);
    eq_diag_free(d);
    eq_circuit_free(c);
}
END_TEST

/* The layered engine refuses the circuit, which is freed, and says why. */
static void not_layered(eq_circuit *c, const char *message) {
    eq_engine_options o = {EQ_ENGINE_LAYERED, EXAMPLES, 1};
    eq_engine *e = NULL;
    eq_diag *d = eq_diag_new();
    ck_assert_int_eq(eq_engine_new(c, &o, &e, d), EQ_ERR_CHECK);
    ck_assert_msg(strstr(eq_diag_get(d, 0)->text, message) != NULL, "%s", eq_diag_get(d, 0)->text);
    eq_diag_free(d);
    eq_circuit_free(c);
}

/* Columns that have one resistor each are no crossbar. */
START_TEST(too_few_resistors_for_a_crossbar) {
    eq_text extra = {0};
    for (int k = 0; k < 200; k++)
        eq_text_printf(&extra, "V%d u%d 0 1\nRu%d u%d h%d 1k\nRv%d h%d 0 1k\n", 100 + k, k, k, k,
                       100 + k, k, 100 + k);
    eq_circuit *c = deck(extra.text, ALL, "y1 y2", "*% train Ru* gmin=1e-6 gmax=1e-2\n");
    not_layered(c, "do not form crossbars (200 resistors in 200 x 200");
    eq_text_free(&extra);
}
END_TEST

/* Ten networks beside each other have crossbars of their own, but no common one. */
START_TEST(too_few_resistors_between_layers) {
    enum { NETS = 10, WIDE = 20 };
    eq_text extra = {0}, train = {0};
    for (int n = 0; n < NETS; n++) {
        for (int h = 0; h < WIDE; h++) {
            eq_text_printf(&extra, "Ru%d%c b h%d%c 1k\nDu%d%c h%d%c 0 dm\n", n, 'a' + h, n, 'a' + h,
                           n, 'a' + h, n, 'a' + h);
            for (int k = 0; k < WIDE; k++)
                eq_text_printf(&extra, "Rw%d%c%c h%d%c k%d%c 1k\n", n, 'a' + h, 'a' + k, n, 'a' + h,
                               n, 'a' + k);
        }
        eq_text_printf(&train, "*%% train Rw%d* gmin=1e-6 gmax=1e-2\n", n);
    }
    eq_circuit *c = deck(extra.text, ALL, "y1 y2", train.text);
    not_layered(c, "its layers are joined by 4004 resistors in 202 x 202 places");
    eq_text_free(&extra);
    eq_text_free(&train);
}
END_TEST

/* Fails with EQ_ERR_USAGE or EQ_ERR_INPUT and this message. */
static void refused(eq_status status, eq_diag *d, const char *message) {
    ck_assert(status == EQ_ERR_USAGE || status == EQ_ERR_INPUT);
    ck_assert_uint_eq(eq_diag_count(d), 1);
    ck_assert_msg(strstr(eq_diag_get(d, 0)->text, message) != NULL, "%s", eq_diag_get(d, 0)->text);
    eq_diag_clear(d);
}

START_TEST(circuits_that_cannot_be_trained) {
    eq_engine_options o = {EQ_ENGINE_AUTO, EXAMPLES, 1}, none = {EQ_ENGINE_AUTO, 0, 1},
                      alone = {EQ_ENGINE_AUTO, EXAMPLES, 0},
                      unknown = {(eq_engine_kind)99, EXAMPLES, 1};
    eq_engine *e = NULL;
    eq_diag *d = eq_diag_new();
    eq_circuit *c = deck("", ALL, "y1 y2", "");
    refused(eq_engine_new(c, &o, &e, d), d,
            "nothing to train; name its conductances with *% train");
    c->outputs = 0;
    refused(eq_engine_new(c, &o, &e, d), d, "no outputs; name its output nodes with *% output");
    c->inputs = 0;
    refused(eq_engine_new(c, &o, &e, d), d, "no inputs; name its input sources with *% input");
    c->frozen = false;
    refused(eq_engine_new(c, &o, &e, d), d, "not frozen");
    c->frozen = true;
    eq_circuit_free(c);
    c = deck("", ALL, "y1 y2", trained);
    refused(eq_engine_new(c, &none, &e, d), d, "batch 0 and 1 threads; both must be at least 1");
    refused(eq_engine_new(c, &alone, &e, d), d, "batch 3 and 0 threads; both must be at least 1");
    refused(eq_engine_new(c, &unknown, &e, d), d, "there is no engine of kind 99");
    eq_circuit_free(c);
    eq_diag_free(d);
}
END_TEST

/* Tolerances that bound nothing, and a circuit that may still grow. */
START_TEST(bad_solve_options_are_refused) {
    static const eq_solve_options bad[] = {{.abstol = -1.0, .reltol = 1e-9, .max_iterations = 9},
                                           {.abstol = 1e-12, .reltol = -1.0, .max_iterations = 9},
                                           {.abstol = 0.0, .reltol = 0.0, .max_iterations = 9},
                                           {.abstol = 1e-12, .reltol = 1e-9, .max_iterations = 0}};
    eq_circuit *c = deck("", ALL, "y1 y2", trained);
    eq_diag *d = eq_diag_new();
    eq_solver *s = NULL;
    double *v = calloc(eq_circuit_nodes(c), sizeof *v);
    ck_assert_int_eq(eq_solver_new(c, &s, d), EQ_OK);
    eq_diag_clear(d);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        refused(eq_solver_solve(s, &bad[k], v, NULL, NULL, d), d, "are no bounds of a solve");
    eq_solver_free(s);
    c->frozen = false;
    refused(eq_solver_new(c, &s, d), d, "not frozen");
    c->frozen = true;
    free(v);
    eq_circuit_free(c);
    eq_diag_free(d);
}
END_TEST

static const eq_engine_kind both[2] = {EQ_ENGINE_LAYERED, EQ_ENGINE_SPARSE};

static void nothing(void *data, size_t group, size_t offset, size_t n, double *theta,
                    const double *gradient) {
    (void)data, (void)group, (void)offset, (void)n, (void)theta, (void)gradient;
}

/* Phases and updates in an order that has no meaning. */
START_TEST(calls_out_of_order_are_refused) {
    double x[INPUTS * (EXAMPLES + 1)] = {0.1}, y[OUTPUTS * EXAMPLES];
    double current[OUTPUTS * EXAMPLES] = {1e-6}, a[EQ_MAX_SLOTS] = {0.0, 1.0, -1.0},
                             exact[EQ_MAX_SLOTS] = {[EQ_ADJOINT] = 1.0};
    eq_nudge nudge = {.current = current};
    eq_circuit *c = deck("", ALL, "y1 y2", trained);
    eq_engine_options o = {both[_i], EXAMPLES, 1};
    eq_engine *e = NULL;
    eq_diag *d = eq_diag_new();
    ck_assert_int_eq(eq_engine_new(c, &o, &e, d), EQ_OK);
    refused(eq_engine_nudged_phase(e, 1, &nudge, y, d), d, "and the free phase before it");
    refused(eq_engine_free_phase(e, 0, x, y, d), d,
            "0 examples in a minibatch; this engine takes 1..3");
    refused(eq_engine_free_phase(e, 4, x, y, d), d,
            "4 examples in a minibatch; this engine takes 1..3");
    ck_assert_int_eq(eq_engine_free_phase(e, EXAMPLES, x, y, d), EQ_OK);
    refused(eq_engine_nudged_phase(e, 0, &nudge, y, d), d, "a slot in 1..4 (got 0)");
    refused(eq_engine_nudged_phase(e, 5, &nudge, y, d), d, "a slot in 1..4 (got 5)");
    ck_assert_int_eq(eq_engine_nudged_phase(e, 1, &nudge, NULL, d), EQ_OK);
    refused(eq_engine_update(e, a, nothing, NULL, d), d,
            "slot 2 is in the estimator but was not solved");
    refused(eq_engine_update(e, exact, nothing, NULL, d), d,
            "slot 5 is in the estimator but was not solved");
    ck_assert_int_eq(eq_engine_adjoint_phase(e, current, d), EQ_OK);
    ck_assert_int_eq(eq_engine_update(e, exact, nothing, NULL, d), EQ_OK);
    eq_engine_load(e);
    refused(eq_engine_nudged_phase(e, 1, &nudge, y, d), d, "and the free phase before it");
    refused(eq_engine_adjoint_phase(e, current, d), d, "needs the free phase before it");
    eq_engine_free(e);
    eq_diag_free(d);
    eq_circuit_free(c);
}
END_TEST

/* Keeps the gradient, by row of the memristor table. */
typedef struct kept {
    int32_t row[2][MOST];
    double gradient[MOST];
} kept;

static void keep(void *data, size_t group, size_t offset, size_t n, double *theta,
                 const double *gradient) {
    kept *k = data;
    (void)theta;
    for (size_t j = 0; j < n; j++) k->gradient[k->row[group][offset + j]] = gradient[j];
}

/* One minibatch on a fresh circuit: outputs of the free and of a nudged phase, and the gradient. */
static void minibatch(eq_engine_kind kind, const char *extra, const char *inputs, const double *x,
                      double *free_y, double *nudged_y, double *gradient) {
    eq_circuit *c = deck(extra, inputs, "y1 y2", trained);
    eq_engine_options o = {kind, EXAMPLES, 1};
    eq_engine *e = NULL;
    kept k;
    double current[OUTPUTS * EXAMPLES], a[EQ_MAX_SLOTS] = {-1e6, 1e6, 0.0, 0.0, 0.0, 2e6};
    for (int j = 0; j < OUTPUTS * EXAMPLES; j++) current[j] = 1e-5 * (j + 1);
    eq_nudge nudge = {.current = current};
    ck_assert_int_eq(eq_engine_new(c, &o, &e, NULL), EQ_OK);
    for (size_t g = 0; g < 2; g++) eq_engine_group_rows(e, g, k.row[g]);
    for (int round = 0; round < 2; round++) { /* the second one after an update */
        ck_assert_int_eq(eq_engine_free_phase(e, EXAMPLES, x, free_y, NULL), EQ_OK);
        ck_assert_int_eq(eq_engine_nudged_phase(e, 1, &nudge, nudged_y, NULL), EQ_OK);
        ck_assert_int_eq(eq_engine_adjoint_phase(e, current, NULL), EQ_OK);
        ck_assert_int_eq(eq_engine_update(e, a, keep, &k, NULL), EQ_OK);
    }
    ck_assert_double_le(eq_engine_about(e).worst_ratio, 1.0);
    memcpy(gradient, k.gradient, c->table[EQ_CLASS_memristor].count * sizeof *gradient);
    eq_engine_free(e);
    eq_circuit_free(c);
}

static const struct {
    const char *extra, *inputs;
    int halves; /* 1: x3 = -x1, x4 = -x2; 2: x2 = -x1, x4 = -x3 */
} alike[] = {{"", ALL, 0},
             {"", ALL, 1},
             {"", ALL, 2},
             {"", "Vx2 Vx1", 0},
             {"I9 h1 0 20u\n", ALL, 0},
             {"I9 0 h2 20u\nI8 y1 y2 5u\nI7 b 0 1m\n", ALL, 1},
             {"I9 0 0 1u\nR9 b 0 1k\nR8 x1 b 1k\nR7 h1 0 5k\nR6 y1 b 5k\n", ALL, 0},
             {"D9 b 0 dm\nD8 y1 0 dm\n", ALL, 2},
             {"D9 y1 0 di\n.model di D(ron=5k roff=100 vfwd=0.01)\n", ALL, 0},
             {"D9 b y1 di\nD8 h2 0 di\n.model di D(ron=500k roff=50 vfwd=0.02)\n", ALL, 0}};
enum { ALIKE = sizeof alike / sizeof *alike };

START_TEST(both_engines_agree) {
    double x[INPUTS * EXAMPLES], y[2][2][OUTPUTS * EXAMPLES], g[2][MOST], most = 0.0;
    int count = alike[_i].inputs[2] == '1' ? INPUTS : 2;
    for (int n = 0; n < EXAMPLES; n++)
        for (int k = 0; k < count; k++) {
            int own = alike[_i].halves == 1 ? k % 2 : alike[_i].halves == 2 ? k / 2 : k;
            double sign =
                (alike[_i].halves == 1 && k >= 2) || (alike[_i].halves == 2 && k % 2) ? -1 : 1;
            x[n * count + k] = sign * sin(1.0 + 3.0 * n + own);
        }
    for (int e = 0; e < 2; e++)
        minibatch(both[e], alike[_i].extra, alike[_i].inputs, x, y[e][0], y[e][1], g[e]);
    for (int k = 0; k < OUTPUTS * EXAMPLES; k++)
        for (int phase = 0; phase < 2; phase++)
            ck_assert_double_eq_tol(y[0][phase][k], y[1][phase][k], 1e-9);
    for (int k = 0; k < 12; k++) most = fmax(most, fabs(g[1][k]));
    ck_assert_double_gt(most, 0.0);
    for (int k = 0; k < 12; k++) ck_assert_double_eq_tol(g[0][k], g[1][k], 1e-6 * most);
}
END_TEST

/* An output whose conductances have all been trained to zero floats: no engine gives it a
 * potential. */
START_TEST(a_node_without_conductance) {
    static const char *const hangs[] = {"", "I9 0 y1 1n\n"};
    for (int k = 0; k < 4; k++) {
        eq_engine_options o = {both[k % 2], EXAMPLES, 1};
        eq_engine *e = NULL;
        eq_diag *d = eq_diag_new();
        double x[INPUTS * EXAMPLES], y[OUTPUTS * EXAMPLES];
        eq_circuit *c = deck(hangs[k / 2], ALL, "y1 y2", "*% train Ra* Rb* Rg1 gmin=0 gmax=1\n");
        for (int j = 0; j < INPUTS * EXAMPLES; j++) x[j] = 0.1 * j - 0.5;
        const char *at_y1[] = {"rb11", "rb21", "rg1"};
        for (int j = 0; j < 3; j++)
            *eq_circuit_param(c, eq_circuit_find_element(c, at_y1[j]), 0) = 0.0;
        eq_circuit_derive(c);
        ck_assert_int_eq(eq_engine_new(c, &o, &e, d), EQ_OK);
        eq_status status = eq_engine_free_phase(e, EXAMPLES, x, y, d);
        ck_assert_msg(status == EQ_ERR_SINGULAR, "engine %d, %s: %d, %g", k % 2, hangs[k / 2],
                      status, y[0]);
        bool named = false;
        for (size_t m = 0; m < eq_diag_count(d); m++)
            named = named || strstr(eq_diag_get(d, m)->text, "node y1") != NULL;
        ck_assert(named);
        eq_engine_free(e);
        eq_diag_free(d);
        eq_circuit_free(c);
    }
}
END_TEST

Suite *engine_suite(void) {
    Suite *s = suite_create("engine");
    TCase *t = tcase_create("choice");
    tcase_add_loop_test(t, other_circuits_take_the_sparse_engine, 0, OTHERS);
    tcase_add_test(t, too_few_resistors_for_a_crossbar);
    tcase_add_test(t, too_few_resistors_between_layers);
    tcase_add_test(t, bad_solve_options_are_refused);
    tcase_add_test(t, circuits_that_cannot_be_trained);
    tcase_add_loop_test(t, calls_out_of_order_are_refused, 0, 2);
    tcase_add_loop_test(t, both_engines_agree, 0, ALIKE);
    tcase_add_test(t, a_node_without_conductance);
    suite_add_tcase(s, t);
    return s;
}
