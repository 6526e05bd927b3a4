/* Power MOS transistors (ngspice manual, "VDMOS"): the channel of level 1 without bulk, behind resistances
 * of drain and source, beside a body diode and a resistance from outer source to outer drain. n and
 * p channel. */
#include <math.h>
#include <stdbool.h>

#include "devices/depletion.h"
#include "devices/diode_junction.h"
#include "devices/pnjlim.h"
#include "devices/registry.h"
#include "devices/silicon.h"
#include "devices/transistors/inner.h"
#include "devices/transistors/limit.h"

enum { D, G, S, NODES };
enum { GS, GD }; /* the drops of the law */

/* clang-format off */
enum {
    VTO, KP, LAMBDA, THETA, MTRIODE, KSUBTHRES, SUBSHIFT, RD, RS, RDS, RB, IS, N, EG, XTI, BV, IBV, NBV,
    TCVTH, MU, TEXP0, TRD1, TRD2, TRS1, TRS2, TRB1, TRB2, TKSUBTHRES1, TKSUBTHRES2, TNOM,
    M, TEMP, DTEMP, CGS, CGDMIN, CGDMAX, A, CJO, VJ, MJ, FC, TT, DECLARED
};
/* Numbers of the law at its temperature, with m. */
enum {
    LAW_VTO,    /* V, positive of a transistor that is off at 0 V */
    LAW_BETA,   /* A/V^2 */
    LAW_LAMBDA, /* 1/V */
    LAW_THETA,  /* 1/V */
    LAW_TRIODE, /* 1 */
    LAW_RD,     /* ohm */
    LAW_RS,
    LAWS
};
/* BODY: is [A], vte [V], xbv, vtb, dxbv of its junction, its resistance [ohm] and conductance beside it. */
enum {
    LAW = DECLARED, SLOPE = LAW + LAWS, BODY_IS, BODY_VTE, BODY_XBV, BODY_VTB, BODY_DXBV, BODY_R, SHUNT, GMIN, TYPE,
    VCRIT, GAIN, PER_RD, PER_RS, LAYER_V, LAYER_C, COLUMNS
};
/* clang-format on */

