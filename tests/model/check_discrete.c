/* Discrete-time networks against what loops over their primitive function say: states of both solvers,
 * backpropagation through time against differences, equilibrium propagation step by step against it
 * (Scellier 2020, Eq. 5.27, 5.28), the readout, what has no state. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "model/discrete/discrete.h"
#include "model/model.h"

Suite *discrete_suite(void);

enum { BATCH = 3, MOST = 200, PARAMETERS = 4000 };

typedef struct net {
    eq_discrete_options o;
    eq_network *n;
    size_t inputs, units, outputs, parameters;
    double x[BATCH * MOST], y[BATCH * MOST], s[BATCH * MOST], theta[PARAMETERS];
} net;

#define DENSE(units)                                                                               \
    { .channels = (units), .window = 1 }
#define CONV(channels, kernel, padding, pool, window)                                              \
    { true, channels, kernel, padding, pool, window }

static char some[] = "0.6", by_name[] = "w1=0.5,w*=0.7 w3=1", behind[] = "0.4";

static const struct {
    eq_shape inputs;
    size_t layers;
    eq_coupling_kind layer[4];
    char *density;
} shape[] = {
    {{5, 1, 1}, 1, {DENSE(3)}, NULL},
    {{5, 1, 1}, 2, {DENSE(9), DENSE(3)}, NULL},
    {{4, 1, 1}, 3, {DENSE(8), DENSE(7), DENSE(2)}, NULL},
    {{1, 6, 6},
     3,
     {CONV(3, 3, 1, EQ_POOLING_MAX, 2), CONV(4, 2, 1, EQ_POOLING_MAX, 2), DENSE(3)},
     NULL},
    {{2, 5, 5},
     3,
     {CONV(3, 2, 0, EQ_POOLING_AVERAGE, 2), CONV(4, 2, 0, EQ_POOLING_NONE, 1), DENSE(3)},
     NULL},
    {{1, 4, 4}, 2, {CONV(3, 3, 1, EQ_POOLING_MAX, 2), CONV(2, 2, 0, EQ_POOLING_NONE, 1)}, NULL},
    {{5, 1, 1}, 2, {DENSE(9), DENSE(3)}, some},
    {{4, 1, 1}, 3, {DENSE(8), DENSE(7), DENSE(2)}, by_name},
    {{1, 4, 4}, 2, {CONV(3, 3, 1, EQ_POOLING_MAX, 2), DENSE(3)}, behind},
};
enum { SHAPES = sizeof shape / sizeof *shape };

static const char *const sigmas[] = {"hard-sigmoid", "sigmoid", "tanh"};

static eq_discrete_options options_of(size_t which, const char *sigma, eq_discrete_solver solver) {
    eq_discrete_options o = eq_discrete_defaults();
    o.inputs = shape[which].inputs;
    o.layers = shape[which].layers;
    memcpy(o.layer, shape[which].layer, sizeof shape[which].layer);
    o.density = shape[which].density;
    o.sigma = eq_sigma_find(sigma);
    o.solver = solver;
    o.tolerance = 1e-13;
    return o;
}

/* Weights of the first draw, biases around 0.3 so that units are inside, random inputs. */
static void open_net(net *k, const eq_discrete_options *o, uint64_t seed) {
    eq_random random = eq_random_seed(seed + 77);
    *k = (net){.o = *o};
    k->o.seed = seed;
    ck_assert_int_eq(eq_discrete_new(&k->o, &k->n, NULL), EQ_OK);
    k->inputs = eq_network_inputs(k->n);
    k->units = eq_network_nodes(k->n);
    k->outputs = eq_network_outputs(k->n);
    k->parameters = eq_network_parameters(k->n);
    ck_assert(k->parameters <= PARAMETERS && k->units <= MOST && k->inputs <= MOST);
    for (size_t b = 0; b < eq_network_blocks(k->n); b++) {
        double *theta = k->theta + eq_network_block(k->n, b)->first;
        eq_network_get(k->n, b, theta);
        for (size_t j = 0; j < eq_network_block(k->n, b)->count; j++)
            if (b % 2 == 1) theta[j] = 0.1 + eq_random_uniform(&random) * 0.5;
        eq_network_put(k->n, b, theta);
    }
    ck_assert_int_eq(eq_network_start(k->n, &(eq_engine_options){EQ_ENGINE_AUTO, BATCH, 1}, NULL),
                     EQ_OK);
    for (size_t i = 0; i < BATCH * k->inputs; i++) k->x[i] = eq_random_uniform(&random);
}

