/* A discrete-time network step by step: with M = 1/sigma' at the free state, M (s' - s) = -dF/ds to first order,
 * where H = M - Phi'', so that theorem 3.1 with steps of 1 is the GDD property (Scellier 2020, Eq. 5.27,
 * 5.28). Units without a slope stay. */
#include <math.h>
#include <string.h>

#include "model/discrete/net.h"
#include "model/dynamics.h"
#include "model/units.h"

/* The slots of the last phase and of the adjoint are work space here. */
enum { WORK = EQ_ADJOINT - 1 };

static void scatter(const eq_discrete *d, double *const *layer, const double *s) {
    eq_units_scatter(d->n, d->layers, d->width, s, layer);
}

static void gather(const eq_discrete *d, double *const *layer, double *s) {
    eq_units_gather(d->n, d->layers, d->width, layer, s);
}

static eq_status open(void *self, double farad, eq_diag *diag) {
    (void)self;
    return eq_units_open("a discrete-time network", farad, diag);
}

static size_t units(const void *self) {
    const eq_discrete *d = self;
    return d->units;
}

static void name(const void *self, size_t unit, eq_text *out) {
    const eq_discrete *d = self;
    eq_unit_name(d->width, unit, out);
}

static void outputs(void *self, const double *s, double *y) {
    eq_discrete *d = self;
    scatter(d, d->at[WORK].s, s);
    eq_discrete_outputs(d, &d->at[WORK], y);
}

/* slope[l] *= sigma' at the free state, or 0 where there is none. */
static void rest(eq_discrete *d, double *const *slope, bool only_where) {
    for (size_t l = 1; l <= d->layers; l++) {
        size_t all = d->n * d->width[l];
        double *by = d->next[0];
        for (size_t k = 0; k < all; k++) by[k] = 1.0;
        d->o.sigma->slope(all, d->at[0].s[l], by);
        for (size_t k = 0; k < all; k++)
            slope[l][k] = by[k] > 0.0 ? slope[l][k] * (only_where ? 1.0 : by[k]) : 0.0;
    }
}

static void slopes(void *self, const double *dcdy, double *c) {
    eq_discrete *d = self;
    eq_discrete_keep_slopes(d, dcdy);
    eq_discrete_source(d, dcdy, d->back);
    rest(d, d->back, true);
    gather(d, d->back, c);
}

/* s + h (sigma(dPhi/ds + nudge) - s) */
static bool advance(void *self, double h, const double *current, double *s) {
    eq_discrete *d = self;
    eq_nudge nudge = {.current = current};
    eq_discrete_state *a = &d->at[WORK];
    scatter(d, a->s, s);
    bool finite = isfinite(eq_discrete_step(d, a, &nudge));
    /* next has the state before now */
    for (size_t l = 1; h != 1.0 && l <= d->layers; l++)
        for (size_t k = 0; k < d->n * d->width[l]; k++)
            a->s[l][k] = d->next[l][k] + h * (a->s[l][k] - d->next[l][k]);
    gather(d, a->s, s);
    return finite;
}

/* d = sigma' l, z = l - Phi'' d between the units that have a slope; the others count as M = 1. */
static void propagate(void *self, const double *l, double *out, double *z) {
    eq_discrete *d = self;
    double **delta = d->at[EQ_ADJOINT].s;
    d->through_time = false;
    scatter(d, d->back, l);
    eq_discrete_back(d, &d->at[0], &d->at[0], d->back, delta);
    rest(d, d->back, true);
    gather(d, d->back, z);
    gather(d, delta, out);
    for (size_t k = 0; k < d->n * d->units; k++) {
        out[k] = out[k] != 0.0 ? out[k] : l[k];
        z[k] = l[k] - z[k];
    }
}

static void get(const void *self, double *s) {
    const eq_discrete *d = self;
    gather(d, d->at[0].s, s);
}

/* The largest values of poolings stand where they are in it. */
static eq_status put(void *self, int slot, const double *s, eq_diag *diag) {
    eq_discrete *d = self;
    (void)diag;
    scatter(d, d->at[slot].s, s);
    d->through_time = false;
    if (slot == EQ_ADJOINT) return EQ_OK;
    for (size_t l = 1; l <= d->layers; l++)
        if (eq_discrete_pools(d, l))
            memcpy(d->at[slot].index[l], d->at[0].index[l], d->n * d->width[l]);
    eq_discrete_find_largest(d, &d->at[slot]);
    return EQ_OK;
}

const eq_dynamics_ops eq_discrete_dynamics_ops = {
    open, units, name, outputs, slopes, advance, propagate, get, put, 1.0, NULL, 0.0, 0.0};
