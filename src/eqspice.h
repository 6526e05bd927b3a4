/* eqspice: the whole life of a circuit on one screen. Link with libeqspice.a; everything else of
 * src/ is the program's own. Every function that can fail returns EQ_OK or a negative status and
 * adds to `diag` (may be NULL) a sentence that says what is wrong and what to do. Units: V, A, S,
 * ohm. See docs/tutorial.md.
 *
 *     eq_circuit *c;  eq_solver *s;
 *     eq_deck_read("divider.cir", &c, diag);                    text -> circuit
 *     eq_solver_new(c, &s, diag);                               analyzed once
 *     double *v = calloc(eq_circuit_nodes(c), sizeof *v);
 *     eq_solver_solve(s, NULL, v, NULL, NULL, diag);            v[node] [V]
 *     *eq_circuit_param(c, eq_circuit_find_element(c, "v1"), 0) = 5.0;
 *     eq_circuit_derive(c);  eq_solver_refresh(s);              new values, the analysis is kept
 *     eq_solver_solve(s, NULL, v, NULL, NULL, diag);
 *     eq_solver_free(s);  eq_circuit_free(c); */
#ifndef EQSPICE_H
#define EQSPICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct eq_circuit eq_circuit;
typedef struct eq_solver eq_solver;
typedef struct eq_solve_options eq_solve_options; /* NULL: those of the deck, Newton */
typedef struct eq_solve_info eq_solve_info;
typedef struct eq_experiment eq_experiment;
typedef int32_t eq_node;    /* 0 is ground */
typedef int32_t eq_element; /* in deck order */

/* A deck, SPICE or XML, ready to be solved. */
eq_status eq_deck_read(const char *path, eq_circuit **out, eq_diag *diag);
eq_status eq_deck_parse(const char *name, const char *text, size_t length, eq_circuit **out,
                        eq_diag *diag);
void eq_circuit_free(eq_circuit *c);

/* Names are case-blind; -1 when there is none. */
size_t eq_circuit_nodes(const eq_circuit *c);
size_t eq_circuit_elements(const eq_circuit *c);
eq_node eq_circuit_find_node(const eq_circuit *c, const char *name);
eq_element eq_circuit_find_element(const eq_circuit *c, const char *name);
const char *eq_circuit_node_name(const eq_circuit *c, eq_node node);
const char *eq_circuit_element_name(const eq_circuit *c, eq_element e);
/* Parameter k of an element (0: dc of a source, resistance, conductance, gain), to read or change.
 */
double *eq_circuit_param(eq_circuit *c, eq_element e, int k);
void eq_circuit_derive(eq_circuit *c);

/* The operating point: v[nodes]; branch[branches] are the currents of the V, E and H elements, from
 * the first node through the source to the second. v is the start on entry, NAN when there is no
 * answer. */
eq_status eq_solver_new(eq_circuit *c, eq_solver **out, eq_diag *diag);
void eq_solver_free(eq_solver *s);
void eq_solver_refresh(eq_solver *s);
size_t eq_solver_branches(const eq_solver *s);
int eq_solver_branch_of(const eq_solver *s, eq_element e);
eq_status eq_solver_solve(eq_solver *s, const eq_solve_options *o, double *v, double *branch,
                          eq_solve_info *info, eq_diag *diag);
/* The exact gradient of a cost C(v): dC/dw = -(lambda[a] - lambda[b]) di/dw for an element from a
 * to b. */
eq_status eq_solver_adjoint(eq_solver *s, const double *v, const double *branch, const double *dcdv,
                            double *lambda, eq_diag *diag);

#endif
