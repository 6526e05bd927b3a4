/* How many nodes a transistor has: what its fourth word is, and what its model takes. */
#include "netlist/spice/error.h"
#include "netlist/spice/line.h"
#include "netlist/spice/model.h"

bool eq_line_has_fourth(const eq_line *l) {
    eq_cursor c = *l->c;
    eq_token fourth = eq_token_next(&c), fifth = eq_token_peek(&c);
    bool model = eq_spice_names_model(l->s, fourth), behind = eq_spice_names_model(l->s, fifth);
    if (eq_line_class(l)->letter == 'm') return behind || !model;
    return behind || (fifth.kind == EQ_TOKEN_WORD && !model);
}

bool eq_line_fits(const eq_line *l, const eq_device_class *of_model) {
    bool three = eq_class_terminals(of_model) == 3;
    if (of_model->letter != 'm' || three == l->bare) return true;
    int n = (int)l->name.length;
    if (three) { /* ngspice takes it for that of the temperature */
        eq_spice_note(
            l->s, "vdmos", l->name.at,
            "ignored: the fourth node of %.*s (and of others), whose model is a VDMOS of three; "
            "self-heating is not supported",
            n, l->name.text);
        return true;
    }
    eq_spice_fail(l->s, l->name.at,
                  "%.*s has three nodes, but its model has four; write %.*s DRAIN GATE SOURCE BULK "
                  "MODEL",
                  n, l->name.text, n, l->name.text);
    return false;
}
