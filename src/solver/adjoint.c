/* The adjoint of the reduced system (DESIGN section 1, "Truth to test against"). */
#include <math.h>

#include "base/mem.h"
#include "solver/solver_internal.h"

eq_status eq_solver_adjoint(eq_solver *s, const double *v, const double *branch, const double *dcdv,
                            double *lambda, eq_diag *diag) {
    eq_system *system = eq_solver_system(s);
    double *x = eq_malloc(system->n, sizeof *x), *l = eq_malloc(system->n, sizeof *l);
    eq_lin *lin = NULL;
    eq_status status = EQ_OK;
    if (x == NULL || l == NULL) status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = eq_lin_new(EQ_LIN_KLU, &system->pattern, &lin, diag);
    if (status == EQ_OK) {
        int32_t column;
        eq_system_unknowns(system, v, branch, x);
        eq_system_jacobian(system, x);
        status = eq_lin_factor(lin, system->value, NULL, &column);
        if (status == EQ_ERR_SINGULAR)
            eq_fail(diag, status,
                    "the Jacobian is singular at this state, so there is no adjoint; "
                    "take a solved operating point");
    }
    if (status == EQ_OK) {
        eq_system_gather(system, dcdv, l);
        status = eq_lin_solve_transposed(lin, l);
    }
    if (status == EQ_OK) eq_system_spread(system, l, lambda);
    if (status == EQ_ERR_MEMORY) eq_out_of_memory(diag);
    eq_lin_free(lin);
    eq_free(x);
    eq_free(l);
    return status;
}
