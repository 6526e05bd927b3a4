/* Circuits out as XML (schemas/circuit.xsd). */
#include <math.h>
#include <string.h>

#include "netlist/write/write.h"
#include "netlist/xml/circuit.h"
#include "netlist/xml/xml.h"

static void put_text(eq_text *out, const char *name, const char *value) {
    eq_text_printf(out, " %s=\"", name);
    eq_xml_escape(EQ_CARRY_XML, value, out);
    eq_text_puts(out, "\"");
}

static void put_value(eq_text *out, const char *name, double value) {
    eq_text_printf(out, " %s=\"", name);
    eq_text_number(out, value);
    eq_text_puts(out, "\"");
}

/* Parameters that differ from `start` (the model's, or the defaults). */
static void put_params(eq_text *out, const eq_device_class *cls, const double *value,
                       const double *start) {
    for (int k = 0; k < cls->params; k++)
        if (!isnan(value[k]) && !(value[k] == start[k]))
            put_value(out, eq_xml_param(cls, k), value[k]);
}

static void put_options(const eq_circuit *c, eq_text *out) {
    eq_text_puts(out, "  <options");
    put_value(out, "temp", c->env.temp);
    put_value(out, "tnom", c->env.tnom);
    put_value(out, "gmin", c->env.gmin);
    put_value(out, "abstol", c->options.abstol);
    put_value(out, "reltol", c->options.reltol);
    put_value(out, "itl1", c->options.itl1);
    eq_text_puts(out, "/>\n");
}

static void put_models(const eq_circuit *c, eq_text *out) {
    for (size_t k = 0; k < c->models; k++) {
        const eq_model *m = &c->model[k];
        eq_card start = eq_card_new(m->cls);
        eq_text_puts(out, "  <model");
        put_text(out, "name", m->name);
        put_text(out, "class", eq_class(m->cls)->name);
        put_params(out, eq_class(m->cls), m->w, start.w);
        eq_text_puts(out, "/>\n");
    }
}

static void put_input(void *data, const eq_formula_input *in, eq_text *out) {
    const eq_circuit *c = data;
    if (in->kind == EQ_INPUT_TEMPERATURE)
        eq_text_puts(out, "temper");
    else if (in->kind == EQ_INPUT_CURRENT)
        eq_text_printf(out, "i(%s)", eq_circuit_element_name(c, in->branch));
    else if (in->minus == EQ_GROUND)
        eq_text_printf(out, "v(%s)", eq_circuit_node_name(c, in->plus));
    else
        eq_text_printf(out, "v(%s,%s)", eq_circuit_node_name(c, in->plus),
                       eq_circuit_node_name(c, in->minus));
}

static const char *put_formula(const eq_circuit *c, const eq_formula *f, eq_text *out) {
    eq_text text = {0};
    const char *missing = eq_write_formula(f, EQ_XML, put_input, (void *)c, &text);
    if (missing == NULL && !text.failed) put_text(out, "formula", text.text);
    if (text.failed) out->failed = true;
    eq_text_free(&text);
    return missing;
}

static void put_element(const eq_circuit *c, eq_element e, eq_text *out, const char **missing) {
    eq_row r = c->row[e];
    const eq_table *t = &c->table[r.cls];
    eq_card start = eq_card_new(r.cls);
    double value[EQ_MAX_COLUMNS] = {0};
    for (int k = 0; k < t->cls->params; k++) value[k] = t->w[k][r.row];
    eq_text_printf(out, "    <%s", t->cls->name);
    put_text(out, "name", eq_circuit_element_name(c, e));
    for (int k = 0; k < eq_class_terminals(t->cls); k++)
        put_text(out, (const char[]){(char)('a' + k), '\0'},
                 eq_circuit_node_name(c, t->term[k][r.row]));
    if (t->control != NULL) put_text(out, "control", eq_circuit_element_name(c, t->control[r.row]));
    if (t->formula != NULL) {
        const char *lacks = put_formula(c, t->formula[r.row], out);
        *missing = lacks == NULL ? *missing : lacks;
    }
    if (t->model != NULL && t->model[r.row] != EQ_NONE && t->cls->programmable == NULL) {
        const eq_model *m = &c->model[t->model[r.row]];
        put_text(out, "model", m->name);
        memcpy(start.w, m->w, sizeof start.w);
    }
    put_params(out, t->cls, value, start.w);
    eq_text_puts(out, "/>\n");
}

