/* An analysis on the ranks of mpirun. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "analysis/pass.h"
#include "base/comm.h"
#include "base/limits.h"
#include "base/mem.h"
#include "solver/switches.h"

/* What the ranks of mpirun share: each solves some of the units of an analysis ahead (the values of
 * the steps, or the points of a .dc without steps) and keeps the states; rank 0 then goes through
 * the whole analysis with the states of all, for all that is measured and written. */
struct eq_share {
    bool ahead;         /* only solve, and only own units */
    size_t unit;        /* the next one */
    size_t first, end;  /* units of this rank: first .. end - 1 */
    double *state;      /* [states][nodes + branches] */
    size_t states, cap; /* doubles */
    size_t next;        /* double to be taken next */
};

bool eq_share_is_ahead(const eq_share *q) {
    return q != NULL && q->ahead;
}

bool eq_share_skips(eq_pass *w) {
    eq_share *q = w->share;
    if (!eq_share_is_ahead(q)) return false;
    size_t unit = q->unit++;
    return unit < q->first || unit >= q->end;
}

eq_status eq_share_keep(eq_pass *w) {
    eq_share *q = w->share;
    if (!eq_grow((void **)&q->state, &q->cap, q->states + w->nodes + w->branches, sizeof *q->state))
        return eq_out_of_memory(w->diag);
    memcpy(q->state + q->states, w->v, w->nodes * sizeof *w->v);
    memcpy(q->state + q->states + w->nodes, w->branch, w->branches * sizeof *w->branch);
    q->states += w->nodes + w->branches;
    return EQ_OK;
}

void eq_share_take(eq_pass *w) {
    eq_share *q = w->share;
    memcpy(w->v, q->state + q->next, w->nodes * sizeof *w->v);
    memcpy(w->branch, q->state + q->next + w->nodes, w->branches * sizeof *w->branch);
    q->next += w->nodes + w->branches;
    w->cold = false;
}

/* The states of all points on rank 0, each solved by the rank whose unit it is in. A .dc whose
 * range depends on another one may have more points than its first reading says: the last rank
 * takes what is left. */
static eq_status solve_ahead(eq_pass_runner run, eq_deck *d, size_t number,
                             const eq_solve_options *o, eq_share *together, eq_diag *diag) {
    const eq_analysis *a = &d->analysis[number];
    eq_share own = {.ahead = true};
    eq_result *r = NULL, *measures = NULL;
    double units = d->steps > 0 ? eq_pass_product(d->step, d->steps)
                                : eq_pass_product(a->sweep, (size_t)a->sweeps);
    if (d->steps == 0 && eq_switches_any(d->circuit))
        units = 0.0; /* a point needs the one before */
    eq_comm_partition((size_t)fmin(units, EQ_MOST_ITEMS), &own.first, &own.end);
    own.end += own.first;
    if (eq_comm_rank() == eq_comm_size() - 1) own.end = SIZE_MAX;
    eq_status status = eq_comm_agree(run(d, number, o, &own, &r, &measures, diag));
    if (status == EQ_OK)
        status = eq_comm_gather(own.state, own.states, &together->state, &together->states, diag);
    if (r != NULL) eq_result_free(r);
    eq_free(own.state);
    return status;
}

eq_status eq_share_run(eq_pass_runner run, eq_deck *d, size_t number, const eq_solve_options *o,
                       eq_result **out, eq_result **measures, eq_diag *diag) {
    eq_share together = {0};
    eq_status status = solve_ahead(run, d, number, o, &together, diag);
    if (status == EQ_OK && eq_comm_rank() == 0)
        status = run(d, number, o, &together, out, measures, diag);
    eq_free(together.state);
    return eq_comm_agree(status);
}
