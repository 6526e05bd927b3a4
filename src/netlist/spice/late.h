/* Cards and directives that are read when all elements are known, phase by phase. */
#ifndef EQ_NETLIST_SPICE_LATE_H
#define EQ_NETLIST_SPICE_LATE_H

#include "netlist/spice/spice.h"

typedef enum eq_phase {
    EQ_PHASE_OPTIONS, /* before the elements, which may ask for the temperature */
    EQ_PHASE_NAMES,
    EQ_PHASE_TRAIN,
    EQ_PHASE_PLAN, /* what is trained has its class by now */
    EQ_PHASE_LAST,
    EQ_PHASES
} eq_phase;

typedef void (*eq_reader)(eq_spice *s, eq_cursor *c, eq_location at);

typedef struct eq_late {
    eq_phase phase;
    int32_t condition;
    eq_cursor at;  /* behind the word */
    eq_token word; /* of the card */
    eq_reader read;
} eq_late;

void eq_spice_later(eq_spice *s, eq_phase phase, eq_cursor c, eq_token word, eq_reader read);
/* Notes down a card inside the subcircuit `scope`, which each of its instances reads. */
void eq_spice_in_each(eq_spice *s, eq_scope *scope, eq_late card);
/* Reads those of the scope of s->frame, whose elements are known. */
void eq_spice_read_inner(eq_spice *s);
/* Reads what was noted down for these phases. */
void eq_spice_read_late(eq_spice *s, eq_phase first, eq_phase last);

#endif
