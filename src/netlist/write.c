/* Decks out: one walk over the circuit in deck order, filled into the templates of a dialect. */
#include "netlist/write.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void eq_write_number(eq_text *out, double value) {
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    eq_text_puts(out, text);
}

/* A deck being written. */
typedef struct writer {
    const eq_circuit *c;
    eq_dialect dialect;
    const eq_dialect_table *d;
    eq_text *out;
    eq_diag *diag;
    eq_status status; /* of the first fault */
    double scale;     /* k/q of the circuit over that of the dialect */
    bool *sensed;     /* [elements] an E or H whose current controls another element */
    bool numbered;    /* names are numbers, and nothing is written that others have worded */
} writer;

static bool plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

/* Appends a name as the dialect can carry it: other characters are escaped or refused, so that a
 * name can never become a line, a card or a comment of its own. */
static void put_name(writer *w, const char *name, eq_place at) {
    bool good = name[0] != '\0';
    for (const char *p = name; good && *p != '\0'; p++) {
        bool known = plain(*p) || strchr(w->d->allowed, *p) != NULL;
        if (p == name && strchr(w->d->escape ? "." : "+-%&/", *p) != NULL) known = false;
        if (!known && w->d->escape && *p > ' ' && *p < 127) {
            eq_text_puts(w->out, "\\");
            known = true;
        }
        if (known)
            eq_text_add(w->out, p, 1);
        else
            good = false;
    }
    if (!good && w->status == EQ_OK)
        w->status =
            eq_fail_at(w->diag, EQ_ERR_INPUT, at,
                       "the name '%s' cannot be written for %s; rename it with letters, digits "
                       "and _",
                       name, w->d->name);
}

static void put_node_at(writer *w, eq_node node, eq_place at) {
    if (w->numbered && node != EQ_GROUND)
        eq_text_printf(w->out, "n%d", node);
    else
        put_name(w, eq_circuit_node_name(w->c, node), at);
}

static void put_node(writer *w, eq_node node, eq_element e) {
    put_node_at(w, node, eq_circuit_place_of(w->c, e));
}

/* The element's name as the deck has it, behind something of ours. */
static void put_short_name(writer *w, eq_element e) {
    if (w->numbered)
        eq_text_printf(w->out, "%d", e);
    else
        put_name(w, eq_circuit_element_name(w->c, e), eq_circuit_place_of(w->c, e));
}

/* The letter that the element's name starts with in a dialect where it is the type. */
static char letter_of(const writer *w, eq_element e) {
    int cls = w->c->row[e].cls;
    return cls == EQ_CLASS_ideal_diode && w->d->ideal_model == NULL ? 'b' : eq_class(cls)->letter;
}

/* The element's name, with its letter put in front as often as it takes to be unlike all other
 * names. */
static void put_element_name(writer *w, eq_element e) {
    const char *name = eq_circuit_element_name(w->c, e);
    char letter[2] = {letter_of(w, e), '\0'};
    if (w->numbered) {
        eq_text_printf(w->out, "%s%d", letter, e);
        return;
    }
    if (!w->d->typed_names || name[0] == letter[0]) {
        put_name(w, name, eq_circuit_place_of(w->c, e));
        return;
    }
    eq_text longer = {0};
    eq_text_printf(&longer, "%s%s", letter, name);
    while (!longer.failed && eq_circuit_find_element(w->c, longer.text) != EQ_NONE) {
        char *shorter = eq_strdup(longer.text);
        eq_text_clear(&longer);
        eq_text_printf(&longer, "%s%s", letter, shorter == NULL ? "" : shorter);
        longer.failed = longer.failed || shorter == NULL;
        eq_free(shorter);
    }
    if (longer.failed)
        w->out->failed = true;
    else
        put_name(w, longer.text, eq_circuit_place_of(w->c, e));
    eq_text_free(&longer);
}

static double param(const writer *w, eq_element e, int k) {
    eq_row r = w->c->row[e];
    return w->c->table[r.cls].w[k][r.row];
}

/* Parameters of a diode that stand on the element, not in its model. */
static bool on_instance(const eq_param *p) {
    return strcmp(p->name, "area") == 0 || strcmp(p->name, "m") == 0 ||
           strcmp(p->name, "temp") == 0 || strcmp(p->name, "dtemp") == 0;
}

