/* The outer gradient of meta-learning against differences of the outer loss. */
#ifndef EQ_TRAIN_META_CHECK_H
#define EQ_TRAIN_META_CHECK_H

#include "train/train.h"

/* One estimator, taken to beta = 0. */
typedef struct eq_meta_check_row {
    const char *estimator;
    double beta; /* the largest of those it was tried at */
    double
        error; /* |estimate - difference| over |difference|, parameters in units of the largest of their group */
    double cosine; /* of the two */
    double order;  /* of the error in beta; NAN: it is below round-off */
} eq_meta_check_row;

/* What pulls a group where the gradient was checked. */
typedef struct eq_meta_group {
    char *name;
    eq_pull pull; /* strength 0: tasks do not learn it; soft 0: it has no soft bounds */
} eq_meta_group;

typedef struct eq_meta_check_report {
    eq_meta_group *group;
    size_t groups;
    eq_meta_check_row row[2];
    eq_meta_check_row own; /* the experiment's, at its beta and with its tolerance */
    size_t tasks, compared, parameters;
    double open;  /* what tolerance and steps of the differences leave open, over |difference| */
    double steps; /* gradients of a training, mean */
    double bound;
    char *why; /* what does not hold; NULL: all does */
} eq_meta_check_report;

/* At the first tasks (0: 1), where the network stands, which this takes over, with the strengths and bounds that its
 * run's folder has; both NULL: where training begins. EQ_OK also where the bound does not hold: then there is a `why`. */
eq_status eq_meta_check(const eq_experiment *x, eq_network *trained, const char *folder,
                        size_t tasks, eq_meta_check_report *out, eq_diag *diag);
void eq_meta_check_free(eq_meta_check_report *r);

#endif
