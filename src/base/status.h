/* Statuses and diagnostics. Every function that can fail returns an eq_status and adds to an
 * eq_diag a sentence the user can act on: what is wrong; what to do, with the place in the deck
 * where there is one. The library never prints and never exits; src/cli/ prints the diagnostics as
 * `file:line:column: error: what is wrong; what to do`. */
#ifndef EQ_BASE_STATUS_H
#define EQ_BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>

/* Sign carries severity: 0 done, < 0 failed. */
typedef enum eq_status {
    EQ_OK = 0,
    EQ_ERR_MEMORY = -1,      /* an allocation failed or a size overflowed */
    EQ_ERR_USAGE = -2,       /* wrong arguments: exit status 2 */
    EQ_ERR_INPUT = -3,       /* a bad deck, experiment or data file: exit status 2 */
    EQ_ERR_IO = -4,          /* a file cannot be read or written: exit status 1 when writing */
    EQ_ERR_SINGULAR = -5,    /* the circuit has no unique operating point */
    EQ_ERR_CONVERGE = -6,    /* no engine brought the KCL residual below its bound */
    EQ_ERR_CHECK = -7,       /* a check did not hold (verify, gradcheck, stationarity) */
    EQ_ERR_INTERRUPTED = -8, /* stopped by the user; what was done is saved */
} eq_status;

typedef enum eq_severity { EQ_ERROR, EQ_WARNING, EQ_NOTE } eq_severity;

/* A place in a text. line and column count from 1; 0 means "not known"; file may be NULL. */
typedef struct eq_place {
    const char *file;
    int line;
    int column;
} eq_place;

typedef struct eq_message {
    eq_severity severity;
    char *file; /* owned; NULL when there is no place */
    int line;
    int column;
    char *text; /* owned; one sentence, no newline at the end */
} eq_message;

/* A growing list of messages; all functions accept diag = NULL (messages are dropped). */
typedef struct eq_diag eq_diag;

eq_diag *eq_diag_new(void);
void eq_diag_free(eq_diag *diag);
void eq_diag_clear(eq_diag *diag);
size_t eq_diag_count(const eq_diag *diag);
size_t eq_diag_errors(const eq_diag *diag);
/* Message `index`; where none is stored, the one about memory that ran out. */
const eq_message *eq_diag_get(const eq_diag *diag, size_t index);

/* Adds an error without a place and returns status, so that `return eq_fail(...)` reads well. */
eq_status eq_fail(eq_diag *diag, eq_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
eq_status eq_fail_at(eq_diag *diag, eq_status status, eq_place at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void eq_warn_at(eq_diag *diag, eq_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void eq_note_at(eq_diag *diag, eq_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
eq_status eq_out_of_memory(eq_diag *diag);

/* clang's analyzer looks at one file at a time: it is told here that the status given comes back.
 */
#if defined(__clang_analyzer__) && !defined(EQ_BASE_STATUS_C)
#define eq_fail(diag, status, ...) (eq_fail(diag, status, __VA_ARGS__), (status))
#define eq_fail_at(diag, status, at, ...) (eq_fail_at(diag, status, at, __VA_ARGS__), (status))
#define eq_out_of_memory(diag) (eq_out_of_memory(diag), EQ_ERR_MEMORY)
#endif

/* "error", "warning", "note". */
const char *eq_severity_name(eq_severity severity);

#endif