/* The model of element e when its parameters are still those of the model, else NULL. */
static const eq_model *model_of(const writer *w, eq_element e) {
    eq_row r = w->c->row[e];
    const eq_table *t = &w->c->table[r.cls];
    if (t->model == NULL || t->model[r.row] == EQ_NONE) return NULL;
    const eq_model *m = &w->c->model[t->model[r.row]];
    for (int k = 0; k < t->cls->params; k++) {
        double own = t->w[k][r.row], of_model = m->w[k];
        bool same = own == of_model || (isnan(own) && isnan(of_model));
        if (!on_instance(&t->cls->param[k]) && !same) return NULL;
    }
    return m;
}

/* A model's name; one that starts as a number does (1N4148) gets m_ in front, as ngspice takes it
 * for a number. */
static void put_model_text(writer *w, const eq_model *m, eq_place at) {
    if (w->numbered) {
        eq_text_printf(w->out, "k%d", (int)(m - w->c->model));
        return;
    }
    if (m->name[0] >= '0' && m->name[0] <= '9') eq_text_puts(w->out, "m_");
    put_name(w, m->name, at);
}

/* A model of the element's own is called m_ELEMENT. */
static void put_model_name(writer *w, eq_element e) {
    const eq_model *m = model_of(w, e);
    eq_place at = eq_circuit_place_of(w->c, e);
    if (m != NULL) {
        put_model_text(w, m, at);
        return;
    }
    eq_text_puts(w->out, "m_");
    put_short_name(w, e);
}

static void put_pair(writer *w, const char *name, double value) {
    eq_text_printf(w->out, " %s=", name);
    eq_write_number(w->out, value);
}

/* Breakdown, high injection and recombination: ngspice's law, which the other dialects do not
 * share. */
static bool beyond_plain(const eq_param *p) {
    static const char *const name[] = {"bv", "ibv", "nbv", "ikf", "isr", "nr", "vj", "mj"};
    for (size_t k = 0; k < sizeof name / sizeof *name; k++)
        if (strcmp(p->name, name[k]) == 0) return true;
    return false;
}

/* What only says something with another parameter: the recombination's without isr. */
static bool idle(const eq_device_class *cls, const eq_param *p, const double *value) {
    int isr = eq_param_find(cls, "isr");
    bool of_recombination =
        strcmp(p->name, "nr") == 0 || strcmp(p->name, "vj") == 0 || strcmp(p->name, "mj") == 0;
    return of_recombination && (isr < 0 || value[isr] == 0.0);
}

/* Model parameters. The dialects differ in k/q: the junction only sees n k T/q, so n is scaled to
 * give the same product (and xti with it, which enters as xti/n). */
static void put_model_params(writer *w, const eq_device_class *cls, const double *value) {
    for (int k = 0; k < cls->params; k++) {
        const eq_param *p = &cls->param[k];
        if (on_instance(p) || isnan(value[k])) continue;
        if ((beyond_plain(p) && value[k] == p->default_value) || idle(cls, p, value)) continue;
        if (beyond_plain(p) && strcmp(w->d->name, "ngspice") != 0 && w->status == EQ_OK)
            w->status = eq_fail(w->diag, EQ_ERR_INPUT,
                                "a diode model has %s=%g, and %s has another law for it; write the "
                                "deck for ngspice or XML, or remove it",
                                p->name, value[k], w->d->name);
        bool scaled = strcmp(p->name, "n") == 0 || strcmp(p->name, "nbv") == 0 ||
                      strcmp(p->name, "nr") == 0 || strcmp(p->name, "xti") == 0;
        put_pair(w, p->name, scaled ? value[k] * w->scale : value[k]);
    }
}

static void put_model(writer *w, const eq_model *m, eq_element e, const eq_device_class *cls,
                      const double *value) {
    for (const char *p = w->d->model; *p != '\0'; p++) {
        if (p[0] == '$' && p[1] == 'n') {
            if (m == NULL)
                put_model_name(w, e);
            else
                put_model_text(w, m, (eq_place){NULL, 0, 0});
            p++;
        } else {
            eq_text_add(w->out, p, 1);
        }
    }
    put_model_params(w, cls, value);
    eq_text_puts(w->out, w->d->model_end);
}

