#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "report/axis.h"
#include "report/kind.h"
#include "report/lines.h"
#include "report/table.h"

/* Curves told apart by their colour; by dashes, where colours tell another column. */
enum { SHOWN = 7, DASHES = 5 };

/* What a column is measured in: v(out), i(v1), or a source, temperature or resistor that is swept. */
static const char *unit_of(const char *name, const char *type) {
    if (eq_same(type, "voltage") || name[0] == 'v') return "V";
    if (eq_same(type, "current") || name[0] == 'i') return "A";
    if (eq_same(name, "temp")) return "\xC2\xB0\x43";
    if (eq_same(name, "time")) return "s";
    if (eq_same(name, "frequency")) return "Hz";
    return name[0] == 'r' ? "\xCE\xA9" : "";
}

typedef struct sweep {
    const eq_result *r;
    size_t *row;    /* [points] rows of r, those of a curve one behind the other */
    bool *tells;    /* [variables] whether the column is the same along a curve, and not in all */
    size_t leading; /* columns that are swept */
    size_t x, fast; /* x axis; the column that changes most often of those */
    size_t outer,
        further;       /* columns that tell curves apart by shade and by dashes, or r->variables */
    size_t column[64]; /* that are drawn */
    size_t columns;
    double dashed[DASHES]; /* values of `further` in this panel, each with its dashes */
    int dashes;
    bool crowded; /* there are more of those values */
    bool sizes;   /* |y| is drawn: it has a logarithm where y has none */
    eq_lines *l;
    double x_scale, shade_scale;
} sweep;

static double value(const sweep *s, size_t j, size_t column) {
    return s->r->value[s->row[j] * s->r->variables + column];
}

/* How often a column changes from row to row. */
static size_t changes(const eq_result *r, size_t column) {
    size_t n = 0;
    for (size_t j = 1; j < r->points; j++)
        n += r->value[j * r->variables + column] != r->value[(j - 1) * r->variables + column];
    return n;
}

/* The columns before the first potential or current are swept: the fastest is the x axis. */
static void find_axes(sweep *s) {
    const eq_result *r = s->r;
    while (s->leading < r->variables && eq_same(r->variable[s->leading].type, "notype"))
        s->leading++;
    if (s->leading == 0 || s->leading == r->variables) s->leading = 1;
    if (eq_same(r->variable[0].name, "time")) s->leading = 1; /* a trajectory has nothing else */
    for (size_t k = 1; k < s->leading; k++)
        if (changes(r, k) > changes(r, s->fast)) s->fast = k;
    s->x = s->fast;
    s->outer = s->further = r->variables;
}

/* Columns that are the same along a curve, of those that change: over what is not swept itself a curve follows
 * the fastest sweep. */
static void find_outer(sweep *s) {
    for (size_t k = s->leading; k-- > 0;) {
        bool along = k == s->x || (s->x >= s->leading && k == s->fast);
        s->tells[k] = !along && changes(s->r, k) > 0;
        if (!s->tells[k]) continue;
        s->further = s->outer;
        s->outer = k;
    }
}

typedef struct keyed {
    uint64_t key;
    double x;
    size_t row;
} keyed;

static int by_key(const void *a, const void *b) {
    const keyed *p = a, *q = b;
    if (p->key != q->key) return p->key < q->key ? -1 : 1;
    if (p->x < q->x || p->x > q->x) return p->x < q->x ? -1 : 1; /* neither: NAN is there */
    return p->row < q->row ? -1 : p->row > q->row;
}

/* The rows of a curve over a column that is not the fastest are brought together, by that column, where one of them
 * stands. */
static eq_status gather_rows(sweep *s, eq_diag *diag) {
    if (s->x >= s->leading || s->x == s->fast) return EQ_OK;
    size_t n = s->r->points, first = 0;
    uint64_t curve = 0;
    keyed *k = eq_calloc(n, sizeof *k);
    if (k == NULL) return eq_out_of_memory(diag);
    for (size_t j = 0; j < n; j++) {
        k[j] = (keyed){EQ_HASH_START, value(s, j, s->x), j};
        for (size_t c = 0; c < s->leading; c++)
            if (s->tells[c]) eq_hash_double(&k[j].key, value(s, j, c));
    }
    qsort(k, n, sizeof *k, by_key);
    for (size_t j = 0; j < n; j++) {
        if (j == 0 || k[j].key != curve) first = k[j].row;
        curve = k[j].key;
        k[j].key = first;
    }
    qsort(k, n, sizeof *k, by_key);
    for (size_t j = 0; j < n; j++) s->row[j] = k[j].row;
    eq_free(k);
    return EQ_OK;
}

