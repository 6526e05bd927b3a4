#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/circuit.h"
#include "circuit/deck.h"
#include "circuit/fingerprint.h"

Suite *circuit_suite(void);

static eq_status add(eq_circuit *c, int cls, const char *name, const char *a, const char *b,
                     double value, eq_diag *diag) {
    eq_card card = eq_card_new(cls);
    card.name = name;
    card.name_length = strlen(name);
    card.term[0] = eq_circuit_node(c, a, strlen(a));
    card.term[1] = eq_circuit_node(c, b, strlen(b));
    if (eq_class(cls)->value >= 0) card.w[eq_class(cls)->value] = value;
    return eq_circuit_add(c, &card, NULL, diag);
}

START_TEST(elements_stand_in_tables_in_deck_order) {
    eq_circuit *c = eq_circuit_new();
    ck_assert_int_eq(add(c, EQ_CLASS_vsource, "V1", "IN", "gnd", 5.0, NULL), EQ_OK);
    ck_assert_int_eq(add(c, EQ_CLASS_resistor, "R1", "in", "Out", 1e3, NULL), EQ_OK);
    ck_assert_int_eq(add(c, EQ_CLASS_resistor, "R2", "out", "0", 4e3, NULL), EQ_OK);
    ck_assert_uint_eq(eq_circuit_nodes(c), 3);
    ck_assert_uint_eq(eq_circuit_elements(c), 3);
    ck_assert_int_eq(eq_circuit_find_node(c, "OUT"), 2);
    ck_assert_int_eq(eq_circuit_find_node(c, "GND"), 0);
    static const char *const no_ground[] = {"gn", "gnds", "gnx", "gxd", "xnd", "00"};
    for (size_t k = 0; k < sizeof no_ground / sizeof *no_ground; k++)
        ck_assert_int_eq(eq_circuit_find_node(c, no_ground[k]), EQ_NONE);
    eq_element r2 = eq_circuit_find_element(c, "r2");
    ck_assert_int_eq(c->row[r2].row, 1);
    ck_assert_int_eq(eq_circuit_freeze(c, NULL), EQ_OK);
    ck_assert_double_eq_tol(c->table[EQ_CLASS_resistor].w[eq_class_resistor.params][1], 1.0 / 4e3,
                            1e-20);
    ck_assert_str_eq(eq_circuit_element_name(c, r2), "r2");
    eq_circuit_free(c);
}
END_TEST

START_TEST(bad_elements_are_refused_with_a_sentence) {
    eq_circuit *c = eq_circuit_new();
    eq_diag *d = eq_diag_new();
    ck_assert_int_eq(add(c, EQ_CLASS_resistor, "r1", "a", "b", -1e301, d), EQ_ERR_INPUT);
    ck_assert_int_eq(add(c, EQ_CLASS_resistor, "r1", "a", "b", NAN, d), EQ_ERR_INPUT);
    ck_assert_int_eq(add(c, EQ_CLASS_resistor, "r1", "a", "b", INFINITY, d), EQ_ERR_INPUT);
    ck_assert_int_eq(add(c, EQ_CLASS_resistor, "r1", "a", "b", 1.0, d), EQ_OK);
    ck_assert_int_eq(add(c, EQ_CLASS_resistor, "R1", "a", "b", 1.0, d), EQ_ERR_INPUT);
    ck_assert_uint_eq(eq_diag_errors(d), 4);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(d, 0)->text, "outside"));
    ck_assert_ptr_nonnull(strstr(eq_diag_get(d, 3)->text, "second element r1"));
    ck_assert_uint_eq(eq_circuit_elements(c), 1);
    eq_diag_free(d);
    eq_circuit_free(c);
}
END_TEST

