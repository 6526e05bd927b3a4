#include "solver/solver.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "solver/solver_internal.h"

struct eq_solver {
    eq_circuit *circuit;
    eq_system *system;
    eq_newton *newton;
    double *x;    /* [eq_system_most] work */
    double *node; /* [nodes] the potentials that x was last found with; NAN: others since */
    eq_status refreshed;
    bool torn;            /* memory ran out while system and engine were renewed */
    bool goes_on, trains; /* the next solve goes on; all are phases of trainings */
    eq_history history;
};

eq_solve_options eq_solve_defaults(const eq_circuit *c) {
    return (eq_solve_options){
        .method = EQ_NEWTON,
        .abstol = c->options.abstol,
        .reltol = c->options.reltol,
        .max_iterations = c->options.itl1,
    };
}

void eq_solver_free(eq_solver *s) {
    if (s == NULL) return;
    eq_newton_free(s->newton);
    eq_system_free(s->system);
    eq_free(s->x);
    eq_free(s->node);
    eq_history_free(&s->history);
    eq_free(s);
}

static void fill(double *y, size_t n, double value) {
    for (size_t k = 0; y != NULL && k < n; k++) y[k] = value;
}

eq_status eq_solver_new_for(eq_circuit *c, bool with_slope, eq_solver **out, eq_diag *diag) {
    if (!c->frozen)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the circuit is not frozen; call eq_circuit_freeze first");
    eq_solver *s = eq_calloc(1, sizeof *s);
    if (s == NULL) return eq_out_of_memory(diag);
    s->circuit = c;
    eq_status status = eq_circuit_check_values(c, diag);
    if (status == EQ_OK) status = eq_system_new(c, with_slope, &s->system, diag);
    if (status == EQ_OK) status = eq_newton_new(s->system, &s->newton, diag);
    if (status == EQ_OK) {
        s->x = eq_calloc(eq_system_most(s->system), sizeof *s->x);
        s->node = eq_calloc(s->system->nodes, sizeof *s->node);
        bool remembers = eq_history_open(&s->history, s->system->nodes);
        if (s->x == NULL || s->node == NULL || !remembers) status = eq_out_of_memory(diag);
    }
    if (status == EQ_OK) s->node[EQ_GROUND] = NAN;
    if (status == EQ_OK)
        *out = s;
    else
        eq_solver_free(s);
    return status;
}

eq_status eq_solver_new(eq_circuit *c, eq_solver **out, eq_diag *diag) {
    return eq_solver_new_for(c, false, out, diag);
}

void eq_solver_forget(eq_solver *s) {
    eq_newton_forget(s->newton);
    eq_history_forget(&s->history);
}

void eq_solver_train(eq_solver *s) {
    s->trains = true;
}

void eq_solver_next_point(eq_solver *s) {
    s->history.steps = true;
}

void eq_solver_go_on(eq_solver *s) {
    s->goes_on = true;
}

static eq_status renew(eq_solver *s, bool plain, eq_diag *diag) {
    eq_status status = eq_system_renew(s->system, plain, diag);
    if (status == EQ_OK) status = eq_newton_renew(s->newton, diag);
    s->torn = status != EQ_OK;
    return status;
}

/* A failure is reported by the next solve. */
void eq_solver_refresh(eq_solver *s) {
    s->refreshed = eq_circuit_check_values(s->circuit, NULL);
    bool holds = true;
    if (s->refreshed == EQ_OK)
        s->refreshed = eq_reduction_holds(s->system->reduction, s->circuit, &holds);
    if (s->refreshed == EQ_OK && (!holds || s->torn)) s->refreshed = renew(s, false, NULL);
    if (s->refreshed == EQ_OK) s->refreshed = eq_system_refresh(s->system, NULL);
    s->newton->not_positive = false;
    s->node[EQ_GROUND] = NAN;
}

eq_system *eq_solver_system(eq_solver *s) {
    return s->system;
}

