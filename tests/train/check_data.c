#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/text.h"
#include "train/encode.h"
#include "train/fingerprint.h"

Suite *data_suite(void);

/* The one error of diag holds the text and stands at the line and column. */
static void expect(eq_diag *diag, int line, int column, const char *text) {
    ck_assert_uint_ge(eq_diag_count(diag), 1);
    const eq_message *m = eq_diag_get(diag, eq_diag_count(diag) - 1);
    ck_assert_msg(strstr(m->text, text) != NULL, "'%s' is not in: %s", text, m->text);
    ck_assert_int_eq(m->line, line);
    ck_assert_int_eq(m->column, column);
    eq_diag_free(diag);
}

START_TEST(csv_with_words_and_header) {
    eq_data *d = NULL;
    const char *path = put("a.csv", "kind,x,y\r\nred,\t 1.5,2 \t\n\nblue,-3,4e1\nred,0,\"7\"\n");
    ck_assert_int_eq(
        eq_data_read_csv(path, &(eq_columns){"kind", NULL, EQ_HEADER_FOUND, false}, NULL, &d, NULL),
        EQ_OK);
    ck_assert_uint_eq(d->examples, 3);
    ck_assert_uint_eq(d->features, 2);
    ck_assert_uint_eq(d->classes, 2);
    ck_assert_str_eq(d->class_name[0], "red");
    ck_assert_str_eq(d->class_name[1], "blue");
    static const double value[6] = {1.5, 2, -3, 40, 0, 7};
    for (int k = 0; k < 6; k++) ck_assert(d->value[k] == value[k]);
    ck_assert_int_eq(d->label[0], 0);
    ck_assert_int_eq(d->label[1], 1);
    ck_assert_int_eq(d->label[2], 0);
    /* A second table keeps the classes of the first, and refuses new ones. */
    eq_data *t = NULL;
    ck_assert_int_eq(eq_data_read_csv(put("b.csv", "kind,x,y\nblue,1,2\n"),
                                      &(eq_columns){"kind", NULL, EQ_HEADER_FOUND, false}, d, &t,
                                      NULL),
                     EQ_OK);
    ck_assert_int_eq(t->label[0], 1);
    eq_data_free(t);
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_data_read_csv(put("c.csv", "kind,x,y\ngrey,1,2\n"),
                                      &(eq_columns){"kind", NULL, EQ_HEADER_FOUND, false}, d, &t,
                                      diag),
                     EQ_ERR_INPUT);
    expect(diag, 0, 0, "'grey'");
    eq_data_free(d);
}
END_TEST

START_TEST(csv_without_header_numbers_ascend) {
    eq_data *d = NULL;
    ck_assert_int_eq(eq_data_read_csv(put("a.csv", "1,2,30\n3,4,5\n5,6,30\n"),
                                      &(eq_columns){NULL, NULL, EQ_HEADER_FOUND, false}, NULL, &d,
                                      NULL),
                     EQ_OK);
    ck_assert_uint_eq(d->examples, 3);
    ck_assert_str_eq(d->class_name[0], "5");
    ck_assert_str_eq(d->class_name[1], "30");
    ck_assert_int_eq(d->label[0], 1);
    ck_assert_int_eq(d->label[1], 0);
    eq_data_free(d);
}
END_TEST

START_TEST(bad_csv_is_refused_with_its_place) {
    static const struct {
        const char *text, *label;
        int line, column;
        const char *message;
    } bad[] = {
        {"a,b,c\n1,2,x\n1,2\n", NULL, 3, 3, "2 columns, the first had 3"},
        {"a,b,c\n1,2,x\n1,hm,x\n", NULL, 3, 3, "'hm' is not a number"},
        {"a,b,c\n1,2,\n", NULL, 2, 5, "label is empty"},
        {"a,b,c\n1,2,x\n", "d", 1, 0, "no column is called 'd'"},
        {"7\n", NULL, 1, 0, "1 column"},
        {"a,b,c\n", NULL, 0, 0, "no examples"},
        {"", NULL, 0, 0, "no examples"},
        {"a,b,c\n1,\"2,x\n", NULL, 2, 3, "the quote is not closed"},
        {"a,b,c\n1,2,\"\"\n", NULL, 2, 6, "label is empty"},
        {"a,b,c\n1, \t,x\n", NULL, 2, 5, "'' is not a number"},
        {"a,b,c\n1,a number of more than forty letters and signs,x\n", NULL, 2, 3,
         "'a number of more than forty letters and ' is not a number"},
        {"1,nan2,x\n1,,x\n", NULL, 1, 3, "'nan2' is a word and '1' a number"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        eq_diag *diag = eq_diag_new();
        eq_data *d = NULL;
        ck_assert_int_eq(eq_data_read_csv(put("a.csv", bad[k].text),
                                          &(eq_columns){bad[k].label, NULL, EQ_HEADER_FOUND, false},
                                          NULL, &d, diag),
                         EQ_ERR_INPUT);
        expect(diag, bad[k].line, bad[k].column, bad[k].message);
        ck_assert_ptr_null(d);
    }
}
END_TEST

static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0,   0, 0,
                                       1, 0, 0, 0, 3, 1, 2, 3, 250, 0, 9};
