/* .tf and .sens: against differences of solved circuits, by every parameter, and against numbers
 * that `ngspice -b` (39) gives. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "analysis/analysis.h"
#include "base/mem.h"
#include "netlist/netlist.h"

Suite *transfer_suite(void);

/* Every kind of element; F, H and B read currents, so that some branches keep theirs. */
#define NETWORK                                                                                    \
    "title\nV1 a 0 dc 1\nR1 a b 1k\nR2 b 0 2k\nD1 b 0 dm\nVs c b 0\nE1 d 0 b 0 2\nR3 c d 5k\n"     \
    "G1 b 0 d 0 1u\nF1 0 b Vs 0.1\nH1 e 0 V1 10\nR4 e b 1k\nI1 0 b 1u\nR5 b f 3k\nV2 f 0 0.3\n"    \
    "F2 0 a V2 0.2\nB1 b 0 i={1e-4*v(e)*v(b)+0.1*i(vt)}\nVt b t 0\nRt t 0 4k\nE2 g e d 0 0.5\n"    \
    "R6 g b 7k\n.model dm d(is=1e-9 n=1.2 rs=1)\n"

static eq_deck *deck_of(const char *cards) {
    eq_text text = {0};
    eq_deck *d = NULL;
    eq_diag *diag = eq_diag_new();
    eq_text_printf(&text, "%s%s.end\n", NETWORK, cards);
    eq_status status = eq_deck_parse("t.cir", text.text, text.length, &d, diag);
    ck_assert_msg(status == EQ_OK, "%s: %s", cards, eq_diag_get(diag, 0)->text);
    eq_text_free(&text);
    eq_diag_free(diag);
    return d;
}

static eq_result *run(eq_deck *d, size_t number) {
    eq_result *r = NULL, *measures = NULL;
    eq_solve_options o = eq_solve_defaults(eq_deck_circuit(d));
    ck_assert_int_eq(eq_analysis_run(d, number, &o, &r, &measures, NULL), EQ_OK);
    eq_result_free(measures);
    return r;
}

static double column(const eq_result *r, const char *name) {
    size_t k = eq_result_find(r, name);
    ck_assert_msg(k < r->variables, "no %s", name);
    return r->value[k];
}

/* The output with the parameter as it is: column 0 of the .op table. */
static double output_of(eq_deck *d) {
    eq_circuit_derive(eq_deck_circuit(d));
    eq_result *r = run(d, 0);
    double y = r->value[0];
    eq_result_free(r);
    return y;
}

/* The central difference by the parameter that the column is called after. */
static double difference(eq_deck *d, const char *name) {
    eq_circuit *c = eq_deck_circuit(d);
    char spelt[64];
    eq_handle h;
    strcpy(spelt, name);
    char *part = strpbrk(spelt, ":_");
    if (part != NULL && *part == '_') *part = '\0';
    if (part != NULL && strchr(name, ':') != NULL) {
        *part = '(';
        strcat(spelt, ")");
    }
    ck_assert_msg(eq_handle_find(c, spelt, &h, NULL) == EQ_OK, "%s", spelt);
    double w = eq_handle_get(c, h), step = w == 0.0 ? 1e-4 : fabs(w) * 1e-4, y[2];
    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(eq_handle_set(c, h, w + (k == 0 ? -step : step), NULL), EQ_OK);
        y[k] = output_of(d);
    }
    ck_assert_int_eq(eq_handle_set(c, h, w, NULL), EQ_OK);
    return (y[1] - y[0]) / (2.0 * step);
}

static const char *const outputs[] = {"v(b)",  "v(a,d)", "i(v1)", "i(vs)", "i(e1)",
                                      "i(h1)", "i(v2)",  "i(vt)", "i(e2)", "{v(b)*i(v1)+v(e)**2}"};

START_TEST(sensitivities_are_the_differences_by_every_parameter) {
    eq_text cards = {0};
    eq_text_printf(&cards, ".op\n.print op {%s}\n.sens %s\n.options reltol=1e-14\n", outputs[_i],
                   outputs[_i]);
    eq_deck *d = deck_of(cards.text);
    eq_result *r = run(d, 1);
    ck_assert_uint_ge(r->variables, 18);
    double largest = 0.0;
    for (size_t k = 0; k < r->variables; k++) {
        double by = difference(d, r->variable[k].name);
        ck_assert_msg(fabs(r->value[k] - by) <= 1e-5 * fabs(by) + 1e-9 * fabs(largest),
                      "d %s/d %s is %.9g, differences give %.9g", outputs[_i], r->variable[k].name,
                      r->value[k], by);
        largest = fmax(largest, fabs(by));
    }
    ck_assert_double_gt(largest, 0.0);
    eq_result_free(r);
    eq_deck_free(d);
    eq_text_free(&cards);
}
END_TEST

