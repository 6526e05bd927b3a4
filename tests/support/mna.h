/* The truth of the solver tests: modified nodal analysis of a circuit written out densely, with
 * every node and every voltage-defined branch as an unknown and device laws of its own. Small
 * circuits only. */
#ifndef EQ_TESTS_MNA_H
#define EQ_TESTS_MNA_H

#include "circuit/circuit.h"

/* A behavioural source at the potentials v: a function of the drop from plus to minus, which the
 * test that made it knows without the reader. */
typedef struct mna_formula {
    eq_node plus, minus;
    double value, slope;
} mna_formula;
/* Who knows them; data is passed on. Circuits without behavioural sources need none. */
void mna_formulas_by(mna_formula (*of)(void *data, const eq_circuit *c, eq_element e,
                                       const double *v),
                     void *data);

/* One full Newton step from the state (v [nodes], branch [branches in deck order]); returns the
 * largest change of a potential over the largest potential, NAN when the matrix is singular. */
double mna_step(const eq_circuit *c, double *v, double *branch);
/* The largest KCL residual [A] of the state over all nodes, currents of branches included. */
double mna_residual(const eq_circuit *c, const double *v, const double *branch);
/* The same over its bound: max of |r_k| over abstol + reltol (sum of |terms|) + round-off of the
 * state. The terms of a node are those of all nodes that voltage-defined branches join with it.
 * Infinite when a residual is not finite. */
double mna_ratio(const eq_circuit *c, const double *v, const double *branch, double abstol,
                 double reltol);

/* r <- a^-1 r of the n x n matrix by Gauss with row pivoting, which overwrites both; false: a is singular. */
bool gauss(double *a, double *r, int n);

/* Reads a deck from a text; fails the test when it does not parse. */
eq_circuit *deck(const char *text);

#endif
