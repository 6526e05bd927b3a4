/* The Shockley diode with series resistance. The law of the junction stands in diode_law.h, and
 * with breakdown (bv) or high injection (ikf) in diode_junction.h: column WIDE tells the two apart.
 * With RS > 0 the internal node is eliminated inside the device: its drop v solves i(v) + (v -
 * u)/rs = 0, a scalar monotone equation, and the energy of the series connection is p_junction(v) +
 * rs i^2/2. So a diode with RS is still one two-terminal element with an energy of its own. */
#include <math.h>
#include <stdbool.h>

#include "devices/depletion.h"
#include "devices/diode_junction.h"
#include "devices/diode_law.h"
#include "devices/pnjlim.h"
#include "devices/registry.h"
#include "devices/silicon.h"

enum {
    IS,
    N,
    RS,
    EG,
    XTI,
    TNOM,
    AREA,
    M,
    TEMP,
    BV,
    IBV,
    NBV,
    IKF,
    ISR,
    NR,
    VJ,
    MJ,
    DTEMP,
    JSW,
    NS,
    PJ,
    TRS1,
    TRS2,
    TCV,
    TLEV,
    FC,
    TLEVC,
    TPB,
    TM1,
    TM2,
    CJO,
    CJSW,
    PHP,
    MJSW,
    FCS,
    TT,
    DECLARED
};
enum {
    VTE = DECLARED + EQ_DIODE_VTE,
    ISAT = DECLARED + EQ_DIODE_ISAT,
    RSER = DECLARED + EQ_DIODE_RSER,
    GMIN = DECLARED + EQ_DIODE_GMIN,
    VCRIT = DECLARED + EQ_DIODE_VCRIT,
    WIDE = DECLARED + EQ_DIODE_WIDE,
    BVT = DECLARED + EQ_DIODE_BVT,
    KNEE = DECLARED + EQ_DIODE_KNEE,
    XBV = DECLARED + EQ_DIODE_XBV,
    VTB = DECLARED + EQ_DIODE_VTB,
    DXBV = DECLARED + EQ_DIODE_DXBV,
    IREC = DECLARED + EQ_DIODE_IREC,
    VTR = DECLARED + EQ_DIODE_VTR,
    VJT = DECLARED + EQ_DIODE_VJT,
    MJT = DECLARED + EQ_DIODE_MJT,
    ISW = DECLARED + EQ_DIODE_ISW,
    VTS = DECLARED + EQ_DIODE_VTS,
    BOTTOM_V = DECLARED + EQ_DIODE_BOTTOM_V,
    BOTTOM_C = DECLARED + EQ_DIODE_BOTTOM_C,
    SIDE_V = DECLARED + EQ_DIODE_SIDE_V,
    SIDE_C = DECLARED + EQ_DIODE_SIDE_C,
    COLUMNS = DECLARED + EQ_DIODE_DERIVED,
};

