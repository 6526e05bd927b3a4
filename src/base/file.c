#define _XOPEN_SOURCE 700 /* realpath */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/temporary.h"
#include "base/text.h"

/* Opens a regular file for reading; O_NONBLOCK so that a FIFO cannot hang the open. */
static eq_status open_regular(const char *path, eq_place at, int *fd, size_t *size, eq_diag *diag) {
    *fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0)
        return eq_fail_at(diag, EQ_ERR_INPUT, at,
                          "cannot read '%s': %s; check the name and its permissions", path,
                          strerror(errno));
    struct stat st;
    if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(*fd);
        return eq_fail_at(diag, EQ_ERR_INPUT, at,
                          "'%s' is not a regular file; give the name of a file", path);
    }
    *size = (size_t)st.st_size;
    return EQ_OK;
}

eq_status eq_file_check(const char *path, eq_place at, eq_diag *diag) {
    int fd;
    size_t size;
    eq_status status = open_regular(path, at, &fd, &size, diag);
    if (status == EQ_OK) close(fd);
    return status;
}

eq_status eq_file_read(const char *path, eq_place at, char **data, size_t *length, eq_diag *diag) {
    int fd;
    size_t size = 0;
    eq_status status = open_regular(path, at, &fd, &size, diag);
    if (status != EQ_OK) return status;
    char *buffer = eq_malloc(size + 1, 1);
    size_t got = 0;
    if (buffer == NULL) status = eq_out_of_memory(diag);
    while (status == EQ_OK && got < size) {
        ssize_t n = read(fd, buffer + got, size - got);
        if (n == 0) break; /* cut while it was read */
        if (n > 0)
            got += (size_t)n;
        else if (errno != EINTR)
            status =
                eq_fail_at(diag, EQ_ERR_INPUT, at, "cannot read '%s': %s", path, strerror(errno));
    }
    close(fd);
    if (status != EQ_OK) {
        eq_free(buffer);
        return status;
    }
    buffer[got] = '\0';
    *data = buffer;
    *length = got;
    return EQ_OK;
}

/* Inflates until the end, an error or the limit. */
static eq_status inflate_all(gzFile gz, const char *path, size_t limit, eq_text *t, eq_diag *diag) {
    char block[1 << 16];
    int n;
    while ((n = gzread(gz, block, sizeof block)) > 0) {
        if (t->length + (size_t)n > limit)
            return eq_fail(diag, EQ_ERR_INPUT,
                           "'%s' holds more than %zu bytes; it is not the data "
                           "file expected here",
                           path, limit);
        eq_text_add(t, block, (size_t)n);
        if (t->failed) return eq_out_of_memory(diag);
    }
    int code;
    const char *why = gzerror(gz, &code);
    if (n < 0 || (code != Z_OK && code != Z_STREAM_END))
        return eq_fail(diag, EQ_ERR_INPUT,
                       "cannot inflate '%s': %s; the file is damaged, fetch it "
                       "again",
                       path, why);
    return EQ_OK;
}

eq_status eq_file_read_gz(const char *path, size_t limit, char **data, size_t *length,
                          eq_diag *diag) {
    int fd;
    size_t size;
    eq_status status = open_regular(path, (eq_place){0}, &fd, &size, diag);
    if (status != EQ_OK) return status;
    gzFile gz = gzdopen(fd, "rb");
    if (gz == NULL) { /* LCOV_EXCL_START: zlib has no memory; its allocations are not ours */
        close(fd);
        return eq_out_of_memory(diag);
    } /* LCOV_EXCL_STOP */
    eq_text t = {0};
    status = inflate_all(gz, path, limit, &t, diag);
    gzclose(gz);
    if (status == EQ_OK && t.text == NULL) eq_text_puts(&t, "");
    if (status == EQ_OK && t.failed) status = eq_out_of_memory(diag);
    if (status != EQ_OK) {
        eq_text_free(&t);
        return status;
    }
    *data = t.text;
    *length = t.length;
    return EQ_OK;
}

struct eq_out {
    char *path;
    int folder; /* of path, open while it is written, so that it stays the same one; -1: a device */
    eq_temporary *temporary; /* the new file in it; NULL for a device or a FIFO, written directly */
    FILE *stream;
};

static void out_free(eq_out *out) {
    if (out->folder >= 0) close(out->folder);
    eq_free(out->path);
    eq_free(out);
}

static eq_status cannot_write(eq_diag *diag, const char *path) {
    return eq_fail(diag, EQ_ERR_IO,
                   "cannot write '%s': %s; check the folder, its permissions and "
                   "the free space",
                   path, strerror(errno));
}

/* The file that the name leads to through symbolic links: it is what rename must replace. */
static char *target_of(const char *path) {
    char *real = realpath(path, NULL);
    char *target = eq_strdup(real == NULL ? path : real);
    free(real);
    return target;
}

