/* Faults of the system for eqspice, preloaded (LD_PRELOAD) into the program by check_crash.c.
 * EQ_FAULT is CALL:N:WHAT, where CALL is openat (to make a file), fflush, fsync, fclose (of a
 * written file), renameat, unlink, flock, read, malloc, dlopen or any (of those that write). WHAT
 * is kill: the program is killed before the N-th such call; or an errno: that call and all later
 * ones fail with it (malloc: return NULL); -1: read finds the end of the file. Programs that
 * eqspice starts are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static char fault[64]; /* "fsync" */
static long left = -1; /* calls before the fault; -1: there is none */
static int code;       /* errno, 0: kill */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

__attribute__((constructor)) static void read_fault(void) {
    const char *text = getenv("EQ_FAULT");
    if (text == NULL) return;
    const char *colon = strchr(text, ':');
    snprintf(fault, sizeof fault, "%.*s", (int)(colon - text), text);
    char *end;
    long n = strtol(colon + 1, &end, 10);
    code = strcmp(end, ":kill") == 0 ? 0 : atoi(end + 1);
    unsetenv("LD_PRELOAD");
    unsetenv("EQ_FAULT");
    left = n - 1;
}

/* True when this call must fail. */
static bool fails(const char *call) {
    bool writes =
        strcmp(call, "malloc") != 0 && strcmp(call, "read") != 0 && strcmp(call, "dlopen") != 0;
    bool any = writes && strcmp(fault, "any") == 0;
    if (left < 0 || (!any && strcmp(fault, call) != 0)) return false;
    if (left > 0) {
        left--;
        return false;
    }
    if (code == 0) kill(getpid(), SIGKILL);
    errno = code;
    return true;
}

/* The function of that name in the library behind this one. */
static void next(const char *name, void *function) {
    void *address = dlsym(RTLD_NEXT, name);
    memcpy(function, &address, sizeof address);
}

int openat(int folder, const char *path, int flags, ...) {
    int (*real)(int, const char *, int, ...);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    next("openat", &real);
    return (flags & O_CREAT) != 0 && fails("openat") ? -1 : real(folder, path, flags, mode);
}

int fflush(FILE *stream) {
    int (*real)(FILE *);
    next("fflush", &real);
    return stream != stdout && stream != stderr && fails("fflush") ? EOF : real(stream);
}

int fclose(FILE *stream) {
    int (*real)(FILE *);
    next("fclose", &real);
    bool failed = (stream != stdout && stream != stderr) && fails("fclose");
    int why = errno, result = real(stream);
    if (failed) errno = why;
    return failed ? EOF : result;
}

int fsync(int fd) {
    int (*real)(int);
    next("fsync", &real);
    return fails("fsync") ? -1 : real(fd);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    int (*real)(int, const char *, int, const char *);
    next("renameat", &real);
    return fails("renameat") ? -1 : real(from_folder, from, to_folder, to);
}

int unlink(const char *path) {
    int (*real)(const char *);
    next("unlink", &real);
    return fails("unlink") ? -1 : real(path);
}

int flock(int fd, int operation) {
    int (*real)(int, int);
    next("flock", &real);
    return fails("flock") ? -1 : real(fd, operation);
}

ssize_t read(int fd, void *data, size_t n) {
    ssize_t (*real)(int, void *, size_t);
    next("read", &real);
    if (fails("read")) return code == -1 ? 0 : -1;
    return real(fd, data, n);
}

void *dlopen(const char *file, int mode) {
    void *(*real)(const char *, int);
    next("dlopen", &real);
    return real(fails("dlopen") ? "/no/such/library" : file, mode);
}

void *malloc(size_t n) {
    return fails("malloc") ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
    return fails("malloc") ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
    return fails("malloc") ? NULL : __libc_realloc(p, n);
}
