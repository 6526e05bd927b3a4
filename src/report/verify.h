/* Cross-check with ngspice, node by node. */
#ifndef EQ_REPORT_VERIFY_H
#define EQ_REPORT_VERIFY_H

#include "circuit/circuit.h"
#include "report/result.h"

/* Largest deviations between our operating point and ngspice's. Relative means: to the value
 * itself, but to no less than a thousandth of the largest one of its kind. */
typedef struct eq_deviation {
    size_t count;
    double absolute, relative; /* V or A, 1 */
    char worst[64];            /* name of the variable with the largest relative deviation */
} eq_deviation;

typedef struct eq_verification {
    eq_deviation node, branch;
} eq_verification;

/* Solves the circuit here and in ngspice with matched, tight tolerances and compares all node
 * potentials and the currents of all voltage-defined branches. ngspice gets the circuit
 * as we write it, with numbers for names, and no word of the text that it was read from: that may
 * tell ngspice to run commands, a shell among them, in places where our reader does not look. */
eq_status eq_verify(eq_circuit *c, eq_verification *out, eq_diag *diag);
/* The same with the plots that ngspice gave for a deck of the same circuit. */
eq_status eq_verify_plots(eq_circuit *c, eq_result *const *plots, size_t count,
                          eq_verification *out, eq_diag *diag);

#endif
