/* Bipolar transistors (Gummel and Poon 1970; ngspice manual, "BJTs"), npn and pnp, around
 * bjt_law.h, with resistances at collector, base and emitter. */
#include <stdbool.h>

#include "devices/depletion.h"
#include "devices/pnjlim.h"
#include "devices/registry.h"
#include "devices/silicon.h"
#include "devices/transistors/bjt_law.h"
#include "devices/transistors/inner.h"
#include "devices/transistors/limit.h"

enum { C, B, E, S, NODES };

/* clang-format off */
enum {
    IS, BF, NF, VAF, IKF, ISE, NE, BR, NR, VAR, IKR, ISC, NC, RB, IRB, RBM, RE, RC, ISS, NS, SUBS, NKF, XTB, EG, XTI,
    TNOM, AREA, AREAB, AREAC, M, TEMP, DTEMP, CJE, VJE, MJE, TF, XTF, VBC, ITF, CJC, VJC, MJC, XCJC, TR, CJS, VJS, MJS,
    FC, DECLARED
};
enum {
    LAW = DECLARED, /* the numbers of bjt_law.h */
    VTF = LAW + EQ_BJT_LAWS, VTR, VTE, VTC, VTS, GMIN, TYPE, SIDE, VCRIT,
    PER_IS, PER_ISR, PER_ISE, PER_ISC, PER_R, /* of a unit of the parameter */
    LAYER, /* of each junction the potential, V, and the capacitance with area and m, F */
    COLUMNS = LAYER + 6
};
/* clang-format on */

/* 0 of an Early voltage or a knee: none. */
static const eq_param bjt_param[] = {
    [IS] = {"is", "A", 1e-16, 0.0, 1e300, true},
    [BF] = {"bf", "1", 100.0, 1e-300, 1e300, true},
    [NF] = {"nf", "1", 1.0, 1e-3, 1e6, false},
    [VAF] = {"vaf", "V", 0.0, 0.0, 1e300, true},
    [IKF] = {"ikf", "A", 0.0, 0.0, 1e300, true},
    [ISE] = {"ise", "A", 0.0, 0.0, 1e300, true},
    [NE] = {"ne", "1", 1.5, 1e-3, 1e6, false},
    [BR] = {"br", "1", 1.0, 1e-300, 1e300, true},
    [NR] = {"nr", "1", 1.0, 1e-3, 1e6, false},
    [VAR] = {"var", "V", 0.0, 0.0, 1e300, true},
    [IKR] = {"ikr", "A", 0.0, 0.0, 1e300, true},
    [ISC] = {"isc", "A", 0.0, 0.0, 1e300, true},
    [NC] = {"nc", "1", 2.0, 1e-3, 1e6, false},
    [RB] = {"rb", "ohm", 0.0, 0.0, 1e300, false},
    [IRB] = {"irb", "A", 0.0, 0.0, 1e300, false},
    [RBM] = {"rbm", "ohm", NAN, 0.0, 1e300, false},
    [RE] = {"re", "ohm", 0.0, 0.0, 1e300, true},
    [RC] = {"rc", "ohm", 0.0, 0.0, 1e300, true},
    [ISS] = {"iss", "A", 0.0, 0.0, 1e300, false},
    [NS] = {"ns", "1", 1.0, 1e-3, 1e6, false},
    [SUBS] = {"subs", "1", NAN, -1.0, 1.0, false},
    [NKF] = {"nkf", "1", 0.5, 0.0, 1e3, false},
    [XTB] = {"xtb", "1", 0.0, -1e3, 1e3, false},
    [EG] = {"eg", "eV", 1.11, 0.0, 1e3, false},
    [XTI] = {"xti", "1", 3.0, -1e3, 1e3, false},
    [TNOM] = {"tnom", "C", NAN, -273.15, 1e6, false},
    [AREA] = {"area", "1", 1.0, 1e-300, 1e300, true},
    [AREAB] = {"areab", "1", NAN, 1e-300, 1e300, false},
    [AREAC] = {"areac", "1", NAN, 1e-300, 1e300, false},
    [M] = {"m", "1", 1.0, 1e-300, 1e300, false},
    [TEMP] = {"temp", "C", NAN, -273.15, 1e6, false},
    [DTEMP] = {"dtemp", "K", 0.0, -1e6, 1e6, false},
    [CJE] = {"cje", "F", 0.0, 0.0, 1e300, false},
    [VJE] = {"vje", "V", 0.75, 0.0, 1e6, false},
    [MJE] = {"mje", "1", 0.33, 0.0, 1e3, false},
    [TF] = {"tf", "s", 0.0, 0.0, 1e300, false},
    [XTF] = {"xtf", "1", 0.0, 0.0, 1e300, false},
    [VBC] = {"vtf", "V", 0.0, 0.0, 1e300, false},
    [ITF] = {"itf", "A", 0.0, 0.0, 1e300, false},
    [CJC] = {"cjc", "F", 0.0, 0.0, 1e300, false},
    [VJC] = {"vjc", "V", 0.75, 0.0, 1e6, false},
    [MJC] = {"mjc", "1", 0.33, 0.0, 1e3, false},
    [XCJC] = {"xcjc", "1", 1.0, 0.0, 1.0, false}, /* what of cjc lies behind rb */
    [TR] = {"tr", "s", 0.0, 0.0, 1e300, false},
    [CJS] = {"cjs", "F", 0.0, 0.0, 1e300, false},
    [VJS] = {"vjs", "V", 0.75, 0.0, 1e6, false},
    [MJS] = {"mjs", "1", 0.0, 0.0, 1e3, false},
    [FC] = {"fc", "1", 0.5, 0.0, 1.0, false},
};
enum { FIRST_CHARGE = CJE };

