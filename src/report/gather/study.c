/* What a study found: how its factors move a figure, the front of two figures, and how far a search
 * has come. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "explore/copy.h"
#include "explore/draw.h"
#include "explore/effects.h"
#include "explore/search.h"
#include "report/axis.h"
#include "report/heat.h"
#include "report/kind.h"
#include "report/lines.h"

/* A study as its pictures read it. */
typedef struct studied {
    eq_study *s;
    eq_explored e;
    size_t figure; /* that is drawn */
    char label[EQ_LINES_LABEL];
    double scale; /* of its values on the axis */
    bool log;
} studied;

static void close_study(studied *d) {
    eq_study_free(d->s);
    eq_explored_free(&d->e);
}

/* "test_error [%]", and what its values are multiplied by. */
static double label_of(const studied *d, size_t figure, char out[EQ_LINES_LABEL]) {
    const eq_figure *f = d->s->figure[figure];
    double most = 0.0, scale = 100.0;
    char unit[16] = "%";
    for (size_t k = 0; k < d->e.all.runs; k++) {
        double x = fabs(d->e.all.value[k * d->e.all.figures + figure]);
        if (x > most && isfinite(x)) most = x;
    }
    if (strcmp(f->unit, "%") != 0) scale = eq_axis_prefix(most, f->unit, unit);
    snprintf(out, EQ_LINES_LABEL, unit[0] == '\0' ? "%.70s" : "%.70s [%s]", f->name, unit);
    return scale;
}

/* Least and most value of a figure. */
static void span_of(const studied *d, size_t figure, double *least, double *most) {
    *least = INFINITY;
    *most = -INFINITY;
    for (size_t k = 0; k < d->e.all.runs; k++) {
        double x = d->e.all.value[k * d->e.all.figures + figure];
        if (d->e.all.failed[k] || !isfinite(x)) continue;
        *least = fmin(*least, x);
        *most = fmax(*most, x);
    }
}

static bool log_of(const studied *d, size_t figure, const char *asked, char axis) {
    double least, most;
    span_of(d, figure, &least, &most);
    return most > least && eq_axis_log(asked, axis, least, most);
}

/* The figure of --columns, or the goal. */
static eq_status choose_figure(studied *d, const eq_picture *p, eq_diag *diag) {
    eq_text all = {0};
    eq_status status = EQ_OK;
    d->figure = d->s->goal;
    if (p->columns != NULL)
        for (d->figure = 0; d->figure < d->s->figures; d->figure++) {
            if (strcmp(d->s->figure[d->figure]->name, p->columns) == 0) break;
            eq_text_printf(&all, "%s%s", d->figure > 0 ? ", " : "", d->s->figure[d->figure]->name);
        }
    if (d->figure == d->s->figures)
        status = eq_fail(diag, EQ_ERR_INPUT, "%s: there is no figure '%s'; there are %s",
                         p->input[0], p->columns, all.text == NULL ? "none" : all.text);
    eq_text_free(&all);
    return status;
}

static eq_status open_study(const eq_picture *p, studied *d, eq_diag *diag) {
    double least, most;
    *d = (studied){.s = NULL};
    if (p->inputs > 1)
        return eq_fail(diag, EQ_ERR_USAGE, "this is drawn of one study; give one folder");
    eq_status status = eq_explored_read(p->input[0], &d->s, &d->e, diag);
    if (status == EQ_OK) status = choose_figure(d, p, diag);
    if (status != EQ_OK) return status;
    d->scale = label_of(d, d->figure, d->label);
    d->log = log_of(d, d->figure, p->log, 'y');
    span_of(d, d->figure, &least, &most);
    if (!(least <= most))
        return eq_fail(diag, EQ_ERR_INPUT, "no training of %s has a %s; there is nothing to draw",
                       p->input[0], d->s->figure[d->figure]->name);
    return EQ_OK;
}

/* --- main effects --- */

