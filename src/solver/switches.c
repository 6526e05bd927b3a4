#include "solver/switches.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/formula.h"
#include "solver/solver_internal.h"

/* Where a look through the switches stands: the row behind the last one. */
typedef struct place {
    int table;
    size_t row;
} place;

/* The next switch with hysteresis; NULL: none is left. */
static eq_formula *next_switch(const eq_circuit *c, place *at) {
    for (; at->table < EQ_CLASS_COUNT; at->table++, at->row = 0) {
        const eq_table *t = &c->table[at->table];
        while (t->formula != NULL && at->row < t->count) {
            eq_formula *f = t->formula[at->row++];
            if (f != NULL && f->held.closed != EQ_NONE) return f;
        }
    }
    return NULL;
}

bool eq_switches_any(const eq_circuit *c) {
    place at = {0};
    return next_switch(c, &at) != NULL;
}

/* The drop or the current that it follows. */
static double control(const eq_formula *f, eq_solver *s, const double *v, const double *branch) {
    const eq_formula_input *in = eq_formula_held_input(f);
    return in->kind == EQ_INPUT_DROP ? v[in->plus] - v[in->minus]
                                     : eq_solver_current(s, in->branch, v, branch);
}

void eq_switches_hold(const eq_circuit *c, eq_solver *s, const double *v, const double *branch) {
    place at = {0};
    for (eq_formula *f; (f = next_switch(c, &at)) != NULL;)
        eq_formula_switch(f, eq_formula_closes(f, control(f, s, v, branch)));
}

void eq_switches_release(const eq_circuit *c) {
    place at = {0};
    for (eq_formula *f; (f = next_switch(c, &at)) != NULL;) eq_formula_switch(f, f->held.on);
}

/* No control changes a state; every one does again. */
static void freeze(const eq_circuit *c, bool frozen) {
    place at = {0};
    for (eq_formula *f; (f = next_switch(c, &at)) != NULL;) {
        if (frozen)
            eq_formula_freeze(f);
        else
            eq_formula_switch(f, eq_formula_is_on(f));
    }
}

static size_t count_switches(const eq_circuit *c) {
    place at = {0};
    size_t n = 0;
    while (next_switch(c, &at) != NULL) n++;
    return n;
}

/* Every switch turns over, or number `which` alone. */
static void turn_over(const eq_circuit *c, size_t which) {
    place at = {0};
    size_t n = 0;
    for (eq_formula *f; (f = next_switch(c, &at)) != NULL; n++)
        if (which == SIZE_MAX || n == which) eq_formula_switch(f, !eq_formula_is_on(f));
}

/* Changes the states that their controls do not allow at this solution: all of them, or the next one behind switch number
 * `*last`, which it becomes; how many there are. */
static size_t change(const eq_circuit *c, eq_solver *s, const double *v, const double *branch,
                     bool together, size_t *last) {
    place at = {0};
    size_t wrong = 0, first = SIZE_MAX, behind = SIZE_MAX, n = 0;
    for (eq_formula *f; (f = next_switch(c, &at)) != NULL; n++) {
        bool is = eq_formula_closes(f, control(f, s, v, branch));
        if (is == eq_formula_is_on(f)) continue;
        wrong++;
        if (together) eq_formula_switch(f, is);
        if (first == SIZE_MAX) first = n;
        if (behind == SIZE_MAX && n > *last) behind = n;
    }
    if (together || wrong == 0) return wrong;
    *last = behind != SIZE_MAX ? behind : first;
    turn_over(c, *last);
    return wrong;
}

/* v: [nodes] V where ground and independent sources say it, NAN elsewhere. */
static void driven(const eq_circuit *c, eq_solver *s, double *v) {
    const eq_reduction *r = eq_solver_system(s)->reduction;
    double *x = eq_solver_newton(s)->trial;
    memset(x, 0, r->unknowns * sizeof *x);
    eq_reduction_potentials(r, c, x, 1.0, v, NULL);
    for (size_t n = 0; n < r->nodes; n++)
        if (r->top[n] != EQ_GROUND) v[n] = NAN;
    for (size_t k = 0; k < r->moves; k++) v[r->moving[k]] = NAN;
}

/* Switches that sources alone control get the states that these make. v: [nodes] work. */
static void obey_sources(const eq_circuit *c, eq_solver *s, double *v) {
    place at = {0};
    driven(c, s, v);
    for (eq_formula *f; (f = next_switch(c, &at)) != NULL;) {
        const eq_formula_input *in = eq_formula_held_input(f);
        double drop = in->kind == EQ_INPUT_DROP ? v[in->plus] - v[in->minus] : NAN;
        if (!isnan(drop)) eq_formula_switch(f, eq_formula_closes(f, drop));
    }
}

