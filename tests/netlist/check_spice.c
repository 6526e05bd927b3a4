/* The SPICE reader: what each line of a deck becomes in the tables. Names, values and precedences
 * are those of ngspice 39 (`ngspice -b` on the same decks, its "show" tables and voltages). */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "netlist/netlist.h"

Suite *spice_suite(void);

static eq_circuit *read_deck(const char *text, eq_diag *d) {
    eq_circuit *c = NULL;
    return eq_circuit_parse("deck.cir", text, strlen(text), &c, d) == EQ_OK ? c : NULL;
}

/* Parameters that differ from their defaults, in the order of the class. */
static void print_parameters(const eq_table *t, size_t row, eq_text *out) {
    for (int k = 0; k < t->cls->params; k++) {
        double value = t->w[k][row];
        bool same = value == t->cls->param[k].default_value || isnan(value);
        if (k == t->cls->value)
            eq_text_printf(out, " %.12g", value);
        else if (!same)
            eq_text_printf(out, " %s=%.12g", t->cls->param[k].name, value);
    }
}

/* One line for each element: name nodes <control> value parameter=... : model */
static void print_element(const eq_circuit *c, eq_element e, eq_text *out) {
    eq_row r = c->row[e];
    const eq_table *t = &c->table[r.cls];
    eq_text_puts(out, eq_circuit_element_name(c, e));
    for (int k = 0; k < EQ_MAX_TERMINALS && t->term[k] != NULL; k++)
        eq_text_printf(out, " %s", eq_circuit_node_name(c, t->term[k][r.row]));
    if (t->control != NULL)
        eq_text_printf(out, " <%s>", eq_circuit_element_name(c, t->control[r.row]));
    print_parameters(t, (size_t)r.row, out);
    if (t->model != NULL && t->model[r.row] != EQ_NONE)
        eq_text_printf(out, " : %s", c->model[t->model[r.row]].name);
    eq_text_puts(out, "\n");
}

