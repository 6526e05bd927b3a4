/* Couplings between layers against loops over all their weights: convolutions with padding and pooling,
 * their transposes, slopes by the weights, and the bits of several threads. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "model/coupling/coupling.h"

Suite *coupling_suite(void);

enum { N = 5, MOST = 4096 };

static const struct {
    eq_coupling_kind kind;
    eq_shape lower;
} shape[] = {
    {{.channels = 7, .window = 1}, {5, 1, 1}},
    {{.channels = 300, .window = 1}, {3, 2, 2}},
    {{true, 3, 3, 0, EQ_POOLING_NONE, 2}, {1, 5, 4}},
    {{true, 4, 3, 1, EQ_POOLING_MAX, 2}, {2, 6, 6}},
    {{true, 2, 5, 2, EQ_POOLING_AVERAGE, 2}, {3, 7, 6}},
    {{true, 5, 2, 1, EQ_POOLING_MAX, 3}, {2, 7, 5}},
    {{true, 70, 1, 0, EQ_POOLING_MAX, 2}, {2, 4, 4}},
    {{true, 2, 18, 17, EQ_POOLING_NONE, 1}, {1, 3, 3}},
};
enum { SHAPES = sizeof shape / sizeof *shape };

typedef struct coupled {
    eq_coupling c;
    eq_coupling_room room;
    size_t lower, upper;
    double *s, *u;
    uint8_t *index;
} coupled;

static double *draw(size_t n, eq_random *random) {
    double *v = eq_calloc(n, sizeof *v);
    for (size_t k = 0; k < n; k++) v[k] = eq_random_normal(random);
    return v;
}

static void open_coupling(coupled *k, size_t which, int threads) {
    eq_random random = eq_random_seed(which + 1);
    *k = (coupled){.lower = 0};
    ck_assert_int_eq(eq_coupling_of(shape[which].kind, shape[which].lower, &k->c, NULL), EQ_OK);
    ck_assert(eq_coupling_allocate(&k->c));
    const eq_coupling *all[] = {&k->c};
    ck_assert_int_eq(eq_coupling_room_new(all, 1, threads, &k->room, NULL), EQ_OK);
    for (size_t j = 0; j < k->c.rows * k->c.columns; j++) k->c.w[j] = eq_random_normal(&random);
    for (size_t j = 0; j < k->c.columns; j++) k->c.b[j] = eq_random_normal(&random);
    k->lower = eq_shape_units(k->c.lower);
    k->upper = eq_shape_units(k->c.upper);
    k->s = draw(N * k->lower, &random);
    k->u = draw(N * k->upper, &random);
    k->index = eq_calloc(N * k->upper, 1);
}

static void close_coupling(coupled *k) {
    eq_coupling_clear(&k->c);
    eq_coupling_room_clear(&k->room);
    eq_free(k->s);
    eq_free(k->u);
    eq_free(k->index);
}

/* The convolution of example s at place (y, x) of channel o, before the pooling. */
static double made_at(const eq_coupling *c, const double *s, size_t y, size_t x, size_t o) {
    double sum = 0.0;
    for (size_t ky = 0; ky < c->kind.kernel; ky++)
        for (size_t kx = 0; kx < c->kind.kernel; kx++)
            for (size_t i = 0; i < c->lower.channels; i++) {
                long row = (long)(y + ky) - (long)c->kind.padding,
                     column = (long)(x + kx) - (long)c->kind.padding;
                if (row < 0 || column < 0 || row >= (long)c->lower.height ||
                    column >= (long)c->lower.width)
                    continue;
                size_t from = ((size_t)row * c->lower.width + (size_t)column) * c->lower.channels;
                size_t w = (ky * c->kind.kernel + kx) * c->lower.channels + i;
                sum += s[from + i] * c->w[w * c->columns + o];
            }
    return sum;
}

