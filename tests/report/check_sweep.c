/* .dc and .step in the spellings of ngspice, Xyce and LTspice. The truth: ngspice solves every
 * point for itself, from a deck in which the row's values are written out. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "report/ngspice.h"
#include "result/raw.h"

Suite *sweep_suite(void);

#define TIGHT ".options reltol=1e-12 abstol=1e-15 vntol=1e-12\n"

static eq_result *analyse(const char *text, size_t which) {
    eq_deck *deck = NULL;
    eq_result *r = NULL, *m = NULL;
    eq_diag *d = eq_diag_new();
    eq_status status = eq_deck_parse("t.cir", text, strlen(text), &deck, d);
    ck_assert_msg(status == EQ_OK, "%s: %s", text, status ? eq_diag_get(d, 0)->text : "");
    eq_solve_options o = eq_solve_defaults(eq_deck_circuit(deck));
    status = eq_analysis_run(deck, which, &o, &r, &m, d);
    ck_assert_msg(status == EQ_OK, "%s: %s", text, status ? eq_diag_get(d, 0)->text : "");
    eq_deck_free(deck);
    eq_diag_free(d);
    return r;
}

/* A deck with @A, @B ... in places that ngspice is to see with the values of columns 0, 1, ... */
static const struct swept {
    const char *deck, *points; /* ours, ngspice's */
    size_t loops, rows;
} swept[] = {
    /* ngspice: nested sources and resistors */
    {"t\nv1 in 0 1\nr1 in a 1k m=2\nd1 a 0 dm\n.model dm d(is=1e-12 rs=3)\n" TIGHT
     ".dc v1 0 2 0.5 r1 1k 2k 500\n",
     "t\nv1 in 0 @A\nr1 in a @B m=2\nd1 a 0 dm\n.model dm d(is=1e-12 rs=3)\n" TIGHT ".op\n", 2, 15},
    /* Xyce: lin, dec, oct and list in front of the name and behind it, four loops */
    {"t\nv1 in 0 1\ni1 0 a 1m m=3\nr1 in a 1k\nr2 a 0 5k\nd1 a 0 dm\n.model dm d(is=1e-12)\n" TIGHT
     ".dc lin v1 0 2 1 dec r1 10 1000 2 oct i1 1m 4m 1 temp list -20 27 85\n",
     "t\nv1 in 0 @A\ni1 0 a @C m=3\nr1 in a @B\nr2 a 0 5k\nd1 a 0 dm\n.model dm d(is=1e-12)\n" TIGHT
     ".options temp=@D\n.op\n",
     4, 3 * 5 * 3 * 3},
    /* Xyce: a global parameter, a model's and an element's parameter, around the analysis */
    {"t\n.param x=3 y={2*x}\nv1 in 0 {y}\nr1 in a 1k\nd1 a 0 dleak 2\n.model dleak "
     "d(n=1.2)\n" TIGHT
     ".step x 1 2 0.5\n.step DLEAK:IS list 1e-14 1e-9\n.step d1:area 1 3 2\n.op\n",
     "t\nv1 in 0 {2*(@A)}\nr1 in a 1k\nd1 a 0 dleak area=@C\n.model dleak d(n=1.2 is=@B)\n" TIGHT
     ".op\n",
     3, 12},
    /* LTspice: param without a .param card, type and model, temp; used in a subcircuit and its
       model */
    {"t\n.step param rload list 50 1k\n.step oct param vin 0.5 2 1\n.step D dm(N) 1 2 1\n"
     ".step temp -55 125 90\n.subckt load a b r=1\nr1 a b {r}\nd1 a b dm\n.model dm "
     "d(is={1e-15*r})\n"
     ".ends\nv1 in 0 {vin}\nr0 in a 10\nx1 a 0 load r={2*rload}\n" TIGHT ".op\n",
     "t\n.subckt load a b r=1\nr1 a b {r}\nd1 a b dm\n.model dm d(is={1e-15*r} n=@C)\n.ends\n"
     "v1 in 0 @B\nr0 in a 10\nx1 a 0 load r={2*@A}\n.options temp=@D\n" TIGHT ".op\n",
     4, 2 * 3 * 2 * 3},
    /* .temp with a list; a sweep whose range is a stepped parameter; .dc over a parameter */
    {"t\n.param top=1 g=1k\nv1 in 0 1\nr1 in a {g} tc1=2m\nd1 a 0 dm\n.model dm d\n" TIGHT
     ".step param top 1 2 1\n.temp 0 50\n.dc v1 {top} {top+2} 1 g list 1k 3k\n",
     "t\nv1 in 0 @C\nr1 in a @D tc1=2m\nd1 a 0 dm\n.model dm d\n" TIGHT ".options temp=@B\n.op\n",
     4, 2 * 2 * 3 * 2},
    /* Xyce and HSPICE: tables, with and without continuation lines, around each other */
    {"t\nv1 in 0 1\nr1 in a 1k m=2\nd1 a 0 dm\n.model dm d(is=1e-12)\n.param x=1\ni1 0 a "
     "{x*1m}\n" TIGHT
     ".data inner\n+ v1 r1 x\n+ 0 1k 1\n+ 1 2k 2\n+ 2 3k 0.5\n.enddata\n.dc data=inner\n"
     ".data Outer temp dm:is\n27 1e-12\n* two rows\n85 {1e-10}\n.enddata\n.step data=outer\n",
     "t\nv1 in 0 @C\nr1 in a @D m=2\nd1 a 0 dm\n.model dm d(is=@B)\ni1 0 a {@E*1m}\n" TIGHT
     ".options temp=@A\n.op\n",
     5, 6},
    /* PSpice: res, param; a resistor inside an instance, named as Xyce and as ngspice do */
    {"t\nv1 in 0 3\n.subckt s a\nr1 a 0 1k\nd1 a 0 dm\n.ends\nr0 in a 100\nx1 a s\nx2 a s\n"
     ".model dm d\n" TIGHT ".dc x1:r1 1k 3k 1k r.x2.r1 list 50 70\n",
     "t\nv1 in 0 3\n.subckt s a r=1\nr1 a 0 {r}\nd1 a 0 dm\n.ends\nr0 in a 100\nx1 a s r=@A\n"
     "x2 a s r=@B\n.model dm d\n" TIGHT ".op\n",
     2, 6},
};

