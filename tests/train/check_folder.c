/* The folder of a run (issue 15, points 9 to 11): one run, one owner, and a checkpoint that goes on
 * only with what it was begun with. */
#define _XOPEN_SOURCE 700
#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "support/program.h"
#include "train/checkpoint.h"
#include "train/train.h"

Suite *folder_suite(void);

enum { LONGEST = 512 };

static const char deck[] =
    "a title\nVx x 0 0\nVy y 0 0\nRw1 x h 1k\nRw2 y h2 3k\nRw3 h h2 2k\nRt h 0 10k tc1=1e-3\n"
    "D1 h 0 dm\nB1 h2 0 I=1u*V(h)\n.model dm D is=1e-6 n=1\n.options gmin=1e-12 abstol=1e-12\n"
    ".temp 27\n.nodeset v(h)=0.1\n*% input Vx Vy\n*% output h h2\n"
    "*% train Rw? gmin=1e-6 gmax=1e-2\n.op\n.print dc v(h)\n.end\n";
static const char rows[] = "u,v,kind\n1,0.3,a\n0.7,0.11,b\n0.9,-1.3,a\n0.2,0.5,b\n";
static const char test_rows[] = "u,v,kind\n1,1,a\n0.5,0.1,b\n";
static const char experiment[] =
    "<experiment name='small' seed='3'><circuit deck='net.cir'/>"
    "<data format='csv' path='train.csv' test-path='test.csv' label='kind'/>"
    "<encoding normalize='range' scale='1'/><cost type='squared-error' high='1'/>"
    "<estimator type='symmetric' beta='1e-7' nudging='current'/>"
    "<optimizer type='momentum' rate='1e-9' momentum='0.9'/><schedule type='constant'/>"
    "<minibatch size='2'/><epochs count='2'/></experiment>";
/* Rows held out of one file, and a network that is built. */
static const char built[] =
    "<experiment name='built' seed='3'>"
    "<architecture kind='drn' layers='2,3,2' outputs='single' is='1e-6'/>"
    "<data format='csv' path='train.csv' label='kind' test-fraction='0.25'/>"
    "<encoding normalize='range' scale='1'/><cost type='squared-error' high='1'/>"
    "<estimator type='symmetric' beta='1e-7' nudging='current'/>"
    "<optimizer type='sgd' rate='1e-9'><group match='*' init='uniform' low='1e-5' high='1e-4'/>"
    "</optimizer><minibatch size='2'/><epochs count='2'/></experiment>";

/* The text with its one `from` replaced by `to`. */
static void put_changed(const char *name, const char *text, const char *from, const char *to) {
    eq_text out = {0};
    const char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "no '%s' in %s", from, name);
    eq_text_add(&out, text, (size_t)(at - text));
    eq_text_printf(&out, "%s%s", to, at + strlen(from));
    put(name, out.text);
    eq_text_free(&out);
}

static void setup(void) {
    scratch_make();
    put("net.cir", deck);
    put("train.csv", rows);
    put("test.csv", test_rows);
    put("net.xml", experiment);
    put("built.xml", built);
}

static char *path_of(const char *run, const char *name) {
    static char path[LONGEST];
    snprintf(path, sizeof path, "%s/%s", in(run), name);
    return path;
}

static bool there(const char *run, const char *name) {
    return access(path_of(run, name), F_OK) == 0;
}

typedef enum how { FRESH, RESUME, FORCE } how;

/* Trains FOLDER/xml; the messages are in *diag when it is given. */
static eq_status train_with(const char *xml, const char *run, const eq_train_options *options,
                            uint64_t seed, eq_diag *diag) {
    char folder[LONGEST];
    eq_experiment *x = NULL;
    eq_train_options o = *options;
    snprintf(folder, sizeof folder, "%s", in(run));
    ck_assert_int_eq(eq_experiment_read(in(xml), &x, NULL), EQ_OK);
    o.folder = folder;
    if (seed > 0) x->seed = seed;
    eq_status status = eq_train(x, &o, NULL, NULL, diag);
    eq_experiment_free(x);
    return status;
}

static eq_status train(const char *xml, const char *run, how h, eq_diag *diag) {
    eq_train_options o = eq_train_defaults();
    o.resume = h == RESUME;
    o.force = h == FORCE;
    return train_with(xml, run, &o, 0, diag);
}

static void says(eq_diag *diag, const char *words) {
    const char *last = eq_diag_get(diag, eq_diag_count(diag) - 1)->text;
    ck_assert_msg(strstr(last, words) != NULL, "%s\nnot: %s", last, words);
    eq_diag_clear(diag);
}

static eq_status open_run(const char *run, eq_evaluation *e, eq_diag *diag) {
    eq_trained *m = NULL;
    eq_status status = eq_trained_open_on(in(run), NULL, 1, &m, diag);
    if (status == EQ_OK && e != NULL) ck_assert_int_eq(eq_trained_evaluate(m, e, diag), EQ_OK);
    eq_trained_free(m);
    return status;
}

