/* What a circuit is, in 64 bits: two frozen circuits of the same fingerprint have, but for 1 in
 * 2^64, the same operating points and the same training. */
#ifndef EQ_CIRCUIT_FINGERPRINT_H
#define EQ_CIRCUIT_FINGERPRINT_H

#include "circuit/circuit.h"

/* Nodes, elements with their connections, parameters, derived columns and formulas, temperature,
 * gmin, the dialect's constants, tolerances, starting potentials, inputs, outputs and trained
 * groups. Not the title, the models' names, analyses and what is printed of them, and where in
 * which file something stands. */
uint64_t eq_circuit_fingerprint(const eq_circuit *c);

#endif
