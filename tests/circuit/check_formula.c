/* Formulas: every operation's slopes against central differences, whole formulas against numbers
 * worked out by hand and against differences of themselves at random points. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "circuit/formula.h"

Suite *formula_suite(void);

/* Points inside the domain of every operation: asin and atanh want |x| < 1, acosh x > 1. */
static void some_point(const char *name, eq_random *r, double *x) {
    for (int k = 0; k < EQ_MOST_OPERANDS; k++) x[k] = 0.05 + 0.9 * eq_random_uniform(r);
    if (strcmp(name, "acosh") == 0) x[0] += 1.1;
    if (strcmp(name, "pwr") == 0 && eq_random_below(r, 2) == 0) x[0] = -x[0];
}

/* A kink or a step between x - h and x + h has no derivative:
 * one-sided differences differ there. */
static bool smooth(const eq_operation *o, const double *x, int k, double h) {
    double a[EQ_MOST_OPERANDS], b[EQ_MOST_OPERANDS];
    memcpy(a, x, sizeof a);
    memcpy(b, x, sizeof b);
    a[k] -= h;
    b[k] += h;
    double left = (o->value(x) - o->value(a)) / h, right = (o->value(b) - o->value(x)) / h;
    return fabs(left - right) <= 1e-3 * (1.0 + fabs(left));
}

START_TEST(slopes_match_differences) {
    const eq_operation *o = eq_operation_at(_i);
    eq_random r = eq_random_seed(7 + (uint64_t)_i);
    int compared = 0;
    if (o == NULL) return;
    for (int trial = 0; trial < 200; trial++) {
        double x[EQ_MOST_OPERANDS], d[EQ_MOST_OPERANDS] = {0.0}, h = 1e-6;
        some_point(o->name, &r, x);
        for (int k = 0; o->slopes != NULL && k < EQ_MOST_OPERANDS; k++)
            d[k] = NAN; /* each is set */
        if (o->slopes != NULL) o->slopes(x, o->value(x), d);
        for (int k = 0; k < o->operands; k++) {
            double a[EQ_MOST_OPERANDS], b[EQ_MOST_OPERANDS];
            if (!smooth(o, x, k, h)) continue;
            memcpy(a, x, sizeof a);
            memcpy(b, x, sizeof b);
            a[k] -= h;
            b[k] += h;
            double difference = (o->value(b) - o->value(a)) / (2.0 * h);
            ck_assert_msg(fabs(difference - d[k]) <= 1e-6 * (1.0 + fabs(d[k])),
                          "%s by operand %d at %g, %g: %g, difference %g", o->name, k, x[0], x[1],
                          d[k], difference);
            compared++;
        }
    }
    ck_assert_int_ge(compared, 100);
}
END_TEST

