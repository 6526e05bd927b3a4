#include "model/device/response.h"

#include <math.h>

#include "base/text.h"

/* f = 1. */
static double constant_step(const eq_device *o, const eq_device_cell *c, double w, int d) {
    (void)o, (void)c, (void)w, (void)d;
    return 1.0;
}

/* f = 1 - gamma^d w/b, with b the mean bound that the pulse leads to: gamma = 1 brings it to 0 there. */
static double linear_step(const eq_device *o, const eq_device_cell *c, double w, int d) {
    return 1.0 - c->shape[d < 0] * w / (d > 0 ? o->w_max : o->w_min);
}

/* gamma of one device: |gamma + gamma_dtod xi|. */
static void make_linear(const eq_device *o, const double xi[2], eq_device_cell *c) {
    c->shape[0] = fabs(o->gamma_up + o->gamma_up_dtod * xi[0]);
    c->shape[1] = fabs(o->gamma_down + o->gamma_down_dtod * xi[1]);
}

/* f = 1 - w/b, with b the device's own bound: it is approached and never reached. */
static double soft_bounds(const eq_device *o, const eq_device_cell *c, double w, int d) {
    (void)o;
    return 1.0 - w / (d > 0 ? c->high : c->low);
}

/* f = max(0, 1 - A^d exp(d gamma^d z)), z = 2 a w/(b_max - b_min) + b. */
static double exponential_step(const eq_device *o, const eq_device_cell *c, double w, int d) {
    double z = 2.0 * o->a * w / (c->high - c->low) + o->b;
    return d > 0 ? 1.0 - o->a_up * exp(o->gamma_up * z) : 1.0 - o->a_down * exp(-o->gamma_down * z);
}

/* f = x^gamma, with x the part of the range that lies ahead. */
static double power_step(const eq_device *o, const eq_device_cell *c, double w, int d) {
    (void)o;
    double ahead = (d > 0 ? c->high - w : w - c->low) / (c->high - c->low);
    return pow(fmax(ahead, 0.0), c->shape[d < 0]);
}

/* gamma^d = gamma (1 + d (up_down + up_down_dtod xi_1) + dtod xi_0). */
static void make_power(const eq_device *o, const double xi[2], eq_device_cell *c) {
    double beta = o->pow_up_down + o->pow_up_down_dtod * xi[1];
    for (int k = 0; k < 2; k++)
        c->shape[k] =
            fabs(o->pow_gamma * (1.0 + (k == 0 ? beta : -beta) + o->pow_gamma_dtod * xi[0]));
}

/* f between values at equal distances from b_min to b_max, linear between them. */
static double piecewise_step(const eq_device *o, const eq_device_cell *c, double w, int d) {
    const eq_pieces *p = d > 0 ? &o->piecewise_up : &o->piecewise_down;
    double at = (w - c->low) / (c->high - c->low) * (double)(p->count - 1);
    if (!(at > 0.0)) return p->value[0];
    size_t k = (size_t)at;
    if (k + 1 >= p->count) return p->value[p->count - 1];
    return p->value[k] + (at - (double)k) * (p->value[k + 1] - p->value[k]);
}

static const eq_response responses[] = {
    {"constant-step", constant_step, NULL}, {"linear-step", linear_step, make_linear},
    {"soft-bounds", soft_bounds, NULL},     {"exponential-step", exponential_step, NULL},
    {"power-step", power_step, make_power}, {"piecewise-step", piecewise_step, NULL},
};

const eq_response *eq_response_find(const char *name) {
    for (size_t k = 0; k < sizeof responses / sizeof *responses; k++)
        if (eq_same(responses[k].name, name)) return &responses[k];
    return NULL;
}

const char *eq_response_name(const eq_response *r) {
    return r == NULL ? "ideal" : r->name;
}

double eq_response_factor(const eq_device *o, const eq_device_cell *c, double w, int d) {
    return fmax(o->response->factor(o, c, w, d), 0.0);
}
