/* Dense LU with partial pivoting (Golub and Van Loan, Algorithm 3.4.1), column by column. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/lin_ops.h"

typedef struct lin_dense {
    const eq_pattern *pattern;
    size_t n;
    double *lu;    /* [n][n] by columns */
    size_t *pivot; /* [n] row exchanged with row k */
} lin_dense;

static void destroy(void *self) {
    lin_dense *l = self;
    eq_free(l->lu);
    eq_free(l->pivot);
    eq_free(l);
}

static void *create(const eq_pattern *pattern) {
    lin_dense *l = eq_calloc(1, sizeof *l);
    if (l == NULL) return NULL;
    l->pattern = pattern;
    l->n = (size_t)pattern->n;
    l->lu = eq_malloc(l->n, l->n * sizeof *l->lu);
    l->pivot = eq_malloc(l->n, sizeof *l->pivot);
    if (l->lu != NULL && l->pivot != NULL) return l;
    destroy(l);
    return NULL;
}

static void exchange(lin_dense *l, size_t a, size_t b) {
    for (size_t j = 0; a != b && j < l->n; j++) {
        double kept = l->lu[j * l->n + a];
        l->lu[j * l->n + a] = l->lu[j * l->n + b];
        l->lu[j * l->n + b] = kept;
    }
}

/* One elimination step; false at a zero pivot. */
static bool eliminate(lin_dense *l, size_t k) {
    double *column = &l->lu[k * l->n];
    size_t best = k;
    for (size_t i = k + 1; i < l->n; i++)
        if (fabs(column[i]) > fabs(column[best])) best = i;
    l->pivot[k] = best;
    if (!(fabs(column[best]) > 0.0)) return false;
    exchange(l, k, best);
    for (size_t i = k + 1; i < l->n; i++) column[i] /= column[k];
    for (size_t j = k + 1; j < l->n; j++) {
        double *other = &l->lu[j * l->n];
        for (size_t i = k + 1; i < l->n; i++) other[i] -= column[i] * other[k];
    }
    return true;
}

static eq_status factor(void *self, const double *value, const double *scale, int32_t *column) {
    lin_dense *l = self;
    const eq_pattern *p = l->pattern;
    (void)scale;
    memset(l->lu, 0, l->n * l->n * sizeof *l->lu);
    for (int32_t j = 0; j < p->n; j++)
        for (int32_t e = p->start[j]; e < p->start[j + 1]; e++)
            l->lu[(size_t)j * l->n + (size_t)p->row[e]] += value[e];
    for (size_t k = 0; k < l->n; k++) {
        if (eliminate(l, k)) continue;
        *column = (int32_t)k;
        return EQ_ERR_SINGULAR;
    }
    return EQ_OK;
}

static void solve_plain(const lin_dense *l, double *b) {
    size_t n = l->n;
    for (size_t k = 0; k < n; k++) {
        double kept = b[k];
        b[k] = b[l->pivot[k]];
        b[l->pivot[k]] = kept;
    }
    for (size_t k = 0; k < n; k++)
        for (size_t i = k + 1; i < n; i++) b[i] -= l->lu[k * n + i] * b[k];
    for (size_t k = n; k-- > 0;) {
        b[k] /= l->lu[k * n + k];
        for (size_t i = 0; i < k; i++) b[i] -= l->lu[k * n + i] * b[k];
    }
}

static void solve_transposed(const lin_dense *l, double *b) {
    size_t n = l->n;
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < k; i++) b[k] -= l->lu[k * n + i] * b[i];
        b[k] /= l->lu[k * n + k];
    }
    for (size_t k = n; k-- > 0;)
        for (size_t i = k + 1; i < n; i++) b[k] -= l->lu[k * n + i] * b[i];
    for (size_t k = n; k-- > 0;) {
        double kept = b[k];
        b[k] = b[l->pivot[k]];
        b[l->pivot[k]] = kept;
    }
}

static eq_status solve(void *self, double *b, bool transposed) {
    if (transposed)
        solve_transposed(self, b);
    else
        solve_plain(self, b);
    return EQ_OK;
}

const eq_lin_ops eq_lin_dense_ops = {"dense", create, destroy, factor, solve, NULL, NULL, NULL};
