/* eqspice: analog circuits, their operating points and gradients. This header is all that a program
 * needs beside the library (`pkg-config --cflags --libs eqspice`); the rooms that implement it
 * include it themselves.
 *
 * Every function that can fail returns EQ_OK or a negative status and adds to `diag` (may be NULL)
 * a sentence that says what is wrong and what to do. Units: V, A, S, ohm. Objects belong to who
 * made them; free(NULL) is legal. Different objects may be used by different threads at the same
 * time, one object by one thread. The library prints nothing, never exits, and changes no setting
 * of the process or of other libraries.
 *
 *     eq_circuit *c;  eq_solver *s;
 *     eq_circuit_read("divider.cir", &c, diag);                 text -> circuit
 *     eq_solver_new(c, &s, diag);                               analyzed once
 *     double *v = calloc(eq_circuit_nodes(c), sizeof *v);
 *     eq_solver_solve(s, NULL, v, NULL, NULL, diag);            v[node] [V]
 *     eq_handle v1;
 *     eq_handle_find(c, "v1", &v1, diag);
 *     eq_handle_set(c, v1, 5.0, diag);
 *     eq_solver_refresh(s);                                     new values, the analysis is kept
 *     eq_solver_solve(s, NULL, v, NULL, NULL, diag);
 *     eq_solver_free(s);  eq_circuit_free(c);
 *
 * Many input vectors at once, and gradients: eq_batch_new below. */
#ifndef EQSPICE_H
#define EQSPICE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && !defined(EQ_API)
#define EQ_API __attribute__((visibility("default")))
#endif

#define EQ_VERSION "0.2.0-dev"
/* EQ_VERSION of the library that is running. */
EQ_API const char *eq_version(void);

/* ---- Statuses and messages ---- */

/* Sign carries severity: 0 done, < 0 failed. */
typedef enum eq_status {
    EQ_OK = 0,
    EQ_ERR_MEMORY = -1,      /* an allocation failed or a size overflowed */
    EQ_ERR_USAGE = -2,       /* wrong arguments: exit status 2 */
    EQ_ERR_INPUT = -3,       /* a bad deck, experiment or data file: exit status 2 */
    EQ_ERR_IO = -4,          /* a file cannot be read or written: exit status 1 when writing */
    EQ_ERR_SINGULAR = -5,    /* the circuit has no unique operating point */
    EQ_ERR_CONVERGE = -6,    /* no engine brought the KCL residual below its bound */
    EQ_ERR_CHECK = -7,       /* a check did not hold (verify, gradcheck, stationarity) */
    EQ_ERR_INTERRUPTED = -8, /* stopped by the user; what was done is saved */
} eq_status;

typedef enum eq_severity { EQ_ERROR, EQ_WARNING, EQ_NOTE } eq_severity;

typedef struct eq_message {
    eq_severity severity;
    char *file; /* NULL when there is no place */
    int line;   /* from 1; 0: not known */
    int column;
    char *text; /* one sentence, no newline at the end */
} eq_message;

/* A growing list of messages; all functions accept diag = NULL (messages are dropped). */
typedef struct eq_diag eq_diag;

EQ_API eq_diag *eq_diag_new(void);
EQ_API void eq_diag_free(eq_diag *diag);
EQ_API void eq_diag_clear(eq_diag *diag);
EQ_API size_t eq_diag_count(const eq_diag *diag);
EQ_API size_t eq_diag_errors(const eq_diag *diag);
/* Message `index`; where none is stored, the one about memory that ran out. */
EQ_API const eq_message *eq_diag_get(const eq_diag *diag, size_t index);
/* "error", "warning", "note". */
EQ_API const char *eq_severity_name(eq_severity severity);

/* ---- Circuits ---- */

typedef struct eq_circuit eq_circuit;
typedef int32_t eq_node;    /* 0 is ground ("0", alias "gnd") */
typedef int32_t eq_element; /* number of an element in deck order */

/* Reads a deck, SPICE or XML (recognised by its first non-blank character '<'), for its circuit
 * alone, ready to be solved. All errors of the deck are reported in one run; *out is untouched when
 * there is one. */