static const struct {
    const char *deck, *elements;
} kept[] = {
    /* numbers, suffixes, case, comments, continuation */
    {"t\nV1 IN gnd 5V\nr1 in 0 1.5K ; comment\nR2 (in,0) 2MEG $ comment\nr3 in 0 3mil // comment\n"
     "* comment\n  * indented\n# comment\nr4 in\n* between\n\n+ 0\n  + 4mOhm\nr5 in 0 1e3k\nr6 in "
     "0 +.5e-3\n.END\nr7 in 0 9",
     "v1 in 0 5\nr1 in 0 1500\nr2 in 0 2000000\nr3 in 0 7.62e-05\nr4 in 0 0.004\nr5 in 0 "
     "1000000\nr6 in 0 0.0005\nr7 in 0 9\n"},
    {"t\r\nv1 a 0 1t\r\nr1 a 0\r\n+ 2g\r\nr2 a 0 3u\r\nr3 a 0 4n\r\nr4 a 0 5p\r\nr5 a 0 6f\r\nr6 a "
     "0 7aF\r\n",
     "v1 a 0 1e+12\nr1 a 0 2000000000\nr2 a 0 3e-06\nr3 a 0 4e-09\nr4 a 0 5e-12\nr5 a 0 6e-15\nr6 "
     "a 0 7e-18\n"},
    /* resistors */
    {"t\n.model rm r(r=100)\n.model rk r(res=2k tc1=0.01)\nv1 a 0 1\nra a 0 2 rm\nrb a 0 rm\nrc a "
     "0 rk\nrd a 0 rm 3\n"
     "re a 0 5 m=2\nrf a 0 r=5 tc1=1m tc2=1u temp=127\nrh a 0 {2*3}\nri a 0 '2*3'\nrk a 0 5 ac=3 "
     "scale=2\n",
     "v1 a 0 1\nra a 0 2 : rm\nrb a 0 100 : rm\nrc a 0 2000 tc1=0.01 : rk\nrd a 0 3 : rm\nre a 0 "
     "2.5\n"
     "rf a 0 5 tc1=0.001 tc2=1e-06 temp=127\nrh a 0 6\nri a 0 6\nrk a 0 10\n"},
    /* sources: their value at dc */
    {"t\nr0 a 0 1\nv1 a 0 sin(1 2 1k 0 0 90)\nv2 a 0 pulse(1 2 0 1n 1n)\nv3 a 0 pwl(0 3 1 4)\nv4 a "
     "0 pwl(-1 3 1 5)\n"
     "v5 a 0 exp(1.5 2)\nv6 a 0 sffm(1.25 2 1k 3 4)\nv7 a 0 am(1 2 3 4)\nv8 a 0 dc 3 ac 1 90 sin(1 "
     "2 1)\nv9 a 0 ac 1\n"
     "v10 a 0 4 ac 2\nv11 a 0 ac 1 dc 6\nv12 a 0 sin 5 1 1k\nv13 a 0 dc=7\nv14 a 0 pwl(2 3 5 "
     "4)\ni1 0 a dc 1 m=2\ni2 a 0 {-1m}\n",
     "r0 a 0 1\nv1 a 0 3\nv2 a 0 1\nv3 a 0 3\nv4 a 0 4\nv5 a 0 1.5\nv6 a 0 1.25\nv7 a 0 0\nv8 a 0 "
     "3\nv9 a 0 0\nv10 a 0 4\n"
     "v11 a 0 6\nv12 a 0 5\nv13 a 0 7\nv14 a 0 3\ni1 0 a 2\ni2 a 0 -0.001\n"},
    /* controlled sources; the control may be defined later; L is a 0-V source, C is open */
    {"t\nf1 0 b vs 2\nh1 c 0 e1 5\ne1 (a,0) (b 0) 2\ne2 d 0 b 0 gain=3\ng1 0 b a 0 2m m=3\nf2 0 b "
     "l1 2 m=3\nvs b 0 0\nl1 a b 1u\n"
     "c1 a z 1u ic=0\nr1 a 0 1\n",
     "f1 0 b <vs> 2\nh1 c 0 <e1> 5\ne1 a 0 b 0 2\ne2 d 0 b 0 3\ng1 0 b a 0 0.006\nf2 0 b <l1> "
     "6\nvs b 0 0\nl1 a b 0\nr1 a 0 1\n"},
    /* diodes */
    {"t\nv1 a 0 1\nd1 a 0 dm 2 temp=50 off\nd2 a 0 dm area=2 m=3\nd3 a 0 di\n.model dm d (is=1e-6, "
     "n=2\n+ rs=1 cjo=1p m=0.5 mfg=ON)\n"
     ".model di d(ron=2 roff=1g vfwd=0.6 cj0=1p tt=1n)\n",
     "v1 a 0 1\nd1 a 0 is=1e-06 n=2 rs=1 area=2 temp=50 cjo=1e-12 : dm\nd2 a 0 is=1e-06 n=2 rs=1 "
     "area=2 m=3 cjo=1e-12 : dm\n"
     "d3 a 0 ron=2 roff=1000000000 vfwd=0.6 : di\n"},
    /* the formula that writers give an ideal diode is one; another drop, knee or slope is none */
    {"t\nbd1 A Cathode i=1e-9*v(a,cathode) + (v(a,cathode) > 0.6 ? 0.5*(v(a,cathode) - 0.6) : 0)\n"
     "b2 a b i=1e-9*v(b,a) + (v(b,a) > 0.6 ? 0.5*(v(b,a) - 0.6) : 0)\n"
     "b3 a b i=1e-9*v(a,b) + (v(a,b) > 0.6 ? 0.5*(v(a,b) - 0.5) : 0)\n"
     "b4 a b i=1e-9*v(a,b) + (v(a,b) > 0.6 ? -0.5*(v(a,b) - 0.6) : 0)\n"
     "b5 a b i=1e-9*v(a,b) + (v(a,b) > 0.6 ? 0.5*(v(a,b) - 0.6) : 0) + 1\n"
     "b6 a b i=0*v(a,b) + (v(a,b) > 0.6 ? 0.5*(v(a,b) - 0.6) : 0)\n"
     "b7 a b i=0.5*v(a,b) + (v(a,b) > 0.6 ? -0.5*(v(a,b) - 0.6) : 0)\nr1 a b 1\n",
     "bd1 a cathode ron=1.999999996 roff=1000000000 vfwd=0.6\nb2 a b\nb3 a b\nb4 a b\nb5 a b\nb6 a "
     "b\nb7 a b\nr1 a "
     "b 1\n"},
    /* parameters before their definition, functions */
    {"t\nr1 a 0 {r}\nv1 a 0 {f(2,G)}\n.param r={2*s} s = {3 + 1} t='r*s'\n.func f(x,y) {x*y + "
     "t}\n.param g=2 h=g\nr2 a 0 {h}\n",
     "r1 a 0 8\nv1 a 0 36\nr2 a 0 2\n"},
    /* subcircuits: nested, defaults, overrides, dynamic scope, .global, ground, m, models of their
       own */
    {"t\n.param g=2 vv='g*3'\n.global vdd\nv1 in 0 {vv}\n.subckt top a b params: r=1k\nr1 a n "
     "{r}\nx2 n b inner r={r*2} q = 3\n"
     ".model dd d is=1e-6\nd1 n gnd dd\nr9 n vdd 1k\ne1 k 0 a b 2\nf1 k 0 e1 4\n.subckt inner a b "
     "r=1 q=2\nr1 a n {r}\nr2 n b {q}\n"
     ".ends\n.ends top\nx1 in out top r=10\nr5 out 0 1k\nv2 vdd 0 1\n",
     "v1 in 0 6\nr.x1.r1 in x1.n 10\nr.x1.x2.r1 x1.n x1.x2.n 20\nr.x1.x2.r2 x1.x2.n out 3\nd.x1.d1 "
     "x1.n 0 is=1e-06 : x1:dd\n"
     "r.x1.r9 x1.n vdd 1000\ne.x1.e1 x1.k 0 in out 2\nf.x1.f1 x1.k 0 <e.x1.e1> 4\nr5 out 0 "
     "1000\nv2 vdd 0 1\n"},
    {"t\n.param k=7\nv1 in 0 1\n.subckt a p q r=1k\nx1 p q b\n.ends\n.subckt b p q\nr1 p q "
     "{r}\n.ends\nx1 in 0 a r=5\n.subckt c p q\n"
     ".param h=2 k=9\nr1 p q {h*k}\n.ends\nx3 in 0 c\n",
     "v1 in 0 1\nr.x1.x1.r1 in 0 5\nr.x3.r1 in 0 18\n"},
    {"t\nv1 a 0 1\n.subckt s p q\nr1 p q 10\ni1 p q 1\nd1 p q dm\n.ends\n.model dm d\nx1 a 0 s "
     "m=2\n.subckt t p q m=7\nr1 p q {m}\n.ends\nx2 a 0 t m=3\n",
     "v1 a 0 1\nr.x1.r1 a 0 5\ni.x1.i1 a 0 2\nd.x1.d1 a 0 m=2 : dm\nr.x2.r1 a 0 3\n"},
    {"t\nv1 a 0 1\n.subckt s p q is=1u\nd1 p q dm\nd2 p q dm\n.model dm d(is={is})\n.ends\nx1 a 0 "
     "s\nx2 a 0 s\nx3 a 0 s is=2u\n",
     "v1 a 0 1\nd.x1.d1 a 0 is=1e-06 : x1:dm\nd.x1.d2 a 0 is=1e-06 : x1:dm\nd.x2.d1 a 0 is=1e-06 : "
     "x1:dm\n"
     "d.x2.d2 a 0 is=1e-06 : x1:dm\nd.x3.d1 a 0 is=2e-06 : x3:dm\nd.x3.d2 a 0 is=2e-06 : x3:dm\n"},
    /* conditions: nested, on parameters that come later, in subcircuits by instance; cards under
       them */
    {"t\n.if (m == 1)\n.if (a > 5)\nr1 a 0 1\n.elseif (a > 1)\nr1 a 0 {q}\n.elseif (a > 0)\nr1 a 0 "
     "3\n.else\nr1 a 0 4\n.endif\n.param q=2\n.model dm d(is=2)\n.else\nr1 a 0 5\n.param "
     "q=6\n.model dm "
     "d(is=3)\n.options gmin=5\n.endif\n.param a=2 m=1\nd1 a 0 dm\nv1 a 0 {q}\n",
     "r1 a 0 2\nd1 a 0 is=2 : dm\nv1 a 0 2\n"},
    {"t\nv1 a 0 1\n.subckt s p k=0\n.if k\nr1 p 0 1\n.model dm d(is=1e-3)\n.func f(x) "
     "{x+1}\n.else\nr1 p "
     "0 2\n.model dm d(is=2e-3)\n.func f(x) {x+2}\n.endif\nd1 p 0 dm\nr2 p 0 {f(k)}\n.ends\n.if "
     "(1)\n.subckt z p\nr3 p 0 3\n.ends\n.else\n.subckt z p\nr4 p 0 4\n.ends\n.endif\nx1 a s "
     "k=1\nx2 a "
     "s\nx3 a z\n",
     "v1 a 0 1\nr.x1.r1 a 0 1\nd.x1.d1 a 0 is=0.001 : x1:dm\nr.x1.r2 a 0 2\nr.x2.r1 a 0 "
     "2\nd.x2.d1 a 0 is=0.002 : x2:dm\nr.x2.r2 a 0 2\nr.x3.r3 a 0 3\n"},
    /* tc= of ngspice (one) and of Xyce and LTspice (two) */
    {"t\nv1 a 0 1\nr1 a 0 1 tc=3\nr2 a 0 1 TC = 4, 5 m=2\nr3 a 0 1 tc={2+4},7\n",
     "v1 a 0 1\nr1 a 0 1 tc1=3\nr2 a 0 0.5 tc1=4 tc2=5\nr3 a 0 1 tc1=6 tc2=7\n"},
    /* ngspice takes = for == in a test */
    {"t\nv1 a 0 1\n.param s=3 q=2\n.if (s == 1)\nr1 a 0 1\n.elseif (s = 3) $ <-- selected\n.if "
     "(q=1)\nr1 a 0 "
     "2\n.elseif q = {q}\nr1 a 0 3\n.endif\n.endif\n",
     "v1 a 0 1\nr1 a 0 3\n"},
    /* what eqspice does not do is left out with a note */
    {"t\nv1 a 0 1\nr1 a 0 1\nk1 l1 l2 0.9\n.tran 1n 1u\n.print dc v(a)\n.control\nrun\nr9 a "
     "b\n.endc\n.model q npn(bf=100)\n.options method=gear nopage\n",
     "v1 a 0 1\nr1 a 0 1\n"},
};

