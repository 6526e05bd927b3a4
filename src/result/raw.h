/* ngspice raw files (ngspice manual, "Raw file"): a text head, then the values as text or as
 * native doubles, point by point. */
#ifndef EQ_RESULT_RAW_H
#define EQ_RESULT_RAW_H

#include "result/result.h"

/* Writes a plot: binary doubles, or text of 17 digits; both are exact. */
void eq_raw_write(const eq_result *r, bool ascii, FILE *stream);

/* Reads all plots of a raw file in memory, binary or ASCII, real values. *plots receives *count
 * results, which the caller frees one by one and then the list (eq_free). `name` stands for the
 * file in messages. */
eq_status eq_raw_parse(const char *name, const char *data, size_t length, eq_result ***plots,
                       size_t *count, eq_diag *diag);
eq_status eq_raw_read(const char *path, eq_result ***plots, size_t *count, eq_diag *diag);
void eq_raw_free(eq_result **plots, size_t count);

#endif
