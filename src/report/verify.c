#include "report/verify.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "report/ngspice.h"
#include "report/operating_point.h"
#include "report/raw.h"

/* Far tighter than ngspice's defaults (FACTS section 3), so that what remains is not its stopping
 * rule. */
static const char tight[] = ".options reltol=1e-9 abstol=1e-15 vntol=1e-12 itl1=1000 itl2=1000 "
                            "epsmin=1e-300\n"; /* ngspice would raise IS to 1e-28 A */

/* The start of the line `.end` (the last one), or the end of the text. */
static size_t end_card(const char *text, size_t length) {
    size_t found = length;
    for (size_t i = 0; i < length;) {
        const char *newline = memchr(text + i, '\n', length - i);
        size_t n = newline == NULL ? length - i : (size_t)(newline - text) - i;
        char word[5] = "";
        memcpy(word, text + i, n < 4 ? n : 4);
        bool alone = n == 4 || (n > 4 && strchr(" \t\r;$", text[i + 4]) != NULL);
        if (alone && eq_same(word, ".end")) found = i;
        i += n + 1;
    }
    return found;
}

/* True for a line that ngspice would take for a command, or behind which it would look at files
 * that we have not read: .control, *# (inp.c of ngspice), *ng_script, .if. */
static bool commands_stand_in(const char *text) {
    static const char *const start[] = {".control", "*#", "*ng_script", ".if"};
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += strspn(line, " \t\r\n");
        for (size_t k = 0; k < sizeof start / sizeof *start; k++) {
            char word[16];
            snprintf(word, sizeof word, "%.*s", (int)strlen(start[k]), line);
            if (eq_same(word, start[k])) return true;
        }
    }
    return false;
}

/* A deck from elsewhere may hold commands of ngspice, a shell among them; eqspice skips them, and
 * so they must not be run here either. */
static eq_status has_commands(const eq_circuit *c, bool *found, eq_diag *diag) {
    eq_status status = EQ_OK;
    *found = false;
    for (int32_t k = 0; status == EQ_OK && !*found && k < c->files; k++) {
        char *text;
        size_t length;
        status = eq_file_read(c->file[k], (eq_place){NULL, 0, 0}, &text, &length, diag);
        if (status != EQ_OK) break;
        *found = commands_stand_in(text) || strlen(text) < length;
        eq_free(text);
    }
    return status;
}

/* The user's deck with our options before its .end (the last .options line counts) and an .op if it
 * has none. */
static eq_status own_text(const eq_circuit *c, const char *path, eq_text *deck, eq_diag *diag) {
    char *text;
    size_t length;
    eq_status status = eq_file_read(path, (eq_place){NULL, 0, 0}, &text, &length, diag);
    if (status != EQ_OK) return status;
    size_t end = end_card(text, length);
    bool has_op = false;
    for (size_t k = 0; k < c->analyses; k++) has_op |= c->analysis[k].type == EQ_ANALYSIS_OP;
    eq_text_add(deck, text, end);
    eq_text_puts(deck, "\n");
    eq_text_puts(deck, tight);
    eq_text_puts(deck, has_op ? ".end\n" : ".op\n.end\n");
    eq_free(text);
    return deck->failed ? eq_out_of_memory(diag) : EQ_OK;
}

static void deviate(eq_deviation *d, const eq_variable *variable, double here, double there,
                    double scale) {
    double absolute = fabs(here - there), relative = absolute / fmax(fabs(there), 1e-3 * scale);
    if (absolute == 0.0) relative = 0.0;
    if (!(absolute <= d->absolute)) d->absolute = absolute;
    if (d->count == 0 || !(relative <= d->relative)) {
        d->relative = relative;
        snprintf(d->worst, sizeof d->worst, "%s", variable->name);
    }
    d->count++;
}

/* Largest magnitude among the variables of a type. */
static double largest(const eq_result *r, const char *type) {
    double most = 0.0;
    for (size_t k = 0; k < r->variables; k++)
        if (strcmp(r->variable[k].type, type) == 0) most = fmax(most, fabs(r->value[k]));
    return most;
}

/* The columns of ngspice's plot by name; a node that ngspice wrote bare ("out") is entered as
 * v(out). */
typedef struct lookup {
    eq_names *names;
    size_t *column; /* [names] */
} lookup;

static void lookup_free(lookup *l) {
    eq_names_free(l->names);
    eq_free(l->column);
}

