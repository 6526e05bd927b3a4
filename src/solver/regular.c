/* What an answer must be beside a small residual: the only one near it. J(x) of the plain system is
 * singular for doubles when some z != 0 has |J z| <= c eps S |z| row by row, S being the sums of
 * |stamps|: then entries that differ from those of J by no more than their round-off make J z = 0
 * (Rigal and Gaches 1967), and the potentials may move along z. The measure does not depend on the
 * units of rows and columns, and circuits of bad condition, in which every row still says
 * something, are not touched by it. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "solver/newton.h"

static const double suspicious = 1e-7; /* ratio of a pivot that is looked at closely */
enum { LOOKS = 4, REFINEMENTS = 2 };

/* |J(x)| of the last factorization against J(x): the largest change over the sums of |stamps|. */
static double moved(eq_newton *w, const double *x) {
    eq_system *s = w->s;
    double most = 0.0;
    eq_system_jacobian(s, x);
    if (eq_newton_convex(w))
        for (size_t i = 0; i < s->entries; i++) w->size[i] = fabs(s->value[i]);
    else
        eq_system_jacobian_size(s, x, w->size);
    for (size_t i = 0; w->factored != NULL && i < s->entries; i++)
        if (s->value[i] != w->held[i])
            most = fmax(most, fabs(s->value[i] - w->held[i]) / w->size[i]);
    return w->factored == NULL ? INFINITY : most;
}

/* r = J z and magnitude = S |z|. */
static void multiply(const eq_newton *w, const double *z, double *r, double *magnitude) {
    const eq_system *s = w->s;
    memset(r, 0, s->n * sizeof *r);
    memset(magnitude, 0, s->n * sizeof *magnitude);
    for (size_t k = 0; k < s->n; k++)
        for (int32_t i = s->start[k]; i < s->start[k + 1]; i++) {
            r[s->row[i]] += s->value[i] * z[k];
            magnitude[s->row[i]] += w->size[i] * fabs(z[k]);
        }
}

/* Scales z to 1; false when it is zero or not finite. */
static bool normalise(double *z, size_t n) {
    double most = 0.0;
    for (size_t k = 0; k < n; k++) {
        if (!isfinite(z[k])) return false;
        most = fmax(most, fabs(z[k]));
    }
    for (size_t k = 0; most > 0.0 && k < n; k++) z[k] /= most;
    return most > 0.0;
}

/* y = J^-1 e_k, or J^-T e_k, scaled to 1. */
static bool solve_unit(eq_newton *w, int32_t k, bool transposed, double *y) {
    memset(y, 0, w->s->n * sizeof *y);
    y[k] = 1.0;
    eq_status status =
        transposed ? eq_lin_solve_transposed(w->factored, y) : eq_lin_solve(w->factored, y);
    return status == EQ_OK && normalise(y, w->s->n);
}

/* The row whose entries, changed by a common relative amount, make J singular with the least of it,
 * given z and y near its null vectors from the right and from the left: that of the largest
 * |y_k| (S |z|)_k. */
static int32_t tender_row(eq_newton *w, const double *z, const double *y) {
    size_t best = 0;
    multiply(w, z, w->step, w->spare);
    for (size_t k = 0; k < w->s->n; k++)
        if (fabs(y[k]) * w->spare[k] > fabs(y[best]) * w->spare[best]) best = k;
    return (int32_t)best;
}

/* z with (J z)_i = 0 but for i = row, refined so that the other rows hold to their round-off. What
 * stands in the open row is chosen so that y sees nothing of the correction's right-hand side: else
 * it would be, for the most part, a multiple of z. */
static bool solve_for_row(eq_newton *w, int32_t row, const double *y, double *z) {
    size_t n = w->s->n;
    if (!solve_unit(w, row, false, z)) return false;
    for (int k = 0; k < REFINEMENTS; k++) {
        double seen = 0.0;
        multiply(w, z, w->step, w->spare);
        w->step[row] = 0.0;
        for (size_t i = 0; i < n; i++) seen += y[i] * w->step[i];
        w->step[row] = -seen / y[row];
        if (eq_lin_solve(w->factored, w->step) != EQ_OK) return false;
        for (size_t i = 0; i < n; i++) z[i] -= w->step[i];
        if (!normalise(z, n)) return false;
    }
    return true;
}

