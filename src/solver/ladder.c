/* What is tried in turn when Newton from the given start does not arrive. Every rung ends with the
 * plain system: scale 1, no shunt. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/chunk.h"
#include "solver/newton.h"

static const eq_homotopy plain = {1.0, 0.0, NULL, NULL};

static eq_status with_elimination(eq_newton *w, double *x) {
    return eq_newton_iterate(w, x, true);
}

static eq_status without_elimination(eq_newton *w, double *x) {
    return eq_newton_iterate(w, x, false);
}

/* The longest part t <= 1 of a step by which no junction of the chunk goes further than its class
 * allows. */
static double allowed(eq_chunk *e, const double *old) {
    double now[EQ_CHUNK], t = 1.0;
    memcpy(now, e->u, e->n * sizeof *now);
    e->t->cls->limit(e->n, e->w, old, e->u);
    for (size_t j = 0; j < e->n; j++)
        if (e->u[j] != now[j]) t = fmin(t, fabs((e->u[j] - old[j]) / (now[j] - old[j])));
    return t;
}

/* The same over all junctions, from the potentials `from` to s->v. */
static double allowed_step(const eq_system *s, const double *from) {
    eq_chunk e;
    double old[EQ_CHUNK], t = 1.0;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *table = &s->circuit->table[cls];
        if (!eq_stands_between_nodes(table) || table->cls->limit == NULL) continue;
        for (size_t start = 0; start < table->count; start += EQ_CHUNK) {
            eq_chunk_take(&e, table, start, from);
            memcpy(old, e.u, e.n * sizeof *old);
            eq_chunk_take(&e, table, start, s->v);
            t = fmin(t, allowed(&e, old));
        }
    }
    return t;
}

/* Newton steps cut so that no junction drop moves further than junction limiting lets it (Nagel
 * 1975); the residual may rise on the way. */
static eq_status limited(eq_newton *w, double *x) {
    eq_system *s = w->s;
    double *from = eq_malloc(s->nodes, sizeof *from);
    if (from == NULL) return eq_out_of_memory(w->diag);
    eq_status status = EQ_OK;
    double ratio = eq_newton_evaluate(w, x);
    for (int k = 0; status == EQ_OK && ratio > 1.0; k++) {
        if (k == w->options->max_iterations || !isfinite(ratio)) status = EQ_ERR_CONVERGE;
        if (status == EQ_OK) status = eq_newton_factor(w, x);
        if (status != EQ_OK) break;
        memcpy(from, s->v, s->nodes * sizeof *from);
        memcpy(w->step, w->r, s->n * sizeof *w->step);
        status = eq_lin_solve(w->factored, w->step);
        for (size_t i = 0; i < s->n; i++) w->trial[i] = x[i] - w->step[i];
        eq_reduction_potentials(s->reduction, s->circuit, w->trial, s->homotopy.scale, s->v);
        double t = allowed_step(s, from);
        for (size_t i = 0; i < s->n; i++) x[i] -= t * w->step[i];
        ratio = eq_newton_evaluate(w, x);
        w->iterations++;
        eq_newton_log(w, "  iteration %d: step cut to %.3g, residual %.3g of its bound", k + 1, t,
                      ratio);
    }
    eq_free(from);
    if (status == EQ_OK) eq_newton_polish(w, x);
    return status;
}

/* One point of a path; x is kept where it was when it fails. */
static eq_status point(eq_newton *w, double *x, double *before, bool eliminate) {
    memcpy(before, x, w->s->n * sizeof *before);
    eq_status status = eq_newton_iterate(w, x, eliminate);
    if (status != EQ_OK) memcpy(x, before, w->s->n * sizeof *before);
    return status;
}

static bool gives_up(eq_status status) {
    return status != EQ_OK && status != EQ_ERR_CONVERGE && status != EQ_ERR_SINGULAR;
}

/* A conductance from every free node to ground, lowered from 10 mS to nothing in adaptive steps. */
static eq_status gmin_path(eq_newton *w, double *x, double *before) {
    double gmin = 1e-2, last = INFINITY, factor = 10.0;
    for (;;) {
        w->s->homotopy.shunt = gmin;
        eq_status status = point(w, x, before, true);
        eq_newton_log(w, "  gmin %.3g S: %s", gmin, status == EQ_OK ? "solved" : "not solved");
        if (gives_up(status) || (status == EQ_OK && gmin == 0.0)) return status;
        if (status == EQ_OK) {
            last = gmin;
            factor = fmin(factor * 1.5, 100.0);
        } else {
            if (isinf(last) && gmin < 1e4) {
                gmin *= 100.0;
                continue;
            }
            factor = sqrt(factor);
            if (isinf(last) || factor < 1.02) return status;
        }
        gmin = last / factor < 1e-13 ? 0.0 : last / factor;
    }
}