EQ_API eq_status eq_circuit_read(const char *path, eq_circuit **out, eq_diag *diag);
/* The same from memory; `name` stands for the file in messages and for relative includes. */
EQ_API eq_status eq_circuit_parse(const char *name, const char *text, size_t length,
                                  eq_circuit **out, eq_diag *diag);
EQ_API void eq_circuit_free(eq_circuit *c);

/* Names are case-blind; -1 when there is none. */
EQ_API size_t eq_circuit_nodes(const eq_circuit *c);    /* with ground */
EQ_API size_t eq_circuit_elements(const eq_circuit *c); /* over all classes */
EQ_API eq_node eq_circuit_find_node(const eq_circuit *c, const char *name);
EQ_API eq_element eq_circuit_find_element(const eq_circuit *c, const char *name);
EQ_API const char *eq_circuit_node_name(const eq_circuit *c, eq_node node);
EQ_API const char *eq_circuit_element_name(const eq_circuit *c, eq_element e);

/* A circuit with the analyses that its deck asks for. */
typedef struct eq_deck eq_deck;

EQ_API eq_status eq_deck_read(const char *path, eq_deck **out, eq_diag *diag);
EQ_API eq_status eq_deck_parse(const char *name, const char *text, size_t length, eq_deck **out,
                               eq_diag *diag);
EQ_API void eq_deck_free(eq_deck *d);
/* Its circuit, which belongs to the deck. */
EQ_API eq_circuit *eq_deck_circuit(const eq_deck *d);

/* ---- Parameters ---- */

/* One parameter of one element: the way to it for inputs, sweeps, gradients and training. */
typedef struct eq_handle {
    eq_element element;
    int32_t param; /* its number in the class of the element */
} eq_handle;

/* What is known of a parameter. */
typedef struct eq_handle_info {
    const char *name, *unit; /* "dc" "V", "r" "ohm", "is" "A" */
    double min, max;
    bool trainable; /* gradients by it exist */
} eq_handle_info;

/* "r1(r)", "d3(is)", or the name of an element alone for its value. */
EQ_API eq_status eq_handle_find(const eq_circuit *c, const char *name, eq_handle *out,
                                eq_diag *diag);
EQ_API eq_handle_info eq_handle_about(const eq_circuit *c, eq_handle h);
EQ_API double eq_handle_get(const eq_circuit *c, eq_handle h);
/* Refuses values outside the bounds. A solver takes the change over by eq_solver_refresh. */
EQ_API eq_status eq_handle_set(eq_circuit *c, eq_handle h, double value, eq_diag *diag);

/* ---- Operating points ---- */

typedef struct eq_solver eq_solver;

typedef enum eq_method { EQ_NEWTON, EQ_KINSOL, EQ_COCONTENT } eq_method;

typedef struct eq_solve_options {
    eq_method method;
    double abstol,
        reltol;         /* KCL bound: max |r_i| <= abstol [A] + reltol * sum of |currents| at i */
    int max_iterations; /* of one rung of the ladder */
    void (*log)(void *data, const char *line); /* NULL: quiet; one line a rung and iteration */
    void *log_data;
} eq_solve_options;

/* Those of the deck, Newton. */
EQ_API eq_solve_options eq_solve_defaults(const eq_circuit *c);

typedef struct eq_solve_info {
    const char *engine; /* "newton", "kinsol", "cocontent" */
    const char *rung;   /* which rung of the ladder answered: "newton", "gmin stepping", ... */
    int iterations, factorizations;
    double residual;       /* max |r_i| [A] */
    double residual_ratio; /* max |r_i| / bound_i: <= 1 when solved */
    bool has_energy;       /* energy weights exist: stationarity is meaningful */
    double stationarity;   /* max |dP/dv| [A] by differences of the energy functions alone; NAN
                              without */
    double energy;         /* the weighted co-content at the solution [W]; NAN without */
} eq_solve_info;

/* Analyzes the circuit, which must outlive the solver. Loops of voltage sources, floating nodes and
 * cutsets of current sources are EQ_ERR_SINGULAR with the nodes and elements named. */
EQ_API eq_status eq_solver_new(eq_circuit *c, eq_solver **out, eq_diag *diag);
EQ_API void eq_solver_free(eq_solver *s);
/* Takes over changed parameters and source values of the circuit; the analysis is kept. */
EQ_API void eq_solver_refresh(eq_solver *s);
/* Voltage-defined branches (V, E, H) in deck order; branch number of element e, -1 when it has
 * none. */
