#include "devices/mosfet.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "devices/pnjlim.h"

enum { D = EQ_MOS_D, G = EQ_MOS_G, S = EQ_MOS_S, B = EQ_MOS_B, NODES = EQ_MOS_NODES };

static const int end_of[EQ_MOS_ENDS] = {D, S};

/* The currents into the inner nodes, the gate and the bulk, without the resistances, and their
 * slopes. */
typedef struct inner {
    double i[NODES], k[NODES][NODES];
} inner;

/* A bulk junction as ngspice has it: is (exp(v/vt) - 1) + gmin v above -3 vt, gmin v - is below.
 * There ngspice jumps by is e^-3; here it is a slope over vt/1000, so that KCL always has a
 * solution. */
static void junction(const eq_mosfet *q, double is, double v, double *i, double *g) {
    double edge = -3.0 * q->vt, width = 1e-3 * q->vt, least = exp(-3.0);
    *i = q->gmin * v - is;
    *g = q->gmin;
    if (v >= edge) {
        double e = exp(fmin(709.0, v / q->vt));
        *i = is * (e - 1.0) + q->gmin * v;
        *g = is * e / q->vt + q->gmin;
    } else if (v > edge - width) {
        *i += is * least * (v - edge + width) / width;
        *g += is * least / width;
    }
}

/* A current i from node a to node b with slopes dv[n] by every potential. */
static void add(inner *in, int a, int b, double i, const double *dv) {
    in->i[a] += i;
    in->i[b] -= i;
    for (int n = 0; n < NODES; n++) {
        in->k[a][n] += dv[n];
        in->k[b][n] -= dv[n];
    }
}

/* The channel seen from its lower end: reverse mode is forward mode with drain and source
 * exchanged, which a MOS transistor does not tell apart. */
static int lower_end(const double *v) {
    return v[D] >= v[S] ? S : D;
}

static void evaluate(const eq_mosfet *q, const double *v, inner *in) {
    int low = lower_end(v), high = low == S ? D : S;
    eq_mos_channel c;
    memset(in, 0, sizeof *in);
    q->law(q->number, v[G] - v[low], v[high] - v[low], v[B] - v[low], &c);
    double dv[NODES] = {[G] = c.gm, [B] = c.gmb};
    dv[high] = c.gds;
    dv[low] = -(c.gm + c.gmb + c.gds);
    add(in, high, low, c.i, dv);
    for (int e = 0; e < EQ_MOS_ENDS; e++) {
        double i, g, slope[NODES] = {0};
        junction(q, q->is[e], v[B] - v[end_of[e]], &i, &g);
        slope[B] = g;
        slope[end_of[e]] = -g;
        add(in, B, end_of[e], i, slope);
    }
}

/* f = v' - v + r i(v') of the drain and the source, zero where the resistances carry what flows into
 * the inner nodes; the larger |f|. */
static double mismatch(const eq_mosfet *q, const double *z, const double *v, const inner *in,
                       double *f) {
    for (int e = 0; e < EQ_MOS_ENDS; e++)
        f[e] = v[end_of[e]] - z[end_of[e]] + q->r[e] * in->i[end_of[e]];
    return fmax(fabs(f[0]), fabs(f[1]));
}

/* Solves (1 + R K) x = f for the drain and the source. By columns K has a positive diagonal that is
 * not below the sum of the others, which are not positive, so the determinant is at least 1. */
static void solve(const eq_mosfet *q, const inner *in, const double *f, double *x) {
    double a = 1.0 + q->r[0] * in->k[D][D], b = q->r[0] * in->k[D][S];
    double c = q->r[1] * in->k[S][D], d = 1.0 + q->r[1] * in->k[S][S], det = a * d - b * c;
    x[0] = (d * f[0] - b * f[1]) / det;
    x[1] = (a * f[1] - c * f[0]) / det;
}

/* All currents flow downhill, so the inner potentials lie between those of drain, source and bulk;
 * f_drain grows with the inner drain, and f_source, with the drain solved for, with the inner source
 * (f is an M-function: Rheinboldt 1970). */
static double halved(const eq_mosfet *q, const double *z, double *v, int e, inner *in) {
    double low = fmin(z[D], fmin(z[S], z[B])), high = fmax(z[D], fmax(z[S], z[B])), f[2] = {0};
    for (int k = 0; k < 60; k++) {
        double middle = v[end_of[e]] = 0.5 * (low + high);
        if (e == EQ_MOS_SOURCE)
            halved(q, z, v, EQ_MOS_DRAIN, in);
        else
            evaluate(q, v, in);
        mismatch(q, z, v, in, f);
        if (f[e] > 0.0)
            high = middle;
        else
            low = middle;
    }
    return f[e];
}

