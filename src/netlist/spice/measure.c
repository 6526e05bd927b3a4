/* .measure at dc, in the spellings of ngspice (manual, 11.4), Xyce (Reference Guide, .MEASURE) and
 * LTspice (help, .MEAS). */
#include <math.h>
#include <string.h>

#include "netlist/spice/cards.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/probe.h"

static const struct measure_word {
    const char *name;
    eq_measure_kind kind;
} words[] = {
    {"find", EQ_MEASURE_FIND},   {"deriv", EQ_MEASURE_DERIV},    {"derivative", EQ_MEASURE_DERIV},
    {"when", EQ_MEASURE_WHEN},   {"trig", EQ_MEASURE_BETWEEN},   {"min", EQ_MEASURE_MIN},
    {"max", EQ_MEASURE_MAX},     {"min_at", EQ_MEASURE_MIN_AT},  {"max_at", EQ_MEASURE_MAX_AT},
    {"pp", EQ_MEASURE_PP},       {"avg", EQ_MEASURE_AVG},        {"rms", EQ_MEASURE_RMS},
    {"integ", EQ_MEASURE_INTEG}, {"integral", EQ_MEASURE_INTEG}, {"param", EQ_MEASURE_PARAM},
    {"eqn", EQ_MEASURE_PARAM}};

enum { WORDS = sizeof words / sizeof *words };

static const char *word_name(const void *data, size_t k) {
    (void)data;
    return k < WORDS ? words[k].name : NULL;
}

/* Measurements of Xyce that are not done here; they say nothing about the circuit. */
static const char *const other_words[] = {"err",   "err1",    "err2",     "err3", "error", "freq",
                                          "duty",  "on_time", "off_time", "four", "enob",  "sfdr",
                                          "sinad", "snr",     "thd",      "file"};

static bool is_other(eq_token t) {
    for (size_t k = 0; k < sizeof other_words / sizeof *other_words; k++)
        if (eq_token_is(t, other_words[k])) return true;
    return false;
}

static const struct measure_word *word_of(eq_token t) {
    for (size_t k = 0; k < WORDS; k++)
        if (eq_token_is(t, words[k].name)) return &words[k];
    return NULL;
}

/* An expression of potentials, currents and measures. */
static eq_formula *quantity(eq_spice *s, eq_cursor *c) {
    eq_operand value = {NAN, EQ_NONE};
    eq_spice probe;
    if (!eq_spice_probe_begin(s, ".measure", &probe)) return NULL;
    bool done = eq_spice_operand(&probe, c, &value) == EQ_OK;
    return eq_spice_probe_end(&probe, done, value);
}

/* A = B, or A val = B, as the formula A - B. */
static eq_formula *difference(eq_spice *s, eq_cursor *c) {
    eq_operand x[2] = {{NAN, EQ_NONE}, {NAN, EQ_NONE}};
    eq_spice probe;
    if (!eq_spice_probe_begin(s, ".measure", &probe)) return NULL;
    bool done = eq_spice_operand(&probe, c, &x[0]) == EQ_OK;
    if (done) {
        eq_token equal = eq_token_next(c);
        if (eq_token_is(equal, "val")) equal = eq_token_next(c);
        if (equal.kind != EQ_TOKEN_EQUAL) eq_spice_expected(s, equal, "= and what it is to be");
        done = equal.kind == EQ_TOKEN_EQUAL && eq_spice_operand(&probe, c, &x[1]) == EQ_OK;
    }
    if (done) x[0] = eq_formula_apply(probe.formula, eq_operation_find("-", 2), x);
    return eq_spice_probe_end(&probe, done, x[0]);
}

/* A number behind an optional =, as an expression: 3, {x}, 'x/2', x. */
static bool number(eq_spice *s, eq_cursor *c, double *value) {
    if (eq_token_peek(c).kind == EQ_TOKEN_EQUAL) eq_token_next(c);
    return eq_spice_value(s, c, value) == EQ_OK;
}

/* The times an event is met: rise=2, fall=last. */
static bool times(eq_spice *s, eq_cursor *c, int direction, eq_event *event) {
    double count;
    eq_cursor ahead = *c;
    if (eq_token_next(&ahead).kind == EQ_TOKEN_EQUAL &&
        eq_token_is(eq_token_next(&ahead), "last")) {
        *c = ahead;
        count = -1.0;
    } else {
        eq_location at = eq_token_peek(c).at;
        if (!number(s, c, &count)) return false;
        if (!(count >= 1.0 && count <= 1e9 && count == floor(count)) && count != -1.0) {
            eq_spice_fail(s, at, "an event is met 1, 2, ... times or LAST, not %g times", count);
            return false;
        }
    }
    event->direction = direction;
    event->count = (int)count;
    return true;
}

/* at=X, or A=B: the event behind find, deriv, when, trig or targ. */
static bool read_event(eq_spice *s, eq_cursor *c, eq_event *event) {
    *event = (eq_event){.count = 1, .delay = -INFINITY};
    if (eq_token_is(eq_token_peek(c), "at")) {
        eq_token_next(c);
        return number(s, c, &event->at);
    }
    event->difference = difference(s, c);
    return event->difference != NULL;
}

/* from=, to=, td=, rise=, fall=, cross=; others are named in a note. False:
 * an error was reported. */
