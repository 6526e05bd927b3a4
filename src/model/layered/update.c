/* The gradient of a minibatch and the update in place. For a conductance between a row at potential
 * r and a column at potential c (both as the resistor sees them), and estimator weights a_s that
 * add up to 0,
 *
 *     sum_s a_s (r_s - c_s)^2/2 = sum_s a_s (c_s^2/2 - r c_s)       when the row is fixed,
 *
 * so the gradient of a crossbar is a constant per column minus one matrix product, R = X^T delta,
 * with delta = sum_s a_s c_s. Everything is computed from differences to the free phase (slot 0),
 * which keeps the digits that subtracting the slots would lose. What is derived from the
 * conductances is refreshed in the same pass, while the rows are in the cache. */
#include <math.h>
#include <string.h>

#include "model/layered/layered.h"
#include "solver/linear/blas.h"

/* One update: of one crossbar at a time. */
typedef struct update {
    eq_layered *e;
    const double *a;
    eq_step step;
    void *data;
    eq_crossbar *x;
    bool folded; /* pairs of rows at a time */
} update;

/* Hands the rows r0..r0+rows-1 of a crossbar and their gradient [rows][cols] to the step. */
static void take_rows(const update *u, eq_crossbar *x, size_t r0, size_t rows,
                      const double *gradient) {
    size_t group = (size_t)x->group;
    if (x->full) {
        u->step(u->data, group, x->offset + r0 * x->cols, rows * x->cols, x->g + r0 * x->cols,
                gradient);
        return;
    }
    size_t offset = x->offset;
    for (size_t k = 0; k < x->runs; k++) {
        const eq_crossbar_run *run = &x->run[k];
        size_t at = run->row * x->cols + run->start;
        if (run->row >= r0 && run->row < r0 + rows)
            u->step(u->data, group, offset, run->count, x->g + at, gradient + at - r0 * x->cols);
        offset += run->count;
    }
}

/* a_s (v_s - v_0), and v_s + v_0. The adjoint is a phase at an infinitely small b: a d and 2 v_0. */
static double change(const update *u, int s, double vs, double v0) {
    return u->a[s] * (s == EQ_ADJOINT ? vs : vs - v0);
}

static double twice_mean(int s, double vs, double v0) {
    return s == EQ_ADJOINT ? 2.0 * v0 : vs + v0;
}

/* One part of delta[n][c] = d s sum_s a_s (v_s - v_0) and of column[c] = d s^2 sum_n sum_s a_s
 * (v_s^2 - v_0^2)/2 of the columns of a crossbar,
 * with d the weight and s the scale of the column. */
static void column_differences(void *data, int part) {
    const update *u = data;
    const eq_crossbar *x = u->x;
    const eq_work *w = &u->e->work[part];
    for (size_t c = 0; c < x->cols; c++) {
        size_t at = (size_t)x->col[c] * w->ld;
        double ds = x->weight[c] * x->col_scale[c], squares = 0.0;
        for (size_t n = 0; n < w->n; n++) {
            double v0 = w->v[0][at + n], sum = 0.0;
            for (int s = 1; s < EQ_MAX_SLOTS; s++) {
                if (u->a[s] == 0.0) continue;
                double vs = w->v[s][at + n], difference = change(u, s, vs, v0);
                sum += difference;
                squares += difference * twice_mean(s, vs, v0);
            }
            u->e->delta[(w->first + n) * x->cols + c] = ds * sum;
        }
        w->column[c] = 0.5 * ds * x->col_scale[c] * squares;
    }
}

static void add_rows(double *total, const double *g, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) total[c] += g[r * cols + c];
}

/* Pairs p0..p0+rows-1 whose rows of +x and of -x start at row `plus` and `minus`, `apart` rows from
 * one to the next pair: gradients column - R and column + R. */
static void update_pairs(const update *u, double *gradient, double *total, size_t p0, size_t rows) {
    eq_layered *e = u->e;
    eq_crossbar *x = u->x;
    size_t cols = x->cols, half = EQ_UPDATE_ROWS * cols;
    bool beside = e->pairing == EQ_PAIRS_SIDE_BY_SIDE;
    double *minus_gradient = gradient + (beside ? cols : half);
    e->kernels->pair_gradients(rows, cols, e->n, e->x + p0, e->width, e->delta, e->column, gradient,
                               minus_gradient, beside ? 2 * cols : cols);
    size_t plus_row = beside ? 2 * p0 : p0, minus_row = beside ? 2 * p0 + 1 : p0 + x->rows / 2;
    if (beside) {
        take_rows(u, x, plus_row, 2 * rows, gradient);
    } else {
        take_rows(u, x, plus_row, rows, gradient);
        take_rows(u, x, minus_row, rows, gradient + half);
    }
    e->kernels->fold_pairs(rows, cols, x->g + plus_row * cols, x->g + minus_row * cols,
                           beside ? 2 * cols : cols, x->fold + p0 * cols, total);
}