/* Columns by name, or what is not swept. */
static eq_status choose(sweep *s, const eq_picture *p, eq_diag *diag) {
    enum { MOST = sizeof s->column / sizeof *s->column };
    eq_status status = p->x == NULL ? EQ_OK : eq_table_column(s->r, p->x, &s->x, diag);
    find_outer(s);
    if (status == EQ_OK) status = gather_rows(s, diag);
    if (status == EQ_OK && p->columns != NULL)
        return eq_table_columns(s->r, p->columns, s->column, MOST, &s->columns, diag);
    for (size_t k = s->leading; k < s->r->variables && s->columns < MOST; k++)
        if (k != s->x) s->column[s->columns++] = k;
    return status;
}

/* Curves told apart by their shade have no names: each column stands alone then. */
static bool same_panel(const sweep *s, size_t a, size_t b) {
    if (s->l->shade_label[0] != '\0') return a == b;
    const eq_variable *v = s->r->variable;
    const char *unit = unit_of(v[a].name, v[a].type);
    return strcmp(unit, unit_of(v[b].name, v[b].type)) == 0 && (unit[0] != '\0' || a == b);
}

/* The first row behind that of the curve that begins at row j: another value of the outer column, or
 * x that turns back. */
static size_t curve_end(const sweep *s, size_t j) {
    size_t k = j + 1;
    while (k < s->r->points) {
        bool turned = k > j + 1 && (value(s, k, s->x) - value(s, k - 1, s->x)) *
                                           (value(s, j + 1, s->x) - value(s, j, s->x)) <
                                       0.0;
        bool other = false;
        for (size_t c = 0; c < s->leading; c++)
            other |= s->tells[c] && value(s, k, c) != value(s, j, c);
        if (turned || other) break;
        k++;
    }
    return k;
}

static size_t curves(const sweep *s) {
    size_t n = 0;
    for (size_t j = 0; j < s->r->points; j = curve_end(s, j)) n++;
    return n;
}

/* "v(out)", "vgs = 2", "v(out), vgs = 2". */
static char *title_of(const sweep *s, size_t column, size_t j, bool named, bool outer) {
    eq_text t = {0};
    if (named) eq_text_puts(&t, s->r->variable[column].name);
    for (size_t c = 0; outer && c < s->leading; c++) {
        if (!s->tells[c]) continue;
        const eq_variable *v = &s->r->variable[c];
        eq_text_printf(&t, "%s%s = %.4g %s", t.length > 0 ? ", " : "", v->name, value(s, j, c),
                       unit_of(v->name, v->type));
    }
    if (t.length == 0) eq_text_puts(&t, "");
    if (!t.failed) return t.text;
    eq_text_free(&t);
    return NULL;
}

/* The dashes of a curve: those of its value of the second outer column, which the first one of them names. */
static char *dash_of(sweep *s, size_t j, int *dash) {
    eq_text t = {0};
    *dash = 1;
    eq_text_puts(&t, "");
    if (s->further < s->r->variables) {
        double x = value(s, j, s->further);
        int k = 0;
        while (k < s->dashes && s->dashed[k] != x) k++;
        *dash = k % DASHES + 1;
        s->crowded = s->crowded || k >= DASHES;
        if (k == s->dashes && k < DASHES) {
            const eq_variable *v = &s->r->variable[s->further];
            s->dashed[s->dashes++] = x;
            eq_text_printf(&t, "%s = %.4g %s", v->name, x, unit_of(v->name, v->type));
        }
    }
    if (!t.failed) return t.text;
    eq_text_free(&t);
    return NULL;
}

