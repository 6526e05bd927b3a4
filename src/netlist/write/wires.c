/* Resistors of 0 ohm for ngspice, which would take 1 mohm for them: 0-V sources, as far as these
 * close no loop of voltages (a loop has no unique currents there, and no answer). */
#include <string.h>

#include "base/mem.h"
#include "netlist/write/write.h"

static int32_t root_of(int32_t *parent, int32_t k) {
    while (parent[k] != k) k = parent[k] = parent[parent[k]];
    return k;
}

/* Joins both ends; false: they were joined before. */
static bool join(int32_t *parent, const eq_table *t, size_t j) {
    int32_t a = root_of(parent, t->term[0][j]), b = root_of(parent, t->term[1][j]);
    parent[a] = b;
    return a != b;
}

static bool is_wire(const eq_circuit *c, eq_element e) {
    eq_row r = c->row[e];
    const eq_table *t = &c->table[r.cls];
    int value = t->cls->value;
    bool resistance = t->cls->defined == EQ_CURRENT_DEFINED && value >= 0 &&
                      strcmp(t->cls->param[value].unit, "ohm") == 0;
    return resistance && t->w[value][r.row] == 0.0;
}

/* Elements of a voltage of their own first, then the wires in the order of the deck. */
static void choose(eq_deck_writer *w, int32_t *parent) {
    const eq_circuit *c = w->c;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++)
        for (size_t j = 0; eq_class(cls)->defined != EQ_CURRENT_DEFINED && j < c->table[cls].count;
             j++)
            join(parent, &c->table[cls], j);
    for (size_t e = 0; e < eq_circuit_elements(c); e++)
        if (is_wire(c, (eq_element)e))
            w->wire[e] = join(parent, &c->table[c->row[e].cls], (size_t)c->row[e].row);
}

eq_status eq_find_wires(eq_deck_writer *w) {
    size_t elements = eq_circuit_elements(w->c), nodes = eq_circuit_nodes(w->c), e = 0;
    while (e < elements && !is_wire(w->c, (eq_element)e)) e++;
    if (e == elements || w->dialect != EQ_NGSPICE || w->own) return EQ_OK;
    int32_t *parent = eq_malloc(nodes, sizeof *parent);
    w->wire = eq_calloc(elements, sizeof *w->wire);
    bool whole = parent != NULL && w->wire != NULL;
    for (size_t k = 0; whole && k < nodes; k++) parent[k] = (int32_t)k;
    if (whole) choose(w, parent);
    eq_free(parent);
    return whole ? EQ_OK : eq_out_of_memory(w->diag);
}

bool eq_is_wire(const eq_deck_writer *w, eq_element e) {
    return w->wire != NULL && w->wire[e];
}
