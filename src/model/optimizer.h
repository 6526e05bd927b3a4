/* Optimizers: elementwise steps on runs of parameters, with state arrays where the parameters live.
 * Every step ends with clipping to the bounds of the block. The gradient is the mean over the
 * minibatch. */
#ifndef EQ_MODEL_OPTIMIZER_H
#define EQ_MODEL_OPTIMIZER_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { EQ_MAX_STATES = 2 };

/* One step on n parameters of a block; state[k] has n items. */
typedef struct eq_step_range {
    double rate, min, max; /* of the block, schedule included */
    double momentum, beta1, beta2, epsilon;
    double correction1, correction2; /* Adam: 1 - beta1^t, 1 - beta2^t */
} eq_step_range;

typedef struct eq_optimizer_kind {
    const char *name;
    int states; /* numbers of state per parameter */
    void (*step)(const eq_step_range *p, size_t n, double *restrict theta,
                 const double *restrict gradient, double *restrict s0, double *restrict s1);
} eq_optimizer_kind;

typedef struct eq_optimizer {
    const eq_optimizer_kind *kind;
    double rate;                  /* of blocks without their own; NAN: each must have one */
    double momentum;              /* 0.9 */
    double beta1, beta2, epsilon; /* Adam: 0.9, 0.999, 1e-8 (relative to the gradient's unit) */
} eq_optimizer;

/* The steps of a block between min and max; then those of step number `step` (from 1) at a rate. */
eq_step_range eq_step_range_of(const eq_optimizer *o, double min, double max);
void eq_step_range_at(eq_step_range *r, double rate, uint64_t step);

/* "sgd", "momentum", "adam" or "sign-sgd"; NULL when the name is none of them. */
const eq_optimizer_kind *eq_optimizer_find(const char *name);

#endif
