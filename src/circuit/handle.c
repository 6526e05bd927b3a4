/* Parameter handles (eqspice.h): the one way to a parameter of an element by its name. */
#include <math.h>
#include <string.h>

#include "base/near.h"
#include "circuit/circuit.h"

/* The parameter k of a class; k = params is its inverse value. */
static const eq_param *param_of(const eq_device_class *cls, int k) {
    return k < cls->params ? &cls->param[k] : cls->inverse;
}

static bool is_inverse(const eq_device_class *cls, int k) {
    return k == cls->params;
}

/* The number of a parameter, -1: the class has none of that name. */
static int find_param(const eq_device_class *cls, const char *name) {
    if (cls->inverse != NULL && eq_same(cls->inverse->name, name)) return cls->params;
    return eq_param_find(cls, name);
}

/* NAME(PARAM) is taken apart; without parentheses *param is "". */
static bool split(const char *text, eq_text *element, eq_text *param) {
    const char *open = strrchr(text, '(');
    size_t n = strlen(text);
    bool both = open != NULL && n > 0 && text[n - 1] == ')';
    eq_text_add(element, text, both ? (size_t)(open - text) : n);
    eq_text_add(param, both ? open + 1 : "", both ? (size_t)(text + n - 1 - open - 1) : 0);
    return !element->failed && !param->failed;
}

eq_handle eq_handle_as_written(const eq_circuit *c, eq_element e) {
    const eq_device_class *cls = eq_class(c->row[e].cls);
    return (eq_handle){e, cls->inverse != NULL ? cls->params : cls->value < 0 ? 0 : cls->value};
}

bool eq_handle_next(const eq_circuit *c, eq_handle_walk *w) {
    for (; w->element < (eq_element)eq_circuit_elements(c); w->element++, w->param = 0) {
        const eq_device_class *cls = eq_class(c->row[w->element].cls);
        if (w->param < cls->hidden) w->param = cls->hidden;
        while (w->param < cls->params) {
            bool value = w->param == cls->value;
            w->handle =
                value ? eq_handle_as_written(c, w->element) : (eq_handle){w->element, w->param};
            w->param++;
            if (w->all || eq_handle_about(c, w->handle).trainable) return true;
        }
    }
    return false;
}

void eq_handle_name(const eq_circuit *c, eq_handle h, eq_text *name) {
    const eq_device_class *cls = eq_class(c->row[h.element].cls);
    bool value = cls->value >= 0 && h.param == eq_handle_as_written(c, h.element).param;
    eq_text_puts(name, eq_circuit_element_name(c, h.element));
    if (!value) eq_text_printf(name, "(%s)", eq_handle_about(c, h).name);
}

/* The parameter that is meant by a word that is none; NULL: none is near. */
static const char *near_param(const eq_device_class *cls, const char *param) {
    size_t n = strlen(param);
    const char *best = NULL;
    for (int k = cls->hidden, apart = eq_near(n) + 1; k < cls->params; k++) {
        int d = eq_distance(param, n, cls->param[k].name);
        if (d >= apart) continue;
        apart = d;
        best = cls->param[k].name;
    }
    return best;
}

static eq_status find(const eq_circuit *c, const char *element, const char *param, eq_handle *out,
                      eq_diag *diag) {
    eq_element e = eq_circuit_find_element(c, element);
    if (e == EQ_NONE)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "the circuit has no element '%s'; correct the name (NAME or NAME(PARAM))",
                       element);
    const eq_device_class *cls = eq_class(c->row[e].cls);
    int k = param[0] == '\0' ? cls->value : find_param(cls, param);
    const char *near = k < 0 ? near_param(cls, param) : NULL;
    if (k < 0)
        return eq_fail(diag, EQ_ERR_INPUT, "%s is a %s, which has no parameter '%s'; %s %s%s",
                       element, cls->name, param, near != NULL ? "did you mean" : "its first is",
                       near != NULL ? near : cls->param[cls->hidden].name, near != NULL ? "?" : "");
    *out = (eq_handle){e, k};
    return EQ_OK;
}

