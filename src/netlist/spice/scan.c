/* The first pass: which text belongs to which scope, includes, and the cards that define names. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/encoding.h"
#include "netlist/spice/cards.h"
#include "netlist/spice/control.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/scan.h"
#include "netlist/spice/scope.h"

enum { EQ_MAX_INCLUDES = 10000 };

typedef struct scan {
    eq_spice *s;
    eq_cursor c;
    int32_t scope;
    bool run_open; /* element lines since the last split: in run */
    eq_stretch run;
    bool in_section; /* inside .lib NAME ... .endl */
    int depth;       /* of includes */
    bool ended;      /* behind an .end */
} scan;

static void read_file(scan *from, eq_token name, const eq_token *section);
static char *find_file(const scan *k, eq_token name);

/* Ends the stretch of elements of the current scope at the current line. */
static void split(scan *k) {
    if (!k->run_open) return;
    eq_scope *scope = k->s->all->scope[k->scope];
    k->run_open = false;
    k->run.at.end = k->c.line_start;
    k->run.condition = k->s->all->current;
    if (!eq_grow((void **)&scope->run, &scope->run_cap, scope->runs + 1, sizeof *scope->run))
        eq_spice_no_memory(k->s);
    else
        scope->run[scope->runs++] = k->run;
}

/* A formal node of the subcircuit `inner`. */
static void add_port(eq_spice *s, eq_scope *inner, eq_token t) {
    size_t before = eq_names_count(inner->port);
    if (!eq_spice_name_fits(s, t, t.length)) return;
    if (eq_names_add_lower(inner->port, t.text, t.length) == EQ_NO_NAME)
        eq_spice_no_memory(s);
    else if (eq_names_count(inner->port) == before)
        eq_spice_fail(s, t.at, "node %.*s stands twice on the .subckt line; give it another name",
                      (int)t.length, t.text);
}

/* .subckt NAME node ... [params:] [name=value ...]; ends at the first name=value. */
static void subckt_line(scan *k, eq_scope *inner) {
    eq_spice *s = k->s;
    for (;;) {
        eq_token t = eq_token_next(&k->c);
        if (t.kind == EQ_TOKEN_END) return;
        if (t.kind != EQ_TOKEN_WORD) {
            eq_spice_expected(s, t, "a node or NAME=VALUE");
            return;
        }
        if (eq_token_is(t, "params:") || eq_token_is(t, "params")) continue;
        if (eq_token_peek(&k->c).kind != EQ_TOKEN_EQUAL) {
            add_port(s, inner, t);
            continue;
        }
        eq_token_next(&k->c);
        eq_definition *d = eq_define(s, inner, EQ_DEFINES_PARAM, t);
        if (d == NULL) return;
        d->value = k->c;
        d->overridable = true;
        eq_token value = eq_token_peek(&k->c);
        if (value.kind != EQ_TOKEN_GROUP && value.kind != EQ_TOKEN_WORD) {
            eq_spice_expected(s, value, "the default value");
            return;
        }
        eq_spice_skip_value(&k->c);
    }
}

static void open_subckt(scan *k) {
    eq_spice *s = k->s;
    eq_token name = eq_token_next(&k->c);
    if (name.kind != EQ_TOKEN_WORD) {
        eq_spice_expected(s, name, "the name of the subcircuit");
        return;
    }
    eq_definition *d = eq_define(s, s->all->scope[k->scope], EQ_DEFINES_SUBCKT, name);
    eq_scope *inner = eq_scope_new(s, name, k->scope);
    if (inner == NULL) {
        eq_spice_no_memory(s);
        return;
    }
    if (d != NULL) d->scope = (int32_t)s->all->scopes - 1;
    k->scope = (int32_t)s->all->scopes - 1;
    inner->base = s->all->base;
    inner->condition = s->all->current;
    s->all->base = s->all->current = EQ_NONE;
    subckt_line(k, inner);
}

/* Back to the scope around this one and the conditions that stand there. */
static void leave_scope(scan *k) {
    const eq_scope *inner = k->s->all->scope[k->scope];
    eq_spice_close_ifs(k->s);
    k->s->all->base = inner->base;
    k->s->all->current = inner->condition;
    k->scope = inner->parent;
}

static void close_subckt(scan *k, int32_t base, eq_location at) {
    eq_spice *s = k->s;
    eq_token name = eq_token_next(&k->c);
    if (k->scope == base) {
        eq_spice_fail(s, at, ".ends without a .subckt in this file; remove it");
        return;
    }
    eq_scope *inner = s->all->scope[k->scope];
    if (name.kind == EQ_TOKEN_WORD && !eq_token_is(name, inner->name))
        eq_spice_note(s, ".ends", name.at,
                      ".ends names %.*s but closes subcircuit %s, the last one that was opened",
                      (int)name.length, name.text, inner->name);
    leave_scope(k);
}

