/* The minimum of a function between bounds, to a stated norm of its gradient, from gradients alone: L-BFGS (Nocedal 1980,
 * Math. Comp. 35:773) projected onto the bounds, with steps that are shortened where the slope along them has turned. Values
 * of the function, whose differences drown in the round-off of the states first, are not needed. Inside src/train only. */
#ifndef EQ_TRAIN_META_DESCENT_H
#define EQ_TRAIN_META_DESCENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct eq_descent eq_descent;

/* gradient[n] at z[n]. EQ_ERR_CONVERGE: the function is not defined there. */
typedef struct eq_descent_slope {
    eq_status (*at)(void *data, const double *z, double *gradient, eq_diag *diag);
    void *data;
} eq_descent_slope;

eq_descent *eq_descent_new(size_t n); /* NULL when memory runs out */
void eq_descent_free(eq_descent *d);

/* z[n] goes down from where it is, within low and high, until the norm of the gradient is at most `tolerance`, in at most
 * `steps` gradients; what points beyond a bound does not count. `curvature`: a guess of it, for the first step.
 * *norm, *taken: where it ends, after how many. */
eq_status eq_descend(eq_descent *d, eq_descent_slope slope, double curvature, const double *low,
                     const double *high, double tolerance, size_t steps, double *z, double *norm,
                     size_t *taken, eq_diag *diag);

#endif
