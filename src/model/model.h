/* A model: what can be trained, as the trainer sees it. It has inputs, outputs and blocks of
 * parameters; a free phase; nudged phases; an update that applies an optimizer where the parameters
 * live; and the gradient that the update would take. What the parameters are (conductances, biases,
 * source values) and how a phase is solved (engine.h) is the model's own.
 *
 * Parameters are numbered block after block, each in deck order, which is the same in the deck that
 * is written of the circuit: the order of checkpoints and of everything here.
 *
 * Phases are kept in slots: slot 0 is the free phase, slots 1..4 nudged phases, slot EQ_ADJOINT the
 * adjoint of the free phase, of the current minibatch. */
#ifndef EQ_MODEL_MODEL_H
#define EQ_MODEL_MODEL_H

#include "circuit/circuit.h"
#include "model/device/device.h"
#include "model/optimizer.h"
#include "model/pull.h"

enum { EQ_ADJOINT = 5, EQ_MAX_SLOTS };

/* How a parameter learns from the phases (eq_network_gradient). */
typedef enum eq_rule {
    EQ_RULE_ENERGY,   /* sum of a dp/dw, and by the response where it has no energy of its own */
    EQ_RULE_RESPONSE, /* sum of a V di/dw, di/dw of the free state: a local rule for any element */
    EQ_RULE_DELTA_V2, /* sum of a (drop)^2 of the element, or of the transistors that a source opens */
} eq_rule;

typedef struct eq_engine_options {
    eq_engine_kind kind;
    size_t batch; /* the largest number of examples of one call */
    int threads;  /* >= 1 */
} eq_engine_options;

/* "auto", "layered" or "sparse". */
bool eq_engine_kind_find(const char *name, eq_engine_kind *kind);
const char *eq_engine_kind_name(eq_engine_kind kind);

/* A nudge: the current driven into output k of example n is
 *   current[n][k] - sum_l slope[n][k][l] (y[n][l] - at[n][l])   [A]
 * into its plus node and out of its minus node (each scaled by d_ref/d_node where the energy
 * weights of the output nodes differ). slope and at are NULL for a constant current (Eq. 4.16). */
typedef struct eq_nudge {
    const double *current; /* [n][outputs] */
    const double *slope;   /* [n][outputs][outputs] [S], or NULL */
    const double *at;      /* [n][outputs] [V], or NULL */
    bool again; /* the nudge of the phase before in this slot, expanded where that ended */
    bool
        stay; /* the phase begins there too, where there may be several states; else at the free one */
    /* What the nudge is at the outputs y[n][outputs], into current[n][outputs]; NULL: what stands above is all of it.
     * Phases of counted steps ask for it in each step, and say so; others take its expansion. */
    void (*follow)(void *data, const double *y, double *current);
    void *data;
    bool *followed;
} eq_nudge;

typedef struct eq_engine_info {
    const char *name;  /* "layered" or "sparse" */
    double iterations; /* outer iterations of all solves so far */
    double passes;     /* layered: passes of an example through the conductances between layers,
                           one way each */
    double solves;     /* examples times phases so far */
    double free_iterations, free_solves; /* those of free phases, or 0: not counted apart */
    double worst_ratio;                  /* largest KCL residual / bound seen */
    double last_step;   /* the largest move by the last of counted steps of a free phase */
    bool sweeps;        /* layered, and too large for dense Schur complements */
    double least, most; /* what outputs may be whose units stop there; equal: anything */
    const char *biased; /* why gradients from phases are biased: there are no energy weights */
} eq_engine_info;

typedef struct eq_network eq_network;

/* What a potential of an example of the minibatch is read off by, V. */
typedef double (*eq_disturbance)(const void *data, size_t example, eq_node node);

/* Parameters that are trained together: one learning rate, one pair of bounds. */
typedef struct eq_block {
    const char *name;         /* the pattern of the deck, "rw*" */
    const char *param, *unit; /* "g" "S", "vb" "V" */
    double min, max;
    size_t first, count; /* parameters first .. first + count - 1 of the model */
} eq_block;

/* The model of a frozen circuit, which must outlive it. It has blocks from the start, phases after
 * eq_network_start. */
eq_status eq_network_new(eq_circuit *c, eq_network **out, eq_diag *diag);
/* Chooses the engine, of a circuit as eq_engine_new does, and takes the parameters over. */
eq_status eq_network_start(eq_network *n, const eq_engine_options *o, eq_diag *diag);
void eq_network_free(eq_network *n);
eq_engine_info eq_network_about(const eq_network *n);

