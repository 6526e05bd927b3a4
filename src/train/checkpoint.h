/* The state of a training run on disk: everything that decides its future bits, and what eval
 * needs. A file is: magic, version, length of the body, CRC-32 of the body, body. It is written
 * atomically. Formats 1, which had no identity and a weaker fingerprint, and 2, which knew neither
 * targets nor a best epoch and had shorter rows of metrics, 3, without devices, 4, without hops, and 5, without extras, are read; a run of format 1 cannot be resumed. */
#ifndef EQ_TRAIN_CHECKPOINT_H
#define EQ_TRAIN_CHECKPOINT_H

#include "base/random.h"
#include "model/device/device.h"
#include "model/optimizer.h"
#include "train/encode.h"
#include "train/fingerprint.h"
#include "train/train.h"

typedef struct eq_checkpoint {
    uint64_t run;             /* eq_run_identity; 0 in files of format 1 */
    eq_fingerprint began;     /* unknown in files of format 1 */
    uint64_t epoch, position; /* epochs done, examples of the next one done */
    uint64_t steps;           /* optimizer steps done */
    eq_random shuffle, sign;  /* shuffle: at the start of the epoch; sign: now */
    double loss;              /* sum over the examples of the epoch so far */
    uint64_t wrong;           /* wrong predictions of the epoch so far */
    double hops; /* clamped phases of the epoch so far in another mode; NAN: not counted */
    uint64_t targets;
    double *square;                /* [targets] squared errors of the epoch so far */
    double seconds, epoch_seconds; /* training time: whole run, training part of this epoch */
    uint64_t conductances;
    double *g; /* [conductances] parameters in the order of model.h */
    uint64_t states;
    double *state[EQ_MAX_STATES]; /* [conductances] in the same order */
    double
        *device[EQ_DEVICE_ARRAYS]; /* [conductances] what devices keep (device.h); NULL: nothing */
    uint64_t rows;
    eq_metrics *row;                 /* metrics so far */
    uint64_t best_epoch, best_steps; /* the one that did best on the validation set; 0: none yet */
    double *best;                    /* [conductances] its parameters; NULL without one */
    uint64_t extras;
    double *extra; /* [extras] what meta-learning has beside these (meta/meta.h) */
    eq_encoder encoder;
    uint64_t classes;
    char **class_name;
    uint64_t features; /* whose columns of a CSV file have names; 0: none have */
    char **feature_name;
} eq_checkpoint;

eq_status eq_checkpoint_write(const eq_checkpoint *p, const char *path, eq_diag *diag);
/* Allocates all arrays of *p; eq_checkpoint_free frees them. */
eq_status eq_checkpoint_read(const char *path, eq_checkpoint *p, eq_diag *diag);
void eq_checkpoint_free(eq_checkpoint *p);

/* The parameters of the network that the run stands for, and the optimizer steps they have had: of
 * the best epoch where there is one. */
const double *eq_checkpoint_network(const eq_checkpoint *p, uint64_t *steps);
/* The row of the best epoch; NULL where there is none. */
const eq_metrics *eq_checkpoint_best(const eq_checkpoint *p);

#endif
