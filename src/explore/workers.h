/* Work done side by side by processes of this one's kind, made by fork: they end with it, and one
 * that a signal ends is told and replaced. */
#ifndef EQ_EXPLORE_WORKERS_H
#define EQ_EXPLORE_WORKERS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct eq_workers {
    size_t jobs;                       /* 0 .. jobs-1, taken in this order */
    int processes;                     /* >= 1 */
    const volatile sig_atomic_t *stop; /* of the caller; the jobs see a copy */
    /* What a process needs of its own, before its first job (NULL: nothing), and after its last. */
    eq_status (*enter)(void *data, void **own, eq_diag *diag);
    void (*leave)(void *data, void *own);
    /* EQ_ERR_INTERRUPTED: it was stopped; any other failure ends all. */
    eq_status (*work)(void *data, void *own, size_t job, const volatile sig_atomic_t *stop,
                      bool *failed, eq_diag *diag);
    /* In this process: the job ended its process by a signal. */
    eq_status (*lost)(void *data, size_t job, int number, eq_diag *diag);
    /* In this process, some times a second. */
    eq_status (*watch)(void *data, size_t done, size_t failed, eq_diag *diag);
    void *data;
} eq_workers;

/* Returns when all processes have ended; the status is that of the first failure. */
eq_status eq_workers_run(const eq_workers *w, eq_diag *diag);

#endif
