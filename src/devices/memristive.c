/* Memristors whose state is a parameter at dc. Each law is i(u; x) = m (a(x) f(u) + b(u)) with f(0) =
 * b(0) = 0, so that its energy is m (a F(u) + B(u)) with the integrals F and B in closed form; the rate
 * dx/dt is a function of state and drop. States run from 0 to 1 and stop there. All of them rise
 * with u, whatever the state: in yakopcic with x = 0 alone nothing flows.
 *
 *   drift     Strukov et al., Nature 453 (2008) 80, eq. 5-6; windows: Joglekar and Wolf, Eur. J. Phys. 30
 *             (2009) 661, eq. 8; Biolek et al., Radioengineering 18 (2009) 210, eq. 6; Prodromakis et al.,
 *             IEEE TED 58 (2011) 3099, eq. 6
 *   sinh      a conductor without state, g v0 sinh(u/v0)
 *   yakopcic  Yakopcic et al., IEEE TCAD 32 (2013) 1201, eq. 1-7
 *   vteam     Kvatinsky et al., IEEE TCAS-II 62 (2015) 786, eq. 1-4; windows of TEAM (TCAS-I 60 (2013) 211,
 *             eq. 5-6)
 *   rram      Guan, Yu and Wong, IEEE EDL 33 (2012) 1405, eq. 1-4, without its random part
 *   mms       Nugent and Molter, PLoS ONE 9 (2014) e85175; with the Schottky pair: Molter and Nugent,
 *             CNNA 2016, in the names that Xyce has for it */
#include <math.h>
#include <stdbool.h>

#include "devices/pnjlim.h"
#include "devices/registry.h"
#include "devices/silicon.h"

/* Of every class: the state (of sinh the conductance), how many stand in parallel. */
enum { X, M, OWN };

/* A function of the drop, its slope, its integral from 0. */
typedef struct shape {
    double y, slope, area;
} shape;

/* One element at a drop: i = m (a f + b), da = da/dx. Above 0 the current grows as grown[0]
 * exp(u/scale[0]), below it as grown[1] exp(-u/scale[1]); grown 0: it does not. */
typedef struct law_point {
    double a, da;
    shape f, b;
    double scale[2], grown[2];
} law_point;

typedef law_point law(size_t j, double *const *w, double u);
typedef double rate_law(size_t j, double *const *w, double u);

static shape straight(double u) {
    return (shape){u, 1.0, 0.5 * u * u};
}

/* sinh(u/v), with cosh(z) - 1 = 2 sinh(z/2)^2. */
static shape hyperbolic(double u, double v) {
    double half = sinh(0.5 * u / v);
    return (shape){sinh(u / v), cosh(u / v) / v, 2.0 * v * half * half};
}

/* exp(u/v) - 1. */
static shape exponential(double u, double v) {
    double y = expm1(u / v);
    return (shape){y, exp(u / v) / v, u < v ? v * (y - u / v) : v * y - u};
}

/* a y, 0 for a = 0 where y overflows. */
static double times(double a, double y) {
    return a == 0.0 ? 0.0 : a * y;
}

static void energies(size_t n, double *const *w, const double *x, double *p, law *at) {
    for (size_t j = 0; j < n; j++) {
        law_point q = at(j, w, x[j]);
        p[j] = w[M][j] * (times(q.a, q.f.area) + q.b.area);
    }
}

static void values(size_t n, double *const *w, const double *x, double *y, double *dydx,
                   double *dydc, law *at) {
    for (size_t j = 0; j < n; j++) {
        law_point q = at(j, w, x[j]);
        y[j] = w[M][j] * (times(q.a, q.f.y) + q.b.y);
        dydx[j] = w[M][j] * (times(q.a, q.f.slope) + q.b.slope);
    }
    for (size_t j = 0; dydc != NULL && j < n; j++) dydc[j] = 0.0;
}

/* By the state, of the energy (or of the current). */
static void by_state(size_t n, double *const *w, const double *x, double *d, bool energy, law *at) {
    for (size_t j = 0; j < n; j++) {
        law_point q = at(j, w, x[j]);
        d[j] = w[M][j] * times(q.da, energy ? q.f.area : q.f.y);
    }
}

