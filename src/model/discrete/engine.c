/* The engine of a discrete-time network. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/discrete/net.h"
#include "model/units.h"

static void free_state(const eq_discrete *d, eq_discrete_state *a) {
    for (size_t l = 1; l <= d->layers; l++) {
        eq_free(a->s[l]);
        eq_free(a->index[l]);
    }
    *a = (eq_discrete_state){{NULL}, {NULL}};
}

/* The network outlives the engine, whose arrays it holds. */
static void destroy(void *self) {
    eq_discrete *d = self;
    if (d == NULL) return;
    double **all[] = {&d->x,    &d->drive,  &d->off,      &d->even,    &d->swept, &d->z,
                      &d->pull, &d->pulled, &d->gradient, &d->current, &d->slope, &d->place};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        eq_free(*all[k]);
        *all[k] = NULL;
    }
    for (size_t l = 0; l < EQ_DISCRETE_WIDTHS; l++) {
        eq_free(d->next[l]);
        eq_free(d->back[l]);
        d->next[l] = d->back[l] = NULL;
    }
    for (size_t b = 0; b < 2 * EQ_DISCRETE_WIDTHS; b++) {
        eq_free(d->exact[b]);
        d->exact[b] = NULL;
    }
    for (int s = 0; s < EQ_MAX_SLOTS; s++) free_state(d, &d->at[s]);
    for (size_t k = 0; d->past != NULL && k < d->o.unrolled; k++) free_state(d, &d->past[k]);
    eq_free(d->past);
    eq_free(d->stood);
    eq_free(d->order);
    eq_free(d->left);
    d->order = d->left = NULL;
    eq_mixing_free(d->mixing);
    eq_coupling_room_clear(&d->room);
    d->past = NULL;
    d->stood = NULL;
    d->mixing = NULL;
}

static bool make_state(const eq_discrete *d, eq_discrete_state *a) {
    bool whole = true;
    a->s[0] = d->x;
    for (size_t l = 1; l <= d->layers; l++) {
        a->s[l] = eq_calloc_aligned(d->batch * d->width[l], sizeof(double));
        if (eq_discrete_pools(d, l)) a->index[l] = eq_calloc(d->batch * d->width[l], 1);
        whole = whole && a->s[l] != NULL && (!eq_discrete_pools(d, l) || a->index[l] != NULL);
    }
    return whole;
}

static bool make_way_back(eq_discrete *d) {
    bool whole = true;
    if (d->o.unrolled == 0) return true;
    d->past = eq_calloc(d->o.unrolled, sizeof *d->past);
    if (d->past == NULL) return false;
    for (size_t k = 0; whole && k < d->o.unrolled; k++) whole = make_state(d, &d->past[k]);
    for (size_t l = 1; whole && l <= d->layers; l++) {
        d->exact[2 * l - 2] = eq_calloc(eq_coupling_slopes(&d->c[l]), sizeof(double));
        d->exact[2 * l - 1] = eq_calloc(d->c[l].columns, sizeof(double));
        whole = d->exact[2 * l - 2] != NULL && d->exact[2 * l - 1] != NULL;
    }
    return whole;
}

static bool make_states(eq_discrete *d) {
    bool whole = true;
    for (size_t l = 0; l <= d->layers; l++) {
        size_t width = l == 0 ? d->largest : d->width[l];
        d->next[l] = eq_calloc_aligned(d->batch * width, sizeof(double));
        d->back[l] = l == 0 ? NULL : eq_calloc_aligned(d->batch * width, sizeof(double));
        whole = whole && d->next[l] != NULL && (l == 0 || d->back[l] != NULL);
    }
    for (int s = 0; whole && s < EQ_MAX_SLOTS; s++) whole = make_state(d, &d->at[s]);
    return whole;
}

/* Where the largest of a window trades places the map jumps, and changes from before the jump mislead:
 * on MNIST 11.4 passes a free phase with 1 of them, 11.6 with 2, 13.3 with 5. */
static size_t depth(const eq_discrete *d) {
    for (size_t l = 2; l <= d->layers; l++)
        if (eq_discrete_pools(d, l)) return 1;
    return EQ_MIXING_DEPTH;
}

