/* Sensitivities to every parameter: against closed forms, against differences of solved circuits,
 * and the deviation to first order against draws. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/sensitivity.h"
#include "support/program.h"

Suite *sens_suite(void);

/* Every kind of element that has a derivative, and sources that stand at 0. */
#define NETWORK                                                                                    \
    "title\nV1 a 0 1\nR1 a b 1k\nR2 b 0 2k\nD1 b 0 dm\nE1 d 0 b 0 2\nR3 b d 5k\nG1 b 0 d 0 1u\n"   \
    "I1 0 b 1u\nVz z b 0\nR4 z 0 3k\nF1 0 b Vz 0.1\nH1 e 0 Vz 10\nR5 e b 1k\n"                     \
    ".model dm d(is=1e-9 n=1.2 rs=1)\n.options reltol=1e-12 abstol=1e-18\n.end\n"

/* C = y^2 + 3 y, whose slope is not constant. */
static double cost(void *data, size_t j, const double *y) {
    (void)data;
    (void)j;
    return y[0] * y[0] + 3.0 * y[0];
}

static void cost_slope(void *data, size_t j, const double *y, double *dcdy) {
    (void)data;
    (void)j;
    dcdy[0] = 2.0 * y[0] + 3.0;
}

typedef struct bench {
    eq_circuit *c;
    eq_output output;
    eq_sensitivity s;
} bench;

static void open_bench(bench *b, const char *deck, const char *plus, const char *minus) {
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_circuit_parse("t.cir", deck, strlen(deck), &b->c, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_get(diag, 0)->text);
    b->output = (eq_output){.plus = eq_circuit_find_node(b->c, plus),
                            .minus = minus == NULL ? EQ_NONE : eq_circuit_find_node(b->c, minus)};
    eq_scenes scenes = {&b->output, 1, 1, NULL, NULL, cost, cost_slope};
    status = eq_sensitivity_open(&b->s, b->c, &scenes, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_count(diag) ? eq_diag_get(diag, 0)->text : "?");
    eq_diag_free(diag);
}

static void close_bench(bench *b) {
    eq_sensitivity_close(&b->s);
    eq_circuit_free(b->c);
}

/* The cost with parameter p elsewhere, by another solver. */
static double cost_at(bench *b, size_t p, double value) {
    eq_solver *solver = NULL;
    eq_handle_put(b->c, b->s.handle[p], value);
    ck_assert_int_eq(eq_solver_new(b->c, &solver, NULL), EQ_OK);
    double *v = eq_calloc(eq_circuit_nodes(b->c), sizeof *v);
    ck_assert_int_eq(eq_solver_solve(solver, NULL, v, NULL, NULL, NULL), EQ_OK);
    double y = v[b->output.plus] - (b->output.minus == EQ_NONE ? 0.0 : v[b->output.minus]);
    eq_free(v);
    eq_solver_free(solver);
    eq_handle_put(b->c, b->s.handle[p], b->s.value[p]);
    return cost(NULL, 0, &y);
}

START_TEST(every_slope_is_that_of_differences) {
    bench b;
    open_bench(&b, NETWORK, "b", "d");
    ck_assert_uint_ge(b.s.params, 13);
    for (size_t p = 0; p < b.s.params; p++) {
        double w = b.s.value[p], h = w == 0.0 ? 1e-6 : 1e-5 * fabs(w);
        if (w == 0.0 && eq_handle_about(b.c, b.s.handle[p]).min == 0.0) continue;
        double slope = (cost_at(&b, p, w + h) - cost_at(&b, p, w - h)) / (2.0 * h);
        ck_assert_msg(fabs(slope - b.s.gradient[p]) <= 1e-6 * fabs(slope) + 1e-9 / h * 1e-4,
                      "parameter %zu: %.12g, by differences %.12g", p, b.s.gradient[p], slope);
    }
    close_bench(&b);
}
END_TEST

