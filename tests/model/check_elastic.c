/* Elastic networks (Scellier 2020, section 2.5): trusses in closed form, in two and three dimensions and far from where
 * they were at rest; what has no stable equilibrium; the shipped experiment. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/elastic/elastic.h"

Suite *elastic_suite(void);

static char *path_of(const char *name) {
    char *path = eq_strdup(in(name));
    ck_assert_ptr_nonnull(path);
    return path;
}

/* What the network of these lists does: the status of its making and its free phase, and the outputs. */
static eq_status solve(const char *nodes, const char *springs, const char *inputs,
                       const char *outputs, bool displaced, const double *x, double *y,
                       eq_diag *diag) {
    eq_elastic_options o = eq_elastic_defaults();
    eq_network *n = NULL;
    put("nodes.csv", nodes);
    put("springs.csv", springs);
    o.nodes = path_of("nodes.csv");
    o.springs = path_of("springs.csv");
    o.inputs = eq_strdup(inputs);
    o.outputs = eq_strdup(outputs);
    o.displaced = displaced;
    o.tolerance = 1e-12;
    eq_engine_options e = {EQ_ENGINE_AUTO, 1, 1};
    eq_status status = eq_elastic_new(&o, &n, diag);
    if (status == EQ_OK) status = eq_network_start(n, &e, diag);
    if (status == EQ_OK) status = eq_network_free_phase(n, 1, x, y, diag);
    eq_network_free(n);
    eq_elastic_options_free(&o);
    return status;
}

/* Two springs from fixed nodes at (+-1, 0) to a node at (0, -1) that is pulled down: by symmetry
 * 2 k (r - l) (1 + d)/r = f with r^2 = 1 + (1 + d)^2. */
START_TEST(a_truss_hangs_where_its_springs_carry_the_load) {
    static const double depth[] = {1e-3, 0.1, 1.0, 5.0};
    double d = depth[_i], l = sqrt(2.0), r = hypot(1.0, 1.0 + d), y[2];
    double f = 2.0 * 3.0 * (r - l) * (1.0 + d) / r, x = -f;
    ck_assert_int_eq(solve("name,x,y,fixed\na,-1,0,yes\nb,1,0,yes\nc,0,-1,no\n",
                           "from,to,k\na,c,3\nb,c,3\n", "c.y", "c.x c.y", false, &x, y, NULL),
                     EQ_OK);
    ck_assert_double_eq_tol(y[0], 0.0, 1e-10);
    ck_assert_double_eq_tol(y[1], -d, 1e-9 * (1.0 + d));
}
END_TEST

/* The same of a tripod: 3 k (r - l) (1 + d)/r = f. */
START_TEST(a_tripod_in_three_dimensions_too) {
    double d = 0.7, l = sqrt(2.0), r = hypot(1.0, 1.0 + d), y[3];
    double x = -3.0 * 2.0 * (r - l) * (1.0 + d) / r;
    ck_assert_int_eq(solve("name,x,y,z,fixed\na,1,0,0,yes\nb,-0.5,0.8660254037844386,0,yes\n"
                           "c,-0.5,-0.8660254037844386,0,yes\nd,0,0,-1,no\n",
                           "from,to,k\na,d,2\nb,d,2\nd,c,2\n", "d.z", "d.x d.y d.z", false, &x, y,
                           NULL),
                     EQ_OK);
    ck_assert_double_eq_tol(y[0], 0.0, 1e-9);
    ck_assert_double_eq_tol(y[1], 0.0, 1e-9);
    ck_assert_double_eq_tol(y[2], -d, 1e-9);
}
END_TEST

/* A compressed arch with its node on the line between the fixed ones is at a saddle: it buckles, to where both springs
 * are as long as they want to be, l^2 = 1 + y^2. */
START_TEST(a_saddle_is_left) {
    double x = 0.0, y[2];
    ck_assert_int_eq(solve("name,x,y,fixed\na,-1,0,yes\nb,1,0,yes\nc,0,0,no\n",
                           "from,to,k,l\na,c,3,1.25\nb,c,3,1.25\n", "c.x", "c.x c.y", false, &x, y,
                           NULL),
                     EQ_OK);
    ck_assert_double_eq_tol(y[0], 0.0, 1e-8);
    ck_assert_double_eq_tol(fabs(y[1]), 0.75, 1e-9);
}
END_TEST

