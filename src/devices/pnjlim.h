/* The limiting of junctions and gates. */
#ifndef EQ_DEVICES_PNJLIM_H
#define EQ_DEVICES_PNJLIM_H

#include <math.h>
#include <stdbool.h>

/* vcrit = v ln(v/(sqrt 2 i)) bounds the junction limiting (Nagel 1975). */
static inline double eq_pnj_critical(double v, double i) {
    return i > 0.0 ? v * log(v / (1.4142135623730951 * i)) : INFINITY;
}

/* Junction limiting (Nagel 1975, section 4.4; ngspice's DEVpnjlim): above vcrit a step of more than
 * two vte becomes the step that the current, not the drop, would make. */
static inline bool eq_pnjlim(double vte, double vcrit, double old, double *now) {
    if (*now <= vcrit || fabs(*now - old) <= 2.0 * vte) return false;
    if (old > 0.0) {
        double arg = 1.0 + (*now - old) / vte;
        *now = arg > 0.0 ? old + vte * log(arg) : vcrit;
    } else {
        *now = vte * log(*now / vte);
    }
    return true;
}

static inline double eq_clamped(double x, double low, double high) {
    return fmin(fmax(x, low), high);
}

/* A gate voltage steps by more than its distance from the threshold, and two volts, in no direction,
 * and stops half a volt behind the threshold when it comes over it (Nagel 1975, section 4.4, as
 * SPICE has it since). */
static inline double eq_fetlim(double old, double now, double von) {
    double over = old - von, reach = 2.0 * fabs(over) + 2.0;
    if (over >= 3.5) return eq_clamped(now, von + 2.0, old + reach);
    if (over >= 0.0) return eq_clamped(now, von - 0.5, von + 4.0);
    return eq_clamped(now, old - reach, von + 0.5);
}

/* The same of the drop between drain and source. */
static inline double eq_drain_limit(double old, double now) {
    if (now > old) return fmin(now, old >= 3.5 ? 3.0 * old + 2.0 : 4.0);
    return fmax(now, old >= 3.5 ? 2.0 : -0.5);
}

#endif
