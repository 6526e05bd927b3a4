/* The channel of level 2 (Vladimirescu and Liu 1980, "The simulation of MOS integrated circuits using
 * SPICE2", section on level 2; ngspice manual, "MOSFETs", level 2): the charge of the depletion layer
 * along the channel. */
#ifndef EQ_DEVICES_MOSFET2_LAW_H
#define EQ_DEVICES_MOSFET2_LAW_H

#include "devices/transistors/mosfet.h"
#include "devices/transistors/mosfet_dual.h"

enum {
    EQ_MOS2_LAMBDA = EQ_MOS_BEND,   /* 1/V; 0: the length that pinch-off takes is worked out */
    EQ_MOS2_WIDTH = EQ_MOS_NUMBERS, /* m */
    EQ_MOS2_LENGTH,                 /* m */
    EQ_MOS2_NARROW,                 /* m, the narrow channel */
    EQ_MOS2_XD,                     /* m/V^0.5, width of a depletion layer; 0: no doping */
    EQ_MOS2_XDV,                    /* m/V^0.5, the same behind the pinch-off at vmax */
    EQ_MOS2_XJ,                     /* m, depth of the junctions */
    EQ_MOS2_WALL,                   /* m, depletion layer of a junction without bias */
    EQ_MOS2_CRIT,                   /* V, above it mobility falls with the gate */
    EQ_MOS2_UEXP,                   /* 1, by this power */
    EQ_MOS2_MOBILITY,               /* m^2/Vs */
    EQ_MOS2_VMAX,                   /* m/s, 0: carriers of any speed */
    EQ_MOS2_NFS,                    /* 1, charge of fast surface states over the oxide's; 0: none */
    EQ_MOS2_LAWS
};

eq_mos_current eq_mos2_current;
/* Where weak inversion, or without surface states strong inversion, begins. */
double eq_mos2_threshold(const double *number, double vt, double vds, double vbs);
/* Where the current saturates. */
double eq_mos2_saturation(const double *number, double vt, double vgs, double vds, double vbs);

extern const eq_mos_kernels eq_mos2_base;

#endif
