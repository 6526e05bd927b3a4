#include <check.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "circuit/architecture.h"
#include "netlist/netlist.h"
#include "support/compare.h"

Suite *write_suite(void);

static char *written(const eq_circuit *c, eq_dialect dialect) {
    eq_text out = {0};
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_circuit_write(c, dialect, "a note", &out, diag);
    ck_assert_msg(status == EQ_OK, "%s",
                  eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "no message");
    eq_diag_free(diag);
    return out.text;
}

/* Whether elements become B sources of a formula. */
static bool has_formulas(const eq_circuit *c) {
    for (int k = 0; k < EQ_BUILT_IN_CLASSES; k++)
        if (c->table[k].count > 0 && eq_class(k)->line[EQ_NGSPICE] == NULL &&
            eq_class(k)->formula != NULL)
            return true;
    return c->table[EQ_CLASS_ideal_diode].count > 0;
}

/* Written and read twice: the first time may change names (an ideal diode becomes a B source in
 * ngspice's deck, and so does a pipe or a memristor with a state), the second may not. */
static void round_trip(const eq_circuit *c, eq_dialect dialect) {
    char *text = written(c, dialect);
    eq_circuit *again = parse_deck(text);
    bool renamed = dialect == EQ_NGSPICE && has_formulas(c);
    if (renamed) {
        eq_free(text);
        text = written(again, dialect);
        eq_circuit *first = again;
        again = parse_deck(text);
        assert_same_circuit(first, again);
        eq_circuit_free(first);
        eq_circuit_free(again);
        eq_free(text);
        return;
    }
    assert_same_circuit(c, again);
    eq_circuit_free(again);
    eq_free(text);
}

/* Whether ngspice has a line or a formula for every element. */
static bool ngspice_has(const eq_circuit *c) {
    for (int k = 0; k < EQ_CLASS_COUNT; k++)
        if (c->table[k].count > 0 && eq_class(k)->line[EQ_NGSPICE] == NULL &&
            eq_class(k)->formula == NULL && eq_class(k)->model_type != NULL)
            return false;
    return true;
}

START_TEST(shipped_decks_survive_ngspice_and_xml) {
    glob_t found;
    ck_assert_int_eq(glob("netlists/*.cir", 0, NULL, &found), 0);
    ck_assert_uint_ge(found.gl_pathc, 9);
    for (size_t k = 0; k < found.gl_pathc; k++) {
        eq_circuit *c = read_deck(found.gl_pathv[k]);
        if (ngspice_has(c)) round_trip(c, EQ_NGSPICE);
        round_trip(c, EQ_XML);
        eq_circuit_free(c);
    }
    globfree(&found);
}
END_TEST

START_TEST(networks_survive_with_inputs_outputs_and_groups) {
    static const char *const kind[] = {"kendall", "drn"};
    for (int k = 0; k < 2; k++) {
        eq_architecture a;
        eq_circuit *c = NULL;
        eq_architecture_kind(kind[k], &a, NULL);
        eq_architecture_layers("8,5,4,6", &a, NULL);
        a.diode = k == 0 ? EQ_NEURON_SHOCKLEY : EQ_NEURON_IDEAL;
        ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
        round_trip(c, EQ_NGSPICE);
        round_trip(c, EQ_XML);
        eq_circuit_free(c);
    }
}
END_TEST

static const char small[] = "small deck\n"
                            ".model dm D(is=1e-9 n=1.2 rs=2)\n"
                            "V1 in 0 5\n"
                            "R1 in a 1k\n"
                            "D1 a 0 dm area=2\n"
                            "E1 e 0 a 0 4\n"
                            "Vs e w 0\n"
                            "F1 a 0 Vs 0.25\n"
                            "G1 0 w a 0 1m\n"
                            "H1 h 0 Vs 50\n"
                            "R2 h w 2k\n"
                            "I1 0 w 1m\n"
                            ".op\n.end\n";

/* An E whose current controls F and H is sensed by a 0-V source in series, which carries that very
 * current. */
