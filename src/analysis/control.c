#include "analysis/control.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/script.h"
#include "base/mem.h"

enum { MOST_COMMANDS = 1000000 };

/* What a command does to the flow. */
typedef enum flow { GO_ON, BREAK, CONTINUE, QUIT } flow;

static bool is_among(const char *word, const char *const *list, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (strcmp(word, list[k]) == 0) return true;
    return false;
}

/* ---- commands ---- */

/* The first number of an expression; false, with a note: it has none. */
static bool number_at(eq_script *s, const char *text, double *value) {
    eq_vector v;
    text = eq_over_blanks(text);
    if (!eq_script_evaluate(s, &text, &v)) return false;
    if (v.n > 0) *value = v.x[0];
    bool some = v.n > 0;
    eq_vector_free(&v);
    return some;
}

/* let NAME = EXPRESSION, let NAME[K] = EXPRESSION. */
static eq_status let(eq_script *s, const char *text) {
    char name[EQ_LONGEST_WORD];
    const char *rest = eq_first_word(text, name);
    char *index = strchr(name, '[');
    eq_vector v, old;
    double k = -1.0;
    if (name[0] == '\0' || *rest != '=') {
        eq_script_note(s, "left out: let without NAME = EXPRESSION: ", text);
        return EQ_OK;
    }
    rest = eq_over_blanks(rest + 1);
    if (!eq_script_evaluate(s, &rest, &v)) return EQ_OK;
    if (*eq_over_blanks(rest) != '\0')
        eq_script_note(s, "not understood behind an expression: ", rest);
    if (index == NULL) return eq_script_let(s, name, v);
    *index = '\0';
    eq_vectors_of names = eq_script_names(s);
    bool known = number_at(s, index + 1, &k) && names.find(names.data, name, &old);
    if (!known || !(k >= 0.0 && k < (double)old.n) || v.n == 0) {
        eq_script_note(s, "left out: there is no such element: ", text);
        if (known) eq_vector_free(&old);
    } else if (old.x == NULL) {
        s->out_of_memory = true;
    } else {
        old.x[(size_t)k] = v.x[0];
        eq_vector_free(&v);
        return eq_script_let(s, name, old);
    }
    eq_vector_free(&v);
    return EQ_OK;
}

static eq_status option(eq_script *s, const char *text) {
    char name[EQ_LONGEST_WORD];
    const char *rest = eq_first_word(text, name);
    if (strcmp(name, "temp") == 0 && *rest == '=') return eq_script_keep(s, "temp", rest + 1);
    if (strcmp(name, "numdgt") == 0 && *rest == '=') return eq_script_set_command(s, text);
    return eq_script_keep(s, "option", text);
}

/* NAME PARAM of `NAME = X`, `NAME PARAM = X`, `NAME PARAM X`, `@NAME[PARAM] = X`; where X starts. */
static const char *target(const char *text, char name[EQ_LONGEST_WORD],
                          char param[EQ_LONGEST_WORD]) {
    const char *rest = eq_first_word(text, name);
    char *open = strchr(name, '[');
    param[0] = '\0';
    if (name[0] == '@' && open != NULL) {
        *open = '\0';
        memcpy(param, open + 1, strlen(open + 1) + 1);
        param[strcspn(param, "]")] = '\0';
        memmove(name, name + 1, strlen(name));
    } else if (*rest != '=') {
        size_t n = strcspn(rest, " \t=");
        const char *behind = eq_over_blanks(rest + n);
        if (isalpha((unsigned char)*rest) && *behind != '\0' && strchr("+-*/(", *behind) == NULL)
            rest = eq_first_word(rest, param);
    }
    return *rest == '=' ? eq_over_blanks(rest + 1) : rest;
}

static eq_status alter(eq_script *s, const char *text) {
    static const char *const at_dc_nothing[] = {"ac", "acmag", "acphase", "sin", "pulse", "pwl"};
    char name[EQ_LONGEST_WORD], param[EQ_LONGEST_WORD];
    const char *value = target(text, name, param);
    eq_text card = {0};
    double x;
    if (is_among(param, at_dc_nothing, sizeof at_dc_nothing / sizeof *at_dc_nothing)) {
        eq_script_note(s, "left out: nothing at dc: alter ", text);
        return EQ_OK;
    }
    if (eq_circuit_find_element(s->d->circuit, name) == EQ_NONE) {
        eq_script_note(s, "left out: alter of what is no element: ", text);
        return EQ_OK;
    }
    if (!number_at(s, value, &x)) return EQ_OK;
    bool own = param[0] == '\0' || strcmp(param, "dc") == 0 || strcmp(param, "resistance") == 0;
    eq_text_printf(&card, "%s %s = %.17g", name, own ? "" : param, x);
    eq_status status =
        card.failed ? eq_out_of_memory(s->diag) : eq_script_keep(s, "alter", card.text);
    eq_text_free(&card);
    return status;
}