static const char *const files[] = {EQ_TRAIN_EXPERIMENT, EQ_TRAIN_MODEL,  EQ_TRAIN_CHECKPOINT,
                                    EQ_TRAIN_METRICS,    EQ_TRAIN_CURVES, EQ_TRAIN_DIAGNOSIS};
enum { FILES = sizeof files / sizeof *files };

/* Before the first epoch nothing of the run that --force replaces is left, were this one killed. */
static void begins_alone(void *data, const eq_train_summary *summary) {
    (void)summary;
    for (int k = 0; k < FILES; k++)
        ck_assert_int_eq(there(data, files[k]), strcmp(files[k], EQ_TRAIN_EXPERIMENT) == 0);
}

/* Any file of a run keeps a new one out, untouched; --force removes those files and no others. */
START_TEST(a_used_folder_is_refused) {
    eq_diag *diag = eq_diag_new();
    mkdir(in("run"), 0755);
    put("run/notes.txt", "mine");
    char path[LONGEST];
    snprintf(path, sizeof path, "%s", path_of("run", files[_i]));
    ck_assert_int_eq(eq_file_write(path, "old", 3, NULL), EQ_OK);
    ck_assert_int_eq(train("net.xml", "run", FRESH, diag), EQ_ERR_USAGE);
    says(diag, files[_i]);
    for (int k = 0; k < FILES; k++) ck_assert_int_eq(there("run", files[k]), k == _i);
    char *text = file_text(path);
    ck_assert_str_eq(text, "old");
    eq_free(text);
    char run[] = "run";
    eq_train_options force = eq_train_defaults();
    force.force = true;
    force.begin = begins_alone;
    force.data = run;
    ck_assert_int_eq(train_with("net.xml", run, &force, 0, diag), EQ_OK);
    ck_assert_int_eq(open_run("run", NULL, diag), EQ_OK);
    ck_assert(!there("run", EQ_TRAIN_CURVES)); /* the library draws nothing */
    ck_assert(!there("run", ".eqspice.lock"));
    text = file_text(in("run/notes.txt"));
    ck_assert_str_eq(text, "mine");
    eq_free(text);
    eq_diag_free(diag);
}
END_TEST

/* What --force would remove is not what the training reads, by whatever name. */
static const struct {
    const char *xml, *input, *target; /* run/input is the file, or a link to target */
} own_inputs[] = {
    {"run/experiment.xml", NULL, NULL},    {"deck.xml", "run/model.cir", NULL},
    {"data.xml", "run/metrics.csv", NULL}, {"linked.xml", "run/model.cir", "net.cir"},
    {"test.xml", "run/curves.svg", NULL},  {"include.xml", "run/model.cir", NULL},
};

START_TEST(force_spares_what_the_training_reads) {
    eq_diag *diag = eq_diag_new();
    const char *file = own_inputs[_i].input, *xml = own_inputs[_i].xml;
    mkdir(in("run"), 0755);
    put("run/checkpoint", "old");
    put("run/net.cir", deck), put("run/train.csv", rows), put("run/test.csv", test_rows);
    put("run/experiment.xml", experiment);
    if (_i == 1) put(file, deck), put_changed(xml, experiment, "net.cir", "./run/../run/model.cir");
    if (_i == 2) put(file, rows), put_changed(xml, experiment, "train.csv", file);
    if (_i == 3) {
        char link[LONGEST];
        snprintf(link, sizeof link, "%s", in(file));
        ck_assert_int_eq(symlink(in("net.cir"), link), 0);
        put(xml, experiment);
    }
    if (_i == 4) put(file, test_rows), put_changed(xml, experiment, "test.csv", file);
    if (_i == 5) {
        put(file, "* part\nR9 h2 0 10k\n");
        put_changed("whole.cir", deck, ".op\n", ".include run/model.cir\n.op\n");
        put_changed(xml, experiment, "net.cir", "whole.cir");
    }
    ck_assert_int_eq(train(xml, "run", FORCE, diag), EQ_ERR_USAGE);
    says(diag, "which this training reads");
    ck_assert(there("run", EQ_TRAIN_CHECKPOINT) && there("run", EQ_TRAIN_EXPERIMENT));
    ck_assert(file == NULL || access(in(file), F_OK) == 0);
    ck_assert(!there("run", ".eqspice.lock"));
    eq_diag_free(diag);
}
END_TEST

START_TEST(missing_folders_are_made) {
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(train("net.xml", "a/b/c/", FRESH, diag), EQ_OK);
    ck_assert(there("a/b/c", EQ_TRAIN_CHECKPOINT));
    put("a/file", "");
    ck_assert_int_eq(train("net.xml", "a/file/b/c", FRESH, diag), EQ_ERR_IO);
    says(diag, "cannot make the folder '");
    eq_train_options both = eq_train_defaults();
    both.resume = both.force = true;
    ck_assert_int_eq(train_with("net.xml", "a/b/c", &both, 0, diag), EQ_ERR_USAGE);
    says(diag, "give one of them");
    eq_diag_free(diag);
}
END_TEST

