/* Reading decks: SPICE or XML by the first character, SPICE in the steps of spice.h. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/encoding.h"
#include "netlist/netlist.h"
#include "netlist/spice/cards.h"
#include "netlist/spice/control.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/expand.h"
#include "netlist/spice/find.h"
#include "netlist/spice/late.h"
#include "netlist/spice/mention.h"
#include "netlist/spice/model.h"
#include "netlist/spice/pending.h"
#include "netlist/spice/scan.h"
#include "netlist/spice/scope.h"
#include "netlist/xml/circuit.h"

static void spice_free(eq_spice *s) {
    eq_reading *r = s->all;
    for (size_t k = 0; k < r->scopes; k++) eq_scope_free(r->scope[k]);
    for (int32_t k = 0; k < r->sources; k++) eq_free(r->source[k].text);
    eq_names_free(r->noted);
    eq_names_free(r->global);
    eq_names_free(r->controls);
    eq_names_free(r->instance);
    eq_names_free(r->reactance);
    eq_names_free(r->broken);
    eq_free(r->loose);
    eq_free(r->mention);
    eq_free(r->reactance_value);
    eq_diag_free(s->scratch);
    eq_text_free(&r->name);
    eq_free(r->scope);
    eq_free(r->source);
    eq_free(r->late);
    eq_free(r->condition);
    eq_free(r->variant);
    for (size_t k = 0; k < r->joineds; k++) eq_free(r->joined[k]);
    eq_free(r->joined);
    eq_free(r->sense);
    eq_free(r->reference);
    eq_free(r->declared);
    eq_free(r->data);
    eq_free(r->pending);
    eq_free(r->output);
    eq_free(r->nudge);
    eq_free(r->instances);
    eq_free(r->port);
    eq_deck_free(s->deck);
}

static bool spice_init(eq_spice *s, eq_reading *r, eq_diag *diag) {
    *s = (eq_spice){.all = r, .deck = eq_deck_new(), .diag = diag, .scratch = eq_diag_new()};
    s->circuit = s->deck == NULL ? NULL : s->deck->circuit;
    *r = (eq_reading){.current = EQ_NONE,
                      .base = EQ_NONE,
                      .skipped = {EQ_NONE, 0, 0},
                      .calls_left = EQ_MAX_CALLS,
                      .random = eq_random_seed(1),
                      .scale = 1.0,
                      .defl = NAN,
                      .defw = NAN,
                      .rshunt = INFINITY,
                      .noted = eq_names_new(),
                      .global = eq_names_new(),
                      .controls = eq_names_new(),
                      .instance = eq_names_new(),
                      .reactance = eq_names_new(),
                      .broken = eq_names_new()};
    return s->circuit != NULL && s->scratch != NULL && r->noted != NULL && r->global != NULL &&
           r->controls != NULL && r->instance != NULL && r->reactance != NULL && r->broken != NULL;
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

/* The title as R1 a b 1k: a first line that was meant to be an element. */
static void note_title(eq_spice *s) {
    const char *title = s->circuit->title;
    eq_cursor c = eq_cursor_new(0, title, strlen(title));
    eq_token word[EQ_PLAIN_WORDS];
    for (int k = 0; k < EQ_PLAIN_WORDS; k++) word[k] = eq_token_next(&c);
    bool letter = word[0].kind == EQ_TOKEN_WORD && strchr("rvicleghfdRVICLEGHFD", *word[0].text);
    if (letter && word[3].kind == EQ_TOKEN_WORD && eq_spice_node_of(s, word[1]) != EQ_NONE &&
        eq_spice_node_of(s, word[2]) != EQ_NONE)
        eq_spice_note(s, "title", (eq_location){0, 1, 1},
                      "the first line is the title, though it looks like element %.*s; put a title "
                      "line in front of it",
                      (int)(word[0].length < 60 ? word[0].length : 60), word[0].text);
}

static void override_temperature(eq_spice *s) {
    for (size_t k = 0; k < s->overrides; k++)
        if (s->override[k].target == EQ_TARGET_TEMP) s->circuit->env.temp = s->override[k].value;
}

static void read_elements(eq_spice *s) {
    eq_frame root = {.prefix = "", .m = 1.0};
    if (s->all->stop || s->all->incomplete || !eq_spice_finite(s) || s->all->stop ||
        eq_frame_open(s, &root, s->all->scope[0]) != EQ_OK)
        return;
    eq_frame_override(s, &root);
    s->frame = &root;
    eq_spice_read_late(s, EQ_PHASE_OPTIONS, EQ_PHASE_OPTIONS);
    override_temperature(s);
    eq_spice_expand(s);
    if (!s->all->stop) eq_spice_all_models(s);
    eq_spice_connect_controls(s);
    eq_spice_check_mentions(s);
    eq_spice_read_late(s, EQ_PHASE_OPTIONS + 1, EQ_PHASES - 1);
    eq_spice_finish_plan(s);
    eq_spice_finish_notes(s);
    note_title(s);
    if (s->all->warm) eq_deck_reheat(s->deck);
    eq_spice_set_references(s);
    if (!s->all->stop && isfinite(s->all->rshunt))
        eq_spice_pass_on(s, eq_circuit_shunt(s->circuit, s->all->rshunt, s->scratch));
    if (!s->all->stop) eq_spice_finish_directives(s);
    if (s->all->status == EQ_OK && !s->models && eq_circuit_elements(s->circuit) == 0)
        eq_spice_fail(s, (eq_location){0, 1, 1},
                      "the deck has no element; write at least one below line 1, which is "
                      "the title");
    s->frame = NULL;
    eq_frame_close(&root);
}

