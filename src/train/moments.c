#include "train/moments.h"

#include <math.h>

#include "base/mem.h"

/* Sum of the autocorrelations of x up to the first window that is five times as long as what they add up to
 * (Sokal 1997): 1 + 2 sum rho. */
static double autocorrelation(const double *x, size_t n, size_t stride, double mean,
                              double variance) {
    double tau = 1.0;
    for (size_t lag = 1; variance > 0.0 && lag < n / 2; lag++) {
        double sum = 0.0;
        for (size_t k = 0; k + lag < n; k++)
            sum += (x[k * stride] - mean) * (x[(k + lag) * stride] - mean);
        tau += 2.0 * sum / ((double)n * variance);
        if ((double)lag >= 5.0 * tau) break;
    }
    return fmax(tau, 1.0);
}

static double mean_of(const double *x, size_t n, size_t stride) {
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) sum += x[k * stride];
    return sum / (double)n;
}

/* Mean and variance of n numbers and how many of them are independent. */
static double spread_of(const double *x, size_t n, size_t stride, double *mean, double *effective) {
    double variance = 0.0;
    *mean = mean_of(x, n, stride);
    for (size_t k = 0; k < n; k++)
        variance += (x[k * stride] - *mean) * (x[k * stride] - *mean) / (double)n;
    *effective = (double)n / autocorrelation(x, n, stride, *mean, variance);
    return variance;
}

eq_status eq_moments_of(const double *x, size_t n, size_t stride, eq_moments *m, eq_diag *diag) {
    double variance = spread_of(x, n, stride, &m->mean, &m->effective), other, independent;
    double *square = eq_calloc(n, sizeof *square);
    if (square == NULL) return eq_out_of_memory(diag);
    m->deviation = sqrt(variance);
    m->mean_error = sqrt(variance / m->effective);
    for (size_t k = 0; k < n; k++)
        square[k] = (x[k * stride] - m->mean) * (x[k * stride] - m->mean);
    double fourth = spread_of(square, n, 1, &other, &independent);
    eq_free(square);
    m->deviation_error =
        m->deviation > 0.0 ? sqrt(fourth / independent) / (2.0 * m->deviation) : 0.0;
    return EQ_OK;
}
