/* Twenty trainings of one experiment give the same bits, whatever the threads do (issue 5, point
 * 7). */
#include <check.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "support/program.h"
#include "train/checkpoint.h"
#include "train/train.h"

Suite *repeat_suite(void);

enum { TIMES = 20 };

static const struct {
    const char *path;
    eq_engine_kind engine;
    int threads;
} experiment[] = {
    {"netlists/iris.xml", EQ_ENGINE_LAYERED, 3},
    {"netlists/two-stage.xml", EQ_ENGINE_LAYERED, 2},
    {"netlists/two-stage.xml", EQ_ENGINE_SPARSE, 2},
};
enum { EXPERIMENTS = sizeof experiment / sizeof *experiment };

/* The checkpoint that three epochs leave. */
static eq_checkpoint trained(int which, const char *folder) {
    eq_experiment *x = NULL;
    eq_checkpoint k;
    eq_train_options o = eq_train_defaults();
    char *run = eq_path_join(folder, "run"), *path = eq_path_join(run, EQ_TRAIN_CHECKPOINT);
    ck_assert_int_eq(eq_experiment_read(experiment[which].path, &x, NULL), EQ_OK);
    o.folder = run;
    o.force = true;
    o.engine = experiment[which].engine;
    o.threads = experiment[which].threads;
    x->epochs = 3;
    ck_assert_int_eq(eq_train(x, &o, NULL, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_checkpoint_read(path, &k, NULL), EQ_OK);
    eq_experiment_free(x);
    eq_free(run);
    eq_free(path);
    return k;
}

START_TEST(twenty_trainings_are_one) {
    char *folder = scratch_folder();
    eq_checkpoint first = trained(_i, folder);
    for (int k = 1; k < TIMES; k++) {
        eq_checkpoint again = trained(_i, folder);
        ck_assert_mem_eq(first.g, again.g, first.conductances * sizeof *first.g);
        ck_assert_uint_eq(again.rows, 3);
        for (uint64_t r = 0; r < first.rows; r++) {
            ck_assert(first.row[r].train_loss == again.row[r].train_loss);
            ck_assert(first.row[r].test_loss == again.row[r].test_loss);
        }
        eq_checkpoint_free(&again);
    }
    eq_checkpoint_free(&first);
    scratch_free(folder);
}
END_TEST

Suite *repeat_suite(void) {
    Suite *s = suite_create("repeat");
    TCase *t = tcase_create("repeat");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, twenty_trainings_are_one, 0, EXPERIMENTS);
    suite_add_tcase(s, t);
    return s;
}