static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 4, 0};

START_TEST(idx_plain_and_gzip) {
    put_bytes("train-images-idx3-ubyte", images, sizeof images);
    put_bytes("train-labels-idx1-ubyte", labels, sizeof labels);
    put_bytes("t10k-images-idx3-ubyte", images, sizeof images);
    put_bytes("t10k-labels-idx1-ubyte", labels, sizeof labels);
    char command[160];
    snprintf(command, sizeof command, "gzip '%s/train-images-idx3-ubyte'", scratch_current());
    ck_assert_int_eq(system(command), 0);
    eq_data_options o = {.format = EQ_DATA_IDX, .path = scratch_current()};
    eq_data_set s = {0};
    ck_assert_int_eq(eq_data_set_read(&o, ".", 1, &s, NULL), EQ_OK);
    ck_assert_uint_eq(s.train_count, 2);
    ck_assert_uint_eq(s.test_count, 2);
    ck_assert_uint_eq(s.train->features, 3);
    ck_assert_uint_eq(s.train->classes, 5);
    ck_assert_int_eq(s.train->label[0], 4);
    ck_assert_mem_eq(s.train->pixel, images + 16, 6);
    ck_assert_mem_eq(s.test->pixel, images + 16, 6);
    eq_data_set_free(&s);
}
END_TEST

/* Every file cut short, with a wrong magic or a wrong size is refused;
 * never read beyond its end. */
START_TEST(damaged_idx_is_refused) {
    const char *good = put_bytes("labels", labels, sizeof labels);
    char good_labels[128];
    strcpy(good_labels, good);
    eq_data *d = NULL;
    for (size_t n = 0; n < sizeof images; n++)
        ck_assert_int_eq(eq_data_read_idx(put_bytes("cut", images, n), good_labels, &d, NULL),
                         EQ_ERR_INPUT);
    static const struct {
        size_t at;
        unsigned char value;
        const char *message;
    } bad[] = {
        {0, 1, "byte 0"},  {1, 1, "byte 0"},      {2, 10, "byte 0"},   {2, 13, "announces 24"},
        {3, 1, "swapped"}, {7, 3, "announces 9"}, {4, 255, "damaged"}, {7, 0, "announces 0"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        unsigned char bytes[sizeof images];
        memcpy(bytes, images, sizeof images);
        bytes[bad[k].at] = bad[k].value;
        eq_diag *diag = eq_diag_new();
        ck_assert_int_eq(
            eq_data_read_idx(put_bytes("bad", bytes, sizeof bytes), good_labels, &d, diag),
            EQ_ERR_INPUT);
        expect(diag, 0, 0, bad[k].message);
    }
    static const unsigned char huge[] = {0,   0,   8,   3,   255, 255, 255, 255, 255,
                                         255, 255, 255, 255, 255, 255, 255, 1};
    eq_diag *of_huge = eq_diag_new();
    ck_assert_int_eq(
        eq_data_read_idx(put_bytes("huge", huge, sizeof huge), good_labels, &d, of_huge),
        EQ_ERR_INPUT);
    expect(of_huge, 0, 0, "says it holds 1 times 4294967295 items");
    static const unsigned char none[] = {0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 3};
    eq_diag *of_none = eq_diag_new();
    ck_assert_int_eq(
        eq_data_read_idx(put_bytes("none", none, sizeof none), good_labels, &d, of_none),
        EQ_ERR_INPUT);
    expect(of_none, 0, 0, "is empty; give a file with examples");
    eq_diag *swapped = eq_diag_new();
    char twice[128];
    strcpy(twice, put_bytes("twice", images, sizeof images));
    ck_assert_int_eq(eq_data_read_idx(twice, twice, &d, swapped), EQ_ERR_INPUT);
    expect(swapped, 0, 0, "the file has 3 axes, a file of labels has 1");
    unsigned char three[] = {0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3};
    eq_diag *diag = eq_diag_new();
    char good_images[128];
    strcpy(good_images, put_bytes("images", images, sizeof images));
    ck_assert_int_eq(
        eq_data_read_idx(good_images, put_bytes("three", three, sizeof three), &d, diag),
        EQ_ERR_INPUT);
    expect(diag, 0, 0, "2 images");
}
END_TEST

START_TEST(missing_mnist_names_the_remedy) {
    eq_data_options o = {.format = EQ_DATA_IDX, .path = scratch_current()};
    eq_data_set s = {0};
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_data_set_read(&o, ".", 1, &s, diag), EQ_ERR_INPUT);
    expect(diag, 0, 0, "tools/get-data");
    put_bytes("train-images-idx3-ubyte", images, sizeof images);
    ck_assert_int_eq(eq_data_set_read(&o, ".", 1, &s, diag = eq_diag_new()), EQ_ERR_INPUT);
    expect(diag, 0, 0, "there is no train-labels-idx1-ubyte(.gz) in '");
}
END_TEST

