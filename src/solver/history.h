/* What a solver remembers from one search to the next, and how a search begins. */
#ifndef EQ_SOLVER_HISTORY_H
#define EQ_SOLVER_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct eq_history {
    size_t nodes;
    double *last, *before, *held; /* [nodes] in one block; NAN: nothing is remembered */
    bool follows;                 /* the last answer began at the one before it */
    bool steps;                   /* the next search is of the next point of a sweep */
    bool released;                /* `last` has nodes held, which the next search lets go */
} eq_history;

/* Where a search begins, beside its unknowns. */
typedef struct eq_begin {
    const double *from;   /* [nodes] the last answer where the search begins there; or NULL */
    const double *before; /* [nodes] of the next point of a sweep the answer before; or NULL */
    const double
        *held; /* [nodes] where nodes are held in `from`, their potentials, NAN: free; or NULL */
    bool cold; /* at zero */
    bool training; /* one search of very many */
} eq_begin;

/* False: out of memory. */
bool eq_history_open(eq_history *h, size_t nodes);
void eq_history_free(eq_history *h);
void eq_history_forget(eq_history *h);
/* How a search from v [nodes] begins; what was said of the next one is used up. */
eq_begin eq_history_begin(eq_history *h, const double *v, bool training);
/* The answer v of a search that began so. */
void eq_history_keep(eq_history *h, const double *v, const eq_begin *begin);
/* v is a state with nodes held at held[nodes]. */
void eq_history_hold(eq_history *h, const double *v, const double *held);

#endif
