#include <check.h>
#include <math.h>
#include <stdio.h>
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

/* Filter f at (r, c) sees rows r s - p .. r s - p + k - 1 and columns likewise: told by place, over all nodes. */
static bool sees(const eq_image *in, const eq_image *out, const eq_convolution *v, size_t row,
                 size_t k) {
    size_t place = row / in->channels, at = k / out->channels;
    long i = (long)(place / in->columns), j = (long)(place % in->columns);
    long top = (long)(at / out->columns * v->stride) - (long)v->padding;
    long left = (long)(at % out->columns * v->stride) - (long)v->padding;
    long size = (long)v->kernel;
    return i >= top && i < top + size && j >= left && j < left + size;
}

START_TEST(convolutions_join_what_they_see) {
    static const struct {
        const char *image;
        eq_convolution of[2];
        size_t rows, columns; /* of the last image, by (size + 2 padding - kernel)/stride + 1 */
    } made[] = {{"5,7,2", {{3, 2, 1, 0}, {3, 3, 1, 0}}, 1, 3},
                {"8,8,1", {{3, 2, 2, 1}, {2, 2, 1, 0}}, 3, 3},
                {"6,5", {{4, 1, 3, 3}, {1, 2, 1, 0}}, 3, 3},
                {"3,4,1", {{3, 2, 1, 2}, {5, 1, 1, 0}}, 1, 2}};
    for (size_t m = 0; m < sizeof made / sizeof *made; m++) {
        eq_architecture a;
        eq_circuit *c = NULL;
        eq_architecture_kind("drn", &a, NULL);
        ck_assert_int_eq(eq_architecture_image(made[m].image, &a, NULL), EQ_OK);
        for (int l = 0; l < 2; l++)
            ck_assert_int_eq(eq_architecture_convolve(&made[m].of[l], &a, NULL), EQ_OK);
        ck_assert_int_eq(eq_architecture_layers("4", &a, NULL), EQ_OK);
        ck_assert_uint_eq(a.image[2].rows, made[m].rows);
        ck_assert_uint_eq(a.image[2].columns, made[m].columns);
        ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
        for (size_t l = 1; l < 3; l++)
            for (size_t row = 0; row < a.width[l - 1]; row++)
                for (size_t k = 0; k < a.width[l]; k++) {
                    char name[64];
                    snprintf(name, sizeof name, "r%zu_%zu_%zu", l, row + 1, k + 1);
                    bool there = eq_circuit_find_element(c, name) != -1;
                    ck_assert_msg(there ==
                                      sees(&a.image[l - 1], &a.image[l], &a.convolution[l], row, k),
                                  "%s of network %zu", name, m);
                }
        ck_assert_int_ne(eq_circuit_find_element(c, "r3_1_4"), -1);
        eq_circuit_free(c);
    }
}
END_TEST

START_TEST(skips_and_lateral_connections_are_groups_of_their_own) {
    eq_architecture a;
    eq_circuit *c = NULL;
    eq_architecture_kind("kendall", &a, NULL);
    ck_assert_int_eq(eq_architecture_layers("5,4,3,2", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_skips("0-3, 1-3", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_lateral("1 3", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
    static const struct {
        const char *name;
        size_t count;
    } group[] = {{"r1_*", 20}, {"rb1_*", 4}, {"rl1_*", 6},    {"r2_*", 12},   {"rb2_*", 3},
                 {"r3_*", 6},  {"rb3_*", 2}, {"rs0_3_*", 10}, {"rs1_3_*", 8}, {"rl3_*", 1}};
    ck_assert_uint_eq(c->groups, sizeof group / sizeof *group);
    for (size_t g = 0; g < c->groups; g++) {
        ck_assert_str_eq(c->group[g].name, group[g].name);
        ck_assert_uint_eq(c->group[g].count, group[g].count);
    }
    /* what skips layer 2 comes from behind the amplifier, lateral ones stand before it */
    eq_row at = c->row[eq_circuit_find_element(c, "rs1_3_2_1")];
    ck_assert_int_eq(c->table[at.cls].term[0][at.row], eq_circuit_find_node(c, "w1_2"));
    at = c->row[eq_circuit_find_element(c, "rl1_2_4")];
    ck_assert_int_eq(c->table[at.cls].term[0][at.row], eq_circuit_find_node(c, "h1_2"));
    ck_assert_int_eq(c->table[at.cls].term[1][at.row], eq_circuit_find_node(c, "h1_4"));
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
    tcase_add_test(t, convolutions_join_what_they_see);
    tcase_add_test(t, skips_and_lateral_connections_are_groups_of_their_own);
    tcase_add_test(t, wrong_descriptions_are_refused);
    tcase_add_test(t, bounds_belong_to_what_is_built);
    tcase_add_test(t, a_crossbar_alone_has_its_bounds);
    suite_add_tcase(s, t);
    return s;
}
