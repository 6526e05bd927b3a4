/* What a trained network gives for the targets of a regression, over what they are. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "report/kind.h"
#include "report/lines.h"
#include "train/train.h"

static const char given[] = "true ", found[] = "predicted ";

static const char *behind(const char *name, const char *word) {
    size_t n = strlen(word);
    return strncmp(name, word, n) == 0 ? name + n : NULL;
}

/* The column of what was predicted for the target of that name. */
static size_t predicted(const eq_inference *i, const char *target) {
    size_t k = 0, columns = eq_inference_columns(i);
    for (; k < columns; k++) {
        const char *name = behind(eq_inference_column(i, k), found);
        if (name != NULL && strcmp(name, target) == 0) break;
    }
    return k;
}

/* Column x of the table against column y: dots, and the line on which both are the same. */
static eq_status add_target(const eq_inference *i, size_t x, size_t y, eq_lines *l, eq_canvas *to,
                            eq_diag *diag) {
    size_t columns = eq_inference_columns(i), examples = eq_inference_score(i)->examples;
    const double *table = eq_inference_table(i);
    double least = INFINITY, most = -INFINITY;
    eq_panel *panel = eq_lines_panel(l, diag);
    eq_line *dots = panel == NULL ? NULL : eq_lines_line(l, NULL, diag);
    if (dots == NULL) return EQ_ERR_USAGE;
    snprintf(panel->y_label, sizeof panel->y_label, "%.*s predicted", EQ_CANVAS_LABEL,
             behind(eq_inference_column(i, x), given));
    dots->hue = 1;
    dots->style = EQ_LINES_POINTS;
    for (size_t k = 0; k < examples; k++) {
        double target = table[k * columns + x], value = table[k * columns + y];
        eq_lines_point(l, to, (double[]){target, value, value, value});
        least = fmin(least, fmin(target, value));
        most = fmax(most, fmax(target, value));
    }
    eq_lines_end(l, to);
    eq_line *same = eq_lines_line(l, NULL, diag);
    if (same == NULL) return EQ_ERR_USAGE;
    same->hue = 7;
    eq_lines_point(l, to, (double[]){least, least, least, least});
    eq_lines_point(l, to, (double[]){most, most, most, most});
    eq_lines_end(l, to);
    eq_lines_end_panel(l);
    return EQ_OK;
}

static eq_status lay_targets(const eq_inference *i, eq_canvas *to, eq_diag *diag) {
    eq_lines *l = eq_lines_new();
    eq_status status = l == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) snprintf(l->x_label, sizeof l->x_label, "target");
    for (size_t k = 0, y; status == EQ_OK && k < eq_inference_columns(i); k++) {
        const char *target = behind(eq_inference_column(i, k), given);
        if (target != NULL && (y = predicted(i, target)) < eq_inference_columns(i))
            status = add_target(i, k, y, l, to, diag);
    }
    if (status == EQ_OK) status = eq_lines_lay_out(l, to, diag);
    eq_lines_free(l);
    return status;
}

eq_status eq_gather_targets(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_trained *m = NULL;
    eq_inference *i = NULL;
    eq_infer_options o = eq_infer_defaults();
    o.predictions = true;
    eq_status status = eq_picture_trained(p, &m, diag);
    if (status == EQ_OK) status = eq_trained_infer(m, &o, &i, diag);
    if (status == EQ_OK && eq_inference_score(i)->target == NULL)
        status = eq_fail(diag, EQ_ERR_INPUT,
                         "the run in %s has classes, no targets; --kind confusion draws these",
                         p->input[0]);
    if (status == EQ_OK) status = lay_targets(i, to, diag);
    eq_inference_free(i);
    eq_trained_free(m);
    return status;
}
