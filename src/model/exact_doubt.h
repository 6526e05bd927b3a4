/* Between exact.c and exact_doubt.c. */
#ifndef EQ_MODEL_EXACT_DOUBT_H
#define EQ_MODEL_EXACT_DOUBT_H

#include <math.h>

#include "model/exact.h"

/* Random signs give the root mean square of an error within a fifth; four times it is its size. */
enum { EQ_EXACT_SAMPLES = 16, EQ_EXACT_PROBES = 4, EQ_EXACT_SIZE = 4 };

/* Operating point of example j in e->v, e->branch. */
eq_status eq_exact_solve(eq_exact *e, size_t j, eq_diag *diag);
/* dC/dv of example j at the potentials v, in e->dcdv; e->y and e->dcdy on the way. */
void eq_exact_slope(eq_exact *e, size_t j, const double *v);
/* dC/dw of example j at the potentials v. */
eq_status eq_exact_adjoint(eq_exact *e, size_t j, const double *v, double *gradient, eq_diag *diag);
static inline double eq_exact_largest(const double *y, size_t n) {
    double most = 0.0;
    for (size_t k = 0; k < n; k++) most = fmax(most, fabs(y[k]));
    return most;
}

/* exact_plain.c. The same of a model without a circuit, whose phases know no KCL. */
eq_status eq_plain_open(eq_exact *e, eq_diag *diag);
eq_status eq_plain_measure(eq_exact *e, eq_diag *diag);
void eq_plain_loosen(eq_exact *e, double loose);
eq_status eq_plain_states(eq_exact *e, eq_diag *diag);
eq_status eq_plain_gradient(eq_exact *e, eq_diag *diag);
void eq_plain_put(eq_exact *e, size_t p, double value);
eq_status eq_plain_hold(eq_exact *e, eq_diag *diag);
eq_status eq_plain_loss(eq_exact *e, double *mean, eq_diag *diag);

#endif
