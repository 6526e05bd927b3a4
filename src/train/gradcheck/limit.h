/* The limit at step 0 of a sequence whose terms carry round-off of a known size. Inside src/train
 * only. */
#ifndef EQ_TRAIN_LIMIT_H
#define EQ_TRAIN_LIMIT_H

#include <stddef.h>

typedef struct eq_limit {
    double value;
    double doubt; /* |value - limit| is below; infinite without a term */
    size_t at;    /* the smallest step behind the value */
} eq_limit;

/* The terms belong to steps h, h/2, h/4, ... in this order and differ from the limit by a series
 * in step^order, step^(order + more), step^(order + 2 more), ... and by at most their noise; a term
 * of infinite noise is missing. value and noise are used up. */
eq_limit eq_limit_find(size_t n, double *value, double *noise, double order, double more);

#endif
