/* What MOS transistors of every level share: a channel law between an inner drain and an inner
 * source, two junctions to the bulk, resistances to the outer drain and source. A level is a law
 * (mosfet1_law.h) and its kernels, mosfet_kernels.h around that law, which take eight transistors
 * at a time. */
#ifndef EQ_DEVICES_MOSFET_H
#define EQ_DEVICES_MOSFET_H

#include <stddef.h>

enum { EQ_MOS_D, EQ_MOS_G, EQ_MOS_S, EQ_MOS_B, EQ_MOS_NODES };
enum { EQ_MOS_DRAIN, EQ_MOS_SOURCE, EQ_MOS_ENDS };
enum { EQ_MOS_MEMORY = EQ_MOS_ENDS }; /* V, what the resistances dropped */
enum { EQ_MOS_LAWS = 5 };             /* numbers that a channel law has */

/* The columns of a table that the kernels take, the law's numbers first. */
enum {
    EQ_MOS_IS = EQ_MOS_LAWS,            /* A, of the two bulk junctions */
    EQ_MOS_R = EQ_MOS_IS + EQ_MOS_ENDS, /* ohm, of the two ends */
    EQ_MOS_VT = EQ_MOS_R + EQ_MOS_ENDS, /* V */
    EQ_MOS_GMIN,                        /* S */
    EQ_MOS_TYPE,                        /* 1: n channel, -1: p channel */
    EQ_MOS_COLUMNS,
    EQ_MOS_CHANGES = EQ_MOS_IS + EQ_MOS_ENDS /* those of them that change with a parameter */
};

/* The kernels of a level, compiled for one instruction set. */
typedef struct eq_mos_kernels {
    /* As eq_device_class.port; w[k]: column k above. */
    void (*port)(size_t n, double *const *w, const double *const *z, double *const *memory,
                 double *const *i, double *const *g);
    /* How the currents change where column k changes by change[k][j]. */
    void (*change)(size_t n, double *const *w, const double *const *z, double *const *change,
                   double *const *di);
} eq_mos_kernels;

/* The best of them for this processor. */
typedef struct eq_mos_level {
    const eq_mos_kernels *v4, *v3, *base;
} eq_mos_level;
const eq_mos_kernels *eq_mos_pick(const eq_mos_level *level);

/* Moves the potentials z towards old as SPICE does; von: the threshold at old, vcrit: of the
 * junctions. Returns whether it moved them. */
int eq_mosfet_limit(double type, double vt, double von, const double *vcrit, const double *old,
                    double *z);

#endif