/* To the card `end` that closes the one at `at`; an error when there is none. */
static bool skip_to(scan *k, const char *end, eq_location at, const char *message) {
    eq_line_end(&k->c);
    for (eq_line_kind kind; (kind = eq_line_start(&k->c)) != EQ_LINE_NONE;
         eq_physical_line_end(&k->c)) {
        eq_cursor ahead = k->c;
        if (kind == EQ_LINE_CARD && eq_token_is(eq_token_next(&ahead), end)) return true;
    }
    eq_spice_fail(k->s, at, "%s", message);
    return false;
}

/* .control ... .endc: commands, which the analysis room runs. */
static void keep_control(scan *k, eq_location at) {
    eq_cursor lines = k->c;
    if (skip_to(k, ".endc", at, "this .control has no .endc; add it"))
        eq_spice_keep_control(k->s, &lines);
}

/* .data NAME ... .enddata: kept until .dc or .step uses it. */
static void keep_data(scan *k, eq_location at) {
    eq_spice *s = k->s;
    eq_data_table data = {eq_token_next(&k->c), k->c};
    data.at = k->c;
    if (data.name.kind != EQ_TOKEN_WORD) eq_spice_expected(s, data.name, "the name of the table");
    if (!skip_to(k, ".enddata", at, "this .data has no .enddata; add it")) return;
    data.at.end = k->c.line_start;
    if (!eq_grow((void **)&s->all->data, &s->all->data_cap, s->all->datas + 1,
                 sizeof *s->all->data))
        eq_spice_no_memory(s);
    else
        s->all->data[s->all->datas++] = data;
}

/* The name of a file on an .include or .lib line: "...", '...' or bare, blanks end a bare one. */
static bool file_name(scan *k, eq_token *name) {
    *name = eq_token_raw(&k->c);
    if (name->kind == EQ_TOKEN_GROUP && *name->text == '\'' && name->length >= 2) {
        name->text++;
        name->length -= 2;
        name->kind = EQ_TOKEN_STRING;
    }
    bool good = (name->kind == EQ_TOKEN_WORD || name->kind == EQ_TOKEN_STRING) && name->length > 0;
    if (!good) eq_spice_expected(k->s, *name, "the name of a file");
    return good;
}

static void include(scan *k) {
    eq_token name;
    if (file_name(k, &name)) read_file(k, name, NULL);
}

/* LTspice's .lib FILE is an .include; its decks name libraries of its own installation, which are
 * not here. */
static void whole_library(scan *k, eq_token name) {
    char *path = find_file(k, name);
    if (path == NULL)
        eq_spice_no_memory(k->s);
    else if (access(path, R_OK) == 0)
        read_file(k, name, NULL);
    else
        eq_spice_note(k->s, ".lib", name.at,
                      "skipped: the library '%.*s' (and others) is not here; add the models it has",
                      (int)name.length, name.text);
    eq_free(path);
}

/* .lib FILE SECTION reads a section; .lib SECTION starts one inside a library. */
static void library(scan *k, eq_location at) {
    eq_token name, section;
    if (!file_name(k, &name)) return;
    section = eq_token_raw(&k->c);
    if (section.kind == EQ_TOKEN_WORD)
        read_file(k, name, &section);
    else if (k->s->circuit->dialect == EQ_LTSPICE)
        whole_library(k, name);
    else
        eq_spice_fail(k->s, at,
                      ".lib needs a file and a section: .lib FILE SECTION; a whole file is read "
                      "with .include FILE");
}

/* ngspice 39 skips a line .end and reads on, in the deck and in its includes; behind .end with a
 * comment right at it (.end;) nothing counts (measured). Elsewhere .end ends the text. */
static bool reads_on(const scan *k) {
    char next = k->c.p < k->c.end ? *k->c.p : '\n';
    return k->s->circuit->dialect == EQ_NGSPICE && next != ';' && next != '/';
}

/* Tells that a line stands behind .end. */
static void note_behind_end(scan *k, bool counts) {
    eq_spice_note(k->s, ".end", eq_cursor_at(&k->c),
                  counts ? "behind .end, but it counts, as in ngspice, which reads on there"
                         : "ignored: what stands from here on behind .end");
    k->ended = false;
}

