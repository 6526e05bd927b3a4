/* Waveforms of V and I sources: what they give at dc, that is at t = 0 (ngspice manual, 4.1, and
 * measured with ngspice 39; Xyce reference guide, "Independent voltage source"; LTspice help,
 * "V. Voltage source"). Where a number is missing or 0 they take the step or the end of a transient
 * analysis for it: an operating point has neither, both are 0, as in ngspice. */
#include <math.h>

#include "base/mem.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/part.h"

enum { MOST = 8 };

static const double pi = 3.14159265358979323846;

/* The numbers behind the word; those that are not given are 0. */
typedef struct numbers {
    double at[MOST];
    int count;
    eq_dialect dialect;
} numbers;

/* NAN: the value depends on where a transient analysis ends. */
typedef double (*value_at_zero)(const numbers *n);

/* sin(offset amplitude frequency delay damping phase cycles) */
static double sine(const numbers *n) {
    enum { OFFSET, AMPLITUDE, FREQUENCY, DELAY, DAMPING, PHASE, CYCLES };
    const double *a = n->at;
    double t = -a[DELAY], phase = a[PHASE] * pi / 180.0;
    bool over = n->dialect == EQ_LTSPICE && a[CYCLES] > 0.0 && t * a[FREQUENCY] > a[CYCLES];
    if (t <= 0.0 || over) return a[OFFSET] + a[AMPLITUDE] * sin(phase);
    if (a[FREQUENCY] == 0.0 && n->dialect == EQ_NGSPICE) return NAN;
    return a[OFFSET] +
           a[AMPLITUDE] * sin(2.0 * pi * a[FREQUENCY] * t + phase) * exp(-t * a[DAMPING]);
}

/* pulse(low high delay rise fall width period pulses) */
static double pulse(const numbers *n) {
    enum { LOW, HIGH, DELAY, RISE, FALL, WIDTH, PERIOD, PULSES };
    const double *a = n->at;
    double t = -a[DELAY], end = a[RISE] + a[WIDTH] + a[FALL];
    if (t <= 0.0 || (a[PULSES] > 0.0 && t > a[PULSES] * a[PERIOD])) return a[LOW];
    if (a[PERIOD] == 0.0 && n->dialect != EQ_XYCE) return NAN;
    if (a[PERIOD] != 0.0 && t > a[PERIOD]) t -= a[PERIOD] * floor(t / a[PERIOD]);
    if (t <= 0.0 || t >= end) return a[LOW];
    if (t >= a[RISE] && t <= a[RISE] + a[WIDTH]) return a[HIGH];
    if (t < a[RISE]) return a[LOW] + (a[HIGH] - a[LOW]) * t / a[RISE];
    return a[HIGH] + (a[LOW] - a[HIGH]) * (t - a[RISE] - a[WIDTH]) / a[FALL];
}

/* 1 - exp(-t/tau), 0 before t = 0; tau 0 is a jump. */
static double rise(double t, double tau) {
    if (t <= 0.0) return 0.0;
    return tau == 0.0 ? 1.0 : 1.0 - exp(-t / tau);
}

/* exp(low high rise-delay rise-tau fall-delay fall-tau) */
static double exponential(const numbers *n) {
    enum { LOW, HIGH, RISE_DELAY, RISE_TAU, FALL_DELAY, FALL_TAU };
    const double *a = n->at;
    bool own = n->count > FALL_DELAY && (a[FALL_DELAY] != 0.0 || n->dialect == EQ_XYCE);
    double up = -a[RISE_DELAY], down = own ? -a[FALL_DELAY] : up, step = a[HIGH] - a[LOW];
    if (up <= 0.0) return a[LOW];
    return a[LOW] + step * rise(up, a[RISE_TAU]) - step * rise(down, a[FALL_TAU]);
}

/* sffm(offset amplitude carrier index signal carrier-phase signal-phase): the frequencies say
 * nothing at t = 0. */
static double frequency_modulated(const numbers *n) {
    enum { OFFSET, AMPLITUDE, CARRIER, INDEX, SIGNAL, CARRIER_PHASE, SIGNAL_PHASE };
    const double *a = n->at;
    double inner = a[INDEX] * sin(a[SIGNAL_PHASE] * pi / 180.0);
    return a[OFFSET] + a[AMPLITUDE] * sin(a[CARRIER_PHASE] * pi / 180.0 + inner);
}

/* am(amplitude offset signal carrier delay carrier-phase signal-phase): ngspice 39 takes the phase
 * of the signal for both (measured). */
static double amplitude_modulated(const numbers *n) {
    enum { AMPLITUDE, OFFSET, SIGNAL, CARRIER, DELAY, CARRIER_PHASE, SIGNAL_PHASE };
    const double *a = n->at;
    double t = -a[DELAY], phase = a[SIGNAL_PHASE] * pi / 180.0;
    if (t <= 0.0) return 0.0;
    if (a[SIGNAL] == 0.0) return NAN;
    return a[AMPLITUDE] * (a[OFFSET] + sin(2.0 * pi * a[SIGNAL] * t + phase)) *
           sin(2.0 * pi * a[CARRIER] * t + phase);
}

/* trnoise(amplitude step exponent amplitude ..): nothing before a transient analysis (measured). */
static double noise(const numbers *n) {
    (void)n;
    return 0.0;
}

/* trrandom(type step delay width mean): the mean (measured). */
static double random_steps(const numbers *n) {
    enum { TYPE, STEP, DELAY, WIDTH, MEAN };
    return n->at[MEAN];
}

