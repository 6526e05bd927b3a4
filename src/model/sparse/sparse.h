/* The inside of the engine for any circuit, for sparse.c and its dynamics. */
#ifndef EQ_MODEL_ENGINE_SPARSE_H
#define EQ_MODEL_ENGINE_SPARSE_H

#include "model/drops.h"
#include "model/dynamics.h"
#include "model/engine_ops.h"
#include "solver/adjoint.h"

typedef struct eq_sparse_engine {
    eq_circuit *c;
    size_t batch, nodes, n; /* n: examples of the current minibatch */
    size_t first, end;      /* of them first .. end-1 are solved by this rank */
    eq_solver *solver;      /* constant currents into the outputs */
    eq_solver *with_slope;  /* the same circuit with room for slopes; made when first needed */
    eq_solve_options options;
    const eq_solver *last;       /* that solved a phase of this minibatch last, NULL: none has */
    size_t solved;               /* the example of that */
    double *x;                   /* [batch][inputs] V of the current minibatch */
    double *state[EQ_ADJOINT];   /* [batch][nodes] V; a slot is made when first solved */
    double *driven[EQ_ADJOINT];  /* [batch][outputs] A into the outputs in that phase */
    double *branch;              /* [batch][branches] A of the free phase, where they are read */
    bool reads;                  /* an element or an unknown is a branch current */
    size_t branches, parameters; /* parameters: of all groups */
    double *exact;               /* [parameters] sum of dC/dw over the examples, by the adjoint */
    double *theta, *gradient;    /* [largest group] */
    eq_adjoint *adjoint;         /* made when a group is trained that is no conductance-like law */
    double *lambda, *dcdv;       /* [nodes] */
    double iterations, solves, worst_ratio;
    eq_pool *pool;   /* of threads that share the transistors; NULL: one thread */
    double *unknown; /* [unknowns] V; work */
    double *held;    /* [nodes] V, where a clamp holds them; NAN: free */
    eq_rule rule;
    eq_drops *drops;                     /* of EQ_RULE_DELTA_V2; made when first asked for */
    bool derives;                        /* a trained parameter has derived columns */
    struct eq_sparse_dynamics *dynamics; /* made when first asked for */
} eq_sparse_engine;

/* Puts example k on the input sources. */
static inline void eq_sparse_present(eq_sparse_engine *e, size_t k) {
    for (size_t i = 0; i < e->c->inputs; i++)
        *eq_circuit_source(e->c, e->c->input[i]) = e->x[k * e->c->inputs + i];
}

/* adjoint.c. Room for a slot; for the adjoint. */
eq_status eq_sparse_open_slot(eq_sparse_engine *e, int slot, eq_diag *diag);
eq_status eq_sparse_open_adjoint(eq_sparse_engine *e, eq_diag *diag);
/* dcdv of the slopes dcdy by the outputs. */
void eq_sparse_slopes(eq_sparse_engine *e, const double *dcdy, double *dcdv);
/* gradient[0..n) += what the multipliers of e->adjoint give for the parameters of a group. */
void eq_sparse_add_adjoints(const eq_sparse_engine *e, const eq_group *g, const double *v,
                            const double *branch, double *gradient);
/* e->exact += what e->adjoint gives for the potentials v and branch currents. */
void eq_sparse_add_exact(eq_sparse_engine *e, const double *v, const double *branch);

/* dynamics.c */
extern const eq_dynamics_ops eq_sparse_dynamics_ops;
void eq_sparse_dynamics_free(struct eq_sparse_dynamics *d);

#endif
