/* What the couplings of a deep Hopfield network make of its units, and the slopes by their weights. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/hopfield/net.h"

void eq_hopfield_expand(eq_hopfield_coupling *c) {
    eq_coupling *k = &c->of;
    eq_coupling_expand(k);
    if (c->from != c->to || k->w == NULL) return;
    for (size_t p = 0; p < k->count; p++)
        k->w[(size_t)k->column[p] * k->columns + (size_t)k->row[p]] = k->theta[p];
}

/* W inside a layer is symmetric, its list has each pair once. */
void eq_hopfield_couple(const eq_hopfield *h, double *const *r, size_t l, double *field) {
    for (size_t k = 0; k < h->couplings; k++) {
        const eq_hopfield_coupling *c = &h->coupling[k];
        bool once = c->from == c->to && c->of.w != NULL;
        if (c->to == l && c->from > 0)
            eq_coupling_forward(&c->of, &h->room, h->n, r[c->from], NULL, false, field);
        if (c->from == l && !once)
            eq_coupling_backward(&c->of, &h->room, h->n, r[c->to], NULL, field);
    }
}

void eq_hopfield_drive(eq_hopfield *h) {
    for (size_t l = 1; l <= h->layers; l++)
        for (size_t j = 0, m = h->o.width[l]; j < h->n; j++)
            memcpy(h->drive[l] + j * m, h->b[l], m * sizeof(double));
    for (size_t k = 0; k < h->couplings; k++)
        if (h->coupling[k].from == 0)
            eq_coupling_forward(&h->coupling[k].of, &h->room, h->n, h->x, NULL, false,
                                h->drive[h->coupling[k].to]);
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

/* h->gradient += factor sum_n from_n^T to_n. */
static void add_product(eq_hopfield *h, const eq_hopfield_coupling *c, double factor,
                        const double *from, const double *to) {
    eq_coupling_slope(&c->of, &h->room, h->n, factor, to, from, NULL, h->gradient);
}

/* dE/dW = -r_from^T r_to, and dL/dW = r_from^T mu_to + mu_from^T r_to with mu = lambda sigma'. */
void eq_hopfield_weights(eq_hopfield *h, const eq_hopfield_coupling *c,
                         const double a[EQ_MAX_SLOTS]) {
    memset(h->gradient, 0, eq_coupling_slopes(&c->of) * sizeof *h->gradient);
    for (int s = 0; s < EQ_ADJOINT; s++)
        if (a[s] != 0.0) add_product(h, c, -a[s], h->r[s][c->from], h->r[s][c->to]);
    if (a[EQ_ADJOINT] != 0.0) {
        add_product(h, c, a[EQ_ADJOINT], h->r[0][c->from], h->r[EQ_ADJOINT][c->to]);
        if (c->from > 0)
            add_product(h, c, a[EQ_ADJOINT], h->r[EQ_ADJOINT][c->from], h->r[0][c->to]);
    }
    eq_coupling_gather(&c->of, h->gradient);
}

void eq_hopfield_activate(eq_hopfield *h, int slot) {
    for (size_t l = 1; !h->o.sigma->clips && l <= h->layers; l++) {
        size_t all = h->n * h->o.width[l];
        memcpy(h->r[slot][l], h->s[slot][l], all * sizeof(double));
        h->o.sigma->apply(all, h->r[slot][l]);
    }
}
