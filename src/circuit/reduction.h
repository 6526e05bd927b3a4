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
 * keep their current as an unknown (modified nodal analysis).
 *
 * A short (shorts.h) is a branch, too, whose drop i R is an unknown of its own: a node n that hangs
 * by one from another has v_n = v_parent + x_k, and
 *
 *   T_n = T_parent + e_k,     W_n = W_parent + e_k.
 *
 * The drop stands there with all its digits, where the difference of two potentials would have
 * none; row k is KCL of what hangs at n, the current of the short in it, and in the row of the
 * parent, the sum over all that hang together, that current is not. Elements inside, between two
 * nodes of one such tree or of one of floating sources, need the same care: their drops are sums of rises along the tree, and
 * their currents count below the node where the ways of both ends meet (`inner`). */
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

/* The rows of a table that stand, or are controlled, inside of a tree, ascending. */
typedef struct eq_rows_within {
    int32_t *row;
    size_t count, cap;
} eq_rows_within;

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
    int32_t *edge;     /* [nodes] branch to the parent; EQ_NONE for a root and behind a short */
    signed char *sign; /* [nodes] v_n = v_parent + sign * e */
    int32_t *depth;    /* [nodes] steps to the root */
    eq_node *top;      /* [nodes] that root */
    int32_t *unknown;  /* [nodes] of a free root its potential, behind a short the drop to the
                          parent; EQ_NONE for ground and eliminated nodes */
    bool plain;        /* no resistor is taken as a short */
    size_t shorts;     /* nodes behind shorts */
    eq_rows_within within[EQ_CLASS_COUNT];
    size_t inside;    /* rows in all of these */
    eq_node *root;    /* [node_unknowns] the node of an unknown */
    size_t links;     /* nodes with a parent */
    eq_node *t_order; /* [links] each node after those its potential depends on */
    eq_node *w_order; /* [links] each node after those its KCL row is added to */
    eq_node
        *moving; /* [2 moves] those of t_order, then of w_order, that independent sources alone do
                         not hold against ground */
    size_t moves;
    int32_t *f_start; /* [branches + 1] CCCS controlled by branch b: f[f_start[b]] .. */
    eq_element *f;
    eq_sparse_rows t, w;
    int32_t widest; /* entries of the longest row of t and w */
} eq_reduction;

/* Builds the reduction of a frozen circuit. A loop of voltage sources is EQ_ERR_SINGULAR, with the
 * loop. */
eq_status eq_reduction_new(const eq_circuit *c, eq_reduction **out, eq_diag *diag);
/* The same with every resistor as a conductance. */
eq_status eq_reduction_new_plain(const eq_circuit *c, eq_reduction **out, eq_diag *diag);
void eq_reduction_free(eq_reduction *r);
/* Takes over changed gains; true when a coefficient of T or W changed. */
bool eq_reduction_refresh(eq_reduction *r, const eq_circuit *c);

/* Whether the same branches would be eliminated, and the same resistors be shorts, at the values
 * that stand. */
eq_status eq_reduction_holds(const eq_reduction *r, const eq_circuit *c, bool *holds);

/* Whether controlled voltages hold nodes; then blur[nodes] = sum |T x| of the nodes with a parent: unknowns are
 * doubles, so that these potentials are known to round-off of that. */
bool eq_reduction_blurs(const eq_reduction *r, const eq_circuit *c);
void eq_reduction_blur(const eq_reduction *r, const double *x, double *blur);

/* v = T x + c for the unknowns x, with all independent voltages multiplied by `scale`; rise[nodes]
 * (may be NULL) gets v_n - v_parent of the nodes with a parent. */
void eq_reduction_potentials(const eq_reduction *r, const eq_circuit *c, const double *x,
                             double scale, double *v, double *rise);
/* The same where nothing but x has changed since v and rise were found. */
void eq_reduction_move(const eq_reduction *r, const eq_circuit *c, const double *x, double scale,
                       double *v, double *rise);
/* Currents that leave nodes: all but those inside of trees in `current`, those in `inner`; sums of
 * absolute values in the others, which may both be NULL. [nodes] each. */
typedef struct eq_node_currents {
    double *current, *inner, *magnitude, *inner_magnitude;
} eq_node_currents;
/* Sums node currents to the roots: on entry current[n] is what leaves node n through elements
 * (those CCCS left out whose control is eliminated); on return current[root] is the KCL sum, and
 * current[n] behind a short that of its row. branch[b] (may be NULL) gets the current of eliminated
 * branches; without it the currents of nodes that sources hold may be left as they were. */
void eq_reduction_currents(const eq_reduction *r, const eq_circuit *c, const eq_node_currents *of,
                           double *branch);

/* Fills depth and within of a reduction that is otherwise whole; false: memory ran out. */
bool eq_reduction_find_within(eq_reduction *r, const eq_circuit *c);
/* Whether no unknown changes the potential of a node. */
static inline bool eq_reduction_fixes(const eq_reduction *r, eq_node n) {
    return r->t.start[n] == r->t.start[n + 1];
}

/* Whether a and b hang in one tree, whose root is not ground or with a short on the way from one to
 * the other. (Without either no row is the sum in which their current would be lost.) */
bool eq_reduction_inside(const eq_reduction *r, eq_node a, eq_node b);
/* y_a - y_b by the rises along the tree of such nodes; *size (may be NULL) the sum of |rises|. */
double eq_reduction_drop(const eq_reduction *r, const double *rise, eq_node a, eq_node b,
                         double *size);
/* Adds y to sum[n] of the nodes from a up to where the ways meet, -y to those from b; size the same
 * without sign (may be NULL). */
void eq_reduction_flow(const eq_reduction *r, eq_node a, eq_node b, double y, double *sum,
                       double least, double *size);
/* lambda_n - lambda_parent of lambda = W l. */
void eq_reduction_row_rises(const eq_reduction *r, const eq_circuit *c, const double *l,
                            const double *lambda, double *rise);

/* The branch of element e, EQ_NONE when it has none. */
int32_t eq_reduction_branch(const eq_reduction *r, const eq_circuit *c, eq_element e);

#endif