/* Each option alone, and all of them, goes through XML to the bit. */
START_TEST(options_survive_xml) {
    static const char *const options[] = {
        "temp=51", "tnom=13", "gmin=3e-13", "abstol=7e-17", "reltol=3e-11", "itl1=77", ""};
    for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
        char deck[200];
        snprintf(deck, sizeof deck, "t\nv1 a 0 1\nr1 a 0 1k\n.options %s\n.op\n",
                 *options[k] != '\0' ? options[k]
                                     : "temp=9 tnom=8 gmin=1e-11 abstol=1e-18 reltol=1e-12 itl1=9");
        eq_circuit *c = parse_deck(deck);
        char *text = written(c, EQ_XML);
        eq_circuit *again = parse_deck(text);
        ck_assert_msg(again->env.temp == c->env.temp && again->env.tnom == c->env.tnom &&
                          again->env.gmin == c->env.gmin &&
                          again->options.abstol == c->options.abstol &&
                          again->options.reltol == c->options.reltol &&
                          again->options.itl1 == c->options.itl1,
                      "%s%s", deck, text);
        eq_circuit_free(again);
        eq_circuit_free(c);
        eq_free(text);
    }
}
END_TEST

START_TEST(sensed_e_gets_a_source_in_series) {
    eq_circuit *c =
        parse_deck("t\nV1 a 0 2\nE1 b 0 a 0 3\nR1 b 0 1k\nF1 0 c E1 2\nR2 c 0 500\n.end\n");
    char *text = written(c, EQ_NGSPICE);
    ck_assert_ptr_nonnull(strstr(text, "\ne1 b_e1 0 a 0 3\nvsense_e1 b b_e1 dc 0\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nf1 0 c vsense_e1 2\n"));
    eq_free(text);
    eq_circuit_free(c);
}
END_TEST

/* LTspice and Spectre have no tce: their tc1 makes the same of the resistor at its temperature,
 * R 1.01^(tce dT), with dT from .temp, the resistor's own temp or its dtemp. */
START_TEST(an_exponential_coefficient_becomes_a_linear_one) {
    static const eq_dialect dialect[] = {EQ_LTSPICE, EQ_SPECTRE};
    static const struct {
        const char *card;
        double dt;
    } of[] = {{"R1 a 0 1k tce=2\n", 20.0},
              {"R1 a 0 1k tce=2 dtemp=-5\n", 15.0},
              {"R1 a 0 1k tce=2 temp=7\n", -20.0},
              {"R1 a 0 1k tce=2 temp=27\n", 0.0}};
    for (int d = 0; d < 2; d++)
        for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
            char deck[128];
            snprintf(deck, sizeof deck, "t\nV1 a 0 1\n%s.temp 47\n.end\n", of[k].card);
            eq_circuit *c = parse_deck(deck);
            char *text = written(c, dialect[d]), *tc1 = strstr(text, "tc1=");
            double factor = pow(1.01, 2.0 * of[k].dt);
            ck_assert_msg(strstr(text, "tce") == NULL, "%s", text);
            ck_assert_msg((tc1 != NULL) == (of[k].dt != 0.0), "%s", text);
            if (tc1 != NULL)
                ck_assert_double_eq_tol(1.0 + strtod(tc1 + 4, NULL) * of[k].dt, factor, 1e-12);
            eq_free(text);
            eq_circuit_free(c);
        }
}
END_TEST

/* Checked by hand against the Spectre reference ("Component statements"). */
START_TEST(spectre_is_written_in_its_own_language) {
    eq_circuit *c = parse_deck(small);
    char *text = written(c, EQ_SPECTRE);
    static const char *const line[] = {
        "// small deck\nsimulator lang=spectre\n",
        "model dm diode is=1e-09 n=1.2 rs=2 eg=1.11 xti=3\n",
        "v1 (in 0) vsource type=dc dc=5\n",
        "r1 (in a) resistor r=1000\n",
        "d1 (a 0) dm area=2\n",
        "e1 (e 0 a 0) vcvs gain=4\n",
        "vs (e w) vsource type=dc dc=0\n",
        "f1 (a 0) cccs gain=0.25 probe=vs\n",
        "g1 (0 w a 0) vccs gm=0.001\n",
        "h1 (h 0) ccvs rm=50 probe=vs\n",
        "i1 (0 w) isource type=dc dc=0.001\n",
    };
    for (size_t k = 0; k < sizeof line / sizeof *line; k++)
        ck_assert_msg(strstr(text, line[k]) != NULL, "no '%s' in\n%s", line[k], text);
    eq_free(text);
    eq_circuit_free(c);
}
END_TEST

