/* MOS transistors of level 1 (Shichman and Hodges 1968; ngspice manual, "MOSFETs", level 1), n and p
 * channel. */
#include <math.h>
#include <stdbool.h>

#include "devices/mosfet1_law.h"
#include "devices/pnjlim.h"
#include "devices/registry.h"
#include "devices/silicon.h"

enum {
    VTO,
    KP,
    GAMMA,
    PHI,
    LAMBDA,
    IS,
    JS,
    RD,
    RS,
    RSH,
    TOX,
    NSUB,
    NSS,
    TPG,
    UO,
    LD,
    TNOM,
    W,
    L,
    AD,
    AS,
    NRD,
    NRS,
    M,
    TEMP,
    DTEMP,
    DECLARED
};
enum {
    LAW = DECLARED, /* the columns that the kernels take */
    ISD = LAW + EQ_MOS_IS,
    ISS,
    RDRAIN = LAW + EQ_MOS_R,
    RSOURCE,
    VT = LAW + EQ_MOS_VT,
    GMIN,
    TYPE,
    VCRIT_D = LAW + EQ_MOS_COLUMNS,
    VCRIT_S,
    PHI_NOMINAL,
    WARMTH,
    PER_IS,
    COLUMNS
};

/* Without a default: not given, which says something beside tox and nsub, or rsh. */
static const eq_param mosfet_param[] = {
    [VTO] = {"vto", "V", NAN, -1e6, 1e6, true},
    [KP] = {"kp", "A/V^2", NAN, 0.0, 1e6, true},
    [GAMMA] = {"gamma", "V^0.5", NAN, 0.0, 1e6, true},
    [PHI] = {"phi", "V", NAN, 1e-3, 1e3, true},
    [LAMBDA] = {"lambda", "1/V", 0.0, 0.0, 1e6, true},
    [IS] = {"is", "A", 1e-14, 0.0, 1e300, true},
    [JS] = {"js", "A/m^2", 0.0, 0.0, 1e300, false},
    [RD] = {"rd", "ohm", NAN, 0.0, 1e300, false},
    [RS] = {"rs", "ohm", NAN, 0.0, 1e300, false},
    [RSH] = {"rsh", "ohm", 0.0, 0.0, 1e300, false},
    [TOX] = {"tox", "m", 0.0, 0.0, 1.0, false},
    [NSUB] = {"nsub", "1/cm^3", NAN, 0.0, 1e300, false},
    [NSS] = {"nss", "1/cm^2", 0.0, -1e300, 1e300, false},
    [TPG] = {"tpg", "1", 1.0, -1.0, 1.0, false},
    [UO] = {"uo", "cm^2/Vs", 600.0, 0.0, 1e300, false},
    [LD] = {"ld", "m", 0.0, -1e300, 1e300, false},
    [TNOM] = {"tnom", "C", NAN, -273.15, 1e6, false},
    [W] = {"w", "m", 1e-4, 1e-300, 1e300, true},
    [L] = {"l", "m", 1e-4, 1e-300, 1e300, true},
    [AD] = {"ad", "m^2", 0.0, 0.0, 1e300, false},
    [AS] = {"as", "m^2", 0.0, 0.0, 1e300, false},
    [NRD] = {"nrd", "1", 1.0, 0.0, 1e300, false},
    [NRS] = {"nrs", "1", 1.0, 0.0, 1e300, false},
    [M] = {"m", "1", 1.0, 1e-300, 1e300, false},
    [TEMP] = {"temp", "C", NAN, -273.15, 1e6, false},
    [DTEMP] = {"dtemp", "K", 0.0, -1e6, 1e6, false},
};

static const double charge = 1.6021766208e-19; /* C */
static const double vacuum = 8.854214871e-12;  /* F/m, of ngspice */

