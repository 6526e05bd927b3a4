/* Errors of the SPICE reader: the chain of includes and instances, one error a place, nearest
 * names. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "netlist/spice/error.h"

static void add_chain(const eq_spice *s, eq_location at, eq_text *text) {
    const char *before = " (";
    for (const eq_frame *f = s->frame; f != NULL && f->up != NULL; f = f->up) {
        eq_place p = eq_circuit_place(s->circuit, f->at);
        eq_text_printf(text, "%sin %.*s of %s at %s:%d", before, (int)strlen(f->prefix) - 1,
                       f->prefix, f->scope->name, p.file, p.line);
        before = ", ";
    }
    eq_location from = at;
    for (int k = 0; k < EQ_MAX_INCLUDE_DEPTH && from.file >= 0; k++) {
        from = s->all->source[from.file].from;
        if (from.file < 0) break;
        eq_place p = eq_circuit_place(s->circuit, from);
        eq_text_printf(text, "%sincluded at %s:%d", before, p.file, p.line);
        before = ", ";
    }
    if (before[0] == ',') eq_text_puts(text, ")");
}

static bool same(eq_location a, eq_location b) {
    return a.file == b.file && a.line == b.line && a.column == b.column;
}

/* False when an error at this place was reported before, or there were too many. */
static bool is_new(eq_spice *s, eq_location at) {
    if (s->all->errors >= EQ_MAX_ERRORS) return false;
    for (int k = 0; k < s->all->errors; k++)
        if (same(s->all->reported[k], at)) return false;
    s->all->reported[s->all->errors++] = at;
    return true;
}

/* True if the text names the element or card, in whatever case. */
static bool names(const char *text, eq_token about) {
    for (const char *p = text; *p != '\0'; p++) {
        size_t k = 0;
        if (p > text && isalnum((unsigned char)p[-1])) continue;
        while (k < about.length && p[k] != '\0' && (p[k] | 32) == (about.text[k] | 32)) k++;
        if (k == about.length && !isalnum((unsigned char)p[k])) return true;
    }
    return false;
}

/* Puts what is being read in front, unless the message names it: r1: .. */
static void say_about(const eq_spice *s, eq_text *text) {
    eq_text whole = {0};
    if (s->about.length == 0 || text->text == NULL || names(text->text, s->about)) return;
    eq_text_printf(&whole, "%.*s: %s", (int)(s->about.length < 60 ? s->about.length : 60),
                   s->about.text, text->text);
    whole.failed = whole.failed || text->failed;
    eq_text_free(text);
    *text = whole;
}

static void report(eq_spice *s, eq_location at, eq_text *text) {
    if (!is_new(s, at)) return;
    say_about(s, text);
    add_chain(s, at, text);
    if (text->failed)
        s->all->status = eq_out_of_memory(s->diag);
    else
        eq_fail_at(s->diag, EQ_ERR_INPUT, eq_circuit_place(s->circuit, at), "%s", text->text);
    if (s->all->errors < EQ_MAX_ERRORS) return;
    s->all->stop = true;
    eq_fail_at(s->diag, EQ_ERR_INPUT, eq_circuit_place(s->circuit, at),
               "too many errors; correct these %d first", EQ_MAX_ERRORS);
}

eq_status eq_spice_fail(eq_spice *s, eq_location at, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    if (s->all->status == EQ_OK) s->all->status = EQ_ERR_INPUT;
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *bytes = length < 0 ? NULL : eq_malloc((size_t)length + 1, 1);
    eq_text text = {0};
    if (bytes != NULL) vsnprintf(bytes, (size_t)length + 1, format, args);
    va_end(args);
    eq_text_puts(&text, bytes == NULL ? "" : bytes);
    text.failed = text.failed || bytes == NULL;
    report(s, at, &text);
    eq_free(bytes);
    eq_text_free(&text);
    return s->all->status;
}

/* The location of a message of another room, which names its file by text. */
static eq_location location_of(const eq_spice *s, const eq_message *m) {
    eq_location at = {EQ_NONE, m->line, m->column};
    for (int32_t k = 0; m->file != NULL && k < s->circuit->files; k++)
        if (strcmp(s->circuit->file[k], m->file) == 0) at.file = k;
    return at;
}

