/* The bodies of the numeric kernels (node.h). v4.c, v3.c and base.c
 * include this file after choosing an instruction set, each for its own table EQ_KERNELS; layered.c
 * picks the best one that the processor has (no -march=native: a binary runs anywhere, and under
 * valgrind). */
#include <math.h>
#include <stdbool.h>

#include "base/vector.h"
#include "model/layered/node.h"

/* Loops of a constant length become straight code, so that small arrays of vectors stay in
 * registers. */
#define EQ_UNROLL _Pragma("GCC unroll 16")

/* Eight consecutive entries of a [node][ld] array belong to at most two nodes (ld is a multiple of
 * 4), those of a shorter vector to one. */
typedef struct eq_row_pair {
    size_t first, second;
} eq_row_pair;

EQ_INLINE eq_row_pair pair_of(size_t entry, size_t ld, size_t nodes) {
    size_t first = entry / ld, second = EQ_LANES == 8 ? (entry + 4) / ld : first;
    return (eq_row_pair){first, second < nodes ? second : nodes - 1};
}

EQ_INLINE eq_vec spread(const double *x, eq_row_pair p) {
#if EQ_VECTOR_BYTES == 64
    const eq_mask lower = {-1, -1, -1, -1, 0, 0, 0, 0};
    return eq_vec_select(lower, eq_vec_all(x[p.first]), eq_vec_all(x[p.second]));
#else
    return eq_vec_all(x[p.first]);
#endif
}

/* Adds the current of a Shockley diode at v: i the current out of the node, g the slope, size
 * |current|. The law is that of devices/diode_law.h in z = u/vte (tests/model/check_layered.c
 * compares). */
EQ_INLINE void shockley(eq_vec bias, eq_vec per_vte, eq_vec is, eq_vec is_per_vte, eq_vec v,
                        eq_vec *i, eq_vec *g, eq_vec *size) {
    const double a3 = 1.3442508459323083; /* (3/e)^3 */
    eq_vec z = (v - bias) * per_vte, edge = eq_vec_all(-3.0);
    eq_vec e = eq_vec_exp(eq_vec_max(z, edge)), per_z = 1.0 / eq_vec_min(z, edge);
    eq_vec cube = a3 * per_z * per_z * per_z;
    eq_vec current = is * (eq_vec_if_less(z, edge, -cube, e) - 1.0);
    *i += current;
    *g += is_per_vte * eq_vec_if_less(z, edge, 3.0 * cube * per_z, e);
    *size += eq_vec_abs(current);
}

/* The same for an ideal diode beyond its knee. */
EQ_INLINE void ideal(eq_vec sign, eq_vec knee, eq_vec extra, eq_vec v, eq_vec *i, eq_vec *g,
                     eq_vec *size) {
    eq_vec over = sign * (v - knee), zero = eq_vec_all(0.0),
           current = extra * eq_vec_max(over, zero);
    *i += sign * current;
    *g += eq_vec_if_less(zero, over, extra, zero);
    *size += current;
}

/* An interval that holds the root. Above every bias and knee all diode currents are >= 0, so with
 * h = high: F >= 0 at max(b/a, h), and at bias + vte ln(1 + (b - a h)/is) or h, whichever is
 * greater, since there one forward diode alone takes the current that is left.
 * The same downwards. */
EQ_INLINE void interval(const eq_node_law *law, eq_row_pair at, eq_vec a, eq_vec b, eq_vec *least,
                        eq_vec *most) {
    eq_vec high = spread(law->high, at), low = spread(law->low, at), zero = eq_vec_all(0.0);
    eq_vec linear = b / eq_vec_max(a, eq_vec_all(1e-30));
    eq_vec excess = eq_vec_max(b - a * high, zero), deficit = eq_vec_max(a * low - b, zero);
    *most = eq_vec_max(linear, high);
    *least = eq_vec_min(linear, low);
    for (size_t s = 0; s < law->shockley; s++) {
        size_t row = s * law->nodes;
        eq_vec per_is = spread(law->per_is + row, at);
        eq_vec bias = spread(law->bias + row, at), vte = spread(law->vte + row, at);
        eq_vec up = bias + vte * eq_vec_log_above(1.0 + excess * per_is);
        eq_vec down = bias - vte * eq_vec_log_above(1.0 + deficit * per_is);
        *most = eq_vec_min(*most, eq_vec_max(up, high) + spread(law->open_up + row, at));
        *least = eq_vec_max(*least, eq_vec_min(down, low) - spread(law->open_down + row, at));
    }
}

/* The coefficients of a vector of equations, kept in registers while they are solved: `kept` Shockley
 * slots. */
