/* Deep Hopfield networks against what loops over their energy say: states, both solvers, the adjoint
 * against a dense solve and differences, estimators, what has no state. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/random.h"
#include "model/hopfield/hopfield.h"
#include "model/model.h"

Suite *hopfield_suite(void);

enum { MOST = 64, BATCH = 6 };

typedef struct net {
    eq_hopfield_options o;
    eq_network *n;
    size_t units, outputs;
    double x[BATCH * MOST], y[BATCH * MOST], s[BATCH * MOST], theta[8000];
} net;

static const struct {
    size_t layers, width[5];
    const char *sigma; /* NULL: hard */
    size_t skips;
    eq_skip skip[3];
    unsigned lateral;
} shape[] = {
    {.layers = 2, .width = {5, 3}},
    {.layers = 3, .width = {8, 12, 4}},
    {.layers = 4, .width = {6, 10, 7, 3}},
    {.layers = 5, .width = {4, 9, 8, 6, 2}},
    {.layers = 3, .width = {8, 12, 4}, .skips = 1, .skip = {{0, 2}}},
    {.layers = 4, .width = {6, 10, 7, 3}, .lateral = 1u << 1},
    {.layers = 5,
     .width = {4, 9, 8, 6, 2},
     .skips = 3,
     .skip = {{1, 3}, {0, 3}, {2, 4}},
     .lateral = 1u << 2 | 1u << 4},
    {.layers = 2, .width = {5, 12}, .lateral = 1u << 1},
    {.layers = 4, .width = {6, 10, 7, 3}, .sigma = "sigmoid"},
    {.layers = 4, .width = {6, 10, 7, 3}, .sigma = "tanh"},
    {.layers = 5,
     .width = {4, 9, 8, 6, 2},
     .sigma = "tanh",
     .skips = 2,
     .skip = {{1, 3}, {0, 2}},
     .lateral = 1u << 1},
    {.layers = 4,
     .width = {6, 10, 7, 3},
     .sigma = "sigmoid",
     .skips = 1,
     .skip = {{1, 3}},
     .lateral = 1u << 2 | 1u << 3},
};
enum { PLAIN = 4, SHAPES = sizeof shape / sizeof *shape };

/* The layers of block b by its name: w2, ws0_2, wl1; false: biases, of layer *to. */
static bool layers_of(const net *k, size_t b, size_t *from, size_t *to) {
    const char *name = eq_network_block(k->n, b)->name;
    if (sscanf(name, "ws%zu_%zu", from, to) == 2) return true;
    if (sscanf(name, "wl%zu", to) == 1) return (*from = *to, true);
    if (sscanf(name, "w%zu", to) == 1) return (*from = *to - 1, true);
    ck_assert_int_eq(sscanf(name, "b%zu", to), 1);
    return false;
}

/* Weights of the first draw times `times`, four times that between hidden layers, so that there are several minima;
 * biases around 0.3, random inputs. */
static void open_net(net *k, size_t which, eq_hopfield_solver solver, double tolerance,
                     double times, uint64_t seed) {
    eq_random random = eq_random_seed(seed + 77);
    *k = (net){.o = eq_hopfield_defaults()};
    k->o.layers = shape[which].layers;
    memcpy(k->o.width, shape[which].width, sizeof shape[which].width);
    memcpy(k->o.skip, shape[which].skip, sizeof shape[which].skip);
    k->o.skips = shape[which].skips;
    k->o.lateral = shape[which].lateral;
    if (shape[which].sigma != NULL) k->o.sigma = eq_sigma_find(shape[which].sigma);
    k->o.solver = solver;
    k->o.tolerance = tolerance;
    k->o.seed = seed;
    if (!k->o.sigma->clips) k->o.step = 0.1;
    ck_assert_int_eq(eq_hopfield_new(&k->o, &k->n, NULL), EQ_OK);
    k->units = eq_network_nodes(k->n);
    k->outputs = eq_network_outputs(k->n);
    for (size_t b = 0, from, to; b < eq_network_blocks(k->n); b++) {
        double *theta = k->theta + eq_network_block(k->n, b)->first;
        bool weights = layers_of(k, b, &from, &to);
        bool hidden = weights && from > 0 && from != to && to + 1 < k->o.layers;
        eq_network_get(k->n, b, theta);
        for (size_t j = 0; j < eq_network_block(k->n, b)->count; j++)
            theta[j] = weights ? (hidden ? 4.0 : 1.0) * times * theta[j]
                               : eq_random_uniform(&random) * 0.6;
        eq_network_put(k->n, b, theta);
    }
    ck_assert_int_eq(eq_network_start(k->n, &(eq_engine_options){EQ_ENGINE_AUTO, BATCH, 1}, NULL),
                     EQ_OK);
    for (size_t i = 0; i < BATCH * k->o.width[0]; i++) k->x[i] = eq_random_uniform(&random);
}

