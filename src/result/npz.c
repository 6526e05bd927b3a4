#include "result/npz.h"

#include <minizip/zip.h>
#include <string.h>

#include "base/carry.h"
#include "base/mem.h"
#include "base/text.h"
#include "result/archive.h"

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
    eq_archive file = {0};
    zlib_filefunc64_def access = eq_archive_access(&file);
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
