/* What the network makes of each example: errors by class, predictions, and where it is most wrong. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/page/page.h"
#include "report/png.h"

static void begin_table(const eq_page *p, const char *label, const char *attributes) {
    eq_html(p->out,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n<table",
            label);
    eq_text_puts(p->out, attributes);
    eq_text_puts(p->out, ">\n");
}

static void end_table(const eq_page *p) {
    eq_text_puts(p->out, "</tbody>\n</table>\n</div>\n");
}

/* --- errors --- */

static size_t examples_of(const eq_evaluation *e, size_t k) {
    size_t n = 0;
    for (size_t j = 0; j < e->classes; j++) n += e->confusion[k * e->classes + j];
    return n;
}

/* A cell of the confusion matrix, shaded by its share of the true class. */
static void write_count(const eq_page *p, size_t count, size_t of, bool right) {
    int share = of == 0 ? 0 : (int)(8.0 * (double)count / (double)of + (count > 0 ? 0.999 : 0.0));
    eq_html(p->out, "<td class=\"n %c%d\">%zu</td>", right ? 'r' : 'w', share > 8 ? 8 : share,
            count);
}

enum { MATRIX_SHOWN = 40 }; /* classes */

static void write_matrix(const eq_page *p, const eq_evaluation *e) {
    begin_table(p, "Errors by class", " class=\"matrix\" id=\"confusion\"");
    eq_html(p->out,
            "<caption>Rows: the true class; columns: the one predicted.</caption>\n<thead><tr>"
            "<th scope=\"col\">class</th>");
    bool columns = e->classes <= MATRIX_SHOWN;
    for (size_t k = 0; columns && k < e->classes; k++)
        eq_html(p->out, "<th scope=\"col\" class=\"n\">%s</th>", e->class_name[k]);
    eq_html(p->out,
            "<th scope=\"col\" class=\"n\">examples</th><th scope=\"col\" class=\"n\">wrong</th>"
            "<th scope=\"col\" class=\"n\">error</th></tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < e->classes; k++) {
        size_t n = examples_of(e, k), wrong = n - e->confusion[k * e->classes + k];
        eq_html(p->out, "<tr><th scope=\"row\">%s</th>", e->class_name[k]);
        for (size_t j = 0; columns && j < e->classes; j++)
            write_count(p, e->confusion[k * e->classes + j], n, j == k);
        eq_html(p->out, "<td class=\"n\">%zu</td><td class=\"n\">%zu</td><td class=\"n\">", n,
                wrong);
        eq_html_number(p->out, NULL, n == 0 ? (double)NAN : (double)wrong / (double)n, "%");
        eq_html(p->out, "</td></tr>\n");
    }
    end_table(p);
}

static void write_targets(const eq_page *p, const eq_evaluation *e) {
    begin_table(p, "Errors by target", "");
    eq_html(p->out,
            "<caption>How far each target is missed, in its own unit.</caption>\n<thead><tr><th "
            "scope=\"col\">target</th><th scope=\"col\" class=\"n\">root mean square error</th><th "
            "scope=\"col\" class=\"n\">mean absolute error</th><th scope=\"col\" class=\"n\">"
            "R<sup>2</sup></th></tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < e->classes; k++) {
        const double value[] = {e->target[k].rmse, e->target[k].mae, e->target[k].r2};
        eq_html(p->out, "<tr><th scope=\"row\">%s</th>", e->class_name[k]);
        for (size_t j = 0; j < sizeof value / sizeof *value; j++) {
            eq_html(p->out, "<td class=\"n\">");
            eq_html_number(p->out, NULL, value[j], "");
            eq_html(p->out, "</td>");
        }
        eq_html(p->out, "</tr>\n");
    }
    end_table(p);
}

eq_status eq_page_classes(const eq_page *p) {
    const eq_evaluation *e = &p->i->score;
    eq_html(p->out, "<p>Mean loss ");
    eq_html_number(p->out, "result-loss", e->loss, "");
    if (e->target == NULL)
        eq_html(p->out,
                "; <data id=\"result-wrong\" value=\"%zu\">%zu</data> of %zu %s examples wrong",
                e->wrong, e->wrong, e->examples, eq_page_set(p));
    eq_html(p->out, ".</p>\n");
    if (e->target == NULL)
        write_matrix(p, e);
    else
        write_targets(p, e);
    return EQ_OK;
}

/* --- how wrong each example is --- */

/* What is looked at first: how far another class leads, or the squared error over the targets. */
static double badness(const eq_page *p, const double *point) {
    const eq_evaluation *e = &p->i->score;
    size_t n = e->classes;
    double sum = 0.0, lead = -INFINITY;
    if (e->target != NULL) {
        for (size_t k = 0; k < n; k++) {
            double d = point[1 + n + k] - point[1 + k], scale = e->target[k].rmse;
            sum += scale > 0.0 ? d * d / (scale * scale) : 0.0;
        }
        return sum;
    }
    const double *y = point + 3;
    for (size_t k = 0; k < n; k++)
        if (k != (size_t)point[1] && y[k] > lead) lead = y[k];
    return lead - y[(size_t)point[1]];
}