/* Where operations change their mind: values and slopes by hand. */
START_TEST(operations_at_their_kinks) {
    static const struct {
        const char *name;
        int operands;
        double x[EQ_MOST_OPERANDS], value, slope[EQ_MOST_OPERANDS];
    } at[] = {
        {"**", 2, {0, 1}, 0, {1, 0}},
        {"ph", 1, {-0.5}, 3.14159265358979323846, {0}},
        {"ph", 1, {0}, 0, {0}},
        {"ph", 1, {0.5}, 0, {0}},
        {"**", 2, {0, 2}, 0, {0, 0}},
        {"pwr", 2, {0, 1}, 0, {1, 0}},
        {"pwr", 2, {0, 3}, 0, {0, 0}},
        {"pwr", 2, {-2, 2}, -4, {4, -4 * 0.69314718055994531}},
        {"||", 2, {0, 0}, 0, {0, 0}},
        {"||", 2, {0, 2}, 1, {0, 0}},
        {"||", 2, {3, 0}, 1, {0, 0}},
        {"&&", 2, {3, 0}, 0, {0, 0}},
        {"limit", 3, {0.5, 0, 1}, 0.5, {1, 0, 0}},
        {"limit", 3, {-1, 0, 1}, 0, {0, 1, 0}},
        {"limit", 3, {2, 0, 1}, 1, {0, 0, 1}},
        {"limit", 3, {2, 1, 1}, 1, {0, 1, 0}},
        {"uramp", 1, {-1}, 0, {0}},
        {"uramp", 1, {2}, 2, {1}},
        {"u", 1, {0}, 0.5, {0}},
        {"u", 1, {-1}, 0, {0}},
        {"u2", 1, {-1}, 0, {0}},
        {"u2", 1, {0.5}, 0.5, {1}},
        {"u2", 1, {2}, 1, {0}},
        {"stp", 1, {0}, 0, {0}},
        {"stp", 1, {1}, 1, {0}},
        {"lt0", 1, {-1}, 1, {0}},
        {"lt0", 1, {0}, 0, {0}},
        {"ge0", 1, {-1}, 0, {0}},
        {"ge0", 1, {0}, 1, {0}},
        {"le0", 1, {0}, 1, {0}},
        {"le0", 1, {1}, 0, {0}},
    };
    for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
        const eq_operation *o = eq_operation_at(eq_operation_find(at[k].name, at[k].operands));
        double d[EQ_MOST_OPERANDS] = {0.0};
        ck_assert_msg(o != NULL, "there is no %s", at[k].name);
        double y = o->value(at[k].x);
        if (o->slopes != NULL) o->slopes(at[k].x, y, d);
        ck_assert_msg(y == at[k].value, "%s of case %zu is %g", at[k].name, k, y);
        for (int j = 0; j < at[k].operands; j++)
            ck_assert_msg(fabs(d[j] - at[k].slope[j]) <= 1e-14, "%s of case %zu: slope %d is %g",
                          at[k].name, k, j, d[j]);
    }
    ck_assert_ptr_null(eq_operation_at(-1));
}
END_TEST

static eq_operand two(eq_formula *f, const char *name, eq_operand x, eq_operand y) {
    return eq_formula_apply(f, eq_operation_find(name, 2), (eq_operand[]){x, y});
}

static eq_operand one(eq_formula *f, const char *name, eq_operand x) {
    return eq_formula_apply(f, eq_operation_find(name, 1), &x);
}

static eq_operand number(double value) {
    return (eq_operand){value, EQ_NONE};
}

static eq_operand drop(eq_formula *f, eq_node plus) {
    return eq_formula_input_of(f, (eq_formula_input){EQ_INPUT_DROP, plus, EQ_GROUND, EQ_NONE});
}

/* The derivative of every operation as a formula is its slope; what is not known is named. */
START_TEST(derivatives_are_the_slopes) {
    enum { X = EQ_MOST_OPERANDS };
    const eq_operation *o = eq_operation_at(_i);
    eq_random r = eq_random_seed(11 + (uint64_t)_i);
    if (o == NULL) return;
    for (int k = 0; k < o->operands; k++) {
        eq_formula *f = eq_formula_new();
        eq_operand x[X], d = number(NAN);
        for (int j = 0; j < o->operands; j++) x[j] = drop(f, j + 1);
        eq_operand y = eq_formula_apply(f, _i, x);
        const char *missing = eq_formula_derivative(f, y, x[k], &d);
        bool unknown = missing != NULL;
        ck_assert(!unknown || (o->slopes != NULL && strcmp(missing, o->name) == 0));
        if (d.slot != EQ_NONE) f->result = d.slot;
        double *work = malloc((eq_formula_work(f) + 1) * sizeof *work);
        for (int trial = 0; !unknown && trial < 200; trial++) {
            double at[X], slope[X] = {0.0};
            some_point(o->name, &r, at);
            if (o->slopes != NULL) o->slopes(at, o->value(at), slope);
            double is = d.slot == EQ_NONE ? d.number : eq_formula_evaluate(f, at, NULL, work);
            ck_assert_msg(fabs(is - slope[k]) <= 1e-12 * (1.0 + fabs(is)),
                          "%s by operand %d at %g, %g: %.15g, not %.15g", o->name, k, at[0], at[1],
                          is, slope[k]);
        }
        free(work);
        eq_formula_free(f);
    }
}
END_TEST

