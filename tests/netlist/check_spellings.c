/* Spellings of ngspice, Xyce, LTspice, HSPICE and Eldo for one and the same: what a deck of each
 * gives, and what is noted or refused in which words. Values are closed forms, or ngspice -b's. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/analysis.h"
#include "base/mem.h"
#include "netlist/netlist.h"

Suite *spellings_suite(void);

#define DIVIDER "V1 a 0 1\nR1 a b 1k\nR2 b 0 1k\n"
#define CELL ".subckt cell p n\nR1 p m 1k\nR2 m n 1k\n.ends\nX1 a 0 cell\nV1 a 0 1\n"
#define OFXYCE ".preprocess replaceground true\n"
#define OFLTSPICE ".backanno\n"

static const struct good {
    const char *text, *column;
    double value;
} good[] = {
    {".subckt cell p n\nR1 p n 1k\n.ends other\nX1 a 0 cell\nV1 a 0 1\n.op\n", "i(v1)", -1e-3},
    {".macro cell p n\nR1 p n 1k\n.eom\nX1 a 0 cell\nV1 a 0 1\n.op\n", "i(v1)", -1e-3},
    {DIVIDER ".dc\n", "v(b)", 0.5},
    {DIVIDER ".dc\n.extract dc v(*)\n.option noascii\n", "v(b)", 0.5},
    {DIVIDER ".tran 1n 1u\n", "v(b)", 0.5},
    {DIVIDER ".ac dec 1 1 10\n.noise v(b) v1 dec 1 1 10\n.print ac v(b)\n", "v(b)", 0.5},
    {"V1 a 0 1\nR1 a 0 1k tce=1\n.temp 37\n.op\n", "i(v1)", -0.905286954693e-3},
    {"V1 a 0 1\nR1 a 0 rm 1k\n.model rm r(tce=1)\n.temp = 37\n.op\n", "i(v1)", -0.905286954693e-3},
    {"V1 a 0 1\nD1 a 0 dm\n.model dm d(is=1e-14\n+ rs=1k\n+ )\n.op\n.print op dm:rs\n", "dm:rs",
     1e3},
    {OFXYCE "V1 1: 0 3\nR1 1: 0 1\n.dc V1 3 3 1\n.print dc v(1:)\n", "v(1:)", 3},
    {OFXYCE "X1 s\n.subckt s\nV1 1: 0 2\nR1 1: 0 1\n.ends\n.op\n.print op v(x1:1:)\n", "v(x1:1:)",
     2},
    {OFXYCE CELL ".op\n.print op v(x1:p)\n", "v(x1:p)", 1},
    {CELL ".op\n.print op v(x1.p) {2*v(x1.p)}\n", "{2*v(x1.p)}", 2},
    {CELL ".op\n.print op v(x1.*)\n", "v(x1.m)", 0.5},
    {CELL ".op\n.probe v(x*.*) i(x*.*)\n", "i(r.x1.r2)", 5e-4},
    {OFXYCE CELL ".op\n.print op v(x?:m)\n", "v(x1.m)", 0.5},
    {DIVIDER ".op\n.print op i(r*)\n", "i(r1)", 5e-4},
    {DIVIDER ".op\n.print op p(*)\n", "p(r1)", 2.5e-4},
    {DIVIDER ".op\n.print op v(*)\n", "v(b)", 0.5},
    {DIVIDER ".op\n.print op i(*)\n", "i(v1)", -5e-4},
    {DIVIDER ".op\n.print op vm(b,a) {vr(b)} {vi(b)} vp(b)\n", "vm(b,a)", 0.5},
    {DIVIDER ".op\n.print op vdb(b)\n", "vdb(b)", -6.02059991328},
    {DIVIDER ".op\n.print op im(v1)\n", "im(v1)", 5e-4},
    {OFXYCE DIVIDER "C1 a 0 1u\nL1 b c 2m\nR3 c 0 1k\n.op\n.print op c1:c {l1*2}\n", "{l1*2}",
     4e-3},
    {OFXYCE ".subckt s p q\nC1 p q 3u\n.ends\nX1 a 0 s\nV1 a 0 1\n.op\n.print op x1:c1:c\n",
     "x1:c1:c", 3e-6},
    {OFXYCE DIVIDER "R3 a 0 R={1+2*v(a)}\n.op\n.print op r3:r {r3:r*2}\n", "{r3:r*2}", 6},
    {OFXYCE DIVIDER ".op\n.print op n(d1:cd) v(b)\n", "v(b)", 0.5},
    {DIVIDER "B1 q 0 v={sdt(v(a))+idt(v(a),3)}\nR9 q 0 1\n.op\n", "v(q)", 3},
    {OFXYCE DIVIDER "B1 q 0 v={poly(2) v(a) v(a,b) 1 2 4 -3}\nR9 q 0 1\n.op\n", "v(q)", 2},
    {OFXYCE DIVIDER "E1 q 0 value={poly(1) v(a) -1 2}\nR9 q 0 1\n.op\n", "v(q)", 1},
    {DIVIDER "B1 q 0 v={ddx(v(b)*v(b)+sin(v(a)),v(b))}\nR9 q 0 1\n.op\n", "v(q)", 1},
    {DIVIDER "B1 q 0 v={tbl(v(b),0,0,1,10)}\nR9 q 0 1\n.op\n", "v(q)", 5},
    {DIVIDER "B1 q 0 v={hypot(3*v(a),4)+buf(v(a))+inv(v(a))}\nR9 q 0 1\n.op\n", "v(q)", 6},
    {DIVIDER "B1 q 0 v={uplim(v(a),1,0.5)}\nR9 q 0 1\n.op\n", "v(q)",
     1 - 0.5 * 0.36787944117144233},
    {DIVIDER "B1 q 0 v={(v(a)>0.9 & v(b)<0.6) + (v(a)>2 | v(b)>2)}\nR9 q 0 1\n.op\n", "v(q)", 1},
    {OFLTSPICE DIVIDER "B1 q 0 v={(0.7*v(a)) & (0.4*v(a))}\nR9 q 0 1\n.op\n", "v(q)", 0},
    {OFLTSPICE DIVIDER "B1 q 0 v={~(0.7*v(a)) + !(0.4*v(a))}\nR9 q 0 1\n.op\n", "v(q)", 1},
    {DIVIDER ".option temp=50 tnom=50\n.options\n.optionsx gmin=1e-11\n.op\n.print op temp\n",
     "temp", 50},
    {OFXYCE DIVIDER ".options device temp=50\n.options linsol type=klu\n.op\n.print op temp\n",
     "temp", 50},
    {OFXYCE DIVIDER ".options device temp 50\n.op\n.print op temp\n", "temp", 50},
};

static eq_deck *deck_of(const char *text, eq_status want, eq_diag *diag) {
    eq_text whole = {0};
    eq_deck *d = NULL;
    eq_text_printf(&whole, "a title\n%s.end\n", text);
    eq_status status = eq_deck_parse("s.cir", whole.text, whole.length, &d, diag);
    ck_assert_msg(status == want, "%s: %s", text,
                  eq_diag_count(diag) > 0 ? eq_diag_get(diag, eq_diag_count(diag) - 1)->text : "");
    eq_text_free(&whole);
    return d;
}

static double value_of(const char *text, const char *name) {
    eq_diag *diag = eq_diag_new();
    eq_deck *d = deck_of(text, EQ_OK, diag);
    eq_solve_options o = eq_solve_defaults(eq_deck_circuit(d));
    eq_result *r = NULL, *measures = NULL;
    ck_assert_uint_eq(d->analyses, 1);
    ck_assert_int_eq(eq_analysis_run(d, 0, &o, &r, &measures, diag), EQ_OK);
    size_t k = eq_result_find(r, name);
    ck_assert_msg(k < r->variables, "%s: no %s", text, name);
    double value = r->value[k];
    eq_result_free(r);
    eq_result_free(measures);
    eq_deck_free(d);
    eq_diag_free(diag);
    return value;
}

START_TEST(each_spelling_gives_its_value) {
    double value = value_of(good[_i].text, good[_i].column);
    ck_assert_msg(fabs(value - good[_i].value) <= 1e-6 * fabs(good[_i].value) + 1e-9,
                  "%s: %s is %.9g", good[_i].text, good[_i].column, value);
}
END_TEST

/* Random values differ from instance to instance, are the same each time, and spread as they say. */
START_TEST(random_functions_are_drawn_once_an_instance) {
    static const char text[] = ".subckt s p\n.param w={agauss(1k,100,1)}\nR1 p 0 {w}\nR2 p 0 {w}\n"
                               ".ends\nX1 a s\nX2 a s\nV1 a 0 1\n%s.op\n";
    double sum = 0.0, squares = 0.0;
    for (int seed = 1; seed <= 200; seed++) {
        eq_text deck = {0};
        char option[40];
        snprintf(option, sizeof option, ".options seed=%d\n", seed);
        eq_text_printf(&deck, text, option);
        eq_diag *diag = eq_diag_new();
        eq_deck *d = deck_of(deck.text, EQ_OK, diag), *again = deck_of(deck.text, EQ_OK, diag);
        const eq_table *t = &eq_deck_circuit(d)->table[EQ_CLASS_resistor];
        const double *r = t->w[t->cls->value];
        ck_assert_double_eq(r[0], r[1]);
        ck_assert_double_ne(r[0], r[2]);
        ck_assert_mem_eq(r, eq_deck_circuit(again)->table[EQ_CLASS_resistor].w[t->cls->value],
                         4 * sizeof *r);
        sum += r[0] - 1e3;
        squares += (r[0] - 1e3) * (r[0] - 1e3);
        eq_deck_free(d);
        eq_deck_free(again);
        eq_diag_free(diag);
        eq_text_free(&deck);
    }
    ck_assert_double_lt(fabs(sum / 200), 30.0);
    ck_assert_double_eq_tol(sqrt(squares / 200), 100.0, 20.0);
}
END_TEST

