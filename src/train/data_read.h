/* What the readers of data files share; inside src/train only. */
#ifndef EQ_TRAIN_DATA_READ_H
#define EQ_TRAIN_DATA_READ_H

#include "base/limits.h"
#include "base/text.h"
#include "train/data.h"

/* The most bytes of a data file once inflated: EQ_MOST_ITEMS values of `size` bytes behind a
 * header.
 */
#define EQ_DATA_LIMIT(size) ((size_t)EQ_MOST_ITEMS * (size) + ((size_t)1 << 20))

/* A table without values: labels allocated, classes not yet named. */
eq_data *eq_data_new(size_t examples, size_t features);
/* Names the classes "0" .. "classes-1". */
eq_status eq_data_number_classes(eq_data *d, size_t classes, eq_diag *diag);
/* a * b, or an error that names the file: more than EQ_MOST_ITEMS. */
eq_status eq_data_product(const char *path, size_t a, size_t b, size_t *product, eq_diag *diag);

#endif