/* Rows r0..r0+rows-1 of a crossbar with fixed rows: gradient column - X^T delta. */
static void update_fixed_rows(const update *u, double *gradient, double *total, size_t r0,
                              size_t rows) {
    eq_layered *e = u->e;
    eq_crossbar *x = u->x;
    size_t cols = x->cols;
    memset(gradient, 0, rows * cols * sizeof *gradient);
    for (size_t n = 0; n < e->n; n++) {
        const double *volts = e->x + n * e->width, *delta = e->delta + n * cols;
        for (size_t r = 0; r < rows; r++) {
            double v = x->kind == EQ_ROWS_INPUT ? volts[x->row[r0 + r]] : x->volts[r0 + r];
            for (size_t c = 0; c < cols; c++) gradient[r * cols + c] -= v * delta[c];
        }
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) gradient[r * cols + c] += e->column[c];
    take_rows(u, x, r0, rows, gradient);
    add_rows(total, x->g + r0 * cols, rows, cols);
}

/* The blocks of rows that one thread takes. */
static void update_blocks(void *data, int part) {
    const update *u = data;
    eq_layered *e = u->e;
    size_t rows = u->folded ? u->x->rows / 2 : u->x->rows, cols = u->x->cols;
    size_t blocks = (rows + EQ_UPDATE_ROWS - 1) / EQ_UPDATE_ROWS;
    size_t parts = (size_t)eq_pool_threads(e->pool);
    size_t from = blocks * (size_t)part / parts, to = blocks * (size_t)(part + 1) / parts;
    for (size_t b = from; b < to; b++) {
        size_t r = b * EQ_UPDATE_ROWS, n = rows - r < EQ_UPDATE_ROWS ? rows - r : EQ_UPDATE_ROWS;
        double *total = e->block_total + b * cols;
        memset(total, 0, cols * sizeof *total);
        if (u->folded)
            update_pairs(u, e->gradient[part], total, r, n);
        else
            update_fixed_rows(u, e->gradient[part], total, r, n);
    }
}

/* total = the sum of the blocks. */
static void add_blocks(const eq_layered *e, eq_crossbar *x, size_t rows) {
    memset(x->total, 0, x->cols * sizeof *x->total);
    add_rows(x->total, e->block_total, (rows + EQ_UPDATE_ROWS - 1) / EQ_UPDATE_ROWS, x->cols);
}

void eq_layered_total(eq_layered *e, eq_crossbar *x) {
    bool folded = x->fold != NULL && e->pairing != EQ_PAIRS_NONE;
    bool beside = e->pairing == EQ_PAIRS_SIDE_BY_SIDE;
    size_t cols = x->cols, rows = folded ? x->rows / 2 : x->rows;
    for (size_t r = 0; r < rows; r++) {
        double *total = e->block_total + r / EQ_UPDATE_ROWS * cols;
        const double *g = x->g + (folded && beside ? 2 * r : r) * cols;
        const double *minus = !folded ? g : g + (beside ? cols : rows * cols);
        if (r % EQ_UPDATE_ROWS == 0) memset(total, 0, cols * sizeof *total);
        for (size_t c = 0; c < cols; c++) total[c] += folded ? g[c] + minus[c] : g[c];
    }
    add_blocks(e, x, rows);
}

/* What all parts have at the columns, in their order. */
static void sum_columns(const eq_layered *e, const eq_crossbar *x) {
    memset(e->column, 0, x->cols * sizeof *e->column);
    for (size_t p = 0; p < e->works; p++)
        for (size_t c = 0; e->work[p].n > 0 && c < x->cols; c++)
            e->column[c] += e->work[p].column[c];
}

static void update_fixed(update *u) {
    eq_layered *e = u->e;
    eq_crossbar *x = u->x;
    u->folded = x->fold != NULL && e->pairing != EQ_PAIRS_NONE;
    eq_pool_run(e->pool, (int)e->works, column_differences, u);
    sum_columns(e, x);
    eq_pool_run(e->pool, eq_pool_threads(e->pool), update_blocks, u);
    add_blocks(e, x, u->folded ? x->rows / 2 : x->rows);
}

/* out[j][n] = v_s of the nodes `list` of one part. */
static void gather(const eq_work *w, int s, const int32_t *list, size_t count, double *out) {
    for (size_t j = 0; j < count; j++)
        memcpy(out + j * w->ld, w->v[s] + (size_t)list[j] * w->ld, w->n * sizeof *out);
}

