/* Mixing of fixed-point iterations: a linear map in as many steps as it has dimensions, and maps with
 * corners, whose plain iterations go down an energy, always. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "model/mixing.h"

Suite *mixing_suite(void);

enum { N = 6 };

typedef struct map {
    size_t n;
    double a[N][N], b[N]; /* symmetric, eigenvalues in [0, 1) */
    bool box;
} map;

static double between(eq_random *r, double low, double high) {
    return low + (high - low) * eq_random_uniform(r);
}

static double clip(double x) {
    return fmin(fmax(x, 0.0), 1.0);
}

/* A = c M^T M, c so that its trace is below n top. */
static map draw(uint64_t seed, size_t n, double top, bool box) {
    eq_random r = eq_random_seed(seed);
    map m = {.n = n, .box = box};
    double half[N][N], trace = 0.0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) half[i][j] = between(&r, -1.0, 1.0);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < n; k++) m.a[i][j] += half[k][i] * half[k][j];
    for (size_t i = 0; i < n; i++) trace += m.a[i][i];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) m.a[i][j] *= top / trace;
        m.b[i] = between(&r, -0.3, 0.5);
    }
    return m;
}

static double apply(const map *m, const double *u, double *g) {
    double off = 0.0;
    for (size_t i = 0; i < m->n; i++) {
        g[i] = m->b[i];
        for (size_t j = 0; j < m->n; j++) g[i] += m->a[i][j] * u[j];
        if (m->box) g[i] = clip(g[i]);
        off = fmax(off, fabs(g[i] - u[i]));
    }
    return off;
}

/* Steps to |G(u) - u| <= 1e-12. */
static size_t settle(const map *m, eq_mixing *mixing, size_t most) {
    double u[N] = {0}, g[N];
    size_t steps = 0;
    eq_mixing_begin(mixing);
    for (; apply(m, u, g) > 1e-12 && steps < most; steps++) {
        eq_mixing_next(mixing, 0, u, g);
        for (size_t i = 0; m->box && i < m->n; i++) u[i] = clip(u[i]);
    }
    return steps;
}

START_TEST(a_linear_map_takes_as_many_steps_as_dimensions) {
    for (uint64_t seed = 1; seed <= 100; seed++)
        for (size_t n = 1; n <= 4; n++) {
            eq_mixing *mixing = eq_mixing_new(1, n, EQ_MIXING_DEPTH);
            map m = draw(seed, n, 0.95, false);
            ck_assert_uint_le(settle(&m, mixing, 1000), n + 6);
            eq_mixing_free(mixing);
        }
}
END_TEST

/* Eigenvalues above 1 too: the energy is no bowl, but the box holds its minima. */
START_TEST(maps_in_a_box_settle) {
    eq_mixing *mixing = eq_mixing_new(1, N, EQ_MIXING_DEPTH);
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        map m = draw(seed, N, 1.0 + 4.0 * (double)(seed % 10) / 10.0, true);
        size_t steps = settle(&m, mixing, 4000);
        ck_assert_msg(steps < 4000, "seed %d", (int)seed);
    }
    eq_mixing_free(mixing);
}
END_TEST

Suite *mixing_suite(void) {
    Suite *s = suite_create("mixing");
    TCase *t = tcase_create("mixing");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_linear_map_takes_as_many_steps_as_dimensions);
    tcase_add_test(t, maps_in_a_box_settle);
    suite_add_tcase(s, t);
    return s;
}