static bool needs_model(const writer *w, int cls) {
    return cls == EQ_CLASS_diode || (cls == EQ_CLASS_ideal_diode && w->d->ideal_model != NULL);
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

/* The value of an element: a resistance for the memristor, else its value parameter. */
static void put_value(writer *w, eq_element e) {
    int cls = w->c->row[e].cls;
    double value = param(w, e, eq_class(cls)->value);
    if (cls == EQ_CLASS_memristor && value == 0.0 && w->status == EQ_OK)
        w->status = eq_fail_at(w->diag, EQ_ERR_INPUT, eq_circuit_place_of(w->c, e),
                               "%s has a conductance of 0 S, which no resistance gives; train with "
                               "gmin above 0",
                               eq_circuit_element_name(w->c, e));
    eq_write_number(w->out, cls == EQ_CLASS_memristor ? 1.0 / value : value);
}

/* Parameters beside the value that differ from their defaults: area, m, temp, tc1, tc2. */
static void put_instance_params(writer *w, eq_element e) {
    const eq_device_class *cls = eq_class(w->c->row[e].cls);
    for (int k = 0; k < cls->params; k++) {
        const eq_param *p = &cls->param[k];
        double value = param(w, e, k);
        bool own = cls == &eq_class_resistor ? k != cls->value : on_instance(p);
        if (!own || isnan(value) || value == p->default_value) continue;
        bool above = strcmp(p->name, "dtemp") == 0;
        if (above && !isnan(param(w, e, eq_param_find(cls, "temp")))) continue;
        above = above && w->dialect != EQ_NGSPICE;
        put_pair(w, above ? "temp" : p->name, above ? w->c->env.temp + value : value);
    }
}

static void put_drop(writer *w, eq_element e) {
    eq_row r = w->c->row[e];
    eq_text_puts(w->out, "v(");
    put_node(w, w->c->table[r.cls].term[0][r.row], e);
    eq_text_puts(w->out, ",");
    put_node(w, w->c->table[r.cls].term[1][r.row], e);
    eq_text_puts(w->out, ")");
}

/* Only V sources are a control in every dialect, and with an E as control ngspice has the opposite
 * sign (FACTS section 3): an E or H that is sensed gets a 0-V source in series, vsense_NAME from
 * its node a to a node of its own, NODE_NAME. */
static eq_status find_sensed(writer *w) {
    w->sensed = eq_calloc(eq_circuit_elements(w->c), sizeof *w->sensed);
    if (w->sensed == NULL) return eq_out_of_memory(w->diag);
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++) {
        const eq_table *t = &w->c->table[cls];
        for (size_t j = 0; t->control != NULL && j < t->count; j++)
            w->sensed[t->control[j]] = w->c->row[t->control[j]].cls != EQ_CLASS_vsource;
        for (size_t j = 0; t->formula != NULL && j < t->count; j++)
            for (size_t k = 0; k < t->formula[j]->inputs; k++)
                if (t->formula[j]->input[k].kind == EQ_INPUT_CURRENT)
                    w->sensed[t->formula[j]->input[k].branch] =
                        w->c->row[t->formula[j]->input[k].branch].cls != EQ_CLASS_vsource;
    }
    return EQ_OK;
}

static void put_sense_node(writer *w, eq_element e) {
    eq_row r = w->c->row[e];
    put_node(w, w->c->table[r.cls].term[0][r.row], e);
    eq_text_puts(w->out, "_");
    put_element_name(w, e);
}

static void put_sense_name(writer *w, eq_element e) {
    eq_text_puts(w->out, "vsense_");
    put_short_name(w, e);
}

static void put_controlling(writer *w, eq_element e) {
    if (w->sensed[e])
        put_sense_name(w, e);
    else
        put_element_name(w, e);
}

/* v(a,b), i(vx) or the temperature, as an input of a formula. */
static void put_input(void *data, const eq_formula_input *in, eq_text *out) {
    static const char *const temperature[] = {"temper", "temp", "temp", "temp"};
    writer *w = data;
    eq_place nowhere = {NULL, 0, 0};
    if (in->kind == EQ_INPUT_TEMPERATURE) {
        eq_text_puts(out, temperature[w->dialect]);
        return;
    }
    eq_text_puts(out, in->kind == EQ_INPUT_DROP ? "v(" : "i(");
    if (in->kind == EQ_INPUT_CURRENT)
        put_controlling(w, in->branch);
    else
        put_node_at(w, in->plus, nowhere);
    if (in->kind == EQ_INPUT_DROP && in->minus != EQ_GROUND) {
        eq_text_puts(out, ",");
        put_node_at(w, in->minus, nowhere);
    }
    eq_text_puts(out, ")");
}

