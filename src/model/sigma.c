#include "model/sigma.h"

#include <float.h>
#include <math.h>

#include "base/text.h"

static double clip(double f) {
    return fmin(fmax(f, 0.0), 1.0);
}

static void hard_apply(size_t n, double *s) {
    for (size_t k = 0; k < n; k++) s[k] = s[k] < 0.0 ? 0.0 : s[k] > 1.0 ? 1.0 : s[k];
}

/* At its corners, where the unit rests, it has none. */
static void hard_slope(size_t n, const double *s, double *d) {
    for (size_t k = 0; k < n; k++) d[k] = s[k] > 0.0 && s[k] < 1.0 ? d[k] : 0.0;
}

static double hard_rate(double r) {
    return r > 0.0 && r < 1.0 ? 1.0 : 0.0;
}

static double hard_bend(double r) {
    (void)r;
    return 0.0;
}

static double hard_settle(double f, double c) {
    return clip(f / (1.0 + c));
}

static double hard_energy(double s) {
    return 0.5 * s * s;
}

static double logistic(double f) {
    return 1.0 / (1.0 + exp(2.0 - 4.0 * f));
}

static double logistic_slope(double s) {
    return 4.0 * s * (1.0 - s);
}

static double logistic_bend(double r) {
    return 4.0 * (1.0 - 2.0 * r) * logistic_slope(r);
}

static double tanh_slope(double s) {
    return 1.0 - s * s;
}

static double tanh_bend(double r) {
    return -2.0 * r * tanh_slope(r);
}

/* The zero of s - sigma(f - c s), which rises, by Newton's method kept between two points around it. */
static double settle(double (*value)(double), double (*slope)(double), double f, double c) {
    enum { STEPS = 100 };
    double low = -1.0, high = 1.0, s = value(f);
    for (int step = 0; step < STEPS; step++) {
        double at = value(f - c * s), off = s - at;
        if (off > 0.0) high = s;
        if (off < 0.0) low = s;
        if (fabs(off) <= 2.0 * DBL_EPSILON * fmax(fabs(s), DBL_MIN) || high - low <= DBL_EPSILON)
            break;
        double to = s - off / (1.0 + c * slope(at));
        s = to > low && to < high ? to : 0.5 * (low + high);
    }
    return s;
}

static void logistic_apply(size_t n, double *s) {
    for (size_t k = 0; k < n; k++) s[k] = logistic(s[k]);
}

static void logistic_slopes(size_t n, const double *s, double *d) {
    for (size_t k = 0; k < n; k++) d[k] *= logistic_slope(s[k]);
}

static double logistic_settle(double f, double c) {
    return settle(logistic, logistic_slope, f, c);
}

static void tanh_apply(size_t n, double *s) {
    for (size_t k = 0; k < n; k++) s[k] = tanh(s[k]);
}

static void tanh_slopes(size_t n, const double *s, double *d) {
    for (size_t k = 0; k < n; k++) d[k] *= tanh_slope(s[k]);
}

static double tanh_settle(double f, double c) {
    return settle(tanh, tanh_slope, f, c);
}

/* x log x */
static double entropy(double x) {
    return x > 0.0 ? x * log(x) : 0.0;
}

static double logistic_energy(double s) {
    return 0.5 * s + 0.25 * (entropy(s) + entropy(1.0 - s));
}

static double tanh_energy(double s) {
    return 0.5 * (entropy(1.0 + s) + entropy(1.0 - s));
}

static const eq_sigma kinds[] = {
    {"hard-sigmoid", 0.0, hard_apply, hard_slope, hard_settle, clip, hard_rate, hard_bend, 0.0,
     true, hard_energy},
    {"sigmoid", 0.0, logistic_apply, logistic_slopes, logistic_settle, logistic, logistic_slope,
     logistic_bend, 1.54, false, logistic_energy},
    {"tanh", -1.0, tanh_apply, tanh_slopes, tanh_settle, tanh, tanh_slope, tanh_bend, 0.77, false,
     tanh_energy},
};

const eq_sigma *eq_sigma_find(const char *name) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (eq_same(kinds[k].name, name)) return &kinds[k];
    return NULL;
}
