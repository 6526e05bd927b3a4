/* A trained network on many chips. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/comm.h"
#include "base/mem.h"
#include "train/devices.h"
#include "train/trained.h"

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The quantile q of sorted values, between its two neighbours linearly (definition 7 of Hyndman and
 * Fan 1996, NumPy's). */
static double quantile(const double *sorted, size_t n, double q) {
    double at = q * (double)(n - 1);
    size_t k = (size_t)at;
    return k + 1 < n ? sorted[k] + (at - (double)k) * (sorted[k + 1] - sorted[k]) : sorted[n - 1];
}

/* Mean, deviation (of n - 1) and quantiles; sorts the values. */
static eq_spreading summary(double *value, size_t n) {
    eq_spreading s = {NAN, NAN, NAN, NAN, NAN};
    double square = 0.0;
    if (n == 0) return s;
    s.mean = 0.0;
    for (size_t k = 0; k < n; k++) s.mean += value[k] / (double)n;
    for (size_t k = 0; k < n; k++) square += (value[k] - s.mean) * (value[k] - s.mean);
    if (n > 1) s.deviation = sqrt(square / (double)(n - 1));
    qsort(value, n, sizeof *value, ascending);
    s.q05 = quantile(value, n, 0.05);
    s.q50 = quantile(value, n, 0.5);
    s.q95 = quantile(value, n, 0.95);
    return s;
}

/* One chip more in the lists; one that has no operating point is counted as failed. */
static eq_status draw(eq_trained *m, uint64_t chip, eq_chip_draws *out, double *error, double *loss,
                      eq_diag *diag) {
    eq_diag *own = eq_diag_new(); /* why a chip has no operating point is not told */
    eq_evaluation e = {0};
    eq_devices_put(&m->s.devices, chip);
    eq_status status = own == NULL ? EQ_ERR_MEMORY : EQ_OK;
    if (status == EQ_OK) status = eq_session_renew(&m->s, &m->engine, own);
    if (status == EQ_OK && m->x->devices > 0) status = eq_session_transfer(&m->s, m->run, own);
    if (status == EQ_OK) status = eq_trained_evaluate(m, &e, own);
    status = eq_comm_agree(status);
    bool lost = status == EQ_ERR_MEMORY || status == EQ_ERR_INTERRUPTED;
    if (status == EQ_OK) {
        error[out->drawn] = isnan(e.error) ? e.rmse : e.error;
        loss[out->drawn++] = e.loss;
    } else if (!lost) {
        out->failed++;
    }
    if (status == EQ_OK) eq_diag_pass_on(own, EQ_ERR_MEMORY, diag); /* a lost explanation */
    eq_evaluation_free(&e);
    eq_diag_free(own);
    return status == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : lost ? status : EQ_OK;
}

eq_status eq_trained_draw(eq_trained *m, size_t draws, eq_chip_draws *out, eq_diag *diag) {
    double *error = eq_malloc(draws, sizeof *error), *loss = eq_malloc(draws, sizeof *loss);
    eq_chip_draws d = {0};
    eq_status status = error == NULL || loss == NULL ? eq_out_of_memory(diag) : EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < draws; k++)
        status = draw(m, m->x->mismatch.chip + k, &d, error, loss, diag);
    if (status == EQ_OK) {
        d.error = summary(error, d.drawn);
        d.loss = summary(loss, d.drawn);
        d.first = m->x->mismatch.chip;
        eq_devices_restore(&m->s.devices);
        status = eq_session_renew(&m->s, &m->engine, diag);
        if (status == EQ_OK && m->x->devices > 0) status = eq_session_transfer(&m->s, m->run, diag);
        *out = d;
    }
    eq_free(error);
    eq_free(loss);
    return status;
}
