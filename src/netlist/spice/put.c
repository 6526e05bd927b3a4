#include "netlist/spice/put.h"

#include <math.h>
#include <stdio.h>

#include "netlist/spice/error.h"
#include "netlist/spice/name.h"

eq_element eq_spice_put(eq_spice *s, eq_card *card, eq_token name) {
    eq_element e = EQ_NONE;
    card->at = name.at;
    card->name = name.text;
    card->name_length = name.length;
    if (s->frame->prefix[0] != '\0') {
        eq_spice_full_name(s, name);
        if (s->all->stop) return EQ_NONE;
        card->name = s->all->name.text;
        card->name_length = s->all->name.length;
    }
    eq_status status = eq_circuit_add(s->circuit, card, &e, s->scratch);
    if (status != EQ_OK) eq_spice_pass_on(s, status);
    return status == EQ_OK ? e : EQ_NONE;
}

enum { LONGEST = EQ_MAX_NAME + 8 };

/* PREFIX NAME #SUFFIX; # stands in no name that LTspice makes. */
static eq_token own_name(const eq_line *l, char text[LONGEST], const char *prefix,
                         const char *suffix) {
    int length = l->name.length < EQ_MAX_NAME ? (int)l->name.length : EQ_MAX_NAME;
    int n = snprintf(text, LONGEST, "%s%.*s#%s", prefix, length, l->name.text, suffix);
    return (eq_token){EQ_TOKEN_WORD, text, (size_t)n, l->name.at};
}

static bool put_resistor(eq_line *l, const char *suffix, eq_node a, eq_node b, double ohm) {
    char text[LONGEST];
    eq_card card = eq_card_new(EQ_CLASS_resistor);
    card.term[0] = a;
    card.term[1] = b;
    card.w[eq_class(EQ_CLASS_resistor)->value] = ohm / (l->m * l->s->frame->m);
    return eq_spice_put(l->s, &card, own_name(l, text, "r", suffix)) != EQ_NONE;
}

static void note_origin(eq_line *l, const char *what) {
    if (l->s->circuit->dialect != EQ_LTSPICE)
        eq_spice_note(l->s, what, l->name.at,
                      "%s of %.*s (and of others) counts, as in LTspice; in ngspice and Xyce it is "
                      "a resistor of its own",
                      what, (int)l->name.length, l->name.text);
}

bool eq_line_parasitics(eq_line *l) {
    char text[LONGEST];
    eq_node a = l->card.term[0], b = l->card.term[1];
    if (l->parallel == 0.0) {
        eq_spice_fail(l->s, l->name.at, "%.*s has an rpar of 0 ohm, which shorts it; take it out",
                      (int)l->name.length, l->name.text);
        return false;
    }
    if (!isnan(l->parallel)) {
        note_origin(l, "rpar");
        if (!put_resistor(l, "par", a, b, l->parallel)) return false;
    }
    if (isnan(l->series) || l->series == 0.0) return true;
    note_origin(l, "rser");
    l->card.term[0] = eq_spice_node(l->s, own_name(l, text, "", "ser"));
    return l->card.term[0] != EQ_NONE && put_resistor(l, "ser", a, l->card.term[0], l->series);
}

void eq_line_capacitor(eq_line *l) {
    eq_spice *s = l->s;
    double farad = l->reactance * l->m * l->scale * s->frame->m;
    if (isnan(farad))
        eq_spice_note(s, "capacitance", l->name.at,
                      "%.*s (and others) has no capacitance that is known here, so it does not "
                      "count in a settling time (eval --power)",
                      (int)l->name.length, l->name.text);
    eq_spice_full_name(s, l->name);
    if (s->all->stop) return;
    eq_status status = eq_circuit_capacitor(s->circuit, s->all->name.text, s->all->name.length,
                                            l->card.term, farad, l->name.at, s->scratch);
    if (status != EQ_OK) eq_spice_pass_on(s, status);
}
