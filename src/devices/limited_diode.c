/* The ideal diode of LTspice with all its parts (help, "D. Diode"; Analog Devices, "LTspice: Simple
 * Idealized Diode"): conductance 1/roff between -vrev and vfwd, 1/ron above, 1/rrev below. With
 * epsilon the slope changes over that width beyond the knee, and the line beyond begins half of it
 * later; with limits a current i becomes L tanh(i/L). In one formula,
 *
 *   i0 = u/roff + (1/ron - 1/roff) r(u - vfwd, epsilon) - (1/rrev - 1/roff) r(-u - vrev, revepsilon)
 *   r(s, e) = 0 for s <= 0, s^2/(2e) for s < e, else s - e/2
 *   i = m L tanh(i0/L),  L = ilimit for i0 > 0, else revilimit. */
#include <math.h>
#include <stdbool.h>

#include "devices/registry.h"

enum { RON, ROFF, VFWD, VREV, RREV, ILIMIT, REVILIMIT, EPSILON, REVEPSILON, M, DECLARED };

/* What stands for none: far beyond any drop and any current. */
#define NONE 1e30

static const eq_param limited_diode_param[] = {
    [RON] = {"ron", "ohm", 1.0, 1e-300, 1e300, false},
    [ROFF] = {"roff", "ohm", 1e12, 1e-300, 1e300, false},
    [VFWD] = {"vfwd", "V", 0.0, -1e300, 1e300, false},
    [VREV] = {"vrev", "V", NONE, 0.0, 1e300, false},
    [RREV] = {"rrev", "ohm", 1.0, 1e-300, 1e300, false},
    [ILIMIT] = {"ilimit", "A", NONE, 1e-300, 1e300, false},
    [REVILIMIT] = {"revilimit", "A", NONE, 1e-300, 1e300, false},
    [EPSILON] = {"epsilon", "V", 0.0, 0.0, 1e300, false},
    [REVEPSILON] = {"revepsilon", "V", 0.0, 0.0, 1e300, false},
    [M] = {"m", "1", 1.0, 1e-300, 1e300, false},
};

/* r(s, e), and its slope. */
static double ramp(double s, double e, double *slope) {
    *slope = s <= 0.0 ? 0.0 : s < e ? s / e : 1.0;
    return s <= 0.0 ? 0.0 : s < e ? 0.5 * s * s / e : s - 0.5 * e;
}

/* i0 and its slope. */
static double unlimited(size_t j, double *const *w, double u, double *slope) {
    double off = 1.0 / w[ROFF][j], up, down;
    double on = 1.0 / w[RON][j] - off, back = 1.0 / w[RREV][j] - off;
    double i = off * u + on * ramp(u - w[VFWD][j], w[EPSILON][j], &up) -
               back * ramp(-u - w[VREV][j], w[REVEPSILON][j], &down);
    *slope = off + on * up + back * down;
    return i;
}

static double limit_of(size_t j, double *const *w, double i) {
    return i > 0.0 ? w[ILIMIT][j] : w[REVILIMIT][j];
}

static double limited(double i, double most) {
    return most < NONE ? most * tanh(i / most) : i;
}

static void value_and_slope(size_t n, double *const *w, const double *x, const double *c, double *y,
                            double *dydx, double *dydc) {
    (void)c;
    for (size_t j = 0; j < n; j++) {
        double slope, i = unlimited(j, w, x[j], &slope), most = limit_of(j, w, i);
        double rest = most < NONE ? 1.0 / cosh(fmin(fabs(i / most), 350.0)) : 1.0;
        y[j] = w[M][j] * limited(i, most);
        dydx[j] = w[M][j] * slope * rest * rest;
    }
    for (size_t j = 0; dydc != NULL && j < n; j++) dydc[j] = 0.0;
}

/* ln cosh x, exact for small x too. */
static double ln_cosh(double x) {
    double sine = sinh(fmin(fabs(x), 1.0));
    return fabs(x) <= 1.0 ? 0.5 * log1p(sine * sine)
                          : fabs(x) + log1p(exp(-2.0 * fabs(x))) - 0.69314718055994531;
}

/* Of a line of i0 with slope g that is i at its end: the integral from where it is 0. */
static double over_line(double i, double g, double most) {
    bool weak = fabs(i) < 1e-8 * most || !(most < NONE);
    return weak ? 0.5 * i * i / g : most / g * most * ln_cosh(i / most);
}

