#include "model/coupling/coupling.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/coupling/ops.h"
#include "model/coupling/thin.h"
#include "solver/linear/blas.h"

enum { BLOCK = 256 }; /* rows or columns of w that a thread takes at a time */

static const char *const poolings[] = {
    [EQ_POOLING_NONE] = "none",
    [EQ_POOLING_MAX] = "max",
    [EQ_POOLING_AVERAGE] = "average",
};

bool eq_pooling_find(const char *name, eq_pooling *pooling) {
    int k = eq_word_find(poolings, sizeof poolings / sizeof *poolings, name);
    if (k >= 0) *pooling = (eq_pooling)k;
    return k >= 0;
}

const char *eq_pooling_name(eq_pooling pooling) {
    return poolings[pooling];
}

static eq_status check_convolution(const eq_coupling *c, eq_diag *diag) {
    enum { WIDEST = 15 }; /* window whose places a byte can count */
    const eq_coupling_kind *k = &c->kind;
    size_t pad = 2 * k->padding, window = k->window;
    if (k->kernel == 0 || k->kernel > c->lower.height + pad || k->kernel > c->lower.width + pad)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "a kernel of %zu x %zu does not fit into the %zu x %zu places below it with "
                       "padding %zu; make it smaller or the padding larger",
                       k->kernel, k->kernel, c->lower.height, c->lower.width, k->padding);
    if (k->padding >= k->kernel)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "a padding of %zu lets a kernel of %zu x %zu stand outside the image; make "
                       "it smaller than the kernel",
                       k->padding, k->kernel, k->kernel);
    if (k->pooling != EQ_POOLING_NONE && (window == 0 || window > WIDEST))
        return eq_fail(diag, EQ_ERR_INPUT, "a pooling window of %zu; give 1 to %d", window, WIDEST);
    if (c->upper.height == 0 || c->upper.width == 0)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "a pooling window of %zu x %zu does not fit into the %zu x %zu places of the "
            "convolution; make it smaller",
            window, window, c->made.height, c->made.width);
    return EQ_OK;
}

static void shape_convolution(eq_coupling *c) {
    size_t pad = 2 * c->kind.padding, less = c->kind.kernel == 0 ? 0 : c->kind.kernel - 1;
    size_t window = c->kind.pooling == EQ_POOLING_NONE || c->kind.window == 0 ? 1 : c->kind.window;
    size_t height = c->lower.height + pad, width = c->lower.width + pad;
    c->kind.window = c->kind.pooling == EQ_POOLING_NONE ? 1 : c->kind.window;
    c->made = (eq_shape){c->kind.channels, height > less ? height - less : 0,
                         width > less ? width - less : 0};
    c->upper = (eq_shape){c->kind.channels, c->made.height / window, c->made.width / window};
    c->rows = c->kind.kernel * c->kind.kernel * c->lower.channels;
}

eq_status eq_coupling_of(eq_coupling_kind kind, eq_shape lower, eq_coupling *out, eq_diag *diag) {
    static const size_t most = EQ_MOST_ITEMS;
    size_t units = eq_shape_units(lower);
    double below = (double)lower.channels * (double)lower.height * (double)lower.width;
    *out = (eq_coupling){.kind = kind, .lower = lower, .columns = kind.channels};
    if (below > (double)most)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "it stands on %.3g units, more than %zu; make them fewer", below, most);
    if (kind.channels == 0 || units == 0)
        return eq_fail(diag, EQ_ERR_INPUT, "it has no units; give each layer 1 or more");
    if (kind.channels > most || kind.kernel > most || kind.padding > most)
        return eq_fail(diag, EQ_ERR_INPUT, "its numbers are above %zu; make them smaller", most);
    out->ops = kind.convolves ? &eq_coupling_convolves : &eq_coupling_dense;
    out->made = out->upper = (eq_shape){kind.channels, 1, 1};
    out->rows = units;
    if (kind.convolves) shape_convolution(out);
    out->count = out->rows * out->columns;
    eq_status status = kind.convolves ? check_convolution(out, diag) : EQ_OK;
    if (status != EQ_OK) return status;
    double size = (double)out->rows * (double)out->columns;
    double places = (double)out->made.height * (double)out->made.width * (double)kind.channels;
    if (size > (double)most || places > (double)most)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "it has %.3g weights and %.3g units, and each must be at most %zu; make it "
                       "smaller",
                       size, places, most);
    return EQ_OK;
}

