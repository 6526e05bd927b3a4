/* Elimination of voltage-defined branches (docs/theory.md, 2): with x the free unknowns
 *
 *   v = T x + c          potentials of all nodes
 *   r(x) = W^T I(v)      KCL of the free nodes; I_n: current that leaves node n through elements
 *
 * V and E branches form a forest. A tree edge with source value e and sign s gives v_n = v_parent +
 * s e, e = dc or A (v_c - v_d); KCL rows are summed towards the root, and an F controlled by a tree
 * edge adds gamma times the current of that edge to the rows of its terminals. So T and W obey the
 * same recursion:
 *
 *   T_n = T_parent + s A (T_c - T_d),     W_n = W_parent - s sum_F gamma (W_a - W_b).
 *
 * Branches that cannot be eliminated (H and what controls it, sources that depend on themselves)
 * keep their current as an unknown (modified nodal analysis). */
#ifndef EQ_CIRCUIT_REDUCTION_H
#define EQ_CIRCUIT_REDUCTION_H

#include "circuit/circuit.h"

/* Sparse rows, one a node: entries start[n] .. start[n+1]-1 are (unknown, coefficient). */
typedef struct eq_sparse_rows {
    int32_t *start; /* [nodes + 1] */
    int32_t *unknown;
    double *coefficient;
    size_t cap;
} eq_sparse_rows;

typedef struct eq_reduction {
    size_t nodes;         /* with ground */
    size_t unknowns;      /* node unknowns first, then kept currents */
    size_t node_unknowns; /* potentials among them */
    size_t branches;      /* voltage-defined branches, in deck order */
    eq_element *branch;   /* [branches] their elements */
    int32_t
        *branch_of[EQ_CLASS_COUNT]; /* [rows] branch of a row; NULL for current-defined classes */
    int32_t *current;  /* [branches] unknown of a kept branch, EQ_NONE when eliminated */
    eq_node *parent;   /* [nodes] towards the root of the tree; EQ_NONE for a root */
    int32_t *edge;     /* [nodes] branch to the parent, EQ_NONE for a root */
    signed char *sign; /* [nodes] v_n = v_parent + sign * e */
    int32_t *unknown;  /* [nodes] unknown of a free root; EQ_NONE for ground and eliminated nodes */
    eq_node *root;     /* [node_unknowns] the node of an unknown */
    size_t links;      /* eliminated nodes */
    eq_node *t_order;  /* [links] each node after those its potential depends on */
    eq_node *w_order;  /* [links] each node after those its KCL row is added to */
    int32_t *f_start;  /* [branches + 1] CCCS controlled by branch b: f[f_start[b]] .. */
    eq_element *f;
    eq_sparse_rows t, w;
    int32_t widest; /* entries of the longest row of t and w */
} eq_reduction;

/* Builds the reduction of a frozen circuit. A loop of voltage sources is EQ_ERR_SINGULAR, with the
 * loop. */
eq_status eq_reduction_new(const eq_circuit *c, eq_reduction **out, eq_diag *diag);
void eq_reduction_free(eq_reduction *r);
/* Takes over changed gains; true when a coefficient of T or W changed. */
bool eq_reduction_refresh(eq_reduction *r, const eq_circuit *c);

/* v = T x + c for the unknowns x, with all independent voltages multiplied by `scale`. */
void eq_reduction_potentials(const eq_reduction *r, const eq_circuit *c, const double *x,
                             double scale, double *v);
/* Sums node currents to the roots: on entry current[n] is what leaves node n through elements
 * (those CCCS left out whose control is eliminated); on return current[root] is the KCL sum.
 * magnitude gets the same sums of absolute values, branch[b] the current of eliminated branches;
 * both may be NULL. */
void eq_reduction_currents(const eq_reduction *r, const eq_circuit *c, double *current,
                           double *magnitude, double *branch);

/* The branch of element e, EQ_NONE when it has none. */
int32_t eq_reduction_branch(const eq_reduction *r, const eq_circuit *c, eq_element e);

#endif
