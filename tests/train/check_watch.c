/* `train --watch-gradient`: the cosine of each epoch is that of the gradient check, nothing else
 * changes, and a resumed training watches the same examples. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "train/checkpoint.h"
#include "train/folder.h"
#include "train/train.h"

Suite *watch_suite(void);

/* A conductance that feeds back through one-way amplifiers: no energy, so that the cosine is not 1. */
static const char biased[] =
    "biased\nVx x 0 0\nVy y 0 0\nRt1 x h 1k\nRt2 y h 2k\nRt3 h 0 4k\nE1 w 0 h 0 2\nRt4 w o 3k\n"
    "Rt5 y o 1k\nRt6 w p 2k\nRt7 x p 5k\nD1 o 0 dm\nD2 p 0 dm\n.model dm D(is=1e-9)\n"
    "*% input Vx Vy\n*% output o p\n*% train rt* gmin=1e-6 gmax=1e-1\n.op\n.end\n";

static const char rows[] = "0.7,-0.3,a\n-0.4,0.9,b\n0.1,0.2,a\n0.5,0.8,b\n-0.6,-0.1,a\n";

static eq_experiment *experiment(const char *data, const char *estimator, double rate) {
    char text[1024];
    snprintf(text, sizeof text,
             "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv'/>"
             "<cost type='squared-error' high='0.5' low='-0.1'/><estimator %s/>"
             "<optimizer type='sgd' rate='%.17g'/><minibatch size='2'/><epochs count='3'/>"
             "</experiment>",
             estimator, rate);
    return experiment_of_files(biased, data, text);
}

static const char *const estimators[] = {
    "type='symmetric' beta='1e-7'", "type='random-sign' beta='1e-7' nudging='energy'",
    "type='one-sided' nudging='clamp' eta='0.5' g-clamp='1e-3'", "type='adjoint'"};

/* At a rate of 0 every epoch sees one circuit, and of two equal rows any is watched: the cosine is
 * the one that gradcheck finds with a solver and an adjoint of its own. */
START_TEST(the_cosine_is_that_of_the_gradient_check) {
    eq_experiment *x = experiment("0.7,-0.3,a\n0.7,-0.3,a\n-0.4,0.9,b\n", estimators[_i], 0.0);
    eq_gradcheck_report r = {0};
    eq_metrics last;
    eq_train_options o = eq_train_defaults();
    o.watch_gradient = true;
    x->data.train_limit = 2;
    ck_assert_int_eq(eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 1, &r, NULL), EQ_OK);
    ck_assert_int_eq(eq_train(x, &o, &last, NULL, NULL), EQ_OK);
    ck_assert_double_eq_tol(last.gradient_cosine, r.own_cosine, 1e-7);
    if (_i == 3)
        ck_assert_double_eq_tol(last.gradient_cosine, 1.0, 1e-12);
    else
        ck_assert(last.gradient_cosine > -1.0 && last.gradient_cosine < 0.999);
    eq_gradcheck_free(&r);
    eq_experiment_free(x);
}
END_TEST

/* Estimates are warned of before they begin, the adjoint is not. */
START_TEST(what_has_no_energy_is_told_to_estimators) {
    eq_experiment *x = experiment(rows, estimators[_i], 1e-9);
    eq_diag *diag = eq_diag_new();
    bool told = false;
    ck_assert_int_eq(eq_train(x, NULL, NULL, NULL, diag), EQ_OK);
    for (size_t k = 0; k < eq_diag_count(diag); k++)
        told = told || strstr(eq_diag_get(diag, k)->text, "no energy weights") != NULL;
    ck_assert(told == (_i < 3));
    eq_diag_free(diag);
    eq_experiment_free(x);
}
END_TEST

/* Where there is no energy the adjoint goes down the loss all the same. */
START_TEST(the_adjoint_learns_without_an_energy) {
    eq_experiment *x = experiment(rows, estimators[3], 2e-4);
    eq_metrics last;
    x->epochs = 1;
    ck_assert_int_eq(eq_train(x, NULL, &last, NULL, NULL), EQ_OK);
    double first = last.train_loss;
    x->epochs = 400;
    ck_assert_int_eq(eq_train(x, NULL, &last, NULL, NULL), EQ_OK);
    ck_assert_msg(last.train_loss < 0.8 * first, "loss %g, then %g", first, last.train_loss);
    eq_experiment_free(x);
}
END_TEST

static void path_to(char path[256], const char *name) {
    snprintf(path, 256, "%s", in(name));
}

