#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/axis.h"
#include "report/kind.h"
#include "report/lines.h"
#include "report/runs.h"

enum { SETS = 3 };
static const char *const set_name[SETS] = {"train", "validation", "test"};
static const int set_hue[SETS] = {1, 3, 2};

/* A quantity of metrics.csv: how it is shown. */
typedef struct quantity {
    const char *name, *label;
    double scale;
    bool from_zero;
} quantity;

static const quantity quantities[] = {
    {"loss", "loss", 1.0, true},
    {"error", "error [%]", 100.0, true},
    {"rmse", "root mean square error", 1.0, true},
    {"r2", "R\xC2\xB2", 1.0, false},
    {"gradient_cosine", "cosine to the gradient", 1.0, false},
    {"mode_hops", "phases in another mode", 1.0, true},
    {"examples_per_s", "examples / s", 1.0, true},
    {"seconds", "time [s]", 1.0, true},
    {"epoch", "epoch", 1.0, true},
};

static quantity quantity_of(const char *name) {
    for (size_t k = 0; k < sizeof quantities / sizeof *quantities; k++)
        if (eq_same(quantities[k].name, name)) return quantities[k];
    return (quantity){name, name, 1.0, false};
}

/* A column that is drawn. */
typedef struct column {
    char *name;
    int set; /* of set_name; SETS: of none */
    quantity q;
    bool drawn;
} column;

enum { MOST = 32 };

typedef struct curves {
    eq_runs runs;
    column column[MOST];
    size_t columns;
    const char *x;
    bool range; /* the band goes from the least to the most */
    eq_lines *l;
} curves;

static column column_of(const char *name, size_t length) {
    column c = {.name = eq_strndup(name, length), .set = SETS};
    const char *rest = c.name;
    for (int k = 0; rest != NULL && k < SETS; k++) {
        size_t n = strlen(set_name[k]);
        if (strncmp(c.name, set_name[k], n) != 0 || c.name[n] != '_') continue;
        c.set = k;
        rest = c.name + n + 1;
    }
    if (rest != NULL) c.q = quantity_of(rest);
    return c;
}

static eq_status add_column(curves *v, const char *name, size_t length, eq_diag *diag) {
    if (v->columns == MOST)
        return eq_fail(diag, EQ_ERR_USAGE, "more than %d columns in one picture; draw several",
                       MOST);
    v->column[v->columns] = column_of(name, length);
    return v->column[v->columns++].name == NULL ? eq_out_of_memory(diag) : EQ_OK;
}

/* Whether some run has a number there. */
static bool has_values(const curves *v, const char *name) {
    for (size_t g = 0; g < v->runs.count; g++)
        for (size_t k = 0; k < v->runs.group[g].run.count; k++) {
            const eq_result *r = v->runs.group[g].run.item[k];
            size_t c = eq_result_find(r, name);
            for (size_t j = 0; c < r->variables && j < r->points; j++)
                if (isfinite(r->value[j * r->variables + c])) return true;
        }
    return false;
}

static bool has_rows(const curves *v) {
    for (size_t g = 0; g < v->runs.count; g++)
        for (size_t k = 0; k < v->runs.group[g].run.count; k++)
            if (v->runs.group[g].run.item[k]->points > 0) return true;
    return false;
}

static eq_status no_column(const curves *v, const char *name, eq_diag *diag) {
    const eq_result *r = v->runs.group[0].run.item[0];
    eq_text all = {0};
    for (size_t k = 0; k < r->variables; k++)
        eq_text_printf(&all, "%s%s", k == 0 ? "" : ", ", r->variable[k].name);
    eq_status status =
        eq_fail(diag, EQ_ERR_INPUT, "there are no numbers in a column '%s'; there are %s", name,
                all.text == NULL ? "none" : all.text);
    eq_text_free(&all);
    return status;
}

static eq_status asked_columns(curves *v, const char *list, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (const char *at = list; status == EQ_OK; at++) {
        size_t n = strcspn(at, ",");
        status = add_column(v, at, n, diag);
        if (status == EQ_OK && !has_values(v, v->column[v->columns - 1].name))
            status = no_column(v, v->column[v->columns - 1].name, diag);
        at += n;
        if (*at == '\0') break;
    }
    return status;
}

