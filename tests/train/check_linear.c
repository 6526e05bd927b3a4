/* Linear resistance networks (Scellier 2020, section 4.2.1): the operating point is where the least power is dissipated,
 * and a voltage divider learns the least squares that closed form gives. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mna.h"
#include "../support/program.h"
#include "base/mem.h"
#include "base/random.h"
#include "solver/solver.h"
#include "train/train.h"

Suite *linear_suite(void);

enum { NODES = 8, MOST = 40, ROWS = 60, WEIGHTS = 4 };

/* Resistors between nodes 0 .. NODES-1, of which 0 is ground and 1 and 2 are held. */
typedef struct net {
    int a[MOST], b[MOST], count;
    double g[MOST], v[NODES];
} net;

static double power(const net *n, const double *v) {
    double sum = 0.0;
    for (int k = 0; k < n->count; k++) sum += n->g[k] * pow(v[n->a[k]] - v[n->b[k]], 2.0);
    return sum;
}

/* A random network, solved; its sources deliver *delivered. */
static void solve(net *n, uint64_t seed, double *delivered) {
    eq_random r = eq_random_seed(seed);
    eq_text t = {0};
    *n = (net){.count = 0};
    eq_text_puts(&t, "random\nV1 n1 0 1.5\nV2 n2 0 -0.7\n");
    for (int k = 0; k < MOST; k++) {
        int a = k < NODES - 1 ? k + 1 : (int)eq_random_below(&r, NODES),
            b = k < NODES - 1 ? k : (int)eq_random_below(&r, NODES);
        if (a == b) continue;
        n->a[n->count] = a, n->b[n->count] = b;
        n->g[n->count] = exp(6.0 * eq_random_uniform(&r)) * 1e-5;
        eq_text_printf(&t, "R%d n%d n%d %.17g\n", k, a, b, 1.0 / n->g[n->count]);
        n->count++;
    }
    eq_text_puts(&t, ".options reltol=1e-13 abstol=1e-20\n.op\n.end\n");
    /* ground has no other name */
    for (char *at; (at = strstr(t.text, "n0 ")) != NULL;) memcpy(at, " 0 ", 3);
    eq_circuit *c = deck(t.text);
    eq_solver *s = NULL;
    double *v = eq_calloc(eq_circuit_nodes(c), sizeof *v), branch[2] = {0.0, 0.0};
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, branch, NULL, NULL), EQ_OK);
    for (size_t k = 1; k < eq_circuit_nodes(c); k++)
        n->v[atoi(eq_circuit_node_name(c, (eq_node)k) + 1)] = v[k];
    *delivered = -1.5 * branch[0] + 0.7 * branch[1];
    eq_solver_free(s);
    eq_free(v);
    eq_circuit_free(c);
    eq_text_free(&t);
}

/* P(v + d) = P(v) + sum g d^2 for any d of the free nodes: no power lies lower, and what sources deliver is what is
 * dissipated (Tellegen). */
START_TEST(the_operating_point_dissipates_the_least_power) {
    net n;
    double delivered;
    solve(&n, (uint64_t)_i + 1, &delivered);
    double least = power(&n, n.v);
    ck_assert_double_eq_tol(delivered, least, 1e-11 * least);
    eq_random r = eq_random_seed((uint64_t)_i + 100);
    for (int trial = 0; trial < 20; trial++) {
        double v[NODES], d[NODES] = {0.0}, size = pow(10.0, -trial % 5);
        for (int k = 3; k < NODES; k++) d[k] = size * (eq_random_uniform(&r) - 0.5);
        for (int k = 0; k < NODES; k++) v[k] = n.v[k] + d[k];
        double more = power(&n, d);
        ck_assert_double_gt(more, 0.0);
        ck_assert_double_eq_tol(power(&n, v), least + more, 1e-11 * (least + more));
    }
}
END_TEST

/* sum g_i x_i/sum g_i by hand: two held nodes and a leak. */
START_TEST(a_node_between_voltages_is_their_weighted_mean) {
    double v = (1e-3 * 2.0 + 0.5e-3 * -1.0) / (1e-3 + 0.5e-3 + 0.25e-3), got;
    eq_text t = {0};
    eq_text_puts(&t, "mean\nV1 a 0 2\nV2 b 0 -1\nR1 a y 1k\nR2 b y 2k\nR3 y 0 4k\n.op\n.end\n");
    eq_circuit *c = deck(t.text);
    eq_solver *s = NULL;
    double x[8] = {0.0};
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, x, NULL, NULL, NULL), EQ_OK);
    got = x[eq_circuit_find_node(c, "y")];
    ck_assert_double_eq_tol(got, v, 1e-12);
    eq_solver_free(s);
    eq_circuit_free(c);
    eq_text_free(&t);
}
END_TEST

