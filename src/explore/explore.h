/* Runs a study: every point that has no row yet is trained, by several processes or by the ranks of
 * mpirun, and the table is put in order. */
#ifndef EQ_EXPLORE_EXPLORE_H
#define EQ_EXPLORE_EXPLORE_H

#include <signal.h>

#include "explore/table.h"
#include "train/experiment/experiment.h"

typedef struct eq_explore_progress {
    size_t done, failed, runs; /* done: those of the runs before too */
    double seconds_left;       /* INFINITY before the first has ended */
} eq_explore_progress;

typedef struct eq_explore_options {
    const char *folder; /* DIR, made if it is not there */
    bool resume, force;
    int jobs; /* processes; 0: this one alone trains, as a rank of mpirun does */
    const volatile sig_atomic_t *stop;
    void (*begin)(void *data,
                  size_t done); /* all is checked, `done` runs have a row; may be NULL */
    void (*progress)(void *data,
                     const eq_explore_progress *p); /* at most every 0.1 s; may be NULL */
    void *data;
} eq_explore_options;

/* What came out, for the report. */
typedef struct eq_explored {
    double *level; /* [points][factors] (draw.h) */
    uint64_t seed; /* of the experiment */
    eq_outcomes all;
} eq_explored;

/* EQ_ERR_INTERRUPTED when *stop was set: what has ended is in the table, and resume goes on. A
 * training that fails is a row with its error. COLLECTIVE. */
eq_status eq_explore(const eq_study *s, const eq_explore_options *o, eq_explored *out,
                     eq_diag *diag);
/* copy.c */
void eq_explored_free(eq_explored *e);

/* check.c. Refuses, at its place in the study, a factor that the experiment does not have, whose ends
 * it does not take, or that changes nothing; and a figure that it does not give. *seed: that of the
 * experiment; *identity: of what all points have in common. */
eq_status eq_study_check(const eq_study *s, const eq_experiment_master *m, const double *level,
                         uint64_t *seed, uint64_t *identity, eq_diag *diag);

/* point.c. Trains run k of the experiment's file; value[figures]. */
eq_status eq_run_train(const eq_study *s, const eq_experiment_master *m, const double *level,
                       size_t k, const char *folder, const volatile sig_atomic_t *stop,
                       double *value, eq_diag *diag);

#endif
