#include "circuit/circuit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "circuit/formula.h"
#include "devices/osdi/osdi.h"

/* Boltzmann over charge of ngspice (CODATA 2014): Vt(27 C)/300.15 K (docs/theory.md, 7). */
static const double ngspice_k_over_q = 0.025864917007157 / 300.15;

eq_circuit *eq_circuit_new(void) {
    eq_circuit *c = eq_calloc(1, sizeof *c);
    if (c == NULL) return NULL;
    c->node = eq_names_new();
    c->element = eq_names_new();
    c->capacitor_name = eq_names_new();
    c->title = eq_strdup("");
    for (int k = 0; k < EQ_CLASS_COUNT; k++) c->table[k].cls = eq_class(k);
    c->env = (eq_environment){ngspice_k_over_q, 27.0, 27.0, 1e-12};
    c->options = (eq_options){1e-12, 1e-9, 100};
    bool whole = c->node != NULL && c->element != NULL && c->capacitor_name != NULL &&
                 c->title != NULL && eq_names_add(c->node, "0", 1) == EQ_GROUND;
    if (whole) return c;
    eq_circuit_free(c);
    return NULL;
}

static void table_free(eq_table *t) {
    for (size_t j = 0; t->cls->release != NULL && j < t->count; j++) t->cls->release(t->w, j);
    for (int k = 0; k < EQ_MAX_TERMINALS; k++) eq_free(t->term[k]);
    for (int k = 0; k < EQ_MAX_COLUMNS; k++) eq_free(t->w[k]);
    eq_free(t->control);
    for (size_t j = 0; t->formula != NULL && j < t->count; j++) eq_formula_free(t->formula[j]);
    eq_free(t->formula);
    eq_free(t->id);
    eq_free(t->model);
}

void eq_circuit_free(eq_circuit *c) {
    if (c == NULL) return;
    for (int32_t k = 0; k < c->files; k++) eq_free(c->file[k]);
    for (size_t k = 0; k < c->groups; k++) {
        eq_free(c->group[k].name);
        eq_free(c->group[k].row);
    }
    for (int k = 0; k < EQ_CLASS_COUNT; k++) table_free(&c->table[k]);
    for (size_t k = 0; k < c->models; k++) {
        eq_free(c->model[k].name);
        eq_osdi_model_free(c->model[k].compiled);
    }
    eq_names_free(c->node);
    eq_names_free(c->element);
    eq_names_free(c->capacitor_name);
    eq_free(c->capacitor);
    eq_free(c->title);
    eq_free(c->file);
    eq_free(c->row);
    eq_free(c->origin);
    eq_free(c->model);
    eq_free(c->start);
    eq_free(c->off);
    eq_free(c->input);
    eq_free(c->output);
    eq_free(c->group);
    eq_free(c);
}

eq_status eq_circuit_entitle(eq_circuit *c, eq_text *title, eq_diag *diag) {
    if (title->failed) {
        eq_text_free(title);
        return eq_out_of_memory(diag);
    }
    eq_free(c->title);
    c->title = title->text;
    return EQ_OK;
}

static bool is_gnd(const char *name, size_t length) {
    return length == 3 && (name[0] | 32) == 'g' && (name[1] | 32) == 'n' && (name[2] | 32) == 'd';
}

eq_node eq_circuit_node(eq_circuit *c, const char *name, size_t length) {
    return is_gnd(name, length) ? EQ_GROUND : eq_names_add_lower(c->node, name, length);
}

eq_node eq_circuit_find_node(const eq_circuit *c, const char *name) {
    return is_gnd(name, strlen(name)) ? EQ_GROUND
                                      : eq_names_find_lower(c->node, name, strlen(name));
}

eq_element eq_circuit_find_element(const eq_circuit *c, const char *name) {
    return eq_names_find_lower(c->element, name, strlen(name));
}

size_t eq_circuit_nodes(const eq_circuit *c) {
    return eq_names_count(c->node);
}

size_t eq_circuit_elements(const eq_circuit *c) {
    return eq_names_count(c->element);
}