static const struct waveform {
    const char *name;
    value_at_zero value;
} waveforms[] = {{"sin", sine},
                 {"sine", sine},
                 {"pulse", pulse},
                 {"exp", exponential},
                 {"sffm", frequency_modulated},
                 {"am", amplitude_modulated},
                 {"trnoise", noise},
                 {"trrandom", random_steps}};

static bool read_numbers(eq_spice *s, eq_cursor *c, eq_token word, numbers *n) {
    for (; eq_spice_at_value(s, c); n->count++) {
        double value;
        if (!eq_spice_number_at(s, c, &value, "a number")) return false;
        if (n->count < MOST) n->at[n->count] = value;
    }
    bool pulse_of_xyce = n->dialect == EQ_XYCE && eq_token_is(word, "pulse");
    if (n->count >= (pulse_of_xyce ? 1 : 2)) return true;
    eq_spice_expected(s, eq_token_peek(c),
                      n->count == 0 ? "the numbers of the waveform"
                                    : "the second number of the waveform");
    return false;
}

static bool from_numbers(eq_spice *s, eq_cursor *c, eq_token word, value_at_zero at_zero,
                         double *value) {
    numbers n = {.count = 0, .dialect = (eq_dialect)s->circuit->dialect};
    if (!read_numbers(s, c, word, &n)) return false;
    *value = at_zero(&n);
    if (isfinite(*value)) return true;
    eq_spice_fail(s, word.at,
                  "%.*s has begun before t = 0 and its period or frequency is the end of a "
                  "transient analysis, which an operating point has not; give it, or a dc value",
                  (int)word.length, word.text);
    return false;
}

/* The points t1 v1 t2 v2 ... of a pwl, its delay td= and r=, from where it repeats. */
typedef struct points {
    double *at;
    size_t count, cap; /* of numbers */
    double delay, repeat;
    bool repeats;
} points;

static bool read_points(eq_spice *s, eq_cursor *c, points *p) {
    while (eq_spice_at_value(s, c)) {
        if (!eq_grow((void **)&p->at, &p->cap, p->count + 2, sizeof *p->at)) {
            eq_spice_no_memory(s);
            return false;
        }
        double *next = p->at + p->count;
        if (!eq_spice_number_at(s, c, &next[0], "a time") ||
            !eq_spice_number_at(s, c, &next[1], "the value at that time"))
            return false;
        p->count += 2;
    }
    if (p->count > 0) return true;
    eq_spice_expected(s, eq_token_peek(c), "the points of pwl(t1 v1 t2 v2 ...)");
    return false;
}

/* td=DELAY and r=TIME behind the points; r=-1 repeats nothing. */
static bool read_words(eq_spice *s, eq_cursor *c, points *p) {
    for (;;) {
        eq_token word = eq_token_peek(c);
        bool delay = eq_token_is(word, "td"), repeat = eq_token_is(word, "r");
        if (!delay && !repeat) return true;
        eq_token_next(c);
        if (eq_token_peek(c).kind == EQ_TOKEN_EQUAL) eq_token_next(c);
        if (!eq_spice_number_at(s, c, delay ? &p->delay : &p->repeat, "a time")) return false;
        if (delay) continue;
        p->repeats = p->repeat >= -0.5; /* as ngspice parts times from the -1 for never */
        bool found = !p->repeats;
        for (size_t k = 0; k + 2 < p->count; k += 2)
            found |= p->at[k] == p->repeat && p->repeat < p->at[p->count - 2];
        if (found) continue;
        eq_spice_fail(s, word.at,
                      "r=%g is the time of no point before the last; a pwl repeats from one of its "
                      "points to the last",
                      p->repeat);
        return false;
    }
}

/* By linear interpolation; the first or last value outside. */
static double interpolate(const points *p, double t) {
    const double *at = p->at;
    if (t < at[0]) return at[1];
    for (size_t k = 0; k + 3 < p->count; k += 2) {
        if (t == at[k]) return at[k + 1];
        if (at[k] < t && t < at[k + 2])
            return at[k + 1] + (t - at[k]) / (at[k + 2] - at[k]) * (at[k + 3] - at[k + 1]);
    }
    return at[p->count - 1];
}

static bool piecewise(eq_spice *s, eq_cursor *c, double *value) {
    points p = {NULL, 0, 0, 0.0, 0.0, false};
    bool good = read_points(s, c, &p) && read_words(s, c, &p);
    if (good) {
        double t = -p.delay, end = p.at[p.count - 2];
        if (p.repeats && t >= end) t = p.repeat + fmod(t - p.repeat, end - p.repeat);
        bool waits = s->circuit->dialect == EQ_XYCE && t < 0.0;
        *value = waits ? 0.0 : interpolate(&p, t);
    }
    eq_free(p.at);
    return good;
}

bool eq_spice_waveform(eq_spice *s, eq_cursor *c, eq_token word, double *at_zero) {
    *at_zero = NAN;
    if (eq_token_is(word, "pwl")) {
        if (!piecewise(s, c, at_zero)) *at_zero = NAN;
        return true;
    }
    if (eq_token_is(word, "external")) { /* of a program around the simulator */
        eq_spice_fail(s, word.at,
                      "the waveform external is not supported; give a dc value instead");
        return true;
    }
    for (size_t k = 0; k < sizeof waveforms / sizeof *waveforms; k++)
        if (eq_token_is(word, waveforms[k].name)) {
            if (!from_numbers(s, c, word, waveforms[k].value, at_zero)) *at_zero = NAN;
            return true;
        }
    return false;
}
