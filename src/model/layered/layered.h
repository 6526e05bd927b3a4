/* The layered engine: what its files share.
 *
 * Free nodes fall into two classes that touch only each other: K (kept, with the outputs) and E
 * (eliminated). Every row of KCL is multiplied by the energy weight d of its node, which makes the
 * Jacobian symmetric (docs/theory.md, 3). A free node presents itself to a resistor plainly or
 * through its amplifier's driven node with potential s v, s = A; a resistor g between two such
 * terminals in a component of weight d has the energy d g (s_r v_r - s_c v_c)^2/2, so that with
 * M_ek = sum d g s_r s_c
 *
 *     E rows:  (fixed_e + coupled_e) v_e + i_e(v_e) - in_e - sum_k M_ek v_k = 0
 *     K rows:  (fixed_k + coupled_k) v_k + i_k(v_k) - in_k - sum_e M_ek v_e = 0.
 *
 * With v_K held each E node is a scalar equation, solved exactly (node.h); Newton on v_K
 * has the exact Schur complement S = D_K - M^T diag(1/D_E) M (nonlinear elimination). */
#ifndef EQ_MODEL_LAYERED_H
#define EQ_MODEL_LAYERED_H

#include "circuit/circuit.h"
#include "model/engine.h"
#include "model/layered/node.h"
#include "solver/pool.h"

/* What stands at the rows of a crossbar. */
typedef enum eq_rows { EQ_ROWS_INPUT, EQ_ROWS_CONSTANT, EQ_ROWS_NODE } eq_rows;

/* Consecutive conductances of one row that are there: a full crossbar has one run a row. */
typedef struct eq_crossbar_run {
    uint32_t row, start, count;
} eq_crossbar_run;

/* A crossbar: the resistors of one group (or class) between rows of one kind and columns of one
 * class of nodes. g[row][col], 0 where no resistor is. */
typedef struct eq_crossbar {
    int32_t group; /* EQ_NONE: not trained */
    int32_t cls;   /* class of its resistors */
    eq_rows kind;
    bool row_driven, col_driven; /* terminal is the driven node of the amplifier */
    bool col_kept;               /* columns are K nodes */
    size_t rows, cols, count;    /* count: resistors */
    int32_t *row, *col; /* input index, fixed node (circuit) or free node index; free node index */
    int32_t *element;   /* [rows][cols] row of the class's table, EQ_NONE where none */
    double *g;          /* [rows][cols] S */
    double *row_scale, *col_scale, *weight; /* [rows] s_r, [cols] s_c, [cols] d */
    double *volts;                          /* [rows] V: EQ_ROWS_CONSTANT */
    eq_crossbar_run *run;
    size_t runs;
    size_t offset; /* of its first conductance in the group */
    bool full;     /* every place has a resistor */
    double *total; /* [cols] sum of g over the rows */
    double *fold; /* [rows/2][cols] g of row x minus g of row -x; NULL unless EQ_ROWS_INPUT with all
                     inputs */
    double *
        product; /* [2][batch][cols] X g of the minibatch by halves of the rows, A: EQ_ROWS_INPUT */
} eq_crossbar;

/* The circuit as the engine sees it. Free nodes 0..nodes-1: E first, then K. */
typedef struct eq_layers {
    eq_circuit *c;
    size_t nodes, eliminated, kept;
    size_t bands[2],
        *band[2];            /* of E and of K: nodes equally far from the outputs, as indices in the
                                  class; [bands + 1] */
    eq_node *node;           /* [nodes] the circuit's node */
    double *weight;          /* [nodes] d */
    int32_t *index;          /* [circuit nodes] free node, EQ_NONE otherwise */
    double *fixed_at;        /* [circuit nodes] V of fixed nodes */
    double *gain, *feedback; /* [nodes] A, gamma of its amplifier; 0 without */
    eq_element *amplifier;   /* [nodes] the VCVS, EQ_NONE without */
    eq_crossbar *bar;
    size_t bars, bar_cap;
    eq_node_law law[2];       /* diodes of E and of K */
    int32_t *slot_element[2]; /* [shockley + ideal][nodes of the class]: row in the diode's table or
                                 EQ_NONE */
    double *source; /* [nodes] weighted current of constant sources and diodes' linear parts, A */
    double *shunt;  /* [nodes] weighted gmin and 1/roff, S */
    int32_t *plus, *minus; /* [outputs] free nodes; minus EQ_NONE for single outputs */
} eq_layers;

/* Finds the layers in the circuit's graph. EQ_ERR_CHECK with the reason when it is not layered. */
eq_status eq_layers_find(eq_circuit *c, eq_layers *net, eq_diag *diag);
void eq_layers_clear(eq_layers *net);
/* Takes conductances, sources and diode parameters over from the circuit. */
void eq_layers_load(eq_layers *net);

/* Examples that are solved together: enough for whole vectors, few enough for two processors to
 * share a minibatch of 20 and for the Schur complements to stay in the first cache. */
enum { EQ_MOST_IN_PART = 12, EQ_MOST_IN_SWEPT_PART = 32, EQ_MOST_LANES = 32 };

