#include "report/graph.h"

#include <math.h>

#include "report/axis.h"

enum { STEPS = 12 }; /* of width and colour */

/* Arrows have a style for each step: to the middle with a head, the whole edge without. Columns of
 * edges: x, y, dx, dy, style; of nodes: x, y, size, colour, label. */
static const char script[] =
    "unset border\n"
    "unset grid\n"
    "unset tics\n"
    "unset key\n"
    "set size ratio -1\n"
    "set cbrange [0:most]\n"
    "set cblabel value_label\n"
    "set rmargin colorbox_margin\n"
    "set cbtics scale_step\n"
    "if (panels > 1) set multiplot layout panel_rows,panel_columns\n"
    "do for [k=1:steps] {\n"
    "  set style arrow k nohead lw thick*(0.4+0.4*k) lc palette cb most*(k-0.5)/steps\n"
    "  set style arrow steps+k head filled size graph 0.018+0.0006*k,24 lw thick*(0.4+0.4*k) "
    "lc palette cb most*(k-0.5)/steps\n"
    "}\n"
    "do for [p=1:panels] {\n"
    "  set title heading[p] offset 0,-0.4\n"
    "  set xrange [x_least[p]:x_most[p]]\n"
    "  set yrange [y_least[p]:y_most[p]]\n"
    "  plot 'data' index 2*p-2 using 1:2:3:4:5 with vectors arrowstyle variable notitle, \\\n"
    "    'data' index 2*p-1 using 1:2:($3 > 0 ? 0.4*$3 : 0.25):($3 > 1 ? 13983232 : 8421504) "
    "with points pt 7 ps variable lc rgb variable notitle, \\\n"
    "    'data' index 2*p-1 using 1:2:(label[int($4)]) with labels noenhanced offset 0,0.9 "
    "textcolor rgb letters notitle, \\\n"
    "    'data' index 2*p-1 using 1:(NaN):(0) with points lc palette notitle\n"
    "}\n"
    "if (panels > 1) unset multiplot\n";

static void put_edge(const eq_graph *g, const double (*at)[2], size_t k, double most,
                     eq_canvas *c) {
    const eq_graph_edge *e = &g->edge[k];
    bool forwards = e->value >= 0.0;
    const double *a = at[forwards ? e->from : e->to], *b = at[forwards ? e->to : e->from];
    double dx = b[0] - a[0], dy = b[1] - a[1];
    double style = fmin(floor(fabs(e->value) / most * STEPS) + 1.0, STEPS);
    eq_canvas_row(c, (double[]){a[0], a[1], dx, dy, style}, 5);
    if (g->arrows && fabs(e->value) > 1e-6 * most)
        eq_canvas_row(c, (double[]){a[0], a[1], 0.6 * dx, 0.6 * dy, STEPS + style}, 5);
}

static double largest(const eq_graph *g) {
    double most = 0.0;
    for (size_t k = 0; k < g->edges; k++) most = fmax(most, fabs(g->edge[k].value));
    return most > 0.0 ? most : 1.0;
}

/* From where to where axis i goes, with a margin. */
static void span(const eq_graph *g, const double (*at)[2], int i, double *least, double *most) {
    *least = INFINITY;
    *most = -INFINITY;
    for (size_t n = 0; n < g->nodes; n++) {
        *least = fmin(*least, at[n][i]);
        *most = fmax(*most, at[n][i]);
    }
}

/* Neither side is less than 0.4 of the other, so that there is room for the scale of the colours. */
static void fill_out(double *least, double *most, double side) {
    double missing = 0.4 * side - (*most - *least);
    if (!(missing > 0.0)) return;
    *least -= 0.5 * missing;
    *most += 0.5 * missing;
}

void eq_graph_lay_out(const eq_graph *g, eq_canvas *c) {
    double most = largest(g), bound[4][EQ_GRAPH_PANELS], tall = 1.0;
    const char *title[EQ_GRAPH_PANELS];
    for (size_t p = 0; p < g->panels; p++) {
        const double(*at)[2] = g->panel[p].at;
        for (size_t k = 0; k < g->edges; k++) put_edge(g, at, k, most, c);
        eq_canvas_end(c);
        for (size_t n = 0; n < g->nodes; n++)
            eq_canvas_row(c, (double[]){at[n][0], at[n][1], g->kind[n], (double)n + 1.0}, 4);
        eq_canvas_end(c);
        for (int i = 0; i < 2; i++) span(g, at, i, &bound[2 * i][p], &bound[2 * i + 1][p]);
        fill_out(&bound[0][p], &bound[1][p], bound[3][p] - bound[2][p]);
        fill_out(&bound[2][p], &bound[3][p], bound[1][p] - bound[0][p]);
        double x = bound[1][p] - bound[0][p], y = bound[3][p] - bound[2][p];
        double margin = 0.08 * fmax(fmax(x, y), 1e-300);
        for (int i = 0; i < 4; i++) bound[i][p] += i % 2 == 0 ? -margin : margin;
        tall = p == 0 ? (y + 2.0 * margin) / (x + 2.0 * margin) : tall;
        title[p] = g->panel[p].title;
    }
    c->columns = c->p->width > 5.0 ? g->panels : 1;
    c->rows = (g->panels + c->columns - 1) / c->columns;
    c->height = fmin((double)c->rows * (0.6 + tall * 0.75 * c->p->width / (double)c->columns),
                     2.0 * c->p->width);
    c->script = script;
    eq_canvas_number(c, "panels", (double)g->panels);
    eq_canvas_number(c, "steps", STEPS);
    eq_canvas_number(c, "most", most);
    double scale = c->height / (double)c->rows - 0.6; /* in: of the colours, about */
    eq_canvas_number(c, "scale_step",
                     eq_axis_step(most, (int)fmin(fmax(floor(scale / 0.25), 2.0), 5.0)));
    eq_canvas_number(c, "thick", fmin(1.0, 10.0 / sqrt(fmax((double)g->edges, 1.0))));
    eq_canvas_text(c, "value_label", g->value_label);
    eq_canvas_texts(c, "heading", title, g->panels);
    eq_canvas_keys(c, "label", g->label, g->nodes);
    eq_canvas_numbers(c, "x_least", bound[0], g->panels);
    eq_canvas_numbers(c, "x_most", bound[1], g->panels);
    eq_canvas_numbers(c, "y_least", bound[2], g->panels);
    eq_canvas_numbers(c, "y_most", bound[3], g->panels);
}
