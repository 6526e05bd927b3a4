/* The channel of level 1 (Shichman and Hodges 1968). */
#ifndef EQ_DEVICES_MOSFET1_LAW_H
#define EQ_DEVICES_MOSFET1_LAW_H

#include "base/vector.h"
#include "devices/transistors/mosfet.h"

enum { ROOT = EQ_MOS_SURFACE, LAMBDA = EQ_MOS_BEND, LAWS = EQ_MOS_NUMBERS };
static const int cubic_leakage = 0;

/* The current of a channel at drops to its lower end, and its slopes; by[k]: by number k of the
 * law. */
typedef struct channel {
    eq_vec i, gm, gds, gmb;
    eq_vec by[LAWS];
} channel;

/* The root of phi - vb that the threshold has, its slopes by vb and by the root of phi: behind a
 * forward bulk its tangent at vb = 0, and 0 where that falls below. */
EQ_INLINE eq_vec depletion(eq_vec root, eq_vec vb, eq_vec *by_vb, eq_vec *by_root) {
    eq_mask back = vb <= 0.0;
    eq_vec zero = eq_vec_all(0.0), half = 0.5 / root, tangent = root - vb * half;
    eq_vec s = eq_vec_select(back, eq_vec_sqrt(eq_vec_max(root * root - vb, zero)), tangent);
    eq_mask on = s > 0.0;
    *by_vb = eq_vec_select(on, eq_vec_select(back, -0.5 / s, -half), zero);
    *by_root = eq_vec_select(on, eq_vec_select(back, root / s, 1.0 + 2.0 * vb * half * half), zero);
    return eq_vec_select(on, s, zero);
}

/* With o = vgs - vbi - gamma sqrt(phi - vbs): none below 0, beta/2 o^2 (1 + lambda vds) in saturation,
 * beta vds (o - vds/2)(1 + lambda vds) below vds = o (Shichman and Hodges 1968). The slope by vbs is
 * the derivative, for a forward bulk, too, where ngspice has another one. */
EQ_INLINE void law(const eq_vec *number, eq_vec vt, eq_vec vgs, eq_vec vds, eq_vec vbs,
                   channel *c) {
    (void)vt;
    eq_vec beta = number[EQ_MOS_BETA], gamma = number[EQ_MOS_GAMMA], zero = eq_vec_all(0.0);
    eq_vec by_vb, by_root, s = depletion(number[ROOT], vbs, &by_vb, &by_root);
    eq_vec over = eq_vec_max(vgs - number[EQ_MOS_VBI] - gamma * s, zero);
    eq_vec wide = eq_vec_min(over, vds), longer = 1.0 + number[LAMBDA] * vds;
    eq_vec square = wide * (over - 0.5 * wide);
    c->i = beta * longer * square;
    c->gm = beta * longer * wide;
    c->gds = beta * (number[LAMBDA] * square + longer * eq_vec_max(over - vds, zero));
    c->gmb = -c->gm * gamma * by_vb;
    c->by[EQ_MOS_BETA] = longer * square;
    c->by[EQ_MOS_VBI] = -c->gm;
    c->by[EQ_MOS_GAMMA] = -c->gm * s;
    c->by[ROOT] = -c->gm * gamma * by_root;
    c->by[LAMBDA] = beta * vds * square;
}

/* How its current changes where number k changes by change[k]. */
EQ_INLINE eq_vec law_change(const eq_vec *number, const eq_vec *change, eq_vec vt, eq_vec vgs,
                            eq_vec vds, eq_vec vbs) {
    channel c;
    eq_vec sum = eq_vec_all(0.0);
    law(number, vt, vgs, vds, vbs, &c);
    for (int k = 0; k < LAWS; k++) sum += c.by[k] * change[k];
    return sum;
}

extern const eq_mos_kernels eq_mos1_v4, eq_mos1_v3, eq_mos1_base;

#endif