static eq_metrics best; /* of the last epoch that called back */

static void copy(const char *from, const char *to, const char *name) {
    char *text, path[LONGEST];
    size_t length;
    ck_assert_int_eq(eq_file_read(path_of(from, name), (eq_place){0}, &text, &length, NULL), EQ_OK);
    snprintf(path, sizeof path, "%s", path_of(to, name));
    ck_assert_int_eq(eq_file_write(path, text, length, NULL), EQ_OK);
    eq_free(text);
}

/* Every file of another run is found out, whatever that run did otherwise. */
START_TEST(files_of_different_runs_are_refused) {
    static const struct {
        const char *from, *to;
    } other[] = {{"seed='3'", "seed='4'"},
                 {"count='2'", "count='3'"},
                 {"rate='1e-9'", "rate='2e-9'"},
                 {"test-path='test.csv'", "test-path='train.csv'"}};
    eq_diag *diag = eq_diag_new();
    put_changed("other.xml", experiment, other[_i].from, other[_i].to);
    ck_assert_int_eq(train("other.xml", "other", FRESH, diag), EQ_OK);
    ck_assert_int_eq(train("net.xml", "run", FRESH, diag), EQ_OK);
    for (int k = 0; k < 3; k++) {
        copy("other", "run", files[k]);
        ck_assert_int_eq(open_run("run", NULL, diag), EQ_ERR_INPUT);
        says(diag, "belong to different runs: ");
        if (strcmp(files[k], EQ_TRAIN_CHECKPOINT) != 0) {
            ck_assert_int_eq(train("net.xml", "run", RESUME, diag), EQ_ERR_INPUT);
            says(diag, files[k]);
        }
        ck_assert_int_eq(train("net.xml", "run", FORCE, diag), EQ_OK);
        ck_assert_int_eq(open_run("run", NULL, diag), EQ_OK);
    }
    eq_diag_free(diag);
}
END_TEST

/* A part of a run is told from a whole one; a model without a note is nobody's. */
START_TEST(parts_of_a_run_are_refused) {
    static const char *const words[] = {"there is no run in this folder", "has no model yet",
                                        "has no checkpoint yet"};
    eq_diag *diag = eq_diag_new();
    for (int k = 0; k < 3; k++) {
        ck_assert_int_eq(train("net.xml", "run", FORCE, diag), EQ_OK);
        ck_assert_int_eq(unlink(path_of("run", files[k])), 0);
        ck_assert_int_eq(open_run("run", NULL, diag), EQ_ERR_INPUT);
        says(diag, words[k]);
    }
    ck_assert_int_eq(train("net.xml", "run", FORCE, diag), EQ_OK);
    put("run/" EQ_TRAIN_MODEL, deck);
    ck_assert_int_eq(open_run("run", NULL, diag), EQ_ERR_INPUT);
    says(diag, EQ_TRAIN_MODEL " says of none");
    eq_diag_free(diag);
}
END_TEST

