/* Gradients by the inputs (Scellier 2020, section 2.7) by two phases and by the adjoint, against differences of the
 * cost; what eval makes of them: the file, and adversarial examples. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mna.h"
#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "model/hopfield/hopfield.h"
#include "model/model.h"
#include "train/attack.h"
#include "train/train.h"

Suite *attack_suite(void);

enum { EXAMPLES = 3, MOST = 8 };

#define AMPLIFIER ".subckt amp h w A=4 K=0.25\nE e 0 h 0 {A}\nVs e w 0\nF h 0 Vs {K}\n.ends\n"
#define DIODES ".model dm D(is=1e-9)\n"
#define TAIL "*% train rt* gmin=1e-9 gmax=1\n.options reltol=1e-13 abstol=1e-20\n.op\n.end\n"

static const struct {
    const char *what, *deck;
    eq_engine_kind engine;
} circuits[] = {
    {"linear",
     "l\nVx x 0 0\nVy y 0 0\nRt1 x h 1k\nRt2 y h 2k\nRt3 h o 3k\nRt4 y p 1k\nRt5 p o 2k\nRt6 h 0 "
     "5k\n"
     "*% input Vx Vy\n*% output o p\n" TAIL,
     EQ_ENGINE_SPARSE},
    {"amplifiers of unequal weights, an input that drives several layers",
     "a\nVx x 0 0\nVy y 0 0\n" AMPLIFIER
     "Rt1 x h 1k\nRt2 y h 2k\nD1 h 0 dm\nX1 h w amp\nRt3 w k 3k\nD2 k 0 dm\nRt8 x k 9k\n"
     "X2 k z amp A=3 K=0.01\nRt4 z o 5k\nRt5 z p 2k\nRt6 o y 10k\nRt7 o p 7k\n" DIODES
     "*% input Vx Vy\n*% output o p\n" TAIL,
     EQ_ENGINE_SPARSE},
    {"crossbars in the layered engine",
     "c\nVx x 0 0\nVy y 0 0\nVb b 0 0.3\n" AMPLIFIER
     "Rt1 x h 1k\nRt2 y h 2k\nRt3 b h 4k\nRt4 x k 3k\nRt5 y k 1k\nRt6 b k 2k\n"
     "D1 h 0 dm\nD2 0 h dm\nD3 k 0 dm\nD4 0 k dm\nX1 h hh amp\nX2 k kk amp\n"
     "Rt7 hh o 3k\nRt8 kk o 2k\nRt9 hh p 1k\nRt10 kk p 5k\n" DIODES
     "*% input Vx Vy\n*% output o p\n" TAIL,
     EQ_ENGINE_LAYERED},
    {"an output on a pair, one node of which an input holds",
     "p\nVx x 0 0\nVy y 0 0\nRt1 x h 1k\nRt2 y h 2k\nD1 h 0 dm\nRt3 h o 3k\nRt4 o 0 3k\nRt5 o p "
     "1k\nRt6 p y 2k\n" DIODES "*% input Vx Vy\n*% output o,x p,h\n" TAIL,
     EQ_ENGINE_SPARSE},
};

static double cost_of(eq_network *n, const double *x, double *dcdy) {
    double y[EXAMPLES * 2], cost = 0.0;
    ck_assert_int_eq(eq_network_free_phase(n, EXAMPLES, x, y, NULL), EQ_OK);
    for (size_t k = 0; k < EXAMPLES * eq_network_outputs(n); k++) {
        double d = y[k] - (k % 2 == 0 ? 0.4 : 0.1);
        if (dcdy != NULL) dcdy[k] = d;
        cost += 0.5 * d * d;
    }
    return cost;
}

/* By phases of beta and by the adjoint, within `near` of differences by h. */
static void compare(eq_network *n, double *x, double beta, double h, double near,
                    const char *what) {
    double dcdy[EXAMPLES * 2], g[2][EXAMPLES * MOST], most = 0.0;
    size_t inputs = eq_network_inputs(n);
    for (int way = 0; way < 2; way++) {
        cost_of(n, x, dcdy);
        ck_assert_int_eq(eq_network_input_gradient(n, EXAMPLES, x, dcdy, way == 0 ? beta : 0.0,
                                                   false, g[way], NULL),
                         EQ_OK);
    }
    for (size_t k = 0; k < EXAMPLES * inputs; k++) most = fmax(most, fabs(g[1][k]));
    ck_assert(most > 1e-4);
    for (size_t k = 0; k < EXAMPLES * inputs; k++) {
        double kept = x[k], side[2];
        for (int q = 0; q < 2; q++) {
            x[k] = q == 0 ? kept + h : kept - h;
            side[q] = cost_of(n, x, NULL);
        }
        x[k] = kept;
        double slope = (side[0] - side[1]) / (2.0 * h);
        for (int way = 0; way < 2; way++)
            ck_assert_msg(fabs(g[way][k] - slope) <= near * most, "%s: %s %zu: %g, not %g", what,
                          way == 0 ? "phases" : "adjoint", k, g[way][k], slope);
    }
}

