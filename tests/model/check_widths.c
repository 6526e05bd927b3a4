/* The layered engine at every width: its blocks of rows and of pairs, its vectors and its parts of
 * a minibatch end somewhere in each of these networks. What it computes is held against the sparse
 * engine, which knows no layers: states, the gradient of every conductance, and the states after
 * each conductance was changed. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "circuit/architecture.h"
#include "model/engine.h"

Suite *widths_suite(void);

enum { MOST_INPUTS = 40, MOST_EXAMPLES = 24, MOST_OUTPUTS = 8, MOST_GROUPS = 16 };

/* How the inputs of an example pair x and -x. */
typedef enum pairing { ALONE, BESIDE, HALVES, PAIRINGS } pairing;

typedef struct network {
    eq_circuit *c;
    eq_engine *layered, *sparse;
    size_t examples, memristors;
    double x[MOST_EXAMPLES * MOST_INPUTS], current[MOST_EXAMPLES * MOST_OUTPUTS];
    eq_random random;
} network;

static size_t between(eq_random *r, size_t low, size_t high) {
    return low + (size_t)eq_random_below(r, high - low + 1);
}

static void fill_inputs(network *w, pairing paired) {
    size_t inputs = w->c->inputs, apart = paired == BESIDE ? 1 : inputs / 2;
    for (size_t k = 0; k < w->examples * inputs; k++) {
        bool minus =
            paired == BESIDE ? k % inputs % 2 == 1 : paired == HALVES && k % inputs >= apart;
        w->x[k] = minus ? -w->x[k - apart] : 4.0 * eq_random_uniform(&w->random) - 2.0;
    }
}

/* A network with `inputs` inputs; all else is drawn. */
static network start(size_t inputs, uint64_t seed) {
    network w = {.random = eq_random_seed(seed)};
    eq_random *r = &w.random;
    eq_architecture a;
    char layers[64], second[16] = "";
    bool amplified = eq_random_below(r, 2) == 0;
    if (eq_random_below(r, 3) == 0) snprintf(second, sizeof second, "%zu,", between(r, 1, 12));
    ck_assert_int_eq(eq_architecture_kind(amplified ? "kendall" : "drn", &a, NULL), EQ_OK);
    size_t outputs = between(r, 1, MOST_OUTPUTS / 2) * (a.differential ? 2 : 1);
    snprintf(layers, sizeof layers, "%zu,%zu,%s%zu", inputs, between(r, 1, 20), second, outputs);
    ck_assert_int_eq(eq_architecture_layers(layers, &a, NULL), EQ_OK);
    a.diode = eq_random_below(r, 2) == 0 ? EQ_NEURON_SHOCKLEY : EQ_NEURON_IDEAL;
    a.biases = between(r, 0, 2);
    a.bias[0] = 1.0;
    a.bias[1] = -0.5;
    a.seed = seed;
    ck_assert_int_eq(eq_architecture_build(&a, &w.c, NULL), EQ_OK);
    w.memristors = w.c->table[EQ_CLASS_memristor].count;
    w.examples = between(r, 1, MOST_EXAMPLES);
    size_t batch = between(r, w.examples, MOST_EXAMPLES);
    eq_engine_options layered = {EQ_ENGINE_LAYERED, batch, (int)between(r, 1, 4)},
                      sparse = {EQ_ENGINE_SPARSE, batch, 1};
    ck_assert_int_eq(eq_engine_new(w.c, &layered, &w.layered, NULL), EQ_OK);
    ck_assert_int_eq(eq_engine_new(w.c, &sparse, &w.sparse, NULL), EQ_OK);
    for (size_t k = 0; k < MOST_EXAMPLES * MOST_OUTPUTS; k++)
        w.current[k] = 1e-5 * (eq_random_uniform(r) - 0.5);
    return w;
}

static void finish(network *w) {
    eq_engine_free(w->layered);
    eq_engine_free(w->sparse);
    eq_circuit_free(w->c);
}

/* Both engines solve both phases to the same outputs. */
static void compare_phases(network *w) {
    double y[2][2][MOST_EXAMPLES * MOST_OUTPUTS];
    eq_engine *e[2] = {w->layered, w->sparse};
    eq_nudge nudge = {.current = w->current};
    for (int q = 0; q < 2; q++) {
        ck_assert_int_eq(eq_engine_free_phase(e[q], w->examples, w->x, y[q][0], NULL), EQ_OK);
        ck_assert_int_eq(eq_engine_nudged_phase(e[q], 1, &nudge, y[q][1], NULL), EQ_OK);
        ck_assert_double_lt(eq_engine_about(e[q]).worst_ratio, 1.0);
        ck_assert_double_ge(eq_engine_about(e[q]).solves, (double)w->examples);
        ck_assert_double_ge(eq_engine_about(e[q]).iterations, 0.0);
    }
    for (int phase = 0; phase < 2; phase++)
        for (size_t k = 0; k < w->examples * w->c->outputs; k++)
            ck_assert_double_eq_tol(y[0][phase][k], y[1][phase][k],
                                    1e-8 * (0.01 + fabs(y[1][phase][k])));
}

/* What one engine hands to the step, by row of the circuit's table; `change`: multiplies every
 * conductance by a factor of its own. */
typedef struct taken {
    double *gradient, *factor;  /* [memristors] */
    int32_t *rows[MOST_GROUPS]; /* [group][position] row */
    bool change;
} taken;

