/* N elements: of compiled modules, whose class says how many nodes stand on the line at most. */
#include "netlist/spice/compiled.h"

#include <math.h>

#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/model.h"
#include "netlist/spice/name.h"
#include "netlist/spice/put.h"

/* The words in front of the first NAME=VALUE: the nodes, and last the model. */
static int read_words(const eq_line *l, eq_token word[EQ_MAX_TERMINALS + 1]) {
    int n = 0;
    for (;;) {
        eq_cursor ahead = *l->c;
        eq_token t = eq_token_next(&ahead);
        bool key = eq_token_peek(&ahead).kind == EQ_TOKEN_EQUAL;
        if (t.kind != EQ_TOKEN_WORD || key || n > EQ_MAX_TERMINALS) return n;
        word[n++] = t;
        *l->c = ahead;
    }
}

/* The nodes; the terminals that are left are not connected. */
static bool take_nodes(eq_line *l, const eq_token *word, int nodes) {
    const eq_osdi_module *m = eq_osdi_module_of(l->card.cls);
    if (nodes < 1 || nodes > (int)m->d.terminals) {
        eq_text names = {0};
        for (uint32_t k = 0; k < m->d.terminals; k++)
            eq_text_printf(&names, "%s %s", k == 0 ? "" : ",", m->d.node[k].name);
        eq_spice_fail(
            l->s, l->name.at,
            "%.*s has %d node%s in front of its model, and module %s has the terminals%s; "
            "write as many, or fewer where the last may be left open",
            (int)l->name.length, l->name.text, nodes, eq_plural((size_t)nodes), m->d.name,
            names.failed ? "" : names.text);
        eq_text_free(&names);
        return false;
    }
    for (int k = 0; k < (int)m->d.terminals; k++) {
        l->card.term[k] = k < nodes ? eq_spice_node(l->s, word[k]) : EQ_GROUND;
        if (l->card.term[k] == EQ_NONE) return false;
    }
    return true;
}

/* The column of an instance's parameter, -1: the module has none of the name there. */
static int column_of(const eq_osdi_module *m, eq_token name) {
    int id = eq_osdi_find_param(m, name.text, name.length);
    for (int k = m->cls.hidden; k < m->cls.params; k++)
        if ((id >= 0 && m->id[k] == id) || (id < 0 && eq_token_is(name, m->cls.param[k].name)))
            return k;
    return -1;
}

static bool read_key(eq_line *l) {
    const eq_osdi_module *m = eq_osdi_module_of(l->card.cls);
    eq_token name = eq_token_next(l->c);
    if (name.kind != EQ_TOKEN_WORD || eq_token_peek(l->c).kind != EQ_TOKEN_EQUAL) {
        eq_spice_expected(l->s, name, "NAME=VALUE");
        return false;
    }
    int k = column_of(m, name);
    if (k < 0 && eq_osdi_find_param(m, name.text, name.length) >= 0) {
        eq_spice_fail(l->s, name.at, "%.*s of %.*s stands on its .model card; write it there",
                      (int)name.length, name.text, (int)l->name.length, l->name.text);
        return false;
    }
    if (k < 0) return eq_line_unknown_key(l, name);
    eq_token_next(l->c);
    return eq_spice_value(l->s, l->c, &l->card.w[k]) == EQ_OK;
}

/* m of the subcircuits around it, which the module's own multiplier takes. */
static bool multiply(eq_line *l) {
    const eq_osdi_module *m = eq_osdi_module_of(l->card.cls);
    int k = column_of(m, (eq_token){EQ_TOKEN_WORD, "$mfactor", 8, l->name.at});
    double times = l->s->frame->m;
    if (times == 1.0) return true;
    if (k >= 0) {
        l->card.w[k] = times * (isnan(l->card.w[k]) ? 1.0 : l->card.w[k]);
        return true;
    }
    eq_spice_fail(l->s, l->name.at,
                  "m = %g of %.*s: module %s has no $mfactor; write it several times", times,
                  (int)l->name.length, l->name.text, m->d.name);
    return false;
}

static void add(eq_line *l, int nodes) {
    eq_osdi_model *model = l->s->circuit->model[l->card.model].compiled;
    eq_osdi_instance *i = eq_osdi_new(model, nodes);
    if (i == NULL) {
        eq_spice_no_memory(l->s);
        return;
    }
    l->card.w[0] = eq_osdi_place(i);
    l->added = eq_spice_put(l->s, &l->card, l->name) != EQ_NONE;
    if (!l->added) eq_osdi_free(i);
}

void eq_spice_compiled(eq_line *l) {
    eq_token word[EQ_MAX_TERMINALS + 1];
    int n = read_words(l, word);
    if (n < 1) {
        eq_spice_expected(l->s, eq_token_peek(l->c), "nodes and the model");
        return;
    }
    int32_t model = eq_spice_model(l->s, word[n - 1], 'n');
    if (model == EQ_NONE) return;
    l->card = eq_card_new(l->s->circuit->model[model].cls);
    l->card.model = model;
    if (!take_nodes(l, word, n - 1)) return;
    while (eq_token_peek(l->c).kind != EQ_TOKEN_END)
        if (!read_key(l)) return;
    if (multiply(l)) add(l, n - 1);
}
