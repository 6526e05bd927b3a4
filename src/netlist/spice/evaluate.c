/* Expressions evaluated at a place of the deck. Parameters are resolved on demand: one may be used
 * before it is defined. What stands under an .if (ngspice manual, 2.13) counts if its condition
 * holds where it is needed, in the instance it is needed in, so that it may depend on parameters
 * that come later and on those of a subcircuit. */
#include "netlist/spice/evaluate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/spice/draw.h"
#include "netlist/spice/error.h"
#include "netlist/spice/mention.h"
#include "netlist/spice/name.h"
#include "netlist/spice/scope.h"

/* The arguments of the .func being evaluated, and of the one whose body calls it. */
typedef struct eq_arguments {
    const struct eq_arguments *outer;
    const eq_definition *function;
    const char *name[EQ_MAX_ARGUMENTS];
    size_t length[EQ_MAX_ARGUMENTS];
    const eq_operand *value;
    int count;
} eq_arguments;

/* The view of a definition of the frame: no arguments of a function and no formula reach it. */
static eq_spice view_from(const eq_spice *s, eq_frame *frame) {
    eq_spice own = *s;
    own.frame = frame;
    own.inner = NULL;
    own.arguments = NULL;
    own.formula = NULL;
    own.test = false;
    return own;
}

/* The value of a test, which takes the whole line. */
static bool value_of_test(eq_spice *s, eq_cursor at, double *value) {
    if (eq_spice_value(s, &at, value) != EQ_OK) return false;
    eq_token rest = eq_token_peek(&at);
    if (rest.kind != EQ_TOKEN_END) eq_spice_expected(s, rest, "an operator or the end of the line");
    return rest.kind == EQ_TOKEN_END;
}

/* True if the test of the branch itself is true as seen from the frame. */
static bool test(eq_spice *s, int32_t condition, eq_frame *frame) {
    const eq_condition *c = &s->all->condition[condition];
    eq_spice own = view_from(s, frame);
    double value = 0.0;
    if (c->otherwise) return true;
    if (c->failed) return false; /* told once; asked again and again it could take for ever */
    if (c->busy) {
        s->all->condition[condition].failed = true;
        eq_spice_fail(s, c->at,
                      "this test needs a name that is defined under it; define the name elsewhere");
        return false;
    }
    s->all->condition[condition].busy = true;
    own.test = true;
    bool done = value_of_test(&own, c->test, &value);
    s->all->condition[condition].busy = false;
    s->all->condition[condition].failed |= !done;
    return done && value != 0.0;
}

bool eq_spice_holds(eq_spice *s, int32_t condition, eq_frame *frame) {
    while (condition != EQ_NONE && !s->all->stop) {
        const eq_condition *c = &s->all->condition[condition];
        int32_t outer = c->outer;
        /* the first branch whose test is true is taken */
        for (int32_t k = c->first; k < condition; k = s->all->condition[k].next)
            if (test(s, k, frame)) return false;
        if (!test(s, condition, frame)) return false;
        condition = outer;
    }
    return !s->all->stop;
}

eq_definition *eq_spice_choose(eq_spice *s, eq_definition *d, eq_frame *frame) {
    while (d != NULL && !eq_spice_holds(s, d->condition, frame))
        d = d->next == EQ_NONE ? NULL : &s->all->variant[d->next];
    return d;
}

static bool is_key(eq_token t) {
    if (t.kind != EQ_TOKEN_WORD || eq_starts_number(t.text, t.length)) return false;
    return memchr(t.text, '<', t.length) == NULL && memchr(t.text, '>', t.length) == NULL &&
           memchr(t.text, '!', t.length) == NULL && memchr(t.text, '*', t.length) == NULL;
}

bool eq_spice_skip_arguments(eq_cursor *c) {
    if (!eq_skip_blank(c) || *c->p != '(') return false;
    while (eq_skip_blank(c) && *c->p != ')') c->p++;
    if (c->p < c->end && *c->p == ')') c->p++;
    return true;
}

bool eq_spice_at_key(const eq_cursor *c) {
    eq_cursor ahead = *c;
    if (!is_key(eq_token_next(&ahead))) return false;
    eq_spice_skip_arguments(&ahead);
    if (eq_token_next(&ahead).kind != EQ_TOKEN_EQUAL) return false;
    return *ahead.p != '=';
}

