/* Internal to the room: one pass through an analysis of a deck. Loops are nested, those of the
 * analysis itself (the sweeps of .dc) inside, the steps of the deck around them. */
#ifndef EQ_ANALYSIS_PASS_H
#define EQ_ANALYSIS_PASS_H

#include "analysis/analysis.h"
#include "analysis/measure.h"
#include "analysis/selection.h"
#include "netlist/netlist.h"

typedef struct eq_pass eq_pass;
typedef struct eq_share eq_share;

/* A type of analysis: a row of the table in analysis.c. */
typedef struct eq_analysis_kind {
    const char *name; /* title of its table */
    /* Takes from the plan how many loops of its own there are: w->sweeps. */
    void (*prepare)(eq_pass *w, const eq_analysis *a);
    /* Adds its variables behind those of the steps. */
    eq_status (*columns)(eq_pass *w);
    /* Leaves the values of its variables at the state found in `row`. */
    eq_status (*row)(eq_pass *w, double *row);
    /* Adds its points with the values of the steps as they are. */
    eq_status (*run)(eq_pass *w);
} eq_analysis_kind;

extern const eq_analysis_kind eq_analysis_op, eq_analysis_dc, eq_analysis_tf, eq_analysis_sens;

struct eq_pass {
    const eq_analysis_kind *kind;
    eq_deck *base, *d; /* as it was read first; as it stands (read again for a .param) */
    eq_solver *s;      /* of d's circuit */
    size_t number;     /* of the analysis in both */
    const eq_solve_options *o;
    size_t nodes, branches;
    double *v, *branch;    /* state, warm from point to point of a .dc */
    size_t loops, sweeps;  /* loops in all, those of the analysis */
    size_t index;          /* point of the innermost loop */
    double *at;            /* [loops] values of what is swept; NAN: not set yet */
    eq_override *override; /* [loops] scratch */
    size_t derivatives;    /* variables of .tf and .sens */
    bool cold;             /* the next point starts anew */
    bool stale;            /* d was read with other values */
    double *row;           /* one line of the table */
    eq_selection selection;
    eq_measuring *measuring; /* NULL: the deck measures nothing here */
    eq_probe probe;
    eq_result *r, *measures;
    eq_share *share;                                             /* NULL: one rank alone */
    eq_status (*visit)(void *data, const eq_analysis_point *at); /* NULL: points go into tables */
    void *visited;                                               /* its data */
    eq_diag *diag;
};

/* The whole analysis once; tables as of eq_analysis_run. */
typedef eq_status (*eq_pass_runner)(eq_deck *d, size_t number, const eq_solve_options *o,
                                    eq_share *share, eq_result **out, eq_result **measures,
                                    eq_diag *diag);
/* Appends "v1 = 2, r1 = 1000": the values of the loops. */
void eq_pass_where(const eq_pass *w, eq_text *out);
static inline const eq_analysis *eq_pass_analysis(const eq_pass *w) {
    return &w->d->analysis[w->number];
}

/* values.c. Loop k and the deck that has its values: .dc may depend on parameters,
 * .step does not. */
const eq_sweep *eq_pass_loop(const eq_pass *w, size_t k, const eq_deck **of);
const char *eq_pass_loop_name(const eq_pass *w, size_t k);
/* loops.c. `inner` for all values of loop k and those it moves with; every step starts cold. */
eq_status eq_pass_each_value(eq_pass *w, size_t k, eq_status (*inner)(eq_pass *w, size_t k));
/* The analysis for all values of the steps below k, the inner ones first. */
eq_status eq_pass_steps(eq_pass *w, size_t k);

/* values.c. Puts the value of loop k into the circuit as it stands. */
eq_status eq_pass_set_value(eq_pass *w, size_t k);
/* Keeps (kept != NULL) or gives back the values that loops change in the circuit itself. */
void eq_pass_own_values(eq_pass *w, double *kept, const double *back);

/* again.c. Reads the deck again with the values that stand, and gives its elements theirs. */
eq_status eq_pass_renew(eq_pass *w);

/* point.c. Solves at the values that stand, and adds the point to the table and the measures. */
eq_status eq_pass_point(eq_pass *w);

/* table.c. The empty tables. */
eq_status eq_pass_tables(eq_pass *w);
/* Adds variables for what is selected: v(node) and i(source), or the vectors of .print. */
eq_status eq_pass_vectors(eq_pass *w);
/* Their values at the state found. */
eq_status eq_pass_vector_values(eq_pass *w, double *row);
/* The line of the table at the state found, into w->row. */
eq_status eq_pass_row(eq_pass *w);
/* The product of the points of loops[0..n), those that follow another one left out. */
double eq_pass_product(const eq_sweep *loops, size_t n);
eq_status eq_pass_check_size(const eq_pass *w);

/* share.c: ranks of mpirun. True if the next unit belongs to another rank. */
bool eq_share_skips(eq_pass *w);
/* True: this rank only solves its own units ahead and keeps the states. */
bool eq_share_is_ahead(const eq_share *q);
eq_status eq_share_keep(eq_pass *w);
void eq_share_take(eq_pass *w);
/* eq_analysis_run on several ranks, each pass by `run`. */
eq_status eq_share_run(eq_pass_runner run, eq_deck *d, size_t number, const eq_solve_options *o,
                       eq_result **out, eq_result **measures, eq_diag *diag);

#endif
