#include "model/exact.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/engine_ops.h"
#include "model/exact_doubt.h"

void eq_exact_close(eq_exact *e) {
    double *all[] = {e->start,    e->v,        e->dcdv,     e->at,   e->lambda,   e->branch,
                     e->dcdy,     e->y,        e->dv,       e->one,  e->gradient, e->doubt,
                     e->round[0], e->round[1], e->round[2], e->still};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++) eq_free(all[j]);
    eq_free(e->handle);
    eq_free(e->energy);
    eq_topology_free(e->topology);
    eq_adjoint_free(e->back);
    eq_solver_free(e->solver);
    *e = (eq_exact){0};
}

static eq_status make_room(eq_exact *e, eq_diag *diag) {
    struct {
        double **at;
        size_t count, each;
    } all[] = {{&e->start, e->n, e->nodes},
               {&e->v, 1, e->nodes},
               {&e->dcdv, 1, e->nodes},
               {&e->at, 1, e->nodes},
               {&e->lambda, 1, e->nodes},
               {&e->dv, EQ_EXACT_SAMPLES, e->nodes},
               {&e->branch, 1, eq_solver_branches(e->solver)},
               {&e->dcdy, 1, e->outputs},
               {&e->y, 1, e->outputs},
               {&e->one, 1 + EQ_EXACT_PROBES, e->parameters},
               {&e->gradient, 1, e->parameters},
               {&e->doubt, 1, e->parameters},
               {&e->round[0], 1, e->parameters},
               {&e->round[1], 1, e->parameters},
               {&e->round[2], 1, e->parameters}};
    e->handle = eq_calloc(e->parameters, sizeof *e->handle);
    e->energy = eq_calloc(e->parameters, sizeof *e->energy);
    bool whole = e->handle != NULL && e->energy != NULL;
    for (size_t j = 0; whole && j < sizeof all / sizeof *all; j++) {
        *all[j].at = eq_calloc(all[j].count, all[j].each * sizeof **all[j].at);
        whole = *all[j].at != NULL;
    }
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

static void find_handles(eq_exact *e) {
    size_t p = 0;
    for (size_t k = 0; k < e->c->groups; k++) {
        const eq_group *g = &e->c->group[k];
        const eq_table *t = &e->c->table[g->cls];
        for (size_t j = 0; j < g->count; j++, p++) {
            e->handle[p] = (eq_handle){t->id[g->row[j]], g->param};
            e->energy[p] = eq_learns_by_energy(t);
            e->responds = e->responds || !e->energy[p];
        }
    }
}

eq_status eq_exact_open(eq_exact *e, eq_network *model, size_t n, const double *x,
                        eq_output_cost cost, uint64_t seed, eq_diag *diag) {
    *e = (eq_exact){.model = model, .c = eq_network_circuit(model), .n = n, .x = x, .cost = cost};
    e->nodes = eq_network_nodes(model);
    e->outputs = eq_network_outputs(model);
    e->parameters = eq_network_parameters(model);
    e->random = eq_random_seed(seed);
    if (e->c == NULL) return eq_plain_open(e, diag);
    e->options = eq_solve_defaults(e->c);
    eq_status status = eq_solver_new(e->c, &e->solver, diag);
    if (status == EQ_OK) status = eq_adjoint_new(e->solver, &e->back, diag);
    if (status != EQ_OK) return status;
    status = eq_topology_check(e->c, &e->topology, NULL);
    if (status == EQ_ERR_MEMORY) eq_out_of_memory(diag);
    if (status == EQ_OK) status = make_room(e, diag);
    if (status == EQ_OK) find_handles(e);
    return status;
}

eq_status eq_exact_solve(eq_exact *e, size_t j, eq_diag *diag) {
    eq_circuit *c = e->c;
    for (size_t i = 0; i < c->inputs; i++)
        *eq_circuit_source(c, c->input[i]) = e->x[j * c->inputs + i];
    eq_solver_refresh(e->solver);
    memcpy(e->v, e->start + j * e->nodes, e->nodes * sizeof *e->v);
    return eq_solver_solve(e->solver, &e->options, e->v, e->branch, NULL, diag);
}

void eq_exact_slope(eq_exact *e, size_t j, const double *v) {
    const eq_output *o = e->c->output;
    for (size_t k = 0; k < e->outputs; k++)
        e->y[k] = v[o[k].plus] - (o[k].minus == EQ_NONE ? 0.0 : v[o[k].minus]);
    e->cost.gradient(e->cost.data, j, e->y, e->dcdy);
    memset(e->dcdv, 0, e->nodes * sizeof *e->dcdv);
    for (size_t k = 0; k < e->outputs; k++) {
        e->dcdv[o[k].plus] += e->dcdy[k];
        if (o[k].minus != EQ_NONE) e->dcdv[o[k].minus] -= e->dcdy[k];
    }
}

eq_status eq_exact_adjoint(eq_exact *e, size_t j, const double *v, double *gradient,
                           eq_diag *diag) {
    eq_exact_slope(e, j, v);
    eq_status status = eq_adjoint_solve(e->back, v, e->branch, e->dcdv, diag);
    if (status != EQ_OK) return status;
    if (e->responds) eq_adjoint_sources(e->back, e->dcdv);
    for (size_t p = 0; p < e->parameters; p++)
        gradient[p] = eq_adjoint_gradient(e->back, e->handle[p], v, e->branch);
    return EQ_OK;
}

eq_status eq_exact_measure(eq_exact *e, eq_diag *diag) {
    eq_status status = EQ_OK;
    if (e->c == NULL) return eq_plain_measure(e, diag);
    for (size_t j = 0; status == EQ_OK && j < e->n; j++) {
        status = eq_exact_solve(e, j, diag);
        if (status == EQ_OK) status = eq_exact_adjoint(e, j, e->v, e->one, diag);
        if (status != EQ_OK) return status;
        memcpy(e->start + j * e->nodes, e->v, e->nodes * sizeof *e->v);
        e->reach = fmax(e->reach, eq_exact_largest(e->back->lambda, e->nodes));
        e->push = fmax(e->push, eq_exact_largest(e->dcdy, e->outputs));
    }
    return status;
}

void eq_exact_bound(eq_exact *e, double reltol, double abstol) {
    e->options.reltol = reltol;
    e->options.abstol = fmax(abstol, 1e-300);
    eq_exact_loosen(e, 1.0);
}

void eq_exact_loosen(eq_exact *e, double loose) {
    if (e->c == NULL) {
        eq_plain_loosen(e, loose);
        return;
    }
    e->c->options.reltol = loose * e->options.reltol;
    e->c->options.abstol = loose * e->options.abstol;
    eq_network_load(e->model);
}

eq_status eq_exact_states(eq_exact *e, eq_diag *diag) {
    eq_status status = EQ_OK;
    if (e->c == NULL) return eq_plain_states(e, diag);
    for (size_t j = 0; status == EQ_OK && j < e->n; j++) status = eq_exact_solve(e, j, diag);
    return status;
}

eq_status eq_exact_hold(eq_exact *e, eq_diag *diag) {
    return e->c == NULL ? eq_plain_hold(e, diag) : EQ_OK;
}

void eq_exact_put(eq_exact *e, size_t p, double value) {
    if (e->c == NULL) {
        eq_plain_put(e, p, value);
        return;
    }
    eq_handle_put(e->c, e->handle[p], value);
    eq_solver_refresh(e->solver);
}

eq_status eq_exact_loss(eq_exact *e, double *mean, eq_diag *diag) {
    eq_status status = EQ_OK;
    if (e->c == NULL) return eq_plain_loss(e, mean, diag);
    *mean = 0.0;
    for (size_t j = 0; status == EQ_OK && j < e->n; j++) {
        status = eq_exact_solve(e, j, diag);
        eq_exact_slope(e, j, e->v);
        *mean += e->cost.value(e->cost.data, j, e->y) / (double)e->n;
    }
    return status;
}