/* Adds SET_QUANTITY where it has numbers. */
static eq_status offer(curves *v, int set, const char *q, eq_diag *diag) {
    char name[32];
    snprintf(name, sizeof name, "%s_%s", set_name[set], q);
    return has_values(v, name) ? add_column(v, name, strlen(name), diag) : EQ_OK;
}

/* Of one run loss and error of all sets; of several runs the error of the best judge. */
static eq_status usual_columns(curves *v, eq_diag *diag) {
    static const char *const whole[] = {"loss", "error", "rmse"};
    static const int judge[SETS] = {2, 1, 0};
    eq_status status = EQ_OK;
    if (v->runs.count == 1) {
        for (int q = 0; q < 3; q++)
            for (int s = 0; status == EQ_OK && s < SETS; s++) status = offer(v, s, whole[q], diag);
    } else {
        for (int s = 0; status == EQ_OK && s < SETS && v->columns == 0; s++)
            for (int q = 1; status == EQ_OK && q < 3 && v->columns == 0; q++)
                status = offer(v, judge[s], whole[q], diag);
    }
    if (status == EQ_OK && v->columns == 0) status = no_column(v, "train_loss", diag);
    return status;
}

/* Mean and band of the runs of a group at row j; false where none has a number. */
static bool summarise(const curves *v, const eq_run_group *g, const column *c, size_t j,
                      double row[4]) {
    double sum = 0.0, square = 0.0, x = 0.0, least = INFINITY, most = -INFINITY;
    size_t n = 0;
    for (size_t k = 0; k < g->run.count; k++) {
        const eq_result *r = g->run.item[k];
        size_t at = eq_result_find(r, c->name), x_at = eq_result_find(r, v->x);
        if (j >= r->points || at == r->variables || x_at == r->variables) continue;
        double y = c->q.scale * r->value[j * r->variables + at];
        if (!isfinite(y) || !isfinite(r->value[j * r->variables + x_at])) continue;
        n++;
        double off = y - sum; /* Welford */
        sum += off / (double)n;
        square += off * (y - sum);
        x += (r->value[j * r->variables + x_at] - x) / (double)n;
        least = fmin(least, y);
        most = fmax(most, y);
    }
    double deviation = n > 1 ? sqrt(square / (double)(n - 1)) : 0.0;
    row[0] = x;
    row[1] = sum;
    row[2] = v->range ? least : sum - deviation;
    row[3] = v->range ? most : sum + deviation;
    return n > 0;
}

static size_t longest(const eq_run_group *g) {
    size_t most = 0;
    for (size_t k = 0; k < g->run.count; k++)
        if (g->run.item[k]->points > most) most = g->run.item[k]->points;
    return most;
}

/* NAME, of several sets "NAME, test"; of one run the set alone. */
static char *title_of(const curves *v, const eq_run_group *g, const column *c, size_t sets) {
    eq_text t = {0};
    const char *set = c->set < SETS ? set_name[c->set] : c->name;
    if (v->runs.count > 1) eq_text_puts(&t, g->name);
    if (t.length == 0 || sets > 1) eq_text_printf(&t, "%s%s", t.length > 0 ? ", " : "", set);
    if (g->run.count > 1) eq_text_printf(&t, " (%zu runs)", g->run.count);
    if (!t.failed) return t.text;
    eq_text_free(&t);
    return NULL;
}

/* One epoch is a dot, few are dots on a line. */
static eq_lines_style style_of(size_t epochs) {
    return epochs > 40 ? EQ_LINES_PLAIN : epochs > 1 ? EQ_LINES_DOTTED : EQ_LINES_POINTS;
}

/* A line of each group; *least and *most of their values. */
static eq_status add_lines(curves *v, const column *c, size_t sets, double *least, double *most,
                           eq_canvas *to, eq_diag *diag) {
    bool several = v->runs.count > 1;
    for (size_t k = 0; k < v->runs.count; k++) {
        const eq_run_group *g = &v->runs.group[k];
        char *title = title_of(v, g, c, sets);
        if (title == NULL) return eq_out_of_memory(diag);
        eq_line *line = eq_lines_line(v->l, title, diag);
        if (line == NULL) return EQ_ERR_USAGE;
        line->hue = c->set < SETS ? set_hue[c->set] : 1;
        bool dashed = several && sets > 1;
        if (several) eq_lines_tell(line, k, dashed && c->set < 2 ? 3 - c->set : 1, dashed ? 3 : 1);
        line->band = g->run.count > 1;
        line->style = style_of(longest(g));
        double row[4];
        for (size_t j = 0; j < longest(g); j++) {
            if (!summarise(v, g, c, j, row)) continue;
            *least = fmin(*least, row[1]);
            *most = fmax(*most, row[1]);
            eq_lines_point(v->l, to, row);
        }
        eq_lines_end(v->l, to);
    }
    return EQ_OK;
}