/* The places of charge: cjc in front of rb, too, and the substrate's on the collector or the base. */
enum { BE, BC, BX, SC, SB, PLACES };
static const eq_storage places[PLACES] = {
    [BE] = {"cpi", "qbe", B, E},   [BC] = {"cmu", "qbc", B, C},   [BX] = {"cbx", "qbx", B, C},
    [SC] = {"csub", "qsub", S, C}, [SB] = {"csub", "qsub", S, B},
};

/* The layers of emitter, collector and substrate: capacitance, potential and grading. */
enum { LAYERS = 3 };
static const int layers[LAYERS][3] = {{CJE, VJE, MJE}, {CJC, VJC, MJC}, {CJS, VJS, MJS}};

static double inverse(double x) {
    return x > 0.0 ? 1.0 / x : 0.0;
}

/* A leakage current above 1e-4 A is a multiple of is (C2 and C4 of SPICE2; measured). */
static const double most_leakage = 1e-4;

static double leakage(double given, double is) {
    return given > most_leakage ? given * is : given;
}

/* At temperature T a saturation current grows by exp((T/Tnom - 1) Eg/Vt) (T/Tnom)^xti, leakage by
 * the n-th root of it, and the gains by (T/Tnom)^xtb. ngspice 39 multiplies what flows from base to
 * collector by the area of that junction beside the transistor's own (measured). */
static void derive_currents(size_t j, double *const *w, double vt, double ratio) {
    double own = w[AREA][j] * w[M][j], side = w[SIDE][j];
    double base = eq_or_else(w[AREAB][j], w[AREA][j]),
           collector = eq_or_else(w[AREAC][j], w[AREA][j]);
    double growth = (ratio - 1.0) * w[EG][j] / vt + w[XTI][j] * log(ratio);
    double gain = pow(ratio, w[XTB][j]);
    double below = side > 0.0 ? base : collector; /* of base and collector */
    w[PER_IS][j] = exp(growth) * own;
    w[PER_ISR][j] = w[PER_IS][j] * below;
    w[PER_ISE][j] = exp(growth / w[NE][j]) / gain * own;
    w[PER_ISC][j] = exp(growth / w[NC][j]) / gain * w[M][j] * below;
    w[LAW + EQ_BJT_IS][j] = w[IS][j] * w[PER_IS][j];
    w[LAW + EQ_BJT_ISR][j] = w[IS][j] * w[PER_ISR][j];
    w[LAW + EQ_BJT_ISE][j] = leakage(w[ISE][j], w[IS][j]) * w[PER_ISE][j];
    w[LAW + EQ_BJT_ISC][j] = leakage(w[ISC][j], w[IS][j]) * w[PER_ISC][j];
    w[LAW + EQ_BJT_ISS][j] = w[ISS][j] * exp(growth) * own;
    w[LAW + EQ_BJT_BF][j] = w[BF][j] * gain;
    w[LAW + EQ_BJT_BR][j] = w[BR][j] * gain;
    w[LAW + EQ_BJT_IIKF][j] = inverse(w[IKF][j]) / own;
    w[LAW + EQ_BJT_IIKR][j] = inverse(w[IKR][j]) / own;
    w[LAW + EQ_BJT_IRB][j] = w[IRB][j] * own;
}

