/* NumPy archives: a zip file with one array of doubles a variable, for numpy.load. */
#ifndef EQ_RESULT_NPZ_H
#define EQ_RESULT_NPZ_H

#include "result/result.h"

/* Writes v(out).npy, i(v1).npy, ... [points] of n results; those of the second one on stand in
 * folders plot2/, plot3/ ... Write errors stay in the stream. */
eq_status eq_npz_write(const eq_result *const *r, size_t n, FILE *stream, eq_diag *diag);
/* npz_read.c. Reads an archive in memory: its arrays of doubles of one axis, those of plot2/, plot3/ ... as
 * results of their own. *r receives *n results, which the caller frees one by one and then the list
 * (eq_free). `name` stands for the file in messages. */
eq_status eq_npz_parse(const char *name, const char *data, size_t length, eq_result ***r, size_t *n,
                       eq_diag *diag);

#endif
