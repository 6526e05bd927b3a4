/* What a trained network does with examples of each class. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "devices/registry.h"
#include "report/heat.h"
#include "report/kind.h"
#include "train/train.h"

static eq_status no_classes(const eq_picture *p, eq_diag *diag) {
    return eq_fail(diag, EQ_ERR_INPUT, "the run in %s has targets, no classes", p->input[0]);
}

static eq_status lay_confusion(const eq_evaluation *e, bool percent, eq_canvas *to, eq_diag *diag) {
    size_t n = e->classes;
    double *value = eq_calloc(n * n, sizeof *value);
    if (value == NULL) return eq_out_of_memory(diag);
    for (size_t i = 0; i < n; i++) {
        size_t row = 0;
        for (size_t j = 0; j < n; j++) row += e->confusion[i * n + j];
        for (size_t j = 0; j < n; j++) {
            double count = (double)e->confusion[i * n + j];
            value[i * n + j] = !percent ? count : row > 0 ? 100.0 * count / (double)row : 0.0;
        }
    }
    const char *const *names = (const char *const *)e->class_name;
    eq_heat h = {.panels = 1, .colours = EQ_HEAT_COUNTS};
    snprintf(h.value_label, EQ_HEAT_LABEL, "%s", percent ? "% of the true class" : "examples");
    h.panel[0] = (eq_heat_panel){
        .rows = n, .columns = n, .row_name = names, .column_name = names, .value = value};
    snprintf(h.panel[0].x_label, EQ_HEAT_LABEL, "predicted%s",
             percent ? " [% of the true class]" : "");
    snprintf(h.panel[0].y_label, EQ_HEAT_LABEL, "true class");
    eq_heat_lay_out(&h, to);
    eq_free(value);
    return EQ_OK;
}

eq_status eq_gather_confusion(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_trained *m = NULL;
    eq_inference *i = NULL;
    eq_status status = eq_picture_trained(p, &m, diag);
    if (status == EQ_OK) status = eq_trained_infer(m, NULL, &i, diag);
    if (status == EQ_OK)
        status = i->score.confusion == NULL ? no_classes(p, diag)
                                            : lay_confusion(&i->score, p->percent, to, diag);
    eq_inference_free(i);
    eq_trained_free(m);
    return status;
}

/* Columns of a table of predictions that belong to one panel, and their means. */
typedef struct means {
    size_t classes, count;
    const char **name; /* [count] */
    size_t *column;    /* [count] */
    double *value;     /* [classes][count] V */
} means;

static void free_means(means *m) {
    eq_free(m->name);
    eq_free(m->column);
    eq_free(m->value);
}

static bool varies(const eq_result *t, size_t column) {
    for (size_t j = 1; j < t->points; j++)
        if (t->value[j * t->variables + column] != t->value[column]) return true;
    return false;
}

/* Marks the nodes at which nonlinear elements stand, outputs left out: those of neurons. */
static void mark_neurons(const eq_circuit *c, bool *neuron) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        if ((eq_class(k)->flags & EQ_LINEAR) != 0 || eq_class(k)->defined != EQ_CURRENT_DEFINED)
            continue;
        int terminals = eq_class(k)->terminals > 0 ? eq_class(k)->terminals : 2;
        for (int a = 0; a < terminals; a++)
            for (size_t j = 0; j < t->count; j++) neuron[t->term[a][j]] = true;
    }
    for (size_t k = 0; k < c->outputs; k++) {
        neuron[c->output[k].plus] = false;
        if (c->output[k].minus > 0) neuron[c->output[k].minus] = false;
    }
    neuron[0] = false;
}

static eq_status room_for(means *m, const eq_result *t, size_t classes, eq_diag *diag) {
    m->classes = classes;
    m->name = eq_malloc(t->variables, sizeof *m->name);
    m->column = eq_malloc(t->variables, sizeof *m->column);
    m->value = eq_calloc(classes, t->variables * sizeof *m->value);
    return m->name == NULL || m->column == NULL || m->value == NULL ? eq_out_of_memory(diag)
                                                                    : EQ_OK;
}

/* The mean of each column over the examples of each class; NAN of a class without examples. */
static void average(means *m, const eq_result *t) {
    for (size_t i = 0; i < m->classes; i++) {
        size_t examples = 0;
        double *row = m->value + i * m->count;
        for (size_t j = 0; j < t->points; j++) {
            const double *point = t->value + j * t->variables;
            if (point[1] != (double)i) continue; /* its true class */
            examples++;
            for (size_t k = 0; k < m->count; k++) row[k] += point[m->column[k]];
        }
        for (size_t k = 0; k < m->count; k++) row[k] /= (double)examples;
    }
}

/* The columns y1, y2, ..., or v(node) of the neurons. */
static void choose(means *m, const eq_circuit *c, const eq_result *t, const bool *neuron) {
    const size_t first = 3, nodes = first + c->outputs; /* example, true, predicted, y1.. , v(..) */
    for (size_t k = neuron == NULL ? first : nodes; k < (neuron == NULL ? nodes : t->variables);
         k++) {
        eq_node node = (eq_node)(k - nodes + 1);
        if (neuron != NULL && (!neuron[node] || !varies(t, k))) continue;
        m->name[m->count] = neuron == NULL ? t->variable[k].name : eq_circuit_node_name(c, node);
        m->column[m->count++] = k;
    }
}

static void add_panel(eq_heat *h, const means *m, const char *title, char *const *class_name) {
    if (m->count == 0) return;
    eq_heat_panel *p = &h->panel[h->panels++];
    *p = (eq_heat_panel){.rows = m->classes,
                         .columns = m->count,
                         .row_name = (const char *const *)class_name,
                         .value = m->value,
                         .column_name = m->count <= 24 ? m->name : NULL};
    snprintf(p->title, sizeof p->title, "%s", title);
    snprintf(p->y_label, sizeof p->y_label, "class");
}

static eq_status lay_means(const eq_circuit *c, const eq_inference *i, eq_canvas *to,
                           eq_diag *diag) {
    const eq_evaluation *e = &i->score;
    means hidden = {0}, outputs = {0};
    eq_heat h = {.colours = EQ_HEAT_DIVERGING, .value_label = "mean potential [V]"};
    bool *neuron = eq_calloc(eq_circuit_nodes(c), sizeof *neuron);
    eq_status status = neuron == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = room_for(&hidden, i->table, e->classes, diag);
    if (status == EQ_OK) status = room_for(&outputs, i->table, e->classes, diag);
    if (status == EQ_OK) {
        mark_neurons(c, neuron);
        choose(&hidden, c, i->table, neuron);
        choose(&outputs, c, i->table, NULL);
        average(&hidden, i->table);
        average(&outputs, i->table);
        add_panel(&h, &hidden, "hidden nodes", e->class_name);
        add_panel(&h, &outputs, "outputs", e->class_name);
        eq_heat_lay_out(&h, to);
    }
    free_means(&hidden);
    free_means(&outputs);
    eq_free(neuron);
    return status;
}

eq_status eq_gather_activations(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_trained *m = NULL;
    eq_inference *i = NULL;
    eq_infer_options o = eq_infer_defaults();
    o.predictions = o.potentials = true;
    eq_status status = eq_picture_trained(p, &m, diag);
    if (status == EQ_OK) status = eq_trained_infer(m, &o, &i, diag);
    if (status == EQ_OK)
        status = i->score.confusion == NULL ? no_classes(p, diag)
                                            : lay_means(eq_trained_circuit(m), i, to, diag);
    eq_inference_free(i);
    eq_trained_free(m);
    return status;
}