eq_status eq_handle_find(const eq_circuit *c, const char *name, eq_handle *out, eq_diag *diag) {
    eq_text element = {0}, param = {0};
    eq_status status = split(name, &element, &param) ? find(c, element.text, param.text, out, diag)
                                                     : eq_out_of_memory(diag);
    eq_text_free(&element);
    eq_text_free(&param);
    return status;
}

eq_handle_info eq_handle_about(const eq_circuit *c, eq_handle h) {
    const eq_param *p = param_of(eq_class(c->row[h.element].cls), h.param);
    return (eq_handle_info){p->name, p->unit, p->min, p->max, p->trainable};
}

double *eq_handle_place(const eq_circuit *c, eq_handle h) {
    eq_row at = c->row[h.element];
    const eq_table *t = &c->table[at.cls];
    return &t->w[is_inverse(t->cls, h.param) ? t->cls->value : h.param][at.row];
}

double eq_handle_get(const eq_circuit *c, eq_handle h) {
    double value = *eq_handle_place(c, h);
    return is_inverse(eq_class(c->row[h.element].cls), h.param) ? 1.0 / value : value;
}

/* Parameter k of row j where it is given, else what stands for it. */
static double effective(const eq_environment *env, const eq_device_class *cls, double *const *w,
                        size_t j, int k) {
    if (!isnan(w[k][j])) return w[k][j];
    if (eq_same(cls->param[k].name, "tnom")) return env->tnom;
    if (!eq_same(cls->param[k].name, "temp"))
        return cls->made == NULL ? NAN : cls->made(w, j, k, env);
    int above = eq_param_find(cls, "dtemp");
    return env->temp + (above < 0 ? 0.0 : w[above][j]);
}

double eq_handle_effective(const eq_circuit *c, eq_handle h) {
    eq_row at = c->row[h.element];
    const eq_table *t = &c->table[at.cls];
    if (h.param >= t->cls->params) return eq_handle_get(c, h);
    return effective(&c->env, t->cls, t->w, (size_t)at.row, h.param);
}

double eq_model_effective(const eq_circuit *c, const eq_model *m, int k) {
    const eq_device_class *cls = eq_class(m->cls);
    double x[EQ_MAX_COLUMNS] = {0.0}, *w[EQ_MAX_COLUMNS];
    for (int i = 0; i < cls->columns; i++) w[i] = &x[i];
    for (int i = 0; i < cls->params; i++) x[i] = m->w[i];
    if (cls->derive != NULL) cls->derive(1, w, &c->env);
    return effective(&c->env, cls, w, 0, k);
}

/* The derived columns of one row. */
static void derive_row(eq_circuit *c, eq_row at) {
    const eq_table *t = &c->table[at.cls];
    double *w[EQ_MAX_COLUMNS];
    if (t->cls->derive == NULL) return;
    for (int k = 0; k < t->cls->columns; k++) w[k] = &t->w[k][at.row];
    t->cls->derive(1, w, &c->env);
}

void eq_handle_put(eq_circuit *c, eq_handle h, double value) {
    eq_row at = c->row[h.element];
    *eq_handle_place(c, h) = is_inverse(eq_class(at.cls), h.param) ? 1.0 / value : value;
    derive_row(c, at);
}

eq_status eq_handle_check(const eq_circuit *c, eq_handle h, double value, eq_diag *diag) {
    const eq_device_class *cls = eq_class(c->row[h.element].cls);
    bool inverse = is_inverse(cls, h.param);
    const char *name = eq_circuit_element_name(c, h.element);
    if (isnan(value)) /* to the classes that is a parameter which is not given */
        return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place_of(c, h.element),
                          "%s of %s cannot be nan; give a number", param_of(cls, h.param)->name,
                          name);
    return eq_param_check(cls, inverse ? cls->value : h.param, inverse ? 1.0 / value : value,
                          eq_circuit_place_of(c, h.element), (int)strlen(name), name, diag);
}

eq_status eq_handle_set(eq_circuit *c, eq_handle h, double value, eq_diag *diag) {
    eq_status status = eq_handle_check(c, h, value, diag);
    if (status == EQ_OK) eq_handle_put(c, h, value);
    return status;
}
