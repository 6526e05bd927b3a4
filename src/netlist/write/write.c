/* Decks out: one walk over the circuit in deck order, filled into the templates of a dialect. */
#include "netlist/write/write.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "devices/osdi/osdi.h"

typedef eq_deck_writer writer;

static double param(const writer *w, eq_element e, int k) {
    eq_row r = w->c->row[e];
    return w->c->table[r.cls].w[k][r.row];
}

static bool has_bit(uint64_t set, int k) {
    return (set >> k & 1) != 0;
}

/* The model of element e when its parameters are still those of the model, else NULL. */
static const eq_model *model_of(const writer *w, eq_element e) {
    eq_row r = w->c->row[e];
    const eq_table *t = &w->c->table[r.cls];
    if (t->model == NULL || t->model[r.row] == EQ_NONE) return NULL;
    const eq_model *m = &w->c->model[t->model[r.row]];
    for (int k = t->cls->hidden; k < t->cls->params; k++) {
        double own = t->w[k][r.row], of_model = m->w[k];
        bool same = own == of_model || (isnan(own) && isnan(of_model));
        if (!has_bit(t->cls->instance, k) && !same) return NULL;
    }
    return m;
}

/* The model's name, or that of the model of the element's own. */
static void put_model_name(writer *w, eq_element e) {
    eq_write_model_name(w, model_of(w, e), e);
}

static void put_pair(writer *w, const char *name, double value) {
    eq_text_printf(w->out, " %s=", name);
    eq_text_number(w->out, value);
}

/* True if parameter k says nothing beside the others. */
static bool is_idle(const eq_device_class *cls, int k, const double *value) {
    for (size_t q = 0; q < sizeof cls->quiet / sizeof *cls->quiet; q++)
        if (has_bit(cls->quiet[q].idle, k) && value[cls->quiet[q].unless] == 0.0) return true;
    return false;
}

/* True if parameter k says nothing at dc, so that ngspice alone gets it. */
static bool is_of_charges(const eq_device_class *cls, int k, const double *value) {
    return has_bit(cls->reactive, k) || is_idle(cls, k, value);
}

/* Model parameters. The dialects differ in k/q: a junction only sees n k T/q, so n is scaled to
 * give the same product (and xti with it, which enters as xti/n). */
static void put_model_params(writer *w, const char *name, const eq_device_class *cls,
                             const double *value) {
    if (cls->level > 1) put_pair(w, "level", cls->level);
    for (int k = 0; k < cls->params; k++) {
        const eq_param *p = &cls->param[k];
        bool own_law = has_bit(cls->ngspice_only, k), charges = is_of_charges(cls, k, value);
        if (has_bit(cls->instance, k) || isnan(value[k])) continue;
        if (charges && w->dialect != EQ_NGSPICE) continue;
        if ((own_law || charges) && value[k] == p->default_value) continue;
        if (own_law && w->dialect != EQ_NGSPICE && w->status == EQ_OK)
            w->status = eq_fail(w->diag, EQ_ERR_INPUT,
                                "%s, a %s, has %s=%g, for which %s has another law; write the deck "
                                "for ngspice or XML, or remove it",
                                name, cls->name, p->name, value[k], w->d->name);
        put_pair(w, p->name, has_bit(cls->thermal, k) ? value[k] * w->scale : value[k]);
    }
}

/* The .model type as SPICE writes it: D. */
static void put_type(writer *w, const eq_device_class *cls) {
    for (const char *p = cls->model_type; *p != '\0' && *p != ' '; p++) {
        char upper = (char)toupper((unsigned char)*p);
        eq_text_add(w->out, &upper, 1);
    }
}

/* Those that the card had, texts in quotes. */
static void put_compiled_params(writer *w, const eq_osdi_model *m) {
    const char *name, *text;
    double value;
    for (size_t k = 0; eq_osdi_model_given(m, k, &name, &value, &text); k++) {
        if (text == NULL) {
            put_pair(w, name, value);
            continue;
        }
        eq_text_printf(w->out, " %s=\"", name);
        eq_carry(EQ_CARRY_LINE, text, w->out);
        eq_text_puts(w->out, "\"");
    }
}

/* The libraries of compiled modules that the circuit uses: pre_osdi, as ngspice wants it before it
 * reads the deck. */
