/* The readers of single cards; the table in card.c calls them. */
#ifndef EQ_NETLIST_SPICE_CARDS_H
#define EQ_NETLIST_SPICE_CARDS_H

#include "netlist/spice/late.h"

/* option.c */
void eq_spice_options(eq_spice *s, eq_cursor *c, eq_location at);
void eq_spice_declare_seed(eq_spice *s, eq_scope *scope, eq_cursor *c);
/* Of a .temp card, which beats .options temp wherever it stands (measured with ngspice 39). */
void eq_spice_set_temperature(eq_spice *s, double value, eq_location at);

/* analysis.c */
void eq_spice_op(eq_spice *s, eq_cursor *c, eq_location at);
void eq_spice_dc(eq_spice *s, eq_cursor *c, eq_location at);
void eq_spice_step(eq_spice *s, eq_cursor *c, eq_location at);
/* What `alter` changes (.. = VALUE at the cursor), an element's parameter, and its value. */
bool eq_spice_alter_target(eq_spice *s, eq_cursor *c, eq_sweep *out, double *value);
/* An analysis that eqspice does not do, by the name of its card. */
void eq_spice_skip_analysis(eq_spice *s, const char *name, eq_location at);
/* A deck that asks only for such ones gets its operating point. */
void eq_spice_finish_plan(eq_spice *s);
void eq_spice_temp(eq_spice *s, eq_cursor *c, eq_location at);
/* transfer.c */
void eq_spice_tf(eq_spice *s, eq_cursor *c, eq_location at);
void eq_spice_sens(eq_spice *s, eq_cursor *c, eq_location at);
/* In the first pass: notes down a parameter that only .step gives its values. */
void eq_spice_declare_step(eq_spice *s, eq_scope *scope, eq_cursor *c);

/* A .data table, which the first pass keeps: its text behind the name, up to .enddata. */
typedef struct eq_data_table {
    eq_token name;
    eq_cursor at;
} eq_data_table;

/* control.c */
void eq_spice_csparam(eq_spice *s, eq_cursor *c, eq_location at);

/* start.c */
void eq_spice_nodeset(eq_spice *s, eq_cursor *c, eq_location at);
void eq_spice_ic(eq_spice *s, eq_cursor *c, eq_location at);

/* print.c: the vectors of a .print, .plot or .save card. */
void eq_spice_print(eq_spice *s, eq_cursor *c, eq_location at);
/* Likewise, but words that are not known are passed over. */
void eq_spice_save(eq_spice *s, eq_cursor *c, eq_location at);
/* The types of analysis that a word such as dc asks for: 1 << type; 0: one that eqspice does not
 * do, -1: any other word. */
int eq_spice_analyses_of(eq_token t);

/* measure.c */
void eq_spice_measure(eq_spice *s, eq_cursor *c, eq_location at);

/* directive.c: notes a *% line down; c stands at its *. */
void eq_spice_directive(eq_spice *s, eq_cursor *c);
/* Gives the circuit the outputs of the *% output and *% nudge lines. */
void eq_spice_finish_directives(eq_spice *s);

#endif
