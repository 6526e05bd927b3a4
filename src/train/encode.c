#include "train/encode.h"

#include <math.h>

#include "base/mem.h"
#include "base/text.h"

static const char *const names[] = {
    [EQ_NORMALIZE_NONE] = "none",
    [EQ_NORMALIZE_RANGE] = "range",
    [EQ_NORMALIZE_STANDARD] = "standard",
};

bool eq_normalize_find(const char *name, eq_normalize *normalize) {
    int k = eq_word_find(names, sizeof names / sizeof *names, name);
    if (k >= 0) *normalize = (eq_normalize)k;
    return k >= 0;
}

const char *eq_normalize_name(eq_normalize normalize) {
    return names[normalize];
}

/* A feature, or a target, of an example as it is stored. */
typedef double column(const eq_data *d, size_t example, size_t k);

/* The largest |raw| of column f, as a power of two. */
static double magnitude(const eq_data_set *set, column *raw, size_t f) {
    double most = 0.0;
    int exponent;
    for (size_t k = 0; k < set->train_count; k++)
        most = fmax(most, fabs(raw(set->train, set->train_index[k], f)));
    frexp(most, &exponent);
    return ldexp(1.0, exponent - 1); /* 0.5 where all are 0 */
}

/* The middle m and half width h with which (raw - m)/h is normalised, both of raw/unit, whose squares
 * are neither too large nor too small; a constant column has h = 1/unit. */
static void statistics(eq_normalize normalize, const eq_data_set *set, column *raw, size_t f,
                       double unit, double *m, double *h) {
    double low = INFINITY, high = -INFINITY, mean = 0.0, square = 0.0;
    for (size_t k = 0; k < set->train_count; k++) {
        double v = raw(set->train, set->train_index[k], f) / unit, d = v - mean;
        low = fmin(low, v);
        high = fmax(high, v);
        mean += d / (double)(k + 1); /* Welford 1962 */
        square += d * (v - mean);
    }
    bool range = normalize == EQ_NORMALIZE_RANGE;
    *m = range ? 0.5 * (low + high) : mean;
    *h = range ? 0.5 * (high - low) : sqrt(square / (double)set->train_count);
    if (!(*h > 0.0)) *h = 1.0 / unit;
}

/* V = scale ((raw - m)/h - center) for each of n columns; unit: what a stored 1 stands for. */
static eq_status fit(const eq_scaling *o, const eq_data_set *set, column *raw, double unit,
                     size_t n, eq_affine *out, eq_diag *diag) {
    out->gain = eq_calloc(n, sizeof *out->gain);
    out->offset = eq_calloc(n, sizeof *out->offset);
    if (out->gain == NULL || out->offset == NULL) return eq_out_of_memory(diag);
    for (size_t f = 0; f < n; f++) {
        double m = 0.0, h = 1.0 / unit, by = 1.0;
        if (o->normalize != EQ_NORMALIZE_NONE) {
            by = magnitude(set, raw, f);
            statistics(o->normalize, set, raw, f, by, &m, &h);
        }
        out->gain[f] = o->scale / (h * by);
        out->offset[f] = -o->scale * (m / h + o->center);
        if (!isfinite(out->gain[f]) || !isfinite(out->offset[f]))
            return eq_fail(diag, EQ_ERR_INPUT,
                           "column %zu of the %s, which spreads over %g, leaves double precision "
                           "when it is scaled; give its values in another unit",
                           f + 1, raw == eq_data_target ? "targets" : "features", h * by);
    }
    return EQ_OK;
}

eq_status eq_encoder_fit(const eq_encoding *o, const eq_data_set *set, eq_encoder *out,
                         eq_diag *diag) {
    const eq_data *d = set->train;
    double unit = d->pixel != NULL ? 1.0 / 255.0 : 1.0;
    size_t n = d->features, targets = d->goal == EQ_GOAL_CLASS ? 0 : d->classes;
    *out = (eq_encoder){
        .features = n, .inputs = o->invert ? 2 * n : n, .targets = targets, .invert = o->invert};
    eq_status status = fit(&o->input, set, eq_data_feature, unit, n, &out->input, diag);
    if (status == EQ_OK)
        status = fit(&o->target, set, eq_data_target, 1.0, targets, &out->target, diag);
    if (status != EQ_OK) eq_encoder_free(out);
    return status;
}

static void free_affine(eq_affine *a) {
    eq_free(a->gain);
    eq_free(a->offset);
}

void eq_encoder_free(eq_encoder *e) {
    free_affine(&e->input);
    free_affine(&e->target);
    *e = (eq_encoder){0};
}

/* x and -x in turn, from the back: x_f is read before its place is written. */
static void invert(const eq_encoder *e, double *x) {
    for (size_t f = e->features; e->invert && f-- > 0;) {
        double v = x[f];
        x[2 * f] = v;
        x[2 * f + 1] = -v;
    }
}

void eq_encode_values(const eq_encoder *e, const double *raw, double *x) {
    const double *gain = e->input.gain, *offset = e->input.offset;
    for (size_t f = 0; f < e->features; f++) x[f] = gain[f] * raw[f] + offset[f];
    invert(e, x);
}

static void encode_pixels(const eq_encoder *e, const uint8_t *pixel, double *x) {
    const double *gain = e->input.gain, *offset = e->input.offset;
    for (size_t f = 0; f < e->features; f++) x[f] = gain[f] * (double)pixel[f] + offset[f];
    invert(e, x);
}

void eq_encode(const eq_encoder *e, const eq_data *d, const uint32_t *index, size_t n, double *x) {
    for (size_t j = 0; j < n; j++, x += e->inputs) {
        size_t first = index[j] * e->features;
        if (d->pixel != NULL)
            encode_pixels(e, d->pixel + first, x);
        else
            eq_encode_values(e, d->value + first, x);
    }
}

void eq_encode_targets(const eq_encoder *e, const eq_data *d, size_t example, double *t) {
    for (size_t k = 0; k < e->targets; k++)
        t[k] = e->target.gain[k] * eq_data_target(d, example, k) + e->target.offset[k];
}
