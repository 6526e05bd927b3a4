/* A trained network taken up from its folder, as the files that evaluate it see it. Inside
 * src/train only. */
#ifndef EQ_TRAIN_TRAINED_H
#define EQ_TRAIN_TRAINED_H

#include "train/session.h"
#include "train/train.h"

struct eq_trained {
    eq_experiment *x;
    eq_experiment *run; /* the same without the caller's settings */
    size_t presets;     /* of the run itself; those behind them are the caller's */
    bool other;         /* the circuit is not that of model.cir, but of the changed experiment */
    bool drawn;         /* chips are drawn: the circuit is as it was meant */
    bool deviates;      /* it is, or is to be made, another chip than that of model.cir */
    eq_encoding was;    /* how the run encodes */
    eq_engine_options engine;
    eq_session s;
    eq_metrics best; /* of the epoch that the validation set has chosen; epoch 0: it has not */
    eq_metrics last; /* of the last epoch; epoch 0: none was trained */
    size_t epochs;   /* that have been trained */
    bool training;   /* samples are those of the training set */
};

#endif
