/* One element line: R1 a b 1k tc1=1m. The device classes say what stands in it: letter, terminals,
 * control, model, value and parameters; the tables below add SPICE's words. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/spice/compiled.h"
#include "netlist/spice/element.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/line.h"
#include "netlist/spice/mention.h"
#include "netlist/spice/model.h"
#include "netlist/spice/model_words.h"
#include "netlist/spice/name.h"
#include "netlist/spice/pending.h"
#include "netlist/spice/put.h"

/* Letters of SPICE that are no device here. */
static const struct {
    char letter;
    const char *message;
} refused[] = {
    {'z', "MESFETs (Z) are not supported; eqspice simulates R, D, M, Q, J, V, I, E, F, G, H and X"},
    {'t', "transmission lines (T) are not supported; at dc write two 0-V sources"},
    {'o', "transmission lines (O) are not supported; at dc write resistors"},
    {'u', "RC lines (U) are not supported; at dc write a resistor"},
    {'p', "coupled lines (P) are not supported, at dc write resistors; a pipe is P1 a b K n=0.5 "
          "dp0=1"},
    {'a', "XSPICE devices (A) are not supported; use controlled sources"},
    {'n',
     "elements N are of compiled modules, and no library of such was allowed; allow it: --osdi "
     "FILE, or EQSPICE_OSDI=FILE"},
};

static const char *message_of(char letter) {
    for (size_t k = 0; k < sizeof refused / sizeof *refused; k++)
        if (refused[k].letter == letter) return refused[k].message;
    return NULL;
}

/* Forms of E and G that say nothing at dc without an analysis of their own. */
static const char *const frequency_forms[] = {"laplace", "freq", "chebyshev"};

/* What may stand behind the nodes of a controlled source in place of a control: a formula. */
static eq_lookup read_form(eq_line *l) {
    eq_token t = eq_token_peek(l->c);
    eq_lookup found = eq_spice_formula(l->s, l->c, eq_line_class(l)->letter, &l->card);
    l->cold = eq_token_is(t, "poly") || eq_token_is(t, "table");
    if (found != EQ_NOT_FOUND ||
        !eq_token_is_among(t, frequency_forms, sizeof frequency_forms / sizeof *frequency_forms))
        return found;
    eq_spice_fail(l->s, t.at,
                  "%.*s of %.*s is a transfer function of frequency; write its gain at dc "
                  "as a constant gain or a value={...}",
                  (int)t.length, t.text, (int)l->name.length, l->name.text);
    return EQ_LOOKUP_FAILED;
}

static bool read_nodes(eq_line *l) {
    const eq_device_class *cls = eq_line_class(l);
    for (int k = 0; k < eq_class_terminals(cls); k++) {
        if (k == 2 && eq_class_terminals(cls) == 4 && cls->control == EQ_CONTROL_VOLTAGE &&
            read_form(l) != EQ_NOT_FOUND)
            return l->card.formula != NULL;
        if (k == 3 && (cls->letter == 'q' || cls->letter == 'm') && !eq_line_has_fourth(l)) {
            l->card.term[k] = EQ_GROUND;
            l->bare = cls->letter == 'm';
            continue;
        }
        eq_token t = eq_token_next(l->c);
        l->card.term[k] = eq_spice_node(l->s, t);
        if (l->card.term[k] == EQ_NONE) return false;
    }
    return true;
}

/* F and H: the name of the element whose current controls, it may come later in the deck; or a
 * formula. */
static bool read_control(eq_line *l, eq_pending *control) {
    eq_lookup form = read_form(l);
    if (form != EQ_NOT_FOUND) return form == EQ_FOUND;
    eq_token t = eq_token_next(l->c);
    control->at = t.at;
    if (t.kind != EQ_TOKEN_WORD) {
        eq_spice_expected(l->s, t, "the voltage source whose current controls it");
        return false;
    }
    control->control = eq_spice_control(l->s, t);
    control->path = eq_spice_control_path(l->s, t);
    return control->control != EQ_NO_NAME;
}