/* Functions that no other dialect knows are spelled out in all. */
START_TEST(tests_against_zero_are_spelled_out) {
    static const char *const name[] = {"eq0", "ne0", "gt0", "lt0", "ge0", "le0"};
    enum { NAMES = sizeof name / sizeof *name };
    for (int n = 0; n < NAMES; n++)
        for (int d = 0; d < EQ_DIALECT_COUNT; d++) {
            char deck[128], call[8];
            snprintf(deck, sizeof deck,
                     "t\nv1 a 0 1\nr1 a 0 1\nb1 b 0 v=%s(v(a))\nr2 b 0 1\n.end\n", name[n]);
            snprintf(call, sizeof call, "%s(", name[n]);
            eq_circuit *c = parse_deck(deck);
            char *text = written(c, (eq_dialect)d);
            ck_assert_msg(strstr(text, call) == NULL, "%s", text);
            ck_assert_ptr_nonnull(strstr(text, "v(a"));
            eq_free(text);
            eq_circuit_free(c);
        }
}
END_TEST

/* The junction sees n k T/q only: the product is what must not change between dialects. */
/* Sums and products take from the left everywhere, so that theirs need no parentheses: one of many
 * terms would be nested deeper than it may be read, or than the stack is. */
START_TEST(long_sums_and_products_are_flat) {
    enum { TERMS = 100000 };
    eq_circuit *c = parse_deck("t\nv1 a 0 2\nb1 b 0 v=v(a)-v(a)-(v(a)-3*v(a)/4/(2*v(a))*5)+1\n");
    char *text = written(c, EQ_NGSPICE);
    ck_assert_ptr_nonnull(strstr(text, "v=(v(a)-v(a)-(v(a)-(3*v(a)/4/(2*v(a))*5))+1)\n"));
    round_trip(c, EQ_NGSPICE);
    round_trip(c, EQ_XML);
    eq_free(text);
    eq_circuit_free(c);
    static const char signs[] = {'+', '-', '*', '/'};
    for (size_t k = 0; k < sizeof signs; k++) {
        eq_text deck = {0};
        eq_text_puts(&deck, "t\nv1 a 0 2\nb1 b 0 v=v(a)");
        for (int j = 1; j < TERMS; j++) eq_text_printf(&deck, "%cv(a)", signs[k]);
        eq_text_puts(&deck, "\n");
        c = parse_deck(deck.text);
        round_trip(c, EQ_NGSPICE);
        round_trip(c, EQ_XML);
        for (int to = EQ_XYCE; to <= EQ_LTSPICE; to++) {
            text = written(c, (eq_dialect)to);
            eq_circuit_free(parse_deck(text));
            eq_free(text);
        }
        eq_text_free(&deck);
        eq_circuit_free(c);
    }
}
END_TEST

START_TEST(xyce_gets_the_same_thermal_voltage) {
    eq_circuit *c = parse_deck(small);
    char *text = written(c, EQ_XYCE);
    const char *at = strstr(text, " n=");
    ck_assert_ptr_nonnull(at);
    double n = strtod(at + 3, NULL);
    ck_assert_double_eq_tol(n * eq_dialect_k_over_q(EQ_XYCE), 1.2 * eq_dialect_k_over_q(EQ_NGSPICE),
                            1e-18);
    ck_assert_ptr_nonnull(strstr(text, ".options device gmin=1e-12 temp=27 tnom=27\n"));
    eq_free(text);
    eq_circuit_free(c);
}
END_TEST

