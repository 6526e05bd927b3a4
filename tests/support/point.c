#include "point.h"

#include <check.h>

#include "base/mem.h"
#include "compare.h"
#include "solver/solver.h"

typedef struct point {
    eq_circuit *c;
    eq_solver *s;
    double *v, *branch;
} point;

static point solved(const char *deck) {
    point p = {.c = parse_deck(deck)};
    ck_assert_int_eq(eq_solver_new(p.c, &p.s, NULL), EQ_OK);
    p.v = eq_calloc(eq_circuit_nodes(p.c), sizeof *p.v);
    p.branch = eq_calloc(eq_solver_branches(p.s) + 1, sizeof *p.branch);
    ck_assert_int_eq(eq_solver_solve(p.s, NULL, p.v, p.branch, NULL, NULL), EQ_OK);
    return p;
}

static void point_free(point *p) {
    eq_free(p->v);
    eq_free(p->branch);
    eq_solver_free(p->s);
    eq_circuit_free(p->c);
}

double potential(const char *deck, const char *node) {
    point p = solved(deck);
    eq_node n = eq_circuit_find_node(p.c, node);
    ck_assert_msg(n != EQ_NONE, "no node %s", node);
    double at = p.v[n];
    point_free(&p);
    return at;
}

double source_current(const char *deck, const char *source) {
    point p = solved(deck);
    eq_element e = eq_circuit_find_element(p.c, source);
    ck_assert_msg(e != EQ_NONE, "no source %s", source);
    double current = -eq_solver_current(p.s, e, p.v, p.branch);
    point_free(&p);
    return current;
}
