/* Parts of a circuit whose potential nothing determines. With 1 the indicator of a part,
 *
 *   J 1 = 0     where every drop that a current depends on lies inside the part or outside of it,
 *   1^T J = 0   where every current between the part and the rest is constant,
 *
 * so that J is singular at every state, whatever the values of the elements. */
#ifndef EQ_CIRCUIT_FLOATING_H
#define EQ_CIRCUIT_FLOATING_H

#include "circuit/circuit.h"

/* Union-find over the nodes with path halving; the smallest node of a part stands for it. */
static inline void eq_parts_start(int32_t *up, size_t nodes) {
    for (size_t n = 0; n < nodes; n++) up[n] = (int32_t)n;
}

static inline int32_t eq_part(int32_t *up, int32_t n) {
    while (up[n] != n) n = up[n] = up[up[n]];
    return n;
}

static inline void eq_parts_join(int32_t *up, int32_t a, int32_t b) {
    a = eq_part(up, a);
    b = eq_part(up, b);
    if (a < b)
        up[b] = a;
    else
        up[a] = b;
}

/* Whether the current of row j depends on the drop between its terminals, or is an unknown of its
 * own. */
bool eq_conducts(const eq_table *t, size_t j);
/* EQ_ERR_SINGULAR with nodes and elements named where parts float or only current sources lead to
 * them. up: [nodes] work. */
eq_status eq_floating_check(const eq_circuit *c, int32_t *up, eq_diag *diag);

#endif
