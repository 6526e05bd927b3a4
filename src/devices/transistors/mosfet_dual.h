/* Channel laws of one transistor whose slopes come by the chain rule. */
#ifndef EQ_DEVICES_MOSFET_DUAL_H
#define EQ_DEVICES_MOSFET_DUAL_H

#include "devices/transistors/dual.h"

/* What the slopes of a law count. */
enum { EQ_MOS_BY_GS, EQ_MOS_BY_DS, EQ_MOS_BY_BS, EQ_MOS_BY_NUMBERS };

/* The current at drops to the lower end, vds >= 0. */
typedef eq_dual eq_mos_current(const eq_dual *number, double vt, eq_dual vgs, eq_dual vds,
                               eq_dual vbs);

/* The root of phi - vb, and for a forward bulk sqrt(phi)/(1 + vb/(2 phi)), as levels 2 and 3 have
 * it. */
static inline eq_dual eq_mos_root(eq_dual phi, eq_dual vb) {
    if (vb.v <= 0.0) return eq_dual_sqrt(eq_dual_sub(phi, vb));
    return eq_dual_div(eq_dual_sqrt(phi),
                       eq_dual_plus(1.0, eq_dual_scale(0.5, eq_dual_div(vb, phi))));
}

#endif
