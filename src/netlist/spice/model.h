/* .model cards. */
#ifndef EQ_NETLIST_SPICE_MODEL_H
#define EQ_NETLIST_SPICE_MODEL_H

#include "netlist/spice/spice.h"

/* The circuit's model of the .model `name` seen from s->frame, of class letter `letter`; EQ_NONE:
 * an error was reported. */
int32_t eq_spice_model(eq_spice *s, eq_token name, char letter);
/* The .model card of that name seen from s->frame, and the frame whose scope holds it; NULL: an
 * error was reported. */
eq_definition *eq_spice_model_card(eq_spice *s, eq_token name, char letter, eq_frame **frame);
/* Puts what a card ako:NAME goes on from in front of what it says (PSpice); false: an error was
 * reported. */
bool eq_spice_model_join(eq_spice *s, eq_definition *d, const eq_frame *f, eq_token name);
/* Reads every .model of the deck's own scope, used or not. */
void eq_spice_all_models(eq_spice *s);
/* True if a .model of that name has the parameter; its value. */
bool eq_spice_model_has(const eq_spice *s, eq_token name, eq_token param);
bool eq_spice_model_value(const eq_spice *s, eq_token name, eq_token param, double *value);

/* Whether the word is the name of a model that can be seen from here. */
bool eq_spice_names_model(const eq_spice *s, eq_token name);

#endif
