/* Contrastive meta-learning (Scellier 2020, Eq. 6.27 to 6.29; Zucchet et al. 2021). A task is learned by going down
 *
 *     L_in(theta, phi) = C_support(phi) + sum_b lambda_b/2 |phi_b - omega_b|^2
 *                        + sum_b mu_b/2 (|(low_b - phi_b)_+|^2 + |(phi_b - high_b)_+|^2)
 *
 * from phi = omega on; phi are the parameters of groups that have a strength lambda, some of which have soft bounds too. With
 * F(beta) = L_in + beta C_query at its minimum phi_beta, the loss C_query(phi_0) of theta (omega, log lambda, log mu, low, high, and the
 * parameters that tasks share) has the gradient
 *
 *     lim (1/beta) (dF/dtheta(phi_beta) - dF/dtheta(phi_0)).
 *
 * Inside src/train only. */
#ifndef EQ_TRAIN_META_META_H
#define EQ_TRAIN_META_META_H

#include "train/meta/descent.h"
#include "train/session.h"

/* Meta-parameters of a block beside its center, and how many there are: with soft bounds all. */
enum { EQ_META_STRENGTH, EQ_META_SOFT, EQ_META_LOW, EQ_META_HIGH, EQ_META_KINDS };

typedef struct eq_meta {
    eq_session *s;
    const eq_meta_options *o;
    size_t parameters, blocks, thetas; /* thetas: parameters + kinds*blocks */
    size_t kinds;                      /* EQ_META_KINDS, or 1 where no block has soft bounds */
    bool *adapts;  /* [blocks] it has a strength: each task learns it; else all share it */
    double *scale; /* [blocks] the unit of its parameters: the largest of them */
    double *
        theta; /* [thetas] omega and what is shared; then [kinds][blocks] log lambda, log mu, low, high */
    double *state[EQ_MAX_STATES]; /* [thetas] of the outer optimizer */
    double *gradient;             /* [thetas] summed over the tasks since the last step */
    double *phi[3];               /* [parameters] at 0, beta, -beta */
    double *total[2], *part;      /* [parameters] gradients of F; work */
    eq_pull *pull;                /* [blocks] */
    eq_descent *descent;
    double *here;           /* [parameters] where the gradient was taken last */
    double *z, *low, *high; /* [parameters] phi and its bounds in units of scale */
    uint32_t *row;          /* [rows of a task] */
    uint64_t
        step;    /* of the outer optimizer that tasks are learned for; 0: they are only looked at */
    double sign; /* of the task that is learned, where the estimator draws one */
    double before;           /* sum of the queries' costs before the inner trainings */
    double steps, trainings; /* of inner trainings; how many */
    bool told;               /* that one has not come to its tolerance */
} eq_meta;

/* Where meta-parameter `kind` of a block stands among the thetas. */
static inline size_t eq_meta_at(const eq_meta *m, size_t kind, size_t block) {
    return m->parameters + kind * m->blocks + block;
}
/* What pulls a block with theta as it is. */
eq_pull eq_meta_pull(const eq_meta *m, size_t block);

/* Where the session stands: these parameters are omega. */
eq_status eq_meta_new(eq_session *s, eq_meta **out, eq_diag *diag);
void eq_meta_free(eq_meta *m);

/* Examples of the largest minibatch. */
static inline size_t eq_meta_minibatch(const eq_meta_options *o) {
    return o->ways * (o->shots > o->queries ? o->shots : o->queries);
}

/* What a checkpoint has beside the parameters and their states: strengths, their states, sums of the epoch. */
size_t eq_meta_extras(const eq_meta *m);
void eq_meta_save(const eq_meta *m, double *const *state, double *extra);
/* Of a checkpoint's extras the strengths and bounds alone, as far as it has them; false: they are of other blocks. */
bool eq_meta_take_pulls(eq_meta *m, const double *extra, size_t extras);
void eq_meta_restore(eq_meta *m, const double *theta, double *const *state, const double *extra);
/* The sums of an epoch begin at 0. */
void eq_meta_begin_epoch(eq_meta *m);

/* The session stands at omega again. */
void eq_meta_home(eq_meta *m);
/* Trains a task to the tolerance; adds its queries to the score, and what they cost before to m->before. */
eq_status eq_meta_learn(eq_meta *m, size_t task, eq_score *score, eq_diag *diag);
/* The same, and adds the task's outer gradient to m->gradient. */
eq_status eq_meta_contrast(eq_meta *m, size_t task, eq_score *score, eq_diag *diag);
/* Step number `step` of the outer optimizer by the mean gradient of n tasks. */
void eq_meta_step(eq_meta *m, size_t n, double factor, uint64_t step);

#endif