static void put_capacitors(const eq_circuit *c, eq_text *out) {
    for (size_t k = 0; k < c->capacitors; k++) {
        const eq_capacitor *own = &c->capacitor[k];
        if (isnan(own->farad)) continue;
        eq_text_puts(out, "    <capacitor");
        put_text(out, "name", eq_names_get(c->capacitor_name, (int32_t)k));
        put_text(out, "a", eq_circuit_node_name(c, own->term[0]));
        put_text(out, "b", eq_circuit_node_name(c, own->term[1]));
        put_value(out, "c", own->farad);
        eq_text_puts(out, "/>\n");
    }
}

static void put_output(const eq_circuit *c, const eq_output *o, eq_text *out) {
    eq_text_puts(out, "  <output");
    put_text(out, "plus", eq_circuit_node_name(c, o->plus));
    if (o->minus != EQ_NONE) put_text(out, "minus", eq_circuit_node_name(c, o->minus));
    if (o->nudge_plus != EQ_NONE)
        put_text(out, "nudge-plus", eq_circuit_element_name(c, o->nudge_plus));
    if (o->nudge_minus != EQ_NONE)
        put_text(out, "nudge-minus", eq_circuit_element_name(c, o->nudge_minus));
    eq_text_puts(out, "/>\n");
}

/* A sweep as values of an element of the circuit or of the temperature; XML has no parameters. */
static void put_sweep(const eq_deck *d, const eq_sweep *s, const char *tag, eq_text *out) {
    eq_text_printf(out, "<%s", tag);
    put_text(out, "source", eq_sweep_name(d, s));
    if (s->spacing == EQ_SPACING_LINEAR && !s->ends) {
        put_value(out, "start", s->factor * s->start);
        put_value(out, "stop", s->factor * s->stop);
        put_value(out, "step", s->factor * s->step);
    } else {
        eq_text_puts(out, " values=\"");
        for (size_t j = 0; j < s->points; j++) {
            if (j > 0) eq_text_puts(out, " ");
            eq_text_number(out, s->factor * eq_sweep_value(d, s, j));
        }
        eq_text_puts(out, "\"");
    }
    eq_text_puts(out, "/>\n");
}

/* Of n sweeps in a row, the first. An element called temp hides the temperature. */
static bool in_xml(const eq_deck *d, const eq_sweep *s, size_t n) {
    if (s->follows || (n > 1 && s[1].follows)) return false;
    if (s->target == EQ_TARGET_TEMP) return eq_circuit_find_element(d->circuit, "temp") == EQ_NONE;
    return s->target == EQ_TARGET_ELEMENT &&
           s->handle.param == eq_handle_as_written(d->circuit, s->handle.element).param;
}

static void put_analysis(const eq_deck *d, const eq_analysis *a, eq_text *out, eq_diag *diag) {
    bool whole = true;
    for (int k = 0; k < a->sweeps; k++)
        whole = whole && in_xml(d, &a->sweep[k], (size_t)(a->sweeps - k));
    if (!whole)
        eq_warn_at(
            diag, eq_circuit_place(d->circuit, a->at),
            "left out: XML has no sweeps over parameters and tables, of which this .dc has one");
    else if (a->type == EQ_ANALYSIS_OP)
        eq_text_puts(out, "  <op/>\n");
    else if (a->type != EQ_ANALYSIS_DC)
        eq_warn_at(diag, eq_circuit_place(d->circuit, a->at),
                   "left out: XML has no .tf and .sens; read the deck itself for them");
    if (!whole || a->type != EQ_ANALYSIS_DC) return;
    eq_text_puts(out, "  <dc>\n");
    for (int k = 0; k < a->sweeps; k++) {
        eq_text_puts(out, "    ");
        put_sweep(d, &a->sweep[k], "sweep", out);
    }
    eq_text_puts(out, "  </dc>\n");
}

