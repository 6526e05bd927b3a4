/* The gradient by the adjoint with the tightest bounds that round-off allows, and by differences of
 * the loss. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "train/gradcheck/gradcheck.h"
#include "train/gradcheck/limit.h"

static double cost_value(void *data, size_t j, const double *y) {
    const eq_check *k = data;
    return eq_cost_value(&k->x->cost, k->s.outputs, y, k->s.goal[j]);
}

static void cost_gradient(void *data, size_t j, const double *y, double *dcdy) {
    const eq_check *k = data;
    eq_cost_gradient(&k->x->cost, k->s.outputs, y, k->s.goal[j], dcdy);
}

void eq_check_close(eq_check *k) {
    eq_exact_close(&k->truth);
    eq_free(k->theta);
    eq_free(k->scale);
    eq_session_close(&k->s);
}

static eq_status take_parameters(eq_check *k) {
    size_t n = eq_network_parameters(k->s.model);
    k->theta = eq_calloc(n, sizeof *k->theta);
    k->scale = eq_calloc(n, sizeof *k->scale);
    if (k->theta == NULL || k->scale == NULL) return eq_out_of_memory(k->diag);
    eq_session_get(&k->s, k->theta);
    eq_session_scale(&k->s, k->theta, k->scale);
    return EQ_OK;
}

/* Solver and engine with these bounds have a state for every example, free and nudged, by much and by little:
 * where no current flows, one of them may meet any bound by chance. */
static eq_status tighten(eq_check *k, double reltol, double abstol, eq_diag *diag) {
    static const double volts[] = {1e-3, 1e-6, 1e-9};
    eq_session *s = &k->s;
    double a[EQ_MAX_SLOTS], reach = k->truth.reach;
    size_t n = k->truth.n;
    eq_estimator e = {.kind = eq_estimator_find("symmetric"), .nudging = EQ_NUDGE_CURRENT};
    eq_exact_bound(&k->truth, reltol, abstol);
    eq_status status = eq_session_free_phase(s, s->set.train, s->set.train_index, n, diag);
    for (size_t j = 0; status == EQ_OK && reach > 0.0 && j < sizeof volts / sizeof *volts; j++) {
        e.beta = volts[j] / fmax(reach, DBL_MIN);
        status = eq_estimate(&e, s->phases, s->model, &k->x->cost, 1.0, n, s->y, s->goal, a, diag);
    }
    return status == EQ_OK ? eq_exact_states(&k->truth, diag) : status;
}

/* The tightest KCL bound that round-off allows on these examples: estimates divide differences of
 * states by beta. The absolute part is small beside the nudge that moves a node by 1 nV, or where
 * nodes without current forbid that, beside the nudge that moves one by 1 V. */
static eq_status tighten_most(eq_check *k) {
    static const double reltol[] = {1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9},
                        move[] = {1e-12, 1e-3};
    enum { TRIES = 2 * sizeof reltol / sizeof *reltol };
    eq_status status = eq_exact_measure(&k->truth, k->diag);
    double volt = k->truth.reach > 0.0 ? k->truth.push / k->truth.reach : 0.0;
    for (int t = 0; status == EQ_OK && t < TRIES; t++) {
        double bound = reltol[t / 2];
        eq_status tried =
            tighten(k, bound, bound * move[t % 2] * volt, t + 1 == TRIES ? k->diag : NULL);
        if (tried == EQ_ERR_MEMORY) return eq_out_of_memory(k->diag);
        if (tried == EQ_OK) return EQ_OK;
        if (t + 1 == TRIES) status = tried;
    }
    return status;
}

eq_status eq_check_open(eq_check *k, eq_engine_kind kind, size_t examples) {
    eq_session *s = &k->s;
    eq_engine_options o = {kind, examples == 0 ? 4 : examples, 1};
    eq_output_cost cost = {k, cost_value, cost_gradient};
    s->x = k->x;
    eq_status status = eq_session_open(s, &o, k->diag);
    if (status != EQ_OK) return status;
    size_t n = o.batch < s->set.train_count ? o.batch : s->set.train_count;
    status = eq_session_free_phase(s, s->set.train, s->set.train_index, n, k->diag);
    if (status == EQ_OK)
        status = eq_exact_open(&k->truth, s->model, n, s->input, cost, k->x->seed, k->diag);
    if (status == EQ_OK) status = take_parameters(k);
    if (status == EQ_OK) status = tighten_most(k);
    return status == EQ_OK ? eq_exact_gradient(&k->truth, k->diag) : status;
}

/* What the parameter may be: a state of a memristor is a number from 0 to 1. */
static void range_of(const eq_check *k, size_t p, double range[2]) {
    range[0] = -INFINITY;
    range[1] = INFINITY;
    if (k->truth.c == NULL) return;
    eq_handle_info about = eq_handle_about(k->truth.c, k->truth.handle[p]);
    range[0] = about.min;
    range[1] = about.max;
}

eq_status eq_check_difference(eq_check *k, size_t p, double *slope, double *doubt) {
    /* where a law has corners (clipped units), small steps are needed to stay on one side */
    enum { STEPS = 12 };
    size_t steps = STEPS;
    bool one_sign = k->scale[p] == fabs(k->theta[p]);
    double h = (one_sign ? 0.1 : 0.01) * k->scale[p];
    double value[STEPS] = {0}, noise[STEPS] = {0}, range[2];
    range_of(k, p, range);
    double room = fmin(k->theta[p] - range[0], range[1] - k->theta[p]);
    if (room > 0.0 && h > 0.5 * room) h = 0.5 * room; /* at a bound: from one side alone */
    eq_status status = EQ_OK;
    for (size_t j = 0; status == EQ_OK && j < steps; j++, h *= 0.5) {
        double at[2] = {0.0, 0.0}, up = fmin(k->theta[p] + h, range[1]),
               down = fmax(k->theta[p] - h, range[0]);
        for (int side = 0; status == EQ_OK && side < 2; side++) {
            eq_exact_put(&k->truth, p, side == 0 ? up : down);
            status = eq_exact_loss(&k->truth, &at[side], k->diag);
        }
        value[j] = (at[0] - at[1]) / (up - down);
        noise[j] = k->truth.loss_doubt / h;
    }
    eq_exact_put(&k->truth, p, k->theta[p]);
    eq_limit limit = eq_limit_find(steps, value, noise, 2.0, 2.0);
    *slope = limit.value;
    *doubt = limit.doubt;
    return status;
}
