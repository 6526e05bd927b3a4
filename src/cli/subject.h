/* What op, export and verify work on: a deck, or a folder that train wrote. */
#ifndef EQ_CLI_SUBJECT_H
#define EQ_CLI_SUBJECT_H

#include "circuit/deck.h"
#include "cli/commands.h"
#include "train/train.h"

typedef struct eq_subject {
    eq_trained *trained; /* NULL for a deck */
    eq_deck *deck;       /* NULL for a folder */
    eq_circuit *circuit;
} eq_subject;

/* dialect: of a deck, NULL: recognised. */
eq_status eq_subject_open(const char *path, const char *dialect, eq_subject *s, eq_diag *diag);
void eq_subject_close(eq_subject *s);
/* What gradcheck and langevin work on: an experiment (then *model is NULL), or the model that a folder holds. */
eq_status eq_subject_model(const char *path, const eq_settings *settings, eq_experiment **x,
                           eq_network **model, eq_diag *diag);
/* Puts sample k on the inputs, in the free or the nudged phase. */
eq_status eq_subject_sample(eq_subject *s, size_t k, bool nudged, eq_diag *diag);
/* Understands --sample K or K..L (NULL: the first) and --train: the samples *first .. *last, of the
 * training set where --train says so, or where there is no test set and no --sample. A deck has
 * none: EQ_ERR_USAGE when one is asked for. */
eq_status eq_subject_samples(eq_subject *s, const char *range, bool *training, size_t *first,
                             size_t *last, eq_diag *diag);
/* Puts "1,0,.." on the inputs: features as they stand in the data of a trained network, V on the
 * input sources of a deck. */
eq_status eq_subject_input(eq_subject *s, const char *values, eq_diag *diag);
/* What stands on the inputs for one operating point: the values of --input, the sample of --sample or --train, of
 * a folder without either its first one; of a deck what it has there. */
eq_status eq_subject_inputs(eq_subject *s, const char *input, const char *sample, bool training,
                            eq_diag *diag);

#endif
