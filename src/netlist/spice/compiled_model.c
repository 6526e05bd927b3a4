#include "netlist/spice/compiled.h"

#include <math.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"

void eq_spice_osdi(eq_spice *s, eq_cursor *c, eq_location at) {
    eq_token t = eq_token_raw(c);
    bool quoted = t.kind == EQ_TOKEN_GROUP && *t.text == '\'';
    if (quoted) t = (eq_token){t.kind, t.text + 1, t.length - 2, t.at};
    if (t.length == 0 || (t.kind != EQ_TOKEN_WORD && t.kind != EQ_TOKEN_STRING && !quoted)) {
        eq_spice_fail(s, at, "osdi names no file; write osdi FILE");
        return;
    }
    char *bare = eq_strndup(t.text, t.length), *folder = eq_path_folder(s->circuit->file[at.file]);
    char *beside = bare == NULL || folder == NULL ? NULL : eq_path_join(folder, bare);
    if (beside == NULL)
        eq_spice_no_memory(s);
    else if (!eq_osdi_is_allowed(beside) && !eq_osdi_is_allowed(bare)) {
        eq_spice_fail(s, t.at,
                      "the deck asks for the library %.*s, which runs code of its own, and a deck "
                      "alone cannot have it loaded; if you trust it, allow it: --osdi %.*s, or "
                      "EQSPICE_OSDI=%.*s",
                      (int)t.length, t.text, (int)t.length, t.text, (int)t.length, t.text);
        s->all->stop = true; /* what is of its models would only be more errors */
    }
    eq_free(beside);
    eq_free(folder);
    eq_free(bare);
}

static const char *param_name(const void *data, size_t k) {
    return eq_osdi_param_name(data, k);
}

/* A text stands in quotes, or is a word. */
static bool read_value(eq_spice *s, eq_cursor *c, eq_osdi_model *m, int param) {
    double value = NAN;
    eq_token text = {.text = NULL};
    if (eq_osdi_is_text(eq_osdi_model_module(m), param)) {
        text = eq_token_next(c);
        if (text.kind != EQ_TOKEN_STRING && text.kind != EQ_TOKEN_WORD) {
            eq_spice_expected(s, text, "a text in quotes");
            return false;
        }
    } else if (eq_spice_value(s, c, &value) != EQ_OK) {
        return false;
    }
    if (eq_osdi_model_set(m, param, value, text.text, text.length)) return true;
    eq_spice_no_memory(s);
    return false;
}

static bool read_key(eq_spice *s, eq_cursor *c, eq_osdi_model *m, int cls) {
    const eq_osdi_module *module = eq_osdi_module_of(cls);
    eq_token key = eq_token_next(c);
    char near[96];
    if (key.kind != EQ_TOKEN_WORD || eq_token_peek(c).kind != EQ_TOKEN_EQUAL) {
        eq_spice_expected(s, key.kind == EQ_TOKEN_WORD ? eq_token_peek(c) : key,
                          key.kind == EQ_TOKEN_WORD ? "= behind the parameter" : "NAME=VALUE");
        return false;
    }
    eq_token_next(c);
    int param = eq_osdi_find_param(module, key.text, key.length);
    if (param >= 0) return read_value(s, c, m, param);
    eq_spice_fail(s, key.at, "module %s has no parameter %.*s%s; remove it or correct the name",
                  module->d.name, (int)key.length, key.text,
                  eq_spice_nearest(s, key, param_name, module, near));
    return false;
}

eq_osdi_model *eq_spice_compiled_model(eq_spice *s, eq_cursor *c, int cls) {
    eq_osdi_model *m = eq_osdi_model_new(eq_osdi_module_of(cls));
    bool good = m != NULL;
    if (!good) eq_spice_no_memory(s);
    while (good && eq_token_peek(c).kind != EQ_TOKEN_END) good = read_key(s, c, m, cls);
    if (good) return m;
    eq_osdi_model_free(m);
    return NULL;
}
