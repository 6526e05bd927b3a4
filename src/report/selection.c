#include "report/selection.h"

#include "base/mem.h"

static bool same(const eq_print *a, const eq_print *b) {
    return a->plus == b->plus && a->minus == b->minus && a->element == b->element;
}

/* Appends what is asked for in currents or in voltages, and not there yet. */
static void collect(const eq_circuit *c, eq_analysis_type type, bool currents, eq_selection *p) {
    for (size_t k = 0; k < c->prints; k++) {
        const eq_print *one = &c->print[k];
        size_t j = 0;
        if (!(one->analyses & 1u << type) || currents != (one->element != EQ_NONE)) continue;
        while (j < p->count && !same(p->item[j], one)) j++;
        if (j == p->count) p->item[p->count++] = one;
    }
}

eq_status eq_selection_new(const eq_circuit *c, eq_analysis_type type, eq_selection *out,
                           eq_diag *diag) {
    *out = (eq_selection){NULL, 0};
    for (size_t k = 0; k < c->prints; k++) {
        const eq_print *one = &c->print[k];
        bool all = one->plus == EQ_NONE && one->element == EQ_NONE;
        if (all && one->analyses & 1u << type) return EQ_OK;
    }
    if (c->prints == 0) return EQ_OK;
    out->item = eq_calloc(c->prints, sizeof *out->item);
    if (out->item == NULL) return eq_out_of_memory(diag);
    collect(c, type, false, out);
    collect(c, type, true, out);
    return EQ_OK;
}

void eq_selection_free(eq_selection *p) {
    eq_free((void *)p->item);
    *p = (eq_selection){NULL, 0};
}

eq_status eq_selection_variables(const eq_selection *p, const eq_circuit *c, eq_result *r,
                                 eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < p->count; k++) {
        const eq_print *one = p->item[k];
        bool current = one->element != EQ_NONE;
        eq_text t = {0};
        eq_text_printf(&t, current ? "i(%s" : "v(%s",
                       current ? eq_circuit_element_name(c, one->element)
                               : eq_circuit_node_name(c, one->plus));
        if (!current && one->minus != EQ_NONE)
            eq_text_printf(&t, ",%s", eq_circuit_node_name(c, one->minus));
        eq_text_puts(&t, ")");
        status = t.failed ? eq_out_of_memory(diag)
                          : eq_result_variable(r, t.text, current ? "current" : "voltage", diag);
        eq_text_free(&t);
    }
    return status;
}

void eq_selection_values(const eq_selection *p, eq_solver *s, const double *v, const double *branch,
                         double *value) {
    for (size_t k = 0; k < p->count; k++) {
        const eq_print *one = p->item[k];
        if (one->element != EQ_NONE)
            value[k] = eq_solver_current(s, one->element, v, branch);
        else
            value[k] = v[one->plus] - (one->minus == EQ_NONE ? 0.0 : v[one->minus]);
    }
}
