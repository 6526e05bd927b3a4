/* Initial conductances of a group, in the order of the deck, from a seed. */
#ifndef EQ_TRAIN_INIT_H
#define EQ_TRAIN_INIT_H

#include "base/random.h"
#include "circuit/circuit.h"

typedef enum eq_init_type {
    EQ_INIT_DECK,        /* as the deck has them */
    EQ_INIT_UNIFORM,     /* uniform in [low, high] */
    EQ_INIT_LOG_UNIFORM, /* exp of uniform in [log low, log high] */
    EQ_INIT_FAN_IN,      /* uniform in [low, high/sqrt(fan-in)] */
    EQ_INIT_KAIMING,     /* uniform in +-high/sqrt(fan-in), those below gmin set to gmin */
} eq_init_type;

typedef struct eq_init {
    eq_init_type type;
    double low, high; /* S */
} eq_init;

bool eq_init_find(const char *name, eq_init_type *type);
const char *eq_init_name(eq_init_type type);

/* Sets the conductances of group g. Values are clipped to [gmin, gmax] of the group. */
eq_status eq_init_group(eq_circuit *c, size_t g, const eq_init *init, eq_random *random,
                        eq_diag *diag);

#endif
