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

/* The drop from about 0 to 1 V; ground stays. */
static void lift(const eq_formula_input *in, double *v) {
    static const double about = 1e-6; /* V */
    if (in->kind != EQ_INPUT_DROP || fabs(v[in->plus] - v[in->minus]) > about) return;
    if (in->plus != EQ_GROUND)
        v[in->plus] = v[in->minus] + 1.0;
    else
        v[in->minus] = -1.0;
}

/* Of all formulas that have a pole at x, into v unless that is NULL; whether there is one. */
static bool lift_all(eq_newton *w, const double *x, double *v) {
    const eq_circuit *c = w->s->circuit;
    bool found = false;
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &c->table[cls];
        for (size_t j = 0; t->formula != NULL && j < t->count; j++) {
            size_t inputs = eq_port_inputs(t, j);
            eq_system_formula(w->s, t, j, x);
            if (!at_pole(&w->s->ports, inputs)) continue;
            found = true;
            for (size_t k = 0; v != NULL && k < inputs; k++) lift(&t->formula[j]->input[k], v);
        }
    }
    return found;
}

bool eq_poles_possible(const eq_newton *w) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &w->s->circuit->table[cls];
        if (t->formula != NULL && t->count > 0) return true;
    }
    return false;
}

bool eq_poles_at(eq_newton *w, const double *x) {
    eq_system_potentials(w->s, x);
    return lift_all(w, x, NULL);
}

eq_status eq_poles_leave(eq_newton *w, double *x) {
    if (!eq_poles_at(w, x)) return EQ_OK;
    double *v = eq_malloc(w->s->nodes, sizeof *v);
    if (v == NULL) return eq_out_of_memory(w->diag);
    eq_system_state(w->s, x, v, NULL);
    lift_all(w, x, v);
    eq_system_unknowns(w->s, v, NULL, x);
    eq_free(v);
    return EQ_OK;
}
