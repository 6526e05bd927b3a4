/* An outline of the conductances between the layers, Q W^T for M: in deep networks a few directions
 * couple neighbouring layers strongly (all potentials of a layer together, and what the outputs
 * respond to, which is what training strengthens), the rest hardly at all. With a = fixed + coupled,
 * A = a_E^-1/2 M a_K^-1/2, and an orthonormal basis Q of A times these directions, A is outlined by
 * Q Q^T A. The directions are followed from the outputs inwards, two thin products a crossbar.
 *
 * A step solves the linearised equations (D - outline) step = off. With s = Q^T step_E and
 * t = W^T step_K they are t = W^T D_K^-1 (off_K + W s), s = Q^T D_E^-1 (off_E + Q t); with
 * G_E = Q^T D_E^-1 Q and G_K = W^T D_K^-1 W, of each example its own, I - G_K G_E is symmetric and
 * positive definite in the inner product of G_E: conjugate gradients in every lane. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "model/layered/layered.h"

/* Rows of to [rows][EQ_DIRECTIONS] = (or +=) a block of M or M^T times from, by blocks of rows. */
typedef struct thin {
    const eq_layered *e;
    eq_product p;
    const double *from;
    double *to;
} thin;

enum { THIN_ROWS = 60 };

static void thin_block(void *data, int block) {
    const thin *t = data;
    eq_product p = t->p;
    size_t first = (size_t)block * THIN_ROWS, left = p.rows - first;
    p.a += first * p.row;
    p.rows = left < THIN_ROWS ? left : THIN_ROWS;
    t->e->kernels->lanes_product(&p, EQ_DIRECTIONS, t->from, EQ_DIRECTIONS,
                                 t->to + first * EQ_DIRECTIONS, EQ_DIRECTIONS);
}

/* Between band i of E and band j of K. */
static void thin_product(const eq_layered *e, size_t i, size_t j, bool to_kept, const double *from,
                         double *to, bool add) {
    const size_t *row = e->net.band[0], *col = e->net.band[1];
    size_t ne = e->net.eliminated, nk = e->net.kept, rows = row[i + 1] - row[i],
           cols = col[j + 1] - col[j];
    thin t = {.e = e, .from = from, .to = to};
    t.p = to_kept
              ? (eq_product){cols, rows, e->derived.turned + col[j] * ne + row[i], ne, 1, 1.0, add}
              : (eq_product){rows, cols, e->derived.m + row[i] * nk + col[j], nk, 1, 1.0, add};
    eq_pool_run(e->pool, (int)((t.p.rows + THIN_ROWS - 1) / THIN_ROWS), thin_block, &t);
}

/* L^-T, an upper triangle, of the Gram matrix L L^T of y [rows][EQ_DIRECTIONS]; a direction that
 * depends on those before it is left out. */
static void basis(const eq_layered *e, const double *y, size_t rows,
                  double r[EQ_DIRECTIONS][EQ_DIRECTIONS]) {
    enum { N = EQ_DIRECTIONS };
    double l[N][N], gram[N * N + 8];
    eq_product p = {N, rows, y, 1, N, 1.0, false};
    e->kernels->lanes_product(&p, N, y, N, gram, N);
    memset(r, 0, N * sizeof *r);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = gram[i * N + j];
            for (size_t k = 0; k < j; k++) sum -= l[i][k] * l[j][k];
            if (j < i)
                l[i][j] = l[j][j] > 0.0 ? sum / l[j][j] : 0.0;
            else
                l[i][i] = sum > 1e-8 * gram[i * N + i] ? sqrt(sum) : 0.0;
        }
        if (l[i][i] == 0.0) continue; /* column i of r stays 0 */
        r[i][i] = 1.0 / l[i][i];
        for (size_t k = 0; k < i; k++) {
            double sum = 0.0;
            for (size_t j = k; j < i; j++) sum -= r[k][j] * l[i][j];
            r[k][i] = sum / l[i][i];
        }
    }
}

/* Of the EQ_DIRECTIONS columns: potentials of all nodes together, the outputs (or, further inwards,
 * what answers to them), and mixtures of what answers to these. */
enum { OUTPUTS = 1, MIXTURES = 21 };

