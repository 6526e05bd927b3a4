/* Waveforms of V and I sources: what they give at dc, that is at t = 0 (ngspice's VSRCload). */
#include <math.h>

#include "netlist/spice.h"

enum { MOST = 8 };

/* How the first numbers of a waveform give its value at t = 0. */
typedef enum start_rule { START_FIRST, START_SIN, START_PWL, START_ZERO, START_REFUSE } start_rule;

static const struct waveform {
    const char *name;
    start_rule rule;
} waveforms[] = {{"sin", START_SIN},        {"pulse", START_FIRST},    {"exp", START_FIRST},
                 {"sffm", START_FIRST},     {"pwl", START_PWL},        {"am", START_ZERO},
                 {"sine", START_SIN},       {"trnoise", START_REFUSE}, {"trrandom", START_REFUSE},
                 {"external", START_REFUSE}};

/* Reads the points t1 v1 t2 v2 ...; the value at t = 0 by linear interpolation, the first or last
 * value outside. */
static bool piecewise(eq_spice *s, eq_cursor *c, double *value) {
    double t0 = 0.0, v0 = NAN, t, v;
    bool passed = false;
    while (eq_spice_is_value(eq_token_peek(c))) {
        if (!eq_spice_number_at(s, c, &t, "a time") ||
            !eq_spice_number_at(s, c, &v, "the value at that time"))
            return false;
        if (!passed && (isnan(v0) || t <= 0.0))
            *value = v;
        else if (!passed && t0 < 0.0)
            *value = v0 + (v - v0) * (0.0 - t0) / (t - t0);
        passed = passed || t >= 0.0;
        t0 = t;
        v0 = v;
    }
    if (!isnan(v0)) return true;
    eq_spice_expected(s, eq_token_peek(c), "the points of pwl(t1 v1 t2 v2 ...)");
    return false;
}

static bool numbers(eq_spice *s, eq_cursor *c, double a[MOST], int *count) {
    for (*count = 0; eq_spice_is_value(eq_token_peek(c)); ++*count) {
        double value;
        if (!eq_spice_number_at(s, c, &value, "a number")) return false;
        if (*count < MOST) a[*count] = value;
    }
    if (*count > 0) return true;
    eq_spice_expected(s, eq_token_peek(c), "the numbers of the waveform");
    return false;
}

bool eq_spice_waveform(eq_spice *s, eq_cursor *c, eq_token word, double *at_zero) {
    const struct waveform *w = NULL;
    double a[MOST] = {0.0};
    int count;
    for (size_t k = 0; k < sizeof waveforms / sizeof *waveforms; k++)
        if (eq_token_is(word, waveforms[k].name)) w = &waveforms[k];
    if (w == NULL) return false;
    *at_zero = NAN;
    if (w->rule == START_REFUSE) {
        eq_spice_fail(s, word.at, "the waveform %s is not supported; give a dc value instead",
                      w->name);
    } else if (w->rule == START_PWL) {
        if (!piecewise(s, c, at_zero)) *at_zero = NAN;
    } else if (numbers(s, c, a, &count)) {
        *at_zero = w->rule == START_ZERO ? 0.0 : a[0];
        /* sin(offset amplitude frequency delay damping phase) */
        if (w->rule == START_SIN) *at_zero += a[1] * sin(a[5] * 3.14159265358979323846 / 180.0);
    }
    return true;
}
