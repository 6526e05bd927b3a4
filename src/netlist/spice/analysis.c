/* Analyses of a deck: .op, .dc, .step and lists of temperatures, in the spellings of ngspice
 * (manual, 11.3.2), Xyce (Reference Guide, .DC and .STEP) and LTspice (help, .STEP). */
#include <math.h>
#include <string.h>

#include "netlist/spice/cards.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/find.h"
#include "netlist/spice/geometry.h"
#include "netlist/spice/model.h"
#include "netlist/spice/pending.h"
#include "netlist/spice/scope.h"

static const double absolute_zero = -273.15; /* C */

static bool line_ends(eq_spice *s, eq_cursor *c) {
    eq_token t = eq_token_next(c);
    if (t.kind == EQ_TOKEN_END) return true;
    eq_spice_expected(s, t, "the end of the line");
    return false;
}

/* lin, dec, oct: the base of the logarithm, 0 for lin; NAN: the word is none of them. */
static double spacing_of(eq_token t) {
    if (eq_token_is(t, "lin")) return 0.0;
    if (eq_token_is(t, "dec")) return 10.0;
    return eq_token_is(t, "oct") ? 2.0 : NAN;
}

/* Over lin, dec or oct, if it stands here. */
static void skip_spacing(eq_cursor *c, double *base) {
    double found = spacing_of(eq_token_peek(c));
    if (isnan(found)) return;
    *base = found;
    eq_token_next(c);
}

/* A sweep over the thing of that name; false: out of memory. */
static bool new_sweep(eq_spice *s, eq_target target, eq_handle h, eq_token name, eq_token inner,
                      eq_sweep *out) {
    eq_text label = {0};
    eq_text_add(&label, name.text, name.length);
    if (inner.length > 0) eq_text_printf(&label, "(%.*s)", (int)inner.length, inner.text);
    if (label.text != NULL) eq_lower(label.text, label.length);
    *out = eq_sweep_of(s->deck, target, h, label.failed ? "" : label.text);
    bool done = !label.failed && out->label != EQ_NO_NAME;
    eq_text_free(&label);
    if (!done) eq_spice_no_memory(s);
    return done;
}

static const eq_handle no_element = {EQ_NONE, 0};
static const eq_token nothing = {EQ_TOKEN_END, "", 0, {EQ_NONE, 0, 0}};

static bool element_target(eq_spice *s, eq_token t, eq_element e, eq_sweep *out) {
    if (!eq_spice_has_value(s, e)) {
        eq_spice_fail(s, t.at, "%.*s cannot be swept; give a V, I or R element, temp or a .param",
                      (int)t.length, t.text);
        return false;
    }
    if (!new_sweep(s, EQ_TARGET_ELEMENT, eq_handle_as_written(s->circuit, e), t, nothing, out))
        return false;
    out->factor = eq_deck_scale(s->deck, out->handle);
    return true;
}

/* r1:r or dm:is, r1(r) or dm(is): a parameter of an element or of a .model. */
static bool inner_target(eq_spice *s, eq_token t, eq_token param, eq_sweep *out) {
    eq_element e = eq_spice_element_of(s, t);
    if (e == EQ_NONE && eq_spice_model_has(s, t, param))
        return new_sweep(s, EQ_TARGET_MODEL, no_element, t, param, out);
    int k = e == EQ_NONE ? -1 : eq_spice_column(eq_class(s->circuit->row[e].cls), param);
    if (k >= 0 && eq_spice_has_value(s, e) && k == eq_handle_as_written(s->circuit, e).param)
        return element_target(s, t, e, out);
    if (k >= 0) {
        bool done = new_sweep(s, EQ_TARGET_ELEMENT, (eq_handle){e, k}, t, param, out);
        if (done) out->factor = eq_spice_scale(s, eq_class(s->circuit->row[e].cls), k);
        return done;
    }
    eq_spice_fail(s, t.at,
                  "there is no element or model %.*s with a parameter %.*s; correct the name",
                  (int)t.length, t.text, (int)param.length, param.text);
    return false;
}