eq_status eq_spice_pass_on(eq_spice *s, eq_status status) {
    if (status == EQ_ERR_MEMORY) eq_spice_no_memory(s);
    for (size_t k = 0; k < eq_diag_count(s->scratch); k++) {
        const eq_message *m = eq_diag_get(s->scratch, k);
        if (m->severity == EQ_ERROR) eq_spice_fail(s, location_of(s, m), "%s", m->text);
    }
    eq_diag_clear(s->scratch);
    return status;
}

bool eq_spice_name_fits(eq_spice *s, eq_token t, size_t length) {
    if (length <= EQ_MAX_NAME) return true;
    eq_spice_fail(s, t.at, EQ_NAME_TOO_LONG, (int)(t.length < 40 ? t.length : 40), t.text, length,
                  EQ_MAX_NAME);
    return false;
}

eq_status eq_spice_no_memory(const eq_spice *s) {
    s->all->stop = true;
    return s->all->status = eq_out_of_memory(s->diag);
}

void eq_spice_note(eq_spice *s, const char *key, eq_location at, const char *format, ...) {
    size_t before = eq_names_count(s->all->noted);
    if (eq_names_add(s->all->noted, key, strlen(key)) == EQ_NO_NAME) {
        eq_spice_no_memory(s);
        return;
    }
    if (eq_names_count(s->all->noted) == before) return;
    eq_text text = {0};
    char bytes[512];
    va_list args;
    va_start(args, format);
    vsnprintf(bytes, sizeof bytes, format, args);
    va_end(args);
    eq_text_puts(&text, bytes);
    add_chain(s, at, &text);
    if (text.failed)
        eq_spice_no_memory(s);
    else
        eq_note_at(s->diag, eq_circuit_place(s->circuit, at), "%s", text.text);
    eq_text_free(&text);
}

/* A line at fault may stand in thousands of instances, and is told once: comparing ends as well. */
enum { MOST_CANDIDATES = 10000, MOST_IN_ALL = EQ_MAX_ERRORS * MOST_CANDIDATES };

const char *eq_spice_nearest(eq_spice *s, eq_token word, eq_candidate next, const void *data,
                             char buffer[96]) {
    const char *best = NULL, *candidate;
    int found = eq_near(word.length) + 1;
    for (size_t k = 0; k < MOST_CANDIDATES && (candidate = next(data, k)) != NULL; k++) {
        if (s->all->candidates >= MOST_IN_ALL) break;
        s->all->candidates++;
        int d = eq_distance(word.text, word.length, candidate);
        bool longer =
            best != NULL && strlen(candidate) < strlen(best) && strlen(best) == word.length;
        bool swapped = d == 1 && eq_swapped(word.text, word.length, candidate);
        if (swapped || (d > 0 && (d < found || (d == found && best != NULL && longer)))) {
            found = d;
            best = candidate;
        }
        if (swapped) break;
    }
    buffer[0] = '\0';
    if (best != NULL && strlen(best) < 60) snprintf(buffer, 96, " (did you mean %s?)", best);
    return buffer;
}

static const char *name_at(const void *data, size_t k) {
    const eq_names *names = data;
    return k < eq_names_count(names) ? eq_names_get(names, (int32_t)k) : NULL;
}

const char *eq_spice_nearest_name(eq_spice *s, eq_token word, const eq_names *names,
                                  char buffer[96]) {
    buffer[0] = '\0';
    return names == NULL ? buffer : eq_spice_nearest(s, word, name_at, names, buffer);
}

bool eq_spice_is_star(eq_spice *s, eq_token t) {
    bool star = t.kind == EQ_TOKEN_WORD && t.length > 0 && *t.text == '*';
    if (star)
        eq_spice_fail(s, t.at,
                      "a * starts a comment at the start of a line only; comments at the end of a "
                      "line start with ;");
    return star;
}

eq_status eq_spice_expected(eq_spice *s, eq_token found, const char *what) {
    if (eq_spice_is_star(s, found)) return s->all->status;
    switch (found.kind) {
    case EQ_TOKEN_END:
        return eq_spice_fail(s, found.at, "the line ends before %s; add it", what);
    case EQ_TOKEN_UNCLOSED:
        return eq_spice_fail(s, found.at,
                             "this quote or brace is not closed; close it on its line");
    case EQ_TOKEN_BAD:
        if ((unsigned char)*found.text < 32)
            return eq_spice_fail(s, found.at, "a control character (code %d); remove it",
                                 (unsigned char)*found.text);
        break;
    default:
        break;
    }
    return eq_spice_fail(s, found.at, "expected %s but found '%.*s'; correct the line", what,
                         (int)(found.length < 60 ? found.length : 60), found.text);
}
