/* Anderson's mixing (Anderson 1965, J. ACM 12:547) of fixed-point iterations u <- G(u), for many
 * examples at once, each with a history of its own. On a linear G it is GMRES (Walker & Ni 2011). */
#ifndef EQ_MODEL_MIXING_H
#define EQ_MODEL_MIXING_H

#include <stdbool.h>
#include <stddef.h>

typedef struct eq_mixing eq_mixing;

enum { EQ_MIXING_DEPTH = 5 };

/* For iterates of `size` numbers of at most `batch` examples, each from the `depth` changes before it
 * (EQ_MIXING_DEPTH at most: less where G jumps); NULL when memory runs out. */
eq_mixing *eq_mixing_new(size_t batch, size_t size, size_t depth);
void eq_mixing_free(eq_mixing *m); /* NULL is legal */
/* All histories are forgotten. */
void eq_mixing_begin(eq_mixing *m);
/* u[size], g[size] = G(u) of one example: u receives the next iterate. Where |G(u) - u| has doubled, or
 * does not fall for long, the history is forgotten and that is g, for one step, then 3, 7, ..: where plain steps lead to the
 * fixed point, so do these. */
void eq_mixing_next(eq_mixing *m, size_t example, double *u, const double *g);

#endif
