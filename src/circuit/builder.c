#include "circuit/builder.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

eq_status eq_builder_node(eq_builder *b, const char *name, eq_node *node) {
    *node = eq_circuit_node(b->c, name, strlen(name));
    return *node == EQ_NONE ? eq_out_of_memory(b->diag) : EQ_OK;
}

eq_status eq_builder_element(eq_builder *b, int cls, const char *name, const eq_node term[4],
                             eq_element control, double value, eq_element *e) {
    eq_card card = eq_card_new(cls);
    card.name = name;
    card.name_length = strlen(name);
    memcpy(card.term, term, 4 * sizeof *term);
    card.control = control;
    if (eq_class(cls)->value >= 0) {
        card.w[eq_class(cls)->value] = value;
    } else {
        card.model = b->model;
        memcpy(card.w, b->c->model[b->model].w, sizeof card.w);
    }
    return eq_circuit_add(b->c, &card, e, b->diag);
}

static eq_status two(eq_builder *b, int cls, const char *name, eq_node from, eq_node to,
                     double value, eq_element *e) {
    const eq_node term[4] = {from, to, EQ_NONE, EQ_NONE};
    return eq_builder_element(b, cls, name, term, EQ_NONE, value, e);
}

eq_status eq_builder_source(eq_builder *b, const char *name, const char *node_name, double volts,
                            eq_node *node, eq_element *e) {
    eq_status status = eq_builder_node(b, node_name, node);
    return status == EQ_OK ? two(b, EQ_CLASS_vsource, name, *node, EQ_GROUND, volts, e) : status;
}

eq_status eq_builder_resistor(eq_builder *b, const char *name, eq_node from, eq_node to) {
    double g = b->low + (b->high - b->low) * eq_random_uniform(&b->random);
    return two(b, EQ_CLASS_resistor, name, from, to, 1.0 / g, NULL);
}

eq_status eq_builder_model(eq_builder *b, const char *name, int cls, const char *const *param,
                           const double *value, size_t params) {
    eq_circuit *c = b->c;
    if (!eq_grow((void **)&c->model, &c->model_cap, 1, sizeof *c->model))
        return eq_out_of_memory(b->diag);
    eq_card card = eq_card_new(cls);
    eq_model *m = &c->model[0];
    *m = (eq_model){.name = eq_strdup(name), .cls = cls};
    if (m->name == NULL) return eq_out_of_memory(b->diag);
    memcpy(m->w, card.w, sizeof m->w);
    for (size_t k = 0; k < params; k++) m->w[eq_param_find(eq_class(cls), param[k])] = value[k];
    c->models = 1;
    b->model = 0;
    return EQ_OK;
}

eq_status eq_grid_open(eq_grid *g, eq_builder *b, const char *tag, size_t columns) {
    *g = (eq_grid){.b = b, .tag = tag, .columns = columns};
    g->down = eq_calloc(columns, sizeof *g->down);
    return g->down == NULL ? eq_out_of_memory(b->diag) : EQ_OK;
}

void eq_grid_close(eq_grid *g) {
    eq_free(g->down);
    *g = (eq_grid){0};
}

void eq_grid_row(eq_grid *g, eq_node from) {
    g->at = from;
    g->row++;
}

/* "rh1_3_4" */
static void name_of(const eq_grid *g, const char *prefix, size_t row, size_t k,
                    char name[EQ_NAME_ROOM]) {
    snprintf(name, EQ_NAME_ROOM, "%s%s_%zu_%zu", prefix, g->tag, row, k + 1);
}

static eq_status wire(eq_grid *g, const char *prefix, size_t row, size_t k, eq_node from,
                      eq_node to) {
    char name[EQ_NAME_ROOM];
    name_of(g, prefix, row, k, name);
    return two(g->b, EQ_CLASS_resistor, name, from, to, g->b->wires, NULL);
}

eq_status eq_grid_cell(eq_grid *g, size_t k, eq_node to, eq_node *across, eq_node *down) {
    char name[EQ_NAME_ROOM];
    *across = g->at;
    *down = to;
    if (g->b->wires == 0.0) return EQ_OK;
    name_of(g, "a", g->row, k, name);
    eq_status status = eq_builder_node(g->b, name, across);
    if (status == EQ_OK) status = wire(g, "rh", g->row, k, g->at, *across);
    name_of(g, "b", g->row, k, name);
    if (status == EQ_OK) status = eq_builder_node(g->b, name, down);
    if (status == EQ_OK && g->row > 1) status = wire(g, "rv", g->row - 1, k, g->down[k], *down);
    g->at = *across;
    g->down[k] = *down;
    return status;
}

eq_status eq_grid_end(eq_grid *g, const eq_node *to) {
    eq_status status = EQ_OK;
    for (size_t k = 0; g->b->wires != 0.0 && status == EQ_OK && k < g->columns; k++)
        status = wire(g, "rv", g->row, k, g->down[k], to[k]);
    return status;
}
