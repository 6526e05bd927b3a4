/* What .print and .measure may ask of a circuit: potentials, currents, powers, properties of
 * elements and models, and other measurements. */
#include <math.h>
#include <string.h>

#include "circuit/stored.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/find.h"
#include "netlist/spice/model.h"
#include "netlist/spice/pending.h"
#include "netlist/spice/probe.h"

static eq_operand drop(eq_formula *f, eq_node plus, eq_node minus) {
    return eq_formula_input_of(f, (eq_formula_input){EQ_INPUT_DROP, plus, minus, EQ_NONE});
}

/* The element whose current n(NAME_branch) is (Xyce); any other name is a node. */
static bool branch_of(eq_token *name) {
    static const char ending[] = "_branch";
    size_t n = sizeof ending - 1;
    if (name->length <= n) return false;
    eq_token tail = *name;
    tail.text += name->length - n;
    tail.length = n;
    if (!eq_token_is(tail, ending)) return false;
    name->length -= n;
    return true;
}

bool eq_spice_names_node_or_branch(const eq_spice *s, eq_token name) {
    return branch_of(&name) || eq_spice_node_of(s, name) != EQ_NONE;
}

static eq_lookup potential(eq_spice *s, eq_token first, eq_token second, eq_operand *value) {
    eq_node plus = eq_spice_find_node(s, first, s->card), minus = EQ_GROUND;
    if (second.length > 0) minus = eq_spice_find_node(s, second, s->card);
    if (plus == EQ_NONE || minus == EQ_NONE) return EQ_LOOKUP_FAILED;
    *value = drop(s->formula, plus, minus);
    return EQ_FOUND;
}

/* id(m1): the current into a terminal of a transistor. */
static eq_lookup terminal(eq_spice *s, eq_token what, eq_element e, eq_operand *value) {
    eq_stored found;
    if (!eq_terminal_find(eq_class(s->circuit->row[e].cls), what.text[1], &found)) {
        eq_spice_fail(s, what.at, "%s names %.*s of %s, which has no such terminal; write i(%s)",
                      s->card, (int)what.length, what.text, eq_circuit_element_name(s->circuit, e),
                      eq_circuit_element_name(s->circuit, e));
        return EQ_LOOKUP_FAILED;
    }
    *value =
        eq_formula_input_of(s->formula, (eq_formula_input){EQ_INPUT_STORED, found.of, found.by, e});
    return EQ_FOUND;
}

/* Between the first two terminals. */
static eq_operand across(const eq_circuit *c, eq_formula *f, eq_element e) {
    eq_row r = c->row[e];
    eq_node *const *term = c->table[r.cls].term;
    return drop(f, term[0][r.row], term[1][r.row]);
}

/* The sum over its terminals of potential times current. */
static eq_operand port_power(const eq_circuit *c, eq_formula *f, eq_element e) {
    eq_row r = c->row[e];
    const eq_table *t = &c->table[r.cls];
    eq_operand sum = {0.0, EQ_NONE};
    for (int a = 0; a < t->cls->terminals; a++) {
        eq_formula_input i = {EQ_INPUT_STORED, a, EQ_STORED_CURRENT, e};
        eq_operand x[2] = {eq_formula_input_of(f, i), drop(f, t->term[a][r.row], EQ_GROUND)};
        eq_operand y[2] = {sum, eq_formula_apply(f, eq_operation_find("*", 2), x)};
        sum = a == 0 ? y[1] : eq_formula_apply(f, eq_operation_find("+", 2), y);
    }
    return sum;
}

eq_operand eq_spice_power(const eq_circuit *c, eq_formula *f, eq_element e) {
    if (eq_class(c->row[e].cls)->control == EQ_CONTROL_PORT) return port_power(c, f, e);
    eq_formula_input i = {EQ_INPUT_CURRENT, EQ_NONE, EQ_NONE, e};
    eq_operand x[2] = {eq_formula_input_of(f, i), across(c, f, e)};
    return eq_formula_apply(f, eq_operation_find("*", 2), x);
}

