/* Edges that follow from sizes: a grid, and the rails of neighbouring layers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/mesh/parts.h"

enum { ROOM = 64 };

static eq_status named(eq_mesh *m, const char *name, eq_node *node) {
    return eq_mesh_node(m, name, strlen(name), node);
}

/* Node (i, k) of a grid, from 0. */
static eq_status grid_node(eq_mesh *m, size_t i, size_t k, eq_node *node) {
    char name[ROOM];
    snprintf(name, sizeof name, "n%zu_%zu", i % m->a->rows + 1, k % m->a->columns + 1);
    return named(m, name, node);
}

/* The edge of node (i, k) to the next in its row (h) or column (v); none where the grid ends. */
static eq_status grid_edge(eq_mesh *m, char way, size_t i, size_t k) {
    const eq_architecture *a = m->a;
    size_t size = way == 'h' ? a->columns : a->rows, next = (way == 'h' ? k : i) + 1;
    char tag[ROOM];
    eq_mesh_edge e = {.tag = tag, .kind = m->kind, .value = NAN, .at = eq_mesh_nowhere};
    if (next == size && !(a->periodic && size > 2)) return EQ_OK;
    snprintf(tag, sizeof tag, "_%c_%zu_%zu", way, i + 1, k + 1);
    eq_status status = grid_node(m, i, k, &e.from);
    if (status == EQ_OK) status = grid_node(m, way == 'h' ? i : next, way == 'h' ? next : k, &e.to);
    return status == EQ_OK ? eq_mesh_add(m, &e) : status;
}

eq_status eq_mesh_grid(eq_mesh *m) {
    const eq_architecture *a = m->a;
    eq_status status = EQ_OK;
    for (size_t i = 0; i < a->rows; i++)
        for (size_t k = 0; status == EQ_OK && k < a->columns; k++) {
            status = grid_edge(m, 'h', i, k);
            if (status == EQ_OK) status = grid_edge(m, 'v', i, k);
        }
    return status;
}

/* Rail k of layer l: x, h or y, whose pairs are y1p and y1m. */
static void rail_name(const eq_architecture *a, size_t l, size_t k, char name[ROOM]) {
    if (l == 0)
        snprintf(name, ROOM, "x%zu", k + 1);
    else if (l + 1 < a->layers)
        snprintf(name, ROOM, "h%zu_%zu", l, k + 1);
    else if (a->differential)
        snprintf(name, ROOM, "y%zu%s", k / 2 + 1, k % 2 ? "m" : "p");
    else
        snprintf(name, ROOM, "y%zu", k + 1);
}

static eq_status rails(eq_mesh *m, size_t l) {
    char name[ROOM];
    eq_node node;
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < m->a->width[l]; k++) {
        size_t before = m->nodes;
        rail_name(m->a, l, k, name);
        status = named(m, name, &node);
        if (status == EQ_OK && m->nodes == before)
            return eq_fail_at(m->diag, EQ_ERR_INPUT, m->a->at,
                              "rails: '%s' is a node of the layers; give the rail another name",
                              name);
        if (status == EQ_OK && l == 0) status = eq_mesh_hold(m, node, 0.0, true);
    }
    return status;
}

/* Rail k of layer l: the nodes are made layer by layer, before all others. */
static size_t number_of(const eq_architecture *a, size_t l, size_t k) {
    for (size_t before = 0; before < l; before++) k += a->width[before];
    return k;
}

static void rail_tag(size_t l, size_t i, size_t k, eq_text *tag) {
    eq_text_printf(tag, "%zu_%zu_%zu", l, i + 1, k + 1);
}

static eq_status rail_edge(eq_mesh *m, size_t l, size_t i, size_t k, eq_text *tag) {
    eq_text_clear(tag);
    rail_tag(l, i, k, tag);
    const eq_mesh_edge e = {.from = m->node[number_of(m->a, l - 1, i)],
                            .to = m->node[number_of(m->a, l, k)],
                            .tag = tag->text,
                            .kind = m->kind,
                            .value = NAN,
                            .at = eq_mesh_nowhere};
    return tag->failed ? eq_out_of_memory(m->diag) : eq_mesh_add(m, &e);
}

