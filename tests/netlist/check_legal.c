/* What ngspice, Xyce or LTspice accept is read, and means what it means there: one small deck a
 * kind, against closed forms. (Decks that ngspice reads alike stand in tests/decks.) */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "solver/solver.h"

Suite *legal_suite(void);

/* A deck, its title and .end aside, and a potential or a current in it. */
static const struct legal {
    eq_dialect dialect;
    const char *lines, *what;
    double value;
} decks[] = {
    /* bare names of parameters */
    {EQ_NGSPICE, ".param rr=2k vv=3\nv1 a 0 vv\nr1 a b rr\nr2 b 0 1k", "v(b)", 1.0},
    {EQ_NGSPICE, ".param rr=2k\nv1 a 0 dc 3\nr1 a b 1k tc=0.1 temp=37\nr2 b 0 rr", "v(b)", 1.5},
    {EQ_XYCE, ".param vo=1 va=5 m=2\nv1 a 0 sin(vo va 1k)\nr1 a 0 1k m=m", "i(v1)", -2e-3},
    {EQ_LTSPICE, ".param p0=1 p1=2\nv1 a 0 3\ne1 b 0 poly(1) a 0 p0 p1\nr1 b 0 1", "v(b)", 7.0},
    {EQ_NGSPICE, ".param r=1 t1=5\nv1 a 0 pwl(0 2 t1 3) r=0\nr1 a 0 r", "i(v1)", -2.0},
    {EQ_XYCE, ".param vmax=2\n.ic v(b)=vmax\nv1 a 0 vmax\nr1 a b 1\nr2 b 0 1", "v(b)", 1.0},
    {EQ_NGSPICE, "v1 a 0 dc 1 distof1 .1 0\ni1 0 a ac 2 1 distof2 3 dc 2\nr1 a 0 1", "i(v1)", 1.0},
    /* the inner name wins over the deck's, a subcircuit sees the deck's */
    {EQ_NGSPICE,
     ".param rr=1\nv1 a 0 1\nx1 a s\n.subckt s a\n.param rr=4\nr1 a b rr\nr2 b 0 vv\n.ends\n"
     ".param vv=4",
     "v(x1.b)", 0.5},
    /* parameters of an instance: ngspice takes its own first, the others the deck's */
    {EQ_NGSPICE, ".param l=20\nv1 a 0 1\nx1 a 0 s w={l}\n.subckt s a b w=1 l=2\nr1 a b {w}\n.ends",
     "i(v1)", -0.5},
    {EQ_XYCE, ".param l=20\nv1 a 0 1\nx1 a 0 s w={l}\n.subckt s a b w=1 l=2\nr1 a b {w}\n.ends",
     "i(v1)", -0.05},
    {EQ_XYCE, "v1 a 0 1\nx1 a 0 s w={2*l} l=3\n.subckt s a b w=1 l=2\nr1 a b {w}\n.ends", "i(v1)",
     -1.0 / 6.0},
    {EQ_LTSPICE, "v1 a 0 1\nx1 a 0 s m={2*w} w=2\n.subckt s a b w=1\nr1 a b {w}\n.ends", "i(v1)",
     -2.0},
    /* LTspice's cards; a micro sign, a suffix as the point */
    {EQ_LTSPICE,
     ".params rt=3k\n.param rb 1k\n.param q {rt/3} z=2\n.function h(x) {x/2}\n"
     "v1 a 0 {z*h(8)}\nr1 a b {rt}\nr2 b 0 {(rb+q)/2}",
     "v(b)", 2.0},
    {EQ_LTSPICE, "v1 a 0 1\nr1 a b 4K7\nr2 b 0 6k34Ohm\nr3 a 0 1r5 tol=1 pwr=0.25", "v(b)",
     6340.0 / 11040.0},
    {EQ_LTSPICE, "v1 a 0 1\nr1 a b {1meg5}\nr2 b 0 500k", "v(b)", 0.25},
    {EQ_NGSPICE,
     "i1 0 a 5\xB5\ni2 0 a 2\xC2\xB5"
     "A\nr1 a 0 {1k+0\xCE\xBC}\ni3 0 a {3\xCE\xBC*2}",
     "v(a)", 13e-3},
    {EQ_NGSPICE,
     "v1 a 0 10V\nr1 a b 10\xCE\xA9\nr2 b 0 1kOhm\n.options temp = 25\xC2\xB0"
     "C\n.ic\n.nodeset",
     "v(b)", 1000.0 / 101.0},
    /* the temperature in numbers */
    {EQ_NGSPICE, ".param r={temper}\nv1 a 0 1\nr1 a 0 {r}\n.options temp=40", "i(v1)", -0.025},
    {EQ_NGSPICE, ".func f(x) {x*temper}\nv1 a 0 1\nx1 a s\n.subckt s a r={f(2)}\nr1 a 0 {r}\n.ends",
     "i(v1)", -1.0 / 54.0},
    {EQ_XYCE, ".global_param t={TEMP}\nv1 a 0 1\nr1 a 0 {t}", "i(v1)", -1.0 / 27.0},
    {EQ_XYCE, "v1 a 0 {VT}\nr1 a 0 1", "v(a)", 0.025864186384551},
    {EQ_XYCE, "b1 a 0 v={2*vt+temp}\nr1 a 0 1", "v(a)", 27.0 + 2.0 * 0.025864186384551},
    {EQ_XYCE, ".param vt=3\nv1 a 0 {vt}\nr1 a 0 1", "v(a)", 3.0},
    /* functions on .param, more than one a line */
    {EQ_NGSPICE, ".param a=1 f(x,y)={2*x+y+a} b=2 g(x) = 'f(x,b)'\nv1 a 0 {g(3)}\nr1 a 0 1", "v(a)",
     9.0},
    /* currents in formulas */
    {EQ_NGSPICE, "v1 a 0 3\nr1 a 0 1k\nb1 b 0 v=1k*i(R1)\nr2 b 0 1", "v(b)", 3.0},
    {EQ_XYCE,
     "i1 0 a 2m\nr1 a 0 1k\nb1 b 0 v={1k*(i(I1)+I(x1:rx))}\nr2 b 0 1\nx1 a s\n"
     ".subckt s a\nrx a 0 1k\nc1 a 0 1n\n.ends",
     "v(b)", 3.0},
    {EQ_LTSPICE,
     "v1 a 0 1\nb1 a 0 i=v(a)*2m\ng1 0 c a 0 1m\nr1 c 0 1k\nb2 b 0 v=i(b1)*1k+i(g1)*1k\n"
     "r2 b 0 1",
     "v(b)", 3.0},
    {EQ_NGSPICE,
     "v1 a 0 3\nr1 a b 1k\nr3 b 0 1k\nr2 c 0 r={1k+i(r1)*1meg}\ni1 0 c 1m\n"
     "b1 d 0 v=1+i(c1)\nc1 b 0 1u\nr4 d 0 1",
     "v(c)", 2.5},
    {EQ_NGSPICE, "v1 a 0 3\nr1 a b 1k\nb1 b 0 i=v(b)*1m\nb2 c 0 v=i(b1)*1k\nr2 c 0 1", "v(c)", 1.5},
    {EQ_NGSPICE, "v1 a 0 3\nr1 a b 1k\ng1 b 0 b 0 1m\nb2 c 0 v=i(g1)*1k+i(r1)\nr2 c 0 1", "v(c)",
     1.5015},
    /* the only path to ground is the current of its own drop */
    {EQ_NGSPICE, "i1 0 b 2m\nb1 b 0 i=v(b)*1m\nb2 c 0 v=i(b1)*1k\nr2 c 0 1", "v(b)", 2.0},
    {EQ_NGSPICE, "i1 b 0 2m\nb1 0 b i=v(0,b)*1m\nb2 c 0 v=i(b1)*1k\nr2 c 0 1", "v(c)", 2.0},
    {EQ_NGSPICE, "i1 0 b 2m\ng1 b 0 b 0 1m\nb2 c 0 v=i(g1)*1k\nr2 c 0 1", "v(b)", 2.0},
    {EQ_NGSPICE, "i1 0 b 2m\ng1 b 0 0 b -1m\nb2 c 0 v=i(g1)*1k\nr2 c 0 1", "v(c)", 2.0},
    /* start values of each instance; a closed form of one of three answers */
    {EQ_NGSPICE,
     "x1 a ff s=-0.9\nx2 b ff\nra a 0 1g\nrb b 0 1g\n.subckt ff q s=0.9\n"
     "b1 n 0 i=1m*(v(n)*v(n)*v(n)-v(n))\nr1 q n 1u\n.nodeset v(n)=s v(q)={s}\n.ends",
     "v(x1.n)", -0.9999995},
    /* diodes: the sidewall beside the junction, geometry of level 3 */
    {EQ_NGSPICE,
     "v1 a 0 0.6\nd1 a 0 dm area=2 pj=3\n.model dm d(is=1e-15 jsw=2e-15)\n"
     ".options gmin=0",
     "i(v1)", -8e-15 * 11871962895.870682}, /* expm1(0.6 V/Vt) */
    {EQ_LTSPICE,
     "v1 in 0 -12\nr1 in a 1k\nd1 a 0 z\n.model z d(ron=1 roff=1g vfwd=0.7 vrev=5 rrev=2)", "v(a)",
     -(5.0 + 14.0 / 1002.0)},
    {EQ_LTSPICE, "v1 in 0 5\nr1 in a 10\nd1 a 0 l\n.model l d(ron=0.1 roff=1g vfwd=0.5 ilimit=0.2)",
     "v(a)", 3.0},
    {EQ_LTSPICE, "v1 a 0 0.7\nd1 a 0 s\n.model s d(ron=2 roff=1t vfwd=0.5 epsilon=0.4)", "i(v1)",
     -0.025}, /* s^2/(2 e ron) */
    {EQ_LTSPICE, "v1 a 0 -4\nd1 a 0 s m=2\n.model s d(ron=2 roff=1t vrev=3 revepsilon=0.4)",
     "i(v1)", 0.8}, /* rrev = ron; half of revepsilon later */
    {EQ_LTSPICE,
     "v1 a 0 3\nx1 a b s m=2\nr1 b 0 1\n.subckt s a b\nd1 a b dm m=3\n.ends\n"
     ".model dm d(ron=6 roff=1t vfwd=1)",
     "v(b)", 1.0}, /* six in parallel */
    /* a shunt at every node, inside too */
    {EQ_NGSPICE, "i1 0 a 1u\nr1 a b 1meg\nr2 b 0 1meg\n.options rshunt=1e6", "v(b)", 0.2},
};

