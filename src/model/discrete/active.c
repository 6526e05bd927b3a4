/* Examples that rest are left out of the sweeps of a phase: their rows go behind those that do not rest
 * yet, and come back in the end. */
#include <string.h>

#include "model/discrete/net.h"

void eq_discrete_take_all(eq_discrete *d, const eq_nudge *nudge) {
    size_t m = d->outputs;
    for (size_t j = 0; j < d->n; j++) d->order[j] = j;
    if (nudge == NULL) return;
    memcpy(d->current, nudge->current, d->n * m * sizeof *d->current);
    d->nudge = (eq_nudge){.current = d->current};
    if (nudge->slope == NULL) return;
    memcpy(d->slope, nudge->slope, d->n * m * m * sizeof *d->slope);
    memcpy(d->place, nudge->at, d->n * m * sizeof *d->place);
    d->nudge = (eq_nudge){.current = d->current, .slope = d->slope, .at = d->place};
}

static void swap_bytes(void *array, size_t each, size_t i, size_t j) {
    unsigned char room[4096], *a = (unsigned char *)array + i * each,
                              *b = (unsigned char *)array + j * each;
    for (size_t first = 0; first < each; first += sizeof room) {
        size_t count = each - first < sizeof room ? each - first : sizeof room;
        memcpy(room, a + first, count);
        memcpy(a + first, b + first, count);
        memcpy(b + first, room, count);
    }
}

/* Row i of all that belongs to an example, and row j. */
static void swap_examples(eq_discrete *d, eq_discrete_state *a, bool nudged, size_t i, size_t j) {
    size_t m = d->outputs * sizeof(double);
    if (i == j) return;
    for (size_t l = 1; l <= d->layers; l++) {
        swap_bytes(a->s[l], d->width[l] * sizeof(double), i, j);
        if (a->index[l] != NULL) swap_bytes(a->index[l], d->width[l], i, j);
    }
    swap_bytes(d->drive, d->width[1] * sizeof(double), i, j);
    swap_bytes(d->order, sizeof *d->order, i, j);
    if (!nudged) return;
    swap_bytes(d->current, m, i, j);
    if (d->nudge.slope == NULL) return;
    swap_bytes(d->slope, d->outputs * m, i, j);
    swap_bytes(d->place, m, i, j);
}

void eq_discrete_leave_out(eq_discrete *d, eq_discrete_state *a, bool nudged) {
    for (size_t j = d->n; j-- > 0;) {
        if (!(d->off[j] <= d->o.tolerance)) continue;
        d->n--;
        swap_examples(d, a, nudged, j, d->n);
        d->left[d->n] = j;
    }
}

void eq_discrete_take_back(eq_discrete *d, eq_discrete_state *a, bool nudged, size_t n) {
    for (; d->n < n; d->n++) swap_examples(d, a, nudged, d->left[d->n], d->n);
}
