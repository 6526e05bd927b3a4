#include "circuit/operations.h"

#include <math.h>
#include <string.h>

/* Larger arguments of exp count as this one, ln(1e99): ngspice's EXPARGMAX. */
static const double exp_most = 227.95592420641053;
/* ngspice divides by this where it would divide by 0 (gmin 1e-20). */
static const double least_divisor = 1e-32;

#define X x[0]
#define Y x[1]

/* A function of one or more operands: its value, and its slopes by chain of the value y. */
#define VALUE(NAME, EXPRESSION)                                                                    \
    static double NAME(const double *x) {                                                          \
        return EXPRESSION;                                                                         \
    }
#define SLOPE(NAME, BY_X)                                                                          \
    static void NAME(const double *x, double y, double *d) {                                       \
        (void)x;                                                                                   \
        (void)y;                                                                                   \
        d[0] = BY_X;                                                                               \
    }
#define SLOPES(NAME, BY_X, BY_Y)                                                                   \
    static void NAME(const double *x, double y, double *d) {                                       \
        (void)x;                                                                                   \
        (void)y;                                                                                   \
        d[0] = BY_X;                                                                               \
        d[1] = BY_Y;                                                                               \
    }

static double divisor(double x) {
    return x != 0.0 ? x : least_divisor;
}

static double sign(double x) {
    return (double)((x > 0.0) - (x < 0.0));
}

/* log(0) = -1e99 as in ngspice, so that Newton may pass there; below 0 there is none. */
static double logarithm(double x) {
    return x == 0.0 ? -1e99 : log(x);
}

VALUE(add, X + Y)
SLOPES(add_d, 1.0, 1.0)
VALUE(subtract, X - Y)
SLOPES(subtract_d, 1.0, -1.0)
VALUE(multiply, X *Y)
SLOPES(multiply_d, Y, X)
VALUE(divide, X / divisor(Y))
VALUE(divide_known, X / Y)
SLOPES(divide_d, 1.0 / divisor(Y), -y / divisor(Y))
VALUE(whole_divide, trunc(X / divisor(Y)))
VALUE(whole_divide_known, trunc(X / Y))
VALUE(modulo, fmod(X, divisor(Y)))
VALUE(modulo_known, fmod(X, Y))
SLOPES(modulo_d, 1.0, -trunc(X / divisor(Y)))
VALUE(power, pow(fabs(X), Y))
VALUE(power_known, pow(X, Y))
SLOPES(power_d, X == 0.0 ? (Y == 1.0 ? 1.0 : 0.0) : Y * y / X, X == 0.0 ? 0.0 : y * log(fabs(X)))
VALUE(signed_power, sign(X) * pow(fabs(X), Y))
VALUE(signed_power_known, pow(fabs(X), Y))
SLOPES(signed_power_d, X == 0.0 ? (Y == 1.0 ? 1.0 : 0.0) : Y * y / X,
       X == 0.0 ? 0.0 : y * log(fabs(X)))
VALUE(equal, X == Y)
VALUE(unequal, X != Y)
VALUE(at_most, X <= Y)
VALUE(less, X < Y)
VALUE(at_least, X >= Y)
VALUE(more, X > Y)
VALUE(both, X != 0.0 && Y != 0.0)
VALUE(either, X != 0.0 || Y != 0.0)
VALUE(minus, -X)
SLOPE(minus_d, -1.0)
VALUE(not, X == 0.0)

VALUE(choose, X != 0.0 ? Y : x[2])
static void choose_d(const double *x, double y, double *d) {
    (void)y;
    d[0] = 0.0;
    d[1] = X != 0.0 ? 1.0 : 0.0;
    d[2] = 1.0 - d[1];
}

VALUE(clamp, fmin(fmax(X, fmin(Y, x[2])), fmax(Y, x[2])))
static void clamp_d(const double *x, double y, double *d) {
    d[0] = y == X ? 1.0 : 0.0;
    d[1] = y == Y && y != X ? 1.0 : 0.0;
    d[2] = y == x[2] && y != X && y != Y ? 1.0 : 0.0;
}

VALUE(phase, X < 0.0 ? 3.14159265358979323846 : 0.0)
VALUE(decibel, 20.0 * log10(fabs(X)))
SLOPE(decibel_d, 20.0 / (log(10.0) * divisor(X)))
VALUE(cubic_root, cbrt(X))
SLOPE(cubic_root_d, 1.0 / (3.0 * divisor(y * y)))
VALUE(away_from_half, round(X))
VALUE(is_above_half, X > 0.5)
VALUE(is_not_above_half, X <= 0.5)
VALUE(hypotenuse, hypot(X, Y))
SLOPES(hypotenuse_d, X / divisor(y), Y / divisor(y))
VALUE(with_sign, Y < 0.0 ? -fabs(X) : fabs(X))
SLOPES(with_sign_d, (X < 0.0) == (Y < 0.0) ? 1.0 : -1.0, 0.0)

/* x, and from a distance z before y on a curve that rests at y with a continuous slope (LTspice:
 * uplim; dnlim from above). */
