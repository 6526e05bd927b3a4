/* Contrastive Hebbian learning (Scellier 2020, section 3.4): its step goes down E(clamped) - E(free) of Hopfield
 * networks, and clamped phases that hop to another mode are counted, of networks built to have two. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "model/hopfield/hopfield.h"
#include "train/estimator.h"

Suite *modes_suite(void);

enum { INPUTS = 4, HIDDEN = 5, OUTPUTS = 2, UNITS = HIDDEN + OUTPUTS, EXAMPLES = 3, MOST = 64 };

typedef struct net {
    eq_network *n;
    double theta[MOST], x[EXAMPLES * INPUTS], y[EXAMPLES * OUTPUTS], target[EXAMPLES][OUTPUTS];
    eq_goal goal[EXAMPLES];
} net;

static void open_net(net *k, uint64_t seed) {
    eq_hopfield_options o = eq_hopfield_defaults();
    eq_random random = eq_random_seed(seed);
    *k = (net){.n = NULL};
    o.layers = 3;
    o.width[0] = INPUTS, o.width[1] = HIDDEN, o.width[2] = OUTPUTS;
    o.tolerance = 1e-13;
    o.solver = (eq_hopfield_solver)(seed % 2);
    o.seed = seed;
    ck_assert_int_eq(eq_hopfield_new(&o, &k->n, NULL), EQ_OK);
    for (size_t b = 0; b < 4; b++) {
        double *theta = k->theta + eq_network_block(k->n, b)->first;
        eq_network_get(k->n, b, theta);
        for (size_t j = 0; j < eq_network_block(k->n, b)->count; j++)
            theta[j] = b % 2 == 0 ? 0.5 * theta[j] : 0.4 + 0.1 * eq_random_uniform(&random);
        eq_network_put(k->n, b, theta);
    }
    for (int i = 0; i < EXAMPLES * INPUTS; i++) k->x[i] = eq_random_uniform(&random);
    for (int j = 0; j < EXAMPLES; j++) {
        for (int i = 0; i < OUTPUTS; i++) k->target[j][i] = eq_random_uniform(&random);
        k->goal[j] = (eq_goal){0, k->target[j]};
    }
    ck_assert_int_eq(
        eq_network_start(k->n, &(eq_engine_options){EQ_ENGINE_AUTO, EXAMPLES, 1}, NULL), EQ_OK);
}

/* E by a loop over all pairs. */
static double energy(const net *k, const double *x, const double *s) {
    const double *w1 = k->theta, *b1 = w1 + INPUTS * HIDDEN, *w2 = b1 + HIDDEN,
                 *b2 = w2 + HIDDEN * OUTPUTS;
    double e = 0.0;
    for (int j = 0; j < UNITS; j++)
        e += 0.5 * s[j] * s[j] - s[j] * (j < HIDDEN ? b1[j] : b2[j - HIDDEN]);
    for (int i = 0; i < INPUTS; i++)
        for (int j = 0; j < HIDDEN; j++) e -= x[i] * w1[i * HIDDEN + j] * s[j];
    for (int i = 0; i < HIDDEN; i++)
        for (int j = 0; j < OUTPUTS; j++) e -= s[i] * w2[i * OUTPUTS + j] * s[HIDDEN + j];
    return e;
}