/* Each distribution by its moments (and its range, where it has one) about its middle: of 4000
 * sources, five deviations of the estimate allowed. */
static const struct {
    const char *call;
    double middle, deviation, range, fourth; /* fourth: moment over the variance squared */
} distributions[] = {
    {"agauss(2,3,3)", 2, 1, INFINITY, 3},
    {"gauss(2,0.25,2)", 2, 0.25, INFINITY, 3},
    {"aunif(2,3)", 2, 1.7320508075688772, 3, 1.8},
    {"unif(2,0.25)", 2, 0.28867513459481287, 0.5, 1.8},
    {"limit(2,3)", 2, 3, 3, 1},
    {OFLTSPICE "gauss(3)", 0, 3, INFINITY, 3},
    {OFLTSPICE "flat(3)", 0, 1.7320508075688772, 3, 1.8},
    {OFLTSPICE "mc(2,0.25)", 2, 0.28867513459481287, 0.5, 1.8},
    {OFLTSPICE "rand()", 0.5, 0.28867513459481287, 0.5, 1.8},
};

START_TEST(random_functions_spread_as_they_say) {
    enum { N = 4000 };
    const char *call = distributions[_i].call, *dialect = "";
    if (strncmp(call, OFLTSPICE, strlen(OFLTSPICE)) == 0)
        dialect = OFLTSPICE, call += strlen(OFLTSPICE);
    eq_text deck = {0};
    eq_text_puts(&deck, dialect);
    for (int k = 0; k < N; k++) eq_text_printf(&deck, "V%d %d 0 {%s}\n", k + 1, k + 1, call);
    eq_diag *diag = eq_diag_new();
    eq_deck *d = deck_of(deck.text, EQ_OK, diag);
    const eq_table *t = &eq_deck_circuit(d)->table[EQ_CLASS_vsource];
    const double *x = t->w[t->cls->value], size = distributions[_i].deviation;
    double sum = 0.0, squares = 0.0, fourth = distributions[_i].fourth;
    ck_assert_uint_eq(t->count, N);
    for (int k = 0; k < N; k++) {
        double off = (x[k] - distributions[_i].middle) / size;
        ck_assert_double_le(fabs(off) * size, distributions[_i].range * (1.0 + 1e-15));
        sum += off;
        squares += off * off;
    }
    ck_assert_double_lt(fabs(sum / N), 5.0 / sqrt(N));
    ck_assert_double_le(fabs(squares / N - 1.0), 5.0 * sqrt((fourth - 1.0) / N) + 1e-12);
    eq_deck_free(d);
    eq_diag_free(diag);
    eq_text_free(&deck);
}
END_TEST