static const struct {
    const char *file, *from, *to, *says; /* says NULL: goes on */
} change[] = {
    {"net.cir", "Rw1 x h 1k", "Rw1 x h 1.0000001k", "the circuit changed since the run began: "},
    {"net.cir", "Rt h 0 10k", "Rt h 0 11k", "net.cir"},
    {"net.cir", "Rt h 0 10k", "Rt 0 h 10k", "the circuit changed"},
    {"net.cir", "Rt h 0 10k", "Rt h2 0 10k", "the circuit changed"},
    {"net.cir", "tc1=1e-3", "tc1=2e-3", "the circuit changed"},
    {"net.cir", ".temp 27", ".temp 28", "the circuit changed"},
    {"net.cir", "gmin=1e-12 ", "gmin=1e-11 ", "the circuit changed"},
    {"net.cir", "abstol=1e-12", "abstol=1e-13", "the circuit changed"},
    {"net.cir", "is=1e-6", "is=2e-6", "the circuit changed"},
    {"net.cir", "is=1e-6 n=1", "is=1e-6 n=2", "the circuit changed"},
    {"net.cir", "1u*V(h)", "2u*V(h)", "the circuit changed"},
    {"net.cir", "1u*V(h)", "1u*V(h2)", "the circuit changed"},
    {"net.cir", "1u*V(h)", "1u*V(h)*V(h)", "the circuit changed"},
    {"net.cir", "v(h)=0.1", "v(h)=0.2", "the circuit changed"},
    {"net.cir", "v(h)=0.1", "v(h2)=0.1", "the circuit changed"},
    {"net.cir", "D1 h 0 dm\n", "D1 h 0 dm\nD2 h2 0 dm\n", "the circuit changed"},
    {"net.cir", "*% input Vx Vy", "*% input Vy Vx", "the circuit changed"},
    {"net.cir", "*% output h h2", "*% output h2 h", "the circuit changed"},
    {"net.cir", "gmax=1e-2", "gmax=1e-3", "the circuit changed"},
    {"net.cir", "Rw? gmin=1e-6", "Rw? gmin=1e-7", "the circuit changed"},
    {"net.cir", "a title", "another title", NULL},
    {"net.cir", ".print dc v(h)", "* nothing\n\n", NULL},
    {"train.csv", "0.7,0.11,b", "0.7,0.11001,b", "the data changed since the run began: "},
    {"train.csv", "0.7,0.11,b", "0.7,0.11,a", "train.csv"},
    {"train.csv", "0.2,0.5,b\n", "0.2,0.5,b\n0.2,0.5,b\n", "the data changed"},
    {"train.csv", "0.2,0.5,b\n", "", "the data changed"},
    {"train.csv", "0.7,0.11,b\n0.9,-1.3,a\n", "0.9,-1.3,a\n0.7,0.11,b\n", "the data changed"},
    {"test.csv", "0.5,0.1,b", "0.5,0.2,b", "test.csv"},
    {"test.csv", "0.5,0.1,b", "0.5,0.1,a", "the data changed"},
    {"train.csv", "u,v,kind", "first,v,kind", "no column is called 'first'"},
    {"net.xml", "seed='3'", "seed='4'", "the seed changed since the run began from 3 to 4"},
    {"net.xml", "label='kind'", "label='kind' train-limit='3'", "the data changed"},
    {"net.xml", "label='kind'", "label='kind' test-limit='1'", "the data changed"},
    {"net.xml", "normalize='range'", "normalize='standard'", "the experiment (encoding"},
    {"net.xml", "scale='1'", "scale='2'", "the experiment (encoding"},
    {"net.xml", "high='1'", "high='0.9'", "the experiment (encoding"},
    {"net.xml", "beta='1e-7'", "beta='2e-7'", "the experiment (encoding"},
    {"net.xml", "'current'", "'energy'", "the experiment (encoding"},
    {"net.xml", "'symmetric'", "'one-sided'", "the experiment (encoding"},
    {"net.xml", "rate='1e-9'", "rate='2e-9'", "the experiment (encoding"},
    {"net.xml", "momentum='0.9'", "momentum='0.8'", "the experiment (encoding"},
    {"net.xml", "type='momentum'", "type='adam'", "the experiment (encoding"},
    {"net.xml", "type='constant'", "type='step' factor='0.5'", "the experiment (encoding"},
    {"net.xml", "size='2'", "size='3'", "the experiment (encoding"},
    {"net.xml", "count='2'", "count='5'", NULL},
    {"net.xml", "name='small'", "name='large'", NULL},
    {"built.xml", "is='1e-6'", "is='2e-6'", "the circuit changed since the run began: <arch"},
    {"built.xml", "layers='2,3,2'", "layers='2,4,2'", "the circuit changed"},
    {"built.xml", "test-fraction='0.25'", "test-fraction='0.5'", "the data changed"},
    {"built.xml", "seed='3'", "seed='4'", "the seed changed"},
    {"built.xml", "high='1e-4'", "high='2e-4'", "the experiment (encoding"},
};
enum { CHANGES = sizeof change / sizeof *change };

static const char *original(const char *file) {
    if (strcmp(file, "net.cir") == 0) return deck;
    if (strcmp(file, "net.xml") == 0) return experiment;
    if (strcmp(file, "built.xml") == 0) return built;
    return strcmp(file, "test.csv") == 0 ? test_rows : rows;
}

/* Resume goes on with what the run was begun with, and names what is not; what decides nothing may
 * change. The folder of a refused one is as it was. */
START_TEST(resume_names_what_changed) {
    const char *xml = strcmp(change[_i].file, "built.xml") == 0 ? "built.xml" : "net.xml";
    eq_diag *diag = eq_diag_new();
    eq_status status = train(xml, "run", FRESH, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_get(diag, 0)->text);
    put_changed(change[_i].file, original(change[_i].file), change[_i].from, change[_i].to);
    status = train(xml, "run", RESUME, diag);
    if (change[_i].says == NULL) {
        ck_assert_msg(status == EQ_OK, "%s", eq_diag_get(diag, 0)->text);
    } else {
        ck_assert_msg(status == EQ_ERR_INPUT, "%s to %s", change[_i].from, change[_i].to);
        says(diag, change[_i].says);
        put(change[_i].file, original(change[_i].file));
        ck_assert_int_eq(train(xml, "run", RESUME, diag), EQ_OK);
    }
    eq_diag_free(diag);
}
END_TEST

