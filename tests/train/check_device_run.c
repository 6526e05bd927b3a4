/* Programmable resistors in whole trainings: from <device> to the run folder, resume and eval. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "../support/training.h"
#include "base/file.h"
#include "base/mem.h"
#include "train/train.h"
#include "train/trainer.h"

Suite *device_run_suite(void);

static eq_experiment *read_with(const char *path, const char *const *set, size_t sets) {
    eq_experiment *x = NULL;
    const eq_settings settings = {set, sets};
    ck_assert_int_eq(eq_experiment_read_with(path, &settings, &x, NULL), EQ_OK);
    return x;
}

static void last_of(void *data, const eq_metrics *m) {
    ((eq_metrics *)data)[0] = *m;
}

/* Trains Iris for some epochs with these settings into a folder, or from there on. */
static eq_metrics train_iris(const char *const *set, size_t sets, eq_engine_kind engine,
                             const char *folder, bool resume, size_t epochs) {
    eq_metrics last = {.epoch = 0};
    eq_experiment *x = read_with("netlists/iris.xml", set, sets);
    eq_train_options o = eq_train_defaults();
    o.engine = engine;
    o.folder = folder;
    o.resume = resume;
    o.epoch = last_of;
    o.data = &last;
    o.save_every = 0.0;
    x->epochs = epochs;
    ck_assert_int_eq(eq_train(x, &o, NULL, NULL, NULL), EQ_OK);
    eq_experiment_free(x);
    return last;
}

/* Same parameters, and same of all that devices keep, to the bit. */
static void same_checkpoints(const char *a, const char *b) {
    eq_checkpoint p = checkpoint_of(a), q = checkpoint_of(b);
    size_t bytes = (size_t)p.conductances * sizeof *p.g;
    ck_assert_uint_eq(p.conductances, q.conductances);
    ck_assert_mem_eq(p.g, q.g, bytes);
    for (int k = 0; k < EQ_DEVICE_ARRAYS; k++) {
        ck_assert((p.device[k] == NULL) == (q.device[k] == NULL));
        if (p.device[k] != NULL) ck_assert_mem_eq(p.device[k], q.device[k], bytes);
    }
    eq_checkpoint_free(&p);
    eq_checkpoint_free(&q);
}

static const eq_engine_kind engines[] = {EQ_ENGINE_LAYERED, EQ_ENGINE_SPARSE};
static const char *const optimizers[] = {"optimizer.type=sgd", "optimizer.type=momentum"};

/* A device without imperfection changes no bit of a training, whatever the engine and optimizer. */
START_TEST(an_ideal_device_is_none) {
    const char *set[] = {optimizers[_i / 2], "device.chip=5"};
    eq_metrics a = train_iris(set, 1, engines[_i % 2], in("none"), false, 2),
               b = train_iris(set, 2, engines[_i % 2], in("ideal"), false, 2);
    ck_assert(a.train_loss == b.train_loss && a.test_loss == b.test_loss);
    eq_checkpoint p = checkpoint_of(in("none")), q = checkpoint_of(in("ideal"));
    ck_assert_mem_eq(p.g, q.g, (size_t)p.conductances * sizeof *p.g);
    ck_assert_ptr_null(p.device[EQ_STORED]);
    ck_assert_mem_eq(q.g, q.device[EQ_STORED], (size_t)p.conductances * sizeof *p.g);
    eq_checkpoint_free(&p);
    eq_checkpoint_free(&q);
}
END_TEST

static const char *const everything[] = {
    "device.preset=ecram",     "device.update=stochastic",  "device.write_noise=0.003",
    "device.read_noise=0.002", "device.levels=900",         "device.stuck_min=0.02",
    "device.drift_nu=0.02",    "device.drift_time=1000",    "device.lifetime=1e5",
    "device.endurance=300",    "device.endurance_dtod=0.2", "optimizer.type=momentum",
};
enum { EVERYTHING = sizeof everything / sizeof *everything };

