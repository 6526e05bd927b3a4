/* .tf OUTPUT SOURCE and .sens OUTPUT (ngspice manual, 11.3.11 and 11.3.9), and Xyce's
 * .sens objfunc={EXPRESSION} objvars=NODE,.. param=R1:R,.. (Reference Guide, .SENS). */
#include <math.h>

#include "base/mem.h"
#include "netlist/spice/cards.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/find.h"
#include "netlist/spice/probe.h"

/* An output is made of potentials and of currents of voltage-defined elements: of those alone the
 * adjoint has the derivatives. */
static bool is_output(eq_spice *s, const eq_formula *f, eq_token at, const char *card) {
    bool good = true;
    for (size_t k = 0; good && k < f->inputs; k++) {
        const eq_formula_input *in = &f->input[k];
        bool current = in->kind == EQ_INPUT_CURRENT;
        if (current)
            good = eq_class(s->circuit->row[in->branch].cls)->defined == EQ_VOLTAGE_DEFINED;
        good = good && (current || in->kind == EQ_INPUT_DROP);
    }
    good = good && f->inputs > 0;
    if (!good)
        eq_spice_fail(s, at.at,
                      "%s: %.*s is no output; write v(NODE), v(NODE,NODE) or i(SOURCE) with a "
                      "voltage source, put one of 0 V in series for the current of another element",
                      card, (int)(at.length < 60 ? at.length : 60), at.text);
    return good;
}

/* The output at the cursor into *a; `bare`: the name of a node alone. */
static bool read_output(eq_spice *s, eq_cursor *c, const char *card, bool bare, eq_analysis *a) {
    eq_token t = eq_token_peek(c);
    eq_operand value = {NAN, EQ_NONE};
    eq_spice probe;
    eq_text name = {0};
    if (t.kind == EQ_TOKEN_END) {
        eq_spice_expected(s, t, "the output: v(NODE), v(NODE,NODE) or i(SOURCE)");
        return false;
    }
    if (!eq_spice_probe_begin(s, card, &probe)) return false;
    eq_skip_blank(c);
    const char *from = c->p;
    bool done;
    if (bare) {
        eq_node node = eq_spice_find_node(s, eq_token_next(c), card);
        done = node != EQ_NONE;
        if (done)
            value = eq_formula_input_of(
                probe.formula, (eq_formula_input){EQ_INPUT_DROP, node, EQ_GROUND, EQ_NONE});
    } else {
        done = eq_spice_operand(&probe, c, &value) == EQ_OK;
    }
    a->output = eq_spice_probe_end(&probe, done, value);
    if (a->output == NULL) return false;
    t.length = (size_t)(c->p - from);
    if (bare) eq_text_puts(&name, "v(");
    for (size_t k = 0; k < t.length; k++)
        if (from[k] != ' ' && from[k] != '\t') eq_text_add(&name, from + k, 1);
    eq_text_puts(&name, bare ? ")" : "");
    if (!name.failed) eq_lower(name.text, name.length);
    a->label = name.failed ? EQ_NO_NAME : eq_names_add(s->deck->label, name.text, name.length);
    eq_text_free(&name);
    if (a->label == EQ_NO_NAME) eq_spice_no_memory(s);
    return a->label != EQ_NO_NAME && is_output(s, a->output, t, card);
}

/* Hands the analysis over, or frees its output. */
static void add(eq_spice *s, eq_analysis *a, bool good) {
    if (good)
        eq_spice_pass_on(s, eq_deck_add_analysis(s->deck, a, s->scratch));
    else
        eq_formula_free(a->output);
}

void eq_spice_tf(eq_spice *s, eq_cursor *c, eq_location at) {
    eq_analysis a = {.type = EQ_ANALYSIS_TF, .at = at};
    bool good = read_output(s, c, ".tf", false, &a);
    eq_token t = eq_token_next(c);
    if (good && t.kind != EQ_TOKEN_WORD) {
        eq_spice_expected(s, t, "the source of .tf: a V or I element");
        good = false;
    }
    if (good) a.source = eq_spice_find_element(s, t, ".tf");
    good = good && a.source != EQ_NONE;
    if (good && (eq_class(s->circuit->row[a.source].cls)->flags & EQ_INDEPENDENT) == 0) {
        eq_spice_fail(s, t.at, ".tf: %.*s is no independent source; name a V or I element",
                      (int)t.length, t.text);
        good = false;
    }
    if (good && a.output->inputs != 1) {
        eq_spice_fail(s, at, ".tf: the output must be v(NODE), v(NODE,NODE) or i(SOURCE)");
        good = false;
    }
    add(s, &a, good);
}

/* param=R1:R,R2 into the handles of the deck; the cursor stands behind the sign. */
static bool read_wanted(eq_spice *s, eq_cursor *c, eq_analysis *a) {
    a->first = s->deck->wants;
    while (eq_token_peek(c).kind == EQ_TOKEN_WORD && !eq_spice_at_key(c)) {
        eq_token t = eq_token_next(c), name = t, param = {EQ_TOKEN_END, "", 0, t.at};
        if (eq_spice_element_of(s, t) == EQ_NONE) eq_spice_part(t, &name, &param);
        eq_element e = eq_spice_find_element(s, name, ".sens");
        if (e == EQ_NONE) return false;
        eq_handle h = eq_handle_as_written(s->circuit, e);
        if (param.length > 0) h.param = eq_spice_column(eq_class(s->circuit->row[e].cls), param);
        if (h.param < 0 || !eq_handle_about(s->circuit, h).trainable) {
            eq_spice_fail(s, t.at,
                          ".sens: there is no derivative by %.*s; name a parameter such as R1:R, "
                          "V1:DCV0 or D1:IS",
                          (int)t.length, t.text);
            return false;
        }
        if (!eq_grow((void **)&s->deck->wanted, &s->deck->want_cap, s->deck->wants + 1,
                     sizeof *s->deck->wanted)) {
            eq_spice_no_memory(s);
            return false;
        }
        s->deck->wanted[s->deck->wants++] = h;
        a->wanted++;
    }
    return true;
}

/* The output of .sens in either spelling. */
static bool read_output_or_key(eq_spice *s, eq_cursor *c, eq_analysis *a) {
    eq_token key = eq_token_peek(c);
    if (!eq_spice_at_key(c)) {
        if (a->output == NULL) return read_output(s, c, ".sens", false, a);
        eq_spice_note(s, ".sens", key.at, "ignored: %.*s of .sens, which is taken at dc",
                      (int)key.length, key.text);
        a->alternating = a->alternating || eq_token_is(key, "ac");
        while (eq_token_peek(c).kind != EQ_TOKEN_END) eq_token_next(c);
        return true;
    }
    eq_token_next(c);
    eq_token_next(c);
    bool function = eq_token_is(key, "objfunc"), node = eq_token_is(key, "objvars");
    if (eq_token_is(key, "param") || eq_token_is(key, "params")) return read_wanted(s, c, a);
    if ((function || node) && a->output == NULL) return read_output(s, c, ".sens", node, a);
    eq_spice_fail(s, key.at,
                  function || node ? ".sens: a second output; write a .sens card for each"
                                   : ".sens has no key %.*s; it has objfunc, objvars and param",
                  (int)key.length, key.text);
    return false;
}

void eq_spice_sens(eq_spice *s, eq_cursor *c, eq_location at) {
    eq_analysis a = {.type = EQ_ANALYSIS_SENS, .at = at};
    bool good = true;
    while (good && (a.output == NULL || eq_token_peek(c).kind != EQ_TOKEN_END))
        good = read_output_or_key(s, c, &a);
    add(s, &a, good);
}
