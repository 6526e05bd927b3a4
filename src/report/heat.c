#include "report/heat.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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
    "if (numbered) unset colorbox\n"
    "if (log_values) { set logscale cb; set format cb '10^{%T}' }\n"
    "if (bare) { set size ratio -1; unset colorbox }\n"
    "if (bare) { set lmargin 0.5; set rmargin 0.5; set tmargin 1.2; set bmargin 0.3 }\n"
    "do for [p=1:panels] {\n"
    "  unset label 1\n"
    "  if (strlen(heading[p]) > 0) { set title heading[p] offset 0,(bare ? -0.9 : -0.6) }\n"
    "  if (aside[p]) { set title ' ' offset 0,-0.6; set label 1 heading[p] at graph 1,graph 1 "
    "right offset 5,0.9 noenhanced textcolor rgb letters }\n"
    "  if (!bare) { set lmargin at screen at_left[p]; set rmargin at screen at_right[p]; "
    "set bmargin at screen at_bottom[p]; set tmargin at screen at_top[p] }\n"
    "  if (!bare && !numbered) { set colorbox vertical user origin "
    "at_right[p]+0.12*inch,at_bottom[p] "
    "size 0.125*inch,at_top[p]-at_bottom[p] }\n"
    "  set label 2 x_label[p] at graph 0.5,screen x_title[p] center noenhanced textcolor rgb "
    "letters\n"
    "  set label 3 y_label[p] at screen y_title[p],graph 0.5 center rotate by 90 noenhanced "
    "textcolor rgb letters\n"
    "  set xrange [begin[p]-0.5:begin[p]+columns[p]-0.5]\n"
    "  set yrange [begin[p]+rows[p]-0.5:begin[p]-0.5]\n"
    "  set cbrange [least[p]:most[p]]\n"
    "  if (!log_values) { set cbtics scale_step[p] }\n"
    "  unset xtics\n"
    "  unset ytics\n"
    "  if (!bare) {\n"
    "    set xtics x_step[p] nomirror out scale 0.5,0.25 textcolor rgb letters\n"
    "    set ytics y_step[p] nomirror out scale 0.5,0.25 textcolor rgb letters\n"
    "  }\n"
    "  if (x_named[p]) { set xtics () scale 0 noenhanced norotate font name_font; "
    "if (turned[p]) { set xtics rotate by 90 right }; "
    "set for [k=1:columns[p]] xtics add (x_name[x_first[p]+k-1] begin[p]+k-1) }\n"
    "  if (y_named[p]) { set ytics () scale 0 noenhanced font name_font; "
    "set for [k=1:rows[p]] ytics add (y_name[y_first[p]+k-1] begin[p]+k-1) }\n"
    "  if (small[p]) { plot 'data' index p-1 using 1:2:3 with image pixels notitle, \\\n"
    "    'data' index p-1 using 1:2:(numbered && $3 > 0 ? \\\n"
    "    sprintf('%.10g', floor(10*$3 + 0.5)/10.0) : ''):4 with labels font number_font tc rgb "
    "variable notitle\n"
    "  } else { plot 'data' index p-1 using 1:2:3 with image notitle }\n"
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

/* On the blue of the last colour of counts white letters are seen better than black ones. */
#define WHITE_FROM 0.94

