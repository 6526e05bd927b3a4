/** @file
 * eqspice: analog circuits, their operating points and gradients. This header is all that a program
 * needs beside the library (`pkg-config --cflags --libs eqspice`); the rooms that implement it
 * include it themselves.
 *
 * Every function that can fail returns EQ_OK or a negative status and adds to `diag` (may be NULL)
 * a sentence that says what is wrong and what to do; `*out` is untouched then. Units: V, A, S, ohm.
 * Arrays lie row by row: `v[n][nodes]` is n rows. Objects belong to who made them, and what a
 * `const char *` points to belongs to the object it was asked of; free(NULL) is legal. Different
 * objects may be used by different threads at the same time, one object by one thread. The library
 * prints nothing, never exits, and changes no setting of the process or of other libraries.
 *
 * @code{.c}
 * eq_circuit *c;
 * eq_solver *s;
 * eq_handle v1;
 * eq_diag *diag = eq_diag_new();
 * eq_circuit_read("divider.cir", &c, diag);           // text -> circuit
 * eq_solver_new(c, &s, diag);                         // analyzed once
 * double *v = calloc(eq_circuit_nodes(c), sizeof *v);
 * eq_solver_solve(s, NULL, v, NULL, NULL, diag);      // v[node], V
 * eq_handle_find(c, "v1", &v1, diag);
 * eq_handle_set(c, v1, 5.0, diag);
 * eq_solver_refresh(s);                               // new values, the analysis is kept
 * eq_solver_solve(s, NULL, v, NULL, NULL, diag);
 * free(v);
 * eq_solver_free(s);
 * eq_circuit_free(c);
 * eq_diag_free(diag);
 * @endcode
 *
 * Many input vectors at once, and gradients: eq_batch_new(). Trainings: eq_train(),
 * eq_trainer_new(). */
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

/** @defgroup version Version
 * @{ */
/** The version of this header. */
#define EQ_VERSION "0.2.0-dev"
/** #EQ_VERSION of the library that is running. */
EQ_API const char *eq_version(void);
/** @} */

/** @defgroup messages Statuses and messages
 * @{ */

/** Sign carries severity: 0 done, < 0 failed. */
typedef enum eq_status {
    EQ_OK = 0,
    EQ_ERR_MEMORY = -1,      /**< an allocation failed or a size overflowed */
    EQ_ERR_USAGE = -2,       /**< wrong arguments: exit status 2 */
    EQ_ERR_INPUT = -3,       /**< a bad deck, experiment or data file: exit status 2 */
    EQ_ERR_IO = -4,          /**< a file cannot be read or written: exit status 1 when writing */
    EQ_ERR_SINGULAR = -5,    /**< the circuit has no unique operating point */
    EQ_ERR_CONVERGE = -6,    /**< no engine brought the KCL residual below its bound */
    EQ_ERR_CHECK = -7,       /**< a check did not hold (verify, gradcheck, stationarity) */
    EQ_ERR_INTERRUPTED = -8, /**< stopped by the user; what was done is saved */
} eq_status;

/** How much a message weighs: a failure, a doubt, or a fact. */
typedef enum eq_severity { EQ_ERROR, EQ_WARNING, EQ_NOTE } eq_severity;

/** What is wrong and what to do, with its place. */
typedef struct eq_message {
    eq_severity severity; /**< an error comes with a negative status */
    char *file;           /**< NULL when there is no place */
    int line;             /**< from 1; 0: not known */
    int column;           /**< from 1; 0: not known */
    char *text;           /**< one sentence, no newline at the end */
} eq_message;

/** A growing list of messages; all functions accept diag = NULL (messages are dropped). */
typedef struct eq_diag eq_diag;

/** An empty list; NULL when memory has run out, which all functions take as well. eq_diag_free()
 * frees it. */
EQ_API eq_diag *eq_diag_new(void);
/** Frees the list and its messages; NULL is legal. */
EQ_API void eq_diag_free(eq_diag *diag);
/** Drops all messages. */
EQ_API void eq_diag_clear(eq_diag *diag);
/** How many messages there are, of all severities. */
EQ_API size_t eq_diag_count(const eq_diag *diag);
/** How many of them are errors. */
EQ_API size_t eq_diag_errors(const eq_diag *diag);
/** Message `index`, from 0 in the order in which they came; where none is stored, the one about
 * memory that ran out. It belongs to the list, until the next message or eq_diag_clear(). */
EQ_API const eq_message *eq_diag_get(const eq_diag *diag, size_t index);
/** "error", "warning" or "note". */
EQ_API const char *eq_severity_name(eq_severity severity);

/** @} */

/** @defgroup circuits Circuits
 * @{ */

/** Nodes and elements with their parameters. */
typedef struct eq_circuit eq_circuit;
typedef int32_t eq_node;    /**< 0 is ground ("0", alias "gnd") */
typedef int32_t eq_element; /**< number of an element in deck order */

