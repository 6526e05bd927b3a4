/* The adjoint of one solver, analyzed once:
 * exact gradients by any trainable parameter (adjoint.c). */
#ifndef EQ_SOLVER_ADJOINT_H
#define EQ_SOLVER_ADJOINT_H

#include "circuit/formula.h"
#include "solver/solver_internal.h"

typedef struct eq_adjoint {
    eq_solver *solver;
    eq_system *s;
    double *x, *l;         /* [eq_system_most] state, multipliers: J^T l = T^T dC/dv */
    double *lambda, *held; /* [nodes] W l; dC/d(a potential held fixed) */
    double *rise, *inner;  /* [nodes] of lambda along the trees; of held what stays inside them */
    double *source;        /* [branches] dC/de of a voltage-defined branch */
    double *branch;        /* [branches] A, of eq_adjoint_take */
} eq_adjoint;

/* The solver must outlive it. */
eq_status eq_adjoint_new(eq_solver *solver, eq_adjoint **out, eq_diag *diag);
void eq_adjoint_free(eq_adjoint *a);
/* l and lambda of the cost gradient dcdv[nodes] at the solution v[nodes], branch[branches]; x is
 * that state with the drops of shorts. */
eq_status eq_adjoint_solve(eq_adjoint *a, const double *v, const double *branch, const double *dcdv,
                           eq_diag *diag);
/* The same of a cost that depends on the currents of voltage-defined branches, too: dcdi[branches].
 * Then lambda is that of the node currents, as every gradient below takes it. */
eq_status eq_adjoint_solve_currents(eq_adjoint *a, const double *v, const double *branch,
                                    const double *dcdv, const double *dcdi, eq_diag *diag);
/* Adds to dcdv and dcdi those of a formula of drops and currents of voltage-defined elements, with its
 * slope by each input. */
void eq_adjoint_add_slopes(const eq_solver *s, const eq_formula *f, const double *slope,
                           double *dcdv, double *dcdi);
/* lambda [nodes] given instead of solved, at the solution v of a circuit without kept currents:
 * -d_n (v_n(b) - v_n(0))/(b d_ref) makes the gradients those of Equilibrium Propagation, since
 * J^T D = D J where an energy exists. Leaves the branch currents in `branch`. */
void eq_adjoint_take(eq_adjoint *a, double *v, const double *lambda);
/* source, after eq_adjoint_solve at the same state: only gradients by voltages and gains of V, E
 * and H need it. */
void eq_adjoint_sources(eq_adjoint *a, const double *dcdv);
/* dC/dw of one trainable parameter, after both. */
double eq_adjoint_gradient(const eq_adjoint *a, eq_handle h, const double *v, const double *branch);

#endif
