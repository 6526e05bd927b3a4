/* Dot cards: one table says what each is. Cards that define names are read in the first pass,
 * analyses and options when all elements are known. */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "netlist/spice/cards.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/scan.h"
#include "netlist/spice/scope.h"

typedef enum card_kind {
    CARD_SCAN,   /* read at once */
    CARD_LATE,   /* read when all elements are known */
    CARD_ACTION, /* changes the scope or the text that is read */
    CARD_NOTE,   /* accepted, says nothing about the circuit */
    CARD_SKIP,   /* an analysis that eqspice does not do */
    CARD_REFUSE, /* would change the circuit */
} card_kind;

static void read_param(eq_spice *s, eq_scope *scope, eq_cursor *c);
static void read_global_param(eq_spice *s, eq_scope *scope, eq_cursor *c);
static void read_func(eq_spice *s, eq_scope *scope, eq_cursor *c);
static void read_model(eq_spice *s, eq_scope *scope, eq_cursor *c);
static void read_global(eq_spice *s, eq_scope *scope, eq_cursor *c);

static const struct card {
    const char *name;
    card_kind kind;
    int number; /* an eq_card_action or an eq_phase */
    void (*scan)(eq_spice *s, eq_scope *scope, eq_cursor *c);
    eq_reader late;
} cards[] = {
    {".param", CARD_SCAN, .scan = read_param},
    {".params", CARD_SCAN, .scan = read_param},
    {".global_param", CARD_SCAN, .scan = read_global_param},
    {".func", CARD_SCAN, .scan = read_func},
    {".function", CARD_SCAN, .scan = read_func},
    {".model", CARD_SCAN, .scan = read_model},
    {".global", CARD_SCAN, .scan = read_global},
    {".options", CARD_LATE, EQ_PHASE_OPTIONS, eq_spice_declare_seed, eq_spice_options},
    {".option", CARD_LATE, EQ_PHASE_OPTIONS, eq_spice_declare_seed, eq_spice_options},
    {".opt", CARD_LATE, EQ_PHASE_OPTIONS, eq_spice_declare_seed, eq_spice_options},
    {".temp", CARD_LATE, EQ_PHASE_OPTIONS, NULL, eq_spice_temp},
    {".op", CARD_LATE, EQ_PHASE_PLAN, NULL, eq_spice_op},
    {".dc", CARD_LATE, EQ_PHASE_PLAN, NULL, eq_spice_dc},
    {".tf", CARD_LATE, EQ_PHASE_PLAN, NULL, eq_spice_tf},
    {".sens", CARD_LATE, EQ_PHASE_PLAN, NULL, eq_spice_sens},
    {".step", CARD_LATE, EQ_PHASE_PLAN, eq_spice_declare_step, eq_spice_step},
    {".subckt", CARD_ACTION, EQ_CARD_SUBCKT, NULL, NULL},
    {".macro", CARD_ACTION, EQ_CARD_SUBCKT, NULL, NULL},
    {".ends", CARD_ACTION, EQ_CARD_ENDS, NULL, NULL},
    {".eom", CARD_ACTION, EQ_CARD_ENDS, NULL, NULL},
    {".include", CARD_ACTION, EQ_CARD_INCLUDE, NULL, NULL},
    {".inc", CARD_ACTION, EQ_CARD_INCLUDE, NULL, NULL},
    {".lib", CARD_ACTION, EQ_CARD_LIB, NULL, NULL},
    {".endl", CARD_ACTION, EQ_CARD_ENDL, NULL, NULL},
    {".control", CARD_ACTION, EQ_CARD_CONTROL, NULL, NULL},
    {".end", CARD_ACTION, EQ_CARD_END, NULL, NULL},
    {".title", .kind = CARD_NOTE},
    {".print", CARD_LATE, EQ_PHASE_PLAN, NULL, eq_spice_print},
    {".plot", CARD_LATE, EQ_PHASE_PLAN, NULL, eq_spice_print},
    {".save", CARD_LATE, EQ_PHASE_PLAN, NULL, eq_spice_save},
    {".probe", CARD_LATE, EQ_PHASE_PLAN, NULL, eq_spice_save},
    {".width", .kind = CARD_NOTE},
    {".meas", CARD_LATE, EQ_PHASE_LAST, NULL, eq_spice_measure},
    {".measure", CARD_LATE, EQ_PHASE_LAST, NULL, eq_spice_measure},
    {".nodeset", CARD_LATE, EQ_PHASE_NAMES, NULL, eq_spice_nodeset},
    {".ic", CARD_LATE, EQ_PHASE_NAMES, NULL, eq_spice_ic},
    {".extract", .kind = CARD_NOTE},
    {".dcvolt", CARD_LATE, EQ_PHASE_NAMES, NULL, eq_spice_ic},
    {".backanno", .kind = CARD_NOTE},
    {".preprocess", .kind = CARD_NOTE},
    {".result", .kind = CARD_NOTE},
    {".fft", .kind = CARD_NOTE},
    {".wave", .kind = CARD_NOTE},
    {".savebias", .kind = CARD_NOTE},
    {".watch", .kind = CARD_NOTE},
    {".probe64", .kind = CARD_NOTE},
    {".csparam", CARD_LATE, EQ_PHASE_LAST, NULL, eq_spice_csparam},
    {".tran", .kind = CARD_SKIP},
    {".ac", .kind = CARD_SKIP},
    {".noise", .kind = CARD_SKIP},
    {".four", .kind = CARD_SKIP},
    {".pz", .kind = CARD_SKIP},
    {".disto", .kind = CARD_SKIP},
    {".pss", .kind = CARD_SKIP},
    {".sp", .kind = CARD_SKIP},
    {".hb", .kind = CARD_SKIP},
    {".lin", .kind = CARD_SKIP},
    {".net", .kind = CARD_SKIP},
    {".mc", .kind = CARD_SKIP},
    {".wcase", .kind = CARD_SKIP},
    {".sampling", .kind = CARD_SKIP},
    {".embeddedsampling", .kind = CARD_SKIP},
    {".if", CARD_ACTION, EQ_CARD_IF, NULL, NULL},
    {".elseif", CARD_ACTION, EQ_CARD_ELSEIF, NULL, NULL},
    {".else", CARD_ACTION, EQ_CARD_ELSE, NULL, NULL},
    {".endif", CARD_ACTION, EQ_CARD_ENDIF, NULL, NULL},
    {".alter", .kind = CARD_REFUSE},
    {".data", CARD_ACTION, EQ_CARD_DATA, NULL, NULL},
    {".endc", .kind = CARD_REFUSE},
};

