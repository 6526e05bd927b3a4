/* Free states that are kept from epoch to epoch: phases begin there, of each example at its own; evaluations begin at
 * zero; a run that is cut short goes on to the same bits, wherever that is. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/program.h"
#include "../support/training.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/discrete/discrete.h"
#include "model/hopfield/hopfield.h"
#include "train/trainer.h"

Suite *cached_suite(void);

static const char hopfield[] = "netlists/hopfield-digits.xml",
                  dense[] = "netlists/discrete-digits.xml", conv[] = "netlists/conv-digits.xml",
                  circuit[] = "netlists/nmos-digits.xml", crossbars[] = "netlists/iris.xml";

/* The element that says what is trained. */
static const char *element_of(const char *experiment) {
    return experiment == circuit ? "architecture" : experiment == crossbars ? "circuit" : "network";
}

/* Two units that hold each other at 0 or at 1, where the input does not say which. */
static const char bistable[] =
    "<experiment><network kind='%s' layers='1,1,1' solver='%s' cache='%s'/>"
    "<data format='csv' path='rows.csv' targets='t' test-path='rows.csv'/>"
    "<cost type='squared-error'/><estimator type='one-sided' beta='0.1' nudging='energy'/>"
    "<optimizer type='sgd' rate='0'/><minibatch size='3'/><epochs count='2'/></experiment>";

static eq_trainer *bistable_trainer(const char *kind, const char *solver, const char *cache,
                                    eq_experiment **x) {
    char text[1024];
    eq_trainer *t = NULL;
    put("rows.csv", "x,t\n0,0\n1,1\n0,0\n1,1\n1,1\n0,0\n1,1\n0,0\n");
    snprintf(text, sizeof text, bistable, kind, solver, cache);
    ck_assert_int_eq(eq_experiment_read(put("net.xml", text), x, NULL), EQ_OK);
    ck_assert_int_eq(eq_trainer_new(*x, NULL, &t, NULL), EQ_OK);
    return t;
}

/* w1, b1, w2, b2 */
static void give(eq_trainer *t, double w1) {
    const double value[] = {w1, -0.5, 2.0, -0.5};
    for (size_t b = 0; b < 4; b++) eq_network_put(t->s.model, b, &value[b]);
    eq_network_load(t->s.model);
}

static const char *const solvers[][2] = {
    {"hopfield", "sweeps"}, {"hopfield", "euler"}, {"discrete", "sweeps"}, {"discrete", "steps"}};

/* Each example's input puts it into a mode, and goes: those that are kept stay in it, whatever the order. */
START_TEST(every_example_stays_in_its_mode) {
    for (int cache = 0; cache < 2; cache++) {
        eq_experiment *x;
        eq_trainer_score first, second, seen;
        eq_trainer *t = bistable_trainer(solvers[_i][0], solvers[_i][1], cache ? "yes" : "no", &x);
        give(t, 2.0);
        ck_assert_int_eq(eq_trainer_epoch(t, &first, NULL), EQ_OK);
        ck_assert_double_lt(first.loss, 1e-12);
        give(t, 0.0);
        ck_assert_int_eq(eq_trainer_epoch(t, &second, NULL), EQ_OK);
        ck_assert_double_eq_tol(second.loss, cache ? 0.0 : 0.25, 1e-6);
        ck_assert_int_eq(eq_trainer_evaluate(t, &seen, NULL), EQ_OK);
        ck_assert_double_eq_tol(seen.loss, 0.25, 1e-6);
        ck_assert_int_eq(eq_trainer_epoch(t, &second, NULL), EQ_OK); /* which it has not touched */
        ck_assert_double_eq_tol(second.loss, cache ? 0.0 : 0.25, 1e-6);
        eq_trainer_free(t);
        eq_experiment_free(x);
    }
}
END_TEST