/** Reads a deck, SPICE or XML (recognised by its first non-blank character '<'), for its circuit
 * alone, ready to be solved. All errors of the deck are reported in one run.
 * @param path  the file; includes are relative to its folder
 * @param[out] out  the circuit, which eq_circuit_free() frees; untouched when there is an error
 * @param diag  receives errors and warnings with file, line and column
 * @return #EQ_ERR_INPUT for a bad deck or one that cannot be read */
EQ_API eq_status eq_circuit_read(const char *path, eq_circuit **out, eq_diag *diag);
/** eq_circuit_read() from memory.
 * @param name  stands for the file in messages, its folder for that of relative includes
 * @param text  the deck, `length` bytes; a NUL at the end is not needed
 * @param length  [bytes]
 * @param[out] out  the circuit, which eq_circuit_free() frees; untouched when there is an error
 * @param diag  receives errors and warnings with file, line and column
 * @return #EQ_ERR_INPUT for a bad deck */
EQ_API eq_status eq_circuit_parse(const char *name, const char *text, size_t length,
                                  eq_circuit **out, eq_diag *diag);
/** Frees the circuit, after its solvers and batches; NULL is legal. */
EQ_API void eq_circuit_free(eq_circuit *c);

/** The number of nodes, ground included: the length of every `v`. */
EQ_API size_t eq_circuit_nodes(const eq_circuit *c);
/** The number of elements, over all classes. */
EQ_API size_t eq_circuit_elements(const eq_circuit *c);
/** The node of that name, case-blind; -1 when there is none. */
EQ_API eq_node eq_circuit_find_node(const eq_circuit *c, const char *name);
/** The element of that name, case-blind; -1 when there is none. */
EQ_API eq_element eq_circuit_find_element(const eq_circuit *c, const char *name);
/** The name of a node (0 to eq_circuit_nodes() - 1), in lower case. */
EQ_API const char *eq_circuit_node_name(const eq_circuit *c, eq_node node);
/** The name of an element (0 to eq_circuit_elements() - 1), in lower case. */
EQ_API const char *eq_circuit_element_name(const eq_circuit *c, eq_element e);

/** A circuit with the analyses that its deck asks for. */
typedef struct eq_deck eq_deck;

/** Reads a deck as eq_circuit_read() does, with its analyses; eq_deck_free() frees it. */
EQ_API eq_status eq_deck_read(const char *path, eq_deck **out, eq_diag *diag);
/** eq_deck_read() from memory, as eq_circuit_parse() does it. */
EQ_API eq_status eq_deck_parse(const char *name, const char *text, size_t length, eq_deck **out,
                               eq_diag *diag);
/** Frees the deck and its circuit; NULL is legal. */
EQ_API void eq_deck_free(eq_deck *d);
/** The circuit of a deck, which belongs to the deck. */
EQ_API eq_circuit *eq_deck_circuit(const eq_deck *d);

/** Loads a library of compiled Verilog-A models (OSDI 0.3 or 0.4, as OpenVAF makes it), for the N
 * elements of decks that are read from then on. Loading a library runs its code: decks that name
 * one are refused until this was called for it. It stays loaded until the process ends; call this
 * before other threads use circuits.
 * @param file  the shared library
 * @param diag  receives what is wrong
 * @return #EQ_ERR_INPUT: it cannot be opened, is no such library or of another version, or says of
 *   itself what cannot be. */
EQ_API eq_status eq_osdi_allow(const char *file, eq_diag *diag);
/** @} */

/** @defgroup parameters Parameters
 * @{ */

/** One parameter of one element: the way to it for inputs, sweeps, gradients and training. */
typedef struct eq_handle {
    eq_element element; /**< whose parameter it is */
    int32_t param;      /**< its number in the class of the element */
} eq_handle;

/** What is known of a parameter. */
typedef struct eq_handle_info {
    const char *name; /**< "dc", "r", "is" */
    const char *unit; /**< "V", "ohm", "A" */
    double min;       /**< smallest legal value, in that unit */
    double max;       /**< largest legal value */
    bool trainable;   /**< gradients by it exist */
} eq_handle_info;

/** The parameter of that name.
 * @param c  the circuit
 * @param name  "r1(r)", "d3(is)", or the name of an element alone for its value; case-blind
 * @param[out] out  the handle, good for as long as the circuit is
 * @param diag  receives what is near where nothing has that name
 * @return #EQ_ERR_INPUT where there is no such element or parameter */
EQ_API eq_status eq_handle_find(const eq_circuit *c, const char *name, eq_handle *out,
                                eq_diag *diag);
