/* CMA-ES: the equations of Hansen's tutorial written out again for the first generations, and what
 * it costs to come to the ground of closed functions. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "explore/cma.h"
#include "solver/linear/blas.h"

Suite *cma_suite(void);

enum { MOST = 10, LAMBDA = 12 };

static double sphere(const double *x, size_t n) {
    double sum = 0.0;
    for (size_t j = 0; j < n; j++) sum += x[j] * x[j];
    return sum;
}

/* Condition 1e6, its axes turned: every coordinate with its neighbour by 0.6 and 0.8. */
static double ellipsoid(const double *x, size_t n) {
    double y[MOST], sum = 0.0;
    memcpy(y, x, n * sizeof *y);
    for (size_t j = 0; j + 1 < n; j++) {
        double a = y[j], b = y[j + 1];
        y[j] = 0.6 * a - 0.8 * b;
        y[j + 1] = 0.8 * a + 0.6 * b;
    }
    for (size_t j = 0; j < n; j++) sum += pow(1e6, (double)j / ((double)n - 1.0)) * y[j] * y[j];
    return sum;
}

static double rosenbrock(const double *x, size_t n) {
    double sum = 0.0;
    for (size_t j = 0; j + 1 < n; j++)
        sum += 100.0 * pow(x[j + 1] - x[j] * x[j], 2.0) + pow(1.0 - x[j], 2.0);
    return sum;
}

/* Evaluations until the value is 1e-8; more than `most`: that. */
static size_t evaluations(double (*f)(const double *, size_t), size_t n, uint64_t seed,
                          size_t most) {
    double mean[MOST], x[MOST * 32], value[32];
    for (size_t j = 0; j < n; j++) mean[j] = f == rosenbrock ? 0.0 : 1.0 + 0.1 * (double)j;
    const eq_cma_options o = {.n = n, .mean = mean, .sigma = 0.5, .seed = seed};
    size_t lambda = eq_cma_population(n), used = 0;
    eq_cma *c;
    bool there = false;
    ck_assert_int_eq(eq_cma_new(&o, &c, NULL), EQ_OK);
    while (!there && used < most) {
        eq_cma_ask(c, x);
        for (size_t k = 0; k < lambda; k++) {
            value[k] = f(x + k * n, n);
            there = there || value[k] < 1e-8;
        }
        used += lambda;
        eq_cma_tell(c, x, value);
    }
    eq_cma_free(c);
    return used;
}

START_TEST(closed_functions_are_brought_to_1e_8) {
    static const struct {
        const char *name;
        double (*f)(const double *, size_t);
        size_t n, most;
    } of[] = {{"sphere", sphere, 5, 800},          {"sphere", sphere, 10, 1700},
              {"ellipsoid", ellipsoid, 5, 1800},   {"ellipsoid", ellipsoid, 10, 4800},
              {"Rosenbrock", rosenbrock, 5, 2100}, {"Rosenbrock", rosenbrock, 10, 6000}};
    for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
        size_t worst = 0, reached = 0;
        for (uint64_t seed = 1; seed <= 11; seed++) {
            size_t used = evaluations(of[k].f, of[k].n, seed, 20000);
            if (used <= of[k].most) reached++;
            worst = used > worst && used < 20000 ? used : worst;
        }
        printf("  CMA-ES: %s in %zu dimensions: %zu of 11 within %zu evaluations, at most %zu\n",
               of[k].name, of[k].n, reached, of[k].most, worst);
        /* Rosenbrock has a second, local minimum from four dimensions on. */
        ck_assert_uint_ge(reached, of[k].f == rosenbrock ? 9 : 11);
    }
}
END_TEST

/* --- the equations, with other means --- */

typedef struct hansen {
    double m[2], ps[2], pc[2], sigma, c[4];
} hansen;

/* C^(-1/2) of a symmetric 2 x 2 matrix: (C + s I) / t with s = sqrt(det), t = sqrt(trace + 2 s). */
static void inverse_root(const double c[4], double out[4]) {
    double s = sqrt(c[0] * c[3] - c[1] * c[2]), t = sqrt(c[0] + c[3] + 2.0 * s);
    double a = (c[0] + s) / t, b = c[1] / t, d = (c[3] + s) / t, det = a * d - b * b;
    out[0] = d / det, out[1] = out[2] = -b / det, out[3] = a / det;
}

