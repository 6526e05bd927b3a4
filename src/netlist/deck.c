/* Reading decks: SPICE or XML by the first character, SPICE in the steps of spice.h. */
#include <ctype.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "netlist/spice/spice.h"
#include "netlist/xml/circuit.h"

static void spice_free(eq_spice *s) {
    for (size_t k = 0; k < s->scopes; k++) eq_scope_free(s->scope[k]);
    for (int32_t k = 0; k < s->sources; k++) eq_free(s->source[k].text);
    eq_names_free(s->noted);
    eq_names_free(s->global);
    eq_names_free(s->controls);
    eq_names_free(s->instance);
    eq_diag_free(s->scratch);
    eq_text_free(&s->name);
    eq_free(s->scope);
    eq_free(s->source);
    eq_free(s->late);
    eq_free(s->condition);
    eq_free(s->variant);
    eq_free(s->factor);
    eq_free(s->reference);
    eq_free(s->declared);
    eq_free(s->data);
    eq_free(s->pending);
    eq_free(s->output);
    eq_free(s->nudge);
    eq_circuit_free(s->circuit);
}

static bool spice_init(eq_spice *s, eq_diag *diag) {
    *s = (eq_spice){.circuit = eq_circuit_new(), .diag = diag, .scratch = eq_diag_new()};
    s->current = s->base = EQ_NONE;
    s->calls_left = EQ_MAX_CALLS;
    s->noted = eq_names_new();
    s->global = eq_names_new();
    s->controls = eq_names_new();
    s->instance = eq_names_new();
    return s->circuit != NULL && s->scratch != NULL && s->noted != NULL && s->global != NULL &&
           s->controls != NULL && s->instance != NULL;
}

/* The first line, without blanks at its ends. */
static void set_title(eq_spice *s, const char *text, size_t length) {
    const char *newline = memchr(text, '\n', length);
    size_t n = newline == NULL ? length : (size_t)(newline - text);
    while (n > 0 && isspace((unsigned char)text[n - 1])) n--;
    while (n > 0 && isspace((unsigned char)*text)) {
        text++;
        n--;
    }
    char *title = eq_strndup(text, n);
    if (title == NULL) {
        eq_spice_no_memory(s);
        return;
    }
    eq_free(s->circuit->title);
    s->circuit->title = title;
}

static void set_control(eq_circuit *c, const eq_pending *p, eq_element by) {
    eq_row row = c->row[p->element];
    eq_table *t = &c->table[row.cls];
    if (p->input == EQ_NONE)
        t->control[row.row] = by;
    else
        t->formula[row.row]->input[p->input] =
            (eq_formula_input){EQ_INPUT_CURRENT, EQ_NONE, EQ_NONE, by};
}

/* F, H and the currents in formulas get their controls,
 * now that all elements have their numbers. */
static void connect_controls(eq_spice *s) {
    for (size_t k = 0; k < s->pendings && !s->stop; k++) {
        const eq_pending *p = &s->pending[k];
        const char *name = eq_names_get(s->controls, p->control);
        eq_token t = {EQ_TOKEN_WORD, name, strlen(name), p->at};
        eq_element by = eq_circuit_find_element(s->circuit, name);
        const char *own = eq_circuit_element_name(s->circuit, p->element);
        char near[96];
        if (by != EQ_NONE && eq_class(s->circuit->row[by].cls)->defined != EQ_VOLTAGE_DEFINED)
            eq_spice_fail(
                s, p->at,
                "%s is controlled by the current of %s, which is no voltage source; put a 0-V "
                "source in series with it and name that",
                own, name);
        else if (by == EQ_NONE)
            eq_spice_fail(
                s, p->at,
                "%s is controlled by the current of %s, but there is no such element%s; name a "
                "V, E or H element",
                own, name, eq_spice_nearest_name(s, t, s->circuit->element, near));
        else
            set_control(s->circuit, p, by);
    }
}

static void read_elements(eq_spice *s) {
    eq_frame root = {.prefix = "", .m = 1.0};
    if (s->stop || !eq_spice_finite(s) || s->stop || eq_frame_open(s, &root, s->scope[0]) != EQ_OK)
        return;
    eq_frame_override(s, &root);
    eq_spice_expand(s, &root);
    s->frame = &root;
    if (!s->stop) eq_spice_all_models(s);
    connect_controls(s);
    eq_spice_read_late(s);
    eq_spice_set_references(s);
    if (!s->stop) eq_spice_finish_directives(s);
    if (s->status == EQ_OK && eq_circuit_elements(s->circuit) == 0)
        eq_spice_fail(s, (eq_location){0, 1, 1},
                      "the deck has no element; write at least one below line 1, which is "
                      "the title");
    s->frame = NULL;
    eq_frame_close(&root);
}

