/* What a trained network makes of its inputs (Scellier 2020, section 2.7: dL/dx from the same two phases):
 * gradients, adversarial examples, and inputs that an output likes most. */
#ifndef EQ_TRAIN_ATTACK_H
#define EQ_TRAIN_ATTACK_H

#include "result/result.h"
#include "train/train.h"

enum { EQ_ATTACKS = 16 };

typedef struct eq_attack_options {
    bool gradient;          /* a table of dC/dx of all examples */
    double eps[EQ_ATTACKS]; /* how far a feature may be moved, in parts of its range */
    size_t count;           /* of eps */
    size_t steps; /* 1: the fast gradient sign method (Goodfellow et al. 2015); more: projected
                               gradient ascent (Madry et al. 2018) in steps of 2.5 eps/steps */
} eq_attack_options;

typedef struct eq_attack {
    eq_result *gradient; /* example, dL/dx1 ..: per unit of the feature, a pixel being in [0, 1] */
    double loss[EQ_ATTACKS], error[EQ_ATTACKS]; /* of the moved examples; error NAN of targets */
} eq_attack;

/* Of the samples that eq_trained_evaluate would score, by phases of the experiment's beta, or by the
 * adjoint where it trains by that or by clamps. */
eq_status eq_trained_attack(eq_trained *m, const eq_attack_options *o, eq_attack *out,
                            eq_diag *diag);
void eq_attack_free(eq_attack *a);

/* Pictures, as features between 0 and 1 of their range: of the first *count samples that are known and, moved
 * by eps in `steps`, are taken for another class; the last dL/dx, in [-1, 1] of its largest; and where they
 * moved to. image[*count][3][features]; *count: how many there are. */
eq_status eq_trained_adversaries(eq_trained *m, size_t *count, double eps, size_t steps,
                                 double *image, eq_diag *diag);
/* image[examples][1 + epochs][features] in parts of the largest value: the first training examples as they are, and as the
 * first epochs distort them. EQ_ERR_USAGE: the run distorts nothing, or has fewer examples. */
eq_status eq_trained_distorted(eq_trained *m, size_t examples, size_t epochs, double *image,
                               eq_diag *diag);
size_t eq_trained_outputs(const eq_trained *m);
/* image[outputs][features]: where `steps` of gradient ascent bring each output, from the mean of the training
 * examples of its class, or from the middle of all ranges. */
eq_status eq_trained_liked(eq_trained *m, size_t steps, double *image, eq_diag *diag);

#endif
