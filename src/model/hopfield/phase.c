/* The states of a deep Hopfield network. Both ways end where s = clip(s - dE/ds), up to the
 * tolerance: a stationary point of the energy in the box [0, 1]. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/hopfield/net.h"
#include "solver/linear/blas.h"

static double clip(double s) {
    return fmin(fmax(s, 0.0), 1.0);
}

/* The larger of off and |s - clip(s - dF/ds/curve)|; infinite where dF/ds = s - field is no number. */
static double farther(double off, double s, double field, double curve) {
    return isfinite(field) ? fmax(off, fabs(s - clip(s + (field - s) / curve))) : INFINITY;
}

/* What a stiff nudge, a clamp, makes of the curvature of output number k of the minibatch: 1 or more. */
static double stiffness(const eq_hopfield *h, size_t l, const eq_nudge *nudge, size_t k) {
    size_t m = h->o.width[h->layers];
    if (l < h->layers || nudge == NULL || nudge->slope == NULL) return 1.0;
    return fmax(1.0, 1.0 + nudge->slope[k * m + k % m]);
}

/* field[n][width] = s_(l-1) W_l + b_l + s_(l+1) W_(l+1)^T. */
static void field_of(eq_hopfield *h, double *const *s, size_t l, double *field) {
    const size_t *width = h->o.width;
    size_t n = h->n, m = width[l];
    if (l == 1) {
        memcpy(field, h->drive, n * m * sizeof *field);
    } else {
        for (size_t j = 0; j < n; j++) memcpy(field + j * m, h->b[l], m * sizeof *field);
        eq_gemm_nn(n, m, width[l - 1], 1.0, s[l - 1], width[l - 1], h->w[l], m, 1.0, field, m);
    }
    if (l < h->layers)
        eq_gemm_nt(n, m, width[l + 1], 1.0, s[l + 1], width[l + 1], h->w[l + 1], width[l + 1], 1.0,
                   field, m);
}

/* The same of the outputs with what the nudge adds at the outputs y: current - slope (y - at). */
static void add_nudge(const eq_hopfield *h, const eq_nudge *nudge, const double *y, double *field) {
    size_t m = h->o.width[h->layers];
    if (nudge == NULL) return;
    for (size_t j = 0; j < h->n; j++, y += m, field += m)
        for (size_t k = 0; k < m; k++) {
            field[k] += nudge->current[j * m + k];
            for (size_t i = 0; nudge->slope != NULL && i < m; i++)
                field[k] -= nudge->slope[(j * m + k) * m + i] * (y[i] - nudge->at[j * m + i]);
        }
}

/* The outputs of one example to the minimum at the given field, unit by unit until they stay: with
 * the slopes of the nudge one output depends on the others. */
static void minimise_outputs(size_t m, const double *slope, double *y, const double *force) {
    enum { ROUNDS = 100 };
    /* force = field - slope y at the y that it was made for; what moves is kept up to date. */
    double moved = 1.0;
    for (int round = 0; round < ROUNDS && moved > DBL_EPSILON; round++) {
        moved = 0.0;
        for (size_t k = 0; k < m; k++) {
            double curve = 1.0 + slope[k * m + k], to = force[k];
            for (size_t i = 0; i < m; i++)
                if (i != k) to -= slope[k * m + i] * y[i];
            to = clip(to / curve);
            moved = fmax(moved, fabs(to - y[k]));
            y[k] = to;
        }
    }
}

/* All units of layer l of all examples to the minimum of the energy where the other layers stand;
 * off[n] grows to the largest |s - clip(s - dE/ds)| of each example before. */
static void sweep_layer(eq_hopfield *h, double **s, size_t l, const eq_nudge *nudge, double *off) {
    size_t m = h->o.width[l];
    double *field = h->field;
    bool last = l == h->layers, sloped = last && nudge != NULL && nudge->slope != NULL;
    field_of(h, s, l, field);
    if (last) add_nudge(h, nudge, s[l], field);
    for (size_t j = 0; j < h->n; j++, field += m) {
        double *y = s[l] + j * m;
        for (size_t k = 0; k < m; k++)
            off[j] = farther(off[j], y[k], field[k], stiffness(h, l, nudge, j * m + k));
        for (size_t k = 0; !sloped && k < m; k++) y[k] = clip(field[k]);
        const double *slope = sloped ? nudge->slope + j * m * m : NULL;
        for (size_t k = 0; sloped && k < m; k++)
            for (size_t i = 0; i < m; i++) field[k] += slope[k * m + i] * y[i];
        if (sloped) minimise_outputs(m, slope, y, field);
    }
}

