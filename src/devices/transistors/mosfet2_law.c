#include "devices/transistors/mosfet2_law.h"

#include <stdbool.h>

/* What the law makes of the drops. */
typedef struct point {
    const eq_dual *w;
    double vt;
    eq_dual vds, vbs, depth;            /* depth: phi - vbs */
    eq_dual source, drain;              /* the roots of phi - vbs and phi - vbd */
    eq_dual narrow, eta, vbin;          /* 1 + narrow; the threshold without its body effect */
    eq_dual gamma, von, n;              /* gamma without the junctions' part */
    eq_dual gate, over, mobility, fall; /* vgs in strong inversion, above vbin over eta; u/u0 */
} point;

static bool has_states(const point *p) {
    return p->w[EQ_MOS2_NFS].v != 0.0;
}

/* d root/d vb of eq_mos_root, as a number with slopes. */
static eq_dual root_slope(eq_dual phi, eq_dual vb, eq_dual root) {
    eq_dual flat = eq_dual_sqrt(phi);
    if (vb.v <= 0.0) return eq_dual_div(eq_dual_of(-0.5), root);
    return eq_dual_scale(-0.5, eq_dual_div(eq_dual_mul(root, root), eq_dual_mul(phi, flat)));
}

/* The root at vb - u less that at vb, without the difference of equals where u is small. */
static eq_dual root_rise(eq_dual phi, eq_dual vb, eq_dual u, eq_dual at, eq_dual beyond) {
    eq_dual low = eq_dual_sub(vb, u), flat = eq_dual_sqrt(phi);
    if (vb.v <= 0.0 && low.v <= 0.0) return eq_dual_div(u, eq_dual_add(at, beyond));
    if (vb.v > 0.0 && low.v > 0.0)
        return eq_dual_scale(
            0.5, eq_dual_div(eq_dual_mul(u, eq_dual_mul(at, beyond)), eq_dual_mul(phi, flat)));
    return eq_dual_sub(beyond, at);
}

/* The share of gamma that a junction takes over, as a part of a cylinder of radius xj, and the slope of
 * gamma by vbs. */
static void short_channel(point *p, eq_dual root, eq_dual slope, eq_dual *left, eq_dual *by_vb) {
    double xj = p->w[EQ_MOS2_XJ].v, xd = p->w[EQ_MOS2_XD].v;
    if (xj == 0.0) return;
    eq_dual arc = eq_dual_sqrt(eq_dual_plus(1.0, eq_dual_scale(2.0 * xd / xj, root)));
    eq_dual part = eq_dual_scale(0.5 * xj, eq_dual_plus(-1.0, arc));
    eq_dual more = eq_dual_scale(0.5 * xd, eq_dual_div(slope, arc));
    *left = eq_dual_sub(*left, eq_dual_div(part, p->w[EQ_MOS2_LENGTH]));
    *by_vb = eq_dual_sub(*by_vb, eq_dual_div(more, p->w[EQ_MOS2_LENGTH]));
}

/* The threshold vbi + narrow (phi - vbs) + gamma sqrt(phi - vbs), and n, by which weak inversion is
 * weaker than exp(vgs/vt): 1 + the share of the surface states - d von/d vbs. */
static point point_at(const eq_dual *w, double vt, eq_dual vds, eq_dual vbs) {
    point p = {.w = w, .vt = vt, .vds = vds, .vbs = vbs};
    eq_dual phi = w[EQ_MOS_SURFACE], vbd = eq_dual_sub(vbs, vds);
    eq_dual left = eq_dual_of(1.0), by_vb = eq_dual_of(0.0);
    p.depth = eq_dual_sub(phi, vbs);
    p.source = eq_mos_root(phi, vbs);
    p.drain = eq_mos_root(phi, vbd);
    p.narrow = eq_dual_div(w[EQ_MOS2_NARROW], w[EQ_MOS2_WIDTH]);
    p.eta = eq_dual_plus(1.0, p.narrow);
    p.vbin = eq_dual_add(w[EQ_MOS_VBI], eq_dual_mul(p.narrow, p.depth));
    eq_dual slope = root_slope(phi, vbs, p.source);
    short_channel(&p, p.source, slope, &left, &by_vb);
    short_channel(&p, p.drain, root_slope(phi, vbd, p.drain), &left, &by_vb);
    p.gamma = eq_dual_mul(w[EQ_MOS_GAMMA], left);
    by_vb = eq_dual_mul(w[EQ_MOS_GAMMA], by_vb);
    p.von = eq_dual_add(p.vbin, eq_dual_mul(p.gamma, p.source));
    eq_dual by_bulk = eq_dual_add(eq_dual_mul(p.gamma, slope), eq_dual_mul(by_vb, p.source));
    p.n = eq_dual_plus(1.0 + w[EQ_MOS2_NFS].v, eq_dual_sub(p.narrow, by_bulk));
    if (has_states(&p)) p.von = eq_dual_add(p.von, eq_dual_scale(vt, p.n));
    return p;
}

