#include "analysis/measure.h"

#include <float.h>
#include <math.h>

#include "analysis/selection.h"
#include "base/mem.h"
#include "netlist/netlist.h"

/* start + i step, and what a decade is stepped through by factors, is right to so many units of the largest value
 * of the sweep. */
enum { ROUNDINGS = 64 };

/* The points of a quantity, kept for an integral. */
typedef struct curve {
    double *x, *y;
    size_t n, x_cap, y_cap;
} curve;

/* What one event has met so far. */
typedef struct meeting {
    double before; /* difference at the point before */
    int count;
    double x, y, slope; /* where it was met, the quantity there and its slope; NAN: not yet */
    bool open;          /* met on a point: the segment behind it counts in the slope */
} meeting;

/* One card under way. */
typedef struct state {
    double y, least, least_at, most, most_at; /* quantity at the point before, its extremes */
    double slope, width;                      /* of the segment before that point; 0 wide: none */
    meeting event[2];
    curve curve;       /* of the sweep under way */
    double sum, total; /* integral over the sweeps before it, NAN: none met [from, to]; its width */
    bool warned;       /* that it has no value */
} state;

struct eq_measuring {
    size_t cards, count; /* of the circuit; those of this type of analysis */
    unsigned type;
    state *state;     /* [cards] */
    double *measured; /* [cards] */
    size_t points;
    bool linked;     /* the point before belongs to the same sweep */
    bool as_ngspice; /* integrals by its rules */
    double x;        /* at the point before */
    double rounding; /* of a value of the sweep: start + i step is right to that */
};

static bool counts(const eq_measuring *m, const eq_measure *card) {
    return (card->analyses & m->type) != 0;
}

eq_status eq_measuring_new(const eq_deck *d, eq_analysis_type type, eq_measuring **out,
                           eq_diag *diag) {
    size_t count = 0;
    *out = NULL;
    unsigned asked = eq_print_types(d, type);
    for (size_t k = 0; k < d->measures; k++) count += (d->measure[k].analyses & asked) != 0;
    if (count == 0) return EQ_OK;
    eq_measuring *m = eq_calloc(1, sizeof *m);
    if (m == NULL) return eq_out_of_memory(diag);
    m->cards = d->measures;
    m->count = count;
    m->type = asked;
    m->as_ngspice = d->circuit->dialect == EQ_NGSPICE;
    m->state = eq_calloc(m->cards, sizeof *m->state);
    m->measured = eq_calloc(m->cards, sizeof *m->measured);
    if (m->state == NULL || m->measured == NULL) {
        eq_measuring_free(m);
        return eq_out_of_memory(diag);
    }
    *out = m;
    return EQ_OK;
}

void eq_measuring_free(eq_measuring *m) {
    if (m == NULL) return;
    for (size_t k = 0; m->state != NULL && k < m->cards; k++) {
        eq_free(m->state[k].curve.x);
        eq_free(m->state[k].curve.y);
    }
    eq_free(m->state);
    eq_free(m->measured);
    eq_free(m);
}

eq_status eq_measuring_variables(const eq_measuring *m, const eq_deck *d, eq_result *r,
                                 eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < d->measures; k++)
        if (counts(m, &d->measure[k]))
            status =
                eq_result_variable(r, eq_names_get(d->label, d->measure[k].label), "notype", diag);
    return status;
}

size_t eq_measuring_count(const eq_measuring *m) {
    return m == NULL ? 0 : m->count;
}

void eq_measuring_begin(eq_measuring *m) {
    m->points = 0;
    m->linked = false;
    m->rounding = 0.0;
    for (size_t k = 0; k < m->cards; k++) {
        state *s = &m->state[k];
        s->curve.n = 0;
        s->sum = NAN;
        s->total = s->width = s->slope = 0.0;
        s->least = INFINITY;
        s->most = -INFINITY;
        s->least_at = s->most_at = s->y = NAN;
        for (int j = 0; j < 2; j++) s->event[j] = (meeting){NAN, 0, NAN, NAN, NAN, false};
        m->measured[k] = NAN;
    }
}

