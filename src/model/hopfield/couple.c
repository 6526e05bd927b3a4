/* What the couplings of a deep Hopfield network make of its units, and the slopes by their weights. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/coupling/thin.h"
#include "model/hopfield/net.h"
#include "solver/linear/blas.h"

void eq_hopfield_expand(eq_hopfield_coupling *c) {
    for (size_t k = 0; c->row != NULL && c->full != NULL && k < c->count; k++) {
        size_t i = (size_t)c->row[k], j = (size_t)c->column[k];
        c->full[i * c->columns + j] = c->w[k];
        if (c->from == c->to) c->full[j * c->columns + i] = c->w[k];
    }
}

void eq_hopfield_up(const eq_hopfield_coupling *c, size_t n, const double *from, double *field) {
    if (c->full != NULL)
        eq_gemm_nn(n, c->columns, c->rows, 1.0, from, c->rows, c->full, c->columns, 1.0, field,
                   c->columns);
    else
        eq_thin_product(c->count, c->row, c->column, c->w, n, from, c->rows, field, c->columns);
}

void eq_hopfield_down(const eq_hopfield_coupling *c, size_t n, const double *to, double *field) {
    if (c->full != NULL)
        eq_gemm_nt(n, c->rows, c->columns, 1.0, to, c->columns, c->full, c->columns, 1.0, field,
                   c->rows);
    else
        eq_thin_product(c->count, c->column, c->row, c->w, n, to, c->columns, field, c->rows);
}

/* W inside a layer is symmetric, its list has each pair once. */
void eq_hopfield_couple(const eq_hopfield *h, double *const *r, size_t l, double *field) {
    for (size_t k = 0; k < h->couplings; k++) {
        const eq_hopfield_coupling *c = &h->coupling[k];
        bool once = c->from == c->to && c->full != NULL;
        if (c->to == l && c->from > 0) eq_hopfield_up(c, h->n, r[c->from], field);
        if (c->from == l && !once) eq_hopfield_down(c, h->n, r[c->to], field);
    }
}

void eq_hopfield_drive(eq_hopfield *h) {
    for (size_t l = 1; l <= h->layers; l++)
        for (size_t j = 0, m = h->o.width[l]; j < h->n; j++)
            memcpy(h->drive[l] + j * m, h->b[l], m * sizeof(double));
    for (size_t k = 0; k < h->couplings; k++)
        if (h->coupling[k].from == 0)
            eq_hopfield_up(&h->coupling[k], h->n, h->x, h->drive[h->coupling[k].to]);
}

/* v <- W v over the later layers of one example, in the slot of the adjoint; |v| before, which is 1 after. */
static double turn(eq_hopfield *h) {
    double **v = h->r[EQ_ADJOINT], square = 0.0;
    for (size_t l = 1; l <= h->layers; l++)
        for (size_t k = 0; k < h->o.width[l]; k++) square += v[l][k] * v[l][k];
    for (size_t l = 1; l <= h->layers; l++) {
        for (size_t k = 0; k < h->o.width[l]; k++) v[l][k] /= sqrt(square);
        memset(h->next[l], 0, h->o.width[l] * sizeof(double));
    }
    for (size_t l = 1; l <= h->layers; l++)
        if (h->later[l]) eq_hopfield_couple(h, v, l, h->next[l]);
    for (size_t l = 1; l <= h->layers; l++)
        memcpy(v[l], h->next[l], h->o.width[l] * sizeof(double));
    return sqrt(square);
}

void eq_hopfield_soften(eq_hopfield *h) {
    enum { ROUNDS = 30 };
    static const double safe = 1.1; /* the power iteration ends below */
    double largest = 0.0, unit = 0.0;
    size_t n = h->n;
    h->damp = 1.0;
    if (!h->woven) return;
    h->n = 1;
    for (size_t l = 1; l <= h->layers; l++)
        for (size_t k = 0; k < h->o.width[l]; k++)
            h->r[EQ_ADJOINT][l][k] = h->later[l] ? 1.0 + 0.5 * sin(unit++) : 0.0;
    for (int round = 0; round < ROUNDS; round++) {
        double size = turn(h);
        if (!(size > 0.0)) break;
        if (round > 0) largest = size;
    }
    h->n = n;
    h->damp = 1.0 / (1.0 + safe * largest);
}

/* gradient += factor sum_n before_n^T of_n. */
static void add_product(eq_hopfield *h, const eq_hopfield_coupling *c, double factor,
                        const double *before, const double *of) {
    double *g = h->gradient;
    size_t rows = c->rows, m = c->columns;
    if (c->full != NULL)
        eq_gemm_tn(rows, m, h->n, factor, before, rows, of, m, 1.0, g, m);
    else
        eq_thin_slope(c->count, c->row, c->column, h->n, factor, before, rows, of, m, g);
}

/* The listed ones out of a matrix, in place: none stands before its number. */
static void pack(const eq_hopfield_coupling *c, double *gradient) {
    for (size_t k = 0; k < c->count; k++)
        gradient[k] = gradient[(size_t)c->row[k] * c->columns + (size_t)c->column[k]];
}

/* dE/dW = -r_from^T r_to, and dL/dW = r_from^T mu_to + mu_from^T r_to with mu = lambda sigma'. */
void eq_hopfield_weights(eq_hopfield *h, const eq_hopfield_coupling *c,
                         const double a[EQ_MAX_SLOTS]) {
    size_t all = c->full == NULL ? c->count : c->rows * c->columns;
    memset(h->gradient, 0, all * sizeof *h->gradient);
    for (int s = 0; s < EQ_ADJOINT; s++)
        if (a[s] != 0.0) add_product(h, c, -a[s], h->r[s][c->from], h->r[s][c->to]);
    if (a[EQ_ADJOINT] != 0.0) {
        add_product(h, c, a[EQ_ADJOINT], h->r[0][c->from], h->r[EQ_ADJOINT][c->to]);
        if (c->from > 0)
            add_product(h, c, a[EQ_ADJOINT], h->r[EQ_ADJOINT][c->from], h->r[0][c->to]);
    }
    if (c->row != NULL && c->full != NULL) pack(c, h->gradient);
}

void eq_hopfield_activate(eq_hopfield *h, int slot) {
    for (size_t l = 1; !h->o.sigma->clips && l <= h->layers; l++) {
        size_t all = h->n * h->o.width[l];
        memcpy(h->r[slot][l], h->s[slot][l], all * sizeof(double));
        h->o.sigma->apply(all, h->r[slot][l]);
    }
}
