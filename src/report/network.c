#include "report/network.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/port.h"

static int32_t root_of(int32_t *parent, int32_t n) {
    while (parent[n] != n) n = parent[n] = parent[parent[n]];
    return n;
}

static bool has_two_ends(const eq_table *t) {
    return t->cls->control != EQ_CONTROL_PORT;
}

/* A voltage-defined branch joins its ends, and what controls it, where no source holds them. */
static void join(const eq_circuit *c, const eq_topology *g, int32_t *parent) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        if (t->count == 0 || t->cls->defined != EQ_VOLTAGE_DEFINED || !has_two_ends(t)) continue;
        for (size_t j = 0; j < t->count; j++) {
            int32_t first = EQ_NONE;
            for (int a = 0; a < (eq_by_voltage(t) ? 4 : 2); a++) {
                eq_node n = t->term[a][j];
                if (n == EQ_GROUND || g->component[n] == EQ_NONE) continue;
                if (first == EQ_NONE)
                    first = n;
                else
                    parent[root_of(parent, n)] = root_of(parent, first);
            }
        }
    }
}

static int32_t add_cell(eq_layout *l, eq_node node, int32_t layer, bool supply) {
    if (!eq_grow((void **)&l->cell, &l->cell_cap, l->cells + 1, sizeof *l->cell)) return EQ_NONE;
    l->cell[l->cells] = (eq_drawn){.node = node, .layer = layer, .supply = supply};
    return (int32_t)l->cells++;
}

/* The nodes in their order; what no input reaches stands behind the last layer. */
static bool make_cells(eq_layout *l, const eq_depths *d, const eq_topology *g, int32_t *parent) {
    for (size_t n = 0; n < l->nodes; n++) l->cell_of[n] = EQ_NONE;
    for (size_t n = 1; n < l->nodes; n++) {
        if (g->component[n] == EQ_NONE && d->node[n] == EQ_NONE) continue;
        int32_t root = root_of(parent, (int32_t)n), layer = d->node[n];
        if (l->cell_of[root] == EQ_NONE) {
            l->cell_of[root] =
                add_cell(l, (eq_node)n, layer == EQ_NONE ? d->deepest + 1 : layer, false);
            if (l->cell_of[root] == EQ_NONE) return false;
        }
        l->cell_of[n] = l->cell_of[root];
        l->cell[l->cell_of[n]].nodes++;
    }
    l->own_cells = l->cells;
    return true;
}

/* What sources hold against ground. */
static void find_supplies(eq_layout *l) {
    for (size_t n = 0; n < l->nodes; n++) l->supply[n] = NAN;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &l->c->table[k];
        if (!eq_is_independent(t) || t->cls->defined != EQ_VOLTAGE_DEFINED) continue;
        for (size_t j = 0; j < t->count; j++) {
            if (t->term[1][j] == EQ_GROUND) l->supply[t->term[0][j]] = eq_value(t, j);
            if (t->term[0][j] == EQ_GROUND) l->supply[t->term[1][j]] = -eq_value(t, j);
        }
    }
}

/* The copy of a supply that feeds a layer; EQ_NONE: there is none. */
static int32_t copy_of(const eq_layout *l, eq_node node, int32_t layer) {
    for (size_t k = l->own_cells; k < l->cells; k++)
        if (l->cell[k].node == node && l->cell[k].layer == layer) return (int32_t)k;
    return EQ_NONE;
}

static bool can_join(const eq_table *t) {
    return has_two_ends(t) && t->cls->defined == EQ_CURRENT_DEFINED && !eq_is_independent(t);
}

/* The supply that a linear element leads into a cell; EQ_NONE: none. */
static eq_node feeds(const eq_layout *l, const eq_table *t, size_t j, int32_t *into) {
    eq_node a = t->term[0][j], b = t->term[1][j];
    int32_t ca = l->cell_of[a], cb = l->cell_of[b];
    if (!eq_is_linear(t) || t->cls->control != EQ_CONTROL_NONE ||
        (ca == EQ_NONE) == (cb == EQ_NONE))
        return EQ_NONE;
    eq_node node = ca == EQ_NONE ? a : b;
    *into = ca == EQ_NONE ? cb : ca;
    return node == EQ_GROUND || isnan(l->supply[node]) || l->cell[*into].layer == 0 ? EQ_NONE
                                                                                    : node;
}

bool eq_layout_joins(const eq_layout *l, const eq_table *t, size_t j, int32_t *from, int32_t *to) {
    int32_t into, a = l->cell_of[t->term[0][j]], b = l->cell_of[t->term[1][j]];
    *from = a != EQ_NONE ? a : b;
    *to = *from;
    if (!can_join(t)) return false;
    eq_node supply = feeds(l, t, j, &into);
    if (supply != EQ_NONE) {
        *from = copy_of(l, supply, l->cell[into].layer - 1);
        *to = into;
        return *from != EQ_NONE;
    }
    if (a == EQ_NONE || b == EQ_NONE || a == b) return false;
    bool forwards = l->cell[a].layer <= l->cell[b].layer;
    *from = forwards ? a : b;
    *to = forwards ? b : a;
    return true;
}