/* Takes out of z what is round-off of zero: unknowns that count for less than 1e-10 of the most
 * that one of them counts for in a row, rows scaled to 1. Rows in which such ones stand alone would
 * see nothing but noise. */
static void clean(eq_newton *w, double *z) {
    const eq_system *s = w->s;
    double *row = w->step, *weight = w->spare, most = 0.0;
    memset(row, 0, s->n * sizeof *row);
    for (size_t i = 0; i < s->entries; i++) row[s->row[i]] = fmax(row[s->row[i]], w->size[i]);
    for (size_t k = 0; k < s->n; k++) {
        weight[k] = 0.0;
        for (int32_t i = s->start[k]; i < s->start[k + 1]; i++)
            if (w->size[i] > 0.0) weight[k] = fmax(weight[k], w->size[i] / row[s->row[i]]);
        weight[k] *= fabs(z[k]);
        most = fmax(most, weight[k]);
    }
    for (size_t k = 0; k < s->n; k++)
        if (weight[k] < 1e-10 * most) z[k] = 0.0;
}

/* Whether J z is round-off in every row. */
static bool vanishes(const eq_newton *w, const double *z) {
    multiply(w, z, w->step, w->spare);
    for (size_t i = 0; i < w->s->n; i++)
        if (fabs(w->step[i]) > 32.0 * DBL_EPSILON * w->spare[i]) return false;
    return true;
}

/* The column of the smallest ratio below `suspicious`, which is then taken out; -1: none. */
static int32_t take_weakest(double *ratio, size_t n) {
    size_t column = 0;
    for (size_t k = 1; k < n; k++)
        if (!(ratio[k] >= ratio[column])) column = k;
    if (n == 0 || ratio[column] >= suspicious) return -1;
    ratio[column] = 1.0;
    return (int32_t)column;
}

/* Whether the pivot of the column is round-off: then w->null is a z as above. */
static bool is_loose(eq_newton *w, int32_t column, int32_t row) {
    double *z = w->null, *y = w->trial_r;
    if (!solve_unit(w, row, false, z) || !solve_unit(w, column, true, y)) return false;
    if (!solve_for_row(w, tender_row(w, z, y), y, z)) return false;
    clean(w, z);
    return vanishes(w, z);
}

static eq_status look_closely(eq_newton *w) {
    for (int k = 0; k < LOOKS; k++) {
        int32_t column = take_weakest(w->trial, w->s->n);
        if (column < 0) return EQ_OK;
        w->loose = is_loose(w, column, w->pivot_row[column]);
        if (!w->loose) continue;
        w->singular = column;
        return EQ_ERR_SINGULAR;
    }
    return EQ_OK;
}

/* A zero pivot hides z: with a conductance at its node J is regular, and J^-1 of that node's unit
 * vector is z. */
static void loosen(eq_newton *w) {
    enum { TIES = 8 };
    eq_system *s = w->s;
    int32_t found = w->singular;
    eq_status status = EQ_ERR_SINGULAR;
    for (int k = 0; k < TIES && status == EQ_ERR_SINGULAR && w->klu != NULL; k++) {
        if (w->singular < 0 || s->diagonal[w->singular] == EQ_NONE) break;
        s->value[s->diagonal[w->singular]] += 1.0;
        status = eq_lin_factor(w->klu, s->value, NULL, &w->singular);
    }
    w->factored = status == EQ_OK ? w->klu : NULL;
    memcpy(s->value, w->held, s->entries * sizeof *s->value);
    if (w->factored != NULL && found >= 0) {
        memset(w->null, 0, s->n * sizeof *w->null);
        w->null[found] = 1.0;
        w->loose = eq_lin_solve(w->factored, w->null) == EQ_OK && normalise(w->null, s->n);
        if (w->loose) clean(w, w->null);
        w->loose = w->loose && vanishes(w, w->null);
    }
    w->factored = NULL;
    w->singular = found;
}

