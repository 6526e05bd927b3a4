#include "base/csv.h"

#include <limits.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

static const char mark[] = "\xEF\xBB\xBF"; /* U+FEFF in UTF-8 */

static bool is_blank(const eq_csv *c, char letter) {
    return letter == ' ' || (letter == '\t' && c->separator != '\t');
}

static bool ends_row(char c) {
    return c == '\n' || c == '\r';
}

static eq_place here(const eq_csv *c, const char *at) {
    size_t column = (size_t)(at - c->line_start) + 1;
    return (eq_place){c->path, c->line, column > INT_MAX ? INT_MAX : (int)column};
}

eq_place eq_cell_place(const eq_csv *c, const eq_cell *cell) {
    return (eq_place){c->path, cell->line, cell->column};
}

int eq_cell_shown(const eq_cell *cell) {
    int n = 0;
    while (n < 40 && (size_t)n < cell->length && (unsigned char)cell->text[n] >= ' ') n++;
    return n;
}

/* Moves behind the end of a row: LF, CRLF or CR. */
static void end_line(eq_csv *c) {
    if (c->next < c->end && *c->next == '\r') c->next++;
    if (c->next < c->end && *c->next == '\n') c->next++;
    c->line_start = c->next;
    c->line++;
}

static void skip_blanks(eq_csv *c) {
    while (c->next < c->end && is_blank(c, *c->next)) c->next++;
}

/* Moves to the next row that is not blank. */
static void skip_lines(eq_csv *c) {
    for (skip_blanks(c); c->next < c->end; skip_blanks(c)) {
        if (c->comment != '\0' && *c->next == c->comment)
            while (c->next < c->end && !ends_row(*c->next)) c->next++;
        else if (!ends_row(*c->next))
            return;
        end_line(c);
    }
}

/* The first of comma, semicolon and tab that parts the first row. */
static char separator_of(const eq_csv *c) {
    static const char all[] = ",;\t";
    bool inside = false, there[3] = {false};
    for (const char *p = c->next; p < c->end && (inside || !ends_row(*p)); p++) {
        const char *found = *p == '\0' ? NULL : strchr(all, *p);
        if (*p == '"') inside = !inside;
        if (found != NULL && !inside) there[found - all] = true;
    }
    for (int k = 0; k < 3; k++)
        if (there[k]) return all[k];
    return ',';
}

static const char *name_of(char separator) {
    return separator == ',' ? "comma" : separator == ';' ? "semicolon" : "tab";
}

eq_status eq_csv_open(const char *path, char *text, size_t length, eq_csv *c, eq_diag *diag) {
    return eq_csv_open_commented(path, text, length, '\0', c, diag);
}

eq_status eq_csv_open_commented(const char *path, char *text, size_t length, char comment,
                                eq_csv *c, eq_diag *diag) {
    *c = (eq_csv){.path = path,
                  .next = text,
                  .end = text + length,
                  .line = 1,
                  .separator = ',',
                  .comment = comment,
                  .diag = diag};
    if (length >= 3 && memcmp(text, mark, 3) == 0) c->next += 3;
    c->line_start = c->next;
    const char *nul = memchr(c->next, '\0', (size_t)(c->end - c->next));
    if (nul == NULL) {
        skip_lines(c);
        c->separator = separator_of(c);
        return EQ_OK;
    }
    while (c->next < nul)
        if (ends_row(*c->next))
            end_line(c);
        else
            c->next++;
    return eq_fail_at(diag, EQ_ERR_INPUT, here(c, nul),
                      "a NUL byte stands in the file; a data file is plain text, save it as UTF-8");
}

void eq_csv_close(eq_csv *c) {
    eq_free(c->cell);
    c->cell = NULL;
}

/* The text between quotes, from behind the first one; "" becomes ", lines may end inside. */
static eq_status quoted(eq_csv *c, eq_cell *cell) {
    eq_place open = here(c, c->next);
    char *to = ++c->next;
    bool closed = false;
    *cell = (eq_cell){.text = to, .line = open.line, .column = open.column + 1};
    for (; c->next < c->end; *to++ = *c->next++) {
        closed = *c->next == '"' && (++c->next == c->end || *c->next != '"');
        if (closed) break;
        bool pair = *c->next == '\r' && c->next + 1 < c->end && c->next[1] == '\n';
        if (!ends_row(*c->next) || pair) continue;
        c->line++;
        c->line_start = c->next + 1;
    }
    if (!closed)
        return eq_fail_at(c->diag, EQ_ERR_INPUT, open,
                          "the quote is not closed; end the text with another quote (a quote "
                          "inside is written as two)");
    cell->length = (size_t)(to - cell->text);
    return EQ_OK;
}

static eq_status read_cell(eq_csv *c, eq_cell *cell) {
    skip_blanks(c);
    if (c->next < c->end && *c->next == '"') {
        eq_status status = quoted(c, cell);
        if (status != EQ_OK) return status;
        skip_blanks(c);
        if (c->next < c->end && *c->next != c->separator && !ends_row(*c->next))
            return eq_fail_at(c->diag, EQ_ERR_INPUT, here(c, c->next),
                              "text stands behind the closing quote; a %s or the end of the row "
                              "belongs there (a quote inside is written as two)",
                              name_of(c->separator));
        return EQ_OK;
    }
    eq_place start = here(c, c->next);
    *cell = (eq_cell){.text = c->next, .line = start.line, .column = start.column};
    while (c->next < c->end && *c->next != c->separator && !ends_row(*c->next)) c->next++;
    const char *to = c->next;
    while (to > cell->text && is_blank(c, to[-1])) to--;
    cell->length = (size_t)(to - cell->text);
    return EQ_OK;
}

eq_status eq_csv_row(eq_csv *c, bool *more) {
    skip_lines(c);
    *more = c->next < c->end;
    c->cells = 0;
    for (bool parted = *more; parted;) {
        if (c->cells == EQ_MOST_WIDE)
            return eq_fail_at(c->diag, EQ_ERR_INPUT, (eq_place){c->path, c->line, 0},
                              "the row has more than %d cells; give fewer columns", EQ_MOST_WIDE);
        if (!eq_grow((void **)&c->cell, &c->cap, c->cells + 1, sizeof *c->cell))
            return eq_out_of_memory(c->diag);
        eq_status status = read_cell(c, &c->cell[c->cells++]);
        if (status != EQ_OK) return status;
        parted = c->next < c->end && *c->next == c->separator;
        if (parted)
            c->next++;
        else
            end_line(c);
    }
    return EQ_OK;
}