static void use_model(eq_line *l, int32_t model) {
    const eq_model *m = &l->s->circuit->model[model];
    eq_card fresh = eq_card_new(m->cls);
    double value = l->has_value ? l->card.w[eq_line_class(l)->value] : NAN;
    l->card.cls = m->cls;
    l->card.model = model;
    if (eq_line_class(l)->value >= 0) l->model_value = m->w[eq_line_class(l)->value];
    for (int k = 0; k < eq_class(m->cls)->params; k++)
        l->card.w[k] = isnan(m->w[k]) ? fresh.w[k] : m->w[k];
    if (l->has_value)
        l->card.w[eq_line_class(l)->value] = value;
    else if (eq_line_class(l)->value >= 0)
        l->has_value = !isnan(l->card.w[eq_line_class(l)->value]);
}

static bool read_model(eq_line *l, eq_token name) {
    if (l->card.model != EQ_NONE) {
        eq_spice_fail(l->s, name.at, "unexpected '%.*s' behind the model; remove it",
                      (int)name.length, name.text);
        return false;
    }
    int32_t model = eq_spice_model(l->s, name, eq_line_class(l)->letter);
    l->model = name;
    if (model == EQ_NONE || !eq_line_fits(l, eq_class(l->s->circuit->model[model].cls)))
        return false;
    use_model(l, model);
    return true;
}

static bool is_small_signal(eq_token word) {
    return eq_token_is(word, "ac") || eq_token_is(word, "distof1") || eq_token_is(word, "distof2");
}

/* ac MAG PHASE of a source, likewise distof1 and distof2: nothing at dc. */
static bool skip_small_signal(eq_line *l, eq_token word) {
    double ignored;
    eq_spice_note(l->s, "ac", word.at, "ignored: %.*s of %.*s (and of others) says nothing at dc",
                  (int)word.length, word.text, (int)l->name.length, l->name.text);
    if (eq_token_peek(l->c).kind == EQ_TOKEN_EQUAL) eq_token_next(l->c);
    for (int k = 0; k < 2 && eq_spice_at_value(l->s, l->c); k++)
        if (!eq_spice_number_at(l->s, l->c, &ignored, "a number")) return false;
    return true;
}

static bool is_source(const eq_line *l) {
    return eq_line_class(l)->letter == 'v' || eq_line_class(l)->letter == 'i';
}

/* A number without a name: the value, or the area of a diode. */
static bool read_positional(eq_line *l, eq_token t) {
    double value;
    int k = eq_line_class(l)->value >= 0 ? eq_line_class(l)->value
                                         : eq_param_find(eq_line_class(l), "area");
    if (k < 0 || l->positional) {
        eq_spice_fail(
            l->s, t.at, "unexpected '%.*s' on the line of %.*s; remove it or give it a name",
            (int)(t.length < 60 ? t.length : 60), t.text, (int)l->name.length, l->name.text);
        return false;
    }
    l->positional = true;
    if (eq_line_class(l)->letter == 'r' && t.kind == EQ_TOKEN_GROUP) {
        *l->c = eq_cursor_at_token(l->c, &t); /* over a comma */
        return eq_line_resistance(l);
    }
    if (!eq_spice_number_at(l->s, l->c, &value, "the value")) return false;
    if (eq_line_class(l)->letter == 'r') eq_spice_note_odd_resistance(l->s, l->name, t, value);
    return eq_line_set(l, k, value);
}

/* The name of a parameter, which was read, as the value. */
static bool read_bare(eq_line *l, eq_token name) {
    *l->c = eq_cursor_at_token(l->c, &name);
    return read_positional(l, name);
}

