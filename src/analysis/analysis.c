#include "analysis/analysis.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "analysis/measure.h"
#include "analysis/selection.h"
#include "base/comm.h"
#include "base/limits.h"
#include "base/mem.h"
#include "netlist/netlist.h"

/* What the ranks of mpirun share: each solves some of the units of an analysis ahead (the values of
 * the steps, or the points of a .dc without steps) and keeps the states; rank 0 then goes through
 * the whole analysis with the states of all, for all that is measured and written. */
typedef struct shared {
    bool ahead;         /* only solve, and only own units */
    size_t unit;        /* the next one */
    size_t first, end;  /* units of this rank: first .. end - 1 */
    double *state;      /* [states][nodes + branches] */
    size_t states, cap; /* doubles */
    size_t next;        /* double to be taken next */
} shared;

/* An analysis under way: nested loops, the sweeps of .dc inside,
 * the steps of the deck around them. */
typedef struct run {
    eq_circuit *base, *c; /* as it was read first; as it stands (read again for a .param) */
    eq_solver *s;
    size_t number; /* of the analysis in both */
    const eq_solve_options *o;
    size_t nodes, branches;
    double *v, *branch;    /* state, warm from point to point of a .dc */
    size_t loops, sweeps;  /* loops in all, those of .dc */
    size_t index;          /* point of the innermost loop */
    double *at;            /* [loops] values of what is swept; NAN: not set yet */
    eq_override *override; /* [loops] scratch */
    bool cold;             /* the next point starts anew */
    bool stale;            /* c was read with other values */
    double *row;           /* one line of the table */
    eq_selection selection;
    eq_measuring *measuring; /* NULL: the deck measures nothing here */
    eq_probe probe;
    eq_result *r, *measures;
    shared *ranks; /* NULL: one rank alone */
    eq_diag *diag;
} run;

static const eq_analysis *analysis(const run *w) {
    return &w->c->analysis[w->number];
}

/* Loop k and the circuit that has its values: .dc may depend on parameters, .step does not. */
static const eq_sweep *loop(const run *w, size_t k, const eq_circuit **of) {
    *of = k < w->sweeps ? w->c : w->base;
    return k < w->sweeps ? &analysis(w)->sweep[k] : &w->base->step[k - w->sweeps];
}

static const char *loop_name(const run *w, size_t k) {
    const eq_circuit *of;
    const eq_sweep *s = loop(w, k, &of);
    return eq_sweep_name(of, s);
}

/* Where the value of a sweep stands; NULL for what only a second reading changes. An element of the
 * first reading is found again by its name. */
static double *swept(eq_circuit *c, const eq_circuit *of, const eq_sweep *s) {
    if (s->target == EQ_TARGET_TEMP) return &c->env.temp;
    if (s->target != EQ_TARGET_ELEMENT) return NULL;
    eq_element e = s->element;
    if (of != c) e = eq_circuit_find_element(c, eq_circuit_element_name(of, e));
    return e == EQ_NONE ? NULL : eq_circuit_param(c, e, s->column);
}

static eq_status refuse_value(const run *w, const char *name, double value, const char *unit) {
    return eq_fail_at(w->diag, EQ_ERR_INPUT, eq_circuit_place(w->base, analysis(w)->at),
                      "the sweep sets %s to %g %s, which it cannot be; change its range", name,
                      value, unit);
}

/* Puts the value of loop k into the circuit as it stands. */
static eq_status set_value(run *w, size_t k) {
    const eq_circuit *of;
    const eq_sweep *s = loop(w, k, &of);
    double value = w->at[k], *place = swept(w->c, of, s);
    if (place == NULL) return EQ_OK;
    if (s->target == EQ_TARGET_ELEMENT) {
        const eq_device_class *cls = eq_class(of->row[s->element].cls);
        const eq_param *p = &cls->param[s->column];
        bool resistance = cls->letter == 'r' && s->column == 0;
        if (!(value >= p->min && value <= p->max) || (resistance && value == 0.0))
            return refuse_value(w, eq_sweep_name(of, s), value, resistance ? "ohm" : p->unit);
        value *= s->factor;
        if (of->row[s->element].cls == EQ_CLASS_memristor && resistance) value = 1.0 / value;
    }
    *place = value;
    return EQ_OK;
}

