/* A model: its blocks of parameters, the engine that solves the phases, and the state of the
 * optimizer in the engine's own order. What it is made of is in substrate.h. */
#include "model/model.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/network.h"
#include "model/regularizer.h"

static void free_states(eq_network *n) {
    for (size_t b = 0; n->trained != NULL && b < n->blocks; b++)
        for (int k = 0; k < EQ_MAX_STATES; k++) {
            eq_free(n->trained[b].state[k]);
            n->trained[b].state[k] = NULL;
        }
}

void eq_network_free(eq_network *n) {
    if (n == NULL) return;
    free_states(n);
    for (size_t b = 0; n->trained != NULL && b < n->blocks; b++) {
        eq_free(n->trained[b].place);
        eq_devices_free(n->trained[b].devices);
    }
    eq_regularizer_free(n->regularizer);
    eq_free(n->read);
    eq_free(n->collected);
    eq_free(n->trained);
    eq_free(n->block);
    eq_engine_free(n->engine);
    n->of.ops->destroy(n->of.self);
    eq_free(n);
}

eq_status eq_network_of(eq_substrate s, eq_network **out, eq_diag *diag) {
    eq_network *n = eq_calloc(1, sizeof *n);
    if (n == NULL) {
        s.ops->destroy(s.self);
        return eq_out_of_memory(diag);
    }
    n->of = s;
    n->blocks = s.blocks;
    n->block = eq_calloc(s.blocks, sizeof *n->block);
    n->trained = eq_calloc(s.blocks, sizeof *n->trained);
    if (n->block == NULL || n->trained == NULL) {
        eq_network_free(n);
        return eq_out_of_memory(diag);
    }
    for (size_t b = 0; b < s.blocks; b++) {
        n->block[b] = s.ops->block(s.self, b);
        n->block[b].first = n->parameters;
        n->parameters += n->block[b].count;
    }
    *out = n;
    return EQ_OK;
}

static eq_status find_places(eq_network *n, size_t b, eq_diag *diag) {
    int32_t *place = n->trained[b].place = eq_calloc(n->block[b].count, sizeof *place);
    if (place == NULL) return eq_out_of_memory(diag);
    if (n->of.ops->places != NULL) return n->of.ops->places(n->of.self, n->engine, b, place, diag);
    for (size_t j = 0; j < n->block[b].count; j++) place[j] = (int32_t)j;
    return EQ_OK;
}

eq_status eq_network_start(eq_network *n, const eq_engine_options *o, eq_diag *diag) {
    eq_status status = n->of.ops->start(n->of.self, o, &n->engine, diag);
    for (size_t b = 0; status == EQ_OK && b < n->blocks; b++) status = find_places(n, b, diag);
    return status;
}

eq_engine_info eq_network_about(const eq_network *n) {
    return eq_engine_about(n->engine);
}

eq_circuit *eq_network_circuit(const eq_network *n) {
    return n->of.circuit;
}

size_t eq_network_inputs(const eq_network *n) {
    return n->of.inputs;
}

size_t eq_network_outputs(const eq_network *n) {
    return n->of.outputs;
}

size_t eq_network_nodes(const eq_network *n) {
    return n->of.nodes;
}

const char *eq_network_output(const eq_network *n, size_t k, bool *pair) {
    return n->of.ops->output(n->of.self, k, pair);
}

size_t eq_network_blocks(const eq_network *n) {
    return n->blocks;
}

const eq_block *eq_network_block(const eq_network *n, size_t block) {
    return &n->block[block];
}

const eq_block *eq_network_block_of(const eq_network *n, size_t p, size_t *number) {
    size_t b = 0;
    while (p >= n->block[b].first + n->block[b].count) b++;
    if (number != NULL) *number = b;
    return &n->block[b];
}

size_t eq_network_parameters(const eq_network *n) {
    return n->parameters;
}

void eq_network_get(const eq_network *n, size_t block, double *theta) {
    const trained_block *t = &n->trained[block];
    const double *shown = t->devices == NULL ? NULL : eq_devices_shown(t->devices);
    if (shown == NULL) n->of.ops->get(n->of.self, block, theta);
    for (size_t j = 0; shown != NULL && j < n->block[block].count; j++)
        theta[t->place[j]] = shown[j];
}

void eq_network_put(eq_network *n, size_t block, const double *theta) {
    n->of.ops->put(n->of.self, block, theta);
    eq_substrate_derive(&n->of);
}

eq_status eq_network_fan_in(const eq_network *n, size_t block, double *fan, eq_diag *diag) {
    return n->of.ops->fan_in(n->of.self, block, fan, diag);
}

const char *eq_network_name(const eq_network *n, size_t block, size_t j) {
    return n->of.ops->name(n->of.self, block, j);
}