void eq_solver_inject(eq_solver *s, eq_injection injection) {
    s->system->injection = injection;
}

void eq_solver_share(eq_solver *s, eq_pool *pool) {
    s->system->ports.pool = pool;
}

eq_newton *eq_solver_newton(eq_solver *s) {
    return s->newton;
}

size_t eq_solver_unknowns(const eq_solver *s) {
    return s->system->n;
}

const char *eq_solver_backend(const eq_solver *s) {
    return eq_newton_convex(s->newton) && !s->newton->not_positive ? "cholmod" : "klu";
}

size_t eq_solver_branches(const eq_solver *s) {
    return s->system->reduction->branches;
}

eq_element eq_solver_branch_element(const eq_solver *s, size_t branch) {
    return s->system->reduction->branch[branch];
}

int eq_solver_branch_of(const eq_solver *s, eq_element e) {
    return eq_reduction_branch(s->system->reduction, s->circuit, e);
}

/* Rises of the state v, those of shorts too: they are known of the state that was found last, and
 * found again for another one. */
static bool find_state(eq_solver *s, const double *v, const double *branch) {
    eq_newton *w = s->newton;
    bool known = memcmp(v, s->node, s->system->nodes * sizeof *v) == 0;
    if (!known) eq_system_unknowns(s->system, v, branch, s->x);
    eq_system_potentials(s->system, s->x);
    if (known) return true;
    memcpy(s->node, v, s->system->nodes * sizeof *v);
    return eq_newton_factor(w, s->x) == EQ_OK && eq_newton_find_drops(w, s->x) == EQ_OK;
}

/* The drop from a to b at the state. */
static double drop_at(eq_solver *s, eq_node a, eq_node b, const double *v, const double *branch) {
    if (!eq_reduction_inside(s->system->reduction, a, b)) return v[a] - v[b];
    return find_state(s, v, branch) ? eq_system_drop(s->system, a, b, NULL) : NAN;
}

/* The solver's for a voltage-defined branch, else the element's law at its drop. */
double eq_solver_current(eq_solver *s, eq_element e, const double *v, const double *branch) {
    int known = eq_solver_branch_of(s, e);
    if (known >= 0) return branch[known];
    eq_row r = s->circuit->row[e];
    const eq_table *t = &s->circuit->table[r.cls];
    double *w[EQ_MAX_COLUMNS] = {NULL}, control = 0.0, y, slope;
    if (eq_is_port(t)) { /* of a port class: into its first terminal */
        eq_ports *p = &s->system->ports;
        eq_ports_at(p, s->circuit, s->system->reduction, t, (size_t)r.row, v, branch, NULL);
        return p->value[0];
    }
    for (int k = 0; k < t->cls->columns; k++) w[k] = &t->w[k][r.row];
    if (t->cls->control == EQ_CONTROL_VOLTAGE)
        control = drop_at(s, t->term[2][r.row], t->term[3][r.row], v, branch);
    else if (t->cls->control == EQ_CONTROL_CURRENT)
        control = branch[eq_solver_branch_of(s, t->control[r.row])];
    double x = drop_at(s, t->term[0][r.row], t->term[1][r.row], v, branch);
    t->cls->value_and_slope(1, w, &x, t->cls->control == EQ_CONTROL_NONE ? NULL : &control, &y,
                            &slope, NULL);
    return y;
}

/* The residual of unknown k over its bound; infinite when it is not finite. */
static double over_bound(const eq_newton *w, size_t k) {
    double bound = eq_kcl_bound(w->options, w->magnitude[k]);
    double ratio = fabs(w->r[k]) / bound;
    return isfinite(bound) && isfinite(ratio) ? ratio : INFINITY;
}

