/* What the readers of data files share; inside src/train only. */
#ifndef EQ_TRAIN_DATA_READ_H
#define EQ_TRAIN_DATA_READ_H

#include "base/text.h"
#include "train/data.h"

/* No data file of interest is larger once inflated. */
#define EQ_DATA_LIMIT ((size_t)1 << 36)

/* A table without values: labels allocated, classes not yet named. */
eq_data *eq_data_new(size_t examples, size_t features);
/* Names the classes "0" .. "classes-1". */
eq_status eq_data_number_classes(eq_data *d, size_t classes, eq_diag *diag);
/* a * b, or an error that names the file. */
eq_status eq_data_product(const char *path, size_t a, size_t b, size_t *product, eq_diag *diag);

#endif
