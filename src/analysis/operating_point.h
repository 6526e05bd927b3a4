/* The operating point of a circuit as a table: v(node) for all nodes, i(source) for all
 * voltage-defined branches. */
#ifndef EQ_ANALYSIS_OPERATING_POINT_H
#define EQ_ANALYSIS_OPERATING_POINT_H

#include "result/result.h"
#include "solver/solver.h"

/* Adds the variables v(node).. and i(source).. to a result without points: a point is then
 * v[1..nodes) and branch[branches]. */
eq_status eq_operating_point_columns(const eq_circuit *c, const eq_solver *s, eq_result *r,
                                     eq_diag *diag);
/* v[nodes] to start from: 0, or where .nodeset says with the other nodes as they are then. */
eq_status eq_operating_point_start(const eq_circuit *c, eq_solver *s, const eq_solve_options *o,
                                   double *v, eq_diag *diag);
/* Solves the circuit from v = 0, or where .nodeset says, and returns its operating point. info may
 * be NULL. */
eq_status eq_operating_point(eq_circuit *c, const eq_solve_options *o, eq_result **out,
                             eq_solve_info *info, eq_diag *diag);

#endif