/* The template with the values of one row. */
static char *write_out(const char *text, const double *value) {
    eq_text t = {0};
    for (; *text != '\0'; text++)
        if (*text == '@')
            eq_text_printf(&t, "%.17g", value[*++text - 'A']);
        else
            eq_text_add(&t, text, 1);
    ck_assert(!t.failed);
    return t.text;
}

static void compare_row(const eq_result *r, size_t row, const struct swept *s) {
    const double *value = r->value + row * r->variables;
    char *deck = write_out(s->points, value);
    eq_result **plots = NULL;
    size_t count = 0, found = 0;
    eq_diag *d = eq_diag_new();
    eq_status status = eq_ngspice_run(deck, strlen(deck), &plots, &count, d);
    ck_assert_msg(status == EQ_OK, "%s: %s", deck, status ? eq_diag_get(d, 0)->text : "");
    ck_assert_uint_eq(count, 1);
    for (size_t k = s->loops; k < r->variables; k++) {
        size_t column = eq_result_find(plots[0], r->variable[k].name);
        if (column == plots[0]->variables) continue;
        double want = plots[0]->value[column];
        ck_assert_msg(value[k] - want < 1e-9 && want - value[k] < 1e-9, "%s: %s = %.12g, not %.12g",
                      deck, r->variable[k].name, value[k], want);
        found++;
    }
    ck_assert_uint_ge(found, 2);
    eq_raw_free(plots, count);
    eq_diag_free(d);
    eq_free(deck);
}

