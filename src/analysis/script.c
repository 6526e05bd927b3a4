#include "analysis/script.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/analysis.h"
#include "base/mem.h"

enum { MOST_ANALYSES = 20000 };

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
        eq_free(s->plot[k].saved);
    }
    for (size_t k = 0; k < s->showns; k++) eq_result_free(s->shown[k].values);
    for (size_t k = 0; k < s->variables; k++) {
        eq_free(s->variable[k].name);
        eq_free(s->variable[k].text);
    }
    for (size_t k = 0; k < s->defines; k++) {
        eq_free(s->defined[k].name);
        eq_free(s->defined[k].formals);
        eq_free(s->defined[k].body);
    }
    eq_free(s->defined);
    eq_free(s->last.text);
    eq_named_vectors_free(&s->let);
    eq_text_free(&s->watch);
    eq_text_free(&s->saved);
    eq_free(s->line);
    eq_free(s->override);
    eq_free(s->plot);
    eq_free(s->shown);
    eq_free(s->variable);
}

/* Whether the same was said of the command that runs: loops would say it again and again. */
static bool said(const eq_script *s, const char *text) {
    enum { LOOK_BACK = 64 };
    eq_place at = eq_circuit_place(s->d->circuit, s->at);
    size_t count = eq_diag_count(s->diag);
    for (size_t k = count; k > s->messages && k + LOOK_BACK > count; k--) {
        const eq_message *m = eq_diag_get(s->diag, k - 1);
        if (m->line == at.line && m->column == at.column && strcmp(m->text, text) == 0) return true;
    }
    return false;
}

