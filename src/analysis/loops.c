/* The loops around the points of an analysis. */
#include <math.h>
#include <string.h>

#include "analysis/pass.h"

/* Loop k moves with the loops first_of(k) .. k-1: columns of a .data table. */
static size_t first_of(const eq_pass *w, size_t k) {
    const eq_deck *of;
    while (eq_pass_loop(w, k, &of)->follows) k--;
    return k;
}

/* Puts point j of the loops first .. last into the circuit; s: the sweeps as they were, since their
 * circuit may go. */
static eq_status set_values(eq_pass *w, const eq_sweep *s, size_t first, size_t last, size_t j) {
    eq_status status = EQ_OK;
    for (size_t k = first; status == EQ_OK && k <= last; k++) {
        const eq_deck *of;
        (void)eq_pass_loop(w, k, &of);
        w->at[k] = eq_sweep_value(of, &s[k - first], j);
        w->stale = w->stale || eq_sweep_rereads(&s[k - first]);
        status = eq_pass_set_value(w, k);
    }
    return status;
}

eq_status eq_pass_each_value(eq_pass *w, size_t k, eq_status (*inner)(eq_pass *w, size_t k)) {
    eq_status status = w->stale && k < w->sweeps ? eq_pass_renew(w) : EQ_OK;
    if (status != EQ_OK) return status;
    const eq_deck *of;
    size_t first = first_of(w, k);
    eq_sweep s[EQ_MOST_SWEEPS];
    memcpy(s, eq_pass_loop(w, first, &of), (k - first + 1) * sizeof *s);
    if (first == 0 && w->sweeps > 0 && w->measuring != NULL) eq_measuring_sweep(w->measuring, w->d);
    for (size_t j = 0; status == EQ_OK && j < s[0].points; j++) {
        w->index = j;
        w->cold = w->cold || k >= w->sweeps;
        status = set_values(w, s, first, k, j);
        if (status == EQ_OK) status = inner(w, first);
    }
    for (size_t l = first; l <= k; l++) w->at[l] = NAN;
    return status;
}

/* The whole analysis with the values of the steps, and what .measure says about it. */
static eq_status measured(eq_pass *w) {
    if (w->loops > w->sweeps && eq_share_skips(w)) return EQ_OK;
    if (w->measuring == NULL) return w->kind->run(w);
    size_t steps = w->loops - w->sweeps;
    eq_measuring_begin(w->measuring);
    eq_status status = w->kind->run(w);
    if (status != EQ_OK) return status;
    memcpy(w->row, w->at + w->sweeps, steps * sizeof *w->row);
    eq_measuring_end(w->measuring, &w->probe, w->row + steps, w->diag);
    return eq_result_point(w->measures, w->row, w->diag);
}

eq_status eq_pass_steps(eq_pass *w, size_t k) {
    return k == w->sweeps ? measured(w) : eq_pass_each_value(w, k - 1, eq_pass_steps);
}
