/* Breadth-first search with steps of length 0 and 1 over nodes and elements. */
#include "circuit/depth.h"

#include <string.h>

#include "base/mem.h"
#include "circuit/port.h"

/* Which elements name a node: element[first[n]] .. element[first[n + 1] - 1]. */
typedef struct search {
    const eq_circuit *c;
    const eq_topology *t;
    eq_depths *d;
    size_t *first;
    eq_element *element;
    bool *done; /* [elements] */
    eq_node *now, *later;
    size_t nows, laters;
} search;

typedef void (*each_node)(void *data, eq_node node, eq_element e);

/* Calls `take` for every node that element e reads or drives. */
static void nodes_of(const eq_circuit *c, eq_element e, each_node take, void *data) {
    eq_row at = c->row[e];
    const eq_table *t = &c->table[at.cls];
    size_t row = (size_t)at.row;
    for (int k = 0; k < eq_class_nodes(t->cls); k++) take(data, t->term[k][row], e);
    if (!eq_is_port(t) || eq_is_port_class(t)) return;
    for (size_t k = 0; k < eq_port_inputs(t, row); k++) {
        eq_formula_input in = eq_port_input(t, row, k);
        if (in.kind != EQ_INPUT_DROP) continue;
        take(data, in.plus, e);
        take(data, in.minus, e);
    }
}

static void count_node(void *data, eq_node node, eq_element e) {
    search *s = data;
    (void)e;
    s->first[node + 1]++;
}

static void keep_element(void *data, eq_node node, eq_element e) {
    search *s = data;
    s->element[s->first[node]++] = e;
}

/* The lists of elements by node (counting sort). */
static eq_status incidences(search *s, eq_diag *diag) {
    size_t nodes = eq_circuit_nodes(s->c), elements = eq_circuit_elements(s->c);
    s->first = eq_calloc(nodes + 1, sizeof *s->first);
    if (s->first == NULL) return eq_out_of_memory(diag);
    for (size_t e = 0; e < elements; e++) nodes_of(s->c, (eq_element)e, count_node, s);
    for (size_t n = 1; n < nodes; n++) s->first[n + 1] += s->first[n];
    s->element = eq_malloc(s->first[nodes], sizeof *s->element);
    s->done = eq_calloc(elements, sizeof *s->done);
    s->now = eq_malloc(s->first[nodes] + nodes, sizeof *s->now);
    s->later = eq_malloc(s->first[nodes] + nodes, sizeof *s->later);
    if (s->element == NULL || s->done == NULL || s->now == NULL || s->later == NULL)
        return eq_out_of_memory(diag);
    for (size_t e = 0; e < elements; e++) nodes_of(s->c, (eq_element)e, keep_element, s);
    memmove(s->first + 1, s->first, nodes * sizeof *s->first); /* each stands at its end */
    s->first[0] = 0;
    return EQ_OK;
}

/* The step through element e to a node: into the list of its depth, unless it was there before or
 * is held by a source. */
static void step(void *data, eq_node node, eq_element e) {
    search *s = data;
    bool voltage = eq_class(s->c->row[e].cls)->defined == EQ_VOLTAGE_DEFINED;
    if (node == EQ_GROUND || s->d->node[node] != EQ_NONE) return;
    if (!voltage && s->t->component[node] == EQ_NONE) return;
    if (voltage)
        s->now[s->nows++] = node;
    else
        s->later[s->laters++] = node;
}

/* All nodes of one depth, from those in s->now. */
static void spread(search *s, int32_t depth) {
    while (s->nows > 0) {
        eq_node node = s->now[--s->nows];
        if (s->d->node[node] != EQ_NONE) continue;
        s->d->node[node] = s->d->deepest = depth;
        for (size_t k = s->first[node]; k < s->first[node + 1]; k++) {
            if (s->done[s->element[k]]) continue;
            s->done[s->element[k]] = true;
            nodes_of(s->c, s->element[k], step, s);
        }
    }
}

static void run(search *s) {
    for (size_t k = 0; k < s->c->inputs; k++) nodes_of(s->c, s->c->input[k], step, s);
    for (int32_t depth = 0; s->nows > 0; depth++) {
        spread(s, depth);
        eq_node *kept = s->now;
        s->now = s->later;
        s->nows = s->laters;
        s->later = kept;
        s->laters = 0;
    }
}

eq_status eq_depths_new(const eq_circuit *c, const eq_topology *t, eq_depths **out, eq_diag *diag) {
    search s = {.c = c, .t = t, .d = eq_calloc(1, sizeof *s.d)};
    if (s.d == NULL) return eq_out_of_memory(diag);
    s.d->nodes = eq_circuit_nodes(c);
    s.d->node = eq_malloc(s.d->nodes, sizeof *s.d->node);
    eq_status status = s.d->node == NULL ? eq_out_of_memory(diag) : incidences(&s, diag);
    if (status == EQ_OK) {
        memset(s.d->node, 0xff, s.d->nodes * sizeof *s.d->node);
        run(&s);
        *out = s.d;
    } else {
        eq_depths_free(s.d);
    }
    eq_free(s.first);
    eq_free(s.element);
    eq_free(s.done);
    eq_free(s.now);
    eq_free(s.later);
    return status;
}

void eq_depths_free(eq_depths *d) {
    if (d == NULL) return;
    eq_free(d->node);
    eq_free(d);
}

int32_t eq_depth_of(const eq_depths *d, const eq_table *t, size_t row) {
    int32_t deepest = 0;
    int terminals = eq_is_port_class(t) ? eq_class_nodes(t->cls) : 2;
    for (int k = 0; k < terminals; k++)
        if (d->node[t->term[k][row]] > deepest) deepest = d->node[t->term[k][row]];
    return deepest;
}