/* What the second reading said, and with which values. */
static eq_status report_again(run *w, const eq_diag *said, size_t overrides, eq_status status) {
    eq_text values = {0};
    if (status == EQ_ERR_MEMORY) return eq_out_of_memory(w->diag);
    for (size_t k = 0; k < eq_diag_count(said); k++) {
        const eq_message *m = eq_diag_get(said, k);
        if (m->severity == EQ_ERROR)
            eq_fail_at(w->diag, status, (eq_place){m->file, m->line, m->column}, "%s", m->text);
    }
    for (size_t k = 0; k < overrides; k++)
        eq_text_printf(&values, "%s%s = %g", k > 0 ? ", " : "", w->override[k].name,
                       w->override[k].value);
    if (values.text != NULL)
        eq_fail_at(w->diag, status, eq_circuit_place(w->base, w->base->analysis[w->number].at),
                   "the deck cannot be read with %s; change the range of the sweep", values.text);
    eq_text_free(&values);
    return status;
}

/* True if v and branch, and the columns of the table, mean the same in both circuits. */
static bool same_variables(const run *w, const eq_circuit *c, const eq_solver *s) {
    bool same = eq_circuit_nodes(c) == w->nodes && eq_solver_branches(s) == w->branches &&
                c->analyses == w->base->analyses && c->prints == w->base->prints &&
                c->measures == w->base->measures &&
                c->analysis[w->number].sweeps == analysis(w)->sweeps;
    for (size_t k = 0; same && k < w->nodes; k++)
        same = strcmp(eq_circuit_node_name(c, (eq_node)k),
                      eq_circuit_node_name(w->base, (eq_node)k)) == 0;
    for (size_t k = 0; same && k < w->branches; k++)
        same = strcmp(eq_circuit_element_name(c, eq_solver_branch_element(s, k)),
                      eq_circuit_element_name(w->c, eq_solver_branch_element(w->s, k))) == 0;
    return same;
}

/* Takes over a circuit that was read again. */
static eq_status take(run *w, eq_circuit *c) {
    eq_solver *s = NULL;
    eq_selection selection = {NULL, 0};
    eq_status status = eq_solver_new(c, &s, w->diag);
    if (status == EQ_OK && !same_variables(w, c, s))
        status = eq_fail_at(w->diag, EQ_ERR_INPUT, eq_circuit_place(w->base, analysis(w)->at),
                            "the sweep changes which nodes and sources there are; a table needs "
                            "the same ones at every point");
    if (status == EQ_OK)
        status = eq_selection_new(c, c->analysis[w->number].type, &selection, w->diag);
    if (status == EQ_OK) {
        w->probe.c = c;
        w->probe.s = s;
        status = eq_probe_fit(&w->probe, w->diag);
    }
    if (status != EQ_OK) {
        eq_selection_free(&selection);
        eq_solver_free(s);
        eq_circuit_free(c);
        return status;
    }
    eq_solver_free(w->s);
    eq_selection_free(&w->selection);
    if (w->c != w->base) eq_circuit_free(w->c);
    w->c = c;
    w->s = s;
    w->selection = selection;
    return EQ_OK;
}

/* Reads the deck again with the values that stand, and gives its elements theirs. */
static eq_status renew(run *w) {
    size_t n = 0;
    eq_circuit *c = NULL;
    for (size_t k = 0; k < w->loops; k++) {
        const eq_circuit *of;
        const eq_sweep *s = loop(w, k, &of);
        if (eq_sweep_rereads(s) && !isnan(w->at[k]))
            w->override[n++] = (eq_override){s->target, eq_sweep_name(of, s), w->at[k]};
    }
    eq_diag *said = eq_diag_new();
    if (said == NULL) return eq_out_of_memory(w->diag);
    eq_status status = eq_deck_reread(w->base, w->override, n, &c, said);
    if (status != EQ_OK) report_again(w, said, n, status);
    eq_diag_free(said);
    if (status == EQ_OK) status = take(w, c);
    for (size_t k = 0; status == EQ_OK && k < w->loops; k++)
        if (!isnan(w->at[k])) status = set_value(w, k);
    w->stale = false;
    return status;
}