/* Held where the input says: the other node of a stretched pair of springs in a channel of springs to its sides. */
START_TEST(a_displaced_node_takes_others_with_it) {
    double x = 0.4, y[1];
    ck_assert_int_eq(solve("name,x,y,fixed\na,0,0,yes\nb,1,0,no\nc,2,0,no\nd,1,1,yes\ne,1,-1,yes\n"
                           "f,2,1,yes\ng,2,-1,yes\n",
                           "from,to,k\na,b,1\nb,c,1\nb,d,1\nb,e,1\nc,f,1\nc,g,1\n", "c.x", "b.x",
                           true, &x, y, NULL),
                     EQ_OK);
    /* b: (x_b) + 2 (r - 1) x_b/r = 0.4 - x_b, r^2 = 1 + x_b^2 */
    double b = y[0], r = hypot(1.0, b);
    ck_assert_double_gt(b, 0.1);
    ck_assert_double_eq_tol(b + 2.0 * (r - 1.0) * b / r, 0.4 - b, 1e-10);
}
END_TEST

/* What is refused, and what has no stable equilibrium: the message names the place, or the node. */
static const struct {
    const char *nodes, *springs, *inputs, *said;
} wrong[] = {
    {"name,x,y,fixed\na,0,0,yes\nb,1,0,no\n", "from,to,k\na,b,1\n", "b.x", "mechanism: node 'b'"},
    {"name,x,y,fixed\na,0,0,yes\nb,1,0,no\nlone,5,5,no\nc,0,1,yes\n", "from,to,k\na,b,1\nc,b,1\n",
     "b.x", "mechanism: node 'lone'"},
    {"name,x,y,fixed\na,0,0,yes\nb,1,0,no\n", "from,to,k,l\na,b,1,-2\n", "b.x", "l = -2"},
    {"name,x,y,fixed\na,0,0,yes\nb,1,0,no\n", "from,to,k\na,b,0\n", "b.x", "k = 0"},
    {"name,x,y,fixed\na,0,0,yes\nb,1,0,no\n", "from,to,k\na,z,1\n", "b.x", "no node 'z'"},
    {"name,x,y,fixed\na,0,0,yes\nb,0,0,no\n", "from,to,k\na,b,1\n", "b.x", "same place"},
    {"name,x,y,fixed\na,0,0,yes\na,1,0,no\n", "from,to,k\na,a,1\n", "a.x", "second node 'a'"},
    {"name,x,y,fixed\na,0,0,yes\nb,1,0,no\n", "from,to,k\na,b,1\n", "a.x", "not fixed"},
    {"name,x,y,fixed\na,0,0,yes\nb,1,0,no\n", "from,to,k\na,b,1\n", "b.z", "NODE.y"},
    {"name,x,y,fixed\na,0,0,yes\nb,1,0,perhaps\n", "from,to,k\na,b,1\n", "b.x", "yes or no"},
    {"name,x,fixed\na,0,yes\n", "from,to,k\na,b,1\n", "b.x", "no column 'y'"},
    {"name,x,y,fixed\n", "from,to,k\na,b,1\n", "b.x", "no rows"},
};

START_TEST(what_cannot_be_is_told) {
    eq_diag *diag = eq_diag_new();
    double x = 0.0, y[1] = {0.0};
    eq_status status =
        solve(wrong[_i].nodes, wrong[_i].springs, wrong[_i].inputs, "b.y", false, &x, y, diag);
    ck_assert_msg(status != EQ_OK, "case %d has y = %g", _i, y[0]);
    ck_assert_ptr_nonnull(eq_diag_get(diag, 0));
    ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, wrong[_i].said) != NULL, "%s",
                  eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
}
END_TEST

/* Both drives: every estimator against the adjoint, and that against differences, which gradcheck holds. */
START_TEST(gradients_hold) {
    char *text;
    expect_exit(0, &text, "gradcheck netlists/elastic.xml");
    free(text);
    expect_exit(0, &text, "gradcheck netlists/elastic.xml --set network.drive=force");
    free(text);
}
END_TEST

START_TEST(a_network_learns_an_allosteric_response) {
    char *text;
    expect_exit(0, NULL, "train netlists/elastic.xml -o %s", in("run"));
    expect_exit(0, &text, "eval %s --json", in("run"));
    ck_assert_double_lt(strtod(strstr(text, "\"rmse\": ") + 8, NULL), 0.01);
    free(text);
}
END_TEST

Suite *elastic_suite(void) {
    Suite *s = suite_create("elastic");
    TCase *t = tcase_create("elastic");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, a_truss_hangs_where_its_springs_carry_the_load, 0, 4);
    tcase_add_test(t, a_tripod_in_three_dimensions_too);
    tcase_add_test(t, a_saddle_is_left);
    tcase_add_test(t, a_displaced_node_takes_others_with_it);
    tcase_add_loop_test(t, what_cannot_be_is_told, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, gradients_hold);
    tcase_add_test(t, a_network_learns_an_allosteric_response);
    suite_add_tcase(s, t);
    return s;
}
