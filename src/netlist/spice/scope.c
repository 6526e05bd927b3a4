/* Scopes of names, and parameters resolved on demand: a parameter may be used before it is defined.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/spice/spice.h"

/* The name folded to lower case; NULL when it is too long. */
static const char *folded(eq_token name, char buffer[EQ_MAX_NAME + 1]) {
    if (name.length > EQ_MAX_NAME) return NULL;
    memcpy(buffer, name.text, name.length);
    buffer[name.length] = '\0';
    eq_lower(buffer, name.length);
    return buffer;
}

eq_definition *eq_dictionary_find(const eq_dictionary *d, eq_token name, int32_t *id) {
    char buffer[EQ_MAX_NAME + 1];
    if (d->name == NULL || folded(name, buffer) == NULL) return NULL;
    int32_t k = eq_names_find(d->name, buffer, name.length);
    if (id != NULL) *id = k;
    return k == EQ_NO_NAME ? NULL : &d->item[k];
}

static const char *const kind_name[EQ_DEFINES] = {"parameter", "function", "model", "subcircuit"};

static eq_definition fresh(const eq_spice *s, eq_location at) {
    return (eq_definition){
        .at = at, .model = EQ_NONE, .scope = EQ_NONE, .condition = s->current, .next = EQ_NONE};
}

/* The same name under another condition, behind those that are there. */
static eq_definition *add_variant(eq_spice *s, eq_definition *d, eq_location at) {
    if (!eq_grow((void **)&s->variant, &s->variant_cap, s->variants + 1, sizeof *s->variant)) {
        eq_spice_no_memory(s);
        return NULL;
    }
    while (d->next != EQ_NONE) d = &s->variant[d->next];
    d->next = (int32_t)s->variants++;
    s->variant[d->next] = fresh(s, at);
    return &s->variant[d->next];
}

eq_definition *eq_define(eq_spice *s, eq_scope *scope, int kind, eq_token name) {
    eq_dictionary *d = &scope->defines[kind];
    char buffer[EQ_MAX_NAME + 1];
    if (!eq_spice_name_fits(s, name, name.length)) return NULL;
    folded(name, buffer);
    if (d->name == NULL) d->name = eq_names_new();
    size_t before = d->name == NULL ? 0 : eq_names_count(d->name);
    if (d->name == NULL || !eq_grow((void **)&d->item, &d->cap, before + 1, sizeof *d->item)) {
        eq_spice_no_memory(s);
        return NULL;
    }
    int32_t id = eq_names_add(d->name, buffer, name.length);
    if (id == EQ_NO_NAME) {
        eq_spice_no_memory(s);
        return NULL;
    }
    if ((size_t)id < before && (s->current != EQ_NONE || d->item[id].condition != EQ_NONE))
        return add_variant(s, &d->item[id], name.at);
    if ((size_t)id < before) {
        eq_place first = eq_circuit_place(s->circuit, d->item[id].at);
        eq_spice_fail(s, name.at,
                      "a second %s %s (the first is at %s:%d); give it another name or remove one",
                      kind_name[kind], buffer, first.file, first.line);
        return NULL;
    }
    d->item[id] = fresh(s, name.at);
    return &d->item[id];
}

void eq_scope_free(eq_scope *scope) {
    if (scope == NULL) return;
    for (int k = 0; k < EQ_DEFINES; k++) {
        eq_names_free(scope->defines[k].name);
        eq_free(scope->defines[k].item);
    }
    eq_names_free(scope->port);
    eq_free(scope->name);
    eq_free(scope->run);
    eq_free(scope);
}

eq_scope *eq_scope_new(eq_spice *s, eq_token name, int32_t parent) {
    eq_scope *scope = eq_calloc(1, sizeof *scope);
    if (scope == NULL) return NULL;
    scope->name = eq_strndup(name.text, name.length);
    scope->port = eq_names_new();
    scope->parent = parent;
    scope->at = name.at;
    bool whole = scope->name != NULL && scope->port != NULL &&
                 eq_grow((void **)&s->scope, &s->scope_cap, s->scopes + 1, sizeof *s->scope);
    if (!whole) {
        eq_scope_free(scope);
        return NULL;
    }
    eq_lower(scope->name, name.length);
    s->scope[s->scopes++] = scope;
    return scope;
}