/* Without a default: not given, which leaves rd to trd1 and trd2, the shunt at 1e-15 S and no breakdown. */
static const eq_param vdmos_param[] = {
    [VTO] = {"vto", "V", 0.0, -1e6, 1e6, true},
    [KP] = {"kp", "A/V^2", 1.0, 0.0, 1e9, true},
    [LAMBDA] = {"lambda", "1/V", 0.0, 0.0, 1e6, true},
    [THETA] = {"theta", "1/V", 0.0, 0.0, 1e6, true},
    [MTRIODE] = {"mtriode", "1", 1.0, 1e-6, 1e6, true},
    [KSUBTHRES] = {"ksubthres", "V", 0.1, 1e-6, 1e3, false},
    [SUBSHIFT] = {"subshift", "V", 0.0, -1e3, 1e3, false},
    [RD] = {"rd", "ohm", 0.0, 0.0, 1e300, true},
    [RS] = {"rs", "ohm", 0.0, 0.0, 1e300, true},
    [RDS] = {"rds", "ohm", NAN, 0.0, 1e300, false},
    [RB] = {"rb", "ohm", 0.0, 0.0, 1e300, false},
    [IS] = {"is", "A", 1e-14, 1e-28, 1e300, true},
    [N] = {"n", "1", 1.0, 1e-3, 1e6, false},
    [EG] = {"eg", "eV", 1.11, 0.1, 1e3, false},
    [XTI] = {"xti", "1", 3.0, -1e3, 1e3, false},
    [BV] = {"bv", "V", NAN, 1e-6, 1e300, false},
    [IBV] = {"ibv", "A", 1e-10, 0.0, 1e300, false},
    [NBV] = {"nbv", "1", 1.0, 1e-3, 1e6, false},
    [TCVTH] = {"tcvth", "V/K", 0.0, -1e3, 1e3, false},
    [MU] = {"mu", "1", -1.5, -1e3, 1e3, false},
    [TEXP0] = {"texp0", "1", NAN, -1e3, 1e3, false},
    [TRD1] = {"trd1", "1/K", 0.0, -1e3, 1e3, false},
    [TRD2] = {"trd2", "1/K^2", 0.0, -1e3, 1e3, false},
    [TRS1] = {"trs1", "1/K", 0.0, -1e3, 1e3, false},
    [TRS2] = {"trs2", "1/K^2", 0.0, -1e3, 1e3, false},
    [TRB1] = {"trb1", "1/K", 0.0, -1e3, 1e3, false},
    [TRB2] = {"trb2", "1/K^2", 0.0, -1e3, 1e3, false},
    [TKSUBTHRES1] = {"tksubthres1", "1/K", 0.0, -1e3, 1e3, false},
    [TKSUBTHRES2] = {"tksubthres2", "1/K^2", 0.0, -1e3, 1e3, false},
    [TNOM] = {"tnom", "C", NAN, -273.15, 1e6, false},
    [M] = {"m", "1", 1.0, 1e-300, 1e300, false},
    [TEMP] = {"temp", "C", NAN, -273.15, 1e6, false},
    [DTEMP] = {"dtemp", "K", 0.0, -1e6, 1e6, false},
    [CGS] = {"cgs", "F", 0.0, 0.0, 1e300, false},
    [CGDMIN] = {"cgdmin", "F", 0.0, 0.0, 1e300, false},
    [CGDMAX] = {"cgdmax", "F", 0.0, 0.0, 1e300, false},
    [A] = {"a", "1/V", 1.0, 0.0, 1e6, false},
    [CJO] = {"cjo", "F", 0.0, 0.0, 1e300, false}, /* of the body diode, as tt */
    [VJ] = {"vj", "V", 0.8, 0.0, 1e6, false},
    [MJ] = {"mj", "1", 0.5, 0.0, 1e3, false},
    [FC] = {"fc", "1", 0.5, 0.0, 1.0, false},
    [TT] = {"tt", "s", 0.0, 0.0, 1e300, false},
};

enum { DS = 2, PLACES }; /* behind GS and GD */
static const eq_storage places[PLACES] = {
    [GS] = {"cgs", "qgs", G, S}, [GD] = {"cgd", "qgd", G, D}, [DS] = {"cds", "qds", S, D}};

/* 1 + a dT + b dT^2, of two coefficients that follow each other. */
static double warmed(size_t j, double *const *w, int first, double above) {
    return 1.0 + w[first][j] * above + w[first + 1][j] * above * above;
}

/* dT above tnom: the threshold falls by tcvth dT, kp goes with (T/Tnom)^mu, rd with (T/Tnom)^texp0 where
 * that is given, the others with their linear and square coefficients (measured). */
static void derive_channel(size_t j, double *const *w, double kelvin, double tnom) {
    double ratio = kelvin / tnom, above = kelvin - tnom, m = w[M][j];
    double drain = isnan(w[TEXP0][j]) ? warmed(j, w, TRD1, above) : pow(ratio, w[TEXP0][j]);
    w[GAIN][j] = m * pow(ratio, w[MU][j]);
    w[LAW + LAW_VTO][j] = w[TYPE][j] * w[VTO][j] - w[TCVTH][j] * above;
    w[LAW + LAW_BETA][j] = w[KP][j] * w[GAIN][j];
    w[LAW + LAW_LAMBDA][j] = w[LAMBDA][j];
    w[LAW + LAW_THETA][j] = w[THETA][j];
    w[LAW + LAW_TRIODE][j] = w[MTRIODE][j];
    w[PER_RD][j] = drain / m;
    w[PER_RS][j] = warmed(j, w, TRS1, above) / m;
    w[LAW + LAW_RD][j] = w[RD][j] * w[PER_RD][j];
    w[LAW + LAW_RS][j] = w[RS][j] * w[PER_RS][j];
    w[SLOPE][j] = fmax(w[KSUBTHRES][j] * warmed(j, w, TKSUBTHRES1, above), 1e-9);
}

