/* The layered engine against an independent dense Newton: KCL written branch by branch in the
 * physical currents (no energy weights, no elimination), on small random networks. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mna.h"
#include "base/mem.h"
#include "base/random.h"
#include "circuit/architecture.h"
#include "circuit/circuit.h"
#include "devices/diode_law.h"
#include "model/engine.h"
#include "model/layered/layered.h"

Suite *layered_suite(void);

/* A network to test: `neuron` diodes at hidden nodes; unequal gains when amplified. */
typedef struct sample {
    size_t inputs, hidden, second, outputs; /* second: nodes of a second hidden layer, 0 for none */
    bool amplified, differential, ideal, biased, partial, output_diodes;
    size_t idle; /* inputs that lead nowhere */
} sample;

static const sample samples[] = {
    {.inputs = 6,
     .hidden = 5,
     .outputs = 4,
     .amplified = true,
     .differential = true,
     .biased = true},
    {.inputs = 6, .hidden = 5, .outputs = 3},
    {.inputs = 5, .hidden = 7, .outputs = 2, .ideal = true, .biased = true},
    {.inputs = 8,
     .hidden = 6,
     .outputs = 4,
     .amplified = true,
     .differential = true,
     .partial = true},
    {.inputs = 4, .hidden = 3, .second = 4, .outputs = 2, .amplified = true, .biased = true},
    {.inputs = 4, .hidden = 3, .second = 4, .outputs = 2, .biased = true, .output_diodes = true},
    {.inputs = 4, .hidden = 1, .outputs = 1, .biased = true},
    {.inputs = 6, .hidden = 5, .outputs = 3, .idle = 2},
    /* incomplete crossbars of several blocks of rows: too many conductances for differences */
    {.inputs = 21, .hidden = 17, .outputs = 3, .partial = true, .biased = true},
    {.inputs = 16, .hidden = 9, .second = 10, .outputs = 2, .partial = true, .idle = 1},
};
enum {
    WIDE = 2,
    SAMPLES = sizeof samples / sizeof *samples - WIDE,
    MOST = 64,
    EXAMPLES = 5
}; /* 5: no whole vectors */

static eq_node node(eq_circuit *c, const char *format, size_t k) {
    char name[32];
    snprintf(name, sizeof name, format, k);
    return eq_circuit_node(c, name, strlen(name));
}

/* One element with a running number in its name. */
static eq_element put(eq_circuit *c, int cls, const char *prefix, eq_node a, eq_node b,
                      eq_node control, eq_element by, double value) {
    char name[32];
    snprintf(name, sizeof name, "%s%zu", prefix, eq_circuit_elements(c));
    eq_card card = eq_card_new(cls);
    card.name = name;
    card.name_length = strlen(name);
    card.term[0] = a;
    card.term[1] = b;
    if (control != EQ_NONE) {
        card.term[2] = control;
        card.term[3] = EQ_GROUND;
    }
    card.control = by;
    if (eq_class(cls)->value >= 0)
        card.w[eq_class(cls)->value] = value;
    else
        card.w[eq_param_find(eq_class(cls), cls == EQ_CLASS_diode ? "is" : "ron")] = value;
    eq_element e;
    ck_assert_int_eq(eq_circuit_add(c, &card, &e, NULL), EQ_OK);
    return e;
}

static void diodes(eq_circuit *c, eq_random *r, bool ideal, eq_node at) {
    int cls = ideal ? EQ_CLASS_ideal_diode : EQ_CLASS_diode;
    double value = ideal ? 100.0 : 1e-7;
    eq_node up = node(c, "up%zu", eq_random_below(r, 2)), down = node(c, "down%zu", 0);
    put(c, cls, "d", at, up, EQ_NONE, EQ_NONE, value * (1.0 + eq_random_uniform(r)));
    put(c, cls, "d", down, at, EQ_NONE, EQ_NONE, value);
}

/* The terminal a neuron drives the next layer with: the node itself, or behind its amplifier. The
 * ratio of the gains is free in the first layer; after it, all neurons of a layer are in one
 * component and share one. */
static eq_node drive(eq_circuit *c, eq_random *r, const sample *s, size_t layer, eq_node h) {
    if (!s->amplified) return h;
    eq_node e = node(c, "e%zu", eq_circuit_elements(c)),
            w = node(c, "w%zu", eq_circuit_elements(c));
    double gain = 2.0 + 3.0 * eq_random_uniform(r),
           ratio = layer == 0 ? 0.02 + 0.1 * eq_random_uniform(r) : 0.05;
    put(c, EQ_CLASS_vcvs, "e", e, EQ_GROUND, h, EQ_NONE, gain);
    eq_element vs = put(c, EQ_CLASS_vsource, "v", e, w, EQ_NONE, EQ_NONE, 0.0);
    put(c, EQ_CLASS_cccs, "f", h, EQ_GROUND, EQ_NONE, vs, ratio * gain);
    return w;
}

/* Resistors from every row to every column; when partial some are missing, but those of the first
 * row (one component: else its nudges could be weighted in more than one way). */
static void crossbar(eq_circuit *c, eq_random *r, const sample *s, const char *prefix,
                     const eq_node *row, size_t rows, const eq_node *col, size_t cols) {
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < cols; k++)
            if (!s->partial || i == 0 || i == k || eq_random_uniform(r) < 0.6)
                put(c, EQ_CLASS_resistor, prefix, row[i], col[k], EQ_NONE, EQ_NONE,
                    1.0 / (1e-6 + 9e-6 * eq_random_uniform(r)));
}