/* True if a sweep of the deck reads it again. */
static bool rereads(const eq_circuit *c) {
    bool again = false;
    for (size_t k = 0; k < c->steps; k++) again |= eq_sweep_rereads(&c->step[k]);
    for (size_t k = 0; k < c->analyses; k++)
        for (int j = 0; j < c->analysis[k].sweeps; j++)
            again |= eq_sweep_rereads(&c->analysis[k].sweep[j]);
    return again;
}

/* Hands the texts of the files over to the circuit. */
static void keep_text(eq_spice *s) {
    eq_circuit *c = s->circuit;
    if (!rereads(c)) return;
    c->text = eq_calloc((size_t)c->files, sizeof *c->text);
    if (c->text == NULL) {
        eq_spice_no_memory(s);
        return;
    }
    for (int32_t k = 0; k < s->sources; k++) {
        c->text[k] = s->source[k].text;
        s->source[k].text = NULL;
    }
}

/* A reading of a deck with other values. */
typedef struct again {
    const eq_circuit *first; /* has the texts of the files */
    const eq_override *override;
    size_t overrides;
} again;

/* Takes over text (to be freed by the reader). */
static eq_status read_spice(const char *name, char *text, size_t length, eq_dialect dialect,
                            const again *from, eq_circuit **out, eq_diag *diag) {
    eq_spice s;
    if (!spice_init(&s, diag)) {
        spice_free(&s);
        eq_free(text);
        return eq_out_of_memory(diag);
    }
    s.circuit->dialect = (int)dialect;
    s.circuit->env.k_over_q = eq_dialect_k_over_q(dialect);
    if (from != NULL) {
        s.first = from->first;
        s.override = from->override;
        s.overrides = from->overrides;
    }
    set_title(&s, text, length);
    eq_spice_scan(&s, name, text, length);
    read_elements(&s);
    if (s.status == EQ_OK) s.status = eq_circuit_freeze(s.circuit, diag);
    if (s.status == EQ_OK && from == NULL) keep_text(&s);
    eq_status status = s.status;
    if (status == EQ_OK) {
        *out = s.circuit;
        s.circuit = NULL;
    }
    spice_free(&s);
    return status;
}

static bool is_xml(const char *text, size_t length) {
    size_t k = 0;
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) k = 3;
    while (k < length && isspace((unsigned char)text[k])) k++;
    return k < length && text[k] == '<';
}

/* The dialect asked for, or the one recognised, which is told. */
static eq_dialect dialect_of(const char *name, const char *text, size_t length, eq_dialect asked,
                             eq_diag *diag) {
    const char *sign = NULL;
    if (asked != EQ_DIALECT_COUNT) return asked;
    eq_dialect found = eq_spice_recognise(text, length, &sign);
    if (found != EQ_NGSPICE)
        eq_note_at(diag, (eq_place){name, 1, 1},
                   "read as a deck of %s (it has %s): its constants and spelling hold; --dialect "
                   "chooses another",
                   eq_dialect_name(found), sign);
    return found;
}

/* Reads `text`, which it frees. */
static eq_status parse(const char *name, char *text, size_t length, eq_dialect asked,
                       eq_circuit **out, eq_diag *diag) {
    if (!is_xml(text, length))
        return read_spice(name, text, length, dialect_of(name, text, length, asked, diag), NULL,
                          out, diag);
    eq_status status = eq_xml_circuit_parse(name, text, length, out, diag);
    eq_free(text);
    return status;
}

eq_status eq_deck_read(const char *path, eq_circuit **out, eq_diag *diag) {
    return eq_deck_read_as(path, EQ_DIALECT_COUNT, out, diag);
}

eq_status eq_deck_read_as(const char *path, eq_dialect dialect, eq_circuit **out, eq_diag *diag) {
    char *text;
    size_t length;
    eq_status status = eq_file_read(path, (eq_place){NULL, 0, 0}, &text, &length, diag);
    return status != EQ_OK ? status : parse(path, text, length, dialect, out, diag);
}

eq_status eq_deck_parse(const char *name, const char *text, size_t length, eq_circuit **out,
                        eq_diag *diag) {
    char *copy = eq_strndup(text, length);
    return copy == NULL ? eq_out_of_memory(diag)
                        : parse(name, copy, length, EQ_DIALECT_COUNT, out, diag);
}

eq_status eq_deck_reread(const eq_circuit *c, const eq_override *override, size_t n,
                         eq_circuit **out, eq_diag *diag) {
    const again from = {c, override, n};
    char *copy = c->text == NULL ? NULL : eq_strdup(c->text[0]);
    if (copy == NULL) return eq_out_of_memory(diag);
    return read_spice(c->file[0], copy, strlen(copy), (eq_dialect)c->dialect, &from, out, diag);
}
