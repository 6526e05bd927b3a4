/* C dx/dt = -dP/dx of a circuit, where x are the potentials of its free nodes behind the
 * elimination (circuit/reduction.h): with the energy weights d of the rows, over that of the first output,
 * dP/dx = d r(x), H = d J(x) and M = d C. */
#include <math.h>
#include <string.h>

#include "base/comm.h"
#include "base/mem.h"
#include "model/sparse/sparse.h"
#include "solver/solver_internal.h"

typedef struct eq_sparse_dynamics {
    size_t units;
    double *weight;   /* [units] d */
    double *farad;    /* [units] C */
    double *jacobian; /* [batch][entries] of the free states */
    double *x, *r;    /* [units] work */
} eq_sparse_dynamics;

void eq_sparse_dynamics_free(struct eq_sparse_dynamics *d) {
    if (d == NULL) return;
    eq_free(d->weight);
    eq_free(d->farad);
    eq_free(d->jacobian);
    eq_free(d->x);
    eq_free(d->r);
    eq_free(d);
}

static eq_system *system_of(const eq_sparse_engine *e) {
    return eq_solver_system(e->solver);
}

/* Puts example k on the input sources, from which the potentials of the system follow anew. */
static void present(eq_sparse_engine *e, size_t k) {
    eq_sparse_present(e, k);
    system_of(e)->placed = NAN;
}

static eq_status make_room(eq_sparse_engine *e, eq_diag *diag) {
    const eq_system *s = system_of(e);
    if (e->dynamics != NULL) return EQ_OK;
    eq_sparse_dynamics *d = e->dynamics = eq_calloc(1, sizeof *d);
    if (d == NULL) return eq_out_of_memory(diag);
    d->units = s->n;
    d->weight = eq_calloc(s->n, sizeof *d->weight);
    d->farad = eq_calloc(s->n, sizeof *d->farad);
    d->jacobian = eq_calloc(e->batch, s->entries * sizeof *d->jacobian);
    d->x = eq_calloc(s->n, sizeof *d->x);
    d->r = eq_calloc(s->n, sizeof *d->r);
    bool whole = d->weight != NULL && d->farad != NULL && d->jacobian != NULL && d->x != NULL &&
                 d->r != NULL;
    if (whole) return EQ_OK;
    eq_sparse_dynamics_free(d);
    e->dynamics = NULL;
    return eq_out_of_memory(diag);
}

/* "v(h)" */
static void name(const void *self, size_t unit, eq_text *out) {
    const eq_sparse_engine *e = self;
    const eq_node node = system_of(e)->reduction->root[unit];
    eq_text_printf(out, "v(%s)", eq_circuit_node_name(e->c, node));
}

static eq_status check(const eq_sparse_engine *e, eq_diag *diag) {
    const eq_system *s = system_of(e);
    const char *why = "a weight of the energy is negative, so that it has no minimum";
    if (!s->topology->exists || !s->topology->positive)
        return eq_fail(diag, EQ_ERR_CHECK, "C dv/dt = -dP/dv needs an energy: %s",
                       s->topology->exists ? why : s->topology->reason);
    if (s->n == s->reduction->node_unknowns && s->reduction->shorts == 0) return EQ_OK;
    eq_text what = {0};
    size_t k = s->n > s->reduction->node_unknowns ? s->reduction->node_unknowns : 0;
    for (; k < s->reduction->node_unknowns; k++)
        if (s->reduction->parent[s->reduction->root[k]] != EQ_NONE) break;
    eq_system_name(s, k, &what);
    eq_status status = what.failed ? eq_out_of_memory(diag)
                                   : eq_fail(diag, EQ_ERR_CHECK,
                                             "C dv/dt = -dP/dv has potentials alone, and %s is an "
                                             "unknown here; leave out what is a short or a source "
                                             "that depends on its own current",
                                             what.text);
    eq_text_free(&what);
    return status;
}

/* The unknown of a row that is one potential, times 1; EQ_NONE of one that is held. */
static int32_t only(const eq_system *s, eq_node n, bool *plain) {
    const eq_sparse_rows *t = &s->reduction->t;
    if (t->start[n] == t->start[n + 1]) return EQ_NONE;
    *plain = *plain && t->start[n + 1] == t->start[n] + 1 && t->coefficient[t->start[n]] == 1.0 &&
             s->reduction->root[t->unknown[t->start[n]]] == n;
    return t->unknown[t->start[n]];
}

