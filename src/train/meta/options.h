/* What an experiment says of meta-learning and of the regularizer that it needs. */
#ifndef EQ_TRAIN_META_OPTIONS_H
#define EQ_TRAIN_META_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/pull.h"

/* Contrastive meta-learning (Scellier 2020, section 6.3; Zucchet et al. 2021). */
typedef struct eq_meta_options {
    size_t shots;   /* examples (of each class) that a task is learned from; 0: no meta-learning */
    size_t queries; /* those that its outer loss is of */
    size_t ways;    /* classes of a task */
    size_t tasks;   /* of classes: so many are drawn */
    double beta;    /* of L_in + beta L_out */
    bool symmetric; /* trainings at beta and -beta instead of beta and 0 */
    size_t steps;   /* of an inner training, at most */
    double tolerance;  /* norm of its gradient, each parameter in units of the largest of its group
                         [unit of the loss] */
    double rate;       /* of the logarithms of the strengths; 0: these stay */
    double bound_rate; /* of the soft bounds, over that of their group; 0: these stay */
} eq_meta_options;

/* What pulls parameters beside the loss that a training goes down. */
typedef struct eq_regularizer {
    eq_pull pull; /* of groups without their own */
    bool start;   /* the center is where the parameters begin; else 0 */
} eq_regularizer;

#endif
