#include "analysis/probe.h"

#include "base/mem.h"

static bool fit(eq_probe *p, const eq_formula *f) {
    return f == NULL ||
           eq_grow((void **)&p->work, &p->room, f->inputs + eq_formula_work(f), sizeof *p->work);
}

eq_status eq_probe_fit(eq_probe *p, eq_diag *diag) {
    bool whole = true;
    for (size_t k = 0; k < p->c->prints; k++) whole = whole && fit(p, p->c->print[k].formula);
    for (size_t k = 0; k < p->c->measures; k++) {
        const eq_measure *m = &p->c->measure[k];
        whole = whole && fit(p, m->what) && fit(p, m->event[0].difference) &&
                fit(p, m->event[1].difference);
    }
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

/* Parameter k of element e; the first one of a memristor as a resistance,
 * which it was written as. */
static double param(const eq_circuit *c, eq_element e, int k) {
    eq_row r = c->row[e];
    double value = c->table[r.cls].w[k][r.row];
    return r.cls == EQ_CLASS_memristor && k == 0 ? 1.0 / value : value;
}

static double input(const eq_probe *p, const eq_formula_input *in) {
    switch (in->kind) {
    case EQ_INPUT_DROP:
        return p->v[in->plus] - p->v[in->minus];
    case EQ_INPUT_CURRENT:
        return eq_solver_current(p->s, in->branch, p->v, p->branch);
    case EQ_INPUT_PARAM:
        return param(p->c, in->branch, in->plus);
    case EQ_INPUT_MEASURE:
        return p->measured[in->plus];
    case EQ_INPUT_TEMPERATURE:
        break;
    }
    return p->c->env.temp;
}

double eq_probe_value(const eq_probe *p, const eq_formula *f) {
    for (size_t k = 0; k < f->inputs; k++) p->work[k] = input(p, &f->input[k]);
    return eq_formula_evaluate(f, p->work, NULL, p->work + f->inputs);
}
