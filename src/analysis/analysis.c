#include "analysis/analysis.h"

#include <math.h>

#include "analysis/pass.h"
#include "base/comm.h"
#include "base/mem.h"
#include "solver/switches.h"

static const eq_analysis_kind *const kinds[EQ_ANALYSIS_COUNT] = {
    [EQ_ANALYSIS_OP] = &eq_analysis_op,
    [EQ_ANALYSIS_DC] = &eq_analysis_dc,
    [EQ_ANALYSIS_TF] = &eq_analysis_tf,
    [EQ_ANALYSIS_SENS] = &eq_analysis_sens,
};

/* What the plan and the probes say about the analysis. */
static eq_status prepare(eq_pass *w) {
    const eq_analysis *a = eq_pass_analysis(w);
    eq_circuit *c = w->d->circuit;
    w->kind = kinds[a->type];
    w->kind->prepare(w, a);
    w->loops = w->sweeps + w->d->steps;
    eq_status status = eq_solver_new(c, &w->s, w->diag);
    if (status == EQ_OK) status = eq_selection_new(w->d, a->type, &w->selection, w->diag);
    if (status == EQ_OK && !eq_share_is_ahead(w->share) && w->visit == NULL)
        status = eq_measuring_new(w->d, a->type, &w->measuring, w->diag);
    if (status != EQ_OK) return status;
    w->nodes = eq_circuit_nodes(c);
    w->branches = eq_solver_branches(w->s);
    return EQ_OK;
}

static eq_status make_room(eq_pass *w) {
    size_t widest = w->loops + w->nodes + w->branches + w->selection.count + w->derivatives +
                    eq_measuring_count(w->measuring);
    w->v = eq_calloc(w->nodes, sizeof *w->v);
    w->branch = eq_calloc(w->branches, sizeof *w->branch);
    w->at = eq_calloc(w->loops, sizeof *w->at);
    w->override = eq_calloc(w->loops, sizeof *w->override);
    w->row = eq_calloc(widest, sizeof *w->row);
    w->probe = (eq_probe){.d = w->d, .s = w->s, .v = w->v, .branch = w->branch};
    bool whole =
        w->v != NULL && w->branch != NULL && w->at != NULL && w->override != NULL && w->row != NULL;
    return whole ? eq_probe_fit(&w->probe, w->diag) : eq_out_of_memory(w->diag);
}

/* All points; the circuit has its own values again afterwards. */
static eq_status run_loops(eq_pass *w) {
    double *kept = eq_calloc(w->loops, sizeof *kept);
    if (kept == NULL) return eq_out_of_memory(w->diag);
    for (size_t k = 0; k < w->loops; k++) w->at[k] = NAN;
    eq_pass_own_values(w, kept, NULL);
    eq_status status = eq_pass_steps(w, w->loops);
    eq_pass_own_values(w, NULL, kept);
    eq_circuit_derive(w->base->circuit);
    eq_free(kept);
    return status;
}

static void pass_free(eq_pass *w) {
    if (w->d != w->base) eq_deck_free(w->d);
    eq_free(w->v);
    eq_free(w->branch);
    eq_free(w->at);
    eq_free(w->override);
    eq_free(w->row);
    eq_free(w->probe.work);
    eq_measuring_free(w->measuring);
    eq_result_free(w->measures);
    eq_selection_free(&w->selection);
    eq_solver_free(w->s);
    eq_result_free(w->r);
}

static eq_status go_through(eq_pass *w) {
    eq_status status = prepare(w);
    if (status == EQ_OK) status = eq_pass_check_size(w);
    if (status == EQ_OK) status = make_room(w);
    if (status == EQ_OK) status = eq_pass_tables(w);
    if (status == EQ_OK) status = run_loops(w);
    eq_switches_release(w->base->circuit);
    return status;
}

static eq_status run_pass(eq_deck *d, size_t number, const eq_solve_options *o, eq_share *share,
                          eq_result **out, eq_result **measures, eq_diag *diag) {
    eq_pass w = {.base = d, .d = d, .number = number, .cold = true, .o = o, .share = share};
    w.diag = diag;
    eq_status status = go_through(&w);
    if (status == EQ_OK || (w.r != NULL && w.r->points > 0)) {
        *out = w.r;
        w.r = NULL;
    }
    if (status == EQ_OK) {
        *measures = w.measures;
        w.measures = NULL;
    }
    pass_free(&w);
    return status;
}

eq_status eq_analysis_visit(eq_deck *d, size_t number, const eq_solve_options *o,
                            eq_status (*visit)(void *data, const eq_analysis_point *at), void *data,
                            eq_diag *diag) {
    eq_pass w = {.base = d, .d = d, .number = number, .cold = true, .o = o, .diag = diag};
    w.visit = visit;
    w.visited = data;
    eq_status status = go_through(&w);
    pass_free(&w);
    return status;
}

eq_status eq_analysis_run_alone(eq_deck *d, size_t number, const eq_solve_options *o,
                                eq_result **out, eq_result **measures, eq_diag *diag) {
    return run_pass(d, number, o, NULL, out, measures, diag);
}

eq_status eq_analysis_run(eq_deck *d, size_t number, const eq_solve_options *o, eq_result **out,
                          eq_result **measures, eq_diag *diag) {
    return eq_comm_size() == 1 ? run_pass(d, number, o, NULL, out, measures, diag)
                               : eq_share_run(run_pass, d, number, o, out, measures, diag);
}
