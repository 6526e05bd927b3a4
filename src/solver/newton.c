#include "solver/newton.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* Frees what the engine holds. */
static void empty(eq_newton *w) {
    eq_eliminator_free(w->eliminator);
    eq_lin_free(w->cholmod);
    eq_lin_free(w->klu);
    double *arrays[] = {w->r,    w->magnitude, w->trial, w->trial_r, w->trial_magnitude,
                        w->step, w->spare,     w->start, w->best,    w->null,
                        w->left, w->held,      w->size,  w->drop};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) eq_free(arrays[k]);
    eq_free(w->pivot_row);
}

void eq_newton_free(eq_newton *w) {
    if (w == NULL) return;
    empty(w);
    eq_free(w);
}

static eq_status build(eq_newton *w, eq_diag *diag) {
    double **arrays[] = {&w->r,    &w->magnitude, &w->trial, &w->trial_r, &w->trial_magnitude,
                         &w->step, &w->spare,     &w->start, &w->best,    &w->null,
                         &w->left, &w->held,      &w->size};
    enum { ARRAYS = sizeof arrays / sizeof *arrays, OF_ENTRIES = 2 };
    for (size_t k = 0; k < ARRAYS; k++) {
        size_t items = k < ARRAYS - OF_ENTRIES ? w->s->n : w->s->entries;
        *arrays[k] = eq_calloc(items, sizeof **arrays[k]);
        if (*arrays[k] == NULL) return eq_out_of_memory(diag);
    }
    w->pivot_row = eq_calloc(w->s->n, sizeof *w->pivot_row);
    if (w->pivot_row == NULL) return eq_out_of_memory(diag);
    return eq_eliminator_new(w->s, &w->eliminator, diag);
}

eq_status eq_newton_new(eq_system *s, eq_newton **out, eq_diag *diag) {
    eq_newton *w = eq_calloc(1, sizeof *w);
    if (w == NULL) return eq_out_of_memory(diag);
    w->s = s;
    w->halvings = 40;
    w->singular = -1;
    eq_status status = build(w, diag);
    if (status == EQ_OK)
        *out = w;
    else
        eq_newton_free(w);
    return status;
}

eq_status eq_newton_renew(eq_newton *w, eq_diag *diag) {
    eq_newton *fresh;
    eq_status status = eq_newton_new(w->s, &fresh, diag);
    if (status != EQ_OK) return status;
    empty(w);
    *w = *fresh;
    eq_free(fresh);
    return EQ_OK;
}

void eq_newton_log(const eq_newton *w, const char *format, ...) {
    char line[200];
    if (w->options->log == NULL) return;
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    w->options->log(w->options->log_data, line);
}

void eq_newton_forget(eq_newton *w) {
    w->not_positive = false;
    if (w->klu != NULL) eq_lin_forget(w->klu);
}

bool eq_newton_convex(const eq_newton *w) {
    return eq_topology_convex(w->s->topology);
}

/* The factorization of the given kind, made (analyzed) when first asked for. */
static eq_status backend(eq_newton *w, eq_lin_kind kind, eq_lin **l) {
    eq_lin **kept = kind == EQ_LIN_CHOLMOD ? &w->cholmod : &w->klu;
    eq_status status = EQ_OK;
    if (*kept == NULL) status = eq_lin_new(kind, &w->s->pattern, kept, w->diag);
    *l = *kept;
    return status;
}

/* CHOLMOD for a convex co-content; KLU otherwise, and when CHOLMOD finds no positive definite
 * matrix. */
eq_status eq_newton_factor(eq_newton *w, const double *x) {
    eq_lin *l;
    eq_status status = EQ_ERR_SINGULAR;
    w->factored = NULL;
    w->gain = INFINITY;
    w->factorizations++;
    eq_system_jacobian(w->s, x);
    memcpy(w->held, w->s->value, w->s->entries * sizeof *w->held);
    if (eq_newton_convex(w) && !w->not_positive) {
        status = backend(w, EQ_LIN_CHOLMOD, &l);
        if (status != EQ_OK) return status;
        status = eq_lin_factor(l, w->s->value, w->s->row_weight, &w->singular);
        w->not_positive = status == EQ_ERR_SINGULAR;
    }
    if (status == EQ_ERR_SINGULAR) {
        status = backend(w, EQ_LIN_KLU, &l);
        if (status != EQ_OK) return status;
        status = eq_lin_factor(l, w->s->value, NULL, &w->singular);
    }
    if (status == EQ_OK) w->factored = l;
    return status;
}

