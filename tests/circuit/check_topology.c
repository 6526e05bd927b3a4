#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/mna.h"
#include "base/mem.h"
#include "circuit/depth.h"
#include "circuit/topology.h"

Suite *topology_suite(void);

/* Checks a deck; returns the topology and leaves the findings in d. */
static eq_topology *look(const char *text, eq_circuit **c, eq_diag *d) {
    eq_topology *t = NULL;
    *c = deck(text);
    ck_assert_int_eq(eq_topology_check(*c, &t, d), EQ_OK);
    return t;
}

static double weight(const eq_topology *t, const eq_circuit *c, const char *node) {
    return eq_topology_weight(t, eq_circuit_find_node(c, node));
}

#define AMPLIFIER(k, from, to, gain, back)                                                         \
    "E" #k " e" #k " 0 " from " 0 " #gain "\nVs" #k " e" #k " " to " 0\nF" #k " " from " 0 Vs" #k  \
    " " #back "\n"

/* d(w) = (gamma/A) d(h), stage by stage (docs/theory.md, 3). */
START_TEST(weights_multiply_along_a_chain) {
    eq_circuit *c;
    eq_diag *d = eq_diag_new();
    eq_topology *t = look(
        "chain\nV1 in 0 1\nR1 in h 1k\n" AMPLIFIER(1, "h", "w", 4, 0.25) "R2 w g 1k\n" AMPLIFIER(
            2, "g", "u", 3, 0.5) "R3 u y 1k\nR4 y 0 1k\n"
                                 "R5 in z 1k\nR6 z 0 1k\n.op\n.end\n",
        &c, d);
    ck_assert(t->exists && t->positive && t->passive);
    ck_assert_uint_eq(t->components, 4); /* h; e1 w g; e2 u y; z */
    ck_assert_double_eq_tol(weight(t, c, "w") / weight(t, c, "h"), 0.0625, 1e-15);
    ck_assert_double_eq_tol(weight(t, c, "e1") / weight(t, c, "h"), 0.0625, 1e-15);
    ck_assert_double_eq_tol(weight(t, c, "y") / weight(t, c, "g"), 0.5 / 3, 1e-15);
    ck_assert_int_eq(t->component[eq_circuit_find_node(c, "in")], EQ_NONE);
    ck_assert_int_eq(t->component[EQ_GROUND], EQ_NONE);
    ck_assert_uint_eq(eq_diag_errors(d), 0);
    eq_topology_free(t);
    eq_circuit_free(c);
    eq_diag_free(d);
}
END_TEST

/* Two ways from component h to component y: the ratios must agree. */
static const char consistent[] = "diamond\nV1 in 0 1\nR1 in h 1k\n" AMPLIFIER(1, "h", "w", 4, 0.25)
    AMPLIFIER(2, "h", "u", 2, 0.125) "R2 w y 1k\nR3 u y 1k\nR4 y 0 1k\n.op\n.end\n";
static const char inconsistent[] =
    "diamond\nV1 in 0 1\nR1 in h 1k\n" AMPLIFIER(1, "h", "w", 4, 0.25)
        AMPLIFIER(2, "h", "u", 2, 0.5) "R2 w y 1k\nR3 u y 1k\nR4 y 0 1k\n.op\n.end\n";