static eq_deck *read_bytes(const char *bytes, size_t length, eq_dialect dialect) {
    eq_deck *d = NULL;
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_file_write(in("legal.cir"), bytes, length, NULL), EQ_OK);
    eq_status status = eq_deck_read_as(in("legal.cir"), dialect, &d, diag);
    const char *says =
        eq_diag_count(diag) > 0 ? eq_diag_get(diag, eq_diag_count(diag) - 1)->text : "";
    ck_assert_msg(status == EQ_OK, "%s in\n%s", says, bytes);
    eq_diag_free(diag);
    return d;
}

/* v(n) or i(element) at the operating point. */
static double value_of(eq_circuit *c, const char *what) {
    enum { MOST = 40 };
    eq_solver *s = NULL;
    double v[MOST] = {0.0}, i[MOST];
    char name[40];
    snprintf(name, sizeof name, "%.*s", (int)strlen(what) - 3, what + 2);
    ck_assert_uint_lt(eq_circuit_nodes(c), MOST);
    eq_circuit_begin(c, v, (double[MOST]){0.0});
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, i, NULL, NULL), EQ_OK);
    eq_element e = eq_circuit_find_element(c, name);
    eq_node n = eq_circuit_find_node(c, name);
    double value = *what == 'v' ? v[n] : eq_solver_current(s, e, v, i);
    eq_solver_free(s);
    return value;
}

