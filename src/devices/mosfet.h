/* What MOS transistors of all levels have in common at dc: terminals D, G, S, B; a channel between
 * the inner drain and source, two bulk junctions, and the resistances of the drain and the source,
 * which are eliminated inside. All in the frame of an n channel: of a p channel every potential and
 * every current is turned round. */
#ifndef EQ_DEVICES_MOSFET_H
#define EQ_DEVICES_MOSFET_H

#include <stddef.h>

enum { EQ_MOS_D, EQ_MOS_G, EQ_MOS_S, EQ_MOS_B, EQ_MOS_NODES };
enum { EQ_MOS_LAWS = 5 }; /* numbers that a channel law has */
enum { EQ_MOS_DRAIN, EQ_MOS_SOURCE, EQ_MOS_ENDS };

/* The current of a channel at drops to its lower end, and its slopes; by[k]: by number k of the
 * law. */
typedef struct eq_mos_channel {
    double i, gm, gds, gmb;
    double by[EQ_MOS_LAWS];
} eq_mos_channel;

/* At vds >= 0. */
typedef void eq_mos_law(const double *number, double vgs, double vds, double vbs,
                        eq_mos_channel *c);

typedef struct eq_mosfet {
    eq_mos_law *law;
    double number[EQ_MOS_LAWS];
    double is[EQ_MOS_ENDS]; /* A, of the bulk junctions */
    double r[EQ_MOS_ENDS];  /* ohm */
    double vt, gmin;
    double type; /* 1: n channel, -1: p channel */
} eq_mosfet;

/* How the numbers change with a parameter. */
typedef struct eq_mos_change {
    double number[EQ_MOS_LAWS], is[EQ_MOS_ENDS];
} eq_mos_change;

/* Currents into the terminals and their slopes g[a][b] = di_a/dz_b. */
void eq_mosfet_port(const eq_mosfet *q, const double *z, double *i,
                    double g[EQ_MOS_NODES][EQ_MOS_NODES]);
/* How the currents change with the numbers. */
void eq_mosfet_change(const eq_mosfet *q, const double *z, const eq_mos_change *change, double *di);

/* Moves the potentials z towards old as SPICE does; von: the threshold at old, vcrit: of the
 * junctions. Returns whether it moved them. */
int eq_mosfet_limit(const eq_mosfet *q, double von, const double *vcrit, const double *old,
                    double *z);

#endif
