/* Nodes and full names as seen from an instance. */
#ifndef EQ_NETLIST_SPICE_NAME_H
#define EQ_NETLIST_SPICE_NAME_H

#include "netlist/spice/spice.h"

/* The node of that name seen from s->frame; EQ_NONE: an error was reported. */
eq_node eq_spice_node(eq_spice *s, eq_token name);
/* The same, of a node that is there; EQ_NONE: it is not. x2:n is x2.n. */
eq_node eq_spice_node_there(const eq_spice *s, eq_token name);
/* The full name of element `name` in s->frame, in the scratch name: r1 in x1 is r.x1.r1. */
void eq_spice_full_name(eq_spice *s, eq_token name);
/* The number in eq_reading.controls of the full name of an element whose current controls;
 * EQ_NO_NAME: an error was reported. */
int32_t eq_spice_control(eq_spice *s, eq_token name);
/* The same where it stands in subcircuits by its path x2:r1; EQ_NO_NAME: it is no path. */
int32_t eq_spice_control_path(eq_spice *s, eq_token name);

#endif
