/* The right-hand sides of behavioural sources: B ... v=EXPRESSION and i=EXPRESSION; value=, vol=,
 * cur=, poly(n) and table forms of E, F, G and H (ngspice manual, chapters 4.2 and 5; Xyce
 * reference guide, 2.3.13 to 2.3.17). */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/name.h"
#include "netlist/spice/part.h"

typedef bool (*form_reader)(eq_spice *s, eq_cursor *c, char letter);

static bool read_polynomial(eq_spice *s, eq_cursor *c, char letter);

/* {poly(n) v(a) .. p0 p1 ..} of Xyce and PSpice: the cursor moves behind `poly`; false: another
 * expression. */
static bool is_polynomial(eq_cursor *c) {
    eq_cursor inside = *c;
    if (!eq_skip_blank(&inside) || *inside.p != '{') return false;
    inside.p++;
    if (!eq_token_is(eq_token_next(&inside), "poly")) return false;
    *c = inside;
    return true;
}

/* The expression at the cursor is the formula. A number may be one, too. */
static bool read_expression(eq_spice *s, eq_cursor *c, char letter) {
    eq_operand value;
    (void)letter;
    if (eq_token_peek(c).kind == EQ_TOKEN_EQUAL) eq_token_next(c);
    if (is_polynomial(c)) return read_polynomial(s, c, 'b');
    if (eq_spice_operand(s, c, &value) != EQ_OK) return false;
    if (value.slot == EQ_NONE) value = eq_formula_number(s->formula, value.number);
    s->formula->result = value.slot;
    return true;
}

bool eq_spice_input(eq_spice *s, eq_cursor *c, bool current, eq_formula_input *in) {
    *in = (eq_formula_input){EQ_INPUT_DROP, EQ_NONE, EQ_NONE, EQ_NONE};
    if (!current) {
        in->plus = eq_spice_node(s, eq_token_next(c));
        in->minus = in->plus == EQ_NONE ? EQ_NONE : eq_spice_node(s, eq_token_next(c));
        return in->minus != EQ_NONE;
    }
    eq_token t = eq_token_next(c);
    in->kind = EQ_INPUT_CURRENT;
    if (t.kind != EQ_TOKEN_WORD) {
        eq_spice_expected(s, t, "the voltage source whose current controls it");
        return false;
    }
    in->plus = eq_spice_control(s, t);
    in->minus = eq_spice_control_path(s, t);
    return in->plus != EQ_NO_NAME;
}

/* v(a), v(a,b) or i(x) at the cursor as an operand; not v(a) - 1, which is a coefficient behind
 * it. */
static bool read_probe(eq_spice *s, eq_cursor *c, eq_operand *x) {
    eq_cursor probe = *c;
    const char *close = memchr(c->p, ')', (size_t)(c->end - c->p));
    eq_token t = eq_token_peek(c);
    if (close == NULL || (!eq_token_is(t, "v") && !eq_token_is(t, "i"))) {
        eq_spice_expected(s, t, "a control v(NODE), v(NODE,NODE) or i(ELEMENT)");
        return false;
    }
    probe.end = close + 1;
    bool done = eq_spice_operand(s, &probe, x) == EQ_OK;
    c->p = close + 1;
    return done;
}

/* Control k of a polynomial: two nodes, an element, or in a formula what it reads. */
static bool read_poly_control(eq_spice *s, eq_cursor *c, char letter, eq_operand *x) {
    eq_formula_input in;
    if (letter == 'b') return read_probe(s, c, x);
    if (!eq_spice_input(s, c, letter == 'f' || letter == 'h', &in)) return false;
    *x = eq_formula_input_of(s->formula, in);
    return true;
}

static eq_operand binary(eq_formula *f, const char *sign, eq_operand x, eq_operand y) {
    return eq_formula_apply(f, eq_operation_find(sign, 2), (eq_operand[]){x, y});
}

enum { MOST_CONTROLS = 20, MOST_DEGREE = 20 };

/* The monomial behind `index` (its controls, not falling) in the order of SPICE2: of one degree in
 * lexicographic order, then the next degree (ngspice manual, appendix "polynomial sources"). */
