#include "netlist/lexer.h"

#include <string.h>

eq_cursor eq_cursor_new(int32_t file, const char *text, size_t length) {
    return (eq_cursor){text, text + length, text, file, 1, EQ_NGSPICE};
}

eq_location eq_cursor_at(const eq_cursor *c) {
    return (eq_location){c->file, c->line, (int32_t)(c->p - c->line_start) + 1};
}

enum { BLANK = 1, BREAK = 2, STOP = 4, BARE = 8, OPENS = 16 };

/* What each byte is: BLANK in a line, BREAK between tokens only, STOP ends a word; BARE never means
 * anything but itself inside a word,
 * OPENS opens a new card at the start of a line. */
static const unsigned char class_of[256] = {
    [' '] = BLANK | STOP,
    ['\t'] = BLANK | STOP,
    ['\r'] = BLANK | STOP,
    ['('] = BREAK | STOP,
    [')'] = BREAK | STOP,
    [','] = BREAK | STOP,
    ['\n'] = STOP,
    ['='] = STOP,
    ['{'] = STOP,
    ['}'] = STOP,
    ['\''] = STOP,
    ['"'] = STOP,
    [';'] = STOP,
    [0 ... 8] = STOP,
    [11 ... 12] = STOP,
    [14 ... 31] = STOP,
    [127] = STOP,
    ['0' ... '9'] = BARE,
    ['A' ... 'Z'] = BARE | OPENS,
    ['a' ... 'z'] = BARE | OPENS,
    ['_'] = BARE,
    ['.'] = BARE | OPENS,
    ['+'] = BARE,
    ['-'] = BARE,
    [':'] = BARE,
};

static unsigned char class_at(const char *p) {
    return class_of[(unsigned char)*p];
}

/* Behind the bytes of the classes in `mask`. */
static const char *over(const char *p, const char *end, unsigned mask) {
    while (p < end && class_at(p) & mask) p++;
    return p;
}

static const char *newline_after(const char *p, const char *end) {
    const char *n = p == end ? NULL : memchr(p, '\n', (size_t)(end - p));
    return n == NULL ? end : n;
}

/* c stands on a newline or at the end of the text. */
static void step_over_newline(eq_cursor *c) {
    if (c->p == c->end) return;
    c->p++;
    c->line++;
    c->line_start = c->p;
}

void eq_physical_line_end(eq_cursor *c) {
    c->p = newline_after(c->p, c->end);
    step_over_newline(c);
}

static void skip_spaces(eq_cursor *c) {
    while (c->p < c->end && class_at(c->p) & BLANK) c->p++;
}

/* Comment lines start with * (but *% is a directive), # or $; Xyce's with * or a blank. */
static bool at_comment_line(const eq_cursor *c) {
    if (*c->p == '*') return c->p + 1 == c->end || c->p[1] != '%';
    if (c->dialect == EQ_XYCE) return *c->p == ';' || c->p != c->line_start;
    return *c->p == '#' || *c->p == '$' || *c->p == ';' ||
           (*c->p == '/' && c->p + 1 < c->end && c->p[1] == '/');
}

/* c stands on a newline: if a later line continues this one, moves behind its `+`. Most often the
 * next line opens a card of its own. */
static bool continued(eq_cursor *c) {
    if (c->p + 1 < c->end && class_at(c->p + 1) & OPENS) return false;
    eq_cursor ahead = *c;
    for (;;) {
        eq_physical_line_end(&ahead);
        skip_spaces(&ahead);
        if (ahead.p == ahead.end) return false;
        if (*ahead.p == '+' && !(ahead.dialect == EQ_XYCE && ahead.p != ahead.line_start)) {
            *c = ahead;
            c->p++;
            return true;
        }
        if (*ahead.p != '\n' && !at_comment_line(&ahead)) return false;
    }
}