/* A training that goes on is the one that was never stopped, with all that devices have. */
START_TEST(resume_is_exact) {
    const char *set[EVERYTHING + 2];
    size_t sets = EVERYTHING;
    memcpy(set, everything, sizeof everything);
    if (_i / 2 == 1) set[1] = "device.update=mixed-precision";
    if (_i / 2 == 2) set[sets++] = "device.pair=yes";
    if (_i / 2 == 3) set[sets++] = "data.validation-fraction=0.2";
    eq_engine_kind engine = engines[_i % 2];
    set[sets] = "schedule.type=constant"; /* the cosine knows the number of epochs */
    eq_metrics whole = train_iris(set, sets + 1, engine, in("whole"), false, 4);
    train_iris(set, sets + 1, engine, in("parts"), false, 1);
    train_iris(set, sets + 1, engine, in("parts"), true, 2);
    eq_metrics parts = train_iris(set, sets + 1, engine, in("parts"), true, 4);
    ck_assert(whole.train_loss == parts.train_loss && whole.test_loss == parts.test_loss);
    same_checkpoints(in("whole"), in("parts"));
}
END_TEST

/* So is one whose devices are all of one group. */
START_TEST(resume_of_one_group_is_exact) {
    static const char
        deck[] = "dividers\nva a 0 0\nvb b 0 0\nr1 a p 1k\nr2 b p 2k\nr3 p 0 1k\nr4 a q 3k\n"
                 "r5 b q 1k\nr6 q 0 2k\n*% input va vb\n*% output p q\n"
                 "*% train r* gmin=1u gmax=10m\n.end\n",
        data[] = "a,b,t,u\n1,2,0.5,1\n-1,1,0.2,0.1\n2,-1,0.3,0\n0.5,0.5,1,-1\n",
        xml[] = "<experiment name='one'><circuit deck='one.cir'/><data format='csv' "
                "path='one.csv' test-path='one.csv' targets='t u'/><cost type='squared-error'/>"
                "<optimizer type='sgd' rate='1e-6'/><device preset='ecram' levels='900' "
                "read_noise='0.002' lifetime='1e5'/><minibatch size='2'/></experiment>";
    ck_assert_int_eq(eq_file_write(in("one.cir"), deck, sizeof deck - 1, NULL), EQ_OK);
    ck_assert_int_eq(eq_file_write(in("one.csv"), data, sizeof data - 1, NULL), EQ_OK);
    ck_assert_int_eq(eq_file_write(in("one.xml"), xml, sizeof xml - 1, NULL), EQ_OK);
    const char *folder = scratch_current();
    expect_exit(0, NULL, "train %s/one.xml -o %s/whole --epochs 4", folder, folder);
    expect_exit(0, NULL, "train %s/one.xml -o %s/parts --epochs 1", folder, folder);
    expect_exit(0, NULL, "train %s/one.xml -o %s/parts --epochs 4 --resume", folder, folder);
    eq_checkpoint p = checkpoint_of(in("whole"));
    ck_assert_ptr_nonnull(p.device[EQ_STORED]);
    eq_checkpoint_free(&p);
    same_checkpoints(in("whole"), in("parts"));
}
END_TEST

static eq_trainer *trainer(eq_experiment *x, eq_engine_kind engine, int threads) {
    eq_trainer *t = NULL;
    eq_trainer_options o = eq_trainer_defaults();
    o.engine = engine;
    o.threads = threads;
    ck_assert_int_eq(eq_trainer_new(x, &o, &t, NULL), EQ_OK);
    return t;
}

/* Both engines, and any number of threads, program the same chip to the same bits; what they train is
 * the same but for the round-off of gradients. */
START_TEST(engines_and_threads_have_the_same_devices) {
    eq_experiment *x = read_with("netlists/iris.xml", everything, EVERYTHING);
    eq_trainer *t[3] = {trainer(x, EQ_ENGINE_LAYERED, 1), trainer(x, EQ_ENGINE_SPARSE, 1),
                        trainer(x, EQ_ENGINE_LAYERED, 3)};
    for (int k = 0; k < 3; k++) eq_trainer_collect(t[k]);
    size_t n = (size_t)t[0]->now.conductances, bytes = n * sizeof(double);
    ck_assert_mem_eq(t[0]->now.g, t[1]->now.g, bytes);
    for (int step = 0; step < 20; step++)
        for (int k = 0; k < 3; k++) ck_assert_int_eq(eq_trainer_step(t[k], NULL, NULL), EQ_OK);
    for (int k = 0; k < 3; k++) eq_trainer_collect(t[k]);
    ck_assert_mem_eq(t[0]->now.g, t[2]->now.g, bytes);
    ck_assert_mem_eq(t[0]->now.device[EQ_PULSES], t[2]->now.device[EQ_PULSES], bytes);
    size_t same = 0;
    for (size_t j = 0; j < n; j++)
        same += fabs(t[0]->now.g[j] - t[1]->now.g[j]) <= 1e-9 * t[0]->now.g[j];
    ck_assert_uint_ge(same, n * 99 / 100); /* a train of pulses may differ by one now and then */
    for (int k = 0; k < 3; k++) eq_trainer_free(t[k]);
    eq_experiment_free(x);
}
END_TEST