/* Every output node its own direction, as far as there are enough of them. */
static void output_directions(const eq_layered *e, double *o) {
    enum { MOST = MIXTURES - OUTPUTS };
    size_t next = 0;
    for (size_t k = 0; k < 2 * e->net.c->outputs; k++) {
        int32_t node = k % 2 == 0 ? e->net.plus[k / 2] : e->net.minus[k / 2];
        if (node == EQ_NONE) continue;
        double sign = next / MOST % 2 == 0 ? 1.0 : -1.0;
        o[((size_t)node - e->net.eliminated) * EQ_DIRECTIONS + OUTPUTS + next % MOST] = sign;
        next++;
    }
}

static double self(const eq_layered *e, size_t node) {
    return e->derived.fixed[node] + e->derived.coupled[node];
}

/* y [rows][EQ_DIRECTIONS], the band first .. of E: times a_E^power, and from y to its basis in q. */
static void scale_band(const eq_layered *e, size_t first, size_t rows, double power, double *y) {
    for (size_t h = 0; h < rows; h++) {
        double a = self(e, first + h), scale = a > 0.0 ? pow(a, power) : 0.0;
        for (size_t d = 0; d < EQ_DIRECTIONS; d++) y[h * EQ_DIRECTIONS + d] *= scale;
    }
}

/* o of the K nodes from .. to, from W: a_K^-1 W is what answers to Q. Either that, or mixtures of it
 * with random signs behind what stands there. */
static void answers(const eq_layered *e, const double *w, size_t from, size_t to, bool mixed,
                    double *o) {
    enum { N = EQ_DIRECTIONS };
    for (size_t k = from; k < to; k++) {
        double a = self(e, e->net.eliminated + k), *at = o + k * N;
        uint64_t bits = 0x9e3779b97f4a7c15; /* of the golden ratio: as good as random */
        for (size_t d = mixed ? MIXTURES : 0; d < N; d++) {
            double sum = mixed ? 0.0 : w[k * N + d];
            bits = bits << 13 ^ bits >> 7 ^ bits * 5;
            for (size_t j = 0; mixed && j < MIXTURES; j++)
                sum += bits >> (2 * j) & 1 ? w[k * N + j] : -w[k * N + j];
            at[d] = a > 0.0 ? sum / a : 0.0;
        }
    }
}

/* Band i of E: Q from A times the directions o [kept][EQ_DIRECTIONS], which are potentials of the K
 * nodes, and W = M^T a_E^-1/2 Q for both neighbours; q = a_E^1/2 Q. Then o of the neighbours follows. */
static void outline_band(eq_layered *e, size_t i, bool mixed, double *o) {
    enum { N = EQ_DIRECTIONS };
    const size_t *row = e->net.band[0], *col = e->net.band[1];
    size_t first = row[i], rows = row[i + 1] - first;
    double *y = e->thin + e->net.kept * N, *q = e->derived.q + first * N, r[N][N];
    for (size_t j = i; j < i + 2 && j < e->net.bands[1]; j++)
        thin_product(e, i, j, false, o + col[j] * N, y, j > i);
    scale_band(e, first, rows, -0.5, y);
    basis(e, y, rows, r);
    eq_product p = {rows, N, y, N, 1, 1.0, false};
    e->kernels->lanes_product(&p, N, r[0], N, q, N);
    memcpy(y, q, rows * N * sizeof *q);
    scale_band(e, first, rows, -0.5, y);
    scale_band(e, first, rows, 0.5, q);
    for (size_t j = i; j < i + 2 && j < e->net.bands[1]; j++) {
        thin_product(e, i, j, true, y, e->derived.w[j == i] + col[j] * N, false);
        answers(e, e->derived.w[j == i], col[j], col[j + 1], mixed, o);
    }
}

/* Each band twice, the second time with the mixtures: a step of subspace iteration (Halko, Martinsson
 * & Tropp 2011, SIAM Review 53:217, section 4.5) that keeps what answers to the outputs. */
void eq_layered_derive_outline(eq_layered *e) {
    enum { N = EQ_DIRECTIONS };
    double *o = e->thin;
    memset(o, 0, e->net.kept * N * sizeof *o);
    output_directions(e, o);
    for (size_t i = 0; i < e->net.bands[0]; i++) {
        for (size_t k = e->net.band[1][i]; k < e->net.kept; k++) {
            o[k * N] = 1.0;
            memset(o + k * N + MIXTURES, 0, (N - MIXTURES) * sizeof *o);
        }
        outline_band(e, i, true, o);
        outline_band(e, i, false, o);
    }
}

