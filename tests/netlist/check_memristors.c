/* Decks with memristors: the forms in which they are written give the same table, what they export is what
 * ngspice solves, and what is wrong with them is said. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "netlist/netlist.h"
#include "report/verify.h"
#include "solver/solver.h"

Suite *memristors_suite(void);

static bool says(const eq_diag *d, const char *said) {
    for (size_t k = 0; k < eq_diag_count(d); k++)
        if (strstr(eq_diag_get(d, k)->text, said) != NULL) return true;
    return false;
}

static eq_circuit *parse(const char *text) {
    eq_circuit *c = NULL;
    ck_assert_msg(eq_circuit_parse("t", text, strlen(text), &c, NULL) == EQ_OK, "%s", text);
    return c;
}

/* The reader or, of what parameters mean together, the solver refuses it. */
static void refuse(const char *text, const char *said) {
    eq_diag *d = eq_diag_new();
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    eq_status status = eq_circuit_parse("t", text, strlen(text), &c, d);
    if (status == EQ_OK) status = eq_solver_new(c, &s, d);
    ck_assert_msg(status == EQ_ERR_INPUT && says(d, said), "%s: %s", text,
                  eq_diag_count(d) == 0 ? "-" : eq_diag_get(d, 0)->text);
    eq_solver_free(s);
    eq_circuit_free(c);
    eq_diag_free(d);
}

static double param(const eq_circuit *c, const char *element, const char *name) {
    eq_element e = eq_circuit_find_element(c, element);
    ck_assert_msg(e != EQ_NONE, "%s", element);
    eq_row r = c->row[e];
    return c->table[r.cls].w[eq_param_find(eq_class(r.cls), name)][r.row];
}

static const char models[] = ".model hp drift(ron=1k roff=10k x0=0.25)\n"
                             ".model yk memristor(level=3 a1=1m a2=2m b=3 xo=0.11)\n"
                             ".model kn memristor(level=5 ron=500 roff=1500 phi=0.8)\n";

/* x, x0, xo, state and ic are one; a number behind the model is the state; YMEMRISTOR as in Xyce. */
START_TEST(a_state_is_written_in_many_ways) {
    static const char *const lines[] = {
        "y1 a 0 hp x=0.7",     "y1 a 0 hp x0=0.7", "Y1 a 0 hp xo=0.7",           "y1 a 0 hp ic=0.7",
        "y1 a 0 hp state=0.7", "y1 a 0 hp 0.7",    "ymemristor y1 a 0 hp xo=0.7"};
    for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
        char text[512];
        snprintf(text, sizeof text, "t\nv1 a 0 1\n%s\n%s.op\n.end\n", lines[k], models);
        eq_circuit *c = parse(text);
        ck_assert_double_eq(param(c, "y1", "x"), 0.7);
        ck_assert_double_eq(param(c, "y1", "roff"), 10e3);
        eq_circuit_free(c);
    }
}
END_TEST

START_TEST(models_and_presets_give_what_the_line_does_not) {
    char text[512];
    snprintf(text, sizeof text,
             "t\nv1 a 0 1\ny1 a 0 hp\nYMEMRISTOR mr2 a 0 yk\ny3 a 0 kn m=2\ny4 a 0 "
             "Oblea2010\n%s.op\n.end\n",
             models);
    eq_circuit *c = parse(text);
    ck_assert_double_eq(param(c, "y1", "x"), 0.25);
    ck_assert_double_eq(param(c, "mr2", "x"), 0.11);
    ck_assert_double_eq(param(c, "mr2", "b"), 3.0);
    ck_assert_double_eq(param(c, "y3", "phi"), 0.8);
    ck_assert_double_eq(param(c, "y3", "m"), 2.0);
    ck_assert_double_eq(param(c, "y4", "vp"), 0.16);
    eq_circuit_free(c);
    /* a card of that name comes first */
    c = parse("t\nv1 a 0 1\ny1 a 0 oblea2010\n.model oblea2010 drift(ron=7)\n.op\n.end\n");
    ck_assert_double_eq(param(c, "y1", "ron"), 7.0);
    eq_circuit_free(c);
}
END_TEST