/* The layer of the collector goes with the area of the base and that of the substrate with the
 * collector's, of a lateral transistor the other way round. */
static void derive_layers(size_t j, double *const *w, double k_over_q, double kelvin, double tnom) {
    double area[LAYERS] = {w[AREA][j], eq_or_else(w[AREAB][j], w[AREA][j]),
                           eq_or_else(w[AREAC][j], w[AREA][j])};
    for (int k = 0; k < LAYERS; k++) {
        int a = w[SIDE][j] > 0.0 || k == 0 ? k : LAYERS - k;
        double vj = w[layers[k][1]][j];
        double growth = eq_depletion_growth(vj, w[layers[k][2]][j], k_over_q, kelvin, tnom);
        w[LAYER + k][j] = eq_depletion_potential(vj, k_over_q, kelvin, tnom);
        w[LAYER + LAYERS + k][j] = w[layers[k][0]][j] * area[a] * w[M][j] * growth;
    }
}

static void derive(size_t n, double *const *w, const eq_environment *env, double type) {
    for (size_t j = 0; j < n; j++) {
        double temp = eq_own_temp(w[TEMP][j], w[DTEMP][j], env);
        double tnom = eq_or_else(w[TNOM][j], env->tnom) + EQ_CELSIUS_ZERO;
        double kelvin = temp + EQ_CELSIUS_ZERO, vt = env->k_over_q * kelvin;
        double own = w[AREA][j] * w[M][j], rbm = eq_or_else(w[RBM][j], w[RB][j]);
        w[TYPE][j] = type;
        w[SIDE][j] = eq_or_else(w[SUBS][j], type) <= -0.5 ? -1.0 : 1.0;
        w[GMIN][j] = env->gmin * w[M][j];
        derive_currents(j, w, vt, kelvin / tnom);
        derive_layers(j, w, env->k_over_q, kelvin, tnom);
        w[LAW + EQ_BJT_IVAF][j] = inverse(w[VAF][j]);
        w[LAW + EQ_BJT_IVAR][j] = inverse(w[VAR][j]);
        w[LAW + EQ_BJT_RBM][j] = w[RB][j] > 0.0 ? rbm / own : 0.0;
        w[LAW + EQ_BJT_RBI][j] = w[RB][j] > 0.0 ? (w[RB][j] - rbm) / own : 0.0;
        w[PER_R][j] = 1.0 / own;
        w[LAW + EQ_BJT_RC][j] = w[RC][j] * w[PER_R][j];
        w[LAW + EQ_BJT_RE][j] = w[RE][j] * w[PER_R][j];
        w[VTF][j] = vt * w[NF][j];
        w[VTR][j] = vt * w[NR][j];
        w[VTE][j] = vt * w[NE][j];
        w[VTC][j] = vt * w[NC][j];
        w[VTS][j] = vt * w[NS][j];
        w[VCRIT][j] = eq_pnj_critical(vt, w[LAW + EQ_BJT_IS][j]);
    }
}

static void derive_npn(size_t n, double *const *w, const eq_environment *env) {
    derive(n, w, env, 1.0);
}

