#include "report/heat.h"

#include <math.h>
#include <stdio.h>

#include "base/carry.h"
#include "base/mem.h"
#include "report/axis.h"

/* Columns of a block: column, row, value, and the colour of the number in the cell. */
static const char script[] =
    "if (panels > 1) set multiplot layout panel_rows,panel_columns\n"
    "set border 15\n"
    "unset grid\n"
    "unset key\n"
    "if (colours == 1) { set palette defined (-1 '#2166ac', -0.5 '#92c5de', 0 '#f7f7f7', "
    "0.5 '#f4a582', 1 '#b2182b') }\n"
    "if (colours == 2) { set palette defined (0 '#ffffff', 0.5 '#9ac8e0', 1 '#0072b2') }\n"
    "if (colours == 2) unset colorbox\n"
    "if (log_values) { set logscale cb; set format cb '10^{%T}' }\n"
    "if (bare) { set size ratio -1; unset colorbox }\n"
    "if (bare) { set lmargin 0.5; set rmargin 0.5; set tmargin 1.2; set bmargin 0.3 }\n"
    "do for [p=1:panels] {\n"
    "  if (strlen(heading[p]) > 0) { set title heading[p] offset 0,(bare ? -0.9 : -0.6) }\n"
    "  set xlabel x_label[p]\n"
    "  set ylabel y_label[p]\n"
    "  set xrange [begin[p]-0.5:begin[p]+columns[p]-0.5]\n"
    "  set yrange [begin[p]+rows[p]-0.5:begin[p]-0.5]\n"
    "  set cbrange [least[p]:most[p]]\n"
    "  if (!log_values) { set cbtics scale_step[p] }\n"
    "  unset xtics\n"
    "  unset ytics\n"
    "  if (!bare) {\n"
    "    set xtics autofreq nomirror out scale 0.5,0.25 textcolor rgb letters\n"
    "    set ytics autofreq nomirror out scale 0.5,0.25 textcolor rgb letters\n"
    "    if (columns[p] < 6) { set xtics 1 } else { if (columns[p] > 50) { set xtics x_step[p] } "
    "}\n"
    "    if (rows[p] < 6) { set ytics 1 } else { if (rows[p] < 13) { set ytics 2 } }\n"
    "  }\n"
    "  if (x_named[p]) { set xtics () scale 0 noenhanced norotate; "
    "if (turned[p]) { set xtics rotate by 90 right }; "
    "set for [k=1:columns[p]] xtics add (x_name[x_first[p]+k-1] begin[p]+k-1) }\n"
    "  if (y_named[p]) { set ytics () scale 0 noenhanced; "
    "set for [k=1:rows[p]] ytics add (y_name[y_first[p]+k-1] begin[p]+k-1) }\n"
    "  if (small[p]) { plot 'data' index p-1 using 1:2:3 with image pixels, \\\n"
    "    'data' index p-1 using 1:2:(colours == 2 && $3 > 0 ? \\\n"
    "    sprintf('%.10g', floor(10*$3 + 0.5)/10.0) : ''):4 with labels font number_font tc rgb "
    "variable\n"
    "  } else { plot 'data' index p-1 using 1:2:3 with image }\n"
    "}\n"
    "if (panels > 1) unset multiplot\n";

/* Range of the colours of a panel. */
static void range_of(const eq_heat *h, const eq_heat_panel *p, double *least, double *most) {
    *least = INFINITY;
    *most = -INFINITY;
    for (size_t k = 0; k < p->rows * p->columns; k++) {
        if (!isfinite(p->value[k])) continue;
        *least = fmin(*least, p->value[k]);
        *most = fmax(*most, p->value[k]);
    }
    if (h->colours == EQ_HEAT_DIVERGING) {
        *most = fmax(fabs(*least), fabs(*most));
        *least = -*most;
    }
    if (h->colours == EQ_HEAT_COUNTS) *least = 0.0;
    if (!(*most > *least)) *most = *least + (*least != 0.0 ? fabs(*least) : 1.0);
}

