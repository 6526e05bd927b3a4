/* MOS transistors of level 3, semi-empirical for short channels, n and p channel. */
#include <math.h>

#include "devices/registry.h"
#include "devices/transistors/mosfet3_law.h"
#include "devices/transistors/mosfet_level.h"

enum { WD = EQ_MOS_PARAMS, XL, XW, DELVTO, XJ, DELTA, ETA, KAPPA, VMAX, NFS, PARAMS };

static const eq_param rows[] = {
    EQ_MOS_PARAM_ROWS("theta", 1e-7, 0.33),
    [WD] = {"wd", "m", 0.0, -1e300, 1e300, false},
    [XL] = {"xl", "m", 0.0, -1e300, 1e300, false},
    [XW] = {"xw", "m", 0.0, -1e300, 1e300, false},
    [DELVTO] = {"delvto", "V", 0.0, -1e6, 1e6, false},
    [XJ] = {"xj", "m", 0.0, 0.0, 1.0, false},
    [DELTA] = {"delta", "1", 0.0, -1e6, 1e6, false},
    [ETA] = {"eta", "1", 0.0, -1e6, 1e6, true},
    [KAPPA] = {"kappa", "1", 0.2, 0.0, 1e6, true},
    [VMAX] = {"vmax", "m/s", 0.0, 0.0, 1e300, false},
    [NFS] = {"nfs", "1/cm^2", 0.0, 0.0, 1e300, false},
};

static const double feedback = 8.15e-22; /* F m, of eta over the oxide's capacitance */
static const double half_pi = 1.5707963267948966;

static void size(size_t j, double *const *w, double *width, double *length) {
    *width = w[EQ_MOS_PARAM_W][j] - 2.0 * w[WD][j] + w[XW][j];
    *length = w[EQ_MOS_PARAM_L][j] - 2.0 * w[EQ_MOS_PARAM_LD][j] + w[XL][j];
}

static double shift(size_t j, double *const *w) {
    return w[DELVTO][j];
}

static double oxide(size_t j, double *const *w) {
    return 3.9 * EQ_MOS_VACUUM / w[EQ_MOS_PARAM_TOX][j];
}

static void fill(size_t j, double *const *w, const eq_mos_process *p, double *number) {
    size(j, w, &number[EQ_MOS3_WIDTH], &number[EQ_MOS3_LENGTH]);
    number[EQ_MOS3_ETA] = w[ETA][j] * feedback / p->oxide;
    number[EQ_MOS3_KAPPA] = w[KAPPA][j];
    number[EQ_MOS3_NARROW] = w[DELTA][j] * half_pi * EQ_MOS_SILICON / p->oxide;
    number[EQ_MOS3_XD] = eq_mos_depletion(p->doping);
    number[EQ_MOS3_XJ] = w[XJ][j];
    number[EQ_MOS3_LD] = w[EQ_MOS_PARAM_LD][j];
    number[EQ_MOS3_MOBILITY] = w[EQ_MOS_PARAM_UO][j] * 1e-4 / (p->ratio * sqrt(p->ratio));
    number[EQ_MOS3_VMAX] = w[VMAX][j];
    number[EQ_MOS3_NFS] = EQ_MOS_CHARGE * w[NFS][j] * 1e4 / p->oxide;
}

static void change(size_t j, double *const *w, int k, const double *number, double *by) {
    (void)number;
    if (k == EQ_MOS_PARAM_W) by[EQ_MOS3_WIDTH] = 1.0;
    if (k == EQ_MOS_PARAM_L) by[EQ_MOS3_LENGTH] = 1.0;
    if (k == ETA) by[EQ_MOS3_ETA] = feedback / oxide(j, w);
    if (k == KAPPA) by[EQ_MOS3_KAPPA] = 1.0;
}

static const eq_mos_level level = {
    .params = PARAMS,
    .numbers = EQ_MOS3_LAWS,
    .base = &eq_mos3_base,
    .intrinsic_warms = true,
    .doped = true,
    .size = size,
    .shift = shift,
    .fill = fill,
    .change = change,
    .threshold = eq_mos3_threshold,
    .saturation = eq_mos3_saturation,
};

EQ_MOS_FUNCTIONS(level)

const eq_device_class eq_class_nmos3 = {
    EQ_MOS_CLASS("nmos3", "nmos", 3, rows, EQ_MOS3_LAWS, derive_n, 1, EQ_MOS_REACTIVE),
    .line = {[EQ_NGSPICE] = EQ_MOS_LINE}};
const eq_device_class eq_class_pmos3 = {
    EQ_MOS_CLASS("pmos3", "pmos", 3, rows, EQ_MOS3_LAWS, derive_p, -1, EQ_MOS_REACTIVE),
    .line = {[EQ_NGSPICE] = EQ_MOS_LINE}};