/* v(a), v(a,b), i(x), p(x) = w(x), n(x) or temper, now that all nodes and elements are known. */
static eq_lookup input(eq_spice *s, eq_token what, eq_token first, eq_token second,
                       eq_operand *value) {
    eq_formula_input in = {EQ_INPUT_TEMPERATURE, EQ_NONE, EQ_NONE, EQ_NONE};
    bool node = eq_token_is(what, "v") || (eq_token_is(what, "n") && !branch_of(&first));
    if (node) return potential(s, first, second, value);
    if (first.length > 0 && eq_spice_is_open(s, first)) {
        *value = (eq_operand){0.0, EQ_NONE};
        return EQ_FOUND;
    }
    if (first.length > 0) {
        in.kind = EQ_INPUT_CURRENT;
        in.branch = eq_spice_find_element(s, first, s->card);
        if (in.branch == EQ_NONE) return EQ_LOOKUP_FAILED;
    }
    if (what.length == 2) return terminal(s, what, in.branch, value);
    bool power = eq_token_is(what, "p") || eq_token_is(what, "w");
    *value = power ? eq_spice_power(s->circuit, s->formula, in.branch)
                   : eq_formula_input_of(s->formula, in);
    return EQ_FOUND;
}

/* What m1:cbd stores, as an input of a formula; false: it is nothing of that kind. */
static bool stored_of(const eq_spice *s, eq_token t, eq_formula_input *in) {
    eq_token name, what;
    eq_stored found;
    if (!eq_spice_part(t, &name, &what)) return false;
    eq_element e = eq_spice_element_of(s, name);
    if (e == EQ_NONE) return false;
    const eq_device_class *cls = eq_class(s->circuit->row[e].cls);
    bool shown = *t.text == '@' && eq_shown_find(cls, what.text, what.length, &found);
    if (!shown && !eq_stored_find(cls, what.text, what.length, &found)) return false;
    *in = (eq_formula_input){EQ_INPUT_STORED, found.of, found.by, e};
    return true;
}

/* @d1[id], @r1[i], @v1[p], @r1[v]: ngspice's names for i(d1), p(v1) and v(r1); NULL: another one. */
static const char *probe_of(eq_token t, eq_token *name) {
    static const struct {
        const char *name, *probe;
    } known[] = {{"i", "i"}, {"id", "i"}, {"c", "i"}, {"current", "i"}, {"p", "p"}, {"v", "v"}};
    eq_token what;
    if (*t.text != '@' || !eq_spice_part(t, name, &what)) return NULL;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (eq_token_is(what, known[k].name)) return known[k].probe;
    return NULL;
}

static eq_lookup probed(eq_spice *s, eq_token name, const char *probe, eq_operand *value) {
    eq_token what = {EQ_TOKEN_WORD, probe, 1, name.at}, none = {EQ_TOKEN_WORD, "", 0, name.at};
    eq_element e = eq_spice_element_of(s, name);
    if (e == EQ_NONE || *probe != 'v') return input(s, what, name, none, value);
    *value = across(s->circuit, s->formula, e);
    return EQ_FOUND;
}

/* The element and the column of r1:r, or of r1 alone; false: the name is neither. */
static bool property_of(const eq_spice *s, eq_token t, eq_element *e, int *column) {
    eq_token name, param;
    *e = eq_spice_element_of(s, t);
    if (*e != EQ_NONE) {
        *column = eq_handle_as_written(s->circuit, *e).param;
        return eq_spice_has_value(s, *e);
    }
    if (!eq_spice_part(t, &name, &param)) return false;
    *e = eq_spice_element_of(s, name);
    if (*e == EQ_NONE) return false;
    if (*t.text == '@' && eq_token_is(param, "resistance")) param.length = 1;
    if (*t.text == '@' && eq_token_is(param, "dc")) param.text = "dcv0", param.length = 4;
    *column = eq_spice_column(eq_class(s->circuit->row[*e].cls), param);
    return *column >= 0;
}

/* The resistor whose value is a formula that r1:r, or r1 alone, asks for; EQ_NONE: none. */
static eq_element formula_resistor(const eq_spice *s, eq_token t) {
    eq_token name, param;
    eq_element e = eq_spice_element_of(s, t);
    if (e == EQ_NONE && eq_spice_part(t, &name, &param) && eq_token_is(param, "r"))
        e = eq_spice_element_of(s, name);
    const eq_device_class *cls = e == EQ_NONE ? NULL : eq_class(s->circuit->row[e].cls);
    bool formula =
        cls != NULL && cls->control == EQ_CONTROL_FORMULA && cls->defined == EQ_CURRENT_DEFINED;
    return formula && *eq_circuit_element_name(s->circuit, e) == 'r' ? e : EQ_NONE;
}