/* The even layers of example j, one behind the other: out of the state, or into it (clipped). */
static void gather(const eq_hopfield *h, double *const *s, size_t j, double *u) {
    for (size_t l = 2; l <= h->layers; u += h->o.width[l], l += 2)
        memcpy(u, s[l] + j * h->o.width[l], h->o.width[l] * sizeof *u);
}

static void scatter(const eq_hopfield *h, double **s, size_t j, const double *u) {
    for (size_t l = 2; l <= h->layers; u += h->o.width[l], l += 2)
        for (size_t k = 0; k < h->o.width[l]; k++) s[l][j * h->o.width[l] + k] = clip(u[k]);
}

/* Odd layers to their minimum at the even ones, then even ones at those: a fixed-point map of the
 * even layers alone, mixed (mixing.h). What an example's even layers stand at, with the odd ones at
 * their minimum, has the residual that the map shows there; where that is within the tolerance, it
 * stays. Returns the largest residual of all examples. */
static double sweep(eq_hopfield *h, double **s, const eq_nudge *nudge) {
    double worst = 0.0, *off = h->off;
    memset(off, 0, h->n * sizeof *off);
    for (size_t l = 1; l <= h->layers; l += 2) sweep_layer(h, s, l, nudge, off);
    for (size_t j = 0; j < h->n; j++) {
        off[j] = isinf(off[j]) ? INFINITY : 0.0;
        gather(h, s, j, h->even + j * h->evens);
    }
    for (size_t l = 2; l <= h->layers; l += 2) sweep_layer(h, s, l, nudge, off);
    for (size_t j = 0; j < h->n; j++) {
        double *u = h->even + j * h->evens;
        worst = fmax(worst, off[j]);
        if (off[j] > h->o.tolerance) {
            gather(h, s, j, h->swept);
            eq_mixing_next(h->mixing, j, u, h->swept);
        }
        scatter(h, s, j, u);
    }
    return worst;
}

void eq_hopfield_field(eq_hopfield *h, double **s, const eq_nudge *nudge) {
    for (size_t l = 1; l <= h->layers; l++) {
        field_of(h, s, l, h->next[l]);
        if (l == h->layers) add_nudge(h, nudge, s[l], h->next[l]);
    }
}

double eq_hopfield_euler(eq_hopfield *h, double **s, const eq_nudge *nudge, double step) {
    double worst = 0.0;
    eq_hopfield_field(h, s, nudge);
    for (size_t l = 1; l <= h->layers; l++)
        for (size_t k = 0; k < h->n * h->o.width[l]; k++) {
            double field = h->next[l][k], stiff = stiffness(h, l, nudge, k);
            worst = farther(worst, s[l][k], field, stiff);
            s[l][k] =
                clip(s[l][k] + (stiff > 1.0 ? fmin(step, 1.0 / stiff) : step) * (field - s[l][k]));
        }
    return worst;
}

/* A nudge with beta < 0 may take the minimum away: 1 + slope must stay positive. */
static eq_status check_nudge(const eq_hopfield *h, const eq_nudge *nudge, eq_diag *diag) {
    size_t m = h->o.width[h->layers];
    for (size_t k = 0; nudge != NULL && nudge->slope != NULL && k < h->n * m; k++) {
        double slope = nudge->slope[k * m + k % m];
        if (!(1.0 + slope > 0.0))
            return eq_fail(diag, EQ_ERR_CONVERGE,
                           "the energy has no minimum in output %zu of example %zu of the "
                           "minibatch: the nudge takes %g from its curvature of 1; use a smaller "
                           "beta",
                           k % m + 1, k / m + 1, -slope);
    }
    return EQ_OK;
}

