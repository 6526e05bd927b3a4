/* Junction field-effect transistors (Shichman and Hodges 1968, with the doping tail of Parker and
 * Skellern; ngspice manual, "JFETs", level 1), n and p channel. */
#include <math.h>
#include <stdbool.h>

#include "devices/depletion.h"
#include "devices/pnjlim.h"
#include "devices/registry.h"
#include "devices/silicon.h"
#include "devices/transistors/dual_junction.h"
#include "devices/transistors/inner.h"
#include "devices/transistors/limit.h"

enum { D, G, S, NODES };
enum { GS, GD }; /* the drops of the law */

/* clang-format off */
enum {
    VTO, BETA, LAMBDA, RD, RS, IS, B, PB, TCV, VTOTC, BEX, BETATCE, XTI, EG, TNOM, AREA, M, TEMP, DTEMP, CGS, CGD, FC,
    DECLARED
};
/* Numbers of the law at its temperature, with area and m. */
enum {
    LAW_VTO,    /* V */
    LAW_BETA,   /* A/V^2 */
    LAW_LAMBDA, /* 1/V */
    LAW_TAIL,   /* 1/V, (1 - b)/(pb - vto) */
    LAW_IS,     /* A, of either junction */
    LAW_RD,     /* ohm */
    LAW_RS,
    LAWS
};
enum { LAW = DECLARED, VT = LAW + LAWS, GMIN, TYPE, VCRIT, GAIN, GROWTH, LAYER_V, LAYER_C, COLUMNS };
/* clang-format on */

/* Without a default: not given, which leaves the law to tcv and bex. */
static const eq_param jfet_param[] = {
    [VTO] = {"vto", "V", -2.0, -1e6, 1e6, true},
    [BETA] = {"beta", "A/V^2", 1e-4, 0.0, 1e6, true},
    [LAMBDA] = {"lambda", "1/V", 0.0, 0.0, 1e6, true},
    [RD] = {"rd", "ohm", 0.0, 0.0, 1e300, true},
    [RS] = {"rs", "ohm", 0.0, 0.0, 1e300, true},
    [IS] = {"is", "A", 1e-14, 0.0, 1e300, true},
    [B] = {"b", "1", 1.0, -1e3, 1e3, true},
    [PB] = {"pb", "V", 1.0, -1e6, 1e6, false},
    [TCV] = {"tcv", "V/K", 0.0, -1e3, 1e3, false},
    [VTOTC] = {"vtotc", "V/K", NAN, -1e3, 1e3, false},
    [BEX] = {"bex", "1", 0.0, -1e3, 1e3, false},
    [BETATCE] = {"betatce", "%/K", NAN, -1e3, 1e3, false},
    [XTI] = {"xti", "1", 0.0, -1e3, 1e3, false},
    [EG] = {"eg", "eV", 1.11, 0.0, 1e3, false},
    [TNOM] = {"tnom", "C", NAN, -273.15, 1e6, false},
    [AREA] = {"area", "1", 1.0, 1e-300, 1e300, true},
    [M] = {"m", "1", 1.0, 1e-300, 1e300, false},
    [TEMP] = {"temp", "C", NAN, -273.15, 1e6, false},
    [DTEMP] = {"dtemp", "K", 0.0, -1e6, 1e6, false},
    [CGS] = {"cgs", "F", 0.0, 0.0, 1e300, false},
    [CGD] = {"cgd", "F", 0.0, 0.0, 1e300, false},
    [FC] = {"fc", "1", 0.5, 0.0, 1.0, false},
};

enum { PLACES = 2 }; /* GS, GD */
static const eq_storage places[PLACES] = {[GS] = {"cgs", "qgs", G, S}, [GD] = {"cgd", "qgd", G, D}};

/* dT above tnom the threshold moves by vtotc dT, or by -tcv dT; beta grows by 1.01^(betatce dT), or by
 * (T/Tnom)^bex; a saturation current by exp((T/Tnom - 1) eg/Vt) (T/Tnom)^xti (ngspice manual, "JFET
 * Model"; measured). */