/* Whether x is in [from, to], whichever way the sweep goes. */
static bool within(const eq_measuring *m, const eq_measure *card, double x) {
    return x >= fmin(card->from, card->to) - m->rounding &&
           x <= fmax(card->from, card->to) + m->rounding;
}

/* y at x on the line through the last point and (x1, y1). */
static double line(const eq_measuring *m, double y0, double x1, double y1, double x) {
    return y0 + (y1 - y0) * (x - m->x) / (x1 - m->x);
}

/* Of the segment from the last point to (x, y). */
static double slope_to(const eq_measuring *m, const state *s, double x, double y) {
    return (y - s->y) / (x - m->x);
}

/* The slope at a point between two segments: of the parabola through their ends. */
static double slope_between(double left, double left_width, double right, double right_width) {
    if (left_width == 0.0) return right;
    return (left * right_width + right * left_width) / (left_width + right_width);
}

/* It is met at x, between the last point and (x1, y1). */
static void met(const eq_measuring *m, const state *s, meeting *e, double x, double x1, double y1) {
    bool first = !m->linked || x1 == m->x, before = fabs(x - m->x) <= m->rounding;
    e->x = x;
    e->y = first ? y1 : line(m, s->y, x1, y1, x);
    e->open = first || fabs(x - x1) <= m->rounding;
    e->slope = first ? NAN : slope_to(m, s, x1, y1);
    if (before && !e->open) e->slope = slope_between(s->slope, s->width, e->slope, fabs(x1 - m->x));
}

/* What was met at the last point has its slope from both sides, where there are two. */
static void close_meetings(const eq_measuring *m, state *s, double x, double y) {
    double width = m->linked ? fabs(x - m->x) : 0.0;
    for (int k = 0; k < 2; k++) {
        meeting *e = &s->event[k];
        if (e->open && width > 0.0)
            e->slope = slope_between(s->slope, s->width, slope_to(m, s, x, y), width);
        e->open = false;
    }
}

/* The swept value passes `at`, with room for a rounding error of the sweep. */
static void pass(const eq_measuring *m, const eq_measure *card, const state *s, meeting *e,
                 double at, double x, double y) {
    double slack = !m->linked ? 1e-9 * fabs(x) : 1e-9 * fabs(x - m->x);
    double last = !m->linked ? x : m->x;
    bool inside = at >= fmin(last, x) - slack && at <= fmax(last, x) + slack;
    if (inside && isnan(e->x) && within(m, card, at)) met(m, s, e, at, x, y);
}

/* The difference crosses zero between the last point and this one. */
static void cross(const eq_measuring *m, const eq_measure *card, const eq_event *event,
                  const state *s, meeting *e, double difference, double x, double y) {
    double before = e->before;
    bool rises = before < 0.0 && difference >= 0.0, falls = before > 0.0 && difference <= 0.0;
    e->before = difference;
    if (!(rises && event->direction >= 0) && !(falls && event->direction <= 0)) return;
    double at = m->x + (x - m->x) * before / (before - difference);
    if (!within(m, card, at) || at < event->delay - m->rounding) return;
    e->count++;
    if (event->count < 0 || e->count == event->count) met(m, s, e, at, x, y);
}

static bool keep(curve *c, double x, double y) {
    if (!eq_grow((void **)&c->x, &c->x_cap, c->n + 1, sizeof *c->x) ||
        !eq_grow((void **)&c->y, &c->y_cap, c->n + 1, sizeof *c->y))
        return false;
    c->x[c->n] = x;
    c->y[c->n++] = y;
    return true;
}

/* Adds the part of the last segment that lies in [from, to]: where it enters, its end, where it
 * leaves. An average takes only the points themselves, as in ngspice. */
