#include "report/npz.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

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

/* Adds one array; the archive takes a copy. */
static bool add_array(zip_t *archive, const eq_result *r, size_t k, size_t plot) {
    eq_text name = {0}, array = {0};
    if (plot > 0) eq_text_printf(&name, "plot%zu/", plot + 1);
    eq_text_printf(&name, "%s.npy", r->variable[k].name);
    put_array(r, k, &array);
    bool good = !name.failed && !array.failed;
    char *copy = good ? malloc(array.length) : NULL; /* libzip frees it with free() */
    zip_source_t *source = NULL;
    if (copy != NULL) {
        memcpy(copy, array.text, array.length);
        source = zip_source_buffer(archive, copy, array.length, 1);
        if (source == NULL) free(copy);
    }
    zip_int64_t entry =
        source == NULL ? -1 : zip_file_add(archive, name.text, source, ZIP_FL_ENC_UTF_8);
    if (source != NULL && entry < 0) zip_source_free(source);
    if (entry >= 0) {
        zip_set_file_compression(archive, (zip_uint64_t)entry, ZIP_CM_STORE, 0);
        zip_file_set_dostime(archive, (zip_uint64_t)entry, 0, 33, 0); /* 1980-01-01: equal bytes */
    }
    eq_text_free(&name);
    eq_text_free(&array);
    return entry >= 0;
}

/* Copies what the archive has become to the stream. */
static bool copy_out(zip_source_t *buffer, FILE *stream) {
    char block[1 << 16];
    zip_int64_t n = -1;
    if (zip_source_open(buffer) != 0) return false;
    while ((n = zip_source_read(buffer, block, sizeof block)) > 0)
        fwrite(block, 1, (size_t)n, stream);
    zip_source_close(buffer);
    return n == 0;
}

eq_status eq_npz_write(const eq_result *const *r, size_t n, FILE *stream, eq_diag *diag) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *buffer = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_t *archive =
        buffer == NULL ? NULL : zip_open_from_source(buffer, ZIP_CREATE | ZIP_TRUNCATE, &error);
    bool good = archive != NULL;
    if (good) zip_source_keep(buffer); /* one reference is the archive's */
    for (size_t p = 0; good && p < n; p++)
        for (size_t k = 0; good && k < r[p]->variables; k++) good = add_array(archive, r[p], k, p);
    if (archive != NULL && (!good || zip_close(archive) != 0)) {
        zip_discard(archive);
        good = false;
    }
    good = good && copy_out(buffer, stream);
    if (buffer != NULL) zip_source_free(buffer);
    zip_error_fini(&error);
    return good ? EQ_OK : eq_out_of_memory(diag);
}