/* Names the unknowns with the largest residuals over their bounds; the first element named. */
static eq_element name_worst(const eq_newton *w, eq_text *text) {
    enum { SHOWN = 3 };
    size_t named[SHOWN] = {0};
    eq_element first = EQ_NONE;
    for (size_t shown = 0; shown < SHOWN; shown++) {
        double worst = 1.0;
        for (size_t k = 0; k < w->s->n; k++) {
            bool seen = false;
            for (size_t j = 0; j < shown; j++) seen = seen || named[j] == k;
            if (seen || over_bound(w, k) <= worst) continue;
            worst = over_bound(w, k);
            named[shown] = k;
        }
        if (worst <= 1.0) break;
        eq_text_puts(text, shown == 0 ? "" : ", ");
        eq_element at = eq_system_name(w->s, named[shown], text);
        if (first == EQ_NONE) first = at;
        if (isfinite(worst))
            eq_text_printf(text, ": %.3g A, %.3g times its bound", w->r[named[shown]], worst);
        else
            eq_text_puts(text, ": not finite");
    }
    return first;
}

static eq_place place_of(const eq_newton *w, eq_element e) {
    return e == EQ_NONE ? (eq_place){0} : eq_circuit_place_of(w->s->circuit, e);
}

/* ": node a, b float together": the nodes that w->null moves, if they are more than one. */
static void name_loose(const eq_newton *w, eq_text *text) {
    enum { SHOWN = 8 };
    const eq_sparse_rows *t = &w->s->reduction->t;
    eq_text names = {0};
    int count = 0;
    for (size_t n = 0; n < w->s->nodes; n++) {
        double moves = 0.0;
        for (int32_t e = t->start[n]; e < t->start[n + 1]; e++)
            moves += t->coefficient[e] * w->null[t->unknown[e]];
        if (fabs(moves) <= 1e-6 || ++count > SHOWN + 1) continue;
        eq_text_printf(&names, "%s%s", count == 1 ? "" : ", ",
                       count > SHOWN ? "..." : eq_circuit_node_name(w->s->circuit, (eq_node)n));
    }
    if (count > 1 && !names.failed) eq_text_printf(text, ": node %s float together", names.text);
    text->failed = text->failed || names.failed;
    eq_text_free(&names);
}

/* "; 1e+18 S meet there and drown the rest", where they do. */
static void name_drowning(const eq_newton *w, eq_text *text) {
    static const double huge = 1e9; /* S, beside which round-off takes conductances of 1e-7 S */
    const eq_system *s = w->s;
    double most = 0.0;
    for (size_t i = 0; i < s->entries; i++)
        if (s->row[i] == w->singular) most = fmax(most, w->size[i]);
    if (most > huge)
        eq_text_printf(text, ": %.3g S meet there, beside which the rest is round-off", most);
}

/* A zero pivot of an answer, or of the state in which a search ended, whose residual says that it
 * is none. */
static void report_singular(eq_newton *w, const double *x, eq_text *text, eq_diag *diag) {
    eq_element at = EQ_NONE;
    int32_t pivot = w->singular;
    bool answer = w->s->nonlinear == 0 || eq_newton_evaluate(w, x) <= 1.0;
    if (!w->loose && eq_newton_regular(w, x) == EQ_OK) w->singular = pivot;
    if (w->singular >= 0)
        at = eq_system_name(w->s, (size_t)w->singular, text);
    else
        eq_text_puts(text, "an unknown");
    if (w->loose) name_loose(w, text);
    if (w->singular >= 0) name_drowning(w, text);
    if (text->failed) return;
    if (answer)
        eq_fail_at(diag, EQ_ERR_SINGULAR, place_of(w, at),
                   "the circuit has no unique operating point: zero pivot at %s; look for nodes "
                   "without conductance to ground and for loops of sources there",
                   text->text);
    else
        eq_fail_at(diag, EQ_ERR_SINGULAR, place_of(w, at),
                   "no operating point found after %d iterations: where the search ended the "
                   "Jacobian is singular to round-off, with a zero pivot at %s; look there for "
                   "sources in parallel with junctions, for slopes of zero, and for conductances "
                   "of very different size",
                   w->iterations, text->text);
}