static void derive_pnp(size_t n, double *const *w, const eq_environment *env) {
    derive(n, w, env, -1.0);
}

/* One transistor, every potential and current of a pnp turned round: its substrate junction goes to
 * the collector (side 1) or to the base (side -1, lateral). */
typedef struct transistor {
    eq_bjt law;
    eq_inner inner;
    double type, side, vcrit;
    int under; /* the inner node above the substrate */
} transistor;

static void law(const void *self, const double *y, eq_dual *i, eq_dual *r) {
    const transistor *q = self;
    eq_bjt_currents c =
        eq_bjt_law(&q->law, y[B] - y[E], y[B] - y[C], q->side * (y[S] - y[q->under]));
    i[C] = c.ic;
    i[B] = c.ib;
    i[S] = eq_dual_scale(q->side, c.is);
    i[q->under] = eq_dual_sub(i[q->under], i[S]);
    i[E] = eq_dual_scale(-1.0, eq_dual_add(c.ic, c.ib));
    r[C] = q->law.number[EQ_BJT_RC];
    r[B] = c.rb;
    r[E] = q->law.number[EQ_BJT_RE];
}

/* At the potentials z, turned round of a pnp. */
static void take_at(double *const *w, size_t j, const double *z, transistor *q) {
    *q = (transistor){.type = w[TYPE][j], .side = w[SIDE][j], .vcrit = w[VCRIT][j]};
    for (int k = 0; k < EQ_BJT_LAWS; k++) q->law.number[k] = eq_dual_of(w[LAW + k][j]);
    q->law.vtf = w[VTF][j];
    q->law.vtr = w[VTR][j];
    q->law.vte = w[VTE][j];
    q->law.vtc = w[VTC][j];
    q->law.vts = w[VTS][j];
    q->law.gmin = w[GMIN][j];
    q->law.nkf = fmin(w[NKF][j], 1.0); /* no more in ngspice 39 (measured) */
    q->under = q->side > 0.0 ? C : B;
    q->inner = (eq_inner){.nodes = NODES, .law = law, .self = q};
    q->inner.drop[EQ_BJT_BE] = (eq_inner_drop){B, E, q->law.vtf, q->vcrit};
    q->inner.drop[EQ_BJT_BC] = (eq_inner_drop){B, C, q->law.vtr, q->vcrit};
    q->inner.drop[EQ_BJT_SUB] = q->side > 0.0 ? (eq_inner_drop){.plus = S, .minus = q->under}
                                              : (eq_inner_drop){.plus = q->under, .minus = S};
    for (int a = 0; a < NODES; a++) q->inner.z[a] = z[a];
}

static void take(double *const *w, size_t j, const double *const *z, transistor *q) {
    double at[NODES];
    for (int a = 0; a < NODES; a++) at[a] = w[TYPE][j] * z[a][j];
    take_at(w, j, at, q);
}

/* Junctions that resistances feed start no further forward than where limiting begins. */
static void begin(const transistor *q, double *y) {
    bool rb = q->law.number[EQ_BJT_RBM].v + q->law.number[EQ_BJT_RBI].v > 0.0;
    for (int a = 0; a < NODES; a++) y[a] = q->inner.z[a];
    if (!isfinite(q->vcrit)) return;
    double low = fmin(y[C], y[E]) + q->vcrit;
    if (rb && y[B] > low) y[B] = low;
    if (q->law.number[EQ_BJT_RE].v > 0.0) y[E] = fmax(y[E], y[B] - q->vcrit);
    if (q->law.number[EQ_BJT_RC].v > 0.0) y[C] = fmax(y[C], y[B] - q->vcrit);
}

static void settle(const transistor *q, eq_inner_state *s) {
    begin(q, s->y);
    eq_inner_settle(&q->inner, s);
}

static void port(size_t n, double *const *w, const double *const *z, const eq_port_search *search,
                 double *const *i, double *const *g) {
    (void)search;
    for (size_t j = 0; j < n; j++) {
        transistor q;
        eq_inner_state s;
        take(w, j, z, &q);
        settle(&q, &s);
        eq_inner_store(&q.inner, &s, q.type, j, i, g);
    }
}

