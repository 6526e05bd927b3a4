#include "devices/diode_junction.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "devices/diode_law.h"

static bool high_injection(const eq_junction *q, double v) {
    return v > 0.0 && q->knee > 0.0;
}

/* High injection of the low-level current c: i = c/(1 + a), di/dc = (1 + a/2)/(1 + a)^2, a =
 * sqrt(c/knee). */
static double injected(double c, double knee, double *slope) {
    double a = sqrt(c / knee);
    *slope = isfinite(a) ? (1.0 + 0.5 * a) / ((1.0 + a) * (1.0 + a)) : 0.0;
    return isfinite(a) ? c / (1.0 + a) : c;
}

/* The recombination current at v and its slope. */
static double recombined(const eq_junction *q, double v, double *slope) {
    *slope = 0.0;
    if (q->isr == 0.0 || v < -3.0 * q->vte) return 0.0;
    double away = 1.0 - v / q->vj, t = away * away + 0.005, width = pow(t, 0.5 * q->grading);
    double e = q->isr * exp(v / q->vtr), c = q->isr * expm1(v / q->vtr);
    if (!isfinite(e)) return *slope = INFINITY;
    *slope = e / q->vtr * width - c * q->grading * width * away / (q->vj * t);
    return c * width;
}

/* The current before high injection, and its slope; *plain: the part that goes with is. */
static double low_level(const eq_junction *q, double v, double *slope, double *plain) {
    double more, side = 0.0, side_slope = 0.0;
    eq_diode_law(v, q->is, q->vte, 0.0, plain, slope);
    double c = *plain + recombined(q, v, &more);
    if (q->isw != 0.0) eq_diode_law(v, q->isw, q->vts, 0.0, &side, &side_slope);
    *slope += more + side_slope;
    return c + side;
}

static double side_energy(const eq_junction *q, double v) {
    return q->isw == 0.0 ? 0.0 : eq_diode_energy(v, q->isw, q->vts, 0.0);
}

/* Breakdown that would begin where the junction still conducts forwards, or at a drop below none. */
static bool early(const eq_junction *q) {
    return q->xbv < 3.0 * q->vte;
}

static bool broken_down(const eq_junction *q, double v) {
    return v < (early(q) ? 0.0 : -q->xbv);
}

/* From 0 to -3 vte, where an early breakdown leads to what it has from there on: a mirrored junction of this
 * saturation current, in parts of is. */
static double lead(const eq_junction *q) {
    return exp((3.0 * q->vte - q->xbv) / q->vtb) / expm1(3.0 * q->vte / q->vtb);
}

static bool leads(const eq_junction *q, double v) {
    return early(q) && v > -3.0 * q->vte;
}

/* The current of breakdown, in parts of -is, and its slope. */
static double breakdown(const eq_junction *q, double v, double *slope) {
    double i = leads(q, v) ? lead(q) * expm1(-v / q->vtb) : exp(-(q->xbv + v) / q->vtb);
    *slope = (leads(q, v) ? lead(q) * exp(-v / q->vtb) : i) / q->vtb;
    return i;
}

/* Its energy from 0 on, where it is early, in parts of is. */
static double early_energy(const eq_junction *q, double v) {
    double from = fmax(v, -3.0 * q->vte), rest = from - v;
    return lead(q) * (q->vtb * expm1(-from / q->vtb) + from) +
           exp(-(q->xbv + from) / q->vtb) * q->vtb * expm1(rest / q->vtb);
}

/* What is moves the current and the energy of breakdown by, per d ln is, with xbv. */
static double is_of_breakdown(const eq_junction *q) {
    return q->is - (q->is + q->isw) * q->dxbv / q->vtb;
}

void eq_junction_law(const eq_junction *q, double v, double *i, double *g) {
    double slope, plain;
    if (broken_down(q, v)) {
        double is = q->is + q->isw;
        *i = -is * breakdown(q, v, g) + q->gmin * v;
        *g = is * *g + q->gmin;
        return;
    }
    *i = low_level(q, v, g, &plain);
    if (high_injection(q, v)) {
        *i = injected(*i, q->knee, &slope);
        *g = isfinite(*g) ? *g * slope : *g;
    }
    *i += q->gmin * v;
    *g += q->gmin;
}

double eq_junction_law_per_is(const eq_junction *q, double v) {
    double c, slope, plain;
    if (broken_down(q, v)) return -breakdown(q, v, &slope) * is_of_breakdown(q);
    c = low_level(q, v, &slope, &plain);
    if (!high_injection(q, v)) return plain;
    injected(c, q->knee, &slope);
    return plain * slope;
}

static const double gauss_node[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                                     0.9602898564975363};
static const double gauss_weight[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                                       0.1012285362903763};

/* Two of the shortest of the e-folds that what is integrated grows by, and a tenth of vj. */
static double widest_panel(const eq_junction *q) {
    double fold = q->vte;
    if (q->isw != 0.0) fold = fmin(fold, fabs(q->vts));
    if (q->isr == 0.0) return 2.0 * fold;
    return fmin(2.0 * fmin(fold, fabs(q->vtr)), 0.1 * fabs(q->vj));
}