/* Its resistance: the current is drop/y, or (drop/y)/warmth, times the first column. */
static eq_operand resistance_of(eq_spice *s, eq_element e) {
    eq_row at = s->circuit->row[e];
    const eq_formula *of = s->circuit->table[at.cls].formula[at.row];
    eq_operand r = {1.0 / s->circuit->table[at.cls].w[0][at.row], EQ_NONE};
    for (int32_t k = of->result; of->slot[k].operation >= 0; k = of->slot[k].arg[0]) {
        eq_operand x[2] = {r, eq_formula_insert(s->formula, of, of->slot[k].arg[1])};
        r = eq_formula_apply(s->formula, eq_operation_find("*", 2), x);
    }
    return r;
}

bool eq_spice_is_property(const eq_spice *s, eq_token t) {
    eq_element e;
    int column;
    double value;
    eq_token name, param;
    eq_formula_input in;
    return stored_of(s, t, &in) || probe_of(t, &name) != NULL || property_of(s, t, &e, &column) ||
           eq_spice_reactance(s, t, &value) || formula_resistor(s, t) != EQ_NONE ||
           (eq_spice_part(t, &name, &param) && eq_spice_model_has(s, name, param));
}

static eq_lookup measured(eq_spice *s, eq_token name, eq_operand *value) {
    for (size_t k = 0; k < s->deck->measures; k++) {
        const char *label = eq_names_get(s->deck->label, s->deck->measure[k].label);
        if (!eq_token_is(name, label)) continue;
        *value = eq_formula_input_of(
            s->formula, (eq_formula_input){EQ_INPUT_MEASURE, (int32_t)k, EQ_NONE, EQ_NONE});
        return EQ_FOUND;
    }
    return EQ_NOT_FOUND;
}

/* What a name that is no parameter may be: a .measure card, r1:r or dm:is, or r1 for its value. */
static eq_lookup asked(eq_spice *s, eq_token name, eq_operand *value) {
    eq_token model, param;
    eq_element e;
    int column;
    eq_formula_input in;
    if (s->formula == NULL) return EQ_NOT_FOUND;
    if (measured(s, name, value) == EQ_FOUND) return EQ_FOUND;
    value->slot = EQ_NONE;
    if (eq_spice_reactance(s, name, &value->number)) return EQ_FOUND;
    e = formula_resistor(s, name);
    if (e != EQ_NONE) {
        *value = resistance_of(s, e);
        return EQ_FOUND;
    }
    if (stored_of(s, name, &in)) {
        *value = eq_formula_input_of(s->formula, in);
        return EQ_FOUND;
    }
    const char *probe = probe_of(name, &model);
    if (probe != NULL) return probed(s, model, probe, value);
    if (property_of(s, name, &e, &column)) {
        double factor =
            eq_spice_has_value(s, e) ? eq_deck_scale(s->deck, (eq_handle){e, column}) : 1.0;
        eq_operand x[2] = {
            eq_formula_input_of(s->formula, (eq_formula_input){EQ_INPUT_PARAM, column, EQ_NONE, e}),
            {factor, EQ_NONE}};
        *value = factor == 1.0 ? x[0] : eq_formula_apply(s->formula, eq_operation_find("/", 2), x);
        return EQ_FOUND;
    }
    if (!eq_spice_part(name, &model, &param) ||
        !eq_spice_model_value(s, model, param, &value->number))
        return EQ_NOT_FOUND;
    value->slot = EQ_NONE;
    return EQ_FOUND;
}

bool eq_spice_probe_begin(eq_spice *s, const char *card, eq_spice *probe) {
    static const eq_queries queries = {input, asked};
    *probe = *s;
    probe->queries = &queries;
    probe->card = card;
    probe->formula = eq_formula_new();
    if (probe->formula == NULL) eq_spice_no_memory(s);
    return probe->formula != NULL;
}

eq_formula *eq_spice_probe_end(eq_spice *probe, bool done, eq_operand value) {
    eq_formula *f = probe->formula;
    probe->formula = NULL;
    if (done && value.slot == EQ_NONE) value = eq_formula_number(f, value.number);
    if (done && f->failed) eq_spice_no_memory(probe);
    f->result = value.slot;
    if (done && !f->failed) return f;
    eq_formula_free(f);
    return NULL;
}
