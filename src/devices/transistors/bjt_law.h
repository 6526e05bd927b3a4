/* The inner bipolar transistor (Gummel and Poon 1970; ngspice manual, "BJTs"), without resistances. */
#ifndef EQ_DEVICES_BJT_LAW_H
#define EQ_DEVICES_BJT_LAW_H

#include "devices/transistors/inner.h"

/* What the slopes of a law count: the drops base-emitter, base-collector, substrate-collector, and
 * one parameter. */
enum { EQ_BJT_BE, EQ_BJT_BC, EQ_BJT_SUB, EQ_BJT_PARAM = EQ_INNER_PARAM };

/* The numbers of one transistor at its temperature, with area and m. */
enum {
    EQ_BJT_IS,   /* A, transport saturation current, forward */
    EQ_BJT_ISR,  /* A, reverse */
    EQ_BJT_ISE,  /* A, leakage of base-emitter */
    EQ_BJT_ISC,  /* A, leakage of base-collector */
    EQ_BJT_ISS,  /* A, of the substrate junction */
    EQ_BJT_BF,   /* 1 */
    EQ_BJT_BR,   /* 1 */
    EQ_BJT_IVAF, /* 1/V, 1/vaf; 0: none */
    EQ_BJT_IVAR, /* 1/V */
    EQ_BJT_IIKF, /* 1/A, 1/ikf */
    EQ_BJT_IIKR, /* 1/A */
    EQ_BJT_IRB,  /* A, 0: rb falls with the base charge */
    EQ_BJT_RBM,  /* ohm, the least base resistance */
    EQ_BJT_RBI,  /* ohm, rb - rbm */
    EQ_BJT_RC,   /* ohm */
    EQ_BJT_RE,   /* ohm */
    EQ_BJT_LAWS
};

typedef struct eq_bjt {
    eq_dual number[EQ_BJT_LAWS];
    double vtf, vtr, vte, vtc, vts, gmin; /* V, emission coefficients times k T/q; S */
    double nkf;                           /* exponent of high injection, 0.5 */
} eq_bjt;

/* The currents into the collector and the base, from the substrate into the collector, and the base
 * resistance. */
typedef struct eq_bjt_currents {
    eq_dual ic, ib, is, rb;
} eq_bjt_currents;

eq_bjt_currents eq_bjt_law(const eq_bjt *q, double vbe, double vbc, double vsub);

/* How long carriers stay in the base: forward tf (1 + xtf (i/(i + itf))^2 exp(vbc per_vtf)), i the
 * forward current, reverse tr. */
typedef struct eq_bjt_transit {
    double tf, tr;  /* s */
    double xtf;     /* 1 */
    double itf;     /* A, with area and m */
    double per_vtf; /* 1/V, 0: vbc does nothing */
} eq_bjt_transit;

/* The charges of these carriers, C, behind base and emitter and behind base and collector. */
void eq_bjt_diffusion(const eq_bjt *q, const eq_bjt_transit *t, double vbe, double vbc, eq_dual *be,
                      eq_dual *bc);

#endif
