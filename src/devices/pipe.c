/* A pipe of a flow network (Scellier 2020, section 2.5): potentials are pressures [Pa], the current is the
 * flow [m^3/s]. It is q = k sign(u) |u|^n for drops of dp0 and more: n = 1 laminar (Hagen-Poiseuille),
 * n = 1/2 turbulent (Darcy-Weisbach with a constant friction factor), n = 1/1.852 Hazen-Williams. Below
 * dp0, where the slope of the power would grow without bound, an odd cubic that meets it there with its
 * slope. In one formula,
 *
 *   q = k u max(|u|, dp0)^(n-1) (1 + (1 - n)/2 (1 - s^2)),  s = min(|u|/dp0, 1). */
#include <math.h>
#include <string.h>

#include "devices/registry.h"

enum { K, N, DP0, COLUMNS };

static const eq_param pipe_param[] = {
    [K] = {"k", "m^3/s/Pa^n", NAN, 0.0, 1e300, true},
    [N] = {"n", "1", 0.5, 0.1, 1.0, false},
    [DP0] = {"dp0", "Pa", 1.0, 1e-30, 1e30, false},
};

/* q/k. */
static double flow(double n, double dp0, double u) {
    double s = fmin(fabs(u) / dp0, 1.0);
    return u * pow(fmax(fabs(u), dp0), n - 1.0) * (1.0 + 0.5 * (1.0 - n) * (1.0 - s * s));
}

/* Its slope: n |u|^(n-1), below dp0 dp0^(n-1) ((3 - n) - 3 (1 - n) s^2)/2. */
static double slope(double n, double dp0, double u) {
    double s = fabs(u) / dp0;
    return s < 1.0 ? pow(dp0, n - 1.0) * 0.5 * (3.0 - n - 3.0 * (1.0 - n) * s * s)
                   : n * pow(fabs(u), n - 1.0);
}

/* Its integral from 0: below dp0 dp0^(n+1) s^2 ((3 - n)/4 - (1 - n) s^2/8), then |u|^(n+1)/(n+1). */
static double integral(double n, double dp0, double u) {
    double s = fmin(fabs(u) / dp0, 1.0), least = pow(dp0, n + 1.0);
    double below = least * s * s * 0.125 * (2.0 * (3.0 - n) - (1.0 - n) * s * s);
    return s < 1.0 ? below : below + (pow(fabs(u), n + 1.0) - least) / (n + 1.0);
}

static void energy(size_t n, double *const *w, const double *x, const double *c, double *p) {
    (void)c;
    for (size_t j = 0; j < n; j++) p[j] = w[K][j] * integral(w[N][j], w[DP0][j], x[j]);
}

static void value_and_slope(size_t n, double *const *w, const double *x, const double *c, double *y,
                            double *dydx, double *dydc) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        y[j] = w[K][j] * flow(w[N][j], w[DP0][j], x[j]);
        dydx[j] = w[K][j] * slope(w[N][j], w[DP0][j], x[j]);
    }
    if (dydc != NULL) memset(dydc, 0, n * sizeof *dydc);
}

/* Flatter and flatter, unless it is laminar throughout. */
static void least_slope(size_t n, double *const *w, double *least) {
    for (size_t j = 0; j < n; j++) least[j] = w[N][j] < 1.0 ? 0.0 : w[K][j];
}

static void param_energy(size_t n, double *const *w, int k, const double *x, const double *c,
                         double *dpdw) {
    (void)k;
    (void)c;
    for (size_t j = 0; j < n; j++) dpdw[j] = integral(w[N][j], w[DP0][j], x[j]);
}

static void param_value(size_t n, double *const *w, int k, const double *x, const double *c,
                        double *dydw) {
    (void)k;
    (void)c;
    for (size_t j = 0; j < n; j++) dydw[j] = flow(w[N][j], w[DP0][j], x[j]);
}

const eq_device_class eq_class_pipe = {
    .name = "pipe",
    .letter = 'p',
    .defined = EQ_CURRENT_DEFINED,
    .control = EQ_CONTROL_NONE,
    .flags = EQ_RECIPROCAL | EQ_CONDUCTS | EQ_RISES,
    .params = COLUMNS,
    .columns = COLUMNS,
    .param = pipe_param,
    .value = K,
    .formula = "k*u*pow(max(abs(u),dp0),n-1)*(1+(1-n)/2*(1-pow(min(abs(u),dp0)/dp0,2)))",
    .energy = energy,
    .value_and_slope = value_and_slope,
    .least_slope = least_slope,
    .param_energy = param_energy,
    .param_value = param_value,
};