/* dc VALUE, ac ..., sin(...) or the name of a parameter: the words of V and I. */
static bool read_source_word(eq_line *l, eq_token word) {
    double value;
    if (is_small_signal(word)) return skip_small_signal(l, word);
    if (eq_token_is(word, "dc")) {
        if (eq_token_peek(l->c).kind == EQ_TOKEN_EQUAL) eq_token_next(l->c);
        if (!eq_spice_number_at(l->s, l->c, &value, "the dc value")) return false;
        return l->positional ||
               eq_line_set(l, 0, value); /* in ngspice a bare value counts before it */
    }
    if (!eq_spice_waveform(l->s, l->c, word, &value))
        return eq_spice_is_value_here(l->s, word) ? read_bare(l, word)
                                                  : eq_line_unknown_key(l, word);
    if (isnan(value)) return false;
    if (l->has_value) return true;
    eq_spice_note(l->s, "waveform", word.at,
                  "%.*s (and others) have no dc value: %.*s is taken at t = 0", (int)l->name.length,
                  l->name.text, (int)word.length, word.text);
    l->card.w[0] = value; /* a dc value behind it still counts */
    return true;
}

/* The word behind the nodes of a diode or a transistor is its model, even when it starts as a number does:
 * 1N4148. */
static bool takes_model(const eq_line *l) {
    const eq_device_class *cls = eq_line_class(l);
    bool beside = cls->value < 0 || (cls->instance >> cls->value & 1) != 0;
    return cls->model_type != NULL && beside;
}

static bool needs_model(const eq_line *l) {
    return takes_model(l) && l->card.model == EQ_NONE;
}

static bool names_model(const eq_line *l, eq_token t) {
    return needs_model(l) && t.kind == EQ_TOKEN_WORD && eq_starts_number(t.text, t.length);
}

/* A word that none of the letter's parameters is: its line may be that of SPICE's own device. */
static bool what_else(const eq_line *l, eq_token word) {
    const char *message = message_of(eq_line_class(l)->letter);
    if (message != NULL)
        eq_spice_fail(l->s, l->name.at, "%s", message);
    else
        eq_spice_expected(l->s, word, "a number, {EXPRESSION} or NAME=VALUE");
    return false;
}

static bool read_rest(eq_line *l) {
    for (;;) {
        eq_token t = eq_token_peek(l->c);
        bool done;
        if (t.kind == EQ_TOKEN_END) return true;
        if (eq_spice_is_star(l->s, t)) return false;
        if (names_model(l, t)) {
            eq_token_next(l->c);
            done = read_model(l, t);
        } else if (eq_spice_is_value(t)) {
            done = read_positional(l, t);
        } else {
            eq_token_next(l->c);
            if (t.kind != EQ_TOKEN_WORD) {
                eq_spice_expected(l->s, t, "NAME=VALUE");
                return false;
            }
            bool dc_or_ac = is_source(l) && (eq_token_is(t, "dc") || eq_token_is(t, "ac"));
            if (eq_token_peek(l->c).kind == EQ_TOKEN_EQUAL && !dc_or_ac)
                done = eq_line_key(l, t);
            else if (is_source(l))
                done = read_source_word(l, t);
            else if (takes_model(l) && eq_token_is(t, "off"))
                done = l->card.off = true;
            else if (!needs_model(l) && eq_spice_is_value_here(l->s, t))
                done = read_bare(l, t);
            else if (eq_line_class(l)->model_type != NULL)
                done = read_model(l, t);
            else
                done = what_else(l, t);
        }
        if (!done) return false;
    }
}

/* A resistor whose resistance is a formula: a behavioural current through it. */
static void become_behavioural(eq_line *l, double m) {
    eq_node a = l->card.term[0], b = l->card.term[1];
    l->card = eq_card_new(EQ_CLASS_behavioural_current);
    l->card.term[0] = a;
    l->card.term[1] = b;
    l->card.w[0] = m / l->scale;
    l->card.formula = l->formula;
}

/* An ideal diode m times in parallel: its resistances. */
static void divide_resistances(eq_line *l, double m) {
    const eq_device_class *cls = eq_line_class(l);
    for (int k = 0; k < cls->params; k++)
        if (strcmp(cls->param[k].unit, "ohm") == 0) l->card.w[k] /= m;
}

