/* What was trained: how its values are spread, and where in the crossbars they stand. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/depth.h"
#include "circuit/topology.h"
#include "devices/registry.h"
#include "report/axis.h"
#include "report/bars.h"
#include "report/heat.h"
#include "report/kind.h"
#include "train/train.h"

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

static void count(const eq_circuit *c, const eq_group *g, const eq_bars_panel *p, double *bin) {
    for (size_t j = 0; j < g->count; j++) {
        double x = value_of(c, g, j), width = p->right - p->left;
        double at = p->log_x ? log(x / p->left) / log(p->right / p->left) : (x - p->left) / width;
        int k = (int)(at * EQ_BARS_BINS);
        bin[k < 0 ? 0 : k >= EQ_BARS_BINS ? EQ_BARS_BINS - 1 : k] += 1.0;
    }
}

/* The axis, a little longer than the range at both ends. */
static void set_axis(eq_bars_panel *p, double left, double right) {
    if (!(right > left)) right = left + fmax(fabs(left), 1.0);
    double edge = p->log_x ? pow(right / left, 0.03) : 0.03 * (right - left);
    p->left = p->log_x ? left / edge : left - edge;
    p->right = p->log_x ? right * edge : right + edge;
}

static void add_group(eq_bars *s, const eq_picture *p, const eq_circuit *first,
                      const eq_circuit *last, size_t g, eq_canvas *to) {
    const eq_group *group = &last->group[g];
    double bin[2][EQ_BARS_BINS] = {{0.0}, {0.0}}, range[2], bound[2];
    span(first, last, g, range, bound);
    eq_bars_panel *panel = &s->panel[s->panels++];
    *panel =
        (eq_bars_panel){.title = group->name, .least = bound[0], .most = bound[1], .whole = true};
    panel->log_x = eq_axis_log(p->log, 'x', range[0], range[1]) && range[0] > 0.0;
    set_axis(panel, range[0], range[1]);
    if (first != NULL) count(first, &first->group[g], panel, bin[0]);
    count(last, group, panel, bin[1]);
    eq_bars_add(s, panel, bin[0], bin[1], to);
    const eq_param *param = &eq_class(group->cls)->param[group->param];
    bool g_is = eq_same(param->unit, "S");
    snprintf(panel->x_label, sizeof panel->x_label,
             eq_param_unit(param)[0] == '\0' ? "%s" : "%s [%s]", g_is ? "conductance" : param->name,
             param->unit);
    snprintf(panel->y_label, sizeof panel->y_label, "parameters");
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
    eq_bars s = {.over = "trained"};
    eq_status status = read_run(p, &x, &last, diag);
    if (status == EQ_OK) status = begin(x, last, &t, &first, diag);
    for (size_t g = 0; status == EQ_OK && g < last->groups && s.panels < EQ_BARS_PANELS; g++)
        if (last->group[g].count > 0) add_group(&s, p, first, last, g, to);
    s.filled = first != NULL ? "initial" : "";
    if (status == EQ_OK) eq_bars_lay_out(&s, to);
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
        *p = (eq_heat_panel){
            .rows = x[k].rows, .columns = x[k].columns, .first = 1.0, .value = x[k].value};
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
