#include "analysis/probe.h"

#include "base/mem.h"
#include "circuit/stored.h"

static bool fit(eq_probe *p, const eq_formula *f) {
    return f == NULL ||
           eq_grow((void **)&p->work, &p->room, f->inputs + eq_formula_work(f), sizeof *p->work);
}

eq_status eq_probe_fit(eq_probe *p, eq_diag *diag) {
    bool whole = true;
    for (size_t k = 0; k < p->d->analyses; k++) whole = whole && fit(p, p->d->analysis[k].output);
    for (size_t k = 0; k < p->d->prints; k++) whole = whole && fit(p, p->d->print[k].formula);
    for (size_t k = 0; k < p->d->measures; k++) {
        const eq_measure *m = &p->d->measure[k];
        whole = whole && fit(p, m->what) && fit(p, m->event[0].difference) &&
                fit(p, m->event[1].difference);
    }
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

static double input(const eq_probe *p, const eq_formula_input *in) {
    switch (in->kind) {
    case EQ_INPUT_DROP:
        return p->v[in->plus] - p->v[in->minus];
    case EQ_INPUT_CURRENT:
        return eq_solver_current(p->s, in->branch, p->v, p->branch);
    case EQ_INPUT_PARAM:
        return eq_handle_effective(p->d->circuit, (eq_handle){in->branch, in->plus});
    case EQ_INPUT_STORED:
        return eq_stored_value(p->d->circuit, in->branch, (eq_stored){in->plus, in->minus}, p->v);
    case EQ_INPUT_MEASURE:
        return p->measured[in->plus];
    case EQ_INPUT_TEMPERATURE:
        break;
    }
    return p->d->circuit->env.temp;
}

static double evaluate(const eq_probe *p, const eq_formula *f, double *slope) {
    for (size_t k = 0; k < f->inputs; k++) p->work[k] = input(p, &f->input[k]);
    return eq_formula_evaluate(f, p->work, slope, p->work + f->inputs);
}

double eq_probe_value(const eq_probe *p, const eq_formula *f) {
    return evaluate(p, f, NULL);
}

void eq_probe_slopes(const eq_probe *p, const eq_formula *f, double *slope) {
    evaluate(p, f, slope);
}
