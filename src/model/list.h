/* A list in a file: CSV whose first row names its columns, each row behind it one thing; lines that begin with # are
 * comments. */
#ifndef EQ_MODEL_LIST_H
#define EQ_MODEL_LIST_H

#include "base/csv.h"

enum { EQ_LIST_COLUMNS = 8 };

typedef struct eq_list {
    const char *const *known; /* names of columns */
    int columns, needed;      /* how many there are; the first `needed` must be there */
    const char *words;        /* what a message says of them */
    void *to;                 /* what the rows go to */
    eq_diag *diag;

    eq_csv csv;
    int column[EQ_LIST_COLUMNS]; /* of the file, -1: not there */
    size_t cells;                /* of the first row */
} eq_list;

/* Hands each row to `row`; one at least. */
eq_status eq_list_read(eq_list *l, const char *path, eq_status (*row)(eq_list *l));
/* The cell of a column in this row; NULL: it is empty. */
const eq_cell *eq_list_cell(const eq_list *l, int which);
/* Where it stands, or the row. */
eq_place eq_list_place(const eq_list *l, int which);
/* A number; `otherwise` where the cell is empty, which it must not be where that is NAN. */
eq_status eq_list_number(const eq_list *l, int which, double otherwise, double *value);

#endif