START_TEST(a_product_of_shared_parts) {
    eq_formula *f = eq_formula_new();
    eq_operand x = drop(f, 1), y = drop(f, 2);
    eq_operand s = two(f, "+", x, y); /* (x + y)^2 exp(x) + 3 */
    f->result =
        two(f, "+", two(f, "*", two(f, "*", s, s), one(f, "exp", drop(f, 1))), number(3.0)).slot;
    ck_assert_uint_eq(f->inputs, 2); /* the second use of node 1 is the first */
    double in[] = {0.5, -2.0}, slope[2], work[64];
    ck_assert_uint_le(eq_formula_work(f), 64);
    double value = eq_formula_evaluate(f, in, slope, work);
    ck_assert_double_eq_tol(value, 2.25 * exp(0.5) + 3.0, 1e-14);
    ck_assert_double_eq_tol(slope[0], (-3.0 + 2.25) * exp(0.5), 1e-14);
    ck_assert_double_eq_tol(slope[1], -3.0 * exp(0.5), 1e-14);
    eq_formula_free(f);
}
END_TEST

START_TEST(numbers_fold) {
    eq_formula *f = eq_formula_new();
    eq_operand y = two(f, "**", number(-2.0), number(3.0));
    ck_assert_int_eq(y.slot, EQ_NONE);
    ck_assert_double_eq(y.number, 8.0); /* of the absolute value, as ngspice's B sources */
    ck_assert_uint_eq(f->slots, 0);
    eq_formula_free(f);
}
END_TEST

/* ngspice 39, E TABLE {v(x)} = (0,0) (1,10) (3,30.5) (3.5,20), .dc in steps of 0.025 V. */
START_TEST(tables_have_the_corners_of_ngspice) {
    static const double point[] = {0, 0, 1, 10, 3, 30.5, 3.5, 20};
    static const double known[][2] = {
        {-1, 0},        {-0.05, 0.0625},    {0, 0.25},      {0.075, 0.765625},
        {0.5, 5},       {1, 10.00625},      {2, 20.25},     {2.975, 30.1460937},
        {3, 30.109375}, {3.475, 20.590625}, {3.5, 20.2625}, {9, 20}};
    eq_formula *f = eq_formula_new();
    double slope, work[128];
    f->result = eq_formula_table(f, drop(f, 1), point, 4, 0.1).slot;
    ck_assert_uint_le(eq_formula_work(f), 128);
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        double x = known[k][0], h = 1e-7, a = x - h, b = x + h, ignored;
        ck_assert_double_eq_tol(eq_formula_evaluate(f, &x, &slope, work), known[k][1], 1e-6);
        double rise =
            eq_formula_evaluate(f, &b, &ignored, work) - eq_formula_evaluate(f, &a, &ignored, work);
        ck_assert_double_eq_tol(slope, rise / (2.0 * h), 1e-4);
    }
    eq_formula_free(f);
}
END_TEST

START_TEST(points_go_on_with_the_last_slope) {
    static const double point[] = {0, 0, 1, 10, 2, 30};
    eq_formula *f = eq_formula_new();
    double x = -0.6, slope, work[16];
    f->result = eq_formula_points(f, drop(f, 1), point, 3).slot;
    ck_assert_double_eq_tol(eq_formula_evaluate(f, &x, &slope, work), -6.0, 1e-14);
    x = 5.1;
    ck_assert_double_eq_tol(eq_formula_evaluate(f, &x, &slope, work), 92.0, 1e-13);
    ck_assert_double_eq_tol(slope, 20.0, 1e-14);
    eq_formula_free(f);
}
END_TEST

Suite *formula_suite(void) {
    Suite *s = suite_create("formula");
    TCase *t = tcase_create("formula");
    int operations = 0;
    while (eq_operation_at(operations) != NULL) operations++;
    tcase_add_loop_test(t, slopes_match_differences, 0, operations);
    tcase_add_loop_test(t, derivatives_are_the_slopes, 0, operations);
    tcase_add_test(t, operations_at_their_kinks);
    tcase_add_test(t, a_product_of_shared_parts);
    tcase_add_test(t, numbers_fold);
    tcase_add_test(t, tables_have_the_corners_of_ngspice);
    tcase_add_test(t, points_go_on_with_the_last_slope);
    suite_add_tcase(s, t);
    return s;
}
