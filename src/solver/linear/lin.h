/* Sparse linear systems A x = b behind one opaque object: analyze once, factor for every new set of
 * values, solve (also with A^T). Backends: KLU (any matrix), CHOLMOD (row-scaled symmetric positive
 * definite), dense (LU with partial pivoting; the truth of the tests and good for a handful of
 * unknowns). */
#ifndef EQ_SOLVER_LINEAR_LIN_H
#define EQ_SOLVER_LINEAR_LIN_H

#include <stdint.h>

#include "base/status.h"

typedef enum eq_lin_kind { EQ_LIN_KLU, EQ_LIN_CHOLMOD, EQ_LIN_DENSE } eq_lin_kind;

/* A pattern in compressed columns; rows of a column ascend. It must outlive the backend. */
typedef struct eq_pattern {
    int32_t n;
    const int32_t *start; /* [n + 1] */
    const int32_t *row;   /* [start[n]] */
} eq_pattern;

typedef struct eq_lin eq_lin;

/* Analyzes the pattern. EQ_LIN_CHOLMOD factors diag(scale) A,
 * which must have a symmetric pattern. */
eq_status eq_lin_new(eq_lin_kind kind, const eq_pattern *pattern, eq_lin **out, eq_diag *diag);
void eq_lin_free(eq_lin *l);
/* Factors A with these values (in the order of the pattern). scale [n] is used by CHOLMOD alone.
 * EQ_ERR_SINGULAR: no factorization; *column (may be NULL) is the unknown of the zero pivot. No
 * message. */
eq_status eq_lin_factor(eq_lin *l, const double *value, const double *scale, int32_t *column);
/* Drops the pivots of earlier factorizations: the next one chooses them anew. */
void eq_lin_forget(eq_lin *l);
/* For the factored A, and size of its entries (what |stamps| add up to, in the order of the
 * pattern): ratio[j] is the pivot taken from column j over the largest entry of that column, rows
 * scaled to 1; row[j] is the row it was taken from. A ratio that is round-off is the mark of a
 * singular matrix, in whatever units its rows and columns are. 1 where a backend does not tell. */
void eq_lin_pivots(eq_lin *l, const double *size, double *ratio, int32_t *row);
/* Floating-point operations of a factorization; 0: not known, as of KLU before the first one. */
double eq_lin_flops(const eq_lin *l);
/* b becomes A^-1 b or A^-T b. */
eq_status eq_lin_solve(eq_lin *l, double *b);
eq_status eq_lin_solve_transposed(eq_lin *l, double *b);

#endif
