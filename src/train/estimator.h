/* Estimators of the loss gradient from phases at multiples of beta: dL/dw ~ sum_s a_s dp/dw(u at
 * beta_s) (Scellier 2020, Eq. 2.9, 2.10 and appendix A). */
#ifndef EQ_TRAIN_ESTIMATOR_H
#define EQ_TRAIN_ESTIMATOR_H

#include "base/random.h"
#include "model/model.h"
#include "train/cost.h"

typedef struct eq_estimator_kind {
    const char *name;
    int phases;              /* nudged phases, in slots 1..phases */
    double at[EQ_MAX_SLOTS]; /* slot s is nudged with at[s] * beta; at[0] = 0, the free phase */
    double a[EQ_MAX_SLOTS];  /* coefficient of slot s, times 1/beta; they add up to 0 */
    bool random_sign;        /* beta gets a random sign in every minibatch */
    double order;            /* of the bias in beta */
} eq_estimator_kind;

typedef enum eq_nudging {
    EQ_NUDGE_CURRENT, /* constant, from the free state: J = -beta dC/dy(y0) (Eq. 4.16) */
    EQ_NUDGE_ENERGY,  /* state dependent: stationary point of P + beta C (Eq. 2.6) */
} eq_nudging;

typedef struct eq_estimator {
    const eq_estimator_kind *kind;
    double beta; /* S for squared errors: nudge current per volt of error */
    eq_nudging nudging;
} eq_estimator;

size_t eq_estimator_kinds(void);
const eq_estimator_kind *eq_estimator_kind_at(size_t k);
/* "one-sided", "random-sign", "symmetric" or "four-point"; NULL when the name is none of them. */
const eq_estimator_kind *eq_estimator_find(const char *name);
bool eq_nudging_find(const char *name, eq_nudging *nudging);
const char *eq_nudging_name(eq_nudging nudging);

/* Workspace of the phases of minibatches of at most `batch` examples with `outputs` outputs. */
typedef struct eq_phases eq_phases;
eq_phases *eq_phases_new(size_t batch, size_t outputs);
void eq_phases_free(eq_phases *p);

/* One nudged phase of the n examples at `beta` (signed) into the slot, from the free outputs
 * y0[n][outputs]. y (may be NULL) receives the nudged outputs. */
eq_status eq_phases_nudge(eq_phases *p, eq_network *e, int slot, const eq_cost *cost,
                          eq_nudging nudging, double beta, size_t n, const double *y0,
                          const eq_goal *goal, double *y, eq_diag *diag);
/* All nudged phases of the estimator for the n examples; a[EQ_MAX_SLOTS] receives the coefficients
 * of the mean over the n examples. sign: +1 or -1 (only random-sign estimators use it). */
eq_status eq_estimate(const eq_estimator *est, eq_phases *p, eq_network *e, const eq_cost *cost,
                      double sign, size_t n, const double *y0, const eq_goal *goal,
                      double a[EQ_MAX_SLOTS], eq_diag *diag);

#endif
