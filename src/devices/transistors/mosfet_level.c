#include "devices/transistors/mosfet_level.h"

#include <math.h>

#include "base/instructions.h"
#include "devices/pnjlim.h"
#include "devices/silicon.h"
#include "devices/transistors/limit.h"

/* clang-format off */
enum {
    VTO = EQ_MOS_PARAM_VTO, KP = EQ_MOS_PARAM_KP, GAMMA = EQ_MOS_PARAM_GAMMA, PHI = EQ_MOS_PARAM_PHI,
    BEND = EQ_MOS_PARAM_BEND, IS = EQ_MOS_PARAM_IS, JS = EQ_MOS_PARAM_JS, RD = EQ_MOS_PARAM_RD,
    RS = EQ_MOS_PARAM_RS, RSH = EQ_MOS_PARAM_RSH, TOX = EQ_MOS_PARAM_TOX, NSUB = EQ_MOS_PARAM_NSUB,
    NSS = EQ_MOS_PARAM_NSS, TPG = EQ_MOS_PARAM_TPG, UO = EQ_MOS_PARAM_UO, TNOM = EQ_MOS_PARAM_TNOM,
    W = EQ_MOS_PARAM_W, L = EQ_MOS_PARAM_L, AD = EQ_MOS_PARAM_AD, AS = EQ_MOS_PARAM_AS,
    NRD = EQ_MOS_PARAM_NRD, NRS = EQ_MOS_PARAM_NRS, M = EQ_MOS_PARAM_M, TEMP = EQ_MOS_PARAM_TEMP,
    DTEMP = EQ_MOS_PARAM_DTEMP
};
/* clang-format on */

/* The density of carriers in silicon without dopants, 1/m^3; of level 3 at tnom. */
static double intrinsic(const eq_mos_level *level, double k_over_q, double tnom) {
    double warm = tnom / 300.0;
    if (!level->intrinsic_warms) return 1.45e16;
    return 1.45e16 * warm * sqrt(warm) *
           exp(0.5 * eq_silicon_gap(tnom) * (1.0 / 300.0 - 1.0 / tnom) / k_over_q);
}

/* V, the flat-band voltage by the work functions of gate and substrate and the charge of the surface
 * (Sze 1981, section 8.2). */
static double flat_band(size_t j, double *const *w, double type, double phi, double oxide,
                        double tnom) {
    static const double affinity = 3.25, aluminium = 3.2;
    double gap = eq_silicon_gap(tnom), fermi = type * 0.5 * phi;
    double gate =
        w[TPG][j] == 0.0 ? aluminium : affinity + 0.5 * gap - type * w[TPG][j] * 0.5 * gap;
    return gate - (affinity + 0.5 * gap + fermi) - w[NSS][j] * 1e4 * EQ_MOS_CHARGE / oxide;
}

/* The numbers of a model as they are given, or by the process: kp = uo Cox, and beside nsub
 * phi = 2 Vt ln(nsub/ni), gamma = sqrt(2 eps q nsub)/Cox, and vto (ngspice manual, level 1). */
static void make_process(const eq_mos_level *level, size_t j, double *const *w, double type,
                         eq_mos_process *p) {
    double doping = w[NSUB][j] * 1e6, free = intrinsic(level, p->k_over_q, p->tnom);
    p->vto = w[VTO][j], p->kp = w[KP][j], p->gamma = w[GAMMA][j], p->phi = w[PHI][j];
    if (w[TOX][j] > 0.0) {
        p->oxide = 3.9 * EQ_MOS_VACUUM / w[TOX][j];
        p->kp = eq_or_else(p->kp, w[UO][j] * p->oxide * 1e-4);
        if (doping > free) {
            p->doping = doping;
            p->phi =
                eq_or_else(p->phi, fmax(0.1, 2.0 * p->k_over_q * p->tnom * log(doping / free)));
            double flat = flat_band(j, w, type, p->phi, p->oxide, p->tnom);
            p->gamma = eq_or_else(p->gamma,
                                  sqrt(2.0 * EQ_MOS_SILICON * EQ_MOS_CHARGE * doping) / p->oxide);
            p->made = isnan(p->vto);
            p->vto = eq_or_else(p->vto, flat + type * (p->gamma * sqrt(p->phi) + p->phi));
        }
    }
    p->vto = eq_or_else(p->vto, 0.0);
    p->kp = eq_or_else(p->kp, 2e-5);
    p->gamma = eq_or_else(p->gamma, 0.0);
    p->phi = eq_or_else(p->phi, 0.6);
}

/* At temperature T: kp falls as T^-1.5, phi moves as a junction potential, and the threshold with it
 * and with the gap (ngspice manual, "Temperature"; measured). */
