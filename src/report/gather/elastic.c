/* A trained elastic network, as wide as its springs are stiff: where the training example
 * with the largest inputs moves its nodes, before training and after. Three dimensions are seen from aside and
 * above, with z upwards; what is nearer is drawn over what is farther. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "report/graph.h"
#include "report/kind.h"
#include "train/train.h"

typedef struct views {
    double *feature, *y, *v;
    double (*at)[2];
    eq_graph_edge *edge;
    const char **label;
    double *kind;
    eq_elastic_shape s;
} views;

typedef struct spring {
    eq_graph_edge edge;
    double near;
} spring;

/* To the right, upwards and towards who looks, of coordinates in the plane or in space: from 20 degrees
 * above, x to the right, y away. */
static const double sight[2][3][3] = {
    {{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 0.0}},
    {{0.8829, 0.4695, 0.0}, {-0.1606, 0.3020, 0.9397}, {0.4412, -0.8297, 0.3420}}};

static double seen(const views *w, int direction, const double *x) {
    const double *along = sight[w->s.dims == 3][direction];
    double sum = 0.0;
    for (size_t i = 0; i < w->s.dims; i++) sum += along[i] * x[i];
    return sum;
}

/* The features of the training example that are largest. */
static eq_status choose(const char *folder, views *w, size_t inputs, eq_diag *diag) {
    eq_trained_options o = eq_trained_defaults();
    eq_trained *m = NULL;
    eq_status status = eq_trained_open(folder, &o, &m, diag);
    if (status == EQ_OK && eq_trained_feature_count(m) == inputs) {
        double most = -1.0, *one = eq_calloc(inputs, sizeof *one);
        double scale = eq_trained_experiment(m)->encoding.input.scale;
        eq_trained_take(m, true);
        for (size_t k = 0; one != NULL && k < eq_trained_samples(m); k++) {
            double size = 0.0;
            eq_trained_example(m, k, one);
            for (size_t i = 0; i < inputs; i++) size += fabs(one[i]);
            for (size_t i = 0; size > most && i < inputs; i++) w->feature[i] = scale * one[i];
            most = fmax(most, size);
        }
        if (one == NULL) status = eq_out_of_memory(diag);
        eq_free(one);
    }
    eq_trained_free(m);
    return status;
}

static bool make_room(views *w, const eq_network *n) {
    size_t nodes = w->s.nodes;
    w->feature = eq_calloc(eq_network_inputs(n), sizeof(double));
    w->y = eq_calloc(eq_network_outputs(n), sizeof(double));
    w->v = eq_calloc(eq_network_nodes(n), sizeof(double));
    w->at = eq_calloc(2 * nodes, sizeof *w->at);
    w->edge = eq_calloc(w->s.springs, sizeof *w->edge);
    w->label = eq_calloc(nodes, sizeof *w->label);
    w->kind = eq_calloc(nodes, sizeof *w->kind);
    return w->feature != NULL && w->y != NULL && w->v != NULL && w->at != NULL && w->edge != NULL &&
           w->label != NULL && w->kind != NULL;
}

/* The places of panel p, with the displacements of the example. */
static eq_status place(views *w, eq_network *n, size_t p, eq_diag *diag) {
    eq_engine_options o = {EQ_ENGINE_AUTO, 1, 1};
    eq_status status = EQ_OK;
    if (n != NULL) status = eq_network_start(n, &o, diag);
    if (n != NULL && status == EQ_OK) status = eq_network_free_phase(n, 1, w->feature, w->y, diag);
    if (n != NULL && status == EQ_OK) status = eq_network_potentials(n, 1, w->feature, w->v, diag);
    for (size_t k = 0; status == EQ_OK && k < w->s.nodes; k++) {
        double x[3] = {0.0};
        for (size_t i = 0; i < w->s.dims; i++) x[i] = w->s.rest[k][i] + w->v[k * w->s.dims + i];
        for (int i = 0; i < 2; i++) w->at[p * w->s.nodes + k][i] = seen(w, i, x);
    }
    return status;
}