const char *eq_circuit_node_name(const eq_circuit *c, eq_node node) {
    return eq_names_get(c->node, node);
}

const char *eq_circuit_element_name(const eq_circuit *c, eq_element e) {
    return eq_names_get(c->element, e);
}

int32_t eq_circuit_file(eq_circuit *c, const char *name) {
    for (int32_t k = 0; k < c->files; k++)
        if (strcmp(c->file[k], name) == 0) return k;
    char *copy = eq_strdup(name);
    if (copy == NULL ||
        !eq_grow((void **)&c->file, &c->file_cap, (size_t)c->files + 1, sizeof *c->file)) {
        eq_free(copy);
        return EQ_NONE;
    }
    c->file[c->files] = copy;
    return c->files++;
}

eq_place eq_circuit_place(const eq_circuit *c, eq_location at) {
    const char *file = at.file >= 0 && at.file < c->files ? c->file[at.file] : NULL;
    return (eq_place){file, at.line, at.column};
}

eq_location eq_circuit_at(const eq_circuit *c, eq_element e) {
    const eq_origin *o = &c->origin[e];
    return (eq_location){o->file - 1, o->line, o->column};
}

eq_place eq_circuit_place_of(const eq_circuit *c, eq_element e) {
    return eq_circuit_place(c, eq_circuit_at(c, e));
}

/* Whether element e ends at a node of the group. */
static bool touches(const eq_circuit *c, eq_element e, const int32_t *group, int32_t member) {
    const eq_table *t = &c->table[c->row[e].cls];
    int ends = t->cls->control == EQ_CONTROL_PORT ? eq_class_nodes(t->cls) : 2;
    for (int k = 0; k < ends; k++) {
        eq_node n = t->term[k][c->row[e].row];
        if ((group == NULL ? n : group[n]) == member) return true;
    }
    return false;
}

eq_element eq_circuit_name_touching(const eq_circuit *c, const int32_t *group, int32_t member,
                                    eq_text *text) {
    enum { NAMED = 4 };
    eq_element first = EQ_NONE;
    int named = 0;
    for (eq_element e = 0; e < (eq_element)eq_circuit_elements(c) && named <= NAMED; e++) {
        if (!touches(c, e, group, member)) continue;
        if (named == 0) first = e;
        eq_text_printf(text, "%s%s", named == 0 ? "" : ", ",
                       named == NAMED ? "..." : eq_circuit_element_name(c, e));
        named++;
    }
    return first;
}

eq_card eq_card_new(int cls) {
    eq_card card = {.cls = cls, .control = EQ_NONE, .model = EQ_NONE, .at = {EQ_NONE, 0, 0}};
    for (int k = 0; k < EQ_MAX_TERMINALS; k++) card.term[k] = EQ_NONE;
    const eq_device_class *c = eq_class(cls);
    for (int k = 0; k < c->params; k++) card.w[k] = c->param[k].default_value;
    return card;
}

/* Of the parameters without default the value must be given, `derive` fills in the others. */
static bool may_be_nan(const eq_device_class *cls, int k) {
    return isnan(cls->param[k].default_value) && k != cls->value;
}

eq_status eq_param_check(const eq_device_class *cls, int k, double value, eq_place at, int length,
                         const char *name, eq_diag *diag) {
    const eq_param *p = &cls->param[k];
    if (isnan(value) && may_be_nan(cls, k)) return EQ_OK;
    if (isnan(value))
        return eq_fail_at(diag, EQ_ERR_INPUT, at, "%.*s has no %s; give %s in %s", length, name,
                          p->name, p->name, p->unit);
    if (!(value >= p->min && value <= p->max))
        return eq_fail_at(diag, EQ_ERR_INPUT, at,
                          "%s = %g of %.*s is outside %g..%g%s%s; give a value inside", p->name,
                          value, length, name, p->min, p->max, eq_param_blank(p), eq_param_unit(p));
    return EQ_OK;
}

