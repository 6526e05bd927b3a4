/* Poles of formulas: a load of constant power, i = P/v, takes infinite current where no voltage is, which is where
 * a search begins. */
#ifndef EQ_SOLVER_POLES_H
#define EQ_SOLVER_POLES_H

#include "solver/newton.h"

/* Whether there are formulas. */
bool eq_poles_possible(const eq_newton *w);
/* Whether x is at the pole of a current that a formula has of the potential of its own node. */
bool eq_poles_of_loads(eq_newton *w, const double *x);
/* x moves to 1 V at what formulas read that have a pole there, where the first step of SPICE's method from a pole at
 * 0 ends, too (i = P/v with the slope -P/v^2, both over ngspice's least divisor). */
eq_status eq_poles_leave(eq_newton *w, double *x);

#endif