/* Words that some message of a deck has, and where the first of these stands. */
static const struct said {
    const char *text;
    eq_status status;
    int line;
    const char *words;
} all_said[] = {
    {DIVIDER ".opp\n", EQ_ERR_INPUT, 5, "did you mean .op?"},
    {DIVIDER "B1 q 0 v={v(bb)*2}\nR9 q 0 1\n.op\n", EQ_ERR_INPUT, 5, "formula of B1 names node bb"},
    {DIVIDER "B1 q 0 v={v(ba)*2}\nR9 q 0 1\n.op\n", EQ_ERR_INPUT, 5, "did you mean"},
    {"V1 a 0 1 * comment\nR1 a 0 1\n.op\n", EQ_ERR_INPUT, 2, "start with ;"},
    {"V1 a 0 1\nR1 a 0 1 * comment\n.op\n", EQ_ERR_INPUT, 3, "start with ;"},
    {CELL "X2 a 0 cell * comment\n.op\n", EQ_ERR_INPUT, 8, "start with ;"},
    {DIVIDER ".op * comment\n", EQ_ERR_INPUT, 5, "start with ;"},
    {DIVIDER ".op\n.print op foo\n", EQ_ERR_INPUT, 6, ".print: there is no node"},
    {DIVIDER ".op\n.print op v(b) sqt(2)\n", EQ_ERR_INPUT, 6, "did you mean sqrt?"},
    {DIVIDER ".op\n.print op v(q*)\n", EQ_OK, 6, "nothing is called as v(q*)"},
    {DIVIDER ".op\n.save dialogbox\n", EQ_OK, 6, "left out: dialogbox"},
    {DIVIDER "R3 a b 1 2\n.op\n.print op i(r3)\n", EQ_ERR_INPUT, 5, "R3"},
    {DIVIDER "R3 a 0 {1/0}\n.op\n", EQ_ERR_INPUT, 5, "R3: division by zero"},
    {DIVIDER "R3 a 0 1M\n.op\n", EQ_OK, 5, "1meg"},
    {DIVIDER "R3 a 0 10KOHM\nR4 a 0 1MEGOHM\nR5 a 0 2.2Mohm\n.op\n", EQ_OK, 7,
     "2.2Mohm is milliohms"},
    {DIVIDER "R3 a 0 -1k\n.op\n", EQ_OK, 5, "negative resistance"},
    {DIVIDER ".tran 1n 1u\n", EQ_OK, 5, "skipped: .tran"},
    {DIVIDER ".subckt s p\nR1 p 0 {zz}\n.ends\nX9 a s\n.op\n", EQ_ERR_INPUT, 6, "in x9 of s"},
    {".include nowhere.inc\nD1 a 0 dm\nX1 a b c\n.op\n", EQ_ERR_INPUT, 2, "nowhere.inc"},
};