/* A .npy file of format `version` with the header text and the items. */
static const char *put_npy(const char *name, int version, const char *header, const void *items,
                           size_t length) {
    char bytes[512] = "\x93NUMPY";
    size_t size = strlen(header), head = version == 1 ? 10 : 12;
    bytes[6] = (char)version;
    bytes[8] = (char)size;
    memcpy(bytes + head, header, size);
    memcpy(bytes + head + size, items, length);
    return put_bytes(name, bytes, head + size + length);
}

#define NPY(type, shape) "{'descr': '" type "', 'fortran_order': False, 'shape': " shape ", }   \n"

START_TEST(npy_of_every_type) {
    static const double f8[4] = {1, -2, 3.5, 4};
    static const float f4[4] = {1, -2, 3.5F, 4};
    static const int32_t i4[4] = {1, -2, 3, 4};
    static const int64_t i8[4] = {1, -2, 3, 4}, y[2] = {2, 0};
    static const unsigned char u1[4] = {1, 2, 3, 4};
    const struct {
        const char *header;
        const void *items;
        size_t size;
        double third;
    } good[] = {
        {NPY("<f8", "(2, 2)"), f8, sizeof f8, 3.5},
        {NPY("<f4", "(2, 2)"), f4, sizeof f4, 3.5},
        {NPY("<i4", "(2, 2)"), i4, sizeof i4, 3},
        {NPY("<i8", "(2, 2, 1)"), i8, sizeof i8, 3},
        {NPY("|u1", "(2, 2)"), u1, sizeof u1, 3},
        {"{\"descr\": \"=f8\", \"fortran_order\": False, \"shape\": (2, 2)}", f8, sizeof f8, 3.5}};
    for (size_t k = 0; k < sizeof good / sizeof *good; k++)
        for (int version = 1; version <= 2; version++) {
            eq_data *d = NULL;
            const char *y_path = put_npy("y.npy", version, NPY("<i8", "(2,)"), y, sizeof y);
            const char *x_path =
                put_npy("x.npy", version, good[k].header, good[k].items, good[k].size);
            ck_assert_int_eq(eq_data_read_npy(x_path, y_path, &d, NULL), EQ_OK);
            ck_assert_uint_eq(d->features, 2);
            ck_assert_uint_eq(d->classes, 3);
            ck_assert_int_eq(d->label[0], 2);
            double third = d->pixel != NULL ? d->pixel[2] : d->value[2];
            ck_assert(third == good[k].third);
            eq_data_free(d);
        }
}
END_TEST

START_TEST(damaged_npy_is_refused) {
    static const double f8[4] = {1, -2, 3.5, 4};
    static const int64_t y[2] = {2, 0}, negative[2] = {2, -1};
    static const char *const bad[] = {
        NPY(">f16", "(2, 2)"),
        NPY("<c16", "(2, 2)"),
        NPY("<f8", "(2, 3)"),
        NPY("<f8", "(2, 2"),
        NPY("<f8", "()"),
        NPY("<f8", "(4294967296,)"),
        NPY("<f8]", "(2, 2)"),
        NPY("<f8", "(-2, 2)"),
        NPY("<f8", "(99999999999, 99999999999)"),
        "{'descr': '<f8', 'fortran_order': true, 'shape': (2, 2), }\n",
        "{}",
        "",
        NPY("<f8", "(2, 2, 0)"),
        "{'descr': '<f8', 'shape': (2, 2), }\n",
        "{'descr' '<f8', 'fortran_order': False, 'shape': (2, 2), }\n",
        "{'descr': <f8, 'fortran_order': False, 'shape': (2, 2), }\n",
        "{'descr': '<f8', 'fortran_order': False, 'shape': 4, }\n",
        "{'descr': '<f8', 'fortran_order': False, }\n",
    };
    eq_data *d = NULL;
    char good_y[128], good_x[128];
    strcpy(good_y, put_npy("y.npy", 1, NPY("<i8", "(2,)"), y, sizeof y));
    strcpy(good_x, put_npy("x.npy", 1, NPY("<f8", "(2, 2)"), f8, sizeof f8));
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        ck_assert_msg(eq_data_read_npy(put_npy("bad.npy", 1, bad[k], f8, sizeof f8), good_y, &d,
                                       NULL) == EQ_ERR_INPUT,
                      "%s", bad[k]);
    char *bytes;
    size_t length;
    ck_assert_int_eq(eq_file_read(good_x, (eq_place){0}, &bytes, &length, NULL), EQ_OK);
    for (size_t n = 0; n < length; n++)
        ck_assert_int_eq(eq_data_read_npy(put_bytes("cut.npy", bytes, n), good_y, &d, NULL),
                         EQ_ERR_INPUT);
    free(bytes);
    eq_diag *diag = eq_diag_new();
    const char *bad_y = put_npy("n.npy", 1, NPY("<i8", "(2,)"), negative, sizeof negative);
    ck_assert_int_eq(eq_data_read_npy(good_x, bad_y, &d, diag), EQ_ERR_INPUT);
    expect(diag, 0, 0, "no class number");
    static const double no_class[][2] = {{0.0, 0.5}, {70000.0, 0.0}, {0.0, (double)NAN}};
    for (size_t k = 0; k < sizeof no_class / sizeof *no_class; k++) {
        bad_y = put_npy("n.npy", 1, NPY("<f8", "(2,)"), no_class[k], sizeof no_class[k]);
        ck_assert_int_eq(eq_data_read_npy(good_x, bad_y, &d, diag = eq_diag_new()), EQ_ERR_INPUT);
        expect(diag, 0, 0, "no class number");
    }
    static const double endless[4] = {1.0, (double)INFINITY, 0.0, 0.0};
    const char *bad_x = put_npy("n.npy", 1, NPY("<f8", "(2, 2)"), endless, sizeof endless);
    ck_assert_int_eq(eq_data_read_npy(bad_x, good_y, &d, diag = eq_diag_new()), EQ_ERR_INPUT);
    expect(diag, 0, 0, "the value is not finite");
    bad_x = put_npy("n.npy", 4, NPY("<f8", "(2, 2)"), f8, sizeof f8);
    ck_assert_int_eq(eq_data_read_npy(bad_x, good_y, &d, diag = eq_diag_new()), EQ_ERR_INPUT);
    expect(diag, 0, 0, "byte 6: the .npy format is none of the versions 1, 2 and 3");
}
END_TEST

