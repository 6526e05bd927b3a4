#include "analysis/script.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/analysis.h"
#include "base/mem.h"

void eq_tables_free(eq_tables *t) {
    for (size_t k = 0; k < t->count; k++) eq_result_free(t->item[k]);
    eq_free(t->item);
    *t = (eq_tables){NULL, 0, 0};
}

eq_status eq_tables_add(eq_tables *t, eq_result *r, eq_diag *diag) {
    if (r == NULL) return EQ_OK;
    if (!eq_grow((void **)&t->item, &t->cap, t->count + 1, sizeof *t->item)) {
        eq_result_free(r);
        return eq_out_of_memory(diag);
    }
    t->item[t->count++] = r;
    return EQ_OK;
}

void eq_named_vectors_free(eq_named_vectors *v) {
    for (size_t k = 0; k < v->count; k++) {
        eq_free(v->item[k].name);
        eq_vector_free(&v->item[k].v);
    }
    eq_free(v->item);
    *v = (eq_named_vectors){NULL, 0, 0};
}

void eq_script_free(eq_script *s) {
    eq_script_reset(s);
    for (size_t k = 0; k < s->overrides; k++) eq_free((void *)(uintptr_t)s->override[k].name);
    for (size_t k = 0; k < s->plots; k++) {
        eq_result_free(s->plot[k].all);
        eq_named_vectors_free(&s->plot[k].shown);
    }
    for (size_t k = 0; k < s->showns; k++) eq_result_free(s->shown[k].values);
    for (size_t k = 0; k < s->variables; k++) {
        eq_free(s->variable[k].name);
        eq_free(s->variable[k].text);
    }
    eq_named_vectors_free(&s->let);
    eq_text_free(&s->watch);
    eq_text_free(&s->saved);
    eq_free(s->line);
    eq_free(s->override);
    eq_free(s->plot);
    eq_free(s->shown);
    eq_free(s->variable);
}

void eq_script_note(eq_script *s, const char *what, const char *text) {
    eq_note_at(s->diag, eq_circuit_place(s->d->circuit, s->at), "%s%.80s", what, text);
}

/* ---- the circuit ---- */

/* The part of an alter command that names what it alters. */
static size_t target_of(const char *text) {
    const char *sign = strchr(text, '=');
    return sign == NULL ? strlen(text) : (size_t)(sign - text);
}

eq_status eq_script_keep(eq_script *s, const char *word, const char *text) {
    char *copy = eq_strdup(text);
    size_t k = 0;
    for (size_t n = target_of(text); strcmp(word, "alter") == 0 && k < s->lines; k++)
        if (strcmp(s->line[k].word, word) == 0 && target_of(s->line[k].text) == n &&
            strncmp(s->line[k].text, text, n) == 0)
            break;
    if (strcmp(word, "alter") != 0) k = s->lines;
    if (copy == NULL || !eq_grow((void **)&s->line, &s->line_cap, s->lines + 1, sizeof *s->line)) {
        eq_free(copy);
        return eq_out_of_memory(s->diag);
    }
    if (k < s->lines)
        eq_free((void *)(uintptr_t)s->line[k].text);
    else
        s->lines++;
    s->line[k] = (eq_card_line){word, copy, s->at};
    return EQ_OK;
}

eq_status eq_script_override(eq_script *s, eq_target target, const char *name, double value) {
    bool now = target == EQ_TARGET_MODEL;
    char *copy = eq_strdup(name);
    if (copy == NULL ||
        !eq_grow((void **)&s->override, &s->override_cap, s->overrides + 1, sizeof *s->override)) {
        eq_free(copy);
        return eq_out_of_memory(s->diag);
    }
    if (now) /* in front of those that wait */
        memmove(s->override + s->active + 1, s->override + s->active,
                (s->overrides - s->active) * sizeof *s->override);
    s->override[now ? s->active++ : s->overrides] = (eq_override){target, copy, value};
    s->overrides++;
    return EQ_OK;
}

