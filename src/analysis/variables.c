/* Variables of .control blocks (ngspice manual, 17.8): set, unset, shift, strcmp, and what stands for them in a
 * command: $name, $name[k], $name[from-to], $#name, $?name, and $&name of a vector. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/script.h"
#include "base/mem.h"

static void forget(eq_script *s, const char *name) {
    if (strcmp(name, "units") == 0) s->degrees = false;
    for (size_t k = 0; k < s->variables; k++) {
        if (strcmp(s->variable[k].name, name) != 0) continue;
        eq_free(s->variable[k].name);
        eq_free(s->variable[k].text);
        s->variable[k] = s->variable[--s->variables];
    }
}

/* What every block knows: the plot that vectors are looked up in. */
static const char *known(const eq_script *s, const char *name) {
    const eq_plot *p = s->plots == 0 ? NULL : &s->plot[s->current];
    const eq_result *r = p == NULL ? NULL : p->all;
    if (strcmp(name, "curplot") == 0) return p == NULL ? "const" : p->name;
    if (strcmp(name, "curplotname") == 0) return r == NULL ? "Constant values" : r->plot;
    if (strcmp(name, "curplottitle") == 0) return r == NULL ? "Constant values" : r->title;
    return NULL;
}

const char *eq_script_variable(const eq_script *s, const char *name) {
    for (size_t k = 0; k < s->variables; k++)
        if (strcmp(s->variable[k].name, name) == 0) return s->variable[k].text;
    return known(s, name);
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
    if (strcmp(name, "units") == 0) s->degrees = strncmp(text, "deg", 3) == 0;
    if (k == s->variables)
        s->variable[s->variables++] = (eq_variable_text){own, copy};
    else {
        eq_free(s->variable[k].text);
        s->variable[k].text = copy;
    }
    return EQ_OK;
}

/* ---- what stands for them ---- */

/* The end of NAME, v(NAME) or @NAME[..] behind $&. */
static const char *name_end(const char *p, bool vector) {
    char close = '\0';
    for (; *p != '\0' && (close != '\0' || isalnum((unsigned char)*p) || strchr("_.@([#", *p));
         p++) {
        if (!vector && strchr("@([", *p) != NULL) break;
        if (close == '\0' && *p == '(') close = ')';
        if (close == '\0' && *p == '[') close = ']';
        if (*p == close)
            close = '\0';
        else if (close == '\0' && strchr("_.@([#", *p) == NULL && !isalnum((unsigned char)*p))
            break;
    }
    return p;
}

/* The next word of a list: where it starts; its length, 0 behind the last one. */
static const char *next_word(const char *p, size_t *n) {
    p = eq_over_blanks(p);
    *n = strcspn(p, " \t");
    return p;
}

static size_t words(const char *list) {
    size_t count = 0, n;
    for (list = next_word(list, &n); n > 0; list = next_word(list + n, &n)) count++;
    return count;
}

/* Words from..to of a list, from 1. */
static void put_words(const char *list, double from, double to, eq_text *out) {
    size_t n, put = 0;
    list = next_word(list, &n);
    for (double k = 1.0; n > 0; k++, list = next_word(list + n, &n)) {
        if (k < from || k > to) continue;
        if (put++ > 0) eq_text_puts(out, " ");
        eq_text_add(out, list, n);
    }
}

/* The [k], [from-to], [from-] or [-to] at *p of a list, where there is one. */
static void put_part(eq_script *s, const char **p, const char *list, eq_text *out) {
    const char *end = **p == '[' ? strchr(*p, ']') : NULL;
    if (end == NULL) {
        eq_text_puts(out, list);
        return;
    }
    eq_text index = {0};
    char *inside = eq_strndup(*p + 1, (size_t)(end - *p - 1));
    if (inside != NULL) eq_script_substitute(s, inside, &index);
    s->out_of_memory = s->out_of_memory || inside == NULL || index.failed;
    *p = end + 1;
    if (inside != NULL && !index.failed) {
        const char *dash = strchr(index.text, '-');
        double from = strtod(index.text, NULL), to = dash == NULL ? from : strtod(dash + 1, NULL);
        if (dash == index.text) from = 1.0;
        if (dash != NULL && dash[1] == '\0') to = INFINITY;
        put_words(list, from, to, out);
    }
    eq_free(inside);
    eq_text_free(&index);
}

static void put_vector(eq_script *s, const char *name, eq_text *out) {
    eq_vector v = {NULL, 0};
    if (eq_script_evaluate(s, &name, &v))
        for (size_t k = 0; k < v.n; k++) eq_text_printf(out, "%s%.17g", k > 0 ? " " : "", v.x[k]);
    eq_vector_free(&v);
}

