/* The depletion layer of a junction, as a capacitance and its charge (Sze 1981, section 2.3; ngspice
 * manual, "Junction Diodes"). */
#ifndef EQ_DEVICES_DEPLETION_H
#define EQ_DEVICES_DEPLETION_H

typedef struct eq_depletion {
    double c; /* F, without a drop */
    double v; /* V, the built-in potential */
    double m; /* 1, grading coefficient */
    double f; /* 1: beyond f v the capacitance goes on as its tangent; below 1 */
} eq_depletion;

/* The charge q [C] at a drop u [V] and its derivative [F] are added to *q and *c:
 * c(u) = c/(1 - u/v)^m up to u = f v. */
void eq_depletion_add(const eq_depletion *d, double u, double *q, double *c);

/* What temperature multiplies a capacitance by that is given at tnom, where the potential is vj
 * [V]; temperatures in K. */
double eq_depletion_growth(double vj, double mj, double k_over_q, double temp, double tnom);

#endif
