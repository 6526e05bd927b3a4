#include "fuzz/read.h"
#include "train/data/data.h"

typedef eq_status (*pair_reader)(const char *first, const char *second, eq_data **out,
                                 eq_diag *diag);

/* The files are parted at four times the first byte. */
static void read_pair(pair_reader read, const uint8_t *data, size_t n) {
    eq_data *d = NULL;
    if (n == 0) return;
    size_t first = 4 * (size_t)data[0] < n - 1 ? 4 * (size_t)data[0] : n - 1;
    eq_diag *diag = eq_diag_new();
    const char *a = fuzz_file(0, data + 1, first);
    const char *b = fuzz_file(1, data + 1 + first, n - 1 - first);
    if (read(a, b, &d, diag) == EQ_OK) eq_data_free(d);
    eq_diag_free(diag);
}

static eq_status idx_targets(const char *values, const char *targets, eq_data **out,
                             eq_diag *diag) {
    return eq_data_read_targets(EQ_DATA_IDX, values, targets, out, diag);
}

static eq_status npy_targets(const char *values, const char *targets, eq_data **out,
                             eq_diag *diag) {
    return eq_data_read_targets(EQ_DATA_NPY, values, targets, out, diag);
}

void fuzz_idx(const uint8_t *data, size_t n) {
    read_pair(eq_data_read_idx, data, n);
    read_pair(idx_targets, data, n);
}

void fuzz_npy(const uint8_t *data, size_t n) {
    read_pair(eq_data_read_npy, data, n);
    read_pair(npy_targets, data, n);
}

/* The first byte says how label, header and targets are given. */
void fuzz_csv(const uint8_t *data, size_t n) {
    static const char *const label[] = {NULL, "1", "2", "label"};
    static const char *const targets[] = {NULL, EQ_TARGETS_INPUTS, "3 1", "a b", "2"};
    if (n == 0) return;
    eq_data *d = NULL, *again = NULL;
    eq_diag *diag = eq_diag_new();
    const char *path = fuzz_file(0, data + 1, n - 1);
    const eq_columns of = {label[data[0] % 4], targets[data[0] / 12 % 5],
                           (eq_header)(data[0] / 4 % 3)};
    if (eq_data_read_csv(path, &of, NULL, &d, diag) == EQ_OK) {
        if (eq_data_read_csv(path, &of, d, &again, diag) == EQ_OK) eq_data_free(again);
        eq_data_free(d);
    }
    eq_diag_free(diag);
}

/* The first byte says whether it is a test set. */
void fuzz_cifar(const uint8_t *data, size_t n) {
    eq_data *d = NULL;
    if (n == 0) return;
    eq_diag *diag = eq_diag_new();
    const char *path = fuzz_file(0, data + 1, n - 1);
    if (eq_data_read_cifar(path, data[0] % 2 == 1, &d, diag) == EQ_OK) eq_data_free(d);
    eq_diag_free(diag);
}