void eq_spice_skip_value(eq_cursor *c) {
    eq_token t = eq_token_next(c), next = eq_token_peek(c);
    while (next.kind != EQ_TOKEN_END && t.kind != EQ_TOKEN_UNCLOSED && t.kind != EQ_TOKEN_BAD &&
           !eq_spice_at_key(c) && !eq_token_is(next, "params:")) {
        t = eq_token_next(c);
        next = eq_token_peek(c);
    }
}

bool eq_spice_is_value(eq_token t) {
    return t.kind == EQ_TOKEN_GROUP ||
           (t.kind == EQ_TOKEN_WORD && eq_starts_number(t.text, t.length));
}

/* 1A is read in two ways: a note says which. */
static void note_unit(void *data, eq_token number) {
    double value;
    size_t n = eq_parse_double(number.text, number.length, &value);
    if (n < number.length && eq_is_ampere(number.text + n, number.length - n))
        eq_spice_note(data, "ampere", number.at,
                      "the A of %.*s (and of others) is the unit ampere, as in ngspice up to 39, "
                      "Xyce, LTspice and PSpice; ngspice from 40 on and HSPICE read it as atto, "
                      "1e-18: leave it out where the deck goes there",
                      (int)(number.length < 60 ? number.length : 60), number.text);
}

enum { UNKNOWN, RESOLVING, KNOWN, FAILED };

/* The parameters whose definitions wait for each other, this one among them. */
static void fail_for_cycle(eq_spice *s, const eq_frame *f, int32_t id, eq_token use) {
    const eq_names *names = f->scope->defines[EQ_DEFINES_PARAM].name;
    eq_text cycle = {0};
    const char *arrow = "";
    for (size_t k = 0; k < eq_names_count(names); k++) {
        if (f->state[k] != RESOLVING) continue;
        eq_text_printf(&cycle, "%s%s", arrow, eq_names_get(names, (int32_t)k));
        arrow = ", ";
    }
    eq_spice_fail(s, use.at,
                  "parameter %s is defined by itself (the definitions of %s wait for each "
                  "other); give one of them a number",
                  eq_names_get(names, id), cycle.text == NULL ? "" : cycle.text);
    eq_text_free(&cycle);
}

/* The value on the card of a parameter: the first of the several numbers of a .step, else an
 * expression and the next NAME=VALUE behind it. */
static bool value_of_card(eq_spice *s, eq_cursor at, bool stepped, double *value) {
    if (stepped) return eq_spice_number_at(s, &at, value, "a value");
    if (eq_spice_value(s, &at, value) != EQ_OK) return false;
    eq_token rest = eq_token_peek(&at);
    if (rest.kind == EQ_TOKEN_END || eq_spice_at_key(&at) || eq_token_is(rest, "params:"))
        return true;
    eq_spice_expected(s, rest, "an operator or NAME=VALUE");
    return false;
}

/* Evaluates a parameter in its frame; a parameter that needs itself is an error that names it. */
static eq_lookup resolve(eq_spice *s, eq_frame *f, int32_t id, eq_token use, double *value) {
    eq_definition *d = &f->scope->defines[EQ_DEFINES_PARAM].item[id];
    bool given = f->given[id].p != NULL;
    eq_definition *own = f->state[id] == UNKNOWN && !given ? eq_spice_choose(s, d, f) : NULL;
    if (f->state[id] == UNKNOWN && own == NULL && !given) return EQ_NOT_FOUND;
    if (f->state[id] == RESOLVING) {
        fail_for_cycle(s, f, id, use);
        f->state[id] = FAILED;
    }
    if (f->state[id] == UNKNOWN) {
        const char *own_name = eq_names_get(f->scope->defines[EQ_DEFINES_PARAM].name, id);
        eq_spice there = view_from(s, given ? f->up : f);
        there.inner = given ? f : NULL;
        there.self = id;
        there.about = (eq_token){EQ_TOKEN_WORD, own_name, strlen(own_name), use.at};
        f->state[id] = RESOLVING;
        bool good = given ? value_of_card(&there, f->given[id], false, &f->param[id])
                          : value_of_card(&there, own->value, own->stepped, &f->param[id]);
        f->state[id] = good ? KNOWN : FAILED;
    }
    *value = f->param[id];
    return f->state[id] == KNOWN ? EQ_FOUND : EQ_LOOKUP_FAILED;
}