/* One generation in two dimensions, sorted: the best first. */
static void generation(hansen *h, const double x[LAMBDA][2], int g) {
    double w[LAMBDA], plus = 0, plus2 = 0, minus = 0, minus2 = 0, n = 2.0, root[4], y[LAMBDA][2];
    double mean[2] = {0, 0}, sum = 0.0;
    for (int i = 0; i < LAMBDA; i++) {
        w[i] = log((LAMBDA + 1) / 2.0) - log(i + 1.0);
        if (i < LAMBDA / 2) plus += w[i], plus2 += w[i] * w[i];
        if (i >= LAMBDA / 2) minus -= w[i], minus2 += w[i] * w[i];
    }
    double mu = plus * plus / plus2, other = minus * minus / minus2;
    double cs = (mu + 2) / (n + mu + 5), ds = 1 + 2 * fmax(0, sqrt((mu - 1) / (n + 1)) - 1) + cs,
           cc = (4 + mu / n) / (n + 4 + 2 * mu / n), c1 = 2 / (pow(n + 1.3, 2) + mu),
           cm = fmin(1 - c1, 2 * (mu - 2 + 1 / mu) / (pow(n + 2, 2) + 2 * mu / 2));
    double a = fmin(fmin(1 + c1 / cm, 1 + 2 * other / (mu + 2)), (1 - c1 - cm) / (n * cm));
    for (int i = 0; i < LAMBDA; i++) w[i] = w[i] >= 0 ? w[i] / plus : a * w[i] / minus;
    inverse_root(h->c, root);
    for (int i = 0; i < LAMBDA; i++)
        for (int j = 0; j < 2; j++) {
            y[i][j] = (x[i][j] - h->m[j]) / h->sigma;
            if (i < LAMBDA / 2) mean[j] += w[i] * y[i][j];
        }
    double norm = 0, chi = sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
    for (int j = 0; j < 2; j++) {
        h->m[j] += h->sigma * mean[j];
        h->ps[j] = (1 - cs) * h->ps[j] +
                   sqrt(cs * (2 - cs) * mu) * (root[2 * j] * mean[0] + root[2 * j + 1] * mean[1]);
        norm += h->ps[j] * h->ps[j];
    }
    norm = sqrt(norm);
    h->sigma *= exp(cs / ds * (norm / chi - 1));
    double hs = norm / sqrt(1 - pow(1 - cs, 2 * (g + 1))) < (1.4 + 2 / (n + 1)) * chi;
    for (int j = 0; j < 2; j++)
        h->pc[j] = (1 - cc) * h->pc[j] + hs * sqrt(cc * (2 - cc) * mu) * mean[j];
    for (int i = 0; i < LAMBDA; i++) sum += w[i];
    double next[4];
    for (int k = 0; k < 4; k++) {
        next[k] = (1 + c1 * (1 - hs) * cc * (2 - cc) - c1 - cm * sum) * h->c[k] +
                  c1 * h->pc[k / 2] * h->pc[k % 2];
        for (int i = 0; i < LAMBDA; i++) {
            double u = root[0] * y[i][0] + root[1] * y[i][1],
                   v = root[2] * y[i][0] + root[3] * y[i][1];
            next[k] +=
                cm * (w[i] >= 0 ? w[i] : w[i] * n / (u * u + v * v)) * y[i][k / 2] * y[i][k % 2];
        }
    }
    memcpy(h->c, next, sizeof next);
}

START_TEST(a_generation_is_that_of_the_equations) {
    const double start[2] = {0.3, -1.0};
    const eq_cma_options o = {.n = 2, .population = LAMBDA, .mean = start, .sigma = 0.7, .seed = 3};
    hansen h = {.m = {0.3, -1.0}, .sigma = 0.7, .c = {1, 0, 0, 1}};
    eq_cma *c;
    ck_assert_int_eq(eq_cma_new(&o, &c, NULL), EQ_OK);
    for (int g = 0; g < 30; g++) {
        double x[LAMBDA][2], sorted[LAMBDA][2], value[LAMBDA], mean[2], sigma, cov[4];
        eq_cma_ask(c, x[0]);
        for (int k = 0; k < LAMBDA; k++) value[k] = rosenbrock(x[k], 2);
        for (int k = 0; k < LAMBDA; k++) {
            int before = 0;
            for (int j = 0; j < LAMBDA; j++) before += value[j] < value[k];
            memcpy(sorted[before], x[k], sizeof x[k]);
        }
        eq_cma_tell(c, x[0], value);
        generation(&h, (const double(*)[2])sorted, g);
        eq_cma_look(c, mean, &sigma, cov);
        ck_assert_double_eq_tol(sigma, h.sigma, 1e-9 * h.sigma);
        for (int j = 0; j < 2; j++) ck_assert_double_eq_tol(mean[j], h.m[j], 1e-9);
        for (int k = 0; k < 4; k++)
            ck_assert_double_eq_tol(cov[k], h.c[k], 1e-8 * (h.c[0] + h.c[3]));
    }
    eq_cma_free(c);
}
END_TEST

