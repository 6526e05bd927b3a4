/* What the readers of data files share; inside src/train only. */
#ifndef EQ_TRAIN_DATA_READ_H
#define EQ_TRAIN_DATA_READ_H

#include "base/limits.h"
#include "base/text.h"
#include "train/data/data.h"

/* The most bytes of a data file once inflated: EQ_MOST_ITEMS values of `size` bytes behind a
 * header. */
#define EQ_DATA_LIMIT(size) ((size_t)EQ_MOST_ITEMS * (size) + ((size_t)1 << 20))

/* A table without values: labels allocated, classes not yet named. */
eq_data *eq_data_new(size_t examples, size_t features);
/* Names the classes, or targets, "0" .. "classes-1". */
eq_status eq_data_number_classes(eq_data *d, size_t classes, eq_diag *diag);
/* a * b, or an error that names the file: more than EQ_MOST_ITEMS. */
eq_status eq_data_product(const char *path, size_t a, size_t b, size_t *product, eq_diag *diag);

/* An array of numbers as IDX and .npy files hold it, after its header. */
enum { EQ_ARRAY_AXES = 64 };
typedef struct eq_array {
    const char *path;
    char *bytes;          /* the whole file; eq_free */
    size_t length, start; /* start: offset of the first item */
    char kind;            /* 'b' truth values, 'u' and 'i' integers, 'f' IEEE 754 numbers */
    size_t size;          /* of an item [bytes] */
    bool big;             /* big-endian */
    bool fortran;         /* the first index changes fastest */
    int rank;
    size_t shape[EQ_ARRAY_AXES];
    size_t items; /* product of the sizes */
} eq_array;

/* Counts the items and holds the header against the length of the file. */
eq_status eq_array_check(eq_array *a, eq_diag *diag);
/* The table whose examples are the first axis of `values`, with classes 0, 1, ... or, of another
 * goal, targets; labels NULL: none are there. `what` names the examples in messages. */
eq_status eq_array_table(const eq_array *values, const eq_array *labels, eq_data_goal goal,
                         const char *what, eq_data **out, eq_diag *diag);
/* Reads the header of a file; of IDX files `least` to `most` axes are wanted in `what`. */
eq_status eq_npy_open(const char *path, eq_array *f, eq_diag *diag);
eq_status eq_idx_open(const char *path, const char *what, int least, int most, eq_array *f,
                      eq_diag *diag);
/* find.c. The pair of files of one part ("train" or "t10k") in the folder. */
eq_status eq_idx_part(const char *folder, const char *part, eq_data **out, eq_diag *diag);
/* Both tables of the set that the options name, which may lie near `folder`. */
eq_status eq_idx_set(const eq_data_options *o, const char *folder, eq_data_set *s, eq_diag *diag);

#endif
