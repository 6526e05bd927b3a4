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

eq_status eq_workplace_open(eq_workplace *w, const char *given, const char *text, size_t length,
                            eq_diag *diag) {
    *w = (eq_workplace){.above = -1, .fd = -1};
    eq_status status = make(w, diag);
    if (status == EQ_OK) {
        w->folder = eq_path_join(place(), eq_temporary_name(w->made));
        char *path = w->folder == NULL ? NULL : eq_path_join(w->folder, given);
        status = path == NULL ? eq_out_of_memory(diag) : eq_file_write(path, text, length, diag);
        eq_free(path);
    }
    if (status != EQ_OK) eq_workplace_close(w);
    return status;
}

void eq_workplace_close(eq_workplace *w) {
    eq_temporary_remove(w->made);
    if (w->fd >= 0) close(w->fd);
    if (w->above >= 0) close(w->above);
    eq_free(w->folder);
}
