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

/* A node that is not there yet, held where it is an input or a bias. */
static eq_status new_rail(eq_mesh *m, const char *name, bool held, double volts, bool input) {
    eq_node node;
    size_t before = m->nodes;
    eq_status status = named(m, name, &node);
    if (status == EQ_OK && m->nodes == before)
        return eq_fail_at(m->diag, EQ_ERR_INPUT, m->a->at,
                          "rails: '%s' is a node of the layers; give the rail another name", name);
    return status == EQ_OK && held ? eq_mesh_hold(m, node, volts, input) : status;
}

/* The nodes of all layers one after the other, then those of the biases. */
static eq_status rails(eq_mesh *m) {
    const eq_architecture *a = m->a;
    char name[ROOM];
    eq_status status = EQ_OK;
    for (size_t l = 0; l < a->layers; l++)
        for (size_t k = 0; status == EQ_OK && k < a->width[l]; k++) {
            rail_name(a, l, k, name);
            status = new_rail(m, name, l == 0, 0.0, true);
        }
    for (size_t k = 0; status == EQ_OK && k < a->biases; k++) {
        snprintf(name, sizeof name, "bias%zu", k + 1);
        status = new_rail(m, name, true, a->bias[k], false);
    }
    return status;
}

/* Rail k of layer l, or bias k where l is the number of layers. */
static eq_node rail_node(const eq_mesh *m, size_t l, size_t k) {
    for (size_t before = 0; before < l; before++) k += m->a->width[before];
    return m->node[k];
}

/* From rail (or, b, bias) i to rail k of layer l. */
static void rail_tag(bool bias, size_t l, size_t i, size_t k, eq_text *tag) {
    eq_text_printf(tag, "%s%zu_%zu_%zu", bias ? "b" : "", l, i + 1, k + 1);
}

static eq_status rail_edge(eq_mesh *m, bool bias, size_t l, size_t i, size_t k, eq_text *tag) {
    eq_text_clear(tag);
    rail_tag(bias, l, i, k, tag);
    const eq_mesh_edge e = {.from = rail_node(m, bias ? m->a->layers : l - 1, i),
                            .to = rail_node(m, l, k),
                            .tag = tag->text,
                            .kind = m->kind,
                            .value = NAN,
                            .at = eq_mesh_nowhere};
    return tag->failed ? eq_out_of_memory(m->diag) : eq_mesh_add(m, &e);
}

/* To layer l, from the one below or from the biases: so many of all edges as the density asks for, each choice
 * of them as likely (selection sampling, Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S). */
static eq_status between(eq_mesh *m, bool bias, size_t l, eq_random *random) {
    const eq_architecture *a = m->a;
    size_t rows = bias ? a->biases : a->width[l - 1];
    double left = (double)rows * (double)a->width[l], wanted = fmax(1.0, round(a->density * left));
    eq_text tag = {0};
    eq_status status = EQ_OK;
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; status == EQ_OK && k < a->width[l]; k++) {
            bool taken = wanted == left || left * eq_random_uniform(random) < wanted;
            left--;
            if (!taken) continue;
            wanted--;
            status = rail_edge(m, bias, l, i, k, &tag);
        }
    eq_text_free(&tag);
    return status;
}

/* Layer and place of a rail by its node: they were made one after the other. */
static bool place_of(const eq_mesh *m, eq_node node, size_t *layer, size_t *k) {
    const eq_architecture *a = m->a;
    if (node < m->node[0]) return false;
    size_t rank = (size_t)(node - m->node[0]);
    for (*layer = 0; *layer <= a->layers; rank -= a->width[(*layer)++]) {
        *k = rank;
        if (*layer == a->layers) return rank < a->biases;
        if (rank < a->width[*layer]) return true;
    }
    return false;
}

/* The edges of a list must be those of the layers. */
static eq_status tag_of(eq_mesh *m, const eq_mesh_edge *e, eq_text *tag) {
    const eq_architecture *a = m->a;
    size_t l = 0, i = 0, above = 0, k = 0;
    bool from = place_of(m, e->from, &l, &i), to = place_of(m, e->to, &above, &k);
    bool bias = l == a->layers;
    if (from && to && above > 0 && above < a->layers && (bias || above == l + 1)) {
        rail_tag(bias, above, i, k, tag);
        return EQ_OK;
    }
    return eq_fail_at(m->diag, EQ_ERR_INPUT, eq_circuit_place(m->c, e->at),
                      "the edge from '%.40s' to '%.40s' does not lead from one layer to the next; "
                      "with these layers nodes are x1 to x%zu, h1_1 ... and y1%s ...",
                      eq_circuit_node_name(m->c, e->from), eq_circuit_node_name(m->c, e->to),
                      a->width[0], a->differential ? "p, y1m" : "");
}

static eq_status outputs(eq_mesh *m) {
    const eq_architecture *a = m->a;
    size_t last = a->layers - 1, pair = a->differential ? 2 : 1;
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < a->width[last]; k += pair)
        status = eq_circuit_output(m->c, rail_node(m, last, k),
                                   pair == 2 ? rail_node(m, last, k + 1) : EQ_NONE, EQ_NONE,
                                   EQ_NONE, m->diag);
    return status;
}

static eq_status all_between(eq_mesh *m) {
    const eq_architecture *a = m->a;
    eq_random random = eq_random_seed(a->topology > 0 ? a->topology : a->seed);
    eq_status status = EQ_OK;
    for (size_t l = 1; status == EQ_OK && l < a->layers; l++) {
        status = between(m, false, l, &random);
        if (status == EQ_OK && a->biases > 0) status = between(m, true, l, &random);
    }
    return status;
}

eq_status eq_mesh_rails(eq_mesh *m) {
    char part[ROOM];
    bool list = m->a->text[EQ_NET_EDGES] != NULL;
    eq_status status = rails(m);
    if (status == EQ_OK) status = list ? eq_mesh_read(m, tag_of) : all_between(m);
    for (size_t l = 1; status == EQ_OK && l < m->a->layers; l++) {
        snprintf(part, sizeof part, "%zu", l);
        status = eq_mesh_train(m, part);
        snprintf(part, sizeof part, "b%zu", l);
        if (status == EQ_OK) status = eq_mesh_train(m, part);
    }
    return status == EQ_OK ? outputs(m) : status;
}
