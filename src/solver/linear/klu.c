/* KLU: block triangular form, Gilbert-Peierls LU (Davis and Palamadai Natarajan 2010). */
#include <klu.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/linear/ops.h"

typedef struct lin_klu {
    const eq_pattern *pattern;
    klu_common common;
    klu_symbolic *symbolic;
    klu_numeric *numeric;
    double flops; /* of a factorization */
} lin_klu;

/* KLU does not write to the pattern and the values, but its prototypes are not const. */
static int *start_of(const lin_klu *l) {
    return (int *)(uintptr_t)l->pattern->start;
}

static int *rows_of(const lin_klu *l) {
    return (int *)(uintptr_t)l->pattern->row;
}

static void destroy(void *self) {
    lin_klu *l = self;
    klu_free_numeric(&l->numeric, &l->common);
    klu_free_symbolic(&l->symbolic, &l->common);
    eq_free(l);
}

/* Of a diagonal block of the triangular form. */
static int order(int n, int *start, int *row, int *to, klu_common *c) {
    (void)c;
    return eq_cholmod_order(n, start, row, to);
}

static void *create(const eq_pattern *pattern) {
    lin_klu *l = eq_calloc(1, sizeof *l);
    if (l == NULL) return NULL;
    l->pattern = pattern;
    klu_defaults(&l->common);
    l->common.ordering = 3;
    l->common.user_order = order;
    l->symbolic = klu_analyze(pattern->n, start_of(l), rows_of(l), &l->common);
    /* A structurally singular matrix is analyzed too; factor tells which column. */
    if (l->symbolic != NULL) return l;
    destroy(l);
    return NULL;
}

/* The old pivots are kept while the growth of the factors and their condition stay sane (KLU user
 * guide, section 6.8); otherwise pivots are chosen anew. */
static bool refactored(lin_klu *l, double *value) {
    if (l->numeric == NULL) return false;
    if (!klu_refactor(start_of(l), rows_of(l), value, l->symbolic, l->numeric, &l->common))
        return false;
    if (!klu_rcond(l->symbolic, l->numeric, &l->common) || l->common.rcond < 1e-12) return false;
    return klu_rgrowth(start_of(l), rows_of(l), value, l->symbolic, l->numeric, &l->common) &&
           l->common.rgrowth > 1e-6;
}

static eq_status factor(void *self, const double *value, const double *scale, int32_t *column) {
    lin_klu *l = self;
    double *a = (double *)(uintptr_t)value;
    (void)scale;
    if (refactored(l, a)) return EQ_OK;
    klu_free_numeric(&l->numeric, &l->common);
    l->numeric = klu_factor(start_of(l), rows_of(l), a, l->symbolic, &l->common);
    if (l->numeric != NULL && l->common.status == KLU_OK) {
        klu_flops(l->symbolic, l->numeric, &l->common);
        l->flops = 1.0 + l->common.flops;
        return EQ_OK;
    }
    bool memory = l->common.status == KLU_OUT_OF_MEMORY;
    *column = memory || l->common.status != KLU_SINGULAR ? -1 : l->common.singular_col;
    klu_free_numeric(&l->numeric, &l->common);
    return memory ? EQ_ERR_MEMORY : EQ_ERR_SINGULAR;
}

static eq_status solve(void *self, double *b, bool transposed) {
    lin_klu *l = self;
    int n = l->pattern->n;
    int done = transposed ? klu_tsolve(l->symbolic, l->numeric, n, 1, b, &l->common)
                          : klu_solve(l->symbolic, l->numeric, n, 1, b, &l->common);
    return done ? EQ_OK : EQ_ERR_MEMORY;
}

static void forget(void *self) {
    lin_klu *l = self;
    klu_free_numeric(&l->numeric, &l->common);
}

static double flops(const void *self) {
    const lin_klu *l = self;
    return l->flops;
}

/* KLU keeps the scale factors in the order of the pivots. */
static void pivots(void *self, const double *size, double *ratio, int32_t *from) {
    const lin_klu *l = self;
    const klu_numeric *q = l->numeric;
    const double *pivot = q->Udiag, *scale = q->Rs;
    const int32_t *start = l->pattern->start, *row = l->pattern->row;
    for (int32_t k = 0; k < l->pattern->n; k++) {
        int32_t column = l->symbolic->Q[k];
        double most = 0.0;
        for (int32_t e = start[column]; e < start[column + 1]; e++)
            most = fmax(most, size[e] / scale[q->Pinv[row[e]]]);
        ratio[column] = fabs(pivot[k]) / most;
        from[column] = q->Pnum[k];
    }
}

const eq_lin_ops eq_lin_klu_ops = {
    "klu", create, destroy, factor, solve, forget, flops, pivots,
};