/* One step of Newton, halved until |f| falls; false: it does not, or no step is left beside the
 * rounding of the potentials. */
static bool step(const eq_mosfet *q, const double *z, double *v, inner *in, double *f, double size,
                 double *worst) {
    double x[EQ_MOS_ENDS], from[EQ_MOS_ENDS] = {v[D], v[S]}, t = 1.0;
    inner next;
    solve(q, in, f, x);
    double least = DBL_EPSILON * size, length = fmax(fabs(x[0]), fabs(x[1]));
    for (int k = 0; k < 12 && t * length > least; k++, t *= 0.5) {
        double g[EQ_MOS_ENDS];
        v[D] = from[0] - t * x[0];
        v[S] = from[1] - t * x[1];
        evaluate(q, v, &next);
        double now = mismatch(q, z, v, &next, g);
        if (!(now < *worst)) continue;
        *in = next;
        *worst = now;
        memcpy(f, g, sizeof g);
        return true;
    }
    v[D] = from[0];
    v[S] = from[1];
    return false;
}

/* Junctions start no further forward than where the resistance alone could drive them. */
static void begin(const eq_mosfet *q, const double *z, double *v) {
    memcpy(v, z, NODES * sizeof *v);
    for (int e = 0; e < EQ_MOS_ENDS; e++) {
        double u = z[B] - z[end_of[e]], most;
        if (!(u > 0.0 && q->r[e] > 0.0)) continue;
        most = q->vt * log1p(u / (q->r[e] * q->is[e]));
        if (most < u) v[end_of[e]] = z[B] - most;
    }
}

/* The inner potentials v at the outer ones z, by Newton, and where that does not arrive by halving
 * an interval. */
static void descend(const eq_mosfet *q, const double *z, double *v, inner *in) {
    double f[EQ_MOS_ENDS], size = fabs(z[D]) + fabs(z[S]) + fabs(z[B]), worst;
    begin(q, z, v);
    evaluate(q, v, in);
    if (q->r[0] == 0.0 && q->r[1] == 0.0) return;
    worst = mismatch(q, z, v, in, f);
    for (int k = 0; k < 60 && worst > 0.0; k++)
        if (!step(q, z, v, in, f, size, &worst)) break;
    if (worst <= 1e-12 * size) return;
    halved(q, z, v, EQ_MOS_SOURCE, in);
    worst = mismatch(q, z, v, in, f);
    while (worst > 0.0 && step(q, z, v, in, f, size, &worst)) continue;
}

/* The current into the terminal of the end whose resistance takes most of a change of the drop: by
 * its drop, where rounding of the inner potential is not multiplied by the slope of the channel. */
static void ends(const eq_mosfet *q, const double *z, const double *v, const inner *in, double *i) {
    double weight[EQ_MOS_ENDS];
    for (int e = 0; e < EQ_MOS_ENDS; e++) weight[e] = q->r[e] * in->k[end_of[e]][end_of[e]];
    int e = weight[0] >= weight[1] ? EQ_MOS_DRAIN : EQ_MOS_SOURCE, at = end_of[e];
    i[G] = 0.0;
    i[B] = in->i[B];
    i[at] = weight[e] > 1.0 ? (z[at] - v[at]) / q->r[e] : in->i[at];
    i[end_of[1 - e]] = -(i[at] + i[B]);
}

static void turn(const eq_mosfet *q, const double *z, double *own) {
    for (int n = 0; n < NODES; n++) own[n] = q->type * z[n];
}

/* The last column and row by the others: only drops count, and what flows in flows out. */
static void close_sums(double g[NODES][NODES]) {
    for (int b = 0; b < NODES; b++) g[G][b] = 0.0;
    g[D][S] = -(g[D][D] + g[D][G] + g[D][B]);
    g[B][S] = -(g[B][D] + g[B][G] + g[B][B]);
    for (int b = 0; b < NODES; b++) g[S][b] = -(g[D][b] + g[B][b]);
}

/* With v' = v - R i(v', ..) the inner drain and source move by (1 + R K)^-1 (e_b - R K_b), b an
 * outer node. */