START_TEST(every_point_agrees_with_ngspice) {
    const struct swept *s = &swept[_i];
    eq_result *r = analyse(s->deck, 0);
    ck_assert_uint_eq(r->points, s->rows);
    size_t every = r->points > 30 ? 7 : 1; /* a sample of the long ones, the last row among them */
    for (size_t row = (r->points - 1) % every; row < r->points; row += every)
        compare_row(r, row, s);
    eq_result_free(r);
}
END_TEST

/* The first .step is the innermost loop (Xyce Reference Guide, .STEP), .temp the outermost. */
START_TEST(loops_are_nested_in_order) {
    static const char *const name[] = {"x", "r1", "temp", "v1", "v(a)"};
    eq_result *r = analyse("t\nv1 a 0 {x}\nr1 a 0 1\n.param x=0\n.print dc v(a)\n.temp 20 30\n"
                           ".step x 1 2 1\n.step r1 5 6 1\n.dc v1 7 8 1\n",
                           0);
    ck_assert_uint_eq(r->variables, 5);
    ck_assert_uint_eq(r->points, 16);
    for (size_t k = 0; k < 5; k++) ck_assert_str_eq(r->variable[k].name, name[k]);
    for (size_t j = 0; j < 16; j++) {
        const double *x = r->value + 5 * j;
        ck_assert_double_eq(x[3], 7.0 + (double)(j & 1));
        ck_assert_double_eq(x[0], 1.0 + (double)(j >> 1 & 1));
        ck_assert_double_eq(x[1], 5.0 + (double)(j >> 2 & 1));
        ck_assert_double_eq(x[2], 20.0 + 10.0 * (double)(j >> 3));
        ck_assert_double_eq_tol(x[4], x[3], 1e-12);
    }
    eq_result_free(r);
}
END_TEST

/* The circuit is as before when its analyses are done, so each sees the deck's own values. */
START_TEST(analyses_restore_the_circuit) {
    static const char text[] =
        "t\nv1 a 0 {x}\nr1 a 0 10 m=2\n.param x=3\n.dc x 1 2 1 r1 1 2 1\n.op\n";
    eq_deck *deck = NULL;
    eq_result *r = NULL, *m = NULL;
    ck_assert_int_eq(eq_deck_parse("t.cir", text, sizeof text - 1, &deck, NULL), EQ_OK);
    for (size_t k = 0; k < 2; k++) {
        ck_assert_int_eq(eq_analysis_run(deck, k, NULL, &r, &m, NULL), EQ_OK);
        size_t last = r->points * r->variables - 1;
        ck_assert_double_eq_tol(r->value[last], k == 0 ? -2.0 : -0.6, 1e-12);
        eq_result_free(r);
    }
    eq_deck_free(deck);
}
END_TEST

/* A resistor that is trained is a conductance inside; sweeps, prints and measures go on naming its
 * resistance. */
START_TEST(a_trained_resistor_is_swept_as_one) {
    static const char text[] = "t\nv1 a 0 1\nr1 a 0 10 m=2\n*% train r1 gmin=1e-3 gmax=10\n"
                               ".dc r1 1 4 3\n.dc r1:r 1 4 3\n.print dc i(v1) r1:r @r1[r] r1:g\n"
                               ".measure dc m1 max r1:r\n";
    for (size_t which = 0; which < 2; which++) {
        eq_deck *deck = NULL;
        eq_result *r = NULL, *m = NULL;
        ck_assert_int_eq(eq_deck_parse("t.cir", text, sizeof text - 1, &deck, NULL), EQ_OK);
        ck_assert_int_eq(eq_analysis_run(deck, which, NULL, &r, &m, NULL), EQ_OK);
        const double want[] = {1.0, -2.0, 1.0, 1.0, 2.0, 4.0, -0.5, 4.0, 4.0, 0.5};
        ck_assert_uint_eq(r->points * r->variables, 10);
        for (size_t k = 0; k < 10; k++) ck_assert_double_eq_tol(r->value[k], want[k], 1e-12);
        ck_assert_double_eq(m->value[0], 4.0);
        eq_result_free(r);
        eq_result_free(m);
        eq_deck_free(deck);
    }
}
END_TEST

