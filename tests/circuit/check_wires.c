/* Crossbars with the resistance of their wires: against a series circuit by hand, an independent dense
 * solve of the grid, ngspice, and ideal wires in the limit. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "circuit/crossbar.h"
#include "support/program.h"

Suite *wires_suite(void);

enum { ROWS = 5, COLUMNS = 4, CELLS = ROWS * COLUMNS, UNKNOWNS = 2 * CELLS };

static eq_circuit *build(size_t rows, size_t columns, double wires, bool diodes) {
    eq_crossbar_options o = eq_crossbar_defaults();
    eq_circuit *c = NULL;
    o.rows = rows;
    o.columns = columns;
    o.wires = wires;
    o.diodes = diodes;
    ck_assert_int_eq(eq_crossbar_build(&o, &c, NULL), EQ_OK);
    return c;
}

static double *solve(eq_circuit *c) {
    eq_solver *s = NULL;
    double *v = eq_calloc(eq_circuit_nodes(c), sizeof *v);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK);
    eq_solver_free(s);
    return v;
}

static double parameter(const eq_circuit *c, const char *name) {
    eq_handle h;
    ck_assert_int_eq(eq_handle_find(c, name, &h, NULL), EQ_OK);
    return eq_handle_get(c, h);
}

/* 1 V, a segment, the cell, a segment. */
START_TEST(one_cell_is_a_series_circuit) {
    eq_circuit *c = build(1, 1, 1e3, false);
    double *v = solve(c), r = parameter(c, "r1_1(r)"), i = 1.0 / (r + 2e3);
    ck_assert_double_eq_tol(v[eq_circuit_find_node(c, "a_1_1")], 1.0 - 1e3 * i, 1e-12);
    ck_assert_double_eq_tol(v[eq_circuit_find_node(c, "b_1_1")], 1e3 * i, 1e-12);
    eq_free(v);
    eq_circuit_free(c);
}
END_TEST

/* Adds a conductance between two unknowns, or one and a fixed potential (to < 0). */
static void join(double m[UNKNOWNS][UNKNOWNS + 1], int from, int to, double g, double volts) {
    m[from][from] += g;
    if (to < 0) {
        m[from][UNKNOWNS] += g * volts;
        return;
    }
    m[to][to] += g;
    m[from][to] -= g;
    m[to][from] -= g;
}

/* Gauss and Jordan with the largest pivot. */
static void eliminate(double m[UNKNOWNS][UNKNOWNS + 1]) {
    for (int p = 0; p < UNKNOWNS; p++) {
        int best = p;
        for (int i = p; i < UNKNOWNS; i++)
            if (fabs(m[i][p]) > fabs(m[best][p])) best = i;
        for (int k = 0; k <= UNKNOWNS; k++) {
            double kept = m[p][k];
            m[p][k] = m[best][k];
            m[best][k] = kept;
        }
        for (int i = 0; i < UNKNOWNS; i++) {
            double f = i == p ? 0.0 : m[i][p] / m[p][p];
            for (int k = p; k <= UNKNOWNS && f != 0.0; k++) m[i][k] -= f * m[p][k];
        }
    }
    for (int i = 0; i < UNKNOWNS; i++) m[i][UNKNOWNS] /= m[i][i];
}

START_TEST(a_grid_is_that_of_a_dense_solve) {
    static double m[UNKNOWNS][UNKNOWNS + 1];
    const double wires = 200.0;
    char name[32];
    eq_circuit *c = build(ROWS, COLUMNS, wires, false);
    double *v = solve(c);
    memset(m, 0, sizeof m);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < COLUMNS; k++) {
            int across = i * COLUMNS + k, down = CELLS + across;
            snprintf(name, sizeof name, "r%d_%d(r)", i + 1, k + 1);
            join(m, across, down, 1.0 / parameter(c, name), 0.0);
            join(m, across, k == 0 ? -1 : across - 1, 1.0 / wires, 1.0);
            join(m, down, i + 1 == ROWS ? -1 : down + COLUMNS, 1.0 / wires, 0.0);
        }
    eliminate(m);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < COLUMNS; k++)
            for (int side = 0; side < 2; side++) {
                snprintf(name, sizeof name, "%c_%d_%d", side == 0 ? 'a' : 'b', i + 1, k + 1);
                double dense = m[side * CELLS + i * COLUMNS + k][UNKNOWNS];
                ck_assert_double_eq_tol(v[eq_circuit_find_node(c, name)], dense, 1e-12);
            }
    eq_free(v);
    eq_circuit_free(c);
}
END_TEST

