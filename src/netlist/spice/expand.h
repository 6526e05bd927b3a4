/* The second pass: the lines of the deck and of its instances. */
#ifndef EQ_NETLIST_SPICE_EXPAND_H
#define EQ_NETLIST_SPICE_EXPAND_H

#include "netlist/spice/spice.h"

/* False, with an error, when the deck expands to more than eq_max_elements or for ever. */
bool eq_spice_finite(eq_spice *s);
/* Every element of s->frame's scope into the circuit. */
void eq_spice_expand(eq_spice *s);

#endif