/* A(s) of one example: place, which of the window is the largest, and value. */
static double value_at(const eq_coupling *c, const double *s, size_t unit, size_t *largest) {
    size_t o = unit % c->columns, place = unit / c->columns, window = c->kind.window;
    size_t y = place / c->upper.width, x = place % c->upper.width;
    double sum = 0.0, best = -INFINITY;
    if (!c->kind.convolves) {
        for (size_t i = 0; i < c->rows; i++) sum += s[i] * c->w[i * c->columns + o];
        return sum;
    }
    for (size_t k = 0; k < window * window; k++) {
        double v = made_at(c, s, y * window + k / window, x * window + k % window, o);
        sum += v / (double)(window * window);
        if (v > best) {
            best = v;
            *largest = k;
        }
    }
    return c->kind.pooling == EQ_POOLING_MAX ? best : sum;
}

START_TEST(forward_is_a_loop_over_the_weights) {
    for (size_t which = 0; which < SHAPES; which++) {
        coupled k;
        open_coupling(&k, which, 1);
        double *field = eq_calloc(N * k.upper, sizeof *field);
        eq_coupling_biases(&k.c, N, field);
        eq_coupling_forward(&k.c, &k.room, N, k.s, k.index, true, field);
        for (size_t j = 0; j < N * k.upper; j++) {
            size_t largest = 0, unit = j % k.upper;
            double value = value_at(&k.c, k.s + j / k.upper * k.lower, unit, &largest);
            ck_assert_double_eq_tol(field[j], k.c.b[unit % k.c.columns] + value, 1e-11);
            if (k.c.kind.pooling == EQ_POOLING_MAX) ck_assert_uint_eq(k.index[j], largest);
        }
        eq_free(field);
        close_coupling(&k);
    }
}
END_TEST

/* u . A(t) at the places that s has chosen is t . A'(u), and d(u . A(t))/dw times w is the same. */
START_TEST(backward_and_slope_are_of_the_same_form) {
    for (size_t which = 0; which < SHAPES; which++) {
        coupled k;
        open_coupling(&k, which, 1);
        eq_random random = eq_random_seed(which + 100);
        double *t = draw(N * k.lower, &random);
        double *up = eq_calloc(N * k.upper, sizeof *up), *down = eq_calloc(N * k.lower, sizeof *up);
        double *slope = eq_calloc(k.c.rows * k.c.columns, sizeof *slope), form[3] = {0, 0, 0};
        eq_coupling_forward(&k.c, &k.room, N, k.s, k.index, true, up);
        memset(up, 0, N * k.upper * sizeof *up);
        eq_coupling_forward(&k.c, &k.room, N, t, k.index, false, up);
        eq_coupling_backward(&k.c, &k.room, N, k.u, k.index, down);
        eq_coupling_slope(&k.c, &k.room, N, -0.5, k.u, t, k.index, slope);
        for (size_t j = 0; j < N * k.upper; j++) form[0] += k.u[j] * up[j];
        for (size_t j = 0; j < N * k.lower; j++) form[1] += t[j] * down[j];
        for (size_t j = 0; j < k.c.rows * k.c.columns; j++) form[2] -= 2.0 * slope[j] * k.c.w[j];
        ck_assert_double_eq_tol(form[0], form[1], 1e-10 * (1.0 + fabs(form[0])));
        ck_assert_double_eq_tol(form[0], form[2], 1e-10 * (1.0 + fabs(form[0])));
        eq_free(t);
        eq_free(up);
        eq_free(down);
        eq_free(slope);
        close_coupling(&k);
    }
}
END_TEST

/* d(u . A(s))/dw by the change of one weight: the form is linear in it where the largest stay. */
START_TEST(slopes_are_differences) {
    for (size_t which = 0; which < SHAPES; which++) {
        coupled k;
        open_coupling(&k, which, 1);
        size_t weights = k.c.rows * k.c.columns, seen = weights < 12 ? weights : 12;
        double *slope = eq_calloc(weights, sizeof *slope), *bias = eq_calloc(k.c.columns, 8);
        double *field = eq_calloc(N * k.upper, sizeof *field);
        eq_coupling_forward(&k.c, &k.room, N, k.s, k.index, true, field);
        eq_coupling_slope(&k.c, &k.room, N, 1.0, k.u, k.s, k.index, slope);
        eq_coupling_bias_slope(&k.c, N, 2.0, k.u, bias);
        for (size_t q = 0; q < seen; q++) {
            size_t at = q * weights / seen;
            double sum[2] = {0, 0}, was = k.c.w[at];
            for (int side = 0; side < 2; side++) {
                k.c.w[at] = was + (side == 0 ? 0.5 : -0.5);
                memset(field, 0, N * k.upper * sizeof *field);
                eq_coupling_forward(&k.c, &k.room, N, k.s, k.index, false, field);
                for (size_t j = 0; j < N * k.upper; j++) sum[side] += k.u[j] * field[j];
            }
            k.c.w[at] = was;
            ck_assert_double_eq_tol(slope[at], sum[0] - sum[1], 1e-9 * (1.0 + fabs(slope[at])));
        }
        double first = 0.0;
        for (size_t j = 0; j < N * k.upper; j += k.c.columns) first += 2.0 * k.u[j];
        ck_assert_double_eq_tol(bias[0], first, 1e-11 * (1.0 + fabs(first)));
        eq_free(slope);
        eq_free(bias);
        eq_free(field);
        close_coupling(&k);
    }
}
END_TEST