/** Name, unit and bounds of a parameter. */
EQ_API eq_handle_info eq_handle_about(const eq_circuit *c, eq_handle h);
/** The value of a parameter, in its unit. */
EQ_API double eq_handle_get(const eq_circuit *c, eq_handle h);
/** As eq_handle_set(), without looking at bounds: to put back what eq_handle_get() has given before,
 * NAN, too, that of a parameter which the deck does not give.
 * @param c  the circuit
 * @param h  the parameter
 * @param value  in its unit */
EQ_API void eq_handle_put(eq_circuit *c, eq_handle h, double value);
/** Sets a parameter. A solver takes the change over by eq_solver_refresh(), a batch at its next
 * call.
 * @param c  the circuit
 * @param h  the parameter
 * @param value  in its unit
 * @param diag  receives the bounds
 * @return #EQ_ERR_INPUT for a value outside the bounds, which is not set */
EQ_API eq_status eq_handle_set(eq_circuit *c, eq_handle h, double value, eq_diag *diag);

/** @} */

/** @defgroup points Operating points
 * @{ */

/** A circuit analyzed once, to be solved again and again. */
typedef struct eq_solver eq_solver;

/** Which engine solves: Newton with its ladder of continuations, SUNDIALS KINSOL, or the minimum
 * of the co-content (where there is one). */
typedef enum eq_method { EQ_NEWTON, EQ_KINSOL, EQ_COCONTENT } eq_method;

/** How to solve, and when a state is an answer: at every node i the residual of KCL must be
 * |r_i| <= abstol + reltol * sum of |currents| at i. */
typedef struct eq_solve_options {
    eq_method method;                          /**< the engine */
    double abstol;                             /**< [A] */
    double reltol;                             /**< of the sum of |currents| */
    int max_iterations;                        /**< of one rung of the ladder */
    void (*log)(void *data, const char *line); /**< NULL: quiet; one line a rung and iteration */
    void *log_data;                            /**< the first argument of log */
} eq_solve_options;

/** Newton with the tolerances of the deck (`.options`). */
EQ_API eq_solve_options eq_solve_defaults(const eq_circuit *c);

/** How a solve went. */
typedef struct eq_solve_info {
    const char *engine;    /**< "newton", "kinsol", "cocontent" */
    const char *rung;      /**< which rung of the ladder answered: "newton", "gmin stepping", ... */
    int iterations;        /**< of all rungs together */
    int factorizations;    /**< of Jacobians */
    double residual;       /**< max |r_i| [A] */
    double residual_ratio; /**< max |r_i| / bound_i: <= 1 when solved */
    bool has_energy;       /**< energy weights exist: stationarity is meaningful */
    double stationarity;   /**< max |dP/dv| [A] by differences of the energy functions alone; NAN
                              without */
    double energy;         /**< the weighted co-content at the solution [W]; NAN without */
} eq_solve_info;

/** Analyzes a circuit.
 * @param c  the circuit, which must outlive the solver
 * @param[out] out  the solver, which eq_solver_free() frees; untouched when there is an error
 * @param diag  receives the nodes and elements at fault
 * @return #EQ_ERR_SINGULAR for loops of voltage sources, floating nodes and cutsets of current
 * sources */
EQ_API eq_status eq_solver_new(eq_circuit *c, eq_solver **out, eq_diag *diag);
/** Frees the solver, not its circuit; NULL is legal. */
EQ_API void eq_solver_free(eq_solver *s);
/** Takes over changed parameters and source values of the circuit; the analysis is kept. */
EQ_API void eq_solver_refresh(eq_solver *s);
/** The number of voltage-defined branches (V, E, H), in deck order: the length of every `branch`.
 * */
EQ_API size_t eq_solver_branches(const eq_solver *s);
/** The branch of element e; -1 when it has none. */
EQ_API int eq_solver_branch_of(const eq_solver *s, eq_element e);
/** The operating point.
 * @param s  the solver
 * @param o  how; NULL: eq_solve_defaults()
 * @param[in,out] v  [nodes], V: where to start (zeros are fine), then the potentials; NAN on
 * failure
 * @param[out] branch  [branches], A, may be NULL: the currents of the branches, from the first node
 * through the source to the second; NAN on failure
 * @param[out] info  may be NULL: how it went
 * @param diag  receives why there is no answer
 * @return #EQ_ERR_SINGULAR where no operating point is unique, #EQ_ERR_CONVERGE where none was
 * found */
EQ_API eq_status eq_solver_solve(eq_solver *s, const eq_solve_options *o, double *v, double *branch,
                                 eq_solve_info *info, eq_diag *diag);
/** The exact gradient of a cost C(v) at a solution: dC/dw = -(lambda[a] - lambda[b]) di/dw for a
 * parameter w of a current-defined element from a to b.
 * @param s  the solver
 * @param v  [nodes], V: the solution
 * @param branch  [branches], A: the solution
 * @param dcdv  [nodes]: dC/dv, in units of C per V
 * @param[out] lambda  [nodes], in units of C per A
 * @param diag  receives why there is none
 * @return #EQ_ERR_SINGULAR where the Jacobian at v is singular */
