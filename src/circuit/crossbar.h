/* A crossbar alone, of resistor or resistor-diode cells, with the resistance of its wires: rows are driven
 * by sources vx1.. at nodes x1.., columns end in sources of 0 V, vy1.. at y1.., which read their currents.
 * Cells are rROW_COLUMN and, to the column, dROW_COLUMN, joined in mROW_COLUMN; wires as in builder.h. */
#ifndef EQ_CIRCUIT_CROSSBAR_H
#define EQ_CIRCUIT_CROSSBAR_H

#include "circuit/architecture.h"

typedef struct eq_crossbar_options {
    size_t rows, columns;
    double wires;     /* ohm of each segment, 0: ideal */
    double volts;     /* V of every row */
    bool diodes;      /* in every cell, anode at the row */
    double is, n;     /* A, 1 */
    double low, high; /* S: conductances uniform in [low, high] */
    uint64_t seed;
} eq_crossbar_options;

/* 8 x 8 of resistors between 1e-6 and 1e-4 S, 5 ohm a segment, 1 V. */
eq_crossbar_options eq_crossbar_defaults(void);
/* Builds and freezes the circuit. */
eq_status eq_crossbar_build(const eq_crossbar_options *o, eq_circuit **out, eq_diag *diag);

#endif
