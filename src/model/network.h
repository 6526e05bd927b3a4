/* The inside of a model, for model.c and device/model.c. */
#ifndef EQ_MODEL_NETWORK_H
#define EQ_MODEL_NETWORK_H

#include "model/substrate.h"

/* How one block is changed. */
typedef struct trained_block {
    double rate; /* before the schedule */
    eq_step_range range;
    double *state[EQ_MAX_STATES]; /* [count] in the engine's order */
    int32_t *place;               /* [count] where the engine's j-th parameter is in the block */
    eq_devices *devices;          /* that store the parameters; NULL: they are ideal */
} trained_block;

typedef struct eq_network_regularizer eq_network_regularizer; /* regularizer.h */

struct eq_network {
    eq_substrate of; /* what it is made of */
    eq_engine *engine;
    eq_block *block;
    trained_block *trained;
    size_t blocks, parameters;
    const eq_optimizer_kind *optimizer;
    eq_network_regularizer *regularizer; /* NULL: there is none */
    double *gradient;                    /* where eq_network_gradient writes */
    double *collected;    /* [parameters] of eq_network_collect, in the engine's order */
    bool collects;        /* there is something in it */
    double *sum, *square; /* [parameters] of eq_network_watch */
    uint64_t step;        /* of the update that is going on */
    bool varied;          /* the engine has what was read last, not what the devices show */
    double *read;         /* [2][largest block] room for what is read, and for a block */
    size_t largest;       /* block that has devices, or may have */
};

/* The devices show from now on what the substrate has. */
void eq_network_take_shown(eq_network *n);

#endif