/* "the sweep stops at v1 = 2, r1 = 1000" */
static eq_status report_stop(const run *w, eq_status status) {
    eq_text values = {0};
    for (size_t k = 0; k < w->loops; k++)
        eq_text_printf(&values, "%s%s = %g", k > 0 ? ", " : "", loop_name(w, k), w->at[k]);
    if (values.text != NULL)
        eq_fail_at(w->diag, status, eq_circuit_place(w->base, analysis(w)->at),
                   "the sweep stops at %s", values.text);
    eq_text_free(&values);
    return status;
}

/* Step columns first, as the deck lists them, then the sweep of .dc and its vectors. */
static void put_values(run *w) {
    size_t steps = w->loops - w->sweeps;
    memcpy(w->row, w->at + w->sweeps, steps * sizeof *w->row);
    memcpy(w->row + steps, w->at, w->sweeps * sizeof *w->row);
    double *out = w->row + w->loops;
    if (w->selection.count > 0) {
        eq_selection_values(&w->selection, &w->probe, out);
        return;
    }
    memcpy(out, w->v + 1, (w->nodes - 1) * sizeof *out);
    memcpy(out + w->nodes - 1, w->branch, w->branches * sizeof *out);
}

/* What the innermost sweep of .dc is at; of a table the number of its row, from 1,
 * as Xyce counts. */
static double abscissa(const run *w) {
    const eq_circuit *of;
    if (w->sweeps > 1 && loop(w, 1, &of)->follows) return (double)w->index + 1.0;
    return w->sweeps > 0 ? w->at[0] : 0.0;
}

/* Whether the next unit belongs to another rank. */
static bool for_others(run *w) {
    shared *q = w->ranks;
    if (q == NULL || !q->ahead) return false;
    size_t unit = q->unit++;
    return unit < q->first || unit >= q->end;
}

/* The state at the values that stand, from the one before. */
static eq_status solve(run *w) {
    eq_status status = EQ_OK;
    if (w->cold) status = eq_operating_point_start(w->c, w->s, w->o, w->v, w->diag);
    w->cold = false;
    if (status == EQ_OK) status = eq_solver_solve(w->s, w->o, w->v, w->branch, NULL, w->diag);
    return status == EQ_OK || w->loops == 0 ? status : report_stop(w, status);
}

static eq_status keep_state(run *w) {
    shared *q = w->ranks;
    if (!eq_grow((void **)&q->state, &q->cap, q->states + w->nodes + w->branches, sizeof *q->state))
        return eq_out_of_memory(w->diag);
    memcpy(q->state + q->states, w->v, w->nodes * sizeof *w->v);
    memcpy(q->state + q->states + w->nodes, w->branch, w->branches * sizeof *w->branch);
    q->states += w->nodes + w->branches;
    return EQ_OK;
}

static void take_state(run *w) {
    shared *q = w->ranks;
    memcpy(w->v, q->state + q->next, w->nodes * sizeof *w->v);
    memcpy(w->branch, q->state + q->next + w->nodes, w->branches * sizeof *w->branch);
    q->next += w->nodes + w->branches;
}

static eq_status point(run *w) {
    if (w->loops == w->sweeps && for_others(w)) {
        w->cold = true; /* the next own point cannot start from this one */
        return EQ_OK;
    }
    eq_status status = w->stale ? renew(w) : EQ_OK;
    if (status != EQ_OK) return status;
    eq_circuit_derive(w->c);
    eq_solver_refresh(w->s);
    if (w->ranks == NULL || w->ranks->ahead)
        status = solve(w);
    else
        take_state(w);
    if (status != EQ_OK) return status;
    if (w->ranks != NULL && w->ranks->ahead) return keep_state(w);
    put_values(w);
    status = eq_result_point(w->r, w->row, w->diag);
    if (status == EQ_OK && w->measuring != NULL)
        status = eq_measuring_point(w->measuring, &w->probe, abscissa(w), w->diag);
    return status;
}