/* Acts on a card that changes scope or text; false: reading of this text ends. */
static bool act(scan *k, eq_card_action action, int32_t base, eq_location at) {
    switch (action) {
    case EQ_CARD_SUBCKT:
        open_subckt(k);
        return true;
    case EQ_CARD_ENDS:
        close_subckt(k, base, at);
        return true;
    case EQ_CARD_INCLUDE:
        include(k);
        return true;
    case EQ_CARD_LIB:
        library(k, at);
        return true;
    case EQ_CARD_CONTROL:
        keep_control(k, at);
        return true;
    case EQ_CARD_DATA:
        keep_data(k, at);
        return true;
    case EQ_CARD_ENDL:
        if (k->in_section) return false;
        eq_spice_fail(k->s, at, ".endl without a .lib section; remove it");
        return true;
    case EQ_CARD_IF:
    case EQ_CARD_ELSEIF:
    case EQ_CARD_ELSE:
    case EQ_CARD_ENDIF:
        eq_spice_if(k->s, action, &k->c, at);
        return true;
    case EQ_CARD_END:
        k->ended = true;
        return reads_on(k);
    case EQ_CARD_DONE:
        break;
    }
    return false;
}

static bool card(scan *k, int32_t base) {
    eq_location at = eq_cursor_at(&k->c);
    eq_cursor start = k->c;
    eq_card_action action = eq_spice_card(k->s, k->s->all->scope[k->scope], &k->c);
    bool more = true;
    if (action != EQ_CARD_DONE) {
        eq_cursor behind = k->c;
        k->c = start;
        split(k);
        k->c = behind;
        more = act(k, action, base, at);
    }
    k->s->about.length = 0;
    return more;
}

static void one_line(scan *k, eq_line_kind kind) {
    eq_location at = eq_cursor_at(&k->c);
    if (kind == EQ_LINE_ORPHAN)
        eq_spice_fail(k->s, at,
                      "a continuation line with nothing to continue; put it after its card (a *%% "
                      "line cannot be continued, write a second one)");
    if (kind == EQ_LINE_ELEMENT) {
        if (!k->run_open) k->run = (eq_stretch){.at = k->c};
        k->run_open = true;
        k->run.elements++;
        int letter = *k->c.p | 32;
        k->run.instances |= letter == 'x';
        if (k->scope == 0 && letter >= 'a' && letter <= 'z') k->s->all->lines[letter - 'a']++;
    }
    if (kind != EQ_LINE_DIRECTIVE) {
        eq_line_end(&k->c);
        return;
    }
    if (k->scope != 0)
        eq_spice_fail(k->s, at,
                      "a *%% line inside .subckt; write it at the top level, with names such as "
                      "r.x1.r1");
    else
        eq_spice_directive(k->s, &k->c);
    eq_physical_line_end(&k->c);
}

/* Scans one text until its end, .end or .endl. */
static void scan_text(scan *k) {
    int32_t base = k->scope;
    eq_line_kind kind;
    bool more = true;
    while (more && !k->s->all->stop && (kind = eq_line_start(&k->c)) != EQ_LINE_NONE) {
        if (k->ended) note_behind_end(k, true);
        if (kind != EQ_LINE_CARD) {
            one_line(k, kind);
            continue;
        }
        more = card(k, base);
        eq_line_end(&k->c);
    }
    eq_cursor end = k->c;
    if (k->ended && !more && eq_line_start(&k->c) != EQ_LINE_NONE) note_behind_end(k, false);
    k->c = end;
    k->c.line_start = k->c.p > k->c.end ? k->c.end : more ? k->c.p : k->c.line_start;
    split(k);
    for (; k->scope != base; leave_scope(k))
        eq_spice_fail(k->s, k->s->all->scope[k->scope]->at, ".subckt %s has no .ends; add it",
                      k->s->all->scope[k->scope]->name);
    eq_spice_close_ifs(k->s);
}

/* Moves behind the line `.lib SECTION`; false when the library has none. */
static bool find_section(eq_cursor *c, eq_token section) {
    for (eq_line_kind kind; (kind = eq_line_start(c)) != EQ_LINE_NONE; eq_line_end(c)) {
        eq_cursor ahead = *c;
        if (kind != EQ_LINE_CARD || !eq_token_is(eq_token_next(&ahead), ".lib")) continue;
        eq_token name = eq_token_raw(&ahead), more = eq_token_raw(&ahead);
        bool same = name.length == section.length && more.kind == EQ_TOKEN_END;
        for (size_t i = 0; same && i < name.length; i++)
            same = (name.text[i] | 32) == (section.text[i] | 32);
        if (!same) continue;
        eq_line_end(c);
        return true;
    }
    return false;
}

/* The path of an included file: beside the including file, else from the working directory. */
static char *find_file(const scan *k, eq_token name) {
    char *bare = eq_strndup(name.text, name.length);
    char *folder = eq_path_folder(k->s->circuit->file[k->c.file]);
    char *beside = bare == NULL || folder == NULL ? NULL : eq_path_join(folder, bare);
    eq_free(folder);
    if (beside != NULL && access(beside, R_OK) != 0 && access(bare, R_OK) == 0) {
        eq_free(beside);
        return bare;
    }
    eq_free(bare);
    return beside;
}