/* Two blocks a panel: trainings (u, value), levels (u, mean, band from, band to). */
static const char effects_script[] =
    "if (panels > 1) set multiplot layout panel_rows,panel_columns\n"
    "set ylabel y_label\n"
    "unset key\n"
    "if (log_y) { set logscale y; set format y '10^{%T}' }\n"
    "set yrange [least:most]\n"
    "set xrange [-0.04:1.04]\n"
    "low(y) = log_y && y < least ? least : y\n"
    "unset xtics\n"
    "do for [p=1:panels] {\n"
    "  set xtics () nomirror out scale 0.5,0.25 noenhanced textcolor rgb letters\n"
    "  set for [k=1:tics[p]] xtics add (tic_name[tic_first[p]+k-1] tic_at[tic_first[p]+k-1])\n"
    "  set xlabel x_label[p]\n"
    "  plot 'data' index 2*p-2 using 1:2 with points pt 7 ps 0.28 lc rgb rgb(7) notitle, \\\n"
    "    'data' index 2*p-1 using 1:(joined[p] ? $2 : NaN) with lines lw 1.2 lc rgb rgb(1) "
    "notitle, \\\n"
    "    'data' index 2*p-1 using 1:(low($3)):(0):($4-low($3)) with vectors heads size graph "
    "0.012,90 lw 1.4 lc rgb rgb(1) notitle, \\\n"
    "    'data' index 2*p-1 using 1:2 with points pt 7 ps 0.5 lc rgb rgb(1) notitle\n"
    "}\n"
    "if (panels > 1) unset multiplot\n";

enum { MOST_DOTS = 4000, MOST_TICS = 12 };

/* Labels below the panels. */
typedef struct tics {
    const char **name; /* [count], owned */
    double *at;        /* [count] */
    size_t count;
    double first[EQ_MOST_FACTORS], of[EQ_MOST_FACTORS];
} tics;

static void free_tics(tics *t) {
    for (size_t k = 0; t->name != NULL && k < t->count; k++) eq_free((char *)t->name[k]);
    eq_free(t->name);
    eq_free(t->at);
}

/* A value of a factor as a label has room for it. */
static char *tic_label(const eq_factor *f, double u) {
    eq_text t = {0};
    double x;
    eq_factor_value(f, u, &t);
    if (!t.failed && f->word == NULL && eq_parse_double(t.text, t.length, &x) == t.length) {
        eq_text_clear(&t);
        eq_text_printf(&t, "%.3g", x);
    }
    if (!t.failed) return t.text;
    eq_text_free(&t);
    return NULL;
}

/* Levels, or the ends of bins: as many of them as have room side by side. */
static bool add_tics(const eq_factor *f, const eq_effect *e, double inches, size_t panel, tics *t) {
    bool bins = e->level[0].from != e->level[0].to;
    size_t n = e->levels + bins, widest = 1, stride = 1;
    char *name[MOST_TICS + 1];
    double at[MOST_TICS + 1];
    if (n > MOST_TICS) stride = (n + MOST_TICS - 1) / MOST_TICS;
    t->first[panel] = (double)t->count + 1.0;
    size_t k = 0, made = 0;
    for (; k < n; k += stride, made++) {
        at[made] = k < e->levels ? e->level[k].from : e->level[k - 1].to;
        name[made] = tic_label(f, at[made]);
        size_t length = name[made] == NULL ? 0 : strlen(name[made]);
        widest = length > widest ? length : widest;
    }
    widest = widest > EQ_CANVAS_TIC ? EQ_CANVAS_TIC : widest;
    size_t room = (size_t)(inches / (0.08 * ((double)widest + 1.5))) + 1;
    size_t every = (made + room - 1) / room;
    bool whole = true;
    for (k = 0; k < made; k++) {
        whole = whole && name[k] != NULL;
        if (k % every != 0) {
            eq_free(name[k]);
            continue;
        }
        t->at[t->count] = at[k];
        t->name[t->count++] = name[k];
    }
    t->of[panel] = (double)t->count + 1.0 - t->first[panel];
    return whole;
}

/* Whether the places of a factor have an order that a line may follow. */
static bool is_ordered(const eq_factor *f) {
    double x;
    for (size_t k = 0; k < f->words; k++)
        if (eq_parse_double(f->word[k], strlen(f->word[k]), &x) != strlen(f->word[k])) return false;
    return true;
}

/* Both blocks of a factor. */
static void put_effect(const studied *d, const eq_effect *e, eq_canvas *to) {
    const eq_study *s = d->s;
    size_t runs = d->e.all.runs, stride = runs / MOST_DOTS + 1;
    for (size_t k = 0; k < runs; k += stride) {
        double y = d->e.all.value[k * d->e.all.figures + d->figure];
        if (d->e.all.failed[k]) y = NAN;
        eq_canvas_row(
            to, (double[]){d->e.level[k / s->repeats * s->factors + e->factor], d->scale * y}, 2);
    }
    eq_canvas_end(to);
    for (size_t k = 0; k < e->levels; k++) {
        const eq_effect_level *l = &e->level[k];
        double band = isnan(l->band) ? 0.0 : l->band;
        double row[] = {0.5 * (l->from + l->to), d->scale * l->mean, d->scale * (l->mean - band),
                        d->scale * (l->mean + band)};
        eq_canvas_row(to, row, 4);
    }
    eq_canvas_end(to);
}

