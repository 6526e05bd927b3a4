/* CHOLMOD: sparse Cholesky factorization of S = diag(scale) A (Chen, Davis, Hager, Rajamanickam
 * 2008). */
#include <cholmod.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/linear/openmp.h"
#include "solver/linear/ops.h"

typedef struct lin_cholmod {
    const eq_pattern *pattern;
    cholmod_common common;
    cholmod_sparse *upper; /* upper triangle of S */
    int32_t *source;       /* [entries of upper] position in the pattern */
    cholmod_factor *l;
    cholmod_dense *b, *x, *y, *e;
    double *scale; /* [n] of the factored matrix */
    double flops;  /* of a factorization */
} lin_cholmod;

static void destroy(void *self) {
    lin_cholmod *l = self;
    cholmod_free_sparse(&l->upper, &l->common);
    cholmod_free_factor(&l->l, &l->common);
    cholmod_free_dense(&l->b, &l->common);
    cholmod_free_dense(&l->x, &l->common);
    cholmod_free_dense(&l->y, &l->common);
    cholmod_free_dense(&l->e, &l->common);
    cholmod_finish(&l->common);
    eq_free(l->source);
    eq_free(l->scale);
    eq_free(l);
}

/* The entries on and above the diagonal. */
static bool take_upper(lin_cholmod *l) {
    const eq_pattern *p = l->pattern;
    size_t n = (size_t)p->n, count = 0;
    for (int32_t j = 0; j < p->n; j++)
        for (int32_t e = p->start[j]; e < p->start[j + 1] && p->row[e] <= j; e++) count++;
    l->source = eq_malloc(count, sizeof *l->source);
    l->upper = cholmod_allocate_sparse(n, n, count, 1, 1, 1, CHOLMOD_REAL, &l->common);
    if (l->source == NULL || l->upper == NULL) return false;
    int *start = l->upper->p, *row = l->upper->i, next = 0;
    for (int32_t j = 0; j < p->n; j++) {
        start[j] = next;
        for (int32_t e = p->start[j]; e < p->start[j + 1] && p->row[e] <= j; e++) {
            row[next] = p->row[e];
            l->source[next++] = e;
        }
    }
    start[n] = next;
    return true;
}

static void *create(const eq_pattern *pattern) {
    lin_cholmod *l = eq_calloc(1, sizeof *l);
    if (l == NULL) return NULL;
    size_t n = (size_t)pattern->n;
    l->pattern = pattern;
    cholmod_start(&l->common);
    l->common.print = 0;
    l->common.error_handler = NULL;
    l->scale = eq_malloc(n, sizeof *l->scale);
    l->b = cholmod_allocate_dense(n, 1, n, CHOLMOD_REAL, &l->common);
    if (l->scale != NULL && l->b != NULL && take_upper(l))
        l->l = cholmod_analyze(l->upper, &l->common);
    l->flops = l->common.fl;
    if (l->l != NULL) return l;
    destroy(l);
    return NULL;
}

static eq_status factor(void *self, const double *value, const double *scale, int32_t *column) {
    lin_cholmod *l = self;
    double *s = l->upper->x;
    const int *row = l->upper->i, *start = l->upper->p;
    memcpy(l->scale, scale, (size_t)l->pattern->n * sizeof *scale);
    for (int e = 0; e < start[l->pattern->n]; e++) s[e] = scale[row[e]] * value[l->source[e]];
    eq_openmp_serial(true);
    int done = cholmod_factorize(l->upper, l->l, &l->common);
    eq_openmp_serial(false);
    if (!done || l->common.status < CHOLMOD_OK) return EQ_ERR_MEMORY;
    if (l->common.status != CHOLMOD_NOT_POSDEF && l->l->minor == l->l->n) return EQ_OK;
    *column = ((const int *)l->l->Perm)[l->l->minor < l->l->n ? l->l->minor : 0];
    return EQ_ERR_SINGULAR;
}

/* A = D^-1 S: A x = b is S x = D b; A^T y = b is S z = b, y = D z. */
static eq_status solve(void *self, double *b, bool transposed) {
    lin_cholmod *l = self;
    size_t n = (size_t)l->pattern->n;
    double *right = l->b->x;
    for (size_t k = 0; k < n; k++) right[k] = transposed ? b[k] : l->scale[k] * b[k];
    eq_openmp_serial(true);
    int done = cholmod_solve2(CHOLMOD_A, l->l, l->b, NULL, &l->x, NULL, &l->y, &l->e, &l->common);
    eq_openmp_serial(false);
    if (!done) return EQ_ERR_MEMORY;
    const double *x = l->x->x;
    for (size_t k = 0; k < n; k++) b[k] = transposed ? l->scale[k] * x[k] : x[k];
    return EQ_OK;
}