static double soft_limit(const double *x, double side) {
    double over = side * (X - Y) / x[2] + 1.0;
    return over <= 0.0 ? X : Y - side * x[2] * exp(-over);
}
static void soft_limit_d(const double *x, double side, double *d) {
    double over = side * (X - Y) / x[2] + 1.0, fall = exp(-over);
    d[0] = over <= 0.0 ? 1.0 : fall;
    d[1] = 1.0 - d[0];
    d[2] = over <= 0.0 ? 0.0 : -side * fall * over;
}
VALUE(upper_limit, soft_limit(x, 1.0))
VALUE(lower_limit, soft_limit(x, -1.0))
static void upper_limit_d(const double *x, double y, double *d) {
    (void)y;
    soft_limit_d(x, 1.0, d);
}
static void lower_limit_d(const double *x, double y, double *d) {
    (void)y;
    soft_limit_d(x, -1.0, d);
}

VALUE(square_root, sqrt(X))
SLOPE(square_root_d, 0.5 / divisor(y))
VALUE(exponential, exp(fmin(X, exp_most)))
VALUE(exponential_known, exp(X))
SLOPE(exponential_d, y)
VALUE(natural_log, logarithm(X))
VALUE(natural_log_known, log(X))
SLOPE(natural_log_d, 1.0 / divisor(X))
VALUE(decimal_log, X == 0.0 ? -1e99 : log10(X))
VALUE(decimal_log_known, log10(X))
SLOPE(decimal_log_d, 1.0 / (log(10.0) * divisor(X)))
VALUE(absolute, fabs(X))
SLOPE(absolute_d, X < 0.0 ? -1.0 : 1.0)
VALUE(sine, sin(X))
SLOPE(sine_d, cos(X))
VALUE(cosine, cos(X))
SLOPE(cosine_d, -sin(X))
VALUE(tangent, tan(X))
SLOPE(tangent_d, 1.0 + y * y)
VALUE(arc_sine, asin(X))
SLOPE(arc_sine_d, 1.0 / sqrt(1.0 - X * X))
VALUE(arc_cosine, acos(X))
SLOPE(arc_cosine_d, -1.0 / sqrt(1.0 - X * X))
VALUE(arc_tangent, atan(X))
SLOPE(arc_tangent_d, 1.0 / (1.0 + X * X))
VALUE(arc_tangent2, atan2(X, Y))
SLOPES(arc_tangent2_d, Y / divisor(X * X + Y * Y), -X / divisor(X * X + Y * Y))
VALUE(sinh_of, sinh(X))
SLOPE(sinh_d, cosh(X))
VALUE(cosh_of, cosh(X))
SLOPE(cosh_d, sinh(X))
VALUE(tanh_of, tanh(X))
SLOPE(tanh_d, 1.0 - y * y)
VALUE(asinh_of, asinh(X))
SLOPE(asinh_d, 1.0 / hypot(1.0, X))
VALUE(acosh_of, acosh(X))
SLOPE(acosh_d, 1.0 / sqrt(X * X - 1.0))
VALUE(atanh_of, atanh(X))
SLOPE(atanh_d, 1.0 / (1.0 - X * X))
VALUE(square, X *X)
SLOPE(square_d, 2.0 * X)
VALUE(truncate, trunc(X))
VALUE(floor_of, floor(X))
VALUE(ceil_of, ceil(X))
VALUE(nearest, rint(X))
VALUE(sign_of, sign(X))
VALUE(least, fmin(X, Y))
SLOPES(least_d, X < Y ? 1.0 : 0.0, X < Y ? 0.0 : 1.0)
VALUE(most, fmax(X, Y))
SLOPES(most_d, X > Y ? 1.0 : 0.0, X > Y ? 0.0 : 1.0)
VALUE(step, X > 0.0 ? 1.0 : X < 0.0 ? 0.0 : 0.5)
VALUE(step_of_xyce, X > 0.0)
VALUE(ramp, X > 0.0 ? X : 0.0)
SLOPE(ramp_d, X > 0.0 ? 1.0 : 0.0)
VALUE(ramp_to_one, X <= 0.0 ? 0.0 : X >= 1.0 ? 1.0 : X)
SLOPE(ramp_to_one_d, X > 0.0 && X < 1.0 ? 1.0 : 0.0)
VALUE(is_zero, X == 0.0)
VALUE(is_positive, X > 0.0)
VALUE(is_negative, X < 0.0)
VALUE(is_not_negative, X >= 0.0)
VALUE(is_not_positive, X <= 0.0)
VALUE(is_not_zero, X != 0.0)
VALUE(nothing, 0.0 * X)