/* The body diode; ngspice 39 multiplies its is by m and leaves ibv and gmin as they are (measured). */
static void derive_body(size_t j, double *const *w, double vt, double kelvin, double tnom) {
    double ratio = kelvin / tnom, m = w[M][j], n = w[N][j];
    double growth = (ratio - 1.0) * w[EG][j] / (n * vt) + w[XTI][j] / n * log(ratio);
    w[BODY_IS][j] = m * w[IS][j] * exp(growth);
    w[BODY_VTE][j] = n * vt;
    w[BODY_VTB][j] = w[NBV][j] * vt;
    w[BODY_XBV][j] = INFINITY;
    w[BODY_DXBV][j] = 0.0;
    if (w[BV][j] > 0.0)
        w[BODY_XBV][j] = eq_junction_breakdown(w[BODY_IS][j], vt, w[BV][j], w[IBV][j],
                                               w[BODY_VTB][j], &w[BODY_DXBV][j]);
    w[BODY_R][j] = w[RB][j] / m * warmed(j, w, TRB1, kelvin - tnom);
    w[SHUNT][j] = w[RDS][j] > 0.0 ? m / w[RDS][j] : 1e-15;
    w[VCRIT][j] = eq_pnj_critical(n * vt, w[BODY_IS][j]);
}

/* The depletion layer of the body diode: its potential, V, and its capacitance. */
static void derive_layer(size_t j, double *const *w, double k_over_q, double kelvin, double tnom) {
    double growth = eq_depletion_growth(w[VJ][j], fmin(w[MJ][j], 0.9), k_over_q, kelvin, tnom);
    w[LAYER_V][j] = eq_depletion_potential(w[VJ][j], k_over_q, kelvin, tnom);
    w[LAYER_C][j] = w[CJO][j] * w[M][j] * growth;
}

static void derive(size_t n, double *const *w, const eq_environment *env, double type) {
    for (size_t j = 0; j < n; j++) {
        double temp = eq_own_temp(w[TEMP][j], w[DTEMP][j], env);
        double tnom = eq_or_else(w[TNOM][j], env->tnom) + EQ_CELSIUS_ZERO;
        double kelvin = temp + EQ_CELSIUS_ZERO;
        w[GMIN][j] = env->gmin;
        w[TYPE][j] = type;
        derive_channel(j, w, kelvin, tnom);
        derive_body(j, w, env->k_over_q * kelvin, kelvin, tnom);
        derive_layer(j, w, env->k_over_q, kelvin, tnom);
        if (w[LAW + LAW_RD][j] < 0.0 || w[LAW + LAW_RS][j] < 0.0 || w[BODY_R][j] < 0.0)
            w[GMIN][j] = w[LAW + LAW_BETA][j] = NAN; /* lost() says so */
    }
}

static const char *lost(double *const *w, size_t j) {
    return isnan(w[GMIN][j])
               ? "the temperature coefficients of its model make a resistance negative "
                 "at this temperature; check trd1, trs1, trb1 and their squares"
               : NULL;
}

static void derive_n(size_t n, double *const *w, const eq_environment *env) {
    derive(n, w, env, 1.0);
}

static void derive_p(size_t n, double *const *w, const eq_environment *env) {
    derive(n, w, env, -1.0);
}

/* One transistor, every potential and current of a p channel turned round. */
typedef struct transistor {
    eq_dual number[LAWS];
    double slope, shift, type;
    eq_inner inner;
} transistor;

/* slope ln(1 + exp(v/slope)): the drive with its weak inversion. */
static eq_dual softened(eq_dual v, double slope) {
    double a = v.v / slope, e = exp(-fabs(a));
    return eq_dual_map(slope * (fmax(a, 0.0) + log1p(e)), (a > 0.0 ? 1.0 : e) / (1.0 + e), v);
}

/* With o the drive over the lower end and w = min(o, mtriode |vds|): i = beta w (o - w/2) (1 + lambda
 * vds)/(1 + theta vgs), and in reverse mode the same lambda and theta with these signs (measured). */
