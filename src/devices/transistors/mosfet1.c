/* MOS transistors of level 1 (Shichman and Hodges 1968; ngspice manual, "MOSFETs", level 1), n and p
 * channel. */
#include <math.h>

#include "devices/registry.h"
#include "devices/transistors/mosfet1_law.h"
#include "devices/transistors/mosfet_level.h"

static const eq_param rows[] = {EQ_MOS_PARAM_ROWS("lambda", 0.0, 0.5)};

static void size(size_t j, double *const *w, double *width, double *length) {
    *width = w[EQ_MOS_PARAM_W][j];
    *length = w[EQ_MOS_PARAM_L][j] - 2.0 * w[EQ_MOS_PARAM_LD][j];
}

static void fill(size_t j, double *const *w, const eq_mos_process *p, double *number) {
    (void)j, (void)w, (void)p;
    number[ROOT] = sqrt(number[EQ_MOS_SURFACE]);
}

static void change(size_t j, double *const *w, int k, const double *number, double *by) {
    (void)j, (void)w;
    if (k == EQ_MOS_PARAM_PHI) by[ROOT] /= 2.0 * number[ROOT];
}

static double threshold(const double *number, double vt, double vds, double vbs) {
    (void)vt, (void)vds;
    eq_vec ignored[2];
    eq_vec s = depletion(eq_vec_all(number[ROOT]), eq_vec_all(vbs), &ignored[0], &ignored[1]);
    return number[EQ_MOS_VBI] + number[EQ_MOS_GAMMA] * s[0];
}

static double saturation(const double *number, double vt, double vgs, double vds, double vbs) {
    return fmax(vgs - threshold(number, vt, vds, vbs), 0.0);
}

static const eq_mos_level level = {
    .params = EQ_MOS_PARAMS,
    .numbers = LAWS,
#ifdef __x86_64__
    .v4 = &eq_mos1_v4,
    .v3 = &eq_mos1_v3,
#endif
    .base = &eq_mos1_base,
    .size = size,
    .fill = fill,
    .change = change,
    .threshold = threshold,
    .saturation = saturation,
};

EQ_MOS_FUNCTIONS(level)

const eq_device_class eq_class_nmos = {
    EQ_MOS_CLASS("nmos", "nmos", 1, rows, LAWS, derive_n, 1, EQ_MOS_REACTIVE),
    .line = {EQ_SPICE_LINE(EQ_MOS_LINE)}};
const eq_device_class eq_class_pmos = {
    EQ_MOS_CLASS("pmos", "pmos", 1, rows, LAWS, derive_p, -1, EQ_MOS_REACTIVE),
    .line = {EQ_SPICE_LINE(EQ_MOS_LINE)}};
