/* Expressions of decks, through .param: values as `ngspice -b` (39) gives them, and the messages of
 * bad ones. */
#define _DEFAULT_SOURCE /* M_PI */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "netlist/netlist.h"

Suite *expression_suite(void);

/* The value of a V source set to {expression}, NAN when the deck is refused; diag may be NULL. */
static double value_of(const char *expression, eq_diag *diag) {
    char deck[1024];
    eq_circuit *c = NULL;
    snprintf(deck, sizeof deck, "title\n.param a=2 b={a*3} p={%s}\nv1 n 0 {p}\n.end\n", expression);
    if (eq_circuit_parse("e.cir", deck, strlen(deck), &c, diag) != EQ_OK) return NAN;
    double value = *eq_circuit_source(c, eq_circuit_find_element(c, "v1"));
    eq_circuit_free(c);
    return value;
}

/* Measured: printf 'title\n.param p={EXPRESSION}\nv1 a 0 {p}\nr1 a 0 1\n.op\n.print op v(a)\n.end'
 * | ngspice -b */
static const struct {
    const char *text;
    double value;
} good[] = {
    {"-2^2", -4},
    {"2^-1", 0.5},
    {"2**3**2", 64},
    {"2^3^2", 64},
    {"log(10)", M_LN10},
    {"ln(10)", M_LN10},
    {"log10(100)", 2},
    {"pow(-2,3)", -8},
    {"pwr(-2,3)", 8},
    {"7%3", 1},
    {"-7%3", -1},
    {"7.5%2", 1.5},
    {"7\\2", 3},
    {"sqr(3)", 9},
    {"int(-2.5)", -2},
    {"nint(2.5)", 2},
    {"nint(3.5)", 4},
    {"nint(-2.5)", -2},
    {"floor(-2.5)", -3},
    {"ceil(-2.5)", -2},
    {"sgn(-3)", -1},
    {"2>1", 1},
    {"1&&2", 1},
    {"!3", 0},
    {"!0+1", 2},
    {"1?2:3", 2},
    {"3==3", 1},
    {"3!=3", 0},
    {"3<>3", 0},
    {"min(1,2)", 1},
    {"max(1,2)", 2},
    {"arctan(1)", M_PI_4},
    {"ternary_fcn(1,2,3)", 2},
    {"2meg", 2e6},
    {"2--1", 3},
    {"2+-1", 1},
    {"5ohm", 5},
    {"2-1", 1},
    {"1<2&&2<3", 1},
    {"1||0&&0", 1},
    {"-3**2", -9},
    {"2*-3", -6},
    {"4/2/2", 1},
    {"1-1-1", -1},
    {"2^0.5", M_SQRT2},
    {"1 == 1 ? 5 : 6", 5},
    {"0 ? 1 : 0 ? 2 : 3", 3},
    {".5", 0.5},
    {"5.", 5},
    {"2e3x", 2000},
    {"hypot(3,4)", 5},
    {"pwrs(-2,2)", 4},
    {"m(-3)", 3},
    {"round(-2.5)", -3},
    {"buf(0.6)+inv(0.6)", 1},
    {"uplim(1,3,1)+dnlim(5,3,1)", 6},
    {"uplim(3,3,1)", 3 - 0.36787944117144233},
    {"dnlim(3,3,1)", 3 + 0.36787944117144233},
    {"1&0|1", 1},
    {"cbrt(-8)", -2},
    {"sign(-3,2)", 3},
    {"sdt(7)+idt(7,2)", 2},
    {"asin(1)", M_PI_2},
    {"acosh(2)", 1.3169578969248166},
    {"atanh(.5)", 0.5493061443340548},
    {"sinh(1)", 1.1752011936438014},
    {"(a+b)*2", 16},
    {"A*B", 12},
    {"sqrt(a*2k*1m)", 2},
    {"'a+1'*2", 6},
    {"1.5k+3m", 1500.003},
    {"4.7u", 4.7e-6},
    {"1e3k", 1e6},
    {"((((1))))", 1},
    {"exp(0)+abs(-1)", 2},
    {"(-2)**2", 4},
    {"2*pi", 2 * M_PI},
    {"min(3,1,2)", 1},
    {"a<=2", 1},
};