/* What the gate makes of the point: the mobility falls by (crit/(vgs - von))^uexp. */
static void open_gate(point *p, eq_dual vgs) {
    const eq_dual *w = p->w;
    eq_dual above = eq_dual_sub(vgs, p->von);
    double crit = w[EQ_MOS2_CRIT].v, power = w[EQ_MOS2_UEXP].v;
    p->fall = eq_dual_of(1.0);
    if (above.v > crit) {
        double fall = pow(crit / above.v, power);
        p->fall = eq_dual_map(fall, -power * fall / above.v, above);
    }
    p->mobility = eq_dual_mul(w[EQ_MOS2_MOBILITY], p->fall);
    p->gate = has_states(p) ? eq_dual_max(vgs, p->von) : vgs;
    p->over = eq_dual_div(eq_dual_sub(p->gate, p->vbin), p->eta);
}

/* Where the charge of the channel vanishes at the drain (Grove and Frohman-Bentchkowsky; ngspice
 * manual). */
static eq_dual pinch_off(const point *p) {
    eq_dual gamma = eq_dual_div(p->gamma, p->eta), top = eq_dual_add(p->over, p->depth);
    eq_dual drop = p->over;
    if (gamma.v > 0.0) {
        if (top.v <= 0.0) return eq_dual_of(0.0);
        eq_dual part = eq_dual_div(eq_dual_scale(4.0, top), eq_dual_mul(gamma, gamma));
        eq_dual root = eq_dual_sqrt(eq_dual_plus(1.0, part));
        drop = eq_dual_sub(drop, eq_dual_div(eq_dual_scale(2.0, top), eq_dual_plus(1.0, root)));
    }
    return drop.v > 0.0 ? drop : eq_dual_of(0.0);
}

/* x^4 + a x^3 + b x^2 + c x + d. */
typedef struct quartic {
    double a, b, c, d;
} quartic;

static double slope_at(const quartic *q, double x) {
    return ((4.0 * x + 3.0 * q->a) * x + 2.0 * q->b) * x + q->c;
}

/* The smallest positive root of the two quadratic factors, refined; 0: none. */
static double smallest_root(const quartic *q, double y) {
    double wide = sqrt(fmax(0.25 * q->a * q->a - q->b + y, 0.0)), best = 0.0;
    double high = wide > 0.0 ? (0.5 * q->a * y - q->c) / (2.0 * wide) : 0.0;
    for (int side = -1; side <= 1; side += 2) {
        double half = 0.25 * q->a + side * 0.5 * wide, product = 0.5 * y + side * high;
        double left = half * half - product;
        if (left < 0.0) continue;
        for (int sign = -1; sign <= 1; sign += 2) {
            double x = -half + sign * sqrt(left);
            if (x > 0.0 && (best == 0.0 || x < best)) best = x;
        }
    }
    for (int k = 0; k < 3 && best > 0.0; k++) {
        double slope = slope_at(q, best);
        double value = (((best + q->a) * best + q->b) * best + q->c) * best + q->d;
        if (slope != 0.0 && fabs(value / slope) < 1e-3 * best) best -= value / slope;
    }
    return best;
}

/* The largest root of Ferrari's resolvent in the case where ngspice finds it, which is where it is one
 * of three or s < 0; NAN: elsewhere, where ngspice finds no root of the quartic (measured). */