/* The numbers of a model as they are given, or by the process: kp = uo Cox, and beside nsub
 * phi = 2 Vt ln(nsub/ni), gamma = sqrt(2 eps q nsub)/Cox, and vto by the work functions of gate and
 * substrate and the charge of the surface (ngspice manual, level 1; Sze 1981, section 8.2). */
typedef struct process {
    double vto, kp, gamma, phi;
} process;

static double or_else(double value, double other) {
    return isnan(value) ? other : value;
}

static process process_of(size_t j, double *const *w, double k_over_q, double tnom) {
    static const double intrinsic = 1.45e16, affinity = 3.25, aluminium = 3.2;
    double doping = w[NSUB][j] * 1e6, type = w[TYPE][j], gap = eq_silicon_gap(tnom);
    process p = {w[VTO][j], w[KP][j], w[GAMMA][j], w[PHI][j]};
    if (w[TOX][j] > 0.0) {
        double oxide = 3.9 * vacuum / w[TOX][j]; /* F/m^2 */
        p.kp = or_else(p.kp, w[UO][j] * oxide * 1e-4);
        if (doping > intrinsic) {
            p.phi = or_else(p.phi, fmax(0.1, 2.0 * k_over_q * tnom * log(doping / intrinsic)));
            double fermi = type * 0.5 * p.phi;
            double gate =
                w[TPG][j] == 0.0 ? aluminium : affinity + 0.5 * gap - type * w[TPG][j] * 0.5 * gap;
            double flat = gate - (affinity + 0.5 * gap + fermi) - w[NSS][j] * 1e4 * charge / oxide;
            p.gamma = or_else(p.gamma, sqrt(2.0 * 11.7 * vacuum * charge * doping) / oxide);
            p.vto = or_else(p.vto, flat + type * (p.gamma * sqrt(p.phi) + p.phi));
        }
    }
    return (process){or_else(p.vto, 0.0), or_else(p.kp, 2e-5), or_else(p.gamma, 0.0),
                     or_else(p.phi, 0.6)};
}

/* At temperature T: kp falls as T^-1.5, phi moves as a junction potential, and the threshold with it
 * and with the gap (ngspice manual, "Temperature"; measured). */
static void derive_channel(size_t j, double *const *w, const process *p, double k_over_q,
                           double temp, double tnom) {
    double ratio = temp / tnom, type = w[TYPE][j], root = sqrt(p->phi);
    double phi = fmax(eq_silicon_potential(p->phi, k_over_q, temp, tnom), 1e-6);
    double gaps = temp == tnom ? 0.0 : 0.5 * (eq_silicon_gap(tnom) - eq_silicon_gap(temp));
    w[LAW + LAW_BETA][j] =
        p->kp / (ratio * sqrt(ratio)) * w[M][j] * w[W][j] / (w[L][j] - 2.0 * w[LD][j]);
    w[LAW + LAW_VBI][j] = type * p->vto - p->gamma * root + type * gaps + 0.5 * (phi - p->phi);
    w[LAW + LAW_GAMMA][j] = p->gamma;
    w[LAW + LAW_ROOT][j] = sqrt(phi);
    w[LAW + LAW_LAMBDA][j] = w[LAMBDA][j];
    w[PHI_NOMINAL][j] = p->phi;
    w[WARMTH][j] = ratio;
}

static bool by_area(size_t j, double *const *w) {
    return w[JS][j] != 0.0 && w[AD][j] != 0.0 && w[AS][j] != 0.0;
}

/* The bulk junctions have is, or js by their areas where all of these are given; it grows by
 * exp(Eg/kTnom - Eg/kT). */
