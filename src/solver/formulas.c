#include "solver/formulas.h"

#include <math.h>

#include "base/mem.h"

eq_status eq_formulas_new(const eq_circuit *c, eq_formulas *f, eq_diag *diag) {
    size_t inputs = 0, work = 0;
    *f = (eq_formulas){0};
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        if (t->formula == NULL) continue;
        f->count += t->count;
        for (size_t j = 0; j < t->count; j++) {
            size_t own = eq_formula_work(t->formula[j]);
            inputs = t->formula[j]->inputs > inputs ? t->formula[j]->inputs : inputs;
            work = own > work ? own : work;
        }
    }
    if (f->count == 0) return EQ_OK;
    f->in = eq_malloc(inputs, sizeof *f->in);
    f->slope = eq_malloc(inputs, sizeof *f->slope);
    f->work = eq_malloc(work, sizeof *f->work);
    if (f->in != NULL && f->slope != NULL && f->work != NULL) return EQ_OK;
    eq_formulas_free(f);
    return eq_out_of_memory(diag);
}

void eq_formulas_free(eq_formulas *f) {
    eq_free(f->in);
    eq_free(f->slope);
    eq_free(f->work);
    *f = (eq_formulas){0};
}

double eq_formulas_at(eq_formulas *f, const eq_circuit *c, const eq_reduction *r, const eq_table *t,
                      size_t j, const double *v, const double *current, const int32_t *of) {
    const eq_formula *formula = t->formula[j];
    double m = t->w[0][j];
    for (size_t k = 0; k < formula->inputs; k++) {
        const eq_formula_input *in = &formula->input[k];
        if (in->kind == EQ_INPUT_DROP)
            f->in[k] = v[in->plus] - v[in->minus];
        else if (in->kind == EQ_INPUT_TEMPERATURE)
            f->in[k] = c->env.temp;
        else {
            int32_t branch = eq_reduction_branch(r, c, in->branch);
            f->in[k] = current[of == NULL ? branch : of[branch]];
        }
    }
    double y = eq_formula_evaluate(formula, f->in, f->slope, f->work);
    for (size_t k = 0; k < formula->inputs; k++)
        f->slope[k] = isfinite(f->slope[k]) ? m * f->slope[k] : 0.0;
    return m * y;
}
