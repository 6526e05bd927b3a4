/* Cross-check with ngspice, node by node. */
#ifndef EQ_REPORT_VERIFY_H
#define EQ_REPORT_VERIFY_H

#include "circuit/circuit.h"

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
 * potentials and the currents of all voltage-defined branches. deck: the file the circuit was read
 * from, whose own text is then given to ngspice, so that our reader is checked too (unless it holds
 * commands); NULL: our export of the circuit. */
eq_status eq_verify(eq_circuit *c, const char *deck, eq_verification *out, eq_diag *diag);

#endif
