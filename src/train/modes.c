/* Contrastive Hebbian learning goes down E(clamped) - E(free) (Scellier 2020, Eq. 3.29), which is above
 * zero where the free phase is in the mode of the clamped one: a clamped phase below its free phase
 * has hopped to another mode, and its contrast is no distance to the target. */
#include <math.h>

#include "base/mem.h"
#include "train/session.h"

/* E is known to this part of the size of its terms. */
static const double known = 1e-6;

static eq_status compare(eq_session *s, int phases, size_t n, double *room, eq_diag *diag) {
    double *rest = room, *size = rest + n, *held = size + n, *other = held + n;
    eq_status status = eq_network_energies(s->model, 0, n, s->input, rest, size, diag);
    for (int slot = 1; status == EQ_OK && slot <= phases; slot++) {
        status = eq_network_energies(s->model, slot, n, s->input, held, other, diag);
        for (size_t j = 0; status == EQ_OK && j < n; j++) {
            double most = size[j] > other[j] ? size[j] : other[j];
            s->hops += held[j] < rest[j] - known * most;
        }
    }
    return status;
}

eq_status eq_session_count_hops(eq_session *s, const eq_estimator *est, size_t n, eq_diag *diag) {
    bool same = s->devices.count == 0 || s->x->mismatch.phases != EQ_OTHER_DEVICES, convex = true;
    s->hops = NAN;
    if (est->nudging != EQ_NUDGE_CLAMP || est->kind->phases == 0 || !same) return EQ_OK;
    eq_status status = eq_network_convex(s->model, &convex, diag);
    if (status != EQ_OK || convex) return status;
    double *room = eq_calloc(n, 4 * sizeof *room);
    if (room == NULL) return eq_out_of_memory(diag);
    s->hops = 0.0;
    status = compare(s, est->kind->phases, n, room, diag);
    eq_free(room);
    return status;
}
