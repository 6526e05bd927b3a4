/* What the sparse engine and the tests need of a solver beside solver.h. */
#ifndef EQ_SOLVER_SOLVER_INTERNAL_H
#define EQ_SOLVER_SOLVER_INTERNAL_H

#include "solver/newton.h"
#include "solver/solver.h"

/* As eq_solver_new; with_slope: the pattern has room for eq_injection.slope. */
eq_status eq_solver_new_for(eq_circuit *c, bool with_slope, eq_solver **out, eq_diag *diag);
eq_system *eq_solver_system(eq_solver *s);
eq_newton *eq_solver_newton(eq_solver *s);
/* Currents driven into the outputs in all solves that follow; the arrays must stay. */
void eq_solver_inject(eq_solver *s, eq_injection injection);
/* The threads of the pool share the transistors of every solve: the same bits for any number. */
void eq_solver_share(eq_solver *s, eq_pool *pool);
/* Its solves are the phases of trainings, where MOS transistors go Newton's way first. */
void eq_solver_train(eq_solver *s);
/* Forgets pivots and other history, so that later results do not depend on earlier solves. */
void eq_solver_forget(eq_solver *s);
/* The next solve begins near where the last one ended: transistors begin with its inner potentials. */
void eq_solver_go_on(eq_solver *s);
/* Solves from x = s's own unknowns as eq_solver_solve does; the stationarity check is left out. */
eq_status eq_solver_run(eq_solver *s, const eq_solve_options *o, double *v, double *branch,
                        eq_solve_info *info, eq_diag *diag);
/* Solves from v with the nodes of held[nodes] (NAN: free) pulled to the potentials given there by g
 * each, or held there (infinite g). */
eq_status eq_solver_clamp(eq_solver *s, const eq_solve_options *o, const double *held, double g,
                          double *v, eq_solve_info *info, eq_diag *diag);
/* One rung of the ladder alone, for the tests. */
eq_status eq_solver_rung(eq_solver *s, const eq_solve_options *o, int rung, double *v,
                         eq_solve_info *info, eq_diag *diag);

#endif