static void derive_law(size_t j, double *const *w, double vt, double kelvin, double tnom) {
    double own = w[AREA][j] * w[M][j], ratio = kelvin / tnom, above = kelvin - tnom;
    double growth = (ratio - 1.0) * w[EG][j] / vt + w[XTI][j] * log(ratio);
    w[GROWTH][j] = exp(growth) * own;
    w[GAIN][j] = isnan(w[BETATCE][j]) ? pow(ratio, w[BEX][j]) : pow(1.01, w[BETATCE][j] * above);
    w[GAIN][j] *= own;
    w[LAW + LAW_VTO][j] =
        w[VTO][j] + (isnan(w[VTOTC][j]) ? -w[TCV][j] * above : w[VTOTC][j] * above);
    w[LAW + LAW_BETA][j] = w[BETA][j] * w[GAIN][j];
    w[LAW + LAW_LAMBDA][j] = w[LAMBDA][j];
    w[LAW + LAW_TAIL][j] = w[B][j] == 1.0 ? 0.0 : (1.0 - w[B][j]) / (w[PB][j] - w[VTO][j]);
    w[LAW + LAW_IS][j] = w[IS][j] * w[GROWTH][j];
    w[LAW + LAW_RD][j] = w[RD][j] / own;
    w[LAW + LAW_RS][j] = w[RS][j] / own;
}

/* The depletion layers of the gate: their potential, V, and what multiplies their capacitances; their
 * grading coefficient is 1/2. */
static void derive_layers(size_t j, double *const *w, double k_over_q, double kelvin, double tnom) {
    double pb = w[PB][j];
    w[LAYER_V][j] = eq_depletion_potential(pb, k_over_q, kelvin, tnom);
    w[LAYER_C][j] = w[AREA][j] * w[M][j] * eq_depletion_growth(pb, 0.5, k_over_q, kelvin, tnom);
}

static void derive(size_t n, double *const *w, const eq_environment *env, double type) {
    for (size_t j = 0; j < n; j++) {
        double temp = eq_own_temp(w[TEMP][j], w[DTEMP][j], env);
        double tnom = eq_or_else(w[TNOM][j], env->tnom) + EQ_CELSIUS_ZERO;
        double kelvin = temp + EQ_CELSIUS_ZERO;
        w[VT][j] = env->k_over_q * kelvin;
        w[GMIN][j] = env->gmin * w[M][j];
        w[TYPE][j] = type;
        derive_law(j, w, w[VT][j], kelvin, tnom);
        w[VCRIT][j] = eq_pnj_critical(w[VT][j], w[LAW + LAW_IS][j]);
        derive_layers(j, w, env->k_over_q, kelvin, tnom);
    }
}

static void derive_n(size_t n, double *const *w, const eq_environment *env) {
    derive(n, w, env, 1.0);
}

static void derive_p(size_t n, double *const *w, const eq_environment *env) {
    derive(n, w, env, -1.0);
}

static const char *wrong(double *const *w, size_t j) {
    if (w[B][j] == 1.0 || w[PB][j] != w[VTO][j]) return NULL;
    return "its doping tail b divides by pb - vto, which is 0; give another pb or b=1";
}

/* One transistor, every potential and current of a p channel turned round. */
typedef struct transistor {
    eq_dual number[LAWS], b;
    double vt, gmin, type, vcrit;
    eq_inner inner;
} transistor;

/* How far the drop is above the threshold. */
static eq_dual over(const transistor *q, double v, int k) {
    eq_dual o = eq_dual_sub(eq_dual_variable(v, k), q->number[LAW_VTO]);
    return o.v > 0.0 ? o : eq_dual_of(0.0);
}

/* The channel carries beta (F(s) - F(d)) (1 + lambda |vds|), F(o) = o^2 (b + tail o), of s = vgs - vto and
 * d = vgd - vto where these are above 0: Shichman's and Hodges' law where tail is 0, forward and
 * reverse, linear and saturated. F(s) - F(d) = (s - d)(b (s + d) + tail (s^2 + s d + d^2)), and
 * s - d is vds where both are above 0. */
static eq_dual channel(const transistor *q, double vgs, double vgd, double vds) {
    eq_dual s = over(q, vgs, GS), d = over(q, vgd, GD), sum = eq_dual_add(s, d);
    eq_dual width = {vds, {[GS] = 1.0, [GD] = -1.0}}, part, longer;
    longer = eq_dual_mul(q->number[LAW_LAMBDA], eq_dual_scale(vds < 0.0 ? -1.0 : 1.0, width));
    if (s.v == 0.0 || d.v == 0.0) width = eq_dual_sub(s, d);
    part = eq_dual_sub(eq_dual_mul(sum, sum), eq_dual_mul(s, d));
    part = eq_dual_add(eq_dual_mul(q->b, sum), eq_dual_mul(q->number[LAW_TAIL], part));
    return eq_dual_mul(eq_dual_mul(q->number[LAW_BETA], eq_dual_mul(width, part)),
                       eq_dual_add(eq_dual_of(1.0), longer));
}

static eq_dual junction(const transistor *q, double v, int k) {
    return eq_dual_add(eq_dual_junction(q->number[LAW_IS], q->vt, v, k),
                       eq_dual_scale(q->gmin, eq_dual_variable(v, k)));
}