/* Currents that meet their bounds at potentials that no equation fixes. */
static void report_undecided(const eq_newton *w, eq_text *text, eq_diag *diag) {
    eq_element at = eq_system_name(w->s, (size_t)w->moving, text);
    if (text->failed) return;
    eq_fail_at(diag, EQ_ERR_CONVERGE, place_of(w, at),
               "no operating point found after %d iterations: the currents meet their bounds, but "
               "nothing beyond round-off says where %s comes to rest (it may still move by %.3g "
               "V); look there "
               "for currents that approach a balance without reaching it, such as those of "
               "saturated junctions, and for a missing conductance",
               w->iterations, text->text, w->moves);
}

/* An element that has no numbers where a search ended; false: all have. */
static bool report_lost(const eq_circuit *c, eq_diag *diag) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        for (size_t j = 0; t->cls->lost != NULL && j < t->count; j++) {
            const char *why = t->cls->lost(t->w, j);
            if (why == NULL) continue;
            eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place_of(c, t->id[j]), "%s: %s",
                       eq_circuit_element_name(c, t->id[j]), why);
            return true;
        }
    }
    return false;
}

/* What has failed, where, and what to do, at the first element named. */
static eq_status report_failure(eq_newton *w, const double *x, eq_status status, eq_diag *diag) {
    eq_text text = {0};
    eq_element at = EQ_NONE;
    eq_text_puts(&text, "");
    if (status == EQ_ERR_MEMORY) eq_out_of_memory(diag);
    if (status == EQ_ERR_SINGULAR) {
        report_singular(w, x, &text, diag);
    } else if (status == EQ_ERR_CONVERGE && w->moving >= 0) {
        report_undecided(w, &text, diag);
    } else if (status == EQ_ERR_CONVERGE) {
        eq_newton_evaluate(w, x);
        at = name_worst(w, &text);
        if (text.length == 0) eq_text_puts(&text, "none above its bound where the search ended");
        if (!text.failed)
            eq_fail_at(diag, status, place_of(w, at),
                       "no operating point found after %d iterations; worst KCL residuals: %s; "
                       "check sources and models there, or raise itl1 or reltol (--verbose shows "
                       "what was tried)",
                       w->iterations, text.text);
    }
    if (text.failed) eq_out_of_memory(diag);
    eq_text_free(&text);
    return status;
}

static eq_status answer_by(eq_newton *w, double *x, eq_method method, const char **rung) {
    if (method == EQ_NEWTON) return eq_ladder_solve(w, x, rung);
    eq_status status =
        method == EQ_KINSOL ? eq_kinsol_solve(w, x, rung) : eq_cocontent_solve(w, x, rung);
    if (status != EQ_OK) return status;
    if (w->s->nonlinear == 0) eq_newton_polish(w, x, eq_newton_evaluate(w, x));
    return eq_newton_accept(w, x);
}

static eq_status check_options(const eq_solve_options *o, eq_diag *diag) {
    if (o->abstol >= 0.0 && o->reltol >= 0.0 && o->abstol + o->reltol > 0.0 &&
        o->max_iterations >= 1)
        return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_USAGE,
        "abstol=%g, reltol=%g and %d iterations are no bounds of a solve; use tolerances "
        ">= 0, not both 0, and at least one iteration",
        o->abstol, o->reltol, o->max_iterations);
}

/* Why the last refresh failed. */
static eq_status check_refresh(const eq_solver *s, eq_diag *diag) {
    if (s->refreshed == EQ_OK) return EQ_OK;
    eq_reduction *r = NULL;
    eq_status status = eq_circuit_check_values(s->circuit, diag);
    if (status == EQ_OK) status = eq_reduction_new(s->circuit, &r, diag);
    eq_reduction_free(r);
    return status == EQ_OK ? eq_out_of_memory(diag) : status;
}

