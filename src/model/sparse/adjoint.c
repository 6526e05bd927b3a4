/* What the phases and the dynamics of the engine for any circuit share. */
#include <string.h>

#include "base/mem.h"
#include "model/sparse/sparse.h"

eq_status eq_sparse_open_slot(eq_sparse_engine *e, int slot, eq_diag *diag) {
    if (e->state[slot] == NULL) e->state[slot] = eq_malloc(e->batch, e->nodes * sizeof **e->state);
    if (e->driven[slot] == NULL)
        e->driven[slot] = eq_calloc(e->batch, e->c->outputs * sizeof **e->driven);
    return e->state[slot] == NULL || e->driven[slot] == NULL ? eq_out_of_memory(diag) : EQ_OK;
}

eq_status eq_sparse_open_adjoint(eq_sparse_engine *e, eq_diag *diag) {
    if (e->exact == NULL) e->exact = eq_malloc(e->parameters, sizeof *e->exact);
    if (e->exact == NULL) return eq_out_of_memory(diag);
    if (e->adjoint != NULL) return EQ_OK;
    if (e->lambda == NULL) e->lambda = eq_malloc(e->nodes, sizeof *e->lambda);
    if (e->dcdv == NULL) e->dcdv = eq_malloc(e->nodes, sizeof *e->dcdv);
    if (e->lambda == NULL || e->dcdv == NULL) return eq_out_of_memory(diag);
    return eq_adjoint_new(e->solver, &e->adjoint, diag);
}

void eq_sparse_add_adjoints(const eq_sparse_engine *e, const eq_group *g, const double *v,
                            const double *branch, double *gradient) {
    for (size_t j = 0; j < g->count; j++) {
        eq_handle h = {e->c->table[g->cls].id[g->row[j]], g->param};
        gradient[j] += eq_adjoint_gradient(e->adjoint, h, v, branch);
    }
}

void eq_sparse_slopes(eq_sparse_engine *e, const double *dcdy, double *dcdv) {
    memset(dcdv, 0, e->nodes * sizeof *dcdv);
    for (size_t o = 0; o < e->c->outputs; o++) {
        const eq_output *out = &e->c->output[o];
        dcdv[out->plus] += dcdy[o];
        if (out->minus != EQ_NONE) dcdv[out->minus] -= dcdy[o];
    }
}

void eq_sparse_add_exact(eq_sparse_engine *e, const double *v, const double *branch) {
    double *to = e->exact;
    for (size_t g = 0; g < e->c->groups; to += e->c->group[g++].count)
        eq_sparse_add_adjoints(e, &e->c->group[g], v, branch, to);
}
