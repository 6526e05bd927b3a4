#include "netlist/xml/circuit.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "netlist/xml/xml.h"

/* A circuit being read. */
typedef struct reader {
    const eq_xml *xml;
    eq_deck *deck;
    eq_circuit *c; /* the deck's */
    eq_diag *diag;
    int32_t file;
} reader;

static eq_location location(const reader *r, const eq_xml_node *node) {
    return (eq_location){r->file, eq_xml_place(r->xml, node).line, 0};
}

static eq_status number(const reader *r, const eq_xml_node *node, const char *name, double *value) {
    return eq_xml_number(r->xml, node, name, value, r->diag);
}

const char *eq_xml_param(const eq_device_class *cls, int k) {
    const char *name = cls->param[k].name;
    return strcmp(name, "a") == 0 ? "a0" : strcmp(name, "b") == 0 ? "b0" : name;
}

/* Every attribute that is a parameter of the class. */
static eq_status parameters(const reader *r, const eq_xml_node *node, const eq_device_class *cls,
                            double *w) {
    eq_status status = EQ_OK;
    for (int k = 0; status == EQ_OK && k < cls->params; k++)
        status = number(r, node, eq_xml_param(cls, k), &w[k]);
    return status;
}

static eq_status name_fits(const reader *r, const eq_xml_node *node, const char *name) {
    return eq_name_fits(name, strlen(name), eq_xml_place(r->xml, node), r->diag);
}

/* The folded attribute, owned by the caller. */
static char *folded(const eq_xml_node *node, const char *attribute) {
    const char *text = eq_xml_attribute(node, attribute);
    char *copy = text == NULL ? NULL : eq_strdup(text);
    if (copy != NULL) eq_lower(copy, strlen(copy));
    return copy;
}

static int32_t find_model(const eq_circuit *c, const char *name) {
    for (size_t k = 0; k < c->models; k++)
        if (eq_same(c->model[k].name, name)) return (int32_t)k;
    return EQ_NONE;
}

static eq_status add_model(reader *r, const eq_xml_node *node) {
    eq_circuit *c = r->c;
    int cls = eq_class_find(eq_xml_attribute(node, "class"));
    if (find_model(c, eq_xml_attribute(node, "name")) != EQ_NONE)
        return eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, node),
                          "a second model %s; give it another name",
                          eq_xml_attribute(node, "name"));
    if (!eq_grow((void **)&c->model, &c->model_cap, c->models + 1, sizeof *c->model))
        return eq_out_of_memory(r->diag);
    eq_status fits = name_fits(r, node, eq_xml_attribute(node, "name"));
    if (fits != EQ_OK) return fits;
    eq_card card = eq_card_new(cls);
    eq_model m = {.name = folded(node, "name"), .cls = cls};
    if (m.name == NULL) return eq_out_of_memory(r->diag);
    memcpy(m.w, card.w, sizeof m.w);
    eq_status status = parameters(r, node, eq_class(cls), m.w);
    if (status == EQ_OK)
        c->model[c->models++] = m;
    else
        eq_free(m.name);
    return status;
}

static eq_status take_model(reader *r, const eq_xml_node *node, eq_card *card) {
    const char *name = eq_xml_attribute(node, "model");
    if (name == NULL) return EQ_OK;
    card->model = find_model(r->c, name);
    if (card->model == EQ_NONE) {
        eq_status status = eq_circuit_preset(r->c, name, strlen(name), &card->model, r->diag);
        if (status != EQ_OK) return status;
    }
    if (card->model == EQ_NONE || r->c->model[card->model].cls != card->cls)
        return eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, node),
                          "there is no model %s of class %s; add <model name=\"%s\" class=\"%s\"/>",
                          name, eq_class(card->cls)->name, name, eq_class(card->cls)->name);
    memcpy(card->w, r->c->model[card->model].w, sizeof card->w);
    return EQ_OK;
}

static eq_status take_nodes(reader *r, const eq_xml_node *node, eq_card *card) {
    for (int k = 0; k < eq_class_terminals(eq_class(card->cls)); k++) {
        const char *name = eq_xml_attribute(node, (const char[]){(char)('a' + k), '\0'});
        eq_status status = name_fits(r, node, name);
        if (status != EQ_OK) return status;
        card->term[k] = eq_circuit_node(r->c, name, strlen(name));
        if (card->term[k] == EQ_NONE) return eq_out_of_memory(r->diag);
    }
    return EQ_OK;
}