bool eq_spice_alter_target(eq_spice *s, eq_cursor *c, eq_sweep *out, double *value) {
    eq_token t = eq_token_next(c), param = eq_token_next(c);
    eq_element e = eq_spice_find_element(s, t, "alter");
    bool own = param.kind == EQ_TOKEN_EQUAL;
    if (e == EQ_NONE) return false;
    if (!own) eq_token_next(c);
    static const char resistance[] = "resistance";
    if (eq_token_is(param, resistance)) param.length = 1;
    if (!(own ? element_target(s, t, e, out) : inner_target(s, t, param, out))) return false;
    return eq_spice_number_at(s, c, value, "the value");
}

static bool parameter_target(eq_spice *s, eq_token t, eq_sweep *out) {
    const eq_dictionary *d = &s->all->scope[0]->defines[EQ_DEFINES_PARAM];
    const eq_definition *p = t.kind == EQ_TOKEN_WORD ? eq_dictionary_find(d, t, NULL) : NULL;
    if (p != NULL && (!p->stepped || p->used))
        return new_sweep(s, EQ_TARGET_PARAM, no_element, t, nothing, out);
    if (t.kind != EQ_TOKEN_WORD)
        eq_spice_expected(s, t, "the parameter");
    else
        eq_spice_fail(s, t.at, "no expression uses a parameter %.*s; correct the name",
                      (int)t.length, t.text);
    return false;
}

/* True if the next character is an opening parenthesis. */
static bool opens(const eq_cursor *c) {
    eq_cursor ahead = *c;
    return eq_skip_blank(&ahead) && *ahead.p == '(';
}

/* D DM(IS): the type of a model before its name. */
static bool is_type(const eq_cursor *c) {
    eq_cursor ahead = *c;
    eq_token t = eq_token_next(&ahead);
    return t.kind == EQ_TOKEN_WORD && isnan(spacing_of(t)) && !eq_token_is(t, "list") &&
           opens(&ahead);
}

/* What the card `card` sweeps. */
static bool read_target(eq_spice *s, eq_cursor *c, const char *card, eq_sweep *out) {
    eq_token t = eq_token_next(c), name, param;
    if (t.kind != EQ_TOKEN_WORD) {
        eq_spice_expected(s, t, "what to sweep: a V, I or R element, temp or a parameter");
        return false;
    }
    bool called = opens(c);
    eq_element e = called ? EQ_NONE : eq_spice_element_of(s, t);
    if (!called && eq_token_is(t, "param")) return parameter_target(s, eq_token_next(c), out);
    if (!called && is_type(c)) t = eq_token_next(c);
    if (called || opens(c)) return inner_target(s, t, eq_token_next(c), out);
    if (e != EQ_NONE) return element_target(s, t, e, out);
    if (eq_token_is(t, "temp")) return new_sweep(s, EQ_TARGET_TEMP, no_element, t, nothing, out);
    if (eq_spice_part(t, &name, &param)) return inner_target(s, name, param, out);
    if (eq_dictionary_find(&s->all->scope[0]->defines[EQ_DEFINES_PARAM], t, NULL) != NULL)
        return parameter_target(s, t, out);
    char near[96];
    eq_spice_fail(s, t.at,
                  "%s sweeps %.*s, but there is no such element or parameter%s; correct the name",
                  card, (int)(t.length < 60 ? t.length : 60), t.text,
                  eq_spice_nearest_name(s, t, s->circuit->element, near));
    return false;
}

static bool read_list(eq_spice *s, eq_cursor *c, eq_sweep *sweep) {
    if (!eq_spice_is_value(eq_token_peek(c))) {
        eq_spice_expected(s, eq_token_peek(c), "the values of the list");
        return false;
    }
    while (eq_spice_is_value(eq_token_peek(c))) {
        double value;
        if (!eq_spice_number_at(s, c, &value, "a value") ||
            eq_spice_pass_on(s, eq_sweep_add(s->deck, sweep, value, s->scratch)) != EQ_OK)
            return false;
    }
    return true;
}