eq_line_kind eq_line_start(eq_cursor *c) {
    for (; c->p < c->end; eq_physical_line_end(c)) {
        skip_spaces(c);
        if (c->p == c->end) break;
        if (class_at(c->p) & OPENS && !(c->dialect == EQ_XYCE && c->p != c->line_start))
            return *c->p == '.' ? EQ_LINE_CARD : EQ_LINE_ELEMENT;
        if (*c->p == '\n' || at_comment_line(c)) continue;
        if (*c->p == '*') return EQ_LINE_DIRECTIVE;
        if (*c->p == '.') return EQ_LINE_CARD;
        return *c->p == '+' ? EQ_LINE_ORPHAN : EQ_LINE_ELEMENT;
    }
    return EQ_LINE_NONE;
}

void eq_line_end(eq_cursor *c) {
    do {
        c->p = newline_after(c->p, c->end);
    } while (c->p < c->end && continued(c));
    step_over_newline(c);
}

/* LTspice's global nodes are $G_NAME. */
static bool at_global(const eq_cursor *c) {
    return c->dialect == EQ_LTSPICE && c->p + 2 < c->end && (c->p[1] | 32) == 'g' && c->p[2] == '_';
}

static bool at_comment(const eq_cursor *c) {
    if (c->dialect == EQ_XYCE && *c->p != ';') return false;
    switch (*c->p) {
    case ';':
        return true;
    case '/':
        return c->p + 1 < c->end && c->p[1] == '/';
    case '$':
        return !at_global(c) &&
               (c->p == c->line_start || class_at(c->p - 1) & BLANK || c->p[-1] == ',');
    default:
        return false;
    }
}

/* Skips everything of the classes in `mask`, comments and continuation marks; false at the line's
 * end. */
static bool skip(eq_cursor *c, unsigned mask) {
    for (;;) {
        while (c->p < c->end && class_at(c->p) & mask) c->p++;
        if (c->p == c->end) return false;
        if (at_comment(c))
            c->p = newline_after(c->p, c->end);
        else if (*c->p != '\n')
            return true;
        if (c->p == c->end || !continued(c)) return false;
    }
}

bool eq_skip_blank(eq_cursor *c) {
    return (c->p < c->end && class_at(c->p) & BARE) || skip(c, BLANK);
}

/* The byte after the closing brace or quote on this logical line; NULL when it is not closed. Moves
 * c. */
static const char *closing(eq_cursor *c, char close) {
    int depth = 0;
    char open = *c->p;
    do {
        if (close == '}' && *c->p == '{')
            depth++;
        else if (*c->p == close && (close == '}' ? --depth == 0 : depth++ > 0))
            return ++c->p;
        c->p++;
    } while (skip(c, BLANK) && (open != '"' || c->p < c->end));
    return NULL;
}

static eq_token group(eq_cursor *c, eq_token t) {
    const char *end;
    if (*t.text == '"') {
        const char *line_end = newline_after(t.text, c->end);
        end = memchr(t.text + 1, '"', (size_t)(line_end - t.text - 1));
        if (line_end == t.text + 1) end = NULL;
        t.kind = end == NULL ? EQ_TOKEN_UNCLOSED : EQ_TOKEN_STRING;
        c->p = end == NULL ? line_end : end + 1;
        t.text++;
        t.length = end == NULL ? 0 : (size_t)(end - t.text);
        return t;
    }
    end = closing(c, *t.text == '{' ? '}' : '\'');
    t.kind = end == NULL ? EQ_TOKEN_UNCLOSED : EQ_TOKEN_GROUP;
    t.length = end == NULL ? 1 : (size_t)(end - t.text);
    return t;
}

eq_token eq_token_next(eq_cursor *c) {
    eq_token t = {EQ_TOKEN_END, c->p, 0, {0, 0, 0}};
    const char *p = over(c->p, c->end, BLANK | BREAK);
    bool bare = p < c->end && class_at(p) & BARE; /* most often */
    if (bare) c->p = p;
    bool more = bare || skip(c, BLANK | BREAK);
    t.at = eq_cursor_at(c);
    t.text = c->p;
    if (!more) return t;
    c->p = over(c->p, c->end, BARE);
    while (c->p < c->end && !(class_at(c->p) & STOP) &&
           !(*c->p == '/' && c->p + 1 < c->end && c->p[1] == '/'))
        c->p++;
    t.length = (size_t)(c->p - t.text);
    t.kind = EQ_TOKEN_WORD;
    if (t.length > 0) return t;
    if (*c->p == '{' || *c->p == '\'' || *c->p == '"') return group(c, t);
    t.kind = *c->p == '=' ? EQ_TOKEN_EQUAL : EQ_TOKEN_BAD;
    t.length = 1;
    c->p++;
    return t;
}

