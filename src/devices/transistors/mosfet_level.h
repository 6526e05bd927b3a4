/* MOS transistors of every level as device classes: the parameters of their models and lines that all
 * levels have, what they say of geometry, process and temperature, and the functions of a class around
 * the kernels of a level. */
#ifndef EQ_DEVICES_MOSFET_LEVEL_H
#define EQ_DEVICES_MOSFET_LEVEL_H

#include "devices/device.h"
#include "devices/transistors/mosfet.h"

/* The parameters that every level has, in this order. */
enum {
    EQ_MOS_PARAM_VTO,
    EQ_MOS_PARAM_KP,
    EQ_MOS_PARAM_GAMMA,
    EQ_MOS_PARAM_PHI,
    EQ_MOS_PARAM_BEND, /* lambda, or theta of level 3 */
    EQ_MOS_PARAM_IS,
    EQ_MOS_PARAM_JS,
    EQ_MOS_PARAM_RD,
    EQ_MOS_PARAM_RS,
    EQ_MOS_PARAM_RSH,
    EQ_MOS_PARAM_TOX,
    EQ_MOS_PARAM_NSUB,
    EQ_MOS_PARAM_NSS,
    EQ_MOS_PARAM_TPG,
    EQ_MOS_PARAM_UO,
    EQ_MOS_PARAM_LD,
    EQ_MOS_PARAM_CBD, /* of this and the rest up to CGBO levels 1 and 3 see nothing at dc */
    EQ_MOS_PARAM_CBS,
    EQ_MOS_PARAM_CJ,
    EQ_MOS_PARAM_MJ,
    EQ_MOS_PARAM_CJSW,
    EQ_MOS_PARAM_MJSW,
    EQ_MOS_PARAM_PB,
    EQ_MOS_PARAM_FC,
    EQ_MOS_PARAM_CGSO,
    EQ_MOS_PARAM_CGDO,
    EQ_MOS_PARAM_CGBO,
    EQ_MOS_PARAM_TNOM,
    EQ_MOS_PARAM_W,
    EQ_MOS_PARAM_L,
    EQ_MOS_PARAM_AD,
    EQ_MOS_PARAM_AS,
    EQ_MOS_PARAM_NRD,
    EQ_MOS_PARAM_NRS,
    EQ_MOS_PARAM_M,
    EQ_MOS_PARAM_TEMP,
    EQ_MOS_PARAM_DTEMP,
    EQ_MOS_PARAM_PD,
    EQ_MOS_PARAM_PS,
    EQ_MOS_PARAMS
};

