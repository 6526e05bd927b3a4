/* One number of the operating point of a deck, which is solved for it. */
#ifndef TESTS_SUPPORT_POINT_H
#define TESTS_SUPPORT_POINT_H

/* The potential of a node, V. */
double potential(const char *deck, const char *node);

/* The current that a voltage source drives into the circuit, A. */
double source_current(const char *deck, const char *source);

#endif
