#include "train/experiment/hardware.h"

#include <math.h>

#include "base/hash.h"
#include "base/random.h"

bool eq_unsteady_is_steady(const eq_unsteady *u) {
    return u->noise == 0.0 && u->offset == 0.0;
}

bool eq_hardware_is_ideal(const eq_hardware *h) {
    return h->input.bits == 0 && h->output.bits == 0 && eq_unsteady_is_steady(&h->read) &&
           eq_unsteady_is_steady(&h->hold) && eq_unsteady_is_steady(&h->nudge);
}

/* The nearest level, halves away from 0, so that -v becomes the negative of what v becomes. */
double eq_convert(const eq_converter *c, double v) {
    if (c->bits == 0) return v;
    if (c->bits == 1) return copysign(c->range, v);
    double most = ldexp(1.0, (int)c->bits - 1) - 1.0, level = round(v / c->range * most);
    return c->range * (fmax(-most, fmin(most, level)) / most);
}

static double normal(const char *what, const char *kind, const uint64_t *number, size_t n) {
    uint64_t hash = EQ_HASH_START;
    eq_hash_text(&hash, what);
    eq_hash_text(&hash, kind);
    for (size_t k = 0; k < n; k++) eq_hash_number(&hash, number[k]);
    eq_random random = eq_random_seed(hash);
    return eq_random_normal(&random);
}

double eq_unsteady_error(const eq_unsteady *u, const char *what, const eq_moment *at,
                         size_t place) {
    const uint64_t number[] = {at->seed, at->chip,    place,
                               at->step, at->example, (uint64_t)at->phase};
    double error = 0.0;
    if (u->offset != 0.0) error += u->offset * normal(what, "offset", number, 3);
    if (u->noise != 0.0) error += u->noise * normal(what, "noise", number, 6);
    return error;
}