static bool read_key(eq_spice *s, eq_cursor *c, eq_token t, eq_measure *m, eq_event *event) {
    double ignored;
    if (eq_token_is(t, "from")) return number(s, c, &m->from);
    if (eq_token_is(t, "to")) return number(s, c, &m->to);
    if (eq_token_is(t, "td")) return number(s, c, &event->delay);
    if (eq_token_is(t, "rise")) return times(s, c, 1, event);
    if (eq_token_is(t, "fall")) return times(s, c, -1, event);
    if (eq_token_is(t, "cross")) return times(s, c, 0, event);
    if (t.kind != EQ_TOKEN_WORD || eq_token_peek(c).kind != EQ_TOKEN_EQUAL) {
        eq_spice_expected(s, t, "from=, to=, rise=, fall= or cross=");
        return false;
    }
    eq_spice_note(s, ".measure", t.at, "ignored: %.*s= of .measure (and others like it)",
                  (int)t.length, t.text);
    return number(s, c, &ignored);
}

/* The words behind the quantity: when, at, targ and keys. */
static bool read_rest(eq_spice *s, eq_cursor *c, eq_measure *m) {
    int current = 0;
    for (;;) {
        eq_token t = eq_token_peek(c);
        bool done;
        if (t.kind == EQ_TOKEN_END) return true;
        bool at = eq_token_is(t, "at"), when = eq_token_is(t, "when");
        bool target = eq_token_is(t, "targ") && m->kind == EQ_MEASURE_BETWEEN;
        if (!at) eq_token_next(c);
        if (target) current = 1;
        if (at || when || target) {
            if (m->event[current].count != 0) {
                eq_spice_fail(s, t.at, "a second event; a .measure has one");
                return false;
            }
            done = read_event(s, c, &m->event[current]);
        } else {
            done = read_key(s, c, t, m, &m->event[current]);
        }
        if (!done) return false;
    }
}

static bool read_body(eq_spice *s, eq_cursor *c, eq_measure *m, eq_location at) {
    if (m->kind == EQ_MEASURE_WHEN || m->kind == EQ_MEASURE_BETWEEN) {
        if (!read_event(s, c, &m->event[0])) return false;
    } else {
        if (eq_token_peek(c).kind == EQ_TOKEN_EQUAL) eq_token_next(c);
        m->what = quantity(s, c);
        if (m->what == NULL) return false;
    }
    if (!read_rest(s, c, m)) return false;
    bool dangling = (m->kind == EQ_MEASURE_BETWEEN && m->event[1].count == 0) ||
                    (m->kind == EQ_MEASURE_DERIV && m->event[0].count == 0);
    if (dangling)
        eq_spice_fail(s, at,
                      m->kind == EQ_MEASURE_DERIV ? "deriv needs a place; write deriv QUANTITY at=X"
                                                  : "trig without targ; write trig A=B targ C=D");
    return !dangling;
}

static void discard(eq_measure *m) {
    eq_formula_free(m->what);
    for (int k = 0; k < 2; k++) eq_formula_free(m->event[k].difference);
}

/* The name of the measure, which no other may have; EQ_NONE: an error was reported. */
static int32_t read_name(eq_spice *s, eq_token t) {
    if (t.kind != EQ_TOKEN_WORD) {
        eq_spice_expected(s, t, "the name of the measurement");
        return EQ_NONE;
    }
    if (!eq_spice_name_fits(s, t, t.length)) return EQ_NONE;
    int32_t label = eq_names_add_lower(s->deck->label, t.text, t.length);
    if (label == EQ_NO_NAME) eq_spice_no_memory(s);
    for (size_t k = 0; label != EQ_NO_NAME && k < s->deck->measures; k++)
        if (s->deck->measure[k].label == label) {
            eq_spice_fail(s, t.at, "a second .measure %.*s; give it another name", (int)t.length,
                          t.text);
            return EQ_NONE;
        }
    return label == EQ_NO_NAME ? EQ_NONE : label;
}

/* .measure [dc|op] NAME KIND ... */
void eq_spice_measure(eq_spice *s, eq_cursor *c, eq_location at) {
    eq_measure m = {.analyses = EQ_ANY_ANALYSIS, .from = -INFINITY, .to = INFINITY, .at = at};
    char near[96];
    int asked = eq_spice_analyses_of(eq_token_peek(c));
    if (asked >= 0) eq_token_next(c);
    if (asked == 0) {
        eq_spice_note(s, "measure", at,
                      "skipped: .measure of an analysis that eqspice does not do");
        return;
    }
    if (asked > 0) m.analyses = (unsigned)asked;
    eq_token name = eq_token_next(c);
    m.label = read_name(s, name);
    if (m.label == EQ_NONE) return;
    eq_token t = eq_token_next(c);
    const struct measure_word *word = word_of(t);
    if (is_other(t))
        eq_spice_note(s, "measure kind", t.at, "skipped: .measure of %.*s (and others)",
                      (int)t.length, t.text);
    else if (word == NULL && t.kind == EQ_TOKEN_WORD)
        eq_spice_fail(s, t.at, "there is no measurement %.*s%s; see the ngspice manual, 11.4",
                      (int)t.length, t.text, eq_spice_nearest(s, t, word_name, NULL, near));
    else if (word == NULL)
        eq_spice_expected(s, t, "what to measure (find, when, max, param, ...)");
    if (word == NULL) return;
    m.kind = word->kind;
    m.at = name.at;
    if (read_body(s, c, &m, t.at))
        eq_spice_pass_on(s, eq_deck_add_measure(s->deck, &m, s->scratch));
    else
        discard(&m);
}
