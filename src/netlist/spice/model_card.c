/* Which .model card a name means. */
#include <string.h>
#include <strings.h>

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

eq_definition *eq_spice_model_card(eq_spice *s, eq_token name, char letter, eq_frame **frame) {
    eq_scope *where;
    eq_definition *d = eq_scope_find(s, s->frame->scope, EQ_DEFINES_MODEL, name, &where);
    eq_frame *f = s->frame;
    while (d != NULL && f->scope != where && f->up != NULL) f = f->up;
    *frame = f;
    d = eq_spice_choose(s, d, f);
    if (d == NULL) fail_model(s, name, letter);
    return d;
}
