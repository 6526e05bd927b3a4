/* The derivative of a formula as a formula: the rules of calculus, operation by operation, for
 * ddx(). */
#include <string.h>

#include "base/mem.h"
#include "circuit/formula.h"

static eq_operand constant(double value) {
    return (eq_operand){value, EQ_NONE};
}

static eq_operand slot(int32_t k) {
    return (eq_operand){0.0, k};
}

static eq_operand two(eq_formula *f, const char *name, eq_operand x, eq_operand y) {
    return eq_formula_apply(f, eq_operation_find(name, 2), (eq_operand[]){x, y});
}

static eq_operand one(eq_formula *f, const char *name, eq_operand x) {
    return eq_formula_apply(f, eq_operation_find(name, 1), &x);
}

static bool is_zero(eq_operand x) {
    return x.slot == EQ_NONE && x.number == 0.0;
}

static eq_operand sum(eq_formula *f, eq_operand x, eq_operand y) {
    return is_zero(x) ? y : is_zero(y) ? x : two(f, "+", x, y);
}

static eq_operand product(eq_formula *f, eq_operand x, eq_operand y) {
    if (is_zero(x) || is_zero(y)) return constant(0.0);
    return x.slot == EQ_NONE && x.number == 1.0 ? y : two(f, "*", x, y);
}

/* 1/(1 + sign x^2), and its root. */
static eq_operand inverse_square(eq_formula *f, double shift, double sign, eq_operand x,
                                 bool root) {
    eq_operand d = two(f, "+", constant(shift), product(f, constant(sign), one(f, "sqr", x)));
    return two(f, "/", constant(1.0), root ? one(f, "sqrt", d) : d);
}

/* dy/dx of a function y of one variable x; false: none is known. */
static bool slope_of_one(eq_formula *f, const char *name, eq_operand x, eq_operand y,
                         eq_operand *d) {
    const double ln10 = 2.30258509299404568402;
#define RULE(NAME, VALUE)                                                                          \
    if (strcmp(name, NAME) == 0) {                                                                 \
        *d = VALUE;                                                                                \
        return true;                                                                               \
    }
    RULE("-", constant(-1.0))
    RULE("sqrt", two(f, "/", constant(0.5), y))
    RULE("exp", y)
    RULE("ln", two(f, "/", constant(1.0), x))
    RULE("log", two(f, "/", constant(1.0), x))
    RULE("log10", two(f, "/", constant(1.0 / ln10), x))
    RULE("abs", one(f, "sgn", x))
    RULE("sin", one(f, "cos", x))
    RULE("cos", one(f, "-", one(f, "sin", x)))
    RULE("tan", two(f, "+", constant(1.0), one(f, "sqr", y)))
    RULE("asin", inverse_square(f, 1.0, -1.0, x, true))
    RULE("acos", one(f, "-", inverse_square(f, 1.0, -1.0, x, true)))
    RULE("atan", inverse_square(f, 1.0, 1.0, x, false))
    RULE("arctan", inverse_square(f, 1.0, 1.0, x, false))
    RULE("sinh", one(f, "cosh", x))
    RULE("cosh", one(f, "sinh", x))
    RULE("tanh", two(f, "-", constant(1.0), one(f, "sqr", y)))
    RULE("asinh", inverse_square(f, 1.0, 1.0, x, true))
    RULE("acosh", inverse_square(f, -1.0, 1.0, x, true))
    RULE("atanh", inverse_square(f, 1.0, -1.0, x, false))
    RULE("sqr", product(f, constant(2.0), x))
    RULE("uramp", one(f, "gt0", x))
    RULE("cbrt", two(f, "/", constant(1.0 / 3.0), one(f, "sqr", y)))
#undef RULE
    return false;
}

/* x^n: n x^(n-1) by x, y ln|x| by n. */
static eq_operand power(eq_formula *f, const char *name, const eq_operand *x, const eq_operand *dx,
                        eq_operand y) {
    bool keeps_sign = strcmp(name, "pwr") == 0;
    eq_operand by_x = two(f, "/", product(f, x[1], y), x[0]);
    if (keeps_sign)
        by_x =
            product(f, x[1], two(f, "pow", one(f, "abs", x[0]), two(f, "-", x[1], constant(1.0))));
    eq_operand by_n =
        is_zero(dx[1]) ? constant(0.0) : product(f, y, one(f, "ln", one(f, "abs", x[0])));
    return sum(f, product(f, by_x, dx[0]), product(f, by_n, dx[1]));
}