/* Deck and data may move; two changes are both named. */
START_TEST(resume_after_a_move) {
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(train("net.xml", "run", FRESH, diag), EQ_OK);
    mkdir(in("moved"), 0755);
    put("moved/net.cir", deck);
    put("moved/train.csv", rows);
    put("moved/test.csv", test_rows);
    put_changed("moved/net.xml", experiment, "count='2'", "count='3'");
    ck_assert_int_eq(train("moved/net.xml", "run", RESUME, diag), EQ_OK);
    put_changed("moved/net.cir", deck, "1k", "2k");
    put_changed("moved/test.csv", test_rows, "1,1,a", "1,2,a");
    ck_assert_int_eq(train("moved/net.xml", "run", RESUME, diag), EQ_ERR_INPUT);
    const char *text = eq_diag_get(diag, eq_diag_count(diag) - 1)->text;
    ck_assert_msg(strstr(text, "the circuit changed") != NULL, "%s", text);
    says(diag, "the data changed");
    eq_diag_free(diag);
}
END_TEST

/* A killed training may have a checkpoint and no model: --resume writes it although no epoch is to
 * go; a run that has all is left as it is. */
START_TEST(resume_without_an_epoch_to_go_writes_the_model) {
    eq_diag *diag = eq_diag_new();
    eq_evaluation before, after;
    ck_assert_int_eq(train("net.xml", "run", FRESH, diag), EQ_OK);
    ck_assert_int_eq(open_run("run", &before, diag), EQ_OK);
    char *model = file_text(path_of("run", EQ_TRAIN_MODEL));
    ck_assert_int_eq(train("net.xml", "run", RESUME, diag), EQ_OK);
    char *same = file_text(path_of("run", EQ_TRAIN_MODEL));
    ck_assert_str_eq(same, model);
    for (int count = 2; count >= 1; count--) {
        put_changed("net.xml", experiment, "count='2'", count == 2 ? "count='2'" : "count='1'");
        ck_assert_int_eq(unlink(path_of("run", EQ_TRAIN_MODEL)), 0);
        ck_assert_int_eq(train("net.xml", "run", RESUME, diag), EQ_OK);
        ck_assert_int_eq(open_run("run", &after, diag), EQ_OK);
        ck_assert_double_eq(after.loss, before.loss);
        eq_evaluation_free(&after);
    }
    eq_evaluation_free(&before);
    eq_free(model);
    eq_free(same);
    eq_diag_free(diag);
}
END_TEST

/* Held-out rows of other data are a guess: told, and not when the data are given. */
START_TEST(evaluation_warns_of_other_data) {
    eq_diag *diag = eq_diag_new();
    eq_trained *m = NULL;
    ck_assert_int_eq(train("net.xml", "run", FRESH, diag), EQ_OK);
    put_changed("test.csv", test_rows, "1,1,a", "1,2,a");
    eq_diag_clear(diag);
    ck_assert_int_eq(open_run("run", NULL, diag), EQ_OK);
    ck_assert_int_eq(eq_diag_get(diag, 0)->severity, EQ_WARNING);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 0)->text, "the data changed since the run "));
    eq_diag_clear(diag);
    ck_assert_int_eq(eq_trained_open_on(in("run"), in("test.csv"), 1, &m, diag), EQ_OK);
    for (size_t k = 0; k < eq_diag_count(diag); k++)
        ck_assert_msg(strstr(eq_diag_get(diag, k)->text, "changed") == NULL, "%s",
                      eq_diag_get(diag, k)->text);
    eq_trained_free(m);
    eq_diag_free(diag);
}
END_TEST

/* The copy of an experiment in a run folder names the data of that run: a training anew with other
 * data is told so, one with the same is not. */
START_TEST(a_copy_is_trained_with_its_own_data) {
    for (int k = 0; k < 2; k++) {
        eq_diag *diag = eq_diag_new();
        ck_assert_int_eq(train("net.xml", "run", FORCE, diag), EQ_OK);
        eq_diag_clear(diag);
        if (k > 0) put_changed("train.csv", rows, "0.2,0.5,b", "0.2,0.6,b");
        ck_assert_int_eq(train("run/" EQ_TRAIN_EXPERIMENT, "again", FORCE, diag), EQ_OK);
        size_t told = 0;
        for (size_t j = 0; j < eq_diag_count(diag); j++) {
            const char *text = eq_diag_get(diag, j)->text;
            told += strstr(text, "the data changed since '") != NULL &&
                    strstr(text, "train.csv") != NULL;
        }
        ck_assert_uint_eq(told, (size_t)k);
        eq_diag_free(diag);
    }
}
END_TEST

