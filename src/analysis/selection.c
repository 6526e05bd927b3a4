#include "analysis/selection.h"

#include "base/mem.h"

/* Appends what is asked for and not there yet; seen[label]. */
static void add(eq_selection *p, const eq_print *one, bool *seen) {
    if (!seen[one->label]) p->item[p->count++] = one;
    seen[one->label] = true;
}

/* True for what every node and source holds: potentials, and currents of branches, but under a name of
 * its own: @v1[i]. */
static bool is_among_everything(const eq_deck *d, const eq_print *p) {
    if (p->formula == NULL) return true;
    if (*eq_names_get(d->label, p->label) == '@') return false;
    if (p->quantity == EQ_QUANTITY_VOLTAGE) return true;
    if (p->quantity != EQ_QUANTITY_CURRENT) return false;
    const eq_formula_input *in = &p->formula->input[0];
    return in->kind == EQ_INPUT_CURRENT &&
           eq_class(d->circuit->row[in->branch].cls)->defined == EQ_VOLTAGE_DEFINED;
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
    bool everything = false;
    for (size_t k = 0; k < d->prints; k++)
        everything = everything || (d->print[k].formula == NULL && d->print[k].analyses & asked);
    if (d->prints == 0) return EQ_OK;
    bool *seen = eq_calloc(eq_names_count(d->label), sizeof *seen);
    out->item = eq_calloc(d->prints, sizeof *out->item);
    for (size_t k = 0; seen != NULL && out->item != NULL && k < d->prints; k++)
        if (d->print[k].analyses & asked && !(everything && is_among_everything(d, &d->print[k])))
            add(out, &d->print[k], seen);
    bool whole = seen != NULL && out->item != NULL;
    eq_free(seen);
    out->everything = everything || out->count == 0;
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