/* The argument of that name of the function being evaluated; -1: none. */
static int argument(const eq_arguments *a, eq_token name) {
    for (int k = 0; a != NULL && k < a->count; k++) {
        char own[EQ_MAX_NAME + 1];
        eq_token formal = {EQ_TOKEN_WORD, a->name[k], a->length[k], name.at};
        if (a->length[k] == name.length && eq_spice_fold(formal, own) && eq_token_is(name, own))
            return k;
    }
    return -1;
}

/* A parameter of the scopes around the expression. */
static eq_lookup in_frames(eq_spice *s, eq_token name, double *value) {
    for (eq_frame *f = s->frame; f != NULL; f = f->up) {
        int32_t id;
        eq_definition *d = eq_dictionary_find(&f->scope->defines[EQ_DEFINES_PARAM], name, &id);
        if (d == NULL) continue;
        d->used = true;
        eq_lookup found = resolve(s, f, id, name, value);
        if (found != EQ_NOT_FOUND) return found;
    }
    return EQ_NOT_FOUND;
}

/* Another parameter of the instance whose X line is evaluated. */
static eq_lookup beside(eq_spice *s, eq_token name, double *value) {
    int32_t id;
    if (s->inner == NULL) return EQ_NOT_FOUND;
    eq_definition *d = eq_dictionary_find(&s->inner->scope->defines[EQ_DEFINES_PARAM], name, &id);
    bool seen = d != NULL && id != s->self && (d->overridable || s->inner->given[id].p != NULL);
    return seen ? resolve(s, s->inner, id, name, value) : EQ_NOT_FOUND;
}

/* Where a name means a parameter both of the instance and of the deck around it, ngspice takes the
 * instance's (measured), the others the deck's. */
static eq_lookup defined(eq_spice *s, eq_token name, double *value) {
    bool inner_first = s->circuit->dialect == EQ_NGSPICE;
    eq_lookup found = inner_first ? beside(s, name, value) : in_frames(s, name, value);
    if (found != EQ_NOT_FOUND) return found;
    return inner_first ? in_frames(s, name, value) : beside(s, name, value);
}

/* A definition that counts of a parameter of that name. */
static bool is_defined(eq_spice *s, eq_token name) {
    for (eq_frame *f = s->frame; f != NULL; f = f->up)
        if (eq_spice_choose(s, eq_dictionary_find(&f->scope->defines[EQ_DEFINES_PARAM], name, NULL),
                            f) != NULL)
            return true;
    return false;
}

bool eq_spice_is_value_here(eq_spice *s, eq_token t) {
    return eq_spice_is_value(t) || (t.kind == EQ_TOKEN_WORD && is_defined(s, t));
}

bool eq_spice_at_value(eq_spice *s, const eq_cursor *c) {
    return eq_spice_is_value_here(s, eq_token_peek(c)) && !eq_spice_at_key(c);
}

/* What to do about 4k7, which LTspice knows. */
static const char *of_ltspice(eq_token t) {
    double value;
    return eq_spice_number(t.text, t.length, EQ_LTSPICE, &value) == t.length
               ? "; --dialect ltspice reads it"
               : "";
}

bool eq_spice_number_at(eq_spice *s, eq_cursor *c, double *value, const char *what) {
    eq_token t = eq_token_peek(c);
    if (t.kind == EQ_TOKEN_GROUP) {
        eq_cursor inside = eq_cursor_over_token(c, &t);
        eq_token_next(c);
        return eq_spice_value(s, &inside, value) == EQ_OK;
    }
    if (!eq_spice_is_value_here(s, t)) {
        eq_spice_expected(s, t, what);
        return false;
    }
    eq_token_next(c);
    if (!eq_starts_number(t.text, t.length)) return defined(s, t, value) == EQ_FOUND;
    bool whole = eq_spice_number(t.text, t.length, c->dialect, value) == t.length;
    if (whole) note_unit(s, t);
    if (whole && isfinite(*value)) return true;
    eq_spice_fail(
        s, t.at,
        whole ? "'%.*s' is too large; write a number below 1e308"
              : "'%.*s' is not a number; write it like 1.5k, 2meg or 3e-6, an expression in {}%s",
        (int)(t.length < 60 ? t.length : 60), t.text, of_ltspice(t));
    return false;
}

