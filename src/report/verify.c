#include "report/verify.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/netlist.h"
#include "report/ngspice.h"
#include "result/raw.h"
#include "solver/switches.h"

/* `least`: what the tolerances of ngspice (vntol, abstol) can tell to 1e-6. */
static void deviate(eq_deviation *d, const eq_variable *variable, double here, double there,
                    double scale, double least) {
    double absolute = fabs(here - there);
    double relative = absolute / fmax(fmax(fabs(there), 1e-3 * scale), least);
    if (absolute == 0.0) relative = 0.0;
    if (!(absolute <= d->absolute)) d->absolute = absolute;
    if (d->count == 0 || !(relative <= d->relative)) {
        d->relative = relative;
        snprintf(d->worst, sizeof d->worst, "%s", variable->name);
    }
    d->count++;
}

static const double least_volt = 1e-6, least_ampere = 1e-9;

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

/* i(v.x1.v.x2.v1) of a subcircuit defined inside another one, which ngspice expands first, as
 * i(v.x1.x2.v1): drops the letter where it stands again between instances. */
static void put_flat(const char *name, eq_text *out) {
    for (const char *p = name; *p != '\0'; p++) {
        bool again = p > name + 3 && p[-1] == '.' && p[0] == name[2] && p[1] == '.';
        eq_text_add(out, p, again ? 0 : 1);
        p += again;
    }
}

static eq_status lookup_new(const eq_result *r, bool numbered, lookup *l, eq_diag *diag) {
    *l = (lookup){eq_names_new(), eq_calloc(r->variables + 1, sizeof *l->column), numbered};
    bool good = l->names != NULL && l->column != NULL;
    for (size_t k = 0; good && k < r->variables; k++) {
        eq_text name = {0};
        bool bare = strchr(r->variable[k].name, '(') == NULL;
        if (bare)
            eq_text_printf(&name, "v(%s)", r->variable[k].name);
        else
            put_flat(r->variable[k].name, &name);
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
                         const lookup *there, eq_verification *out, eq_diag *diag) {
    double volt = largest(ours, "voltage"), ampere = largest(ours, "current");
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < ours->variables; k++) {
        const eq_variable *variable = &ours->variable[k];
        bool current = strcmp(variable->type, "current") == 0;
        int32_t id = EQ_NO_NAME;
        status = column_of(there, c, variable->name, &id, diag);
        if (status != EQ_OK) break;
        if (id == EQ_NO_NAME && may_lack(c, variable->name)) continue;
        if (id == EQ_NO_NAME)
            status =
                eq_fail(diag, EQ_ERR_CHECK,
                        "ngspice gave no %s; does the deck mean the same there?", variable->name);
        else
            deviate(current ? &out->branch : &out->node, variable, ours->value[k],
                    theirs->value[there->column[id]], current ? ampere : volt,
                    current ? least_ampere : least_volt);
    }
    return status;
}

static const eq_result *operating_point_of(eq_result *const *plots, size_t count) {
    for (size_t k = 0; k < count; k++)
        if (strcmp(plots[k]->plot, "Operating Point") == 0 && plots[k]->points == 1)
            return plots[k];
    return NULL;
}

/* Our operating point as a table. */
static eq_status table_of(const eq_analysis_point *at, eq_result **out, eq_diag *diag) {
    size_t nodes = eq_circuit_nodes(at->circuit), branches = eq_solver_branches(at->solver);
    double *row = eq_malloc(nodes + branches, sizeof *row);
    eq_result *r = eq_result_new("", "Operating Point");
    eq_status status = row == NULL || r == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_operating_point_columns(at->circuit, at->solver, r, diag);
    if (status == EQ_OK) {
        memcpy(row, at->v + 1, (nodes - 1) * sizeof *row);
        memcpy(row + nodes - 1, at->branch, branches * sizeof *row);
        status = eq_result_point(r, row, diag);
    }
    eq_free(row);
    if (status == EQ_OK)
        *out = r;
    else
        eq_result_free(r);
    return status;
}

