/* Compiled Verilog-A modules in decks: the libraries that a deck names, models and N elements. */
#ifndef EQ_NETLIST_SPICE_COMPILED_H
#define EQ_NETLIST_SPICE_COMPILED_H

#include "devices/osdi/osdi.h"
#include "netlist/spice/line.h"

/* compiled_model.c: the file at the cursor, which the user must have allowed: a deck cannot have
 * code run by itself. */
void eq_spice_osdi(eq_spice *s, eq_cursor *c, eq_location at);
/* The parameters on a .model card of the class; NULL: an error was reported. */
eq_osdi_model *eq_spice_compiled_model(eq_spice *s, eq_cursor *c, int cls);

/* compiled.c: N1 node ... MODEL PARAM=VALUE. */
void eq_spice_compiled(eq_line *l);

#endif
