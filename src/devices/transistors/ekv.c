/* MOS transistors of EKV 2.6, n and p channel: the channel of ekv_law.h, two junctions to the bulk,
 * and resistances at drain and source, which are eliminated inside. */
#include <float.h>
#include <stdbool.h>

#include "devices/pnjlim.h"
#include "devices/registry.h"
#include "devices/silicon.h"
#include "devices/transistors/ekv_charge.h"
#include "devices/transistors/limit.h"
#include "devices/transistors/mosfet.h"

enum { D = EQ_MOS_D, G = EQ_MOS_G, S = EQ_MOS_S, B = EQ_MOS_B };
enum { NODES = EQ_MOS_NODES, ENDS = EQ_MOS_ENDS };

/* clang-format off */
enum {
    VTO, GAMMA, PHI, KP, COX, XJ, DW, DL, E0, THETA, UCRIT, LAMBDA, LETA, WETA, Q0, LK, IBA, IBB, IBN, TOX, NSUB,
    VFB, UO, VMAX, TCV, BEX, UCEX, IBBT, AVTO, AKP, AGAMMA, IS, JS, JSW, N, XTI, RD, RS, RSH, HDIF, TNOM,
    W, L, AD, AS, PD, PS, NRD, NRS, M, TEMP, DTEMP, CGSO, CGDO, CGBO, CBD, CBS, CJ, CJSW, PB, MJ, MJSW, FC, DECLARED
};
/* The numbers with slopes by a parameter: those of ekv_law.h, of the junctions, and the resistances. */
enum { I_D = EQ_EKV_LAWS, I_S, R_D, R_S, NUMBERS };
enum {
    LAW = DECLARED,
    UT = LAW + NUMBERS, VTN, GMIN, TYPE, KELVIN, NOMINAL, VCRIT_D, VCRIT_S, COLUMNS
};
/* clang-format on */