/* m f(...) of row j of a behavioural table. */
static void put_formula(writer *w, const eq_table *t, size_t j) {
    if (t->w[0][j] != 1.0) {
        eq_write_number(w->out, t->w[0][j]);
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
    for (const char *p = w->d->element[EQ_CLASS_vsource]; *p != '\0'; p++) {
        if (*p != '$')
            eq_text_add(w->out, p, 1);
        else if (*++p == 'n')
            put_sense_name(w, e);
        else if (*p == 'a')
            put_node(w, w->c->table[w->c->row[e].cls].term[0][w->c->row[e].row], e);
        else if (*p == 'b')
            put_sense_node(w, e);
        else
            eq_text_puts(w->out, "0");
    }
}

/* One $-letter of an element's template (write.h). */
static void put_field(writer *w, char field, eq_element e) {
    eq_row r = w->c->row[e];
    const eq_table *t = &w->c->table[r.cls];
    enum { RON, ROFF, VFWD };
    switch (field) {
    case 'n':
        put_element_name(w, e);
        break;
    case 'a':
        if (w->sensed[e])
            put_sense_node(w, e);
        else
            put_node(w, t->term[0][r.row], e);
        break;
    case 'b':
    case 'c':
    case 'd':
        put_node(w, t->term[field - 'a'][r.row], e);
        break;
    case 'k':
        put_controlling(w, t->control[r.row]);
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
    case 't':
        eq_write_number(w->out, param(w, e, VFWD));
        break;
    case 'f':
        eq_write_number(w->out, 1.0 / param(w, e, ROFF));
        break;
    case 'x':
        eq_write_number(w->out, 1.0 / param(w, e, RON) - 1.0 / param(w, e, ROFF));
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
    int cls = w->c->row[e].cls;
    if (cls == EQ_CLASS_ideal_diode && w->d->ideal_model != NULL)
        put_template(w, w->d->ideal_model, e);
    else
        put_template(w, w->d->element[cls], e);
    if (w->sensed[e]) put_sense(w, e);
}

static void put_options(writer *w) {
    const eq_environment *env = &w->c->env;
    for (const char *p = w->d->options; *p != '\0'; p++) {
        if (*p != '$') {
            eq_text_add(w->out, p, 1);
            continue;
        }
        char field = *++p;
        eq_write_number(w->out, field == 'r'   ? fmin(w->c->options.reltol, 1e-9)
                                : field == 'g' ? env->gmin
                                : field == 'T' ? env->temp
                                               : env->tnom);
    }
}

/* Control characters become blanks, so that a text cannot end its line. */
static void put_text(writer *w, const char *text) {
    for (; *text != '\0'; text++) {
        char c = (unsigned char)*text < ' ' ? ' ' : *text;
        eq_text_add(w->out, &c, 1);
    }
}

static void put_comment(writer *w, const char *text) {
    eq_text_puts(w->out, w->d->comment);
    put_text(w, text);
    eq_text_puts(w->out, "\n");
}

/* ngspice looks for cards and commands in the title too (.include, *#, *ng_script): it stands there
 * as it is only when it starts as no such thing does, with a letter, a digit or "* ". */
static bool is_harmless(const char *title) {
    return isalnum((unsigned char)title[0]) ||
           (title[0] == '*' && (title[1] == ' ' || title[1] == '\0'));
}

static void put_title(writer *w) {
    size_t start = w->out->length, sign = strlen(w->d->comment);
    const char *title = w->numbered ? "" : w->c->title;
    eq_text_puts(w->out, w->d->comment);
    put_text(w, title[0] == '\0' ? "eqspice" : is_harmless(title) ? "" : "eqspice: ");
    put_text(w, title);
    eq_text_puts(w->out, "\n");
    if (!w->d->title_is_bare || w->out->failed) return;
    memmove(w->out->text + start, w->out->text + start + sign, w->out->length - start - sign + 1);
    w->out->length -= sign;
}

/* `*% output y1p,y1m` and its kin (DESIGN section 3). */
static void put_io(writer *w) {
    const eq_circuit *c = w->c;
    if (c->inputs > 0) {
        eq_text_puts(w->out, "*% input");
        for (size_t k = 0; k < c->inputs; k++) {
            eq_text_puts(w->out, k % 10 == 0 && k > 0 ? "\n*% input " : " ");
            put_element_name(w, c->input[k]);
        }
        eq_text_puts(w->out, "\n");
    }
    for (size_t k = 0; k < c->outputs; k++) {
        const eq_output *o = &c->output[k];
        eq_element at = o->nudge_plus;
        eq_text_puts(w->out, "*% output ");
        put_node(w, o->plus, at);
        if (o->minus != EQ_NONE) eq_text_puts(w->out, ",");
        if (o->minus != EQ_NONE) put_node(w, o->minus, at);
        eq_text_puts(w->out, "\n*% nudge ");
        put_element_name(w, o->nudge_plus);
        if (o->minus != EQ_NONE) eq_text_puts(w->out, ",");
        if (o->minus != EQ_NONE) put_element_name(w, o->nudge_minus);
        eq_text_puts(w->out, "\n");
    }
}

static void put_groups(writer *w) {
    for (size_t k = 0; k < w->c->groups; k++) {
        const eq_group *g = &w->c->group[k];
        eq_text_puts(w->out, "*% train ");
        put_text(w, g->name);
        put_pair(w, "gmin", g->gmin);
        put_pair(w, "gmax", g->gmax);
        eq_text_puts(w->out, "\n");
    }
}

/* Potentials to start from; only ngspice has one for all nodes. */
static void put_starts(writer *w) {
    const eq_circuit *c = w->c;
    for (size_t k = 0; k < c->starts; k++) {
        bool all = c->start[k].node == EQ_NONE;
        if (all && w->dialect != EQ_NGSPICE) continue;
        eq_text_puts(w->out, all ? ".nodeset all=" : w->d->nodeset[0]);
        if (!all) put_node_at(w, c->start[k].node, (eq_place){0});
        if (!all) eq_text_puts(w->out, w->d->nodeset[1]);
        eq_write_number(w->out, c->start[k].v);
        eq_text_puts(w->out, "\n");
    }
}

static eq_status write(writer *w, const char *note) {
    const eq_dialect_table *d = w->d;
    bool directives = d->typed_names && !w->numbered;
    w->status = find_sensed(w);
    put_title(w);
    eq_text_puts(w->out, d->head);
    put_comment(w, "written by eqspice");
    if (note != NULL) put_comment(w, note);
    put_options(w);
    put_models(w);
    for (size_t e = 0; w->status == EQ_OK && e < eq_circuit_elements(w->c); e++)
        put_element(w, (eq_element)e);
    if (directives && w->status == EQ_OK) put_io(w);
    if (directives && w->status == EQ_OK) put_groups(w);
    if (w->status == EQ_OK) put_starts(w);
    eq_text_puts(w->out, d->tail);
    eq_free(w->sensed);
    return w->status == EQ_OK && w->out->failed ? eq_out_of_memory(w->diag) : w->status;
}

static writer writer_of(const eq_circuit *c, eq_dialect dialect, eq_text *out, eq_diag *diag) {
    const eq_dialect_table *d = eq_dialect_table_of(dialect);
    return (writer){.c = c,
                    .dialect = dialect,
                    .d = d,
                    .out = out,
                    .diag = diag,
                    .scale = c->env.k_over_q / d->k_over_q};
}

eq_status eq_deck_write(const eq_circuit *c, eq_dialect dialect, const char *note, eq_text *out,
                        eq_diag *diag) {
    if (dialect == EQ_XML) return eq_write_xml(c, note, out, diag);
    writer w = writer_of(c, dialect, out, diag);
    return write(&w, note);
}

eq_status eq_deck_write_numbered(const eq_circuit *c, eq_text *out, eq_diag *diag) {
    writer w = writer_of(c, EQ_NGSPICE, out, diag);
    w.numbered = true;
    return write(&w, NULL);
}
