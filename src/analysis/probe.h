/* The values of formulas of .print and .measure at a solution. */
#ifndef EQ_ANALYSIS_PROBE_H
#define EQ_ANALYSIS_PROBE_H

#include "circuit/deck.h"
#include "circuit/formula.h"
#include "solver/solver.h"

typedef struct eq_probe {
    const eq_deck *d;
    eq_solver *s;
    const double *v, *branch; /* the solution */
    const double *measured;   /* [d->measures] of the cards so far; may be NULL without any */
    double *work;
    size_t room; /* doubles of work */
} eq_probe;

/* Makes room for every formula of p->d. */
eq_status eq_probe_fit(eq_probe *p, eq_diag *diag);
double eq_probe_value(const eq_probe *p, const eq_formula *f);
/* Its derivatives by its inputs; slope[f->inputs]. */
void eq_probe_slopes(const eq_probe *p, const eq_formula *f, double *slope);

#endif