static void derive_channel(const eq_mos_level *level, size_t j, double *const *w, double type,
                           const eq_mos_process *p) {
    double *const *own = w + level->params, *const *law = own + EQ_MOS_KERNEL + EQ_MOS_LAW;
    double number[EQ_MOS_MOST_NUMBERS] = {0.0}, width, length, root = sqrt(p->phi);
    double phi = eq_silicon_potential(p->phi, p->k_over_q, p->temp, p->tnom);
    double gaps = 0.0, shift = level->shift == NULL ? 0.0 : level->shift(j, w);
    if (p->temp != p->tnom) gaps = 0.5 * (eq_silicon_gap(p->tnom) - eq_silicon_gap(p->temp));
    if (!(phi > 0.0)) phi = NAN; /* lost() says so */
    level->size(j, w, &width, &length);
    number[EQ_MOS_BETA] = p->kp / (p->ratio * sqrt(p->ratio)) * w[M][j] * width / length;
    if (isnan(phi)) number[EQ_MOS_BETA] = NAN; /* no largest of two hides that */
    number[EQ_MOS_VBI] =
        type * (p->vto + shift) - p->gamma * root + type * gaps + 0.5 * (phi - p->phi);
    number[EQ_MOS_GAMMA] = p->gamma;
    number[EQ_MOS_SURFACE] = phi;
    number[EQ_MOS_BEND] = w[BEND][j];
    level->fill(j, w, p, number);
    for (int k = 0; k < level->numbers; k++) law[k][j] = number[k];
    own[EQ_MOS_PHI][j] = p->made ? -p->phi : p->phi;
    own[EQ_MOS_WARMTH][j] = p->ratio;
}

static bool by_area(size_t j, double *const *w) {
    return w[JS][j] != 0.0 && w[AD][j] != 0.0 && w[AS][j] != 0.0;
}

/* The bulk junctions have is, or js by their areas where all of these are given; it grows by
 * exp(Eg/kTnom - Eg/kT). */
static void derive_junctions(const eq_mos_level *level, size_t j, double *const *w,
                             const eq_mos_process *p) {
    double *const *own = w + level->params, *const *kernel = own + EQ_MOS_KERNEL;
    double vt = p->k_over_q * p->temp, warming = 1.0;
    bool areas = by_area(j, w);
    if (p->temp != p->tnom)
        warming =
            exp(eq_silicon_gap(p->tnom) / (p->k_over_q * p->tnom) - eq_silicon_gap(p->temp) / vt);
    own[EQ_MOS_PER_IS][j] = areas ? 0.0 : warming * w[M][j];
    double is = (areas ? w[JS][j] : w[IS][j]) * warming * w[M][j];
    for (int e = 0; e < EQ_MOS_ENDS; e++) {
        double one = areas ? is * w[e == EQ_MOS_DRAIN ? AD : AS][j] : is;
        kernel[EQ_MOS_IS + e][j] = one;
        own[EQ_MOS_VCRIT + e][j] = eq_pnj_critical(vt, one);
    }
    kernel[EQ_MOS_VT][j] = vt;
}

static eq_mos_process process_of(const eq_mos_level *level, size_t j, double *const *w,
                                 const eq_environment *env) {
    double type = w[level->params + EQ_MOS_KERNEL + EQ_MOS_TYPE][j];
    eq_mos_process p = {.k_over_q = env->k_over_q,
                        .temp = eq_own_temp(w[TEMP][j], w[DTEMP][j], env) + EQ_CELSIUS_ZERO,
                        .tnom = eq_or_else(w[TNOM][j], env->tnom) + EQ_CELSIUS_ZERO};
    p.ratio = p.temp / p.tnom;
    make_process(level, j, w, type, &p);
    return p;
}

double eq_mos_made(const eq_mos_level *level, double *const *w, size_t j, int k,
                   const eq_environment *env) {
    eq_mos_process p = process_of(level, j, w, env);
    switch (k) {
    case VTO:
        return p.vto;
    case KP:
        return p.kp;
    case GAMMA:
        return p.gamma;
    case PHI:
        return p.phi;
    case RD:
        return w[RSH][j] * w[NRD][j];
    case RS:
        return w[RSH][j] * w[NRS][j];
    default:
        return NAN;
    }
}