enum { MOST_KEPT = 2 };
typedef struct eq_equations {
    eq_vec fixed, coupled, in, from;
    eq_vec bias[MOST_KEPT], per_vte[MOST_KEPT], is[MOST_KEPT], is_per_vte[MOST_KEPT];
} eq_equations;

EQ_INLINE eq_equations equations_of(const eq_node_law *law, const eq_node_rows *rows,
                                    eq_row_pair at, size_t k, size_t kept) {
    eq_equations q;
    q.fixed = spread(rows->fixed, at);
    if (rows->held != NULL) q.fixed += eq_vec_load(rows->held + k);
    q.coupled = spread(rows->coupled, at);
    q.in = eq_vec_load(rows->in + k);
    q.from = eq_vec_load(rows->from + k);
    for (size_t s = 0; s < kept; s++) {
        size_t row = s * law->nodes;
        q.bias[s] = spread(law->bias + row, at);
        q.per_vte[s] = spread(law->per_vte + row, at);
        q.is[s] = spread(law->is + row, at);
        q.is_per_vte[s] = q.is[s] * q.per_vte[s];
    }
    return q;
}

/* F, F' and the two sums that convergence is measured by: `scale` bounds what F is a difference of,
 * `size` is a lower estimate of the sum of |currents|: branches grouped (fixed, coupled), each
 * diode alone. */
typedef struct eq_point {
    eq_vec f, slope, scale, size;
} eq_point;

EQ_INLINE eq_point point_at(const eq_equations *q, const eq_node_law *law, eq_row_pair at, eq_vec v,
                            size_t kept) {
    eq_vec i = eq_vec_all(0.0), g = i, size = i;
    for (size_t s = 0; s < kept; s++)
        shockley(q->bias[s], q->per_vte[s], q->is[s], q->is_per_vte[s], v, &i, &g, &size);
    for (size_t s = kept; s < law->shockley; s++) {
        size_t row = s * law->nodes;
        eq_vec is = spread(law->is + row, at), per_vte = spread(law->per_vte + row, at);
        shockley(spread(law->bias + row, at), per_vte, is, is * per_vte, v, &i, &g, &size);
    }
    for (size_t s = 0; s < law->ideal; s++) {
        size_t row = s * law->nodes;
        ideal(spread(law->knee_sign + row, at), spread(law->knee + row, at),
              spread(law->extra + row, at), v, &i, &g, &size);
    }
    eq_vec net_fixed = q->fixed * v - q->in, net_coupled = q->coupled * v - q->from;
    return (eq_point){
        .f = net_fixed + net_coupled + i,
        .slope = q->fixed + q->coupled + g,
        .scale = size + eq_vec_abs(q->in) + eq_vec_abs(q->from) +
                 (q->fixed + q->coupled) * eq_vec_abs(v),
        .size = size + eq_vec_abs(net_fixed) + eq_vec_abs(net_coupled),
    };
}

/* Newton converges quadratically, so the last step leaves far less than this part of the scale. */
static const double converged = 1e-13;
enum { MOST_STEPS = 200 };

/* From a start near the root Newton arrives in a step or two; only what does not pays for the
 * logarithms of the interval, which holds all later steps. */
enum { FREE_STEPS = 2 };

/* x, or an end of the interval beyond which it lies (the lower one for a NAN). */
EQ_INLINE eq_vec bracketed(const eq_node_law *law, eq_row_pair at, const eq_equations *q, eq_vec x,
                           eq_vec *least, eq_vec *most) {
    interval(law, at, q->fixed + q->coupled, q->in + q->from, least, most);
    return eq_vec_min(eq_vec_max(x, *least), *most);
}

/* The first `left` of a vector. */
EQ_INLINE void store_part(double *p, eq_vec v, size_t left) {
    if (left >= EQ_LANES)
        eq_vec_store(p, v);
    else
        for (size_t j = 0; j < left; j++) p[j] = v[j];
}

EQ_INLINE double solve(const eq_node_law *law, const eq_node_rows *rows, double *v, double *inverse,
                       size_t kept) {
    eq_mask lane;
    for (int j = 0; j < EQ_LANES; j++) lane[j] = j;
    eq_vec worst = eq_vec_all(0.0);
    size_t entries = law->nodes * rows->ld;
    for (size_t k = 0; k < entries; k += EQ_LANES) {
        size_t left = entries - k < EQ_LANES ? entries - k : EQ_LANES;
        eq_mask valid = lane < (int64_t)left; /* the lanes beyond are another layer's */
        eq_row_pair at = pair_of(k, rows->ld, law->nodes);
        eq_equations q = equations_of(law, rows, at, k, kept);
        eq_vec least = eq_vec_all(-INFINITY), most = eq_vec_all(INFINITY), x = eq_vec_load(v + k);
        if (rows->cold) x = bracketed(law, at, &q, x, &least, &most);
        eq_point p = point_at(&q, law, at, x, kept);
        for (int step = 0; step < MOST_STEPS; step++) {
            if (!eq_vec_any(~(eq_vec_abs(p.f) <= converged * p.scale) & valid)) break;
            x = eq_vec_min(eq_vec_max(x - p.f / p.slope, least), most);
            if (step == FREE_STEPS && !rows->cold) x = bracketed(law, at, &q, x, &least, &most);
            p = point_at(&q, law, at, x, kept);
        }
        store_part(v + k, x, left);
        eq_vec_store(inverse + k, 1.0 / p.slope);
        eq_vec ratio = eq_vec_abs(p.f) / (spread(rows->bound, at) + rows->reltol * p.size);
        worst = eq_vec_select((ratio <= worst) | ~valid, worst, ratio); /* keeps a NAN */
    }
    double answer = 0.0;
    for (int j = 0; j < EQ_LANES; j++)
        if (!(worst[j] <= answer)) answer = worst[j];
    return answer;
}

