/* Langevin dynamics of a model with gradient dynamics (model/dynamics.h; Scellier 2020, section 6.2),
 *
 *   ds = -M^-1 dF/ds dt + (2 T M^-1)^(1/2) dB,      F = E + beta C        (6.22),
 *
 * by Euler and Maruyama, at the bounds of units by Lepingle's step (1995), exact where the drift is constant. Its stationary density is exp(-F/T). */
#ifndef EQ_TRAIN_LANGEVIN_H
#define EQ_TRAIN_LANGEVIN_H

#include "model/dynamics.h"
#include "train/cost.h"

/* How phases are sampled, not settled. */
typedef struct eq_sampling {
    double temperature; /* in the unit of the energy, of circuits W; 0: phases settle */
    double step;  /* NAN: a fiftieth of one over the fastest rate, or less, so that the noise of a
                           step is small between the bounds of units */
    double farad; /* of every node; NAN: the deck's capacitors, or 1 F without any */
    size_t burn;  /* steps before the first sample */
    size_t samples;
    size_t thinning; /* steps from a sample to the next */
} eq_sampling;

eq_sampling eq_sampling_defaults(void);

/* The process of the examples of a free phase. */
typedef struct eq_langevin {
    eq_dynamics d;
    const eq_cost *cost;
    const eq_goal *goal;
    double temperature, step, fastest; /* fastest: rate of H M^-1 at the free state [1/s] */
    bool grows;                        /* a step was too long for where a process had gone */
    uint64_t key;
    size_t all, outputs;
    double *mass;   /* [all] M */
    double *spread; /* [all] deviation of a step's noise */
    double *noise;  /* [all] that of the step drawn last */
    double *
        stray; /* [all] by which its way leaves the line between its ends, squared; of units with bounds */
    double *f;           /* [3][all] work */
    double *y, *current; /* [n][outputs] */
} eq_langevin;

/* After a free phase of the n examples with these goals, on whose parameters it stands. Fails where the step is beyond
 * what is stable. o: temperature, step and farad count. */
eq_status eq_langevin_open(eq_langevin *l, eq_network *model, size_t n, const eq_cost *cost,
                           const eq_goal *goal, const eq_sampling *o, uint64_t key, eq_diag *diag);
void eq_langevin_close(eq_langevin *l);
/* Where a step that is given is too long for the bounds of units. */
void eq_langevin_warn_of_step(const eq_network *model, const eq_sampling *o, eq_diag *diag);
/* Draws the noise of step number t, which depends on key, example, t and unit alone. */
void eq_langevin_draw(eq_langevin *l, uint64_t t);

/* One process: its states, and the step before, by which one that is too long shows. */
typedef struct eq_langevin_process {
    double beta;
    double *s;                /* [n][units] */
    double *stood, *drifting; /* [n][units] where it stood a step before; -M^-1 dF/ds there */
    bool moves;               /* has taken a step */
} eq_langevin_process;
/* At the states of the free phase. */
eq_status eq_langevin_begin(const eq_langevin *l, double beta, eq_langevin_process *out,
                            eq_diag *diag);
void eq_langevin_end(eq_langevin_process *p);

/* A step with the noise drawn last: processes nudged otherwise may have the same. EQ_ERR_CONVERGE or EQ_ERR_CHECK,
 * and l->grows: the step is too long for where the process is, the mean rate of H M^-1 along a step was above two
 * over it, which no such step brings back. */
eq_status eq_langevin_step(eq_langevin *l, eq_langevin_process *p, eq_diag *diag);
/* Whether the step is stable at the curvature where the states stand. */
eq_status eq_langevin_look(eq_langevin *l, const eq_langevin_process *p, eq_diag *diag);

/* Processes of the n examples, number k nudged by beta[k], of the same noise. */
typedef struct eq_contrast {
    size_t processes;
    double beta[EQ_ADJOINT], weight[EQ_ADJOINT];
} eq_contrast;
/* Collects sum_k weight[k] <dE/dtheta>_beta[k], in sample means, in the model (eq_network_collect): with weights that
 * are those of a difference by beta, the estimate of d<C>/dtheta of Theorem 6.2 (6.24). */
eq_status eq_langevin_collect(eq_network *model, size_t n, const eq_cost *cost, const eq_goal *goal,
                              const eq_sampling *o, const eq_contrast *c, uint64_t key,
                              eq_diag *diag);

#endif
