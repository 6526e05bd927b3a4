/* One point of an analysis. */
#include "analysis/pass.h"
#include "base/text.h"
#include "solver/switches.h"

void eq_pass_where(const eq_pass *w, eq_text *out) {
    for (size_t k = 0; k < w->loops; k++)
        eq_text_printf(out, "%s%s = %g", k > 0 ? ", " : "", eq_pass_loop_name(w, k), w->at[k]);
}

/* "the sweep stops at v1 = 2, r1 = 1000" */
static eq_status report_stop(const eq_pass *w, eq_status status) {
    eq_text values = {0};
    eq_pass_where(w, &values);
    if (values.text != NULL)
        eq_fail_at(w->diag, status, eq_circuit_place(w->base->circuit, eq_pass_analysis(w)->at),
                   "the sweep stops at %s", values.text);
    eq_text_free(&values);
    return status;
}

/* What the innermost sweep of .dc is at; of a table the number of its row, from 1,
 * as Xyce counts. */
static double abscissa(const eq_pass *w) {
    const eq_deck *of;
    if (w->sweeps > 1 && eq_pass_loop(w, 1, &of)->follows) return (double)w->index + 1.0;
    return w->sweeps > 0 ? w->at[0] : 0.0;
}

/* The state at the values that stand, from the one before. */
static eq_status solve(eq_pass *w) {
    eq_status status = EQ_OK;
    if (w->cold) status = eq_operating_point_start(w->d->circuit, w->s, w->o, w->v, w->diag);
    if (!w->cold) eq_solver_next_point(w->s);
    w->cold = false;
    if (status == EQ_OK)
        status = eq_switches_solve(w->d->circuit, w->s, w->o, w->v, w->branch, NULL, w->diag);
    return status == EQ_OK || w->loops == 0 ? status : report_stop(w, status);
}

static eq_status visit(eq_pass *w) {
    eq_text where = {0};
    eq_text_puts(&where, "");
    eq_pass_where(w, &where);
    eq_analysis_point at = {w->d->circuit, w->s, w->v, w->branch, where.text};
    eq_status status = where.failed ? eq_out_of_memory(w->diag) : w->visit(w->visited, &at);
    eq_text_free(&where);
    return status;
}

eq_status eq_pass_point(eq_pass *w) {
    if (w->loops == w->sweeps && eq_share_skips(w)) {
        w->cold = true; /* the next own point cannot start from this one */
        return EQ_OK;
    }
    eq_status status = w->stale ? eq_pass_renew(w) : EQ_OK;
    if (status != EQ_OK) return status;
    if (w->cold || w->index == 0)
        eq_switches_release(w->d->circuit);
    else
        eq_switches_hold(w->d->circuit, w->s, w->v, w->branch);
    eq_circuit_derive(w->d->circuit);
    eq_solver_refresh(w->s);
    if (w->share == NULL || eq_share_is_ahead(w->share))
        status = solve(w);
    else
        eq_share_take(w);
    if (status != EQ_OK) return status;
    if (eq_share_is_ahead(w->share)) return eq_share_keep(w);
    if (w->visit != NULL) return visit(w);
    status = eq_pass_row(w);
    if (status == EQ_OK) status = eq_result_point(w->r, w->row, w->diag);
    if (status == EQ_OK && w->measuring != NULL)
        status = eq_measuring_point(w->measuring, &w->probe, abscissa(w), w->diag);
    return status;
}