static void put_step(const eq_deck *d, size_t k, eq_text *out, eq_diag *diag) {
    const eq_sweep *s = &d->step[k];
    if (!in_xml(d, s, d->steps - k)) {
        eq_warn_at(diag, (eq_place){0}, "left out: XML has no step over the parameter %s",
                   eq_sweep_name(d, s));
        return;
    }
    eq_text_puts(out, "  ");
    put_sweep(d, s, "step", out);
}

/* The analyses and the loops around them. */
static void put_plan(const eq_deck *d, eq_text *out, eq_diag *diag) {
    if (d == NULL) eq_text_puts(out, "  <op/>\n");
    for (size_t k = 0; d != NULL && k < d->analyses; k++)
        put_analysis(d, &d->analysis[k], out, diag);
    for (size_t k = 0; d != NULL && k < d->steps; k++) put_step(d, k, out, diag);
}

/* A comment may not hold "--". */
static void put_comment(eq_text *out, const char *text) {
    eq_text_puts(out, "<!-- ");
    for (; *text != '\0'; text++) {
        if (text[0] == '-' && text[1] == '-')
            eq_text_puts(out, "- ");
        else
            eq_text_add(out, (unsigned char)*text < ' ' ? " " : text, 1);
    }
    eq_text_puts(out, " -->\n");
}

static eq_status check_name(eq_carrier to, const char *what, const char *name, eq_place at,
                            eq_diag *diag) {
    char sign[EQ_SIGN];
    if (eq_carries(to, name, sign)) return EQ_OK;
    return eq_fail_at(
        diag, EQ_ERR_INPUT, at,
        "the name '%s' of %s %s cannot be written for xml, where '%s' cannot stand in "
        "it%s; rename it with letters, digits and _",
        name, what[0] == 'e' ? "an" : "a", what, sign,
        to == EQ_CARRY_FORMULA ? " inside a formula" : "");
}

static eq_status check_node(const eq_circuit *c, eq_carrier to, eq_node node, eq_diag *diag) {
    eq_text text = {0};
    char sign[EQ_SIGN];
    if (eq_carries(to, eq_circuit_node_name(c, node), sign)) return EQ_OK;
    eq_element e = eq_circuit_name_touching(c, NULL, node, &text);
    eq_text_free(&text);
    return check_name(to, "node", eq_circuit_node_name(c, node),
                      e == EQ_NONE ? (eq_place){0} : eq_circuit_place_of(c, e), diag);
}

static eq_status check_inputs(const eq_circuit *c, const eq_formula *f, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < f->inputs; k++) {
        const eq_formula_input *in = &f->input[k];
        if (in->kind == EQ_INPUT_CURRENT)
            status = check_name(EQ_CARRY_FORMULA, "element", eq_circuit_element_name(c, in->branch),
                                eq_circuit_place_of(c, in->branch), diag);
        if (in->kind != EQ_INPUT_DROP) continue;
        status = check_node(c, EQ_CARRY_FORMULA, in->plus, diag);
        if (status == EQ_OK) status = check_node(c, EQ_CARRY_FORMULA, in->minus, diag);
    }
    return status;
}

