/* What operating points show of MOS transistors of levels 1 to 3, as ngspice has it: currents and drops as
 * of an n channel, the drops behind the resistances; slopes as of the mode, in which the end of the lower
 * potential is the source; the threshold and the saturation with the sign of the type. */
#include <math.h>

#include "devices/transistors/mosfet_level.h"

enum { D = EQ_MOS_D, G = EQ_MOS_G, S = EQ_MOS_S, B = EQ_MOS_B, NODES = EQ_MOS_NODES };
enum { MOST_COLUMNS = EQ_MOS_LAW + EQ_MOS_MOST_NUMBERS };

const char *const eq_mos_shown[EQ_MOS_SHOWS] = {
    [EQ_MOS_SHOW_ID] = "id",
    [EQ_MOS_SHOW_IS] = "is",
    [EQ_MOS_SHOW_IG] = "ig",
    [EQ_MOS_SHOW_IB] = "ib",
    [EQ_MOS_SHOW_IBD] = "ibd",
    [EQ_MOS_SHOW_IBS] = "ibs",
    [EQ_MOS_SHOW_GM] = "gm",
    [EQ_MOS_SHOW_GDS] = "gds",
    [EQ_MOS_SHOW_GMBS] = "gmbs",
    [EQ_MOS_SHOW_GMB] = "gmb",
    [EQ_MOS_SHOW_GBD] = "gbd",
    [EQ_MOS_SHOW_GBS] = "gbs",
    [EQ_MOS_SHOW_VGS] = "vgs",
    [EQ_MOS_SHOW_VDS] = "vds",
    [EQ_MOS_SHOW_VBS] = "vbs",
    [EQ_MOS_SHOW_VBD] = "vbd",
    [EQ_MOS_SHOW_VON] = "von",
    [EQ_MOS_SHOW_VTH] = "vth",
    [EQ_MOS_SHOW_VDSAT] = "vdsat",
    [EQ_MOS_SHOW_RD] = "rd",
    [EQ_MOS_SHOW_RS] = "rs",
    [EQ_MOS_SHOW_DRAIN] = "drainconductance",
    [EQ_MOS_SHOW_SOURCE] = "sourceconductance",
};

/* A transistor whose kernel columns are its own, so that they can be changed. */
typedef struct alone {
    double column[MOST_COLUMNS], *w[EQ_MAX_COLUMNS];
    double i[NODES], g[NODES * NODES], memory[EQ_MOS_MEMORY];
} alone;

static void take(alone *t, const eq_mos_level *level, double *const *w) {
    int first = level->params + EQ_MOS_KERNEL, columns = EQ_MOS_LAW + level->numbers;
    for (int k = 0; k < first; k++) t->w[k] = w[k];
    for (int k = 0; k < columns; k++) {
        t->column[k] = *w[first + k];
        t->w[first + k] = &t->column[k];
    }
}

/* Its currents and their slopes at the potentials z. */
static void evaluate(alone *t, const eq_mos_level *level, const double *const *z) {
    double *i[NODES], *g[NODES * NODES], *memory[EQ_MOS_MEMORY];
    for (int a = 0; a < NODES; a++) i[a] = &t->i[a];
    for (int k = 0; k < NODES * NODES; k++) g[k] = &t->g[k];
    for (int k = 0; k < EQ_MOS_MEMORY; k++) t->memory[k] = NAN, memory[k] = &t->memory[k];
    const eq_port_search search = {memory, 0.0};
    eq_mos_port(level, 1, t->w, z, &search, i, g);
}