/* C of the deck's capacitors, which must join free nodes and fixed ones. */
static eq_status deck_farads(const eq_sparse_engine *e, double *farad, size_t *found,
                             eq_diag *diag) {
    const eq_system *s = system_of(e);
    for (size_t k = 0; k < e->c->capacitors; k++) {
        const eq_capacitor *q = &e->c->capacitor[k];
        if (isnan(q->farad)) continue;
        bool plain = true;
        int32_t a = only(s, q->term[0], &plain), b = only(s, q->term[1], &plain);
        if (!plain || (a != EQ_NONE && b != EQ_NONE && a != b))
            return eq_fail(diag, EQ_ERR_CHECK,
                           "the capacitor %s does not join a free node and one that is held, so C "
                           "dv/dt = -dP/dv has no diagonal C; give --capacitance, which takes the "
                           "deck's place",
                           eq_names_get(e->c->capacitor_name, (int32_t)k));
        if (a != EQ_NONE && b == EQ_NONE) farad[a] += q->farad;
        if (b != EQ_NONE && a == EQ_NONE) farad[b] += q->farad;
        ++*found;
    }
    return EQ_OK;
}

static eq_status take_farads(eq_sparse_engine *e, double given, eq_diag *diag) {
    eq_sparse_dynamics *d = e->dynamics;
    size_t found = 0;
    memset(d->farad, 0, d->units * sizeof *d->farad);
    eq_status status = isnan(given) ? deck_farads(e, d->farad, &found, diag) : EQ_OK;
    for (size_t k = 0; found == 0 && k < d->units; k++) d->farad[k] = isnan(given) ? 1.0 : given;
    for (size_t k = 0; status == EQ_OK && k < d->units; k++) {
        if (d->farad[k] > 0.0) continue;
        eq_text what = {0};
        name(e, k, &what);
        status = what.failed
                     ? eq_out_of_memory(diag)
                     : eq_fail(diag, EQ_ERR_CHECK,
                               "%s has no capacitance in the deck, so Euler's method cannot "
                               "follow it; add one to the node, or give --capacitance, which "
                               "takes the deck's place",
                               what.text);
        eq_text_free(&what);
    }
    return status;
}

static eq_status open(void *self, double farad, eq_diag *diag) {
    eq_sparse_engine *e = self;
    eq_system *s = system_of(e);
    eq_status status = check(e, diag);
    if (status == EQ_OK) status = make_room(e, diag);
    if (status == EQ_OK) status = eq_sparse_open_adjoint(e, diag);
    if (status == EQ_OK) status = take_farads(e, farad, diag);
    if (status != EQ_OK) return status;
    eq_sparse_dynamics *d = e->dynamics;
    double reference = eq_topology_weight(s->topology, e->c->output[0].plus);
    for (size_t k = 0; k < d->units; k++) d->weight[k] = s->row_weight[k] / reference;
    for (size_t k = e->first; k < e->end; k++) {
        present(e, k);
        eq_system_unknowns(s, e->state[0] + k * e->nodes, NULL, d->x);
        eq_system_jacobian(s, d->x);
        memcpy(d->jacobian + k * s->entries, s->value, s->entries * sizeof *s->value);
    }
    return EQ_OK;
}

static size_t units(const void *self) {
    const eq_sparse_engine *e = self;
    return e->dynamics->units;
}

static void outputs(void *self, const double *s, double *y) {
    eq_sparse_engine *e = self;
    for (size_t k = e->first; k < e->end; k++) {
        present(e, k);
        eq_system_potentials(system_of(e), s + k * e->dynamics->units);
        for (size_t o = 0; o < e->c->outputs; o++)
            y[k * e->c->outputs + o] = eq_system_output(system_of(e), system_of(e)->v, o);
    }
}

static void slopes(void *self, const double *dcdy, double *c) {
    eq_sparse_engine *e = self;
    for (size_t k = e->first; k < e->end; k++) {
        eq_sparse_slopes(e, dcdy + k * e->c->outputs, e->dcdv);
        eq_system_gather(system_of(e), e->dcdv, c + k * e->dynamics->units);
    }
}