START_TEST(decks_become_tables) {
    eq_diag *d = eq_diag_new();
    eq_circuit *c = read_deck(kept[_i].deck, d);
    ck_assert_msg(c != NULL, "%s: %s", kept[_i].deck,
                  eq_diag_count(d) > 0 ? eq_diag_get(d, 0)->text : "");
    ck_assert_uint_eq(eq_diag_errors(d), 0);
    eq_text got = {0};
    for (size_t e = 0; e < eq_circuit_elements(c); e++) print_element(c, (eq_element)e, &got);
    ck_assert_str_eq(got.text, kept[_i].elements);
    eq_text_free(&got);
    eq_circuit_free(c);
    eq_diag_free(d);
}
END_TEST

START_TEST(cards_set_analyses_and_options) {
    static const char text[] =
        "  A title \nv1 a 0 1\nr1 a 0 {r}\n.param r=2 e=-12\n.op\n.dc v1 0 1 0.5 r1 1 2 "
        "1\n.temp 50\n"
        ".options reltol=1e-4 abstol=1e-14 gmin={10**e} tnom=25 itl1=50 acct\n";
    eq_deck *deck = NULL;
    ck_assert_int_eq(eq_deck_parse("deck.cir", text, sizeof text - 1, &deck, NULL), EQ_OK);
    const eq_circuit *c = eq_deck_circuit(deck);
    ck_assert_str_eq(c->title, "A title");
    ck_assert_uint_eq(deck->analyses, 2);
    ck_assert_int_eq(deck->analysis[0].type, EQ_ANALYSIS_OP);
    ck_assert_int_eq(deck->analysis[1].sweeps, 2);
    ck_assert_int_eq(deck->analysis[1].sweep[1].handle.element, eq_circuit_find_element(c, "r1"));
    ck_assert_double_eq(deck->analysis[1].sweep[0].step, 0.5);
    ck_assert_int_eq(deck->analysis[1].at.line, 6);
    ck_assert_double_eq(c->options.reltol, 1e-9); /* a looser one does not loosen ours */
    ck_assert_double_eq(c->options.abstol, 1e-14);
    ck_assert_double_eq_tol(c->env.gmin, 1e-12, 1e-26);
    ck_assert_double_eq(c->env.temp, 50.0);
    ck_assert_double_eq(c->env.tnom, 25.0);
    ck_assert_int_eq(c->options.itl1, 50);
    eq_deck_free(deck);
}
END_TEST