void eq_mos_derive(const eq_mos_level *level, size_t n, double *const *w, const eq_environment *env,
                   double type) {
    double *const *kernel = w + level->params + EQ_MOS_KERNEL;
    for (size_t j = 0; j < n; j++) {
        kernel[EQ_MOS_TYPE][j] = type;
        kernel[EQ_MOS_GMIN][j] = env->gmin;
        eq_mos_process p = process_of(level, j, w, env);
        derive_channel(level, j, w, type, &p);
        derive_junctions(level, j, w, &p);
        eq_mos_derive_charges(level, j, w, &p);
        kernel[EQ_MOS_R + EQ_MOS_DRAIN][j] = eq_or_else(w[RD][j], w[RSH][j] * w[NRD][j]) / w[M][j];
        kernel[EQ_MOS_R + EQ_MOS_SOURCE][j] = eq_or_else(w[RS][j], w[RSH][j] * w[NRS][j]) / w[M][j];
    }
}

double eq_mos_depletion(double doping) {
    return doping > 0.0 ? sqrt(2.0 * EQ_MOS_SILICON / (EQ_MOS_CHARGE * doping)) : 0.0;
}

const char *eq_mos_lost(const eq_mos_level *level, double *const *w, size_t j) {
    double *const *law = w + level->params + EQ_MOS_KERNEL + EQ_MOS_LAW;
    return isnan(law[EQ_MOS_SURFACE][j]) ? "its surface potential falls to 0 V at this "
                                           "temperature; give its model a larger phi, "
                                           "or a lower temperature"
                                         : NULL;
}

const char *eq_mos_wrong(const eq_mos_level *level, double *const *w, size_t j) {
    double width, length;
    level->size(j, w, &width, &length);
    if (!(length > 0.0))
        return "its channel is no longer than 2 ld of its model; give a larger l or a smaller ld";
    if (!(width > 0.0))
        return "its channel is no wider than 2 wd of its model; give a larger w or a smaller wd";
    if (level->doped && w[NSUB][j] <= 1.45e10)
        return "nsub of its model is below the 1.45e10 carriers of pure silicon; give more or none";
    return NULL;
}

static const eq_mos_kernels *kernels(const eq_mos_level *level) {
    eq_instructions best = eq_instructions_best();
    if (best == EQ_V4 && level->v4 != NULL) return level->v4;
    return best == EQ_V3 && level->v3 != NULL ? level->v3 : level->base;
}

void eq_mos_port(const eq_mos_level *level, size_t n, double *const *w, const double *const *z,
                 const eq_port_search *search, double *const *i, double *const *g) {
    kernels(level)->port(n, w + level->params + EQ_MOS_KERNEL, z, search, i, g);
}

/* How is and the numbers of the law change with parameter k. A vto that the process makes goes with
 * gamma and phi: vto - gamma sqrt(phi) is then the flat band, which has phi/2, and phi. */
static void change_of(const eq_mos_level *level, size_t j, double *const *w, int k, double *by) {
    double *const *own = w + level->params, *const *kernel = own + EQ_MOS_KERNEL;
    double number[EQ_MOS_MOST_NUMBERS], *law = by + EQ_MOS_ENDS, width, length;
    double phi = own[EQ_MOS_PHI][j], root = sqrt(fabs(phi)), warmth = own[EQ_MOS_WARMTH][j];
    for (int c = 0; c < level->numbers; c++) number[c] = kernel[EQ_MOS_LAW + c][j];
    level->size(j, w, &width, &length);
    if (k == W) law[EQ_MOS_BETA] = number[EQ_MOS_BETA] / width;
    if (k == L) law[EQ_MOS_BETA] = -number[EQ_MOS_BETA] / length;
    if (k == KP) law[EQ_MOS_BETA] = w[KP][j] > 0.0 ? number[EQ_MOS_BETA] / w[KP][j] : 0.0;
    if (k == VTO) law[EQ_MOS_VBI] = kernel[EQ_MOS_TYPE][j];
    if (k == GAMMA) {
        law[EQ_MOS_GAMMA] = 1.0;
        law[EQ_MOS_VBI] = phi < 0.0 ? 0.0 : -root;
    }
    if (k == PHI) {
        law[EQ_MOS_SURFACE] = warmth;
        law[EQ_MOS_VBI] = 0.5 * (warmth - 1.0);
        law[EQ_MOS_VBI] += phi < 0.0 ? 0.5 : -number[EQ_MOS_GAMMA] / (2.0 * root);
    }
    if (k == BEND) law[EQ_MOS_BEND] = 1.0;
    if (k == IS) by[EQ_MOS_DRAIN] = by[EQ_MOS_SOURCE] = own[EQ_MOS_PER_IS][j];
    if (level->change != NULL) level->change(j, w, k, number, law);
}

