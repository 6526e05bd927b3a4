#include "report/symbol.h"

#include <math.h>

enum { HALF = 18 }; /* of a symbol's length */

/* In the middle of a branch that runs along x from -18 to 18. */
static const char resistor[] = "<path class=\"f\" d=\"M-18-6.5h36v13h-36z\"/>";
static const char nonlinear[] =
    "<path class=\"f\" d=\"M-18-6.5h36v13h-36z\"/><path d=\"M-16 11h7l18-22\"/>";
static const char diode[] =
    "<path class=\"k\" d=\"M-8-9L9 0L-8 9z\"/><path d=\"M9-9.5v19M-18 0h36\"/>";
static const char voltage[] =
    "<circle class=\"f\" r=\"15\"/><path d=\"M-18 0h3M15 0h3M-11 0h6M-8-3v6\"/>";
static const char current[] =
    "<circle class=\"f\" r=\"15\"/><path d=\"M-18 0h3M15 0h3M-9 0h17M4-4l5 4l-5 4\"/>";
static const char driven_voltage[] =
    "<path class=\"f\" d=\"M-17 0L0-13L17 0L0 13z\"/><path d=\"M-11 0h6M-8-3v6\"/>";
static const char driven_current[] =
    "<path class=\"f\" d=\"M-17 0L0-13L17 0L0 13z\"/><path d=\"M-9 0h17M4-4l5 4l-5 4\"/>";

static const char *symbol_of(const eq_table *t) {
    const eq_device_class *c = t->cls;
    bool volts = c->defined == EQ_VOLTAGE_DEFINED;
    if (eq_is_independent(t)) return volts ? voltage : current;
    if (c->control != EQ_CONTROL_NONE) return volts ? driven_voltage : driven_current;
    return eq_is_linear(t) ? resistor : c->letter == 'd' ? diode : nonlinear;
}

void eq_symbol_line(eq_text *out, eq_point a, eq_point b) {
    eq_html(out, "<path d=\"M%.1f %.1fL%.1f %.1f\"/>", a.x, a.y, b.x, b.y);
}

/* The leads of a branch; the middle, and the angle in degrees. */
static eq_point leads(eq_text *out, eq_point a, eq_point b, double *angle) {
    eq_point middle = {0.5 * (a.x + b.x), 0.5 * (a.y + b.y)};
    double length = hypot(b.x - a.x, b.y - a.y), part = length > 0.0 ? HALF / length : 0.0;
    double dx = (b.x - a.x) * part, dy = (b.y - a.y) * part;
    eq_symbol_line(out, a, (eq_point){middle.x - dx, middle.y - dy});
    eq_symbol_line(out, (eq_point){middle.x + dx, middle.y + dy}, b);
    *angle = atan2(b.y - a.y, b.x - a.x) * 57.29577951308232;
    return middle;
}

void eq_symbol_branch(eq_text *out, const eq_table *t, bool trained, eq_point a, eq_point b) {
    double angle;
    eq_point middle = leads(out, a, b, &angle);
    eq_html(out, "<g transform=\"translate(%.1f %.1f) rotate(%.1f)\">", middle.x, middle.y, angle);
    eq_text_puts(out, symbol_of(t));
    if (trained) eq_text_puts(out, "<path class=\"t\" d=\"M-13 12L13-12M13-12l-7 2M13-12l-2 7\"/>");
    eq_text_puts(out, "</g>");
}

void eq_symbol_amplifier(eq_text *out, eq_point a, eq_point b) {
    double angle;
    eq_point middle = leads(out, a, b, &angle);
    eq_html(out,
            "<g transform=\"translate(%.1f %.1f) rotate(%.1f)\"><path class=\"f\" d=\"M-18-17L18 "
            "0L-18 17z\"/></g>",
            middle.x, middle.y, angle);
}

void eq_symbol_ground(eq_text *out, eq_point at, bool up) {
    int s = up ? -1 : 1;
    eq_html(out, "<path d=\"M%.1f %.1fh18m-15 %dh12m-9 %dh6\"/>", at.x - 9.0, at.y, 4 * s, 4 * s);
}

void eq_symbol_text(eq_text *out, eq_point at, const char *anchor, const char *text) {
    eq_html(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>", at.x, at.y, anchor,
            text);
}

void eq_symbol_supply(eq_text *out, eq_point at, bool up, const char *name, double v) {
    char shown[EQ_SHOWN];
    eq_html(out, "<path d=\"M%.1f %.1fh20\"/>", at.x - 10.0, at.y);
    eq_symbol_text(out, (eq_point){at.x, at.y + (up ? -18.0 : 13.0)}, "middle", name);
    if (!isnan(v))
        eq_symbol_text(out, (eq_point){at.x, at.y + (up ? -6.0 : 25.0)}, "middle",
                       eq_shown(v, "V", shown));
}

void eq_symbol_node(eq_text *out, eq_point at, const char *name) {
    eq_html(out, "<circle class=\"k\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", at.x, at.y);
    eq_html(out, "<text class=\"name\" x=\"%.1f\" y=\"%.1f\">%s</text>", at.x + 5.0, at.y - 6.0,
            name);
}
