/* Whether the equations say where the potentials of an answer are. Newton's method has a root near
 * x when J changes little along its step (Kantorovich 1948); where currents only approach a balance
 * that they never reach (exp(v) = 0, tanh(v) = 1) J changes with every step as much as it is, and
 * where the balance lies within the round-off of the currents it does so along that. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "solver/newton.h"

static const double corner = 1e-12; /* of all potentials: shifts that no law notices */
static const double still = 1e-6;   /* of the potential that moves */
static const double least = 1e-9;   /* of all potentials: below it they count as that */
static const double little = 0.25;  /* change of J along a step */

double eq_newton_largest(const eq_newton *w, const double *y) {
    double most = 0.0;
    for (size_t k = 0; k < w->s->reduction->node_unknowns; k++)
        most = isfinite(y[k]) ? fmax(most, fabs(y[k])) : INFINITY;
    return most;
}

/* noise: what round-off makes of the currents of each row,
 * and of the potentials that drive them. */
static void round_off(const eq_newton *w, const double *x, double *noise) {
    const eq_system *s = w->s;
    for (size_t k = 0; k < s->n; k++) noise[k] = DBL_EPSILON * w->magnitude[k];
    for (size_t k = 0; k < s->n; k++)
        for (int32_t i = s->start[k]; i < s->start[k + 1]; i++)
            noise[s->row[i]] += DBL_EPSILON * w->size[i] * fabs(x[k]);
}

/* The unknown that is a potential and that d moves most. */
static size_t moved_most(const eq_newton *w, const double *d) {
    size_t best = 0;
    for (size_t k = 1; k < w->s->reduction->node_unknowns; k++)
        if (!(fabs(d[k]) <= fabs(d[best]))) best = k;
    return best;
}

/* Turns the signs of the noise so that its parts add up at the potential that d moves most (one
 * step of Higham 1988, algorithm 2.4, for the largest |J^-1 noise|). */
static bool add_up(const eq_newton *w, const double *noise, double *d) {
    double *y = w->spare;
    size_t at = moved_most(w, d), n = w->s->n;
    memset(y, 0, n * sizeof *y);
    y[at] = 1.0;
    if (eq_lin_solve_transposed(w->factored, y) != EQ_OK) return false;
    for (size_t k = 0; k < n; k++) d[k] = copysign(noise[k], y[k]);
    return eq_lin_solve(w->factored, d) == EQ_OK;
}

double eq_newton_noise(const eq_newton *w, const double *x, double *d) {
    double *noise = w->trial;
    uint32_t state = 1; /* signs and weights by which no symmetry of the circuit cancels */
    round_off(w, x, noise);
    for (size_t k = 0; k < w->s->n; k++) {
        state = state * 1664525u + 1013904223u; /* Numerical Recipes, section 7.1 */
        double weight = 0.5 + (double)(state >> 8 & 0xffffu) / 131072.0;
        d[k] = (state >> 31 ? weight : -weight) * noise[k];
    }
    if (eq_lin_solve(w->factored, d) != EQ_OK) return INFINITY;
    double most = eq_newton_largest(w, d);
    if (!isfinite(most) || most <= corner * eq_newton_largest(w, x)) return most;
    return add_up(w, noise, d) ? eq_newton_largest(w, d) : INFINITY;
}

bool eq_newton_steady(eq_newton *w, const double *x, double t, const double *d) {
    eq_system *s = w->s;
    memset(w->spare, 0, s->n * sizeof *w->spare);
    for (size_t k = 0; k < s->n; k++) w->trial[k] = x[k] + t * d[k];
    eq_system_jacobian(s, w->trial);
    for (size_t k = 0; k < s->n; k++)
        for (int32_t i = s->start[k]; i < s->start[k + 1]; i++)
            w->spare[s->row[i]] += s->value[i] * d[k];
    eq_system_jacobian(s, x);
    if (eq_lin_solve(w->factored, w->spare) != EQ_OK) return false;
    for (size_t k = 0; k < s->n; k++) w->spare[k] -= d[k];
    return eq_newton_largest(w, w->spare) <= little * eq_newton_largest(w, d);
}

bool eq_newton_small(const eq_newton *w, const double *x, const double *d) {
    double largest = eq_newton_largest(w, x);
    if (eq_newton_largest(w, d) <= corner * largest) return true;
    for (size_t k = 0; k < w->s->reduction->node_unknowns; k++)
        if (!(fabs(d[k]) <= still * fmax(fabs(x[k]), least * largest))) return false;
    return true;
}

bool eq_newton_shift_decided(eq_newton *w, const double *x, double sum) {
    double *at = w->trial, along = 0.0;
    round_off(w, x, at);
    for (size_t k = 0; k < w->s->n; k++) along += fabs(w->left[k]) * at[k];
    along /= sum;
    if (fabs(along) <= corner * eq_newton_largest(w, x)) return true;
    for (int side = 0; side < 2; side++) {
        for (size_t k = 0; k < w->s->n; k++)
            at[k] = x[k] + (side == 0 ? along : -along) * w->null[k];
        eq_bilinear b = {.y = w->left, .z = w->null};
        eq_system_bilinear(w->s, at, &b);
        if (!(fabs(b.sum - sum) <= little * fabs(sum))) return false;
    }
    return true;
}

eq_status eq_newton_undecided(eq_newton *w, const double *d) {
    w->moves = eq_newton_largest(w, d);
    w->moving = (int32_t)moved_most(w, d);
    return EQ_ERR_CONVERGE;
}

eq_status eq_newton_decided(eq_newton *w, const double *x) {
    double *d = w->null;
    if (w->s->nonlinear == 0) return EQ_OK;
    if (!isfinite(eq_newton_evaluate(w, x))) return EQ_ERR_CONVERGE;
    double most = eq_newton_noise(w, x, d);
    if (eq_newton_small(w, x, d)) return EQ_OK;
    if (eq_newton_steady(w, x, 1.0, d) && eq_newton_steady(w, x, -1.0, d)) return EQ_OK;
    eq_newton_log(w, "  round-off of the currents moves potentials by %.3g V: no answer", most);
    return eq_newton_undecided(w, d);
}