START_TEST(ltspice_has_ideal_diodes_itself) {
    eq_circuit *c =
        parse_deck("t\n.model ide D(ron=10 roff=1g vfwd=0.4)\nV1 a 0 1\nD1 a 0 ide\n.end\n");
    char *text = written(c, EQ_LTSPICE);
    ck_assert_ptr_nonnull(strstr(text, ".model ide D( ron=10 roff=1000000000 vfwd=0.4)\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nd1 a 0 ide\n"));
    eq_free(text);
    text = written(c, EQ_NGSPICE);
    ck_assert_ptr_nonnull(strstr(text, "\nbd1 a 0 i=1e-09*v(a,0) + (v(a,0) > 0.4 ?"));
    eq_free(text);
    eq_circuit_free(c);
}
END_TEST

/* A name that came in from elsewhere must never become a line of its own. */
START_TEST(names_cannot_be_injected) {
    static const char *const evil[] = {"a\n.control", "a b", "a(1)", "a;b",  "",    "a'b", "\"",
                                       "a=b",         "a$",  "a\tb", "a{b}", "a,b", "a\r", "a\\"};
    for (size_t k = 0; k < sizeof evil / sizeof *evil; k++) {
        for (int d = EQ_NGSPICE; d <= EQ_SPECTRE; d++) {
            eq_circuit *c = eq_circuit_new();
            eq_card card = eq_card_new(EQ_CLASS_resistor);
            card.name = "r1";
            card.name_length = 2;
            card.term[0] = eq_circuit_node(c, evil[k], strlen(evil[k]));
            card.term[1] = EQ_GROUND;
            card.w[0] = 1.0;
            ck_assert_int_eq(eq_circuit_add(c, &card, NULL, NULL), EQ_OK);
            eq_text out = {0};
            eq_diag *diag = eq_diag_new();
            eq_status status = eq_circuit_write(c, (eq_dialect)d, NULL, &out, diag);
            bool escaped =
                d == EQ_SPECTRE && strpbrk(evil[k], "\n\t\r ") == NULL && evil[k][0] != 0;
            ck_assert_msg(status == (escaped ? EQ_OK : EQ_ERR_INPUT), "'%s' for %s", evil[k],
                          eq_dialect_name((eq_dialect)d));
            eq_text_free(&out);
            eq_diag_free(diag);
            eq_circuit_free(c);
        }
    }
}
END_TEST

START_TEST(a_title_stays_on_its_line) {
    eq_circuit *c = parse_deck(small);
    eq_free(c->title);
    c->title = eq_strdup("evil\n.control\nquit\n.endc");
    char *text = written(c, EQ_NGSPICE);
    ck_assert_ptr_null(strstr(text, "\n.control"));
    eq_free(text);
    eq_circuit_free(c);
}
END_TEST

/* Names from elsewhere get the letter of their type, and never collide. */
START_TEST(names_get_the_letter_of_their_type) {
    eq_circuit *c =
        parse_deck("<circuit><elements><resistor name=\"x\" a=\"1\" b=\"0\" r=\"5\"/>"
                   "<resistor name=\"rx\" a=\"1\" b=\"0\" r=\"6\"/>"
                   "<isource name=\"src\" a=\"0\" b=\"1\" dc=\"1\"/></elements></circuit>");
    char *text = written(c, EQ_NGSPICE);
    ck_assert_ptr_nonnull(strstr(text, "\nrrx 1 0 5\nrx 1 0 6\nisrc 0 1 dc 1\n"));
    eq_free(text);
    eq_circuit_free(c);
}
END_TEST

START_TEST(a_conductance_of_zero_is_refused) {
    eq_circuit *c = parse_deck("t\nR1 a 0 1k\nV1 a 0 1\n*% train r1 gmin=0 gmax=1\n.end\n");
    *eq_circuit_param(c, eq_circuit_find_element(c, "r1"), 0) = 0.0;
    eq_text out = {0};
    ck_assert_int_eq(eq_circuit_write(c, EQ_NGSPICE, NULL, &out, NULL), EQ_ERR_INPUT);
    eq_text_free(&out);
    eq_circuit_free(c);
}
END_TEST

