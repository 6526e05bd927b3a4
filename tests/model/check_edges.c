/* Hopfield networks that lack most of their weights, by a density or by a list of edges, against loops over all pairs
 * of units in which the weights stand by their names; what cannot be such a network. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "model/dynamics.h"
#include "model/hopfield/hopfield.h"
#include "model/model.h"

Suite *edges_suite(void);

enum { MOST = 64, BATCH = 5, INPUTS = 4, OUTPUTS = 2 };

/* W between all units and inputs, the inputs first, and b; of names x1, s2_7 or of a list. */
typedef struct net {
    eq_hopfield_options o;
    eq_network *n;
    size_t units, inputs, outputs;
    eq_names *name;
    double w[MOST][MOST], b[MOST];
    double x[BATCH * MOST], y[BATCH * MOST], s[BATCH * MOST];
} net;

/* The number of a unit, inputs first, then in the order of the state. */
static size_t unit(net *k, const char *name) {
    int32_t at = eq_names_find(k->name, name, strlen(name));
    ck_assert_msg(at != EQ_NO_NAME, "no unit %s", name);
    return (size_t)at;
}

/* "w_x1_h2" or "w2_3_7" and "ws0_2_1_1", "wl1_2_3": the two units. */
static void ends(net *k, const char *name, size_t *i, size_t *j) {
    char a[40], b[40];
    size_t from, to, p, q;
    if (name[1] == '_') {
        ck_assert_int_eq(sscanf(name, "w_%39[^_]_%39[^_]", a, b), 2);
    } else {
        if (sscanf(name, "wl%zu_%zu_%zu", &to, &p, &q) == 3)
            from = to;
        else if (sscanf(name, "ws%zu_%zu_%zu_%zu", &from, &to, &p, &q) != 4) {
            ck_assert_int_eq(sscanf(name, "w%zu_%zu_%zu", &to, &p, &q), 3);
            from = to - 1;
        }
        snprintf(a, sizeof a, from == 0 ? "x%zu" : "s%zu_%zu", from == 0 ? p : from, p);
        snprintf(b, sizeof b, "s%zu_%zu", to, q);
    }
    *i = unit(k, a);
    *j = unit(k, b);
}

/* W and b by the names of the parameters. */
static void learn(net *k) {
    static double theta[8000];
    memset(k->w, 0, sizeof k->w);
    for (size_t b = 0; b < eq_network_blocks(k->n); b++) {
        const eq_block *is = eq_network_block(k->n, b);
        eq_network_get(k->n, b, theta);
        for (size_t p = 0, i, j, l; p < is->count; p++) {
            const char *name = eq_network_name(k->n, b, p);
            char word[40];
            if (is->param[0] == 'w') {
                ends(k, name, &i, &j);
                ck_assert(k->w[i][j] == 0.0 && i != j);
                k->w[i][j] = k->w[j][i] = theta[p];
                continue;
            }
            if (sscanf(name, "b%zu_%zu", &l, &j) == 2)
                snprintf(word, sizeof word, "s%zu_%zu", l, j);
            else
                ck_assert_int_eq(sscanf(name, "b_%39s", word), 1);
            k->b[unit(k, word)] = theta[p];
        }
    }
}

/* Four times as much between hidden layers, so that there are several minima. */
static double widened(const net *k, size_t b) {
    const char *name = eq_network_block(k->n, b)->name;
    size_t from, to;
    if (k->o.edges != NULL || strncmp(name, "wl", 2) == 0) return 1.0;
    if (sscanf(name, "ws%zu_%zu", &from, &to) != 2) {
        if (sscanf(name, "w%zu", &to) != 1) return 1.0;
        from = to - 1;
    }
    return from > 0 && to + 1 < k->o.layers ? 4.0 : 1.0;
}