/* START STOP STEP, or START STOP POINTS of a logarithmic sweep of that base. A .step of LTspice
 * ends at STOP. */
static bool read_range(eq_spice *s, eq_cursor *c, const char *card, double base, eq_sweep *sweep) {
    double start, stop, step;
    if (!eq_spice_number_at(s, c, &start, "the start value") ||
        !eq_spice_number_at(s, c, &stop, "the stop value"))
        return false;
    eq_token last = eq_token_peek(c);
    if (!eq_spice_number_at(s, c, &step, base > 0.0 ? "the number of points" : "the step"))
        return false;
    bool ends = s->circuit->dialect == EQ_LTSPICE && strcmp(card, ".step") == 0;
    bool leads = base > 0.0 ? eq_sweep_ratio(sweep, base, start, stop, step)
                            : eq_sweep_steps(sweep, start, stop, step);
    if (leads && ends) eq_sweep_end(sweep);
    if (sweep->points > EQ_MOST_ITEMS) {
        eq_spice_fail(s, last.at, "the sweep has more than %d points; make the steps larger",
                      EQ_MOST_ITEMS);
        return false;
    }
    if (!leads && s->circuit->dialect == EQ_XYCE) {
        eq_spice_note(s, "one point", last.at,
                      "this step does not lead from %g to %g: the one point %g, as Xyce has it",
                      start, stop, start);
        leads = eq_sweep_steps(sweep, start, start, 1.0);
    }
    if (leads) return true;
    if (base > 0.0)
        eq_spice_fail(s, last.at,
                      "%g points a factor of %g do not lead from %g to %g; start above 0 and below "
                      "the stop value",
                      step, base, start, stop);
    else
        eq_spice_fail(
            s, last.at,
            "a step of %g does not lead from %g to %g; give one with the right sign and size", step,
            start, stop);
    return false;
}

static bool above_absolute_zero(eq_spice *s, const eq_sweep *sweep, eq_location at) {
    double least = INFINITY;
    bool list = sweep->spacing == EQ_SPACING_LIST;
    for (size_t k = 0; k < sweep->points;
         k += list || k + 1 == sweep->points ? 1 : sweep->points - 1)
        least = fmin(least, eq_sweep_value(s->deck, sweep, k));
    if (least > absolute_zero) return true;
    eq_spice_fail(s, at, "a sweep of temp to %g reaches absolute zero; stay above -273.15", least);
    return false;
}

/* [LIN|DEC|OCT] WHAT [LIN|DEC|OCT] START STOP STEP, or WHAT LIST VALUE ... */
static bool read_sweep(eq_spice *s, eq_cursor *c, const char *card, eq_sweep *sweep) {
    double base = 0.0;
    skip_spacing(c, &base);
    eq_location at = eq_token_peek(c).at;
    if (!read_target(s, c, card, sweep)) return false;
    skip_spacing(c, &base);
    bool list = eq_token_is(eq_token_peek(c), "list");
    if (list) eq_token_next(c);
    if (!(list ? read_list(s, c, sweep) : read_range(s, c, card, base, sweep))) return false;
    return sweep->target != EQ_TARGET_TEMP || above_absolute_zero(s, sweep, at);
}

static const eq_data_table *table_of(eq_spice *s, eq_token name) {
    char own[EQ_MAX_NAME + 1];
    for (size_t k = 0; k < s->all->datas; k++) {
        eq_token t = s->all->data[k].name;
        if (t.length >= sizeof own) continue;
        memcpy(own, t.text, t.length);
        own[t.length] = '\0';
        eq_lower(own, t.length);
        if (eq_token_is(name, own)) return &s->all->data[k];
    }
    if (name.kind == EQ_TOKEN_WORD)
        eq_spice_fail(s, name.at, "there is no table %.*s; write .data %.*s ... .enddata",
                      (int)name.length, name.text, (int)name.length, name.text);
    else
        eq_spice_expected(s, name, "the name of a .data table");
    return NULL;
}