/* Two tables of one kind: a training and a test set, of files (IDX with labels, CSV) or of one
 * folder and another. What does not fit together is refused. */
START_TEST(a_test_set_of_its_own) {
    static const unsigned char wide[] = {0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 4, 1, 2, 3, 4};
    static const unsigned char one[] = {0, 0, 8, 1, 0, 0, 0, 1, 0};
    static const unsigned char ninth[] = {0, 0, 8, 1, 0, 0, 0, 2, 9, 0};
    static const struct {
        const char *images, *labels, *message; /* of the test set; message NULL: it is read */
    } with[] = {{"images", "labels", NULL},
                {"wide", "one", "the training examples have 3 features, the test examples 4"},
                {"images", "ninth", "the test labels have class 9, the training labels only 0..4"},
                {"missing", "labels", "missing"}};
    put_bytes("images", images, sizeof images);
    put_bytes("labels", labels, sizeof labels);
    put_bytes("wide", wide, sizeof wide);
    put_bytes("one", one, sizeof one);
    put_bytes("ninth", ninth, sizeof ninth);
    for (size_t k = 0; k < sizeof with / sizeof *with; k++) {
        char path[4][128];
        const char *const name[4] = {"images", "labels", with[k].images, with[k].labels};
        for (int j = 0; j < 4; j++) strcpy(path[j], in(name[j]));
        eq_data_options o = {.format = EQ_DATA_IDX,
                             .path = path[0],
                             .labels = path[1],
                             .test_path = path[2],
                             .test_labels = path[3],
                             .train_limit = 1,
                             .test_limit = 99};
        eq_data_set s = {0};
        eq_diag *diag = eq_diag_new();
        eq_status status = eq_data_set_read(&o, ".", 1, &s, diag);
        if (with[k].message != NULL) {
            ck_assert_int_ne(status, EQ_OK);
            expect(diag, 0, 0, with[k].message);
            continue;
        }
        ck_assert_int_eq(status, EQ_OK);
        ck_assert_uint_eq(s.train_count, 1); /* limited */
        ck_assert_uint_eq(s.test_count, 2);
        ck_assert_int_eq(s.test->label[s.test_index[0]], 4);
        put_bytes("t10k-images-idx3-ubyte", images, sizeof images);
        put_bytes("t10k-labels-idx1-ubyte", labels, sizeof labels);
        eq_data_set other = {0};
        ck_assert_int_eq(eq_data_read_test(&o, scratch_current(), NULL, s.train, &other, diag),
                         EQ_OK);
        ck_assert_uint_eq(other.test_count, 2);
        ck_assert_mem_eq(other.test->pixel, images + 16, 6);
        eq_data_set_free(&other);
        eq_data_set_free(&s);
        eq_diag_free(diag);
    }
}
END_TEST

