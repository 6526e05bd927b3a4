/* What is tried in turn when Newton from the given start does not arrive. Every rung ends with the
 * plain system: scale 1, no shunt. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/newton.h"
#include "solver/poles.h"

static const eq_homotopy plain = {.scale = 1.0};

static eq_status with_elimination(eq_newton *w, double *x) {
    return eq_newton_iterate(w, x, true);
}

static eq_status without_elimination(eq_newton *w, double *x) {
    return eq_newton_iterate(w, x, false);
}

static eq_status limited(eq_newton *w, double *x) {
    return eq_newton_limited(w, x, false);
}

/* One point of a path; x is kept where it was when it fails. */
static eq_status point(eq_newton *w, double *x, double *before, bool eliminate) {
    memcpy(before, x, w->s->n * sizeof *before);
    eq_status status = eq_newton_iterate(w, x, eliminate);
    if (status != EQ_OK) memcpy(x, before, w->s->n * sizeof *before);
    return status;
}

/* A conductance from every free node to ground, lowered from 10 mS to nothing in adaptive steps. */
static eq_status gmin_path(eq_newton *w, double *x, double *before) {
    double gmin = 1e-2, last = INFINITY, factor = 10.0;
    for (;;) {
        w->s->homotopy.shunt = gmin;
        eq_status status = point(w, x, before, true);
        eq_newton_log(w, "  gmin %.3g S: %s", gmin, status == EQ_OK ? "solved" : "not solved");
        if (eq_gives_up(status) || (status == EQ_OK && gmin == 0.0)) return status;
        if (status == EQ_OK) {
            last = gmin;
            factor = fmin(factor * 1.5, 100.0);
        } else {
            if (isinf(last) && gmin < 1e4) {
                gmin *= 100.0;
                continue;
            }
            factor = sqrt(factor);
            if (isinf(last) || factor < 1.02) return status;
        }
        gmin = last / factor < 1e-13 ? 0.0 : last / factor;
    }
}

/* A path that needs more ends before a fold. */
enum { SOURCE_POINTS = 100 };

static eq_status eliminated_point(void *data, double *x) {
    return eq_newton_iterate(data, x, true);
}

static eq_status source_path(eq_newton *w, double *x, double *before) {
    eq_source_path path = {0.1, SOURCE_POINTS, eliminated_point, w, before};
    return eq_newton_raise_sources(w, x, &path);
}

/* Implicit Euler towards the steady state: a conductance from every node to where it was, lowered
 * as the state settles (switched evolution relaxation, Kelley and Keyes 1998). */
static eq_status transient_path(eq_newton *w, double *x, double *before, double *anchor) {
    enum { STEPS = 400 };
    double g = 1e-3;
    for (int k = 0; k < STEPS; k++) {
        memcpy(anchor, x, w->s->n * sizeof *anchor);
        w->s->homotopy = (eq_homotopy){.scale = 1.0, .shunt = g, .anchor = anchor};
        eq_status status = point(w, x, before, false);
        eq_newton_log(w, "  node conductance %.3g S: %s", g,
                      status == EQ_OK ? "solved" : "not solved");
        if (eq_gives_up(status) || (status == EQ_OK && g == 0.0)) return status;
        g *= status == EQ_OK ? 0.25 : 8.0;
        if (status != EQ_OK && g == 0.0) g = 1e-12;
        if (g < 1e-14) g = 0.0;
        if (g > 1e9) return status;
    }
    return EQ_ERR_CONVERGE;
}

typedef enum path { GMIN, SOURCE, TRANSIENT } path;

static eq_status follow(eq_newton *w, double *x, path kind) {
    double *work[2] = {eq_malloc(w->s->n, sizeof **work), eq_malloc(w->s->n, sizeof **work)};
    eq_status status = EQ_ERR_MEMORY;
    if (work[0] == NULL || work[1] == NULL)
        eq_out_of_memory(w->diag);
    else if (kind == GMIN)
        status = gmin_path(w, x, work[0]);
    else if (kind == SOURCE)
        status = source_path(w, x, work[0]);
    else
        status = transient_path(w, x, work[0], work[1]);
    w->s->homotopy = plain;
    eq_free(work[0]);
    eq_free(work[1]);
    return status;
}

static eq_status gmin_stepping(eq_newton *w, double *x) {
    return follow(w, x, GMIN);
}

static eq_status source_stepping(eq_newton *w, double *x) {
    return follow(w, x, SOURCE);
}

static eq_status pseudo_transient(eq_newton *w, double *x) {
    return follow(w, x, TRANSIENT);
}

enum { NEWTON, WITHOUT_ELIMINATION, LIMITED, KINSOL, GMIN_STEPPING };
const eq_rung eq_ladder[EQ_RUNGS] = {
    [NEWTON] = {"newton", with_elimination},
    [WITHOUT_ELIMINATION] = {"newton without elimination", without_elimination},
    [LIMITED] = {"junction limiting", limited},
    [KINSOL] = {"kinsol line search", eq_kinsol_line_search},
    [GMIN_STEPPING] = {"gmin stepping", gmin_stepping},
    {"source stepping", source_stepping},
    {"pseudo-transient", pseudo_transient},
};

