/* The validation set: which rows it has, what is chosen by it, and that a stopped training goes on
 * to the same choice. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "../support/training.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "model/power.h"
#include "train/train.h"
#include "train/trainer.h"

Suite *validation_suite(void);

/* Two overlapping clouds: a network soon does not get better on what it is not trained with. */
static void setup(void) {
    eq_random r = eq_random_seed(4);
    eq_text csv = {0};
    scratch_make();
    eq_text_puts(&csv, "a,b,kind\n");
    for (int k = 0; k < 90; k++) {
        double a = eq_random_uniform(&r), b = eq_random_uniform(&r);
        bool red = a + b + 0.8 * (eq_random_uniform(&r) - 0.5) > 1.0;
        eq_text_printf(&csv, "%.4f,%.4f,%s\n", a, b, red ? "red" : "blue");
    }
    put("data.csv", csv.text);
    eq_text_free(&csv);
}

/* Every row once, by its number in data.csv. */
static void mark(const uint32_t *index, size_t count, int *seen) {
    for (size_t k = 0; k < count; k++) seen[index[k]]++;
}

START_TEST(rows_are_cut_from_those_that_train) {
    char path[512];
    snprintf(path, sizeof path, "%s", in("data.csv"));
    for (uint64_t seed = 1; seed < 20; seed++)
        for (int own = 0; own < 2; own++) {
            eq_data_options o = {.path = path, .validation_fraction = 0.2, .train_limit = 50};
            if (own)
                o.test_path = path;
            else
                o.test_fraction = 0.3;
            eq_data_set without, s, again;
            int seen[90] = {0}, limited[90] = {0};
            ck_assert_int_eq(eq_data_set_read(&o, ".", seed, &s, NULL), EQ_OK);
            ck_assert_int_eq(eq_data_set_read(&o, ".", seed, &again, NULL), EQ_OK);
            o.validation_fraction = 0.0;
            ck_assert_int_eq(eq_data_set_read(&o, ".", seed, &without, NULL), EQ_OK);
            ck_assert_uint_eq(s.train_count, 40); /* of the 50 that are left by the limit */
            ck_assert_uint_eq(s.validation_count, 10);
            ck_assert_uint_eq(without.train_count, 50);
            ck_assert_uint_eq(without.validation_count, 0);
            ck_assert_uint_eq(s.test_count, without.test_count);
            ck_assert_mem_eq(s.test_index, without.test_index, s.test_count * sizeof(uint32_t));
            ck_assert_mem_eq(s.validation_index, again.validation_index, 10 * sizeof(uint32_t));
            mark(without.train_index, 50, limited);
            mark(s.train_index, 40, seen);
            mark(s.validation_index, 10, seen);
            ck_assert_mem_eq(seen, limited, sizeof seen); /* the same rows, each once */
            if (!own) mark(s.test_index, s.test_count, seen);
            for (int k = 0; k < 90; k++) ck_assert_int_le(seen[k], 1);
            eq_data_set_free(&without);
            eq_data_set_free(&s);
            eq_data_set_free(&again);
        }
}
END_TEST

/* A deck whose diode keeps the layered engine away, or crossbars. */
static const char *const circuits[] = {"<architecture kind='kendall' layers='4,4,4'/>",
                                       "<circuit deck='net.cir'/>"};
static const char deck[] =
    "a grid\nV1 a 0 0\nV2 b 0 0\nV3 c 0 0\nV4 d 0 0\nRa1 a h 1k\nRa2 b h 2k\nRa3 c k 3k\nRa4 d k "
    "1k\n"
    "Rh h k 5k\nD1 h 0 dm\nD2 0 k dm\nB1 h 0 I=1u*V(h)\nRo1 h p 1k\nRo2 k q 1k\nRo3 h q 4k\n"
    "Ro4 k p 7k\nRp r 0 10k\nRs s 0 10k\nRr h r 3k\nRt k s 5k\n.model dm D is=1e-6\n"
    "*% input V1 V2 V3 V4\n*% output p,q r,s\n*% train Ra? gmin=1e-6 gmax=1e-2\n"
    "*% train Ro? gmin=1e-6 gmax=1e-2\n.end\n";