/* out[j][n] = a_s (v_s - v_0), and squares[j] += sum_n a_s (v_s^2 - v_0^2)/2. */
static void gather_changes(const update *u, const eq_work *w, int s, const int32_t *list,
                           size_t count, double *out, double *squares) {
    for (size_t j = 0; j < count; j++) {
        const double *v = w->v[s] + (size_t)list[j] * w->ld,
                     *v0 = w->v[0] + (size_t)list[j] * w->ld;
        for (size_t n = 0; n < w->n; n++) {
            double part = change(u, s, v[n], v0[n]);
            out[j * w->ld + n] = part;
            squares[j] += 0.5 * part * twice_mean(s, v[n], v0[n]);
        }
    }
}

/* What one part has at the columns: for each slot v_c,s and a_s (v_c,s - v_c,0), [cols][ld] each; and
 * the sums of squares. */
static void gather_columns(void *data, int part) {
    const update *u = data;
    const eq_crossbar *x = u->x;
    const eq_work *w = &u->e->work[part];
    double *to = w->cross;
    memset(w->column, 0, x->cols * sizeof *w->column);
    for (int s = 1; s < EQ_MAX_SLOTS; s++) {
        if (u->a[s] == 0.0) continue;
        gather(w, s == EQ_ADJOINT ? 0 : s, x->col, x->cols, to);
        gather_changes(u, w, s, x->col, x->cols, to + x->cols * w->ld, w->column);
        to += 2 * x->cols * w->ld;
    }
}

/* Rows that one thread takes at a time. */
enum { CROSS_ROWS = 64 };

/* Adds one part's share to cross[r][c] = sum_n sum_s a_s (v_r,s v_c,s - v_r,0 v_c,0), written as
 * a_s (v_r,s - v_r,0) v_c,s + v_r,0 a_s (v_c,s - v_c,0), and to the sums of squares. */
static void cross_products(const update *u, const eq_work *w, size_t r0, size_t rows, double *cross,
                           double *squares) {
    const eq_crossbar *x = u->x;
    double left[CROSS_ROWS * EQ_MOST_LANES];
    const double *right = w->cross;
    size_t ld = w->ld, cols = x->cols;
    for (int s = 1; s < EQ_MAX_SLOTS; s++) {
        if (u->a[s] == 0.0) continue;
        gather_changes(u, w, s, x->row + r0, rows, left, squares);
        eq_gemm_nt(rows, cols, w->n, 1.0, left, ld, right, ld, 1.0, cross, cols);
        gather(w, 0, x->row + r0, rows, left);
        eq_gemm_nt(rows, cols, w->n, 1.0, left, ld, right + cols * ld, ld, 1.0, cross, cols);
        right += 2 * cols * ld;
    }
}

/* Rows of a crossbar between layers: d (s_r^2 [v_r^2] + s_c^2 [v_c^2] - 2 s_r s_c [v_r v_c])/2, [.] the
 * weighted sums; those of the columns are in e->column. */
static void update_cross_rows(void *data, int block) {
    const update *u = data;
    eq_layered *e = u->e;
    eq_crossbar *x = u->x;
    size_t r0 = (size_t)block * CROSS_ROWS, left = x->rows - r0, cols = x->cols;
    size_t rows = left < CROSS_ROWS ? left : CROSS_ROWS;
    double *cross = e->between + r0 * cols, squares[CROSS_ROWS] = {0.0};
    memset(cross, 0, rows * cols * sizeof *cross);
    for (size_t p = 0; p < e->works; p++)
        if (e->work[p].n > 0) cross_products(u, &e->work[p], r0, rows, cross, squares);
    for (size_t r = 0; r < rows; r++) {
        double sr = x->row_scale[r0 + r];
        for (size_t c = 0; c < cols; c++) {
            double sc = x->col_scale[c], *at = &cross[r * cols + c];
            *at = x->weight[c] * (sr * sr * squares[r] + sc * sc * e->column[c] - sr * sc * *at);
        }
    }
    take_rows(u, x, r0, rows, cross);
}

static void update_nodes(update *u) {
    eq_layered *e = u->e;
    eq_pool_run(e->pool, (int)e->works, gather_columns, u);
    sum_columns(e, u->x);
    eq_pool_run(e->pool, (int)((u->x->rows + CROSS_ROWS - 1) / CROSS_ROWS), update_cross_rows, u);
}

void eq_layered_update(eq_layered *e, const double a[EQ_MAX_SLOTS], eq_step step, void *data) {
    update u = {.e = e, .a = a, .step = step, .data = data};
    for (size_t b = 0; b < e->net.bars; b++) {
        eq_crossbar *x = &e->net.bar[b];
        if (x->group == EQ_NONE) continue;
        u.x = x;
        if (x->kind == EQ_ROWS_NODE)
            update_nodes(&u);
        else
            update_fixed(&u);
    }
    e->folded = e->pairing; /* `fold` was refreshed for this pairing, and for no other */
    eq_layered_derive(e);
}
