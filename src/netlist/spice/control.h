/* .control ... .endc: its lines are kept for the analysis room, which runs them; the reader runs
 * nothing. */
#ifndef EQ_NETLIST_SPICE_CONTROL_H
#define EQ_NETLIST_SPICE_CONTROL_H

#include "netlist/spice/late.h"

/* Keeps the lines from c, which stands behind .control, up to .endc. */
void eq_spice_keep_control(eq_spice *s, eq_cursor *c);
/* Notes down the lines that a further reading of the deck is given, as cards. */
void eq_spice_read_lines(eq_spice *s, const eq_card_line *line, size_t lines);

#endif
