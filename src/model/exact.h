/* The exact gradient of a cost of the outputs by the adjoint, which knows nothing of nudged phases
 * or energy weights; what round-off leaves open of it and of the estimates from phases. For the
 * gradient check. */
#ifndef EQ_MODEL_EXACT_H
#define EQ_MODEL_EXACT_H

#include "base/random.h"
#include "circuit/topology.h"
#include "model/model.h"
#include "solver/adjoint.h"

/* The cost of the outputs y of example j, and its slope. */
typedef struct eq_output_cost {
    void *data;
    double (*value)(void *data, size_t j, const double *y);
    void (*gradient)(void *data, size_t j, const double *y, double *dcdy);
} eq_output_cost;

typedef struct eq_exact {
    eq_network *model;
    eq_circuit *c;
    eq_output_cost cost;
    const double *x; /* [examples][inputs] V, the caller's */
    eq_solver *solver;
    eq_adjoint *back;
    eq_topology *topology; /* what is known of the energy */
    eq_solve_options options;
    size_t n, nodes, outputs, parameters; /* n: examples */
    eq_handle *handle;                    /* [parameters] */
    bool *energy;        /* [parameters] estimated by the energy, not by the response */
    bool responds;       /* some are estimated by the response */
    double *start;       /* [n][nodes] V: states of the examples */
    double *v, *dcdv;    /* [nodes] of one example */
    double *at, *lambda; /* [nodes] work */
    double *branch;      /* [branches] A */
    double *dcdy, *y;    /* [outputs] */
    double *dv;          /* [samples][nodes] V: what the KCL bound leaves open */
    double *one;         /* [1 + probes][parameters] of one example */
    double *gradient;    /* [parameters] mean dC/dw over the examples */
    double *doubt;       /* [parameters] how far it may be off */
    double *round[3]; /* [parameters]: the estimate with sum_s |a_s| = 1/b is known to (round[0] + b
                         round[1] + b^2 round[2])/b */
    double reach;     /* V per S: the largest |lambda|, a nudge of b moves potentials about b times
                         as far */
    double push;      /* the largest |dC/dy| */
    double loss_doubt;
    double *still; /* [n][outputs] zeros: a nudge of nothing */
    bool held;     /* losses are of the states that follow those at eq_exact_hold */
    size_t losses,
        strayed; /* of these; of how many a phase that begins at zero ends in other states */
    eq_random random;
} eq_exact;

/* For the examples x of a model that has been started; made of no circuit (c NULL), the adjoint is that
 * of its own engine. */
eq_status eq_exact_open(eq_exact *e, eq_network *model, size_t n, const double *x,
                        eq_output_cost cost, uint64_t seed, eq_diag *diag);
void eq_exact_close(eq_exact *e);

/* reach and push, with the tolerances of the deck; states of the examples to start from. */
eq_status eq_exact_measure(eq_exact *e, eq_diag *diag);
/* The KCL bound of the operating points from now on, and of the phases. */
void eq_exact_bound(eq_exact *e, double reltol, double abstol);
/* Bounds `loose` times those, for the phases alone. */
void eq_exact_loosen(eq_exact *e, double loose);
/* Operating points of all examples; where one has none, its status. */
eq_status eq_exact_states(eq_exact *e, eq_diag *diag);
/* gradient, doubt and round. */
eq_status eq_exact_gradient(eq_exact *e, eq_diag *diag);
/* Where the parameters stand the states are those that losses follow from now on, as operating points of a circuit do anyway. */
eq_status eq_exact_hold(eq_exact *e, eq_diag *diag);
/* Mean cost over the examples with parameter p of the model at `value`; put it back afterwards. */
void eq_exact_put(eq_exact *e, size_t p, double value);
eq_status eq_exact_loss(eq_exact *e, double *mean, eq_diag *diag);

#endif