static eq_dual channel(const transistor *q, double vgs, double vgd, double vds) {
    bool forward = vds >= 0.0;
    eq_dual across = {vds, {[GS] = 1.0, [GD] = -1.0}}, one = eq_dual_of(1.0), wide, part;
    eq_dual gate = forward ? eq_dual_variable(vgs, GS) : eq_dual_variable(vgd, GD);
    eq_dual longer = eq_dual_add(one, eq_dual_mul(q->number[LAW_LAMBDA], across));
    eq_dual slower = eq_dual_mul(q->number[LAW_THETA], eq_dual_variable(vgs, GS));
    eq_dual o = eq_dual_sub(gate, eq_dual_add(q->number[LAW_VTO], eq_dual_of(q->shift)));
    o = softened(o, q->slope);
    slower = eq_dual_add(one, slower);
    if (slower.v < 1e-3) slower = eq_dual_of(1e-3); /* held behind its pole */
    if (longer.v < 1e-3) longer = eq_dual_of(1e-3); /* no current flows uphill in reverse mode */
    wide = eq_dual_mul(q->number[LAW_TRIODE], eq_dual_scale(forward ? 1.0 : -1.0, across));
    if (o.v <= wide.v) wide = o;
    part = eq_dual_mul(wide, eq_dual_sub(o, eq_dual_scale(0.5, wide)));
    part = eq_dual_mul(part, eq_dual_div(eq_dual_mul(q->number[LAW_BETA], longer), slower));
    return eq_dual_scale(forward ? 1.0 : -1.0, part);
}

static void law(const void *self, const double *y, eq_dual *i, eq_dual *r) {
    const transistor *q = self;
    eq_dual through = channel(q, y[G] - y[S], y[G] - y[D], y[D] - y[S]);
    i[D] = through;
    i[G] = eq_dual_of(0.0);
    i[S] = eq_dual_scale(-1.0, through);
    r[D] = q->number[LAW_RD];
    r[G] = eq_dual_of(0.0);
    r[S] = q->number[LAW_RS];
}

static void take(double *const *w, size_t j, const double *const *z, transistor *q) {
    *q = (transistor){.slope = w[SLOPE][j], .shift = w[SUBSHIFT][j], .type = w[TYPE][j]};
    for (int k = 0; k < LAWS; k++) q->number[k] = eq_dual_of(w[LAW + k][j]);
    q->inner = (eq_inner){.nodes = NODES, .law = law, .self = q, .channel = {D, S}};
    q->inner.drop[GS] = (eq_inner_drop){.plus = G, .minus = S, .vt = w[BODY_VTE][j]};
    q->inner.drop[GD] = (eq_inner_drop){.plus = G, .minus = D, .vt = w[BODY_VTE][j]};
    for (int a = 0; a < NODES; a++) q->inner.z[a] = q->type * z[a][j];
}

static void settle(const transistor *q, eq_inner_state *s) {
    for (int a = 0; a < NODES; a++) s->y[a] = q->inner.z[a];
    eq_inner_settle(&q->inner, s);
}

/* What flows from source to drain beside the channel at the drop u, its slope, and its change with is; a
 * diode that carries more than 10 GA goes on along its tangent. */
typedef struct body {
    double i, g, per_is;
    double v, through, slope; /* of the diode alone, without gmin: its drop, its current */
} body;

static body body_of(size_t j, double *const *w, double u) {
    eq_junction q = {.is = w[BODY_IS][j],
                     .vte = w[BODY_VTE][j],
                     .gmin = w[GMIN][j],
                     .xbv = w[BODY_XBV][j],
                     .vtb = w[BODY_VTB][j],
                     .dxbv = w[BODY_DXBV][j]};
    double r = w[BODY_R][j], top = q.vte * log1p(1e10 / q.is), i, g;
    double v = r > 0.0 ? eq_junction_drop(&q, r, u) : fmin(u, top);
    eq_junction_law(&q, v, &i, &g);
    double change = eq_junction_law_per_is(&q, v) / w[IS][j], share = 1.0 + r * g;
    if (r == 0.0) i += g * (u - v);
    if (r == 0.0) v = u;
    return (body){.i = i + w[SHUNT][j] * u,
                  .g = g / share + w[SHUNT][j],
                  .per_is = change / share,
                  .v = v,
                  .through = i - q.gmin * v,
                  .slope = g - q.gmin};
}