EQ_API eq_status eq_solver_adjoint(eq_solver *s, const double *v, const double *branch,
                                   const double *dcdv, double *lambda, eq_diag *diag);

/** @} */

/** @defgroup batches Many input vectors at once
 * @{ */

/** A circuit analyzed once for each of some threads. */
typedef struct eq_batch eq_batch;

/** How a batch works. */
typedef struct eq_batch_options {
    int threads; /**< >= 1 */
} eq_batch_options;

/** One thread. */
EQ_API eq_batch_options eq_batch_defaults(void);

/** Analyzes a circuit for many input vectors.
 * @param c  the circuit, which must outlive the batch; its values at the time of a call count
 * @param input  [inputs]: what the columns of an input vector set
 * @param inputs  how many these are; 0: none, every row is the circuit as it is
 * @param o  NULL: eq_batch_defaults()
 * @param[out] out  the batch, which eq_batch_free() frees; untouched when there is an error
 * @param diag  receives what is wrong
 * @return as eq_solver_new() */
EQ_API eq_status eq_batch_new(eq_circuit *c, const eq_handle *input, size_t inputs,
                              const eq_batch_options *o, eq_batch **out, eq_diag *diag);
/** Frees the batch, not its circuit; NULL is legal. */
EQ_API void eq_batch_free(eq_batch *b);
/** Operating points of many input vectors. Every one starts from zero, so the bits depend on
 * neither n nor threads.
 * @param b  the batch
 * @param n  how many vectors
 * @param x  [n][inputs], each column in the unit of its parameter
 * @param[out] v  [n][nodes], V: the potentials; a row is NAN where it has no answer
 * @param[out] branch  [n][branches], A, may be NULL: the currents of the branches, likewise
 * @param diag  receives why, of the first row without an answer
 * @return the status of the first row without an answer, after all others are done */
EQ_API eq_status eq_batch_solve(eq_batch *b, size_t n, const double *x, double *v, double *branch,
                                eq_diag *diag);
/** Vector-Jacobian products at states that eq_batch_solve() has left, by the adjoint.
 * @param b  the batch
 * @param n  how many vectors
 * @param x  [n][inputs]: those of eq_batch_solve()
 * @param v  [n][nodes], V: from eq_batch_solve()
 * @param branch  [n][branches], A: from eq_batch_solve()
 * @param dcdv  [n][nodes]: dC/dv of each row, in units of C per V
 * @param param  [params]: by what, trainable each
 * @param params  how many these are
 * @param[out] dcdw  [n][params]: dC/dw of each row, in units of C per unit of the parameter
 * @param diag  receives what is wrong
 * @return #EQ_ERR_USAGE for a parameter without gradient, #EQ_ERR_SINGULAR where the Jacobian of
 * a row is singular */
EQ_API eq_status eq_batch_vjp(eq_batch *b, size_t n, const double *x, const double *v,
                              const double *branch, const double *dcdv, const eq_handle *param,
                              size_t params, double *dcdw, eq_diag *diag);

/** Nudged states: where the circuit rests when currents are driven into its nodes beside what its
 * sources do.
 * @param b  the batch
 * @param n  how many vectors
 * @param x  [n][inputs]: those of eq_batch_solve()
 * @param start  [n][nodes], V: the states that eq_batch_solve() has left for x, where each begins
 * @param current  [n][nodes], A: what is driven into each node
 * @param[out] v  [n][nodes], V: the nudged states; may be `start` itself
 * @param[out] branch  [n][branches], A, may be NULL: the currents of the branches
 * @param diag  receives why, of the first row without an answer
 * @return as eq_batch_solve() */
EQ_API eq_status eq_batch_nudge(eq_batch *b, size_t n, const double *x, const double *start,
                                const double *current, double *v, double *branch, eq_diag *diag);

/** How Equilibrium Propagation estimates a gradient. */
typedef struct eq_eqprop_options {
    double beta;    /**< the nudge drives -beta dC/dv [A] into a node: S for costs in V^2; not 0 */
    bool symmetric; /**< phases at beta and -beta, with an error of order beta^2; else at 0 and
                       beta, of order beta */
} eq_eqprop_options;