static const double gauss_node[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                                     0.9602898564975363};
static const double gauss_weight[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                                       0.1012285362903763};

/* The integral from `from` to `to`, between two knees: over a line in closed form, over a bend by
 * 8-point Gauss-Legendre in panels over which i0/L grows by 1/4 or so; where |i0| > 40 L, i is L to
 * round-off. */
static double between(size_t j, double *const *w, double from, double to) {
    double g0, g1, i0 = unlimited(j, w, from, &g0), i1 = unlimited(j, w, to, &g1), middle,
                   sum = 0.0;
    unlimited(j, w, 0.5 * (from + to), &middle);
    double most = limit_of(j, w, fabs(i1) > fabs(i0) ? i1 : i0);
    bool line = fabs(g1 - g0) <= 1e-12 * middle;
    if (line)
        return over_line(i1, middle, limit_of(j, w, i1)) -
               over_line(i0, middle, limit_of(j, w, i0));
    double panels = fmin(ceil(4.0 * fabs(i1 - i0) / most) + 1.0, 4000.0), half = 0.5 / panels;
    for (double k = 0.0; k < panels; k++)
        for (int p = 0; p < 8; p++) {
            double t = (2.0 * k + 1.0 + (p < 4 ? 1.0 : -1.0) * gauss_node[p % 4]) * half, slope;
            double i = unlimited(j, w, from + t * (to - from), &slope);
            sum += half * gauss_weight[p % 4] * (to - from) * limited(i, limit_of(j, w, i));
        }
    return sum;
}

/* Integral of i0's tanh from 0 to u, piece by piece. */
static double energy_at(size_t j, double *const *w, double u) {
    enum { KNEES = 4 };
    double knee[KNEES] = {-w[VREV][j], -w[VREV][j] - w[REVEPSILON][j], w[VFWD][j],
                          w[VFWD][j] + w[EPSILON][j]};
    double from = 0.0, sum = 0.0, sign = u < 0.0 ? -1.0 : 1.0;
    for (bool more = true; more;) {
        double next = u;
        for (int k = 0; k < KNEES; k++)
            if (sign * knee[k] > sign * from && sign * knee[k] < sign * next) next = knee[k];
        sum += between(j, w, from, next);
        more = next != u;
        from = next;
    }
    return sum;
}

static void energy(size_t n, double *const *w, const double *x, const double *c, double *p) {
    (void)c;
    for (size_t j = 0; j < n; j++) p[j] = w[M][j] * energy_at(j, w, x[j]);
}

/* The steepest fall of tanh is none; without limits the flattest line counts. */
static void least_slope(size_t n, double *const *w, double *least) {
    for (size_t j = 0; j < n; j++) {
        bool flat = w[ILIMIT][j] < NONE || w[REVILIMIT][j] < NONE;
        double most = fmax(w[RON][j], fmax(w[ROFF][j], w[RREV][j]));
        least[j] = flat ? 0.0 : w[M][j] / most;
    }
}

#define LAW                                                                                        \
    "(u/roff + (1/ron - 1/roff)*(u > vfwd ? (u - vfwd < epsilon ? "                                \
    "(u - vfwd)*(u - vfwd)/(2*max(epsilon,1e-30)) : u - vfwd - epsilon/2) : 0) - "                 \
    "(1/rrev - 1/roff)*(-u > vrev ? (-u - vrev < revepsilon ? "                                    \
    "(-u - vrev)*(-u - vrev)/(2*max(revepsilon,1e-30)) : -u - vrev - revepsilon/2) : 0))"

const eq_device_class eq_class_limited_diode = {
    .name = "limited_diode",
    .letter = 'd',
    .model_type = "d",
    .defined = EQ_CURRENT_DEFINED,
    .control = EQ_CONTROL_NONE,
    .flags = EQ_RECIPROCAL | EQ_CONDUCTS,
    .params = DECLARED,
    .columns = DECLARED,
    .param = limited_diode_param,
    .line = {[EQ_LTSPICE] = "$n $a $b $m$i\n"},
    .formula = "m*(" LAW " > 0 ? ilimit*tanh(" LAW "/ilimit) : revilimit*tanh(" LAW "/revilimit))",
    .instance = EQ_BIT(M),
    .value = -1,
    .energy = energy,
    .value_and_slope = value_and_slope,
    .least_slope = least_slope,
};