/* What a variable says behind $ or `asks` ($# or $?); *p: what follows its name. */
static void put_variable(eq_script *s, const char *name, char asks, const char **p, eq_text *out) {
    const char *text = eq_script_variable(s, name);
    if (asks == '?')
        eq_text_puts(out, text != NULL ? "1" : "0");
    else if (text == NULL)
        eq_script_note(s, "there is no variable ", name);
    else if (asks == '#')
        eq_text_printf(out, "%zu", words(text));
    else
        put_part(s, p, text, out);
}

/* $NAME, ${NAME} at *p. */
static void substitute_one(eq_script *s, const char **p, eq_text *out) {
    char asks = (*p)[1] != '\0' && strchr("&#?", (*p)[1]) != NULL ? (*p)[1] : '$';
    const char *from = *p + 1 + (asks != '$'), *to;
    bool braced = *from == '{';
    from += braced;
    to = name_end(from, asks == '&');
    eq_text name = {0};
    eq_text_add(&name, from, (size_t)(to - from));
    eq_text_puts(&name, "");
    if (!name.failed) eq_lower(name.text, name.length);
    *p = to + (braced && *to == '}');
    if (!name.failed && asks == '&')
        put_vector(s, name.text, out);
    else if (!name.failed)
        put_variable(s, name.text, asks, p, out);
    s->out_of_memory = s->out_of_memory || name.failed;
    eq_text_free(&name);
}

static bool is_variable(const char *p) {
    if (*p != '$') return false;
    if (p[1] == '#' || p[1] == '?') p++;
    return isalpha((unsigned char)p[1]) || p[1] == '&' || p[1] == '{';
}

void eq_script_substitute(eq_script *s, const char *p, eq_text *out) {
    while (*p != '\0') {
        bool braced = *p == '{' && p[1] == '$';
        if (is_variable(p)) {
            substitute_one(s, &p, out);
        } else if (braced && is_variable(p + 1)) {
            p++;
            substitute_one(s, &p, out);
            p += *p == '}';
        } else {
            eq_text_add(out, p++, 1);
        }
    }
    eq_text_puts(out, "");
}

/* ---- commands ---- */

/* set NAME = TEXT or ( LIST ); of temp it is an option, too. */
eq_status eq_script_set_command(eq_script *s, const char *text) {
    char name[EQ_LONGEST_WORD];
    const char *rest = eq_first_word(text, name);
    eq_text value = {0};
    if (*rest == '=') rest = eq_over_blanks(rest + 1);
    for (; *rest != '\0'; rest++)
        if (strchr("()\"'", *rest) == NULL) eq_text_add(&value, rest, 1);
    eq_text_puts(&value, "");
    eq_status status = value.failed ? eq_out_of_memory(s->diag)
                                    : eq_script_set(s, name, eq_over_blanks(value.text));
    if (status == EQ_OK && strcmp(name, "temp") == 0)
        status = eq_script_keep(s, "temp", eq_over_blanks(value.text));
    eq_text_free(&value);
    return status;
}

eq_status eq_script_unset(eq_script *s, const char *text) {
    char name[EQ_LONGEST_WORD];
    (void)eq_first_word(text, name);
    forget(s, name);
    return EQ_OK;
}

/* shift NAME [N]: without its first words. */
eq_status eq_script_shift(eq_script *s, const char *text) {
    char name[EQ_LONGEST_WORD];
    const char *rest = eq_first_word(text, name), *list = eq_script_variable(s, name);
    double n = *rest == '\0' ? 1.0 : strtod(rest, NULL);
    eq_text left = {0};
    if (list == NULL) {
        eq_script_note(s, "there is no variable ", name);
        return EQ_OK;
    }
    eq_text_puts(&left, "");
    put_words(list, n + 1.0, INFINITY, &left);
    eq_status status = left.failed ? eq_out_of_memory(s->diag) : eq_script_set(s, name, left.text);
    eq_text_free(&left);
    return status;
}

/* A word, or what stands in quotes; where the rest starts. */
static const char *argument(const char *p, eq_text *out) {
    p = eq_over_blanks(p);
    const char *end = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : NULL;
    size_t n = end != NULL ? (size_t)(end - p - 1) : strcspn(p, " \t");
    eq_text_add(out, p + (end != NULL), n);
    eq_text_puts(out, "");
    return end != NULL ? end + 1 : p + n;
}

/* strcmp NAME A B: the variable becomes -1, 0 or 1. */
eq_status eq_script_compare(eq_script *s, const char *text) {
    char name[EQ_LONGEST_WORD];
    eq_text a = {0}, b = {0};
    argument(argument(eq_first_word(text, name), &a), &b);
    eq_status status = a.failed || b.failed ? eq_out_of_memory(s->diag) : EQ_OK;
    int order = status == EQ_OK ? strcmp(a.text, b.text) : 0;
    if (status == EQ_OK) status = eq_script_set(s, name, order == 0 ? "0" : order < 0 ? "-1" : "1");
    eq_text_free(&a);
    eq_text_free(&b);
    return status;
}