/* A second row, or column, where there is one alone tells gnuplot how large a cell is; it lies outside. */
static void put_cells(const eq_heat_panel *p, double most, eq_canvas *c) {
    size_t rows = p->rows > 1 ? p->rows : 2, columns = p->columns > 1 ? p->columns : 2;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            double v = p->value[i % p->rows * p->columns + j % p->columns];
            eq_canvas_row(c,
                          (double[]){p->first + (double)j, p->first + (double)i, v,
                                     v > 0.6 * most ? 16777215.0 : 0.0},
                          4);
        }
    }
    eq_canvas_end(c);
}

/* Characters of the longest of n names as they are drawn. */
static double longest(const char *const *name, size_t n) {
    size_t most = 0;
    for (size_t k = 0; name != NULL && k < n; k++) {
        size_t width = eq_carry_width(name[k]);
        most = width > most ? width : most;
    }
    return (double)(most > EQ_CANVAS_TIC ? EQ_CANVAS_TIC : most);
}

#define LETTER 0.075 /* in */
#define LINE 0.14    /* in */

/* Inches of a cell: beside them stand the names of the rows, the axis and the scale of the colours. */
static double cell(const eq_heat *h, const eq_heat_panel *p, double inches) {
    double rest = h->colours == EQ_HEAT_COUNTS ? 0.5 : 1.1;
    return (inches - LETTER * longest(p->row_name, p->rows) - rest) / (double)p->columns;
}

/* Names below the columns are turned where they would run into each other. */
static bool turns(const eq_heat_panel *p, double cell) {
    return LETTER * (longest(p->column_name, p->columns) + 1.0) > cell;
}

/* The names of all panels in one array. */
static void put_names(const eq_heat *h, bool columns, const double *cell, eq_canvas *c) {
    size_t total = 0, used = 0;
    double first[EQ_HEAT_PANELS], named[EQ_HEAT_PANELS];
    for (size_t k = 0; k < h->panels; k++)
        total += columns ? h->panel[k].columns : h->panel[k].rows;
    const char **name = eq_malloc(total, sizeof *name);
    c->head.failed |= name == NULL;
    for (size_t k = 0; name != NULL && k < h->panels; k++) {
        const eq_heat_panel *p = &h->panel[k];
        const char *const *from = columns ? p->column_name : p->row_name;
        size_t n = columns ? p->columns : p->rows;
        named[k] = from != NULL && !(columns && cell[k] < LINE); /* else numbers */
        first[k] = (double)used + 1.0;
        for (size_t j = 0; from != NULL && j < n; j++) name[used++] = from[j];
    }
    if (name != NULL) {
        eq_canvas_tics(c, columns ? "x_name" : "y_name", name, used);
        eq_canvas_numbers(c, columns ? "x_named" : "y_named", named, h->panels);
        eq_canvas_numbers(c, columns ? "x_first" : "y_first", first, h->panels);
    }
    eq_free(name);
}

static void put_texts(const eq_heat *h, eq_canvas *c) {
    const char *title[EQ_HEAT_PANELS], *x[EQ_HEAT_PANELS], *y[EQ_HEAT_PANELS];
    char room[EQ_HEAT_PANELS][2 * EQ_HEAT_LABEL];
    for (size_t k = 0; k < h->panels; k++) {
        bool both = h->panel[k].title[0] != '\0' && h->value_label[0] != '\0';
        snprintf(room[k], sizeof room[k], "%s%s%s", h->panel[k].title, both ? ": " : "",
                 h->value_label);
        title[k] = room[k];
        x[k] = h->panel[k].x_label;
        y[k] = h->panel[k].y_label;
    }
    eq_canvas_texts(c, "heading", title, h->panels);
    eq_canvas_texts(c, "x_label", x, h->panels);
    eq_canvas_texts(c, "y_label", y, h->panels);
}

