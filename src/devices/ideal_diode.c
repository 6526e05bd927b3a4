/* The ideal (piecewise-linear) diode, LTspice's `.model D(ron= roff= vfwd=)`: conductance 1/roff
 * below vfwd, 1/ron above. Its energy is piecewise quadratic and convex. */
#include <math.h>

#include "devices/registry.h"

enum { RON, ROFF, VFWD, DECLARED, GOFF = DECLARED, EXTRA, COLUMNS };

static const eq_param ideal_diode_param[] = {
    [RON] = {"ron", "ohm", 1.0, 1e-300, 1e300, false},
    [ROFF] = {"roff", "ohm", 1e12, 1e-300, 1e300, false},
    [VFWD] = {"vfwd", "V", 0.0, -1e300, 1e300, true},
};

/* How far the drop is beyond the knee (0 when the diode is off),
 * and the extra conductance when on. */
static double over(size_t j, double *const *w, double u) {
    return u > w[VFWD][j] ? u - w[VFWD][j] : 0.0;
}

static double extra(size_t j, double *const *w) {
    return w[EXTRA][j];
}

/* The conductance below the knee, and how much more there is above it. */
static void derive(size_t n, double *const *w, const eq_environment *env) {
    (void)env;
    for (size_t j = 0; j < n; j++) {
        w[GOFF][j] = 1.0 / w[ROFF][j];
        w[EXTRA][j] = 1.0 / w[RON][j] - 1.0 / w[ROFF][j];
    }
}

/* p = u^2/(2 roff) + (1/ron - 1/roff) (max(u - vfwd, 0)^2 - max(-vfwd, 0)^2)/2, so that p(0) = 0.
 * The constant current that makes i(0) = 0 for vfwd < 0 is part of the law: i(u) as below. */
static void energy(size_t n, double *const *w, const double *x, const double *c, double *p) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        double on = over(j, w, x[j]), start = over(j, w, 0.0);
        p[j] = 0.5 * (x[j] * x[j] / w[ROFF][j] + extra(j, w) * (on * on - start * start));
    }
}

/* i = u/roff + (1/ron - 1/roff) max(u - vfwd, 0). */
static void value_and_slope(size_t n, double *const *w, const double *x, const double *c, double *y,
                            double *dydx, double *dydc) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        y[j] = x[j] / w[ROFF][j] + extra(j, w) * over(j, w, x[j]);
        dydx[j] = x[j] > w[VFWD][j] ? 1.0 / w[RON][j] : 1.0 / w[ROFF][j];
    }
    for (size_t j = 0; dydc != NULL && j < n; j++) dydc[j] = 0.0;
}

static void least_slope(size_t n, double *const *w, double *least) {
    for (size_t j = 0; j < n; j++) least[j] = fmin(1.0 / w[RON][j], 1.0 / w[ROFF][j]);
}

static void param_energy(size_t n, double *const *w, int k, const double *x, const double *c,
                         double *dpdw) {
    (void)k;
    (void)c;
    for (size_t j = 0; j < n; j++) dpdw[j] = extra(j, w) * (over(j, w, 0.0) - over(j, w, x[j]));
}

static void param_value(size_t n, double *const *w, int k, const double *x, const double *c,
                        double *dydw) {
    (void)k;
    (void)c;
    for (size_t j = 0; j < n; j++) dydw[j] = x[j] > w[VFWD][j] ? -extra(j, w) : 0.0;
}

const eq_device_class eq_class_ideal_diode = {
    .name = "ideal_diode",
    .letter = 'd',
    .model_type = "d",
    .defined = EQ_CURRENT_DEFINED,
    .control = EQ_CONTROL_NONE,
    .flags = EQ_RECIPROCAL | EQ_CONDUCTS,
    .params = DECLARED,
    .columns = COLUMNS,
    .param = ideal_diode_param,
    .line = {[EQ_NGSPICE] = "$n $a $b i=$3*$u + ($u > $2 ? $4*($u - $2) : 0)\n",
             [EQ_XYCE] = "$n $a $b i={$3*$u + if($u > $2, $4*($u - $2), 0)}\n",
             [EQ_LTSPICE] = "$n $a $b $m\n",
             [EQ_SPECTRE] = "$n ($a $b) bsource i=$3*$u + ($u > $2 ? $4*($u - $2) : 0)\n"},
    .value = -1,
    .derive = derive,
    .energy = energy,
    .value_and_slope = value_and_slope,
    .least_slope = least_slope,
    .param_energy = param_energy,
    .param_value = param_value,
};
