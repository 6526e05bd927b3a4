#include "result/archive.h"

#include <string.h>

static voidpf archive_open(voidpf opaque, const void *name, int mode) {
    (void)name;
    (void)mode;
    return opaque;
}

static uLong archive_read(voidpf opaque, voidpf stream, void *bytes, uLong size) {
    eq_archive *f = stream;
    (void)opaque;
    size_t n = f->length - f->at < size ? f->length - f->at : size;
    memcpy(bytes, f->data + f->at, n);
    f->at += n;
    return n;
}

/* It goes back to each member's header when its checksum is known, which a pipe would not let it do.
 * minizip loses memory of its own when a write fails: out of memory, none does, and the text says so
 * in the end. */
static uLong archive_write(voidpf opaque, voidpf stream, const void *bytes, uLong size) {
    eq_archive *f = stream;
    (void)opaque;
    size_t over = f->length - f->at < size ? f->length - f->at : size;
    if (over > 0 && !f->bytes.failed) memcpy(f->bytes.text + f->at, bytes, over);
    eq_text_add(&f->bytes, (const char *)bytes + over, size - over);
    f->at += size;
    f->length += size - over;
    return size;
}

static ZPOS64_T archive_tell(voidpf opaque, voidpf stream) {
    (void)opaque;
    return ((eq_archive *)stream)->at;
}

static long archive_seek(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin) {
    eq_archive *f = stream;
    (void)opaque;
    size_t from = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                  : origin == ZLIB_FILEFUNC_SEEK_CUR ? f->at
                                                     : f->length;
    if (offset > f->length - from) return -1;
    f->at = from + offset;
    return 0;
}

/* Nothing to close, and no error. */
static int archive_well(voidpf opaque, voidpf stream) {
    (void)opaque;
    (void)stream;
    return 0;
}

zlib_filefunc64_def eq_archive_access(eq_archive *file) {
    return (zlib_filefunc64_def){.zopen64_file = archive_open,
                                 .zread_file = file->data == NULL ? NULL : archive_read,
                                 .zwrite_file = file->data == NULL ? archive_write : NULL,
                                 .ztell64_file = archive_tell,
                                 .zseek64_file = archive_seek,
                                 .zclose_file = archive_well,
                                 .zerror_file = archive_well,
                                 .opaque = file};
}