/* The curves of one column, each a line. */
static eq_status add_curves(sweep *s, size_t column, size_t n, bool named, double scale,
                            size_t *hue, eq_canvas *to, eq_diag *diag) {
    bool shaded = s->l->shade_label[0] != '\0';
    for (size_t j = 0, end; j < s->r->points; j = end) {
        end = curve_end(s, j);
        int dash = 1;
        char *title = shaded ? dash_of(s, j, &dash)
                             : title_of(s, column, j, named, n > 1 && s->outer < s->r->variables);
        if (title == NULL) return eq_out_of_memory(diag);
        eq_line *line = eq_lines_line(s->l, title, diag);
        if (line == NULL) return EQ_ERR_USAGE;
        eq_lines_tell(line, *hue, dash, 1);
        if (shaded) {
            line->hue = 0;
            line->shade = s->shade_scale * value(s, j, s->outer);
        } else {
            ++*hue;
        }
        for (size_t k = j; k < end; k++) {
            double y = scale * (s->sizes ? fabs(value(s, k, column)) : value(s, k, column));
            double row[4] = {s->x_scale * value(s, k, s->x), y, y, y};
            eq_lines_point(s->l, to, row);
        }
        eq_lines_end(s->l, to);
    }
    return EQ_OK;
}

static void widen(const sweep *s, size_t column, double *least, double *most) {
    for (size_t j = 0; j < s->r->points; j++) {
        double y = value(s, j, column);
        *least = fmin(*least, y);
        *most = fmax(*most, y);
    }
}

/* "v(out) [mV]". */
static double label_of(const char *what, const char *unit, double least, double most,
                       char out[EQ_LINES_LABEL]) {
    char shown[16];
    double scale = eq_axis_prefix(fmax(fabs(least), fabs(most)), unit, shown);
    snprintf(out, EQ_LINES_LABEL, shown[0] == '\0' ? "%.70s" : "%.70s [%s]", what, shown);
    return scale;
}

/* All chosen columns of the unit (of shades, one column) of column k, from which on none is drawn yet. */
static eq_status add_panel(sweep *s, size_t k, const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    const eq_variable *v = &s->r->variable[s->column[k]];
    double least = INFINITY, most = -INFINITY;
    size_t members = 0, n = curves(s);
    size_t hue = 0;
    for (size_t j = k; j < s->columns; j++) {
        if (!same_panel(s, s->column[k], s->column[j])) continue;
        if (members++ < SHOWN) widen(s, s->column[j], &least, &most);
    }
    const char *unit = unit_of(v->name, v->type), *what = v->name;
    if (members > 1) what = unit[0] == 'V' ? "potential" : unit[0] == 'A' ? "current" : "";
    if (members > SHOWN)
        eq_warn_at(diag, (eq_place){s->r->title, 0, 0},
                   "of %zu columns like %s the first %d are drawn; choose with --columns", members,
                   v->name, SHOWN);
    eq_panel *panel = eq_lines_panel(s->l, diag);
    if (panel == NULL) return EQ_ERR_USAGE;
    panel->log_y = eq_axis_log(p->log, 'y', 0.0, 0.0);
    double scale = label_of(what, panel->log_y ? "" : unit, least, most, panel->y_label);
    s->sizes = panel->log_y && least < 0.0;
    if (panel->log_y)
        snprintf(panel->y_label, sizeof panel->y_label,
                 unit[0] == '\0' ? "%s%.70s%s" : "%s%.70s%s [%s]", s->sizes ? "|" : "", what,
                 s->sizes ? "|" : "", unit);
    eq_status status = EQ_OK;
    size_t drawn = 0;
    s->dashes = 0;
    for (size_t j = k; status == EQ_OK && j < s->columns && drawn < SHOWN; j++) {
        if (!same_panel(s, s->column[k], s->column[j])) continue;
        status = add_curves(s, s->column[j], n, members > 1, scale, &hue, to, diag);
        drawn++;
    }
    if (status == EQ_OK && p->reference != NULL && s->l->panels == 1)
        status = eq_lines_reference(panel, p->reference, scale, diag);
    if (status == EQ_OK) eq_lines_end_panel(s->l);
    return status;
}