typedef struct ranked {
    double badness;
    size_t row;
} ranked;

static int worse_first(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->badness != y->badness) return x->badness > y->badness ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int row_first(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    return x->row < y->row ? -1 : x->row > y->row;
}

static const double *point_of(const eq_page *p, size_t row) {
    return p->i->table->value + row * p->i->table->variables;
}

/* All examples, the worst first; NULL: memory ran out. */
static ranked *rank_all(const eq_page *p) {
    const eq_result *r = p->i->table;
    ranked *all = eq_malloc(r->points, sizeof *all);
    for (size_t k = 0; all != NULL && k < r->points; k++)
        all[k] = (ranked){badness(p, point_of(p, k)), k};
    if (all != NULL) qsort(all, r->points, sizeof *all, worse_first);
    return all;
}

/* --- predictions --- */

enum { PREDICTIONS_SHOWN = 1000, OUTPUTS_SHOWN = 12 };

static void write_headings(const eq_page *p, size_t outputs) {
    const eq_result *r = p->i->table;
    bool targets = p->i->score.target != NULL;
    size_t goals = targets ? 2 * p->i->score.classes : 2;
    eq_html(p->out, "<thead><tr><th scope=\"col\" class=\"n\">example</th>");
    for (size_t k = 0; k < goals; k++)
        eq_html(p->out, "<th scope=\"col\"%s>%s</th>", "", r->variable[1 + k].name);
    if (!targets) eq_html(p->out, "<th scope=\"col\">outcome</th>");
    eq_html(p->out, "<th scope=\"col\" class=\"n\">%s</th>", targets ? "misfit" : "lead [V]");
    for (size_t k = 0; k < outputs; k++)
        eq_html(p->out, "<th scope=\"col\" class=\"n\">%s [V]</th>",
                r->variable[1 + goals + k].name);
    eq_html(p->out, "</tr></thead>\n<tbody>\n");
}

static void write_cell(const eq_page *p, double value) {
    eq_html(p->out, "<td class=\"n\">");
    eq_html_number(p->out, NULL, value, "");
    eq_html(p->out, "</td>");
}

static void write_prediction(const eq_page *p, const ranked *at, size_t outputs) {
    const eq_evaluation *e = &p->i->score;
    const double *point = point_of(p, at->row);
    size_t goals = e->target != NULL ? 2 * e->classes : 2;
    eq_html(p->out, "<tr><td class=\"n\">%zu</td>", at->row);
    if (e->target == NULL) {
        bool right = point[1] == point[2];
        eq_html(p->out, "<td>%s</td><td>%s</td><td class=\"%s\">%s</td>",
                e->class_name[(size_t)point[1]], e->class_name[(size_t)point[2]],
                right ? "right" : "wrong", right ? "right" : "wrong");
        write_cell(p, -at->badness);
    } else {
        for (size_t k = 0; k < goals; k++) write_cell(p, point[1 + k]);
        write_cell(p, sqrt(at->badness));
    }
    for (size_t k = 0; k < outputs; k++) write_cell(p, point[1 + goals + k]);
    eq_html(p->out, "</tr>\n");
}

eq_status eq_page_predictions(const eq_page *p) {
    size_t n = p->i->table->points, shown = n < PREDICTIONS_SHOWN ? n : PREDICTIONS_SHOWN;
    size_t outputs = p->i->score.classes <= OUTPUTS_SHOWN ? p->i->score.classes : 0;
    ranked *all = rank_all(p);
    if (all == NULL) return eq_out_of_memory(p->diag);
    qsort(all, shown, sizeof *all, row_first);
    begin_table(p, "Predictions", " class=\"sort filter\" id=\"prediction-table\"");
    eq_html(p->out,
            "<caption>%s%zu of %zu %s examples%s; <code>eqspice eval --predictions</code> writes "
            "all. %s"
            "</caption>\n",
            shown < n ? "The worst " : "", shown, n, eq_page_set(p), "",
            p->i->score.target == NULL ? "Lead: of the true class over the best other one."
                                       : "Misfit: in root mean square errors of the targets.");
    write_headings(p, outputs);
    for (size_t k = 0; k < shown; k++) write_prediction(p, &all[k], outputs);
    end_table(p);
    eq_free(all);
    return EQ_OK;
}

/* --- the worst --- */

enum { PICTURES = 24, ROWS = 10, FEATURES_SHOWN = 16, LEAST_SIDE = 5 };

/* The examples are square pictures: whole numbers from 0 on, as many as a square has; *most: the
 * largest of them. */