/* What is written of an experiment reads back as the same kinds of devices. */
START_TEST(devices_survive_the_copy) {
    static const char text[] =
        "<experiment><circuit deck='%s'/><data format='csv' path='%s' label='species'/>"
        "<optimizer type='sgd' rate='1e-7'/>"
        "<device preset='ecram' levels='64' piecewise_up='1 0.5, 0' read_noise='0.01' "
        "dw_min_std='0'>"
        "<group match='rw2*' response='exponential-step' pair='yes' bl='7' draw='3'/>"
        "<group match='rb*' preset='reram-es' chip='9'/></device></experiment>";
    char *deck = eq_path_absolute("netlists/iris.cir"), *csv = eq_path_absolute("data/iris.csv");
    eq_text t = {0};
    eq_text_printf(&t, text, deck, csv);
    ck_assert_int_eq(eq_file_write(in("x.xml"), t.text, t.length, NULL), EQ_OK);
    eq_experiment *x = read_with(in("x.xml"), NULL, 0);
    ck_assert_uint_eq(x->devices, 3);
    ck_assert_str_eq(x->device[0].match, "rw2*");
    ck_assert(x->device[0].kind.pair && x->device[0].kind.levels == 64 && !x->device[2].kind.pair);
    ck_assert(x->device[0].kind.dw_min_std == 0.0 && x->device[1].kind.dw_min_std == 5.0);
    ck_assert(x->device[1].kind.levels == 0 && x->device[1].kind.chip == 9);
    eq_experiment *y = written_again(x);
    ck_assert_uint_eq(y->devices, 3);
    for (size_t k = 0; k < 3; k++)
        ck_assert(eq_device_programs_alike(&x->device[k].kind, &y->device[k].kind));
    eq_experiment_free(x);
    eq_experiment_free(y);
    eq_text_free(&t);
    eq_free(deck);
    eq_free(csv);
}
END_TEST

/* Wrong devices are refused in words that say what is allowed. */
START_TEST(wrong_devices_are_named) {
    static const struct {
        const char *set, *says;
    } wrong[] = {
        {"--set device.levels=1", "levels of at least 2"},
        {"--set device.dw_min=0", "allowed: a number above 0"},
        {"--set device.read_noise=-0.1", "allowed: a number not below 0"},
        {"--set device.response=soft", "soft-bounds"},
        {"--set device.read_nois=1", "did you mean read_noise?"},
        {"--set device.w_min=0.1", "w_min below 0"},
        {"--set device.groups=q*", "its groups are: rw1*"},
        {"--set device.update=sign", "give a response"},
        {"--set device.pair=yes", "give a response"},
        {"--set device.stuck_min=0.7 --set device.stuck_max=0.6", "more than all devices"},
        {"--set device.response=piecewise-step --set device.piecewise_up=0", "cannot move up"},
        {"--set device.response=exponential-step --set device.A_down=1e9", "cannot move down"},
        {"--set device.response=piecewise-step --set device.piecewise_up=1,-1", "at least 0"},
        {"--set device.response=constant-step --set device.levels=4", "less than half a level"},
    };
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        char *text;
        expect_exit(2, &text, "train netlists/iris.xml -o %s %s", in("bad"), wrong[k].set);
        ck_assert_msg(strstr(text, wrong[k].says) != NULL, "%s: %s", wrong[k].set, text);
        free(text);
    }
}
END_TEST