/* The operating point at the values that stand, for `then`. */
static eq_status solve(eq_circuit *c, eq_status (*then)(void *data, const eq_analysis_point *at),
                       void *data, eq_diag *diag) {
    eq_solve_options o = eq_solve_defaults(c);
    eq_solver *s = NULL;
    double *v = eq_calloc(eq_circuit_nodes(c), sizeof *v), *branch = NULL;
    eq_status status = v == NULL ? eq_out_of_memory(diag) : eq_solver_new(c, &s, diag);
    if (status == EQ_OK) {
        branch = eq_calloc(eq_solver_branches(s), sizeof *branch);
        if (branch == NULL) status = eq_out_of_memory(diag);
    }
    if (status == EQ_OK) status = eq_operating_point_start(c, s, &o, v, diag);
    if (status == EQ_OK) status = eq_switches_solve(c, s, &o, v, branch, NULL, diag);
    eq_analysis_point at = {c, s, v, branch, ""};
    if (status == EQ_OK) status = then(data, &at);
    eq_solver_free(s);
    eq_free(v);
    eq_free(branch);
    return status;
}

/* A point that is being verified. */
typedef struct checking {
    double tol;
    const eq_analysis_point *at;
    eq_result *ours;
    eq_verification found;
    eq_diag *diag;
} checking;

/* ngspice's answer, whose columns `there` has, as a state; what it lacks is ours. */
static eq_status state_of(const checking *p, const eq_result *theirs, const lookup *there,
                          double *v, double *branch, eq_diag *diag) {
    size_t nodes = eq_circuit_nodes(p->at->circuit);
    eq_status status = EQ_OK;
    v[0] = 0.0;
    for (size_t k = 0; status == EQ_OK && k < p->ours->variables; k++) {
        double *to = k < nodes - 1 ? &v[k + 1] : &branch[k - (nodes - 1)];
        int32_t id = EQ_NO_NAME;
        status = column_of(there, p->at->circuit, p->ours->variable[k].name, &id, diag);
        *to = id == EQ_NO_NAME ? p->ours->value[k] : theirs->value[there->column[id]];
    }
    return status;
}

/* How far ngspice's answer keeps our equations. */
static eq_status judge(checking *p, const eq_result *theirs, const lookup *there, eq_diag *diag) {
    eq_circuit *c = p->at->circuit;
    eq_solve_options o = eq_solve_defaults(c);
    size_t nodes = eq_circuit_nodes(c);
    double *v = eq_malloc(nodes + eq_solver_branches(p->at->solver), sizeof *v);
    if (v == NULL) return eq_out_of_memory(diag);
    o.reltol = p->tol;
    eq_status status = state_of(p, theirs, there, v, v + nodes, diag);
    if (status == EQ_OK)
        status = eq_solver_judge(p->at->solver, &o, v, v + nodes, &p->found.kept, diag);
    snprintf(p->found.off, sizeof p->found.off, "%s", eq_circuit_node_name(c, p->found.kept.off));
    p->found.judged = true;
    eq_free(v);
    return status;
}

bool eq_verification_holds(const eq_verification *v, double tol) {
    return v->node.relative <= tol && v->branch.relative <= tol;
}

/* Compares with ngspice's plots; numbered: it got numbers for names, and an answer that differs is
 * judged. */
static eq_status match(checking *p, eq_result *const *plots, size_t count, bool numbered,
                       eq_diag *diag) {
    const eq_result *theirs = operating_point_of(plots, count);
    lookup there;
    p->found = (eq_verification){.points = 1};
    snprintf(p->found.where, sizeof p->found.where, "%s", p->at->where);
    if (theirs == NULL) return eq_fail(diag, EQ_ERR_CHECK, "ngspice gave no operating point");
    eq_status status = lookup_new(theirs, numbered, &there, diag);
    if (status == EQ_OK) status = compare(p->at->circuit, p->ours, theirs, &there, &p->found, diag);
    if (status == EQ_OK && numbered && !eq_verification_holds(&p->found, p->tol))
        status = judge(p, theirs, &there, diag);
    lookup_free(&there);
    return status;
}