static const struct {
    const char *deck;
    bool exists, positive, passive;
    const char *says[2];
} cases[] = {
    {consistent, true, true, true, {"energy weights exist", "2 floating components"}},
    {inconsistent, false, false, true, {"loop of amplifiers e", "e1"}},
    {"feedback\nV1 in 0 1\nR1 in h 1k\n" AMPLIFIER(1, "h", "w", 4, 0.25) "R2 w h 9k\n.op\n.end\n",
     false,
     false,
     true,
     {"loop of amplifiers e1", "0.0625"}},
    {"unit feedback\nV1 in 0 1\nR1 in h 1k\n" AMPLIFIER(1, "h", "w", 4, 4) "R2 w h 9k\n.op\n.end\n",
     true,
     true,
     true,
     {"energy weights exist", NULL}},
    {"blocked\nV1 in 0 1\nR1 in h 1k\nE1 w 0 h 0 4\nR2 w 0 1k\n.op\n.end\n",
     false,
     false,
     true,
     {"current of e1 back", "blocks error signals"}},
    {"unloaded probe\nV1 in 0 1\nR1 in h 1k\nE1 w 0 h 0 4\n.op\n.end\n",
     true,
     true,
     true,
     {"energy weights exist", NULL}},
    {"sign trap of F1 h 0 E1\nV1 in 0 1\nR1 in h 1k\nE1 w 0 h 0 4\nF1 h 0 E1 0.25\nR2 w 0 1k\n"
     ".op\n.end\n",
     true,
     false,
     true,
     {"not positive", NULL}},
    {"foreign F\nV1 in 0 1\nR1 in h 1k\nF1 h 0 V1 0.1\nR2 h 0 1k\n.op\n.end\n",
     false,
     false,
     true,
     {"f1 draws a current that belongs to node in", NULL}},
    {"transconductance\nV1 in 0 1\nR1 in a 1k\nR2 b 0 1k\nG1 b 0 a 0 1m\n.op\n.end\n",
     false,
     false,
     true,
     {"g1 is a voltage-controlled current source", NULL}},
    {"held control\nV1 in 0 1\nR1 b a 1k\nR2 b 0 1k\nG1 b 0 in 0 1m\n.op\n.end\n",
     true,
     true,
     true,
     {"energy weights exist", NULL}},
    {"own drop\nV1 in 0 1\nR1 in a 1k\nG1 a 0 a 0 1m\n.op\n.end\n",
     true,
     true,
     true,
     {"energy weights exist", NULL}},
    {"negative\nV1 in 0 1\nR1 in a 1k\nG1 a 0 0 a 1u\n.op\n.end\n",
     true,
     true,
     false,
     {"g1 has a negative conductance", NULL}},
    {"transresistance\nV1 in 0 1\nR1 in a 1k\nH1 b 0 V1 10\nR2 a b 1k\n.op\n.end\n",
     false,
     false,
     true,
     {"h1 is a current-controlled", NULL}},
    {"negative R\nV1 in 0 1\nR1 in a 1k\nR2 a 0 -1meg\n.op\n.end\n",
     true,
     true,
     false,
     {"r2 has a negative conductance", "passive"}},
    {"warm\nV1 in 0 1\nR1 in a 1k\nR2 a 0 1k tc1=-0.02\n.options temp=127\n.op\n.end\n",
     true,
     true,
     false,
     {"r2 has a negative conductance", NULL}},
    {"warm by itself\nV1 in 0 1\nR1 in a 1k\nR2 a 0 1k tc2=-1e-3 dtemp=100\n.op\n.end\n",
     true,
     true,
     false,
     {"r2 has a negative conductance", NULL}},
    {"cool enough\nV1 in 0 1\nR1 in a 1k\nR2 a 0 1k tc1=-0.02\n.options temp=76\n.op\n.end\n",
     true,
     true,
     true,
     {"energy weights exist", NULL}},
    {"twice negative\nV1 in 0 1\nR1 in a 1k\nR2 a 0 -1k tc1=-0.02\n.options temp=127\n.op\n.end\n",
     true,
     true,
     true,
     {"energy weights exist", NULL}},
    {"both signs wrong\nV1 in 0 1\nR1 in a 1k\nG1 a 0 0 a -1u\n.op\n.end\n",
     true,
     true,
     true,
     {"energy weights exist", NULL}},
    {"formulas of their own drop\nV1 in 0 1\nR1 in a 1k\nR2 a b 1k\nB1 a 0 i=v(a)*1m\nB2 a b "
     "i=tanh(v(a,b))*temper\nB3 b a i=1m*(v(a)-v(b))**3\nB4 0 b i=1m\nB5 0 b "
     "i=-v(b)\nR3 b 0 1\n.op\n.end\n",
     true,
     true,
     true,
     {"energy weights exist", NULL}},
    {"of one end alone\nV1 in 0 1\nR1 in a 1k\nR2 b 0 1k\nB1 a b i=v(a)*1m\n.op\n.end\n",
     false,
     false,
     true,
     {"b1 is a behavioural source", "no known energy"}},
    {"of both ends apart\nV1 in 0 1\nR1 in a 1k\nR2 b 0 1k\nB1 a b "
     "i=1m*(v(a)-v(b))+1u*v(b)\n.op\n.end\n",
     false,
     false,
     true,
     {"b1 is a behavioural source", "no known energy"}},
    {"of their sum\nV1 in 0 1\nR1 in a 1k\nR2 b 0 1k\nB1 a b i=1m*(v(a)+v(b))\n.op\n.end\n",
     false,
     false,
     true,
     {"b1 is a behavioural source", "no known energy"}},
    {"of another drop\nV1 in 0 1\nR1 in a 1k\nB1 a 0 i=1m*v(in,a)\nR2 a 0 1\n.op\n.end\n",
     false,
     false,
     true,
     {"b1 is a behavioural source", "no known energy"}},
    {"of a current\nV1 in 0 1\nR1 in a 1k\nB1 a 0 i=2*i(v1)\nR2 a 0 1\n.op\n.end\n",
     false,
     false,
     true,
     {"b1 is a behavioural source", "no known energy"}},
    {"a VCVS of itself\nV1 in 0 1\nR1 in a 1k\nE1 b 0 c 0 0.5\nE2 c 0 b 0 0.3\nR2 a b "
     "1k\n.op\n.end\n",
     false,
     false,
     true,
     {"stands in a loop of controlled sources", NULL}},
    {"of several elements\nV1 in 0 1\nR1 in a 1k\nM1 a in 0 0 nm\nM2 a a 0 0 nm\n.model nm "
     "nmos()\n.op\n.end\n",
     false,
     false,
     true,
     {"biased: 2 elements (m1, m2) are each a transistor or", NULL}},
    {"of many of two kinds\nV1 in 0 1\nR1 in a 1k\nM1 a in 0 0 nm\nM2 a a 0 0 nm\nQ1 a in 0 qn\n"
     "M3 b in a 0 nm\nM4 b a 0 0 nm\nB1 a b i=v(a)+v(b)\n.model nm nmos()\n.model qn "
     "npn()\n.op\n.end\n",
     false,
     false,
     true,
     {"biased: b1 is a behavioural source", "; 5 elements (m1, m2, m3, ..) are each a transistor"}},
};

