#include "report/bars.h"

#include <math.h>

#include "report/axis.h"

/* Columns of a block: left edge of the bin, what is filled; then where what goes over it stands, and that. */
static const char script[] =
    "if (panels > 1) set multiplot layout panel_rows,panel_columns\n"
    "unset grid\n"
    "set grid y lc rgb grid lw 0.5 lt 1\n"
    "set offsets 0,0,graph 0.45,0\n"
    "do for [p=1:panels] {\n"
    "  set title heading[p] offset 0,-0.6\n"
    "  set xlabel x_label[p]\n"
    "  set ylabel y_label[p]\n"
    "  unset logscale x\n"
    "  unset arrow\n"
    "  set xrange [left[p]:right[p]]\n"
    "  set yrange [0:*]\n"
    "  if (log_x[p]) { set logscale x; set format x '10^{%T}' } else { set format x '%h' }\n"
    "  if (is(least[p])) { set arrow from least[p],graph 0 to least[p],graph 1 nohead dt 2 lc rgb "
    "letters }\n"
    "  if (is(most[p])) { set arrow from most[p],graph 0 to most[p],graph 1 nohead dt 2 lc rgb "
    "letters }\n"
    "  set ytics y_step[p]\n"
    "  if (x_step[p] > 0) { set xtics x_step[p] } else { set xtics autofreq }\n"
    "  set key top right Right noreverse horizontal samplen 1\n"
    "  plot 'data' index p-1 using 1:2 with fillsteps lc rgb shade_colour title name[1], \\\n"
    "    '' index p-1 using 3:4 with @over lw 1.6 lc rgb rgb(1) title name[2]\n"
    "}\n"
    "if (panels > 1) unset multiplot\n";

static double place(const eq_bars_panel *p, double k) {
    double at = k / EQ_BARS_BINS;
    return p->log_x ? p->left * pow(p->right / p->left, at) : p->left + at * (p->right - p->left);
}

/* A step goes from its edge to the next, the last one down to 0; a curve through the middles. */
void eq_bars_add(eq_bars *s, eq_bars_panel *p, const double *filled, const double *over,
                 eq_canvas *to) {
    for (int k = 0; k < EQ_BARS_BINS; k++) {
        double at = place(p, k), middle = place(p, k + 0.5);
        eq_canvas_row(to, (double[]){at, filled[k], s->curve ? middle : at, over[k]}, 4);
        p->highest = fmax(p->highest, fmax(filled[k], over[k]));
    }
    eq_canvas_row(to, (double[]){p->right, 0.0, p->right, s->curve ? (double)NAN : 0.0}, 4);
    eq_canvas_end(to);
}

static void numbers(const eq_bars *s, eq_canvas *c) {
    double left[EQ_BARS_PANELS], right[EQ_BARS_PANELS], least[EQ_BARS_PANELS], most[EQ_BARS_PANELS],
        log_x[EQ_BARS_PANELS], x_step[EQ_BARS_PANELS], y_step[EQ_BARS_PANELS];
    for (size_t k = 0; k < s->panels; k++) {
        const eq_bars_panel *p = &s->panel[k];
        double step = eq_axis_step(1.45 * p->highest, 5);
        left[k] = p->left;
        right[k] = p->right;
        least[k] = p->least;
        most[k] = p->most;
        log_x[k] = p->log_x;
        x_step[k] = p->log_x ? 0.0 : eq_axis_step(p->right - p->left, 6);
        y_step[k] = p->whole ? fmax(1.0, step) : step;
    }
    eq_canvas_numbers(c, "left", left, s->panels);
    eq_canvas_numbers(c, "right", right, s->panels);
    eq_canvas_numbers(c, "least", least, s->panels);
    eq_canvas_numbers(c, "most", most, s->panels);
    eq_canvas_numbers(c, "log_x", log_x, s->panels);
    eq_canvas_numbers(c, "x_step", x_step, s->panels);
    eq_canvas_numbers(c, "y_step", y_step, s->panels);
}

void eq_bars_lay_out(const eq_bars *s, eq_canvas *c) {
    const char *title[EQ_BARS_PANELS], *x[EQ_BARS_PANELS], *y[EQ_BARS_PANELS];
    for (size_t k = 0; k < s->panels; k++) {
        title[k] = s->panel[k].title;
        x[k] = s->panel[k].x_label;
        y[k] = s->panel[k].y_label;
    }
    c->columns = c->p->width > 5.0 && s->panels > 1 ? 2 : 1;
    c->rows = (s->panels + c->columns - 1) / c->columns;
    c->height = 2.0 * (double)c->rows;
    c->script = script;
    eq_canvas_number(c, "panels", (double)s->panels);
    eq_canvas_text(c, "shade_colour", c->p->theme == EQ_PICTURE_DARK ? "#6a6a6a" : "#bbbbbb");
    eq_canvas_text(c, "over", s->curve ? "lines" : "steps");
    eq_canvas_keys(c, "name", (const char *[]){s->filled, s->over}, 2);
    eq_canvas_texts(c, "heading", title, s->panels);
    eq_canvas_texts(c, "x_label", x, s->panels);
    eq_canvas_texts(c, "y_label", y, s->panels);
    numbers(s, c);
}
