/* How groups and layers fare (diagnosis.csv), against steps of the trainer and states of the
 * solver. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "circuit/circuit.h"
#include "support/program.h"
#include "train/train.h"

Suite *diagnosis_suite(void);

/* Rw1, Rw2 lead into layer 1 (h, with a diode), Rv1, Rv2 from there into layer 2 (o, q). */
#define NETWORK                                                                                    \
    "a title\nVx x 0 0\nVy y 0 0\nRw1 x h 1k\nRw2 y h 3k\nRv1 h o 2k\nRv2 h q 1k\nRo o 0 10k\n"    \
    "Rq q 0 5k\nD1 h 0 dm\n.model dm D is=1e-5 n=1\n*% input Vx Vy\n*% output o q\n"               \
    "*% train Rw? gmin=1e-6 gmax=1e-2\n*% train Rv? gmin=1e-6 gmax=1e-2\n"
static const char deck[] = NETWORK ".end\n";
/* With Rdead between two inputs. */
static const char dead_deck[] = NETWORK "Rdead x y 1k\n*% train Rdead gmin=1e-6 gmax=1e-2\n.end\n";
static const char rows[] = "u,v,kind\n1,0.3,a\n0.7,0.11,b\n0.9,-1.3,a\n0.2,0.5,b\n0.1,0.1,b\n";

static void put_experiment(int batch, const char *rate, const char *group) {
    eq_text t = {0};
    eq_text_printf(&t,
                   "<experiment name='d' seed='3'><circuit deck='net.cir'/>"
                   "<data format='csv' path='train.csv' test-path='train.csv' label='kind'/>"
                   "<cost type='squared-error' high='1'/><estimator type='symmetric' beta='1e-6'/>"
                   "<optimizer type='sgd' rate='%s'>%s</optimizer>"
                   "<minibatch size='%d'/><epochs count='1'/></experiment>",
                   rate, group, batch);
    put("net.xml", t.text);
    eq_text_free(&t);
}

static void setup(void) {
    scratch_make();
    put("net.cir", deck);
    put("train.csv", rows);
}

enum { MOST = 8 };

typedef struct seen {
    eq_diagnosis row[MOST];
    size_t rows, epochs;
} seen;

static void keep(void *data, size_t epoch, const eq_diagnosis *row, size_t n) {
    seen *s = data;
    ck_assert_uint_le(n, MOST);
    memcpy(s->row, row, n * sizeof *row);
    s->rows = n;
    s->epochs = epoch;
}

static eq_experiment *read(void) {
    eq_experiment *x = NULL;
    ck_assert_int_eq(eq_experiment_read(in("net.xml"), &x, NULL), EQ_OK);
    return x;
}

/* Rows of the last of the epochs; names are gone then. */
static seen train(eq_engine_kind kind, const char *folder, size_t epochs, bool resume,
                  eq_diag *diag) {
    seen s = {.rows = 0};
    eq_experiment *x = read();
    eq_train_options o = eq_train_defaults();
    o.engine = kind;
    o.diagnosis = keep;
    o.data = &s;
    o.folder = folder;
    o.resume = resume;
    x->epochs = epochs;
    ck_assert_int_eq(eq_train(x, &o, NULL, NULL, diag), EQ_OK);
    eq_experiment_free(x);
    return s;
}

static void near(double a, double b, double relative) {
    ck_assert_msg(fabs(a - b) <= relative * fmax(fabs(a), fabs(b)), "%.12g is not %.12g", a, b);
}

enum { TRAINED = 4 };
static const char *const trained[TRAINED] = {"rw1(g)", "rw2(g)", "rv1(g)", "rv2(g)"};

static void take(eq_trainer *t, double *g) {
    eq_circuit *c = eq_trainer_circuit(t);
    for (int k = 0; k < TRAINED; k++) {
        eq_handle h;
        ck_assert_int_eq(eq_handle_find(c, trained[k], &h, NULL), EQ_OK);
        g[k] = eq_handle_get(c, h);
    }
}