/* The deck that ngspice gets, with `from` (NULL: nothing) behind its title. */
static eq_status write_deck(const eq_circuit *c, const eq_text *from, eq_text *out, eq_diag *diag) {
    eq_text deck = {0};
    eq_status status = eq_deck_write_numbered(c, &deck, diag);
    if (status == EQ_OK) {
        size_t title = strcspn(deck.text, "\n") + 1;
        eq_text_add(out, deck.text, title);
        if (from != NULL) eq_text_add(out, from->text, from->length);
        eq_text_puts(out, deck.text + title);
        if (out->failed) status = eq_out_of_memory(diag);
    }
    eq_text_free(&deck);
    return status;
}

static eq_status ask(checking *p, const eq_text *from, eq_diag *diag) {
    eq_text deck = {0};
    eq_result **plots = NULL;
    size_t count = 0;
    eq_status status = write_deck(p->at->circuit, from, &deck, diag);
    if (status == EQ_OK) status = eq_ngspice_run(deck.text, deck.length, &plots, &count, diag);
    if (status == EQ_OK) status = match(p, plots, count, true, diag);
    eq_raw_free(plots, count);
    eq_text_free(&deck);
    return status;
}

/* Once more from our answer; *same: ngspice stays there. */
static eq_status ask_from_ours(checking *p, bool *same, eq_diag *diag) {
    eq_verification before = p->found;
    eq_text from = {0};
    for (size_t k = 1; k < eq_circuit_nodes(p->at->circuit); k++)
        eq_text_printf(&from, ".nodeset v(n%zu)=%.17g\n", k, p->at->v[k]);
    eq_status status = from.failed ? eq_out_of_memory(diag) : ask(p, &from, NULL);
    eq_text_free(&from);
    *same = status == EQ_OK && eq_verification_holds(&p->found, p->tol);
    if (!*same) p->found = before;
    return status == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : EQ_OK;
}

/* The messages of one list at the end of another. */
static void pass_on(const eq_diag *said, eq_status status, eq_diag *diag) {
    for (size_t k = 0; k < eq_diag_count(said); k++)
        eq_fail(diag, status, "%s", eq_diag_get(said, k)->text);
}

static eq_status check(checking *p, eq_diag *diag) {
    eq_diag *said = eq_diag_new();
    if (said == NULL) return eq_out_of_memory(diag);
    bool same = false;
    eq_status status = ask(p, NULL, said), asked = EQ_OK;
    bool elsewhere = status == EQ_OK && !eq_verification_holds(&p->found, p->tol);
    if (elsewhere || status == EQ_ERR_CHECK) asked = ask_from_ours(p, &same, diag);
    p->found.elsewhere = same && elsewhere;
    p->found.nowhere = same && !elsewhere;
    if (!same) pass_on(said, status, diag);
    eq_diag_free(said);
    if (asked != EQ_OK) return asked;
    return same ? EQ_OK : status;
}

static eq_status check_point(void *data, const eq_analysis_point *at) {
    checking *p = data;
    p->at = at;
    p->ours = NULL;
    eq_status status = table_of(at, &p->ours, p->diag);
    if (status == EQ_OK) status = check(p, p->diag);
    eq_result_free(p->ours);
    p->at = NULL;
    return status;
}

eq_status eq_verify(eq_circuit *c, double tol, eq_verification *out, eq_diag *diag) {
    checking p = {.tol = tol, .diag = diag};
    eq_status status = solve(c, check_point, &p, diag);
    *out = p.found;
    return status;
}

