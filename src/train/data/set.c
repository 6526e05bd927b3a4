#define _POSIX_C_SOURCE 200809L
/* From the options of <data> to rows that train, validate and test. */
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "train/data/read.h"

const char *eq_data_targets_file(const eq_data_options *o) {
    bool file = o->format != EQ_DATA_CSV && eq_data_goal_of(o->targets) == EQ_GOAL_TARGETS;
    return file ? o->targets : NULL;
}

size_t eq_data_files(const eq_data_options *o, const char *file[EQ_DATA_FILES]) {
    const char *const all[EQ_DATA_FILES] = {o->path,      o->labels,      eq_data_targets_file(o),
                                            o->test_path, o->test_labels, o->test_targets};
    size_t n = 0;
    for (size_t k = 0; k < EQ_DATA_FILES; k++)
        if (all[k] != NULL) file[n++] = all[k];
    return n;
}

/* The files of one table. */
typedef struct files {
    const char *path, *labels, *targets;
} files;

static eq_status read_table(const eq_data_options *o, files f, const eq_data *known, eq_data **out,
                            eq_diag *diag) {
    eq_data_goal goal = eq_data_goal_of(o->targets);
    bool alone = o->format == EQ_DATA_CSV || goal == EQ_GOAL_INPUTS;
    if (f.path == NULL || (!alone && (goal == EQ_GOAL_CLASS ? f.labels : f.targets) == NULL))
        return eq_fail(diag, EQ_ERR_INPUT, "format=\"%s\" needs %s; add it to <data>",
                       eq_data_format_name(o->format),
                       f.path == NULL          ? "path=\"...\""
                       : goal == EQ_GOAL_CLASS ? "a file of labels: labels=\"...\""
                                               : "a file of its targets: test-targets=\"...\"");
    if (o->format == EQ_DATA_CSV)
        return eq_data_read_csv(f.path, &(eq_columns){o->label, o->targets, o->header, o->tasks},
                                known, out, diag);
    if (goal != EQ_GOAL_CLASS)
        return eq_data_read_targets(o->format, f.path, goal == EQ_GOAL_INPUTS ? NULL : f.targets,
                                    out, diag);
    return o->format == EQ_DATA_IDX ? eq_data_read_idx(f.path, f.labels, out, diag)
                                    : eq_data_read_npy(f.path, f.labels, out, diag);
}

/* A table of classes is taken as one whose features are to be given again. */
static eq_status forget_classes(eq_data *d, eq_diag *diag) {
    eq_strings_free(d->class_name, d->classes);
    d->class_name = NULL;
    d->classes = 0;
    d->goal = EQ_GOAL_INPUTS;
    memset(d->label, 0, d->examples * sizeof *d->label);
    return eq_data_number_classes(d, d->features, diag);
}

/* IDX files in a folder, by their usual names. */
static bool in_folder(const eq_data_options *o) {
    if (o->format != EQ_DATA_IDX || o->labels != NULL) return false;
    eq_data_goal goal = eq_data_goal_of(o->targets);
    return goal == EQ_GOAL_CLASS ||
           (goal == EQ_GOAL_INPUTS && (o->path == NULL || eq_is_folder(o->path)));
}

/* Both parts of an IDX or .npy set, or of CSV files, must describe the same kind of example. */
static eq_status check_parts(const eq_data *train, const eq_data *test, eq_diag *diag) {
    if (train->features != test->features)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "the training examples have %zu features, the test examples %zu; give files of "
            "one data set",
            train->features, test->features);
    if (train->goal == EQ_GOAL_TARGETS && test->classes != train->classes)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "the training examples have %zu targets, the test examples %zu; give files "
                       "of one data set",
                       train->classes, test->classes);
    if (test->classes > train->classes)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "the test labels have class %zu, the training labels only 0..%zu; give files of "
            "one data set",
            test->classes - 1, train->classes - 1);
    return EQ_OK;
}

static uint32_t *identity(size_t n) {
    uint32_t *index = eq_malloc(n, sizeof *index);
    for (size_t k = 0; index != NULL && k < n; k++) index[k] = (uint32_t)k;
    return index;
}

/* One table: a seeded draw of round(fraction n) rows is held out. */
static eq_status split(eq_data_set *s, double fraction, uint64_t seed, eq_diag *diag) {
    size_t n = s->train->examples;
    uint32_t *order = identity(n);
    if (order == NULL) return eq_out_of_memory(diag);
    eq_random random = eq_random_seed(seed);
    eq_random_shuffle(&random, order, n);
    s->test = s->train;
    s->test_count = (size_t)(fraction * (double)n + 0.5);
    s->train_count = n - s->test_count;
    s->train_index = order;
    s->test_index = eq_malloc(s->test_count, sizeof *s->test_index);
    if (s->test_index == NULL) return eq_out_of_memory(diag);
    memcpy(s->test_index, order + s->train_count, s->test_count * sizeof *order);
    if (s->train_count == 0 || (s->test_count == 0 && fraction > 0.0))
        return eq_fail(diag, EQ_ERR_INPUT,
                       "test-fraction=\"%g\" of %zu examples leaves none to %s; use %s", fraction,
                       n, s->train_count == 0 ? "train with" : "test with",
                       s->train_count == 0 ? "less" : "more, or 0");
    return EQ_OK;
}