/* True if the deck has a model of that name. */
static bool is_model(const eq_circuit *c, const char *name) {
    bool found = false;
    for (size_t k = 0; !found && k < c->models; k++) found = strcmp(c->model[k].name, name) == 0;
    return found;
}

static eq_status altermod(eq_script *s, const char *text) {
    char name[EQ_LONGEST_WORD], param[EQ_LONGEST_WORD];
    const char *value = target(text, name, param);
    eq_text label = {0};
    double x;
    if (param[0] == '\0' || !is_model(s->d->circuit, name)) {
        eq_script_note(s, "left out: altermod of what is no model: ", text);
        return EQ_OK;
    }
    if (!number_at(s, value, &x)) return EQ_OK;
    eq_text_printf(&label, "%s(%s)", name, param);
    eq_status status = label.failed ? eq_out_of_memory(s->diag)
                                    : eq_script_override(s, EQ_TARGET_MODEL, label.text, x);
    eq_text_free(&label);
    return status;
}

static eq_status alterparam(eq_script *s, const char *text) {
    char name[EQ_LONGEST_WORD], param[EQ_LONGEST_WORD];
    const char *value = target(text, name, param);
    double x;
    if (param[0] != '\0') {
        eq_script_note(s, "left out: alterparam inside a subcircuit: ", text);
        return EQ_OK;
    }
    return number_at(s, value, &x) ? eq_script_override(s, EQ_TARGET_PARAM, name, x) : EQ_OK;
}

/* save LIST, of the analyses to come. */
static eq_status save(eq_script *s, const char *text) {
    char word[EQ_LONGEST_WORD];
    (void)eq_first_word(text, word);
    s->save_all = s->save_all || strcmp(word, "all") == 0;
    eq_text_puts(&s->saved, " ");
    eq_text_puts(&s->saved, text);
    return s->saved.failed ? eq_out_of_memory(s->diag) : EQ_OK;
}

/* print [line|col] LIST. */
static eq_status print(eq_script *s, const char *text) {
    char word[EQ_LONGEST_WORD];
    const char *rest = eq_first_word(text, word);
    bool layout = strcmp(word, "line") == 0 || strcmp(word, "col") == 0;
    if (layout && *rest != '\0') text = rest;
    return strchr(text, '>') != NULL ? eq_script_print_into(s, text) : eq_script_print(s, text);
}

static eq_status run(eq_script *s, const char *text) {
    eq_status status = EQ_OK;
    (void)text;
    s->ran = true;
    for (size_t k = 0; status == EQ_OK && k < s->d->analyses; k++)
        status = eq_script_analyse(s, NULL, "", k);
    return status;
}

static eq_status setplot(eq_script *s, const char *text) {
    char name[EQ_LONGEST_WORD];
    (void)eq_first_word(text, name);
    size_t to = strcmp(name, "previous") == 0 ? s->current - 1
                : strcmp(name, "next") == 0   ? s->current + 1
                                              : eq_script_plot(s, name);
    if (to < s->plots)
        s->current = to;
    else if (name[0] == '\0' && s->plots > 0)
        eq_script_note(s, "setplot: the plot is ", s->plot[s->current].name);
    else if (strcmp(name, "const") != 0)
        eq_script_note(s, "left out: there is no plot ", name);
    return EQ_OK;
}

/* The text without the quotes around words and with one blank between those outside of them; *into: there is a > outside of them. */
static void without_quotes(const char *p, eq_text *out, bool *into) {
    char open = '\0';
    for (bool starts = true; *p != '\0'; starts = isspace((unsigned char)*p++)) {
        bool quote = *p == '"' || *p == '\'';
        *into = *into || (*p == '>' && open == '\0');
        if (quote && open == '\0' && starts && strchr(p + 1, *p) != NULL)
            open = *p;
        else if (quote && *p == open)
            open = '\0';
        else if (open != '\0' || !isspace((unsigned char)*p) || !isspace((unsigned char)p[1]))
            eq_text_add(out, p, 1);
    }
    eq_text_puts(out, "");
}

