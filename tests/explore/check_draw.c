/* The designs of a study against what is known of them, and its report against a function whose
 * effects are known. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "explore/draw.h"
#include "explore/effects.h"

Suite *draw_suite(void);

/* A study of ranges, without a file. */
static eq_study *study(eq_design design, size_t factors, size_t points, size_t levels) {
    static eq_factor factor[EQ_MOST_FACTORS];
    static eq_study s;
    s = (eq_study){.factor = factor,
                   .factors = factors,
                   .design = design,
                   .points = points,
                   .design_seed = 1,
                   .repeats = 1,
                   .figures = 1};
    s.figure[0] = eq_figure_find("test_error", 10);
    for (size_t f = 0; f < factors; f++)
        factor[f] = (eq_factor){.from = 0, .to = 1, .levels = levels};
    return &s;
}

static double *draw(const eq_study *s) {
    double *u;
    u = eq_malloc(s->points, s->factors * sizeof *u);
    ck_assert_int_eq(eq_design_draw(s, u, NULL), EQ_OK);
    return u;
}

/* One point in each of as many strata as there are points, of every factor. */
START_TEST(a_latin_hypercube_has_one_point_in_each_stratum) {
    enum { N = 97, D = 5 };
    double *u = draw(study(EQ_DESIGN_LATIN, D, N, 0));
    bool moved = false;
    for (size_t f = 0; f < D; f++) {
        bool seen[N] = {false};
        for (size_t p = 0; p < N; p++) {
            size_t k = (size_t)(u[p * D + f] * N);
            ck_assert_uint_lt(k, N);
            ck_assert(!seen[k]);
            seen[k] = true;
            moved |= k != p;
        }
    }
    ck_assert(moved);
    eq_free(u);
}
END_TEST

/* The points that Joe and Kuo's own program prints, in the order of the Gray code. */
START_TEST(sobol_begins_with_the_known_points) {
    static const double known[8][3] = {{0, 0, 0},
                                       {0.5, 0.5, 0.5},
                                       {0.75, 0.25, 0.25},
                                       {0.25, 0.75, 0.75},
                                       {0.375, 0.375, 0.625},
                                       {0.875, 0.875, 0.125},
                                       {0.625, 0.125, 0.875},
                                       {0.125, 0.625, 0.375}};
    for (uint32_t n = 0; n < 8; n++)
        for (int d = 0; d < 3; d++)
            ck_assert_double_eq((double)eq_sobol(d, n) / 4294967296.0, known[n][d]);
}
END_TEST

/* Each dimension is a (0,1)-sequence: any 2^m points from a multiple of it on have one in each of
 * 2^m strata. The first two are a (0,2)-sequence: so for every shape of box. */
START_TEST(sobol_is_a_digital_net_in_every_dimension) {
    enum { M = 8, N = 1 << M };
    for (int d = 0; d < EQ_MOST_FACTORS; d++)
        for (uint32_t start = 0; start < 4 * N; start += N) {
            bool seen[N] = {false};
            for (uint32_t n = start; n < start + N; n++) {
                uint32_t k = eq_sobol(d, n) >> (32 - M);
                ck_assert(!seen[k]);
                seen[k] = true;
            }
        }
    for (int a = 0; a <= M; a++) {
        bool seen[N] = {false};
        for (uint32_t n = 0; n < N; n++) {
            uint32_t x = a == 0 ? 0 : eq_sobol(0, n) >> (32 - a),
                     y = a == M ? 0 : eq_sobol(1, n) >> (32 - (M - a));
            ck_assert(!seen[(x << (M - a)) | y]);
            seen[(x << (M - a)) | y] = true;
        }
    }
}
END_TEST

/* Warnock's formula for the L2 star discrepancy, squared. */
static double discrepancy(const double *u, size_t n, size_t d) {
    double a = pow(1.0 / 3.0, (double)d), b = 0.0, c = 0.0;
    for (size_t i = 0; i < n; i++) {
        double p = 1.0;
        for (size_t k = 0; k < d; k++) p *= (1.0 - u[i * d + k] * u[i * d + k]) / 2.0;
        b += p;
        for (size_t j = 0; j < n; j++) {
            double q = 1.0;
            for (size_t k = 0; k < d; k++) q *= 1.0 - fmax(u[i * d + k], u[j * d + k]);
            c += q;
        }
    }
    return a - 2.0 * b / (double)n + c / (double)n / (double)n;
}

