#include "circuit/floating.h"

#include <string.h>

#include "circuit/own_drop.h"
#include "circuit/port.h"

enum { SHOWN = 8, REPORTS = 10 }; /* names in one message, messages */

static bool same_drop(eq_node a, eq_node b, eq_node plus, eq_node minus) {
    return (plus == a && minus == b) || (plus == b && minus == a);
}

/* Whether the formula of row j depends on the drop across it. */
static bool reads_own_drop(const eq_table *t, size_t j) {
    const eq_formula *f = t->formula[j];
    if (eq_formula_reads(f, t->term[0][j], t->term[1][j]) == EQ_READS_OWN_DROP) return true;
    for (size_t k = 0; k < f->inputs; k++)
        if (f->input[k].kind == EQ_INPUT_DROP &&
            same_drop(t->term[0][j], t->term[1][j], f->input[k].plus, f->input[k].minus))
            return true;
    return false;
}

bool eq_conducts(const eq_table *t, size_t j) {
    if (t->cls->defined == EQ_VOLTAGE_DEFINED || (t->cls->flags & EQ_CONDUCTS) != 0) return true;
    if (t->cls->control == EQ_CONTROL_FORMULA) return reads_own_drop(t, j);
    return t->cls->control == EQ_CONTROL_VOLTAGE &&
           same_drop(t->term[0][j], t->term[1][j], t->term[2][j], t->term[3][j]);
}

/* Whether the current of row j depends on any potential or current. */
static bool depends(const eq_table *t, size_t j) {
    if (eq_is_port_class(t)) return false; /* join_ports */
    if (t->cls->control == EQ_CONTROL_VOLTAGE || t->cls->control == EQ_CONTROL_CURRENT) return true;
    if (t->cls->control == EQ_CONTROL_NONE) return eq_conducts(t, j);
    const eq_formula *f = t->formula[j];
    for (size_t k = 0; k < f->inputs; k++)
        if (f->input[k].kind == EQ_INPUT_DROP || f->input[k].kind == EQ_INPUT_CURRENT) return true;
    return eq_conducts(t, j);
}

/* Joins the nodes of a port element: all whose potentials it reads, or those that carry current. */
static void join_ports(const eq_table *t, size_t j, bool by_drop, int32_t *up) {
    int first = -1;
    for (int a = 0; a < eq_class_nodes(t->cls); a++) {
        bool internal = a >= t->cls->terminals;
        if (!by_drop && !internal && (t->cls->carries >> a & 1u) == 0) continue;
        if (first < 0) first = a;
        eq_parts_join(up, t->term[first][j], t->term[a][j]);
    }
}

/* Joins the ends of every drop that row j looks at beside its own. */
static void join_looked_at(const eq_table *t, size_t j, int32_t *up) {
    if (t->cls->control == EQ_CONTROL_VOLTAGE) eq_parts_join(up, t->term[2][j], t->term[3][j]);
    if (t->cls->control != EQ_CONTROL_FORMULA) return;
    const eq_formula *f = t->formula[j];
    for (size_t k = 0; k < f->inputs; k++)
        if (f->input[k].kind == EQ_INPUT_DROP)
            eq_parts_join(up, f->input[k].plus, f->input[k].minus);
}

/* Parts without a current to the rest that could change (by_drop: without a drop to it that a
 * current depends on). */
static void find_parts(const eq_circuit *c, bool by_drop, int32_t *up) {
    eq_parts_start(up, eq_circuit_nodes(c));
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        for (size_t j = 0; j < t->count; j++) {
            if (by_drop ? eq_conducts(t, j) : depends(t, j))
                eq_parts_join(up, t->term[0][j], t->term[1][j]);
            if (by_drop) join_looked_at(t, j, up);
            if (eq_is_port_class(t)) join_ports(t, j, by_drop, up);
        }
    }
}

/* Separates names by commas; false: enough of them. */
static bool add_name(eq_text *text, int shown, const char *name) {
    eq_text_printf(text, "%s%s", shown == 0 ? "" : ", ", shown < SHOWN ? name : "...");
    return shown < SHOWN;
}

static void name_nodes(const eq_circuit *c, const int32_t *up, int32_t part, eq_text *text) {
    int shown = 0;
    for (size_t n = 0; n < eq_circuit_nodes(c); n++)
        if (up[n] == part && !add_name(text, shown++, eq_circuit_node_name(c, (eq_node)n))) break;
}