/* The same of a function of two or three variables x with the derivatives dx. */
static bool slope_of_more(eq_formula *f, const char *name, const eq_operand *x,
                          const eq_operand *dx, eq_operand y, eq_operand *d) {
    static const char *const powers[] = {"^", "**", "pow", "pwr"};
    if (strcmp(name, "+") == 0)
        *d = sum(f, dx[0], dx[1]);
    else if (strcmp(name, "-") == 0)
        *d = is_zero(dx[1]) ? dx[0] : two(f, "-", dx[0], dx[1]);
    else if (strcmp(name, "*") == 0)
        *d = sum(f, product(f, x[1], dx[0]), product(f, x[0], dx[1]));
    else if (strcmp(name, "/") == 0)
        *d = two(f, "/", is_zero(dx[1]) ? dx[0] : two(f, "-", dx[0], product(f, y, dx[1])), x[1]);
    else if (strcmp(name, "min") == 0 || strcmp(name, "max") == 0)
        *d = eq_formula_apply(
            f, eq_operation_find("?", 3),
            (eq_operand[]){two(f, *name == 'm' && name[1] == 'i' ? "<" : ">", x[0], x[1]), dx[0],
                           dx[1]});
    else if (strcmp(name, "?") == 0 || strcmp(name, "if") == 0 || strcmp(name, "ternary_fcn") == 0)
        *d = eq_formula_apply(f, eq_operation_find("?", 3), (eq_operand[]){x[0], dx[1], dx[2]});
    else {
        for (size_t k = 0; k < sizeof powers / sizeof *powers; k++)
            if (strcmp(name, powers[k]) == 0) {
                *d = power(f, name, x, dx, y);
                return true;
            }
        return false;
    }
    return true;
}

/* The derivative of operation k of the formula by the chain rule; false: not known. */
static bool of_operation(eq_formula *f, int32_t k, const eq_operand *d, eq_operand *out) {
    const eq_slot s = f->slot[k];
    const eq_operation *o = eq_operation_at(s.operation);
    eq_operand x[EQ_MOST_OPERANDS], dx[EQ_MOST_OPERANDS], slope;
    bool moves = false;
    for (int j = 0; j < o->operands; j++) {
        x[j] = slot(s.arg[j]);
        dx[j] = d[s.arg[j]];
        moves = moves || !is_zero(dx[j]);
    }
    *out = constant(0.0);
    if (!moves || o->slopes == NULL) return true;
    if (o->operands > 1) return slope_of_more(f, o->name, x, dx, slot(k), out);
    bool known = slope_of_one(f, o->name, x[0], slot(k), &slope);
    if (known) *out = product(f, slope, dx[0]);
    return known;
}

/* d(drop)/d(drop x): 1 for the same one, of v(a,b) by v(a) 1 and by v(b) -1. */
static double of_input(const eq_formula_input *in, const eq_formula_input *x) {
    if (in->kind != x->kind || in->kind != EQ_INPUT_DROP || x->minus != EQ_GROUND)
        return in->kind == x->kind && in->plus == x->plus && in->minus == x->minus &&
                       in->branch == x->branch
                   ? 1.0
                   : 0.0;
    return (double)((in->plus == x->plus) - (in->minus == x->plus));
}

const char *eq_formula_derivative(eq_formula *f, eq_operand y, eq_operand x, eq_operand *value) {
    size_t n = (size_t)y.slot + 1;
    const char *missing = NULL;
    const eq_formula_input by = f->input[f->slot[x.slot].arg[0]];
    eq_operand *d = eq_calloc(n, sizeof *d);
    f->failed = f->failed || d == NULL;
    for (size_t k = 0; d != NULL && missing == NULL && k < n; k++) {
        const eq_slot s = f->slot[k];
        d[k] = constant(0.0);
        if (s.operation == EQ_SLOT_INPUT)
            d[k] = constant(of_input(&f->input[s.arg[0]], &by));
        else if (s.operation == EQ_SLOT_PIECEWISE)
            missing = is_zero(d[s.arg[0]]) ? NULL : "a table";
        else if (s.operation >= 0 && !of_operation(f, (int32_t)k, d, &d[k]))
            missing = eq_operation_at(s.operation)->name;
    }
    if (d != NULL && missing == NULL) *value = d[y.slot];
    eq_free(d);
    return missing;
}