static bool make_room(eq_discrete *d) {
    size_t block = 0;
    for (size_t l = 1; l <= d->couplings; l++) {
        size_t slopes = eq_coupling_slopes(&d->c[l]), biases = d->c[l].columns;
        block = slopes > block ? slopes : block;
        block = biases > block ? biases : block;
    }
    struct {
        double **at;
        size_t count;
    } all[] = {{&d->x, d->batch * d->width[0]},
               {&d->drive, d->batch * d->width[1]},
               {&d->off, d->batch},
               {&d->even, d->batch * d->evens},
               {&d->swept, d->evens},
               {&d->z, d->batch * d->outputs},
               {&d->pull, d->batch * d->outputs},
               {&d->pulled, EQ_MAX_SLOTS * d->batch * d->outputs},
               {&d->current, d->batch * d->outputs},
               {&d->slope, d->batch * d->outputs * d->outputs},
               {&d->place, d->batch * d->outputs},
               {&d->gradient, block}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        *all[k].at = eq_calloc_aligned(all[k].count, sizeof(double));
        if (*all[k].at == NULL) return false;
    }
    d->stood = eq_calloc(d->batch, d->largest);
    d->order = eq_calloc(d->batch, sizeof *d->order);
    d->left = eq_calloc(d->batch, sizeof *d->left);
    d->mixing = eq_mixing_new(d->batch, d->evens, depth(d));
    return d->order != NULL && d->left != NULL && d->stood != NULL && d->mixing != NULL &&
           make_states(d) && make_way_back(d);
}

static eq_engine_info about(const void *self) {
    const eq_discrete *d = self;
    return (eq_engine_info){.name = "discrete",
                            .iterations = d->passes,
                            .solves = d->solves,
                            .free_iterations = d->free_passes,
                            .free_solves = d->free_solves,
                            .worst_ratio = d->worst,
                            .last_step = d->last_step};
}

/* Images come channel behind channel; here the channels of one place lie side by side. */
static void take_inputs(eq_discrete *d, const double *x) {
    size_t channels = d->o.inputs.channels, places = d->o.inputs.height * d->o.inputs.width;
    if (channels == 1 || places == 1) {
        memcpy(d->x, x, d->n * d->width[0] * sizeof *x);
        return;
    }
    for (size_t j = 0; j < d->n; j++)
        for (size_t c = 0; c < channels; c++)
            for (size_t p = 0; p < places; p++) d->x[(j * places + p) * channels + c] = *x++;
}

/* From the states of slot 0 on. */
static eq_status settle_free(eq_discrete *d, double *y, eq_diag *diag) {
    eq_discrete_state *a = &d->at[0];
    d->through_time = false;
    eq_coupling_biases(&d->c[1], d->n, d->drive);
    eq_coupling_forward(&d->c[1], &d->room, d->n, d->x, a->index[1], true, d->drive);
    eq_status status = eq_discrete_settle(d, 0, NULL, diag);
    if (status == EQ_OK && y != NULL) eq_discrete_outputs(d, a, y);
    return status;
}

static void clear_state(eq_discrete *d) {
    eq_discrete_state *a = &d->at[0];
    for (size_t l = 1; l <= d->layers; l++) {
        memset(a->s[l], 0, d->n * d->width[l] * sizeof(double));
        if (l > 1 && a->index[l] != NULL) memset(a->index[l], 0, d->n * d->width[l]);
    }
}

/* Every example starts from zero. */
static eq_status free_phase(void *self, size_t n, const double *x, double *y, eq_diag *diag) {
    eq_discrete *d = self;
    d->n = n;
    take_inputs(d, x);
    clear_state(d);
    return settle_free(d, y, diag);
}

/* The largest values of poolings stand where they are in these states. */
static eq_status free_phase_from(void *self, size_t n, const double *x, const double *v, double *y,
                                 eq_diag *diag) {
    eq_discrete *d = self;
    d->n = n;
    take_inputs(d, x);
    eq_units_scatter(n, d->layers, d->width, v, d->at[0].s);
    eq_discrete_find_largest(d, &d->at[0]);
    return settle_free(d, y, diag);
}