/** 1e-6 S, symmetric. */
EQ_API eq_eqprop_options eq_eqprop_defaults(void);
/** What eq_batch_vjp() gives, estimated from a free and nudged phases of the same circuit instead
 * of the adjoint: dC/dw ~ (p(beta) - p(0))/beta, where p = dP/dw is what each element sees of its
 * own drop (Scellier 2020, Eq. 4.11), and by the response of the potentials for parameters of
 * elements without energy. A circuit without energy weights is estimated too, with a warning:
 * there the estimate is no gradient.
 * @param b  the batch
 * @param n  how many vectors
 * @param x  [n][inputs]: those of eq_batch_solve()
 * @param v  [n][nodes], V: from eq_batch_solve()
 * @param dcdv  [n][nodes]: dC/dv of each row, in units of C per V
 * @param o  NULL: eq_eqprop_defaults()
 * @param param  [params]: by what, trainable each
 * @param params  how many these are
 * @param[out] dcdw  [n][params]: dC/dw of each row, in units of C per unit of the parameter
 * @param diag  receives what is wrong
 * @return as eq_batch_vjp(), and as eq_batch_nudge() where a phase has no answer */
EQ_API eq_status eq_batch_eqprop(eq_batch *b, size_t n, const double *x, const double *v,
                                 const double *dcdv, const eq_eqprop_options *o,
                                 const eq_handle *param, size_t params, double *dcdw,
                                 eq_diag *diag);

/* ---- Training ---- */

/** @} */

/** @defgroup training Training
 * @{ */

/** A circuit, data and how to train (schemas/experiment.xsd), as a file says it. */
typedef struct eq_experiment eq_experiment;

/** What is to be changed in an experiment before it is read, as `--set` has it. */
typedef struct eq_settings {
    const char *const *item; /**< [count] "PATH=VALUE": an attribute by its path
                                  (estimator.beta=1e-7), or a parameter of the circuit (r1(r)=3k) */
    size_t count;            /**< how many */
} eq_settings;

/** Reads the XML file of an experiment.
 * @param path  the file
 * @param[out] out  the experiment, which eq_experiment_free() frees; untouched when there is an
 * error
 * @param diag  receives every error with its line
 * @return #EQ_ERR_INPUT for what the schema or the sense forbids, or a file that cannot be read */
EQ_API eq_status eq_experiment_read(const char *path, eq_experiment **out, eq_diag *diag);
/** eq_experiment_read() with changes.
 * @param path  the file
 * @param settings  the changes; NULL: none
 * @param[out] out  the experiment, which eq_experiment_free() frees; untouched when there is an
 * error
 * @param diag  receives every error with its line, or its setting
 * @return as eq_experiment_read() */
EQ_API eq_status eq_experiment_read_with(const char *path, const eq_settings *settings,
                                         eq_experiment **out, eq_diag *diag);
/** Frees the experiment, after its trainers; NULL is legal. */
EQ_API void eq_experiment_free(eq_experiment *x);

/** How phases are solved: AUTO takes the layered engine where the circuit is made of crossbars. */
typedef enum eq_engine_kind { EQ_ENGINE_AUTO, EQ_ENGINE_LAYERED, EQ_ENGINE_SPARSE } eq_engine_kind;

/** A training step by step, in memory alone. */
typedef struct eq_trainer eq_trainer;

/** How a trainer works. */
typedef struct eq_trainer_options {
    eq_engine_kind engine; /**< what solves the phases */
    int threads;           /**< >= 1 */
} eq_trainer_options;

/** How well examples were answered. A network has classes (error) or targets (rmse, r2); what
 * does not apply is NAN. */
typedef struct eq_trainer_score {
    size_t examples; /**< how many */
    size_t wrong;    /**< of these, classes that are wrong */
    double loss;     /**< mean; NAN without examples */
    double error;    /**< wrong/examples */
    double rmse;     /**< root of the mean squared error, in the units of the data */
    double r2; /**< 1 - sum (y - t)^2 / sum (t - mean)^2, the mean over the targets that vary */
} eq_trainer_score;

/** One thread, the engine that suits. */
EQ_API eq_trainer_options eq_trainer_defaults(void);
/** Reads circuit and data and draws the initial parameters.
 * @param x  the experiment, which must outlive the trainer
 * @param o  NULL: eq_trainer_defaults()
 * @param[out] out  the trainer, which eq_trainer_free() frees; untouched when there is an error
 * @param diag  receives what is wrong
 * @return #EQ_ERR_INPUT for circuit or data that do not fit or cannot be read */
EQ_API eq_status eq_trainer_new(const eq_experiment *x, const eq_trainer_options *o,
                                eq_trainer **out, eq_diag *diag);
/** Frees the trainer, not its experiment; NULL is legal. */
EQ_API void eq_trainer_free(eq_trainer *t);
/** One minibatch; behind the last one of an epoch comes the first of the next.
 * @param t  the trainer
 * @param[out] out  may be NULL: the score of these examples before the step
 * @param diag  receives what is wrong
 * @return #EQ_ERR_CONVERGE or #EQ_ERR_SINGULAR where a phase has no answer */
