/* Optimizers: elementwise steps on runs of conductances, with state arrays in the engine's order,
 * and learning-rate schedules. Every step ends with clipping to [gmin, gmax] of the group. The
 * gradient is the mean over the minibatch. */
#ifndef EQ_TRAIN_OPTIMIZER_H
#define EQ_TRAIN_OPTIMIZER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum { EQ_MAX_STATES = 2 };

/* One step on n conductances; state[k] has n items. */
typedef struct eq_step_range {
    double rate, gmin, gmax; /* of the group, schedule included */
    double momentum, beta1, beta2, epsilon;
    double correction1, correction2; /* Adam: 1 - beta1^t, 1 - beta2^t */
} eq_step_range;

typedef struct eq_optimizer_kind {
    const char *name;
    int states; /* arrays of state per conductance */
    void (*step)(const eq_step_range *p, size_t n, double *restrict theta,
                 const double *restrict gradient, double *restrict s0, double *restrict s1);
} eq_optimizer_kind;

typedef struct eq_optimizer {
    const eq_optimizer_kind *kind;
    double rate;                  /* of groups without their own; NAN: each must have one */
    double momentum;              /* 0.9 */
    double beta1, beta2, epsilon; /* Adam: 0.9, 0.999, 1e-8 (relative to the gradient's unit) */
} eq_optimizer;

/* "sgd", "momentum", "adam" or "sign-sgd"; NULL when the name is none of them. */
const eq_optimizer_kind *eq_optimizer_find(const char *name);

typedef enum eq_schedule_type {
    EQ_SCHEDULE_CONSTANT,
    EQ_SCHEDULE_EXPONENTIAL, /* factor^epoch */
    EQ_SCHEDULE_STEP,        /* factor^(epoch / every) */
    EQ_SCHEDULE_COSINE, /* from 1 to factor over the epochs: factor + (1-factor)(1+cos(pi e/E))/2 */
} eq_schedule_type;

typedef struct eq_schedule {
    eq_schedule_type type;
    double factor;
    size_t every; /* epochs */
} eq_schedule;

bool eq_schedule_find(const char *name, eq_schedule_type *type);
const char *eq_schedule_name(eq_schedule_type type);
/* The factor of the learning rates in `epoch` (from 0) of `epochs`. */
double eq_schedule_factor(const eq_schedule *s, size_t epoch, size_t epochs);

#endif
