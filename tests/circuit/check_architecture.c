#include <check.h>
#include <math.h>
#include <string.h>

#include "circuit/architecture.h"
#include "circuit/crossbar.h"

Suite *architecture_suite(void);

static eq_circuit *build(const char *kind, const char *layers) {
    eq_architecture a;
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_architecture_kind(kind, &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_layers(layers, &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
    return c;
}

/* Kendall's network has 1568*100 + 100*20 = 158,800 conductances, plus those of the bias rows. */
START_TEST(kendall_has_the_published_size) {
    eq_circuit *c = build("kendall", "1568,100,20");
    ck_assert_uint_eq(c->group[0].count, 156800);
    ck_assert_uint_eq(c->group[1].count, 100);
    ck_assert_uint_eq(c->group[2].count, 2000);
    ck_assert_uint_eq(c->group[3].count, 20);
    ck_assert_uint_eq(c->table[EQ_CLASS_diode].count, 200);
    ck_assert_uint_eq(c->table[EQ_CLASS_vcvs].count, 100);
    ck_assert_uint_eq(c->inputs, 1568);
    ck_assert_uint_eq(c->outputs, 10);
    ck_assert_int_ge(eq_circuit_find_node(c, "y10m"), 0);
    ck_assert_int_ge(eq_circuit_find_element(c, "inudge_y10m"), 0);
    eq_circuit_free(c);
}
END_TEST

START_TEST(drn_of_any_depth_has_no_amplifiers) {
    eq_circuit *c = build("drn", "8,5,4,6");
    ck_assert_uint_eq(c->table[EQ_CLASS_vcvs].count, 0);
    ck_assert_uint_eq(c->table[EQ_CLASS_diode].count, 18);
    ck_assert_uint_eq(c->groups, 6);
    ck_assert_int_ge(eq_circuit_find_element(c, "r3_4_6"), 0);
    ck_assert_int_ge(eq_circuit_find_element(c, "rb2_1_4"), 0);
    eq_circuit_free(c);
}
END_TEST

START_TEST(wrong_descriptions_are_refused) {
    eq_architecture a;
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_architecture_kind("lstm", &a, NULL), EQ_ERR_USAGE);
    eq_architecture_kind("drn", &a, NULL);
    static const char *const bad[] = {"",
                                      "5",
                                      "5,",
                                      "5,x",
                                      "5,-1",
                                      "5,1.5",
                                      "5;6",
                                      "0,2",
                                      "5,2e7",
                                      "nan,2",
                                      "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        ck_assert_msg(eq_architecture_layers(bad[k], &a, NULL) == EQ_ERR_USAGE, "%s", bad[k]);
    ck_assert_int_eq(eq_architecture_layers("4,3", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_ERR_USAGE);
    a.differential = false;
    static const double range[][4] = {/* gmin low high gmax */
                                      {1e-7, 1.0, 2.0, 1e-3},   {1e-3, 1e-5, 1e-2, 1.0},
                                      {1e-7, 1e-4, 1e-5, 1e-3}, {0.0, 0.0, 1e-5, 1e-3},
                                      {1e-7, 1e-5, 1.0, 1e-3},  {1e-7, (double)NAN, 1e-5, 1e-3}};
    for (size_t k = 0; k < sizeof range / sizeof *range; k++) {
        a.gmin = range[k][0];
        a.low = range[k][1];
        a.high = range[k][2];
        a.gmax = range[k][3];
        ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_ERR_USAGE);
    }
}
END_TEST

/* What lies just inside of a bound is built, what lies just outside is refused. */
START_TEST(bounds_belong_to_what_is_built) {
    static const struct {
        double gmin, low, high, gmax, up, down;
        bool good;
    } is[] = {{1e-7, 1e-7, 1e-5, 1e-3, 0, 0, true},     {1e-7, 1e-5, 1e-5, 1e-3, 0, 0, true},
              {1e-7, 1e-5, 1e-3, 1e-3, 0, 0, true},     {1e-7, 0.99e-7, 1e-5, 1e-3, 0, 0, false},
              {1e-7, 1e-5, 0.99e-5, 1e-3, 0, 0, false}, {1e-7, 1e-5, 1.01e-3, 1e-3, 0, 0, false},
              {0, 1e-9, 1e-5, 1e-3, 0, 0, true},        {0, 0, 1e-5, 1e-3, 0, 0, false},
              {0, 1e-9, 1e-5, 1e-3, 0.7, -0.7, true},   {0, 1e-9, 1e-5, 1e-3, -0.7, 0.7, false},
              {0, 1e-9, 1e-5, 1e-3, -0.2, -0.2, true},  {0, 1e-9, 1e-5, 1e-3, 0.2, 0.2, false},
              {0, 1e-9, 1e-5, 1e-3, 0.2, 0.1, true},    {0, 1e-9, 1e-5, 1e-3, -0.2, -0.1, false}};
    for (size_t k = 0; k < sizeof is / sizeof *is; k++) {
        eq_architecture a;
        eq_circuit *c = NULL;
        eq_diag *d = eq_diag_new();
        ck_assert_int_eq(eq_architecture_kind("drn", &a, NULL), EQ_OK);
        ck_assert_int_eq(eq_architecture_layers("2,2", &a, NULL), EQ_OK);
        a.gmin = is[k].gmin, a.low = is[k].low, a.high = is[k].high, a.gmax = is[k].gmax;
        a.up = is[k].up, a.down = is[k].down;
        ck_assert_msg((eq_architecture_check(&a, d) == EQ_OK) == is[k].good, "%zu", k);
        ck_assert_uint_eq(eq_diag_count(d), !is[k].good || a.down > 0.0); /* a warning, or why */
        if (is[k].good) ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
        eq_circuit_free(c);
        eq_diag_free(d);
    }
}
END_TEST

/* A crossbar alone begins as the manual says; one of nothing, or of too much, is refused. */
START_TEST(a_crossbar_alone_has_its_bounds) {
    eq_crossbar_options usual = eq_crossbar_defaults();
    ck_assert(usual.rows == 8 && usual.columns == 8 && !usual.diodes && usual.seed == 1);
    ck_assert(usual.wires == 5.0 && usual.volts == 1.0 && usual.is == 1e-9 && usual.n == 1.0);
    ck_assert(usual.low == 1e-6 && usual.high == 1e-4);
    static const struct {
        size_t rows, columns;
        double low, high, wires;
        bool good;
    } is[] = {{1, 1, 1e-5, 1e-5, 0.0, true},          {0, 1, 1e-5, 1e-5, 0.0, false},
              {1, 0, 1e-5, 1e-5, 0.0, false},         {2, 2, 0.0, 1e-5, 0.0, false},
              {2, 2, 1e-5, 0.99e-5, 0.0, false},      {2, 2, 1e-5, 1e-4, -1.0, false},
              {2, 2, 1e-5, 1e-4, (double)NAN, false}, {2, 2, (double)NAN, 1e-4, 1.0, false},
              {33334, 1000, 1e-5, 1e-4, 1.0, false},  {2, 2, 1e-5, 1e-4, 1.0, true}};
    for (size_t k = 0; k < sizeof is / sizeof *is; k++) {
        eq_crossbar_options o = usual;
        eq_circuit *c = NULL;
        o.rows = is[k].rows, o.columns = is[k].columns;
        o.low = is[k].low, o.high = is[k].high, o.wires = is[k].wires;
        ck_assert_msg((eq_crossbar_build(&o, &c, NULL) == EQ_OK) == is[k].good, "%zu", k);
        eq_circuit_free(c);
    }
}
END_TEST

Suite *architecture_suite(void) {
    Suite *s = suite_create("architecture");
    TCase *t = tcase_create("architecture");
    tcase_add_test(t, kendall_has_the_published_size);
    tcase_add_test(t, drn_of_any_depth_has_no_amplifiers);
    tcase_add_test(t, wrong_descriptions_are_refused);
    tcase_add_test(t, bounds_belong_to_what_is_built);
    tcase_add_test(t, a_crossbar_alone_has_its_bounds);
    suite_add_tcase(s, t);
    return s;
}
