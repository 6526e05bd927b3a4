/* Vectors and functions that commands of .control blocks make (ngspice manual, 17.5): compose,
 * define; and the words of a command. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/script.h"
#include "base/mem.h"

enum { MOST_ARGUMENTS = 8, MOST_OPEN = 50 };
static const double most_values = 1e6;

const char *eq_over_blanks(const char *p) {
    while (isspace((unsigned char)*p)) p++;
    return p;
}

const char *eq_first_word(const char *p, char word[EQ_LONGEST_WORD]) {
    size_t n = 0;
    p = eq_over_blanks(p);
    for (; *p != '\0' && !isspace((unsigned char)*p) && *p != '='; p++)
        if (n < EQ_LONGEST_WORD - 1) word[n++] = (char)tolower((unsigned char)*p);
    word[n] = '\0';
    return eq_over_blanks(p);
}

/* ---- compose ---- */

/* The values behind `values`: expressions, one after the other. */
static eq_status values(eq_script *s, const char *name, const char *text) {
    eq_named_vectors list = {NULL, 0, 0};
    size_t n = 0;
    eq_status status = eq_script_list(s, text, &list);
    for (size_t k = 0; k < list.count; k++) n += list.item[k].v.n;
    eq_vector all = {NULL, 0};
    if (status == EQ_OK && n > 0 && (all = eq_vector_new(n)).x == NULL)
        status = eq_out_of_memory(s->diag);
    for (size_t k = 0, at = 0; all.x != NULL && k < list.count; at += list.item[k++].v.n)
        memcpy(all.x + at, list.item[k].v.x, list.item[k].v.n * sizeof *all.x);
    eq_named_vectors_free(&list);
    return all.x == NULL ? status : eq_script_let(s, name, all);
}

enum { START, STOP, STEP, LIN, KEYS };

/* start=, stop=, step= and lin= of a compose; false: another word, or a value that is missing. */
static bool keys(eq_script *s, const char *text, double value[KEYS]) {
    static const char *const known[KEYS] = {"start", "stop", "step", "lin"};
    while (*(text = eq_over_blanks(text)) != '\0') {
        char word[EQ_LONGEST_WORD];
        eq_vector v;
        int k = 0;
        text = eq_first_word(text, word);
        while (k < KEYS && strcmp(known[k], word) != 0) k++;
        if (k == KEYS || *text != '=') return false;
        text++;
        if (!eq_script_evaluate(s, &text, &v)) return false;
        value[k] = v.n > 0 ? v.x[0] : NAN;
        eq_vector_free(&v);
    }
    return true;
}

eq_status eq_script_compose(eq_script *s, const char *text) {
    char name[EQ_LONGEST_WORD], word[EQ_LONGEST_WORD];
    const char *rest = eq_first_word(text, name), *list = eq_first_word(rest, word);
    double x[KEYS] = {NAN, NAN, NAN, NAN};
    if (strcmp(word, "values") == 0) return values(s, name, list);
    bool known = keys(s, rest, x);
    if (isnan(x[STEP]) && x[LIN] > 1.0) x[STEP] = (x[STOP] - x[START]) / (x[LIN] - 1.0);
    double n = isnan(x[LIN]) ? floor((x[STOP] - x[START]) / x[STEP] * (1.0 + 1e-12)) + 1.0 : x[LIN];
    if (isnan(x[START])) x[START] = x[STOP] - (n - 1.0) * x[STEP];
    if (!known || !(n >= 1.0 && n <= most_values) || !isfinite(x[START]) || !isfinite(x[STEP])) {
        eq_script_note(s,
                       "left out: compose takes values X Y .., or start= and stop= with step= or "
                       "lin=: ",
                       text);
        return EQ_OK;
    }
    eq_vector v = eq_vector_new((size_t)n);
    if (v.x == NULL) return eq_out_of_memory(s->diag);
    for (size_t k = 0; k < v.n; k++) v.x[k] = x[START] + (double)k * x[STEP];
    return eq_script_let(s, name, v);
}

/* ---- define ---- */

