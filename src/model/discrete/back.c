/* The way back through a discrete-time network: g is the slope of the loss by a state, delta = sigma' g that
 * by its field, and the state before has the slope Phi'' delta; Phi'' is symmetric. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/discrete/net.h"

void eq_discrete_keep_slopes(eq_discrete *d, const double *dcdy) {
    double *to = eq_discrete_pulled(d, EQ_ADJOINT);
    for (size_t k = 0; k < d->n * d->outputs; k++) to[k] = -dcdy[k];
}

void eq_discrete_source(eq_discrete *d, const double *dcdy, double *const *slope) {
    for (size_t l = 1; l <= d->layers; l++)
        memset(slope[l], 0, d->n * d->width[l] * sizeof(double));
    if (d->o.readout)
        eq_coupling_backward(&d->c[d->couplings], &d->room, d->n, dcdy, NULL, slope[d->layers]);
    else
        memcpy(slope[d->layers], dcdy, d->n * d->outputs * sizeof *dcdy);
}

/* Row l of Phi'' delta at the state, added to g. */
static void curve(eq_discrete *d, const eq_discrete_state *at, size_t l, double *const *delta,
                  double *g) {
    if (l > 1) eq_coupling_forward(&d->c[l], &d->room, d->n, delta[l - 1], at->index[l], false, g);
    if (l < d->layers)
        eq_coupling_backward(&d->c[l + 1], &d->room, d->n, delta[l + 1], at->index[l + 1], g);
}

void eq_discrete_back(eq_discrete *d, const eq_discrete_state *now, const eq_discrete_state *before,
                      double **g, double **delta) {
    for (size_t l = 1; l <= d->layers; l++) {
        size_t all = d->n * d->width[l];
        memcpy(delta[l], g[l], all * sizeof *delta[l]);
        d->o.sigma->slope(all, now->s[l], delta[l]);
        memset(g[l], 0, all * sizeof *g[l]);
    }
    for (size_t l = 1; l <= d->layers; l++) curve(d, before, l, delta, g[l]);
}

/* exact += d(Phi(s) delta)/dw at the state s. */
static void add_slopes(eq_discrete *d, const eq_discrete_state *at, double *const *delta) {
    for (size_t l = 1; l <= d->layers; l++) {
        double *w = d->exact[2 * l - 2];
        const uint8_t *index = at->index[l];
        eq_coupling_slope(&d->c[l], &d->room, d->n, 1.0, delta[l], at->s[l - 1], index, w);
        if (l > 1)
            eq_coupling_slope(&d->c[l], &d->room, d->n, 1.0, at->s[l], delta[l - 1], index, w);
        eq_coupling_bias_slope(&d->c[l], d->n, 1.0, delta[l], d->exact[2 * l - 1]);
    }
}

/* The state of the free phase `back` steps before its end. */
static const eq_discrete_state *past(const eq_discrete *d, size_t back) {
    return back == 0 || d->time == 0 ? &d->at[0] : &d->past[(d->time - back) % d->o.unrolled];
}

void eq_discrete_through_time(eq_discrete *d, const double *dcdy) {
    double **g = d->back, **delta = d->next, **sum = d->at[EQ_ADJOINT].s;
    size_t steps = d->o.unrolled;
    if (d->time > 0 && d->time < steps) steps = d->time;
    for (size_t l = 1; l <= d->layers; l++) {
        memset(d->exact[2 * l - 2], 0, eq_coupling_slopes(&d->c[l]) * sizeof(double));
        memset(d->exact[2 * l - 1], 0, d->c[l].columns * sizeof(double));
        memset(sum[l], 0, d->n * d->width[l] * sizeof(double));
    }
    eq_discrete_source(d, dcdy, g);
    for (size_t k = 0; k < steps; k++) {
        eq_discrete_back(d, past(d, k), past(d, k + 1), g, delta);
        add_slopes(d, past(d, k + 1), delta);
        for (size_t l = 1; l <= d->layers; l++)
            for (size_t j = 0; j < d->n * d->width[l]; j++) sum[l][j] += delta[l][j];
    }
}

/* Layer l of the slot of the adjoint from the others; returns the largest change. */
static double sweep_adjoint(eq_discrete *d, size_t l, const double *source) {
    double **delta = d->at[EQ_ADJOINT].s, *g = d->next[0], most = 0.0;
    size_t all = d->n * d->width[l];
    if (l == d->layers)
        memcpy(g, source, all * sizeof *g);
    else
        memset(g, 0, all * sizeof *g);
    curve(d, &d->at[0], l, delta, g);
    d->o.sigma->slope(all, d->at[0].s[l], g);
    for (size_t k = 0; k < all; k++) {
        most = isfinite(g[k]) ? fmax(most, fabs(g[k] - delta[l][k])) : INFINITY;
        delta[l][k] = g[k];
    }
    return most;
}

eq_status eq_discrete_adjoint(eq_discrete *d, const double *dcdy, eq_diag *diag) {
    double size = 0.0, moved = INFINITY, before = INFINITY;
    double round = 4.0 * (d->o.single ? FLT_EPSILON : DBL_EPSILON);
    eq_discrete_source(d, dcdy, d->back);
    const double *source = d->back[d->layers];
    for (size_t k = 0; k < d->n * d->width[d->layers]; k++) size = fmax(size, fabs(source[k]));
    for (size_t l = 1; l <= d->layers; l++)
        memset(d->at[EQ_ADJOINT].s[l], 0, d->n * d->width[l] * sizeof(double));
    for (size_t step = 0; step < d->o.steps; step++) {
        moved = 0.0;
        for (size_t turn = 0; turn < 2; turn++)
            for (size_t l = 1 + turn; l <= d->layers; l += 2)
                moved = fmax(moved, sweep_adjoint(d, l, source));
        if (!isfinite(moved)) break;
        /* to round-off of dC/ds, or where it moves no less than before down there */
        if (moved <= round * size || (moved <= 1e3 * round * size && moved >= before)) return EQ_OK;
        before = moved;
    }
    return eq_fail(diag, EQ_ERR_CONVERGE,
                   "the adjoint of the network does not settle in %zu sweeps (last move %.3g): the "
                   "state is not stable; lower the weights (their learning rates) or raise steps",
                   d->o.steps, moved);
}