static void put_libraries(writer *w) {
    const char *last = NULL;
    for (int cls = EQ_BUILT_IN_CLASSES; cls < EQ_CLASS_COUNT; cls++) {
        const eq_osdi_module *m = w->c->table[cls].count > 0 ? eq_osdi_module_of(cls) : NULL;
        if (m == NULL || m->file == last) continue;
        if (last == NULL) eq_text_puts(w->out, ".control\n");
        eq_text_puts(w->out, "pre_osdi ");
        eq_carry(EQ_CARRY_LINE, m->file, w->out);
        eq_text_puts(w->out, "\n");
        last = m->file;
    }
    if (last != NULL) eq_text_puts(w->out, ".endc\n");
}

static void put_model(writer *w, const eq_model *m, eq_element e, const eq_device_class *cls,
                      const double *value) {
    for (const char *p = w->d->model; *p != '\0'; p++) {
        if (*p != '$')
            eq_text_add(w->out, p, 1);
        else if (*++p == 'n')
            eq_write_model_name(w, m, e);
        else if (*p == 't')
            put_type(w, cls);
        else
            eq_text_puts(w->out, cls->name);
    }
    const char *flag = strchr(cls->model_type, ' '); /* of "vdmos pchan" */
    if (flag != NULL) eq_text_puts(w->out, flag);
    if (m != NULL && m->compiled != NULL)
        put_compiled_params(w, m->compiled);
    else
        put_model_params(w, m != NULL ? m->name : eq_circuit_element_name(w->c, e), cls, value);
    eq_text_puts(w->out, w->d->model_end);
}

static bool needs_model(const writer *w, int cls) {
    const char *line = eq_class_line(w, eq_class(cls));
    return line != NULL && strstr(line, "$m") != NULL;
}

static void put_models(writer *w) {
    for (size_t k = 0; k < w->c->models; k++) {
        const eq_model *m = &w->c->model[k];
        if (needs_model(w, m->cls)) put_model(w, m, EQ_NONE, eq_class(m->cls), m->w);
    }
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &w->c->table[cls];
        for (size_t j = 0; needs_model(w, cls) && j < t->count; j++) {
            double value[EQ_MAX_COLUMNS] = {0};
            for (int k = 0; k < t->cls->params; k++) value[k] = t->w[k][j];
            if (model_of(w, t->id[j]) == NULL) put_model(w, NULL, t->id[j], t->cls, value);
        }
    }
}

/* The value of an element: as its class has it, or the inverse that decks write. */
static void put_value(writer *w, eq_element e) {
    const eq_device_class *cls = eq_class(w->c->row[e].cls);
    double value = param(w, e, cls->value);
    if (cls->inverse != NULL && value == 0.0 && w->status == EQ_OK)
        w->status = eq_fail_at(w->diag, EQ_ERR_INPUT, eq_circuit_place_of(w->c, e),
                               "%s conducts 0 S, which no resistance gives; give a gmin above 0",
                               eq_circuit_element_name(w->c, e));
    eq_text_number(w->out, cls->inverse != NULL ? 1.0 / value : value);
}

/* A dialect without tce gets the tc1 that makes the same of the resistor at its temperature. */
static bool put_tce(writer *w, eq_element e, double tce) {
    const eq_device_class *cls = eq_class(w->c->row[e].cls);
    double temp = param(w, e, eq_param_find(cls, "temp"));
    if (w->dialect != EQ_LTSPICE && w->dialect != EQ_SPECTRE) return false;
    if (isnan(temp)) temp = w->c->env.temp + param(w, e, eq_param_find(cls, "dtemp"));
    double dt = temp - w->c->env.tnom;
    if (dt != 0.0) put_pair(w, "tc1", (pow(1.01, tce * dt) - 1.0) / dt);
    return true;
}

/* Parameters on the line that differ from their defaults: of a class with models area, m, temp, of
 * another all beside the value. */