/* Most values: eq_param_check has nothing to say. */
static inline bool plainly_good(const eq_device_class *cls, int k, double value) {
    const eq_param *p = &cls->param[k];
    return value == p->default_value || (value >= p->min && value <= p->max && value != 0.0) ||
           (isnan(value) && may_be_nan(cls, k));
}

static eq_status check_card(const eq_circuit *c, const eq_card *card, eq_diag *diag) {
    const eq_device_class *cls = eq_class(card->cls);
    eq_status status = EQ_OK;
    for (int k = 0; status == EQ_OK && k < cls->params; k++) {
        if (plainly_good(cls, k, card->w[k])) continue;
        status = eq_param_check(cls, k, card->w[k], eq_circuit_place(c, card->at),
                                (int)card->name_length, card->name, diag);
    }
    return status;
}

/* What the class has against whole rows. */
static eq_status check_rows(const eq_circuit *c, const eq_table *t, eq_diag *diag) {
    for (size_t row = 0; t->cls->wrong != NULL && row < t->count; row++) {
        const char *wrong = t->cls->wrong(t->w, row);
        if (wrong == NULL) continue;
        return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place_of(c, t->id[row]), "%s: %s",
                          eq_circuit_element_name(c, t->id[row]), wrong);
    }
    return EQ_OK;
}

/* One pass over the tables finds whether something is wrong; only then places and names are looked
 * up. */
eq_status eq_circuit_check_values(const eq_circuit *c, eq_diag *diag) {
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &c->table[cls];
        eq_status rows = check_rows(c, t, diag);
        if (rows != EQ_OK) return rows;
        for (int k = 0; k < t->cls->params; k++)
            for (size_t row = 0; row < t->count; row++) {
                double value = t->w[k][row];
                if (plainly_good(t->cls, k, value)) continue;
                const char *name = eq_circuit_element_name(c, t->id[row]);
                eq_status status =
                    eq_param_check(t->cls, k, value, eq_circuit_place_of(c, t->id[row]),
                                   (int)strlen(name), name, diag);
                if (status != EQ_OK) return status;
            }
    }
    return EQ_OK;
}

/* Room for so many rows in one array of the table. */
static bool reserve(const eq_table *t, void **array, size_t rows, size_t size) {
    size_t cap = t->cap;
    return eq_grow(array, &cap, rows, size);
}

bool eq_table_reserve(eq_table *t, size_t rows) {
    if (rows <= t->cap) return true;
    for (int k = 0; k < eq_class_nodes(t->cls); k++)
        if (!reserve(t, (void **)&t->term[k], rows, sizeof **t->term)) return false;
    for (int k = 0; k < t->cls->columns; k++)
        if (!reserve(t, (void **)&t->w[k], rows, sizeof **t->w)) return false;
    if (t->cls->control == EQ_CONTROL_CURRENT &&
        !reserve(t, (void **)&t->control, rows, sizeof *t->control))
        return false;
    if (t->cls->control == EQ_CONTROL_FORMULA &&
        !reserve(t, (void **)&t->formula, rows, sizeof *t->formula))
        return false;
    if (t->cls->model_type != NULL && !reserve(t, (void **)&t->model, rows, sizeof *t->model))
        return false;
    return eq_grow((void **)&t->id, &t->cap, rows, sizeof *t->id);
}

bool eq_circuit_reserve(eq_circuit *c, const size_t *rows, size_t elements) {
    bool done = eq_names_reserve(c->element, elements) &&
                eq_grow((void **)&c->row, &c->row_cap, elements, sizeof *c->row) &&
                eq_grow((void **)&c->origin, &c->origin_cap, elements, sizeof *c->origin);
    for (int k = 0; done && k < EQ_CLASS_COUNT; k++) done = eq_table_reserve(&c->table[k], rows[k]);
    return done;
}

