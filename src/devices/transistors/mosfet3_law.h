/* The channel of level 3 (Vladimirescu and Liu 1980, "The simulation of MOS integrated circuits using
 * SPICE2", section on level 3; ngspice manual, "MOSFETs", level 3). */
#ifndef EQ_DEVICES_MOSFET3_LAW_H
#define EQ_DEVICES_MOSFET3_LAW_H

#include "devices/transistors/mosfet.h"
#include "devices/transistors/mosfet_dual.h"

enum {
    EQ_MOS3_THETA = EQ_MOS_BEND,    /* 1/V, mobility falls with the gate */
    EQ_MOS3_WIDTH = EQ_MOS_NUMBERS, /* m */
    EQ_MOS3_LENGTH,                 /* m */
    EQ_MOS3_ETA,                    /* m^3, the threshold falls with the drain by eta/length^3 */
    EQ_MOS3_KAPPA,                  /* 1, share of the field that shortens the channel */
    EQ_MOS3_NARROW,                 /* m, the narrow channel */
    EQ_MOS3_XD,                     /* m/V^0.5, width of a depletion layer; 0: no doping */
    EQ_MOS3_XJ,                     /* m, depth of the junctions */
    EQ_MOS3_LD,                     /* m, their reach below the gate */
    EQ_MOS3_MOBILITY,               /* m^2/Vs */
    EQ_MOS3_VMAX,                   /* m/s, 0: carriers of any speed */
    EQ_MOS3_NFS,                    /* 1, charge of fast surface states over the oxide's; 0: none */
    EQ_MOS3_LAWS
};

eq_mos_current eq_mos3_current;
/* Where weak inversion, or without surface states the current, begins. */
double eq_mos3_threshold(const double *number, double vt, double vds, double vbs);
/* Where the current saturates. */
double eq_mos3_saturation(const double *number, double vt, double vgs, double vds, double vbs);

extern const eq_mos_kernels eq_mos3_base;

#endif