/* The circuit that it models; NULL: it is made of something else. */
eq_circuit *eq_network_circuit(const eq_network *n);

size_t eq_network_inputs(const eq_network *n);
size_t eq_network_outputs(const eq_network *n);
size_t eq_network_nodes(const eq_network *n); /* values of one state */
/* Output k: the name of its plus node, and whether it is a pair of nodes. */
const char *eq_network_output(const eq_network *n, size_t k, bool *pair);
size_t eq_network_blocks(const eq_network *n);
const eq_block *eq_network_block(const eq_network *n, size_t block);
/* The block of parameter p of all; its number (may be NULL). */
const eq_block *eq_network_block_of(const eq_network *n, size_t p, size_t *number);
size_t eq_network_parameters(const eq_network *n); /* of all blocks */

/* The parameters of a block, theta[count]. put: into the circuit, where an engine takes them from
 * at the next load. */
void eq_network_get(const eq_network *n, size_t block, double *theta);
void eq_network_put(eq_network *n, size_t block, const double *theta);
/* fan[count]: how many parameters of the block act on the node that each acts on (the second node
 * of its element). */
eq_status eq_network_fan_in(const eq_network *n, size_t block, double *fan, eq_diag *diag);
/* The element of parameter j of a block. */
const char *eq_network_name(const eq_network *n, size_t block, size_t j);

/* Of a model without a circuit: phases are solved to this residual from now on. */
void eq_network_tolerate(eq_network *n, double residual);

/* Takes parameters, sources and tolerances over from the circuit / writes the parameters back. */
void eq_network_load(eq_network *n);
void eq_network_store(const eq_network *n);

/* Free phase of `count` examples: x[count][inputs] [V]; y[count][outputs] receives the outputs. */
eq_status eq_network_free_phase(eq_network *n, size_t count, const double *x, double *y,
                                eq_diag *diag);
/* The same, which begins at the states v[count][nodes] instead of where such phases do (NULL: there), where the engine
 * can. */
bool eq_network_begins_anywhere(const eq_network *n);
eq_status eq_network_free_phase_from(eq_network *n, size_t count, const double *x, const double *v,
                                     double *y, eq_diag *diag);
/* Nudged phase of the same examples into slot (1..4), started from the free phase.
 * y may be NULL. */
eq_status eq_network_nudged_phase(eq_network *n, int slot, const eq_nudge *nudge, double *y,
                                  eq_diag *diag);

/* A nudged phase in which the plus and the minus node of each output is pulled by a conductance `pull`
 * [S] (infinite: held) to move[n][outputs][2] [V] from where it was in the free phase; NAN: not.
 * EQ_ERR_CHECK where the model cannot. */
eq_status eq_network_clamped_phase(eq_network *n, int slot, const double *move, double pull,
                                   double *y, eq_diag *diag);

/* The rule of the updates and gradients that follow; EQ_ERR_CHECK where the model does not know it. */
eq_status eq_network_rule(eq_network *n, eq_rule rule, eq_diag *diag);

/* Nudged phases (bit s: slot s) that were solved for the same examples before the last load and the
 * free phase behind it, on other devices, count as phases of this one. */
void eq_network_keep(eq_network *n, unsigned slots);

/* Adds errors to the potentials of the free nodes in a slot: an update learns from what is read. */
eq_status eq_network_disturb(eq_network *n, int slot, eq_disturbance error, const void *data,
                             eq_diag *diag);

/* The adjoint of the free phase for costs with the slopes dcdy[n][outputs]: its slot stands for the
 * exact gradient, whether an energy exists or not. */
eq_status eq_network_adjoint_phase(eq_network *n, const double *dcdy, eq_diag *diag);
/* The same by backpropagation through the time steps of the free phase, of a model that has them. */
eq_status eq_network_unrolled_phase(eq_network *n, const double *dcdy, eq_diag *diag);
/* v[count][nodes] [V]: all potentials of the free phase of the `count` examples x[count][inputs] of
 * the current minibatch. COLLECTIVE. */
eq_status eq_network_potentials(eq_network *n, size_t count, const double *x, double *v,
                                eq_diag *diag);

