#define _XOPEN_SOURCE 700
#include "support/program.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/process.h"
#include "train/experiment/experiment.h"

enum { MOST_ARGUMENTS = 32, LONGEST = 4096, TIME_LIMIT = 300 };

static outcome run_line(const char *line) {
    char copy[LONGEST], *rest = NULL;
    const char *argv[MOST_ARGUMENTS + 2], *program = getenv("EQSPICE");
    int n = 0;
    argv[n++] = program == NULL ? "build/eqspice" : program;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        if (n <= MOST_ARGUMENTS) argv[n++] = word;
    argv[n] = NULL;
    eq_process p = {argv, NULL, NULL, "eqspice", TIME_LIMIT};
    eq_text text = {0};
    outcome o = {-1, NULL};
    eq_text_puts(&text, "");
    ck_assert_int_eq(eq_process_run(&p, &o.exit_status, &text, NULL), EQ_OK);
    o.text = text.text;
    return o;
}

outcome run_program(const char *format, ...) {
    char line[LONGEST];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return run_line(line);
}

const char *beside_program(const char *name) {
    static char path[LONGEST];
    const char *program = getenv("EQSPICE") == NULL ? "build/eqspice" : getenv("EQSPICE");
    const char *slash = strrchr(program, '/');
    snprintf(path, sizeof path, "%.*s/%s", slash == NULL ? 1 : (int)(slash - program),
             slash == NULL ? "." : program, name);
    return path;
}

void outcome_free(outcome *o) {
    eq_free(o->text);
    o->text = NULL;
}

void expect_exit(int exit_status, char **text, const char *format, ...) {
    char line[LONGEST];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    outcome o = run_line(line);
    ck_assert_msg(o.exit_status == exit_status, "eqspice %s: exit status %d, not %d:\n%.2000s",
                  line, o.exit_status, exit_status, o.text);
    if (text != NULL)
        *text = o.text;
    else
        outcome_free(&o);
}

char *scratch_folder(void) {
    char *name = strdup("/dev/shm/eqspice-test-XXXXXX");
    if (mkdtemp(name) != NULL) return name;
    strcpy(name, "/tmp/eqspice-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(name));
    return name;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}

void scratch_free(char *name) {
    ck_assert_int_eq(nftw(name, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(name);
}

static char *current;

void scratch_make(void) {
    current = scratch_folder();
}

char *scratch_current(void) {
    return current;
}

void scratch_drop(void) {
    scratch_free(current);
}

const char *in(const char *name) {
    static char path[8][512];
    static int next;
    next = (next + 1) % 8;
    snprintf(path[next], sizeof path[next], "%s/%s", current, name);
    return path[next];
}

static bool ends_with(const char *name, const char *suffix) {
    size_t n = strlen(name), m = strlen(suffix);
    return n > m && strcmp(name + n - m, suffix) == 0;
}

char *file_text(const char *path) {
    char *text;
    size_t length;
    ck_assert_msg(eq_file_read(path, (eq_place){0}, &text, &length, NULL) == EQ_OK, "no %s", path);
    return text;
}

int for_each_file(const char *folder, const char *const *suffix,
                  void (*visit)(const char *name, void *data), void *data) {
    struct dirent **list;
    int n = scandir(folder, &list, NULL, alphasort), visited = 0;
    ck_assert_msg(n >= 0, "no folder %s", folder);
    for (int k = 0; k < n; k++) {
        bool chosen = false;
        for (int j = 0; suffix[j] != NULL; j++)
            chosen = chosen || (list[k]->d_name[0] != '.' && ends_with(list[k]->d_name, suffix[j]));
        if (chosen) visit(list[k]->d_name, data);
        visited += chosen;
        free(list[k]);
    }
    free(list);
    return visited;
}

bool has_proc(const char *what) {
    bool has = access("/proc/self/stat", R_OK) == 0;
    if (!has) printf("skipped: %s (no /proc on this machine; mount it)\n", what);
    return has;
}

bool has_terminals(const char *what) {
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    bool has = fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0 && ptsname(fd) != NULL &&
               access(ptsname(fd), F_OK) == 0;
    if (fd >= 0) close(fd);
    if (!has) printf("skipped: %s (no /dev/pts on this machine; mount it)\n", what);
    return has;
}

const char *put_bytes(const char *name, const void *bytes, size_t length) {
    const char *path = in(name);
    ck_assert_int_eq(eq_file_write(path, bytes, length, NULL), EQ_OK);
    return path;
}

const char *put(const char *name, const char *text) {
    return put_bytes(name, text, strlen(text));
}

eq_experiment *experiment_of_files(const char *deck, const char *data, const char *experiment) {
    eq_experiment *x = NULL;
    eq_diag *diag = eq_diag_new();
    put("net.cir", deck);
    put("data.csv", data);
    eq_status status = eq_experiment_read(put("net.xml", experiment), &x, diag);
    ck_assert_msg(status == EQ_OK, "%s",
                  status == EQ_OK ? "" : eq_diag_get(diag, eq_diag_count(diag) - 1)->text);
    eq_diag_free(diag);
    return x;
}