START_TEST(train_turns_resistors_into_memristors) {
    eq_circuit *c = eq_circuit_new();
    eq_diag *d = eq_diag_new();
    char name[16];
    for (int k = 0; k < 100; k++) {
        snprintf(name, sizeof name, "R%c%d", k % 2 ? 'a' : 'b', k);
        ck_assert_int_eq(add(c, EQ_CLASS_resistor, name, "x", "y", 1e3 + k, d), EQ_OK);
    }
    eq_location at = {EQ_NONE, 0, 0};
    ck_assert_int_eq(eq_circuit_train(c, "ra*", NULL, 1e-6, 1e-2, at, d), EQ_OK);
    ck_assert_uint_eq(c->table[EQ_CLASS_resistor].count, 50);
    ck_assert_uint_eq(c->group[0].count, 50);
    for (int k = 0; k < 100; k++) {
        eq_row r = c->row[k];
        ck_assert_int_eq(r.cls, k % 2 ? EQ_CLASS_memristor : EQ_CLASS_resistor);
        ck_assert_int_eq(c->table[r.cls].id[r.row], k);
        double value = *eq_circuit_param(c, k, 0);
        ck_assert_double_eq_tol(k % 2 ? 1.0 / value : value, 1e3 + k, 1e-9);
    }
    ck_assert_int_eq(eq_circuit_train(c, "ra*", NULL, 1e-6, 1e-2, at, d), EQ_ERR_INPUT);
    ck_assert_int_eq(eq_circuit_train(c, "rb*", NULL, 1e-6, 1e-5, at, d), EQ_ERR_INPUT);
    ck_assert_int_eq(eq_circuit_train(c, "rb2", NULL, 0.0, 1e-2, at, d), EQ_OK); /* 0 S is one */
    static const double bounds[][2] = {
        {1e-5, 1e-6}, {-1.0, 1e-6}, {0.0, (double)INFINITY}, {(double)NAN, 1.0}};
    for (size_t k = 0; k < sizeof bounds / sizeof *bounds; k++)
        ck_assert_int_eq(eq_circuit_train(c, "rb*", NULL, bounds[k][0], bounds[k][1], at, d),
                         EQ_ERR_INPUT);
    eq_diag_free(d);
    eq_circuit_free(c);
}
END_TEST

START_TEST(freeze_makes_nudge_sources_and_checks_controls) {
    eq_circuit *c = eq_circuit_new();
    eq_diag *d = eq_diag_new();
    ck_assert_int_eq(eq_circuit_freeze(c, d), EQ_ERR_INPUT);
    add(c, EQ_CLASS_resistor, "r1", "y", "0", 1.0, d);
    ck_assert_int_eq(eq_circuit_output(c, 1, EQ_NONE, EQ_NONE, EQ_NONE, d), EQ_OK);
    eq_card f = eq_card_new(EQ_CLASS_cccs);
    f.name = "f1";
    f.name_length = 2;
    f.term[0] = 1;
    f.term[1] = 0;
    f.w[0] = 2.0;
    f.control = 0;
    ck_assert_int_eq(eq_circuit_add(c, &f, NULL, d), EQ_OK);
    eq_diag_clear(d);
    ck_assert_int_eq(eq_circuit_freeze(c, d), EQ_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(d, 0)->text, "f1 is controlled by the current of r1"));
    ck_assert_int_eq(eq_circuit_find_element(c, "inudge_y"), c->output[0].nudge_plus);
    f.name = "f2"; /* there is no element 99, and none before the first */
    for (f.control = 99; f.control > -2; f.control -= 100) {
        ck_assert_int_eq(eq_circuit_add(c, &f, NULL, d), EQ_OK);
        f.name = "f3";
    }
    eq_diag_clear(d);
    ck_assert_int_eq(eq_circuit_freeze(c, d), EQ_ERR_INPUT);
    for (size_t k = 1; k < 3; k++)
        ck_assert_ptr_nonnull(
            strstr(eq_diag_get(d, k)->text, "is controlled by the current of nothing"));
    eq_diag_free(d);
    eq_circuit_free(c);
}
END_TEST

/* Resistors, which training moves to another table, and sources, which stay in theirs; bounds, a
 * trained parameter and a sensed current. */
