#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/read.h"

const char *fuzz_file(int slot, const void *data, size_t n) {
    static int fd[2] = {-1, -1};
    static char name[2][32];
    if (fd[slot] < 0) fd[slot] = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd[slot] < 0 || pwrite(fd[slot], data, n, 0) != (ssize_t)n ||
        ftruncate(fd[slot], (off_t)n) != 0) {
        perror("tests/fuzz/file.c");
        exit(1);
    }
    snprintf(name[slot], sizeof name[slot], "/proc/self/fd/%d", fd[slot]);
    return name[slot];
}
