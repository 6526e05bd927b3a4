#include "train/cost.h"

#include <math.h>

#include "base/text.h"

static double target(const eq_cost *cost, size_t k, eq_goal goal) {
    if (goal.target != NULL) return goal.target[k];
    return k == goal.label ? cost->high : cost->low;
}

/* C = 1/2 sum_k (y_k - t_k)^2 (Eq. 4.15, with y_k = V_k+ - V_k- for differential outputs). */
static double squared_value(const eq_cost *cost, size_t n, const double *y, eq_goal goal) {
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) {
        double d = y[k] - target(cost, k, goal);
        sum += d * d;
    }
    return 0.5 * sum;
}

/* dC/dy_k = y_k - t_k: the nudge of Eq. 4.16 is -beta times it. */
static void squared_gradient(const eq_cost *cost, size_t n, const double *y, eq_goal goal,
                             double *dcdy) {
    for (size_t k = 0; k < n; k++) dcdy[k] = y[k] - target(cost, k, goal);
}

static void squared_hessian(const eq_cost *cost, size_t n, const double *y, eq_goal goal,
                            double *h) {
    (void)cost;
    (void)y;
    (void)goal;
    for (size_t k = 0; k < n * n; k++) h[k] = k % (n + 1) == 0 ? 1.0 : 0.0;
}

/* C = sum_k |y_k - t_k| [V]. */
static double absolute_value(const eq_cost *cost, size_t n, const double *y, eq_goal goal) {
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) sum += fabs(y[k] - target(cost, k, goal));
    return sum;
}

/* dC/dy_k = sign(y_k - t_k), 0 where they are equal: the nudge is a current of +-beta. */
static void absolute_gradient(const eq_cost *cost, size_t n, const double *y, eq_goal goal,
                              double *dcdy) {
    for (size_t k = 0; k < n; k++) {
        double d = y[k] - target(cost, k, goal);
        dcdy[k] = (d > 0.0) - (d < 0.0);
    }
}

static void absolute_hessian(const eq_cost *cost, size_t n, const double *y, eq_goal goal,
                             double *h) {
    (void)cost;
    (void)y;
    (void)goal;
    for (size_t k = 0; k < n * n; k++) h[k] = 0.0;
}

/* C = sum_k d^2/2 where |d| <= T, T (|d| - T/2) elsewhere, d = y_k - t_k (Huber 1964). */
static double huber_value(const eq_cost *cost, size_t n, const double *y, eq_goal goal) {
    double sum = 0.0, most = cost->threshold;
    for (size_t k = 0; k < n; k++) {
        double d = fabs(y[k] - target(cost, k, goal));
        sum += d <= most ? 0.5 * d * d : most * (d - 0.5 * most);
    }
    return sum;
}

/* dC/dy_k = d clipped to [-T, T]: a squared error whose nudge is beta T at most. */
static void huber_gradient(const eq_cost *cost, size_t n, const double *y, eq_goal goal,
                           double *dcdy) {
    for (size_t k = 0; k < n; k++)
        dcdy[k] = fmin(fmax(y[k] - target(cost, k, goal), -cost->threshold), cost->threshold);
}

static void huber_hessian(const eq_cost *cost, size_t n, const double *y, eq_goal goal, double *h) {
    for (size_t k = 0; k < n * n; k++) h[k] = 0.0;
    for (size_t k = 0; k < n; k++)
        h[k * (n + 1)] = fabs(y[k] - target(cost, k, goal)) <= cost->threshold ? 1.0 : 0.0;
}

/* log sum_k exp(scale y_k), shifted by the largest score so that nothing overflows. */
static double log_sum_exp(const eq_cost *cost, size_t n, const double *y) {
    double top = -INFINITY, sum = 0.0;
    for (size_t k = 0; k < n; k++) top = fmax(top, cost->scale * y[k]);
    for (size_t k = 0; k < n; k++) sum += exp(cost->scale * y[k] - top);
    return top + log(sum);
}

/* C = -log softmax(scale y)_label (Eq. 5.17). */
static double entropy_value(const eq_cost *cost, size_t n, const double *y, eq_goal goal) {
    return log_sum_exp(cost, n, y) - cost->scale * y[goal.label];
}