static void solve(net *k) {
    ck_assert_int_eq(eq_network_free_phase(k->n, BATCH, k->x, k->y, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_potentials(k->n, BATCH, k->x, k->s, NULL), EQ_OK);
}

static double clip(double s) {
    return fmin(fmax(s, 0.0), 1.0);
}

/* Where layer l begins among the units; of the inputs, layer 0, they count from 0 themselves. */
static size_t place(const net *k, size_t l) {
    size_t at = 0;
    for (size_t j = 1; j < l; j++) at += k->o.width[j];
    return at;
}

/* Number of weight i, j of a block in it: of those inside a layer the pairs i < j, row by row. */
static size_t number(const net *k, size_t from, size_t to, size_t i, size_t j) {
    size_t m = k->o.width[to], at = 0;
    if (from != to) return i * m + j;
    for (size_t row = 0; row < i; row++) at += m - 1 - row;
    return at + j - i - 1;
}

/* W[i][j] between all units of the network, and the constant part b + W^T x of example n. */
static void dense(const net *k, size_t n, double w[MOST][MOST], double *constant) {
    memset(w, 0, MOST * sizeof *w);
    memset(constant, 0, k->units * sizeof *constant);
    for (size_t b = 0, from, to; b < eq_network_blocks(k->n); b++) {
        const double *theta = k->theta + eq_network_block(k->n, b)->first;
        bool weights = layers_of(k, b, &from, &to);
        size_t at = place(k, to), before = weights ? place(k, from) : 0;
        for (size_t j = 0; j < k->o.width[to]; j++) {
            if (!weights) constant[at + j] += theta[j];
            for (size_t i = 0; weights && i < (from == to ? j : k->o.width[from]); i++) {
                double value = theta[number(k, from, to, i, j)];
                if (from == 0)
                    constant[at + j] += k->x[n * k->o.width[0] + i] * value;
                else
                    w[before + i][at + j] = w[at + j][before + i] = value;
            }
        }
    }
}

/* sigma and its slopes once more. */
static double sigma(const net *k, double s, double *slope, double *bend) {
    const char *name = k->o.sigma->name;
    double r = s;
    *slope = 1.0;
    *bend = 0.0;
    if (name[0] == 't') {
        r = tanh(s);
        *slope = 1.0 / (cosh(s) * cosh(s));
        *bend = -2.0 * r * *slope;
    } else if (name[0] == 's') {
        r = 1.0 / (1.0 + exp(2.0 - 4.0 * s));
        *slope = 4.0 * exp(2.0 - 4.0 * s) * r * r;
        *bend = 4.0 * *slope * (1.0 - 2.0 * r);
    }
    return r;
}

/* s = clip(b + W s), or sigma'(s) (b + W sigma(s)), by loops over all pairs of units, and E by the same. */
START_TEST(states_are_stationary_points_of_the_energy) {
    static double w[MOST][MOST];
    double constant[MOST];
    for (size_t which = 0; which < SHAPES; which++) {
        net k;
        open_net(&k, which, (eq_hopfield_solver)_i, 1e-13, 1.0, which + 1);
        solve(&k);
        size_t inside = 0;
        double energy[BATCH], size[BATCH];
        ck_assert_int_eq(eq_network_energies(k.n, 0, BATCH, k.x, energy, size, NULL), EQ_OK);
        for (size_t n = 0; n < BATCH; n++) {
            dense(&k, n, w, constant);
            double e = 0.0, slope, bend;
            for (size_t i = 0; i < k.units; i++) {
                double field = constant[i], s = k.s[n * k.units + i];
                for (size_t j = 0; j < k.units; j++)
                    field += w[i][j] * sigma(&k, k.s[n * k.units + j], &slope, &bend);
                double r = sigma(&k, s, &slope, &bend);
                double to = k.o.sigma->clips ? clip(field) : slope * field;
                ck_assert_msg(fabs(s - to) <= 2e-12, "shape %zu: %g is %g", which, s, to);
                inside += s > 0.0 && s < 1.0;
                e += 0.5 * s * s - 0.5 * r * (field + constant[i]);
            }
            ck_assert_double_eq_tol(energy[n], e, 1e-12);
            for (size_t m = 0; m < k.outputs; m++)
                ck_assert(k.y[n * k.outputs + m] == k.s[(n + 1) * k.units - k.outputs + m]);
        }
        ck_assert_uint_gt(inside, 0);
        eq_network_free(k.n);
    }
}
END_TEST

/* Where Euler, run to 1e-12, reaches the same minimum, the states agree to 1e-9; both count their
 * passes through the weights. */
START_TEST(sweeps_find_the_states_of_euler_in_fewer_passes) {
    size_t same = 0, all = 0;
    double passes[2] = {0.0, 0.0};
    for (uint64_t seed = 1; seed <= 10; seed++)
        for (size_t which = _i == 0 ? 1 : PLAIN; which < (_i == 0 ? PLAIN : SHAPES); which++) {
            net k[2];
            for (int e = 0; e < 2; e++) {
                open_net(&k[e], which, (eq_hopfield_solver)e, 1e-12, seed <= 5 ? 1.0 : 1.5, seed);
                solve(&k[e]);
                passes[e] += eq_network_about(k[e].n).iterations;
            }
            for (size_t n = 0; n < BATCH; n++, all++) {
                double off = 0.0;
                for (size_t i = 0; i < k[0].units; i++)
                    off = fmax(off, fabs(k[0].s[n * k[0].units + i] - k[1].s[n * k[1].units + i]));
                same += off <= 1e-9;
                ck_assert_msg(off <= 1e-9 || off > 1e-4, "off by %g", off);
            }
            eq_network_free(k[0].n);
            eq_network_free(k[1].n);
        }
    printf("hopfield: %zu of %zu states%s are those of Euler, in %.2f times fewer passes\n", same,
           all, _i == 0 ? "" : " of other couplings and sigma", passes[1] / passes[0]);
    ck_assert_uint_ge(same, _i == 0 ? all * 9 / 10 : all * 17 / 20);
    ck_assert_double_gt(passes[1], 2.0 * passes[0]);
}
END_TEST

/* One unit and one input: s = clip((w x + b + beta t)/(1 + beta)). */
START_TEST(a_nudge_of_one_unit_is_as_by_hand) {
    eq_hopfield_options o = eq_hopfield_defaults();
    o.layers = 2;
    o.width[0] = o.width[1] = 1;
    o.solver = (eq_hopfield_solver)_i;
    o.tolerance = 1e-14;
    eq_network *n = NULL;
    ck_assert_int_eq(eq_hopfield_new(&o, &n, NULL), EQ_OK);
    double w = 0.6, b = 0.1, x = 0.5, y, t = 1.0, beta = 0.5, moved;
    eq_network_put(n, 0, &w);
    eq_network_put(n, 1, &b);
    ck_assert_int_eq(eq_network_start(n, &(eq_engine_options){EQ_ENGINE_AUTO, 1, 1}, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_free_phase(n, 1, &x, &y, NULL), EQ_OK);
    ck_assert_double_eq_tol(y, 0.4, 1e-13);
    double current = beta * (t - y);
    ck_assert_int_eq(
        eq_network_nudged_phase(n, 1, &(eq_nudge){.current = &current, .slope = &beta, .at = &y},
                                &moved, NULL),
        EQ_OK);
    ck_assert_double_eq_tol(moved, (0.4 + 0.5) / 1.5, 1e-12);
    ck_assert_int_eq(eq_network_nudged_phase(n, 1, &(eq_nudge){.current = &current}, &moved, NULL),
                     EQ_OK);
    ck_assert_double_eq_tol(moved, 0.4 + 0.5 * 0.6, 1e-12);
    double away = -1.5;
    ck_assert_int_eq(
        eq_network_nudged_phase(n, 1, &(eq_nudge){.current = &current, .slope = &away, .at = &y},
                                NULL, NULL),
        EQ_ERR_CONVERGE);
    eq_network_free(n);
}
END_TEST

/* H at the state s of an example, with its r = sigma(s) and slopes; a unit at a bound has the slope 0. */
static void hessian(const net *k, size_t n, const double *s, double h[MOST][MOST], double *r,
                    double *slope) {
    static double w[MOST][MOST];
    double constant[MOST], bend[MOST];
    dense(k, n, w, constant);
    for (size_t i = 0; i < k->units; i++) {
        r[i] = sigma(k, s[i], &slope[i], &bend[i]);
        if (k->o.sigma->clips && !(s[i] > 0.0 && s[i] < 1.0)) slope[i] = 0.0;
    }
    for (size_t i = 0; i < k->units; i++) {
        double field = constant[i];
        for (size_t j = 0; j < k->units; j++) field += w[i][j] * r[j];
        for (size_t j = 0; j < k->units; j++)
            h[i][j] = (i == j) * (1.0 - bend[i] * field) - slope[i] * w[i][j] * slope[j];
    }
}

/* A pivot of H without row changes that is not positive: no minimum. */
static bool is_minimum(double h[MOST][MOST], size_t n) {
    static double a[MOST][MOST];
    memcpy(a, h, sizeof a);
    for (size_t c = 0; c < n; c++) {
        if (!(a[c][c] > 0.0)) return false;
        for (size_t r = c + 1; r < n; r++)
            for (size_t j = n; j-- > c;) a[r][j] -= a[r][c] / a[c][c] * a[c][j];
    }
    return true;
}

START_TEST(sweeps_end_at_no_saddle) {
    static double h[MOST][MOST];
    double r[MOST], slope[MOST];
    for (uint64_t seed = 1; seed <= 30; seed++)
        for (size_t which = 0; which < SHAPES; which++) {
            net k;
            open_net(&k, which, EQ_HOPFIELD_SWEEPS, 1e-10, 1.0 + 0.02 * (double)seed, seed);
            solve(&k);
            for (size_t n = 0; n < BATCH; n++) {
                hessian(&k, n, k.s + n * k.units, h, r, slope);
                ck_assert_msg(is_minimum(h, k.units), "shape %zu, seed %d", which, (int)seed);
            }
            eq_network_free(k.n);
        }
}
END_TEST

START_TEST(outputs_are_numbered_from_one) {
    for (size_t which = 0; which < SHAPES; which++) {
        net k;
        bool pair = true;
        open_net(&k, which, EQ_HOPFIELD_SWEEPS, 1e-9, 1.0, 1);
        for (size_t j = 0; j < k.outputs; j++) {
            char name[24];
            snprintf(name, sizeof name, "y%zu", j + 1);
            ck_assert_str_eq(eq_network_output(k.n, j, &pair), name);
            ck_assert(!pair);
        }
        eq_network_free(k.n);
    }
}
END_TEST

/* Strong weights, and a nudge that leaves half of an output's curvature: mixing may then circle, plain
 * sweeps go down. */
START_TEST(every_phase_settles) {
    double current[BATCH * MOST], slope[BATCH * MOST * 12], most = 0.0;
    for (uint64_t seed = 1; seed <= 150; seed++)
        for (size_t which = 1; which < SHAPES; which++) {
            net k;
            if (seed > 40 && which >= PLAIN) break;
            open_net(&k, which, EQ_HOPFIELD_SWEEPS, 1e-9, 1.0 + 0.02 * (double)seed, seed);
            solve(&k);
            size_t m = k.outputs;
            for (size_t j = 0; j < BATCH * m; j++)
                current[j] = -0.5 * ((j % m == j / m % m) - k.y[j]);
            for (size_t j = 0; j < BATCH * m * m; j++)
                slope[j] = j % (m * m) % (m + 1) == 0 ? -0.5 : 0.0;
            eq_diag *diag = eq_diag_new();
            eq_status status = eq_network_nudged_phase(
                k.n, 1, &(eq_nudge){.current = current, .slope = slope, .at = k.y}, NULL, diag);
            ck_assert_msg(status == EQ_OK, "shape %zu, seed %d: %s", which, (int)seed,
                          eq_diag_get(diag, 0)->text);
            eq_diag_free(diag);
            eq_engine_info about = eq_network_about(k.n);
            most = fmax(most, about.iterations / about.solves);
            eq_network_free(k.n);
        }
    printf("hopfield: at most %.0f passes a phase\n", most);
}
END_TEST

/* A nudge that takes all of one output's curvature leaves it no minimum: which one is told. What stands
 * beside the diagonal of its example does not count. */
START_TEST(a_nudge_that_takes_a_minimum_names_the_output) {
    net k;
    double current[BATCH * MOST] = {0.0}, slope[BATCH * MOST * 4];
    open_net(&k, 2, EQ_HOPFIELD_SWEEPS, 1e-9, 1.0, 3);
    solve(&k);
    size_t m = k.outputs;
    for (size_t at = 0; at < BATCH * m; at++) {
        char name[120];
        eq_diag *d = eq_diag_new();
        for (size_t j = 0; j < BATCH * m * m; j++) {
            bool diagonal = j % (m * m) % (m + 1) == 0;
            slope[j] = !diagonal ? -3.0 : j == at / m * m * m + at % m * (m + 1) ? -1.25 : 0.0;
        }
        ck_assert_int_eq(
            eq_network_nudged_phase(
                k.n, 1, &(eq_nudge){.current = current, .slope = slope, .at = k.y}, NULL, d),
            EQ_ERR_CONVERGE);
        snprintf(name, sizeof name,
                 "output %zu of example %zu of the minibatch: the nudge takes 1.25 ", at % m + 1,
                 at / m + 1);
        ck_assert_msg(strstr(eq_diag_get(d, 0)->text, name) != NULL, "%s", eq_diag_get(d, 0)->text);
        eq_diag_free(d);
    }
    eq_network_free(k.n);
}
END_TEST

/* Gauss elimination with row pivots of H lambda = g. */
static void dense_solve(double h[MOST][MOST], size_t n, double *lambda) {
    static double a[MOST][MOST];
    memcpy(a, h, sizeof a);
    for (size_t c = 0; c < n; c++) {
        size_t p = c;
        for (size_t r = c; r < n; r++)
            if (fabs(a[r][c]) > fabs(a[p][c])) p = r;
        for (size_t j = 0; j < n; j++) {
            double t = a[c][j];
            a[c][j] = a[p][j];
            a[p][j] = t;
        }
        double t = lambda[c];
        lambda[c] = lambda[p];
        lambda[p] = t;
        for (size_t r = 0; r < n; r++) {
            double f = r == c ? 0.0 : a[r][c] / a[c][c];
            for (size_t j = c; f != 0.0 && j < n; j++) a[r][j] -= f * a[c][j];
            lambda[r] -= f * lambda[c];
        }
    }
    for (size_t c = 0; c < n; c++) lambda[c] /= a[c][c];
}

/* dL/dw of the cost sum_k y_k^2/2, mean over the examples, by the dense adjoint: lambda_i sigma'_i r_j + .. */
static void exact(const net *k, double *gradient) {
    static double h[MOST][MOST];
    double lambda[MOST], r[MOST], slope[MOST];
    memset(gradient, 0, eq_network_parameters(k->n) * sizeof *gradient);
    for (size_t n = 0; n < BATCH; n++) {
        const double *s = k->s + n * k->units, *x = k->x + n * k->o.width[0];
        hessian(k, n, s, h, r, slope);
        for (size_t i = 0; i < k->units; i++) {
            bool stays = k->o.sigma->clips && slope[i] == 0.0;
            lambda[i] = i >= k->units - k->outputs && !stays ? s[i] : 0.0;
        }
        dense_solve(h, k->units, lambda);
        for (size_t i = 0; i < k->units; i++) lambda[i] *= slope[i] / BATCH;
        for (size_t b = 0, from, to; b < eq_network_blocks(k->n); b++) {
            double *g = gradient + eq_network_block(k->n, b)->first;
            bool weights = layers_of(k, b, &from, &to);
            size_t at = place(k, to), before = weights ? place(k, from) : 0;
            for (size_t j = 0; j < k->o.width[to]; j++) {
                if (!weights) g[j] += lambda[at + j];
                for (size_t i = 0; weights && i < (from == to ? j : k->o.width[from]); i++)
                    g[number(k, from, to, i, j)] +=
                        from == 0 ? x[i] * lambda[at + j]
                                  : r[before + i] * lambda[at + j] + lambda[before + i] * r[at + j];
            }
        }
    }
}

START_TEST(adjoint_and_estimates_are_the_gradient_of_a_dense_solve) {
    static double truth[8000], found[8000];
    for (size_t which = 0; which < SHAPES; which++) {
        net k;
        open_net(&k, which, (eq_hopfield_solver)_i, 1e-14, 0.8, which + 3);
        solve(&k);
        exact(&k, truth);
        double a[EQ_MAX_SLOTS] = {[EQ_ADJOINT] = 1.0 / BATCH}, most = 0.0, beta = 1e-4;
        ck_assert_msg(eq_network_adjoint_phase(k.n, k.y, NULL) == EQ_OK, "shape %zu", which);
        ck_assert_int_eq(eq_network_gradient(k.n, a, found, NULL), EQ_OK);
        for (size_t p = 0; p < eq_network_parameters(k.n); p++) {
            ck_assert_double_eq_tol(found[p], truth[p], 1e-12);
            most = fmax(most, fabs(truth[p]));
        }
        ck_assert_double_gt(most, 1e-3);
        double e[EQ_MAX_SLOTS] = {0, 0.5 / (beta * BATCH), -0.5 / (beta * BATCH)};
        for (int slot = 1; slot <= 2; slot++) {
            double current[BATCH * MOST];
            for (size_t j = 0; j < BATCH * k.outputs; j++)
                current[j] = (slot == 1 ? -beta : beta) * k.y[j];
            ck_assert_int_eq(
                eq_network_nudged_phase(k.n, slot, &(eq_nudge){.current = current}, NULL, NULL),
                EQ_OK);
        }
        ck_assert_int_eq(eq_network_gradient(k.n, e, found, NULL), EQ_OK);
        for (size_t p = 0; p < eq_network_parameters(k.n); p++)
            ck_assert_msg(fabs(found[p] - truth[p]) < (k.o.sigma->clips ? 1e-8 : 1e-6),
                          "shape %zu: %g is %g", which, found[p], truth[p]);
        eq_network_free(k.n);
    }
}
END_TEST

START_TEST(what_has_no_state_is_told) {
    eq_diag *diag = eq_diag_new();
    eq_hopfield_options o = eq_hopfield_defaults();
    eq_network *n = NULL;
    ck_assert_int_eq(eq_hopfield_new(&o, &n, diag), EQ_ERR_INPUT); /* no layers */
    o.layers = 3;
    o.width[0] = 2;
    ck_assert_int_eq(eq_hopfield_new(&o, &n, diag), EQ_ERR_INPUT); /* a layer of none */
    o.width[1] = 1000000;
    o.width[2] = 1000000;
    ck_assert_int_eq(eq_hopfield_new(&o, &n, diag), EQ_ERR_INPUT); /* too many weights */
    o.width[1] = o.width[2] = 3;
    o.step = 2.0;
    ck_assert_int_eq(eq_hopfield_new(&o, &n, diag), EQ_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 3)->text, "step=2"));
    net k;
    open_net(&k, 2, (eq_hopfield_solver)_i, 1e-12, 1.0, 5);
    eq_network_free(k.n);
    k.o.steps = 2;
    ck_assert_int_eq(eq_hopfield_new(&k.o, &n, diag), EQ_OK);
    ck_assert_int_eq(eq_network_start(n, &(eq_engine_options){EQ_ENGINE_AUTO, BATCH, 1}, diag),
                     EQ_OK);
    ck_assert_int_eq(eq_network_free_phase(n, BATCH, k.x, k.y, diag), EQ_ERR_CONVERGE);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 4)->text, "does not settle"));
    eq_network_free(n);
    eq_diag_free(diag);
}
END_TEST