/* A run is evaluated by the engine that trained it; one that does not suit its circuit is refused, whoever asks. */
START_TEST(a_run_keeps_its_engine) {
    char *text, *copy;
    expect_exit(0, NULL, "train %s -o %s --engine sparse", in("built.xml"), in("run"));
    copy = file_text(in("run/experiment.xml"));
    ck_assert_msg(strstr(copy, " engine=\"sparse\"") != NULL, "%s", copy);
    expect_exit(0, NULL, "eval %s", in("run"));
    eq_free(copy);
    expect_exit(0, NULL, "train %s -o %s --resume --epochs 3", in("built.xml"), in("run"));
    copy = file_text(in("run/experiment.xml"));
    ck_assert_msg(strstr(copy, " engine=\"sparse\"") != NULL, "%s", copy);
    eq_free(copy);
    expect_exit(0, NULL, "train %s -o %s --set architecture.engine=layered", in("built.xml"),
                in("layered"));
    expect_exit(2, &text, "train %s -o %s --engine sparse --set architecture.engine=layered",
                in("built.xml"), in("twice"));
    ck_assert_msg(strstr(text, "both say it") != NULL, "%s", text);
    free(text);
    expect_exit(0, NULL, "train %s -o %s --engine sparse", in("net.xml"), in("deck"));
    copy = file_text(in("deck/experiment.xml"));
    put_changed("deck/experiment.xml", copy, "engine=\"sparse\"", "engine=\"layered\"");
    eq_free(copy);
    expect_exit(1, &text, "eval %s", in("deck"));
    ck_assert_msg(strstr(text, "the layered engine cannot solve this circuit: it has b1") != NULL,
                  "%s", text);
    free(text);
}
END_TEST

/* While a training runs: nobody else writes there, whatever they ask for, and what is there can be
 * evaluated: the state of the last epoch. */
static void from_inside(void *data, const eq_metrics *m) {
    const char *run = data;
    char owner[64];
    eq_diag *diag = eq_diag_new();
    snprintf(owner, sizeof owner, "another training (process %ld on ", (long)getpid());
    for (how h = FRESH; h <= FORCE; h++) {
        ck_assert_int_eq(train("net.xml", run, h, diag), EQ_ERR_INPUT);
        says(diag, owner);
    }
    ck_assert(there(run, EQ_TRAIN_CHECKPOINT));
    eq_evaluation e = {0};
    eq_status status = open_run(run, &e, diag);
    if (!there(run, EQ_TRAIN_MODEL)) {
        ck_assert_int_eq(status, EQ_ERR_INPUT);
        says(diag, "this run has no model yet");
    } else {
        ck_assert_int_eq(status, EQ_OK);
        ck_assert_double_eq_tol(e.loss, m->test_loss, 1e-12 * m->test_loss);
        eq_evaluation_free(&e);
    }
    best = *m;
    eq_diag_free(diag);
}

/* The circuit as a deck, and as XML whose trained resistors stand in the deck's order and not in
 * that of their groups, all of them or but one group of two trained. */
static void put_circuit(int which) {
    eq_circuit *c = NULL;
    eq_text xml = {0};
    put_changed("net.cir", deck, "*% train Rw?",
                which == 0 ? "*% train Rw?" : "*% train Rw3 gmin=1e-6 gmax=1e-2\n*% train Rw?");
    if (which == 0) return;
    ck_assert_int_eq(eq_circuit_read(in("net.cir"), &c, NULL), EQ_OK);
    ck_assert_int_eq(eq_circuit_write(c, EQ_XML, NULL, &xml, NULL), EQ_OK);
    eq_circuit_free(c);
    if (which == 2) { /* rw1 and rw2 stay memristors that nobody trains */
        char *line = strstr(xml.text, "<train match=\"rw?\"");
        ck_assert_msg(line != NULL, "%s", xml.text);
        memset(line, ' ', strcspn(line, "\n"));
    }
    put("net.cir", xml.text);
    eq_text_free(&xml);
}

START_TEST(one_training_at_a_time) {
    char run[] = "run";
    put_circuit(_i);
    eq_diag *diag = eq_diag_new();
    eq_train_options o = eq_train_defaults();
    o.epoch = from_inside;
    o.data = run;
    o.save_every = 0.0;
    ck_assert_int_eq(train_with("net.xml", run, &o, 0, diag), EQ_OK);
    ck_assert_uint_eq(best.epoch, 2);
    ck_assert(!there(run, ".eqspice.lock"));
    put_changed("net.xml", experiment, "count='2'", "count='6'");
    o.resume = true;
    ck_assert_int_eq(train_with("net.xml", run, &o, 0, diag), EQ_OK);
    ck_assert_uint_eq(best.epoch, 6);
    eq_diag_free(diag);
}
END_TEST