static const struct refused {
    const char *deck, *message;
    size_t points; /* before that */
} refused[] = {
    {"t\nv1 a 0 1\nr1 a 0 {x}\n.step param x 2 0 -1\n.op\n",
     "there is no operating point with x = 0", 2},
    {"t\nv1 a 0 1\nr1 a 0 {x}\n.step param x 1 2e301 1e301\n.op\n",
     "the deck cannot be read with x = 1e+301", 1},
    {"t\nv1 a 0 1\nr1 a 0 1\n.dc r1 1 2e300 1e300\n", "the sweep sets r1 to 2e+300 ohm", 2},
    {"t\nv1 a 0 1\nr1 a 0 1\n.dc r1 2 0 -1\n", "r1, of 0 ohm, closes a loop of voltage sources", 2},
    {"t\nv1 a 0 1\nr1 a 0 1\nd1 a 0 dm\n.model dm d\n.dc dm:is list 1e-14 -1\n",
     "the deck cannot be read with dm(is) = -1", 1},
    {"t\ni1 0 a 1m\nr1 a 0 500\ng1 a 0 a 0 -1m\n.step r1 500 1k 500\n.op\n",
     "the sweep stops at r1 = 1000", 1},
};

START_TEST(a_bad_point_is_named) {
    eq_deck *deck = NULL;
    eq_result *r = NULL, *m = NULL;
    eq_diag *d = eq_diag_new();
    bool found = false;
    const char *text = refused[_i].deck;
    ck_assert_int_eq(eq_deck_parse("t.cir", text, strlen(text), &deck, d), EQ_OK);
    ck_assert_int_ne(eq_analysis_run(deck, 0, NULL, &r, &m, d), EQ_OK);
    ck_assert_ptr_null(m);
    ck_assert_uint_eq(r->points, refused[_i].points);
    eq_result_free(r);
    for (size_t k = 0; k < eq_diag_count(d); k++)
        found |= strstr(eq_diag_get(d, k)->text, refused[_i].message) != NULL;
    ck_assert_msg(found, "%s: %s", text, eq_diag_get(d, eq_diag_count(d) - 1)->text);
    eq_deck_free(deck);
    eq_diag_free(d);
}
END_TEST

/* Sweeps of elements and of the temperature survive a way through XML; lists and decades too. */
START_TEST(sweeps_go_through_xml) {
    static const char text[] = "t\nv1 in 0 1\nr1 in a 1k m=2\nd1 a 0 dm\n.model dm d\n"
                               ".dc dec v1 0.1 10 3 r1 list 1k 7k\n.step temp 0 50 25\n"
                               ".nodeset v(a)=0.25 all=2\n";
    eq_deck *deck = NULL, *second = NULL;
    eq_result *r[2] = {NULL, NULL}, *m = NULL;
    eq_text xml = {0};
    ck_assert_int_eq(eq_deck_parse("t.cir", text, sizeof text - 1, &deck, NULL), EQ_OK);
    ck_assert_int_eq(eq_deck_write(deck, EQ_XML, NULL, &xml, NULL), EQ_OK);
    ck_assert_int_eq(eq_deck_parse("t.xml", xml.text, xml.length, &second, NULL), EQ_OK);
    ck_assert_int_eq(eq_analysis_run(deck, 0, NULL, &r[0], &m, NULL), EQ_OK);
    ck_assert_int_eq(eq_analysis_run(second, 0, NULL, &r[1], &m, NULL), EQ_OK);
    ck_assert_uint_eq(r[0]->points, 42);
    const eq_circuit *again = eq_deck_circuit(second);
    ck_assert_uint_eq(again->starts, 2);
    ck_assert_int_eq(again->start[0].node, eq_circuit_find_node(again, "a"));
    ck_assert_double_eq(again->start[0].v, 0.25);
    ck_assert_int_eq(again->start[1].node, EQ_NONE);
    ck_assert_uint_eq(r[1]->points, 42);
    size_t a = eq_result_find(r[0], "v(a)");
    for (size_t j = 0; j < 42; j++)
        ck_assert_double_eq_tol(r[0]->value[j * r[0]->variables + a],
                                r[1]->value[j * r[1]->variables + a], 1e-12);
    for (int k = 0; k < 2; k++) eq_result_free(r[k]);
    eq_deck_free(deck);
    eq_deck_free(second);
    eq_text_free(&xml);
}
END_TEST