/* Names the current sources that lead into the part; returns the first of them or EQ_NONE. */
static eq_element name_sources(const eq_circuit *c, const int32_t *up, int32_t part,
                               eq_text *text) {
    eq_element first = EQ_NONE;
    int shown = 0;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        for (size_t j = 0; j < t->count; j++) {
            if ((up[t->term[0][j]] == part) == (up[t->term[1][j]] == part)) continue;
            if (eq_conducts(t, j)) continue;
            if (first == EQ_NONE || t->id[j] < first) first = t->id[j];
            if (!add_name(text, shown++, eq_circuit_element_name(c, t->id[j]))) return first;
        }
    }
    return first;
}

/* Names the capacitors that touch the part; the place of the first. */
static eq_place name_capacitors(const eq_circuit *c, const int32_t *up, int32_t part,
                                eq_text *text) {
    eq_place first = {0};
    int shown = 0;
    for (size_t k = 0; k < c->capacitors; k++) {
        const eq_capacitor *q = &c->capacitor[k];
        if (up[q->term[0]] != part && up[q->term[1]] != part) continue;
        if (shown == 0) first = eq_circuit_place(c, q->at);
        if (!add_name(text, shown++, eq_names_get(c->capacitor_name, (int32_t)k))) break;
    }
    return first;
}

/* Whether row j looks at a potential of the part beside its own drop. */
static bool reads(const eq_table *t, size_t j, const int32_t *up, int32_t part) {
    if (eq_by_voltage(t)) return up[t->term[2][j]] == part || up[t->term[3][j]] == part;
    bool found = false;
    for (size_t k = 0; t->formula != NULL && k < t->formula[j]->inputs; k++) {
        const eq_formula_input *in = &t->formula[j]->input[k];
        found |= in->kind == EQ_INPUT_DROP && (up[in->plus] == part || up[in->minus] == part);
    }
    return found;
}

/* The first element that is controlled by a potential of the part; EQ_NONE: none is. */
static eq_element reader(const eq_circuit *c, const int32_t *up, int32_t part) {
    eq_element first = EQ_NONE;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        for (size_t j = 0; j < t->count; j++) {
            if (!reads(t, j, up, part)) continue;
            if (first == EQ_NONE || t->id[j] < first) first = t->id[j];
        }
    }
    return first;
}

/* Says which nodes and elements float. */
static eq_status report(const eq_circuit *c, const int32_t *up, int32_t part, eq_diag *diag) {
    eq_text nodes = {0}, sources = {0}, elements = {0};
    eq_status status;
    name_nodes(c, up, part, &nodes);
    eq_element first = name_sources(c, up, part, &sources);
    eq_text_puts(&elements, " (");
    eq_element any = eq_circuit_name_touching(c, up, part, &elements);
    eq_place there =
        any == EQ_NONE ? name_capacitors(c, up, part, &elements) : eq_circuit_place_of(c, any);
    eq_text_puts(&elements, ")");
    bool touched = strcmp(elements.text == NULL ? "" : elements.text, " ()") != 0;
    eq_element reads = touched ? EQ_NONE : reader(c, up, part);
    if (nodes.failed || sources.failed || elements.failed)
        status = eq_out_of_memory(diag);
    else if (first != EQ_NONE)
        status =
            eq_fail_at(diag, EQ_ERR_SINGULAR, eq_circuit_place_of(c, first),
                       "only current sources (%s) lead to node %s: a cutset of current sources; "
                       "add a resistor from there to the rest of the circuit",
                       sources.text, nodes.text);
    else if (reads != EQ_NONE)
        status =
            eq_fail_at(diag, EQ_ERR_SINGULAR, eq_circuit_place_of(c, reads),
                       "%s reads the potential of node %s, to which nothing leads; correct the "
                       "name, or connect it",
                       eq_circuit_element_name(c, reads), nodes.text);
    else
        status = eq_fail_at(diag, EQ_ERR_SINGULAR, there,
                            "node %s%s has no dc path to ground; connect it, for instance by a "
                            "large resistor to node 0",
                            nodes.text, touched ? elements.text : "");
    eq_text_free(&nodes);
    eq_text_free(&sources);
    eq_text_free(&elements);
    return status;
}

static eq_status report_parts(const eq_circuit *c, int32_t *up, eq_diag *diag) {
    eq_status status = EQ_OK;
    int reports = 0;
    for (int32_t n = 0; n < (int32_t)eq_circuit_nodes(c); n++) up[n] = eq_part(up, n);
    for (int32_t n = 0; n < (int32_t)eq_circuit_nodes(c) && reports < REPORTS; n++) {
        if (up[n] != n || n == EQ_GROUND) continue;
        status = report(c, up, n, diag);
        reports++;
    }
    return status;
}

eq_status eq_floating_check(const eq_circuit *c, int32_t *up, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (int by_drop = 0; by_drop < 2 && status == EQ_OK; by_drop++) {
        find_parts(c, by_drop == 1, up);
        status = report_parts(c, up, diag);
    }
    return status;
}
