/* A deck read again with other values of its parameters and models. */
#include <math.h>
#include <string.h>

#include "analysis/pass.h"

/* What the second reading or its circuit said, and with which values. */
static eq_status report_again(eq_pass *w, const eq_diag *said, size_t overrides, eq_status status,
                              const char *fails) {
    eq_text values = {0};
    if (status == EQ_ERR_MEMORY) return eq_out_of_memory(w->diag);
    eq_diag_pass_on(said, status, w->diag);
    for (size_t k = 0; k < overrides; k++)
        eq_text_printf(&values, "%s%s = %g", k > 0 ? ", " : "", w->override[k].name,
                       w->override[k].value);
    if (values.text != NULL)
        eq_fail_at(w->diag, status,
                   eq_circuit_place(w->base->circuit, w->base->analysis[w->number].at),
                   "%s with %s; change the range of the sweep", fails, values.text);
    eq_text_free(&values);
    return status;
}

/* True if v and branch, and the columns of the table, mean the same in both circuits. */
static bool same_variables(const eq_pass *w, const eq_deck *d, const eq_solver *s) {
    bool same = eq_circuit_nodes(d->circuit) == w->nodes && eq_solver_branches(s) == w->branches &&
                d->analyses == w->base->analyses && d->prints == w->base->prints &&
                d->measures == w->base->measures &&
                d->analysis[w->number].sweeps == eq_pass_analysis(w)->sweeps;
    for (size_t k = 0; same && k < w->nodes; k++)
        same = strcmp(eq_circuit_node_name(d->circuit, (eq_node)k),
                      eq_circuit_node_name(w->base->circuit, (eq_node)k)) == 0;
    for (size_t k = 0; same && k < w->branches; k++)
        same =
            strcmp(eq_circuit_element_name(d->circuit, eq_solver_branch_element(s, k)),
                   eq_circuit_element_name(w->d->circuit, eq_solver_branch_element(w->s, k))) == 0;
    return same;
}

/* Takes over a deck that was read again. */
static eq_status take(eq_pass *w, eq_deck *d, eq_solver *s) {
    eq_selection selection = {NULL, 0, false};
    eq_status status = EQ_OK;
    if (!same_variables(w, d, s))
        status = eq_fail_at(w->diag, EQ_ERR_INPUT,
                            eq_circuit_place(w->base->circuit, eq_pass_analysis(w)->at),
                            "the sweep changes which nodes and sources there are; a table needs "
                            "the same ones at every point");
    if (status == EQ_OK)
        status = eq_selection_new(d, d->analysis[w->number].type, &selection, w->diag);
    if (status == EQ_OK) {
        w->probe.d = d;
        w->probe.s = s;
        status = eq_probe_fit(&w->probe, w->diag);
    }
    if (status != EQ_OK) {
        eq_selection_free(&selection);
        eq_solver_free(s);
        eq_deck_free(d);
        return status;
    }
    eq_solver_free(w->s);
    eq_selection_free(&w->selection);
    if (w->d != w->base) eq_deck_free(w->d);
    w->d = d;
    w->s = s;
    w->selection = selection;
    return EQ_OK;
}

eq_status eq_pass_renew(eq_pass *w) {
    size_t n = 0;
    eq_deck *d = NULL;
    for (size_t k = 0; k < w->loops; k++) {
        const eq_deck *of;
        const eq_sweep *s = eq_pass_loop(w, k, &of);
        if (eq_sweep_rereads(s) && !isnan(w->at[k]))
            w->override[n++] = (eq_override){s->target, eq_sweep_name(of, s), w->at[k]};
    }
    eq_diag *said = eq_diag_new();
    if (said == NULL) return eq_out_of_memory(w->diag);
    eq_solver *solver = NULL;
    eq_status status = eq_deck_reread(w->base, w->override, n, &d, said);
    if (status != EQ_OK) {
        report_again(w, said, n, status, "the deck cannot be read");
    } else if ((status = eq_solver_new(d->circuit, &solver, said)) != EQ_OK) {
        report_again(w, said, n, status, "there is no operating point");
        eq_deck_free(d);
    }
    eq_diag_free(said);
    if (status == EQ_OK) status = take(w, d, solver);
    for (size_t k = 0; status == EQ_OK && k < w->loops; k++)
        if (!isnan(w->at[k])) status = eq_pass_set_value(w, k);
    w->stale = false;
    return status;
}