/* A first generation has the mean and the covariance it is asked for (5 standard errors). */
START_TEST(points_have_the_distribution) {
    enum { N = 3, MANY = 20000 };
    const double start[N] = {1.0, 2.0, 3.0};
    const eq_cma_options o = {.n = N, .population = MANY, .mean = start, .sigma = 0.2, .seed = 5};
    double *x = eq_malloc(MANY * N, sizeof *x), mean[N] = {0}, square[N * N] = {0};
    eq_cma *c;
    ck_assert_int_eq(eq_cma_new(&o, &c, NULL), EQ_OK);
    eq_cma_ask(c, x);
    for (size_t k = 0; k < MANY * N; k++) mean[k % N] += x[k] / MANY;
    for (size_t k = 0; k < MANY; k++)
        for (size_t i = 0; i < N * N; i++)
            square[i] +=
                (x[k * N + i / N] - start[i / N]) * (x[k * N + i % N] - start[i % N]) / MANY;
    for (size_t i = 0; i < N; i++)
        ck_assert_double_eq_tol(mean[i], start[i], 5.0 * 0.2 / sqrt(MANY));
    for (size_t i = 0; i < N * N; i++)
        ck_assert_double_eq_tol(square[i], i / N == i % N ? 0.04 : 0.0,
                                5.0 * 0.04 * sqrt(i / N == i % N ? 2.0 : 1.0) / sqrt(MANY));
    eq_cma_free(c);
    eq_free(x);
}
END_TEST

/* An optimum in a corner is found, infinite values are borne, and nothing leaves the box. */
START_TEST(the_box_holds) {
    enum { N = 4 };
    const double start[N] = {0.5, 0.5, 0.5, 0.5}, corner[N] = {0.0, 1.0, 0.0, 0.7};
    double x[N * 32], value[32], best = INFINITY;
    const eq_cma_options o = {.n = N, .mean = start, .sigma = 0.3, .box = true, .seed = 1};
    size_t lambda = eq_cma_population(N);
    eq_cma *c;
    ck_assert_int_eq(eq_cma_new(&o, &c, NULL), EQ_OK);
    for (int g = 0; g < 100; g++) {
        eq_cma_ask(c, x);
        for (size_t k = 0; k < lambda; k++) {
            value[k] = 0.0;
            for (size_t j = 0; j < N; j++) {
                ck_assert(x[k * N + j] >= 0.0 && x[k * N + j] <= 1.0);
                value[k] += pow(x[k * N + j] - corner[j], 2.0);
            }
            best = fmin(best, value[k]);
            if (k % 3 == 2 && value[k] > 0.5) value[k] = INFINITY;
        }
        eq_cma_tell(c, x, value);
    }
    ck_assert_double_lt(best, 1e-4);
    eq_cma_free(c);
}
END_TEST

/* A v = value v, the vectors are orthonormal, and the least value is first. */
START_TEST(eigenvectors_are_those_of_the_matrix) {
    enum { N = 21 };
    double a[N * N], v[N * N], value[N];
    eq_random r = eq_random_seed(2);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j <= i; j++) a[i * N + j] = a[j * N + i] = eq_random_normal(&r);
    memcpy(v, a, sizeof a);
    ck_assert(eq_symmetric_eigen(N, v, value));
    for (size_t k = 0; k < N; k++) {
        ck_assert(k == 0 || value[k] >= value[k - 1]);
        for (size_t i = 0; i < N; i++) {
            double is = eq_dot(N, a + i * N, v + k * N);
            ck_assert_double_eq_tol(is, value[k] * v[k * N + i], 1e-12);
            ck_assert_double_eq_tol(eq_dot(N, v + i * N, v + k * N), i == k ? 1.0 : 0.0, 1e-12);
        }
    }
}
END_TEST

Suite *cma_suite(void) {
    Suite *s = suite_create("cma");
    TCase *t = tcase_create("cma");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, closed_functions_are_brought_to_1e_8);
    tcase_add_test(t, a_generation_is_that_of_the_equations);
    tcase_add_test(t, points_have_the_distribution);
    tcase_add_test(t, the_box_holds);
    tcase_add_test(t, eigenvectors_are_those_of_the_matrix);
    suite_add_tcase(s, t);
    return s;
}
