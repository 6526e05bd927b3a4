/* Inexact Newton steps (Dembo, Eisenstat and Steihaug 1982): far from the solution a step known to
 * a few hundredths is as good as an exact one, and conjugate gradients with the diagonal as
 * preconditioner (Saad 2003, algorithm 9.1) find it with less work than a factorization wherever
 * enough nodes conduct to ground. They solve D J step = -D r, D = diag(row_weight), which is
 * symmetric positive definite for a convex co-content. */
#include <math.h>

#include "solver/linear/blas.h"
#include "solver/newton.h"

/* Vectors [n] of the line search, which is over when a step is looked for. */
typedef struct gradients {
    eq_system *s;
    double *step, *r, *direction, *image, *inverse; /* image: D J direction, and inverse * r */
    double size;                                    /* r . inverse r, what the steps make smaller */
} gradients;

/* J(x) of the system becomes D J; false when a diagonal entry is not positive. */
static bool take_matrix(gradients *g, const double *x) {
    eq_system *s = g->s;
    eq_system_jacobian(s, x);
    for (size_t i = 0; i < s->entries; i++) s->value[i] *= s->row_weight[s->row[i]];
    for (size_t k = 0; k < s->n; k++) {
        double own = s->diagonal[k] == EQ_NONE ? 0.0 : s->value[s->diagonal[k]];
        if (!(own > 0.0)) return false;
        g->inverse[k] = 1.0 / own;
    }
    return true;
}

/* The new size. */
static double precondition(gradients *g) {
    for (size_t k = 0; k < g->s->n; k++) g->image[k] = g->inverse[k] * g->r[k];
    return eq_dot(g->s->n, g->r, g->image);
}

static void start(gradients *g, const eq_newton *w) {
    for (size_t k = 0; k < g->s->n; k++) {
        g->step[k] = 0.0;
        g->r[k] = -w->s->row_weight[k] * w->r[k];
    }
    g->size = precondition(g);
    for (size_t k = 0; k < g->s->n; k++) g->direction[k] = g->image[k];
}

/* D J is symmetric: its columns are its rows. */
static void multiply(const gradients *g) {
    const eq_system *s = g->s;
    const int32_t *start = s->start, *row = s->row;
    const double *value = s->value, *direction = g->direction;
    for (size_t k = 0; k < s->n; k++) {
        double sum = 0.0;
        for (int32_t i = start[k]; i < start[k + 1]; i++) sum += value[i] * direction[row[i]];
        g->image[k] = sum;
    }
}

/* False: the matrix is not positive definite, or a number is not finite. */
static bool iterate(gradients *g) {
    size_t n = g->s->n;
    multiply(g);
    double along = g->size / eq_dot(n, g->direction, g->image);
    if (!(along > 0.0) || !isfinite(along)) return false;
    for (size_t k = 0; k < n; k++) {
        g->step[k] += along * g->direction[k];
        g->r[k] -= along * g->image[k];
    }
    double before = g->size;
    g->size = precondition(g);
    double turn = g->size / before;
    for (size_t k = 0; k < n; k++) g->direction[k] = g->image[k] + turn * g->direction[k];
    return isfinite(turn);
}

bool eq_newton_inexact(eq_newton *w, const double *x, double flops) {
    enum { FEWEST = 20 };
    static const double enough = 0.05;
    eq_system *s = w->s;
    gradients g = {s, w->step, w->spare, w->trial, w->trial_r, w->trial_magnitude, 0.0};
    double most = flops / (2.0 * (double)s->entries + 12.0 * (double)s->n);
    if (!(most >= FEWEST) || !take_matrix(&g, x)) return false;
    start(&g, w);
    double small = enough * enough * g.size;
    for (int k = 0; k < most && g.size > small; k++)
        if (!iterate(&g)) return false;
    return g.size <= small;
}
