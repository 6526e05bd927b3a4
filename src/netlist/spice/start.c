/* .nodeset and .ic: where Newton starts (ngspice manual, 11.2; Xyce Reference Guide, .NODESET and
 * .IC). */
#include <string.h>

#include "netlist/spice/cards.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/find.h"

static void add(eq_spice *s, eq_node node, double value) {
    eq_spice_pass_on(s, eq_circuit_start(s->circuit, node, value, s->scratch));
}

/* = EXPRESSION, or a value alone. */
static bool value_of(eq_spice *s, eq_cursor *c, double *value) {
    if (eq_token_peek(c).kind != EQ_TOKEN_EQUAL)
        return eq_spice_number_at(s, c, value, "the potential");
    eq_token_next(c);
    if (eq_token_peek(c).kind != EQ_TOKEN_END) return eq_spice_value(s, c, value) == EQ_OK;
    eq_spice_expected(s, eq_token_peek(c), "the potential");
    return false;
}

/* v(NODE)=VALUE, NODE VALUE (Xyce) or all=VALUE; i(L1)=VALUE says nothing at dc. */
static bool one_start(eq_spice *s, eq_cursor *c, const char *card) {
    double value;
    eq_token t = eq_token_next(c);
    bool called = eq_skip_blank(c) && *c->p == '(';
    bool current = called && eq_token_is(t, "i");
    bool all = eq_token_is(t, "all") && eq_token_peek(c).kind == EQ_TOKEN_EQUAL;
    if (t.kind != EQ_TOKEN_WORD) {
        eq_spice_expected(s, t, "v(NODE)=VALUE");
        return false;
    }
    if (called && (current || eq_token_is(t, "v"))) t = eq_token_next(c);
    eq_node node = all || current ? EQ_NONE : eq_spice_find_node(s, t, card);
    if (!all && !current && node == EQ_NONE) return false;
    if (!value_of(s, c, &value)) return false;
    if (current)
        eq_spice_note(s, "i()", t.at, "ignored: i() of %s, which says nothing at dc", card);
    else
        add(s, node, value);
    return true;
}

/* A card without any says nothing. */
static void read_starts(eq_spice *s, eq_cursor *c, const char *card) {
    while (eq_token_peek(c).kind != EQ_TOKEN_END)
        if (!one_start(s, c, card)) return;
}

void eq_spice_nodeset(eq_spice *s, eq_cursor *c, eq_location at) {
    (void)at;
    read_starts(s, c, ".nodeset");
}

void eq_spice_ic(eq_spice *s, eq_cursor *c, eq_location at) {
    if (eq_token_peek(c).kind == EQ_TOKEN_END) return;
    eq_spice_note(s, ".ic", at, "potentials of .ic are taken as a start, as those of .nodeset");
    read_starts(s, c, ".ic");
}