static eq_status add_element(reader *r, const eq_xml_node *node) {
    eq_card card = eq_card_new(eq_class_find(eq_xml_name(node)));
    card.name = eq_xml_attribute(node, "name");
    card.name_length = strlen(card.name);
    card.at = location(r, node);
    eq_status status = take_model(r, node, &card);
    if (status == EQ_OK) status = take_nodes(r, node, &card);
    if (status == EQ_OK) status = parameters(r, node, eq_class(card.cls), card.w);
    if (status == EQ_OK && eq_class(card.cls)->control == EQ_CONTROL_FORMULA) {
        card.formula = eq_formula_new(); /* read when all nodes and elements are there */
        if (card.formula == NULL) status = eq_out_of_memory(r->diag);
    }
    if (status == EQ_OK) status = eq_circuit_add(r->c, &card, NULL, r->diag);
    if (status != EQ_OK) eq_formula_free(card.formula);
    return status;
}

/* The element that an attribute names; EQ_NONE and an error when there is none. */
static eq_status element_named(reader *r, const eq_xml_node *node, const char *attribute,
                               eq_element *e) {
    const char *name = eq_xml_attribute(node, attribute);
    *e = name == NULL ? EQ_NONE : eq_circuit_find_element(r->c, name);
    if (name == NULL || *e != EQ_NONE) return EQ_OK;
    return eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, node),
                      "there is no element %s; check %s", name, attribute);
}

/* Controls and formulas are looked up when all elements are there. */
static eq_status connect_controls(reader *r, const eq_xml_node *elements) {
    eq_status status = EQ_OK;
    for (const eq_xml_node *n = eq_xml_first(elements); status == EQ_OK && n != NULL;
         n = eq_xml_next(n)) {
        const char *formula = eq_xml_attribute(n, "formula");
        if (eq_xml_attribute(n, "control") == NULL && formula == NULL) continue;
        eq_element e = eq_circuit_find_element(r->c, eq_xml_attribute(n, "name"));
        eq_row row = r->c->row[e];
        if (formula != NULL)
            status = eq_xml_formula(r->c, formula, location(r, n),
                                    r->c->table[row.cls].formula[row.row], r->diag);
        else
            status = element_named(r, n, "control", &r->c->table[row.cls].control[row.row]);
    }
    return status;
}

static eq_status node_named(reader *r, const eq_xml_node *node, const char *attribute,
                            eq_node *found) {
    const char *name = eq_xml_attribute(node, attribute);
    *found = name == NULL ? EQ_NONE : eq_circuit_find_node(r->c, name);
    if (name == NULL || *found != EQ_NONE) return EQ_OK;
    return eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, node),
                      "there is no node %s; check %s", name, attribute);
}

static eq_status add_capacitor(reader *r, const eq_xml_node *node) {
    const char *name = eq_xml_attribute(node, "name");
    eq_node term[2];
    double farad = NAN;
    eq_status status = node_named(r, node, "a", &term[0]);
    if (status == EQ_OK) status = node_named(r, node, "b", &term[1]);
    if (status == EQ_OK) status = number(r, node, "c", &farad);
    return status != EQ_OK ? status
                           : eq_circuit_capacitor(r->c, name, strlen(name), term, farad,
                                                  location(r, node), r->diag);
}

static bool is_class(const reader *r, eq_element e, int cls) {
    return e == EQ_NONE || r->c->row[e].cls == cls;
}

static eq_status add_input(reader *r, const eq_xml_node *node) {
    eq_element e;
    eq_status status = element_named(r, node, "source", &e);
    if (status == EQ_OK && !is_class(r, e, EQ_CLASS_vsource))
        status = eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, node),
                            "%s is no vsource; inputs are voltage sources",
                            eq_xml_attribute(node, "source"));
    return status == EQ_OK ? eq_circuit_input(r->c, e, r->diag) : status;
}

static eq_status add_output(reader *r, const eq_xml_node *node) {
    eq_output o = {EQ_NONE, EQ_NONE, EQ_NONE, EQ_NONE};
    eq_status status = node_named(r, node, "plus", &o.plus);
    if (status == EQ_OK) status = node_named(r, node, "minus", &o.minus);
    if (status == EQ_OK) status = element_named(r, node, "nudge-plus", &o.nudge_plus);
    if (status == EQ_OK) status = element_named(r, node, "nudge-minus", &o.nudge_minus);
    if (status == EQ_OK && !(is_class(r, o.nudge_plus, EQ_CLASS_isource) &&
                             is_class(r, o.nudge_minus, EQ_CLASS_isource)))
        status = eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, node),
                            "nudge sources are current sources (isource); change the name");
    if (status == EQ_OK && eq_circuit_is_output(r->c, o.plus, o.minus))
        status = eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, node),
                            "this is an output already; name each once");
    return status == EQ_OK
               ? eq_circuit_output(r->c, o.plus, o.minus, o.nudge_plus, o.nudge_minus, r->diag)
               : status;
}

