/* NAME=VALUE on an element line: the parameters of the class,
 * and the words of SPICE beside them. */
#include <math.h>
#include <string.h>

#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/geometry.h"
#include "netlist/spice/line.h"
#include "netlist/spice/pending.h"

/* name=value pairs beside the class's own parameters. */
typedef enum key_action {
    KEY_ALIAS,
    KEY_MULTIPLY,
    KEY_SCALE,
    KEY_WARMTH, /* of a formula */
    KEY_TC,
    KEY_LENGTH,
    KEY_WIDTH,
    KEY_SERIES,
    KEY_PARALLEL,
    KEY_IGNORE,
    KEY_LIST, /* ignored, with all of its values */
    KEY_REFUSE
} key_action;
static const struct key {
    const char *letters, *name;
    key_action action;
    const char *alias; /* the parameter, or what to do instead */
} keys[] = {
    {"r", "resistance", KEY_ALIAS, "r"},
    {"r", "res", KEY_ALIAS, "r"},
    {"gh", "gain", KEY_ALIAS, NULL},
    {"y", "x0", KEY_ALIAS, "x"},
    {"y", "xo", KEY_ALIAS, "x"}, /* Xyce */
    {"y", "state", KEY_ALIAS, "x"},
    {"y", "ic", KEY_ALIAS, "x"},
    {"rigfbd", "m", KEY_MULTIPLY, NULL},
    {"r", "tc", KEY_TC, NULL},
    {"b", "tc1", KEY_WARMTH, NULL},
    {"b", "tc2", KEY_WARMTH, NULL},
    {"b", "temp", KEY_WARMTH, NULL},
    {"b", "dtemp", KEY_WARMTH, NULL},
    {"r", "scale", KEY_SCALE, NULL},
    {"rvd", "ac", KEY_IGNORE, NULL},
    {"r", "noisy", KEY_IGNORE, NULL},
    {"r", "noise", KEY_IGNORE, NULL},
    {"d", "ic", KEY_IGNORE, NULL},
    {"r", "tol", KEY_IGNORE, NULL},
    {"r", "pwr", KEY_IGNORE, NULL},
    {"rd", "l", KEY_LENGTH, NULL},
    {"rd", "w", KEY_WIDTH, NULL},
    {"vlc", "rser", KEY_SERIES, NULL},
    {"blc", "rpar", KEY_PARALLEL, NULL},
    {"vb", "cpar", KEY_IGNORE, NULL},
    {"b", "ic", KEY_IGNORE, NULL},
    {"mqj", "ic", KEY_LIST, NULL},
    {"j", "ic-vds", KEY_IGNORE, NULL},
    {"j", "ic-vgs", KEY_IGNORE, NULL},
    {"q", "icvbe", KEY_IGNORE, NULL},
    {"q", "icvce", KEY_IGNORE, NULL},
    {"m", "pd", KEY_IGNORE, NULL},
    {"m", "ps", KEY_IGNORE, NULL},
    {"m", "icvds", KEY_IGNORE, NULL},
    {"m", "icvgs", KEY_IGNORE, NULL},
    {"m", "icvbs", KEY_IGNORE, NULL},
    {"b", "tripdv", KEY_IGNORE, NULL},
    {"b", "tripdt", KEY_IGNORE, NULL},
    {"eg", "table", KEY_REFUSE,
     "write a B element: V=table(V(a,b), X, Y, ..), or table {V(a,b)} = .."},
    {"vi", "td", KEY_REFUSE, "write it right behind the points of a pwl"},
    {"vi", "r", KEY_REFUSE, "write it right behind the points of a pwl"},
};

static bool is_behavioural(const eq_line *l) {
    return eq_line_class(l)->control == EQ_CONTROL_FORMULA;
}

bool eq_line_set(eq_line *l, int k, double value) {
    l->card.w[k] = value;
    l->own |= (uint64_t)1 << k;
    if (k == eq_line_class(l)->value) l->has_value = l->own_value = true;
    return true;
}

/* ngspice 39 reads only a part of a formula without braces: r=1k*(1+v(x)) is 1+v(x) (measured). */
static bool is_whole(eq_line *l, eq_token formula) {
    if (formula.kind == EQ_TOKEN_GROUP || l->s->circuit->dialect != EQ_NGSPICE) return true;
    eq_spice_fail(l->s, formula.at,
                  "the resistance of %.*s is a formula without braces, of which ngspice reads only "
                  "a part; put it in {}",
                  (int)l->name.length, l->name.text);
    return false;
}