/* m in parallel: conductances, currents and gains of current sources times m. A voltage that is a
 * formula is multiplied by the m of its own line, too, as in ngspice (measured). */
static bool multiply(eq_line *l) {
    double m = l->m * l->s->frame->m;
    int value = eq_line_class(l)->value, own;
    if (!(m > 0.0) || !(l->scale > 0.0)) {
        eq_spice_fail(l->s, l->name.at, "%.*s has m or scale of %g; give a number above 0",
                      (int)l->name.length, l->name.text, m > 0.0 ? l->scale : m);
        return false;
    }
    if (l->own_value && !isnan(l->model_value) && l->s->circuit->dialect == EQ_XYCE)
        l->scale *= l->model_value;
    if (m == 1.0 && l->scale == 1.0 && l->formula == NULL) return true;
    own = eq_param_find(eq_line_class(l), "m");
    if (l->formula != NULL)
        become_behavioural(l, m);
    else if (eq_line_class(l)->letter == 'r')
        l->card.w[value] *= l->factor = l->scale / m;
    else if (own >= 0)
        l->card.w[own] *= eq_line_class(l)->defined == EQ_CURRENT_DEFINED ? m : l->m;
    else if (eq_line_class(l)->letter == 'd') {
        divide_resistances(l, m);
    } else if (value >= 0 && (eq_line_class(l)->flags & EQ_LINEAR) != 0) {
        if (eq_line_class(l)->defined == EQ_CURRENT_DEFINED) l->card.w[value] *= l->factor = m;
    } else if (m != 1.0) {
        eq_spice_fail(l->s, l->name.at, "m = %g of %.*s: a %s takes none; write it several times",
                      m, (int)l->name.length, l->name.text, eq_line_class(l)->name);
        return false;
    }
    return true;
}

static const char *value_name(const eq_device_class *cls) {
    return cls->letter == 'r' ? "resistance" : cls->param[cls->value].name;
}

static double param(const eq_line *l, const char *name) {
    return l->card.w[eq_param_find(eq_line_class(l), name)];
}

/* ngspice makes a behavioural source of a resistor with a formula, with tc1, tc2 and m of its line
 * and the temperature of the circuit above 27 C (measured). */
static void warm_as_ngspice(eq_line *l, eq_warmth *w) {
    bool more = l->scale != 1.0 || l->card.model != EQ_NONE || !isnan(w->temp) || w->dtemp != 0.0 ||
                param(l, "tc1") != w->tc1 || param(l, "tc2") != w->tc2;
    if (more)
        eq_spice_note(l->s, "formula of a resistor", l->name.at,
                      "ignored: what stands on the line of %.*s (and others) beside its formula, "
                      "tc1, tc2 and m, as in ngspice",
                      (int)l->name.length, l->name.text);
    l->scale = 1.0;
    w->temp = NAN;
    w->dtemp = 0.0;
}

/* A resistance that is a formula: as one that is a number, except in ngspice. */
static bool warm_resistor(eq_line *l) {
    eq_warmth w = l->warmth;
    eq_operand reference = {27.0, EQ_NONE};
    if (l->s->circuit->dialect == EQ_NGSPICE) {
        warm_as_ngspice(l, &w);
    } else {
        w = (eq_warmth){param(l, "tc1"), param(l, "tc2"), param(l, "temp"), param(l, "dtemp")};
        reference = eq_formula_number(l->formula, 27.0);
        l->reference = reference.slot;
    }
    return eq_spice_formula_temperature(l->s, l->formula, &w, "/", reference);
}

/* Temperature coefficients of a formula. */
static bool warm(eq_line *l) {
    if (l->formula != NULL) return warm_resistor(l);
    return l->card.formula == NULL ||
           eq_spice_formula_temperature(l->s, l->card.formula, &l->warmth, "*",
                                        (eq_operand){27.0, EQ_NONE});
}