/* Whether the energy is convex, or there is none: then no phase has another mode to go to. */
eq_status eq_network_convex(eq_network *n, bool *convex, eq_diag *diag);
/* e[count]: the energies (of a circuit the weighted co-content [W]) in a slot of the current
 * minibatch of the `count` examples x; size[count]: what their terms add up to. COLLECTIVE. */
eq_status eq_network_energies(eq_network *n, int slot, size_t count, const double *x, double *e,
                              double *size, eq_diag *diag);

/* input_gradient.c. dldx[count][inputs] at the free phase of the `count` examples x for costs with the slopes
 * dcdy[count][outputs], by phases of +beta and -beta (into slots 1 and 2), or for beta = 0 by the adjoint,
 * of counted time steps (unrolled) by backpropagation through them
 * (Scellier 2020, section 2.7: an input is a parameter of its example). COLLECTIVE. */
eq_status eq_network_input_gradient(eq_network *n, size_t count, const double *x,
                                    const double *dcdy, double beta, bool unrolled, double *dldx,
                                    eq_diag *diag);

/* present.c. Puts one example x[inputs] on the input sources of the circuit and current[outputs] on
 * its nudge sources (NULL: nothing): it can then be exported, or solved by others. */
eq_status eq_network_present(eq_network *n, const double *x, const double *current, eq_diag *diag);

/* The gradient sum_n sum_slot a[slot] * weight_k * dp_k/dw_k(slot) over the phases of the minibatch,
 * with weight_k = d_c(k)/d_ref, where the a[slot] of unused slots are 0 and all add up to 0; where a
 * parameter has no energy, its estimate by the response of the state. To it a[EQ_ADJOINT] times
 * sum_n dC_n/dw is added. gradient[parameters]. */
eq_status eq_network_gradient(eq_network *n, const double a[EQ_MAX_SLOTS], double *gradient,
                              eq_diag *diag);

/* Adds that gradient to what is collected of the minibatch, which the next eq_network_gradient or
 * _update has beside its own; another phase drops it. So a gradient may be a mean over many states
 * that are put into the slots (dynamics.h). COLLECTIVE. */
eq_status eq_network_collect(eq_network *n, const double a[EQ_MAX_SLOTS], eq_diag *diag);

/* The optimizer from now on, with rate[blocks] before the schedule; its states begin at zero. */
eq_status eq_network_optimizer(eq_network *n, const eq_optimizer *o, const double *rate,
                               eq_diag *diag);
/* Step number `step` (from 1) by that gradient, the rates times `factor`. */
eq_status eq_network_update(eq_network *n, const double a[EQ_MAX_SLOTS], double factor,
                            uint64_t step, eq_diag *diag);
/* regularizer.c. From now on updates go down the loss and what pull[blocks] adds (pull.h), with center[parameters]; both
 * are copied. */
eq_status eq_network_regularize(eq_network *n, const eq_pull *pull, const double *center,
                                eq_diag *diag);
/* From now on each update adds its gradient to sum[parameters] and the squares of its entries to
 * square[parameters], those of a block in an order of the engine's own; NULL: no more. */
void eq_network_watch(eq_network *n, double *sum, double *square);
/* State array k of the optimizer, state[parameters]: out of the model, or into it. */
void eq_network_get_state(const eq_network *n, int k, double *state);
void eq_network_put_state(eq_network *n, int k, const double *state);

/* device/model.c. From now on the parameters of the block are stored in devices of the kind *o, drawn
 * for the seed, as they are: nothing is programmed yet. After eq_network_start. */
eq_status eq_network_devices(eq_network *n, size_t block, const eq_device *o, uint64_t seed,
                             eq_diag *diag);
/* The devices of a block; NULL: it has none. */
eq_devices *eq_network_devices_of(const eq_network *n, size_t block);
/* Programs all devices to what the parameters are. */
void eq_network_program(eq_network *n);
/* The engine and the circuit have what the devices show, not what was read last. */
void eq_network_show(eq_network *n);
/* Read number `read` of all devices, in training or in an evaluation: the next phases see it. */
void eq_network_read(eq_network *n, bool evaluation, uint64_t read);
/* Array k (EQ_STORED, ..) of all devices, kept[parameters]: out of the model, or into it; false: no
 * device has it. */
bool eq_network_get_kept(const eq_network *n, int k, double *kept);
bool eq_network_put_kept(eq_network *n, int k, const double *kept);

#endif
