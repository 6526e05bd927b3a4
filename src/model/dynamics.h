/* Gradient dynamics of a model around the free phase of its minibatch,
 *
 *   M ds/dt = -dF/ds,      F = E + beta C,
 *
 * by Euler's method, and their linearisation at the free state, recurrent backpropagation
 * M = C: dl/dt = -H M^-1 l (Scellier 2020, Eq. 3.12-3.15; with unit M as printed there). What the units s
 * are is the engine's own: those of a Hopfield network, the free potentials of a circuit, whose M
 * are capacitances. An engine that has no such dynamics has no table of these functions. */
#ifndef EQ_MODEL_DYNAMICS_H
#define EQ_MODEL_DYNAMICS_H

#include "base/text.h"
#include "model/model.h"

typedef struct eq_dynamics_ops {
    /* Takes the states of the free phase for those that the linearisation is at. farad: M of every
     * unit; NAN: the engine's own. Fails, with the reason, where F does not exist. */
    eq_status (*open)(void *self, double farad, eq_diag *diag);
    size_t (*units)(const void *self);
    void (*name)(const void *self, size_t unit, eq_text *out);
    /* outputs[n][outputs] of the units s[n][units]; slopes: c = dC/ds of dcdy[n][outputs] */
    void (*outputs)(void *self, const double *s, double *y);
    void (*slopes)(void *self, const double *dcdy, double *c);
    /* s <- s - h M^-1 dF/ds, where -beta dC/dy is current[n][outputs]; false: not finite */
    bool (*advance)(void *self, double h, const double *current, double *s);
    /* d = M^-1 l, z = H d */
    void (*propagate)(void *self, const double *l, double *d, double *z);
    /* s of slot 0; into slots 1..4, or, into EQ_ADJOINT, the sum of h M^-1 l over the time */
    void (*get)(const void *self, double *s);
    eq_status (*put)(void *self, int slot, const double *s, eq_diag *diag);
    double step; /* that time goes by; 0: any */
    /* f = -M^-1 dF/ds, which no bound stops; false: not finite. NULL: no time but steps */
    bool (*drift)(void *self, const double *current, const double *s, double *f);
    double low, high; /* bounds of every unit; equal: none */
} eq_dynamics_ops;

/* The dynamics of the last minibatch. */
typedef struct eq_dynamics {
    const eq_dynamics_ops *ops;
    void *self;
    eq_network *model;
    size_t n, units; /* n: examples */
} eq_dynamics;

/* After a free phase of n examples; the parameters must stay as they are. */
eq_status eq_dynamics_open(eq_network *model, size_t n, double farad, eq_dynamics *out,
                           eq_diag *diag);
/* Puts s into a slot, which counts as solved from then on. */
eq_status eq_dynamics_put(const eq_dynamics *d, int slot, const double *s, eq_diag *diag);
/* The largest eigenvalue of H M^-1 [1/s] by power iteration; work[3][n][units]. */
double eq_dynamics_fastest(const eq_dynamics *d, double *work);

/* Recurrent backpropagation to its fixed point: l <- l - h H M^-1 l from dC/ds, its sum into the slot of the
 * adjoint, until |l| <= tolerance |dC/ds|, or after `steps` steps (0: as many as it takes). */
eq_status eq_dynamics_backpropagate(eq_network *model, size_t n, const double *dcdy,
                                    double tolerance, size_t steps, eq_diag *diag);

#endif
