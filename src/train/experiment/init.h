/* Initial parameters of a block, in the order of the deck, from a seed. */
#ifndef EQ_TRAIN_INIT_H
#define EQ_TRAIN_INIT_H

#include "base/random.h"
#include "model/model.h"

typedef enum eq_init_type {
    EQ_INIT_DECK,        /* as the deck has them */
    EQ_INIT_UNIFORM,     /* uniform in [low, high] */
    EQ_INIT_LOG_UNIFORM, /* exp of uniform in [log low, log high] */
    EQ_INIT_FAN_IN,      /* uniform in [low, high/sqrt(fan-in)] */
    EQ_INIT_KAIMING,     /* uniform in +-high/sqrt(fan-in), those below gmin set to gmin */
} eq_init_type;

typedef struct eq_init {
    eq_init_type type;
    double low, high; /* in the unit of the block */
} eq_init;

bool eq_init_find(const char *name, eq_init_type *type);
const char *eq_init_name(eq_init_type type);

/* Sets the parameters of a block. Values are clipped to its bounds. */
eq_status eq_init_block(eq_network *n, size_t block, const eq_init *init, eq_random *random,
                        eq_diag *diag);

#endif