/* The lock of a process that is gone says nothing, whatever stands in it. */
/* What kill -9 leaves unfinished goes with the next training, and nothing else does. */
START_TEST(unfinished_files_are_swept) {
    static const char *const name[] = {
        ".eqspice-0123456789abcdef.tmp", ".eqspice-fedcba9876543210.tmp", /* old; of this minute */
        ".eqspice-0123456789abcde.tmp",  ".eqspice-0123456789abcdeff.tmp",
        ".eqspice-0123456789ABCDEF.tmp", ".eqspice-0123456789abcdef.tmp~",
        "eqspice-0123456789abcdef.tmp",  ".eqspice-aaaaaaaaaaaaaaaa.tmp" /* a link */};
    enum { NAMES = sizeof name / sizeof *name };
    mkdir(in("run"), 0755);
    put("mine", "mine");
    for (int k = 0; k < NAMES; k++) {
        char path[LONGEST];
        snprintf(path, sizeof path, "%s", path_of("run", name[k]));
        if (k < NAMES - 1)
            ck_assert_int_eq(eq_file_write(path, "x", 1, NULL), EQ_OK);
        else
            ck_assert_int_eq(symlink(in("mine"), path), 0);
        struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
        if (k != 1) ck_assert_int_eq(utimensat(AT_FDCWD, path, old, AT_SYMLINK_NOFOLLOW), 0);
    }
    ck_assert_int_eq(train("net.xml", "run", FRESH, NULL), EQ_OK);
    for (int k = 0; k < NAMES; k++) ck_assert_int_eq(there("run", name[k]), k > 0);
    ck_assert_int_eq(access(in("mine"), F_OK), 0);
}
END_TEST

START_TEST(a_stale_lock_is_taken_over) {
    eq_diag *diag = eq_diag_new();
    char line[64];
    mkdir(in("run"), 0755);
    snprintf(line, sizeof line, "process %ld on here\n", (long)getpid());
    put("run/.eqspice.lock", line);
    ck_assert_int_eq(train("net.xml", "run", FRESH, diag), EQ_OK);
    ck_assert(!there("run", ".eqspice.lock"));
    put("elsewhere", "mine");
    ck_assert_int_eq(symlink(in("elsewhere"), path_of("run", ".eqspice.lock")), 0);
    ck_assert_int_eq(train("net.xml", "run", FORCE, diag), EQ_ERR_IO); /* never through a link */
    says(diag, "cannot lock the folder");
    char *text = file_text(in("elsewhere"));
    ck_assert_str_eq(text, "mine");
    eq_free(text);
    ck_assert(there("run", EQ_TRAIN_CHECKPOINT));
    eq_diag_free(diag);
}
END_TEST

#define PUT(what) eq_text_add(t, (const char *)&(what), sizeof(what))

/* The body of a checkpoint as format 1 had it, or 2. */
static void put_old_body(const eq_checkpoint *k, uint32_t version, eq_text *t) {
    const uint32_t print = 0;
    const uint64_t features = k->encoder.features, invert = k->encoder.invert;
    if (version == 1) {
        PUT(print);
    } else {
        PUT(k->run), PUT(k->began.seed), PUT(k->began.experiment), PUT(k->began.circuit),
            PUT(k->began.data);
    }
    PUT(k->epoch), PUT(k->position), PUT(k->steps), PUT(k->shuffle), PUT(k->sign), PUT(k->loss);
    PUT(k->wrong), PUT(k->seconds), PUT(k->epoch_seconds), PUT(k->conductances), PUT(k->states);
    eq_text_add(t, (const char *)k->g, k->conductances * sizeof *k->g);
    for (uint64_t j = 0; j < k->states; j++)
        eq_text_add(t, (const char *)k->state[j], k->conductances * sizeof *k->g);
    PUT(k->rows);
    for (uint64_t j = 0; j < k->rows; j++) {
        const eq_metrics *m = &k->row[j];
        PUT(m->epoch), PUT(m->train_loss), PUT(m->train_error), PUT(m->test_loss),
            PUT(m->test_error), PUT(m->examples_per_s), PUT(m->seconds);
    }
    PUT(features), PUT(invert);
    eq_text_add(t, (const char *)k->encoder.input.gain, features * sizeof(double));
    eq_text_add(t, (const char *)k->encoder.input.offset, features * sizeof(double));
    PUT(k->classes);
    for (uint64_t j = 0; j < k->classes; j++) {
        uint64_t n = strlen(k->class_name[j]) + 1;
        PUT(n);
        eq_text_add(t, k->class_name[j], n);
    }
}

/* The checkpoint of the folder becomes one of an older format. */
static void age(const char *path, uint32_t version) {
    eq_checkpoint k;
    eq_text body = {0}, all = {0}, *t = &all;
    ck_assert_int_eq(eq_checkpoint_read(path, &k, NULL), EQ_OK);
    put_old_body(&k, version, &body);
    uint32_t crc = eq_crc32(body.text, body.length);
    uint64_t length = body.length;
    eq_text_add(t, "eqspckpt", 8);
    PUT(version), PUT(crc), PUT(length);
    eq_text_add(t, body.text, body.length);
    ck_assert_int_eq(eq_file_write(path, all.text, all.length, NULL), EQ_OK);
    eq_text_free(&body);
    eq_text_free(&all);
    eq_checkpoint_free(&k);
}

