/* A batch of operating points (eqspice.h) as its two files see it: each thread has a solver of its
 * own on a view of the circuit, which shares everything but the tables that the inputs change. */
#ifndef EQ_SOLVER_BATCH_H
#define EQ_SOLVER_BATCH_H

#include "base/mem.h"
#include "solver/adjoint.h"
#include "solver/pool.h"

/* Room of one thread for nudged phases (nudge.c); the arrays are parts of `current`. */
typedef struct eq_nudged {
    eq_output *output; /* [nodes] of the view: one a node; the ground's stands for node o */
    double *current;   /* [nodes] A into the outputs, which the solver scales by d_o/d_n */
    double *v, *at;    /* [nodes] V of the free phase; of the nudged one */
    double *lambda;    /* [nodes] of eq_adjoint_take */
} eq_nudged;

typedef struct eq_worker {
    eq_circuit view; /* of the circuit; own columns where owned[cls] */
    bool owned[EQ_CLASS_COUNT];
    eq_solver *solver;
    eq_adjoint *adjoint; /* these two are made when first asked for */
    eq_nudged *nudged;
    eq_diag *diag; /* of its first failure */
} eq_worker;

struct eq_batch {
    eq_circuit *c;
    eq_handle *input;
    size_t inputs;
    bool restamp; /* an input is more than the value of an independent source */
    eq_pool *pool;
    int threads;
    eq_worker *worker; /* [threads] */
};

static inline void eq_nudged_free(eq_nudged *p) {
    if (p == NULL) return;
    eq_free(p->output);
    eq_free(p->current);
    eq_free(p);
}

/* One call: what the threads share. */
typedef struct eq_job {
    eq_batch *b;
    /* What is done with row j. */
    eq_status (*row)(const struct eq_job *q, eq_worker *w, size_t j);
    size_t n;
    const double *x;
    double *v, *branch;
    const double *dcdv;
    const eq_handle *param;
    size_t params;
    double *dcdw;
    const double *current, *start; /* [n][nodes] A into the nodes, V where the phase starts */
    eq_eqprop_options eqprop;
    size_t *first; /* [threads] number of the first row without an answer, n: none */
    eq_status *status;
} eq_job;

/* Whether the handles are of this circuit, and have gradients. */
eq_status eq_batch_check_handles(const eq_circuit *c, const eq_handle *h, size_t n, bool trainable,
                                 eq_diag *diag);
/* Input vector j on the view of a thread. */
eq_status eq_batch_put_inputs(const eq_job *q, eq_worker *w, size_t j);
/* All rows; messages and status of the first one that failed. */
eq_status eq_batch_run(eq_job *q, eq_diag *diag);

#endif
