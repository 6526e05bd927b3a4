/* .measure at dc: against what `ngspice -b` prints, and against closed forms on circuits whose
 * curves are lines and parabolas. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "report/process.h"

Suite *measure_suite(void);

/* The measurements of analysis `which`. */
static eq_result *measure(const char *text, size_t which, eq_diag *d) {
    eq_deck *deck = NULL;
    eq_result *r = NULL, *m = NULL;
    eq_status status = eq_deck_parse("t.cir", text, strlen(text), &deck, d);
    ck_assert_msg(status == EQ_OK, "%s: %s", text, status ? eq_diag_get(d, 0)->text : "");
    ck_assert_int_eq(eq_analysis_run(deck, which, NULL, &r, &m, d), EQ_OK);
    eq_result_free(r);
    eq_deck_free(deck);
    return m;
}

static double value_of(const eq_result *m, const char *name) {
    size_t k = eq_result_find(m, name);
    ck_assert_msg(k < m->variables, "no measurement %s", name);
    return m->value[k];
}

/* ngspice's clipping of an integral between grid points is its own,
 * so from and to lie on the grid. */
START_TEST(agrees_with_ngspice) {
    static const char deck[] =
        "measures\nv1 in 0 1\nr1 in a 1k\nd1 a 0 dm\n.model dm d\n.param half=0.5\n"
        ".options reltol=1e-9 abstol=1e-15 vntol=1e-12\n.dc v1 0 2 0.1\n"
        ".meas dc m1 max v(a) from=0.25 to=1.15\n.meas dc m2 min v(a) from=0.25 to=1.15\n"
        ".meas dc m3 avg v(a) from=0.25 to=1.15\n.meas dc m4 integ v(a) from=0.3 to=1.15\n"
        ".meas dc m5 rms v(a) from=0.2 to=1.2\n.meas dc m6 pp v(a)\n.meas dc m7 avg v(a)\n"
        ".meas dc m8 integ v(a)\n.meas dc m9 find v(a) at=0.73\n.meas dc m10 when v(a)=half\n"
        ".meas dc m11 find i(v1) when v(a)=0.55\n.meas dc m12 max_at v(a)\n"
        ".meas dc m13 param='m1-m2'\n.meas dc m14 trig v(a) val=0.3 rise=1 targ v(a) val=0.5 "
        "rise=1\n"
        ".meas dc m15 max par('v(a)*v(in)')\n.meas dc m16 find v(a) when v(in)=0.5\n"
        ".measure dc m17 find v(a) at=2\n.meas dc m18 when v(a)=v(in) fall=1\n"
        ".meas dc m19 min_at i(v1)\n.end\n";
    const char *const argv[] = {"ngspice", "-b", NULL};
    eq_diag *d = eq_diag_new();
    eq_text said = {0};
    int exit_status, compared = 0;
    eq_process p = {argv, "/tmp", deck, "ngspice", 60};
    ck_assert_int_eq(eq_process_run(&p, &exit_status, &said, d), EQ_OK);
    eq_result *m = measure(deck, 0, d);
    ck_assert_uint_eq(m->variables, 19);
    for (size_t k = 0; k < m->variables; k++) {
        char line[64];
        snprintf(line, sizeof line, "\n%-20s=", m->variable[k].name);
        const char *at = strstr(said.text, line);
        if (at == NULL) { /* it failed there, so it must here */
            ck_assert_msg(isnan(m->value[k]), "%s = %g", m->variable[k].name, m->value[k]);
            continue;
        }
        double want = strtod(at + strlen(line), NULL);
        ck_assert_msg(fabs(m->value[k] - want) <= 6e-6 * fabs(want) + 1e-12, "%s = %.9g, not %.9g",
                      m->variable[k].name, m->value[k], want);
        compared++;
    }
    ck_assert_int_ge(compared, 17);
    eq_result_free(m);
    eq_text_free(&said);
    eq_diag_free(d);
}
END_TEST

/* v(a) = x, v(b) = x^2 over x = -2 .. 2 in steps of 0.5. */
#define LINES "t\nv1 a 0 0\nb1 b 0 v=v(a)*v(a)\nr1 a 0 1\nr2 b 0 1\n.dc v1 -2 2 0.5\n"

