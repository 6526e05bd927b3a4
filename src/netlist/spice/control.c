#include "netlist/spice/control.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/spice/cards.h"
#include "netlist/spice/compiled.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"

/* Where the comment of a command line starts: ; or // or a $ alone. $NAME is a variable. */
static const char *comment_of(const char *p, const char *end) {
    char quote = '\0';
    for (const char *c = p; c < end; c++) {
        if (*c == '"' || *c == '\'') quote = quote == '\0' ? *c : quote == *c ? '\0' : quote;
        bool blank = c > p && isspace((unsigned char)c[-1]);
        bool slashes = *c == '/' && c + 1 < end && c[1] == '/' && (c == p || blank);
        if (quote == '\0' &&
            (*c == ';' || slashes ||
             (*c == '$' && blank && (c + 1 == end || isspace((unsigned char)c[1])))))
            return c;
    }
    return end;
}

/* Room for a command with this text, which is freed where there is none. */
static bool grow_plan(eq_spice *s, eq_text *text) {
    eq_deck *d = s->deck;
    if (!text->failed &&
        eq_grow((void **)&d->plan, &d->plan_cap, d->plan_lines + 1, sizeof *d->plan))
        return true;
    eq_text_free(text);
    eq_spice_no_memory(s);
    return false;
}

/* One physical line; a + goes on with the one before. */
static void keep_line(eq_spice *s, const eq_cursor *c, const char *end) {
    eq_deck *d = s->deck;
    const char *p = c->p, *last = comment_of(p, end);
    while (last > p && isspace((unsigned char)last[-1])) last--;
    if (last == p) return;
    bool more = *p == '+' && d->plan_lines > 0;
    eq_text text = {0};
    if (more) eq_text_puts(&text, d->plan[d->plan_lines - 1].text);
    if (more) eq_text_puts(&text, " ");
    eq_text_add(&text, p + more, (size_t)(last - p) - more);
    if (!grow_plan(s, &text)) return;
    if (more) {
        eq_free(d->plan[d->plan_lines - 1].text);
        d->plan[d->plan_lines - 1].text = text.text;
        return;
    }
    d->plan[d->plan_lines++] = (eq_plan_line){text.text, eq_cursor_at(c)};
}

/* let NAME = VALUE before all commands. */
static void let_first(eq_spice *s, eq_token name, double value) {
    eq_deck *d = s->deck;
    eq_text text = {0};
    eq_text_printf(&text, "let %.*s = %.17g", (int)name.length, name.text, value);
    if (!grow_plan(s, &text)) return;
    memmove(d->plan + 1, d->plan, d->plan_lines * sizeof *d->plan);
    d->plan[0] = (eq_plan_line){text.text, name.at};
    d->plan_lines++;
}

/* .csparam NAME=VALUE: a parameter that the commands know (ngspice manual, 2.11). */
void eq_spice_csparam(eq_spice *s, eq_cursor *c, eq_location at) {
    (void)at;
    while (eq_token_peek(c).kind != EQ_TOKEN_END) {
        eq_token name = eq_token_next(c), equal = eq_token_next(c);
        double value;
        if (name.kind != EQ_TOKEN_WORD || equal.kind != EQ_TOKEN_EQUAL) {
            eq_spice_expected(s, name.kind == EQ_TOKEN_WORD ? equal : name, "NAME=VALUE");
            return;
        }
        if (eq_spice_value(s, c, &value) != EQ_OK) return;
        if (s->first == NULL && s->deck->plan_lines > 0) let_first(s, name, value);
    }
}

/* osdi FILE, and pre_osdi FILE (ngspice: before the deck is read). */
static void name_library(eq_spice *s, eq_cursor c) {
    eq_token word = eq_token_raw(&c);
    if (eq_token_is(word, "osdi") || eq_token_is(word, "pre_osdi"))
        eq_spice_later(s, EQ_PHASE_OPTIONS, c, word, eq_spice_osdi);
}

void eq_spice_keep_control(eq_spice *s, eq_cursor *c) {
    for (eq_physical_line_end(c); c->p < c->end && !s->all->stop; eq_physical_line_end(c)) {
        while (c->p < c->end && (*c->p == ' ' || *c->p == '\t')) c->p++;
        const char *end = memchr(c->p, '\n', (size_t)(c->end - c->p));
        if (end == NULL) end = c->end;
        if (eq_token_is(eq_token_peek(c), ".endc")) return;
        name_library(s, *c);
        if (*c->p != '*' && *c->p != '#' && s->first == NULL) keep_line(s, c, end);
    }
}

/* r1 = 2k, r1 r = 2k (the parameter), v1 dc = 3: of an alter command, its value being a number. */
static void read_alter(eq_spice *s, eq_cursor *c, eq_location at) {
    eq_sweep sweep;
    double value;
    if (!eq_spice_alter_target(s, c, &sweep, &value)) return;
    if (eq_spice_pass_on(s, eq_handle_check(s->circuit, sweep.handle, value, s->scratch)) == EQ_OK)
        eq_handle_put(s->circuit, sweep.handle, sweep.factor * value);
    (void)at;
}

static const struct {
    const char *word;
    eq_phase phase;
    eq_reader read;
} readers[] = {
    {"op", EQ_PHASE_PLAN, eq_spice_op},        {"dc", EQ_PHASE_PLAN, eq_spice_dc},
    {"tf", EQ_PHASE_PLAN, eq_spice_tf},        {"sens", EQ_PHASE_PLAN, eq_spice_sens},
    {"alter", EQ_PHASE_TRAIN, read_alter},     {"meas", EQ_PHASE_LAST, eq_spice_measure},
    {"save", EQ_PHASE_LAST, eq_spice_save},    {"option", EQ_PHASE_OPTIONS, eq_spice_options},
    {"temp", EQ_PHASE_OPTIONS, eq_spice_temp},
};

/* Only what the lines themselves ask for is given: the prints of the deck are its own. */
static void forget_prints(eq_spice *s, eq_cursor *c, eq_location at) {
    (void)c;
    (void)at;
    for (size_t k = 0; k < s->deck->prints; k++) s->deck->print[k].analyses = 0;
}

void eq_spice_read_lines(eq_spice *s, const eq_card_line *line, size_t lines) {
    if (lines > 0)
        eq_spice_later(s, EQ_PHASE_LAST, eq_cursor_new(0, "", 0),
                       (eq_token){EQ_TOKEN_WORD, "save", 4, line->at}, forget_prints);
    for (size_t k = 0; k < lines; k++) {
        eq_cursor c = eq_cursor_new(line[k].at.file, line[k].text, strlen(line[k].text));
        c.line = line[k].at.line;
        c.dialect = (eq_dialect)s->circuit->dialect;
        eq_token word = {EQ_TOKEN_WORD, line[k].word, strlen(line[k].word), line[k].at};
        for (size_t j = 0; j < sizeof readers / sizeof *readers; j++)
            if (strcmp(readers[j].word, line[k].word) == 0)
                eq_spice_later(s, readers[j].phase, c, word, readers[j].read);
    }
}