eq_definition *eq_scope_find(const eq_spice *s, const eq_scope *from, int kind, eq_token name,
                             eq_scope **where) {
    while (from != NULL) {
        eq_definition *d = eq_dictionary_find(&from->defines[kind], name, NULL);
        if (where != NULL) *where = (eq_scope *)from;
        if (d != NULL) return d;
        from = from->parent == EQ_NONE ? NULL : s->scope[from->parent];
    }
    return NULL;
}

static bool is_key(eq_token t) {
    if (t.kind != EQ_TOKEN_WORD || eq_starts_number(t.text, t.length)) return false;
    return memchr(t.text, '<', t.length) == NULL && memchr(t.text, '>', t.length) == NULL &&
           memchr(t.text, '!', t.length) == NULL && memchr(t.text, '*', t.length) == NULL;
}

bool eq_spice_at_key(const eq_cursor *c) {
    eq_cursor ahead = *c;
    if (!is_key(eq_token_next(&ahead)) || eq_token_next(&ahead).kind != EQ_TOKEN_EQUAL)
        return false;
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

enum { UNKNOWN, RESOLVING, KNOWN, FAILED };

/* Evaluates a parameter in its frame; a parameter that needs itself is an error that names it. */
static eq_lookup resolve(eq_spice *s, eq_frame *f, int32_t id, eq_token use, double *value) {
    eq_dictionary *d = &f->scope->defines[EQ_DEFINES_PARAM];
    eq_definition *own = f->state[id] == UNKNOWN ? eq_spice_choose(s, &d->item[id], f) : NULL;
    if (f->state[id] == UNKNOWN && own == NULL) return EQ_NOT_FOUND;
    if (f->state[id] == RESOLVING) {
        eq_text cycle = {0};
        const char *arrow = "";
        for (size_t k = 0; k < eq_names_count(d->name); k++) {
            if (f->state[k] != RESOLVING) continue;
            eq_text_printf(&cycle, "%s%s", arrow, eq_names_get(d->name, (int32_t)k));
            arrow = ", ";
        }
        eq_spice_fail(s, use.at,
                      "parameter %s is defined by itself (the definitions of %s wait for each "
                      "other); give one of them a number",
                      eq_names_get(d->name, id), cycle.text == NULL ? "" : cycle.text);
        eq_text_free(&cycle);
        f->state[id] = FAILED;
    }
    if (f->state[id] == UNKNOWN) {
        eq_frame *caller = s->frame;
        const eq_arguments *arguments = s->arguments;
        eq_formula *formula = s->formula;
        eq_cursor at = own->value;
        f->state[id] = RESOLVING;
        s->frame = f;
        s->arguments = NULL;
        s->formula = NULL;
        bool test = s->test;
        s->test = false;
        bool first = own->stepped; /* of several numbers */
        bool done = first ? eq_spice_number_at(s, &at, &f->param[id], "a value")
                          : eq_spice_value(s, &at, &f->param[id]) == EQ_OK;
        eq_token rest = eq_token_peek(&at);
        if (done && !first && rest.kind != EQ_TOKEN_END && !eq_spice_at_key(&at) &&
            !eq_token_is(rest, "params:")) {
            eq_spice_expected(s, rest, "an operator or NAME=VALUE");
            done = false;
        }
        s->frame = caller;
        s->test = test;
        s->arguments = arguments;
        s->formula = formula;
        f->state[id] = done ? KNOWN : FAILED;
    }
    *value = f->param[id];
    return f->state[id] == KNOWN ? EQ_FOUND : EQ_LOOKUP_FAILED;
}

static const eq_arguments *argument(const eq_arguments *a, eq_token name, int *k) {
    for (*k = 0; a != NULL && *k < a->count; ++*k)
        if (a->length[*k] == name.length) {
            eq_token t = name;
            char buffer[EQ_MAX_NAME + 1];
            t.text = a->name[*k];
            if (name.length <= EQ_MAX_NAME && eq_token_is(name, folded(t, buffer))) return a;
        }
    return NULL;
}

static eq_lookup parameter(void *data, eq_token name, eq_operand *value) {
    eq_spice *s = data;
    int k;
    if (argument(s->arguments, name, &k) != NULL) {
        *value = s->arguments->value[k];
        return EQ_FOUND;
    }
    for (eq_frame *f = s->frame; f != NULL; f = f->up) {
        int32_t id;
        eq_definition *d = eq_dictionary_find(&f->scope->defines[EQ_DEFINES_PARAM], name, &id);
        if (d == NULL) continue;
        d->used = true;
        eq_lookup found = resolve(s, f, id, name, &value->number);
        if (found != EQ_NOT_FOUND) return found;
    }
    if (eq_token_is(name, "pi")) {
        value->number = 3.14159265358979323846;
        return EQ_FOUND;
    }
    return s->card != NULL ? eq_spice_asked(s, name, value) : EQ_NOT_FOUND;
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

static eq_lookup function(void *data, eq_token name, const eq_operand *arg, int args,
                          eq_operand *value) {
    eq_spice *s = data;
    const eq_definition *d = NULL;
    for (eq_frame *f = s->frame; f != NULL && d == NULL; f = f->up)
        d = eq_spice_choose(s, eq_dictionary_find(&f->scope->defines[EQ_DEFINES_FUNC], name, NULL),
                            f);
    if (d == NULL && s->card != NULL && args == 1 && eq_token_is(name, "par")) {
        *value = arg[0]; /* par('EXPRESSION') of .print and .measure */
        return EQ_FOUND;
    }
    if (d == NULL) return EQ_NOT_FOUND;
    eq_cursor c = d->value;
    eq_arguments a = {.outer = s->arguments, .function = d, .value = arg};
    if (needs_itself(s->arguments, d)) {
        eq_spice_fail(s, name.at, "%.*s needs its own value to have one; define it without itself",
                      (int)name.length, name.text);
        return EQ_LOOKUP_FAILED;
    }
    if (s->calls_left-- <= 0) {
        eq_spice_fail(s, name.at,
                      "more than %d calls of functions, and more than %d an expression; let "
                      "functions call each other less often",
                      EQ_MAX_CALLS, EQ_CALLS_EACH);
        return EQ_LOOKUP_FAILED;
    }
    if (!formal_arguments(&c, &a)) {
        eq_spice_fail(s, d->at,
                      "this .func has no list of at most %d arguments; write .func NAME(X, Y) "
                      "{EXPRESSION}",
                      EQ_MAX_ARGUMENTS);
        return EQ_LOOKUP_FAILED;
    }
    if (a.count != args) {
        eq_spice_fail(s, name.at, "%.*s takes %d argument%s, here are %d; see its .func line",
                      (int)name.length, name.text, a.count, a.count == 1 ? "" : "s", args);
        return EQ_LOOKUP_FAILED;
    }
    s->arguments = &a;
    eq_status status = eq_spice_operand(s, &c, value);
    s->arguments = a.outer;
    return status == EQ_OK ? EQ_FOUND : EQ_LOOKUP_FAILED;
}

static void fail(void *data, eq_location at, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    eq_spice_fail(data, at, "%s", text);
}

/* v(a), v(a,b), i(vx) or temper as an input of the formula. The name of a controlling element is
 * kept in s->controls, its number there in `plus`, until all elements are known. */
static eq_lookup input(void *data, eq_token what, eq_token first, eq_token second,
                       eq_operand *value) {
    eq_spice *s = data;
    eq_formula_input in = {EQ_INPUT_TEMPERATURE, EQ_NONE, EQ_NONE, EQ_NONE};
    if (s->card != NULL) return eq_spice_probe_input(s, what, first, second, value);
    if (eq_token_is(what, "v")) {
        in.kind = EQ_INPUT_DROP;
        in.plus = eq_spice_node(s, first);
        in.minus = second.length == 0 ? EQ_GROUND : eq_spice_node(s, second);
        if (in.plus == EQ_NONE || in.minus == EQ_NONE) return EQ_LOOKUP_FAILED;
    } else if (eq_token_is(what, "i")) {
        in.kind = EQ_INPUT_CURRENT;
        in.plus = eq_spice_control(s, first);
        if (in.plus == EQ_NO_NAME) return EQ_LOOKUP_FAILED;
    }
    *value = eq_formula_input_of(s->formula, in);
    return EQ_FOUND;
}

int32_t eq_spice_control(eq_spice *s, eq_token name) {
    eq_spice_full_name(s, name);
    if (s->stop || !eq_spice_name_fits(s, name, s->name.length)) return EQ_NO_NAME;
    int32_t id = eq_names_add(s->controls, s->name.text, s->name.length);
    if (id == EQ_NO_NAME) eq_spice_no_memory(s);
    return id;
}

/* At the start of an expression. */
static void allow_calls(eq_spice *s) {
    int more = EQ_MAX_CALLS - s->calls_left;
    s->calls_left += more < EQ_CALLS_EACH ? more : EQ_CALLS_EACH;
}

eq_status eq_spice_operand(eq_spice *s, eq_cursor *c, eq_operand *value) {
    if (s->depth == 0) allow_calls(s);
    eq_names_of names = {s,
                         &s->depth,
                         s->formula,
                         (eq_dialect)s->circuit->dialect,
                         parameter,
                         function,
                         input,
                         fail,
                         s->card != NULL,
                         s->test};
    if (eq_expression(c, &names, value)) return EQ_OK;
    if (s->formula != NULL && s->formula->failed) return eq_spice_no_memory(s);
    return s->status == EQ_OK ? EQ_ERR_INPUT : s->status;
}

eq_status eq_spice_value(eq_spice *s, eq_cursor *c, double *value) {
    eq_operand operand;
    eq_formula *formula = s->formula;
    s->formula = NULL;
    eq_status status = eq_spice_operand(s, c, &operand);
    s->formula = formula;
    if (status == EQ_OK) *value = operand.number;
    return status;
}

eq_status eq_spice_test(eq_spice *s, eq_cursor *c, double *value) {
    bool outer = s->test;
    s->test = true;
    eq_status status = eq_spice_value(s, c, value);
    s->test = outer;
    return status;
}

void eq_frame_resolve(eq_spice *s) {
    const eq_dictionary *d = &s->frame->scope->defines[EQ_DEFINES_PARAM];
    size_t n = d->name == NULL ? 0 : eq_names_count(d->name);
    for (size_t k = 0; k < n && !s->stop; k++) {
        double value;
        eq_token use = {EQ_TOKEN_WORD, "", 0, d->item[k].at};
        if (s->frame->state[k] == UNKNOWN) resolve(s, s->frame, (int32_t)k, use, &value);
    }
}

eq_status eq_frame_open(eq_spice *s, eq_frame *f, eq_scope *scope) {
    const eq_dictionary *d = &scope->defines[EQ_DEFINES_PARAM];
    size_t n = d->name == NULL ? 0 : eq_names_count(d->name);
    f->scope = scope;
    f->param = eq_calloc(n, sizeof *f->param);
    f->state = eq_calloc(n, 1);
    f->port = eq_calloc(eq_names_count(scope->port), sizeof *f->port);
    if (f->param != NULL && f->state != NULL && f->port != NULL) return EQ_OK;
    eq_frame_close(f);
    return eq_spice_no_memory(s);
}

void eq_frame_close(eq_frame *f) {
    eq_free(f->param);
    eq_free(f->state);
    eq_free(f->port);
    f->param = NULL;
    f->state = NULL;
    f->port = NULL;
}

void eq_spice_declare(eq_spice *s, eq_token name, eq_cursor value) {
    if (!eq_grow((void **)&s->declared, &s->declared_cap, s->declareds + 1, sizeof *s->declared))
        eq_spice_no_memory(s);
    else
        s->declared[s->declareds++] = (eq_declared){name, value};
}

void eq_spice_define_steps(eq_spice *s) {
    eq_scope *deck = s->scope[0];
    for (size_t k = 0; k < s->declareds && !s->stop; k++) {
        const eq_declared *p = &s->declared[k];
        if (eq_dictionary_find(&deck->defines[EQ_DEFINES_PARAM], p->name, NULL) != NULL) continue;
        eq_definition *d = eq_define(s, deck, EQ_DEFINES_PARAM, p->name);
        if (d == NULL) return;
        d->value = p->value;
        d->stepped = true;
    }
}

void eq_frame_override(eq_spice *s, eq_frame *root) {
    const eq_dictionary *d = &root->scope->defines[EQ_DEFINES_PARAM];
    for (size_t k = 0; k < s->overrides; k++) {
        const eq_override *o = &s->override[k];
        eq_token name = {EQ_TOKEN_WORD, o->name, strlen(o->name), {EQ_NONE, 0, 0}};
        int32_t id;
        if (o->target != EQ_TARGET_PARAM || eq_dictionary_find(d, name, &id) == NULL) continue;
        root->param[id] = o->value;
        root->state[id] = KNOWN;
    }
}
