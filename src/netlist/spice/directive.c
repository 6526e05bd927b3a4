/* `*%` lines: what only eqspice understands (inputs, outputs, nudges, trainable resistors). */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/spice/cards.h"
#include "netlist/spice/compiled.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/find.h"
#include "netlist/spice/scope.h"

/* An output of a *% output line and the sources of a *% nudge line. */
typedef struct eq_port_pair {
    int32_t plus, minus; /* nodes or elements; EQ_NONE when there is none */
    eq_location at;
} eq_port_pair;

static void read_input(eq_spice *s, eq_cursor *c, eq_location at);
static void read_output(eq_spice *s, eq_cursor *c, eq_location at);
static void read_nudge(eq_spice *s, eq_cursor *c, eq_location at);
static void read_train(eq_spice *s, eq_cursor *c, eq_location at);

static const struct directive {
    const char *name;
    eq_phase phase;
    eq_reader read;
} directives[] = {{"input", EQ_PHASE_NAMES, read_input},
                  {"output", EQ_PHASE_NAMES, read_output},
                  {"nudge", EQ_PHASE_NAMES, read_nudge},
                  {"train", EQ_PHASE_TRAIN, read_train},
                  {"osdi", EQ_PHASE_OPTIONS, eq_spice_osdi}};

void eq_spice_directive(eq_spice *s, eq_cursor *c) {
    c->p += 2; /* the *% */
    eq_token word = eq_token_raw(c);
    for (size_t k = 0; k < sizeof directives / sizeof *directives; k++)
        if (eq_token_is(word, directives[k].name)) {
            eq_spice_later(s, directives[k].phase, *c, word, directives[k].read);
            return;
        }
    eq_spice_fail(
        s, word.at,
        "there is no directive '%.*s'; the directives are input, output, nudge, train and osdi "
        "(a plain comment starts with * and no %%)",
        (int)(word.length < 60 ? word.length : 60), word.text);
}

/* Calls `one` for each word of the line; an empty line is an error that names
 * what it should hold. */
static void each_word(eq_spice *s, eq_cursor *c, const char *what,
                      void (*one)(eq_spice *s, eq_token t)) {
    eq_token t = eq_token_raw(c);
    if (t.kind == EQ_TOKEN_END) eq_spice_expected(s, t, what);
    for (; t.kind != EQ_TOKEN_END && !s->all->stop; t = eq_token_raw(c)) {
        if (t.kind == EQ_TOKEN_WORD) {
            one(s, t);
            continue;
        }
        eq_spice_expected(s, t, what);
        return;
    }
}

static void one_input(eq_spice *s, eq_token t) {
    eq_element e = eq_spice_find_element(s, t, "*% input");
    if (e == EQ_NONE) return;
    if (s->circuit->row[e].cls != EQ_CLASS_vsource) {
        eq_spice_fail(s, t.at,
                      "*%% input names %.*s, which is no voltage source; inputs are V elements",
                      (int)t.length, t.text);
        return;
    }
    for (size_t k = 0; s->circuit->inputs < 64 && k < s->circuit->inputs; k++)
        if (s->circuit->input[k] == e) {
            eq_spice_fail(s, t.at, "*%% input names %.*s twice; name each source once",
                          (int)t.length, t.text);
            return;
        }
    eq_spice_pass_on(s, eq_circuit_input(s->circuit, e, s->scratch));
}

static void read_input(eq_spice *s, eq_cursor *c, eq_location at) {
    (void)at;
    each_word(s, c, "the voltage sources that carry the input", one_input);
}

/* A pair `plus,minus` or a single name; false: an error was reported. */
static bool split_pair(eq_spice *s, eq_token t, eq_token *plus, eq_token *minus) {
    const char *comma = memchr(t.text, ',', t.length);
    *plus = *minus = t;
    plus->length = comma == NULL ? t.length : (size_t)(comma - t.text);
    minus->length = comma == NULL ? 0 : t.length - plus->length - 1;
    if (comma == NULL) return true;
    minus->text = comma + 1;
    minus->at.column += (int32_t)plus->length + 1;
    if (plus->length > 0 && minus->length > 0 && memchr(minus->text, ',', minus->length) == NULL)
        return true;
    eq_spice_fail(s, t.at,
                  "'%.*s' is no pair; write PLUS,MINUS without blanks, pairs apart by blanks",
                  (int)(t.length < 60 ? t.length : 60), t.text);
    return false;
}