static bool is_nudge(const eq_circuit *c, eq_element e) {
    for (size_t k = 0; k < c->outputs; k++)
        if (c->output[k].nudge_plus == e || c->output[k].nudge_minus == e) return true;
    return false;
}

static eq_links *links_of(eq_layout *l, int32_t from, int32_t to) {
    for (size_t k = 0; k < l->link_count; k++)
        if (l->links[k].from == from && l->links[k].to == to) return &l->links[k];
    if (!eq_grow((void **)&l->links, &l->link_cap, l->link_count + 1, sizeof *l->links))
        return NULL;
    l->links[l->link_count] =
        (eq_links){.from = from, .to = to, .least = INFINITY, .most = -INFINITY, .cls = EQ_NONE};
    return &l->links[l->link_count++];
}

static bool count_element(eq_layout *l, int cls, size_t j) {
    const eq_table *t = &l->c->table[cls];
    int32_t from, to;
    if (!has_two_ends(t)) return true;
    if (!eq_layout_joins(l, t, j, &from, &to)) {
        bool nudge = eq_is_independent(t) && is_nudge(l->c, t->id[j]);
        if (from != EQ_NONE && !nudge) l->cell[from].own++;
        return true;
    }
    eq_links *k = links_of(l, l->cell[from].layer, l->cell[to].layer);
    if (k == NULL) return false;
    if (k->cls == EQ_NONE) k->cls = cls;
    k->count[cls]++;
    k->total++;
    if (k->cls != cls || t->cls->value < 0) return true;
    k->least = fmin(k->least, eq_value(t, j));
    k->most = fmax(k->most, eq_value(t, j));
    return true;
}

static bool count_elements(eq_layout *l) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++)
        for (size_t j = 0; j < l->c->table[k].count; j++)
            if (!count_element(l, k, j)) return false;
    return true;
}

/* A copy of each supply for each layer that it feeds. */
static bool copy_supplies(eq_layout *l) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &l->c->table[k];
        int32_t into;
        if (!can_join(t)) continue;
        for (size_t j = 0; j < t->count; j++) {
            eq_node supply = feeds(l, t, j, &into);
            if (supply == EQ_NONE || copy_of(l, supply, l->cell[into].layer - 1) != EQ_NONE)
                continue;
            if (add_cell(l, supply, l->cell[into].layer - 1, true) == EQ_NONE) return false;
        }
    }
    return true;
}

static bool count_layers(eq_layout *l) {
    for (size_t k = 0; k < l->cells; k++)
        if (l->cell[k].layer >= l->layers) l->layers = l->cell[k].layer + 1;
    l->in_layer = eq_calloc((size_t)l->layers + 1, sizeof *l->in_layer);
    for (size_t k = 0; l->in_layer != NULL && k < l->cells; k++)
        l->cell[k].shown = l->in_layer[l->cell[k].layer]++;
    return l->in_layer != NULL;
}

static bool mark_trained(eq_layout *l) {
    for (size_t k = 0; k < l->c->groups; k++) {
        const eq_group *g = &l->c->group[k];
        bool **mark = &l->trained[g->cls];
        if (*mark == NULL) *mark = eq_calloc(l->c->table[g->cls].count, sizeof **mark);
        if (*mark == NULL) return false;
        for (size_t j = 0; j < g->count; j++) (*mark)[g->row[j]] = true;
    }
    return true;
}

static bool lay_out(eq_layout *l, const eq_depths *d, const eq_topology *g) {
    int32_t *parent = eq_malloc(l->nodes, sizeof *parent);
    if (parent == NULL) return false;
    for (size_t n = 0; n < l->nodes; n++) parent[n] = (int32_t)n;
    join(l->c, g, parent);
    find_supplies(l);
    bool made = mark_trained(l) && make_cells(l, d, g, parent) && copy_supplies(l) &&
                count_layers(l) && count_elements(l);
    eq_free(parent);
    return made;
}

eq_status eq_layout_new(const eq_circuit *c, eq_layout **out, eq_diag *diag) {
    eq_layout *l = eq_calloc(1, sizeof *l);
    eq_reduction *r = NULL;
    eq_topology *g = NULL;
    eq_depths *d = NULL;
    if (l == NULL) return eq_out_of_memory(diag);
    l->c = c;
    l->nodes = eq_circuit_nodes(c);
    l->cell_of = eq_malloc(l->nodes, sizeof *l->cell_of);
    l->supply = eq_malloc(l->nodes, sizeof *l->supply);
    eq_status status = l->cell_of == NULL || l->supply == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_reduction_new(c, &r, diag);
    if (status == EQ_OK) status = eq_topology_new(c, r, &g, diag);
    if (status == EQ_OK) status = eq_depths_new(c, g, &d, diag);
    if (status == EQ_OK && !lay_out(l, d, g)) status = eq_out_of_memory(diag);
    eq_depths_free(d);
    eq_topology_free(g);
    eq_reduction_free(r);
    if (status == EQ_OK)
        *out = l;
    else
        eq_layout_free(l);
    return status;
}

void eq_layout_free(eq_layout *l) {
    if (l == NULL) return;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) eq_free(l->trained[k]);
    eq_free(l->cell_of);
    eq_free(l->supply);
    eq_free(l->cell);
    eq_free(l->in_layer);
    eq_free(l->links);
    eq_free(l);
}
