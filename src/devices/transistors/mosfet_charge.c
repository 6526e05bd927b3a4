/* Where MOS transistors of levels 1 to 3 keep charge: the gate's capacitances of Meyer (1971; Vladimirescu
 * and Liu 1980, "The simulation of MOS integrated circuits using SPICE2") with constant overlaps, and
 * the depletion layers of the bulk junctions. Meyer's are the derivatives of no charge of the
 * terminals, and are given without one. */
#include <math.h>

#include "base/vector.h"
#include "devices/depletion.h"
#include "devices/silicon.h"
#include "devices/transistors/mosfet_level.h"

enum { D = EQ_MOS_D, G = EQ_MOS_G, S = EQ_MOS_S, B = EQ_MOS_B, NODES = EQ_MOS_NODES };

const eq_storage eq_mos_storage[EQ_MOS_STORAGES] = {
    [EQ_MOS_GS] = {"cgs", NULL, G, S},  [EQ_MOS_GD] = {"cgd", NULL, G, D},
    [EQ_MOS_GB] = {"cgb", NULL, G, B},  [EQ_MOS_BD] = {"cbd", "qbd", B, D},
    [EQ_MOS_BS] = {"cbs", "qbs", B, S},
};

/* own: the derived columns of the class. */
void eq_mos_derive_charges(size_t j, double *const *w, double *const *own,
                           const eq_mos_process *p) {
    double pb = w[EQ_MOS_PARAM_PB][j];
    own[EQ_MOS_BAND][j] = fmax(eq_silicon_potential(p->phi, p->k_over_q, p->temp, p->tnom), 1e-6);
    own[EQ_MOS_BULK][j] = fmax(eq_silicon_potential(pb, p->k_over_q, p->temp, p->tnom), 1e-3);
    own[EQ_MOS_BOTTOM][j] =
        eq_depletion_growth(pb, w[EQ_MOS_PARAM_MJ][j], p->k_over_q, p->temp, p->tnom);
    own[EQ_MOS_SIDE][j] =
        eq_depletion_growth(pb, w[EQ_MOS_PARAM_MJSW][j], p->k_over_q, p->temp, p->tnom);
}

/* The parts of an oxide's capacitance that the ends of the channel and the bulk see. */
typedef struct shares {
    double low, high, bulk; /* of the end where the drops are counted from, the other one */
} shares;

/* With `over` volts above the threshold: in accumulation all is seen by the bulk, below the threshold
 * it falls to none as the channel comes, whose 2/3 the lower end sees in saturation and both ends
 * share below: 1 - ((vdsat - u)/(2 vdsat - u))^2 and 1 - (vdsat/(2 vdsat - u))^2 of it, u = vds (Meyer
 * 1971). vdsat is at least 25 mV, as ngspice has it so that nothing jumps at vds = 0. */
static shares meyer(double over, double phi, double vdsat, double vds) {
    double sat = fmax(vdsat, 0.025), u = fmin(vds, sat), far = 2.0 * sat - u;
    double channel = 2.0 / 3.0 * fmin(fmax(1.0 + 2.0 * over / phi, 0.0), 1.0);
    double near = (sat - u) / far, other = sat / far;
    return (shares){channel * (1.0 - near * near), channel * (1.0 - other * other),
                    fmin(fmax(-over / phi, 0.0), 1.0)};
}

/* One row: its columns, the inner potentials of an n channel. */
typedef struct row {
    const eq_mos_level *level;
    double *const *w, *const *own;
    size_t j;
    const double *y;
} row;

static double param(const row *r, int k) {
    return r->w[k][r->j];
}

