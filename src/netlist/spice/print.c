/* .print, .plot, .save and .probe: the vectors that `eqspice run` gives (ngspice manual, "Batch
 * Output"; Xyce Reference Guide, .PRINT). */
#include <math.h>
#include <string.h>

#include "circuit/stored.h"
#include "netlist/spice/cards.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/find.h"
#include "netlist/spice/probe.h"
#include "netlist/spice/scope.h"
#include "netlist/spice/wildcard.h"

int eq_spice_analyses_of(eq_token t) {
    static const struct {
        const char *name;
        unsigned analyses;
    } known[] = {{"op", 1u << EQ_ANALYSIS_OP},
                 {"dc", 1u << EQ_ANALYSIS_DC},
                 {"tran", 0},
                 {"ac", 0},
                 {"noise", 0},
                 {"sens", 1u << EQ_ANALYSIS_SENS},
                 {"disto", 0},
                 {"pz", 0},
                 {"tf", 1u << EQ_ANALYSIS_TF},
                 {"sp", 0},
                 {"hb", 0}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (eq_token_is(t, known[k].name)) return (int)known[k].analyses;
    return -1;
}

static bool among(char c, const char *set) {
    return c != '\0' && strchr(set, c) != NULL;
}

/* The end of the item at c->p: a blank or comma outside of parentheses, braces and quotes. NULL:
 * one of these is not closed on the line. */
static const char *item_end(const eq_cursor *c) {
    int depth = 0;
    char quote = '\0';
    const char *p = c->p;
    for (; p < c->end && ((unsigned char)*p >= ' ' || *p == '\t'); p++) {
        bool inside = depth > 0 || quote != '\0';
        if (!inside && among(*p, " \t,")) break;
        if (quote != '\0')
            quote = *p == quote ? '\0' : quote;
        else if (*p == '\'' || *p == '"')
            quote = *p;
        depth += quote != '\0' ? 0 : among(*p, "({") ? 1 : among(*p, ")}") ? -1 : 0;
    }
    return depth == 0 && quote == '\0' ? p : NULL;
}

static void add(eq_spice *s, eq_print p) {
    eq_spice_pass_on(s, eq_deck_add_print(s->deck, &p, s->scratch));
}

static const eq_print everything = {EQ_NONE, EQ_QUANTITY_NONE, NULL, 0};

static void add_everything(eq_spice *s, unsigned analyses) {
    eq_print p = everything;
    p.analyses = analyses;
    add(s, p);
}

/* What v(a,b) or i(x) alone is; NONE for anything made of them. */
static eq_quantity quantity_of(const eq_formula *f) {
    const eq_slot *slot = &f->slot[f->result];
    if (slot->operation != EQ_SLOT_INPUT) return EQ_QUANTITY_NONE;
    const eq_formula_input *in = &f->input[slot->arg[0]];
    bool current = in->kind == EQ_INPUT_CURRENT ||
                   (in->kind == EQ_INPUT_STORED && in->minus == EQ_STORED_CURRENT);
    return in->kind == EQ_INPUT_DROP ? EQ_QUANTITY_VOLTAGE
           : current                 ? EQ_QUANTITY_CURRENT
                                     : EQ_QUANTITY_NONE;
}

/* The name of a column: the text as written, in lower case, without blanks. */
static int32_t label_of(eq_spice *s, const char *text, size_t length) {
    eq_text t = {0};
    for (size_t k = 0; k < length; k++)
        if (!among(text[k], " \t\r\n")) eq_text_add(&t, text + k, 1);
    eq_text_puts(&t, ""); /* nothing but blanks */
    if (!t.failed) eq_lower(t.text, t.length);
    int32_t label = t.failed ? EQ_NO_NAME : eq_names_add(s->deck->label, t.text, t.length);
    eq_text_free(&t);
    if (label == EQ_NO_NAME) eq_spice_no_memory(s);
    return label;
}

/* The expression from the cursor to `end` as a column of that name. */
static void add_expression(eq_spice *s, const eq_cursor *c, const char *end, eq_token name,
                           unsigned analyses) {
    eq_cursor at = *c;
    eq_operand value = {NAN, EQ_NONE};
    eq_print p = {label_of(s, name.text, name.length), EQ_QUANTITY_NONE, NULL, analyses};
    eq_spice probe;
    if (p.label == EQ_NO_NAME || !eq_spice_probe_begin(s, ".print", &probe)) return;
    at.end = end;
    bool done = eq_spice_operand(&probe, &at, &value) == EQ_OK;
    if (done && eq_skip_blank(&at)) {
        eq_spice_expected(s, eq_token_peek(&at), "an operator or a blank");
        done = false;
    }
    p.formula = eq_spice_probe_end(&probe, done, value);
    if (p.formula == NULL) return;
    p.quantity = quantity_of(p.formula);
    add(s, p);
}

/* The same of a text of our own, which it frees. */
static void add_text(eq_spice *s, eq_text *text, eq_token name, unsigned analyses) {
    if (text->failed) {
        eq_spice_no_memory(s);
    } else {
        eq_cursor c = eq_cursor_new(name.at.file, text->text, text->length);
        add_expression(s, &c, text->text + text->length, name, analyses);
    }
    eq_text_free(text);
}

/* out, v1#branch: ngspice's names of v(out) and i(v1), under which they are given; in a deck of
 * Xyce r1 is first the value of an element. */
static bool add_bare(eq_spice *s, eq_token name, unsigned analyses) {
    static const char ending[] = "#branch";
    size_t n = sizeof ending - 1, front = name.length > n ? name.length - n : 0;
    eq_token tail = {EQ_TOKEN_WORD, name.text + front, name.length - front, name.at}, own = name;
    bool current = front > 0 && eq_token_is(tail, ending);
    if (current) own.length = front;
    if (current ? eq_spice_element_of(s, own) == EQ_NONE : eq_spice_node_of(s, own) == EQ_NONE)
        return false;
    if (s->circuit->dialect == EQ_XYCE && eq_spice_is_property(s, own)) return false;
    eq_text t = {0};
    eq_text_printf(&t, "%c(%.*s)", current ? 'i' : 'v', (int)own.length, own.text);
    eq_token label = {EQ_TOKEN_WORD, t.text, t.length, name.at};
    add_text(s, &t, label, analyses);
    return true;
}

/* True for what an expression can start with: a call, {..}, a number, a parameter. */
static bool is_expression(eq_spice *s, const eq_cursor *c, const char *end) {
    static const char *const names[] = {"temp", "temper"};
    eq_token t = {EQ_TOKEN_WORD, c->p, 0, eq_cursor_at(c)};
    if (among(*c->p, "{'(+-.0123456789")) return true;
    if (*c->p == '@') {
        const char *close = memchr(c->p, ']', (size_t)(end - c->p));
        t.length = close == NULL ? 0 : (size_t)(close + 1 - c->p);
        return close != NULL && eq_spice_is_property(s, t);
    }
    while (t.text + t.length < end && !among(t.text[t.length], "(+-*/ ")) t.length++;
    return (t.text + t.length < end && t.length > 0 && t.text[t.length] == '(') ||
           eq_token_is_among(t, names, sizeof names / sizeof *names) ||
           eq_dictionary_find(&s->all->scope[0]->defines[EQ_DEFINES_PARAM], t, NULL) != NULL ||
           eq_spice_is_property(s, t);
}

static bool is_all(eq_token t) {
    return eq_token_is(t, "all") || eq_token_is(t, "allv");
}

/* NAME=par('EXPRESSION'): a column of that name; FORMAT=csv, FILE=x: how another simulator prints.
 * The cursor stands behind the sign and moves behind the value. */
static void add_named(eq_spice *s, eq_cursor *c, eq_token name, unsigned analyses) {
    const char *end = eq_skip_blank(c) ? item_end(c) : c->p;
    if (end == NULL) {
        eq_spice_fail(s, eq_cursor_at(c), "this is not closed on its line; close it there");
        end = c->end;
    } else if (eq_token_is(eq_token_peek(c), "par")) {
        add_expression(s, c, end, name, analyses);
    }
    c->p = end;
}

/* (LOW,HIGH) of .plot: limits of the axis. */
static bool is_limits(const eq_cursor *c, const char *end) {
    eq_cursor at = *c;
    at.end = end;
    return *c->p == '(' && eq_spice_is_value(eq_token_next(&at)) &&
           eq_spice_is_value(eq_token_next(&at)) && eq_token_peek(&at).kind == EQ_TOKEN_END;
}

/* n(d1:cd): an inner quantity of Xyce's models. */
static bool is_inner(eq_spice *s, const eq_cursor *c, const char *end) {
    eq_cursor at = *c;
    at.end = end;
    eq_token name = (eq_token_next(&at), eq_token_next(&at));
    bool n = (*c->p | 32) == 'n' && c->p + 1 < end && c->p[1] == '(';
    return n && !eq_spice_names_node_or_branch(s, name);
}

/* A word of a card that gives nothing: an error on .print and .plot; .save and .probe hold words
 * for other programs, too. */
static void add_nothing(eq_spice *s, eq_token t, bool strict) {
    char near[96];
    int n = (int)(t.length < 60 ? t.length : 60);
    if (strict)
        eq_spice_fail(s, t.at,
                      ".print: there is no node, element or parameter %.*s%s; write v(NODE), "
                      "i(ELEMENT) or an expression in {}",
                      n, t.text, eq_spice_nearest_name(s, t, s->circuit->node, near));
    else
        eq_spice_note(s, ".print", t.at,
                      "left out: %.*s (and others) of %.*s is nothing that is known here", n,
                      t.text, (int)s->about.length, s->about.text);
}

static void add_item(eq_spice *s, const eq_cursor *c, const char *end, unsigned analyses,
                     bool strict) {
    eq_token t = {EQ_TOKEN_WORD, c->p, (size_t)(end - c->p), eq_cursor_at(c)};
    if (is_limits(c, end)) return;
    if (is_inner(s, c, end)) {
        add_nothing(s, t, false);
        return;
    }
    if (eq_spice_wildcard(s, t, analyses)) return;
    if (is_all(t))
        add_everything(s, analyses);
    else if (add_bare(s, t, analyses))
        return;
    else if (is_expression(s, c, end))
        add_expression(s, c, end, t, analyses);
    else
        add_nothing(s, t, strict && *c->p != '@');
}

/* The length of NAME in NAME=VALUE or NAME = VALUE; 0: it is something else. */
static size_t name_before_equal(const eq_cursor *c, const char *end) {
    eq_cursor behind = *c;
    size_t n = 0;
    while (c->p + n < end && !among(c->p[n], "=({'@")) n++;
    behind.p += n;
    return n > 0 && eq_token_peek(&behind).kind == EQ_TOKEN_EQUAL ? n : 0;
}

static void read_items(eq_spice *s, eq_cursor *c, bool strict) {
    unsigned analyses = EQ_ANY_ANALYSIS;
    bool first = true;
    for (; eq_skip_blank(c) && !s->all->stop; first = false) {
        if (*c->p == ',') {
            c->p++;
            continue;
        }
        const char *end = item_end(c);
        if (end == NULL) {
            eq_spice_fail(s, eq_cursor_at(c),
                          "there is a ( or quote that is not closed on its line; write v(node) in "
                          "one line");
            return;
        }
        if (end == c->p) {
            eq_spice_fail(s, eq_cursor_at(c), "a control character (code %d); remove it", *c->p);
            return;
        }
        eq_token word = {EQ_TOKEN_WORD, c->p, (size_t)(end - c->p), eq_cursor_at(c)};
        eq_cursor item = *c;
        int asked = first ? eq_spice_analyses_of(word) : -1;
        size_t name = name_before_equal(c, end);
        c->p = end;
        if (asked == 0) return;
        if (asked > 0) {
            analyses = (unsigned)asked;
        } else if (name > 0) {
            word.length = name;
            c->p = item.p + name;
            eq_token_next(c); /* the sign */
            add_named(s, c, word, analyses);
        } else {
            add_item(s, &item, end, analyses, strict);
        }
    }
}

void eq_spice_print(eq_spice *s, eq_cursor *c, eq_location at) {
    (void)at;
    read_items(s, c, true);
}

void eq_spice_save(eq_spice *s, eq_cursor *c, eq_location at) {
    (void)at;
    read_items(s, c, false);
}