EQ_API size_t eq_solver_branches(const eq_solver *s);
EQ_API int eq_solver_branch_of(const eq_solver *s, eq_element e);
/* The operating point; o NULL: eq_solve_defaults. v[nodes] [V] is the start on entry (zeros are
 * fine) and the potentials on return; branch[branches] [A] (may be NULL) receives the branch
 * currents, from the first node through the source to the second. On any failure v and branch are
 * NAN and diag says why. info may be NULL. */
EQ_API eq_status eq_solver_solve(eq_solver *s, const eq_solve_options *o, double *v, double *branch,
                                 eq_solve_info *info, eq_diag *diag);
/* The exact gradient of a cost C(v) at the solution: dC/dw = -(lambda[a] - lambda[b]) di/dw for a
 * parameter w of a current-defined element from a to b. dcdv, lambda: [nodes]. */
EQ_API eq_status eq_solver_adjoint(eq_solver *s, const double *v, const double *branch,
                                   const double *dcdv, double *lambda, eq_diag *diag);

/* ---- Many input vectors at once ---- */

/* A circuit analyzed once for each of some threads. */
typedef struct eq_batch eq_batch;

typedef struct eq_batch_options {
    int threads; /* >= 1 */
} eq_batch_options;

/* One thread. */
EQ_API eq_batch_options eq_batch_defaults(void);

/* The circuit must outlive the batch; only its values at the time of a call count. o NULL:
 * eq_batch_defaults. input[inputs]: what the columns of an input vector set. */
EQ_API eq_status eq_batch_new(eq_circuit *c, const eq_handle *input, size_t inputs,
                              const eq_batch_options *o, eq_batch **out, eq_diag *diag);
EQ_API void eq_batch_free(eq_batch *b);
/* Operating points v[n][nodes] [V] of the input vectors x[n][inputs]; branch[n][branches] [A] may
 * be NULL. Every one starts from zero, so the bits depend on neither n nor threads. Where one has
 * no answer its row is NAN, and the call returns the status of the first such row after all others
 * are done. */
EQ_API eq_status eq_batch_solve(eq_batch *b, size_t n, const double *x, double *v, double *branch,
                                eq_diag *diag);
/* Vector-Jacobian products at the states v, branch that eq_batch_solve has left for x: with
 * dcdv[n][nodes] = dC/dv of each row, dcdw[n][params] = dC/dw for the parameters
 * param[params] (which must be trainable). */
EQ_API eq_status eq_batch_vjp(eq_batch *b, size_t n, const double *x, const double *v,
                              const double *branch, const double *dcdv, const eq_handle *param,
                              size_t params, double *dcdw, eq_diag *diag);

/* Nudged states: where the circuit rests when currents are driven into its nodes beside what its
 * sources do. current[n][nodes] [A]; start[n][nodes] [V], the states that eq_batch_solve has left
 * for x, is what each phase starts from; v[n][nodes] [V] receives the nudged states and may be
 * `start` itself, branch[n][branches] [A] (may be NULL) their branch currents. */
EQ_API eq_status eq_batch_nudge(eq_batch *b, size_t n, const double *x, const double *start,
                                const double *current, double *v, double *branch, eq_diag *diag);

/* How Equilibrium Propagation estimates a gradient. */
typedef struct eq_eqprop_options {
    double beta;    /* the nudge drives -beta dC/dv [A] into a node: S for costs in V^2; not 0 */
    bool symmetric; /* phases at beta and -beta, with an error of order beta^2; else at 0 and
                       beta, of order beta */
} eq_eqprop_options;

/* 1e-6 S, symmetric. */
EQ_API eq_eqprop_options eq_eqprop_defaults(void);
/* What eq_batch_vjp gives, estimated from a free and nudged phases of the same circuit instead of
 * the adjoint: dC/dw ~ (p(beta) - p(0))/beta, where p = dP/dw is what each element sees of its own
 * drop (Scellier 2020, Eq. 4.11), and by the response of the potentials for parameters of elements
 * without energy. v as in eq_batch_solve. A circuit without energy weights is estimated too, with a
 * warning: there the estimate is no gradient. o NULL: eq_eqprop_defaults. */
