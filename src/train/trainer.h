/* The training loop, minibatch by minibatch, in memory alone (eqspice.h has its functions); train.c
 * runs it into a folder. Inside src/train only. */
#ifndef EQ_TRAIN_TRAINER_H
#define EQ_TRAIN_TRAINER_H

#include "train/cached.h"
#include "train/checkpoint.h"
#include "train/diagnosis.h"
#include "train/meta/meta.h"
#include "train/session.h"

struct eq_trainer {
    const eq_experiment *x;
    eq_session s;
    uint32_t *order; /* [train_count] examples of this epoch in the order they come */
    bool drawn;      /* `order` is that of this epoch, and `after` the state behind it */
    double *square;  /* [outputs] work: of the rows scored last */
    eq_random after;
    eq_meta *meta;     /* its "examples" are tasks; NULL: it learns one */
    eq_cached *cached; /* free states; NULL: none are kept */
    eq_doctor *doctor; /* looks at the minibatches as they pass; NULL: none does */
    eq_checkpoint now; /* where the training is; g and state are filled in when it is saved */
};

/* How many examples, or in meta-learning tasks, an epoch has. */
static inline size_t eq_trainer_count(const eq_trainer *t) {
    return t->meta != NULL ? t->s.tasks.train : t->s.set.train_count;
}
/* Scores rows of d; the network stays. */
eq_status eq_trainer_look(eq_trainer *t, const eq_data *d, const uint32_t *index, size_t count,
                          eq_figures *out, eq_diag *diag);
/* The figures of this epoch so far, with r2 or without. */
eq_figures eq_trainer_running(const eq_trainer *t, bool r2);

/* Trains each held-out task; *before: their mean loss before that, *steps: of an inner training. */
eq_status eq_trainer_look_at_tasks(eq_trainer *t, eq_figures *out, double *before, double *steps,
                                   eq_diag *diag);

/* The end of an epoch: the next minibatch is the first of the next one. */
void eq_trainer_advance(eq_trainer *t);

/* Parameters and optimizer states out of the model into `now`, or from there. */
void eq_trainer_collect(eq_trainer *t);
void eq_trainer_restore(eq_trainer *t);
/* The network as it is now is the best so far: that of epoch `epoch`. */
eq_status eq_trainer_keep(eq_trainer *t, uint64_t epoch, eq_diag *diag);

/* The cosine of the estimator's gradient with that of the adjoint at a training example, which seed
 * and epoch alone draw, so that a resumed training looks at the same. */
eq_status eq_trainer_watch(eq_trainer *t, double *cosine, eq_diag *diag);

/* train.c. As eq_train, and shows the trained network in its session: with `best` that of the best epoch, where
 * the validation set has chosen one, else that of the last. */
typedef eq_status eq_train_sight(void *data, eq_session *s, eq_diag *diag);
eq_status eq_train_then(const eq_experiment *x, const eq_train_options *o, bool best,
                        eq_train_sight *see, void *data, eq_metrics *last,
                        eq_train_summary *summary, eq_diag *diag);

#endif