static void put_instance_params(writer *w, eq_element e) {
    int number = w->c->row[e].cls;
    const eq_device_class *cls = eq_class(number);
    double all[EQ_MAX_COLUMNS] = {0};
    if (w->d->off && eq_circuit_is_off(w->c, e)) eq_text_puts(w->out, " off");
    for (int k = 0; k < cls->params; k++) all[k] = param(w, e, k);
    for (int k = 0; k < cls->params; k++) {
        const eq_param *p = &cls->param[k];
        double value = all[k];
        bool own = needs_model(w, number) ? has_bit(cls->instance, k) : k != cls->value;
        if (!own || isnan(value) || value == p->default_value) continue;
        if (w->dialect != EQ_NGSPICE && is_of_charges(cls, k, all)) continue;
        if (strcmp(p->name, "tce") == 0 && put_tce(w, e, value)) continue;
        bool above = strcmp(p->name, "dtemp") == 0;
        if (above && !isnan(param(w, e, eq_param_find(cls, "temp")))) continue;
        above = above && w->dialect != EQ_NGSPICE;
        put_pair(w, above ? "temp" : p->name, above ? w->c->env.temp + value : value);
    }
}

static void put_drop(writer *w, eq_element e) {
    eq_row r = w->c->row[e];
    eq_text_puts(w->out, "v(");
    eq_write_node(w, w->c->table[r.cls].term[0][r.row], e);
    eq_text_puts(w->out, ",");
    eq_write_node(w, w->c->table[r.cls].term[1][r.row], e);
    eq_text_puts(w->out, ")");
}

/* v(a,b), i(vx) or the temperature, as an input of a formula. */
static void put_input(void *data, const eq_formula_input *in, eq_text *out) {
    static const char *const temperature[] = {"temper", "temp", "temp", "temp"};
    writer *w = data;
    if (in->kind == EQ_INPUT_TEMPERATURE) {
        eq_text_puts(out, temperature[w->dialect]);
        return;
    }
    eq_text_puts(out, in->kind == EQ_INPUT_DROP ? "v(" : "i(");
    if (in->kind == EQ_INPUT_CURRENT)
        eq_write_branch(w, in->branch);
    else
        eq_write_node(w, in->plus, EQ_NONE);
    if (in->kind == EQ_INPUT_DROP && in->minus != EQ_GROUND) {
        eq_text_puts(out, ",");
        eq_write_node(w, in->minus, EQ_NONE);
    }
    eq_text_puts(out, ")");
}

/* m f(...) of row j of a behavioural table. */
static void put_formula(writer *w, const eq_table *t, size_t j) {
    if (t->w[0][j] != 1.0) {
        eq_text_number(w->out, t->w[0][j]);
        eq_text_puts(w->out, "*");
    }
    const char *missing = eq_write_formula(t->formula[j], w->dialect, put_input, w, w->out);
    if (missing != NULL && w->status == EQ_OK)
        w->status =
            eq_fail_at(w->diag, EQ_ERR_INPUT, eq_circuit_place_of(w->c, t->id[j]),
                       "the formula of %s cannot be written for %s, which has no %s; rewrite "
                       "it or export for another dialect",
                       eq_circuit_element_name(w->c, t->id[j]), w->d->name, missing);
}

/* The line of the 0-V source, from the dialect's own template of a V source. */
static void put_sense(writer *w, eq_element e) {
    for (const char *p = eq_class_vsource.line[w->dialect]; *p != '\0'; p++) {
        if (*p != '$')
            eq_text_add(w->out, p, 1);
        else if (*++p == 'n')
            eq_write_sense(w, e);
        else if (*p == 'a')
            eq_write_node(w, w->c->table[w->c->row[e].cls].term[0][w->c->row[e].row], e);
        else if (*p == 'b')
            eq_write_sense_node(w, e);
        else
            eq_text_puts(w->out, "0");
    }
}

/* A number inside a formula. */
static void put_factor(writer *w, double value) {
    eq_text_puts(w->out, value < 0.0 ? "(" : "");
    eq_text_number(w->out, value);
    eq_text_puts(w->out, value < 0.0 ? ")" : "");
}

/* The formula of a class, with the drop for u and the element's numbers for its parameters. */
static void put_law(writer *w, const char *law, eq_element e) {
    const eq_device_class *cls = eq_class(w->c->row[e].cls);
    for (const char *p = law; *p != '\0';) {
        size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz_");
        if (n > 0) n += strspn(p + n, "0123456789_");
        char word[32] = "";
        if (n < sizeof word) memcpy(word, p, n);
        int k = n == 0 ? -1 : eq_param_find(cls, word);
        if (strcmp(word, "u") == 0)
            put_drop(w, e);
        else if (k >= 0)
            put_factor(w, param(w, e, k));
        else
            eq_text_add(w->out, p, n == 0 ? 1 : n);
        p += n == 0 ? 1 : n;
    }
}