/* Every name, before anything is written. */
eq_status eq_xml_check_names(const eq_circuit *c, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < eq_circuit_nodes(c); k++)
        status = check_node(c, EQ_CARRY_XML, (eq_node)k, diag);
    for (size_t e = 0; status == EQ_OK && e < eq_circuit_elements(c); e++)
        status = check_name(EQ_CARRY_XML, "element", eq_circuit_element_name(c, (eq_element)e),
                            eq_circuit_place_of(c, (eq_element)e), diag);
    for (size_t k = 0; status == EQ_OK && k < c->capacitors; k++)
        status = check_name(EQ_CARRY_XML, "element", eq_names_get(c->capacitor_name, (int32_t)k),
                            (eq_place){0}, diag);
    for (size_t k = 0; status == EQ_OK && k < c->models; k++)
        status = check_name(EQ_CARRY_XML, "model", c->model[k].name, (eq_place){0}, diag);
    for (size_t k = 0; status == EQ_OK && k < c->groups; k++)
        status = check_name(EQ_CARRY_XML, "group", c->group[k].name, (eq_place){0}, diag);
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &c->table[cls];
        for (size_t j = 0; status == EQ_OK && t->formula != NULL && j < t->count; j++)
            status = check_inputs(c, t->formula[j], diag);
    }
    return status;
}

eq_status eq_write_xml(const eq_circuit *c, const eq_deck *plan, const char *note, eq_text *out,
                       eq_diag *diag) {
    const char *missing = NULL;
    eq_status status = eq_xml_check_names(c, diag);
    if (status != EQ_OK) return status;
    eq_text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if (note != NULL) put_comment(out, note);
    eq_text_puts(out, "<circuit title=\"");
    eq_xml_escape(EQ_CARRY_TEXT, c->title, out);
    eq_text_puts(out, "\">\n");
    put_options(c, out);
    put_models(c, out);
    eq_text_puts(out, "  <elements>\n");
    for (size_t e = 0; e < eq_circuit_elements(c); e++) {
        if (eq_class(c->row[e].cls)->hidden > 0)
            return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place_of(c, (eq_element)e),
                              "%s is of a compiled module, and XML has no element for it; export "
                              "for ngspice",
                              eq_circuit_element_name(c, (eq_element)e));
        put_element(c, (eq_element)e, out, &missing);
        if (missing != NULL)
            return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place_of(c, (eq_element)e),
                              "the formula of %s cannot be written, which needs %s",
                              eq_circuit_element_name(c, (eq_element)e), missing);
    }
    put_capacitors(c, out);
    eq_text_puts(out, "  </elements>\n");
    for (size_t k = 0; k < c->inputs; k++) {
        eq_text_puts(out, "  <input");
        put_text(out, "source", eq_circuit_element_name(c, c->input[k]));
        eq_text_puts(out, "/>\n");
    }
    for (size_t k = 0; k < c->outputs; k++) put_output(c, &c->output[k], out);
    for (size_t k = 0; k < c->groups; k++) {
        eq_text_puts(out, "  <train");
        const eq_group *g = &c->group[k];
        const eq_device_class *cls = eq_class(g->cls);
        put_text(out, "match", g->name);
        if (g->param != cls->value) put_text(out, "param", cls->param[g->param].name);
        put_value(out, cls->inverse != NULL ? "gmin" : "min", g->min);
        put_value(out, cls->inverse != NULL ? "gmax" : "max", g->max);
        eq_text_puts(out, "/>\n");
    }
    for (size_t k = 0; k < c->starts; k++) {
        eq_text_puts(out, "  <nodeset");
        if (c->start[k].node != EQ_NONE)
            put_text(out, "node", eq_circuit_node_name(c, c->start[k].node));
        put_value(out, "v", c->start[k].v);
        eq_text_puts(out, "/>\n");
    }
    for (size_t k = 0; k < c->offs; k++) {
        eq_text_puts(out, "  <off");
        put_text(out, "element", eq_circuit_element_name(c, c->off[k]));
        eq_text_puts(out, "/>\n");
    }
    put_plan(plan, out, diag);
    eq_text_puts(out, "</circuit>\n");
    return out->failed ? eq_out_of_memory(diag) : EQ_OK;
}