/* Format 2 knew neither targets nor a best epoch: such a run goes on to the same bits. */
START_TEST(a_run_of_format_2_goes_on) {
    eq_diag *diag = eq_diag_new();
    eq_checkpoint whole, p;
    put_changed("short.xml", experiment, "count='2'", "count='1'");
    ck_assert_int_eq(train("net.xml", "whole", FRESH, diag), EQ_OK);
    ck_assert_int_eq(train("short.xml", "run", FRESH, diag), EQ_OK);
    age(path_of("run", EQ_TRAIN_CHECKPOINT), 2);
    ck_assert_int_eq(train("net.xml", "run", RESUME, diag), EQ_OK);
    ck_assert_int_eq(eq_checkpoint_read(path_of("whole", EQ_TRAIN_CHECKPOINT), &whole, diag),
                     EQ_OK);
    ck_assert_int_eq(eq_checkpoint_read(path_of("run", EQ_TRAIN_CHECKPOINT), &p, diag), EQ_OK);
    ck_assert_uint_eq(p.steps, 4);
    ck_assert_mem_eq(p.g, whole.g, p.conductances * sizeof *p.g);
    for (int k = 0; k < 2; k++) ck_assert(p.row[k].test_loss == whole.row[k].test_loss);
    ck_assert(isnan(p.row[0].test_rmse) && isnan(p.row[0].validation_loss));
    ck_assert(isnan(p.row[0].gradient_cosine));
    eq_checkpoint_free(&whole);
    eq_checkpoint_free(&p);
    eq_diag_free(diag);
}
END_TEST

/* A folder of format 1, whose files had no identity: evaluated as before, but not gone on with. */
START_TEST(a_run_of_an_older_version) {
    eq_diag *diag = eq_diag_new();
    eq_evaluation before = {0}, after = {0};
    char *text, *cut;
    ck_assert_int_eq(train("net.xml", "run", FRESH, diag), EQ_OK);
    ck_assert_int_eq(open_run("run", &before, diag), EQ_OK);
    age(path_of("run", EQ_TRAIN_CHECKPOINT), 1);
    ck_assert_int_eq(open_run("run", NULL, diag), EQ_ERR_INPUT); /* the others are newer */
    says(diag, "belong to different runs");
    for (int k = 0; k < 2; k++) {
        char name[64];
        snprintf(name, sizeof name, "run/%s", files[k]);
        text = file_text(in(name));
        cut = strstr(text, k == 0 ? " run=\"" : ", run ");
        ck_assert_ptr_nonnull(cut);
        char *note = eq_strndup(cut, strcspn(cut, k == 0 ? ">" : "\n"));
        put_changed(name, text, note, "");
        eq_free(note);
        eq_free(text);
    }
    ck_assert_int_eq(open_run("run", &after, diag), EQ_OK);
    ck_assert(before.loss == after.loss);
    ck_assert_int_eq(train("net.xml", "run", RESUME, diag), EQ_ERR_INPUT);
    says(diag, "was written by an older version");
    eq_evaluation_free(&before);
    eq_evaluation_free(&after);
    eq_diag_free(diag);
}
END_TEST

/* The title of a deck is the user's and says nothing of the run. */
START_TEST(a_title_is_no_note) {
    eq_diag *diag = eq_diag_new();
    put_changed("net.cir", deck, "a title",
                "* trained by eqspice, 1 epochs, seed 1, run 0123456789abcdef, step 1");
    ck_assert_int_eq(train("net.xml", "run", FRESH, diag), EQ_OK);
    ck_assert_int_eq(open_run("run", NULL, diag), EQ_OK);
    eq_diag_free(diag);
}
END_TEST

Suite *folder_suite(void) {
    Suite *s = suite_create("folder");
    TCase *t = tcase_create("folder");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, scratch_drop);
    tcase_add_loop_test(t, a_used_folder_is_refused, 0, FILES);
    tcase_add_test(t, missing_folders_are_made);
    tcase_add_loop_test(t, force_spares_what_the_training_reads, 0,
                        (int)(sizeof own_inputs / sizeof *own_inputs));
    tcase_add_loop_test(t, files_of_different_runs_are_refused, 0, 4);
    tcase_add_test(t, parts_of_a_run_are_refused);
    tcase_add_loop_test(t, resume_names_what_changed, 0, CHANGES);
    tcase_add_test(t, resume_after_a_move);
    tcase_add_test(t, resume_without_an_epoch_to_go_writes_the_model);
    tcase_add_test(t, evaluation_warns_of_other_data);
    tcase_add_test(t, a_copy_is_trained_with_its_own_data);
    tcase_add_test(t, a_run_keeps_its_engine);
    tcase_add_loop_test(t, one_training_at_a_time, 0, 3);
    tcase_add_test(t, unfinished_files_are_swept);
    tcase_add_test(t, a_stale_lock_is_taken_over);
    tcase_add_test(t, a_run_of_an_older_version);
    tcase_add_test(t, a_run_of_format_2_goes_on);
    tcase_add_test(t, a_title_is_no_note);
    suite_add_tcase(s, t);
    return s;
}
