/* The folder of a run: one run at a time writes there, and all its files say which run they are of.
 * A new run starts where there is none; one that takes another's place removes the old files in an
 * order that leaves, at every instant, the old run or nothing that passes for a network. */
#ifndef EQ_TRAIN_FOLDER_H
#define EQ_TRAIN_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "train/checkpoint.h"

/* The right to write there, lost with the process: flock on FOLDER/.eqspice.lock, in which the
 * owner's process and machine stand for the message. */
typedef struct eq_claim eq_claim;

/* Takes the folder, which is there; EQ_ERR_INPUT when another training has it. */
eq_status eq_folder_claim(const char *folder, eq_claim **out, eq_diag *diag);
/* Gives it back; NULL is legal. */
void eq_folder_release(eq_claim *claim);

/* *name: a file of a run that the folder holds, NULL when there is none. */
eq_status eq_folder_holds(const char *folder, const char **name, eq_diag *diag);
/* EQ_ERR_USAGE: what the folder holds is not written over unasked. */
eq_status eq_folder_refuse(const char *folder, const char *held, eq_diag *diag);
/* EQ_ERR_USAGE when eq_folder_clear would remove `input`, by whatever path it is named; NULL is
 * legal. */
eq_status eq_folder_spares(const char *folder, const char *input, eq_diag *diag);
/* Removes the files of a run, by their names. */
eq_status eq_folder_clear(const char *folder, eq_diag *diag);

/* EQ_ERR_INPUT unless the folder has a checkpoint to go on from. */
eq_status eq_folder_resumes(const char *folder, eq_diag *diag);
/* EQ_ERR_INPUT: there is no run in it. */
eq_status eq_folder_begun(const char *folder, eq_diag *diag);
/* EQ_ERR_INPUT says what a run lacks to be a trained network, whose circuit stands in model.cir. */
eq_status eq_folder_complete(const char *folder, bool circuit, eq_diag *diag);
/* Whether the path is that of a file which a run or several have written into their folder. */
bool eq_folder_has(const char *path);

/* What model.cir says of itself: the run (0: none) and the optimizer steps it has had. */
typedef struct eq_model_note {
    uint64_t run, steps;
} eq_model_note;
/* folder_write.c. The files of FOLDER, each replaced as a whole: metrics.csv; model.cir, the
 * circuit as it stands; experiment.xml as of `run`; the checkpoint. watched: the gradient is, or was
 * in an epoch before. */
eq_status eq_folder_write_metrics(const char *folder, const eq_checkpoint *p, bool watched,
                                  eq_diag *diag);
eq_status eq_folder_write_model(const char *folder, const eq_circuit *c, const eq_model_note *note,
                                uint64_t epochs, uint64_t seed, eq_diag *diag);
eq_status eq_folder_write_experiment(const char *folder, const eq_experiment *x, uint64_t run,
                                     uint64_t data_checksum, eq_diag *diag);
eq_status eq_folder_write_checkpoint(const char *folder, const eq_checkpoint *p, eq_diag *diag);

void eq_model_note_write(char *out, size_t length, const eq_model_note *note, uint64_t epochs,
                         uint64_t seed);
eq_model_note eq_model_note_read(const char *deck);

/* EQ_ERR_INPUT when FOLDER/name, which is of `run`,
 * does not belong to a checkpoint of `expected`. */
eq_status eq_folder_same_run(const char *folder, const char *name, uint64_t run, uint64_t expected,
                             eq_diag *diag);
/* The same for all files of the folder but the checkpoint, as far as they are there; *steps: those
 * of model.cir, 0 without one. */
eq_status eq_folder_check(const char *folder, uint64_t expected, uint64_t *steps, eq_diag *diag);

#endif
