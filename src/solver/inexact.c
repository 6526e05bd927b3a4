/* Inexact Newton steps (Dembo, Eisenstat and Steihaug 1982): far from the solution a step known to
 * a few hundredths is as good as an exact one, and conjugate gradients find it with less work than
 * a factorization wherever enough nodes conduct to ground. They solve D J step = -D r, D =
 * diag(row_weight), which is symmetric positive definite for a convex co-content; scaled to
 * A = 1 + L + L^T, with L strictly lower, and preconditioned by (1 + L)(1 + L^T). With Eisenstat's
 * trick (1981) an iteration costs as much as a product with A:
 * (1 + L)^-1 A (1 + L^T)^-1 p = t + (1 + L)^-1 (p - t), where t = (1 + L^T)^-1 p. */
#include <math.h>

#include "solver/blas.h"
#include "solver/newton.h"

/* Vectors [n] of the line search, which is over when a step is looked for. */
typedef struct gradients {
    eq_system *s;
    double *x, *r, *p, *t, *y;
    double size; /* r . r */
} gradients;

/* J(x) of the system becomes A, with the scale of each unknown on the diagonal; false when an entry
 * there was not positive. */
static bool take_matrix(gradients *g, const double *x) {
    eq_system *s = g->s;
    double *scale = g->t;
    eq_system_jacobian(s, x);
    for (size_t k = 0; k < s->n; k++) {
        double own = s->diagonal[k] == EQ_NONE ? 0.0 : s->value[s->diagonal[k]] * s->row_weight[k];
        if (!(own > 0.0)) return false;
        scale[k] = 1.0 / sqrt(own);
    }
    for (size_t k = 0; k < s->n; k++) {
        for (int32_t i = s->start[k]; i < s->start[k + 1]; i++)
            s->value[i] *= scale[k] * scale[s->row[i]] * s->row_weight[s->row[i]];
        s->value[s->diagonal[k]] = scale[k];
    }
    return true;
}

/* x = 0, and r = p the right-hand side times (1 + L)^-1. */
static void start(gradients *g, const double *residual) {
    const eq_system *s = g->s;
    for (size_t k = 0; k < s->n; k++) {
        double sum = -residual[k] * s->row_weight[k] * s->value[s->diagonal[k]];
        for (int32_t i = s->start[k]; i < s->diagonal[k]; i++) sum -= s->value[i] * g->r[s->row[i]];
        g->r[k] = g->p[k] = sum;
        g->x[k] = 0.0;
    }
    g->size = eq_dot(s->n, g->r, g->r);
}

/* t = (1 + L^T)^-1 p, y = (1 + L)^-1 (p - t); A is symmetric: its columns are its rows. */
static void multiply(const gradients *g) {
    const eq_system *s = g->s;
    for (size_t k = s->n; k-- > 0;) {
        double sum = 0.0;
        for (int32_t i = s->diagonal[k] + 1; i < s->start[k + 1]; i++)
            sum += s->value[i] * g->t[s->row[i]];
        g->y[k] = sum;
        g->t[k] = g->p[k] - sum;
    }
    for (size_t k = 0; k < s->n; k++) {
        double sum = g->y[k];
        for (int32_t i = s->start[k]; i < s->diagonal[k]; i++) sum -= s->value[i] * g->y[s->row[i]];
        g->y[k] = sum;
    }
}

/* False: the matrix is not positive definite, or a number is not finite. */
static bool iterate(gradients *g) {
    size_t n = g->s->n;
    multiply(g);
    double along = g->size / (eq_dot(n, g->p, g->t) + eq_dot(n, g->p, g->y));
    if (!(along > 0.0) || !isfinite(along)) return false;
    for (size_t k = 0; k < n; k++) {
        g->x[k] += along * g->t[k];
        g->r[k] -= along * (g->t[k] + g->y[k]);
    }
    double before = g->size;
    g->size = eq_dot(n, g->r, g->r);
    double turn = g->size / before;
    for (size_t k = 0; k < n; k++) g->p[k] = g->r[k] + turn * g->p[k];
    return isfinite(turn);
}

bool eq_newton_inexact(eq_newton *w, const double *x, double flops) {
    enum { FEWEST = 20 };
    static const double enough = 0.05;
    eq_system *s = w->s;
    gradients g = {s, w->step, w->spare, w->trial, w->trial_r, w->trial_magnitude, 0.0};
    double most = flops / (2.0 * (double)s->entries + 12.0 * (double)s->n);
    if (!(most >= FEWEST) || !take_matrix(&g, x)) return false;
    start(&g, w->r);
    double small = enough * enough * g.size;
    for (int k = 0; k < most && g.size > small; k++)
        if (!iterate(&g)) return false;
    for (size_t k = 0; k < s->n; k++) w->step[k] *= s->value[s->diagonal[k]];
    return g.size <= small;
}