void eq_mosfet_port(const eq_mosfet *q, const double *z, double *i, double g[NODES][NODES]) {
    double own[NODES], v[NODES];
    inner in;
    turn(q, z, own);
    descend(q, own, v, &in);
    ends(q, own, v, &in, i);
    for (int n = 0; n < NODES; n++) i[n] *= q->type;
    for (int b = 0; b < NODES; b++) {
        double right[EQ_MOS_ENDS], x[EQ_MOS_ENDS];
        bool outer = b == D || b == S;
        for (int e = 0; e < EQ_MOS_ENDS; e++)
            right[e] = outer ? (b == end_of[e]) : -q->r[e] * in.k[end_of[e]][b];
        solve(q, &in, right, x);
        for (int a = 0; a < NODES; a++)
            g[a][b] = (outer ? 0.0 : in.k[a][b]) + in.k[a][D] * x[0] + in.k[a][S] * x[1];
    }
    close_sums(g);
}

/* The same with what the currents change by at the inner potentials. */
void eq_mosfet_change(const eq_mosfet *q, const double *z, const eq_mos_change *change,
                      double *di) {
    double own[NODES], v[NODES], now[NODES] = {0}, right[EQ_MOS_ENDS], x[EQ_MOS_ENDS], sum = 0.0;
    inner in;
    eq_mos_channel c;
    turn(q, z, own);
    descend(q, own, v, &in);
    int low = lower_end(v), high = low == S ? D : S;
    q->law(q->number, v[G] - v[low], v[high] - v[low], v[B] - v[low], &c);
    for (int k = 0; k < EQ_MOS_LAWS; k++)
        if (change->number[k] != 0.0) sum += c.by[k] * change->number[k];
    now[high] += sum;
    now[low] -= sum;
    for (int e = 0; e < EQ_MOS_ENDS; e++) {
        eq_mosfet bare = *q;
        double i, slope;
        bare.gmin = 0.0;
        junction(&bare, change->is[e], v[B] - v[end_of[e]], &i, &slope);
        now[B] += i;
        now[end_of[e]] -= i;
    }
    for (int e = 0; e < EQ_MOS_ENDS; e++) right[e] = -q->r[e] * now[end_of[e]];
    solve(q, &in, right, x);
    for (int a = 0; a < NODES; a++)
        di[a] = q->type * (now[a] + in.k[a][D] * x[0] + in.k[a][S] * x[1]);
    di[G] = 0.0;
}

static double clamped(double x, double low, double high) {
    return fmin(fmax(x, low), high);
}

/* A gate voltage steps by more than its distance from the threshold, and two volts, in no direction,
 * and stops half a volt behind the threshold when it comes over it (Nagel 1975, section 4.4, as
 * SPICE has it since). */
static double limit_gate(double old, double now, double von) {
    double over = old - von, reach = 2.0 * fabs(over) + 2.0;
    if (over >= 3.5) return clamped(now, von + 2.0, old + reach);
    if (over >= 0.0) return clamped(now, von - 0.5, von + 4.0);
    return clamped(now, old - reach, von + 0.5);
}

/* The same of the drop between drain and source. */
static double limit_drain(double old, double now) {
    return old >= 3.5 ? clamped(now, 2.0, 3.0 * old + 2.0) : clamped(now, -0.5, 4.0);
}

int eq_mosfet_limit(const eq_mosfet *q, double von, const double *vcrit, const double *old,
                    double *z) {
    double was[NODES], now[NODES];
    turn(q, old, was);
    turn(q, z, now);
    bool forward = was[D] >= was[S];
    int low = forward ? S : D, high = forward ? D : S, end = forward ? EQ_MOS_SOURCE : EQ_MOS_DRAIN;
    double vg = now[G] - now[low], vd = now[high] - now[low], vb = now[B] - now[low];
    double gate = limit_gate(was[G] - was[low], vg, von);
    double drain = limit_drain(was[high] - was[low], vd + gate - vg);
    double bulk = vb, *at = &bulk, top = 0.0;
    if (drain < 0.0) { /* the junction of the other end */
        end = 1 - end;
        top = vb - drain;
        at = &top;
    }
    int other = end_of[end];
    bool moved = eq_pnjlim(q->vt, vcrit[end], was[B] - was[other], at);
    if (drain < 0.0) bulk = top + drain;
    moved = moved || gate != vg || drain != vd;
    if (!moved) return 0;
    now[G] = now[low] + gate;
    now[high] = now[low] + drain;
    now[B] = now[low] + bulk;
    turn(q, now, z);
    return 1;
}