/* Their rows. Without a default: not given, which says something beside tox and nsub, or rsh. */
/* clang-format off */
#define EQ_MOS_PARAM_ROWS(bend, tox, mjsw) \
    [EQ_MOS_PARAM_VTO] = {"vto", "V", NAN, -1e6, 1e6, true}, \
    [EQ_MOS_PARAM_KP] = {"kp", "A/V^2", NAN, 0.0, 1e6, true}, \
    [EQ_MOS_PARAM_GAMMA] = {"gamma", "V^0.5", NAN, 0.0, 1e6, true}, \
    [EQ_MOS_PARAM_PHI] = {"phi", "V", NAN, 1e-3, 1e3, true}, \
    [EQ_MOS_PARAM_BEND] = {bend, "1/V", 0.0, 0.0, 1e6, true}, \
    [EQ_MOS_PARAM_IS] = {"is", "A", 1e-14, 0.0, 1e300, true}, \
    [EQ_MOS_PARAM_JS] = {"js", "A/m^2", 0.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_RD] = {"rd", "ohm", NAN, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_RS] = {"rs", "ohm", NAN, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_RSH] = {"rsh", "ohm", 0.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_TOX] = {"tox", "m", tox, tox > 0.0 ? 1e-12 : 0.0, 1.0, false}, \
    [EQ_MOS_PARAM_NSUB] = {"nsub", "1/cm^3", NAN, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_NSS] = {"nss", "1/cm^2", 0.0, -1e300, 1e300, false}, \
    [EQ_MOS_PARAM_TPG] = {"tpg", "1", 1.0, -1.0, 1.0, false}, \
    [EQ_MOS_PARAM_UO] = {"uo", "cm^2/Vs", 600.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_LD] = {"ld", "m", 0.0, -1e300, 1e300, false}, \
    [EQ_MOS_PARAM_CBD] = {"cbd", "F", NAN, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_CBS] = {"cbs", "F", NAN, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_CJ] = {"cj", "F/m^2", 0.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_MJ] = {"mj", "1", 0.5, 0.0, 1e3, false}, \
    [EQ_MOS_PARAM_CJSW] = {"cjsw", "F/m", 0.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_MJSW] = {"mjsw", "1", mjsw, 0.0, 1e3, false}, \
    [EQ_MOS_PARAM_PB] = {"pb", "V", 0.8, 0.0, 1e3, false}, \
    [EQ_MOS_PARAM_FC] = {"fc", "1", 0.5, 0.0, 1.0, false}, \
    [EQ_MOS_PARAM_CGSO] = {"cgso", "F/m", 0.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_CGDO] = {"cgdo", "F/m", 0.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_CGBO] = {"cgbo", "F/m", 0.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_TNOM] = {"tnom", "C", NAN, -273.15, 1e6, false}, \
    [EQ_MOS_PARAM_W] = {"w", "m", 1e-4, 1e-300, 1e300, true}, \
    [EQ_MOS_PARAM_L] = {"l", "m", 1e-4, 1e-300, 1e300, true}, \
    [EQ_MOS_PARAM_AD] = {"ad", "m^2", 0.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_AS] = {"as", "m^2", 0.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_NRD] = {"nrd", "1", 1.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_NRS] = {"nrs", "1", 1.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_M] = {"m", "1", 1.0, 1e-300, 1e300, false}, \
    [EQ_MOS_PARAM_TEMP] = {"temp", "C", NAN, -273.15, 1e6, false}, \
    [EQ_MOS_PARAM_DTEMP] = {"dtemp", "K", 0.0, -1e6, 1e6, false}, \
    [EQ_MOS_PARAM_PD] = {"pd", "m", 0.0, 0.0, 1e300, false}, \
    [EQ_MOS_PARAM_PS] = {"ps", "m", 0.0, 0.0, 1e300, false}
/* clang-format on */

/* Bits of those on the line of an element. */
#define EQ_MOS_ON_LINE (EQ_BIT(EQ_MOS_PARAM_PS + 1) - EQ_BIT(EQ_MOS_PARAM_W))
/* Those of charges alone. */
#define EQ_MOS_REACTIVE                                                                            \
    ((EQ_BIT(EQ_MOS_PARAM_CGBO + 1) - EQ_BIT(EQ_MOS_PARAM_CBD)) | EQ_BIT(EQ_MOS_PARAM_PD) |        \
     EQ_BIT(EQ_MOS_PARAM_PS))

/* The derived columns of a class behind its parameters. */
enum {
    EQ_MOS_VCRIT,                            /* V, of both junctions */
    EQ_MOS_PHI = EQ_MOS_VCRIT + EQ_MOS_ENDS, /* V, phi at tnom; negative: vto is made of it */
    EQ_MOS_WARMTH,                           /* T/Tnom */
    EQ_MOS_PER_IS,                           /* of both junctions, by is */
    EQ_MOS_KERNEL                            /* the columns of mosfet.h */
};

/* Behind the numbers of the law, those of charges. */
enum {
    EQ_MOS_BAND,   /* V, phi at T */
    EQ_MOS_BULK,   /* V, pb at T */
    EQ_MOS_BOTTOM, /* what temperature multiplies cj, cbd and cbs by */
    EQ_MOS_SIDE,   /* and cjsw */
    EQ_MOS_CHARGED
};

/* What the process and the temperature make of a model. */
typedef struct eq_mos_process {
    double k_over_q, temp, tnom; /* V/K, K */
    double ratio;                /* T/Tnom */
    double oxide;                /* F/m^2, 0: none */
    double doping;               /* 1/m^3, 0: none */
    double vto, kp, gamma, phi;  /* at tnom */
    bool made;                   /* vto is made of the others */
} eq_mos_process;