void eq_mos_param_port(const eq_mos_level *level, size_t n, double *const *w, int k,
                       const double *const *z, double *const *didw) {
    enum { PART = 32 };
    int columns = EQ_MOS_LAW + level->numbers;
    for (size_t start = 0; start < n; start += PART) {
        double by[EQ_MOS_MOST_CHANGES][PART] = {{0}}, *change[EQ_MOS_MOST_CHANGES];
        double *own[EQ_MOS_LAW + EQ_MOS_MOST_NUMBERS], *to[EQ_MOS_NODES];
        const double *at[EQ_MOS_NODES];
        size_t count = n - start < PART ? n - start : PART;
        for (int c = 0; c < EQ_MOS_MOST_CHANGES; c++) change[c] = by[c];
        for (int c = 0; c < columns; c++) own[c] = w[level->params + EQ_MOS_KERNEL + c] + start;
        for (int a = 0; a < EQ_MOS_NODES; a++) {
            at[a] = z[a] + start;
            to[a] = didw[a] + start;
        }
        for (size_t j = 0; j < count; j++) {
            double d[EQ_MOS_MOST_CHANGES] = {0};
            change_of(level, start + j, w, k, d);
            for (int c = 0; c < EQ_MOS_MOST_CHANGES; c++) by[c][j] = d[c];
        }
        kernels(level)->change(count, own, at, change, to);
    }
}

/* The inner potentials are where the currents settle. */
void eq_mos_stored(const eq_mos_level *level, size_t n, double *const *w, const double *const *z,
                   double *const *v, double *const *q, double *const *c) {
    enum { NODES = EQ_MOS_NODES };
    double out[NODES + NODES * NODES + EQ_MOS_MEMORY], *to[sizeof out / sizeof *out];
    double *own[EQ_MAX_COLUMNS], *drop = out + NODES + NODES * NODES, y[NODES];
    const double *at[NODES];
    int columns = level->params + EQ_MOS_KERNEL + EQ_MOS_LAW + level->numbers + EQ_MOS_CHARGED;
    for (size_t k = 0; k < sizeof out / sizeof *out; k++) to[k] = &out[k];
    for (size_t j = 0; j < n; j++) {
        double type = w[level->params + EQ_MOS_KERNEL + EQ_MOS_TYPE][j];
        for (int k = 0; k < columns; k++) own[k] = w[k] + j;
        for (int a = 0; a < NODES; a++) at[a] = z[a] + j, y[a] = type * *at[a];
        drop[EQ_MOS_DRAIN] = drop[EQ_MOS_SOURCE] = NAN;
        const eq_port_search search = {to + NODES + NODES * NODES, 0.0};
        eq_mos_port(level, 1, own, at, &search, to, to + NODES);
        y[EQ_MOS_D] -= drop[EQ_MOS_DRAIN];
        y[EQ_MOS_S] -= drop[EQ_MOS_SOURCE];
        eq_mos_store(level, w, j, y, v, q, c);
    }
}

/* As SPICE has it: the gate at the threshold, a volt in reverse at the bulk. */
void eq_mos_begin(const eq_mos_level *level, size_t n, double *const *w, double *const *z) {
    double *const *kernel = w + level->params + EQ_MOS_KERNEL, number[EQ_MOS_MOST_NUMBERS];
    for (size_t j = 0; j < n; j++) {
        double type = kernel[EQ_MOS_TYPE][j];
        for (int c = 0; c < level->numbers; c++) number[c] = kernel[EQ_MOS_LAW + c][j];
        z[EQ_MOS_G][j] = type * level->threshold(number, kernel[EQ_MOS_VT][j], 0.0, 0.0);
        z[EQ_MOS_B][j] = -type;
    }
}

static bool limit_row(const void *self, size_t j, double *const *w, const double *old,
                      double *now) {
    const eq_mos_level *level = self;
    double *const *own = w + level->params, *const *kernel = own + EQ_MOS_KERNEL;
    double vcrit[] = {own[EQ_MOS_VCRIT][j], own[EQ_MOS_VCRIT + 1][j]}, vt = kernel[EQ_MOS_VT][j];
    double number[EQ_MOS_MOST_NUMBERS], d = old[EQ_MOS_D], s = old[EQ_MOS_S];
    for (int c = 0; c < level->numbers; c++) number[c] = kernel[EQ_MOS_LAW + c][j];
    double von = level->threshold(number, vt, fabs(d - s), old[EQ_MOS_B] - fmin(d, s));
    return eq_mosfet_limit(vt, von, vcrit, old, now);
}

size_t eq_mos_limit_port(const eq_mos_level *level, size_t n, double *const *w,
                         const double *const *z_old, double *const *z_new) {
    const double *type = w[level->params + EQ_MOS_KERNEL + EQ_MOS_TYPE];
    return eq_limit_rows(EQ_MOS_NODES, type, limit_row, level, n, w, z_old, z_new);
}
