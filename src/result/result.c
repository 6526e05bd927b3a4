#include "result/result.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/carry.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "result/npz.h"
#include "result/raw.h"

eq_result *eq_result_new(const char *title, const char *plot) {
    eq_result *r = eq_calloc(1, sizeof *r);
    if (r == NULL) return NULL;
    r->title = eq_strdup(title);
    r->plot = eq_strdup(plot);
    if (r->title != NULL && r->plot != NULL) return r;
    eq_result_free(r);
    return NULL;
}

void eq_result_free(eq_result *r) {
    if (r == NULL) return;
    for (size_t k = 0; k < r->variables; k++) eq_free(r->variable[k].name);
    eq_free(r->variable);
    eq_free(r->value);
    eq_free(r->title);
    eq_free(r->plot);
    eq_free(r);
}

eq_status eq_result_variable(eq_result *r, const char *name, const char *type, eq_diag *diag) {
    char *copy = eq_strdup(name);
    if (copy == NULL ||
        !eq_grow((void **)&r->variable, &r->variable_cap, r->variables + 1, sizeof *r->variable)) {
        eq_free(copy);
        return eq_out_of_memory(diag);
    }
    r->variable[r->variables++] = (eq_variable){copy, type};
    return EQ_OK;
}

eq_status eq_result_point(eq_result *r, const double *value, eq_diag *diag) {
    size_t used = r->points * r->variables;
    if (r->points > 0 && used + r->variables > EQ_MOST_ITEMS)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "a table of more than %d values; make the steps larger or choose columns "
                       "with .print",
                       EQ_MOST_ITEMS);
    if (!eq_grow((void **)&r->value, &r->value_cap, used + r->variables, sizeof *value))
        return eq_out_of_memory(diag);
    memcpy(r->value + used, value, r->variables * sizeof *value);
    r->points++;
    return EQ_OK;
}

size_t eq_result_find(const eq_result *r, const char *name) {
    size_t k = 0;
    while (k < r->variables && !eq_same(r->variable[k].name, name)) k++;
    return k;
}

static const char *const formats[EQ_FORMAT_COUNT] = {
    [EQ_TABLE] = "table",         [EQ_CSV] = "csv", [EQ_JSON] = "json", [EQ_RAW] = "raw",
    [EQ_RAW_ASCII] = "raw-ascii", [EQ_NPZ] = "npz"};

bool eq_format_find(const char *name, eq_format *format) {
    for (int k = 0; k < EQ_FORMAT_COUNT; k++) {
        *format = (eq_format)k;
        if (strcmp(formats[k], name) == 0) return true;
    }
    return false;
}

/* Zero has no sign for a reader. */
static double shown(double value) {
    return value + 0.0;
}

/* One line a variable for a single point, one line a point for a sweep. */
static void write_table(const eq_result *r, FILE *stream) {
    fprintf(stream, "%s: ", r->plot);
    eq_carry_to(EQ_CARRY_LINE, r->title, stream);
    fputc('\n', stream);
    for (size_t k = 0; r->points == 1 && k < r->variables; k++) {
        const char *type = r->variable[k].type;
        const char *unit = strcmp(type, "current") == 0   ? " A"
                           : strcmp(type, "voltage") == 0 ? " V"
                                                          : "";
        fputs("  ", stream);
        eq_carry_field(r->variable[k].name, 24, SIZE_MAX, true, stream);
        fprintf(stream, *unit == '\0' ? " = %14.9g%s\n" : " %16.9g%s\n", shown(r->value[k]), unit);
    }
    if (r->points == 1) return;
    for (size_t k = 0; k < r->variables; k++) {
        fputc(' ', stream);
        eq_carry_field(r->variable[k].name, 16, SIZE_MAX, false, stream);
    }
    fputc('\n', stream);
    for (size_t j = 0; j < r->points * r->variables; j++)
        fprintf(stream, " %16.9g%s", shown(r->value[j]), (j + 1) % r->variables == 0 ? "\n" : "");
}

/* A field is quoted when it holds a separator (RFC 4180); names such as v(a,b) do. */
void eq_result_field(const char *text, FILE *stream) {
    bool quoted = strpbrk(text, ",\" \t\r\n") != NULL;
    if (quoted) fputc('"', stream);
    eq_carry_to(EQ_CARRY_CSV, text, stream);
    if (quoted) fputc('"', stream);
}

static void write_csv(const eq_result *r, FILE *stream) {
    for (size_t k = 0; k < r->variables; k++) {
        eq_result_field(r->variable[k].name, stream);
        fputc(k + 1 < r->variables ? ',' : '\n', stream);
    }
    for (size_t j = 0; j < r->points * r->variables; j++)
        fprintf(stream, "%.17g%c", shown(r->value[j]), (j + 1) % r->variables == 0 ? '\n' : ',');
}

static void write_json_text(const char *text, FILE *stream) {
    fputc('"', stream);
    eq_carry_to(EQ_CARRY_JSON, text, stream);
    fputc('"', stream);
}

/* JSON has no infinity and no NaN. */
static void write_json_number(double value, FILE *stream) {
    if (isfinite(value))
        fprintf(stream, "%.17g", shown(value));
    else
        fputs("null", stream);
}

/* {"title": .., "plot": .., "variables": [{"name": .., "type": ..}], "points": [[..], ..]} */
static void write_json(const eq_result *r, FILE *stream) {
    fputs("{\"title\": ", stream);
    write_json_text(r->title, stream);
    fputs(", \"plot\": ", stream);
    write_json_text(r->plot, stream);
    fputs(",\n \"variables\": [", stream);
    for (size_t k = 0; k < r->variables; k++) {
        fputs(k == 0 ? "{\"name\": " : ", {\"name\": ", stream);
        write_json_text(r->variable[k].name, stream);
        fprintf(stream, ", \"type\": \"%s\"}", r->variable[k].type);
    }
    fputs("],\n \"points\": [", stream);
    for (size_t j = 0; j < r->points; j++)
        for (size_t k = 0; k < r->variables; k++) {
            fputs(k > 0 ? ", " : j > 0 ? ",\n  [" : "[", stream);
            write_json_number(r->value[j * r->variables + k], stream);
            fputs(k + 1 == r->variables ? "]" : "", stream);
        }
    fputs("]}", stream);
}

static void write_list(const eq_result *const *r, size_t n, FILE *stream) {
    for (size_t k = 0; k < n; k++) {
        fputs(k == 0 ? "[" : ",\n", stream);
        write_json(r[k], stream);
    }
    fputs("]\n", stream);
}

eq_status eq_result_write(const eq_result *const *r, size_t n, eq_format format, FILE *stream,
                          eq_diag *diag) {
    if (format == EQ_NPZ) return eq_npz_write(r, n, stream, diag);
    if (format == EQ_JSON) write_list(r, n, stream);
    for (size_t k = 0; k < n; k++) {
        bool readable = format == EQ_TABLE || format == EQ_CSV;
        if (readable && k > 0) fputc('\n', stream);
        if (format == EQ_TABLE) write_table(r[k], stream);
        if (format == EQ_CSV) write_csv(r[k], stream);
        if (format == EQ_RAW || format == EQ_RAW_ASCII)
            eq_raw_write(r[k], format == EQ_RAW_ASCII, stream);
    }
    return EQ_OK;
}
