/* Sweeps of transistors against ngspice. */
#ifndef TESTS_SUPPORT_SWEEP_H
#define TESTS_SUPPORT_SWEEP_H

/* Runs a deck with one .dc here, by the program, and in ngspice, and fails the test where the currents
 * of its sources differ anywhere by 1e-9 of them and `least` A: 1e-15 is what ngspice's own rounding
 * leaves of a current through gmin. Takes a scratch folder (program.h). */
void sweep_agrees(const char *deck, double least);

#endif