/* Two tables: all rows of each. */
static eq_status whole(eq_data_set *s, eq_diag *diag) {
    eq_status status = check_parts(s->train, s->test, diag);
    if (status != EQ_OK) return status;
    s->train_count = s->train->examples;
    s->test_count = s->test->examples;
    s->train_index = identity(s->train_count);
    s->test_index = identity(s->test_count);
    bool done = s->train_index != NULL && s->test_index != NULL;
    return done ? EQ_OK : eq_out_of_memory(diag);
}

static void limit(size_t *count, size_t most) {
    if (most > 0 && *count > most) *count = most;
}

/* A seeded draw of round(fraction n) of the n training examples is kept to validate with; the split
 * by the same seed is independent of it. */
static eq_status hold_out(eq_data_set *s, double fraction, uint64_t seed, eq_diag *diag) {
    size_t n = s->train_count, held = (size_t)(fraction * (double)n + 0.5);
    if (!(fraction > 0.0)) return EQ_OK;
    if (held == 0 || held == n)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "validation-fraction=\"%g\" of %zu training examples leaves none to %s; "
                       "change it",
                       fraction, n, held == 0 ? "validate with" : "train with");
    eq_random random = eq_random_seed(seed + 1);
    eq_random_shuffle(&random, s->train_index, n);
    s->validation_index = eq_malloc(held, sizeof *s->validation_index);
    if (s->validation_index == NULL) return eq_out_of_memory(diag);
    s->train_count = n - held;
    s->validation_count = held;
    memcpy(s->validation_index, s->train_index + s->train_count, held * sizeof *s->train_index);
    return EQ_OK;
}

/* A folder has both parts; a file has one, and the test set is another or drawn from it. */
static eq_status read_cifar(const eq_data_options *o, eq_data_set *s, eq_diag *diag) {
    const char *test = o->test_path != NULL ? o->test_path : eq_is_folder(o->path) ? o->path : NULL;
    if (o->labels != NULL || eq_data_goal_of(o->targets) == EQ_GOAL_TARGETS)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "format=\"cifar\" has its classes in the files of the images; leave out "
                       "labels and targets");
    eq_status status = eq_data_read_cifar(o->path, false, &s->train, diag);
    if (status == EQ_OK && test != NULL) status = eq_data_read_cifar(test, true, &s->test, diag);
    if (status != EQ_OK || eq_data_goal_of(o->targets) == EQ_GOAL_CLASS) return status;
    status = forget_classes(s->train, diag);
    return status == EQ_OK && test != NULL ? forget_classes(s->test, diag) : status;
}

/* The tables, each whole. */
static eq_status read_tables(const eq_data_options *o, const char *folder, eq_data_set *s,
                             eq_diag *diag) {
    if (o->format == EQ_DATA_CIFAR) return read_cifar(o, s, diag);
    bool one = in_folder(o);
    eq_status status =
        one ? eq_idx_set(o, folder, s, diag)
            : read_table(o, (files){o->path, o->labels, o->targets}, NULL, &s->train, diag);
    if (status == EQ_OK && !one && o->test_path != NULL)
        status = read_table(o, (files){o->test_path, o->test_labels, o->test_targets}, s->train,
                            &s->test, diag);
    bool again = one && eq_data_goal_of(o->targets) == EQ_GOAL_INPUTS;
    if (status == EQ_OK && again) status = forget_classes(s->train, diag);
    if (status == EQ_OK && again) status = forget_classes(s->test, diag);
    return status;
}

/* --- tables that are kept --- */

struct eq_data_kept {
    eq_text key; /* all that says which tables these are; "": none */
    eq_data *train, *test;
};

eq_data_kept *eq_data_kept_new(void) {
    return eq_calloc(1, sizeof(eq_data_kept));
}

static void forget(eq_data_kept *k) {
    eq_data_free(k->test);
    eq_data_free(k->train);
    eq_text_free(&k->key);
    *k = (eq_data_kept){0};
}

void eq_data_kept_free(eq_data_kept *k) {
    if (k != NULL) forget(k);
    eq_free(k);
}

/* What read_tables looks at. */
static void write_key(const eq_data_options *o, const char *folder, eq_text *key) {
    const char *const part[] = {folder,     o->path,      o->set,         o->labels,      o->label,
                                o->targets, o->test_path, o->test_labels, o->test_targets};
    eq_text_printf(key, "%d %d %d", (int)o->format, (int)o->header, (int)o->tasks);
    for (size_t k = 0; k < sizeof part / sizeof *part; k++)
        eq_text_printf(key, "\n%s%s", part[k] == NULL ? "" : "=", part[k] == NULL ? "" : part[k]);
}