static bool keep_segment(const eq_measuring *m, const eq_measure *card, state *s, double x,
                         double y) {
    double low = fmin(card->from, card->to), high = fmax(card->from, card->to);
    bool is = within(m, card, x), whole = true;
    if (card->kind != EQ_MEASURE_AVG && m->linked &&
        fmin(fmax(m->x, x), high) - fmax(fmin(m->x, x), low) > m->rounding) {
        double enter = x > m->x ? low : high, leave = x > m->x ? high : low;
        if (!within(m, card, m->x)) whole = keep(&s->curve, enter, line(m, s->y, x, y, enter));
        if (whole && !is) whole = keep(&s->curve, leave, line(m, s->y, x, y, leave));
    }
    return whole && (!is || keep(&s->curve, x, y));
}

static bool is_integral(const eq_measure *card) {
    return card->kind == EQ_MEASURE_AVG || card->kind == EQ_MEASURE_RMS ||
           card->kind == EQ_MEASURE_INTEG;
}

static bool card_point(eq_measuring *m, const eq_measure *card, state *s, const eq_probe *at,
                       double x) {
    double y = card->what == NULL ? NAN : eq_probe_value(at, card->what);
    close_meetings(m, s, x, y);
    for (int k = 0; k < 2; k++) {
        const eq_event *event = &card->event[k];
        if (event->count == 0) continue;
        if (event->difference == NULL)
            pass(m, card, s, &s->event[k], event->at, x, y);
        else
            cross(m, card, event, s, &s->event[k], eq_probe_value(at, event->difference), x, y);
    }
    if (within(m, card, x) && y < s->least) {
        s->least = y;
        s->least_at = x;
    }
    if (within(m, card, x) && y > s->most) {
        s->most = y;
        s->most_at = x;
    }
    bool kept = !is_integral(card) || keep_segment(m, card, s, x, y);
    s->width = m->linked ? fabs(x - m->x) : 0.0;
    s->slope = s->width > 0.0 ? slope_to(m, s, x, y) : 0.0;
    if (card->kind != EQ_MEASURE_PARAM || within(m, card, x)) s->y = y;
    return kept;
}

eq_status eq_measuring_point(eq_measuring *m, eq_probe *at, double x, eq_diag *diag) {
    at->measured = m->measured;
    m->rounding = fmax(m->rounding, ROUNDINGS * DBL_EPSILON * fabs(x));
    for (size_t k = 0; k < m->cards; k++) {
        const eq_measure *card = &at->d->measure[k];
        if (!counts(m, card)) continue;
        if (!card_point(m, card, &m->state[k], at, x)) return eq_out_of_memory(diag);
        if (card->kind == EQ_MEASURE_PARAM) m->measured[k] = m->state[k].y; /* for events */
    }
    m->x = x;
    m->points++;
    m->linked = true;
    return EQ_OK;
}

/* The integral of f(y) by Simpson's 3/8 and 1/3 rules where the points are equally spaced, but for
 * their rounding, else by trapezoids, as in ngspice (com_measure2.c; measured). Rounding below 0: all by trapezoids. */
static double integrate(const curve *c, double rounding, double (*f)(double)) {
    double sum = 0.0;
    const double *x = c->x, *y = c->y;
    for (size_t i = 0; i + 1 < c->n;) {
        double h = x[i + 1] - x[i];
        bool two = i + 2 < c->n && fabs(x[i + 2] - x[i + 1] - h) <= 2.0 * rounding;
        bool three = two && i + 3 < c->n && fabs(x[i + 3] - x[i + 2] - h) <= 2.0 * rounding;
        h = (x[i + (three ? 3 : two ? 2 : 1)] - x[i]) / (three ? 3.0 : two ? 2.0 : 1.0);
        if (three)
            sum += 0.375 * h * (f(y[i]) + 3.0 * (f(y[i + 1]) + f(y[i + 2])) + f(y[i + 3]));
        else if (two)
            sum += h * (f(y[i]) + 4.0 * f(y[i + 1]) + f(y[i + 2])) / 3.0;
        else
            sum += 0.5 * h * (f(y[i]) + f(y[i + 1]));
        i += three ? 3 : two ? 2 : 1;
    }
    return sum;
}

