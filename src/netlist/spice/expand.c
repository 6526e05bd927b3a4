/* The second pass: elements into tables, subcircuits expanded instance by instance. */
#include <string.h>

#include "base/mem.h"
#include "netlist/spice/element.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/expand.h"
#include "netlist/spice/late.h"
#include "netlist/spice/name.h"
#include "netlist/spice/scope.h"

enum { EQ_MAX_INSTANCE_DEPTH = 50 };

/* The subcircuit of that name as an instance in s->frame sees it. */
static eq_scope *subckt_of(eq_spice *s, eq_token name) {
    eq_scope *where;
    eq_frame *f = s->frame;
    eq_definition *d = eq_scope_find(s, f->scope, EQ_DEFINES_SUBCKT, name, &where);
    while (f->scope != where && f->up != NULL) f = f->up;
    d = eq_spice_choose(s, d, f);
    return d == NULL || d->scope == EQ_NONE ? NULL : s->all->scope[d->scope];
}

/* X1 node ... NAME [params:] [name=value ...]: the name is the last word before the parameters. c
 * stands behind X1. */
static eq_token subckt_name(eq_cursor c) {
    eq_token t, last = eq_token_peek(&c);
    last.length = 0;
    while ((t = eq_token_peek(&c)).kind == EQ_TOKEN_WORD && !eq_spice_at_key(&c) &&
           !eq_token_is(t, "params:"))
        last = eq_token_next(&c);
    return last;
}

static double weigh(eq_spice *s, eq_scope *scope, int depth);

/* The heaviest of the subcircuits of that name, one for each condition; -1: it contains itself, -2:
 * nested too deep. */
static double weigh_instance(eq_spice *s, const eq_scope *from, eq_token name, int depth) {
    const eq_definition *d = eq_scope_find(s, from, EQ_DEFINES_SUBCKT, name, NULL);
    double most = 0.0;
    if (d != NULL && depth > EQ_MAX_INSTANCE_DEPTH) return -2.0;
    for (; d != NULL; d = d->next == EQ_NONE ? NULL : &s->all->variant[d->next]) {
        double one = d->scope == EQ_NONE ? 0.0 : weigh(s, s->all->scope[d->scope], depth + 1);
        if (one < 0.0) return one;
        most = one > most ? one : most;
    }
    return most;
}

/* The elements a scope expands to, counted without making any (each instance counts as one more); a
 * subcircuit that contains itself is an error. */
static double weigh(eq_spice *s, eq_scope *scope, int depth) {
    if (scope->weight != 0.0) return scope->weight;
    double weight = 1.0;
    scope->weight = -1.0;
    for (size_t k = 0; k < scope->runs && !s->all->stop; k++) {
        eq_cursor c = scope->run[k].at;
        weight += (double)scope->run[k].elements;
        if (!scope->run[k].instances) continue;
        for (eq_line_kind kind; (kind = eq_line_start(&c)) != EQ_LINE_NONE; eq_line_end(&c)) {
            if (kind != EQ_LINE_ELEMENT || (*c.p | 32) != 'x') continue;
            eq_cursor nodes = c;
            eq_token_next(&nodes);
            eq_token name = subckt_name(nodes);
            double more = weigh_instance(s, scope, name, depth);
            s->all->endless = s->all->endless || more < 0.0;
            if (more >= 0.0)
                weight += more;
            else if (more == -1.0)
                eq_spice_fail(s, name.at, "subcircuit %.*s contains itself; remove this instance",
                              (int)name.length, name.text);
            else
                eq_spice_fail(s, name.at, "subcircuits nested deeper than %d; flatten some",
                              EQ_MAX_INSTANCE_DEPTH);
        }
    }
    return scope->weight = weight;
}

/* Makes room for the elements written in the deck itself, and for the names of so many that
 * instances make (a deck with many .if may make fewer). */
static bool reserve(eq_spice *s, double weight) {
    const double most = 4e6;
    size_t rows[EQ_CLASS_COUNT] = {0};
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        char letter = eq_class(k)->letter; /* 0: a class that no line of a deck has */
        if (letter != 0) rows[k] = s->all->lines[letter - 'a'];
    }
    return eq_circuit_reserve(s->circuit, rows, (size_t)(weight < most ? weight : most));
}

bool eq_spice_finite(eq_spice *s) {
    double weight = weigh(s, s->all->scope[0], 0);
    if (weight > eq_max_elements)
        eq_spice_fail(s, (eq_location){0, 1, 1},
                      "the deck expands to %.3g elements, more than %.3g; use fewer "
                      "instances",
                      weight, eq_max_elements);
    bool finite = !s->all->endless && weight <= eq_max_elements;
    if (finite && !reserve(s, weight)) eq_spice_no_memory(s);
    return finite;
}

static bool refuse_nodes(eq_spice *s, eq_token t, const eq_scope *scope, size_t given) {
    size_t want = eq_names_count(scope->port);
    if (given == want) return false;
    eq_spice_fail(s, t.at,
                  "subcircuit %s has %zu node%s, this instance connects %zu; correct the line",
                  scope->name, want, want == 1 ? "" : "s", given);
    return true;
}

