/* `eqspice gradcheck --transient`: both sides of theorem 3.1 over time (transient.c). */
#ifndef EQ_TRAIN_TRANSIENT_H
#define EQ_TRAIN_TRANSIENT_H

#include "result/result.h"
#include "train/train.h"

typedef struct eq_transient_options {
    size_t examples; /* the first so many of the training set; 0: 4 */
    size_t steps;    /* 0: until a thousandth of dL_t/ds is left */
    double step;     /* of Euler's method [s]; NAN: half of one over the fastest rate */
    double beta;     /* NAN: the limit, by a nudge that moves no unit by more than 1e-5 */
    double farad;    /* of every node; NAN: the deck's capacitors, or 1 F without any */
} eq_transient_options;

typedef struct eq_transient {
    /* t, the norms of both sides of 3.7 (times the parameters), error over the largest right side so far,
     * cosine; the same of 3.8; then both sides of some parameters and units, s1_3@2 being that of example 2 */
    eq_result *table;
    size_t examples, parameters, units, steps;
    double step, beta;
    bool given;                      /* beta was: no bound holds */
    bool in_time;                    /* discrete steps: 5.28 and 5.27 stand for 3.7 and 3.8 */
    size_t free_steps, nudged_steps; /* of a discrete-time network; 0: it goes to its fixed point */
    double
        unsteady; /* how far the largest unit is from the steady state after those free steps; else NAN */
    double missing;    /* of the gradient after those nudged steps, relative; else NAN */
    double left;       /* |dL_t/ds| at the end over |dC/ds| */
    double to_adjoint; /* |dL_t/dtheta - adjoint| over |adjoint| at the end */
    double theta_error, state_error; /* the largest of the table */
    double bound;
    bool passed;
} eq_transient;

eq_transient_options eq_transient_defaults(void);
/* Where the network stands (eq_trained_model), which this takes over; NULL: where training begins. EQ_OK also
 * where a bound does not hold. */
eq_status eq_transient_check(const eq_experiment *x, eq_network *trained,
                             const eq_transient_options *o, eq_transient *out, eq_diag *diag);
void eq_transient_free(eq_transient *t);

#endif
