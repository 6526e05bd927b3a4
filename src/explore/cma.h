/* The evolution strategy with covariance matrix adaptation, as Hansen's tutorial has it (2016,
 * arXiv:1604.00772): points are drawn from a normal distribution whose mean, width and covariance
 * follow the better ones. Equation numbers are the tutorial's. Values are only compared, so that they
 * may be infinite. */
#ifndef EQ_EXPLORE_CMA_H
#define EQ_EXPLORE_CMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct eq_cma_options {
    size_t n;           /* dimensions, >= 1 */
    size_t population;  /* lambda; 0: 4 + floor(3 ln n), (48); else >= 4 */
    const double *mean; /* [n] */
    double sigma;       /* > 0 */
    bool box; /* all lies in [0, 1]^n: what falls out is drawn again, or put on the wall */
    uint64_t seed;
} eq_cma_options;

typedef struct eq_cma eq_cma;

/* lambda of (48). */
size_t eq_cma_population(size_t n);
eq_status eq_cma_new(const eq_cma_options *o, eq_cma **out, eq_diag *diag);
void eq_cma_free(eq_cma *c);
/* x[lambda][n]: the points of the next generation. */
void eq_cma_ask(eq_cma *c, double *x);
/* What they are worth, less being better: value[lambda], not NAN; equal ones in their order. */
void eq_cma_tell(eq_cma *c, const double *x, const double *value);

/* The distribution, for tests: mean[n], *sigma, covariance[n][n]. */
void eq_cma_look(const eq_cma *c, double *mean, double *sigma, double *covariance);

#endif