/* The run's labels belong to its own files; other examples come with theirs, or not at all. */
START_TEST(other_examples_need_their_labels) {
    static const unsigned char other[] = {0, 0, 8, 1, 0, 0, 0, 2, 3, 1};
    char path[5][128];
    const char *const name[5] = {"images", "labels", "again", "other", "none"};
    put_bytes("images", images, sizeof images);
    put_bytes("again", images, sizeof images);
    put_bytes("labels", labels, sizeof labels);
    put_bytes("other", other, sizeof other);
    for (int k = 0; k < 5; k++) strcpy(path[k], in(name[k]));
    eq_data_options o = {
        .format = EQ_DATA_IDX, .path = path[0], .labels = path[1], .test_fraction = 0.5};
    const struct {
        const char *path, *labels;
        eq_status status;
        int label; /* of the first one */
    } asked[] = {
        {path[0], NULL, EQ_OK, 4},           {path[2], NULL, EQ_ERR_USAGE, 0},
        {path[2], path[3], EQ_OK, 3},        {path[0], path[3], EQ_OK, 3},
        {path[2], path[4], EQ_ERR_INPUT, 0}, {scratch_current(), path[3], EQ_ERR_USAGE, 0}};
    eq_data_set s = {0};
    ck_assert_int_eq(eq_data_set_read(&o, ".", 1, &s, NULL), EQ_OK);
    for (size_t k = 0; k < sizeof asked / sizeof *asked; k++) {
        eq_data_set t = {0};
        eq_status status = eq_data_read_test(&o, asked[k].path, asked[k].labels, s.train, &t, NULL);
        ck_assert_msg(status == asked[k].status ||
                          (status != EQ_OK && asked[k].status == EQ_ERR_INPUT),
                      "%zu: %d", k, status);
        if (status == EQ_OK) ck_assert_int_eq(t.test->label[0], asked[k].label);
        eq_data_set_free(&t);
    }
    eq_data_set t = {0};
    put_bytes("t10k-images-idx3-ubyte", images, sizeof images);
    put_bytes("t10k-labels-idx1-ubyte", labels, sizeof labels);
    const eq_data_options numbers = {.format = EQ_DATA_IDX, .path = path[0], .targets = path[3]};
    ck_assert_int_eq(eq_data_read_test(&numbers, scratch_current(), NULL, s.train, &t, NULL),
                     EQ_ERR_INPUT); /* a folder has classes */
    eq_data_set_free(&s);
}
END_TEST

/* Columns of a test set are found by the names of the training data; without names, or with one that is there twice, they
 * stand as they stand. */
START_TEST(columns_are_found_by_name) {
    static const struct {
        const char *test;
        double first[3]; /* features of its first example */
        const char *message;
    } with[] = {{"c,a,kind,b\n3,1,u,2\n6,4,v,5\n", {1, 2, 3}, NULL},
                {"a,b,c,kind\n1,2,3,u\n", {1, 2, 3}, NULL},
                {"3,1,2,u\n", {3, 1, 2}, NULL},
                {"a,a,c,kind\n3,1,2,u\n", {3, 1, 2}, NULL},
                {"c,x,a,kind,b,y\n3,9,1,u,2,7\n6,9,4,v,5,7\n", {1, 2, 3}, NULL},
                {"note,c,a,kind,b,more\nfine,3,1,u,2,\n\"a, b\",6,4,v,5,\n", {1, 2, 3}, NULL},
                {"c,kind,b\n3,u,2\n", {0}, "no column is called 'a'"},
                {"c,a,kind,d\n3,1,u,2\n", {0}, "no column is called 'b'"}};
    for (size_t k = 0; k < sizeof with / sizeof *with; k++) {
        char path[2][128];
        strcpy(path[0], put("train.csv", "a,b,c,kind\n7,8,9,u\n9,8,7,v\n"));
        strcpy(path[1], put("test.csv", with[k].test));
        bool named = with[k].test[0] != '3';
        eq_data_options o = {
            .format = EQ_DATA_CSV, .path = path[0], .label = named ? "kind" : NULL};
        eq_data_set s = {0}, other = {0};
        eq_diag *diag = eq_diag_new();
        ck_assert_int_eq(eq_data_set_read(&o, ".", 1, &s, diag), EQ_OK);
        eq_status status = eq_data_read_test(&o, path[1], NULL, s.train, &other, diag);
        ck_assert_int_eq(status, with[k].message == NULL ? EQ_OK : EQ_ERR_INPUT);
        for (size_t f = 0; status == EQ_OK && f < 3; f++)
            ck_assert_double_eq(eq_data_feature(other.test, 0, f), with[k].first[f]);
        ck_assert(status != EQ_OK || other.test->features == 3);
        for (size_t f = 0; status == EQ_OK && other.test->examples > 1 && f < 3; f++)
            ck_assert_double_eq(eq_data_feature(other.test, 1, f), with[k].first[f] + 3.0);
        eq_data_set_free(&other);
        eq_data_set_free(&s);
        if (with[k].message != NULL)
            expect(diag, 1, 0, with[k].message);
        else
            eq_diag_free(diag);
    }
}
END_TEST

static void put_part(const char *part, size_t n, const unsigned char *pixels) {
    unsigned char image[32] = {0, 0, 8, 2, 0, 0, 0, (unsigned char)n, 0, 0, 0, 3},
                  label[32] = {0, 0, 8, 1, 0, 0, 0, (unsigned char)n, 4, 2, 1};
    char name[64];
    memcpy(image + 12, pixels, 3 * n);
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", part);
    put_bytes(name, image, 12 + 3 * n);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", part);
    put_bytes(name, label, 8 + n);
}

