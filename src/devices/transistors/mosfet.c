#include "devices/transistors/mosfet.h"

#include <math.h>
#include <stdbool.h>

#include "devices/pnjlim.h"

enum { D = EQ_MOS_D, G = EQ_MOS_G, S = EQ_MOS_S, B = EQ_MOS_B };

static const int end_of[EQ_MOS_ENDS] = {D, S};

bool eq_mosfet_limit(double vt, double von, const double *vcrit, const double *was, double *now) {
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
    if (!moved) return false;
    now[G] = now[low] + gate;
    now[high] = now[low] + drain;
    now[B] = now[low] + bulk;
    return true;
}