static void put_nodes_and_value(writer *w, const eq_table *t, size_t j, eq_element e) {
    int nodes = eq_class_terminals(t->cls);
    if (t->cls->hidden > 0) nodes = eq_osdi_connected(eq_osdi_at(t->w[0][j]));
    for (int k = 0; k < nodes; k++) {
        eq_text_puts(w->out, " ");
        eq_write_node(w, t->term[k][j], e);
    }
    if (t->cls->value < 0) return;
    eq_text_puts(w->out, " ");
    put_value(w, e);
}

/* One $-letter of an element's template (write.h). */
static void put_field(writer *w, char field, eq_element e) {
    eq_row r = w->c->row[e];
    const eq_table *t = &w->c->table[r.cls];
    switch (field) {
    case 'n':
        eq_write_element(w, e);
        break;
    case 'a':
        if (eq_is_sensed(w, e))
            eq_write_sense_node(w, e);
        else
            eq_write_node(w, t->term[0][r.row], e);
        break;
    case 'b':
    case 'c':
    case 'd':
        eq_write_node(w, t->term[field - 'a'][r.row], e);
        break;
    case 'k':
        eq_write_control(w, t->control[r.row]);
        break;
    case 'e':
        put_formula(w, t, (size_t)r.row);
        break;
    case 'v':
        put_value(w, e);
        break;
    case 'm':
        put_model_name(w, e);
        break;
    case 'i':
        put_instance_params(w, e);
        break;
    case 'u':
        put_drop(w, e);
        break;
    case 'z':
        put_nodes_and_value(w, t, (size_t)r.row, e);
        break;
    case 'p':
        put_law(w, t->cls->formula, e);
        break;
    default: /* a digit */
        eq_text_number(w->out, param(w, e, field - '0'));
        break;
    }
}

static void put_template(writer *w, const char *text, eq_element e) {
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '$')
            put_field(w, *++p, e);
        else
            eq_text_add(w->out, p, 1);
    }
}

static void put_element(writer *w, eq_element e) {
    const eq_device_class *cls = eq_class(w->c->row[e].cls);
    const char *line = eq_class_line(w, cls);
    if (cls->hidden > 0 && w->numbered && w->status == EQ_OK) {
        w->status = eq_fail_at(w->diag, EQ_ERR_INPUT, eq_circuit_place_of(w->c, e),
                               "%s is of a compiled module, and Debian's ngspice is built without "
                               "OSDI: there is nothing to compare with; export for ngspice and run "
                               "it in one that has it",
                               eq_circuit_element_name(w->c, e));
        return;
    }
    if (line == NULL) {
        if (w->status == EQ_OK)
            w->status = eq_fail_at(w->diag, EQ_ERR_INPUT, eq_circuit_place_of(w->c, e),
                                   "%s is a %s, for which %s has no line; export %s",
                                   eq_circuit_element_name(w->c, e), cls->name, w->d->name,
                                   cls->hidden > 0 ? "for ngspice" : "as XML");
        return;
    }
    put_template(w, eq_is_wire(w, e) ? "$n $a $b dc 0\n" : line, e);
    if (eq_is_sensed(w, e)) put_sense(w, e);
}

static void put_options(writer *w) {
    const eq_environment *env = &w->c->env;
    for (const char *p = w->d->options; *p != '\0'; p++) {
        if (*p != '$') {
            eq_text_add(w->out, p, 1);
            continue;
        }
        char field = *++p;
        eq_text_number(w->out, field == 'r'   ? fmin(w->c->options.reltol, 1e-9)
                               : field == 'g' ? env->gmin
                               : field == 'T' ? env->temp
                                              : env->tnom);
    }
}

/* Ends a line of free text: ngspice and Spectre go on in the next line behind a backslash. */
static void end_text(writer *w, size_t start) {
    eq_text *t = w->out;
    while (!t->failed && t->length > start && t->text[t->length - 1] == ' ') t->length--;
    bool goes_on = !t->failed && t->length > start && t->text[t->length - 1] == '\\';
    eq_text_puts(t, goes_on ? " .\n" : "\n");
}

static void put_comment(writer *w, const char *text) {
    eq_text_puts(w->out, w->d->comment);
    eq_carry(EQ_CARRY_LINE, text, w->out);
    end_text(w, w->out->length);
}

/* ngspice looks for cards and commands in the title too (.include, *#, *ng_script): it stands there
 * as it is only when it starts as no such thing does, with a letter, a digit or "* ". */