/* Images in a folder whose targets are the images: their labels say nothing. */
static void expect_images(const eq_data *d, size_t n, const unsigned char *pixels) {
    ck_assert_int_eq(d->goal, EQ_GOAL_INPUTS);
    ck_assert_uint_eq(d->examples, n);
    ck_assert_uint_eq(d->classes, 3);
    ck_assert_str_eq(d->class_name[0], "0");
    ck_assert_str_eq(d->class_name[2], "2");
    for (size_t k = 0; k < 3 * n; k++)
        ck_assert_double_eq_tol(eq_data_target(d, k / 3, k % 3), pixels[k] / 255.0, 1e-15);
    for (size_t k = 0; k < n; k++) ck_assert_uint_eq(d->label[k], 0);
}

START_TEST(a_folder_of_images_that_are_their_own_targets) {
    static const unsigned char trains[] = {0, 51, 255, 7, 8, 9}, tests[] = {1, 2, 3};
    eq_data_options o = {
        .format = EQ_DATA_IDX, .path = scratch_current(), .targets = EQ_TARGETS_INPUTS};
    eq_data_set s = {0}, other = {0};
    eq_diag *diag = eq_diag_new();
    put_part("train", 2, trains);
    put_part("t10k", 1, tests);
    eq_status status = eq_data_set_read(&o, ".", 1, &s, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    ck_assert(s.train_count == 2 && s.test_count == 1);
    expect_images(s.train, 2, trains);
    expect_images(s.test, 1, tests);
    ck_assert_int_eq(eq_data_read_test(&o, scratch_current(), NULL, s.train, &other, diag), EQ_OK);
    expect_images(other.test, 1, tests);
    eq_data_set_free(&other);
    eq_data_set_free(&s);
    eq_diag_free(diag);
}
END_TEST

/* A table without its file or its labels, through the interface of the library. */
START_TEST(a_table_without_file_or_labels_is_refused) {
    static const struct {
        eq_data_format format;
        const char *path, *message;
    } need[] = {{EQ_DATA_CSV, NULL, "format=\"csv\" needs path=\"...\""},
                {EQ_DATA_NPY, "x.npy", "format=\"npy\" needs a file of labels"}};
    for (size_t k = 0; k < sizeof need / sizeof *need; k++) {
        char path[16] = "x.npy";
        eq_data_options o = {.format = need[k].format, .path = need[k].path == NULL ? NULL : path};
        eq_data_set s = {0};
        eq_diag *diag = eq_diag_new();
        ck_assert_int_eq(eq_data_set_read(&o, ".", 1, &s, diag), EQ_ERR_INPUT);
        expect(diag, 0, 0, need[k].message);
    }
}
END_TEST

/* More classes than a label of 16 bits can count. */
START_TEST(a_column_that_is_no_label) {
    eq_text t = {0};
    for (int k = 0; k <= EQ_MAX_CLASSES; k++) eq_text_printf(&t, "1,%d\n", k);
    eq_data *d = NULL;
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_data_read_csv(put("many.csv", t.text),
                                      &(eq_columns){NULL, NULL, EQ_HEADER_FOUND, false}, NULL, &d,
                                      diag),
                     EQ_ERR_INPUT);
    expect(diag, 0, 0, "more than 65535 different labels");
    eq_text_free(&t);
}
END_TEST

/* MNIST is looked for in four places. */
/* What messages call the data: the files, the set of the library, or MNIST where neither is said. */
START_TEST(data_has_a_name) {
    static const struct {
        eq_data_options o;
        const char *name;
    } named[] = {{{.path = "a.csv"}, "a.csv"},
                 {{.path = "a.csv", .test_path = "b.csv"}, "a.csv, b.csv"},
                 {{.set = "fashion-mnist"}, "fashion-mnist"},
                 {{0}, "MNIST"}};
    for (size_t k = 0; k < sizeof named / sizeof *named; k++) {
        eq_text t = {0};
        eq_data_names(&named[k].o, &t);
        ck_assert_str_eq(t.text, named[k].name);
        eq_text_free(&t);
    }
}
END_TEST

START_TEST(mnist_is_found) {
    char folder[128], data[160], place[200];
    strcpy(folder, scratch_current());
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(place, sizeof place, "%s/mnist", data);
    mkdir(data, 0755);
    mkdir(place, 0755);
    static const char *const name[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                       "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"};
    for (int k = 0; k < 4; k++) {
        char path[256];
        snprintf(path, sizeof path, "data/mnist/%s", name[k]);
        put_bytes(path, k % 2 ? labels : images, k % 2 ? sizeof labels : sizeof images);
    }
    char netlists[160];
    snprintf(netlists, sizeof netlists, "%s/netlists", folder);
    mkdir(netlists, 0755);
    const struct {
        const char *environment, *beside;
    } from[] = {{data, "."}, {NULL, folder}, {"", netlists}, {"/nowhere", folder}};
    for (int k = 0; k < 4; k++) {
        eq_data_options o = {.format = EQ_DATA_IDX};
        eq_data_set s = {0};
        if (from[k].environment == NULL)
            unsetenv("EQSPICE_DATA");
        else
            setenv("EQSPICE_DATA", from[k].environment, 1);
        ck_assert_int_eq(eq_data_set_read(&o, from[k].beside, 1, &s, NULL), EQ_OK);
        ck_assert_uint_eq(s.test_count, 2);
        eq_data_set_free(&s);
        if (access("data/mnist", F_OK) == 0) continue; /* somebody's own */
        eq_diag *diag = eq_diag_new();
        setenv("EQSPICE_DATA", "/nowhere", 1);
        ck_assert_int_eq(eq_data_set_read(&o, "/nowhere", 1, &s, diag), EQ_ERR_INPUT);
        expect(diag, 0, 0,
               "are not in $EQSPICE_DATA/mnist nor in data/mnist; run tools/get-data mnist");
        unsetenv("EQSPICE_DATA");
        ck_assert_int_eq(eq_data_set_read(&o, "/nowhere", 1, &s, diag = eq_diag_new()),
                         EQ_ERR_INPUT);
        expect(diag, 0, 0, "(EQSPICE_DATA is not set)");
    }
}
END_TEST

