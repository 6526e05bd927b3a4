/* What the graph of a circuit says before anything is solved: paths to ground, loops and cutsets of
 * sources, connected components and the energy weights of bidirectional amplifiers
 * (docs/theory.md, 3).
 *
 * The weighted co-content sum_n,k of d p_k has the gradient T^T D I; the solver solves W^T I = 0.
 * Both are the same up to the row weights iff d(n) T[n][k] = d(k) W[n][k] for every node n that
 * carries current and every unknown k: for amplifiers of a VCVS and a CCCS this says
 * d(w) = (gamma/A) d(h). */
#ifndef EQ_CIRCUIT_TOPOLOGY_H
#define EQ_CIRCUIT_TOPOLOGY_H

#include "circuit/reduction.h"

typedef struct eq_topology {
    size_t nodes;
    size_t components;  /* of the floating two-terminal graph */
    int32_t *component; /* [nodes]; EQ_NONE for ground and source-fixed nodes */
    double *weight;     /* [components] d_c, 1 for the first; NAN where it is not determined */
    bool exists;        /* the weighted co-content exists */
    bool positive;      /* and all weights are > 0 */
    bool passive;       /* no negative conductance: with `positive` and `bounded`, the co-content
                           is convex */
    bool bounded;       /* the least slope of every law is known: false with behavioural sources */
    bool unique;  /* eq_topology_check alone: convex, and conductances that stay above a positive
                     bound lead from every node to ground: one operating point */
    char *reason; /* what breaks the weights, a sentence; NULL when they exist */
    char *active; /* an element of negative conductance; NULL when passive */
} eq_topology;

/* Looks at a frozen circuit. Floating nodes and cutsets of current sources are EQ_ERR_SINGULAR,
 * with the nodes and elements named. */
eq_status eq_topology_new(const eq_circuit *c, const eq_reduction *r, eq_topology **out,
                          eq_diag *diag);
void eq_topology_free(eq_topology *t);
/* Computes the weights again after gains or conductances have changed. */
eq_status eq_topology_weigh(eq_topology *t, const eq_circuit *c, const eq_reduction *r,
                            eq_diag *diag);
/* Whether `passive` still says of the derived values what they are: they may have changed sign
 * since the circuit was weighed. */
bool eq_topology_is_current(const eq_topology *t, const eq_circuit *c);
/* Whether the weighted co-content is convex, the one ground for all that relies on it. */
bool eq_topology_convex(const eq_topology *t);
/* d of the component of a node; 1 for ground and source-fixed nodes. */
double eq_topology_weight(const eq_topology *t, eq_node node);
/* d of an element between two nodes: that of its floating side, 1 when both sides are fixed. */
double eq_topology_element_weight(const eq_topology *t, eq_node a, eq_node b);
/* The first controlled source on the way from node n to its root of the tree of voltage-defined branches: a VCVS, or a CCCS that takes
 * the current of one; EQ_NONE: none. */
eq_element eq_topology_amplifier(const eq_circuit *c, const eq_reduction *r, eq_node n);
/* What a nudge at a node is scaled by: d of the first output over d of the node; 1 without energy
 * weights, and where there is no node. */
double eq_topology_nudge_scale(const eq_topology *t, const eq_circuit *c, eq_node node);

/* `eqspice check`: reduces the circuit, looks at it and adds what it finds to diag as notes and
 * warnings. *out (may be NULL) receives the topology. */
eq_status eq_topology_check(const eq_circuit *c, eq_topology **out, eq_diag *diag);

#endif
