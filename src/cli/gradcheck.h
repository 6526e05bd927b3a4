/* Theorem 3.1 over time, as `eqspice gradcheck --transient` tells it. */
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

#endif