static eq_node output_node(eq_spice *s, eq_token t) {
    eq_node node = eq_spice_find_plain_node(s, t, "*% output");
    if (node != EQ_GROUND) return node;
    eq_spice_fail(s, t.at, "*%% output names ground, which is always 0 V; name another node");
    return EQ_NONE;
}

static void add_pair(eq_spice *s, eq_port_pair **list, size_t *count, size_t *cap,
                     eq_port_pair pair) {
    if (!eq_grow((void **)list, cap, *count + 1, sizeof **list))
        eq_spice_no_memory(s);
    else
        (*list)[(*count)++] = pair;
}

static void one_output(eq_spice *s, eq_token t) {
    eq_token plus, minus;
    if (!split_pair(s, t, &plus, &minus)) return;
    eq_port_pair pair = {output_node(s, plus), EQ_NONE, t.at};
    if (minus.length > 0) pair.minus = output_node(s, minus);
    if (pair.plus == EQ_NONE || (minus.length > 0 && pair.minus == EQ_NONE)) return;
    if (pair.plus == pair.minus)
        eq_spice_fail(s, t.at, "both nodes of this output are the same; name two nodes");
    add_pair(s, &s->all->output, &s->all->outputs, &s->all->output_cap, pair);
}

static void read_output(eq_spice *s, eq_cursor *c, eq_location at) {
    (void)at;
    each_word(s, c, "nodes or pairs PLUS,MINUS of nodes", one_output);
}

static eq_element nudge_source(eq_spice *s, eq_token t) {
    eq_element e = eq_spice_find_element(s, t, "*% nudge");
    if (e == EQ_NONE || s->circuit->row[e].cls == EQ_CLASS_isource) return e;
    eq_spice_fail(s, t.at,
                  "*%% nudge names %.*s, which is no current source; nudges are I elements",
                  (int)t.length, t.text);
    return EQ_NONE;
}

static void one_nudge(eq_spice *s, eq_token t) {
    eq_token plus, minus;
    if (!split_pair(s, t, &plus, &minus)) return;
    eq_port_pair pair = {nudge_source(s, plus), EQ_NONE, t.at};
    if (minus.length > 0) pair.minus = nudge_source(s, minus);
    add_pair(s, &s->all->nudge, &s->all->nudges, &s->all->nudge_cap, pair);
}

static void read_nudge(eq_spice *s, eq_cursor *c, eq_location at) {
    (void)at;
    each_word(s, c, "current sources or pairs PLUS,MINUS of them", one_nudge);
}

/* A nudge source drives its current from ground into its output node. */
static bool drives(eq_spice *s, eq_element e, eq_node node, eq_location at) {
    if (e == EQ_NONE) return true;
    const eq_table *t = &s->circuit->table[EQ_CLASS_isource];
    size_t row = (size_t)s->circuit->row[e].row;
    if (t->term[0][row] == EQ_GROUND && t->term[1][row] == node) return true;
    const char *name = eq_circuit_element_name(s->circuit, e),
               *n = eq_circuit_node_name(s->circuit, node);
    eq_spice_fail(s, at,
                  "nudge source %s must drive from ground into its output node %s; write %s 0 %s 0",
                  name, n, name, n);
    return false;
}