/* The split has the wanted size, holds every row once and depends on nothing but the seed. */
START_TEST(split_is_a_partition) {
    eq_data_options o = {.format = EQ_DATA_CSV, .path = "data/iris.csv", .test_fraction = 0.3};
    eq_data_set a = {0}, b = {0}, c = {0};
    ck_assert_int_eq(eq_data_set_read(&o, ".", 7, &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_data_set_read(&o, ".", 7, &b, NULL), EQ_OK);
    ck_assert_int_eq(eq_data_set_read(&o, ".", 8, &c, NULL), EQ_OK);
    ck_assert_uint_eq(a.train_count, 105);
    ck_assert_uint_eq(a.test_count, 45);
    int seen[150] = {0};
    for (int k = 0; k < 105; k++) seen[a.train_index[k]]++;
    for (int k = 0; k < 45; k++) seen[a.test_index[k]]++;
    for (int k = 0; k < 150; k++) ck_assert_int_eq(seen[k], 1);
    ck_assert_mem_eq(a.test_index, b.test_index, 45 * sizeof *a.test_index);
    ck_assert_mem_ne(a.test_index, c.test_index, 45 * sizeof *a.test_index);
    eq_data_set_free(&a);
    eq_data_set_free(&b);
    eq_data_set_free(&c);
}
END_TEST

/* Fisher's table: 50 rows a species and the class means that every textbook prints. */
START_TEST(iris_has_the_classic_means) {
    static const double mean[3][4] = {
        {5.006, 3.428, 1.462, 0.246}, {5.936, 2.770, 4.260, 1.326}, {6.588, 2.974, 5.552, 2.026}};
    eq_data *d = NULL;
    ck_assert_int_eq(eq_data_read_csv("data/iris.csv",
                                      &(eq_columns){"species", NULL, EQ_HEADER_FOUND, false}, NULL,
                                      &d, NULL),
                     EQ_OK);
    ck_assert_uint_eq(d->examples, 150);
    double sum[3][4] = {{0}};
    int count[3] = {0};
    for (size_t k = 0; k < 150; k++) {
        count[d->label[k]]++;
        for (int f = 0; f < 4; f++) sum[d->label[k]][f] += d->value[4 * k + (size_t)f];
    }
    for (int c = 0; c < 3; c++) {
        ck_assert_int_eq(count[c], 50);
        for (int f = 0; f < 4; f++) ck_assert_double_eq_tol(sum[c][f] / 50, mean[c][f], 1e-9);
    }
    eq_data_free(d);
}
END_TEST

/* x = scale (normalised - center), pairs interleaved; statistics of the training rows alone. */
START_TEST(encoder_by_hand) {
    double value[6] = {0, 10, 4, 10, 100, 10};
    uint16_t label[3] = {0, 1, 1};
    uint32_t train[2] = {0, 1}, test[1] = {2};
    eq_data d = {.examples = 3, .features = 2, .classes = 2, .value = value, .label = label};
    eq_data_set s = {
        .train = &d, .test = &d, .train_index = train, .test_index = test, .train_count = 2};
    eq_encoder e;
    double x[8];
    eq_encoding range = {.input = {EQ_NORMALIZE_RANGE, 5.0, 0.0}, .invert = true};
    ck_assert_int_eq(eq_encoder_fit(&range, &s, &e, NULL), EQ_OK);
    ck_assert_uint_eq(e.inputs, 4);
    eq_encode(&e, &d, train, 2, x);
    static const double want[8] = {-5, 5, 0, 0, 5, -5, 0, 0};
    for (int k = 0; k < 8; k++) ck_assert_double_eq_tol(x[k], want[k], 1e-12);
    eq_encoder_free(&e);
    eq_encoding standard = {.input = {EQ_NORMALIZE_STANDARD, 2.0, 0.5}, .invert = false};
    ck_assert_int_eq(eq_encoder_fit(&standard, &s, &e, NULL), EQ_OK);
    eq_encode(&e, &d, test, 1, x);
    ck_assert_double_eq_tol(x[0], 2.0 * ((100.0 - 2.0) / 2.0 - 0.5), 1e-12);
    eq_encoder_free(&e);
    uint8_t pixel[2] = {255, 51};
    eq_data p = {.examples = 1, .features = 2, .classes = 2, .pixel = pixel, .label = label};
    eq_data_set q = {.train = &p, .test = &p, .train_index = train};
    eq_encoding of_bytes = {.input = {EQ_NORMALIZE_RANGE, 1.0, 0.0}, .invert = false};
    q.train_count = 1;
    ck_assert_int_eq(eq_encoder_fit(&of_bytes, &q, &e, NULL), EQ_OK);
    eq_encode(&e, &p, train, 1, x);
    ck_assert_double_eq_tol(x[0], 0.0, 1e-12); /* a constant: m = 255, h = 1 */
    eq_encoder_free(&e);
    eq_encoding plain = {.input = {EQ_NORMALIZE_NONE, 20.0, 0.1}, .invert = false};
    ck_assert_int_eq(eq_encoder_fit(&plain, &q, &e, NULL), EQ_OK);
    eq_encode(&e, &p, train, 1, x);
    ck_assert_double_eq_tol(x[0], 18.0, 1e-12);
    ck_assert_double_eq_tol(x[1], 2.0, 1e-12);
    eq_encoder_free(&e);
}
END_TEST

/* Normalised values do not depend on the unit of the raw ones, at the ends of double precision either. */
START_TEST(normalised_in_any_unit) {
    static const double unit[] = {1.0, 1e200, 1e-200, 1e-160, 1e308, 1e-300};
    static const double want[EQ_NORMALIZE_STANDARD + 1][3] = {
        [EQ_NORMALIZE_RANGE] = {1.0, -1.0, 0.0},
        [EQ_NORMALIZE_STANDARD] = {1.2247448713915890, -1.2247448713915890, 0.0}};
    double k = unit[_i], value[3] = {k, -k, 0.0}, x[3];
    uint16_t label[3] = {0, 1, 1};
    uint32_t all[3] = {0, 1, 2};
    eq_data d = {.examples = 3, .features = 1, .classes = 2, .value = value, .label = label};
    eq_data_set s = {
        .train = &d, .test = &d, .train_index = all, .test_index = all, .train_count = 3};
    for (eq_normalize n = EQ_NORMALIZE_RANGE; n <= EQ_NORMALIZE_STANDARD; n++) {
        eq_encoder e;
        eq_encoding o = {.input = {n, 1.0, 0.0}};
        ck_assert_int_eq(eq_encoder_fit(&o, &s, &e, NULL), EQ_OK);
        eq_encode(&e, &d, all, 3, x);
        for (int j = 0; j < 3; j++) ck_assert_double_eq_tol(x[j], want[n][j], 1e-14);
        eq_encoder_free(&e);
    }
}
END_TEST

START_TEST(what_spreads_too_little_is_refused) {
    double value[4] = {1.0, 5e-324, 2.0, -5e-324};
    uint16_t label[2] = {0, 1};
    uint32_t all[2] = {0, 1};
    eq_data d = {.examples = 2, .features = 2, .classes = 2, .value = value, .label = label};
    eq_data_set s = {
        .train = &d, .test = &d, .train_index = all, .test_index = all, .train_count = 2};
    eq_encoder e;
    eq_diag *diag = eq_diag_new();
    eq_encoding o = {.input = {EQ_NORMALIZE_RANGE, 1.0, 0.0}};
    ck_assert_int_eq(eq_encoder_fit(&o, &s, &e, diag), EQ_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 0)->text, "column 2 of the features"));
    eq_diag_free(diag);
}
END_TEST