enum { ID, IGATE, ISRC, V_GS, V_DS, V_GD, VON, GM, GDS, R_D, R_S, SHOWS };
static const char *const shown[SHOWS] = {
    [ID] = "id",   [IGATE] = "ig", [ISRC] = "is", [V_GS] = "vgs", [V_DS] = "vds", [V_GD] = "vgd",
    [VON] = "von", [GM] = "gm",    [GDS] = "gds", [R_D] = "rd",   [R_S] = "rs"};

/* As ngspice has it: the channel's current and the drops behind the resistances as of an n channel, slopes
 * as of the mode. */
static void show(double *const *w, const double *const *z, double *value) {
    transistor t;
    eq_inner_state s;
    take(w, 0, z, &t);
    settle(&t, &s);
    const double *y = s.y;
    value[V_GS] = y[G] - y[S], value[V_DS] = y[D] - y[S], value[V_GD] = y[G] - y[D];
    eq_dual through = channel(&t, value[V_GS], value[V_GD], value[V_DS]);
    bool forward = value[V_DS] >= 0.0;
    value[ID] = through.v, value[IGATE] = 0.0, value[ISRC] = -through.v;
    value[VON] = t.type * t.number[LAW_VTO].v;
    value[GM] = (forward ? 1.0 : -1.0) * (through.d[GS] + through.d[GD]);
    value[GDS] = forward ? -through.d[GD] : through.d[GS];
    value[R_D] = t.number[LAW_RD].v, value[R_S] = t.number[LAW_RS].v;
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
        body b = body_of(j, w, q.inner.z[S] - q.inner.z[D]);
        i[D][j] -= q.type * b.i;
        i[S][j] += q.type * b.i;
        g[D * NODES + D][j] += b.g;
        g[S * NODES + S][j] += b.g;
        g[D * NODES + S][j] -= b.g;
        g[S * NODES + D][j] -= b.g;
    }
}

/* The charge of the gate on the drain at the drop v: from cgdmin to nearly cgdmax the capacitance is
 * c + s atan(a v), above 0 c + s tanh(a v), s = (cgdmax - cgdmin)/(1 + pi/2), c = cgdmax - s (ngspice
 * manual, "VDMOS"). */
static void gate_on_drain(size_t j, double *const *w, double v, double *q, double *c) {
    const double half_pi = 1.5707963267948966;
    double s = w[M][j] * (w[CGDMAX][j] - w[CGDMIN][j]) / (1.0 + half_pi), a = w[A][j];
    double base = w[M][j] * w[CGDMAX][j] - s, x = a * v;
    double bend = 0.5 * log1p(x * x), above = fabs(x) + log1p(exp(-2.0 * fabs(x))) - log(2.0);
    *c = base + s * (v > 0.0 ? tanh(x) : atan(x));
    *q = base * v;
    if (a > 0.0) *q += s / a * (v > 0.0 ? above : x * atan(x) - bend);
}

