/* Pooling and its inverse over windows that do not overlap, all channels of a place at once. */
#include <string.h>

#include "model/coupling/ops.h"

/* Where the window at row y, column x of the pooled image has its place number k. */
static size_t place(const eq_coupling *c, size_t y, size_t x, size_t k) {
    size_t window = c->kind.window;
    size_t row = y * window + k / window, column = x * window + k % window;
    return (row * c->made.width + column) * c->columns;
}

/* The largest of the window, and where it stands; the first of equal ones. */
static void pool_largest(const eq_coupling *c, const double *made, size_t y, size_t x,
                         uint8_t *found, double *upper) {
    enum { RUN = 64 };
    size_t places = c->kind.window * c->kind.window;
    for (size_t first = 0; first < c->columns; first += RUN) {
        size_t count = c->columns - first < RUN ? c->columns - first : RUN;
        double best[RUN];
        uint8_t *at = found + first;
        memcpy(best, made + place(c, y, x, 0) + first, count * sizeof *best);
        memset(at, 0, count);
        for (size_t k = 1; k < places; k++) {
            const double *value = made + place(c, y, x, k) + first;
            for (size_t j = 0; j < count; j++) {
                bool more = value[j] > best[j];
                best[j] = more ? value[j] : best[j];
                at[j] = more ? (uint8_t)k : at[j];
            }
        }
        for (size_t j = 0; j < count; j++) upper[first + j] += best[j];
    }
}

static void pool_average(const eq_coupling *c, const double *made, size_t y, size_t x,
                         double *upper) {
    size_t places = c->kind.window * c->kind.window;
    for (size_t k = 0; k < places; k++) {
        const double *value = made + place(c, y, x, k);
        for (size_t j = 0; j < c->columns; j++) upper[j] += value[j] / (double)places;
    }
}

void eq_pool_values(const eq_coupling *c, const double *made, const uint8_t *index, uint8_t *found,
                    double *upper) {
    size_t m = c->columns, at = 0;
    for (size_t y = 0; y < c->upper.height; y++)
        for (size_t x = 0; x < c->upper.width; x++, at += m) {
            if (c->kind.pooling != EQ_POOLING_MAX)
                pool_average(c, made, y, x, upper + at);
            else if (found != NULL)
                pool_largest(c, made, y, x, found + at, upper + at);
            else
                for (size_t j = 0; j < m; j++)
                    upper[at + j] += made[place(c, y, x, index[at + j]) + j];
        }
}

void eq_unpool_values(const eq_coupling *c, const double *upper, const uint8_t *index,
                      double *made) {
    size_t m = c->columns, at = 0, places = c->kind.window * c->kind.window;
    memset(made, 0, eq_shape_units(c->made) * sizeof *made);
    for (size_t y = 0; y < c->upper.height; y++)
        for (size_t x = 0; x < c->upper.width; x++, at += m) {
            if (c->kind.pooling == EQ_POOLING_MAX) {
                for (size_t j = 0; j < m; j++)
                    made[place(c, y, x, index[at + j]) + j] = upper[at + j];
                continue;
            }
            for (size_t k = 0; k < places; k++)
                for (size_t j = 0; j < m; j++)
                    made[place(c, y, x, k) + j] = upper[at + j] / (double)places;
        }
}