void eq_spice_finish_directives(eq_spice *s) {
    if (s->all->status != EQ_OK) return;
    if (s->all->nudges > 0 && s->all->nudges != s->all->outputs) {
        eq_location at =
            s->all->nudge[s->all->nudges < s->all->outputs ? s->all->nudges - 1 : s->all->outputs]
                .at;
        eq_spice_fail(
            s, at,
            "%zu *%% nudge entries for %zu outputs; give one for each output, in the same order, "
            "or none",
            s->all->nudges, s->all->outputs);
        return;
    }
    for (size_t k = 0; k < s->all->outputs && !s->all->stop; k++) {
        eq_port_pair out = s->all->output[k], none = {EQ_NONE, EQ_NONE, out.at};
        eq_port_pair nudge = s->all->nudges > 0 ? s->all->nudge[k] : none;
        if (eq_circuit_is_output(s->circuit, out.plus, out.minus))
            eq_spice_fail(s, out.at, "this is an output already; name each once");
        else if ((nudge.minus != EQ_NONE && out.minus == EQ_NONE) ||
                 (nudge.plus != EQ_NONE && nudge.minus == EQ_NONE && out.minus != EQ_NONE))
            eq_spice_fail(s, nudge.at,
                          "nudge %zu and output %zu do not match: %s; give a source for each node",
                          k + 1, k + 1,
                          out.minus == EQ_NONE ? "two sources for one node"
                                               : "one source for a pair of nodes");
        else if (drives(s, nudge.plus, out.plus, nudge.at) &&
                 drives(s, nudge.minus, out.minus, nudge.at))
            eq_spice_pass_on(s, eq_circuit_output(s->circuit, out.plus, out.minus, nudge.plus,
                                                  nudge.minus, s->scratch));
    }
}

/* A bound of *% train: 0 low, 1 high, -1 none. */
static int bound_of(eq_token t) {
    if (eq_token_is(t, "gmin") || eq_token_is(t, "min")) return 0;
    return eq_token_is(t, "gmax") || eq_token_is(t, "max") ? 1 : -1;
}

static bool is_key(const eq_cursor *c) {
    eq_cursor ahead = *c;
    return eq_token_raw(&ahead).kind == EQ_TOKEN_EQUAL;
}

/* PATTERN or PATTERN(PARAMETER). */
static void one_group(eq_spice *s, eq_token t, const double bound[2]) {
    char pattern[EQ_MAX_NAME + 1], *param = NULL;
    if (!eq_spice_fold(t, pattern)) {
        eq_spice_fail(s, t.at, "a pattern of more than %d bytes; shorten it with *", EQ_MAX_NAME);
        return;
    }
    size_t n = strlen(pattern);
    char *open = strrchr(pattern, '(');
    if (open != NULL && pattern[n - 1] == ')') {
        pattern[n - 1] = *open = '\0';
        param = open + 1;
    }
    eq_spice_pass_on(
        s, eq_circuit_train(s->circuit, pattern, param, bound[0], bound[1], t.at, s->scratch));
}

/* Reads the bounds and counts the patterns; false: an error was reported. */
static bool read_bounds(eq_spice *s, eq_cursor *c, double bound[2], size_t *patterns) {
    eq_token t;
    for (t = eq_token_raw(c); t.kind == EQ_TOKEN_WORD; t = eq_token_raw(c)) {
        int which = bound_of(t);
        if (!is_key(c)) {
            ++*patterns;
            continue;
        }
        if (which < 0) {
            eq_spice_fail(s, t.at, "*%% train has no %.*s; give gmin= and gmax=", (int)t.length,
                          t.text);
            return false;
        }
        eq_token_raw(c);
        if (eq_spice_value(s, c, &bound[which]) != EQ_OK) return false;
    }
    if (t.kind == EQ_TOKEN_END) return true;
    eq_spice_expected(s, t, "a pattern, gmin= or gmax=");
    return false;
}

/* *% train PATTERN ... gmin=... gmax=..., or min=... max=... */
static void read_train(eq_spice *s, eq_cursor *c, eq_location at) {
    double bound[2] = {NAN, NAN}, ignored;
    eq_cursor names = *c;
    size_t patterns = 0;
    if (!read_bounds(s, c, bound, &patterns)) return;
    if (patterns == 0 || isnan(bound[0]) || isnan(bound[1])) {
        eq_spice_fail(
            s, at,
            "*%% train needs a pattern and both bounds; write *%% train RW* gmin=1e-8 gmax=1e-5");
        return;
    }
    while (patterns > 0 && !s->all->stop) {
        eq_token t = eq_token_raw(&names);
        if (is_key(&names)) {
            eq_token_raw(&names);
            eq_spice_value(s, &names, &ignored);
            continue;
        }
        one_group(s, t, bound);
        patterns--;
    }
}
