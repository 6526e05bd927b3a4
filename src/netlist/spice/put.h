/* Cards under their full names into the circuit, with the resistances that LTspice lets an element
 * have of its own. */
#ifndef EQ_NETLIST_SPICE_PUT_H
#define EQ_NETLIST_SPICE_PUT_H

#include "netlist/spice/line.h"

/* EQ_NONE: an error was reported. */
eq_element eq_spice_put(eq_spice *s, eq_card *card, eq_token name);
/* Rser and Rpar of the line: a resistor from the first node to one of its own, where the element
 * then starts, and one across both. False: an error was reported. */
bool eq_line_parasitics(eq_line *l);
/* The C of the line, which is open at dc. */
void eq_line_capacitor(eq_line *l);

#endif
