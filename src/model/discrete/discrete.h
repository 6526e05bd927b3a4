/* Discrete-time networks (Scellier 2020, chapter 5; Ernoult et al. 2019): layers of units s, the inputs x
 * held, with the primitive function
 *
 *   Phi = sum_l s_l . (A_l(s_(l-1)) + b_l),      s_0 = x      (Eq. 5.8, 5.11)
 *
 * of couplings A_l (coupling.h), and in time s <- sigma(dPhi/ds). Its steady state is the stationary
 * point of an energy, so that equilibrium propagation trains it: dE/dw = -dPhi/dw. It is a model
 * without a circuit: its blocks are w1, b1, w2, b2, ... Dense couplings may lack weights, which then are no
 * parameters. */
#ifndef EQ_MODEL_DISCRETE_H
#define EQ_MODEL_DISCRETE_H

#include "model/coupling/coupling.h"
#include "model/model.h"
#include "model/sigma.h"

enum { EQ_DISCRETE_LAYERS = 16 };

/* The least tolerance that products in single precision allow. */
#define EQ_DISCRETE_SINGLE 1e-5

typedef enum eq_discrete_solver {
    EQ_DISCRETE_SWEEPS, /* layer after layer to sigma(dPhi/ds) at the given others, mixed (mixing.h) */
    EQ_DISCRETE_STEPS, /* s <- sigma(dPhi/ds), all at once (Eq. 5.3) */
} eq_discrete_solver;

typedef struct eq_discrete_options {
    size_t layers;   /* behind the inputs; 0: no such network */
    eq_shape inputs; /* which come channel behind channel, row by row */
    eq_coupling_kind layer[EQ_DISCRETE_LAYERS];
    eq_place at[EQ_DISCRETE_LAYERS]; /* where each of them is given */
    char *density; /* part of the weights of dense layers that there is, as of a Hopfield network */
    size_t topology; /* seed of which these are; 0: `seed` */
    eq_place density_at;
    bool
        readout; /* the last layer is z = A(s) + b of the one before it, and no part of the state (5.17) */
    const eq_sigma *sigma;
    eq_discrete_solver solver;
    size_t free, nudged; /* steps of a phase (T and K); 0: to the fixed point */
    double tolerance;    /* a state is one where no unit has |s - sigma(dPhi/ds)| above it */
    bool single;         /* products of convolutions are taken in single precision */
    size_t steps;        /* steps or sweeps to the fixed point after which a phase has failed */
    size_t unrolled;     /* steps that backpropagation through time goes back */
    uint64_t seed;       /* of the weights that a network begins with */
} eq_discrete_options;

eq_discrete_options eq_discrete_defaults(void);
void eq_discrete_options_free(eq_discrete_options *o);
/* "sweeps" or "steps"; false: it is neither. */
bool eq_discrete_solver_find(const char *name, eq_discrete_solver *solver);
const char *eq_discrete_solver_name(eq_discrete_solver solver);

/* EQ_ERR_INPUT: it cannot be built. */
eq_status eq_discrete_check(const eq_discrete_options *o, eq_diag *diag);
/* The network with weights and biases drawn evenly from +-1/sqrt(units of the lower layer that act on
 * one of the upper). The options stay the caller's. */
eq_status eq_discrete_new(const eq_discrete_options *o, eq_network **out, eq_diag *diag);

#endif