void eq_script_reset(eq_script *s) {
    size_t kept = 0;
    for (size_t k = 0; k < s->lines; k++) eq_free((void *)(uintptr_t)s->line[k].text);
    s->lines = 0;
    for (size_t k = 0; k < s->overrides; k++)
        if (s->override[k].target == EQ_TARGET_PARAM)
            s->override[kept++] = s->override[k];
        else
            eq_free((void *)(uintptr_t)s->override[k].name);
    s->overrides = s->active = kept;
}

/* ---- analyses ---- */

static eq_plot *add_plot(eq_script *s, const char *kind, eq_result *all, size_t loops) {
    size_t same = 1;
    if (!eq_grow((void **)&s->plot, &s->plot_cap, s->plots + 1, sizeof *s->plot) ||
        !eq_grow((void **)&s->shown, &s->shown_cap, s->showns + 1, sizeof *s->shown)) {
        eq_result_free(all);
        eq_out_of_memory(s->diag);
        return NULL;
    }
    for (size_t k = 0; k < s->plots; k++) same += strncmp(s->plot[k].name, kind, strlen(kind)) == 0;
    eq_plot *p = &s->plot[s->plots];
    *p = (eq_plot){.all = all, .loops = loops};
    snprintf(p->name, sizeof p->name, "%.8s%zu", kind, same);
    s->shown[s->showns++] = (eq_shown){s->plots, NULL};
    s->current = s->plots++;
    return p;
}

/* One more result, which it takes over. */
static eq_status show(eq_script *s, eq_result *r) {
    if (!eq_grow((void **)&s->shown, &s->shown_cap, s->showns + 1, sizeof *s->shown)) {
        eq_result_free(r);
        return eq_out_of_memory(s->diag);
    }
    s->shown[s->showns++] = (eq_shown){0, r};
    return EQ_OK;
}

/* The deck read again with all that was altered, and its analysis `word`, or number *number. */
static eq_status read_again(eq_script *s, const char *word, const char *text, bool whole,
                            eq_again *from, eq_deck **out, size_t *number) {
    size_t n = s->lines;
    if (!eq_grow((void **)&s->line, &s->line_cap, n + 2, sizeof *s->line))
        return eq_out_of_memory(s->diag);
    if (word != NULL) s->line[n++] = (eq_card_line){word, text, s->at};
    if (whole) s->line[n++] = (eq_card_line){"save", s->watch.text, s->at};
    *from = (eq_again){.first = s->d,
                       .override = s->override,
                       .overrides = s->active,
                       .line = s->line,
                       .lines = n};
    eq_diag *said = eq_diag_new();
    if (said == NULL) return eq_out_of_memory(s->diag);
    eq_status status = eq_deck_reread_with(from, out, said);
    if (status != EQ_OK) eq_diag_pass_on(said, status, s->diag);
    if (status == EQ_OK && eq_diag_errors(said) > 0) /* a note was lost */
        eq_out_of_memory(s->diag);
    eq_diag_free(said);
    if (status == EQ_OK && word != NULL) *number = (*out)->analyses - 1;
    return status;
}

static eq_status run_once(eq_script *s, const char *word, const char *text, size_t number,
                          bool whole) {
    static const char *const kinds[] = {"op", "dc", "tf", "sens"};
    eq_deck *d = NULL;
    eq_again from;
    eq_result *r = NULL, *measures = NULL;
    eq_status status = read_again(s, word, text, whole, &from, &d, &number);
    if (status != EQ_OK) return status;
    eq_solve_options o = eq_solve_defaults(d->circuit);
    o.method = s->o->solve->method;
    o.log = s->o->solve->log;
    status = eq_analysis_run_alone(d, number, &o, &r, &measures, s->diag);
    const eq_analysis *a = &d->analysis[number];
    if (status == EQ_OK) {
        eq_plot *p = add_plot(s, kinds[a->type], r, (size_t)a->sweeps + d->steps);
        if (p == NULL) status = EQ_ERR_MEMORY;
        if (p != NULL && whole && word == NULL) p->hidden = s->d->prints > 0;
    }
    if (measures != NULL && status == EQ_OK && !whole) {
        status = show(s, measures);
        measures = NULL;
    }
    eq_result_free(measures);
    eq_deck_free(d);
    return status;
}