eq_status eq_hopfield_settle(eq_hopfield *h, int slot, const eq_nudge *nudge, eq_diag *diag) {
    eq_status status = check_nudge(h, nudge, diag);
    double worst = INFINITY;
    size_t step = 0;
    eq_mixing_begin(h->mixing);
    while (status == EQ_OK && step < h->o.steps && !(worst <= h->o.tolerance)) {
        worst = h->o.solver == EQ_HOPFIELD_EULER
                    ? eq_hopfield_euler(h, h->s[slot], nudge, h->o.step)
                    : sweep(h, h->s[slot], nudge);
        step++;
        h->passes += (double)h->n;
        if (!isfinite(worst)) break;
    }
    h->solves += (double)h->n;
    if (status != EQ_OK) return status;
    if (worst <= h->o.tolerance) {
        h->worst = fmax(h->worst, worst / h->o.tolerance);
        return EQ_OK;
    }
    return eq_fail(diag, EQ_ERR_CONVERGE,
                   "a phase of the network does not settle: after %zu %s a unit is still %.3g off, "
                   "more than tolerance=%g; raise steps, or lower the step of Euler or the "
                   "weights (their learning rates)",
                   step, h->o.solver == EQ_HOPFIELD_EULER ? "steps" : "sweeps", worst,
                   h->o.tolerance);
}

void eq_hopfield_couple(const eq_hopfield *h, double *const *s, size_t l, double *field) {
    const size_t *width = h->o.width;
    size_t n = h->n, m = width[l];
    memset(field, 0, n * m * sizeof *field);
    if (l < h->layers)
        eq_gemm_nt(n, m, width[l + 1], 1.0, s[l + 1], width[l + 1], h->w[l + 1], width[l + 1], 1.0,
                   field, m);
    if (l > 1)
        eq_gemm_nn(n, m, width[l - 1], 1.0, s[l - 1], width[l - 1], h->w[l], m, 1.0, field, m);
}

/* Layer l of lambda from the others; returns the largest change. inside: the unit is free. */
static double sweep_adjoint(eq_hopfield *h, size_t l, const double *dcdy) {
    double **lambda = h->s[EQ_ADJOINT], *field = h->field, most = 0.0;
    size_t n = h->n, m = h->o.width[l];
    eq_hopfield_couple(h, lambda, l, field);
    for (size_t k = 0; l == h->layers && k < n * m; k++) field[k] += dcdy[k];
    for (size_t k = 0; k < n * m; k++) {
        double s = h->s[0][l][k], to = s > 0.0 && s < 1.0 ? field[k] : 0.0;
        most = fmax(most, fabs(to - lambda[l][k]));
        lambda[l][k] = to;
    }
    return most;
}

eq_status eq_hopfield_adjoint(eq_hopfield *h, const double *dcdy, eq_diag *diag) {
    size_t outputs = h->n * h->o.width[h->layers];
    double size = 0.0, moved = INFINITY, before = INFINITY;
    for (size_t k = 0; k < outputs; k++) size = fmax(size, fabs(dcdy[k]));
    for (size_t l = 1; l <= h->layers; l++)
        memset(h->s[EQ_ADJOINT][l], 0, h->n * h->o.width[l] * sizeof(double));
    for (size_t step = 0; step < h->o.steps; step++) {
        moved = 0.0;
        for (size_t turn = 0; turn < 2; turn++)
            for (size_t l = 1 + turn; l <= h->layers; l += 2)
                moved = fmax(moved, sweep_adjoint(h, l, dcdy));
        if (!isfinite(moved)) break;
        /* to round-off: below 1e-15 of dC/dy, or where it moves no less than before down there */
        if (moved <= 1e-15 * size || (moved <= 1e-12 * size && moved >= before)) return EQ_OK;
        before = moved;
    }
    return eq_fail(diag, EQ_ERR_CONVERGE,
                   "the adjoint of the network does not settle in %zu sweeps (last move %.3g): the "
                   "state is no stable minimum of the energy; lower the weights (their learning "
                   "rates) or raise steps",
                   h->o.steps, moved);
}
