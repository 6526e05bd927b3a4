/* Independent and controlled sources. Six classes, one law: y = w * c, with c = 1 for an
 * independent source; y does not depend on the own variable x, so p = w c x, dp/dx = y, dy/dx = 0,
 * dy/dc = w. For a current source p = J u is its co-content (docs/theory.md, 1); for a voltage
 * source p = E i is its content. */
#include <math.h>
#include <string.h>

#include "devices/registry.h"

static const eq_param volt[] = {{"dc", "V", 0.0, -1e300, 1e300, true}};
static const eq_param ampere[] = {{"dc", "A", 0.0, -1e300, 1e300, true}};
static const eq_param gain[] = {{"gain", "1", NAN, -1e300, 1e300, true}};
static const eq_param transconductance[] = {{"gm", "S", NAN, -1e300, 1e300, true}};
static const eq_param transresistance[] = {{"rm", "ohm", NAN, -1e300, 1e300, true}};

static double control(const double *c, size_t j) {
    return c == NULL ? 1.0 : c[j];
}

static void energy(size_t n, double *const *w, const double *x, const double *c, double *p) {
    for (size_t j = 0; j < n; j++) p[j] = w[0][j] * control(c, j) * x[j];
}

static void value_and_slope(size_t n, double *const *w, const double *x, const double *c, double *y,
                            double *dydx, double *dydc) {
    (void)x;
    for (size_t j = 0; j < n; j++) {
        y[j] = w[0][j] * control(c, j);
        dydx[j] = 0.0;
    }
    for (size_t j = 0; dydc != NULL && j < n; j++) dydc[j] = c == NULL ? 0.0 : w[0][j];
}

/* An independent current does not depend on its drop, a controlled one has the slope w by c. */
static void no_slope(size_t n, double *const *w, double *least) {
    (void)w;
    memset(least, 0, n * sizeof *least);
}

static void control_slope(size_t n, double *const *w, double *least) {
    memcpy(least, w[0], n * sizeof *least);
}

static void param_energy(size_t n, double *const *w, int k, const double *x, const double *c,
                         double *dpdw) {
    (void)w;
    (void)k;
    for (size_t j = 0; j < n; j++) dpdw[j] = control(c, j) * x[j];
}

static void param_value(size_t n, double *const *w, int k, const double *x, const double *c,
                        double *dydw) {
    (void)w;
    (void)k;
    (void)x;
    for (size_t j = 0; j < n; j++) dydw[j] = control(c, j);
}

#define SOURCE(NAME, LETTER, DEFINED, CONTROL, FLAGS, PARAM, LEAST, LINE, SPECTRE)                 \
    const eq_device_class eq_class_##NAME = {                                                      \
        .name = #NAME,                                                                             \
        .letter = LETTER,                                                                          \
        .defined = DEFINED,                                                                        \
        .control = CONTROL,                                                                        \
        .flags = FLAGS,                                                                            \
        .params = 1,                                                                               \
        .columns = 1,                                                                              \
        .param = PARAM,                                                                            \
        .line = {EQ_SPICE_LINE(LINE "\n"), [EQ_SPECTRE] = SPECTRE "\n"},                           \
        .value = 0,                                                                                \
        .energy = energy,                                                                          \
        .value_and_slope = value_and_slope,                                                        \
        .least_slope = LEAST,                                                                      \
        .param_energy = param_energy,                                                              \
        .param_value = param_value,                                                                \
    }

enum { INDEPENDENT = EQ_LINEAR | EQ_RECIPROCAL | EQ_INDEPENDENT };

SOURCE(isource, 'i', EQ_CURRENT_DEFINED, EQ_CONTROL_NONE, INDEPENDENT, ampere, no_slope,
       "$n $a $b dc $v", "$n ($a $b) isource type=dc dc=$v");
SOURCE(vsource, 'v', EQ_VOLTAGE_DEFINED, EQ_CONTROL_NONE, INDEPENDENT, volt, NULL, "$n $a $b dc $v",
       "$n ($a $b) vsource type=dc dc=$v");
SOURCE(vcvs, 'e', EQ_VOLTAGE_DEFINED, EQ_CONTROL_VOLTAGE, EQ_LINEAR, gain, NULL,
       "$n $a $b $c $d $v", "$n ($a $b $c $d) vcvs gain=$v");
SOURCE(cccs, 'f', EQ_CURRENT_DEFINED, EQ_CONTROL_CURRENT, EQ_LINEAR, gain, NULL, "$n $a $b $k $v",
       "$n ($a $b) cccs gain=$v probe=$k");
SOURCE(vccs, 'g', EQ_CURRENT_DEFINED, EQ_CONTROL_VOLTAGE, EQ_LINEAR, transconductance,
       control_slope, "$n $a $b $c $d $v", "$n ($a $b $c $d) vccs gm=$v");
SOURCE(ccvs, 'h', EQ_VOLTAGE_DEFINED, EQ_CONTROL_CURRENT, EQ_LINEAR, transresistance, NULL,
       "$n $a $b $k $v", "$n ($a $b) ccvs rm=$v probe=$k");
