#include "solver/ports.h"

#include <math.h>

#include "base/mem.h"
#include "circuit/own_drop.h"

static size_t most(size_t a, size_t b) {
    return a > b ? a : b;
}

eq_status eq_ports_new(const eq_circuit *c, eq_ports *p, eq_diag *diag) {
    size_t inputs = 0, outputs = 0, slopes = 0, work = 0;
    *p = (eq_ports){0};
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        if (!eq_is_port(t)) continue;
        p->count += t->count;
        for (size_t j = 0; j < t->count; j++) {
            size_t in = eq_port_inputs(t, j), out = eq_port_outputs(t);
            inputs = most(inputs, in);
            outputs = most(outputs, out);
            slopes = most(slopes, in * out);
            if (t->formula != NULL) work = most(work, eq_formula_work(t->formula[j]));
        }
    }
    if (p->count == 0) return EQ_OK;
    p->in = eq_malloc(inputs, sizeof *p->in);
    p->value = eq_malloc(outputs, sizeof *p->value);
    p->slope = eq_malloc(slopes, sizeof *p->slope);
    p->work = eq_malloc(work, sizeof *p->work);
    if (p->in != NULL && p->value != NULL && p->slope != NULL && p->work != NULL) return EQ_OK;
    eq_ports_free(p);
    return eq_out_of_memory(diag);
}

void eq_ports_free(eq_ports *p) {
    eq_free(p->in);
    eq_free(p->value);
    eq_free(p->slope);
    eq_free(p->work);
    *p = (eq_ports){0};
}

/* i(z) and di/dz of one element of a port class, or those of the tangent at held. */
static void evaluate_class(eq_ports *p, const eq_table *t, size_t j, const double *held) {
    enum { MOST = EQ_MAX_TERMINALS };
    int nodes = eq_class_nodes(t->cls);
    const double *z[MOST] = {NULL};
    double *w[EQ_MAX_COLUMNS] = {NULL}, *i[MOST] = {NULL}, *g[MOST * MOST] = {NULL};
    for (int k = 0; k < t->cls->columns; k++) w[k] = &t->w[k][j];
    for (int a = 0; a < nodes; a++) {
        z[a] = held == NULL ? &p->in[a] : &held[a];
        i[a] = &p->value[a];
        for (int b = 0; b < nodes; b++) g[a * nodes + b] = &p->slope[a * nodes + b];
    }
    t->cls->port(1, w, z, i, g);
    for (int a = 0; held != NULL && a < nodes; a++)
        for (int b = 0; b < nodes; b++) *i[a] += *g[a * nodes + b] * (p->in[b] - held[b]);
}

/* m f(inputs) of a behavioural source; a slope that is not finite counts as zero. */
static void evaluate_formula(eq_ports *p, const eq_table *t, size_t j) {
    const eq_formula *formula = t->formula[j];
    double m = t->w[0][j];
    p->value[0] = m * eq_formula_evaluate(formula, p->in, p->slope, p->work);
    for (size_t k = 0; k < formula->inputs; k++)
        p->slope[k] = isfinite(p->slope[k]) ? m * p->slope[k] : 0.0;
}

void eq_ports_at(eq_ports *p, const eq_circuit *c, const eq_reduction *r, const eq_table *t,
                 size_t j, const double *held, const double *v, const double *current,
                 const int32_t *of) {
    for (size_t k = 0; k < eq_port_inputs(t, j); k++) {
        eq_formula_input in = eq_port_input(t, j, k);
        if (in.kind == EQ_INPUT_DROP)
            p->in[k] = v[in.plus] - v[in.minus];
        else if (in.kind == EQ_INPUT_TEMPERATURE)
            p->in[k] = c->env.temp;
        else {
            int32_t branch = eq_reduction_branch(r, c, in.branch);
            p->in[k] = current[of == NULL ? branch : of[branch]];
        }
    }
    if (eq_is_port_class(t))
        evaluate_class(p, t, j, held);
    else
        evaluate_formula(p, t, j);
}

static eq_own_law own_law(eq_ports *p, const eq_circuit *c, const eq_table *t, size_t j) {
    return (eq_own_law){t->formula[j], t->term[0][j], t->term[1][j], c->env.temp, p->in, p->work};
}

double eq_ports_own_current(eq_ports *p, const eq_circuit *c, const eq_table *t, size_t j,
                            double u) {
    eq_own_law l = own_law(p, c, t, j);
    return t->w[0][j] * eq_own_law_current(&l, u);
}

double eq_ports_own_energy(eq_ports *p, const eq_circuit *c, const eq_table *t, size_t j,
                           double u) {
    eq_own_law l = own_law(p, c, t, j);
    return t->w[0][j] * eq_own_law_energy(&l, u);
}
