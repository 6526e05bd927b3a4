#include "support/compare.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "netlist/netlist.h"

static const char *node(const eq_circuit *c, eq_node n) {
    return n == EQ_NONE ? "-" : eq_circuit_node_name(c, n);
}

static const char *element(const eq_circuit *c, eq_element e) {
    return e == EQ_NONE ? "-" : eq_circuit_element_name(c, e);
}

static void same_number(double a, double b, const char *what) {
    bool same = (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 1e-15 * fabs(a);
    ck_assert_msg(same, "%s: %.17g against %.17g", what, a, b);
}

static void same_element(const eq_circuit *a, const eq_circuit *b, eq_element e) {
    eq_row p = a->row[e], q = b->row[e];
    const eq_table *s = &a->table[p.cls], *t = &b->table[q.cls];
    const char *name = element(a, e);
    ck_assert_str_eq(name, element(b, e));
    ck_assert_msg(p.cls == q.cls, "class of %s", name);
    for (int k = 0; k < EQ_MAX_TERMINALS && s->term[k] != NULL; k++)
        ck_assert_str_eq(node(a, s->term[k][p.row]), node(b, t->term[k][q.row]));
    if (s->control != NULL)
        ck_assert_str_eq(element(a, s->control[p.row]), element(b, t->control[q.row]));
    ck_assert_msg(eq_circuit_is_off(a, e) == eq_circuit_is_off(b, e), "off of %s", name);
    for (int k = 0; k < s->cls->params; k++) same_number(s->w[k][p.row], t->w[k][q.row], name);
}

void assert_same_circuit(const eq_circuit *a, const eq_circuit *b) {
    ck_assert_str_eq(a->title, b->title);
    ck_assert_uint_eq(eq_circuit_elements(a), eq_circuit_elements(b));
    for (size_t e = 0; e < eq_circuit_elements(a); e++) same_element(a, b, (eq_element)e);
    ck_assert_uint_eq(a->inputs, b->inputs);
    for (size_t k = 0; k < a->inputs; k++)
        ck_assert_str_eq(element(a, a->input[k]), element(b, b->input[k]));
    ck_assert_uint_eq(a->outputs, b->outputs);
    for (size_t k = 0; k < a->outputs; k++) {
        const eq_output *o = &a->output[k], *p = &b->output[k];
        ck_assert_str_eq(node(a, o->plus), node(b, p->plus));
        ck_assert_str_eq(node(a, o->minus), node(b, p->minus));
        ck_assert_str_eq(element(a, o->nudge_plus), element(b, p->nudge_plus));
        ck_assert_str_eq(element(a, o->nudge_minus), element(b, p->nudge_minus));
    }
    ck_assert_uint_eq(a->groups, b->groups);
    for (size_t k = 0; k < a->groups; k++) {
        ck_assert_str_eq(a->group[k].name, b->group[k].name);
        ck_assert_uint_eq(a->group[k].count, b->group[k].count);
        same_number(a->group[k].min, b->group[k].min, "gmin");
        same_number(a->group[k].max, b->group[k].max, "gmax");
    }
    same_number(a->env.temp, b->env.temp, "temp");
    same_number(a->env.gmin, b->env.gmin, "gmin");
}

static eq_circuit *done(eq_status status, eq_circuit *c, eq_diag *diag, const char *what) {
    ck_assert_msg(status == EQ_OK, "%s: %s", what,
                  eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "no message");
    eq_diag_free(diag);
    return c;
}

eq_circuit *read_deck(const char *path) {
    eq_diag *diag = eq_diag_new();
    eq_circuit *c = NULL;
    eq_status status = eq_circuit_read(path, &c, diag);
    return done(status, c, diag, path);
}

eq_circuit *parse_deck(const char *text) {
    eq_diag *diag = eq_diag_new();
    eq_circuit *c = NULL;
    eq_status status = eq_circuit_parse("test.cir", text, strlen(text), &c, diag);
    return done(status, c, diag, text);
}