/* More curves than colours are told apart by shades of the outer column. */
static void find_shades(sweep *s) {
    double least = INFINITY, most = -INFINITY;
    if (s->outer == s->r->variables || curves(s) * s->columns <= SHOWN) return;
    const eq_variable *v = &s->r->variable[s->outer];
    widen(s, s->outer, &least, &most);
    s->l->log_shade = eq_axis_log(NULL, 'c', least, most);
    s->shade_scale = label_of(v->name, unit_of(v->name, v->type), least, most, s->l->shade_label);
    s->l->shade_least = s->shade_scale * least;
    s->l->shade_most = s->shade_scale * most;
}

/* What shades and dashes do not tell apart. */
static void note_untold(const sweep *s, eq_diag *diag) {
    size_t outer = 0;
    for (size_t k = 0; k < s->leading; k++) outer += s->tells[k];
    if (s->l->shade_label[0] == '\0') return;
    if (s->crowded)
        eq_note_at(
            diag, (eq_place){s->r->title, 0, 0},
            "%s has more than %d values: dashes tell the first of them apart, all others are "
            "drawn like these; choose rows, or another --x",
            s->r->variable[s->further].name, DASHES);
    if (outer > 2)
        eq_note_at(diag, (eq_place){s->r->title, 0, 0},
                   "curves of %zu swept columns are told apart by %s and %s alone", outer,
                   s->r->variable[s->outer].name, s->r->variable[s->further].name);
}

static eq_status draw(sweep *s, const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    double least = INFINITY, most = -INFINITY;
    find_axes(s);
    eq_status status = choose(s, p, diag);
    if (status != EQ_OK) return status;
    if (s->columns == 0)
        return eq_fail(diag, EQ_ERR_INPUT, "%s has one column; there is nothing to draw over it",
                       s->r->title);
    const eq_variable *x = &s->r->variable[s->x];
    widen(s, s->x, &least, &most);
    s->l->log_x = eq_axis_log(p->log, 'x', 0.0, 0.0);
    s->x_scale = label_of(x->name, unit_of(x->name, x->type), least, most, s->l->x_label);
    find_shades(s);
    for (size_t k = 0; status == EQ_OK && k < s->columns; k++) {
        bool before = false;
        for (size_t j = 0; j < k; j++) before |= same_panel(s, s->column[j], s->column[k]);
        if (!before) status = add_panel(s, k, p, to, diag);
    }
    if (status == EQ_OK) note_untold(s, diag);
    return status == EQ_OK ? eq_lines_lay_out(s->l, to, diag) : status;
}

/* The first table of several points. */
static const eq_result *table_of(const eq_table_list *t) {
    for (size_t k = 0; k < t->count; k++)
        if (t->item[k]->points > 1) return t->item[k];
    return NULL;
}

static eq_status draw_table(const eq_result *r, const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    if (eq_is_histogram(r)) return eq_draw_histogram(r, p, to, diag);
    if (p->columns == NULL && eq_is_transient(r)) return eq_draw_transient(r, p, to, diag);
    sweep s = {.r = r,
               .row = eq_calloc(r->points, sizeof *s.row),
               .tells = eq_calloc(r->variables, sizeof *s.tells),
               .l = eq_lines_new(),
               .x_scale = 1.0};
    for (size_t j = 0; s.row != NULL && j < r->points; j++) s.row[j] = j;
    bool room = s.row != NULL && s.tells != NULL && s.l != NULL;
    eq_status status = room ? draw(&s, p, to, diag) : eq_out_of_memory(diag);
    eq_free(s.row);
    eq_free(s.tells);
    eq_lines_free(s.l);
    return status;
}

eq_status eq_gather_sweep(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_table_list t = {NULL, 0, 0};
    if (p->table != NULL) return draw_table(p->table, p, to, diag);
    if (p->inputs > 1) return eq_fail(diag, EQ_ERR_USAGE, "a sweep is drawn of one file at a time");
    eq_status status = eq_table_read(p->input[0], &t, diag);
    if (status != EQ_OK) return status;
    const eq_result *r = table_of(&t);
    status = r != NULL ? draw_table(r, p, to, diag)
                       : eq_fail_at(diag, EQ_ERR_INPUT, (eq_place){p->input[0], 0, 0},
                                    "no table of two points or more is in it; sweep something "
                                    "with .dc");
    eq_table_list_free(&t);
    return status;
}
