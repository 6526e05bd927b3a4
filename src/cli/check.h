/* What `check` measures at an operating point of a circuit without an energy (check_reciprocal.c). */
#ifndef EQ_CLI_CHECK_H
#define EQ_CLI_CHECK_H

#include "circuit/circuit.h"
#include "solver/reciprocity.h"

typedef struct eq_measured {
    bool there; /* the circuit has an operating point; else nothing below */
    eq_asymmetry asymmetry;
    eq_likeness *likeness; /* [groups]; NULL: there are no outputs or no groups */
} eq_measured;

/* Solves the circuit and measures. Where it has no operating point a note says so. */
eq_status eq_check_measure(eq_circuit *c, eq_measured *m, eq_diag *diag);
void eq_check_measured_free(eq_measured *m);
void eq_check_print_measured(const eq_circuit *c, const eq_measured *m);
/* ", "asymmetry": .., "shares": [..], "groups": [..]" of a JSON object. */
void eq_check_measured_json(const eq_circuit *c, const eq_measured *m);

#endif