/* A resistor without a value of its own may have one by its geometry. */
static bool measure(eq_line *l) {
    double r = NAN;
    if (eq_line_class(l)->letter == 'd') return eq_line_measure_diode(l);
    if (eq_line_class(l)->letter != 'r' || l->card.model == EQ_NONE || l->own_value ||
        l->formula != NULL)
        return true;
    if (!eq_spice_sheet(l->s, l->model, l->length, l->width, &r)) return false;
    if (l->s->circuit->dialect == EQ_XYCE) {
        if (isnan(r))
            eq_spice_note(
                l->s, "resistance of Xyce", l->name.at,
                "%.*s (and others) has no resistance, nor l and rsh: 1000 ohm, as in Xyce",
                (int)l->name.length, l->name.text);
        if (isnan(r)) r = 1e3;
        l->own_value = true; /* and the model's value is a factor */
    }
    if (isnan(r)) return true;
    if (l->s->circuit->dialect != EQ_XYCE && !isnan(l->model_value))
        eq_spice_note(l->s, "factor of a sheet", l->name.at,
                      "%.*s (and others) is rsh times its squares, %g ohm: ngspice leaves r=%g of "
                      "model %.*s out there; Xyce and PSpice multiply by it (--dialect xyce)",
                      (int)l->name.length, l->name.text, r, l->model_value, (int)l->model.length,
                      l->model.text);
    l->card.w[eq_line_class(l)->value] = r;
    l->has_value = true;
    return true;
}

/* What must not be missing: the model of a diode, the value of R and of controlled sources. */
static bool complete(eq_line *l) {
    const eq_device_class *cls = eq_line_class(l);
    int n = (int)l->name.length;
    const char *name = l->name.text;
    if (needs_model(l))
        eq_spice_fail(l->s, eq_token_peek(l->c).at,
                      "%.*s names no model; write %.*s %s MODEL and .model MODEL %s", n, name, n,
                      name, eq_model_letter_of(cls->letter)->nodes,
                      cls->letter == 'm' ? "NMOS(vto=... kp=...)"
                                         : eq_model_letter_of(cls->letter)->example);
    else if (cls->value >= 0 && !l->has_value && isnan(cls->param[cls->value].default_value))
        eq_spice_fail(l->s, eq_token_peek(l->c).at,
                      "%.*s has no value; write its %s%s%s behind the nodes%s", n, name,
                      value_name(cls), cls->param[cls->value].unit[0] == '1' ? "" : " in ",
                      cls->param[cls->value].unit[0] == '1' ? "" : cls->param[cls->value].unit,
                      cls->control == EQ_CONTROL_CURRENT ? " and the controlling source" : "");
    else
        return true;
    return false;
}

static eq_pending no_control(const eq_line *l) {
    return (eq_pending){EQ_NONE, EQ_NONE, EQ_NO_NAME, EQ_NO_NAME, l->name.at};
}

static void add(eq_line *l, eq_pending control) {
    eq_spice *s = l->s;
    if (!eq_line_parasitics(l)) return;
    control.element = eq_spice_put(s, &l->card, l->name);
    if (control.element == EQ_NONE) return;
    const eq_formula *f = l->card.formula;
    l->added = true;
    if (!eq_deck_note_multiple(s->deck, control.element, l->factor)) eq_spice_no_memory(s);
    if (l->reference != EQ_NONE) eq_spice_note_reference(s, control.element, l->reference);
    if (control.control != EQ_NO_NAME) eq_spice_look_up_later(s, control);
    for (size_t k = 0; f != NULL && k < f->inputs; k++)
        if (f->input[k].kind == EQ_INPUT_CURRENT)
            eq_spice_look_up_later(s, (eq_pending){control.element, (int32_t)k, f->input[k].plus,
                                                   f->input[k].minus, control.at});
}

