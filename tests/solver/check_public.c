/* The public header alone is enough for the life of a circuit: this file includes nothing else of
 * src/. */
#include "eqspice.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Suite *public_suite(void);

static const char divider[] = "divider\nV1 in 0 10\nR1 in out 1k\nR2 out 0 3k\n.op\n.end\n";

START_TEST(a_deck_is_read_solved_changed_and_freed) {
    eq_diag *diag = eq_diag_new();
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    ck_assert_int_eq(eq_circuit_parse("divider.cir", divider, strlen(divider), &c, diag), EQ_OK);
    ck_assert_int_eq(eq_solver_new(c, &s, diag), EQ_OK);
    double *v = calloc(eq_circuit_nodes(c), sizeof *v),
           *i = calloc(eq_solver_branches(s), sizeof *i);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, i, NULL, diag), EQ_OK);
    eq_node out = eq_circuit_find_node(c, "OUT");
    eq_element v1 = eq_circuit_find_element(c, "V1");
    ck_assert_double_eq_tol(v[out], 7.5, 1e-12);
    ck_assert_double_eq_tol(i[eq_solver_branch_of(s, v1)], -2.5e-3, 1e-15);
    eq_handle dc;
    ck_assert_int_eq(eq_handle_find(c, "V1", &dc, diag), EQ_OK);
    ck_assert_int_eq(dc.element, v1);
    ck_assert_int_eq(eq_handle_set(c, dc, 4.0, diag), EQ_OK);
    eq_solver_refresh(s);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, diag), EQ_OK);
    ck_assert_double_eq_tol(v[out], 3.0, 1e-12);

    /* C = v(out): dC/dR1 = -V R2/(R1+R2)^2 = -(lambda_a - lambda_b) di/dR1, di/dR1 = -u/R1^2 */
    double *dcdv = calloc(eq_circuit_nodes(c), sizeof *dcdv);
    double *lambda = calloc(eq_circuit_nodes(c), sizeof *lambda);
    dcdv[out] = 1.0;
    ck_assert_int_eq(eq_solver_adjoint(s, v, i, dcdv, lambda, diag), EQ_OK);
    eq_node in = eq_circuit_find_node(c, "in");
    double dcdr1 = -(lambda[in] - lambda[out]) * (-(v[in] - v[out]) / 1e6);
    ck_assert_double_eq_tol(dcdr1, -4.0 * 3e3 / 16e6, 1e-15);
    ck_assert_uint_eq(eq_diag_count(diag), 0);
    free(v), free(i), free(dcdv), free(lambda);
    eq_solver_free(s);
    eq_circuit_free(c);
    eq_diag_free(diag);
}
END_TEST

/* Every kind of element that has a gradient: branches eliminated and kept,
 * controls of both kinds. */
static const char every_class[] =
    "all\n"
    "Vin in 0 0.8\nVb up 0 0.3\nI1 0 n2 1m\n"
    "R1 in n1 1k\nR2 n1 n2 2k\nR3 n2 0 3k\nD1 n1 up dm\nD2 n3 0 dm area=2\n.model dm d(is=1e-9)\n"
    "E1 e1 0 n1 0 3\nRe e1 n3 500\nVs es n3 0\nE2 es2 0 n2 n3 0.5\nR4 es es2 4k\n"
    "F1 n1 0 Vs 0.2\nG1 n2 0 n3 n1 1e-4\nH1 h 0 Vs 700\nRh h n2 900\n"
    "Vf f1 f2 0.1\nRf f1 n2 1k\nRg f2 0 2k\n"
    "B1 n1 0 i=1m*tanh(v(up,n1))\nB2 n3 0 i=0.2m*v(up)*(1+v(n2))\n.op\n.end\n";

static const char *const by[] = {"vin", "vb", "i1", "r1", "r3(r)", "d1(is)", "d2(is)", "e1", "re",
                                 "vs",  "e2", "r4", "f1", "g1",    "h1",     "rh",     "vf", "rf"};
enum { BY = sizeof by / sizeof *by, ROWS = 7, MOST = 16 };

