/* What was trained: how its values are spread, and where in the crossbars they stand. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/depth.h"
#include "circuit/topology.h"
#include "devices/registry.h"
#include "report/axis.h"
#include "report/heat.h"
#include "report/kind.h"
#include "train/train.h"

/* Columns of a block: middle of the bin, parameters in it at first, at last. */
static const char script[] =
    "if (panels > 1) set multiplot layout panel_rows,panel_columns\n"
    "unset grid\n"
    "set grid y lc rgb grid lw 0.5 lt 1\n"
    "set ylabel 'parameters'\n"
    "set offsets 0,0,graph 0.45,0\n"
    "do for [p=1:panels] {\n"
    "  set title heading[p] offset 0,-0.6\n"
    "  set xlabel x_label[p]\n"
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
    "  set key top right Right noreverse horizontal\n"
    "  plot 'data' index p-1 using 1:2 with fillsteps lc rgb shade_colour title (initial ? "
    "'initial' "
    ": ''), \\\n"
    "    'data' index p-1 using 1:3 with steps lw 1.6 lc rgb rgb(1) title 'trained'\n"
    "}\n"
    "if (panels > 1) unset multiplot\n";

enum { PANELS = 12, BINS = 40 };

typedef struct spread {
    size_t panels;
    const char *title[PANELS], *label[PANELS];
    char label_room[PANELS][64];
    double left[PANELS], right[PANELS], least[PANELS], most[PANELS], log_x[PANELS], highest[PANELS];
    double x_step[PANELS], y_step[PANELS];
} spread;

static double value_of(const eq_circuit *c, const eq_group *g, size_t j) {
    return c->table[g->cls].w[g->param][g->row[j]];
}

static void widen(const eq_circuit *c, const eq_group *g, double *least, double *most) {
    for (size_t j = 0; j < g->count; j++) {
        *least = fmin(*least, value_of(c, g, j));
        *most = fmax(*most, value_of(c, g, j));
    }
}

/* A bound is shown where it leaves the values half of the axis: at most three decades beyond them. */
static bool is_near(double bound, double value) {
    if (!isfinite(bound) || fabs(bound) >= 1e30) return false;
    return !(bound > 0.0 && value > 0.0) || fabs(log10(bound / value)) <= 3.0;
}

/* Where the values lie, before and after, with the bounds that are near; bound[2]: those, else NAN. */
static void span(const eq_circuit *first, const eq_circuit *last, size_t g, double range[2],
                 double bound[2]) {
    const eq_group *group = &last->group[g];
    const double limit[] = {group->min, group->max};
    range[0] = INFINITY;
    range[1] = -INFINITY;
    widen(last, group, &range[0], &range[1]);
    if (first != NULL) widen(first, &first->group[g], &range[0], &range[1]);
    for (int k = 0; k < 2; k++) {
        bound[k] = is_near(limit[k], range[k]) ? limit[k] : (double)NAN;
        if (!isnan(bound[k])) range[k] = bound[k];
    }
}

static void count(const eq_circuit *c, const eq_group *g, double left, double right, bool log_x,
                  double *bin) {
    for (size_t j = 0; j < g->count; j++) {
        double x = value_of(c, g, j);
        double at = log_x ? log(x / left) / log(right / left) : (x - left) / (right - left);
        int k = (int)(at * BINS);
        bin[k < 0 ? 0 : k >= BINS ? BINS - 1 : k] += 1.0;
    }
}

static void add_group(spread *s, const eq_picture *p, const eq_circuit *first,
                      const eq_circuit *last, size_t g, eq_canvas *to) {
    const eq_group *group = &last->group[g];
    double bin[2][BINS] = {{0.0}, {0.0}}, range[2], bound[2];
    size_t n = s->panels++;
    span(first, last, g, range, bound);
    double left = range[0], right = range[1];
    bool log_x = eq_axis_log(p->log, 'x', left, right) && left > 0.0;
    s->least[n] = bound[0];
    s->most[n] = bound[1];
    s->log_x[n] = log_x;
    if (!(right > left)) right = left + fmax(fabs(left), 1.0);
    double edge = log_x ? pow(right / left, 0.03) : 0.03 * (right - left);
    left = log_x ? left / edge : left - edge;
    right = log_x ? right * edge : right + edge;
    if (first != NULL) count(first, &first->group[g], left, right, log_x, bin[0]);
    count(last, group, left, right, log_x, bin[1]);
    for (int k = 0; k <= BINS; k++) {
        double at = (double)k / BINS,
               x = log_x ? left * pow(right / left, at) : left + at * (right - left);
        int in = k < BINS ? k : BINS - 1; /* a step goes from its edge to the next */
        s->highest[n] = fmax(s->highest[n], fmax(bin[0][in], bin[1][in]));
        eq_canvas_row(to, (double[]){x, k < BINS ? bin[0][in] : 0.0, k < BINS ? bin[1][in] : 0.0},
                      3);
    }
    eq_canvas_end(to);
    const eq_param *param = &eq_class(group->cls)->param[group->param];
    bool g_is = eq_same(param->unit, "S");
    snprintf(s->label_room[n], sizeof s->label_room[n], "%s [%s]",
             g_is ? "conductance" : param->name, param->unit);
    s->label[n] = s->label_room[n];
    s->title[n] = group->name;
    s->left[n] = left;
    s->right[n] = right;
    s->x_step[n] = log_x ? 0.0 : eq_axis_step(right - left, 4);
    s->y_step[n] = fmax(1.0, eq_axis_step(1.45 * s->highest[n], 5));
}