/* Whether gate or bulk of row j of a table of MOS transistors moves on its own: neither held nor at an end of the channel. */
static bool is_steered(const eq_newton *w, const eq_table *t, size_t j) {
    const int *ends = t->cls->channel;
    eq_node from = t->term[ends[0]][j], to = t->term[ends[1]][j];
    bool steered = false;
    for (int a = 0; !steered && a < t->cls->terminals; a++) {
        eq_node n = t->term[a][j];
        steered = n != from && n != to && !eq_reduction_fixes(w->s->reduction, n);
    }
    return steered;
}

/* Whether rows of a table may amplify: those that a potential or current beside their own drop controls, but MOS transistors
 * that nothing steers. */
static bool amplifies(const eq_newton *w, const eq_table *t) {
    if (t->count == 0 || t->cls->control == EQ_CONTROL_NONE) return false;
    bool any = t->cls->letter != 'm';
    for (size_t j = 0; !any && j < t->count; j++) any = is_steered(w, t, j);
    return any;
}

/* Junctions and gates beside gain: Newton's steps overshoot there, and of several states designers expect the one that SPICE
 * comes to. Where the co-content is convex there is one, and Newton's method goes down to it. With it stay MOS transistors where
 * nothing amplifies, and those of trainings, which it brings to their states in half the steps. */
static bool limits_first(const eq_newton *w) {
    bool mos = false, gain = false;
    if (eq_newton_convex(w)) return false;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &w->s->circuit->table[cls];
        if (t->count == 0 || t->cls->begin == NULL) continue;
        if (t->cls->letter != 'm') return true;
        mos = true;
    }
    if (!mos || w->begin.training) return false;
    for (int cls = 0; !gain && cls < EQ_CLASS_COUNT; cls++)
        gain = amplifies(w, &w->s->circuit->table[cls]);
    return gain;
}

/* The rung that is tried in the k-th place. */
static int rung_at(bool limits, int k) {
    return !limits || k > LIMITED ? k : k == 0 ? LIMITED : k - 1;
}

eq_status eq_rung_try(eq_newton *w, const eq_rung *rung, double *x) {
    int before = w->iterations;
    eq_newton_log(w, "trying %s", rung->name);
    eq_status status = rung->solve(w, x);
    if (status == EQ_OK) status = eq_newton_accept(w, x);
    if (w->options->log == NULL) return status;
    eq_newton_log(w, "%s: %s after %d iterations, residual %.3g of its bound", rung->name,
                  status == EQ_OK             ? "solved"
                  : status == EQ_ERR_SINGULAR ? "singular"
                                              : "not solved",
                  w->iterations - before, eq_newton_evaluate(w, x));
    return status;
}

/* Ways from a start that is known: full steps of Newton, and limited steps from where the junctions stand or go on to; 30
 * are enough for the points of a sweep, which take 3 to 20. */
enum { FOLLOWING = 30 };

static eq_status full_steps(eq_newton *w, double *x) {
    int halvings = w->halvings;
    w->halvings = 0;
    eq_status status = with_elimination(w, x);
    w->halvings = halvings;
    return status;
}

static eq_status from_last(eq_newton *w, double *x) {
    return eq_newton_follow(w, w->begin.from, NULL, FOLLOWING, x);
}

static eq_status on_from_last(eq_newton *w, double *x) {
    return eq_newton_follow(w, w->begin.from, w->begin.before, FOLLOWING, x);
}

static eq_status from_held(eq_newton *w, double *x) {
    return eq_newton_follow(w, w->begin.from, NULL, INT_MAX, x);
}

/* Tries a way from the start again. */
static bool leads(eq_newton *w, const eq_rung *way, double *x, const char **rung) {
    *rung = way->name;
    memcpy(x, w->start, w->s->n * sizeof *x);
    return eq_rung_try(w, way, x) == EQ_OK;
}

/* Whether an answer follows from the last one. */
static bool goes_on(eq_newton *w, double *x, const char **rung) {
    static const eq_rung ways[] = {{"junction limiting", on_from_last},
                                   {"newton", full_steps},
                                   {"junction limiting", from_last}};
    for (size_t k = w->begin.before == NULL; k < sizeof ways / sizeof *ways; k++)
        if (leads(w, &ways[k], x, rung)) return true;
    return false;
}

/* How far the nodes that were held are from there at x, as a part of where that was. */
static double strayed(const eq_newton *w, const double *x) {
    double most = 0.0;
    eq_system_potentials(w->s, x);
    for (size_t n = 0; n < w->s->nodes; n++) {
        double at = w->begin.held[n], far = fabs(at - w->s->v[n]);
        if (!isnan(at) && far > 0.0) most = fmax(most, far / fabs(at));
    }
    return most;
}

/* Whether an answer follows where nodes are let go: that of limited steps where it stays near and nearer than Newton's,
 * which goes down to one side where they may rest between two. */