static void describe(eq_solver *s, eq_method method, const char *rung, eq_solve_info *info) {
    static const char *const engine[] = {"newton", "kinsol", "cocontent"};
    eq_newton *w = s->newton;
    *info = (eq_solve_info){.engine = engine[method], .rung = rung};
    info->iterations = w->iterations;
    info->factorizations = w->factorizations;
    info->residual_ratio = eq_newton_evaluate(w, s->x);
    for (size_t k = 0; k < s->system->n; k++) info->residual = fmax(info->residual, fabs(w->r[k]));
    info->has_energy = s->system->topology->exists;
    info->stationarity = info->energy = NAN;
}

/* A state that doubles cannot hold (2 kV across a diode without resistance) is no answer. */
static eq_status check_finite(const eq_solver *s, const double *v, const double *branch,
                              eq_diag *diag) {
    const char *what = "potential of node", *name = NULL;
    for (size_t n = 0; name == NULL && n < s->system->nodes; n++)
        if (!isfinite(v[n])) name = eq_circuit_node_name(s->circuit, (eq_node)n);
    for (size_t b = 0; name == NULL && branch != NULL && b < eq_solver_branches(s); b++)
        if (!isfinite(branch[b])) {
            what = "current of";
            name = eq_circuit_element_name(s->circuit, eq_solver_branch_element(s, b));
        }
    if (name == NULL) return EQ_OK;
    if (report_lost(s->circuit, diag)) return EQ_ERR_INPUT;
    return eq_fail(diag, EQ_ERR_CONVERGE,
                   "the %s %s is beyond the numbers of the machine; check the sources there, and "
                   "diodes without series resistance that carry a whole source voltage",
                   what, name);
}

typedef eq_status (*answer)(eq_newton *w, double *x, int which, const char **rung);

static eq_status one_engine(eq_newton *w, double *x, int which, const char **rung) {
    return answer_by(w, x, (eq_method)which, rung);
}

static eq_status one_rung(eq_newton *w, double *x, int which, const char **rung) {
    *rung = eq_ladder[which].name;
    return eq_rung_try(w, &eq_ladder[which], x);
}

/* After an answer without shorts. */
static void restore(eq_solver *s) {
    if (s->system->reduction->plain && s->refreshed == EQ_OK) s->refreshed = renew(s, false, NULL);
}

/* Whether a short was none: its drop is no small part of the potentials, and a diode, whose
 * conductance is not known beforehand, conducts more than it. */
static bool misjudged(const eq_solver *s) {
    static const double small = 1e-3;
    const eq_system *y = s->system;
    const eq_reduction *r = y->reduction;
    if (y->nonlinear == 0 || r->shorts == 0) return false;
    eq_system_jacobian(s->system, s->x);
    for (size_t k = 0; k < r->node_unknowns; k++) {
        eq_node n = r->root[k], parent = r->parent[n];
        if (parent == EQ_NONE || parent == EQ_GROUND) continue;
        bool large = fabs(y->rise[n]) > small * fmax(fabs(y->v[n]), fabs(y->v[parent]));
        if (large && y->value[y->diagonal[k]] > 2.0 * fabs(y->linear[y->diagonal[k]])) return true;
    }
    return false;
}

/* An answer by `by` from x; where a short was none, again without shorts. */
static eq_status find_answer(eq_solver *s, answer by, int which, const double *v, const char **rung,
                             eq_diag *diag) {
    const eq_solve_options *o = s->newton->options;
    eq_status status = by(s->newton, s->x, which, rung);
    if (status != EQ_OK) return status;
    if (s->system->homotopy.anchor != NULL || !misjudged(s)) return EQ_OK;
    eq_begin begin = s->newton->begin;
    status = renew(s, true, diag);
    s->newton->options = o;
    s->newton->diag = diag;
    s->newton->begin = begin;
    s->newton->singular = s->newton->moving = -1;
    if (status != EQ_OK) return status;
    eq_system_unknowns(s->system, v, NULL, s->x);
    return by(s->newton, s->x, which, rung);
}