/* Over line ends to the next token of a table; eq_token_next would stop there. */
static void next_line(eq_cursor *c) {
    while (eq_token_peek(c).kind == EQ_TOKEN_END && c->p < c->end) {
        eq_line_end(c);
        if (eq_line_start(c) == EQ_LINE_NONE) return;
    }
}

/* The values of the table, of which there is one, row by row; its columns lie in the circuit's
 * values with a stride. */
static bool read_rows(eq_spice *s, eq_cursor *c, eq_sweep *column, int columns) {
    for (int k = 0;; k = (k + 1) % columns) {
        double value;
        next_line(c);
        if (k == 0 && eq_token_peek(c).kind == EQ_TOKEN_END) break;
        if (!eq_spice_number_at(s, c, &value, "a value of the table") ||
            eq_spice_pass_on(s, eq_sweep_add(s->deck, &column[k], value, s->scratch)) != EQ_OK)
            return false;
    }
    for (int k = 0; k < columns; k++) {
        column[k].stride = (size_t)columns;
        column[k].follows = k > 0;
    }
    return true;
}

/* data=TABLE: as many sweeps as it has columns, all moving together; 0: an error was reported. */
static int read_table(eq_spice *s, eq_cursor *c, const char *card, eq_sweep *column) {
    eq_token_next(c);
    eq_token_next(c);
    const eq_data_table *data = table_of(s, eq_token_next(c));
    int columns = 0;
    if (data == NULL) return 0;
    eq_cursor at = data->at;
    for (next_line(&at); !eq_spice_is_value(eq_token_peek(&at)); next_line(&at)) {
        if (columns == EQ_MOST_SWEEPS) {
            eq_spice_fail(s, eq_token_peek(&at).at, "a table of more than %d columns; use fewer",
                          EQ_MOST_SWEEPS);
            return 0;
        }
        if (eq_token_peek(&at).kind == EQ_TOKEN_END) {
            eq_spice_expected(s, eq_token_peek(&at), "the columns and values of the table");
            return 0;
        }
        if (!read_target(s, &at, card, &column[columns++])) return 0;
    }
    if (columns == 0) eq_spice_expected(s, eq_token_peek(&at), "the columns of the table");
    return columns > 0 && read_rows(s, &at, column, columns) ? columns : 0;
}

/* One sweep, or the columns of a table; how many, 0: an error was reported. */
static int read_sweeps(eq_spice *s, eq_cursor *c, const char *card, eq_sweep *sweep) {
    eq_cursor ahead = *c;
    if (eq_token_is(eq_token_next(&ahead), "data") && eq_token_next(&ahead).kind == EQ_TOKEN_EQUAL)
        return read_table(s, c, card, sweep);
    return read_sweep(s, c, card, sweep) ? 1 : 0;
}

static void add_analysis(eq_spice *s, const eq_analysis *a) {
    eq_spice_pass_on(s, eq_deck_add_analysis(s->deck, a, s->scratch));
}

void eq_spice_op(eq_spice *s, eq_cursor *c, eq_location at) {
    eq_analysis a = {.type = EQ_ANALYSIS_OP, .at = at};
    if (line_ends(s, c)) add_analysis(s, &a);
}

void eq_spice_skip_analysis(eq_spice *s, const char *name, eq_location at) {
    eq_spice_note(s, name, at, "skipped: %s, eqspice does .op, .dc, .tf and .sens", name);
    if (s->all->skipped.file == EQ_NONE) s->all->skipped = at;
}

void eq_spice_finish_plan(eq_spice *s) {
    eq_location at = s->all->skipped;
    if (s->all->status != EQ_OK || s->deck->analyses > 0 || at.file == EQ_NONE) return;
    add_analysis(s, &(eq_analysis){.type = EQ_ANALYSIS_OP, .stands_in = true, .at = at});
}