/* Of the deck's own analyses its prints are shown, and all vectors are there for print commands. */
eq_status eq_script_analyse(eq_script *s, const char *word, const char *text, size_t number) {
    bool own = word == NULL && (s->d->prints > 0 || s->d->measures > 0);
    eq_status status = own ? run_once(s, word, text, number, false) : EQ_OK;
    if (status != EQ_OK) return status;
    status = run_once(s, word, text, number, true);
    if (status == EQ_OK && own) s->plot[s->plots - 1].hidden = true;
    return status;
}

/* ---- vectors ---- */

static eq_vector column(const eq_result *r, size_t k) {
    eq_vector v = eq_vector_new(r->points);
    for (size_t j = 0; v.x != NULL && j < r->points; j++) v.x[j] = r->value[j * r->variables + k];
    return v;
}

/* A vector of a plot by any of its names: v(a) or a, i(v1) or v1#branch, v-sweep. */
static bool of_plot(const eq_plot *p, const char *name, eq_vector *out) {
    char other[300];
    const eq_result *r = p->all;
    const char *branch = strstr(name, "#branch");
    size_t k = eq_result_find(r, name);
    if (k == r->variables) {
        snprintf(other, sizeof other, "v(%.280s)", name);
        if (branch != NULL) snprintf(other, sizeof other, "i(%.*s)", (int)(branch - name), name);
        k = eq_result_find(r, other);
    }
    const char *sweep = strstr(name, "-sweep");
    if (k == r->variables && p->loops > 0 && sweep != NULL) k = p->loops - 1;
    if (k == r->variables && strcmp(name, "v(0)") == 0) {
        *out = eq_vector_new(r->points);
        return true;
    }
    if (k < r->variables) *out = column(r, k);
    return k < r->variables;
}

static bool of_constants(const char *name, eq_vector *out) {
    static const struct {
        const char *name;
        double value;
    } known[] = {{"pi", 3.14159265358979323846},
                 {"e", 2.71828182845904523536},
                 {"c", 299792458.0},
                 {"kelvin", -273.15},
                 {"echarge", 1.602176634e-19},
                 {"boltz", 1.380649e-23},
                 {"planck", 6.62607015e-34},
                 {"true", 1.0},
                 {"yes", 1.0},
                 {"false", 0.0},
                 {"no", 0.0}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (strcmp(known[k].name, name) != 0) continue;
        *out = eq_vector_scalar(known[k].value);
        return true;
    }
    return false;
}

static bool find(void *data, const char *name, eq_vector *out) {
    eq_script *s = data;
    for (size_t k = 0; k < s->let.count; k++)
        if (strcmp(s->let.item[k].name, name) == 0) {
            *out = eq_vector_new(s->let.item[k].v.n);
            if (out->x != NULL) memcpy(out->x, s->let.item[k].v.x, out->n * sizeof *out->x);
            return true;
        }
    if (s->plots > 0 && s->plot[s->current].all != NULL && of_plot(&s->plot[s->current], name, out))
        return true;
    for (size_t k = 0; k < s->plots; k++) {
        size_t n = strlen(s->plot[k].name);
        if (s->plot[k].all != NULL && strncmp(s->plot[k].name, name, n) == 0 && name[n] == '.')
            return of_plot(&s->plot[k], name + n + 1, out);
    }
    return of_constants(strncmp(name, "const.", 6) == 0 ? name + 6 : name, out);
}

eq_vectors_of eq_script_names(eq_script *s) {
    return (eq_vectors_of){find, s};
}

/* Appends a vector, which it takes over. */
static eq_status append(eq_script *s, eq_named_vectors *to, const char *name, eq_vector v) {
    char *copy = eq_strdup(name);
    if (copy == NULL || v.x == NULL ||
        !eq_grow((void **)&to->item, &to->cap, to->count + 1, sizeof *to->item)) {
        eq_free(copy);
        eq_vector_free(&v);
        return eq_out_of_memory(s->diag);
    }
    to->item[to->count++] = (eq_named_vector){copy, v};
    return EQ_OK;
}

eq_status eq_script_let(eq_script *s, const char *name, eq_vector v) {
    for (size_t k = 0; k < s->let.count; k++)
        if (strcmp(s->let.item[k].name, name) == 0) {
            eq_vector_free(&s->let.item[k].v);
            s->let.item[k].v = v;
            return EQ_OK;
        }
    return append(s, &s->let, name, v);
}

