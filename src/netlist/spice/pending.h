/* What is noted down while elements are read, for the time when all of them are known: controls by
 * name, references to tnom. */
#ifndef EQ_NETLIST_SPICE_PENDING_H
#define EQ_NETLIST_SPICE_PENDING_H

#include "netlist/spice/spice.h"

/* An F or H, or a current in a formula, whose control is looked up by name at the end. */
typedef struct eq_pending {
    eq_element element;
    int32_t input;   /* of its formula; EQ_NONE: an F or H */
    int32_t control; /* in eq_reading.controls */
    int32_t path;    /* what it may mean, too; EQ_NO_NAME */
    eq_location at;
} eq_pending;

/* A slot of an element's formula that is tnom, known when all .options are read. */
typedef struct eq_reference {
    eq_element element;
    int32_t slot;
} eq_reference;

void eq_spice_look_up_later(eq_spice *s, eq_pending control);
/* F, H and the currents in formulas get their controls,
 * now that all elements have their numbers. */
void eq_spice_connect_controls(eq_spice *s);

/* The number at the cursor; false, and no word about it: there is none that is known before the
 * circuit is solved. */
bool eq_spice_quiet_value(eq_spice *s, eq_cursor c, double *value);
/* The value of a C or L element (NAN: none is known), for .print. */
void eq_spice_note_reactance(eq_spice *s, eq_token name, double value);

void eq_spice_note_reference(eq_spice *s, eq_element e, int32_t slot);
/* The slots that are tnom get its value. */
void eq_spice_set_references(eq_spice *s);

#endif
