/* Element lines, except instances (X), which expand.c opens. */
#ifndef EQ_NETLIST_SPICE_ELEMENT_H
#define EQ_NETLIST_SPICE_ELEMENT_H

#include "netlist/spice/spice.h"

/* One element line, whose name was read; c stands behind it. */
void eq_spice_element(eq_spice *s, eq_cursor *c, eq_token name);
/* The same for the words of R1 a b 1k, V1 a b 5 or I1 a b 1m, as most lines of large decks are: a
 * third of the work. False and nothing done: it is any other line. */
bool eq_spice_plain_element(eq_spice *s, const eq_token word[EQ_PLAIN_WORDS], eq_dialect dialect);

#endif
