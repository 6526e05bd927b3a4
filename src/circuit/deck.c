#include "circuit/deck.h"

#include "base/mem.h"
#include "circuit/formula.h"

eq_deck *eq_deck_new(void) {
    eq_deck *d = eq_calloc(1, sizeof *d);
    if (d == NULL) return NULL;
    d->circuit = eq_circuit_new();
    d->label = eq_names_new();
    if (d->circuit != NULL && d->label != NULL) return d;
    eq_deck_free(d);
    return NULL;
}

static void measure_free(const eq_measure *m) {
    eq_formula_free(m->what);
    for (int k = 0; k < 2; k++) eq_formula_free(m->event[k].difference);
}

eq_circuit *eq_deck_release(eq_deck *d) {
    if (d == NULL) return NULL;
    eq_circuit *c = d->circuit;
    for (int32_t k = 0; c != NULL && d->text != NULL && k < c->files; k++) eq_free(d->text[k]);
    for (size_t k = 0; k < d->prints; k++) eq_formula_free(d->print[k].formula);
    for (size_t k = 0; k < d->measures; k++) measure_free(&d->measure[k]);
    for (size_t k = 0; k < d->analyses; k++) eq_formula_free(d->analysis[k].output);
    eq_names_free(d->label);
    eq_free(d->text);
    eq_free(d->analysis);
    eq_free(d->step);
    eq_free(d->multiple);
    eq_free(d->value);
    eq_free(d->wanted);
    for (size_t k = 0; k < d->plan_lines; k++) eq_free(d->plan[k].text);
    eq_free(d->plan);
    eq_free(d->print);
    eq_free(d->measure);
    eq_free(d);
    return c;
}

void eq_deck_free(eq_deck *d) {
    eq_circuit_free(eq_deck_release(d));
}

bool eq_deck_note_multiple(eq_deck *d, eq_element e, double factor) {
    if (factor == 1.0) return true;
    if (!eq_grow((void **)&d->multiple, &d->multiple_cap, d->multiples + 1, sizeof *d->multiple))
        return false;
    d->multiple[d->multiples++] = (eq_multiple){e, factor};
    return true;
}

static double multiple_of(const eq_deck *d, eq_element e) {
    size_t from = 0, to = d->multiples;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (d->multiple[middle].element < e)
            from = middle + 1;
        else
            to = middle;
    }
    return from < d->multiples && d->multiple[from].element == e ? d->multiple[from].factor : 1.0;
}

double eq_deck_scale(const eq_deck *d, eq_handle h) {
    return h.param == eq_handle_as_written(d->circuit, h.element).param ? multiple_of(d, h.element)
                                                                        : 1.0;
}

eq_circuit *eq_deck_circuit(const eq_deck *d) {
    return d->circuit;
}

eq_status eq_deck_add_analysis(eq_deck *d, const eq_analysis *a, eq_diag *diag) {
    if (!eq_grow((void **)&d->analysis, &d->analysis_cap, d->analyses + 1, sizeof *d->analysis)) {
        eq_formula_free(a->output);
        return eq_out_of_memory(diag);
    }
    d->analysis[d->analyses++] = *a;
    return EQ_OK;
}

eq_status eq_deck_add_step(eq_deck *d, const eq_sweep *s, eq_diag *diag) {
    if (!eq_grow((void **)&d->step, &d->step_cap, d->steps + 1, sizeof *d->step))
        return eq_out_of_memory(diag);
    d->step[d->steps++] = *s;
    return EQ_OK;
}

eq_status eq_deck_add_print(eq_deck *d, const eq_print *p, eq_diag *diag) {
    if (!eq_grow((void **)&d->print, &d->print_cap, d->prints + 1, sizeof *d->print)) {
        eq_formula_free(p->formula);
        return eq_out_of_memory(diag);
    }
    d->print[d->prints++] = *p;
    return EQ_OK;
}

eq_status eq_deck_add_measure(eq_deck *d, const eq_measure *m, eq_diag *diag) {
    if (!eq_grow((void **)&d->measure, &d->measure_cap, d->measures + 1, sizeof *d->measure)) {
        measure_free(m);
        return eq_out_of_memory(diag);
    }
    d->measure[d->measures++] = *m;
    return EQ_OK;
}