/* Memristors of a circuit in XML stand there as such: the group takes those that match, in deck
 * order. */
static eq_status add_group(reader *r, const eq_xml_node *node) {
    bool conductance = eq_xml_attribute(node, "gmin") != NULL;
    double min = NAN, max = NAN;
    eq_status status = number(r, node, conductance ? "gmin" : "min", &min);
    if (status == EQ_OK) status = number(r, node, conductance ? "gmax" : "max", &max);
    if (status != EQ_OK) return status;
    return eq_circuit_train(r->c, eq_xml_attribute(node, "match"), eq_xml_attribute(node, "param"),
                            min, max, location(r, node), r->diag);
}

/* start, stop and step, or a list of values. */
static eq_status sweep_values(reader *r, const eq_xml_node *n, eq_sweep *s) {
    const char *list = eq_xml_attribute(n, "values");
    double start = NAN, stop = NAN, step = NAN, value;
    eq_status status = number(r, n, "start", &start);
    if (status == EQ_OK) status = number(r, n, "stop", &stop);
    if (status == EQ_OK) status = number(r, n, "step", &step);
    const char *p = list == NULL ? "" : list, *end = p + strlen(p);
    while (status == EQ_OK && p < end) {
        size_t used = eq_parse_double(p, (size_t)(end - p), &value);
        p += used;
        while (p < end && isspace((unsigned char)*p)) p++;
        status = used == 0 ? EQ_ERR_INPUT : eq_sweep_add(r->deck, s, value, r->diag);
    }
    if (status != EQ_OK || (list == NULL && eq_sweep_steps(s, start, stop, step)) ||
        (list != NULL && s->points > 0 && isnan(start) && isnan(stop) && isnan(step)))
        return status;
    if (s->points > EQ_MOST_ITEMS)
        return eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, n),
                          "the sweep has more than %d points; make the step larger", EQ_MOST_ITEMS);
    return eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, n),
                      "no values to sweep; give start, stop and a step that leads from one to the "
                      "other, or values");
}

/* <sweep source="v1" start= stop= step=/>: over an element's value or,
 * if none has that name, temp. */
static eq_status read_sweep(reader *r, const eq_xml_node *n, eq_sweep *s) {
    const char *source = eq_xml_attribute(n, "source");
    eq_element e = EQ_NONE;
    bool temp = eq_same(source, "temp") && eq_circuit_find_element(r->c, source) == EQ_NONE;
    eq_status status = temp ? EQ_OK : element_named(r, n, "source", &e);
    if (status != EQ_OK) return status;
    eq_handle h = temp ? (eq_handle){EQ_NONE, 0} : eq_handle_as_written(r->c, e);
    *s = eq_sweep_of(r->deck, temp ? EQ_TARGET_TEMP : EQ_TARGET_ELEMENT, h,
                     temp ? "temp" : eq_circuit_element_name(r->c, e));
    return s->label == EQ_NO_NAME ? eq_out_of_memory(r->diag) : sweep_values(r, n, s);
}

static eq_status add_dc(reader *r, const eq_xml_node *node) {
    eq_analysis a = {.type = EQ_ANALYSIS_DC, .at = location(r, node)};
    eq_status status = EQ_OK;
    for (const eq_xml_node *n = eq_xml_first(node); status == EQ_OK && n != NULL;
         n = eq_xml_next(n))
        status = read_sweep(r, n, &a.sweep[a.sweeps++]);
    return status == EQ_OK ? eq_deck_add_analysis(r->deck, &a, r->diag) : status;
}

static eq_status add_step(reader *r, const eq_xml_node *node) {
    eq_sweep s;
    eq_status status = read_sweep(r, node, &s);
    return status == EQ_OK ? eq_deck_add_step(r->deck, &s, r->diag) : status;
}

