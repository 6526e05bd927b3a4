/* The engine of a deep Hopfield network: all examples of a minibatch in each matrix product. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/hopfield/net.h"
#include "model/units.h"

/* The network outlives the engine, whose arrays it holds. */
static void destroy(void *self) {
    eq_hopfield *h = self;
    if (h == NULL) return;
    double **all[] = {&h->x,     &h->off,      &h->even,    &h->swept, &h->field,
                      &h->force, &h->gradient, &h->vectors, &h->common};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        eq_free(*all[k]);
        *all[k] = NULL;
    }
    eq_coupling_room_clear(&h->room);
    eq_mixing_free(h->mixing);
    h->mixing = NULL;
    for (size_t l = 1; l <= h->layers; l++) {
        eq_free(h->next[l]);
        eq_free(h->drive[l]);
        eq_free(h->curve[l]);
        h->next[l] = h->drive[l] = h->curve[l] = NULL;
        for (int s = 0; s < EQ_MAX_SLOTS; s++) {
            if (h->r[s][l] != h->s[s][l]) eq_free(h->r[s][l]);
            eq_free(h->s[s][l]);
            h->s[s][l] = h->r[s][l] = NULL;
        }
    }
}

/* Room of layer l. */
static bool open_layer(eq_hopfield *h, size_t l) {
    size_t all = h->batch * h->o.width[l];
    bool clips = h->o.sigma->clips;
    h->next[l] = eq_calloc_aligned(all, sizeof(double));
    h->drive[l] = eq_calloc_aligned(all, sizeof(double));
    if (!clips) h->curve[l] = eq_calloc_aligned(all, sizeof(double));
    bool whole = h->next[l] != NULL && h->drive[l] != NULL && (clips || h->curve[l] != NULL);
    for (int s = 0; s < EQ_MAX_SLOTS; s++) {
        h->s[s][l] = eq_calloc_aligned(all, sizeof(double));
        h->r[s][l] = clips ? h->s[s][l] : eq_calloc_aligned(all, sizeof(double));
        whole = whole && h->s[s][l] != NULL && h->r[s][l] != NULL;
    }
    return whole;
}

static bool make_room(eq_hopfield *h) {
    bool whole = true;
    size_t block = 0;
    for (size_t k = 0; k < h->runs; k++) {
        const eq_hopfield_coupling *c = h->run[k].coupling;
        size_t values = c == NULL ? h->run[k].count : eq_coupling_slopes(&c->of);
        if (values > block) block = values;
    }
    h->x = eq_calloc_aligned(h->batch * h->o.width[0], sizeof *h->x);
    h->field = eq_calloc_aligned(h->batch * h->largest, sizeof *h->field);
    h->force = eq_calloc_aligned(h->batch * h->largest, sizeof *h->force);
    h->common = eq_calloc_aligned(5 * h->largest, sizeof *h->common);
    h->off = eq_calloc(h->batch, sizeof *h->off);
    h->even = eq_calloc(h->batch * h->laters, sizeof *h->even);
    h->swept = eq_calloc(h->laters, sizeof *h->swept);
    h->mixing = eq_mixing_new(h->batch, h->laters, EQ_MIXING_DEPTH);
    h->gradient = eq_calloc_aligned(block, sizeof *h->gradient);
    h->vectors = eq_calloc(h->batch * h->units, 4 * sizeof *h->vectors);
    whole = h->vectors != NULL;
    for (size_t l = 1; l <= h->layers; l++) whole = open_layer(h, l) && whole;
    for (int s = 0; s < EQ_MAX_SLOTS; s++) h->s[s][0] = h->r[s][0] = h->x;
    whole = whole && h->common != NULL && h->off != NULL && h->even != NULL && h->swept != NULL &&
            h->mixing != NULL;
    return whole && h->x != NULL && h->field != NULL && h->force != NULL && h->gradient != NULL;
}

static eq_engine_info about(const void *self) {
    const eq_hopfield *h = self;
    return (eq_engine_info){.name = "hopfield",
                            .most = h->o.sigma->clips ? 1.0 : 0.0,
                            .iterations = h->passes,
                            .solves = h->solves,
                            .free_iterations = h->free_passes,
                            .free_solves = h->free_solves,
                            .worst_ratio = h->worst};
}

static void read_outputs(const eq_hopfield *h, int slot, double *y) {
    if (y != NULL) memcpy(y, h->s[slot][h->layers], h->n * h->o.width[h->layers] * sizeof *y);
}

/* From the states of slot 0 on. */
static eq_status settle_free(eq_hopfield *h, double *y, eq_diag *diag) {
    eq_hopfield_drive(h);
    eq_hopfield_soften(h);
    eq_hopfield_activate(h, 0);
    eq_status status = eq_hopfield_settle(h, 0, NULL, diag);
    if (status == EQ_OK) read_outputs(h, 0, y);
    return status;
}

