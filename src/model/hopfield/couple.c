/* The couplings of a deep Hopfield network: between neighbours, skips and inside layers. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/hopfield/net.h"
#include "solver/linear/blas.h"

static bool add(eq_hopfield *h, size_t from, size_t to) {
    eq_hopfield_coupling *c = &h->coupling[h->couplings++];
    size_t rows = h->o.width[from], columns = h->o.width[to];
    *c = (eq_hopfield_coupling){.from = from, .to = to, .rows = rows, .columns = columns};
    c->count = from == to ? rows * (rows - 1) / 2 : rows * columns;
    c->w = eq_calloc_aligned(c->count, sizeof *c->w);
    c->full = from == to ? eq_calloc_aligned(rows * columns, sizeof *c->full) : c->w;
    return c->w != NULL && c->full != NULL;
}

static bool are_coupled(const eq_hopfield *h, size_t a, size_t b) {
    for (size_t k = 0; k < h->couplings; k++) {
        const eq_hopfield_coupling *c = &h->coupling[k];
        if ((c->from == a && c->to == b) || (c->from == b && c->to == a)) return true;
    }
    return false;
}

/* A layer is in the first half of a sweep where nothing couples it to those that are. */
static void choose_halves(eq_hopfield *h) {
    for (size_t l = 1; l <= h->layers; l++) {
        h->later[l] = are_coupled(h, l, l);
        for (size_t k = 1; k < l; k++) h->later[l] |= !h->later[k] && are_coupled(h, k, l);
        if (h->later[l]) h->laters += h->o.width[l];
        for (size_t k = 1; h->later[l] && k <= l; k++)
            h->woven |= h->later[k] && are_coupled(h, k, l);
    }
}

bool eq_hopfield_weave(eq_hopfield *h) {
    bool whole = true;
    for (size_t l = 1; l <= h->layers; l++) whole = add(h, l - 1, l) && whole;
    for (size_t k = 0; k < h->o.skips; k++)
        whole = add(h, h->o.skip[k].from, h->o.skip[k].to) && whole;
    for (size_t l = 1; l <= h->layers; l++)
        if (h->o.lateral >> l & 1) whole = add(h, l, l) && whole;
    choose_halves(h);
    return whole;
}

void eq_hopfield_expand(eq_hopfield_coupling *c) {
    const double *w = c->w;
    for (size_t i = 0; c->from == c->to && i < c->rows; i++)
        for (size_t j = i + 1; j < c->rows; j++)
            c->full[i * c->rows + j] = c->full[j * c->rows + i] = *w++;
}

void eq_hopfield_couple(const eq_hopfield *h, double *const *r, size_t l, double *field) {
    size_t n = h->n, m = h->o.width[l];
    for (size_t k = 0; k < h->couplings; k++) {
        const eq_hopfield_coupling *c = &h->coupling[k];
        if (c->to == l && c->from > 0)
            eq_gemm_nn(n, m, c->rows, 1.0, r[c->from], c->rows, c->full, m, 1.0, field, m);
        else if (c->from == l)
            eq_gemm_nt(n, m, c->columns, 1.0, r[c->to], c->columns, c->full, c->columns, 1.0, field,
                       m);
    }
}

void eq_hopfield_drive(eq_hopfield *h) {
    for (size_t l = 1; l <= h->layers; l++)
        for (size_t j = 0, m = h->o.width[l]; j < h->n; j++)
            memcpy(h->drive[l] + j * m, h->b[l], m * sizeof(double));
    for (size_t k = 0; k < h->couplings; k++) {
        const eq_hopfield_coupling *c = &h->coupling[k];
        if (c->from == 0)
            eq_gemm_nn(h->n, c->columns, c->rows, 1.0, h->x, c->rows, c->w, c->columns, 1.0,
                       h->drive[c->to], c->columns);
    }
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
    eq_gemm_tn(c->rows, c->columns, h->n, factor, before, c->rows, of, c->columns, 1.0, h->gradient,
               c->columns);
}

/* The parameters of a coupling inside a layer out of its matrix, in place. */
static void pack(const eq_hopfield_coupling *c, double *gradient) {
    double *to = gradient;
    for (size_t i = 0; i < c->rows; i++)
        for (size_t j = i + 1; j < c->rows; j++) *to++ = gradient[i * c->rows + j];
}

/* dE/dW = -r_from^T r_to, and dL/dW = r_from^T mu_to + mu_from^T r_to with mu = lambda sigma'. */
void eq_hopfield_weights(eq_hopfield *h, const eq_hopfield_coupling *c,
                         const double a[EQ_MAX_SLOTS]) {
    memset(h->gradient, 0, c->rows * c->columns * sizeof *h->gradient);
    for (int s = 0; s < EQ_ADJOINT; s++)
        if (a[s] != 0.0) add_product(h, c, -a[s], h->r[s][c->from], h->r[s][c->to]);
    if (a[EQ_ADJOINT] != 0.0) {
        add_product(h, c, a[EQ_ADJOINT], h->r[0][c->from], h->r[EQ_ADJOINT][c->to]);
        if (c->from > 0)
            add_product(h, c, a[EQ_ADJOINT], h->r[EQ_ADJOINT][c->from], h->r[0][c->to]);
    }
    if (c->from == c->to) pack(c, h->gradient);
}

void eq_hopfield_activate(eq_hopfield *h, int slot) {
    for (size_t l = 1; !h->o.sigma->clips && l <= h->layers; l++) {
        size_t all = h->n * h->o.width[l];
        memcpy(h->r[slot][l], h->s[slot][l], all * sizeof(double));
        h->o.sigma->apply(all, h->r[slot][l]);
    }
}