/* out = A(s), A'(u) and d(u . A(s))/dw, one behind the other. */
static void all_products(coupled *k, double *out) {
    double *down = out + N * k->upper, *slope = down + N * k->lower;
    eq_coupling_forward(&k->c, &k->room, N, k->s, k->index, true, out);
    eq_coupling_backward(&k->c, &k->room, N, k->u, k->index, down);
    eq_coupling_slope(&k->c, &k->room, N, 1.0, k->u, k->s, k->index, slope);
}

START_TEST(threads_do_not_change_the_bits) {
    for (size_t which = 0; which < SHAPES; which++) {
        coupled k[2];
        double *out[2];
        size_t all = 0;
        for (int p = 0; p < 2; p++) {
            open_coupling(&k[p], which, p == 0 ? 1 : 3);
            all = N * (k[p].upper + k[p].lower) + k[p].c.rows * k[p].c.columns;
            out[p] = eq_calloc(all, sizeof *out[p]);
            all_products(&k[p], out[p]);
        }
        ck_assert_int_eq(memcmp(out[0], out[1], all * sizeof *out[0]), 0);
        for (int p = 0; p < 2; p++) {
            eq_free(out[p]);
            close_coupling(&k[p]);
        }
    }
}
END_TEST

static const struct {
    eq_coupling_kind kind;
    eq_shape lower;
    const char *said;
} bad[] = {
    {{true, 3, 6, 0, EQ_POOLING_NONE, 1}, {1, 5, 5}, "does not fit into the 5 x 5 places"},
    {{true, 3, 0, 0, EQ_POOLING_NONE, 1}, {1, 5, 5}, "does not fit"},
    {{true, 3, 3, 3, EQ_POOLING_NONE, 1}, {1, 5, 5}, "outside the image"},
    {{true, 3, 3, 0, EQ_POOLING_MAX, 4}, {1, 5, 5}, "3 x 3 places of the convolution"},
    {{true, 3, 3, 0, EQ_POOLING_MAX, 16}, {1, 50, 50}, "window of 16"},
    {{true, 3, 3, 0, EQ_POOLING_MAX, 0}, {1, 5, 5}, "window of 0"},
    {{.channels = 0, .window = 1}, {1, 5, 5}, "no units"},
    {{.channels = 100000, .window = 1}, {1, 100, 100}, "make it smaller"},
    {{true, 3, SIZE_MAX, 1, EQ_POOLING_NONE, 1}, {1, 5, 5}, "numbers are above"},
};

START_TEST(shapes_that_do_not_fit_are_told) {
    eq_diag *diag = eq_diag_new();
    eq_coupling c;
    ck_assert_int_eq(eq_coupling_of(bad[_i].kind, bad[_i].lower, &c, diag), EQ_ERR_INPUT);
    const char *text = eq_diag_get(diag, 0)->text;
    ck_assert_msg(strstr(text, bad[_i].said) != NULL, "%s", text);
    eq_diag_free(diag);
}
END_TEST

