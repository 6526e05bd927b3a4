/* Convolutions as matrix products: the places of the lower image under the kernel, at all its positions,
 * are the rows of a matrix (im2col; Chellapilla, Puri and Simard 2006), a few examples at a time.
 * convolution.c and convolution_single.c include this file for products of the precision EQ_REAL, with
 * the name of their table, EQ_CONVOLUTION, of the products, EQ_CONVOLUTION_GEMM, and of
 *
 *   static const EQ_REAL *EQ_CONVOLUTION_WEIGHTS(const eq_coupling_call *k),
 *
 * the weights in that precision. States, slopes and pooled values are double precision in both. */
#include <string.h>

#include "model/coupling/ops.h"
#include "solver/linear/blas.h"

typedef EQ_REAL real;
#define GEMM(form) EQ_CONVOLUTION_GEMM(form)

/* ---- pooling and its inverse over windows that do not overlap, all channels of a place at once */

/* Where the window at row y, column x of the pooled image has its place number k. */
static size_t place(const eq_coupling *c, size_t y, size_t x, size_t k) {
    size_t window = c->kind.window;
    size_t row = y * window + k / window, column = x * window + k % window;
    return (row * c->made.width + column) * c->columns;
}

/* The largest of the window, and where it stands; the first of equal ones. */
static void pool_largest(const eq_coupling *c, const real *made, size_t y, size_t x, uint8_t *found,
                         double *upper) {
    enum { RUN = 64 };
    size_t places = c->kind.window * c->kind.window;
    for (size_t first = 0; first < c->columns; first += RUN) {
        size_t count = c->columns - first < RUN ? c->columns - first : RUN;
        real best[RUN];
        uint8_t *at = found + first;
        memcpy(best, made + place(c, y, x, 0) + first, count * sizeof *best);
        memset(at, 0, count);
        for (size_t k = 1; k < places; k++) {
            const real *value = made + place(c, y, x, k) + first;
            for (size_t j = 0; j < count; j++) {
                bool more = value[j] > best[j];
                best[j] = more ? value[j] : best[j];
                at[j] = more ? (uint8_t)k : at[j];
            }
        }
        for (size_t j = 0; j < count; j++) upper[first + j] += best[j];
    }
}

static void pool_average(const eq_coupling *c, const real *made, size_t y, size_t x,
                         double *upper) {
    size_t places = c->kind.window * c->kind.window;
    for (size_t k = 0; k < places; k++) {
        const real *value = made + place(c, y, x, k);
        for (size_t j = 0; j < c->columns; j++) upper[j] += value[j] / (double)places;
    }
}