static eq_circuit *build(const sample *s, uint64_t seed) {
    eq_circuit *c = eq_circuit_new();
    eq_random random = eq_random_seed(seed), *r = &random;
    eq_node row[MOST], col[MOST], bias = node(c, "bias%zu", 0);
    for (size_t k = 0; k < s->inputs; k++) {
        row[k] = node(c, "x%zu", k);
        ck_assert_int_eq(
            eq_circuit_input(
                c, put(c, EQ_CLASS_vsource, "v", row[k], EQ_GROUND, EQ_NONE, EQ_NONE, 0.0), NULL),
            EQ_OK);
    }
    put(c, EQ_CLASS_vsource, "v", node(c, "up%zu", 0), EQ_GROUND, EQ_NONE, EQ_NONE, 0.1);
    put(c, EQ_CLASS_vsource, "v", node(c, "up%zu", 1), EQ_GROUND, EQ_NONE, EQ_NONE, 0.15);
    put(c, EQ_CLASS_vsource, "v", EQ_GROUND, node(c, "down%zu", 0), EQ_NONE, EQ_NONE, 0.2);
    put(c, EQ_CLASS_vsource, "v", bias, EQ_GROUND, EQ_NONE, EQ_NONE, 1.0);
    size_t width[3] = {s->hidden, s->second, s->outputs}, rows = s->inputs - s->idle;
    for (size_t l = 0; l < 3; l++) {
        for (size_t k = 0; k < width[l]; k++)
            col[k] = node(c, l == 0 ? "h%zu" : l == 1 ? "k%zu" : "o%zu", k);
        if (width[l] == 0) continue;
        crossbar(c, r, s, l == 0 ? "ra" : "rb", row, rows, col, width[l]);
        if (s->biased) crossbar(c, r, s, "rb", &bias, 1, col, width[l]);
        for (size_t k = 0; k < width[l]; k++) {
            if (l < 2 || s->output_diodes) diodes(c, r, s->ideal, col[k]);
            if (l < 2) row[k] = drive(c, r, s, l, col[k]);
        }
        rows = width[l];
    }
    /* a resistor that is not trained */
    put(c, EQ_CLASS_resistor, "rx", node(c, "o%zu", 0), EQ_GROUND, EQ_NONE, EQ_NONE, 1e6);
    for (size_t k = 0; k < s->outputs; k += s->differential ? 2 : 1)
        eq_circuit_output(c, node(c, "o%zu", k), s->differential ? node(c, "o%zu", k + 1) : EQ_NONE,
                          EQ_NONE, EQ_NONE, NULL);
    eq_location at = {EQ_NONE, 0, 0};
    ck_assert_int_eq(eq_circuit_train(c, "ra*", NULL, 1e-9, 1e-3, at, NULL), EQ_OK);
    ck_assert_int_eq(eq_circuit_train(c, "rb*", NULL, 1e-9, 1e-3, at, NULL), EQ_OK);
    ck_assert_int_eq(eq_circuit_freeze(c, NULL), EQ_OK);
    return c;
}

/* Adds i flowing from a to b, slope g with respect to v(p) - v(m), to KCL. */
static void branch(size_t n, double *r, double *jac, eq_node a, eq_node b, double i) {
    (void)n;
    (void)jac;
    r[a] += i;
    r[b] -= i;
}

static void slope(size_t n, double *jac, eq_node a, eq_node b, eq_node p, eq_node m, double g) {
    size_t A = (size_t)a * n, B = (size_t)b * n;
    jac[A + (size_t)p] += g;
    jac[A + (size_t)m] -= g;
    jac[B + (size_t)p] -= g;
    jac[B + (size_t)m] += g;
}

/* Modified nodal analysis, unknowns: potentials of all nodes, then a current for each V and E
 * branch. */
static void assemble(const eq_circuit *c, const double *x, size_t n, double *r, double *jac) {
    memset(r, 0, n * sizeof *r);
    memset(jac, 0, n * n * sizeof *jac);
    size_t nodes = eq_circuit_nodes(c), next = nodes;
    static const int two[] = {EQ_CLASS_resistor, EQ_CLASS_memristor, EQ_CLASS_diode,
                              EQ_CLASS_ideal_diode, EQ_CLASS_isource};
    for (size_t q = 0; q < 5; q++) {
        const eq_table *t = &c->table[two[q]];
        for (size_t j = 0; j < t->count; j++) {
            double *w[EQ_MAX_COLUMNS] = {NULL}, i, g;
            for (int k = 0; k < t->cls->columns; k++) w[k] = &t->w[k][j];
            eq_node a = t->term[0][j], b = t->term[1][j];
            double u = x[a] - x[b];
            t->cls->value_and_slope(1, w, &u, NULL, &i, &g, NULL);
            branch(n, r, jac, a, b, i);
            slope(n, jac, a, b, a, b, g);
        }
    }
    const eq_table *v = &c->table[EQ_CLASS_vsource], *e = &c->table[EQ_CLASS_vcvs],
                   *f = &c->table[EQ_CLASS_cccs];
    for (size_t j = 0; j < v->count + e->count; j++, next++) {
        const eq_table *t = j < v->count ? v : e;
        size_t k = j < v->count ? j : j - v->count;
        size_t a = (size_t)t->term[0][k], b = (size_t)t->term[1][k];
        r[a] += x[next];
        r[b] -= x[next];
        jac[a * n + next] += 1.0;
        jac[b * n + next] -= 1.0;
        r[next] = x[a] - x[b];
        jac[next * n + a] += 1.0;
        jac[next * n + b] -= 1.0;
        if (t == v) {
            r[next] -= t->w[0][k];
        } else {
            r[next] -= t->w[0][k] * x[t->term[2][k]];
            jac[next * n + (size_t)t->term[2][k]] -= t->w[0][k];
        }
    }
    for (size_t j = 0; j < f->count; j++) {
        size_t a = (size_t)f->term[0][j], by = nodes + (size_t)c->row[f->control[j]].row;
        r[a] += f->w[0][j] * x[by];
        jac[a * n + by] += f->w[0][j];
    }
    memset(jac, 0, n * sizeof *jac); /* ground */
    jac[0] = 1.0;
    r[0] = x[0];
}