static void take(void *data, size_t group, size_t offset, size_t n, double *theta,
                 const double *gradient) {
    taken *t = data;
    for (size_t j = 0; j < n; j++) {
        int32_t row = t->rows[group][offset + j];
        ck_assert(isnan(t->gradient[row])); /* every conductance is handed out once */
        t->gradient[row] = gradient[j];
        if (t->change) theta[j] *= t->factor[row];
    }
}

/* The gradient of one engine, with the conductances times `factor` when it is not NULL. */
static double *gradient_of(const network *w, eq_engine *e, double *factor) {
    static const double a[EQ_MAX_SLOTS] = {-1e5, 1e5};
    taken t = {.gradient = eq_malloc(w->memristors, sizeof(double)),
               .factor = factor,
               .change = factor != NULL};
    ck_assert_uint_le(w->c->groups, MOST_GROUPS);
    for (size_t k = 0; k < w->memristors; k++) t.gradient[k] = NAN;
    for (size_t g = 0; g < w->c->groups; g++) {
        t.rows[g] = eq_malloc(w->c->group[g].count, sizeof **t.rows);
        eq_engine_group_rows(e, g, t.rows[g]);
    }
    ck_assert_int_eq(eq_engine_update(e, a, take, &t, NULL), EQ_OK);
    for (size_t g = 0; g < w->c->groups; g++) eq_free(t.rows[g]);
    return t.gradient;
}

/* One update, which changes every conductance by 0..20 % (of its own row, so that a change that
 * goes to another place shows), and what is stored of it. */
static void compare_update(network *w) {
    double *g = w->c->table[EQ_CLASS_memristor].w[0], most = 0.0;
    double *factor = eq_malloc(w->memristors, sizeof *factor),
           *kept = eq_malloc(w->memristors, sizeof *kept);
    for (size_t k = 0; k < w->memristors; k++) {
        factor[k] = 1.0 + 0.2 * eq_random_uniform(&w->random);
        kept[k] = g[k];
    }
    double *sparse = gradient_of(w, w->sparse, NULL), *layered = gradient_of(w, w->layered, factor);
    for (size_t k = 0; k < w->memristors; k++) most = fmax(most, fabs(sparse[k]));
    ck_assert_double_gt(most, 0.0);
    for (size_t k = 0; k < w->memristors; k++)
        ck_assert_double_eq_tol(layered[k], sparse[k], 1e-6 * most);
    eq_engine_store(w->layered);
    for (size_t k = 0; k < w->memristors; k++) ck_assert_double_eq(g[k], kept[k] * factor[k]);
    eq_engine_load(w->sparse);
    eq_free(sparse);
    eq_free(layered);
    eq_free(factor);
    eq_free(kept);
}

/* The states after an update are those of the changed conductances, whatever pairs there are before
 * and after. */
static void check_network(size_t inputs, pairing paired, uint64_t seed) {
    network w = start(inputs, seed);
    for (int round = 0; round < 2; round++) {
        fill_inputs(&w, paired);
        compare_phases(&w);
        compare_update(&w);
        compare_phases(&w);
    }
    fill_inputs(&w, ALONE);
    compare_phases(&w);
    compare_update(&w);
    fill_inputs(&w, paired);
    compare_phases(&w);
    finish(&w);
}

START_TEST(every_width_agrees_with_the_sparse_engine) {
    size_t inputs = 1 + (size_t)_i;
    for (pairing p = ALONE; p < PAIRINGS; p++)
        if (p == ALONE || inputs % 2 == 0) check_network(inputs, p, 100 * inputs + (uint64_t)p);
}
END_TEST

/* Gains that multiply over the layers throw Newton's first steps far beyond what diodes allow. */
static eq_circuit *deep(const char *layers, double gain, uint64_t seed) {
    eq_architecture a;
    eq_circuit *c;
    ck_assert_int_eq(eq_architecture_kind("kendall", &a, NULL), EQ_OK);
    a.differential = false;
    ck_assert_int_eq(eq_architecture_layers(layers, &a, NULL), EQ_OK);
    a.gain = gain;
    a.feedback = 1.0 / gain;
    a.up = 0.7;
    a.down = -0.7;
    a.gmin = 1e-9;
    a.gmax = 1e-3;
    a.low = 2e-8;
    a.high = 5e-4;
    a.seed = seed;
    ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
    return c;
}

static const char *const stacks[] = {"4,2,3,1,2,3", "4,3,3,3,3", "4,10,10,10,3",
                                     "4,10,10,10,10,10,3", "4,5,1,5,1,5,3"};

START_TEST(deep_amplified_networks_agree_with_the_sparse_engine) {
    for (uint64_t seed = 1; seed <= 4; seed++) {
        network w = {.random = eq_random_seed(seed), .examples = 5};
        w.c = deep(stacks[_i], seed % 2 == 0 ? 20.0 : 8.0, seed);
        eq_engine_options layered = {EQ_ENGINE_LAYERED, 5, 1}, sparse = {EQ_ENGINE_SPARSE, 5, 1};
        ck_assert_int_eq(eq_engine_new(w.c, &layered, &w.layered, NULL), EQ_OK);
        ck_assert_int_eq(eq_engine_new(w.c, &sparse, &w.sparse, NULL), EQ_OK);
        fill_inputs(&w, ALONE);
        compare_phases(&w);
        finish(&w);
    }
}
END_TEST

Suite *widths_suite(void) {
    Suite *s = suite_create("widths");
    TCase *t = tcase_create("widths");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, every_width_agrees_with_the_sparse_engine, 0, MOST_INPUTS);
    tcase_add_loop_test(t, deep_amplified_networks_agree_with_the_sparse_engine, 0,
                        sizeof stacks / sizeof *stacks);
    suite_add_tcase(s, t);
    return s;
}