Suite *data_suite(void) {
    Suite *s = suite_create("data");
    TCase *t = tcase_create("data");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, csv_with_words_and_header);
    tcase_add_test(t, csv_without_header_numbers_ascend);
    tcase_add_test(t, bad_csv_is_refused_with_its_place);
    tcase_add_test(t, idx_plain_and_gzip);
    tcase_add_test(t, damaged_idx_is_refused);
    tcase_add_test(t, missing_mnist_names_the_remedy);
    tcase_add_test(t, npy_of_every_type);
    tcase_add_test(t, damaged_npy_is_refused);
    tcase_add_test(t, a_test_set_of_its_own);
    tcase_add_test(t, other_examples_need_their_labels);
    tcase_add_test(t, columns_are_found_by_name);
    tcase_add_test(t, a_folder_of_images_that_are_their_own_targets);
    tcase_add_test(t, a_table_without_file_or_labels_is_refused);
    tcase_add_test(t, a_column_that_is_no_label);
    tcase_add_test(t, data_has_a_name);
    tcase_add_test(t, mnist_is_found);
    tcase_add_test(t, split_is_a_partition);
    tcase_add_test(t, iris_has_the_classic_means);
    tcase_add_test(t, encoder_by_hand);
    tcase_add_loop_test(t, normalised_in_any_unit, 0, 6);
    tcase_add_test(t, what_spreads_too_little_is_refused);
    suite_add_tcase(s, t);
    return s;
}
