#include "model/list.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "netlist/lexer.h"

static eq_status column(eq_list *l, size_t j) {
    const eq_cell *cell = &l->csv.cell[j];
    for (int k = 0; k < l->columns; k++) {
        bool is = cell->length == strlen(l->known[k]) &&
                  memcmp(cell->text, l->known[k], cell->length) == 0;
        if (is && l->column[k] >= 0)
            return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_cell_place(&l->csv, cell),
                              "the column '%s' is given twice; columns are %s", l->known[k],
                              l->words);
        if (!is) continue;
        l->column[k] = (int)j;
        return EQ_OK;
    }
    return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_cell_place(&l->csv, cell),
                      "the column '%.*s' is not known; columns are %s", eq_cell_shown(cell),
                      cell->text, l->words);
}

static eq_place row_place(const eq_list *l) {
    int line = l->csv.cells == 0 ? l->csv.line : l->csv.cell[0].line;
    return (eq_place){l->csv.path, line, 0};
}

/* The first row. */
static eq_status head(eq_list *l) {
    bool more;
    eq_status status = eq_csv_row(&l->csv, &more);
    for (int k = 0; k < l->columns; k++) l->column[k] = -1;
    for (size_t j = 0; status == EQ_OK && more && j < l->csv.cells; j++) status = column(l, j);
    l->cells = l->csv.cells;
    for (int k = 0; status == EQ_OK && k < l->needed; k++)
        if (l->column[k] < 0)
            return eq_fail_at(l->diag, EQ_ERR_INPUT, row_place(l),
                              "the list has no column '%s'; its first row names its columns",
                              l->known[k]);
    return status;
}

static eq_status check_row(const eq_list *l) {
    if (l->csv.cells == l->cells) return EQ_OK;
    return eq_fail_at(l->diag, EQ_ERR_INPUT, row_place(l),
                      "the row has %zu cell%s, the first row names %zu columns; give as many",
                      l->csv.cells, eq_plural(l->csv.cells), l->cells);
}

static eq_status rows(eq_list *l, eq_status (*row)(eq_list *)) {
    bool more = true, any = false;
    eq_status status = EQ_OK;
    while (status == EQ_OK) {
        status = eq_csv_row(&l->csv, &more);
        if (status != EQ_OK || !more) break;
        status = check_row(l);
        if (status == EQ_OK) status = row(l);
        any = true;
    }
    if (status == EQ_OK && !any)
        status = eq_fail_at(l->diag, EQ_ERR_INPUT, (eq_place){l->csv.path, 0, 0},
                            "the list has no rows; give one for each");
    return status;
}

eq_status eq_list_read(eq_list *l, const char *path, eq_status (*row)(eq_list *)) {
    char *text = NULL;
    size_t length;
    eq_status status = eq_file_read_gz(path, EQ_MOST_ITEMS, &text, &length, l->diag);
    if (status != EQ_OK) return status;
    status = eq_csv_open_commented(path, text, length, '#', &l->csv, l->diag);
    if (status == EQ_OK) status = head(l);
    if (status == EQ_OK) status = rows(l, row);
    eq_csv_close(&l->csv);
    eq_free(text);
    return status;
}

const eq_cell *eq_list_cell(const eq_list *l, int which) {
    int at = l->column[which];
    bool there = at >= 0 && (size_t)at < l->csv.cells && l->csv.cell[at].length > 0;
    return there ? &l->csv.cell[at] : NULL;
}

eq_place eq_list_place(const eq_list *l, int which) {
    const eq_cell *c = eq_list_cell(l, which);
    return c == NULL ? row_place(l) : eq_cell_place(&l->csv, c);
}

eq_status eq_list_number(const eq_list *l, int which, double otherwise, double *value) {
    const eq_cell *c = eq_list_cell(l, which);
    *value = otherwise;
    if (c == NULL && !isnan(otherwise)) return EQ_OK;
    if (c != NULL && eq_spice_number(c->text, c->length, EQ_NGSPICE, value) == c->length &&
        isfinite(*value))
        return EQ_OK;
    if (c == NULL)
        return eq_fail_at(l->diag, EQ_ERR_INPUT, row_place(l),
                          "the row has no '%s'; write a number like 0.25", l->known[which]);
    return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_list_place(l, which),
                      "%s: '%.*s' is no number; write one like 0.25", l->known[which],
                      eq_cell_shown(c), c->text);
}
