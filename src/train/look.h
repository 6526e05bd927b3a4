/* What a training begins with, looked at before its first epoch: how far the estimator's gradient
 * at its beta is from the adjoint on some examples, and which groups get none. Advice alone: it
 * changes nothing. Inside src/train only. */
#ifndef EQ_TRAIN_LOOK_H
#define EQ_TRAIN_LOOK_H

#include "train/session.h"

typedef struct eq_look {
    size_t examples;
    double error, cosine; /* |g (estimate - adjoint)| / |g adjoint|; NAN: there was nothing to
                             compare */
} eq_look;

/* warned[blocks]: set where a group was warned of. Warns, with what to do, of a beta outside the range where the estimate is good, of an estimate
 * that is good at none, and of groups without a gradient. */
eq_status eq_look_at(eq_session *s, bool *warned, eq_look *out, eq_diag *diag);

#endif
