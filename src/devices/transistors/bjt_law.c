#include "devices/transistors/bjt_law.h"

#include "devices/transistors/dual_junction.h"

/* 1/(1 - vbc/vaf - vbe/var), held behind its pole. */
static eq_dual early(const eq_bjt *q, eq_dual vbe, eq_dual vbc) {
    eq_dual left = eq_dual_sub(eq_dual_of(1.0), eq_dual_mul(q->number[EQ_BJT_IVAF], vbc));
    left = eq_dual_sub(left, eq_dual_mul(q->number[EQ_BJT_IVAR], vbe));
    return left.v < 1e-3 ? eq_dual_of(1e3) : eq_dual_div(eq_dual_of(1.0), left);
}

/* The base charge qb = q1 (1 + (1 + 4 q2)^nkf)/2. */
static eq_dual base_charge(const eq_bjt *q, eq_dual q1, eq_dual forward, eq_dual reverse) {
    eq_dual q2 = eq_dual_add(eq_dual_mul(q->number[EQ_BJT_IIKF], forward),
                             eq_dual_mul(q->number[EQ_BJT_IIKR], reverse));
    double arg = 1.0 + 4.0 * fmax(q2.v, -0.25), power = pow(arg, q->nkf);
    if (arg == 0.0) return eq_dual_scale(0.5, q1);
    return eq_dual_mul(q1, eq_dual_map(0.5 * (1.0 + power), 2.0 * q->nkf * power / arg, q2));
}

/* 3 (tan x - x)/(x tan(x)^2), 1 at 0. */
static eq_dual crowding(eq_dual x) {
    double t = tan(x.v), a = x.v * x.v;
    if (x.v < 0.02)
        return eq_dual_map(1.0 - 4.0 / 15.0 * a - 4.0 / 105.0 * a * a,
                           -8.0 / 15.0 * x.v - 16.0 / 105.0 * a * x.v, x);
    double value = 3.0 * (t - x.v) / (x.v * t * t);
    return eq_dual_map(value, 3.0 / x.v - value * (1.0 / x.v + 2.0 * (1.0 + t * t) / t), x);
}

/* The base resistance: rbm + (rb - rbm)/qb, or with irb as current crowds to the edge of the
 * emitter (Hauser 1964, as ngspice has it). */
static eq_dual base_resistance(const eq_bjt *q, eq_dual qb, eq_dual ib) {
    eq_dual more = q->number[EQ_BJT_RBI], least = q->number[EQ_BJT_RBM];
    eq_dual half = q->number[EQ_BJT_IRB];
    if (half.v == 0.0) return eq_dual_add(least, eq_dual_div(more, qb));
    eq_dual a = eq_dual_div(ib, half);
    if (a.v < 1e-9) a = eq_dual_of(1e-9);
    double s = sqrt(a.v), root = sqrt(1.0 + 14.59025 * a.v), x = (root - 1.0) / (2.4317 * s);
    double slope = 14.59025 / (2.0 * root * 2.4317 * s) - 0.5 * x / a.v;
    return eq_dual_add(least, eq_dual_mul(more, crowding(eq_dual_map(x, slope, a))));
}

/* What the base carries at its drops: the ideal currents and the base charge. */
typedef struct base {
    eq_dual be, bc, forward, reverse, qb;
} base;

static base base_at(const eq_bjt *q, double vbe, double vbc) {
    base b = {.be = eq_dual_variable(vbe, EQ_BJT_BE), .bc = eq_dual_variable(vbc, EQ_BJT_BC)};
    b.forward = eq_dual_junction(q->number[EQ_BJT_IS], q->vtf, vbe, EQ_BJT_BE);
    b.reverse = eq_dual_junction(q->number[EQ_BJT_ISR], q->vtr, vbc, EQ_BJT_BC);
    b.qb = base_charge(q, early(q, b.be, b.bc), b.forward, b.reverse);
    return b;
}

/* In reverse the forward current leaves tf alone, as in ngspice. */
void eq_bjt_diffusion(const eq_bjt *q, const eq_bjt_transit *t, double vbe, double vbc, eq_dual *be,
                      eq_dual *bc) {
    base b = base_at(q, vbe, vbc);
    *be = eq_dual_scale(t->tf, b.forward);
    *bc = eq_dual_scale(t->tr, b.reverse);
    if (vbe <= 0.0) return;
    eq_dual more = eq_dual_of(t->xtf);
    if (t->per_vtf != 0.0) more = eq_dual_mul(more, eq_dual_exp(eq_dual_scale(t->per_vtf, b.bc)));
    if (t->itf != 0.0) {
        eq_dual part = eq_dual_div(b.forward, eq_dual_plus(t->itf, b.forward));
        more = eq_dual_mul(more, eq_dual_mul(part, part));
    }
    *be = eq_dual_div(eq_dual_mul(*be, eq_dual_plus(1.0, more)), b.qb);
}

eq_bjt_currents eq_bjt_law(const eq_bjt *q, double vbe, double vbc, double vsub) {
    const eq_dual *w = q->number;
    base b = base_at(q, vbe, vbc);
    eq_dual leak_e = eq_dual_add(eq_dual_junction(w[EQ_BJT_ISE], q->vte, vbe, EQ_BJT_BE),
                                 eq_dual_scale(q->gmin, b.be));
    eq_dual leak_c = eq_dual_add(eq_dual_junction(w[EQ_BJT_ISC], q->vtc, vbc, EQ_BJT_BC),
                                 eq_dual_scale(q->gmin, b.bc));
    leak_c = eq_dual_add(leak_c, eq_dual_div(b.reverse, w[EQ_BJT_BR]));
    leak_e = eq_dual_add(leak_e, eq_dual_div(b.forward, w[EQ_BJT_BF]));
    eq_bjt_currents c;
    c.ic = eq_dual_sub(eq_dual_div(eq_dual_sub(b.forward, b.reverse), b.qb), leak_c);
    c.ib = eq_dual_add(leak_e, leak_c);
    c.is = eq_dual_add(eq_dual_junction(w[EQ_BJT_ISS], q->vts, vsub, EQ_BJT_SUB),
                       eq_dual_scale(q->gmin, eq_dual_variable(vsub, EQ_BJT_SUB)));
    c.rb = base_resistance(q, b.qb, c.ib);
    return c;
}