static int by_nearness(const void *a, const void *b) {
    const double x = ((const spring *)a)->near, y = ((const spring *)b)->near;
    return (x > y) - (x < y);
}

/* Springs from the farthest to the nearest. */
static eq_status list_springs(views *w, const eq_network *n, eq_diag *diag) {
    spring *all = eq_calloc(w->s.springs, sizeof *all);
    if (all == NULL) return eq_out_of_memory(diag);
    for (size_t k = 0; k < w->s.springs; k++) {
        eq_graph_edge *e = &all[k].edge;
        eq_elastic_ends(n, k, &e->from, &e->to);
        e->value = w->s.k[k];
        all[k].near = seen(w, 2, w->s.rest[e->from]) + seen(w, 2, w->s.rest[e->to]);
    }
    if (w->s.dims == 3) qsort(all, w->s.springs, sizeof *all, by_nearness);
    for (size_t k = 0; k < w->s.springs; k++) w->edge[k] = all[k].edge;
    eq_free(all);
    return EQ_OK;
}

static void mark(views *w, const eq_network *n) {
    for (size_t k = 0; k < w->s.nodes; k++) {
        w->label[k] = "";
        w->kind[k] = w->s.fixed[k] ? 1.0 : 0.0;
    }
    for (size_t k = 0; k < eq_network_inputs(n) + eq_network_outputs(n); k++) {
        bool input = k < eq_network_inputs(n);
        size_t at =
            (size_t)(input ? w->s.input[k] : w->s.output[k - eq_network_inputs(n)]) / w->s.dims;
        w->kind[at] = 2.0;
        w->label[at] = input ? "in" : "out";
    }
}

static void lay_out(const views *w, eq_canvas *to) {
    static const char *const title[] = {"before training", "trained"};
    eq_graph g = {.nodes = w->s.nodes,
                  .edges = w->s.springs,
                  .panels = sizeof title / sizeof *title,
                  .edge = w->edge,
                  .label = w->label,
                  .kind = w->kind,
                  .value_label = "trained k [N/m]"};
    for (size_t p = 0; p < sizeof title / sizeof *title; p++) {
        g.panel[p].at = (const double(*)[2])w->at + p * w->s.nodes;
        snprintf(g.panel[p].title, sizeof g.panel[p].title, "%s", title[p]);
    }
    eq_graph_lay_out(&g, to);
}

static eq_status draw(const char *folder, const eq_experiment *x, eq_network *n, eq_canvas *to,
                      eq_diag *diag) {
    views w = {0};
    eq_network *first = NULL;
    if (!eq_elastic_shape_of(n, &w.s))
        return eq_fail(diag, EQ_ERR_INPUT, "%s is no run of an elastic network; give one", folder);
    eq_status status =
        make_room(&w, n) ? choose(folder, &w, eq_network_inputs(n), diag) : eq_out_of_memory(diag);
    if (status == EQ_OK) status = eq_elastic_new(&x->elastic, &first, diag);
    if (status == EQ_OK) status = place(&w, first, 0, diag);
    if (status == EQ_OK) status = place(&w, n, 1, diag);
    if (status == EQ_OK) status = list_springs(&w, n, diag);
    if (status == EQ_OK) {
        mark(&w, n);
        lay_out(&w, to);
    }
    eq_network_free(first);
    eq_free(w.feature);
    eq_free(w.y);
    eq_free(w.v);
    eq_free(w.at);
    eq_free(w.edge);
    eq_free(w.label);
    eq_free(w.kind);
    return status;
}

eq_status eq_gather_elastic(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_network *n = NULL;
    if (p->inputs > 1)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "an elastic network is drawn of one run; give one folder");
    eq_status status = eq_trained_model(p->input[0], NULL, &x, &n, diag);
    if (status == EQ_OK && n == NULL)
        status = eq_fail(diag, EQ_ERR_INPUT, "%s is no run of an elastic network", p->input[0]);
    if (status == EQ_OK) status = draw(p->input[0], x, n, to, diag);
    eq_network_free(n);
    eq_experiment_free(x);
    return status;
}