/* The depletion layer at a drop, a share of it; beyond 0 that of a substrate is its tangent. */
static void deplete(size_t j, double *const *w, int layer, double share, double v, double *q,
                    double *c) {
    eq_depletion d = {share * w[LAYER + LAYERS + layer][j], w[LAYER + layer][j],
                      w[layers[layer][2]][j], layer == 2 ? 0.0 : fmin(w[FC][j], 0.9999)};
    eq_depletion_add(&d, v, q, c);
}

/* Row j of what is stored at the inner potentials y, turned round of a pnp. */
static void store(const transistor *t, size_t j, double *const *w, const double *y,
                  double *const *v, double *const *q, double *const *c) {
    double own = w[AREA][j] * w[M][j], drop[PLACES] = {0}, charge[PLACES] = {0};
    double slope[PLACES][PLACES] = {{0}};
    int under = t->side > 0.0 ? SC : SB;
    eq_bjt_transit times = {w[TF][j], w[TR][j], w[XTF][j], w[ITF][j] * own,
                            inverse(1.44 * w[VBC][j])};
    eq_dual be, bc;
    drop[BE] = y[B] - y[E], drop[BC] = y[B] - y[C], drop[BX] = t->inner.z[B] - y[C];
    drop[SC] = y[S] - y[C], drop[SB] = y[S] - y[B];
    eq_bjt_diffusion(&t->law, &times, drop[BE], drop[BC], &be, &bc);
    charge[BE] = be.v, slope[BE][BE] = be.d[EQ_BJT_BE], slope[BE][BC] = be.d[EQ_BJT_BC];
    charge[BC] = bc.v, slope[BC][BC] = bc.d[EQ_BJT_BC];
    deplete(j, w, 0, 1.0, drop[BE], &charge[BE], &slope[BE][BE]);
    deplete(j, w, 1, w[XCJC][j], drop[BC], &charge[BC], &slope[BC][BC]);
    deplete(j, w, 1, 1.0 - w[XCJC][j], drop[BX], &charge[BX], &slope[BX][BX]);
    deplete(j, w, 2, 1.0, t->side * drop[under], &charge[under], &slope[under][under]);
    charge[under] *= t->side;
    for (int k = 0; k < PLACES; k++) {
        v[k][j] = t->type * drop[k];
        q[k][j] = t->type * charge[k];
        for (int l = 0; l < PLACES; l++) c[k * PLACES + l][j] = slope[k][l];
    }
}

static void stored(size_t n, double *const *w, const double *const *z, double *const *v,
                   double *const *q, double *const *c) {
    for (size_t j = 0; j < n; j++) {
        transistor t;
        eq_inner_state s;
        take(w, j, z, &t);
        settle(&t, &s);
        store(&t, j, w, s.y, v, q, c);
    }
}

enum { IC, IB, IE, ISUB, V_BE, V_BC, GM, GPI, GMU, GX, GO, SHOWS };
static const char *const shown[SHOWS] = {
    [IC] = "ic", [IB] = "ib",   [IE] = "ie",   [ISUB] = "is", [V_BE] = "vbe", [V_BC] = "vbc",
    [GM] = "gm", [GPI] = "gpi", [GMU] = "gmu", [GX] = "gx",   [GO] = "go"};

/* As ngspice has it: drops as of an npn, behind the resistances, the collector's current without that of the
 * substrate, and the conductances of the hybrid pi: i_c = (gm + go) v_be - (go + gmu) v_bc. */