static bool said(const eq_diag *d, const char *words) {
    for (size_t k = 0; k < eq_diag_count(d); k++)
        if (strstr(eq_diag_get(d, k)->text, words) != NULL) return true;
    return words == NULL;
}

START_TEST(topology_names_what_is_wrong) {
    eq_circuit *c;
    eq_diag *d = eq_diag_new();
    eq_topology *t = look(cases[_i].deck, &c, d);
    ck_assert_msg(t->exists == cases[_i].exists, "%s: exists %d, %s", cases[_i].deck, t->exists,
                  t->reason == NULL ? "" : t->reason);
    ck_assert_msg(t->positive == cases[_i].positive, "%s: positive", cases[_i].deck);
    ck_assert_msg(t->passive == cases[_i].passive, "%s: passive", cases[_i].deck);
    for (int k = 0; k < 2 && cases[_i].says[k] != NULL; k++)
        ck_assert_msg(said(d, cases[_i].says[k]), "%s: '%s' was not said, but %s", cases[_i].deck,
                      cases[_i].says[k], eq_diag_get(d, eq_diag_count(d) - 1)->text);
    eq_topology_free(t);
    eq_circuit_free(c);
    eq_diag_free(d);
}
END_TEST

/* A controlled source across the drop that controls it is a conductance, in either direction, and
 * alone holds a node against ground; across another drop it does not. */
START_TEST(a_source_of_its_own_drop_is_a_path_to_ground) {
    static const struct {
        const char *card;
        bool path;
    } some[] = {{"G1 a 0 a 0 1m", true},    {"G1 a 0 0 a -1m", true},
                {"G1 a 0 b 0 1m", false},   {"G1 a 0 b 0 0.5m", false},
                {"B1 a 0 i=1m*v(a)", true}, {"B1 0 a i=1m*v(0,a)", true}};
    char text[200];
    snprintf(text, sizeof text, "own drop\nI1 0 a 1m\nR1 b 0 1k\n%s\n.op\n.end\n", some[_i].card);
    eq_circuit *c = deck(text);
    eq_topology *t = NULL;
    eq_diag *d = eq_diag_new();
    eq_status status = eq_topology_check(c, &t, d);
    ck_assert_int_eq(status, some[_i].path ? EQ_OK : EQ_ERR_SINGULAR);
    if (!some[_i].path) ck_assert_ptr_nonnull(strstr(eq_diag_get(d, 0)->text, "node a"));
    eq_topology_free(t);
    eq_diag_free(d);
    eq_circuit_free(c);
}
END_TEST
enum { OWN_DROPS = 6 };

