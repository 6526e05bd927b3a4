#include "report/lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "report/axis.h"

/* Panels beside each other (7 in) or above each other (3.4 in). Columns of a block: x, y, lower
 * and upper edge of the band. */
static const char script[] =
    "if (panels > 1) set multiplot layout panel_rows,panel_columns\n"
    "set cbrange [shade_least:(shade_most > shade_least ? shade_most : shade_least + 1)]\n"
    "if (log_shade) { set logscale cb; set format cb '10^{%T}' }\n"
    "if (shade_step > 0) { set cbtics shade_step }\n"
    "if (shaded) { set cblabel shade_label; set rmargin colorbox_margin } else { unset colorbox }\n"
    "if (dark) { set palette defined (0 '#3b528b', 1 '#21918c', 2 '#5ec962', 3 '#fde725') }\n"
    "set xlabel x_label offset 0,0.5\n"
    "if (log_x) { set logscale x; set format x '10^{%T}' }\n"
    "do for [p=1:panels] {\n"
    "  set ylabel y_label[p]\n"
    "  unset logscale y\n"
    "  if (x_from_zero && !log_x) { set xrange [0:*] }\n"
    "  set format y '%h'\n"
    "  set yrange [*:*]\n"
    "  if (!wide && x_step[p] > 0) { set xtics x_step[p] } else { set xtics autofreq }\n"
    "  if (y_step[p] > 0) { set ytics y_step[p] } else { set ytics autofreq }\n"
    "  if (from_zero[p]) { set yrange [0:*] }\n"
    "  if (log_y[p]) { set yrange [*:*]; set logscale y; set format y '10^{%T}' }\n"
    "  if (corner[p] == 1) { set key inside top right Right noreverse vertical }\n"
    "  if (corner[p] == 2) { set key inside top left Left reverse vertical }\n"
    "  if (corner[p] == 3) { set key inside bottom right Right noreverse vertical }\n"
    "  if (corner[p] == 4) { set key inside bottom left Left reverse vertical }\n"
    "  if (corner[p] == 5) { set key bmargin center Left reverse horizontal }\n"
    "  plot for [s=first[p]:last[p]] 'data' index s-1"
    " using 1:(!band[s] ? NaN : log_y[p] && $3 < y_floor[p] ? y_floor[p] : $3):4"
    " with filledcurves fs transparent solid 0.22 noborder lc rgb rgb(hue[s]) notitle, \\\n"
    "    for [s=first[p]:last[p]] 'data' index s-1"
    " using 1:(style[s] < 2 && hue[s] > 0 ? $2 : NaN)"
    " with linespoints pt 7 ps (style[s] == 1 ? 0.25 : 0) lw 1.4 dt dash[s] lc rgb rgb(hue[s])"
    " title (style[s] < 2 && hue[s] > 0 ? title[s] : ''), \\\n"
    "    for [s=first[p]:last[p]] 'data' index s-1 using 1:(hue[s] == 0 ? $2 : NaN)"
    " with lines lw 1.4 dt dash[s] lc palette cb shade[s] notitle, \\\n"
    "    for [s=first[p]:last[p]] 'data' index s-1 using 1:(NaN)"
    " with lines lw 1.4 dt dash[s] lc rgb letters title (hue[s] == 0 ? title[s] : ''), \\\n"
    "    for [s=first[p]:last[p]] 'data' index s-1 using 1:(style[s] == 2 ? $2 : NaN)"
    " with points pt 7 ps 0.45 lc rgb rgb(hue[s]) title (style[s] == 2 ? title[s] : ''), \\\n"
    "    reference[p] with lines lw 1 dt 2 lc rgb letters title reference_name[p]\n"
    "}\n"
    "if (panels > 1) unset multiplot\n";

eq_lines *eq_lines_new(void) {
    return eq_calloc(1, sizeof(eq_lines));
}

void eq_lines_free(eq_lines *l) {
    if (l == NULL) return;
    for (size_t k = 0; k < l->lines; k++) eq_free(l->line[k].title);
    eq_free(l->point);
    eq_free(l);
}

eq_panel *eq_lines_panel(eq_lines *l, eq_diag *diag) {
    if (l->panels == EQ_LINES_PANELS) {
        eq_fail(diag, EQ_ERR_USAGE, "more than %d panels in one picture; draw several",
                EQ_LINES_PANELS);
        return NULL;
    }
    l->points = 0;
    l->first[l->panels] = (double)l->lines + 1.0;
    l->panel[l->panels].reference = NAN;
    return &l->panel[l->panels++];
}

eq_line *eq_lines_line(eq_lines *l, char *title, eq_diag *diag) {
    if (l->lines == EQ_LINES_MOST) {
        eq_free(title);
        eq_fail(diag, EQ_ERR_USAGE,
                "more than %d curves in one picture; choose some with --columns", EQ_LINES_MOST);
        return NULL;
    }
    eq_line *line = &l->line[l->lines++];
    *line = (eq_line){.title = title, .hue = 1, .dash = 1};
    l->begun = false;
    return line;
}

