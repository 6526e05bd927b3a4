/* Theorem 3.1 over time and the outer gradient of meta-learning, as `eqspice gradcheck` tells them. */
#ifndef EQ_CLI_GRADCHECK_H
#define EQ_CLI_GRADCHECK_H

#include "train/transient.h"

typedef struct eq_transient_request {
    eq_transient_options options;
    const char *output; /* FILE of the curves */
    bool json;
} eq_transient_request;

/* Takes over the model. */
eq_status eq_gradcheck_transient(const eq_experiment *x, eq_network *trained,
                                 const eq_transient_request *r, const char *input, eq_diag *diag);

/* gradcheck_meta.c. folder: of the run that the model is of, NULL: of none. tasks: 0: one. Takes over the model. */
eq_status eq_gradcheck_meta(const eq_experiment *x, eq_network *trained, const char *folder,
                            size_t tasks, bool json, eq_diag *diag);

#endif
