/* Trainings of one experiment that differ in the seed alone, side by side, each in a folder of its
 * own, and what they have in common: mean and deviation of every number. */
#ifndef EQ_TRAIN_SEEDS_H
#define EQ_TRAIN_SEEDS_H

#include "base/text.h"
#include "train/seed_folders.h"

/* One of them. */
typedef struct eq_seed_run {
    uint64_t seed;
    eq_status status; /* EQ_OK: trained to the end */
    eq_metrics last;  /* its last epoch */
} eq_seed_run;

/* Reads "1..5", "1,4,9" or "1..3,7" into *run (to be freed with eq_free), each not yet trained. */
eq_status eq_seeds_read(const char *text, eq_seed_run **run, size_t *runs, eq_diag *diag);

typedef struct eq_seeds_options {
    eq_train_options each; /* its folder is DIR, its threads are those of all together, its
                              callbacks are not called; resume: also begins what has not begun */
    void (*done)(void *data, const eq_seed_run *run); /* one has ended; one call at a time */
    void *data;
} eq_seeds_options;

/* Trains the experiment with each seed into DIR/seed-K and writes DIR/seeds.csv over those that
 * came to an end. Where DIR holds one of these runs, or a table, it is refused as eq_train refuses
 * a folder with a run, before any begins, and always where DIR itself holds a run, or one to go on
 * with has had more epochs than the experiment asks for. One that fails leaves the others going; the status is
 * that of the first that failed, with its seed in the message. The ranks of mpirun share the seeds;
 * run[] is the same on all. */
eq_status eq_seeds_train(const eq_experiment *x, const eq_seeds_options *o, eq_seed_run *run,
                         size_t runs, eq_diag *diag);

/* The numbers of an eq_metrics that are compared. */
typedef struct eq_seed_column {
    const char *name; /* as in metrics.csv */
    size_t offset;    /* of the double */
    bool fraction;    /* shown in % */
} eq_seed_column;
enum { EQ_SEED_COLUMNS = 13 };
extern const eq_seed_column eq_seed_column_of[EQ_SEED_COLUMNS];
double eq_seed_value(const eq_metrics *m, int column);

/* Mean, and deviation sqrt(sum (x - mean)^2 / (n - 1)), of the runs that came to an end; NAN where
 * they have no values, the deviation also of one run. best: the run with the smallest error of the
 * validation set, without one of the test set, without both of the training; of equal ones, or
 * where the examples have targets, with the smallest loss; -1 without any. */
typedef struct eq_seeds_summary {
    size_t finished;
    int best;
    bool has[EQ_SEED_COLUMNS]; /* some run has a value there */
    double mean[EQ_SEED_COLUMNS], deviation[EQ_SEED_COLUMNS];
} eq_seeds_summary;
eq_seeds_summary eq_seeds_summarise(const eq_seed_run *run, size_t runs);

#endif