/* x -= J^-1 r, by Gauss on scaled rows. */
static void newton_step(size_t n, double *jac, double *r, double *x) {
    for (size_t i = 0; i < n; i++) {
        double most = 0.0;
        for (size_t j = 0; j < n; j++) most = fmax(most, fabs(jac[i * n + j]));
        for (size_t j = 0; j < n; j++) jac[i * n + j] /= most;
        r[i] /= most;
    }
    ck_assert(gauss(jac, r, (int)n));
    for (size_t i = 0; i < n; i++) x[i] -= r[i];
}

/* The operating point by Newton with a short step (0.1 V) until the step is gone. */
static void dense_solve(const eq_circuit *c, double *x) {
    size_t n =
        eq_circuit_nodes(c) + c->table[EQ_CLASS_vsource].count + c->table[EQ_CLASS_vcvs].count;
    double *r = eq_calloc(n, sizeof *r), *jac = eq_calloc(n * n, sizeof *jac);
    double *before = eq_calloc(n, sizeof *before), step = 1.0;
    for (int k = 0; k < 5000 && step > 1e-14; k++) {
        memcpy(before, x, n * sizeof *x);
        assemble(c, x, n, r, jac);
        newton_step(n, jac, r, x);
        step = 0.0;
        for (size_t i = 0; i < eq_circuit_nodes(c); i++) step = fmax(step, fabs(x[i] - before[i]));
        for (size_t i = 0; step > 0.5 && i < n; i++)
            x[i] = before[i] + (x[i] - before[i]) * 0.5 / step;
        if (k > 4000) ck_abort_msg("the dense reference does not converge");
    }
    eq_free(r);
    eq_free(jac);
    eq_free(before);
}

/* One test case: circuit, engine, inputs, nudges and the dense answers. */
typedef struct bench {
    const sample *s;
    eq_circuit *c;
    eq_engine *e;
    double *x, *y, *current;
    size_t outputs;
} bench;

/* How the inputs of an example pair x and -x. */
typedef enum pairing { ALONE, BESIDE, HALVES, PAIRINGS } pairing;

