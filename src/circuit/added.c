/* What is beside the elements that lines of the deck stand for: a 0-V source in series with one
 * whose current is asked for, resistors to ground, capacitors. */
#include <math.h>

#include "base/mem.h"
#include "circuit/circuit.h"

/* NAME, with as many _ behind it as make it new. */
static bool fresh(const eq_names *names, eq_text *name) {
    while (!name->failed && eq_names_find(names, name->text, name->length) != EQ_NO_NAME)
        eq_text_puts(name, "_");
    return !name->failed;
}

/* NODE_ELEMENT comes between node a of element e and e, and vsense_ELEMENT between them. What looks
 * at the drop across e goes on to look at a: the two potentials are the same. */
eq_status eq_circuit_sense(eq_circuit *c, eq_element e, eq_element *source, eq_diag *diag) {
    eq_row r = c->row[e];
    eq_table *t = &c->table[r.cls];
    eq_node a = t->term[0][r.row];
    eq_text node = {0}, name = {0};
    eq_text_printf(&node, "%s_%s", eq_circuit_node_name(c, a), eq_circuit_element_name(c, e));
    eq_text_printf(&name, "vsense_%s", eq_circuit_element_name(c, e));
    eq_status status = EQ_ERR_MEMORY;
    eq_card card = eq_card_new(EQ_CLASS_vsource);
    if (fresh(c->node, &node) && fresh(c->element, &name)) {
        card.name = name.text;
        card.name_length = name.length;
        card.at = eq_circuit_at(c, e);
        card.term[0] = a;
        card.term[1] = eq_circuit_node(c, node.text, node.length);
        status = card.term[1] == EQ_NONE ? EQ_ERR_MEMORY : eq_circuit_add(c, &card, source, diag);
    }
    if (status == EQ_OK) t->term[0][r.row] = card.term[1];
    eq_text_free(&node);
    eq_text_free(&name);
    return status == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : status;
}

eq_status eq_circuit_shunt(eq_circuit *c, double r, eq_diag *diag) {
    eq_status status = EQ_OK;
    size_t nodes = eq_circuit_nodes(c);
    for (size_t k = 0; status == EQ_OK && k < nodes; k++) {
        if (k == EQ_GROUND) continue;
        eq_text name = {0};
        eq_text_printf(&name, "rshunt_%s", eq_circuit_node_name(c, (eq_node)k));
        eq_card card = eq_card_new(EQ_CLASS_resistor);
        bool whole = fresh(c->element, &name);
        card.name = name.text;
        card.name_length = name.length;
        card.term[0] = (eq_node)k;
        card.term[1] = EQ_GROUND;
        card.w[eq_class_resistor.value] = r;
        status = whole ? eq_circuit_add(c, &card, NULL, diag) : eq_out_of_memory(diag);
        eq_text_free(&name);
    }
    return status;
}

eq_status eq_circuit_capacitor(eq_circuit *c, const char *name, size_t length, const eq_node *term,
                               double farad, eq_location at, eq_diag *diag) {
    int shown = (int)length;
    if (isinf(farad))
        return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place(c, at),
                          "the capacitance of %.*s is not finite; correct it", shown, name);
    int32_t id = eq_names_add(c->capacitor_name, name, length);
    if (id == EQ_NO_NAME || !eq_grow((void **)&c->capacitor, &c->capacitor_cap, c->capacitors + 1,
                                     sizeof *c->capacitor))
        return eq_out_of_memory(diag);
    if ((size_t)id < c->capacitors)
        return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place(c, at),
                          "a second element %.*s; give it another name", shown, name);
    c->capacitor[c->capacitors++] = (eq_capacitor){{term[0], term[1]}, farad, at};
    return EQ_OK;
}
