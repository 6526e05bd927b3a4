/* Experiments of a <network>, which is no circuit: training, folder, resume, gradcheck, and what the
 * commands that need a circuit say. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "../support/training.h"
#include "base/file.h"
#include "base/mem.h"
#include "train/folder.h"
#include "train/train.h"

Suite *network_suite(void);

static const char digits[] = "netlists/hopfield-digits.xml";

static void train(const char *folder, size_t epochs, const char *how) {
    expect_exit(0, NULL, "train %s -o %s --epochs %zu --set data.train-limit=200 %s", digits,
                in(folder), epochs, how);
}

static bool there(const char *folder, const char *name) {
    char path[256], *text = NULL;
    size_t length;
    snprintf(path, sizeof path, "%s/%s", in(folder), name);
    bool is = eq_file_read(path, (eq_place){0}, &text, &length, NULL) == EQ_OK;
    eq_free(text);
    return is;
}

START_TEST(a_resumed_training_has_the_bits_of_one_in_a_piece) {
    const char *solver = _i == 0 ? "" : "--set network.solver=euler";
    train("whole", 3, solver);
    train("parts", 1, solver);
    char again[80];
    snprintf(again, sizeof again, "--resume %s", solver);
    train("parts", 3, again);
    eq_checkpoint a = checkpoint_of(in("whole")), b = checkpoint_of(in("parts"));
    ck_assert_uint_eq(a.conductances, 64 * 100 + 100 + 100 * 10 + 10);
    ck_assert_uint_eq(a.conductances, b.conductances);
    ck_assert_int_eq(memcmp(a.g, b.g, a.conductances * sizeof *a.g), 0);
    ck_assert(a.row[2].train_loss < 0.8 * a.row[0].train_loss);
    ck_assert(!there("whole", "model.cir"));
    ck_assert(there("whole", "diagnosis.csv") && there("whole", "metrics.csv"));
    eq_checkpoint_free(&a);
    eq_checkpoint_free(&b);
}
END_TEST

/* What eval finds in the folder is what training had measured; another network does not fit. */
START_TEST(a_folder_is_taken_up_again) {
    train("run", 4, "");
    eq_trained *m = NULL;
    eq_evaluation e;
    ck_assert_int_eq(eq_trained_open_on(in("run"), NULL, 1, &m, NULL), EQ_OK);
    ck_assert_ptr_null(eq_trained_circuit(m));
    ck_assert_int_eq(eq_trained_evaluate(m, &e, NULL), EQ_OK);
    eq_metrics best;
    size_t epochs;
    ck_assert(eq_trained_chosen(m, &best, &epochs));
    ck_assert_double_eq_tol(e.error, best.test_error, 1e-12);
    ck_assert_double_eq_tol(e.loss, best.test_loss, 1e-7);
    eq_evaluation_free(&e);
    eq_trained_free(m);
    char *text;
    expect_exit(0, &text, "gradcheck %s --examples 8", in("run"));
    free(text);
    expect_exit(0, NULL, "eval %s --predictions %s", in("run"), in("p.csv"));
    expect_exit(0, NULL, "eval %s --json", in("run"));
    expect_exit(2, &text, "eval %s --set network.layers=64,90,10", in("run"));
    ck_assert_ptr_nonnull(strstr(text, "the same layers"));
    free(text);
    expect_exit(2, &text,
                "train %s -o %s --resume --epochs 9 --set data.train-limit=200 --set "
                "network.layers=64,90,10",
                digits, in("run"));
    ck_assert_ptr_nonnull(strstr(text, "<network>"));
    free(text);
}
END_TEST

static const char *const refused[] = {
    "op %s",           "check %s",          "verify %s",
    "sens %s",         "report %s",         "export %s --to ngspice",
    "eval %s --power", "eval %s --temp 50", "eval %s --model netlists/iris.cir"};

START_TEST(what_needs_a_circuit_says_so) {
    train("run", 1, "");
    for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
        char command[256], *text;
        snprintf(command, sizeof command, refused[k], in("run"));
        expect_exit(2, &text, "%s", command);
        ck_assert_msg(strstr(text, "needs a circuit, and the <network> of") != NULL, "%s: %s",
                      command, text);
        free(text);
    }
}
END_TEST

/* Every estimator against the adjoint, the adjoint against differences. */
START_TEST(gradients_hold) {
    static const char *const how[] = {"network.solver=sweeps", "network.solver=euler",
                                      "network.layers=64,20,15,10"};
    eq_experiment *x = NULL;
    eq_gradcheck_report r;
    const eq_settings set = {how + _i, 1};
    ck_assert_int_eq(eq_experiment_read_with(digits, &set, &x, NULL), EQ_OK);
    ck_assert_int_eq(eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 2, &r, NULL), EQ_OK);
    ck_assert_msg(r.passed, "%s", r.why == NULL ? "an estimator" : r.why);
    ck_assert(r.difference < 1e-7);
    ck_assert(r.row[0].cosine > 1.0 - 1e-9);
    ck_assert(r.losses > 0 &&
              r.strayed == 0); /* first weights leave one state, of two hidden layers, too */
    eq_gradcheck_free(&r);
    eq_experiment_free(x);
}
END_TEST

