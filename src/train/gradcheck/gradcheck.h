/* What the two halves of the gradient check share: the truth (truth.c) and the estimates
 * compared with it (gradcheck.c). Inside src/train only. */
#ifndef EQ_TRAIN_GRADCHECK_H
#define EQ_TRAIN_GRADCHECK_H

#include "model/exact.h"
#include "train/session.h"
#include "train/train.h"

typedef struct eq_check {
    const eq_experiment *x;
    eq_session s;
    eq_exact truth; /* the adjoint of the examples */
    double *theta;  /* [parameters] */
    double *scale;  /* [parameters] what a change is compared with: the parameter itself, the range
                       of one that may be negative */
    eq_diag *diag;
} eq_check;

/* Session and room of an experiment, and the adjoint of the first `examples` examples. */
eq_status eq_check_open(eq_check *k, eq_engine_kind kind, size_t examples);
void eq_check_close(eq_check *k);

/* dL/dw of parameter p by central differences of the loss; |slope - dL/dw| <= *doubt. */
eq_status eq_check_difference(eq_check *k, size_t p, double *slope, double *doubt);

/* sampled.c. The experiment's estimator, which samples its phases, at the examples of the check; mean[parameters] of
 * some estimates, truth[parameters]: what they are compared with, d<C>/dtheta by quadrature or the adjoint. */
eq_status eq_check_sampled(eq_check *k, double *mean, double *truth, eq_gradcheck_sampled *out);

#endif