/* Exports keep where Newton starts; one for all nodes only in the dialect that has it. */
START_TEST(nodesets_are_exported) {
    static const char deck[] = "t\nv1 in 0 1\nr1 in a 1k\nd1 a 0 dm\n.model dm d\n"
                               ".nodeset v(a)=0.25 all=2 v(in)=-3\n.op\n";
    static const eq_dialect dialect[] = {EQ_NGSPICE, EQ_XYCE, EQ_LTSPICE};
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_circuit_parse("t.cir", deck, sizeof deck - 1, &c, NULL), EQ_OK);
    for (size_t k = 0; k < 3; k++) {
        eq_circuit *again = NULL;
        eq_text text = {0};
        size_t first = k == 0 ? 3 : 2;
        ck_assert_int_eq(eq_circuit_write(c, dialect[k], NULL, &text, NULL), EQ_OK);
        ck_assert_int_eq(eq_circuit_parse("t.cir", text.text, text.length, &again, NULL), EQ_OK);
        ck_assert_uint_eq(again->starts, first);
        ck_assert_int_eq(again->start[0].node, eq_circuit_find_node(again, "a"));
        ck_assert_double_eq(again->start[0].v, 0.25);
        ck_assert_double_eq(again->start[first - 1].v, -3.0);
        eq_circuit_free(again);
        eq_text_free(&text);
    }
    eq_text spectre = {0};
    ck_assert_int_eq(eq_circuit_write(c, EQ_SPECTRE, NULL, &spectre, NULL), EQ_OK);
    ck_assert_ptr_nonnull(strstr(spectre.text, "\nnodeset a=0.25\nnodeset in=-3\n"));
    eq_text_free(&spectre);
    eq_circuit_free(c);
}
END_TEST

/* A .step of LTspice ends at its last value, whatever the step; that of Xyce does not, and is one
 * point when the step does not lead there. */
START_TEST(ends_of_steps_in_ltspice_and_xyce) {
    static const struct {
        const char *card;
        size_t points;
        double last;
    } one[] = {{".step param x 1 10 4\n.backanno\n", 4, 10.0},
               {".step param x 1 9 4\n.backanno\n", 3, 9.0},
               {".step dec param x 1 20 2\n.backanno\n", 4, 20.0},
               {".step param x dec 1 20 2\n.backanno\n", 4, 20.0},
               {".step x 1 10 4\n.options device temp=27\n", 3, 9.0},
               {".step x 9 1 4\n.options device temp=27\n", 1, 9.0}};
    for (size_t k = 0; k < sizeof one / sizeof *one; k++) {
        char deck[256];
        snprintf(deck, sizeof deck, "t\nv1 a 0 {x}\nr1 a 0 1\n.param x=1\n.op\n%s", one[k].card);
        eq_result *r = analyse(deck, 0);
        ck_assert_uint_eq(r->points, one[k].points);
        ck_assert_double_eq_tol(r->value[(r->points - 1) * r->variables], one[k].last, 1e-12);
        eq_result_free(r);
    }
}
END_TEST

/* A negative resistance in antiparallel diodes: 1 mS v = 2 IS sinh(v/Vt) (+ 2 gmin v) has the
 * solutions 0 and
 * +-v; the start decides. Also around a step, and for every node. */