/* Two more hands on the tables. */
static void share(eq_data *train, eq_data *test) {
    train->sharers++;
    if (test != NULL) test->sharers++;
}

/* Those that are kept, or those that are read now and kept from now on. */
static eq_status take_tables(const eq_data_options *o, const char *folder, eq_data_kept *kept,
                             eq_data_set *s, eq_diag *diag) {
    eq_text key = {0};
    if (kept == NULL) return read_tables(o, folder, s, diag);
    write_key(o, folder, &key);
    eq_status status = key.failed ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK && (kept->train == NULL || strcmp(kept->key.text, key.text) != 0)) {
        forget(kept);
        status = read_tables(o, folder, s, diag);
        if (status == EQ_OK) *kept = (eq_data_kept){key, s->train, s->test};
        key = status == EQ_OK ? (eq_text){0} : key;
    }
    eq_text_free(&key);
    if (status != EQ_OK) return status;
    s->train = kept->train;
    s->test = kept->test;
    share(s->train, s->test);
    return EQ_OK;
}

eq_status eq_data_set_share(const eq_data_options *o, const char *folder, uint64_t seed,
                            eq_data_kept *kept, eq_data_set *out, eq_diag *diag) {
    eq_data_set s = {0};
    eq_status status = take_tables(o, folder, kept, &s, diag);
    if (status == EQ_OK)
        status = s.test == NULL ? split(&s, o->test_fraction, seed, diag) : whole(&s, diag);
    limit(&s.train_count, o->train_limit);
    limit(&s.test_count, o->test_limit);
    if (status == EQ_OK) status = hold_out(&s, o->validation_fraction, seed, diag);
    if (status == EQ_OK)
        *out = s;
    else
        eq_data_set_free(&s);
    return status;
}

eq_status eq_data_set_read(const eq_data_options *o, const char *folder, uint64_t seed,
                           eq_data_set *out, eq_diag *diag) {
    return eq_data_set_share(o, folder, seed, NULL, out, diag);
}

/* The labels, or targets, of the examples in `path`: those of the run belong to its own files. */
static const char *labels_of(const eq_data_options *o, const char *path) {
    bool classes = eq_data_goal_of(o->targets) == EQ_GOAL_CLASS;
    if (eq_same_file(path, o->test_path)) return classes ? o->test_labels : o->test_targets;
    if (eq_same_file(path, o->path)) return classes ? o->labels : eq_data_targets_file(o);
    return NULL;
}

/* What is amiss with labels, which may be NULL, beside that file. */
static eq_status check_labels(const eq_data_options *o, const char *path, const char *labels,
                              eq_diag *diag) {
    bool whole = o->format == EQ_DATA_CSV || o->format == EQ_DATA_CIFAR || eq_is_folder(path);
    bool given = eq_data_goal_of(o->targets) == EQ_GOAL_INPUTS || whole;
    if (labels != NULL && given)
        return eq_fail(
            diag, EQ_ERR_USAGE, "'%s' needs no file of labels: %s; leave --labels out", path,
            whole ? "data as the run's have them inside" : "its examples are their own targets");
    if (labels == NULL && !given)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "'%s' are examples without %s, and those of the run are of others; give "
                       "theirs by --labels FILE",
                       path, eq_data_goal_of(o->targets) == EQ_GOAL_CLASS ? "labels" : "targets");
    return EQ_OK;
}

static eq_status read_test(const eq_data_options *o, files f, const eq_data *known, eq_data **out,
                           eq_diag *diag) {
    bool folder = eq_data_goal_of(o->targets) != EQ_GOAL_TARGETS && eq_is_folder(f.path);
    if (o->format == EQ_DATA_IDX && folder) return eq_idx_part(f.path, "t10k", out, diag);
    if (o->format == EQ_DATA_CIFAR) return eq_data_read_cifar(f.path, true, out, diag);
    return read_table(o, f, known, out, diag);
}

eq_status eq_data_read_test(const eq_data_options *o, const char *path, const char *labels,
                            const eq_data *known, eq_data_set *out, eq_diag *diag) {
    eq_data_set s = {0};
    bool classes = eq_data_goal_of(o->targets) == EQ_GOAL_CLASS;
    if (labels == NULL) labels = labels_of(o, path);
    eq_status status = check_labels(o, path, labels, diag);
    if (status == EQ_OK) status = read_test(o, (files){path, labels, labels}, known, &s.test, diag);
    if (status == EQ_OK && !classes && s.test->goal == EQ_GOAL_CLASS)
        status = forget_classes(s.test, diag);
    if (status == EQ_OK) status = check_parts(known, s.test, diag);
    if (status == EQ_OK) {
        s.test_count = s.test->examples;
        s.test_index = identity(s.test_count);
        if (s.test_index == NULL) status = eq_out_of_memory(diag);
    }
    if (status == EQ_OK)
        *out = s;
    else
        eq_data_set_free(&s);
    return status;
}
