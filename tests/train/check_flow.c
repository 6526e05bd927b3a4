/* Flow networks (Scellier 2020, section 2.5): pipes in series and in parallel by closed forms, the flow that
 * dissipates least by its own energy, and pipes that learn to share inflows. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/point.h"
#include "../support/program.h"
#include "base/text.h"

Suite *flow_suite(void);

/* The potential of a node of the deck with these lines. */
static double pressure(const char *lines, const char *node) {
    eq_text t = {0};
    eq_text_printf(&t, "pipes\n%s\n.options reltol=1e-13 abstol=1e-20\n.op\n.end\n", lines);
    double at = potential(t.text, node);
    eq_text_free(&t);
    return at;
}

/* dp = (q/k)^(1/n): drops add up in series; in parallel the k do. */
START_TEST(pipes_in_series_and_in_parallel_have_closed_forms) {
    static const double n[] = {0.5, 1.0, 0.54};
    double q = 3e-3, a = 2e-5, b = 5e-5, e = 1.0 / n[_i];
    char series[200], parallel[200];
    snprintf(series, sizeof series, "I1 0 x %g\nP1 x y %g n=%g\nP2 0 y %g n=%g", q, a, n[_i], b,
             n[_i]);
    snprintf(parallel, sizeof parallel, "I1 0 x %g\nP1 x 0 %g n=%g\nP2 0 x %g n=%g", q, a, n[_i], b,
             n[_i]);
    double in_series = pow(q / a, e) + pow(q / b, e), in_parallel = pow(q / (a + b), e);
    ck_assert_double_eq_tol(pressure(series, "x"), in_series, 1e-10 * in_series);
    ck_assert_double_eq_tol(pressure(series, "y"), pow(q / b, e), 1e-10 * pow(q / b, e));
    ck_assert_double_eq_tol(pressure(parallel, "x"), in_parallel, 1e-10 * in_parallel);
}
END_TEST

/* Far below dp0 the flow is k dp0^(n-1) (3-n)/2 dp. */
START_TEST(a_small_drop_is_laminar) {
    double q = 1e-9, k = 2e-5, slope = k / sqrt(100.0) * 1.25;
    double p = pressure("I1 0 x 1n\nP1 x 0 2e-5 dp0=100", "x");
    ck_assert_double_eq_tol(p, q / slope, 1e-8 * p);
}
END_TEST

/* A Wheatstone bridge of pipes: at the ratio k1/k3 = k2/k4 nothing flows in the middle, at any flow and for any
 * n, and the middle pipe, which is laminar there, has a conductance that keeps the system regular. */
START_TEST(a_balanced_bridge_has_no_flow_in_the_middle) {
    static const char lines[] = "I1 0 x 2m\nP1 x a 1e-5\nP2 x b 3e-5\nP3 a 0 2e-5\nP4 b 0 6e-5\n"
                                "P5 a b 1e-4";
    double a = pressure(lines, "a"), b = pressure(lines, "b");
    ck_assert_double_eq_tol(a, pow(2e-3 / 4.0 / 2e-5, 2.0), 1e-8 * a);
    ck_assert_double_eq_tol(a, b, 1e-10 * a);
}
END_TEST

/* What is refused, with the place. */
static const struct {
    const char *line, *said;
} wrong[] = {
    {"P1 a 0", "P1 has no value; write its k in m^3/s/Pa^n behind the nodes"},
    {"P1 a 0 -1", "k = -1 of P1 is outside 0.."},
    {"P1 a 0 1 n=2", "n = 2 of P1 is outside 0.1..1"},
    {"P1 a 0 1 dp0=0", "dp0 = 0 of P1 is outside"},
    {"P1 a b 0 c d 0 line", "coupled lines"},
    {"*% train P* min=-1 max=2\nP1 a b 1\nR1 b 0 1", "reach outside of 0..1e+300"},
};

START_TEST(pipes_that_cannot_be_are_refused) {
    char deck_text[200], *said;
    snprintf(deck_text, sizeof deck_text, "wrong\nV1 a 0 1\n%s\n.op\n.end\n", wrong[_i].line);
    put("wrong.cir", deck_text);
    expect_exit(2, &said, "op %s", in("wrong.cir"));
    ck_assert_msg(strstr(said, wrong[_i].said) != NULL && strstr(said, "wrong.cir:3:") != NULL,
                  "%s", said);
    free(said);
}
END_TEST

