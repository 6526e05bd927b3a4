#include "solver/poles.h"

#include <math.h>

#include "base/mem.h"
#include "solver/stamp.h"

/* A, V, S or V/V: beyond what circuits have, and below what 1 mW over the least divisor (1e-32) makes. */
static const double beyond = 1e25;

/* Whether the formula of so many inputs that stands in p has one there. */
static bool at_pole(const eq_ports *p, size_t inputs) {
    bool pole = !(fabs(p->value[0]) < beyond);
    for (size_t k = 0; !pole && k < inputs; k++) pole = !(fabs(p->slope[k]) < beyond);
    return pole;
}

/* The drop of an input, from about 0 to `by`; ground stays. False: it is another one. */
static bool lift(const eq_formula_input *in, double by, double *v) {
    static const double about = 1e-6; /* V */
    if (in->kind != EQ_INPUT_DROP || fabs(v[in->plus] - v[in->minus]) > about) return false;
    if (in->plus != EQ_GROUND)
        v[in->plus] = v[in->minus] + by;
    else
        v[in->minus] = -by;
    return true;
}

bool eq_poles_possible(const eq_newton *w) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &w->s->circuit->table[cls];
        if (t->formula != NULL && t->count > 0) return true;
    }
    return false;
}

static bool ends_at(const eq_table *t, size_t j, eq_node node) {
    return node != EQ_GROUND && (node == t->term[0][j] || node == t->term[1][j]);
}

/* |value| of row j where a drop at its own nodes is `by` and others are as in s->v; NAN: it reads none that is about 0. */
static double value_at(eq_system *s, const eq_table *t, size_t j, const double *x, double by) {
    double value = NAN;
    for (size_t k = 0; isnan(value) && k < eq_port_inputs(t, j); k++) {
        eq_formula_input in = eq_port_input(t, j, k);
        double plus = s->v[in.plus], minus = s->v[in.minus];
        if (!ends_at(t, j, in.plus) && !ends_at(t, j, in.minus)) continue;
        if (!lift(&in, by, s->v)) continue;
        eq_system_formula(s, t, j, x);
        value = fabs(s->ports.value[0]);
        s->v[in.plus] = plus;
        s->v[in.minus] = minus;
    }
    return value;
}

/* Near a pole values grow beyond those of a few volts, as roots and logarithms do not. */
static bool is_load(eq_system *s, const eq_table *t, size_t j, const double *x) {
    static const double near = 1e-9, far = 2.0, grown = 1e3; /* V, V */
    double high = value_at(s, t, j, x, near);
    return high > grown * value_at(s, t, j, x, far);
}

bool eq_poles_of_loads(eq_newton *w, const double *x) {
    bool found = false;
    if (!eq_poles_possible(w)) return false;
    eq_system_potentials(w->s, x);
    for (int cls = 0; !found && cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &w->s->circuit->table[cls];
        bool currents = t->formula != NULL && t->cls->defined == EQ_CURRENT_DEFINED;
        for (size_t j = 0; currents && !found && j < t->count; j++) found = is_load(w->s, t, j, x);
    }
    return found;
}

/* Of all formulas that have a pole at x, into v. */
static void lift_all(eq_newton *w, const double *x, double *v) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &w->s->circuit->table[cls];
        for (size_t j = 0; t->formula != NULL && j < t->count; j++) {
            size_t inputs = eq_port_inputs(t, j);
            eq_system_formula(w->s, t, j, x);
            if (!at_pole(&w->s->ports, inputs)) continue;
            for (size_t k = 0; k < inputs; k++) lift(&t->formula[j]->input[k], 1.0, v);
        }
    }
}

eq_status eq_poles_leave(eq_newton *w, double *x) {
    double *v = eq_malloc(w->s->nodes, sizeof *v);
    if (v == NULL) return eq_out_of_memory(w->diag);
    eq_system_state(w->s, x, v, NULL);
    eq_system_potentials(w->s, x);
    lift_all(w, x, v);
    eq_system_unknowns(w->s, v, NULL, x);
    eq_free(v);
    return EQ_OK;
}
