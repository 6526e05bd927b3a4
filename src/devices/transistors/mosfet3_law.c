#include "devices/transistors/mosfet3_law.h"

#include <stdbool.h>

/* What the law makes of the drops. */
typedef struct point {
    const eq_dual *w;
    double vt;
    eq_dual vds, body, vth, von, n; /* n: vgs over vt in weak inversion */
} point;

/* The part of the body effect that a short channel leaves: the charge below it is a trapezium
 * between cylindrical junctions (Dang 1979). */
static eq_dual short_channel(const eq_dual *w, eq_dual root) {
    double xj = w[EQ_MOS3_XJ].v, reach = xj > 0.0 ? w[EQ_MOS3_LD].v / xj : 0.0;
    if (xj == 0.0 || w[EQ_MOS3_XD].v == 0.0) return eq_dual_of(1.0);
    eq_dual deep = eq_dual_scale(w[EQ_MOS3_XD].v / xj, root);
    eq_dual wide = eq_dual_mul(deep, eq_dual_plus(0.8013292, eq_dual_scale(-0.01110777, deep)));
    eq_dual part = eq_dual_div(deep, eq_dual_plus(1.0, deep));
    eq_dual arc = eq_dual_sqrt(eq_dual_plus(1.0, eq_dual_scale(-1.0, eq_dual_mul(part, part))));
    eq_dual lost = eq_dual_mul(eq_dual_plus(0.0631353 + reach, wide), arc);
    eq_dual ratio = eq_dual_div(eq_dual_of(xj), w[EQ_MOS3_LENGTH]);
    return eq_dual_plus(1.0, eq_dual_scale(-1.0, eq_dual_mul(ratio, eq_dual_plus(-reach, lost))));
}

/* The threshold vbi - eta vds/l^3 + gamma fs sqrt(phi - vbs) + narrow (phi - vbs)/w, and n, by which
 * weak inversion is weaker than exp(vgs/vt). */
static point point_at(const eq_dual *w, double vt, eq_dual vds, eq_dual vbs) {
    point p = {.w = w, .vt = vt, .vds = vds};
    eq_dual root = eq_mos_root(w[EQ_MOS_SURFACE], vbs), depth = eq_dual_mul(root, root);
    eq_dual gamma = eq_dual_mul(w[EQ_MOS_GAMMA], short_channel(w, root));
    eq_dual narrow = eq_dual_div(w[EQ_MOS3_NARROW], w[EQ_MOS3_WIDTH]);
    eq_dual length = w[EQ_MOS3_LENGTH];
    eq_dual eta = eq_dual_div(w[EQ_MOS3_ETA], eq_dual_mul(length, eq_dual_mul(length, length)));
    eq_dual charge = eq_dual_add(eq_dual_mul(gamma, root), eq_dual_mul(narrow, depth));
    p.body = eq_dual_add(eq_dual_scale(0.25, eq_dual_div(gamma, root)), narrow);
    p.vth = eq_dual_sub(eq_dual_add(w[EQ_MOS_VBI], charge), eq_dual_mul(eta, vds));
    p.n = eq_dual_plus(1.0 + w[EQ_MOS3_NFS].v, eq_dual_scale(0.5, eq_dual_div(charge, depth)));
    p.von = w[EQ_MOS3_NFS].v == 0.0 ? p.vth : eq_dual_add(p.vth, eq_dual_scale(vt, p.n));
    return p;
}

/* By how much the pinch-off shortens the channel where carriers have any speed (Baum and Beneking
 * 1970): sqrt(kappa xd^2 (vds - 7/8 vdsat)), below vdsat a fourth power that meets it there. */
static eq_dual pinched(const point *p, eq_dual vdsat) {
    double alpha = p->w[EQ_MOS3_XD].v * p->w[EQ_MOS3_XD].v;
    eq_dual per_volt = eq_dual_scale(alpha, p->w[EQ_MOS3_KAPPA]);
    bool saturated = p->vds.v > vdsat.v;
    eq_dual drop = eq_dual_scale(0.125, vdsat);
    if (saturated) drop = eq_dual_add(drop, eq_dual_sub(p->vds, vdsat));
    eq_dual by = eq_dual_sqrt(eq_dual_mul(per_volt, drop));
    if (saturated) return by;
    eq_dual part = eq_dual_div(p->vds, vdsat), square = eq_dual_mul(part, part);
    return eq_dual_mul(by, eq_dual_mul(square, square));
}

/* The same where they have not: sqrt(a^2 + kappa xd^2 (vds - vdsat)) - a with a = xd^2 e/2, e the
 * field where they saturate, of the current i and the part f of it that their speed leaves. */
static eq_dual pinched_at_speed(const point *p, eq_dual vdsat, eq_dual critical, eq_dual i,
                                eq_dual f) {
    double alpha = p->w[EQ_MOS3_XD].v * p->w[EQ_MOS3_XD].v;
    eq_dual kappa = p->w[EQ_MOS3_KAPPA], over = eq_dual_sub(p->vds, vdsat);
    if (alpha == 0.0 || over.v <= 0.0) return eq_dual_of(0.0);
    eq_dual rest = eq_dual_plus(1.0, eq_dual_scale(-1.0, f));
    eq_dual slope = eq_dual_div(eq_dual_mul(i, rest), critical);
    if (slope.v < 1e-12) slope = eq_dual_of(1e-12);
    eq_dual field = eq_dual_div(eq_dual_mul(kappa, i), eq_dual_mul(p->w[EQ_MOS3_LENGTH], slope));
    eq_dual a = eq_dual_scale(0.5 * alpha, field);
    eq_dual square = eq_dual_scale(alpha, eq_dual_mul(kappa, over));
    eq_dual root = eq_dual_sqrt(eq_dual_add(eq_dual_mul(a, a), square));
    if (root.v == 0.0) return eq_dual_of(0.0);
    return eq_dual_div(square, eq_dual_add(root, a));
}

