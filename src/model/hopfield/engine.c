/* The engine of a deep Hopfield network: all examples of a minibatch in each matrix product. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/hopfield/net.h"
#include "model/units.h"
#include "solver/linear/blas.h"

/* The network outlives the engine, whose arrays it holds. */
static void destroy(void *self) {
    eq_hopfield *h = self;
    if (h == NULL) return;
    eq_free(h->x);
    eq_free(h->drive);
    eq_free(h->field);
    eq_free(h->gradient);
    eq_free(h->off);
    eq_free(h->even);
    eq_free(h->swept);
    eq_mixing_free(h->mixing);
    h->mixing = NULL;
    h->x = h->drive = h->field = h->gradient = h->off = h->even = h->swept = NULL;
    for (size_t l = 1; l <= h->layers; l++) {
        eq_free(h->next[l]);
        h->next[l] = NULL;
        for (int s = 0; s < EQ_MAX_SLOTS; s++) {
            eq_free(h->s[s][l]);
            h->s[s][l] = NULL;
        }
    }
}

static bool make_room(eq_hopfield *h) {
    bool whole = true;
    size_t block = 0;
    h->x = eq_calloc_aligned(h->batch * h->o.width[0], sizeof *h->x);
    h->drive = eq_calloc_aligned(h->batch * h->o.width[1], sizeof *h->drive);
    h->field = eq_calloc_aligned(h->batch * h->largest, sizeof *h->field);
    h->off = eq_calloc(h->batch, sizeof *h->off);
    h->even = eq_calloc(h->batch * h->evens, sizeof *h->even);
    h->swept = eq_calloc(h->evens, sizeof *h->swept);
    h->mixing = eq_mixing_new(h->batch, h->evens, EQ_MIXING_DEPTH);
    for (size_t l = 1; l <= h->layers; l++) {
        size_t values = h->o.width[l - 1] * h->o.width[l];
        if (values > block) block = values;
        h->next[l] = eq_calloc_aligned(h->batch * h->o.width[l], sizeof(double));
        whole = whole && h->next[l] != NULL;
        for (int s = 0; s < EQ_MAX_SLOTS; s++) {
            h->s[s][l] = eq_calloc_aligned(h->batch * h->o.width[l], sizeof(double));
            whole = whole && h->s[s][l] != NULL;
        }
    }
    for (int s = 0; s < EQ_MAX_SLOTS; s++) h->s[s][0] = h->x;
    h->gradient = eq_calloc_aligned(block, sizeof *h->gradient);
    whole = whole && h->off != NULL && h->even != NULL && h->swept != NULL && h->mixing != NULL;
    return whole && h->x != NULL && h->drive != NULL && h->field != NULL && h->gradient != NULL;
}

static eq_engine_info about(const void *self) {
    const eq_hopfield *h = self;
    return (eq_engine_info){
        .name = "hopfield", .iterations = h->passes, .solves = h->solves, .worst_ratio = h->worst};
}

static void read_outputs(const eq_hopfield *h, int slot, double *y) {
    if (y != NULL) memcpy(y, h->s[slot][h->layers], h->n * h->o.width[h->layers] * sizeof *y);
}

/* Every example starts from zero. */
static eq_status free_phase(void *self, size_t n, const double *x, double *y, eq_diag *diag) {
    eq_hopfield *h = self;
    size_t m = h->o.width[1], inputs = h->o.width[0];
    h->n = n;
    memcpy(h->x, x, n * inputs * sizeof *x);
    for (size_t j = 0; j < n; j++) memcpy(h->drive + j * m, h->b[1], m * sizeof *h->drive);
    eq_gemm_nn(n, m, inputs, 1.0, h->x, inputs, h->w[1], m, 1.0, h->drive, m);
    for (size_t l = 1; l <= h->layers; l++)
        memset(h->s[0][l], 0, n * h->o.width[l] * sizeof(double));
    eq_status status = eq_hopfield_settle(h, 0, NULL, diag);
    if (status == EQ_OK) read_outputs(h, 0, y);
    return status;
}

