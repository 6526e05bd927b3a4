#include "devices/transistors/ekv_law.h"

/* y of 2 y + ln y = v (eqs. 41 to 43, y the root of 1/4 + i less 1/2): the function of y is concave,
 * so that Newton's method from the left stays there. */
static double inversion(double v) {
    if (v < -37.0) return exp(v); /* 2 y is rounding beside v */
    double e = exp(fmin(v, 1.0)),
           y = v > 1.0 ? 0.5 * (v - log(0.5 * (1.0 + v))) : e / (1.0 + 2.0 * e);
    for (int k = 0; k < 50; k++) {
        double next = y * (1.0 + v - log(y)) / (1.0 + 2.0 * y), step = fabs(next - y);
        y = next;
        if (step <= 1e-9 * y) break;
    }
    return y;
}

/* The same with its slope, dy/dv = y/(1 + 2 y). */
static eq_dual charge(eq_dual v) {
    double y = inversion(v.v);
    return eq_dual_map(y, y / (1.0 + 2.0 * y), v);
}

/* By how much ln y falls where v falls by x: t of 2 y (1 - e^-t) + t = x, whose left side is concave
 * in t. */
static double fall(double y, double x) {
    double t = fmax(x / (1.0 + 2.0 * y), x - 2.0 * y);
    for (int k = 0; k < 100 && t > 0.0; k++) {
        double less = -expm1(-t), step = (x - t - 2.0 * y * less) / (1.0 + 2.0 * y * (1.0 - less));
        t += step;
        if (fabs(step) <= 1e-9 * t) break;
    }
    return t;
}

/* The pinch-off potential above -phi is the square of this root; none where the gate is below flat
 * band (eqs. 34 and 38). */
static eq_dual pinch(eq_dual vg, eq_dual gamma) {
    eq_dual half = eq_dual_scale(0.5, gamma);
    if (vg.v <= 0.0) return eq_dual_of(0.0);
    return eq_dual_div(vg, eq_dual_add(eq_dual_hypot(eq_dual_sqrt(vg), half), half));
}

/* What the law works out on its way. */
typedef struct channel {
    const eq_dual *w;
    eq_dual ut, s, vds;        /* vds: of the transistor */
    eq_dual gate, root, vp;    /* effective gate potential; root and pinch-off */
    eq_dual y, charge_d;       /* inversion charges at the ends */
    eq_dual half, reach, vdss; /* vds/2, what of it the channel takes; saturation */
    eq_dual bend;              /* of the transition to saturation */
} channel;

/* Charge sharing of short and narrow channels (eqs. 35 to 37). */
static eq_dual body_effect(const channel *c) {
    const eq_dual *w = c->w;
    eq_dual limit = eq_dual_scale(4.0, c->ut), source = eq_dual_add(w[EQ_EKV_PHI], c->s);
    eq_dual ends = eq_dual_add(eq_dual_sqrt(eq_dual_above(source, limit)),
                               eq_dual_sqrt(eq_dual_above(eq_dual_add(source, c->vds), limit)));
    eq_dual shared = eq_dual_sub(eq_dual_mul(w[EQ_EKV_LETA], ends),
                                 eq_dual_mul(w[EQ_EKV_WETA], pinch(c->gate, w[EQ_EKV_GAMMA])));
    return eq_dual_above(eq_dual_sub(w[EQ_EKV_GAMMA], shared),
                         eq_dual_sqrt(eq_dual_scale(0.1, c->ut)));
}

/* vc (root of 1/4 + x ut/vc, less 1/2). */
static eq_dual saturation(eq_dual vc, eq_dual ut, eq_dual x) {
    eq_dual root = eq_dual_sqrt(eq_dual_plus(0.25, eq_dual_div(eq_dual_mul(x, ut), vc)));
    return eq_dual_div(eq_dual_mul(x, ut), eq_dual_plus(0.5, root));
}

/* hypot(vdss, bend) - hypot(half - vdss, bend), exact where half vanishes. */
static eq_dual taken(eq_dual half, eq_dual vdss, eq_dual bend) {
    eq_dual sum =
        eq_dual_add(eq_dual_hypot(vdss, bend), eq_dual_hypot(eq_dual_sub(half, vdss), bend));
    return eq_dual_mul(half, eq_dual_div(eq_dual_sub(eq_dual_scale(2.0, vdss), half), sum));
}

