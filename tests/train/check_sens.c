/* Sensitivities to every parameter: against closed forms, against differences of solved circuits,
 * and the deviation to first order against draws. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/sensitivity.h"
#include "report/ngspice.h"
#include "result/raw.h"
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
    eq_scenes scenes = {
        .output = &b->output, .outputs = 1, .n = 1, .value = cost, .gradient = cost_slope};
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

#define CARDS                                                                                      \
    "cards\nV1 in 0 2\nR1 in out 1k\nR2 out 0 2k\nI1 0 out 1m\nE1 e 0 out 0 2\nR3 e f 3k\n"        \
    "R4 f 0 1k\nG1 0 f in out 1m\nD1 out 0 dd\n.model dd d(is=1e-14)\n.options reltol=1e-9\n"

/* Its slope by ngspice's name in the CSV of ours; our names have the parameter in brackets. */
static double slope_of(const char *csv, const char *name) {
    eq_text line = {0};
    double slope = NAN;
    eq_text_printf(&line, ",\"%s\",", name);
    const char *at = strstr(csv, line.text);
    if (at != NULL) sscanf(at + line.length, "%*[^,],%*[^,],%lf", &slope);
    eq_text_free(&line);
    return slope;
}

/* ngspice takes differences. */
START_TEST(cards_of_a_deck_say_of_what) {
    static const char *const of[] = {"v(f,out)", "i(V1)", "v(out)"};
    static const char *const name[][2] = {
        {"v(v1)", "v1"},      {"v(r1)", "r1"},      {"v(r2)", "r2"},
        {"v(r3)", "r3"},      {"v(r4)", "r4"},      {"v(i1)", "i1"},
        {"v(e1_gain)", "e1"}, {"v(g1_gain)", "g1"}, {"v(d1:is)", "d1(is)"}};
    for (size_t k = 0; k < 3; k++) {
        eq_text deck = {0};
        eq_result **there = NULL;
        size_t tables = 0;
        eq_text_printf(&deck, "%s.sens %s\n.end\n", CARDS, of[k]);
        ck_assert_int_eq(eq_ngspice_run(deck.text, deck.length, &there, &tables, NULL), EQ_OK);
        expect_exit(0, NULL, "sens %s -o %s", put("c.cir", deck.text), in("c.csv"));
        char *csv = file_text(in("c.csv"));
        for (size_t n = 0; n < sizeof name / sizeof *name; n++) {
            size_t at = eq_result_find(*there, name[n][0]);
            ck_assert_msg(at < (*there)->variables, "no %s", name[n][0]);
            double slope = slope_of(csv, name[n][1]), want = (*there)->value[at];
            ck_assert_msg(fabs(slope - want) <= 1e-5 * fabs(want), "%s by %s: %.12g, ngspice %.12g",
                          of[k], name[n][0], slope, want);
        }
        eq_free(csv);
        eq_raw_free(there, tables);
        eq_text_free(&deck);
    }
}
END_TEST

