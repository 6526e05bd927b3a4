#define _POSIX_C_SOURCE 200809L
#include "report/ngspice.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/process.h"
#include "report/workplace.h"
#include "result/raw.h"

enum { TIME_LIMIT = 1200 }; /* s: Kendall's network takes 4 s, a hard deck minutes */

static const char deck[] = "deck.cir", raw[] = "out.raw";

/* Words in ngspice's messages that mean that there is no solution,
 * whatever its exit status says. */
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

static eq_status failed(int exit_status, const char *why, eq_diag *diag) {
    if (why == NULL && exit_status > 128)
        return eq_fail(diag, EQ_ERR_CHECK, "ngspice was ended by a signal: %s",
                       strsignal(exit_status - 128));
    return eq_fail(diag, EQ_ERR_CHECK, "ngspice did not solve the deck (exit status %d): %.*s",
                   exit_status, why == NULL ? 0 : (int)strcspn(why, "\n"), why == NULL ? "" : why);
}

static eq_status run(const eq_workplace *w, const char *result, eq_diag *diag) {
    /* -n: no .spiceinit is run */
    static const char *const argv[] = {"ngspice", "-n", "-b", "-r", raw, deck, NULL};
    eq_process p = {argv, w->folder, NULL, "ngspice", TIME_LIMIT};
    eq_text said = {0};
    int exit_status = 0;
    eq_status status = eq_process_run_bound(&p, &exit_status, &said, diag);
    const char *why = complaint(said.text);
    if (status == EQ_OK && (exit_status != 0 || access(result, R_OK) != 0 || why != NULL))
        status = failed(exit_status, why, diag);
    eq_text_free(&said);
    return status;
}

eq_status eq_ngspice_run(const char *text, size_t length, eq_result ***plots, size_t *count,
                         eq_diag *diag) {
    eq_workplace w;
    eq_status status = eq_workplace_open(&w, deck, text, length, diag);
    if (status != EQ_OK) return status;
    char *result = eq_path_join(w.folder, raw);
    status = result == NULL ? eq_out_of_memory(diag) : run(&w, result, diag);
    if (status == EQ_OK) status = eq_raw_read(result, plots, count, diag);
    eq_free(result);
    eq_workplace_close(&w);
    return status;
}
