/* Newton's method for r(x) = 0 with nonlinear elimination, and the work space that all engines
 * share. */
#ifndef EQ_SOLVER_NEWTON_H
#define EQ_SOLVER_NEWTON_H

#include "solver/eliminate.h"
#include "solver/history.h"
#include "solver/solver.h"

typedef struct eq_newton {
    eq_system *s;
    eq_eliminator *eliminator;
    eq_lin *cholmod, *klu; /* made when first needed */
    eq_lin *factored;      /* the one that holds the last factorization */
    double gain;           /* residual ratio after over before the last step made with it */
    int halvings;          /* of a step, at most; then the search has failed */
    int stalled;           /* conjugate gradients that were given up in this search */
    bool not_positive;     /* CHOLMOD has met a matrix that is not positive definite */
    const eq_solve_options *options;
    eq_begin begin;
    eq_diag *diag;
    double *r, *magnitude;                                    /* [n] at the iterate */
    double *trial, *trial_r, *trial_magnitude, *step, *spare; /* [n] */
    double *start, *best;                                     /* [n] of the ladder */
    double *drop;        /* where junctions stand (limiting.c), made when first needed */
    double *held, *size; /* [entries] J of the last factorization; sums of |stamps| (regular.c) */
    /* [n] where `loose` or `hangs`: J null and J^T left are round-off at the answer, max |null| and
     * max |left| = 1; tender: the row whose entries left and null weigh most */
    double *null, *left;
    int32_t tender;
    bool loose;         /* nothing ties what moves along null */
    bool hangs;         /* left^T J null, stamp by stamp, does */
    int32_t *pivot_row; /* [n] row of each column's pivot (lin.h) */
    double weakest;     /* the smallest ratio of a pivot (lin.h) at the answer */
    int32_t moving;     /* unknown that moves most where no equation says where it rests, -1 */
    double moves;       /* V, by which it does */
    int iterations, factorizations;
    int32_t singular; /* unknown of the last zero pivot, -1 */
} eq_newton;

eq_status eq_newton_new(eq_system *s, eq_newton **out, eq_diag *diag);
void eq_newton_free(eq_newton *w);
/* After eq_system_renew; on failure it is as it was. */
eq_status eq_newton_renew(eq_newton *w, eq_diag *diag);

/* Forgets what earlier factorizations have taught: pivots, and that CHOLMOD failed. */
void eq_newton_forget(eq_newton *w);
/* Whether the co-content is convex as far as the elements tell: CHOLMOD and descent on it may be
 * used. */
bool eq_newton_convex(const eq_newton *w);
/* Factors J(x). EQ_ERR_SINGULAR: w->singular is the unknown, no message. */
eq_status eq_newton_factor(eq_newton *w, const double *x);
/* What a search that ended at x has failed of: EQ_ERR_SINGULAR where J(x) is,
 * else EQ_ERR_CONVERGE. */
eq_status eq_newton_failure(eq_newton *w, const double *x);
/* EQ_ERR_SINGULAR, no message, when J(x) of the plain system is singular to round-off: then
 * w->loose says whether w->null is known. w->factored holds a factor of J near x. */
eq_status eq_newton_regular(eq_newton *w, const double *x);
/* The same for an x whose residual is below its bound, before it counts as an answer; x goes on
 * where the bound holds but a step would still move the potentials. */
eq_status eq_newton_accept(eq_newton *w, double *x);
/* decided.c. The largest of the potentials in y; infinite when one is not finite. */
double eq_newton_largest(const eq_newton *w, const double *y);
/* d = J^-1 of residuals as large as the round-off of the currents at x (w->magnitude, w->size); the
 * largest of its potentials. */
double eq_newton_noise(const eq_newton *w, const double *x, double *d);
/* Whether the step d is next to nothing beside each potential. */
bool eq_newton_small(const eq_newton *w, const double *x, const double *d);
/* Whether left^T J null, which is `sum` at x, stays that where the round-off of the currents may
 * move x along null. */