static const eq_param diode_param[] = {
    [IS] = {"is", "A", 1e-14, 0.0, 1e300, true},
    [N] = {"n", "1", 1.0, 1e-6, 1e6, true},
    [RS] = {"rs", "ohm", 0.0, 0.0, 1e300, false},
    [EG] = {"eg", "eV", 1.11, 0.0, 100.0, false},
    [XTI] = {"xti", "1", 3.0, -1e3, 1e3, false},
    [TNOM] = {"tnom", "C", NAN, -273.15, 1e6, false},
    [AREA] = {"area", "1", 1.0, 1e-300, 1e300, false},
    [M] = {"m", "1", 1.0, 1e-300, 1e300, false},
    [TEMP] = {"temp", "C", NAN, -273.15, 1e6, false},
    [BV] = {"bv", "V", 0.0, 0.0, 1e300, false},    /* 0: no breakdown */
    [IBV] = {"ibv", "A", 1e-3, 0.0, 1e300, false}, /* at -bv, not scaled by area */
    [NBV] = {"nbv", "1", 0.0, 0.0, 1e6, false},    /* 0: n */
    [IKF] = {"ikf", "A", 0.0, 0.0, 1e300, false},  /* 0: no high injection */
    [ISR] = {"isr", "A", 0.0, 0.0, 1e300, false},  /* 0: no recombination */
    [NR] = {"nr", "1", 1.0, 1e-6, 1e6, false},     /* ngspice 39; its manual says 2 */
    [VJ] = {"vj", "V", 1.0, 1e-6, 1e6, false},
    [MJ] = {"mj", "1", 0.5, 0.0, 1e3, false}, /* grading coefficient; .model has it as m, too */
    [DTEMP] = {"dtemp", "K", 0.0, -1e6, 1e6, false}, /* above the circuit's, without temp */
    [JSW] = {"jsw", "A", 0.0, 0.0, 1e300, false},    /* of the sidewall, for each unit of pj */
    [NS] = {"ns", "1", 0.0, 0.0, 1e6, false},        /* of the sidewall; 0: n */
    [PJ] = {"pj", "1", 0.0, 0.0, 1e300, false},
    [TRS1] = {"trs1", "1/K", 0.0, -1e6, 1e6, false},
    [TRS2] = {"trs2", "1/K^2", 0.0, -1e6, 1e6, false},
    [TCV] = {"tcv", "V/K", 0.0, -1e6, 1e6, false}, /* of bv; 1/K unless tlev is 0 */
    [TLEV] = {"tlev", "1", 0.0, 0.0, 2.0, false},
    [FC] = {"fc", "1", 0.5, 0.0, 1.0, false},       /* of vj, where it goes on as its tangent */
    [TLEVC] = {"tlevc", "1", 0.0, 0.0, 1.0, false}, /* 1: vj falls by tpb */
    [TPB] = {"tpb", "V/K", 0.0, -1e6, 1e6, false},
    [TM1] = {"tm1", "1/K", 0.0, -1e6, 1e6, false}, /* of mj */
    [TM2] = {"tm2", "1/K^2", 0.0, -1e6, 1e6, false},
    [CJO] = {"cjo", "F", 0.0, 0.0, 1e300, false},   /* of the depletion layer, with vj and mj */
    [CJSW] = {"cjsw", "F", 0.0, 0.0, 1e300, false}, /* of the sidewall, for each unit of pj */
    [PHP] = {"php", "V", 1.0, 0.0, 1e6, false},     /* vj, mj and fc of the sidewall */
    [MJSW] = {"mjsw", "1", 0.33, 0.0, 1e3, false},
    [FCS] = {"fcs", "1", 0.5, 0.0, 1.0, false},
    [TT] = {"tt", "s", 0.0, 0.0, 1e300, false}, /* what flows is stored for */
};

/* What a saturation current grows by from tnom to temp, K, with emission coefficient n. */
static double warming(double n, double eg, double xti, double temp, double tnom, double vt) {
    if (temp == tnom) return 1.0;
    return exp((temp / tnom - 1.0) * eg / (n * vt) + xti / n * log(temp / tnom));
}

/* The breakdown voltage dt above tnom: bv - tcv dt, with tlev 1 or 2 bv (1 - tcv dt) (ngspice;
 * measured). */
static double breakdown_at(size_t j, double *const *w, double dt) {
    double fall = w[TCV][j] * dt;
    return w[BV][j] - (w[TLEV][j] == 0.0 ? fall : w[BV][j] * fall);
}

