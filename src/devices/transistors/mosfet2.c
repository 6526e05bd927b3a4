/* MOS transistors of level 2, geometric, n and p channel. */
#include <math.h>

#include "devices/registry.h"
#include "devices/silicon.h"
#include "devices/transistors/mosfet2_law.h"
#include "devices/transistors/mosfet_level.h"

enum { XJ = EQ_MOS_PARAMS, DELTA, NFS, VMAX, UCRIT, UEXP, NEFF, PARAMS };

static const eq_param rows[] = {
    EQ_MOS_PARAM_ROWS("lambda", 1e-7, 0.33),
    [XJ] = {"xj", "m", 0.0, 0.0, 1.0, false},
    [DELTA] = {"delta", "1", 0.0, -1e6, 1e6, false},
    [NFS] = {"nfs", "1/cm^2", 0.0, 0.0, 1e300, false},
    [VMAX] = {"vmax", "m/s", 0.0, 0.0, 1e300, false},
    [UCRIT] = {"ucrit", "V/cm", 1e4, 1e-300, 1e300, false},
    [UEXP] = {"uexp", "1", 0.0, 0.0, 1e3, false},
    [NEFF] = {"neff", "1", 1.0, 1e-300, 1e300, false},
};

static void size(size_t j, double *const *w, double *width, double *length) {
    *width = w[EQ_MOS_PARAM_W][j];
    *length = w[EQ_MOS_PARAM_L][j] - 2.0 * w[EQ_MOS_PARAM_LD][j];
}

/* ngspice 39 takes m transistors side by side for one that is m times as wide where it works out how
 * narrow the channel is, and beside vmax the mobility at tnom (measured). */
static void fill(size_t j, double *const *w, const eq_mos_process *p, double *number) {
    static const double quarter_pi = 0.78539816339744831;
    double pb = eq_silicon_potential(w[EQ_MOS_PARAM_PB][j], p->k_over_q, p->temp, p->tnom);
    size(j, w, &number[EQ_MOS2_WIDTH], &number[EQ_MOS2_LENGTH]);
    number[EQ_MOS2_NARROW] =
        quarter_pi * w[DELTA][j] * EQ_MOS_SILICON / (p->oxide * w[EQ_MOS_PARAM_M][j]);
    number[EQ_MOS2_XD] = eq_mos_depletion(p->doping);
    number[EQ_MOS2_XDV] = number[EQ_MOS2_XD] / sqrt(w[NEFF][j]);
    number[EQ_MOS2_XJ] = w[XJ][j];
    number[EQ_MOS2_WALL] = number[EQ_MOS2_XD] * sqrt(fmax(pb, 0.0));
    number[EQ_MOS2_CRIT] = w[UCRIT][j] * 100.0 * EQ_MOS_SILICON / p->oxide;
    number[EQ_MOS2_UEXP] = w[UEXP][j];
    number[EQ_MOS2_MOBILITY] = w[EQ_MOS_PARAM_UO][j] * 1e-4;
    number[EQ_MOS2_VMAX] = w[VMAX][j];
    number[EQ_MOS2_NFS] = EQ_MOS_CHARGE * w[NFS][j] * 1e4 / p->oxide;
}

static void change(size_t j, double *const *w, int k, const double *number, double *by) {
    (void)j, (void)w, (void)number;
    if (k == EQ_MOS_PARAM_W) by[EQ_MOS2_WIDTH] = 1.0;
    if (k == EQ_MOS_PARAM_L) by[EQ_MOS2_LENGTH] = 1.0;
}

static const eq_mos_level level = {
    .params = PARAMS,
    .numbers = EQ_MOS2_LAWS,
    .base = &eq_mos2_base,
    .doped = true,
    .size = size,
    .fill = fill,
    .change = change,
    .threshold = eq_mos2_threshold,
    .saturation = eq_mos2_saturation,
};

EQ_MOS_FUNCTIONS(level)

const eq_device_class eq_class_nmos2 = {EQ_MOS_CLASS("nmos2", "nmos", 2, rows, EQ_MOS2_LAWS,
                                                     derive_n, 1,
                                                     EQ_MOS_REACTIVE & ~EQ_BIT(EQ_MOS_PARAM_PB)),
                                        .line = {[EQ_NGSPICE] = EQ_MOS_LINE}};
const eq_device_class eq_class_pmos2 = {EQ_MOS_CLASS("pmos2", "pmos", 2, rows, EQ_MOS2_LAWS,
                                                     derive_p, -1,
                                                     EQ_MOS_REACTIVE & ~EQ_BIT(EQ_MOS_PARAM_PB)),
                                        .line = {[EQ_NGSPICE] = EQ_MOS_LINE}};