/* Between layers l - 1 and l: so many of all edges as the density asks for, each choice of them as likely
 * (selection sampling, Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S). */
static eq_status between(eq_mesh *m, size_t l, eq_random *random) {
    const eq_architecture *a = m->a;
    double all = (double)a->width[l - 1] * (double)a->width[l], left = all;
    double wanted = fmax(1.0, round(a->density * all));
    eq_text tag = {0};
    eq_status status = EQ_OK;
    for (size_t i = 0; i < a->width[l - 1]; i++)
        for (size_t k = 0; status == EQ_OK && k < a->width[l]; k++) {
            bool taken = wanted == left || left * eq_random_uniform(random) < wanted;
            left--;
            if (!taken) continue;
            wanted--;
            status = rail_edge(m, l, i, k, &tag);
        }
    eq_text_free(&tag);
    return status;
}

/* Layer and place of a rail by its node: they were made one after the other. */
static bool place_of(const eq_mesh *m, eq_node node, size_t *layer, size_t *k) {
    const eq_architecture *a = m->a;
    if (node < m->node[0]) return false;
    size_t rank = (size_t)(node - m->node[0]);
    for (*layer = 0; *layer < a->layers; rank -= a->width[(*layer)++])
        if (rank < a->width[*layer]) {
            *k = rank;
            return true;
        }
    return false;
}

/* The edges of a list must be those of the layers. */
static eq_status tag_of(eq_mesh *m, const eq_mesh_edge *e, eq_text *tag) {
    size_t l = 0, i = 0, above = 0, k = 0;
    bool from = place_of(m, e->from, &l, &i), to = place_of(m, e->to, &above, &k);
    if (from && to && above == l + 1) {
        rail_tag(above, i, k, tag);
        return EQ_OK;
    }
    return eq_fail_at(m->diag, EQ_ERR_INPUT, eq_circuit_place(m->c, e->at),
                      "the edge from '%.40s' to '%.40s' does not lead from one layer to the next; "
                      "with these layers nodes are x1 to x%zu, h1_1 ... and y1%s ...",
                      eq_circuit_node_name(m->c, e->from), eq_circuit_node_name(m->c, e->to),
                      m->a->width[0], m->a->differential ? "p, y1m" : "");
}

static eq_status outputs(eq_mesh *m) {
    const eq_architecture *a = m->a;
    size_t last = a->layers - 1, pair = a->differential ? 2 : 1;
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < a->width[last]; k += pair) {
        const eq_node *y = &m->node[number_of(a, last, k)];
        status =
            eq_circuit_output(m->c, y[0], pair == 2 ? y[1] : EQ_NONE, EQ_NONE, EQ_NONE, m->diag);
    }
    return status;
}

eq_status eq_mesh_rails(eq_mesh *m) {
    const eq_architecture *a = m->a;
    eq_random random = eq_random_seed(a->topology > 0 ? a->topology : a->seed);
    eq_status status = EQ_OK;
    for (size_t l = 0; status == EQ_OK && l < a->layers; l++) status = rails(m, l);
    if (status == EQ_OK && a->text[EQ_NET_EDGES] != NULL) status = eq_mesh_read(m, tag_of);
    for (size_t l = 1; a->text[EQ_NET_EDGES] == NULL && status == EQ_OK && l < a->layers; l++)
        status = between(m, l, &random);
    for (size_t l = 1; status == EQ_OK && l < a->layers; l++) {
        char part[ROOM];
        snprintf(part, sizeof part, "%zu", l);
        status = eq_mesh_train(m, part);
    }
    return status == EQ_OK ? outputs(m) : status;
}
