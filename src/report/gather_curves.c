#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/axis.h"
#include "report/kind.h"
#include "report/runs.h"

/* Panels beside each other (7 in) or above each other (3.4 in). Columns of a block: x, mean, lower
 * and upper edge of the band. */
static const char script[] =
    "if (panels > 1) set multiplot layout panel_rows,panel_columns\n"
    "set style fill transparent solid 0.22 noborder\n"
    "do for [p=1:panels] {\n"
    "  set xlabel x_label\n"
    "  set ylabel y_label[p]\n"
    "  unset logscale\n"
    "  if (log_x) { set logscale x; set xrange [*:*]; set format x '10^{%T}' } else { set xrange "
    "[0:*] }\n"
    "  if (log_y[p]) { set logscale y; set yrange [*:*]; set format y '10^{%T}' }\n"
    "  else { set format y '%h'; if (from_zero[p]) { set yrange [0:*] } else { set yrange [*:*] } "
    "}\n"
    "  set key top right\n"
    "  plot for [s=first[p]:last[p]] 'data' index s-1 using 1:(band[s] ? $3 : NaN):4 with "
    "filledcurves lc rgb rgb(hue[s]) notitle, \\\n"
    "    for [s=first[p]:last[p]] 'data' index s-1 using 1:2 with linespoints pt 7 ps (few ? 0.25 "
    ": 0) "
    "lw 1.4 dt dash[s] lc rgb rgb(hue[s]) title name[s], \\\n"
    "    reference[p] with lines lw 1 dt 2 lc rgb letters title reference_name[p]\n"
    "}\n"
    "if (panels > 1) unset multiplot\n";

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
    /* [series] */
    size_t series;
    char *title[1024];
    double hue[1024], dash[1024], band[1024];
    /* [panels] */
    size_t panels, longest;
    char label[MOST][96], reference_name[MOST][96];
    double first[MOST], last[MOST], log_y[MOST], from_zero[MOST], reference[MOST];
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

/* A block of the group's column; *least and *most of its values. */
static void add_block(curves *v, const eq_run_group *g, const column *c, double *least,
                      double *most, eq_canvas *to) {
    size_t longest = 0;
    double row[4];
    for (size_t k = 0; k < g->run.count; k++)
        if (g->run.item[k]->points > longest) longest = g->run.item[k]->points;
    for (size_t j = 0; j < longest; j++) {
        if (!summarise(v, g, c, j, row)) continue;
        *least = fmin(*least, row[1]);
        *most = fmax(*most, row[1]);
        eq_canvas_row(to, row, 4);
    }
    eq_canvas_end(to);
    if (longest > v->longest) v->longest = longest;
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

static eq_status add_series(curves *v, const column *c, size_t sets, double *least, double *most,
                            eq_canvas *to, eq_diag *diag) {
    for (size_t k = 0; k < v->runs.count; k++) {
        const eq_run_group *g = &v->runs.group[k];
        size_t s = v->series;
        if (s == sizeof v->hue / sizeof *v->hue)
            return eq_fail(diag, EQ_ERR_USAGE, "more than %zu curves in one picture; draw several",
                           s);
        v->title[s] = title_of(v, g, c, sets);
        if (v->title[s] == NULL) return eq_out_of_memory(diag);
        v->series++;
        v->hue[s] = v->runs.count > 1 ? (double)(k + 1) : c->set < SETS ? set_hue[c->set] : 1.0;
        v->dash[s] = v->runs.count > 1 && sets > 1 && c->set < 2 ? 3 - c->set : 1;
        v->band[s] = g->run.count > 1;
        add_block(v, g, c, least, most, to);
    }
    return EQ_OK;
}

/* "2.0%" or "NAME=0.02": where it lies. */
static eq_status read_reference(const char *text, double scale, double *value, char *name,
                                size_t room, eq_diag *diag) {
    const char *sign = strrchr(text, '='), *at = sign == NULL ? text : sign + 1;
    size_t length = strlen(at), n = eq_parse_double(at, length, value);
    bool percent = n > 0 && n + 1 == length && at[n] == '%';
    if (n == 0 || (n != length && !percent))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the reference '%s' is no number; say 2.0%%, 0.02 or NAME=2.0%%", text);
    if (!percent) *value *= scale;
    if (percent && scale < 100.0) *value /= 100.0;
    if (sign == NULL)
        snprintf(name, room, "%s", text);
    else
        snprintf(name, room, "%.*s", (int)(sign - text), text);
    return EQ_OK;
}

/* All columns of one quantity, beginning with column k. */
static eq_status add_panel(curves *v, size_t k, const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    size_t sets = 0, panel = v->panels++;
    double least = INFINITY, most = -INFINITY;
    quantity q = v->column[k].q;
    eq_status status = EQ_OK;
    for (size_t j = k; j < v->columns; j++) sets += eq_same(v->column[j].q.name, q.name);
    v->first[panel] = (double)v->series + 1.0;
    for (size_t j = k; status == EQ_OK && j < v->columns; j++) {
        if (!eq_same(v->column[j].q.name, q.name)) continue;
        v->column[j].drawn = true;
        status = add_series(v, &v->column[j], sets, &least, &most, to, diag);
    }
    v->last[panel] = (double)v->series;
    bool one = sets == 1 && v->column[k].set < SETS && v->runs.count > 1;
    snprintf(v->label[panel], sizeof v->label[panel], "%s%s%s",
             one ? set_name[v->column[k].set] : "", one ? " " : "", q.label);
    v->log_y[panel] = eq_axis_log(p->log, 'y', least, q.from_zero ? most : 0.0);
    v->from_zero[panel] = q.from_zero;
    v->reference[panel] = NAN;
    if (status == EQ_OK && p->reference != NULL)
        status = read_reference(p->reference, q.scale, &v->reference[panel],
                                v->reference_name[panel], sizeof v->reference_name[panel], diag);
    return status;
}

/* A reference belongs to the last panel. */
static eq_status add_panels(curves *v, const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < v->columns; k++)
        if (!v->column[k].drawn) status = add_panel(v, k, p, to, diag);
    for (size_t k = 0; k + 1 < v->panels; k++) {
        v->reference[k] = NAN;
        v->reference_name[k][0] = '\0';
    }
    return status;
}