/* ---- in the lanes of a part */

/* to [bands of E][EQ_DIRECTIONS] = Q^T x, x[eliminated]. */
static void from_eliminated(const eq_layered *e, const eq_work *w, const double *x, double *to) {
    size_t ld = w->ld;
    for (size_t i = 0; i < e->net.bands[0]; i++) {
        const size_t *row = e->net.band[0] + i;
        eq_product p = {EQ_DIRECTIONS,
                        row[1] - row[0],
                        e->derived.q + row[0] * EQ_DIRECTIONS,
                        1,
                        EQ_DIRECTIONS,
                        1.0,
                        false};
        e->kernels->lanes_product(&p, ld, x + row[0] * ld, ld, to + i * EQ_DIRECTIONS * ld, ld);
    }
}

/* to = W^T x, x[kept]. */
static void from_kept(const eq_layered *e, const eq_work *w, const double *x, double *to) {
    size_t ld = w->ld;
    for (size_t i = 0; i < e->net.bands[0]; i++)
        for (size_t j = i; j < i + 2 && j < e->net.bands[1]; j++) {
            const size_t *col = e->net.band[1] + j;
            eq_product p = {EQ_DIRECTIONS,
                            col[1] - col[0],
                            e->derived.w[j == i] + col[0] * EQ_DIRECTIONS,
                            1,
                            EQ_DIRECTIONS,
                            1.0,
                            j > i};
            e->kernels->lanes_product(&p, ld, x + col[0] * ld, ld, to + i * EQ_DIRECTIONS * ld, ld);
        }
}

/* x[eliminated] (+)= Q t. */
static void to_eliminated(const eq_layered *e, const eq_work *w, const double *t, double *x,
                          bool add) {
    size_t ld = w->ld;
    for (size_t i = 0; i < e->net.bands[0]; i++) {
        const size_t *row = e->net.band[0] + i;
        eq_product p = {row[1] - row[0],
                        EQ_DIRECTIONS,
                        e->derived.q + row[0] * EQ_DIRECTIONS,
                        EQ_DIRECTIONS,
                        1,
                        1.0,
                        add};
        e->kernels->lanes_product(&p, ld, t + i * EQ_DIRECTIONS * ld, ld, x + row[0] * ld, ld);
    }
}

/* x[kept] (+)= W s. */
static void to_kept(const eq_layered *e, const eq_work *w, const double *s, double *x, bool add) {
    size_t ld = w->ld;
    if (!add) memset(x, 0, e->net.kept * ld * sizeof *x);
    for (size_t i = 0; i < e->net.bands[0]; i++)
        for (size_t j = i; j < i + 2 && j < e->net.bands[1]; j++) {
            const size_t *col = e->net.band[1] + j;
            eq_product p = {col[1] - col[0],
                            EQ_DIRECTIONS,
                            e->derived.w[j == i] + col[0] * EQ_DIRECTIONS,
                            EQ_DIRECTIONS,
                            1,
                            1.0,
                            true};
            e->kernels->lanes_product(&p, ld, s + i * EQ_DIRECTIONS * ld, ld, x + col[0] * ld, ld);
        }
}

void eq_layered_anticipate(const eq_layered *e, eq_work *w, const double *v, bool kept) {
    size_t ld = w->ld, middle = e->net.eliminated * ld, all = e->net.nodes * ld;
    size_t from = kept ? 0 : middle, to = kept ? middle : all;
    double *moved = w->off, *drive = w->drive + (kept ? middle : 0);
    for (size_t k = from; k < to; k++) moved[k] = w->trial[k] - v[k];
    memcpy(drive, kept ? w->from_e : w->from_k, (all - (to - from)) * sizeof *drive);
    if (kept) {
        from_eliminated(e, w, moved, w->along);
        to_kept(e, w, w->along, drive, true);
    } else {
        from_kept(e, w, moved + middle, w->along);
        to_eliminated(e, w, w->along, drive, true);
    }
}

static void times(double *restrict x, const double *restrict by, size_t n) {
    for (size_t k = 0; k < n; k++) x[k] *= by[k];
}

/* s = G_E t and t = G_K s. */
static void respond_eliminated(const eq_layered *e, eq_work *w, const double *t, double *s) {
    to_eliminated(e, w, t, w->drive, false);
    times(w->drive, w->inverse, e->net.eliminated * w->ld);
    from_eliminated(e, w, w->drive, s);
}