static eq_experiment *experiment_of(int circuit, size_t epochs, size_t patience) {
    eq_experiment *x = NULL;
    char text[1024];
    put("net.cir", deck);
    snprintf(text, sizeof text,
             "<experiment name='v' seed='3'>%s<data format='csv' path='data.csv' "
             "test-fraction='0.2' validation-fraction='0.25'/><encoding normalize='range' "
             "scale='2' invert='yes'/><cost type='squared-difference' high='0.3' low='-0.3'/>"
             "<estimator type='random-sign' beta='1e-6'/><optimizer type='momentum' rate='%s'>"
             "</optimizer><minibatch size='4'/><epochs count='%zu'/></experiment>",
             circuits[circuit], circuit == 0 ? "2e-6" : "1e-5", epochs);
    put("v.xml", text);
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_experiment_read(in("v.xml"), &x, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    x->patience = patience;
    return x;
}

static eq_train_summary train(int circuit, size_t epochs, size_t patience, const char *run,
                              bool resume, double save_every) {
    char folder[512];
    eq_train_options o = eq_train_defaults();
    eq_train_summary summary = {0};
    snprintf(folder, sizeof folder, "%s", in(run));
    eq_experiment *x = experiment_of(circuit, epochs, patience);
    o.folder = folder;
    o.resume = resume;
    o.save_every = save_every;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_train(x, &o, NULL, &summary, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    eq_experiment_free(x);
    return summary;
}

/* The row that the definition chooses: fewest errors, then least loss, then the first. */
static uint64_t best_of(const eq_checkpoint *p) {
    uint64_t best = 0;
    for (uint64_t k = 1; k < p->rows; k++) {
        const eq_metrics *a = &p->row[k], *b = &p->row[best];
        if (a->validation_error < b->validation_error ||
            (a->validation_error == b->validation_error && a->validation_loss < b->validation_loss))
            best = k;
    }
    return best + 1;
}

/* The network of the best epoch is kept: its parameters are those of a training of so many epochs,
 * model.cir has them, and eval gives its figures and says so. */
START_TEST(the_best_epoch_is_kept) {
    enum { EPOCHS = 30 };
    eq_train_summary s = train(_i, EPOCHS, 0, "run", false, 1e9);
    eq_checkpoint p = checkpoint_of(in("run"));
    ck_assert_uint_eq(p.rows, EPOCHS);
    ck_assert_uint_eq(p.best_epoch, best_of(&p));
    ck_assert_uint_lt(p.best_epoch, EPOCHS); /* or this shows nothing */
    ck_assert_uint_eq(s.best.epoch, p.best_epoch);
    ck_assert_uint_eq(s.validation_examples, 18);
    ck_assert(!s.stopped_early);
    train(_i, p.best_epoch, 0, "short", false, 1e9);
    eq_checkpoint q = checkpoint_of(in("short"));
    ck_assert_mem_eq(p.best, q.g, p.conductances * sizeof *p.best);
    ck_assert(memcmp(p.best, p.g, p.conductances * sizeof *p.best) != 0);
    eq_trained *m = NULL;
    eq_evaluation e = {0};
    eq_metrics row;
    size_t epochs;
    ck_assert_int_eq(eq_trained_open_on(in("run"), NULL, 1, &m, NULL), EQ_OK);
    ck_assert(eq_trained_chosen(m, &row, &epochs));
    ck_assert_uint_eq(epochs, EPOCHS);
    ck_assert_int_eq(eq_trained_evaluate(m, &e, NULL), EQ_OK);
    ck_assert_double_eq_tol(e.loss, p.row[p.best_epoch - 1].test_loss, 1e-12);
    ck_assert(e.error == p.row[p.best_epoch - 1].test_error);
    eq_evaluation_free(&e);
    eq_trained_free(m);
    char *text, said[128];
    expect_exit(0, &text, "eval %s/run", scratch_current());
    snprintf(said, sizeof said,
             "the network of epoch %d, the best of 30 on the validation set (error",
             (int)p.best_epoch);
    ck_assert_msg(strstr(text, said) != NULL, "%s", text);
    free(text);
    text = file_text(in("run/" EQ_TRAIN_MODEL));
    snprintf(said, sizeof said, "trained by eqspice, %d epochs", (int)p.best_epoch);
    ck_assert_ptr_nonnull(strstr(text, said));
    eq_free(text);
    text = file_text(in("run/" EQ_TRAIN_METRICS));
    static const char head[] = "epoch,train_loss,train_error,validation_loss,validation_error,"
                               "test_loss,test_error,examples_per_s,seconds\n";
    ck_assert_int_eq(strncmp(text, head, strlen(head)), 0);
    eq_free(text);
    eq_checkpoint_free(&p);
    eq_checkpoint_free(&q);
}
END_TEST

/* So many epochs without a better one, and no more; the same when every epoch is a process of its
 * own; a run that has ended so is not gone on with, but with more patience it is. */
START_TEST(patience_ends_the_training) {
    enum { PATIENCE = 4, EPOCHS = 40 };
    eq_train_summary s = train(_i, EPOCHS, PATIENCE, "run", false, 1e9);
    eq_checkpoint p = checkpoint_of(in("run"));
    ck_assert(s.stopped_early);
    ck_assert_uint_eq(p.epoch, p.best_epoch + PATIENCE);
    ck_assert_uint_eq(p.best_epoch, best_of(&p));
    ck_assert_uint_lt(p.epoch, EPOCHS);
    for (size_t k = 1; k < EPOCHS; k++) train(_i, k, PATIENCE, "parts", k > 1, 0.0);
    eq_checkpoint q = checkpoint_of(in("parts"));
    ck_assert_uint_eq(q.epoch, p.epoch);
    ck_assert_uint_eq(q.best_epoch, p.best_epoch);
    ck_assert_uint_eq(q.best_steps, p.best_steps);
    ck_assert_mem_eq(p.best, q.best, p.conductances * sizeof *p.best);
    ck_assert_mem_eq(p.g, q.g, p.conductances * sizeof *p.g);
    for (uint64_t k = 0; k < p.rows; k++)
        ck_assert(p.row[k].validation_loss == q.row[k].validation_loss &&
                  p.row[k].test_loss == q.row[k].test_loss);
    s = train(_i, p.epoch + 2, EPOCHS, "run", true, 0.0);
    ck_assert(!s.stopped_early);
    eq_checkpoint r = checkpoint_of(in("run"));
    ck_assert_uint_eq(r.epoch, p.epoch + 2);
    eq_checkpoint_free(&p);
    eq_checkpoint_free(&q);
    eq_checkpoint_free(&r);
}
END_TEST

START_TEST(what_cannot_be_chosen_by_is_refused) {
    static const struct {
        const char *data, *epochs, *message;
    } bad[] = {{"", " patience='3'", "patience waits for the validation set"},
               {" validation-fraction='0.001'", "", "leaves none to validate with"},
               {" validation-fraction='0.999'", "", "leaves none to train with"}};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char text[1024], *out;
        snprintf(text, sizeof text,
                 "<experiment name='v'><architecture kind='drn' layers='2,2,4'/><data format='csv' "
                 "path='data.csv'%s/><optimizer type='sgd' rate='0'/><epochs count='2'%s/>"
                 "</experiment>",
                 bad[k].data, bad[k].epochs);
        put("bad.xml", text);
        expect_exit(2, &out, "train %s/bad.xml -o %s/bad", scratch_current(), scratch_current());
        ck_assert_msg(strstr(out, bad[k].message) != NULL, "%s", out);
        free(out);
    }
}
END_TEST

/* The shipped digits, chosen by their validation set: 95 % of the held-out rows for four of five
 * seeds. */
START_TEST(digits_are_learned) {
    int good = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        eq_experiment *x = NULL;
        eq_train_summary s;
        ck_assert_int_eq(eq_experiment_read("netlists/digits.xml", &x, NULL), EQ_OK);
        x->seed = seed;
        ck_assert_int_eq(eq_train(x, NULL, NULL, &s, NULL), EQ_OK);
        ck_assert_uint_eq(s.test_examples, 359);
        good += s.best.test_error <= 0.05;
        eq_experiment_free(x);
    }
    ck_assert_int_ge(good, 4);
}
END_TEST

