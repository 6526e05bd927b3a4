#include <string.h>

#include "base/file.h"
#include "fuzz/read.h"
#include "train/checkpoint.h"

/* Magic, version, CRC and length as checkpoint.c writes them. */
static void add_head(eq_text *file, uint32_t version, const uint8_t *body, size_t n) {
    uint32_t crc = eq_crc32(body, n);
    uint64_t length = n;
    eq_text_add(file, "eqspckpt", 8);
    eq_text_add(file, (const char *)&version, 4);
    eq_text_add(file, (const char *)&crc, 4);
    eq_text_add(file, (const char *)&length, 8);
}

void fuzz_checkpoint(const uint8_t *data, size_t n) {
    if (n == 0) return;
    eq_text file = {0};
    eq_checkpoint k;
    eq_diag *diag = eq_diag_new();
    if (data[0] % 2 == 0) add_head(&file, 3 - data[0] / 2 % 3u, data + 1, n - 1);
    eq_text_add(&file, (const char *)data + 1, n - 1);
    if (eq_checkpoint_read(fuzz_file(0, file.text, file.length), &k, diag) == EQ_OK)
        eq_checkpoint_free(&k);
    eq_text_free(&file);
    eq_diag_free(diag);
}
