/* Data sets for classification: CSV, IDX (MNIST, plain or gzip) and NumPy .npy.
 * Pixels stay bytes. */
#ifndef EQ_TRAIN_DATA_H
#define EQ_TRAIN_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum eq_data_format { EQ_DATA_CSV, EQ_DATA_IDX, EQ_DATA_NPY } eq_data_format;

/* Whether the first row of a CSV file names the columns: as it reads, or as the user says. */
typedef enum eq_header { EQ_HEADER_FOUND, EQ_HEADER_YES, EQ_HEADER_NO } eq_header;

enum { EQ_MAX_CLASSES = 65535 };

/* Examples in rows. One of pixel and value is NULL. A pixel stands for pixel/255. */
typedef struct eq_data {
    size_t examples, features, classes;
    uint8_t *pixel;    /* [examples][features] */
    double *value;     /* [examples][features] */
    uint16_t *label;   /* [examples] */
    char **class_name; /* [classes] */
} eq_data;

typedef struct eq_data_options {
    eq_data_format format;
    char *path;                     /* CSV or .npy file; IDX: folder, or NULL to look for MNIST */
    char *labels;                   /* .npy file of labels */
    char *test_path, *test_labels;  /* a test set of its own; NULL: test_fraction of the rows */
    char *label;                    /* CSV: name or number of the label column, NULL: the last */
    eq_header header;               /* CSV */
    double test_fraction;           /* of one file, drawn by the seed */
    size_t train_limit, test_limit; /* use only so many examples; 0: all */
} eq_data_options;

/* A training and a test set: rows of one or two tables. */
typedef struct eq_data_set {
    eq_data *train, *test; /* test may be the same table as train */
    uint32_t *train_index, *test_index;
    size_t train_count, test_count;
} eq_data_set;

bool eq_data_format_find(const char *name, eq_data_format *format);
const char *eq_data_format_name(eq_data_format format);

/* Reads a CSV file (csv.h). Labels may be words: classes in order of appearance; `known` (may be
 * NULL) fixes the classes to those of another table. `label` names the label's column, or counts it
 * from 1; NULL: the last. The first row is a header where `header` says so, where one of its cells
 * is `label`, or where the cells of the value columns are names without a number among them; a row
 * that may be either is an error that tells how to say it. */
eq_status eq_data_read_csv(const char *path, const char *label, eq_header header,
                           const eq_data *known, eq_data **out, eq_diag *diag);
/* Reads images (any rank >= 2) and labels in IDX format, plain or .gz: bytes or any other of its
 * types. */
eq_status eq_data_read_idx(const char *images, const char *labels, eq_data **out, eq_diag *diag);
/* Reads a matrix (first axis examples) and labels (whole numbers) in .npy format 1, 2 or 3: b1, i1
 * to i8, u1 to u8, f2 to f8 of either byte order, in C or Fortran order. Values become doubles:
 * integers beyond 2^53 are rounded. */
eq_status eq_data_read_npy(const char *values, const char *labels, eq_data **out, eq_diag *diag);
void eq_data_free(eq_data *d);

/* Reads what the options say and splits it with the seed; MNIST without a path is looked
 * for in `folder` too (where the experiment lies). */
eq_status eq_data_set_read(const eq_data_options *o, const char *folder, uint64_t seed,
                           eq_data_set *out, eq_diag *diag);
/* Reads `path` as a test set with the classes of `known`. */
eq_status eq_data_read_test(const eq_data_options *o, const char *path, const eq_data *known,
                            eq_data_set *out, eq_diag *diag);
void eq_data_set_free(eq_data_set *s);
void eq_data_options_free(eq_data_options *o);

#endif