/* Weights of the first draw times `times`, biases around 0.45. */
static void start(net *k, uint64_t seed, double times) {
    eq_random random = eq_random_seed(seed + 5);
    static double theta[8000];
    k->units = eq_network_nodes(k->n);
    k->inputs = eq_network_inputs(k->n);
    k->outputs = eq_network_outputs(k->n);
    for (size_t b = 0; b < eq_network_blocks(k->n); b++) {
        eq_network_get(k->n, b, theta);
        for (size_t p = 0; p < eq_network_block(k->n, b)->count; p++)
            theta[p] = eq_network_block(k->n, b)->param[0] == 'w'
                           ? widened(k, b) * times * theta[p]
                           : 0.2 + 0.5 * eq_random_uniform(&random);
        eq_network_put(k->n, b, theta);
    }
    ck_assert_int_eq(eq_network_start(k->n, &(eq_engine_options){EQ_ENGINE_AUTO, BATCH, 1}, NULL),
                     EQ_OK);
    for (size_t i = 0; i < BATCH * k->inputs; i++) k->x[i] = eq_random_uniform(&random);
}

/* Inputs, then the units as the dynamics name them. */
static void name_all(net *k) {
    eq_dynamics d;
    eq_text t = {0};
    ck_assert_int_eq(eq_network_free_phase(k->n, BATCH, k->x, k->y, NULL), EQ_OK);
    ck_assert_int_eq(eq_dynamics_open(k->n, BATCH, NAN, &d, NULL), EQ_OK);
    for (size_t j = 0; j < k->inputs + k->units; j++) {
        eq_text_clear(&t);
        if (j < k->inputs)
            eq_text_printf(&t, "x%zu", j + 1);
        else
            d.ops->name(d.self, j - k->inputs, &t);
        ck_assert_int_eq(eq_names_add(k->name, t.text, t.length), (int32_t)j);
    }
    eq_text_free(&t);
}

