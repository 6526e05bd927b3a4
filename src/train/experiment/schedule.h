/* How the learning rates change from epoch to epoch. */
#ifndef EQ_TRAIN_SCHEDULE_H
#define EQ_TRAIN_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

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
