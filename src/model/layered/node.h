/* The scalar equations of the nodes of one layer, vectorised over nodes and examples.
 *
 * With its neighbours held, node j of example n obeys one monotone equation in its potential v:
 *
 *     F(v) = a_j v + sum_s i_js(v) - b_jn = 0
 *
 * a: total conductance at the node, b: current that the neighbours and sources drive into it, i_js:
 * the nonlinear parts of the diodes between the node and fixed nodes (their linear parts, gmin and
 * 1/roff, are in a and b). All rows are multiplied by the node's energy weight d
 * (docs/theory.md, 3). Arrays over nodes and examples are [node][ld], examples contiguous, ld a
 * multiple of 4, with room for 8 more doubles. */
#ifndef EQ_MODEL_LAYERED_NODE_H
#define EQ_MODEL_LAYERED_NODE_H

#include <stdbool.h>
#include <stddef.h>

/* Diodes at the nodes of one layer: `shockley` and `ideal` of them at each node (is = 0 or extra =
 * 0 where a node has fewer). Array of slot s, node j: x[s * nodes + j]. sign: +1 anode at the node,
 * -1 cathode. */
typedef struct eq_node_law {
    size_t nodes, shockley, ideal;
    double *bias, *vte; /* Shockley: u = sign (v - bias) */
    double *is, *per_is,
        *per_vte; /* sign is, weighted by d; 1/|is| (1e300 where is = 0); sign/vte */
    double *open_up,
        *open_down; /* 0 where the diode bounds the root from above / below, else 1e300 */
    double *knee_sign, *knee, *extra; /* ideal: i = sign extra max(sign (v - knee), 0), weighted */
    double *low, *high;               /* per node: least and greatest bias or knee */
} eq_node_law;

/* The equations of one layer for one minibatch. */
typedef struct eq_node_rows {
    size_t ld;
    const double *fixed,
        *coupled;       /* [node] parts of a: to fixed nodes and diodes / to other layers */
    const double *held; /* [node][ld] of a: to where a nudge draws the node; or NULL */
    const double *in,
        *from;           /* [node][ld] parts of b: from fixed nodes and sources / other layers */
    const double *bound; /* [node] d abstol: absolute part of the KCL bound */
    double reltol;
    bool cold; /* the start says nothing about the root */
} eq_node_rows;

/* A matrix [rows][depth] whose entry (i, k) is sign a[i row + k column]; what it gives is added. */
typedef struct eq_product {
    size_t rows, depth;
    const double *a;
    size_t row, column;
    double sign;
    bool add;
} eq_product;

/* The numeric kernels, compiled for one instruction set. */
typedef struct eq_kernels {
    /* Solves F(v) = 0 for every node and example by Newton's method, from a cold start or after a
     * few steps kept inside an interval that holds the root; v is the start on entry. inverse
     * receives 1/F'(v). Returns the largest |F| / KCL bound. */
    double (*nodes_solve)(const eq_node_law *law, const eq_node_rows *rows, double *v,
                          double *inverse);
    /* F(v), F'(v) and a lower estimate of the sum of |currents| at each node, at the given v. */
    void (*nodes_evaluate)(const eq_node_law *law, const eq_node_rows *rows, const double *v,
                           double *f, double *slope, double *currents);
    /* c [rows][ldc] = (or +=) the matrix times b [depth][ldb], in the first `lanes` entries of each row; b
     * may be read eight doubles too far. */
    void (*lanes_product)(const eq_product *p, size_t lanes, const double *b, size_t ldb, double *c,
                          size_t ldc);
    /* In every lane factor S = L L^T and solve S x = b in place: n unknowns, arrays [pairs or
     * n][wide], the pair i >= j at i(i+1)/2 + j; the diagonal of l holds 1/L_jj. */
    void (*cholesky_factor)(size_t n, size_t wide, const double *s, double *l);
    void (*cholesky_solve)(size_t n, size_t wide, const double *l, double *x);
    /* For eight rows (pairs x, -x of inputs) at the most R = x^T delta over n examples, and the
     * gradients of both rows of each pair: plus = column - R, minus = column + R, rows `apart` from
     * each other. x[n][width], delta[n][cols]; x may be read eight doubles too far. */
    void (*pair_gradients)(size_t rows, size_t cols, size_t n, const double *x, size_t width,
                           const double *delta, const double *column, double *plus, double *minus,
                           size_t apart);
    /* fold = plus - minus of `rows` pairs, total[cols] += plus + minus. */
    void (*fold_pairs)(size_t rows, size_t cols, const double *plus, const double *minus,
                       size_t apart, double *fold, double *total);
} eq_kernels;

extern const eq_kernels eq_kernels_v4, eq_kernels_v3, eq_kernels_base;
/* The best of them for this processor. */
const eq_kernels *eq_kernels_pick(void);

#endif