/* The gradient of a minibatch is what SGD moves a parameter by, over the rate. */
START_TEST(gradients_are_what_steps_show) {
    static const eq_engine_kind kinds[] = {EQ_ENGINE_LAYERED, EQ_ENGINE_SPARSE};
    enum { K = 5 };
    const double rate = 1e-7;
    put_experiment(1, "1e-7", "");
    eq_experiment *x = read();
    eq_trainer *t = NULL;
    double g[K + 1][TRAINED], gradient[K][TRAINED];
    ck_assert_int_eq(eq_trainer_new(x, NULL, &t, NULL), EQ_OK);
    take(t, g[0]);
    for (int k = 0; k < K; k++) {
        ck_assert_int_eq(eq_trainer_step(t, NULL, NULL), EQ_OK);
        take(t, g[k + 1]);
        for (int j = 0; j < TRAINED; j++) gradient[k][j] = (g[k][j] - g[k + 1][j]) / rate;
    }
    eq_trainer_free(t);
    eq_experiment_free(x);
    for (int e = 0; e < 2; e++) {
        seen s = train(kinds[e], NULL, 1, false, NULL);
        ck_assert_uint_eq(s.rows, 4); /* two groups, two layers */
        for (int group = 0; group < 2; group++) {
            int from = 2 * group, to = from + 2;
            double square = 0.0, mean2 = 0.0, variance = 0.0, change = 0.0, size = 0.0;
            for (int j = from; j < to; j++) {
                double mean = 0.0;
                for (int k = 0; k < K; k++) mean += gradient[k][j] / K;
                for (int k = 0; k < K; k++) {
                    square += gradient[k][j] * gradient[k][j] / K;
                    variance += (gradient[k][j] - mean) * (gradient[k][j] - mean) / (K - 1);
                }
                mean2 += mean * mean;
                change += (g[K][j] - g[0][j]) * (g[K][j] - g[0][j]);
                size += g[K][j] * g[K][j];
            }
            const eq_diagnosis *r = &s.row[group];
            near(r->gradient, sqrt(square), 1e-6);
            near(r->snr, sqrt(fmax(mean2 - variance / K, 0.0) / variance), 1e-5);
            near(r->moved, sqrt(change / size), 1e-6);
            ck_assert(isnan(r->v) && isnan(r->saturated));
        }
    }
}
END_TEST

/* With one minibatch of all examples: mean |v| and saturation at the parameters as they begin. */
START_TEST(layers_are_what_the_solver_has) {
    static const eq_engine_kind kinds[] = {EQ_ENGINE_LAYERED, EQ_ENGINE_SPARSE};
    static const double in_volts[5][2] = {
        {1, 0.3}, {0.7, 0.11}, {0.9, -1.3}, {0.2, 0.5}, {0.1, 0.1}};
    put_experiment(5, "1e-7", "");
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    double v[8] = {0}, mean[3] = {0}, saturated = 0.0, vt = 8.617333262e-5 * 300.15;
    ck_assert_int_eq(eq_circuit_read(in("net.cir"), &c, NULL), EQ_OK);
    ck_assert_uint_le(eq_circuit_nodes(c), 8);
    eq_node h = eq_circuit_find_node(c, "h"), o = eq_circuit_find_node(c, "o"),
            q = eq_circuit_find_node(c, "q");
    for (int k = 0; k < 5; k++) {
        for (size_t i = 0; i < 2; i++) *eq_circuit_source(c, c->input[i]) = in_volts[k][i];
        ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
        ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK);
        eq_solver_free(s);
        mean[0] += (fabs(in_volts[k][0]) + fabs(in_volts[k][1])) / 10.0;
        mean[1] += fabs(v[h]) / 5.0;
        mean[2] += (fabs(v[o]) + fabs(v[q])) / 10.0;
        /* 1e-5 A/Vt exp(v/Vt) against 1/1k + 1/3k + 1/2k + 1/1k. */
        saturated += (1e-5 / vt * exp(v[h] / vt) > 2.5e-3 + 1e-3 / 3.0) / 5.0;
    }
    eq_circuit_free(c);
    ck_assert_msg(saturated > 0.1 && saturated < 0.9, "%g", saturated);
    for (int e = 0; e < 2; e++) {
        seen is = train(kinds[e], NULL, 1, false, NULL);
        near(is.row[2].v, mean[1], 1e-7);
        near(is.row[3].v, mean[2], 1e-7);
        near(is.row[2].ratio, mean[1] / mean[0], 1e-7);
        near(is.row[3].ratio, mean[2] / mean[1], 1e-7);
        near(is.row[2].saturated, saturated, 1e-12);
        ck_assert(isnan(is.row[3].saturated) && isnan(is.row[2].gradient));
    }
}
END_TEST

