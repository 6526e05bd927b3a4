/* Targets instead of classes: where they are read from, what an epoch says of them, and that they
 * are learned. The truth is a divider, y = x g1/(g1 + g2), in closed form, and the adjoint. */
#define _POSIX_C_SOURCE 200809L
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
#include "train/data/data.h"
#include "train/experiment/experiment.h"
#include "train/train.h"
#include "train/trainer.h"

Suite *regression_suite(void);

static void says(eq_diag *diag, const char *words) {
    ck_assert_uint_gt(eq_diag_count(diag), 0);
    const char *text = eq_diag_get(diag, 0)->text;
    ck_assert_msg(strstr(text, words) != NULL, "'%s' is not in: %s", words, text);
    eq_diag_free(diag);
}

static eq_data *read_csv(const char *text, eq_columns columns) {
    eq_data *d = NULL;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_data_read_csv(put("a.csv", text), &columns, NULL, &d, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    return d;
}

/* By name or number, in the order asked for; a label named beside them is left out. */
START_TEST(columns_of_a_csv_file) {
    static const struct {
        const char *text;
        eq_columns columns;
        double target[4], value[2]; /* value: the first of each example */
        const char *name[2];
        size_t features;
    } file[] = {
        {"a,y1,b,y2\n1,2,3,4\n5,6,7,8\n",
         {NULL, "y1 y2", 0, false},
         {2, 4, 6, 8},
         {1, 5},
         {"y1", "y2"},
         2},
        {"a,y1,b,y2\n1,2,3,4\n5,6,7,8\n",
         {NULL, " y2\ty1 ", 0, false},
         {4, 2, 8, 6},
         {1, 5},
         {"y2", "y1"},
         2},
        {"a,y1,b,y2\n1,2,3,4\n5,6,7,8\n",
         {NULL, "2 1", 0, false},
         {2, 1, 6, 5},
         {3, 7},
         {"y1", "a"},
         2},
        {"1,2,3\n4,5,6\n", {NULL, "3 1", 0, false}, {3, 1, 6, 4}, {2, 5}, {"3", "1"}, 1},
        {"k,y1,b,y2\nred,2,3,4\nblue,6,7,8\n",
         {"k", "y1 y2", 0, false},
         {2, 4, 6, 8},
         {3, 7},
         {"y1", "y2"},
         1},
        {"0,1,2\n3,4,5\n6,7,8\n",
         {NULL, "0 1", EQ_HEADER_YES, false},
         {3, 4, 6, 7},
         {5, 8},
         {"0", "1"},
         1},
    };
    for (size_t k = 0; k < sizeof file / sizeof *file; k++) {
        eq_data *d = read_csv(file[k].text, file[k].columns);
        ck_assert_int_eq(d->goal, EQ_GOAL_TARGETS);
        ck_assert_uint_eq(d->examples, 2);
        ck_assert_uint_eq(d->classes, 2);
        ck_assert_uint_eq(d->features, file[k].features);
        ck_assert_mem_eq(d->target, file[k].target, sizeof file[k].target);
        for (size_t j = 0; j < 2; j++) {
            ck_assert(eq_data_feature(d, j, 0) == file[k].value[j]);
            ck_assert_str_eq(d->class_name[j], file[k].name[j]);
        }
        eq_data_free(d);
    }
}
END_TEST

START_TEST(columns_that_are_refused) {
    static const struct {
        const char *text, *targets, *label, *message;
    } bad[] = {
        {"a,y\n1,2\n", "z", NULL,
         "no column is called 'z'; the first row must name the columns, one "
         "of them the target"},
        {"a,y\n1,2\n", "y y", NULL, "the column 'y' is given twice"},
        {"a,y,b\n1,2,3\n", "y", "y", "the column 'y' is given twice"},
        {"a,y\n1,2\n", "y a", NULL, "the row has 2 columns; a data file needs values and targets"},
        {"a,y\n1,2\n", " ", NULL, "the row has 2 columns; a data file needs values and targets"},
        {"y\n1\n", "y", NULL, "the row has 1 column; a data file needs values and targets"},
        {"a,y\n1,high\n", "y", NULL, "'high' is not a number"},
        {"a,y\n1,inf\n", "y", NULL, "'inf' is not a number"},
        {"a,y,y\n1,2,3\n", "y", NULL, "two columns are called 'y'; give the target's number"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        eq_data *d = NULL;
        eq_diag *diag = eq_diag_new();
        const eq_columns columns = {bad[k].label, bad[k].targets, EQ_HEADER_FOUND, false};
        ck_assert_int_eq(eq_data_read_csv(put("a.csv", bad[k].text), &columns, NULL, &d, diag),
                         EQ_ERR_INPUT);
        says(diag, bad[k].message);
    }
}
END_TEST

/* An array of doubles as numpy.save writes it. */
static const char *put_npy(const char *name, const char *shape, const double *value, size_t n) {
    enum { HEAD = 128 };
    static char bytes[HEAD + 64 * sizeof(double)];
    memset(bytes, ' ', HEAD);
    memcpy(bytes, "\x93NUMPY\1\0\x76\0", 10);
    char text[100];
    int length = snprintf(text, sizeof text,
                          "{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }", shape);
    memcpy(bytes + 10, text, (size_t)length);
    bytes[HEAD - 1] = '\n';
    memcpy(bytes + HEAD, value, n * sizeof *value);
    return put_bytes(name, bytes, HEAD + n * sizeof *value);
}

/* As many as stand behind the first index, of .npy and IDX files; the features themselves. */
START_TEST(arrays_of_targets) {
    static const double x[6] = {1, 2, 3, 4, 5, 6}, y[6] = {-1.5, 2.5, 0, 1e-3, 7, 8};
    static const unsigned char image[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 51, 255};
    static const unsigned char target[] = {0,    0,    13, 1, 0,    0, 0, 2,
                                           0x3f, 0x80, 0,  0, 0xc0, 0, 0, 0};
    eq_data *d = NULL;
    const char *values = put_npy("x.npy", "3, 2", x, 6), *of = put_npy("y.npy", "3, 2", y, 6);
    ck_assert_int_eq(eq_data_read_targets(EQ_DATA_NPY, values, of, &d, NULL), EQ_OK);
    ck_assert_uint_eq(d->classes, 2);
    ck_assert_mem_eq(d->target, y, sizeof y);
    ck_assert_str_eq(d->class_name[1], "1");
    eq_data_free(d);
    ck_assert_int_eq(
        eq_data_read_targets(EQ_DATA_NPY, values, put_npy("y.npy", "3,", y, 3), &d, NULL), EQ_OK);
    ck_assert_uint_eq(d->classes, 1);
    eq_data_free(d);
    ck_assert_int_eq(eq_data_read_targets(EQ_DATA_NPY, values, NULL, &d, NULL), EQ_OK);
    ck_assert_int_eq(d->goal, EQ_GOAL_INPUTS);
    ck_assert_uint_eq(d->classes, 2);
    ck_assert(eq_data_target(d, 2, 1) == 6.0);
    eq_data_free(d);
    const char *images = put_bytes("i.idx", image, sizeof image);
    of = put_bytes("t.idx", target, sizeof target);
    ck_assert_int_eq(eq_data_read_targets(EQ_DATA_IDX, images, of, &d, NULL), EQ_OK);
    ck_assert(eq_data_target(d, 0, 0) == 1.0 && eq_data_target(d, 1, 0) == -2.0);
    eq_data_free(d);
    ck_assert_int_eq(eq_data_read_targets(EQ_DATA_IDX, images, NULL, &d, NULL), EQ_OK);
    ck_assert_double_eq_tol(eq_data_target(d, 0, 0), 0.2, 1e-15); /* a pixel is p/255 */
    eq_data_free(d);
    eq_diag *diag = eq_diag_new();
    values = put_npy("x.npy", "3, 2", x, 6);
    of = put_npy("y.npy", "2,", y, 2);
    ck_assert_int_eq(eq_data_read_targets(EQ_DATA_NPY, values, of, &d, diag), EQ_ERR_INPUT);
    says(diag, "2 rows of targets; give files of one data set");
    static const double endless[3] = {1, 2, (double)INFINITY};
    diag = eq_diag_new();
    of = put_npy("y.npy", "3,", endless, 3);
    ck_assert_int_eq(eq_data_read_targets(EQ_DATA_NPY, values, of, &d, diag), EQ_ERR_INPUT);
    says(diag, "the value is not finite");
}
END_TEST

/* ---- Training ---- */

static eq_experiment *experiment_of(const char *text) {
    eq_experiment *x = NULL;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_experiment_read(put("x.xml", text), &x, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    return x;
}

static eq_trainer *trainer_of(const eq_experiment *x) {
    eq_trainer *t = NULL;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_trainer_new(x, NULL, &t, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    return t;
}

static const char divider[] =
    "a divider\nVx x 0 0\nR1 x y 1k\nR2 y 0 3k\n*% input Vx\n*% output y\n"
    "*% train R? gmin=1e-6 gmax=1e-1\n.end\n";
enum { ROWS = 4 };
static const double row_x[ROWS] = {1, -2, 3, 0.5}, row_t[ROWS] = {10, 14, 13, 11};
static const char table[] = "x,t\n1,10\n-2,14\n3,13\n0.5,11\n";

typedef struct cost_case {
    const char *xml;
    double (*value)(double d), (*slope)(double d);
} cost_case;

static double square(double d) {
    return 0.5 * d * d;
}
static double itself(double d) {
    return d;
}
static double sign(double d) {
    return d > 0 ? 1 : -1;
}
static double huber(double d) {
    return fabs(d) <= 0.3 ? 0.5 * d * d : 0.3 * fabs(d) - 0.045;
}
static double clip(double d) {
    return fabs(d) <= 0.3 ? d : 0.3 * sign(d);
}
static const cost_case costs[] = {{"type='squared-error'", square, itself},
                                  {"type='absolute-error'", fabs, sign},
                                  {"type='huber' threshold='0.3'", huber, clip}};

/* Loss in V, RMSE and R^2 in the units of the data, and one step against the closed form: targets
 * are 0.5 V (t - 12)/2 with "range", whose middle is 12 and half width 2. */
START_TEST(figures_and_step_of_a_divider) {
    static const double rate = 1e-9, k = 0.25; /* V: 0.5 V for 2 units */
    char text[1024];
    put("net.cir", divider);
    put("data.csv", table);
    snprintf(text, sizeof text,
             "<experiment name='d'><circuit deck='net.cir'/><data format='csv' path='data.csv' "
             "targets='t'/><encoding target-normalize='range' target-scale='0.5'/><cost %s/>"
             "<estimator type='symmetric' beta='1e-6'/><optimizer type='sgd' rate='%g'/>"
             "<minibatch size='4'/></experiment>",
             costs[_i].xml, rate);
    eq_experiment *x = experiment_of(text);
    eq_trainer *t = trainer_of(x);
    eq_trainer_score score;
    ck_assert_int_eq(eq_trainer_step(t, &score, NULL), EQ_OK);
    double g1 = 1e-3, g2 = 1.0 / 3e3, sum = g1 + g2, loss = 0, error = 0, d1 = 0, d2 = 0;
    for (int j = 0; j < ROWS; j++) {
        double y = row_x[j] * g1 / sum, d = y - k * (row_t[j] - 12);
        loss += costs[_i].value(d) / ROWS;
        error += (d / k) * (d / k) / ROWS;
        d1 += costs[_i].slope(d) * row_x[j] * g2 / (sum * sum) / ROWS;
        d2 -= costs[_i].slope(d) * row_x[j] * g1 / (sum * sum) / ROWS;
    }
    ck_assert_double_eq_tol(score.loss, loss, 1e-12 * loss);
    ck_assert_double_eq_tol(score.rmse, sqrt(error), 1e-9);
    ck_assert_double_eq_tol(score.r2, 1.0 - error * ROWS / 10.0, 1e-9); /* sum (t - 12)^2 = 10 */
    ck_assert(isnan(score.error));
    eq_circuit *c = eq_trainer_circuit(t);
    double was[2] = {g1, g2}, slope[2] = {d1, d2};
    for (int j = 0; j < 2; j++) {
        eq_handle h;
        ck_assert_int_eq(eq_handle_find(c, j == 0 ? "r1" : "r2", &h, NULL), EQ_OK);
        double step = eq_handle_get(c, h) - was[j]; /* S */
        ck_assert_double_eq_tol(step, -rate * slope[j], 1e-5 * fabs(rate * slope[j]));
    }
    eq_trainer_free(t);
    eq_experiment_free(x);
}
END_TEST

/* Every estimator on every cost with targets, outputs in pairs and single, against the adjoint, and
 * that against central differences. */
START_TEST(gradients_of_targets) {
    static const char *const cost[] = {"squared-difference", "squared-error", "absolute-error",
                                       "huber", "huber"};
    bool pair = _i == 0 || _i == 4;
    char text[1024];
    put("data.csv", "a,t,b,u\n1,0.1,0.3,0.9\n-0.7,0.2,1.1,0.4\n0.6,-0.7,-1.2,0.31\n");
    snprintf(text, sizeof text,
             "<experiment name='g' seed='5'><architecture kind='kendall' layers='4,3,%d' "
             "outputs='%s'/><data format='csv' path='data.csv' targets='t u'/>"
             "<encoding invert='yes' target-scale='0.4'/><cost type='%s' threshold='0.12'/>"
             "<estimator type='symmetric' beta='1e-7'/><optimizer type='sgd' rate='0'>"
             "<group match='*' init='uniform' low='1e-6' high='1e-4'/></optimizer></experiment>",
             pair ? 4 : 2, pair ? "differential" : "single", cost[_i]);
    eq_experiment *x = experiment_of(text);
    eq_gradcheck_report report;
    ck_assert_int_eq(eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 3, &report, NULL), EQ_OK);
    const char *why = report.why;
    for (size_t k = 0; k < report.rows; k++)
        if (report.row[k].why != NULL) why = report.row[k].why;
    ck_assert_msg(report.passed, "%s: %s", cost[_i], why == NULL ? "?" : why);
    ck_assert(report.own_error < 1e-3);
    eq_gradcheck_free(&report);
    eq_experiment_free(x);
}
END_TEST

/* Nudged by the energy of Huber's cost the outputs rest where their conductances' currents and beta times
 * its slope add up to 0, however small the conductances are beside beta. */
START_TEST(a_bent_cost_finds_its_nudged_state) {
    enum { N = 4 };
    static const double beta[] = {1e-5, 3e-3, 1e-1, 10.0}, threshold[] = {0.3, 1e-2, 1e-5};
    double x[N] = {1.0, 2.0, -1.5, 0.1}, y0[2 * N], y[2 * N];
    double t[2 * N] = {0.1, 0.4, 0.5, -0.3, 0.2, 0.2, 0.01, 1.0};
    eq_circuit *c = deck("h\nVx x 0 0\nRt1 x y 1k\nRt2 y 0 1k\nRt3 y z 2k\nRt4 z 0 500\n"
                         "*% input Vx\n*% output y z\n*% train Rt* gmin=1e-9 gmax=1\n.op\n.end\n");
    eq_network *n = NULL;
    eq_phases *p = eq_phases_new(N, 2);
    eq_goal goal[N];
    for (size_t j = 0; j < N; j++) goal[j] = (eq_goal){0, t + 2 * j};
    ck_assert_int_eq(eq_network_new(c, &n, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_start(n, &(eq_engine_options){EQ_ENGINE_SPARSE, N, 1}, NULL),
                     EQ_OK);
    ck_assert_int_eq(eq_network_free_phase(n, N, x, y0, NULL), EQ_OK);
    for (size_t k = 0; k < 12; k++) {
        double b = beta[k % 4], most = threshold[k / 4];
        eq_cost cost = {.kind = eq_cost_find("huber"), .threshold = most};
        eq_estimator est = {.kind = eq_estimator_find("one-sided"), .nudging = EQ_NUDGE_ENERGY};
        ck_assert_msg(eq_phases_nudge(p, n, 1, &cost, &est, b, N, y0, goal, y, NULL) == EQ_OK,
                      "beta %g, threshold %g", b, most);
        for (size_t j = 0; j < N; j++) {
            double u = y[2 * j], v = y[2 * j + 1];
            double at_u = 1e-3 * (u - x[j]) + 1e-3 * u + 5e-4 * (u - v),
                   at_v = 5e-4 * (v - u) + 2e-3 * v;
            at_u += b * fmin(fmax(u - t[2 * j], -most), most);
            at_v += b * fmin(fmax(v - t[2 * j + 1], -most), most);
            ck_assert_msg(fabs(at_u) + fabs(at_v) <= 1e-8 * (b * most + 1e-3),
                          "beta %g, threshold %g: %g and %g A are left", b, most, at_u, at_v);
        }
    }
    eq_phases_free(p);
    eq_network_free(n);
    eq_circuit_free(c);
}
END_TEST

/* Trains all epochs; the held-out score. */
static eq_trainer_score learn(const eq_experiment *x) {
    eq_trainer *t = trainer_of(x);
    eq_trainer_score score = {0};
    for (size_t k = 0; k < x->epochs; k++) ck_assert_int_eq(eq_trainer_epoch(t, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_trainer_evaluate(t, &score, NULL), EQ_OK);
    eq_trainer_free(t);
    return score;
}

START_TEST(a_sine_is_learned) {
    for (uint64_t seed = 1; seed <= 3; seed++) {
        eq_experiment *x = NULL;
        ck_assert_int_eq(eq_experiment_read("netlists/sine.xml", &x, NULL), EQ_OK);
        x->seed = seed;
        eq_trainer_score score = learn(x);
        ck_assert_uint_eq(score.examples, 40);
        ck_assert_msg(score.rmse < 0.02 && score.r2 > 0.999, "seed %d: RMSE %g, R^2 %g", (int)seed,
                      score.rmse, score.r2);
        eq_experiment_free(x);
    }
}
END_TEST

static double normal(eq_random *r) { /* the sum of twelve: deviation 1 */
    double sum = -6.0;
    for (int k = 0; k < 12; k++) sum += eq_random_uniform(r);
    return sum;
}

/* Ten features of different units, a progression from 25 to 350 that they give with noise: the noise
 * leaves R^2 = 0.9. */
START_TEST(progression_of_a_disease_is_learned) {
    eq_random r = eq_random_seed(11);
    eq_text csv = {0};
    eq_text_puts(&csv, "age,sex,bmi,bp,s1,s2,s3,s4,s5,s6,progression\n");
    for (int k = 0; k < 442; k++) {
        double f[10], t = 150.0;
        static const double mean[10] = {48, 1.5, 26, 95, 189, 115, 50, 4, 4.6, 91},
                            scale[10] = {13, 0.5, 4.4, 14, 35, 30, 13, 1.3, 0.5, 11},
                            weight[10] = {0, -12, 28, 18, -9, 5, 0, 6, 30, 3};
        for (int j = 0; j < 10; j++) {
            f[j] = j == 1 ? (eq_random_uniform(&r) < 0.5 ? -1.0 : 1.0) : normal(&r);
            t += weight[j] * f[j];
            eq_text_printf(&csv, "%g,", mean[j] + scale[j] * f[j]);
        }
        t += 12.0 * f[2] * f[2] + 17.0 * normal(&r);
        eq_text_printf(&csv, "%g\n", t);
    }
    put("d.csv", csv.text);
    eq_text_free(&csv);
    eq_experiment *x = experiment_of(
        "<experiment name='d' seed='2'><architecture kind='kendall' layers='20,16,2'/>"
        "<data format='csv' path='d.csv' targets='progression' test-fraction='0.2'/>"
        "<encoding normalize='standard' scale='1' invert='yes' target-normalize='standard' "
        "target-scale='0.1'/><cost type='squared-difference'/>"
        "<estimator type='symmetric' beta='1e-6'/><optimizer type='adam' rate='2e-7'>"
        "<group match='*' init='uniform' low='1e-7' high='1e-5'/></optimizer>"
        "<schedule type='cosine'/><minibatch size='8'/><epochs count='60'/></experiment>");
    eq_trainer_score score = learn(x);
    ck_assert_uint_eq(score.examples, 88);
    ck_assert_msg(score.r2 > 0.8 && score.rmse < 30.0, "R^2 %g, RMSE %g", score.r2, score.rmse);
    eq_experiment_free(x);
}
END_TEST

/* What a network with drawn conductances gives, another one of its kind learns. */
START_TEST(a_student_learns_from_a_teacher) {
    static const char net[] =
        "<experiment name='t' seed='%d'><architecture kind='kendall' layers='4,6,2'/>"
        "<data format='csv' path='t.csv' targets='t' test-fraction='0.25'/>"
        "<encoding invert='yes'/><cost type='squared-difference'/>"
        "<estimator type='symmetric' beta='1e-6'/><optimizer type='adam' rate='2e-6'>"
        "<group match='*' init='uniform' low='1e-7' high='1e-5'/></optimizer>"
        "<schedule type='cosine'/><minibatch size='8'/><epochs count='150'/></experiment>";
    enum { POINTS = 160 };
    char text[1024];
    double in_volt[POINTS][2];
    eq_random r = eq_random_seed(3);
    eq_text csv = {0}, known = {0};
    for (int k = 0; k < POINTS; k++) {
        for (int j = 0; j < 2; j++) in_volt[k][j] = 4.0 * eq_random_uniform(&r) - 2.0;
        eq_text_printf(&csv, "%.17g,%.17g,0\n", in_volt[k][0], in_volt[k][1]);
    }
    eq_text whole = {0};
    eq_text_printf(&whole, "a,b,t\n%s", csv.text);
    put("t.csv", whole.text);
    snprintf(text, sizeof text, net, 77);
    eq_experiment *x = experiment_of(text);
    eq_trainer *teacher = trainer_of(x);
    eq_text_puts(&known, "a,b,t\n");
    uint32_t all[POINTS];
    for (uint32_t k = 0; k < POINTS; k++) all[k] = k;
    for (int k = 0; k < POINTS; k++) {
        ck_assert_int_eq(eq_session_free_phase(&teacher->s, teacher->s.set.train, all + k, 1, NULL),
                         EQ_OK);
        eq_text_printf(&known, "%.17g,%.17g,%.17g\n", in_volt[k][0], in_volt[k][1],
                       teacher->s.y[0]);
    }
    eq_trainer_free(teacher);
    eq_experiment_free(x);
    put("t.csv", known.text);
    snprintf(text, sizeof text, net, 1);
    x = experiment_of(text);
    eq_trainer_score score = learn(x);
    ck_assert_msg(score.r2 > 0.99, "R^2 %g, RMSE %g V", score.r2, score.rmse);
    eq_experiment_free(x);
    eq_text_free(&csv);
    eq_text_free(&whole);
    eq_text_free(&known);
}
END_TEST

/* Six features with two degrees of freedom, through three neurons. */
START_TEST(an_autoencoder_gives_its_inputs_again) {
    eq_random r = eq_random_seed(9);
    eq_text csv = {0};
    for (int k = 0; k < 200; k++) {
        double u = 2 * eq_random_uniform(&r) - 1, v = 2 * eq_random_uniform(&r) - 1;
        eq_text_printf(&csv, "%g,%g,%g,%g,%g,%g\n", u, v, 0.5 * u + 0.5 * v, 0.7 * u - 0.3 * v, -u,
                       0.4 * v - 0.6 * u);
    }
    put("a.csv", csv.text);
    eq_text_free(&csv);
    eq_experiment *x = experiment_of(
        "<experiment name='a' seed='1'><architecture kind='kendall' layers='12,3,12'/>"
        "<data format='csv' path='a.csv' targets='inputs' test-fraction='0.2'/>"
        "<encoding scale='0.5' invert='yes' target-scale='0.05'/><cost type='squared-difference'/>"
        "<estimator type='symmetric' beta='1e-6'/><optimizer type='adam' rate='1e-6'>"
        "<group match='*' init='uniform' low='1e-7' high='1e-5'/></optimizer>"
        "<schedule type='cosine'/><minibatch size='8'/><epochs count='60'/></experiment>");
    eq_trainer_score score = learn(x);
    ck_assert_msg(score.r2 > 0.95, "R^2 %g", score.r2);
    eq_experiment_free(x);
}
END_TEST

/* The program's words: figures of each target, columns of metrics.csv, a file of its own. */
START_TEST(train_and_eval_print_the_figures) {
    char *text;
    const char *folder = scratch_current();
    expect_exit(0, &text, "train netlists/sine.xml -o %s/run --epochs 3", folder);
    ck_assert_ptr_nonnull(strstr(text, "40 held-out examples: RMSE "));
    free(text);
    text = file_text(in("run/metrics.csv"));
    static const char head[] = "epoch,train_loss,train_rmse,train_r2,test_loss,test_rmse,test_r2,"
                               "examples_per_s,seconds\n1,";
    ck_assert_msg(strncmp(text, head, strlen(head)) == 0, "%s", text);
    eq_free(text);
    text = file_text(in("run/curves.svg"));
    ck_assert_ptr_nonnull(strstr(text, "root mean square error"));
    eq_free(text);
    expect_exit(0, &text, "eval %s/run", folder);
    ck_assert_ptr_nonnull(strstr(text, "examples 40  loss "));
    ck_assert_ptr_nonnull(strstr(text, "\ny       "));
    free(text);
    put("own.csv", "x,y\n0,0\n1,0.84\n");
    expect_exit(0, &text, "eval %s/run --data %s/own.csv", folder, folder);
    ck_assert_ptr_nonnull(strstr(text, "examples 2  loss "));
    free(text);
    put("two.csv", "x,z\n0,0\n");
    expect_exit(2, &text, "eval %s/run --data %s/two.csv", folder, folder);
    ck_assert_ptr_nonnull(strstr(text, "no column is called 'y'"));
    ck_assert_msg(strstr(strstr(text, "error: ") + 1, "error: ") == NULL, "said twice:\n%s", text);
    free(text);
}
END_TEST

/* Predictions stand in the units of the data: the targets are those of the file, and their root
 * mean square error is the one that is printed. */
START_TEST(predictions_of_targets) {
    static const double y[] = {3, -1.5, 7, 0.25};
    char *text, *line;
    double printed, square = 0.0;
    put("data.csv", "a,b,t\n1,2,3\n5,6,-1.5\n8,9,7\n0.5,-1,0.25\n");
    put("x.xml", "<experiment name='x'><architecture kind='kendall' layers='2,3,2'/><data "
                 "format='csv' path='data.csv' test-path='data.csv' targets='t'/>"
                 "<encoding target-normalize='range' target-scale='0.1'/>"
                 "<optimizer type='sgd' rate='0'/><epochs count='1'/></experiment>");
    expect_exit(0, NULL, "train %s/x.xml -o %s/run", scratch_current(), scratch_current());
    expect_exit(0, &text, "eval %s/run --json --predictions %s/p.csv", scratch_current(),
                scratch_current());
    ck_assert_ptr_nonnull(strstr(text, "\"rmse\": "));
    printed = strtod(strstr(text, "\"rmse\": ") + 8, NULL);
    free(text);
    line = text = file_text(in("p.csv"));
    for (int k = 0; k < 4; k++) {
        int example;
        double is, said;
        line = strchr(line, '\n') + 1;
        ck_assert_int_eq(sscanf(line, "%d,%lf,%lf,", &example, &is, &said), 3);
        ck_assert_int_eq(example, k);
        ck_assert_double_eq_tol(is, y[k], 1e-12);
        square += (said - is) * (said - is) / 4.0;
    }
    ck_assert_msg(square > 0.0 && fabs(sqrt(square) - printed) <= 1e-6 * printed, "%g, %g",
                  sqrt(square), printed);
    eq_free(text);
}
END_TEST

/* Of several targets: what is true, what is predicted, the outputs and all potentials stand behind each
 * other. Three dividers of one source, each in a scale of its own. */
START_TEST(columns_of_several_targets) {
    static const double part[] = {0.75, 0.5, 0.2}, x[] = {1.0, -2.0, 3.0};
    char *text, *line;
    put("three.cir",
        "dividers\nVx x 0 0\nR1 x p 1k\nR2 p 0 3k\nR3 x q 1k\nR4 q 0 1k\nR5 x r 4k\n"
        "R6 r 0 1k\n*% input Vx\n*% output p q r\n*% train R? gmin=1e-6 gmax=1\n.end\n");
    put("data.csv", "x,t,u,w\n1,10,20,30\n-2,11,22,33\n3,12,24,36\n");
    put("x.xml",
        "<experiment name='x'><circuit deck='three.cir'/><data format='csv' path='data.csv' "
        "test-path='data.csv' targets='t u w'/><encoding target-scale='0.5'/>"
        "<cost type='squared-error'/><optimizer type='sgd' rate='0'/><epochs count='0'/>"
        "</experiment>");
    expect_exit(0, NULL, "train %s/x.xml -o %s/run", scratch_current(), scratch_current());
    expect_exit(0, NULL, "eval %s/run --predictions %s/p.csv --potentials", scratch_current(),
                scratch_current());
    line = text = file_text(in("p.csv"));
    for (int j = 0; j < 3; j++) {
        line = strchr(line, '\n') + 1;
        double value[14], want[14] = {j};
        for (int k = 0; k < 3; k++) {
            want[1 + k] = (10.0 + j) * (k + 1);
            want[4 + k] = part[k] * x[j] / 0.5;
            want[7 + k] = want[11 + k] = part[k] * x[j];
        }
        want[10] = x[j]; /* node x, then p, q, r */
        char *at = line;
        for (int k = 0; k < 14; k++, at++) {
            value[k] = strtod(at, &at);
            ck_assert_msg(fabs(value[k] - want[k]) < 1e-9, "%d %d %g %g %s", j, k, value[k],
                          want[k], text);
        }
        ck_assert_int_eq(at[-1], '\n');
    }
    eq_free(text);
}
END_TEST

/* Data and experiment of another kind than those of the training are refused by eval, not read past
 * their ends. */
START_TEST(data_of_another_kind_are_refused_later) {
    static const struct {
        const char *file, *from, *to; /* of the run's experiment: one word for another */
    } changed[] = {{"data.csv", NULL, "a,b,c,t\n1,2,3,4\n5,6,7,8\n"},
                   {"run/experiment.xml", " targets=\"t\"", " label=\"b\""},
                   {"run/experiment.xml", " targets=\"t\"", " targets=\"inputs\""}};
    for (size_t k = 0; k < sizeof changed / sizeof *changed; k++) {
        char *text;
        put("data.csv", "a,b,t\n1,2,3\n5,6,7\n8,9,1\n");
        put("x.xml", "<experiment name='x'><architecture kind='kendall' layers='2,3,2'/><data "
                     "format='csv' path='data.csv' targets='t' test-fraction='0.4'/><optimizer "
                     "type='sgd' rate='0'/><epochs count='1'/></experiment>");
        expect_exit(0, NULL, "train %s/x.xml -o %s/run --force", scratch_current(),
                    scratch_current());
        if (changed[k].from == NULL) {
            put(changed[k].file, changed[k].to);
        } else {
            text = file_text(in(changed[k].file));
            char *at = strstr(text, changed[k].from);
            eq_text out = {0};
            ck_assert_ptr_nonnull(at);
            eq_text_add(&out, text, (size_t)(at - text));
            eq_text_printf(&out, "%s%s", changed[k].to, at + strlen(changed[k].from));
            put(changed[k].file, out.text);
            eq_text_free(&out);
            eq_free(text);
        }
        expect_exit(2, &text, "eval %s/run", scratch_current());
        ck_assert_msg(strstr(text, "the network was trained with 2 features and 1 targets") != NULL,
                      "%s", text);
        free(text);
    }
}
END_TEST

/* Evaluated under another scale of the targets the same outputs stand for other numbers: half of
 * what they stood for when the scale is doubled, so that a sine is off by half of itself. */
START_TEST(another_scale_of_targets) {
    char *text;
    double rmse[2];
    expect_exit(0, NULL, "train netlists/sine.xml -o %s/run --epochs 60", scratch_current());
    for (int k = 0; k < 2; k++) {
        expect_exit(0, &text, "eval %s/run --json --set encoding.target-scale=%s",
                    scratch_current(), k == 0 ? "0.3" : "0.6");
        ck_assert_ptr_nonnull(strstr(text, "\"epoch\": 60,"));
        const char *at = strstr(text, "\"rmse\": ");
        ck_assert_ptr_nonnull(at);
        rmse[k] = strtod(at + strlen("\"rmse\": "), NULL);
        free(text);
    }
    ck_assert_msg(rmse[0] < 0.05 && fabs(rmse[1] - 0.35) < 0.05, "%g, %g", rmse[0], rmse[1]);
}
END_TEST

/* What does not go together is said before anything is trained. */
START_TEST(what_does_not_fit_is_refused) {
    static const struct {
        const char *layers, *data, *cost, *message;
    } bad[] = {
        {"2,3,4", "path='a.csv' targets='t'", "squared-difference",
         "the circuit has 2 outputs, the data 1 target"},
        {"2,3,2", "path='a.csv' targets='t'", "cross-entropy",
         "the cost cross-entropy is one of classes, the data have targets"},
        {"2,3,2", "path='a.csv' targets='t' test-path='b.csv'", "squared-difference",
         "no column is called 't'"},
    };
    put("a.csv", "a,b,t\n1,2,3\n4,5,6\n");
    put("b.csv", "a,b,u\n1,2,3\n4,5,6\n");
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "<experiment name='b'><architecture kind='kendall' layers='%s'/><data "
                 "format='csv' %s/><cost type='%s'/><optimizer type='sgd' rate='1'/></experiment>",
                 bad[k].layers, bad[k].data, bad[k].cost);
        eq_experiment *x = experiment_of(text);
        eq_trainer *t = NULL;
        eq_diag *diag = eq_diag_new();
        ck_assert_int_eq(eq_trainer_new(x, NULL, &t, diag), EQ_ERR_INPUT);
        says(diag, bad[k].message);
        eq_experiment_free(x);
    }
}
END_TEST

Suite *regression_suite(void) {
    Suite *s = suite_create("regression");
    TCase *t = tcase_create("regression");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, columns_of_a_csv_file);
    tcase_add_test(t, columns_that_are_refused);
    tcase_add_test(t, arrays_of_targets);
    tcase_add_loop_test(t, figures_and_step_of_a_divider, 0, 3);
    tcase_add_loop_test(t, gradients_of_targets, 0, 5);
    tcase_add_test(t, a_bent_cost_finds_its_nudged_state);
    tcase_add_test(t, a_sine_is_learned);
    tcase_add_test(t, progression_of_a_disease_is_learned);
    tcase_add_test(t, a_student_learns_from_a_teacher);
    tcase_add_test(t, an_autoencoder_gives_its_inputs_again);
    tcase_add_test(t, train_and_eval_print_the_figures);
    tcase_add_test(t, predictions_of_targets);
    tcase_add_test(t, columns_of_several_targets);
    tcase_add_test(t, what_does_not_fit_is_refused);
    tcase_add_test(t, another_scale_of_targets);
    tcase_add_test(t, data_of_another_kind_are_refused_later);
    suite_add_tcase(s, t);
    return s;
}
