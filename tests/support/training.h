/* What a training leaves, and experiments that are written. */
#ifndef TESTS_SUPPORT_TRAINING_H
#define TESTS_SUPPORT_TRAINING_H

#include "train/checkpoint.h"
#include "train/experiment/experiment.h"

/* The checkpoint in the folder of a run; eq_checkpoint_free() it. */
eq_checkpoint checkpoint_of(const char *run);

/* The experiment that is read where x is written, in the scratch folder (program.h); fails the test when
 * it is not written with the same text again. */
eq_experiment *written_again(const eq_experiment *x);

#endif