EQ_API eq_status eq_batch_eqprop(eq_batch *b, size_t n, const double *x, const double *v,
                                 const double *dcdv, const eq_eqprop_options *o,
                                 const eq_handle *param, size_t params, double *dcdw,
                                 eq_diag *diag);

/* ---- Training ---- */

/* A circuit, data and how to train (schemas/experiment.xsd), as a file says it. */
typedef struct eq_experiment eq_experiment;

/* What is to be changed in an experiment before it is read, "PATH=VALUE" each, as --set has it: an
 * attribute by its path (estimator.beta=1e-7), or a parameter of the circuit (r1(r)=3k). */
typedef struct eq_settings {
    const char *const *item;
    size_t count;
} eq_settings;

/* Every error has its line. */
EQ_API eq_status eq_experiment_read(const char *path, eq_experiment **out, eq_diag *diag);
EQ_API eq_status eq_experiment_read_with(const char *path, const eq_settings *settings,
                                         eq_experiment **out, eq_diag *diag);
EQ_API void eq_experiment_free(eq_experiment *x);

/* How phases are solved: AUTO takes the layered engine where the circuit is made of crossbars. */
typedef enum eq_engine_kind { EQ_ENGINE_AUTO, EQ_ENGINE_LAYERED, EQ_ENGINE_SPARSE } eq_engine_kind;

/* Step by step, in memory alone. */
typedef struct eq_trainer eq_trainer;

typedef struct eq_trainer_options {
    eq_engine_kind engine;
    int threads; /* >= 1 */
} eq_trainer_options;

/* error is of classes, rmse and r2 are of targets (NAN where they are not): the root of the mean
 * squared error in the units of the data, and 1 - sum (y - t)^2 / sum (t - mean)^2, the mean over the
 * targets that vary. */
typedef struct eq_trainer_score {
    size_t examples, wrong;
    double loss, error; /* mean loss, wrong/examples; NAN without examples */
    double rmse, r2;
} eq_trainer_score;

/* One thread, the engine that suits. */
EQ_API eq_trainer_options eq_trainer_defaults(void);
/* Reads circuit and data and draws the initial parameters. The experiment must outlive the trainer;
 * o NULL: eq_trainer_defaults. */
EQ_API eq_status eq_trainer_new(const eq_experiment *x, const eq_trainer_options *o,
                                eq_trainer **out, eq_diag *diag);
EQ_API void eq_trainer_free(eq_trainer *t);
/* One minibatch; behind the last one of an epoch comes the first of the next. `out` (may be NULL)
 * receives the score of these examples before the step. */
EQ_API eq_status eq_trainer_step(eq_trainer *t, eq_trainer_score *out, eq_diag *diag);
/* The rest of this epoch, a whole one at its end; the score of all its examples as they came. */
EQ_API eq_status eq_trainer_epoch(eq_trainer *t, eq_trainer_score *out, eq_diag *diag);
/* The held-out examples; nothing changes. */
EQ_API eq_status eq_trainer_evaluate(eq_trainer *t, eq_trainer_score *out, eq_diag *diag);
/* Those of the validation set. */
EQ_API eq_status eq_trainer_validate(eq_trainer *t, eq_trainer_score *out, eq_diag *diag);
/* The circuit with the parameters as they are now: to be read (eq_handle_get), not changed. */
EQ_API eq_circuit *eq_trainer_circuit(eq_trainer *t);

/* How far an epoch is: given after a minibatch, at most every 0.1 s. */
typedef struct eq_progress {
    size_t epoch, epochs;           /* epoch counts from 1 */
    size_t done, examples;          /* examples of this epoch */
    double examples_per_s;          /* of this epoch so far, training only */
    double seconds_left;            /* of the whole run, evaluation included */
    double train_loss, train_error; /* running, of this epoch; error as a fraction */
    double train_rmse;              /* of targets */
} eq_progress;

/* A row of metrics.csv: losses are means per example, errors fractions of wrong classes (NAN with
 * targets), rmse and r2 as in eq_trainer_score (NAN with classes). NAN without a set. */