/* All columns of one quantity, beginning with column k. */
static eq_status add_panel(curves *v, size_t k, const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    size_t sets = 0;
    double least = INFINITY, most = -INFINITY;
    quantity q = v->column[k].q;
    eq_panel *panel = eq_lines_panel(v->l, diag);
    eq_status status = panel == NULL ? EQ_ERR_USAGE : EQ_OK;
    for (size_t j = k; j < v->columns; j++) sets += eq_same(v->column[j].q.name, q.name);
    for (size_t j = k; status == EQ_OK && j < v->columns; j++) {
        if (!eq_same(v->column[j].q.name, q.name)) continue;
        v->column[j].drawn = true;
        status = add_lines(v, &v->column[j], sets, &least, &most, to, diag);
    }
    if (status != EQ_OK) return status;
    bool one = sets == 1 && v->column[k].set < SETS && v->runs.count > 1, last = true;
    for (size_t j = 0; j < v->columns; j++) last = last && v->column[j].drawn;
    snprintf(panel->y_label, sizeof panel->y_label, "%s%s%s", one ? set_name[v->column[k].set] : "",
             one ? " " : "", q.label);
    panel->log_y = eq_axis_log(p->log, 'y', least, q.from_zero ? most : 0.0);
    panel->y_from_zero = q.from_zero;
    if (last && p->reference != NULL)
        status = eq_lines_reference(panel, p->reference, q.scale, diag);
    eq_lines_end_panel(v->l);
    return status;
}

static eq_status understand(curves *v, const eq_picture *p, eq_diag *diag) {
    v->x = p->x == NULL ? "epoch" : p->x;
    v->range = p->band != NULL && eq_same(p->band, "range");
    if (p->band != NULL && !v->range && !eq_same(p->band, "deviation") && !eq_same(p->band, "runs"))
        return eq_fail(diag, EQ_ERR_USAGE, "there is no band '%s'; use deviation, range or runs",
                       p->band);
    v->l = eq_lines_new();
    return v->l == NULL ? eq_out_of_memory(diag) : EQ_OK;
}

static eq_status draw(curves *v, const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_status status =
        has_rows(v)
            ? EQ_OK
            : eq_fail(diag, EQ_ERR_INPUT, "%s has no epoch yet; let it train first", p->input[0]);
    if (status == EQ_OK && !has_values(v, v->x)) status = no_column(v, v->x, diag);
    if (status == EQ_OK)
        status = p->columns == NULL ? usual_columns(v, diag) : asked_columns(v, p->columns, diag);
    snprintf(v->l->x_label, sizeof v->l->x_label, "%s", quantity_of(v->x).label);
    v->l->log_x = eq_axis_log(p->log, 'x', 0.0, 0.0);
    v->l->x_from_zero = true;
    v->l->whole_x = eq_same(v->x, "epoch");
    for (size_t k = 0; status == EQ_OK && k < v->columns; k++)
        if (!v->column[k].drawn) status = add_panel(v, k, p, to, diag);
    return status == EQ_OK ? eq_lines_lay_out(v->l, to, diag) : status;
}

eq_status eq_gather_curves(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    curves *v = eq_calloc(1, sizeof *v);
    if (v == NULL) return eq_out_of_memory(diag);
    eq_status status = understand(v, p, diag);
    if (status == EQ_OK) status = eq_runs_read(p, &v->runs, diag);
    if (status == EQ_OK) status = draw(v, p, to, diag);
    for (size_t k = 0; k < v->columns; k++) eq_free(v->column[k].name);
    eq_lines_free(v->l);
    eq_runs_free(&v->runs);
    eq_free(v);
    return status;
}
