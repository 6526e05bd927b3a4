/* The resistance of a resistor by its geometry, rsh times the squares of the sheet. In ngspice
 * (l - 2 short)/(w - 2 narrow) (manual, 3.3.2 "Semiconductor resistors"; measured: the ends are
 * taken off twice); in Xyce (l - narrow)/(w - narrow), and only with an l on the line (reference
 * guide, "Resistor"). */
#include <math.h>

#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/geometry.h"
#include "netlist/spice/model.h"
#include "netlist/spice/part.h"

enum { RSH, DEFW, DEFL, NARROW, SHORT, PARAMETERS };

static double squares_of(bool xyce, double length, double width, const double *model) {
    if (isnan(length)) length = model[DEFL];
    if (isnan(width)) width = model[DEFW];
    return xyce ? (length - model[NARROW]) / (width - model[NARROW])
                : (length - 2.0 * model[SHORT]) / (width - 2.0 * model[NARROW]);
}

bool eq_spice_sheet(eq_spice *s, eq_token model, double length, double width, double *r) {
    bool ngspice = s->circuit->dialect == EQ_NGSPICE; /* 39 does not know defl (measured) */
    const char *const name[PARAMETERS] = {"rsh", "defw|w", ngspice ? "l" : "defl|l", "narrow|dw",
                                          "short|dlr"};
    double value[PARAMETERS] = {0.0, 10e-6, 10e-6, 0.0, 0.0};
    eq_spice there = *s;
    eq_definition *d = eq_spice_model_card(s, model, 'r', &there.frame);
    eq_cursor c = d == NULL ? (eq_cursor){0} : d->value;
    if (d == NULL) return false;
    eq_token_next(&c); /* the type */
    if (!eq_spice_card_values(&there, c, name, PARAMETERS, value)) return false;
    bool xyce = s->circuit->dialect == EQ_XYCE;
    bool has_length = !xyce || (!isnan(length) && length != 0.0);
    if (value[RSH] == 0.0 || !has_length) return true;
    double scale = s->all->scale;
    double squares = squares_of(xyce, scale * length, scale * width, value);
    if (squares > 0.0 && isfinite(squares))
        *r = value[RSH] * squares;
    else
        eq_spice_fail(s, model.at,
                      "a resistor of model %.*s is %g squares long; correct l, w, short "
                      "or narrow",
                      (int)model.length, model.text, squares);
    return squares > 0.0 && isfinite(squares);
}

/* tnom of the model is where its values hold: about T0, the tnom of the deck, with e = T0 - tnom,
 * 1 + tc1 (d + e) + tc2 (d + e)^2 = f (1 + (tc1 + 2 tc2 e)/f d + tc2/f d^2), f being its value at
 * d = 0; 1.01^(tce (d + e)) = 1.01^(tce e) 1.01^(tce d). */
bool eq_spice_reference(eq_spice *s, eq_token model, double *w, double *factor) {
    static const char *const name[] = {"tnom"};
    const eq_device_class *cls = eq_class(EQ_CLASS_resistor);
    double tnom = NAN, *tc1 = &w[eq_param_find(cls, "tc1")], *tc2 = &w[eq_param_find(cls, "tc2")];
    double tce = w[eq_param_find(cls, "tce")];
    eq_spice there = *s;
    eq_definition *d = eq_spice_model_card(s, model, 'r', &there.frame);
    if (d == NULL) return false;
    eq_cursor c = d->value;
    eq_token_next(&c); /* the type */
    if (!eq_spice_card_values(&there, c, name, 1, &tnom)) return false;
    double e = s->circuit->env.tnom - tnom, f;
    if (isnan(tnom) || e == 0.0) return true;
    f = tce != 0.0 ? pow(1.01, tce * e) : 1.0 + *tc1 * e + *tc2 * e * e;
    if (f == 0.0 || !isfinite(f)) {
        eq_spice_fail(s, model.at,
                      "a resistor of model %.*s has no resistance at %g C, where the deck's "
                      "values hold; write the same tnom in .options",
                      (int)model.length, model.text, s->circuit->env.tnom);
        return false;
    }
    if (tce == 0.0) {
        *tc1 = (*tc1 + 2.0 * *tc2 * e) / f;
        *tc2 /= f;
    }
    w[cls->value] *= f;
    *factor *= f;
    return true;
}