/* .dc SWEEP [SWEEP ...]: the first is the innermost loop. Alone it is Eldo's word for .op. */
void eq_spice_dc(eq_spice *s, eq_cursor *c, eq_location at) {
    eq_analysis a = {.type = EQ_ANALYSIS_DC, .at = at};
    if (eq_token_peek(c).kind == EQ_TOKEN_END) {
        eq_spice_op(s, c, at);
        return;
    }
    eq_sweep more[EQ_MOST_SWEEPS];
    do {
        int n = read_sweeps(s, c, ".dc", more);
        if (n == 0) return;
        if (a.sweeps + n > EQ_MOST_SWEEPS) {
            eq_spice_fail(s, at, "more than %d sweeps in one .dc; use .step for the outer ones",
                          EQ_MOST_SWEEPS);
            return;
        }
        memcpy(a.sweep + a.sweeps, more, (size_t)n * sizeof *more);
        a.sweeps += n;
    } while (eq_token_peek(c).kind != EQ_TOKEN_END);
    if (line_ends(s, c)) add_analysis(s, &a);
}

static void add_step(eq_spice *s, const eq_sweep *sweep) {
    eq_spice_pass_on(s, eq_deck_add_step(s->deck, sweep, s->scratch));
}

/* .step SWEEP: a loop around every analysis; the first .step is the innermost (Xyce Reference
 * Guide, .STEP). */
void eq_spice_step(eq_spice *s, eq_cursor *c, eq_location at) {
    eq_sweep sweep[EQ_MOST_SWEEPS];
    (void)at;
    int n = read_sweeps(s, c, ".step", sweep);
    if (n == 0 || !line_ends(s, c)) return;
    for (int k = 0; k < n; k++) add_step(s, &sweep[k]);
}

/* .step param X START ... gives X a value in LTspice, with or without a .param card. */
void eq_spice_declare_step(eq_spice *s, eq_scope *scope, eq_cursor *c) {
    eq_cursor at = *c;
    double ignored = 0.0;
    (void)scope;
    skip_spacing(&at, &ignored);
    if (!eq_token_is(eq_token_next(&at), "param")) return;
    eq_token name = eq_token_next(&at);
    skip_spacing(&at, &ignored);
    if (eq_token_is(eq_token_peek(&at), "list")) eq_token_next(&at);
    if (name.kind == EQ_TOKEN_WORD && eq_spice_is_value(eq_token_peek(&at)))
        eq_spice_declare(s, name, at);
}

/* The loop of .temp T1 T2 ...: read when all .step cards are, since it goes around them. */
static void read_temperatures(eq_spice *s, eq_cursor *c, eq_location at) {
    eq_sweep sweep;
    eq_token temp = {EQ_TOKEN_WORD, "temp", 4, at};
    if (new_sweep(s, EQ_TARGET_TEMP, no_element, temp, nothing, &sweep) &&
        read_list(s, c, &sweep) && line_ends(s, c) && above_absolute_zero(s, &sweep, at))
        add_step(s, &sweep);
}

void eq_spice_temp(eq_spice *s, eq_cursor *c, eq_location at) {
    if (eq_token_peek(c).kind == EQ_TOKEN_EQUAL) eq_token_next(c);
    eq_cursor all = *c;
    eq_token first = eq_token_peek(c);
    double value;
    if (!eq_spice_number_at(s, c, &value, "a temperature in degrees C")) return;
    if (first.kind == EQ_TOKEN_WORD && s->circuit->dialect == EQ_NGSPICE &&
        eq_parse_double(first.text, first.length, &value) != first.length) {
        eq_spice_fail(
            s, first.at,
            "ngspice reads no letters behind the number of .temp and stays at 27 C; write "
            "%g",
            value);
        return;
    }
    if (eq_spice_is_value(eq_token_peek(c)))
        eq_spice_later(s, EQ_PHASE_LAST, all, (eq_token){EQ_TOKEN_WORD, ".temp", 5, at},
                       read_temperatures);
    else if (line_ends(s, c))
        eq_spice_set_temperature(s, value, at);
}