/* The axis of the figure, the same in all panels. */
static void put_axis(const studied *d, eq_canvas *to) {
    double least, most;
    span_of(d, d->figure, &least, &most);
    least *= d->scale;
    most *= d->scale;
    double room = most > least ? 0.05 * (most - least) : fmax(0.1 * fabs(most), 1e-3);
    if (d->log) room = 0.0;
    eq_canvas_text(to, "y_label", d->label);
    eq_canvas_number(to, "log_y", d->log);
    eq_canvas_number(to, "least", d->log ? least / 1.2 : least - room);
    eq_canvas_number(to, "most", d->log ? most * 1.2 : most + room);
}

static eq_status lay_effects(const studied *d, const eq_effects *all, eq_canvas *to,
                             eq_diag *diag) {
    const size_t n = all->count, most = n * (MOST_TICS + 1);
    const char *label[EQ_MOST_FACTORS];
    double joined[EQ_MOST_FACTORS];
    tics t = {.name = eq_calloc(most, sizeof *t.name), .at = eq_calloc(most, sizeof *t.at)};
    bool whole = t.name != NULL && t.at != NULL;
    to->columns = to->p->width > 5.0 && n > 1 ? 2 : 1;
    to->rows = (n + to->columns - 1) / to->columns;
    to->height = (double)to->rows * (to->p->width > 5.0 && n == 1 ? 3.2 : 2.2);
    to->script = effects_script;
    for (size_t f = 0; whole && f < n; f++) {
        const eq_factor *factor = &d->s->factor[f];
        label[f] = factor->name;
        joined[f] = is_ordered(factor);
        put_effect(d, &all->of[f], to);
        whole = add_tics(factor, &all->of[f], to->p->width / (double)to->columns - 0.8, f, &t);
    }
    if (whole) {
        put_axis(d, to);
        eq_canvas_number(to, "panels", (double)n);
        eq_canvas_texts(to, "x_label", label, n);
        eq_canvas_numbers(to, "joined", joined, n);
        eq_canvas_tics(to, "tic_name", t.name, t.count);
        eq_canvas_numbers(to, "tic_at", t.at, t.count);
        eq_canvas_numbers(to, "tic_first", t.first, n);
        eq_canvas_numbers(to, "tics", t.of, n);
    }
    free_tics(&t);
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

eq_status eq_gather_effects(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    studied d;
    eq_effects all = {0};
    eq_status status = open_study(p, &d, diag);
    if (status == EQ_OK) status = eq_effects_find(d.s, &d.e, d.figure, &all, diag);
    if (status == EQ_OK) status = lay_effects(&d, &all, to, diag);
    eq_effects_free(&all);
    close_study(&d);
    return status;
}

/* --- interaction --- */

static char **labels_of(const eq_study *s, const eq_effect *e) {
    char **name = eq_calloc(e->levels, sizeof *name);
    bool whole = name != NULL;
    for (size_t k = 0; whole && k < e->levels; k++) {
        const eq_effect_level *l = &e->level[k];
        name[k] = tic_label(&s->factor[e->factor], 0.5 * (l->from + l->to));
        whole = name[k] != NULL;
    }
    if (whole) return name;
    eq_strings_free(name, name == NULL ? 0 : e->levels);
    return NULL;
}

static eq_status lay_interaction(const studied *d, const eq_effect *a, const eq_effect *b,
                                 eq_canvas *to, eq_diag *diag) {
    double *mean = NULL, share;
    eq_heat h = {.panels = 1, .colours = EQ_HEAT_VIRIDIS, .log = d->log};
    char **row = labels_of(d->s, a), **column = labels_of(d->s, b);
    eq_status status = row == NULL || column == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK)
        status = eq_interaction_find(d->s, &d->e, a, b, d->figure, &mean, &share, diag);
    if (status == EQ_OK) {
        for (size_t k = 0; k < a->levels * b->levels; k++) mean[k] *= d->scale;
        h.panel[0] = (eq_heat_panel){.rows = a->levels,
                                     .columns = b->levels,
                                     .row_name = (const char *const *)row,
                                     .column_name = (const char *const *)column,
                                     .value = mean};
        snprintf(h.value_label, EQ_HEAT_LABEL, "mean of %.80s", d->label);
        snprintf(h.panel[0].x_label, EQ_HEAT_LABEL, "%.90s", d->s->factor[b->factor].name);
        snprintf(h.panel[0].y_label, EQ_HEAT_LABEL, "%.90s", d->s->factor[a->factor].name);
        eq_heat_lay_out(&h, to);
    }
    eq_free(mean);
    eq_strings_free(row, row == NULL ? 0 : a->levels);
    eq_strings_free(column, column == NULL ? 0 : b->levels);
    return status;
}

