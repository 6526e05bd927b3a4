#include "report/verify.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/operating_point.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "report/ngspice.h"
#include "result/raw.h"

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
    bool numbered;  /* names are numbers (eq_deck_write_numbered), not those of the circuit */
} lookup;

static void lookup_free(lookup *l) {
    eq_names_free(l->names);
    eq_free(l->column);
}

static eq_status lookup_new(const eq_result *r, bool numbered, lookup *l, eq_diag *diag) {
    *l = (lookup){eq_names_new(), eq_calloc(r->variables + 1, sizeof *l->column), numbered};
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

/* The name in ngspice of a variable of ours, v(NODE) or i(ELEMENT),
 * where it got the numbered deck. */
static void put_numbered(const eq_circuit *c, const char *variable, eq_text *out) {
    eq_text name = {0};
    eq_text_add(&name, variable + 2, strlen(variable) - 3);
    if (name.failed) {
        out->failed = true;
    } else if (variable[0] == 'v') {
        eq_text_printf(out, "v(n%d)", eq_circuit_find_node(c, name.text));
    } else {
        eq_element e = eq_circuit_find_element(c, name.text);
        eq_text_printf(out, "i(%c%d)", eq_class(c->row[e].cls)->letter, e);
    }
    eq_text_free(&name);
}

/* The column of a variable of ours; EQ_NO_NAME: ngspice has none. What is written as a B source has
 * a b in front of its name there. */
static eq_status column_of(const lookup *there, const eq_circuit *c, const char *name, int32_t *id,
                           eq_diag *diag) {
    eq_text theirs = {0};
    if (there->numbered)
        put_numbered(c, name, &theirs);
    else
        eq_text_puts(&theirs, name);
    if (!theirs.failed) *id = eq_names_find(there->names, theirs.text, theirs.length);
    if (!theirs.failed && *id == EQ_NO_NAME && name[0] == 'i' && !there->numbered) {
        eq_text_clear(&theirs);
        eq_text_printf(&theirs, "i(b%s", name + 2);
        if (!theirs.failed) *id = eq_names_find(there->names, theirs.text, theirs.length);
    }
    eq_status status = theirs.failed ? eq_out_of_memory(diag) : EQ_OK;
    eq_text_free(&theirs);
    return status;
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
    if (e == EQ_NONE) return false;
    const eq_device_class *cls = eq_class(c->row[e].cls);
    return cls->control == EQ_CONTROL_FORMULA && cls->defined == EQ_VOLTAGE_DEFINED;
}

static eq_status compare(const eq_circuit *c, const eq_result *ours, const eq_result *theirs,
                         bool numbered, eq_verification *out, eq_diag *diag) {
    double volt = largest(ours, "voltage"), ampere = largest(ours, "current");
    lookup there;
    eq_status status = lookup_new(theirs, numbered, &there, diag);
    for (size_t k = 0; status == EQ_OK && k < ours->variables; k++) {
        const eq_variable *variable = &ours->variable[k];
        bool current = strcmp(variable->type, "current") == 0;
        int32_t id = EQ_NO_NAME;
        status = column_of(&there, c, variable->name, &id, diag);
        if (status != EQ_OK) break;
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

static eq_status solve(eq_circuit *c, eq_result **ours, eq_diag *diag) {
    eq_solve_options o = eq_solve_defaults(c);
    return eq_operating_point(c, &o, ours, NULL, diag);
}

static eq_status match(const eq_circuit *c, const eq_result *ours, eq_result *const *plots,
                       size_t count, bool numbered, eq_verification *out, eq_diag *diag) {
    const eq_result *theirs = operating_point_of(plots, count);
    *out = (eq_verification){0};
    return theirs == NULL ? eq_fail(diag, EQ_ERR_CHECK, "ngspice gave no operating point")
                          : compare(c, ours, theirs, numbered, out, diag);
}

eq_status eq_verify_plots(eq_circuit *c, eq_result *const *plots, size_t count,
                          eq_verification *out, eq_diag *diag) {
    eq_result *ours = NULL;
    eq_status status = solve(c, &ours, diag);
    if (status == EQ_OK) status = match(c, ours, plots, count, false, out, diag);
    eq_result_free(ours);
    return status;
}

eq_status eq_verify(eq_circuit *c, eq_verification *out, eq_diag *diag) {
    eq_text deck = {0};
    eq_result *ours = NULL, **plots = NULL;
    size_t count = 0;
    eq_status status = solve(c, &ours, diag);
    if (status == EQ_OK) status = eq_deck_write_numbered(c, &deck, diag);
    if (status == EQ_OK) status = eq_ngspice_run(deck.text, deck.length, &plots, &count, diag);
    if (status == EQ_OK) status = match(c, ours, plots, count, true, out, diag);
    eq_raw_free(plots, count);
    eq_result_free(ours);
    eq_text_free(&deck);
    return status;
}
