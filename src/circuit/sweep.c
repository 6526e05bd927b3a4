/* The values that a sweep goes through. */
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "circuit/deck.h"

eq_sweep eq_sweep_of(eq_deck *d, eq_target target, eq_handle handle, const char *label) {
    eq_sweep s = {.target = target, .handle = handle, .factor = 1.0, .stride = 1};
    s.label = eq_names_add(d->label, label, strlen(label));
    return s;
}

/* n intervals and a point at each end of them; false when there are too many or n is no number >=
 * 0. */
static bool set_points(eq_sweep *s, double n) {
    bool good = n >= 0.0 && n < EQ_MOST_ITEMS;
    bool many = !good && n > 0.0 && isfinite(n);
    s->points = good ? (size_t)floor(n + 1e-9) + 1 : many ? (size_t)EQ_MOST_ITEMS + 1 : 0;
    return good;
}

bool eq_sweep_steps(eq_sweep *s, double start, double stop, double step) {
    s->spacing = EQ_SPACING_LINEAR;
    s->start = start;
    s->stop = stop;
    s->step = step;
    return set_points(s, start == stop ? 0.0 : (stop - start) / step);
}

bool eq_sweep_ratio(eq_sweep *s, double base, double start, double stop, double points) {
    if (!(start > 0.0 && stop > 0.0 && points >= 1.0)) return false;
    s->spacing = EQ_SPACING_RATIO;
    s->start = start;
    s->stop = stop;
    s->step = pow(base, 1.0 / points);
    return set_points(s, points * log(stop / start) / log(base));
}

/* Point j of equal steps or of equal ratios. */
static double regular(const eq_sweep *s, size_t j) {
    if (s->spacing == EQ_SPACING_RATIO) return s->start * pow(s->step, (double)j);
    return s->start + (double)j * s->step;
}

void eq_sweep_end(eq_sweep *s) {
    double last = regular(s, s->points - 1);
    if (fabs(last - s->stop) <= 1e-9 * fabs(s->stop - s->start)) return;
    s->ends = true;
    s->points++;
}

eq_status eq_sweep_add(eq_deck *d, eq_sweep *s, double value, eq_diag *diag) {
    if (d->values >= EQ_MOST_ITEMS)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "the lists of the sweeps have more than %d values; use start, stop and step",
                       EQ_MOST_ITEMS);
    if (s->points == 0) s->first = d->values;
    s->spacing = EQ_SPACING_LIST;
    if (!eq_grow((void **)&d->value, &d->value_cap, d->values + 1, sizeof *d->value))
        return eq_out_of_memory(diag);
    d->value[d->values++] = value;
    s->points++;
    return EQ_OK;
}

double eq_sweep_value(const eq_deck *d, const eq_sweep *s, size_t j) {
    if (s->spacing == EQ_SPACING_LIST) return d->value[s->first + j * s->stride];
    if (s->ends && j + 1 == s->points) return s->stop;
    return regular(s, j);
}

const char *eq_sweep_name(const eq_deck *d, const eq_sweep *s) {
    return eq_names_get(d->label, s->label);
}

bool eq_sweep_rereads(const eq_sweep *s) {
    return s->again || s->target == EQ_TARGET_PARAM || s->target == EQ_TARGET_MODEL;
}

static void reheat(eq_sweep *s) {
    s->again = s->again || s->target == EQ_TARGET_TEMP;
}

void eq_deck_reheat(eq_deck *d) {
    for (size_t k = 0; k < d->steps; k++) reheat(&d->step[k]);
    for (size_t k = 0; k < d->analyses; k++)
        for (int j = 0; j < d->analysis[k].sweeps; j++) reheat(&d->analysis[k].sweep[j]);
}

bool eq_deck_rereads(const eq_deck *d) {
    bool again = false;
    for (size_t k = 0; k < d->steps; k++) again |= eq_sweep_rereads(&d->step[k]);
    for (size_t k = 0; k < d->analyses; k++)
        for (int j = 0; j < d->analysis[k].sweeps; j++)
            again |= eq_sweep_rereads(&d->analysis[k].sweep[j]);
    return again;
}