/* A level. */
typedef struct eq_mos_level {
    int params, numbers; /* of the class; of the law */
    const eq_mos_kernels *v4, *v3, *base;
    bool intrinsic_warms; /* the intrinsic density of silicon does with tnom */
    bool doped;           /* an nsub below that density is refused, as ngspice does */
    /* Width and length of the channel, m. */
    void (*size)(size_t j, double *const *w, double *width, double *length);
    /* V, what shifts the threshold of an n channel beside vto; NULL: nothing. */
    double (*shift)(size_t j, double *const *w);
    /* The level's own numbers, where the common ones (surface: phi) are known. */
    void (*fill)(size_t j, double *const *w, const eq_mos_process *p, double *number);
    /* How they change with parameter k, the common ones known. */
    void (*change)(size_t j, double *const *w, int k, const double *number, double *by);
    /* The threshold at drops to the lower end, V. */
    double (*threshold)(const double *number, double vt, double vds, double vbs);
    /* Where it saturates above it, V. */
    double (*saturation)(const double *number, double vt, double vgs, double vds, double vbs);
} eq_mos_level;

#define EQ_MOS_CHARGE 1.6021766208e-19        /* C, of an electron */
#define EQ_MOS_VACUUM 8.854214871e-12         /* F/m, of ngspice */
#define EQ_MOS_SILICON (11.7 * EQ_MOS_VACUUM) /* F/m */

/* Where they keep charge. */
enum { EQ_MOS_GS, EQ_MOS_GD, EQ_MOS_GB, EQ_MOS_BD, EQ_MOS_BS, EQ_MOS_STORAGES };
extern const eq_storage eq_mos_storage[EQ_MOS_STORAGES];

/* What an operating point shows of them. */
enum {
    EQ_MOS_SHOW_ID,
    EQ_MOS_SHOW_IS,
    EQ_MOS_SHOW_IG,
    EQ_MOS_SHOW_IB,
    EQ_MOS_SHOW_IBD,
    EQ_MOS_SHOW_IBS,
    EQ_MOS_SHOW_GM,
    EQ_MOS_SHOW_GDS,
    EQ_MOS_SHOW_GMBS,
    EQ_MOS_SHOW_GMB, /* the same */
    EQ_MOS_SHOW_GBD,
    EQ_MOS_SHOW_GBS,
    EQ_MOS_SHOW_VGS,
    EQ_MOS_SHOW_VDS,
    EQ_MOS_SHOW_VBS,
    EQ_MOS_SHOW_VBD,
    EQ_MOS_SHOW_VON,
    EQ_MOS_SHOW_VTH, /* the same */
    EQ_MOS_SHOW_VDSAT,
    EQ_MOS_SHOW_RD,
    EQ_MOS_SHOW_RS,
    EQ_MOS_SHOW_DRAIN,
    EQ_MOS_SHOW_SOURCE,
    EQ_MOS_SHOWS
};
extern const char *const eq_mos_shown[EQ_MOS_SHOWS];

/* m/V^0.5, the width of a depletion layer over the root of its drop, at a doping [1/m^3]; 0 of none. */
double eq_mos_depletion(double doping);

void eq_mos_derive(const eq_mos_level *level, size_t n, double *const *w, const eq_environment *env,
                   double type);
double eq_mos_made(const eq_mos_level *level, double *const *w, size_t j, int k,
                   const eq_environment *env);
void eq_mos_port(const eq_mos_level *level, size_t n, double *const *w, const double *const *z,
                 const eq_port_search *search, double *const *i, double *const *g);
void eq_mos_param_port(const eq_mos_level *level, size_t n, double *const *w, int k,
                       const double *const *z, double *const *didw);
void eq_mos_begin(const eq_mos_level *level, size_t n, double *const *w, double *const *z);
size_t eq_mos_limit_port(const eq_mos_level *level, size_t n, double *const *w,
                         const double *const *z_old, double *const *z_new);
void eq_mos_derive_charges(const eq_mos_level *level, size_t j, double *const *w,
                           const eq_mos_process *p);
/* Row j of what is stored at the inner potentials y, turned round of a p channel. */
void eq_mos_store(const eq_mos_level *level, double *const *w, size_t j, const double *y,
                  double *const *v, double *const *q, double *const *c);
void eq_mos_stored(const eq_mos_level *level, size_t n, double *const *w, const double *const *z,
                   double *const *v, double *const *q, double *const *c);
