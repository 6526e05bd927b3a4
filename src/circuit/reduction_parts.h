/* What the files of the reduction share. */
#ifndef EQ_CIRCUIT_REDUCTION_PARTS_H
#define EQ_CIRCUIT_REDUCTION_PARTS_H

#include "circuit/port.h"
#include "circuit/reduction.h"

/* Terminal k of the element of a branch. */
static inline eq_node eq_branch_end(const eq_reduction *r, const eq_circuit *c, int32_t b, int k) {
    eq_row row = c->row[r->branch[b]];
    return c->table[row.cls].term[k][row.row];
}

static inline const eq_table *eq_branch_table(const eq_reduction *r, const eq_circuit *c,
                                              int32_t b) {
    return &c->table[c->row[r->branch[b]].cls];
}

/* A VCVS: its drop is a multiple of another. */
static inline bool eq_branch_is_gain(const eq_reduction *r, const eq_circuit *c, int32_t b) {
    return eq_by_voltage(eq_branch_table(r, c, b));
}

/* The parameter of the element of a branch: dc, gain or transresistance. */
static inline double eq_branch_value(const eq_reduction *r, const eq_circuit *c, int32_t b) {
    return eq_value(eq_branch_table(r, c, b), (size_t)c->row[r->branch[b]].row);
}

/* Only branches whose drop is affine in other potentials can stand in the forest. */
static inline bool eq_branch_in_forest(const eq_reduction *r, const eq_circuit *c, int32_t b) {
    const eq_table *t = eq_branch_table(r, c, b);
    return !eq_by_current(t) && !eq_is_port(t);
}

/* A node behind a short: its drop to the parent is an unknown. */
static inline bool eq_behind_short(const eq_reduction *r, eq_node n) {
    return r->parent[n] != EQ_NONE && r->edge[n] == EQ_NONE;
}

/* forest.c. Parents, edges and signs of a breadth-first forest over all V and E branches and shorts:
 * ground first, so that its tree holds the fixed nodes. A loop of voltage sources is
 * EQ_ERR_SINGULAR, with the loop. */
eq_status eq_reduction_grow(eq_reduction *r, const eq_circuit *c, eq_diag *diag);

#endif
