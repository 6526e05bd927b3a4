/* Where the potentials along the wires of crossbars go: the IR drop. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/operating_point.h"
#include "base/file.h"
#include "base/mem.h"
#include "report/heat.h"
#include "report/kind.h"
#include "report/table.h"
#include "train/train.h"

enum { SIDES = 2, CROSSBARS = (int)EQ_HEAT_PANELS / (int)SIDES };

/* The wires of one crossbar (circuit/builder.h): side 0 is those of its rows, nodes aTAG_ROW_COLUMN,
 * side 1 those of its columns, bTAG_ROW_COLUMN. */
typedef struct wired {
    size_t tag; /* 0: it has none */
    size_t rows, columns, nodes[SIDES];
    double *value[SIDES]; /* [rows][columns] V */
} wired;

typedef struct drop {
    wired of[CROSSBARS];
    size_t count;
    bool more; /* than there is room for */
} drop;

/* A place in a crossbar, from 1. */
typedef struct place {
    size_t side, tag, row, column;
} place;

/* Digits up to 10^9; *text moves behind them. */
static bool take_number(const char **text, size_t *value) {
    const char *p = *text;
    for (*value = 0; *p >= '0' && *p <= '9' && *value < 100000000; p++)
        *value = 10 * *value + (size_t)(*p - '0');
    bool any = p > *text && !(*p >= '0' && *p <= '9');
    *text = p;
    return any;
}

/* "v(a1_3_4)", "v(b_3_4)" */
static bool place_of(const char *name, place *at) {
    if (strncmp(name, "v(", 2) != 0 || (name[2] != 'a' && name[2] != 'b')) return false;
    at->side = name[2] == 'b';
    name += 3;
    at->tag = 0;
    if (*name != '_' && !take_number(&name, &at->tag)) return false;
    if (*name++ != '_' || !take_number(&name, &at->row)) return false;
    if (*name++ != '_' || !take_number(&name, &at->column)) return false;
    return strcmp(name, ")") == 0 && at->row > 0 && at->column > 0;
}

/* The crossbar of that tag; NULL: there is no room for it. */
static wired *find(drop *d, size_t tag) {
    for (size_t k = 0; k < d->count; k++)
        if (d->of[k].tag == tag) return &d->of[k];
    d->more |= d->count == CROSSBARS;
    if (d->more) return NULL;
    d->of[d->count] = (wired){.tag = tag};
    return &d->of[d->count++];
}

/* How large the crossbars are. */
static void measure(const eq_result *r, drop *d) {
    place at;
    for (size_t k = 0; k < r->variables; k++) {
        wired *w = place_of(r->variable[k].name, &at) ? find(d, at.tag) : NULL;
        if (w == NULL) continue;
        w->rows = at.row > w->rows ? at.row : w->rows;
        w->columns = at.column > w->columns ? at.column : w->columns;
        w->nodes[at.side]++;
    }
}

static eq_status make_room(drop *d, const char *path, eq_diag *diag) {
    if (d->count == 0)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "%s has no wires of a crossbar, nodes a_ROW_COLUMN and b_ROW_COLUMN; make "
                       "it by `eqspice build crossbar`, or give its architecture wires",
                       path);
    for (size_t k = 0; k < d->count; k++) {
        wired *w = &d->of[k];
        for (int side = 0; side < SIDES; side++) {
            if (w->nodes[side] / w->rows != w->columns || w->nodes[side] % w->rows != 0)
                return eq_fail(diag, EQ_ERR_INPUT,
                               "%s: the wires of %zu rows and %zu columns have %zu nodes %c, which "
                               "is no whole crossbar; draw the table as it was written",
                               path, w->rows, w->columns, w->nodes[side], "ab"[side]);
            w->value[side] = eq_malloc(w->nodes[side], sizeof(double));
            if (w->value[side] == NULL) return eq_out_of_memory(diag);
            for (size_t j = 0; j < w->nodes[side]; j++) w->value[side][j] = NAN;
        }
    }
    return EQ_OK;
}

static void fill(const eq_result *r, drop *d) {
    place at;
    for (size_t k = 0; k < r->variables; k++) {
        wired *w = place_of(r->variable[k].name, &at) ? find(d, at.tag) : NULL;
        if (w != NULL) w->value[at.side][(at.row - 1) * w->columns + at.column - 1] = r->value[k];
    }
}

static void lay_out(const drop *d, eq_canvas *to) {
    static const char *const side_name[SIDES] = {"wires of rows", "wires of columns"};
    eq_heat h = {.colours = EQ_HEAT_VIRIDIS, .value_label = "potential [V]"};
    for (size_t k = 0; k < d->count; k++) {
        const wired *w = &d->of[k];
        for (int side = 0; side < SIDES; side++) {
            eq_heat_panel *p = &h.panel[h.panels++];
            *p = (eq_heat_panel){
                .rows = w->rows, .columns = w->columns, .first = 1.0, .value = w->value[side]};
            snprintf(p->x_label, sizeof p->x_label, "column");
            snprintf(p->y_label, sizeof p->y_label, "row");
            if (d->count == 1)
                snprintf(p->title, sizeof p->title, "%s", side_name[side]);
            else
                snprintf(p->title, sizeof p->title, "crossbar %zu, %s", w->tag, side_name[side]);
        }
    }
    eq_heat_lay_out(&h, to);
}

static eq_status draw(const eq_result *r, const char *path, eq_canvas *to, eq_diag *diag) {
    drop d = {.count = 0};
    measure(r, &d);
    eq_status status = r->points == 0
                           ? eq_fail(diag, EQ_ERR_INPUT, "%s has no row of numbers", path)
                           : make_room(&d, path, diag);
    if (status == EQ_OK) {
        fill(r, &d);
        if (d.more)
            eq_warn_at(diag, (eq_place){path, 0, 0}, "the first %d crossbars are drawn", CROSSBARS);
        lay_out(&d, to);
    }
    for (size_t k = 0; k < d.count; k++)
        for (int side = 0; side < SIDES; side++) eq_free(d.of[k].value[side]);
    return status;
}

/* The operating point of a deck or a run. */
static eq_status solve(const eq_picture *p, eq_result **r, eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_circuit *c = NULL;
    eq_status status = eq_picture_circuit(p, &x, &c, diag);
    if (status == EQ_OK) {
        eq_solve_options o = eq_solve_defaults(c);
        status = eq_operating_point(c, &o, r, NULL, diag);
    }
    eq_circuit_free(c);
    eq_experiment_free(x);
    return status;
}

static bool is_table(const char *path) {
    static const char *const ending[] = {".csv", ".raw", ".npz"};
    const char *dot = strrchr(path, '.');
    for (size_t k = 0; dot != NULL && k < sizeof ending / sizeof *ending; k++)
        if (eq_same(dot, ending[k])) return true;
    return false;
}

eq_status eq_gather_drop(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    eq_table_list t = {NULL, 0, 0};
    eq_result *solved = NULL;
    const char *path = p->input[0];
    if (p->inputs > 1)
        return eq_fail(diag, EQ_ERR_USAGE, "the drop is drawn of one deck, run or table");
    bool table = !eq_is_folder(path) && is_table(path);
    eq_status status = table ? eq_table_read(path, &t, diag) : solve(p, &solved, diag);
    if (status == EQ_OK) status = draw(table ? t.item[0] : solved, path, to, diag);
    eq_result_free(solved);
    eq_table_list_free(&t);
    return status;
}
