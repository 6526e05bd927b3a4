/* What the rule (drop)^2 takes of a circuit: whose drops count for each trained parameter. */
#ifndef EQ_MODEL_DROPS_H
#define EQ_MODEL_DROPS_H

#include "circuit/circuit.h"

typedef struct eq_drops eq_drops;

/* Of every trained parameter of the circuit: the drop of its element, between the ends of the channel
 * where that is a transistor; of a source those of the transistors whose gates stand at its nodes,
 * counted as negative where they open as the source falls. A source that opens none is
 * EQ_ERR_INPUT. */
eq_status eq_drops_new(const eq_circuit *c, eq_drops **out, eq_diag *diag);
void eq_drops_free(eq_drops *d);
/* gradient[j] += a sum of (drop)^2 at the potentials v, over the parameters of a group. */
void eq_drops_add(const eq_drops *d, size_t group, const double *v, double a, double *gradient);

#endif