static double ratio_of(const eq_newton *w, const double *x, double *r, double *magnitude) {
    double worst = 0.0;
    if (!eq_system_residual(w->s, x, r, magnitude)) return INFINITY;
    for (size_t k = 0; k < w->s->n; k++)
        worst = fmax(worst, fabs(r[k]) / eq_kcl_bound(w->options, magnitude[k]));
    return worst;
}

/* What is near enough to be the answer is not judged by rough rows. */
double eq_newton_ratio(const eq_newton *w, const double *x, double *r, double *magnitude) {
    double worst = ratio_of(w, x, r, magnitude);
    bool again = worst <= 1.0 && eq_ports_finish(&w->s->ports);
    return again ? ratio_of(w, x, r, magnitude) : worst;
}

eq_status eq_newton_find_drops(eq_newton *w, double *x) {
    if (w->s->reduction->shorts == 0) return EQ_OK;
    eq_system_residual(w->s, x, w->step, NULL);
    eq_status status = eq_lin_solve(w->factored, w->step);
    for (size_t k = 0; status == EQ_OK && k < w->s->n; k++) x[k] -= w->step[k];
    eq_system_potentials(w->s, x);
    return status;
}

double eq_newton_evaluate(eq_newton *w, const double *x) {
    return eq_newton_ratio(w, x, w->r, w->magnitude);
}

/* What the line search compares. */
typedef struct merit {
    double ratio;
    double energy, energy_size; /* of the weighted co-content */
} merit;

static void exchange(double **a, double **b) {
    double *kept = *a;
    *a = *b;
    *b = kept;
}

/* Directional derivative of the weighted co-content: sum of d_k r_k step_k. */
static double slope_along(const eq_newton *w) {
    double sum = 0.0;
    for (size_t k = 0; k < w->s->n; k++) sum += w->s->row_weight[k] * w->r[k] * w->step[k];
    return sum;
}

static double largest(const double *y, size_t n) {
    double m = 0.0;
    for (size_t k = 0; k < n; k++) m = fmax(m, fabs(y[k]));
    return m;
}

/* Armijo's condition on the energy; where rounding hides its decrease, the residual must fall
 * instead (approximate Wolfe conditions of Hager and Zhang 2005, section 3). */
static bool energy_accepts(const merit *now, const merit *next, double t, double slope) {
    if (next->energy <= now->energy + 1e-4 * t * slope) return true;
    return next->energy <= now->energy + 1e-13 * now->energy_size &&
           next->ratio <= 0.9 * now->ratio;
}

/* Natural monotonicity test (Deuflhard 2004, section 3.3): the simplified Newton correction at the
 * trial point is shorter than (1 - t/4) times the Newton step. */
static bool natural_accepts(eq_newton *w, double t, double length) {
    memcpy(w->spare, w->trial_r, w->s->n * sizeof *w->spare);
    if (eq_lin_solve(w->factored, w->spare) != EQ_OK) return false;
    return largest(w->spare, w->s->n) <= (1.0 - 0.25 * t) * length;
}

/* Halves the step until a trial point is accepted;
 * then x, w->r and w->magnitude are those of it. */
static bool line_search(eq_newton *w, double *x, bool eliminate, merit *now) {
    size_t n = w->s->n;
    double slope = slope_along(w), length = largest(w->step, n), t = 1.0;
    bool by_energy = eq_newton_convex(w) && slope < 0.0;
    for (int k = 0; k <= w->halvings; k++, t *= 0.5) {
        merit next = {INFINITY, 0.0, 0.0};
        for (size_t i = 0; i < n; i++) w->trial[i] = x[i] + t * w->step[i];
        if (eliminate) eq_eliminate(w->eliminator, w->trial);
        next.ratio = eq_newton_ratio(w, w->trial, w->trial_r, w->trial_magnitude);
        if (!isfinite(next.ratio)) continue;
        if (by_energy) next.energy = eq_system_energy(w->s, w->trial, &next.energy_size);
        if (next.ratio > 1.0 &&
            !(by_energy ? energy_accepts(now, &next, t, slope) : natural_accepts(w, t, length)))
            continue;
        memcpy(x, w->trial, n * sizeof *x);
        exchange(&w->r, &w->trial_r);
        exchange(&w->magnitude, &w->trial_magnitude);
        *now = next;
        return true;
    }
    return false;
}

eq_status eq_newton_failure(eq_newton *w, const double *x) {
    eq_status status = eq_newton_factor(w, x);
    return status == EQ_OK ? EQ_ERR_CONVERGE : status;
}

/* A factor whose last step took 49 parts in 50 off the residual gains as much once more (Deuflhard
 * 2004, section 2.1.1: simplified Newton contracts as the step before it). */
static bool still_good(const eq_newton *w) {
    return w->factored != NULL && w->gain <= 0.02;
}