/* The test loss that eval prints, with settings. */
static double loss(const char *folder, const char *set) {
    char *text;
    expect_exit(0, &text, "eval %s %s", folder, set);
    const char *at = strstr(text, "loss ");
    ck_assert_ptr_nonnull(at);
    double value = strtod(at + 5, NULL);
    free(text);
    return value;
}

/* eval sees the devices of the run: the same chip, read with noise and drift; another chip, or other
 * levels, are another programming. */
START_TEST(eval_reads_the_devices_of_the_run) {
    eq_metrics m = train_iris(everything, EVERYTHING, EQ_ENGINE_AUTO, in("run"), false, 20);
    double plain = loss(in("run"), "");
    ck_assert_double_eq_tol(plain, m.test_loss, 1e-5 * plain); /* eval prints 6 digits */
    ck_assert(plain == loss(in("run"), "--threads 2"));
    static const char *const other[] = {"--set device.read_noise=0.05",
                                        "--set device.drift_time=1e7", "--set device.chip=2",
                                        "--set device.levels=8", "--set device.draw=4"};
    for (size_t k = 0; k < sizeof other / sizeof *other; k++)
        ck_assert_msg(loss(in("run"), other[k]) != plain, "%s", other[k]);
    /* time before t0, and no noise at all: what the checkpoint shows */
    double still = loss(in("run"), "--set device.drift_time=0 --set device.read_noise=0");
    ck_assert(still != plain);
    ck_assert(still == loss(in("run"), "--set device.drift_time=5 --set device.read_noise=0"));
    train_iris(NULL, 0, EQ_ENGINE_AUTO, in("float"), false, 20); /* onto a device afterwards */
    ck_assert(loss(in("float"), "") == loss(in("float"), "--set device.chip=1"));
    ck_assert(loss(in("float"), "") != loss(in("float"), "--set device.levels=4"));
}
END_TEST

/* Iris learns with the devices that hardware has: the accuracy on its 45 held-out flowers. */
START_TEST(iris_learns_with_real_devices) {
    static const struct {
        const char *set[3];
        double worst;
    } table[] = {
        {{"device.preset=gokmen-vlasov"}, 0.12},
        {{"device.preset=ecram"}, 0.12},
        {{"device.preset=capacitor"}, 0.12},
        {{"device.preset=ecram", "device.update=mixed-precision"}, 0.12},
        {{"device.preset=idealized", "device.pair=yes"}, 0.12},
        {{"device.levels=32", "device.rounding=stochastic"}, 0.12},
        {{"device.preset=gokmen-vlasov", "device.update=sign", "device.dw_min=0.002"}, 0.2},
    };
    size_t sets = 0;
    while (sets < 3 && table[_i].set[sets] != NULL) sets++;
    eq_metrics m = train_iris(table[_i].set, sets, EQ_ENGINE_AUTO, NULL, false, 60);
    ck_assert_msg(m.test_error <= table[_i].worst, "%s: %g", table[_i].set[0], m.test_error);
}
END_TEST

/* The shipped example: the digits on ECRAM. */
START_TEST(digits_learn_on_ecram) {
    eq_experiment *x = read_with("netlists/device-digits.xml", NULL, 0);
    eq_metrics last = {.epoch = 0};
    eq_train_options o = eq_train_defaults();
    o.epoch = last_of;
    o.data = &last;
    x->epochs = 8;
    ck_assert_int_eq(eq_train(x, &o, NULL, NULL, NULL), EQ_OK);
    ck_assert_msg(last.test_error < 0.12, "%g", last.test_error);
    eq_experiment_free(x);
}
END_TEST

Suite *device_run_suite(void) {
    Suite *s = suite_create("device_run");
    TCase *t = tcase_create("device_run");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, an_ideal_device_is_none, 0, 4);
    tcase_add_loop_test(t, resume_is_exact, 0, 8);
    tcase_add_test(t, resume_of_one_group_is_exact);
    tcase_add_test(t, engines_and_threads_have_the_same_devices);
    tcase_add_test(t, devices_survive_the_copy);
    tcase_add_test(t, wrong_devices_are_named);
    tcase_add_test(t, eval_reads_the_devices_of_the_run);
    tcase_add_loop_test(t, iris_learns_with_real_devices, 0, 7);
    tcase_add_test(t, digits_learn_on_ecram);
    suite_add_tcase(s, t);
    return s;
}
