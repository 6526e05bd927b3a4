/* Files of .control blocks (ngspice manual, 17.5): write, wrdata, and print and echo with > or >>. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/script.h"
#include "base/comm.h"
#include "base/file.h"
#include "base/mem.h"

/* Digits behind the point unless numdgt says (ngspice: 8 in wrdata, 6 elsewhere). */
enum { DATA_DIGITS = 8, TABLE_DIGITS = 6, MOST_DIGITS = 40 };

/* Where the text of a command goes: the name of its file, inside of the folder that the user gave;
 * *path NULL, with a note: nowhere. */
static eq_status path_of(eq_script *s, const char *from, size_t n, char **path) {
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : 0), from);
    *path = NULL;
    if (s->o->folder == NULL || name[0] == '\0' || name[0] == '/' || strstr(name, "..") != NULL) {
        eq_script_note(s,
                       "left out: `run --files FOLDER` lets commands write into a folder: ", from);
        return EQ_OK;
    }
    *path = eq_path_join(s->o->folder, name);
    return *path == NULL ? eq_out_of_memory(s->diag) : EQ_OK;
}

static int digits(const eq_script *s, int usual) {
    const char *text = eq_script_variable(s, "numdgt");
    long n = text == NULL ? usual : strtol(text, NULL, 10);
    return n < 1 || n > MOST_DIGITS ? usual : (int)n;
}

/* The file with the text, behind what it held where `more`; the first rank alone writes. */
static eq_status put(eq_script *s, const char *path, eq_text *text, bool more) {
    char *old = NULL;
    size_t length = 0;
    eq_text whole = {0};
    eq_status status = EQ_OK;
    FILE *there = more ? fopen(path, "rb") : NULL;
    if (there != NULL) {
        fclose(there);
        status = eq_file_read(path, (eq_place){0}, &old, &length, s->diag);
    }
    if (status == EQ_OK && old != NULL) eq_text_add(&whole, old, length);
    eq_text_add(&whole, text->text == NULL ? "" : text->text, text->length);
    whole.failed = whole.failed || text->failed;
    if (status == EQ_OK && whole.failed) status = eq_out_of_memory(s->diag);
    if (status == EQ_OK && eq_comm_rank() == 0)
        status = eq_file_write(path, whole.text == NULL ? "" : whole.text, whole.length, s->diag);
    eq_free(old);
    eq_text_free(&whole);
    return status;
}

/* ---- wrdata ---- */

/* The name of a plot's scale: v-sweep of V1 (ngspice). */
static const char *scale_name(const eq_plot *p) {
    const char *name = p->all->variable[p->scale].name;
    if (p->loops == 0) return name;
    return *name == 'v' ? "v-sweep" : *name == 'i' ? "i-sweep" : *name == 'r' ? "res-sweep" : name;
}

/* A field: a sign or blank, and as many letters as a number of that many digits has. */
static void put_name(eq_text *out, const char *name, int width) {
    eq_text_printf(out, " %-*s", width + 7, name);
}

/* A shorter vector goes on with its last value. */
static double value_at(const eq_vector *v, size_t j) {
    return v->n == 0 ? NAN : v->x[j < v->n ? j : v->n - 1] + 0.0; /* no -0 */
}

static void put_data(eq_script *s, const eq_named_vectors *v, eq_text *out) {
    const eq_plot *p = s->plots > 0 ? &s->plot[s->current] : NULL;
    int width = digits(s, DATA_DIGITS);
    bool once = eq_script_variable(s, "wr_singlescale") != NULL;
    size_t points = p == NULL ? 0 : p->all->points;
    const char *scale = p == NULL ? "index" : scale_name(p);
    for (size_t k = 0; p == NULL && k < v->count; k++)
        points = v->item[k].v.n > points ? v->item[k].v.n : points;
    bool named = eq_script_variable(s, "wr_vecnames") != NULL;
    for (size_t k = 0; named && k < v->count; k++) {
        if (k == 0 || !once) put_name(out, scale, width);
        put_name(out, v->item[k].name, width);
    }
    if (named) eq_text_puts(out, "\n");
    for (size_t j = 0; j < points; j++) {
        double x = p == NULL ? (double)j : p->all->value[j * p->all->variables + p->scale];
        for (size_t k = 0; k < v->count; k++) {
            if (k == 0 || !once) eq_text_printf(out, "% .*e ", width, x);
            eq_text_printf(out, "% .*e ", width, value_at(&v->item[k].v, j));
        }
        eq_text_puts(out, "\n");
    }
}

eq_status eq_script_wrdata(eq_script *s, const char *text) {
    size_t n = strcspn(text, " \t");
    const char *list = text + n + strspn(text + n, " \t");
    eq_named_vectors v = {NULL, 0, 0};
    eq_text out = {0};
    char *path = NULL;
    if (*list == '\0') {
        eq_script_note(s, "left out: wrdata needs FILE and what to write: ", text);
        return EQ_OK;
    }
    eq_status status = path_of(s, text, n, &path);
    if (path != NULL) status = eq_script_list(s, list, &v);
    if (status == EQ_OK && v.count > 0) {
        put_data(s, &v, &out);
        status = put(s, path, &out, eq_script_variable(s, "appendwrite") != NULL);
    }
    eq_named_vectors_free(&v);
    eq_text_free(&out);
    eq_free(path);
    return status;
}