eq_status eq_gather_interaction(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    studied d;
    eq_effects all = {0};
    eq_status status = open_study(p, &d, diag);
    if (status == EQ_OK) status = eq_effects_find(d.s, &d.e, d.figure, &all, diag);
    if (status == EQ_OK && !all.paired)
        status = eq_fail(diag, EQ_ERR_INPUT,
                         "%s shows no two factors together; draw its effects instead", p->input[0]);
    if (status == EQ_OK)
        status = lay_interaction(&d, &all.of[all.pair[0]], &all.of[all.pair[1]], to, diag);
    eq_effects_free(&all);
    close_study(&d);
    return status;
}

/* --- Pareto front --- */

/* By the means of both figures: points, or the stair below and left of which (where less is better)
 * nothing has come: from one point of the front to the next past what both of them beat. */
static eq_status add_line(const studied *d, const size_t *order, size_t count,
                          const double scale[2], eq_line look, eq_lines *l, eq_canvas *to,
                          eq_diag *diag) {
    char *own = look.title == NULL ? NULL : eq_strdup(look.title);
    eq_line *line = eq_lines_line(l, own, diag);
    double before = NAN;
    if (line == NULL) return EQ_ERR_USAGE;
    if (own == NULL && look.title != NULL) return eq_out_of_memory(diag);
    line->hue = look.hue;
    line->style = look.style;
    for (size_t k = 0; k < count; k++) {
        double x = scale[0] * eq_point_mean(d->s, &d->e, order[k], d->s->pareto[0]),
               y = scale[1] * eq_point_mean(d->s, &d->e, order[k], d->s->pareto[1]);
        if (look.style == EQ_LINES_PLAIN && k > 0)
            eq_lines_point(l, to, (double[]){x, before, before, before});
        eq_lines_point(l, to, (double[]){x, y, y, y});
        before = y;
    }
    eq_lines_end(l, to);
    return EQ_OK;
}

static eq_status lay_front(const studied *d, eq_lines *l, eq_canvas *to, eq_diag *diag) {
    static const eq_line look[] = {
        {.title = "points", .hue = 7, .style = EQ_LINES_POINTS},
        {.title = "Pareto front", .hue = 2, .style = EQ_LINES_PLAIN},
        {.title = NULL, .hue = 2, .style = EQ_LINES_POINTS},
    };
    const size_t *pareto = d->s->pareto;
    size_t *order[2] = {NULL, NULL}, count[2];
    eq_panel *panel = eq_lines_panel(l, diag);
    const double scale[2] = {label_of(d, pareto[0], l->x_label),
                             label_of(d, pareto[1], panel->y_label)};
    l->log_x = log_of(d, pareto[0], to->p->log, 'x');
    panel->log_y = log_of(d, pareto[1], to->p->log, 'y');
    eq_status status = eq_points_rank(d->s, &d->e, pareto[0], &order[0], &count[0], diag);
    if (status == EQ_OK) status = eq_points_front(d->s, &d->e, pareto, &order[1], &count[1], diag);
    for (int k = 0; status == EQ_OK && k < 3; k++)
        status = add_line(d, order[k > 0], count[k > 0], scale, look[k], l, to, diag);
    if (status == EQ_OK) {
        eq_lines_end_panel(l);
        status = eq_lines_lay_out(l, to, diag);
    }
    eq_free(order[0]);
    eq_free(order[1]);
    return status;
}

