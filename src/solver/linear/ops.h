/* What a backend of lin.h provides. */
#ifndef EQ_SOLVER_LINEAR_OPS_H
#define EQ_SOLVER_LINEAR_OPS_H

#include <stdbool.h>

#include "solver/linear/lin.h"

typedef struct eq_lin_ops {
    const char *name;
    void *(*create)(const eq_pattern *pattern); /* NULL: out of memory */
    void (*destroy)(void *self);                /* NULL is legal */
    eq_status (*factor)(void *self, const double *value, const double *scale, int32_t *column);
    eq_status (*solve)(void *self, double *b, bool transposed);
    void (*forget)(void *self);        /* NULL: pivots do not depend on history */
    double (*flops)(const void *self); /* NULL: not known */
    /* NULL: not told */
    void (*pivots)(void *self, const double *size, double *ratio, int32_t *row);
} eq_lin_ops;

/* A symmetric order of an n x n pattern with little fill, order[n]; how many entries L has, 0: out of
 * memory. start and row are read alone. */
int32_t eq_cholmod_order(int32_t n, int32_t *start, int32_t *row, int32_t *order);

extern const eq_lin_ops eq_lin_klu_ops;
extern const eq_lin_ops eq_lin_cholmod_ops;
extern const eq_lin_ops eq_lin_dense_ops;

#endif