START_TEST(directives_name_inputs_outputs_and_groups) {
    eq_circuit *c = read_deck("t\n*% input  Vx1 Vx2\n*% input vx3\n*% output yp,ym z\n*% nudge "
                              "ip,im iz\n*% train Rw* gmin=1u gmax={2*g}\n"
                              "*% train rv? rz gmin=1e-6 gmax=1\n.param g=0.5\n"
                              "vx1 a 0 1\nvx2 b 0 1\nvx3 c 0 1\nrw1 a yp 2k\nrw2 b ym 1k\nrv1 c z "
                              "1\nrz z 0 10\nry yp ym 5\n"
                              "ip 0 yp 0\nim 0 ym 0\niz 0 z 0\n",
                              NULL);
    ck_assert_ptr_nonnull(c);
    ck_assert_uint_eq(c->inputs, 3);
    ck_assert_int_eq(c->input[2], eq_circuit_find_element(c, "vx3"));
    ck_assert_uint_eq(c->outputs, 2);
    ck_assert_int_eq(c->output[0].plus, eq_circuit_find_node(c, "yp"));
    ck_assert_int_eq(c->output[0].nudge_minus, eq_circuit_find_element(c, "im"));
    ck_assert_int_eq(c->output[1].minus, EQ_NONE);
    ck_assert_uint_eq(c->groups, 3);
    ck_assert_uint_eq(c->group[0].count, 2);
    ck_assert_str_eq(c->group[2].name, "rz");
    ck_assert_double_eq(c->group[0].max, 1.0);
    ck_assert_uint_eq(c->table[EQ_CLASS_memristor].count, 4);
    eq_circuit_free(c);
}
END_TEST

