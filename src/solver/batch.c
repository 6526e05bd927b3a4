/* Many operating points of one circuit (eqspice.h): each thread has a solver of its own on a view
 * of the circuit, which shares everything but the tables that the inputs change. */
#include <math.h>
#include <string.h>

#include "solver/batch.h"

eq_batch_options eq_batch_defaults(void) {
    return (eq_batch_options){.threads = 1};
}

static void worker_close(eq_worker *w) {
    eq_adjoint_free(w->adjoint);
    eq_nudged_free(w->nudged);
    eq_solver_free(w->solver);
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++)
        for (int k = 0; w->owned[cls] && k < EQ_MAX_COLUMNS; k++) eq_free(w->view.table[cls].w[k]);
    eq_diag_free(w->diag);
}

void eq_batch_free(eq_batch *b) {
    if (b == NULL) return;
    for (int k = 0; b->worker != NULL && k < b->threads; k++) worker_close(&b->worker[k]);
    eq_pool_free(b->pool);
    eq_free(b->worker);
    eq_free(b->input);
    eq_free(b);
}

/* Columns of its own for the table of a class, with the values of the circuit. */
static bool own_table(eq_worker *w, int cls) {
    eq_table *t = &w->view.table[cls];
    if (w->owned[cls]) return true;
    double *shared[EQ_MAX_COLUMNS];
    memcpy(shared, t->w, sizeof shared);
    memset(t->w, 0, sizeof t->w);
    w->owned[cls] = true;
    for (int k = 0; k < t->cls->columns; k++) {
        t->w[k] = eq_malloc(t->count, sizeof *t->w[k]);
        if (t->w[k] == NULL) return false;
        memcpy(t->w[k], shared[k], t->count * sizeof *t->w[k]);
    }
    return true;
}

static eq_status worker_open(eq_batch *b, eq_worker *w, eq_diag *diag) {
    w->view = *b->c;
    w->diag = eq_diag_new();
    bool whole = w->diag != NULL;
    for (size_t i = 0; whole && i < b->inputs; i++)
        whole = own_table(w, b->c->row[b->input[i].element].cls);
    return whole ? eq_solver_new(&w->view, &w->solver, diag) : eq_out_of_memory(diag);
}

/* A change of these is no change of the linear part. */
static bool is_source_value(const eq_circuit *c, eq_handle h) {
    const eq_device_class *cls = eq_class(c->row[h.element].cls);
    return (cls->flags & EQ_INDEPENDENT) != 0 && h.param == cls->value;
}

eq_status eq_batch_check_handles(const eq_circuit *c, const eq_handle *h, size_t n, bool trainable,
                                 eq_diag *diag) {
    for (size_t k = 0; k < n; k++) {
        if (h[k].element < 0 || (size_t)h[k].element >= eq_circuit_elements(c))
            return eq_fail(diag, EQ_ERR_USAGE,
                           "handle %zu is of no element of this circuit; take it from "
                           "eq_handle_find",
                           k);
        if (trainable && !eq_handle_about(c, h[k]).trainable)
            return eq_fail(diag, EQ_ERR_USAGE, "there is no gradient by %s of %s",
                           eq_handle_about(c, h[k]).name, eq_circuit_element_name(c, h[k].element));
    }
    return EQ_OK;
}

static eq_status open_all(eq_batch *b, const eq_handle *input, eq_diag *diag) {
    eq_status status = eq_batch_check_handles(b->c, input, b->inputs, false, diag);
    if (status != EQ_OK) return status;
    b->input = eq_malloc(b->inputs, sizeof *b->input);
    b->worker = eq_calloc((size_t)b->threads, sizeof *b->worker);
    if (b->input == NULL || b->worker == NULL) return eq_out_of_memory(diag);
    for (size_t i = 0; i < b->inputs; i++) {
        b->input[i] = input[i];
        b->restamp = b->restamp || !is_source_value(b->c, input[i]);
    }
    status = eq_pool_new(b->threads, &b->pool, diag);
    for (int k = 0; status == EQ_OK && k < b->threads; k++)
        status = worker_open(b, &b->worker[k], diag);
    return status;
}

eq_status eq_batch_new(eq_circuit *c, const eq_handle *input, size_t inputs,
                       const eq_batch_options *o, eq_batch **out, eq_diag *diag) {
    eq_batch_options usual = eq_batch_defaults();
    if (o == NULL) o = &usual;
    if (o->threads < 1)
        return eq_fail(diag, EQ_ERR_USAGE, "%d threads cannot work; give 1 or more", o->threads);
    eq_batch *b = eq_calloc(1, sizeof *b);
    if (b == NULL) return eq_out_of_memory(diag);
    b->c = c;
    b->inputs = inputs;
    b->threads = o->threads;
    eq_status status = open_all(b, input, diag);
    if (status == EQ_OK)
        *out = b;
    else
        eq_batch_free(b);
    return status;
}

/* Takes the values of the circuit over, which may have changed since the last call. */
static void take_values(eq_batch *b, eq_worker *w) {
    w->view.env = b->c->env;
    w->view.options = b->c->options;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &b->c->table[cls];
        for (int k = 0; w->owned[cls] && k < t->cls->columns; k++)
            memcpy(w->view.table[cls].w[k], t->w[k], t->count * sizeof *t->w[k]);
    }
    eq_solver_refresh(w->solver);
    eq_diag_clear(w->diag);
}

