/* The public header alone is enough for the life of a circuit: this file includes nothing else of
 * src/. */
#include "eqspice.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Suite *public_suite(void);

static const char divider[] = "divider\nV1 in 0 10\nR1 in out 1k\nR2 out 0 3k\n.op\n.end\n";

START_TEST(life_of_a_circuit) {
    eq_diag *diag = eq_diag_new();
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    ck_assert_int_eq(eq_deck_parse("divider.cir", divider, strlen(divider), &c, diag), EQ_OK);
    ck_assert_int_eq(eq_solver_new(c, &s, diag), EQ_OK);
    double *v = calloc(eq_circuit_nodes(c), sizeof *v),
           *i = calloc(eq_solver_branches(s), sizeof *i);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, i, NULL, diag), EQ_OK);
    eq_node out = eq_circuit_find_node(c, "OUT");
    eq_element v1 = eq_circuit_find_element(c, "V1");
    ck_assert_double_eq_tol(v[out], 7.5, 1e-12);
    ck_assert_double_eq_tol(i[eq_solver_branch_of(s, v1)], -2.5e-3, 1e-15);
    *eq_circuit_param(c, v1, 0) = 4.0;
    eq_circuit_derive(c);
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

Suite *public_suite(void) {
    Suite *s = suite_create("public");
    TCase *t = tcase_create("public header");
    tcase_add_test(t, life_of_a_circuit);
    suite_add_tcase(s, t);
    return s;
}