/* One operating point is claimed where conductances above a positive bound lead to ground alone. */
START_TEST(uniqueness_goes_by_positive_conductances) {
    static const struct {
        const char *cards;
        bool unique;
    } some[] = {
        {"R1 in a 1k\nD1 a 0 dm\n", true},
        {"D1 in a dm\nD2 a 0 dm\n", true},
        {"D1 in a dm\nD2 a 0 dm\n.options gmin=0\n", false},
        {"I1 a 0 1\nD1 a 0 dm\n.options gmin=0\n", false}, /* none: backwards into a diode */
        {"R1 in a 1k\nR2 a 0 -1k\n", false},
        {"G1 in a in a 1m\n", true},
        {"G1 in a in a 0\n", false},
        {AMPLIFIER(1, "h", "w", 4, 0.25) "R1 in h 1k\nR2 w y 1k\nR3 y 0 1k\n", true},
        {AMPLIFIER(1, "h", "w", 4, 0.25) "D1 in h dm\nR2 w 0 1k\n.options gmin=0\n", true},
    };
    char text[400];
    eq_circuit *c;
    eq_diag *d = eq_diag_new();
    snprintf(text, sizeof text, "unique\nV1 in 0 1\n%s.model dm d\n.op\n.end\n", some[_i].cards);
    eq_topology *t = look(text, &c, d);
    ck_assert_msg(t->unique == some[_i].unique, "%s", text);
    eq_topology_free(t);
    eq_circuit_free(c);
    eq_diag_free(d);
}
END_TEST
enum { UNIQUE = 9 };

/* Where no element of the circuit is to blame, the message names the capacitors. */
START_TEST(a_node_behind_capacitors_has_their_place) {
    eq_circuit *c = deck("open\nV1 a 0 1\nR1 a 0 1k\nC1 a b 1u\nC2 b 0 1u\n.op\n.end\n");
    eq_topology *t = NULL;
    eq_diag *d = eq_diag_new();
    ck_assert_int_eq(eq_topology_check(c, &t, d), EQ_ERR_SINGULAR);
    const eq_message *m = eq_diag_get(d, 0);
    ck_assert_ptr_nonnull(strstr(m->text, "node b (c1, c2) has no dc path to ground"));
    ck_assert(m->line == 4 && m->column == 1);
    eq_topology_free(t);
    eq_diag_free(d);
    eq_circuit_free(c);
}
END_TEST

/* The sign of a conductance is looked at again when the values have changed. */
START_TEST(passivity_follows_the_temperature) {
    eq_circuit *c = deck("warm\nV1 in 0 1\nR1 in a 1k\nR2 a 0 1k tc1=-0.02\n.op\n.end\n");
    eq_reduction *r = NULL;
    eq_topology *t = NULL;
    ck_assert_int_eq(eq_reduction_new(c, &r, NULL), EQ_OK);
    ck_assert_int_eq(eq_topology_new(c, r, &t, NULL), EQ_OK);
    ck_assert(eq_topology_convex(t) && eq_topology_is_current(t, c));
    c->env.temp = 127.0;
    eq_circuit_derive(c);
    ck_assert(!eq_topology_is_current(t, c));
    ck_assert_int_eq(eq_topology_weigh(t, c, r, NULL), EQ_OK);
    ck_assert(!eq_topology_convex(t) && eq_topology_is_current(t, c));
    eq_topology_free(t);
    eq_reduction_free(r);
    eq_circuit_free(c);
}
END_TEST

