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
static const double round_off = 32.0 * DBL_EPSILON;
enum { LOOKS = 4, REFINEMENTS = 2 };

/* J(x) and the sums of its |stamps|. */
static void measure(eq_newton *w, const double *x) {
    eq_system *s = w->s;
    eq_system_jacobian(s, x);
    if (eq_newton_convex(w))
        for (size_t i = 0; i < s->entries; i++) w->size[i] = fabs(s->value[i]);
    else
        eq_system_jacobian_size(s, x, w->size);
}

/* |J(x)| of the last factorization against J(x): the largest change over the sums of |stamps|. */
static double moved(eq_newton *w, const double *x) {
    eq_system *s = w->s;
    double most = 0.0;
    measure(w, x);
    for (size_t i = 0; w->factored != NULL && i < s->entries; i++)
        if (s->value[i] != w->held[i])
            most = fmax(most, fabs(s->value[i] - w->held[i]) / w->size[i]);
    return w->factored == NULL ? INFINITY : most;
}

/* J or its transpose: what holds of the null vector from the right holds of the left one, too. */
typedef enum side { RIGHT, LEFT } side;

/* w->step = J z and w->spare = S |z|, or J^T z and S^T |z|. */
static void multiply(const eq_newton *w, side of, const double *z) {
    const eq_system *s = w->s;
    double *r = w->step, *magnitude = w->spare;
    memset(r, 0, s->n * sizeof *r);
    memset(magnitude, 0, s->n * sizeof *magnitude);
    for (size_t k = 0; k < s->n; k++)
        for (int32_t i = s->start[k]; i < s->start[k + 1]; i++) {
            size_t to = of == RIGHT ? (size_t)s->row[i] : k;
            size_t from = of == RIGHT ? k : (size_t)s->row[i];
            r[to] += s->value[i] * z[from];
            magnitude[to] += w->size[i] * fabs(z[from]);
        }
}

static bool solve(const eq_newton *w, side of, double *b) {
    return (of == RIGHT ? eq_lin_solve(w->factored, b) : eq_lin_solve_transposed(w->factored, b)) ==
           EQ_OK;
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

/* z = J^-1 e_k, or J^-T e_k, scaled to 1. */
static bool solve_unit(eq_newton *w, side of, int32_t k, double *z) {
    memset(z, 0, w->s->n * sizeof *z);
    z[k] = 1.0;
    return solve(w, of, z) && normalise(z, w->s->n);
}

/* The row whose entries, changed by a common relative amount, make J singular with the least of it,
 * given z and y near its null vectors from the right and from the left: that of the largest
 * |y_k| (S |z|)_k. (LEFT: the column, of the largest |z_k| (S^T |y|)_k.) */
static int32_t tender_row(eq_newton *w, side of, const double *z, const double *y) {
    size_t best = 0;
    multiply(w, of, z);
    for (size_t k = 0; k < w->s->n; k++)
        if (fabs(y[k]) * w->spare[k] > fabs(y[best]) * w->spare[best]) best = k;
    return (int32_t)best;
}

/* Refines z until (J z)_i is round-off but for i = row. What stands in the open row is chosen so
 * that y sees nothing of the correction's right-hand side: else it would be, for the most part, a
 * multiple of z. What does not get on, or is not finite, does not vanish. */
static void refine(eq_newton *w, side of, int32_t row, const double *y, double *z) {
    size_t n = w->s->n;
    for (int k = 0; k < REFINEMENTS; k++) {
        double seen = 0.0;
        multiply(w, of, z);
        w->step[row] = 0.0;
        for (size_t i = 0; i < n; i++) seen += y[i] * w->step[i];
        w->step[row] = -seen / y[row];
        solve(w, of, w->step);
        for (size_t i = 0; i < n; i++) z[i] -= w->step[i];
        normalise(z, n);
    }
}

/* Takes out of z what is round-off of zero: unknowns that count for less than 1e-10 of the most
 * that one of them counts for in a row, rows scaled to 1. Rows in which such ones stand alone would
 * see nothing but noise. */
static void clean(eq_newton *w, side of, double *z) {
    const eq_system *s = w->s;
    double *row = w->step, *weight = w->spare, most = 0.0;
    memset(row, 0, s->n * sizeof *row);
    memset(weight, 0, s->n * sizeof *weight);
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < s->n; k++)
            for (int32_t i = s->start[k]; i < s->start[k + 1]; i++) {
                size_t to = of == RIGHT ? (size_t)s->row[i] : k;
                size_t from = of == RIGHT ? k : (size_t)s->row[i];
                if (pass == 0)
                    row[to] = fmax(row[to], w->size[i]);
                else if (w->size[i] > 0.0)
                    weight[from] = fmax(weight[from], w->size[i] / row[to]);
            }
    for (size_t k = 0; k < s->n; k++) most = fmax(most, weight[k] *= fabs(z[k]));
    for (size_t k = 0; k < s->n; k++)
        if (weight[k] < 1e-10 * most) z[k] = 0.0;
}

