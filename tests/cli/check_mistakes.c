/* Mistakes of an experiment's user: what is asked for twice, in the wrong place or without effect is
 * said, with what to do. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "support/program.h"

Suite *mistakes_suite(void);

static void contains(const char *text, const char *part, bool wanted) {
    ck_assert_msg((strstr(text, part) != NULL) == wanted, "%s '%s' in:\n%.2000s",
                  wanted ? "no" : "a", part, text);
}

/* Of `train netlists/xor.xml --epochs 1`: further arguments, exit status, words. */
static const struct {
    int exit_status;
    const char *arguments, *words;
} trainings[] = {
    {2, "--seeds 1..2 --set seed=4", "--seeds and --set seed"},
    {2, "--seed 3 --set seed=4", "--seed and --set seed"},
    {2, "--set epochs.count=4", "--epochs and --set epochs.count"},
    {0, "--set optimizer.momentum=0.5",
     "momentum=\"0.5\" has no effect here; it belongs to type=\"momentum\""},
    {0, "--set cost.margin=0.5", "it belongs to type=\"hinge\""},
    {0, "--set cost.type=hinge", "high=\"1\" has no effect here"},
    {0, "--set schedule.factor=0.5",
     "it belongs to type=\"exponential\" or \"step\" or \"cosine\""},
    {0, "--set schedule.type=cosine --set schedule.factor=0.88",
     "ends at factor=\"0.88\" of the rates"},
    {0, "--set schedule.type=exponential", "factor=\"1\" leaves the rates as they are"},
    {0, "--set estimator.nudging=clamp", "beta=\"1e-7\" has no effect here"},
    {0, "--set estimator.type=adjoint --set estimator.eta=0.5", "eta=\"0.5\" has no effect here"},
    {0, "--set cost.type=hinge --set estimator.nudging=clamp --set estimator.eta=0.5",
     "eta=\"0.5\" has no effect here; it belongs to a cost with targets; hinge takes delta"},
    {0, "--set optimizer.group.init=deck", "low=\"1e-7\" has no effect here"},
    {0, "--set regularizer.soft-strength=1", "it belongs to soft-low or soft-high"},
    {0, "--set regularizer.soft-low=1e-6", "it belongs to a soft-strength above 0"},
    {2,
     "--set regularizer.soft-strength=1 --set regularizer.soft-low=2 --set "
     "regularizer.soft-high=1",
     "give soft-low <= soft-high"},
    {0, "--set encoding.target-scale=2", "it belongs to <data> targets"},
    {2, "--set cost.high=0", "high and low are the same"},
    {0, "--set cost.high=-0.5", "is to be the lowest, and the highest one is what is predicted"},
    {0, "--set regularizer.strength=1e9 --set optimizer.group.rate=3e-9",
     "its strength 1e+09 times their rate 3e-09 is 3, and above 2 a step"},
    {2, "--set estimator.beta=1u",
     "beta=\"1u\" cannot be; allowed: a number above 0; suffixes are not read here, write 1e-06"},
    {2, "--set estimator.beta=1u", "--set estimator.beta=1u:"},
    {2, "--set estimator.eta=2", "allowed: a number above 0 and up to 1"},
    {2, "--set d*(iss)=1u", "did you mean is?"},
};

START_TEST(trainings_say_it) {
    char *text;
    expect_exit(trainings[_i].exit_status, &text, "train netlists/xor.xml --epochs 1 %s -o %s",
                trainings[_i].arguments, in("run"));
    contains(text, trainings[_i].words, true);
    free(text);
}
END_TEST