void eq_lines_point(eq_lines *l, eq_canvas *c, const double row[4]) {
    void *p = l->point;
    bool room = eq_grow(&p, &l->cap, l->points + 1, sizeof *l->point);
    l->point = p;
    l->failed |= !room;
    if (room && isfinite(row[0]) && isfinite(row[1])) {
        l->point[l->points].x = row[0];
        l->point[l->points++].y = row[1];
    }
    eq_canvas_row(c, row, 4);
    l->begun = true;
}

void eq_lines_end(eq_lines *l, eq_canvas *c) {
    if (l->begun)
        eq_canvas_end(c);
    else /* gnuplot does not count a block of no rows */
        eq_free(l->line[--l->lines].title);
}

typedef struct range {
    double least, most;
    bool log;
} range;

static void widen(range *r, double x) {
    r->least = fmin(r->least, x);
    r->most = fmax(r->most, x);
}

/* Where x lies on the axis, 0 to 1. */
static double place(const range *r, double x) {
    if (!(r->most > r->least)) return 0.5;
    if (r->log) return log(x / r->least) / log(r->most / r->least);
    return (x - r->least) / (r->most - r->least);
}

enum { BELOW = 5 }; /* the panel: where the key stands if not in a corner */

/* How many lines of a panel stand in its key; the characters of the longest title. */
static size_t titles_of(const eq_lines *l, size_t panel, size_t *longest) {
    size_t n = 0, to = panel + 1 < l->panels ? (size_t)l->last[panel] : l->lines;
    for (size_t k = (size_t)l->first[panel] - 1; k < to; k++) {
        const char *title = l->line[k].title;
        if (title == NULL || title[0] == '\0') continue;
        n++;
        if (longest != NULL) *longest = strlen(title) > *longest ? strlen(title) : *longest;
    }
    return n;
}

/* Inches that the keys below panels take beyond their first line. */
static double below_height(const eq_lines *l) {
    enum { SHORT = 12 }; /* characters: two titles side by side */
    static const double line = 0.135;
    size_t most = 1;
    for (size_t k = 0; k < l->panels; k++) {
        size_t longest = 0, n = titles_of(l, k, &longest);
        if (longest <= SHORT) n = (n + 1) / 2;
        if (l->corner[k] == BELOW && n > most) most = n;
    }
    return line * (double)(most - 1);
}

/* The corner of the fewest points, the right upper one first; below the panel when even there are some. */
static int emptiest(const eq_lines *l, const range *x, const range *y) {
    enum { CORNERS = 4 };
    size_t count[CORNERS] = {0}, titles = titles_of(l, l->panels - 1, NULL);
    int best = 0;
    double tall = fmax(0.4, 0.05 + 0.1 * (double)titles); /* part of the panel that the key takes */
    for (size_t k = 0; k < l->points; k++) {
        double at = place(x, l->point[k].x), high = place(y, l->point[k].y);
        for (int n = 0; n < CORNERS; n++)
            count[n] +=
                (n % 2 == 0 ? at > 0.45 : at < 0.55) && (n < 2 ? high > 1.0 - tall : high < tall);
    }
    for (int n = 1; n < CORNERS; n++)
        if (count[n] < count[best]) best = n;
    return 100 * count[best] > l->points ? BELOW : best + 1;
}

/* So that labels do not run into each other in a column of a paper. */
static double step_of(const range *r) {
    return r->log || !(r->most > r->least) ? 0.0 : eq_axis_step(r->most - r->least, 5);
}

static double y_floor(const eq_lines *l) {
    double least = INFINITY;
    for (size_t k = 0; k < l->points; k++)
        if (l->point[k].y > 0.0) least = fmin(least, l->point[k].y);
    return least;
}

void eq_lines_end_panel(eq_lines *l) {
    const eq_panel *p = &l->panel[l->panels - 1];
    range x = {INFINITY, -INFINITY, l->log_x}, y = {INFINITY, -INFINITY, p->log_y};
    for (size_t k = 0; k < l->points; k++) {
        widen(&x, l->point[k].x);
        widen(&y, l->point[k].y);
    }
    if (l->x_from_zero && !l->log_x) widen(&x, 0.0);
    if (p->y_from_zero && !p->log_y) widen(&y, 0.0);
    if (!isnan(p->reference)) widen(&y, p->reference);
    l->empty |= l->points == 0;
    l->below |= (x.log && !(x.most > 0.0)) || (y.log && !(y.most > 0.0));
    l->y_floor[l->panels - 1] = y_floor(l);
    l->x_step[l->panels - 1] = step_of(&x);
    l->y_step[l->panels - 1] = step_of(&y);
    l->last[l->panels - 1] = (double)l->lines;
    l->corner[l->panels - 1] = l->shade_label[0] != '\0' ? BELOW : emptiest(l, &x, &y);
}

