#include "result/npz.h"

#include <minizip/unzip.h>
#include <minizip/zip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/carry.h"
#include "base/mem.h"
#include "base/text.h"

/* Format 1.0 of numpy.lib.format: magic, length of the header, the header padded to a multiple of
 * 64 bytes, then little-endian doubles. */
static void put_array(const eq_result *r, size_t k, eq_text *out) {
    enum { MAGIC = 10, UNIT = 64 };
    eq_text head = {0};
    eq_text_printf(&head, "{'descr': '<f8', 'fortran_order': False, 'shape': (%zu,), }", r->points);
    while (!head.failed && (head.length + MAGIC + 1) % UNIT != 0) eq_text_puts(&head, " ");
    eq_text_puts(&head, "\n");
    unsigned char size[2] = {(unsigned char)(head.length & 255), (unsigned char)(head.length >> 8)};
    eq_text_add(out, "\x93NUMPY\x01\x00", 8);
    eq_text_add(out, (const char *)size, sizeof size);
    if (!head.failed) eq_text_add(out, head.text, head.length);
    for (size_t j = 0; j < r->points; j++)
        eq_text_add(out, (const char *)&r->value[j * r->variables + k], sizeof(double));
    out->failed = out->failed || head.failed;
    eq_text_free(&head);
}

/* The archive while it is written: minizip's file (minizip/ioapi.h). It goes back to each member's
 * header when its checksum is known, which a pipe would not let it do. minizip loses memory of its
 * own when a write fails: out of memory, none does, and the text says so in the end. */
typedef struct image {
    eq_text bytes;
    size_t length, at; /* of the archive, which is in `bytes` unless they failed */
} image;

static voidpf image_open(voidpf opaque, const void *name, int mode) {
    (void)name;
    (void)mode;
    return opaque;
}

static uLong image_write(voidpf opaque, voidpf stream, const void *bytes, uLong size) {
    image *f = stream;
    (void)opaque;
    size_t over = f->length - f->at < size ? f->length - f->at : size;
    if (over > 0 && !f->bytes.failed) memcpy(f->bytes.text + f->at, bytes, over);
    eq_text_add(&f->bytes, (const char *)bytes + over, size - over);
    f->at += size;
    f->length += size - over;
    return size;
}

static ZPOS64_T image_tell(voidpf opaque, voidpf stream) {
    (void)opaque;
    return ((image *)stream)->at;
}

static long image_seek(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin) {
    image *f = stream;
    (void)opaque;
    size_t from = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                  : origin == ZLIB_FILEFUNC_SEEK_CUR ? f->at
                                                     : f->length;
    if (offset > f->length - from) return -1;
    f->at = from + offset;
    return 0;
}

/* Nothing to close, and no error. */
static int image_well(voidpf opaque, voidpf stream) {
    (void)opaque;
    (void)stream;
    return 0;
}

/* One member, stored as it is; its date is 1980-01-01, so that equal results are equal bytes. */
static bool add_member(zipFile archive, const char *name, const eq_text *content) {
    enum { MEMORY_LEVEL = 8, NAME_IS_UTF8 = 1 << 11, AT_ONCE = 1 << 30 };
    const zip_fileinfo info = {.dosDate = 33 << 16};
    bool large = content->length >= UINT32_MAX;
    bool good = zipOpenNewFileInZip4_64(archive, name, &info, NULL, 0, NULL, 0, NULL, 0, 0, 0,
                                        -MAX_WBITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY, NULL, 0, 0,
                                        NAME_IS_UTF8, large) == ZIP_OK;
    for (size_t at = 0, n; good && at < content->length; at += n) {
        n = content->length - at < AT_ONCE ? content->length - at : AT_ONCE;
        good = zipWriteInFileInZip(archive, content->text + at, (unsigned)n) == ZIP_OK;
    }
    return good && zipCloseFileInZip(archive) == ZIP_OK;
}

static bool add_array(zipFile archive, const eq_result *r, size_t k, size_t plot) {
    eq_text name = {0}, array = {0};
    if (plot > 0) eq_text_printf(&name, "plot%zu/", plot + 1);
    eq_carry(EQ_CARRY_NPZ, r->variable[k].name, &name);
    eq_text_puts(&name, ".npy");
    put_array(r, k, &array);
    bool good = !name.failed && !array.failed && add_member(archive, name.text, &array);
    eq_text_free(&name);
    eq_text_free(&array);
    return good;
}

eq_status eq_npz_write(const eq_result *const *r, size_t n, FILE *stream, eq_diag *diag) {
    image file = {0};
    zlib_filefunc64_def access = {.zopen64_file = image_open,
                                  .zwrite_file = image_write,
                                  .ztell64_file = image_tell,
                                  .zseek64_file = image_seek,
                                  .zclose_file = image_well,
                                  .zerror_file = image_well,
                                  .opaque = &file};
    zipFile archive = zipOpen2_64("", APPEND_STATUS_CREATE, NULL, &access);
    bool good = archive != NULL;
    for (size_t p = 0; good && p < n; p++)
        for (size_t k = 0; good && k < r[p]->variables; k++) good = add_array(archive, r[p], k, p);
    if (archive != NULL && zipClose(archive, NULL) != ZIP_OK) good = false;
    good = good && !file.bytes.failed;
    if (good) fwrite(file.bytes.text, 1, file.bytes.length, stream);
    eq_text_free(&file.bytes);
    return good ? EQ_OK : eq_out_of_memory(diag);
}

/* An archive that is read; it is not written to. */
typedef struct source {
    const char *data;
    size_t length, at;
} source;

static uLong source_read(voidpf opaque, voidpf stream, void *bytes, uLong size) {
    source *f = stream;
    (void)opaque;
    size_t n = f->length - f->at < size ? f->length - f->at : size;
    memcpy(bytes, f->data + f->at, n);
    f->at += n;
    return n;
}

static ZPOS64_T source_tell(voidpf opaque, voidpf stream) {
    (void)opaque;
    return ((source *)stream)->at;
}

static long source_seek(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin) {
    source *f = stream;
    (void)opaque;
    size_t from = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                  : origin == ZLIB_FILEFUNC_SEEK_CUR ? f->at
                                                     : f->length;
    if (offset > f->length - from) return -1;
    f->at = from + offset;
    return 0;
}

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
    enum { MAGIC = 10 };
    if (length < MAGIC || memcmp(a->bytes, "\x93NUMPY\x01", 7) != 0) return false;
    size_t head = (unsigned char)a->bytes[8] + 256u * (unsigned char)a->bytes[9];
    if (head > length - MAGIC || (MAGIC + head) % sizeof(double) != 0) return false;
    char *text = eq_strndup(a->bytes + MAGIC, head);
    const char *shape = text == NULL ? NULL : strstr(text, "'shape': (");
    unsigned long long count = 0;
    bool good = shape != NULL && strstr(text, "'<f8'") != NULL &&
                sscanf(shape, "'shape': (%llu,)", &count) == 1 &&
                count == (length - MAGIC - head) / sizeof(double);
    eq_free(text);
    a->value = (const double *)(const void *)(a->bytes + MAGIC + head);
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
    source file = {data, length, 0};
    shelf s = {NULL, 0, 0};
    zlib_filefunc64_def access = {.zopen64_file = image_open,
                                  .zread_file = source_read,
                                  .ztell64_file = source_tell,
                                  .zseek64_file = source_seek,
                                  .zclose_file = image_well,
                                  .zerror_file = image_well,
                                  .opaque = &file};
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