void eq_table_set(eq_table *t, size_t row, const eq_card *card, eq_element id) {
    for (int k = 0; k < eq_class_nodes(t->cls); k++) t->term[k][row] = card->term[k];
    for (int k = 0; k < t->cls->columns; k++) t->w[k][row] = k < t->cls->params ? card->w[k] : NAN;
    t->id[row] = id;
    if (t->control != NULL) t->control[row] = card->control;
    if (t->formula != NULL) t->formula[row] = card->formula;
    if (t->model != NULL) t->model[row] = card->model;
}

/* The files of a deck are EQ_MAX_INCLUDES at most (netlist/spice/scan.c). */
static eq_origin origin_of(eq_location at) {
    uint16_t column = (uint16_t)(at.column < UINT16_MAX ? at.column : UINT16_MAX);
    return (eq_origin){at.line, (uint16_t)(at.file + 1), column};
}

/* The card's name and its values, and whether there may be one more element. */
static eq_status check_element(const eq_circuit *c, const eq_card *card, eq_diag *diag) {
    if (card->name_length > EQ_MAX_NAME)
        return eq_name_fits(card->name, card->name_length, eq_circuit_place(c, card->at), diag);
    if ((double)eq_names_count(c->element) >= eq_max_elements)
        return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place(c, card->at),
                          "the circuit has more than %g elements; use fewer", eq_max_elements);
    return check_card(c, card, diag);
}

/* The internal nodes of an element of a port class: NAME#1, NAME#2, ... */
static bool own_nodes(eq_circuit *c, const eq_table *t, size_t row, eq_element id) {
    bool made = true;
    for (int k = eq_class_terminals(t->cls); made && k < eq_class_nodes(t->cls); k++) {
        eq_text name = {0};
        eq_text_printf(&name, "%s#%d", eq_circuit_element_name(c, id),
                       k + 1 - eq_class_terminals(t->cls));
        t->term[k][row] = name.failed ? EQ_NONE : eq_circuit_node(c, name.text, name.length);
        made = t->term[k][row] != EQ_NONE;
        eq_text_free(&name);
    }
    return made;
}

eq_status eq_circuit_add(eq_circuit *c, const eq_card *card, eq_element *e, eq_diag *diag) {
    eq_status status = check_element(c, card, diag);
    if (status != EQ_OK) return status;
    eq_table *t = &c->table[card->cls];
    size_t before = eq_names_count(c->element);
    if (!eq_grow((void **)&c->row, &c->row_cap, before + 1, sizeof *c->row) ||
        !eq_grow((void **)&c->origin, &c->origin_cap, before + 1, sizeof *c->origin) ||
        !eq_table_reserve(t, t->count + 1))
        return eq_out_of_memory(diag);
    int32_t id = eq_names_add_lower(c->element, card->name, card->name_length);
    if (id == EQ_NO_NAME) return eq_out_of_memory(diag);
    if (eq_names_count(c->element) == before) {
        eq_place first = eq_circuit_place_of(c, id);
        return eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place(c, card->at),
                          "a second element %s (the first is at %s:%d); give it another name",
                          eq_circuit_element_name(c, id), first.file == NULL ? "-" : first.file,
                          first.line);
    }
    eq_table_set(t, t->count, card, id);
    if (!own_nodes(c, t, t->count, id)) return eq_out_of_memory(diag);
    c->row[id] = (eq_row){card->cls, (int32_t)t->count};
    c->origin[id] = origin_of(card->at);
    t->count++;
    if (e != NULL) *e = id;
    return card->off && eq_class_limits(t->cls) ? eq_circuit_put_off(c, id, diag) : EQ_OK;
}

eq_status eq_circuit_input(eq_circuit *c, eq_element source, eq_diag *diag) {
    if (!eq_grow((void **)&c->input, &c->input_cap, c->inputs + 1, sizeof *c->input))
        return eq_out_of_memory(diag);
    c->input[c->inputs++] = source;
    return EQ_OK;
}

bool eq_circuit_is_output(const eq_circuit *c, eq_node plus, eq_node minus) {
    for (size_t k = 0; k < c->outputs; k++)
        if (c->output[k].plus == plus && c->output[k].minus == minus) return true;
    return false;
}

