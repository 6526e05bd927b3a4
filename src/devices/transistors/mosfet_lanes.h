/* A channel law of one transistor at a time (mosfet_dual.h) as one of the kernels: a level
 * (mosfet3_base.c) includes this file before mosfet_kernels.h, with the number LAWS of the law's
 * numbers and its name, EQ_MOS_CURRENT. */
#include "base/vector.h"

typedef struct channel {
    eq_vec i, gm, gds, gmb;
} channel;

/* Of transistor j; change NULL: nothing changes. */
static eq_dual current(const eq_vec *number, const eq_vec *change, const eq_vec *drop, int j) {
    eq_dual w[LAWS];
    for (int k = 0; k < LAWS; k++) {
        w[k] = eq_dual_of(number[k][j]);
        if (change != NULL) w[k].d[EQ_MOS_BY_NUMBERS] = change[k][j];
    }
    return EQ_MOS_CURRENT(w, drop[3][j], eq_dual_variable(drop[0][j], EQ_MOS_BY_GS),
                          eq_dual_variable(drop[1][j], EQ_MOS_BY_DS),
                          eq_dual_variable(drop[2][j], EQ_MOS_BY_BS));
}

EQ_INLINE void law(const eq_vec *number, eq_vec vt, eq_vec vgs, eq_vec vds, eq_vec vbs,
                   channel *c) {
    eq_vec drop[] = {vgs, vds, vbs, vt};
    for (int j = 0; j < EQ_LANES; j++) {
        eq_dual i = current(number, NULL, drop, j);
        c->i[j] = i.v;
        c->gm[j] = i.d[EQ_MOS_BY_GS];
        c->gds[j] = i.d[EQ_MOS_BY_DS];
        c->gmb[j] = i.d[EQ_MOS_BY_BS];
    }
}

EQ_INLINE eq_vec law_change(const eq_vec *number, const eq_vec *change, eq_vec vt, eq_vec vgs,
                            eq_vec vds, eq_vec vbs) {
    eq_vec drop[] = {vgs, vds, vbs, vt}, by = eq_vec_all(0.0);
    for (int j = 0; j < EQ_LANES; j++)
        by[j] = current(number, change, drop, j).d[EQ_MOS_BY_NUMBERS];
    return by;
}