/* Of `train netlists/FILE --epochs 0`: what belongs to other devices, converters and groups. */
static const struct {
    const char *file, *settings, *words;
} idle[] = {
    {"device-digits", "device.pow_gamma=2",
     "it belongs to response=\"power-step\" and an update in pulses"},
    {"device-digits", "device.threshold=1", "it belongs to update=\"threshold\""},
    {"device-digits", "device.rounding=stochastic", "it belongs to levels above 0"},
    {"device-digits", "device.update=exact --set device.dw_min=0.01",
     "it belongs to a response and an update in pulses, or to write_noise_std"},
    {"device-digits", "device.drift_time=1", "it belongs to drift_time above drift_t0"},
    {"mismatch", "mismatch.sigma=0", "chip=\"1\" has no effect here"},
    {"mismatch", "mismatch.phases=other --set estimator.type=adjoint",
     "it belongs to an estimator with nudged phases"},
    {"mismatch", "hardware.input-range=2", "it belongs to input-bits above 0"},
    {"device-digits", "architecture.ron=10", "it belongs to diode=\"ideal\""},
    {"hopfield-digits", "augmentation.width=8", "it belongs to shift, turn, zoom or mirror"},
    {"hopfield-digits", "network.free-steps=5", "it belongs to kind=\"discrete\""},
    {"hopfield-digits", "network.nodes=no.csv", "it belongs to kind=\"elastic\""},
    {"discrete-digits", "network.outputs=y1", "it belongs to kind=\"hopfield\" or \"elastic\""},
    {"discrete-digits", "network.solver=sweeps",
     "free-steps=\"30\" has no effect here; it belongs to solver=\"steps\""},
    {"discrete-digits", "network.tolerance=1e-4",
     "it belongs to phases whose steps are not counted"},
    {"discrete-digits", "network.precision=single --set network.tolerance=1e-4",
     "it belongs to <conv .../>"},
    {"hopfield-sparse", "optimizer.group[1].match=*", "groups before it match all that it does"},
    {"iris", "optimizer.rate=1e-7", "each group has a rate of its own"},
    {"conv-digits", "network.conv.pool=none --set network.conv.window=3",
     "window=\"3\" has no effect here; it belongs to pool=\"max\" or \"average\""},
    {"elastic", "network.cache=yes", "it belongs to kind=\"hopfield\" or \"discrete\""},
    {"elastic", "network.sigma=tanh", "it belongs to kind=\"hopfield\" or \"discrete\""},
};

START_TEST(settings_without_effect_are_told) {
    char *text;
    expect_exit(0, &text, "train netlists/%s.xml --epochs 0 --set %s -o %s", idle[_i].file,
                idle[_i].settings, in("run"));
    contains(text, idle[_i].words, true);
    free(text);
    expect_exit(0, &text, "train netlists/%s.xml --epochs 0 -o %s --force", idle[_i].file,
                in("run"));
    contains(text, "no effect", false);
    free(text);
}
END_TEST

/* Counted steps that end far from a state, and a beta that is too large for gradients by the inputs. */
START_TEST(what_is_no_state_or_gradient_is_told) {
    char *text;
    expect_exit(0, &text,
                "train netlists/discrete-digits.xml --epochs 1 --set data.train-limit=100 --set "
                "network.sigma=tanh --set optimizer.group.match=w2 --set "
                "optimizer.group.init=uniform --set "
                "optimizer.group.low=-2 --set optimizer.group.high=2 -o %s",
                in("run"));
    contains(text, "of the counted steps of a free phase moved a unit by at most", true);
    contains(text, "free phases do not settle: the last of their counted steps still moves", true);
    free(text);
    expect_exit(0, &text,
                "gradcheck netlists/discrete-digits.xml --set network.layers=64,4,10 --examples 1");
    contains(text, "those of the training end after free-steps=\"30\" and nudged-steps=", true);
    free(text);
    expect_exit(0, &text,
                "train netlists/discrete-digits.xml --epochs 0 --set estimator.type=bptt -o %s",
                in("back"));
    contains(text, "gradient   bptt\n", true);
    free(text);
    expect_exit(0, &text, "train netlists/hopfield-digits.xml --epochs 1 -o %s --force", in("run"));
    free(text);
    expect_exit(0, &text, "eval %s --input-gradient %s", in("run"), in("g.csv"));
    contains(text, "dL/dx by two phases at beta = 0.5 is off by", true);
    free(text);
    expect_exit(0, &text, "eval %s --input-gradient %s --set estimator.type=adjoint", in("run"),
                in("g.csv"));
    contains(text, "dL/dx by two phases", false);
    free(text);
}
END_TEST

/* Units of a graph over time are drawn, too; differences that leave all of a gradient open hold nothing; what is of circuits
 * is not asked of units. */
START_TEST(checks_show_what_they_say) {
    char *text;
    expect_exit(0, &text, "gradcheck netlists/hopfield-graph.xml --transient -o %s", in("t.csv"));
    free(text);
    expect_exit(0, &text, "plot %s -o %s", in("t.csv"), in("t.svg"));
    free(text);
    expect_exit(1, &text, "gradcheck netlists/meta-sine.xml --set meta.tolerance=1e-2");
    contains(text, "of its gradient open, so that nothing is compared", true);
    free(text);
    expect_exit(2, &text, "train netlists/hopfield-digits.xml --set estimator.rule=response -o %s",
                in("run"));
    contains(text, "rule=\"response\" is of circuits; this network learns by its energy", true);
    free(text);
    expect_exit(0, NULL,
                "train netlists/hopfield-digits.xml --set estimator.nudging=clamp --set "
                "data.train-limit=100 --epochs 1 -o %s --force",
                in("run"));
}
END_TEST