/* What is integrated over [0, v] beside closed forms: 0 the injected current i(c(u)), 1 its
 * derivative by ln is, 2 the recombination current alone. In t = sqrt(|u|) it is smooth (near 0 the
 * injected current goes with u and u^(3/2)); panels of widest_panel in u, 8-point Gauss-Legendre each
 * (exact to round-off for an exponential there). */
static double integral(const eq_junction *q, double v, int what) {
    double widest = widest_panel(q);
    double far = fabs(v), panels = fmin(fmax(1.0, ceil(far / widest)), 1e4), sum = 0.0;
    if (v > 700.0 * q->vte) return INFINITY; /* the plain current overflows */
    for (double k = 0.0; k < panels; k++) {
        double from = sqrt(far * (k / panels)), to = sqrt(far * ((k + 1.0) / panels));
        double half = 0.5 * (to - from), middle = 0.5 * (to + from);
        for (int j = 0; j < 8; j++) {
            double t = middle + (j < 4 ? half : -half) * gauss_node[j % 4], slope, plain;
            double u = v < 0.0 ? -t * t : t * t, c = low_level(q, u, &slope, &plain), y;
            if (what == 2)
                y = recombined(q, u, &slope);
            else {
                double i = injected(c, q->knee, &slope);
                y = what == 1 ? plain * slope : i;
            }
            sum += 2.0 * t * half * gauss_weight[j % 4] * y;
        }
    }
    return v < 0.0 ? -sum : sum;
}

/* The energy of the recombination current; below its end it stays what it was there. */
static double recombined_energy(const eq_junction *q, double v) {
    return q->isr == 0.0 ? 0.0 : integral(q, fmax(v, -3.0 * q->vte), 2);
}

double eq_junction_energy(const eq_junction *q, double v) {
    if (high_injection(q, v)) return integral(q, v, 0) + 0.5 * q->gmin * v * v;
    if (broken_down(q, v) && early(q))
        return (q->is + q->isw) * early_energy(q, v) + 0.5 * q->gmin * v * v;
    if (!broken_down(q, v))
        return eq_diode_energy(v, q->is, q->vte, q->gmin) + recombined_energy(q, v) +
               side_energy(q, v);
    return eq_diode_energy(-q->xbv, q->is, q->vte, 0.0) + recombined_energy(q, v) +
           side_energy(q, -q->xbv) + 0.5 * q->gmin * v * v +
           (q->is + q->isw) * q->vtb * expm1(-(q->xbv + v) / q->vtb);
}

double eq_junction_energy_per_is(const eq_junction *q, double v) {
    if (high_injection(q, v)) return integral(q, v, 1);
    if (!broken_down(q, v)) return eq_diode_energy(v, q->is, q->vte, 0.0);
    if (early(q)) return early_energy(q, v) * is_of_breakdown(q);
    double end = -(q->xbv + v) / q->vtb, plain, g, c = low_level(q, -q->xbv, &g, &plain);
    /* the parts above and below -xbv; then both move with xbv */
    return eq_diode_energy(-q->xbv, q->is, q->vte, 0.0) + q->is * q->vtb * expm1(end) -
           q->dxbv * ((q->is + q->isw) * exp(end) + c);
}

/* f(v) = rs i(v) + v - u increases; Newton kept inside a bracket: where the plain law, or
 * breakdown, alone carried the largest current that rs lets through, v would be beyond the root. */
double eq_junction_drop(const eq_junction *q, double rs, double u) {
    double low = fmin(u, 0.0), high = fmax(u, 0.0);
    if (u > 0.0) {
        double y = q->knee > 0.0 ? u / rs / q->knee : 0.0, a = 0.5 * (y + sqrt(y * (y + 4.0)));
        double c = q->knee > 0.0 ? u / rs * (1.0 + a) : u / rs;
        high = fmin(high, q->vte * log1p(c / q->is));
    } else if (early(q)) {
        low = fmax(low, -q->vtb * log1p(-u / (rs * q->is) * exp(q->xbv / q->vtb)));
    } else if (isfinite(q->xbv)) {
        low = fmax(low, -q->xbv - q->vtb * log1p(-u / (rs * q->is)));
    }
    double v = u > 0.0 ? high : low;
    for (int k = 0; k < 200; k++) {
        double i, g;
        eq_junction_law(q, v, &i, &g);
        double f = rs * i + v - u, next = v - f / (rs * g + 1.0);
        if (f > 0.0)
            high = v;
        else
            low = v;
        if (next == v || f == 0.0) break;
        if (!(next >= low && next <= high)) next = 0.5 * (low + high);
        if (fabs(next - v) <= 1e-16 * fabs(v) || next == v) break;
        v = next;
    }
    return v;
}

double eq_junction_breakdown(double is, double vt, double bv, double ibv, double vtb,
                             double *dxbv) {
    *dxbv = 0.0;
    if (ibv < is * bv / vt) return bv;
    double xbv = bv - vtb * log(1.0 + ibv / is);
    for (int k = 0; k < 25; k++) {
        double next = bv - vtb * log(ibv / is + 1.0 - xbv / vt);
        if (!isfinite(next) || fabs(next - xbv) <= 1e-16 * fabs(bv)) break;
        xbv = next;
    }
    double e = exp((bv - xbv) / vtb);
    *dxbv = ibv / (is * (e / vtb - 1.0 / vt));
    return xbv;
}
