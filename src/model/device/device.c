/* The devices of one block: how the chip is drawn, programmed and read. */
#include "model/device/device.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "model/device/parts.h"
#include "model/device/response.h"

uint64_t eq_devices_key(const eq_devices *d, const char *what, uint64_t step) {
    uint64_t h = EQ_HASH_START;
    eq_hash_text(&h, what);
    eq_hash_number(&h, d->o.chip);
    eq_hash_number(&h, d->seed);
    eq_hash_number(&h, d->o.draw);
    eq_hash_number(&h, step);
    return h;
}

uint64_t eq_devices_chip_key(const eq_devices *d, const char *what) {
    uint64_t h = EQ_HASH_START;
    eq_hash_text(&h, what);
    eq_hash_number(&h, d->o.chip);
    return h;
}

size_t eq_devices_number(const eq_devices *d, size_t j) {
    return d->first + (d->place == NULL ? j : (size_t)d->place[j]);
}

double eq_devices_weight(const eq_devices *d, double g) {
    return d->o.w_min + (g - d->min) * d->scale;
}

double eq_devices_parameter(const eq_devices *d, double w) {
    return d->min + (w - d->o.w_min) / d->scale;
}

/* Where a device is stuck from the start; NAN: it is not. */
static double stuck_at(const eq_devices *d, eq_draw *r, double start) {
    const eq_device *o = &d->o;
    double u = eq_draw_uniform(r), place = eq_draw_uniform(r);
    if (u < o->stuck_min) return o->w_min;
    u -= o->stuck_min;
    if (u < o->stuck_max) return o->w_max;
    u -= o->stuck_max;
    if (u < o->stuck_init) return start;
    u -= o->stuck_init;
    return u < o->corrupt ? o->w_min + place * (o->w_max - o->w_min) : (double)NAN;
}

/* dw^d = dw_min |1 + d beta + sigma xi| with the asymmetry beta of the device, bounds w_max |1 + sigma xi|
 * inside the range; all draws are made whatever is used, so that one number changed leaves the others. */
static eq_device_cell make_cell(const eq_devices *d, eq_draw *r, double start) {
    const eq_device *o = &d->o;
    double xi[7];
    for (int k = 0; k < 7; k++) xi[k] = eq_draw_normal(r);
    double beta = o->up_down + o->up_down_dtod * xi[1], spread = 1.0 + o->dw_min_dtod * xi[0];
    eq_device_cell c = {.low = fmax(o->w_min * fabs(1.0 + o->w_min_dtod * xi[2]), o->w_min),
                        .high = fmin(o->w_max * fabs(1.0 + o->w_max_dtod * xi[3]), o->w_max),
                        .step = {o->dw_min * fabs(spread + beta), o->dw_min * fabs(spread - beta)},
                        .endurance = INFINITY};
    if (o->response != NULL && o->response->make != NULL) o->response->make(o, xi + 4, &c);
    if (o->endurance > 0.0) c.endurance = o->endurance * fabs(1.0 + o->endurance_dtod * xi[6]);
    double stuck = stuck_at(d, r, start);
    if (!isnan(stuck)) c.low = c.high = stuck;
    return c;
}

static void draw_chip(eq_devices *d) {
    uint64_t key = eq_devices_chip_key(d, "chip");
    for (size_t j = 0; j < d->count; j++) {
        eq_draw r = eq_draw_of(key, eq_devices_number(d, j));
        d->cell[j] = make_cell(d, &r, eq_devices_weight(d, d->kept[EQ_STORED][j]));
    }
}

static bool keeps(const eq_device *o, int array) {
    return array == EQ_PENDING ? o->rule == EQ_RULE_MIXED : array == EQ_MINUS ? o->pair : true;
}

/* Both devices of a pair of difference w: the smallest that have it. */
static void split_pairs(eq_devices *d) {
    for (size_t j = 0; d->kept[EQ_MINUS] != NULL && j < d->count; j++)
        d->kept[EQ_MINUS][j] = fmax(-eq_devices_weight(d, d->kept[EQ_STORED][j]), 0.0);
}

eq_status eq_devices_new(const eq_device *o, const eq_devices_of *of, eq_devices **out,
                         eq_diag *diag) {
    eq_devices *d = eq_calloc(1, sizeof *d);
    if (d == NULL) return eq_out_of_memory(diag);
    *d = (eq_devices){.o = *o,
                      .min = of->min,
                      .max = of->max,
                      .scale = (o->w_max - o->w_min) / (of->max - of->min),
                      .first = of->first,
                      .count = of->count,
                      .place = of->place,
                      .seed = of->seed};
    d->write_sigma =
        hypot(o->write_noise * (d->max - d->min), o->write_noise_std * o->dw_min / d->scale);
    d->cell = eq_calloc(d->count, sizeof *d->cell);
    d->shown = eq_calloc(d->count, sizeof *d->shown);
    bool whole = d->cell != NULL && d->shown != NULL;
    for (int k = 0; k < EQ_DEVICE_ARRAYS; k++) {
        if (!keeps(o, k)) continue;
        d->kept[k] = eq_calloc(d->count, sizeof *d->kept[k]);
        whole = whole && d->kept[k] != NULL;
    }
    if (!whole) {
        eq_devices_free(d);
        return eq_out_of_memory(diag);
    }
    memcpy(d->kept[EQ_STORED], of->start, d->count * sizeof *of->start);
    memcpy(d->shown, of->start, d->count * sizeof *of->start);
    split_pairs(d);
    draw_chip(d);
    *out = d;
    return EQ_OK;
}

