#include "devices/depletion.h"

#include <math.h>

#include "devices/silicon.h"

/* The integral of (1 - s)^-m from 0 to s, s < 1, without the difference of equals near m = 1. */
static double filled(double s, double m) {
    double log_left = log1p(-s), part = (1.0 - m) * log_left;
    return part == 0.0 ? -log_left : -log_left * expm1(part) / part;
}

void eq_depletion_add(const eq_depletion *d, double u, double *q, double *c) {
    double s = u / d->v, end = fmin(s, d->f), left = 1.0 - end, top = pow(left, -d->m);
    double slope = d->m * top / left, over = s - end;
    *q += d->c * d->v * (filled(end, d->m) + over * (top + 0.5 * slope * over));
    *c += d->c * (top + slope * over);
}

/* 1 + m (4e-4 (T - 300.15 K) - (v(T) - v0)/v0), over the same at tnom; v0 is the potential at 300.15 K,
 * where the intrinsic part is 0 (ngspice manual, "Temperature"; measured). */
double eq_depletion_growth(double vj, double mj, double k_over_q, double temp, double tnom) {
    if (temp == tnom) return 1.0;
    double v0 = EQ_NOMINAL / tnom * (vj - eq_silicon_intrinsic(k_over_q, tnom)), share[2];
    for (int k = 0; k < 2; k++) {
        double at = k == 0 ? temp : tnom;
        double v = eq_silicon_potential(vj, k_over_q, at, tnom);
        share[k] = 1.0 + mj * (4e-4 * (at - EQ_NOMINAL) - (v - v0) / v0);
    }
    return share[0] / share[1];
}
