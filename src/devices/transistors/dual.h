/* Numbers that carry their slopes by a few variables: the sums, products and quotients of the
 * transistor laws with their derivatives by the chain rule. */
#ifndef EQ_DEVICES_DUAL_H
#define EQ_DEVICES_DUAL_H

#include <math.h>

enum { EQ_DUAL_SLOPES = 4 };

typedef struct eq_dual {
    double v, d[EQ_DUAL_SLOPES];
} eq_dual;

static inline eq_dual eq_dual_of(double v) {
    return (eq_dual){v, {0}};
}

/* Variable number k at v. */
static inline eq_dual eq_dual_variable(double v, int k) {
    eq_dual x = {v, {0}};
    x.d[k] = 1.0;
    return x;
}

/* f(x, y) whose value and slopes by x and y are given. */
static inline eq_dual eq_dual_chain(double v, double fx, eq_dual x, double fy, eq_dual y) {
    eq_dual r = {v, {0}};
    for (int k = 0; k < EQ_DUAL_SLOPES; k++) r.d[k] = fx * x.d[k] + fy * y.d[k];
    return r;
}

/* f(x) whose value and slope are given. */
static inline eq_dual eq_dual_map(double v, double slope, eq_dual x) {
    return eq_dual_chain(v, slope, x, 0.0, x);
}

static inline eq_dual eq_dual_add(eq_dual x, eq_dual y) {
    return eq_dual_chain(x.v + y.v, 1.0, x, 1.0, y);
}

static inline eq_dual eq_dual_sub(eq_dual x, eq_dual y) {
    return eq_dual_chain(x.v - y.v, 1.0, x, -1.0, y);
}

static inline eq_dual eq_dual_mul(eq_dual x, eq_dual y) {
    return eq_dual_chain(x.v * y.v, y.v, x, x.v, y);
}

static inline eq_dual eq_dual_div(eq_dual x, eq_dual y) {
    double q = x.v / y.v;
    return eq_dual_chain(q, 1.0 / y.v, x, -q / y.v, y);
}

/* a + x */
static inline eq_dual eq_dual_plus(double a, eq_dual x) {
    return eq_dual_map(a + x.v, 1.0, x);
}

/* At 0 without slopes. */
static inline eq_dual eq_dual_sqrt(eq_dual x) {
    double root = sqrt(x.v);
    return eq_dual_map(root, root > 0.0 ? 0.5 / root : 0.0, x);
}

static inline eq_dual eq_dual_exp(eq_dual x) {
    return eq_dual_map(exp(x.v), exp(x.v), x);
}

static inline eq_dual eq_dual_min(eq_dual x, eq_dual y) {
    return x.v < y.v ? x : y;
}

static inline eq_dual eq_dual_max(eq_dual x, eq_dual y) {
    return x.v > y.v ? x : y;
}

static inline eq_dual eq_dual_scale(double a, eq_dual x) {
    return eq_dual_map(a * x.v, a, x);
}

static inline eq_dual eq_dual_log(eq_dual x) {
    return eq_dual_map(log(x.v), 1.0 / x.v, x);
}

/* The root of x^2 + y^2. */
static inline eq_dual eq_dual_hypot(eq_dual x, eq_dual y) {
    double h = hypot(x.v, y.v), per = h > 0.0 ? 1.0 / h : 0.0;
    return eq_dual_chain(h, x.v * per, x, y.v * per, y);
}

/* (x + hypot(x, y))/2: x far above 0, above 0 everywhere, without cancelling far below. */
static inline eq_dual eq_dual_above(eq_dual x, eq_dual y) {
    double h = hypot(x.v, y.v), far = h - x.v;
    double v = x.v > 0.0 ? 0.5 * (x.v + h) : far > 0.0 ? 0.5 * (y.v / far) * y.v : 0.0;
    return eq_dual_chain(v, h > 0.0 ? v / h : 0.5, x, h > 0.0 ? 0.5 * y.v / h : 0.0, y);
}

#endif