START_TEST(gradients_by_the_inputs_of_circuits_are_differences) {
    double x[EXAMPLES * 2] = {0.7, -0.3, -0.4, 0.9, 0.1, 0.2};
    eq_circuit *c = deck(circuits[_i].deck);
    eq_network *n = NULL;
    ck_assert_int_eq(eq_network_new(c, &n, NULL), EQ_OK);
    ck_assert_int_eq(
        eq_network_start(n, &(eq_engine_options){circuits[_i].engine, EXAMPLES, 1}, NULL), EQ_OK);
    compare(n, x, 1e-7, 1e-5, 2e-6, circuits[_i].what);
    eq_network_free(n);
    eq_circuit_free(c);
}
END_TEST

START_TEST(gradients_by_the_inputs_of_hopfield_networks_are_differences) {
    eq_hopfield_options o = eq_hopfield_defaults();
    eq_random random = eq_random_seed((uint64_t)_i + 3);
    eq_network *n = NULL;
    double x[EXAMPLES * MOST], theta[MOST * MOST];
    o.layers = 3;
    o.width[0] = 6, o.width[1] = 7, o.width[2] = 2;
    o.tolerance = 1e-14;
    o.seed = (uint64_t)_i + 1;
    ck_assert_int_eq(eq_hopfield_new(&o, &n, NULL), EQ_OK);
    for (size_t b = 0; b < 4; b++) {
        eq_network_get(n, b, theta);
        for (size_t j = 0; j < eq_network_block(n, b)->count; j++)
            theta[j] = b % 2 == 0 ? 0.4 * theta[j] : 0.4;
        eq_network_put(n, b, theta);
    }
    ck_assert_int_eq(eq_network_start(n, &(eq_engine_options){EQ_ENGINE_AUTO, EXAMPLES, 1}, NULL),
                     EQ_OK);
    for (size_t k = 0; k < EXAMPLES * 6; k++) x[k] = eq_random_uniform(&random);
    compare(n, x, 1e-4, 1e-5, 1e-7, "hopfield");
    eq_network_free(n);
}
END_TEST

static double number_behind(const char *text, const char *key) {
    const char *at = strstr(text, key);
    ck_assert_msg(at != NULL, "no %s in %s", key, text);
    return strtod(at + strlen(key), NULL);
}

/* The loss of one row x1, x2. */
static double loss_at(double a, double b) {
    char row[64], *text;
    snprintf(row, sizeof row, "a,b,xor\n%.17g,%.17g,1\n", a, b);
    put("row.csv", row);
    expect_exit(0, &text, "eval %s --data %s --json", in("run"), in("row.csv"));
    double loss = number_behind(text, "\"loss\": ");
    free(text);
    return loss;
}

/* Of the encoder too, which normalises and inverts. */
START_TEST(the_file_has_what_the_loss_says) {
    expect_exit(0, NULL,
                "train netlists/xor.xml -o %s --epochs 2 --set encoding.scale=0.7 "
                "--set encoding.center=0.1",
                in("run"));
    put("one.csv", "a,b,xor\n0.9,0.2,1\n");
    expect_exit(0, NULL, "eval %s --data %s --input-gradient %s", in("run"), in("one.csv"),
                in("g.csv"));
    char *text = file_text(in("g.csv"));
    double g[2];
    ck_assert_int_eq(sscanf(text, "example,dL/dx1,dL/dx2\n0,%lf,%lf", &g[0], &g[1]), 2);
    eq_free(text);
    double h = 1e-3, a = (loss_at(0.9 + h, 0.2) - loss_at(0.9 - h, 0.2)) / (2.0 * h),
           b = (loss_at(0.9, 0.2 + h) - loss_at(0.9, 0.2 - h)) / (2.0 * h);
    ck_assert_double_eq_tol(g[0], a, 1e-3 * fabs(a));
    ck_assert_double_eq_tol(g[1], b, 1e-3 * fabs(b));
    expect_exit(0, NULL, "eval %s --data %s --input-gradient %s", in("run"), in("one.csv"),
                in("g.npz"));
}
END_TEST

