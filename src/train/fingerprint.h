/* What a training was begun with, so that a checkpoint goes on only with the same. Free to change
 * on the way: the number of epochs, threads, processes, the engine, how often files are written,
 * where the folder, the deck and the data lie, and what a deck prints and sweeps. */
#ifndef EQ_TRAIN_FINGERPRINT_H
#define EQ_TRAIN_FINGERPRINT_H

#include "model/model.h"
#include "train/experiment/experiment.h"

typedef struct eq_fingerprint {
    uint64_t seed;
    uint64_t experiment; /* eq_experiment_fingerprint: encoding, cost, estimator, optimizer, .. */
    uint64_t circuit;    /* eq_circuit_fingerprint, before conductances are drawn; without one,
                         eq_network_fingerprint */
    uint64_t data;       /* eq_data_fingerprint */
} eq_fingerprint;

/* Values, labels, names of the classes and which rows train and test. */
uint64_t eq_data_fingerprint(const eq_data_set *set);
/* The same of values, labels and names alone: what the files hold, however they are split. */
uint64_t eq_data_checksum(const eq_data_set *set);
/* Of the element that says what network without a circuit it is, and what is in its lists, wherever they lie. */
eq_status eq_network_fingerprint(const eq_experiment *x, uint64_t *hash, eq_diag *diag);
/* c: NULL without a circuit. */
eq_status eq_fingerprint_of(const eq_experiment *x, const eq_circuit *c, const eq_data_set *set,
                            eq_fingerprint *out, eq_diag *diag);
/* EQ_ERR_INPUT names every part in which `now` is not what the checkpoint at `path` began with. */
eq_status eq_fingerprint_check(const eq_fingerprint *now, const eq_fingerprint *began,
                               const eq_experiment *x, const char *path, eq_diag *diag);
/* Appends the names of the experiment's data files. */
void eq_data_names(const eq_data_options *o, eq_text *out);

/* The identity of a run that begins with this: of what decides its files, so that the same command
 * gives the same bits again. Never 0, which stands for a file that has none. */
uint64_t eq_run_identity(const eq_fingerprint *began, const eq_experiment *x);

#endif