START_TEST(agrees_with_closed_forms) {
    static const struct {
        const char *card;
        double value;
    } one[] = {{"m find v(b) at=1.25", 1.625}, /* between 1 and 1.5 on the chord */
               {"dc m FIND v(b) AT 2", 4.0},
               {"m find v(b) at=-2", 4.0},
               {"m find v(b) when v(a)=0.5", 0.25},
               {"m when v(b)=1 rise=1", 1.0},
               {"m when v(b)=1 fall=1", -1.0},
               {"m when v(b)=1 cross=2", 1.0},
               {"m when v(b)=1 cross=last", 1.0},
               {"m when v(b)=1 td=0", 1.0},
               {"m when v(b)=1 from=0 to=2", 1.0},
               {"m deriv v(b) at=1.1", 2.5},
               {"m deriv v(b) when v(a)=1.1", 2.5},
               {"m deriv v(b) at=1", 2.0}, /* a point of the grid: from both sides */
               {"m deriv v(b) when v(a)=-0.5", -1.0},
               {"m deriv v(b) when v(b)=1 rise=1", 2.0},
               {"m deriv v(b) at=-2", -3.5}, /* the ends have one side */
               {"m deriv v(b) at=2", 3.5},
               {"m trig v(b)=1 fall=1 targ v(b)=2.25 rise=1", 2.5},
               {"m trig at=-1 targ v(b) val=1 rise=1", 2.0},
               {"m integ v(a)*2 from=0 to=2", 4.0},
               {"m integ v(a) from=0.25 to=1.75", 1.5}, /* clipped; exact on a line */
               {"m integ v(b)", 16.0 / 3.0},            /* Simpson is exact on parabolas */
               {"m integral {v(b)} from=0 to=1", 1.0 / 3.0},
               {"m rms v(a)", 1.1547005383792515},
               {"m avg v(a) from=0.2 to=1.6", 1.0},
               {"m pp v(b)", 4.0},
               {"m min_at v(b)", 0.0},
               {"m max v(b) from=-1 to=1.2", 1.0},
               {"m max -v(b)", 0.0},
               {"m param='3*x'", 6.0},
               {"m eqn {x+1}", 3.0},
               {"m max p(r2)", 16.0}};
    for (size_t k = 0; k < sizeof one / sizeof *one; k++) {
        char deck[512];
        snprintf(deck, sizeof deck, "%s.param x=2\n.measure %s\n", LINES, one[k].card);
        eq_diag *d = eq_diag_new();
        eq_result *m = measure(deck, 0, d);
        ck_assert_msg(fabs(value_of(m, "m") - one[k].value) < 1e-9, "%s: %.12g, not %.12g",
                      one[k].card, value_of(m, "m"), one[k].value);
        eq_result_free(m);
        eq_diag_free(d);
    }
}
END_TEST

/* Values of a sweep that are right to their rounding, start + i step, are those of from, to and at,
 * equally spaced, and the same both ways: s = sin(2 pi x) and b = x^2, 0.01 apart. */
