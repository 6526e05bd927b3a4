/* Cost functions of the outputs y [V] and what they are to be: a class or potentials (Scellier 2020,
 * Eq. 4.15, 5.17). */
#ifndef EQ_TRAIN_COST_H
#define EQ_TRAIN_COST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct eq_cost eq_cost;

/* What the outputs of one example are to be. */
typedef struct eq_goal {
    size_t label;         /* the true class */
    const double *target; /* [n] V; NULL: `high` at the class, `low` elsewhere */
} eq_goal;

typedef struct eq_cost_kind {
    const char *name;
    bool quadratic;   /* the Hessian does not depend on y */
    int differential; /* 1: outputs must be pairs, 0: single nodes, -1: either */
    bool classes;     /* it knows no targets */
    double (*value)(const eq_cost *cost, size_t n, const double *y, eq_goal goal);
    void (*gradient)(const eq_cost *cost, size_t n, const double *y, eq_goal goal, double *dcdy);
    void (*hessian)(const eq_cost *cost, size_t n, const double *y, eq_goal goal, double *h);
    bool clamps; /* there is a way that a clamp goes (eq_cost_way) */
    bool kinks;  /* the slope jumps, so P + beta C need not be stationary anywhere */
    bool
        rivals; /* it has no targets: that way is 1 V up for the true class, and down for the rival */
} eq_cost_kind;

struct eq_cost {
    const eq_cost_kind *kind;
    double high, low; /* V: target of the true class and of the others (squared errors) */
    double scale;     /* 1/V: scores are scale * y (cross-entropy) */
    double threshold; /* V: errors above it cost linearly (huber) */
    double margin;    /* V: the true class must be this far above each other one (hinge) */
    bool top;         /* of the others the highest alone counts (hinge) */
};

/* "squared-difference", "squared-error", "absolute-error", "huber", "cross-entropy" or "hinge"; NULL
 * when the name is none of them. */
const eq_cost_kind *eq_cost_find(const char *name);

/* C(y, goal). */
double eq_cost_value(const eq_cost *cost, size_t n, const double *y, eq_goal goal);
/* dcdy[n] = dC/dy. */
void eq_cost_gradient(const eq_cost *cost, size_t n, const double *y, eq_goal goal, double *dcdy);
/* h[n][n] = d2C/dy2. */
void eq_cost_hessian(const eq_cost *cost, size_t n, const double *y, eq_goal goal, double *h);
/* way[n]: where a clamp drives the outputs, to their targets; of costs that know rivals the true class
 * against the highest other one, while that violates the margin; NAN: not driven. */
void eq_cost_way(const eq_cost *cost, size_t n, const double *y, eq_goal goal, double *way);
/* argmax y; the first of equal ones. */
size_t eq_predict(size_t n, const double *y);

#endif
