/* The KCL bound of the layered engine with the sum of |currents| over every single branch. The
 * solves work with a lower estimate of that sum (branches grouped, node.h), which is enough
 * nearly always; it is far too low where large currents cancel within a group, and only there the
 * exact sum is formed. */
#include <math.h>

#include "model/layered/layered.h"

/* Potential of input source i in example n of the minibatch (e->x keeps one of each pair x, -x). */
static double input_volts(const eq_layered *e, size_t n, size_t i) {
    const double *x = e->x + n * e->width;
    switch (e->pairing) {
    case EQ_PAIRS_SIDE_BY_SIDE:
        return i % 2 == 0 ? x[i / 2] : -x[i / 2];
    case EQ_PAIRS_HALVES:
        return i < e->width ? x[i] : -x[i - e->width];
    default:
        return x[i];
    }
}

/* Potential at row r of a crossbar, as its resistors see it. */
static double row_volts(const eq_layered *e, const eq_work *w, const eq_crossbar *x,
                        const double *v, size_t r, size_t n) {
    if (x->kind == EQ_ROWS_CONSTANT) return x->volts[r];
    if (x->kind == EQ_ROWS_INPUT) return input_volts(e, w->first + n, (size_t)x->row[r]);
    return x->row_scale[r] * v[(size_t)x->row[r] * w->ld + n];
}

/* |d s g (v_r - s v_c)| of the resistor in row r and column c, example n; s of the row or the column. */
static double branch_current(const eq_layered *e, const eq_work *w, const eq_crossbar *x,
                             const double *v, size_t r, size_t c, double s, size_t n) {
    double column = x->col_scale[c] * v[(size_t)x->col[c] * w->ld + n];
    return fabs(x->weight[c] * s * x->g[r * x->cols + c] * (row_volts(e, w, x, v, r, n) - column));
}

/* Their sum over the resistors of one crossbar at free node j. */
static double branch_currents(const eq_layered *e, const eq_work *w, const eq_crossbar *x,
                              const double *v, size_t j, size_t n) {
    double sum = 0.0;
    for (size_t c = 0; c < x->cols; c++)
        for (size_t r = 0; (size_t)x->col[c] == j && r < x->rows; r++)
            sum += branch_current(e, w, x, v, r, c, x->col_scale[c], n);
    for (size_t r = 0; x->kind == EQ_ROWS_NODE && r < x->rows; r++)
        for (size_t c = 0; (size_t)x->row[r] == j && c < x->cols; c++)
            sum += branch_current(e, w, x, v, r, c, x->row_scale[r], n);
    return sum;
}

/* |F| over the KCL bound of node j in example n; `size` is the lower estimate of the sum of
 * |currents|. */
static double exact_ratio(const eq_layered *e, const eq_work *w, const double *v, size_t j,
                          size_t n, double f, double size) {
    double bound = e->derived.bound[j], ratio = fabs(f) / (bound + e->reltol * size), sum = 0.0;
    if (ratio <= 1.0 || isnan(ratio)) return ratio;
    for (size_t b = 0; b < e->net.bars; b++) sum += branch_currents(e, w, &e->net.bar[b], v, j, n);
    return fabs(f) / (bound + e->reltol * (sum > size ? sum : size));
}

/* Where sweeps solve, they leave the residuals of all nodes in w->off. */
double eq_layered_exact_ratio(const eq_layered *e, eq_work *w, const double *v, double most) {
    size_t ld = w->ld, ne = e->net.eliminated;
    double *f = w->check, *slope = f + ne * ld + 8, *size = slope + ne * ld + 8, worst = 0.0;
    eq_node_rows rows = eq_layered_rows(e, w, false, w->in);
    if (!e->sweeps) e->kernels->nodes_evaluate(&e->net.law[0], &rows, v, f, slope, size);
    for (size_t j = 0; j < e->net.nodes && worst <= most; j++) {
        bool kept = j >= ne;
        const double *residual = kept ? w->f + (j - ne) * ld : f + j * ld;
        const double *currents = kept ? w->size + (j - ne) * ld : size + j * ld;
        if (e->sweeps) residual = w->off + j * ld, currents = w->sizes + j * ld;
        for (size_t n = 0; n < w->n; n++) {
            double ratio = exact_ratio(e, w, v, j, n, residual[n], currents[n]);
            if (!(ratio <= worst)) worst = ratio;
        }
    }
    return worst;
}