/* The usual neuron has two Shockley diodes: that loop is compiled for it. */
static double nodes_solve(const eq_node_law *law, const eq_node_rows *rows, double *v,
                          double *inverse) {
    return law->shockley >= MOST_KEPT ? solve(law, rows, v, inverse, MOST_KEPT)
                                      : solve(law, rows, v, inverse, 0);
}

static void nodes_evaluate(const eq_node_law *law, const eq_node_rows *rows, const double *v,
                           double *f, double *slope, double *currents) {
    size_t entries = law->nodes * rows->ld;
    for (size_t k = 0; k < entries; k += EQ_LANES) {
        eq_row_pair at = pair_of(k, rows->ld, law->nodes);
        eq_equations q = equations_of(law, rows, at, k, 0);
        eq_point p = point_at(&q, law, at, eq_vec_load(v + k), 0);
        eq_vec_store(f + k, p.f);
        eq_vec_store(slope + k, p.slope);
        eq_vec_store(currents + k, p.size);
    }
}

/* L L^T = S, row by row; the diagonal of l holds 1/L_jj. */
static void cholesky_factor(size_t n, size_t wide, const double *s, double *l) {
    for (size_t lane = 0; lane < wide; lane += EQ_LANES) {
        for (size_t i = 0; i < n; i++) {
            double *li = l + i * (i + 1) / 2 * wide + lane;
            for (size_t j = 0; j <= i; j++) {
                const double *lj = l + j * (j + 1) / 2 * wide + lane;
                eq_vec sum = eq_vec_load(s + (i * (i + 1) / 2 + j) * wide + lane);
                for (size_t k = 0; k < j; k++)
                    sum -= eq_vec_load(li + k * wide) * eq_vec_load(lj + k * wide);
                if (j < i) {
                    sum *= eq_vec_load(lj + j * wide);
                } else {
                    for (int q = 0; q < EQ_LANES; q++) sum[q] = 1.0 / sqrt(sum[q]);
                }
                eq_vec_store(li + j * wide, sum);
            }
        }
    }
}

/* x := L^-T L^-1 x. */
static void cholesky_solve(size_t n, size_t wide, const double *l, double *x) {
    for (size_t lane = 0; lane < wide; lane += EQ_LANES) {
        for (size_t i = 0; i < n; i++) {
            const double *li = l + i * (i + 1) / 2 * wide + lane;
            eq_vec sum = eq_vec_load(x + i * wide + lane);
            for (size_t k = 0; k < i; k++)
                sum -= eq_vec_load(li + k * wide) * eq_vec_load(x + k * wide + lane);
            eq_vec_store(x + i * wide + lane, sum * eq_vec_load(li + i * wide));
        }
        for (size_t i = n; i-- > 0;) {
            const double *li = l + i * (i + 1) / 2 * wide + lane;
            eq_vec xi = eq_vec_load(x + i * wide + lane) * eq_vec_load(li + i * wide);
            eq_vec_store(x + i * wide + lane, xi);
            for (size_t k = 0; k < i; k++) {
                eq_vec xk = eq_vec_load(x + k * wide + lane) - xi * eq_vec_load(li + k * wide);
                eq_vec_store(x + k * wide + lane, xk);
            }
        }
    }
}

enum { ROWS_AT_ONCE = 8, MOST_VECTORS = 4, MOST_TILE = 24 };

/* Rows by vectors of a tile, as registers hold them, besides ROWS_AT_ONCE by 1: AVX-512 has 32, AVX2
 * and SSE2 16. */
#if defined(__AVX512F__)
enum { WIDE = 4, WIDE_ROWS = 6, DOUBLE_ROWS = 10 };
#elif EQ_VECTOR_BYTES == 64 /* clang's, of two or four registers */
enum { WIDE = 1, WIDE_ROWS = ROWS_AT_ONCE, DOUBLE_ROWS = ROWS_AT_ONCE };
#else
enum { WIDE = 3, WIDE_ROWS = 4, DOUBLE_ROWS = 6 };
#endif