eq_status eq_gather_front(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    studied d;
    eq_status status = open_study(p, &d, diag);
    if (status == EQ_OK && d.s->pareto[0] == d.s->pareto[1])
        status = eq_fail(diag, EQ_ERR_INPUT,
                         "the study in %s names no two figures for a front; give its <report> "
                         "pareto=\"test_error watts\"",
                         p->input[0]);
    eq_lines *l = status == EQ_OK ? eq_lines_new() : NULL;
    if (status == EQ_OK) status = l == NULL ? eq_out_of_memory(diag) : lay_front(&d, l, to, diag);
    eq_lines_free(l);
    close_study(&d);
    return status;
}

/* --- the search --- */

/* Points from .. to - 1 over the trainings that they end. */
static eq_status add_round(const studied *d, size_t from, size_t to, char *title, int hue,
                           eq_lines *l, eq_canvas *c, eq_diag *diag) {
    const eq_study *s = d->s;
    eq_line *line = eq_lines_line(l, title, diag);
    if (line == NULL) return EQ_ERR_USAGE;
    line->hue = hue;
    line->style = EQ_LINES_POINTS;
    for (size_t p = from; p < to; p++) {
        double y = d->scale * eq_point_mean(s, &d->e, p, d->figure);
        eq_lines_point(l, c, (double[]){(double)((p + 1) * s->repeats), y, y, y});
    }
    eq_lines_end(l, c);
    return EQ_OK;
}

/* Each rung of successive halving with its budget; the generations of CMA-ES are alike. */
static eq_status add_rounds(const studied *d, eq_lines *l, eq_canvas *c, eq_diag *diag) {
    const eq_study *s = d->s;
    const eq_factor *budget = &s->factor[s->factors - 1];
    size_t rungs = s->design == EQ_DESIGN_HALVING ? s->rungs : 1, from = 0, to = s->points;
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < rungs; k++) {
        eq_text title = {0};
        eq_text_puts(&title, "points");
        if (rungs > 1) {
            eq_search_points(s, k, &from, &to);
            eq_text_clear(&title);
            eq_text_printf(&title, "%s = %s", budget->name, budget->word[k]);
        }
        if (title.failed) {
            eq_text_free(&title);
            return eq_out_of_memory(diag);
        }
        status = add_round(d, from, to, title.text, rungs > 1 ? (int)(k % 6) + 2 : 7, l, c, diag);
    }
    return status;
}

static eq_status add_best(const studied *d, eq_lines *l, eq_canvas *to, eq_diag *diag) {
    const eq_study *s = d->s;
    double best = NAN;
    char *title = eq_strdup("best so far");
    if (title == NULL) return eq_out_of_memory(diag);
    eq_line *line = eq_lines_line(l, title, diag);
    if (line == NULL) return EQ_ERR_USAGE;
    for (size_t p = 0; p < s->points; p++) {
        double y = d->scale * eq_point_mean(s, &d->e, p, d->figure);
        double x = (double)((p + 1) * s->repeats);
        bool better = s->figure[d->figure]->more ? y > best : y < best;
        if (isnan(y) || !(better || isnan(best))) continue;
        if (!isnan(best)) eq_lines_point(l, to, (double[]){x, best, best, best});
        eq_lines_point(l, to, (double[]){x, best = y, y, y});
    }
    if (!isnan(best)) eq_lines_point(l, to, (double[]){(double)d->e.all.runs, best, best, best});
    eq_lines_end(l, to);
    return EQ_OK;
}

static eq_status lay_trace(const studied *d, eq_lines *l, eq_canvas *to, eq_diag *diag) {
    eq_panel *panel = eq_lines_panel(l, diag);
    snprintf(l->x_label, EQ_LINES_LABEL, "trainings");
    snprintf(panel->y_label, EQ_LINES_LABEL, "%s", d->label);
    l->x_from_zero = l->whole_x = true;
    panel->log_y = d->log;
    eq_status status = add_rounds(d, l, to, diag);
    if (status == EQ_OK) status = add_best(d, l, to, diag);
    if (status != EQ_OK) return status;
    eq_lines_end_panel(l);
    return eq_lines_lay_out(l, to, diag);
}

eq_status eq_gather_trace(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    studied d;
    eq_status status = open_study(p, &d, diag);
    if (status == EQ_OK && !eq_design_searches(d.s->design))
        status = eq_fail(diag, EQ_ERR_INPUT,
                         "the study in %s does not search; draw its effects instead", p->input[0]);
    eq_lines *l = status == EQ_OK ? eq_lines_new() : NULL;
    if (status == EQ_OK) status = l == NULL ? eq_out_of_memory(diag) : lay_trace(&d, l, to, diag);
    eq_lines_free(l);
    close_study(&d);
    return status;
}