/* The text of a file: what a first reading of the deck found in it, else from the disk. */
static eq_status text_of(const eq_spice *s, const char *path, eq_location at, eq_source *out) {
    const eq_deck *first = s->first;
    for (int32_t k = 0; first != NULL && k < first->circuit->files; k++) {
        if (strcmp(first->circuit->file[k], path) != 0 || first->text[k] == NULL) continue;
        out->length = strlen(first->text[k]);
        out->text = eq_strdup(first->text[k]);
        return out->text == NULL ? eq_out_of_memory(s->scratch) : EQ_OK;
    }
    eq_status status =
        eq_file_read(path, eq_circuit_place(s->circuit, at), &out->text, &out->length, s->scratch);
    return status == EQ_OK ? eq_deck_decode(&out->text, &out->length, s->scratch) : status;
}

/* The text of a file, read once however often it is included. */
static bool load(scan *k, const char *path, eq_location at, int32_t *file) {
    eq_spice *s = k->s;
    int32_t known = s->circuit->files, f = eq_circuit_file(s->circuit, path);
    if (f == EQ_NONE || !eq_grow((void **)&s->all->source, &s->all->source_cap,
                                 (size_t)s->circuit->files, sizeof *s->all->source)) {
        eq_spice_no_memory(s);
        return false;
    }
    *file = f;
    if (f >= known) {
        s->all->source[f] = (eq_source){NULL, 0, {EQ_NONE, 0, 0}, false};
        s->all->sources = f + 1;
    }
    eq_source *source = &s->all->source[f];
    if (source->text != NULL) return true;
    eq_status status = text_of(s, path, at, source);
    eq_spice_pass_on(s, status);
    s->all->incomplete = s->all->incomplete || status != EQ_OK;
    return status == EQ_OK;
}

/* Refuses files that include themselves and too many or too deep includes. */
static bool may_enter(scan *k, int32_t file, bool section, eq_location at) {
    eq_spice *s = k->s;
    const char *name = s->circuit->file[file];
    if (s->all->source[file].active && !section)
        eq_spice_fail(s, at, "'%s' includes itself; remove this line", name);
    else if (k->depth >= EQ_MAX_INCLUDE_DEPTH)
        eq_spice_fail(s, at,
                      "files included deeper than %d; remove the line that makes them include "
                      "each other",
                      EQ_MAX_INCLUDE_DEPTH);
    else if (s->all->includes++ >= EQ_MAX_INCLUDES)
        eq_spice_fail(s, at, "more than %d included files; put them together", EQ_MAX_INCLUDES);
    else
        return true;
    return false;
}

/* Scans an included file, or a section of it, as if it stood here. */
static void enter(scan *k, int32_t file, const eq_token *section, eq_location at) {
    eq_spice *s = k->s;
    eq_source before = s->all->source[file];
    s->all->source[file].active = true;
    if (!before.active) s->all->source[file].from = at;
    int32_t outer = s->all->base;
    s->all->base = s->all->current;
    s->about.length = 0;
    scan inner = {.s = s, .scope = k->scope, .depth = k->depth + 1, .in_section = section != NULL};
    inner.c = eq_cursor_new(file, before.text, before.length);
    inner.c.dialect = k->c.dialect;
    if (section != NULL && !find_section(&inner.c, *section))
        eq_spice_fail(s, section->at, "'%s' has no section %.*s (a line .lib %.*s); check the name",
                      s->circuit->file[file], (int)section->length, section->text,
                      (int)section->length, section->text);
    else
        scan_text(&inner);
    s->all->base = outer;
    s->all->source[file].active = before.active;
}

static void read_file(scan *k, eq_token name, const eq_token *section) {
    int32_t file;
    char *path = find_file(k, name);
    if (path == NULL)
        eq_spice_no_memory(k->s);
    else if (load(k, path, name.at, &file) && may_enter(k, file, section != NULL, name.at))
        enter(k, file, section, name.at);
    eq_free(path);
}

eq_status eq_spice_scan(eq_spice *s, const char *name, char *text, size_t length) {
    eq_token deck = {EQ_TOKEN_WORD, "", 0, {EQ_NONE, 0, 0}};
    int32_t file = eq_circuit_file(s->circuit, name);
    if (file == EQ_NONE || eq_scope_new(s, deck, EQ_NONE) == NULL ||
        !eq_grow((void **)&s->all->source, &s->all->source_cap, 1, sizeof *s->all->source)) {
        eq_free(text);
        return eq_spice_no_memory(s);
    }
    s->all->sources = 1;
    s->all->source[file] = (eq_source){text, length, {EQ_NONE, 0, 0}, true};
    scan k = {.s = s, .c = eq_cursor_new(file, text, length)};
    k.c.dialect = (eq_dialect)s->circuit->dialect;
    eq_physical_line_end(&k.c); /* the title */
    scan_text(&k);
    if (!s->all->stop) eq_spice_define_steps(s);
    return s->all->status;
}