static void respond_kept(const eq_layered *e, eq_work *w, const double *s, double *t) {
    size_t middle = e->net.eliminated * w->ld;
    to_kept(e, w, s, w->drive + middle, false);
    times(w->drive + middle, w->inverse + middle, e->net.kept * w->ld);
    from_kept(e, w, w->drive + middle, t);
}

static void dot(const eq_work *w, size_t n, const double *a, const double *b, double *sum) {
    for (size_t l = 0; l < w->ld; l++) sum[l] = 0.0;
    for (size_t k = 0; k < n; k++)
        for (size_t l = 0; l < w->ld; l++) sum[l] += a[k * w->ld + l] * b[k * w->ld + l];
}

/* y += a x in every lane; a = -1 in the lanes of `turn`: y = x + a y */
static void add(const eq_work *w, size_t n, const double *a, const double *x, double *y) {
    for (size_t k = 0; k < n; k++)
        for (size_t l = 0; l < w->ld; l++) y[k * w->ld + l] += a[l] * x[k * w->ld + l];
}

static void turn(const eq_work *w, size_t n, const double *b, const double *x, double *y) {
    for (size_t k = 0; k < n; k++)
        for (size_t l = 0; l < w->ld; l++)
            y[k * w->ld + l] = x[k * w->ld + l] + b[l] * y[k * w->ld + l];
}

/* t = x with (I - G_K G_E) x = r, and its G_E x is added to s. */
static void solve(const eq_layered *e, eq_work *w, size_t n, double *r, double *x, double *s) {
    enum { MOST = 8 };
    static const double enough = 1e-8; /* of r.G_E r: a part in ten thousand */
    size_t size = n * w->ld;
    double *gr = x + size, *p = gr + size, *gp = p + size, *q = gp + size;
    double rz[EQ_MOST_LANES], start[EQ_MOST_LANES], a[EQ_MOST_LANES], b[EQ_MOST_LANES];
    memset(x, 0, size * sizeof *x);
    respond_eliminated(e, w, r, gr);
    memcpy(p, r, size * sizeof *p);
    memcpy(gp, gr, size * sizeof *gp);
    dot(w, n, r, gr, rz);
    memcpy(start, rz, sizeof start);
    for (int count = 0; count < MOST; count++) {
        respond_kept(e, w, gp, q);
        for (size_t k = 0; k < size; k++) q[k] = p[k] - q[k];
        dot(w, n, q, gp, b);
        for (size_t l = 0; l < w->ld; l++) a[l] = b[l] > 0.0 ? rz[l] / b[l] : 0.0;
        add(w, n, a, p, x);
        add(w, n, a, gp, s);
        for (size_t l = 0; l < w->ld; l++) a[l] = -a[l];
        add(w, n, a, q, r);
        respond_eliminated(e, w, r, gr);
        memcpy(b, rz, sizeof b);
        dot(w, n, r, gr, rz);
        bool done = true;
        for (size_t l = 0; l < w->n; l++) done = done && !(rz[l] > enough * start[l]);
        if (done) break;
        for (size_t l = 0; l < w->ld; l++) b[l] = b[l] > 0.0 ? rz[l] / b[l] : 0.0;
        turn(w, n, b, r, p);
        turn(w, n, b, gr, gp);
    }
}

void eq_layered_coarse_step(const eq_layered *e, eq_work *w) {
    size_t ld = w->ld, middle = e->net.eliminated * ld, all = e->net.nodes * ld;
    size_t n = e->net.bands[0] * EQ_DIRECTIONS;
    double *s = w->along, *r = s + n * ld, *x = r + n * ld, *t = x + n * ld;
    for (size_t k = 0; k < all; k++) w->drive[k] = w->inverse[k] * w->off[k];
    from_eliminated(e, w, w->drive, s);
    from_kept(e, w, w->drive + middle, t);
    respond_kept(e, w, s, r);
    for (size_t k = 0; k < n * ld; k++) r[k] += t[k];
    solve(e, w, n, r, x, s);
    to_eliminated(e, w, x, w->drive, false);
    to_kept(e, w, s, w->drive + middle, false);
    for (size_t k = 0; k < all; k++) w->trial[k] += w->inverse[k] * (w->off[k] + w->drive[k]);
}