static eq_status build(eq_circuit *c, eq_diag *d) {
    const eq_location at = {EQ_NONE, 0, 0};
    eq_status status = c == NULL ? EQ_ERR_MEMORY : EQ_OK;
    for (int k = 0; status == EQ_OK && k < 40; k++) {
        char name[16];
        snprintf(name, sizeof name, "%c%d", k < 20 ? 'r' : 'i', k);
        status = add(c, k < 20 ? EQ_CLASS_resistor : EQ_CLASS_isource, name, k % 2 ? "a" : "b", "0",
                     1.0, d);
    }
    if (status == EQ_OK) status = eq_circuit_train(c, "r*", NULL, 0.1, 10.0, at, d);
    if (status == EQ_OK) status = eq_circuit_train(c, "i*", "dc", -1.0, 1.0, at, d);
    if (status == EQ_OK) status = eq_circuit_sense(c, 0, &(eq_element){0}, d);
    return status == EQ_OK ? eq_circuit_freeze(c, d) : status;
}

/* Every allocation of building a circuit fails once: a status that says so, nothing leaked, no
 * crash. */
START_TEST(building_survives_running_out_of_memory) {
    bool enough = false;
    for (long n = 0; !enough; n++) {
        eq_mem_fail_after(n);
        eq_circuit *c = eq_circuit_new();
        eq_status status = build(c, NULL);
        enough = eq_mem_fail_after(-1) >= 0;
        ck_assert_msg(status == (enough ? EQ_OK : EQ_ERR_MEMORY), "%ld: %d", n, status);
        for (size_t k = 0; enough && k < 2; k++) ck_assert_uint_eq(c->group[k].count, 20);
        eq_circuit_free(c);
    }
}
END_TEST

