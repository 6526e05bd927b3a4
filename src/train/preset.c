/* Parameters of the circuit that an experiment sets: <set name="d*(is)" value="1e-7"/>. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "netlist/lexer.h"
#include "train/experiment/experiment.h"

/* NAME and (PARAM), which is "" where there is none. */
typedef struct target {
    eq_text element, param;
} target;

static bool split(const char *name, target *t) {
    const char *open = strrchr(name, '(');
    size_t n = strlen(name);
    bool both = open != NULL && name[n - 1] == ')';
    eq_text_add(&t->element, name, both ? (size_t)(open - name) : n);
    eq_text_puts(&t->param, both ? open : "");
    eq_lower(t->element.text, t->element.length);
    return !t->element.failed && !t->param.failed;
}

static bool is_pattern(const char *name) {
    return strpbrk(name, "*?") != NULL;
}

static const char *element_name(const void *of, size_t k) {
    return eq_circuit_element_name(of, (eq_element)k);
}

/* No element has the name. */
static eq_status no_element(const eq_circuit *c, const eq_preset *p, const target *t,
                            eq_diag *diag) {
    const char *best =
        eq_nearest(t->element.text, t->element.length, eq_circuit_elements(c), element_name, c);
    return eq_fail(diag, EQ_ERR_INPUT,
                   "'%s' can be set neither in the experiment nor in the circuit, which has no "
                   "element '%s'%s%s; write an attribute as seed=2 or estimator.beta=1e-7, a "
                   "parameter as NAME(PARAM)=VALUE",
                   p->name, t->element.text, best == NULL ? "" : "; did you mean ",
                   best == NULL ? "" : best);
}

static eq_status set_one(eq_circuit *c, eq_element e, const target *t, double value,
                         eq_diag *diag) {
    eq_text name = {0};
    eq_handle h;
    eq_text_printf(&name, "%s%s", eq_circuit_element_name(c, e), t->param.text);
    eq_status status = name.failed ? eq_out_of_memory(diag) : EQ_OK;
    bool bare = t->param.length == 0 && eq_class(c->row[e].cls)->inverse != NULL;
    if (status == EQ_OK && bare) /* ohm, as decks write it and .dc sweeps it */
        h = eq_handle_as_written(c, e);
    else if (status == EQ_OK)
        status = eq_handle_find(c, name.text, &h, diag);
    if (status == EQ_OK) status = eq_handle_set(c, h, value, diag);
    eq_text_free(&name);
    return status;
}

static eq_status set_all(eq_circuit *c, const eq_preset *p, const target *t, double value,
                         eq_diag *diag) {
    bool any = false;
    eq_status status = EQ_OK;
    if (!is_pattern(t->element.text)) {
        eq_element e = eq_circuit_find_element(c, t->element.text);
        return e == EQ_NONE ? no_element(c, p, t, diag) : set_one(c, e, t, value, diag);
    }
    for (size_t k = 0; status == EQ_OK && k < eq_circuit_elements(c); k++) {
        if (!eq_match(t->element.text, eq_circuit_element_name(c, (eq_element)k))) continue;
        any = true;
        status = set_one(c, (eq_element)k, t, value, diag);
    }
    return status != EQ_OK || any ? status : no_element(c, p, t, diag);
}

static eq_status apply(eq_circuit *c, const eq_preset *p, eq_diag *diag) {
    target t = {0};
    double value;
    size_t said = eq_diag_count(diag);
    size_t n = eq_spice_number(p->value, strlen(p->value), EQ_NGSPICE, &value);
    eq_status status = EQ_OK;
    if (n == 0 || p->value[n] != '\0' || !isfinite(value))
        status = eq_fail(diag, EQ_ERR_INPUT, "%s=%s is no number; write one like 0.25, 1e-6 or 3k",
                         p->name, p->value);
    if (status == EQ_OK && !split(p->name, &t)) status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = set_all(c, p, &t, value, diag);
    eq_text_free(&t.element);
    eq_text_free(&t.param);
    eq_diag_locate(diag, said, p->at);
    return status;
}

/* What is trained begins between its bounds. */
static eq_status check_bounds(const eq_circuit *c, eq_diag *diag) {
    for (size_t k = 0; k < c->groups; k++) {
        const eq_group *g = &c->group[k];
        const eq_table *t = &c->table[g->cls];
        for (size_t j = 0; j < g->count; j++) {
            double w = t->w[g->param][g->row[j]];
            const eq_param *p = &t->cls->param[g->param];
            if (w >= g->min && w <= g->max) continue;
            return eq_fail(diag, EQ_ERR_INPUT,
                           "%s is set to %s = %g%s%s, outside the bounds %g..%g of its *%% train "
                           "line; set it inside",
                           eq_circuit_element_name(c, t->id[g->row[j]]), p->name, w,
                           eq_param_blank(p), eq_param_unit(p), g->min, g->max);
        }
    }
    return EQ_OK;
}

eq_status eq_presets_apply(const eq_experiment *x, size_t first, eq_circuit *c, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = first; status == EQ_OK && k < x->presets; k++)
        status = apply(c, &x->preset[k], diag);
    if (status == EQ_OK && x->presets > first) {
        eq_circuit_derive(c);
        status = check_bounds(c, diag);
    }
    return status;
}
