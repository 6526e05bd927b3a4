/* Memory runs out while data sets are read. */
#include <check.h>
#include <stdio.h>

#include "base/mem.h"
#include "memory.h"
#include "support/program.h"

static eq_status read_csv(eq_diag *diag) {
    eq_data *d = NULL;
    eq_status status = eq_data_read_csv(
        "data/iris.csv", &(eq_columns){"species", NULL, EQ_HEADER_FOUND, false}, NULL, &d, diag);
    if (status == EQ_OK) eq_data_free(d);
    return status;
}

static eq_status read_idx(eq_diag *diag) {
    eq_data *d = NULL;
    eq_status status = eq_data_read_idx(in("images.idx"), in("labels.idx"), &d, diag);
    if (status == EQ_OK) eq_data_free(d);
    return status;
}

static eq_status read_npy(eq_diag *diag) {
    eq_data *d = NULL;
    eq_status status = eq_data_read_npy(in("x.npy"), in("y.npy"), &d, diag);
    if (status == EQ_OK) eq_data_free(d);
    return status;
}

/* Numbers for each example, of a file and of a CSV file, and the features again. */
static eq_status read_targets(eq_diag *diag) {
    const eq_columns columns = {"species", "petal_width 1", EQ_HEADER_FOUND, false};
    const eq_columns same = {"species", EQ_TARGETS_INPUTS, EQ_HEADER_FOUND, false};
    eq_data *d[4] = {NULL};
    eq_status status = eq_data_read_targets(EQ_DATA_NPY, in("x.npy"), in("y.npy"), &d[0], diag);
    if (status == EQ_OK)
        status = eq_data_read_targets(EQ_DATA_IDX, in("images.idx"), NULL, &d[1], diag);
    if (status == EQ_OK) status = eq_data_read_csv("data/iris.csv", &columns, NULL, &d[2], diag);
    if (status == EQ_OK) status = eq_data_read_csv("data/iris.csv", &same, NULL, &d[3], diag);
    for (int k = 0; k < 4; k++) eq_data_free(d[k]);
    return status;
}

/* A folder with both parts of a data set, found as MNIST and named; another test part. */
static eq_status read_parts(eq_diag *diag) {
    eq_data_options o = {.format = EQ_DATA_IDX};
    eq_data_set found = {0}, named = {0}, test = {0};
    eq_status status = eq_data_set_read(&o, ".", 1, &found, diag);
    o.path = eq_strdup(in("mnist"));
    if (status == EQ_OK && o.path == NULL) status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = eq_data_set_read(&o, ".", 1, &named, diag);
    if (status == EQ_OK) status = eq_data_read_test(&o, o.path, NULL, named.train, &test, diag);
    eq_data_set_free(&found);
    eq_data_set_free(&named);
    eq_data_set_free(&test);
    eq_data_options_free(&o);
    return status;
}

/* Black images, a file and a folder. */
static eq_status read_cifar(eq_diag *diag) {
    static const uint8_t example[3073] = {1};
    eq_data *d = NULL;
    FILE *f = fopen(in("data_batch_1.bin"), "wb");
    ck_assert_uint_eq(fwrite(example, 1, sizeof example, f), sizeof example);
    fclose(f);
    eq_status status = eq_data_read_cifar(in("data_batch_1.bin"), true, &d, diag);
    eq_data_free(d);
    d = NULL;
    if (status == EQ_OK) status = eq_data_read_cifar(scratch_current(), false, &d, diag);
    eq_data_free(d);
    return status;
}

const memory_scenario memory_of_data[] = {
    {"images of CIFAR-10", .run = read_cifar},
    {"CSV", .run = read_csv},
    {"IDX", .run = read_idx},
    {"two parts", .run = read_parts},
    {"NumPy", .run = read_npy},
    {"targets", .run = read_targets},
    {.name = NULL},
};
