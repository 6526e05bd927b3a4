#include <minizip/unzip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "result/archive.h"
#include "result/npz.h"

/* An array of the archive: its name without .npy, and its values. */
typedef struct array {
    char name[1024];
    size_t plot; /* from 0 */
    char *bytes; /* the whole member */
    const double *value;
    size_t count;
} array;

/* Where the values begin: behind a header that says '<f8' and one axis. */
static bool find_values(array *a, size_t length) {
    enum { MAGIC = 10, LONGEST = 512 };
    char text[LONGEST];
    if (length < MAGIC || memcmp(a->bytes, "\x93NUMPY\x01", 7) != 0) return false;
    size_t head = (unsigned char)a->bytes[8] + 256u * (unsigned char)a->bytes[9];
    if (head > length - MAGIC || head >= LONGEST || (MAGIC + head) % sizeof(double) != 0)
        return false;
    memcpy(text, a->bytes + MAGIC, head);
    text[head] = '\0';
    const char *shape = strstr(text, "'shape': (");
    unsigned long long count = 0;
    a->value = (const double *)(const void *)(a->bytes + MAGIC + head);
    bool good = shape != NULL && strstr(text, "'<f8'") != NULL &&
                sscanf(shape, "'shape': (%llu,)", &count) == 1 &&
                count == (length - MAGIC - head) / sizeof(double);
    a->count = (size_t)count;
    return good;
}

/* The member the archive stands at; EQ_ERR_INPUT when it is no array as above. */
static eq_status read_member(unzFile archive, array *a) {
    unz_file_info64 about;
    char *slash;
    if (unzGetCurrentFileInfo64(archive, &about, a->name, sizeof a->name, NULL, 0, NULL, 0) !=
        UNZ_OK)
        return EQ_ERR_INPUT;
    size_t length = strlen(a->name);
    if (about.uncompressed_size > INT32_MAX || length < 5 ||
        strcmp(a->name + length - 4, ".npy") != 0)
        return EQ_ERR_INPUT;
    a->name[length - 4] = '\0';
    if (strncmp(a->name, "plot", 4) == 0 && (slash = strchr(a->name, '/')) != NULL) {
        a->plot = (size_t)strtoul(a->name + 4, NULL, 10) - 1;
        memmove(a->name, slash + 1, strlen(slash));
    }
    if (unzOpenCurrentFile(archive) != UNZ_OK) return EQ_ERR_INPUT;
    a->bytes = eq_malloc((size_t)about.uncompressed_size + 1, 1);
    int got = a->bytes == NULL
                  ? -1
                  : unzReadCurrentFile(archive, a->bytes, (unsigned)about.uncompressed_size);
    unzCloseCurrentFile(archive);
    if (a->bytes == NULL) return EQ_ERR_MEMORY;
    return got == (int)about.uncompressed_size && find_values(a, (size_t)got) ? EQ_OK
                                                                              : EQ_ERR_INPUT;
}

/* The tables while they grow: arrays stand side by side, so they are kept until all are there. */
typedef struct shelf {
    array *item;
    size_t count, cap;
} shelf;

static eq_status read_members(unzFile archive, shelf *s, eq_diag *diag) {
    for (int at = unzGoToFirstFile(archive); at == UNZ_OK; at = unzGoToNextFile(archive)) {
        void *p = s->item;
        bool room = eq_grow(&p, &s->cap, s->count + 1, sizeof(array));
        s->item = p;
        if (!room) return eq_out_of_memory(diag);
        array *a = &s->item[s->count];
        *a = (array){.plot = 0};
        eq_status status = read_member(archive, a);
        if (status == EQ_ERR_MEMORY) return eq_out_of_memory(diag);
        if (status == EQ_OK)
            s->count++;
        else
            eq_free(a->bytes);
    }
    return EQ_OK;
}

static const char *type_of(const char *name) {
    if (name[0] != '\0' && name[1] == '(') return name[0] == 'v' ? "voltage" : "current";
    return "notype";
}

/* One table of the arrays of plot `k` that have as many values as its first. */
static eq_status gather(const shelf *s, size_t k, const char *name, eq_result *r, eq_diag *diag) {
    size_t points = 0, used = 0;
    const double **column = eq_malloc(s->count, sizeof *column);
    double *row = eq_malloc(s->count, sizeof *row);
    eq_status status = column == NULL || row == NULL ? eq_out_of_memory(diag) : EQ_OK;
    for (size_t j = 0; status == EQ_OK && j < s->count; j++) {
        const array *a = &s->item[j];
        if (a->plot != k || (used > 0 && a->count != points)) continue;
        points = a->count;
        column[used++] = a->value;
        status = eq_result_variable(r, a->name, type_of(a->name), diag);
    }
    for (size_t j = 0; status == EQ_OK && j < points; j++) {
        for (size_t c = 0; c < used; c++) row[c] = column[c][j];
        status = eq_result_point(r, row, diag);
    }
    if (status == EQ_OK && used == 0)
        status = eq_fail_at(diag, EQ_ERR_INPUT, (eq_place){name, 0, 0},
                            "the archive has no array of doubles of one axis");
    eq_free(column);
    eq_free(row);
    return status;
}

static eq_status gather_all(const shelf *s, const char *name, eq_result ***r, size_t *n,
                            eq_diag *diag) {
    size_t plots = 1;
    eq_status status = EQ_OK;
    for (size_t k = 0; k < s->count; k++)
        if (s->item[k].plot == plots) plots++;
    *r = eq_calloc(plots, sizeof **r);
    if (*r == NULL) return eq_out_of_memory(diag);
    for (*n = 0; status == EQ_OK && *n < plots; ++*n) {
        (*r)[*n] = eq_result_new(name, "archive");
        status = (*r)[*n] == NULL ? eq_out_of_memory(diag) : gather(s, *n, name, (*r)[*n], diag);
    }
    if (status == EQ_OK) return EQ_OK;
    while (*n > 0) eq_result_free((*r)[--*n]);
    eq_free(*r);
    *r = NULL;
    return status;
}

eq_status eq_npz_parse(const char *name, const char *data, size_t length, eq_result ***r, size_t *n,
                       eq_diag *diag) {
    eq_archive file = {.data = data, .length = length};
    shelf s = {NULL, 0, 0};
    zlib_filefunc64_def access = eq_archive_access(&file);
    unzFile archive = unzOpen2_64("", &access);
    if (archive == NULL)
        return eq_fail_at(diag, EQ_ERR_INPUT, (eq_place){name, 0, 0},
                          "this is no archive of NumPy; write one with --format npz");
    eq_status status = read_members(archive, &s, diag);
    unzClose(archive);
    if (status == EQ_OK) status = gather_all(&s, name, r, n, diag);
    for (size_t k = 0; k < s.count; k++) eq_free(s.item[k].bytes);
    eq_free(s.item);
    return status;
}