bool eq_coupling_allocate_weights(eq_coupling *c) {
    size_t all = c->rows * c->columns;
    bool few = c->row != NULL && eq_thin_is_few(c->count, all);
    if (few) c->ops = &eq_coupling_listed;
    c->w = few ? NULL : eq_calloc_aligned(all, sizeof *c->w);
    if (c->row == NULL)
        c->theta = c->w;
    else if (c->theta == NULL)
        c->theta = eq_calloc_aligned(c->count, sizeof *c->theta);
    return (few || c->w != NULL) && c->theta != NULL;
}

bool eq_coupling_allocate(eq_coupling *c) {
    bool whole = eq_coupling_allocate_weights(c);
    c->b = eq_calloc_aligned(c->columns, sizeof *c->b);
    return whole && c->b != NULL;
}

void eq_coupling_clear(eq_coupling *c) {
    if (c->theta != c->w) eq_free(c->theta);
    eq_free(c->w);
    eq_free(c->b);
    eq_free(c->row);
    eq_free(c->column);
    c->w = c->b = c->theta = NULL;
    c->row = c->column = NULL;
}

void eq_coupling_in_single(eq_coupling *c, bool single) {
    if (!c->kind.convolves) return;
    c->single = single;
    c->ops = single ? &eq_coupling_convolves_single : &eq_coupling_convolves;
}

static size_t place_of(const eq_coupling *c, size_t k) {
    return (size_t)c->row[k] * c->columns + (size_t)c->column[k];
}

void eq_coupling_expand(eq_coupling *c) {
    bool listed = c->row != NULL && c->w != NULL;
    for (size_t k = 0; listed && k < c->count; k++) c->w[place_of(c, k)] = c->theta[k];
}

/* None stands before its number, as the list rises. */
void eq_coupling_gather(const eq_coupling *c, double *values) {
    bool listed = c->row != NULL && c->w != NULL;
    for (size_t k = 0; listed && k < c->count; k++) values[k] = values[place_of(c, k)];
}

eq_status eq_coupling_room_new(const eq_coupling *const *c, size_t count, int threads,
                               eq_coupling_room *out, eq_diag *diag) {
    size_t single = 1;
    *out = (eq_coupling_room){0};
    for (size_t k = 0; k < count; k++) {
        size_t each = c[k]->ops->room(c[k]), weights = c[k]->rows * c[k]->columns;
        if (each > out->each) out->each = each;
        if (c[k]->single && weights > single) single = weights;
    }
    out->lane = eq_calloc_aligned(EQ_COUPLING_LANES * (out->each + 1), sizeof *out->lane);
    out->weights = eq_calloc_aligned(single, sizeof *out->weights);
    if (out->lane == NULL || out->weights == NULL) return eq_out_of_memory(diag);
    return eq_pool_new(threads, &out->threads, diag);
}

void eq_coupling_room_clear(eq_coupling_room *r) {
    eq_pool_free(r->threads);
    eq_free(r->lane);
    eq_free(r->weights);
    *r = (eq_coupling_room){0};
}

void eq_coupling_biases(const eq_coupling *c, size_t n, double *field) {
    size_t places = n * c->upper.height * c->upper.width;
    for (size_t j = 0; j < places; j++)
        memcpy(field + j * c->columns, c->b, c->columns * sizeof *field);
}

void eq_coupling_forward(const eq_coupling *c, const eq_coupling_room *r, size_t n, const double *s,
                         uint8_t *index, bool find, double *field) {
    eq_coupling_call k = {.c = c, .r = r, .n = n, .s = s, .index = index, .out = field};
    k.found = find ? index : NULL;
    c->ops->forward(&k);
}

void eq_coupling_backward(const eq_coupling *c, const eq_coupling_room *r, size_t n,
                          const double *u, const uint8_t *index, double *field) {
    eq_coupling_call k = {.c = c, .r = r, .n = n, .u = u, .index = index, .out = field};
    c->ops->backward(&k);
}

