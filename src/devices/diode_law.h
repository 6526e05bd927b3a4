/* The Shockley diode as ngspice has it (dioload.c; docs/theory.md, 7):
 *
 *   u >= -3 vte:  i = is (exp(u/vte) - 1) + gmin u
 *   u <  -3 vte:  i = -is (1 + (3 vte/(e u))^3) + gmin u,   e = 2.718...
 *
 * i, di/du and the energy are continuous at u = -3 vte. One inline definition serves the device
 * class and the vectorised layered engine. */
#ifndef EQ_DEVICES_DIODE_LAW_H
#define EQ_DEVICES_DIODE_LAW_H

#include <math.h>

/* Derived columns of the diode class, counted from the end of its declared parameters: vte [V], is
 * with area, m and temperature [A], series resistance [ohm], gmin [S], the voltage where junction
 * limiting begins [V]; then those of wide junctions (diode_junction.h). */
typedef enum eq_diode_column {
    EQ_DIODE_VTE,
    EQ_DIODE_ISAT,
    EQ_DIODE_RSER,
    EQ_DIODE_GMIN,
    EQ_DIODE_VCRIT,
    EQ_DIODE_WIDE, /* 1 with breakdown, high injection, recombination or a sidewall */
    EQ_DIODE_BVT,  /* V, bv at temp */
    EQ_DIODE_KNEE,
    EQ_DIODE_XBV,
    EQ_DIODE_VTB,
    EQ_DIODE_DXBV,
    EQ_DIODE_IREC,
    EQ_DIODE_VTR,
    EQ_DIODE_VJT,
    EQ_DIODE_MJT,
    EQ_DIODE_ISW,
    EQ_DIODE_VTS,
    EQ_DIODE_BOTTOM_V, /* V, the built-in potential of the depletion layer at temp */
    EQ_DIODE_BOTTOM_C, /* F, its capacitance */
    EQ_DIODE_SIDE_V,
    EQ_DIODE_SIDE_C,
    EQ_DIODE_DERIVED
} eq_diode_column;

/* i [A] and g = di/du [S] at the junction drop u [V]; is [A], vte = n k T/q [V], gmin [S].
 * Branch-free on purpose: both regions are evaluated and one is selected. */
static inline void eq_diode_law(double u, double is, double vte, double gmin, double *i,
                                double *g) {
    double edge = -3.0 * vte;
    double e1 = expm1((u > edge ? u : edge) / vte); /* exp - 1 near 0 is rounding alone */
    double below = u < edge ? u : edge; /* <= edge < 0: the quotient is never singular */
    double q = 3.0 * vte / (below * 2.718281828459045);
    double cube = q * q * q;
    double i_junction = u < edge ? -is * (1.0 + cube) : is * e1;
    double g_junction = u < edge ? 3.0 * is * cube / below : is * (e1 + 1.0) / vte;
    *i = i_junction + gmin * u;
    *g = g_junction + gmin;
}

/* p(u) = integral of i from 0 to u [W] (Scellier 2020, section 4.2.1). */
static inline double eq_diode_energy(double u, double is, double vte, double gmin) {
    double edge = -3.0 * vte;
    double top = u > edge ? u : edge;
    double p = is * (vte * expm1(top / vte) - top) + 0.5 * gmin * u * u;
    if (u >= edge) return p;
    double a = 3.0 * vte /
               2.718281828459045; /* i = -is (1 + (a/u)^3) integrates to is (-u + a^3/(2u^2)) */
    return p + is * (edge - u + 0.5 * a * a * a * (1.0 / (u * u) - 1.0 / (edge * edge)));
}

#endif