static eq_circuit *read_text(const char *text) {
    eq_circuit *c = NULL;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_circuit_parse("all.cir", text, strlen(text), &c, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    return c;
}

/* C(v) = sum of (n+1) v_n^2 / 2 at the operating point of the circuit as it stands. */
static double cost_at(eq_circuit *c, double vin) {
    eq_batch *b = NULL;
    eq_handle input;
    double v[MOST], cost = 0.0;
    ck_assert_int_eq(eq_handle_find(c, "vin", &input, NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_new(c, &input, 1, NULL, &b, NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_solve(b, 1, &vin, v, NULL, NULL), EQ_OK);
    eq_batch_free(b);
    for (size_t n = 0; n < eq_circuit_nodes(c); n++) cost += 0.5 * (double)(n + 1) * v[n] * v[n];
    return cost;
}

/* Vector-Jacobian products against central differences of operating points. */
START_TEST(gradients_of_every_class_match_differences) {
    eq_circuit *c = read_text(every_class);
    size_t nodes = eq_circuit_nodes(c);
    eq_handle input, w[BY];
    eq_batch *b = NULL;
    double x = 0.6, v[MOST], branch[MOST], dcdv[MOST], dcdw[BY];
    ck_assert_int_eq(eq_handle_find(c, "vin", &input, NULL), EQ_OK);
    for (int k = 0; k < BY; k++) ck_assert_int_eq(eq_handle_find(c, by[k], &w[k], NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_new(c, &input, 1, NULL, &b, NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_solve(b, 1, &x, v, branch, NULL), EQ_OK);
    for (size_t n = 0; n < nodes; n++) dcdv[n] = (double)(n + 1) * v[n];
    ck_assert_int_eq(eq_batch_vjp(b, 1, &x, v, branch, dcdv, w, BY, dcdw, NULL), EQ_OK);
    for (int k = 0; k < BY; k++) {
        double old = eq_handle_get(c, w[k]), h = old == 0.0 ? 1e-5 : 1e-5 * fabs(old), cost[2];
        bool is_input = w[k].element == input.element;
        for (int side = 0; side < 2; side++) {
            double moved = side == 0 ? h : -h;
            if (!is_input) eq_handle_set(c, w[k], old + moved, NULL);
            cost[side] = cost_at(c, is_input ? x + (moved = side == 0 ? 1e-5 : -1e-5) : x);
        }
        if (is_input) h = 1e-5;
        eq_handle_set(c, w[k], old, NULL);
        double difference = (cost[0] - cost[1]) / (2.0 * h);
        ck_assert_msg(fabs(dcdw[k] - difference) <= 1e-6 * fabs(difference) + 1e-9 / h * 1e-6,
                      "%s: %.12g, by differences %.12g", by[k], dcdw[k], difference);
    }
    eq_batch_free(b);
    eq_circuit_free(c);
}
END_TEST

/* Rows are those of single solves, bit for bit, for any number of threads. */
START_TEST(rows_do_not_depend_on_threads) {
    eq_circuit *c = read_text(every_class);
    size_t nodes = eq_circuit_nodes(c);
    eq_handle input[2];
    double x[ROWS][2], v[3][ROWS * MOST];
    ck_assert_int_eq(eq_handle_find(c, "vin", &input[0], NULL), EQ_OK);
    ck_assert_int_eq(eq_handle_find(c, "r1", &input[1], NULL), EQ_OK);
    for (int j = 0; j < ROWS; j++) x[j][0] = 0.3 * j, x[j][1] = 500.0 + 100.0 * j;
    for (int threads = 1; threads <= 3; threads++) {
        eq_batch_options o = eq_batch_defaults();
        eq_batch *b = NULL;
        o.threads = threads;
        ck_assert_int_eq(eq_batch_new(c, input, 2, &o, &b, NULL), EQ_OK);
        for (int again = 0; again < 2; again++)
            ck_assert_int_eq(eq_batch_solve(b, ROWS, x[0], v[threads - 1], NULL, NULL), EQ_OK);
        eq_batch_free(b);
    }
    ck_assert_mem_eq(v[0], v[1], ROWS * nodes * sizeof **v);
    ck_assert_mem_eq(v[0], v[2], ROWS * nodes * sizeof **v);
    eq_solver *s = NULL;
    for (int j = 0; j < ROWS; j++) {
        double one[MOST] = {0};
        for (int k = 0; k < 2; k++) eq_handle_set(c, input[k], x[j][k], NULL);
        ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
        ck_assert_int_eq(eq_solver_solve(s, NULL, one, NULL, NULL, NULL), EQ_OK);
        ck_assert_mem_eq(one, v[0] + (size_t)j * nodes, nodes * sizeof *one);
        eq_solver_free(s);
    }
    eq_circuit_free(c);
}
END_TEST

/* A row without an answer is NAN and told; the others are solved. */
START_TEST(a_row_without_an_answer_is_nan) {
    eq_circuit *c = read_text("t\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\n.op\n.end\n");
    eq_handle r2;
    eq_batch *b = NULL;
    eq_diag *diag = eq_diag_new();
    double x[] = {1e3, 1e301, 3e3}, v[9];
    ck_assert_int_eq(eq_handle_find(c, "r2", &r2, NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_new(c, &r2, 1, NULL, &b, NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_solve(b, 3, x, v, NULL, diag), EQ_ERR_INPUT);
    eq_node out = eq_circuit_find_node(c, "b");
    ck_assert_double_eq_tol(v[out], 0.5, 1e-12);
    ck_assert(isnan(v[3 + out]));
    ck_assert_double_eq_tol(v[6 + out], 0.75, 1e-12);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 0)->text, "is outside"));
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 1)->text, "row 2"));
    eq_diag_free(diag);
    eq_batch_free(b);
    eq_circuit_free(c);
}
END_TEST

START_TEST(handles_are_found_and_hold_their_bounds) {
    eq_circuit *c =
        read_text("t\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\nD1 b 0 dm\n.model dm d\n"
                  "*% input v1\n*% output b\n*% train r2 gmin=1e-6 gmax=1\n.op\n.end\n");
    eq_diag *diag = eq_diag_new();
    eq_handle h;
    ck_assert_int_eq(eq_handle_find(c, "D1(IS)", &h, diag), EQ_OK);
    ck_assert_str_eq(eq_handle_about(c, h).unit, "A");
    ck_assert(eq_handle_about(c, h).trainable);
    ck_assert_double_eq(eq_handle_get(c, h), 1e-14);
    ck_assert_int_eq(eq_handle_set(c, h, -1.0, diag), EQ_ERR_INPUT);
    ck_assert_double_eq(eq_handle_get(c, h), 1e-14);
    ck_assert_int_eq(eq_handle_find(c, "r2(r)", &h, diag), EQ_OK); /* a conductance by now */
    ck_assert_double_eq_tol(eq_handle_get(c, h), 1e3, 1e-9);
    ck_assert_int_eq(eq_handle_set(c, h, 2e3, diag), EQ_OK);
    ck_assert_int_eq(eq_handle_find(c, "r2", &h, diag), EQ_OK);
    ck_assert_double_eq_tol(eq_handle_get(c, h), 5e-4, 1e-18);
    eq_diag_clear(diag);
    ck_assert_int_eq(eq_handle_find(c, "r9", &h, diag), EQ_ERR_INPUT);
    ck_assert_int_eq(eq_handle_find(c, "d1(zz)", &h, diag), EQ_ERR_INPUT);
    ck_assert_uint_eq(eq_diag_errors(diag), 2);
    ck_assert_str_eq(eq_version(), EQ_VERSION);
    eq_diag_free(diag);
    eq_circuit_free(c);
}
END_TEST

Suite *public_suite(void) {
    Suite *s = suite_create("public");
    TCase *t = tcase_create("public header");
    tcase_add_test(t, a_deck_is_read_solved_changed_and_freed);
    tcase_add_test(t, gradients_of_every_class_match_differences);
    tcase_add_test(t, rows_do_not_depend_on_threads);
    tcase_add_test(t, a_row_without_an_answer_is_nan);
    tcase_add_test(t, handles_are_found_and_hold_their_bounds);
    suite_add_tcase(s, t);
    return s;
}
