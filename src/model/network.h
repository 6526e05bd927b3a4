/* The inside of a model, for model.c and model_device.c. */
#ifndef EQ_MODEL_NETWORK_H
#define EQ_MODEL_NETWORK_H

#include "circuit/reduction.h"
#include "model/engine.h"

/* How one block is changed. */
typedef struct trained_block {
    double rate; /* before the schedule */
    eq_step_range range;
    double *state[EQ_MAX_STATES]; /* [count] in the engine's order */
    int32_t *place;               /* [count] where the engine's j-th parameter is in the block */
    eq_devices *devices;          /* that store the parameters; NULL: they are ideal */
} trained_block;

struct eq_network {
    eq_circuit *c;
    eq_engine *engine;
    eq_block *block;
    trained_block *trained;
    size_t blocks, parameters;
    const eq_optimizer_kind *optimizer;
    double *gradient;        /* where eq_network_gradient writes */
    eq_reduction *reduction; /* of c; made when potentials are first asked for */
    double *unknown;         /* [unknowns of reduction] V, then [inputs] V */
    double *sum, *square;    /* [parameters] of eq_network_watch */
    uint64_t step;           /* of the update that is going on */
    bool varied;             /* the engine has what was read last, not what the devices show */
    double *read;            /* [largest block] room for what is read */
};

/* The devices show from now on what the circuit has. */
void eq_network_take_shown(eq_network *n);

#endif
