#include "explore/draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"

/* Joe and Kuo 2008, "Constructing Sobol sequences with better two-dimensional projections", table
 * new-joe-kuo-6.21201: degree s and coefficients a of the primitive polynomial, and the first
 * direction numbers m_1 .. m_s, of dimensions 2 .. 21. */
static const struct {
    uint32_t s, a, m[7];
} joe_kuo[] = {
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
    {6, 19, {1, 1, 1, 15, 7, 5}},
    {6, 22, {1, 3, 1, 15, 13, 25}},
    {6, 25, {1, 1, 5, 5, 19, 61}},
    {7, 1, {1, 3, 7, 11, 23, 15, 103}},
    {7, 4, {1, 3, 7, 13, 13, 15, 69}},
};
_Static_assert(sizeof joe_kuo / sizeof *joe_kuo + 1 == EQ_MOST_FACTORS, "a factor, a dimension");

/* v_k = m_k 2^(32 - k): m_k = 2 a_1 m_(k-1) ^ 4 a_2 m_(k-2) ^ ... ^ 2^s m_(k-s) ^ m_(k-s). */
static void directions(int dimension, uint32_t v[32]) {
    if (dimension == 0) {
        for (int k = 0; k < 32; k++) v[k] = UINT32_C(1) << (31 - k);
        return;
    }
    const uint32_t s = joe_kuo[dimension - 1].s, a = joe_kuo[dimension - 1].a;
    for (uint32_t k = 0; k < 32; k++) {
        if (k < s) {
            v[k] = joe_kuo[dimension - 1].m[k] << (31 - k);
            continue;
        }
        v[k] = v[k - s] ^ (v[k - s] >> s);
        for (uint32_t j = 1; j < s; j++)
            if (a >> (s - 1 - j) & 1) v[k] ^= v[k - j];
    }
}

/* By the Gray code of n (Antonov and Saleev 1979). */
uint32_t eq_sobol(int dimension, uint32_t n) {
    uint32_t v[32], x = 0, gray = n ^ (n >> 1);
    directions(dimension, v);
    for (int k = 0; gray != 0; k++, gray >>= 1)
        if (gray & 1) x ^= v[k];
    return x;
}

static double unit(uint32_t x) {
    return (double)x / 4294967296.0;
}

/* Shifted by seed: each dimension's bits are turned by the same random bits, which keeps every
 * digital net one. */
static void draw_sobol(const eq_study *s, double *u) {
    eq_random r = eq_random_seed(s->design_seed);
    for (size_t f = 0; f < s->factors; f++) {
        uint32_t shift = s->design_seed == 0 ? 0 : (uint32_t)(eq_random_next(&r) >> 32);
        for (size_t p = 0; p < s->points; p++)
            u[p * s->factors + f] = unit(eq_sobol((int)f, (uint32_t)p) ^ shift);
    }
}

static void draw_random(const eq_study *s, double *u) {
    eq_random r = eq_random_seed(s->design_seed);
    for (size_t k = 0; k < s->points * s->factors; k++) u[k] = eq_random_uniform(&r);
}

/* McKay, Beckman and Conover 1979: of each factor one point in each of as many strata as there are
 * points. */
static eq_status draw_latin(const eq_study *s, double *u, eq_diag *diag) {
    eq_random r = eq_random_seed(s->design_seed);
    uint32_t *order = eq_malloc(s->points, sizeof *order);
    if (order == NULL) return eq_out_of_memory(diag);
    for (size_t f = 0; f < s->factors; f++) {
        for (size_t p = 0; p < s->points; p++) order[p] = (uint32_t)p;
        eq_random_shuffle(&r, order, s->points);
        for (size_t p = 0; p < s->points; p++)
            u[p * s->factors + f] = ((double)order[p] + eq_random_uniform(&r)) / (double)s->points;
    }
    eq_free(order);
    return EQ_OK;
}

/* Every combination of levels, the last factor fastest. */
static void draw_grid(const eq_study *s, double *u) {
    for (size_t p = 0; p < s->points; p++)
        for (size_t f = s->factors, rest = p; f-- > 0; rest /= s->factor[f].levels)
            u[p * s->factors + f] = eq_factor_level(&s->factor[f], rest % s->factor[f].levels);
}

/* Which level the center is the nearest to. */
static size_t center_level(const eq_factor *f) {
    size_t best = 0;
    for (size_t k = 1; k < f->levels; k++)
        if (fabs(eq_factor_level(f, k) - eq_factor_center(f)) <
            fabs(eq_factor_level(f, best) - eq_factor_center(f)))
            best = k;
    return best;
}

/* The center, then the other levels of each factor in turn while all others stay there. */
static void draw_one(const eq_study *s, double *u) {
    size_t p = 1;
    for (size_t k = 0; k < s->points; k++)
        for (size_t f = 0; f < s->factors; f++)
            u[k * s->factors + f] = eq_factor_center(&s->factor[f]);
    for (size_t f = 0; f < s->factors; f++)
        for (size_t k = 0; k < s->factor[f].levels; k++)
            if (k != center_level(&s->factor[f]))
                u[p++ * s->factors + f] = eq_factor_level(&s->factor[f], k);
}

eq_status eq_design_draw(const eq_study *s, double *level, eq_diag *diag) {
    if (s->design == EQ_DESIGN_GRID) draw_grid(s, level);
    if (s->design == EQ_DESIGN_ONE) draw_one(s, level);
    if (s->design == EQ_DESIGN_RANDOM) draw_random(s, level);
    if (s->design == EQ_DESIGN_SOBOL) draw_sobol(s, level);
    return s->design == EQ_DESIGN_LATIN ? draw_latin(s, level, diag) : EQ_OK;
}

double eq_factor_level(const eq_factor *f, size_t k) {
    if (f->word != NULL) return ((double)k + 0.5) / (double)f->words;
    if (f->whole && f->levels == (size_t)(f->to - f->from + 1.0))
        return ((double)k + 0.5) / (double)f->levels;
    return (double)k / (double)(f->levels - 1);
}

/* The u of a value in the range. */
static double place_of(const eq_factor *f, double x) {
    if (f->whole && !f->log) return (x - f->from + 0.5) / (f->to - f->from + 1.0);
    return f->log ? log(x / f->from) / log(f->to / f->from) : (x - f->from) / (f->to - f->from);
}

double eq_factor_center(const eq_factor *f) {
    for (size_t k = 0; k < f->words; k++)
        if (f->center == NULL || strcmp(f->word[k], f->center) == 0) return eq_factor_level(f, k);
    double x;
    if (f->center == NULL) return 0.5;
    eq_parse_double(f->center, strlen(f->center), &x);
    return place_of(f, x);
}

void eq_factor_value(const eq_factor *f, double u, eq_text *out) {
    if (f->word != NULL) {
        size_t k = (size_t)(u * (double)f->words);
        eq_text_puts(out, f->word[k < f->words ? k : f->words - 1]);
        return;
    }
    double x, most = f->to - f->from;
    if (f->log)
        x = f->from * pow(f->to / f->from, u);
    else if (f->whole)
        x = f->from + fmin(floor(u * (most + 1.0)), most);
    else
        x = f->from + u * most;
    char digits[EQ_NUMBER_LENGTH];
    snprintf(digits, sizeof digits, f->whole ? "%.0f" : "%.6g", x);
    eq_parse_double(digits, strlen(digits), &x);
    eq_text_number(out, x < f->from ? f->from : x > f->to ? f->to : x);
}