/* y = V r2/(r1 + r2): y = 7.5 V, dC/dy = 18. */
START_TEST(a_divider_has_its_closed_form) {
    static const char deck[] = "title\nV1 in 0 10\nR1 in out 1k\nR2 out 0 3k\n.end\n";
    static const double slope[] = {0.75, -10.0 * 3e3 / 16e6, 10.0 * 1e3 / 16e6};
    bench b;
    open_bench(&b, deck, "out", NULL);
    ck_assert_uint_eq(b.s.params, 3);
    for (size_t p = 0; p < 3; p++) ck_assert_double_eq_tol(b.s.gradient[p], 18.0 * slope[p], 1e-12);
    ck_assert_double_eq_tol(b.s.mean, 7.5 * 7.5 + 22.5, 1e-12);
    double by_hand = 0.01 * 18.0 * sqrt(7.5 * 7.5 + 2.0 * 1.875 * 1.875);
    ck_assert_double_eq_tol(eq_sensitivity_deviation(&b.s, 0.01), by_hand, 1e-12);
    close_bench(&b);
}
END_TEST

START_TEST(draws_meet_the_first_order_and_leave_the_circuit_as_it_was) {
    enum { DRAWS = 4000 };
    bench b;
    eq_draws d, again;
    open_bench(&b, NETWORK, "b", NULL);
    double first = eq_sensitivity_deviation(&b.s, 1e-3);
    ck_assert_int_eq(eq_sensitivity_draw(&b.s, 1e-3, DRAWS, 5, &d, NULL), EQ_OK);
    ck_assert_uint_eq(d.drawn, DRAWS);
    /* the deviation of a deviation is 1/sqrt(2 n) of it: 1.1 %; four of them */
    ck_assert_msg(fabs(d.deviation / first - 1.0) < 0.045, "%g, first order %g", d.deviation,
                  first);
    ck_assert_double_eq_tol(d.mean, b.s.mean, 5.0 * first / sqrt(DRAWS) + 1e-3 * first);
    for (size_t p = 0; p < b.s.params; p++)
        ck_assert_double_eq(eq_handle_get(b.c, b.s.handle[p]), b.s.value[p]);
    ck_assert_int_eq(eq_sensitivity_draw(&b.s, 1e-3, DRAWS, 5, &again, NULL), EQ_OK);
    ck_assert_double_eq(again.deviation, d.deviation);
    close_bench(&b);
}
END_TEST

START_TEST(the_loss_of_a_trained_network_is_ranked) {
    char *text;
    expect_exit(0, NULL, "train netlists/two-stage.xml -o %s --set epochs.count=2", in("run"));
    expect_exit(0, &text, "sens %s --samples 5 --draws 20 -o %s", in("run"), in("all.csv"));
    ck_assert_ptr_nonnull(strstr(text, "mean of 5 samples"));
    ck_assert_ptr_nonnull(strstr(text, "by 20 draws"));
    free(text);
    text = file_text(in("all.csv"));
    ck_assert_int_eq(strncmp(text, "rank,parameter,unit,value,slope,effect\n1,", 41), 0);
    eq_free(text);
    expect_exit(0, NULL, "sens %s --of y1p,y1m", in("run"));
}
END_TEST

START_TEST(what_cannot_be_ranked_is_told) {
    static const char *const wrong[][2] = {
        {"sens netlists/divider.cir", "say of what, as in --of out"},
        {"sens netlists/divider.cir --of v(nothere)", "no node 'nothere'"},
        {"sens netlists/divider.cir --of out --samples 3", "a deck has no samples"},
        {"sens netlists/divider.cir --of out --sigma -1", "is no fraction"},
    };
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        char *text;
        expect_exit(2, &text, "%s", wrong[k][0]);
        ck_assert_msg(strstr(text, wrong[k][1]) != NULL, "%s: %s", wrong[k][0], text);
        free(text);
    }
}
END_TEST

Suite *sens_suite(void) {
    Suite *s = suite_create("sens");
    TCase *t = tcase_create("sens");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_slope_is_that_of_differences);
    tcase_add_test(t, a_divider_has_its_closed_form);
    tcase_add_test(t, draws_meet_the_first_order_and_leave_the_circuit_as_it_was);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, what_cannot_be_ranked_is_told);
    tcase_add_test(t, the_loss_of_a_trained_network_is_ranked);
    suite_add_tcase(s, t);
    return s;
}
