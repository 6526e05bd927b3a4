/* The scenarios of check_memory.c, by topic: what runs out of memory at each of its allocations. They find
 * the files that check_memory.c makes in the scratch folder (support/program.h). */
#ifndef TESTS_TRUST_MEMORY_H
#define TESTS_TRUST_MEMORY_H

#include "train/train.h"

typedef struct memory_scenario {
    const char *name; /* NULL at the end of a topic */
    eq_status (*run)(eq_diag *diag);
    eq_status (*of)(const char *path, eq_diag *diag); /* where run is NULL */
    const char *path;                                 /* without a folder: in the scratch folder */
} memory_scenario;

extern const memory_scenario memory_of_netlists[], memory_of_solutions[], memory_of_data[],
    memory_of_trainings[], memory_of_gradients[], memory_of_reports[];

/* Trains into a folder of the scratch folder, a few minibatches each with a checkpoint. */
eq_status memory_train(const char *path, const char *run, bool resume, eq_engine_kind kind,
                       eq_diag *diag);

#endif
