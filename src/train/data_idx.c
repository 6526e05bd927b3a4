/* IDX files (LeCun, "The MNIST database"): two zero bytes, type, rank, sizes as big-endian 32-bit
 * numbers, then the items; the type of unsigned bytes is 8. */
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/data_read.h"

typedef struct idx {
    const char *path;
    char *bytes;          /* the whole file */
    size_t length, start; /* start: offset of the first item */
    int rank;
    size_t size[255];
    size_t items; /* product of the sizes */
} idx;

static size_t big_endian(const unsigned char *b) {
    return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | (size_t)b[3];
}

static eq_status check_magic(const idx *f, const char *what, int least, int most, eq_diag *diag) {
    const unsigned char *b = (const unsigned char *)f->bytes;
    if (f->length < 4 || b[0] != 0 || b[1] != 0 || b[2] != 8)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "'%s' byte 0: this is no IDX file of unsigned bytes (it must begin with 00 00 08); "
            "give an IDX file of %s",
            f->path, what);
    if (f->rank < least || f->rank > most)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "'%s' byte 3: the file has %d axes, a file of %s has %d or more; are images and "
            "labels swapped?",
            f->path, f->rank, what, least);
    if (f->length < f->start)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "'%s' byte %zu: the file ends inside its header of %zu bytes; it is damaged, "
            "fetch it again",
            f->path, f->length, f->start);
    return EQ_OK;
}

/* Reads the file and checks that the sizes in its header are the size it has. */
static eq_status idx_read(const char *path, const char *what, int least, int most, idx *f,
                          eq_diag *diag) {
    *f = (idx){.path = path};
    eq_status status = eq_file_read_gz(path, EQ_DATA_LIMIT(1), &f->bytes, &f->length, diag);
    if (status != EQ_OK) return status;
    const unsigned char *b = (const unsigned char *)f->bytes;
    f->rank = f->length < 4 ? 0 : b[3];
    f->start = 4 + 4 * (size_t)f->rank;
    status = check_magic(f, what, least, most, diag);
    if (status != EQ_OK) return status;
    f->items = 1;
    for (int k = 0; status == EQ_OK && k < f->rank; k++) {
        f->size[k] = big_endian(b + 4 + 4 * k);
        status = eq_data_product(path, f->items, f->size[k], &f->items, diag);
    }
    if (status == EQ_OK && f->length - f->start != f->items)
        status =
            eq_fail(diag, EQ_ERR_INPUT,
                    "'%s' byte %zu: %zu bytes follow the header, which announces %zu; the file is "
                    "damaged, fetch it again",
                    path, f->start, f->length - f->start, f->items);
    if (status == EQ_OK && f->items == 0)
        status = eq_fail(diag, EQ_ERR_INPUT, "'%s' is empty; give a file with examples", path);
    return status;
}

static eq_status build(const idx *images, const idx *labels, eq_data **out, eq_diag *diag) {
    size_t n = images->size[0], features = images->items / n, top = 0;
    if (labels->size[0] != n)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "'%s' has %zu images, '%s' %zu labels; give files of one data set",
                       images->path, n, labels->path, labels->size[0]);
    if (n > UINT32_MAX)
        return eq_fail(diag, EQ_ERR_INPUT, "'%s' has more than 2^32 examples; split it",
                       images->path);
    eq_data *d = eq_data_new(n, features);
    if (d == NULL) return eq_out_of_memory(diag);
    d->pixel = eq_malloc(images->items, 1);
    eq_status status = d->pixel == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) memcpy(d->pixel, images->bytes + images->start, images->items);
    for (size_t k = 0; k < n; k++) {
        d->label[k] = (unsigned char)labels->bytes[labels->start + k];
        if (d->label[k] > top) top = d->label[k];
    }
    if (status == EQ_OK) status = eq_data_number_classes(d, top + 1, diag);
    if (status == EQ_OK)
        *out = d;
    else
        eq_data_free(d);
    return status;
}

eq_status eq_data_read_idx(const char *images, const char *labels, eq_data **out, eq_diag *diag) {
    idx a = {0}, b = {0};
    eq_status status = idx_read(images, "images", 2, 8, &a, diag);
    if (status == EQ_OK) status = idx_read(labels, "labels", 1, 1, &b, diag);
    if (status == EQ_OK) status = build(&a, &b, out, diag);
    eq_free(a.bytes);
    eq_free(b.bytes);
    return status;
}