/* Starts from v, asks `by` for an answer and brings it back; a start that is not finite counts as
 * zero. */
static eq_status solve(eq_solver *s, const eq_solve_options *o, answer by, int which, double *v,
                       double *branch, eq_solve_info *info, eq_diag *diag) {
    eq_newton *w = s->newton;
    const char *rung = "";
    for (size_t n = 0; n < s->system->nodes; n++)
        if (!isfinite(v[n])) v[n] = 0.0;
    eq_begin begin = eq_history_begin(&s->history, v, s->trains);
    restore(s);
    if (!s->torn) eq_system_unknowns(s->system, v, NULL, s->x);
    if (!s->goes_on) eq_ports_forget(&s->system->ports, s->circuit);
    s->goes_on = false;
    s->system->placed = NAN;
    s->node[EQ_GROUND] = NAN; /* no state until one is found */
    s->system->round_off = o->reltol > 0.0 ? 4.0 * DBL_EPSILON / o->reltol : 0.0;
    w->options = o;
    w->begin = begin;
    w->diag = diag;
    w->iterations = w->factorizations = 0;
    w->singular = w->moving = -1;
    w->loose = false;
    eq_status status = check_options(o, diag);
    if (status == EQ_OK) status = check_refresh(s, diag);
    if (status == EQ_OK) {
        status = find_answer(s, by, which, v, &rung, diag);
        bool lost = status != EQ_OK && status != EQ_ERR_MEMORY && report_lost(s->circuit, diag);
        if (lost)
            status = EQ_ERR_INPUT;
        else if (status != EQ_OK)
            report_failure(w, s->x, status, diag);
    }
    if (status == EQ_OK) {
        eq_system_state(s->system, s->x, v, branch);
        status = check_finite(s, v, branch, diag);
        memcpy(s->node, v, s->system->nodes * sizeof *v);
        eq_history_keep(&s->history, v, &begin);
    }
    if (info != NULL) *info = (eq_solve_info){.engine = "", .rung = rung};
    if (info != NULL && !s->torn) describe(s, o->method, rung, info);
    if (status != EQ_OK) {
        fill(v, s->system->nodes, NAN);
        fill(branch, s->system->reduction->branches, NAN);
    }
    w->options = NULL;
    w->begin = (eq_begin){.before = NULL};
    w->diag = NULL;
    return status;
}

eq_status eq_solver_run(eq_solver *s, const eq_solve_options *o, double *v, double *branch,
                        eq_solve_info *info, eq_diag *diag) {
    return solve(s, o, one_engine, (int)o->method, v, branch, info, diag);
}

eq_status eq_solver_rung(eq_solver *s, const eq_solve_options *o, int rung, double *v,
                         eq_solve_info *info, eq_diag *diag) {
    return solve(s, o, one_rung, rung, v, NULL, info, diag);
}

static eq_status newton_alone(eq_newton *w, double *x, int which, const char **rung) {
    (void)which;
    *rung = "newton";
    return eq_newton_iterate(w, x, true);
}

static eq_status at_held(eq_newton *w, double *x, int which, const char **rung) {
    (void)which;
    return eq_ladder_hold(w, x, rung);
}

