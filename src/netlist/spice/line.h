/* One element line while it is read into a card: what element.c (nodes, models, values) and key.c
 * (NAME=VALUE) share. */
#ifndef EQ_NETLIST_SPICE_LINE_H
#define EQ_NETLIST_SPICE_LINE_H

#include "netlist/spice/part.h"

typedef struct eq_line {
    eq_spice *s;
    eq_cursor *c;
    eq_token name;
    eq_card card;
    bool has_value, positional; /* a value is known; it was written without a name */
    bool bare;                  /* a transistor of three nodes where its letter has four */
    double m, scale;
    double model_value;      /* of the model, NAN; in Xyce it multiplies the own one */
    bool own_value;          /* written on the line */
    uint64_t own;            /* bit k: so is parameter k */
    double length, width;    /* m, of a resistor; NAN */
    double series, parallel; /* ohm, of its own; NAN: none */
    double reactance;        /* H or F of L and C; NAN: not known */
    eq_token model;          /* as written */
    double factor;           /* from the value written to the one in the table */
    eq_warmth warmth;        /* as written on the line */
    bool cold;               /* a form of source that takes no temperature coefficients */
    eq_formula *formula;     /* of a resistance that depends on the state */
    int32_t reference;       /* the slot of its formula that holds tnom; EQ_NONE */
    bool added;              /* the circuit owns the formulas */
} eq_line;

static inline const eq_device_class *eq_line_class(const eq_line *l) {
    return eq_class(l->card.cls);
}

/* The parameter of the class, -1: it has none of that name. */
int eq_line_param(const eq_device_class *cls, eq_token name);
bool eq_line_set(eq_line *l, int param, double value);
/* NAME = VALUE; the cursor stands behind NAME. False: an error was reported. */
bool eq_line_key(eq_line *l, eq_token name);
/* What stands behind the nodes of L and C: of all of it the resistances count at dc, and of a C
 * its value for how fast a state is reached. */
bool eq_line_reactance(eq_line *l);
bool eq_line_unknown_key(eq_line *l, eq_token name);
/* The resistance at the cursor: a number, or a formula of the state when it holds v(...)
 * or i(...). */
bool eq_line_resistance(eq_line *l);
/* terminals.c: whether the fourth word of a transistor, at the cursor, is a node: the substrate of a
 * bipolar one, without which it is ground; the bulk, which a power transistor has not. */
bool eq_line_has_fourth(const eq_line *l);
/* Whether a MOS transistor has as many nodes as its model takes. False: an error was reported. */
bool eq_line_fits(const eq_line *l, const eq_device_class *of_model);
/* size.c: the area, the perimeter and the breakdown current of a diode whose line says something of
 * its size. False: an error was reported. */
bool eq_line_measure_diode(eq_line *l);

#endif
