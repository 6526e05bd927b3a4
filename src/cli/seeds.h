/* `train --seeds`: trainings that differ in the seed, and the table of what came out. */
#ifndef EQ_CLI_SEEDS_H
#define EQ_CLI_SEEDS_H

#include "train/experiment/experiment.h"

/* Processors that this process may use, >= 1. */
int eq_processors(void);
/* o: of all together; seeds as --seeds gives them. */
eq_status eq_train_seeds(const eq_experiment *x, const eq_train_options *o, const char *seeds,
                         eq_diag *diag);

#endif
