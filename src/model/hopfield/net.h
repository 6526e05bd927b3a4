/* The inside of a deep Hopfield network: hopfield.c makes it, couple.c has its couplings, phase.c finds its states,
 * engine.c is the engine of model.h over them. */
#ifndef EQ_MODEL_HOPFIELD_NET_H
#define EQ_MODEL_HOPFIELD_NET_H

#include "model/coupling/coupling.h"
#include "model/dynamics.h"
#include "model/engine_ops.h"
#include "model/hopfield/hopfield.h"
#include "model/mixing.h"

enum {
    EQ_HOPFIELD_JOINT = 32, /* most outputs that go to a common minimum with the layer before */
    EQ_HOPFIELD_COUPLINGS = 2 * EQ_HOPFIELD_LAYERS + EQ_MAX_SKIPS,
    EQ_HOPFIELD_RUNS = EQ_HOPFIELD_COUPLINGS + EQ_HOPFIELD_LAYERS,
    EQ_HOPFIELD_NAME = 96
};

/* -r_from^T W r_to of two layers, or inside one: -sum_(i<j) W_ij r_i r_j. Where there is no list its parameters are
 * all of W, else those that the list names, rising; the others are not there, and zero. */
typedef struct eq_hopfield_coupling {
    size_t from, to;
    eq_coupling
        of; /* dense, without biases; inside a layer w is symmetric, and the list has row < column */
} eq_hopfield_coupling;

/* Parameters in one piece: number `first` and so on of a block. */
typedef struct eq_hopfield_run {
    size_t block, first, count;
    double *value;
    eq_hopfield_coupling *coupling; /* NULL: biases */
    size_t layer;                   /* of the biases */
} eq_hopfield_run;

/* Layer l = 1 .. layers: units behind biases b[width[l]]; layer 0 is the inputs. All arrays of a minibatch lie row by
 * row, an example each. r = sigma(s) is s itself where the units are clipped. A sweep has two halves: the layers of the
 * first are not coupled to each other, and those of the second (`later`) may be: then the network is woven. */
typedef struct eq_hopfield {
    eq_hopfield_options o;
    size_t layers, units, largest;
    /* layer by layer, then skips, then lateral ones */
    eq_hopfield_coupling coupling[EQ_HOPFIELD_COUPLINGS];
    size_t couplings;
    eq_coupling_room room; /* of the engine */
    eq_hopfield_run run[EQ_HOPFIELD_RUNS];
    size_t runs, blocks;
    eq_names *unit;                     /* of a graph, else NULL */
    int32_t *label[EQ_HOPFIELD_LAYERS]; /* [width] names of its units */
    bool later[EQ_HOPFIELD_LAYERS], woven;
    bool joint; /* the last hidden layer and the outputs go to their common minimum, both later */
    size_t laters; /* units of later layers */
    double *b[EQ_HOPFIELD_LAYERS];
    char (*name)[8]; /* of the blocks: w1, b1, .. */
    char *said;      /* of the parameter asked for last */

    /* of the engine */
    size_t batch, n;                             /* n: examples of the current minibatch */
    double *x;                                   /* [batch][inputs] */
    double *s[EQ_MAX_SLOTS][EQ_HOPFIELD_LAYERS]; /* [batch][width]; s[.][0] = x */
    double *r[EQ_MAX_SLOTS][EQ_HOPFIELD_LAYERS]; /* the same of r; of the adjoint l sigma'(s) */
    /* [batch][width] 1 - sigma''(s) field at the free state, of units that are not clipped; biases and inputs, which
     * no phase changes; a whole state, work */
    double *curve[EQ_HOPFIELD_LAYERS], *drive[EQ_HOPFIELD_LAYERS], *next[EQ_HOPFIELD_LAYERS];
    double *off;   /* [batch] work: residuals */
    double *even;  /* [batch][laters] the later layers before a sweep */
    double *swept; /* [laters] those of one example behind it */
    double damp;   /* how far they go there where they are woven */
    eq_mixing *mixing;
    double *field, *force;           /* [batch][largest] work */
    double *common;                  /* [5][largest] work of one example's common minimum */
    double *vectors;                 /* [4][batch][units] work of the adjoint */
    double *gradient;                /* [largest block] */
    double passes, solves, worst;    /* passes: through the weights between units, of all solves */
    double free_passes, free_solves; /* those of free phases */
} eq_hopfield;

