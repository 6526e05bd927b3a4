/* Whether a network without a circuit is what a run has trained: its checkpoint holds parameters alone. */
#ifndef EQ_TRAIN_SAME_H
#define EQ_TRAIN_SAME_H

#include "model/model.h"
#include "train/experiment/experiment.h"

/* The lists of a network are no part of the folder; began: eq_network_fingerprint of the run when it began. */
eq_status eq_same_lists(const eq_experiment *x, uint64_t began, eq_diag *diag);
/* The parameters of the changed network n must be called as those of the run's experiment x. */
eq_status eq_same_parameters(const eq_experiment *x, const eq_network *n, eq_diag *diag);

#endif
