/* Convolutions as matrix products: the places of the lower image under the kernel, at all its positions,
 * are the rows of a matrix (im2col; Chellapilla, Puri and Simard 2006), a few examples at a time. */
#include <string.h>

#include "model/coupling/ops.h"
#include "solver/linear/blas.h"

enum { NEAR = 1 << 16 }; /* numbers of such a matrix that caches hold */

static size_t positions(const eq_coupling *c) {
    return c->made.height * c->made.width;
}

/* Examples of one product. */
static size_t group(const eq_coupling *c) {
    size_t each = positions(c) * c->rows;
    return each >= NEAR ? 1 : NEAR / each;
}

static size_t room(const eq_coupling *c) {
    return group(c) * positions(c) * (c->rows + c->columns);
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
static void gather(const eq_coupling *c, const double *image, double *matrix) {
    size_t from, to, count;
    if (c->kind.padding > 0) memset(matrix, 0, positions(c) * c->rows * sizeof *matrix);
    for (size_t y = 0; y < c->made.height; y++)
        for (size_t x = 0; x < c->made.width; x++, matrix += c->rows)
            for (size_t ky = 0; ky < c->kind.kernel; ky++) {
                count = stretch(c, y, x, ky, &from, &to);
                if (count > 0) memcpy(matrix + to, image + from, count * sizeof *matrix);
            }
}

/* image += what the matrix says of each of its places. */
static void scatter(const eq_coupling *c, const double *matrix, double *image) {
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

static const uint8_t *index_of(const eq_coupling_call *k, size_t example) {
    return k->index == NULL ? NULL : k->index + example * eq_shape_units(k->c->upper);
}

static void forward_group(const eq_coupling_call *k, size_t first, size_t count, double *matrix) {
    const eq_coupling *c = k->c;
    size_t p = positions(c), m = c->columns, lower = eq_shape_units(c->lower),
           upper = eq_shape_units(c->upper);
    double *made = matrix + group(c) * p * c->rows;
    for (size_t j = 0; j < count; j++)
        gather(c, k->s + (first + j) * lower, matrix + j * p * c->rows);
    eq_gemm_nn(count * p, m, c->rows, 1.0, matrix, c->rows, c->w, m, 0.0, made, m);
    for (size_t j = 0; j < count; j++)
        eq_pool_values(c, made + j * p * m, index_of(k, first + j),
                       k->found == NULL ? NULL : k->found + (first + j) * upper,
                       k->out + (first + j) * upper);
}

static void forward_lane(void *data, int lane) {
    const eq_coupling_call *k = data;
    for (size_t g = (size_t)lane; g < groups(k); g += (size_t)lanes(k)) {
        size_t first, count = examples(k, g, &first);
        forward_group(k, first, count, k->r->lane + (size_t)lane * k->r->each);
    }
}

static void forward(eq_coupling_call *k) {
    eq_pool_run(k->r->threads, lanes(k), forward_lane, k);
}

static void backward_group(const eq_coupling_call *k, size_t first, size_t count, double *matrix) {
    const eq_coupling *c = k->c;
    size_t p = positions(c), m = c->columns, lower = eq_shape_units(c->lower),
           upper = eq_shape_units(c->upper);
    double *made = matrix + group(c) * p * c->rows;
    for (size_t j = 0; j < count; j++)
        eq_unpool_values(c, k->u + (first + j) * upper, index_of(k, first + j), made + j * p * m);
    eq_gemm_nt(count * p, c->rows, m, 1.0, made, m, c->w, m, 0.0, matrix, c->rows);
    for (size_t j = 0; j < count; j++)
        scatter(c, matrix + j * p * c->rows, k->out + (first + j) * lower);
}

static void backward_lane(void *data, int lane) {
    const eq_coupling_call *k = data;
    for (size_t g = (size_t)lane; g < groups(k); g += (size_t)lanes(k)) {
        size_t first, count = examples(k, g, &first);
        backward_group(k, first, count, k->r->lane + (size_t)lane * k->r->each);
    }
}

static void backward(eq_coupling_call *k) {
    eq_pool_run(k->r->threads, lanes(k), backward_lane, k);
}

/* Rows ky of the kernel: the columns of the matrix that are theirs, at all positions of one example. */
static void gather_row(const eq_coupling *c, const double *image, size_t ky, double *matrix) {
    size_t from, to, count, row = c->kind.kernel * c->lower.channels;
    if (c->kind.padding > 0) memset(matrix, 0, positions(c) * row * sizeof *matrix);
    for (size_t y = 0; y < c->made.height; y++)
        for (size_t x = 0; x < c->made.width; x++, matrix += row) {
            count = stretch(c, y, x, ky, &from, &to);
            if (count > 0) memcpy(matrix + to - ky * row, image + from, count * sizeof *matrix);
        }
}

/* The slopes of row ky of the kernel. */
static void slope_row(const eq_coupling_call *k, size_t ky, double *matrix) {
    const eq_coupling *c = k->c;
    size_t p = positions(c), m = c->columns, row = c->kind.kernel * c->lower.channels, first;
    double *made = matrix + group(c) * p * c->rows;
    for (size_t g = 0; g < groups(k); g++) {
        size_t count = examples(k, g, &first);
        for (size_t j = first; j < first + count; j++) {
            gather_row(c, k->s + j * eq_shape_units(c->lower), ky, matrix + (j - first) * p * row);
            eq_unpool_values(c, k->u + j * eq_shape_units(c->upper), index_of(k, j),
                             made + (j - first) * p * m);
        }
        eq_gemm_tn(row, m, count * p, k->factor, matrix, row, made, m, 1.0, k->out + ky * row * m,
                   m);
    }
}

static int slope_lanes(const eq_coupling_call *k) {
    size_t kernel = k->c->kind.kernel;
    return kernel < EQ_COUPLING_LANES ? (int)kernel : EQ_COUPLING_LANES;
}

static void slope_lane(void *data, int lane) {
    const eq_coupling_call *k = data;
    for (size_t ky = (size_t)lane; ky < k->c->kind.kernel; ky += (size_t)slope_lanes(k))
        slope_row(k, ky, k->r->lane + (size_t)lane * k->r->each);
}

static void slope(eq_coupling_call *k) {
    eq_pool_run(k->r->threads, slope_lanes(k), slope_lane, k);
}

const eq_coupling_ops eq_coupling_convolves = {room, forward, backward, slope};