/* With diodes in the cells, both kinds of potentials and all currents. */
START_TEST(a_crossbar_is_that_of_ngspice) {
    char *text;
    expect_exit(0, NULL, "build crossbar --rows 12 --columns 9 --wires 50 --diode %s -o %s",
                _i ? "shockley" : "none", in("x.cir"));
    expect_exit(0, &text, "verify %s", in("x.cir"));
    ck_assert_ptr_nonnull(strstr(text, "max deviation"));
    free(text);
}
END_TEST

static double loss_of(const char *wires) {
    char *text;
    expect_exit(0, NULL, "train %s -o %s --force --set architecture.wires=%s", in("net.xml"),
                in("run"), wires);
    expect_exit(0, &text, "eval %s --json", in("run"));
    const char *at = strstr(text, "\"loss\": ");
    ck_assert_ptr_nonnull(at);
    double loss = strtod(at + 8, NULL);
    free(text);
    return loss;
}

static void write_network(const char *kind, const char *epochs) {
    eq_text t = {0};
    char *data = eq_path_absolute("data/iris.csv");
    eq_text_printf(&t,
                   "<experiment><architecture kind='%s' layers='8,6,6' gmax='1e-2' "
                   "bias-up='0.2' bias-down='-0.2'/><data "
                   "format='csv' path='%s' label='species' test-fraction='0.3'/><encoding "
                   "normalize='range' scale='2' invert='yes'/><cost type='squared-difference' "
                   "high='0.5' low='0'/><estimator beta='1e-7'/><optimizer type='sgd' rate='5e-7'>"
                   "<group match='r*' init='uniform' low='1e-6' high='4e-5'/></optimizer><epochs "
                   "count='%s'/></experiment>",
                   kind, data, epochs);
    ck_assert_int_eq(eq_file_write(in("net.xml"), t.text, t.length, NULL), EQ_OK);
    eq_text_free(&t);
    eq_free(data);
}

/* The layered engine with ideal wires, the sparse one with others. */
START_TEST(thin_wires_are_ideal_ones) {
    write_network(_i ? "kendall" : "drn", "2");
    double ideal = loss_of("0"), near = loss_of("1e-3"), far = loss_of("3e3");
    ck_assert_double_eq_tol(near, ideal, 1e-4 * ideal);
    ck_assert(fabs(far - ideal) > 1e-2 * ideal);
}
END_TEST

/* Wires drop, and the network learns with them. */
START_TEST(a_network_with_wires_learns) {
    char *text;
    write_network("kendall", "0");
    double before = loss_of("50");
    write_network("kendall", "15");
    ck_assert_double_lt(loss_of("50"), 0.4 * before);
    expect_exit(0, &text, "gradcheck %s --set architecture.wires=500", in("net.xml"));
    free(text);
}
END_TEST

START_TEST(what_is_no_crossbar_is_told) {
    static const char *const wrong[][2] = {
        {"--rows 0", "1 or more of each"},
        {"--rows 100000 --columns 100000", "at most"},
        {"--layers 3,2", "give --rows and --columns"},
        {"--wires -1", "0 ohm or more"},
        {"--low 0", "0 < low"},
        {"--diode ideal", "use none or shockley"},
    };
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        char *text;
        expect_exit(2, &text, "build crossbar %s", wrong[k][0]);
        ck_assert_msg(strstr(text, wrong[k][1]) != NULL, "%s: %s", wrong[k][0], text);
        free(text);
    }
}
END_TEST

Suite *wires_suite(void) {
    Suite *s = suite_create("wires");
    TCase *t = tcase_create("wires");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, one_cell_is_a_series_circuit);
    tcase_add_test(t, a_grid_is_that_of_a_dense_solve);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, a_crossbar_is_that_of_ngspice, 0, 2);
    tcase_add_loop_test(t, thin_wires_are_ideal_ones, 0, 2);
    tcase_add_test(t, a_network_with_wires_learns);
    tcase_add_test(t, what_is_no_crossbar_is_told);
    suite_add_tcase(s, t);
    return s;
}