void eq_coupling_slope(const eq_coupling *c, const eq_coupling_room *r, size_t n, double factor,
                       const double *u, const double *s, const uint8_t *index, double *slope) {
    eq_coupling_call k = {
        .c = c, .r = r, .n = n, .s = s, .u = u, .index = index, .factor = factor, .out = slope};
    c->ops->slope(&k);
}

void eq_coupling_bias_slope(const eq_coupling *c, size_t n, double factor, const double *u,
                            double *slope) {
    size_t places = n * c->upper.height * c->upper.width;
    for (size_t j = 0; j < places; j++)
        for (size_t k = 0; k < c->columns; k++) slope[k] += factor * u[j * c->columns + k];
}

static size_t no_room(const eq_coupling *c) {
    (void)c;
    return 0;
}

static int blocks(size_t count) {
    return (int)((count + BLOCK - 1) / BLOCK);
}

/* Items of block number k of `count`. */
static size_t block_of(size_t count, int k, size_t *first) {
    *first = (size_t)k * BLOCK;
    return count - *first < BLOCK ? count - *first : BLOCK;
}

static void forward_block(void *data, int part) {
    const eq_coupling_call *k = data;
    size_t m = k->c->columns, rows = k->c->rows, at, count = block_of(m, part, &at);
    eq_gemm_nn(k->n, count, rows, 1.0, k->s, rows, k->c->w + at, m, 1.0, k->out + at, m);
}

static void forward(eq_coupling_call *k) {
    eq_pool_run(k->r->threads, blocks(k->c->columns), forward_block, k);
}

static void backward_block(void *data, int part) {
    const eq_coupling_call *k = data;
    size_t m = k->c->columns, rows = k->c->rows, at, count = block_of(rows, part, &at);
    eq_gemm_nt(k->n, count, m, 1.0, k->u, m, k->c->w + at * m, m, 1.0, k->out + at, rows);
}

static void backward(eq_coupling_call *k) {
    eq_pool_run(k->r->threads, blocks(k->c->rows), backward_block, k);
}

static void slope_block(void *data, int part) {
    const eq_coupling_call *k = data;
    size_t m = k->c->columns, rows = k->c->rows, at, count = block_of(rows, part, &at);
    eq_gemm_tn(count, m, k->n, k->factor, k->s + at, rows, k->u, m, 1.0, k->out + at * m, m);
}

static void slope(eq_coupling_call *k) {
    eq_pool_run(k->r->threads, blocks(k->c->rows), slope_block, k);
}

const eq_coupling_ops eq_coupling_dense = {no_room, forward, backward, slope};

/* Example after example, and the slopes of one part of the list after the other. */
static void forward_example(void *data, int j) {
    const eq_coupling_call *k = data;
    const eq_coupling *c = k->c;
    size_t at = (size_t)j;
    eq_thin_product(c->count, c->row, c->column, c->theta, 1, k->s + at * c->rows, c->rows,
                    k->out + at * c->columns, c->columns);
}

static void forward_listed(eq_coupling_call *k) {
    eq_pool_run(k->r->threads, (int)k->n, forward_example, k);
}

static void backward_example(void *data, int j) {
    const eq_coupling_call *k = data;
    const eq_coupling *c = k->c;
    size_t at = (size_t)j;
    eq_thin_product(c->count, c->column, c->row, c->theta, 1, k->u + at * c->columns, c->columns,
                    k->out + at * c->rows, c->rows);
}

static void backward_listed(eq_coupling_call *k) {
    eq_pool_run(k->r->threads, (int)k->n, backward_example, k);
}

static void slope_part(void *data, int part) {
    const eq_coupling_call *k = data;
    const eq_coupling *c = k->c;
    size_t at, count = block_of(c->count, part, &at);
    eq_thin_slope(count, c->row + at, c->column + at, k->n, k->factor, k->s, c->rows, k->u,
                  c->columns, k->out + at);
}

static void slope_listed(eq_coupling_call *k) {
    eq_pool_run(k->r->threads, blocks(k->c->count), slope_part, k);
}

const eq_coupling_ops eq_coupling_listed = {no_room, forward_listed, backward_listed, slope_listed};