/* a w = b of WEIGHTS unknowns, by elimination; a is positive definite. */
static void eliminate(double a[WEIGHTS][WEIGHTS + 1], double *w) {
    for (int k = 0; k < WEIGHTS; k++)
        for (int i = 0; i < WEIGHTS; i++) {
            double factor = i == k ? 0.0 : a[i][k] / a[k][k];
            for (int j = 0; j <= WEIGHTS; j++) a[i][j] -= factor * a[k][j];
        }
    for (int k = 0; k < WEIGHTS; k++) w[k] = a[k][WEIGHTS] / a[k][k];
}

/* Least squares of data/linear.csv with a constant; the root mean square of what is left. */
static double least_squares(double *w) {
    char *text = file_text("data/linear.csv"), *at = strchr(text, '\n') + 1;
    double row[ROWS][WEIGHTS + 1], a[WEIGHTS][WEIGHTS + 1] = {{0.0}}, left = 0.0;
    for (int k = 0; k < ROWS; k++, at = strchr(at, '\n') + 1) {
        row[k][3] = 1.0;
        ck_assert_int_eq(
            sscanf(at, "%lf,%lf,%lf,%lf", &row[k][0], &row[k][1], &row[k][2], &row[k][4]), 4);
        for (int i = 0; i < WEIGHTS; i++)
            for (int j = 0; j <= WEIGHTS; j++) a[i][j] += row[k][i] * row[k][j];
    }
    eliminate(a, w);
    for (int k = 0; k < ROWS; k++) {
        double y = 0.0;
        for (int i = 0; i < WEIGHTS; i++) y += w[i] * row[k][i];
        left += (y - row[k][4]) * (y - row[k][4]) / ROWS;
    }
    eq_free(text);
    return sqrt(left);
}

/* (g_x - g_-x)/sum g of the trained deck. */
static void weights_of(const eq_circuit *c, double *w) {
    static const char *const plus[] = {"rx1", "rx2", "rx3", "rone"}, *const minus[] = {"rm1", "rm2",
                                                                                       "rm3",
                                                                                       "rmone"};
    const eq_table *t = &c->table[EQ_CLASS_memristor];
    double sum = 0.0;
    memset(w, 0, WEIGHTS * sizeof *w);
    for (size_t j = 0; j < t->count; j++) {
        const char *name = eq_circuit_element_name(c, t->id[j]);
        sum += t->w[0][j];
        for (int k = 0; k < WEIGHTS; k++) {
            if (strcmp(name, plus[k]) == 0) w[k] += t->w[0][j];
            if (strcmp(name, minus[k]) == 0) w[k] -= t->w[0][j];
        }
    }
    for (int k = 0; k < WEIGHTS; k++) w[k] /= sum;
}

START_TEST(a_voltage_divider_learns_least_squares) {
    double closed[WEIGHTS], learned[WEIGHTS], left = least_squares(closed);
    expect_exit(0, NULL, "train netlists/linear.xml -o %s", in("run"));
    eq_experiment *x = NULL;
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_trained_read(in("run"), NULL, &x, &c, NULL), EQ_OK);
    weights_of(c, learned);
    for (int k = 0; k < WEIGHTS; k++) ck_assert_double_eq_tol(learned[k], closed[k], 1e-6);
    char *text;
    expect_exit(0, &text, "eval %s --json", in("run"));
    ck_assert_double_eq_tol(strtod(strstr(text, "\"rmse\": ") + 8, NULL), left, 1e-9);
    free(text);
    eq_circuit_free(c);
    eq_experiment_free(x);
}
END_TEST

Suite *linear_suite(void) {
    Suite *s = suite_create("linear");
    TCase *t = tcase_create("linear");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, the_operating_point_dissipates_the_least_power, 0, 10);
    tcase_add_test(t, a_node_between_voltages_is_their_weighted_mean);
    tcase_add_test(t, a_voltage_divider_learns_least_squares);
    suite_add_tcase(s, t);
    return s;
}
