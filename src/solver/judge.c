/* Whether a state that came from elsewhere is an operating point by the equations of the circuit. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "solver/solver_internal.h"

/* The row that is furthest above its bound. */
static void find_worst(const eq_system *system, const eq_solve_options *o, const double *r,
                       const double *magnitude, eq_judgement *out, eq_text *text) {
    size_t worst = 0;
    for (size_t k = 0; k < system->n; k++) {
        double ratio = fabs(r[k]) / eq_kcl_bound(o, magnitude[k]);
        if (ratio <= out->ratio) continue;
        out->ratio = isnan(ratio) ? INFINITY : ratio;
        out->residual = fabs(r[k]);
        worst = k;
    }
    if (out->ratio > 0.0) eq_system_name(system, worst, text);
}

/* The node whose potential is furthest from what the sources make of the others. */
static void find_gap(eq_system *system, const double *x, const double *v, double *imposed,
                     eq_judgement *out) {
    eq_system_state(system, x, imposed, NULL);
    for (size_t n = 0; n < system->nodes; n++)
        if (fabs(imposed[n] - v[n]) > out->gap) {
            out->gap = fabs(imposed[n] - v[n]);
            out->off = (eq_node)n;
        }
}

eq_status eq_solver_judge(eq_solver *s, const eq_solve_options *o, const double *v,
                          const double *branch, eq_judgement *out, eq_diag *diag) {
    eq_system *system = eq_solver_system(s);
    size_t n = system->n;
    eq_text text = {0};
    double *work = eq_malloc(3 * n + system->nodes, sizeof *work);
    if (work == NULL) return eq_out_of_memory(diag);
    double *x = work, *r = work + n, *magnitude = work + 2 * n, *imposed = work + 3 * n;
    *out = (eq_judgement){.off = EQ_GROUND};
    eq_system_unknowns(system, v, branch, x);
    system->round_off = o->reltol > 0.0 ? 4.0 * DBL_EPSILON / o->reltol : 0.0;
    if (!eq_system_residual(system, x, r, magnitude)) out->ratio = INFINITY;
    find_worst(system, o, r, magnitude, out, &text);
    find_gap(system, x, v, imposed, out);
    if (text.text != NULL) snprintf(out->where, sizeof out->where, "%s", text.text);
    eq_status status = text.failed ? eq_out_of_memory(diag) : EQ_OK;
    eq_text_free(&text);
    eq_free(work);
    return status;
}
