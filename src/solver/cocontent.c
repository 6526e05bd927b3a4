/* Direct minimisation of the weighted co-content: nonlinear conjugate gradients (Polak-Ribiere+,
 * Nocedal and Wright 2006, section 5.2) preconditioned with a Cholesky factor of the Hessian that
 * is kept for several steps. The line search looks at energies and slopes only; no equation r = 0
 * is solved. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/newton.h"

typedef struct minimiser {
    eq_newton *w;
    double *gradient;       /* [n] d_k r_k at x */
    double *preconditioned; /* [n] H^-1 gradient */
    double *direction;      /* [n] */
    double *start;          /* [n] the x given */
    double energy, energy_size, ratio;
} minimiser;

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) sum += a[k] * b[k];
    return sum;
}

/* A point of the line x + t direction: energy and slope along it. */
typedef struct sample {
    double t, energy, energy_size, slope, ratio;
} sample;

static sample look(minimiser *m, const double *x, double t) {
    eq_newton *w = m->w;
    sample p = {t, INFINITY, 0.0, INFINITY, INFINITY};
    for (size_t k = 0; k < w->s->n; k++) w->trial[k] = x[k] + t * m->direction[k];
    p.ratio = eq_newton_ratio(w, w->trial, w->trial_r, w->trial_magnitude);
    if (!isfinite(p.ratio)) return p;
    p.slope = 0.0;
    for (size_t k = 0; k < w->s->n; k++)
        p.slope += w->s->row_weight[k] * w->trial_r[k] * m->direction[k];
    p.energy = eq_system_energy(w->s, w->trial, &p.energy_size);
    return p;
}

/* Wolfe conditions, or the approximate ones where rounding hides the energy
 * (Hager and Zhang 2005). */
static bool wolfe(const sample *start, const sample *p) {
    static const double delta = 0.1, sigma = 0.5;
    if (!isfinite(p->energy) || p->slope < sigma * start->slope) return false;
    if (p->energy <= start->energy + delta * p->t * start->slope) return true;
    return p->slope <= (2.0 * delta - 1.0) * start->slope &&
           p->energy <= start->energy + 1e-12 * start->energy_size;
}

/* Finds an acceptable t: doubles while the slope is steep and the energy falls, else secant or
 * bisection on the slope inside the bracket. */
static bool search(minimiser *m, const double *x, const sample *start, sample *p) {
    enum { TRIALS = 80 };
    sample low = *start;
    double high = INFINITY, high_slope = 0.0, t = 1.0;
    for (int k = 0; k < TRIALS; k++) {
        *p = look(m, x, t);
        if (wolfe(start, p) || p->ratio <= 1e-3) return true;
        bool too_far = !isfinite(p->energy) || p->slope > 0.0 ||
                       p->energy > start->energy + 1e-12 * start->energy_size;
        if (too_far) {
            high = t;
            high_slope = isfinite(p->slope) && p->slope > 0.0 ? p->slope : 0.0;
        } else {
            low = *p;
        }
        if (isinf(high)) {
            t *= 2.0;
            continue;
        }
        double width = high - low.t, part = 0.5;
        if (high_slope > 0.0) part = low.slope / (low.slope - high_slope);
        t = low.t + width * fmin(fmax(part, 0.1), 0.9);
        if (!(width > 1e-15 * high)) break;
    }
    return false;
}

/* preconditioned = H^-1 gradient; H = D J, gradient = D r. */
static eq_status precondition(minimiser *m) {
    memcpy(m->preconditioned, m->w->r, m->w->s->n * sizeof *m->preconditioned);
    return eq_lin_solve(m->w->factored, m->preconditioned);
}

static void take_gradient(minimiser *m) {
    for (size_t k = 0; k < m->w->s->n; k++) m->gradient[k] = m->w->s->row_weight[k] * m->w->r[k];
}

/* direction = -preconditioned + beta direction with the beta of Polak and Ribiere,
 * not below zero. */
static double turn(minimiser *m, double old_product, const double *old_gradient, bool restart) {
    size_t n = m->w->s->n;
    double product = dot(m->gradient, m->preconditioned, n), beta = 0.0;
    if (!restart && old_product > 0.0)
        beta = fmax(0.0, (product - dot(old_gradient, m->preconditioned, n)) / old_product);
    for (size_t k = 0; k < n; k++) m->direction[k] = beta * m->direction[k] - m->preconditioned[k];
    return product;
}

static void exchange(double **a, double **b) {
    double *kept = *a;
    *a = *b;
    *b = kept;
}

/* Moves x to the accepted trial point. */
static void advance(minimiser *m, double *x, const sample *p) {
    eq_newton *w = m->w;
    memcpy(x, w->trial, w->s->n * sizeof *x);
    exchange(&w->r, &w->trial_r);
    exchange(&w->magnitude, &w->trial_magnitude);
    m->energy = p->energy;
    m->energy_size = p->energy_size;
    m->ratio = p->ratio;
    w->iterations++;
}

