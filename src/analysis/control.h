/* The commands of .control blocks (ngspice manual, chapter 17), in order. */
#ifndef EQ_ANALYSIS_CONTROL_H
#define EQ_ANALYSIS_CONTROL_H

#include "circuit/deck.h"
#include "result/result.h"
#include "solver/solver.h"

/* Results in the order in which they come. */
typedef struct eq_tables {
    eq_result **item;
    size_t count, cap;
} eq_tables;

void eq_tables_free(eq_tables *t);
/* Takes the result over, also when it fails; NULL: nothing. */
eq_status eq_tables_add(eq_tables *t, eq_result *r, eq_diag *diag);

typedef struct eq_control_options {
    const eq_solve_options *solve;
    const char *folder; /* where write and wrdata may make files; NULL: nowhere */
} eq_control_options;

/* Runs the commands of the deck; the same on every rank, of which the first one writes. A table for
 * each analysis, with what the commands print of it or else all that it has, and one for each print
 * of anything else. *ran: the deck's own analyses are among them, or no more wanted (quit). What is
 * not understood is a note that names the command. */
eq_status eq_control_run(const eq_deck *d, const eq_control_options *o, eq_tables *out, bool *ran,
                         eq_diag *diag);

#endif
