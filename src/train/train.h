/* Training of analog networks with Equilibrium Propagation: what the command line needs.
 *
 * An experiment (XML, schemas/experiment.xsd) names a circuit, a data set and how to train;
 * eq_train (eqspice.h) runs it and leaves a folder with metrics.csv, model.cir, checkpoint and
 * experiment.xml; eq_trained_open takes such a folder up again to evaluate it or to put one sample
 * on the circuit for export and verify. */
#ifndef EQ_TRAIN_TRAIN_H
#define EQ_TRAIN_TRAIN_H

#include "model/model.h"
#include "model/power.h"
#include "model/sensitivity.h"
#include "result/result.h"
#include "train/experiment/experiment.h"

/* The names of the files in DIR. */
#define EQ_TRAIN_METRICS "metrics.csv"
#define EQ_TRAIN_DIAGNOSIS "diagnosis.csv"
#define EQ_TRAIN_MODEL "model.cir"
#define EQ_TRAIN_CHECKPOINT "checkpoint"
#define EQ_TRAIN_STATES_A "free-states-a" /* one of them, or of a run cut short both */
#define EQ_TRAIN_STATES_B "free-states-b"
#define EQ_TRAIN_EXPERIMENT "experiment.xml"
#define EQ_TRAIN_CURVES "curves.svg" /* drawn by report/plot.h */

/* data_path: evaluate on these rows instead of the test set of the experiment (the whole file; for
 * IDX a folder with the test pair of files); NULL: the held-out set. */
eq_status eq_trained_open_on(const char *folder, const char *data_path, int threads,
                             eq_trained **out, eq_diag *diag);

/* The experiment, changed by the settings (NULL: none), and the trained circuit of a folder alone,
 * without the data. EQ_ERR_USAGE: it has none. */
eq_status eq_trained_read(const char *folder, const eq_settings *settings, eq_experiment **x,
                          eq_circuit **c, eq_diag *diag);
/* The same with the model that the folder holds, whose circuit (where it has one) is the caller's too. */
eq_status eq_trained_model(const char *folder, const eq_settings *settings, eq_experiment **x,
                           eq_network **model, eq_diag *diag);
/* Whether the path is that of its deck or of its data. */
bool eq_trained_reads(const eq_trained *m, const char *path);
/* Samples are those of the test set, or of the training set from now on. */
void eq_trained_take(eq_trained *m, bool training);
size_t eq_trained_samples(const eq_trained *m);
/* Its experiment, as it was changed; the last epoch that was trained (epoch 0: none was). */
const eq_experiment *eq_trained_experiment(const eq_trained *m);
eq_metrics eq_trained_last(const eq_trained *m);
/* How many features an example has; those of sample k as they stand in the data, pixels as bytes. */
size_t eq_trained_feature_count(const eq_trained *m);
/* What the data call feature f; NULL: they have no names. */
const char *eq_trained_feature_name(const eq_trained *m, size_t f);
/* How many of them stand in a row of a picture: of an image, channels below or beside each other; else of a square, or all. */
size_t eq_trained_row(const eq_trained *m);
void eq_trained_example(const eq_trained *m, size_t k, double *feature);

/* Scores the samples: the test set, or what eq_trained_take has chosen. */
eq_status eq_trained_evaluate(eq_trained *m, eq_evaluation *out, eq_diag *diag);
void eq_evaluation_free(eq_evaluation *e);

/* As eq_trained_open, for chips that are drawn: the circuit stands as it was meant, with the trained
 * parameters; the experiment must have a mismatch. */
eq_status eq_trained_open_for_draws(const char *folder, const eq_trained_options *o,
                                    eq_trained **out, eq_diag *diag);

/* Of what was drawn: mean, deviation (NAN of one) and quantiles. */
typedef struct eq_spreading {
    double mean, deviation, q05, q50, q95;
} eq_spreading;

typedef struct eq_chip_draws {
    size_t drawn, failed; /* failed: chips without an operating point */
    uint64_t first;       /* the first chip */
    eq_spreading error;   /* fraction of wrong classes, or the RMSE of targets */
    eq_spreading loss;
} eq_chip_draws;

/* draws.c. Evaluates the network of eq_trained_open_for_draws on so many chips, from that of the
 * experiment on; then it stands as it was meant again. */
eq_status eq_trained_draw(eq_trained *m, size_t draws, eq_chip_draws *out, eq_diag *diag);

/* infer.c. */
struct eq_inference {
    const eq_circuit *c; /* of the network that was evaluated */
    eq_evaluation score;
    eq_result *table; /* example, true, predicted, outputs and potentials; NULL without */
    eq_meter *meter;  /* NULL without power */
    const eq_power *power;
    double tau;      /* s: the slowest time constant, NAN when the time was given or nothing was */
    size_t settled;  /* examples that tau is the longest of */
    double settling; /* s: the time given, or that after which 0.1 % is left; NAN: none */
};

enum { EQ_SETTLING_EXAMPLES = 32 };

/* Writes the table as CSV, with the names of the classes, or as a NumPy archive when the name ends
 * in .npz. */