/* Networks whose units are coupled in their layer have many stable states; where a phase that begins at zero ends hangs on the
 * last digit of a weight, the gradient on the state it is of. */
START_TEST(gradients_hold_where_there_are_several_states) {
    static const char *const how[][3] = {
        {"network.lateral=2", "network.layers=64,20,12,10", "network.sigma=tanh"},
        {"network.lateral=2", "network.layers=64,20,20,10", "network.sigma=hard-sigmoid"},
    };
    const char *const *item = how[_i];
    const eq_settings set = {item, 3};
    eq_experiment *x = NULL;
    eq_gradcheck_report r;
    char *text;
    ck_assert_int_eq(eq_experiment_read_with(digits, &set, &x, NULL), EQ_OK);
    ck_assert_int_eq(eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 4, &r, NULL), EQ_OK);
    ck_assert_msg(r.passed && r.strayed > 0, "%zu strayed: %s", r.strayed,
                  r.why == NULL ? "an estimator" : r.why);
    ck_assert(r.difference < 1e-5);
    eq_gradcheck_free(&r);
    eq_experiment_free(x);
    expect_exit(0, &text, "gradcheck %s --set %s --set %s --set %s", digits, item[0], item[1],
                item[2]);
    ck_assert_msg(strstr(text, "there are several stable states") != NULL, "%s", text);
    free(text);
}
END_TEST

/* The shipped ones that lack weights: how much of theirs there is, and what training them does. */
static const struct {
    const char *path, *set;
    size_t parameters;
    double error; /* of held-out examples, at most, in 15 epochs */
} lacking[] = {
    {"netlists/hopfield-graph.xml", "", 159 + 33, 0.2},
    {"netlists/hopfield-sparse.xml", "--set data.train-limit=600", 2560 + 200 + 1000 + 10 + 398,
     0.15},
};

/* In a piece, in parts, on two threads: the same bits. What eval finds is what training measured. */
START_TEST(what_lacks_weights_is_trained_and_taken_up_again) {
    static const char *const how[] = {"", "--epochs 2", "--resume --threads 2"};
    const char *path = lacking[_i].path, *set = lacking[_i].set;
    eq_checkpoint k[2];
    eq_metrics best, chosen;
    eq_trained *m = NULL;
    eq_evaluation e;
    size_t epochs;
    for (int part = 0; part < 3; part++)
        expect_exit(0, NULL, "train %s -o %s --epochs 15 %s %s", path, in(part == 0 ? "a" : "b"),
                    how[part], set);
    for (int run = 0; run < 2; run++) k[run] = checkpoint_of(in(run == 0 ? "a" : "b"));
    ck_assert_uint_eq(k[0].conductances, lacking[_i].parameters);
    ck_assert_uint_eq(k[1].conductances, lacking[_i].parameters);
    ck_assert_int_eq(memcmp(k[0].g, k[1].g, k[0].conductances * sizeof *k[0].g), 0);
    best = k[0].row[14];
    for (int run = 0; run < 2; run++) eq_checkpoint_free(&k[run]);
    ck_assert_int_eq(eq_trained_open_on(in("a"), NULL, 1, &m, NULL), EQ_OK);
    ck_assert_int_eq(eq_trained_evaluate(m, &e, NULL), EQ_OK);
    if (eq_trained_chosen(m, &chosen, &epochs)) best = chosen;
    ck_assert_double_eq_tol(e.error, best.test_error, 1e-12);
    ck_assert_double_lt(e.error, lacking[_i].error);
    eq_evaluation_free(&e);
    eq_trained_free(m);
    expect_exit(0, NULL, "gradcheck %s", in("a"));
}
END_TEST

START_TEST(what_lacks_weights_holds_its_gradients) {
    for (int euler = 0; euler < 2; euler++) {
        const char *set = euler ? "network.solver=euler" : "network.solver=sweeps";
        eq_experiment *x = NULL;
        eq_gradcheck_report r;
        ck_assert_int_eq(
            eq_experiment_read_with(lacking[_i].path, &(eq_settings){&set, 1}, &x, NULL), EQ_OK);
        ck_assert_int_eq(eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 2, &r, NULL), EQ_OK);
        ck_assert_msg(r.passed, "%s", r.why == NULL ? "an estimator" : r.why);
        ck_assert(r.difference < 1e-5 && r.row[0].cosine > 1.0 - 1e-9);
        eq_gradcheck_free(&r);
        eq_experiment_free(x);
    }
}
END_TEST

