/* .options: what of it eqspice has, what it may leave out, what it refuses. */
#include "netlist/spice/cards.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"

/* Options that eqspice has; of a tolerance only a tighter value than ours is taken over. */
typedef enum option_kind { OPTION_SET, OPTION_TIGHTEN, OPTION_COUNT } option_kind;

static const struct option {
    const char *name;
    option_kind kind;
    double min, max;
} options[] = {{"reltol", OPTION_TIGHTEN, 1e-15, 1.0}, {"abstol", OPTION_TIGHTEN, 1e-300, 1e300},
               {"gmin", OPTION_SET, 0.0, 1e300},       {"temp", OPTION_SET, -273.15, 1e6},
               {"tnom", OPTION_SET, -273.15, 1e6},     {"itl1", OPTION_COUNT, 1.0, 1e9},
               {"scale", OPTION_SET, 1e-300, 1e300},   {"rshunt", OPTION_SET, 1e-300, 1e300},
               {"defl", OPTION_SET, 1e-300, 1e300},    {"defw", OPTION_SET, 1e-300, 1e300}};

enum {
    OPTION_RELTOL,
    OPTION_ABSTOL,
    OPTION_GMIN,
    OPTION_TEMP,
    OPTION_TNOM,
    OPTION_ITL1,
    OPTION_SCALE,
    OPTION_RSHUNT,
    OPTION_DEFL,
    OPTION_DEFW,
    OPTIONS
};

/* How ngspice solves and prints: nothing that an operating point within our bound depends on. */
static const char *const harmless_options[] = {
    "defad",  "defas", /* of which ngspice 39 makes no current (measured) */
    "seed",   "vntol",  "itl2",   "itl3",      "itl4",     "itl5",         "itl6",
    "pivtol", "pivrel", "trtol",  "chgtol",    "method",   "maxord",       "numdgt",
    "nopage", "acct",   "noacct", "list",      "node",     "opts",         "nomod",
    "noinit", "klu",    "sparse", "gminsteps", "srcsteps", "savecurrents", "epsmin"};

/* An option that eqspice does not have, with its value. */
static void other_option(eq_spice *s, eq_cursor *c, eq_token t) {
    if (!eq_token_is_among(t, harmless_options, sizeof harmless_options / sizeof *harmless_options))
        eq_spice_note(s, "options", t.at,
                      "ignored: option %.*s (and others that eqspice does not have)", (int)t.length,
                      t.text);
    if (eq_token_peek(c).kind == EQ_TOKEN_EQUAL) {
        eq_token_next(c);
        eq_token_next(c);
    }
}

static void set_option(eq_spice *s, int k, eq_token name, double value) {
    eq_circuit *c = s->circuit;
    double *target[] = {[OPTION_RELTOL] = &c->options.reltol, [OPTION_ABSTOL] = &c->options.abstol,
                        [OPTION_GMIN] = &c->env.gmin,         [OPTION_TEMP] = &c->env.temp,
                        [OPTION_TNOM] = &c->env.tnom,         [OPTION_ITL1] = NULL,
                        [OPTION_SCALE] = &s->all->scale,      [OPTION_RSHUNT] = &s->all->rshunt,
                        [OPTION_DEFL] = &s->all->defl,        [OPTION_DEFW] = &s->all->defw};
    if (!(value >= options[k].min && value <= options[k].max)) {
        eq_spice_fail(s, name.at, "%s=%g is outside %g..%g; give a value inside", options[k].name,
                      value, options[k].min, options[k].max);
        return;
    }
    if (options[k].kind == OPTION_COUNT)
        c->options.itl1 = (int)value;
    else if (options[k].kind == OPTION_SET || value <= *target[k])
        *target[k] = value;
    else
        eq_spice_note(s, options[k].name, name.at,
                      "%s=%g is looser than the %g eqspice works with, which is "
                      "kept",
                      options[k].name, value, *target[k]);
}

/* True where ngspice does not see the option: (temp=50), temp=(50) and temp 50 are left out there
 * (measured); the note says so. */
static bool lost(eq_spice *s, eq_cursor *c, eq_token name, bool sign, bool glued) {
    const char *value = eq_token_peek(c).text;
    bool group = *value == '(' || value[-1] == '('; /* behind the name */
    if (s->circuit->dialect != EQ_NGSPICE || (sign && !glued && !group)) return false;
    eq_spice_note(s, "lost option", name.at,
                  "ignored, as in ngspice: %.*s %s; write %.*s=VALUE alone", (int)name.length,
                  name.text, sign ? "with a parenthesis" : "without =", (int)name.length,
                  name.text);
    return true;
}

/* NAME=VALUE of an option that eqspice has; false: an error was reported. *seen: those of the same
 * line, of which ngspice takes the first one (measured). */
static bool own_option(eq_spice *s, eq_cursor *c, eq_token name, int k, unsigned *seen,
                       bool glued) {
    double value;
    bool sign = eq_token_peek(c).kind == EQ_TOKEN_EQUAL;
    if (!sign && !eq_spice_is_value(eq_token_peek(c))) {
        eq_spice_expected(s, eq_token_peek(c), "= and the value of the option");
        return false;
    }
    if (sign) eq_token_next(c);
    bool left_out = lost(s, c, name, sign, glued);
    if (eq_spice_value(s, c, &value) != EQ_OK) return false;
    if (left_out) return true;
    bool again = *seen & 1u << k && s->circuit->dialect == EQ_NGSPICE;
    *seen |= 1u << k;
    if (again || (k == OPTION_TEMP && s->all->temperature))
        eq_spice_note(s, "overruled", name.at, "ignored: %s=%g, %s", options[k].name, value,
                      again ? "the first one on a line counts, as in ngspice"
                            : "which gives way to .temp");
    else
        set_option(s, k, name, value);
    return true;
}

/* In the first pass: seed=N of the random functions, which elements draw before options are read. */
void eq_spice_declare_seed(eq_spice *s, eq_scope *scope, eq_cursor *c) {
    eq_cursor at = *c;
    (void)scope;
    for (eq_token t = eq_token_next(&at); t.kind != EQ_TOKEN_END && t.kind != EQ_TOKEN_UNCLOSED;
         t = eq_token_next(&at)) {
        double seed;
        if (!eq_token_is(t, "seed") || eq_token_peek(&at).kind != EQ_TOKEN_EQUAL) continue;
        eq_token_next(&at);
        t = eq_token_peek(&at);
        if (eq_spice_number(t.text, t.length, EQ_NGSPICE, &seed) == t.length && seed >= 0.0 &&
            seed < 1e15)
            s->all->random = eq_random_seed((uint64_t)seed);
    }
}

/* .options NAME=VALUE NAME ... */
void eq_spice_options(eq_spice *s, eq_cursor *c, eq_location at) {
    unsigned seen = 0;
    const char *start = c->p;
    (void)at;
    for (eq_token t = eq_token_next(c); t.kind != EQ_TOKEN_END; t = eq_token_next(c)) {
        int k = 0;
        if (t.kind != EQ_TOKEN_WORD) {
            eq_spice_expected(s, t, "NAME=VALUE");
            return;
        }
        while (k < OPTIONS && !eq_token_is(t, options[k].name)) k++;
        bool glued = t.text > start && t.text[-1] == '(';
        if (k == OPTIONS)
            other_option(s, c, t);
        else if (!own_option(s, c, t, k, &seen, glued))
            return;
    }
}

void eq_spice_set_temperature(eq_spice *s, double value, eq_location at) {
    s->all->temperature = true;
    set_option(s, OPTION_TEMP, (eq_token){EQ_TOKEN_WORD, ".temp", 5, at}, value);
}
