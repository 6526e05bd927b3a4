/* Equilibrium propagation asks for a stationary point alone (Scellier 2020, section 2.7): its gradient holds at a saddle,
 * where Newton's method ends and no descent would; and of modern Hopfield networks, whose energy is none of
 * conductances. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/point.h"
#include "../support/program.h"
#include "train/train.h"

Suite *stationary_suite(void);

#define TAIL "*% train rt* gmin=1e-18 gmax=1e9\n.op\n.end\n"

/* A node with two wells, i = -4m v + 4m v^3, tied by less than 4 mS to another with one. */
static const char saddle[] =
    "two wells joined\nVx x 0 0.3\nVy y 0 -0.1\nB1 h 0 I=-4m*V(h)+4m*V(h)*V(h)*V(h)\n"
    "B2 o 0 I=1m*V(o)+1m*V(o)*V(o)*V(o)\nRt1 x h 2k\nRt2 y h 3k\nRt3 h o 1k\nRt4 o p 2k\n"
    "Rt5 p 0 1k\nRt6 y p 4k\n*% input Vx Vy\n*% output o p\n" TAIL;

/* E = |xi|^2/2 - lse(2 X xi)/2 of 3 patterns of 3 units (Ramsauer et al. 2021), and springs to the inputs. */
static const char modern[] =
    "modern Hopfield network\n.func e1() {exp(2*(0.9*V(a)+0.1*V(b)-0.3*V(c)))}\n"
    ".func e2() {exp(2*(-0.2*V(a)+0.8*V(b)+0.4*V(c)))}\n"
    ".func e3() {exp(2*(0.1*V(a)-0.5*V(b)+0.7*V(c)))}\nVx x 0 0.3\nVy y 0 -0.1\n"
    "Ba a 0 I=1m*(V(a)-(0.9*e1()-0.2*e2()+0.1*e3())/(e1()+e2()+e3()))\n"
    "Bb b 0 I=1m*(V(b)-(0.1*e1()+0.8*e2()-0.5*e3())/(e1()+e2()+e3()))\n"
    "Bc c 0 I=1m*(V(c)-(-0.3*e1()+0.4*e2()+0.7*e3())/(e1()+e2()+e3()))\n"
    "Rt1 x a 2k\nRt2 y b 3k\nRt3 y c 5k\nRt4 x b 4k\nRt5 a b 6k\n"
    "*% input Vx Vy\n*% output a c\n" TAIL;

/* Every estimator against the adjoint, and that against differences. */
static void hold(const char *text) {
    eq_experiment *x = NULL;
    eq_gradcheck_report r = {0};
    put("net.cir", text);
    put("data.csv", "0.3,-0.1,a\n-0.2,0.4,b\n");
    put("net.xml", "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv'/>"
                   "<cost type='squared-error' high='0.5' low='-0.1'/>"
                   "<optimizer type='sgd' rate='1e-12'/></experiment>");
    ck_assert_int_eq(eq_experiment_read(in("net.xml"), &x, NULL), EQ_OK);
    ck_assert_int_eq(eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 2, &r, NULL), EQ_OK);
    ck_assert_msg(r.passed, "%s", r.why == NULL ? "an estimator" : r.why);
    ck_assert_double_lt(r.difference, 1e-7);
    for (size_t k = 0; k < 8; k++) {
        ck_assert_double_lt(r.row[k].error, 1e-7);
        ck_assert_double_eq_tol(r.row[k].order, r.row[k].expected, 0.1);
    }
    eq_gradcheck_free(&r);
    eq_experiment_free(x);
}

/* The Hessian has -4m + 12m v^2 + 1/2k + 1/3k + 1/1k < 0 at h on its diagonal, and more than 0 at o: a saddle. */
START_TEST(the_gradient_holds_at_a_saddle) {
    double h = potential(saddle, "h");
    ck_assert_double_lt(-4e-3 + 12e-3 * h * h + 1.0 / 2e3 + 1.0 / 3e3 + 1e-3, 0.0);
    hold(saddle);
    /* dynamics would leave it, so theorem 3.1 has nothing to say */
    char *text;
    expect_exit(1, &text, "gradcheck %s --transient", in("net.xml"));
    ck_assert_msg(strstr(text, "no stable minimum") != NULL, "%s", text);
    free(text);
}
END_TEST

/* a = X^T softmax(2 X xi) and the springs, by hand at the state found. */
START_TEST(the_gradient_holds_for_a_modern_hopfield_network) {
    static const double x[3][3] = {{0.9, 0.1, -0.3}, {-0.2, 0.8, 0.4}, {0.1, -0.5, 0.7}};
    double xi[3] = {potential(modern, "a"), potential(modern, "b"), potential(modern, "c")};
    double p[3], sum = 0.0, pull = 0.0;
    for (int k = 0; k < 3; k++) {
        p[k] = exp(2.0 * (x[k][0] * xi[0] + x[k][1] * xi[1] + x[k][2] * xi[2]));
        sum += p[k];
    }
    for (int k = 0; k < 3; k++) pull += x[k][2] * p[k] / sum;
    ck_assert_double_eq_tol(1e-3 * (xi[2] - pull) + (xi[2] + 0.1) / 5e3, 0.0, 1e-9);
    hold(modern);
}
END_TEST

Suite *stationary_suite(void) {
    Suite *s = suite_create("stationary");
    TCase *t = tcase_create("stationary");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, the_gradient_holds_at_a_saddle);
    tcase_add_test(t, the_gradient_holds_for_a_modern_hopfield_network);
    suite_add_tcase(s, t);
    return s;
}
