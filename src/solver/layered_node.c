#include "solver/layered_node.h"

#include <math.h>

#include "solver/layered.h"
#include "solver/layered_vector.h"

/* Eight consecutive entries of a [node][ld] array belong to at most two nodes (ld is a multiple of 4). */
typedef struct eq_pair {
    size_t first, second;
} eq_pair;

EQ_INLINE eq_pair pair_of(size_t entry, size_t ld, size_t nodes) {
    size_t second = (entry + 4) / ld;
    return (eq_pair){entry / ld, second < nodes ? second : nodes - 1};
}

EQ_INLINE eq_vec spread(const double *x, eq_pair p) {
    double a = x[p.first], b = x[p.second];
    return (eq_vec){a, a, a, a, b, b, b, b};
}

/* Adds the currents of the diodes at v: i their sum, g their slopes, size the sum of their |currents|. The
 * law is that of devices/diode_law.h, transcribed to vectors (tests/solver/check_layered.c compares). */
EQ_INLINE void diodes(const eq_node_law *law, eq_pair at, eq_vec v, eq_vec *i, eq_vec *g,
                      eq_vec *size) {
    for (size_t s = 0; s < law->shockley; s++) {
        size_t row = s * law->nodes;
        eq_vec sign = spread(law->sign + row, at), vte = spread(law->vte + row, at);
        eq_vec is = spread(law->is + row, at), u = sign * (v - spread(law->bias + row, at));
        eq_vec edge = -3.0 * vte, below = eq_vec_min(u, edge);
        eq_vec e = eq_vec_exp(eq_vec_max(u, edge) / vte);
        eq_vec q = -edge / (below * 2.718281828459045), cube = q * q * q;
        eq_mask reverse = u < edge;
        eq_vec current = is * eq_vec_select(reverse, -1.0 - cube, e - 1.0);
        *i += sign * current;
        *g += is * eq_vec_select(reverse, 3.0 * cube / below, e / vte);
        *size += eq_vec_abs(current);
    }
    for (size_t s = 0; s < law->ideal; s++) {
        size_t row = s * law->nodes;
        eq_vec sign = spread(law->knee_sign + row, at), extra = spread(law->extra + row, at);
        eq_vec over = sign * (v - spread(law->knee + row, at)), zero = eq_vec_all(0.0);
        eq_vec current = extra * eq_vec_max(over, zero);
        *i += sign * current;
        *g += eq_vec_select(over > zero, extra, zero);
        *size += current;
    }
}

/* An interval that holds the root. Above every bias and knee all diode currents are >= 0, so with
 * h = high: F >= 0 at max(b/a, h), and at bias + vte ln(1 + (b - a h)/is) or h, whichever is greater, since
 * there one forward diode alone takes the current that is left. The same downwards. */
EQ_INLINE void interval(const eq_node_law *law, eq_pair at, eq_vec a, eq_vec b, eq_vec *least,
                        eq_vec *most) {
    eq_vec high = spread(law->high, at), low = spread(law->low, at), zero = eq_vec_all(0.0);
    eq_vec linear = b / eq_vec_max(a, eq_vec_all(1e-30));
    eq_vec excess = eq_vec_max(b - a * high, zero), deficit = eq_vec_max(a * low - b, zero);
    *most = eq_vec_max(linear, high);
    *least = eq_vec_min(linear, low);
    for (size_t s = 0; s < law->shockley; s++) {
        size_t row = s * law->nodes;
        eq_vec is = eq_vec_max(spread(law->is + row, at), eq_vec_all(1e-300));
        eq_vec bias = spread(law->bias + row, at), vte = spread(law->vte + row, at);
        eq_vec up = bias + vte * eq_vec_log_above(1.0 + excess / is);
        eq_vec down = bias - vte * eq_vec_log_above(1.0 + deficit / is);
        *most = eq_vec_min(*most, eq_vec_max(up, high) + spread(law->open_up + row, at));
        *least = eq_vec_max(*least, eq_vec_min(down, low) - spread(law->open_down + row, at));
    }
}

