/* Junction limiting (Nagel 1975, section 4.4): every junction is taken as its tangent at a drop
 * that may lie elsewhere than the drop of the potentials, so that no exponential is ever evaluated
 * where the potentials of an early iterate would put it. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/chunk.h"
#include "solver/newton.h"

/* The drops at which the junctions stand, class by class. */
typedef struct junctions {
    double *held[EQ_CLASS_COUNT];
} junctions;

static bool is_limited(const eq_table *t) {
    return eq_is_port_class(t) ? t->cls->limit_port != NULL
                               : eq_stands_between_nodes(t) && t->cls->limit != NULL;
}

/* How many numbers say where an element stands. */
static size_t width(const eq_table *t) {
    return eq_is_port_class(t) ? (size_t)eq_class_nodes(t->cls) : 1;
}

/* Where the classes begin. */
static void let_conduct(const junctions *q, const eq_circuit *c) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &c->table[cls];
        size_t nodes = width(t);
        double *held = q->held[cls], *w[EQ_MAX_COLUMNS] = {NULL}, *z[EQ_MAX_TERMINALS] = {NULL};
        if (held == NULL || t->cls->begin == NULL) continue;
        for (size_t j = 0; j < t->count; j++, held += nodes) {
            for (int k = 0; k < t->cls->columns; k++) w[k] = &t->w[k][j];
            for (size_t a = 0; a < nodes; a++) z[a] = &held[a];
            t->cls->begin(1, w, z);
        }
    }
}

/* What is off has no drops. */
static void put_off(const junctions *q, const eq_circuit *c) {
    for (size_t k = 0; k < c->offs; k++) {
        eq_row r = c->row[c->off[k]];
        size_t n = width(&c->table[r.cls]);
        if (q->held[r.cls] != NULL)
            memset(q->held[r.cls] + (size_t)r.row * n, 0, n * sizeof **q->held);
    }
}

static size_t drops(const eq_circuit *c) {
    size_t count = 0;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++)
        if (is_limited(&c->table[cls])) count += c->table[cls].count * width(&c->table[cls]);
    return count;
}

/* All drops at zero. */
static bool open_junctions(eq_newton *w, junctions *q) {
    const eq_circuit *c = w->s->circuit;
    size_t count = drops(c);
    *q = (junctions){{NULL}};
    if (w->drop == NULL) w->drop = eq_malloc(count, sizeof *w->drop);
    if (w->drop == NULL) return false;
    memset(w->drop, 0, count * sizeof *w->drop);
    double *next = w->drop;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        if (!is_limited(&c->table[cls])) continue;
        q->held[cls] = next;
        next += c->table[cls].count * width(&c->table[cls]);
    }
    return true;
}

/* Moves the elements of a port class towards the potentials s->v of their nodes. */
static size_t move_ports(double *held, const eq_system *s, const eq_table *t) {
    size_t stopped = 0, nodes = width(t);
    double now[EQ_MAX_TERMINALS], *w[EQ_MAX_COLUMNS] = {NULL}, *to[EQ_MAX_TERMINALS] = {NULL};
    const double *from[EQ_MAX_TERMINALS] = {NULL};
    for (size_t j = 0; j < t->count; j++, held += nodes) {
        for (int k = 0; k < t->cls->columns; k++) w[k] = &t->w[k][j];
        for (size_t a = 0; a < nodes; a++) {
            now[a] = s->v[t->term[a][j]];
            from[a] = &held[a];
            to[a] = &now[a];
        }
        stopped += t->cls->limit_port(1, w, from, to);
        memcpy(held, now, nodes * sizeof *held);
    }
    return stopped;
}

/* Moves every junction towards its drop at the potentials s->v, as far as its class allows; the
 * number of those that were stopped on the way. */
static size_t move(const junctions *q, const eq_system *s) {
    eq_chunk e;
    size_t stopped = 0;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &s->circuit->table[cls];
        if (q->held[cls] == NULL) continue;
        if (eq_is_port_class(t)) stopped += move_ports(q->held[cls], s, t);
        for (size_t start = 0; !eq_is_port_class(t) && start < t->count; start += EQ_CHUNK) {
            double *held = q->held[cls] + start;
            eq_system_take(s, &e, t, start);
            stopped += t->cls->limit(e.n, e.w, held, e.u);
            memcpy(held, e.u, e.n * sizeof *held);
        }
    }
    return stopped;
}