/* The formals as "x y "; the number of them, -1: no list of names. */
static int formals_of(const char *from, const char *to, eq_text *out) {
    int n = 0;
    for (const char *p = from; p < to;) {
        while (p < to && (isspace((unsigned char)*p) || *p == ',')) p++;
        if (p == to) break;
        const char *start = p;
        while (p < to && (isalnum((unsigned char)*p) || *p == '_')) p++;
        if (p == start || ++n > MOST_ARGUMENTS) return -1;
        for (; start < p; start++)
            eq_text_add(out, (char[]){(char)tolower((unsigned char)*start)}, 1);
        eq_text_puts(out, " ");
    }
    eq_text_puts(out, "");
    return n;
}

/* Appends a definition in front of those of the same name: the last one counts. */
static eq_status add_function(eq_script *s, const char *name, char *formals, int n,
                              const char *body) {
    eq_made_function d = {eq_strdup(name), formals, eq_strdup(body), n};
    if (d.name == NULL || d.body == NULL ||
        !eq_grow((void **)&s->defined, &s->defined_cap, s->defines + 1, sizeof *s->defined)) {
        eq_free(d.name);
        eq_free(d.formals);
        eq_free(d.body);
        return eq_out_of_memory(s->diag);
    }
    s->defined[s->defines++] = d;
    return EQ_OK;
}

eq_status eq_script_define(eq_script *s, const char *text) {
    char name[EQ_LONGEST_WORD];
    const char *open = strchr(text, '('), *close = open == NULL ? NULL : strchr(open, ')');
    eq_text formals = {0};
    if (*text == '\0') return EQ_OK; /* lists them there */
    size_t n = open == NULL ? 0 : (size_t)(open - text);
    while (n > 0 && isspace((unsigned char)text[n - 1])) n--;
    int count = close == NULL ? -1 : formals_of(open + 1, close, &formals);
    if (count < 0 || n == 0 || n >= sizeof name || *eq_over_blanks(close + 1) == '\0') {
        eq_script_note(s, "left out: define takes NAME(X, Y) EXPRESSION: ", text);
        eq_text_free(&formals);
        return EQ_OK;
    }
    snprintf(name, sizeof name, "%.*s", (int)n, text);
    eq_lower(name, n);
    if (formals.failed) {
        eq_text_free(&formals);
        return eq_out_of_memory(s->diag);
    }
    return add_function(s, name, formals.text, count, eq_over_blanks(close + 1));
}

/* The names of a body: its arguments, then all that the script knows. */
typedef struct inside {
    eq_script *s;
    const eq_made_function *of;
    const eq_vector *arg;
} inside;

static bool find(void *data, const char *name, eq_vector *out) {
    const inside *in = data;
    const char *p = in->of->formals;
    for (int k = 0; k < in->of->n; k++) {
        size_t n = strcspn(p, " ");
        if (strlen(name) == n && strncmp(p, name, n) == 0) {
            *out = eq_vector_new(in->arg[k].n);
            if (out->x != NULL) memcpy(out->x, in->arg[k].x, out->n * sizeof *out->x);
            return true;
        }
        p += n + 1;
    }
    eq_vectors_of outside = eq_script_names(in->s);
    return outside.find(outside.data, name, out);
}

static bool call_inside(void *data, const char *name, const eq_vector *arg, int n, eq_vector *out) {
    return eq_script_call(((inside *)data)->s, name, arg, n, out);
}

bool eq_script_call(void *script, const char *name, const eq_vector *arg, int n, eq_vector *out) {
    eq_script *s = script;
    const eq_made_function *d = NULL;
    char error[160];
    for (size_t k = s->defines; d == NULL && k-- > 0;)
        if (s->defined[k].n == n && strcmp(s->defined[k].name, name) == 0) d = &s->defined[k];
    if (d == NULL || s->calls >= MOST_OPEN) return false;
    inside in = {s, d, arg};
    eq_vectors_of names = {find, &in, call_inside, eq_script_names(s).degrees};
    const char *body = d->body;
    s->calls++;
    bool good = eq_vector_evaluate(&body, &names, out, error, sizeof error);
    s->calls--;
    if (!good) s->out_of_memory = s->out_of_memory || strcmp(error, "out of memory") == 0;
    return good;
}
