#include "explore/cma.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "solver/linear/blas.h"

enum { DRAWS = 100 }; /* of a point that falls out of the box, before it is put on the wall */

struct eq_cma {
    size_t n, lambda, generation;
    bool box;
    eq_random random;
    double mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu;
    double chi;     /* E|N(0, I)| */
    double *weight; /* [lambda], of the ranks, (53) */
    double sigma;
    double *mean, *p_sigma, *p_c; /* [n] */
    double *c;                    /* [n][n] covariance, symmetric */
    double *b;                    /* [n][n] its eigenvectors, one a row */
    double *d;                    /* [n] roots of its eigenvalues */
    double *y, *z;                /* [n] work */
    double *step;                 /* [lambda][n] work: (x - m) / sigma */
    size_t *rank;                 /* [lambda] work */
};

size_t eq_cma_population(size_t n) {
    return 4 + (size_t)floor(3.0 * log((double)n));
}

static double square(double x) {
    return x * x;
}

/* The sums of the weights above and below zero, and their mu_eff (8). */
static double sum_of(const eq_cma *c, bool above, double *mu_eff) {
    double sum = 0.0, squares = 0.0;
    for (size_t k = 0; k < c->lambda; k++) {
        if ((c->weight[k] > 0.0) != above) continue;
        sum += fabs(c->weight[k]);
        squares += square(c->weight[k]);
    }
    *mu_eff = square(sum) / squares;
    return sum;
}

/* Table 1: the weights (49)-(53), c_sigma and d_sigma (55), c_c (56), c_1 (57), c_mu (58). */
static void set_parameters(eq_cma *c) {
    double n = (double)c->n, below_eff;
    for (size_t k = 0; k < c->lambda; k++)
        c->weight[k] = log(((double)c->lambda + 1.0) / 2.0) - log((double)k + 1.0);
    double above = sum_of(c, true, &c->mu_eff), below = sum_of(c, false, &below_eff), m = c->mu_eff;
    c->c_sigma = (m + 2.0) / (n + m + 5.0);
    c->d_sigma = 1.0 + 2.0 * fmax(0.0, sqrt((m - 1.0) / (n + 1.0)) - 1.0) + c->c_sigma;
    c->c_c = (4.0 + m / n) / (n + 4.0 + 2.0 * m / n);
    c->c_1 = 2.0 / (square(n + 1.3) + m);
    c->c_mu = fmin(1.0 - c->c_1, 2.0 * (m - 2.0 + 1.0 / m) / (square(n + 2.0) + m));
    double least = fmin(1.0 + c->c_1 / c->c_mu, 1.0 + 2.0 * below_eff / (m + 2.0));
    least = fmin(least, (1.0 - c->c_1 - c->c_mu) / (n * c->c_mu));
    for (size_t k = 0; k < c->lambda; k++)
        c->weight[k] *= c->weight[k] > 0.0 ? 1.0 / above : least / below;
    c->chi = sqrt(n) * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * square(n)));
}

eq_status eq_cma_new(const eq_cma_options *o, eq_cma **out, eq_diag *diag) {
    size_t n = o->n, lambda = o->population > 0 ? o->population : eq_cma_population(n);
    size_t room = lambda + 6 * n + 2 * n * n + lambda * n;
    eq_cma *c = eq_calloc(1, sizeof *c);
    double *at = eq_calloc(room, sizeof *at);
    size_t *rank = eq_malloc(lambda, sizeof *rank);
    if (c == NULL || at == NULL || rank == NULL) {
        eq_free(c), eq_free(at), eq_free(rank);
        return eq_out_of_memory(diag);
    }
    *c = (eq_cma){.n = n, .lambda = lambda, .box = o->box, .sigma = o->sigma, .rank = rank};
    c->random = eq_random_seed(o->seed);
    double **const part[] = {&c->weight, &c->mean, &c->p_sigma, &c->p_c, &c->d,
                             &c->y,      &c->z,    &c->c,       &c->b,   &c->step};
    const size_t length[] = {lambda, n, n, n, n, n, n, n * n, n * n, lambda * n};
    for (size_t k = 0; k < sizeof length / sizeof *length; at += length[k], k++) *part[k] = at;
    memcpy(c->mean, o->mean, n * sizeof *c->mean);
    for (size_t k = 0; k < n; k++) c->c[k * n + k] = c->b[k * n + k] = c->d[k] = 1.0;
    set_parameters(c);
    *out = c;
    return EQ_OK;
}

void eq_cma_free(eq_cma *c) {
    if (c == NULL) return;
    eq_free(c->weight); /* and all that lies behind it */
    eq_free(c->rank);
    eq_free(c);
}

/* out = B f(D) B^T in: f is 1/d or d, in the coordinates of the eigenvectors. */
static void turn(eq_cma *c, bool invert, const double *in, double *out) {
    size_t n = c->n;
    memset(out, 0, n * sizeof *out);
    for (size_t k = 0; k < n; k++) {
        double along = eq_dot(n, c->b + k * n, in) * (invert ? 1.0 / c->d[k] : c->d[k]);
        for (size_t j = 0; j < n; j++) out[j] += along * c->b[k * n + j];
    }
}