static void law(const void *self, const double *y, eq_dual *i, eq_dual *r) {
    const transistor *q = self;
    double vgs = y[G] - y[S], vgd = y[G] - y[D];
    eq_dual source = junction(q, vgs, GS), drain = junction(q, vgd, GD);
    eq_dual through = channel(q, vgs, vgd, y[D] - y[S]);
    i[D] = eq_dual_sub(through, drain);
    i[G] = eq_dual_add(source, drain);
    i[S] = eq_dual_scale(-1.0, eq_dual_add(through, source));
    r[D] = q->number[LAW_RD];
    r[G] = eq_dual_of(0.0);
    r[S] = q->number[LAW_RS];
}

/* At the potentials z, turned round of a p channel. */
static void take_at(double *const *w, size_t j, const double *z, transistor *q) {
    *q = (transistor){.vt = w[VT][j], .gmin = w[GMIN][j], .type = w[TYPE][j], .vcrit = w[VCRIT][j]};
    for (int k = 0; k < LAWS; k++) q->number[k] = eq_dual_of(w[LAW + k][j]);
    q->b = eq_dual_of(w[B][j]);
    q->inner = (eq_inner){.nodes = NODES, .law = law, .self = q};
    q->inner.drop[GS] = (eq_inner_drop){G, S, q->vt, q->vcrit};
    q->inner.drop[GD] = (eq_inner_drop){G, D, q->vt, q->vcrit};
    for (int a = 0; a < NODES; a++) q->inner.z[a] = z[a];
}

static void take(double *const *w, size_t j, const double *const *z, transistor *q) {
    double at[NODES];
    for (int a = 0; a < NODES; a++) at[a] = w[TYPE][j] * z[a][j];
    take_at(w, j, at, q);
}

/* Junctions that resistances feed start no further forward than where limiting begins. */
static void settle(const transistor *q, eq_inner_state *s) {
    double *y = s->y;
    for (int a = 0; a < NODES; a++) y[a] = q->inner.z[a];
    if (q->number[LAW_RD].v > 0.0) y[D] = fmax(y[D], y[G] - q->vcrit);
    if (q->number[LAW_RS].v > 0.0) y[S] = fmax(y[S], y[G] - q->vcrit);
    eq_inner_settle(&q->inner, s);
}

enum { ID, IGATE, ISRC, IGD, V_GS, V_GD, V_DS, GM, GDS, GGS, GGD, SHOWS };
static const char *const shown[SHOWS] = {
    [ID] = "id",    [IGATE] = "ig", [ISRC] = "is", [IGD] = "igd", [V_GS] = "vgs", [V_GD] = "vgd",
    [V_DS] = "vds", [GM] = "gm",    [GDS] = "gds", [GGS] = "ggs", [GGD] = "ggd"};

/* As ngspice has it, all as of an n channel and behind the resistances; the slopes are those of the
 * channel by vgs and vds, in reverse mode, too. */
