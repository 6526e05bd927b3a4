/* The channel of EKV 2.6 (Bucher, Lallement, Enz, Theodoloz and Krummenacher, "The EPFL-EKV MOSFET
 * Model Equations for Simulation", version 2.6, revision II, 1998), all potentials from the bulk. */
#ifndef EQ_DEVICES_EKV_LAW_H
#define EQ_DEVICES_EKV_LAW_H

#include "devices/transistors/dual.h"

/* What the slopes of the law count: the potentials of gate and source, the drop from drain to source
 * and one parameter. */
enum { EQ_EKV_G, EQ_EKV_S, EQ_EKV_DS, EQ_EKV_PARAM };

/* The numbers of one transistor at its temperature, with its geometry and m. */
enum {
    EQ_EKV_VT,     /* V, threshold, with what a short channel raises it by */
    EQ_EKV_PHI,    /* V */
    EQ_EKV_GAMMA,  /* V^0.5 */
    EQ_EKV_KPW,    /* A m/V^2, kp times the effective width and m */
    EQ_EKV_L,      /* m, effective length */
    EQ_EKV_UCRIT,  /* V/m */
    EQ_EKV_LAMBDA, /* 1 */
    EQ_EKV_LC,     /* m, the depth of the depletion at the drain */
    EQ_EKV_LETA,   /* 1, by what the ends share the charge of a short channel */
    EQ_EKV_WETA,   /* 1, the same of a narrow one */
    EQ_EKV_PER_E0, /* 1/V, Cox/(E0 eps_si); 0: mobility falls by theta */
    EQ_EKV_THETA,  /* 1/V */
    EQ_EKV_IBA,    /* 1/V, iba/ibb; 0: no impact ionisation */
    EQ_EKV_IBB,    /* V, ibb Lc */
    EQ_EKV_IBN,    /* 1, twice ibn */
    EQ_EKV_LAWS
};

typedef struct eq_ekv {
    eq_dual number[EQ_EKV_LAWS];
    double ut, eta; /* V, k T/q; 1/2 of an n channel, 1/3 of a p channel */
} eq_ekv;

/* From drain to source, and from drain to bulk. */
typedef struct eq_ekv_currents {
    eq_dual ids, idb;
} eq_ekv_currents;

/* At a drop vds >= 0 from drain to source. */
eq_ekv_currents eq_ekv_law(const eq_ekv *q, double vg, double vs, double vds);

/* The charges of the channel over the capacitance of its oxide, V; that of the gate is what these
 * leave. Drain and source share the inversion layer as Ward and Dutton 1978 have it. */
typedef struct eq_ekv_charges {
    eq_dual drain, source, bulk;
} eq_ekv_charges;

/* At a drop vds >= 0 from drain to source. */
eq_ekv_charges eq_ekv_store(const eq_ekv *q, double vg, double vs, double vds);

#endif
