/* The operating point of a circuit as a table: v(node) for all nodes, i(source) for all voltage-defined
 * branches. */
#ifndef EQ_REPORT_OPERATING_POINT_H
#define EQ_REPORT_OPERATING_POINT_H

#include "report/result.h"
#include "solver/solver.h"

/* A result with the variables v(node).. and i(source).. and no point yet; `sweep` (may be NULL) is the name of
 * a variable in front of them. */
eq_status eq_operating_point_table(const eq_circuit *c, const eq_solver *s, const char *plot,
                                   const char *sweep, eq_result **out, eq_diag *diag);
/* Appends the state v[nodes], branch[branches] as a point, after the value of the sweep if there is one. */
eq_status eq_operating_point_add(eq_result *r, const eq_circuit *c, const eq_solver *s,
                                 const double *sweep, const double *v, const double *branch,
                                 eq_diag *diag);
/* Solves the circuit from v = 0 and returns its operating point. info may be NULL. */
eq_status eq_operating_point(eq_circuit *c, const eq_solve_options *o, eq_result **out,
                             eq_solve_info *info, eq_diag *diag);

#endif