/* What makes a junction wide (diode_junction.h) at the thermal voltage vt, dt above tnom. */
static void derive_wide(size_t j, double *const *w, double vt, double dt) {
    double bv = w[BVT][j] = breakdown_at(j, w, dt);
    w[KNEE][j] = w[IKF][j] * w[AREA][j] * w[M][j];
    w[VTB][j] = (w[NBV][j] > 0.0 ? w[NBV][j] : w[N][j]) * vt;
    w[XBV][j] = INFINITY;
    w[DXBV][j] = 0.0;
    if (w[BV][j] > 0.0)
        w[XBV][j] =
            eq_junction_breakdown(w[ISAT][j] / w[M][j], vt, bv, w[IBV][j], w[VTB][j], &w[DXBV][j]);
    w[WIDE][j] = w[BV][j] > 0.0 || w[IKF][j] > 0.0 || w[ISR][j] > 0.0 || w[ISW][j] > 0.0;
}

/* The potential and the grading coefficient of the depletion region, by which the recombination
 * current goes: vj moves as silicon has it or, with tlevc = 1, falls by tpb from 27 C on, mj grows by
 * 1 + tm1 dT + tm2 dT^2. ngspice 39 holds them below 1/fc and 0.9 (measured). */
static void derive_depletion(size_t j, double *const *w, double k_over_q, double temp,
                             double tnom) {
    double dt = temp - tnom;
    double vj = w[TLEVC][j] < 0.5 ? eq_silicon_potential(w[VJ][j], k_over_q, temp, tnom)
                                  : w[VJ][j] - w[TPB][j] * (temp - EQ_NOMINAL);
    w[VJT][j] = w[FC][j] * vj > 1.0 ? 1.0 / w[FC][j] : vj;
    w[MJT][j] = fmin(w[MJ][j] * (1.0 + w[TM1][j] * dt + w[TM2][j] * dt * dt), 0.9);
}

/* The depletion layers of the bottom and the sidewall; with tlevc = 1 capacitances stay as they are. */
static void derive_layers(size_t j, double *const *w, double k_over_q, double temp, double tnom) {
    double bottom = w[CJO][j] * w[AREA][j] * w[M][j], side = w[CJSW][j] * w[PJ][j] * w[M][j];
    double at = w[TLEVC][j] < 0.5 ? temp : tnom;
    w[BOTTOM_V][j] = fmax(w[VJT][j], EQ_DEPLETION_LEAST);
    w[BOTTOM_C][j] = bottom * eq_depletion_growth(w[VJ][j], w[MJT][j], k_over_q, at, tnom);
    w[SIDE_V][j] = eq_depletion_potential(w[PHP][j], k_over_q, at, tnom);
    w[SIDE_C][j] = side * eq_depletion_growth(w[PHP][j], w[MJSW][j], k_over_q, at, tnom);
}

/* isat = is area m exp((T/Tnom - 1) eg/(n Vt) + xti/n ln(T/Tnom)) (ngspice manual, "Diode model"),
 * of the sidewall jsw pj m with ns in place of n; rs grows by 1 + trs1 dT + trs2 dT^2. */
static void derive(size_t n, double *const *w, const eq_environment *env) {
    for (size_t j = 0; j < n; j++) {
        double temp = eq_own_temp(w[TEMP][j], w[DTEMP][j], env) + EQ_CELSIUS_ZERO;
        double tnom = eq_or_else(w[TNOM][j], env->tnom) + EQ_CELSIUS_ZERO;
        double vt = env->k_over_q * temp, scale = w[AREA][j] * w[M][j], dt = temp - tnom;
        bool own =
            w[NS][j] > 0.0; /* else ngspice 39 warms the sidewall as with ns = 1 (measured) */
        w[VTE][j] = w[N][j] * vt;
        w[ISAT][j] = w[IS][j] * scale * warming(w[N][j], w[EG][j], w[XTI][j], temp, tnom, vt);
        w[RSER][j] = w[RS][j] / scale * (1.0 + w[TRS1][j] * dt + w[TRS2][j] * dt * dt);
        w[GMIN][j] = env->gmin; /* once, whatever m and area: as ngspice */
        w[ISW][j] = 0.0;
        w[VTS][j] = (own ? w[NS][j] : w[N][j]) * vt;
        if (w[JSW][j] > 0.0)
            w[ISW][j] = w[JSW][j] * w[PJ][j] * w[M][j] *
                        warming(own ? w[NS][j] : 1.0, w[EG][j], w[XTI][j], temp, tnom, vt);
        w[VCRIT][j] = eq_pnj_critical(w[VTE][j], w[ISAT][j]);
        if (w[ISW][j] > 0.0) w[VCRIT][j] = fmin(w[VCRIT][j], eq_pnj_critical(w[VTS][j], w[ISW][j]));
        w[IREC][j] = w[ISR][j] * scale * warming(w[NR][j], w[EG][j], w[XTI][j], temp, tnom, vt);
        w[VTR][j] = w[NR][j] * vt;
        derive_depletion(j, w, env->k_over_q, temp, tnom);
        derive_wide(j, w, vt, dt);
        derive_layers(j, w, env->k_over_q, temp, tnom);
        if (w[RSER][j] < 0.0) w[ISAT][j] = NAN; /* lost() says so */
    }
}

