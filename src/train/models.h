/* Other .model cards for a circuit that is there. */
#ifndef EQ_TRAIN_MODELS_H
#define EQ_TRAIN_MODELS_H

#include "circuit/circuit.h"

/* The .model cards of the deck at `path` take the place of those of the same names in the circuit,
 * in every element that has them; what an element says itself (its area) stays. Then
 * eq_circuit_derive. */
eq_status eq_models_replace(eq_circuit *c, const char *path, eq_diag *diag);

#endif