/* Another list under the same name is another network, for a resume and an evaluation. */
START_TEST(a_changed_list_is_told) {
    static const char *const list[] = {"from,to\na,h\nb,h\nh,y\n", "from,to\na,h\nb,y\nh,y\n"};
    put("rows.csv", "a,b,y\n0.1,0.2,0.3\n0.3,0.1,0.2\n");
    put("net.xml", "<experiment><network kind='hopfield' edges='e.csv' inputs='a b' outputs='y'/>"
                   "<data format='csv' path='rows.csv' targets='y'/><cost type='squared-error'/>"
                   "<optimizer type='sgd' rate='0.1'/></experiment>");
    char run[256], net[256], rows[256], *text;
    snprintf(run, sizeof run, "%s", in("run"));
    snprintf(net, sizeof net, "%s", in("net.xml"));
    put("e.csv", list[0]);
    expect_exit(0, NULL, "train %s -o %s --epochs 2", net, run);
    put("e.csv", list[1]);
    expect_exit(2, &text, "train %s -o %s --epochs 4 --resume", net, run);
    ck_assert_msg(strstr(text, "<network>") != NULL, "%s", text);
    free(text);
    snprintf(rows, sizeof rows, "%s", in("rows.csv"));
    expect_exit(2, &text, "eval %s --data %s", run, rows);
    ck_assert_msg(strstr(text, "e.csv; give back the lists") != NULL, "%s", text);
    free(text);
    put("e.csv", list[0]);
    expect_exit(0, NULL, "train %s -o %s --epochs 4 --resume", net, run);
    expect_exit(0, NULL, "eval %s --data %s --set network.tolerance=1e-6", run, rows);
    put("other.csv", list[1]);
    expect_exit(2, &text, "eval %s --set network.edges=%s", run, in("other.csv"));
    ck_assert_msg(strstr(text, "are not those of the run") != NULL, "%s", text);
    free(text);
    expect_exit(0, NULL, "train %s -o %s --epochs 1 --set data.train-limit=60", lacking[1].path,
                in("sparse"));
    expect_exit(2, &text, "eval %s --set network.topology=2", in("sparse"));
    ck_assert_msg(strstr(text, "are not those of the run") != NULL, "%s", text);
    free(text);
}
END_TEST

static const struct {
    const char *set, *said;
} bad[] = {{"network.layers=64", "a network of 1 layers"},
           {"network.layers=64,0,10", "layer 1 has no units"},
           {"network.layers=64,ten,10", "widths between commas"},
           {"network.layers=64,100000,100000", "make them smaller"},
           {"network.layers=60,100,10", "input"},
           {"network.layers=64,100,9", "outputs"},
           {"network.density=0", "above 0 and at most 1"},
           {"network.density=w9=0.5", "'w9=0.5' is no part"},
           {"network.density=1e-3", "no input acts on the output"},
           {"network.inputs=a", "add edges"},
           {"network.step=2", "0 < step < 2"},
           {"network.steps=1", "does not settle"},
           {"network.steps=1", " in example "},
           {"network.kind=lstm", "hopfield"},
           {"circuit.deck=netlists/iris.cir", "one circuit or network"},
           {"cost.type=squared-difference", "squared-error"},
           {"optimizer.rate=1e308", "goes beyond what numbers hold"}};

START_TEST(bad_input_is_told) {
    char *text;
    outcome o = run_program("train %s -o %s --epochs 2 --set data.train-limit=60 --set %s", digits,
                            in("run"), bad[_i].set);
    text = o.text;
    ck_assert_msg(o.exit_status == 1 || o.exit_status == 2, "%s: %d", bad[_i].set, o.exit_status);
    ck_assert_msg(strstr(text, bad[_i].said) != NULL, "%s: %s", bad[_i].set, text);
    outcome_free(&o);
}
END_TEST

Suite *network_suite(void) {
    Suite *s = suite_create("network");
    TCase *t = tcase_create("network");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, a_resumed_training_has_the_bits_of_one_in_a_piece, 0, 2);
    tcase_add_test(t, a_folder_is_taken_up_again);
    tcase_add_test(t, what_needs_a_circuit_says_so);
    tcase_add_loop_test(t, gradients_hold, 0, 3);
    tcase_add_loop_test(t, gradients_hold_where_there_are_several_states, 0, 2);
    tcase_add_loop_test(t, what_lacks_weights_is_trained_and_taken_up_again, 0, 2);
    tcase_add_loop_test(t, what_lacks_weights_holds_its_gradients, 0, 2);
    tcase_add_test(t, a_changed_list_is_told);
    tcase_add_loop_test(t, bad_input_is_told, 0, (int)(sizeof bad / sizeof *bad));
    suite_add_tcase(s, t);
    return s;
}
