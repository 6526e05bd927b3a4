/* What elements store at given potentials: the capacitances and charges of their classes (device.h). */
#ifndef EQ_CIRCUIT_STORED_H
#define EQ_CIRCUIT_STORED_H

#include "circuit/circuit.h"

/* One number of an element's storage: of a place, or of the nodes, which are counted on behind the
 * places. by: the charge [C]; else the capacitance [F], of a node that by the potential of node
 * `by`. */
enum { EQ_STORED_CHARGE = EQ_MAX_CHARGES };
typedef struct eq_stored {
    int of, by;
} eq_stored;

/* That of the name, as in @m1[cbd]; false: elements of the class have none. */
bool eq_stored_find(const eq_device_class *cls, const char *name, size_t length, eq_stored *out);
/* Its value at the potentials v [nodes of the circuit]; NAN: there is none. */
double eq_stored_value(const eq_circuit *c, eq_element e, eq_stored what, const double *v);

#endif