bool eq_line_resistance(eq_line *l) {
    eq_operand value = {NAN, EQ_NONE};
    eq_token first = eq_token_peek(l->c);
    bool group = first.kind == EQ_TOKEN_GROUP;
    eq_cursor inside = group ? eq_cursor_over_token(l->c, &first) : *l->c;
    eq_spice own = *l->s;
    eq_formula *f = own.formula = eq_formula_new();
    if (f == NULL) eq_spice_no_memory(l->s);
    bool done = f != NULL && eq_spice_operand(&own, group ? &inside : l->c, &value) == EQ_OK;
    if (group) eq_token_next(l->c);
    if (done && value.slot != EQ_NONE && l->formula == NULL) {
        l->formula = f;
        l->has_value = l->own_value = true;
        return is_whole(l, first) &&
               eq_spice_formula_conductance(l->s, f, l->card.term[0], l->card.term[1], value);
    }
    eq_formula_free(f);
    return done && value.slot == EQ_NONE && eq_line_set(l, eq_line_class(l)->value, value.number);
}

static const struct key *key_of(char letter, eq_token name) {
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        if (strchr(keys[k].letters, letter) != NULL && eq_token_is(name, keys[k].name))
            return &keys[k];
    return NULL;
}

int eq_line_param(const eq_device_class *cls, eq_token name) {
    for (int k = 0; k < cls->params; k++)
        if (eq_token_is(name, cls->param[k].name)) return k;
    return -1;
}

static const char *param_name(const void *data, size_t k) {
    const eq_device_class *cls = data;
    return k < (size_t)cls->params ? cls->param[k].name : NULL;
}

bool eq_line_unknown_key(eq_line *l, eq_token name) {
    char near[96];
    eq_spice_fail(l->s, name.at, "%.*s has no parameter %.*s%s; remove it or correct the name",
                  (int)l->name.length, l->name.text, (int)name.length, name.text,
                  eq_spice_nearest(l->s, name, param_name, eq_line_class(l), near));
    return false;
}

/* tc=TC1,TC2 (Xyce, LTspice): the second one. */
static bool read_second_tc(eq_line *l) {
    double value;
    if (!eq_spice_at_value(l->s, l->c)) return true;
    int k = eq_param_find(eq_line_class(l), "tc2");
    return eq_spice_number_at(l->s, l->c, &value, "the second coefficient") &&
           eq_line_set(l, k, value);
}

/* What the word says of the temperature; NULL: nothing. */
static double *warmth_of(eq_line *l, eq_token name) {
    eq_warmth *w = &l->warmth;
    return eq_token_is(name, "tc1")     ? &w->tc1
           : eq_token_is(name, "tc2")   ? &w->tc2
           : eq_token_is(name, "temp")  ? &w->temp
           : eq_token_is(name, "dtemp") ? &w->dtemp
                                        : NULL;
}

/* Whether a transistor takes parameter k on its .model card alone; then an error was reported. */
static bool of_model(eq_line *l, eq_token name, int k) {
    const eq_device_class *cls = eq_line_class(l);
    bool own = cls->control != EQ_CONTROL_PORT || cls->model_type == NULL || k < 0 ||
               (cls->instance >> k & 1) != 0;
    if (!own)
        eq_spice_fail(l->s, name.at, "%.*s of %.*s stands on its .model card; write it there",
                      (int)name.length, name.text, (int)l->name.length, l->name.text);
    return !own;
}

/* Whether parameter k stands on the line without its name, which counts before one with it; a
 * resistance does not (ngspice; measured). */
static bool stands_bare(const eq_line *l, int k) {
    const eq_device_class *cls = eq_line_class(l);
    int bare = cls->value >= 0 ? cls->value : eq_param_find(cls, "area");
    return l->positional && cls->letter != 'r' && k == bare;
}

bool eq_line_key(eq_line *l, eq_token name) {
    const struct key *key = key_of(eq_line_class(l)->letter, name);
    int k = eq_line_param(eq_line_class(l), name);
    double value;
    if (key != NULL && key->action == KEY_ALIAS) k = eq_line_class(l)->value;
    if (k < 0 && key == NULL) return eq_line_unknown_key(l, name);
    if (of_model(l, name, k)) return false;
    eq_token_next(l->c);
    if (k < 0 && eq_token_is(name, "tol")) { /* 1% */
        eq_token_raw(l->c);
        return true;
    }
    if (k < 0 && eq_token_is(name, "table")) {
        eq_spice_fail(l->s, name.at, "%.*s= of %.*s is not supported; %s", (int)name.length,
                      name.text, (int)l->name.length, l->name.text, key->alias);
        return false;
    }
    if (eq_line_class(l)->letter == 'r' && k == eq_line_class(l)->value)
        return eq_line_resistance(l);
    if (eq_spice_value(l->s, l->c, &value) != EQ_OK) return false;
    if (k >= 0) value *= eq_spice_scale(l->s, eq_line_class(l), k);
    double *warmth = warmth_of(l, name);
    if (warmth != NULL) *warmth = value;
    if (k >= 0 && !is_behavioural(l)) return stands_bare(l, k) || eq_line_set(l, k, value);
    if (key == NULL) return eq_line_unknown_key(l, name);
    switch (key->action) {
    case KEY_TC:
        return eq_line_set(l, eq_param_find(eq_line_class(l), "tc1"), value) && read_second_tc(l);
    case KEY_WARMTH:
        return !l->cold || eq_line_unknown_key(l, name);
    case KEY_LENGTH:
        l->length = value;
        return true;
    case KEY_WIDTH:
        l->width = value;
        return true;
    case KEY_MULTIPLY: /* the last one counts, but of a formula of G, as in ngspice 39 */
        l->m = is_behavioural(l) && (*l->name.text | 32) == 'g' ? l->m * value : value;
        return true;
    case KEY_SCALE:
        l->scale = value;
        return true;
    case KEY_SERIES:
        l->series = value;
        return true;
    case KEY_PARALLEL:
        l->parallel = value;
        return true;
    case KEY_LIST:
        while (eq_spice_at_value(l->s, l->c))
            if (!eq_spice_number_at(l->s, l->c, &value, "a number")) return false;
        return true;
    case KEY_REFUSE:
        eq_spice_fail(l->s, name.at, "%.*s= of %.*s is not supported; %s", (int)name.length,
                      name.text, (int)l->name.length, l->name.text, key->alias);
        return false;
    default:
        return true;
    }
}