EQ_API eq_status eq_trainer_step(eq_trainer *t, eq_trainer_score *out, eq_diag *diag);
/** The rest of this epoch, a whole one at its end; `out` (may be NULL) receives the score of all
 * its examples as they came. Fails as eq_trainer_step() does. */
EQ_API eq_status eq_trainer_epoch(eq_trainer *t, eq_trainer_score *out, eq_diag *diag);
/** The score of the held-out examples; nothing changes. */
EQ_API eq_status eq_trainer_evaluate(eq_trainer *t, eq_trainer_score *out, eq_diag *diag);
/** The score of the validation set; nothing changes. */
EQ_API eq_status eq_trainer_validate(eq_trainer *t, eq_trainer_score *out, eq_diag *diag);
/** The circuit with the parameters as they are now: to be read (eq_handle_get()), not changed. It
 * belongs to the trainer. NULL: the experiment has a network element, which is no circuit. */
EQ_API eq_circuit *eq_trainer_circuit(eq_trainer *t);

/** How far an epoch is: given after a minibatch, at most every 0.1 s. */
typedef struct eq_progress {
    size_t epoch;          /**< from 1 */
    size_t epochs;         /**< of the experiment */
    size_t done;           /**< examples of this epoch that are over */
    size_t examples;       /**< of this epoch, all */
    double examples_per_s; /**< of this epoch so far, training only */
    double seconds_left;   /**< of the whole run, evaluation included */
    double train_loss;     /**< mean so far in this epoch */
    double train_error;    /**< fraction of wrong classes so far; NAN with targets */
    double train_rmse;     /**< of targets so far; NAN with classes */
} eq_progress;

/** A row of metrics.csv: losses are means per example, errors fractions of wrong classes (NAN with
 * targets), rmse and r2 as in eq_trainer_score (NAN with classes). NAN without a set. */
typedef struct eq_metrics {
    size_t epoch;          /**< from 1 */
    double train_loss;     /**< of the training examples as they came */
    double train_error;    /**< likewise */
    double test_loss;      /**< of the held-out examples, after the epoch */
    double test_error;     /**< likewise */
    double examples_per_s; /**< training only */
    double seconds;        /**< of the whole run to the end of this epoch, resumed parts included */
    double train_rmse;     /**< of the training examples as they came */
    double train_r2;       /**< likewise */
    double test_rmse;      /**< of the held-out examples, after the epoch */
    double test_r2;        /**< likewise */
    double validation_loss;  /**< of the validation set, after the epoch */
    double validation_error; /**< likewise */
    double validation_rmse;  /**< likewise */
    double validation_r2;    /**< likewise */
    double gradient_cosine;  /**< watch_gradient; NAN without, or where a gradient is zero */
    double
        mode_hops; /**< clamped phases of the epoch whose energy is below that of the free phase; NAN:
                                nothing is clamped, or the energy is convex */
    double
        train_before; /**< meta-learning: loss of the queries before a task is learned; NAN without */
    double test_before; /**< likewise, of the held-out tasks */
    double inner_steps; /**< mean steps of learning one of these */
} eq_metrics;

/** What is trained, for the first lines of the log. Strings are constants of the library. */
typedef struct eq_train_summary {
    const char *engine;         /**< "layered" or "sparse" */
    size_t inputs;              /**< of the circuit */
    size_t outputs;             /**< of the circuit */
    size_t parameters;          /**< that are trained */
    size_t train_examples;      /**< in the training set */
    size_t test_examples;       /**< held out */
    size_t validation_examples; /**< in the validation set */
    size_t classes;             /**< 0 with targets */
    size_t targets;             /**< 0 with classes */
    /** Of the epoch that did best on the validation set, whose network model.cir is; epoch 0: there
     * is no validation set, or no epoch is over. */
    eq_metrics best;
    bool stopped_early;          /**< for want of a better one */
    double iterations_per_solve; /**< of the engine, whole run */
    double worst_ratio;          /**< largest KCL residual over its bound */
    double shared_bytes;         /**< given to other ranks by this one; 0 for one alone */
    size_t nodes;                /**< of the circuit, or the units of a network without one */
    size_t elements;             /**< of the circuit; 0: there is none */
    int threads;                 /**< that work */
    size_t batch;                /**< examples of a minibatch */
    size_t epochs;               /**< of the experiment */
    size_t epochs_done;          /**< those that a resumed run goes on from */
    const char *estimator;       /**< "symmetric", ... */
    const char *nudging;         /**< "current", ... */
    double beta;                 /**< or eta, of clamps */
    size_t looked_at; /**< examples on which the gradient was compared with the adjoint, before the
                               first epoch */
    double
        gradient_error; /**< relative, of the estimate at beta; NAN: no gradient to compare with */
    double gradient_cosine;           /**< of the estimate with the adjoint; NAN likewise */
    double free_iterations_per_solve; /**< of free phases; 0: they are not counted apart */
    size_t train_tasks;               /**< of meta-learning; 0: without */
    size_t test_tasks;                /**< held out */
    double
        last_step; /**< by which the last of counted steps moved a unit in a free phase, at most; 0: no steps
                           are counted */
    size_t
        image[3]; /**< channels, rows and columns of the images that are distorted; 0: none are */
} eq_train_summary;

