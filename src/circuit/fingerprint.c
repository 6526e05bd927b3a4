#include "circuit/fingerprint.h"

#include "base/hash.h"
#include "circuit/formula.h"
#include "devices/osdi/osdi.h"

static void integers(uint64_t *h, const int32_t *value, size_t n) {
    eq_hash_number(h, value == NULL ? UINT64_MAX : n);
    if (value != NULL) eq_hash_bytes(h, value, n * sizeof *value);
}

static void doubles(uint64_t *h, const double *value, size_t n) {
    eq_hash_number(h, n);
    for (size_t k = 0; k < n; k++) eq_hash_double(h, value[k]);
}

static void formula(uint64_t *h, const eq_formula *f) {
    eq_hash_number(h, f == NULL ? UINT64_MAX : f->slots);
    if (f == NULL) return;
    for (size_t k = 0; k < f->slots; k++) {
        const eq_slot *s = &f->slot[k];
        eq_hash_number(h, (uint64_t)s->operation);
        integers(h, s->arg, EQ_MOST_OPERANDS);
        eq_hash_double(h, s->number);
    }
    eq_hash_number(h, f->inputs);
    for (size_t k = 0; k < f->inputs; k++) {
        const eq_formula_input *i = &f->input[k];
        integers(h, (const int32_t[]){(int32_t)i->kind, i->plus, i->minus, i->branch}, 4);
    }
    doubles(h, f->point, f->points);
    eq_hash_number(h, (uint64_t)f->result);
}

/* The module, the model's parameters and how many terminals are connected. */
static void compiled(uint64_t *h, const eq_osdi_instance *i) {
    const char *name, *text;
    double value;
    const eq_osdi_model *m = eq_osdi_model_of(i);
    eq_hash_number(h, (uint64_t)eq_osdi_connected(i));
    for (size_t k = 0; eq_osdi_model_given(m, k, &name, &value, &text); k++) {
        eq_hash_text(h, name);
        eq_hash_double(h, value);
        eq_hash_text(h, text == NULL ? "" : text);
    }
}

/* A change of what charges alone depend on is none of the operating point. */
static bool is_reactive(const eq_device_class *cls, int k) {
    return k < cls->params ? (cls->reactive >> k & 1) != 0 : k >= cls->columns - cls->charged;
}

static void table(uint64_t *h, const eq_table *t) {
    eq_hash_number(h, t->count);
    for (int k = 0; k < EQ_MAX_TERMINALS; k++) integers(h, t->term[k], t->count);
    integers(h, t->control, t->count);
    for (size_t j = 0; t->formula != NULL && j < t->count; j++) formula(h, t->formula[j]);
    for (int k = t->cls->hidden; k < t->cls->columns && t->count > 0; k++)
        if (!is_reactive(t->cls, k)) doubles(h, t->w[k], t->count);
    for (size_t j = 0; t->cls->hidden > 0 && j < t->count; j++) compiled(h, eq_osdi_at(t->w[0][j]));
    integers(h, t->id, t->count);
}

static void constants(uint64_t *h, const eq_circuit *c) {
    const double value[] = {c->env.k_over_q, c->env.temp,       c->env.tnom,
                            c->env.gmin,     c->options.abstol, c->options.reltol};
    doubles(h, value, sizeof value / sizeof *value);
    eq_hash_number(h, (uint64_t)c->options.itl1);
    eq_hash_number(h, (uint64_t)c->dialect);
}

static void training(uint64_t *h, const eq_circuit *c) {
    integers(h, c->input, c->inputs);
    eq_hash_number(h, c->outputs);
    for (size_t k = 0; k < c->outputs; k++) {
        const eq_output *o = &c->output[k];
        integers(h, (const int32_t[]){o->plus, o->minus, o->nudge_plus, o->nudge_minus}, 4);
    }
    eq_hash_number(h, c->groups);
    for (size_t k = 0; k < c->groups; k++) {
        const eq_group *g = &c->group[k];
        eq_hash_text(h, g->name);
        integers(h, (const int32_t[]){g->cls, g->param}, 2);
        doubles(h, (const double[]){g->min, g->max}, 2);
        integers(h, g->row, g->count);
    }
    eq_hash_number(h, c->starts);
    for (size_t k = 0; k < c->starts; k++) {
        eq_hash_number(h, (uint64_t)c->start[k].node);
        eq_hash_double(h, c->start[k].v);
    }
    if (c->offs > 0) integers(h, c->off, c->offs);
}

uint64_t eq_circuit_fingerprint(const eq_circuit *c) {
    uint64_t h = EQ_HASH_START;
    size_t nodes = eq_circuit_nodes(c), elements = eq_circuit_elements(c);
    eq_hash_number(&h, nodes);
    for (size_t k = 0; k < nodes; k++) eq_hash_text(&h, eq_circuit_node_name(c, (eq_node)k));
    eq_hash_number(&h, elements);
    for (size_t k = 0; k < elements; k++)
        eq_hash_text(&h, eq_circuit_element_name(c, (eq_element)k));
    for (int k = 0; k < EQ_CLASS_COUNT; k++) table(&h, &c->table[k]);
    constants(&h, c);
    training(&h, c);
    return h;
}