/* A list of few weights, and one of many, against the matrix with their zeros. */
START_TEST(listed_weights_are_those_of_a_matrix_with_zeros) {
    enum { WHICH = 1 }; /* 12 x 300 */
    coupled k, full;
    open_coupling(&k, WHICH, 3);
    open_coupling(&full, WHICH, 1);
    size_t rows = k.c.rows, columns = k.c.columns, every = _i == 0 ? 17 : 2, count = 0;
    double *b = k.c.b;
    eq_free(k.c.w);
    k.c.w = k.c.theta = NULL;
    k.c.row = eq_malloc(rows * columns, sizeof *k.c.row);
    k.c.column = eq_malloc(rows * columns, sizeof *k.c.column);
    for (size_t j = 0; j < rows * columns; j++) {
        if (j % every != 0) full.c.w[j] = 0.0;
        if (j % every != 0) continue;
        k.c.row[count] = (int32_t)(j / columns);
        k.c.column[count++] = (int32_t)(j % columns);
    }
    k.c.count = count;
    ck_assert(eq_coupling_allocate(&k.c));
    eq_free(b);
    ck_assert((k.c.w == NULL) == (_i == 0));
    ck_assert_uint_eq(eq_coupling_slopes(&k.c), _i == 0 ? count : rows * columns);
    for (size_t j = 0; j < count; j++)
        k.c.theta[j] = full.c.w[(size_t)k.c.row[j] * columns + (size_t)k.c.column[j]];
    eq_coupling_expand(&k.c);
    size_t states = N * (k.upper + k.lower), all = states + rows * columns;
    double *by_list = eq_calloc(all, sizeof *by_list), *exact = eq_calloc(all, sizeof *exact);
    all_products(&k, by_list);
    all_products(&full, exact);
    eq_coupling_gather(&k.c, by_list + states);
    for (size_t j = 0; j < count; j++)
        exact[states + j] = exact[states + (size_t)k.c.row[j] * columns + (size_t)k.c.column[j]];
    for (size_t j = 0; j < states + count; j++)
        ck_assert_double_eq_tol(by_list[j], exact[j], 1e-12 * (1.0 + fabs(exact[j])));
    eq_free(by_list);
    eq_free(exact);
    close_coupling(&k);
    close_coupling(&full);
}
END_TEST

/* Products in single precision are those in double to its round-off, and not to that of double; dense
 * couplings have none. */
START_TEST(products_in_single_precision) {
    for (size_t which = 0; which < SHAPES; which++) {
        coupled k;
        open_coupling(&k, which, 1);
        size_t all = N * (k.upper + k.lower) + k.c.rows * k.c.columns;
        double *exact = eq_calloc(all, sizeof *exact), *single = eq_calloc(all, sizeof *single);
        double *again = eq_calloc(all, sizeof *again), off = 0.0, size = 0.0;
        const eq_coupling *of[] = {&k.c};
        all_products(&k, exact);
        eq_coupling_in_single(&k.c, true);
        eq_coupling_room_clear(&k.room);
        ck_assert_int_eq(eq_coupling_room_new(of, 1, 1, &k.room, NULL), EQ_OK);
        all_products(&k, single);
        for (size_t j = 0; j < all; j++) {
            off = fmax(off, fabs(single[j] - exact[j]));
            size = fmax(size, fabs(exact[j]));
        }
        ck_assert_double_le(off, 1e-5 * size);
        ck_assert(k.c.kind.convolves ? off > 1e-10 * size : off == 0.0);
        eq_coupling_in_single(&k.c, false);
        all_products(&k, again);
        ck_assert_int_eq(memcmp(again, exact, all * sizeof *again), 0);
        eq_free(exact);
        eq_free(single);
        eq_free(again);
        close_coupling(&k);
    }
}
END_TEST

Suite *coupling_suite(void) {
    Suite *s = suite_create("coupling");
    TCase *t = tcase_create("coupling");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, forward_is_a_loop_over_the_weights);
    tcase_add_test(t, backward_and_slope_are_of_the_same_form);
    tcase_add_test(t, slopes_are_differences);
    tcase_add_test(t, threads_do_not_change_the_bits);
    tcase_add_loop_test(t, listed_weights_are_those_of_a_matrix_with_zeros, 0, 2);
    tcase_add_test(t, products_in_single_precision);
    tcase_add_loop_test(t, shapes_that_do_not_fit_are_told, 0, sizeof bad / sizeof *bad);
    suite_add_tcase(s, t);
    return s;
}