START_TEST(every_kind_is_read_as_in_its_dialect) {
    const struct legal *l = &decks[_i];
    eq_text text = {0};
    eq_text_printf(&text, "legal\n%s\n.op\n.end\n", l->lines);
    eq_deck *d = read_bytes(text.text, text.length, l->dialect);
    double got = value_of(d->circuit, l->what);
    ck_assert_msg(fabs(got - l->value) <= 2e-7 * fabs(l->value), "%s is %.12g, not %.12g in\n%s",
                  l->what, got, l->value, l->lines);
    eq_deck_free(d);
    eq_text_free(&text);
}
END_TEST

/* A deck in UTF-16 and the file it includes, with and without a mark, either byte first. */
START_TEST(decks_in_utf_16_are_read) {
    static const char deck[] = "\xFF* UTF-16\r\ni1 0 a 5\xB5\r\nr1 a 0 1k\r\n.op\r\n.end\r\n";
    for (int k = 0; k < 4; k++) {
        bool mark = k % 2 == 0, big = k / 2 != 0;
        char bytes[2 * sizeof deck] = "";
        size_t n = 0;
        for (size_t j = mark ? 0 : 1; j + 1 < sizeof deck; j++, n += 2) {
            unsigned unit = j == 0 ? 0xFEFF : (unsigned char)deck[j];
            bytes[n + !big] = (char)(unit >> 8);
            bytes[n + big] = (char)unit;
        }
        eq_deck *d = read_bytes(bytes, n, EQ_DIALECT_COUNT);
        ck_assert_double_eq_tol(value_of(d->circuit, "v(a)"), 5e-3, 1e-12);
        ck_assert_str_eq(d->circuit->title, "* UTF-16");
        eq_deck_free(d);
        ck_assert_int_eq(eq_file_write(in("part.inc"), bytes, n, NULL), EQ_OK);
        static const char outer[] = "\xEF\xBB\xBF"
                                    "outer\n.include part.inc\nr2 a 0 1k\n.end\n";
        d = read_bytes(outer, sizeof outer - 1, EQ_DIALECT_COUNT);
        ck_assert_double_eq_tol(value_of(d->circuit, "v(a)"), 2.5e-3, 1e-12);
        ck_assert_str_eq(d->circuit->title, "outer");
        eq_deck_free(d);
    }
}
END_TEST