/* Loop k moves with the loops first_of(k) .. k-1: columns of a .data table. */
static size_t first_of(const run *w, size_t k) {
    const eq_circuit *of;
    while (loop(w, k, &of)->follows) k--;
    return k;
}

/* Puts point j of the loops first .. last into the circuit; s: the sweeps as they were, since their
 * circuit may go. */
static eq_status set_values(run *w, const eq_sweep *s, size_t first, size_t last, size_t j) {
    eq_status status = EQ_OK;
    for (size_t k = first; status == EQ_OK && k <= last; k++) {
        const eq_circuit *of;
        (void)loop(w, k, &of);
        w->at[k] = eq_sweep_value(of, &s[k - first], j);
        w->stale = w->stale || eq_sweep_rereads(&s[k - first]);
        status = set_value(w, k);
    }
    return status;
}

/* `inner` for all values of loop k and those it moves with; every step starts cold. */
static eq_status each_value(run *w, size_t k, eq_status (*inner)(run *w, size_t k)) {
    eq_status status = w->stale && k < w->sweeps ? renew(w) : EQ_OK;
    if (status != EQ_OK) return status;
    const eq_circuit *of;
    size_t first = first_of(w, k);
    eq_sweep s[EQ_MOST_SWEEPS];
    memcpy(s, loop(w, first, &of), (k - first + 1) * sizeof *s);
    if (first == 0 && w->sweeps > 0 && w->measuring != NULL) eq_measuring_sweep(w->measuring, w->c);
    for (size_t j = 0; status == EQ_OK && j < s[0].points; j++) {
        w->index = j;
        w->cold = w->cold || k >= w->sweeps;
        status = set_values(w, s, first, k, j);
        if (status == EQ_OK) status = inner(w, first);
    }
    for (size_t l = first; l <= k; l++) w->at[l] = NAN;
    return status;
}

/* The sweeps of .dc below k, the inner ones first. */
static eq_status all_sweeps(run *w, size_t k) {
    return k == 0 ? point(w) : each_value(w, k - 1, all_sweeps);
}

/* The whole .dc or .op with the values of the steps, and what .measure says about it. */
static eq_status measured(run *w) {
    if (w->loops > w->sweeps && for_others(w)) return EQ_OK;
    if (w->measuring == NULL) return all_sweeps(w, w->sweeps);
    size_t steps = w->loops - w->sweeps;
    eq_measuring_begin(w->measuring);
    eq_status status = all_sweeps(w, w->sweeps);
    if (status != EQ_OK) return status;
    memcpy(w->row, w->at + w->sweeps, steps * sizeof *w->row);
    eq_measuring_end(w->measuring, &w->probe, w->row + steps, w->diag);
    return eq_result_point(w->measures, w->row, w->diag);
}

/* The steps below k, the inner ones first. */
static eq_status all_steps(run *w, size_t k) {
    return k == w->sweeps ? measured(w) : each_value(w, k - 1, all_steps);
}

/* The product of the points of loops[0..n), those that follow another one left out. */
static double product(const eq_sweep *loops, size_t n) {
    double points = 1.0;
    for (size_t k = 0; k < n; k++)
        if (!loops[k].follows) points *= (double)loops[k].points;
    return points;
}

/* The tables of all analyses stand in memory together before they are written; ranks also keep all
 * states. A table of one point is no larger than the circuit. */
