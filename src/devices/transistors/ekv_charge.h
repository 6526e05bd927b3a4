/* Internal to ekv.c and ekv_charge.c: where a transistor of EKV 2.6 keeps charge. */
#ifndef EQ_DEVICES_EKV_CHARGE_H
#define EQ_DEVICES_EKV_CHARGE_H

#include "devices/depletion.h"
#include "devices/transistors/ekv_law.h"
#include "devices/transistors/mosfet.h"

/* One transistor, every potential of a p channel turned round. */
typedef struct eq_ekv_store_of {
    eq_ekv law;
    double oxide;                       /* F, cox times the effective width and length and m */
    double overlap[EQ_MOS_NODES];       /* F, between the gate and each other node */
    eq_depletion layer[EQ_MOS_ENDS][2]; /* of the bulk junctions: bottom and sidewall */
    double y[EQ_MOS_NODES];             /* V, behind the resistances */
} eq_ekv_store_of;

/* Charges q[node] [C] and their slopes c[a * EQ_MOS_NODES + b] = dq_a/dy_b [F]. */
void eq_ekv_sum_charges(const eq_ekv_store_of *s, double *q, double *c);

#endif
