/* What the kernels of MOS transistors of every level share: a channel law between an inner drain and
 * an inner source, two junctions to the bulk, resistances to the outer drain and source. A level is a
 * law (mosfet1_law.h) and its kernels, mosfet_kernels.h around that law, which take eight
 * transistors at a time; mosfet_level.h makes a class of them. */
#ifndef EQ_DEVICES_MOSFET_H
#define EQ_DEVICES_MOSFET_H

#include <stdbool.h>
#include <stddef.h>

#include "devices/device.h"

enum { EQ_MOS_D, EQ_MOS_G, EQ_MOS_S, EQ_MOS_B, EQ_MOS_NODES };
enum { EQ_MOS_DRAIN, EQ_MOS_SOURCE, EQ_MOS_ENDS };
/* What a transistor remembers of its last call (mosfet_kernels.h): V, what the resistances dropped, the drops of the
 * other terminals to the source, and the slopes of those by these. */
enum { EQ_MOS_DROPS = 3, EQ_MOS_MEMORY = EQ_MOS_ENDS + EQ_MOS_DROPS * (1 + EQ_MOS_ENDS) };

/* The columns of a table that the kernels take. */
enum {
    EQ_MOS_IS,                          /* A, of the two bulk junctions */
    EQ_MOS_R = EQ_MOS_IS + EQ_MOS_ENDS, /* ohm, of the two ends */
    EQ_MOS_VT = EQ_MOS_R + EQ_MOS_ENDS, /* V */
    EQ_MOS_GMIN,                        /* S */
    EQ_MOS_TYPE,                        /* 1: n channel, -1: p channel */
    EQ_MOS_LAW                          /* the numbers of the law */
};

/* The first numbers of every law; a level has its own behind them. */
enum {
    EQ_MOS_BETA,    /* A/V^2 */
    EQ_MOS_VBI,     /* V, the threshold without its body effect, as of an n channel */
    EQ_MOS_GAMMA,   /* V^0.5 */
    EQ_MOS_SURFACE, /* V, the surface potential phi; of level 1 its root */
    EQ_MOS_BEND,    /* 1/V, lambda, or theta of level 3 */
    EQ_MOS_NUMBERS,
    EQ_MOS_MOST_NUMBERS = 18
};

/* What changes with a parameter: is of both junctions, then the numbers of the law. */
enum { EQ_MOS_MOST_CHANGES = EQ_MOS_ENDS + EQ_MOS_MOST_NUMBERS };

/* The kernels of a level, compiled for one instruction set. */
typedef struct eq_mos_kernels {
    /* As eq_device_class.port; w[k]: column k above. */
    void (*port)(size_t n, double *const *w, const double *const *z, const eq_port_search *search,
                 double *const *i, double *const *g);
    /* How the currents change where these change by change[k][j]. */
    void (*change)(size_t n, double *const *w, const double *const *z, double *const *change,
                   double *const *di);
} eq_mos_kernels;

/* Moves the potentials now, of an n channel, towards old as SPICE does; von: the threshold at old, vcrit: of
 * the junctions. Whether it moved them. */
bool eq_mosfet_limit(double vt, double von, const double *vcrit, const double *old, double *now);

#endif