/* A wire drawn as a resistor is one here; others give it a resistance. */
static void note_wire(const eq_line *l) {
    if (eq_line_class(l)->letter != 'r' || l->card.w[eq_line_class(l)->value] != 0.0) return;
    eq_spice_note(l->s, "wire", l->name.at,
                  "%.*s (and others) is 0 ohm: a short with a current of its own, as in Xyce; "
                  "ngspice takes 1 mohm for it, others another small resistance",
                  (int)l->name.length, l->name.text);
}

/* tnom of a resistor's model. */
static bool refer(eq_line *l) {
    bool own = eq_line_class(l)->letter == 'r' && l->card.model != EQ_NONE && l->formula == NULL;
    return !own || eq_spice_reference(l->s, l->model, l->card.w, &l->factor);
}

static void read_device(eq_line *l) {
    eq_pending control = no_control(l);
    if (read_nodes(l) &&
        (eq_line_class(l)->control != EQ_CONTROL_CURRENT || read_control(l, &control)) &&
        read_rest(l) && measure(l) && complete(l) && warm(l) && multiply(l) && refer(l)) {
        note_wire(l);
        add(l, control);
    }
}

/* L is a 0-V source at dc, C is open (its nodes exist all the same). */
static void read_reactance(eq_line *l) {
    bool open = (l->name.text[0] | 32) == 'c';
    if (!read_nodes(l) || !eq_line_reactance(l)) return;
    eq_spice_note_reactance(l->s, l->name, l->reactance);
    for (int k = 0; k < 2 && open; k++) eq_spice_note_open(l->s, l->card.term[k]);
    if (!open)
        add(l, no_control(l));
    else if (eq_line_parasitics(l))
        eq_line_capacitor(l);
}

static void refuse(eq_spice *s, eq_token name, char letter) {
    const char *message = message_of(letter);
    if (message != NULL) {
        eq_spice_fail(s, name.at, "%s", message);
        return;
    }
    eq_spice_fail(
        s, name.at,
        "no element starts with '%.*s'; comments start with *, elements with one of R D M "
        "Q J N V I E F G H B S W Y C L P X",
        1, name.text);
}

/* R = EXPRESSION of a B (LTspice): the drop across it divided by that. */
static bool read_own_resistance(eq_line *l) {
    eq_operand ohm = {NAN, EQ_NONE};
    eq_spice own = *l->s;
    if (!eq_token_is(eq_token_next(l->c), "r") || eq_token_next(l->c).kind != EQ_TOKEN_EQUAL)
        return false;
    own.formula = l->card.formula = eq_formula_new();
    if (own.formula == NULL) eq_spice_no_memory(l->s);
    return own.formula != NULL && eq_spice_operand(&own, l->c, &ohm) == EQ_OK &&
           eq_spice_formula_conductance(l->s, own.formula, l->card.term[0], l->card.term[1], ohm);
}

/* B: an ideal diode in the form that the writers give it, else a formula. */
static void read_behavioural(eq_line *l) {
    enum { RON, ROFF, VFWD };
    eq_cursor nodes = *l->c;
    eq_token a = eq_token_next(&nodes), b = eq_token_next(&nodes);
    l->card = eq_card_new(EQ_CLASS_ideal_diode);
    if (eq_spice_ideal_diode(&nodes, a, b, &l->card.w[RON])) {
        if (read_nodes(l)) add(l, no_control(l));
        *l->c = nodes;
        return;
    }
    l->card = eq_card_new(EQ_CLASS_behavioural_current);
    if (!read_nodes(l)) return;
    eq_token word = eq_token_peek(l->c);
    if (eq_token_is(word, "r")) {
        if (read_own_resistance(l) && read_rest(l) && warm(l) && multiply(l)) add(l, no_control(l));
        return;
    }
    switch (eq_spice_formula(l->s, l->c, 'b', &l->card)) {
    case EQ_FOUND:
        if (read_rest(l) && warm(l) && multiply(l)) add(l, no_control(l));
        break;
    case EQ_NOT_FOUND:
        eq_spice_expected(l->s, word, "v=EXPRESSION, i=EXPRESSION or r=EXPRESSION");
        break;
    case EQ_LOOKUP_FAILED:
        break;
    }
}

