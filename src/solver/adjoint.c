/* The adjoint of the reduced system: J^T l = T^T dC/dv, lambda = W l (the transposed linear problem
 * of Director and Rohrer 1969). */
#include "base/mem.h"
#include "solver/solver_internal.h"

static eq_status solve_transposed(eq_newton *w, const double *x, const double *dcdv, double *l,
                                  eq_diag *diag) {
    w->factored = NULL;
    w->diag = diag;
    eq_status status = eq_newton_regular(w, x);
    w->diag = NULL;
    if (status == EQ_ERR_SINGULAR)
        return eq_fail(diag, status,
                       "the Jacobian is singular at this state, so there is no adjoint; "
                       "take a solved operating point");
    if (status == EQ_OK) {
        eq_system_gather(w->s, dcdv, l);
        status = eq_lin_solve_transposed(w->factored, l);
    }
    return status;
}

eq_status eq_solver_adjoint(eq_solver *s, const double *v, const double *branch, const double *dcdv,
                            double *lambda, eq_diag *diag) {
    eq_system *system = eq_solver_system(s);
    double *x = eq_malloc(system->n, sizeof *x), *l = eq_malloc(system->n, sizeof *l);
    eq_status status = x == NULL || l == NULL ? EQ_ERR_MEMORY : EQ_OK;
    if (status == EQ_OK) {
        eq_system_unknowns(system, v, branch, x);
        status = solve_transposed(eq_solver_newton(s), x, dcdv, l, diag);
    }
    if (status == EQ_OK) eq_system_spread(system, l, lambda);
    if (status == EQ_ERR_MEMORY) eq_out_of_memory(diag);
    eq_free(x);
    eq_free(l);
    return status;
}