void eq_mos_show(const eq_mos_level *level, double *const *w, const double *const *z,
                 double *value);
const char *eq_mos_wrong(const eq_mos_level *level, double *const *w, size_t j);
/* Why row j has no law at this temperature; NULL: it has. */
const char *eq_mos_lost(const eq_mos_level *level, double *const *w, size_t j);

/* The functions of a class of level `level_`, an eq_mos_level, and its two classes. */
#define EQ_MOS_FUNCTIONS(level_)                                                                   \
    static void derive_n(size_t n, double *const *w, const eq_environment *env) {                  \
        eq_mos_derive(&(level_), n, w, env, 1.0);                                                  \
    }                                                                                              \
    static void derive_p(size_t n, double *const *w, const eq_environment *env) {                  \
        eq_mos_derive(&(level_), n, w, env, -1.0);                                                 \
    }                                                                                              \
    static void port(size_t n, double *const *w, const double *const *z,                           \
                     const eq_port_search *search, double *const *i, double *const *g) {           \
        eq_mos_port(&(level_), n, w, z, search, i, g);                                             \
    }                                                                                              \
    static void param_port(size_t n, double *const *w, int k, const double *const *z,              \
                           double *const *didw) {                                                  \
        eq_mos_param_port(&(level_), n, w, k, z, didw);                                            \
    }                                                                                              \
    static size_t limit_port(size_t n, double *const *w, const double *const *z_old,               \
                             double *const *z_new) {                                               \
        return eq_mos_limit_port(&(level_), n, w, z_old, z_new);                                   \
    }                                                                                              \
    static void begin(size_t n, double *const *w, double *const *z) {                              \
        eq_mos_begin(&(level_), n, w, z);                                                          \
    }                                                                                              \
    static void stored(size_t n, double *const *w, const double *const *z, double *const *v,       \
                       double *const *q, double *const *c) {                                       \
        eq_mos_stored(&(level_), n, w, z, v, q, c);                                                \
    }                                                                                              \
    static void show(double *const *w, const double *const *z, double *value) {                    \
        eq_mos_show(&(level_), w, z, value);                                                       \
    }                                                                                              \
    static double made(double *const *w, size_t j, int k, const eq_environment *env) {             \
        return eq_mos_made(&(level_), w, j, k, env);                                               \
    }                                                                                              \
    static const char *wrong(double *const *w, size_t j) {                                         \
        return eq_mos_wrong(&(level_), w, j);                                                      \
    }                                                                                              \
    static const char *lost(double *const *w, size_t j) {                                          \
        return eq_mos_lost(&(level_), w, j);                                                       \
    }

#define EQ_MOS_LINE "$n $a $b $c $d $m$i\n"

#define EQ_MOS_CLASS(called, type, number, rows, numbers, derived, rising, quiet)                  \
    .name = called, .letter = 'm', .model_type = type, .level = number,                            \
    .defined = EQ_CURRENT_DEFINED, .control = EQ_CONTROL_PORT, .terminals = EQ_MOS_NODES,          \
    .channel = {EQ_MOS_D, EQ_MOS_S}, .gate = EQ_MOS_G, .opens = (rising),                          \
    .carries = 1u << EQ_MOS_D | 1u << EQ_MOS_S | 1u << EQ_MOS_B,                                   \
    .params = sizeof(rows) / sizeof *(rows),                                                       \
    .columns =                                                                                     \
        sizeof(rows) / sizeof *(rows) + EQ_MOS_KERNEL + EQ_MOS_LAW + (numbers) + EQ_MOS_CHARGED,   \
    .param = rows, .instance = EQ_MOS_ON_LINE, .reactive = (quiet), .charged = EQ_MOS_CHARGED,     \
    .value = -1, .wrong = wrong, .lost = lost, .made = made, .derive = derived, .port = port,      \
    .memory = EQ_MOS_MEMORY, .param_port = param_port, .limit_port = limit_port, .begin = begin,   \
    .storage = eq_mos_storage, .storages = EQ_MOS_STORAGES, .stored = stored,                      \
    .shown = eq_mos_shown, .shows = EQ_MOS_SHOWS, .show = show

#endif