static void lay_out(spread *s, bool initial, eq_canvas *c) {
    c->columns = c->p->width > 5.0 && s->panels > 1 ? 2 : 1;
    c->rows = (s->panels + c->columns - 1) / c->columns;
    c->height = 2.0 * (double)c->rows;
    c->script = script;
    eq_canvas_number(c, "panels", (double)s->panels);
    eq_canvas_number(c, "initial", initial);
    eq_canvas_text(c, "shade_colour", c->p->theme == EQ_PICTURE_DARK ? "#6a6a6a" : "#bbbbbb");
    eq_canvas_texts(c, "heading", s->title, s->panels);
    eq_canvas_texts(c, "x_label", s->label, s->panels);
    eq_canvas_numbers(c, "left", s->left, s->panels);
    eq_canvas_numbers(c, "right", s->right, s->panels);
    eq_canvas_numbers(c, "least", s->least, s->panels);
    eq_canvas_numbers(c, "most", s->most, s->panels);
    eq_canvas_numbers(c, "log_x", s->log_x, s->panels);
    eq_canvas_numbers(c, "x_step", s->x_step, s->panels);
    eq_canvas_numbers(c, "y_step", s->y_step, s->panels);
}

/* The circuit where training begins; NULL, with a note why, when the data are not at hand. */
static eq_status begin(const eq_experiment *x, const eq_circuit *last, eq_trainer **t,
                       const eq_circuit **first, eq_diag *diag) {
    eq_diag *own = eq_diag_new();
    if (own == NULL) return eq_out_of_memory(diag);
    eq_status status = eq_trainer_new(x, NULL, t, own);
    *first = status == EQ_OK ? eq_trainer_circuit(*t) : NULL;
    if (*first != NULL && (*first)->groups != last->groups) *first = NULL;
    if (status == EQ_ERR_MEMORY) {
        eq_diag_free(own);
        return eq_out_of_memory(diag);
    }
    if (status != EQ_OK)
        eq_note_at(diag, (eq_place){0}, "no initial values are drawn: %s",
                   eq_diag_get(own, 0)->text);
    eq_diag_free(own);
    return EQ_OK;
}

static eq_status read_run(const eq_picture *p, eq_experiment **x, eq_circuit **c, eq_diag *diag) {
    if (p->inputs > 1)
        return eq_fail(diag, EQ_ERR_USAGE, "this is drawn of one run; give one folder");
    eq_status status = eq_trained_read(p->input[0], NULL, x, c, diag);
    if (status == EQ_OK && (*c)->groups == 0)
        status = eq_fail(diag, EQ_ERR_INPUT, "the run in %s trains nothing", p->input[0]);
    return status;
}

eq_status eq_gather_conductances(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_circuit *last = NULL;
    const eq_circuit *first = NULL;
    eq_trainer *t = NULL;
    spread s = {.panels = 0};
    eq_status status = read_run(p, &x, &last, diag);
    if (status == EQ_OK) status = begin(x, last, &t, &first, diag);
    for (size_t g = 0; status == EQ_OK && g < last->groups && s.panels < PANELS; g++)
        if (last->group[g].count > 0) add_group(&s, p, first, last, g, to);
    if (status == EQ_OK) lay_out(&s, first != NULL, to);
    eq_trainer_free(t);
    eq_circuit_free(last);
    eq_experiment_free(x);
    return status;
}

/* The lines that cross in a layer: which node has which number. */
typedef struct crossbar {
    size_t rows, columns;
    int32_t *row, *column; /* [nodes] its number, EQ_NONE: none */
    double *value;         /* [rows][columns] */
} crossbar;

/* The row is the node nearer to the inputs; bias lines, which no input reaches, are rows too. */
static void ends(const eq_depths *d, const eq_table *t, size_t row, eq_node *from, eq_node *to) {
    eq_node a = t->term[0][row], b = t->term[1][row];
    bool turned = d->node[b] < d->node[a];
    *from = turned ? b : a;
    *to = turned ? a : b;
}