/* Measured with ngspice -b: .tf of a divider with a controlled source behind it. */
START_TEST(transfer_functions_are_those_of_ngspice) {
    static const char text[] = "title\nV1 a 0 dc 1\nR1 a b 1k\nR2 b 0 2k\nD1 b 0 dm\nVs c b 0\n"
                               "E1 d 0 b 0 2\nR3 c d 5k\nG1 b 0 d 0 1u\nF1 0 b Vs 0.1\n"
                               "H1 e 0 Vs 10\nR4 e 0 1k\nI1 0 b 1u\n"
                               ".model dm d(is=1e-12 n=1.2 rs=1)\n"
                               ".tf v(b) V1\n.tf v(b,d) I1\n.tf i(vs) V1\n.tf i(V1) V1\n.end\n";
    static const struct {
        size_t analysis;
        const char *column;
        double value;
    } want[] = {{0, "transfer_function", 1.141278e-01},
                {0, "output_impedance_at_v(b)", 1.141278e+02},
                {0, "v1#input_impedance", 1.128831e+03},
                {1, "transfer_function", -1.14128e+02},
                {1, "output_impedance_at_v(b,d)", -1.14128e+02},
                {1, "i1#input_impedance", 1.141278e+02},
                {2, "transfer_function", 2.282556e-05},
                {2, "v1#input_impedance", 1.128831e+03},
                {3, "transfer_function", -8.85872e-04},
                {3, "v1#output_impedance", 1.128831e+03}};
    eq_deck *d = NULL;
    ck_assert_int_eq(eq_deck_parse("t.cir", text, strlen(text), &d, NULL), EQ_OK);
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        eq_result *r = run(d, want[k].analysis);
        double value = column(r, want[k].column);
        ck_assert_msg(fabs(value - want[k].value) <= 5e-6 * fabs(want[k].value), "%s %.7g",
                      want[k].column, value);
        eq_result_free(r);
    }
    eq_deck_free(d);
}
END_TEST

/* Of several side by side (m, scale) what one of them does (ngspice 39, r2 and i1; a divider by hand, r1); nothing flows
 * into a gate, whatever the sign of zero. */
START_TEST(lines_say_one_of_several) {
    static const char text[] =
        "title\nV1 in 0 10\nR1 in out 0.5k scale=2\nR2 out 0 4k m=2\nI1 0 out 1m m=3\nM1 out in 0 "
        "0 nm\n"
        ".model nm nmos(vto=20)\n.sens v(out)\n.tf v(out) V2\nV2 g 0 1\nM2 out g 0 0 nm\n.end\n";
    static const struct {
        size_t analysis;
        const char *column;
        double value;
    } want[] = {{0, "r1", 2.0 * -(10.0 - 26.0 / 3.0) / 1e6 * 2000.0 / 3.0},
                {0, "r2", 26.0 / 3.0 / (2000.0 * 2000.0) * 2000.0 / 3.0 / 2.0},
                {0, "i1", 3.0 * 2000.0 / 3.0},
                {1, "v2#input_impedance", INFINITY}};
    eq_deck *d = NULL;
    ck_assert_int_eq(eq_deck_parse("t.cir", text, strlen(text), &d, NULL), EQ_OK);
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        eq_result *r = run(d, want[k].analysis);
        double value = column(r, want[k].column);
        ck_assert_msg(value == want[k].value ||
                          fabs(value - want[k].value) <= 1e-6 * fabs(want[k].value),
                      "%s %.7g, not %.7g", want[k].column, value, want[k].value);
        eq_result_free(r);
    }
    eq_deck_free(d);
}
END_TEST

/* Xyce's spelling gives the parameters that it names, in its order. */
START_TEST(xyce_names_parameters) {
    eq_deck *d = deck_of(".sens objfunc={v(b)*2} param=R2:R,V1:DCV0,d1:is\n.sens objvars=b\n");
    eq_result *r = run(d, 0), *all = run(d, 1);
    ck_assert_uint_eq(r->variables, 3);
    ck_assert_double_eq_tol(column(r, "r2"), 2.0 * column(all, "r2"), 1e-12);
    ck_assert_double_eq_tol(column(r, "v1"), 2.0 * column(all, "v1"), 1e-12);
    eq_result_free(r);
    eq_result_free(all);
    eq_deck_free(d);
}
END_TEST

static const char *const bad[][2] = {{".tf v(b)\n", "source"},
                                     {".tf v(b) r1\n", "no independent source"},
                                     {".tf i(r1) v1\n", "no output"},
                                     {".tf v(zz) v1\n", "zz"},
                                     {".tf {v(b)+i(v1)} v1\n", "output"},
                                     {".sens\n", "output"},
                                     {".sens v(b) param=r9:r\n", "r9"},
                                     {".sens objfunc={1+1}\n", "no output"},
                                     {".sens objfunc={v(b)} param=r1:zz\n", "r1:zz"}};

START_TEST(what_is_no_output_or_parameter_is_named) {
    eq_text text = {0};
    eq_deck *d = NULL;
    eq_diag *diag = eq_diag_new();
    eq_text_printf(&text, "%s%s.end\n", NETWORK, bad[_i][0]);
    ck_assert_int_eq(eq_deck_parse("t.cir", text.text, text.length, &d, diag), EQ_ERR_INPUT);
    ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, bad[_i][1]) != NULL, "%s",
                  eq_diag_get(diag, 0)->text);
    eq_text_free(&text);
    eq_diag_free(diag);
}
END_TEST

Suite *transfer_suite(void) {
    Suite *s = suite_create("transfer");
    TCase *t = tcase_create("transfer");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, sensitivities_are_the_differences_by_every_parameter, 0,
                        sizeof outputs / sizeof *outputs);
    tcase_add_test(t, transfer_functions_are_those_of_ngspice);
    tcase_add_test(t, lines_say_one_of_several);
    tcase_add_test(t, xyce_names_parameters);
    tcase_add_loop_test(t, what_is_no_output_or_parameter_is_named, 0, sizeof bad / sizeof *bad);
    suite_add_tcase(s, t);
    return s;
}