static void solve(net *k) {
    ck_assert_int_eq(eq_network_free_phase(k->n, BATCH, k->x, k->y, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_potentials(k->n, BATCH, k->x, k->s, NULL), EQ_OK);
}

/* A(s)[unit] of coupling l by a loop over its weights. */
static double field_at(const eq_coupling *c, const double *w, const double *s, size_t unit) {
    size_t o = unit % c->columns, place = unit / c->columns, window = c->kind.window;
    double sum = 0.0, best = -INFINITY;
    for (size_t i = 0; !c->kind.convolves && i < c->rows; i++) sum += s[i] * w[i * c->columns + o];
    if (!c->kind.convolves) return sum;
    for (size_t q = 0; q < window * window; q++) {
        long y = (long)(place / c->upper.width * window + q / window) - (long)c->kind.padding;
        long x = (long)(place % c->upper.width * window + q % window) - (long)c->kind.padding;
        double v = 0.0;
        for (size_t r = 0; r < c->rows; r++) {
            size_t channel = r % c->lower.channels, at = r / c->lower.channels;
            long row = y + (long)(at / c->kind.kernel), column = x + (long)(at % c->kind.kernel);
            if (row < 0 || column < 0 || row >= (long)c->lower.height ||
                column >= (long)c->lower.width)
                continue;
            size_t from = ((size_t)row * c->lower.width + (size_t)column) * c->lower.channels;
            v += s[from + channel] * w[r * c->columns + o];
        }
        best = fmax(best, v);
        sum += v / (double)(window * window);
    }
    return c->kind.pooling == EQ_POOLING_MAX ? best : sum;
}

/* w[rows][columns] of a coupling, by the names of its parameters where it lacks some. */
static const double *weights_of(const net *k, size_t l, const eq_coupling *c) {
    static double w[PARAMETERS];
    const eq_block *b = eq_network_block(k->n, 2 * l);
    if (b->count == c->rows * c->columns) return k->theta + b->first;
    memset(w, 0, c->rows * c->columns * sizeof *w);
    for (size_t j = 0; j < b->count; j++) {
        size_t row, column;
        ck_assert_int_eq(sscanf(eq_network_name(k->n, 2 * l, j), "w%*u_%zu_%zu", &row, &column), 2);
        w[(row - 1) * c->columns + column - 1] = k->theta[b->first + j];
    }
    return w;
}

/* Phi of one example with the units s, layer behind layer. */
static double phi(const net *k, const double *x, const double *s) {
    eq_shape lower = k->o.inputs;
    double sum = 0.0, image[MOST];
    const double *before = image;
    size_t channels = lower.channels, places = lower.height * lower.width;
    for (size_t i = 0; i < channels * places; i++) image[i % places * channels + i / places] = x[i];
    for (size_t l = 0; l < k->o.layers; l++) {
        eq_coupling c;
        ck_assert_int_eq(eq_coupling_of(k->o.layer[l], lower, &c, NULL), EQ_OK);
        const double *w = weights_of(k, l, &c);
        const double *b = k->theta + eq_network_block(k->n, 2 * l + 1)->first;
        for (size_t u = 0; u < eq_shape_units(c.upper); u++)
            sum += s[u] * (field_at(&c, w, before, u) + b[u % c.columns]);
        before = s;
        s += eq_shape_units(c.upper);
        lower = c.upper;
    }
    return sum;
}

/* dPhi/ds of every unit: Phi is linear in each where no largest value of a window changes its place. */
static void slopes(const net *k, const double *x, const double *s, double *slope) {
    double at[MOST];
    const double h = 1e-4;
    memcpy(at, s, k->units * sizeof *s);
    for (size_t i = 0; i < k->units; i++) {
        at[i] = s[i] + h;
        double up = phi(k, x, at);
        at[i] = s[i] - h;
        slope[i] = (up - phi(k, x, at)) / (2.0 * h);
        at[i] = s[i];
    }
}

/* s = sigma(dPhi/ds) at the state of both solvers. */
START_TEST(states_are_those_of_the_primitive_function) {
    double to[MOST];
    for (size_t which = 0; which < SHAPES; which++)
        for (int solver = 0; solver < 2; solver++) {
            net k;
            eq_discrete_options o = options_of(which, sigmas[_i], (eq_discrete_solver)solver);
            open_net(&k, &o, which + 1);
            solve(&k);
            for (size_t n = 0; n < BATCH; n++) {
                const double *s = k.s + n * k.units;
                slopes(&k, k.x + n * k.inputs, s, to);
                k.o.sigma->apply(k.units, to);
                for (size_t i = 0; i < k.units; i++) ck_assert_double_eq_tol(s[i], to[i], 1e-9);
                ck_assert_mem_eq(k.y + n * k.outputs, s + k.units - k.outputs, k.outputs * 8);
            }
            eq_network_free(k.n);
        }
}
END_TEST

/* So many steps s <- sigma(dPhi/ds) from zero are what loops make of them. */
START_TEST(steps_are_those_of_the_primitive_function) {
    for (size_t which = 0; which < SHAPES; which++) {
        net k;
        eq_discrete_options o = options_of(which, sigmas[_i], EQ_DISCRETE_STEPS);
        o.free = 4;
        open_net(&k, &o, which + 1);
        solve(&k);
        ck_assert_double_eq(eq_network_about(k.n).iterations, (double)(o.free * BATCH));
        for (size_t n = 0; n < BATCH; n++) {
            double s[MOST] = {0}, to[MOST];
            for (size_t t = 0; t < o.free; t++) {
                slopes(&k, k.x + n * k.inputs, s, to);
                k.o.sigma->apply(k.units, to);
                memcpy(s, to, k.units * sizeof *s);
            }
            for (size_t i = 0; i < k.units; i++)
                ck_assert_double_eq_tol(k.s[n * k.units + i], s[i], 1e-9);
        }
        eq_network_free(k.n);
    }
}
END_TEST

START_TEST(sweeps_find_the_states_of_steps_in_fewer_passes) {
    double passes[2] = {0.0, 0.0};
    size_t same = 0, all = 0;
    for (uint64_t seed = 1; seed <= 10; seed++)
        for (size_t which = 1; which < SHAPES; which++) {
            net k[2];
            for (int e = 0; e < 2; e++) {
                eq_discrete_options o = options_of(which, sigmas[seed % 3], (eq_discrete_solver)e);
                open_net(&k[e], &o, seed);
                solve(&k[e]);
                passes[e] += eq_network_about(k[e].n).iterations;
            }
            for (size_t n = 0; n < BATCH; n++, all++) {
                double off = 0.0;
                for (size_t i = n * k[0].units; i < (n + 1) * k[0].units; i++)
                    off = fmax(off, fabs(k[0].s[i] - k[1].s[i]));
                same += off <= 1e-9;
            }
            eq_network_free(k[0].n);
            eq_network_free(k[1].n);
        }
    printf("discrete: %zu of %zu states are those of steps, in %.2f times fewer passes\n", same,
           all, passes[1] / passes[0]);
    ck_assert_uint_ge(same, all * 9 / 10); /* the others are other steady states */
    ck_assert_double_gt(passes[1], 2.0 * passes[0]);
}
END_TEST

/* Example j of k solved by itself, free and nudged towards its own target; its states and passes. */
static double passes_alone(net *k, size_t j, double *s, double *nudged) {
    size_t m = k->outputs;
    double y[MOST], current[MOST], slope[MOST] = {0};
    double before = eq_network_about(k->n).iterations;
    const double *x = k->x + j * k->inputs;
    ck_assert_int_eq(eq_network_free_phase(k->n, 1, x, y, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_potentials(k->n, 1, x, s, NULL), EQ_OK);
    for (size_t i = 0; i < m; i++) {
        current[i] = 0.5 * ((i == j % m) - y[i]);
        slope[i * (m + 1)] = 0.5 + 0.1 * (double)j;
    }
    ck_assert_int_eq(
        eq_network_nudged_phase(k->n, 1, &(eq_nudge){.current = current, .slope = slope, .at = y},
                                nudged, NULL),
        EQ_OK);
    return eq_network_about(k->n).iterations - before;
}

/* An example takes the passes that it takes alone, whatever the others of its minibatch still need, and its
 * state and nudge stay its own. */
START_TEST(an_example_at_rest_costs_nothing) {
    double together = 0.0, alone = 0.0;
    for (size_t which = 1; which < SHAPES; which++) {
        net k;
        double s[BATCH * MOST], y[BATCH * MOST], nudged[BATCH * MOST];
        double current[BATCH * MOST], slope[BATCH * MOST] = {0};
        eq_discrete_options o = options_of(which, sigmas[_i], EQ_DISCRETE_SWEEPS);
        open_net(&k, &o, which + 3);
        for (size_t i = 0; i < k.inputs; i++) k.x[k.inputs + i] = 0.0; /* soon at rest */
        size_t m = k.outputs;
        for (size_t j = 0; j < BATCH; j++) {
            alone += passes_alone(&k, j, s + j * k.units, y + j * m);
            for (size_t i = 0; i < m; i++) {
                current[j * m + i] = 0.5 * ((i == j % m) - s[(j + 1) * k.units - m + i]);
                slope[(j * m + i) * m + i] = 0.5 + 0.1 * (double)j;
            }
        }
        double before = eq_network_about(k.n).iterations;
        solve(&k);
        ck_assert_int_eq(
            eq_network_nudged_phase(
                k.n, 1, &(eq_nudge){.current = current, .slope = slope, .at = k.y}, nudged, NULL),
            EQ_OK);
        together += eq_network_about(k.n).iterations - before;
        for (size_t i = 0; i < BATCH * k.units; i++) ck_assert_double_eq_tol(k.s[i], s[i], 1e-11);
        for (size_t i = 0; i < BATCH * m; i++) ck_assert_double_eq_tol(nudged[i], y[i], 1e-11);
        eq_network_free(k.n);
    }
    ck_assert_double_le(together, 1.05 * alone + 3.0);
}
END_TEST

/* A stroke of a soft pen, an arc of random middle, radius and length, on an image of 28 x 28. */
static void draw_stroke(double *image, eq_random *random) {
    double x = 9.0 + 10.0 * eq_random_uniform(random), y = 9.0 + 10.0 * eq_random_uniform(random);
    double radius = 2.0 + 5.0 * eq_random_uniform(random), turn = 6.0 * eq_random_uniform(random);
    double arc = 2.0 + 3.0 * eq_random_uniform(random);
    for (int step = 0; step < 50; step++) {
        double angle = turn + arc * step / 50.0;
        double at = x + radius * cos(angle), row = y + radius * sin(angle);
        for (size_t p = 0; p < 28 * 28; p++) {
            double off = hypot((double)(p % 28) - at, (double)(p / 28) - row);
            image[p] = fmax(image[p], fmin(1.0, fmax(0.0, 2.0 - off)));
        }
    }
}

/* The network of table 2 for MNIST, at the tolerance of its experiment, in double and single precision. */
START_TEST(a_convolutional_network_rests_in_few_passes) {
    enum { EXAMPLES = 10, PIXELS = 784, OUTPUTS = 10 };
    static double x[EXAMPLES * PIXELS], slope[EXAMPLES * OUTPUTS * OUTPUTS];
    double y[EXAMPLES * OUTPUTS], current[EXAMPLES * OUTPUTS];
    eq_random random = eq_random_seed(1);
    eq_discrete_options o = eq_discrete_defaults();
    eq_network *n;
    o.inputs = (eq_shape){1, 28, 28};
    o.layers = 3;
    o.layer[0] = (eq_coupling_kind)CONV(32, 5, 0, EQ_POOLING_MAX, 2);
    o.layer[1] = (eq_coupling_kind)CONV(64, 5, 0, EQ_POOLING_MAX, 2);
    o.layer[2] = (eq_coupling_kind)DENSE(10);
    o.tolerance = 1e-4;
    o.single = _i == 1;
    ck_assert_int_eq(eq_discrete_new(&o, &n, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_start(n, &(eq_engine_options){EQ_ENGINE_AUTO, EXAMPLES, 1}, NULL),
                     EQ_OK);
    for (size_t j = 0; j < EXAMPLES; j++)
        for (int stroke = 0; stroke < 2; stroke++) draw_stroke(x + j * PIXELS, &random);
    ck_assert_int_eq(eq_network_free_phase(n, EXAMPLES, x, y, NULL), EQ_OK);
    for (size_t k = 0; k < EXAMPLES * OUTPUTS; k++) {
        current[k] = 0.4 * ((k % OUTPUTS == k / OUTPUTS) - y[k]);
        slope[k * OUTPUTS + k % OUTPUTS] = 0.4;
    }
    ck_assert_int_eq(
        eq_network_nudged_phase(n, 1, &(eq_nudge){.current = current, .slope = slope, .at = y},
                                NULL, NULL),
        EQ_OK);
    eq_engine_info about = eq_network_about(n);
    double free = about.free_iterations / about.free_solves;
    double nudged = (about.iterations - about.free_iterations) / (about.solves - about.free_solves);
    printf("discrete: ConvNet, %.1f passes a free phase, %.1f a nudged one\n", free, nudged);
    ck_assert_double_le(free, 13.5); /* of MNIST at most 12: make bench */
    ck_assert_double_le(nudged, 8.0);
    eq_network_free(n);
}
END_TEST

/* The mean over the examples of sum_k y_k^2/2. */
static double loss(net *k) {
    double sum = 0.0;
    ck_assert_int_eq(eq_network_free_phase(k->n, BATCH, k->x, k->y, NULL), EQ_OK);
    for (size_t j = 0; j < BATCH * k->outputs; j++) sum += 0.5 * k->y[j] * k->y[j] / BATCH;
    return sum;
}

static const double back[EQ_MAX_SLOTS] = {[EQ_ADJOINT] = 1.0 / BATCH};

static void hold_against_differences(net *k, const double *gradient, double tolerance) {
    const double h = 1e-6;
    for (size_t b = 0; b < eq_network_blocks(k->n); b++) {
        const eq_block *block = eq_network_block(k->n, b);
        size_t seen = block->count < 5 ? block->count : 5;
        for (size_t q = 0; q < seen; q++) {
            double *theta = k->theta + block->first, at[2];
            size_t j = q * block->count / seen;
            double was = theta[j];
            for (int side = 0; side < 2; side++) {
                theta[j] = was + (side == 0 ? h : -h);
                eq_network_put(k->n, b, theta);
                at[side] = loss(k);
            }
            theta[j] = was;
            eq_network_put(k->n, b, theta);
            ck_assert_double_eq_tol(gradient[block->first + j], (at[0] - at[1]) / (2.0 * h),
                                    tolerance);
        }
    }
}

/* By the inputs, which act in every step. */
static void hold_inputs(net *k, double tolerance) {
    const double h = 1e-6;
    size_t inputs = eq_network_inputs(k->n);
    double *dldx = eq_calloc(BATCH * inputs, sizeof *dldx);
    loss(k);
    ck_assert_int_eq(eq_network_input_gradient(k->n, BATCH, k->x, k->y, 0.0, true, dldx, NULL),
                     EQ_OK);
    for (size_t j = 0; j < BATCH * inputs; j += 1 + BATCH * inputs / 10) {
        double was = k->x[j], at[2];
        for (int side = 0; side < 2; side++) {
            k->x[j] = was + (side == 0 ? h : -h);
            at[side] = loss(k);
        }
        k->x[j] = was;
        ck_assert_double_eq_tol(dldx[j] / BATCH, (at[0] - at[1]) / (2.0 * h), tolerance);
    }
    eq_free(dldx);
}

/* Through all of the steps taken: the gradient of the loss at their end, settled or not. */
START_TEST(backpropagation_through_time_is_by_differences) {
    static double found[PARAMETERS];
    for (size_t which = 0; which < SHAPES; which++)
        for (size_t steps = 1; steps <= 7; steps += 3) {
            net k;
            eq_discrete_options o = options_of(which, sigmas[_i], EQ_DISCRETE_STEPS);
            o.free = steps;
            o.unrolled = 7;
            open_net(&k, &o, which + 5);
            loss(&k);
            ck_assert_int_eq(eq_network_unrolled_phase(k.n, k.y, NULL), EQ_OK);
            ck_assert_int_eq(eq_network_gradient(k.n, back, found, NULL), EQ_OK);
            hold_against_differences(&k, found, 1e-8);
            hold_inputs(&k, 1e-8);
            eq_network_free(k.n);
        }
}
END_TEST

/* At the fixed point, by the adjoint, and by so many steps that nothing is left. */
START_TEST(the_adjoint_is_by_differences) {
    static double found[PARAMETERS], through[PARAMETERS];
    for (size_t which = 0; which < SHAPES; which++) {
        net k;
        eq_discrete_options o = options_of(which, sigmas[_i], EQ_DISCRETE_SWEEPS);
        o.unrolled = 1000;
        open_net(&k, &o, which + 9);
        loss(&k);
        ck_assert_int_eq(eq_network_unrolled_phase(k.n, k.y, NULL), EQ_OK);
        ck_assert_int_eq(eq_network_gradient(k.n, back, through, NULL), EQ_OK);
        ck_assert_int_eq(eq_network_adjoint_phase(k.n, k.y, NULL), EQ_OK);
        ck_assert_int_eq(eq_network_gradient(k.n, back, found, NULL), EQ_OK);
        for (size_t p = 0; p < k.parameters; p++)
            ck_assert_double_eq_tol(found[p], through[p], 1e-12);
        hold_against_differences(&k, found, 2e-7);
        eq_network_free(k.n);
    }
}
END_TEST

/* (1/beta) (dE/dw at the state after K nudged steps - dE/dw at the steady one), the sum of 5.28 over K
 * steps, is the gradient by backpropagation through the last K steps, for every K (5.27 likewise). */
START_TEST(each_nudged_step_is_one_of_backpropagation_through_time) {
    static double through[PARAMETERS], found[PARAMETERS];
    const double beta = 1e-4;
    const double a[EQ_MAX_SLOTS] = {0, 0.5 / (beta * BATCH), -0.5 / (beta * BATCH)};
    double most = 0.0;
    for (size_t which = 0; which < SHAPES; which++)
        for (size_t steps = 1; steps <= 10; steps++) {
            net k;
            double current[BATCH * MOST];
            eq_discrete_options o = options_of(which, sigmas[_i], EQ_DISCRETE_STEPS);
            o.free = 400;
            o.nudged = o.unrolled = steps;
            open_net(&k, &o, which + 2);
            loss(&k);
            ck_assert_int_eq(eq_network_unrolled_phase(k.n, k.y, NULL), EQ_OK);
            ck_assert_int_eq(eq_network_gradient(k.n, back, through, NULL), EQ_OK);
            for (int slot = 1; slot <= 2; slot++) {
                for (size_t j = 0; j < BATCH * k.outputs; j++)
                    current[j] = (slot == 1 ? -beta : beta) * k.y[j];
                ck_assert_int_eq(
                    eq_network_nudged_phase(k.n, slot, &(eq_nudge){.current = current}, NULL, NULL),
                    EQ_OK);
            }
            ck_assert_int_eq(eq_network_gradient(k.n, a, found, NULL), EQ_OK);
            for (size_t p = 0; p < k.parameters; p++) {
                ck_assert_double_eq_tol(found[p], through[p], 2e-8);
                most = fmax(most, fabs(through[p]));
            }
            eq_network_free(k.n);
        }
    ck_assert_double_gt(most, 1e-3);
}
END_TEST

/* The readout is no part of the state: its gradient is s^T dC/dy, and the state's goes through it. */
START_TEST(a_readout_is_trained_by_its_inputs) {
    static double found[PARAMETERS], exact[PARAMETERS];
    const double beta = 1e-4;
    const double a[EQ_MAX_SLOTS] = {0, 0.5 / (beta * BATCH), -0.5 / (beta * BATCH)};
    for (size_t which = 1; which < SHAPES; which++) {
        if (shape[which].layer[shape[which].layers - 1].convolves) continue;
        net k;
        double current[BATCH * MOST], slope[BATCH * MOST], at[BATCH * MOST];
        eq_discrete_options o = options_of(which, sigmas[_i], EQ_DISCRETE_SWEEPS);
        o.readout = true;
        open_net(&k, &o, which + 3);
        loss(&k);
        size_t m = k.outputs;
        memcpy(at, k.y, BATCH * m * sizeof *at);
        ck_assert_int_eq(eq_network_adjoint_phase(k.n, at, NULL), EQ_OK);
        ck_assert_int_eq(eq_network_gradient(k.n, back, exact, NULL), EQ_OK);
        for (int slot = 1; slot <= 2; slot++) {
            double by = slot == 1 ? beta : -beta;
            for (size_t j = 0; j < BATCH * m; j++) current[j] = -by * at[j];
            for (size_t j = 0; j < BATCH * m * m; j++)
                slope[j] = j % (m * m) % (m + 1) == 0 ? by : 0.0;
            ck_assert_int_eq(
                eq_network_nudged_phase(k.n, slot,
                                        &(eq_nudge){.current = current, .slope = slope, .at = at},
                                        NULL, NULL),
                EQ_OK);
        }
        ck_assert_int_eq(eq_network_gradient(k.n, a, found, NULL), EQ_OK);
        for (size_t p = 0; p < k.parameters; p++) ck_assert_double_eq_tol(found[p], exact[p], 5e-7);
        hold_against_differences(&k, exact, 2e-7);
        eq_network_free(k.n);
    }
}
END_TEST

/* s = sigma(f - c s). */
START_TEST(a_unit_settles_against_a_slope) {
    const eq_sigma *sigma = eq_sigma_find(sigmas[_i]);
    for (double f = -3.0; f <= 4.0; f += 0.25)
        for (double c = -0.9; c <= 30.0; c = c < 0.0 ? 0.0 : 2.0 * c + 0.3) {
            double s = sigma->settle(f, c), to = f - c * s;
            sigma->apply(1, &to);
            ck_assert_double_eq_tol(s, to, 1e-14 * (1.0 + c));
        }
}
END_TEST

/* To the weight, and the same of any seed of the network where a topology is said. */
START_TEST(a_density_is_a_part_of_the_weights) {
    static char third[] = "w1=0.3";
    eq_discrete_options o = options_of(2, "sigmoid", EQ_DISCRETE_SWEEPS);
    eq_network *n[3] = {NULL};
    o.density = third;
    for (int k = 0; k < 3; k++) {
        o.topology = k < 2 ? 4 : 5;
        o.seed = (uint64_t)k + 1;
        ck_assert_int_eq(eq_discrete_new(&o, &n[k], NULL), EQ_OK);
        ck_assert_uint_eq(eq_network_block(n[k], 0)->count, 10); /* of 4 x 8 */
        ck_assert_uint_eq(eq_network_block(n[k], 2)->count, 56);
    }
    bool same = true, other = true;
    double fan[10], columns[9] = {0.0};
    size_t column[10];
    for (size_t j = 0; j < 10; j++) {
        char name[32];
        snprintf(name, sizeof name, "%s", eq_network_name(n[0], 0, j));
        same = same && strcmp(name, eq_network_name(n[1], 0, j)) == 0;
        other = other && strcmp(name, eq_network_name(n[2], 0, j)) == 0;
        ck_assert_int_eq(sscanf(name, "w1_%*u_%zu", &column[j]), 1);
        columns[column[j]] += 1.0;
    }
    ck_assert(same && !other);
    ck_assert_int_eq(eq_network_fan_in(n[0], 0, fan, NULL), EQ_OK);
    for (size_t j = 0; j < 10; j++) ck_assert_double_eq(fan[j], columns[column[j]]);
    for (int k = 0; k < 3; k++) eq_network_free(n[k]);
}
END_TEST

START_TEST(what_cannot_be_is_told) {
    eq_diag *diag = eq_diag_new();
    eq_discrete_options o = options_of(2, "tanh", EQ_DISCRETE_SWEEPS);
    eq_network *n = NULL;
    size_t said = 0;
    o.layers = 0;
    ck_assert_int_eq(eq_discrete_new(&o, &n, diag), EQ_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, said++)->text, "network of 0 layers"));
    o = options_of(3, "tanh", EQ_DISCRETE_SWEEPS);
    o.layer[1].kernel = 9;
    ck_assert_int_eq(eq_discrete_new(&o, &n, diag), EQ_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, said++)->text, "kernel of 9 x 9"));
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, said++)->text, "layer 2"));
    o = options_of(0, "tanh", EQ_DISCRETE_SWEEPS);
    o.readout = true;
    ck_assert_int_eq(eq_discrete_new(&o, &n, diag), EQ_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, said++)->text, "a readout is"));
    o.readout = false;
    o.single = true;
    o.tolerance = 9e-6;
    ck_assert_int_eq(eq_discrete_new(&o, &n, diag), EQ_ERR_INPUT);
    ck_assert_ptr_nonnull(
        strstr(eq_diag_get(diag, said++)->text, "to tolerance=9e-06; give 1e-05"));
    net k;
    o = options_of(2, "hard-sigmoid", (eq_discrete_solver)_i);
    o.steps = 2;
    open_net(&k, &o, 1);
    ck_assert_int_eq(eq_network_free_phase(k.n, BATCH, k.x, k.y, diag), EQ_ERR_CONVERGE);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, said++)->text, "does not settle"));
    eq_network_free(k.n);
    o.steps = 10000;
    open_net(&k, &o, 1);
    solve(&k);
    ck_assert_int_eq(eq_network_unrolled_phase(k.n, k.y, diag), EQ_ERR_USAGE);
    double current[BATCH * MOST] = {0}, slope[BATCH * MOST] = {-1.5};
    ck_assert_int_eq(
        eq_network_nudged_phase(k.n, 1, &(eq_nudge){.current = current, .slope = slope, .at = k.y},
                                NULL, diag),
        EQ_ERR_CONVERGE);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, said + 1)->text, "no steady state"));
    eq_network_free(k.n);
    eq_diag_free(diag);
}
END_TEST

Suite *discrete_suite(void) {
    Suite *s = suite_create("discrete");
    TCase *t = tcase_create("discrete");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, states_are_those_of_the_primitive_function, 0, 3);
    tcase_add_loop_test(t, steps_are_those_of_the_primitive_function, 0, 3);
    tcase_add_test(t, sweeps_find_the_states_of_steps_in_fewer_passes);
    tcase_add_loop_test(t, an_example_at_rest_costs_nothing, 0, 3);
    tcase_add_loop_test(t, a_convolutional_network_rests_in_few_passes, 0, 2);
    tcase_add_loop_test(t, backpropagation_through_time_is_by_differences, 0, 3);
    tcase_add_loop_test(t, the_adjoint_is_by_differences, 0, 3);
    tcase_add_loop_test(t, each_nudged_step_is_one_of_backpropagation_through_time, 0, 3);
    tcase_add_loop_test(t, a_readout_is_trained_by_its_inputs, 0, 3);
    tcase_add_loop_test(t, a_unit_settles_against_a_slope, 0, 3);
    tcase_add_test(t, a_density_is_a_part_of_the_weights);
    tcase_add_loop_test(t, what_cannot_be_is_told, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