/* A second row, or column, where there is one alone tells gnuplot how large a cell is; it lies outside. */
static void put_cells(const eq_heat_panel *p, double most, eq_canvas *c) {
    size_t rows = p->rows > 1 ? p->rows : 2, columns = p->columns > 1 ? p->columns : 2;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            double v = p->value[i % p->rows * p->columns + j % p->columns];
            eq_canvas_row(c,
                          (double[]){p->first + (double)j, p->first + (double)i, v,
                                     v > WHITE_FROM * most ? 16777215.0 : 0.0},
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

#define LETTER 0.068           /* in: of 8 pt */
#define LINE 0.14              /* in */
#define LABEL 0.3              /* in: title of an axis with its tics */
enum { USUAL = 8, LEAST = 5 }; /* pt */

/* How a picture is measured before it is drawn. */
typedef struct measures {
    const eq_heat *h;
    double size;                     /* of the names, pt */
    double numbers;                  /* of those in the cells, pt; 0: there are none */
    double width;                    /* in: of a panel */
    double height;                   /* in: where one is asked for; 0: it follows */
    double plot[EQ_HEAT_PANELS][2];  /* in: of the matrix, width and height */
    double names[EQ_HEAT_PANELS][2]; /* in: of what stands below and left of it */
    bool named[EQ_HEAT_PANELS][2], turned[EQ_HEAT_PANELS];
    double under; /* in: the most that stands below a matrix */
} measures;

static double letters(const measures *m, double characters) {
    return LETTER * m->size / USUAL * characters;
}

static double line(const measures *m) {
    return LINE * m->size / USUAL;
}

/* Inches above a matrix: of a heading. */
static double above(const measures *m) {
    return m->numbers > 0.0 ? 0.1 : 0.35;
}

/* Sizes of panel k, whose names are drawn where `named` says so. Cells of counts are square. */
static void measure_panel(measures *m, size_t k) {
    const eq_heat_panel *p = &m->h->panel[k];
    bool counts = m->h->colours == EQ_HEAT_COUNTS;
    double columns = (double)p->columns, rows = (double)p->rows;
    double across = longest(p->column_name, p->columns);
    m->names[k][1] = m->named[k][1] ? letters(m, longest(p->row_name, p->rows)) : 3.0 * LETTER;
    m->plot[k][0] = fmax(m->width - m->names[k][1] - LABEL - (m->numbers > 0.0 ? 0.15 : 0.75), 0.3);
    m->turned[k] = m->named[k][0] && letters(m, across + 1.0) > m->plot[k][0] / columns;
    m->names[k][0] = m->turned[k] ? letters(m, across) + 0.05 : 0.22;
    m->plot[k][1] = counts ? m->plot[k][0] * rows / columns : 1.4;
    if (m->named[k][1]) m->plot[k][1] = fmax(m->plot[k][1], rows * line(m));
    if (m->height > 0.0) m->plot[k][1] = fmax(m->height - m->names[k][0] - LABEL - above(m), 0.1);
}

/* Whether the names of rows (and columns) fit beside their cells. */
static bool fits(measures *m, bool columns) {
    for (size_t k = 0; k < m->h->panels; k++) {
        const eq_heat_panel *p = &m->h->panel[k];
        m->named[k][0] = columns && p->column_name != NULL;
        m->named[k][1] = p->row_name != NULL;
        measure_panel(m, k);
        double across = m->plot[k][0] / (double)p->columns,
               room = m->height > 0.0 ? m->plot[k][1] : 0.8 * m->width;
        if (m->named[k][0] && across < line(m)) return false;
        if (m->named[k][1] && (double)p->rows * line(m) > room) return false;
    }
    return true;
}

/* The largest size from 8 to 5 points at which they do; else columns have numbers, and then rows. */
static void fit_names(measures *m) {
    for (int columns = 1; columns >= 0; columns--)
        for (m->size = USUAL; m->size >= LEAST; m->size -= 0.5)
            if (fits(m, columns == 1)) return;
    m->size = USUAL;
    for (size_t k = 0; k < m->h->panels; k++) {
        const eq_heat_panel *p = &m->h->panel[k];
        m->named[k][0] = m->named[k][1] = false;
        measure_panel(m, k);
        m->named[k][0] = p->column_name != NULL && m->plot[k][0] >= (double)p->columns * line(m);
        measure_panel(m, k);
    }
}

/* Characters of the longest number in a cell. */
static int longest_number(const eq_heat_panel *p) {
    int most = 1;
    char shown[32];
    for (size_t k = 0; k < p->rows * p->columns; k++) {
        int n = snprintf(shown, sizeof shown, "%.10g", floor(10.0 * p->value[k] + 0.5) / 10.0);
        most = n > most ? n : most;
    }
    return most;
}

/* Numbers as large as their cells; where they would be too small to be read, the scale of the colours is there instead. */
static double fit_numbers(const measures *m) {
    static const double digit = 0.72, least = 4.5; /* of the size; pt */
    const eq_heat_panel *p = &m->h->panel[0];
    double across = m->plot[0][0] / (double)p->columns, high = m->plot[0][1] / (double)p->rows;
    double size = 72.0 * fmin(across / (digit * longest_number(p)), high / 1.2);
    return size < least ? 0.0 : fmin(USUAL, size);
}

/* A height that is asked for is shared by the panels. */
static void measure(const eq_heat *h, const eq_canvas *c, measures *m) {
    *m = (measures){.h = h, .size = USUAL, .width = c->p->width / (double)c->columns};
    m->height = c->p->height / (double)c->rows;
    m->numbers = h->colours == EQ_HEAT_COUNTS;
    fit_names(m);
    if (m->numbers > 0.0) m->numbers = fit_numbers(m);
    if (h->colours == EQ_HEAT_COUNTS && m->numbers == 0.0) fit_names(m);
    double high = 0.0;
    for (size_t k = 0; k < h->panels; k++) {
        m->under = fmax(m->under, m->names[k][0] + (h->panel[k].x_label[0] != '\0' ? LABEL : 0.1));
        high = fmax(high, m->plot[k][1]);
    }
    if (m->height > 0.0) high = fmax(m->height - m->under - above(m), 0.1);
    for (size_t k = 0; k < h->panels; k++) m->plot[k][1] = high;
}

static double height_of(const measures *m) {
    return m->plot[0][1] + m->under + above(m);
}

/* Margins of the panels, as parts of the picture, and where the titles of their axes have their middle: gnuplot would
 * leave room for names of the usual size. */
static void put_places(const measures *m, eq_canvas *c) {
    double at[6][EQ_HEAT_PANELS];
    static const char *const name[6] = {"at_left", "at_right", "at_bottom",
                                        "at_top",  "y_title",  "x_title"};
    for (size_t k = 0; k < m->h->panels; k++) {
        size_t row = k / c->columns, column = k % c->columns;
        double edge = (double)column * m->width, left = edge + LABEL + m->names[k][1];
        double top = (double)row * height_of(m) + above(m);
        at[0][k] = left / c->p->width;
        at[1][k] = (left + m->plot[k][0]) / c->p->width;
        at[2][k] = 1.0 - (top + m->plot[k][1]) / c->height;
        at[3][k] = 1.0 - top / c->height;
        at[4][k] = (edge + 0.45 * LABEL) / c->p->width;
        at[5][k] = at[2][k] - (m->names[k][0] + 0.4 * LABEL) / c->height;
    }
    for (int n = 0; n < 6; n++) eq_canvas_numbers(c, name[n], at[n], m->h->panels);
}

/* The names of all panels in one array. */
static void put_names(const eq_heat *h, bool columns, const double *named, eq_canvas *c) {
    size_t total = 0, used = 0;
    double first[EQ_HEAT_PANELS];
    for (size_t k = 0; k < h->panels; k++)
        total += columns ? h->panel[k].columns : h->panel[k].rows;
    const char **name = eq_malloc(total, sizeof *name);
    c->head.failed |= name == NULL;
    for (size_t k = 0; name != NULL && k < h->panels; k++) {
        const eq_heat_panel *p = &h->panel[k];
        const char *const *from = columns ? p->column_name : p->row_name;
        size_t n = columns ? p->columns : p->rows;
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

static void put_texts(const eq_heat *h, const measures *m, eq_canvas *c) {
    const char *title[EQ_HEAT_PANELS], *x[EQ_HEAT_PANELS], *y[EQ_HEAT_PANELS];
    const char *what = m->numbers > 0.0 ? "" : h->value_label;
    char room[EQ_HEAT_PANELS][2 * EQ_HEAT_LABEL];
    double aside[EQ_HEAT_PANELS];
    for (size_t k = 0; k < h->panels; k++) {
        bool both = h->panel[k].title[0] != '\0' && what[0] != '\0';
        snprintf(room[k], sizeof room[k], "%s%s%s", h->panel[k].title, both ? ": " : "", what);
        title[k] = room[k];
        aside[k] = !h->bare && LETTER * (double)strlen(room[k]) > m->plot[k][0] + 1.0;
        x[k] = h->panel[k].x_label;
        y[k] = h->panel[k].y_label;
    }
    eq_canvas_texts(c, "heading", title, h->panels);
    eq_canvas_numbers(c, "aside", aside, h->panels);
    eq_canvas_texts(c, "x_label", x, h->panels);
    eq_canvas_sides(c, "y_label", y, h->panels);
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

/* The name of a font of that size in points; SVG counts in 1/96 in. */
static void put_font(eq_canvas *c, const char *name, double size) {
    char font[32];
    snprintf(font, sizeof font, "sans-serif,%.4g",
             c->p->format == EQ_PICTURE_SVG ? size * 96.0 / 72.0 : size);
    eq_canvas_text(c, name, font);
}

/* Numbers of an axis of n cells that is so long: at most one in `each` inches. */
static double step_of(size_t n, double length, double each) {
    double most = fmin(fmax(floor(length / each), 1.0), 8.0);
    return fmax(1.0, eq_axis_step((double)n, (int)most));
}

void eq_heat_lay_out(const eq_heat *h, eq_canvas *c) {
    double rows[EQ_HEAT_PANELS], columns[EQ_HEAT_PANELS], small[EQ_HEAT_PANELS],
        begin[EQ_HEAT_PANELS];
    double x_step[EQ_HEAT_PANELS], y_step[EQ_HEAT_PANELS], scale_step[EQ_HEAT_PANELS];
    double least[EQ_HEAT_PANELS], most[EQ_HEAT_PANELS], x_named[EQ_HEAT_PANELS],
        y_named[EQ_HEAT_PANELS], turned[EQ_HEAT_PANELS];
    c->columns = c->p->width > 5.0 && h->panels > 1 ? (h->columns > 0 ? h->columns : 2) : 1;
    if (h->bare) c->columns = h->columns;
    c->rows = (h->panels + c->columns - 1) / c->columns;
    bool log = h->log;
    measures m;
    measure(h, c, &m);
    for (size_t k = 0; k < h->panels; k++) {
        const eq_heat_panel *p = &h->panel[k];
        range_of(h, p, &least[k], &most[k]);
        log = log && eq_axis_log(c->p->log, 'y', least[k], most[k]) && least[k] > 0.0;
        rows[k] = (double)p->rows;
        columns[k] = (double)p->columns;
        begin[k] = p->first;
        x_step[k] = step_of(p->columns, m.plot[k][0], 0.4);
        y_step[k] = step_of(p->rows, m.plot[k][1], 0.25);
        x_named[k] = m.named[k][0];
        y_named[k] = m.named[k][1];
        turned[k] = m.turned[k];
        scale_step[k] = eq_axis_step(most[k] - least[k], 5);
        small[k] = p->rows * p->columns <= (h->bare ? 256 : 4096);
        put_cells(p, most[k], c);
    }
    if (h->bare) share_range(h->panels, least, most);
    c->height = (double)c->rows * (h->bare ? bare_height(h, c) : height_of(&m));
    c->script = script;
    eq_canvas_number(c, "panels", (double)h->panels);
    eq_canvas_number(c, "inch", 1.0 / c->p->width);
    eq_canvas_number(c, "colours", h->colours);
    eq_canvas_number(c, "bare", h->bare);
    eq_canvas_number(c, "log_values", log);
    eq_canvas_number(c, "numbered", m.numbers > 0.0);
    put_font(c, "number_font", m.numbers);
    put_font(c, "name_font", m.size);
    eq_canvas_numbers(c, "rows", rows, h->panels);
    eq_canvas_numbers(c, "columns", columns, h->panels);
    eq_canvas_numbers(c, "begin", begin, h->panels);
    eq_canvas_numbers(c, "small", small, h->panels);
    eq_canvas_numbers(c, "turned", turned, h->panels);
    eq_canvas_numbers(c, "x_step", x_step, h->panels);
    eq_canvas_numbers(c, "y_step", y_step, h->panels);
    eq_canvas_numbers(c, "scale_step", scale_step, h->panels);
    eq_canvas_numbers(c, "least", least, h->panels);
    eq_canvas_numbers(c, "most", most, h->panels);
    put_texts(h, &m, c);
    put_names(h, true, x_named, c);
    put_names(h, false, y_named, c);
    put_places(&m, c);
}
