/* The states of a discrete-time network: so many steps in time, or its fixed point s = sigma(dPhi/ds), up to
 * the tolerance. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/discrete/net.h"
#include "model/units.h"

/* The field of the first layer has a part that no phase changes; the others get the biases, and what the
 * layer below makes of them, with the places of the largest values anew. */
static void from_below(eq_discrete *d, eq_discrete_state *a, size_t l, double *field) {
    if (l == 1) {
        memcpy(field, d->drive, d->n * d->width[1] * sizeof *field);
        return;
    }
    eq_coupling_biases(&d->c[l], d->n, field);
    eq_coupling_forward(&d->c[l], &d->room, d->n, a->s[l - 1], a->index[l], true, field);
}

static void from_above(eq_discrete *d, const eq_discrete_state *a, size_t l, double *field) {
    if (l < d->layers)
        eq_coupling_backward(&d->c[l + 1], &d->room, d->n, a->s[l + 1], a->index[l + 1], field);
}

void eq_discrete_outputs(eq_discrete *d, const eq_discrete_state *a, double *y) {
    if (!d->o.readout) {
        memcpy(y, a->s[d->layers], d->n * d->outputs * sizeof *y);
        return;
    }
    const eq_coupling *c = &d->c[d->couplings];
    eq_coupling_biases(c, d->n, y);
    eq_coupling_forward(c, &d->room, d->n, a->s[d->layers], NULL, false, y);
}

void eq_discrete_pull(const eq_discrete *d, const eq_nudge *nudge, const double *y, double *out) {
    size_t m = d->outputs, all = d->n * m;
    if (nudge->follow != NULL) {
        nudge->follow(nudge->data, y, out);
        return;
    }
    memcpy(out, nudge->current, all * sizeof *out);
    for (size_t k = 0; nudge->slope != NULL && k < all; k++) {
        const double *slope = nudge->slope + k * m;
        size_t first = k / m * m;
        for (size_t i = 0; i < m; i++) out[k] -= slope[i] * (y[first + i] - nudge->at[first + i]);
    }
}

/* What the nudge adds to the field of the last layer. */
static void add_nudge(eq_discrete *d, const eq_discrete_state *a, const eq_nudge *nudge,
                      double *field) {
    if (nudge == NULL) return;
    eq_discrete_outputs(d, a, d->z);
    eq_discrete_pull(d, nudge, d->z, d->pull);
    if (d->o.readout)
        eq_coupling_backward(&d->c[d->couplings], &d->room, d->n, d->pull, NULL, field);
    for (size_t k = 0; !d->o.readout && k < d->n * d->outputs; k++) field[k] += d->pull[k];
}

/* The largest of off and all |s - to|, infinite where one is no number, which the sum shows. */
static double farthest(double off, size_t n, const double *s, const double *to) {
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) {
        double by = fabs(s[k] - to[k]);
        off = by > off ? by : off;
        sum += by;
    }
    return isfinite(sum) ? off : INFINITY;
}

double eq_discrete_step(eq_discrete *d, eq_discrete_state *a, const eq_nudge *nudge) {
    double worst = 0.0;
    for (size_t l = 1; l <= d->layers; l++) from_below(d, a, l, d->next[l]);
    for (size_t l = 1; l <= d->layers; l++) from_above(d, a, l, d->next[l]);
    add_nudge(d, a, nudge, d->next[d->layers]);
    for (size_t l = 1; l <= d->layers; l++) {
        size_t all = d->n * d->width[l];
        double *s = a->s[l], *to = d->next[l];
        d->o.sigma->apply(all, to);
        worst = farthest(worst, all, s, to);
        a->s[l] = to;
        d->next[l] = s;
    }
    return worst;
}

/* The outputs of one example where each rests at the given field minus slope y, one by one until they
 * stay. */
static void rest_outputs(const eq_discrete *d, const double *slope, double *y,
                         const double *force) {
    enum { ROUNDS = 100 };
    size_t m = d->outputs;
    double moved = 1.0;
    for (int round = 0; round < ROUNDS && moved > DBL_EPSILON; round++) {
        moved = 0.0;
        for (size_t k = 0; k < m; k++) {
            double to = force[k];
            for (size_t i = 0; i < m; i++)
                if (i != k) to -= slope[k * m + i] * y[i];
            to = d->o.sigma->settle(to, slope[k * m + k]);
            moved = fmax(moved, fabs(to - y[k]));
            y[k] = to;
        }
    }
}

/* The outputs that a nudge with slopes acts on by themselves; field: where they stand now. */
static void rest_nudged(eq_discrete *d, const double *slope, double *s, double *field) {
    size_t m = d->outputs;
    for (size_t j = 0; j < d->n; j++, s += m, field += m, slope += m * m) {
        for (size_t k = 0; k < m; k++)
            for (size_t i = 0; i < m; i++) field[k] += slope[k * m + i] * s[i];
        rest_outputs(d, slope, s, field);
    }
}