/* .include beside the including file, each file once in memory; .lib takes one section. */
START_TEST(includes_and_sections_are_read_in_place) {
    eq_diag *d = eq_diag_new();
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_circuit_read("tests/decks/include.cir", &c, d), EQ_OK);
    eq_text got = {0};
    for (size_t e = 0; e < eq_circuit_elements(c); e++) print_element(c, (eq_element)e, &got);
    ck_assert_str_eq(got.text,
                     "v1 in 0 1\nr.x1.r1 in mid 2000\nr.x2.r1 mid 0 2000\nr.x2.r2 0 mid 3000\n");
    eq_place at = eq_circuit_place_of(c, 1);
    ck_assert_str_eq(at.file, "tests/decks/inc/half.inc");
    ck_assert_int_eq(at.line, 3);
    eq_text_free(&got);
    eq_circuit_free(c);
    eq_diag_free(d);
}
END_TEST

static const char rich[] = "t\n.param a=1 b={a+1}\n.func f(x) {x*b}\n.global vdd\nv1 in 0 {f(2)} "
                           "ac 1\n.subckt s p q r=1k\nr1 p n {r}\nd1 n q dm area=2\n"
                           "e1 k 0 p q 2\nf1 k 0 e1 1\n.model dm d(is={r*1e-9} cjo=1p)\n.ends\nx1 "
                           "in out s r='2*a'\nx2 in out s\nrw1 out 0 1k tc1=1m\ni1 0 out 0\n"
                           "+ m=2\n.op\n.dc v1 0 1 0.1\n.options reltol=1e-3\n*% input v1\n*% "
                           "output out\n*% nudge i1\n*% train rw* gmin=1u gmax=1\n.end\n";