static void solve(net *k) {
    ck_assert_int_eq(eq_network_free_phase(k->n, BATCH, k->x, k->y, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_potentials(k->n, BATCH, k->x, k->s, NULL), EQ_OK);
}

static void drop(net *k) {
    eq_network_free(k->n);
    eq_names_free(k->name);
    eq_hopfield_options_free(&k->o);
}

static const struct {
    size_t layers, width[5];
    const char *density, *sigma;
    size_t skips;
    eq_skip skip[2];
    unsigned lateral;
} shape[] = {
    {.layers = 3, .width = {6, 20, 4}, .density = "0.5"},
    {.layers = 3, .width = {6, 20, 4}, .density = "w1=0.1 w2=0.3"},
    {.layers = 4, .width = {6, 14, 9, 3}, .density = "0.6 wl*=0.08", .lateral = 1u << 1 | 1u << 2},
    {.layers = 4,
     .width = {6, 14, 9, 3},
     .density = "0.4,ws0_2=0.05",
     .sigma = "tanh",
     .skips = 2,
     .skip = {{0, 2}, {1, 3}},
     .lateral = 1u << 1},
};
enum { LAYERED = sizeof shape / sizeof *shape, GRAPHS = 8, NETS = LAYERED + GRAPHS };

/* A list of random edges between 4 inputs, 6 to 20 hidden units, each with two edges or more, and 2 outputs; the order
 * of their state is not that of the list. */
static void write_list(uint64_t seed, eq_text *t, bool bipartite) {
    eq_random random = eq_random_seed(seed + 40);
    size_t hidden = 6 + (size_t)eq_random_below(&random, 15);
    eq_text_puts(t, "from,to,value\n");
    for (size_t h = 0; h < hidden; h++) {
        eq_text_printf(t, "x%d,h%zu,\n", (int)eq_random_below(&random, INPUTS) + 1, h);
        if (h > 0 && !bipartite)
            eq_text_printf(t, "h%zu,h%zu,\n", h, (size_t)eq_random_below(&random, h));
        eq_text_printf(t, "y%d,h%zu,%s\n", (int)eq_random_below(&random, OUTPUTS) + 1, h,
                       h % 3 == 0 ? "0.5" : "");
    }
    for (int k = 0; k < INPUTS; k++) eq_text_printf(t, "q,x%d,-0.25\n", k + 1);
    eq_text_puts(t, "q,y1,0.2\ny2,q,1m\nx1,y2,\n");
    if (!bipartite) eq_text_puts(t, "y1,y2,0.1\n");
}

static const char *const solvers[] = {"sweeps", "euler"};

/* Network `which`, layers first; solver 0: sweeps. */
static void open_net(net *k, size_t which, int solver, double tolerance, uint64_t seed) {
    *k = (net){.o = eq_hopfield_defaults(), .name = eq_names_new()};
    bool layered = which < LAYERED;
    k->o.seed = seed;
    k->o.tolerance = tolerance;
    ck_assert(eq_hopfield_solver_find(solvers[solver], &k->o.solver));
    if (layered) {
        k->o.layers = shape[which].layers;
        memcpy(k->o.width, shape[which].width, sizeof shape[which].width);
        memcpy(k->o.skip, shape[which].skip, sizeof shape[which].skip);
        k->o.skips = shape[which].skips;
        k->o.lateral = shape[which].lateral;
        k->o.density = eq_strdup(shape[which].density);
        if (shape[which].sigma != NULL) k->o.sigma = eq_sigma_find(shape[which].sigma);
    } else {
        eq_text t = {0};
        write_list(seed + which, &t, which % 2 == 0);
        k->o.edges = eq_strdup(put("edges.csv", t.text));
        k->o.inputs = eq_strdup("x1 x2,X3 x4");
        k->o.outputs = eq_strdup("y1 y2");
        if (which % 4 == 3) k->o.sigma = eq_sigma_find("sigmoid");
        eq_text_free(&t);
    }
    if (!k->o.sigma->clips) k->o.step = 0.1;
    ck_assert_int_eq(eq_hopfield_new(&k->o, &k->n, NULL), EQ_OK);
    start(k, seed, 0.7);
    name_all(k);
    learn(k);
    solve(k);
}

/* sigma once more. */
static double sigma(const net *k, double s, double *slope) {
    char is = k->o.sigma->name[0];
    double r = is == 't' ? tanh(s) : is == 's' ? 1.0 / (1.0 + exp(2.0 - 4.0 * s)) : s;
    *slope = is == 't' ? 1.0 - r * r : is == 's' ? 4.0 * r * (1.0 - r) : 1.0;
    return r;
}

/* dE/ds = s - sigma'(s) (b + W sigma(s)) of a unit of example n, by a loop over all others; *field: what stands in
 * brackets. */
static double slope_of(const net *k, size_t n, size_t i, double *field) {
    const double *s = k->s + n * k->units, *x = k->x + n * k->inputs;
    double slope, own;
    *field = k->b[k->inputs + i];
    for (size_t j = 0; j < k->inputs + k->units; j++)
        *field +=
            k->w[k->inputs + i][j] * (j < k->inputs ? x[j] : sigma(k, s[j - k->inputs], &slope));
    sigma(k, s[i], &own);
    return s[i] - own * *field;
}

START_TEST(states_are_stationary_points_of_the_energy_of_all_pairs) {
    for (size_t which = 0; which < NETS; which++) {
        net k;
        size_t inside = 0;
        double e[BATCH], size[BATCH];
        open_net(&k, which, _i, 1e-13, which + 1);
        ck_assert_int_eq(eq_network_energies(k.n, 0, BATCH, k.x, e, size, NULL), EQ_OK);
        for (size_t n = 0; n < BATCH; n++) {
            double energy = 0.0, field, slope;
            for (size_t i = 0; i < k.units; i++) {
                double s = k.s[n * k.units + i], to = s - slope_of(&k, n, i, &field);
                if (k.o.sigma->clips) to = fmin(fmax(to, 0.0), 1.0);
                ck_assert_msg(fabs(s - to) <= 2e-12, "net %zu: %g is %g", which, s, to);
                inside += s > 0.0 && s < 1.0;
                energy += 0.5 * s * s - sigma(&k, s, &slope) * k.b[k.inputs + i];
                for (size_t j = 0; j < k.inputs + i; j++)
                    energy -= k.w[k.inputs + i][j] * sigma(&k, s, &slope) *
                              (j < k.inputs ? k.x[n * k.inputs + j]
                                            : sigma(&k, k.s[n * k.units + j - k.inputs], &slope));
            }
            ck_assert_double_eq_tol(e[n], energy, 1e-12);
            for (size_t m = 0; m < k.outputs; m++)
                ck_assert(k.y[n * k.outputs + m] == k.s[(n + 1) * k.units - k.outputs + m]);
        }
        ck_assert_uint_gt(inside, 0);
        drop(&k);
    }
}
END_TEST

/* Where both reach the same minimum. */
START_TEST(sweeps_find_the_states_of_euler_in_fewer_passes) {
    size_t same = 0, all = 0;
    double passes[2] = {0.0, 0.0};
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (size_t which = 0; which < NETS; which++) {
            net k[2];
            for (int e = 0; e < 2; e++) {
                open_net(&k[e], which, e, 1e-12, 10 * seed);
                passes[e] += eq_network_about(k[e].n).iterations;
            }
            for (size_t n = 0; n < BATCH; n++, all++) {
                double off = 0.0;
                for (size_t i = 0; i < k[0].units; i++)
                    off = fmax(off, fabs(k[0].s[n * k[0].units + i] - k[1].s[n * k[0].units + i]));
                ck_assert_msg(off <= 1e-9 || off > 1e-4, "off by %g", off);
                same += off <= 1e-9;
            }
            drop(&k[0]);
            drop(&k[1]);
        }
    printf("edges: %zu of %zu states are those of Euler, in %.2f times fewer passes\n", same, all,
           passes[1] / passes[0]);
    ck_assert_uint_ge(same, all * 17 / 20);
    ck_assert_double_gt(passes[1], 2.0 * passes[0]);
}
END_TEST

/* C = sum_k y_k^2/2, mean over the examples. */
static double cost(net *k) {
    double c = 0.0;
    solve(k);
    for (size_t j = 0; j < BATCH * k->outputs; j++) c += 0.5 * k->y[j] * k->y[j] / BATCH;
    return c;
}

/* The adjoint and the estimate of two nudged phases against differences, of every parameter. */
START_TEST(gradients_are_differences_of_the_cost) {
    static double found[2][8000], theta[8000];
    const double beta = 1e-4, h = 1e-6;
    size_t live = 0, jumps = 0, all = 0;
    for (size_t which = 0; which < NETS; which++) {
        net k;
        double a[2][EQ_MAX_SLOTS] = {{[EQ_ADJOINT] = 1.0 / BATCH},
                                     {0, 0.5 / (beta * BATCH), -0.5 / (beta * BATCH)}};
        double current[BATCH * MOST], most = 0.0;
        open_net(&k, which, _i, 1e-14, 6);
        ck_assert_int_eq(eq_network_adjoint_phase(k.n, k.y, NULL), EQ_OK);
        for (int slot = 1; slot <= 2; slot++) {
            for (size_t j = 0; j < BATCH * k.outputs; j++)
                current[j] = (slot == 1 ? -beta : beta) * k.y[j];
            ck_assert_int_eq(
                eq_network_nudged_phase(k.n, slot, &(eq_nudge){.current = current}, NULL, NULL),
                EQ_OK);
        }
        for (int e = 0; e < 2; e++)
            ck_assert_int_eq(eq_network_gradient(k.n, a[e], found[e], NULL), EQ_OK);
        for (size_t b = 0; b < eq_network_blocks(k.n); b++)
            for (size_t p = 0; p < eq_network_block(k.n, b)->count; p++) {
                size_t at = eq_network_block(k.n, b)->first + p;
                double c[2];
                eq_network_get(k.n, b, theta);
                double was = theta[p];
                for (int e = 0; e < 2; e++) {
                    theta[p] = was + (e == 0 ? h : -h);
                    eq_network_put(k.n, b, theta);
                    c[e] = cost(&k);
                }
                theta[p] = was;
                eq_network_put(k.n, b, theta);
                all++;
                jumps += fabs(c[0] - c[1]) > 1e-3;
                if (fabs(c[0] - c[1]) > 1e-3) continue; /* another minimum */
                double truth = (c[0] - c[1]) / (2.0 * h);
                most = fmax(most, fabs(truth));
                for (int e = 0; e < 2; e++)
                    ck_assert_msg(fabs(found[e][at] - truth) < 1e-6, "net %zu, %s: %g is %g", which,
                                  eq_network_name(k.n, b, p), found[e][at], truth);
            }
        live += most > 1e-3; /* in others all outputs rest at a bound */
        drop(&k);
    }
    ck_assert_uint_ge(live, NETS * 2 / 3);
    ck_assert_uint_le(jumps, all / 200);
}
END_TEST

/* As many weights as were asked for, wherever they stand; the same of one topology; others of another. */
START_TEST(a_density_is_a_part_of_the_weights) {
    static const size_t count[2][2] = {{60, 40}, {12, 24}}; /* of 6 * 20 and 20 * 4 */
    for (size_t which = 0; which < 2; which++) {
        net n;
        open_net(&n, which, 0, 1e-9, 1);
        for (size_t l = 0; l < 2; l++)
            ck_assert_uint_eq(eq_network_block(n.n, 2 * l)->count, count[which][l]);
        drop(&n);
    }
    net a[3];
    size_t differ[2] = {0, 0};
    for (int k = 0; k < 3; k++) {
        open_net(&a[k], 1, 0, 1e-9, 1);
        eq_network_free(a[k].n);
        a[k].o.topology = k < 2 ? 7 : 8;
        a[k].o.seed = 1 + (uint64_t)k;
        ck_assert_int_eq(eq_hopfield_new(&a[k].o, &a[k].n, NULL), EQ_OK);
        learn(&a[k]);
    }
    for (size_t i = 0; i < MOST; i++)
        for (size_t j = 0; j < MOST; j++)
            for (int k = 0; k < 2; k++)
                differ[k] += (a[k].w[i][j] != 0.0) != (a[k + 1].w[i][j] != 0.0);
    ck_assert_uint_eq(differ[0], 0);
    ck_assert_uint_gt(differ[1], 10);
    for (int k = 0; k < 3; k++) drop(&a[k]);
}
END_TEST

/* Layers written as a list of edges are swept as these: the same states in as many passes. */
START_TEST(a_list_of_layers_is_swept_as_they_are) {
    net layers = {.o = eq_hopfield_defaults(), .name = eq_names_new()}, list = layers;
    eq_text t = {0};
    layers.o.layers = 5;
    static const size_t width[] = {3, 6, 5, 4, 2};
    memcpy(layers.o.width, width, sizeof width);
    layers.o.tolerance = list.o.tolerance = 1e-12;
    ck_assert_int_eq(eq_hopfield_new(&layers.o, &layers.n, NULL), EQ_OK);
    start(&layers, 4, 1.0);
    name_all(&layers);
    learn(&layers);
    eq_text_puts(&t, "from,to,value\n");
    for (size_t i = 0; i < 20; i++)
        for (size_t j = 0; j < i; j++)
            if (layers.w[i][j] != 0.0)
                eq_text_printf(&t, "%s,%s,%.17g\n", eq_names_get(layers.name, (int32_t)i),
                               eq_names_get(layers.name, (int32_t)j), layers.w[i][j]);
    list.name = eq_names_new();
    list.o.edges = eq_strdup(put("layers.csv", t.text));
    list.o.inputs = eq_strdup("x1 x2 x3");
    list.o.outputs = eq_strdup("s4_1 s4_2");
    ck_assert_int_eq(eq_hopfield_new(&list.o, &list.n, NULL), EQ_OK);
    start(&list, 4, 1.0);
    name_all(&list);
    ck_assert_uint_eq(eq_network_blocks(list.n), 2);
    double b[17];
    eq_network_get(list.n, 1, b);
    for (size_t p = 0; p < 17; p++)
        b[p] = layers.b[unit(&layers, eq_network_name(list.n, 1, p) + 2)];
    eq_network_put(list.n, 1, b);
    solve(&layers);
    solve(&list);
    for (size_t n = 0; n < BATCH; n++)
        for (size_t i = 0; i < list.units; i++) {
            const char *name = eq_names_get(list.name, (int32_t)(3 + i));
            ck_assert_double_eq_tol(list.s[n * list.units + i],
                                    layers.s[n * list.units + unit(&layers, name) - 3], 1e-11);
        }
    double few = eq_network_about(layers.n).iterations, more = eq_network_about(list.n).iterations;
    ck_assert_double_lt(more, 1.2 * few);
    drop(&layers);
    drop(&list);
    eq_text_free(&t);
}
END_TEST

Suite *edges_suite(void) {
    Suite *s = suite_create("edges");
    TCase *t = tcase_create("edges");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, states_are_stationary_points_of_the_energy_of_all_pairs, 0, 2);
    tcase_add_test(t, sweeps_find_the_states_of_euler_in_fewer_passes);
    tcase_add_loop_test(t, gradients_are_differences_of_the_cost, 0, 2);
    tcase_add_test(t, a_density_is_a_part_of_the_weights);
    tcase_add_test(t, a_list_of_layers_is_swept_as_they_are);
    suite_add_tcase(s, t);
    return s;
}
