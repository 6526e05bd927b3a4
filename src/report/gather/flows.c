/* A network with what flows through its elements at the operating point: each element of two terminals
 * is an edge; what leads to ground has a leaf of its own there. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/circuit.h"
#include "report/axis.h"
#include "report/graph.h"
#include "report/kind.h"
#include "solver/solver.h"
#include "train/train.h"

typedef struct flows {
    const eq_circuit *c;
    const double *v;   /* [nodes of the circuit] V */
    int32_t *place_of; /* [those] node of the drawing, EQ_NONE: not there */
    eq_graph_edge *edge;
    const char **label;
    double *kind;
    size_t edges, edge_cap, nodes, label_cap, kind_cap;
    size_t pipes; /* of the edges */
} flows;

static bool is_edge(const eq_table *t) {
    return t->cls->defined == EQ_CURRENT_DEFINED && t->cls->value_and_slope != NULL &&
           (t->cls->control == EQ_CONTROL_NONE || eq_by_voltage(t));
}

static double flow_of(const flows *f, const eq_table *t, size_t j) {
    double *w[EQ_MAX_COLUMNS], u = f->v[t->term[0][j]] - f->v[t->term[1][j]], c = 0.0, y, slope;
    for (int k = 0; k < t->cls->columns; k++) w[k] = t->w[k] + j;
    if (eq_by_voltage(t)) c = f->v[t->term[2][j]] - f->v[t->term[3][j]];
    t->cls->value_and_slope(1, w, &u, eq_by_voltage(t) ? &c : NULL, &y, &slope, NULL);
    return y;
}

static int32_t add_node(flows *f, const char *label, double kind) {
    if (!eq_grow((void **)&f->label, &f->label_cap, f->nodes + 1, sizeof *f->label) ||
        !eq_grow((void **)&f->kind, &f->kind_cap, f->nodes + 1, sizeof *f->kind))
        return EQ_NONE;
    f->label[f->nodes] = label;
    f->kind[f->nodes] = kind;
    return (int32_t)f->nodes++;
}

/* The node of the drawing, made where it is new. */
static int32_t end_of(flows *f, eq_node n, const char *element) {
    if (n == EQ_GROUND) return add_node(f, element, 1.0);
    if (f->place_of[n] == EQ_NONE) f->place_of[n] = add_node(f, "", 0.0);
    return f->place_of[n];
}

static bool add_edge(flows *f, const eq_table *t, size_t j) {
    const char *name = eq_circuit_element_name(f->c, t->id[j]);
    double flow = flow_of(f, t, j);
    if (eq_is_independent(t) && flow == 0.0) return true; /* of a nudge */
    if (!eq_grow((void **)&f->edge, &f->edge_cap, f->edges + 1, sizeof *f->edge)) return false;
    eq_graph_edge *e = &f->edge[f->edges++];
    *e = (eq_graph_edge){end_of(f, t->term[0][j], name), end_of(f, t->term[1][j], name), flow};
    return e->from != EQ_NONE && e->to != EQ_NONE;
}

static bool take(flows *f) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &f->c->table[k];
        for (size_t j = 0; is_edge(t) && j < t->count; j++)
            if (t->term[0][j] != t->term[1][j] && !add_edge(f, t, j)) return false;
        if (t->count > 0 && t->cls->letter == 'p') f->pipes = t->count;
    }
    return true;
}

/* Currents in a unit in which they have few digits; flows of pipes in the unit of the deck. */
static void label_of(flows *f, char label[EQ_GRAPH_LABEL]) {
    double most = 0.0;
    char unit[16];
    for (size_t k = 0; k < f->edges; k++) most = fmax(most, fabs(f->edge[k].value));
    double scale = eq_axis_prefix(most, f->pipes == 0 ? "A" : "", unit);
    for (size_t k = 0; k < f->edges; k++) f->edge[k].value *= scale;
    snprintf(label, EQ_GRAPH_LABEL, f->pipes == 0 ? "current [%s]" : "flow%s", unit);
}

/* Few nodes have their names. */
static void name_nodes(flows *f) {
    enum { FEW = 24 };
    for (size_t n = 0; f->nodes <= FEW && n < eq_circuit_nodes(f->c); n++)
        if (f->place_of[n] != EQ_NONE)
            f->label[f->place_of[n]] = eq_circuit_node_name(f->c, (eq_node)n);
}

static eq_status lay_out(flows *f, const char *path, eq_canvas *to, eq_diag *diag) {
    if (f->edges == 0)
        return eq_fail(diag, EQ_ERR_INPUT, "%s has no element of two terminals that can be drawn",
                       path);
    double(*at)[2] = eq_calloc(f->nodes, sizeof *at);
    eq_status status =
        at == NULL ? eq_out_of_memory(diag) : eq_graph_place(f->nodes, f->edge, f->edges, at, diag);
    if (status == EQ_OK) {
        eq_graph g = {.nodes = f->nodes,
                      .edges = f->edges,
                      .panels = 1,
                      .edge = f->edge,
                      .label = f->label,
                      .kind = f->kind,
                      .arrows = true};
        label_of(f, g.value_label);
        name_nodes(f);
        g.panel[0].at = (const double(*)[2])at;
        eq_graph_lay_out(&g, to);
    }
    eq_free(at);
    return status;
}

static eq_status draw(eq_circuit *c, const char *path, eq_canvas *to, eq_diag *diag) {
    size_t nodes = eq_circuit_nodes(c);
    double *v = eq_calloc(nodes, sizeof *v);
    flows f = {.c = c, .v = v, .place_of = eq_malloc(nodes, sizeof *f.place_of)};
    eq_solver *s = NULL;
    eq_status status =
        v == NULL || f.place_of == NULL ? eq_out_of_memory(diag) : eq_solver_new(c, &s, diag);
    if (status == EQ_OK) status = eq_solver_solve(s, NULL, v, NULL, NULL, diag);
    for (size_t n = 0; status == EQ_OK && n < nodes; n++) f.place_of[n] = EQ_NONE;
    if (status == EQ_OK) status = take(&f) ? lay_out(&f, path, to, diag) : eq_out_of_memory(diag);
    eq_solver_free(s);
    eq_free(v);
    eq_free(f.place_of);
    eq_free(f.edge);
    eq_free(f.label);
    eq_free(f.kind);
    return status;
}

eq_status eq_gather_flows(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_circuit *c = NULL;
    if (p->inputs > 1) return eq_fail(diag, EQ_ERR_USAGE, "flows are drawn of one deck or folder");
    eq_status status = eq_picture_circuit(p, &x, &c, diag);
    if (status == EQ_OK) status = draw(c, p->input[0], to, diag);
    eq_circuit_free(c);
    eq_experiment_free(x);
    return status;
}