static void read_switch(eq_line *l, char letter) {
    l->card = eq_card_new(EQ_CLASS_behavioural_current);
    l->cold = true;
    if (read_nodes(l) && eq_spice_switch(l->s, l->c, letter, &l->card) && read_rest(l) &&
        multiply(l))
        add(l, no_control(l));
}

/* The first class with this letter; -1: none. */
static int class_with(char letter) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++)
        if (eq_class(k)->letter == letter) return k;
    return -1;
}

bool eq_spice_plain_element(eq_spice *s, const eq_token word[EQ_PLAIN_WORDS], eq_dialect dialect) {
    const eq_token *a = &word[1], *b = &word[2], *number = &word[3];
    char letter = (char)(*word->text | 32), last = (char)(number->text[number->length - 1] | 32);
    double value;
    bool wire = number->length == 1 && last == '0';                               /* with a note */
    bool unit = wire || last == 'a' || last == 'p' || last == 's' || last == 'e'; /* of an ampere */
    if ((letter != 'r' && letter != 'v' && letter != 'i') || s->frame->m != 1.0 || unit ||
        eq_spice_number(number->text, number->length, dialect, &value) != number->length ||
        !isfinite(value) || (letter == 'r' && value == 0.0)) /* with a note */
        return false;
    if (s->all->plain.name == NULL || eq_class(s->all->plain.cls)->letter != letter)
        s->all->plain = eq_card_new(class_with(letter));
    s->all->plain.term[0] = eq_spice_node(s, *a);
    s->all->plain.term[1] = eq_spice_node(s, *b);
    s->all->plain.w[eq_class(s->all->plain.cls)->value] = value;
    s->about = *word;
    if (s->all->plain.term[0] != EQ_NONE && s->all->plain.term[1] != EQ_NONE)
        eq_spice_put(s, &s->all->plain, *word);
    s->about.length = 0;
    if (letter == 'r') eq_spice_note_odd_resistance(s, *word, *number, value);
    return true;
}

void eq_spice_element(eq_spice *s, eq_cursor *c, eq_token name) {
    char letter = *name.text >= 'A' && *name.text <= 'Z' ? (char)(*name.text + 32) : *name.text;
    eq_line l = {.s = s,
                 .c = c,
                 .name = name,
                 .m = 1.0,
                 .scale = 1.0,
                 .factor = 1.0,
                 .warmth = {.temp = NAN},
                 .reference = EQ_NONE,
                 .model_value = NAN,
                 .series = NAN,
                 .parallel = NAN,
                 .reactance = NAN,
                 .length = NAN,
                 .width = NAN};
    s->about = name;
    int errors = s->all->errors;
    if (eq_token_is(name, "ymemristor")) s->about = l.name = name = eq_token_next(c); /* Xyce */
    int cls = class_with(letter == 'l' || letter == 'c' ? 'v' : letter);
    if (letter == 'k') {
        eq_spice_note(s, "k", l.name.at, "ignored: couplings (K) say nothing at dc");
    } else if (letter == 'b') {
        read_behavioural(&l);
    } else if (letter == 's' || letter == 'w') {
        read_switch(&l, letter);
    } else if (cls >= 0 && eq_class(cls)->hidden > 0) {
        eq_spice_compiled(&l);
    } else if (cls < 0) {
        refuse(s, l.name, letter);
    } else {
        l.card = eq_card_new(cls);
        if (letter == 'l' || letter == 'c')
            read_reactance(&l);
        else
            read_device(&l);
    }
    s->about.length = 0;
    if (s->all->errors > errors) eq_spice_note_broken(s, name);
    if (l.added) return;
    eq_formula_free(l.card.formula == NULL ? l.formula : l.card.formula);
}
