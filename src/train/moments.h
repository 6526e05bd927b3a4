/* Moments of a trajectory and how far they can be trusted: its records are not independent. */
#ifndef EQ_TRAIN_MOMENTS_H
#define EQ_TRAIN_MOMENTS_H

#include <stddef.h>

#include "base/status.h"

/* Of one column of the trajectory. */
typedef struct eq_moments {
    double mean, deviation;
    double effective;                   /* records over the integrated autocorrelation */
    double mean_error, deviation_error; /* standard errors */
} eq_moments;
eq_status eq_moments_of(const double *x, size_t n, size_t stride, eq_moments *m, eq_diag *diag);

#endif
