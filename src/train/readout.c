/* A session as the converters, sample-and-hold circuits and nudge sources of the hardware let it be. */
#include "train/session.h"

static eq_moment moment(const eq_session *s, size_t j, int phase) {
    uint64_t step = s->evaluating ? 0 : s->read + 1; /* an evaluation is the same each time */
    return (eq_moment){s->x->seed, s->x->mismatch.chip, step, s->row[j], phase};
}

void eq_session_convert_inputs(const eq_session *s, size_t values, double *x) {
    const eq_converter *c = &s->x->hardware.input;
    for (size_t k = 0; s->reads && c->bits > 0 && k < values; k++) x[k] = eq_convert(c, x[k]);
}

void eq_session_read_outputs(const eq_session *s, size_t n, double *y) {
    const eq_hardware *h = &s->x->hardware;
    if (!s->reads) return;
    for (size_t j = 0; j < n; j++) {
        eq_moment at = moment(s, j, 0);
        for (size_t k = 0; k < s->outputs; k++, y++)
            *y = eq_convert(&h->output, *y + eq_unsteady_error(&h->read, "read", &at, k));
    }
}

void eq_session_warn_of_reading(const eq_session *s, eq_diag *diag) {
    const eq_estimator *e = &s->x->estimator;
    const eq_hardware *h = &s->x->hardware;
    bool exact = h->output.bits == 0 && eq_unsteady_is_steady(&h->read),
         samples = eq_estimator_samples(e);
    if (exact || e->kind->phases == 0 || (e->nudging != EQ_NUDGE_ENERGY && !samples)) return;
    eq_warn_at(diag, (eq_place){0},
               "<hardware>: output-bits, read-noise and read-offset change the losses and errors "
               "that are told, not what is learned: %s",
               samples ? "<langevin> samples states whose nudges act on the outputs themselves"
                       : "nudging=\"energy\" acts on the outputs themselves; "
                         "nudging=\"current\" drives what follows from what was read");
}

/* eq_phases_driver */
static void drive(void *data, int slot, size_t n, double *current) {
    const eq_session *s = data;
    for (size_t j = 0; j < n; j++) {
        eq_moment at = moment(s, j, slot);
        for (size_t k = 0; k < s->outputs; k++, current++)
            *current += eq_unsteady_error(&s->x->hardware.nudge, "nudge", &at, k);
    }
}

eq_phases_driver eq_session_driver(eq_session *s) {
    bool steady = !s->reads || eq_unsteady_is_steady(&s->x->hardware.nudge);
    return (eq_phases_driver){steady ? NULL : drive, s};
}

/* One phase that is held. */
typedef struct holding {
    const eq_session *s;
    eq_unsteady hold;
    int slot;
} holding;

/* eq_disturbance */
static double error_at(const void *data, size_t example, eq_node node) {
    const holding *h = data;
    eq_moment at = moment(h->s, example, h->slot);
    return eq_unsteady_error(&h->hold, "hold", &at, (size_t)node);
}

/* The first phase waits in the sample-and-hold circuits for the others. */
eq_status eq_session_hold(eq_session *s, const double a[EQ_MAX_SLOTS], eq_diag *diag) {
    holding h = {s, s->x->hardware.hold, 0};
    eq_status status = EQ_OK;
    if (!s->reads || eq_unsteady_is_steady(&h.hold)) return EQ_OK;
    for (int slot = 0; status == EQ_OK && slot < EQ_ADJOINT; slot++) {
        if (a[slot] == 0.0) continue;
        h.slot = slot;
        status = eq_network_disturb(s->model, slot, error_at, &h, diag);
        h.hold.offset = 0.0;
    }
    return status;
}
