#define _GNU_SOURCE /* memfd_create */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/read.h"

static char name[2][64];

static void remove_files(void) {
    for (int slot = 0; slot < 2; slot++)
        if (name[slot][0] != '\0') unlink(name[slot]);
}

const char *fuzz_file(int slot, const void *data, size_t n) {
    static int fd[2] = {-1, -1};
    bool proc = access("/proc/self/fd", F_OK) == 0; /* else a file of its own in /tmp */
    if (fd[slot] < 0 && proc) fd[slot] = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd[slot] < 0 && !proc) {
        snprintf(name[slot], sizeof name[slot], "/tmp/eqspice-fuzz-XXXXXX");
        fd[slot] = mkostemp(name[slot], O_CLOEXEC);
        atexit(remove_files);
    }
    if (fd[slot] < 0 || pwrite(fd[slot], data, n, 0) != (ssize_t)n ||
        ftruncate(fd[slot], (off_t)n) != 0) {
        perror("tests/fuzz/file.c");
        exit(1);
    }
    if (proc) snprintf(name[slot], sizeof name[slot], "/proc/self/fd/%d", fd[slot]);
    return name[slot];
}
