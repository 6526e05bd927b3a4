/* What an update asks of devices, and what they do. */
#include <math.h>

#include "model/device/parts.h"
#include "model/device/response.h"

/* One pulse in the direction d: the weight after it. */
static double pulse(const eq_devices *d, size_t j, double w, int direction, eq_draw *r) {
    const eq_device *o = &d->o;
    const eq_device_cell *c = &d->cell[j];
    double f = eq_response_factor(o, c, w, direction), step = c->step[direction < 0];
    if (o->dw_min_std > 0.0) {
        double noise = o->dw_min_std * eq_draw_normal(r);
        f = o->additive ? f + noise : f * (1.0 + noise);
    }
    w += direction * step * f;
    return w < c->low ? c->low : w > c->high ? c->high : w;
}

/* A number of the binomial law of n trials of the probability p <= 1/2 by inversion: the smallest k
 * whose cumulated probability is above u. (1 - p)^n >= 1 - n p spares most powers. */
static size_t invert_binomial(size_t n, double p, double u) {
    size_t k = 0;
    if (u < 1.0 - (double)n * p) return 0;
    for (double term = pow(1.0 - p, (double)n); u >= term && k < n; k++) {
        u -= term;
        term *= (double)(n - k) / (double)(k + 1) * p / (1.0 - p);
    }
    return k;
}

/* The pulses of a train of bl slots, in each of which two random streams coincide with the
 * probability |dw|/(bl dw_min): on average |dw|/dw_min (Gokmen and Vlasov 2016, Eq. 2). */
static size_t train(const eq_device *o, double pulses, eq_draw *r) {
    enum { MOST = 30 }; /* exp(-30) is far from underflow */
    double slots = (double)o->bl, p = fmin(pulses / slots, 1.0), rare = fmin(p, 1.0 - p);
    size_t n = 0;
    if (slots * rare <= MOST)
        n = invert_binomial(o->bl, rare, eq_draw_uniform(r));
    else
        for (size_t k = 0; k < o->bl; k++) n += eq_draw_uniform(r) < rare;
    return p > rare ? o->bl - n : n;
}

/* Whole steps of what has been added up; the rest stays (Nandakumar et al. 2020). */
static size_t whole_steps(const eq_devices *d, size_t j, double dw, int *direction) {
    double *pending = &d->kept[EQ_PENDING][j], most = (double)d->o.bl;
    *pending += dw;
    double n = fmin(floor(fabs(*pending) / d->o.dw_min), most);
    *direction = *pending < 0.0 ? -1 : 1;
    *pending -= *direction * n * d->o.dw_min;
    return (size_t)n;
}

/* The number of pulses that a change dw becomes, and their direction. */
static size_t pulses_for(const eq_devices *d, size_t j, double dw, int *direction, eq_draw *r) {
    const eq_device *o = &d->o;
    double wanted = fabs(dw) / o->dw_min;
    *direction = dw < 0.0 ? -1 : 1;
    switch (o->rule) {
    case EQ_RULE_SIGN:
        return dw != 0.0;
    case EQ_RULE_THRESHOLD:
        return wanted > o->threshold;
    case EQ_RULE_ROUNDED:
        return (size_t)fmin(floor(wanted + 0.5), (double)o->bl);
    case EQ_RULE_STOCHASTIC:
        return dw == 0.0 ? 0 : train(o, wanted, r);
    case EQ_RULE_MIXED:
        return whole_steps(d, j, dw, direction);
    case EQ_RULE_EXACT:
        break;
    }
    return 0;
}

/* w = p - m: a pulse up steps p up, a pulse down steps m, by the device's law of the other direction.
 * One that comes near its end is reset with its partner to the smallest pair of the same difference. */
static double step_pair(const eq_devices *d, size_t j, double w, int direction, eq_draw *r) {
    double *minus = &d->kept[EQ_MINUS][j], plus = w + *minus;
    if (direction > 0)
        plus = fmax(pulse(d, j, plus, 1, r), 0.0);
    else
        *minus = fmax(-pulse(d, j, -*minus, -1, r), 0.0);
    w = plus - *minus;
    if (plus >= d->o.refresh * d->cell[j].high || *minus >= -d->o.refresh * d->cell[j].low)
        *minus = fmax(-w, 0.0);
    return w;
}

/* The weight after `n` pulses, as many as the device lives to see. */
static double give_pulses(const eq_devices *d, size_t j, double w, size_t n, int direction,
                          eq_draw *r) {
    double *count = &d->kept[EQ_PULSES][j];
    for (size_t k = 0; k < n && !eq_devices_worn(d, j); k++) {
        w = d->o.pair ? step_pair(d, j, w, direction, r) : pulse(d, j, w, direction, r);
        *count += 1.0;
    }
    return w;
}

/* What is stored leaks towards w = 0: w (1 - 1/lifetime). */
static double leak(const eq_devices *d, uint64_t own, size_t j, double w) {
    eq_draw r = eq_draw_of(own, eq_devices_number(d, j));
    double life = d->o.lifetime * fabs(1.0 + d->o.lifetime_dtod * eq_draw_normal(&r));
    return w * (1.0 - fmin(1.0 / life, 1.0));
}

/* Programmed to what was asked for. */
static double write_exactly(const eq_devices *d, size_t j, double want, eq_draw *r) {
    double g = eq_devices_bounded(d, j, eq_devices_on_level(d, want, r));
    if (g != d->kept[EQ_STORED][j]) d->kept[EQ_PULSES][j] += 1.0;
    return g;
}

/* Pulses for what was asked for. */
static double write_by_pulses(const eq_devices *d, size_t j, double want, eq_draw *r) {
    double was = d->kept[EQ_STORED][j], w = eq_devices_weight(d, was);
    int direction;
    size_t n = pulses_for(d, j, (want - was) * d->scale, &direction, r);
    if (n == 0) return was;
    double g = eq_devices_parameter(d, give_pulses(d, j, w, n, direction, r));
    return eq_devices_bounded(d, j, eq_devices_on_level(d, g, r));
}

static void update_one(eq_devices *d, uint64_t key, uint64_t own, size_t j, double want) {
    eq_draw r = eq_draw_of(key, eq_devices_number(d, j));
    double was = d->kept[EQ_STORED][j];
    if (eq_devices_worn(d, j)) return;
    double g = d->o.rule == EQ_RULE_EXACT ? write_exactly(d, j, want, &r)
                                          : write_by_pulses(d, j, want, &r);
    if (d->o.lifetime > 0.0) g = eq_devices_parameter(d, leak(d, own, j, eq_devices_weight(d, g)));
    d->kept[EQ_STORED][j] = g;
    if (g != was) d->shown[j] = eq_devices_written(d, g, &r);
}

void eq_devices_update(eq_devices *d, uint64_t step, size_t offset, size_t n, const double *want,
                       double *shown) {
    uint64_t key = eq_devices_key(d, "update", step), own = eq_devices_chip_key(d, "leak");
    for (size_t k = 0; k < n; k++) {
        update_one(d, key, own, offset + k, want[k]);
        shown[k] = d->shown[offset + k];
    }
}
