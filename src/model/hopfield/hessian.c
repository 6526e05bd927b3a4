/* The Hessian of the energy at the free state, H = 1 - sigma''(s) field - sigma'(s) W sigma'(s), without the units at 0
 * and 1 of those that are clipped. */
#include <string.h>

#include "model/hopfield/net.h"
#include "model/units.h"

void eq_hopfield_bend(eq_hopfield *h) {
    if (h->o.sigma->clips) return;
    for (size_t l = 1; l <= h->layers; l++) {
        size_t all = h->n * h->o.width[l];
        memcpy(h->curve[l], h->drive[l], all * sizeof(double));
        eq_hopfield_couple(h, h->r[0], l, h->curve[l]);
        for (size_t k = 0; k < all; k++)
            h->curve[l][k] = 1.0 - h->o.sigma->bend(h->r[0][l][k]) * h->curve[l][k];
    }
}

static double curve_of(const eq_hopfield *h, size_t l, size_t k) {
    return h->o.sigma->clips ? 1.0 : h->curve[l][k];
}

static double rate_of(const eq_hopfield *h, size_t l, size_t k) {
    return h->o.sigma->rate(h->r[0][l][k]);
}

void eq_hopfield_slopes(const eq_hopfield *h, const double *dcdy, double *c) {
    size_t m = h->o.width[h->layers];
    memset(c, 0, h->n * h->units * sizeof *c);
    for (size_t j = 0; j < h->n; j++)
        for (size_t k = 0; k < m; k++)
            if (!h->o.sigma->clips || rate_of(h, h->layers, j * m + k) > 0.0)
                c[(j + 1) * h->units - m + k] = dcdy[j * m + k];
}

/* mu = sigma'(s) l, which is l itself where units are clipped. */
void eq_hopfield_put_adjoint(eq_hopfield *h, const double *lambda) {
    eq_units_scatter(h->n, h->layers, h->o.width, lambda, h->s[EQ_ADJOINT]);
    for (size_t l = 1; !h->o.sigma->clips && l <= h->layers; l++)
        for (size_t k = 0; k < h->n * h->o.width[l]; k++)
            h->r[EQ_ADJOINT][l][k] = rate_of(h, l, k) * h->s[EQ_ADJOINT][l][k];
}

/* z = H l, H = 1 - sigma'' field - sigma' W sigma'; a unit at a bound stays. */
void eq_hopfield_product(eq_hopfield *h, const double *l, double *z) {
    eq_hopfield_put_adjoint(h, l);
    for (size_t layer = 1; layer <= h->layers; layer++) {
        double *to = h->next[layer], *from = h->s[EQ_ADJOINT][layer];
        memset(to, 0, h->n * h->o.width[layer] * sizeof *to);
        eq_hopfield_couple(h, h->r[EQ_ADJOINT], layer, to);
        for (size_t k = 0; k < h->n * h->o.width[layer]; k++) {
            double rate = rate_of(h, layer, k);
            bool stays = h->o.sigma->clips && rate == 0.0;
            to[k] = stays ? 0.0 : curve_of(h, layer, k) * from[k] - rate * to[k];
        }
    }
    eq_units_gather(h->n, h->layers, h->o.width, h->next, z);
}