void eq_devices_free(eq_devices *d) {
    if (d == NULL) return;
    for (int k = 0; k < EQ_DEVICE_ARRAYS; k++) eq_free(d->kept[k]);
    eq_free(d->cell);
    eq_free(d->shown);
    eq_free(d);
}

double *eq_devices_shown(eq_devices *d) {
    return d->shown;
}

double *eq_devices_kept(eq_devices *d, int array) {
    return d->kept[array];
}

const eq_device_cell *eq_devices_cell(const eq_devices *d, size_t j) {
    return &d->cell[j];
}

bool eq_devices_worn(const eq_devices *d, size_t j) {
    const eq_device_cell *c = &d->cell[j];
    return c->low >= c->high || d->kept[EQ_PULSES][j] >= c->endurance;
}

size_t eq_devices_stuck(const eq_devices *d) {
    size_t stuck = 0;
    for (size_t j = 0; j < d->count; j++) stuck += eq_devices_worn(d, j);
    return stuck;
}

/* The level at or above which part `at` of `levels - 1` intervals lies: to the nearest, or up with
 * the probability of the part that is left. */
static double round_level(const eq_device *o, double at, eq_draw *r) {
    double below = floor(at), up = o->stochastic_rounding ? eq_draw_uniform(r) : 0.5;
    return below + (at - below > up || (!o->stochastic_rounding && at - below == up));
}

double eq_devices_on_level(const eq_devices *d, double g, eq_draw *r) {
    const eq_device *o = &d->o;
    double last = (double)(o->levels - 1);
    if (o->levels == 0) return g;
    if (o->log_levels) {
        double range = log(d->max / d->min);
        double k = round_level(o, log(g / d->min) / range * last, r);
        return k >= last ? d->max : d->min * exp(k / last * range);
    }
    double k = round_level(o, (g - d->min) / (d->max - d->min) * last, r);
    return k >= last ? d->max : d->min + k / last * (d->max - d->min);
}

static double clip(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

double eq_devices_bounded(const eq_devices *d, size_t j, double g) {
    const eq_device_cell *c = &d->cell[j]; /* the bounds of the range hold to the bit */
    double low = c->low <= d->o.w_min ? d->min : eq_devices_parameter(d, c->low);
    double high = c->high >= d->o.w_max ? d->max : eq_devices_parameter(d, c->high);
    return clip(g, fmin(low, high), high);
}

double eq_devices_written(const eq_devices *d, double g, eq_draw *r) {
    double sigma = d->write_sigma;
    return sigma > 0.0 ? clip(g + sigma * eq_draw_normal(r), d->min, d->max) : g;
}

void eq_devices_program(eq_devices *d) {
    uint64_t key = eq_devices_key(d, "program", 0);
    for (size_t j = 0; j < d->count; j++) {
        eq_draw r = eq_draw_of(key, eq_devices_number(d, j));
        double g = eq_devices_on_level(d, d->kept[EQ_STORED][j], &r);
        bool stuck = d->cell[j].low >= d->cell[j].high;
        d->kept[EQ_STORED][j] = g = eq_devices_bounded(d, j, g);
        d->shown[j] = stuck ? g : eq_devices_written(d, g, &r);
    }
    split_pairs(d);
}

static bool drifts(const eq_device *o) {
    return o->drift_nu > 0.0 && o->drift_time > o->drift_t0;
}

bool eq_devices_vary(const eq_devices *d, bool evaluation) {
    const eq_device *o = &d->o;
    return o->read_noise > 0.0 || o->read_noise_rel > 0.0 || (evaluation && drifts(o));
}

/* (t/t0)^-nu with the device's own nu = nu (1 + sigma xi), never below 0 (Le Gallo et al. 2018). */
static double drift(const eq_devices *d, uint64_t key, size_t j) {
    const eq_device *o = &d->o;
    eq_draw r = eq_draw_of(key, eq_devices_number(d, j));
    double nu = o->drift_nu * fmax(1.0 + o->drift_nu_dtod * eq_draw_normal(&r), 0.0);
    return pow(o->drift_time / o->drift_t0, -nu);
}

void eq_devices_read(const eq_devices *d, bool evaluation, uint64_t read, double *g) {
    const eq_device *o = &d->o;
    uint64_t key = eq_devices_key(d, evaluation ? "evaluation" : "read", read);
    uint64_t own = eq_devices_chip_key(d, "drift");
    bool drifting = evaluation && drifts(o), noisy = o->read_noise > 0.0 || o->read_noise_rel > 0.0;
    for (size_t j = 0; j < d->count; j++) {
        double factor = drifting ? drift(d, own, j) : 1.0, mean = d->shown[j] * factor;
        g[j] = mean;
        if (!noisy) continue;
        eq_draw r = eq_draw_of(key, eq_devices_number(d, j));
        double sigma = hypot(o->read_noise * (d->max - d->min), o->read_noise_rel * mean);
        g[j] = fmax(mean + sigma * eq_draw_normal(&r), d->min * factor);
    }
}
