/* Formulas of what .print and .measure ask of a circuit. */
#ifndef EQ_NETLIST_SPICE_PROBE_H
#define EQ_NETLIST_SPICE_PROBE_H

#include "netlist/spice/spice.h"

/* A formula of potentials, currents, powers and properties: begun, one or more operands read from a
 * card (".print"), ended (with or without its value). False and NULL: an error was reported. */
bool eq_spice_probe_begin(eq_spice *s);
bool eq_spice_probe_operand(eq_spice *s, eq_cursor *c, const char *card, eq_operand *value);
eq_formula *eq_spice_probe_end(eq_spice *s, bool done, eq_operand value);
/* True for r1, r1:r and dm:is. */
bool eq_spice_is_property(const eq_spice *s, eq_token name);

#endif
