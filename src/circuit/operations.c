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

/* |x|^y; of 0 to a negative power as 1/0. */
static double raised(double x, double y) {
    return x == 0.0 && y < 0.0 ? 1.0 / least_divisor : pow(fabs(x), y);
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
/* At 0 ngspice divides by least_divisor once, not twice: Newton's step from a load of constant power without a voltage is
 * 1 V then, where 1/v has a slope to go on with. */
SLOPES(divide_d, 1.0 / divisor(Y), Y != 0.0 ? -y / Y : -y)
VALUE(whole_divide, trunc(X / divisor(Y)))
VALUE(whole_divide_known, trunc(X / Y))
VALUE(modulo, X - Y * trunc(X / divisor(Y))) /* as ngspice rounds: 0.5 % 0.1 is 0 */
VALUE(modulo_known, X - Y * trunc(X / Y))
SLOPES(modulo_d, 1.0, -trunc(X / divisor(Y)))
VALUE(power, raised(X, Y))
VALUE(power_known, pow(X, Y))
SLOPES(power_d, X == 0.0 ? (Y == 1.0 ? 1.0 : 0.0) : Y * y / X, X == 0.0 ? 0.0 : y * log(fabs(X)))
VALUE(signed_power, (X < 0.0 ? -1.0 : X > 0.0 || Y < 0.0 ? 1.0 : 0.0) * raised(X, Y))
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

/* A function: it binds no operands to its left. */
#define CALL(NAME, OPERANDS, ...)                                                                  \
    { NAME, OPERANDS, 0, __VA_ARGS__ }

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
    CALL("sqrt", 1, square_root, square_root_d, NULL),
    CALL("exp", 1, exponential, exponential_d, exponential_known),
    CALL("ln", 1, natural_log, natural_log_d, natural_log_known),
    CALL("log", 1, natural_log, natural_log_d, natural_log_known),
    CALL("log10", 1, decimal_log, decimal_log_d, decimal_log_known),
    CALL("abs", 1, absolute, absolute_d, NULL),
    CALL("sin", 1, sine, sine_d, NULL),
    CALL("cos", 1, cosine, cosine_d, NULL),
    CALL("tan", 1, tangent, tangent_d, NULL),
    CALL("asin", 1, arc_sine, arc_sine_d, NULL),
    CALL("acos", 1, arc_cosine, arc_cosine_d, NULL),
    CALL("atan", 1, arc_tangent, arc_tangent_d, NULL),
    CALL("arctan", 1, arc_tangent, arc_tangent_d, NULL),
    CALL("sinh", 1, sinh_of, sinh_d, NULL),
    CALL("cosh", 1, cosh_of, cosh_d, NULL),
    CALL("tanh", 1, tanh_of, tanh_d, NULL),
    CALL("asinh", 1, asinh_of, asinh_d, NULL),
    CALL("acosh", 1, acosh_of, acosh_d, NULL),
    CALL("atanh", 1, atanh_of, atanh_d, NULL),
    CALL("sqr", 1, square, square_d, NULL),
    CALL("int", 1, truncate, NULL, NULL),
    CALL("floor", 1, floor_of, NULL, NULL),
    CALL("ceil", 1, ceil_of, NULL, NULL),
    CALL("nint", 1, nearest, NULL, NULL),
    CALL("sgn", 1, sign_of, NULL, NULL),
    CALL("pow", 2, power, power_d, power_known),
    CALL("pwr", 2, signed_power, signed_power_d, signed_power_known),
    CALL("min", 2, least, least_d, NULL),
    CALL("max", 2, most, most_d, NULL),
    CALL("ternary_fcn", 3, choose, choose_d, NULL),
    CALL("if", 3, choose, choose_d, NULL),
    CALL("limit", 3, clamp, clamp_d, NULL),
    CALL("atan2", 2, arc_tangent2, arc_tangent2_d, NULL),
    CALL("u", 1, step, NULL, NULL),
    CALL("stp", 1, step_of_xyce, NULL, NULL),
    CALL("u2", 1, ramp_to_one, ramp_to_one_d, NULL),
    CALL("uramp", 1, ramp, ramp_d, NULL),
    CALL("eq0", 1, is_zero, NULL, NULL),
    CALL("ne0", 1, is_not_zero, NULL, NULL),
    CALL("gt0", 1, is_positive, NULL, NULL),
    CALL("lt0", 1, is_negative, NULL, NULL),
    CALL("ge0", 1, is_not_negative, NULL, NULL),
    CALL("le0", 1, is_not_positive, NULL, NULL),
    CALL("ddt", 1, nothing, NULL, NULL),
    CALL("ph", 1, phase, NULL, NULL),
    CALL("db", 1, decibel, decibel_d, NULL),
    CALL("buf", 1, is_above_half, NULL, NULL),
    CALL("inv", 1, is_not_above_half, NULL, NULL),
    CALL("round", 1, away_from_half, NULL, NULL),
    CALL("cbrt", 1, cubic_root, cubic_root_d, NULL),
    CALL("hypot", 2, hypotenuse, hypotenuse_d, NULL),
    CALL("sign", 2, with_sign, with_sign_d, NULL),
    CALL("uplim", 3, upper_limit, upper_limit_d, NULL),
    CALL("dnlim", 3, lower_limit, lower_limit_d, NULL),
};

const eq_operation *eq_operation_at(int k) {
    return k >= 0 && k < (int)(sizeof table / sizeof *table) ? &table[k] : NULL;
}

int eq_operation_find(const char *name, int operands) {
    for (int k = 0; eq_operation_at(k) != NULL; k++)
        if (strcmp(table[k].name, name) == 0 && table[k].operands == operands) return k;
    return -1;
}