/* Dynamics that are shown up to a time at which much of the gradient is still to come. */
START_TEST(slow_modes_are_told) {
    char *text;
    expect_exit(0, &text, "gradcheck netlists/flow.xml --transient");
    contains(text, "(modes are slow that take little part in the outputs: --steps 110", true);
    free(text);
    expect_exit(0, &text, "gradcheck netlists/iris.xml --transient");
    contains(text, "modes are slow", false);
    free(text);
}
END_TEST

/* What has an effect is not warned of: no shipped experiment says a word. */
START_TEST(what_counts_is_not_warned_of) {
    char *text;
    expect_exit(0, &text, "train netlists/xor.xml --epochs 1 -o %s", in("run"));
    contains(text, "no effect", false);
    free(text);
    expect_exit(0, &text, "eval %s", in("run")); /* a copy has all attributes */
    contains(text, "no effect", false);
    free(text);
}
END_TEST

/* Bounds in units of w count where one of these says something in them. */
static const char *const in_w[] = {"w_min_dtod=0.3", "w_max_dtod=0.3", "lifetime=100",
                                   "write_noise_std=0.5"};

START_TEST(bounds_count_beside_what_is_in_their_units) {
    char *text;
    expect_exit(0, &text,
                "train netlists/iris.xml --epochs 0 "
                "--set device.w_max=0.8 --set device.%s -o %s",
                in_w[_i], in("run"));
    contains(text, "w_max=\"0.8\" has no effect", false);
    free(text);
    expect_exit(0, &text,
                "train netlists/iris.xml --epochs 0 "
                "--set device.w_max=0.8 -o %s --force",
                in("run"));
    contains(text, "w_max=\"0.8\" has no effect", true);
    free(text);
}
END_TEST

START_TEST(a_bare_resistor_is_set_in_ohm) {
    char *bare, *named, *model;
    put("net.cir", "t\nVx1 x1 0 0\nVx2 x2 0 0\nRw1 x1 a 2k\nRw2 x2 b 2k\nRa a 0 1k\nRb b 0 1k\n*% "
                   "input Vx1 Vx2\n"
                   "*% output a\n*% output b\n*% train Rw* gmin=1e-6 gmax=1\n.end\n");
    put("rows.csv", "u,v,c\n1,0,a\n0,1,b\n");
    put("net.xml",
        "<experiment name='n'><circuit deck='net.cir'/><data format='csv' "
        "path='rows.csv'/><cost type='squared-error'/><optimizer type='sgd' rate='1e-9'/>"
        "</experiment>");
    expect_exit(0, &bare, "train %s --epochs 0 --set rw1=4k -o %s", in("net.xml"), in("bare"));
    expect_exit(0, &named, "train %s --epochs 0 --set rw1(r)=4k -o %s", in("net.xml"), in("named"));
    model = file_text(in("bare/model.cir"));
    contains(model, "rw1 x1 a 4000\n", true);
    eq_free(model);
    free(bare);
    free(named);
}
END_TEST

/* Of `eval DIR`. */
static const struct {
    int exit_status;
    const char *setting, *words;
} evaluations[] = {
    {0, "estimator.beta=1e-6", "nothing is nudged"},
    {0, "optimizer.rate=1e-6", "nothing is trained"},
    {2, "seed=7", "the rows held out are those of the run"},
    {2, "data.path=other.csv", "another file by --data"},
};

START_TEST(evaluations_say_what_has_no_effect) {
    char *text;
    expect_exit(0, NULL, "train netlists/xor.xml --epochs 1 -o %s", in("run"));
    expect_exit(evaluations[_i].exit_status, &text, "eval %s --set %s", in("run"),
                evaluations[_i].setting);
    contains(text, evaluations[_i].words, true);
    contains(text, "the data changed", false);
    free(text);
}
END_TEST