/* The same colour is the same value in all panels. */
static void share_range(size_t panels, double *least, double *most) {
    for (size_t k = 1; k < panels; k++) {
        least[0] = fmin(least[0], least[k]);
        most[0] = fmax(most[0], most[k]);
    }
    for (size_t k = 1; k < panels; k++) {
        least[k] = least[0];
        most[k] = most[0];
    }
}

/* Inches of a row of bare panels, with their headings: as high as the first one is for its width, a flat one somewhat more. */
static double bare_height(const eq_heat *h, const eq_canvas *c) {
    const eq_heat_panel *p = &h->panel[0];
    double width = c->p->width / (double)c->columns;
    return fmax(width * (double)p->rows / (double)p->columns, 0.2) + 0.2;
}

void eq_heat_lay_out(const eq_heat *h, eq_canvas *c) {
    double rows[EQ_HEAT_PANELS], columns[EQ_HEAT_PANELS], small[EQ_HEAT_PANELS],
        begin[EQ_HEAT_PANELS];
    double x_step[EQ_HEAT_PANELS], scale_step[EQ_HEAT_PANELS];
    double least[EQ_HEAT_PANELS], most[EQ_HEAT_PANELS], turned[EQ_HEAT_PANELS],
        wide[EQ_HEAT_PANELS], over = 0.0;
    c->columns = c->p->width > 5.0 && h->panels > 1 ? (h->columns > 0 ? h->columns : 2) : 1;
    if (h->bare) c->columns = h->columns;
    c->rows = (h->panels + c->columns - 1) / c->columns;
    bool log = h->log;
    for (size_t k = 0; k < h->panels; k++) {
        const eq_heat_panel *p = &h->panel[k];
        range_of(h, p, &least[k], &most[k]);
        log = log && eq_axis_log(c->p->log, 'y', least[k], most[k]) && least[k] > 0.0;
        rows[k] = (double)p->rows;
        columns[k] = (double)p->columns;
        begin[k] = p->first;
        x_step[k] = eq_axis_step((double)p->columns, 5);
        scale_step[k] = eq_axis_step(most[k] - least[k], 5);
        small[k] = p->rows * p->columns <= (h->bare ? 256 : 4096);
        wide[k] = cell(h, p, c->p->width / (double)c->columns);
        turned[k] = turns(p, wide[k]);
        if (turned[k] > 0.0)
            over = fmax(over, fmax(0.5, LETTER * longest(p->column_name, p->columns) - 0.2));
        put_cells(p, most[k], c);
    }
    if (h->bare) share_range(h->panels, least, most);
    double height = h->colours == EQ_HEAT_COUNTS ? 0.85 * c->p->width : 2.2;
    c->height = (double)c->rows * (h->bare ? bare_height(h, c) : height + over);
    c->script = script;
    eq_canvas_number(c, "panels", (double)h->panels);
    eq_canvas_number(c, "colours", h->colours);
    eq_canvas_number(c, "bare", h->bare);
    eq_canvas_number(c, "log_values", log);
    eq_canvas_text(c, "number_font",
                   h->panels > 0 && columns[0] / c->p->width > 2.4 ? "sans-serif,6"
                                                                   : "sans-serif,8");
    eq_canvas_numbers(c, "rows", rows, h->panels);
    eq_canvas_numbers(c, "columns", columns, h->panels);
    eq_canvas_numbers(c, "begin", begin, h->panels);
    eq_canvas_numbers(c, "small", small, h->panels);
    eq_canvas_numbers(c, "turned", turned, h->panels);
    eq_canvas_numbers(c, "x_step", x_step, h->panels);
    eq_canvas_numbers(c, "scale_step", scale_step, h->panels);
    eq_canvas_numbers(c, "least", least, h->panels);
    eq_canvas_numbers(c, "most", most, h->panels);
    put_texts(h, c);
    put_names(h, true, wide, c);
    put_names(h, false, wide, c);
}