/* Without a default: not given, where the process or another parameter may say it. */
static const eq_param ekv_param[] = {
    [VTO] = {"vto", "V", NAN, -1e6, 1e6, true},
    [GAMMA] = {"gamma", "V^0.5", NAN, 0.0, 1e6, true},
    [PHI] = {"phi", "V", NAN, 1e-2, 1e3, true},
    [KP] = {"kp", "A/V^2", NAN, 0.0, 1e6, true},
    [COX] = {"cox", "F/m^2", NAN, 1e-12, 1e6, true},
    [XJ] = {"xj", "m", 1e-7, 1e-12, 1.0, true},
    [DW] = {"dw", "m", 0.0, -1.0, 1.0, false},
    [DL] = {"dl", "m", 0.0, -1.0, 1.0, false},
    [E0] = {"e0", "V/m", NAN, 0.0, 1e300, true},
    [THETA] = {"theta", "1/V", 0.0, 0.0, 1e6, true},
    [UCRIT] = {"ucrit", "V/m", NAN, 1.0, 1e100, true},
    [LAMBDA] = {"lambda", "1", 0.5, 0.0, 1e6, true},
    [LETA] = {"leta", "1", 0.1, -1e6, 1e6, true},
    [WETA] = {"weta", "1", 0.25, -1e6, 1e6, true},
    [Q0] = {"q0", "C/m^2", 0.0, -1e6, 1e6, true},
    [LK] = {"lk", "m", 2.9e-7, 1e-12, 1.0, true},
    [IBA] = {"iba", "1/m", 0.0, 0.0, 1e300, true},
    [IBB] = {"ibb", "V/m", 3e8, 1.0, 1e300, true},
    [IBN] = {"ibn", "1", 1.0, 0.0, 1e6, true},
    [TOX] = {"tox", "m", NAN, 1e-12, 1.0, false},
    [NSUB] = {"nsub", "1/cm^3", NAN, 1e11, 1e300, false},
    [VFB] = {"vfb", "V", NAN, -1e6, 1e6, false},
    [UO] = {"uo", "cm^2/Vs", NAN, 1e-6, 1e300, false},
    [VMAX] = {"vmax", "m/s", NAN, 1e-6, 1e300, false},
    [TCV] = {"tcv", "V/K", NAN, -1e3, 1e3, false},
    [BEX] = {"bex", "1", -1.5, -1e3, 1e3, false},
    [UCEX] = {"ucex", "1", 0.8, -1e3, 1e3, false},
    [IBBT] = {"ibbt", "1/K", 9e-4, -1e3, 1e3, false},
    [AVTO] = {"avto", "V m", 0.0, -1e6, 1e6, false},
    [AKP] = {"akp", "m", 0.0, -1e6, 1e6, false},
    [AGAMMA] = {"agamma", "V^0.5 m", 0.0, -1e6, 1e6, false},
    [IS] = {"is", "A", 1e-14, 0.0, 1e300, true},
    [JS] = {"js", "A/m^2", 0.0, 0.0, 1e300, false},
    [JSW] = {"jsw", "A/m", 0.0, 0.0, 1e300, false},
    [N] = {"n", "1", 1.0, 1e-3, 1e6, false},
    [XTI] = {"xti", "1", 0.0, -1e3, 1e3, false},
    [RD] = {"rd", "ohm", NAN, 0.0, 1e300, false},
    [RS] = {"rs", "ohm", NAN, 0.0, 1e300, false},
    [RSH] = {"rsh", "ohm", 0.0, 0.0, 1e300, false},
    [HDIF] = {"hdif", "m", 0.0, 0.0, 1.0, false},
    [TNOM] = {"tnom", "C", NAN, -273.15, 1e6, false},
    [W] = {"w", "m", 1e-4, 1e-300, 1e300, true},
    [L] = {"l", "m", 1e-4, 1e-300, 1e300, true},
    [AD] = {"ad", "m^2", 0.0, 0.0, 1e300, false},
    [AS] = {"as", "m^2", 0.0, 0.0, 1e300, false},
    [PD] = {"pd", "m", 0.0, 0.0, 1e300, false},
    [PS] = {"ps", "m", 0.0, 0.0, 1e300, false},
    [NRD] = {"nrd", "1", 1.0, 0.0, 1e300, false},
    [NRS] = {"nrs", "1", 1.0, 0.0, 1e300, false},
    [M] = {"m", "1", 1.0, 1e-300, 1e300, false},
    [TEMP] = {"temp", "C", NAN, -273.15, 1e6, false},
    [DTEMP] = {"dtemp", "K", 0.0, -1e6, 1e6, false},
    [CGSO] = {"cgso", "F/m", 0.0, 0.0, 1e300, false},
    [CGDO] = {"cgdo", "F/m", 0.0, 0.0, 1e300, false},
    [CGBO] = {"cgbo", "F/m", 0.0, 0.0, 1e300, false},
    [CBD] = {"cbd", "F", NAN, 0.0, 1e300, false},
    [CBS] = {"cbs", "F", NAN, 0.0, 1e300, false},
    [CJ] = {"cj", "F/m^2", 0.0, 0.0, 1e300, false},
    [CJSW] = {"cjsw", "F/m", 0.0, 0.0, 1e300, false},
    [PB] = {"pb", "V", 0.8, 0.0, 1e6, false},
    [MJ] = {"mj", "1", 0.5, 0.0, 1e3, false},
    [MJSW] = {"mjsw", "1", 0.33, 0.0, 1e3, false},
    [FC] = {"fc", "1", 0.5, 0.0, 1.0, false},
};

/* Constants of the report. */
static const double silicon = 104.5e-12, oxide = 34.5e-12, electron = 1.602e-19;

/* One row of a table with the parameter that is varied; -1: none. */
typedef struct row {
    double *const *w;
    size_t j;
    int varied;
} row;

static double number(const row *r, int k) {
    return r->w[k][r->j];
}

static bool given(const row *r, int k) {
    return !isnan(number(r, k));
}

static eq_dual value(const row *r, int k) {
    eq_dual x = eq_dual_of(number(r, k));
    if (k == r->varied) x.d[EQ_EKV_PARAM] = 1.0;
    return x;
}

static eq_dual value_or(const row *r, int k, double other) {
    return given(r, k) ? value(r, k) : eq_dual_of(other);
}

/* A model as it is given, or as the process has it (the report, section 4.4), of an n channel. */
typedef struct process {
    eq_dual cox, gamma, phi, vto, kp, ucrit, e0;
} process;