/* i_f - i_r', which vanishes with vds without cancelling (eqs. 44 to 50 and 56). */
static eq_dual normalized(channel *c) {
    const eq_dual *w = c->w;
    eq_dual y = c->y, i = eq_dual_mul(y, eq_dual_plus(1.0, y)), root = eq_dual_sqrt(i);
    eq_dual vc = eq_dual_mul(w[EQ_EKV_UCRIT], w[EQ_EKV_L]);
    eq_dual v = eq_dual_div(eq_dual_sub(c->vp, c->s), c->ut);
    eq_dual log_i = v.v < -37.0 ? v : eq_dual_log(i);
    c->vdss = saturation(vc, c->ut, root);
    eq_dual less = eq_dual_sub(root, eq_dual_div(c->vdss, c->ut));
    c->bend =
        eq_dual_mul(eq_dual_scale(4.0, c->ut),
                    eq_dual_sqrt(eq_dual_plus(1.0 / 64.0, eq_dual_mul(w[EQ_EKV_LAMBDA], less))));
    c->reach = taken(c->half, c->vdss, c->bend);
    eq_dual late = saturation(vc, c->ut, eq_dual_sub(root, eq_dual_scale(0.75, log_i)));
    eq_dual shift = eq_dual_plus(-0.6, eq_dual_log(eq_dual_div(vc, eq_dual_scale(2.0, c->ut))));
    late = eq_dual_add(late, eq_dual_mul(c->ut, shift));
    eq_dual x = eq_dual_div(eq_dual_add(c->half, taken(c->half, late, c->bend)), c->ut);
    double t = fall(y.v, x.v), kept = exp(-t), gone = -expm1(-t), r = y.v * kept;
    /* y (y + 1) - r (r + 1) with r = y e^-t; by v: y - r, by x: r */
    return eq_dual_chain(y.v * gone * (y.v + r + 1.0), y.v * gone, v, r, x);
}

/* Channel length modulation and velocity saturation (eqs. 52 to 55). */
static eq_dual length(const channel *c) {
    const eq_dual *w = c->w;
    eq_dual lost =
        eq_dual_div(eq_dual_sub(c->half, c->reach), eq_dual_mul(w[EQ_EKV_LC], w[EQ_EKV_UCRIT]));
    lost = eq_dual_mul(eq_dual_mul(w[EQ_EKV_LAMBDA], w[EQ_EKV_LC]),
                       eq_dual_log(eq_dual_plus(1.0, lost)));
    eq_dual slow = eq_dual_div(eq_dual_add(c->half, c->reach), w[EQ_EKV_UCRIT]);
    return eq_dual_above(eq_dual_add(eq_dual_sub(w[EQ_EKV_L], lost), slow),
                         eq_dual_scale(0.1, w[EQ_EKV_L]));
}

/* The charges of inversion and depletion [V] (eqs. 69 to 75): y and r those at the ends. */
typedef struct layers {
    eq_dual nq, inversion, bulk;
} layers;

/* (4/3 (xf^2 + xf xr + xr^2)/(xf + xr) - 1) of the report with xf = 1/2 + y, xr = 1/2 + r: nothing
 * cancels below threshold. */
static eq_dual filled(eq_dual y, eq_dual r) {
    eq_dual s = eq_dual_add(y, r), square = eq_dual_sub(eq_dual_mul(s, s), eq_dual_mul(y, r));
    return eq_dual_div(eq_dual_add(s, eq_dual_scale(4.0 / 3.0, square)), eq_dual_plus(1.0, s));
}

/* Below flat band the bulk has what the gate is below it. */
static layers charge_layers(const channel *c) {
    eq_dual gamma = c->w[EQ_EKV_GAMMA], root = eq_dual_hypot(c->root, eq_dual_of(1e-3));
    eq_dual more = eq_dual_div(eq_dual_scale(0.5, gamma), root); /* nq - 1 */
    layers l = {.nq = eq_dual_plus(1.0, more)};
    l.inversion =
        eq_dual_scale(-1.0, eq_dual_mul(eq_dual_mul(l.nq, c->ut), filled(c->y, c->charge_d)));
    eq_dual held = eq_dual_mul(eq_dual_div(more, l.nq), l.inversion);
    l.bulk = eq_dual_scale(-1.0, eq_dual_add(eq_dual_mul(gamma, root), held));
    if (c->gate.v <= 0.0) l.bulk = eq_dual_sub(l.bulk, c->gate);
    return l;
}

/* By what the vertical field lowers the mobility: with e0 by the charges of depletion and inversion
 * (eqs. 60 to 62), else by theta (eqs. 63 and 64). */
static eq_dual mobility(const channel *c, double eta) {
    const eq_dual *w = c->w;
    if (w[EQ_EKV_PER_E0].v == 0.0) {
        eq_dual vp = eq_dual_above(c->vp, eq_dual_scale(sqrt(2.0), c->ut));
        return eq_dual_plus(1.0, eq_dual_mul(w[EQ_EKV_THETA], vp));
    }
    layers l = charge_layers(c);
    eq_dual q = eq_dual_add(l.bulk, eq_dual_scale(eta, l.inversion));
    eq_dual base = eq_dual_mul(w[EQ_EKV_GAMMA], eq_dual_sqrt(w[EQ_EKV_PHI]));
    eq_dual here =
        eq_dual_plus(1.0, eq_dual_mul(w[EQ_EKV_PER_E0], q.v < 0.0 ? eq_dual_scale(-1.0, q) : q));
    return eq_dual_div(here, eq_dual_plus(1.0, eq_dual_mul(w[EQ_EKV_PER_E0], base)));
}