bool eq_is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_device(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* The name of the file in its folder. */
static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* A device or FIFO is not made when it has gone meanwhile. -1: errno says why. */
static int open_device(eq_out *out, const char *path) {
    out->path = eq_strdup(path);
    if (out->path != NULL) return open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    errno = ENOMEM;
    return -1;
}

/* A new file beside the one it is to replace. */
static int open_temporary(eq_out *out, const char *path) {
    int fd = -1;
    out->path = target_of(path);
    char *folder = out->path == NULL ? NULL : eq_path_folder(out->path);
    errno = ENOMEM;
    if (folder != NULL) out->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->folder >= 0) out->temporary = eq_temporary_file(out->folder, &fd);
    int why = errno;
    eq_free(folder);
    errno = why;
    return fd;
}

bool eq_same_file(const char *a, const char *b) {
    struct stat at, bt;
    return a != NULL && b != NULL && stat(a, &at) == 0 && stat(b, &bt) == 0 &&
           at.st_dev == bt.st_dev && at.st_ino == bt.st_ino && S_ISREG(at.st_mode);
}

eq_status eq_out_open(const char *path, eq_out **result, eq_diag *diag) {
    eq_out *out = eq_calloc(1, sizeof *out);
    if (out == NULL) return eq_out_of_memory(diag);
    out->folder = -1;
    int fd = is_device(path) ? open_device(out, path) : open_temporary(out, path);
    if (fd >= 0) out->stream = fdopen(fd, "wb");
    if (out->stream != NULL) {
        *result = out;
        return EQ_OK;
    }
    eq_status status = errno == ENOMEM ? eq_out_of_memory(diag) : cannot_write(diag, path);
    if (fd >= 0) close(fd);
    eq_temporary_remove(out->temporary);
    out_free(out);
    return status;
}

FILE *eq_out_stream(eq_out *out) {
    return out->stream;
}

/* Gives the new file its name; fsync of the folder makes that itself survive a crash. */
static bool put_in_place(const eq_out *out) {
    return renameat(out->folder, eq_temporary_name(out->temporary), out->folder,
                    last_part(out->path)) == 0 &&
           (fsync(out->folder) == 0 || errno == EINVAL);
}

/* Flushes, syncs and closes; errno says why when it fails. */
static bool close_stream(eq_out *out) {
    bool written = !ferror(out->stream) && fflush(out->stream) == 0 &&
                   (out->temporary == NULL || fsync(fileno(out->stream)) == 0);
    int why = errno;
    bool closed = fclose(out->stream) == 0;
    if (!written) errno = why;
    return written && closed;
}

eq_status eq_out_commit(eq_out *out, eq_diag *diag) {
    bool done = close_stream(out) && (out->temporary == NULL || put_in_place(out));
    eq_status status = done ? EQ_OK : cannot_write(diag, out->path);
    if (done)
        eq_temporary_keep(out->temporary);
    else
        eq_temporary_remove(out->temporary);
    out_free(out);
    return status;
}

void eq_out_abort(eq_out *out) {
    if (out == NULL) return;
    fclose(out->stream);
    eq_temporary_remove(out->temporary);
    out_free(out);
}

eq_status eq_file_write(const char *path, const char *data, size_t length, eq_diag *diag) {
    eq_out *out;
    eq_status status = eq_out_open(path, &out, diag);
    if (status != EQ_OK) return status;
    fwrite(data, 1, length, out->stream); /* eq_out_commit looks at ferror */
    return eq_out_commit(out, diag);
}

eq_status eq_folder_make(const char *path, eq_diag *diag) {
    bool made = mkdir(path, 0777) == 0;
    if (!made && errno == ENOENT) { /* first the folder it lies in */
        char *parent = eq_path_folder(path);
        if (parent == NULL) return eq_out_of_memory(diag);
        bool shorter = strlen(parent) < strlen(path);
        eq_status status = shorter ? eq_folder_make(parent, diag) : EQ_OK;
        eq_free(parent);
        if (status != EQ_OK) return status;
        made = mkdir(path, 0777) == 0;
    }
    if (made) return EQ_OK;
    int why = errno;
    if (why == EEXIST && eq_is_folder(path)) return EQ_OK;
    return eq_fail(diag, EQ_ERR_IO, "cannot make the folder '%s': %s", path, strerror(why));
}

char *eq_path_join(const char *folder, const char *name) {
    if (name[0] == '/' || strcmp(folder, ".") == 0) return eq_strdup(name);
    eq_text t = {0};
    size_t n = strlen(folder);
    eq_text_printf(&t, "%s%s%s", folder, n > 0 && folder[n - 1] == '/' ? "" : "/", name);
    if (t.failed) eq_text_free(&t);
    return t.text;
}

char *eq_path_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return eq_strdup(".");
    return slash == path ? eq_strdup("/") : eq_strndup(path, (size_t)(slash - path));
}

void eq_deflate(const void *data, size_t length, eq_text *out) {
    uLongf size = compressBound((uLong)length);
    Bytef *own = eq_malloc(size, 1);
    if (own != NULL && compress(own, &size, data, (uLong)length) == Z_OK)
        eq_text_add(out, (const char *)own, size);
    else
        out->failed = true;
    eq_free(own);
}

uint32_t eq_crc32(const void *data, size_t length) {
    return (uint32_t)crc32_z(0, data, length);
}

char *eq_path_absolute(const char *path) {
    char here[4096];
    if (path[0] == '/') return eq_strdup(path);
    if (getcwd(here, sizeof here) == NULL) return NULL;
    return eq_path_join(here, path);
}
