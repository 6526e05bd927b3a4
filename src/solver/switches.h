/* Switches with hysteresis of a circuit, whose states follow from the points before. */
#ifndef EQ_SOLVER_SWITCHES_H
#define EQ_SOLVER_SWITCHES_H

#include "circuit/circuit.h"
#include "solver/solver.h"

/* Whether there are any. */
bool eq_switches_any(const eq_circuit *c);
/* They keep the states that they have at the solution; they have those of their lines again. */
void eq_switches_hold(const eq_circuit *c, eq_solver *s, const double *v, const double *branch);
void eq_switches_release(const eq_circuit *c);
/* eq_solver_solve from the states that the switches have. As in ngspice, which looks at them from iteration to iteration, those
 * whose controls do not allow them change, until none has to: a spark gap that closes at 3.5 V and then stands at 2.5 V
 * stays closed, and a switch that nothing drives stays as it is. They are held then. */
eq_status eq_switches_solve(eq_circuit *c, eq_solver *s, const eq_solve_options *o, double *v,
                            double *branch, eq_solve_info *info, eq_diag *diag);

#endif
