/* Tables in CSV that a run has left. Inside src/report only. */
#ifndef EQ_REPORT_PAGE_ROWS_H
#define EQ_REPORT_PAGE_ROWS_H

#include "base/csv.h"

/* Calls visit for each row of FOLDER/name, number 0 being the header; none where there is no such
 * file. */
eq_status eq_rows_read(const char *folder, const char *name,
                       void (*visit)(void *data, const eq_csv *row, size_t number), void *data,
                       eq_diag *diag);
/* Cell k as text, cut where it is longer; "" behind the last. */
const char *eq_rows_cell(const eq_csv *row, size_t k, char *out, size_t length);
/* As a number; NAN where it is none. */
double eq_rows_number(const eq_csv *row, size_t k);

#endif