/* Keeps the unknowns that are potentials in `held` by g each and solves the rest. */
static eq_status solve_held(eq_solver *s, const eq_solve_options *o, answer by, const double *held,
                            double g, double *anchor, double *hold, double *v, eq_solve_info *info,
                            eq_diag *diag) {
    const eq_reduction *red = s->system->reduction;
    for (size_t k = 0; k < red->node_unknowns; k++) {
        eq_node n = red->root[k];
        double at = red->parent[n] == EQ_NONE ? held[n] : NAN; /* no drop of a short is held */
        hold[k] = isnan(at) ? 0.0 : 1.0;
        anchor[k] = isnan(at) ? 0.0 : at;
        if (!isnan(at) && isinf(g)) v[n] = at;
    }
    eq_homotopy plain = s->system->homotopy;
    s->system->homotopy = (eq_homotopy){.scale = 1.0, .shunt = g, .anchor = anchor, .hold = hold};
    eq_status status = solve(s, o, by, 0, v, NULL, info, diag);
    s->system->homotopy = plain;
    return status;
}

/* Whether one of these nodes is none that sources fix. */
static bool holds_any(const eq_solver *s, const double *held) {
    const eq_reduction *r = s->system->reduction;
    for (size_t k = 0; k < r->node_unknowns; k++)
        if (r->parent[r->root[k]] == EQ_NONE && !isnan(held[r->root[k]])) return true;
    return false;
}

eq_status eq_solver_hold(eq_solver *s, const eq_solve_options *o, const double *held, double *v,
                         eq_diag *diag) {
    restore(s);
    size_t n = eq_system_most(s->system), nodes = s->system->nodes;
    eq_solve_options usual = eq_solve_defaults(s->circuit);
    double *work = eq_malloc(2 * n + nodes, sizeof *work);
    if (work == NULL) return eq_out_of_memory(diag);
    double *found = memcpy(work + 2 * n, v, nodes * sizeof *v);
    eq_status status = holds_any(s, held) ? solve_held(s, o == NULL ? &usual : o, at_held, held,
                                                       INFINITY, work, work + n, found, NULL, NULL)
                                          : EQ_ERR_CONVERGE;
    eq_history_forget(&s->history); /* no state of the circuit */
    s->node[EQ_GROUND] = NAN;
    if (status == EQ_OK) {
        memcpy(v, found, nodes * sizeof *v);
        eq_history_hold(&s->history, v, held);
    }
    for (size_t k = 0; status != EQ_OK && k < nodes; k++)
        if (!isnan(held[k])) v[k] = 0.0;
    eq_free(work);
    return status == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : EQ_OK;
}

/* The largest |held - v|. */
static double distance(const eq_solver *s, const double *held, const double *v) {
    double most = 0.0;
    for (size_t n = 0; n < s->system->nodes; n++)
        if (!isnan(held[n])) most = fmax(most, fabs(held[n] - v[n]));
    return most;
}

eq_status eq_solver_clamp(eq_solver *s, const eq_solve_options *o, const double *held, double g,
                          double *v, eq_solve_info *info, eq_diag *diag) {
    size_t n = eq_system_most(s->system);
    double *work = eq_malloc(2 * n, sizeof *work);
    if (work == NULL) return eq_out_of_memory(diag);
    restore(s);
    eq_status status = solve_held(s, o, newton_alone, held, g, work, work + n, v, info, diag);
    if (status == EQ_OK && isinf(g) && !(distance(s, held, v) <= 1e-9))
        status = eq_fail(diag, EQ_ERR_CONVERGE,
                         "an output cannot be held, it stays %.3g V away: a source fixes it; give "
                         "nudging=\"clamp\" a finite g-clamp, or another output",
                         distance(s, held, v));
    eq_free(work);
    return status;
}

eq_status eq_solver_solve(eq_solver *s, const eq_solve_options *o, double *v, double *branch,
                          eq_solve_info *info, eq_diag *diag) {
    eq_solve_options usual = eq_solve_defaults(s->circuit);
    eq_status status = eq_solver_run(s, o == NULL ? &usual : o, v, branch, info, diag);
    if (status != EQ_OK || info == NULL || !info->has_energy) return status;
    info->stationarity = eq_system_stationarity(s->system, s->x);
    info->energy = eq_system_energy(s->system, s->x, NULL);
    return EQ_OK;
}
