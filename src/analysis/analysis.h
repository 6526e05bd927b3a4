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
 * .save. The circuit's values are as before afterwards. Where it fails *out has the points before that, if there are any. */
eq_status eq_analysis_run(eq_deck *d, size_t number, const eq_solve_options *o, eq_result **out,
                          eq_result **measures, eq_diag *diag);
/* The same by one rank alone, whichever calls it. */
eq_status eq_analysis_run_alone(eq_deck *d, size_t number, const eq_solve_options *o,
                                eq_result **out, eq_result **measures, eq_diag *diag);

/* The points of analysis `number`, steps and all. */
double eq_analysis_points(const eq_deck *d, size_t number);

/* A point of an analysis: the circuit with the values there, solved; while `visit` runs. */
typedef struct eq_analysis_point {
    eq_circuit *circuit;
    eq_solver *solver;
    const double *v, *branch; /* [nodes], [branches] */
    const char *where;        /* "v1 = 2, r1 = 1000"; "" where nothing is swept */
} eq_analysis_point;

/* Goes through the analysis as eq_analysis_run does, and instead of making tables lets `visit` see
 * every point; its first failure ends it. */
eq_status eq_analysis_visit(eq_deck *d, size_t number, const eq_solve_options *o,
                            eq_status (*visit)(void *data, const eq_analysis_point *at), void *data,
                            eq_diag *diag);

#endif