static bool let_go(eq_newton *w, double *x, const char **rung) {
    static const eq_rung limiting = {"junction limiting", from_held};
    static const double near = 0.5;
    bool limited = leads(w, &limiting, x, rung);
    double far = limited ? strayed(w, x) : INFINITY;
    memcpy(w->best, x, w->s->n * sizeof *x);
    if (leads(w, &eq_ladder[NEWTON], x, rung) && (far > near || strayed(w, x) <= far)) return true;
    memcpy(x, w->best, w->s->n * sizeof *x);
    *rung = limiting.name;
    return limited;
}

eq_status eq_ladder_hold(eq_newton *w, double *x, const char **rung) {
    memcpy(w->start, x, w->s->n * sizeof *x);
    *rung = eq_ladder[LIMITED].name;
    if (limits_first(w) && limited(w, x) == EQ_OK) return EQ_OK;
    *rung = eq_ladder[NEWTON].name;
    memcpy(x, w->start, w->s->n * sizeof *x);
    return with_elimination(w, x);
}

/* Keeps in best the x of the smallest residual over its bound that any rung left. */
static void keep_best(eq_newton *w, const double *x, double *best, double *ratio) {
    double now = eq_newton_evaluate(w, x);
    if (!(now < *ratio)) return;
    memcpy(best, x, w->s->n * sizeof *best);
    *ratio = now;
}

/* x: from the start to where the circuit rests while behavioural sources deliver nothing, and no formula is at a pole. */
static eq_status open_circuit(eq_newton *w, double *x) {
    memcpy(x, w->start, w->s->n * sizeof *x);
    w->s->homotopy.open = true;
    eq_status status = limited(w, x);
    w->s->homotopy.open = false;
    if (eq_gives_up(status)) return status;
    if (status != EQ_OK) memcpy(x, w->start, w->s->n * sizeof *x);
    return eq_poles_leave(w, x);
}

/* An answer from there, by SPICE's steps, by Newton's, and by gmin stepping. EQ_ERR_CONVERGE: none was found. */
static eq_status from_open(eq_newton *w, double *x, const char **rung) {
    static const int way[] = {LIMITED, NEWTON, GMIN_STEPPING};
    eq_newton_log(w, "formulas have poles: from where the circuit rests without them");
    for (size_t k = 0; k < sizeof way / sizeof *way; k++) {
        eq_status status = open_circuit(w, x);
        *rung = eq_ladder[way[k]].name;
        if (status == EQ_OK) status = eq_rung_try(w, &eq_ladder[way[k]], x);
        if (status == EQ_OK || eq_gives_up(status)) return status;
    }
    return EQ_ERR_CONVERGE;
}

/* The rungs from the start, of which the best x goes into w->best where none leads to an answer; *first: what
 * Newton's method met, *rung: the last one. */
static eq_status climb(eq_newton *w, double *x, const char **rung, eq_status *first,
                       double *ratio) {
    bool limits = limits_first(w) && w->begin.cold, hopeless = false;
    memcpy(w->best, w->start, w->s->n * sizeof *x);
    for (int place = 0; place < EQ_RUNGS && !hopeless; place++) {
        int k = rung_at(limits, place);
        memcpy(x, w->start, w->s->n * sizeof *x);
        *rung = eq_ladder[k].name;
        eq_status status = eq_rung_try(w, &eq_ladder[k], x);
        if (k == NEWTON) *first = status;
        if (status == EQ_OK || eq_gives_up(status)) return status;
        hopeless = status == EQ_ERR_SINGULAR && w->s->nonlinear == 0;
        keep_best(w, x, w->best, ratio);
    }
    return EQ_ERR_CONVERGE;
}

/* Whether an answer follows from what the search begins with beside its start. */
static bool from_what_is_known(eq_newton *w, double *x, const char **rung) {
    if (!limits_first(w)) return false;
    if (w->begin.held != NULL) return let_go(w, x, rung);
    return w->begin.from != NULL && goes_on(w, x, rung);
}

eq_status eq_ladder_solve(eq_newton *w, double *x, const char **rung) {
    eq_status status = EQ_ERR_CONVERGE, first = EQ_OK;
    double ratio = INFINITY;
    memcpy(w->start, x, w->s->n * sizeof *x);
    if (from_what_is_known(w, x, rung)) return EQ_OK;
    bool pole = w->begin.cold && eq_poles_of_loads(w, x);
    if (pole) status = from_open(w, x, rung);
    if (status != EQ_ERR_CONVERGE) return status;
    status = climb(w, x, rung, &first, &ratio);
    const char *last = *rung;
    if (status == EQ_ERR_CONVERGE && w->begin.cold && !pole && eq_poles_possible(w))
        status = from_open(w, x, rung); /* 0/0 shows no pole */
    if (status != EQ_ERR_CONVERGE) return status;
    *rung = last;
    memcpy(x, w->best, w->s->n * sizeof *x);
    if (ratio <= 1.0) return eq_newton_accept(w, x);
    return first == EQ_ERR_SINGULAR ? eq_newton_failure(w, x) : EQ_ERR_CONVERGE;
}