static eq_checkpoint trained(const eq_experiment *x, const char *run, eq_engine_kind engine,
                             size_t epochs, bool watch, bool resume) {
    eq_checkpoint p = {0};
    char folder[256], file[300];
    eq_experiment copy = *x;
    eq_train_options o = eq_train_defaults();
    path_to(folder, run);
    copy.epochs = epochs;
    o.folder = folder;
    o.engine = engine;
    o.watch_gradient = watch;
    o.resume = resume;
    ck_assert_int_eq(eq_train(&copy, &o, NULL, NULL, NULL), EQ_OK);
    snprintf(file, sizeof file, "%s/" EQ_TRAIN_CHECKPOINT, folder);
    ck_assert_int_eq(eq_checkpoint_read(file, &p, NULL), EQ_OK);
    return p;
}

static bool has_column(const char *run) {
    char folder[256], file[300];
    path_to(folder, run);
    snprintf(file, sizeof file, "%s/" EQ_TRAIN_METRICS, folder);
    char *text = file_text(file);
    bool has = strstr(text, ",seconds,gradient_cosine\n") != NULL;
    ck_assert(has || strstr(text, ",seconds\n") != NULL);
    eq_free(text);
    return has;
}

/* Watched or not: the same bits of everything else, in both engines; the column is there only when
 * asked for, and stays when a training goes on without. */
START_TEST(watching_changes_nothing_else) {
    static const eq_engine_kind kinds[] = {EQ_ENGINE_LAYERED, EQ_ENGINE_SPARSE};
    eq_experiment *x = NULL;
    ck_assert_int_eq(eq_experiment_read("netlists/iris.xml", &x, NULL), EQ_OK);
    eq_checkpoint plain = trained(x, "plain", kinds[_i], 4, false, false),
                  watched = trained(x, "watched", kinds[_i], 4, true, false);
    ck_assert(!has_column("plain") && has_column("watched"));
    ck_assert_mem_eq(plain.g, watched.g, (size_t)plain.conductances * sizeof *plain.g);
    for (size_t k = 0; k < 4; k++) {
        ck_assert(plain.row[k].train_loss == watched.row[k].train_loss);
        ck_assert(plain.row[k].test_loss == watched.row[k].test_loss);
        ck_assert(isnan(plain.row[k].gradient_cosine));
        ck_assert_double_eq_tol(watched.row[k].gradient_cosine, 1.0, 1e-6);
    }
    eq_checkpoint_free(&plain);
    eq_checkpoint_free(&watched);
    plain = trained(x, "watched", kinds[_i], 5, false, true);
    ck_assert(has_column("watched"));
    ck_assert(!isnan(plain.row[3].gradient_cosine) && isnan(plain.row[4].gradient_cosine));
    eq_checkpoint_free(&plain);
    eq_experiment_free(x);
}
END_TEST

/* Cosines that differ from epoch to epoch are the same bits in a training that was resumed; another
 * seed watches other examples. */
START_TEST(a_resumed_training_watches_the_same) {
    eq_experiment *x = experiment(rows, estimators[0], 1e-9);
    eq_checkpoint whole = trained(x, "whole", EQ_ENGINE_AUTO, 12, true, false);
    eq_checkpoint first = trained(x, "parts", EQ_ENGINE_AUTO, 5, true, false);
    eq_checkpoint parts = trained(x, "parts", EQ_ENGINE_AUTO, 12, true, true);
    x->seed = 5;
    eq_checkpoint other = trained(x, "other", EQ_ENGINE_AUTO, 12, true, false);
    int differ = 0, others = 0;
    for (int k = 0; k < 12; k++) {
        ck_assert(whole.row[k].gradient_cosine == parts.row[k].gradient_cosine);
        differ += fabs(whole.row[k].gradient_cosine - whole.row[0].gradient_cosine) > 1e-6;
        others += fabs(whole.row[k].gradient_cosine - other.row[k].gradient_cosine) > 1e-6;
    }
    ck_assert(differ > 0 && others > 0);
    eq_checkpoint *all[] = {&whole, &first, &parts, &other};
    for (int k = 0; k < 4; k++) eq_checkpoint_free(all[k]);
    eq_experiment_free(x);
}
END_TEST

Suite *watch_suite(void) {
    Suite *s = suite_create("watch");
    TCase *t = tcase_create("watch");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, the_cosine_is_that_of_the_gradient_check, 0, 4);
    tcase_add_loop_test(t, what_has_no_energy_is_told_to_estimators, 0, 4);
    tcase_add_test(t, the_adjoint_learns_without_an_energy);
    tcase_add_loop_test(t, watching_changes_nothing_else, 0, 2);
    tcase_add_test(t, a_resumed_training_watches_the_same);
    suite_add_tcase(s, t);
    return s;
}