/* 1, 2 or 3 threads, as the seed has it. */
static bench start(const sample *s, uint64_t seed, pairing paired) {
    bench b = {.s = s, .c = build(s, seed)};
    eq_random r = eq_random_seed(seed + 100);
    eq_diag *diag = eq_diag_new();
    eq_engine_options o = {EQ_ENGINE_LAYERED, 8, 1 + (int)(seed % 3)};
    eq_status status = eq_engine_new(b.c, &o, &b.e, diag);
    if (status != EQ_OK) ck_abort_msg("%s", eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    ck_assert_str_eq(eq_engine_about(b.e).name, "layered");
    b.outputs = b.c->outputs;
    b.x = eq_calloc(EXAMPLES * s->inputs, sizeof(double));
    b.y = eq_calloc(EXAMPLES * b.outputs, sizeof(double));
    b.current = eq_calloc(EXAMPLES * b.outputs, sizeof(double));
    size_t apart = paired == BESIDE ? 1 : s->inputs / 2;
    for (size_t k = 0; k < EXAMPLES * s->inputs; k++) {
        bool minus = paired == BESIDE ? k % 2 == 1 : paired == HALVES && k % s->inputs >= apart;
        b.x[k] = minus ? -b.x[k - apart] : 8.0 * eq_random_uniform(&r) - 4.0;
    }
    for (size_t k = 0; k < EXAMPLES * b.outputs; k++)
        b.current[k] = 1e-6 * (eq_random_uniform(&r) - 0.5);
    return b;
}

static void finish(bench *b) {
    eq_engine_free(b->e);
    eq_circuit_free(b->c);
    eq_free(b->x);
    eq_free(b->y);
    eq_free(b->current);
}

/* Outputs of example n by the dense reference, with `part` of the nudge currents. */
static void reference(bench *b, size_t n, double part, double *y) {
    eq_circuit *c = b->c;
    for (size_t k = 0; k < c->inputs; k++)
        *eq_circuit_source(c, c->input[k]) = b->x[n * c->inputs + k];
    for (size_t k = 0; k < c->outputs; k++) {
        double i = part * b->current[n * c->outputs + k];
        *eq_circuit_source(c, c->output[k].nudge_plus) = i;
        if (c->output[k].minus != EQ_NONE) *eq_circuit_source(c, c->output[k].nudge_minus) = -i;
    }
    double *v = eq_calloc(1000, sizeof *v);
    dense_solve(c, v);
    for (size_t k = 0; k < c->outputs; k++)
        y[k] = v[c->output[k].plus] - (c->output[k].minus == EQ_NONE ? 0.0 : v[c->output[k].minus]);
    eq_free(v);
}

static void compare(bench *b, double part) {
    double y[MOST];
    for (size_t n = 0; n < EXAMPLES; n++) {
        reference(b, n, part, y);
        for (size_t k = 0; k < b->outputs; k++)
            ck_assert_double_eq_tol(b->y[n * b->outputs + k], y[k], 1e-9 * (1e-3 + fabs(y[k])));
    }
}

START_TEST(phases_agree_with_a_dense_newton) {
    for (pairing paired = ALONE; paired < PAIRINGS; paired++) {
        bench b = start(&samples[_i], 1 + (uint64_t)_i, paired);
        eq_nudge nudge = {.current = b.current};
        ck_assert_int_eq(eq_engine_free_phase(b.e, EXAMPLES, b.x, b.y, NULL), EQ_OK);
        compare(&b, 0.0);
        ck_assert_int_eq(eq_engine_nudged_phase(b.e, 2, &nudge, b.y, NULL), EQ_OK);
        compare(&b, 1.0);
        double worst = eq_engine_about(b.e).worst_ratio;
        ck_assert(worst > 0.0 && worst <= 1.0);
        finish(&b);
    }
}
END_TEST

/* Where round-off keeps the residuals from being far below the bound, the iteration ends: eleven
 * decades of tolerances, down to those that cannot be held. */
START_TEST(round_off_ends_the_iteration) {
    bench b = start(&samples[_i], 2, ALONE);
    eq_nudge nudge = {.current = b.current};
    size_t solved = 0;
    for (int decade = 6; decade <= 16; decade++) {
        eq_engine_info before = eq_engine_about(b.e);
        b.c->options.reltol = pow(10.0, -decade);
        b.c->options.abstol = 1e-30;
        eq_engine_load(b.e);
        eq_status status = eq_engine_free_phase(b.e, EXAMPLES, b.x, b.y, NULL);
        if (status == EQ_OK) status = eq_engine_nudged_phase(b.e, 1, &nudge, b.y, NULL);
        eq_engine_info after = eq_engine_about(b.e);
        if (status != EQ_OK) continue;
        solved++;
        ck_assert_msg(after.iterations - before.iterations <= 15.0 * (after.solves - before.solves),
                      "%g iterations a phase at 1e-%d",
                      (after.iterations - before.iterations) / (after.solves - before.solves),
                      decade);
    }
    ck_assert_uint_ge(solved, 6);
    finish(&b);
}
END_TEST

/* Energy nudging: F = P + b C with C = sum (y - t)^2/2 is a resistor b to the target at every
 * output; the state must be stationary, so nudging with the current it settles at gives the same
 * state. */
START_TEST(energy_nudging_settles_where_its_current_holds) {
    bench b = start(&samples[_i], 7, ALONE);
    size_t m = b.outputs;
    double *slope_of = eq_calloc(EXAMPLES * m * m, sizeof(double)),
           *at = eq_calloc(EXAMPLES * m, sizeof(double));
    double *settled = eq_calloc(EXAMPLES * m, sizeof(double)), strength = 1e-5;
    ck_assert_int_eq(eq_engine_free_phase(b.e, EXAMPLES, b.x, at, NULL), EQ_OK);
    for (size_t n = 0; n < EXAMPLES; n++)
        for (size_t k = 0; k < m; k++) slope_of[(n * m + k) * m + k] = strength;
    eq_nudge energy = {.current = b.current, .slope = slope_of, .at = at};
    ck_assert_int_eq(eq_engine_nudged_phase(b.e, 1, &energy, b.y, NULL), EQ_OK);
    memcpy(settled, b.y, EXAMPLES * m * sizeof(double));
    for (size_t k = 0; k < EXAMPLES * m; k++) {
        ck_assert_double_gt(fabs(settled[k] - at[k]), 0.0);
        b.current[k] -= strength * (settled[k] - at[k]);
    }
    eq_nudge fixed = {.current = b.current};
    ck_assert_int_eq(eq_engine_nudged_phase(b.e, 2, &fixed, b.y, NULL), EQ_OK);
    for (size_t k = 0; k < EXAMPLES * m; k++)
        ck_assert_double_eq_tol(b.y[k], settled[k], 1e-10 * (1e-3 + fabs(settled[k])));
    eq_free(slope_of);
    eq_free(at);
    eq_free(settled);
    finish(&b);
}
END_TEST

/* Keeps the gradient by group and position and leaves the conductances,
 * or adds something to each. */
typedef struct keep {
    double gradient[2][1000];
    double add;
} keep;

static void keep_step(void *data, size_t group, size_t offset, size_t n, double *theta,
                      const double *gradient) {
    keep *k = data;
    memcpy(&k->gradient[group][offset], gradient, n * sizeof *gradient);
    for (size_t j = 0; j < n; j++) theta[j] += k->add * (1.0 + (double)((offset + j) % 7));
}

/* L = sum_nk q_nk y_nk: its nudge current is -b q, and dL/dg comes from central differences of L in
 * the dense reference. */
static double loss(bench *b) {
    double sum = 0.0, y[MOST];
    for (size_t n = 0; n < EXAMPLES; n++) {
        reference(b, n, 0.0, y);
        for (size_t k = 0; k < b->outputs; k++) sum += b->current[n * b->outputs + k] * y[k];
    }
    return sum;
}

static void agree_with_central_differences(int i, bool adjoint) {
    bench b = start(&samples[i / PAIRINGS], 3, (pairing)(i % PAIRINGS));
    double scaled[EXAMPLES * MOST], beta = 1e-4;
    keep *k = eq_calloc(1, sizeof *k);
    ck_assert_int_eq(eq_engine_free_phase(b.e, EXAMPLES, b.x, b.y, NULL), EQ_OK);
    if (adjoint) ck_assert_int_eq(eq_engine_adjoint_phase(b.e, b.current, NULL), EQ_OK);
    for (int s = 1; s <= 2 && !adjoint; s++) {
        for (size_t j = 0; j < EXAMPLES * b.outputs; j++)
            scaled[j] = (s == 1 ? -beta : beta) * b.current[j];
        eq_nudge nudge = {.current = scaled};
        ck_assert_int_eq(eq_engine_nudged_phase(b.e, s, &nudge, NULL, NULL), EQ_OK);
    }
    double phases[EQ_MAX_SLOTS] = {0.0, 0.5 / beta, -0.5 / beta},
           exact[EQ_MAX_SLOTS] = {[EQ_ADJOINT] = 1.0};
    ck_assert_int_eq(eq_engine_update(b.e, adjoint ? exact : phases, keep_step, k, NULL), EQ_OK);
    for (size_t g = 0; g < b.c->groups; g++) {
        int32_t rows[1000];
        double most = 0.0;
        ck_assert_uint_eq(eq_engine_group_rows(b.e, g, rows), b.c->group[g].count);
        for (size_t j = 0; j < b.c->group[g].count; j++) most = fmax(most, fabs(k->gradient[g][j]));
        for (size_t j = 0; j < b.c->group[g].count; j++) {
            double *w = &b.c->table[EQ_CLASS_memristor].w[0][rows[j]], kept = *w, h = 1e-3 * kept;
            *w = kept + h;
            double up = loss(&b);
            *w = kept - h;
            double difference = (up - loss(&b)) / (2.0 * h);
            *w = kept;
            ck_assert_double_eq_tol(k->gradient[g][j], difference, (adjoint ? 1e-5 : 3e-5) * most);
        }
    }
    eq_free(k);
    finish(&b);
}

START_TEST(gradient_agrees_with_central_differences) {
    agree_with_central_differences(_i, false);
}
END_TEST

START_TEST(adjoint_agrees_with_central_differences) {
    agree_with_central_differences(_i, true);
}
END_TEST

/* After an update the engine works with the changed conductances, and store writes them to the
 * circuit; also when x and -x are paired before and after the update but not in it. */
START_TEST(update_changes_what_is_solved) {
    bench b = start(&samples[_i / PAIRINGS], 5, (pairing)(_i % PAIRINGS));
    keep *k = eq_calloc(1, sizeof *k);
    k->add = 1e-6;
    eq_nudge nudge = {.current = b.current};
    double a[EQ_MAX_SLOTS] = {-1.0, 1.0};
    ck_assert_int_eq(eq_engine_free_phase(b.e, EXAMPLES, b.x, b.y, NULL), EQ_OK);
    b.x[0] += 1.0;
    ck_assert_int_eq(eq_engine_free_phase(b.e, EXAMPLES, b.x, b.y, NULL), EQ_OK);
    b.x[0] -= 1.0;
    ck_assert_int_eq(eq_engine_nudged_phase(b.e, 1, &nudge, NULL, NULL), EQ_OK);
    double before = b.c->table[EQ_CLASS_memristor].w[0][0];
    ck_assert_int_eq(eq_engine_update(b.e, a, keep_step, k, NULL), EQ_OK);
    ck_assert_int_eq(eq_engine_free_phase(b.e, EXAMPLES, b.x, b.y, NULL), EQ_OK);
    ck_assert_double_eq(b.c->table[EQ_CLASS_memristor].w[0][0], before);
    eq_engine_store(b.e);
    ck_assert_double_gt(b.c->table[EQ_CLASS_memristor].w[0][0], before);
    compare(&b, 0.0);
    eq_free(k);
    finish(&b);
}
END_TEST

/* The kernels of every instruction set that this processor has. */
static const eq_kernels *kernels_of(int k) {
    const eq_kernels *best = eq_kernels_pick(),
                     *all[] = {&eq_kernels_base, &eq_kernels_v3, &eq_kernels_v4};
    bool has = k == 0 || best == all[2] || (best == all[1] && k == 1);
    return has ? all[k] : &eq_kernels_base;
}

/* The vector law is that of devices/diode_law.h: a node with one diode and no conductance, anode or
 * cathode at the node. */
START_TEST(vector_diodes_follow_the_scalar_law) {
    for (int k = -200; k < 100; k++) {
        double sign = k % 2 ? 1.0 : -1.0, none = 1e300, at = 0.1, vte = 0.026, amperes = 1e-9;
        double bias = at, is = sign * amperes, per_is = 1.0 / amperes, per_vte = sign / vte;
        eq_node_law law = {.nodes = 1,
                           .shockley = 1,
                           .bias = &bias,
                           .is = &is,
                           .vte = &vte,
                           .per_is = &per_is,
                           .per_vte = &per_vte,
                           .open_up = &none,
                           .open_down = &none,
                           .low = &at,
                           .high = &at};
        double zero = 0.0, in[16] = {0.0}, from[16] = {0.0}, v[16], f[16], g[16], size[16];
        eq_node_rows rows = {.ld = 8, .fixed = &zero, .coupled = &zero, .in = in, .from = from};
        for (int lane = 0; lane < 8; lane++) v[lane] = 0.0123 * k + 0.001 * lane;
        kernels_of(_i)->nodes_evaluate(&law, &rows, v, f, g, size);
        for (int lane = 0; lane < 8; lane++) {
            double i, slope_of;
            eq_diode_law(sign * (v[lane] - at), amperes, vte, 0.0, &i, &slope_of);
            ck_assert_double_eq_tol(f[lane], sign * i, 4e-15 * amperes + 2e-14 * fabs(i));
            ck_assert_double_eq_tol(g[lane], slope_of, 2e-14 * slope_of);
        }
    }
}
END_TEST

/* Nodes with two opposed diodes and any current: the residual at the answer, by the scalar law, is
 * rounding. */
START_TEST(scalar_nodes_are_solved_by_every_kernel) {
    enum { NODES = 3, LD = 12 };
    eq_random r = eq_random_seed(9);
    double bias[2 * NODES], vte[2 * NODES], is[2 * NODES], per_is[2 * NODES], per_vte[2 * NODES];
    double up[2 * NODES], down[2 * NODES], low[NODES], high[NODES], fixed[NODES], coupled[NODES];
    double in[NODES * LD + 8], from[NODES * LD + 8] = {0.0}, v[NODES * LD + 8],
                                                 inverse[NODES * LD + 8];
    double bound[NODES] = {1e-12, 1e-12, 1e-12};
    for (size_t k = 0; k < 2 * NODES; k++) {
        double sign = k < NODES ? 1.0 : -1.0,
               amperes = pow(10.0, -14.0 + 9.0 * eq_random_uniform(&r));
        bias[k] = sign * eq_random_uniform(&r);
        vte[k] = 0.02 + 0.03 * eq_random_uniform(&r);
        is[k] = sign * amperes;
        per_is[k] = 1.0 / amperes;
        per_vte[k] = sign / vte[k];
        up[k] = sign > 0.0 ? 0.0 : 1e300;
        down[k] = sign > 0.0 ? 1e300 : 0.0;
    }
    for (size_t j = 0; j < NODES; j++) {
        low[j] = fmin(bias[j], bias[j + NODES]);
        high[j] = fmax(bias[j], bias[j + NODES]);
        fixed[j] = pow(10.0, -7.0 + 5.0 * eq_random_uniform(&r));
        coupled[j] = fixed[j] * eq_random_uniform(&r);
    }
    eq_node_law law = {.nodes = NODES,
                       .shockley = 2,
                       .bias = bias,
                       .is = is,
                       .vte = vte,
                       .per_is = per_is,
                       .per_vte = per_vte,
                       .open_up = up,
                       .open_down = down,
                       .low = low,
                       .high = high};
    for (size_t k = NODES * LD; k < NODES * LD + 8; k++) in[k] = v[k] = NAN; /* must not matter */
    for (int trial = 0; trial < 200; trial++) {
        for (size_t k = 0; k < NODES * LD; k++) {
            in[k] = (eq_random_uniform(&r) - 0.5) * pow(10.0, -9.0 + 9.0 * eq_random_uniform(&r));
            v[k] = 4.0 * eq_random_uniform(&r) - 2.0;
        }
        eq_node_rows rows = {.ld = LD,
                             .fixed = fixed,
                             .coupled = coupled,
                             .in = in,
                             .from = from,
                             .bound = bound,
                             .reltol = 1e-9};
        ck_assert_double_le(kernels_of(_i)->nodes_solve(&law, &rows, v, inverse), 1.0);
        for (size_t k = 0; k < NODES * LD; k++) {
            size_t j = k / LD;
            double a = fixed[j] + coupled[j], f = a * v[k] - in[k],
                   scale = fabs(a * v[k]) + fabs(in[k]);
            for (size_t d = j; d < 2 * NODES; d += NODES) {
                double sign = d < NODES ? 1.0 : -1.0, i, g;
                eq_diode_law(sign * (v[k] - bias[d]), fabs(is[d]), vte[d], 0.0, &i, &g);
                f += sign * i;
                scale += fabs(i);
            }
            ck_assert_double_le(fabs(f), 4e-13 * scale);
        }
    }
}
END_TEST

/* Tiles of every width and their remainders, turned or not, beside sums one by one. */
START_TEST(products_of_every_kernel_are_those_of_their_entries) {
    enum { ROWS = 13, DEPTH = 5, LANES = 36, LD = LANES + 8 };
    eq_random r = eq_random_seed(3);
    double a[ROWS * DEPTH], b[DEPTH * LD], c[ROWS * LD], before[ROWS * LD];
    for (size_t k = 0; k < ROWS * DEPTH; k++) a[k] = eq_random_uniform(&r) - 0.5;
    for (size_t k = 0; k < DEPTH * LD; k++) b[k] = eq_random_uniform(&r) - 0.5;
    for (size_t k = 0; k < ROWS * LD; k++) before[k] = eq_random_uniform(&r);
    for (size_t rows = 1; rows <= ROWS; rows++)
        for (size_t lanes = 4; lanes <= LANES; lanes += 4) {
            bool turned = rows % 2, add = lanes % 8;
            double sign = rows % 3 ? 1.0 : -1.0;
            eq_product p = {rows, DEPTH, a, turned ? 1 : DEPTH, turned ? ROWS : 1, sign, add};
            memcpy(c, before, sizeof c);
            kernels_of(_i)->lanes_product(&p, lanes, b, LD, c, LD);
            for (size_t k = 0; k < ROWS * LD; k++) {
                size_t i = k / LD, n = k % LD;
                double sum = i < rows && n < lanes && !add ? 0.0 : before[k];
                for (size_t h = 0; i < rows && n < lanes && h < DEPTH; h++)
                    sum += sign * a[i * p.row + h * p.column] * b[h * LD + n];
                ck_assert_double_eq_tol(c[k], sum, 1e-15);
            }
        }
}
END_TEST

/* The two engines give the same states (inputs are volts) and the same gradient. */
START_TEST(layered_and_sparse_engines_agree) {
    bench b =
        start(&samples[_i / PAIRINGS], 11 + (uint64_t)(_i / PAIRINGS), (pairing)(_i % PAIRINGS));
    eq_engine *layered = b.e, *sparse = NULL;
    eq_engine_options o = {EQ_ENGINE_SPARSE, 8, 1};
    ck_assert_int_eq(eq_engine_new(b.c, &o, &sparse, NULL), EQ_OK);
    ck_assert_str_eq(eq_engine_about(sparse).name, "sparse");
    eq_nudge nudge = {.current = b.current};
    double *free_y[2], *nudged_y[2], a[EQ_MAX_SLOTS] = {-1e6, 0.0, 0.0, 1e6};
    double *gradient = eq_calloc(b.c->table[EQ_CLASS_memristor].count * 2, sizeof *gradient);
    keep *k = eq_calloc(1, sizeof *k);
    for (int q = 0; q < 2; q++) {
        eq_engine *e = q == 0 ? layered : sparse;
        free_y[q] = eq_calloc(EXAMPLES * b.outputs, sizeof(double));
        nudged_y[q] = eq_calloc(EXAMPLES * b.outputs, sizeof(double));
        ck_assert_int_eq(eq_engine_free_phase(e, EXAMPLES, b.x, free_y[q], NULL), EQ_OK);
        ck_assert_int_eq(eq_engine_nudged_phase(e, 3, &nudge, nudged_y[q], NULL), EQ_OK);
        ck_assert_int_eq(eq_engine_update(e, a, keep_step, k, NULL), EQ_OK);
        for (size_t g = 0; g < b.c->groups; g++) {
            int32_t rows[1000];
            size_t count = eq_engine_group_rows(e, g, rows);
            for (size_t j = 0; j < count; j++) gradient[2 * rows[j] + q] = k->gradient[g][j];
        }
    }
    double most = 0.0;
    for (size_t j = 0; j < EXAMPLES * b.outputs; j++) {
        ck_assert_double_eq_tol(free_y[0][j], free_y[1][j], 1e-9 * (0.1 + fabs(free_y[1][j])));
        ck_assert_double_eq_tol(nudged_y[0][j], nudged_y[1][j],
                                1e-9 * (0.1 + fabs(nudged_y[1][j])));
    }
    for (size_t j = 0; j < b.c->table[EQ_CLASS_memristor].count; j++)
        most = fmax(most, fabs(gradient[2 * j]));
    for (size_t j = 0; j < b.c->table[EQ_CLASS_memristor].count; j++)
        ck_assert_double_eq_tol(gradient[2 * j], gradient[2 * j + 1], 1e-6 * most);
    for (int q = 0; q < 2; q++) {
        eq_free(free_y[q]);
        eq_free(nudged_y[q]);
    }
    eq_free(gradient);
    eq_free(k);
    eq_engine_free(sparse);
    finish(&b);
}
END_TEST

/* Two wide hidden layers: too many kept nodes for a dense Schur complement, solved by sweeps. Free
 * and nudged outputs are those of the sparse engine; by a current, and by one that falls with the outputs, more
 * steeply than all else that they are connected to. */
static const eq_neuron_diode swept_diode[] = {EQ_NEURON_SHOCKLEY, EQ_NEURON_IDEAL};

/* The adjoint's gradient by row of the table; how many rows. */
typedef struct swept {
    const eq_circuit *c;
    int32_t *row[16];
    double *gradient;
} swept;

static void keep_swept(void *data, size_t group, size_t offset, size_t n, double *theta,
                       const double *gradient) {
    swept *s = data;
    (void)theta;
    for (size_t j = 0; j < n; j++) s->gradient[s->row[group][offset + j]] = gradient[j];
}

static size_t swept_adjoint(eq_engine *e, const eq_circuit *c, const double *dcdy,
                            double *gradient) {
    swept s = {.c = c, .gradient = gradient};
    double a[EQ_MAX_SLOTS] = {[EQ_ADJOINT] = 1.0};
    ck_assert_uint_le(c->groups, 16);
    for (size_t g = 0; g < c->groups; g++) {
        s.row[g] = eq_calloc(c->group[g].count, sizeof *s.row[g]);
        eq_engine_group_rows(e, g, s.row[g]);
    }
    ck_assert_int_eq(eq_engine_adjoint_phase(e, dcdy, NULL), EQ_OK);
    ck_assert_int_eq(eq_engine_update(e, a, keep_swept, &s, NULL), EQ_OK);
    for (size_t g = 0; g < c->groups; g++) eq_free(s.row[g]);
    return c->table[EQ_CLASS_memristor].count;
}

START_TEST(sweeps_agree_with_the_sparse_engine) {
    enum { WIDE_INPUTS = 12, FEW = 3, WIDE_OUTPUTS = 2 };
    static const eq_engine_kind kind[2] = {EQ_ENGINE_LAYERED, EQ_ENGINE_SPARSE};
    enum { PHASES = 3 };
    double x[FEW * WIDE_INPUTS], y[2][PHASES][FEW * WIDE_OUTPUTS], current[FEW * WIDE_OUTPUTS];
    double slope[FEW * WIDE_OUTPUTS * WIDE_OUTPUTS];
    double *gradient[2] = {NULL, NULL}, most = 0.0, off = 0.0;
    size_t parameters = 0;
    eq_random r = eq_random_seed(3);
    for (size_t k = 0; k < FEW * WIDE_INPUTS; k++) x[k] = 10.0 * eq_random_uniform(&r) - 5.0;
    for (size_t k = 0; k < FEW * WIDE_OUTPUTS; k++) current[k] = 1e-4 * eq_random_uniform(&r);
    for (size_t k = 0; k < FEW * WIDE_OUTPUTS * WIDE_OUTPUTS; k++)
        slope[k] = k % 4 == 1 || k % 4 == 2 ? 0.02 : 0.1;
    for (int k = 0; k < 2; k++) {
        eq_architecture a;
        eq_circuit *c = NULL;
        eq_engine *e = NULL;
        ck_assert_int_eq(eq_architecture_kind("drn", &a, NULL), EQ_OK);
        ck_assert_int_eq(eq_architecture_layers("12,520,600,4", &a, NULL), EQ_OK);
        a.diode = swept_diode[_i];
        a.up = 0.1;
        a.down = -0.1;
        a.gmin = a.low = 1e-6;
        a.high = 1e-4;
        ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
        eq_engine_options o = {kind[k], FEW, 1};
        ck_assert_int_eq(eq_engine_new(c, &o, &e, NULL), EQ_OK);
        ck_assert_int_eq(eq_engine_free_phase(e, FEW, x, y[k][0], NULL), EQ_OK);
        eq_nudge nudge = {.current = current};
        ck_assert_int_eq(eq_engine_nudged_phase(e, 1, &nudge, y[k][1], NULL), EQ_OK);
        nudge = (eq_nudge){.current = current, .slope = slope, .at = y[k][0]};
        ck_assert_int_eq(eq_engine_nudged_phase(e, 2, &nudge, y[k][2], NULL), EQ_OK);
        ck_assert_double_le(eq_engine_about(e).worst_ratio, 1.0);
        gradient[k] = eq_calloc(c->table[EQ_CLASS_memristor].count, sizeof *gradient[k]);
        parameters = swept_adjoint(e, c, current, gradient[k]);
        ck_assert(eq_engine_about(e).sweeps == (k == 0));
        ck_assert(eq_engine_about(e).iterations > 0.0 && eq_engine_about(e).solves == PHASES * FEW);
        eq_engine_free(e);
        eq_circuit_free(c);
    }
    for (int phase = 0; phase < PHASES; phase++)
        for (size_t k = 0; k < FEW * WIDE_OUTPUTS; k++) {
            double layered = y[0][phase][k], sparse = y[1][phase][k];
            ck_assert_msg(fabs(layered - sparse) <= 1e-9 * fabs(sparse) + 1e-12, "%.15g %.15g",
                          layered, sparse);
            ck_assert(phase == 0 || y[0][phase][k] != y[0][phase - 1][k]);
        }
    for (size_t j = 0; j < parameters; j++) {
        most = fmax(most, fabs(gradient[1][j]));
        off = fmax(off, fabs(gradient[0][j] - gradient[1][j]));
    }
    ck_assert_msg(most > 0.0 && off <= 1e-9 * most, "adjoint off by %g of %g", off, most);
    eq_free(gradient[0]);
    eq_free(gradient[1]);
}
END_TEST

/* Circuits that are not layered are refused with the reason. */
START_TEST(other_circuits_are_refused_with_the_reason) {
    static const struct {
        const char *a, *b, *says;
    } extra[] = {{"h0", "h1", "touch"}, {"e", "h0", "sense"}, {"w", "h0", "one neuron"}};
    for (size_t k = 0; k < 3; k++) {
        sample s = samples[0];
        eq_circuit *c = build(&s, 1);
        c->frozen = false;
        char name[32];
        eq_node a = EQ_NONE;
        const eq_table *e = &c->table[EQ_CLASS_vcvs], *v = &c->table[EQ_CLASS_vsource];
        if (extra[k].a[0] == 'e') a = e->term[0][0];
        for (size_t j = 0; extra[k].a[0] == 'w' && j < v->count; j++)
            if (v->term[0][j] == e->term[0][0]) a = v->term[1][j];
        if (a == EQ_NONE) a = eq_circuit_find_node(c, extra[k].a);
        snprintf(name, sizeof name, "%s", extra[k].b);
        put(c, EQ_CLASS_resistor, "rz", a, eq_circuit_find_node(c, name), EQ_NONE, EQ_NONE, 1e5);
        ck_assert_int_eq(eq_circuit_freeze(c, NULL), EQ_OK);
        eq_diag *diag = eq_diag_new();
        eq_engine_options o = {EQ_ENGINE_LAYERED, 4, 1};
        eq_engine *engine = NULL;
        ck_assert_int_eq(eq_engine_new(c, &o, &engine, diag), EQ_ERR_CHECK);
        ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 0)->text, extra[k].says));
        eq_diag_free(diag);
        eq_circuit_free(c);
    }
}
END_TEST

