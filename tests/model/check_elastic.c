/* Elastic networks (Scellier 2020, section 2.5): trusses in closed form, in two and three dimensions and far from where
 * they were at rest; what has no stable equilibrium; the shipped experiment. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "../support/training.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/elastic/elastic.h"
#include "model/network.h"
#include "train/estimator.h"

Suite *elastic_suite(void);

static char *path_of(const char *name) {
    char *path = eq_strdup(in(name));
    ck_assert_ptr_nonnull(path);
    return path;
}

static double tolerance = 1e-12;

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
    o.k_min = 1e-15;
    o.tolerance = tolerance;
    o.steps = 5000;
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

/* Units are the user's: springs of 1e-12 are no mechanism. */
START_TEST(weak_springs_hold_as_well) {
    double r = hypot(1.0, 1.1), x = -2.0 * 3e-12 * (r - sqrt(2.0)) * 1.1 / r, y[2];
    eq_diag *diag = eq_diag_new();
    eq_status status =
        solve("name,x,y,fixed\na,-1,0,yes\nb,1,0,yes\nc,0,-1,no\n",
              "from,to,k\na,c,3e-12\nb,c,3e-12\n", "c.y", "c.x c.y", false, &x, y, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    ck_assert_double_eq_tol(y[0], 0.0, 1e-10);
    ck_assert_double_eq_tol(y[1], -0.1, 1e-9);
}
END_TEST

/* Beside stiff springs that have nothing to do with them, too. */
START_TEST(soft_springs_rest_beside_stiff_ones) {
    static const double depth[] = {1e-7, 1e-5, 1e-2};
    for (int k = 0; k < 3; k++) {
        double d = depth[k], r = hypot(1.0, 1.0 + d), y[2];
        double x = -2.0 * 3e-3 * (d * (2.0 + d) / (r + sqrt(2.0))) * (1.0 + d) / r;
        ck_assert_int_eq(solve("name,x,y,fixed\na,-1,0,yes\nb,1,0,yes\nc,0,-1,no\n"
                               "p,-1,9,yes\nq,1,9,yes\nr,0,8,no\n",
                               "from,to,k\na,c,3e-3\nb,c,3e-3\np,r,900\nq,r,900\n", "c.y",
                               "c.x c.y", false, &x, y, NULL),
                         EQ_OK);
        ck_assert_double_eq_tol(y[1] / -d, 1.0, 1e-6);
    }
}
END_TEST

/* And at the same node: along two springs of 1 mN/m a node that hangs by one of 1 kN/m, 1 km long, gives way by f/(2 k), though its
 * load is nothing to the forces there. */
START_TEST(soft_directions_of_a_stiff_node_give_way) {
    static const double load[] = {1e-8, 1e-5, 2e-5, 3e-4};
    for (int k = 0; k < 4; k++) {
        double y;
        ck_assert_int_eq(solve("name,x,y,fixed\na,0,0,yes\nb,2,0,yes\nc,1,0,no\nd,1,1000,yes\n",
                               "from,to,k,l\na,c,1e-3,1\nc,b,1e-3,1\nc,d,1e3,1e3\n", "c.x", "c.x",
                               false, &load[k], &y, NULL),
                         EQ_OK);
        ck_assert_double_eq_tol(y * 2e-3 / load[k], 1.0, 1e-6);
    }
}
END_TEST

/* A state does not hang on how loose the tolerance is: here forces are within it where Newton's whole step leads away. */
START_TEST(a_loose_tolerance_finds_the_same_state) {
    static const char nodes[] =
        "name,x,y,fixed,fx,fy\nn0,0.7509,1.6964,yes,0,0\nn1,2.7415,0.5640,no,6.8e-7,1.07e-6\n"
        "n2,1.2811,2.2258,no,-1.6e-7,1.33e-6\nn3,1.1673,0.1586,no,-3.67e-6,0\n"
        "n4,1.6177,0.3147,no,0,0\nn5,0.1356,1.2712,no,0,0\n";
    static const char springs[] =
        "from,to,k,l\nn0,n1,2.76,2.3258\nn1,n2,0.16567,2.2502\nn2,n3,4.9186,2.0928\n"
        "n1,n3,0.11732,1.6552\nn2,n4,9.4517,1.9168\nn1,n4,0.1602,1.142\nn0,n5,0.2723,0.76114\n"
        "n1,n5,8.421,2.6721\nn0,n4,5.0155,1.6\nn2,n5,0.13768,1.5134\n";
    double load = -2.2e-6, y[2][2];
    for (int k = 0; k < 2; k++) {
        tolerance = k == 0 ? 1e-12 : 1e-4;
        eq_status status = solve(nodes, springs, "n5.y", "n2.x n5.x", false, &load, y[k], NULL);
        tolerance = 1e-12;
        ck_assert_int_eq(status, EQ_OK);
    }
    for (int k = 0; k < 2; k++) ck_assert_double_eq_tol(y[1][k], y[0][k], 1e-8);
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

/* A braced frame of two free nodes, one of which is pulled by the input. */
enum { SPRINGS = 7, COORDINATES = 8, HELD = 2 };
static const double corner[4][2] = {{0.0, 0.0}, {0.0, 1.0}, {1.1, 0.0}, {1.0, 0.9}};
static const int end[SPRINGS][2] = {{0, 2}, {1, 3}, {2, 3}, {0, 3}, {1, 2}, {0, 2}, {1, 3}};

/* E = sum k (r - l)^2/2 - f u_2x of displacements. */
static double energy_of(const double *k, const double *l, double f, const double *u) {
    double e = -f * u[4];
    for (int s = 0; s < SPRINGS; s++) {
        double v[2];
        for (int i = 0; i < 2; i++)
            v[i] = corner[end[s][1]][i] + u[2 * end[s][1] + i] - corner[end[s][0]][i] -
                   u[2 * end[s][0] + i];
        e += 0.5 * k[s] * (hypot(v[0], v[1]) - l[s]) * (hypot(v[0], v[1]) - l[s]);
    }
    return e;
}

static eq_network *frame(double *k, double *l) {
    eq_elastic_options o = eq_elastic_defaults();
    eq_network *n = NULL;
    eq_text t = {0};
    o.nodes = path_of("nodes.csv");
    o.springs = path_of("springs.csv");
    o.inputs = eq_strdup("c.x");
    o.outputs = eq_strdup("d.x d.y");
    o.tolerance = 1e-13;
    put("nodes.csv", "name,x,y,fixed\na,0,0,yes\nb,0,1,yes\nc,1.1,0,no\nd,1,0.9,no\n");
    eq_text_puts(&t, "from,to,k,l\n");
    for (int s = 0; s < SPRINGS; s++)
        eq_text_printf(&t, "%c,%c,%g,%g\n", 'a' + end[s][0], 'a' + end[s][1], 1.0 + 0.3 * s,
                       s < 2   ? 1.05
                       : s < 3 ? 0.95
                       : s < 5 ? 1.35
                               : 1.0);
    put("springs.csv", t.text);
    ck_assert_int_eq(eq_elastic_new(&o, &n, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_start(n, &(eq_engine_options){EQ_ENGINE_AUTO, 1, 1}, NULL), EQ_OK);
    eq_network_get(n, 0, k);
    eq_network_get(n, 1, l);
    eq_elastic_options_free(&o);
    eq_text_free(&t);
    return n;
}

/* E(clamped) - E(free), and the gradient that descends it. */
static double contrast(eq_network *n, const double *k, const double *l, double eta, double pull,
                       double *gradient) {
    static const double target[HELD] = {0.12, -0.2}, f = 0.2;
    const eq_cost cost = {.kind = eq_cost_find("squared-error"), .high = 1.0};
    const eq_estimator est = {.kind = eq_estimator_find("one-sided"),
                              .nudging = EQ_NUDGE_CLAMP,
                              .eta = eta,
                              .clamp = pull};
    eq_phases *p = eq_phases_new(1, HELD);
    double a[EQ_MAX_SLOTS], y[HELD], v[2][COORDINATES], e[2], size;
    ck_assert_int_eq(eq_network_free_phase(n, 1, &f, y, NULL), EQ_OK);
    eq_goal goal = {0, target};
    ck_assert_int_eq(eq_estimate(&est, p, n, &cost, 1.0, 1, y, &goal, a, NULL), EQ_OK);
    for (int slot = 0; slot < 2; slot++) {
        ck_assert_int_eq(eq_network_energies(n, slot, 1, &f, &e[slot], &size, NULL), EQ_OK);
        ck_assert_int_eq(eq_engine_potentials(n->engine, slot, v[slot], NULL), EQ_OK);
        ck_assert_double_eq_tol(e[slot], energy_of(k, l, f, v[slot]), 1e-13);
    }
    for (int i = 0; i < HELD; i++) {
        double way = v[1][6 + i] - y[i], all = eta * (target[i] - y[i]);
        if (isinf(pull))
            ck_assert_double_eq_tol(way, all, 1e-9);
        else
            ck_assert(way / all > 0.05 && way / all < 1.0);
    }
    if (gradient != NULL) ck_assert_int_eq(eq_network_gradient(n, a, gradient, NULL), EQ_OK);
    eq_phases_free(p);
    return e[1] - e[0];
}

/* Outputs held at their targets (eta = 1): the step goes down E(clamped) - E(free), by the loop above. */
START_TEST(clamped_outputs_are_held_and_the_step_goes_down_their_contrast) {
    double theta[2][SPRINGS], gradient[2 * SPRINGS], side[2], h = 1e-5;
    eq_network *n = frame(theta[0], theta[1]);
    ck_assert_double_gt(contrast(n, theta[0], theta[1], 1.0, INFINITY, gradient), 1e-3);
    for (size_t b = 0; b < 2; b++)
        for (int s = 0; s < SPRINGS; s++) {
            double kept = theta[b][s];
            for (int q = 0; q < 2; q++) {
                theta[b][s] = q == 0 ? kept + h : kept - h;
                eq_network_put(n, b, theta[b]);
                side[q] = contrast(n, theta[0], theta[1], 1.0, INFINITY, NULL);
            }
            theta[b][s] = kept;
            eq_network_put(n, b, theta[b]);
            ck_assert_double_eq_tol(gradient[b * SPRINGS + (size_t)s],
                                    (side[0] - side[1]) / (2.0 * h), 1e-7);
        }
    contrast(n, theta[0], theta[1], 0.1, INFINITY, NULL);
    contrast(n, theta[0], theta[1], 1.0, 2.0, NULL); /* by springs of 2 N/m */
    eq_network_free(n);
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

/* By nudged phases; by clamped ones, outputs held, as in coupled learning (Stern et al. 2021). */
START_TEST(a_network_learns_an_allosteric_response) {
    static const char *const how[] = {
        "", "--set estimator.type=one-sided --set estimator.nudging=clamp --set estimator.eta=0.1",
        "--set estimator.type=one-sided --set estimator.nudging=clamp --set estimator.eta=1"};
    char *text;
    expect_exit(0, NULL, "train netlists/elastic.xml -o %s %s", in("run"), how[_i]);
    expect_exit(0, &text, "eval %s --json", in("run"));
    ck_assert_double_lt(strtod(strstr(text, "\"rmse\": ") + 8, NULL), 0.01);
    free(text);
}
END_TEST

/* In a piece, in parts, on two threads: the same bits; other springs are another network. */
START_TEST(a_resumed_training_has_the_bits_of_one_in_a_piece) {
    static const char *const how[] = {"", "--epochs 2", "--resume --threads 2"};
    static const char nodes[] = "name,x,y,fixed\na,0,0,yes\nb,0,1,yes\nc,1,0,no\nd,1,1,no\n";
    char folder[2][256], net[256], *text;
    snprintf(net, sizeof net, "%s", in("net.xml"));
    for (int k = 0; k < 2; k++) snprintf(folder[k], sizeof folder[k], "%s", in(k == 0 ? "a" : "b"));
    put("nodes.csv", nodes);
    put("springs.csv", "from,to,k\na,c,1\nb,d,1\nc,d,1\na,d,2\n");
    put("rows.csv", "f,y\n0.1,0.1\n0.2,0.15\n-0.1,0\n0.05,0.1\n");
    put("net.xml", "<experiment><network kind='elastic' nodes='nodes.csv' springs='springs.csv' "
                   "inputs='c.x' outputs='d.x'/><data format='csv' path='rows.csv' targets='y'/>"
                   "<cost type='squared-error'/><optimizer type='adam' rate='0.01'/>"
                   "<estimator type='one-sided' nudging='clamp' eta='0.5' g-clamp='3'/>"
                   "<minibatch size='2'/><epochs count='6'/></experiment>");
    for (int k = 0; k < 3; k++)
        expect_exit(0, NULL, "train %s -o %s %s", net, folder[k == 0 ? 0 : 1], how[k]);
    eq_checkpoint a = checkpoint_of(folder[0]), b = checkpoint_of(folder[1]);
    ck_assert_uint_eq(a.conductances, 8);
    ck_assert_int_eq(memcmp(a.g, b.g, a.conductances * sizeof *a.g), 0);
    ck_assert(a.row[5].train_loss < 0.9 * a.row[0].train_loss);
    eq_checkpoint_free(&a);
    eq_checkpoint_free(&b);
    put("springs.csv", "from,to,k\na,c,1\nb,d,1\nc,d,1\nb,c,2\n");
    expect_exit(2, &text, "train %s --epochs 9 --resume -o %s", net, folder[1]);
    ck_assert_msg(strstr(text, "<network>") != NULL, "%s", text);
    free(text);
}
END_TEST

Suite *elastic_suite(void) {
    Suite *s = suite_create("elastic");
    TCase *t = tcase_create("elastic");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, a_truss_hangs_where_its_springs_carry_the_load, 0, 4);
    tcase_add_test(t, weak_springs_hold_as_well);
    tcase_add_test(t, soft_springs_rest_beside_stiff_ones);
    tcase_add_test(t, soft_directions_of_a_stiff_node_give_way);
    tcase_add_test(t, a_loose_tolerance_finds_the_same_state);
    tcase_add_test(t, a_tripod_in_three_dimensions_too);
    tcase_add_test(t, a_saddle_is_left);
    tcase_add_test(t, a_displaced_node_takes_others_with_it);
    tcase_add_test(t, clamped_outputs_are_held_and_the_step_goes_down_their_contrast);
    tcase_add_loop_test(t, what_cannot_be_is_told, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, gradients_hold);
    tcase_add_test(t, a_resumed_training_has_the_bits_of_one_in_a_piece);
    tcase_add_loop_test(t, a_network_learns_an_allosteric_response, 0, 3);
    suite_add_tcase(s, t);
    return s;
}
