#include "devices/transistors/inner.h"

#include <float.h>
#include <math.h>

#include "devices/pnjlim.h"

enum { INNER = EQ_INNERS, DROPS = EQ_INNER_DROPS, REST = 2 }; /* REST: what the others leave */

/* A slope by drops as one by potentials. */
static void by_nodes(const eq_inner *q, eq_dual x, double *g) {
    for (int a = 0; a < q->nodes; a++) g[a] = 0.0;
    for (int k = 0; k < DROPS; k++) {
        g[q->drop[k].plus] += x.d[k];
        g[q->drop[k].minus] -= x.d[k];
    }
}

static void evaluate(const eq_inner *q, eq_inner_state *s) {
    eq_dual i[EQ_INNER_NODES], r[INNER];
    q->law(q->self, s->y, i, r);
    for (int a = 0; a < q->nodes; a++) {
        s->i[a] = i[a].v;
        s->by[a] = i[a].d[EQ_INNER_PARAM];
        by_nodes(q, i[a], s->g[a]);
    }
    for (int a = 0; a < INNER; a++) {
        eq_dual drop = eq_dual_mul(r[a], i[a]);
        s->r[a] = r[a].v;
        s->f[a] = s->y[a] - q->z[a] + drop.v;
        s->f_by[a] = drop.d[EQ_INNER_PARAM];
        by_nodes(q, drop, s->m[a]);
        s->m[a][a] += 1.0;
    }
}

/* Solves m x = right by elimination with row exchanges. */
static void solve(const eq_inner_state *s, const double *right, double *x) {
    double a[INNER][INNER + 1];
    for (int r = 0; r < INNER; r++) {
        for (int c = 0; c < INNER; c++) a[r][c] = s->m[r][c];
        a[r][INNER] = right[r];
    }
    for (int k = 0; k < INNER; k++) {
        int best = k;
        for (int r = k + 1; r < INNER; r++)
            if (fabs(a[r][k]) > fabs(a[best][k])) best = r;
        for (int c = k; c <= INNER; c++) {
            double kept = a[k][c];
            a[k][c] = a[best][c];
            a[best][c] = kept;
        }
        for (int r = 0; r < INNER; r++) {
            double f = r == k || a[k][k] == 0.0 ? 0.0 : a[r][k] / a[k][k];
            for (int c = k; c <= INNER; c++) a[r][c] -= f * a[k][c];
        }
    }
    for (int k = 0; k < INNER; k++) x[k] = a[k][k] == 0.0 ? 0.0 : a[k][INNER] / a[k][k];
}

/* The part of a step of a drop v that junction limiting allows. */
static double allowed(const eq_inner_drop *d, double v, double step) {
    double now = v + step;
    if (!eq_pnjlim(d->vt, d->vcrit, v, &now) || step <= 0.0) return 1.0;
    return fmax((now - v) / step, 1e-3);
}

/* The inner nodes of a channel through which `through` flows, and the currents there. */
static void put_through(const eq_inner *q, eq_inner_state *s, double through) {
    int d = q->channel[0], e = q->channel[1];
    for (int a = 0; a < q->nodes; a++) s->y[a] = q->z[a];
    s->y[d] -= s->r[d] * through;
    s->y[e] += s->r[e] * through;
    evaluate(q, s);
}

/* What flows through a channel lies between nothing and what its resistances let through alone, whatever kinks and
 * falling slopes its law has between: Newton's method inside that bracket. */
static void settle_channel(const eq_inner *q, eq_inner_state *s) {
    enum { STEPS = 200 };
    int d = q->channel[0], e = q->channel[1];
    double drop = q->z[d] - q->z[e], low = 0.0, high, through = 0.0;
    for (int a = 0; a < q->nodes; a++) s->y[a] = q->z[a];
    evaluate(q, s);
    if (drop == 0.0 || s->r[d] + s->r[e] == 0.0) return;
    high = drop / (s->r[d] + s->r[e]);
    for (int k = 0; k < STEPS; k++) {
        double off = s->i[d] - through;
        double slope = s->g[d][e] * s->r[e] - s->g[d][d] * s->r[d] - 1.0;
        double next = through - off / slope;
        *(off * drop > 0.0 ? &low : &high) = through;
        if (!(next > fmin(low, high) && next < fmax(low, high))) next = 0.5 * (low + high);
        bool still = fabs(next - through) <= 2.0 * DBL_EPSILON * fabs(through);
        through = next;
        put_through(q, s, through);
        if (still) break;
    }
    if (through == 0.0) return;
    s->i[d] = through; /* that of the law knows no more of a small drop than the potentials do */
    s->i[e] = -through;
}