/* As weights are drawn first, no coupling of two hidden layers has a singular value above 1 (by the power method), so that
 * units do not drive each other to their bounds. */
START_TEST(first_weights_between_hidden_layers_contract) {
    enum { N = 60, M = 25 };
    static double w[N * M];
    eq_hopfield_options o = eq_hopfield_defaults();
    eq_network *n;
    o.layers = 4;
    memcpy(o.width, (size_t[]){7, N, M, 5}, 4 * sizeof *o.width);
    ck_assert_int_eq(eq_hopfield_new(&o, &n, NULL), EQ_OK);
    for (size_t b = 0; b < eq_network_blocks(n); b++)
        if (strcmp(eq_network_block(n, b)->name, "w2") == 0) eq_network_get(n, b, w);
    double x[M], y[N], size = 0.0;
    for (size_t j = 0; j < M; j++) x[j] = 1.0;
    for (int k = 0; k < 100; k++) {
        size = 0.0;
        for (size_t i = 0; i < N; i++) {
            y[i] = 0.0;
            for (size_t j = 0; j < M; j++) y[i] += w[i * M + j] * x[j];
        }
        memset(x, 0, sizeof x);
        for (size_t j = 0; j < M; j++)
            for (size_t i = 0; i < N; i++) x[j] += w[i * M + j] * y[i];
        for (size_t j = 0; j < M; j++) size += x[j] * x[j];
        for (size_t j = 0; j < M; j++) x[j] /= sqrt(size);
    }
    ck_assert_msg(size > 0.01 && size < 0.5, "the fourth power of it: %g", size);
    eq_network_free(n);
}
END_TEST

