/* How many layers lie between the inputs of a circuit and each of its nodes. */
#ifndef EQ_CIRCUIT_DEPTH_H
#define EQ_CIRCUIT_DEPTH_H

#include "circuit/topology.h"

/* The nodes of the input sources have depth 0; a current-defined element (R, D, I, G) leads one
 * layer on, a voltage-defined one (V, E, H) none, and what sources hold otherwise (ground,
 * supplies, biases) leads nowhere. */
typedef struct eq_depths {
    size_t nodes;
    int32_t *node;   /* [nodes] EQ_NONE for ground, supplies and what no input reaches */
    int32_t deepest; /* 0 when the inputs reach nothing */
} eq_depths;

eq_status eq_depths_new(const eq_circuit *c, const eq_topology *t, eq_depths **out, eq_diag *diag);
void eq_depths_free(eq_depths *d);
/* The layer of an element: the deepest of the nodes between which it stands; 0 for sources of
 * inputs, supplies and biases. */
int32_t eq_depth_of(const eq_depths *d, const eq_table *t, size_t row);

#endif