eq_status eq_circuit_output(eq_circuit *c, eq_node plus, eq_node minus, eq_element nudge_plus,
                            eq_element nudge_minus, eq_diag *diag) {
    if (!eq_grow((void **)&c->output, &c->output_cap, c->outputs + 1, sizeof *c->output))
        return eq_out_of_memory(diag);
    c->output[c->outputs++] = (eq_output){plus, minus, nudge_plus, nudge_minus};
    return EQ_OK;
}

eq_status eq_circuit_start(eq_circuit *c, eq_node node, double v, eq_diag *diag) {
    if (!eq_grow((void **)&c->start, &c->start_cap, c->starts + 1, sizeof *c->start))
        return eq_out_of_memory(diag);
    c->start[c->starts++] = (eq_start){node, v};
    return EQ_OK;
}

void eq_circuit_begin(const eq_circuit *c, double *v, double *held) {
    double all = 0.0;
    for (size_t k = 0; k < c->starts; k++)
        if (c->start[k].node == EQ_NONE) all = c->start[k].v;
    for (size_t n = 0; n < eq_circuit_nodes(c); n++) {
        v[n] = all;
        held[n] = NAN;
    }
    for (size_t k = 0; k < c->starts; k++)
        if (c->start[k].node != EQ_NONE)
            v[c->start[k].node] = held[c->start[k].node] = c->start[k].v;
    v[EQ_GROUND] = 0.0;
}

static int by_number(const void *a, const void *b) {
    eq_element x = *(const eq_element *)a, y = *(const eq_element *)b;
    return (x > y) - (x < y);
}

bool eq_circuit_is_off(const eq_circuit *c, eq_element e) {
    return c->offs > 0 && bsearch(&e, c->off, c->offs, sizeof e, by_number) != NULL;
}

eq_status eq_circuit_put_off(eq_circuit *c, eq_element e, eq_diag *diag) {
    if (eq_circuit_is_off(c, e)) return EQ_OK;
    if (!eq_grow((void **)&c->off, &c->off_cap, c->offs + 1, sizeof *c->off))
        return eq_out_of_memory(diag);
    size_t k = c->offs++;
    for (; k > 0 && c->off[k - 1] > e; k--) c->off[k] = c->off[k - 1];
    c->off[k] = e;
    return EQ_OK;
}

double *eq_circuit_param(eq_circuit *c, eq_element e, int k) {
    eq_row r = c->row[e];
    return &c->table[r.cls].w[k][r.row];
}

double *eq_circuit_source(eq_circuit *c, eq_element e) {
    return eq_circuit_param(c, e, 0);
}

/* inudge_NODE, or inudge_NODE_2 and so on where an output before has that node, too. */
static void name_nudge(const eq_circuit *c, eq_node node, eq_text *name) {
    for (size_t k = 1; k == 1 || (!name->failed && eq_circuit_find_element(c, name->text) >= 0);
         k++) {
        name->length = 0;
        eq_text_printf(name, "inudge_%s", eq_circuit_node_name(c, node));
        if (k > 1) eq_text_printf(name, "_%zu", k);
    }
}

/* Current sources for the nudge of output node `node`, from ground into it, 0 A. */
static eq_status make_nudge(eq_circuit *c, eq_node node, eq_element *e, eq_diag *diag) {
    if (node == EQ_NONE || *e != EQ_NONE) return EQ_OK;
    eq_text name = {0};
    name_nudge(c, node, &name);
    if (name.failed) {
        eq_text_free(&name);
        return eq_out_of_memory(diag);
    }
    eq_card card = eq_card_new(EQ_CLASS_isource);
    card.name = name.text;
    card.name_length = name.length;
    card.term[0] = EQ_GROUND;
    card.term[1] = node;
    eq_status status = eq_circuit_add(c, &card, e, diag);
    eq_text_free(&name);
    return status;
}