static eq_status echo(eq_script *s, const char *text) {
    eq_text plain = {0};
    bool into = false;
    eq_status status = EQ_OK;
    without_quotes(text, &plain, &into);
    if (plain.failed)
        status = eq_out_of_memory(s->diag);
    else if (into)
        status = eq_script_echo_into(s, plain.text);
    else
        eq_script_note(s, "echo: ", plain.text);
    eq_text_free(&plain);
    return status;
}

static eq_status reset(eq_script *s, const char *text) {
    (void)text;
    eq_script_reset(s);
    return EQ_OK;
}

/* meas dc NAME .. of the analysis that ran last. */
static eq_status measure(eq_script *s, const char *text) {
    char type[EQ_LONGEST_WORD];
    (void)eq_first_word(text, type);
    if (strcmp(type, "dc") != 0 || s->last.kind == EQ_NONE || s->changes != s->last.changes) {
        eq_script_note(s,
                       strcmp(type, "dc") != 0   ? "skipped: eqspice measures dc, not "
                       : s->last.kind != EQ_NONE ? "left out: meas behind alter; put it before: "
                                                 : "left out: meas without a dc before it: ",
                       text);
        return EQ_OK;
    }
    eq_text name = {0};
    eq_status status = eq_script_measure(s, text, &name);
    if (status == EQ_OK && name.failed) status = eq_out_of_memory(s->diag);
    if (status == EQ_OK && name.length > 0) status = eq_script_print(s, name.text);
    eq_text_free(&name);
    return status;
}

static eq_status nothing(eq_script *s, const char *text) {
    (void)s;
    (void)text;
    return EQ_OK;
}

static const struct command {
    const char *word;
    eq_status (*run)(eq_script *s, const char *text);
} commands[] = {
    {"let", let},
    {"set", eq_script_set_command},
    {"option", option},
    {"options", option},
    {"alter", alter},
    {"altermod", altermod},
    {"alterparam", alterparam},
    {"save", save},
    {"print", print},
    {"run", run},
    {"setplot", setplot},
    {"echo", echo},
    {"reset", reset},
    {"write", eq_script_write},
    {"wrdata", eq_script_wrdata},
    {"unset", eq_script_unset},
    {"shift", eq_script_shift},
    {"strcmp", eq_script_compare},
    {"osdi", nothing}, /* read with the deck */
    {"pre_osdi", nothing},
    {"unlet", nothing},
    {"destroy", nothing},
    {"compose", eq_script_compose},
    {"define", eq_script_define},
    {"meas", measure},
    {"measure", measure},
};

static const char *const analyses[] = {"op", "dc", "tf", "sens"};
static const char *const other_analyses[] = {"tran", "ac", "noise", "disto", "pz", "sp", "pss"};

static eq_status skip_analysis(eq_script *s, const char *word) {
    eq_script_note(s, "skipped: eqspice does op, dc, tf and sens, not ", word);
    s->skipped = true;
    return EQ_OK;
}

static eq_status one_command(eq_script *s, const char *word, const char *text) {
    if (is_among(word, analyses, sizeof analyses / sizeof *analyses))
        return eq_script_analyse(s, word, text, 0);
    if (is_among(word, other_analyses, sizeof other_analyses / sizeof *other_analyses))
        return skip_analysis(s, word);
    for (size_t k = 0; k < sizeof commands / sizeof *commands; k++)
        if (strcmp(commands[k].word, word) == 0) return commands[k].run(s, text);
    eq_script_note(s, "skipped: the command ", word);
    return EQ_OK;
}

/* ---- flow ---- */

static eq_status run_lines(eq_script *s, size_t from, size_t to, flow *f);

static bool opens(const char *word) {
    static const char *const openers[] = {"foreach", "repeat", "while", "dowhile", "if"};
    return is_among(word, openers, sizeof openers / sizeof *openers);
}

