/* Deep Hopfield networks (Scellier 2020, chapter 3): units s in layers, the inputs x clamped, with the energy
 *
 *   E = sum_i s_i^2/2 - sum_l s_(l-1)^T W_l s_l - sum_l b_l^T s_l,    0 <= s_i <= 1
 *
 * which is Eq. 3.16 with the hard sigmoid, whose sigma(s) = s on [0, 1], where clipping (3.25) keeps
 * the units. It is a model without a circuit: its blocks are w1, b1, w2, b2, ... */
#ifndef EQ_MODEL_HOPFIELD_H
#define EQ_MODEL_HOPFIELD_H

#include "model/model.h"

enum { EQ_HOPFIELD_LAYERS = 16 };

typedef enum eq_hopfield_solver {
    EQ_HOPFIELD_SWEEPS, /* each layer to the minimum of E at the given others, in turn */
    EQ_HOPFIELD_EULER,  /* s <- clip(s - step dE/ds), all at once (Eq. 3.25) */
} eq_hopfield_solver;

typedef struct eq_hopfield_options {
    size_t layers; /* entries of width: inputs, hidden layers, outputs; 0: no such network */
    size_t width[EQ_HOPFIELD_LAYERS];
    eq_hopfield_solver solver;
    double step;      /* of Euler */
    double tolerance; /* a state is one where no unit has |s - clip(s - dE/ds)| above it */
    size_t steps;     /* Euler steps or sweeps after which a phase has failed */
    uint64_t seed;    /* of the weights that a network begins with */
} eq_hopfield_options;

eq_hopfield_options eq_hopfield_defaults(void);
/* "sweeps" or "euler"; false: it is neither. */
bool eq_hopfield_solver_find(const char *name, eq_hopfield_solver *solver);
const char *eq_hopfield_solver_name(eq_hopfield_solver solver);

/* EQ_ERR_INPUT: it cannot be built. */
eq_status eq_hopfield_check(const eq_hopfield_options *o, eq_diag *diag);
/* The network with weights drawn evenly from +-sqrt(6/(rows + columns)) (Glorot & Bengio 2010) and no
 * biases. */
eq_status eq_hopfield_new(const eq_hopfield_options *o, eq_network **out, eq_diag *diag);

#endif
