/* Free states that are kept ("cached": Scellier 2020, table 1; the persistent particles of Scellier and Bengio 2017): the
 * free phase of a training example begins where the one before of the same example has ended, and the first at zero.
 * On disk they are a file of their own beside the checkpoint, since nobody but --resume reads them. It is written
 * before the checkpoint, under the one of two names that the checkpoint before does not go with, whose file goes
 * when the checkpoint is there: whenever a run is cut short, one of the two is of the optimizer step that the
 * checkpoint has. Inside src/train only. */
#ifndef EQ_TRAIN_CACHED_H
#define EQ_TRAIN_CACHED_H

#include "train/session.h"

typedef struct eq_cached eq_cached;

/* Of the training examples of the session, all at zero. */
eq_status eq_cached_new(const eq_session *s, eq_cached **out, eq_diag *diag);
void eq_cached_free(eq_cached *c); /* NULL is legal */

/* [n][units] of the training examples row[n] of the data, at most a minibatch; until the next call. */
const double *eq_cached_states(eq_cached *c, const uint32_t *row, size_t n);
/* Keeps those of the last free phase, which had the inputs x. COLLECTIVE. */
eq_status eq_cached_keep(eq_cached *c, eq_network *model, const double *x, const uint32_t *row,
                         size_t n, eq_diag *diag);

/* The file in FOLDER that goes with the checkpoint of the run at this optimizer step. tidy: that checkpoint is there. */
eq_status eq_cached_write(eq_cached *c, const char *folder, uint64_t run, uint64_t steps,
                          eq_diag *diag);
eq_status eq_cached_tidy(eq_cached *c, const char *folder, eq_diag *diag);
/* EQ_ERR_INPUT: there is none. */
eq_status eq_cached_read(eq_cached *c, const char *folder, uint64_t run, uint64_t steps,
                         eq_diag *diag);

#endif