static void show(double *const *w, const double *const *z, double *value) {
    transistor t;
    eq_inner_state s;
    take(w, 0, z, &t);
    settle(&t, &s);
    const double *y = s.y;
    value[V_BE] = y[B] - y[E], value[V_BC] = y[B] - y[C];
    eq_bjt_currents c = eq_bjt_law(&t.law, value[V_BE], value[V_BC], t.side * (y[S] - y[t.under]));
    value[IC] = t.type * c.ic.v, value[IB] = t.type * c.ib.v;
    value[ISUB] = -t.type * t.side * c.is.v;
    if (t.side < 0.0) value[IB] -= value[ISUB];
    value[IE] = -(value[IC] + value[IB] + value[ISUB]);
    value[GPI] = c.ib.d[EQ_BJT_BE], value[GMU] = c.ib.d[EQ_BJT_BC];
    value[GO] = -c.ic.d[EQ_BJT_BC] - value[GMU];
    value[GM] = c.ic.d[EQ_BJT_BE] - value[GO];
    value[GX] = inverse(c.rb.v);
}

/* Number k of the law goes with these powers of the parameter; where that is 0 it grows by the column
 * `per` (0: not at all, as that 0 is none). */
static const struct power {
    int param, number;
    double power;
    int per;
} powers[] = {
    {IS, EQ_BJT_IS, 1, PER_IS}, {IS, EQ_BJT_ISR, 1, PER_ISR},  {IS, EQ_BJT_ISE, 1, 0},
    {IS, EQ_BJT_ISC, 1, 0},     {AREA, EQ_BJT_ISR, 1, 0},      {BF, EQ_BJT_BF, 1, 0},
    {BR, EQ_BJT_BR, 1, 0},      {ISE, EQ_BJT_ISE, 1, PER_ISE}, {ISC, EQ_BJT_ISC, 1, PER_ISC},
    {VAF, EQ_BJT_IVAF, -1, 0},  {VAR, EQ_BJT_IVAR, -1, 0},     {IKF, EQ_BJT_IIKF, -1, 0},
    {IKR, EQ_BJT_IIKR, -1, 0},  {RC, EQ_BJT_RC, 1, PER_R},     {RE, EQ_BJT_RE, 1, PER_R},
    {AREA, EQ_BJT_IS, 1, 0},    {AREA, EQ_BJT_ISE, 1, 0},      {AREA, EQ_BJT_ISC, 1, 0},
    {AREA, EQ_BJT_ISS, 1, 0},   {AREA, EQ_BJT_IIKF, -1, 0},    {AREA, EQ_BJT_IIKR, -1, 0},
    {AREA, EQ_BJT_IRB, 1, 0},   {AREA, EQ_BJT_RBM, -1, 0},     {AREA, EQ_BJT_RBI, -1, 0},
    {AREA, EQ_BJT_RC, -1, 0},   {AREA, EQ_BJT_RE, -1, 0},
};

/* Whether the number goes with an area of its own, areab or areac. */
static bool has_own_area(size_t j, double *const *w, int number) {
    return (number == EQ_BJT_ISC || number == EQ_BJT_ISR) &&
           !isnan(w[w[SIDE][j] > 0.0 ? AREAB : AREAC][j]);
}

/* Whether the number is a leakage current of its own, which is does not move. */
static bool is_apart(size_t j, double *const *w, int k, int number) {
    if (k != IS || (number != EQ_BJT_ISE && number != EQ_BJT_ISC)) return false;
    return w[number == EQ_BJT_ISE ? ISE : ISC][j] <= most_leakage;
}

static void seed(size_t j, double *const *w, int k, transistor *q) {
    for (size_t p = 0; p < sizeof powers / sizeof *powers; p++) {
        int number = powers[p].number;
        double power = powers[p].power;
        if (powers[p].param != k || is_apart(j, w, k, number)) continue;
        if (w[k][j] == 0.0) {
            if (powers[p].per > 0) q->law.number[number].d[EQ_BJT_PARAM] = w[powers[p].per][j];
            continue;
        }
        bool own = k == AREA && has_own_area(j, w, number);
        if (own && number == EQ_BJT_ISC) continue;
        if (k == AREA && number == EQ_BJT_ISR && !own) power = 2.0;
        q->law.number[number].d[EQ_BJT_PARAM] = power * w[LAW + number][j] / w[k][j];
    }
}

