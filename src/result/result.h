/* A table of results: named variables times points, and how it is written. */
#ifndef EQ_RESULT_RESULT_H
#define EQ_RESULT_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

typedef struct eq_variable {
    char *name;       /* "v(out)", "i(v1)", or a swept variable; lower case */
    const char *type; /* "voltage", "current" or "notype" */
} eq_variable;

typedef struct eq_result {
    char *title, *plot; /* of the deck; "Operating Point", "DC transfer characteristic" */
    eq_variable *variable;
    size_t variables, variable_cap;
    double *value; /* [points][variables] */
    size_t points, value_cap;
} eq_result;

/* NULL when memory runs out. */
eq_result *eq_result_new(const char *title, const char *plot);
void eq_result_free(eq_result *r);
/* All variables are added before the first point. */
eq_status eq_result_variable(eq_result *r, const char *name, const char *type, eq_diag *diag);
/* Appends a point of `variables` values. */
eq_status eq_result_point(eq_result *r, const double *value, eq_diag *diag);
/* The column of that name (case-blind), or r->variables when there is none. */
size_t eq_result_find(const eq_result *r, const char *name);

typedef enum eq_format {
    EQ_TABLE,
    EQ_CSV,
    EQ_JSON,
    EQ_RAW,
    EQ_RAW_ASCII,
    EQ_NPZ,
    EQ_FORMAT_COUNT
} eq_format;
/* What --format may say. */
#define EQ_FORMATS "table, csv, json, raw, raw-ascii or npz"
bool eq_format_find(const char *name, eq_format *format);

/* Writes n results one after the other (JSON: a list, NPZ: one archive); write errors stay in the
 * stream (ferror). */
eq_status eq_result_write(const eq_result *const *r, size_t n, eq_format format, FILE *stream,
                          eq_diag *diag);
/* A field of CSV. */
void eq_result_field(const char *text, FILE *stream);

#endif
