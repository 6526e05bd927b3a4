#include "report/analysis.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "report/selection.h"

/* A sweep under way. */
typedef struct sweep {
    eq_circuit *c;
    eq_solver *s;
    const eq_analysis *a;
    const eq_solve_options *o;
    double *v, *branch; /* state, warm from point to point */
    double at[2];       /* values of the swept sources */
    double *row;        /* one line of the table */
    eq_selection selection;
    eq_result *r;
    eq_diag *diag;
} sweep;

/* What a sweep changes: dc of a source, the resistance of a resistor, the temperature. */
static double *swept(eq_circuit *c, const eq_sweep *s) {
    return s->source == EQ_SWEEP_TEMP ? &c->env.temp : eq_circuit_param(c, s->source, 0);
}

static void set_value(eq_circuit *c, const eq_sweep *s, double value) {
    bool memristor = s->source != EQ_SWEEP_TEMP && c->row[s->source].cls == EQ_CLASS_memristor;
    *swept(c, s) = memristor ? 1.0 / value : value;
}

/* Points of start, start+step, ..., stop, with ngspice's tolerance of a rounding error of the last
 * one. */
static size_t points_of(const eq_sweep *s) {
    double n = (s->stop - s->start) / s->step;
    return n < 0.0 ? 0 : (size_t)floor(n + 1e-9) + 1;
}

static eq_status point(sweep *w) {
    eq_circuit_derive(w->c);
    eq_solver_refresh(w->s);
    eq_status status = eq_solver_solve(w->s, w->o, w->v, w->branch, NULL, w->diag);
    if (status != EQ_OK && w->a->sweeps == 0) return status;
    if (status != EQ_OK)
        return eq_fail_at(w->diag, status, eq_circuit_place(w->c, w->a->at),
                          "the sweep stops at %s = %g",
                          eq_circuit_sweep_name(w->c, &w->a->sweep[0]), w->at[0]);
    size_t nodes = eq_circuit_nodes(w->c) - 1, n = (size_t)w->a->sweeps;
    memcpy(w->row, w->at, n * sizeof *w->row);
    if (w->selection.count > 0) {
        eq_selection_values(&w->selection, w->c, w->s, w->v, w->branch, w->row + n);
        return eq_result_point(w->r, w->row, w->diag);
    }
    memcpy(w->row + n, w->v + 1, nodes * sizeof *w->row);
    memcpy(w->row + n + nodes, w->branch, eq_solver_branches(w->s) * sizeof *w->row);
    return eq_result_point(w->r, w->row, w->diag);
}

/* All values of sweep k, the inner ones first for each. */
static eq_status all_points(sweep *w, int k) {
    if (k < 0) return point(w);
    const eq_sweep *s = &w->a->sweep[k];
    eq_status status = EQ_OK;
    for (size_t j = 0; status == EQ_OK && j < points_of(s); j++) {
        w->at[k] = s->start + (double)j * s->step;
        set_value(w->c, s, w->at[k]);
        status = all_points(w, k - 1);
    }
    return status;
}

static eq_status check_sweep(const eq_circuit *c, const eq_analysis *a, eq_diag *diag) {
    enum { MOST = 100000000 };
    double points = 1.0;
    for (int k = 0; k < a->sweeps; k++) {
        const eq_sweep *s = &a->sweep[k];
        if (!(s->step != 0.0 && (s->stop - s->start) / s->step >= 0.0))
            return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place(c, a->at),
                              "a step of %g does not lead from %g to %g; change its sign or size",
                              s->step, s->start, s->stop);
        points *= (s->stop - s->start) / s->step + 1.0;
    }
    if (points <= MOST) return EQ_OK;
    return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place(c, a->at),
                      "the sweep has %.3g points, more than %d; make the steps larger", points,
                      MOST);
}

/* The empty table: the swept sources, then what is selected. */
static eq_status new_table(sweep *w, const char *const *name) {
    const char *plot =
        w->a->type == EQ_ANALYSIS_OP ? "Operating Point" : "DC transfer characteristic";
    size_t n = (size_t)w->a->sweeps;
    if (w->selection.count == 0)
        return eq_operating_point_table(w->c, w->s, plot, name, n, &w->r, w->diag);
    w->r = eq_result_new(w->c->title, plot);
    eq_status status = w->r == NULL ? eq_out_of_memory(w->diag) : EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < n; k++)
        status = eq_result_variable(w->r, name[k], "notype", w->diag);
    if (status == EQ_OK) status = eq_selection_variables(&w->selection, w->c, w->r, w->diag);
    return status;
}

static eq_status run_sweep(sweep *w, eq_result **out) {
    double kept[2];
    const eq_analysis *a = w->a;
    w->v = eq_calloc(eq_circuit_nodes(w->c), sizeof *w->v);
    w->branch = eq_calloc(eq_solver_branches(w->s), sizeof *w->branch);
    w->row = eq_calloc(2 + eq_circuit_nodes(w->c) + eq_solver_branches(w->s) + w->selection.count,
                       sizeof *w->row);
    if (w->v == NULL || w->branch == NULL || w->row == NULL) return eq_out_of_memory(w->diag);
    const char *name[2] = {NULL, NULL};
    for (int k = 0; k < a->sweeps; k++) {
        name[k] = eq_circuit_sweep_name(w->c, &a->sweep[k]);
        kept[k] = *swept(w->c, &a->sweep[k]);
    }
    eq_status status = new_table(w, name);
    if (status == EQ_OK) status = all_points(w, a->sweeps - 1);
    for (int k = 0; k < a->sweeps; k++) *swept(w->c, &a->sweep[k]) = kept[k];
    eq_circuit_derive(w->c);
    if (status == EQ_OK)
        *out = w->r;
    else
        eq_result_free(w->r);
    return status;
}

eq_status eq_analysis_run(eq_circuit *c, const eq_analysis *a, const eq_solve_options *o,
                          eq_result **out, eq_diag *diag) {
    sweep w = {.c = c, .a = a, .o = o, .diag = diag};
    eq_status status = check_sweep(c, a, diag);
    if (status == EQ_OK) status = eq_selection_new(c, a->type, &w.selection, diag);
    if (status == EQ_OK) status = eq_solver_new(c, &w.s, diag);
    if (status == EQ_OK) status = run_sweep(&w, out);
    eq_free(w.v);
    eq_free(w.branch);
    eq_free(w.row);
    eq_selection_free(&w.selection);
    eq_solver_free(w.s);
    return status;
}