static process process_of(const row *r) {
    double k_over_q = number(r, UT) / number(r, KELVIN), t = number(r, NOMINAL);
    double type = number(r, TYPE), density = number(r, NSUB) * 1e6;
    double mobility = number(r, UO) * 1e-4, tox = number(r, TOX);
    process p = {.cox = value_or(r, COX, given(r, TOX) ? oxide / tox : 0.7e-3),
                 .gamma = value_or(r, GAMMA, 1.0),
                 .phi = value_or(r, PHI, 0.7),
                 .kp = value_or(r, KP, 5e-5),
                 .ucrit = value_or(r, UCRIT, 2e6),
                 .e0 = value_or(r, E0, number(r, THETA) > 0.0 ? 0.0 : 1e12)};
    bool doped = given(r, NSUB);
    if (doped && !given(r, PHI))
        p.phi = eq_dual_of(fmax(2.0 * k_over_q * t * eq_silicon_doping(density, k_over_q, t), 0.1));
    if (doped && !given(r, GAMMA))
        p.gamma = eq_dual_div(eq_dual_of(sqrt(2.0 * electron * silicon * density)), p.cox);
    if (given(r, UO) && !given(r, KP)) p.kp = eq_dual_scale(mobility, p.cox);
    if (given(r, UO) && given(r, VMAX) && !given(r, UCRIT))
        p.ucrit = eq_dual_of(number(r, VMAX) / mobility);
    p.vto = eq_dual_of(0.5);
    if (given(r, VTO))
        p.vto = eq_dual_scale(type, value(r, VTO));
    else if (given(r, VFB))
        p.vto = eq_dual_plus(type * number(r, VFB),
                             eq_dual_add(p.phi, eq_dual_mul(p.gamma, eq_dual_sqrt(p.phi))));
    return p;
}

static double made(double *const *w, size_t j, int k, const eq_environment *env) {
    process p = process_of(&(row){w, j, -1});
    const double of[] = {w[TYPE][j] * p.vto.v, p.gamma.v, p.phi.v, p.kp.v, p.cox.v}; /* VTO .. */
    (void)env;
    return k <= COX ? of[k] : k == UCRIT ? p.ucrit.v : k == E0 ? p.e0.v : NAN;
}

/* phi at the temperature, kept above 0 where the report's formula comes near. */
static eq_dual warm_phi(const row *r, eq_dual phi) {
    double t = number(r, KELVIN), nominal = number(r, NOMINAL), ratio = t / nominal;
    double gaps = t == nominal ? 0.0 : eq_silicon_gap(t) - ratio * eq_silicon_gap(nominal);
    eq_dual warm = eq_dual_plus(gaps - 3.0 * number(r, UT) * log(ratio), eq_dual_scale(ratio, phi));
    return warm.v > 1e-2 ? warm : eq_dual_of(1e-2);
}

/* What a short channel raises the threshold by: the charge q0 piled up at its ends. */
static eq_dual reverse_short(const row *r, const process *p, eq_dual length) {
    eq_dual ratio = eq_dual_scale(10.0, eq_dual_div(length, value(r, LK)));
    eq_dual xi = eq_dual_scale(0.028, eq_dual_plus(-1.0, ratio));
    eq_dual root = eq_dual_plus(1.0, eq_dual_above(xi, eq_dual_of(2.0 * 22e-3)));
    return eq_dual_div(eq_dual_scale(2.0, eq_dual_div(value(r, Q0), p->cox)),
                       eq_dual_mul(root, root));
}

/* The parameters at the temperature, with the geometry and the matching of the transistor (the
 * report, eqs. 18 to 33). */