/* Straight lines and sinh are flattest at 0; the exponentials of b rise everywhere. */
static void least_slopes(size_t n, double *const *w, double *least, law *at) {
    const double either[2] = {1e-300, -1e-300};
    for (size_t j = 0; j < n; j++) {
        law_point up = at(j, w, either[0]), down = at(j, w, either[1]);
        least[j] = w[M][j] * fmin(times(up.a, up.f.slope), times(down.a, down.f.slope));
    }
}

/* Junction limiting on the side that the step goes to. */
static size_t limits(size_t n, double *const *w, const double *x_old, double *x_new, law *at) {
    size_t moved = 0;
    for (size_t j = 0; j < n; j++) {
        law_point q = at(j, w, 0.0);
        int side = x_new[j] < 0.0;
        double sign = side ? -1.0 : 1.0, v = q.scale[side], to = sign * x_new[j];
        if (!(q.grown[side] > 0.0)) continue;
        double critical = fmax(eq_pnj_critical(v, w[M][j] * q.grown[side]), v);
        if (!eq_pnjlim(v, critical, sign * x_old[j], &to)) continue;
        x_new[j] = sign * to;
        moved++;
    }
    return moved;
}

/* dx/dt, 0 where it would leave 0..1. */
static void rates(size_t n, double *const *w, const double *x, double *dxdt, rate_law *rate) {
    for (size_t j = 0; j < n; j++) {
        double r = rate(j, w, x[j]), s = w[X][j];
        dxdt[j] = (s >= 1.0 && r > 0.0) || (s <= 0.0 && r < 0.0) ? 0.0 : r;
    }
}

