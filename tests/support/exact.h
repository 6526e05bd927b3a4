/* An operating point to 150 digits: the sparse tableau of a small circuit (every potential and every
 * current an unknown) by Gauss and Newton in GMP's numbers of 512 bits. The laws are written out
 * here once more. */
#ifndef TESTS_SUPPORT_EXACT_H
#define TESTS_SUPPORT_EXACT_H

#include "circuit/circuit.h"

/* R, V, I, E, G and diodes of is and n alone. v[nodes] and current[elements] hold a state near the
 * solution, and the solution on return; false: singular, or Newton does not come to rest. */
bool exact_point(const eq_circuit *c, double *v, double *current);

#endif
