/* Which vectors an analysis gives: those of .print, .plot and .save, or every node and source. */
#ifndef EQ_ANALYSIS_SELECTION_H
#define EQ_ANALYSIS_SELECTION_H

#include "analysis/probe.h"
#include "result/result.h"

typedef struct eq_selection {
    const eq_print **item; /* in the order of the deck, each once */
    size_t count;
    bool everything; /* every node and source, in front of these */
} eq_selection;

/* The types whose cards hold for an analysis of this type: those of dc also for .op in a deck
 * without .dc (Xyce Reference Guide, .OP). */
unsigned eq_print_types(const eq_deck *d, eq_analysis_type type);
/* What the deck asks for in analyses of this type. */
eq_status eq_selection_new(const eq_deck *d, eq_analysis_type type, eq_selection *out,
                           eq_diag *diag);
void eq_selection_free(eq_selection *p);
/* Adds a variable for each vector to a result without points. */
eq_status eq_selection_variables(const eq_selection *p, const eq_deck *d, eq_result *r,
                                 eq_diag *diag);
/* The vectors' values at the solution; value[p->count]. */
void eq_selection_values(const eq_selection *p, const eq_probe *at, double *value);

#endif