/* Moved examples have a larger loss, in several steps no smaller; eps = 0 moves nothing; wrong usage. */
START_TEST(adversarial_examples_are_scored) {
    char *text;
    expect_exit(0, NULL, "train netlists/%s.xml -o %s --epochs 2",
                _i == 0 ? "iris" : "hopfield-digits", in("run"));
    expect_exit(0, &text, "eval %s --attack 0,0.02,0.1 --json", in("run"));
    double clean = number_behind(text, "\"loss\": "),
           none = number_behind(text, "{\"eps\": 0, \"loss\": "),
           some = number_behind(text, "{\"eps\": 0.02, \"loss\": "),
           most = number_behind(text, "{\"eps\": 0.1, \"loss\": ");
    free(text);
    ck_assert_double_eq_tol(none, clean, 1e-9);
    ck_assert(some > clean && most > some);
    expect_exit(0, &text, "eval %s --attack 0.1 --attack-steps 8 --json", in("run"));
    ck_assert_double_ge(number_behind(text, "{\"eps\": 0.1, \"loss\": "), 0.98 * most);
    free(text);
    expect_exit(0, &text, "eval %s --attack 0.1", in("run"));
    ck_assert_ptr_nonnull(strstr(text, "by the sign of the gradient"));
    free(text);
    put("two.csv",
        _i == 0 ? "sepal_length,sepal_width,petal_length,petal_width,species\n5,3,1,0.2,setosa\n"
                : "0\n");
    expect_exit(2, &text, "eval %s --data %s --attack 0.1", in("run"), in("two.csv"));
    ck_assert_msg(_i > 0 || strstr(text, "which --data leaves out") != NULL, "%s", text);
    free(text);
    expect_exit(2, NULL, "eval %s --attack 2", in("run"));
    expect_exit(2, NULL, "eval %s --attack 0.1;0.2", in("run"));
    expect_exit(2, NULL, "eval %s --attack-steps 3", in("run"));
    expect_exit(2, NULL, "eval %s --attack 0.1 --attack-steps 0", in("run"));
    expect_exit(0, NULL, "plot %s --kind liked -o %s", in("run"), in("liked.svg"));
    eq_trained *m = NULL;
    ck_assert_int_eq(eq_trained_open_on(in("run"), NULL, 1, &m, NULL), EQ_OK);
    ck_assert_uint_eq(eq_trained_outputs(m), _i == 0 ? 3 : 10);
    double *image = calloc(eq_trained_outputs(m) * eq_trained_feature_count(m), sizeof *image);
    eq_mem_fail_after(0);
    eq_status refused = eq_trained_liked(m, 1, image, NULL);
    eq_mem_fail_after(-1);
    ck_assert_int_eq(refused, EQ_ERR_MEMORY);
    ck_assert_int_eq(eq_trained_liked(m, 1, image, NULL), EQ_OK);
    free(image);
    eq_trained_free(m);
    expect_exit(0, NULL, "plot %s --kind adversarial -o %s", in("run"), in("taken-in.svg"));
}
END_TEST

/* Four rows, moved by `by` in the directions of g; their header. */
static void put_moved(const char *path, double by, const double *g) {
    static const double x[] = {0.31, -0.52, -0.77, 0.9, 0.12, 0.44, -0.15, -0.93}, range = 2.0;
    char text[512];
    int n = snprintf(text, sizeof text, "p,q,k\n");
    for (int j = 0; j < 4; j++) {
        double at[2];
        for (int f = 0; f < 2; f++) {
            double to = x[2 * j + f] + (g == NULL ? 0.0 : copysign(by * range, g[2 * j + f]));
            at[f] = fmin(fmax(to, -1.0), 1.0);
        }
        n += snprintf(text + n, sizeof text - (size_t)n, "%.17g,%.17g,%c\n", at[0], at[1],
                      "ab"[j % 2]);
    }
    put(path, text);
}

