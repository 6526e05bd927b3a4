#define EQ_BASE_STATUS_C /* the definitions are here */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *eq_version(void) {
    return EQ_VERSION;
}

struct eq_diag {
    eq_message *message;
    size_t count, cap, errors;
    bool lost; /* a message could not be stored: memory ran out */
};

static char out_of_memory_text[] =
    "out of memory; use a smaller problem or a machine with more memory";
static const eq_message out_of_memory_message = {EQ_ERROR, NULL, 0, 0, out_of_memory_text};

eq_diag *eq_diag_new(void) {
    return eq_calloc(1, sizeof(eq_diag));
}

void eq_diag_clear(eq_diag *diag) {
    if (diag == NULL) return;
    for (size_t i = 0; i < diag->count; i++) {
        eq_free(diag->message[i].file);
        eq_free(diag->message[i].text);
    }
    diag->count = diag->errors = 0;
    diag->lost = false;
}

void eq_diag_free(eq_diag *diag) {
    if (diag == NULL) return;
    eq_diag_clear(diag);
    eq_free(diag->message);
    eq_free(diag);
}

size_t eq_diag_count(const eq_diag *diag) {
    return diag == NULL ? 0 : diag->count + (diag->lost ? 1 : 0);
}

size_t eq_diag_errors(const eq_diag *diag) {
    return diag == NULL ? 0 : diag->errors + (diag->lost ? 1 : 0);
}

const eq_message *eq_diag_get(const eq_diag *diag, size_t index) {
    return diag != NULL && index < diag->count ? &diag->message[index] : &out_of_memory_message;
}

const char *eq_severity_name(eq_severity severity) {
    static const char *const name[] = {"error", "warning", "note"};
    return name[severity];
}

static char *format_text(const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) return NULL;
    char *text = eq_malloc((size_t)length + 1, 1);
    if (text != NULL) vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

static void add(eq_diag *diag, eq_severity severity, eq_place at, const char *format,
                va_list args) {
    if (diag == NULL) return;
    eq_message m = {severity, NULL, at.line, at.column, format_text(format, args)};
    if (at.file != NULL) m.file = eq_strdup(at.file);
    bool whole = m.text != NULL && (at.file == NULL || m.file != NULL) &&
                 eq_grow((void **)&diag->message, &diag->cap, diag->count + 1, sizeof m);
    if (!whole) {
        eq_free(m.file);
        eq_free(m.text);
        diag->lost = true;
        return;
    }
    diag->message[diag->count++] = m;
    if (severity == EQ_ERROR) diag->errors++;
}

eq_status eq_fail(eq_diag *diag, eq_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(diag, EQ_ERROR, (eq_place){0}, format, args);
    va_end(args);
    return status;
}

eq_status eq_fail_at(eq_diag *diag, eq_status status, eq_place at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(diag, EQ_ERROR, at, format, args);
    va_end(args);
    return status;
}

void eq_warn_at(eq_diag *diag, eq_place at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(diag, EQ_WARNING, at, format, args);
    va_end(args);
}

void eq_note_at(eq_diag *diag, eq_place at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(diag, EQ_NOTE, at, format, args);
    va_end(args);
}

void eq_diag_pass_on(const eq_diag *said, eq_status status, eq_diag *diag) {
    for (size_t k = 0; k < eq_diag_count(said); k++) {
        const eq_message *m = eq_diag_get(said, k);
        if (m->severity == EQ_ERROR)
            eq_fail_at(diag, status, (eq_place){m->file, m->line, m->column}, "%s", m->text);
    }
}

void eq_diag_locate(eq_diag *diag, size_t first, eq_place at) {
    for (size_t k = first; diag != NULL && at.file != NULL && k < diag->count; k++) {
        eq_message *m = &diag->message[k];
        if (m->file != NULL) continue;
        m->file = eq_strdup(at.file);
        m->line = at.line;
        m->column = at.column;
    }
}

eq_status eq_out_of_memory(eq_diag *diag) {
    if (diag != NULL) diag->lost = true;
    return EQ_ERR_MEMORY;
}
