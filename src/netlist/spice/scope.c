/* Scopes and the names that are defined in them. */
#include "netlist/spice/scope.h"

#include <string.h>

#include "base/mem.h"
#include "netlist/spice/error.h"

bool eq_spice_fold(eq_token name, char buffer[EQ_MAX_NAME + 1]) {
    if (name.length > EQ_MAX_NAME) return false;
    memcpy(buffer, name.text, name.length);
    buffer[name.length] = '\0';
    eq_lower(buffer, name.length);
    return true;
}

eq_definition *eq_dictionary_find(const eq_dictionary *d, eq_token name, int32_t *id) {
    char buffer[EQ_MAX_NAME + 1];
    if (d->name == NULL || !eq_spice_fold(name, buffer)) return NULL;
    int32_t k = eq_names_find(d->name, buffer, name.length);
    if (id != NULL) *id = k;
    return k == EQ_NO_NAME ? NULL : &d->item[k];
}

static const char *const kind_name[EQ_DEFINES] = {"parameter", "function", "model", "subcircuit"};

static eq_definition fresh(const eq_spice *s, eq_location at) {
    return (eq_definition){.at = at,
                           .model = EQ_NONE,
                           .scope = EQ_NONE,
                           .condition = s->all->current,
                           .next = EQ_NONE};
}

/* The same name under another condition, behind those that are there. */
static eq_definition *add_variant(eq_spice *s, eq_definition *d, eq_location at) {
    if (!eq_grow((void **)&s->all->variant, &s->all->variant_cap, s->all->variants + 1,
                 sizeof *s->all->variant)) {
        eq_spice_no_memory(s);
        return NULL;
    }
    while (d->next != EQ_NONE) d = &s->all->variant[d->next];
    d->next = (int32_t)s->all->variants++;
    s->all->variant[d->next] = fresh(s, at);
    return &s->all->variant[d->next];
}

/* Of two values of a parameter the last one counts, and a .param beats the default on the .subckt
 * line (ngspice manual, 2.8.3; measured). */
static eq_definition *redefine(eq_spice *s, eq_definition *d, eq_token name) {
    eq_place first = eq_circuit_place(s->circuit, d->at);
    if (!d->overridable)
        eq_spice_note(s, "second parameter", name.at,
                      "parameter %.*s (and others) is given twice (first at %s:%d); the last one "
                      "counts",
                      (int)name.length, name.text, first.file, first.line);
    d->at = name.at;
    return d;
}

eq_definition *eq_define(eq_spice *s, eq_scope *scope, int kind, eq_token name) {
    eq_dictionary *d = &scope->defines[kind];
    char buffer[EQ_MAX_NAME + 1];
    if (!eq_spice_name_fits(s, name, name.length) || !eq_spice_fold(name, buffer)) return NULL;
    if (d->name == NULL) d->name = eq_names_new();
    size_t before = eq_names_count(d->name);
    if (d->name == NULL || !eq_grow((void **)&d->item, &d->cap, before + 1, sizeof *d->item)) {
        eq_spice_no_memory(s);
        return NULL;
    }
    int32_t id = eq_names_add(d->name, buffer, name.length);
    if (id == EQ_NO_NAME) {
        eq_spice_no_memory(s);
        return NULL;
    }
    if ((size_t)id < before && (s->all->current != EQ_NONE || d->item[id].condition != EQ_NONE))
        return add_variant(s, &d->item[id], name.at);
    if ((size_t)id < before && kind == EQ_DEFINES_PARAM) return redefine(s, &d->item[id], name);
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
    eq_free(scope->card);
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
                 eq_grow((void **)&s->all->scope, &s->all->scope_cap, s->all->scopes + 1,
                         sizeof *s->all->scope);
    if (!whole) {
        eq_scope_free(scope);
        return NULL;
    }
    eq_lower(scope->name, name.length);
    s->all->scope[s->all->scopes++] = scope;
    return scope;
}

eq_definition *eq_scope_find(const eq_spice *s, const eq_scope *from, int kind, eq_token name,
                             eq_scope **where) {
    while (from != NULL) {
        eq_definition *d = eq_dictionary_find(&from->defines[kind], name, NULL);
        if (where != NULL) *where = (eq_scope *)from;
        if (d != NULL) return d;
        from = from->parent == EQ_NONE ? NULL : s->all->scope[from->parent];
    }
    return NULL;
}

void eq_spice_declare(eq_spice *s, eq_token name, eq_cursor value) {
    if (!eq_grow((void **)&s->all->declared, &s->all->declared_cap, s->all->declareds + 1,
                 sizeof *s->all->declared))
        eq_spice_no_memory(s);
    else
        s->all->declared[s->all->declareds++] = (eq_declared){name, value};
}

void eq_spice_define_steps(eq_spice *s) {
    eq_scope *deck = s->all->scope[0];
    for (size_t k = 0; k < s->all->declareds && !s->all->stop; k++) {
        const eq_declared *p = &s->all->declared[k];
        if (eq_dictionary_find(&deck->defines[EQ_DEFINES_PARAM], p->name, NULL) != NULL) continue;
        eq_definition *d = eq_define(s, deck, EQ_DEFINES_PARAM, p->name);
        if (d == NULL) return;
        d->value = p->value;
        d->stepped = true;
    }
}