static void pool_values(const eq_coupling *c, const real *made, const uint8_t *index,
                        uint8_t *found, double *upper) {
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

static void unpool_values(const eq_coupling *c, const double *upper, const uint8_t *index,
                          real *made) {
    size_t m = c->columns, at = 0, places = c->kind.window * c->kind.window;
    memset(made, 0, eq_shape_units(c->made) * sizeof *made);
    for (size_t y = 0; y < c->upper.height; y++)
        for (size_t x = 0; x < c->upper.width; x++, at += m) {
            if (c->kind.pooling == EQ_POOLING_MAX) {
                for (size_t j = 0; j < m; j++)
                    made[place(c, y, x, index[at + j]) + j] = (real)upper[at + j];
                continue;
            }
            for (size_t k = 0; k < places; k++)
                for (size_t j = 0; j < m; j++)
                    made[place(c, y, x, k) + j] = (real)(upper[at + j] / (double)places);
        }
}

/* ---- products */

enum { NEAR = 1 << 16 }; /* numbers of such a matrix that caches hold */

static size_t positions(const eq_coupling *c) {
    return c->made.height * c->made.width;
}

/* Examples of one product. */
static size_t group(const eq_coupling *c) {
    size_t each = positions(c) * c->rows;
    return each >= NEAR ? 1 : NEAR / each;
}

/* Enough for either precision. */
static size_t room(const eq_coupling *c) {
    size_t row = c->kind.kernel * c->lower.channels * c->columns;
    return group(c) * positions(c) * (c->rows + c->columns) + row;
}

static real *lane_of(const eq_coupling_call *k, int lane) {
    return (real *)(k->r->lane + (size_t)lane * k->r->each);
}

/* What the kernel covers of a row of the image: of the columns x - padding .. x - padding + kernel - 1 from
 * *first on, *count, behind *skip that lie outside. */
static void covered(const eq_coupling *c, size_t x, size_t *first, size_t *skip, size_t *count) {
    size_t pad = c->kind.padding, end = x + c->kind.kernel, width = c->lower.width;
    *skip = x < pad ? pad - x : 0;
    *first = x + *skip - pad;
    end = end > width + pad ? width + pad : end;
    *count = end > *first + pad ? end - pad - *first : 0;
}

/* Row ky of the kernel at position (y, x): where the lower image has it, and where in the row of the matrix;
 * 0 when it lies outside. */
static size_t stretch(const eq_coupling *c, size_t y, size_t x, size_t ky, size_t *image,
                      size_t *row) {
    size_t pad = c->kind.padding, channels = c->lower.channels, first, skip, count;
    if (y + ky < pad || y + ky >= c->lower.height + pad) return 0;
    covered(c, x, &first, &skip, &count);
    *image = ((y + ky - pad) * c->lower.width + first) * channels;
    *row = (ky * c->kind.kernel + skip) * channels;
    return count * channels;
}

/* matrix[positions][rows] of one example. */
static void gather(const eq_coupling *c, const double *image, real *matrix) {
    size_t from, to, count;
    if (c->kind.padding > 0) memset(matrix, 0, positions(c) * c->rows * sizeof *matrix);
    for (size_t y = 0; y < c->made.height; y++)
        for (size_t x = 0; x < c->made.width; x++, matrix += c->rows)
            for (size_t ky = 0; ky < c->kind.kernel; ky++) {
                count = stretch(c, y, x, ky, &from, &to);
                for (size_t j = 0; j < count; j++) matrix[to + j] = (real)image[from + j];
            }
}

/* image += what the matrix says of each of its places. */
static void scatter(const eq_coupling *c, const real *matrix, double *image) {
    size_t to, from, count;
    for (size_t y = 0; y < c->made.height; y++)
        for (size_t x = 0; x < c->made.width; x++, matrix += c->rows)
            for (size_t ky = 0; ky < c->kind.kernel; ky++) {
                count = stretch(c, y, x, ky, &to, &from);
                for (size_t j = 0; j < count; j++) image[to + j] += matrix[from + j];
            }
}

static size_t groups(const eq_coupling_call *k) {
    size_t g = group(k->c);
    return (k->n + g - 1) / g;
}

static int lanes(const eq_coupling_call *k) {
    size_t count = groups(k);
    return count < EQ_COUPLING_LANES ? (int)count : EQ_COUPLING_LANES;
}

/* The examples first .. first + count - 1 of group g. */
static size_t examples(const eq_coupling_call *k, size_t g, size_t *first) {
    size_t each = group(k->c);
    *first = g * each;
    return k->n - *first < each ? k->n - *first : each;
}

/* A product of the examples first .. first + count - 1, in a lane of the room. */
typedef void product(const eq_coupling_call *k, size_t first, size_t count, real *matrix);
typedef struct grouped {
    const eq_coupling_call *k;
    product *of;
} grouped;

static void one_lane(void *data, int lane) {
    const grouped *q = data;
    for (size_t g = (size_t)lane; g < groups(q->k); g += (size_t)lanes(q->k)) {
        size_t first, count = examples(q->k, g, &first);
        q->of(q->k, first, count, lane_of(q->k, lane));
    }
}

static void by_groups(eq_coupling_call *k, product *of) {
    grouped q = {k, of};
    k->w = EQ_CONVOLUTION_WEIGHTS(k);
    eq_pool_run(k->r->threads, lanes(k), one_lane, &q);
}

static const uint8_t *index_of(const eq_coupling_call *k, size_t example) {
    return k->index == NULL ? NULL : k->index + example * eq_shape_units(k->c->upper);
}

static void forward_group(const eq_coupling_call *k, size_t first, size_t count, real *matrix) {
    const eq_coupling *c = k->c;
    size_t p = positions(c), m = c->columns, lower = eq_shape_units(c->lower),
           upper = eq_shape_units(c->upper);
    real *made = matrix + group(c) * p * c->rows;
    for (size_t j = 0; j < count; j++)
        gather(c, k->s + (first + j) * lower, matrix + j * p * c->rows);
    GEMM(nn)(count * p, m, c->rows, 1.0, matrix, c->rows, k->w, m, 0.0, made, m);
    for (size_t j = 0; j < count; j++)
        pool_values(c, made + j * p * m, index_of(k, first + j),
                    k->found == NULL ? NULL : k->found + (first + j) * upper,
                    k->out + (first + j) * upper);
}

static void forward(eq_coupling_call *k) {
    by_groups(k, forward_group);
}

static void backward_group(const eq_coupling_call *k, size_t first, size_t count, real *matrix) {
    const eq_coupling *c = k->c;
    size_t p = positions(c), m = c->columns, lower = eq_shape_units(c->lower),
           upper = eq_shape_units(c->upper);
    real *made = matrix + group(c) * p * c->rows;
    for (size_t j = 0; j < count; j++)
        unpool_values(c, k->u + (first + j) * upper, index_of(k, first + j), made + j * p * m);
    GEMM(nt)(count * p, c->rows, m, 1.0, made, m, k->w, m, 0.0, matrix, c->rows);
    for (size_t j = 0; j < count; j++)
        scatter(c, matrix + j * p * c->rows, k->out + (first + j) * lower);
}

static void backward(eq_coupling_call *k) {
    by_groups(k, backward_group);
}

/* Rows ky of the kernel: the columns of the matrix that are theirs, at all positions of one example. */
static void gather_row(const eq_coupling *c, const double *image, size_t ky, real *matrix) {
    size_t from, to, count, row = c->kind.kernel * c->lower.channels;
    if (c->kind.padding > 0) memset(matrix, 0, positions(c) * row * sizeof *matrix);
    for (size_t y = 0; y < c->made.height; y++)
        for (size_t x = 0; x < c->made.width; x++, matrix += row) {
            count = stretch(c, y, x, ky, &from, &to);
            for (size_t j = 0; j < count; j++) matrix[to - ky * row + j] = (real)image[from + j];
        }
}

/* The slopes of row ky of the kernel. */
static void slope_row(const eq_coupling_call *k, size_t ky, real *matrix) {
    const eq_coupling *c = k->c;
    size_t p = positions(c), m = c->columns, row = c->kind.kernel * c->lower.channels, first;
    real *made = matrix + group(c) * p * c->rows, *sum = made + group(c) * p * m;
    for (size_t g = 0; g < groups(k); g++) {
        size_t count = examples(k, g, &first);
        for (size_t j = first; j < first + count; j++) {
            gather_row(c, k->s + j * eq_shape_units(c->lower), ky, matrix + (j - first) * p * row);
            unpool_values(c, k->u + j * eq_shape_units(c->upper), index_of(k, j),
                          made + (j - first) * p * m);
        }
        GEMM(tn)(row, m, count * p, 1.0, matrix, row, made, m, g > 0, sum, m);
    }
    for (size_t j = 0; j < row * m; j++) k->out[ky * row * m + j] += k->factor * sum[j];
}

static int slope_lanes(const eq_coupling_call *k) {
    size_t kernel = k->c->kind.kernel;
    return kernel < EQ_COUPLING_LANES ? (int)kernel : EQ_COUPLING_LANES;
}

static void slope_lane(void *data, int lane) {
    const eq_coupling_call *k = data;
    for (size_t ky = (size_t)lane; ky < k->c->kind.kernel; ky += (size_t)slope_lanes(k))
        slope_row(k, ky, lane_of(k, lane));
}

static void slope(eq_coupling_call *k) {
    eq_pool_run(k->r->threads, slope_lanes(k), slope_lane, k);
}

const eq_coupling_ops EQ_CONVOLUTION = {room, forward, backward, slope};
