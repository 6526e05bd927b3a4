/* What temperature does to silicon. */
#ifndef EQ_DEVICES_SILICON_H
#define EQ_DEVICES_SILICON_H

#include <math.h>

#define EQ_CELSIUS_ZERO 273.15 /* K */
#define EQ_NOMINAL 300.15      /* K */

/* The band gap in eV (Varshni 1967). */
static inline double eq_silicon_gap(double temp) {
    return 1.16 - 7.02e-4 * temp * temp / (temp + 1108.0);
}

/* -2 k T/q (1.5 ln(T/T0) + (q/k) (-Eg(T)/(2 T) + Eg(T0)/(2 T0))), T0 = 300.15 K: the part of a
 * built-in potential that the intrinsic density of silicon moves. */
static inline double eq_silicon_intrinsic(double k_over_q, double temp) {
    double arg = -eq_silicon_gap(temp) / (2.0 * temp) + 1.1150877 / (2.0 * EQ_NOMINAL);
    return -2.0 * k_over_q * temp * (1.5 * log(temp / EQ_NOMINAL) + arg / k_over_q);
}

/* ln of a doping [1/m^3] over the intrinsic density of silicon (EKV 2.6 report, section 4.4). */
static inline double eq_silicon_doping(double doping, double k_over_q, double temp) {
    double at_ref = eq_silicon_gap(EQ_NOMINAL) / (2.0 * k_over_q * EQ_NOMINAL);
    double at = eq_silicon_gap(temp) / (2.0 * k_over_q * temp);
    return log(doping / (1.45e16 * temp / EQ_NOMINAL * exp(at_ref - at)));
}

/* The junction potential at temp of one that is vj at tnom (ngspice manual, diode equations;
 * measured). */
static inline double eq_silicon_potential(double vj, double k_over_q, double temp, double tnom) {
    if (temp == tnom) return vj;
    return temp / tnom * (vj - eq_silicon_intrinsic(k_over_q, tnom)) +
           eq_silicon_intrinsic(k_over_q, temp);
}

#endif