/* All goes with the size of the channel, by which level 3 is narrower than drawn. */
static void gate(const row *r, double *const *c) {
    double *const *kernel = r->own + EQ_MOS_KERNEL, number[EQ_MOS_MOST_NUMBERS], width, length;
    double m = param(r, EQ_MOS_PARAM_M), tox = param(r, EQ_MOS_PARAM_TOX);
    const double *y = r->y;
    double low = fmin(y[D], y[S]), vds = fabs(y[D] - y[S]), vgs = y[G] - low, vbs = y[B] - low;
    double vt = kernel[EQ_MOS_VT][r->j];
    for (int k = 0; k < r->level->numbers; k++) number[k] = kernel[EQ_MOS_LAW + k][r->j];
    r->level->size(r->j, r->w, &width, &length);
    double oxide = tox > 0.0 ? 3.9 * EQ_MOS_VACUUM / tox * width * length * m : 0.0;
    double over = vgs - r->level->threshold(number, vt, vds, vbs);
    double vdsat = r->level->saturation(number, vt, vgs, vds, vbs);
    shares s = meyer(over, r->own[EQ_MOS_BAND][r->j], vdsat, vds);
    bool forward = y[D] >= y[S];
    c[EQ_MOS_GS][r->j] =
        oxide * (forward ? s.low : s.high) + param(r, EQ_MOS_PARAM_CGSO) * width * m;
    c[EQ_MOS_GD][r->j] =
        oxide * (forward ? s.high : s.low) + param(r, EQ_MOS_PARAM_CGDO) * width * m;
    c[EQ_MOS_GB][r->j] = oxide * s.bulk + param(r, EQ_MOS_PARAM_CGBO) * length * m;
}

/* The bottom of a junction, by its capacitance or its area, and its sidewall. */
static void junction(const row *r, int end, double u, double *q, double *c) {
    bool drain = end == EQ_MOS_DRAIN;
    double whole = param(r, drain ? EQ_MOS_PARAM_CBD : EQ_MOS_PARAM_CBS),
           m = param(r, EQ_MOS_PARAM_M);
    double area = param(r, drain ? EQ_MOS_PARAM_AD : EQ_MOS_PARAM_AS);
    double side = param(r, drain ? EQ_MOS_PARAM_PD : EQ_MOS_PARAM_PS);
    double bottom = eq_or_else(whole, param(r, EQ_MOS_PARAM_CJ) * area);
    eq_depletion d = {bottom * m * r->own[EQ_MOS_BOTTOM][r->j], r->own[EQ_MOS_BULK][r->j],
                      param(r, EQ_MOS_PARAM_MJ), fmin(param(r, EQ_MOS_PARAM_FC), 0.9999)};
    *q = *c = 0.0;
    eq_depletion_add(&d, u, q, c);
    d.c = param(r, EQ_MOS_PARAM_CJSW) * side * m * r->own[EQ_MOS_SIDE][r->j];
    d.m = param(r, EQ_MOS_PARAM_MJSW);
    eq_depletion_add(&d, u, q, c);
}

void eq_mos_store(const eq_mos_level *level, double *const *w, size_t j, const double *y,
                  double *const *v, double *const *q, double *const *c) {
    row r = {level, w, w + level->params, j, y};
    double type = r.own[EQ_MOS_KERNEL + EQ_MOS_TYPE][j], *own[EQ_MOS_STORAGES];
    for (int k = 0; k < EQ_MOS_STORAGES * EQ_MOS_STORAGES; k++) c[k][j] = 0.0;
    for (int k = 0; k < EQ_MOS_STORAGES; k++) {
        const eq_storage *s = &eq_mos_storage[k];
        v[k][j] = type * (y[s->plus] - y[s->minus]);
        q[k][j] = NAN;
        own[k] = c[k * EQ_MOS_STORAGES + k];
    }
    gate(&r, own);
    for (int e = 0; e < EQ_MOS_ENDS; e++) {
        int k = e == EQ_MOS_DRAIN ? EQ_MOS_BD : EQ_MOS_BS;
        junction(&r, e, type * v[k][j], &q[k][j], &own[k][j]);
        q[k][j] *= type;
    }
}