/* What a dialect cannot say is refused by name, or left out with a warning; NULL: it can. */
static const struct {
    const char *deck;
    eq_dialect to;
    const char *message;
} unsaid[] = {
    {"* xyce (it has .global_param)\n.global_param k=1\nv1 a 0 2\nb1 b 0 v={atan2(v(a),k)}\nr1 b 0 "
     "1\n.op\n.end\n",
     EQ_NGSPICE, "cannot be written for ngspice, which has no atan2"},
    {"* xyce (it has .global_param)\n.global_param k=1\nv1 a 0 2\nb1 b 0 v={atan2(v(a),k)}\nr1 b 0 "
     "1\n.op\n.end\n",
     EQ_XML, "the formula of b1 cannot be written, which needs atan2"},
    {"t\nv1 a 0 2\nr1 a b 1\nd1 b 0 dm\n.model dm d(is=1f bv=9 ibv=1m)\n.op\n.end\n", EQ_XYCE,
     "a diode, has bv=9, for which xyce has another law"},
    {"t\nv1 a 0 2\nr1 a b 1\nd1 b 0 dm\n.model dm d(is=1f ikf=1m)\n.op\n.end\n", EQ_SPECTRE,
     "a diode, has ikf=0.001, for which spectre has another law"},
    {"t\nv1 a 0 2\nr1 a b 1\nd1 b 0 dm\n.model dm d(is=1f isr=1p)\n.op\n.end\n", EQ_LTSPICE,
     "a diode, has isr=1e-12, for which ltspice has another law"},
    {"t\nv1 a 0 2\n.param g=1\nr1 a 0 {g}\n.dc param g 1 2 1\n.end\n", EQ_XML,
     "left out: XML has no sweeps over parameters and tables"},
    {"t\nv1 a 0 2\nr1 a 0 1\n.data tab v1 r1\n1 2\n3 4\n.enddata\n.dc data=tab\n.end\n", EQ_XML,
     "left out: XML has no sweeps over parameters and tables"},
    {"t\nv1 a 0 2\n.param g=1\nr1 a 0 {g}\n.step param g 1 2 1\n.op\n.end\n", EQ_XML,
     "left out: XML has no step over the parameter g"},
    {"t\nv1 a 0 2\nr1 a 0 1\n.tf v(a) v1\n.end\n", EQ_XML, "left out: XML has no .tf and .sens"},
    {"t\nv1 a 0 2\nr1 a 0 1\n.sens v(a)\n.end\n", EQ_XML, "left out: XML has no .tf and .sens"},
    {"t\nv1 a 0 2\nr1 a 0 1\n.op\n.dc v1 0 1 0.5\n.end\n", EQ_XML, NULL},
};

START_TEST(what_a_dialect_cannot_say_is_told) {
    eq_deck *deck = NULL;
    eq_diag *read = eq_diag_new(), *wrote = eq_diag_new();
    ck_assert_int_eq(
        eq_deck_parse("deck.cir", unsaid[_i].deck, strlen(unsaid[_i].deck), &deck, read), EQ_OK);
    eq_text out = {0};
    eq_status status = eq_deck_write(deck, unsaid[_i].to, NULL, &out, wrote);
    const char *message = unsaid[_i].message;
    bool written = message == NULL || strncmp(message, "left out", 8) == 0;
    ck_assert_int_eq(status, written ? EQ_OK : EQ_ERR_INPUT);
    ck_assert_uint_eq(eq_diag_count(wrote), message == NULL ? 0 : 1);
    if (message != NULL)
        ck_assert_msg(strstr(eq_diag_get(wrote, 0)->text, message) != NULL, "%s",
                      eq_diag_get(wrote, 0)->text);
    eq_text_free(&out);
    eq_deck_free(deck);
    eq_diag_free(read);
    eq_diag_free(wrote);
}
END_TEST

