/* What commands print (ngspice manual, 17.5 "Print"): the table of each plot, and others. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/script.h"
#include "base/mem.h"

/* The vector that let made of that name; NULL: none. */
static const eq_vector *let_of(const eq_script *s, const char *name) {
    for (size_t k = 0; k < s->let.count; k++)
        if (strcmp(s->let.item[k].name, name) == 0) return &s->let.item[k].v;
    return NULL;
}

/* The name of a column: the expression without blanks; a node alone is v(node), v1#branch i(v1). */
static void label_of(const eq_script *s, const char *from, const char *to, eq_text *label) {
    eq_text_clear(label);
    for (; from < to; from++)
        if (!isspace((unsigned char)*from)) {
            char c = (char)tolower((unsigned char)*from);
            eq_text_add(label, &c, 1);
        }
    if (label->failed || label->text == NULL || s->plots == 0 || let_of(s, label->text) != NULL)
        return;
    const eq_result *r = s->plot[s->current].all;
    char other[300];
    const char *branch = strstr(label->text, "#branch");
    snprintf(other, sizeof other, "v(%.280s)", label->text);
    if (branch != NULL)
        snprintf(other, sizeof other, "i(%.*s)", (int)(branch - label->text), label->text);
    bool own = eq_result_find(r, label->text) < r->variables;
    if (own || eq_result_find(r, other) == r->variables) return;
    eq_text_clear(label);
    eq_text_puts(label, other);
}

/* Every vector of the current plot, or those that save had asked for. */
static eq_status append_all(eq_script *s, eq_named_vectors *out) {
    eq_status status = EQ_OK;
    if (s->plots == 0) return EQ_OK;
    eq_plot *p = &s->plot[s->current];
    char *saved = p->saved;
    if (saved != NULL) {
        p->saved = NULL; /* save all is everything */
        status = eq_script_list(s, saved, out);
        p->saved = saved;
        return status;
    }
    for (size_t k = p->loops; status == EQ_OK && k < p->all->variables; k++)
        status = eq_script_append(s, out, p->all->variable[k].name, eq_script_column(p->all, k));
    return status;
}

eq_status eq_script_list(eq_script *s, const char *text, eq_named_vectors *out) {
    eq_text label = {0};
    eq_status status = EQ_OK;
    for (;;) {
        while (isspace((unsigned char)*text) || *text == ',') text++;
        if (*text == '\0' || status != EQ_OK) break;
        const char *from = text;
        size_t word = strcspn(text, " \t,");
        if ((word == 3 && strncmp(text, "all", 3) == 0) ||
            (word == 4 && strncmp(text, "allv", 4) == 0)) {
            status = append_all(s, out);
            text += word;
            continue;
        }
        eq_vector v;
        if (!eq_script_evaluate(s, &text, &v)) {
            text = from + word;
            continue;
        }
        label_of(s, from, text, &label);
        if (label.failed) eq_vector_free(&v);
        status = label.failed ? eq_out_of_memory(s->diag) : eq_script_append(s, out, label.text, v);
    }
    eq_text_free(&label);
    return status;
}

static const char *type_of(const char *name) {
    bool plain = strpbrk(name, "+-*/") == NULL;
    return plain && strncmp(name, "v(", 2) == 0   ? "voltage"
           : plain && strncmp(name, "i(", 2) == 0 ? "current"
                                                  : "notype";
}

/* The rows of a table whose columns are the scale of the plot (NULL: none) and the vectors. */
static eq_status fill(eq_script *s, const eq_plot *p, const eq_named_vectors *v, size_t points,
                      eq_result *r) {
    size_t loops = p == NULL ? 0 : p->loops;
    double *row = eq_calloc(loops + v->count, sizeof *row);
    eq_status status = row == NULL ? eq_out_of_memory(s->diag) : EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < loops; k++)
        status = eq_result_variable(r, p->all->variable[k].name, "notype", s->diag);
    for (size_t k = 0; status == EQ_OK && k < v->count; k++)
        status = eq_result_variable(r, v->item[k].name, type_of(v->item[k].name), s->diag);
    for (size_t j = 0; status == EQ_OK && j < points; j++) {
        for (size_t k = 0; k < loops; k++) row[k] = p->all->value[j * p->all->variables + k];
        for (size_t k = 0; k < v->count; k++) {
            const eq_vector *x = &v->item[k].v;
            row[loops + k] = j < x->n ? x->x[j] : NAN;
        }
        status = eq_result_point(r, row, s->diag);
    }
    eq_free(row);
    return status;
}