/* The layer below has gone to where it rests with the largest values of the pooling between them standing
 * where they stood before; where they have moved and carry something, it does not rest yet. */
static void see_moves(eq_discrete *d, const eq_discrete_state *a, size_t l) {
    size_t m = d->width[l];
    const uint8_t *now = a->index[l];
    for (size_t k = 0; k < d->n * m; k++)
        if (now[k] != d->stood[k] && a->s[l][k] != 0.0)
            d->off[k / m] = fmax(d->off[k / m], 2.0 * d->o.tolerance);
}

/* All units of layer l of all examples to where they rest at the others; off[n] grows to the largest
 * |s - sigma(dPhi/ds)| of each example before. */
static void sweep_layer(eq_discrete *d, eq_discrete_state *a, size_t l, const eq_nudge *nudge) {
    size_t m = d->width[l], all = d->n * m;
    double *field = d->next[l], *s = a->s[l];
    bool sloped = l == d->layers && !d->o.readout && nudge != NULL && nudge->slope != NULL;
    bool watched = l % 2 == 0 && eq_discrete_pools(d, l);
    if (watched) memcpy(d->stood, a->index[l], all);
    from_below(d, a, l, field);
    if (watched) see_moves(d, a, l);
    from_above(d, a, l, field);
    if (l == d->layers) add_nudge(d, a, nudge, field);
    double *to = d->next[0];
    memcpy(to, field, all * sizeof *to);
    d->o.sigma->apply(all, to);
    for (size_t j = 0; j < d->n; j++) d->off[j] = farthest(d->off[j], m, s + j * m, to + j * m);
    if (sloped)
        rest_nudged(d, nudge->slope, s, field);
    else
        memcpy(s, to, all * sizeof *s);
}

/* The even layers of example j, one behind the other: out of the state, or into it. */
static void gather(const eq_discrete *d, const eq_discrete_state *a, size_t j, double *u) {
    for (size_t l = 2; l <= d->layers; u += d->width[l], l += 2)
        memcpy(u, a->s[l] + j * d->width[l], d->width[l] * sizeof *u);
}

/* Mixing may leave the range of sigma. */
static void scatter(const eq_discrete *d, const eq_discrete_state *a, size_t j, const double *u) {
    double low = d->o.sigma->low;
    for (size_t l = 2; l <= d->layers; u += d->width[l], l += 2)
        for (size_t k = 0; k < d->width[l]; k++)
            a->s[l][j * d->width[l] + k] = fmin(fmax(u[k], low), 1.0);
}

/* Whether a layer that was swept rests: not where the nudge of a readout behind it depends on it. */
static bool rests(const eq_discrete *d, const eq_nudge *nudge) {
    bool odd = d->layers % 2 == 1;
    return !(odd && d->o.readout && nudge != NULL && nudge->slope != NULL);
}

/* Odd layers to rest at the even ones, then even ones at those: a fixed-point map of the even layers
 * alone, mixed (mixing.h). What an example's even layers stand at, with the odd ones at rest, has the
 * residual that the map shows there; where that is within the tolerance, it stays. Returns the largest
 * residual of all examples. */
static double sweep(eq_discrete *d, eq_discrete_state *a, const eq_nudge *nudge) {
    double worst = 0.0, *off = d->off;
    memset(off, 0, d->n * sizeof *off);
    for (size_t l = 1; l <= d->layers; l += 2) sweep_layer(d, a, l, nudge);
    for (size_t j = 0; j < d->n; j++) {
        off[j] = isinf(off[j]) || !rests(d, nudge) ? off[j] : 0.0;
        gather(d, a, j, d->even + j * d->evens);
    }
    for (size_t l = 2; l <= d->layers; l += 2) sweep_layer(d, a, l, nudge);
    for (size_t j = 0; j < d->n; j++) {
        double *u = d->even + j * d->evens;
        worst = fmax(worst, off[j]);
        if (off[j] > d->o.tolerance) {
            gather(d, a, j, d->swept);
            eq_mixing_next(d->mixing, d->order[j], u, d->swept);
        }
        scatter(d, a, j, u);
    }
    return worst;
}

/* A nudge with beta < 0 may take the steady state away: 1 + slope must stay positive. */
static eq_status check_nudge(const eq_discrete *d, const eq_nudge *nudge, eq_diag *diag) {
    size_t m = d->outputs;
    bool sloped = nudge != NULL && nudge->slope != NULL && !d->o.readout;
    for (size_t k = 0; sloped && k < d->n * m; k++) {
        double slope = nudge->slope[k * m + k % m];
        if (!(1.0 + slope > 0.0))
            return eq_fail(diag, EQ_ERR_CONVERGE,
                           "output %zu of example %zu of the minibatch has no steady state: the "
                           "nudge takes %g from its curvature of 1; use a smaller beta",
                           k % m + 1, k / m + 1, -slope);
    }
    return EQ_OK;
}

