/* .print, .plot and .save: which columns `eqspice run` gives, and that they hold what their names
 * say (Ohm's and Kirchhoff's laws on a divider with a controlled source). */
#include <check.h>
#include <string.h>

#include "analysis/analysis.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "report/ngspice.h"

Suite *selection_suite(void);

static eq_result *analyse(const char *text, size_t which) {
    eq_deck *deck = NULL;
    eq_result *r = NULL, *m = NULL;
    eq_diag *d = eq_diag_new();
    eq_status status = eq_deck_parse("t.cir", text, strlen(text), &deck, d);
    ck_assert_int_eq(status, EQ_OK);
    eq_solve_options o = eq_solve_defaults(eq_deck_circuit(deck));
    ck_assert_int_eq(eq_analysis_run(deck, which, &o, &r, &m, d), EQ_OK);
    eq_deck_free(deck);
    eq_diag_free(d);
    return r;
}

static void columns_are(const eq_result *r, const char *const *name, size_t n) {
    ck_assert_uint_eq(r->variables, n);
    for (size_t k = 0; k < n; k++) ck_assert_str_eq(r->variable[k].name, name[k]);
}

#define DIVIDER                                                                                    \
    "divider\nv1 in 0 3\nr1 in out 1k\nr2 out 0 2k\ng1 0 e in out 1m\nre e 0 1k\nf1 0 f v1 2\n"    \
    "rf f 0 1k\n.op\n.dc v1 0 6 3\n"

START_TEST(listed_vectors_in_order) {
    static const char *const name[] = {"v1",     "i(r2)", "v(in,out)", "i(v1)",
                                       "v(out)", "i(g1)", "i(f1)"};
    eq_result *r = analyse(
        DIVIDER ".print dc i(R2) v(IN, out) i(v1)\n+ v(out) file=x.prn\n"
                ".plot dc v(out),v(in,out) (0,5)\n.save i(g1) i(f1)\n.print tran v(nowhere)\n",
        1);
    columns_are(r, name, 7);
    ck_assert_uint_eq(r->points, 3);
    for (size_t p = 0; p < 3; p++) {
        const double *x = r->value + p * 7;
        double v1 = 3.0 * (double)p, i = v1 / 3e3;
        double wanted[7] = {v1, i, v1 / 3.0, -i, v1 * 2.0 / 3.0, 1e-3 * v1 / 3.0, -2.0 * i};
        for (size_t k = 0; k < 7; k++) ck_assert_double_eq_tol(x[k], wanted[k], 1e-9);
    }
    eq_result_free(r);
}
END_TEST

/* Expressions of ngspice (par), Xyce ({}, X1:N) and HSPICE (''), powers,
 * properties and parameters. */
START_TEST(expressions_have_their_values) {
    static const struct {
        const char *asked, *name, *type;
        double value;
    } item[] = {{"{V(in)*2 + 1}", "{v(in)*2+1}", "notype", 7.0},
                {"'v(in) - v(out)'", "'v(in)-v(out)'", "notype", 1.0},
                {"v(in)-v(out)", "v(in)-v(out)", "notype", 1.0},
                {"par('i(r1)*x')", "par('i(r1)*x')", "notype", 5e-3},
                {"Twice = par('2*v(out)')", "twice", "notype", 4.0},
                {"twice=par('2*v(out)')", "twice", "notype", 4.0},
                {"P(R2)", "p(r2)", "notype", 2e-3},
                {"w(v1)", "w(v1)", "notype", -3e-3},
                {"@r2[i]", "@r2[i]", "current", 1e-3},
                {"@r.x1.r1[p]", "@r.x1.r1[p]", "notype", 4e-3},
                {"@r1[v]", "@r1[v]", "voltage", 1.0},
                {"@R1[resistance]", "@r1[resistance]", "notype", 1e3},
                {"@r1[r]", "@r1[r]", "notype", 1e3},
                {"@v1[dc]", "@v1[dc]", "notype", 3.0},
                {"v(X1:n)", "v(x1:n)", "voltage", 2.0},
                {"I(x1:r1)", "i(x1:r1)", "current", 2e-3},
                {"{f(v(out))}", "{f(v(out))}", "notype", 4.0},
                {"x", "x", "notype", 5.0},
                {"{temper}", "{temper}", "notype", 27.0},
                {"R1:R", "r1:r", "notype", 1000.0},
                {"{x1:r1:r/x1:r1}", "{x1:r1:r/x1:r1}", "notype", 1.0},
                {"v1:dcv0", "v1:dcv0", "notype", 3.0},
                {"v1", "v1", "notype", 3.0},
                {"{dm:is*1e12 + r4}", "{dm:is*1e12+r4}", "notype", 10.0},
                {"{v(in)>1?x:v(in)}", "{v(in)>1?x:v(in)}", "notype", 5.0},
                {"{x>1?r1:R2}", "{x>1?r1:r2}", "notype", 1000.0},
                {"N(V1_branch)", "n(v1_branch)", "current", -1e-3},
                {"n(out)", "n(out)", "voltage", 2.0},
                {"OUT", "v(out)", "voltage", 2.0},
                {"x1.n", "v(x1.n)", "voltage", 2.0},
                {"V1#branch", "i(v1)", "current", -1e-3},
                {"vdb(in)", "vdb(in)", "notype", 9.5424250943932487},
                {"sqrt(v(in)+1)", "sqrt(v(in)+1)", "notype", 2.0},
                {"{v(in) > 2 ? 1 : 0}", "{v(in)>2?1:0}", "notype", 1.0}};
    for (size_t k = 0; k < sizeof item / sizeof *item; k++) {
        char text[512];
        snprintf(text, sizeof text,
                 "%s.param x=5\n.model dm d(is=3e-12)\nr4 0 out2 7 m=2\nr5 out2 0 1\n.func f(y) "
                 "{y*y}\n.subckt s\nr1 n 0 1k\ni1 0 n 2m\n.ends\nx1 s\n"
                 ".print op v(e) %s\n",
                 DIVIDER, item[k].asked);
        eq_result *r = analyse(text, 0);
        ck_assert_uint_eq(r->variables, 2);
        ck_assert_str_eq(r->variable[1].name, item[k].name);
        ck_assert_str_eq(r->variable[1].type, item[k].type);
        ck_assert_double_eq_tol(r->value[1], item[k].value, 1e-9);
        eq_result_free(r);
    }
}
END_TEST

