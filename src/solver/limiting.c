/* Junction limiting (Nagel 1975, section 4.4): every junction is taken as its tangent at a drop
 * that may lie elsewhere than the drop of the potentials, so that no exponential is ever evaluated
 * where the potentials of an early iterate would put it. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/chunk.h"
#include "solver/newton.h"

/* The drops at which the junctions stand, class by class, in one block. */
typedef struct junctions {
    double *held[EQ_CLASS_COUNT];
    double *block;
} junctions;

static bool is_limited(const eq_table *t) {
    return eq_stands_between_nodes(t) && t->cls->limit != NULL;
}

/* All drops at zero. */
static bool open_junctions(junctions *q, const eq_circuit *c) {
    size_t count = 0;
    *q = (junctions){0};
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++)
        if (is_limited(&c->table[cls])) count += c->table[cls].count;
    q->block = eq_calloc(count, sizeof *q->block);
    if (q->block == NULL) return false;
    double *next = q->block;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        if (!is_limited(&c->table[cls])) continue;
        q->held[cls] = next;
        next += c->table[cls].count;
    }
    return true;
}

/* Moves every junction towards its drop at the potentials s->v, as far as its class allows; the
 * number of those that were stopped on the way. */
static size_t move(const junctions *q, const eq_system *s) {
    eq_chunk e;
    size_t stopped = 0;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &s->circuit->table[cls];
        if (q->held[cls] == NULL) continue;
        for (size_t start = 0; start < t->count; start += EQ_CHUNK) {
            double *held = q->held[cls] + start;
            eq_system_take(s, &e, t, start);
            stopped += t->cls->limit(e.n, e.w, held, e.u);
            memcpy(held, e.u, e.n * sizeof *held);
        }
    }
    return stopped;
}

/* x becomes the solution of the circuit of tangents. */
static eq_status tangent_step(eq_newton *w, double *x) {
    if (!isfinite(eq_newton_evaluate(w, x))) return EQ_ERR_CONVERGE;
    eq_status status = eq_newton_factor(w, x);
    if (status != EQ_OK) return status;
    memcpy(w->step, w->r, w->s->n * sizeof *w->step);
    status = eq_lin_solve(w->factored, w->step);
    for (size_t i = 0; i < w->s->n; i++) x[i] -= w->step[i];
    w->iterations++;
    return status;
}

eq_status eq_newton_limited(eq_newton *w, double *x, bool start_only) {
    junctions q;
    eq_status status = EQ_OK;
    double ratio = INFINITY;
    size_t stopped = 1;
    if (!open_junctions(&q, w->s->circuit)) return eq_out_of_memory(w->diag);
    for (int k = 0; start_only ? stopped > 0 : ratio > 1.0; k++) {
        if (k == w->options->max_iterations) status = EQ_ERR_CONVERGE;
        w->s->homotopy.junction = q.held;
        if (status == EQ_OK) status = tangent_step(w, x);
        w->s->homotopy.junction = NULL;
        if (status != EQ_OK) break;
        ratio = eq_newton_evaluate(w, x);
        stopped = move(&q, w->s);
        eq_newton_log(w, "  iteration %d: %zu junctions limited, residual %.3g of its bound", k + 1,
                      stopped, ratio);
    }
    eq_free(q.block);
    if (status == EQ_OK && !start_only) eq_newton_polish(w, x, ratio);
    return status;
}