/* Code points of two units, and halves of such, which stand for none (U+FFFD). */
START_TEST(pairs_of_units_are_one_code_point) {
    static const unsigned unit[] = {'*', ' ',    0xD83D, 0xDE00, 'x',  0xDBFF, 0xDFFF, 0xD800,
                                    'y', 0xDC00, 0xE9,   0x20AC, '\n', 'r',    '1',    ' ',
                                    'a', ' ',    '0',    ' ',    '1',  '\n',   'i',    '1',
                                    ' ', '0',    ' ',    'a',    ' ',  '2',    '\n'};
    for (int big = 0; big < 2; big++) {
        char bytes[2 * sizeof unit / sizeof *unit];
        size_t n = 0;
        for (size_t j = 0; j < sizeof unit / sizeof *unit; j++, n += 2) {
            bytes[n + (size_t)!big] = (char)(unit[j] >> 8);
            bytes[n + (size_t)big] = (char)(unit[j] & 0xFF);
        }
        eq_deck *d = read_bytes(bytes, n, EQ_DIALECT_COUNT);
        ck_assert_str_eq(d->circuit->title, "* \xF0\x9F\x98\x80x\xF4\x8F\xBF\xBF\xEF\xBF\xBDy"
                                            "\xEF\xBF\xBD\xC3\xA9\xE2\x82\xAC");
        ck_assert_double_eq_tol(value_of(d->circuit, "v(a)"), 2.0, 1e-12);
        eq_deck_free(d);
    }
}
END_TEST

/* Numbers made of the temperature follow a sweep over it, as r1:temp does. */
START_TEST(parameters_follow_the_temperature) {
    static const char deck[] =
        "warm\n.param r={10*temper}\nv1 a 0 1\nr1 a 0 {r}\nr2 a b 1 dtemp=5\n"
        "r3 b 0 1\n.dc temp 10 40 30\n.print dc i(v1) r1:temp {r2:temp}\n"
        ".end\n";
    char *text;
    ck_assert_int_eq(eq_file_write(in("warm.cir"), deck, sizeof deck - 1, NULL), EQ_OK);
    expect_exit(0, &text, "run --format csv %s", in("warm.cir"));
    ck_assert_msg(strstr(text, "\n10,-0.51,10,15\n40,-0.5025,40,45\n") != NULL, "%s", text);
    free(text);
}
END_TEST

/* dC/dw, C = v(out), of a circuit whose formulas ask for currents of its elements. */
static double out_at(eq_circuit *c, eq_handle h, double value, eq_node out) {
    double v[32] = {0.0};
    eq_solver *s = NULL;
    eq_handle_put(c, h, value);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK);
    eq_solver_free(s);
    return v[out];
}