void eq_inner_settle(const eq_inner *q, eq_inner_state *s) {
    enum { BOLD = 400, STEPS = 2000 };
    /* of vt: what is not settled by this carries no current that is known */
    static const double far = 1e-2;
    double vt = q->drop[0].vt, longest = 0.0;
    if (q->channel[0] != q->channel[1]) {
        settle_channel(q, s);
        return;
    }
    evaluate(q, s);
    for (int k = 0; k < STEPS; k++) {
        double x[INNER], size = 0.0, t = 1.0;
        longest = 0.0;
        solve(s, s->f, x);
        for (int a = 0; a < INNER; a++) {
            longest = fmax(longest, fabs(x[a]));
            size = fmax(size, fabs(s->y[a]));
        }
        if (longest == 0.0) break;
        for (int d = 0; d < DROPS; d++) {
            int p = q->drop[d].plus, m = q->drop[d].minus;
            if (q->drop[d].vcrit == 0.0) continue;
            t = fmin(t, allowed(&q->drop[d], s->y[p] - s->y[m], x[m] - x[p]));
        }
        if (k > BOLD && longest > vt) t *= 0.5;
        for (int a = 0; a < INNER; a++) s->y[a] -= t * x[a];
        evaluate(q, s);
        if (longest <= fmax(1e-9 * vt, 2.0 * DBL_EPSILON * size)) return;
    }
    for (int a = 0; longest > far * vt && a < q->nodes; a++) s->i[a] = NAN;
}

/* Where the inner nodes go, to first order, as the terminals go from q->z to z. */
static void follow(const eq_inner *q, const eq_inner_state *s, const double *z, double *y) {
    double right[INNER], x[INNER];
    for (int a = 0; a < INNER; a++) {
        right[a] = z[a] - q->z[a];
        for (int b = INNER; b < q->nodes; b++) right[a] -= s->m[a][b] * (z[b] - q->z[b]);
    }
    solve(s, right, x);
    for (int a = 0; a < q->nodes; a++) y[a] = a < INNER ? s->y[a] + x[a] : z[a];
}

void eq_inner_reach(const eq_inner *q, const double *y, double *z) {
    eq_dual i[EQ_INNER_NODES], r[INNER];
    q->law(q->self, y, i, r);
    for (int a = 0; a < q->nodes; a++) z[a] = a < INNER ? y[a] + r[a].v * i[a].v : y[a];
}

bool eq_inner_limit(const eq_inner *q, const eq_inner_state *s, eq_limit_row *one, size_t j,
                    double *const *w, double *z) {
    double y[EQ_INNER_NODES];
    follow(q, s, z, y);
    bool limited = one(NULL, j, w, s->y, y);
    eq_inner_reach(q, y, z);
    return limited;
}

/* How the current into node a changes where the inner potentials do by x. */
static double moved(const eq_inner_state *s, int a, const double *x) {
    return s->g[a][0] * x[0] + s->g[a][1] * x[1] + s->g[a][2] * x[2];
}

/* How the current into node a changes with terminal b, by which the inner potentials move by x. */
static double slope_by(const eq_inner_state *s, int a, int b, const double *x) {
    return moved(s, a, x) + (b >= INNER ? s->g[a][b] : 0.0);
}

/* What that of the third node is added up of. */
static double terms(const eq_inner_state *s, int b, const double *x) {
    double sum = b >= INNER ? fabs(s->g[REST][b]) : 0.0;
    for (int k = 0; k < INNER; k++) sum += fabs(s->g[REST][k] * x[k]);
    return sum;
}

/* Only drops count: the column of the third node is what the others leave. So is its row, as what flows in flows out,
 * unless its own terms are smaller than the others: beside a junction that conducts 1e11 A those leave rounding. */
void eq_inner_store(const eq_inner *q, const eq_inner_state *s, double type, size_t j,
                    double *const *i, double *const *g) {
    int nodes = q->nodes;
    double sum[EQ_INNER_NODES] = {0};
    for (int b = 0; b < nodes; b++) {
        double right[INNER] = {0}, x[INNER], rest = 0.0, size = 0.0;
        i[b][j] = type * s->i[b];
        if (b == REST) continue;
        for (int a = 0; a < INNER && b >= INNER; a++) right[a] = -s->m[a][b];
        if (b < INNER) right[b] = 1.0;
        solve(s, right, x);
        for (int a = 0; a < nodes; a++) {
            if (a == REST) continue;
            double slope = slope_by(s, a, b, x);
            g[a * nodes + b][j] = slope;
            sum[a] += slope;
            rest += slope;
            size += fabs(slope);
        }
        double last = terms(s, b, x) < size ? slope_by(s, REST, b, x) : -rest;
        g[REST * nodes + b][j] = last;
        sum[REST] += last;
    }
    for (int a = 0; a < nodes; a++) g[a * nodes + REST][j] = -sum[a];
}

void eq_inner_change(const eq_inner *q, const eq_inner_state *s, double type, size_t j,
                     double *const *didw) {
    double x[INNER];
    solve(s, s->f_by, x);
    for (int a = 0; a < q->nodes; a++) didw[a][j] = type * (s->by[a] - moved(s, a, x));
}