/* What stands between an element and its node keeps the element's place in the deck. */
START_TEST(a_sensed_current_is_told_at_its_element) {
    eq_circuit *c = eq_circuit_new();
    eq_element source;
    eq_card card = eq_card_new(EQ_CLASS_resistor);
    card.name = "r1";
    card.name_length = 2;
    card.at = (eq_location){EQ_NONE, 17, 4};
    card.term[0] = eq_circuit_node(c, "a", 1);
    card.term[1] = EQ_GROUND;
    card.w[eq_class_resistor.value] = 1.0;
    ck_assert_int_eq(eq_circuit_add(c, &card, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_circuit_sense(c, 0, &source, NULL), EQ_OK);
    eq_location at = eq_circuit_at(c, source);
    ck_assert(at.line == 17 && at.column == 4);
    eq_row r = c->row[source];
    ck_assert_int_eq(c->table[r.cls].term[0][r.row], eq_circuit_find_node(c, "a"));
    ck_assert_int_eq(c->table[r.cls].term[1][r.row], c->table[EQ_CLASS_resistor].term[0][0]);
    eq_circuit_free(c);
}
END_TEST

/* Potentials to start from: one for all nodes that no other names, wherever it stands; of two for
 * one node the later; only those named are held. */
START_TEST(a_start_is_made_of_all_that_is_said) {
    eq_circuit *c = eq_circuit_new();
    eq_node node[4];
    for (int k = 0; k < 4; k++) node[k] = eq_circuit_node(c, &"abcd"[k], 1);
    const struct {
        eq_node node;
        double v;
    } said[] = {{node[0], 1.0}, {node[2], 2.0}, {EQ_NONE, 5.0}, {node[1], 3.0}, {node[0], 4.0}};
    for (size_t k = 0; k < sizeof said / sizeof *said; k++)
        ck_assert_int_eq(eq_circuit_start(c, said[k].node, said[k].v, NULL), EQ_OK);
    double v[5], held[5];
    static const double expected[] = {0.0, 4.0, 3.0, 2.0, 5.0};
    eq_circuit_begin(c, v, held);
    for (int k = 0; k < 5; k++) {
        ck_assert_double_eq(v[k], expected[k]);
        if (k == 0 || k == 4)
            ck_assert(isnan(held[k]));
        else
            ck_assert_double_eq(held[k], expected[k]);
    }
    eq_circuit_free(c);
}
END_TEST

static uint64_t fingerprint_of(const char *cards) {
    char text[700];
    eq_circuit *c = NULL;
    int n = snprintf(text, sizeof text, "t\n%s.op\n.end\n", cards);
    ck_assert_msg(eq_circuit_parse("t.cir", text, (size_t)n, &c, NULL) == EQ_OK, "%s", text);
    uint64_t print = eq_circuit_fingerprint(c);
    eq_circuit_free(c);
    return print;
}

/* Any one thing of a circuit that is another makes another fingerprint; the words around do not. */
START_TEST(fingerprints_differ_where_circuits_do) {
    static const char *const cards[] = {
        "r1 a 0 1k\nr2 b 0 1k\nb1 a b i=v(a)+v(b)*v(b)\n",
        "r1 a 0 1k\nr2 b 0 1k\nb1 a b i=v(a)+v(b)*v(a)\n",
        "r1 a 0 1k\nr2 b 0 1k\nb1 a b i=v(a)-v(b)*v(b)\n",
        "r1 a 0 1k\nr2 b 0 1k\nb1 a b i=v(a)+2*v(b)\n",
        "r1 a 0 1k\nr2 b 0 1k\nb1 a b i=v(a)+3*v(b)\n",
        "r1 a 0 1k\nr2 b 0 1k\nb1 a b v=v(a)+3*v(b)\n",
        "r1 a 0 1k\nr2 b 0 1k\nb1 a b i=v(b)+3*v(a)\n",
        "r1 a 0 1k\nr2 b 0 1k\nb1 a b i=table(v(a),0,0,1,1)\n",
        "r1 a 0 1k\nr2 b 0 1k\nb1 a b i=table(v(a),0,0,1,2)\n",
        "r1 a 0 1k\nr2 b 0 1.1k\nb1 a b i=v(a)+v(b)*v(b)\n",
        "r1 a 0 1k\nr2 b a 1k\nb1 a b i=v(a)+v(b)*v(b)\n",
        "r1 a 0 1k\nr2 b 0 1k\nb1 a b i=v(a)+v(b)*v(b)\n.options gmin=1e-11\n",
        "r1 a 0 1k\nr2 b 0 1k\nb1 a b i=v(a)+v(b)*v(b)\n.temp 28\n",
        "* words\nR1 A 0 1k\nR2 b 0 1000 ; words\n\nb1 a b i = v(a)+v(b)*v(b)\n",
    };
    enum { CARDS = sizeof cards / sizeof *cards };
    uint64_t print[CARDS];
    for (int k = 0; k < CARDS; k++) {
        print[k] = fingerprint_of(cards[k]);
        for (int j = 0; j < k; j++)
            ck_assert_msg((print[j] == print[k]) == (j == 0 && k == CARDS - 1), "%s%s", cards[j],
                          cards[k]);
    }
}
END_TEST

/* So does what a circuit that learns has beside its elements, the first of its kind and the last. */
START_TEST(fingerprints_differ_where_what_is_learned_does) {
    static const char deck[] =
        "va a 0 1\nvb b 0 1\nra1 a c 1k\nra2 b d 1k\nrb1 c d 1k\nrb2 c e 1k\nr5 d e 1k\nr6 e 0 1k\n"
        "*% input va vb\n*% output c,d e\n*% train ra* gmin=1u gmax=1\n"
        "*% train rb* gmin=3u gmax=3\n.nodeset v(c)=7 v(d)=8\n"
        ".options abstol=1e-16 reltol=1e-10 itl1=50 tnom=20 temp=21 gmin=1e-13\n";
    static const char *const other[][2] = {
        {"input va vb", "input vb va"},
        {"input va vb", "input va"},
        {"output c,d e", "output c,b e"},
        {"output c,d e", "output a,d e"},
        {"output c,d e", "output c,d e,b"},
        {"output c,d e", "output c,d b"},
        {"output c,d e", "output c,d"},
        {"gmin=1u", "gmin=2u"},
        {"gmax=1\n", "gmax=2\n"},
        {"gmin=3u", "gmin=2u"},
        {"gmax=3\n", "gmax=2\n"},
        {"train ra*", "train ra1"},
        {"train rb*", "train rb2"},
        {"train rb*", "train rb?"},
        {"v(c)=7", "v(c)=6"},
        {"v(d)=8", "v(d)=6"},
        {"v(c)=7", "v(e)=7"},
        {"v(c)=7 v(d)=8", "v(c)=7"},
        {"abstol=1e-16", "abstol=1e-17"},
        {"reltol=1e-10", "reltol=1e-11"},
        {"itl1=50", "itl1=51"},
        {"tnom=20", "tnom=22"},
        {"temp=21", "temp=22"},
        {"gmin=1e-13", "gmin=1e-14"},
    };
    uint64_t first = fingerprint_of(deck);
    for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
        char text[600];
        const char *at = strstr(deck, other[k][0]);
        ck_assert_ptr_nonnull(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - deck), deck, other[k][1],
                 at + strlen(other[k][0]));
        ck_assert_msg(fingerprint_of(text) != first, "%s", text);
    }
    /* with the same elements, the outputs alone */
    static const char *const outputs[] = {"c,d e\n*% nudge ic,id ie\n",
                                          "d,c e\n*% nudge id,ic ie\n",
                                          "e c,d\n*% nudge ie ic,id\n", "c,d\n*% nudge ic,id\n"};
    enum { OUTPUTS = sizeof outputs / sizeof *outputs };
    uint64_t print[OUTPUTS];
    for (int n = 0; n < OUTPUTS; n++) {
        char text[300];
        snprintf(
            text, sizeof text,
            "va a 0 1\nr1 a c 1k\nr2 c d 1k\nr3 d e 1k\nr4 e 0 1k\nic 0 c 0\nid 0 d 0\nie 0 e 0\n"
            "*%% input va\n*%% train r? gmin=1u gmax=1\n*%% output %s",
            outputs[n]);
        print[n] = fingerprint_of(text);
        for (int m = 0; m < n; m++) ck_assert_msg(print[m] != print[n], "%s", text);
    }
}
END_TEST

