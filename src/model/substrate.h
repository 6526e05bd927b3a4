/* What a model is made of, behind one constant table: where its parameters live, what they are
 * called, and which engine solves its phases. A circuit (substrate_circuit.c) or an energy network
 * of its own. model.c knows blocks and nothing of either. */
#ifndef EQ_MODEL_SUBSTRATE_H
#define EQ_MODEL_SUBSTRATE_H

#include "model/engine.h"

typedef struct eq_substrate_ops {
    void (*destroy)(void *self); /* NULL is legal */
    /* Block b, without its `first`; parameter j of it. */
    eq_block (*block)(const void *self, size_t b);
    const char *(*name)(const void *self, size_t b, size_t j);
    const char *(*output)(const void *self, size_t k, bool *pair);
    /* theta[count of the block]; after some `put`s comes one `derive` (NULL: nothing depends). */
    void (*get)(const void *self, size_t b, double *theta);
    void (*put)(void *self, size_t b, const double *theta);
    void (*derive)(void *self);
    eq_status (*fan_in)(const void *self, size_t b, double *fan, eq_diag *diag);
    eq_status (*start)(void *self, const eq_engine_options *o, eq_engine **out, eq_diag *diag);
    /* place[count]: where the engine's j-th parameter is in the block. NULL: j. */
    eq_status (*places)(const void *self, const eq_engine *e, size_t b, int32_t *place,
                        eq_diag *diag);
    /* v[count][nodes]: what the engine has left open of the states of the examples x. NULL: nothing. */
    eq_status (*complete)(void *self, size_t count, const double *x, double *v, eq_diag *diag);
    /* Whether the energy has one stationary state for any inputs and nudge; e[count], and size[count]
     * of its terms, of the states v[count][nodes] of the examples x. NULL: convex alone, it may have
     * several; energies, outputs are never clamped. */
    eq_status (*convex)(void *self, bool *convex, eq_diag *diag);
    eq_status (*energies)(void *self, size_t count, const double *x, const double *v, double *e,
                          double *size, eq_diag *diag);
    /* dldx[count][inputs] of the free states v[count][nodes]: by what dC/ds becomes in them, l = -sum_s
     * a_s v(s) over the phases, whose nudges were made of the slopes dcdy[count][outputs]; l NULL: by the
     * adjoint of a circuit. */
    eq_status (*input_gradient)(void *self, size_t count, const double *x, const double *v,
                                const double *l, const double *dcdy, double *dldx, eq_diag *diag);
    /* Phases are solved to this residual from now on. NULL: circuits, whose options say it. */
    void (*tolerate)(void *self, double residual);
} eq_substrate_ops;

typedef struct eq_substrate {
    const eq_substrate_ops *ops;
    void *self; /* owned by the model */
    size_t inputs, outputs, nodes, blocks;
    eq_circuit *circuit; /* NULL: it is none */
} eq_substrate;

static inline void eq_substrate_derive(const eq_substrate *s) {
    if (s->ops->derive != NULL) s->ops->derive(s->self);
}

/* The model of it, which takes it over, in a failure as well. */
eq_status eq_network_of(eq_substrate s, eq_network **out, eq_diag *diag);

#endif