/* Every example starts from zero. */
static eq_status free_phase(void *self, size_t n, const double *x, double *y, eq_diag *diag) {
    eq_hopfield *h = self;
    h->n = n;
    memcpy(h->x, x, n * h->o.width[0] * sizeof *x);
    for (size_t l = 1; l <= h->layers; l++)
        memset(h->s[0][l], 0, n * h->o.width[l] * sizeof(double));
    return settle_free(h, y, diag);
}

static eq_status free_phase_from(void *self, size_t n, const double *x, const double *v, double *y,
                                 eq_diag *diag) {
    eq_hopfield *h = self;
    h->n = n;
    memcpy(h->x, x, n * h->o.width[0] * sizeof *x);
    eq_units_scatter(n, h->layers, h->o.width, v, h->s[0]);
    return settle_free(h, y, diag);
}

static eq_status follow(void *self, double *y, eq_diag *diag) {
    eq_hopfield *h = self;
    for (size_t l = 1; l <= h->layers; l++)
        memcpy(h->s[0][l], h->s[1][l], h->n * h->o.width[l] * sizeof(double));
    return settle_free(h, y, diag);
}

static eq_status nudged_phase(void *self, int slot, const eq_nudge *nudge, double *y,
                              eq_diag *diag) {
    eq_hopfield *h = self;
    for (size_t l = 1; l <= h->layers && !nudge->stay; l++)
        memcpy(h->s[slot][l], h->s[0][l], h->n * h->o.width[l] * sizeof(double));
    eq_hopfield_activate(h, slot);
    eq_status status = eq_hopfield_settle(h, slot, nudge, diag);
    if (status == EQ_OK) read_outputs(h, slot, y);
    return status;
}

static eq_status adjoint_phase(void *self, const double *dcdy, eq_diag *diag) {
    return eq_hopfield_adjoint(self, dcdy, diag);
}

/* dE/db = -r; of the adjoint lambda sigma'. */
static void biases(eq_hopfield *h, size_t l, const double a[EQ_MAX_SLOTS]) {
    size_t m = h->o.width[l];
    memset(h->gradient, 0, m * sizeof *h->gradient);
    for (int s = 0; s < EQ_MAX_SLOTS; s++) {
        double factor = s == EQ_ADJOINT ? a[s] : -a[s];
        for (size_t k = 0; factor != 0.0 && k < h->n * m; k++)
            h->gradient[k % m] += factor * h->r[s][l][k];
    }
}

static eq_status update(void *self, const double a[EQ_MAX_SLOTS], eq_step step, void *data,
                        eq_diag *diag) {
    eq_hopfield *h = self;
    (void)diag;
    for (size_t k = 0; k < h->runs; k++) {
        const eq_hopfield_run *r = &h->run[k];
        if (r->coupling != NULL)
            eq_hopfield_weights(h, r->coupling, a);
        else
            biases(h, r->layer, a);
        step(data, r->block, r->first, r->count, r->value, h->gradient);
        if (r->coupling != NULL) eq_hopfield_expand(r->coupling);
    }
    return EQ_OK;
}

static void potentials(const void *self, int slot, double *v) {
    const eq_hopfield *h = self;
    eq_units_gather(h->n, h->layers, h->o.width, h->s[slot], v);
}

static void disturb(void *self, int slot, eq_disturbance error, const void *data) {
    eq_hopfield *h = self;
    eq_units_disturb(h->n, h->layers, h->o.width, h->s[slot], error, data);
    eq_hopfield_activate(h, slot);
}

#define ENGINE(of)                                                                                 \
    {                                                                                              \
        .name = "hopfield", .destroy = destroy, .about = about, .free_phase = free_phase,          \
        .free_phase_from = free_phase_from, .follow = follow, .nudged_phase = nudged_phase,        \
        .adjoint_phase = adjoint_phase, .update = update, .potentials = potentials,                \
        .disturb = disturb, .dynamics = &(of)                                                      \
    }

/* Units that are clipped, units without bounds. */
static const eq_engine_ops clipped = ENGINE(eq_hopfield_dynamics_ops),
                           soft = ENGINE(eq_hopfield_soft_dynamics_ops);

eq_status eq_hopfield_engine(eq_hopfield *h, const eq_engine_options *o, eq_engine **out,
                             eq_diag *diag) {
    eq_status own = eq_engine_is_own(o, "a Hopfield network", diag);
    if (own != EQ_OK) return own;
    const eq_coupling *c[EQ_HOPFIELD_COUPLINGS];
    h->batch = o->batch;
    for (size_t k = 0; k < h->couplings; k++) c[k] = &h->coupling[k].of;
    eq_status status = eq_coupling_room_new(c, h->couplings, o->threads, &h->room, diag);
    if (status == EQ_OK && !make_room(h)) status = eq_out_of_memory(diag);
    if (status == EQ_OK)
        return eq_engine_of(h->o.sigma->clips ? &clipped : &soft, h, o->batch, out, diag);
    destroy(h);
    return status;
}
