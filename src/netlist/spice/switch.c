/* Switches at dc (ngspice manual, 4.3.5): S1 a b c d MODEL [on|off] is controlled by v(c,d), W1 a b
 * VNAME MODEL by a current. A switch conducts with ron or roff; between vt - vh and vt + vh it
 * keeps its state: along a .dc that of the point before, at first off unless the line of S says on
 * (measured: W is off there whatever its line says, and each innermost sweep of a .dc begins with
 * the line). With vh < 0 the only threshold is vt + vh. In Xyce the resistance goes smoothly from
 * roff at voff to ron at von (reference guide, "Voltage- or current-controlled switch"), in LTspice,
 * with vh < 0, from vt + vh to vt - vh (help, "S. Voltage Controlled Switch"). */
#include <math.h>
#include <string.h>

#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/model.h"
#include "netlist/spice/part.h"

enum { THRESHOLD, HYSTERESIS, RON, ROFF, PARAMETERS, LEVEL = PARAMETERS, NUMBERS };
enum { ON = THRESHOLD, OFF = HYSTERESIS }; /* of what is smooth */

/* The models of S and of W, then Xyce's; ngspice's roff: 1/gmin. */
static const struct switch_model {
    char letter;
    const char *type, *name[PARAMETERS];
    double start[PARAMETERS];
} models[] = {{'s', "sw", {"vt", "vh", "ron", "roff"}, {0.0, 0.0, 1.0, 1e12}},
              {'w', "csw", {"it", "ih", "ron", "roff"}, {0.0, 0.0, 1.0, 1e12}},
              {'s', "vswitch", {"von", "voff", "ron", "roff"}, {1.0, 0.0, 1.0, 1e6}},
              {'w', "iswitch", {"ion", "ioff", "ron", "roff"}, {1e-3, 0.0, 1.0, 1e6}}};

/* What LTspice's S knows beside, and the values that change no answer (level: has a law). */
static const struct {
    const char *name;
    double least, most;
} of_ltspice[] = {{"level", 1.0, 2.0},  {"lser", -INFINITY, INFINITY}, {"vser", 0.0, 0.0},
                  {"ilimit", 0.0, 0.0}, {"oneway", 0.0, 0.0},          {"epsilon", 0.0, 0.0}};

static bool of_ltspice_read(eq_spice *s, eq_token key, size_t k, eq_cursor *c, double *w) {
    double value;
    if (eq_spice_value(s, c, &value) != EQ_OK) return false;
    if (!(value >= of_ltspice[k].least && value <= of_ltspice[k].most)) {
        eq_spice_fail(s, key.at,
                      "%.*s = %g of a switch is not supported yet and changes the answer; leave it "
                      "out, or write the switch as a B element with its law",
                      (int)key.length, key.text, value);
        return false;
    }
    if (k == 0) w[LEVEL] = value;
    return true;
}

static bool read_parameter(eq_spice *s, const struct switch_model *m, eq_cursor *c, double *w) {
    eq_token key = eq_token_next(c);
    if (key.kind != EQ_TOKEN_WORD || eq_token_peek(c).kind != EQ_TOKEN_EQUAL) {
        eq_spice_expected(s, key, "NAME=VALUE");
        return false;
    }
    for (int k = 0; k < PARAMETERS; k++)
        if (eq_token_is(key, m->name[k])) {
            eq_token_next(c);
            return eq_spice_value(s, c, &w[k]) == EQ_OK;
        }
    bool more = s->circuit->dialect == EQ_LTSPICE && m->letter == 's';
    for (size_t k = 0; more && k < sizeof of_ltspice / sizeof *of_ltspice; k++)
        if (eq_token_is(key, of_ltspice[k].name)) {
            eq_token_next(c);
            return of_ltspice_read(s, key, k, c, w);
        }
    eq_spice_fail(s, key.at,
                  "a model of type %s has no parameter %.*s; it has %s, %s, ron and roff", m->type,
                  (int)key.length, key.text, m->name[THRESHOLD], m->name[HYSTERESIS]);
    return false;
}

static bool is_sound(eq_spice *s, const struct switch_model *m, eq_token name, const double *w) {
    int length = (int)name.length;
    if (s->circuit->dialect == EQ_XYCE && w[ON] == w[OFF])
        eq_spice_fail(s, name.at, "%s = %s = %g of model %.*s; give two values", m->name[ON],
                      m->name[OFF], w[ON], length, name.text);
    else if (w[LEVEL] == 2.0 && w[HYSTERESIS] == 0.0)
        eq_spice_fail(s, name.at, "model %.*s is of level 2 and has no vh; give it a width", length,
                      name.text);
    else if (!(w[RON] > 0.0 && w[ROFF] > 0.0))
        eq_spice_fail(s, name.at, "ron = %g and roff = %g ohm of model %.*s must be above 0",
                      w[RON], w[ROFF], length, name.text);
    else
        return true;
    return false;
}