START_TEST(messages_say_what_and_where) {
    const struct said *w = &all_said[_i];
    eq_diag *diag = eq_diag_new();
    eq_deck *d = deck_of(w->text, w->status, diag);
    const eq_message *found = NULL;
    for (size_t k = 0; k < eq_diag_count(diag) && found == NULL; k++)
        if (strstr(eq_diag_get(diag, k)->text, w->words) != NULL) found = eq_diag_get(diag, k);
    ck_assert_msg(found != NULL, "%s: %s", w->text,
                  eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "no message");
    ck_assert_int_eq(found->line, w->line);
    if (w->status != EQ_OK) ck_assert_uint_eq(eq_diag_errors(diag), 1);
    eq_deck_free(d);
    eq_diag_free(diag);
}
END_TEST

START_TEST(a_title_that_looks_like_an_element_is_noted) {
    static const char text[] = "R9 a 0 1k\n" DIVIDER ".op\n.end\n";
    eq_diag *diag = eq_diag_new();
    eq_deck *d = NULL;
    ck_assert_int_eq(eq_deck_parse("s.cir", text, strlen(text), &d, diag), EQ_OK);
    ck_assert_uint_eq(eq_diag_count(diag), 1);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 0)->text, "looks like element R9"));
    eq_deck_free(d);
    eq_diag_free(diag);
}
END_TEST

/* f0(x) = x + 1, f1(x) = f0(x) + 1, ...: a thousand deep. */
START_TEST(a_thousand_functions_call_each_other) {
    eq_text t = {0};
    eq_text_puts(&t, ".func f0(x) {x+1}\n");
    for (int k = 1; k < 1000; k++) eq_text_printf(&t, ".func f%d(x) {f%d(x)+1}\n", k, k - 1);
    eq_text_puts(&t, "V1 a 0 {f999(2)}\nR1 a 0 1\n.op\n");
    ck_assert_double_eq_tol(value_of(t.text, "v(a)"), 1002.0, 1e-9);
    eq_text_free(&t);
}
END_TEST

Suite *spellings_suite(void) {
    Suite *s = suite_create("spellings");
    TCase *t = tcase_create("spellings");
    tcase_add_loop_test(t, each_spelling_gives_its_value, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(t, messages_say_what_and_where, 0, sizeof all_said / sizeof *all_said);
    tcase_add_test(t, random_functions_are_drawn_once_an_instance);
    tcase_add_loop_test(t, random_functions_spread_as_they_say, 0,
                        sizeof distributions / sizeof *distributions);
    tcase_add_test(t, a_title_that_looks_like_an_element_is_noted);
    tcase_add_test(t, a_thousand_functions_call_each_other);
    suite_add_tcase(s, t);
    return s;
}
