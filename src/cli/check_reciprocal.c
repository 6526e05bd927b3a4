#include <math.h>

#include "analysis/operating_point.h"
#include "base/carry.h"
#include "base/mem.h"
#include "cli/check.h"
#include "cli/cli.h"

enum { WORST = 5 };

/* Below it J is symmetric to round-off. */
static const double symmetric = 1e-12;

static eq_status measure_at(eq_circuit *c, eq_solver *s, double *state, eq_measured *m,
                            eq_diag *diag) {
    size_t nodes = eq_circuit_nodes(c);
    eq_solve_options o = eq_solve_defaults(c);
    eq_diag *own = eq_diag_new();
    eq_status status = eq_operating_point_start(c, s, &o, state, own);
    if (status == EQ_OK) status = eq_solver_solve(s, &o, state, state + nodes, NULL, own);
    m->there = status == EQ_OK;
    eq_diag_free(own);
    if (status == EQ_ERR_MEMORY) return eq_out_of_memory(diag);
    if (!m->there) {
        eq_note_at(diag, (eq_place){0},
                   "no operating point was found, so it is not known how far from reciprocal the "
                   "circuit is; see eqspice op");
        return EQ_OK;
    }
    status = eq_reciprocity_asymmetry(s, state, state + nodes, &m->asymmetry, diag);
    if (status != EQ_OK || c->outputs == 0 || c->groups == 0) return status;
    m->likeness = eq_calloc(c->groups, sizeof *m->likeness);
    return m->likeness == NULL
               ? eq_out_of_memory(diag)
               : eq_reciprocity_gradients(s, state, state + nodes, m->likeness, diag);
}

eq_status eq_check_measure(eq_circuit *c, eq_measured *m, eq_diag *diag) {
    eq_solver *s = NULL;
    *m = (eq_measured){.there = false};
    eq_status status = eq_solver_new(c, &s, diag);
    if (status != EQ_OK) return status;
    double *state =
        eq_calloc(eq_circuit_nodes(c) + eq_solver_branches(s), sizeof *state); /* v, branches */
    status = state == NULL ? eq_out_of_memory(diag) : measure_at(c, s, state, m, diag);
    eq_free(state);
    eq_solver_free(s);
    return status;
}

void eq_check_measured_free(eq_measured *m) {
    eq_asymmetry_free(&m->asymmetry);
    eq_free(m->likeness);
}

static const char *class_of(const eq_circuit *c, eq_element e) {
    return c->table[c->row[e].cls].cls->name;
}

static void print_shares(const eq_circuit *c, const eq_asymmetry *a) {
    size_t shown = a->shares < WORST ? a->shares : WORST;
    for (size_t k = 0; k < shown; k++) {
        printf("  %-10.3g ", a->share[k].share);
        eq_carry_to(EQ_CARRY_TABLE, eq_circuit_element_name(c, a->share[k].element), stdout);
        printf(", a %s\n", class_of(c, a->share[k].element));
    }
    if (a->shares > shown)
        printf("  and %zu more of %.3g or less\n", a->shares - shown, a->share[shown].share);
}

static void print_likeness(const eq_circuit *c, const eq_likeness *l) {
    puts("derivatives of the outputs by infinitesimal nudges, beside the exact ones:");
    printf("  %-24s %-12s %s\n", "group", "cosine", "size");
    for (size_t g = 0; g < c->groups; g++)
        printf("  %-24s %-12s %s\n", c->group[g].name, eq_show('f', 9, l[g].cosine).text,
               eq_show('g', 6, isnan(l[g].cosine) ? NAN : l[g].size).text);
}

void eq_check_print_measured(const eq_circuit *c, const eq_measured *m) {
    const eq_asymmetry *a = &m->asymmetry;
    if (!m->there) return;
    if (a->system <= symmetric)
        puts("at this operating point the Jacobian is symmetric: what phases give is the gradient "
             "there");
    else
        printf("at this operating point max |J - J^T| is %.3g of max |J|\n", a->system);
    if (a->shares > 0) {
        printf("by elements, %zu of which %s not reciprocal:\n", a->shares,
               a->shares == 1 ? "is" : "are");
        print_shares(c, a);
    }
    if (m->likeness != NULL) print_likeness(c, m->likeness);
}

void eq_check_measured_json(const eq_circuit *c, const eq_measured *m) {
    const eq_asymmetry *a = &m->asymmetry;
    if (!m->there) return;
    fputs(",\n ", stdout);
    eq_json_number("asymmetry", a->system, ", \"shares\": [");
    for (size_t k = 0; k < a->shares; k++) {
        printf("%s{\"element\": ", k == 0 ? "" : ", ");
        eq_json_text(eq_circuit_element_name(c, a->share[k].element));
        printf(", \"class\": \"%s\", ", class_of(c, a->share[k].element));
        eq_json_number("share", a->share[k].share, "}");
    }
    fputs("], \"groups\": [", stdout);
    for (size_t g = 0; m->likeness != NULL && g < c->groups; g++)
        eq_json_likeness(g, c->group[g].name, m->likeness[g].cosine, m->likeness[g].size);
    fputs("]", stdout);
}
