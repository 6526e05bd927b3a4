/* Data sets for classification and regression: CSV, IDX (MNIST), NumPy .npy and CIFAR-10, plain or gzip.
 * Pixels stay bytes. */
#ifndef EQ_TRAIN_DATA_H
#define EQ_TRAIN_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum eq_data_format { EQ_DATA_CSV, EQ_DATA_IDX, EQ_DATA_NPY, EQ_DATA_CIFAR } eq_data_format;

/* Whether the first row of a CSV file names the columns: as it reads, or as the user says. */
typedef enum eq_header { EQ_HEADER_FOUND, EQ_HEADER_YES, EQ_HEADER_NO } eq_header;

enum { EQ_MAX_CLASSES = 65535 };

/* What the examples say of the outputs: a class, numbers, or to give the features again. */
typedef enum eq_data_goal { EQ_GOAL_CLASS, EQ_GOAL_TARGETS, EQ_GOAL_INPUTS } eq_data_goal;

/* Values of an example that are an image: [channels][height][width], or [height][width][channels] where the channels
 * of a place stand together. width 0: it is none. */
typedef struct eq_raster {
    size_t channels, height, width;
    bool together;
} eq_raster;

/* Examples in rows. One of pixel and value is NULL. A pixel stands for pixel/255. */
typedef struct eq_data {
    size_t examples, features;
    eq_raster image; /* as the file says */
    eq_data_goal goal;
    size_t classes;      /* of the labels; without labels the number of targets */
    uint8_t *pixel;      /* [examples][features] */
    double *value;       /* [examples][features] */
    uint16_t *label;     /* [examples]; zeros without labels; beside targets: which task */
    double *target;      /* [examples][classes] with EQ_GOAL_TARGETS, else NULL */
    char **class_name;   /* [classes] names of the classes or of the targets */
    char **feature_name; /* [features] of the first row of a CSV file; NULL: it names none */
    size_t sharers;      /* who frees it besides the first (eq_data_kept) */
} eq_data;

/* The tables that were read last, for trainings one after the other that take the same: they are
 * read once, and one more reading of others lets them go. */
typedef struct eq_data_kept eq_data_kept;

typedef struct eq_data_options {
    eq_data_format format;
    char *path; /* CSV, .npy or CIFAR file; IDX: folder, or NULL to look for `set`; CIFAR: folder */
    char *set;  /* IDX: the folder to look for; NULL: mnist */
    char *labels;                   /* .npy or IDX file of labels */
    char *test_path, *test_labels;  /* a test set of its own; NULL: test_fraction of the rows */
    bool tasks;                     /* CSV with targets: the label says which task a row is of */
    char *label;                    /* CSV: name or number of the label column, NULL: the last */
    char *targets;                  /* EQ_TARGETS_INPUTS; CSV: the columns, parted by blanks; else
                                       a file of numbers; NULL: the examples have classes */
    char *test_targets;             /* the file of the test set's */
    eq_header header;               /* CSV */
    double test_fraction;           /* of one file, drawn by the seed */
    double validation_fraction;     /* of the training examples, drawn by the seed */
    size_t train_limit, test_limit; /* use only so many examples; 0: all */
} eq_data_options;

/* What `targets` is where the features are the targets. */
#define EQ_TARGETS_INPUTS "inputs"

/* `targets` where it is a file of its own, else NULL. */
const char *eq_data_targets_file(const eq_data_options *o);
/* The files that the options name (of an IDX folder, the folder), how many. */
enum { EQ_DATA_FILES = 6 };
size_t eq_data_files(const eq_data_options *o, const char *file[EQ_DATA_FILES]);

/* A training, a validation and a test set: rows of one or two tables. */
typedef struct eq_data_set {
    eq_data *train, *test; /* test may be the same table as train */
    uint32_t *train_index, *test_index;
    uint32_t *validation_index; /* rows of train that are not trained with */
    size_t train_count, test_count, validation_count;
} eq_data_set;

/* Which columns of a CSV file are no features. */
typedef struct eq_columns {
    const char *label, *targets; /* as in eq_data_options */
    eq_header header;
    bool tasks; /* as well */
} eq_columns;

bool eq_data_format_find(const char *name, eq_data_format *format);
const char *eq_data_format_name(eq_data_format format);

/* Reads a CSV file (csv.h). Labels may be words: classes in order of appearance; `known` (may be
 * NULL) fixes the classes to those of another table. `label` names the label's column, or counts it
 * from 1; NULL: the last, or none where there are targets. The first row is a header where `header`
 * says so, where one of its cells is `label` or a target's name, or where the cells of the value
 * columns are names without a number among them; a row that may be either is an error that tells
 * how to say it. */
eq_status eq_data_read_csv(const char *path, const eq_columns *columns, const eq_data *known,
                           eq_data **out, eq_diag *diag);
/* Reads images (any rank >= 2) and labels in IDX format, plain or .gz: bytes or any other of its
 * types. */
eq_status eq_data_read_idx(const char *images, const char *labels, eq_data **out, eq_diag *diag);
/* Reads a matrix (first axis examples) and labels (whole numbers) in .npy format 1, 2 or 3: b1, i1
 * to i8, u1 to u8, f2 to f8 of either byte order, in C or Fortran order. Values become doubles:
 * integers beyond 2^53 are rounded. */
eq_status eq_data_read_npy(const char *values, const char *labels, eq_data **out, eq_diag *diag);
/* Reads a file of CIFAR-10's binary version, or those of a folder: data_batch_1.bin, .., of a test set
 * test_batch.bin. The pixels of an example are three images, one behind the other. */
eq_status eq_data_read_cifar(const char *path, bool test, eq_data **out, eq_diag *diag);
/* Reads values of either format and, in `targets`, numbers for each example; NULL: the values are
 * the targets. */
eq_status eq_data_read_targets(eq_data_format format, const char *values, const char *targets,
                               eq_data **out, eq_diag *diag);
void eq_data_free(eq_data *d);

/* Feature f of an example, a pixel as its byte, and target k, a pixel as p/255. */
double eq_data_feature(const eq_data *d, size_t example, size_t f);
double eq_data_target(const eq_data *d, size_t example, size_t k);
/* What `targets` of the options asks for. */
eq_data_goal eq_data_goal_of(const char *targets);

/* Reads what the options say and splits it with the seed; MNIST without a path is looked
 * for in `folder` too (where the experiment lies). */
eq_status eq_data_set_read(const eq_data_options *o, const char *folder, uint64_t seed,
                           eq_data_set *out, eq_diag *diag);
/* The same, of tables that may be shared with others, who do not change them; kept NULL: none are. */
eq_status eq_data_set_share(const eq_data_options *o, const char *folder, uint64_t seed,
                            eq_data_kept *kept, eq_data_set *out, eq_diag *diag);
/* NULL when memory runs out. */
eq_data_kept *eq_data_kept_new(void);
void eq_data_kept_free(eq_data_kept *k);
/* Reads `path` as a test set with the classes of `known`. labels: the file of its labels or targets; NULL: the path has them,
 * or is one of the options, which have. */
eq_status eq_data_read_test(const eq_data_options *o, const char *path, const char *labels,
                            const eq_data *known, eq_data_set *out, eq_diag *diag);
void eq_data_set_free(eq_data_set *s);
void eq_data_options_free(eq_data_options *o);

#endif