START_TEST(values_are_those_of_ngspice) {
    double value = value_of(good[_i].text, NULL);
    ck_assert_msg(fabs(value - good[_i].value) <= 4e-16 * fabs(good[_i].value),
                  "%s = %.17g, not %.17g", good[_i].text, value, good[_i].value);
}
END_TEST

/* In value_of's deck p={ ends in column 22, so character k of the expression stands in column 22 +
 * k. */
static const struct {
    const char *text, *message;
    int column;
} bad[] = {
    {"1/0", "division by zero", 24},
    {"1k5", "'1k5' is not a number; write it like 1.5k", 23},
    {"1_0", "'1_0' is not a number", 23},
    {"10%", "expected a number, a parameter or a function but found '}'", 26},
    {"(-2)**3", "-2 is negative and ngspice takes the power of its absolute value", 27},
    {"sqrt(-1)", "sqrt gives no finite number", 23},
    {"ln(0)", "ln gives no finite number", 23},
    {"exp(1000)", "exp gives no finite number", 23},
    {"foo+1", "there is no parameter foo; define it with .param foo=VALUE", 23},
    {"foo(1)", "there is no function foo", 23},
    {"sqrt(1,2)", "sqrt takes 1 argument, here are 2", 23},
    {"agaus(1,2,3)", "there is no function agaus; define", 23},
    {"hypo(1,2)", "there is no function hypo (did you mean hypot?)", 23},
    {"1?2", "expected ':' of the '?'", 26},
    {"2 3", "expected an operator or } but found '3'", 25},
    {"2mil", "write the factor out", 23},
    {"1e300*1e300", "this operation gives no finite number", 28},
    {"max(1", "expected ',' or ')' but found '}'", 28},
    {"", "expected a number, a parameter or a function", 23},
    {"p+1", "parameter p is defined by itself", 23},
};

START_TEST(errors_stand_at_their_column) {
    eq_diag *d = eq_diag_new();
    ck_assert(isnan(value_of(bad[_i].text, d)));
    ck_assert_uint_ge(eq_diag_errors(d), 1);
    const eq_message *m = eq_diag_get(d, 0);
    ck_assert_msg(strstr(m->text, bad[_i].message) != NULL, "%s: %s", bad[_i].text, m->text);
    ck_assert_int_eq(m->line, 2);
    ck_assert_msg(m->column == bad[_i].column, "%s: column %d: %s", bad[_i].text, m->column,
                  m->text);
    eq_diag_free(d);
}
END_TEST

/* A thousand brackets, and a chain of a thousand forward references, end in a message, not in a
 * crash. */
START_TEST(depth_is_bounded) {
    static char deck[100000];
    char *p = deck + sprintf(deck, "title\nv1 a 0 {");
    for (int k = 0; k < 20000; k++) *p++ = '(';
    strcpy(p, "1\n.end\n");
    eq_circuit *c = NULL;
    eq_diag *d = eq_diag_new();
    ck_assert_int_eq(eq_circuit_parse("e.cir", deck, strlen(deck), &c, d), EQ_ERR_INPUT);
    p = deck + sprintf(deck, "title\nv1 a 0 {p0}\n");
    for (int k = 0; k < 2000; k++) p += sprintf(p, ".param p%d={p%d}\n", k, k + 1);
    sprintf(p, ".param p2000=1\n.end\n");
    eq_diag_clear(d);
    ck_assert_int_eq(eq_circuit_parse("e.cir", deck, strlen(deck), &c, d), EQ_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(d, 0)->text, "nested deeper than"));
    eq_diag_free(d);
}
END_TEST

Suite *expression_suite(void) {
    Suite *s = suite_create("expression");
    TCase *t = tcase_create("expression");
    tcase_add_loop_test(t, values_are_those_of_ngspice, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(t, errors_stand_at_their_column, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, depth_is_bounded);
    suite_add_tcase(s, t);
    return s;
}