void eq_script_note(eq_script *s, const char *what, const char *text) {
    char note[400];
    snprintf(note, sizeof note, "%s%.80s", what, text);
    if (strncmp(what, "echo", 4) != 0 && said(s, note)) return;
    eq_note_at(s->diag, eq_circuit_place(s->d->circuit, s->at), "%s", note);
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
    s->changes++;
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
    s->changes++;
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
    s->changes++;
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

size_t eq_script_plot(const eq_script *s, const char *name) {
    size_t k = 0;
    while (k < s->plots && strcmp(s->plot[k].name, name) != 0) k++;
    return k;
}

/* p->name: its kind and the number of the plot before it or, where that name is taken, the next (ngspice). */
static void name_plot(eq_script *s, const char *kind, eq_plot *p) {
    for (;; s->number++) {
        snprintf(p->name, sizeof p->name, "%.8s%u", kind, s->number);
        if (eq_script_plot(s, p->name) == s->plots) return;
    }
}

static eq_plot *add_plot(eq_script *s, const char *kind, eq_result *all, size_t loops,
                         size_t scale) {
    if (!eq_grow((void **)&s->plot, &s->plot_cap, s->plots + 1, sizeof *s->plot) ||
        !eq_grow((void **)&s->shown, &s->shown_cap, s->showns + 1, sizeof *s->shown)) {
        eq_result_free(all);
        eq_out_of_memory(s->diag);
        return NULL;
    }
    eq_plot *p = &s->plot[s->plots];
    *p = (eq_plot){.all = all, .loops = loops, .scale = scale};
    if (!s->save_all && s->saved.length > 0) {
        p->saved = eq_strdup(s->saved.text);
        s->out_of_memory = s->out_of_memory || p->saved == NULL;
    }
    name_plot(s, kind, p);
    s->shown[s->showns++] = (eq_shown){s->plots, NULL};
    s->current = s->plots++;
    return p;
}

eq_status eq_script_show(eq_script *s, eq_result *r) {
    if (!eq_grow((void **)&s->shown, &s->shown_cap, s->showns + 1, sizeof *s->shown)) {
        eq_result_free(r);
        return eq_out_of_memory(s->diag);
    }
    s->shown[s->showns++] = (eq_shown){0, r};
    return EQ_OK;
}

/* The deck read again with all that was altered, and its analysis `word`, or number *number; with a
 * card meas MEASURE where one is given. */
static eq_status read_again(eq_script *s, const char *word, const char *text, const char *measure,
                            bool whole, eq_again *from, eq_deck **out, size_t *number,
                            eq_diag *said) {
    size_t n = s->lines;
    if (!eq_grow((void **)&s->line, &s->line_cap, n + 3, sizeof *s->line))
        return eq_out_of_memory(s->diag);
    if (word != NULL) s->line[n++] = (eq_card_line){word, text, s->at};
    if (measure != NULL) s->line[n++] = (eq_card_line){"meas", measure, s->at};
    if (whole) s->line[n++] = (eq_card_line){"save", s->watch.text, s->at};
    *from = (eq_again){.first = s->d,
                       .override = s->override,
                       .overrides = s->active,
                       .line = s->line,
                       .lines = n};
    eq_status status = eq_deck_reread_with(from, out, said);
    if (status == EQ_OK && eq_diag_errors(said) > 0) /* a note was lost */
        eq_out_of_memory(s->diag);
    if (status == EQ_OK && word != NULL) *number = (*out)->analyses - 1;
    return status;
}

static eq_status solve(eq_script *s, eq_deck *d, size_t number, eq_result **r,
                       eq_result **measures) {
    eq_solve_options o = eq_solve_defaults(d->circuit);
    if (++s->analyses > MOST_ANALYSES)
        return eq_fail_at(s->diag, EQ_ERR_INPUT, eq_circuit_place(s->d->circuit, s->at),
                          "more than %d analyses by commands; let the loops around this one end",
                          MOST_ANALYSES);
    o.method = s->o->solve->method;
    o.log = s->o->solve->log;
    return eq_analysis_run_alone(d, number, &o, r, measures, s->diag);
}

/* What is wrong with an analysis command is noted, and the next command runs (as in ngspice). */
static eq_status refuse(eq_script *s, eq_status status, const eq_diag *said) {
    if (status != EQ_ERR_INPUT) {
        eq_diag_pass_on(said, status, s->diag);
        return status;
    }
    for (size_t k = 0; k < eq_diag_count(said); k++) {
        const eq_message *m = eq_diag_get(said, k);
        if (m->severity == EQ_ERROR)
            eq_note_at(s->diag, eq_circuit_place(s->d->circuit, s->at), "left out: %s", m->text);
    }
    s->refused = true;
    return EQ_OK;
}

/* The results of an analysis that has run, which it takes over. */
static eq_status keep_results(eq_script *s, const eq_deck *d, size_t number, bool own, bool whole,
                              eq_result *r, eq_result *measures) {
    static const char *const kinds[] = {"op", "dc", "tf", "sens"};
    const eq_analysis *a = &d->analysis[number];
    if (whole) {
        eq_plot *p = add_plot(s, kinds[a->type], r, (size_t)a->sweeps + d->steps, d->steps);
        if (p != NULL) p->hidden = own && s->d->prints > 0;
        eq_result_free(measures);
        return p == NULL ? EQ_ERR_MEMORY : EQ_OK;
    }
    eq_status status = eq_script_show(s, r);
    if (measures != NULL && status == EQ_OK) return eq_script_show(s, measures);
    eq_result_free(measures);
    return status;
}

static eq_status run_once(eq_script *s, const char *word, const char *text, size_t number,
                          bool whole) {
    eq_deck *d = NULL;
    eq_again from;
    eq_result *r = NULL, *measures = NULL;
    eq_diag *said = eq_diag_new();
    if (said == NULL) return eq_out_of_memory(s->diag);
    eq_status status = read_again(s, word, text, NULL, whole, &from, &d, &number, said);
    if (status != EQ_OK) status = refuse(s, status, said);
    eq_diag_free(said);
    if (d == NULL) return status;
    status = solve(s, d, number, &r, &measures);
    if (status == EQ_OK) status = keep_results(s, d, number, word == NULL, whole, r, measures);
    eq_deck_free(d);
    return status;
}

/* Remembers a .dc for meas. */
static eq_status remember(eq_script *s, const char *word, const char *text, size_t number) {
    bool dc =
        word == NULL ? s->d->analysis[number].type == EQ_ANALYSIS_DC : strcmp(word, "dc") == 0;
    if (!dc) return EQ_OK;
    char *copy = eq_strdup(text);
    if (copy == NULL) return eq_out_of_memory(s->diag);
    eq_free(s->last.text);
    s->last = (eq_last_analysis){word == NULL, number, s->changes, copy, s->at};
    return EQ_OK;
}

eq_status eq_script_measure(eq_script *s, const char *text, eq_text *name) {
    bool own = s->last.kind == 1;
    size_t number = s->last.number;
    eq_deck *d = NULL;
    eq_again from;
    eq_result *r = NULL, *measures = NULL;
    eq_diag *said = eq_diag_new();
    if (said == NULL) return eq_out_of_memory(s->diag);
    eq_status status =
        read_again(s, own ? NULL : "dc", s->last.text, text, false, &from, &d, &number, said);
    if (status != EQ_OK) status = refuse(s, status, said);
    eq_diag_free(said);
    if (d == NULL) return status;
    status = solve(s, d, number, &r, &measures);
    if (status == EQ_OK && measures != NULL && measures->points > 0) {
        size_t k = measures->variables - 1; /* the card of the command is the last one */
        double value = measures->value[(measures->points - 1) * measures->variables + k];
        status = eq_script_let(s, measures->variable[k].name, eq_vector_scalar(value));
        eq_text_puts(name, measures->variable[k].name);
    }
    eq_result_free(r);
    eq_result_free(measures);
    eq_deck_free(d);
    return status;
}

/* Of the deck's own analyses its prints are shown, and all vectors are there for print commands. */
eq_status eq_script_analyse(eq_script *s, const char *word, const char *text, size_t number) {
    bool own = word == NULL && (s->d->prints > 0 || s->d->measures > 0);
    eq_status status = remember(s, word, text, number);
    if (status == EQ_OK && own) status = run_once(s, word, text, number, false);
    if (status != EQ_OK) return status;
    status = run_once(s, word, text, number, true);
    if (status == EQ_OK && own && s->plots > 0) s->plot[s->plots - 1].hidden = true;
    return status;
}

/* ---- vectors ---- */

eq_vector eq_script_column(const eq_result *r, size_t k) {
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
    if (k == r->variables && p->loops > 0 && sweep != NULL) k = p->scale;
    if (k == r->variables && strcmp(name, "v(0)") == 0) {
        *out = eq_vector_new(r->points);
        return true;
    }
    if (k < r->variables) *out = eq_script_column(r, k);
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

/* const.k is what was let outside of all plots, or a constant. */
static const char *without_const(const char *name) {
    return strncmp(name, "const.", 6) == 0 ? name + 6 : name;
}

static bool find(void *data, const char *asked, eq_vector *out) {
    eq_script *s = data;
    const char *name = without_const(asked);
    for (size_t k = 0; k < s->let.count; k++)
        if (strcmp(s->let.item[k].name, name) == 0) {
            *out = eq_vector_new(s->let.item[k].v.n);
            if (out->x != NULL) memcpy(out->x, s->let.item[k].v.x, out->n * sizeof *out->x);
            return true;
        }
    if (name != asked) return of_constants(name, out);
    if (s->plots > 0 && s->plot[s->current].all != NULL && of_plot(&s->plot[s->current], name, out))
        return true;
    for (size_t k = 0; k < s->plots; k++) {
        size_t n = strlen(s->plot[k].name);
        if (s->plot[k].all != NULL && strncmp(s->plot[k].name, name, n) == 0 && name[n] == '.')
            return of_plot(&s->plot[k], name + n + 1, out);
    }
    return of_constants(name, out);
}

eq_vectors_of eq_script_names(eq_script *s) {
    return (eq_vectors_of){find, s, s->call, s->degrees};
}

eq_status eq_script_append(eq_script *s, eq_named_vectors *to, const char *name, eq_vector v) {
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

eq_status eq_script_let(eq_script *s, const char *asked, eq_vector v) {
    const char *name = without_const(asked);
    for (size_t k = 0; k < s->let.count; k++)
        if (strcmp(s->let.item[k].name, name) == 0) {
            eq_vector_free(&s->let.item[k].v);
            s->let.item[k].v = v;
            return EQ_OK;
        }
    return eq_script_append(s, &s->let, name, v);
}

bool eq_script_evaluate(eq_script *s, const char **text, eq_vector *out) {
    char error[160];
    eq_vectors_of names = eq_script_names(s);
    const char *from = *text;
    if (eq_vector_evaluate(text, &names, out, error, sizeof error)) return true;
    s->out_of_memory = s->out_of_memory || strcmp(error, "out of memory") == 0;
    char what[320];
    size_t n = strcspn(from, " \t"), most = 60;
    snprintf(what, sizeof what, "left out: %.*s has no value: %s", (int)(n < most ? n : most), from,
             error);
    eq_script_note(s, what, "");
    return false;
}
