/* How fast a circuit with capacitances comes to its steady state. */
#ifndef EQ_SOLVER_SETTLING_H
#define EQ_SOLVER_SETTLING_H

#include "solver/solver.h"

/* The slowest time constant of C dx/dt = -J dx at the state v, branch (both of a solution; branch
 * may be NULL where no current is an unknown): 1 / min Re(lambda) over the eigenvalues of
 * J y = lambda C y, with C = W^T C_n T, where C_n is that of the circuit's capacitors and of `farad`
 * from each node to ground. C may be singular: nodes without capacitance follow at once. *tau is 0
 * when no free node has any. Where energy weights make J and C symmetric and J positive definite,
 * all eigenvalues are computed up to 600 unknowns; otherwise the largest one of J^-1 C by power
 * iteration, which is the slowest mode as far as that one is real. EQ_ERR_CHECK: a mode grows. */
eq_status eq_solver_settling(eq_solver *s, const double *v, const double *branch, double farad,
                             double *tau, eq_diag *diag);

#endif