static void channel_numbers(const row *r, eq_dual *n) {
    process p = process_of(r);
    double dt = number(r, KELVIN) - number(r, NOMINAL),
           ratio = number(r, KELVIN) / number(r, NOMINAL);
    double type = number(r, TYPE), tcv = given(r, TCV) ? type * number(r, TCV) : 1e-3;
    double m = number(r, M);
    eq_dual width = eq_dual_plus(number(r, DW), value(r, W));
    eq_dual length = eq_dual_plus(number(r, DL), value(r, L));
    eq_dual area = eq_dual_sqrt(eq_dual_scale(m, eq_dual_mul(width, length)));
    eq_dual per = eq_dual_div(eq_dual_of(1.0), area);
    eq_dual lc = eq_dual_sqrt(eq_dual_div(eq_dual_scale(silicon, value(r, XJ)), p.cox));
    eq_dual ibb = eq_dual_scale(1.0 + number(r, IBBT) * dt, value(r, IBB));
    eq_dual kp = eq_dual_mul(eq_dual_scale(pow(ratio, number(r, BEX)), p.kp),
                             eq_dual_plus(1.0, eq_dual_scale(number(r, AKP), per)));
    n[EQ_EKV_VT] =
        eq_dual_plus(-tcv * dt, eq_dual_add(p.vto, eq_dual_scale(type * number(r, AVTO), per)));
    if (number(r, Q0) != 0.0 || r->varied == Q0)
        n[EQ_EKV_VT] = eq_dual_add(n[EQ_EKV_VT], reverse_short(r, &p, length));
    n[EQ_EKV_PHI] = warm_phi(r, p.phi);
    n[EQ_EKV_GAMMA] = eq_dual_add(p.gamma, eq_dual_scale(number(r, AGAMMA), per));
    if (n[EQ_EKV_GAMMA].v < 0.0) n[EQ_EKV_GAMMA] = eq_dual_of(0.0);
    n[EQ_EKV_KPW] = eq_dual_scale(m, eq_dual_mul(kp, width));
    n[EQ_EKV_L] = length;
    n[EQ_EKV_UCRIT] = eq_dual_scale(pow(ratio, number(r, UCEX)), p.ucrit);
    n[EQ_EKV_LAMBDA] = value(r, LAMBDA);
    n[EQ_EKV_LC] = lc;
    n[EQ_EKV_LETA] =
        eq_dual_div(eq_dual_scale(silicon, value(r, LETA)), eq_dual_mul(p.cox, length));
    n[EQ_EKV_WETA] =
        eq_dual_div(eq_dual_scale(3.0 * silicon, value(r, WETA)), eq_dual_mul(p.cox, width));
    n[EQ_EKV_PER_E0] =
        p.e0.v > 0.0 ? eq_dual_div(p.cox, eq_dual_scale(silicon, p.e0)) : eq_dual_of(0.0);
    n[EQ_EKV_THETA] = value(r, THETA);
    n[EQ_EKV_IBA] = eq_dual_div(value(r, IBA), ibb);
    n[EQ_EKV_IBB] = eq_dual_mul(ibb, lc);
    n[EQ_EKV_IBN] = eq_dual_scale(2.0, value(r, IBN));
}

/* A junction has js by its area and jsw by its perimeter, or is where these make nothing; it grows
 * by exp((Eg/kTnom - Eg/kT)/n) (T/Tnom)^(xti/n). */
static eq_dual junction_current(const row *r, int area, int perimeter) {
    double ut = number(r, UT), t = number(r, KELVIN), nominal = number(r, NOMINAL), warming = 0.0;
    if (t != nominal)
        warming = eq_silicon_gap(nominal) / (ut * nominal / t) - eq_silicon_gap(t) / ut +
                  number(r, XTI) * log(t / nominal);
    double scale = exp(warming / number(r, N)) * number(r, M);
    double own = number(r, JS) * number(r, area) + number(r, JSW) * number(r, perimeter);
    return eq_dual_scale(scale, own > 0.0 ? eq_dual_of(own) : value(r, IS));
}

/* rd, or the squares of a sheet: as many as are given, or as hdif makes of the width. */
static eq_dual resistance(const row *r, int own, int squares) {
    double per_m = 1.0 / number(r, M);
    if (given(r, own)) return eq_dual_of(number(r, own) * per_m);
    double sheet = number(r, RSH), hdif = number(r, HDIF);
    if (hdif == 0.0) return eq_dual_of(sheet * number(r, squares) * per_m);
    return eq_dual_div(eq_dual_of(sheet * hdif * per_m), eq_dual_plus(number(r, DW), value(r, W)));
}

static void numbers(const row *r, eq_dual *n) {
    channel_numbers(r, n);
    n[I_D] = junction_current(r, AD, PD);
    n[I_S] = junction_current(r, AS, PS);
    n[R_D] = resistance(r, RD, NRD);
    n[R_S] = resistance(r, RS, NRS);
}

static void derive(size_t count, double *const *w, const eq_environment *env, double type) {
    for (size_t j = 0; j < count; j++) {
        row r = {w, j, -1};
        eq_dual n[NUMBERS];
        double temp = eq_own_temp(w[TEMP][j], w[DTEMP][j], env);
        w[TYPE][j] = type;
        w[GMIN][j] = env->gmin;
        w[KELVIN][j] = temp + EQ_CELSIUS_ZERO;
        w[NOMINAL][j] = eq_or_else(w[TNOM][j], env->tnom) + EQ_CELSIUS_ZERO;
        w[UT][j] = env->k_over_q * w[KELVIN][j];
        w[VTN][j] = w[UT][j] * w[N][j];
        numbers(&r, n);
        for (int k = 0; k < NUMBERS; k++) w[LAW + k][j] = n[k].v;
        w[VCRIT_D][j] = eq_pnj_critical(w[VTN][j], n[I_D].v);
        w[VCRIT_S][j] = eq_pnj_critical(w[VTN][j], n[I_S].v);
    }
}

