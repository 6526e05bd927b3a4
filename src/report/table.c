#include "report/table.h"

#include <math.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "result/npz.h"
#include "result/raw.h"

void eq_table_list_free(eq_table_list *t) {
    for (size_t k = 0; k < t->count; k++) eq_result_free(t->item[k]);
    eq_free(t->item);
    *t = (eq_table_list){NULL, 0, 0};
}

static eq_status add(eq_table_list *t, eq_result *r, eq_diag *diag) {
    void *p = t->item;
    bool room = r != NULL && eq_grow(&p, &t->cap, t->count + 1, sizeof(eq_result *));
    t->item = p;
    if (!room) {
        eq_result_free(r);
        return eq_out_of_memory(diag);
    }
    t->item[t->count++] = r;
    return EQ_OK;
}

/* NAN: none, or "nan" and "inf", which no axis has. */
static double number_of(const eq_cell *cell) {
    double value;
    return cell->length > 0 && eq_parse_double(cell->text, cell->length, &value) == cell->length
               ? value
               : NAN;
}

static const char *type_of(const char *name) {
    return name[1] != '('   ? "notype"
           : name[0] == 'v' ? "voltage"
           : name[0] == 'i' ? "current"
                            : "notype";
}

/* A new table with the names of this row. */
static eq_status begin(const eq_csv *in, const char *path, eq_table_list *t, eq_diag *diag) {
    eq_status status = add(t, eq_result_new(path, "table"), diag);
    for (size_t k = 0; status == EQ_OK && k < in->cells; k++) {
        char *name = eq_strndup(in->cell[k].text, in->cell[k].length);
        status = name == NULL
                     ? eq_out_of_memory(diag)
                     : eq_result_variable(t->item[t->count - 1], name,
                                          name[0] == '\0' ? "notype" : type_of(name), diag);
        eq_free(name);
    }
    return status;
}

static eq_status add_row(const eq_csv *in, eq_result *r, double *value, eq_diag *diag) {
    if (in->cells != r->variables)
        return eq_fail_at(diag, EQ_ERR_INPUT, (eq_place){in->path, in->cell->line, 0},
                          "this row has %zu cells, the names above it are %zu", in->cells,
                          r->variables);
    for (size_t k = 0; value != NULL && k < in->cells; k++) value[k] = number_of(&in->cell[k]);
    return eq_result_point(r, value, diag);
}

static eq_status read_rows(eq_csv *in, const char *path, eq_table_list *t, eq_diag *diag) {
    double *value = NULL;
    bool more = true;
    eq_status status = EQ_OK;
    while (status == EQ_OK && (status = eq_csv_row(in, &more)) == EQ_OK && more) {
        bool names = isnan(number_of(in->cell)) && in->cell->length > 0;
        if (names || t->count == 0) {
            status = begin(in, path, t, diag);
            double *wider = eq_realloc(value, in->cells, sizeof *value);
            value = wider == NULL ? value : wider;
            if (wider == NULL) status = eq_out_of_memory(diag);
        } else {
            status = add_row(in, t->item[t->count - 1], value, diag);
        }
    }
    eq_free(value);
    return status;
}

static eq_status read_csv(const char *path, char *text, size_t length, eq_table_list *t,
                          eq_diag *diag) {
    eq_csv in;
    eq_status status = eq_csv_open(path, text, length, &in, diag);
    if (status == EQ_OK) {
        status = read_rows(&in, path, t, diag);
        eq_csv_close(&in);
    }
    return status;
}

/* What stands at the beginning tells the form. */
static eq_status read_any(const char *path, char *text, size_t length, eq_table_list *t,
                          eq_diag *diag) {
    bool raw = length >= 6 && memcmp(text, "Title:", 6) == 0;
    if (!raw && !(length >= 4 && memcmp(text, "PK\x03\x04", 4) == 0))
        return read_csv(path, text, length, t, diag);
    eq_result **plot = NULL;
    size_t plots = 0;
    eq_status status = raw ? eq_raw_parse(path, text, length, &plot, &plots, diag)
                           : eq_npz_parse(path, text, length, &plot, &plots, diag);
    for (size_t k = 0; k < plots; k++)
        if (status == EQ_OK)
            status = add(t, plot[k], diag);
        else
            eq_result_free(plot[k]);
    eq_free(plot);
    return status;
}

eq_status eq_table_read(const char *path, eq_table_list *t, eq_diag *diag) {
    char *text = NULL;
    size_t length = 0;
    eq_status status = eq_file_read(path, (eq_place){0}, &text, &length, diag);
    if (status == EQ_OK) status = read_any(path, text, length, t, diag);
    eq_free(text);
    if (status == EQ_OK && t->count == 0)
        status = eq_fail_at(diag, EQ_ERR_INPUT, (eq_place){path, 0, 0}, "there is no table in it");
    if (status != EQ_OK) eq_table_list_free(t);
    return status;
}

eq_status eq_table_column(const eq_result *r, const char *name, size_t *column, eq_diag *diag) {
    eq_text all = {0};
    *column = eq_result_find(r, name);
    if (*column < r->variables) return EQ_OK;
    for (size_t k = 0; k < r->variables; k++)
        eq_text_printf(&all, "%s%s", k == 0 ? "" : ", ", r->variable[k].name);
    eq_status status = eq_fail(diag, EQ_ERR_INPUT, "%s has no column '%s'; there are %s", r->title,
                               name, all.text == NULL ? "none" : all.text);
    eq_text_free(&all);
    return status;
}

eq_status eq_table_columns(const eq_result *r, const char *names, size_t *column, size_t most,
                           size_t *n, eq_diag *diag) {
    eq_status status = EQ_OK;
    *n = 0;
    for (const char *at = names; status == EQ_OK && *n < most; at++) {
        size_t length = 0;
        for (int deep = 0; at[length] != '\0' && (at[length] != ',' || deep > 0); length++)
            deep += (at[length] == '(') - (at[length] == ')');
        char *name = eq_strndup(at, length);
        status =
            name == NULL ? eq_out_of_memory(diag) : eq_table_column(r, name, &column[*n], diag);
        ++*n;
        eq_free(name);
        at += length;
        if (*at == '\0') break;
    }
    return status;
}
