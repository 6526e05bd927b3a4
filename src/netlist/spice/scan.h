/* The first pass: text into scopes. */
#ifndef EQ_NETLIST_SPICE_SCAN_H
#define EQ_NETLIST_SPICE_SCAN_H

#include "netlist/spice/spice.h"

/* The dialect that the deck's own cards give away; EQ_NGSPICE without a sign. *word is the sign. */
eq_dialect eq_spice_recognise(const char *text, size_t length, const char **sign);

/* What a card asks of the scan that found it. */
typedef enum eq_card_action {
    EQ_CARD_DONE,
    EQ_CARD_SUBCKT,
    EQ_CARD_ENDS,
    EQ_CARD_INCLUDE,
    EQ_CARD_LIB,
    EQ_CARD_ENDL,
    EQ_CARD_CONTROL,
    EQ_CARD_END,
    EQ_CARD_IF,
    EQ_CARD_ELSEIF,
    EQ_CARD_ELSE,
    EQ_CARD_ENDIF,
    EQ_CARD_DATA
} eq_card_action;

/* card.c: one dot card; the cards of the first pass are read at once, the others noted down. */
eq_card_action eq_spice_card(eq_spice *s, eq_scope *scope, eq_cursor *c);

/* condition.c: a line of .if ... .endif, behind its word. */
void eq_spice_if(eq_spice *s, eq_card_action action, eq_cursor *c, eq_location at);
/* Every .if opened since the base must be closed here. */
void eq_spice_close_ifs(eq_spice *s);

/* scan.c; takes the text over. */
eq_status eq_spice_scan(eq_spice *s, const char *name, char *text, size_t length);

#endif