static const struct {
    const char *network, *hardware;
} read_by[] = {
#define HOPFIELD "<network kind=\"hopfield\" layers=\"4,3,2\" sigma=\"tanh\"/>"
    {HOPFIELD, "hardware.read-noise=0.5"},
    {HOPFIELD, "hardware.read-offset=0.3"},
    {HOPFIELD, "hardware.input-bits=3"},
    {HOPFIELD, "hardware.output-bits=4 --set hardware.output-range=0.7"},
    {"<architecture kind=\"kendall\" layers=\"4,3,4\"/>",
     "hardware.output-bits=3 --set hardware.output-range=0.02"},
#undef HOPFIELD
};

/* Attacked is what an evaluation sees: eps = 0 is the clean loss itself, and the moved examples
 * score as a file with the same rows does. */
START_TEST(the_hardware_reads_moved_examples_too) {
    char text[1024], *out;
    double g[8];
    put("train.csv", "p,q,k\n-1,1,a\n1,-1,b\n0.4,0.3,a\n-0.2,-0.8,b\n");
    put_moved("test.csv", 0.0, NULL);
    snprintf(text, sizeof text,
             "<experiment name=\"e\" seed=\"3\">%s<data format=\"csv\" path=\"train.csv\" "
             "test-path=\"test.csv\" label=\"k\"/><encoding scale=\"0.7\" invert=\"yes\"/><cost "
             "type=\"%s\" high=\"0.3\"/><estimator type=\"adjoint\"/>"
             "<optimizer type=\"sgd\" rate=\"1e-9\"/><minibatch size=\"4\"/><epochs "
             "count=\"1\"/></experiment>",
             read_by[_i].network,
             read_by[_i].network[1] == 'a' ? "squared-difference" : "squared-error");
    put("e.xml", text);
    expect_exit(0, NULL, "train %s -o %s", in("e.xml"), in("run"));
    expect_exit(0, &out, "eval %s --attack 0,0.1 --json --input-gradient %s --set %s", in("run"),
                in("g.csv"), read_by[_i].hardware);
    double clean = number_behind(out, "\"loss\": "),
           none = number_behind(out, "{\"eps\": 0, \"loss\": "),
           moved = number_behind(out, "{\"eps\": 0.1, \"loss\": ");
    free(out);
    ck_assert_msg(none == clean, "%s: %.17g at 0, clean %.17g", read_by[_i].hardware, none, clean);
    char *table = file_text(in("g.csv")), *at = strchr(table, '\n');
    for (int j = 0; j < 4; j++) {
        ck_assert_int_eq(sscanf(at, "\n%*d,%lf,%lf", &g[2 * j], &g[2 * j + 1]), 2);
        at = strchr(at + 1, '\n');
    }
    eq_free(table);
    put_moved("moved.csv", 0.1, g);
    expect_exit(0, &out, "eval %s --data %s --json --set %s", in("run"), in("moved.csv"),
                read_by[_i].hardware);
    double mine = number_behind(out, "\"loss\": ");
    free(out);
    ck_assert_msg(fabs(moved - mine) <= 1e-9 * mine, "%s: %.17g, as a file %.17g",
                  read_by[_i].hardware, moved, mine);
}
END_TEST

START_TEST(no_targets_are_taken_in) {
    char *text;
    expect_exit(0, NULL, "train netlists/sine.xml --epochs 1 -o %s", in("run"));
    expect_exit(2, &text, "plot %s --kind adversarial -o %s", in("run"), in("a.svg"));
    ck_assert_msg(strstr(text, "the run has targets, no classes") != NULL, "%s", text);
    free(text);
}
END_TEST

Suite *attack_suite(void) {
    Suite *s = suite_create("attack");
    TCase *t = tcase_create("attack");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, gradients_by_the_inputs_of_circuits_are_differences, 0,
                        (int)(sizeof circuits / sizeof *circuits));
    tcase_add_loop_test(t, gradients_by_the_inputs_of_hopfield_networks_are_differences, 0, 3);
    tcase_add_test(t, the_file_has_what_the_loss_says);
    tcase_add_loop_test(t, adversarial_examples_are_scored, 0, 2);
    tcase_add_loop_test(t, the_hardware_reads_moved_examples_too, 0,
                        (int)(sizeof read_by / sizeof *read_by));
    tcase_add_test(t, no_targets_are_taken_in);
    suite_add_tcase(s, t);
    return s;
}
