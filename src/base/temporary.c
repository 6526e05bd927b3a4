#define _GNU_SOURCE /* getdents64 */
#include "base/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KIND_FREE, KIND_TAKEN, KIND_PROGRAM, KIND_FILE, KIND_FOLDER };

/* A fixed table, since a handler must neither allocate nor wait: an entry is filled while it is
 * KIND_TAKEN, which the handler passes over, and shows only then what it is. */
struct eq_temporary {
    atomic_int kind;
    int folder;
    atomic_int inside; /* the folder itself, -1 before it is open */
    pid_t program;
    char name[40];
};

enum { MOST = 64 };

static eq_temporary table[MOST];

static eq_temporary *take(void) {
    for (int k = 0; k < MOST; k++) {
        int unused = KIND_FREE;
        if (atomic_compare_exchange_strong(&table[k].kind, &unused, KIND_TAKEN)) return &table[k];
    }
    errno = EMFILE;
    return NULL;
}

/* Gives the entry back; errno stays. */
static eq_temporary *give_up(eq_temporary *t) {
    atomic_store(&t->kind, KIND_FREE);
    return NULL;
}

/* An entry with a random name, of that kind from now on: noted down before it is made, so that no
 * signal comes in between. */
static eq_temporary *with_random_name(int folder, const char *format, int kind) {
    unsigned long long number;
    eq_temporary *t = take();
    if (t == NULL) return NULL;
    if (getrandom(&number, sizeof number, 0) != sizeof number) return give_up(t);
    snprintf(t->name, sizeof t->name, format, number);
    t->folder = folder;
    atomic_store(&t->inside, -1);
    atomic_store(&t->kind, kind);
    return t;
}

eq_temporary *eq_temporary_file(int folder, int *fd) {
    eq_temporary *t = with_random_name(folder, ".eqspice-%016llx.tmp", KIND_FILE);
    if (t == NULL) return NULL;
    *fd = openat(folder, t->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return *fd < 0 ? give_up(t) : t;
}

eq_temporary *eq_temporary_folder(int folder, int *fd) {
    eq_temporary *t = with_random_name(folder, "eqspice-%016llx", KIND_FOLDER);
    if (t == NULL) return NULL;
    if (mkdirat(folder, t->name, 0700) != 0) return give_up(t);
    *fd = openat(folder, t->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    atomic_store(&t->inside, *fd);
    if (*fd >= 0) return t;
    int why = errno;
    eq_temporary_remove(t);
    errno = why;
    return NULL;
}

eq_temporary *eq_temporary_program(pid_t program) {
    eq_temporary *t = take();
    if (t == NULL) return NULL;
    t->program = program;
    atomic_store(&t->kind, KIND_PROGRAM);
    return t;
}

bool eq_temporary_is_name(const char *name) {
    static const char start[] = ".eqspice-";
    enum { DIGITS = 16, BEFORE = sizeof start - 1 };
    return strncmp(name, start, BEFORE) == 0 &&
           strspn(name + BEFORE, "0123456789abcdef") == DIGITS &&
           strcmp(name + BEFORE + DIGITS, ".tmp") == 0;
}

const char *eq_temporary_name(const eq_temporary *t) {
    return t->name;
}

void eq_temporary_keep(eq_temporary *t) {
    if (t != NULL) give_up(t);
}

/* Removes one block of names from the start of the folder; false: nothing could be removed. */
static bool remove_some(int folder) {
    _Alignas(struct dirent64) char block[4096];
    bool some = false;
    lseek(folder, 0, SEEK_SET);
    ssize_t n = getdents64(folder, block, sizeof block);
    for (ssize_t at = 0; at < n;) {
        const struct dirent64 *e = (const struct dirent64 *)(const void *)(block + at);
        some = unlinkat(folder, e->d_name, 0) == 0 || some; /* refuses . and .. */
        at += e->d_reclen;
    }
    return some;
}

/* Without opendir, which allocates. */
static void unlink_entry(const eq_temporary *t, int kind) {
    int inside = kind == KIND_FOLDER ? atomic_load(&t->inside) : -1;
    while (inside >= 0 && remove_some(inside)) continue;
    unlinkat(t->folder, t->name, kind == KIND_FOLDER ? AT_REMOVEDIR : 0);
}

void eq_temporary_remove(eq_temporary *t) {
    if (t == NULL) return;
    unlink_entry(t, atomic_load(&t->kind));
    give_up(t);
}

/* Waited for: a program that still ran could make its files anew. */
static void end_program(const eq_temporary *t) {
    kill(t->program, SIGKILL);
    while (waitpid(t->program < 0 ? -t->program : t->program, NULL, 0) < 0 && errno == EINTR)
        continue;
}

void eq_temporary_end(void) {
    for (int kind = KIND_PROGRAM; kind <= KIND_FOLDER; kind++)
        for (int k = 0; k < MOST; k++) {
            if (atomic_load(&table[k].kind) != kind) continue;
            if (kind == KIND_PROGRAM)
                end_program(&table[k]);
            else
                unlink_entry(&table[k], kind);
        }
}