/* Hands the texts of the files over to the deck. */
static void keep_text(eq_spice *s) {
    eq_deck *d = s->deck;
    if (!eq_deck_rereads(d) && d->plan_lines == 0) return;
    d->text = eq_calloc((size_t)s->circuit->files, sizeof *d->text);
    if (d->text == NULL) {
        eq_spice_no_memory(s);
        return;
    }
    for (int32_t k = 0; k < s->all->sources; k++) {
        d->text[k] = s->all->source[k].text;
        s->all->source[k].text = NULL;
    }
}

/* Takes over text (to be freed by the reader). */
static eq_status read_spice(const char *name, char *text, size_t length, eq_dialect dialect,
                            const eq_again *from, eq_deck **out, eq_diag *diag) {
    eq_spice s;
    eq_reading r;
    if (!spice_init(&s, &r, diag)) {
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
        s.models = from->models;
    }
    set_title(&s, text, length);
    eq_spice_scan(&s, name, text, length);
    if (from != NULL) eq_spice_read_lines(&s, from->line, from->lines);
    read_elements(&s);
    if (r.status == EQ_OK && !s.models) r.status = eq_circuit_freeze(s.circuit, diag);
    if (r.status == EQ_OK && from == NULL) keep_text(&s);
    eq_status status = r.status;
    if (status == EQ_OK) {
        *out = s.deck;
        s.deck = NULL;
    }
    spice_free(&s);
    return status;
}

static bool is_xml(const char *text, size_t length) {
    size_t k = 0;
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
static eq_status parse(const char *name, char *text, size_t length, eq_dialect asked, eq_deck **out,
                       eq_diag *diag) {
    eq_status status = eq_deck_decode(&text, &length, diag);
    if (status == EQ_OK && !is_xml(text, length))
        return read_spice(name, text, length, dialect_of(name, text, length, asked, diag), NULL,
                          out, diag);
    if (status == EQ_OK) status = eq_xml_circuit_parse(name, text, length, out, diag);
    eq_free(text);
    return status;
}

eq_status eq_deck_read(const char *path, eq_deck **out, eq_diag *diag) {
    return eq_deck_read_as(path, EQ_DIALECT_COUNT, out, diag);
}

eq_status eq_deck_read_as(const char *path, eq_dialect dialect, eq_deck **out, eq_diag *diag) {
    char *text;
    size_t length;
    eq_status status = eq_file_read(path, (eq_place){0}, &text, &length, diag);
    return status != EQ_OK ? status : parse(path, text, length, dialect, out, diag);
}

eq_status eq_deck_parse(const char *name, const char *text, size_t length, eq_deck **out,
                        eq_diag *diag) {
    char *copy = eq_strndup(text, length);
    return copy == NULL ? eq_out_of_memory(diag)
                        : parse(name, copy, length, EQ_DIALECT_COUNT, out, diag);
}

eq_status eq_deck_reread_with(const eq_again *from, eq_deck **out, eq_diag *diag) {
    const eq_circuit *c = from->first->circuit;
    char *copy = from->first->text == NULL ? NULL : eq_strdup(from->first->text[0]);
    if (copy == NULL) return eq_out_of_memory(diag);
    eq_status status =
        read_spice(c->file[0], copy, strlen(copy), (eq_dialect)c->dialect, from, out, diag);
    if (status == EQ_OK) (*out)->again = from;
    return status;
}

eq_status eq_deck_reread(const eq_deck *d, const eq_override *override, size_t n, eq_deck **out,
                         eq_diag *diag) {
    eq_again from = d->again == NULL ? (eq_again){.first = d} : *d->again;
    eq_override *all = eq_malloc(from.overrides + n, sizeof *all);
    if (all == NULL) return eq_out_of_memory(diag);
    if (from.overrides > 0) memcpy(all, from.override, from.overrides * sizeof *all);
    if (n > 0) memcpy(all + from.overrides, override, n * sizeof *all);
    from.override = all;
    from.overrides += n;
    eq_status status = eq_deck_reread_with(&from, out, diag);
    if (status == EQ_OK) (*out)->again = NULL;
    eq_free(all);
    return status;
}

/* The circuit of a deck that was read. */
static eq_status circuit_alone(eq_status status, eq_deck *d, eq_circuit **out) {
    if (status == EQ_OK) *out = eq_deck_release(d);
    return status;
}

eq_status eq_models_read(const char *path, eq_dialect dialect, eq_circuit **out, eq_diag *diag) {
    const eq_again from = {.models = true};
    eq_deck *d = NULL;
    char *text;
    size_t length;
    eq_status status = eq_file_read(path, (eq_place){0}, &text, &length, diag);
    if (status != EQ_OK) return status;
    if (length > 0 && text[0] == '.') {
        eq_free(text);
        return eq_fail_at(diag, EQ_ERR_INPUT, (eq_place){path, 1, 1},
                          "line 1 of a deck is its title; write the cards below it");
    }
    status = read_spice(path, text, length, dialect, &from, &d, diag);
    return circuit_alone(status, d, out);
}

eq_status eq_circuit_read(const char *path, eq_circuit **out, eq_diag *diag) {
    eq_deck *d = NULL;
    eq_status status = eq_deck_read(path, &d, diag);
    return circuit_alone(status, d, out);
}

eq_status eq_circuit_parse(const char *name, const char *text, size_t length, eq_circuit **out,
                           eq_diag *diag) {
    eq_deck *d = NULL;
    eq_status status = eq_deck_parse(name, text, length, &d, diag);
    return circuit_alone(status, d, out);
}