static eq_status check_size(const run *w) {
    const eq_circuit *c = w->base;
    size_t state = w->nodes - 1 + w->branches, asked = w->selection.count;
    size_t width = w->loops + (asked == 0 || w->ranks != NULL ? state : asked);
    double points = 0.0, own = 0.0;
    for (size_t k = 0; k < c->analyses; k++) {
        double n = product(c->analysis[k].sweep, (size_t)c->analysis[k].sweeps) *
                   product(c->step, c->steps);
        if (k == w->number) own = n;
        points += n;
    }
    eq_place at = eq_circuit_place(c, c->analysis[w->number].at);
    if (own > EQ_MOST_ITEMS)
        return eq_fail_at(w->diag, EQ_ERR_INPUT, at,
                          "the sweep has %.3g points, more than %d; make the steps larger", own,
                          EQ_MOST_ITEMS);
    size_t measured = eq_measuring_count(w->measuring);
    double rows = measured == 0 ? 0.0 : product(c->step, c->steps) * (double)c->analyses;
    double values = points * (double)width + rows * (double)(measured + c->steps);
    if (points > (double)c->analyses && values > EQ_MOST_ITEMS)
        return eq_fail_at(w->diag, EQ_ERR_INPUT, at,
                          "the tables of this deck have %.3g points of %zu values, more than %d "
                          "values in all; make the steps larger or choose columns with .print",
                          points, width, EQ_MOST_ITEMS);
    return EQ_OK;
}

/* The empty table: the swept variables, then what is selected. */
static eq_status new_table(run *w) {
    const char *plot =
        analysis(w)->type == EQ_ANALYSIS_OP ? "Operating Point" : "DC transfer characteristic";
    const char **name = eq_calloc(w->loops, sizeof *name);
    if (name == NULL) return eq_out_of_memory(w->diag);
    for (size_t k = 0; k < w->loops; k++) name[k] = loop_name(w, (k + w->sweeps) % w->loops);
    eq_status status = EQ_OK;
    if (w->selection.count == 0) {
        status = eq_operating_point_table(w->c, w->s, plot, name, w->loops, &w->r, w->diag);
    } else {
        w->r = eq_result_new(w->c->title, plot);
        status = w->r == NULL ? eq_out_of_memory(w->diag) : EQ_OK;
        for (size_t k = 0; status == EQ_OK && k < w->loops; k++)
            status = eq_result_variable(w->r, name[k], "notype", w->diag);
        if (status == EQ_OK) status = eq_selection_variables(&w->selection, w->c, w->r, w->diag);
    }
    eq_free(name);
    return status;
}

/* The empty table of measurements: the stepped variables, then the cards. */
static eq_status new_measures(run *w) {
    w->measures = eq_result_new(w->c->title, "Measurements");
    eq_status status = w->measures == NULL ? eq_out_of_memory(w->diag) : EQ_OK;
    for (size_t k = w->sweeps; status == EQ_OK && k < w->loops; k++)
        status = eq_result_variable(w->measures, loop_name(w, k), "notype", w->diag);
    if (status == EQ_OK) status = eq_measuring_variables(w->measuring, w->c, w->measures, w->diag);
    return status;
}

/* Keeps (kept != NULL) or gives back the values that loops change in the circuit itself. */
static void own_values(run *w, double *kept, const double *back) {
    for (size_t k = 0; k < w->loops; k++) {
        const eq_sweep *s =
            k < w->sweeps ? &w->base->analysis[w->number].sweep[k] : &w->base->step[k - w->sweeps];
        double *place = swept(w->base, w->base, s);
        if (place != NULL && kept != NULL) kept[k] = *place;
        if (place != NULL && back != NULL) *place = back[k];
    }
}