static eq_status make_nudges(eq_circuit *c, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < c->outputs; k++) {
        status = make_nudge(c, c->output[k].plus, &c->output[k].nudge_plus, diag);
        if (status == EQ_OK)
            status = make_nudge(c, c->output[k].minus, &c->output[k].nudge_minus, diag);
    }
    return status;
}

/* What controls element e must be a voltage-defined branch, whose current is known. */
static eq_status check_control(const eq_circuit *c, eq_element e, eq_element by, eq_diag *diag) {
    bool known = by >= 0 && (size_t)by < eq_circuit_elements(c);
    if (known && eq_class(c->row[by].cls)->defined == EQ_VOLTAGE_DEFINED) return EQ_OK;
    return eq_fail_at(
        diag, EQ_ERR_INPUT, eq_circuit_place_of(c, e),
        "%s is controlled by the current of %s, which is no voltage source; put a 0-V source in "
        "series and name it as the control",
        eq_circuit_element_name(c, e), known ? eq_circuit_element_name(c, by) : "nothing");
}

static eq_status check_controls(const eq_circuit *c, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        for (size_t j = 0; t->control != NULL && j < t->count; j++)
            if (check_control(c, t->id[j], t->control[j], diag) != EQ_OK) status = EQ_ERR_INPUT;
        for (size_t j = 0; t->formula != NULL && j < t->count; j++)
            for (size_t i = 0; i < t->formula[j]->inputs; i++)
                if (t->formula[j]->input[i].kind == EQ_INPUT_CURRENT &&
                    check_control(c, t->id[j], t->formula[j]->input[i].branch, diag) != EQ_OK)
                    status = EQ_ERR_INPUT;
    }
    return status;
}

void eq_circuit_derive(eq_circuit *c) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++)
        if (c->table[k].cls->derive != NULL)
            c->table[k].cls->derive(c->table[k].count, c->table[k].w, &c->env);
}

/* What classes say of their elements. */
static void pass_notes(const eq_circuit *c, eq_diag *diag) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        for (size_t j = 0; t->cls->said != NULL && j < t->count; j++) {
            const char *said = t->cls->said(t->w, j);
            if (said != NULL)
                eq_note_at(diag, eq_circuit_place_of(c, t->id[j]), "%s: %s",
                           eq_circuit_element_name(c, t->id[j]), said);
        }
    }
}

bool eq_circuit_is_set(const eq_circuit *c, eq_element e) {
    for (size_t k = 0; k < c->inputs; k++)
        if (c->input[k] == e) return true;
    for (size_t k = 0; k < c->outputs; k++)
        if (c->output[k].nudge_plus == e || c->output[k].nudge_minus == e) return true;
    return false;
}

/* A source that is trained and became an input or a nudge later. */
static eq_status check_groups(const eq_circuit *c, eq_diag *diag) {
    for (size_t k = 0; k < c->groups; k++) {
        const eq_group *g = &c->group[k];
        for (size_t j = 0; eq_group_is_source(g) && j < g->count; j++) {
            eq_element e = c->table[g->cls].id[g->row[j]];
            if (eq_circuit_is_set(c, e))
                return eq_fail_at(
                    diag, EQ_ERR_INPUT, eq_circuit_place_of(c, e),
                    "%s is to be trained as one of %s, but examples or nudges set it; "
                    "let its pattern leave it out",
                    eq_circuit_element_name(c, e), g->name);
        }
    }
    return EQ_OK;
}

eq_status eq_circuit_freeze(eq_circuit *c, eq_diag *diag) {
    if (c->frozen) return EQ_OK;
    eq_status status = make_nudges(c, diag);
    if (status == EQ_OK) status = check_controls(c, diag);
    if (status == EQ_OK) status = check_groups(c, diag);
    if (status == EQ_OK && eq_circuit_elements(c) == 0)
        status = eq_fail(diag, EQ_ERR_INPUT,
                         "the circuit has no element; a deck needs at least one "
                         "(line 1 is the title and is not read as an element)");
    if (status != EQ_OK) return status;
    eq_circuit_derive(c);
    pass_notes(c, diag);
    c->frozen = true;
    return EQ_OK;
}