/* Beside the evaluation of the port elements, whose slopes come with their currents, a new factor
 * costs nothing. */
static bool factor_is_free(const eq_newton *w) {
    static const double of_an_element = 100.0;
    double flops = w->factored == NULL ? 0.0 : eq_lin_flops(w->factored);
    return flops > 0.0 && flops < of_an_element * (double)w->s->ports.count;
}

enum { STALLS = 2 };

/* Far from the solution, where no old factor is good: without one, unless that has failed twice. */
static bool inexact_step(eq_newton *w, const double *x, double ratio) {
    static const double far = 1e5;
    eq_lin *l;
    if (!(ratio > far) || still_good(w) || w->stalled >= STALLS || w->s->nonlinear == 0)
        return false;
    if (!eq_newton_convex(w) || w->not_positive || backend(w, EQ_LIN_CHOLMOD, &l) != EQ_OK)
        return false;
    bool found = eq_newton_inexact(w, x, eq_lin_flops(l));
    if (found)
        w->factored = NULL;
    else
        w->stalled++;
    return found;
}

/* w->step = -J^-1 r, with the factor of an earlier step while that is good enough; ratio: of r. */
static eq_status newton_step(eq_newton *w, const double *x, double ratio) {
    if (inexact_step(w, x, ratio)) return EQ_OK;
    bool keep = still_good(w) && !factor_is_free(w);
    eq_status status = keep ? EQ_OK : eq_newton_factor(w, x);
    if (status != EQ_OK) return status;
    for (size_t k = 0; k < w->s->n; k++) w->step[k] = -w->r[k];
    status = eq_lin_solve(w->factored, w->step);
    if (status == EQ_OK && !isfinite(largest(w->step, w->s->n))) status = EQ_ERR_SINGULAR;
    return status;
}

void eq_newton_polish(eq_newton *w, double *x, double ratio) {
    enum { STEPS = 10 };
    double enough = w->s->nonlinear > 0 ? 1e-3 : 0.0, before = INFINITY;
    for (int k = 0; k < STEPS && ratio > enough && ratio <= 0.9 * before; k++) {
        if (newton_step(w, x, ratio) != EQ_OK) break;
        for (size_t i = 0; i < w->s->n; i++) w->trial[i] = x[i] + w->step[i];
        double next = eq_newton_ratio(w, w->trial, w->trial_r, w->trial_magnitude);
        bool chord = still_good(w),
             rests = largest(w->step, w->s->n) <= 1e-12 * largest(x, w->s->n);
        w->gain = next / ratio;
        if (chord && !rests && !(w->gain <= 0.9)) continue;
        if (!(next < ratio)) break;
        memcpy(x, w->trial, w->s->n * sizeof *x);
        exchange(&w->r, &w->trial_r);
        exchange(&w->magnitude, &w->trial_magnitude);
        w->iterations += ratio > 1e-3; /* beyond that it is refinement */
        before = ratio;
        ratio = next;
    }
}

static eq_status iterate(eq_newton *w, double *x, bool eliminate) {
    w->factored = NULL;
    w->stalled = 0;
    if (eliminate && eq_newton_convex(w)) eq_eliminate_shifts(w->eliminator, x);
    if (eliminate) eq_eliminate(w->eliminator, x);
    merit now = {eq_newton_evaluate(w, x), 0.0, 0.0};
    if (!isfinite(now.ratio)) return EQ_ERR_CONVERGE;
    if (eq_newton_convex(w)) now.energy = eq_system_energy(w->s, x, &now.energy_size);
    for (int k = 0; k < w->options->max_iterations && now.ratio > 1.0; k++) {
        eq_status status = newton_step(w, x, now.ratio);
        bool exact = w->factored != NULL && !still_good(w);
        double before = now.ratio;
        if (status != EQ_OK) return status;
        bool found = line_search(w, x, eliminate, &now);
        if (!found && exact) return EQ_ERR_CONVERGE;
        w->gain = found ? now.ratio / before : INFINITY;
        if (!found) w->stalled = STALLS;
        if (!found) continue;
        w->iterations++;
        eq_newton_log(w, "  iteration %d: residual %.3g of its bound", k + 1, now.ratio);
    }
    if (now.ratio > 1.0) return EQ_ERR_CONVERGE;
    eq_newton_polish(w, x, now.ratio);
    return EQ_OK;
}

eq_status eq_newton_iterate(eq_newton *w, double *x, bool eliminate) {
    eq_ports_hurry(&w->s->ports, true);
    eq_status status = iterate(w, x, eliminate);
    eq_ports_hurry(&w->s->ports, false);
    return status;
}
