#include "train/cost.h"

#include <math.h>

#include "base/text.h"

static double target(const eq_cost *cost, size_t k, size_t label) {
    return k == label ? cost->high : cost->low;
}

/* C = 1/2 sum_k (y_k - t_k)^2 (Eq. 4.15, with y_k = V_k+ - V_k- for differential outputs). */
static double squared_value(const eq_cost *cost, size_t n, const double *y, size_t label) {
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) {
        double d = y[k] - target(cost, k, label);
        sum += d * d;
    }
    return 0.5 * sum;
}

/* dC/dy_k = y_k - t_k: the nudge of Eq. 4.16 is -beta times it. */
static void squared_gradient(const eq_cost *cost, size_t n, const double *y, size_t label,
                             double *dcdy) {
    for (size_t k = 0; k < n; k++) dcdy[k] = y[k] - target(cost, k, label);
}

static void squared_hessian(const eq_cost *cost, size_t n, const double *y, size_t label,
                            double *h) {
    (void)cost;
    (void)y;
    (void)label;
    for (size_t k = 0; k < n * n; k++) h[k] = k % (n + 1) == 0 ? 1.0 : 0.0;
}

/* log sum_k exp(scale y_k), shifted by the largest score so that nothing overflows. */
static double log_sum_exp(const eq_cost *cost, size_t n, const double *y) {
    double top = -INFINITY, sum = 0.0;
    for (size_t k = 0; k < n; k++) top = fmax(top, cost->scale * y[k]);
    for (size_t k = 0; k < n; k++) sum += exp(cost->scale * y[k] - top);
    return top + log(sum);
}

/* C = -log softmax(scale y)_label (Eq. 5.17). */
static double entropy_value(const eq_cost *cost, size_t n, const double *y, size_t label) {
    return log_sum_exp(cost, n, y) - cost->scale * y[label];
}

/* dC/dy_k = scale (p_k - [k = label]) with p = softmax(scale y) (Eq. 5.18). */
static void entropy_gradient(const eq_cost *cost, size_t n, const double *y, size_t label,
                             double *dcdy) {
    double all = log_sum_exp(cost, n, y);
    for (size_t k = 0; k < n; k++)
        dcdy[k] = cost->scale * (exp(cost->scale * y[k] - all) - (k == label ? 1.0 : 0.0));
}

/* d2C/dy_k dy_l = scale^2 (p_k [k = l] - p_k p_l). */
static void entropy_hessian(const eq_cost *cost, size_t n, const double *y, size_t label,
                            double *h) {
    (void)label;
    double all = log_sum_exp(cost, n, y), s2 = cost->scale * cost->scale;
    for (size_t k = 0; k < n; k++) {
        double pk = exp(cost->scale * y[k] - all);
        for (size_t l = 0; l < n; l++) {
            double pl = exp(cost->scale * y[l] - all);
            h[k * n + l] = s2 * ((k == l ? pk : 0.0) - pk * pl);
        }
    }
}

/* How far class k comes too near to the true class: margin + y_k - y_label, where that is above 0. */
static double violation(const eq_cost *cost, const double *y, size_t k, size_t label) {
    return k == label ? 0.0 : fmax(0.0, cost->margin + y[k] - y[label]);
}

/* C = 1/n sum_k of the violations (Weston and Watkins 1999; torch.nn.MultiMarginLoss). */
static double hinge_value(const eq_cost *cost, size_t n, const double *y, size_t label) {
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) sum += violation(cost, y, k, label);
    return sum / (double)n;
}

/* +1/n for each class that violates the margin, as much less for the true class. */
static void hinge_gradient(const eq_cost *cost, size_t n, const double *y, size_t label,
                           double *dcdy) {
    double each = 1.0 / (double)n, all = 0.0;
    for (size_t k = 0; k < n; k++) {
        dcdy[k] = violation(cost, y, k, label) > 0.0 ? each : 0.0;
        all += dcdy[k];
    }
    dcdy[label] = -all;
}

static void hinge_hessian(const eq_cost *cost, size_t n, const double *y, size_t label, double *h) {
    (void)cost;
    (void)y;
    (void)label;
    for (size_t k = 0; k < n * n; k++) h[k] = 0.0;
}

static const eq_cost_kind kinds[] = {
    {"squared-difference", true, 1, squared_value, squared_gradient, squared_hessian, true, false},
    {"squared-error", true, 0, squared_value, squared_gradient, squared_hessian, true, false},
    {"cross-entropy", false, -1, entropy_value, entropy_gradient, entropy_hessian, false, false},
    {"hinge", true, -1, hinge_value, hinge_gradient, hinge_hessian, false, true},
};

const eq_cost_kind *eq_cost_find(const char *name) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (eq_same(kinds[k].name, name)) return &kinds[k];
    return NULL;
}

double eq_cost_value(const eq_cost *cost, size_t n, const double *y, size_t label) {
    return cost->kind->value(cost, n, y, label);
}

void eq_cost_gradient(const eq_cost *cost, size_t n, const double *y, size_t label, double *dcdy) {
    cost->kind->gradient(cost, n, y, label, dcdy);
}

void eq_cost_hessian(const eq_cost *cost, size_t n, const double *y, size_t label, double *h) {
    cost->kind->hessian(cost, n, y, label, h);
}

size_t eq_predict(size_t n, const double *y) {
    size_t best = 0;
    for (size_t k = 1; k < n; k++)
        if (y[k] > y[best]) best = k;
    return best;
}