/* Whether J z is round-off in every row. */
static bool vanishes(const eq_newton *w, side of, const double *z) {
    multiply(w, of, z);
    for (size_t i = 0; i < w->s->n; i++)
        if (!(fabs(w->step[i]) <= round_off * w->spare[i])) return false;
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

/* Whether y^T J z, stamp by stamp, is more than round-off makes of the differences of y and z. */
static bool is_tied(eq_newton *w, const double *x, double *sum) {
    eq_bilinear b = {.y = w->left, .z = w->null};
    eq_system_bilinear(w->s, x, &b);
    *sum = b.sum;
    return fabs(b.sum) > round_off * b.size + round_off * round_off * b.scale;
}

/* z and y near the null vectors, if there are any: unit vectors that y and z see lead to them. */
static bool find_null_vectors(eq_newton *w, int32_t column, int32_t row, double *z, double *y) {
    enum { ROUNDS = 2 };
    bool found = solve_unit(w, RIGHT, row, z) && solve_unit(w, LEFT, column, y);
    for (int k = 0; found && k < ROUNDS; k++)
        found = solve_unit(w, RIGHT, tender_row(w, RIGHT, z, y), z) &&
                solve_unit(w, LEFT, tender_row(w, LEFT, y, z), y);
    return found;
}

/* Whether the pivot of the column is round-off: then w->null and w->left are z and y as above. */
static bool is_loose(eq_newton *w, int32_t column, int32_t row) {
    double *z = w->null, *y = w->left;
    if (!find_null_vectors(w, column, row, z, y)) return false;
    refine(w, LEFT, tender_row(w, LEFT, y, z), z, y);
    clean(w, LEFT, y);
    w->tender = tender_row(w, RIGHT, z, y);
    refine(w, RIGHT, w->tender, y, z);
    clean(w, RIGHT, z);
    return vanishes(w, RIGHT, z);
}

static eq_status look_closely(eq_newton *w, const double *x) {
    double sum;
    for (int k = 0; k < LOOKS && !w->hangs; k++) {
        int32_t column = take_weakest(w->trial, w->s->n);
        if (column < 0) return EQ_OK;
        if (!is_loose(w, column, w->pivot_row[column])) continue;
        w->singular = column;
        w->hangs = vanishes(w, LEFT, w->left) && is_tied(w, x, &sum);
        w->loose = !w->hangs;
        if (w->loose) return EQ_ERR_SINGULAR;
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
        if (w->loose) clean(w, RIGHT, w->null);
        w->loose = w->loose && vanishes(w, RIGHT, w->null);
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
    w->loose = w->hangs = false;
    if (w->factored != NULL) w->weakest = look_at_pivots(w);
    /* an old factor says enough where what has changed since is far below its pivots */
    if (w->factored == NULL || !(10.0 * change <= w->weakest)) {
        eq_status status = eq_newton_factor(w, x);
        if (status == EQ_ERR_SINGULAR) loosen(w);
        if (status != EQ_OK) return status;
        w->weakest = look_at_pivots(w);
    }
    return look_closely(w, x);
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
    memcpy(w->step, w->r, w->s->n * sizeof *w->step);
    if (eq_lin_solve(w->factored, w->step) != EQ_OK) return INFINITY;
    double change = eq_newton_largest(w, w->step);
    return change == 0.0 ? 0.0 : change / eq_newton_largest(w, x);
}

static const double still = 1e-6, at_rest = 1e-12; /* changes of a potential */

/* Whether w->step, a change of potentials that is no longer half of the one before it, is as small
 * as it gets. */
static bool is_least(eq_newton *w, const double *x, double next, double change) {
    if (w->s->nonlinear == 0) return next <= still || next <= change;
    if (eq_newton_small(w, x, w->step)) return true;
    measure(w, x);
    return eq_newton_largest(w, w->step) <= 2.0 * eq_newton_noise(w, x, w->null);
}

/* Full Newton steps until they no longer move the potentials, or round-off ends that;
 * EQ_ERR_CONVERGE: they lead away, EQ_ERR_SINGULAR: to where J is singular. */
static eq_status correct(eq_newton *w, double *x, double change) {
    enum { STEPS = 60 };
    for (int k = 0; k < STEPS; k++) {
        for (size_t i = 0; i < w->s->n; i++) x[i] -= w->step[i];
        w->iterations++;
        if (!(eq_newton_evaluate(w, x) <= 1.0)) return EQ_ERR_CONVERGE;
        eq_status status = w->s->nonlinear > 0 ? eq_newton_factor(w, x) : EQ_OK;
        if (status != EQ_OK) return status;
        double next = newton_change(w, x);
        if (next <= at_rest) return EQ_OK;
        if (!(next <= 0.5 * change) && is_least(w, x, next, change)) return EQ_OK;
        if (!(next <= 0.5 * change) && w->s->nonlinear == 0) return EQ_ERR_CONVERGE;
        change = next;
    }
    return EQ_ERR_CONVERGE;
}

/* By the relative part of the KCL bound alone. */
static bool solve_relatively(eq_newton *w, double *x) {
    eq_solve_options relative = *w->options;
    const eq_solve_options *given = w->options;
    relative.abstol = DBL_MIN;
    w->options = &relative;
    eq_status status = eq_newton_iterate(w, x, false);
    w->options = given;
    if (status != EQ_OK || w->s->nonlinear == 0) return status == EQ_OK;
    eq_newton_evaluate(w, x);
    if (eq_newton_factor(w, x) != EQ_OK) return false;
    double change = newton_change(w, x);
    return is_least(w, x, change, change);
}

/* x -= J^-1 r for the part of r that y does not see. */
static bool step_beside(eq_newton *w, double *x) {
    size_t n = w->s->n;
    double seen = 0.0;
    memcpy(w->step, w->r, n * sizeof *w->step);
    for (size_t i = 0; i < n; i++) seen += w->left[i] * w->step[i];
    w->step[w->tender] -= seen / w->left[w->tender];
    if (eq_lin_solve(w->factored, w->step) != EQ_OK) return false;
    for (size_t i = 0; i < n; i++) x[i] -= w->step[i];
    return isfinite(eq_newton_evaluate(w, x));
}

/* A part that hangs by what the sums of J have lost: Newton steps along z, where y^T J z says how
 * far, in turn with those beside it. False: it does not come to rest. */
static bool shift(eq_newton *w, double *x) {
    enum { STEPS = 30 };
    double before = INFINITY;
    for (int k = 0; k < STEPS; k++) {
        double along = 0.0, sum, most = 0.0;
        if (!step_beside(w, x) || !is_tied(w, x, &sum)) return false;
        for (size_t i = 0; i < w->s->n; i++) along += w->left[i] * w->r[i];
        for (size_t i = 0; i < w->s->n; i++) x[i] -= along / sum * w->null[i];
        w->iterations++;
        if (!isfinite(eq_newton_evaluate(w, x))) return false;
        for (size_t i = 0; i < w->s->reduction->node_unknowns; i++) most = fmax(most, fabs(x[i]));
        double change = fabs(along / sum);
        if (change <= at_rest * most || (change <= still * most && !(change <= 0.5 * before)))
            return eq_newton_evaluate(w, x) <= 1.0 &&
                   (w->s->nonlinear == 0 || eq_newton_shift_decided(w, x, sum));
        before = change;
    }
    return false;
}

/* x, from which the steps lead away: it counts where a root is near all the same. */
static eq_status stay(eq_newton *w, const double *x) {
    eq_newton_evaluate(w, x);
    eq_status status = eq_newton_factor(w, x);
    if (status != EQ_OK) return status;
    newton_change(w, x);
    return eq_newton_steady(w, x, -1.0, w->step) ? EQ_OK : eq_newton_undecided(w, w->step);
}

/* The bound may hold while a Newton step would still move the potentials: currents below abstol
 * meet it with any, and so do parts that hang on the rest by a conductance far below their own.
 * There x goes on to where the steps are small, if it can; *moved: it has. EQ_ERR_SINGULAR: nothing
 * says where it would rest. */
static eq_status settle(eq_newton *w, double *x, bool *has_moved) {
    double *before = w->left, change;
    *has_moved = false;
    eq_newton_evaluate(w, x);
    if (w->hangs) {
        eq_newton_log(w, "  a part hangs by next to nothing: goes on");
        w->loose = !shift(w, x);
        return w->loose ? EQ_ERR_SINGULAR : EQ_OK;
    }
    double size = relative_residual(w);
    /* |J^-1 r| is about that over the weakest pivot, where J x is about the currents */
    if (w->s->nonlinear == 0 && size < still * w->weakest) return EQ_OK;
    change = newton_change(w, x);
    if (w->s->nonlinear == 0 ? change <= still : eq_newton_small(w, x, w->step)) return EQ_OK;
    eq_newton_log(w, "  a step would change potentials by %.3g: goes on", change);
    memcpy(before, x, w->s->n * sizeof *before);
    eq_status status = correct(w, x, change);
    *has_moved = status == EQ_OK;
    if (!*has_moved) memcpy(x, before, w->s->n * sizeof *x);
    if (!*has_moved && size > w->options->reltol) *has_moved = solve_relatively(w, x);
    if (*has_moved) return EQ_OK;
    memcpy(x, before, w->s->n * sizeof *x);
    return w->s->nonlinear == 0 ? EQ_OK : status == EQ_ERR_CONVERGE ? stay(w, x) : status;
}

eq_status eq_newton_accept(eq_newton *w, double *x) {
    bool has_moved = false;
    w->moving = -1;
    eq_status status = eq_newton_regular(w, x);
    bool shifts = w->hangs; /* along the direction in which round-off would decide */
    if (status == EQ_OK) status = settle(w, x, &has_moved);
    if (status == EQ_OK && has_moved) status = eq_newton_regular(w, x);
    return status == EQ_OK && !shifts ? eq_newton_decided(w, x) : status;
}