static void copy_state(eq_discrete *d, int slot, int source) {
    const eq_discrete_state *from = &d->at[source];
    eq_discrete_state *to = &d->at[slot];
    for (size_t l = 1; l <= d->layers; l++) {
        memcpy(to->s[l], from->s[l], d->n * d->width[l] * sizeof(double));
        if (to->index[l] != NULL) memcpy(to->index[l], from->index[l], d->n * d->width[l]);
    }
}

/* Steps that are counted begin at zero. */
static eq_status follow(void *self, double *y, eq_diag *diag) {
    eq_discrete *d = self;
    if (d->o.free > 0)
        clear_state(d);
    else
        copy_state(d, 0, 1);
    return settle_free(d, y, diag);
}

static eq_status nudged_phase(void *self, int slot, const eq_nudge *nudge, double *y,
                              eq_diag *diag) {
    eq_discrete *d = self;
    if (!nudge->stay) copy_state(d, slot, 0);
    if (d->o.readout && !nudge->again) {
        eq_discrete_outputs(d, &d->at[0], d->z);
        eq_discrete_pull(d, nudge, d->z, eq_discrete_pulled(d, slot));
    }
    eq_status status = eq_discrete_settle(d, slot, nudge, diag);
    if (status == EQ_OK && y != NULL) eq_discrete_outputs(d, &d->at[slot], y);
    return status;
}

static eq_status adjoint_phase(void *self, const double *dcdy, eq_diag *diag) {
    eq_discrete *d = self;
    d->through_time = false;
    eq_discrete_keep_slopes(d, dcdy);
    return eq_discrete_adjoint(d, dcdy, diag);
}

static eq_status unrolled_phase(void *self, const double *dcdy, eq_diag *diag) {
    eq_discrete *d = self;
    if (d->o.unrolled == 0)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the network keeps no steps to go back through; give it unrolled steps");
    d->through_time = true;
    eq_discrete_keep_slopes(d, dcdy);
    eq_discrete_through_time(d, dcdy);
    return EQ_OK;
}

/* sum_slot a[slot] dE/dw = - sum_slot a[slot] dPhi/dw, and of the adjoint, with delta in its slot,
 * dL/dw = d(dPhi/ds . delta)/dw at the free state. */
static void weights(eq_discrete *d, size_t l, const double a[EQ_MAX_SLOTS]) {
    const eq_coupling *c = &d->c[l];
    double **delta = d->at[EQ_ADJOINT].s;
    memset(d->gradient, 0, eq_coupling_slopes(c) * sizeof *d->gradient);
    for (int s = 0; s < EQ_ADJOINT; s++) {
        const eq_discrete_state *at = &d->at[s];
        if (a[s] != 0.0)
            eq_coupling_slope(c, &d->room, d->n, -a[s], at->s[l], at->s[l - 1], at->index[l],
                              d->gradient);
    }
    const eq_discrete_state *at = &d->at[0];
    if (a[EQ_ADJOINT] == 0.0) return;
    if (d->through_time) {
        for (size_t k = 0; k < eq_coupling_slopes(c); k++)
            d->gradient[k] += a[EQ_ADJOINT] * d->exact[2 * l - 2][k];
        return;
    }
    eq_coupling_slope(c, &d->room, d->n, a[EQ_ADJOINT], delta[l], at->s[l - 1], at->index[l],
                      d->gradient);
    if (l > 1)
        eq_coupling_slope(c, &d->room, d->n, a[EQ_ADJOINT], at->s[l], delta[l - 1], at->index[l],
                          d->gradient);
}

/* dE/db = -s; of the adjoint delta. */
static void biases(eq_discrete *d, size_t l, const double a[EQ_MAX_SLOTS]) {
    const eq_coupling *c = &d->c[l];
    memset(d->gradient, 0, c->columns * sizeof *d->gradient);
    for (int s = 0; s < EQ_ADJOINT; s++)
        if (a[s] != 0.0) eq_coupling_bias_slope(c, d->n, -a[s], d->at[s].s[l], d->gradient);
    if (a[EQ_ADJOINT] == 0.0) return;
    for (size_t k = 0; d->through_time && k < c->columns; k++)
        d->gradient[k] += a[EQ_ADJOINT] * d->exact[2 * l - 1][k];
    if (!d->through_time)
        eq_coupling_bias_slope(c, d->n, a[EQ_ADJOINT], d->at[EQ_ADJOINT].s[l], d->gradient);
}