/* Rates that throw every conductance of a group against a bound. */
START_TEST(shares_at_the_bounds) {
    put_experiment(1, "1", "");
    seen s = train(EQ_ENGINE_SPARSE, in("run"), 1, false, NULL);
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_circuit_read(in("run/model.cir"), &c, NULL), EQ_OK);
    double low = 0.0, high = 0.0;
    for (int k = 0; k < 2; k++) {
        eq_handle h;
        ck_assert_int_eq(eq_handle_find(c, trained[k], &h, NULL), EQ_OK);
        low += eq_handle_get(c, h) < 1.0001e-6;
        high += eq_handle_get(c, h) > 0.9999e-2;
    }
    ck_assert(low + high == 2.0);
    ck_assert(s.row[0].at_min == low / 2.0 && s.row[0].at_max == high / 2.0);
    eq_circuit_free(c);
}
END_TEST

static size_t warnings(const eq_diag *diag, const char *words) {
    size_t n = 0;
    for (size_t k = 0; k < eq_diag_count(diag); k++)
        n += strstr(eq_diag_get(diag, k)->text, words) != NULL;
    return n;
}

/* A group that acts on nothing is named once, one that is not to learn is not. */
START_TEST(what_does_not_learn_is_named) {
    eq_diag *diag = eq_diag_new();
    put("net.cir", dead_deck);
    put_experiment(1, "1e-7", "");
    train(EQ_ENGINE_SPARSE, NULL, 3, false, diag);
    ck_assert_uint_eq(warnings(diag, "the group 'rdead' of layer 0 does not learn: its gradient"),
                      1);
    ck_assert_uint_eq(warnings(diag, "does not learn"), 1);
    eq_diag_clear(diag);
    put_experiment(1, "1e-7", "<group match='rdead' rate='0'/>");
    train(EQ_ENGINE_SPARSE, NULL, 2, false, diag);
    ck_assert_uint_eq(warnings(diag, "does not learn"), 0);
    eq_diag_clear(diag);
    put_experiment(1, "1e-20", "<group match='rdead' rate='0'/>");
    train(EQ_ENGINE_SPARSE, NULL, 2, false, diag);
    ck_assert_uint_eq(warnings(diag, "moves by less than a millionth"), 2);
    eq_diag_clear(diag);
    put_experiment(1, "10", "<group match='rdead' rate='0'/>");
    train(EQ_ENGINE_SPARSE, NULL, 4, false, diag);
    ck_assert_uint_eq(warnings(diag, "'rw?' of layer 1 does not learn: all its parameters"), 1);
    eq_diag_free(diag);
}
END_TEST

/* A deep Hopfield network whose rate drives all outputs to their bounds in the first epoch. */
START_TEST(a_gradient_that_is_gone_is_told) {
    char *text;
    expect_exit(0, &text,
                "train netlists/hopfield-digits.xml --set network.layers=64,100,100,10 --set "
                "optimizer.rate=3 --epochs 3 -o %s",
                in("run"));
    ck_assert_msg(
        strstr(text, "the group 'w1' does not learn: its gradient was there and is gone") != NULL,
        "%s", text);
    free(text);
}
END_TEST