eq_status eq_inference_write(const eq_inference *i, const char *path, eq_diag *diag);

/* sens.c. Derivatives of the mean loss of the first n samples (0: 32, or all there are), or with `of` of the mean of
 * this output, by every parameter of the circuit but its inputs; *samples receives how many. `work` must stay until `out` is closed. */
typedef struct eq_loss_scenes eq_loss_scenes;
eq_status eq_trained_sensitivity(eq_trained *m, const eq_output *of, size_t n, size_t *samples,
                                 eq_loss_scenes **work, eq_sensitivity *out, eq_diag *diag);
void eq_loss_scenes_free(eq_loss_scenes *work);
/* metered.c. As eq_train, and *watts is what the network of the last epoch takes for an inference, or
 * with `best` that of the one that a validation set has chosen: the mean over the held-out examples (without any,
 * over those trained with) of what its sources deliver. */
eq_status eq_train_metered(const eq_experiment *x, const eq_train_options *o, bool best,
                           eq_metrics *last, eq_train_summary *summary, double *watts,
                           eq_diag *diag);

/* Puts sample k (0 .. samples-1) on the input sources of the circuit, and on its nudge sources the
 * currents of the nudged phase at +beta (or zero for the free phase): the circuit can then be
 * exported, solved and compared with ngspice. EQ_ERR_USAGE: they cannot drive it. */
eq_status eq_trained_sample(eq_trained *m, size_t k, bool nudged, eq_diag *diag);
/* Whether they can drive that phase: not where a clamp moves both nodes of a pair. */
bool eq_trained_nudges(const eq_trained *m);
/* Puts n features, as they stand in the data, on the inputs; n must be theirs. */
eq_status eq_trained_features(eq_trained *m, const double *value, size_t n, eq_diag *diag);

/* One line of the gradient check. */
typedef struct eq_gradcheck_row {
    const char *estimator, *nudging; /* nudging NULL: the adjoint of the engine */
    double beta;     /* of the worst conductance: the smallest nudge behind its limit; eta of a
                        clamp, NAN of the adjoint */
    double error;    /* max over conductances of |estimate - adjoint| / max(|adjoint|, floor), the
                        estimate taken to beta = 0; NAN of a clamp, which is no gradient */
    double cosine;   /* between g * estimate and g * adjoint; NAN when one of them is zero */
    double order;    /* of the bias in beta, fitted above round-off; NAN when there is none */
    double expected; /* order that theory gives */
    size_t hidden;   /* conductances whose gradient is not zero, but below round-off */
    char *why;       /* what does not hold, with names; NULL when all does */
    bool passed;
} eq_gradcheck_row;

/* An estimator that samples its phases: the mean of some runs of it, against d<C>/dtheta by quadrature of the Boltzmann
 * density or, where there are too many units, the adjoint, to which T -> 0 leads. Distances are those of g gradient. */
typedef struct eq_gradcheck_sampled {
    double temperature; /* 0: there is none */
    int runs;
    bool quadrature;
    double error, cosine; /* of the mean; error over the size of the truth */
    double deviation;     /* of one run, over that */
    double
        off; /* by quadrature: of the mean from what its expectation at beta is, over that; NAN */
    bool passed;
} eq_gradcheck_sampled;

/* The experiment's own estimator on one block of parameters: e . g/(|e| |g|), NAN where one of them is zero, and e . g/(g . g),
 * NAN where g is; g the adjoint. */
typedef struct eq_gradcheck_group {
    char *name;
    double cosine, size;
} eq_gradcheck_group;

typedef struct eq_gradcheck_report {
    eq_gradcheck_row *row;
    size_t rows;
    eq_gradcheck_group *group;
    size_t groups;
    size_t parameters, examples;
    double difference; /* adjoint against central differences of the loss, same measure */
    size_t losses,
        strayed; /* of these differences; of how many the network, from zero, comes to another state than
                               that which they follow */
    char *why; /* what does not hold of it; NULL when it does */
    /* The experiment's own estimator at its own beta: |g (estimate - adjoint)|, and what round-off
     * may make of it, over |g adjoint| (of a clamp at its eta no error, and over |g estimate|), and
     * the cosine; NAN where one of them is zero or a phase has no state. */
    const char *own_estimator, *own_nudging; /* own_nudging NULL: the adjoint */
    double own_beta, own_error, own_round_off, own_cosine;
    bool units;                   /* of a network of units (eq_experiment_has_units) */
    eq_gradcheck_sampled sampled; /* instead of the errors, where it samples its phases */
    bool passed;
} eq_gradcheck_report;

/* Compares every estimator, with both nudging definitions, with the adjoint and the adjoint with
 * central differences, on the first `examples` training examples (0: 4), where the circuit stands
 * (eq_trained_model), which this takes over; NULL: where training begins. EQ_OK also when a bound
 * does not hold: look at report->passed. */
eq_status eq_gradcheck(const eq_experiment *x, eq_network *trained, eq_engine_kind engine,
                       size_t examples, eq_gradcheck_report *report, eq_diag *diag);
void eq_gradcheck_free(eq_gradcheck_report *report);

#endif
