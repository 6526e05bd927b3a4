/* ds/dt = -dE/ds of a deep Hopfield network with clipping (Eq. 3.25) and its linearisation, in which
 * the units at 0 and 1 stay. */
#include <math.h>
#include <string.h>

#include "model/hopfield/net.h"
#include "model/units.h"

/* Layers of slot from s[n][units], and back. The slots of the last phase and of the adjoint are work space
 * here. */
static void scatter(eq_hopfield *h, int slot, const double *s) {
    eq_units_scatter(h->n, h->layers, h->o.width, s, h->s[slot]);
}

static void gather(const eq_hopfield *h, double *const *layer, double *s) {
    eq_units_gather(h->n, h->layers, h->o.width, layer, s);
}

static eq_status open(void *self, double farad, eq_diag *diag) {
    (void)self;
    return eq_units_open("a Hopfield network", farad, diag);
}

static size_t units(const void *self) {
    const eq_hopfield *h = self;
    return h->units;
}

static void name(const void *self, size_t unit, eq_text *out) {
    const eq_hopfield *h = self;
    eq_unit_name(h->o.width, unit, out);
}

static void outputs(void *self, const double *s, double *y) {
    const eq_hopfield *h = self;
    size_t m = h->o.width[h->layers];
    for (size_t j = 0; j < h->n; j++) memcpy(y + j * m, s + (j + 1) * h->units - m, m * sizeof *y);
}

static bool inside(double s) {
    return s > 0.0 && s < 1.0;
}

static void slopes(void *self, const double *dcdy, double *c) {
    const eq_hopfield *h = self;
    size_t m = h->o.width[h->layers];
    memset(c, 0, h->n * h->units * sizeof *c);
    for (size_t j = 0; j < h->n; j++)
        for (size_t k = 0; k < m; k++)
            if (inside(h->s[0][h->layers][j * m + k]))
                c[(j + 1) * h->units - m + k] = dcdy[j * m + k];
}

static bool advance(void *self, double step, const double *current, double *s) {
    eq_hopfield *h = self;
    eq_nudge nudge = {current, NULL, NULL};
    scatter(h, EQ_ADJOINT - 1, s);
    bool finite = isfinite(eq_hopfield_euler(h, h->s[EQ_ADJOINT - 1], &nudge, step));
    gather(h, h->s[EQ_ADJOINT - 1], s);
    return finite;
}

static bool drift(void *self, const double *current, const double *s, double *f) {
    eq_hopfield *h = self;
    eq_nudge nudge = {current, NULL, NULL};
    bool finite = true;
    scatter(h, EQ_ADJOINT - 1, s);
    eq_hopfield_field(h, h->s[EQ_ADJOINT - 1], &nudge);
    gather(h, h->next, f);
    for (size_t k = 0; k < h->n * h->units; k++) {
        f[k] -= s[k];
        finite = finite && isfinite(f[k]);
    }
    return finite;
}

/* H = 1 - W between the units inside. */
static void propagate(void *self, const double *l, double *d, double *z) {
    eq_hopfield *h = self;
    memcpy(d, l, h->n * h->units * sizeof *d);
    scatter(h, EQ_ADJOINT, l);
    for (size_t layer = 1; layer <= h->layers; layer++)
        eq_hopfield_couple(h, h->s[EQ_ADJOINT], layer, h->next[layer]);
    for (size_t layer = 1; layer <= h->layers; layer++)
        for (size_t k = 0; k < h->n * h->o.width[layer]; k++) {
            double to = h->s[EQ_ADJOINT][layer][k] - h->next[layer][k];
            h->next[layer][k] = inside(h->s[0][layer][k]) ? to : 0.0;
        }
    gather(h, h->next, z);
}

static void get(const void *self, double *s) {
    const eq_hopfield *h = self;
    gather(h, h->s[0], s);
}

static eq_status put(void *self, int slot, const double *s, eq_diag *diag) {
    (void)diag;
    scatter(self, slot, s);
    return EQ_OK;
}

const eq_dynamics_ops eq_hopfield_dynamics_ops = {
    open, units, name, outputs, slopes, advance, propagate, get, put, 0.0, drift, 0.0, 1.0};