/* In six dimensions, shifted by a seed or not: random points have (2^-d - 3^-d)/n in the mean. */
START_TEST(sobol_fills_evenly_shifted_or_not) {
    enum { N = 256, D = 6 };
    double random = (pow(2.0, -D) - pow(3.0, -D)) / N;
    for (uint64_t seed = 0; seed < 5; seed++) {
        eq_study *s = study(EQ_DESIGN_SOBOL, D, N, 0);
        s->design_seed = seed;
        double *u = draw(s);
        ck_assert_double_lt(discrepancy(u, N, D), 0.4 * random);
        eq_free(u);
    }
}
END_TEST

/* More points begin with the fewer. */
START_TEST(random_and_sobol_may_grow) {
    static const eq_design design[] = {EQ_DESIGN_RANDOM, EQ_DESIGN_SOBOL};
    for (int k = 0; k < 2; k++) {
        double *few = draw(study(design[k], 3, 10, 0)), *many = draw(study(design[k], 3, 25, 0));
        ck_assert_mem_eq(few, many, 30 * sizeof *few);
        eq_free(few), eq_free(many);
    }
}
END_TEST

static const char *value(const eq_factor *f, double u) {
    static char text[4][64];
    static int next;
    eq_text t = {0};
    next = (next + 1) % 4;
    eq_factor_value(f, u, &t);
    snprintf(text[next], sizeof *text, "%s", t.text);
    eq_text_free(&t);
    return text[next];
}

/* Every combination once. */
START_TEST(a_grid_is_complete) {
    static char a[] = "sgd", b[] = "adam";
    char *words[] = {a, b};
    eq_study *s = study(EQ_DESIGN_GRID, 3, 2 * 3 * 4, 3);
    s->factor[0] = (eq_factor){.word = words, .words = 2, .levels = 2};
    s->factor[2] = (eq_factor){.from = 1, .to = 4, .whole = true, .levels = 4};
    double *u = draw(s);
    bool seen[24] = {false};
    static const char *const of[3][4] = {{"sgd", "adam"}, {"0", "0.5", "1"}, {"1", "2", "3", "4"}};
    for (size_t p = 0; p < 24; p++) {
        size_t k[3] = {9, 9, 9};
        for (size_t f = 0; f < 3; f++)
            for (size_t j = 0; j < 4 && of[f][j] != NULL; j++)
                if (strcmp(value(&s->factor[f], u[p * 3 + f]), of[f][j]) == 0) k[f] = j;
        ck_assert(k[0] < 2 && k[1] < 3 && k[2] < 4);
        ck_assert(!seen[k[0] * 12 + k[1] * 4 + k[2]]);
        seen[k[0] * 12 + k[1] * 4 + k[2]] = true;
    }
    eq_free(u);
}
END_TEST

/* The first point is the center; every other one leaves it in one factor, to each other level. */
START_TEST(one_at_a_time_leaves_the_center_in_one_factor) {
    static char one[] = "1";
    eq_study *s = study(EQ_DESIGN_ONE, 3, 1 + 4 + 4 + 4, 5);
    s->factor[1].center = one;
    double *u = draw(s);
    ck_assert_str_eq(value(&s->factor[0], u[0]), "0.5");
    ck_assert_str_eq(value(&s->factor[1], u[1]), "1");
    int of[3] = {0, 0, 0};
    for (size_t p = 1; p < 13; p++) {
        int apart = 0;
        for (size_t f = 0; f < 3; f++)
            if (u[p * 3 + f] != u[f]) apart++, of[f]++;
        ck_assert_int_eq(apart, 1);
    }
    for (int f = 0; f < 3; f++) ck_assert_int_eq(of[f], 4);
    eq_free(u);
}
END_TEST

START_TEST(values_are_short_and_within_their_ends) {
    eq_factor f = {.from = 1e-8, .to = 1e-6, .log = true};
    ck_assert_str_eq(value(&f, 0.0), "1e-08");
    ck_assert_str_eq(value(&f, 0.5), "1e-07");
    ck_assert_str_eq(value(&f, 0.25), "3.16228e-08");
    ck_assert_str_eq(value(&f, 1.0), "1e-06");
    f = (eq_factor){.from = 0.12345678, .to = 0.12345679};
    ck_assert_str_eq(value(&f, 0.5), "0.12345679"); /* rounded it would lie outside */
    f = (eq_factor){.from = 1, .to = 4, .whole = true};
    int of[5] = {0};
    for (int k = 0; k < 1000; k++) of[value(&f, (k + 0.5) / 1000.0)[0] - '0']++;
    for (int k = 1; k <= 4; k++) ck_assert_int_eq(of[k], 250);
}
END_TEST

/* --- effects --- */