static bool drift(void *self, const double *current, const double *s, double *f) {
    eq_sparse_engine *e = self;
    const eq_sparse_dynamics *d = e->dynamics;
    bool finite = true;
    for (size_t k = e->first; k < e->end; k++) {
        present(e, k);
        eq_solver_inject(e->solver, (eq_injection){current + k * e->c->outputs, NULL, NULL});
        finite = eq_system_residual(system_of(e), s + k * d->units, d->r, NULL) && finite;
        for (size_t j = 0; j < d->units; j++) f[k * d->units + j] = -d->r[j] / d->farad[j];
    }
    eq_solver_inject(e->solver, (eq_injection){NULL, NULL, NULL});
    return finite;
}

static bool advance(void *self, double h, const double *current, double *s) {
    eq_sparse_engine *e = self;
    const eq_sparse_dynamics *d = e->dynamics;
    bool finite = true;
    for (size_t k = e->first; k < e->end; k++) {
        double *x = s + k * d->units;
        present(e, k);
        eq_solver_inject(e->solver, (eq_injection){current + k * e->c->outputs, NULL, NULL});
        finite = eq_system_residual(system_of(e), x, d->r, NULL) && finite;
        for (size_t j = 0; j < d->units; j++) x[j] -= h / d->farad[j] * d->r[j];
    }
    eq_solver_inject(e->solver, (eq_injection){NULL, NULL, NULL});
    return finite;
}

/* (H y)_i = d_i sum_j J_ij y_j, by columns. */
static void propagate(void *self, const double *l, double *y, double *z) {
    const eq_sparse_engine *e = self;
    const eq_sparse_dynamics *d = e->dynamics;
    const eq_system *s = system_of(e);
    for (size_t k = e->first; k < e->end; k++) {
        const double *value = d->jacobian + k * s->entries;
        size_t at = k * d->units;
        memset(z + at, 0, d->units * sizeof *z);
        for (size_t j = 0; j < d->units; j++) {
            y[at + j] = l[at + j] / (d->weight[j] * d->farad[j]);
            for (int32_t p = s->start[j]; p < s->start[j + 1]; p++)
                z[at + (size_t)s->row[p]] += d->weight[s->row[p]] * value[p] * y[at + j];
        }
    }
}

static void get(const void *self, double *s) {
    const eq_sparse_engine *e = self;
    for (size_t k = e->first; k < e->end; k++)
        eq_system_unknowns(system_of(e), e->state[0] + k * e->nodes, NULL,
                           s + k * e->dynamics->units);
}

/* The multipliers of r = d^-1 dP/dx are d times those of dP/dx; no cost comes in by what is held. */
static void put_sum(eq_sparse_engine *e, const double *sum) {
    const eq_sparse_dynamics *d = e->dynamics;
    memset(e->exact, 0, e->parameters * sizeof *e->exact);
    for (size_t k = e->first; k < e->end; k++) {
        double *v = e->state[0] + k * e->nodes;
        present(e, k);
        for (size_t j = 0; j < d->units; j++) d->x[j] = d->weight[j] * sum[k * d->units + j];
        eq_system_spread(system_of(e), d->x, e->lambda);
        eq_adjoint_take(e->adjoint, v, e->lambda);
        memset(e->dcdv, 0, e->nodes * sizeof *e->dcdv);
        eq_adjoint_sources(e->adjoint, e->dcdv);
        eq_sparse_add_exact(e, v, e->adjoint->branch);
    }
}

static eq_status put(void *self, int slot, const double *s, eq_diag *diag) {
    eq_sparse_engine *e = self;
    size_t m = e->c->outputs;
    eq_status status =
        slot == EQ_ADJOINT ? eq_sparse_open_adjoint(e, diag) : eq_sparse_open_slot(e, slot, diag);
    if (status != EQ_OK) return status;
    if (slot == EQ_ADJOINT) {
        put_sum(e, s);
        eq_comm_sum(e->exact, e->parameters);
        return EQ_OK;
    }
    memset(e->driven[slot], 0, e->batch * m * sizeof **e->driven);
    for (size_t k = e->first; k < e->end; k++) {
        present(e, k);
        eq_system_state(system_of(e), s + k * e->dynamics->units, e->state[slot] + k * e->nodes,
                        NULL);
    }
    return EQ_OK;
}

const eq_dynamics_ops eq_sparse_dynamics_ops = {
    open, units, name, outputs, slopes, advance, propagate, get, put, 0.0, drift, 0.0, 0.0};
