/* What is noted down for messages at the end: elements with errors, nodes that formulas alone name,
 * resistances that are hardly meant. */
#ifndef EQ_NETLIST_SPICE_MENTION_H
#define EQ_NETLIST_SPICE_MENTION_H

#include "netlist/spice/spice.h"

/* An element whose line has an error: nobody is told that there is no such element. */
void eq_spice_note_broken(eq_spice *s, eq_token name);
bool eq_spice_is_broken(const eq_spice *s, eq_token name);
/* A node of a C element, which is there though no element of the circuit touches it. */
void eq_spice_note_open(eq_spice *s, eq_node node);
/* A node that the formula being read has brought up. */
void eq_spice_note_mention(eq_spice *s, eq_node node, eq_token name);
/* Nodes that formulas alone name are errors. */
void eq_spice_check_mentions(eq_spice *s);
/* Notes a resistance below 0, and one of 1M among larger ones: 1 milliohm. */
void eq_spice_note_odd_resistance(eq_spice *s, eq_token name, eq_token number, double value);
void eq_spice_finish_notes(eq_spice *s);

#endif
