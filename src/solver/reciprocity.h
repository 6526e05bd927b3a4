/* How far a circuit is from reciprocal at a state. EqProp follows a gradient iff D J is symmetric, D the energy weights (docs/theory.md, 3):
 *
 *   asymmetry = max |D J - (D J)^T| / max |D J|,
 *
 * and an element's share is the same of its own stamps, over the same maximum. What amplifiers do stands in W and T (circuit/reduction.h):
 * where a conductance hangs at nodes of which the two say different things, the share is that of the amplifier.
 * Where energy weights do not exist those that there are count. */
#ifndef EQ_SOLVER_RECIPROCITY_H
#define EQ_SOLVER_RECIPROCITY_H

#include "solver/solver.h"

/* An element, and its share of the asymmetry. */
typedef struct eq_share {
    eq_element element;
    double share;
} eq_share;

typedef struct eq_asymmetry {
    double system;
    eq_share *share; /* [shares], largest first; those of no share are left out */
    size_t shares;
} eq_asymmetry;

/* The derivatives of the outputs by the parameters of a group as infinitesimal nudges give them, beside the exact ones: e . g/(|e| |g|) and
 * e . g/(g . g) over all outputs and parameters, each parameter by its own size (one that may be negative by its range). NAN where
 * the exact ones are zero beside those of other groups, or the nudges give none. */
typedef struct eq_likeness {
    double cosine, size;
} eq_likeness;

/* Both at the solution v[nodes], branch[branches] of the solver's circuit. */
eq_status eq_reciprocity_asymmetry(eq_solver *s, const double *v, const double *branch,
                                   eq_asymmetry *out, eq_diag *diag);
void eq_asymmetry_free(eq_asymmetry *a);
/* likeness[groups]. */
eq_status eq_reciprocity_gradients(eq_solver *s, const double *v, const double *branch,
                                   eq_likeness *likeness, eq_diag *diag);

#endif
