/* The one function of LAPACK that is used, dense symmetric matrices by columns. */
#ifndef EQ_SOLVER_LINEAR_LAPACK_H
#define EQ_SOLVER_LINEAR_LAPACK_H

#include "base/status.h"

/* The eigenvalues mu[n], rising, of a y = mu b y for symmetric a[n][n] and symmetric positive
 * definite b[n][n], which are overwritten; the upper triangles count. EQ_ERR_SINGULAR: b is not
 * positive definite, EQ_ERR_CONVERGE: the QR iteration does not end. No message. */
eq_status eq_lapack_spectrum(size_t n, double *a, double *b, double *mu);

#endif
