/* The reduced system r(x) = W^T I(T x + c) = 0 of one circuit (circuit/reduction.h) with its
 * Jacobian J = W^T (dI/dv) T in compressed columns. The pattern and the slot of every stamp are
 * found once; linear elements are stamped at refresh, nonlinear ones for every Jacobian. Kept
 * branches add their current to x and v_a - v_b - value = 0 to r (modified nodal analysis). */
#ifndef EQ_SOLVER_SYSTEM_H
#define EQ_SOLVER_SYSTEM_H

#include "circuit/topology.h"
#include "solver/chunk.h"
#include "solver/linear/lin.h"
#include "solver/ports.h"

/* What bends the system on the way to a solution (solver/ladder.c); the plain system has scale 1,
 * shunt 0. */
typedef struct eq_homotopy {
    double scale; /* factor of all independent sources, and of behavioural ones */
    bool open;    /* behavioural ones deliver nothing */
    double shunt; /* S, from every free node to its anchor; infinite: it is there, whatever flows */
    const double *anchor; /* [unknowns] V; NULL: ground */
    const double *hold;   /* [unknowns] factor of the shunt; NULL: 1 */
    /* [EQ_CLASS_COUNT][elements] V, of a port class [elements][nodes]; NULL: none. A table with an
     * array here takes every element as its tangent at that drop, or at those potentials. */
    double *const *junction;
} eq_homotopy;

/* Currents driven into the outputs of the circuit (engine.h, eq_nudge, for one example). */
typedef struct eq_injection {
    const double *current; /* [outputs] A; NULL: none */
    const double *slope;   /* [outputs][outputs] S; NULL: constant current */
    const double *at;      /* [outputs] V */
} eq_injection;

/* The stamps of a port class, those of one slope di_a/dz_b together. */
typedef struct eq_bound {
    size_t start[EQ_MAX_TERMINALS * EQ_MAX_TERMINALS + 1]; /* at a nodes + b */
    int32_t *row, *slot; /* [stamps] of the table, of the pattern */
    double *coefficient; /* [stamps] L R */
} eq_bound;

typedef struct eq_system {
    eq_circuit *circuit;
    eq_reduction *reduction;
    eq_topology *topology;
    size_t n, nodes;
    eq_pattern pattern;
    int32_t *start, *row; /* of the pattern */
    size_t entries;
    double *linear;      /* [entries] Jacobian of the linear elements */
    double *value;       /* [entries] Jacobian of the last eq_system_jacobian */
    int32_t *slot;       /* stamps in their order: position in the pattern */
    size_t slots;        /* stamp entries; */
    size_t slope_slots;  /* those before the slopes of the injection, */
    size_t linear_slots; /* those before the nonlinear elements */
    int32_t *diagonal;   /* [n] slot of (k, k); EQ_NONE for kept currents */
    double *row_weight;  /* [n] d of the unknown's component; all 1 without weights */
    bool with_slope;     /* the pattern holds the dense block of eq_injection.slope */
    eq_ports ports;
    eq_bound bound[EQ_CLASS_COUNT];
    size_t nonlinear; /* elements whose conductance changes */
    eq_homotopy homotopy;
    eq_injection injection;
    double round_off; /* 4 eps/reltol of the solve: what round-off of the potentials counts for in
                         magnitude */
    double *v, *rise; /* [nodes] work: potentials, and what they are above their parents */
    double *blur;     /* [nodes] of v, V (eq_reduction_blur); NULL: none */
    double placed;    /* the scale of the sources that v has; NAN: they may have changed since */
    eq_node_currents flow;  /* [nodes] work: currents that leave, sums of |currents| */
    int32_t *form_index[2]; /* [2 * widest + 2] work of a stamp */
    double *form_value[2];
} eq_system;

/* The conductance from the potential of unknown k to its anchor. */
static inline double eq_system_shunt(const eq_system *s, size_t k) {
    double hold = s->homotopy.hold == NULL ? 1.0 : s->homotopy.hold[k];
    return hold > 0.0 ? s->homotopy.shunt * hold : 0.0;
}