static void next_monomial(int *index, int *degree, int controls) {
    int k = *degree - 1;
    while (k >= 0 && index[k] == controls - 1) k--;
    int from = k < 0 ? 0 : index[k] + 1;
    if (k < 0) {
        ++*degree;
        k = 0;
    }
    for (; k < *degree && k < MOST_DEGREE; k++) index[k] = from;
}

/* poly(n) CONTROLS p0 p1 ...: p0 + sum of p_i times its monomial. */
static bool read_polynomial(eq_spice *s, eq_cursor *c, char letter) {
    eq_operand x[MOST_CONTROLS], sum = {0.0, EQ_NONE};
    int index[MOST_DEGREE], degree = 0, controls, coefficients = 0;
    double number;
    eq_token at = eq_token_peek(c);
    if (!eq_spice_number_at(s, c, &number, "the number of controls")) return false;
    controls = number >= 1.0 && number <= MOST_CONTROLS ? (int)number : 0;
    if (controls == 0 || number != controls) {
        eq_spice_fail(s, at.at, "poly of %g controls; give a whole number from 1 to %d", number,
                      MOST_CONTROLS);
        return false;
    }
    if (letter == 'b' && eq_skip_blank(c) && *c->p == ')') c->p++;
    for (int k = 0; k < controls; k++)
        if (!read_poly_control(s, c, letter, &x[k])) return false;
    for (; eq_spice_at_value(s, c); coefficients++) {
        at = eq_token_peek(c);
        if (!eq_spice_number_at(s, c, &number, "a coefficient")) return false;
        if (coefficients > 0) next_monomial(index, &degree, controls);
        if (degree > MOST_DEGREE) {
            eq_spice_fail(s, at.at, "a polynomial of degree above %d; use value={...}",
                          MOST_DEGREE);
            return false;
        }
        if (number == 0.0 && coefficients > 0) continue;
        eq_operand term = {number, EQ_NONE};
        for (int k = 0; k < degree; k++) term = binary(s->formula, "*", term, x[index[k]]);
        sum = coefficients == 0 ? term : binary(s->formula, "+", sum, term);
    }
    if (coefficients == 0) eq_spice_expected(s, eq_token_peek(c), "the coefficients of poly");
    if (sum.slot == EQ_NONE) sum = eq_formula_number(s->formula, sum.number);
    s->formula->result = sum.slot;
    if (letter == 'b' && eq_skip_blank(c) && *c->p == '}') c->p++;
    return coefficients > 0;
}

/* The same in front of points: braces or quotes end it, {v(a)} -2,1 is no difference. */
static bool read_abscissa(eq_spice *s, eq_cursor *c) {
    if (eq_token_peek(c).kind == EQ_TOKEN_EQUAL) eq_token_next(c);
    eq_token t = eq_token_peek(c);
    if (t.kind != EQ_TOKEN_GROUP) return read_expression(s, c, 'e');
    eq_cursor inside = eq_cursor_over_token(c, &t);
    eq_token_next(c);
    return read_expression(s, &inside, 'e');
}

/* The points (x, y) of a table, x rising. */
static bool read_points(eq_spice *s, eq_cursor *c, double **point, size_t *count) {
    size_t cap = 0, n = 0;
    for (; eq_spice_at_value(s, c); n++, *count = n / 2) {
        eq_token at = eq_token_peek(c);
        if (!eq_grow((void **)point, &cap, n + 1, sizeof **point)) {
            eq_spice_no_memory(s);
            return false;
        }
        if (!eq_spice_number_at(s, c, &(*point)[n], "a point")) return false;
        if (n % 2 == 0 && n > 0 && !((*point)[n] > (*point)[n - 2])) {
            eq_spice_fail(s, at.at, "x of the table must rise, but %g follows %g; sort the points",
                          (*point)[n], (*point)[n - 2]);
            return false;
        }
    }
    if (*count >= 2 && n % 2 == 0) return true;
    eq_spice_expected(s, eq_token_peek(c),
                      n % 2 != 0 ? "the y of the last point of the table"
                                 : "the points (x1,y1) (x2,y2) ... of the table");
    return false;
}