/* All independent sources raised together from zero. */
static eq_status source_path(eq_newton *w, double *x, double *before) {
    double done = 0.0, step = 0.1;
    memset(x, 0, w->s->n * sizeof *x);
    while (done < 1.0) {
        double to = fmin(done + step, 1.0);
        w->s->homotopy.scale = to;
        eq_status status = point(w, x, before, true);
        eq_newton_log(w, "  sources at %.4g: %s", to, status == EQ_OK ? "solved" : "not solved");
        if (gives_up(status)) return status;
        if (status == EQ_OK) done = to;
        step *= status == EQ_OK ? 2.0 : 0.25;
        if (step < 1e-6) return status;
    }
    return EQ_OK;
}

/* Implicit Euler towards the steady state: a conductance from every node to where it was, lowered
 * as the state settles (switched evolution relaxation, Kelley and Keyes 1998). */
static eq_status transient_path(eq_newton *w, double *x, double *before, double *anchor) {
    enum { STEPS = 400 };
    double g = 1e-3;
    for (int k = 0; k < STEPS; k++) {
        memcpy(anchor, x, w->s->n * sizeof *anchor);
        w->s->homotopy = (eq_homotopy){1.0, g, anchor, NULL};
        eq_status status = point(w, x, before, false);
        eq_newton_log(w, "  node conductance %.3g S: %s", g,
                      status == EQ_OK ? "solved" : "not solved");
        if (gives_up(status) || (status == EQ_OK && g == 0.0)) return status;
        g *= status == EQ_OK ? 0.25 : 8.0;
        if (status != EQ_OK && g == 0.0) g = 1e-12;
        if (g < 1e-14) g = 0.0;
        if (g > 1e9) return status;
    }
    return EQ_ERR_CONVERGE;
}

typedef enum path { GMIN, SOURCE, TRANSIENT } path;

static eq_status follow(eq_newton *w, double *x, path kind) {
    double *work[2] = {eq_malloc(w->s->n, sizeof **work), eq_malloc(w->s->n, sizeof **work)};
    eq_status status = EQ_ERR_MEMORY;
    if (work[0] == NULL || work[1] == NULL)
        eq_out_of_memory(w->diag);
    else if (kind == GMIN)
        status = gmin_path(w, x, work[0]);
    else if (kind == SOURCE)
        status = source_path(w, x, work[0]);
    else
        status = transient_path(w, x, work[0], work[1]);
    w->s->homotopy = plain;
    eq_free(work[0]);
    eq_free(work[1]);
    return status;
}

static eq_status gmin_stepping(eq_newton *w, double *x) {
    return follow(w, x, GMIN);
}

static eq_status source_stepping(eq_newton *w, double *x) {
    return follow(w, x, SOURCE);
}

static eq_status pseudo_transient(eq_newton *w, double *x) {
    return follow(w, x, TRANSIENT);
}

const eq_rung eq_ladder[EQ_RUNGS] = {
    {"newton", with_elimination},         {"newton without elimination", without_elimination},
    {"junction limiting", limited},       {"gmin stepping", gmin_stepping},
    {"source stepping", source_stepping}, {"pseudo-transient", pseudo_transient},
};

eq_status eq_ladder_climb(eq_newton *w, double *x, const char **rung) {
    double *start = eq_malloc(w->s->n, sizeof *start);
    if (start == NULL) return eq_out_of_memory(w->diag);
    memcpy(start, x, w->s->n * sizeof *start);
    eq_status status = EQ_ERR_CONVERGE, first = EQ_OK;
    for (int k = 0; k < EQ_RUNGS; k++) {
        memcpy(x, start, w->s->n * sizeof *x);
        *rung = eq_ladder[k].name;
        eq_newton_log(w, "%s", *rung);
        status = eq_ladder[k].solve(w, x);
        if (k == 0) first = status;
        bool hopeless = status == EQ_ERR_SINGULAR && w->s->nonlinear == 0;
        if (status == EQ_OK || gives_up(status) || hopeless) break;
    }
    eq_free(start);
    return status == EQ_OK || gives_up(status) ? status : first;
}
