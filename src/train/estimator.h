/* Estimators of the loss gradient from phases at multiples of beta: dL/dw ~ sum_s a_s dp/dw(u at
 * beta_s) (Scellier 2020, Eq. 2.9, 2.10 and appendix A); with clamped outputs eta stands for beta.
 * And the gradient itself, by the adjoint. */
#ifndef EQ_TRAIN_ESTIMATOR_H
#define EQ_TRAIN_ESTIMATOR_H

#include "base/random.h"
#include "model/model.h"
#include "train/cost.h"
#include "train/langevin.h"

typedef struct eq_estimator_kind {
    const char *name;
    int phases;              /* nudged phases, in slots 1..phases; 0: the adjoint */
    bool iterates;           /* the adjoint by recurrent backpropagation (model/dynamics.h) */
    double at[EQ_MAX_SLOTS]; /* slot s is nudged with at[s] * beta; at[0] = 0, the free phase */
    double a[EQ_MAX_SLOTS];  /* coefficient of slot s, times 1/beta; those of phases add up to 0 */
    bool random_sign;        /* beta gets a random sign in every minibatch */
    double order;            /* of the bias in beta */
    bool unrolled;           /* without phases: backpropagation through time */
} eq_estimator_kind;

typedef enum eq_nudging {
    EQ_NUDGE_CURRENT, /* constant, from the free state: J = -beta dC/dy(y0) (Eq. 4.16) */
    EQ_NUDGE_ENERGY,  /* state dependent: stationary point of P + beta C (Eq. 2.6) */
    EQ_NUDGE_CLAMP, /* towards y0 + eta (target - y0): coupled learning (Stern et al. 2021), and at
                         eta = 1, held, contrastive Hebbian learning (section 3.4) */
} eq_nudging;

typedef struct eq_estimator {
    const eq_estimator_kind *kind;
    double beta; /* S for squared errors: nudge current per volt of error */
    eq_nudging nudging;
    double eta;   /* of the way to the target that a clamp goes */
    double delta; /* V: instead, where the cost has no targets (eq_cost_way) */
    bool by_delta;
    bool nodes; /* a clamp moves both nodes of a pair, each by half */
    eq_rule rule;
    double clamp;     /* S: conductance that pulls there; infinite: the outputs are held */
    double tolerance; /* of recurrent backpropagation: |l| over |dC/ds| at the end */
    size_t steps;     /* of that and of bptt; 0: what the tolerance or a nudged phase needs */
    eq_sampling
        sampling; /* its phases, nudged by energy, are sampled; temperature 0: they settle */
} eq_estimator;

/* What the phases are multiples of: beta, eta or delta. */
double eq_estimator_strength(const eq_estimator *est);

/* "energy", "response" or "delta-v2". */
bool eq_rule_find(const char *name, eq_rule *rule);
const char *eq_rule_name(eq_rule rule);
/* Whether it asks for what the engine of any circuit alone has (EQ_ENGINE_SPARSE). */
bool eq_estimator_is_local(const eq_estimator *est);

/* Those from phases. */
size_t eq_estimator_kinds(void);
const eq_estimator_kind *eq_estimator_kind_at(size_t k);
/* "one-sided", "random-sign", "symmetric", "four-point", "adjoint", "rbp" or "bptt"; NULL when the name is
 * none of them. */
const eq_estimator_kind *eq_estimator_find(const char *name);
bool eq_nudging_find(const char *name, eq_nudging *nudging);
const char *eq_nudging_name(eq_nudging nudging);

/* Workspace of the phases of minibatches of at most `batch` examples with `outputs` outputs. */
typedef struct eq_phases eq_phases;
eq_phases *eq_phases_new(size_t batch, size_t outputs);
void eq_phases_free(eq_phases *p);

/* What the nudge sources add to the currents [n][outputs] of a phase; drive NULL: nothing. */
typedef struct eq_phases_driver {
    void (*drive)(void *data, int slot, size_t n, double *current);
    void *data;
} eq_phases_driver;
void eq_phases_drive(eq_phases *p, eq_phases_driver driver);

/* Key of the noise of phases that are sampled. */
void eq_phases_draw(eq_phases *p, uint64_t key);
/* Whether the estimator samples its phases. */
static inline bool eq_estimator_samples(const eq_estimator *est) {
    return est->kind->phases > 0 && est->sampling.temperature > 0.0;
}

/* One nudged phase of the n examples at `strength` (signed, instead of est's own) into the slot,
 * from the free outputs y0[n][outputs]. y (may be NULL) receives the nudged outputs. */
eq_status eq_phases_nudge(eq_phases *p, eq_network *e, int slot, const eq_cost *cost,
                          const eq_estimator *est, double strength, size_t n, const double *y0,
                          const eq_goal *goal, double *y, eq_diag *diag);
/* The currents [outputs] that the last nudged phase drives into the outputs of its first example,
 * which rest at y[outputs]. */
void eq_phases_driven(const eq_phases *p, const double *y, double *current);
/* The coefficients of the mean over n examples, and *strength, what phases are multiples of. */
void eq_estimate_weights(const eq_estimator *est, double sign, size_t n, double a[EQ_MAX_SLOTS],
                         double *strength);
/* The same where its phases are sampled. */
void eq_estimate_contrast(const eq_estimator *est, double sign, size_t n, eq_contrast *c);
/* All phases of the estimator for the n examples, or their adjoint; a[EQ_MAX_SLOTS] receives the
 * coefficients of the mean over the n examples. sign: +1 or -1 (only random-sign estimators use it). */
eq_status eq_estimate(const eq_estimator *est, eq_phases *p, eq_network *e, const eq_cost *cost,
                      double sign, size_t n, const double *y0, const eq_goal *goal,
                      double a[EQ_MAX_SLOTS], eq_diag *diag);

#endif
