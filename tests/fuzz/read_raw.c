#include "fuzz/read.h"
#include "result/raw.h"

void fuzz_raw(const uint8_t *data, size_t n) {
    eq_result **plots = NULL;
    size_t count = 0;
    eq_diag *diag = eq_diag_new();
    if (eq_raw_parse("fuzz.raw", (const char *)data, n, &plots, &count, diag) == EQ_OK)
        eq_raw_free(plots, count);
    eq_diag_free(diag);
}
