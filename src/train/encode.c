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
    for (int k = 0; k <= EQ_NORMALIZE_STANDARD; k++)
        if (eq_same(names[k], name)) {
            *normalize = (eq_normalize)k;
            return true;
        }
    return false;
}

const char *eq_normalize_name(eq_normalize normalize) {
    return names[normalize];
}

/* The byte or value as stored. */
static double raw(const eq_data *d, size_t example, size_t f) {
    size_t k = example * d->features + f;
    return d->pixel != NULL ? (double)d->pixel[k] : d->value[k];
}

/* The middle m and half width h with which (raw - m)/h is normalised;
 * a constant feature has h = 1. */
static void statistics(eq_normalize normalize, const eq_data_set *set, size_t f, double *m,
                       double *h) {
    double low = INFINITY, high = -INFINITY, mean = 0.0, square = 0.0;
    for (size_t k = 0; k < set->train_count; k++) {
        double v = raw(set->train, set->train_index[k], f), d = v - mean;
        low = fmin(low, v);
        high = fmax(high, v);
        mean += d / (double)(k + 1); /* Welford 1962 */
        square += d * (v - mean);
    }
    bool range = normalize == EQ_NORMALIZE_RANGE;
    *m = range ? 0.5 * (low + high) : mean;
    *h = range ? 0.5 * (high - low) : sqrt(square / (double)set->train_count);
    if (!(*h > 0.0)) *h = 1.0;
}

eq_status eq_encoder_fit(const eq_encoding *o, const eq_data_set *set, eq_encoder *out,
                         eq_diag *diag) {
    size_t n = set->train->features;
    double unit = set->train->pixel != NULL ? 1.0 / 255.0 : 1.0;
    *out = (eq_encoder){.features = n, .inputs = o->invert ? 2 * n : n, .invert = o->invert};
    out->gain = eq_calloc(n, sizeof *out->gain);
    out->offset = eq_calloc(n, sizeof *out->offset);
    if (out->gain == NULL || out->offset == NULL) {
        eq_encoder_free(out);
        return eq_out_of_memory(diag);
    }
    for (size_t f = 0; f < n; f++) {
        double m = 0.0, h = 1.0 / unit;
        if (o->normalize != EQ_NORMALIZE_NONE) statistics(o->normalize, set, f, &m, &h);
        out->gain[f] = o->scale / h;
        out->offset[f] = -o->scale * (m / h + o->center);
    }
    return EQ_OK;
}

void eq_encoder_free(eq_encoder *e) {
    eq_free(e->gain);
    eq_free(e->offset);
    *e = (eq_encoder){0};
}

/* x_f = gain_f raw_f + offset_f of one example. */
static void affine(const eq_encoder *e, const eq_data *d, size_t example, double *x) {
    size_t n = e->features;
    if (d->pixel != NULL) {
        const uint8_t *p = d->pixel + example * n;
        for (size_t f = 0; f < n; f++) x[f] = e->gain[f] * (double)p[f] + e->offset[f];
    } else {
        const double *v = d->value + example * n;
        for (size_t f = 0; f < n; f++) x[f] = e->gain[f] * v[f] + e->offset[f];
    }
}

void eq_encode(const eq_encoder *e, const eq_data *d, const uint32_t *index, size_t n, double *x,
               uint16_t *label) {
    for (size_t j = 0; j < n; j++, x += e->inputs) {
        affine(e, d, index[j], x);
        label[j] = d->label[index[j]];
        /* From the back: x_f is read before its place is written. */
        for (size_t f = e->features; e->invert && f-- > 0;) {
            double v = x[f];
            x[2 * f] = v;
            x[2 * f + 1] = -v;
        }
    }
}
