/* Nudged phases of a batch and the gradients that they give (docs/theory.md, 4):
 *
 *   dC/dw = (d_c/d_o) lim (1/beta) (dp/dw(beta) - dp/dw(0))     (Scellier 2020, Eq. 4.11),
 *
 * where -beta dC/dv d_o/d_n is driven into node n, d are the energy weights and o is the first node
 * that is nudged. */
#include <math.h>
#include <string.h>

#include "solver/batch.h"

/* A phase at `at` times beta counts a/beta. */
typedef struct phase {
    double at, a;
} phase;

/* Every node becomes an output of the view. */
static eq_status open_nudged(eq_worker *w) {
    if (w->nudged != NULL) return EQ_OK;
    size_t nodes = eq_circuit_nodes(&w->view);
    eq_nudged *p = eq_calloc(1, sizeof *p);
    if (p == NULL) return eq_out_of_memory(w->diag);
    p->output = eq_calloc(nodes, sizeof *p->output);
    p->current = eq_calloc(nodes, 4 * sizeof *p->current);
    if (p->output == NULL || p->current == NULL) {
        eq_nudged_free(p);
        return eq_out_of_memory(w->diag);
    }
    p->v = p->current + nodes;
    p->at = p->v + nodes;
    p->lambda = p->at + nodes;
    for (size_t n = 0; n < nodes; n++)
        p->output[n] = (eq_output){(eq_node)n, EQ_NONE, EQ_NONE, EQ_NONE};
    w->view.output = p->output;
    w->view.outputs = nodes;
    w->nudged = p;
    return EQ_OK;
}

static const eq_topology *topology_of(const eq_worker *w) {
    return eq_solver_system(w->solver)->topology;
}

/* From v in place, with p->current driven into the outputs. */
static eq_status rest(eq_worker *w, double *v, double *branch, bool nudged) {
    eq_solve_options o = eq_solve_defaults(&w->view);
    eq_injection in = {nudged ? w->nudged->current : NULL, NULL, NULL};
    eq_solver_forget(w->solver); /* pivots of other rows would show in the last bits */
    eq_solver_inject(w->solver, in);
    eq_status status = eq_solver_run(w->solver, &o, v, branch, NULL, w->diag);
    eq_solver_inject(w->solver, (eq_injection){NULL, NULL, NULL});
    return status;
}

/* The currents themselves: the scale of a node is undone. */
static eq_status nudge_row(const eq_job *q, eq_worker *w, size_t j) {
    size_t nodes = eq_circuit_nodes(q->b->c);
    double *v = q->v + j * nodes;
    size_t branches = eq_solver_branches(w->solver);
    double *branch = q->branch == NULL ? NULL : q->branch + j * branches;
    const double *start = q->start + j * nodes;
    eq_status status = open_nudged(w);
    if (status == EQ_OK) status = eq_batch_put_inputs(q, w, j);
    if (status == EQ_OK) {
        w->nudged->output[0].plus = EQ_GROUND;
        for (size_t n = 1; n < nodes; n++)
            w->nudged->current[n] = q->current[j * nodes + n] /
                                    eq_topology_nudge_scale(topology_of(w), &w->view, (eq_node)n);
        memmove(v, start, nodes * sizeof *v);
        status = rest(w, v, branch, true);
    }
    if (status == EQ_OK) return EQ_OK;
    for (size_t n = 0; n < nodes; n++) v[n] = NAN;
    for (size_t k = 0; branch != NULL && k < branches; k++) branch[k] = NAN;
    return status;
}

/* The first node with a slope, whose weight the others are compared with. */
static eq_node reference(const double *dcdv, size_t nodes) {
    for (size_t n = 1; n < nodes; n++)
        if (dcdv[n] != 0.0) return (eq_node)n;
    return EQ_GROUND;
}

static bool by_energy(const eq_worker *w, eq_handle h) {
    return eq_learns_by_energy(&w->view.table[w->view.row[h.element].cls]);
}

/* (d_c/d_o) dp/dw at the state that the solver has found last. */
static double slot(const eq_worker *w, eq_handle h) {
    const eq_system *s = eq_solver_system(w->solver);
    const eq_table *t = &w->view.table[w->view.row[h.element].cls];
    size_t j = (size_t)w->view.row[h.element].row;
    bool inverse = h.param == t->cls->params;
    int k = inverse ? t->cls->value : h.param;
    double *column[EQ_MAX_COLUMNS], dpdw;
    eq_node a = t->term[0][j], b = t->term[1][j];
    double u = eq_system_drop(s, a, b, NULL);
    for (int i = 0; i < t->cls->columns; i++) column[i] = &t->w[i][j];
    t->cls->param_energy(1, column, k, &u, NULL, &dpdw);
    dpdw *= eq_topology_element_weight(s->topology, a, b) /
            eq_topology_weight(s->topology, w->nudged->output[0].plus);
    return inverse ? -t->w[k][j] * t->w[k][j] * dpdw : dpdw;
}

/* dcdw += a dp/dw, lambda -= a (d_n/d_o) v_n: what one phase adds. */
static void add_phase(const eq_job *q, eq_worker *w, size_t j, double a, const double *v) {
    const eq_topology *t = topology_of(w);
    double d = eq_topology_weight(t, w->nudged->output[0].plus);
    for (size_t k = 0; k < q->params; k++)
        if (by_energy(w, q->param[k])) q->dcdw[j * q->params + k] += a * slot(w, q->param[k]);
    for (size_t n = 1; n < t->nodes; n++)
        w->nudged->lambda[n] -= a * eq_topology_weight(t, (eq_node)n) / d * v[n];
}

