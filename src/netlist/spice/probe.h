/* Formulas of what .print and .measure ask of a circuit. */
#ifndef EQ_NETLIST_SPICE_PROBE_H
#define EQ_NETLIST_SPICE_PROBE_H

#include "netlist/spice/spice.h"

/* A formula of potentials, currents, powers and properties: begun with a view `probe` for a card
 * (".print"), in which eq_spice_operand reads one or more operands, and ended (with or without its
 * value). False and NULL: an error was reported. */
bool eq_spice_probe_begin(eq_spice *s, const char *card, eq_spice *probe);
eq_formula *eq_spice_probe_end(eq_spice *probe, bool done, eq_operand value);
/* What an element takes up [W]. */
eq_operand eq_spice_power(const eq_circuit *c, eq_formula *f, eq_element e);
/* What n(NAME) may name (Xyce): a node, or NAME_branch of an element. */
bool eq_spice_names_node_or_branch(const eq_spice *s, eq_token name);
/* True for r1, r1:r and dm:is. */
bool eq_spice_is_property(const eq_spice *s, eq_token name);

#endif