static void derive_n(size_t n, double *const *w, const eq_environment *env) {
    derive(n, w, env, 1.0);
}

static void derive_p(size_t n, double *const *w, const eq_environment *env) {
    derive(n, w, env, -1.0);
}

static const char *wrong(double *const *w, size_t j) {
    if (!(w[W][j] + w[DW][j] > 0.0))
        return "its channel has no width left beside dw of its model; give a larger w or dw";
    if (!(w[L][j] + w[DL][j] > 0.0))
        return "its channel has no length left beside dl of its model; give a larger l or dl";
    return NULL;
}

/* One transistor, every potential and current of a p channel turned round. */
typedef struct transistor {
    eq_ekv law;
    eq_dual is[ENDS], r[ENDS];
    double vtn, gmin, type, z[NODES]; /* z: of the terminals */
} transistor;

/* The inner potentials y of drain and source, the currents into the nodes and their slopes by the
 * inner potentials and by the parameter; f = y - z + r i of drain and source, m and f_by its slopes. */
typedef struct state {
    double y[NODES], i[NODES], g[NODES][NODES], by[NODES];
    double f[ENDS], m[ENDS][NODES], f_by[ENDS];
} state;

static const int end_of[ENDS] = {D, S};

static transistor take(double *const *w, size_t j, const eq_dual *n) {
    transistor q = {.vtn = w[VTN][j], .gmin = w[GMIN][j], .type = w[TYPE][j]};
    for (int k = 0; k < EQ_EKV_LAWS; k++) q.law.number[k] = n[k];
    for (int e = 0; e < ENDS; e++) {
        q.is[e] = n[I_D + e];
        q.r[e] = n[R_D + e];
    }
    q.law.ut = w[UT][j];
    q.law.eta = q.type > 0.0 ? 1.0 / 2.0 : 1.0 / 3.0;
    return q;
}

/* Adds a current that flows from node a to node b, with its slopes by all nodes and the parameter. */
static void flow(state *s, int a, int b, double i, const double *g, double by) {
    s->i[a] += i;
    s->i[b] -= i;
    s->by[a] += by;
    s->by[b] -= by;
    for (int k = 0; k < NODES; k++) {
        s->g[a][k] += g[k];
        s->g[b][k] -= g[k];
    }
}

/* A current of the channel, which has its slopes by gate and source from the bulk and by the drop:
 * the higher end takes the part of the drain. */
static void channel_flow(state *s, int from, int to, int high, int low, eq_dual x) {
    double g[NODES] = {0};
    g[G] = x.d[EQ_EKV_G];
    g[low] = x.d[EQ_EKV_S] - x.d[EQ_EKV_DS];
    g[high] = x.d[EQ_EKV_DS];
    g[B] = -x.d[EQ_EKV_G] - x.d[EQ_EKV_S];
    flow(s, from, to, x.v, g, x.d[EQ_EKV_PARAM]);
}

/* is (exp(v/vt) - 1) + gmin v; where that carries more than 10 GA its tangent. */
static void junction_flow(const transistor *q, int end, state *s) {
    int to = end_of[end];
    eq_dual is = q->is[end];
    double v = s->y[B] - s->y[to], vt = q->vtn, g[NODES] = {0};
    double top = is.v > 0.0 ? vt * log1p(1e10 / is.v) : 0.0;
    double at = fmin(v, top), e = expm1(at / vt), slope = (e + 1.0) / vt;
    double part = e + (v > top ? slope * (v - top) : 0.0);
    g[B] = is.v * slope + q->gmin;
    g[to] = -g[B];
    flow(s, B, to, is.v * part + q->gmin * v, g, is.d[EQ_EKV_PARAM] * e);
}

static void evaluate(const transistor *q, state *s) {
    double *y = s->y;
    int high = y[D] >= y[S] ? D : S, low = high == D ? S : D;
    eq_ekv_currents c = eq_ekv_law(&q->law, y[G] - y[B], y[low] - y[B], y[high] - y[low]);
    for (int a = 0; a < NODES; a++) {
        s->i[a] = s->by[a] = 0.0;
        for (int b = 0; b < NODES; b++) s->g[a][b] = 0.0;
    }
    channel_flow(s, high, low, high, low, c.ids);
    channel_flow(s, high, B, high, low, c.idb);
    for (int e = 0; e < ENDS; e++) junction_flow(q, e, s);
    for (int e = 0; e < ENDS; e++) {
        int a = end_of[e];
        s->f[e] = y[a] - q->z[a] + q->r[e].v * s->i[a];
        s->f_by[e] = q->r[e].v * s->by[a] + q->r[e].d[EQ_EKV_PARAM] * s->i[a];
        for (int b = 0; b < NODES; b++) s->m[e][b] = q->r[e].v * s->g[a][b] + (a == b ? 1.0 : 0.0);
    }
}