typedef struct eq_metrics {
    size_t epoch;
    double train_loss, train_error, test_loss, test_error;
    double examples_per_s; /* training only */
    double seconds; /* of the whole run up to the end of this epoch, resumed parts included */
    double train_rmse, train_r2, test_rmse, test_r2;
    double validation_loss, validation_error, validation_rmse, validation_r2;
    double gradient_cosine; /* watch_gradient; NAN without, or where a gradient is zero */
} eq_metrics;

/* What is trained, for the first lines of the log. */
typedef struct eq_train_summary {
    const char *engine; /* "layered" or "sparse" */
    size_t inputs, outputs, parameters, train_examples, test_examples;
    size_t validation_examples, classes, targets; /* of classes and targets one is 0 */
    /* Of the epoch that did best on the validation set, whose network model.cir is; epoch 0: there
     * is no validation set, or no epoch is over. */
    eq_metrics best;
    bool stopped_early;          /* for want of a better one */
    double iterations_per_solve; /* of the engine, whole run */
    double worst_ratio;          /* largest KCL residual over its bound */
    double shared_bytes;         /* given to other ranks by this one; 0 for one alone */
    size_t nodes, elements;      /* of the circuit */
    int threads;
    size_t batch, epochs, epochs_done; /* of the experiment; those that --resume goes on from */
    const char *estimator, *nudging;   /* "symmetric", "current" */
    double beta;                       /* or eta, of clamps */
    size_t looked_at; /* examples on which the gradient was compared with the adjoint, before the
                         first epoch */
    double gradient_error, gradient_cosine; /* relative, of the estimate at beta; NAN: no gradient
                                               to compare with */
} eq_train_summary;
/* How a part of the network fares in an epoch: a row of diagnosis.csv. NAN: does not apply. Of a
 * group of parameters (a *% train line), over at most 32 minibatches of the epoch: */
typedef struct eq_diagnosis {
    const char *part, *name; /* "group" "rw1*", or "layer" "1" */
    double at_min, at_max;   /* share of the parameters at their bounds */
    double gradient;         /* root mean square of the norm of the minibatches' gradients */
    double snr;   /* norm of their mean over their deviation, without what noise adds to it */
    double moved; /* norm of the change in this epoch over that of the parameters */
    /* of a layer of nodes, over an eighth of these: */
    double v;         /* V: mean |v| */
    double ratio;     /* to that of the layer before; 0: the inputs */
    double saturated; /* share of the nodes with diodes at which these conduct more than all linear
                         elements */
    /* of a group that is stored in devices (docs/experiment.md): */
    double stuck;  /* share of the devices that cannot be moved any more */
    double pulses; /* mean number of pulses a device has had so far */
} eq_diagnosis;

typedef struct eq_train_options {
    const char *folder; /* DIR, made if it is not there; NULL: nothing is written */
    bool resume;        /* go on from DIR/checkpoint */
    bool force;         /* take the place of the run that DIR holds, which is refused otherwise */
    int threads;        /* >= 1 */
    double save_every;  /* s: an epoch that ends this long after the last files writes them again */
    bool
        watch_gradient; /* after each epoch the cosine of the estimator's gradient with the exact one,
                            at a sampled training example */
    eq_engine_kind engine;
    const volatile sig_atomic_t *stop; /* looked at after every minibatch; NULL: never stops */
    /* Before the first epoch, when what was found wrong with the training is in the messages of
     * eq_train: iterations_per_solve, worst_ratio and shared_bytes of the summary are still 0.
     * NULL: quiet. */
    void (*begin)(void *data, const eq_train_summary *s);
    void (*progress)(void *data, const eq_progress *p); /* NULL: quiet */
    void (*epoch)(void *data, const eq_metrics *m);     /* after every epoch; NULL: quiet */
    void (*diagnosis)(void *data, size_t epoch, const eq_diagnosis *row, size_t rows); /* then */
    void *data;
} eq_train_options;

/* One thread, the engine that suits, nothing else. */
EQ_API eq_train_options eq_train_defaults(void);

/* Trains the experiment: metrics.csv, diagnosis.csv, model.cir, checkpoint and experiment.xml in the
 * folder. Under
 * mpirun every process calls it; they share the phases, the first one writes. o NULL:
 * eq_train_defaults. `last` (may be NULL) receives the last row of metrics, `summary` (may be NULL)
 * what was trained. EQ_ERR_INTERRUPTED when *stop was set: the checkpoint is written and --resume
 * goes on to bit-identical results. */