/* Words of L and C of ngspice, Xyce, LTspice and PSpice that say nothing at dc. */
static const char *const quiet_words[] = {
    "ic",   "m",      "mult",        "scale", "temp",   "dtemp", "tc",  "tc1",  "tc2",
    "cpar", "mfg",    "pn",          "type",  "irms",   "part",  "tol", "flux", "noiseless",
    "l",    "ind",    "inductance",  "nt",    "ipk",    "isat",  "hc",  "bs",   "br",
    "a",    "lm",     "lg",          "n",     "area",   "lser",  "v",   "q",    "rlshunt",
    "c",    "cap",    "capacitance", "w",     "bv_max", "age",   "d",   "vc1",  "vc2",
    "vc",   "coeffs", "mag",         "phase", "charge", "cjsw"};

static const char *word_at(const void *data, size_t k) {
    (void)data;
    enum { WORDS = sizeof quiet_words / sizeof *quiet_words };
    static const char *const own[] = {"rser", "rpar"};
    return k < WORDS ? quiet_words[k] : k < WORDS + 2 ? own[k - WORDS] : NULL;
}

/* The henry or farad at the cursor: that of a name, or the first without one. */
static void note_value(eq_line *l, const eq_token *name) {
    static const char *const value[] = {"l", "ind", "inductance", "c", "cap", "capacitance"};
    double number;
    if (name != NULL && !eq_token_is_among(*name, value, 6) && !eq_token_is(*name, "m") &&
        !eq_token_is(*name, "scale"))
        return;
    if (!eq_spice_quiet_value(l->s, *l->c, &number)) number = NAN;
    if (name != NULL && eq_token_is(*name, "m"))
        l->m = number;
    else if (name != NULL && eq_token_is(*name, "scale"))
        l->scale = number;
    else if (name != NULL || isnan(l->reactance))
        l->reactance = number;
}

/* NAME = VALUE of L or C. */
static bool read_reactance_key(eq_line *l, eq_token name) {
    char letter = (char)(*l->name.text | 32), near[96];
    const struct key *key = key_of(letter, name);
    eq_token_next(l->c);
    note_value(l, &name);
    if (key == NULL &&
        eq_token_is_among(name, quiet_words, sizeof quiet_words / sizeof *quiet_words)) {
        eq_spice_skip_value(l->c);
        return true;
    }
    if (key == NULL) {
        eq_spice_fail(l->s, name.at, "%.*s has no parameter %.*s%s; remove it or correct the name",
                      (int)l->name.length, l->name.text, (int)name.length, name.text,
                      eq_spice_nearest(l->s, name, word_at, NULL, near));
        return false;
    }
    double value;
    if (eq_spice_value(l->s, l->c, &value) != EQ_OK) return false;
    if (key->action == KEY_PARALLEL) l->parallel = value;
    if (key->action == KEY_SERIES && letter == 'l') l->series = value; /* a C is open behind it */
    return true;
}

bool eq_line_reactance(eq_line *l) {
    for (;;) {
        if (!eq_spice_at_key(l->c)) note_value(l, NULL);
        eq_token t = eq_token_next(l->c);
        if (t.kind == EQ_TOKEN_END) return true;
        if (t.kind == EQ_TOKEN_UNCLOSED || t.kind == EQ_TOKEN_BAD) {
            eq_spice_expected(l->s, t, "the value");
            return false;
        }
        bool key = t.kind == EQ_TOKEN_WORD && eq_token_peek(l->c).kind == EQ_TOKEN_EQUAL;
        if (key && !read_reactance_key(l, t)) return false;
    }
}