static double watts_of(int circuit, size_t epochs, bool kept, uint64_t *best) {
    eq_train_options o = eq_train_defaults();
    eq_train_summary summary = {0};
    eq_metrics last;
    double watts = NAN;
    eq_experiment *x = experiment_of(circuit, epochs, 0);
    ck_assert_int_eq(eq_train_metered(x, &o, kept, &last, &summary, &watts, NULL), EQ_OK);
    *best = summary.best.epoch;
    eq_experiment_free(x);
    return watts;
}

/* The power of an inference is that of the network that the run stands for. */
START_TEST(the_best_epoch_is_metered) {
    uint64_t best, same;
    double watts = watts_of(_i, 30, true, &best), short_run = watts_of(_i, best, true, &same);
    ck_assert_uint_lt(best, 30);
    ck_assert_uint_eq(best, same);
    ck_assert_double_eq(watts, short_run);
    ck_assert_double_ne(watts, watts_of(_i, best - 1, true, &same));
}
END_TEST

/* What the held-out examples take in the network that so many epochs leave. */
static double watts_behind(int circuit, size_t epochs) {
    eq_experiment *x = experiment_of(circuit, epochs, 0);
    eq_trainer *t = NULL;
    ck_assert_int_eq(eq_trainer_new(x, NULL, &t, NULL), EQ_OK);
    for (size_t k = 0; k < epochs; k++) ck_assert_int_eq(eq_trainer_epoch(t, NULL, NULL), EQ_OK);
    eq_session *s = &t->s;
    eq_meter *meter = NULL;
    double *v = eq_calloc(s->batch, eq_circuit_nodes(s->c) * sizeof *v);
    eq_network_store(s->model);
    ck_assert_int_eq(eq_meter_new(s->model, &meter, NULL), EQ_OK);
    for (size_t k = 0; k < s->set.test_count; k++) {
        ck_assert_int_eq(eq_session_free_phase(s, s->set.test, s->set.test_index + k, 1, NULL),
                         EQ_OK);
        ck_assert_int_eq(eq_network_potentials(s->model, 1, s->input, v, NULL), EQ_OK);
        ck_assert_int_eq(eq_meter_read(meter, 1, s->input, v, NULL), EQ_OK);
    }
    double watts = eq_meter_mean(meter)->total.delivered;
    eq_meter_free(meter);
    eq_free(v);
    eq_trainer_free(t);
    eq_experiment_free(x);
    return watts;
}