START_TEST(a_card_of_one_analysis_leaves_the_other_whole) {
    static const char *const one[] = {"v1", "v(out)"};
    static const char *const every[] = {"v(in)", "v(out)", "v(e)", "v(f)", "i(v1)"};
    eq_result *op = analyse(DIVIDER ".print dc v(out)\n", 0),
              *dc = analyse(DIVIDER ".print dc v(out)\n", 1);
    columns_are(op, every, 5);
    columns_are(dc, one, 2);
    eq_result_free(op);
    eq_result_free(dc);
}
END_TEST

/* .op is a sweep of one point to Xyce: .print dc holds for it when there is no .dc. */
START_TEST(print_dc_holds_for_op_alone) {
    static const char *const one[] = {"v(a)"};
    eq_result *r = analyse("t\nv1 a 0 1\nr1 a b 1\nr2 b 0 1\n.op\n.print dc v(a)\n", 0);
    columns_are(r, one, 1);
    eq_result_free(r);
}
END_TEST

START_TEST(all_and_unknown_items_give_everything) {
    static const char *const card[] = {".save all\n", ".print op v(*) i(v1)\n",
                                       ".probe @g1[noise] onoise\n"};
    for (size_t k = 0; k < sizeof card / sizeof *card; k++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s", DIVIDER, card[k]);
        eq_result *r = analyse(text, 0);
        ck_assert_uint_eq(r->variables, 5);
        eq_result_free(r);
    }
}
END_TEST

/* Resistors and diodes follow a swept temperature, but for those with a temp= of their own. */
START_TEST(a_temperature_sweep_agrees_with_ngspice) {
    static const char deck[] =
        "temperature\nv1 in 0 2\nr1 in a 1k tc1=2m tc2=5u\nd1 a 0 dd\nd2 a 0 dd temp=27\n"
        "i1 0 b 1m\nd3 b 0 dd area=2\n.model dd d(is=1e-14 rs=2 xti=4 eg=1.2 tnom=35)\n"
        ".options reltol=1e-12 abstol=1e-15 vntol=1e-12\n.dc temp -40 125 5 v1 1 2 1\n.end\n";
    eq_diag *d = eq_diag_new();
    eq_result *ours = analyse(deck, 0), **plots = NULL;
    size_t count = 0, columns[2];
    ck_assert_int_eq(eq_ngspice_run(deck, sizeof deck - 1, &plots, &count, d), EQ_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(ours->points, 2 * 34);
    ck_assert_uint_eq(plots[0]->points, ours->points);
    ck_assert_str_eq(ours->variable[0].name, "temp");
    for (int k = 0; k < 2; k++) {
        const char *node = k == 0 ? "v(a)" : "v(b)";
        columns[0] = eq_result_find(ours, node);
        columns[1] = eq_result_find(plots[0], node);
        for (size_t p = 0; p < ours->points; p++)
            ck_assert_double_eq_tol(ours->value[p * ours->variables + columns[0]],
                                    plots[0]->value[p * plots[0]->variables + columns[1]], 1e-9);
    }
    eq_result_free(plots[0]);
    eq_free(plots);
    eq_result_free(ours);
    eq_diag_free(d);
}
END_TEST

Suite *selection_suite(void) {
    Suite *s = suite_create("selection");
    TCase *t = tcase_create("selection");
    tcase_add_test(t, listed_vectors_in_order);
    tcase_add_test(t, expressions_have_their_values);
    tcase_add_test(t, a_card_of_one_analysis_leaves_the_other_whole);
    tcase_add_test(t, print_dc_holds_for_op_alone);
    tcase_add_test(t, all_and_unknown_items_give_everything);
    tcase_add_test(t, a_temperature_sweep_agrees_with_ngspice);
    suite_add_tcase(s, t);
    return s;
}