static bool is_harmless(const char *title) {
    return isalnum((unsigned char)title[0]) ||
           (title[0] == '*' && (title[1] == ' ' || title[1] == '\0'));
}

static void put_title(writer *w) {
    eq_text title = {0};
    eq_carry(EQ_CARRY_LINE, w->numbered ? "" : w->c->title, &title);
    const char *text = title.failed ? "" : title.text + strspn(title.text, " ");
    if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3; /* the mark of a file in UTF-8 */
    if (!w->d->title_is_bare) eq_text_puts(w->out, w->d->comment);
    size_t start = w->out->length;
    eq_text_puts(w->out, text[0] == '\0' ? "eqspice" : is_harmless(text) ? "" : "eqspice: ");
    eq_text_puts(w->out, text);
    end_text(w, start);
    w->out->failed = w->out->failed || title.failed;
    eq_text_free(&title);
}

/* `*% output y1p,y1m` and its kin: docs/deck.md, What only eqspice reads. */
static void put_io(writer *w) {
    const eq_circuit *c = w->c;
    if (c->inputs > 0) {
        eq_text_puts(w->out, "*% input");
        for (size_t k = 0; k < c->inputs; k++) {
            eq_text_puts(w->out, k % 10 == 0 && k > 0 ? "\n*% input " : " ");
            eq_write_element(w, c->input[k]);
        }
        eq_text_puts(w->out, "\n");
    }
    for (size_t k = 0; k < c->outputs; k++) {
        const eq_output *o = &c->output[k];
        eq_element at = o->nudge_plus;
        eq_text_puts(w->out, "*% output ");
        eq_write_node(w, o->plus, at);
        if (o->minus != EQ_NONE) eq_text_puts(w->out, ",");
        if (o->minus != EQ_NONE) eq_write_node(w, o->minus, at);
        eq_text_puts(w->out, "\n*% nudge ");
        eq_write_element(w, o->nudge_plus);
        if (o->minus != EQ_NONE) eq_text_puts(w->out, ",");
        if (o->minus != EQ_NONE) eq_write_element(w, o->nudge_minus);
        eq_text_puts(w->out, "\n");
    }
}

static void put_groups(writer *w) {
    for (size_t k = 0; k < w->c->groups; k++) {
        const eq_group *g = &w->c->group[k];
        const eq_device_class *cls = eq_class(g->cls);
        if (eq_class_line(w, cls) == w->d->current) { /* a formula has no parameters left */
            put_comment(w, "left out: a *% train line, whose elements are formulas here");
            continue;
        }
        eq_text_puts(w->out, "*% train ");
        eq_write_pattern(w, k);
        if (g->param != cls->value) eq_text_printf(w->out, "(%s)", cls->param[g->param].name);
        put_pair(w, cls->inverse != NULL ? "gmin" : "min", g->min);
        put_pair(w, cls->inverse != NULL ? "gmax" : "max", g->max);
        eq_text_puts(w->out, "\n");
    }
}

/* Those whose value is known; none where nothing is written but what counts at dc. */
static void put_capacitors(writer *w) {
    const eq_circuit *c = w->c;
    for (size_t k = 0; k < c->capacitors && !w->numbered && w->status == EQ_OK; k++) {
        const eq_capacitor *own = &c->capacitor[k];
        for (const char *p = isnan(own->farad) ? "" : w->d->capacitor; *p != '\0'; p++) {
            if (*p != '$')
                eq_text_add(w->out, p, 1);
            else if (*++p == 'n')
                eq_write_capacitor(w, k);
            else if (*p == 'v')
                eq_text_number(w->out, own->farad);
            else
                eq_write_node(w, own->term[*p - 'a'], EQ_NONE);
        }
    }
}

/* Potentials to start from; only ngspice has one for all nodes. */
static void put_starts(writer *w) {
    const eq_circuit *c = w->c;
    for (size_t k = 0; k < c->starts; k++) {
        bool all = c->start[k].node == EQ_NONE;
        if (all && w->dialect != EQ_NGSPICE) continue;
        eq_text_puts(w->out, all ? ".nodeset all=" : w->d->nodeset[0]);
        if (!all) eq_write_node(w, c->start[k].node, EQ_NONE);
        if (!all) eq_text_puts(w->out, w->d->nodeset[1]);
        eq_text_number(w->out, c->start[k].v);
        eq_text_puts(w->out, "\n");
    }
}

