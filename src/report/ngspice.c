#define _POSIX_C_SOURCE 200809L
#include "report/ngspice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/process.h"
#include "report/raw.h"

enum { TIME_LIMIT = 1200 }; /* s: Kendall's network takes 4 s, a hard deck minutes */

/* A private folder with the deck in it and room for the raw file. */
typedef struct workplace {
    char *folder, *deck, *raw;
} workplace;

static void workplace_close(workplace *w) {
    if (w->deck != NULL) unlink(w->deck);
    if (w->raw != NULL) unlink(w->raw);
    if (w->folder != NULL) rmdir(w->folder);
    eq_free(w->deck);
    eq_free(w->raw);
    eq_free(w->folder);
}

static eq_status workplace_open(workplace *w, const char *deck, size_t length, eq_diag *diag) {
    const char *base = getenv("TMPDIR");
    char *name = eq_path_join(base == NULL ? "/tmp" : base, "eqspice-XXXXXX");
    if (name == NULL) return eq_out_of_memory(diag);
    if (mkdtemp(name) == NULL) {
        eq_status status = eq_fail(diag, EQ_ERR_IO, "cannot make a folder like %s: %s; set TMPDIR",
                                   name, strerror(errno));
        eq_free(name);
        return status;
    }
    w->folder = name;
    w->deck = eq_path_join(w->folder, "deck.cir");
    w->raw = eq_path_join(w->folder, "out.raw");
    if (w->deck == NULL || w->raw == NULL) return eq_out_of_memory(diag);
    return eq_file_write(w->deck, deck, length, diag);
}

/* Words in ngspice's messages that mean that there is no solution, whatever its exit status says.
 */
static const char *const bad[] = {"singular matrix", "No convergence",       "Timestep too small",
                                  "aborted",         "analysis not run",     "Fatal error",
                                  "unknown subckt",  "gmin stepping failed", "no such"};

/* The first line that complains, NULL when none does. */
static const char *complaint(const char *said) {
    const char *first = NULL;
    for (size_t k = 0; said != NULL && k < sizeof bad / sizeof *bad; k++) {
        const char *at = strstr(said, bad[k]);
        if (at != NULL && (first == NULL || at < first)) first = at;
    }
    while (first != NULL && first > said && first[-1] != '\n') first--;
    return first;
}

static eq_status run(const workplace *w, const char *folder, eq_diag *diag) {
    /* -n: a .spiceinit beside the deck is not run */
    const char *const argv[] = {"ngspice", "-n", "-b", "-r", w->raw, w->deck, NULL};
    eq_process p = {argv, folder, NULL, "ngspice", TIME_LIMIT};
    eq_text said = {0};
    int exit_status = 0;
    eq_status status = eq_process_run(&p, &exit_status, &said, diag);
    const char *why = complaint(said.text);
    if (status == EQ_OK && (exit_status != 0 || access(w->raw, R_OK) != 0 || why != NULL))
        status =
            eq_fail(diag, EQ_ERR_CHECK, "ngspice did not solve the deck (exit status %d): %.*s",
                    exit_status, why == NULL ? 0 : (int)strcspn(why, "\n"), why == NULL ? "" : why);
    eq_text_free(&said);
    return status;
}

eq_status eq_ngspice_run(const char *deck, size_t length, const char *folder, eq_result ***plots,
                         size_t *count, eq_diag *diag) {
    workplace w = {NULL, NULL, NULL};
    eq_status status = workplace_open(&w, deck, length, diag);
    if (status == EQ_OK) status = run(&w, folder, diag);
    if (status == EQ_OK) status = eq_raw_read(w.raw, plots, count, diag);
    workplace_close(&w);
    return status;
}