/* The parameters of the .model card, in the scope that has it. */
static bool read_model(eq_spice *s, const struct switch_model *m, eq_token name, double *w) {
    eq_spice there = *s;
    eq_definition *d = eq_spice_model_card(s, name, m->letter, &there.frame);
    if (d == NULL) return false;
    eq_cursor c = d->value;
    eq_token type = eq_token_next(&c);
    bool good = eq_token_is(type, m->type);
    memcpy(w, m->start, sizeof m->start);
    w[LEVEL] = 1.0;
    if (!good)
        eq_spice_fail(s, name.at, "model %.*s is of type %.*s; this element needs one of type %s",
                      (int)name.length, name.text, (int)type.length, type.text, m->type);
    while (good && eq_token_peek(&c).kind != EQ_TOKEN_END) good = read_parameter(&there, m, &c, w);
    return good && is_sound(s, m, name, w);
}

/* i = v(a,b) (closed ? 1/ron : 1/roff). */
static void build(eq_formula *f, eq_formula_input control, const eq_card *card, const double *w,
                  bool on) {
    double up = w[THRESHOLD] + w[HYSTERESIS], down = w[THRESHOLD] - w[HYSTERESIS];
    eq_formula_input drop = {EQ_INPUT_DROP, card->term[0], card->term[1], EQ_NONE};
    eq_operand closed =
        eq_formula_threshold(f, eq_formula_input_of(f, control), up, fmin(up, down), on);
    eq_operand g =
        eq_formula_apply(f, eq_operation_find("?", 3),
                         (eq_operand[]){closed, {1.0 / w[RON], EQ_NONE}, {1.0 / w[ROFF], EQ_NONE}});
    f->result = eq_formula_apply(f, eq_operation_find("*", 2),
                                 (eq_operand[]){eq_formula_input_of(f, drop), g})
                    .slot;
}

static eq_operand binary(eq_formula *f, const char *sign, eq_operand x, eq_operand y) {
    return eq_formula_apply(f, eq_operation_find(sign, 2), (eq_operand[]){x, y});
}

static eq_operand number(double value) {
    return (eq_operand){value, EQ_NONE};
}

/* Whether the resistance goes smoothly, and between which controls. */
static bool is_smooth(const eq_spice *s, double *w) {
    if (s->circuit->dialect == EQ_XYCE) return true;
    if (s->circuit->dialect != EQ_LTSPICE || (w[HYSTERESIS] >= 0.0 && w[LEVEL] != 2.0))
        return false;
    double threshold = w[THRESHOLD], half = fabs(w[HYSTERESIS]);
    w[ON] = threshold + half;
    w[OFF] = threshold - half;
    return true;
}

/* i = v(a,b) exp(-(m + r u (3 - u^2)/4)), m = ln sqrt(ron roff), r = ln(ron/roff) and u from -1 at
 * voff to 1 at von, where it stays. LTspice's level 2 has u without end and atan(u)/pi in place of
 * the cubic. */
static void build_smooth(eq_formula *f, eq_formula_input control, const eq_card *card,
                         const double *w) {
    eq_formula_input drop = {EQ_INPUT_DROP, card->term[0], card->term[1], EQ_NONE};
    double mean = 0.5 * (log(w[RON]) + log(w[ROFF])), ratio = log(w[RON]) - log(w[ROFF]);
    eq_operand u = binary(f, "-", eq_formula_input_of(f, control), number(0.5 * (w[ON] + w[OFF])));
    u = binary(f, "/", u, number(0.5 * (w[ON] - w[OFF])));
    eq_operand course;
    if (w[LEVEL] == 2.0) {
        course = eq_formula_apply(f, eq_operation_find("atan", 1), &u);
        ratio /= acos(-1.0);
    } else {
        u = eq_formula_apply(f, eq_operation_find("limit", 3),
                             (eq_operand[]){u, number(-1.0), number(1.0)});
        course = binary(f, "*", u, binary(f, "-", number(3.0), binary(f, "*", u, u)));
        ratio *= 0.25;
    }
    eq_operand power = binary(f, "-", number(-mean), binary(f, "*", number(ratio), course));
    eq_operand g = eq_formula_apply(f, eq_operation_find("exp", 1), &power);
    f->result = binary(f, "*", eq_formula_input_of(f, drop), g).slot;
}

bool eq_spice_switch(eq_spice *s, eq_cursor *c, char letter, eq_card *card) {
    bool xyce = s->circuit->dialect == EQ_XYCE;
    const struct switch_model *m = &models[(letter == 'w') + 2 * xyce];
    eq_formula_input control;
    double w[NUMBERS];
    if (!eq_spice_input(s, c, letter == 'w', &control)) return false;
    eq_token name = eq_token_next(c);
    if (name.kind != EQ_TOKEN_WORD) {
        eq_spice_expected(s, name, "the model of the switch");
        return false;
    }
    if (!read_model(s, m, name, w)) return false;
    bool on = eq_token_is(eq_token_peek(c), "on");
    if (on || eq_token_is(eq_token_peek(c), "off")) eq_token_next(c);
    card->formula = eq_formula_new();
    if (card->formula == NULL) {
        eq_spice_no_memory(s);
        return false;
    }
    if (is_smooth(s, w))
        build_smooth(card->formula, control, card, w);
    else
        build(card->formula, control, card, w, on && letter == 's');
    if (card->formula->failed) eq_spice_no_memory(s);
    return !card->formula->failed;
}