START_TEST(gradients_go_through_currents_in_formulas) {
    static const char deck[] =
        "currents\nv1 a 0 2\nr1 a b 1k\nd1 b c dm\nr2 c 0 500\ni1 0 c 1m\n.model dm d(is=1e-12)\n"
        "b1 out 0 i=-1m*tanh(200*i(d1))-i(r2)*0.3+2*i(i1)*i(r1)/1m\nr3 out 0 1k\nr4 out b 10k\n"
        ".end\n";
    static const char *const name[] = {"r1(r)", "r2(r)", "i1(dc)", "v1(dc)", "d1(is)", "r4(r)"};
    enum { PARAMS = 6, MOST = 32 };
    eq_deck *d = read_bytes(deck, sizeof deck - 1, EQ_NGSPICE);
    eq_circuit *c = d->circuit;
    eq_handle h[PARAMS];
    eq_batch *b = NULL;
    double v[MOST] = {0.0}, i[MOST], dcdv[MOST] = {0.0}, dcdw[PARAMS];
    eq_node out = eq_circuit_find_node(c, "out");
    for (int k = 0; k < PARAMS; k++)
        ck_assert_int_eq(eq_handle_find(c, name[k], &h[k], NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_new(c, NULL, 0, NULL, &b, NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_solve(b, 1, NULL, v, i, NULL), EQ_OK);
    dcdv[out] = 1.0;
    ck_assert_int_eq(eq_batch_vjp(b, 1, NULL, v, i, dcdv, h, PARAMS, dcdw, NULL), EQ_OK);
    eq_batch_free(b);
    for (int k = 0; k < PARAMS; k++) {
        double w = eq_handle_get(c, h[k]), step = 1e-5 * w;
        double slope =
            (out_at(c, h[k], w + step, out) - out_at(c, h[k], w - step, out)) / (2.0 * step);
        eq_handle_put(c, h[k], w);
        ck_assert_msg(fabs(dcdw[k] - slope) <= 1e-6 * fabs(slope), "%s: %.12g against %.12g",
                      name[k], dcdw[k], slope);
    }
    eq_deck_free(d);
}
END_TEST

/* The same answer behind every way out of the program. */
START_TEST(currents_and_limits_survive_an_export) {
    static const char deck[] =
        "out\nv1 in 0 5\nr1 in a 100\nd1 a 0 lim\nr2 in b 1k\nd2 0 b z m=2\nr3 in c 100\n"
        "d3 c 0 soft\nb1 d 0 v=100*i(r1)+10*i(d3)\nr4 d 0 1\n"
        ".model lim d(ron=0.1 roff=1g vfwd=0.5 ilimit=0.02)\n"
        ".model z d(ron=1 roff=1g vfwd=0.7 vrev=3 rrev=2)\n"
        ".model soft d(ron=10 vfwd=1 epsilon=3 vrev=4 revepsilon=.5 ilimit=.05 revilimit=1)\n"
        ".end\n";
    static const char *const to[] = {"xml", "xyce", "ltspice", "ngspice"};
    eq_deck *d = read_bytes(deck, sizeof deck - 1, EQ_LTSPICE);
    double want = value_of(d->circuit, "v(d)"), c = value_of(d->circuit, "v(c)");
    ck_assert_double_eq_tol(value_of(d->circuit, "v(a)"), 3.0, 1e-7);
    eq_deck_free(d);
    for (size_t k = 0; k < sizeof to / sizeof *to; k++) {
        eq_deck *again = NULL;
        const char *path = in(k == 0 ? "out.xml" : "out.cir");
        eq_dialect dialect = EQ_NGSPICE;
        expect_exit(0, NULL, "export --dialect ltspice %s --to %s -o %s", in("legal.cir"), to[k],
                    path);
        eq_dialect_find(k == 0 ? "ngspice" : to[k], &dialect);
        ck_assert_int_eq(eq_deck_read_as(path, dialect, &again, NULL), EQ_OK);
        ck_assert_double_eq_tol(value_of(again->circuit, "v(d)"), want, 1e-9);
        ck_assert_double_eq_tol(value_of(again->circuit, "v(c)"), c, 1e-9);
        eq_deck_free(again);
    }
    expect_exit(0, NULL, "verify --dialect ltspice %s", in("legal.cir"));
}
END_TEST

Suite *legal_suite(void) {
    Suite *s = suite_create("legal");
    TCase *t = tcase_create("legal");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, every_kind_is_read_as_in_its_dialect, 0, sizeof decks / sizeof *decks);
    tcase_add_test(t, decks_in_utf_16_are_read);
    tcase_add_test(t, pairs_of_units_are_one_code_point);
    tcase_add_test(t, parameters_follow_the_temperature);
    tcase_add_test(t, gradients_go_through_currents_in_formulas);
    tcase_add_test(t, currents_and_limits_survive_an_export);
    suite_add_tcase(s, t);
    return s;
}
