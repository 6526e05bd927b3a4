/* What training, evaluation and the gradient check share: a circuit with its engine, a data set, an
 * encoder and room for one minibatch. Inside src/train only. */
#ifndef EQ_TRAIN_SESSION_H
#define EQ_TRAIN_SESSION_H

#include "train/experiment.h"

typedef struct eq_session {
    const eq_experiment *x;
    eq_circuit *c;         /* owned */
    eq_data_set set;       /* owned; without a training part when another file is evaluated */
    eq_encoder encoder;    /* owned */
    eq_engine *engine;     /* owned */
    eq_phases *phases;     /* owned */
    size_t outputs, batch; /* batch: the largest minibatch of one call */
    double *input;         /* [batch][inputs] V */
    double *y;             /* [batch][outputs] V: outputs of the free phase */
    uint16_t *label;       /* [batch] */
} eq_session;

/* Independent streams of random numbers of one seed. */
typedef enum eq_stream {
    EQ_STREAM_SPLIT,
    EQ_STREAM_INIT,
    EQ_STREAM_SHUFFLE,
    EQ_STREAM_SIGN
} eq_stream;
eq_random eq_stream_of(uint64_t seed, eq_stream stream);

/* Reads the data of the experiment (not its circuit) into s->set. */
eq_status eq_session_data(eq_session *s, eq_diag *diag);
/* With circuit, set and encoder in place: checks that they fit and makes engine and room. */
eq_status eq_session_start(eq_session *s, eq_engine_kind kind, size_t batch, int threads,
                           eq_diag *diag);
void eq_session_close(eq_session *s);

/* The options of the experiment for group g of the circuit. *rate and *init are set. */
eq_status eq_session_group(const eq_experiment *x, const eq_circuit *c, size_t g, double *rate,
                           eq_init *init, eq_diag *diag);
/* Draws the initial conductances of every group of s->c. */
eq_status eq_session_initialise(eq_session *s, eq_diag *diag);

/* The trained conductances of the circuit into g (save), or from there: group after group, each in
 * deck order, which is the same in the deck that is written of the circuit. */
void eq_session_conductances(eq_circuit *c, double *g, bool save);

/* Free phase of the n examples index[0..n) of d: s->input, s->label and s->y. */
eq_status eq_session_free_phase(eq_session *s, const eq_data *d, const uint32_t *index, size_t n,
                                eq_diag *diag);

/* Sums over examples: loss, wrong predictions and (may be NULL) confusion[classes][classes]. */
typedef struct eq_score {
    double loss;
    size_t wrong;
    size_t *confusion;
} eq_score;
/* Adds the n examples of the last free phase. */
void eq_session_score(const eq_session *s, size_t n, eq_score *score);
/* Scores the examples index[0..count) of d. */
eq_status eq_session_evaluate(eq_session *s, const eq_data *d, const uint32_t *index, size_t count,
                              eq_score *score, eq_diag *diag);

#endif