/* Beside the errors of the last epoch stand the watts of its network, not of the best one. */
START_TEST(the_last_epoch_is_metered) {
    uint64_t best;
    double watts = watts_of(_i, 30, false, &best), kept = watts_of(_i, 30, true, &best);
    ck_assert_double_eq_tol(watts, watts_behind(_i, 30), 1e-12 * watts);
    ck_assert_double_eq_tol(kept, watts_behind(_i, best), 1e-12 * kept);
    ck_assert(fabs(watts - kept) > 1e-6 * kept);
}
END_TEST

Suite *validation_suite(void) {
    Suite *s = suite_create("validation");
    TCase *t = tcase_create("validation");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, setup, scratch_drop);
    tcase_add_test(t, rows_are_cut_from_those_that_train);
    tcase_add_loop_test(t, the_best_epoch_is_kept, 0, 2);
    tcase_add_loop_test(t, the_best_epoch_is_metered, 0, 2);
    tcase_add_loop_test(t, the_last_epoch_is_metered, 0, 2);
    tcase_add_loop_test(t, patience_ends_the_training, 0, 2);
    tcase_add_test(t, what_cannot_be_chosen_by_is_refused);
    tcase_add_test(t, digits_are_learned);
    suite_add_tcase(s, t);
    return s;
}