/* T and W of an amplifier: v_w = A v_h, and the KCL of w counts gamma times in the row of h. */
START_TEST(reduction_of_an_amplifier) {
    eq_circuit *c = deck("amp\nV1 in 0 1\nR1 in h 1k\n" AMPLIFIER(
        1, "h", "w", 4, 0.25) "V2 w f 0.5\nR2 f 0 1k\n.op\n.end\n");
    eq_reduction *r = NULL;
    ck_assert_int_eq(eq_reduction_new(c, &r, NULL), EQ_OK);
    ck_assert_uint_eq(r->unknowns, 1);
    eq_node f = eq_circuit_find_node(c, "f");
    ck_assert_int_eq(r->t.start[f + 1] - r->t.start[f], 1);
    ck_assert_double_eq(r->t.coefficient[r->t.start[f]], 4.0);
    ck_assert_double_eq(r->w.coefficient[r->w.start[f]], 0.25);
    double x = 0.3, v[8], current[8] = {0}, inner[8] = {0}, branch[8];
    eq_reduction_potentials(r, c, &x, 1.0, v, NULL);
    ck_assert_double_eq_tol(v[f], 4 * 0.3 - 0.5, 1e-15);
    current[f] = 2.0; /* A leaves f through elements */
    eq_reduction_currents(r, c, &(eq_node_currents){current, inner, NULL, NULL}, branch);
    ck_assert_double_eq_tol(current[eq_circuit_find_node(c, "h")], 0.5, 1e-15);
    ck_assert_double_eq_tol(branch[1], -2.0, 1e-15); /* e1: from e1 through the source to 0 */
    ck_assert_double_eq_tol(branch[2], 2.0, 1e-15);  /* vs1: from e1 to w */
    ck_assert_double_eq_tol(branch[3], 2.0, 1e-15);  /* v2: from w to f */
    *eq_circuit_param(c, eq_circuit_find_element(c, "e1"), 0) = 5.0;
    ck_assert(eq_reduction_refresh(r, c));
    ck_assert_double_eq(r->t.coefficient[r->t.start[f]], 5.0);
    ck_assert(!eq_reduction_refresh(r, c));
    eq_reduction_free(r);
    eq_circuit_free(c);
}
END_TEST

/* Layers, topology and reduction of an amplifier while allocations fail: a status that says so, and
 * nothing leaked. */
START_TEST(looking_survives_running_out_of_memory) {
    eq_circuit *c = deck("amp\nV1 in 0 1\nR1 in h 1k\n" AMPLIFIER(
        1, "h", "w", 4,
        0.25) "R2 w y 1k\nR3 y 0 1k\nB1 h 0 i=1m*v(h)\n*% input V1\n*% output y\n.op\n.end\n");
    bool enough = false;
    for (long n = 0; !enough; n++) {
        eq_reduction *r = NULL;
        eq_topology *t = NULL;
        eq_depths *layers = NULL;
        eq_mem_fail_after(n);
        eq_status status = eq_reduction_new(c, &r, NULL);
        if (status == EQ_OK) status = eq_topology_new(c, r, &t, NULL);
        if (status == EQ_OK) status = eq_depths_new(c, t, &layers, NULL);
        enough = eq_mem_fail_after(-1) >= 0;
        ck_assert_msg(status == (enough ? EQ_OK : EQ_ERR_MEMORY), "%ld: %d", n, status);
        if (enough) ck_assert_int_eq(layers->node[eq_circuit_find_node(c, "y")], 2);
        eq_depths_free(layers);
        eq_topology_free(t);
        eq_reduction_free(r);
    }
    eq_circuit_free(c);
}
END_TEST

Suite *topology_suite(void) {
    Suite *s = suite_create("topology");
    TCase *t = tcase_create("topology");
    tcase_add_test(t, weights_multiply_along_a_chain);
    tcase_add_loop_test(t, topology_names_what_is_wrong, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_loop_test(t, a_source_of_its_own_drop_is_a_path_to_ground, 0, OWN_DROPS);
    tcase_add_loop_test(t, uniqueness_goes_by_positive_conductances, 0, UNIQUE);
    tcase_add_test(t, a_node_behind_capacitors_has_their_place);
    tcase_add_test(t, passivity_follows_the_temperature);
    tcase_add_test(t, reduction_of_an_amplifier);
    tcase_add_test(t, looking_survives_running_out_of_memory);
    suite_add_tcase(s, t);
    return s;
}