static eq_operand combine(eq_formula *f, const char *sign, eq_operand x, double y) {
    const eq_operand both[EQ_MOST_OPERANDS] = {x, {y, EQ_NONE}};
    return eq_formula_apply(f, eq_operation_find(sign, 2), both);
}

/* temper and temp, the temperature in C; vt (Xyce), the thermal voltage k/q (273.15 + temper). In a
 * number it makes what it stands in depend on the temperature. */
static bool temperature(eq_spice *s, eq_token name, eq_operand *value) {
    const eq_formula_input in = {EQ_INPUT_TEMPERATURE, EQ_NONE, EQ_NONE, EQ_NONE};
    bool vt = eq_token_is(name, "vt") && s->circuit->dialect == EQ_XYCE;
    if (!vt && !eq_token_is(name, "temper") && !eq_token_is(name, "temp")) return false;
    *value = (eq_operand){s->circuit->env.temp, EQ_NONE};
    if (s->formula != NULL)
        *value = eq_formula_input_of(s->formula, in);
    else
        s->all->warm = true;
    if (!vt) return true;
    *value = combine(s->formula, "+", *value, 273.15);
    *value = combine(s->formula, "*", *value, s->circuit->env.k_over_q);
    return true;
}

static eq_lookup parameter(void *data, eq_token name, eq_operand *value) {
    eq_spice *s = data;
    int k = argument(s->arguments, name);
    if (k >= 0) {
        *value = s->arguments->value[k];
        return EQ_FOUND;
    }
    eq_lookup found = defined(s, name, &value->number);
    if (found != EQ_NOT_FOUND) return found;
    if (eq_token_is(name, "pi")) {
        value->number = 3.14159265358979323846;
        return EQ_FOUND;
    }
    if (temperature(s, name, value)) return EQ_FOUND;
    return s->queries != NULL ? s->queries->name(s, name, value) : EQ_NOT_FOUND;
}

/* The formal arguments of .func NAME(a, b) BODY; c stands behind NAME and moves to BODY. */
static bool formal_arguments(eq_cursor *c, eq_arguments *a) {
    if (!eq_skip_blank(c) || *c->p != '(') return false;
    for (c->p++; eq_skip_blank(c) && *c->p != ')' && a->count < EQ_MAX_ARGUMENTS;) {
        eq_token t = eq_token_next(c);
        if (t.kind != EQ_TOKEN_WORD) return false;
        a->name[a->count] = t.text;
        a->length[a->count++] = t.length;
        if (eq_skip_blank(c) && *c->p == ',') c->p++;
    }
    if (!eq_skip_blank(c) || *c->p != ')') return false;
    c->p++;
    if (eq_skip_blank(c) && *c->p == '=') c->p++;
    return true;
}

/* Both sides of ?: are evaluated, so a function that needs itself never ends. */
static bool needs_itself(const eq_arguments *a, const eq_definition *function) {
    while (a != NULL && a->function != function) a = a->outer;
    return a != NULL;
}

/* The .func of that name seen from s->frame; NULL: there is none. */
static const eq_definition *function_of(eq_spice *s, eq_token name) {
    const eq_definition *d = NULL;
    for (eq_frame *f = s->frame; f != NULL && d == NULL; f = f->up)
        d = eq_spice_choose(s, eq_dictionary_find(&f->scope->defines[EQ_DEFINES_FUNC], name, NULL),
                            f);
    return d;
}

/* Reads the argument list of the card; false, with an error, when the function cannot be called
 * with so many arguments, or not any more. c moves to the body. */
static bool may_call(eq_spice *s, eq_token name, int args, eq_arguments *a, eq_cursor *c) {
    if (needs_itself(s->arguments, a->function))
        eq_spice_fail(s, name.at, "%.*s needs its own value to have one; define it without itself",
                      (int)name.length, name.text);
    else if (s->all->calls_left-- <= 0)
        eq_spice_fail(s, name.at,
                      "more than %d calls of functions, and more than %d an expression; let "
                      "functions call each other less often",
                      EQ_MAX_CALLS, EQ_CALLS_EACH);
    else if (!formal_arguments(c, a))
        eq_spice_fail(s, a->function->at,
                      "this .func has no list of at most %d arguments; write .func NAME(X, Y) "
                      "{EXPRESSION}",
                      EQ_MAX_ARGUMENTS);
    else if (a->count != args)
        eq_spice_fail(s, name.at, "%.*s takes %d argument%s, here are %d; see its .func line",
                      (int)name.length, name.text, a->count, a->count == 1 ? "" : "s", args);
    else
        return true;
    return false;
}