EQ_API eq_status eq_train(const eq_experiment *x, const eq_train_options *o, eq_metrics *last,
                          eq_train_summary *summary, eq_diag *diag);

/* ---- Trained networks ---- */

/* A trained network taken up from the folder of its run: the circuit of DIR/model.cir, with the
 * parameters of DIR/checkpoint where the training has gone on since, and the data of
 * DIR/experiment.xml. Files of different runs are refused. */
typedef struct eq_trained eq_trained;

/* What is not as in the run; nothing is trained again. */
typedef struct eq_trained_options {
    const char *data; /* evaluate on these rows instead of the held-out set (the whole file; of IDX
                           a folder with the test pair of files); NULL: the held-out set */
    int threads;
    eq_settings set;    /* changes of DIR/experiment.xml */
    const char *models; /* a deck whose .model cards take the place of the circuit's; NULL: none */
    double temp;        /* degrees C; NAN: that of the circuit */
} eq_trained_options;

/* One thread, nothing changed. */
EQ_API eq_trained_options eq_trained_defaults(void);
/* o NULL: eq_trained_defaults. */
EQ_API eq_status eq_trained_open(const char *folder, const eq_trained_options *o, eq_trained **out,
                                 eq_diag *diag);
EQ_API void eq_trained_free(eq_trained *m);
/* Its circuit, which belongs to it. */
EQ_API eq_circuit *eq_trained_circuit(eq_trained *m);
/* The epochs that were trained, and which of them this network is of: the best one on the
 * validation set where there is such a set (true; `row`, may be NULL, is its row of metrics), else
 * the last. */
EQ_API bool eq_trained_chosen(const eq_trained *m, eq_metrics *row, size_t *epochs);

/* How well the outputs give one target; in the units of the data. */
typedef struct eq_target_figures {
    double rmse, mae, r2; /* r2: NAN where the target is constant */
} eq_target_figures;

typedef struct eq_evaluation {
    size_t examples, wrong;
    double loss, error; /* mean loss, wrong/examples (NAN with targets) */
    double rmse, r2;    /* over all targets (NAN with classes) */
    size_t classes;     /* or targets */
    char **class_name;  /* [classes] of them */
    size_t
        *confusion; /* [classes][classes]: row true class, column prediction; NULL with targets */
    eq_target_figures *target; /* [classes]; NULL with classes */
} eq_evaluation;

/* What an evaluation may bring beside its score. */
typedef struct eq_infer_options {
    bool predictions, potentials; /* a table; with all potentials */
    bool power;
    double settling;    /* s; NAN: none given */
    double capacitance; /* F at every node beside the deck's own, which give the settling; NAN */
} eq_infer_options;

/* The score alone. */
EQ_API eq_infer_options eq_infer_defaults(void);

/* An evaluation, which the trained network must outlive. */
typedef struct eq_inference eq_inference;

/* o NULL: eq_infer_defaults. */
EQ_API eq_status eq_trained_infer(eq_trained *m, const eq_infer_options *o, eq_inference **out,
                                  eq_diag *diag);
EQ_API void eq_inference_free(eq_inference *i);
EQ_API const eq_evaluation *eq_inference_score(const eq_inference *i);
/* The table of predictions, table[examples][columns]: "example", "true", "predicted" (numbers of
 * classes; of targets "true NAME" and "predicted NAME" in the units of the data), outputs "y1" ..
 * [V], potentials "v(node)" [V]. 0 columns without. */
EQ_API size_t eq_inference_columns(const eq_inference *i);
EQ_API const char *eq_inference_column(const eq_inference *i, size_t column);
EQ_API const double *eq_inference_table(const eq_inference *i);

/* What a part of the circuit delivers and dissipates, W, the mean over the examples. */
typedef struct eq_power_part {
    const char *kind; /* "total", "class", "layer" or "group" */
    const char *name; /* of a class of elements ("resistor") or of a group of parameters; NULL */
    size_t layer;     /* 0: the sources */
    double delivered, dissipated;
} eq_power_part;

/* The total first; false behind the last one, and where power was not asked for. */
EQ_API bool eq_inference_power(const eq_inference *i, size_t part, eq_power_part *out);

#ifdef __cplusplus
}
#endif

#endif