bool eq_newton_shift_decided(eq_newton *w, const double *x, double sum);
/* Whether J(x + t d) d is J(x) d to a quarter, in potentials: near a root it is. */
bool eq_newton_steady(eq_newton *w, const double *x, double t, const double *d);
/* Notes for the message which potential d moves most; EQ_ERR_CONVERGE. */
eq_status eq_newton_undecided(eq_newton *w, const double *d);
/* EQ_ERR_CONVERGE when the round-off of the currents decides where x is. */
eq_status eq_newton_decided(eq_newton *w, const double *x);
/* The drops of shorts are lost in the potentials that x was made of: one Newton step with
 * w->factored finds them again. */
eq_status eq_newton_find_drops(eq_newton *w, double *x);
/* The KCL bound at an unknown, A: magnitude is the sum of |currents| there. */
static inline double eq_kcl_bound(const eq_solve_options *o, double magnitude) {
    return o->abstol + o->reltol * magnitude;
}
/* r and magnitude at x into the work space; the ratio max |r_i| / bound_i, infinite when not
 * finite. */
double eq_newton_evaluate(eq_newton *w, const double *x);
/* The same into other arrays. */
double eq_newton_ratio(const eq_newton *w, const double *x, double *r, double *magnitude);

/* w->step is about -J(x)^-1 r, to a twentieth (inexact.c); false when that would take more
 * than the `flops` floating-point operations of a factorization. */
bool eq_newton_inexact(eq_newton *w, const double *x, double flops);
/* Newton steps with line search from x until the KCL bound holds; eliminate: between the steps the
 * chosen nodes are solved exactly. No message on EQ_ERR_CONVERGE and EQ_ERR_SINGULAR. */
eq_status eq_newton_iterate(eq_newton *w, double *x, bool eliminate);
/* Full Newton steps as long as each takes a tenth off the ratio, at most ten, once it is <= 1; those
 * of a linear circuit are refinements with one factor, and go on to its round-off.
 * ratio: that of x, as eq_newton_evaluate has just found it; w->r stays the residual of x. */
void eq_newton_polish(eq_newton *w, double *x, double ratio);
/* One line to options.log. */
void eq_newton_log(const eq_newton *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The rungs of the ladder (ladder.c), in the order in which they are tried. */
typedef struct eq_rung {
    const char *name;
    eq_status (*solve)(eq_newton *w, double *x);
} eq_rung;
enum { EQ_RUNGS = 7 };
extern const eq_rung eq_ladder[EQ_RUNGS];
/* One rung from x, with a line in the log that says how it went. */
eq_status eq_rung_try(eq_newton *w, const eq_rung *rung, double *x);
/* A status after which no smaller step helps. */
static inline bool eq_gives_up(eq_status status) {
    return status != EQ_OK && status != EQ_ERR_CONVERGE && status != EQ_ERR_SINGULAR;
}
/* How the sources are raised (source_steps.c): the first part of them, how many points at most, and what solves a
 * point from x. kept[n] is work space. */
typedef struct eq_source_path {
    double first;
    int points;
    eq_status (*solve)(void *data, double *x);
    void *data;
    double *kept;
} eq_source_path;
/* All independent sources raised together from zero: steps double where a point is solved and
 * shrink to a quarter where it is not, down to 1e-6. */
eq_status eq_newton_raise_sources(eq_newton *w, double *x, const eq_source_path *path);
/* The first of them, for nodes that are held. */
eq_status eq_ladder_hold(eq_newton *w, double *x, const char **rung);
/* Tries the rungs from x; *rung is the name of the one that answered. */
eq_status eq_ladder_solve(eq_newton *w, double *x, const char **rung);

/* Newton steps on the circuit of tangents (limiting.c), whatever x is on entry, from junctions that conduct until the
 * KCL bound holds; start_only: until no junction is stopped on its way any more. */
eq_status eq_newton_limited(eq_newton *w, double *x, bool start_only);
/* The same, at most `most` steps from the junctions' drops at v [nodes], or from where they go on to as they went from
 * `before` (or NULL) to v (ngspice's MODEINITPRED). */
eq_status eq_newton_follow(eq_newton *w, const double *v, const double *before, int most,
                           double *x);
/* KINSOL alone, from x and, where that fails, from where junction limiting lets go. */
eq_status eq_kinsol_line_search(eq_newton *w, double *x);

/* The other engines: kinsol.c and cocontent.c. *rung says how the answer was reached. */
eq_status eq_kinsol_solve(eq_newton *w, double *x, const char **rung);
eq_status eq_cocontent_solve(eq_newton *w, double *x, const char **rung);

#endif