/* The text ends with a NUL, so words and blanks need no look at c->end before the line does. */
static bool plain_line(eq_cursor *c, eq_token *word) {
    const char *p = c->p;
    if (p == c->end || *p == '.' || !(class_at(p) & OPENS)) return false;
    for (int k = 0; k < EQ_PLAIN_WORDS; k++) {
        while (class_at(p) & BLANK) p++;
        const char *start = p;
        eq_location at = {c->file, c->line, (int32_t)(start - c->line_start) + 1};
        while (class_at(p) & BARE) p++;
        word[k] = (eq_token){EQ_TOKEN_WORD, start, (size_t)(p - start), at};
        if (p == start) return false;
    }
    while (class_at(p) & BLANK) p++;
    if (p + 1 >= c->end || *p != '\n' || !(class_at(p + 1) & OPENS)) return false;
    c->p = p;
    step_over_newline(c);
    return true;
}

int eq_plain_lines(eq_cursor *c, eq_token (*word)[EQ_PLAIN_WORDS], int most) {
    int n = 0;
    while (n < most && plain_line(c, word[n])) n++;
    return n;
}

eq_cursor eq_cursor_at_token(const eq_cursor *c, const eq_token *t) {
    const char *line_start = t->text - t->at.column + 1;
    return (eq_cursor){t->text, c->end, line_start, t->at.file, t->at.line, c->dialect};
}

eq_cursor eq_cursor_over_token(const eq_cursor *c, const eq_token *t) {
    eq_cursor over = eq_cursor_at_token(c, t);
    over.end = t->text + t->length;
    return over;
}

eq_token eq_token_peek(const eq_cursor *c) {
    eq_cursor ahead = *c;
    return eq_token_next(&ahead);
}