/* An allocation that fails anywhere gives EQ_ERR_MEMORY and leaks nothing (the sanitizer build
 * watches). */
/* Diodes whose law the kernels do not have. */
START_TEST(diodes_of_other_laws_are_refused) {
    static const struct {
        const char *param, *says;
        double value;
    } other[] = {{"rs", "series resistance", 10.0},
                 {"bv", "breakdown", 5.0},
                 {"ikf", "high injection", 1e-3},
                 {"isr", "recombination", 1e-9}};
    for (size_t k = 0; k < 4; k++) {
        eq_circuit *c = build(&samples[0], 1);
        eq_table *d = &c->table[EQ_CLASS_diode];
        eq_diag *diag = eq_diag_new();
        eq_engine_options o = {EQ_ENGINE_LAYERED, 4, 1};
        eq_engine *engine = NULL;
        d->w[eq_param_find(d->cls, other[k].param)][1] = other[k].value;
        eq_circuit_derive(c);
        ck_assert_int_eq(eq_engine_new(c, &o, &engine, diag), EQ_ERR_CHECK);
        ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, other[k].says) != NULL, "%s",
                      eq_diag_get(diag, 0)->text);
        eq_diag_free(diag);
        eq_circuit_free(c);
    }
}
END_TEST

START_TEST(every_failed_allocation_is_reported) {
    eq_circuit *c = build(&samples[4], 1);
    eq_engine_options o = {EQ_ENGINE_LAYERED, 4, 2};
    eq_status status = EQ_ERR_MEMORY;
    for (long n = 0; status == EQ_ERR_MEMORY; n++) {
        eq_engine *e = NULL;
        eq_mem_fail_after(n);
        status = eq_engine_new(c, &o, &e, NULL);
        eq_mem_fail_after(-1);
        if (status == EQ_OK) eq_engine_free(e);
    }
    ck_assert_int_eq(status, EQ_OK);
    eq_circuit_free(c);
}
END_TEST