/* Several cards are answered one below the other, each by what it names; --of is before all of them. */
START_TEST(every_card_is_answered) {
    char *text;
    put("c.cir",
        CARDS "*% output f\n.sens v(out)\n.sens objfunc={2*v(f)+v(e)} param=R1:R,d1:is\n.end\n");
    expect_exit(0, &text, "sens %s", in("c.cir"));
    const char *first = strstr(text, "v(out) = "), *second = strstr(text, "2*v(f)+v(e)} = ");
    ck_assert_msg(first != NULL && second > first && strstr(second, " 2 parameters") != NULL &&
                      strstr(second, " r1 ") != NULL && strstr(second, " v1 ") == NULL &&
                      strstr(first, " 10 parameters") < second,
                  "%s", text);
    free(text);
    expect_exit(0, &text, "sens %s --of e --draws 5", in("c.cir"));
    ck_assert_msg(strstr(text, "v(e) = ") == text && strstr(text, "v(out)") == NULL, "%s", text);
    free(text);
    expect_exit(2, &text, "sens %s -o %s", in("c.cir"), in("c.csv"));
    ck_assert_msg(strstr(text, "2 .sens cards") != NULL, "%s", text);
    free(text);
    put("a.cir", CARDS ".sens v(out) ac dec 10 1 1k\n.end\n");
    expect_exit(2, &text, "sens %s", in("a.cir"));
    ck_assert_msg(strstr(text, "a.cir:13:1: error: .sens .. ac") != NULL, "%s", text);
    free(text);
    expect_exit(0, &text, "sens %s --of out", in("a.cir"));
    free(text);
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
    expect_exit(0, &text, "sens %s --of y1p,y1m --samples 4", in("run"));
    double mean, sum = 0.0;
    ck_assert_int_eq(sscanf(text, "v(y1p,y1m) = %lf V", &mean), 1);
    ck_assert_ptr_nonnull(strstr(text, "mean of 4 samples"));
    free(text);
    expect_exit(0, NULL, "eval %s --predictions %s", in("run"), in("p.csv"));
    text = file_text(in("p.csv"));
    const char *row = strchr(text, '\n') + 1;
    for (int k = 0; k < 4; k++, row = strchr(row, '\n') + 1) {
        double y;
        ck_assert_int_eq(sscanf(row, "%*d,%*[^,],%*[^,],%lf", &y), 1);
        sum += y;
    }
    ck_assert_double_eq_tol(mean, sum / 4.0, 1e-5 * fabs(mean));
    eq_free(text);
}
END_TEST

static double loss_slope(const char *csv, const char *parameter) {
    const char *row = strstr(csv, parameter);
    ck_assert_msg(row != NULL, "%s\n%s", parameter, csv);
    double value, slope;
    ck_assert_int_eq(sscanf(row + strlen(parameter), ",ohm,%lf,%lf", &value, &slope), 2);
    return slope;
}

/* Each sample has targets of its own: two dividers of 1 kohm, dL/dR ~ -sum (x/2 - t) x. */
START_TEST(the_loss_is_of_the_targets_of_each_sample) {
    put("net.cir", "t\nVx x 0 0\nRa x y 1k\nRb y 0 1k\nRc x z 1k\nRd z 0 1k\n*% input Vx\n"
                   "*% output y z\n*% train R* gmin=1e-9 gmax=1\n.op\n.end\n");
    put("data.csv", "x,t,u\n1,0.1,0.7\n0.5,0.4,-0.2\n");
    put("net.xml",
        "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv' targets='t u' "
        "test-path='data.csv'/><cost type='squared-error'/><estimator type='adjoint'/>"
        "<optimizer type='sgd' rate='1e-30'/><epochs count='1'/></experiment>");
    expect_exit(0, NULL, "train %s -o %s", in("net.xml"), in("run"));
    expect_exit(0, NULL, "sens %s --samples 2 -o %s", in("run"), in("all.csv"));
    char *csv = file_text(in("all.csv"));
    double a = loss_slope(csv, "\"ra\""), c = loss_slope(csv, "\"rc\"");
    ck_assert_double_lt(a, 0.0);
    ck_assert_double_eq_tol(a / c, (0.4 * 1.0 - 0.15 * 0.5) / (-0.2 * 1.0 + 0.45 * 0.5), 1e-9);
    eq_free(csv);
}
END_TEST

START_TEST(what_cannot_be_ranked_is_told) {
    static const char *const wrong[][2] = {
        {"sens netlists/divider.cir", "neither .sens nor `*% output`; say of what, as in --of out"},
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
    tcase_add_test(t, cards_of_a_deck_say_of_what);
    tcase_add_test(t, every_card_is_answered);
    tcase_add_test(t, what_cannot_be_ranked_is_told);
    tcase_add_test(t, the_loss_of_a_trained_network_is_ranked);
    tcase_add_test(t, the_loss_is_of_the_targets_of_each_sample);
    suite_add_tcase(s, t);
    return s;
}
