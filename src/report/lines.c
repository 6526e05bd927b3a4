#include "report/lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "report/axis.h"
#include "report/key.h"

/* Panels, then the keys that stand below them. Columns of a block: x, y, lower and upper edge of the band. */
static const char script[] =
    "set multiplot\n"
    "set dashtype 6 (14,4)\n"
    "set dashtype 7 (2,8)\n"
    "set dashtype 8 (14,4,2,4,2,4)\n"
    "set dashtype 9 (24,6,6,6)\n"
    "lower(label) = strlen(label) > 18 ? -1.3 : 0\n" /* a long one has its middle at the panel's */
    "look(s) = hue[s] > 0 ? rgb(hue[s]) : letters\n"
    "set cbrange [shade_least:(shade_most > shade_least ? shade_most : shade_least + 1)]\n"
    "if (log_shade) { set logscale cb; set format cb '10^{%T}' }\n"
    "if (shade_step > 0) { set cbtics shade_step }\n"
    "if (shaded) { set cblabel shade_label[1] offset 0.9,lower(shade_label[1]); set rmargin "
    "colorbox_margin } "
    "else { unset colorbox }\n"
    "if (dark) { set palette defined (0 '#3b528b', 1 '#21918c', 2 '#5ec962', 3 '#fde725') }\n"
    "set xlabel x_label offset 0,0.5\n"
    "if (log_x) { set logscale x; set format x '10^{%T}' }\n"
    "do for [p=1:panels] {\n"
    "  set origin left[p],bottom[p]\n"
    "  set size panel_width,panel_height\n"
    "  set ylabel y_label[p] offset 0,lower(y_label[p])\n"
    "  unset logscale y\n"
    "  if (x_from_zero && !log_x) { set xrange [0:*] }\n"
    "  set format y '%h'\n"
    "  set yrange [*:*]\n"
    "  if (x_step[p] > 0) { set xtics x_step[p] } else { set xtics autofreq }\n"
    "  if (y_step[p] > 0) { set ytics y_step[p] } else { set ytics autofreq }\n"
    "  if (from_zero[p]) { set yrange [0:*] }\n"
    "  if (log_y[p]) { set yrange [*:*]; set logscale y; set format y '10^{%T}' }\n"
    "  unset key\n"
    "  if (corner[p] == 1) { set key inside top right Right noreverse vertical }\n"
    "  if (corner[p] == 2) { set key inside top left Left reverse vertical }\n"
    "  if (corner[p] == 3) { set key inside bottom right Right noreverse vertical }\n"
    "  if (corner[p] == 4) { set key inside bottom left Left reverse vertical }\n"
    "  plot for [s=first[p]:last[p]] 'data' index s-1"
    " using 1:(!band[s] ? NaN : log_y[p] && $3 < y_floor[p] ? y_floor[p] : $3):4"
    " with filledcurves fs transparent solid 0.22 noborder lc rgb look(s) notitle, \\\n"
    "    for [s=first[p]:last[p]] 'data' index s-1 using 1:(style[s] < 2 && hue[s] > 0 ? $2 : NaN)"
    " with lines lw 1.4 dt dash[s] lc rgb look(s)"
    " title (style[s] < 2 && hue[s] > 0 ? title[s] : ''), \\\n"
    "    for [s=first[p]:last[p]] 'data' index s-1 using 1:(style[s] == 1 && hue[s] > 0 ? $2 : NaN)"
    " with points pt 7 ps 0.25 lc rgb look(s) notitle, \\\n"
    "    for [s=first[p]:last[p]] 'data' index s-1 using 1:(hue[s] == 0 ? $2 : NaN)"
    " with lines lw 1.4 dt dash[s] lc palette cb shade[s] notitle, \\\n"
    "    for [s=first[p]:last[p]] NaN with lines lw 1.4 dt dash[s] lc rgb letters"
    " title (hue[s] == 0 ? title[s] : ''), \\\n"
    "    for [s=first[p]:last[p]] 'data' index s-1 using 1:(style[s] == 2 ? $2 : NaN)"
    " with points pt 7 ps 0.45 lc rgb look(s) title (style[s] == 2 ? title[s] : ''), \\\n"
    "    reference[p] with lines lw 1 dt 2 lc rgb letters title reference_name[p]\n"
    "}\n"
    "unset border\n"
    "unset tics\n"
    "unset grid\n"
    "unset xlabel\n"
    "unset ylabel\n"
    "unset logscale\n"
    "unset colorbox\n"
    "set margins 0,0,0,0\n"
    "set xrange [0:1]\n"
    "set yrange [0:1]\n"
    "do for [p=1:panels] {\n"
    "  if (strip_height[p] > 0) {\n"
    "    set origin strip_left[p],strip_bottom[p]\n"
    "    set size strip_width[p],strip_height[p]\n"
    "    set key inside center center Left reverse vertical maxrows strip_rows[p]\n"
    "    plot for [s=first[p]:last[p]] NaN with lines lw 1.4 dt dash[s] lc rgb look(s)"
    " title (style[s] < 2 ? title[s] : ''), \\\n"
    "      for [s=first[p]:last[p]] NaN with points pt 7 ps 0.45 lc rgb look(s)"
    " title (style[s] == 2 ? title[s] : ''), \\\n"
    "      NaN with lines lw 1 dt 2 lc rgb letters title reference_name[p]\n"
    "  }\n"
    "}\n"
    "unset multiplot\n";

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