/* All that a deck may hold beside its circuit goes with it (`make sanitize` looks). */
START_TEST(a_deck_is_freed_with_all_that_it_holds) {
    static const char text[] =
        "t\n.param q=1\nV1 a 0 1\nR1 a b {q}\nR2 b 0 1k\n.dc v1 0 1 0.5\n.print dc {v(a)*2} v(b)\n"
        ".tf v(b) v1\n.step param q 1 2 1\n.meas dc m find v(b) when v(a)=0.5\n.control\n"
        "let x = v(a)\nprint x\n.endc\n.end\n";
    eq_deck *d = NULL;
    ck_assert_int_eq(eq_deck_parse("t.cir", text, sizeof text - 1, &d, NULL), EQ_OK);
    ck_assert(d->plan_lines > 0 && d->prints > 0 && d->measures > 0 && d->analyses > 0);
    eq_deck_free(d);
}
END_TEST

Suite *circuit_suite(void) {
    Suite *s = suite_create("circuit");
    TCase *t = tcase_create("circuit");
    tcase_add_test(t, elements_stand_in_tables_in_deck_order);
    tcase_add_test(t, bad_elements_are_refused_with_a_sentence);
    tcase_add_test(t, train_turns_resistors_into_memristors);
    tcase_add_test(t, freeze_makes_nudge_sources_and_checks_controls);
    tcase_add_test(t, building_survives_running_out_of_memory);
    tcase_add_test(t, a_sensed_current_is_told_at_its_element);
    tcase_add_test(t, a_start_is_made_of_all_that_is_said);
    tcase_add_test(t, fingerprints_differ_where_circuits_do);
    tcase_add_test(t, fingerprints_differ_where_what_is_learned_does);
    tcase_add_test(t, a_deck_is_freed_with_all_that_it_holds);
    suite_add_tcase(s, t);
    return s;
}