/* i l/(l - by); from half the length on `by` grows to the whole no more than as l - l^2/(4 by), so
 * that the channel is not punched through. */
static eq_dual shortened(eq_dual i, eq_dual length, eq_dual by) {
    if (by.v == 0.0 && by.d[EQ_MOS_BY_NUMBERS] == 0.0) return i;
    eq_dual left = eq_dual_sub(length, by);
    if (by.v > 0.5 * length.v)
        left = eq_dual_scale(0.25, eq_dual_div(eq_dual_mul(length, length), by));
    return eq_dual_div(eq_dual_mul(i, length), left);
}

/* Where the current saturates at `over` volts above the threshold: over/(1 + body), and where carriers
 * have a greatest speed, at the drop c, a + c - sqrt(a^2 + c^2) of that, a. */
static eq_dual saturation(const point *p, eq_dual over, eq_dual resist, eq_dual *critical) {
    const eq_dual *w = p->w;
    eq_dual a = eq_dual_div(over, eq_dual_plus(1.0, p->body));
    *critical = eq_dual_of(0.0);
    if (!(w[EQ_MOS3_VMAX].v > 0.0)) return a;
    eq_dual c = eq_dual_scale(w[EQ_MOS3_VMAX].v / w[EQ_MOS3_MOBILITY].v,
                              eq_dual_mul(w[EQ_MOS3_LENGTH], resist));
    eq_dual root = eq_dual_sqrt(eq_dual_add(eq_dual_mul(a, a), eq_dual_mul(c, c)));
    *critical = c;
    return eq_dual_div(eq_dual_scale(2.0, eq_dual_mul(a, c)), eq_dual_add(eq_dual_add(a, c), root));
}

/* By what the gate lowers the mobility. */
static eq_dual resistance(const point *p, eq_dual over) {
    return eq_dual_plus(1.0, eq_dual_mul(p->w[EQ_MOS3_THETA], over));
}

/* The current in strong inversion at `over` volts above the threshold. */
static eq_dual strong(const point *p, eq_dual over) {
    const eq_dual *w = p->w;
    bool slow = w[EQ_MOS3_VMAX].v > 0.0;
    eq_dual resist = resistance(p, over), critical;
    eq_dual body = eq_dual_plus(1.0, p->body), vdsat = saturation(p, over, resist, &critical);
    eq_dual drop = eq_dual_min(p->vds, vdsat);
    eq_dual charge = eq_dual_sub(over, eq_dual_scale(0.5, eq_dual_mul(body, drop)));
    eq_dual i = eq_dual_div(eq_dual_mul(w[EQ_MOS_BETA], eq_dual_mul(charge, drop)), resist);
    eq_dual by;
    if (slow) {
        eq_dual f = eq_dual_div(critical, eq_dual_add(critical, drop));
        i = eq_dual_mul(i, f);
        by = pinched_at_speed(p, vdsat, critical, i, f);
    } else {
        by = pinched(p, vdsat);
    }
    return shortened(i, w[EQ_MOS3_LENGTH], by);
}

eq_dual eq_mos3_current(const eq_dual *number, double vt, eq_dual vgs, eq_dual vds, eq_dual vbs) {
    point p = point_at(number, vt, vds, vbs);
    bool states = number[EQ_MOS3_NFS].v != 0.0, weak = vgs.v < p.von.v;
    if (!states && vgs.v <= p.von.v) return eq_dual_of(0.0);
    eq_dual i = strong(&p, eq_dual_sub(weak ? p.von : vgs, p.vth));
    if (!weak) return i;
    eq_dual under = eq_dual_div(eq_dual_sub(vgs, p.von), eq_dual_scale(vt, p.n));
    return eq_dual_mul(i, eq_dual_exp(under));
}

static point at_rest(const double *number, eq_dual *w, double vt, double vds, double vbs) {
    for (int k = 0; k < EQ_MOS3_LAWS; k++) w[k] = eq_dual_of(number[k]);
    return point_at(w, vt, eq_dual_of(vds), eq_dual_of(vbs));
}

double eq_mos3_threshold(const double *number, double vt, double vds, double vbs) {
    eq_dual w[EQ_MOS3_LAWS];
    return at_rest(number, w, vt, vds, vbs).von.v;
}

double eq_mos3_saturation(const double *number, double vt, double vgs, double vds, double vbs) {
    eq_dual w[EQ_MOS3_LAWS], critical;
    point p = at_rest(number, w, vt, vds, vbs);
    bool states = number[EQ_MOS3_NFS] != 0.0;
    if (!states && vgs <= p.von.v) return 0.0;
    eq_dual over = eq_dual_sub(eq_dual_of(fmax(vgs, p.von.v)), p.vth);
    return saturation(&p, over, resistance(&p, over), &critical).v;
}