static void show(double *const *w, const double *const *z, double *value) {
    transistor t;
    eq_inner_state s;
    take(w, 0, z, &t);
    settle(&t, &s);
    const double *y = s.y;
    value[V_GS] = y[G] - y[S], value[V_GD] = y[G] - y[D], value[V_DS] = y[D] - y[S];
    eq_dual source = junction(&t, value[V_GS], GS), drain = junction(&t, value[V_GD], GD);
    eq_dual through = channel(&t, value[V_GS], value[V_GD], value[V_DS]);
    value[ID] = s.i[D], value[IGATE] = s.i[G], value[ISRC] = s.i[S];
    value[IGD] = drain.v, value[GGS] = source.d[GS], value[GGD] = drain.d[GD];
    value[GM] = through.d[GS] + through.d[GD];
    value[GDS] = -through.d[GD];
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

static void stored(size_t n, double *const *w, const double *const *z, double *const *v,
                   double *const *q, double *const *c) {
    for (size_t j = 0; j < n; j++) {
        transistor t;
        eq_inner_state s;
        take(w, j, z, &t);
        settle(&t, &s);
        for (int k = 0; k < PLACES; k++) {
            double drop = s.y[G] - s.y[k == GS ? S : D], sum = 0.0, slope = 0.0;
            eq_depletion d = {w[LAYER_C][j] * w[k == GS ? CGS : CGD][j], w[LAYER_V][j], 0.5,
                              fmin(w[FC][j], 0.95)};
            eq_depletion_add(&d, drop, &sum, &slope);
            v[k][j] = t.type * drop;
            q[k][j] = t.type * sum;
            for (int l = 0; l < PLACES; l++) c[k * PLACES + l][j] = k == l ? slope : 0.0;
        }
    }
}

/* What the numbers change by with parameter k. */
static void seed(size_t j, double *const *w, int k, transistor *q) {
    double own = w[AREA][j] * w[M][j], span = w[PB][j] - w[VTO][j], d[LAWS] = {0};
    switch (k) {
    case VTO:
        d[LAW_VTO] = 1.0;
        d[LAW_TAIL] = w[LAW + LAW_TAIL][j] / span;
        break;
    case B:
        q->b.d[EQ_INNER_PARAM] = 1.0;
        d[LAW_TAIL] = -1.0 / span;
        break;
    case AREA:
        d[LAW_BETA] = w[LAW + LAW_BETA][j] / w[AREA][j];
        d[LAW_IS] = w[LAW + LAW_IS][j] / w[AREA][j];
        d[LAW_RD] = -w[LAW + LAW_RD][j] / w[AREA][j];
        d[LAW_RS] = -w[LAW + LAW_RS][j] / w[AREA][j];
        break;
    default:
        d[LAW_BETA] = k == BETA ? w[GAIN][j] : 0.0;
        d[LAW_LAMBDA] = k == LAMBDA ? 1.0 : 0.0;
        d[LAW_IS] = k == IS ? w[GROWTH][j] : 0.0;
        d[LAW_RD] = k == RD ? 1.0 / own : 0.0;
        d[LAW_RS] = k == RS ? 1.0 / own : 0.0;
    }
    for (int n = 0; n < LAWS; n++) q->number[n].d[EQ_INNER_PARAM] = d[n];
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

/* Moves the end of a junction whose drop to the gate is limited, as of a junction and as of a gate. */
static bool limit_end(size_t j, double *const *w, int end, const double *old, double *now) {
    double drop = now[G] - now[end], was = old[G] - old[end], before = drop;
    eq_pnjlim(w[VT][j], w[VCRIT][j], was, &drop);
    drop = eq_fetlim(was, drop, w[LAW + LAW_VTO][j]);
    if (drop == before) return false;
    now[end] = now[G] - drop;
    return true;
}

static bool limit_ends(const void *self, size_t j, double *const *w, const double *old,
                       double *now) {
    (void)self;
    bool source = limit_end(j, w, S, old, now), drain = limit_end(j, w, D, old, now);
    return source || drain;
}

/* Behind the resistances. */
static bool limit_row(const void *self, size_t j, double *const *w, const double *old,
                      double *now) {
    (void)self;
    transistor q;
    eq_inner_state s;
    take_at(w, j, old, &q);
    settle(&q, &s);
    return eq_inner_limit(&q.inner, &s, limit_ends, j, w, now);
}

/* As SPICE has it: a volt in reverse. */
static void begin(size_t n, double *const *w, double *const *z) {
    for (size_t j = 0; j < n; j++) z[G][j] = -w[TYPE][j];
}

static size_t limit_port(size_t n, double *const *w, const double *const *z_old,
                         double *const *z_new) {
    return eq_limit_rows(NODES, w[TYPE], limit_row, NULL, n, w, z_old, z_new);
}

/* Xyce's has neither m nor temperature coefficients, and no n to make up for its k/q with. */
#define CHANNEL(called, derived, rising)                                                           \
    .name = called, .letter = 'j', .model_type = called, .defined = EQ_CURRENT_DEFINED,            \
    .control = EQ_CONTROL_PORT, .terminals = NODES, .channel = {D, S}, .gate = G,                  \
    .opens = (rising), .carries = 1u << D | 1u << G | 1u << S, .params = DECLARED,                 \
    .columns = COLUMNS, .param = jfet_param,                                                       \
    .line = {[EQ_NGSPICE] = "$n $a $b $c $m$i\n", [EQ_LTSPICE] = "$n $a $b $c $m$i\n"},            \
    .ngspice_only = EQ_BIT(TCV) | EQ_BIT(BEX) | EQ_BIT(EG),                                        \
    .instance = EQ_BIT(AREA) | EQ_BIT(M) | EQ_BIT(TEMP) | EQ_BIT(DTEMP),                           \
    .reactive = EQ_BIT(CGS) | EQ_BIT(CGD) | EQ_BIT(FC), .charged = 2, .value = -1, .wrong = wrong, \
    .derive = derived, .port = port, .param_port = param_port, .limit_port = limit_port,           \
    .begin = begin, .storage = places, .storages = PLACES, .stored = stored, .shown = shown,       \
    .shows = SHOWS, .show = show

const eq_device_class eq_class_njf = {CHANNEL("njf", derive_n, 1)};
const eq_device_class eq_class_pjf = {CHANNEL("pjf", derive_p, -1)};