void eq_network_tolerate(eq_network *n, double residual) {
    n->of.ops->tolerate(n->of.self, residual);
}

void eq_network_load(eq_network *n) {
    eq_network_take_shown(n);
    eq_engine_load(n->engine);
}

void eq_network_store(const eq_network *n) {
    eq_engine_store(n->engine);
}

bool eq_network_begins_anywhere(const eq_network *n) {
    return eq_engine_begins_anywhere(n->engine);
}

eq_status eq_network_free_phase_from(eq_network *n, size_t count, const double *x, const double *v,
                                     double *y, eq_diag *diag) {
    n->collects = false;
    return eq_engine_free_phase_from(n->engine, count, x, v, y, diag);
}

eq_status eq_network_free_phase(eq_network *n, size_t count, const double *x, double *y,
                                eq_diag *diag) {
    return eq_network_free_phase_from(n, count, x, NULL, y, diag);
}

eq_status eq_network_nudged_phase(eq_network *n, int slot, const eq_nudge *nudge, double *y,
                                  eq_diag *diag) {
    n->collects = false;
    return eq_engine_nudged_phase(n->engine, slot, nudge, y, diag);
}

eq_status eq_network_clamped_phase(eq_network *n, int slot, const double *move, double pull,
                                   double *y, eq_diag *diag) {
    n->collects = false;
    return eq_engine_clamped_phase(n->engine, slot, move, pull, y, diag);
}

eq_status eq_network_rule(eq_network *n, eq_rule rule, eq_diag *diag) {
    return eq_engine_rule(n->engine, rule, diag);
}

void eq_network_keep(eq_network *n, unsigned slots) {
    eq_engine_keep(n->engine, slots);
}

eq_status eq_network_disturb(eq_network *n, int slot, eq_disturbance error, const void *data,
                             eq_diag *diag) {
    return eq_engine_disturb(n->engine, slot, error, data, diag);
}

eq_status eq_network_adjoint_phase(eq_network *n, const double *dcdy, eq_diag *diag) {
    n->collects = false;
    return eq_engine_adjoint_phase(n->engine, dcdy, diag);
}

eq_status eq_network_unrolled_phase(eq_network *n, const double *dcdy, eq_diag *diag) {
    n->collects = false;
    return eq_engine_unrolled_phase(n->engine, dcdy, diag);
}

static eq_status states(eq_network *n, int slot, size_t count, const double *x, double *v,
                        eq_diag *diag) {
    eq_status status = eq_engine_potentials(n->engine, slot, v, diag);
    if (status != EQ_OK || n->of.ops->complete == NULL) return status;
    return n->of.ops->complete(n->of.self, count, x, v, diag);
}

eq_status eq_network_potentials(eq_network *n, size_t count, const double *x, double *v,
                                eq_diag *diag) {
    return states(n, 0, count, x, v, diag);
}

eq_status eq_network_convex(eq_network *n, bool *convex, eq_diag *diag) {
    *convex = n->of.ops->energies == NULL;
    return n->of.ops->convex == NULL ? EQ_OK : n->of.ops->convex(n->of.self, convex, diag);
}

eq_status eq_network_energies(eq_network *n, int slot, size_t count, const double *x, double *e,
                              double *size, eq_diag *diag) {
    double *v = eq_calloc(count, n->of.nodes * sizeof *v);
    eq_status status = v == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = states(n, slot, count, x, v, diag);
    if (status == EQ_OK) status = n->of.ops->energies(n->of.self, count, x, v, e, size, diag);
    eq_free(v);
    return status;
}

/* The run of what is collected, to which the gradient is added. */
static double *add(const eq_network *n, size_t group, size_t offset, size_t count,
                   const double *gradient) {
    double *sum = n->collected + n->block[group].first + offset;
    for (size_t j = 0; j < count; j++) sum[j] += gradient[j];
    return sum;
}

/* eq_step that copies the gradient out and changes nothing. */
static void copy_out(void *data, size_t group, size_t offset, size_t count, double *theta,
                     const double *gradient) {
    const eq_network *n = data;
    double *to = n->gradient + n->block[group].first;
    const int32_t *place = n->trained[group].place + offset;
    (void)theta;
    if (n->collects) gradient = add(n, group, offset, count, gradient);
    for (size_t j = 0; j < count; j++) to[place[j]] = gradient[j];
}

eq_status eq_network_gradient(eq_network *n, const double a[EQ_MAX_SLOTS], double *gradient,
                              eq_diag *diag) {
    n->gradient = gradient;
    eq_status status = eq_engine_update(n->engine, a, copy_out, n, diag);
    n->collects = false;
    return status;
}

/* eq_step */
static void collect(void *data, size_t group, size_t offset, size_t count, double *theta,
                    const double *gradient) {
    (void)theta;
    add(data, group, offset, count, gradient);
}

