/* NumPy archives: a zip file with one array of doubles a variable, for numpy.load. */
#ifndef EQ_RESULT_NPZ_H
#define EQ_RESULT_NPZ_H

#include "result/result.h"

/* Writes v(out).npy, i(v1).npy, ... [points] of n results; those of the second one on stand in
 * folders plot2/, plot3/ ... Write errors stay in the stream. */
eq_status eq_npz_write(const eq_result *const *r, size_t n, FILE *stream, eq_diag *diag);

#endif