/* Row j at the inner potentials y; ngspice shows what one of m transistors has, but for the body. */
static void store(const transistor *t, size_t j, double *const *w, const double *y,
                  double *const *v, double *const *q, double *const *c) {
    double drop[PLACES] = {y[G] - y[S], y[G] - y[D], 0.0}, sum[PLACES], slope[PLACES];
    body b = body_of(j, w, t->inner.z[S] - t->inner.z[D]);
    eq_depletion d = {w[LAYER_C][j], w[LAYER_V][j], fmin(w[MJ][j], 0.9), fmin(w[FC][j], 0.95)};
    slope[GS] = w[CGS][j] * w[M][j];
    sum[GS] = slope[GS] * drop[GS];
    gate_on_drain(j, w, drop[GD], &sum[GD], &slope[GD]);
    drop[DS] = b.v;
    sum[DS] = w[TT][j] * b.through;
    slope[DS] = w[TT][j] * b.slope;
    eq_depletion_add(&d, b.v, &sum[DS], &slope[DS]);
    for (int k = 0; k < PLACES; k++) {
        v[k][j] = t->type * drop[k];
        q[k][j] = t->type * sum[k];
        for (int l = 0; l < PLACES; l++) c[k * PLACES + l][j] = k == l ? slope[k] : 0.0;
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

/* What the numbers change by with parameter k. */
static void seed(size_t j, double *const *w, int k, transistor *q) {
    static const struct {
        int param, number, by; /* by: the column of what a unit of the parameter makes; -1: 1 */
    } changes[] = {{VTO, LAW_VTO, TYPE},   {KP, LAW_BETA, GAIN},      {LAMBDA, LAW_LAMBDA, -1},
                   {THETA, LAW_THETA, -1}, {MTRIODE, LAW_TRIODE, -1}, {RD, LAW_RD, PER_RD},
                   {RS, LAW_RS, PER_RS}};
    for (size_t c = 0; c < sizeof changes / sizeof *changes; c++) {
        if (changes[c].param != k) continue;
        q->number[changes[c].number].d[EQ_INNER_PARAM] =
            changes[c].by < 0 ? 1.0 : w[changes[c].by][j];
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
        if (k != IS) continue;
        double change = q.type * body_of(j, w, q.inner.z[S] - q.inner.z[D]).per_is;
        didw[D][j] -= change;
        didw[S][j] += change;
    }
}

/* As SPICE limits the gate and the drop between drain and source, from the lower end, and the body
 * diode; the latter not where its resistance bounds what flows there. */
static bool limit_row(const void *self, size_t j, double *const *w, const double *old,
                      double *now) {
    (void)self;
    bool forward = old[D] >= old[S];
    int low = forward ? S : D, high = forward ? D : S;
    double vg = now[G] - now[low], vd = now[high] - now[low];
    double gate = eq_fetlim(old[G] - old[low], vg, w[LAW + LAW_VTO][j]);
    double drop = eq_drain_limit(old[high] - old[low], vd + gate - vg);
    double diode = forward ? -drop : drop;
    if (w[RB][j] == 0.0 && eq_pnjlim(w[BODY_VTE][j], w[VCRIT][j], old[S] - old[D], &diode))
        drop = forward ? -diode : diode;
    now[G] = now[low] + gate;
    now[high] = now[low] + drop;
    return gate != vg || drop != vd;
}

/* As SPICE has it: at the threshold. */
static void begin(size_t n, double *const *w, double *const *z) {
    for (size_t j = 0; j < n; j++) z[G][j] = w[TYPE][j] * w[LAW + LAW_VTO][j];
}

static size_t limit_port(size_t n, double *const *w, const double *const *z_old,
                         double *const *z_new) {
    return eq_limit_rows(NODES, w[TYPE], limit_row, NULL, n, w, z_old, z_new);
}

/* The laws of other simulators' power transistors are not published. */
#define POWER_MOS(called, type_name, derived, rising)                                              \
    .name = called, .letter = 'm', .model_type = type_name, .defined = EQ_CURRENT_DEFINED,         \
    .control = EQ_CONTROL_PORT, .terminals = NODES, .channel = {D, S}, .gate = G,                  \
    .opens = (rising), .carries = 1u << D | 1u << S, .params = DECLARED, .columns = COLUMNS,       \
    .param = vdmos_param, .line = {[EQ_NGSPICE] = "$n $a $b $c $m$i\n"},                           \
    .instance = EQ_BIT(M) | EQ_BIT(TEMP) | EQ_BIT(DTEMP),                                          \
    .reactive = EQ_BIT(DECLARED) - EQ_BIT(CGS), .charged = 2, .value = -1, .lost = lost,           \
    .derive = derived, .port = port, .param_port = param_port, .limit_port = limit_port,           \
    .begin = begin, .storage = places, .storages = PLACES, .stored = stored, .shown = shown,       \
    .shows = SHOWS, .show = show

const eq_device_class eq_class_vdmosn = {POWER_MOS("vdmosn", "vdmos nchan", derive_n, 1)};
const eq_device_class eq_class_vdmosp = {POWER_MOS("vdmosp", "vdmos pchan", derive_p, -1)};