/* What no operating point depends on is told once and left out. */
START_TEST(what_is_left_out_is_told) {
    static const char text[] = "t\nv1 a 0 1\nr1 a 0 1k\n.nodeset i(l1)=1m i(l2)=2m v(a)=0.5\n"
                               ".measure dc x four v(a)\n.measure dc y enob v(a)\n"
                               ".dc v1 0 1 1\n.end\n";
    static const char *const note[] = {
        "ignored: i() of .nodeset, which says nothing at dc",
        "skipped: .measure of four (and others)",
    };
    eq_diag *d = eq_diag_new();
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_circuit_parse("deck.cir", text, strlen(text), &c, d), EQ_OK);
    ck_assert_uint_eq(c->starts, 1);
    ck_assert_uint_eq(eq_diag_count(d), sizeof note / sizeof *note);
    for (size_t k = 0; k < eq_diag_count(d); k++) {
        const char *told = eq_diag_get(d, k)->text;
        ck_assert_msg(strcmp(told, note[0]) == 0 || strcmp(told, note[1]) == 0, "%s", told);
    }
    eq_circuit_free(c);
    eq_diag_free(d);
}
END_TEST

/* What is printed of an analysis that is not here is not read; of those that are, nodes must exist. */
START_TEST(prints_of_other_analyses_are_not_read) {
    static const char *const of[] = {"tran", "ac", "noise", "disto", "pz", "sp",
                                     "hb",   "op", "dc",    "sens",  "tf"};
    for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
        char deck[120];
        snprintf(deck, sizeof deck, "t\nv1 a 0 1\nr1 a 0 1k\n.op\n.print %s v(nowhere)\n", of[k]);
        eq_diag *d = eq_diag_new();
        eq_circuit *c = read_deck(deck, d);
        ck_assert_msg((c != NULL) == (k < 7), "%s", deck);
        eq_circuit_free(c);
        eq_diag_free(d);
    }
}
END_TEST

/* A model of each type that no element here can use is passed over with a note; an element that
 * names it is told that it is of another type. */
START_TEST(models_of_other_devices_are_passed_over) {
    static const char *const types[] = {"c",   "cap", "l",   "ind",   "lpnp", "nmf",
                                        "pmf", "urc", "cpl", "nchan", "ltra", "txl"};
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        char deck[120], note[80];
        eq_diag *d = eq_diag_new();
        snprintf(deck, sizeof deck, "t\nv1 a 0 1\nr1 a 0 1k\n.model x %s(q=1)\n.op\n", types[k]);
        snprintf(note, sizeof note, "ignored: model x (and others) of type %s, ", types[k]);
        eq_circuit *c = read_deck(deck, d);
        ck_assert_msg(c != NULL, "%s", deck);
        ck_assert_uint_eq(eq_diag_count(d), 1);
        ck_assert_msg(strstr(eq_diag_get(d, 0)->text, note) != NULL, "%s", eq_diag_get(d, 0)->text);
        ck_assert_int_eq(eq_diag_get(d, 0)->severity, EQ_NOTE);
        eq_circuit_free(c);
        eq_diag_clear(d);
        snprintf(deck, sizeof deck, "t\nv1 a 0 1\nd1 a 0 x\n.model x %s(q=1)\n.op\n", types[k]);
        ck_assert_ptr_null(read_deck(deck, d));
        snprintf(note, sizeof note, "%s", types[k]);
        ck_assert_msg(strstr(eq_diag_get(d, 0)->text, note) != NULL, "%s", eq_diag_get(d, 0)->text);
        eq_diag_free(d);
    }
}
END_TEST

