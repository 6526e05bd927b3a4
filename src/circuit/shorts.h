/* Shorts: resistors of so little resistance that their conductance, in one sum with those of their
 * neighbours, would leave nothing but round-off of these. The current of a resistor of conductance
 * g is known to g eps |v| from its potentials. What drives it closes a circle with a source in it,
 * and if G is the largest conductance by which such a circle comes back, it is at most about |v| G;
 * so the resistor is a short where g > 1e6 G: 4 eps of that is the 1e-9 to which a solution is held.
 *
 * G of all resistors comes from a maximum spanning tree of the conductances (Kruskal 1956) that
 * holds the sources of voltage: for an edge of the tree it is the largest conductance outside of
 * the tree whose circle through the tree has the edge and a source in it. (Shorts in parallel drive
 * nothing through each other.) And where the largest conductance that ties a part without ground
 * to the rest is 1e6 times smaller than one inside, that one is a short, too: in the sums of the
 * part the tie would be lost beside it. A resistor outside of the tree needs no branch: it stands between
 * nodes that the tree joins. What has no conductance known beforehand (diodes, formulas) counts
 * 1e-3 S, and so does nothing at all: 1e3 S times eps times a volt is about the 1e-12 A to which a
 * current is held. */
#ifndef EQ_CIRCUIT_SHORTS_H
#define EQ_CIRCUIT_SHORTS_H

#include "circuit/circuit.h"

typedef struct eq_short {
    eq_node end[2];
    double size; /* S, |conductance| */
} eq_short;

typedef struct eq_shorts {
    eq_short *item;
    size_t count;
    double *tie; /* [nodes] S: the largest conductance of a node that is no short; NULL without
                    shorts */
} eq_shorts;

/* The shorts of a frozen circuit at the values that stand: together with the branches of voltage
 * sources they have no loop. A resistor of 0 ohm in a loop with such sources is EQ_ERR_SINGULAR. */
eq_status eq_shorts_find(const eq_circuit *c, eq_shorts *out, eq_diag *diag);
void eq_shorts_free(eq_shorts *s);
/* False: no conductance is so much larger than another that there could be one. */
bool eq_shorts_possible(const eq_circuit *c);

#endif