/* Plots that are there already. */
typedef struct given {
    eq_result *const *plots;
    size_t count;
    checking p;
} given;

static eq_status match_given(void *data, const eq_analysis_point *at) {
    given *g = data;
    checking *p = &g->p;
    p->at = at;
    eq_status status = table_of(at, &p->ours, p->diag);
    if (status == EQ_OK) status = match(p, g->plots, g->count, false, p->diag);
    eq_result_free(p->ours);
    p->at = NULL;
    return status;
}

eq_status eq_verify_plots(eq_circuit *c, eq_result *const *plots, size_t count,
                          eq_verification *out, eq_diag *diag) {
    given g = {plots, count, {.diag = diag}};
    eq_status status = solve(c, match_given, &g, diag);
    *out = g.p.found;
    return status;
}

/* --- decks --- */

static void merge(eq_deviation *all, const eq_deviation *one) {
    all->count = one->count > all->count ? one->count : all->count;
    if (!(one->absolute <= all->absolute)) all->absolute = one->absolute;
    if (one->relative >= all->relative || isnan(one->relative)) {
        all->relative = one->relative;
        memcpy(all->worst, one->worst, sizeof all->worst);
    }
}

static double worst_of(const eq_verification *v) {
    return fmax(v->node.relative, v->branch.relative);
}

void eq_verification_merge(eq_verification *all, const eq_verification *one) {
    bool worse = all->points == 0 || !(worst_of(one) <= worst_of(all));
    merge(&all->node, &one->node);
    merge(&all->branch, &one->branch);
    all->points += one->points;
    all->elsewhere += one->elsewhere;
    all->nowhere += one->nowhere;
    if (!worse) return;
    memcpy(all->where, one->where, sizeof all->where);
    memcpy(all->off, one->off, sizeof all->off);
    all->judged = one->judged;
    all->kept = one->kept;
}

/* On the way through the points of a deck. */
typedef struct journey {
    const eq_verify_options *o;
    size_t points, next, done, chosen; /* of all; the next one's number; compared; to compare */
    eq_verification *all;
    checking p;
} journey;

/* Point k of n when `most` are spread over them, the first and the last among them. */
static bool chosen(size_t k, size_t n, size_t most) {
    return most == 0 || n <= most || k * most % n < most || k + 1 == n;
}

static eq_status visit(void *data, const eq_analysis_point *at) {
    journey *j = data;
    size_t k = j->next++;
    if (!chosen(k, j->points, j->o->most)) return EQ_OK;
    if (j->o->progress != NULL) j->o->progress(j->o->data, j->done, j->chosen);
    j->done++;
    eq_status status = check_point(&j->p, at);
    if (status == EQ_OK) eq_verification_merge(j->all, &j->p.found);
    if (status != EQ_OK && at->where[0] != '\0')
        eq_note_at(j->p.diag, (eq_place){0}, "this was at %s", at->where);
    return status;
}

eq_status eq_verify_deck(eq_deck *d, const eq_verify_options *o, eq_verification *out,
                         double *points, eq_diag *diag) {
    eq_solve_options solve_options = eq_solve_defaults(d->circuit);
    journey j = {.o = o, .all = out, .p = {.tol = o->tol, .diag = diag}};
    *out = (eq_verification){0};
    *points = d->analyses == 0 ? 1.0 : 0.0;
    for (size_t k = 0; k < d->analyses; k++) *points += eq_analysis_points(d, k);
    j.points = (size_t)fmin(*points, 1e15);
    for (size_t k = 0; k < j.points && o->most > 0 && j.points > o->most; k++)
        j.chosen += chosen(k, j.points, o->most);
    if (j.chosen == 0) j.chosen = j.points;
    if (d->analyses == 0) return solve(d->circuit, visit, &j, diag);
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < d->analyses; k++)
        status = eq_analysis_visit(d, k, &solve_options, visit, &j, diag);
    return status;
}
