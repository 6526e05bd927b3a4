/* The Shockley diode with series resistance. The law of the junction stands in diode_law.h. With RS > 0 the
 * internal node is eliminated inside the device: its drop v solves
 *     i(v) + (v - u)/rs = 0,
 * a scalar monotone equation, and the energy of the series connection is p_junction(v) + rs i^2/2. So a
 * diode with RS is still one two-terminal element with an energy of its own. */
#include <math.h>

#include "devices/diode_law.h"
#include "devices/registry.h"

enum { IS, N, RS, EG, XTI, TNOM, AREA, M, TEMP, VTE, ISAT, RSER, GMIN, VCRIT, COLUMNS };

static const eq_param diode_param[] = {
    [IS] = {"is", "A", 1e-14, 0.0, 1e300, true},
    [N] = {"n", "1", 1.0, 1e-6, 1e6, false},
    [RS] = {"rs", "ohm", 0.0, 0.0, 1e300, false},
    [EG] = {"eg", "eV", 1.11, 0.0, 100.0, false},
    [XTI] = {"xti", "1", 3.0, -1e3, 1e3, false},
    [TNOM] = {"tnom", "C", NAN, -273.15, 1e6, false},
    [AREA] = {"area", "1", 1.0, 1e-300, 1e300, false},
    [M] = {"m", "1", 1.0, 1e-300, 1e300, false},
    [TEMP] = {"temp", "C", NAN, -273.15, 1e6, false},
};

static const double celsius_zero = 273.15;

/* isat = is area m exp((T/Tnom - 1) eg/(n Vt) + xti/n ln(T/Tnom)) (ngspice manual, "Diode model");
 * vcrit = vte ln(vte/(sqrt 2 is)) bounds the junction limiting (Nagel 1975). */
static void derive(size_t n, double *const *w, const eq_environment *env) {
    for (size_t j = 0; j < n; j++) {
        double temp = (isnan(w[TEMP][j]) ? env->temp : w[TEMP][j]) + celsius_zero;
        double tnom = (isnan(w[TNOM][j]) ? env->tnom : w[TNOM][j]) + celsius_zero;
        double vt = env->k_over_q * temp, scale = w[AREA][j] * w[M][j], warm = 1.0;
        if (temp != tnom)
            warm = exp((temp / tnom - 1.0) * w[EG][j] / (w[N][j] * vt) +
                       w[XTI][j] / w[N][j] * log(temp / tnom));
        w[VTE][j] = w[N][j] * vt;
        w[ISAT][j] = w[IS][j] * scale * warm;
        w[RSER][j] = w[RS][j] / scale;
        w[GMIN][j] = env->gmin * w[M][j];
        w[VCRIT][j] = w[VTE][j] * log(w[VTE][j] / (1.4142135623730951 * w[ISAT][j]));
    }
}

/* The junction drop v of diode j at the terminal drop u: the law is convex, so Newton from a point right of
 * the root descends to it monotonically; it stops when a step no longer moves v to the left. */
static double junction_drop(size_t j, double *const *w, double u) {
    double rs = w[RSER][j], vte = w[VTE][j], is = w[ISAT][j], gmin = w[GMIN][j];
    if (rs == 0.0) return u;
    double v = u <= 0.0 ? 0.0 : fmin(u, vte * log1p(u / (rs * is)));
    for (int k = 0; k < 200; k++) {
        double i, g;
        eq_diode_law(v, is, vte, gmin, &i, &g);
        double next = v - (rs * i + v - u) / (rs * g + 1.0);
        if (!(next < v)) break;
        v = next;
    }
    return v;
}

static void energy(size_t n, double *const *w, const double *x, const double *c, double *p) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        double v = junction_drop(j, w, x[j]), i, g;
        p[j] = eq_diode_energy(v, w[ISAT][j], w[VTE][j], w[GMIN][j]);
        if (w[RSER][j] == 0.0) continue;
        eq_diode_law(v, w[ISAT][j], w[VTE][j], w[GMIN][j], &i, &g);
        p[j] += 0.5 * w[RSER][j] * i * i;
    }
}

/* With series resistance di/du = g/(1 + rs g). */
static void value_and_slope(size_t n, double *const *w, const double *x, const double *c, double *y,
                            double *dydx, double *dydc) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        double g, rs = w[RSER][j];
        eq_diode_law(junction_drop(j, w, x[j]), w[ISAT][j], w[VTE][j], w[GMIN][j], &y[j], &g);
        dydx[j] = rs == 0.0 ? g : g / (1.0 + rs * g);
    }
    for (size_t j = 0; dydc != NULL && j < n; j++) dydc[j] = 0.0;
}

/* dp/dis at fixed u: the junction's, since the energy is stationary in its drop v (envelope theorem). */
static void param_energy(size_t n, double *const *w, int k, const double *x, const double *c,
                         double *dpdw) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        double v = k == IS ? junction_drop(j, w, x[j]) : 0.0;
        dpdw[j] = k == IS ? eq_diode_energy(v, 1.0, w[VTE][j], 0.0) * w[ISAT][j] / w[IS][j] : 0.0;
    }
}

static void param_value(size_t n, double *const *w, int k, const double *x, const double *c,
                        double *dydw) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        double unit, slope, i, g, v = k == IS ? junction_drop(j, w, x[j]) : 0.0;
        eq_diode_law(v, 1.0, w[VTE][j], 0.0, &unit, &slope);
        eq_diode_law(v, w[ISAT][j], w[VTE][j], w[GMIN][j], &i, &g);
        dydw[j] = k == IS ? unit * w[ISAT][j] / w[IS][j] / (1.0 + w[RSER][j] * g) : 0.0;
    }
}

/* Junction limiting (Nagel 1975, section 4.4; ngspice's DEVpnjlim): above vcrit a step of more than two vte
 * becomes the step that the current, not the drop, would make. */
static size_t limit(size_t n, double *const *w, const double *x_old, double *x_new) {
    size_t moved = 0;
    for (size_t j = 0; j < n; j++) {
        double vte = w[VTE][j], old = x_old[j], now = x_new[j];
        if (w[RSER][j] > 0.0 || now <= w[VCRIT][j] || fabs(now - old) <= 2.0 * vte) continue;
        if (old > 0.0) {
            double arg = 1.0 + (now - old) / vte;
            x_new[j] = arg > 0.0 ? old + vte * log(arg) : w[VCRIT][j];
        } else {
            x_new[j] = vte * log(now / vte);
        }
        moved++;
    }
    return moved;
}

const eq_device_class eq_class_diode = {
    .name = "diode",
    .letter = 'd',
    .model_type = "d",
    .defined = EQ_CURRENT_DEFINED,
    .control = EQ_CONTROL_NONE,
    .flags = EQ_RECIPROCAL | EQ_CONVEX,
    .params = VTE,
    .columns = COLUMNS,
    .param = diode_param,
    .value = -1,
    .derive = derive,
    .energy = energy,
    .value_and_slope = value_and_slope,
    .param_energy = param_energy,
    .param_value = param_value,
    .limit = limit,
};
