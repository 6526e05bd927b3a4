/* Decks as Xyce and LTspice read them: where their rules differ from ngspice's (FACTS section 3),
 * against closed forms. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "netlist/netlist.h"
#include "solver/solver.h"

Suite *dialect_suite(void);

static const char xyce_deck[] = "Xyce's spelling\n"
                                "v1 a 0 0.7\n"
                                " this line starts with a blank and is a comment\n"
                                "d1 a 0 dm\n"
                                "v2 b 0 -2\n"
                                "b1 c 0 v={v(b)**3}\n"
                                "e1 d 0 table {v(b)} = (-3,0) (-2,1) (-1,5)\n"
                                "r1 c 0 3x ; three megohm\n"
                                "r2 d 0 rm 2k\n"
                                "v3 e 0 {gain}\n"
                                "r3 e 0 1k\n"
                                "b2 f 0 v={table(v(b),-3,0,-1,3,0,9)}\n"
                                "r4 f 0 1k\n"
                                ".model rm r(r=2.5)\n"
                                ".model dm d(is=1e-14)\n"
                                ".global_param gain=4\n"
                                ".op\n"
                                ".end\n";

static eq_circuit *read(const char *text, const char *note) {
    eq_circuit *c = NULL;
    eq_diag *d = eq_diag_new();
    eq_status status = eq_deck_parse("x.cir", text, strlen(text), &c, d);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_count(d) > 0 ? eq_diag_get(d, 0)->text : "");
    if (note != NULL) {
        ck_assert_uint_ge(eq_diag_count(d), 1);
        const eq_message *m = eq_diag_get(d, 0); /* of the deck as a whole: its first letter */
        ck_assert_ptr_nonnull(strstr(m->text, note));
        ck_assert_str_eq(m->file, "x.cir");
        ck_assert(m->line == 1 && m->column == 1);
    }
    eq_diag_free(d);
    return c;
}

static double at(const eq_circuit *c, const double *v, const char *node) {
    eq_node n = eq_circuit_find_node(c, node);
    ck_assert_int_ne(n, EQ_NONE);
    return v[n];
}

START_TEST(xyce_has_its_own_rules) {
    eq_circuit *c = read(xyce_deck, "xyce (it has .global_param)");
    eq_solver *s = NULL;
    double v[16] = {0.0}, i[16];
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, i, NULL, NULL), EQ_OK);
    double vt = 0.025864186384551, diode = 1e-14 * (exp(0.7 / vt) - 1.0) + 1e-12 * 0.7;
    ck_assert_double_eq_tol(-i[0], diode, 1e-9 * diode);
    ck_assert_double_eq_tol(at(c, v, "c"), -8.0, 1e-12); /* ngspice: 8 */
    ck_assert_double_eq_tol(at(c, v, "d"), 1.0, 1e-12);  /* ngspice rounds the corner */
    ck_assert_double_eq_tol(at(c, v, "e"), 4.0, 1e-12);
    ck_assert_double_eq_tol(at(c, v, "f"), 1.5, 1e-12);
    const eq_table *r = &c->table[EQ_CLASS_resistor];
    ck_assert_double_eq_tol(r->w[0][0], 3e6, 1e-6);
    ck_assert_double_eq_tol(r->w[0][1], 5e3, 1e-9); /* the model's value is a factor */
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

START_TEST(signs_of_the_dialects) {
    static const struct {
        const char *card;
        eq_dialect dialect;
    } sign[] = {{".op", EQ_NGSPICE},
                {".print dc v(a)", EQ_NGSPICE},
                {".print dc format=csv v(a)", EQ_XYCE},
                {".options nonlin reltol=1e-9", EQ_XYCE},
                {".options reltol=1e-9", EQ_NGSPICE},
                {".backanno", EQ_LTSPICE}};
    for (size_t k = 0; k < sizeof sign / sizeof *sign; k++) {
        char text[200] = "t\nv1 a 0 1\nr1 a 0 1k\n.op\n";
        strcat(text, sign[k].card);
        strcat(text, "\n.end\n");
        eq_circuit *c = read(text, NULL);
        ck_assert_msg(c->dialect == (int)sign[k].dialect, "%s", sign[k].card);
        eq_circuit_free(c);
    }
}
END_TEST

/* LTspice's decks name libraries of its installation, and models such as 1N4148; the export runs in
 * ngspice. */
START_TEST(ltspice_names_of_models_and_libraries) {
    char *folder = scratch_folder(), path[200], *text;
    snprintf(path, sizeof path, "%s/x.net", folder);
    FILE *f = fopen(path, "w");
    fputs("t\nv1 a 0 5\nr1 a b 1k\nd1 b 0 1N4148\n.model D D\n.lib C:\\lib\\standard.dio\n"
          ".model 1N4148 D(Is=2.52n Rs=.568 N=1.752 type=silicon)\n.op\n.backanno\n.end\n",
          f);
    fclose(f);
    expect_exit(0, &text, "op %s --format csv", path);
    ck_assert_ptr_nonnull(strstr(text, "is not here; add the models"));
    double a = NAN, b = NAN;
    const char *row = strstr(text, "v(a),v(b),i(v1)\n");
    ck_assert_ptr_nonnull(row);
    ck_assert_int_eq(sscanf(strchr(row, '\n'), " %lf,%lf", &a, &b), 2);
    double i = (5.0 - b) / 1e3, vte = 1.752 * 0.025864917007157, v = b - 0.568 * i;
    ck_assert_double_eq_tol(i, 2.52e-9 * (exp(v / vte) - 1.0) + 1e-12 * v, 1e-8 * i);
    free(text);
    expect_exit(0, NULL, "verify %s", path);
    scratch_free(folder);
}
END_TEST

START_TEST(the_program_takes_a_dialect) {
    char *folder = scratch_folder(), path[200], *text;
    snprintf(path, sizeof path, "%s/x.cir", folder);
    FILE *f = fopen(path, "w");
    fputs("t\nv1 a 0 -2\nb1 b 0 v={v(a)**3}\nr1 b 0 1x\n.op\n.end\n", f);
    fclose(f);
    expect_exit(0, &text, "op %s --format csv --dialect xyce", path);
    ck_assert_msg(strstr(text, "-2,-8,") != NULL, "%s", text);
    free(text);
    expect_exit(0, &text, "op %s --format csv", path);
    ck_assert_msg(strstr(text, "-2,8,") != NULL, "%s", text);
    free(text);
    expect_exit(0, NULL, "verify %s --dialect xyce", path);
    expect_exit(0, NULL, "verify %s", path);
    expect_exit(2, &text, "check %s --dialect pspice", path);
    ck_assert_ptr_nonnull(strstr(text, "use ngspice, xyce or ltspice"));
    free(text);
    scratch_free(folder);
}
END_TEST

Suite *dialect_suite(void) {
    Suite *s = suite_create("dialect");
    TCase *t = tcase_create("dialect");
    tcase_add_test(t, xyce_has_its_own_rules);
    tcase_add_test(t, signs_of_the_dialects);
    tcase_add_test(t, ltspice_names_of_models_and_libraries);
    tcase_add_test(t, the_program_takes_a_dialect);
    suite_add_tcase(s, t);
    return s;
}
