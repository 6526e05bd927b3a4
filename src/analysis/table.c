/* The tables of an analysis. */
#include <string.h>

#include "analysis/pass.h"
#include "base/limits.h"

/* Step columns first, as the deck lists them, then the sweep of .dc and its vectors. */
eq_status eq_pass_row(eq_pass *w) {
    size_t steps = w->loops - w->sweeps;
    memcpy(w->row, w->at + w->sweeps, steps * sizeof *w->row);
    memcpy(w->row + steps, w->at, w->sweeps * sizeof *w->row);
    return w->kind->row(w, w->row + w->loops);
}

eq_status eq_pass_vector_values(eq_pass *w, double *out) {
    if (w->selection.everything) {
        memcpy(out, w->v + 1, (w->nodes - 1) * sizeof *out);
        memcpy(out + w->nodes - 1, w->branch, w->branches * sizeof *out);
        out += w->nodes - 1 + w->branches;
    }
    eq_selection_values(&w->selection, &w->probe, out);
    return EQ_OK;
}

double eq_pass_product(const eq_sweep *loops, size_t n) {
    double points = 1.0;
    for (size_t k = 0; k < n; k++)
        if (!loops[k].follows) points *= (double)loops[k].points;
    return points;
}

/* The points of one analysis, steps and all. */
static double points_of(const eq_deck *d, const eq_analysis *a) {
    return eq_pass_product(a->sweep, (size_t)a->sweeps) * eq_pass_product(d->step, d->steps);
}

double eq_analysis_points(const eq_deck *d, size_t number) {
    return points_of(d, &d->analysis[number]);
}

/* The tables of all analyses stand in memory together before they are written; ranks also keep all
 * states. A table of one point is no larger than the circuit. */
static eq_status check_total(const eq_pass *w, eq_place at) {
    const eq_deck *d = w->base;
    size_t state = w->nodes - 1 + w->branches;
    bool whole = w->selection.everything || w->share != NULL;
    size_t width = w->loops + w->selection.count + w->derivatives + (whole ? state : 0);
    size_t measured = eq_measuring_count(w->measuring);
    double points = 0.0;
    for (size_t k = 0; k < d->analyses; k++) points += points_of(d, &d->analysis[k]);
    double rows = measured == 0 ? 0.0 : eq_pass_product(d->step, d->steps) * (double)d->analyses;
    double values = points * (double)width + rows * (double)(measured + d->steps);
    if (points <= (double)d->analyses || values <= EQ_MOST_ITEMS) return EQ_OK;
    return eq_fail_at(w->diag, EQ_ERR_INPUT, at,
                      "the tables of this deck have %.3g points of %zu values, more than %d "
                      "values in all; make the steps larger or choose columns with .print",
                      points, width, EQ_MOST_ITEMS);
}

eq_status eq_pass_check_size(const eq_pass *w) {
    const eq_analysis *a = &w->base->analysis[w->number];
    eq_place at = eq_circuit_place(w->base->circuit, a->at);
    double points = points_of(w->base, a);
    if (points <= EQ_MOST_ITEMS) return check_total(w, at);
    return eq_fail_at(w->diag, EQ_ERR_INPUT, at,
                      "the sweep has %.3g points, more than %d; make the steps larger", points,
                      EQ_MOST_ITEMS);
}

eq_status eq_pass_vectors(eq_pass *w) {
    eq_status status = w->selection.everything
                           ? eq_operating_point_columns(w->d->circuit, w->s, w->r, w->diag)
                           : EQ_OK;
    return status == EQ_OK ? eq_selection_variables(&w->selection, w->d, w->r, w->diag) : status;
}

/* A table of that title with the stepped variables. */
static eq_status new_table(const eq_pass *w, const char *title, eq_result **r) {
    *r = eq_result_new(w->d->circuit->title, title);
    eq_status status = *r == NULL ? eq_out_of_memory(w->diag) : EQ_OK;
    for (size_t k = w->sweeps; status == EQ_OK && k < w->loops; k++)
        status = eq_result_variable(*r, eq_pass_loop_name(w, k), "notype", w->diag);
    return status;
}

eq_status eq_pass_tables(eq_pass *w) {
    eq_status status = new_table(w, w->kind->name, &w->r);
    if (status == EQ_OK) status = w->kind->columns(w);
    if (status != EQ_OK || w->measuring == NULL) return status;
    status = new_table(w, "Measurements", &w->measures);
    return status == EQ_OK ? eq_measuring_variables(w->measuring, w->d, w->measures, w->diag)
                           : status;
}
