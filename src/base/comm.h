/* The processes that work together: the ranks of `mpirun -n K build/mpi/eqspice` (`make MPI=1`), or
 * this process alone. An MPI program has one world, so there is no object. Functions marked
 * COLLECTIVE must be called by all ranks, in the same order; with one rank they return at once.
 * MPI standard 4.0, chapter 6. */
#ifndef EQ_BASE_COMM_H
#define EQ_BASE_COMM_H

#include "base/status.h"

/* First and last call of a program; false when memory runs out. */
bool eq_comm_start(void);
void eq_comm_stop(void);

int eq_comm_rank(void);
int eq_comm_size(void);

/* This rank's share of n items, as even as can be, in the order of the ranks. */
void eq_comm_partition(size_t n, size_t *first, size_t *count);

/* This process goes on alone, as rank 0 of 1: for a command whose work the ranks do not share, or
 * until eq_comm_attach for a part of it. */
void eq_comm_detach(void);
void eq_comm_attach(void);

/* COLLECTIVE. Items of `width` doubles, each known to the rank whose eq_comm_partition(n) it is in,
 * become known to all. x[n][width] */
void eq_comm_allgather(double *x, size_t n, size_t width);
/* COLLECTIVE. x[n] becomes the sum (the largest) over all ranks, the same bits on each. */
void eq_comm_sum(double *x, size_t n);
void eq_comm_max(double *x, size_t n);
/* COLLECTIVE. On rank 0 *all (to be freed with eq_free) is what all ranks gave, one after the
 * other; NULL on the others. */
eq_status eq_comm_gather(const double *mine, size_t n, double **all, size_t *total, eq_diag *diag);

/* COLLECTIVE. EQ_OK when all ranks have it, else the status of the first rank that has not, whose
 * messages are then the ones to print. The first failure that was agreed on is the answer ever
 * after, without asking. */
eq_status eq_comm_first_failure(eq_status status);
static inline eq_status eq_comm_agree(eq_status status) {
    eq_status failure = eq_comm_first_failure(status);
    return failure == EQ_OK ? status : failure; /* never EQ_OK for a rank that has failed */
}
/* Whether the messages of this rank are to be printed: rank 0's, until another one has failed. */
bool eq_comm_prints(void);

/* Bytes that this rank has given to the others so far. */
double eq_comm_bytes(void);

#endif