static const char *lost(double *const *w, size_t j) {
    return w[RSER][j] < 0.0 ? "trs1 and trs2 of its model make rs negative at this temperature; "
                              "check them, or leave them out"
                            : NULL;
}

static eq_junction junction(size_t j, double *const *w) {
    return (eq_junction){w[ISAT][j], w[VTE][j],  w[GMIN][j], w[KNEE][j], w[XBV][j],
                         w[VTB][j],  w[DXBV][j], w[IREC][j], w[VTR][j],  w[VJT][j],
                         w[MJT][j],  w[ISW][j],  w[VTS][j]};
}

/* The junction's current and slope at its drop v. */
static void law(size_t j, double *const *w, double v, double *i, double *g) {
    if (w[WIDE][j] != 0.0) {
        eq_junction q = junction(j, w);
        eq_junction_law(&q, v, i, g);
    } else {
        eq_diode_law(v, w[ISAT][j], w[VTE][j], w[GMIN][j], i, g);
    }
}

/* The junction drop v of diode j at the terminal drop u: the law is convex, so Newton from a point
 * right of the root descends to it monotonically; it stops when a step no longer moves v to the
 * left. */
static double junction_drop(size_t j, double *const *w, double u) {
    double rs = w[RSER][j], vte = w[VTE][j], is = w[ISAT][j], gmin = w[GMIN][j];
    if (rs == 0.0) return u;
    if (w[WIDE][j] != 0.0) {
        eq_junction q = junction(j, w);
        return eq_junction_drop(&q, rs, u);
    }
    double bound = log1p(u / (rs * is));
    if (!isfinite(bound)) bound = log(u) - log(rs) - log(is);
    double v = u <= 0.0 ? 0.0 : fmin(u, vte * bound);
    for (int k = 0; k < 200; k++) {
        double i, g;
        eq_diode_law(v, is, vte, gmin, &i, &g);
        double next = v - (rs * i + v - u) / (rs * g + 1.0);
        if (!(next < v)) break;
        v = next;
    }
    return v;
}

/* The current and the junction's slope at the terminal drop u; returns the junction's drop. Where
 * the resistor takes more of a change of u than the junction, its drop says the current best: in
 * the law the rounding of v is multiplied by g. Where the law overflows, v is known to some vte
 * only, which must not matter beside u. */
static double inside(size_t j, double *const *w, double u, double *i, double *g) {
    double v = junction_drop(j, w, u), rs = w[RSER][j];
    law(j, w, v, i, g);
    if (rs * *g > 1.0 && (isfinite(*i) || v <= 1e-10 * u)) *i = (u - v) / rs;
    return v;
}

static void energy(size_t n, double *const *w, const double *x, const double *c, double *p) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        double i, g, v = inside(j, w, x[j], &i, &g);
        eq_junction q = junction(j, w);
        p[j] =
            w[WIDE][j] != 0.0 ? eq_junction_energy(&q, v) : eq_diode_energy(v, q.is, q.vte, q.gmin);
        if (w[RSER][j] != 0.0) p[j] += 0.5 * w[RSER][j] * i * i;
    }
}

