/* What training, evaluation and the gradient check share: a circuit with its model, a data set, an
 * encoder and room for one minibatch. Inside src/train only. */
#ifndef EQ_TRAIN_SESSION_H
#define EQ_TRAIN_SESSION_H

#include "model/mismatch.h"
#include "model/model.h"
#include "train/experiment/experiment.h"
#include "train/fingerprint.h"
#include "train/meta/tasks.h"

/* What phases on devices of their own need. */
typedef struct eq_chips {
    bool *trained;         /* [devices] */
    double *first, *stood; /* [devices] on the chip before any training; while others stand there */
    double *y;             /* [batch][outputs] V */
    bool ideal;            /* the circuit is as it was meant until eq_session_end_phases */
} eq_chips;

typedef struct eq_session {
    const eq_experiment *x;
    const eq_data_options *data; /* of x, which were read; NULL: none yet */
    eq_circuit *c;               /* owned; NULL: the model is made of something else */
    eq_data_set set;             /* owned; without a training part when another file is evaluated */
    eq_tasks tasks;              /* of `set`, in meta-learning */
    eq_encoder encoder;          /* owned */
    eq_network *model;           /* owned */
    eq_fingerprint print;        /* of what eq_session_open has opened, before anything was drawn */
    eq_phases *phases;           /* owned */
    eq_devices devices; /* owned: those of c that deviate, c being the chip of the experiment */
    eq_chips chips;
    bool reads;            /* through the experiment's hardware, not ideally */
    const uint32_t *row;   /* [n] of the last free phase: which examples of the data they are */
    size_t outputs, batch; /* batch: the largest minibatch of one call */
    double *input;         /* [batch][inputs] V */
    uint64_t epoch; /* whose examples free phases see, from 1 on; 0: as they are in the data */
    eq_distortion distortion; /* of eq_session_distort; without room: there is none */
    double *y;                /* [batch][outputs] V: outputs of the free phase */
    double *target;           /* [batch][outputs] V; unused with classes */
    eq_goal *goal;            /* [batch] what those of the last free phase are to be */
    bool evaluating; /* the free phases are those of an evaluation, which see devices drift */
    double hops;     /* clamped phases of the last minibatch that went to another mode; NAN: of
                              no clamps, or an energy with one mode */
    uint64_t read;   /* number of the next one, for the noise of what is read */
    /* Looks at each minibatch of an evaluation, whose first example is number `first`; NULL: none */
    eq_status (*visit)(void *data, struct eq_session *s, size_t first, size_t n, eq_diag *diag);
    void *visitor;
} eq_session;

/* Independent streams of random numbers of one seed. */
typedef enum eq_stream {
    EQ_STREAM_SPLIT,
    EQ_STREAM_INIT,
    EQ_STREAM_SHUFFLE,
    EQ_STREAM_SIGN,
    EQ_STREAM_NOISE /* of counter-based draws (eq_draw_of) alone */
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
/* What the examples are an image of, as the experiment, the network or the file says: eq_raster_fits says whether they are. */
eq_raster eq_session_image(const eq_session *s);
/* Opened, it shows the examples of an epoch as the experiment distorts them. */
eq_status eq_session_distort(eq_session *s, eq_diag *diag);
/* Makes the model anew: the circuit has become another chip. */
eq_status eq_session_renew(eq_session *s, const eq_engine_options *o, eq_diag *diag);
void eq_session_close(eq_session *s);

/* chips.c. Makes the circuit, which is as it was meant, the chip of the experiment. */
eq_status eq_session_deviate(eq_session *s, eq_diag *diag);
/* Whether sources or gains are among what deviates. */
bool eq_session_sources_deviate(const eq_session *s);
void eq_chips_close(eq_chips *q);
/* readout.c. What the hardware makes of inputs; of outputs and nudge currents, [n][outputs], of the
 * examples s->row; of the potentials from which the update will learn. */
void eq_session_convert_inputs(const eq_session *s, size_t values, double *x);
void eq_session_read_outputs(const eq_session *s, size_t n, double *y);
/* Warns where what is read of the outputs is not what is learned from. */
void eq_session_warn_of_reading(const eq_session *s, eq_diag *diag);
eq_phases_driver eq_session_driver(eq_session *s);
eq_status eq_session_hold(eq_session *s, const double a[EQ_MAX_SLOTS], eq_diag *diag);
/* The phases of the estimator for the n examples of the last free phase, on the devices that the
 * experiment gives them: eq_network_gradient or _update may follow with a[EQ_MAX_SLOTS], then
 * eq_session_end_phases. The free phase is to be solved again for anything else. */
eq_status eq_session_phases(eq_session *s, const eq_estimator *est, double sign, size_t n,
                            double a[EQ_MAX_SLOTS], eq_diag *diag);
void eq_session_end_phases(eq_session *s);
/* modes.c. Sets s->hops after the phases of a minibatch. */
eq_status eq_session_count_hops(eq_session *s, const eq_estimator *est, size_t n, eq_diag *diag);

/* EQ_ERR_INPUT: the pattern of <WHAT="MATCH">, which stands there, is that of no block. */
eq_status eq_session_no_group(const eq_network *n, const char *what, const char *match, eq_place at,
                              eq_diag *diag);
/* The learning rate of a block before the schedule. */
double eq_session_rate(const eq_session *s, size_t block);

/* What pulls the parameters of a block. */
eq_pull eq_session_pull(const eq_session *s, size_t block);

/* The parameters of the model, theta[eq_network_parameters], out of its circuit or into it. */
void eq_session_get(const eq_session *s, double *theta);
void eq_session_put(eq_session *s, const double *theta);

/* What a change of each parameter is compared with, scale[parameters]: the parameter itself, or the
 * range of one that may be negative (without bounds the largest of its block). theta[parameters]. */
void eq_session_scale(const eq_session *s, const double *theta, double *scale);
/* |scale * (a - b)| of [n], without overflow; scale NULL: 1, b NULL: 0. */
double eq_session_distance(size_t n, const double *scale, const double *a, const double *b);
/* The cosine between scale * a and scale * b, [n]; NAN where one is zero. scale NULL: 1. */
double eq_session_cosine(size_t n, const double *scale, const double *a, const double *b);

/* Free phase of the n examples index[0..n) of d: s->input, s->goal and s->y. */
eq_status eq_session_free_phase(eq_session *s, const eq_data *d, const uint32_t *index, size_t n,
                                eq_diag *diag);

/* The same from the states v[n][nodes] (eq_network_free_phase_from). */
eq_status eq_session_free_phase_from(eq_session *s, const eq_data *d, const uint32_t *index,
                                     size_t n, const double *v, eq_diag *diag);
/* y[n][outputs] as the hardware reads it with x[n][inputs], which it puts on the levels of its
 * converter, from the states v (NULL: none), of the examples s->row and their draws. */
eq_status eq_session_outputs(eq_session *s, size_t n, double *x, const double *v, double *y,
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
/* Where phases of n examples failed: which rows of their data these are. */
void eq_session_note_rows(const eq_session *s, eq_status status, size_t n, eq_diag *diag);

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
