/* Work counted, not timed: what a grid of 2,500 nodes costs the sparse solver. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mna.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "solver/solver_internal.h"

Suite *counts_suite(void);

enum { SIDE = 50 };

/* The grid of `make bench`: conductances over two decades, a diode to ground at a tenth of the
 * nodes, a current source at a hundredth. */
static eq_circuit *grid(void) {
    eq_text t = {0};
    eq_random r = eq_random_seed(1);
    int id = 0;
    eq_text_puts(&t, "grid\n.model dm D(is=1e-14)\nRg n0_0 0 1k\nI0 0 n7_7 1m\n");
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            for (int below = 0; below < 2; below++) {
                double ohm = pow(10.0, 2.0 + 2.0 * eq_random_uniform(&r));
                double what = eq_random_uniform(&r);
                if (i + below < SIDE && j + !below < SIDE)
                    eq_text_printf(&t, "R%d n%d_%d n%d_%d %.6g\n", ++id, i, j, i + below,
                                   j + !below, ohm);
                if (below && what < 0.1) eq_text_printf(&t, "D%d n%d_%d 0 dm\n", ++id, i, j);
                if (below && what > 0.99) eq_text_printf(&t, "I%d 0 n%d_%d 1m\n", ++id, i, j);
            }
    ck_assert(!t.failed);
    eq_circuit *c = deck(t.text);
    eq_text_free(&t);
    return c;
}

/* A bound a little above what the grid takes today (8 iterations): a factorization an iteration,
 * and one analysis by one backend for all of them. */
START_TEST(newton_on_a_grid) {
    eq_circuit *c = grid();
    eq_solver *s = NULL;
    eq_solve_info info;
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    double *v = calloc(eq_circuit_nodes(c), sizeof *v);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, &info, NULL), EQ_OK);
    ck_assert_str_eq(eq_solver_backend(s), "cholmod");
    ck_assert_str_eq(info.rung, "newton");
    ck_assert_double_le(info.residual_ratio, 1.0);
    ck_assert_int_le(info.iterations, 9);
    ck_assert_int_le(info.factorizations, info.iterations);
    free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* Once a circuit has been solved, all memory is there: with every further allocation of ours
 * failing, other right-hand sides are solved as before, by the analysis of the first. What CHOLMOD
 * takes for the time of a factorization is its own. */
START_TEST(no_allocation_in_later_solves) {
    eq_circuit *c = grid();
    eq_solver *s = NULL;
    eq_solve_info info[2];
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    size_t nodes = eq_circuit_nodes(c);
    double *v = calloc(2 * nodes, sizeof *v);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, &info[0], NULL), EQ_OK);
    double *source = eq_circuit_source(c, eq_circuit_find_element(c, "i0"));
    double drive = *source;
    eq_mem_fail_after(0);
    *source = 1.5 * drive;
    eq_status other = eq_solver_solve(s, NULL, v + nodes, NULL, &info[1], NULL);
    bool moved = memcmp(v, v + nodes, nodes * sizeof *v) != 0;
    *source = drive;
    memset(v + nodes, 0, nodes * sizeof *v);
    eq_status same = eq_solver_solve(s, NULL, v + nodes, NULL, &info[1], NULL);
    void *refused = eq_malloc(1, 1);
    eq_mem_fail_after(-1);
    ck_assert_ptr_null(refused);
    ck_assert_int_eq(other, EQ_OK);
    ck_assert(moved);
    ck_assert_int_eq(same, EQ_OK);
    ck_assert_mem_eq(v, v + nodes, nodes * sizeof *v);
    ck_assert_int_eq(info[1].factorizations, info[0].factorizations);
    free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

Suite *counts_suite(void) {
    Suite *s = suite_create("counts");
    TCase *t = tcase_create("counts");
    tcase_add_test(t, newton_on_a_grid);
    tcase_add_test(t, no_allocation_in_later_solves);
    suite_add_tcase(s, t);
    return s;
}