/* The end of the block that line `from` opens, and its else (the end without one). */
static size_t block_end(const eq_script *s, size_t from, size_t *otherwise) {
    size_t depth = 0;
    *otherwise = SIZE_MAX;
    for (size_t k = from; k < s->d->plan_lines; k++) {
        char word[EQ_LONGEST_WORD];
        (void)eq_first_word(s->d->plan[k].text, word);
        depth += opens(word);
        if (depth == 1 && strcmp(word, "else") == 0) *otherwise = k;
        if (strcmp(word, "end") == 0 && --depth == 0) {
            if (*otherwise == SIZE_MAX) *otherwise = k;
            return k;
        }
    }
    return SIZE_MAX;
}

/* True while the loop goes on: break and quit end it. */
static bool goes_on(flow *f) {
    if (*f == CONTINUE) *f = GO_ON;
    return *f == GO_ON;
}

static bool holds(eq_script *s, const char *test) {
    eq_text text = {0};
    double value = 0.0;
    eq_script_substitute(s, test, &text);
    s->out_of_memory = s->out_of_memory || text.failed;
    bool known = !text.failed && number_at(s, text.text, &value);
    eq_text_free(&text);
    return known && value != 0.0;
}

static eq_status foreach (eq_script *s, const char *text, size_t from, size_t to, flow * f) {
    char name[EQ_LONGEST_WORD];
    const char *p = eq_first_word(text, name);
    eq_status status = EQ_OK;
    while (status == EQ_OK && goes_on(f)) {
        while (isspace((unsigned char)*p) || (*p != '\0' && strchr("(),", *p) != NULL)) p++;
        size_t n = strcspn(p, " \t(),");
        if (n == 0) break;
        char *item = eq_strndup(p, n);
        status = item == NULL ? eq_out_of_memory(s->diag) : eq_script_set(s, name, item);
        eq_free(item);
        if (status == EQ_OK) status = run_lines(s, from, to, f);
        p += n;
    }
    return status;
}

static eq_status repeat(eq_script *s, const char *text, size_t from, size_t to, flow *f) {
    double times = INFINITY;
    eq_status status = EQ_OK;
    if (*text != '\0' && !number_at(s, text, &times)) return EQ_OK;
    for (double k = 0.0; k < times && status == EQ_OK && goes_on(f); k++)
        status = run_lines(s, from, to, f);
    return status;
}

/* The lines behind the opening one, as often as its words say. */
static eq_status block(eq_script *s, const char *word, const char *test, const char *text,
                       size_t from, size_t otherwise, size_t end, flow *f) {
    eq_status status = EQ_OK;
    if (strcmp(word, "if") == 0) {
        bool yes = holds(s, test);
        if (!yes && otherwise == end) return EQ_OK;
        return yes ? run_lines(s, from, otherwise, f) : run_lines(s, otherwise + 1, end, f);
    }
    if (strcmp(word, "foreach") == 0)
        status = foreach (s, text, from, end, f);
    else if (strcmp(word, "repeat") == 0)
        status = repeat(s, text, from, end, f);
    else
        for (bool first = strcmp(word, "dowhile") == 0;
             status == EQ_OK && goes_on(f) && (first || holds(s, test)); first = false)
            status = run_lines(s, from, end, f);
    if (*f == BREAK) *f = GO_ON;
    return status;
}

/* Line k, a whole block of lines if it opens one; *next is the line behind. */
static eq_status one_line(eq_script *s, size_t k, size_t *next, flow *f) {
    const eq_plan_line *line = &s->d->plan[k];
    char word[EQ_LONGEST_WORD];
    eq_text text = {0};
    size_t otherwise = 0, end = k;
    s->at = line->at;
    const char *rest = eq_first_word(line->text, word);
    if (opens(word) && (end = block_end(s, k, &otherwise)) == SIZE_MAX)
        return eq_fail_at(s->diag, EQ_ERR_INPUT, eq_circuit_place(s->d->circuit, line->at),
                          "this %s has no end; add it", word);
    *next = end + 1;
    if (strcmp(word, "quit") == 0 || strcmp(word, "exit") == 0) *f = QUIT;
    if (strcmp(word, "break") == 0) *f = BREAK;
    if (strcmp(word, "continue") == 0) *f = CONTINUE;
    if (*f != GO_ON || strcmp(word, "end") == 0 || strcmp(word, "else") == 0) return EQ_OK;
    eq_script_substitute(s, rest, &text);
    eq_status status = text.failed   ? eq_out_of_memory(s->diag)
                       : opens(word) ? block(s, word, rest, text.text, k + 1, otherwise, end, f)
                                     : one_command(s, word, text.text);
    eq_text_free(&text);
    return status;
}