START_TEST(what_is_wrong_is_said) {
    static const struct {
        const char *lines, *said;
    } bad[] = {{"y1 a 0", "names no model; write y1 PLUS MINUS MODEL and .model MODEL DRIFT("},
               {"y1 a 0 hp x=1.5", "x = 1.5 of y1 is outside 0..1"},
               {"y1 a 0 hp y=1", "has no parameter y"},
               {"y1 a 0 none", "there is no model none"},
               {"y1 a 0 m\n.model m memristor(level=2 ron=50)", "level=3 (Yakopcic) or level=5"},
               {"y1 a 0 m\n.model m vteam(b=3)", "has no parameter b"},
               {"y1 a 0 m\n.model m rram(gapmin=2n)", "gapmin is not below gapmax"},
               {"y1 a 0 m\n.model m vteam(iv=0.5)", "iv is not 0 (linear) or 1 (exponential)"},
               {"y1 a 0 m\n.model m d(is=1e-14)", "needs one of type drift, sinh, yakopcic"},
               {"d1 a 0 hp", "needs one of type d"}};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char text[512];
        snprintf(text, sizeof text, "t\nv1 a 0 1\n%s\n%s.op\n.end\n", bad[k].lines, models);
        refuse(text, bad[k].said);
    }
}
END_TEST

/* All classes at drops of both signs, in instances too, against ngspice; through XML the same. */
START_TEST(every_model_agrees_with_ngspice_and_goes_through_xml) {
    static const char deck[] =
        "t\n.subckt cell p n x=0.3\ny1 p n hp x={x}\ny2 n p vx x={1-x} m=2\n.ends\n"
        "v1 in 0 0.8\nv2 neg 0 -1.1\n"
        "x1 in a cell x=0.9\nx2 a neg cell m=3\n"
        "y1 in b yk x=0.6\ny2 b neg yk x=0.8\ny3 in c kn\ny4 c neg knowm_gmms x=0.1\n"
        "y5 in d stanford_hfox x=0.4\ny6 d neg sn\ny7 neg e sn 1e-3\ny8 e in vteam_default\n"
        "r1 a b 1k\nr2 c d 2k\nr3 e 0 1k\n"
        ".model hp drift(ron=1k roff=10k)\n.model vx vteam(iv=1 ron=100 roff=5k)\n"
        ".model yk memristor(level=3 a1=1m a2=2m b=3)\n.model sn sinh(g=1e-4 v0=0.3)\n"
        ".model kn memristor(level=5 ron=500 roff=1500 phi=0.7 sfa=1e-4 sfb=3 sra=2e-4 srb=2)\n"
        ".op\n.end\n";
    eq_diag *d = eq_diag_new();
    eq_circuit *c = parse(deck), *again = NULL;
    eq_text xml = {0};
    eq_verification v = {0};
    ck_assert_int_eq(eq_verify(c, 1e-9, &v, d), EQ_OK);
    ck_assert(eq_verification_holds(&v, 1e-9) && v.node.count >= 7);
    ck_assert_int_eq(eq_circuit_write(c, EQ_XML, NULL, &xml, d), EQ_OK);
    ck_assert_int_eq(eq_circuit_parse("t.xml", xml.text, xml.length, &again, d), EQ_OK);
    for (int cls = 0; cls < EQ_BUILT_IN_CLASSES; cls++)
        for (int k = 0; k < eq_class(cls)->columns; k++)
            for (size_t j = 0; j < c->table[cls].count; j++)
                ck_assert(memcmp(&c->table[cls].w[k][j], &again->table[cls].w[k][j], 8) == 0);
    eq_circuit_free(again);
    eq_text_clear(&xml); /* as a run writes its model.cir */
    ck_assert_int_eq(eq_circuit_write_own(c, NULL, &xml, d), EQ_OK);
    again = parse(xml.text);
    for (size_t e = 0; e < eq_circuit_elements(c); e++) {
        const char *name = eq_circuit_element_name(c, (eq_element)e);
        eq_row r = c->row[e];
        for (int k = 0; k < eq_class(r.cls)->params && r.cls != EQ_CLASS_resistor; k++)
            if (!isnan(c->table[r.cls].w[k][r.row]))
                ck_assert_double_eq(param(again, name, eq_class(r.cls)->param[k].name),
                                    c->table[r.cls].w[k][r.row]);
    }
    eq_circuit_free(again);
    eq_circuit_free(c);
    eq_text_free(&xml);
    eq_diag_free(d);
}
END_TEST

Suite *memristors_suite(void) {
    Suite *s = suite_create("memristors");
    TCase *t = tcase_create("decks");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_state_is_written_in_many_ways);
    tcase_add_test(t, models_and_presets_give_what_the_line_does_not);
    tcase_add_test(t, what_is_wrong_is_said);
    tcase_add_test(t, every_model_agrees_with_ngspice_and_goes_through_xml);
    suite_add_tcase(s, t);
    return s;
}