enum { CARDS = sizeof cards / sizeof *cards };

static const char *card_name(const void *data, size_t k) {
    (void)data;
    return k < CARDS ? cards[k].name : NULL;
}

/* Cards that ngspice knows by their first letters: .incl, .options2. Of an include only a part of
 * its own word: .incldue is a slip. */
static const struct {
    const char *start, *whole, *name;
} prefixes[] = {{".inc", ".includes", ".include"}, {".option", NULL, ".options"}};

/* The word is the name, or (with `more`) starts with it. */
static bool is_called(eq_token word, const char *name, bool more) {
    size_t n = strlen(name);
    if (more && word.length > n) word.length = n;
    return eq_token_is(word, name);
}

static const struct card *find_card(eq_token word) {
    for (size_t k = 0; k < CARDS; k++)
        if (eq_token_is(word, cards[k].name)) return &cards[k];
    for (size_t k = 0; k < sizeof prefixes / sizeof *prefixes; k++)
        if (is_called(word, prefixes[k].start, true) &&
            (prefixes[k].whole == NULL ||
             (word.length <= strlen(prefixes[k].whole) &&
              strncasecmp(word.text, prefixes[k].whole, word.length) == 0)))
            return find_card(
                (eq_token){EQ_TOKEN_WORD, prefixes[k].name, strlen(prefixes[k].name), word.at});
    return NULL;
}

static const struct card *card_of(eq_spice *s, eq_token word) {
    const struct card *card = find_card(word);
    if (card != NULL) return card;
    char near[96];
    eq_spice_fail(s, word.at,
                  "there is no card %.*s%s; correct it or start the line with * to leave it out",
                  (int)(word.length < 60 ? word.length : 60), word.text,
                  eq_spice_nearest(s, word, card_name, NULL, near));
    return NULL;
}

eq_card_action eq_spice_card(eq_spice *s, eq_scope *scope, eq_cursor *c) {
    eq_token word = eq_token_next(c);
    const struct card *card = card_of(s, word);
    s->about = word;
    if (card == NULL) return EQ_CARD_DONE;
    switch (card->kind) {
    case CARD_SCAN:
        card->scan(s, scope, c);
        break;
    case CARD_LATE:
        if (card->scan != NULL) card->scan(s, scope, c);
        if (card->number == EQ_PHASE_NAMES && scope->parent != EQ_NONE)
            eq_spice_in_each(s, scope,
                             (eq_late){EQ_PHASE_NAMES, s->all->current, *c, word, card->late});
        else
            eq_spice_later(s, (eq_phase)card->number, *c, word, card->late);
        break;
    case CARD_ACTION:
        return (eq_card_action)card->number;
    case CARD_NOTE:
        eq_spice_note(s, card->name, word.at, "ignored: %s, which no operating point depends on",
                      card->name);
        break;
    case CARD_SKIP:
        eq_spice_skip_analysis(s, card->name, word.at);
        break;
    case CARD_REFUSE:
        eq_spice_fail(s, word.at, "%s is not supported; write the lines that hold without it",
                      card->name);
        break;
    }
    return EQ_CARD_DONE;
}

