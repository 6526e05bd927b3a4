/* The adjoint of the free state, and whether that is a minimum. */
#include <math.h>
#include <string.h>

#include "model/hopfield/net.h"
#include "solver/linear/blas.h"

/* One example of the method of conjugate gradients (Hestenes and Stiefel 1952): z = H p; what is left of H l = c
 * in g, |g|^2 in *left. False: H is not positive definite. */
static bool conjugate(size_t n, double *l, double *g, double *p, const double *z, double *left) {
    double curvature = eq_dot(n, p, z), by = *left / curvature, before = *left;
    if (!(curvature > 0.0) || !isfinite(by)) return false;
    for (size_t k = 0; k < n; k++) {
        l[k] += by * p[k];
        g[k] -= by * z[k];
    }
    *left = eq_dot(n, g, g);
    for (size_t k = 0; k < n; k++) p[k] = g[k] + *left / before * p[k];
    return true;
}

/* Until of no example more than round-off is left. */
static bool solve(eq_hopfield *h, double *l) {
    static const double round_off = 1e-32;
    size_t n = h->units, all = h->n * n;
    double *g = l + all, *p = g + all, *z = p + all, *left = h->off;
    double most = 0.0;
    memset(l, 0, all * sizeof *l);
    memcpy(p, g, all * sizeof *p);
    for (size_t j = 0; j < h->n; j++) most = fmax(most, left[j] = eq_dot(n, g + j * n, g + j * n));
    bool good = true, some = most > 0.0;
    for (size_t step = 0; good && some && step < h->o.steps; step++) {
        eq_hopfield_product(h, p, z);
        some = false;
        for (size_t j = 0; good && j < h->n; j++) {
            if (!(left[j] > round_off * most)) continue;
            some = true;
            size_t at = j * n;
            good = conjugate(n, l + at, g + at, p + at, z + at, &left[j]);
        }
    }
    return good && !some;
}

/* Example j goes along p, on which the energy falls to both sides. */
static void push(eq_hopfield *h, size_t j, double far, const double *p) {
    double most = 0.0;
    for (size_t k = 0; k < h->units; k++) most = fmax(most, fabs(p[k]));
    for (size_t l = 1; l <= h->layers; p += h->o.width[l++])
        for (size_t k = 0; k < h->o.width[l]; k++) {
            double *s = &h->s[0][l][j * h->o.width[l] + k], to = *s + far * p[k] / most;
            *s = h->o.sigma->clips ? h->o.sigma->value(to) : to;
        }
}

/* Some steps of conjugate gradients from a vector that is in no mode's way meet a p with p H p < 0 where H has
 * such modes. */
bool eq_hopfield_leave(eq_hopfield *h, double far) {
    enum { STEPS = 30 };
    size_t n = h->units, all = h->n * n;
    double *l = h->vectors, *g = l + all, *p = g + all, *z = p + all;
    bool left = false;
    eq_hopfield_bend(h);
    memset(l, 0, all * sizeof *l);
    for (size_t k = 0; k < all; k++) p[k] = 1.0 + 0.5 * sin((double)k);
    eq_hopfield_product(h, p, g); /* without the units that stay */
    memcpy(p, g, all * sizeof *p);
    for (size_t j = 0; j < h->n; j++) h->off[j] = eq_dot(n, g + j * n, g + j * n);
    for (int step = 0; step < STEPS; step++) {
        eq_hopfield_product(h, p, z);
        h->passes += (double)h->n;
        for (size_t j = 0; j < h->n; j++) {
            size_t at = j * n;
            if (!(h->off[j] > 1e-20)) continue;
            if (conjugate(n, l + at, g + at, p + at, z + at, &h->off[j])) continue;
            push(h, j, far, p + at);
            h->off[j] = 0.0;
            left = true;
        }
    }
    if (left) eq_hopfield_activate(h, 0);
    return left;
}

eq_status eq_hopfield_adjoint(eq_hopfield *h, const double *dcdy, eq_diag *diag) {
    double *l = h->vectors;
    eq_hopfield_bend(h);
    eq_hopfield_slopes(h, dcdy, l + h->n * h->units);
    bool solved = solve(h, l);
    eq_hopfield_put_adjoint(h, l);
    if (solved) return EQ_OK;
    return eq_fail(diag, EQ_ERR_CONVERGE,
                   "the adjoint of the network does not settle in %zu steps: the "
                   "state is no stable minimum of the energy; lower the weights (their learning "
                   "rates) or raise steps",
                   h->o.steps);
}