/* The file has a line for each part and epoch, whether the run went on or not. */
START_TEST(a_resumed_run_keeps_its_lines) {
    put_experiment(2, "1e-7", "");
    char *folder = strdup(in("whole")), *halves = strdup(in("halves"));
    train(EQ_ENGINE_AUTO, folder, 4, false, NULL);
    train(EQ_ENGINE_AUTO, halves, 2, false, NULL);
    train(EQ_ENGINE_AUTO, halves, 4, true, NULL);
    char *a = file_text(in("whole/diagnosis.csv")), *b = file_text(in("halves/diagnosis.csv"));
    ck_assert_str_eq(a, b);
    size_t lines = 0;
    for (char *p = a; *p != '\0'; p++) lines += *p == '\n';
    ck_assert_uint_eq(lines, 1 + 4 * 4);
    ck_assert_int_eq(
        strncmp(a, "epoch,part,name,at_min,at_max,gradient,snr,moved,v,v_ratio,saturated\n1,group,",
                strlen("epoch,part,name,at_min,at_max,gradient,snr,moved,v,v_ratio,saturated\n") +
                    8),
        0);
    eq_free(a);
    eq_free(b);
    /* A file that is none of ours begins anew. */
    ck_assert_int_eq(eq_file_write(in("halves/diagnosis.csv"), "nothing of ours\n", 16, NULL),
                     EQ_OK);
    train(EQ_ENGINE_AUTO, halves, 5, true, NULL);
    b = file_text(in("halves/diagnosis.csv"));
    ck_assert(strstr(b, "\n5,group,rw?,") != NULL && strstr(b, "nothing") == NULL);
    eq_free(b);
    free(folder);
    free(halves);
}
END_TEST

/* Lines of epochs behind the checkpoint are those of a run that was killed: they go, whichever of
 * the lines before them the file has. */
START_TEST(lines_behind_the_checkpoint_go) {
    static const char head[] =
        "epoch,part,name,at_min,at_max,gradient,snr,moved,v,v_ratio,saturated\n";
    static const char *const kept[] = {"", "1,group,a\n", "1,group,a\n2,layer,1\n"};
    static const char *const gone[] = {"", "100,group,b\n", "50,group,b\n100,layer,2\n", "90,gro"};
    char *folder = strdup(in("run")), text[256], *is;
    put_experiment(2, "1e-7", "");
    train(EQ_ENGINE_AUTO, folder, 2, false, NULL);
    for (int k = 0; k < 3; k++)
        for (int j = 0; j < 4; j++) {
            snprintf(text, sizeof text, "%s%s%s", head, kept[k], gone[j]);
            put("run/diagnosis.csv", text);
            put_experiment(2, "1e-7", "");
            train(EQ_ENGINE_AUTO, folder, 3 + (size_t)(4 * k + j), true, NULL);
            snprintf(text, sizeof text, "%s%s", head, kept[k]);
            is = file_text(in("run/diagnosis.csv"));
            ck_assert_msg(strncmp(is, text, strlen(text)) == 0, "%s", is);
            snprintf(text, sizeof text, "%d,group,rw?,", 3 + 4 * k + j);
            ck_assert_msg(strncmp(is + strlen(head) + strlen(kept[k]), text, strlen(text)) == 0,
                          "%s", is);
            eq_free(is);
        }
    free(folder);
}
END_TEST

Suite *diagnosis_suite(void) {
    Suite *s = suite_create("diagnosis");
    TCase *t = tcase_create("diagnosis");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, scratch_drop);
    tcase_add_test(t, gradients_are_what_steps_show);
    tcase_add_test(t, layers_are_what_the_solver_has);
    tcase_add_test(t, shares_at_the_bounds);
    tcase_add_test(t, what_does_not_learn_is_named);
    tcase_add_test(t, a_gradient_that_is_gone_is_told);
    tcase_add_test(t, a_resumed_run_keeps_its_lines);
    tcase_add_test(t, lines_behind_the_checkpoint_go);
    suite_add_tcase(s, t);
    return s;
}