static eq_lookup function(void *data, eq_token name, const eq_operand *arg, int args,
                          eq_operand *value) {
    eq_spice *s = data, body = *s;
    const eq_definition *d = function_of(s, name);
    eq_lookup drawn = d != NULL ? EQ_NOT_FOUND : eq_spice_draw(s, name, arg, args, value);
    if (drawn != EQ_NOT_FOUND) return drawn;
    if (d == NULL && s->queries != NULL && args == 1 && eq_token_is(name, "par")) {
        *value = arg[0]; /* par('EXPRESSION') of .print and .measure */
        return EQ_FOUND;
    }
    if (d == NULL) return EQ_NOT_FOUND;
    eq_cursor c = d->value;
    eq_arguments a = {.outer = s->arguments, .function = d, .value = arg};
    if (!may_call(s, name, args, &a, &c)) return EQ_LOOKUP_FAILED;
    body.arguments = &a;
    body.about = name;
    return eq_spice_operand(&body, &c, value) == EQ_OK ? EQ_FOUND : EQ_LOOKUP_FAILED;
}

/* Candidate k for a function that is misspelt: those of the deck, then the built-in ones. */
static const char *function_at(const void *data, size_t k) {
    const eq_spice *s = data;
    const eq_names *own = s->all->scope[0]->defines[EQ_DEFINES_FUNC].name;
    size_t n = eq_names_count(own);
    if (k < n) return eq_names_get(own, (int32_t)k);
    const eq_operation *o = eq_operation_at((int)(k - n));
    return o == NULL ? NULL : o->name;
}

static const char *nearest_function(void *data, eq_token name, char buffer[96]) {
    return eq_spice_nearest(data, name, function_at, data, buffer);
}

/* Of the subcircuit that is being read, then of the deck. */
static const char *parameter_at(const void *data, size_t k) {
    const eq_spice *s = data;
    const eq_scope *scope[] = {s->frame == NULL ? NULL : s->frame->scope, s->all->scope[0]};
    for (size_t j = 0; j < 2; j++) {
        const eq_names *own = scope[j] == NULL ? NULL : scope[j]->defines[EQ_DEFINES_PARAM].name;
        size_t n = eq_names_count(own);
        if (k < n) return eq_names_get(own, (int32_t)k);
        k -= n;
    }
    return NULL;
}

static const char *nearest_parameter(void *data, eq_token name, char buffer[96]) {
    return eq_spice_nearest(data, name, parameter_at, data, buffer);
}

static void fail(void *data, eq_location at, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    eq_spice_fail(data, at, "%s", text);
}

/* The node of that name; a new one may be a slip of the pen. */
static eq_node mentioned_node(eq_spice *s, eq_token name) {
    size_t before = eq_circuit_nodes(s->circuit);
    eq_node node = eq_spice_node(s, name);
    if (node != EQ_NONE && eq_circuit_nodes(s->circuit) > before)
        eq_spice_note_mention(s, node, name);
    return node;
}

/* v(a), v(a,b), i(vx) or temper as an input of the formula. The name of a controlling element is
 * kept in eq_reading.controls, its number there in `plus` (of a path in `minus`), until all
 * elements are known. */
static eq_lookup input(void *data, eq_token what, eq_token first, eq_token second,
                       eq_operand *value) {
    eq_spice *s = data;
    eq_formula_input in = {EQ_INPUT_TEMPERATURE, EQ_NONE, EQ_NONE, EQ_NONE};
    if (s->queries != NULL) return s->queries->input(s, what, first, second, value);
    if (eq_token_is(what, "v")) {
        in.kind = EQ_INPUT_DROP;
        in.plus = mentioned_node(s, first);
        in.minus = second.length == 0 ? EQ_GROUND : mentioned_node(s, second);
        if (in.plus == EQ_NONE || in.minus == EQ_NONE) return EQ_LOOKUP_FAILED;
    } else if (eq_token_is(what, "i")) {
        in.kind = EQ_INPUT_CURRENT;
        in.plus = eq_spice_control(s, first);
        in.minus = eq_spice_control_path(s, first);
        if (in.plus == EQ_NO_NAME) return EQ_LOOKUP_FAILED;
    }
    *value = eq_formula_input_of(s->formula, in);
    return EQ_FOUND;
}

