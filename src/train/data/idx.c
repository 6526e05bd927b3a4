/* IDX files (LeCun, "The MNIST database"): two zero bytes, type, rank, sizes as big-endian 32-bit
 * numbers, then the items, big-endian too. */
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/data/read.h"

static const struct {
    unsigned char code;
    char kind;
    size_t size;
} types[] = {{8, 'u', 1}, {9, 'i', 1}, {11, 'i', 2}, {12, 'i', 4}, {13, 'f', 4}, {14, 'f', 8}};

static size_t big_endian(const unsigned char *b) {
    return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | (size_t)b[3];
}

static void read_type(eq_array *f) {
    const unsigned char *b = (const unsigned char *)f->bytes;
    f->size = 0;
    if (f->length < 4 || b[0] != 0 || b[1] != 0) return;
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        if (types[k].code == b[2]) {
            f->kind = types[k].kind;
            f->size = types[k].size;
        }
    f->rank = b[3];
    f->start = 4 + 4 * (size_t)b[3];
}

static eq_status check_magic(const eq_array *f, const char *what, int least, int most,
                             eq_diag *diag) {
    if (f->size == 0)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "'%s' byte 0: this is no IDX file (it must begin with 00 00 and 08, 09, 0b, 0c, 0d or "
            "0e for the type); give an IDX file of %s",
            f->path, what);
    if (f->rank < least || f->rank > most)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "'%s' byte 3: the file has %d axes, a file of %s has %d%s; are images and "
                       "labels swapped?",
                       f->path, f->rank, what, least, most > least ? " or more" : "");
    if (f->length < f->start)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "'%s' byte %zu: the file ends inside its header of %zu bytes; it is damaged, "
            "fetch it again",
            f->path, f->length, f->start);
    return EQ_OK;
}

eq_status eq_idx_open(const char *path, const char *what, int least, int most, eq_array *f,
                      eq_diag *diag) {
    *f = (eq_array){.path = path, .big = true};
    eq_status status =
        eq_file_read_gz(path, EQ_DATA_LIMIT(sizeof(double)), &f->bytes, &f->length, diag);
    if (status != EQ_OK) return status;
    read_type(f);
    status = check_magic(f, what, least, most, diag);
    if (status != EQ_OK) return status;
    for (int k = 0; k < f->rank; k++)
        f->shape[k] = big_endian((const unsigned char *)f->bytes + 4 + 4 * k);
    return eq_array_check(f, diag);
}

eq_status eq_data_read_idx(const char *images, const char *labels, eq_data **out, eq_diag *diag) {
    eq_array a = {0}, b = {0};
    eq_status status = eq_idx_open(images, "images", 2, 8, &a, diag);
    if (status == EQ_OK) status = eq_idx_open(labels, "labels", 1, 1, &b, diag);
    if (status == EQ_OK) status = eq_array_table(&a, &b, EQ_GOAL_CLASS, "images", out, diag);
    eq_free(a.bytes);
    eq_free(b.bytes);
    return status;
}