/* F, F' and the two sums that convergence is measured by: `scale` bounds what F is a difference of, `size`
 * is a lower estimate of the sum of |currents|: branches grouped (fixed, coupled), each diode alone. */
typedef struct eq_point {
    eq_vec f, slope, scale, size;
} eq_point;

EQ_INLINE eq_point point_at(const eq_node_law *law, const eq_node_rows *rows, eq_pair at, size_t k,
                            eq_vec v) {
    eq_vec fixed = spread(rows->fixed, at), coupled = spread(rows->coupled, at);
    eq_vec in = eq_vec_load(rows->in + k), from = eq_vec_load(rows->from + k);
    eq_vec i = eq_vec_all(0.0), g = i, size = i;
    diodes(law, at, v, &i, &g, &size);
    eq_vec net_fixed = fixed * v - in, net_coupled = coupled * v - from;
    return (eq_point){
        .f = net_fixed + net_coupled + i,
        .slope = fixed + coupled + g,
        .scale = size + eq_vec_abs(in) + eq_vec_abs(from) + eq_vec_abs((fixed + coupled) * v),
        .size = size + eq_vec_abs(net_fixed) + eq_vec_abs(net_coupled),
    };
}

/* Newton converges quadratically, so the last step leaves far less than this part of the scale. */
static const double converged = 1e-13;
enum { MOST_STEPS = 200 };

EQ_KERNEL double eq_nodes_solve(const eq_node_law *law, const eq_node_rows *rows, double *v,
                                double *inverse) {
    eq_vec worst = eq_vec_all(0.0);
    size_t entries = law->nodes * rows->ld;
    for (size_t k = 0; k < entries; k += EQ_LANES) {
        eq_pair at = pair_of(k, rows->ld, law->nodes);
        eq_vec a = spread(rows->fixed, at) + spread(rows->coupled, at), least, most;
        eq_vec b = eq_vec_load(rows->in + k) + eq_vec_load(rows->from + k);
        interval(law, at, a, b, &least, &most);
        eq_vec x = eq_vec_min(eq_vec_max(eq_vec_load(v + k), least), most);
        eq_point p = point_at(law, rows, at, k, x);
        for (int step = 0; step < MOST_STEPS; step++) {
            if (!eq_vec_any(eq_vec_abs(p.f) > converged * p.scale)) break;
            x = eq_vec_min(eq_vec_max(x - p.f / p.slope, least), most);
            p = point_at(law, rows, at, k, x);
        }
        eq_vec_store(v + k, x);
        eq_vec_store(inverse + k, 1.0 / p.slope);
        eq_vec ratio = eq_vec_abs(p.f) / (spread(rows->bound, at) + rows->reltol * p.size);
        worst = eq_vec_select(ratio <= worst, worst, ratio); /* keeps a NAN */
    }
    double answer = 0.0;
    for (int lane = 0; lane < EQ_LANES; lane++)
        if (!(worst[lane] <= answer)) answer = worst[lane];
    return answer;
}

EQ_KERNEL void eq_nodes_evaluate(const eq_node_law *law, const eq_node_rows *rows, const double *v,
                                 double *f, double *slope, double *currents) {
    size_t entries = law->nodes * rows->ld;
    for (size_t k = 0; k < entries; k += EQ_LANES) {
        eq_pair at = pair_of(k, rows->ld, law->nodes);
        eq_point p = point_at(law, rows, at, k, eq_vec_load(v + k));
        eq_vec_store(f + k, p.f);
        eq_vec_store(slope + k, p.slope);
        eq_vec_store(currents + k, p.size);
    }
}

/* L L^T = S, row by row; the diagonal of l holds 1/L_jj. */
EQ_KERNEL void eq_cholesky_factor(size_t n, size_t wide, const double *s, double *l) {
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
EQ_KERNEL void eq_cholesky_solve(size_t n, size_t wide, const double *l, double *x) {
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