/* Solves m x = f of the inner drain and source; the determinant is at least 1 (as in
 * mosfet_kernels.h). */
static void solve(const state *s, const double *f, double *x) {
    double dd = s->m[0][D], ds = s->m[0][S], sd = s->m[1][D], ss = s->m[1][S];
    double per = 1.0 / (dd * ss - ds * sd);
    x[0] = (ss * f[0] - ds * f[1]) * per;
    x[1] = (dd * f[1] - sd * f[0]) * per;
}

static double worst(const state *s) {
    return fmax(fabs(s->f[0]), fabs(s->f[1]));
}

/* A step of Newton, halved until |f| falls; false: no step does. */
static bool step(const transistor *q, state *s, const double *x, double least) {
    double from[ENDS] = {s->y[D], s->y[S]}, before = worst(s), t = 1.0;
    double length = fmax(fabs(x[0]), fabs(x[1]));
    for (; t * length > least; t *= 0.5) {
        for (int e = 0; e < ENDS; e++) s->y[end_of[e]] = from[e] - t * x[e];
        evaluate(q, s);
        if (worst(s) < before) return true;
    }
    for (int e = 0; e < ENDS; e++) s->y[end_of[e]] = from[e];
    evaluate(q, s);
    return false;
}

static void descend(const transistor *q, state *s, double size) {
    for (int k = 0; k < 60 && worst(s) > 0.0; k++) {
        double x[ENDS];
        solve(s, s->f, x);
        if (!step(q, s, x, 2.0 * DBL_EPSILON * size)) break;
    }
}

/* f of an end grows with its inner potential, and all currents flow downhill: the inner potentials
 * lie between those of drain, source and bulk. */
static void halve(const transistor *q, state *s, int end) {
    double low = fmin(q->z[D], fmin(q->z[S], q->z[B])),
           high = fmax(q->z[D], fmax(q->z[S], q->z[B]));
    for (int k = 0; k < 60; k++) {
        double middle = s->y[end_of[end]] = 0.5 * (low + high);
        if (end == EQ_MOS_SOURCE)
            halve(q, s, EQ_MOS_DRAIN);
        else
            evaluate(q, s);
        if (s->f[end] > 0.0)
            high = middle;
        else
            low = middle;
    }
}

/* The inner potentials at the outer ones, and what flows there. */
static void settle(const transistor *q, state *s) {
    double size = fabs(q->z[D]) + fabs(q->z[S]) + fabs(q->z[B]);
    for (int a = 0; a < NODES; a++) s->y[a] = q->z[a];
    for (int e = 0; e < ENDS; e++) { /* no further forward than the resistance alone would let it */
        double v = q->z[B] - q->z[end_of[e]], rated = q->r[e].v * q->is[e].v;
        if (rated > 0.0 && v > 8.0 * q->vtn)
            s->y[end_of[e]] = q->z[B] - fmin(v, q->vtn * log1p(v / rated));
    }
    evaluate(q, s);
    if (q->r[0].v == 0.0 && q->r[1].v == 0.0) return;
    descend(q, s, size);
    if (worst(s) <= 1e-10 * size) return;
    halve(q, s, EQ_MOS_SOURCE);
    descend(q, s, size);
}

/* By how much the current into node a changes where the inner drain and source move by x. */
static double moved(const state *s, int a, const double *x) {
    return s->g[a][D] * x[0] + s->g[a][S] * x[1];
}

/* Only drops count: the column of the source is what the others leave. So is its row, as what flows in flows out, unless its
 * own terms are smaller. */
