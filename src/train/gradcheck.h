/* What the two halves of the gradient check share: the truth (gradcheck_truth.c) and the estimates
 * compared with it (gradcheck.c). Inside src/train only. */
#ifndef EQ_TRAIN_GRADCHECK_H
#define EQ_TRAIN_GRADCHECK_H

#include "circuit/topology.h"
#include "solver/solver.h"
#include "train/session.h"
#include "train/train.h"

typedef struct eq_check {
    const eq_experiment *x;
    eq_session s;
    eq_solver *solver;
    eq_topology *topology;
    eq_solve_options options;
    size_t n, nodes, rows;              /* examples, nodes, conductances */
    double *start;                      /* [n][nodes] V: states of the examples */
    double *v, *dcdv, *lambda, *branch; /* [nodes] of one example; [branches] */
    double *dcdy, *y;                   /* [outputs] */
    double *dv;                         /* [samples][nodes] V: what the KCL bound leaves open */
    double *u, *dydw, *one;             /* [rows] of one example */
    double *adjoint, *doubt;            /* [rows] V^2/S: dL/dg, and how far it may be off */
    double *round[3]; /* [rows]: the estimate with sum_s |a_s| = 1/b is known to (round[0] + b
                         round[1] + b^2 round[2])/b */
    double reach;     /* V per S: the largest |lambda|, a nudge of b moves potentials about b times
                         as far */
    double loss_doubt;
    eq_random random;
    eq_diag *diag;
} eq_check;

/* Circuit, data, engine and room of an experiment, and the adjoint of the first `examples`
 * examples. */
eq_status eq_check_open(eq_check *k, eq_engine_kind kind, size_t examples);
void eq_check_close(eq_check *k);

/* Bounds `loose` times those that the adjoint was found with, for the engine. */
void eq_check_loosen(eq_check *k, double loose);

/* dL/dg of a row by central differences of the loss; |slope - dL/dg| <= *doubt. */
eq_status eq_check_difference(eq_check *k, int32_t row, double *slope, double *doubt);

#endif
