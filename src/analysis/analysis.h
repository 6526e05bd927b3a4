/* The analyses of a deck (.op, .dc), each as a table of results. */
#ifndef EQ_ANALYSIS_ANALYSIS_H
#define EQ_ANALYSIS_ANALYSIS_H

#include "analysis/operating_point.h"
#include "circuit/deck.h"

/* COLLECTIVE (base/comm.h): the ranks share the points, only rank 0 gets the tables, the others
 * NULL. Runs analysis `number` of the deck, inside its steps. A sweep (ngspice
 * manual,
 * ".DC") starts each point from the last one, a step from zero. Columns: the stepped variables, the
 * swept ones, each innermost first, then v(node) and i(source), or the vectors of .print, .plot and
 * .save. The circuit's values are as before afterwards. */
eq_status eq_analysis_run(eq_deck *d, size_t number, const eq_solve_options *o, eq_result **out,
                          eq_result **measures, eq_diag *diag);
/* The same by one rank alone, whichever calls it. */
eq_status eq_analysis_run_alone(eq_deck *d, size_t number, const eq_solve_options *o,
                                eq_result **out, eq_result **measures, eq_diag *diag);

#endif