static void lay_out(const curves *v, const eq_picture *p, eq_canvas *to) {
    const char *label[MOST], *reference[MOST], *title[1024];
    bool wide = p->width > 5.0;
    to->columns = wide && v->panels > 1 ? 2 : 1;
    to->rows = (v->panels + to->columns - 1) / to->columns;
    to->height = (double)to->rows * (wide && v->panels == 1 ? 3.6 : wide ? 2.6 : 2.3);
    to->script = script;
    for (size_t k = 0; k < v->panels; k++) label[k] = v->label[k];
    for (size_t k = 0; k < v->panels; k++) reference[k] = v->reference_name[k];
    for (size_t k = 0; k < v->series; k++) title[k] = v->title[k];
    eq_canvas_number(to, "panels", (double)v->panels);
    eq_canvas_number(to, "few", v->longest <= 40);
    eq_canvas_number(to, "log_x", eq_axis_log(p->log, 'x', 0.0, 0.0));
    eq_canvas_text(to, "x_label", quantity_of(v->x).label);
    eq_canvas_texts(to, "y_label", label, v->panels);
    eq_canvas_texts(to, "reference_name", reference, v->panels);
    eq_canvas_numbers(to, "reference", v->reference, v->panels);
    eq_canvas_numbers(to, "first", v->first, v->panels);
    eq_canvas_numbers(to, "last", v->last, v->panels);
    eq_canvas_numbers(to, "log_y", v->log_y, v->panels);
    eq_canvas_numbers(to, "from_zero", v->from_zero, v->panels);
    eq_canvas_texts(to, "name", title, v->series);
    eq_canvas_numbers(to, "hue", v->hue, v->series);
    eq_canvas_numbers(to, "dash", v->dash, v->series);
    eq_canvas_numbers(to, "band", v->band, v->series);
}

static void release(curves *v) {
    for (size_t k = 0; k < v->columns; k++) eq_free(v->column[k].name);
    for (size_t k = 0; k < v->series; k++) eq_free(v->title[k]);
    eq_runs_free(&v->runs);
    eq_free(v);
}

static eq_status understand(curves *v, const eq_picture *p, eq_diag *diag) {
    v->x = p->x == NULL ? "epoch" : p->x;
    v->range = p->band != NULL && eq_same(p->band, "range");
    if (p->band != NULL && !v->range && !eq_same(p->band, "deviation") && !eq_same(p->band, "runs"))
        return eq_fail(diag, EQ_ERR_USAGE, "there is no band '%s'; use deviation, range or runs",
                       p->band);
    return EQ_OK;
}

eq_status eq_gather_curves(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    curves *v = eq_calloc(1, sizeof *v);
    if (v == NULL) return eq_out_of_memory(diag);
    eq_status status = understand(v, p, diag);
    if (status == EQ_OK) status = eq_runs_read(p, &v->runs, diag);
    if (status == EQ_OK && !has_values(v, v->x)) status = no_column(v, v->x, diag);
    if (status == EQ_OK)
        status = p->columns == NULL ? usual_columns(v, diag) : asked_columns(v, p->columns, diag);
    if (status == EQ_OK) status = add_panels(v, p, to, diag);
    if (status == EQ_OK) lay_out(v, p, to);
    release(v);
    return status;
}