/* The iteration. The factor is renewed when a step gained little and at the latest after KEPT
 * steps. Once the bound holds, a step with a new factor that does not halve the residual meets
 * round-off. */
static eq_status minimise(minimiser *m, double *x, double enough) {
    enum { KEPT = 8, MOST = 20 };
    eq_newton *w = m->w;
    size_t n = w->s->n;
    double product = 0.0;
    int age = KEPT;
    for (int k = 0; m->ratio > enough; k++) {
        bool restart = age >= KEPT;
        double *old_gradient = w->spare, before = m->ratio;
        if (k == MOST * w->options->max_iterations) return EQ_ERR_CONVERGE;
        memcpy(old_gradient, m->gradient, n * sizeof *old_gradient);
        take_gradient(m);
        eq_status status = restart ? eq_newton_factor(w, x) : EQ_OK;
        if (status == EQ_OK) status = precondition(m);
        if (status != EQ_OK) return status;
        product = turn(m, product, old_gradient, restart);
        sample start = {0.0, m->energy, m->energy_size, dot(m->gradient, m->direction, n),
                        m->ratio},
               p = {0};
        bool found = start.slope < 0.0 && search(m, x, &start, &p);
        if (!found && restart) return m->ratio <= 1.0 ? EQ_OK : EQ_ERR_CONVERGE;
        age = found && !(p.ratio > 0.3 * before) ? age + 1 : KEPT;
        if (restart && found) age = p.ratio > 0.3 * before ? KEPT : 1;
        if (found) advance(m, x, &p);
        eq_newton_log(w, "  step %d: energy %.17g W, residual %.3g of its bound", k + 1, m->energy,
                      m->ratio);
        if (restart && fmax(before, m->ratio) <= 1.0 && m->ratio > 0.5 * before) break;
    }
    return EQ_OK;
}

static eq_status check_energy(const eq_newton *w) {
    const eq_topology *t = w->s->topology;
    /* a formula's slope is not known: the descent says whether it ends, the KCL bound where */
    if (t->exists && t->positive && t->passive) return EQ_OK;
    if (!t->exists)
        return eq_fail(w->diag, EQ_ERR_CHECK,
                       "the circuit has no co-content to minimise: %s; use --solver newton",
                       t->reason);
    if (!t->passive)
        return eq_fail(w->diag, EQ_ERR_CHECK,
                       "the co-content is not convex because %s has a negative conductance; use "
                       "--solver newton",
                       t->active);
    return eq_fail(w->diag, EQ_ERR_CHECK,
                   "the co-content is not convex because an energy weight is not "
                   "positive; use --solver newton");
}

/* From x, after a few sweeps of coordinate descent (eliminate.h): they bring the diodes to currents
 * at which the Hessian has a condition that a factorization can bear. */
static eq_status descend(minimiser *m, double *x) {
    enum { SWEEPS = 10 };
    eq_newton *w = m->w;
    for (int k = 0; k < SWEEPS; k++) eq_eliminate(w->eliminator, x);
    m->ratio = eq_newton_evaluate(w, x);
    m->energy = eq_system_energy(w->s, x, &m->energy_size);
    bool begins = m->ratio == 0.0 || (isfinite(m->ratio) && isfinite(m->energy));
    return begins ? minimise(m, x, 1e-3) : EQ_ERR_CONVERGE;
}

/* Where coordinates alone do not lead to finite energies (a bridge at 100 V: every node is held
 * between two diodes), junction limiting leads there. */
static eq_status descend_twice(minimiser *m, double *x, const char **rung) {
    eq_newton *w = m->w;
    memcpy(m->start, x, w->s->n * sizeof *x);
    *rung = "conjugate gradients";
    eq_status status = descend(m, x);
    if ((status != EQ_ERR_CONVERGE && status != EQ_ERR_SINGULAR) || w->s->nonlinear == 0)
        return status;
    eq_newton_log(w, "  from limited junctions");
    *rung = "conjugate gradients from limited junctions";
    memcpy(x, m->start, w->s->n * sizeof *x);
    status = eq_newton_limited(w, x, true);
    return status == EQ_OK ? descend(m, x) : status;
}

eq_status eq_cocontent_solve(eq_newton *w, double *x, const char **rung) {
    size_t n = w->s->n;
    eq_status status = check_energy(w);
    *rung = "conjugate gradients";
    if (status != EQ_OK) return status;
    minimiser m = {.w = w};
    double **arrays[] = {&m.gradient, &m.preconditioned, &m.direction, &m.start};
    enum { ARRAYS = sizeof arrays / sizeof *arrays };
    for (size_t k = 0; k < ARRAYS && status == EQ_OK; k++) {
        *arrays[k] = eq_calloc(n, sizeof **arrays[k]);
        if (*arrays[k] == NULL) status = eq_out_of_memory(w->diag);
    }
    if (status == EQ_OK) status = descend_twice(&m, x, rung);
    for (size_t k = 0; k < ARRAYS; k++) eq_free(*arrays[k]);
    return status;
}
