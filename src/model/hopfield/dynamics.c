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
    eq_hopfield_activate(h, slot);
}

static void gather(const eq_hopfield *h, double *const *layer, double *s) {
    eq_units_gather(h->n, h->layers, h->o.width, layer, s);
}

static eq_status open(void *self, double farad, eq_diag *diag) {
    eq_hopfield_bend(self);
    return eq_units_open("a Hopfield network", farad, diag);
}

static size_t units(const void *self) {
    const eq_hopfield *h = self;
    return h->units;
}

static void name(const void *self, size_t unit, eq_text *out) {
    const eq_hopfield *h = self;
    size_t l = 1;
    for (; unit >= h->o.width[l]; l++) unit -= h->o.width[l];
    eq_hopfield_unit_name(h, l, unit, out);
}

static void outputs(void *self, const double *s, double *y) {
    const eq_hopfield *h = self;
    size_t m = h->o.width[h->layers];
    for (size_t j = 0; j < h->n; j++) memcpy(y + j * m, s + (j + 1) * h->units - m, m * sizeof *y);
}

static bool advance(void *self, double step, const double *current, double *s) {
    eq_hopfield *h = self;
    eq_nudge nudge = {.current = current};
    scatter(h, EQ_ADJOINT - 1, s);
    bool finite = isfinite(eq_hopfield_euler(h, EQ_ADJOINT - 1, &nudge, step));
    gather(h, h->s[EQ_ADJOINT - 1], s);
    return finite;
}

static bool drift(void *self, const double *current, const double *s, double *f) {
    eq_hopfield *h = self;
    eq_nudge nudge = {.current = current};
    bool finite = true;
    scatter(h, EQ_ADJOINT - 1, s);
    eq_hopfield_force(h, EQ_ADJOINT - 1, &nudge);
    gather(h, h->next, f);
    for (size_t k = 0; k < h->n * h->units; k++) {
        f[k] -= s[k];
        finite = finite && isfinite(f[k]);
    }
    return finite;
}

static void slopes(void *self, const double *dcdy, double *c) {
    eq_hopfield_slopes(self, dcdy, c);
}

static void propagate(void *self, const double *l, double *d, double *z) {
    const eq_hopfield *h = self;
    memcpy(d, l, h->n * h->units * sizeof *d);
    eq_hopfield_product(self, l, z);
}

static void get(const void *self, double *s) {
    const eq_hopfield *h = self;
    gather(h, h->s[0], s);
}

static eq_status put(void *self, int slot, const double *s, eq_diag *diag) {
    (void)diag;
    if (slot == EQ_ADJOINT)
        eq_hopfield_put_adjoint(self, s);
    else
        scatter(self, slot, s);
    return EQ_OK;
}

const eq_dynamics_ops eq_hopfield_dynamics_ops = {
    open, units, name, outputs, slopes, advance, propagate, get, put, 0.0, drift, 0.0, 1.0};

const eq_dynamics_ops eq_hopfield_soft_dynamics_ops = {
    open, units, name, outputs, slopes, advance, propagate, get, put, 0.0, drift, 0.0, 0.0};
