/* Files: reading whole regular files (plain or gzip), and writing so that a crash or a full disk
 * leaves the old file whole: a new file of a random name in the same folder, fsync, rename, fsync
 * the folder. A symbolic link as the name keeps leading to the file; a device or a FIFO is written
 * to as it is. */
#ifndef EQ_BASE_FILE_H
#define EQ_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"
#include "base/text.h"

/* Reads a regular file whole; *data is NUL-terminated, owned by the caller (eq_free). Folders,
 * FIFOs and devices are refused. `at` is the place that named the file (an .include line), or all
 * zero. */
eq_status eq_file_read(const char *path, eq_place at, char **data, size_t *length, eq_diag *diag);

/* Whether eq_file_read can open it: its errors, at the place. */
eq_status eq_file_check(const char *path, eq_place at, eq_diag *diag);

/* As eq_file_read, inflating gzip when the file is gzip (zlib tells); refuses more than `limit`
 * bytes. */
eq_status eq_file_read_gz(const char *path, size_t limit, char **data, size_t *length,
                          eq_diag *diag);

/* Whether both names are of one file that is there; false where one is NULL. */
bool eq_same_file(const char *a, const char *b);

/* An atomic output file. */
typedef struct eq_out eq_out;
eq_status eq_out_open(const char *path, eq_out **out, eq_diag *diag);
FILE *eq_out_stream(eq_out *out);
/* Makes the new file visible under its name; always frees out. */
eq_status eq_out_commit(eq_out *out, eq_diag *diag);
/* Throws the new file away, keeps the old one; frees out. eq_out_abort(NULL) is legal. */
void eq_out_abort(eq_out *out);

/* Writes text to path atomically. */
eq_status eq_file_write(const char *path, const char *data, size_t length, eq_diag *diag);
/* Creates the folder, and those it lies in, if it is not there. */
eq_status eq_folder_make(const char *path, eq_diag *diag);
/* CRC-32 (ISO 3309, as in gzip) of the bytes. */
uint32_t eq_crc32(const void *data, size_t length);

/* Appends the bytes deflated, with the header and the sum of zlib (RFC 1950), as PNG has its pixels. */
void eq_deflate(const void *data, size_t length, eq_text *out);

/* folder/name, owned by the caller; an absolute name is copied; NULL when memory runs out. */
char *eq_path_join(const char *folder, const char *name);
/* The path from the root, owned by the caller; NULL when memory runs out or the current folder is
 * gone. */
char *eq_path_absolute(const char *path);
/* The folder part of a path ("." if there is none), owned by the caller. */
char *eq_path_folder(const char *path);
/* Whether there is a folder of that name. */
bool eq_is_folder(const char *path);

#endif
