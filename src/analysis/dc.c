/* .dc: nested sweeps, the first one innermost (ngspice manual, ".DC"). */
#include "analysis/pass.h"

static void prepare(eq_pass *w, const eq_analysis *a) {
    w->sweeps = (size_t)a->sweeps;
}

/* The swept variables, then what is selected. */
static eq_status columns(eq_pass *w) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < w->sweeps; k++)
        status = eq_result_variable(w->r, eq_pass_loop_name(w, k), "notype", w->diag);
    return status == EQ_OK ? eq_pass_vectors(w) : status;
}

/* The sweeps below k, the inner ones first. */
static eq_status sweep(eq_pass *w, size_t k) {
    return k == 0 ? eq_pass_point(w) : eq_pass_each_value(w, k - 1, sweep);
}

static eq_status run(eq_pass *w) {
    return sweep(w, w->sweeps);
}

const eq_analysis_kind eq_analysis_dc = {"DC transfer characteristic", prepare, columns,
                                         eq_pass_vector_values, run};
