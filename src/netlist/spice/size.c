/* A diode by what its line says of its size. */
#include <math.h>

#include "netlist/spice/geometry.h"
#include "netlist/spice/line.h"
#include "netlist/spice/model.h"

/* The parameter k if it stands on the line, else NAN. */
static double own_param(const eq_line *l, int k) {
    return (l->own >> k & 1) != 0 ? l->card.w[k] : NAN;
}

bool eq_line_measure_diode(eq_line *l) {
    const eq_device_class *cls = eq_line_class(l);
    int area = eq_param_find(cls, "area"), pj = eq_param_find(cls, "pj");
    eq_spice there = *l->s;
    eq_junction_size of_model, size;
    if (l->card.model == EQ_NONE || pj < 0) return true;
    eq_size own = {own_param(l, area), own_param(l, pj), l->length, l->width};
    if (isnan(own.area) && isnan(own.perimeter) && isnan(own.length) && isnan(own.width))
        return true;
    eq_definition *d = eq_spice_model_card(l->s, l->model, 'd', &there.frame);
    eq_cursor c = d == NULL ? (eq_cursor){0} : d->value;
    if (d == NULL) return false;
    eq_token_next(&c); /* the type */
    if (!eq_spice_junction(&there, c, own, &size) ||
        !eq_spice_junction(&there, c, eq_no_size(), &of_model))
        return false;
    l->card.w[area] = size.area;
    l->card.w[pj] = size.perimeter;
    l->card.w[eq_param_find(cls, "ibv")] *= size.breakdown / of_model.breakdown;
    return true;
}