static void derive_junctions(size_t j, double *const *w, double k_over_q, double temp,
                             double tnom) {
    double vt = k_over_q * temp, warming = 1.0;
    bool areas = by_area(j, w);
    if (temp != tnom)
        warming = exp(eq_silicon_gap(tnom) / (k_over_q * tnom) - eq_silicon_gap(temp) / vt);
    w[PER_IS][j] = areas ? 0.0 : warming * w[M][j];
    double own = (areas ? w[JS][j] : w[IS][j]) * warming * w[M][j];
    w[ISD][j] = areas ? own * w[AD][j] : own;
    w[ISS][j] = areas ? own * w[AS][j] : own;
    w[VT][j] = vt;
    w[VCRIT_D][j] = eq_pnj_critical(vt, w[ISD][j]);
    w[VCRIT_S][j] = eq_pnj_critical(vt, w[ISS][j]);
}

static void derive(size_t n, double *const *w, const eq_environment *env, double type) {
    for (size_t j = 0; j < n; j++) {
        double temp = isnan(w[TEMP][j]) ? env->temp + w[DTEMP][j] : w[TEMP][j];
        double tnom = or_else(w[TNOM][j], env->tnom) + EQ_CELSIUS_ZERO;
        w[TYPE][j] = type;
        w[GMIN][j] = env->gmin;
        process p = process_of(j, w, env->k_over_q, tnom);
        derive_channel(j, w, &p, env->k_over_q, temp + EQ_CELSIUS_ZERO, tnom);
        derive_junctions(j, w, env->k_over_q, temp + EQ_CELSIUS_ZERO, tnom);
        w[RDRAIN][j] = or_else(w[RD][j], w[RSH][j] * w[NRD][j]) / w[M][j];
        w[RSOURCE][j] = or_else(w[RS][j], w[RSH][j] * w[NRS][j]) / w[M][j];
    }
}

static void derive_n(size_t n, double *const *w, const eq_environment *env) {
    derive(n, w, env, 1.0);
}

static void derive_p(size_t n, double *const *w, const eq_environment *env) {
    derive(n, w, env, -1.0);
}

static const char *wrong(double *const *w, size_t j) {
    if (w[L][j] > 2.0 * w[LD][j]) return NULL;
    return "its channel is no longer than 2 ld of its model; give a larger l or a smaller ld";
}

static const eq_mos_kernels *kernels(void) {
#ifdef __x86_64__
    static const eq_mos_level level = {&eq_mos1_v4, &eq_mos1_v3, &eq_mos1_base};
#else
    static const eq_mos_level level = {NULL, NULL, &eq_mos1_base};
#endif
    return eq_mos_pick(&level);
}

static void port(size_t n, double *const *w, const double *const *z, double *const *memory,
                 double *const *i, double *const *g) {
    kernels()->port(n, w + LAW, z, memory, i, g);
}

/* How the columns of the kernels change with parameter k. */
static void change_of(size_t j, double *const *w, int k, double *d) {
    double beta = w[LAW + LAW_BETA][j], gamma = w[LAW + LAW_GAMMA][j];
    double root = w[LAW + LAW_ROOT][j], nominal = sqrt(w[PHI_NOMINAL][j]);
    if (k == W) d[LAW_BETA] = beta / w[W][j];
    if (k == L) d[LAW_BETA] = -beta / (w[L][j] - 2.0 * w[LD][j]);
    if (k == KP) d[LAW_BETA] = w[KP][j] > 0.0 ? beta / w[KP][j] : 0.0;
    if (k == VTO) d[LAW_VBI] = w[TYPE][j];
    if (k == GAMMA) {
        d[LAW_GAMMA] = 1.0;
        d[LAW_VBI] = -nominal;
    }
    if (k == PHI) {
        d[LAW_ROOT] = w[WARMTH][j] / (2.0 * root);
        d[LAW_VBI] = 0.5 * (w[WARMTH][j] - 1.0) - gamma / (2.0 * nominal);
    }
    if (k == LAMBDA) d[LAW_LAMBDA] = 1.0;
    if (k == IS) d[EQ_MOS_IS + EQ_MOS_DRAIN] = d[EQ_MOS_IS + EQ_MOS_SOURCE] = w[PER_IS][j];
}

