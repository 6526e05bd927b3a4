/* A circuit as what a model is made of: its groups are the blocks, its columns the parameters. */
#include <math.h>

#include "base/comm.h"
#include "base/mem.h"
#include "circuit/reduction.h"
#include "model/substrate.h"
#include "solver/system.h"

typedef struct of_circuit {
    eq_circuit *c;
    eq_reduction *reduction; /* of c; made when potentials are first asked for */
    double *unknown;         /* [unknowns of reduction] V, then [inputs] V */
    eq_system *system;       /* of c; made when energies are first asked for */
    double *x;               /* [eq_system_most] V; with it */
    eq_topology *topology;   /* of c; made when its convexity is */
} of_circuit;

static void destroy(void *self) {
    of_circuit *o = self;
    if (o == NULL) return;
    eq_topology_free(o->topology);
    eq_system_free(o->system);
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
    eq_status status = o->system == NULL ? eq_system_new(o->c, false, &o->system, diag)
                                         : eq_system_refresh(o->system, diag);
    if (status == EQ_OK && o->x == NULL) o->x = eq_calloc(eq_system_most(o->system), sizeof *o->x);
    return status == EQ_OK && o->x == NULL ? eq_out_of_memory(diag) : status;
}

/* The weighted co-content, over the weight of the outputs. */
static eq_status energies(void *self, size_t count, const double *x, const double *v, double *e,
                          double *size, eq_diag *diag) {
    of_circuit *o = self;
    size_t inputs = o->c->inputs;
    eq_status status = eq_comm_agree(open_system(o, diag));
    if (status == EQ_OK) status = eq_comm_agree(open_reduction(o, diag));
    if (status != EQ_OK) return status;
    double *kept = o->unknown + o->reduction->unknowns;
    double reference = eq_topology_weight(o->system->topology, o->c->output[0].plus);
    for (size_t i = 0; i < inputs; i++) kept[i] = *eq_circuit_source(o->c, o->c->input[i]);
    for (size_t k = 0; k < count; k++, v += eq_circuit_nodes(o->c)) {
        for (size_t i = 0; i < inputs; i++)
            *eq_circuit_source(o->c, o->c->input[i]) = x[k * inputs + i];
        eq_system_unknowns(o->system, v, NULL, o->x);
        e[k] = eq_system_energy(o->system, o->x, &size[k]) / reference;
        size[k] /= fabs(reference);
    }
    for (size_t i = 0; i < inputs; i++) *eq_circuit_source(o->c, o->c->input[i]) = kept[i];
    return EQ_OK;
}

static const eq_substrate_ops ops = {destroy, block, name,   output,   get,    put,      derive,
                                     fan_in,  start, places, complete, convex, energies, NULL};

eq_status eq_network_new(eq_circuit *c, eq_network **out, eq_diag *diag) {
    of_circuit *o = eq_calloc(1, sizeof *o);
    if (o == NULL) return eq_out_of_memory(diag);
    o->c = c;
    eq_substrate s = {&ops, o, c->inputs, c->outputs, eq_circuit_nodes(c), c->groups, c};
    return eq_network_of(s, out, diag);
}