/* With series resistance di/du = 1/(1/g + rs). */
static void value_and_slope(size_t n, double *const *w, const double *x, const double *c, double *y,
                            double *dydx, double *dydc) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        double g, rs = w[RSER][j];
        inside(j, w, x[j], &y[j], &g);
        dydx[j] = rs * g > 1.0 ? 1.0 / (1.0 / g + rs) : rs > 0.0 ? g / (1.0 + rs * g) : g;
    }
    for (size_t j = 0; dydc != NULL && j < n; j++) dydc[j] = 0.0;
}

/* Far in reverse only gmin is left. A recombination current jumps down at -3 vte, and thermal
 * voltages below absolute zero turn the exponentials round. */
static void least_slope(size_t n, double *const *w, double *least) {
    for (size_t j = 0; j < n; j++) {
        bool falls = !(w[ISAT][j] >= 0.0 && w[VTE][j] > 0.0 && w[VTB][j] > 0.0 &&
                       w[RSER][j] >= 0.0 && w[IREC][j] == 0.0 && w[VTS][j] > 0.0);
        double gmin = w[GMIN][j];
        least[j] = falls ? -INFINITY : gmin < 0.0 ? gmin : gmin / (1.0 + w[RSER][j] * gmin);
    }
}

/* What temperature multiplies is by, as a power of 1/n: ln(isat/(is area m)) n. */
static double warmed(size_t j, double *const *w) {
    double cold = w[IS][j] * w[AREA][j] * w[M][j];
    return cold > 0.0 ? w[N][j] * log(w[ISAT][j] / cold) : 0.0;
}

/* The junction with another emission coefficient. */
static eq_junction junction_with(size_t j, double *const *w, double n) {
    eq_junction q = junction(j, w);
    double vt = w[VTE][j] / w[N][j];
    q.is *= exp(warmed(j, w) * (1.0 / n - 1.0 / w[N][j]));
    q.vte = n * vt;
    if (w[NS][j] == 0.0) q.vts = n * vt;
    if (w[NBV][j] == 0.0) q.vtb = n * vt;
    if (w[BV][j] > 0.0)
        q.xbv = eq_junction_breakdown(q.is / w[M][j], vt, w[BVT][j], w[IBV][j], q.vtb, &q.dxbv);
    return q;
}

static double current_of(const eq_junction *q, double v) {
    double i, g;
    eq_junction_law(q, v, &i, &g);
    return i;
}

/* Of a wide junction: how f at a fixed drop v changes with n, by the differences of four points, whose error goes with
 * the fourth power of their distance: 1e-12 of f. */
static double by_differences(size_t j, double *const *w, double v,
                             double (*f)(const eq_junction *q, double v)) {
    static const double weight[] = {1.0, -8.0, 8.0, -1.0}, place[] = {-2.0, -1.0, 1.0, 2.0};
    double h = 1e-4 * w[N][j], sum = 0.0;
    for (int k = 0; k < 4; k++) {
        eq_junction q = junction_with(j, w, w[N][j] + place[k] * h);
        sum += weight[k] * f(&q, v);
    }
    return sum / (12.0 * h);
}

/* dE/dn at the junction's drop v. Of a plain junction E = is vte f(v/vte), and is changes with n as
 * exp(warmed/n) does. */
static double energy_per_n(size_t j, double *const *w, double v) {
    eq_junction q = junction(j, w);
    if (w[WIDE][j] != 0.0) return by_differences(j, w, v, eq_junction_energy);
    double i, g, e = eq_diode_energy(v, q.is, q.vte, 0.0), n = w[N][j];
    eq_diode_law(v, q.is, q.vte, 0.0, &i, &g);
    return (e - v * i - e * warmed(j, w) / n) / n;
}

