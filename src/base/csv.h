/* Rows of a CSV file (RFC 4180): cells parted by commas (or semicolons, or tabs), in quotes or not,
 * rows ended by LF, CRLF or CR. */
#ifndef EQ_BASE_CSV_H
#define EQ_BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* Text without the blanks around it, or between quotes as it stands there with "" for a quote. */
typedef struct eq_cell {
    const char *text;
    size_t length;
    int line, column; /* of the first character, from 1 */
} eq_cell;

/* `text` stays the caller's and is changed where quotes are taken out. */
typedef struct eq_csv {
    const char *path;
    char *next, *end; /* what is not yet read */
    char *line_start;
    int line;
    char separator; /* , where the first row has one outside of quotes, else ; or tab */
    char comment;   /* a line that begins with it is no row; 0: every one is */
    eq_cell *cell;  /* of the row read last */
    size_t cells, cap;
    eq_diag *diag;
} eq_csv;

/* Opens a text, behind its byte order mark if it has one; a NUL byte in it is refused. */
eq_status eq_csv_open(const char *path, char *text, size_t length, eq_csv *c, eq_diag *diag);
/* The same of a file with lines of comment. */
eq_status eq_csv_open_commented(const char *path, char *text, size_t length, char comment,
                                eq_csv *c, eq_diag *diag);
/* Reads the next row that is not blank into c->cell; *more is false at the end. */
eq_status eq_csv_row(eq_csv *c, bool *more);
void eq_csv_close(eq_csv *c);
eq_place eq_cell_place(const eq_csv *c, const eq_cell *cell);
/* How many bytes of the cell a message shows: up to 40, and to the first control character. */
int eq_cell_shown(const eq_cell *cell);

#endif