/* At the start of an expression. */
static void allow_calls(eq_reading *r) {
    int more = EQ_MAX_CALLS - r->calls_left;
    r->calls_left += more < EQ_CALLS_EACH ? more : EQ_CALLS_EACH;
}

/* The expression as seen from a view of its own, which counts the depth of what is nested in it. */
static eq_status evaluate(eq_spice *own, eq_cursor *c, eq_operand *value) {
    const eq_names_of names = {.data = own,
                               .depth = &own->depth,
                               .formula = own->formula,
                               .dialect = (eq_dialect)own->circuit->dialect,
                               .parameter = parameter,
                               .function = function,
                               .input = input,
                               .nearest = nearest_function,
                               .nearest_parameter = nearest_parameter,
                               .fail = fail,
                               .number = note_unit,
                               .powers = own->queries != NULL,
                               .test = own->test};
    if (own->depth == 0) allow_calls(own->all);
    if (eq_expression(c, &names, value)) return EQ_OK;
    if (own->formula != NULL && own->formula->failed) return eq_spice_no_memory(own);
    return own->all->status; /* as fail() left it */
}

eq_status eq_spice_operand(eq_spice *s, eq_cursor *c, eq_operand *value) {
    eq_spice own = *s;
    return evaluate(&own, c, value);
}

eq_status eq_spice_value(eq_spice *s, eq_cursor *c, double *value) {
    eq_operand operand;
    eq_spice own = *s;
    own.formula = NULL;
    eq_status status = evaluate(&own, c, &operand);
    if (status == EQ_OK) *value = operand.number;
    return status;
}

eq_status eq_frame_value(eq_spice *s, eq_frame *f, eq_cursor at, double *value) {
    eq_spice there = view_from(s, f->up);
    there.inner = f;
    there.self = EQ_NONE;
    return eq_spice_value(&there, &at, value);
}

eq_status eq_frame_open(eq_spice *s, eq_frame *f, eq_scope *scope) {
    const eq_dictionary *d = &scope->defines[EQ_DEFINES_PARAM];
    size_t n = eq_names_count(d->name);
    f->scope = scope;
    f->param = eq_calloc(n, sizeof *f->param);
    f->given = eq_calloc(n, sizeof *f->given);
    f->state = eq_calloc(n, 1);
    f->port = eq_calloc(eq_names_count(scope->port), sizeof *f->port);
    if (f->param != NULL && f->given != NULL && f->state != NULL && f->port != NULL) return EQ_OK;
    eq_frame_close(f);
    return eq_spice_no_memory(s);
}

void eq_frame_close(eq_frame *f) {
    eq_free(f->param);
    eq_free(f->given);
    eq_free(f->state);
    eq_free(f->port);
    f->param = NULL;
    f->given = NULL;
    f->state = NULL;
    f->port = NULL;
}

void eq_frame_resolve(eq_spice *s) {
    const eq_dictionary *d = &s->frame->scope->defines[EQ_DEFINES_PARAM];
    size_t n = eq_names_count(d->name);
    for (size_t k = 0; k < n && !s->all->stop; k++) {
        double value;
        eq_token use = {EQ_TOKEN_WORD, "", 0, d->item[k].at};
        if (s->frame->state[k] == UNKNOWN) resolve(s, s->frame, (int32_t)k, use, &value);
    }
}

void eq_frame_override(eq_spice *s, eq_frame *root) {
    const eq_dictionary *d = &root->scope->defines[EQ_DEFINES_PARAM];
    for (size_t k = 0; k < s->overrides; k++) {
        const eq_override *o = &s->override[k];
        eq_token name = {EQ_TOKEN_WORD, o->name, strlen(o->name), {EQ_NONE, 0, 0}};
        int32_t id;
        if (o->target == EQ_TARGET_PARAM && eq_dictionary_find(d, name, &id) != NULL) {
            root->param[id] = o->value;
            root->state[id] = KNOWN;
        }
    }
}