static double energy_per_is(size_t j, double *const *w, double v) {
    eq_junction q = junction(j, w);
    if (w[WIDE][j] != 0.0) return eq_junction_energy_per_is(&q, v) / w[IS][j];
    return eq_diode_energy(v, 1.0, q.vte, 0.0) * q.is / w[IS][j];
}

/* di/dn and di/dis at the junction's drop v. */
static double current_per_n(size_t j, double *const *w, double v) {
    eq_junction q = junction(j, w);
    if (w[WIDE][j] != 0.0) return by_differences(j, w, v, current_of);
    double i, g, n = w[N][j];
    eq_diode_law(v, q.is, q.vte, 0.0, &i, &g);
    return -(v * g + i * warmed(j, w) / n) / n;
}

static double current_per_is(size_t j, double *const *w, double v) {
    eq_junction q = junction(j, w);
    double i, g;
    if (w[WIDE][j] != 0.0) return eq_junction_law_per_is(&q, v) / w[IS][j];
    eq_diode_law(v, 1.0, q.vte, 0.0, &i, &g);
    return i * q.is / w[IS][j];
}

/* dp/dis or dp/dn at fixed u: the junction's, since the energy is stationary in its drop v (envelope
 * theorem). */
static void param_energy(size_t n, double *const *w, int k, const double *x, const double *c,
                         double *dpdw) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        double v = junction_drop(j, w, x[j]);
        dpdw[j] = k == N ? energy_per_n(j, w, v) : energy_per_is(j, w, v);
    }
}

/* di/dis or di/dn at fixed u; the series resistance takes a part of it. */
static void param_value(size_t n, double *const *w, int k, const double *x, const double *c,
                        double *dydw) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        double i, g, v = junction_drop(j, w, x[j]);
        law(j, w, v, &i, &g);
        dydw[j] =
            (k == N ? current_per_n(j, w, v) : current_per_is(j, w, v)) / (1.0 + w[RSER][j] * g);
    }
}

/* The charge of the depletion layers and of what flows, tt i, at the junction's drop. */
static void stored(size_t n, double *const *w, const double *const *z, double *const *v,
                   double *const *q, double *const *c) {
    for (size_t j = 0; j < n; j++) {
        double i, g;
        eq_depletion bottom = {w[BOTTOM_C][j], w[BOTTOM_V][j], w[MJT][j], fmin(w[FC][j], 0.95)};
        eq_depletion side = {w[SIDE_C][j], w[SIDE_V][j], w[MJSW][j], fmin(w[FCS][j], 0.95)};
        v[0][j] = inside(j, w, z[0][j], &i, &g);
        q[0][j] = w[TT][j] * i;
        c[0][j] = w[TT][j] * g;
        eq_depletion_add(&bottom, v[0][j], &q[0][j], &c[0][j]);
        eq_depletion_add(&side, v[0][j], &q[0][j], &c[0][j]);
    }
}

static const char *const shown[] = {"vd", "gd"};

/* The junction's drop, and its slope with what multiplies the element. */
static void show(double *const *w, const double *const *z, double *value) {
    double i;
    value[0] = inside(0, w, z[0][0], &i, &value[1]);
}

static const eq_storage places[] = {{"cd", "charge", 0, 1}};

/* Limits the drop of the junction; in breakdown the one beyond xbv, mirrored (ngspice: from 10 vtb
 * before it). */
static bool limit_junction(size_t j, double *const *w, double old, double *now) {
    double vtb = w[VTB][j], xbv = w[XBV][j];
    if (*now >= fmin(0.0, 10.0 * vtb - xbv)) return eq_pnjlim(w[VTE][j], w[VCRIT][j], old, now);
    double vcrit = vtb * log(vtb / (1.4142135623730951 * w[ISAT][j]));
    double beyond = -(*now + xbv);
    if (!eq_pnjlim(vtb, vcrit, -(old + xbv), &beyond)) return false;
    *now = -(beyond + xbv);
    return true;
}