/* weave.c. Lays out couplings and the order of the sweeps. */
eq_status eq_hopfield_weave(eq_hopfield *h, eq_diag *diag);
/* The next coupling, which has no arrays as yet. */
eq_hopfield_coupling *eq_hopfield_add(eq_hopfield *h, size_t from, size_t to);
/* How many W_ij there may be. */
size_t eq_hopfield_pairs(const eq_hopfield_coupling *c);
/* The units, in their layers, that weight k joins. */
void eq_hopfield_ends(const eq_hopfield_coupling *c, size_t k, size_t *row, size_t *column);
/* "w1", "ws0_2" of a skip, "wl1" inside a layer. */
void eq_hopfield_coupling_name(const eq_hopfield_coupling *c, char name[8]);
/* Unit k of a layer, by its name or its number. */
void eq_hopfield_unit_name(const eq_hopfield *h, size_t layer, size_t k, eq_text *out);

/* graph.c. Layers and couplings of a list of edges. */
eq_status eq_hopfield_graph(eq_hopfield *h, eq_diag *diag);

/* joined.c. Whether the inputs act on each output, and in a graph each unit on some output. */
eq_status eq_hopfield_joined(const eq_hopfield *h, eq_diag *diag);
/* Units that are coupled to one another directly or by others, and whether by an even number of couplings. */
typedef struct eq_joined {
    int32_t *above; /* [units] of the tree of its part, itself: the root */
    bool *odd;      /* [units] couplings up to there; false of a root */
} eq_joined;
bool eq_joined_new(eq_joined *j, size_t units);
void eq_joined_free(eq_joined *j);
/* The root of a unit; *odd: whether an odd number of couplings leads there. */
int32_t eq_joined_find(eq_joined *j, int32_t unit, bool *odd);
void eq_joined_join(eq_joined *j, int32_t a, int32_t b);

/* couple.c. W of the parameters, where there is a list and W. */
void eq_hopfield_expand(eq_hopfield_coupling *c);
/* Adds what units of other layers, and others of its own, make of layer l, without the inputs: field[n][width] += W^T r */
void eq_hopfield_couple(const eq_hopfield *h, double *const *r, size_t l, double *field);
/* x W + b of all layers. */
void eq_hopfield_drive(eq_hopfield *h);
/* h->damp: 1 over 1 + the largest |eigenvalue| of the couplings among later layers. */
void eq_hopfield_soften(eq_hopfield *h);
/* h->gradient = sum_slot a[slot] dE/dW of a coupling, of the adjoint dL/dW. */
void eq_hopfield_weights(eq_hopfield *h, const eq_hopfield_coupling *c,
                         const double a[EQ_MAX_SLOTS]);

/* r = sigma(s) of a slot. */
void eq_hopfield_activate(eq_hopfield *h, int slot);

/* engine.c. The engine, which works on h itself and is freed before it. */
eq_status eq_hopfield_engine(eq_hopfield *h, const eq_engine_options *o, eq_engine **out,
                             eq_diag *diag);

/* phase.c. From the state in slot 0 (or zero, of the free phase) to that of the slot. */
eq_status eq_hopfield_settle(eq_hopfield *h, int slot, const eq_nudge *nudge, eq_diag *diag);
/* s <- clip(s - step dE/ds) of all layers at once (Eq. 3.25); the largest |s - clip(s - dE/ds)| before. */
double eq_hopfield_euler(eq_hopfield *h, int slot, const eq_nudge *nudge, double step);
/* h->next: s - dE/ds of all layers. */
void eq_hopfield_force(eq_hopfield *h, int slot, const eq_nudge *nudge);

/* hessian.c. h->curve, of units that are not clipped. */
void eq_hopfield_bend(eq_hopfield *h);
/* c = dC/ds of dcdy[n][outputs], 0 of a unit at a bound. */
void eq_hopfield_slopes(const eq_hopfield *h, const double *dcdy, double *c);
/* z = H l, [n][units]; the slot of the adjoint is work space. */
void eq_hopfield_product(eq_hopfield *h, const double *l, double *z);
/* lambda[n][units] into the slot of the adjoint. */
void eq_hopfield_put_adjoint(eq_hopfield *h, const double *lambda);

/* adjoint.c. Whether examples of the free phase stood at a saddle, from which a unit of each was moved so far. */
bool eq_hopfield_leave(eq_hopfield *h, double far);
/* Solves H lambda = dC/ds at the free phase, without the units at 0 and 1 of those that are clipped, where H is the
 * Hessian of E: the stationary point of recurrent backpropagation (Eq. 3.12-3.15). */
eq_status eq_hopfield_adjoint(eq_hopfield *h, const double *dcdy, eq_diag *diag);

/* dynamics.c: units between 0 and 1, units without bounds. */
extern const eq_dynamics_ops eq_hopfield_dynamics_ops, eq_hopfield_soft_dynamics_ops;

#endif