/* dC/dy_k = scale (p_k - [k = label]) with p = softmax(scale y) (Eq. 5.18). */
static void entropy_gradient(const eq_cost *cost, size_t n, const double *y, eq_goal goal,
                             double *dcdy) {
    double all = log_sum_exp(cost, n, y);
    for (size_t k = 0; k < n; k++)
        dcdy[k] = cost->scale * (exp(cost->scale * y[k] - all) - (k == goal.label ? 1.0 : 0.0));
}

/* d2C/dy_k dy_l = scale^2 (p_k [k = l] - p_k p_l). */
static void entropy_hessian(const eq_cost *cost, size_t n, const double *y, eq_goal goal,
                            double *h) {
    (void)goal;
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

/* The highest class beside the true one. */
static size_t rival(size_t n, const double *y, size_t label) {
    size_t best = label == 0 && n > 1 ? 1 : 0;
    for (size_t k = 0; k < n; k++)
        if (k != label && y[k] > y[best]) best = k;
    return best;
}

/* C = 1/n sum_k of the violations (Weston and Watkins 1999; torch.nn.MultiMarginLoss), or the largest
 * of them (Crammer and Singer 2001). */
static double hinge_value(const eq_cost *cost, size_t n, const double *y, eq_goal goal) {
    double sum = 0.0;
    if (cost->top) return violation(cost, y, rival(n, y, goal.label), goal.label);
    for (size_t k = 0; k < n; k++) sum += violation(cost, y, k, goal.label);
    return sum / (double)n;
}

/* +1/n (or 1) for each class that violates the margin, as much less for the true class. */
static void hinge_gradient(const eq_cost *cost, size_t n, const double *y, eq_goal goal,
                           double *dcdy) {
    double each = cost->top ? 1.0 : 1.0 / (double)n, all = 0.0;
    size_t top = rival(n, y, goal.label);
    for (size_t k = 0; k < n; k++) {
        bool counts = !cost->top || k == top;
        dcdy[k] = counts && violation(cost, y, k, goal.label) > 0.0 ? each : 0.0;
        all += dcdy[k];
    }
    dcdy[goal.label] = -all;
}

static void hinge_hessian(const eq_cost *cost, size_t n, const double *y, eq_goal goal, double *h) {
    (void)cost;
    (void)y;
    (void)goal;
    for (size_t k = 0; k < n * n; k++) h[k] = 0.0;
}

static const eq_cost_kind kinds[] = {
    {"squared-difference", true, 1, false, squared_value, squared_gradient, squared_hessian, true,
     false, false},
    {"squared-error", true, 0, false, squared_value, squared_gradient, squared_hessian, true, false,
     false},
    {"absolute-error", false, -1, false, absolute_value, absolute_gradient, absolute_hessian, false,
     true, false},
    {"huber", false, -1, false, huber_value, huber_gradient, huber_hessian, false, false, false},
    {"cross-entropy", false, -1, true, entropy_value, entropy_gradient, entropy_hessian, false,
     false, false},
    {"hinge", true, -1, true, hinge_value, hinge_gradient, hinge_hessian, true, true, true},
};

const eq_cost_kind *eq_cost_find(const char *name) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (eq_same(kinds[k].name, name)) return &kinds[k];
    return NULL;
}

double eq_cost_value(const eq_cost *cost, size_t n, const double *y, eq_goal goal) {
    return cost->kind->value(cost, n, y, goal);
}

void eq_cost_gradient(const eq_cost *cost, size_t n, const double *y, eq_goal goal, double *dcdy) {
    cost->kind->gradient(cost, n, y, goal, dcdy);
}

void eq_cost_hessian(const eq_cost *cost, size_t n, const double *y, eq_goal goal, double *h) {
    cost->kind->hessian(cost, n, y, goal, h);
}

void eq_cost_way(const eq_cost *cost, size_t n, const double *y, eq_goal goal, double *way) {
    size_t top;
    if (!cost->kind->rivals) {
        eq_cost_gradient(cost, n, y, goal, way);
        for (size_t k = 0; k < n; k++) way[k] = -way[k];
        return;
    }
    for (size_t k = 0; k < n; k++) way[k] = NAN;
    top = rival(n, y, goal.label);
    if (!(violation(cost, y, top, goal.label) > 0.0)) return;
    way[goal.label] = 1.0;
    way[top] = -1.0;
}

size_t eq_predict(size_t n, const double *y) {
    size_t best = 0;
    for (size_t k = 1; k < n; k++)
        if (y[k] > y[best]) best = k;
    return best;
}