const char *eq_script_variable(const eq_script *s, const char *name) {
    for (size_t k = 0; k < s->variables; k++)
        if (strcmp(s->variable[k].name, name) == 0) return s->variable[k].text;
    return NULL;
}

eq_status eq_script_set(eq_script *s, const char *name, const char *text) {
    size_t k = 0;
    char *copy = eq_strdup(text), *own = NULL;
    while (k < s->variables && strcmp(s->variable[k].name, name) != 0) k++;
    if (k == s->variables) own = eq_strdup(name);
    if (copy == NULL || (k == s->variables && own == NULL) ||
        !eq_grow((void **)&s->variable, &s->variable_cap, k + 1, sizeof *s->variable)) {
        eq_free(copy);
        eq_free(own);
        return eq_out_of_memory(s->diag);
    }
    if (k == s->variables)
        s->variable[s->variables++] = (eq_variable_text){own, copy};
    else {
        eq_free(s->variable[k].text);
        s->variable[k].text = copy;
    }
    return EQ_OK;
}

bool eq_script_evaluate(eq_script *s, const char **text, eq_vector *out) {
    char error[160];
    eq_vectors_of names = eq_script_names(s);
    const char *from = *text;
    if (eq_vector_evaluate(text, &names, out, error, sizeof error)) return true;
    s->out_of_memory = s->out_of_memory || strcmp(error, "out of memory") == 0;
    eq_note_at(s->diag, eq_circuit_place(s->d->circuit, s->at), "left out: %.*s has no value: %s",
               (int)(strcspn(from, " \t") % 60), from, error);
    return false;
}

/* ---- what is shown ---- */

/* The name of a column: the expression without blanks; a node alone is v(node), v1#branch i(v1). */
static void label_of(const eq_script *s, const char *from, const char *to, eq_text *label) {
    eq_text_clear(label);
    for (; from < to; from++)
        if (!isspace((unsigned char)*from)) {
            char c = (char)tolower((unsigned char)*from);
            eq_text_add(label, &c, 1);
        }
    if (label->failed || label->text == NULL || s->plots == 0) return;
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

/* Every vector of the current plot. */
static eq_status append_all(eq_script *s, eq_named_vectors *out) {
    eq_status status = EQ_OK;
    if (s->plots == 0) return EQ_OK;
    const eq_plot *p = &s->plot[s->current];
    for (size_t k = p->loops; status == EQ_OK && k < p->all->variables; k++)
        status = append(s, out, p->all->variable[k].name, column(p->all, k));
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
        status = label.failed ? eq_out_of_memory(s->diag) : append(s, out, label.text, v);
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
    for (size_t k = 0; k < s->let.count; k++)
        if (strcmp(s->let.item[k].name, name) == 0) return s->let.item[k].v.n == 1;
    return false;
}

static bool is_shown(const eq_plot *p, const char *name) {
    size_t j = 0;
    while (j < p->shown.count && strcmp(p->shown.item[j].name, name) != 0) j++;
    return j < p->shown.count;
}

/* Moves the vectors that are as long as the plot to its table, each name once. */
static eq_status move_to_plot(eq_script *s, eq_named_vectors *v, eq_plot *p) {
    eq_status status = EQ_OK;
    size_t kept = 0;
    for (size_t k = 0; k < v->count; k++) {
        eq_named_vector one = v->item[k];
        if (one.v.n != p->all->points || is_let(s, one.name)) {
            v->item[kept++] = one;
            continue;
        }
        p->hidden = false;
        if (status == EQ_OK && !is_shown(p, one.name))
            status = append(s, &p->shown, one.name, one.v);
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
    if (r != NULL) status = show(s, r);
    eq_named_vectors_free(&v);
    return status;
}

/* What save has asked for, where nothing was printed. */
static eq_status take_saved(eq_script *s, size_t plot) {
    if (s->save_all || s->saved.length == 0 || s->plot[plot].shown.count > 0) return EQ_OK;
    s->current = plot;
    return eq_script_list(s, s->saved.text, &s->plot[plot].shown);
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
