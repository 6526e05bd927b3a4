/* Elements that are no two-terminal law: what they read and what they drive. An element of a port
 * class reads the potentials of its nodes and drives a current into each; a behavioural source
 * reads the inputs of its formula and drives one current between its terminals, or one voltage. */
#ifndef EQ_CIRCUIT_PORT_H
#define EQ_CIRCUIT_PORT_H

#include "circuit/formula.h"

static inline bool eq_is_port_class(const eq_table *t) {
    return t->cls->control == EQ_CONTROL_PORT;
}

static inline bool eq_is_port(const eq_table *t) {
    return t->cls->control == EQ_CONTROL_FORMULA || eq_is_port_class(t);
}

static inline size_t eq_port_inputs(const eq_table *t, size_t j) {
    return eq_is_port_class(t) ? (size_t)eq_class_nodes(t->cls) : t->formula[j]->inputs;
}

static inline eq_formula_input eq_port_input(const eq_table *t, size_t j, size_t k) {
    if (!eq_is_port_class(t)) return t->formula[j]->input[k];
    return (eq_formula_input){EQ_INPUT_DROP, t->term[k][j], EQ_GROUND, EQ_NONE};
}

static inline size_t eq_port_outputs(const eq_table *t) {
    return eq_is_port_class(t) ? (size_t)eq_class_nodes(t->cls) : 1;
}

/* Whether current k may be other than zero. */
static inline bool eq_port_carries(const eq_table *t, size_t k) {
    if (!eq_is_port_class(t) || k >= (size_t)t->cls->terminals) return true;
    return (t->cls->carries >> k & 1u) != 0;
}

/* The nodes that current k of row j leaves and enters. */
static inline eq_node eq_port_plus(const eq_table *t, size_t j, size_t k) {
    return t->term[k][j];
}

static inline eq_node eq_port_minus(const eq_table *t, size_t j) {
    return eq_is_port_class(t) ? EQ_GROUND : t->term[1][j];
}

#endif