static eq_status run_lines(eq_script *s, size_t from, size_t to, flow *f) {
    eq_status status = EQ_OK;
    for (size_t k = from, next = to; k < to && status == EQ_OK && *f == GO_ON; k = next) {
        if (s->out_of_memory) return eq_out_of_memory(s->diag);
        if (++s->commands > MOST_COMMANDS)
            return eq_fail_at(
                s->diag, EQ_ERR_INPUT, eq_circuit_place(s->d->circuit, s->d->plan[k].at),
                "more than %d commands; let the loops around them end", MOST_COMMANDS);
        status = one_line(s, k, &next, f);
    }
    return status;
}

/* ---- what the commands will ask of every analysis ---- */

/* True for i( and p( that no letter stands before: i(r1), p(v1). */
static bool is_probe(const char *text, const char *p) {
    bool inside = p > text && (isalnum((unsigned char)p[-1]) || p[-1] == '_');
    return !inside && (*p == 'i' || *p == 'I' || *p == 'p' || *p == 'P') && p[1] == '(';
}

/* True for an element, by its name or as x1.r1. */
static bool is_element(const eq_circuit *c, const char *name) {
    char full[300];
    const char *last = strrchr(name, '.');
    if (eq_circuit_find_element(c, name) != EQ_NONE) return true;
    if (last == NULL || strlen(name) > sizeof full - 3) return false;
    snprintf(full, sizeof full, "%c.%s", last[1], name);
    return eq_circuit_find_element(c, full) != EQ_NONE;
}

/* Notes down i(r1), p(r1) and @r1[i] of a line: what no table of nodes and sources has. */
static void watch_line(eq_script *s, const char *text) {
    for (const char *p = text; *p != '\0'; p++) {
        char close = *p == '@' ? ']' : ')';
        if (*p != '@' && !is_probe(text, p)) continue;
        const char *end = strchr(p, close);
        const char *from = *p == '@' ? p + 1 : p + 2;
        const char *to = end == NULL ? NULL : *p == '@' ? strchr(p, '[') : end;
        if (to == NULL || to > end) continue;
        char *name = eq_strndup(from, (size_t)(to - from));
        s->out_of_memory = s->out_of_memory || name == NULL;
        if (name != NULL) eq_lower(name, strlen(name));
        if (name != NULL && (is_element(s->d->circuit, name) || is_model(s->d->circuit, name))) {
            eq_text_puts(&s->watch, " ");
            eq_text_add(&s->watch, p, (size_t)(end + 1 - p));
        }
        eq_free(name);
    }
}

/* A deck that asks only for analyses that are not done gets its operating point. */
static eq_status stand_in(eq_script *s) {
    if (!s->skipped || s->plots > 0 || s->d->analyses > 0) return EQ_OK;
    eq_script_note(s, "the operating point stands in for the analyses that were skipped", "");
    return eq_script_analyse(s, "op", "", 0);
}

eq_status eq_control_run(const eq_deck *d, const eq_control_options *o, eq_tables *out, bool *ran,
                         eq_diag *diag) {
    eq_script s = {.d = d,
                   .number = 1,
                   .o = o,
                   .diag = diag,
                   .last = {.kind = EQ_NONE},
                   .call = eq_script_call,
                   .messages = eq_diag_count(diag)};
    flow f = GO_ON;
    eq_text_puts(&s.watch, "all");
    for (size_t k = 0; k < d->plan_lines; k++) watch_line(&s, d->plan[k].text);
    eq_status status = s.watch.failed ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = run_lines(&s, 0, d->plan_lines, &f);
    if (status == EQ_OK) status = stand_in(&s);
    if (status == EQ_OK && s.refused && s.plots == 0)
        status = eq_fail_at(diag, EQ_ERR_INPUT, eq_circuit_place(d->circuit, s.at),
                            "no analysis of the .control block can be run; correct what is noted");
    eq_status made = status == EQ_ERR_MEMORY ? status : eq_script_tables(&s, out);
    if (status == EQ_OK) status = made;
    if (status == EQ_OK && s.out_of_memory) status = eq_out_of_memory(diag);
    *ran = s.ran;
    eq_script_free(&s);
    return status;
}