START_TEST(nodesets_choose_the_solution) {
    static const struct {
        const char *card;
        double sign;
    } start[] = {{".nodeset v(a)=0.7", 1.0},
                 {".nodeset v(a)=-0.7", -1.0},
                 {".nodeset all=0.7", 1.0},
                 {".nodeset all=1 v(A)=-0.7", -1.0},
                 {".ic V(a) = {0-0.7}", -1.0},
                 {".nodeset a 0.7 b 1", 1.0},
                 {"", 0.0}};
    for (size_t k = 0; k < sizeof start / sizeof *start; k++) {
        char deck[256];
        snprintf(deck, sizeof deck,
                 "t\ng1 0 a a 0 2m\nr1 a 0 1k\nd1 a 0 dm\nd2 0 a dm\nr2 b 0 1\n.model dm d\n%s\n"
                 ".print op v(a)\n.op\n.step r2 1 2 1\n",
                 start[k].card);
        eq_result *r = analyse(deck, 0);
        ck_assert_uint_eq(r->points, 2);
        for (size_t j = 0; j < 2; j++) {
            double v = r->value[2 * j + 1], vt = 0.025864917007157;
            double i = 1e-14 * (exp(fabs(v) / vt) - 1.0) + 1e-14 + 2e-12 * fabs(v);
            ck_assert_double_eq_tol(i, 1e-3 * fabs(v), 1e-9);
            ck_assert(start[k].sign == 0.0 ? v == 0.0 : v * start[k].sign > 0.6);
        }
        eq_result_free(r);
    }
}
END_TEST

/* A latch: one held node settles the others before it is let go. The current through the
 * resistor at b is that of the diode there. */
START_TEST(one_held_node_decides_a_latch) {
    static const struct {
        const char *card;
        double sign;
    } start[] = {{"v(a)=1", 1.0},       {"v(a)=-1", -1.0},       {"v(b)=1", -1.0},
                 {"v(b)=-0.1", 1.0},    {"v(a)=1 v(b)=-1", 1.0}, {"v(a)=-1 v(b)=1", -1.0},
                 {"v(p)=7 v(a)=1", 1.0}};
    for (size_t k = 0; k < sizeof start / sizeof *start; k++) {
        char deck[512];
        snprintf(deck, sizeof deck,
                 "t\ne1 x 0 b 0 -5\nr1 x a 1k\nd1 a p dm\nd2 n a dm\ne2 y 0 a 0 -5\nr2 y b 1k\n"
                 "d3 b p dm\nd4 n b dm\nvp p 0 0.5\nvn n 0 -0.5\n.model dm d\n.nodeset %s\n.op\n"
                 ".print op v(a) v(b) v(y)\n",
                 start[k].card);
        eq_result *r = analyse(deck, 0);
        double a = r->value[0], b = r->value[1], y = r->value[2];
        double drop = 1e-3 * (y - b); /* through d3 or d4 */
        double law = 1e-14 * exp((fabs(b) - 0.5) / 0.025864917007157);
        ck_assert_msg(a * start[k].sign > 1.0 && b * start[k].sign < -1.0, "%s: %g %g",
                      start[k].card, a, b);
        ck_assert_double_eq_tol(fabs(drop), law, 1e-8);
        eq_result_free(r);
    }
}
END_TEST

Suite *sweep_suite(void) {
    Suite *s = suite_create("sweep");
    TCase *t = tcase_create("sweep");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, every_point_agrees_with_ngspice, 0, sizeof swept / sizeof *swept);
    tcase_add_test(t, loops_are_nested_in_order);
    tcase_add_test(t, analyses_restore_the_circuit);
    tcase_add_test(t, a_trained_resistor_is_swept_as_one);
    tcase_add_loop_test(t, a_bad_point_is_named, 0, sizeof refused / sizeof *refused);
    tcase_add_test(t, sweeps_go_through_xml);
    tcase_add_test(t, nodesets_are_exported);
    tcase_add_test(t, ends_of_steps_in_ltspice_and_xyce);
    tcase_add_test(t, nodesets_choose_the_solution);
    tcase_add_test(t, one_held_node_decides_a_latch);
    suite_add_tcase(s, t);
    return s;
}
