/* What elements store, carry and show at given potentials: the capacitances and charges of their
 * classes, currents into their terminals and the rest of an operating point (device.h). */
#ifndef EQ_CIRCUIT_STORED_H
#define EQ_CIRCUIT_STORED_H

#include "circuit/circuit.h"

/* One number of an element's storage: of a place, or of the nodes, which are counted on behind the
 * places. by: the charge [C]; else the capacitance [F], of a node that by the potential of node
 * `by`. */
enum { EQ_STORED_CHARGE = EQ_MAX_CHARGES };
/* by, where `of` is a terminal: the current into it [A]; where it is a number of the class's shown: that. */
enum { EQ_STORED_CURRENT = EQ_STORED_CHARGE + 1, EQ_STORED_SHOWN };
typedef struct eq_stored {
    int of, by;
} eq_stored;

/* That of the name, as in @m1[cbd]; false: elements of the class have none. */
bool eq_stored_find(const eq_device_class *cls, const char *name, size_t length, eq_stored *out);
/* That of the name, as in @m1[gm]; false: operating points show none of it. */
bool eq_shown_find(const eq_device_class *cls, const char *name, size_t length, eq_stored *out);
/* The current into a terminal, as in id(m1): by the letter that it has on the line of a transistor; false:
 * elements of the class have no such terminal. */
bool eq_terminal_find(const eq_device_class *cls, char terminal, eq_stored *out);
/* Its value at the potentials v [nodes of the circuit]; NAN: there is none. */
double eq_stored_value(const eq_circuit *c, eq_element e, eq_stored what, const double *v);

#endif
