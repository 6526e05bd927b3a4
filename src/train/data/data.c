#include "train/data/data.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "train/data/read.h"

static const char *const formats[] = {
    [EQ_DATA_CSV] = "csv",
    [EQ_DATA_IDX] = "idx",
    [EQ_DATA_NPY] = "npy",
    [EQ_DATA_CIFAR] = "cifar",
};

bool eq_data_format_find(const char *name, eq_data_format *format) {
    int k = eq_word_find(formats, sizeof formats / sizeof *formats, name);
    if (k >= 0) *format = (eq_data_format)k;
    return k >= 0;
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
    if (d == NULL || d->sharers-- > 0) return;
    eq_strings_free(d->class_name, d->classes);
    eq_strings_free(d->feature_name, d->features);
    eq_free(d->pixel);
    eq_free(d->value);
    eq_free(d->label);
    eq_free(d->target);
    eq_free(d);
}

double eq_data_feature(const eq_data *d, size_t example, size_t f) {
    size_t k = example * d->features + f;
    return d->pixel != NULL ? (double)d->pixel[k] : d->value[k];
}

double eq_data_target(const eq_data *d, size_t example, size_t k) {
    if (d->goal == EQ_GOAL_TARGETS) return d->target[example * d->classes + k];
    return eq_data_feature(d, example, k) * (d->pixel != NULL ? 1.0 / 255.0 : 1.0);
}

eq_data_goal eq_data_goal_of(const char *targets) {
    if (targets == NULL) return EQ_GOAL_CLASS;
    return strcmp(targets, EQ_TARGETS_INPUTS) == 0 ? EQ_GOAL_INPUTS : EQ_GOAL_TARGETS;
}

eq_status eq_data_number_classes(eq_data *d, size_t classes, eq_diag *diag) {
    if (classes > EQ_MAX_CLASSES)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "the examples have %zu targets, more than %d; give fewer", classes,
                       EQ_MAX_CLASSES);
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

void eq_data_set_free(eq_data_set *s) {
    if (s->test != s->train) eq_data_free(s->test);
    eq_data_free(s->train);
    eq_free(s->train_index);
    eq_free(s->validation_index);
    eq_free(s->test_index);
    *s = (eq_data_set){0};
}

void eq_data_options_free(eq_data_options *o) {
    char *const text[] = {o->path,      o->set,         o->labels,  o->label,
                          o->test_path, o->test_labels, o->targets, o->test_targets};
    for (size_t k = 0; k < sizeof text / sizeof *text; k++) eq_free(text[k]);
    *o = (eq_data_options){0};
}

/* Values, and targets or none, of either format. */
static eq_status open_pair(eq_data_format format, const char *values, const char *targets,
                           eq_array *a, eq_array *b, eq_diag *diag) {
    bool npy = format == EQ_DATA_NPY;
    eq_status status =
        npy ? eq_npy_open(values, a, diag) : eq_idx_open(values, "images", 2, 8, a, diag);
    if (status != EQ_OK || targets == NULL) return status;
    return npy ? eq_npy_open(targets, b, diag) : eq_idx_open(targets, "targets", 1, 8, b, diag);
}

eq_status eq_data_read_targets(eq_data_format format, const char *values, const char *targets,
                               eq_data **out, eq_diag *diag) {
    eq_array a = {0}, b = {0};
    eq_status status = open_pair(format, values, targets, &a, &b, diag);
    if (status == EQ_OK)
        status = eq_array_table(&a, targets == NULL ? NULL : &b,
                                targets == NULL ? EQ_GOAL_INPUTS : EQ_GOAL_TARGETS, "examples", out,
                                diag);
    eq_free(a.bytes);
    eq_free(b.bytes);
    return status;
}