static const eq_operation table[] = {
    {"**", 2, 8, power, power_d, power_known},
    {"==", 2, 4, equal, NULL, NULL},
    {"!=", 2, 4, unequal, NULL, NULL},
    {"<>", 2, 4, unequal, NULL, NULL},
    {"<=", 2, 4, at_most, NULL, NULL},
    {">=", 2, 4, at_least, NULL, NULL},
    {"&&", 2, 3, both, NULL, NULL},
    {"||", 2, 2, either, NULL, NULL},
    {"&", 2, 3, both, NULL, NULL},
    {"|", 2, 2, either, NULL, NULL},
    {"^", 2, 8, power, power_d, power_known},
    {"*", 2, 6, multiply, multiply_d, NULL},
    {"/", 2, 6, divide, divide_d, divide_known},
    {"\\", 2, 6, whole_divide, NULL, whole_divide_known},
    {"%", 2, 6, modulo, modulo_d, modulo_known},
    {"+", 2, 5, add, add_d, NULL},
    {"-", 2, 5, subtract, subtract_d, NULL},
    {"<", 2, 4, less, NULL, NULL},
    {">", 2, 4, more, NULL, NULL},
    {"?", 3, 1, choose, choose_d, NULL},
    {"-", 1, 0, minus, minus_d, NULL},
    {"!", 1, 0, not, NULL, NULL},
    {"sqrt", 1, 0, square_root, square_root_d, NULL},
    {"exp", 1, 0, exponential, exponential_d, exponential_known},
    {"ln", 1, 0, natural_log, natural_log_d, natural_log_known},
    {"log", 1, 0, natural_log, natural_log_d, natural_log_known},
    {"log10", 1, 0, decimal_log, decimal_log_d, decimal_log_known},
    {"abs", 1, 0, absolute, absolute_d, NULL},
    {"sin", 1, 0, sine, sine_d, NULL},
    {"cos", 1, 0, cosine, cosine_d, NULL},
    {"tan", 1, 0, tangent, tangent_d, NULL},
    {"asin", 1, 0, arc_sine, arc_sine_d, NULL},
    {"acos", 1, 0, arc_cosine, arc_cosine_d, NULL},
    {"atan", 1, 0, arc_tangent, arc_tangent_d, NULL},
    {"arctan", 1, 0, arc_tangent, arc_tangent_d, NULL},
    {"sinh", 1, 0, sinh_of, sinh_d, NULL},
    {"cosh", 1, 0, cosh_of, cosh_d, NULL},
    {"tanh", 1, 0, tanh_of, tanh_d, NULL},
    {"asinh", 1, 0, asinh_of, asinh_d, NULL},
    {"acosh", 1, 0, acosh_of, acosh_d, NULL},
    {"atanh", 1, 0, atanh_of, atanh_d, NULL},
    {"sqr", 1, 0, square, square_d, NULL},
    {"int", 1, 0, truncate, NULL, NULL},
    {"floor", 1, 0, floor_of, NULL, NULL},
    {"ceil", 1, 0, ceil_of, NULL, NULL},
    {"nint", 1, 0, nearest, NULL, NULL},
    {"sgn", 1, 0, sign_of, NULL, NULL},
    {"pow", 2, 0, power, power_d, power_known},
    {"pwr", 2, 0, signed_power, signed_power_d, signed_power_known},
    {"min", 2, 0, least, least_d, NULL},
    {"max", 2, 0, most, most_d, NULL},
    {"ternary_fcn", 3, 0, choose, choose_d, NULL},
    {"if", 3, 0, choose, choose_d, NULL},
    {"limit", 3, 0, clamp, clamp_d, NULL},
    {"atan2", 2, 0, arc_tangent2, arc_tangent2_d, NULL},
    {"u", 1, 0, step, NULL, NULL},
    {"stp", 1, 0, step_of_xyce, NULL, NULL},
    {"u2", 1, 0, ramp_to_one, ramp_to_one_d, NULL},
    {"uramp", 1, 0, ramp, ramp_d, NULL},
    {"eq0", 1, 0, is_zero, NULL, NULL},
    {"ne0", 1, 0, is_not_zero, NULL, NULL},
    {"gt0", 1, 0, is_positive, NULL, NULL},
    {"lt0", 1, 0, is_negative, NULL, NULL},
    {"ge0", 1, 0, is_not_negative, NULL, NULL},
    {"le0", 1, 0, is_not_positive, NULL, NULL},
    {"ddt", 1, 0, nothing, NULL, NULL},
    {"ph", 1, 0, phase, NULL, NULL},
    {"db", 1, 0, decibel, decibel_d, NULL},
    {"buf", 1, 0, is_above_half, NULL, NULL},
    {"inv", 1, 0, is_not_above_half, NULL, NULL},
    {"round", 1, 0, away_from_half, NULL, NULL},
    {"cbrt", 1, 0, cubic_root, cubic_root_d, NULL},
    {"hypot", 2, 0, hypotenuse, hypotenuse_d, NULL},
    {"sign", 2, 0, with_sign, with_sign_d, NULL},
    {"uplim", 3, 0, upper_limit, upper_limit_d, NULL},
    {"dnlim", 3, 0, lower_limit, lower_limit_d, NULL},
};

const eq_operation *eq_operation_at(int k) {
    return k >= 0 && k < (int)(sizeof table / sizeof *table) ? &table[k] : NULL;
}

int eq_operation_find(const char *name, int operands) {
    for (int k = 0; eq_operation_at(k) != NULL; k++)
        if (strcmp(table[k].name, name) == 0 && table[k].operands == operands) return k;
    return -1;
}