START_TEST(the_rounding_of_a_grid_says_nothing) {
    static const struct {
        const char *card;
        double value, error; /* of Simpson's rules, and of a trapezoid where an interval is over */
    } one[] = {
        {"m integ v(s) from=0 to=0.5", 0.3183098861837907, 1e-7},
        {"m integ v(s)", 0.0, 2e-7},
        {"m rms v(s) from=0 to=1", 0.7071067811865476, 5e-6},
        {"m integ v(b) from=-1.41 to=0.69", (1.41 * 1.41 * 1.41 + 0.69 * 0.69 * 0.69) / 3.0, 1e-12},
        {"m integ v(b) from=0.69 to=-1.41", -(1.41 * 1.41 * 1.41 + 0.69 * 0.69 * 0.69) / 3.0,
         1e-12},
        {"m max v(b) from=-0.5 to=0.57", 0.3249, 1e-12},
        {"m max_at v(a) from=-1.01 to=-0.07", -0.07, 1e-12},
        {"m pp v(a) from=-0.69 to=0.29", 0.98, 1e-12},
        {"m avg v(a) from=-0.69 to=0.29", -0.2, 1e-12},
        {"m deriv v(b) at=0.29", 0.58, 1e-9},
        {"m deriv v(b) at=-1.41", -2.82, 1e-9},
        {"m deriv v(b) when v(a)=0.57", 1.14, 1e-9}};
    static const char *const sweeps[] = {"-2 2 0.01", "2 -2 -0.01"};
    for (size_t k = 0; k < 2 * (sizeof one / sizeof *one); k++) {
        char deck[512];
        double want = one[k / 2].value;
        snprintf(deck, sizeof deck,
                 "t\nv1 a 0 0\nb1 s 0 v=sin(6.283185307179586*v(a))\nb2 b 0 v=v(a)*v(a)\n"
                 "r1 s b 1\n.dc v1 %s\n.meas dc %s\n",
                 sweeps[k % 2], one[k / 2].card);
        eq_diag *d = eq_diag_new();
        eq_result *m = measure(deck, 0, d);
        ck_assert_msg(fabs(value_of(m, "m") - want) <= one[k / 2].error,
                      "%s of %s: %.12g, not %.12g", one[k / 2].card, sweeps[k % 2],
                      value_of(m, "m"), want);
        eq_result_free(m);
        eq_diag_free(d);
    }
}
END_TEST

/* As Xyce has it: eqn goes along with the sweep, trapezoids, windows the other way round, rows of a
 * table. */
START_TEST(agrees_with_closed_forms_of_xyce) {
    static const struct {
        const char *card;
        double value;
    } one[] = {{"m eqn {v(b)+1}", 5.0},
               {"m eqn {v(b)+1} to=1", 2.0},
               {"e eqn {v(a)*2}\n.measure dc m when e=3", 1.5},
               {"e eqn {v(a)*2}\n.measure dc m find e when v(a)=-1.25", -2.5},
               {"m integ v(a) from=2 to=0", -2.0},
               {"m integ v(b) from=0 to=1", 0.375},
               {"m rms v(a) from=1 to=0", 0.61237243569579452},
               {"m avg v(b) from=1 to=-1", 0.375},
               {"m max v(a) from=1.2 to=-1", 1.0},
               {"m max {r1:r+v1:dcv0}", 3.0}};
    for (size_t k = 0; k < sizeof one / sizeof *one; k++) {
        char deck[512];
        snprintf(deck, sizeof deck, "%s.options device temp=27\n.measure dc %s default_val=-1\n",
                 LINES, one[k].card);
        eq_diag *d = eq_diag_new();
        eq_result *m = measure(deck, 0, d);
        ck_assert_msg(fabs(value_of(m, "m") - one[k].value) < 1e-9, "%s: %.12g, not %.12g",
                      one[k].card, value_of(m, "m"), one[k].value);
        eq_result_free(m);
        eq_diag_free(d);
    }
    eq_diag *d = eq_diag_new();
    eq_result *m = measure("t\nv1 a 0 0\nr1 a 0 1\n.data t v1\n5 7 6\n.enddata\n.dc data=t\n"
                           ".data u v1 r1\n1 1 3 1 2 1\n.enddata\n.dc data=u\n"
                           ".meas dc at max_at v(a)\n.meas dc up when v(a)=2\n",
                           1, d);
    ck_assert_double_eq_tol(value_of(m, "at"), 2.0, 1e-12);
    ck_assert_double_eq_tol(value_of(m, "up"), 1.5, 1e-12);
    eq_result_free(m);
    m = measure("t\nv1 a 0 0\nb1 b 0 v=v(a)*v(a)\n.dc v1 list 1 1.5 3 7\n"
                ".meas dc up deriv v(b) at=1.5\n",
                0, d);
    ck_assert_double_eq_tol(value_of(m, "up"), 3.0, 1e-9); /* a parabola through uneven points */
    eq_result_free(m);
    eq_diag_free(d);
}
END_TEST