eq_status eq_network_collect(eq_network *n, const double a[EQ_MAX_SLOTS], eq_diag *diag) {
    if (n->collected == NULL) n->collected = eq_calloc(n->parameters, sizeof *n->collected);
    if (n->collected == NULL) return eq_out_of_memory(diag);
    if (!n->collects) memset(n->collected, 0, n->parameters * sizeof *n->collected);
    n->collects = true;
    return eq_engine_update(n->engine, a, collect, n, diag);
}

eq_status eq_network_optimizer(eq_network *n, const eq_optimizer *o, const double *rate,
                               eq_diag *diag) {
    free_states(n);
    n->optimizer = o->kind;
    for (size_t b = 0; b < n->blocks; b++) {
        trained_block *t = &n->trained[b];
        t->rate = rate[b];
        t->range = eq_step_range_of(o, n->block[b].min, n->block[b].max);
        for (int k = 0; k < o->kind->states; k++) {
            t->state[k] = eq_calloc_aligned(n->block[b].count, sizeof *t->state[k]);
            if (t->state[k] == NULL) return eq_out_of_memory(diag);
        }
    }
    return EQ_OK;
}

void eq_network_watch(eq_network *n, double *sum, double *square) {
    n->sum = sum;
    n->square = square;
}

static void watch(const eq_network *n, size_t first, size_t count, const double *gradient) {
    double *sum = n->sum + first, *square = n->square + first;
    for (size_t j = 0; j < count; j++) {
        sum[j] += gradient[j];
        square[j] += gradient[j] * gradient[j];
    }
}

/* The optimizer steps from what is stored, and the devices do what they can of it. */
static void device_step(const eq_network *n, const trained_block *t, size_t offset, size_t count,
                        double *theta, const double *gradient) {
    enum { RUN = 256 };
    const double *stored = eq_devices_kept(t->devices, EQ_STORED);
    double want[RUN];
    for (size_t k = 0; k < count; k += RUN) {
        size_t m = count - k < RUN ? count - k : RUN, at = offset + k;
        memcpy(want, stored + at, m * sizeof *want);
        n->optimizer->step(&t->range, m, want, gradient + k,
                           t->state[0] == NULL ? NULL : t->state[0] + at,
                           t->state[1] == NULL ? NULL : t->state[1] + at);
        eq_devices_update(t->devices, n->step, at, m, want, theta + k);
    }
}

static void step(const eq_network *n, const trained_block *t, size_t offset, size_t count,
                 double *theta, const double *gradient) {
    double *s0 = t->state[0] == NULL ? NULL : t->state[0] + offset;
    double *s1 = t->state[1] == NULL ? NULL : t->state[1] + offset;
    if (t->devices != NULL)
        device_step(n, t, offset, count, theta, gradient);
    else
        n->optimizer->step(&t->range, count, theta, gradient, s0, s1);
}

/* eq_step: one optimizer step on a run of parameters. */
static void optimizer_step(void *data, size_t group, size_t offset, size_t count, double *theta,
                           const double *gradient) {
    enum { RUN = 256 };
    const eq_network *n = data;
    const trained_block *t = &n->trained[group];
    double whole[RUN];
    if (n->collects) gradient = add(n, group, offset, count, gradient);
    if (n->sum != NULL) watch(n, n->block[group].first + offset, count, gradient);
    if (n->regularizer == NULL) step(n, t, offset, count, theta, gradient);
    for (size_t k = 0; n->regularizer != NULL && k < count; k += RUN) {
        size_t m = count - k < RUN ? count - k : RUN;
        eq_regularize(n, group, offset + k, m, theta + k, gradient + k, whole);
        step(n, t, offset + k, m, theta + k, whole);
    }
}

eq_status eq_network_update(eq_network *n, const double a[EQ_MAX_SLOTS], double factor,
                            uint64_t step, eq_diag *diag) {
    n->step = step;
    for (size_t b = 0; b < n->blocks; b++)
        eq_step_range_at(&n->trained[b].range, n->trained[b].rate * factor, step);
    n->varied = false;
    eq_status status = eq_engine_update(n->engine, a, optimizer_step, n, diag);
    n->collects = false;
    return status;
}

void eq_network_get_state(const eq_network *n, int k, double *state) {
    for (size_t b = 0; b < n->blocks; b++) {
        const trained_block *t = &n->trained[b];
        double *to = state + n->block[b].first;
        for (size_t j = 0; j < n->block[b].count; j++) to[t->place[j]] = t->state[k][j];
    }
}

void eq_network_put_state(eq_network *n, int k, const double *state) {
    for (size_t b = 0; b < n->blocks; b++) {
        const trained_block *t = &n->trained[b];
        const double *from = state + n->block[b].first;
        for (size_t j = 0; j < n->block[b].count; j++) t->state[k][j] = from[t->place[j]];
    }
}