static bool are_pictures(const eq_page *p, double *feature, size_t *side, double *most) {
    size_t n = eq_trained_feature_count(p->m), samples = p->i->table->points;
    *side = (size_t)floor(sqrt((double)n) + 0.5);
    *most = 0.0;
    if (*side < LEAST_SIDE || *side * *side != n) return false;
    for (size_t k = 0; k < samples; k++) {
        eq_trained_example(p->m, k, feature);
        for (size_t f = 0; f < n; f++) {
            if (!(feature[f] >= 0.0 && feature[f] == floor(feature[f]))) return false;
            if (feature[f] > *most) *most = feature[f];
        }
    }
    return *most > 0.0;
}

static eq_status write_picture(const eq_page *p, const ranked *at, const double *feature,
                               size_t side, double most) {
    const eq_evaluation *e = &p->i->score;
    const double *point = point_of(p, at->row);
    size_t n = side * side;
    eq_text png = {0};
    uint8_t *grey = eq_malloc(n, 1);
    if (grey == NULL) return eq_out_of_memory(p->diag);
    for (size_t f = 0; f < n; f++) grey[f] = (uint8_t)(255.0 * feature[f] / most + 0.5);
    eq_png_grey(grey, side, side, &png);
    const char *true_class = e->target == NULL ? e->class_name[(size_t)point[1]] : "";
    const char *taken = e->target == NULL ? e->class_name[(size_t)point[2]] : "";
    eq_html(p->out, "<li><figure><img width=\"%zu\" height=\"%zu\" alt=\"Example %zu\" src=\"",
            side, side, at->row);
    if (!png.failed) eq_html_data(p->out, "image/png", png.text, png.length);
    eq_html(p->out, "\"/><figcaption>%zu", at->row);
    if (e->target == NULL)
        eq_html(p->out, ": %s%s<b>%s</b>", true_class,
                point[1] == point[2] ? ", narrowly " : " taken for ", taken);
    eq_html(p->out, "</figcaption></figure></li>\n");
    p->out->failed |= png.failed;
    eq_text_free(&png);
    eq_free(grey);
    return EQ_OK;
}

static eq_status write_pictures(const eq_page *p, const ranked *all, double *feature, size_t side,
                                double most) {
    size_t n = p->i->table->points;
    eq_status status = EQ_OK;
    eq_html(p->out,
            "<p>The examples on which the network does worst, the worst first; pixels as they "
            "stand in the data.</p>\n<ul class=\"pictures\">\n");
    for (size_t k = 0; status == EQ_OK && k < n && k < PICTURES; k++) {
        eq_trained_example(p->m, all[k].row, feature);
        status = write_picture(p, &all[k], feature, side, most);
    }
    eq_html(p->out, "</ul>\n");
    return status;
}

static void write_rows(const eq_page *p, const ranked *all, double *feature) {
    const eq_evaluation *e = &p->i->score;
    size_t n = eq_trained_feature_count(p->m);
    begin_table(p, "Worst examples", "");
    eq_html(
        p->out,
        "<caption>The examples on which the network does worst, with their features.</caption>\n"
        "<thead><tr><th scope=\"col\" class=\"n\">example</th><th scope=\"col\">true</th>"
        "<th scope=\"col\">predicted</th>");
    for (size_t f = 0; f < n; f++) {
        const char *name = eq_trained_feature_name(p->m, f);
        if (name != NULL)
            eq_html(p->out, "<th scope=\"col\" class=\"n\">%s</th>", name);
        else
            eq_html(p->out, "<th scope=\"col\" class=\"n\">x%zu</th>", f + 1);
    }
    eq_html(p->out, "</tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < p->i->table->points && k < ROWS; k++) {
        const double *point = point_of(p, all[k].row);
        eq_trained_example(p->m, all[k].row, feature);
        eq_html(p->out, "<tr><td class=\"n\">%zu</td>", all[k].row);
        if (e->target == NULL)
            eq_html(p->out, "<td>%s</td><td>%s</td>", e->class_name[(size_t)point[1]],
                    e->class_name[(size_t)point[2]]);
        else
            for (size_t g = 0; g < 2; g++) write_cell(p, point[1 + g * e->classes]);
        for (size_t f = 0; f < n; f++) write_cell(p, feature[f]);
        eq_html(p->out, "</tr>\n");
    }
    end_table(p);
}

eq_status eq_page_worst(const eq_page *p) {
    size_t n = eq_trained_feature_count(p->m), side;
    double most, *feature = eq_malloc(n, sizeof *feature);
    ranked *all = feature == NULL ? NULL : rank_all(p);
    eq_status status = all == NULL ? eq_out_of_memory(p->diag) : EQ_OK;
    if (status == EQ_OK && are_pictures(p, feature, &side, &most))
        status = write_pictures(p, all, feature, side, most);
    else if (status == EQ_OK && n <= FEATURES_SHOWN)
        write_rows(p, all, feature);
    eq_free(all);
    eq_free(feature);
    return status;
}