static eq_status run_loops(run *w) {
    size_t widest =
        w->loops + w->nodes + w->branches + w->selection.count + eq_measuring_count(w->measuring);
    double *kept = eq_calloc(w->loops, sizeof *kept);
    w->v = eq_calloc(w->nodes, sizeof *w->v);
    w->branch = eq_calloc(w->branches, sizeof *w->branch);
    w->at = eq_calloc(w->loops, sizeof *w->at);
    w->override = eq_calloc(w->loops, sizeof *w->override);
    w->row = eq_calloc(widest, sizeof *w->row);
    bool whole = kept != NULL && w->v != NULL && w->branch != NULL && w->at != NULL &&
                 w->override != NULL && w->row != NULL;
    eq_status status = whole ? check_size(w) : eq_out_of_memory(w->diag);
    w->probe = (eq_probe){.c = w->c, .s = w->s, .v = w->v, .branch = w->branch};
    if (status == EQ_OK) status = eq_probe_fit(&w->probe, w->diag);
    if (status == EQ_OK) status = new_table(w);
    if (status == EQ_OK && w->measuring != NULL) status = new_measures(w);
    if (status == EQ_OK) {
        for (size_t k = 0; k < w->loops; k++) w->at[k] = NAN;
        own_values(w, kept, NULL);
        status = all_steps(w, w->loops);
        own_values(w, NULL, kept);
        eq_circuit_derive(w->base);
    }
    eq_free(kept);
    return status;
}

static void run_free(run *w) {
    if (w->c != w->base) eq_circuit_free(w->c);
    eq_free(w->v);
    eq_free(w->branch);
    eq_free(w->at);
    eq_free(w->override);
    eq_free(w->row);
    eq_free(w->probe.work);
    eq_measuring_free(w->measuring);
    eq_result_free(w->measures);
    eq_selection_free(&w->selection);
    eq_solver_free(w->s);
    eq_result_free(w->r);
}

/* One pass through the analysis. */
static eq_status pass(eq_circuit *c, size_t number, const eq_solve_options *o, shared *ranks,
                      eq_result **out, eq_result **measures, eq_diag *diag) {
    const eq_analysis *a = &c->analysis[number];
    run w = {.base = c, .c = c, .number = number, .cold = true, .o = o, .ranks = ranks};
    w.diag = diag;
    w.sweeps = (size_t)a->sweeps;
    w.loops = w.sweeps + c->steps;
    eq_status status = eq_solver_new(c, &w.s, diag);
    if (status == EQ_OK) status = eq_selection_new(c, a->type, &w.selection, diag);
    if (status == EQ_OK && (ranks == NULL || !ranks->ahead))
        status = eq_measuring_new(c, a->type, &w.measuring, diag);
    if (status == EQ_OK) {
        w.nodes = eq_circuit_nodes(c);
        w.branches = eq_solver_branches(w.s);
        status = run_loops(&w);
    }
    if (status == EQ_OK) {
        *out = w.r;
        *measures = w.measures;
        w.r = w.measures = NULL;
    }
    run_free(&w);
    return status;
}

/* The states of all points on rank 0, each solved by the rank whose unit it is in. A .dc whose
 * range depends on another one may have more points than its first reading says: the last rank
 * takes what is left. */
static eq_status solve_ahead(eq_circuit *c, size_t number, const eq_solve_options *o,
                             shared *together, eq_diag *diag) {
    const eq_analysis *a = &c->analysis[number];
    shared own = {.ahead = true};
    eq_result *r = NULL, *measures = NULL;
    double units = c->steps > 0 ? product(c->step, c->steps) : product(a->sweep, (size_t)a->sweeps);
    eq_comm_partition((size_t)fmin(units, EQ_MOST_ITEMS), &own.first, &own.end);
    own.end += own.first;
    if (eq_comm_rank() == eq_comm_size() - 1) own.end = SIZE_MAX;
    eq_status status = eq_comm_agree(pass(c, number, o, &own, &r, &measures, diag));
    if (status == EQ_OK)
        status = eq_comm_gather(own.state, own.states, &together->state, &together->states, diag);
    if (r != NULL) eq_result_free(r);
    eq_free(own.state);
    return status;
}

eq_status eq_analysis_run(eq_circuit *c, size_t number, const eq_solve_options *o, eq_result **out,
                          eq_result **measures, eq_diag *diag) {
    if (eq_comm_size() == 1) return pass(c, number, o, NULL, out, measures, diag);
    shared together = {0};
    eq_status status = solve_ahead(c, number, o, &together, diag);
    if (status == EQ_OK && eq_comm_rank() == 0)
        status = pass(c, number, o, &together, out, measures, diag);
    eq_free(together.state);
    return eq_comm_agree(status);
}