static double flops(const void *self) {
    const lin_cholmod *l = self;
    return l->flops;
}

/* ratio = L_kk^2 (or D_kk) over S_kk, the largest entry that a positive definite matrix can have
 * there; the last of a column of the upper triangle. */
static void take_pivot(const lin_cholmod *l, int k, double pivot, double *ratio) {
    const int *start = l->upper->p, *order = l->l->Perm;
    const double *s = l->upper->x;
    ratio[order[k]] = pivot / s[start[order[k] + 1] - 1];
}

static void pivots(void *self, const double *size, double *ratio, int32_t *row) {
    const lin_cholmod *l = self;
    const cholmod_factor *f = l->l;
    const double *x = f->x;
    (void)size, (void)row; /* pivots stand on the diagonal */
    if (f->is_super) {
        const int *super = f->super, *px = f->px, *pi = f->pi;
        for (size_t s = 0; s < f->nsuper; s++)
            for (int k = super[s], at = px[s]; k < super[s + 1]; k++, at += pi[s + 1] - pi[s] + 1)
                take_pivot(l, k, x[at] * x[at], ratio);
    } else {
        const int *start = f->p;
        for (int k = 0; k < (int)f->n; k++) {
            double d = x[start[k]];
            take_pivot(l, k, f->is_ll ? d * d : d, ratio);
        }
    }
}

/* The pattern of the upper triangle of A + A^T. */
static cholmod_sparse *symmetric(int32_t n, int32_t *start, int32_t *row, cholmod_common *c) {
    double one[2] = {1.0, 0.0};
    size_t size = (size_t)n;
    cholmod_sparse a = {.nrow = size,
                        .ncol = size,
                        .nzmax = (size_t)start[n],
                        .p = start,
                        .i = row,
                        .itype = CHOLMOD_INT,
                        .xtype = CHOLMOD_PATTERN,
                        .packed = 1};
    cholmod_sparse *t = cholmod_transpose(&a, 0, c), *both = NULL, *upper = NULL;
    if (t != NULL) both = cholmod_add(&a, t, one, one, 0, 0, c);
    if (both != NULL) upper = cholmod_copy(both, 1, 0, c);
    cholmod_free_sparse(&t, c);
    cholmod_free_sparse(&both, c);
    return upper;
}

/* The order of one method, if it costs fewer operations; the entries of L, 0 where there is none. */
static int32_t try_order(cholmod_sparse *upper, int method, double *flops, int32_t *order,
                         cholmod_common *c) {
    c->nmethods = 1;
    c->method[0].ordering = method;
    cholmod_factor *l = cholmod_analyze(upper, c);
    int32_t entries = 0;
    if (l != NULL && c->fl < *flops) {
        *flops = c->fl;
        memcpy(order, l->Perm, l->n * sizeof *order);
        entries = (int32_t)fmin(c->lnz, INT32_MAX);
    }
    cholmod_free_factor(&l, c);
    return entries;
}

/* Minimum degree, and where it leaves much fill, as on grids, nested dissection, which takes ten
 * times as long to find. */
int32_t eq_cholmod_order(int32_t n, int32_t *start, int32_t *row, int32_t *order) {
    enum { LARGE = 1000, FILL = 500 };
    cholmod_common c;
    double flops = INFINITY;
    cholmod_start(&c);
    c.print = 0;
    cholmod_sparse *upper = symmetric(n, start, row, &c);
    int32_t entries = upper == NULL ? 0 : try_order(upper, CHOLMOD_AMD, &flops, order, &c);
    if (entries > 0 && n >= LARGE && flops > FILL * (double)n) {
        int32_t fewer = try_order(upper, CHOLMOD_METIS, &flops, order, &c);
        if (fewer > 0) entries = fewer;
    }
    cholmod_free_sparse(&upper, &c);
    cholmod_finish(&c);
    return entries;
}

const eq_lin_ops eq_lin_cholmod_ops = {
    "cholmod", create, destroy, factor, solve, NULL, flops, pivots,
};
