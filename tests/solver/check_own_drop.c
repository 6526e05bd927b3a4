/* Behavioural currents of their own drop: their energy against the integral by hand, all engines at
 * one operating point, and EqProp's gradient through them (docs/deck.md, Formulas). */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "eqspice.h"
#include "support/program.h"

Suite *own_drop_suite(void);

/* The integral of i from 0 to u. */
static double cube(double u) {
    return 1e-3 * pow(u, 4) / 4.0;
}
static double diode(double u) {
    return 1e-12 * (0.026 * expm1(u / 0.026) - u);
}
static double saturated(double u) {
    return 2e-3 * log(cosh(3.0 * u)) / 3.0;
}
static double ramp(double u) {
    return u > 0.3 ? 0.5e-3 * (u - 0.3) * (u - 0.3) : 0.0;
}
static double step(double u) {
    return u > 0.3 ? 1e-3 * (u - 0.3) : 0.0;
}
static double offset(double u) {
    return 1e-3 * u + 0.5e-3 * u * u;
}
static double constant(double u) {
    return -2e-3 * u;
}
static double thrice(double u) {
    return 3.0 * 0.5e-3 * u * u * 27.0;
}

static double square(double u) {
    return 0.5e-3 * u * u;
}

/* B1 from p to q as the card says, across the drop u. */
static const struct {
    const char *card;
    double (*energy)(double u);
    double tol; /* relative */
} law[] = {
    {"B1 p q i=1m*v(p,q)*v(p,q)*v(p,q)", cube, 1e-13},
    {"B1 p q i=-1m*v(q,p)*v(q,p)*v(q,p)", cube, 1e-13},
    {"B1 p q i=1m*(v(p)-v(q))*(v(p)-v(q))*(v(p)-v(q))", cube, 1e-13},
    {"B1 p q i=1m*(v(p)-v(q))*(v(q)-v(p))*(v(q)-v(p))", cube, 1e-13},
    {"B1 p q i=1p*(exp(v(p,q)/0.026)-1)", diode, 1e-12},
    {"B1 p q i=2m*tanh(3*v(p,q))", saturated, 1e-12},
    {"B1 p q i=1m*uramp(v(p,q)-0.3)", ramp, 1e-11},
    {"B1 p q i=1m*u(v(p,q)-0.3)", step, 1e-9},
    {"B1 p q i=1m*(1+v(p,q))", offset, 1e-13},
    {"B1 p q i=-2m", constant, 1e-13},
    {"B1 p q i=temper*1m*v(p,q) m=3", thrice, 1e-13},
};
enum { LAWS = sizeof law / sizeof *law };

/* Potentials of p and q; ground may be either. */
static const double drop[][2] = {{0.7, 0.0}, {0.0, 0.7}, {-0.4, 0.0}, {2.5, 1.75}, {1.0, 1.0}};
enum { DROPS = sizeof drop / sizeof *drop };

static void replaced(char *text, char node) {
    for (char *at = text; (at = strpbrk(at, "(, ")) != NULL; at++)
        if (at[1] == node && strchr("), ", at[2]) != NULL) at[1] = '0';
}

/* P = the law's + that of 1 kohm in series with 1 kohm across v(p) = a, by the engine. */
static void compare_energy(int k, double a, double b, char grounded) {
    char text[512], card[128];
    snprintf(card, sizeof card, "%s", law[k].card);
    replaced(card, grounded);
    int n = snprintf(text, sizeof text, "t\n%s\nR1 s 0 1k\nR2 s x 1k\nVx x 0 2\n", card);
    if (grounded != 'p') n += snprintf(text + n, sizeof text - (size_t)n, "Vp p 0 %g\n", a);
    if (grounded != 'q') n += snprintf(text + n, sizeof text - (size_t)n, "Vq q 0 %g\n", b);
    snprintf(text + n, sizeof text - (size_t)n, ".op\n.end\n");
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    eq_solve_info info;
    ck_assert_msg(eq_circuit_parse("t", text, strlen(text), &c, NULL) == EQ_OK, "%s", text);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    double *v = eq_calloc(eq_circuit_nodes(c), sizeof *v);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, &info, NULL), EQ_OK);
    double expected = law[k].energy(a - b) + 2.0 * 2.0 / (2.0 * 2e3);
    ck_assert_msg(info.has_energy, "%s", text);
    ck_assert_msg(fabs(info.energy - expected) <= law[k].tol * fabs(expected) + 1e-18,
                  "%s: %.15g W, not %.15g", text, info.energy, expected);
    ck_assert_double_le(info.stationarity, 1e-12);
    eq_free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
}

START_TEST(energies_are_the_integrals) {
    for (int k = 0; k < DROPS; k++) {
        compare_energy(_i, drop[k][0], drop[k][1], 0);
        if (drop[k][1] == 0.0) compare_energy(_i, drop[k][0], 0.0, 'q');
        if (drop[k][0] == 0.0) compare_energy(_i, 0.0, drop[k][1], 'p');
    }
}
END_TEST

/* Sources of their own drop between free nodes: the energies' differences are zero where KCL holds,
 * and the energy is the sum of the integrals. */
static const struct {
    const char *card;
    double (*energy)(double u);
} between[] = {
    {"G1 p q p q 1m", square},
    {"G1 p q q p -1m", square},
    {"G1 q p q p 1m", square},
    {"G1 q p p q -1m", square},
    {"B1 p q i=1m*v(p,q)*v(p,q)*v(p,q)", cube},
    {"B1 q p i=1m*v(q,p)*v(q,p)*v(q,p)", cube},
    {"B1 p q i=2m*tanh(3*v(p,q))", saturated},
};
enum { BETWEEN = sizeof between / sizeof *between };

