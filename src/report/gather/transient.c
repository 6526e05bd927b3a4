/* Both sides of theorem 3.1 over time, as figure 4 of Scellier 2020 has them: recurrent
 * backpropagation as lines, equilibrium propagation as the broken lines on them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "report/axis.h"
#include "report/kind.h"
#include "report/lines.h"
#include "report/table.h"

enum { NORMS = 9 }; /* columns before those of parameters and units */

static double value(const eq_result *r, size_t j, size_t column) {
    return r->value[j * r->variables + column];
}

/* "g(r1)" of "dL/dg(r1) rbp" */
static char *title_of(const char *column) {
    const char *from = strncmp(column, "dL/d", 4) == 0 ? column + 4 : column;
    const char *end = strrchr(from, ' ');
    return eq_strndup(from, end == NULL ? strlen(from) : (size_t)(end - from));
}

/* The two sides of the quantity in columns k and k + 1, the nth of its panel; scale: of the time. */
static eq_status add_pair(eq_lines *l, const eq_result *r, size_t k, size_t n, double scale,
                          eq_canvas *to, eq_diag *diag) {
    for (size_t side = 2; side-- > 0;) {
        char *title = side == 1 ? title_of(r->variable[k].name) : eq_strndup("", 0);
        if (title == NULL) return eq_out_of_memory(diag);
        eq_line *line = eq_lines_line(l, title, diag);
        if (line == NULL) return EQ_ERR_USAGE;
        if (side == 1)
            eq_lines_tell(line, n, 1, 1);
        else
            *line = (eq_line){.title = line->title, .hue = 7, .dash = 3};
        line->style = EQ_LINES_PLAIN;
        for (size_t j = 0; j < r->points; j++) {
            double y = value(r, j, k + side), row[4] = {scale * value(r, j, 0), y, y, y};
            eq_lines_point(l, to, row);
        }
        eq_lines_end(l, to);
    }
    return EQ_OK;
}

/* Names of parameters say of what they are: g(r1); a potential, too: v(h); a unit has its own: s1_3, y1. */
static bool of_state(const char *name) {
    return strncmp(name, "dL/dv(", 6) == 0 || strchr(name, '(') == NULL;
}

static eq_status add_panel(eq_lines *l, const eq_result *r, bool state, double scale,
                           const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_panel *panel = eq_lines_panel(l, diag);
    if (panel == NULL) return EQ_ERR_USAGE;
    snprintf(panel->y_label, sizeof panel->y_label, "%s",
             state ? "by the state" : "by the parameters");
    panel->log_y = eq_axis_log(p->log, 'y', 0.0, 0.0);
    eq_status status = EQ_OK;
    size_t n = 0;
    for (size_t k = NORMS; status == EQ_OK && k + 1 < r->variables; k += 2)
        if (of_state(r->variable[k].name) == state)
            status = add_pair(l, r, k, n++, scale, to, diag);
    eq_lines_end_panel(l);
    return status;
}

/* What the time is multiplied by. Nodes of a circuit move in seconds, units of a network by its own time. */
static double label_time(const eq_result *r, char label[EQ_LINES_LABEL]) {
    char unit[16] = "";
    double scale = 1.0, last = r->points > 0 ? value(r, r->points - 1, 0) : 0.0;
    for (size_t k = NORMS; k < r->variables; k++)
        if (strncmp(r->variable[k].name, "dL/dv(", 6) == 0) scale = eq_axis_prefix(last, "s", unit);
    snprintf(label, EQ_LINES_LABEL, unit[0] == '\0' ? "time" : "time [%s]", unit);
    return scale;
}

bool eq_is_transient(const eq_result *r) {
    return r->variables > NORMS + 1 && eq_result_find(r, "theta_rbp") == 2;
}

eq_status eq_draw_transient(const eq_result *r, const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    to->title = "gradients over time";
    eq_lines *l = eq_lines_new();
    if (l == NULL) return eq_out_of_memory(diag);
    double scale = label_time(r, l->x_label);
    l->log_x = eq_axis_log(p->log, 'x', 0.0, 0.0);
    l->x_from_zero = !l->log_x;
    eq_status status = add_panel(l, r, false, scale, p, to, diag);
    if (status == EQ_OK) status = add_panel(l, r, true, scale, p, to, diag);
    if (status == EQ_OK) status = eq_lines_lay_out(l, to, diag);
    eq_lines_free(l);
    return status;
}