/** How a part of the network fares in an epoch: a row of diagnosis.csv. at_min to moved are of a
 * group of parameters (a `*% train` line), over at most 32 minibatches of the epoch; v to
 * saturated of a layer of nodes, over an eighth of these; stuck and pulses of a group that is
 * stored in devices. NAN: does not apply. */
typedef struct eq_diagnosis {
    const char *part; /**< "group" or "layer" */
    const char *name; /**< "rw1*" of a group, "1" of a layer */
    double at_min;    /**< share of the parameters at their lower bound */
    double at_max;    /**< share of the parameters at their upper bound */
    double gradient;  /**< root mean square of the norm of the minibatches' gradients */
    double snr;       /**< norm of their mean over their deviation, without what noise adds to it */
    double moved;     /**< norm of the change in this epoch over that of the parameters */
    double v;         /**< V: mean |v| */
    double ratio;     /**< to that of the layer before; 0: the inputs */
    double
        saturated; /**< share of the nodes with diodes at which these conduct more than all linear
                         elements */
    double stuck;  /**< share of the devices that cannot be moved any more */
    double pulses; /**< mean number of pulses a device has had so far */
} eq_diagnosis;

/** How to train, where to, and who hears of it. The functions are called by the thread that called
 * eq_train(); NULL: quiet. */
typedef struct eq_train_options {
    const char *folder; /**< DIR, made if it is not there; NULL: nothing is written */
    bool resume;        /**< go on from DIR/checkpoint */
    bool force;         /**< take the place of the run that DIR holds, which is refused otherwise */
    int threads;        /**< >= 1 */
    double
        save_every; /**< s: an epoch that ends this long after the last files writes them again; as one does that
                     lasts longer, which is given a second at the least */
    /** After each epoch the cosine of the estimator's gradient with the exact one, at a sampled
     * training example. */
    bool watch_gradient;
    eq_engine_kind engine;             /**< what solves the phases */
    const volatile sig_atomic_t *stop; /**< looked at after every minibatch; NULL: never stops */
    /** Before the first epoch, when what was found wrong with the training is in the messages of
     * eq_train(): iterations_per_solve, worst_ratio and shared_bytes of the summary are still 0. */
    void (*begin)(void *data, const eq_train_summary *s);
    void (*progress)(void *data, const eq_progress *p); /**< after a minibatch, not all of them */
    void (*epoch)(void *data, const eq_metrics *m);     /**< after every epoch */
    void (*diagnosis)(void *data, size_t epoch, const eq_diagnosis *row, size_t rows); /**< then */
    void *data; /**< the first argument of these */
} eq_train_options;

/** One thread, the engine that suits, nothing else. */
EQ_API eq_train_options eq_train_defaults(void);

/** Trains the experiment: metrics.csv, diagnosis.csv, model.cir, checkpoint and experiment.xml in
 * the folder. Under mpirun every process calls it; they share the phases, the first one writes.
 * @param x  the experiment
 * @param o  NULL: eq_train_defaults()
 * @param[out] last  may be NULL: the last row of metrics
 * @param[out] summary  may be NULL: what was trained
 * @param diag  receives what is wrong, and warnings of a training that cannot go well
 * @return #EQ_ERR_INTERRUPTED when *stop was set: the checkpoint is written and
 * eq_train_options::resume goes on to the same bits; else as eq_trainer_new() and
 * eq_trainer_step(), #EQ_ERR_IO where the folder cannot be written */
EQ_API eq_status eq_train(const eq_experiment *x, const eq_train_options *o, eq_metrics *last,
                          eq_train_summary *summary, eq_diag *diag);

/** @} */

/** @defgroup trained Trained networks
 * @{ */

/** A trained network taken up from the folder of its run: the circuit of DIR/model.cir, with the
 * parameters of DIR/checkpoint where the training has gone on since, and the data of
 * DIR/experiment.xml. Files of different runs are refused. */
typedef struct eq_trained eq_trained;

/** What is not as in the run; nothing is trained again. */
typedef struct eq_trained_options {
    const char *data; /**< evaluate on these rows instead of the held-out set (the whole file;
                           of IDX a folder with the test pair of files); NULL: the held-out set */
    const char
        *labels;     /**< the file of their labels, or targets, where `data` is a .npy or IDX file;
                           NULL: it is one of the run's own, or has them */
    int threads;     /**< >= 1 */
    eq_settings set; /**< changes of DIR/experiment.xml */
    const char *models; /**< a deck whose .model cards take the place of the circuit's; NULL: none
                             */
    double temp;        /**< degrees C; NAN: that of the circuit */
} eq_trained_options;

