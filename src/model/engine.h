/* The engine behind a model of a circuit (model.h): free and nudged steady states of a minibatch,
 * and the EqProp gradient. Two implementations behind one table of functions: "layered" (networks
 * whose graph is layered: dense crossbars, solved together, structure of arrays) and "sparse" (any
 * circuit, one example at a time with eq_solver). Both give the same numbers to the KCL bound.
 *
 * Phases are kept in slots (model.h). */
#ifndef EQ_MODEL_ENGINE_H
#define EQ_MODEL_ENGINE_H

#include "model/model.h"

typedef struct eq_engine eq_engine;

/* Receives the gradient of a run of `n` conductances of one group, theta[0..n) in place, and
 * changes them (an optimizer) or copies the gradient out (gradcheck). offset is the position in the
 * group in the engine's own order. Calls come in a fixed order; with several threads, several at
 * once, each for a run of its own. */
typedef void (*eq_step)(void *data, size_t group, size_t offset, size_t n, double *theta,
                        const double *gradient);

/* The frozen circuit must have inputs, outputs and groups, and outlive the engine. EQ_ENGINE_AUTO
 * takes the layered engine when the graph is layered, with the reason in a note when it is not. */
eq_status eq_engine_new(eq_circuit *c, const eq_engine_options *o, eq_engine **out, eq_diag *diag);
void eq_engine_free(eq_engine *e);
eq_engine_info eq_engine_about(const eq_engine *e);

/* Takes the conductances, bias sources and tolerances over from the circuit / writes the
 * conductances back to it. */
void eq_engine_load(eq_engine *e);
void eq_engine_store(const eq_engine *e);

/* Free phase of n examples: x[n][inputs] [V] sets the input sources, y[n][outputs] [V] receives
 * v(plus) - v(minus). Output sources are at zero. */
eq_status eq_engine_free_phase(eq_engine *e, size_t n, const double *x, double *y, eq_diag *diag);
/* As eq_network_free_phase_from. */
eq_status eq_engine_free_phase_from(eq_engine *e, size_t n, const double *x, const double *v,
                                    double *y, eq_diag *diag);
/* Whether there is a free phase of the same examples again that begins at the states of slot 1, as a nudged phase
 * left them: it follows a state that moves with the parameters, where one that begins anew may end in another. */
bool eq_engine_follows(const eq_engine *e);
bool eq_engine_begins_anywhere(const eq_engine *e);
eq_status eq_engine_follow(eq_engine *e, double *y, eq_diag *diag);
/* Nudged phase of the same examples into slot (1..4), started from the free phase.
 * y may be NULL. */
eq_status eq_engine_nudged_phase(eq_engine *e, int slot, const eq_nudge *nudge, double *y,
                                 eq_diag *diag);

/* The adjoint of the free phase for the slopes dcdy[n][outputs] of the costs into slot EQ_ADJOINT. */
eq_status eq_engine_adjoint_phase(eq_engine *e, const double *dcdy, eq_diag *diag);

/* The same by backpropagation through the steps that the free phase took. */
eq_status eq_engine_unrolled_phase(eq_engine *e, const double *dcdy, eq_diag *diag);

/* The gradient of model.h (eq_network_gradient) over the minibatch, run by run through `step`.
 * Afterwards the engine has taken over the changed conductances. */
eq_status eq_engine_update(eq_engine *e, const double a[EQ_MAX_SLOTS], eq_step step, void *data,
                           eq_diag *diag);

/* As eq_network_clamped_phase. */
eq_status eq_engine_clamped_phase(eq_engine *e, int slot, const double *move, double pull,
                                  double *y, eq_diag *diag);

/* As eq_network_rule. */
eq_status eq_engine_rule(eq_engine *e, eq_rule rule, eq_diag *diag);

/* The nudged phases in `slots` (bit s: slot s) count as those of the free phase that was just solved:
 * they were solved before it, on other devices, for the same examples. */
void eq_engine_keep(eq_engine *e, unsigned slots);

eq_status eq_engine_disturb(eq_engine *e, int slot, eq_disturbance error, const void *data,
                            eq_diag *diag);

/* v[n][nodes of the circuit] [V]: the potentials of the free nodes in a slot of the current
 * minibatch; what sources hold may be left as it is. COLLECTIVE. */
eq_status eq_engine_potentials(const eq_engine *e, int slot, double *v, eq_diag *diag);

/* For each position of a group in the engine's order the row in the circuit, rows[count of the
 * group]; returns how many there are. */
size_t eq_engine_group_rows(const eq_engine *e, size_t group, int32_t *rows);

#endif