/* The ratios of all pivots into w->trial; the smallest. */
static double look_at_pivots(eq_newton *w) {
    double least = INFINITY;
    eq_lin_pivots(w->factored, w->size, w->trial, w->pivot_row);
    for (size_t k = 0; k < w->s->n; k++)
        if (!(w->trial[k] >= least)) least = isnan(w->trial[k]) ? 0.0 : w->trial[k];
    return least;
}

eq_status eq_newton_regular(eq_newton *w, const double *x) {
    double change = moved(w, x);
    w->loose = false;
    if (w->factored != NULL) w->weakest = look_at_pivots(w);
    /* an old factor says enough where what has changed since is far below its pivots */
    if (w->factored == NULL || !(100.0 * change <= w->weakest)) {
        eq_status status = eq_newton_factor(w, x);
        if (status == EQ_ERR_SINGULAR) loosen(w);
        if (status != EQ_OK) return status;
        w->weakest = look_at_pivots(w);
    }
    return look_closely(w);
}

/* The largest of |r| over the currents of its row. */
static double relative_residual(const eq_newton *w) {
    double most = 0.0;
    for (size_t k = 0; k < w->s->n; k++)
        if (w->r[k] != 0.0) most = fmax(most, fabs(w->r[k]) / w->magnitude[k]);
    return most;
}

/* w->step = J^-1 r; the largest change of a potential that it is, over the largest potential. */
static double newton_change(eq_newton *w, const double *x) {
    size_t n = w->s->n, potentials = w->s->reduction->node_unknowns;
    double most = 0.0, change = 0.0;
    memcpy(w->step, w->r, n * sizeof *w->step);
    if (eq_lin_solve(w->factored, w->step) != EQ_OK) return 0.0;
    for (size_t k = 0; k < potentials; k++) {
        if (!isfinite(w->step[k])) return 0.0;
        most = fmax(most, fabs(x[k]));
        change = fmax(change, fabs(w->step[k]));
    }
    return change == 0.0 ? 0.0 : change / most;
}

static const double still = 1e-6, at_rest = 1e-12; /* changes of a potential */

/* Full Newton steps until they no longer move the potentials, or round-off ends that; false: they
 * lead away. */
static bool correct(eq_newton *w, double *x, double change) {
    enum { STEPS = 20 };
    for (int k = 0; k < STEPS; k++) {
        for (size_t i = 0; i < w->s->n; i++) x[i] -= w->step[i];
        w->iterations++;
        if (!(eq_newton_evaluate(w, x) <= 1.0)) return false;
        if (w->s->nonlinear > 0 && eq_newton_factor(w, x) != EQ_OK) return false;
        double next = newton_change(w, x);
        if (next <= at_rest || !(next <= 0.5 * change)) return next <= still || next <= change;
        change = next;
    }
    return false;
}

/* By the relative part of the KCL bound alone. */
static bool solve_relatively(eq_newton *w, double *x) {
    eq_solve_options relative = *w->options;
    const eq_solve_options *given = w->options;
    relative.abstol = DBL_MIN;
    w->options = &relative;
    eq_status status = eq_newton_iterate(w, x, false);
    w->options = given;
    return status == EQ_OK;
}

/* The bound may hold while a Newton step would still move the potentials: currents below abstol
 * meet it with any, and so do parts that hang on the rest by a conductance far below their own.
 * There x goes on to where the steps are small, if it can; true: it has moved. */
static bool settle(eq_newton *w, double *x) {
    double *before = w->null, change;
    eq_newton_evaluate(w, x);
    double size = relative_residual(w);
    if (size < still * w->weakest) return false; /* |J^-1 r| is about that over the weakest pivot */
    change = newton_change(w, x);
    if (change <= still) return false;
    eq_newton_log(w, "  a step would change potentials by %.3g: goes on", change);
    memcpy(before, x, w->s->n * sizeof *before);
    if (correct(w, x, change)) return true;
    memcpy(x, before, w->s->n * sizeof *x);
    if (size > w->options->reltol && solve_relatively(w, x)) return true;
    memcpy(x, before, w->s->n * sizeof *x);
    return false;
}

eq_status eq_newton_accept(eq_newton *w, double *x) {
    eq_status status = eq_newton_regular(w, x);
    if (status == EQ_OK && settle(w, x)) status = eq_newton_regular(w, x);
    return status;
}