static void store_slopes(const state *s, size_t j, double *const *g) {
    double sum[NODES] = {0};
    for (int b = 0; b < NODES; b++) {
        double right[ENDS] = {0}, x[ENDS], rest = 0.0, size = 0.0;
        if (b == S) continue;
        for (int e = 0; e < ENDS; e++) right[e] = b == D ? (e == 0 ? 1.0 : 0.0) : -s->m[e][b];
        solve(s, right, x);
        for (int a = 0; a < NODES; a++) {
            if (a == S) continue;
            double slope = moved(s, a, x) + (b == D ? 0.0 : s->g[a][b]);
            g[a * NODES + b][j] = slope;
            sum[a] += slope;
            rest += slope;
            size += fabs(slope);
        }
        double own = b == D ? 0.0 : s->g[S][b], terms = fabs(own);
        for (int e = 0; e < ENDS; e++) terms += fabs(s->g[S][end_of[e]] * x[e]);
        double last = terms < size ? moved(s, S, x) + own : -rest;
        g[S * NODES + b][j] = last;
        sum[S] += last;
    }
    for (int a = 0; a < NODES; a++) g[a * NODES + S][j] = -sum[a];
}

/* Where a resistance takes most of a change of a drop the current is that of its own drop, in which rounding of the inner
 * potential is not multiplied by the slope of the channel; the other end has what is left. */
static void outer(const transistor *q, state *s) {
    double weight[ENDS], other[ENDS];
    for (int e = 0; e < ENDS; e++) {
        int a = end_of[e];
        weight[e] = q->r[e].v * s->g[a][a];
        other[e] = weight[e] > 1.0 ? (q->z[a] - s->y[a]) / q->r[e].v : s->i[a];
    }
    int own = weight[0] >= weight[1] ? 0 : 1;
    if (!(weight[own] > 1.0)) return;
    s->i[end_of[own]] = other[own];
    s->i[end_of[1 - own]] = -(other[own] + s->i[B]);
}

static void port(size_t count, double *const *w, const double *const *z,
                 const eq_port_search *search, double *const *i, double *const *g) {
    (void)search;
    for (size_t j = 0; j < count; j++) {
        eq_dual n[NUMBERS];
        for (int k = 0; k < NUMBERS; k++) n[k] = eq_dual_of(w[LAW + k][j]);
        transistor q = take(w, j, n);
        state s;
        for (int a = 0; a < NODES; a++) q.z[a] = q.type * z[a][j];
        settle(&q, &s);
        outer(&q, &s);
        for (int a = 0; a < NODES; a++) i[a][j] = q.type * s.i[a];
        store_slopes(&s, j, g);
    }
}

static void param_port(size_t count, double *const *w, int k, const double *const *z,
                       double *const *didw) {
    for (size_t j = 0; j < count; j++) {
        row r = {w, j, k};
        eq_dual n[NUMBERS];
        numbers(&r, n);
        transistor q = take(w, j, n);
        double x[ENDS];
        state s;
        for (int a = 0; a < NODES; a++) q.z[a] = q.type * z[a][j];
        settle(&q, &s);
        solve(&s, s.f_by, x);
        for (int a = 0; a < NODES; a++) didw[a][j] = q.type * (s.by[a] - moved(&s, a, x));
    }
}

/* A layer of the junctions, at the temperature (depletion.h). */
static eq_depletion layer(const row *r, double capacitance, int grading) {
    double t = number(r, KELVIN), nominal = number(r, NOMINAL), k_over_q = number(r, UT) / t;
    double pb = number(r, PB), mj = number(r, grading);
    double growth = eq_depletion_growth(pb, mj, k_over_q, t, nominal);
    return (eq_depletion){capacitance * number(r, M) * growth,
                          eq_depletion_potential(pb, k_over_q, t, nominal), mj,
                          fmin(number(r, FC), 0.9999)};
}

static bool charges(double *const *w, size_t j, const double *z, double *q, double *c) {
    static const int whole[ENDS] = {CBD, CBS}, area[ENDS] = {AD, AS}, perimeter[ENDS] = {PD, PS};
    row r = {w, j, -1};
    eq_dual n[NUMBERS];
    for (int k = 0; k < NUMBERS; k++) n[k] = eq_dual_of(w[LAW + k][j]);
    transistor t = take(w, j, n);
    state s;
    for (int a = 0; a < NODES; a++) t.z[a] = t.type * z[a];
    settle(&t, &s);
    double width = (number(&r, W) + number(&r, DW)) * number(&r, M), length = n[EQ_EKV_L].v;
    eq_ekv_store_of of = {.law = t.law, .oxide = process_of(&r).cox.v * width * length};
    of.overlap[S] = number(&r, CGSO) * width;
    of.overlap[D] = number(&r, CGDO) * width;
    of.overlap[B] = number(&r, CGBO) * length * number(&r, M);
    for (int e = 0; e < ENDS; e++) {
        double bottom = eq_or_else(number(&r, whole[e]), number(&r, CJ) * number(&r, area[e]));
        of.layer[e][0] = layer(&r, bottom, MJ);
        of.layer[e][1] = layer(&r, number(&r, CJSW) * number(&r, perimeter[e]), MJSW);
    }
    for (int a = 0; a < NODES; a++) of.y[a] = s.y[a];
    eq_ekv_sum_charges(&of, q, c);
    for (int a = 0; a < NODES; a++) q[a] *= t.type;
    return true;
}