static eq_status phases(const eq_job *q, eq_worker *w, size_t j) {
    static const phase one_sided[] = {{0.0, -1.0}, {1.0, 1.0}};
    static const phase symmetric[] = {{0.0, 0.0}, {1.0, 0.5}, {-1.0, -0.5}};
    const phase *p = q->eqprop.symmetric ? symmetric : one_sided;
    size_t nodes = eq_circuit_nodes(&w->view), count = q->eqprop.symmetric ? 3 : 2;
    const double *dcdv = q->dcdv + j * nodes;
    double beta = q->eqprop.beta;
    w->nudged->output[0].plus = reference(dcdv, nodes);
    memcpy(w->nudged->v, q->v + j * nodes, nodes * sizeof *dcdv);
    memset(w->nudged->lambda, 0, nodes * sizeof *dcdv);
    for (size_t s = 0; s < count; s++) {
        double *v = s == 0 ? w->nudged->v : w->nudged->at;
        if (s > 0) memcpy(v, w->nudged->v, nodes * sizeof *v);
        for (size_t n = 1; n < nodes; n++) w->nudged->current[n] = -p[s].at * beta * dcdv[n];
        eq_status status = rest(w, v, NULL, s > 0);
        if (status == EQ_ERR_MEMORY) return status;
        if (status != EQ_OK)
            return eq_fail(w->diag, status,
                           "the phase nudged with beta = %g has no state; take a smaller beta",
                           p[s].at * beta);
        add_phase(q, w, j, p[s].a / beta, v);
    }
    return EQ_OK;
}

/* The parameters without an energy of their own, by the response of the potentials. */
static eq_status respond(const eq_job *q, eq_worker *w, size_t j) {
    const eq_system *s = eq_solver_system(w->solver);
    eq_status status = EQ_OK;
    bool any = false;
    for (size_t k = 0; k < q->params; k++) any = any || !by_energy(w, q->param[k]);
    if (!any) return EQ_OK;
    if (s->n > s->reduction->node_unknowns)
        return eq_fail(w->diag, EQ_ERR_USAGE,
                       "the currents of sources in loops are unknowns of this circuit, beside "
                       "which only parameters with an energy of their own can be estimated from "
                       "phases; take the adjoint for the others");
    if (w->adjoint == NULL) status = eq_adjoint_new(w->solver, &w->adjoint, w->diag);
    if (status != EQ_OK) return status;
    eq_adjoint_take(w->adjoint, w->nudged->v, w->nudged->lambda);
    eq_adjoint_sources(w->adjoint, q->dcdv + j * s->nodes);
    for (size_t k = 0; k < q->params; k++)
        if (!by_energy(w, q->param[k]))
            q->dcdw[j * q->params + k] =
                eq_adjoint_gradient(w->adjoint, q->param[k], w->nudged->v, w->adjoint->branch);
    return EQ_OK;
}

static eq_status eqprop_row(const eq_job *q, eq_worker *w, size_t j) {
    double *dcdw = q->dcdw + j * q->params;
    for (size_t k = 0; k < q->params; k++) dcdw[k] = 0.0;
    eq_status status = open_nudged(w);
    if (status == EQ_OK) status = eq_batch_put_inputs(q, w, j);
    if (status == EQ_OK) status = phases(q, w, j);
    if (status == EQ_OK) status = respond(q, w, j);
    for (size_t k = 0; status != EQ_OK && k < q->params; k++) dcdw[k] = NAN;
    return status;
}

eq_status eq_batch_nudge(eq_batch *b, size_t n, const double *x, const double *start,
                         const double *current, double *v, double *branch, eq_diag *diag) {
    eq_job q = {.b = b,
                .row = nudge_row,
                .n = n,
                .x = x,
                .v = v,
                .branch = branch,
                .start = start,
                .current = current};
    return eq_batch_run(&q, diag);
}

eq_eqprop_options eq_eqprop_defaults(void) {
    return (eq_eqprop_options){.beta = 1e-6, .symmetric = true};
}

/* Without energy weights J^T D = D J does not hold, so what the phases give is no gradient. */
static void warn_of_bias(const eq_batch *b, eq_diag *diag) {
    const eq_topology *t = topology_of(&b->worker[0]);
    if (!t->exists)
        eq_warn_at(diag, (eq_place){0},
                   "no energy weights, EqProp gradients may be biased: %s; the adjoint needs none",
                   t->reason);
}

eq_status eq_batch_eqprop(eq_batch *b, size_t n, const double *x, const double *v,
                          const double *dcdv, const eq_eqprop_options *o, const eq_handle *param,
                          size_t params, double *dcdw, eq_diag *diag) {
    eq_eqprop_options usual = eq_eqprop_defaults();
    if (o == NULL) o = &usual;
    if (!isfinite(o->beta) || o->beta == 0.0)
        return eq_fail(diag, EQ_ERR_USAGE, "beta = %g is no nudge; give one like 1e-6", o->beta);
    eq_status status = eq_batch_check_handles(b->c, param, params, true, diag);
    if (status != EQ_OK) return status;
    eq_job q = {.b = b,
                .row = eqprop_row,
                .n = n,
                .x = x,
                .v = (double *)(uintptr_t)v, /* read alone */
                .dcdv = dcdv,
                .param = param,
                .params = params,
                .dcdw = dcdw,
                .eqprop = *o};
    status = eq_batch_run(&q, diag);
    if (status == EQ_OK) warn_of_bias(b, diag);
    return status;
}