/* Directions in which a band of E nodes is known to be coupled strongly (coarse.c). */
enum { EQ_DIRECTIONS = 32 };

/* How x and -x stand in the input vector of this minibatch (section 4.4.3): one product serves
 * both. */
typedef enum eq_pairing { EQ_PAIRS_NONE, EQ_PAIRS_SIDE_BY_SIDE, EQ_PAIRS_HALVES } eq_pairing;

/* Derived from the conductances: everything the solves need beside the input crossbars. */
typedef struct eq_derived {
    double *fixed,
        *coupled; /* [nodes] weighted conductance to fixed nodes and diodes / to free nodes, S */
    double *constant; /* [nodes] weighted current of constant rows and sources, A */
    double *m;        /* [eliminated][kept] M, S */
    double *turned;   /* [kept][eliminated] M^T; where sweeps solve */
    double *q;        /* [eliminated][EQ_DIRECTIONS] the outline Q W^T of M; where sweeps solve */
    double *w[2];  /* [kept][EQ_DIRECTIONS] of the band of E before and behind that of the K node */
    double *back;  /* [eliminated][kept] part of `coupled` of the K node, S */
    double *pairs; /* [kept (kept+1)/2][eliminated] M_ea M_eb, a >= b */
    double *bound; /* [nodes] d abstol, A */
} eq_derived;

/* A part of the minibatch that is solved together: examples first..first+n-1. How a minibatch is
 * split depends on its size alone, so that the bits of a result do not depend on the threads. All
 * arrays [rows][ld], examples contiguous; `wide` is ld rounded up to whole vectors, for the arrays
 * of the Schur complement. */
typedef struct eq_work {
    size_t first, n, ld, wide;
    double *v[EQ_MAX_SLOTS]; /* [nodes][ld] V, of each slot; in that of the adjoint V/S */
    double *in;              /* [nodes][ld] weighted current from fixed nodes, A */
    double *nudged;          /* [kept][ld] `in` of the K nodes with the nudge */
    double *held;    /* [kept][ld] sweeps: conductance of the nudge at the node itself, which is
                                not in `nudged`, S */
    double *least;   /* [kept][ld] what round-off of the potentials counts for in the sum of
                                 |currents|, where a nudge has slopes */
    bool sloped;     /* the nudge of this phase has */
    double *from_k;  /* [eliminated][ld] M v_K */
    double *from_e;  /* [kept][ld] M^T v_E */
    double *inverse; /* [eliminated][ld] 1/D_E */
    double *f, *slope, *size; /* [kept][ld] residual, D_K, lower estimate of sum |currents| */
    double *trial;            /* [nodes][ld] sweeps: V, where the state is believed to lead */
    double *drive;            /* [nodes][ld] sweeps: from_k and from_e as they would be there, A */
    double *off, *sizes;      /* [nodes][ld] sweeps: residual; sum of |currents|, A */
    double *along;            /* [EQ_ALONGS][bands of E][EQ_DIRECTIONS][ld] sweeps: coefficients */
    double *free_from_e;      /* [kept][ld] sweeps: kept from the free phase */
    double reached; /* sweeps: the last nudge over the KCL bound; 0: none since the free phase */
    int last;       /* its slot */
    double *step;   /* [kept][wide] Newton step of v_K, V */
    double *push;   /* [eliminated][ld] M step */
    double *schur, *factor; /* [pairs][wide] S, and its Cholesky factor (inverse diagonal) */
    double *descent;        /* [wide] step . F where the step began */
    double *free_from_k, *free_inverse, *free_f; /* kept from the free phase */
    double *check;  /* [3][eliminated][ld] f, slope, size of the exact bound */
    double *cross;  /* workspace of the update of crossbars between layers */
    double *column; /* [widest] this part's share of the update's column constants */
    bool factored;
    double strict;                            /* residual ratio that the iteration works on */
    double iterations, passes, solves, worst; /* statistics */
    double failed; /* residual ratio of the phase that failed, 0 if none */
} eq_work;

typedef struct eq_layered {
    eq_layers net;
    eq_derived derived;
    const eq_kernels *kernels;
    bool sweeps; /* too many kept nodes for a dense Schur complement: the classes are solved in
                    turns */
    bool *tied;  /* [2][nodes] by conductances of any state; work */
    bool hangs;  /* some are not */
    double reltol;
    int most_iterations;
    size_t batch, works, n; /* n: examples of the current minibatch */
    eq_work *work;
    size_t own, owned; /* parts that this rank solves: work[own .. own + owned - 1] */
    double *exchange;  /* [works][exchanged] states between the ranks; NULL: one rank alone */
    size_t exchanged;
    eq_pairing pairing, folded; /* of the minibatch / that `fold` and `total` are computed for */
    bool stale;   /* conductances were loaded: `fold`, `total` and `derived` are old */
    double *x;    /* [batch][inputs], or [batch][inputs/2] when paired, V */
    size_t width; /* of x */
    eq_pool *pool;
    double **gradient;      /* [threads] a block of rows of a gradient */
    double *delta, *column; /* update: [batch][widest], [widest] */
    double
        *block_total; /* update: [blocks of rows][widest] column sums, added up in a fixed order */
    double *between;  /* update: gradient of a crossbar between layers */
    double *thin;     /* [2][kept or eliminated][EQ_DIRECTIONS] work of the outline */
} eq_layered;