static bool is_in(const eq_circuit *c, const eq_depths *d, const eq_group *g, size_t j,
                  int32_t layer) {
    const eq_table *t = &c->table[g->cls];
    return eq_same(eq_class(g->cls)->param[g->param].unit, "S") && t->term[1] != NULL &&
           eq_depth_of(d, t, (size_t)g->row[j]) == layer;
}

/* Numbers the lines in the order of the deck, then puts the conductances where they cross. */
static void fill(const eq_circuit *c, const eq_depths *d, int32_t layer, bool put, crossbar *x) {
    eq_node from, to;
    for (size_t g = 0; g < c->groups; g++)
        for (size_t j = 0; j < c->group[g].count; j++) {
            const eq_group *group = &c->group[g];
            if (!is_in(c, d, group, j, layer)) continue;
            ends(d, &c->table[group->cls], (size_t)group->row[j], &from, &to);
            if (x->row[from] == EQ_NONE) x->row[from] = (int32_t)x->rows++;
            if (x->column[to] == EQ_NONE) x->column[to] = (int32_t)x->columns++;
            if (put)
                x->value[(size_t)x->row[from] * x->columns + (size_t)x->column[to]] =
                    value_of(c, group, j);
        }
}

static eq_status find_crossbar(const eq_circuit *c, const eq_depths *d, int32_t layer, crossbar *x,
                               eq_diag *diag) {
    size_t nodes = eq_circuit_nodes(c);
    x->row = eq_malloc(nodes, sizeof *x->row);
    x->column = eq_malloc(nodes, sizeof *x->column);
    if (x->row == NULL || x->column == NULL) return eq_out_of_memory(diag);
    for (size_t k = 0; k < nodes; k++) x->row[k] = x->column[k] = EQ_NONE;
    fill(c, d, layer, false, x);
    if (x->rows > 0 && x->rows * x->columns > 4000000)
        return eq_fail(diag, EQ_ERR_INPUT, "layer %d is no crossbar: %zu by %zu nodes", (int)layer,
                       x->rows, x->columns);
    x->value = eq_malloc(x->rows * x->columns, sizeof *x->value);
    if (x->value == NULL) return eq_out_of_memory(diag);
    for (size_t k = 0; k < x->rows * x->columns; k++) x->value[k] = NAN;
    fill(c, d, layer, true, x);
    return EQ_OK;
}

enum { LAYERS = EQ_HEAT_PANELS };

/* One panel a layer that has trained conductances. */
static eq_status lay_crossbars(const eq_circuit *c, const eq_depths *d, eq_canvas *to,
                               eq_diag *diag) {
    crossbar x[LAYERS] = {{0}};
    eq_heat h = {.colours = EQ_HEAT_VIRIDIS, .value_label = "conductance [S]", .log = true};
    eq_status status = EQ_OK;
    for (int32_t k = 0; status == EQ_OK && k <= d->deepest && k < LAYERS; k++) {
        status = find_crossbar(c, d, k, &x[k], diag);
        if (status != EQ_OK || x[k].rows == 0) continue;
        eq_heat_panel *p = &h.panel[h.panels++];
        *p = (eq_heat_panel){.rows = x[k].rows, .columns = x[k].columns, .value = x[k].value};
        snprintf(p->title, sizeof p->title, "layer %d", (int)k);
        snprintf(p->x_label, sizeof p->x_label, "column");
        snprintf(p->y_label, sizeof p->y_label, "row");
    }
    if (status == EQ_OK && h.panels == 0)
        status = eq_fail(diag, EQ_ERR_INPUT, "no conductance is trained; draw --kind conductances");
    if (status == EQ_OK) eq_heat_lay_out(&h, to);
    for (int k = 0; k < LAYERS; k++) {
        eq_free(x[k].row);
        eq_free(x[k].column);
        eq_free(x[k].value);
    }
    return status;
}

eq_status eq_gather_crossbar(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_circuit *c = NULL;
    eq_reduction *r = NULL;
    eq_topology *t = NULL;
    eq_depths *d = NULL;
    eq_status status = read_run(p, &x, &c, diag);
    if (status == EQ_OK) status = eq_reduction_new(c, &r, diag);
    if (status == EQ_OK) status = eq_topology_new(c, r, &t, diag);
    if (status == EQ_OK) status = eq_depths_new(c, t, &d, diag);
    if (status == EQ_OK) status = lay_crossbars(c, d, to, diag);
    eq_depths_free(d);
    eq_topology_free(t);
    eq_reduction_free(r);
    eq_circuit_free(c);
    eq_experiment_free(x);
    return status;
}