/** One thread, nothing changed. */
EQ_API eq_trained_options eq_trained_defaults(void);
/** Takes up a trained network.
 * @param folder  DIR, as eq_train() or `eqspice train -o` has left it
 * @param o  NULL: eq_trained_defaults()
 * @param[out] out  the network, which eq_trained_free() frees; untouched when there is an error
 * @param diag  receives what is wrong, and warnings of data that have changed
 * @return #EQ_ERR_INPUT for a folder that holds no run, or files of several */
EQ_API eq_status eq_trained_open(const char *folder, const eq_trained_options *o, eq_trained **out,
                                 eq_diag *diag);
/** Frees the network and its circuit, after its evaluations; NULL is legal. */
EQ_API void eq_trained_free(eq_trained *m);
/** Its circuit, which belongs to it; NULL: it is a network element, which is none. */
EQ_API eq_circuit *eq_trained_circuit(eq_trained *m);
/** Which epoch this network is of.
 * @param m  the network
 * @param[out] row  may be NULL: the metrics of the best epoch, where there is one
 * @param[out] epochs  how many were trained
 * @return true: of the best one on the validation set; false: of the last, there is no such set */
EQ_API bool eq_trained_chosen(const eq_trained *m, eq_metrics *row, size_t *epochs);

/** How well the outputs give one target; in the units of the data. */
typedef struct eq_target_figures {
    double rmse; /**< root of the mean squared error */
    double mae;  /**< mean absolute error */
    double r2;   /**< NAN where the target is constant */
} eq_target_figures;

/** The score of an evaluation. */
typedef struct eq_evaluation {
    size_t examples;   /**< how many */
    size_t wrong;      /**< of these, classes that are wrong */
    double loss;       /**< mean */
    double error;      /**< wrong/examples; NAN with targets */
    double rmse;       /**< over all targets, in the units of the data; NAN with classes */
    double r2;         /**< over all targets; NAN with classes */
    size_t classes;    /**< or targets */
    char **class_name; /**< [classes] of them */
    size_t
        *confusion; /**< [classes][classes]: row true class, column prediction; NULL with targets */
    eq_target_figures *target; /**< [classes]; NULL with classes */
} eq_evaluation;

/** What an evaluation may bring beside its score. */
typedef struct eq_infer_options {
    bool predictions;   /**< a table of all examples */
    bool potentials;    /**< with the potentials of all nodes in it */
    bool power;         /**< what each part delivers and dissipates */
    double settling;    /**< s; NAN: none given */
    double capacitance; /**< F at every node beside the deck's own, for the settling; NAN */
} eq_infer_options;

/** The score alone. */
EQ_API eq_infer_options eq_infer_defaults(void);

/** An evaluation, which the trained network must outlive. */
typedef struct eq_inference eq_inference;

/** Evaluates.
 * @param m  the network
 * @param o  NULL: eq_infer_defaults()
 * @param[out] out  the evaluation, which eq_inference_free() frees; untouched when there is an
 * error
 * @param diag  receives what is wrong
 * @return #EQ_ERR_CONVERGE or #EQ_ERR_SINGULAR where an example has no answer */
EQ_API eq_status eq_trained_infer(eq_trained *m, const eq_infer_options *o, eq_inference **out,
                                  eq_diag *diag);
/** Frees an evaluation; NULL is legal. */
EQ_API void eq_inference_free(eq_inference *i);
/** Its score, which belongs to it. */
EQ_API const eq_evaluation *eq_inference_score(const eq_inference *i);
/** How many columns the table of predictions has; 0 where it was not asked for. */
EQ_API size_t eq_inference_columns(const eq_inference *i);
/** The name of a column: "example", "true", "predicted" (numbers of classes; of targets "true
 * NAME" and "predicted NAME" in the units of the data), the outputs "y1", "y2" [V], potentials
 * "v(node)" [V]. */
EQ_API const char *eq_inference_column(const eq_inference *i, size_t column);
/** The table [examples][columns], which belongs to the evaluation. */
EQ_API const double *eq_inference_table(const eq_inference *i);

/** What a part of the circuit delivers and dissipates, the mean over the examples. */
typedef struct eq_power_part {
    const char *kind;  /**< "total", "class", "layer" or "group" */
    const char *name;  /**< of a class of elements ("resistor") or of a group of parameters; NULL */
    size_t layer;      /**< 0: the sources */
    double delivered;  /**< W */
    double dissipated; /**< W */
} eq_power_part;

/** Part `part` of the power, the total first; false behind the last one, and where power was not
 * asked for. */
EQ_API bool eq_inference_power(const eq_inference *i, size_t part, eq_power_part *out);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