/* (38)-(40): x = m + sigma C^(1/2) z. false: it falls out of the box. */
static bool draw(eq_cma *c, double *x) {
    bool inside = true;
    for (size_t j = 0; j < c->n; j++) c->z[j] = eq_random_normal(&c->random);
    turn(c, false, c->z, c->y);
    for (size_t j = 0; j < c->n; j++) {
        x[j] = c->mean[j] + c->sigma * c->y[j];
        inside = inside && x[j] >= 0.0 && x[j] <= 1.0;
    }
    return inside || !c->box;
}

void eq_cma_ask(eq_cma *c, double *x) {
    for (size_t k = 0; k < c->lambda; k++) {
        double *at = x + k * c->n;
        bool inside = draw(c, at);
        for (int t = 1; !inside && t < DRAWS; t++) inside = draw(c, at);
        for (size_t j = 0; !inside && j < c->n; j++) at[j] = fmin(fmax(at[j], 0.0), 1.0);
    }
}

/* rank[k]: the k-th best of the points. */
static void sort(eq_cma *c, const double *value) {
    for (size_t k = 0; k < c->lambda; k++) {
        size_t at = k;
        for (; at > 0 && value[c->rank[at - 1]] > value[k]; at--) c->rank[at] = c->rank[at - 1];
        c->rank[at] = k;
    }
}

/* The mean (41), (42), the path of the steps (43), the width (44). *h: whether the path is short
 * enough for the covariance to follow it. */
static void move(eq_cma *c, double *mean_step, double *h) {
    size_t n = c->n;
    double keep = 1.0 - c->c_sigma, length;
    memset(mean_step, 0, n * sizeof *mean_step);
    for (size_t k = 0; k < c->lambda && c->weight[k] > 0.0; k++)
        for (size_t j = 0; j < n; j++) mean_step[j] += c->weight[k] * c->step[c->rank[k] * n + j];
    turn(c, true, mean_step, c->z);
    for (size_t j = 0; j < n; j++) {
        c->mean[j] += c->sigma * mean_step[j];
        c->p_sigma[j] =
            keep * c->p_sigma[j] + sqrt(c->c_sigma * (2.0 - c->c_sigma) * c->mu_eff) * c->z[j];
    }
    length = sqrt(eq_dot(n, c->p_sigma, c->p_sigma));
    c->sigma *= exp(fmin(1.0, c->c_sigma / c->d_sigma * (length / c->chi - 1.0)));
    double begun = sqrt(1.0 - pow(keep, 2.0 * ((double)c->generation + 1.0)));
    *h = length / begun < (1.4 + 2.0 / ((double)n + 1.0)) * c->chi ? 1.0 : 0.0;
}

/* The weight of a point in the covariance, (46): one that is worse takes away no more than its
 * length in the distribution allows. */
static double weight_of(eq_cma *c, size_t k, const double *step) {
    if (c->weight[k] >= 0.0) return c->weight[k];
    turn(c, true, step, c->z);
    return c->weight[k] * (double)c->n / fmax(eq_dot(c->n, c->z, c->z), 1e-300);
}

/* The path (45) and the covariance (47). */
static void adapt(eq_cma *c, const double *mean_step, double h) {
    size_t n = c->n;
    double sum = 0.0, spread = h * sqrt(c->c_c * (2.0 - c->c_c) * c->mu_eff);
    for (size_t k = 0; k < c->lambda; k++) sum += c->weight[k];
    for (size_t j = 0; j < n; j++) c->p_c[j] = (1.0 - c->c_c) * c->p_c[j] + spread * mean_step[j];
    double keep = 1.0 + c->c_1 * (1.0 - h) * c->c_c * (2.0 - c->c_c) - c->c_1 - c->c_mu * sum;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            c->c[i * n + j] = keep * c->c[i * n + j] + c->c_1 * c->p_c[i] * c->p_c[j];
    for (size_t k = 0; k < c->lambda; k++) {
        const double *y = c->step + c->rank[k] * n;
        double w = c->c_mu * weight_of(c, k, y);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) c->c[i * n + j] += w * y[i] * y[j];
    }
}

/* C = B^T D^2 B; an eigenvalue that round-off has made negative is none. A covariance that is not
 * finite, which only a width beyond all bounds gives, begins anew. */
static void decompose(eq_cma *c) {
    size_t n = c->n;
    memcpy(c->b, c->c, n * n * sizeof *c->b);
    if (!eq_symmetric_eigen(n, c->b, c->d)) {
        for (size_t k = 0; k < n * n; k++) c->c[k] = c->b[k] = k / n == k % n ? 1.0 : 0.0;
        for (size_t k = 0; k < n; k++) c->d[k] = 1.0;
    }
    double most = c->d[c->n - 1];
    for (size_t k = 0; k < c->n; k++) c->d[k] = sqrt(fmax(c->d[k], 1e-20 * most));
}

void eq_cma_tell(eq_cma *c, const double *x, const double *value) {
    double h;
    sort(c, value);
    for (size_t k = 0; k < c->lambda * c->n; k++)
        c->step[k] = (x[k] - c->mean[k % c->n]) / c->sigma;
    move(c, c->y, &h);
    adapt(c, c->y, h);
    decompose(c);
    c->generation++;
}

void eq_cma_look(const eq_cma *c, double *mean, double *sigma, double *covariance) {
    memcpy(mean, c->mean, c->n * sizeof *mean);
    memcpy(covariance, c->c, c->n * c->n * sizeof *covariance);
    *sigma = c->sigma;
}
