/* The check of an estimator that samples its phases: some independent estimates against quadrature of the Boltzmann
 * density where there are few units (Theorem 6.2), else against the adjoint, to which T -> 0 leads. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "train/boltzmann.h"
#include "train/gradcheck/gradcheck.h"

/* What may be left between a mean and quadrature: standard errors, and the bias of a step of finite length. */
static const double most_errors = 5.0, most_bias = 0.05;
enum { RUNS = 8 };

typedef struct sampled {
    eq_check *k;
    size_t n;                 /* parameters */
    double *one;              /* [n] a gradient */
    double *mean, *square;    /* [n] of the estimates: mean, sum of squared deviations */
    double *contrast, *slope; /* [n] by quadrature: what the estimates are to be, d<C>/dtheta */
    eq_contrast weights;      /* those of one example */
} sampled;

/* The standard error of one estimate, as a distance. */
static double deviation(const sampled *q) {
    double sum = 0.0;
    for (size_t p = 0; p < q->n; p++)
        sum = hypot(sum, q->k->scale[p] * sqrt(q->square[p] / (RUNS - 1)));
    return sum;
}

/* Estimates of RUNS keys at all examples. */
static eq_status estimate(sampled *q) {
    eq_check *k = q->k;
    eq_session *s = &k->s;
    double a[EQ_MAX_SLOTS];
    size_t n = k->truth.n;
    eq_status status = eq_session_free_phase(s, s->set.train, s->set.train_index, n, k->diag);
    for (uint64_t run = 0; status == EQ_OK && run < RUNS; run++) {
        eq_phases_draw(s->phases, eq_draw_of(k->x->seed, run).at);
        status = eq_estimate(&k->x->estimator, s->phases, s->model, &k->x->cost, 1.0, n, s->y,
                             s->goal, a, k->diag);
        if (status == EQ_OK) status = eq_network_gradient(s->model, a, q->one, k->diag);
        for (size_t p = 0; status == EQ_OK && p < q->n; p++) { /* Welford */
            double off = q->one[p] - q->mean[p];
            q->mean[p] += off / (double)(run + 1);
            q->square[p] += off * (q->one[p] - q->mean[p]);
        }
    }
    return status;
}

/* Adds what is collected of one example. */
static eq_status take(sampled *q, eq_status status, double *sum) {
    static const double nothing[EQ_MAX_SLOTS] = {0};
    if (status == EQ_OK) status = eq_network_gradient(q->k->s.model, nothing, q->one, q->k->diag);
    for (size_t p = 0; status == EQ_OK && p < q->n; p++) sum[p] += q->one[p];
    return status;
}

/* Quadrature at example j; *few: it has few enough units. */
static eq_status integrate(sampled *q, size_t j, bool *few) {
    eq_check *k = q->k;
    eq_session *s = &k->s;
    eq_langevin l;
    eq_boltzmann b = {.e = NULL};
    double by = 1.0 / (double)k->truth.n;
    eq_status status = eq_session_free_phase(s, s->set.train, s->set.train_index + j, 1, k->diag);
    if (status != EQ_OK) return status;
    status = eq_langevin_open(&l, s->model, 1, &k->x->cost, s->goal, &k->x->estimator.sampling, 0,
                              k->diag);
    *few = status == EQ_OK && l.d.units > 0 && l.d.units <= EQ_BOLTZMANN_UNITS;
    if (*few) {
        status = eq_boltzmann_open(&b, &l, s->input, &q->weights, k->diag);
        *few = !b.coarse;
        if (status == EQ_OK)
            status = take(q, eq_boltzmann_collect(&b, &q->weights, by, k->diag), q->contrast);
        if (status == EQ_OK) status = take(q, eq_boltzmann_slope(&b, by, k->diag), q->slope);
    }
    eq_boltzmann_close(&b);
    eq_langevin_close(&l);
    return status;
}

static eq_status compare(sampled *q, eq_gradcheck_sampled *out) {
    eq_check *k = q->k;
    bool few = true;
    eq_estimate_contrast(&k->x->estimator, 1.0, 1, &q->weights);
    eq_status status = estimate(q);
    for (size_t j = 0; status == EQ_OK && few && j < k->truth.n; j++)
        status = integrate(q, j, &few);
    if (status != EQ_OK) return status;
    const double *truth = few ? q->slope : k->truth.gradient;
    double size = eq_session_distance(q->n, k->scale, truth, NULL), each = deviation(q);
    *out = (eq_gradcheck_sampled){.temperature = k->x->estimator.sampling.temperature,
                                  .runs = RUNS,
                                  .quadrature = few,
                                  .off = NAN,
                                  .passed = true};
    out->cosine = eq_session_cosine(q->n, k->scale, q->mean, truth);
    out->error = eq_session_distance(q->n, k->scale, q->mean, truth) / size;
    out->deviation = each / size;
    if (!few) return EQ_OK;
    double off = eq_session_distance(q->n, k->scale, q->mean, q->contrast),
           bias = eq_session_distance(q->n, k->scale, q->contrast, NULL);
    out->off = off / bias;
    out->passed = off <= most_errors * each / sqrt(RUNS) + most_bias * bias;
    return EQ_OK;
}

eq_status eq_check_sampled(eq_check *k, double *mean, double *truth, eq_gradcheck_sampled *out) {
    sampled q = {.k = k, .n = eq_network_parameters(k->s.model)};
    q.one = eq_calloc(q.n, 5 * sizeof *q.one);
    if (q.one == NULL) return eq_out_of_memory(k->diag);
    q.mean = q.one + q.n;
    q.square = q.mean + q.n;
    q.contrast = q.square + q.n;
    q.slope = q.contrast + q.n;
    eq_langevin_warn_of_step(k->s.model, &k->x->estimator.sampling, k->diag);
    eq_status status = compare(&q, out);
    memcpy(mean, q.mean, q.n * sizeof *mean);
    memcpy(truth, out->quadrature ? q.slope : k->truth.gradient, q.n * sizeof *truth);
    eq_free(q.one);
    return status;
}