/* Whether unknown k stays at its anchor: its equation is x = anchor. */
static inline bool eq_system_is_held(const eq_system *s, size_t k) {
    return isinf(eq_system_shunt(s, k));
}

/* The most unknowns that there may be: other shorts leave other sources of voltage to be cut. */
static inline size_t eq_system_most(const eq_system *s) {
    return s->nodes + s->reduction->branches;
}

/* y^T J z, stamp by stamp: that of a conductance g is g (y_a - y_b) (z_a - z_b), so that a part in
 * which y and z are constant adds nothing, where the sums of J would have lost what ties it. */
typedef struct eq_bilinear {
    const double *y, *z; /* [n] */
    double sum;
    double size;  /* of |g| (|y_a| + |y_b|) |z_a - z_b| + |g| |y_a - y_b| (|z_a| + |z_b|) */
    double scale; /* of |g| (|y_a| + |y_b|) (|z_a| + |z_b|) */
} eq_bilinear;

eq_status eq_system_new(eq_circuit *c, bool with_slope, eq_system **out, eq_diag *diag);
void eq_system_free(eq_system *s);
/* Takes over changed parameters. */
eq_status eq_system_refresh(eq_system *s, eq_diag *diag);

/* Takes over changed parameters where the shorts are no longer the same ones (plain: has none);
 * everything that the
 * system holds is new, but what bends it stays. On failure it is as it was. */
eq_status eq_system_renew(eq_system *s, bool plain, eq_diag *diag);
/* Potentials s->v and rises of x. */
void eq_system_potentials(eq_system *s, const double *x);
/* The drop from a to b at s->v, by the rises where both stand in one tree with shorts; *size gets
 * the sum of the numbers it comes from (may be NULL). */
double eq_system_drop(const eq_system *s, eq_node a, eq_node b, double *size);
/* Rows from `start` on with their drops and controls at s->v. */
void eq_system_take(const eq_system *s, eq_chunk *e, const eq_table *t, size_t start);

/* r(x) and, if not NULL, magnitude[i] = sum of |currents| (or |voltages|) in row i. s->v is left at
 * v(x). False when a value is not finite. */
bool eq_system_residual(eq_system *s, const double *x, double *r, double *magnitude);
/* The same without the currents of nonlinear elements of one drop;
 * behavioural sources are in it. */
void eq_system_linear_residual(eq_system *s, const double *x, double *r);
/* J(x) into s->value. */
void eq_system_jacobian(eq_system *s, const double *x);
void eq_system_bilinear(eq_system *s, const double *x, eq_bilinear *b);
/* What the absolute values of the stamps of J(x) add up to, in the order of the pattern: each entry
 * of J is known to some eps of that. */
void eq_system_jacobian_size(eq_system *s, const double *x, double *size);
/* The weighted co-content at x; *scale (may be NULL) gets the sum of |terms|. Needs weights. */
double eq_system_energy(eq_system *s, const double *x, double *scale);
/* max |dP/dx_k| / d_k from differences of the element energies alone. */
double eq_system_stationarity(eq_system *s, const double *x);

/* y of output k: v(plus) - v(minus) at the potentials v. */
double eq_system_output(const eq_system *s, const double *v, size_t k);
/* Node potentials [nodes] and branch currents [branches] (may be NULL) of x. */
void eq_system_state(eq_system *s, const double *x, double *v, double *branch);
/* x of node potentials and branch currents (branch may be NULL: zero). Sources may have changed
 * before it, and not after. */
void eq_system_unknowns(eq_system *s, const double *v, const double *branch, double *x);
/* T^T y and W z, for the adjoint. y, out_nodes: [nodes]; z, out: [n]. */
void eq_system_gather(const eq_system *s, const double *y, double *out);
void eq_system_spread(const eq_system *s, const double *z, double *out_nodes);
/* "node a (r1, d1)", with the elements there, or "the current of e1" for unknown k, appended to
 * text; returns the first element named, EQ_NONE when there is none. */
eq_element eq_system_name(const eq_system *s, size_t k, eq_text *text);

#endif
