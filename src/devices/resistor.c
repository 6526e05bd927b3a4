/* Linear resistors. R: given by its resistance; memristor: a programmable conductance with bounds,
 * the parameter that training changes. Both have p = g u^2/2 (Scellier 2020, Eq. 4.5). */
#include <math.h>
#include <string.h>

#include "devices/registry.h"

enum { R, R_TC1, R_TC2, R_TEMP, R_DTEMP, R_TCE, R_G, R_COLUMNS };
enum { G, G_MIN, G_MAX, G_COLUMNS };

static const eq_param resistor_param[] = {
    [R] = {"r", "ohm", NAN, -1e300, 1e300, true},
    [R_TC1] = {"tc1", "1/K", 0.0, -1e6, 1e6, false},
    [R_TC2] = {"tc2", "1/K^2", 0.0, -1e6, 1e6, false},
    [R_TEMP] = {"temp", "C", NAN, -273.15, 1e6, false},
    [R_DTEMP] = {"dtemp", "K", 0.0, -1e6, 1e6, false}, /* above the circuit's, without temp */
    [R_TCE] = {"tce", "%/K", 0.0, -1e6, 1e6, false},   /* not 0: in place of tc1 and tc2 */
};

static const eq_param memristor_param[] = {
    [G] = {"g", "S", NAN, 0.0, 1e300, true},
    [G_MIN] = {"gmin", "S", 0.0, 0.0, 1e300, false},
    [G_MAX] = {"gmax", "S", INFINITY, 0.0, INFINITY, false},
};

/* As which decks write it. */
static const eq_param memristor_resistance = {"r", "ohm", NAN, 0.0, INFINITY, true};

/* g = 1/(r (1 + tc1 dT + tc2 dT^2)), or 1/(r 1.01^(tce dT)), with dT = temp - tnom (ngspice manual,
 * "Resistors"); a wire where that has no resistance. */
static void resistor_derive(size_t n, double *const *w, const eq_environment *env) {
    for (size_t j = 0; j < n; j++) {
        double temp = eq_own_temp(w[R_TEMP][j], w[R_DTEMP][j], env);
        double dt = temp - env->tnom;
        double factor = w[R_TCE][j] == 0.0 ? 1.0 + w[R_TC1][j] * dt + w[R_TC2][j] * dt * dt
                                           : pow(1.01, w[R_TCE][j] * dt);
        double g = 1.0 / (w[R][j] * factor);
        w[R_G][j] = fabs(g) < EQ_WIRE ? g : EQ_WIRE;
    }
}

/* p = g u^2/2. */
static void energy(size_t n, const double *g, const double *x, double *p) {
    for (size_t j = 0; j < n; j++) p[j] = 0.5 * g[j] * x[j] * x[j];
}

/* i = g u. */
static void value_and_slope(size_t n, const double *g, const double *x, double *y, double *dydx,
                            double *dydc) {
    for (size_t j = 0; j < n; j++) {
        y[j] = g[j] * x[j];
        dydx[j] = g[j];
    }
    for (size_t j = 0; dydc != NULL && j < n; j++) dydc[j] = 0.0;
}

static void resistor_energy(size_t n, double *const *w, const double *x, const double *c,
                            double *p) {
    (void)c;
    energy(n, w[R_G], x, p);
}

static void resistor_value(size_t n, double *const *w, const double *x, const double *c, double *y,
                           double *dydx, double *dydc) {
    (void)c;
    value_and_slope(n, w[R_G], x, y, dydx, dydc);
}

static void resistor_least_slope(size_t n, double *const *w, double *least) {
    memcpy(least, w[R_G], n * sizeof *least);
}

/* dg/dr = -g/r, of a wire -g^2; the temperature coefficients are not differentiated (not trainable).
 */
static double by_resistance(double *const *w, size_t j) {
    double g = w[R_G][j];
    return g == EQ_WIRE ? -g * g : -g / w[R][j];
}

static void resistor_param_energy(size_t n, double *const *w, int k, const double *x,
                                  const double *c, double *dpdw) {
    (void)k;
    (void)c;
    for (size_t j = 0; j < n; j++) dpdw[j] = 0.5 * by_resistance(w, j) * x[j] * x[j];
}

static void resistor_param_value(size_t n, double *const *w, int k, const double *x,
                                 const double *c, double *dydw) {
    (void)k;
    (void)c;
    for (size_t j = 0; j < n; j++) dydw[j] = by_resistance(w, j) * x[j];
}

static void memristor_energy(size_t n, double *const *w, const double *x, const double *c,
                             double *p) {
    (void)c;
    energy(n, w[G], x, p);
}

static void memristor_value(size_t n, double *const *w, const double *x, const double *c, double *y,
                            double *dydx, double *dydc) {
    (void)c;
    value_and_slope(n, w[G], x, y, dydx, dydc);
}

static void memristor_least_slope(size_t n, double *const *w, double *least) {
    memcpy(least, w[G], n * sizeof *least);
}

/* dp/dg = u^2/2: the local quantity of the learning rule (Eq. 4.11). */
static void memristor_param_energy(size_t n, double *const *w, int k, const double *x,
                                   const double *c, double *dpdw) {
    (void)k;
    (void)c;
    (void)w;
    for (size_t j = 0; j < n; j++) dpdw[j] = 0.5 * x[j] * x[j];
}

static void memristor_param_value(size_t n, double *const *w, int k, const double *x,
                                  const double *c, double *dydw) {
    (void)k;
    (void)c;
    (void)w;
    for (size_t j = 0; j < n; j++) dydw[j] = x[j];
}

const eq_device_class eq_class_resistor = {
    .name = "resistor",
    .letter = 'r',
    .model_type = "r",
    .defined = EQ_CURRENT_DEFINED,
    .control = EQ_CONTROL_NONE,
    .flags = EQ_LINEAR | EQ_RECIPROCAL | EQ_CONDUCTS,
    .params = R_G,
    .columns = R_COLUMNS,
    .param = resistor_param,
    .value = R,
    .programmable = &eq_class_memristor,
    .line = {EQ_SPICE_LINE("$n $a $b $v$i\n"), [EQ_SPECTRE] = "$n ($a $b) resistor r=$v$i\n"},
    .derive = resistor_derive,
    .energy = resistor_energy,
    .value_and_slope = resistor_value,
    .least_slope = resistor_least_slope,
    .param_energy = resistor_param_energy,
    .param_value = resistor_param_value,
};

const eq_device_class eq_class_memristor = {
    .name = "memristor",
    .letter = 'r',
    .model_type = NULL,
    .defined = EQ_CURRENT_DEFINED,
    .control = EQ_CONTROL_NONE,
    .flags = EQ_LINEAR | EQ_RECIPROCAL | EQ_CONDUCTS,
    .params = G_COLUMNS,
    .columns = G_COLUMNS,
    .param = memristor_param,
    .value = G,
    .inverse = &memristor_resistance,
    .line = {EQ_SPICE_LINE("$n $a $b $v\n"), [EQ_SPECTRE] = "$n ($a $b) resistor r=$v\n"},
    .energy = memristor_energy,
    .value_and_slope = memristor_value,
    .least_slope = memristor_least_slope,
    .param_energy = memristor_param_energy,
    .param_value = memristor_param_value,
};