/* The drop of the terminals at the junction's drop v. */
static double outside(size_t j, double *const *w, double v) {
    double i, g;
    if (!(w[RSER][j] > 0.0)) return v;
    law(j, w, v, &i, &g);
    return v + w[RSER][j] * i;
}

/* Behind a resistance as SPICE does, where the junction has a node of its own: it goes where its slope says that it
 * goes with the terminals. */
static size_t limit(size_t n, double *const *w, const double *x_old, double *x_new) {
    size_t moved = 0;
    for (size_t j = 0; j < n; j++) {
        double i, g, rs = w[RSER][j];
        if (!(rs > 0.0)) {
            moved += limit_junction(j, w, x_old[j], &x_new[j]);
            continue;
        }
        double v = inside(j, w, x_old[j], &i, &g), now = v + (x_new[j] - x_old[j]) / (1.0 + rs * g);
        moved += limit_junction(j, w, v, &now);
        x_new[j] = outside(j, w, now);
    }
    return moved;
}

static void let_conduct(size_t n, double *const *w, double *const *z) {
    for (size_t j = 0; j < n; j++)
        if (isfinite(w[VCRIT][j])) z[0][j] = outside(j, w, w[VCRIT][j]);
}

const eq_device_class eq_class_diode = {
    .name = "diode",
    .letter = 'd',
    .model_type = "d",
    .defined = EQ_CURRENT_DEFINED,
    .control = EQ_CONTROL_NONE,
    .flags = EQ_RECIPROCAL | EQ_CONDUCTS,
    .params = DECLARED,
    .columns = COLUMNS,
    .param = diode_param,
    .line = {EQ_SPICE_LINE("$n $a $b $m$i\n"), [EQ_SPECTRE] = "$n ($a $b) $m$i\n"},
    .thermal =
        EQ_BIT(N) | EQ_BIT(NBV) | EQ_BIT(NR) | EQ_BIT(NS) | EQ_BIT(XTI), /* xti enters as xti/n */
    .ngspice_only = EQ_BIT(BV) | EQ_BIT(IBV) | EQ_BIT(NBV) | EQ_BIT(IKF) | EQ_BIT(ISR) |
                    EQ_BIT(NR) | EQ_BIT(VJ) | EQ_BIT(MJ) | EQ_BIT(FC) | EQ_BIT(TLEVC) |
                    EQ_BIT(TPB) | EQ_BIT(TM1) | EQ_BIT(TM2) | EQ_BIT(JSW) | EQ_BIT(NS) |
                    EQ_BIT(TRS1) | EQ_BIT(TRS2) | EQ_BIT(TCV) | EQ_BIT(TLEV),
    .instance = EQ_BIT(AREA) | EQ_BIT(M) | EQ_BIT(TEMP) | EQ_BIT(DTEMP) | EQ_BIT(PJ),
    .reactive = EQ_BIT(DECLARED) - EQ_BIT(CJO),
    .charged = 4,
    .quiet = {{EQ_BIT(NR) | EQ_BIT(VJ) | EQ_BIT(MJ) | EQ_BIT(FC) | EQ_BIT(TLEVC) | EQ_BIT(TPB) |
                   EQ_BIT(TM1) | EQ_BIT(TM2),
               ISR},
              {EQ_BIT(NS) | EQ_BIT(PJ), JSW}},
    .value = -1,
    .lost = lost,
    .derive = derive,
    .energy = energy,
    .value_and_slope = value_and_slope,
    .least_slope = least_slope,
    .param_energy = param_energy,
    .param_value = param_value,
    .storage = places,
    .storages = 1,
    .stored = stored,
    .shown = shown,
    .shows = sizeof shown / sizeof *shown,
    .show = show,
    .limit = limit,
    .begin = let_conduct,
};