static writer writer_of(const eq_circuit *c, eq_dialect dialect, bool own, eq_text *out,
                        eq_diag *diag) {
    const eq_dialect_table *d = eq_dialect_table_of(dialect);
    writer w = {.c = c,
                .dialect = dialect,
                .own = own,
                .d = d,
                .out = out,
                .diag = diag,
                .scale = c->env.k_over_q / d->k_over_q};
    eq_find_letters(&w);
    return w;
}

static eq_status writer_close(writer *w) {
    eq_free(w->sensed);
    eq_free(w->wire);
    eq_names_free(w->made);
    return w->out->failed ? eq_out_of_memory(w->diag) : w->status;
}

static eq_status write(writer *w, const char *note) {
    const eq_dialect_table *d = w->d;
    bool directives = d->typed_names && !w->numbered;
    w->status = eq_find_wires(w);
    if (w->status == EQ_OK) w->status = eq_find_sensed(w);
    if (w->status != EQ_OK) return writer_close(w);
    put_title(w);
    eq_text_puts(w->out, d->head);
    put_comment(w, "written by eqspice");
    if (note != NULL) put_comment(w, note);
    put_options(w);
    put_libraries(w);
    put_models(w);
    for (size_t e = 0; w->status == EQ_OK && e < eq_circuit_elements(w->c); e++)
        put_element(w, (eq_element)e);
    put_capacitors(w);
    if (directives && w->status == EQ_OK) put_io(w);
    if (directives && w->status == EQ_OK) put_groups(w);
    if (w->status == EQ_OK) put_starts(w);
    eq_text_puts(w->out, d->tail);
    return writer_close(w);
}

/* What the line of an element would say, its values aside. */
static void put_names(writer *w, eq_element e) {
    const eq_table *t = &w->c->table[w->c->row[e].cls];
    for (const char *field = "nabcdk"; *field != '\0'; field++) {
        bool node = *field >= 'a' && *field <= 'd';
        bool there = node ? t->term[*field - 'a'] != NULL : *field == 'n' || t->control != NULL;
        if (there) put_field(w, *field, e);
    }
    if (needs_model(w, w->c->row[e].cls)) put_model_name(w, e);
    eq_text_clear(w->out);
}

eq_status eq_deck_check_names(const eq_circuit *c, eq_dialect dialect, eq_diag *diag) {
    if (dialect == EQ_XML) return eq_xml_check_names(c, diag);
    eq_text scratch = {0};
    bool own = dialect == EQ_NGSPICE; /* as eq_circuit_write_own names what it writes */
    writer w = writer_of(c, dialect, own, &scratch, diag);
    w.status = eq_find_sensed(&w);
    for (size_t e = 0; w.status == EQ_OK && e < eq_circuit_elements(c); e++)
        put_names(&w, (eq_element)e);
    for (size_t k = 0; w.status == EQ_OK && k < c->capacitors; k++) eq_write_capacitor(&w, k);
    for (size_t k = 0; w.status == EQ_OK && w.d->typed_names && k < c->groups; k++)
        eq_write_pattern(&w, k);
    eq_status status = writer_close(&w);
    eq_text_free(&scratch);
    return status;
}

eq_status eq_deck_write(const eq_deck *d, eq_dialect dialect, const char *note, eq_text *out,
                        eq_diag *diag) {
    return dialect == EQ_XML ? eq_write_xml(d->circuit, d, note, out, diag)
                             : eq_circuit_write(d->circuit, dialect, note, out, diag);
}

eq_status eq_circuit_write(const eq_circuit *c, eq_dialect dialect, const char *note, eq_text *out,
                           eq_diag *diag) {
    if (dialect == EQ_XML) return eq_write_xml(c, NULL, note, out, diag);
    writer w = writer_of(c, dialect, false, out, diag);
    return write(&w, note);
}

eq_status eq_circuit_write_own(const eq_circuit *c, const char *note, eq_text *out, eq_diag *diag) {
    writer w = writer_of(c, EQ_NGSPICE, true, out, diag);
    return write(&w, note);
}

eq_status eq_deck_write_numbered(const eq_circuit *c, eq_text *out, eq_diag *diag) {
    writer w = writer_of(c, EQ_NGSPICE, false, out, diag);
    w.numbered = true;
    return write(&w, NULL);
}
