#include "fuzz/read.h"
#include "train/experiment/experiment.h"

void fuzz_experiment(const uint8_t *data, size_t n) {
    eq_experiment *x = NULL;
    eq_diag *diag = eq_diag_new();
    if (eq_experiment_read(fuzz_file(0, data, n), &x, diag) == EQ_OK) {
        eq_text text = {0};
        eq_experiment_write(x, &text, diag);
        eq_text_free(&text);
        eq_experiment_free(x);
    }
    eq_diag_free(diag);
}