/* The readout is no part of the state: what the phases drive into the outputs at the free state is a multiple of dC/dy
 * there, and dC/dw = s^T dC/dy, whatever the multiple (5.20 with softmax: s^T (o - y)). */
static void readout(eq_discrete *d, const double a[EQ_MAX_SLOTS], bool weights) {
    const eq_coupling *c = &d->c[d->couplings];
    size_t count = weights ? eq_coupling_slopes(c) : c->columns;
    memset(d->gradient, 0, count * sizeof *d->gradient);
    for (int s = 1; s < EQ_MAX_SLOTS; s++) {
        if (a[s] == 0.0) continue;
        if (weights)
            eq_coupling_slope(c, &d->room, d->n, -a[s], eq_discrete_pulled(d, s),
                              d->at[0].s[d->layers], NULL, d->gradient);
        else
            eq_coupling_bias_slope(c, d->n, -a[s], eq_discrete_pulled(d, s), d->gradient);
    }
}

/* A step of the weights that there are. */
static void step_weights(eq_discrete *d, size_t l, eq_step step, void *data) {
    eq_coupling *c = &d->c[l];
    eq_coupling_gather(c, d->gradient);
    step(data, 2 * l - 2, 0, c->count, c->theta, d->gradient);
    eq_coupling_expand(c);
}

static eq_status update(void *self, const double a[EQ_MAX_SLOTS], eq_step step, void *data,
                        eq_diag *diag) {
    eq_discrete *d = self;
    (void)diag;
    for (size_t l = 1; l <= d->layers; l++) {
        weights(d, l, a);
        step_weights(d, l, step, data);
        biases(d, l, a);
        step(data, 2 * l - 1, 0, d->c[l].columns, d->c[l].b, d->gradient);
    }
    if (!d->o.readout) return EQ_OK;
    readout(d, a, true);
    step_weights(d, d->couplings, step, data);
    readout(d, a, false);
    step(data, 2 * d->layers + 1, 0, d->outputs, d->c[d->couplings].b, d->gradient);
    return EQ_OK;
}

static void potentials(const void *self, int slot, double *v) {
    const eq_discrete *d = self;
    eq_units_gather(d->n, d->layers, d->width, d->at[slot].s, v);
}

static void disturb(void *self, int slot, eq_disturbance error, const void *data) {
    eq_discrete *d = self;
    eq_units_disturb(d->n, d->layers, d->width, d->at[slot].s, error, data);
}

static const eq_engine_ops ops = {
    .name = "discrete",
    .destroy = destroy,
    .about = about,
    .free_phase = free_phase,
    .free_phase_from = free_phase_from,
    .follow = follow,
    .nudged_phase = nudged_phase,
    .adjoint_phase = adjoint_phase,
    .unrolled_phase = unrolled_phase,
    .update = update,
    .potentials = potentials,
    .disturb = disturb,
    .dynamics = &eq_discrete_dynamics_ops,
};

eq_status eq_discrete_engine(eq_discrete *d, const eq_engine_options *o, eq_engine **out,
                             eq_diag *diag) {
    const eq_coupling *c[EQ_DISCRETE_WIDTHS];
    eq_status own = eq_engine_is_own(o, "a discrete-time network", diag);
    if (own != EQ_OK) return own;
    d->batch = o->batch;
    for (size_t l = 1; l <= d->couplings; l++) c[l - 1] = &d->c[l];
    eq_status status = eq_coupling_room_new(c, d->couplings, o->threads, &d->room, diag);
    if (status == EQ_OK && !make_room(d)) status = eq_out_of_memory(diag);
    if (status == EQ_OK) return eq_engine_of(&ops, d, o->batch, out, diag);
    destroy(d);
    return status;
}