/* solve.c */
/* The equations of the E nodes with v_K held, or of the K nodes with v_E held and `in` from fixed
 * nodes. */
eq_node_rows eq_layered_rows(const eq_layered *e, const eq_work *w, bool kept, const double *in);
void eq_layered_derive(eq_layered *e);
/* Computes `fold` and `total` for the pairing of the minibatch, and what is derived from them. */
void eq_layered_fold(eq_layered *e);
/* X g of all input crossbars. */
void eq_layered_project(const eq_layered *e);
/* Solve the free phase / the nudged phase of slot for one part of the minibatch; work->failed
 * tells. */
void eq_layered_free(const eq_layered *e, eq_work *w);
void eq_layered_nudged(const eq_layered *e, eq_work *w, int slot, const eq_nudge *nudge);
/* `in` of the K nodes with the nudge at the state v (NULL: without); where sweeps solve without what
 * goes into `held`. */
const double *eq_layered_nudge(const eq_layered *e, eq_work *w, const eq_nudge *nudge,
                               const double *v);
/* Current from the fixed nodes. */
void eq_layered_gather_inputs(const eq_layered *e, eq_work *w);
/* Residuals this far below the KCL bound are aimed at, so that differences between phases keep
 * their digits. */
#define EQ_LAYERED_AIM 1e-3
/* |f| over the KCL bound of node j with the sum of |currents| `size`; *strict: of a bound with a
 * millionth of its absolute part (abstol over a small conductance is a large voltage), and a sum of
 * `least` at the least. Both grow. */
void eq_layered_grow_ratio(const eq_layered *e, size_t j, double f, double size, double least,
                           double *ratio, double *strict);
/* What an iteration leaves: its count, and whether the state is at its bound. */
void eq_layered_conclude(const eq_layered *e, eq_work *w, const double *v, double ratio,
                         double count);
/* S at the slopes w->slope and w->inverse, and its factor. */
void eq_layered_factor(const eq_layered *e, eq_work *w, const eq_nudge *nudge);

/* coupling.c */
/* M and what is derived from it, from the crossbars between layers; adds to `coupled`. */
void eq_layered_derive_coupling(eq_layered *e);
/* to = M v_K: E nodes from K nodes v[kept][ldv] / to = M^T v_E, in the lanes of a part: one pass
 * through the conductances between layers. */
void eq_layered_to_eliminated(const eq_layered *e, eq_work *w, const double *v, size_t ldv,
                              double *to);
void eq_layered_to_kept(const eq_layered *e, eq_work *w, const double *v, double *to);

/* coarse.c: an outline Q W^T of M by a few directions, and the step that solves the
 * linearised equations with the outline in place of M. */
enum { EQ_ALONGS = 8 };
void eq_layered_derive_outline(eq_layered *e);
/* drive = from_k + Q W^T (trial_K - v_K), or from_e + W Q^T (trial_E - v_E): what a class would be
 * driven by at the trial state, as far as the outline knows. */
void eq_layered_anticipate(const eq_layered *e, eq_work *w, const double *v, bool kept);
/* trial += the solution of (D - outline) step = off, with 1/D in w->inverse. */
void eq_layered_coarse_step(const eq_layered *e, eq_work *w);

/* sweep.c: the phases where a dense Schur complement would be too large. */
void eq_layered_sweep_free(const eq_layered *e, eq_work *w);
void eq_layered_sweep_nudged(const eq_layered *e, eq_work *w, int slot, const eq_nudge *nudge);

/* adjoint.c: dv/db of a nudge -b dC/dy at the free state of one part, into slot EQ_ADJOINT. */
void eq_layered_adjoint(const eq_layered *e, eq_work *w, const double *dcdy);

/* residual.c: largest |F| over the KCL bound at the evaluated state v, each with the sum of
 * |currents| of all its branches, or the first above `most`; NAN if one is. */
double eq_layered_exact_ratio(const eq_layered *e, eq_work *w, const double *v, double most);

/* ties.c: which nodes hang on fixed ones whatever the state (e->tied), and whether all do
 * at the state v of a part; EQ_ERR_SINGULAR names the others. */
void eq_layered_find_ties(eq_layered *e);
eq_status eq_layered_check_ties(eq_layered *e, const eq_work *w, const double *v, eq_diag *diag);

/* update.c */
enum {
    EQ_UPDATE_ROWS = 8
}; /* rows (pairs of rows) of a crossbar whose gradient is in the cache at once */
/* Column sums of a crossbar, added up in the order of an update: the bits do not depend on whether
 * conductances were loaded or updated, so that a resumed training goes on exactly. */
void eq_layered_total(eq_layered *e, eq_crossbar *x);
void eq_layered_update(eq_layered *e, const double a[EQ_MAX_SLOTS], eq_step step, void *data);

#endif
