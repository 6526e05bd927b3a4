/* The formula="..." of a behavioural source in XML: an expression as in a SPICE deck, with all its
 * numbers written out. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "netlist/expression.h"
#include "netlist/xml/circuit.h"

typedef struct formula_reader {
    eq_circuit *c;
    eq_formula *formula;
    eq_diag *diag;
    eq_status status;
} formula_reader;

static void fail(void *data, eq_location at, const char *format, ...) {
    formula_reader *r = data;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    at.column = 0; /* of the attribute's text, not of the file */
    r->status = eq_fail_at(r->diag, EQ_ERR_INPUT, eq_circuit_place(r->c, at), "formula: %s", text);
}

/* There are no parameters and no functions beside the built-in ones. */
static eq_lookup parameter(void *data, eq_token name, eq_operand *value) {
    (void)data;
    (void)name;
    (void)value;
    return EQ_NOT_FOUND;
}

static eq_lookup function(void *data, eq_token name, const eq_operand *arg, int args,
                          eq_operand *value) {
    (void)arg;
    (void)args;
    return parameter(data, name, value);
}

/* The writer spells functions itself. */
static const char *nearest(void *data, eq_token name, char buffer[96]) {
    (void)data;
    (void)name;
    buffer[0] = '\0';
    return buffer;
}

static bool name_of(eq_token t, char text[EQ_MAX_NAME + 1]) {
    if (t.length > EQ_MAX_NAME) return false;
    memcpy(text, t.text, t.length);
    text[t.length] = '\0';
    return true;
}

static eq_lookup input(void *data, eq_token what, eq_token first, eq_token second,
                       eq_operand *value) {
    formula_reader *r = data;
    char name[EQ_MAX_NAME + 1], other[EQ_MAX_NAME + 1];
    eq_formula_input in = {EQ_INPUT_TEMPERATURE, EQ_NONE, EQ_NONE, EQ_NONE};
    bool good = name_of(first, name) && name_of(second, other);
    if (eq_token_is(what, "v")) {
        in.kind = EQ_INPUT_DROP;
        in.plus = good ? eq_circuit_find_node(r->c, name) : EQ_NONE;
        in.minus = second.length == 0 ? EQ_GROUND
                   : good             ? eq_circuit_find_node(r->c, other)
                                      : EQ_NONE;
        good = in.plus != EQ_NONE && in.minus != EQ_NONE;
    } else if (eq_token_is(what, "i")) {
        in.kind = EQ_INPUT_CURRENT;
        in.branch = good ? eq_circuit_find_element(r->c, name) : EQ_NONE;
        good = in.branch != EQ_NONE;
    }
    if (!good)
        fail(r, first.at, "there is no %.*s; check the names in it", (int)first.length, first.text);
    if (good) *value = eq_formula_input_of(r->formula, in);
    return good ? EQ_FOUND : EQ_LOOKUP_FAILED;
}

eq_status eq_xml_formula(eq_circuit *c, const char *text, eq_location at, eq_formula *formula,
                         eq_diag *diag) {
    formula_reader r = {c, formula, diag, EQ_OK};
    int depth = 0;
    eq_names_of names = {.data = &r,
                         .depth = &depth,
                         .formula = formula,
                         .dialect = EQ_NGSPICE,
                         .parameter = parameter,
                         .function = function,
                         .input = input,
                         .nearest = nearest,
                         .nearest_parameter = nearest,
                         .fail = fail};
    eq_cursor cursor = eq_cursor_new(at.file, text, strlen(text));
    eq_operand value;
    cursor.line = at.line;
    bool read = eq_expression(&cursor, &names, &value);
    if (read && eq_skip_blank(&cursor))
        fail(&r, at, "unexpected '%.20s' behind the expression; remove it", cursor.p);
    if (read && value.slot == EQ_NONE) value = eq_formula_number(formula, value.number);
    if (read) formula->result = value.slot;
    if (formula->failed) r.status = eq_out_of_memory(diag);
    return r.status;
}