/* Free and clamped phases; mean E(clamped) - E(free) by the loop. */
static double contrast(net *k, eq_phases *p, double a[EQ_MAX_SLOTS]) {
    const eq_cost cost = {.kind = eq_cost_find("squared-error"), .high = 1.0};
    const eq_estimator est = {.kind = eq_estimator_find("one-sided"),
                              .nudging = EQ_NUDGE_CLAMP,
                              .eta = 1.0,
                              .clamp = INFINITY};
    double s[EXAMPLES * UNITS], e[2][EXAMPLES], size[EXAMPLES], sum = 0.0;
    ck_assert_int_eq(eq_network_free_phase(k->n, EXAMPLES, k->x, k->y, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_potentials(k->n, EXAMPLES, k->x, s, NULL), EQ_OK);
    ck_assert_int_eq(eq_estimate(&est, p, k->n, &cost, 1.0, EXAMPLES, k->y, k->goal, a, NULL),
                     EQ_OK);
    for (int slot = 0; slot < 2; slot++)
        ck_assert_int_eq(eq_network_energies(k->n, slot, EXAMPLES, k->x, e[slot], size, NULL),
                         EQ_OK);
    for (int j = 0; j < EXAMPLES; j++) {
        ck_assert_double_eq_tol(e[0][j], energy(k, k->x + j * INPUTS, s + j * UNITS), 1e-13);
        ck_assert(e[1][j] >= e[0][j] && size[j] >= fabs(e[1][j]));
        sum += (e[1][j] - e[0][j]) / EXAMPLES;
    }
    return sum;
}

START_TEST(the_step_goes_down_the_contrast_of_a_hopfield_network) {
    net k;
    double a[EQ_MAX_SLOTS], gradient[MOST], h = 1e-5;
    open_net(&k, (uint64_t)_i + 1);
    eq_phases *p = eq_phases_new(EXAMPLES, OUTPUTS);
    ck_assert(contrast(&k, p, a) > 0.0);
    ck_assert_int_eq(eq_network_gradient(k.n, a, gradient, NULL), EQ_OK);
    for (size_t b = 0; b < 4; b++) {
        const eq_block *block = eq_network_block(k.n, b);
        for (size_t j = block->first; j < block->first + block->count; j++) {
            double side[2], kept = k.theta[j], unused[EQ_MAX_SLOTS];
            for (int q = 0; q < 2; q++) {
                k.theta[j] = q == 0 ? kept + h : kept - h;
                eq_network_put(k.n, b, k.theta + block->first);
                side[q] = contrast(&k, p, unused);
            }
            k.theta[j] = kept;
            eq_network_put(k.n, b, k.theta + block->first);
            ck_assert_double_eq_tol(gradient[j], (side[0] - side[1]) / (2.0 * h), 1e-8);
        }
    }
    eq_phases_free(p);
    eq_network_free(k.n);
}
END_TEST

/* The last number of row `row` of metrics.csv. */
static double last_of(int row) {
    char *text = file_text(in("run/metrics.csv")), *line = text;
    for (int k = 0; k < row; k++) line = strchr(line, '\n') + 1;
    *strchr(line, '\n') = '\0';
    double value = strtod(strrchr(line, ',') + 1, NULL);
    eq_free(text);
    return value;
}

/* A hidden unit and an output, both pulled up by each other with w and down by b = -0.2: for w > 1 the minima
 * (0, 0) with E = 0 and (1, 1) with E = 1 - w - 2 b. Of 3 examples 2 are clamped up. */
static const struct {
    double w;
    int hops;
} pairs[] = {{2.0, 2}, {1.2, 0}, {0.5, 0}};

START_TEST(clamped_phases_that_hop_are_counted_and_told) {
    char text[1024], *said;
    put("data.csv", "x,y\n0,1\n0,1\n0,0\n");
    snprintf(text, sizeof text,
             "<experiment><network kind='hopfield' layers='1,1,1'/>"
             "<data format='csv' path='data.csv' targets='y'/><cost type='squared-error'/>"
             "<estimator type='one-sided' nudging='clamp' eta='1'/><optimizer type='sgd' rate='0'>"
             "<group match='w*' rate='0' init='uniform' low='%g' high='%g'/>"
             "<group match='b*' rate='0' init='uniform' low='-0.2' high='-0.2'/></optimizer>"
             "<minibatch size='2'/><epochs count='2'/></experiment>",
             pairs[_i].w, pairs[_i].w);
    put("net.xml", text);
    expect_exit(0, &said, "train %s -o %s", in("net.xml"), in("run"));
    ck_assert_double_eq(last_of(1), pairs[_i].hops);
    ck_assert_double_eq(last_of(2), pairs[_i].hops);
    const char *warned = strstr(said, "epoch 1: 2 of 3 clamped phases hopped to another mode");
    ck_assert_msg((warned != NULL) == (pairs[_i].hops > 0), "%s", said);
    ck_assert(strstr(said, "epoch 2: 2 of 3") == NULL);
    free(said);
}
END_TEST

/* A node with the conductance -a + b v^2 between a leak and an input: P = -a v^2/2 + b v^4/4 + g (v - x)^2/2, two minima
 * for g < a. */
START_TEST(resistive_networks_hop_too) {
    char *said;
    put("net.cir", "two wells\nVx x 0 0\nRt1 x o 1k\nB1 o 0 I=-4m*V(o)+4m*V(o)*V(o)*V(o)\n"
                   "*% input Vx\n*% output o\n*% train rt* gmin=1e-9 gmax=1\n.op\n.end\n");
    put("data.csv", "x,y\n0.3,-0.9\n0.3,0.9\n-0.3,0.9\n-0.3,-0.9\n");
    put("net.xml", "<experiment><circuit deck='net.cir'/>"
                   "<data format='csv' path='data.csv' targets='y'/><cost type='squared-error'/>"
                   "<estimator type='one-sided' nudging='clamp' eta='1'/>"
                   "<optimizer type='sgd' rate='0'/><epochs count='1'/></experiment>");
    expect_exit(0, &said, "train %s -o %s --force", in("net.xml"), in("run"));
    free(said);
    /* which well a free phase falls into is the solver's: count what its predictions say */
    char *table;
    expect_exit(0, NULL, "eval %s --data %s --predictions %s", in("run"), in("data.csv"),
                in("p.csv"));
    table = file_text(in("p.csv"));
    int hops = 0;
    char *line = strchr(table, '\n') + 1;
    for (int k = 0; k < 4; k++, line = strchr(line, '\n') + 1) {
        const double x = k < 2 ? 0.3 : -0.3, t = k == 1 || k == 2 ? 0.9 : -0.9;
        double v, p[2];
        ck_assert_int_eq(sscanf(line, "%*d,%*f,%*f,%lf", &v), 1);
        for (int q = 0; q < 2; q++) {
            double u = q == 0 ? v : t;
            p[q] = 4e-3 * (-u * u / 2.0 + pow(u, 4) / 4.0) + 1e-3 * (u - x) * (u - x) / 2.0;
        }
        hops += p[1] < p[0];
    }
    ck_assert_double_eq(last_of(1), hops);
    ck_assert_int_gt(hops, 0);
    eq_free(table);
}
END_TEST

/* A convex circuit has no second mode: nothing is counted, and no column is there. */
START_TEST(convex_circuits_have_no_column) {
    expect_exit(0, NULL,
                "train netlists/xor.xml -o %s --epochs 1 --set estimator.nudging=clamp "
                "--set estimator.type=one-sided --set estimator.eta=1",
                in("run"));
    char *text = file_text(in("run/metrics.csv"));
    ck_assert(strstr(text, "mode_hops") == NULL);
    eq_free(text);
}
END_TEST

Suite *modes_suite(void) {
    Suite *s = suite_create("modes");
    TCase *t = tcase_create("modes");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, the_step_goes_down_the_contrast_of_a_hopfield_network, 0, 4);
    tcase_add_loop_test(t, clamped_phases_that_hop_are_counted_and_told, 0, 3);
    tcase_add_test(t, resistive_networks_hop_too);
    tcase_add_test(t, convex_circuits_have_no_column);
    suite_add_tcase(s, t);
    return s;
}