void eq_discrete_find_largest(eq_discrete *d, eq_discrete_state *a) {
    for (size_t l = 2; l <= d->layers; l++)
        if (eq_discrete_pools(d, l))
            eq_coupling_forward(&d->c[l], &d->room, d->n, a->s[l - 1], a->index[l], true,
                                d->next[0]);
}

/* Step number t of a phase; the free one keeps the state before it for the way back. */
static double one_step(eq_discrete *d, int slot, const eq_nudge *nudge, size_t t) {
    eq_discrete_state *a = &d->at[slot];
    eq_discrete_state *p = slot == 0 && d->past != NULL ? &d->past[t % d->o.unrolled] : NULL;
    for (size_t l = 1; p != NULL && l <= d->layers; l++)
        memcpy(p->s[l], a->s[l], d->n * d->width[l] * sizeof *p->s[l]);
    double off = eq_discrete_step(d, a, nudge);
    for (size_t l = 1; p != NULL && l <= d->layers; l++)
        if (eq_discrete_pools(d, l)) memcpy(p->index[l], a->index[l], d->n * d->width[l]);
    d->passes += (double)d->n;
    return off;
}

/* One sweep of the examples that do not rest yet. */
static double one_sweep(eq_discrete *d, int slot, bool nudged) {
    d->passes += (double)d->n;
    double worst = sweep(d, &d->at[slot], nudged ? &d->nudge : NULL);
    eq_discrete_leave_out(d, &d->at[slot], nudged);
    return worst;
}

/* The unit that one more step moves most, "s2_7", and of which example from 0; false: memory ran out. */
static bool find_farthest(eq_discrete *d, int slot, const eq_nudge *nudge, eq_text *unit,
                          size_t *example) {
    eq_discrete_state *a = &d->at[slot];
    double *was = eq_malloc(d->n * d->largest, d->layers * sizeof *was), most = -1.0;
    if (was == NULL) return false;
    for (size_t l = 1; l <= d->layers; l++)
        memcpy(was + (l - 1) * d->n * d->largest, a->s[l], d->n * d->width[l] * sizeof *was);
    eq_discrete_step(d, a, nudge);
    for (size_t l = 1, at = 0; l <= d->layers; at += d->width[l++])
        for (size_t k = 0; k < d->n * d->width[l]; k++) {
            double off = fabs(a->s[l][k] - was[(l - 1) * d->n * d->largest + k]);
            if (off <= most) continue;
            most = isnan(off) ? INFINITY : off;
            *example = k / d->width[l];
            eq_text_clear(unit);
            eq_unit_name(d->width, at + k % d->width[l], unit);
        }
    eq_free(was);
    return !unit->failed;
}

static eq_status not_settled(eq_discrete *d, int slot, const eq_nudge *nudge, size_t steps,
                             double worst, eq_diag *diag) {
    eq_text unit = {0};
    size_t example = 0;
    unit.failed = !find_farthest(d, slot, nudge, &unit, &example);
    return eq_units_unsettled(&unit, example, steps,
                              d->o.solver == EQ_DISCRETE_STEPS ? "steps" : "sweeps", worst,
                              d->o.tolerance, "", diag);
}

eq_status eq_discrete_settle(eq_discrete *d, int slot, const eq_nudge *nudge, eq_diag *diag) {
    bool in_time = d->o.solver == EQ_DISCRETE_STEPS;
    size_t given = slot == 0 ? d->o.free : d->o.nudged, steps = 0;
    bool counted = in_time && given > 0;
    size_t most = counted ? given : d->o.steps;
    size_t n = d->n;
    double passes = d->passes, worst = INFINITY, enough = counted ? -1.0 : d->o.tolerance;
    eq_nudge expanded;
    if (nudge != NULL && nudge->follow != NULL && counted) *nudge->followed = true;
    if (nudge != NULL && nudge->follow != NULL && !counted) {
        expanded = (eq_nudge){nudge->current, nudge->slope, nudge->at, .again = nudge->again};
        nudge = &expanded;
    }
    eq_status status = counted ? EQ_OK : check_nudge(d, nudge, diag);
    if (status != EQ_OK) return status;
    eq_mixing_begin(d->mixing);
    eq_discrete_take_all(d, nudge);
    while (steps < most && !(worst <= enough)) {
        worst = in_time ? one_step(d, slot, nudge, steps) : one_sweep(d, slot, nudge != NULL);
        steps++;
        if (!isfinite(worst)) break;
    }
    eq_discrete_take_back(d, &d->at[slot], nudge != NULL, n);
    d->solves += (double)n;
    if (slot == 0) {
        d->time = in_time ? steps : 0;
        d->free_passes += d->passes - passes;
        d->free_solves += (double)n;
    }
    if (in_time) eq_discrete_find_largest(d, &d->at[slot]);
    if (!isfinite(worst) || (enough >= 0.0 && worst > enough))
        return not_settled(d, slot, nudge, steps, worst, diag);
    if (enough < 0.0 && slot == 0) d->last_step = fmax(d->last_step, worst);
    if (enough > 0.0) d->worst = fmax(d->worst, worst / enough);
    return EQ_OK;
}
