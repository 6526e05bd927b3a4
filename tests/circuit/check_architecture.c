#include <check.h>
#include <math.h>
#include <string.h>

#include "circuit/architecture.h"

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

Suite *architecture_suite(void) {
    Suite *s = suite_create("architecture");
    TCase *t = tcase_create("architecture");
    tcase_add_test(t, kendall_has_the_published_size);
    tcase_add_test(t, drn_of_any_depth_has_no_amplifiers);
    tcase_add_test(t, wrong_descriptions_are_refused);
    suite_add_tcase(s, t);
    return s;
}
