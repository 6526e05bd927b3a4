#include "fuzz/read.h"
#include "train/data.h"

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

void fuzz_idx(const uint8_t *data, size_t n) {
    read_pair(eq_data_read_idx, data, n);
}

void fuzz_npy(const uint8_t *data, size_t n) {
    read_pair(eq_data_read_npy, data, n);
}

/* The first byte says how the label and the header are given. */
void fuzz_csv(const uint8_t *data, size_t n) {
    static const char *const label[] = {NULL, "1", "2", "label"};
    if (n == 0) return;
    eq_header header = (eq_header)(data[0] / 4 % 3);
    eq_data *d = NULL, *again = NULL;
    eq_diag *diag = eq_diag_new();
    const char *path = fuzz_file(0, data + 1, n - 1), *of = label[data[0] % 4];
    if (eq_data_read_csv(path, &(eq_columns){of, NULL, header}, NULL, &d, diag) == EQ_OK) {
        if (eq_data_read_csv(path, &(eq_columns){of, NULL, header}, d, &again, diag) == EQ_OK)
            eq_data_free(again);
        eq_data_free(d);
    }
    eq_diag_free(diag);
}
