#include "train/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "train/data_read.h"

static const char *const formats[] = {
    [EQ_DATA_CSV] = "csv",
    [EQ_DATA_IDX] = "idx",
    [EQ_DATA_NPY] = "npy",
};

bool eq_data_format_find(const char *name, eq_data_format *format) {
    for (int k = 0; k <= EQ_DATA_NPY; k++)
        if (eq_same(formats[k], name)) {
            *format = (eq_data_format)k;
            return true;
        }
    return false;
}

const char *eq_data_format_name(eq_data_format format) {
    return formats[format];
}

eq_data *eq_data_new(size_t examples, size_t features) {
    eq_data *d = eq_calloc(1, sizeof *d);
    if (d == NULL) return NULL;
    d->examples = examples;
    d->features = features;
    d->label = eq_calloc(examples, sizeof *d->label);
    if (d->label != NULL) return d;
    eq_data_free(d);
    return NULL;
}

void eq_data_free(eq_data *d) {
    if (d == NULL) return;
    eq_strings_free(d->class_name, d->classes);
    eq_free(d->pixel);
    eq_free(d->value);
    eq_free(d->label);
    eq_free(d);
}

eq_status eq_data_number_classes(eq_data *d, size_t classes, eq_diag *diag) {
    d->class_name = eq_calloc(classes, sizeof *d->class_name);
    if (d->class_name == NULL) return eq_out_of_memory(diag);
    d->classes = classes;
    for (size_t k = 0; k < classes; k++) {
        char name[32];
        snprintf(name, sizeof name, "%zu", k);
        d->class_name[k] = eq_strdup(name);
        if (d->class_name[k] == NULL) return eq_out_of_memory(diag);
    }
    return EQ_OK;
}

eq_status eq_data_product(const char *path, size_t a, size_t b, size_t *product, eq_diag *diag) {
    if (b != 0 && a > EQ_MOST_ITEMS / b)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "'%s' says it holds %zu times %zu items, more than %d; split it, or fetch it "
            "again if it is damaged",
            path, a, b, EQ_MOST_ITEMS);
    *product = a * b;
    return EQ_OK;
}

static bool exists(const char *path) {
    FILE *f = fopen(path, "rb");
    if (f != NULL) fclose(f);
    return f != NULL;
}

/* folder/stem, folder/stem.gz or with MNIST's other spelling of the name; *file is NULL when none
 * is there. False when memory runs out. */
static bool find_idx(const char *folder, const char *stem, char **file) {
    const char *kind = strstr(stem, "images") != NULL ? "idx3" : "idx1";
    *file = NULL;
    for (size_t k = 0; *file == NULL && k < 4; k++) {
        eq_text t = {0};
        eq_text_puts(&t, folder);
        eq_text_printf(&t, "/%s%c%s-ubyte%s", stem, k < 2 ? '-' : '.', kind, k % 2 ? ".gz" : "");
        bool failed = t.failed;
        if (!failed && exists(t.text))
            *file = t.text;
        else
            eq_text_free(&t);
        if (failed) return false;
    }
    return true;
}

/* Reads the pair of files of one part ("train" or "t10k") in the folder. */
static eq_status read_part(const char *folder, const char *part, eq_data **out, eq_diag *diag) {
    char stem[2][32];
    snprintf(stem[0], sizeof stem[0], "%s-images", part);
    snprintf(stem[1], sizeof stem[1], "%s-labels", part);
    char *file[2];
    bool whole = find_idx(folder, stem[0], &file[0]);
    whole = find_idx(folder, stem[1], &file[1]) && whole;
    eq_status status = whole ? EQ_OK : eq_out_of_memory(diag);
    for (int k = 0; status == EQ_OK && k < 2; k++)
        if (file[k] == NULL)
            status =
                eq_fail(diag, EQ_ERR_INPUT,
                        "there is no %s-idx%d-ubyte(.gz) in '%s'; run tools/get-mnist, or give "
                        "the folder that has it",
                        stem[k], k == 0 ? 3 : 1, folder);
    if (status == EQ_OK) status = eq_data_read_idx(file[0], file[1], out, diag);
    eq_free(file[0]);
    eq_free(file[1]);
    return status;
}

/* Where MNIST lies: $EQSPICE_DATA/mnist, data/mnist here, data/mnist beside the experiment or one
 * up. */
