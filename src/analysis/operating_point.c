#include "analysis/operating_point.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "solver/switches.h"

/* A column KIND(NAME); text is work space. */
static eq_status add_variable(eq_result *r, eq_text *text, const char *kind, const char *name,
                              const char *type, eq_diag *diag) {
    eq_text_clear(text);
    eq_text_puts(text, kind);
    eq_text_puts(text, "(");
    eq_text_puts(text, name);
    eq_text_puts(text, ")");
    return text->failed ? eq_out_of_memory(diag) : eq_result_variable(r, text->text, type, diag);
}

eq_status eq_operating_point_columns(const eq_circuit *c, const eq_solver *s, eq_result *r,
                                     eq_diag *diag) {
    eq_text text = {0};
    eq_status status = EQ_OK;
    for (size_t k = 1; status == EQ_OK && k < eq_circuit_nodes(c); k++)
        status = add_variable(r, &text, "v", eq_circuit_node_name(c, (eq_node)k), "voltage", diag);
    for (size_t k = 0; status == EQ_OK && k < eq_solver_branches(s); k++)
        status =
            add_variable(r, &text, "i", eq_circuit_element_name(c, eq_solver_branch_element(s, k)),
                         "current", diag);
    eq_text_free(&text);
    return status;
}

eq_status eq_operating_point_start(const eq_circuit *c, eq_solver *s, const eq_solve_options *o,
                                   double *v, eq_diag *diag) {
    size_t nodes = eq_circuit_nodes(c);
    double *held = c->starts == 0 ? NULL : eq_malloc(nodes, sizeof *held);
    if (c->starts == 0) memset(v, 0, nodes * sizeof *v);
    if (c->starts == 0) return EQ_OK;
    if (held == NULL) return eq_out_of_memory(diag);
    eq_circuit_begin(c, v, held);
    eq_status status = eq_solver_hold(s, o, held, v, diag);
    eq_free(held);
    return status;
}

eq_status eq_operating_point(eq_circuit *c, const eq_solve_options *o, eq_result **out,
                             eq_solve_info *info, eq_diag *diag) {
    eq_solver *s = NULL;
    eq_result *r = NULL;
    eq_status status = eq_solver_new(c, &s, diag);
    if (status != EQ_OK) return status;
    size_t nodes = eq_circuit_nodes(c);
    double *state = eq_calloc(nodes + eq_solver_branches(s), sizeof *state); /* v, then branches */
    if (state == NULL) status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = eq_operating_point_start(c, s, o, state, diag);
    if (status == EQ_OK) status = eq_switches_solve(c, s, o, state, state + nodes, info, diag);
    eq_switches_release(c);
    if (status == EQ_OK) r = eq_result_new(c->title, "Operating Point");
    if (status == EQ_OK && r == NULL) status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = eq_operating_point_columns(c, s, r, diag);
    if (status == EQ_OK) status = eq_result_point(r, state + 1, diag);
    eq_free(state);
    eq_solver_free(s);
    if (status == EQ_OK)
        *out = r;
    else
        eq_result_free(r);
    return status;
}