/* The drops, which the inner potentials y of an n channel make, and what the law says of them. */
static void show_drops(const alone *t, const eq_mos_level *level, const double *y, double *value) {
    const double *number = t->column + EQ_MOS_LAW;
    double vt = t->column[EQ_MOS_VT], type = t->column[EQ_MOS_TYPE], low = fmin(y[D], y[S]);
    double vgs = y[G] - low, vds = fabs(y[D] - y[S]), vbs = y[B] - low;
    value[EQ_MOS_SHOW_VGS] = y[G] - y[S];
    value[EQ_MOS_SHOW_VDS] = y[D] - y[S];
    value[EQ_MOS_SHOW_VBS] = y[B] - y[S];
    value[EQ_MOS_SHOW_VBD] = y[B] - y[D];
    value[EQ_MOS_SHOW_VON] = type * level->threshold(number, vt, vds, vbs);
    value[EQ_MOS_SHOW_VTH] = value[EQ_MOS_SHOW_VON];
    value[EQ_MOS_SHOW_VDSAT] = type * level->saturation(number, vt, vgs, vds, vbs);
}

/* Without resistances, at the inner potentials: of the slopes the channel's. */
static void show_slopes(const alone *t, bool forward, double *value) {
    int high = forward ? D : S;
    const double *g = t->g;
    double above = -g[B * NODES + high];
    value[EQ_MOS_SHOW_GBD] = -g[B * NODES + D];
    value[EQ_MOS_SHOW_GBS] = -g[B * NODES + S];
    value[EQ_MOS_SHOW_GM] = g[high * NODES + G] + 0.0; /* no -0 */
    value[EQ_MOS_SHOW_GDS] = g[high * NODES + high] - above;
    value[EQ_MOS_SHOW_GMBS] = g[high * NODES + B] + above;
    value[EQ_MOS_SHOW_GMB] = value[EQ_MOS_SHOW_GMBS];
}

/* At the inner potentials z, which are y of an n channel. The source's junction alone: what flows into the
 * bulk beside gmin where the other one has no is. */
static void show_currents(alone *t, const eq_mos_level *level, const double *const *z,
                          const double *y, double *value) {
    double type = t->column[EQ_MOS_TYPE];
    value[EQ_MOS_SHOW_ID] = type * t->i[D];
    value[EQ_MOS_SHOW_IS] = type * t->i[S];
    value[EQ_MOS_SHOW_IG] = 0.0;
    value[EQ_MOS_SHOW_IB] = type * t->i[B];
    t->column[EQ_MOS_IS + EQ_MOS_DRAIN] = 0.0;
    evaluate(t, level, z);
    value[EQ_MOS_SHOW_IBS] = type * t->i[B] - t->column[EQ_MOS_GMIN] * (y[B] - y[D]);
    value[EQ_MOS_SHOW_IBD] = value[EQ_MOS_SHOW_IB] - value[EQ_MOS_SHOW_IBS];
}

static double inverse(double r) {
    return r > 0.0 ? 1.0 / r : 0.0;
}

void eq_mos_show(const eq_mos_level *level, double *const *w, const double *const *z,
                 double *value) {
    alone t;
    double y[NODES], at[NODES];
    const double *inner[NODES];
    take(&t, level, w);
    double type = t.column[EQ_MOS_TYPE];
    evaluate(&t, level, z);
    for (int a = 0; a < NODES; a++) y[a] = type * *z[a];
    y[D] -= t.memory[EQ_MOS_DRAIN];
    y[S] -= t.memory[EQ_MOS_SOURCE];
    for (int a = 0; a < NODES; a++) at[a] = type * y[a], inner[a] = &at[a];
    value[EQ_MOS_SHOW_RD] = t.column[EQ_MOS_R + EQ_MOS_DRAIN];
    value[EQ_MOS_SHOW_RS] = t.column[EQ_MOS_R + EQ_MOS_SOURCE];
    value[EQ_MOS_SHOW_DRAIN] = inverse(value[EQ_MOS_SHOW_RD]);
    value[EQ_MOS_SHOW_SOURCE] = inverse(value[EQ_MOS_SHOW_RS]);
    t.column[EQ_MOS_R + EQ_MOS_DRAIN] = t.column[EQ_MOS_R + EQ_MOS_SOURCE] = 0.0;
    evaluate(&t, level, inner);
    show_drops(&t, level, y, value);
    show_slopes(&t, y[D] >= y[S], value);
    show_currents(&t, level, inner, y, value);
}
