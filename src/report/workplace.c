#define _POSIX_C_SOURCE 200809L
#include "report/workplace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* Where folders are made. */
static const char *place(void) {
    const char *base = getenv("TMPDIR");
    return base == NULL || base[0] == '\0' ? "/tmp" : base;
}

static eq_status make(eq_workplace *w, eq_diag *diag) {
    w->above = open(place(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->above >= 0) w->made = eq_temporary_folder(w->above, &w->fd);
    if (w->made != NULL) return EQ_OK;
    return eq_fail(diag, EQ_ERR_IO, "cannot make a folder like %s/eqspice-...: %s; set TMPDIR",
                   place(), strerror(errno));
}

/* The path of the file in the folder, which is noted down as ours. */
static char *note(const eq_workplace *w, const char *name, eq_temporary **t) {
    *t = eq_temporary_expected(w->fd, name);
    return *t == NULL ? NULL : eq_path_join(w->folder, name);
}

eq_status eq_workplace_open(eq_workplace *w, const char *given, const char *text, size_t length,
                            const char *expected, eq_diag *diag) {
    *w = (eq_workplace){.above = -1, .fd = -1};
    eq_status status = make(w, diag);
    if (status != EQ_OK) {
        eq_workplace_close(w);
        return status;
    }
    w->folder = eq_path_join(place(), eq_temporary_name(w->made));
    char *input = w->folder == NULL ? NULL : note(w, given, &w->given);
    w->result = input == NULL ? NULL : note(w, expected, &w->expected);
    status = w->result == NULL ? eq_out_of_memory(diag) : eq_file_write(input, text, length, diag);
    eq_free(input);
    if (status != EQ_OK) eq_workplace_close(w);
    return status;
}

void eq_workplace_close(eq_workplace *w) {
    eq_temporary_remove(w->given);
    eq_temporary_remove(w->expected);
    eq_temporary_remove(w->made);
    if (w->fd >= 0) close(w->fd);
    if (w->above >= 0) close(w->above);
    eq_free(w->folder);
    eq_free(w->result);
}
