/* The junction of a diode beyond the plain law of diode_law.h, as ngspice 39 has it (manual,
 * "Junction Diode Model"; measured, see tests/devices):
 *
 *   sidewall:               the plain law with isw and vts                       (JSW, NS)
 *   v >= -3 vte:            c = is (exp(v/vte) - 1) + isr (exp(v/vtr) - 1) s^m   (ISR, NR, VJ, M),
 *                               s = sqrt((1 - v/vj)^2 + 0.005);  isr = 0: the plain law
 *   v > 0 and knee > 0:     i = c/(1 + sqrt(c/knee))                             (IKF)
 *   v < -xbv:               i = -(is + isw) exp(-(xbv + v)/vtb)                  (BV)
 *   v < 0, xbv < 3 vte:     the same below -3 vte, where ngspice has a jump; here a mirrored junction leads there
 *   else:                   i = c, or below -3 vte the plain law;
 *
 * all of them + gmin v, and c with the sidewall's current.
 *
 * xbv is the drop from which breakdown starts, so that the current at -BV is IBV. The recombination
 * current ends with a jump at -3 vte, as in ngspice. */
#ifndef EQ_DEVICES_DIODE_JUNCTION_H
#define EQ_DEVICES_DIODE_JUNCTION_H

typedef struct eq_junction {
    double is, vte, gmin; /* as in eq_diode_law */
    double knee;          /* A, 0: no high injection */
    double xbv, vtb;      /* V, xbv = INFINITY: no breakdown */
    double dxbv;          /* V, d xbv / d ln is */
    double isr, vtr;      /* A, V: recombination; 0: none */
    double vj, grading;   /* V, 1 */
    double isw, vts;      /* A, V: sidewall; 0: none */
} eq_junction;

void eq_junction_law(const eq_junction *q, double v, double *i, double *g);
/* Integral of i from 0 to v. */
double eq_junction_energy(const eq_junction *q, double v);
/* d i/d ln is and d energy/d ln is at fixed v; xbv moves with is. */
double eq_junction_law_per_is(const eq_junction *q, double v);
double eq_junction_energy_per_is(const eq_junction *q, double v);
/* The v with i(v) = (u - v)/rs, rs > 0. */
double eq_junction_drop(const eq_junction *q, double rs, double u);

/* xbv for a saturation current is at thermal voltage vt: breakdown at bv carries ibv, or, when the
 * saturation current alone is larger than that, begins at bv (ngspice: diotemp.c). It may be below 0.
 * *dxbv as above. */
double eq_junction_breakdown(double is, double vt, double bv, double ibv, double vtb, double *dxbv);

#endif
