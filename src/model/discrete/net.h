/* The inside of a discrete-time network: discrete.c makes it, phase.c finds its states,
 * back.c goes back through them, engine.c is the engine of model.h over the three. */
#ifndef EQ_MODEL_DISCRETE_NET_H
#define EQ_MODEL_DISCRETE_NET_H

#include "model/discrete/discrete.h"
#include "model/engine_ops.h"
#include "model/mixing.h"

enum { EQ_DISCRETE_NAME = 128, EQ_DISCRETE_WIDTHS = EQ_DISCRETE_LAYERS + 1 };

/* One state of a minibatch. Layer l = 1 .. layers of units is behind coupling l; layer 0 is the inputs.
 * All arrays lie row by row, an example each. */
typedef struct eq_discrete_state {
    double *s[EQ_DISCRETE_WIDTHS]; /* [batch][width]; s[0] = x */
    uint8_t *
        index[EQ_DISCRETE_WIDTHS]; /* [batch][width]: largest values of the pooling of coupling l at
                                           s[l-1]; NULL: it has none */
} eq_discrete_state;

typedef struct eq_discrete {
    eq_discrete_options o;
    size_t layers, units, largest,
        evens;                 /* of the state; largest: layer; evens: units of even layers */
    size_t couplings, outputs; /* couplings: one more than layers with a readout */
    size_t width[EQ_DISCRETE_WIDTHS];
    eq_coupling c[EQ_DISCRETE_WIDTHS]; /* [1 .. couplings] */
    char (*name)[8];                   /* of the blocks: w1, b1, .. */
    char *said;                        /* of the parameter asked for last */

    /* of the engine */
    eq_coupling_room room;
    size_t batch, n; /* n: examples of the current minibatch */
    double *x;       /* [batch][inputs] */
    eq_discrete_state
        at[EQ_MAX_SLOTS]; /* that of EQ_ADJOINT has in s the slopes dC/d(field), summed over
                                           time, and the free state's index */
    double *drive;        /* [batch][width[1]]: A_1(x) + b_1, which no phase changes */
    double *next
        [EQ_DISCRETE_WIDTHS]; /* [batch][width] work: a whole state; next[0]: [batch][largest] */
    uint8_t *stood;           /* [batch][largest] work: an index before a sweep */
    double *off;              /* [batch] work: residuals */
    double *even;             /* [batch][evens] the even layers before a sweep */
    double *swept;            /* [evens] those of one example behind it */
    eq_mixing *mixing;

    /* of a phase by sweeps, whose examples 0 .. n-1 do not rest yet */
    size_t *order;  /* [batch] which example of the minibatch a row is */
    size_t *left;   /* [batch] with which row that of an example at rest was swapped */
    eq_nudge nudge; /* its rows in the same order: */
    double *current, *slope, *place; /* [batch][outputs], slope [batch][outputs][outputs] */

    double *z, *pull; /* [batch][outputs] work of the readout */
    double *pulled; /* [EQ_MAX_SLOTS][batch][outputs]: what each phase drives into the outputs where
                         they rest in the free one, of the adjoint -dC/dy */
    double *gradient; /* [largest block] */

    double *back[EQ_DISCRETE_WIDTHS]; /* [batch][width] work: slopes of the loss by the units */

    /* backpropagation through time */
    eq_discrete_state
        *past;   /* [unrolled], a ring of the free phase: at (t % unrolled) that of time t */
    size_t time; /* steps of the last free phase; 0: it was swept to its fixed point */
    double *exact[2 * EQ_DISCRETE_WIDTHS]; /* [block] slopes of the loss by it */
    bool through_time;                     /* those count, not the slot of the adjoint */

    double passes, solves, worst; /* passes: through the weights between units, of all solves */
    double last_step;             /* of counted ones of free phases, the largest move of a unit */
    double free_passes, free_solves; /* of free phases */
} eq_discrete;

static inline bool eq_discrete_pools(const eq_discrete *d, size_t l) {
    return d->c[l].kind.pooling == EQ_POOLING_MAX;
}

/* What a phase drives into the outputs, of which the readout learns. */
static inline double *eq_discrete_pulled(const eq_discrete *d, int slot) {
    return d->pulled + (size_t)slot * d->batch * d->outputs;
}

/* engine.c. The engine, which works on d itself and is freed before it. */
eq_status eq_discrete_engine(eq_discrete *d, const eq_engine_options *o, eq_engine **out,
                             eq_diag *diag);

/* phase.c. From the state in the slot (zero, or that of the free phase) to that of the phase. */
eq_status eq_discrete_settle(eq_discrete *d, int slot, const eq_nudge *nudge, eq_diag *diag);
/* The same with fixed numbers of steps: one step of the state in a slot; returns the largest
 * |s - sigma(dPhi/ds)| before. */
double eq_discrete_step(eq_discrete *d, eq_discrete_state *state, const eq_nudge *nudge);
/* y[n][outputs] of a state. */
void eq_discrete_outputs(eq_discrete *d, const eq_discrete_state *state, double *y);

/* The largest values of poolings stand where they are in this state, not in the one before it. */
void eq_discrete_find_largest(eq_discrete *d, eq_discrete_state *state);
/* out[n][outputs] = current - slope (y - at) of the nudge. */
void eq_discrete_pull(const eq_discrete *d, const eq_nudge *nudge, const double *y, double *out);

/* active.c. All examples take part in a phase, with its nudge (NULL: none) in d->nudge. */
void eq_discrete_take_all(eq_discrete *d, const eq_nudge *nudge);
/* Those with off within the tolerance go behind the first d->n; the last ones, to n in all, come back. */
void eq_discrete_leave_out(eq_discrete *d, eq_discrete_state *a, bool nudged);
void eq_discrete_take_back(eq_discrete *d, eq_discrete_state *a, bool nudged, size_t n);

/* dynamics.c, of dynamics.h */
extern const struct eq_dynamics_ops eq_discrete_dynamics_ops;

/* back.c. The readout learns from -dC/dy at the free state, which stands for what the adjoint's slot drives. */
void eq_discrete_keep_slopes(eq_discrete *d, const double *dcdy);
/* slope[l] = dC/ds of dC/dy, where s is the free state, zero but in the last layer. */
void eq_discrete_source(eq_discrete *d, const double *dcdy, double *const *slope);
/* The fixed point of g = dC/ds + Phi'' sigma' g at the free state (recurrent backpropagation): its sigma'
 * g into the slot of the adjoint. */
eq_status eq_discrete_adjoint(eq_discrete *d, const double *dcdy, eq_diag *diag);
/* One step back: delta[l] = sigma'(s) g of the state `now`, then g = Phi''(before) delta. */
void eq_discrete_back(eq_discrete *d, const eq_discrete_state *now, const eq_discrete_state *before,
                      double **g, double **delta);
/* Backpropagation through the last steps of the free phase, into `exact`. */
void eq_discrete_through_time(eq_discrete *d, const double *dcdy);

#endif
