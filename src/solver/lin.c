#include "solver/lin.h"

#include "base/mem.h"
#include "solver/lin_ops.h"

struct eq_lin {
    const eq_lin_ops *ops;
    void *self;
    int32_t n;
};

eq_status eq_lin_new(eq_lin_kind kind, const eq_pattern *pattern, eq_lin **out, eq_diag *diag) {
    static const eq_lin_ops *const ops[] = {
        [EQ_LIN_KLU] = &eq_lin_klu_ops,
        [EQ_LIN_CHOLMOD] = &eq_lin_cholmod_ops,
        [EQ_LIN_DENSE] = &eq_lin_dense_ops,
    };
    eq_lin *l = eq_calloc(1, sizeof *l);
    if (l == NULL) return eq_out_of_memory(diag);
    /* A circuit without unknowns still has an (empty) system. */
    l->n = pattern->n;
    l->ops = ops[pattern->n == 0 ? EQ_LIN_DENSE : kind];
    l->self = l->ops->create(pattern);
    if (l->self == NULL) {
        eq_free(l);
        return eq_out_of_memory(diag);
    }
    *out = l;
    return EQ_OK;
}

void eq_lin_free(eq_lin *l) {
    if (l == NULL) return;
    l->ops->destroy(l->self);
    eq_free(l);
}

eq_status eq_lin_factor(eq_lin *l, const double *value, const double *scale, int32_t *column) {
    int32_t at = -1;
    eq_status status = l->ops->factor(l->self, value, scale, &at);
    if (column != NULL) *column = at;
    return status;
}

void eq_lin_forget(eq_lin *l) {
    if (l->ops->forget != NULL) l->ops->forget(l->self);
}

void eq_lin_pivots(eq_lin *l, const double *size, double *ratio, int32_t *row) {
    for (int32_t k = 0; k < l->n; k++) {
        ratio[k] = 1.0;
        row[k] = k;
    }
    if (l->ops->pivots != NULL) l->ops->pivots(l->self, size, ratio, row);
}

double eq_lin_flops(const eq_lin *l) {
    return l->ops->flops == NULL ? 0.0 : l->ops->flops(l->self);
}

eq_status eq_lin_solve(eq_lin *l, double *b) {
    return l->ops->solve(l->self, b, false);
}

eq_status eq_lin_solve_transposed(eq_lin *l, double *b) {
    return l->ops->solve(l->self, b, true);
}