static void pair_gradients(size_t rows, size_t cols, size_t n, const double *x, size_t width,
                           const double *delta, const double *column, double *plus, double *minus,
                           size_t apart) {
    for (size_t c = 0; c < cols; c += EQ_LANES) {
        size_t left = cols - c;
        eq_vec sum[ROWS_AT_ONCE], constant = eq_vec_all(0.0);
        EQ_UNROLL
        for (size_t r = 0; r < ROWS_AT_ONCE; r++) sum[r] = constant;
        for (size_t k = 0; k < n; k++) {
            eq_vec change = eq_vec_load(delta + k * cols + c);
            EQ_UNROLL
            for (size_t r = 0; r < ROWS_AT_ONCE; r++)
                sum[r] += eq_vec_all(x[k * width + r]) * change;
        }
        constant = eq_vec_load(column + c);
        for (size_t r = 0; r < rows; r++) {
            store_part(plus + r * apart + c, constant - sum[r], left);
            store_part(minus + r * apart + c, constant + sum[r], left);
        }
    }
}

static void fold_pairs(size_t rows, size_t cols, const double *restrict plus,
                       const double *restrict minus, size_t apart, double *restrict fold,
                       double *restrict total) {
    for (size_t r = 0; r < rows; r++) {
        const double *high = plus + r * apart, *low = minus + r * apart;
        for (size_t c = 0; c < cols; c++) {
            fold[r * cols + c] = high[c] - low[c];
            total[c] += high[c] + low[c];
        }
    }
}

/* `most` rows from row i on times `vectors` of lanes, summed in registers, without packing. */
EQ_INLINE void product_tile(const eq_product *p, size_t i, size_t lanes, const double *b,
                            size_t ldb, double *c, size_t ldc, const size_t most,
                            const size_t vectors) {
    const double *a[MOST_TILE];
    eq_vec sum[MOST_TILE];
    EQ_UNROLL
    for (size_t r = 0; r < most; r++)
        a[r] = p->a + (i + r < p->rows ? i + r : p->rows - 1) * p->row;
    EQ_UNROLL
    for (size_t r = 0; r < most * vectors; r++) sum[r] = eq_vec_all(0.0);
    for (size_t k = 0; k < p->depth; k++) {
        eq_vec bk[MOST_VECTORS];
        EQ_UNROLL
        for (size_t n = 0; n < vectors; n++) bk[n] = eq_vec_load(b + k * ldb + n * EQ_LANES);
        EQ_UNROLL
        for (size_t r = 0; r < most; r++) {
            eq_vec factor = eq_vec_all(a[r][k * p->column]);
            EQ_UNROLL
            for (size_t n = 0; n < vectors; n++) sum[r * vectors + n] += factor * bk[n];
        }
    }
    for (size_t r = 0; r < most && i + r < p->rows; r++)
        for (size_t n = 0; n < vectors && n * EQ_LANES < lanes; n++) {
            double *to = c + (i + r) * ldc + n * EQ_LANES;
            eq_vec value = p->sign * sum[r * vectors + n];
            if (p->add) value += eq_vec_load(to);
            store_part(to, value, lanes - n * EQ_LANES);
        }
}

/* Strips of `vectors` from lane n on; the last one may be a part. Returns the lane after them. */
EQ_INLINE size_t strips(const eq_product *p, size_t n, size_t lanes, const double *b, size_t ldb,
                        double *c, size_t ldc, const size_t most, const size_t vectors) {
    for (; n + (vectors - 1) * EQ_LANES < lanes; n += vectors * EQ_LANES)
        for (size_t i = 0; i < p->rows; i += most)
            product_tile(p, i, lanes - n, b + n, ldb, c + n, ldc, most, vectors);
    return n;
}

static void lanes_product(const eq_product *p, size_t lanes, const double *b, size_t ldb, double *c,
                          size_t ldc) {
    size_t n = strips(p, 0, lanes, b, ldb, c, ldc, WIDE_ROWS, WIDE);
    n = strips(p, n, lanes, b, ldb, c, ldc, DOUBLE_ROWS, 2);
    strips(p, n, lanes, b, ldb, c, ldc, ROWS_AT_ONCE, 1);
}

const eq_kernels EQ_KERNELS = {
    .lanes_product = lanes_product,
    .pair_gradients = pair_gradients,
    .fold_pairs = fold_pairs,
    .nodes_solve = nodes_solve,
    .nodes_evaluate = nodes_evaluate,
    .cholesky_factor = cholesky_factor,
    .cholesky_solve = cholesky_solve,
};
