/* What an implementation of engine.h provides: one constant table. engine.c checks arguments and
 * dispatches; `self` is the implementation's own object. */
#ifndef EQ_MODEL_ENGINE_OPS_H
#define EQ_MODEL_ENGINE_OPS_H

#include "model/engine.h"

typedef struct eq_engine_ops {
    const char *name;
    /* EQ_ERR_CHECK with the reason as the last error of diag: the circuit does not suit this
     * implementation (EQ_ENGINE_AUTO then tries the next one). Loads the conductances. */
    eq_status (*create)(eq_circuit *c, const eq_engine_options *o, void **self, eq_diag *diag);
    void (*destroy)(void *self); /* NULL is legal */
    eq_engine_info (*about)(const void *self);
    /* NULL: it computes with the parameters of the model itself. */
    void (*load)(void *self);
    void (*store)(const void *self);
    /* 1 <= n <= batch; slot 1..EQ_ADJOINT-1; the other phases and an update follow a free phase. */
    eq_status (*free_phase)(void *self, size_t n, const double *x, double *y, eq_diag *diag);
    /* The same, which begins at the states v[n][units] of `potentials`. NULL: it begins where it does. */
    eq_status (*free_phase_from)(void *self, size_t n, const double *x, const double *v, double *y,
                                 eq_diag *diag);
    /* The free phase of the same examples again from the states of slot 1, with the parameters as they are now. NULL: of
     * these there is one, wherever it begins. */
    eq_status (*follow)(void *self, double *y, eq_diag *diag);
    eq_status (*nudged_phase)(void *self, int slot, const eq_nudge *nudge, double *y,
                              eq_diag *diag);
    /* NULL: it cannot. */
    eq_status (*clamped_phase)(void *self, int slot, const double *move, double pull, double *y,
                               eq_diag *diag);
    /* NULL: EQ_RULE_ENERGY alone. */
    eq_status (*rule)(void *self, eq_rule rule, eq_diag *diag);
    eq_status (*adjoint_phase)(void *self, const double *dcdy, eq_diag *diag);
    /* The same by backpropagation through the steps of the free phase. NULL: it has none. */
    eq_status (*unrolled_phase)(void *self, const double *dcdy, eq_diag *diag);
    eq_status (*update)(void *self, const double a[EQ_MAX_SLOTS], eq_step step, void *data,
                        eq_diag *diag);
    /* v[n][nodes]: the potentials of the free nodes of the circuit in a slot that was solved; others
     * may be left as they are. COLLECTIVE. */
    void (*potentials)(const void *self, int slot, double *v);
    /* Adds `error` to the potentials of the free nodes in a slot, and what follows from them. */
    void (*disturb)(void *self, int slot, eq_disturbance error, const void *data);
    /* NULL: it has no rows of a circuit. */
    size_t (*group_rows)(const void *self, size_t group, int32_t *rows);
    const struct eq_dynamics_ops *dynamics; /* dynamics.h; NULL: it has none */
} eq_engine_ops;

/* engine.c. The engine of a model that is not made of a circuit: `self` is freed with it, or now where
 * it fails. */
eq_status eq_engine_of(const eq_engine_ops *ops, void *self, size_t batch, eq_engine **out,
                       eq_diag *diag);

/* Refuses an engine of circuits for a network that has none ("a Hopfield network"). */
eq_status eq_engine_is_own(const eq_engine_options *o, const char *network, eq_diag *diag);

/* Refuses a tolerance, or a number of steps, that leaves no state to find. */
eq_status eq_engine_searches(double tolerance, size_t steps, eq_diag *diag);

/* The dynamics of an engine that has solved a free phase (NULL: it has none), and its own object. */
const struct eq_dynamics_ops *eq_engine_dynamics(eq_engine *e, void **self);

extern const eq_engine_ops eq_engine_layered_ops; /* layered.c */
extern const eq_engine_ops eq_engine_sparse_ops;  /* sparse/sparse.c */

#endif
