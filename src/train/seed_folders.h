/* The folder of several seeds: DIR/seed-K of each, and the table DIR/seeds.csv. It holds no run of
 * its own. */
#ifndef EQ_TRAIN_SEED_FOLDERS_H
#define EQ_TRAIN_SEED_FOLDERS_H

#include "train/experiment/experiment.h"

#define EQ_SEEDS_TABLE "seeds.csv"

/* DIR/seed-K, owned by the caller; NULL when memory runs out. */
char *eq_seed_folder(const char *folder, uint64_t seed);

/* EQ_ERR_USAGE when the folder has a table of seeds or a seed-K that holds a run: a single run has
 * no place there, whatever is asked for. */
eq_status eq_seed_folders_refuse(const char *folder, eq_diag *diag);
/* Where the folder holds runs of several seeds but none of its own: EQ_ERR_INPUT, with one of them
 * to give instead. */
eq_status eq_seed_folders_choose(const char *folder, eq_diag *diag);
/* EQ_ERR_USAGE when it holds a single run: seeds have no place there. */
eq_status eq_seed_folders_single(const char *folder, eq_diag *diag);
/* Removes the table and the runs of all seeds, but for files that the experiment reads, which are
 * refused. */
eq_status eq_seed_folders_clear(const char *folder, const eq_experiment *x, eq_diag *diag);

#endif
