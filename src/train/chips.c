/* The phases of a training on imperfect devices: on the same chip, on another one each, or computed on
 * the circuit as it was meant. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "train/session.h"

/* Chip `chip` as nudged phase number `phase` has it; 0: the chip itself. */
static uint64_t chip_of(uint64_t chip, int phase) {
    return chip ^ (uint64_t)phase << 56;
}

/* Whether handle k of the devices is of a group that is trained. */
static eq_status find_trained(eq_chips *q, const eq_devices *d, eq_diag *diag) {
    q->trained = eq_calloc(d->count, sizeof *q->trained);
    q->stood = eq_calloc(d->count, sizeof *q->stood);
    q->first = eq_calloc(d->count, sizeof *q->first);
    bool *of = eq_calloc(eq_circuit_elements(d->c), sizeof *of);
    bool whole = q->trained != NULL && q->stood != NULL && q->first != NULL && of != NULL;
    for (size_t g = 0; whole && g < d->c->groups; g++) {
        const eq_group *group = &d->c->group[g];
        const eq_table *t = &d->c->table[group->cls];
        memset(of, 0, eq_circuit_elements(d->c) * sizeof *of);
        for (size_t j = 0; j < group->count; j++) of[t->id[group->row[j]]] = true;
        for (size_t k = 0; k < d->count; k++) {
            const double *place = eq_handle_place(d->c, d->handle[k]);
            eq_row at = d->c->row[d->handle[k].element];
            bool its = of[d->handle[k].element] && place == &t->w[group->param][at.row];
            q->trained[k] = q->trained[k] || its;
        }
    }
    eq_free(of);
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

static double on_chip(const eq_devices *d, size_t k, uint64_t chip) {
    return eq_deviate(&d->m->deviation[d->rule[k]], d->c, d->handle[k], d->meant[k], chip);
}

eq_status eq_session_deviate(eq_session *s, eq_diag *diag) {
    const eq_mismatch *m = &s->x->mismatch;
    if (m->deviations == 0) return EQ_OK;
    eq_status status = eq_experiment_needs_circuit(s->x, "mismatch", diag);
    if (status == EQ_OK) status = eq_devices_open(&s->devices, m, s->c, diag);
    if (status != EQ_OK) return status;
    if (m->phases != EQ_SAME_DEVICES) status = find_trained(&s->chips, &s->devices, diag);
    if (status != EQ_OK) return status;
    eq_devices_put(&s->devices, m->chip);
    for (size_t k = 0; s->chips.first != NULL && k < s->devices.count; k++)
        s->chips.first[k] = on_chip(&s->devices, k, m->chip);
    return EQ_OK;
}

void eq_chips_close(eq_chips *q) {
    eq_free(q->trained);
    eq_free(q->stood);
    eq_free(q->first);
    eq_free(q->y);
    *q = (eq_chips){0};
}

bool eq_session_sources_deviate(const eq_session *s) {
    const eq_circuit *c = s->c;
    for (size_t k = 0; k < s->devices.count; k++) {
        const eq_table *t = &c->table[c->row[s->devices.handle[k].element].cls];
        if (eq_is_independent(t) || eq_by_voltage(t) || eq_by_current(t)) return true;
    }
    return false;
}

/* What device k of chip 0 is elsewhere: the same fraction of what it was meant to be, where it has
 * been trained since. */
static double elsewhere(const eq_session *s, size_t k, double there) {
    double first = s->chips.first[k], ratio = there / first;
    if (!s->chips.trained[k]) return there;
    return eq_handle_get(s->c, s->devices.handle[k]) * (isfinite(ratio) ? ratio : 1.0);
}

/* Puts the devices of a phase (0: as they were meant) in the place of the chip's, which are kept. */
static void enter(eq_session *s, int phase) {
    const eq_devices *d = &s->devices;
    eq_network_store(s->model);
    for (size_t k = 0; k < d->count; k++) {
        double there =
            phase == 0 ? d->meant[k] : on_chip(d, k, chip_of(s->x->mismatch.chip, phase));
        s->chips.stood[k] = *eq_handle_place(d->c, d->handle[k]);
        eq_handle_put(d->c, d->handle[k], elsewhere(s, k, there));
    }
    eq_network_load(s->model);
}

/* Puts the chip's devices back. */
static void leave(eq_session *s) {
    const eq_devices *d = &s->devices;
    for (size_t k = 0; k < d->count; k++) *eq_handle_place(d->c, d->handle[k]) = s->chips.stood[k];
    eq_circuit_derive(d->c);
    eq_network_load(s->model);
}

/* The free phase of the same examples on the devices that are there now; s->y stays. */
static eq_status settle(eq_session *s, size_t n, eq_diag *diag) {
    if (s->chips.y == NULL) s->chips.y = eq_calloc(s->batch, s->outputs * sizeof *s->chips.y);
    if (s->chips.y == NULL) return eq_out_of_memory(diag);
    return eq_network_free_phase(s->model, n, s->input, s->chips.y, diag);
}

/* Each nudged phase on a chip of its own, nudged by the errors that the first one makes. */
static eq_status nudge_others(eq_session *s, const eq_estimator *est, double sign, size_t n,
                              double a[EQ_MAX_SLOTS], eq_diag *diag) {
    double strength;
    unsigned slots = 0;
    eq_status status = EQ_OK;
    eq_estimate_weights(est, sign, n, a, &strength);
    for (int k = 1; status == EQ_OK && k <= est->kind->phases; k++) {
        enter(s, k);
        status = settle(s, n, diag);
        if (status == EQ_OK)
            status = eq_phases_nudge(s->phases, s->model, k, &s->x->cost, est,
                                     est->kind->at[k] * strength, n, s->y, s->goal, NULL, diag);
        leave(s);
        slots |= 1u << k;
    }
    if (status == EQ_OK) status = settle(s, n, diag);
    if (status == EQ_OK) eq_network_keep(s->model, slots);
    return status;
}

static eq_status solve_phases(eq_session *s, const eq_estimator *est, double sign, size_t n,
                              double a[EQ_MAX_SLOTS], eq_diag *diag) {
    eq_phase_devices devices = s->devices.count == 0 ? EQ_SAME_DEVICES : s->x->mismatch.phases;
    if (devices == EQ_OTHER_DEVICES && est->kind->phases > 0)
        return nudge_others(s, est, sign, n, a, diag);
    if (devices == EQ_IDEAL_DEVICES) {
        s->chips.ideal = true;
        enter(s, 0);
        eq_status status = settle(s, n, diag);
        if (status != EQ_OK) return status;
    }
    return eq_estimate(est, s->phases, s->model, &s->x->cost, sign, n, s->y, s->goal, a, diag);
}

eq_status eq_session_phases(eq_session *s, const eq_estimator *est, double sign, size_t n,
                            double a[EQ_MAX_SLOTS], eq_diag *diag) {
    eq_draw noise = eq_draw_of(s->x->seed, EQ_STREAM_NOISE);
    eq_phases_draw(s->phases, eq_draw_of(noise.at, s->read).at);
    eq_status status = solve_phases(s, est, sign, n, a, diag);
    return status == EQ_OK ? eq_session_hold(s, a, diag) : status;
}

/* What was trained as it was meant to be has its deviation on the chip. */
void eq_session_end_phases(eq_session *s) {
    const eq_devices *d = &s->devices;
    eq_chips *q = &s->chips;
    if (!q->ideal) return;
    q->ideal = false;
    eq_network_store(s->model);
    for (size_t k = 0; k < d->count; k++) {
        double *place = eq_handle_place(d->c, d->handle[k]), ratio = q->first[k] / d->meant[k];
        if (q->trained[k])
            eq_handle_put(d->c, d->handle[k],
                          eq_handle_get(d->c, d->handle[k]) * (isfinite(ratio) ? ratio : 1.0));
        else
            *place = q->stood[k];
    }
    eq_devices_bound(d);
    eq_network_load(s->model);
}
