#include "analysis/switches.h"

#include <string.h>

#include "base/mem.h"
#include "circuit/formula.h"

/* The next switch with hysteresis from row j of table k on, which then stand behind it; NULL: none
 * is left. */
static eq_formula *next_switch(const eq_circuit *c, int *k, size_t *j) {
    const eq_table *t = c->table;
    for (; *k < EQ_CLASS_COUNT; (*k)++, *j = 0)
        while (t[*k].formula != NULL && *j < t[*k].count) {
            eq_formula *f = t[*k].formula[(*j)++];
            if (f != NULL && f->held.closed != EQ_NONE) return f;
        }
    return NULL;
}

bool eq_switches_any(const eq_circuit *c) {
    int k = 0;
    size_t j = 0;
    return next_switch(c, &k, &j) != NULL;
}

/* The drop or the current that it follows. */
static double control(const eq_formula *f, eq_solver *s, const double *v, const double *branch) {
    const eq_formula_input *in = eq_formula_held_input(f);
    return in->kind == EQ_INPUT_DROP ? v[in->plus] - v[in->minus]
                                     : eq_solver_current(s, in->branch, v, branch);
}

void eq_switches_hold(const eq_circuit *c, eq_solver *s, const double *v, const double *branch) {
    int k = 0;
    size_t j = 0;
    for (eq_formula *f; (f = next_switch(c, &k, &j)) != NULL;)
        eq_formula_switch(f, eq_formula_closes(f, control(f, s, v, branch)));
}

void eq_switches_release(const eq_circuit *c) {
    int k = 0;
    size_t j = 0;
    for (eq_formula *f; (f = next_switch(c, &k, &j)) != NULL;) eq_formula_switch(f, f->held.on);
}

/* No control changes a state; every one does again. */
static void freeze(const eq_circuit *c, bool frozen) {
    int k = 0;
    size_t j = 0;
    for (eq_formula *f; (f = next_switch(c, &k, &j)) != NULL;) {
        if (frozen)
            eq_formula_freeze(f);
        else
            eq_formula_switch(f, eq_formula_is_on(f));
    }
}

/* Changes the states, the first `most` of them, that their controls do not allow at this solution; how many. */
static size_t change(const eq_circuit *c, eq_solver *s, const double *v, const double *branch,
                     size_t most) {
    int k = 0;
    size_t j = 0, changed = 0;
    for (eq_formula *f; changed < most && (f = next_switch(c, &k, &j)) != NULL;) {
        bool was = eq_formula_is_on(f), is = eq_formula_closes(f, control(f, s, v, branch));
        eq_formula_switch(f, is);
        changed += was != is;
    }
    return changed;
}

/* From the start v, which stays, into `at`: all states that have to change do so together, for a while, and then one by
 * one. */
static eq_status walk(eq_circuit *c, eq_solver *s, const eq_solve_options *o, const double *v,
                      double *at, double *branch, eq_solve_info *info) {
    enum { TOGETHER = 16, ROUNDS = 80 };
    size_t bytes = eq_circuit_nodes(c) * sizeof *v;
    eq_status status = EQ_OK;
    size_t changed = 1;
    for (int round = 0; status == EQ_OK && changed > 0 && round < ROUNDS; round++) {
        freeze(c, true);
        eq_solver_refresh(s);
        memcpy(at, v, bytes);
        status = eq_solver_solve(s, o, at, branch, info, NULL);
        freeze(c, false);
        if (status == EQ_OK) changed = change(c, s, at, branch, round < TOGETHER ? SIZE_MAX : 1);
    }
    eq_solver_refresh(s);
    return status == EQ_OK && changed > 0 ? EQ_ERR_CONVERGE : status;
}

eq_status eq_switches_solve(eq_circuit *c, eq_solver *s, const eq_solve_options *o, double *v,
                            double *branch, eq_solve_info *info, eq_diag *diag) {
    if (!eq_switches_any(c)) return eq_solver_solve(s, o, v, branch, info, diag);
    size_t bytes = eq_circuit_nodes(c) * sizeof *v;
    double *at = eq_malloc(2 * eq_circuit_nodes(c), sizeof *at);
    if (at == NULL) return eq_out_of_memory(diag);
    double *start = at + eq_circuit_nodes(c);
    memcpy(start, v, bytes);
    eq_diag *said = eq_diag_new();
    eq_status status = eq_solver_solve(s, o, v, branch, info, said);
    if (status == EQ_ERR_CONVERGE && walk(c, s, o, start, at, branch, info) == EQ_OK) {
        memcpy(v, at, bytes);
        status = EQ_OK;
    }
    if (status == EQ_ERR_MEMORY) eq_out_of_memory(diag);
    if (status != EQ_OK) eq_diag_pass_on(said, status, diag);
    eq_diag_free(said);
    eq_free(at);
    return status;
}
