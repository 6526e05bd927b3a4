/* The tasks of meta-learning: a table of examples whose rows stand task by task, in each of them first those that it
 * is learned from and then those that its outer loss is of. Inside src/train only. */
#ifndef EQ_TRAIN_META_TASKS_H
#define EQ_TRAIN_META_TASKS_H

#include "train/data/data.h"
#include "train/meta/options.h"

typedef struct eq_tasks {
    size_t support, query; /* rows of a task: support rows, then query rows */
    size_t train, test;    /* tasks; those that are held out stand behind the others */
} eq_tasks;

/* Makes the table of *set that of tasks; on failure the set is as it was. Examples with targets: the rows of one label are a
 * task. Examples with classes: a task is `ways` of them in a drawn order, as classes 0, 1, ..; those of held-out tasks
 * are in no other task. */
eq_status eq_tasks_draw(const eq_meta_options *o, double held_out, uint64_t seed, eq_data_set *set,
                        eq_tasks *out, eq_diag *diag);
/* Rows of a task. */
static inline size_t eq_tasks_rows(const eq_tasks *t) {
    return t->support + t->query;
}

#endif
