/* The behavioural sources of a circuit as the solver sees them: values and slopes of their formulas
 * at a state. */
#ifndef EQ_SOLVER_FORMULAS_H
#define EQ_SOLVER_FORMULAS_H

#include "circuit/formula.h"
#include "circuit/reduction.h"

/* Room for the widest formula of the circuit. */
typedef struct eq_formulas {
    double *in, *slope; /* [widest inputs] */
    double *work;
    size_t count; /* behavioural sources of both classes */
} eq_formulas;

eq_status eq_formulas_new(const eq_circuit *c, eq_formulas *f, eq_diag *diag);
void eq_formulas_free(eq_formulas *f);

/* The current (or voltage) m f(inputs) of row j of a behavioural table, its derivatives left in
 * f->slope. v: [nodes] potentials; current[of[b]]: current of branch b (of NULL: current[b]). */
double eq_formulas_at(eq_formulas *f, const eq_circuit *c, const eq_reduction *r, const eq_table *t,
                      size_t j, const double *v, const double *current, const int32_t *of);

#endif