/* m=value, instances in parallel. */
static bool multiply(eq_spice *s, eq_frame *f, eq_location at, eq_cursor c) {
    double value;
    if (eq_frame_value(s, f, c, &value) != EQ_OK) return false;
    if (value > 0.0)
        f->m *= value;
    else
        eq_spice_fail(s, at, "m = %g instances in parallel; give a number above 0", value);
    return value > 0.0;
}

/* name=value behind the subcircuit's name: kept, since it may name those that follow. *m: where
 * that of the instance itself stands. */
static bool override(eq_spice *s, eq_frame *f, eq_cursor *c, eq_token *key, eq_cursor *m) {
    *key = eq_token_next(c);
    if (eq_token_is(*key, "params:") || eq_token_is(*key, "params")) return true;
    if (key->kind != EQ_TOKEN_WORD || eq_token_peek(c).kind != EQ_TOKEN_EQUAL) {
        eq_spice_expected(s, *key, "NAME=VALUE");
        return false;
    }
    eq_token_next(c);
    int32_t id;
    const eq_dictionary *d = &f->scope->defines[EQ_DEFINES_PARAM];
    const eq_definition *p = eq_dictionary_find(d, *key, &id);
    bool multiplier = eq_token_is(*key, "m") && (p == NULL || !p->overridable);
    if (p == NULL && !multiplier) {
        char near[96];
        eq_spice_fail(s, key->at,
                      "subcircuit %s has no parameter %.*s%s; declare it on the .subckt line as "
                      "%.*s=DEFAULT",
                      f->scope->name, (int)key->length, key->text,
                      eq_spice_nearest_name(s, *key, d->name, near), (int)key->length, key->text);
        return false;
    }
    *(multiplier ? m : &f->given[id]) = *c;
    if (eq_token_peek(c).kind == EQ_TOKEN_END) {
        eq_spice_expected(s, eq_token_peek(c), "the value");
        return false;
    }
    eq_spice_skip_value(c);
    return true;
}

/* Connects the nodes and reads the parameters of the X line; c stands behind its name. */
static bool open_instance(eq_spice *s, eq_frame *f, eq_cursor *c, eq_token subckt) {
    size_t ports = eq_names_count(f->scope->port), given = 0;
    for (eq_token t = eq_token_next(c); t.text != subckt.text; t = eq_token_next(c), given++) {
        eq_node node = eq_spice_node(s, t);
        if (node == EQ_NONE) return false;
        if (given < ports) f->port[given] = node;
    }
    if (refuse_nodes(s, subckt, f->scope, given)) return false;
    eq_token key = subckt;
    eq_cursor m = {.p = NULL};
    while (eq_token_peek(c).kind != EQ_TOKEN_END)
        if (!override(s, f, c, &key, &m)) return false;
    return m.p == NULL || multiply(s, f, key.at, m);
}

/* x1 in x2 has the prefix x2.x1. */
static char *prefix_of(const eq_frame *up, eq_token name) {
    eq_text t = {0};
    eq_text_puts(&t, up->prefix);
    eq_text_add(&t, name.text, name.length);
    eq_text_puts(&t, ".");
    if (t.failed) eq_text_free(&t);
    if (t.text != NULL) eq_lower(t.text, t.length);
    return t.text;
}

/* A name for the instance with that prefix; false: memory ran out. */
static bool add_instance(eq_spice *s, const char *prefix) {
    eq_reading *r = s->all;
    size_t n = eq_names_count(r->instance);
    if (prefix == NULL || eq_names_add(r->instance, prefix, strlen(prefix)) == EQ_NO_NAME ||
        !eq_grow((void **)&r->instances, &r->instance_cap, n + 1, sizeof *r->instances))
        return false;
    if (eq_names_count(r->instance) > n) r->instances[n] = (eq_instance){NULL, 0};
    return true;
}

/* Keeps the nodes of the last instance, for v(x1:port). */
static bool keep_ports(eq_spice *s, const eq_frame *f) {
    eq_reading *r = s->all;
    size_t ports = eq_names_count(f->scope->port);
    if (!eq_grow((void **)&r->port, &r->port_cap, r->ports + ports, sizeof *r->port)) {
        eq_spice_no_memory(s);
        return false;
    }
    r->instances[eq_names_count(r->instance) - 1] = (eq_instance){f->scope, r->ports};
    if (ports > 0) memcpy(r->port + r->ports, f->port, ports * sizeof *r->port);
    r->ports += ports;
    return true;
}