/* Tables of Student's t (Fisher and Yates). */
START_TEST(the_bands_are_those_of_student) {
    static const struct {
        size_t n;
        double t;
    } known[] = {{1, 12.706}, {2, 4.303},  {3, 3.182},   {4, 2.776},     {5, 2.571},
                 {10, 2.228}, {30, 2.042}, {120, 1.980}, {100000, 1.960}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        ck_assert_double_eq_tol(eq_student(known[k].n), known[k].t, 6e-4);
}
END_TEST

/* The figure of each run is a function of the levels alone. */
static eq_explored explored(const eq_study *s, double (*of)(const double *u)) {
    eq_explored e = {.level = draw(s)};
    size_t n = eq_study_runs(s);
    e.all = (eq_outcomes){n, 1, eq_calloc(n, 1), eq_calloc(n, 1), eq_calloc(n, sizeof(double))};
    for (size_t k = 0; k < n; k++) {
        e.all.done[k] = true;
        e.all.value[k] = of(e.level + k / s->repeats * s->factors);
    }
    return e;
}

/* On the grid {0, 1/2, 1}^3: main effects 2 x, 1 y, none of z, and 4 (x - 1/2)(y - 1/2), which has no
 * main effect. Variances of the levels: 4/6, 1/6, 0, and 16/36. */
static double synthetic(const double *u) {
    return 10.0 + 2.0 * u[0] + u[1] + 4.0 * (u[0] - 0.5) * (u[1] - 0.5);
}

START_TEST(effects_of_a_known_function_are_found) {
    eq_study *s = study(EQ_DESIGN_GRID, 3, 27, 3);
    eq_explored e = explored(s, synthetic);
    double whole = 4.0 / 6.0 + 1.0 / 6.0 + 16.0 / 36.0, share, *mean;
    static const double part[] = {4.0 / 6.0, 1.0 / 6.0, 0.0}, slope[] = {2.0, 1.0, 0.0};
    eq_effect f[3];
    for (size_t k = 0; k < 3; k++) {
        ck_assert_int_eq(eq_effect_find(s, &e, k, 0, &f[k], NULL), EQ_OK);
        ck_assert_uint_eq(f[k].levels, 3);
        ck_assert_double_eq_tol(f[k].share, part[k] / whole, 1e-12);
        for (size_t j = 0; j < 3; j++) {
            ck_assert_uint_eq(f[k].level[j].runs, 9);
            ck_assert_double_eq_tol(f[k].level[j].mean, 11.5 + slope[k] * ((double)j / 2.0 - 0.5),
                                    1e-12);
        }
    }
    ck_assert_int_eq(eq_interaction_find(s, &e, &f[0], &f[1], 0, &mean, &share, NULL), EQ_OK);
    ck_assert_double_eq_tol(share, 16.0 / 36.0 / whole, 1e-12);
    ck_assert_double_eq_tol(mean[0 * 3 + 2], synthetic((const double[]){0, 1}), 1e-12);
    eq_free(mean);
    /* band of the level x = 0: nine values 11, 11 - ... of a known deviation */
    double value[3] = {11.0, 10.5, 10.0}, m = 10.5, square = 0.0;
    for (int k = 0; k < 9; k++) square += pow(value[k % 3] - m, 2.0);
    ck_assert_double_eq_tol(f[0].level[0].band, 2.306004 * sqrt(square / 8.0 / 9.0), 1e-5);
    for (size_t k = 0; k < 3; k++) eq_effect_free(&f[k]);
    eq_explored_free(&e);
}
END_TEST

/* Bins of a range that has no levels: their means go with the slope. */
START_TEST(a_range_without_levels_has_bins) {
    eq_study *s = study(EQ_DESIGN_SOBOL, 2, 1000, 0);
    eq_explored e = explored(s, synthetic);
    eq_effect f;
    ck_assert_int_eq(eq_effect_find(s, &e, 0, 0, &f, NULL), EQ_OK);
    ck_assert_uint_eq(f.levels, 5);
    for (size_t j = 0; j < 5; j++) {
        ck_assert_int_le(abs((int)f.level[j].runs - 200), 1);
        ck_assert_double_eq_tol(f.level[j].mean, 11.5 + 2.0 * (((double)j + 0.5) / 5.0 - 0.5),
                                0.02);
    }
    eq_effect_free(&f);
    eq_explored_free(&e);
}
END_TEST

static double of_value(const double *u) {
    return pow(floor(u[0] * 3.0), 2.0);
}

/* The same whole number is in one level, however many there are: a figure of these alone lies between the levels where each
 * has its own, and no label is two levels'. */
START_TEST(whole_numbers_are_in_one_level_each) {
    eq_study *s = study(EQ_DESIGN_RANDOM, 1, 60, 0);
    s->factor[0] = (eq_factor){.from = 1, .to = 3, .whole = true};
    eq_explored e = explored(s, of_value);
    eq_effect f;
    ck_assert_int_eq(eq_effect_find(s, &e, 0, 0, &f, NULL), EQ_OK);
    ck_assert_uint_eq(f.levels, 3);
    ck_assert_double_eq_tol(f.share, 1.0, 1e-12);
    for (size_t j = 0; j < 3; j++) ck_assert_double_eq_tol(f.level[j].mean, (double)(j * j), 1e-12);
    eq_effect_free(&f);
    s->factor[0] = (eq_factor){.from = 2, .to = 17, .whole = true};
    ck_assert_int_eq(eq_effect_find(s, &e, 0, 0, &f, NULL), EQ_OK);
    ck_assert_uint_eq(f.levels, 5);
    int next = 2;
    for (size_t j = 0; j < 5; j++) {
        eq_text t = {0};
        int first, last;
        eq_effect_label(s, &f, j, &t);
        ck_assert_int_eq(sscanf(t.text, "%d .. %d", &first, &last), 2);
        ck_assert_int_eq(first, next);
        next = last + 1;
        eq_text_free(&t);
    }
    ck_assert_int_eq(next, 18);
    eq_effect_free(&f);
    eq_explored_free(&e);
}
END_TEST

/* Of one-at-a-time only the points on the axis of a factor tell of it. */
START_TEST(one_at_a_time_compares_on_one_axis) {
    eq_study *s = study(EQ_DESIGN_ONE, 3, 7, 3);
    eq_explored e = explored(s, synthetic);
    eq_effect f;
    ck_assert_int_eq(eq_effect_find(s, &e, 1, 0, &f, NULL), EQ_OK);
    for (size_t j = 0; j < 3; j++) {
        ck_assert_uint_eq(f.level[j].runs, 1);
        ck_assert_double_eq_tol(f.level[j].mean, 11.0 + (double)j / 2.0, 1e-12);
    }
    eq_effect_free(&f);
    eq_explored_free(&e);
}
END_TEST

/* Six points, one of them failed, one dominated by a tie. */
START_TEST(the_front_holds_what_nothing_beats) {
    eq_study *s = study(EQ_DESIGN_RANDOM, 2, 6, 0);
    static const double x[6][2] = {{3, 1}, {1, 5}, {2, 5}, {2, 3}, {0, 0}, {1, 4}};
    s->figures = 2;
    s->figure[1] = eq_figure_find("watts", 5);
    eq_explored e = explored(s, synthetic);
    eq_free(e.all.value);
    e.all.value = eq_malloc(12, sizeof(double));
    e.all.figures = 2;
    memcpy(e.all.value, x, sizeof x);
    e.all.failed[4] = true;
    size_t *order, count;
    ck_assert_int_eq(eq_points_front(s, &e, (const size_t[]){0, 1}, &order, &count, NULL), EQ_OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(order[0], 5);
    ck_assert_uint_eq(order[1], 3);
    ck_assert_uint_eq(order[2], 0);
    eq_free(order);
    s->figure[0] = eq_figure_find("test_r2", 7); /* more is better */
    ck_assert_int_eq(eq_points_rank(s, &e, 0, &order, &count, NULL), EQ_OK);
    ck_assert_uint_eq(count, 5);
    ck_assert_uint_eq(order[0], 0);
    eq_free(order);
    eq_explored_free(&e);
}
END_TEST

Suite *draw_suite(void) {
    Suite *s = suite_create("draw");
    TCase *t = tcase_create("draw");
    tcase_add_test(t, a_latin_hypercube_has_one_point_in_each_stratum);
    tcase_add_test(t, sobol_begins_with_the_known_points);
    tcase_add_test(t, sobol_is_a_digital_net_in_every_dimension);
    tcase_add_test(t, sobol_fills_evenly_shifted_or_not);
    tcase_add_test(t, random_and_sobol_may_grow);
    tcase_add_test(t, a_grid_is_complete);
    tcase_add_test(t, one_at_a_time_leaves_the_center_in_one_factor);
    tcase_add_test(t, values_are_short_and_within_their_ends);
    tcase_add_test(t, the_bands_are_those_of_student);
    tcase_add_test(t, effects_of_a_known_function_are_found);
    tcase_add_test(t, a_range_without_levels_has_bins);
    tcase_add_test(t, whole_numbers_are_in_one_level_each);
    tcase_add_test(t, one_at_a_time_compares_on_one_axis);
    tcase_add_test(t, the_front_holds_what_nothing_beats);
    suite_add_tcase(s, t);
    return s;
}