/* No pipe leads on from where the flow comes in. */
START_TEST(an_inflow_without_an_outlet_is_told) {
    char *said;
    put("closed.cir", "closed\nI1 0 b 1m\nP1 b c 1\n.op\n.end\n");
    expect_exit(1, &said, "op %s", in("closed.cir"));
    ck_assert_msg(strstr(said, "only current sources (i1) lead to node b, c") != NULL, "%s", said);
    free(said);
}
END_TEST

/* Turbulent pipes rise ever slower, but rise: with an outlet there is one state. A diode alone says nothing of the kind. */
START_TEST(an_outlet_leaves_one_state) {
    static const char *const outlet[] = {"P2 b 0 1m n=0.5",
                                         "P2 b 0 0 n=0.5\nD1 b 0 dm\n.model dm d\n.options gmin=0"};
    static const char *const said[] = {"there is one operating point", "but not strictly"};
    char *text = NULL;
    eq_text deck = {0};
    eq_text_printf(&deck, "t\nI1 0 a 1m\nP1 a b 1m n=0.5\n%s\n.op\n.end\n", outlet[_i]);
    put("outlet.cir", deck.text);
    eq_text_free(&deck);
    expect_exit(0, &text, "check %s", in("outlet.cir"));
    ck_assert_msg(strstr(text, said[_i]) != NULL, "%s", text);
    free(text);
}
END_TEST

START_TEST(a_network_learns_to_share_its_inflows) {
    char *text;
    expect_exit(0, &text, "gradcheck netlists/flow.xml");
    free(text);
    expect_exit(0, NULL, "train netlists/flow.xml -o %s", in("run"));
    expect_exit(0, &text, "eval %s --json", in("run"));
    ck_assert_double_lt(strtod(strstr(text, "\"rmse\": ") + 8, NULL), 0.01);
    free(text);
    expect_exit(0, &text, "verify %s --sample 0..3", in("run"));
    free(text);
    expect_exit(0, NULL, "plot %s --kind flows -o %s", in("run"), in("flows.svg"));
}
END_TEST

/* The XML form, the deck of eqspice itself and those of the others hold the same pipes. */
START_TEST(pipes_survive_being_written) {
    double was = pressure("I1 0 x 2m\nP1 x y 1e-5 n=0.6 dp0=30\nP2 y 0 3e-5", "x");
    char *text;
    put("pipes.cir", "pipes\nI1 0 x 2m\nP1 x y 1e-5 n=0.6 dp0=30\nP2 y 0 3e-5\n*% train P* "
                     "min=1e-6 max=1\n.op\n.end\n");
    static const char *const to[] = {"xml", "ngspice", "xyce", "ltspice"};
    for (int k = 0; k < 4; k++) {
        char out[32];
        snprintf(out, sizeof out, "pipes-%s.%s", to[k], k == 0 ? "xml" : "cir");
        expect_exit(0, NULL, "export %s --to %s -o %s", in("pipes.cir"), to[k], in(out));
        expect_exit(0, &text, "op %s --format csv --dialect %s", in(out),
                    k == 0 ? "ngspice" : to[k]);
        ck_assert_double_eq_tol(strtod(strchr(strstr(text, "v(x)"), '\n') + 1, NULL), was,
                                1e-6 * was);
        free(text);
    }
}
END_TEST

Suite *flow_suite(void) {
    Suite *s = suite_create("flow");
    TCase *t = tcase_create("flow");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, pipes_in_series_and_in_parallel_have_closed_forms, 0, 3);
    tcase_add_test(t, a_small_drop_is_laminar);
    tcase_add_test(t, a_balanced_bridge_has_no_flow_in_the_middle);
    tcase_add_loop_test(t, pipes_that_cannot_be_are_refused, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, an_inflow_without_an_outlet_is_told);
    tcase_add_loop_test(t, an_outlet_leaves_one_state, 0, 2);
    tcase_add_test(t, a_network_learns_to_share_its_inflows);
    tcase_add_test(t, pipes_survive_being_written);
    suite_add_tcase(s, t);
    return s;
}
