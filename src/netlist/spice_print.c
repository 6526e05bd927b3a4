/* .print, .plot, .save and .probe: the vectors that `eqspice run` gives (ngspice manual, "Batch
 * Output"). */
#include <ctype.h>
#include <string.h>

#include "netlist/spice.h"

enum { ANY_ANALYSIS = 1u << EQ_ANALYSIS_OP | 1u << EQ_ANALYSIS_DC };

/* A piece of text on the line, without blanks at its ends. */
static eq_token piece(const eq_cursor *c, const char *from, const char *to) {
    while (from < to && (*from == ' ' || *from == '\t')) from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t')) to--;
    eq_location at = eq_cursor_at(c);
    at.column += (int32_t)(from - c->p);
    return (eq_token){EQ_TOKEN_WORD, from, (size_t)(to - from), at};
}

static void add(eq_spice *s, eq_print p) {
    eq_spice_pass_on(s, eq_circuit_print(s->circuit, &p, s->scratch));
}

/* v(NODE), v(NODE,NODE) or i(ELEMENT), text from `open` to `close` being its parentheses; false: it
 * is something else. */
static bool vector(eq_spice *s, const eq_cursor *c, const char *open, const char *close,
                   unsigned analyses) {
    char kind = (char)tolower((unsigned char)*c->p);
    const char *comma = memchr(open, ',', (size_t)(close - open));
    if (open != c->p + 1 || (kind != 'v' && kind != 'i') || (kind == 'i' && comma != NULL))
        return false;
    eq_token first = piece(c, open + 1, comma != NULL ? comma : close);
    eq_print p = {EQ_NONE, EQ_NONE, EQ_NONE, analyses};
    if (eq_token_is(first, "*")) {
        add(s, p);
        return true;
    }
    if (kind == 'i')
        p.element = eq_spice_find_element(s, first, ".print");
    else
        p.plus = eq_spice_find_node(s, first, ".print");
    if (comma != NULL) p.minus = eq_spice_find_node(s, piece(c, comma + 1, close), ".print");
    bool good = kind == 'i' ? p.element != EQ_NONE
                            : p.plus != EQ_NONE && (comma == NULL || p.minus != EQ_NONE);
    if (good) add(s, p);
    return true;
}

/* The analyses that a word such as dc asks for: 0 for one that eqspice does not do, -1 for any
 * other word. */
static int analyses_of(eq_token t) {
    static const struct {
        const char *name;
        unsigned analyses;
    } known[] = {{"op", 1u << EQ_ANALYSIS_OP},
                 {"dc", 1u << EQ_ANALYSIS_DC},
                 {"tran", 0},
                 {"ac", 0},
                 {"noise", 0},
                 {"sens", 0},
                 {"disto", 0},
                 {"pz", 0},
                 {"tf", 0},
                 {"hb", 0}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (eq_token_is(t, known[k].name)) return (int)known[k].analyses;
    return -1;
}

/* The end of the word at c->p: over parentheses to their end. NULL: they are not closed on the
 * line. */
static const char *word_end(const eq_cursor *c, const char **open, const char **close) {
    const char *p = c->p;
    int depth = 0;
    *open = *close = NULL;
    for (; p < c->end && *p != '\n' && *p != '\r' && (depth > 0 || (*p != ' ' && *p != '\t'));
         p++) {
        if (*p == '(' && depth++ == 0 && *open == NULL) *open = p;
        if (*p == ')' && --depth == 0 && *close == NULL) *close = p;
        if (depth == 0 && *p == ')' && p + 1 < c->end && p[1] == ',') return p + 1;
    }
    return depth == 0 ? p : NULL;
}

static void everything(eq_spice *s, eq_token t, unsigned analyses) {
    eq_spice_note(s, ".print", t.at,
                  "%.*s is not v(node), v(node,node) or i(element); every node and source is given",
                  (int)(t.length < 60 ? t.length : 60), t.text);
    add(s, (eq_print){EQ_NONE, EQ_NONE, EQ_NONE, analyses});
}

void eq_spice_print(eq_spice *s, eq_cursor *c, eq_location at) {
    unsigned analyses = ANY_ANALYSIS;
    bool first = true;
    (void)at;
    for (; eq_skip_blank(c) && !s->stop; first = false) {
        const char *open, *close, *end = word_end(c, &open, &close);
        if (*c->p == ',') {
            c->p++;
            continue;
        }
        if (end == NULL) {
            eq_spice_fail(s, eq_cursor_at(c),
                          "there is a ( that is not closed on its line; write v(node) in one line");
            return;
        }
        eq_token word = piece(c, c->p, end);
        int asked = first ? analyses_of(word) : -1;
        if (asked == 0) return;
        if (asked > 0)
            analyses = (unsigned)asked;
        else if (open != NULL && close == end - 1 && vector(s, c, open, close, analyses))
            ;
        else if (eq_token_is(word, "all"))
            add(s, (eq_print){EQ_NONE, EQ_NONE, EQ_NONE, analyses});
        else if (memchr(c->p, '=', (size_t)(end - c->p)) == NULL)
            everything(s, word, analyses);
        c->p = end;
    }
}
