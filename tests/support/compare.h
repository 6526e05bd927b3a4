/* Shared by the tests of readers and writers. */
#ifndef TESTS_SUPPORT_COMPARE_H
#define TESTS_SUPPORT_COMPARE_H

#include "circuit/circuit.h"

/* Fails the test where the circuits differ: elements in order with their class, nodes, control and
 * parameters (relative 1e-15), inputs, outputs, groups, analyses, options. */
void assert_same_circuit(const eq_circuit *a, const eq_circuit *b);

/* Reads a deck; fails the test with its messages when that fails. */
eq_circuit *read_deck(const char *path);
eq_circuit *parse_deck(const char *text);

#endif
