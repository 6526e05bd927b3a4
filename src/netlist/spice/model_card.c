/* Which .model card a name means. */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/model.h"
#include "netlist/spice/model_words.h"
#include "netlist/spice/scope.h"

bool eq_spice_names_model(const eq_spice *s, eq_token name) {
    eq_scope *where;
    return name.kind == EQ_TOKEN_WORD &&
           eq_scope_find(s, s->frame->scope, EQ_DEFINES_MODEL, name, &where) != NULL;
}

/* The first of the bins NAME.1, NAME.2, .. of a model; NULL: none. */
static const char *bin_of(const eq_names *names, eq_token t) {
    for (size_t k = 0; names != NULL && k < eq_names_count(names); k++) {
        const char *name = eq_names_get(names, (int32_t)k);
        bool longer = strlen(name) > t.length + 1 && name[t.length] == '.';
        if (longer && strncasecmp(name, t.text, t.length) == 0 &&
            strspn(name + t.length + 1, "0123456789") == strlen(name + t.length + 1))
            return name;
    }
    return NULL;
}

/* There is no such model. */
static void fail_model(eq_spice *s, eq_token name, char letter) {
    char near[96];
    const eq_names *names = s->all->scope[0]->defines[EQ_DEFINES_MODEL].name;
    const char *bin = bin_of(names, name);
    int length = (int)name.length;
    bool may_be_param = letter == 'r' && !eq_starts_number(name.text, name.length);
    if (bin != NULL)
        eq_spice_fail(s, name.at,
                      "there is no model %.*s, but bins of one: no bin is chosen by l and w here; "
                      "name the one that is meant, such as %s",
                      length, name.text, bin);
    else
        eq_spice_fail(s, name.at, "there is no model %.*s%s; define it: .model %.*s %s%s%.*s%s",
                      length, name.text, eq_spice_nearest_name(s, name, names, near), length,
                      name.text, eq_model_letter_of(letter)->example,
                      may_be_param ? ", or a parameter: .param " : "", may_be_param ? length : 0,
                      name.text, may_be_param ? "=VALUE" : "");
}

/* Behind AKO:NAME, or AKO: NAME; false: the card is its own. */
static bool another_kind_of(eq_cursor *c, eq_token *base) {
    static const char word[] = "ako:";
    enum { LENGTH = sizeof word - 1 };
    *base = eq_token_next(c);
    if (base->kind != EQ_TOKEN_WORD || base->length < LENGTH ||
        strncasecmp(base->text, word, LENGTH) != 0)
        return false;
    base->text += LENGTH;
    base->length -= LENGTH;
    base->at.column += LENGTH;
    if (base->length == 0) *base = eq_token_next(c);
    return true;
}

/* The rest of a card, its continuations included, without its last newline. */
static size_t rest_of(eq_cursor c) {
    const char *start = c.p;
    eq_line_end(&c);
    size_t n = (size_t)(c.p - start);
    return n > 0 && start[n - 1] == '\n' ? n - 1 : n;
}

/* The card of the base, then, as its continuation and in its own place, what stands at `own`. */
static bool join(eq_spice *s, eq_definition *d, eq_cursor base, eq_cursor own) {
    eq_text text = {0};
    size_t n = rest_of(base), lines = 1;
    for (size_t k = 0; k < n; k++) lines += base.p[k] == '\n';
    eq_text_add(&text, base.p, n);
    eq_text_printf(&text, "\n+%*s", (int)(own.p - own.line_start) - 1, "");
    eq_text_add(&text, own.p, rest_of(own));
    eq_text_puts(&text, "\n");
    eq_reading *r = s->all;
    if (text.failed ||
        !eq_grow((void **)&r->joined, &r->joined_cap, r->joineds + 1, sizeof *r->joined)) {
        eq_text_free(&text);
        eq_spice_no_memory(s);
        return false;
    }
    r->joined[r->joineds++] = text.text;
    d->value = eq_cursor_new(own.file, text.text, text.length);
    d->value.line = own.line - (int32_t)lines;
    d->value.dialect = own.dialect;
    return true;
}

static bool join_from(eq_spice *s, eq_definition *d, const eq_frame *f, eq_token name, int depth) {
    enum { DEEPEST = 50 };
    eq_cursor own = d->value, of;
    eq_scope *where;
    eq_token base, type, same;
    if (!another_kind_of(&own, &base)) return true;
    eq_spice there = *s;
    eq_frame seen = *f;
    there.frame = &seen;
    eq_definition *b =
        base.kind != EQ_TOKEN_WORD
            ? NULL
            : eq_spice_choose(&there, eq_scope_find(s, f->scope, EQ_DEFINES_MODEL, base, &where),
                              &seen);
    if (b == NULL || b == d || depth == DEEPEST) {
        eq_spice_fail(s, base.at,
                      b == NULL ? "there is no model %.*s, from which %.*s goes on; define it, or "
                                  "write out what it says"
                                : "model %.*s goes on from itself by %.*s; write one of them out",
                      (int)base.length, base.text, (int)name.length, name.text);
        return false;
    }
    if (!join_from(s, b, f, base, depth + 1)) return false;
    of = b->value;
    same = eq_token_next(&of);
    type = eq_token_next(&own);
    if (type.length == same.length && strncasecmp(type.text, same.text, type.length) == 0)
        return join(s, d, b->value, own);
    eq_spice_fail(s, type.at, "%.*s goes on from %.*s, which is of type %.*s; write that type here",
                  (int)name.length, name.text, (int)base.length, base.text, (int)same.length,
                  same.text);
    return false;
}

bool eq_spice_model_join(eq_spice *s, eq_definition *d, const eq_frame *f, eq_token name) {
    return join_from(s, d, f, name, 0);
}

eq_definition *eq_spice_model_card(eq_spice *s, eq_token name, char letter, eq_frame **frame) {
    eq_scope *where;
    eq_definition *d = eq_scope_find(s, s->frame->scope, EQ_DEFINES_MODEL, name, &where);
    eq_frame *f = s->frame;
    while (d != NULL && f->scope != where && f->up != NULL) f = f->up;
    *frame = f;
    d = eq_spice_choose(s, d, f);
    if (d == NULL) fail_model(s, name, letter);
    return d != NULL && eq_spice_model_join(s, d, f, name) ? d : NULL;
}