START_TEST(seeds_and_single_runs_keep_apart) {
    char *text;
    expect_exit(0, NULL, "train netlists/xor.xml --epochs 2 --seeds 1..3 -o %s", in("many"));
    expect_exit(2, &text, "train netlists/xor.xml --epochs 1 -o %s", in("many"));
    contains(text, "holds the runs of several seeds", true);
    free(text);
    expect_exit(2, NULL, "train netlists/xor.xml --epochs 1 --force -o %s", in("many"));
    expect_exit(2, &text, "eval %s", in("many"));
    contains(text, "give one of them, as in", true);
    free(text);
    expect_exit(2, NULL, "op %s", in("many"));
    expect_exit(2, &text, "train netlists/xor.xml --epochs 1 --resume --seeds 1..4 -o %s",
                in("many"));
    contains(text, "has been trained for 2 epochs, more than the 1", true);
    free(text);
    ck_assert_int_ne(access(in("many/seed-4"), F_OK), 0);
    expect_exit(0, NULL, "train netlists/xor.xml --epochs 1 --force --seeds 2..2 -o %s",
                in("many"));
    ck_assert_int_ne(access(in("many/seed-1"), F_OK), 0);
    ck_assert_int_eq(access(in("many/seed-2/model.cir"), F_OK), 0);
    expect_exit(0, NULL, "train netlists/xor.xml --epochs 1 -o %s", in("one"));
    expect_exit(2, &text, "train netlists/xor.xml --epochs 1 --seeds 1..2 --force -o %s",
                in("one"));
    contains(text, "holds a single run", true);
    free(text);
    ck_assert_int_eq(access(in("one/model.cir"), F_OK), 0);
}
END_TEST

START_TEST(what_was_looked_at_stays_in_the_metrics) {
    expect_exit(0, NULL, "train netlists/xor.xml --epochs 0 -o %s", in("run"));
    expect_exit(0, NULL, "train netlists/xor.xml --epochs 2 --resume -o %s", in("run"));
    char *csv = file_text(in("run/metrics.csv"));
    contains(csv, "\n0,", true);
    contains(csv, "\n1,", true);
    contains(csv, "\n2,", true);
    eq_free(csv);
}
END_TEST

/* Another file of the same name where the relative path leads: the one whose checksum fits counts. */
START_TEST(a_mailed_run_takes_the_data_it_was_trained_with) {
    char *before, *after, *rows = file_text("data/iris.csv");
    mkdir(in("from"), 0755);
    mkdir(in("from/data"), 0755);
    mkdir(in("to"), 0755);
    mkdir(in("to/data"), 0755);
    put("from/data/iris.csv", rows);
    char *net = file_text("netlists/iris.cir");
    put("from/data/iris.cir", net);
    char *xml = file_text("netlists/iris.xml"), *path = strstr(xml, "../data/iris.csv");
    memmove(path, path + strlen("../data/"), strlen(path + strlen("../data/")) + 1);
    put("from/data/iris.xml", xml);
    char source[256];
    snprintf(source, sizeof source, "%s", in("from/data/iris.xml"));
    expect_exit(0, NULL, "train %s --epochs 3 -o %s", source, in("from/run"));
    expect_exit(0, &before, "eval %s", in("from/run"));
    char old[256];
    snprintf(old, sizeof old, "%s", in("from/run"));
    ck_assert_int_eq(rename(old, in("to/run")), 0);
    put("to/run/iris.csv", rows);
    unlink(in("from/data/iris.csv"));
    static const char *const wrong[] = {"a,b\n1,2\n",
                                        "sepal_length,sepal_width,petal_length,"
                                        "petal_width,species\n1,2,3,4,setosa\n2,2,3,4,virginica\n"
                                        "3,2,3,4,versicolor\n"};
    for (int k = 0; k < 2; k++) {
        put("to/data/iris.csv", wrong[k]);
        expect_exit(0, &after, "eval %s", in("to/run"));
        ck_assert_str_eq(after, before);
        free(after);
    }
    free(before);
    eq_free(rows);
    eq_free(net);
    eq_free(xml);
}
END_TEST

Suite *mistakes_suite(void) {
    Suite *s = suite_create("mistakes");
    TCase *t = tcase_create("mistakes");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, trainings_say_it, 0, (int)(sizeof trainings / sizeof *trainings));
    tcase_add_loop_test(t, settings_without_effect_are_told, 0, sizeof idle / sizeof *idle);
    tcase_add_test(t, what_is_no_state_or_gradient_is_told);
    tcase_add_test(t, checks_show_what_they_say);
    tcase_add_test(t, slow_modes_are_told);
    tcase_add_test(t, what_counts_is_not_warned_of);
    tcase_add_loop_test(t, bounds_count_beside_what_is_in_their_units, 0,
                        (int)(sizeof in_w / sizeof *in_w));
    tcase_add_test(t, a_bare_resistor_is_set_in_ohm);
    tcase_add_loop_test(t, evaluations_say_what_has_no_effect, 0,
                        (int)(sizeof evaluations / sizeof *evaluations));
    tcase_add_test(t, seeds_and_single_runs_keep_apart);
    tcase_add_test(t, what_was_looked_at_stays_in_the_metrics);
    tcase_add_test(t, a_mailed_run_takes_the_data_it_was_trained_with);
    suite_add_tcase(s, t);
    return s;
}