/* One line a step, with the value of the step; .op has its own; a sweep that goes down. */
START_TEST(steps_and_kinds_of_analyses) {
    static const char deck[] =
        "t\nv1 a 0 {x}\nr1 a b 1k\nr2 b 0 1k\n.op\n.dc v1 4 0 -0.5\n.step param x list 1 3\n"
        ".meas op half find v(b)\n.meas op double param='2*half'\n.meas dc top max v(b)\n"
        ".meas dc at1 when v(b)=1.1\n.meas dc mean integ v(b) from=1 to=3\n.meas tran t max v(b)\n";
    eq_diag *d = eq_diag_new();
    eq_result *op = measure(deck, 0, d), *dc = measure(deck, 1, d);
    ck_assert_uint_eq(op->points, 2);
    ck_assert_uint_eq(op->variables, 3);
    ck_assert_uint_eq(dc->variables, 4);
    for (size_t k = 0; k < 2; k++) {
        const double *x = op->value + 3 * k, *y = dc->value + 4 * k, step = k == 0 ? 1.0 : 3.0;
        ck_assert_double_eq(x[0], step);
        ck_assert_double_eq_tol(x[1], step / 2.0, 1e-12);
        ck_assert_double_eq_tol(x[2], step, 1e-12);
        ck_assert_double_eq(y[0], step);
        ck_assert_double_eq_tol(y[1], 2.0, 1e-12);
        ck_assert_double_eq_tol(y[2], 2.2, 1e-12);
        ck_assert_double_eq_tol(fabs(y[3]), 2.0, 1e-12);
    }
    eq_result_free(op);
    eq_result_free(dc);
    eq_diag_free(d);
}
END_TEST

/* The jump from the end of a sweep to the start of the next is no crossing and has no area: v(c) =
 * (x + y)/3. */
START_TEST(sweeps_are_not_joined) {
    eq_diag *d = eq_diag_new();
    eq_result *m =
        measure("t\nv1 a 0 0\nv2 b 0 0\nr1 a c 1\nr2 c b 1\nr3 c 0 1\n.dc v1 0 2 1 v2 0 3 3\n"
                ".meas dc one when v(c)=0.5\n.meas dc two when v(c)=0.5 cross=2\n"
                ".meas dc down when v(c)=0.8 fall=1\n.meas dc mean avg v(c)\n"
                ".meas dc area integ v(c)\n.meas dc part rms v(c) from=1 to=2\n",
                0, d);
    ck_assert_double_eq_tol(value_of(m, "one"), 1.5, 1e-12);
    ck_assert(isnan(value_of(m, "two")) && isnan(value_of(m, "down")));
    ck_assert_double_eq_tol(value_of(m, "mean"), 5.0 / 6.0, 1e-12);
    ck_assert_double_eq_tol(value_of(m, "area"), 10.0 / 3.0, 1e-12);
    double squares = 0.5 * (1.0 + 4.0 + 16.0 + 25.0) / 9.0; /* trapezoids of two points a sweep */
    ck_assert_double_eq_tol(value_of(m, "part"), sqrt(squares / 2.0), 1e-12);
    eq_result_free(m);
    eq_diag_free(d);
}
END_TEST

START_TEST(unmet_measurements_are_nan) {
    eq_diag *d = eq_diag_new();
    eq_result *m = measure(LINES ".meas dc m when v(b)=9\n.meas dc n param='m+1'\n", 0, d);
    size_t warnings = 0;
    for (size_t k = 0; k < eq_diag_count(d); k++)
        warnings += eq_diag_get(d, k)->severity == EQ_WARNING && eq_diag_get(d, k)->line > 0;
    ck_assert(isnan(value_of(m, "m")) && isnan(value_of(m, "n")));
    ck_assert_uint_eq(warnings, 2);
    eq_result_free(m);
    eq_diag_free(d);
}
END_TEST

Suite *measure_suite(void) {
    Suite *s = suite_create("measure");
    TCase *t = tcase_create("measure");
    tcase_add_test(t, agrees_with_ngspice);
    tcase_add_test(t, agrees_with_closed_forms);
    tcase_add_test(t, the_rounding_of_a_grid_says_nothing);
    tcase_add_test(t, agrees_with_closed_forms_of_xyce);
    tcase_add_test(t, steps_and_kinds_of_analyses);
    tcase_add_test(t, sweeps_are_not_joined);
    tcase_add_test(t, unmet_measurements_are_nan);
    suite_add_tcase(s, t);
    return s;
}
