#define _POSIX_C_SOURCE 200809L
/* CIFAR-10's binary version (Krizhevsky, "The CIFAR-10 dataset"): an example is a byte 0..9 and 3 x 32 x 32
 * bytes, the red, the green and the blue image, row by row. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/data/read.h"

enum { PIXELS = 3 * 32 * 32, EXAMPLE = 1 + PIXELS, CLASSES = 10, FILES = 64 };

/* The files of one table, read. */
typedef struct batches {
    char *name[FILES], *bytes[FILES];
    size_t examples[FILES], files, all;
} batches;

static void close_batches(batches *b) {
    for (size_t k = 0; k < b->files; k++) {
        eq_free(b->name[k]);
        eq_free(b->bytes[k]);
    }
}

/* Takes the name over. */
static eq_status add_file(batches *b, char *name, eq_diag *diag) {
    size_t length = 0, k = b->files++;
    b->name[k] = name;
    eq_status status = eq_file_read_gz(name, EQ_DATA_LIMIT(1), &b->bytes[k], &length, diag);
    if (status != EQ_OK) return status;
    if (length == 0 || length % EXAMPLE != 0)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "'%s' has %zu bytes, no multiple of %d; a file of CIFAR-10's binary version "
                       "has 1 byte of the class and %d of the image for each example: give such a "
                       "file, or fetch it again if it is damaged",
                       name, length, EXAMPLE, PIXELS);
    b->examples[k] = length / EXAMPLE;
    b->all += b->examples[k];
    return EQ_OK;
}

/* folder/stem.bin or folder/stem.bin.gz; *file NULL: neither is there. */
static eq_status find(const char *folder, const char *stem, char **file, eq_diag *diag) {
    static const char *const end[] = {".bin", ".bin.gz"};
    *file = NULL;
    for (size_t k = 0; k < sizeof end / sizeof *end; k++) {
        eq_text t = {0};
        eq_text_printf(&t, "%s/%s%s", folder, stem, end[k]);
        if (t.failed) return eq_out_of_memory(diag);
        if (access(t.text, F_OK) == 0 && !eq_is_folder(t.text)) {
            *file = t.text;
            return EQ_OK;
        }
        eq_text_free(&t);
    }
    return EQ_OK;
}

/* Behind the last one there is no other. */
static eq_status check_gap(const batches *b, const char *folder, eq_diag *diag) {
    enum { FURTHER = 8 };
    for (size_t k = b->files + 2; k <= b->files + FURTHER; k++) {
        char stem[32], *file;
        snprintf(stem, sizeof stem, "data_batch_%zu", k);
        eq_status status = find(folder, stem, &file, diag);
        eq_free(file);
        if (status != EQ_OK) return status;
        if (file != NULL)
            return eq_fail(diag, EQ_ERR_INPUT,
                           "'%s' has data_batch_%zu, but no data_batch_%zu; fetch what is missing, "
                           "or number them anew",
                           folder, k, b->files + 1);
    }
    return EQ_OK;
}

/* data_batch_1, data_batch_2, .. as far as there are, or test_batch. */
static eq_status add_folder(batches *b, const char *folder, bool test, eq_diag *diag) {
    eq_status status = EQ_OK;
    while (status == EQ_OK && b->files < (test ? 1 : FILES)) {
        char stem[32], *file;
        snprintf(stem, sizeof stem, test ? "test_batch" : "data_batch_%zu", b->files + 1);
        status = find(folder, stem, &file, diag);
        if (status == EQ_OK && file == NULL) break;
        if (status == EQ_OK) status = add_file(b, file, diag);
    }
    if (status == EQ_OK && b->files > 0 && !test) status = check_gap(b, folder, diag);
    if (status != EQ_OK || b->files > 0) return status;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "there is no %s.bin(.gz) in '%s'; give the folder cifar-10-batches-bin of the "
                   "binary version of CIFAR-10",
                   test ? "test_batch" : "data_batch_1", folder);
}

static eq_status take(const batches *b, eq_data *d, eq_diag *diag) {
    size_t at = 0;
    for (size_t k = 0; k < b->files; k++)
        for (size_t j = 0; j < b->examples[k]; j++, at++) {
            const uint8_t *from = (const uint8_t *)b->bytes[k] + j * EXAMPLE;
            if (from[0] >= CLASSES)
                return eq_fail(
                    diag, EQ_ERR_INPUT,
                    "'%s' byte %zu: the class is %d, and CIFAR-10 has 0 to %d; fetch the "
                    "file again",
                    b->name[k], j * EXAMPLE, from[0], CLASSES - 1);
            d->label[at] = from[0];
            memcpy(d->pixel + at * PIXELS, from + 1, PIXELS);
        }
    return eq_data_number_classes(d, CLASSES, diag);
}

eq_status eq_data_read_cifar(const char *path, bool test, eq_data **out, eq_diag *diag) {
    batches b = {.files = 0};
    eq_data *d = NULL;
    bool folder = eq_is_folder(path);
    char *name = folder ? NULL : eq_strdup(path);
    eq_status status = folder         ? add_folder(&b, path, test, diag)
                       : name == NULL ? eq_out_of_memory(diag)
                                      : add_file(&b, name, diag);
    if (status == EQ_OK) {
        d = eq_data_new(b.all, PIXELS);
        if (d != NULL) d->image = (eq_raster){3, 32, 32, false};
        if (d != NULL) d->pixel = eq_malloc(b.all, PIXELS);
        status = d == NULL || d->pixel == NULL ? eq_out_of_memory(diag) : take(&b, d, diag);
    }
    close_batches(&b);
    if (status == EQ_OK)
        *out = d;
    else
        eq_data_free(d);
    return status;
}