static void expand_instance(eq_spice *s, eq_cursor *c, eq_token name, eq_token subckt,
                            eq_scope *scope) {
    eq_frame f = {.up = s->frame, .at = name.at, .m = s->frame->m, .depth = s->frame->depth + 1};
    char *prefix = prefix_of(s->frame, name);
    size_t before = eq_names_count(s->all->instance);
    f.prefix = prefix;
    if (prefix != NULL && !eq_spice_name_fits(s, name, strlen(prefix) - 1)) {
        eq_free(prefix);
        return;
    }
    if (!add_instance(s, prefix))
        eq_spice_no_memory(s);
    else if (eq_names_count(s->all->instance) == before)
        eq_spice_fail(s, name.at, "a second instance %.*s; give it another name", (int)name.length,
                      name.text);
    else if (eq_frame_open(s, &f, scope) == EQ_OK) {
        eq_spice inside = *s;
        inside.frame = &f;
        inside.about.length = 0;
        if (open_instance(s, &f, c, subckt) && keep_ports(s, &f)) eq_spice_expand(&inside);
        eq_frame_close(&f);
    }
    eq_free(prefix);
}

/* True, with an error: * comment behind the words. */
static bool has_star(eq_spice *s, eq_cursor c) {
    eq_token t;
    while ((t = eq_token_next(&c)).kind == EQ_TOKEN_WORD && !eq_spice_at_key(&c))
        if (eq_spice_is_star(s, t)) return true;
    return false;
}

/* X1 NODE ... NAME: the lines of the subcircuit; c stands behind X1. */
static void read_instance(eq_spice *s, eq_cursor *c, eq_token name) {
    eq_token subckt = subckt_name(*c);
    s->about = name;
    eq_scope *scope = subckt.length == 0 ? NULL : subckt_of(s, subckt);
    char near[96];
    if (has_star(s, *c))
        scope = NULL; /* told */
    else if (subckt.length == 0)
        eq_spice_fail(s, subckt.at, "%.*s names no subcircuit; write X1 NODE ... SUBCKT",
                      (int)name.length, name.text);
    else if (scope == NULL)
        eq_spice_fail(s, subckt.at,
                      "there is no subcircuit %.*s%s; define it with .subckt or .include its "
                      "file",
                      (int)subckt.length, subckt.text,
                      eq_spice_nearest_name(
                          s, subckt, s->all->scope[0]->defines[EQ_DEFINES_SUBCKT].name, near));
    else
        expand_instance(s, c, name, subckt, scope);
    s->about.length = 0;
}

/* The names of the line will be looked up soon. */
static void prefetch(const eq_spice *s, const eq_token word[EQ_PLAIN_WORDS]) {
    eq_names_prefetch_lower(s->circuit->element, word[0].text, word[0].length);
    for (int k = 1; k <= 2; k++)
        eq_names_prefetch_lower(s->circuit->node, word[k].text, word[k].length);
}

/* The closing parenthesis of a card before it on a line of its own: to ngspice a comment. */
static bool closes_only(eq_spice *s, eq_cursor c) {
    eq_location at = eq_cursor_at(&c);
    while (c.p < c.end && *c.p == ')') c.p++;
    if (eq_skip_blank(&c)) return false;
    eq_spice_note(s, ")", at,
                  "ignored: a closing parenthesis on a line of its own, a comment to ngspice");
    return true;
}

/* An element line of any letter. */
static void one_line(eq_spice *s, eq_cursor *c) {
    const char *start = c->p;
    eq_location at = eq_cursor_at(c);
    if (*start == ')' && closes_only(s, *c)) return;
    eq_token name = eq_token_next(c);
    if (name.kind != EQ_TOKEN_WORD || name.text != start)
        eq_spice_expected(s, (eq_token){EQ_TOKEN_BAD, start, 1, at}, "an element or a card");
    else if ((*name.text | 32) == 'x')
        read_instance(s, c, name);
    else
        eq_spice_element(s, c, name);
}

/* Elements on plain lines, up to the first line that is not plain; they are split some lines ahead,
 * so that the memory has time to fetch what the names lead to. */
static void expand_plain(eq_spice *s, eq_cursor *c) {
    enum { AHEAD = 16 };
    eq_token word[AHEAD][EQ_PLAIN_WORDS];
    int n = AHEAD;
    while (n == AHEAD && !s->all->stop) {
        n = eq_plain_lines(c, word, AHEAD);
        for (int k = 0; k < n && s->frame->up == NULL; k++) prefetch(s, word[k]);
        for (int k = 0; k < n && !s->all->stop; k++) {
            if (eq_spice_plain_element(s, word[k], c->dialect)) continue;
            eq_cursor line = eq_cursor_at_token(c, word[k]);
            one_line(s, &line);
        }
    }
}

void eq_spice_expand(eq_spice *s) {
    const eq_frame *frame = s->frame;
    eq_frame_resolve(s);
    for (size_t k = 0; k < frame->scope->runs && !s->all->stop; k++) {
        eq_cursor c = frame->scope->run[k].at;
        if (!eq_spice_holds(s, frame->scope->run[k].condition, s->frame)) continue;
        for (eq_line_kind kind;; eq_line_end(&c)) {
            expand_plain(s, &c);
            if (s->all->stop || (kind = eq_line_start(&c)) == EQ_LINE_NONE) break;
            if (kind == EQ_LINE_ELEMENT) one_line(s, &c);
        }
    }
    eq_spice_read_inner(s);
}