/* Every junction at its drop of the potentials v. */
static void stand(const junctions *q, const eq_system *s, const double *v) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &s->circuit->table[cls];
        size_t nodes = width(t);
        double *held = q->held[cls];
        if (held == NULL) continue;
        for (size_t j = 0; eq_is_port_class(t) && j < t->count; j++, held += nodes)
            for (size_t a = 0; a < nodes; a++) held[a] = v[t->term[a][j]];
        for (size_t j = 0; !eq_is_port_class(t) && j < t->count; j++)
            held[j] = v[t->term[0][j]] - v[t->term[1][j]];
    }
}

/* They go on as they went from `before` to v, as far as their classes allow. */
static void go_ahead(const junctions *q, eq_system *s, const double *v, const double *before) {
    for (size_t n = 0; n < s->nodes; n++) s->v[n] = 2.0 * v[n] - before[n];
    move(q, s);
}

/* x becomes the solution of the circuit of tangents. */
static eq_status solve_tangents(eq_newton *w, double *x) {
    if (!isfinite(eq_newton_evaluate(w, x))) return EQ_ERR_CONVERGE;
    eq_status status = eq_newton_factor(w, x);
    if (status != EQ_OK) return status;
    memcpy(w->step, w->r, w->s->n * sizeof *w->step);
    status = eq_lin_solve(w->factored, w->step);
    for (size_t i = 0; i < w->s->n; i++) x[i] -= w->step[i];
    w->iterations++;
    return status;
}

/* Tangents where the junctions stand. */
static eq_status tangent_step(eq_newton *w, const junctions *q, double *x) {
    w->s->homotopy.junction = q->held;
    eq_status status = solve_tangents(w, x);
    w->s->homotopy.junction = NULL;
    return status;
}

/* Whether the last step moved nothing by what SPICE takes for something (reltol and vntol). */
static bool rests(const eq_newton *w, const double *x) {
    bool still = true;
    for (size_t i = 0; still && i < w->s->n; i++)
        still = fabs(w->step[i]) <= 1e-3 * fabs(x[i]) + 1e-6;
    return still;
}

/* Steps with what is off held there, until all else rests, as SPICE does before it lets go of it (MODEINITFIX). */
static eq_status wait_for_others(eq_newton *w, const junctions *q, double *x) {
    enum { STEPS = 50 };
    eq_status status = EQ_OK;
    bool still = false;
    for (int k = 0; status == EQ_OK && !still && k < STEPS; k++) {
        put_off(q, w->s->circuit);
        status = tangent_step(w, q, x);
        if (status != EQ_OK) break;
        still = rests(w, x);
        if (!isfinite(eq_newton_evaluate(w, x))) status = EQ_ERR_CONVERGE;
        move(q, w->s);
    }
    eq_newton_log(w, "  with %zu elements off: %s", w->s->circuit->offs,
                  still ? "at rest" : "not at rest");
    return status;
}

/* At most so many steps from where the junctions stand. */
static eq_status go(eq_newton *w, const junctions *q, int most, double *x, bool start_only) {
    eq_status status = EQ_OK;
    double ratio = INFINITY;
    size_t stopped = 1;
    for (int k = 0; start_only ? stopped > 0 : ratio > 1.0; k++) {
        if (k == most) return EQ_ERR_CONVERGE;
        status = tangent_step(w, q, x);
        if (status != EQ_OK) return status;
        ratio = eq_newton_evaluate(w, x);
        stopped = move(q, w->s);
        eq_newton_log(w, "  iteration %d: %zu junctions limited, residual %.3g of its bound", k + 1,
                      stopped, ratio);
    }
    if (!start_only) eq_newton_polish(w, x, ratio);
    return EQ_OK;
}

eq_status eq_newton_limited(eq_newton *w, double *x, bool start_only) {
    junctions q;
    if (!open_junctions(w, &q)) return eq_out_of_memory(w->diag);
    let_conduct(&q, w->s->circuit);
    eq_status status = w->s->circuit->offs > 0 ? wait_for_others(w, &q, x) : EQ_OK;
    if (status != EQ_OK) return status;
    return go(w, &q, w->options->max_iterations, x, start_only);
}

eq_status eq_newton_follow(eq_newton *w, const double *v, const double *before, int most,
                           double *x) {
    junctions q;
    int allowed = w->options->max_iterations;
    if (!open_junctions(w, &q)) return eq_out_of_memory(w->diag);
    stand(&q, w->s, v);
    if (before != NULL) go_ahead(&q, w->s, v, before);
    return go(w, &q, most < allowed ? most : allowed, x, false);
}