/* The functions of a class by its law. */
#define LAW(name)                                                                                  \
    static void name##_energy(size_t n, double *const *w, const double *x, const double *c,        \
                              double *p) {                                                         \
        (void)c;                                                                                   \
        energies(n, w, x, p, name##_at);                                                           \
    }                                                                                              \
    static void name##_value(size_t n, double *const *w, const double *x, const double *c,         \
                             double *y, double *dydx, double *dydc) {                              \
        (void)c;                                                                                   \
        values(n, w, x, y, dydx, dydc, name##_at);                                                 \
    }                                                                                              \
    static void name##_least_slope(size_t n, double *const *w, double *least) {                    \
        least_slopes(n, w, least, name##_at);                                                      \
    }                                                                                              \
    static void name##_param_energy(size_t n, double *const *w, int k, const double *x,            \
                                    const double *c, double *dpdw) {                               \
        (void)k, (void)c;                                                                          \
        by_state(n, w, x, dpdw, true, name##_at);                                                  \
    }                                                                                              \
    static void name##_param_value(size_t n, double *const *w, int k, const double *x,             \
                                   const double *c, double *dydw) {                                \
        (void)k, (void)c;                                                                          \
        by_state(n, w, x, dydw, false, name##_at);                                                 \
    }

#define LIMIT(name)                                                                                \
    static size_t name##_limit(size_t n, double *const *w, const double *x_old, double *x_new) {   \
        return limits(n, w, x_old, x_new, name##_at);                                              \
    }

#define RATE(name)                                                                                 \
    static void name##_rate(size_t n, double *const *w, const double *x, double *dxdt) {           \
        rates(n, w, x, dxdt, name##_speed);                                                        \
    }

/* What the classes have in common; the functions above. */
#define CLASS(own, text)                                                                           \
    .name = #own, .letter = 'y', .model_type = #own, .defined = EQ_CURRENT_DEFINED,                \
    .control = EQ_CONTROL_NONE, .value = X, .instance = 1u << X | 1u << M, .param = own##_param,   \
    .formula = text, .energy = own##_energy, .value_and_slope = own##_value,                       \
    .least_slope = own##_least_slope, .param_energy = own##_param_energy,                          \
    .param_value = own##_param_value

#define STATE [X] = {"x", "1", 0.5, 0.0, 1.0, true}, [M] = {"m", "1", 1.0, 1e-300, 1e300, false}
#define OHM(name, value)                                                                           \
    { name, "ohm", value, 1e-300, 1e300, false }
#define NUMBER(name, unit, value)                                                                  \
    { name, unit, value, -1e300, 1e300, false }
#define ABOVE_0(name, unit, value)                                                                 \
    { name, unit, value, 1e-300, 1e300, false }
#define FROM_0(name, unit, value)                                                                  \
    { name, unit, value, 0.0, 1e300, false }

/* Linear ion drift. ------------------------------------------------------------------------------- */

enum {
    DRIFT_RON = OWN,
    DRIFT_ROFF,
    DRIFT_D,
    DRIFT_MU,
    DRIFT_WINDOW,
    DRIFT_P,
    DRIFT_J,
    DRIFT_COLUMNS
};

static const eq_param drift_param[] = {
    STATE,
    [DRIFT_RON] = OHM("ron", 100.0),
    [DRIFT_ROFF] = OHM("roff", 16e3),
    [DRIFT_D] = ABOVE_0("d", "m", 10e-9),
    [DRIFT_MU] = FROM_0("mu", "m^2/(V s)", 1e-14),
    [DRIFT_WINDOW] = {"window", "1", 0.0, 0.0, 3.0,
                      false}, /* none, Joglekar, Biolek, Prodromakis */
    [DRIFT_P] = ABOVE_0("p", "1", 1.0),
    [DRIFT_J] = FROM_0("j", "1", 1.0),
};

/* i = u/(ron x + roff (1 - x)). */
static law_point drift_at(size_t j, double *const *w, double u) {
    double ron = w[DRIFT_RON][j], roff = w[DRIFT_ROFF][j];
    double r = ron * w[X][j] + roff * (1.0 - w[X][j]);
    return (law_point){.a = 1.0 / r, .da = (roff - ron) / r / r, .f = straight(u)};
}

static double drift_window(size_t j, double *const *w, double i) {
    double x = w[X][j], p = w[DRIFT_P][j];
    switch ((int)w[DRIFT_WINDOW][j]) {
    case 0:
        return 1.0;
    case 1:
        return 1.0 - pow(fabs(2.0 * x - 1.0), 2.0 * p);
    case 2:
        return 1.0 - pow(fabs(x - (i < 0.0)), 2.0 * p);
    default:
        return w[DRIFT_J][j] * (1.0 - pow((x - 0.5) * (x - 0.5) + 0.75, p));
    }
}

/* dx/dt = mu ron/d^2 i f(x, i). */
static double drift_speed(size_t j, double *const *w, double u) {
    double i = u * drift_at(j, w, u).a;
    return w[DRIFT_MU][j] * w[DRIFT_RON][j] / (w[DRIFT_D][j] * w[DRIFT_D][j]) * i *
           drift_window(j, w, i);
}

LAW(drift)
RATE(drift)

const eq_device_class eq_class_drift = {
    CLASS(drift, "m*u/(ron*x+roff*(1-x))"),
    .flags = EQ_LINEAR | EQ_RECIPROCAL | EQ_CONDUCTS,
    .params = DRIFT_COLUMNS,
    .columns = DRIFT_COLUMNS,
    .rate = drift_rate,
};

/* A conductor without state. ---------------------------------------------------------------------- */

enum { SINH_G = X, SINH_V0 = OWN, SINH_COLUMNS };

static const eq_param sinh_param[] = {
    [SINH_G] = {"g", "S", 1e-4, 0.0, 1e300, true},
    [M] = {"m", "1", 1.0, 1e-300, 1e300, false},
    [SINH_V0] = ABOVE_0("v0", "V", 0.25),
};

static law_point sinh_at(size_t j, double *const *w, double u) {
    double v = w[SINH_V0][j], i = w[SINH_G][j] * v;
    return (law_point){
        .a = i, .da = v, .f = hyperbolic(u, v), .scale = {v, v}, .grown = {0.5 * i, 0.5 * i}};
}

LAW(sinh)
LIMIT(sinh)

const eq_device_class eq_class_sinh = {
    CLASS(sinh, "m*g*v0*sinh(u/v0)"),
    .flags = EQ_RECIPROCAL | EQ_CONDUCTS,
    .params = SINH_COLUMNS,
    .columns = SINH_COLUMNS,
    .limit = sinh_limit,
};

/* Yakopcic. --------------------------------------------------------------------------------------- */

enum {
    YAK_A1 = OWN,
    YAK_A2,
    YAK_B,
    YAK_VP,
    YAK_VN,
    YAK_AP,
    YAK_AN,
    YAK_XP,
    YAK_XN,
    YAK_ALPHAP,
    YAK_ALPHAN,
    YAK_ETA,
    YAK_COLUMNS
};

static const eq_param yakopcic_param[] = {
    STATE,
    [YAK_A1] = FROM_0("a1", "A", 0.17),
    [YAK_A2] = FROM_0("a2", "A", 0.17),
    [YAK_B] = ABOVE_0("b", "1/V", 0.05),
    [YAK_VP] = NUMBER("vp", "V", 0.16),
    [YAK_VN] = NUMBER("vn", "V", 0.15),
    [YAK_AP] = NUMBER("ap", "1/s", 4000.0),
    [YAK_AN] = NUMBER("an", "1/s", 4000.0),
    [YAK_XP] = {"xp", "1", 0.3, 0.0, 1.0, false},
    [YAK_XN] = {"xn", "1", 0.5, 0.0, 1.0, false},
    [YAK_ALPHAP] = NUMBER("alphap", "1", 1.0),
    [YAK_ALPHAN] = NUMBER("alphan", "1", 5.0),
    [YAK_ETA] = {"eta", "1", 1.0, -1.0, 1.0, false},
};

/* i = a1 x sinh(b u) above 0, a2 x sinh(b u) below (eq. 1). */
static law_point yakopcic_at(size_t j, double *const *w, double u) {
    double a = w[u >= 0.0 ? YAK_A1 : YAK_A2][j], x = w[X][j], v = 1.0 / w[YAK_B][j];
    return (law_point){.a = a * x,
                       .da = a,
                       .f = hyperbolic(u, v),
                       .scale = {v, v},
                       .grown = {0.5 * w[YAK_A1][j] * x, 0.5 * w[YAK_A2][j] * x}};
}

/* eta g(u) f(x) (eq. 2-7); at xp = 1 and xn = 1 the bounds stop the state alone. */
static double yakopcic_speed(size_t j, double *const *w, double u) {
    double x = w[X][j], xp = w[YAK_XP][j], xn = w[YAK_XN][j], eta = w[YAK_ETA][j], g = 0.0, f = 1.0;
    if (u > w[YAK_VP][j]) g = w[YAK_AP][j] * (exp(u) - exp(w[YAK_VP][j]));
    if (u < -w[YAK_VN][j]) g = -w[YAK_AN][j] * (exp(-u) - exp(w[YAK_VN][j]));
    if (eta * u >= 0.0 && x >= xp && xp < 1.0)
        f = exp(-w[YAK_ALPHAP][j] * (x - xp)) * ((xp - x) / (1.0 - xp) + 1.0);
    if (eta * u < 0.0 && x <= 1.0 - xn && xn < 1.0)
        f = exp(w[YAK_ALPHAN][j] * (x + xn - 1.0)) * x / (1.0 - xn);
    return eta * g * f;
}

LAW(yakopcic)
LIMIT(yakopcic)
RATE(yakopcic)

const eq_device_class eq_class_yakopcic = {
    CLASS(yakopcic, "m*x*(0.5*(a1+a2)*sinh(b*u)+0.5*(a1-a2)*abs(sinh(b*u)))"),
    .flags = EQ_RECIPROCAL | EQ_CONDUCTS,
    .params = YAK_COLUMNS,
    .columns = YAK_COLUMNS,
    .limit = yakopcic_limit,
    .rate = yakopcic_rate,
};

/* VTEAM. ------------------------------------------------------------------------------------------ */

enum {
    VT_RON = OWN,
    VT_ROFF,
    VT_IV,
    VT_KON,
    VT_KOFF,
    VT_ALPHAON,
    VT_ALPHAOFF,
    VT_VON,
    VT_VOFF,
    VT_WON,
    VT_WOFF,
    VT_AON,
    VT_AOFF,
    VT_WC,
    VT_COLUMNS
};

static const eq_param vteam_param[] = {
    STATE, /* (w - won)/(woff - won): 0 is on */
    [VT_RON] = OHM("ron", 50.0),
    [VT_ROFF] = OHM("roff", 1e3),
    [VT_IV] = {"iv", "1", 0.0, 0.0, 1.0, false}, /* 1: the resistance is exponential in w */
    [VT_KON] = NUMBER("kon", "m/s", -10.0),
    [VT_KOFF] = NUMBER("koff", "m/s", 5e-4),
    [VT_ALPHAON] = NUMBER("alphaon", "1", 3.0),
    [VT_ALPHAOFF] = NUMBER("alphaoff", "1", 1.0),
    [VT_VON] = {"von", "V", -0.2, -1e300, -1e-300, false},
    [VT_VOFF] = ABOVE_0("voff", "V", 0.02),
    [VT_WON] = NUMBER("won", "m", 0.0),
    [VT_WOFF] = NUMBER("woff", "m", 3e-9),
    [VT_AON] = NUMBER("aon", "m", 0.0),
    [VT_AOFF] = NUMBER("aoff", "m", 3e-9),
    [VT_WC] = FROM_0("wc", "m", 0.0), /* 0: no window but the bounds */
};

static bool is_exponential(size_t j, double *const *w) {
    return w[VT_IV][j] >= 0.5;
}

/* i = u/(ron + (roff - ron) x), or u/ron (ron/roff)^x (eq. 3 and 4). */
static law_point vteam_at(size_t j, double *const *w, double u) {
    double ron = w[VT_RON][j], roff = w[VT_ROFF][j], x = w[X][j];
    double g = 1.0 / (ron + (roff - ron) * x), da = -(roff - ron) * g * g;
    if (is_exponential(j, w)) {
        g = exp(-x * log(roff / ron)) / ron;
        da = -g * log(roff / ron);
    }
    return (law_point){.a = g, .da = da, .f = straight(u)};
}

/* koff (u/voff - 1)^alphaoff foff(w) above voff, kon (u/von - 1)^alphaon fon(w) below von, 0 between. */
static double vteam_speed(size_t j, double *const *w, double u) {
    double won = w[VT_WON][j], span = w[VT_WOFF][j] - won, at = won + span * w[X][j];
    double wc = w[VT_WC][j], speed = 0.0;
    if (u > w[VT_VOFF][j]) {
        speed = w[VT_KOFF][j] * pow(u / w[VT_VOFF][j] - 1.0, w[VT_ALPHAOFF][j]);
        if (wc > 0.0) speed *= exp(-exp((at - w[VT_AOFF][j]) / wc));
    } else if (u < w[VT_VON][j]) {
        speed = w[VT_KON][j] * pow(u / w[VT_VON][j] - 1.0, w[VT_ALPHAON][j]);
        if (wc > 0.0) speed *= exp(-exp(-(at - w[VT_AON][j]) / wc));
    }
    return speed / span;
}

static const char *vteam_wrong(double *const *w, size_t j) {
    if (w[VT_IV][j] != 0.0 && w[VT_IV][j] != 1.0) return "iv is not 0 (linear) or 1 (exponential)";
    return w[VT_WON][j] == w[VT_WOFF][j] ? "won and woff are the same; the state moves between them"
                                         : NULL;
}

LAW(vteam)
RATE(vteam)

const eq_device_class eq_class_vteam = {
    CLASS(vteam, "m*u/((1-iv)*(ron+(roff-ron)*x)+iv*ron*exp(x*ln(roff/ron)))"),
    .flags = EQ_LINEAR | EQ_RECIPROCAL | EQ_CONDUCTS,
    .params = VT_COLUMNS,
    .columns = VT_COLUMNS,
    .wrong = vteam_wrong,
    .rate = vteam_rate,
};

/* Stanford/ASU RRAM. ------------------------------------------------------------------------------ */

enum {
    RR_I0 = OWN,
    RR_G0,
    RR_V0,
    RR_GAPMIN,
    RR_GAPMAX,
    RR_VEL0,
    RR_EA,
    RR_A0,
    RR_TOX,
    RR_GAMMA0,
    RR_BETA,
    RR_FMIN,
    RR_RTH,
    RR_DECLARED
};
enum { RR_TEMP = RR_DECLARED, RR_KQ, RR_COLUMNS };

static const eq_param rram_param[] = {
    STATE, /* (gapmax - gap)/(gapmax - gapmin): 1 is on */
    [RR_I0] = FROM_0("i0", "A", 1e-3),
    [RR_G0] = ABOVE_0("g0", "m", 0.25e-9),
    [RR_V0] = ABOVE_0("v0", "V", 0.25),
    [RR_GAPMIN] = NUMBER("gapmin", "m", 0.2e-9),
    [RR_GAPMAX] = NUMBER("gapmax", "m", 1.7e-9),
    [RR_VEL0] = FROM_0("vel0", "m/s", 10.0),
    [RR_EA] = FROM_0("ea", "eV", 0.6),
    [RR_A0] = FROM_0("a0", "m", 0.25e-9),
    [RR_TOX] = ABOVE_0("tox", "m", 12e-9),
    [RR_GAMMA0] = NUMBER("gamma0", "1", 16.0),
    [RR_BETA] = NUMBER("beta", "1", 0.8),
    [RR_FMIN] = FROM_0("fmin", "V/m", 1.4e9),
    [RR_RTH] = FROM_0("rth", "K/W", 2.1e3),
};

static double gap(size_t j, double *const *w) {
    return w[RR_GAPMIN][j] + (w[RR_GAPMAX][j] - w[RR_GAPMIN][j]) * (1.0 - w[X][j]);
}

/* i = i0 exp(-gap/g0) sinh(u/v0) (eq. 1). */
static law_point rram_at(size_t j, double *const *w, double u) {
    double i = w[RR_I0][j] * exp(-gap(j, w) / w[RR_G0][j]), v = w[RR_V0][j];
    return (law_point){.a = i,
                       .da = i * (w[RR_GAPMAX][j] - w[RR_GAPMIN][j]) / w[RR_G0][j],
                       .f = hyperbolic(u, v),
                       .scale = {v, v},
                       .grown = {0.5 * i, 0.5 * i}};
}

/* dgap/dt = -vel0 exp(-ea/kT) sinh(gamma a0/tox u/kT) at T = Tamb + |u i| rth, gamma = gamma0 - beta
 * (gap/1 nm)^3; none below the field fmin (eq. 2-4). */
static double rram_speed(size_t j, double *const *w, double u) {
    law_point q = rram_at(j, w, u);
    double nm = gap(j, w) * 1e9, gamma = w[RR_GAMMA0][j] - w[RR_BETA][j] * nm * nm * nm;
    double kt = w[RR_KQ][j] * (w[RR_TEMP][j] + fabs(u * q.a * q.f.y) * w[RR_RTH][j]);
    if (gamma * fabs(u) / w[RR_TOX][j] < w[RR_FMIN][j]) return 0.0;
    return w[RR_VEL0][j] * exp(-w[RR_EA][j] / kt) *
           sinh(gamma * w[RR_A0][j] / w[RR_TOX][j] * u / kt) / (w[RR_GAPMAX][j] - w[RR_GAPMIN][j]);
}

static void rram_derive(size_t n, double *const *w, const eq_environment *env) {
    for (size_t j = 0; j < n; j++) {
        w[RR_TEMP][j] = env->temp + EQ_CELSIUS_ZERO;
        w[RR_KQ][j] = env->k_over_q;
    }
}

static const char *rram_wrong(double *const *w, size_t j) {
    return w[RR_GAPMIN][j] < w[RR_GAPMAX][j] ? NULL : "gapmin is not below gapmax";
}

LAW(rram)
LIMIT(rram)
RATE(rram)

const eq_device_class eq_class_rram = {
    CLASS(rram, "m*i0*exp(-(gapmin+(gapmax-gapmin)*(1-x))/g0)*sinh(u/v0)"),
    .flags = EQ_RECIPROCAL | EQ_CONDUCTS,
    .params = RR_DECLARED,
    .columns = RR_COLUMNS,
    .derive = rram_derive,
    .wrong = rram_wrong,
    .limit = rram_limit,
    .rate = rram_rate,
};

/* Mean metastable switches. ----------------------------------------------------------------------- */

enum {
    MMS_RON = OWN,
    MMS_ROFF,
    MMS_VON,
    MMS_VOFF,
    MMS_TAU,
    MMS_PHI,
    MMS_SFA,
    MMS_SFB,
    MMS_SRA,
    MMS_SRB,
    MMS_DECLARED
};
enum { MMS_VT = MMS_DECLARED, MMS_COLUMNS };

static const eq_param mms_param[] = {
    STATE,
    [MMS_RON] = OHM("ron", 500.0),
    [MMS_ROFF] = OHM("roff", 1500.0),
    [MMS_VON] = NUMBER("von", "V", 0.27),
    [MMS_VOFF] = NUMBER("voff", "V", 0.27),
    [MMS_TAU] = ABOVE_0("tau", "s", 1e-4),
    [MMS_PHI] = {"phi", "1", 1.0, 0.0, 1.0, false},
    [MMS_SFA] = FROM_0("sfa", "A", 0.0),
    [MMS_SFB] = ABOVE_0("sfb", "1/V", 1.0),
    [MMS_SRA] = FROM_0("sra", "A", 0.0),
    [MMS_SRB] = ABOVE_0("srb", "1/V", 1.0),
};

/* i = phi (x/ron + (1 - x)/roff) u + (1 - phi) (sfa (e^(sfb u) - 1) - sra (e^(-srb u) - 1)). The paper has no
 * -1, and so a current of (1 - phi) (sfa - sra) at 0 V where the two differ. */
static law_point mms_at(size_t j, double *const *w, double u) {
    double x = w[X][j], phi = w[MMS_PHI][j], on = 1.0 / w[MMS_RON][j], off = 1.0 / w[MMS_ROFF][j];
    double vf = 1.0 / w[MMS_SFB][j], vr = 1.0 / w[MMS_SRB][j];
    double f = (1.0 - phi) * w[MMS_SFA][j], r = (1.0 - phi) * w[MMS_SRA][j];
    shape up = exponential(u, vf), down = exponential(-u, vr);
    return (law_point){.a = phi * (on * x + off * (1.0 - x)),
                       .da = phi * (on - off),
                       .f = straight(u),
                       .b = {times(f, up.y) - times(r, down.y),
                             times(f, up.slope) + times(r, down.slope),
                             times(f, up.area) + times(r, down.area)},
                       .scale = {vf, vr},
                       .grown = {f, r}};
}

/* dx/dt = ((1 - x)/(1 + e^(-(u - von)/Vt)) - x (1 - 1/(1 + e^(-(u + voff)/Vt))))/tau. */
static double mms_speed(size_t j, double *const *w, double u) {
    double vt = w[MMS_VT][j], x = w[X][j];
    double on = 1.0 / (1.0 + exp(-(u - w[MMS_VON][j]) / vt));
    double off = 1.0 / (1.0 + exp((u + w[MMS_VOFF][j]) / vt));
    return (on * (1.0 - x) - off * x) / w[MMS_TAU][j];
}

static void mms_derive(size_t n, double *const *w, const eq_environment *env) {
    for (size_t j = 0; j < n; j++) w[MMS_VT][j] = env->k_over_q * (env->temp + EQ_CELSIUS_ZERO);
}

LAW(mms)
LIMIT(mms)
RATE(mms)

const eq_device_class eq_class_mms = {
    CLASS(mms, "m*(phi*(x/ron+(1-x)/roff)*u+(1-phi)*(sfa*(exp(sfb*u)-1)-sra*(exp(-(srb*u))-1)))"),
    .flags = EQ_RECIPROCAL | EQ_CONDUCTS,
    .params = MMS_DECLARED,
    .columns = MMS_COLUMNS,
    .derive = mms_derive,
    .limit = mms_limit,
    .rate = mms_rate,
};