static eq_status nudged_phase(void *self, int slot, const eq_nudge *nudge, double *y,
                              eq_diag *diag) {
    eq_hopfield *h = self;
    for (size_t l = 1; l <= h->layers; l++)
        memcpy(h->s[slot][l], h->s[0][l], h->n * h->o.width[l] * sizeof(double));
    eq_status status = eq_hopfield_settle(h, slot, nudge, diag);
    if (status == EQ_OK) read_outputs(h, slot, y);
    return status;
}

static eq_status adjoint_phase(void *self, const double *dcdy, eq_diag *diag) {
    return eq_hopfield_adjoint(self, dcdy, diag);
}

/* gradient += factor sum_n before_n^T of_n, of the weights between two layers. */
static void add_product(eq_hopfield *h, size_t l, double factor, const double *before,
                        const double *of) {
    size_t rows = h->o.width[l - 1], columns = h->o.width[l];
    eq_gemm_tn(rows, columns, h->n, factor, before, rows, of, columns, 1.0, h->gradient, columns);
}

/* sum_slot a[slot] dE/dW_l = - sum_slot a[slot] s_(l-1)^T s_l, and of the adjoint
 * dL/dW_l = s_(l-1)^T lambda_l + lambda_(l-1)^T s_l. */
static void weights(eq_hopfield *h, size_t l, const double a[EQ_MAX_SLOTS]) {
    const double *lambda = h->s[EQ_ADJOINT][l];
    memset(h->gradient, 0, h->o.width[l - 1] * h->o.width[l] * sizeof *h->gradient);
    for (int s = 0; s < EQ_ADJOINT; s++)
        if (a[s] != 0.0) add_product(h, l, -a[s], h->s[s][l - 1], h->s[s][l]);
    if (a[EQ_ADJOINT] == 0.0) return;
    add_product(h, l, a[EQ_ADJOINT], h->s[0][l - 1], lambda);
    if (l > 1) add_product(h, l, a[EQ_ADJOINT], h->s[EQ_ADJOINT][l - 1], h->s[0][l]);
}

/* dE/db = -s; of the adjoint lambda. */
static void biases(eq_hopfield *h, size_t l, const double a[EQ_MAX_SLOTS]) {
    size_t m = h->o.width[l];
    memset(h->gradient, 0, m * sizeof *h->gradient);
    for (int s = 0; s < EQ_MAX_SLOTS; s++) {
        double factor = s == EQ_ADJOINT ? a[s] : -a[s];
        for (size_t k = 0; factor != 0.0 && k < h->n * m; k++)
            h->gradient[k % m] += factor * h->s[s][l][k];
    }
}

static eq_status update(void *self, const double a[EQ_MAX_SLOTS], eq_step step, void *data,
                        eq_diag *diag) {
    eq_hopfield *h = self;
    (void)diag;
    for (size_t l = 1; l <= h->layers; l++) {
        weights(h, l, a);
        step(data, 2 * l - 2, 0, h->o.width[l - 1] * h->o.width[l], h->w[l], h->gradient);
        biases(h, l, a);
        step(data, 2 * l - 1, 0, h->o.width[l], h->b[l], h->gradient);
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
}

static const eq_engine_ops ops = {
    .name = "hopfield",
    .destroy = destroy,
    .about = about,
    .free_phase = free_phase,
    .nudged_phase = nudged_phase,
    .adjoint_phase = adjoint_phase,
    .update = update,
    .potentials = potentials,
    .disturb = disturb,
    .dynamics = &eq_hopfield_dynamics_ops,
};

eq_status eq_hopfield_engine(eq_hopfield *h, const eq_engine_options *o, eq_engine **out,
                             eq_diag *diag) {
    eq_status own = eq_engine_is_own(o, "a Hopfield network", diag);
    if (own != EQ_OK) return own;
    h->batch = o->batch;
    if (!make_room(h)) {
        destroy(h);
        return eq_out_of_memory(diag);
    }
    return eq_engine_of(&ops, h, o->batch, out, diag);
}