static double itself(double y) {
    return y;
}

static double square(double y) {
    return y * y;
}

/* Adds the sweep under way to the integral; ngspice has its own rule for all but averages. */
static void add_up(const eq_measuring *m, const eq_measure *card, state *s) {
    const curve *c = &s->curve;
    double rounding = m->as_ngspice && card->kind != EQ_MEASURE_AVG ? m->rounding : -1.0;
    if (c->n == 0) return;
    s->sum = (isnan(s->sum) ? 0.0 : s->sum) +
             integrate(c, rounding, card->kind == EQ_MEASURE_RMS ? square : itself);
    s->total += c->x[c->n - 1] - c->x[0];
    s->curve.n = 0;
}

void eq_measuring_sweep(eq_measuring *m, const eq_deck *d) {
    m->linked = false;
    for (size_t k = 0; k < m->cards; k++) {
        if (is_integral(&d->measure[k])) add_up(m, &d->measure[k], &m->state[k]);
        for (int j = 0; j < 2; j++) m->state[k].event[j].before = NAN;
    }
}

/* The sum goes along with the sweep; where both ends are given the integral goes from the one to the other. */
static double orientation(const eq_measure *card, const state *s) {
    bool both = isfinite(card->from) && isfinite(card->to);
    return both && (card->to >= card->from) != (s->total >= 0.0) ? -1.0 : 1.0;
}

/* From `from` to `to`; a single point has no average. */
static double integral(const eq_measure *card, const state *s) {
    if (card->kind == EQ_MEASURE_INTEG) return s->sum * orientation(card, s);
    if (s->total == 0.0) return NAN;
    return card->kind == EQ_MEASURE_AVG ? s->sum / s->total : sqrt(s->sum / s->total);
}

static double extreme(const eq_measure *card, const state *s) {
    if (isnan(s->least_at)) return NAN;
    switch (card->kind) {
    case EQ_MEASURE_MIN:
        return s->least;
    case EQ_MEASURE_MAX:
        return s->most;
    case EQ_MEASURE_MIN_AT:
        return s->least_at;
    case EQ_MEASURE_MAX_AT:
        return s->most_at;
    default:
        return s->most - s->least;
    }
}

/* True if nothing but other measures stands in the formula. */
static bool of_measures(const eq_formula *f) {
    bool only = true;
    for (size_t k = 0; k < f->inputs; k++) only = only && f->input[k].kind == EQ_INPUT_MEASURE;
    return only;
}

static double value_of(const eq_measure *card, const state *s, const eq_probe *at) {
    const meeting *e = s->event;
    switch (card->kind) {
    case EQ_MEASURE_PARAM:
        return of_measures(card->what) ? eq_probe_value(at, card->what) : s->y;
    case EQ_MEASURE_FIND:
        return card->event[0].count == 0 ? s->y : e[0].y;
    case EQ_MEASURE_DERIV:
        return e[0].slope;
    case EQ_MEASURE_WHEN:
        return e[0].x;
    case EQ_MEASURE_BETWEEN:
        return e[1].x - e[0].x;
    default:
        return is_integral(card) ? integral(card, s) : extreme(card, s);
    }
}

void eq_measuring_end(eq_measuring *m, eq_probe *at, double *value, eq_diag *diag) {
    size_t j = 0;
    eq_measuring_sweep(m, at->d);
    at->measured = m->measured;
    for (size_t k = 0; k < m->cards; k++) {
        const eq_measure *card = &at->d->measure[k];
        if (!counts(m, card)) continue;
        double y = m->points == 0 ? NAN : value_of(card, &m->state[k], at);
        value[j++] = m->measured[k] = y;
        if (!isfinite(y) && !m->state[k].warned)
            eq_warn_at(diag, eq_circuit_place(at->d->circuit, card->at),
                       "%s has no value: nothing in the sweep meets what it asks for; check its "
                       "range and condition",
                       eq_names_get(at->d->label, card->label));
        m->state[k].warned = m->state[k].warned || !isfinite(y);
    }
}
