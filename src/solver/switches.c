#include "solver/switches.h"

#include <string.h>

#include "base/mem.h"
#include "circuit/formula.h"

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
    at = (place){0};
    n = 0;
    for (eq_formula *f; (f = next_switch(c, &at)) != NULL; n++)
        if (n == *last) eq_formula_switch(f, !eq_formula_is_on(f));
    return wrong;
}

/* From the start v, which stays, into `at`: all states that have to change do so together, for a while, and then one by
 * one in turn. */
static eq_status walk(eq_circuit *c, eq_solver *s, const eq_solve_options *o, const double *v,
                      double *at, double *branch, eq_solve_info *info, eq_diag *diag) {
    size_t bytes = eq_circuit_nodes(c) * sizeof *v, n = count_switches(c), wrong = 1, last = n;
    size_t together = 2 * n + 8, rounds = together + 4 * n + 32;
    eq_status status = EQ_OK;
    for (size_t round = 0; status == EQ_OK && wrong > 0 && round < rounds; round++) {
        freeze(c, true);
        eq_solver_refresh(s);
        memcpy(at, v, bytes);
        status = eq_solver_solve(s, o, at, branch, info, diag);
        freeze(c, false);
        if (status == EQ_OK) wrong = change(c, s, at, branch, round < together, &last);
    }
    eq_solver_refresh(s);
    if (status != EQ_OK || wrong == 0) return status;
    return eq_fail(
        diag, EQ_ERR_CONVERGE,
        "no states of the %zu switch%s with hysteresis fit what these states make of the "
        "circuit (it oscillates); give one of them another threshold, or more hysteresis",
        n, n == 1 ? "" : "es");
}

eq_status eq_switches_solve(eq_circuit *c, eq_solver *s, const eq_solve_options *o, double *v,
                            double *branch, eq_solve_info *info, eq_diag *diag) {
    if (!eq_switches_any(c)) return eq_solver_solve(s, o, v, branch, info, diag);
    double *at = eq_malloc(eq_circuit_nodes(c), sizeof *at);
    if (at == NULL) return eq_out_of_memory(diag);
    eq_status status = walk(c, s, o, v, at, branch, info, diag);
    if (status == EQ_OK) memcpy(v, at, eq_circuit_nodes(c) * sizeof *at);
    eq_free(at);
    return status;
}
