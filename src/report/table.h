/* Tables of numbers in files, of any form in which results are written. Inside src/report only. */
#ifndef EQ_REPORT_TABLE_H
#define EQ_REPORT_TABLE_H

#include "result/result.h"

typedef struct eq_table_list {
    eq_result **item;
    size_t count, cap;
} eq_table_list;

void eq_table_list_free(eq_table_list *t);

/* Reads a file: CSV, where a row that does not begin with a number names the columns of what
 * follows, and a cell that is no number is NAN. */
eq_status eq_table_read(const char *path, eq_table_list *t, eq_diag *diag);
/* The column of a name, or an error that lists those there are. */
eq_status eq_table_column(const eq_result *r, const char *name, size_t *column, eq_diag *diag);
/* Those of `names`, parted by commas (one between parentheses belongs to its name: v(a,b)), `most` at most. */
eq_status eq_table_columns(const eq_result *r, const char *names, size_t *column, size_t most,
                           size_t *n, eq_diag *diag);

#endif
