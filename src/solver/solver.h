/* The general (sparse) solver of one circuit: built once per topology, used for every operating
 * point.
 *
 * Unknowns (docs/theory.md, 2): v = T x + c, where grounded and floating V sources and VCVS are
 * eliminated, and r(x) = W^T dP/dv(T x + c) = 0. Branches that cannot be eliminated (loops of
 * controlled sources, CCVS) keep their current as an unknown (modified nodal analysis). */
#ifndef EQ_SOLVER_SOLVER_H
#define EQ_SOLVER_SOLVER_H

#include "base/random.h"
#include "circuit/circuit.h"

size_t eq_solver_unknowns(const eq_solver *s);
/* "cholmod" or "klu", and whether the (weighted) Jacobian is symmetric positive definite. */
const char *eq_solver_backend(const eq_solver *s);
/* The element of a branch (eq_solver_branches). */
eq_element eq_solver_branch_element(const eq_solver *s, size_t branch);
/* The current from terminal a through element e to b at the potentials v [nodes] and branch
 * currents [branches]. */
double eq_solver_current(eq_solver *s, eq_element e, const double *v, const double *branch);

/* The next solve is of the next point of a sweep, whose junctions go on as they went to the last. */
void eq_solver_next_point(eq_solver *s);
/* A start for eq_solver_solve: v with the nodes of `held` (NAN: free) near the potentials given
 * there, as .nodeset of ngspice does before it lets them go; where that has no solution, or sources
 * fix all of these nodes, v becomes zero there.
 * held, v: [nodes]. */
eq_status eq_solver_hold(eq_solver *s, const eq_solve_options *o, const double *held, double *v,
                         eq_diag *diag);

/* How far the potentials of a solution v may be off, to first order: dv[samples][nodes] [V] are the
 * changes J^-1 r for residuals r of random sign that fill the KCL bound of o, with what round-off
 * of the potentials adds to it. */
eq_status eq_solver_uncertainty(eq_solver *s, const eq_solve_options *o, const double *v,
                                const double *branch, size_t samples, eq_random *random, double *dv,
                                eq_diag *diag);

/* How far a state that came from elsewhere is from an operating point, by the circuit's own
 * equations: max of |r_k| over the KCL bound of o, there [A] and at which node or branch; the
 * largest difference [V] between a potential and what the sources make of the others, at node
 * `off`. branch[branches] as in eq_solver_solve. */
typedef struct eq_judgement {
    double ratio, residual;
    char where[128];
    double gap;
    eq_node off;
} eq_judgement;
eq_status eq_solver_judge(eq_solver *s, const eq_solve_options *o, const double *v,
                          const double *branch, eq_judgement *out, eq_diag *diag);

#endif
