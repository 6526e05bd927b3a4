/* What stands on an element line behind its nodes: formulas, waveforms, and the models that no
 * device class reads. */
#ifndef EQ_NETLIST_SPICE_PART_H
#define EQ_NETLIST_SPICE_PART_H

#include "netlist/spice/spice.h"

/* Temperature of a formula in C (NAN: the circuit's, and dtemp above it) and its coefficients. */
typedef struct eq_warmth {
    double tc1, tc2, temp, dtemp;
} eq_warmth;

/* formula.c: the right-hand side of a behavioural source at the cursor, value={...}, poly(n) ...
 * and their kin; the card of that letter becomes one of a behavioural class. EQ_NOT_FOUND: nothing
 * such stands there. */
eq_lookup eq_spice_formula(eq_spice *s, eq_cursor *c, char letter, eq_card *card);
/* The control at the cursor: two nodes, or the element whose current controls. */
bool eq_spice_input(eq_spice *s, eq_cursor *c, bool current, eq_formula_input *in);
/* The formula times ("*") or divided by ("/")
 * what its temperature above `reference` makes of it. */
bool eq_spice_formula_temperature(eq_spice *s, eq_formula *f, const eq_warmth *w, const char *sign,
                                  eq_operand reference);
/* The drop across nodes a and b divided by y, as the formula of a resistor. */
bool eq_spice_formula_conductance(eq_spice *s, eq_formula *f, eq_node a, eq_node b, eq_operand y);

/* waveform.c: the waveform `word` of a V or I source, if it is one: its value at t = 0. False: the
 * word is none. */
bool eq_spice_waveform(eq_spice *s, eq_cursor *c, eq_token word, double *at_zero);

/* switch.c: what follows the nodes of a switch S or W; the card of class behavioural_current gets
 * its formula. */
bool eq_spice_switch(eq_spice *s, eq_cursor *c, char letter, eq_card *card);

/* resistor.c: the resistance by length and width (NAN: the model's) into *r, which stays as it is
 * when the model has no rsh; false: an error was reported. */
bool eq_spice_sheet(eq_spice *s, eq_token model, double length, double width, double *r);

/* ideal.c: the ideal diode between nodes a and b in the form that the writers give it, w = ron,
 * roff, vfwd; false and the cursor unmoved when the rest of the line is anything else. */
bool eq_spice_ideal_diode(eq_cursor *c, eq_token a, eq_token b, double w[3]);

/* The columns w of a resistor of the model, brought to the tnom of the deck; *factor times what its
 * resistance has become. False: an error was reported. */
bool eq_spice_reference(eq_spice *s, eq_token model, double *w, double *factor);

#endif