/* Ten outputs hang on a whole layer by weights that fold the energy: they and that layer go to a common minimum, and a
 * sweep is left with the layers before. Without that these take 26, 23 and 37 sweeps. */
START_TEST(outputs_take_few_sweeps) {
    static const struct {
        const char *layers;
        double most;
    } of[] = {{"64,100,10", 5.0}, {"64,200,200,10", 7.5}, {"64,100,100,100,10", 7.5}};
    char *text;
    double all, free_one;
    expect_exit(
        0, &text,
        "train netlists/hopfield-digits.xml --set network.sigma=tanh --set network.layers=%s "
        "--set network.tolerance=1e-4 --epochs 1 --set data.train-limit=200 -o %s",
        of[_i].layers, in("run"));
    const char *at = strstr(text, "hopfield engine, ");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, "hopfield engine, %lf iterations a solve (%lf", &all, &free_one),
                     2);
    ck_assert_msg(free_one <= of[_i].most, "%g", free_one);
    free(text);
}
END_TEST

Suite *hopfield_suite(void) {
    Suite *s = suite_create("hopfield");
    TCase *t = tcase_create("hopfield");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, first_weights_between_hidden_layers_contract);
    tcase_add_loop_test(t, states_are_stationary_points_of_the_energy, 0, 2);
    tcase_add_loop_test(t, sweeps_find_the_states_of_euler_in_fewer_passes, 0, 2);
    tcase_add_loop_test(t, a_nudge_of_one_unit_is_as_by_hand, 0, 2);
    tcase_add_test(t, outputs_are_numbered_from_one);
    tcase_add_test(t, every_phase_settles);
    tcase_add_test(t, sweeps_end_at_no_saddle);
    tcase_add_test(t, a_nudge_that_takes_a_minimum_names_the_output);
    tcase_add_loop_test(t, adjoint_and_estimates_are_the_gradient_of_a_dense_solve, 0, 2);
    tcase_add_loop_test(t, what_has_no_state_is_told, 0, 2);
    suite_add_tcase(s, t);
    TCase *trained = tcase_create("trained");
    tcase_set_timeout(trained, 60);
    tcase_add_checked_fixture(trained, scratch_make, scratch_drop);
    tcase_add_loop_test(trained, outputs_take_few_sweeps, 0, 3);
    suite_add_tcase(s, trained);
    return s;
}
