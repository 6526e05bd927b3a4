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
    eq_spice_fail(l->s, l->name.at,
                  three ? "%.*s has four nodes, but its model is a VDMOS, which has three "
                          "(self-heating is not supported); write %.*s DRAIN GATE SOURCE MODEL"
                        : "%.*s has three nodes, but its model has four; write %.*s DRAIN GATE "
                          "SOURCE BULK MODEL",
                  n, l->name.text, n, l->name.text);
    return false;
}
