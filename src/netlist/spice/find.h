/* Elements, nodes and their properties by the names that cards give them,
 * now that all are known. */
#ifndef EQ_NETLIST_SPICE_FIND_H
#define EQ_NETLIST_SPICE_FIND_H

#include "netlist/spice/spice.h"

/* The element of that full name; EQ_NONE: an error was reported that starts with `what`. */
eq_element eq_spice_find_element(eq_spice *s, eq_token name, const char *what);
/* The same without an error; x1:r1 (Xyce) is r.x1.r1. */
eq_element eq_spice_element_of(const eq_spice *s, eq_token name);
/* True for a capacitor of that name, which is no element at dc and carries no current. */
bool eq_spice_is_open(const eq_spice *s, eq_token name);
eq_node eq_spice_node_of(const eq_spice *s, eq_token name);
eq_node eq_spice_find_node(eq_spice *s, eq_token name, const char *what);
/* The node of exactly that name, without Xyce's colons. */
eq_node eq_spice_find_plain_node(eq_spice *s, eq_token name, const char *what);
/* The value of a C or L element, of c1 or c1:c; false: there is none. */
bool eq_spice_reactance(const eq_spice *s, eq_token t, double *value);
/* True for R, V and I elements, whose value is meant when no parameter is named. */
bool eq_spice_has_value(const eq_spice *s, eq_element e);
/* NAME:PARAM parted at its last colon; false: there is none. */
bool eq_spice_part(eq_token t, eq_token *name, eq_token *param);
/* The column of a class that the parameter names, -1: none; dcv0 is Xyce's word for the dc value of
 * a source. */
int eq_spice_column(const eq_device_class *cls, eq_token param);

#endif