static eq_status add_start(reader *r, const eq_xml_node *node) {
    eq_node at;
    double v = 0.0;
    eq_status status = node_named(r, node, "node", &at);
    if (status == EQ_OK) status = number(r, node, "v", &v);
    return status == EQ_OK ? eq_circuit_start(r->c, at, v, r->diag) : status;
}

static eq_status add_off(reader *r, const eq_xml_node *node) {
    eq_element e = EQ_NONE;
    eq_status status = element_named(r, node, "element", &e);
    const eq_device_class *cls = e == EQ_NONE ? NULL : eq_class(r->c->row[e].cls);
    if (cls != NULL && !eq_class_limits(cls))
        return eq_fail_at(
            r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, node),
            "%s is a %s, which has no junction to be off; name a diode or a transistor",
            eq_circuit_element_name(r->c, e), cls->name);
    return status == EQ_OK ? eq_circuit_put_off(r->c, e, r->diag) : status;
}

static eq_status add_op(reader *r, const eq_xml_node *node) {
    eq_analysis a = {.type = EQ_ANALYSIS_OP, .at = location(r, node)};
    return eq_deck_add_analysis(r->deck, &a, r->diag);
}

static eq_status set_options(reader *r, const eq_xml_node *node) {
    eq_circuit *c = r->c;
    double itl1 = c->options.itl1, reltol = c->options.reltol;
    const struct {
        const char *name;
        double *value;
    } option[] = {{"temp", &c->env.temp},         {"tnom", &c->env.tnom}, {"gmin", &c->env.gmin},
                  {"abstol", &c->options.abstol}, {"reltol", &reltol},    {"itl1", &itl1}};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof option / sizeof *option; k++)
        status = number(r, node, option[k].name, option[k].value);
    c->options.itl1 = itl1 >= 1.0 && itl1 <= 1e6 ? (int)itl1 : c->options.itl1;
    c->options.reltol = fmin(reltol, c->options.reltol);
    return status;
}

/* What the children of <circuit> do, in the order of the schema. */
static const struct {
    const char *name;
    eq_status (*add)(reader *r, const eq_xml_node *node);
} parts[] = {{"options", set_options}, {"model", add_model}, {"input", add_input},
             {"output", add_output},   {"train", add_group}, {"op", add_op},
             {"dc", add_dc},           {"step", add_step},   {"nodeset", add_start},
             {"off", add_off}};

static eq_status add_elements(reader *r, const eq_xml_node *elements) {
    eq_status status = EQ_OK;
    for (const eq_xml_node *n = eq_xml_first(elements); n != NULL; n = eq_xml_next(n)) {
        bool open = strcmp(eq_xml_name(n), "capacitor") == 0;
        eq_status one = open ? add_capacitor(r, n) : add_element(r, n);
        if (status == EQ_OK) status = one;
    }
    return status == EQ_OK ? connect_controls(r, elements) : status;
}

static eq_status read_circuit(reader *r) {
    const eq_xml_node *root = eq_xml_root(r->xml);
    const char *title = eq_xml_attribute(root, "title");
    eq_status status = EQ_OK;
    if (title != NULL) {
        eq_free(r->c->title);
        r->c->title = eq_strdup(title);
        if (r->c->title == NULL) return eq_out_of_memory(r->diag);
    }
    for (const eq_xml_node *n = eq_xml_first(root); status == EQ_OK && n != NULL;
         n = eq_xml_next(n)) {
        if (strcmp(eq_xml_name(n), "elements") == 0) status = add_elements(r, n);
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            if (strcmp(eq_xml_name(n), parts[k].name) == 0) status = parts[k].add(r, n);
    }
    return status == EQ_OK ? eq_circuit_freeze(r->c, r->diag) : status;
}

eq_status eq_xml_circuit_parse(const char *name, const char *text, size_t length, eq_deck **out,
                               eq_diag *diag) {
    eq_xml *xml = NULL;
    eq_status status = eq_xml_parse(name, text, length, &eq_schema_circuit, &xml, diag);
    if (status != EQ_OK) return status;
    eq_deck *d = eq_deck_new();
    reader r = {xml, d, d == NULL ? NULL : d->circuit, diag, EQ_NONE};
    if (d == NULL) status = eq_out_of_memory(diag);
    if (status == EQ_OK) r.file = eq_circuit_file(r.c, name);
    if (status == EQ_OK && r.file == EQ_NONE) status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = read_circuit(&r);
    eq_xml_free(xml);
    if (status == EQ_OK)
        *out = d;
    else
        eq_deck_free(d);
    return status;
}
