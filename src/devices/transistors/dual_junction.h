/* The junctions of transistors. */
#ifndef EQ_DEVICES_DUAL_JUNCTION_H
#define EQ_DEVICES_DUAL_JUNCTION_H

#include "devices/diode_law.h"
#include "devices/transistors/dual.h"

/* is times the plain law of a diode at the drop v, which is variable k; where that carries more than
 * 10 GA its tangent, so that no current is the difference of two beyond all numbers. */
static inline eq_dual eq_dual_junction(eq_dual is, double vt, double v, int k) {
    double top = vt * log1p(1e10 / fmax(is.v, 1e-290)), y, g;
    eq_diode_law(v < top ? v : top, 1.0, vt, 0.0, &y, &g);
    if (is.v == 0.0) return eq_dual_map(0.0, y, is);
    double beyond = v > top ? g * (v - top) : 0.0; /* as is grows, top falls by vt/is */
    return eq_dual_chain(is.v * (y + beyond), y, is, is.v * g, eq_dual_variable(v, k));
}

#endif