static eq_status find_mnist(const char *folder, char **out, eq_diag *diag) {
    const char *env = getenv("EQSPICE_DATA");
    const char *const place[][2] = {{env == NULL ? "" : env, "mnist"},
                                    {"data", "mnist"},
                                    {folder, "data/mnist"},
                                    {folder, "../data/mnist"}};
    for (size_t k = 0; k < sizeof place / sizeof *place; k++) {
        if (place[k][0][0] == '\0') continue;
        char *file = NULL;
        *out = eq_path_join(place[k][0], place[k][1]);
        bool whole = *out != NULL && find_idx(*out, "train-images", &file);
        eq_free(file);
        if (file != NULL) return EQ_OK;
        eq_free(*out);
        *out = NULL;
        if (!whole) return eq_out_of_memory(diag);
    }
    return eq_fail(
        diag, EQ_ERR_INPUT,
        "the MNIST files (train-images-idx3-ubyte.gz and its three companions) are not in "
        "$EQSPICE_DATA/mnist%s nor in data/mnist; run tools/get-mnist to fetch them, or set "
        "EQSPICE_DATA to the folder that holds mnist/",
        env == NULL ? " (EQSPICE_DATA is not set)" : "");
}

/* IDX in a folder: training and test pairs. */
static eq_status read_idx_folder(const eq_data_options *o, const char *folder, eq_data_set *s,
                                 eq_diag *diag) {
    char *place = NULL;
    eq_status status = EQ_OK;
    if (o->path == NULL)
        status = find_mnist(folder, &place, diag);
    else if ((place = eq_strdup(o->path)) == NULL)
        status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = read_part(place, "train", &s->train, diag);
    if (status == EQ_OK) status = read_part(place, "t10k", &s->test, diag);
    eq_free(place);
    return status;
}

/* Reads one table. */
static eq_status read_table(const eq_data_options *o, const char *path, const char *labels,
                            const eq_data *known, eq_data **out, eq_diag *diag) {
    if (path == NULL || (o->format != EQ_DATA_CSV && labels == NULL))
        return eq_fail(diag, EQ_ERR_INPUT, "format=\"%s\" needs %s; add it to <data>",
                       eq_data_format_name(o->format),
                       path == NULL ? "path=\"...\"" : "a file of labels: labels=\"...\"");
    switch (o->format) {
    case EQ_DATA_CSV:
        return eq_data_read_csv(path, o->label, o->header, known, out, diag);
    case EQ_DATA_IDX:
        return eq_data_read_idx(path, labels, out, diag);
    case EQ_DATA_NPY:
        break;
    }
    return eq_data_read_npy(path, labels, out, diag);
}

/* Both parts of an IDX or .npy set, or of CSV files, must describe the same kind of example. */
static eq_status check_parts(const eq_data *train, const eq_data *test, eq_diag *diag) {
    if (train->features != test->features)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "the training examples have %zu features, the test examples %zu; give files of "
            "one data set",
            train->features, test->features);
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
    if (s->train_count == 0)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "test-fraction=\"%g\" of %zu examples leaves none to train with; use less",
                       fraction, n);
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

eq_status eq_data_set_read(const eq_data_options *o, const char *folder, uint64_t seed,
                           eq_data_set *out, eq_diag *diag) {
    eq_data_set s = {0};
    bool idx_folder = o->format == EQ_DATA_IDX && o->labels == NULL;
    eq_status status = idx_folder ? read_idx_folder(o, folder, &s, diag)
                                  : read_table(o, o->path, o->labels, NULL, &s.train, diag);
    if (status == EQ_OK && !idx_folder && o->test_path != NULL)
        status = read_table(o, o->test_path, o->test_labels, s.train, &s.test, diag);
    if (status == EQ_OK)
        status = s.test == NULL ? split(&s, o->test_fraction, seed, diag) : whole(&s, diag);
    if (status != EQ_OK) {
        eq_data_set_free(&s);
        return status;
    }
    limit(&s.train_count, o->train_limit);
    limit(&s.test_count, o->test_limit);
    *out = s;
    return EQ_OK;
}

eq_status eq_data_read_test(const eq_data_options *o, const char *path, const eq_data *known,
                            eq_data_set *out, eq_diag *diag) {
    eq_data_set s = {0};
    eq_status status = EQ_OK;
    if (o->format == EQ_DATA_IDX)
        status = read_part(path, "t10k", &s.test, diag);
    else
        status = read_table(o, path, o->test_labels != NULL ? o->test_labels : o->labels, known,
                            &s.test, diag);
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

void eq_data_set_free(eq_data_set *s) {
    if (s->test != s->train) eq_data_free(s->test);
    eq_data_free(s->train);
    eq_free(s->train_index);
    eq_free(s->test_index);
    *s = (eq_data_set){0};
}

void eq_data_options_free(eq_data_options *o) {
    eq_free(o->path);
    eq_free(o->labels);
    eq_free(o->test_path);
    eq_free(o->test_labels);
    eq_free(o->label);
    *o = (eq_data_options){0};
}
