/* What the KCL bound leaves open of the potentials of a solution,
 * by the linearized system there. */
#include <float.h>

#include "base/mem.h"
#include "solver/solver_internal.h"

typedef struct linearized {
    eq_system *system;
    eq_lin *lin;  /* factors of J at the state, the solver's */
    double *x;    /* [n] the state */
    double *work; /* [n] */
} linearized;

static void linearized_free(linearized *l) {
    eq_free(l->x);
    eq_free(l->work);
}

static eq_status linearize(eq_solver *s, const double *v, const double *branch, linearized *l,
                           eq_diag *diag) {
    eq_system *system = eq_solver_system(s);
    eq_newton *w = eq_solver_newton(s);
    *l = (linearized){.system = system};
    l->x = eq_malloc(system->n, sizeof *l->x);
    l->work = eq_malloc(system->n, sizeof *l->work);
    if (l->x == NULL || l->work == NULL) return eq_out_of_memory(diag);
    eq_system_unknowns(system, v, branch, l->x);
    w->factored = NULL;
    eq_status status = eq_newton_regular(w, l->x);
    l->lin = w->factored;
    if (status == EQ_OK) status = eq_newton_find_drops(w, l->x);
    if (status == EQ_ERR_SINGULAR)
        eq_fail(diag, status,
                "the Jacobian is singular at this state, so there is no adjoint; "
                "take a solved operating point");
    return status == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : status;
}

eq_status eq_solver_uncertainty(eq_solver *s, const eq_solve_options *o, const double *v,
                                const double *branch, size_t samples, eq_random *random, double *dv,
                                eq_diag *diag) {
    linearized l;
    eq_status status = linearize(s, v, branch, &l, diag);
    size_t n = l.system->n, nodes = l.system->nodes;
    double *bound = eq_malloc(n, sizeof *bound);
    if (status == EQ_OK && bound == NULL) status = eq_out_of_memory(diag);
    if (status == EQ_OK) {
        l.system->round_off = o->reltol > 0.0 ? 4.0 * DBL_EPSILON / o->reltol : 0.0;
        eq_system_residual(l.system, l.x, l.work, bound);
        for (size_t k = 0; k < n; k++) bound[k] = eq_kcl_bound(o, bound[k]);
    }
    for (size_t j = 0; status == EQ_OK && j < samples; j++) {
        for (size_t k = 0; k < n; k++)
            l.work[k] = eq_random_next(random) >> 63 ? bound[k] : -bound[k];
        status = eq_lin_solve(l.lin, l.work);
        if (status == EQ_ERR_MEMORY) eq_out_of_memory(diag);
        eq_reduction_potentials(l.system->reduction, l.system->circuit, l.work, 0.0, dv + j * nodes,
                                NULL);
    }
    eq_free(bound);
    linearized_free(&l);
    return status;
}
