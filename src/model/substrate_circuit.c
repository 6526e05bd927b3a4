/* A circuit as what a model is made of: its groups are the blocks, its columns the parameters. */
#include <math.h>
#include <string.h>

#include "base/comm.h"
#include "base/mem.h"
#include "circuit/reduction.h"
#include "model/substrate.h"
#include "solver/adjoint.h"

typedef struct of_circuit {
    eq_circuit *c;
    eq_reduction *reduction; /* of c; made when potentials are first asked for */
    double *unknown;         /* [unknowns of reduction] V, then [inputs] V */
    eq_solver *solver;       /* of c; made when energies are first asked for */
    double *x;               /* [eq_system_most] V; with it */
    eq_adjoint *adjoint;     /* of the solver; made when gradients by the inputs are */
    double *lambda, *branch; /* [2 nodes], [branches]; with it */
    eq_topology *topology;   /* of c; made when its convexity is */
} of_circuit;

static void destroy(void *self) {
    of_circuit *o = self;
    if (o == NULL) return;
    eq_topology_free(o->topology);
    eq_adjoint_free(o->adjoint);
    eq_solver_free(o->solver);
    eq_free(o->lambda);
    eq_free(o->branch);
    eq_reduction_free(o->reduction);
    eq_free(o->unknown);
    eq_free(o->x);
    eq_free(o);
}

static const eq_group *group_of(const void *self, size_t b) {
    const of_circuit *o = self;
    return &o->c->group[b];
}

static const eq_table *table_of(const void *self, size_t b) {
    const of_circuit *o = self;
    return &o->c->table[o->c->group[b].cls];
}

static eq_block block(const void *self, size_t b) {
    const eq_group *g = group_of(self, b);
    const eq_param *p = &eq_class(g->cls)->param[g->param];
    return (eq_block){g->name, p->name, p->unit, g->min, g->max, 0, g->count};
}

static const char *name(const void *self, size_t b, size_t j) {
    const of_circuit *o = self;
    return eq_circuit_element_name(o->c, table_of(self, b)->id[group_of(self, b)->row[j]]);
}

static const char *output(const void *self, size_t k, bool *pair) {
    const of_circuit *o = self;
    *pair = o->c->output[k].minus != EQ_NONE;
    return eq_circuit_node_name(o->c, o->c->output[k].plus);
}

static void get(const void *self, size_t b, double *theta) {
    const eq_group *g = group_of(self, b);
    const double *w = table_of(self, b)->w[g->param];
    for (size_t j = 0; j < g->count; j++) theta[j] = w[g->row[j]];
}

static void put(void *self, size_t b, const double *theta) {
    const eq_group *g = group_of(self, b);
    double *w = table_of(self, b)->w[g->param];
    for (size_t j = 0; j < g->count; j++) w[g->row[j]] = theta[j];
}

static void derive(void *self) {
    of_circuit *o = self;
    eq_circuit_derive(o->c);
}

static eq_status fan_in(const void *self, size_t b, double *fan, eq_diag *diag) {
    const of_circuit *o = self;
    const eq_group *g = group_of(self, b);
    const eq_node *end = table_of(self, b)->term[1];
    int32_t *at = eq_calloc(eq_circuit_nodes(o->c), sizeof *at);
    if (at == NULL) return eq_out_of_memory(diag);
    for (size_t j = 0; j < g->count; j++) at[end[g->row[j]]]++;
    for (size_t j = 0; j < g->count; j++) fan[j] = at[end[g->row[j]]];
    eq_free(at);
    return EQ_OK;
}

static eq_status start(void *self, const eq_engine_options *options, eq_engine **out,
                       eq_diag *diag) {
    const of_circuit *o = self;
    return eq_engine_new(o->c, options, out, diag);
}

/* From the rows in the engine's order; `at` is room for one number a row of the block's table. */
static eq_status places(const void *self, const eq_engine *e, size_t b, int32_t *place,
                        eq_diag *diag) {
    const eq_group *g = group_of(self, b);
    int32_t *at = eq_calloc(table_of(self, b)->count, sizeof *at);
    if (at == NULL) return eq_out_of_memory(diag);
    eq_engine_group_rows(e, b, place);
    for (size_t j = 0; j < g->count; j++) at[g->row[j]] = (int32_t)j;
    for (size_t j = 0; j < g->count; j++) place[j] = at[place[j]];
    eq_free(at);
    return EQ_OK;
}