/* There is no operating point, as far as was found. */
static bool is_none(eq_status status) {
    return status == EQ_ERR_CONVERGE || status == EQ_ERR_SINGULAR;
}

/* A search for states: what eq_solver_solve takes and leaves. */
typedef struct search {
    eq_circuit *c;
    eq_solver *s;
    const eq_solve_options *o;
    const double *v; /* [nodes] the start, which stays */
    double *at, *branch;
    eq_solve_info *info;
    size_t switches;
    bool turned; /* other states than those of the walk were tried */
} search;

/* An operating point with the states that stand. */
static eq_status solve_frozen(const search *q, eq_diag *diag) {
    freeze(q->c, true);
    eq_solver_refresh(q->s);
    memcpy(q->at, q->v, eq_circuit_nodes(q->c) * sizeof *q->v);
    eq_status status = eq_solver_solve(q->s, q->o, q->at, q->branch, q->info, diag);
    freeze(q->c, false);
    return status;
}

/* Whether those that were turned over are where their controls at the solution would bring them from the other state. */
static bool is_asked_for(const search *q, size_t which) {
    place at = {0};
    size_t n = 0;
    bool asked = true;
    for (eq_formula *f; (f = next_switch(q->c, &at)) != NULL; n++) {
        if (which != SIZE_MAX && n != which) continue;
        bool on = eq_formula_is_on(f);
        eq_formula_switch(f, !on);
        asked = asked && eq_formula_closes(f, control(f, q->s, q->at, q->branch)) == on;
        eq_formula_switch(f, on);
    }
    return asked;
}

/* The same where there was none: with one of the switches, or all, turned over, of a few; first as their controls ask
 * for it. Where that does not help the states are as they were. */
static eq_status solve_turned(const search *q) {
    enum { FEW = 8 };
    for (int any = 0; any < 2; any++)
        for (size_t k = 0; q->switches <= FEW && k <= q->switches; k++) {
            size_t which = k < q->switches ? k : SIZE_MAX;
            if (which == SIZE_MAX && q->switches == 1) break;
            turn_over(q->c, which);
            eq_status status = solve_frozen(q, NULL);
            if (!is_none(status) && (status != EQ_OK || any || is_asked_for(q, which)))
                return status;
            turn_over(q->c, which);
        }
    return EQ_ERR_CONVERGE;
}

/* With the states that stand or, once, where these have no point, with those that sources make, and with others. */
static eq_status solve_states(search *q, eq_diag *diag) {
    eq_status status = EQ_ERR_CONVERGE;
    if (!q->turned) status = solve_frozen(q, NULL);
    if (is_none(status) && !q->turned) {
        q->turned = true;
        obey_sources(q->c, q->s, q->at);
        status = solve_frozen(q, NULL);
        if (is_none(status)) status = solve_turned(q);
    }
    return status == EQ_OK ? EQ_OK : solve_frozen(q, diag);
}

/* All states that have to change do so together, for a while, and then one by one in turn. */
static eq_status walk(search *q, eq_diag *diag) {
    size_t n = q->switches, wrong = 1, last = n;
    size_t together = 2 * n + 8, rounds = together + 4 * n + 32;
    eq_status status = EQ_OK;
    for (size_t round = 0; status == EQ_OK && wrong > 0 && round < rounds; round++) {
        status = solve_states(q, diag);
        if (status == EQ_OK) wrong = change(q->c, q->s, q->at, q->branch, round < together, &last);
    }
    eq_solver_refresh(q->s);
    if (status != EQ_OK || wrong == 0) return status;
    return eq_fail(
        diag, EQ_ERR_CONVERGE,
        "no states of the %zu switch%s with hysteresis fit what these states make of the "
        "circuit (it oscillates); give one of them another threshold, or more hysteresis",
        n, n == 1 ? "" : "es");
}

eq_status eq_switches_solve(eq_circuit *c, eq_solver *s, const eq_solve_options *o, double *v,
                            double *branch, eq_solve_info *info, eq_diag *diag) {
    size_t n = count_switches(c);
    if (n == 0) return eq_solver_solve(s, o, v, branch, info, diag);
    double *at = eq_malloc(eq_circuit_nodes(c), sizeof *at);
    if (at == NULL) return eq_out_of_memory(diag);
    search q = {c, s, o, v, at, branch, info, n, false};
    eq_status status = walk(&q, diag);
    if (status == EQ_OK) memcpy(v, at, eq_circuit_nodes(c) * sizeof *at);
    eq_free(at);
    return status;
}
