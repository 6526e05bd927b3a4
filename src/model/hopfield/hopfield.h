/* Deep Hopfield networks (Scellier 2020, chapter 3): units s in layers, the inputs x clamped, with the energy
 *
 *   E = sum_i s_i^2/2 - sum_(i<j) W_ij sigma(s_i) sigma(s_j) - sum_i b_i sigma(s_i)       (3.16)
 *
 * where an input counts as it is, and sigma(s) = s of the hard sigmoid, as clipping (3.25) keeps the units in
 * [0, 1]. W joins a layer to the next, to others (skips) and to itself (lateral), all of their units or some. It is a
 * model without a circuit: its blocks are w1, b1, w2, b2, ..., then ws0_2 of a skip from the inputs to layer 2, wl1 of
 * lateral ones in layer 1. Or W is a list of edges between units with names: inputs, outputs, and hidden ones, which
 * are put into layers such that few are coupled inside them; its blocks are w and b. */
#ifndef EQ_MODEL_HOPFIELD_H
#define EQ_MODEL_HOPFIELD_H

#include "circuit/architecture.h"
#include "model/model.h"
#include "model/sigma.h"

enum { EQ_HOPFIELD_LAYERS = 16 };

typedef enum eq_hopfield_solver {
    EQ_HOPFIELD_SWEEPS, /* each layer to the minimum of E at the given others, in turn */
    EQ_HOPFIELD_EULER,  /* s <- clip(s - step dE/ds), all at once (Eq. 3.25) */
} eq_hopfield_solver;

typedef struct eq_hopfield_options {
    size_t layers; /* entries of width: inputs, hidden layers, outputs; 0: none */
    size_t width[EQ_HOPFIELD_LAYERS];
    eq_skip skip[EQ_MAX_SKIPS];
    size_t skips;
    unsigned lateral; /* bit l: any two units of layer l are coupled */
    char *density;    /* part of the weights that there is: "0.1", "w1=0.1 wl1=0.05"; NULL: all */
    size_t topology;  /* seed of which these are; 0: `seed` */
    char *edges;      /* instead of layers: path of from,to[,value]; NULL: none */
    char *inputs, *outputs; /* units of these edges: "a b" */
    eq_place at;            /* where it was written, all 0: nowhere */
    eq_place density_at, inputs_at, outputs_at;
    const eq_sigma *sigma;
    eq_hopfield_solver solver;
    double step;      /* of Euler */
    double tolerance; /* a state is one where no unit has |s - clip(s - dE/ds)| above it */
    size_t steps;     /* Euler steps or sweeps after which a phase has failed */
    uint64_t seed;    /* of the weights that a network begins with */
} eq_hopfield_options;

eq_hopfield_options eq_hopfield_defaults(void);
void eq_hopfield_options_free(eq_hopfield_options *o);
/* Whether they say a network. */
static inline bool eq_hopfield_is(const eq_hopfield_options *o) {
    return o->layers > 0 || o->edges != NULL;
}
/* "sweeps" or "euler"; false: it is neither. */
bool eq_hopfield_solver_find(const char *name, eq_hopfield_solver *solver);
const char *eq_hopfield_solver_name(eq_hopfield_solver solver);

/* EQ_ERR_INPUT: it cannot be built; files are not yet read. */
eq_status eq_hopfield_check(const eq_hopfield_options *o, eq_diag *diag);
/* The network with weights drawn evenly from +-sqrt(6/(a + b)) (Glorot & Bengio 2010), where a and b are how many
 * of them each of the two units has, a quarter of that between two hidden layers, and no biases. The options stay the
 * caller's. */
eq_status eq_hopfield_new(const eq_hopfield_options *o, eq_network **out, eq_diag *diag);

#endif