/* Carriers that the field at the drain frees flow into the bulk (eqs. 67 and 68). */
static eq_dual impact(const channel *c, eq_dual ids) {
    const eq_dual *w = c->w;
    eq_dual over = eq_dual_sub(c->vds, eq_dual_mul(w[EQ_EKV_IBN], c->vdss));
    if (w[EQ_EKV_IBA].v == 0.0 || over.v <= 0.0) return eq_dual_of(0.0);
    eq_dual power = eq_dual_div(w[EQ_EKV_IBB], over);
    double e = exp(-power.v);
    return eq_dual_mul(eq_dual_mul(ids, w[EQ_EKV_IBA]),
                       eq_dual_mul(over, eq_dual_map(e, -e, power)));
}

/* Of gate, source and drop: pinch-off, and the charges at the ends. */
static channel open_channel(const eq_ekv *q, double vg, double vs, double vds) {
    const eq_dual *w = q->number;
    channel c = {.w = w,
                 .ut = eq_dual_of(q->ut),
                 .s = eq_dual_variable(vs, EQ_EKV_S),
                 .vds = eq_dual_variable(vds, EQ_EKV_DS)};
    eq_dual flat = eq_dual_sub(eq_dual_variable(vg, EQ_EKV_G), w[EQ_EKV_VT]);
    eq_dual base = eq_dual_mul(w[EQ_EKV_GAMMA], eq_dual_sqrt(w[EQ_EKV_PHI]));
    c.gate = eq_dual_add(eq_dual_add(flat, w[EQ_EKV_PHI]), base);
    c.root = pinch(c.gate, body_effect(&c));
    c.vp = eq_dual_sub(eq_dual_mul(c.root, c.root), w[EQ_EKV_PHI]);
    c.half = eq_dual_scale(0.5, c.vds);
    eq_dual from_source = eq_dual_sub(c.vp, c.s);
    c.y = charge(eq_dual_div(from_source, c.ut));
    c.charge_d = charge(eq_dual_div(eq_dual_sub(from_source, c.vds), c.ut));
    return c;
}

eq_ekv_currents eq_ekv_law(const eq_ekv *q, double vg, double vs, double vds) {
    const eq_dual *w = q->number;
    channel c = open_channel(q, vg, vs, vds);
    eq_dual i = normalized(&c), above = eq_dual_mul(c.root, c.root);
    eq_dual slope = eq_dual_sqrt(eq_dual_add(above, eq_dual_scale(4.0, c.ut)));
    eq_dual n = eq_dual_plus(1.0, eq_dual_div(eq_dual_scale(0.5, w[EQ_EKV_GAMMA]), slope));
    eq_dual beta = eq_dual_div(w[EQ_EKV_KPW], eq_dual_mul(length(&c), mobility(&c, q->eta)));
    eq_ekv_currents out;
    out.ids = eq_dual_scale(2.0 * q->ut * q->ut, eq_dual_mul(eq_dual_mul(n, beta), i));
    out.idb = impact(&c, out.ids);
    return out;
}

/* The drain's part of `filled` (eq. 72): 4/15 (3 xr^3 + 6 xr^2 xf + 4 xr xf^2 + 2 xf^3)/(xf + xr)^2 - 1/2
 * with xf = 1/2 + y, xr = 1/2 + r. */
static eq_dual drains(eq_dual y, eq_dual r) {
    eq_dual s = eq_dual_plus(1.0, eq_dual_add(y, r));
    eq_dual yy = eq_dual_mul(y, y), ry = eq_dual_mul(r, y), rr = eq_dual_mul(r, r);
    eq_dual one = eq_dual_scale(1.0 / 3.0, eq_dual_add(eq_dual_scale(2.0, r), y));
    eq_dual two = eq_dual_add(eq_dual_scale(3.0 / 2.0, rr), eq_dual_scale(5.0 / 3.0, ry));
    two = eq_dual_add(two, eq_dual_scale(5.0 / 6.0, yy));
    eq_dual by_r = eq_dual_add(eq_dual_scale(3.0, rr), eq_dual_scale(6.0, ry));
    eq_dual by_y = eq_dual_add(eq_dual_scale(4.0, ry), eq_dual_scale(2.0, yy));
    eq_dual three = eq_dual_add(eq_dual_mul(by_r, r), eq_dual_mul(by_y, y));
    eq_dual all = eq_dual_add(eq_dual_add(one, two), eq_dual_scale(4.0 / 15.0, three));
    return eq_dual_div(all, eq_dual_mul(s, s));
}

eq_ekv_charges eq_ekv_store(const eq_ekv *q, double vg, double vs, double vds) {
    channel c = open_channel(q, vg, vs, vds);
    layers l = charge_layers(&c);
    eq_dual scale = eq_dual_scale(-1.0, eq_dual_mul(l.nq, c.ut)),
            drain = eq_dual_mul(scale, drains(c.y, c.charge_d));
    return (eq_ekv_charges){drain, eq_dual_sub(l.inversion, drain), l.bulk};
}