/* table {EXPRESSION} = (x1,y1) (x2,y2) ... */
static bool read_table(eq_spice *s, eq_cursor *c, char letter) {
    double *point = NULL;
    size_t count = 0;
    bool done = false;
    (void)letter;
    if (read_abscissa(s, c)) {
        if (eq_token_peek(c).kind == EQ_TOKEN_EQUAL) eq_token_next(c);
        if (read_points(s, c, &point, &count)) {
            eq_operand x = {NAN, s->formula->result};
            double share = s->circuit->dialect == EQ_NGSPICE ? 0.1 : 0.0;
            x = eq_formula_table(s->formula, x, point, count, share);
            s->formula->result = x.slot;
            done = true;
        }
    }
    eq_free(point);
    return done;
}

static const struct form {
    const char *letters, *word;
    int cls; /* -1: as the letter says */
    form_reader read;
} forms[] = {
    {"b", "v", EQ_CLASS_behavioural_voltage, read_expression},
    {"b", "i", EQ_CLASS_behavioural_current, read_expression},
    {"efgh", "value", -1, read_expression},
    {"eh", "vol", -1, read_expression},
    {"gf", "cur", -1, read_expression},
    {"efgh", "poly", -1, read_polynomial},
    {"efgh", "table", -1, read_table},
};

static const struct form *form_of(char letter, eq_token word) {
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++)
        if (strchr(forms[k].letters, letter) != NULL && eq_token_is(word, forms[k].word))
            return &forms[k];
    return NULL;
}

/* False, with an error, when memory ran out while the formula was built. */
static bool whole(eq_spice *s, const eq_formula *f) {
    if (f->failed) eq_spice_no_memory(s);
    return !f->failed;
}

eq_lookup eq_spice_formula(eq_spice *s, eq_cursor *c, char letter, eq_card *card) {
    eq_cursor behind = *c;
    const struct form *form = form_of(letter, eq_token_next(&behind));
    if (form == NULL) return EQ_NOT_FOUND;
    *c = behind;
    bool voltage = letter == 'e' || letter == 'h';
    int cls = form->cls >= 0 ? form->cls
              : voltage      ? EQ_CLASS_behavioural_voltage
                             : EQ_CLASS_behavioural_current;
    eq_node a = card->term[0], b = card->term[1];
    *card = eq_card_new(cls);
    card->term[0] = a;
    card->term[1] = b;
    eq_spice own = *s;
    own.formula = eq_formula_new();
    if (own.formula == NULL) eq_spice_no_memory(s);
    bool done = own.formula != NULL && form->read(&own, c, letter) && whole(s, own.formula);
    if (done)
        card->formula = own.formula;
    else
        eq_formula_free(own.formula);
    return done ? EQ_FOUND : EQ_LOOKUP_FAILED;
}

/* y becomes y (1 + tc1 dT + tc2 dT^2), or y divided by that (ngspice manual, 5.1.1). */
bool eq_spice_formula_temperature(eq_spice *s, eq_formula *f, const eq_warmth *w, const char *sign,
                                  eq_operand reference) {
    if (w->tc1 == 0.0 && w->tc2 == 0.0) return true;
    eq_formula_input temper = {EQ_INPUT_TEMPERATURE, EQ_NONE, EQ_NONE, EQ_NONE};
    eq_operand one = {1.0, EQ_NONE}, y = {NAN, f->result}, dt = {w->temp, EQ_NONE};
    if (isnan(w->temp)) dt = eq_formula_input_of(f, temper);
    if (isnan(w->temp) && w->dtemp != 0.0) dt = binary(f, "+", dt, (eq_operand){w->dtemp, EQ_NONE});
    dt = binary(f, "-", dt, reference);
    eq_operand slope = binary(f, "*", dt, (eq_operand){w->tc2, EQ_NONE});
    slope = binary(f, "+", slope, (eq_operand){w->tc1, EQ_NONE});
    y = binary(f, sign, y, binary(f, "+", one, binary(f, "*", dt, slope)));
    f->result = y.slot;
    return whole(s, f);
}

bool eq_spice_formula_conductance(eq_spice *s, eq_formula *f, eq_node a, eq_node b, eq_operand y) {
    eq_formula_input drop = {EQ_INPUT_DROP, a, b, EQ_NONE};
    eq_operand i = binary(f, "/", eq_formula_input_of(f, drop), y);
    f->result = i.slot;
    return whole(s, f);
}