eq_token eq_token_raw(eq_cursor *c) {
    skip_spaces(c);
    eq_token t = {EQ_TOKEN_END, c->p, 0, eq_cursor_at(c)};
    if (c->p == c->end || *c->p == '\n' || *c->p == ';') return t;
    if (*c->p == '"' || *c->p == '=' || *c->p == '{' || *c->p == '\'') return eq_token_next(c);
    while (c->p < c->end && (!(class_at(c->p) & STOP) || class_at(c->p) & BREAK)) c->p++;
    t.length = (size_t)(c->p - t.text);
    t.kind = t.length > 0 ? EQ_TOKEN_WORD : EQ_TOKEN_BAD;
    if (t.length == 0) c->p++;
    return t;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c) {
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool eq_token_is(eq_token t, const char *literal) {
    size_t n = strlen(literal);
    if (t.kind != EQ_TOKEN_WORD || t.length != n) return false;
    for (size_t i = 0; i < n; i++)
        if (lower(t.text[i]) != literal[i]) return false;
    return true;
}

bool eq_token_is_among(eq_token t, const char *const *literal, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (eq_token_is(t, literal[k])) return true;
    return false;
}

bool eq_starts_number(const char *text, size_t length) {
    size_t i = 0;
    if (i < length && (text[i] == '+' || text[i] == '-')) i++;
    if (i < length && text[i] == '.') i++;
    return i < length && is_digit(text[i]);
}

bool eq_is_ampere(const char *text, size_t length) {
    static const char *const spelling[] = {"a", "amp", "amps", "ampere", "amperes"};
    size_t n = 0;
    while (n < length && is_letter(text[n])) n++;
    for (size_t k = 0; k < sizeof spelling / sizeof *spelling; k++)
        if (eq_token_is((eq_token){EQ_TOKEN_WORD, text, n, {0, 0, 0}}, spelling[k])) return true;
    return false;
}

/* Bytes of the micro sign at the start: 1 in Latin 1, 2 in UTF-8 (U+00B5 and U+03BC); 0: none. */
static size_t micro(const char *text, size_t length) {
    if (length > 1 && (memcmp(text, "\xC2\xB5", 2) == 0 || memcmp(text, "\xCE\xBC", 2) == 0))
        return 2;
    return length > 0 && *text == '\xB5' ? 1 : 0;
}

/* What a suffix stands for: a power of ten, or mils. */
typedef struct suffix {
    const char *name;
    int power;
    bool mils;
} suffix;

/* The suffix at the start, and how many bytes it has. */
static suffix suffix_of(const char *text, size_t length, eq_dialect dialect, size_t *bytes) {
    static const suffix none = {"", 0, false}, mega = {"meg", 6, false}, small = {"u", -6, false};
    static const suffix all[] = {{"meg", 6, false}, {"mil", 0, true}, {"t", 12, false},
                                 {"g", 9, false},   {"k", 3, false},  {"m", -3, false},
                                 {"u", -6, false},  {"n", -9, false}, {"p", -12, false},
                                 {"f", -15, false}, {"a", -18, false}};
    *bytes = micro(text, length);
    if (*bytes > 0) return small;
    *bytes = 1;
    if (eq_is_ampere(text, length)) return none;
    if (dialect == EQ_XYCE && lower(*text) == 'x') return mega;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        if (lower(*text) != all[k].name[0]) continue;
        size_t n = strlen(all[k].name), i = 0;
        while (i < n && i < length && lower(text[i]) == all[k].name[i]) i++;
        *bytes = n;
        if (i == n) return all[k];
    }
    *bytes = 0;
    return none;
}

/* The number that its `length` bytes are, with the suffix behind them. */
static void scale(const char *text, size_t length, suffix s, double *value) {
    if (s.power != 0) eq_parse_scaled(text, length, s.power, value);
    if (s.mils) *value *= 25.4e-6;
}

/* Bytes of the letters of a unit; those of Ohm and degree signs are not ASCII. */
static size_t letters_at(const char *text, size_t length) {
    size_t n = 0;
    while (n < length && (is_letter(text[n]) || (unsigned char)text[n] >= 128)) n++;
    return n;
}

/* 4k7, 6meg34, 1r5: `whole` digits, a suffix that stands for the point (r: 1), digits; the length,
 * 0: it is none (LTspice help, "Circuit element quick reference"). */
static size_t point_by_suffix(const char *text, size_t length, size_t whole, double *value) {
    char digits[32];
    size_t bytes, n = whole, more = 0, sign = text[0] == '+' || text[0] == '-';
    for (size_t k = sign; k < whole; k++)
        if (!is_digit(text[k])) return 0;
    suffix s = suffix_of(text + n, length - n, EQ_LTSPICE, &bytes);
    if (bytes == 0 && n < length && lower(text[n]) == 'r') bytes = 1;
    n += bytes;
    while (n + more < length && is_digit(text[n + more])) more++;
    if (bytes == 0 || more == 0 || whole + more + 2 > sizeof digits) return 0;
    memcpy(digits, text, whole);
    digits[whole] = '.';
    memcpy(digits + whole + 1, text + n, more);
    eq_parse_double(digits, whole + 1 + more, value);
    scale(digits, whole + 1 + more, s, value);
    return n + more;
}

size_t eq_spice_number(const char *text, size_t length, eq_dialect dialect, double *value) {
    size_t n = eq_starts_number(text, length) ? eq_parse_double(text, length, value) : 0, bytes;
    if (n == 0) return 0;
    size_t between = dialect == EQ_LTSPICE ? point_by_suffix(text, length, n, value) : 0;
    if (between > 0)
        n = between;
    else if (n < length)
        scale(text, n, suffix_of(text + n, length - n, dialect, &bytes), value);
    return n + letters_at(text + n, length - n);
}