START_TEST(energies_have_no_slope_at_the_operating_point) {
    char text[200];
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    eq_solve_info info;
    double v[4] = {0.0};
    snprintf(text, sizeof text, "t\nVx x 0 2\nR1 x p 1k\n%s\nR2 q 0 2k\n.op\n.end\n",
             between[_i].card);
    ck_assert_int_eq(eq_circuit_parse("t", text, strlen(text), &c, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, &info, NULL), EQ_OK);
    double x = v[eq_circuit_find_node(c, "x")], p = v[eq_circuit_find_node(c, "p")],
           q = v[eq_circuit_find_node(c, "q")],
           expected = (x - p) * (x - p) / 2e3 + between[_i].energy(p - q) + q * q / 4e3;
    ck_assert(info.has_energy && fabs(p - q) > 0.1);
    ck_assert_msg(info.stationarity < 1e-12, "%s: %g A", text, info.stationarity);
    ck_assert_double_eq_tol(info.energy, expected, 1e-12 * expected);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* Three ways to the operating point of formulas, one of which looks at the energy alone; behind an
 * amplifier they count as its weight says. */
START_TEST(three_engines_agree) {
    static const char *const method[] = {"newton", "kinsol", "cocontent"};
    static const char deck[] =
        "t\nVx x 0 2\nR1 x h 1k\nB1 h 0 i=1m*tanh(4*v(h))\nB2 h k i=1m*v(h,k)**3+1u*v(h,k)\n"
        "R2 k 0 3k\nE1 e 0 h 0 4\nVs e w 0\nF1 h 0 Vs 0.25\nR3 w y 5k\nB3 0 y "
        "i=-1u*(v(y)+v(y)**3)\n"
        "B4 y 0 i=10u\nR4 y 0 9k\n.op\n.end\n";
    double v[3][8] = {{0}};
    for (int m = 0; m < 3; m++) {
        char *text;
        ck_assert_int_eq(eq_file_write(in("b.cir"), deck, sizeof deck - 1, NULL), EQ_OK);
        expect_exit(0, &text, "op %s --format csv --solver %s", in("b.cir"), method[m]);
        const char *at = strchr(text, '\n');
        for (int k = 0; k < 6; k++) {
            int n = 0;
            ck_assert_int_eq(sscanf(at + 1, "%lf%n", &v[m][k], &n), 1);
            at += 1 + n;
            ck_assert_msg(fabs(v[m][k] - v[0][k]) <= 1e-9 * fabs(v[0][k]), "%s, %d", method[m], k);
        }
        eq_free(text);
    }
    char *text;
    expect_exit(0, &text, "check %s", in("b.cir"));
    ck_assert_msg(strstr(text, "energy weights exist (0.0625 to 1)") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "convex") == NULL, "%s", text); /* of a slope nothing is known */
    eq_free(text);
}
END_TEST

/* No false warning, and the estimators meet the adjoint; a formula of another drop does neither. */
START_TEST(gradients_are_right) {
    static const char head[] = "t\nVx x 0 0\nVy y 0 0\nRt1 x h 1k\nRt2 y h 2k\nRt3 h o 3k\n",
                      tail[] = "Rt4 o 0 2k\n*% input Vx Vy\n*% output h o\n*% train rt* gmin=1u "
                               "gmax=1\n.op\n.end\n",
                      xml[] = "<experiment><circuit deck='g.cir'/><data format='csv' "
                              "path='g.csv'/><cost type='squared-error'/><optimizer type='sgd' "
                              "rate='1e-9'/><minibatch size='2'/><epochs count='1'/></experiment>";
    static const struct {
        const char *card;
        bool right;
    } b[] = {{"B1 h 0 i=1m*tanh(3*v(h))\nB2 h o i=0.1m*(v(h)-v(o))**3\n", true},
             {"B1 h o i=1m*tanh(3*v(h))\n", false}};
    for (int k = 0; k < 2; k++) {
        char deck[512], *text;
        snprintf(deck, sizeof deck, "%s%s%s", head, b[k].card, tail);
        ck_assert_int_eq(eq_file_write(in("g.cir"), deck, strlen(deck), NULL), EQ_OK);
        ck_assert_int_eq(eq_file_write(in("g.xml"), xml, sizeof xml - 1, NULL), EQ_OK);
        ck_assert_int_eq(eq_file_write(in("g.csv"), "0.7,-0.3,a\n-0.4,0.9,b\n", 22, NULL), EQ_OK);
        expect_exit(b[k].right ? 0 : 1, &text, "gradcheck %s", in("g.xml"));
        ck_assert_msg((strstr(text, "no energy weights") == NULL) == b[k].right, "%s", text);
        eq_free(text);
    }
}
END_TEST

Suite *own_drop_suite(void) {
    Suite *s = suite_create("own_drop");
    TCase *t = tcase_create("own_drop");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, energies_are_the_integrals, 0, LAWS);
    tcase_add_loop_test(t, energies_have_no_slope_at_the_operating_point, 0, BETWEEN);
    tcase_add_test(t, three_engines_agree);
    tcase_add_test(t, gradients_are_right);
    suite_add_tcase(s, t);
    return s;
}