eq_status eq_batch_put_inputs(const eq_job *q, eq_worker *w, size_t j) {
    const eq_batch *b = q->b;
    const double *x = q->x + j * b->inputs;
    for (size_t i = 0; i < b->inputs; i++) {
        eq_status status = eq_handle_set(&w->view, b->input[i], x[i], w->diag);
        if (status != EQ_OK) return status;
    }
    if (b->restamp) eq_solver_refresh(w->solver);
    return EQ_OK;
}

static eq_status solve_row(const eq_job *q, eq_worker *w, size_t j) {
    size_t nodes = eq_circuit_nodes(q->b->c), branches = eq_solver_branches(w->solver);
    double *v = q->v + j * nodes, *branch = q->branch == NULL ? NULL : q->branch + j * branches;
    eq_solve_options o = eq_solve_defaults(&w->view);
    memset(v, 0, nodes * sizeof *v);
    eq_status status = eq_batch_put_inputs(q, w, j);
    eq_solver_forget(w->solver); /* pivots of other rows would show in the last bits */
    if (status == EQ_OK) return eq_solver_run(w->solver, &o, v, branch, NULL, w->diag);
    for (size_t n = 0; n < nodes; n++) v[n] = NAN;
    for (size_t k = 0; branch != NULL && k < branches; k++) branch[k] = NAN;
    return status;
}

static eq_status product_row(const eq_job *q, eq_worker *w, size_t j) {
    size_t nodes = eq_circuit_nodes(q->b->c), branches = eq_solver_branches(w->solver);
    const double *v = q->v + j * nodes, *branch = q->branch + j * branches;
    const double *dcdv = q->dcdv + j * nodes;
    eq_status status = eq_batch_put_inputs(q, w, j);
    if (status == EQ_OK && w->adjoint == NULL)
        status = eq_adjoint_new(w->solver, &w->adjoint, w->diag);
    eq_solver_forget(w->solver);
    if (status == EQ_OK) status = eq_adjoint_solve(w->adjoint, v, branch, dcdv, w->diag);
    if (status == EQ_OK) eq_adjoint_sources(w->adjoint, dcdv);
    for (size_t k = 0; k < q->params; k++)
        q->dcdw[j * q->params + k] =
            status == EQ_OK ? eq_adjoint_gradient(w->adjoint, q->param[k], v, branch) : NAN;
    return status;
}

/* Thread k takes every threads-th row. */
static void work(void *data, int k) {
    const eq_job *q = data;
    eq_worker *w = &q->b->worker[k];
    take_values(q->b, w);
    q->first[k] = q->n;
    for (size_t j = (size_t)k; j < q->n; j += (size_t)q->b->threads) {
        eq_status status = q->row(q, w, j);
        if (status == EQ_OK || q->first[k] < q->n) continue;
        q->first[k] = j;
        q->status[k] = status;
    }
}

/* The messages of the first row that failed go to diag. */
static eq_status report(const eq_job *q, eq_diag *diag) {
    int first = 0;
    for (int k = 1; k < q->b->threads; k++)
        if (q->first[k] < q->first[first]) first = k;
    if (q->first[first] == q->n) return EQ_OK;
    eq_status status = q->status[first];
    if (status == EQ_ERR_MEMORY) return eq_out_of_memory(diag);
    eq_diag_pass_on(q->b->worker[first].diag, status, diag);
    return eq_fail(diag, status, "row %zu of the %zu has no answer; see above", q->first[first] + 1,
                   q->n);
}

eq_status eq_batch_run(eq_job *q, eq_diag *diag) {
    size_t threads = (size_t)q->b->threads;
    q->first = eq_calloc(threads, sizeof *q->first);
    q->status = eq_calloc(threads, sizeof *q->status);
    eq_status status = EQ_OK;
    if (q->first == NULL || q->status == NULL)
        status = eq_out_of_memory(diag);
    else
        eq_pool_run(q->b->pool, q->b->threads, work, q);
    if (status == EQ_OK) status = report(q, diag);
    eq_free(q->first);
    eq_free(q->status);
    return status;
}

eq_status eq_batch_solve(eq_batch *b, size_t n, const double *x, double *v, double *branch,
                         eq_diag *diag) {
    eq_job q = {.b = b, .row = solve_row, .n = n, .x = x, .v = v, .branch = branch};
    return eq_batch_run(&q, diag);
}

eq_status eq_batch_vjp(eq_batch *b, size_t n, const double *x, const double *v,
                       const double *branch, const double *dcdv, const eq_handle *param,
                       size_t params, double *dcdw, eq_diag *diag) {
    eq_status status = eq_batch_check_handles(b->c, param, params, true, diag);
    if (status != EQ_OK) return status;
    eq_job q = {.b = b,
                .row = product_row,
                .n = n,
                .x = x,
                .v = (double *)(uintptr_t)v, /* read alone: solve_row is not called */
                .branch = (double *)(uintptr_t)branch,
                .dcdv = dcdv,
                .param = param,
                .params = params,
                .dcdw = dcdw};
    return eq_batch_run(&q, diag);
}