/* The temperature in a formula, in every dialect's word. */
START_TEST(the_temperature_has_a_name_in_every_dialect) {
    static const char *const name[] = {"temper", "temp", "temp", "temp"};
    eq_circuit *c = parse_deck("t\nv1 a 0 2\nb1 b 0 v={temper*v(a)}\nr1 b 0 1\n.op\n.end\n");
    for (int d = EQ_NGSPICE; d <= EQ_SPECTRE; d++) {
        char *text = written(c, (eq_dialect)d), want[16];
        snprintf(want, sizeof want, "(%s*", name[d]);
        ck_assert_msg(strstr(text, want) != NULL, "no '%s' in\n%s", want, text);
        eq_free(text);
    }
    round_trip(c, EQ_XML);
    eq_circuit_free(c);
}
END_TEST

/* A diode that XML gives its parameters directly gets a model of its own name. */
START_TEST(a_diode_without_a_model_gets_one) {
    eq_circuit *c = parse_deck(
        "<circuit title=\"eqspice\"><elements><diode name=\"d7\" a=\"1\" b=\"0\" is=\"1e-9\"/>"
        "<isource name=\"i1\" a=\"0\" b=\"1\" dc=\"1e-3\"/></elements></circuit>");
    char *text = written(c, EQ_NGSPICE);
    ck_assert_ptr_nonnull(strstr(text, "\nd7 1 0 m_d7\n"));
    ck_assert_ptr_nonnull(strstr(text, ".model m_d7 D("));
    eq_circuit *again = parse_deck(text);
    assert_same_circuit(c, again);
    eq_circuit_free(again);
    eq_free(text);
    eq_circuit_free(c);
}
END_TEST

/* Titles and notes hold anything; an attribute and a comment of XML do not. */
START_TEST(xml_escapes_titles_and_notes) {
    eq_circuit *c = parse_deck("a < b & \"c\" -- d\nv1 a 0 1\nr1 a 0 1\n.op\n.end\n");
    eq_text out = {0};
    ck_assert_int_eq(eq_circuit_write(c, EQ_XML, "made by --to xml ---", &out, NULL), EQ_OK);
    ck_assert_ptr_nonnull(strstr(out.text, "<!-- made by - -to xml - - - -->\n"));
    ck_assert_ptr_nonnull(strstr(out.text, "a &lt; b &amp; &quot;c&quot; -- d"));
    eq_circuit *again = parse_deck(out.text);
    ck_assert_str_eq(again->title, c->title);
    eq_text_free(&out);
    eq_circuit_free(again);
    eq_circuit_free(c);
}
END_TEST

Suite *write_suite(void) {
    Suite *s = suite_create("write");
    TCase *t = tcase_create("write");
    tcase_add_test(t, shipped_decks_survive_ngspice_and_xml);
    tcase_add_test(t, options_survive_xml);
    tcase_add_test(t, networks_survive_with_inputs_outputs_and_groups);
    tcase_add_test(t, sensed_e_gets_a_source_in_series);
    tcase_add_test(t, spectre_is_written_in_its_own_language);
    tcase_add_test(t, an_exponential_coefficient_becomes_a_linear_one);
    tcase_add_test(t, tests_against_zero_are_spelled_out);
    tcase_add_test(t, long_sums_and_products_are_flat);
    tcase_add_test(t, xyce_gets_the_same_thermal_voltage);
    tcase_add_test(t, ltspice_has_ideal_diodes_itself);
    tcase_add_test(t, names_cannot_be_injected);
    tcase_add_test(t, a_title_stays_on_its_line);
    tcase_add_test(t, names_get_the_letter_of_their_type);
    tcase_add_test(t, a_conductance_of_zero_is_refused);
    tcase_add_loop_test(t, what_a_dialect_cannot_say_is_told, 0, sizeof unsaid / sizeof *unsaid);
    tcase_add_test(t, the_temperature_has_a_name_in_every_dialect);
    tcase_add_test(t, a_diode_without_a_model_gets_one);
    tcase_add_test(t, xml_escapes_titles_and_notes);
    suite_add_tcase(s, t);
    return s;
}
