#include "devices/transistors/mosfet.h"

#include <math.h>
#include <stdbool.h>

#include "devices/pnjlim.h"

enum { D = EQ_MOS_D, G = EQ_MOS_G, S = EQ_MOS_S, B = EQ_MOS_B, NODES = EQ_MOS_NODES };

static const int end_of[EQ_MOS_ENDS] = {D, S};

static void turn(double type, const double *z, double *own) {
    for (int n = 0; n < NODES; n++) own[n] = type * z[n];
}

int eq_mosfet_limit(double type, double vt, double von, const double *vcrit, const double *old,
                    double *z) {
    double was[NODES], now[NODES];
    turn(type, old, was);
    turn(type, z, now);
    bool forward = was[D] >= was[S];
    int low = forward ? S : D, high = forward ? D : S, end = forward ? EQ_MOS_SOURCE : EQ_MOS_DRAIN;
    double vg = now[G] - now[low], vd = now[high] - now[low], vb = now[B] - now[low];
    double gate = eq_fetlim(was[G] - was[low], vg, von);
    double drain = eq_drain_limit(was[high] - was[low], vd + gate - vg);
    double bulk = vb, *at = &bulk, top = 0.0;
    if (drain < 0.0) { /* the junction of the other end */
        end = 1 - end;
        top = vb - drain;
        at = &top;
    }
    int other = end_of[end];
    bool moved = eq_pnjlim(vt, vcrit[end], was[B] - was[other], at);
    if (drain < 0.0) bulk = top + drain;
    moved = moved || gate != vg || drain != vd;
    if (!moved) return 0;
    now[G] = now[low] + gate;
    now[high] = now[low] + drain;
    now[B] = now[low] + bulk;
    turn(type, now, z);
    return 1;
}
