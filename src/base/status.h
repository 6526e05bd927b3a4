/* Statuses and diagnostics. Every function that can fail returns an eq_status and adds to an
 * eq_diag a sentence the user can act on: what is wrong; what to do, with the place in the deck
 * where there is one. The library never prints and never exits; src/cli/ prints the diagnostics as
 * `file:line:column: error: what is wrong; what to do`. */
#ifndef EQ_BASE_STATUS_H
#define EQ_BASE_STATUS_H

#include "eqspice.h"

/* A place in a text. line and column count from 1; 0 means "not known"; file may be NULL. */
typedef struct eq_place {
    const char *file;
    int line;
    int column;
} eq_place;

/* Adds an error without a place and returns status, so that `return eq_fail(...)` reads well. */
eq_status eq_fail(eq_diag *diag, eq_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
eq_status eq_fail_at(eq_diag *diag, eq_status status, eq_place at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void eq_warn_at(eq_diag *diag, eq_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void eq_note_at(eq_diag *diag, eq_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The errors of `said` go to diag too, as `status`, at their places. */
void eq_diag_pass_on(const eq_diag *said, eq_status status, eq_diag *diag);
/* The messages from number `first` on that have no place get this one. */
void eq_diag_locate(eq_diag *diag, size_t first, eq_place at);
eq_status eq_out_of_memory(eq_diag *diag);

/* clang's analyzer looks at one file at a time: it is told
 * here that the status given comes back. */
#if defined(__clang_analyzer__) && !defined(EQ_BASE_STATUS_C)
#define eq_fail(diag, status, ...) (eq_fail(diag, status, __VA_ARGS__), (status))
#define eq_fail_at(diag, status, at, ...) (eq_fail_at(diag, status, at, __VA_ARGS__), (status))
#define eq_out_of_memory(diag) (eq_out_of_memory(diag), EQ_ERR_MEMORY)
#endif

#endif