/* ---- write ---- */

static eq_status write_raw(eq_script *s, const char *path, const eq_result *r) {
    eq_out *out = NULL;
    eq_status status = eq_out_open(path, &out, s->diag);
    if (status != EQ_OK) return status;
    status = eq_result_write(&r, 1, EQ_RAW, eq_out_stream(out), s->diag);
    if (status == EQ_OK) return eq_out_commit(out, s->diag);
    eq_out_abort(out);
    return status;
}

eq_status eq_script_write(eq_script *s, const char *text) {
    size_t n = strcspn(text, " \t");
    const char *list = text + n + strspn(text + n, " \t");
    eq_named_vectors v = {NULL, 0, 0};
    eq_result *r = NULL;
    char *path = NULL;
    eq_status status = path_of(s, text, n, &path);
    if (path != NULL) status = eq_script_list(s, *list == '\0' ? "all" : list, &v);
    if (status == EQ_OK && v.count > 0) status = eq_script_table(s, &v, &r);
    if (status == EQ_OK && r != NULL && eq_comm_rank() == 0) status = write_raw(s, path, r);
    eq_result_free(r);
    eq_named_vectors_free(&v);
    eq_free(path);
    return status;
}

/* ---- > and >> ---- */

/* Parts TEXT > FILE: the text, the file's path (NULL: nowhere), and whether it appends. */
static eq_status redirect(eq_script *s, const char *text, char **what, char **path, bool *more) {
    const char *sign = strchr(text, '>');
    const char *file = sign + 1;
    *more = *file == '>';
    while (*file == '>' || *file == '&' || isspace((unsigned char)*file)) file++;
    *what = NULL;
    eq_status status = path_of(s, file, strcspn(file, " \t"), path);
    if (*path == NULL) return status;
    while (sign > text && isspace((unsigned char)sign[-1])) sign--;
    *what = eq_strndup(text, (size_t)(sign - text));
    return *what == NULL ? eq_out_of_memory(s->diag) : EQ_OK;
}

/* As print shows it there: NAME = VALUE, or lines of an index, the innermost sweep and the
 * vectors. */
static void put_table(eq_script *s, const eq_named_vectors *v, eq_text *out) {
    const eq_plot *p = s->plots > 0 ? &s->plot[s->current] : NULL;
    size_t points = 0;
    int width = digits(s, TABLE_DIGITS);
    for (size_t k = 0; k < v->count; k++)
        points = v->item[k].v.n > points ? v->item[k].v.n : points;
    bool scaled = p != NULL && p->loops > 0;
    for (size_t k = 0; points <= 1 && k < v->count; k++)
        eq_text_printf(out, "%s = %.*e\n", v->item[k].name, width, value_at(&v->item[k].v, 0));
    if (points <= 1) return;
    eq_text_printf(out, "Index\t%s%s", scaled ? scale_name(p) : "", scaled ? "\t" : "");
    for (size_t k = 0; k < v->count; k++) eq_text_printf(out, "%s\t", v->item[k].name);
    eq_text_puts(out, "\n");
    for (size_t j = 0; j < points; j++) {
        eq_text_printf(out, "%zu\t", j);
        if (scaled && j < p->all->points)
            eq_text_printf(out, "%.*e", width, p->all->value[j * p->all->variables + p->scale]);
        if (scaled) eq_text_puts(out, "\t");
        for (size_t k = 0; k < v->count; k++)
            if (j < v->item[k].v.n)
                eq_text_printf(out, "%.*e\t", width, value_at(&v->item[k].v, j));
            else
                eq_text_puts(out, "\t");
        eq_text_puts(out, "\n");
    }
}

eq_status eq_script_print_into(eq_script *s, const char *text) {
    char *what, *path;
    bool more;
    eq_named_vectors v = {NULL, 0, 0};
    eq_text out = {0};
    eq_status status = redirect(s, text, &what, &path, &more);
    if (what != NULL) status = eq_script_list(s, what, &v);
    if (status == EQ_OK && v.count > 0) {
        put_table(s, &v, &out);
        status = put(s, path, &out, more);
    }
    eq_named_vectors_free(&v);
    eq_text_free(&out);
    eq_free(what);
    eq_free(path);
    return status;
}

eq_status eq_script_echo_into(eq_script *s, const char *text) {
    char *what, *path;
    bool more;
    eq_text out = {0};
    eq_status status = redirect(s, text, &what, &path, &more);
    if (what != NULL) {
        for (const char *p = what; *p != '\0'; p++)
            if (*p != '"') eq_text_add(&out, p, 1);
        eq_text_puts(&out, "\n");
        status = put(s, path, &out, more);
    }
    eq_text_free(&out);
    eq_free(what);
    eq_free(path);
    return status;
}