static eq_status lookup_new(const eq_result *r, lookup *l, eq_diag *diag) {
    *l = (lookup){eq_names_new(), eq_calloc(r->variables + 1, sizeof *l->column)};
    bool good = l->names != NULL && l->column != NULL;
    for (size_t k = 0; good && k < r->variables; k++) {
        eq_text name = {0};
        bool bare = strchr(r->variable[k].name, '(') == NULL;
        eq_text_printf(&name, bare ? "v(%s)" : "%s", r->variable[k].name);
        int32_t id = name.failed ? EQ_NO_NAME : eq_names_add(l->names, name.text, name.length);
        if (id == EQ_NO_NAME)
            good = false;
        else
            l->column[id] = k;
        eq_text_free(&name);
    }
    return good ? EQ_OK : eq_out_of_memory(diag);
}

/* The column of a variable of ours; EQ_NO_NAME: ngspice has none. What is written as a B source has
 * a b in front of its name there. */
static int32_t column_of(const lookup *there, const char *name) {
    int32_t id = eq_names_find(there->names, name, strlen(name));
    if (id != EQ_NO_NAME || strncmp(name, "i(", 2) != 0) return id;
    eq_text longer = {0};
    eq_text_printf(&longer, "i(b%s", name + 2);
    if (!longer.failed) id = eq_names_find(there->names, longer.text, longer.length);
    eq_text_free(&longer);
    return id;
}

/* ngspice makes POLY sources of E and H code models (XSPICE) whose branches have names of their
 * own. */
static bool may_lack(const eq_circuit *c, const char *name) {
    eq_text element = {0};
    size_t n = strlen(name);
    if (n < 4 || strncmp(name, "i(", 2) != 0) return false;
    eq_text_add(&element, name + 2, n - 3);
    eq_element e = element.failed ? EQ_NONE : eq_circuit_find_element(c, element.text);
    eq_text_free(&element);
    return e != EQ_NONE && c->row[e].cls == EQ_CLASS_behavioural_voltage;
}

static eq_status compare(const eq_circuit *c, const eq_result *ours, const eq_result *theirs,
                         eq_verification *out, eq_diag *diag) {
    double volt = largest(ours, "voltage"), ampere = largest(ours, "current");
    lookup there;
    eq_status status = lookup_new(theirs, &there, diag);
    for (size_t k = 0; status == EQ_OK && k < ours->variables; k++) {
        const eq_variable *variable = &ours->variable[k];
        int32_t id = column_of(&there, variable->name);
        bool current = strcmp(variable->type, "current") == 0;
        if (id == EQ_NO_NAME && may_lack(c, variable->name)) continue;
        if (id == EQ_NO_NAME)
            status =
                eq_fail(diag, EQ_ERR_CHECK,
                        "ngspice gave no %s; does the deck mean the same there?", variable->name);
        else
            deviate(current ? &out->branch : &out->node, variable, ours->value[k],
                    theirs->value[there.column[id]], current ? ampere : volt);
    }
    lookup_free(&there);
    return status;
}

static const eq_result *operating_point_of(eq_result *const *plots, size_t count) {
    for (size_t k = 0; k < count; k++)
        if (strcmp(plots[k]->plot, "Operating Point") == 0 && plots[k]->points == 1)
            return plots[k];
    return NULL;
}

static eq_status with_ngspice(const eq_circuit *c, const char *deck, const eq_result *ours,
                              eq_verification *out, eq_diag *diag) {
    eq_text text = {0};
    eq_result **plots = NULL;
    size_t count = 0;
    char *folder = deck == NULL ? NULL : eq_path_folder(deck);
    bool commands = false;
    eq_status status = EQ_OK;
    if (deck != NULL && folder == NULL) status = eq_out_of_memory(diag);
    if (deck != NULL && status == EQ_OK) status = has_commands(c, &commands, diag);
    if (commands)
        eq_note_at(diag, (eq_place){deck, 0, 0},
                   "ngspice gets our export of this deck: its own text has .control, *# or .if, "
                   "which could run commands");
    if (status == EQ_OK)
        status = deck == NULL || commands ? eq_deck_write(c, EQ_NGSPICE, NULL, &text, diag)
                                          : own_text(c, deck, &text, diag);
    if (status == EQ_OK)
        status = eq_ngspice_run(text.text, text.length, folder, &plots, &count, diag);
    if (status == EQ_OK) {
        const eq_result *theirs = operating_point_of(plots, count);
        status = theirs == NULL ? eq_fail(diag, EQ_ERR_CHECK, "ngspice gave no operating point")
                                : compare(c, ours, theirs, out, diag);
    }
    eq_raw_free(plots, count);
    eq_free(folder);
    eq_text_free(&text);
    return status;
}

eq_status eq_verify(eq_circuit *c, const char *deck, eq_verification *out, eq_diag *diag) {
    *out = (eq_verification){0};
    eq_solve_options o = eq_solve_options_of(c);
    eq_result *ours = NULL;
    eq_status status = eq_operating_point(c, &o, &ours, NULL, diag);
    if (status == EQ_OK) status = with_ngspice(c, deck, ours, out, diag);
    eq_result_free(ours);
    return status;
}
