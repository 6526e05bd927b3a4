/* The general (sparse) solver of one circuit: built once per topology, used for every operating
 * point.
 *
 * Unknowns (DESIGN section 1): v = T x + c, where grounded and floating V sources and VCVS are
 * eliminated, and r(x) = W^T dP/dv(T x + c) = 0. Branches that cannot be eliminated (loops of
 * controlled sources, CCVS) keep their current as an unknown (modified nodal analysis). */
#ifndef EQ_SOLVER_SOLVER_H
#define EQ_SOLVER_SOLVER_H

#include "base/random.h"
#include "circuit/circuit.h"

typedef struct eq_solver eq_solver;

typedef enum eq_method { EQ_NEWTON, EQ_KINSOL, EQ_COCONTENT } eq_method;

typedef struct eq_solve_options {
    eq_method method;
    double abstol,
        reltol;         /* KCL bound: max |r_i| <= abstol [A] + reltol * sum of |currents| at i */
    int max_iterations; /* of one rung of the ladder */
    void (*log)(void *data, const char *line); /* NULL: quiet; one line a rung and iteration */
    void *log_data;
} eq_solve_options;

/* Taken from the options of the circuit; method EQ_NEWTON. */
eq_solve_options eq_solve_options_of(const eq_circuit *c);

typedef struct eq_solve_info {
    const char *engine; /* "newton", "kinsol", "cocontent" */
    const char *rung;   /* which rung of the ladder answered: "newton", "gmin stepping", ... */
    int iterations, factorizations;
    double residual;       /* max |r_i| [A] */
    double residual_ratio; /* max |r_i| / bound_i: <= 1 when solved */
    bool has_energy;       /* energy weights exist: stationarity is meaningful */
    double stationarity;   /* max |dP/dv| [A] by differences of the energy functions alone; NAN
                              without */
    double energy;         /* the weighted co-content at the solution [W]; NAN without */
} eq_solve_info;

/* Analyzes the frozen circuit, which must outlive the solver. Loops of voltage sources, floating
 * nodes and cutsets of current sources are EQ_ERR_SINGULAR with the nodes and elements named. */
eq_status eq_solver_new(eq_circuit *c, eq_solver **out, eq_diag *diag);
void eq_solver_free(eq_solver *s);
/* Takes over changed parameters and source values of the circuit; the analysis is kept. */
void eq_solver_refresh(eq_solver *s);

size_t eq_solver_unknowns(const eq_solver *s);
/* "cholmod" or "klu", and whether the (weighted) Jacobian is symmetric positive definite. */
const char *eq_solver_backend(const eq_solver *s);
/* Voltage-defined branches (V, E, H) in deck order; branch number of element e, EQ_NONE when it has
 * none. */
size_t eq_solver_branches(const eq_solver *s);
eq_element eq_solver_branch_element(const eq_solver *s, size_t branch);
int eq_solver_branch_of(const eq_solver *s, eq_element e);
/* The current from terminal a through element e to b at the potentials v [nodes] and branch
 * currents [branches]. */
double eq_solver_current(eq_solver *s, eq_element e, const double *v, const double *branch);

/* Solves r(x) = 0; o NULL: eq_solve_options_of the circuit. v[nodes] [V] is the start on entry
 * (zeros are fine) and the node potentials on return; branch[branches] [A] receives the branch
 * currents (from + through the source to -), may be NULL. On any failure v and branch are NAN and
 * diag says why. info may be NULL. */
eq_status eq_solver_solve(eq_solver *s, const eq_solve_options *o, double *v, double *branch,
                          eq_solve_info *info, eq_diag *diag);

/* A start for eq_solver_solve: v with the nodes of `held` (NAN: free) near the potentials given
 * there, as .nodeset of ngspice does before it lets them go; v stays where that has no solution.
 * held, v: [nodes]. */
eq_status eq_solver_hold(eq_solver *s, const eq_solve_options *o, const double *held, double *v,
                         eq_diag *diag);

/* The adjoint at the solution v: J^T l = T^T dC/dv, lambda = W l. Then for any parameter w of a
 * current-defined element between a and b: dC/dw = -(lambda[a] - lambda[b]) di/dw. dcdv, lambda:
 * [nodes]. */
eq_status eq_solver_adjoint(eq_solver *s, const double *v, const double *branch, const double *dcdv,
                            double *lambda, eq_diag *diag);

/* How far the potentials of a solution v may be off, to first order: dv[samples][nodes] [V] are the
 * changes J^-1 r for residuals r of random sign that fill the KCL bound of o, with what round-off
 * of the potentials adds to it. */
eq_status eq_solver_doubt(eq_solver *s, const eq_solve_options *o, const double *v,
                          const double *branch, size_t samples, eq_random *random, double *dv,
                          eq_diag *diag);

#endif