Suite *layered_suite(void) {
    Suite *s = suite_create("layered");
    TCase *t = tcase_create("layered");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, phases_agree_with_a_dense_newton, 0, SAMPLES);
    tcase_add_loop_test(t, round_off_ends_the_iteration, 0, SAMPLES);
    tcase_add_loop_test(t, energy_nudging_settles_where_its_current_holds, 0, SAMPLES);
    tcase_add_loop_test(t, gradient_agrees_with_central_differences, 0, SAMPLES * PAIRINGS);
    tcase_add_loop_test(t, adjoint_agrees_with_central_differences, 0, SAMPLES * PAIRINGS);
    tcase_add_loop_test(t, update_changes_what_is_solved, 0, (SAMPLES + WIDE) * PAIRINGS);
    tcase_add_loop_test(t, layered_and_sparse_engines_agree, 0, (SAMPLES + WIDE) * PAIRINGS);
    tcase_add_loop_test(t, sweeps_agree_with_the_sparse_engine, 0, 2);
    tcase_add_loop_test(t, vector_diodes_follow_the_scalar_law, 0, 3);
    tcase_add_loop_test(t, scalar_nodes_are_solved_by_every_kernel, 0, 3);
    tcase_add_loop_test(t, products_of_every_kernel_are_those_of_their_entries, 0, 3);
    tcase_add_test(t, other_circuits_are_refused_with_the_reason);
    tcase_add_test(t, diodes_of_other_laws_are_refused);
    tcase_add_test(t, every_failed_allocation_is_reported);
    suite_add_tcase(s, t);
    return s;
}