/* True if blanks part the value at the cursor, which ends at `to`, outside of {} and ''. */
static bool has_bare_blank(eq_cursor c, const char *to) {
    eq_token_next(&c);
    for (const char *from = c.p; from < to; from = c.p)
        for (const char *next = eq_token_next(&c).text; from < next; from++)
            if (strchr(" \t\n", *from) != NULL) return true;
    return false;
}

/* The value of one parameter, or the body of a function, behind its name; LTspice needs no = and
 * takes one word then. False: an error was reported. */
static bool read_value(eq_spice *s, eq_scope *scope, eq_cursor *c, eq_token name) {
    eq_cursor behind = *c;
    bool function = eq_spice_skip_arguments(c);
    eq_token equal = eq_token_peek(c);
    bool bare = s->circuit->dialect == EQ_LTSPICE && equal.kind != EQ_TOKEN_EQUAL && !function;
    if (!bare && equal.kind != EQ_TOKEN_EQUAL) {
        eq_spice_expected(s, equal, "= behind the parameter");
        return false;
    }
    eq_definition *d = eq_define(s, scope, function ? EQ_DEFINES_FUNC : EQ_DEFINES_PARAM, name);
    if (!bare) eq_token_next(c);
    if (d != NULL) d->value = function ? behind : *c;
    if (eq_token_peek(c).kind == EQ_TOKEN_END) {
        eq_spice_expected(s, eq_token_peek(c), "the value");
        return false;
    }
    if (!bare) {
        eq_spice_skip_value(c);
        return true;
    }
    eq_token_next(c);
    if (d != NULL) d->value.end = c->p;
    return true;
}

/* .param NAME = EXPRESSION NAME(X, Y) = EXPRESSION ...: only noted down, evaluated on demand. Of a
 * bare expression with blanks on a line of several parameters ngspice 39 takes the first word and
 * drops the rest: refused. */
static void read_param(eq_spice *s, eq_scope *scope, eq_cursor *c) {
    eq_location blank = {EQ_NONE, 0, 0};
    int count = 0;
    eq_token name = eq_token_next(c);
    if (name.kind == EQ_TOKEN_END) eq_spice_expected(s, name, "NAME=VALUE");
    for (; name.kind != EQ_TOKEN_END; name = eq_token_next(c)) {
        if (name.kind != EQ_TOKEN_WORD || eq_starts_number(name.text, name.length)) {
            eq_spice_expected(s, name, "NAME=VALUE");
            return;
        }
        eq_cursor value = *c;
        eq_spice_skip_arguments(&value);
        if (eq_token_peek(&value).kind == EQ_TOKEN_EQUAL) eq_token_next(&value);
        eq_location at = eq_token_peek(&value).at;
        if (!read_value(s, scope, c, name)) return;
        if (has_bare_blank(value, c->p)) blank = at;
        count++;
    }
    if (count > 1 && blank.file >= 0)
        eq_spice_fail(
            s, blank,
            "blanks in a bare expression on a line of several parameters, of which ngspice reads "
            "only the first word; put the expression in {}");
}

/* Xyce: a parameter of the deck itself, wherever it is written. */
static void read_global_param(eq_spice *s, eq_scope *scope, eq_cursor *c) {
    (void)scope;
    read_param(s, s->all->scope[0], c);
}

/* Defines a function or model: the rest of its card is read when it is used. */
static void read_named(eq_spice *s, eq_scope *scope, eq_cursor *c, int kind, const char *what) {
    eq_token name = eq_token_next(c);
    if (name.kind != EQ_TOKEN_WORD) {
        eq_spice_expected(s, name, what);
        return;
    }
    eq_definition *d = eq_define(s, scope, kind, name);
    if (d != NULL) d->value = *c;
}

static void read_func(eq_spice *s, eq_scope *scope, eq_cursor *c) {
    read_named(s, scope, c, EQ_DEFINES_FUNC, "NAME(X, Y) {EXPRESSION}");
}

static void read_model(eq_spice *s, eq_scope *scope, eq_cursor *c) {
    read_named(s, scope, c, EQ_DEFINES_MODEL, "NAME TYPE(PARAMETER=VALUE ...)");
}

static void read_global(eq_spice *s, eq_scope *scope, eq_cursor *c) {
    (void)scope;
    for (eq_token t = eq_token_next(c); t.kind != EQ_TOKEN_END; t = eq_token_next(c)) {
        if (t.kind != EQ_TOKEN_WORD) {
            eq_spice_expected(s, t, "a node");
            return;
        }
        if (!eq_spice_name_fits(s, t, t.length)) return;
        if (eq_names_add_lower(s->all->global, t.text, t.length) == EQ_NO_NAME)
            eq_spice_no_memory(s);
    }
}