static const char *const shown[] = {"id",  "is",   "ig",  "ib",  "gm",
                                    "gds", "gmbs", "vgs", "vds", "vbs"};

/* Slopes are those of the drain, or of the end that acts as it, junction and resistance included; drops of an n channel. */
static void show(double *const *w, const double *const *z, double *value) {
    static const int into[] = {D, S, G, B}, by[] = {G, D, B};
    double current[NODES], slope[NODES * NODES], *i[NODES], *g[NODES * NODES], type = *w[TYPE];
    int high = type * (*z[D] - *z[S]) >= 0.0 ? D : S;
    for (int a = 0; a < NODES; a++) i[a] = &current[a];
    for (int a = 0; a < NODES * NODES; a++) g[a] = &slope[a];
    port(1, w, z, NULL, i, g);
    for (int a = 0; a < NODES; a++) value[a] = current[into[a]];
    for (int k = 0; k < 3; k++) {
        value[NODES + k] = slope[high * NODES + (by[k] == D ? high : by[k])];
        value[NODES + 3 + k] = type * (*z[by[k]] - *z[S]);
    }
}

static const char *const charge_node[NODES] = {[D] = "d", [G] = "g", [S] = "s", [B] = "b"};

/* The threshold counts from the lower end of the channel. */
static bool limit_row(const void *self, size_t j, double *const *w, const double *old,
                      double *now) {
    (void)self;
    double phi = w[LAW + EQ_EKV_PHI][j], gamma = w[LAW + EQ_EKV_GAMMA][j];
    double low = fmin(old[D], old[S]) - old[B], vcrit[] = {w[VCRIT_D][j], w[VCRIT_S][j]};
    double von = w[LAW + EQ_EKV_VT][j] + gamma * (sqrt(fmax(phi + low, 0.0)) - sqrt(phi));
    return eq_mosfet_limit(w[VTN][j], von, vcrit, old, now);
}

static size_t limit_port(size_t n, double *const *w, const double *const *z_old,
                         double *const *z_new) {
    return eq_limit_rows(NODES, w[TYPE], limit_row, NULL, n, w, z_old, z_new);
}

#define EKV(called, type_name, derived, rising)                                                    \
    .name = called, .letter = 'm', .model_type = type_name, .level = 44,                           \
    .defined = EQ_CURRENT_DEFINED, .control = EQ_CONTROL_PORT, .terminals = NODES,                 \
    .channel = {D, S}, .gate = G, .opens = (rising), .carries = 1u << D | 1u << S | 1u << B,       \
    .params = DECLARED, .columns = COLUMNS, .param = ekv_param,                                    \
    .instance = EQ_BIT(W) | EQ_BIT(L) | EQ_BIT(AD) | EQ_BIT(AS) | EQ_BIT(PD) | EQ_BIT(PS) |        \
                EQ_BIT(NRD) | EQ_BIT(NRS) | EQ_BIT(M) | EQ_BIT(TEMP) | EQ_BIT(DTEMP),              \
    .reactive = EQ_BIT(CGSO) | EQ_BIT(CGDO) | EQ_BIT(CGBO) | EQ_BIT(CBD) | EQ_BIT(CBS) |           \
                EQ_BIT(CJ) | EQ_BIT(CJSW) | EQ_BIT(PB) | EQ_BIT(MJ) | EQ_BIT(MJSW) | EQ_BIT(FC),   \
    .value = -1, .made = made, .wrong = wrong, .derive = derived, .port = port,                    \
    .param_port = param_port, .limit_port = limit_port, .charge_node = charge_node,                \
    .charge_nodes = NODES, .charges = charges, .shown = shown,                                     \
    .shows = sizeof shown / sizeof *shown, .show = show

const eq_device_class eq_class_ekv_nmos = {EKV("ekv_nmos", "nmos", derive_n, 1)};
const eq_device_class eq_class_ekv_pmos = {EKV("ekv_pmos", "pmos", derive_p, -1)};