static void param_port(size_t n, double *const *w, int k, const double *const *z,
                       double *const *didw) {
    for (size_t j = 0; j < n; j++) {
        transistor q;
        eq_inner_state s;
        take(w, j, z, &q);
        seed(j, w, k, &q);
        settle(&q, &s);
        eq_inner_change(&q.inner, &s, q.type, j, didw);
    }
}

/* Moves the end of a junction whose drop to the base is limited. */
static bool limit_junction(double vt, double vcrit, const double *old, double *now, int end) {
    double drop = now[B] - now[end];
    bool limited = eq_pnjlim(vt, vcrit, old[B] - old[end], &drop);
    if (limited) now[end] = now[B] - drop;
    return limited;
}

static bool limit_junctions(const void *self, size_t j, double *const *w, const double *old,
                            double *now) {
    (void)self;
    bool e = limit_junction(w[VTF][j], w[VCRIT][j], old, now, E);
    bool c = limit_junction(w[VTR][j], w[VCRIT][j], old, now, C);
    return e || c;
}

/* Behind the resistances. */
static bool limit_row(const void *self, size_t j, double *const *w, const double *old,
                      double *now) {
    (void)self;
    transistor q;
    eq_inner_state s;
    take_at(w, j, old, &q);
    settle(&q, &s);
    return eq_inner_limit(&q.inner, &s, limit_junctions, j, w, now);
}

static size_t limit_port(size_t n, double *const *w, const double *const *z_old,
                         double *const *z_new) {
    return eq_limit_rows(NODES, w[TYPE], limit_row, NULL, n, w, z_old, z_new);
}

/* The emitter's junction alone. */
static void let_conduct(size_t n, double *const *w, double *const *z) {
    for (size_t j = 0; j < n; j++) {
        double y[NODES] = {0}, at[NODES];
        transistor q;
        if (!isfinite(w[VCRIT][j])) continue;
        y[B] = y[C] = w[VCRIT][j];
        take_at(w, j, y, &q);
        eq_inner_reach(&q.inner, y, at);
        for (int a = 0; a < NODES; a++) z[a][j] = q.type * at[a];
    }
}

static double made(double *const *w, size_t j, int k, const eq_environment *env) {
    (void)env;
    if (k == RBM) return w[RB][j];
    if (k == SUBS) return w[TYPE][j];
    return k == AREAB || k == AREAC ? w[AREA][j] : NAN;
}

#define GUMMEL_POON(called, derived, rising)                                                       \
    .name = called, .letter = 'q', .model_type = called, .defined = EQ_CURRENT_DEFINED,            \
    .control = EQ_CONTROL_PORT, .terminals = NODES, .channel = {C, E}, .gate = B,                  \
    .opens = (rising), .carries = 1u << C | 1u << B | 1u << E | 1u << S, .params = DECLARED,       \
    .columns = COLUMNS, .param = bjt_param, .line = {EQ_SPICE_LINE("$n $a $b $c $d $m$i\n")},      \
    .thermal = EQ_BIT(NF) | EQ_BIT(NE) | EQ_BIT(NR) | EQ_BIT(NC) | EQ_BIT(NS),                     \
    .ngspice_only = EQ_BIT(ISS) | EQ_BIT(NS) | EQ_BIT(SUBS) | EQ_BIT(NKF),                         \
    .instance =                                                                                    \
        EQ_BIT(AREA) | EQ_BIT(AREAB) | EQ_BIT(AREAC) | EQ_BIT(M) | EQ_BIT(TEMP) | EQ_BIT(DTEMP),   \
    .reactive = EQ_BIT(DECLARED) - EQ_BIT(FIRST_CHARGE), .charged = 6, .value = -1, .made = made,  \
    .derive = derived, .port = port, .param_port = param_port, .limit_port = limit_port,           \
    .begin = let_conduct, .storage = places, .storages = PLACES, .stored = stored, .shown = shown, \
    .shows = SHOWS, .show = show

const eq_device_class eq_class_npn = {GUMMEL_POON("npn", derive_npn, 1)};
const eq_device_class eq_class_pnp = {GUMMEL_POON("pnp", derive_pnp, -1)};