static const char *const networks[][3] = {
    {hopfield, "network.solver=sweeps", "network.sigma=hard-sigmoid"},
    {hopfield, "network.solver=euler", "network.sigma=hard-sigmoid"},
    {hopfield, "network.sigma=tanh", "network.skip=0-2"},
    {dense, "network.solver=sweeps", "network.sigma=hard-sigmoid"},
    {conv, "network.solver=sweeps", "network.sigma=hard-sigmoid"},
    {conv, "network.solver=sweeps", "network.conv[1].pool=average"},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* What the engine has counted before and behind that epoch of a training. */
typedef struct counted {
    eq_engine_info before, now;
} counted;

static counted count_epoch(const char *experiment, const eq_settings *settings, size_t epoch) {
    eq_experiment *x = NULL;
    eq_trainer *t = NULL;
    counted k;
    ck_assert_int_eq(eq_experiment_read_with(experiment, settings, &x, NULL), EQ_OK);
    for (size_t g = 0; g < x->groups; g++) x->group[g].rate = 0.0;
    ck_assert_int_eq(eq_trainer_new(x, NULL, &t, NULL), EQ_OK);
    for (size_t e = 1; e <= epoch; e++) {
        k.before = eq_network_about(t->s.model);
        ck_assert_int_eq(eq_trainer_epoch(t, NULL, NULL), EQ_OK);
    }
    k.now = eq_network_about(t->s.model);
    eq_trainer_free(t);
    eq_experiment_free(x);
    return k;
}

/* Sweeps or steps a free phase of an epoch, where no parameter moves. */
static double passes(const char *const *network, const char *cache, size_t epoch) {
    char with[32];
    snprintf(with, sizeof with, "network.cache=%s", cache);
    const char *const set[] = {network[1],
                               network[2],
                               with,
                               "network.tolerance=1e-6",
                               "minibatch.size=1",
                               "optimizer.rate=0",
                               "data.train-limit=50",
                               "data.test-limit=5"};
    const eq_settings settings = {set, sizeof set / sizeof *set};
    counted k = count_epoch(network[0], &settings, epoch);
    return (k.now.free_iterations - k.before.free_iterations) /
           (k.now.free_solves - k.before.free_solves);
}

/* They are where they were, which one pass finds, but for what rounding took of the tolerance; in the first epoch
 * none is known. */
START_TEST(a_state_that_stays_is_found_at_once) {
    double cold = passes(networks[_i], "no", 1);
    ck_assert_double_gt(cold, 3.0);
    ck_assert_double_eq(passes(networks[_i], "no", 2), cold);
    ck_assert_double_eq(passes(networks[_i], "yes", 1), cold);
    ck_assert_double_le(passes(networks[_i], "yes", 2), 1.1);
}
END_TEST

/* Steps of Newton a phase of the epoch, of transistors that do not change. */
static double steps_of_a_circuit(const char *cache, size_t epoch) {
    char with[40];
    snprintf(with, sizeof with, "architecture.cache=%s", cache);
    const char *const set[] = {with, "data.train-limit=40", "data.test-limit=5"};
    const eq_settings settings = {set, sizeof set / sizeof *set};
    counted k = count_epoch(circuit, &settings, epoch);
    return (k.now.iterations - k.before.iterations) / (k.now.solves - k.before.solves);
}

/* From a state in single precision one step finds it again; clamped phases take theirs. */
START_TEST(a_circuit_begins_where_it_ended) {
    double cold = steps_of_a_circuit("no", 1);
    ck_assert_double_eq(steps_of_a_circuit("no", 2), cold);
    ck_assert_double_eq(steps_of_a_circuit("yes", 1), cold);
    ck_assert_double_le(steps_of_a_circuit("yes", 2), 0.6 * cold);
}
END_TEST

static void train(const char *experiment, const char *folder, size_t epochs, const char *how) {
    expect_exit(0, NULL,
                "train %s -o %s --epochs %zu --set %s.cache=yes --set data.train-limit=100 %s",
                experiment, in(folder), epochs, element_of(experiment), how);
}

static char *path_of(const char *folder, const char *name) {
    char *path = eq_path_join(in(folder), name);
    ck_assert_ptr_nonnull(path);
    return path;
}

static bool there(const char *folder, const char *name) {
    char *path = path_of(folder, name);
    bool is = access(path, F_OK) == 0;
    eq_free(path);
    return is;
}

/* Layers of crossbars begin at zero, unless they are solved as a circuit. */
START_TEST(an_engine_that_begins_at_zero_says_so) {
    char *text;
    expect_exit(2, &text, "train %s -o %s --epochs 1 --set circuit.cache=yes --engine layered",
                crossbars, in("run"));
    ck_assert_msg(
        strstr(text, "the layered engine begins all of them at zero; take --engine sparse") != NULL,
        "%s", text);
    free(text);
    train(crossbars, "sparse", 2, "--engine sparse");
    ck_assert(there("sparse", EQ_TRAIN_STATES_A) || there("sparse", EQ_TRAIN_STATES_B));
}
END_TEST

static void copy(const char *folder, const char *name, const char *to, const char *as) {
    char *from = path_of(folder, name), *into = path_of(to, as), *text;
    size_t length;
    ck_assert_int_eq(eq_file_read(from, (eq_place){0}, &text, &length, NULL), EQ_OK);
    ck_assert_int_eq(eq_file_write(into, text, length, NULL), EQ_OK);
    eq_free(text);
    eq_free(into);
    eq_free(from);
}

static const char *states_in(const char *folder) {
    bool a = there(folder, EQ_TRAIN_STATES_A);
    ck_assert_int_ne(a, there(folder, EQ_TRAIN_STATES_B)); /* one file */
    return a ? EQ_TRAIN_STATES_A : EQ_TRAIN_STATES_B;
}

/* The same parameters and the same states. */
static void assert_same(const char *one, const char *other) {
    eq_checkpoint a = checkpoint_of(in(one)), b = checkpoint_of(in(other));
    ck_assert_uint_eq(a.steps, b.steps);
    ck_assert_mem_eq(a.g, b.g, a.conductances * sizeof *a.g);
    eq_checkpoint_free(&a);
    eq_checkpoint_free(&b);
    char *p = path_of(one, states_in(one)), *q = path_of(other, states_in(other)), *s, *t;
    size_t m, n;
    ck_assert_int_eq(eq_file_read(p, (eq_place){0}, &s, &m, NULL), EQ_OK);
    ck_assert_int_eq(eq_file_read(q, (eq_place){0}, &t, &n, NULL), EQ_OK);
    ck_assert_uint_eq(m, n);
    ck_assert_mem_eq(s + 64, t + 64, m - 64); /* behind the header, which has the run */
    eq_free(s);
    eq_free(t);
    eq_free(p);
    eq_free(q);
}

static const char *const resumed[][2] = {
    {hopfield, ""},
    {hopfield, "--set network.solver=euler --set network.tolerance=1e-6"},
    {dense, ""},
    {conv, ""},
    {dense, "--set augmentation.shift=1 --set augmentation.width=8 --set augmentation.noise=0.1"},
    {dense, "--set estimator.type=bptt"},
    {circuit, ""},
};

/* On one thread in a piece, and on two in parts. */
START_TEST(a_resumed_training_has_the_bits_of_one_in_a_piece) {
    char again[200];
    train(resumed[_i][0], "whole", 3, resumed[_i][1]);
    snprintf(again, sizeof again, "--threads 2 %s", resumed[_i][1]);
    train(resumed[_i][0], "parts", 1, again);
    snprintf(again, sizeof again, "--resume --threads 2 %s", resumed[_i][1]);
    train(resumed[_i][0], "parts", 3, again);
    assert_same("whole", "parts");
    expect_exit(0, NULL, "eval %s", in("parts"));
}
END_TEST

/* Stopped after every minibatch. */
START_TEST(a_training_goes_on_inside_an_epoch) {
    static const char *const set[] = {"network.cache=yes", "data.train-limit=60", "epochs.count=3"};
    const eq_settings settings = {set, 3};
    const volatile sig_atomic_t stop = 1;
    eq_experiment *x = NULL;
    eq_train_options o = eq_train_defaults();
    ck_assert_int_eq(eq_experiment_read_with(hopfield, &settings, &x, NULL), EQ_OK);
    o.folder = in("whole");
    ck_assert_int_eq(eq_train(x, &o, NULL, NULL, NULL), EQ_OK);
    o.folder = in("parts");
    o.stop = &stop;
    int parts = 0;
    for (; eq_train(x, &o, NULL, NULL, NULL) == EQ_ERR_INTERRUPTED; parts++) o.resume = true;
    ck_assert_int_gt(parts, 6);
    assert_same("whole", "parts");
    eq_experiment_free(x);
}
END_TEST

/* Cut short between the states of epoch 2 and its checkpoint, and behind it, before the old states went. */
START_TEST(one_of_two_files_goes_with_the_checkpoint) {
    train(hopfield, "whole", 3, "");
    train(hopfield, "run", 1, "");
    const char *first = states_in("run");
    eq_folder_make(in("old"), NULL);
    copy("run", first, "old", first);
    copy("run", EQ_TRAIN_CHECKPOINT, "old", EQ_TRAIN_CHECKPOINT);
    train(hopfield, "run", 2, "--resume");
    ck_assert_str_ne(states_in("run"), first);
    copy("old", first, "run", first);
    if (_i == 0) copy("old", EQ_TRAIN_CHECKPOINT, "run", EQ_TRAIN_CHECKPOINT);
    train(hopfield, "run", 3, "--resume");
    assert_same("whole", "run");
}
END_TEST

/* Of another step, cut, changed, gone: told, and nothing is trained. */
START_TEST(states_that_do_not_fit_are_refused) {
    char *text, *path, *data;
    size_t length;
    train(hopfield, "run", 1, "");
    path = path_of("run", states_in("run"));
    ck_assert_int_eq(eq_file_read(path, (eq_place){0}, &data, &length, NULL), EQ_OK);
    if (_i == 0) data[length / 2] ^= 1;
    if (_i == 1) data[24] ^= 1; /* the step */
    if (_i == 2) length--;
    if (_i == 3) unlink(path);
    if (_i < 3) ck_assert_int_eq(eq_file_write(path, data, length, NULL), EQ_OK);
    expect_exit(2, &text,
                "train %s -o %s --epochs 2 --set network.cache=yes --set data.train-limit=100 "
                "--resume",
                hopfield, in("run"));
    ck_assert_msg(strstr(text, "bring its file free-states-a or free-states-b back") != NULL, "%s",
                  text);
    free(text);
    eq_free(data);
    eq_free(path);
    train(hopfield, "run", 2, "--force"); /* a new run has no old states */
    train(hopfield, "whole", 2, "");
    assert_same("run", "whole");
    expect_exit(0, NULL, "train %s -o %s --epochs 0 --force", hopfield, in("run"));
    ck_assert(!there("run", EQ_TRAIN_STATES_A) && !there("run", EQ_TRAIN_STATES_B));
}
END_TEST

/* A run without states does not go on with them. */
START_TEST(a_run_is_cached_or_not) {
    char *text;
    expect_exit(0, NULL, "train %s -o %s --epochs 1", hopfield, in("run"));
    ck_assert(!there("run", EQ_TRAIN_STATES_A) && !there("run", EQ_TRAIN_STATES_B));
    expect_exit(2, &text, "train %s -o %s --epochs 2 --resume --set network.cache=yes", hopfield,
                in("run"));
    ck_assert_msg(strstr(text, "<network>") != NULL, "%s", text);
    free(text);
}
END_TEST

START_TEST(copies_of_an_experiment_keep_it) {
    static const char *const set[] = {"network.cache=yes"};
    eq_experiment *x = NULL;
    ck_assert_int_eq(
        eq_experiment_read_with(_i == 0 ? hopfield : conv, &(eq_settings){set, 1}, &x, NULL),
        EQ_OK);
    eq_experiment *y = written_again(x);
    ck_assert(eq_experiment_caches(y));
    eq_experiment_free(x);
    eq_experiment_free(y);
}
END_TEST

static const char *const idle[][2] = {
    {"elastic", ""},
    {"hopfield-digits", "--set langevin.temperature=0.01 --set estimator.type=one-sided"},
};

/* Where phases do not settle, or begin elsewhere, it is told that nothing is kept. */
START_TEST(other_experiments_keep_nothing) {
    char *text;
    expect_exit(0, &text, "train netlists/%s.xml -o %s --epochs 0 --set network.cache=yes %s",
                idle[_i][0], in("run"), idle[_i][1]);
    ck_assert_msg(strstr(text, "cache=\"yes\" has no effect here") != NULL, "%s", text);
    ck_assert(!there("run", EQ_TRAIN_STATES_A) && !there("run", EQ_TRAIN_STATES_B));
    free(text);
}
END_TEST

Suite *cached_suite(void) {
    Suite *s = suite_create("cached");
    TCase *t = tcase_create("cached");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, every_example_stays_in_its_mode, 0, 4);
    tcase_add_loop_test(t, a_state_that_stays_is_found_at_once, 0, NETWORKS);
    tcase_add_loop_test(t, a_resumed_training_has_the_bits_of_one_in_a_piece, 0, 6);
    tcase_add_test(t, a_circuit_begins_where_it_ended);
    tcase_add_test(t, an_engine_that_begins_at_zero_says_so);
    tcase_add_test(t, a_training_goes_on_inside_an_epoch);
    tcase_add_loop_test(t, one_of_two_files_goes_with_the_checkpoint, 0, 2);
    tcase_add_loop_test(t, states_that_do_not_fit_are_refused, 0, 4);
    tcase_add_test(t, a_run_is_cached_or_not);
    tcase_add_loop_test(t, copies_of_an_experiment_keep_it, 0, 2);
    tcase_add_loop_test(t, other_experiments_keep_nothing, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
