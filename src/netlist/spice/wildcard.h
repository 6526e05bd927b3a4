/* Columns of .print and its kin for all nodes or elements whose names match. */
#ifndef EQ_NETLIST_SPICE_WILDCARD_H
#define EQ_NETLIST_SPICE_WILDCARD_H

#include "netlist/spice/spice.h"

/* v(x1.*), i(r?), p(*): adds a column for each match of the item; false: it is none of these. */
bool eq_spice_wildcard(eq_spice *s, eq_token item, unsigned analyses);

#endif