static void param_port(size_t n, double *const *w, int k, const double *const *z,
                       double *const *didw) {
    for (size_t start = 0; start < n; start += EQ_LANES) {
        double by[EQ_MOS_CHANGES][EQ_LANES] = {{0}}, *change[EQ_MOS_CHANGES], *to[EQ_MOS_NODES];
        double *own[EQ_MOS_COLUMNS];
        const double *at[EQ_MOS_NODES];
        size_t count = n - start < EQ_LANES ? n - start : EQ_LANES;
        for (int c = 0; c < EQ_MOS_CHANGES; c++) change[c] = by[c];
        for (int c = 0; c < EQ_MOS_COLUMNS; c++) own[c] = w[LAW + c] + start;
        for (int a = 0; a < EQ_MOS_NODES; a++) {
            at[a] = z[a] + start;
            to[a] = didw[a] + start;
        }
        for (size_t j = 0; j < count; j++) {
            double d[EQ_MOS_CHANGES] = {0};
            change_of(start + j, w, k, d);
            for (int c = 0; c < EQ_MOS_CHANGES; c++) by[c][j] = d[c];
        }
        kernels()->change(count, own, at, change, to);
    }
}

/* The threshold at the potentials z, from the lower end of the channel. */
static double threshold(size_t j, double *const *w, const double *z) {
    double type = w[TYPE][j], low = fmin(type * z[EQ_MOS_D], type * z[EQ_MOS_S]);
    eq_vec ignored[2], vb = eq_vec_all(type * z[EQ_MOS_B] - low);
    eq_vec s = depletion(eq_vec_all(w[LAW + LAW_ROOT][j]), vb, &ignored[0], &ignored[1]);
    return w[LAW + LAW_VBI][j] + w[LAW + LAW_GAMMA][j] * s[0];
}

static size_t limit_port(size_t n, double *const *w, const double *const *z_old,
                         double *const *z_new) {
    size_t moved = 0;
    for (size_t j = 0; j < n; j++) {
        double old[EQ_MOS_NODES], now[EQ_MOS_NODES], vcrit[] = {w[VCRIT_D][j], w[VCRIT_S][j]};
        for (int a = 0; a < EQ_MOS_NODES; a++) old[a] = z_old[a][j], now[a] = z_new[a][j];
        double von = threshold(j, w, old);
        if (!eq_mosfet_limit(w[TYPE][j], w[VT][j], von, vcrit, old, now)) continue;
        for (int a = 0; a < EQ_MOS_NODES; a++) z_new[a][j] = now[a];
        moved++;
    }
    return moved;
}

#define BIT(k) ((uint64_t)1 << (k))

#define LEVEL_1(called, type_name, derived, rising)                                                \
    .name = called, .letter = 'm', .model_type = type_name, .level = 1,                            \
    .defined = EQ_CURRENT_DEFINED, .control = EQ_CONTROL_PORT, .terminals = EQ_MOS_NODES,          \
    .channel = {EQ_MOS_D, EQ_MOS_S}, .gate = EQ_MOS_G, .opens = (rising),                          \
    .carries = 1u << EQ_MOS_D | 1u << EQ_MOS_S | 1u << EQ_MOS_B, .params = DECLARED,               \
    .columns = COLUMNS, .param = mosfet_param, .line = {EQ_SPICE_LINE("$n $a $b $c $d $m$i\n")},   \
    .instance = BIT(W) | BIT(L) | BIT(AD) | BIT(AS) | BIT(NRD) | BIT(NRS) | BIT(M) | BIT(TEMP) |   \
                BIT(DTEMP),                                                                        \
    .value = -1, .wrong = wrong, .derive = derived, .port = port, .memory = EQ_MOS_MEMORY,         \
    .param_port = param_port, .limit_port = limit_port

const eq_device_class eq_class_nmos = {LEVEL_1("nmos", "nmos", derive_n, 1)};
const eq_device_class eq_class_pmos = {LEVEL_1("pmos", "pmos", derive_p, -1)};
