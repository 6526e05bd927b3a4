/* Between exact.c and exact_doubt.c. */
#ifndef EQ_MODEL_EXACT_DOUBT_H
#define EQ_MODEL_EXACT_DOUBT_H

#include "model/exact.h"

/* Random signs give the root mean square of an error within a fifth; four times it is its size. */
enum { EQ_EXACT_SAMPLES = 16, EQ_EXACT_PROBES = 4, EQ_EXACT_SIZE = 4 };

/* Operating point of example j in e->v, e->branch. */
eq_status eq_exact_solve(eq_exact *e, size_t j, eq_diag *diag);
/* dC/dv of example j at the potentials v, in e->dcdv; e->y and e->dcdy on the way. */
void eq_exact_slope(eq_exact *e, size_t j, const double *v);
/* dC/dw of example j at the potentials v. */
eq_status eq_exact_adjoint(eq_exact *e, size_t j, const double *v, double *gradient, eq_diag *diag);
double eq_exact_largest(const double *y, size_t n);

#endif