static eq_status table_of(eq_script *s, const eq_plot *p, const eq_named_vectors *v,
                          eq_result **out) {
    size_t points = p == NULL ? 0 : p->all->points;
    for (size_t k = 0; p == NULL && k < v->count; k++)
        points = v->item[k].v.n > points ? v->item[k].v.n : points;
    eq_result *r = eq_result_new(s->d->circuit->title, p == NULL ? "Values" : p->all->plot);
    eq_status status = r == NULL ? eq_out_of_memory(s->diag) : fill(s, p, v, points, r);
    if (status == EQ_OK)
        *out = r;
    else
        eq_result_free(r);
    return status;
}

/* True if all vectors are as long as the current plot. */
static bool fits_plot(const eq_script *s, const eq_named_vectors *v) {
    bool same = s->plots > 0;
    for (size_t k = 0; same && k < v->count; k++)
        same = v->item[k].v.n == s->plot[s->current].all->points;
    return same;
}

eq_status eq_script_table(eq_script *s, const eq_named_vectors *v, eq_result **out) {
    return table_of(s, fits_plot(s, v) ? &s->plot[s->current] : NULL, v, out);
}

/* True if a let vector alone is printed: no vector of the plot. */
static bool is_let(const eq_script *s, const char *name) {
    const eq_vector *v = let_of(s, name);
    return v != NULL && v->n == 1;
}

/* Where a vector of that name is shown already; shown.count: nowhere. */
static size_t place_of(const eq_plot *p, const char *name) {
    size_t j = 0;
    while (j < p->shown.count && strcmp(p->shown.item[j].name, name) != 0) j++;
    return j;
}

/* True if it is shown with other values: let has changed it since. */
static bool has_changed(const eq_plot *p, const eq_named_vector *one) {
    size_t j = place_of(p, one->name);
    if (j == p->shown.count || one->v.n != p->shown.item[j].v.n) return false;
    return memcmp(one->v.x, p->shown.item[j].v.x, one->v.n * sizeof *one->v.x) != 0;
}

/* Moves the vectors that are as long as the plot to its table, each name once. */
static eq_status move_to_plot(eq_script *s, eq_named_vectors *v, eq_plot *p) {
    eq_status status = EQ_OK;
    size_t kept = 0;
    for (size_t k = 0; k < v->count; k++) {
        eq_named_vector one = v->item[k];
        if (one.v.n != p->all->points || is_let(s, one.name) || has_changed(p, &one)) {
            v->item[kept++] = one;
            continue;
        }
        p->hidden = false;
        if (status == EQ_OK && place_of(p, one.name) == p->shown.count)
            status = eq_script_append(s, &p->shown, one.name, one.v);
        else
            eq_vector_free(&one.v);
        eq_free(one.name);
    }
    v->count = kept;
    return status;
}

eq_status eq_script_print(eq_script *s, const char *text) {
    eq_named_vectors v = {NULL, 0, 0};
    eq_status status = eq_script_list(s, text, &v);
    if (status == EQ_OK && s->plots > 0) status = move_to_plot(s, &v, &s->plot[s->current]);
    eq_result *r = NULL;
    if (status == EQ_OK && v.count > 0) status = table_of(s, NULL, &v, &r);
    if (r != NULL) status = eq_script_show(s, r);
    eq_named_vectors_free(&v);
    return status;
}

/* What save has asked for, where nothing was printed. */
static eq_status take_saved(eq_script *s, size_t plot) {
    if (s->plot[plot].saved == NULL || s->plot[plot].shown.count > 0) return EQ_OK;
    s->current = plot;
    return eq_script_list(s, s->plot[plot].saved, &s->plot[plot].shown);
}

eq_status eq_script_tables(eq_script *s, eq_tables *out) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < s->showns; k++) {
        eq_result *r = s->shown[k].values;
        s->shown[k].values = NULL;
        eq_plot *p = r == NULL ? &s->plot[s->shown[k].plot] : NULL;
        if (p != NULL && p->hidden) continue;
        if (p != NULL) status = take_saved(s, s->shown[k].plot);
        if (p != NULL && status == EQ_OK && p->shown.count > 0) {
            status = table_of(s, p, &p->shown, &r);
        } else if (p != NULL) {
            r = p->all;
            p->all = NULL;
        }
        if (status == EQ_OK) status = eq_tables_add(out, r, s->diag);
    }
    return status;
}
