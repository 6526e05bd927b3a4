/* The conductances between the layers: M, by blocks between neighbouring bands of nodes. Band i of E
 * touches the bands i and i + 1 of K alone, since a resistor joins nodes whose distances from the
 * outputs differ by one. */
#include <string.h>

#include "model/layered/layered.h"

/* One crossbar between layers, derived by blocks of its rows that threads share. */
typedef struct derivation {
    eq_layered *e;
    const eq_crossbar *x;
    size_t rows; /* of a block */
} derivation;

/* What a block adds to M, to the sums at its rows, and to its own sums at the columns. */
static void derive_block(void *data, int block) {
    const derivation *d = data;
    eq_layered *e = d->e;
    const eq_crossbar *x = d->x;
    size_t kept = e->net.kept, from = (size_t)block * d->rows;
    size_t to = from + d->rows < x->rows ? from + d->rows : x->rows;
    double *total = e->block_total + (size_t)block * x->cols;
    memset(total, 0, x->cols * sizeof *total);
    for (size_t r = from; r < to; r++) {
        size_t row = (size_t)x->row[r];
        double sr = x->row_scale[r], sum = 0.0;
        double *m = e->derived.m + row * kept;
        for (size_t c = 0; c < x->cols; c++) {
            double dg = x->weight[c] * x->g[r * x->cols + c], sc = x->col_scale[c];
            sum += dg;
            m[(size_t)x->col[c] - e->net.eliminated] += dg * sr * sc;
            total[c] += dg * sc * sc;
        }
        e->derived.coupled[row] += sum * sr * sr;
    }
}

static void derive_crossbar(eq_layered *e, const eq_crossbar *x) {
    enum { ROWS = 64 };
    derivation d = {e, x, ROWS};
    size_t blocks = (x->rows + ROWS - 1) / ROWS;
    eq_pool_run(e->pool, (int)blocks, derive_block, &d);
    for (size_t b = 0; b < blocks; b++)
        for (size_t c = 0; c < x->cols; c++)
            e->derived.coupled[x->col[c]] += e->block_total[b * x->cols + c];
}

enum { TILE = 32 };

/* Rows of M^T, in tiles that stay in the cache. */
static void turn_block(void *data, int block) {
    eq_layered *e = data;
    size_t ne = e->net.eliminated, nk = e->net.kept, k0 = (size_t)block * TILE;
    size_t k1 = k0 + TILE < nk ? k0 + TILE : nk;
    for (size_t first = 0; first < ne; first += TILE) {
        size_t last = first + TILE < ne ? first + TILE : ne;
        for (size_t k = k0; k < k1; k++)
            for (size_t h = first; h < last; h++)
                e->derived.turned[k * ne + h] = e->derived.m[h * nk + k];
    }
}

void eq_layered_derive_coupling(eq_layered *e) {
    memset(e->derived.m, 0, e->net.eliminated * e->net.kept * sizeof *e->derived.m);
    for (size_t b = 0; b < e->net.bars; b++)
        if (e->net.bar[b].kind == EQ_ROWS_NODE) derive_crossbar(e, &e->net.bar[b]);
    if (e->sweeps) eq_pool_run(e->pool, (int)((e->net.kept + TILE - 1) / TILE), turn_block, e);
}

void eq_layered_to_eliminated(const eq_layered *e, eq_work *w, const double *v, size_t ldv,
                              double *to) {
    const size_t *row = e->net.band[0], *col = e->net.band[1], nk = e->net.kept;
    w->passes += (double)w->n;
    for (size_t i = 0; i < e->net.bands[0]; i++)
        for (size_t j = i; j < i + 2 && j < e->net.bands[1]; j++) {
            eq_product p = {.rows = row[i + 1] - row[i],
                            .depth = col[j + 1] - col[j],
                            .a = e->derived.m + row[i] * nk + col[j],
                            .row = nk,
                            .column = 1,
                            .sign = 1.0,
                            .add = j > i};
            e->kernels->lanes_product(&p, w->ld, v + col[j] * ldv, ldv, to + row[i] * w->ld, w->ld);
        }
}

void eq_layered_to_kept(const eq_layered *e, eq_work *w, const double *v, double *to) {
    const size_t *row = e->net.band[1], *col = e->net.band[0], ld = w->ld;
    bool turned = e->sweeps;
    w->passes += (double)w->n;
    memset(to, 0, e->net.kept * ld * sizeof *to);
    for (size_t j = 0; j < e->net.bands[1]; j++)
        for (size_t i = j > 0 ? j - 1 : 0; i <= j && i < e->net.bands[0]; i++) {
            const double *a = turned ? e->derived.turned + row[j] * e->net.eliminated + col[i]
                                     : e->derived.m + col[i] * e->net.kept + row[j];
            eq_product p = {.rows = row[j + 1] - row[j],
                            .depth = col[i + 1] - col[i],
                            .a = a,
                            .row = turned ? e->net.eliminated : 1,
                            .column = turned ? 1 : e->net.kept,
                            .sign = 1.0,
                            .add = true};
            e->kernels->lanes_product(&p, ld, v + col[i] * ld, ld, to + row[j] * ld, ld);
        }
}