/* Arrays of gnuplot from the fields of lines and panels. */
static void lay_out_lines(const eq_lines *l, eq_canvas *c) {
    static const char *const name[] = {"hue", "shade", "dash", "band", "style"};
    const char *title[EQ_LINES_MOST];
    double value[EQ_LINES_MOST];
    for (size_t k = 0; k < l->lines; k++)
        title[k] = l->line[k].title == NULL ? "" : l->line[k].title;
    eq_canvas_keys(c, "title", title, l->lines);
    for (int n = 0; n < 5; n++) {
        for (size_t k = 0; k < l->lines; k++) {
            const eq_line *s = &l->line[k];
            const double field[] = {s->hue, s->shade, s->dash, s->band, (double)s->style};
            value[k] = field[n];
        }
        eq_canvas_numbers(c, name[n], value, l->lines);
    }
}

static void lay_out_panels(const eq_lines *l, eq_canvas *c) {
    static const char *const name[] = {"reference", "from_zero", "log_y"};
    const char *label[EQ_LINES_PANELS], *reference[EQ_LINES_PANELS];
    double value[EQ_LINES_PANELS];
    for (size_t k = 0; k < l->panels; k++) {
        label[k] = l->panel[k].y_label;
        reference[k] = l->panel[k].reference_name;
    }
    eq_canvas_sides(c, "y_label", label, l->panels);
    eq_canvas_keys(c, "reference_name", reference, l->panels);
    for (int n = 0; n < 3; n++) {
        for (size_t k = 0; k < l->panels; k++) {
            const eq_panel *p = &l->panel[k];
            const double field[] = {p->reference, p->y_from_zero, p->log_y};
            value[k] = field[n];
        }
        eq_canvas_numbers(c, name[n], value, l->panels);
    }
    eq_canvas_numbers(c, "first", l->first, l->panels);
    eq_canvas_numbers(c, "last", l->last, l->panels);
    eq_canvas_numbers(c, "x_step", l->x_step, l->panels);
    eq_canvas_numbers(c, "y_step", l->y_step, l->panels);
    eq_canvas_numbers(c, "y_floor", l->y_floor, l->panels);
    eq_canvas_numbers(c, "corner", l->corner, l->panels);
}

eq_status eq_lines_lay_out(const eq_lines *l, eq_canvas *c, eq_diag *diag) {
    bool wide = c->p->width > 5.0;
    if (l->empty && !l->failed)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "%s has no point to draw; what is asked for has no numbers", c->p->input[0]);
    if (l->below && !l->failed)
        return eq_fail(
            diag, EQ_ERR_USAGE,
            "%s has no value above 0 for a logarithmic axis; say --log none, or the axis "
            "that has some",
            c->p->input[0]);
    c->columns = wide && l->panels > 1 ? 2 : 1;
    c->rows = (l->panels + c->columns - 1) / c->columns;
    double panel = wide && l->panels == 1 ? 3.6 : wide ? 2.6 : 2.3;
    c->height = (double)c->rows * (panel + below_height(l));
    c->script = script;
    eq_canvas_number(c, "panels", (double)l->panels);
    eq_canvas_number(c, "dark", c->p->theme == EQ_PICTURE_DARK);
    eq_canvas_number(c, "log_x", l->log_x);
    eq_canvas_number(c, "x_from_zero", l->x_from_zero);
    range shade = {l->shade_least, l->shade_most, l->log_shade};
    eq_canvas_number(c, "log_shade", l->log_shade);
    eq_canvas_number(c, "shade_step", step_of(&shade));
    eq_canvas_number(c, "shaded", l->shade_label[0] != '\0');
    eq_canvas_number(c, "shade_least", l->shade_least);
    eq_canvas_number(c, "shade_most", l->shade_most);
    eq_canvas_text(c, "x_label", l->x_label);
    eq_canvas_text(c, "shade_label", l->shade_label);
    lay_out_panels(l, c);
    lay_out_lines(l, c);
    return l->failed ? eq_out_of_memory(diag) : EQ_OK;
}

eq_status eq_lines_reference(eq_panel *panel, const char *text, double scale, eq_diag *diag) {
    const char *sign = strrchr(text, '='), *at = sign == NULL ? text : sign + 1;
    size_t length = strlen(at), n = eq_parse_double(at, length, &panel->reference);
    bool percent = n > 0 && n + 1 == length && at[n] == '%';
    if (n == 0 || !isfinite(panel->reference) || (n != length && !percent))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the reference '%s' is no number; say 2.0%%, 0.02 or NAME=2.0%%", text);
    panel->reference *= percent ? scale / 100.0 : scale;
    snprintf(panel->reference_name, sizeof panel->reference_name, "%.*s",
             sign == NULL ? (int)length : (int)(sign - text), text);
    return EQ_OK;
}
