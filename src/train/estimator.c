#include "train/estimator.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* dL/dw = d/dbeta dp/dw(u at beta) in beta = 0 (Eq. 2.8), by differences: one-sided (2.9),
 * symmetric (2.10) and the central five-point formula, whose middle coefficient is zero. */
static const eq_estimator_kind kinds[] = {
    {"one-sided", 1, {0, 1}, {-1, 1}, false, 1},
    {"random-sign", 1, {0, 1}, {-1, 1}, true, 1},
    {"symmetric", 2, {0, 1, -1}, {0, 0.5, -0.5}, false, 2},
    {"four-point",
     4,
     {0, 2, 1, -1, -2},
     {0, -1.0 / 12.0, 8.0 / 12.0, -8.0 / 12.0, 1.0 / 12.0},
     false,
     4},
};

size_t eq_estimator_kinds(void) {
    return sizeof kinds / sizeof *kinds;
}

const eq_estimator_kind *eq_estimator_kind_at(size_t k) {
    return &kinds[k];
}

const eq_estimator_kind *eq_estimator_find(const char *name) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (eq_same(kinds[k].name, name)) return &kinds[k];
    return NULL;
}

static const char *const nudgings[] = {
    [EQ_NUDGE_CURRENT] = "current",
    [EQ_NUDGE_ENERGY] = "energy",
};

bool eq_nudging_find(const char *name, eq_nudging *nudging) {
    for (int k = 0; k < 2; k++)
        if (eq_same(nudgings[k], name)) {
            *nudging = (eq_nudging)k;
            return true;
        }
    return false;
}

const char *eq_nudging_name(eq_nudging nudging) {
    return nudgings[nudging];
}

struct eq_phases {
    size_t outputs;
    double *current; /* [batch][outputs] A */
    double *slope;   /* [batch][outputs][outputs] S */
    double *at, *y;  /* [batch][outputs] V: where the cost is expanded, where the phase went */
};

eq_phases *eq_phases_new(size_t batch, size_t outputs) {
    eq_phases *p = eq_calloc(1, sizeof *p);
    if (p == NULL) return NULL;
    p->outputs = outputs;
    p->current = eq_calloc(batch * outputs, sizeof *p->current);
    p->slope = eq_calloc(batch * outputs, outputs * sizeof *p->slope);
    p->at = eq_calloc(batch * outputs, sizeof *p->at);
    p->y = eq_calloc(batch * outputs, sizeof *p->y);
    if (p->current != NULL && p->slope != NULL && p->at != NULL && p->y != NULL) return p;
    eq_phases_free(p);
    return NULL;
}

void eq_phases_free(eq_phases *p) {
    if (p == NULL) return;
    eq_free(p->current);
    eq_free(p->slope);
    eq_free(p->at);
    eq_free(p->y);
    eq_free(p);
}

/* current = -beta dC/dy at `at`; with slopes also beta d2C/dy2 there. */
static void expand(eq_phases *p, const eq_cost *cost, double beta, size_t n, const double *at,
                   const eq_goal *goal, bool slopes) {
    size_t m = p->outputs;
    for (size_t j = 0; j < n; j++) {
        eq_cost_gradient(cost, m, at + j * m, goal[j], p->current + j * m);
        if (slopes) eq_cost_hessian(cost, m, at + j * m, goal[j], p->slope + j * m * m);
    }
    for (size_t k = 0; k < n * m; k++) p->current[k] *= -beta;
    for (size_t k = 0; slopes && k < n * m * m; k++) p->slope[k] *= beta;
}

/* The phase where the nudge -beta dC/dy(y) holds at its own outputs: the cost is expanded to second
 * order around y0, then around the outputs found, until they stay. One round is exact when C is
 * quadratic. */
static eq_status nudge_energy(eq_phases *p, eq_network *e, int slot, const eq_cost *cost,
                              double beta, size_t n, const double *y0, const eq_goal *goal,
                              double *y, eq_diag *diag) {
    enum { ROUNDS = 50 };
    size_t all = n * p->outputs;
    memcpy(p->at, y0, all * sizeof *y0);
    double before = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        expand(p, cost, beta, n, p->at, goal, true);
        eq_nudge nudge = {p->current, p->slope, p->at};
        eq_status status = eq_network_nudged_phase(e, slot, &nudge, p->y, diag);
        if (status != EQ_OK) return status;
        double moved = 0.0, size = 0.0;
        for (size_t k = 0; k < all; k++) {
            moved = fmax(moved, fabs(p->y[k] - p->at[k]));
            size = fmax(size, fabs(p->y[k]));
        }
        /* The error after a round is of the order of the square of the move (Newton's method). */
        if (cost->kind->quadratic || moved <= 1e-9 * size ||
            (round > 0 && moved <= 1e-6 * size && moved >= before)) {
            if (y != NULL) memcpy(y, p->y, all * sizeof *y);
            return EQ_OK;
        }
        before = moved;
        memcpy(p->at, p->y, all * sizeof *y0);
    }
    return eq_fail(
        diag, EQ_ERR_CONVERGE,
        "the energy nudge at beta = %g did not settle in %d rounds (last move %g V); use a "
        "smaller beta or nudging=\"current\"",
        beta, ROUNDS, before);
}

eq_status eq_phases_nudge(eq_phases *p, eq_network *e, int slot, const eq_cost *cost,
                          eq_nudging nudging, double beta, size_t n, const double *y0,
                          const eq_goal *goal, double *y, eq_diag *diag) {
    if (nudging == EQ_NUDGE_ENERGY)
        return nudge_energy(p, e, slot, cost, beta, n, y0, goal, y, diag);
    expand(p, cost, beta, n, y0, goal, false);
    eq_nudge nudge = {p->current, NULL, NULL};
    return eq_network_nudged_phase(e, slot, &nudge, y, diag);
}

eq_status eq_estimate(const eq_estimator *est, eq_phases *p, eq_network *e, const eq_cost *cost,
                      double sign, size_t n, const double *y0, const eq_goal *goal,
                      double a[EQ_MAX_SLOTS], eq_diag *diag) {
    const eq_estimator_kind *kind = est->kind;
    double beta = kind->random_sign ? sign * est->beta : est->beta;
    eq_status status = EQ_OK;
    for (int s = 1; status == EQ_OK && s <= kind->phases; s++)
        status = eq_phases_nudge(p, e, s, cost, est->nudging, kind->at[s] * beta, n, y0, goal, NULL,
                                 diag);
    for (int s = 0; s < EQ_MAX_SLOTS; s++) a[s] = kind->a[s] / (beta * (double)n);
    return status;
}