static eq_status open_reduction(of_circuit *o, eq_diag *diag) {
    if (o->unknown != NULL) return EQ_OK;
    eq_status status = o->reduction == NULL ? eq_reduction_new(o->c, &o->reduction, diag) : EQ_OK;
    if (status == EQ_OK)
        o->unknown = eq_calloc(o->reduction->unknowns + o->c->inputs, sizeof *o->unknown);
    return status == EQ_OK && o->unknown == NULL ? eq_out_of_memory(diag) : status;
}

/* The unknown of a node: its potential, behind a short the drop to its parent. */
static double above_parent(const eq_reduction *r, const double *v, eq_node n) {
    return r->parent[n] == EQ_NONE ? v[n] : v[n] - v[r->parent[n]];
}

/* What sources hold and amplifiers drive follows from the free nodes: v = T x + c. */
static eq_status complete(void *self, size_t count, const double *x, double *v, eq_diag *diag) {
    of_circuit *o = self;
    size_t inputs = o->c->inputs;
    eq_status status = eq_comm_agree(open_reduction(o, diag));
    if (status != EQ_OK) return status;
    double *kept = o->unknown + o->reduction->unknowns;
    for (size_t i = 0; i < inputs; i++) kept[i] = *eq_circuit_source(o->c, o->c->input[i]);
    for (size_t k = 0; k < count; k++, v += eq_circuit_nodes(o->c)) {
        for (size_t i = 0; i < inputs; i++)
            *eq_circuit_source(o->c, o->c->input[i]) = x[k * inputs + i];
        for (size_t j = 0; j < o->reduction->node_unknowns; j++)
            o->unknown[j] = above_parent(o->reduction, v, o->reduction->root[j]);
        eq_reduction_potentials(o->reduction, o->c, o->unknown, 1.0, v, NULL);
    }
    for (size_t i = 0; i < inputs; i++) *eq_circuit_source(o->c, o->c->input[i]) = kept[i];
    return EQ_OK;
}

static eq_status convex(void *self, bool *is, eq_diag *diag) {
    of_circuit *o = self;
    eq_status status = open_reduction(o, diag);
    if (status == EQ_OK && o->topology != NULL && !eq_topology_is_current(o->topology, o->c)) {
        eq_topology_free(o->topology);
        o->topology = NULL;
    }
    if (status == EQ_OK && o->topology == NULL)
        status = eq_topology_new(o->c, o->reduction, &o->topology, diag);
    if (status == EQ_OK) *is = !o->topology->exists || eq_topology_convex(o->topology);
    return status;
}

static eq_status open_system(of_circuit *o, eq_diag *diag) {
    eq_status status = o->solver == NULL ? eq_solver_new(o->c, &o->solver, diag) : EQ_OK;
    if (status != EQ_OK) return status;
    eq_solver_refresh(o->solver);
    if (o->x == NULL) o->x = eq_calloc(eq_system_most(eq_solver_system(o->solver)), sizeof *o->x);
    return o->x == NULL ? eq_out_of_memory(diag) : open_reduction(o, diag);
}

/* What the input sources stand at, into the room behind the unknowns, or back from there. */
static void keep_inputs(of_circuit *o, bool back) {
    double *kept = o->unknown + o->reduction->unknowns;
    for (size_t i = 0; i < o->c->inputs; i++) {
        double *at = eq_circuit_source(o->c, o->c->input[i]);
        if (back)
            *at = kept[i];
        else
            kept[i] = *at;
    }
}

static void put_inputs(of_circuit *o, const double *x) {
    for (size_t i = 0; i < o->c->inputs; i++) *eq_circuit_source(o->c, o->c->input[i]) = x[i];
}

/* The weighted co-content, over the weight of the outputs. */
static eq_status energies(void *self, size_t count, const double *x, const double *v, double *e,
                          double *size, eq_diag *diag) {
    of_circuit *o = self;
    eq_status status = eq_comm_agree(open_system(o, diag));
    if (status != EQ_OK) return status;
    eq_system *s = eq_solver_system(o->solver);
    double reference = eq_topology_weight(s->topology, o->c->output[0].plus);
    keep_inputs(o, false);
    for (size_t k = 0; k < count; k++) {
        put_inputs(o, x + k * o->c->inputs);
        eq_system_unknowns(s, v + k * s->nodes, NULL, o->x);
        e[k] = eq_system_energy(s, o->x, &size[k]) / reference;
        size[k] /= fabs(reference);
    }
    keep_inputs(o, true);
    return EQ_OK;
}

