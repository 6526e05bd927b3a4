/* Random functions, drawn once wherever a deck is expanded, the same for each reading. */
#ifndef EQ_NETLIST_SPICE_DRAW_H
#define EQ_NETLIST_SPICE_DRAW_H

#include "netlist/spice/spice.h"

/* The value of agauss, gauss, aunif, unif or limit (LTspice: gauss, flat, mc; Xyce: rand), unless it is
 * another name. What is drawn once cannot follow a potential: such an argument is an error. */
eq_lookup eq_spice_draw(eq_spice *s, eq_token name, const eq_operand *arg, int args,
                        eq_operand *value);

#endif