/* Any beginning of a deck, and a deck with a byte changed, is read or refused with a message: no
 * crash, and never a failure that says nothing. */
START_TEST(damaged_decks_are_read_or_refused) {
    size_t n = strlen(rich);
    char copy[sizeof rich];
    eq_random r = eq_random_seed(7);
    static const char bytes[] = "{}'\"()=+*.%\n\t x0-,;$/\\\1\177a";
    for (size_t k = 0; k < n + 20000; k++) {
        eq_circuit *c = NULL;
        eq_diag *d = eq_diag_new();
        size_t length = k < n ? k : n;
        memcpy(copy, rich, sizeof rich);
        for (int i = 0; k >= n && i < 1 + (int)(k % 3); i++)
            copy[eq_random_below(&r, n)] = bytes[eq_random_below(&r, sizeof bytes - 1)];
        eq_status status = eq_circuit_parse("deck.cir", copy, length, &c, d);
        ck_assert((status == EQ_OK) == (c != NULL));
        ck_assert_msg((status == EQ_OK) == (eq_diag_errors(d) == 0), "%s", copy);
        eq_circuit_free(c);
        eq_diag_free(d);
    }
}
END_TEST

static const char *const hungry[] = {
    rich,
    "t\n.param a=1\n.if (a==1)\n.param z=1\n.else\n.param z=2\n.endif\nv1 a 0 {z}\n"
    "s1 a b a 0 sw\nr1 b 0 1k\n.model sw sw(vt=0.5 ron=1)\n.data t v1 r1\n1 1k\n2 2k\n.enddata\n"
    ".dc data=t\n.print dc all b v(a,b)*2 @r1[resistance] @r1[i] p=par('v(b)')\n"
    ".measure dc x max v(b)\n.measure dc y param='x*2'\n.nodeset v(b)=1\n.end\n",
    "t\nv1 a 0 1\nr1 a b 1k\nd1 b 0 D\n.model D D(is=1f)\n.lib none.dio\n.op\n.backanno\n.end\n",
};

/* Every allocation fails once, in turn, and once for good. */
START_TEST(reading_survives_running_out_of_memory) {
    eq_status status = EQ_ERR_MEMORY;
    for (long n = 0; status != EQ_OK && n < 5000; n++) {
        eq_circuit *c = NULL;
        eq_diag *d = eq_diag_new();
        eq_mem_fail_after(n);
        status = eq_circuit_parse("deck.cir", hungry[_i], strlen(hungry[_i]), &c, d);
        eq_mem_fail_after(-1);
        ck_assert_msg(status == EQ_OK || status == EQ_ERR_MEMORY, "allocation %ld: status %d: %s",
                      n, status, eq_diag_count(d) > 0 ? eq_diag_get(d, 0)->text : "");
        eq_circuit_free(c);
        eq_diag_free(d);
    }
    ck_assert_int_eq(status, EQ_OK);
}
END_TEST

Suite *spice_suite(void) {
    Suite *s = suite_create("spice");
    TCase *t = tcase_create("spice");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, decks_become_tables, 0, sizeof kept / sizeof *kept);
    tcase_add_test(t, cards_set_analyses_and_options);
    tcase_add_test(t, directives_name_inputs_outputs_and_groups);
    tcase_add_test(t, includes_and_sections_are_read_in_place);
    tcase_add_test(t, what_is_left_out_is_told);
    tcase_add_test(t, prints_of_other_analyses_are_not_read);
    tcase_add_test(t, models_of_other_devices_are_passed_over);
    tcase_add_test(t, damaged_decks_are_read_or_refused);
    tcase_add_loop_test(t, reading_survives_running_out_of_memory, 0,
                        sizeof hungry / sizeof *hungry);
    suite_add_tcase(s, t);
    return s;
}
