#include "analysis/selection.h"

#include "base/mem.h"

/* Appends what is asked for and not there yet; seen[label]. */
static void add(eq_selection *p, const eq_print *one, bool *seen) {
    if (!seen[one->label]) p->item[p->count++] = one;
    seen[one->label] = true;
}

unsigned eq_print_types(const eq_deck *d, eq_analysis_type type) {
    unsigned asked = 1u << type;
    bool dc = false;
    for (size_t k = 0; k < d->analyses; k++) dc = dc || d->analysis[k].type == EQ_ANALYSIS_DC;
    return type == EQ_ANALYSIS_OP && !dc ? asked | 1u << EQ_ANALYSIS_DC : asked;
}

eq_status eq_selection_new(const eq_deck *d, eq_analysis_type type, eq_selection *out,
                           eq_diag *diag) {
    unsigned asked = eq_print_types(d, type);
    *out = (eq_selection){NULL, 0, true};
    for (size_t k = 0; k < d->prints; k++)
        if (d->print[k].formula == NULL && d->print[k].analyses & asked) return EQ_OK;
    if (d->prints == 0) return EQ_OK;
    bool *seen = eq_calloc(eq_names_count(d->label), sizeof *seen);
    out->item = eq_calloc(d->prints, sizeof *out->item);
    for (size_t k = 0; seen != NULL && out->item != NULL && k < d->prints; k++)
        if (d->print[k].analyses & asked) add(out, &d->print[k], seen);
    bool whole = seen != NULL && out->item != NULL;
    eq_free(seen);
    out->everything = out->count == 0;
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

void eq_selection_free(eq_selection *p) {
    eq_free((void *)p->item);
    *p = (eq_selection){NULL, 0, false};
}

eq_status eq_selection_variables(const eq_selection *p, const eq_deck *d, eq_result *r,
                                 eq_diag *diag) {
    static const char *const type[] = {[EQ_QUANTITY_NONE] = "notype",
                                       [EQ_QUANTITY_VOLTAGE] = "voltage",
                                       [EQ_QUANTITY_CURRENT] = "current"};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < p->count; k++)
        status = eq_result_variable(r, eq_names_get(d->label, p->item[k]->label),
                                    type[p->item[k]->quantity], diag);
    return status;
}

void eq_selection_values(const eq_selection *p, const eq_probe *at, double *value) {
    for (size_t k = 0; k < p->count; k++) value[k] = eq_probe_value(at, p->item[k]->formula);
}