static double resolvent(const quartic *q) {
    double a = -q->b, b = q->a * q->c - 4.0 * q->d;
    double c = -q->d * (q->a * q->a - 4.0 * q->b) - q->c * q->c;
    double r = b - a * a / 3.0, s = 2.0 * a * a * a / 27.0 - a * b / 3.0 + c;
    if (s >= 0.0 || r > 0.0) return NAN;
    double p = 0.25 * s * s + r * r * r / 27.0;
    if (p < 0.0) return 2.0 * sqrt(-r / 3.0) * cos(atan(-2.0 * sqrt(-p) / s) / 3.0) - a / 3.0;
    return cbrt(-0.5 * s + sqrt(p)) + cbrt(-0.5 * s - sqrt(p)) - a / 3.0;
}

/* Where the carriers have their greatest speed: x^2 = vdsat + phi - vbs is a root of a quartic (Baum
 * and Beneking 1970; ngspice manual). Its slopes by those of the coefficients. */
static eq_dual saturation(const point *p) {
    eq_dual gamma = eq_dual_div(p->gamma, p->eta), top = eq_dual_add(p->over, p->depth);
    eq_dual speed = eq_dual_mul(p->w[EQ_MOS2_VMAX], p->w[EQ_MOS2_LENGTH]);
    eq_dual xv = eq_dual_div(speed, p->mobility), root = p->source;
    eq_dual cube = eq_dual_mul(root, eq_dual_mul(root, root));
    eq_dual a = eq_dual_scale(4.0 / 3.0, gamma), b = eq_dual_scale(-2.0, eq_dual_add(top, xv));
    eq_dual c = eq_dual_scale(-2.0, eq_dual_mul(gamma, xv));
    eq_dual d = eq_dual_scale(2.0, eq_dual_mul(top, eq_dual_add(p->depth, xv)));
    d = eq_dual_sub(d, eq_dual_mul(p->depth, p->depth));
    d = eq_dual_sub(d, eq_dual_mul(a, cube));
    quartic q = {a.v, b.v, c.v, d.v};
    double y = resolvent(&q), x = isnan(y) ? 0.0 : smallest_root(&q, y);
    if (x == 0.0) return pinch_off(p);
    eq_dual at = eq_dual_of(x), slope = eq_dual_of(slope_at(&q, x)), sum = eq_dual_mul(a, at);
    sum = eq_dual_mul(eq_dual_add(sum, b), at);
    sum = eq_dual_mul(eq_dual_add(sum, c), at);
    sum = eq_dual_add(sum, d);
    if (slope.v != 0.0)
        for (int k = 0; k < EQ_DUAL_SLOPES; k++) at.d[k] = -sum.d[k] / slope.v;
    return eq_dual_sub(eq_dual_mul(at, at), p->depth);
}

/* The part of the length that lies behind the pinch-off: lambda vds, or by the width of a depletion
 * layer. */
static eq_dual shortening(const point *p, eq_dual vdsat) {
    const eq_dual *w = p->w;
    if (w[EQ_MOS2_LAMBDA].v > 0.0 || w[EQ_MOS2_XD].v == 0.0)
        return eq_dual_mul(w[EQ_MOS2_LAMBDA], p->vds);
    eq_dual over = eq_dual_sub(p->vds, vdsat), length = w[EQ_MOS2_LENGTH];
    if (w[EQ_MOS2_VMAX].v == 0.0) {
        eq_dual quarter = eq_dual_scale(0.25, over);
        eq_dual root = eq_dual_sqrt(eq_dual_plus(1.0, eq_dual_mul(quarter, quarter)));
        eq_dual part = eq_dual_sqrt(eq_dual_add(quarter, root));
        return eq_dual_div(eq_dual_mul(w[EQ_MOS2_XD], part), length);
    }
    eq_dual xdv = w[EQ_MOS2_XDV];
    eq_dual begin = eq_dual_scale(0.5 * w[EQ_MOS2_VMAX].v, eq_dual_div(xdv, p->mobility));
    if (over.v <= 0.0) return eq_dual_of(0.0);
    eq_dual root = eq_dual_sqrt(eq_dual_add(eq_dual_mul(begin, begin), over));
    return eq_dual_div(eq_dual_mul(xdv, eq_dual_sub(root, begin)), length);
}

/* 1/(1 - part), and no more than grows evenly once the channel is shorter than the depletion layer of
 * the drain (without a doping 0.25 um, where ngspice jumps to 0). */