void eq_lines_tell(eq_line *line, size_t k, int dash, int dashes) {
    enum { HUES = 7, DASHES = 9 }; /* of the script */
    line->hue = (int)(k % HUES) + 1;
    line->dash = (dash - 1 + dashes * (int)(k / HUES)) % DASHES + 1;
}

void eq_lines_point(eq_lines *l, eq_canvas *c, const double row[4]) {
    void *p = l->point;
    bool room = eq_grow(&p, &l->cap, l->points + 1, sizeof *l->point);
    l->point = p;
    l->failed |= !room;
    if (room && isfinite(row[0]) && isfinite(row[1])) {
        bool apart = l->line[l->lines - 1].style == EQ_LINES_POINTS;
        l->point[l->points++] = (eq_lines_at){row[0], row[1], apart || !l->begun};
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

void eq_lines_end_panel(eq_lines *l) {
    l->last[l->panels - 1] = (double)l->lines;
    l->from_point[l->panels] = l->points;
    l->empty |= l->points == l->from_point[l->panels - 1];
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

static void lay_out_panels(const eq_lines *l, const eq_placed *at, eq_canvas *c) {
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
    const struct {
        const char *name;
        const double *value; /* [panels] */
    } placed[] = {{"first", l->first},
                  {"last", l->last},
                  {"x_step", at->x_step},
                  {"y_step", at->y_step},
                  {"y_floor", at->y_floor},
                  {"corner", at->corner},
                  {"left", at->left},
                  {"bottom", at->bottom},
                  {"strip_left", at->strip_left},
                  {"strip_bottom", at->strip_bottom},
                  {"strip_width", at->strip_width},
                  {"strip_height", at->strip_height},
                  {"strip_rows", at->strip_rows}};
    for (size_t k = 0; k < sizeof placed / sizeof *placed; k++)
        eq_canvas_numbers(c, placed[k].name, placed[k].value, l->panels);
}

/* What is not drawn is told. */
static eq_status check(const eq_lines *l, const eq_placed *at, const eq_picture *p, eq_diag *diag) {
    const char *from = p->inputs > 0 ? p->input[0] : "the table";
    if (l->failed) return eq_out_of_memory(diag);
    if (l->empty)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "%s has no point to draw; what is asked for has no numbers", from);
    if (at->below)
        return eq_fail(
            diag, EQ_ERR_USAGE,
            "%s has no value above 0 for a logarithmic axis; say --log none, or the axis "
            "that has some",
            from);
    if (at->hidden > 0)
        eq_note_at(diag, (eq_place){from, 0, 0},
                   "%zu of %zu points are at 0 or below, where a logarithmic axis has no place",
                   at->hidden, l->points);
    return EQ_OK;
}

eq_status eq_lines_lay_out(const eq_lines *l, eq_canvas *c, eq_diag *diag) {
    eq_placed at = {.height = 0.0};
    if (!l->empty) eq_lines_place(l, c->p, &at);
    eq_status status = check(l, &at, c->p, diag);
    if (status != EQ_OK) return status;
    c->height = at.height;
    c->script = script;
    eq_canvas_number(c, "panels", (double)l->panels);
    eq_canvas_number(c, "panel_width", at.panel_width);
    eq_canvas_number(c, "panel_height", at.panel_height);
    eq_canvas_number(c, "dark", c->p->theme == EQ_PICTURE_DARK);
    eq_canvas_number(c, "log_x", l->log_x);
    eq_canvas_number(c, "x_from_zero", l->x_from_zero);
    double shades = l->shade_most - l->shade_least;
    eq_canvas_number(c, "log_shade", l->log_shade);
    eq_canvas_number(c, "shade_step",
                     l->log_shade || !(shades > 0.0) ? 0.0 : eq_axis_step(shades, 5));
    eq_canvas_number(c, "shaded", l->shade_label[0] != '\0');
    eq_canvas_number(c, "shade_least", l->shade_least);
    eq_canvas_number(c, "shade_most", l->shade_most);
    eq_canvas_text(c, "x_label", l->x_label);
    eq_canvas_sides(c, "shade_label", (const char *[]){l->shade_label}, 1);
    lay_out_panels(l, &at, c);
    lay_out_lines(l, c);
    return EQ_OK;
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