static eq_status open_adjoint(of_circuit *o, eq_diag *diag) {
    size_t nodes = eq_circuit_nodes(o->c);
    eq_status status = open_system(o, diag);
    if (status == EQ_OK && o->adjoint == NULL)
        status = eq_adjoint_new(o->solver, &o->adjoint, diag);
    if (status != EQ_OK) return status;
    if (o->lambda == NULL) o->lambda = eq_calloc(nodes, 2 * sizeof *o->lambda);
    if (o->branch == NULL)
        o->branch = eq_calloc(eq_solver_branches(o->solver) + 1, sizeof *o->branch);
    return o->lambda == NULL || o->branch == NULL ? eq_out_of_memory(diag) : EQ_OK;
}

/* The multipliers of one example: d_n l_n over d of the outputs, or solved, with v made an operating point
 * of the solver. */
static eq_status multipliers(of_circuit *o, double *v, const double *l, const double *dcdv,
                             eq_diag *diag) {
    const eq_topology *t = eq_solver_system(o->solver)->topology;
    size_t nodes = eq_circuit_nodes(o->c);
    if (l == NULL) {
        eq_solve_options options = eq_solve_defaults(o->c);
        eq_status status = eq_solver_solve(o->solver, &options, v, o->branch, NULL, diag);
        return status == EQ_OK ? eq_adjoint_solve(o->adjoint, v, o->branch, dcdv, diag) : status;
    }
    for (size_t n = 0; n < nodes; n++)
        o->lambda[n] =
            eq_topology_weight(t, (eq_node)n) / eq_topology_weight(t, o->c->output[0].plus) * l[n];
    o->lambda[EQ_GROUND] = 0.0;
    eq_adjoint_take(o->adjoint, v, o->lambda);
    return EQ_OK;
}

/* An input is the value of a source. */
static eq_status input_gradient(void *self, size_t count, const double *x, const double *v,
                                const double *l, const double *dcdy, double *dldx, eq_diag *diag) {
    of_circuit *o = self;
    size_t nodes = eq_circuit_nodes(o->c), inputs = o->c->inputs;
    eq_status status = eq_comm_agree(open_adjoint(o, diag));
    if (status != EQ_OK) return status;
    double *dcdv = o->lambda + nodes, *at = eq_malloc(nodes, sizeof *at);
    if (at == NULL) return eq_out_of_memory(diag);
    keep_inputs(o, false);
    for (size_t k = 0; status == EQ_OK && k < count; k++) {
        put_inputs(o, x + k * inputs);
        memcpy(at, v + k * nodes, nodes * sizeof *at);
        memset(dcdv, 0, nodes * sizeof *dcdv);
        for (size_t j = 0; j < o->c->outputs; j++) {
            const eq_output *out = &o->c->output[j];
            dcdv[out->plus] += dcdy[k * o->c->outputs + j];
            if (out->minus != EQ_NONE) dcdv[out->minus] -= dcdy[k * o->c->outputs + j];
        }
        status = multipliers(o, at, l == NULL ? NULL : l + k * nodes, dcdv, diag);
        if (status == EQ_OK) eq_adjoint_sources(o->adjoint, dcdv);
        for (size_t i = 0; status == EQ_OK && i < inputs; i++) {
            eq_handle h = {o->c->input[i], eq_class(o->c->row[o->c->input[i]].cls)->value};
            dldx[k * inputs + i] =
                eq_adjoint_gradient(o->adjoint, h, at, l == NULL ? o->branch : o->adjoint->branch);
        }
    }
    keep_inputs(o, true);
    eq_free(at);
    return status;
}

static const eq_substrate_ops ops = {.destroy = destroy,
                                     .block = block,
                                     .name = name,
                                     .output = output,
                                     .get = get,
                                     .put = put,
                                     .derive = derive,
                                     .fan_in = fan_in,
                                     .start = start,
                                     .places = places,
                                     .complete = complete,
                                     .convex = convex,
                                     .energies = energies,
                                     .input_gradient = input_gradient};

eq_status eq_network_new(eq_circuit *c, eq_network **out, eq_diag *diag) {
    of_circuit *o = eq_calloc(1, sizeof *o);
    if (o == NULL) return eq_out_of_memory(diag);
    o->c = c;
    eq_substrate s = {&ops, o, c->inputs, c->outputs, eq_circuit_nodes(c), c->groups, c};
    return eq_network_of(s, out, diag);
}
