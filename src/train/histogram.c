#include "train/histogram.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "train/moments.h"

/* 2 sum (-1)^(k-1) exp(-2 k^2 z^2); below 0.2 that is 1 but for 1e-12. */
double eq_smirnov_chance(double distance, double n) {
    double root = sqrt(n), z = root * distance, sum = 0.0;
    z += 1.0 / (6.0 * root) + (z - 1.0) / (4.0 * n);
    if (z < 0.2) return 1.0;
    for (int k = 1; k <= 40; k++) sum += (k % 2 == 1 ? 2.0 : -2.0) * exp(-2.0 * k * k * z * z);
    return fmin(fmax(sum, 0.0), 1.0);
}

/* A distribution at the edges of equal cells, from 0 to 1, and between them as if the density were even in a cell. */
typedef struct law {
    double low, width;
    size_t cells;
    double *edge; /* [cells + 1] */
} law;

static double below(const law *w, double x) {
    double at = (x - w->low) / w->width;
    if (!(at > 0.0)) return 0.0;
    if (at >= (double)w->cells) return 1.0;
    size_t k = (size_t)at;
    return w->edge[k] + (at - (double)k) * (w->edge[k + 1] - w->edge[k]);
}

static eq_status integrate(eq_boltzmann *b, double beta, size_t unit, law *w, eq_diag *diag) {
    *w = (law){b->low[unit], b->width[unit], b->cells, eq_calloc(b->cells + 1, sizeof *w->edge)};
    if (w->edge == NULL) return eq_out_of_memory(diag);
    eq_boltzmann_marginal(b, beta, unit, w->edge + 1);
    for (size_t k = 0; k < w->cells; k++) w->edge[k + 1] += w->edge[k];
    return EQ_OK;
}

/* Where the distribution passes `chance`. */
static double quantile(const law *w, double chance) {
    size_t k = 0;
    while (k + 1 < w->cells && w->edge[k + 1] < chance) k++;
    return w->low + w->width * (double)k;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The largest distance between the distribution of x[n], ascending, and the law: at either side of a step. */
static double distance(const double *x, size_t n, const law *w) {
    double most = 0.0;
    for (size_t k = 0; k < n; k++) {
        double f = below(w, x[k]), at = (double)k / (double)n;
        most = fmax(most, fmax(f - at, at + 1.0 / (double)n - f));
    }
    return most;
}

/* Thinned by the autocorrelation; what is left of that counts too. */
static eq_status test(const double *x, size_t n, size_t stride, const law *w, eq_histogram *h,
                      eq_diag *diag) {
    eq_moments m;
    h->thinning = (size_t)round(h->autocorrelation);
    h->thinned = n / h->thinning;
    eq_status status = eq_moments_of(x, h->thinned, stride * h->thinning, &m, diag);
    double *kept = status == EQ_OK ? eq_calloc(h->thinned, sizeof *kept) : NULL;
    if (status != EQ_OK || kept == NULL) return status == EQ_OK ? eq_out_of_memory(diag) : status;
    for (size_t k = 0; k < h->thinned; k++) kept[k] = x[k * stride * h->thinning];
    qsort(kept, h->thinned, sizeof *kept, ascending);
    h->effective = m.effective;
    h->smirnov = w == NULL ? (double)NAN : distance(kept, h->thinned, w);
    h->p = w == NULL ? (double)NAN : eq_smirnov_chance(h->smirnov, h->effective);
    eq_free(kept);
    return EQ_OK;
}

/* Bins from the least to the largest that is sampled, or likely. */
static void fill(const double *x, size_t n, size_t stride, const law *w, eq_histogram *h) {
    static const double tail = 1e-4;
    double low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < n; k++) {
        low = fmin(low, x[k * stride]);
        high = fmax(high, x[k * stride]);
    }
    if (w != NULL) low = fmin(low, quantile(w, tail));
    if (w != NULL) high = fmax(high, quantile(w, 1.0 - tail) + w->width);
    h->low = low;
    h->width = (high > low ? high - low : fmax(fabs(low), 1.0)) / EQ_HISTOGRAM_BINS;
    for (size_t k = 0; k < n; k++) {
        int bin = (int)((x[k * stride] - low) / h->width);
        h->sampled[bin < EQ_HISTOGRAM_BINS ? bin : EQ_HISTOGRAM_BINS - 1] +=
            1.0 / ((double)n * h->width);
    }
    for (int k = 0; k < EQ_HISTOGRAM_BINS; k++) {
        double at = low + h->width * k;
        h->exact[k] = w == NULL ? (double)NAN : (below(w, at + h->width) - below(w, at)) / h->width;
    }
}

eq_status eq_histogram_of(const eq_result *r, size_t column, double effective, eq_boltzmann *b,
                          double beta, size_t unit, eq_histogram *out, eq_diag *diag) {
    law w = {.edge = NULL};
    *out = (eq_histogram){.autocorrelation = (double)r->points / effective};
    eq_status status = b == NULL ? EQ_OK : integrate(b, beta, unit, &w, diag);
    if (status == EQ_OK)
        fill(r->value + column, r->points, r->variables, b == NULL ? NULL : &w, out);
    if (status == EQ_OK)
        status = test(r->value + column, r->points, r->variables, b == NULL ? NULL : &w, out, diag);
    eq_free(w.edge);
    return status;
}

static eq_status name_columns(const eq_result *r, size_t n, bool exact, eq_result *t,
                              eq_diag *diag) {
    static const char *const of[] = {"", EQ_HISTOGRAM_SAMPLED, EQ_HISTOGRAM_EXACT};
    eq_status status = EQ_OK;
    for (size_t k = 3 * (r->variables - n); status == EQ_OK && k < 3 * r->variables; k++) {
        eq_text name = {0};
        if (k % 3 == 2 && !exact) continue;
        eq_text_printf(&name, "%s%s", r->variable[k / 3].name, of[k % 3]);
        status =
            name.failed ? eq_out_of_memory(diag) : eq_result_variable(t, name.text, "notype", diag);
        eq_text_free(&name);
    }
    return status;
}

eq_status eq_histogram_table(const eq_result *r, const eq_histogram *h, size_t n, eq_result **out,
                             eq_diag *diag) {
    bool exact = n > 0 && !isnan(h->exact[0]);
    eq_result *t = *out = eq_result_new(r->title, "histogram");
    double *row = eq_calloc(3 * n, sizeof *row);
    eq_status status =
        t == NULL || row == NULL ? eq_out_of_memory(diag) : name_columns(r, n, exact, t, diag);
    for (int bin = 0; status == EQ_OK && bin < EQ_HISTOGRAM_BINS; bin++) {
        double *at = row;
        for (size_t k = 0; k < n; k++) {
            *at++ = h[k].low + h[k].width * (bin + 0.5);
            *at++ = h[k].sampled[bin];
            if (exact) *at++ = h[k].exact[bin];
        }
        status = eq_result_point(t, row, diag);
    }
    eq_free(row);
    return status;
}