static eq_dual lengthened(const point *p, eq_dual part) {
    double wall = p->w[EQ_MOS2_WALL].v, least = p->w[EQ_MOS2_XD].v > 0.0 ? wall : 0.25e-6;
    eq_dual length = p->w[EQ_MOS2_LENGTH], left = eq_dual_plus(1.0, eq_dual_scale(-1.0, part));
    if (length.v * left.v >= least) return eq_dual_div(eq_dual_of(1.0), left);
    eq_dual beyond = eq_dual_plus(wall, eq_dual_scale(-1.0, eq_dual_mul(length, left)));
    return eq_dual_mul(eq_dual_scale(1.0 / least, length),
                       eq_dual_plus(1.0, eq_dual_scale(1.0 / least, beyond)));
}

/* Where the current saturates. */
static eq_dual end_of_rise(const point *p) {
    return p->w[EQ_MOS2_VMAX].v > 0.0 ? saturation(p) : pinch_off(p);
}

/* The current at vds > 0: beta ((gate - vbin - eta u/2) u - 2/3 gamma ((phi - vbs + u)^3/2 - (phi -
 * vbs)^3/2)) with u the smaller of vds and vdsat. */
static eq_dual strong(const point *p) {
    const eq_dual *w = p->w;
    eq_dual vdsat = end_of_rise(p);
    eq_dual u = eq_dual_min(p->vds, vdsat), phi = w[EQ_MOS_SURFACE];
    eq_dual end = u.v == p->vds.v ? p->drain : eq_mos_root(phi, eq_dual_sub(p->vbs, u));
    eq_dual rise = root_rise(phi, p->vbs, u, p->source, end);
    eq_dual squares = eq_dual_add(eq_dual_mul(end, eq_dual_add(end, p->source)),
                                  eq_dual_mul(p->source, p->source));
    eq_dual body = eq_dual_scale(2.0 / 3.0, eq_dual_mul(p->gamma, eq_dual_mul(rise, squares)));
    eq_dual half = eq_dual_scale(0.5, eq_dual_mul(p->eta, u));
    eq_dual charge = eq_dual_sub(eq_dual_sub(p->gate, p->vbin), half);
    eq_dual i = eq_dual_sub(eq_dual_mul(charge, u), body);
    if (has_states(p) && vdsat.v <= 0.0) return eq_dual_of(0.0);
    eq_dual beta = eq_dual_mul(w[EQ_MOS_BETA], p->fall);
    return eq_dual_mul(eq_dual_mul(beta, lengthened(p, shortening(p, vdsat))), i);
}

/* At vds below 1e-10 V, where ngspice has no current, that of 1e-10 V times the share of it. */
eq_dual eq_mos2_current(const eq_dual *number, double vt, eq_dual vgs, eq_dual vds, eq_dual vbs) {
    const double least = 1e-10;
    bool small = vds.v < least;
    point p = point_at(number, vt, small ? eq_dual_of(least) : vds, vbs);
    if (!has_states(&p) && vgs.v <= p.vbin.v) return eq_dual_of(0.0);
    open_gate(&p, vgs);
    eq_dual i = strong(&p);
    if (has_states(&p) && vgs.v < p.von.v)
        i = eq_dual_mul(i,
                        eq_dual_exp(eq_dual_div(eq_dual_sub(vgs, p.von), eq_dual_scale(vt, p.n))));
    return small ? eq_dual_mul(i, eq_dual_scale(1.0 / least, vds)) : i;
}

static point at_rest(const double *number, eq_dual *w, double vt, double vds, double vbs) {
    for (int k = 0; k < EQ_MOS2_LAWS; k++) w[k] = eq_dual_of(number[k]);
    return point_at(w, vt, eq_dual_of(vds), eq_dual_of(vbs));
}

double eq_mos2_threshold(const double *number, double vt, double vds, double vbs) {
    eq_dual w[EQ_MOS2_LAWS];
    return at_rest(number, w, vt, vds, vbs).von.v;
}

double eq_mos2_saturation(const double *number, double vt, double vgs, double vds, double vbs) {
    eq_dual w[EQ_MOS2_LAWS];
    point p = at_rest(number, w, vt, vds, vbs);
    if (!has_states(&p) && vgs <= p.vbin.v) return 0.0;
    open_gate(&p, eq_dual_of(vgs));
    return end_of_rise(&p).v;
}
