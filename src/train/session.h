/* What training, evaluation and the gradient check share: a circuit with its model, a data set, an
 * encoder and room for one minibatch. Inside src/train only. */
#ifndef EQ_TRAIN_SESSION_H
#define EQ_TRAIN_SESSION_H

#include "model/model.h"
#include "train/experiment.h"
#include "train/fingerprint.h"

typedef struct eq_session {
    const eq_experiment *x;
    eq_circuit *c;         /* owned; NULL: the model is made of something else */
    eq_data_set set;       /* owned; without a training part when another file is evaluated */
    eq_encoder encoder;    /* owned */
    eq_network *model;     /* owned */
    eq_fingerprint print;  /* of what eq_session_open has opened, before anything was drawn */
    eq_phases *phases;     /* owned */
    size_t outputs, batch; /* batch: the largest minibatch of one call */
    double *input;         /* [batch][inputs] V */
    double *y;             /* [batch][outputs] V: outputs of the free phase */
    double *target;        /* [batch][outputs] V; unused with classes */
    eq_goal *goal;         /* [batch] what those of the last free phase are to be */
    bool evaluating;       /* the free phases are those of an evaluation, which see devices drift */
    uint64_t read;         /* number of the next one, for the noise of what is read */
    /* Looks at each minibatch of an evaluation, whose first example is number `first`; NULL: none */
    eq_status (*visit)(void *data, struct eq_session *s, size_t first, size_t n, eq_diag *diag);
    void *visitor;
} eq_session;

/* Independent streams of random numbers of one seed. */
typedef enum eq_stream {
    EQ_STREAM_SPLIT,
    EQ_STREAM_INIT,
    EQ_STREAM_SHUFFLE,
    EQ_STREAM_SIGN
} eq_stream;
eq_random eq_stream_of(uint64_t seed, eq_stream stream);

/* Opens s->x for training: circuit, data, encoder and model, with the initial parameters drawn
 * unless the model is there already.
 * `batch`: the largest minibatch of one call. */
eq_status eq_session_open(eq_session *s, const eq_engine_options *o, eq_diag *diag);
/* Its parts, for a network that is taken up again. Reads the data of the experiment (not its
 * circuit) into s->set. */
eq_status eq_session_data(eq_session *s, eq_diag *diag);
/* The model of s->x, and its circuit where it has one (made here unless it is there). */
eq_status eq_session_model(eq_session *s, eq_diag *diag);
/* With model, set and encoder in place: checks that they fit, starts the model and makes room. */
eq_status eq_session_start(eq_session *s, const eq_engine_options *o, eq_diag *diag);
void eq_session_close(eq_session *s);

/* EQ_ERR_INPUT: the pattern of <WHAT="MATCH"> is that of no block. */
eq_status eq_session_no_group(const eq_network *n, const char *what, const char *match,
                              eq_diag *diag);
/* The learning rate of a block before the schedule. */
double eq_session_rate(const eq_session *s, size_t block);

/* The parameters of the model, theta[eq_network_parameters], out of its circuit or into it. */
void eq_session_get(const eq_session *s, double *theta);
void eq_session_put(eq_session *s, const double *theta);

/* What a change of each parameter is compared with, scale[parameters]: the parameter itself, or the
 * range of one that may be negative (without bounds the largest of its block). theta[parameters]. */
void eq_session_scale(const eq_session *s, const double *theta, double *scale);
/* The cosine between scale * a and scale * b, [n]; NAN where one is zero. */
double eq_session_cosine(size_t n, const double *scale, const double *a, const double *b);

/* Free phase of the n examples index[0..n) of d: s->input, s->goal and s->y. */
eq_status eq_session_free_phase(eq_session *s, const eq_data *d, const uint32_t *index, size_t n,
                                eq_diag *diag);

/* Sums over examples. */
typedef struct eq_score {
    double loss;
    size_t wrong;      /* predictions, with classes */
    double *square;    /* [outputs] of (y - t)^2 in the units of the data, with targets */
    double *absolute;  /* [outputs] of |y - t|; may be NULL */
    size_t *confusion; /* [classes][classes]; may be NULL */
} eq_score;
/* Adds the n examples of the last free phase. */
void eq_session_score(const eq_session *s, size_t n, eq_score *score);
/* The same divided: of the rows index[0..count) of d that were scored. NAN what there is not. d
 * NULL: without r2, which looks at all of them. */
typedef struct eq_figures {
    double loss, error; /* error: wrong predictions, a fraction */
    double rmse, r2;    /* of the targets; r2: mean over those that vary */
} eq_figures;
eq_figures eq_session_figures(const eq_session *s, const eq_score *score, const eq_data *d,
                              const uint32_t *index, size_t count);
/* Sum of (t_k - mean)^2 over the rows index[0..count) of d. */
double eq_data_spread(const eq_data *d, const uint32_t *index, size_t count, size_t k);
/* Scores the examples index[0..count) of d. */
eq_status eq_session_evaluate(eq_session *s, const eq_data *d, const uint32_t *index, size_t count,
                              eq_score *score, eq_diag *diag);

#endif
