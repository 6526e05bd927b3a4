#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "report/process.h"
#include "result/raw.h"

Suite *raw_suite(void);

static eq_result *sample(void) {
    eq_result *r = eq_result_new("a title", "DC transfer characteristic");
    eq_result_variable(r, "v-sweep", "voltage", NULL);
    eq_result_variable(r, "v(out)", "voltage", NULL);
    eq_result_variable(r, "i(v1)", "current", NULL);
    double row[3];
    for (int k = 0; k < 5; k++) {
        row[0] = k;
        row[1] = exp(0.3 * k) / 7.0;
        row[2] = -1e-300 * k;
        eq_result_point(r, row, NULL);
    }
    return r;
}

/* The bytes that a writer puts into a stream. */
static char *bytes_of(const eq_result *const *r, size_t n, eq_format format, size_t *length) {
    char *data = NULL;
    FILE *stream = open_memstream(&data, length);
    ck_assert_int_eq(eq_result_write(r, n, format, stream, NULL), EQ_OK);
    fclose(stream);
    return data;
}

static void raw_files_are_exact(eq_format format) {
    eq_result *r = sample();
    const eq_result *const both[] = {r, r};
    size_t length, count;
    char *data = bytes_of(both, 2, format, &length);
    eq_result **plots;
    ck_assert_int_eq(eq_raw_parse("x.raw", data, length, &plots, &count, NULL), EQ_OK);
    ck_assert_uint_eq(count, 2);
    for (size_t k = 0; k < 2; k++) {
        ck_assert_str_eq(plots[k]->plot, r->plot);
        ck_assert_str_eq(plots[k]->title, "a title");
        ck_assert_uint_eq(plots[k]->points, 5);
        ck_assert_str_eq(plots[k]->variable[2].name, "i(v1)");
        ck_assert_str_eq(plots[k]->variable[2].type, "current");
        ck_assert_int_eq(memcmp(plots[k]->value, r->value, 15 * sizeof(double)), 0);
    }
    eq_raw_free(plots, count);
    eq_result_free(r);
    free(data);
}

START_TEST(binary_and_ascii_files_are_exact) {
    raw_files_are_exact(EQ_RAW);
    raw_files_are_exact(EQ_RAW_ASCII);
}
END_TEST

/* ngspice itself loads both and prints what was written. */
START_TEST(ngspice_loads_them) {
    static const eq_format format[] = {EQ_RAW, EQ_RAW_ASCII};
    eq_result *r = sample();
    const eq_result *const one[] = {r};
    char *folder = scratch_folder(), path[300], commands[400];
    for (int k = 0; k < 2; k++) {
        size_t length;
        char *data = bytes_of(one, 1, format[k], &length);
        snprintf(path, sizeof path, "%s/x.raw", folder);
        ck_assert_int_eq(eq_file_write(path, data, length, NULL), EQ_OK);
        snprintf(commands, sizeof commands,
                 "load x\n.control\nload %s\nset numdgt=12\nprint v(out)[4] "
                 "i(v1)[0]\nquit\n.endc\n.end\n",
                 path);
        char deck[300];
        snprintf(deck, sizeof deck, "%s/x.cir", folder);
        ck_assert_int_eq(eq_file_write(deck, commands, strlen(commands), NULL), EQ_OK);
        const char *const argv[] = {"ngspice", "-b", deck, NULL};
        eq_process p = {argv, NULL, NULL, "ngspice", 60};
        eq_text said = {0};
        int status;
        ck_assert_int_eq(eq_process_run(&p, &status, &said, NULL), EQ_OK);
        ck_assert_msg(strstr(said.text, "4.743024175") != NULL, "%s", said.text); /* exp(1.2)/7 */
        eq_text_free(&said);
        free(data);
    }
    scratch_free(folder);
    eq_result_free(r);
}
END_TEST

static unsigned number_at(const char *data, size_t at, int bytes) {
    unsigned value = 0;
    for (int k = bytes; k-- > 0;) value = value << 8 | (unsigned char)data[at + (size_t)k];
    return value;
}

/* The archive read by hand (PKWARE APPNOTE 4.3.7: local file headers; numpy.lib.format): names,
 * checksums, shape and values. */
START_TEST(npz_archives_hold_every_variable) {
    eq_result *r = sample();
    const eq_result *const both[] = {r, r};
    size_t length, at = 0, entry = 0;
    char *data = bytes_of(both, 2, EQ_NPZ, &length);
    for (; number_at(data, at, 4) == 0x04034b50; entry++) {
        size_t size = number_at(data, at + 18, 4), name = number_at(data, at + 26, 2);
        size_t start = at + 30 + name + number_at(data, at + 28, 2);
        char want[64];
        snprintf(want, sizeof want, "%s%s.npy", entry < 3 ? "" : "plot2/",
                 r->variable[entry % 3].name);
        ck_assert_uint_eq(number_at(data, at + 8, 2), 0); /* stored */
        ck_assert_uint_eq(name, strlen(want));
        ck_assert_int_eq(memcmp(data + at + 30, want, name), 0);
        ck_assert_uint_eq(number_at(data, at + 14, 4), eq_crc32(data + start, size));
        ck_assert_int_eq(memcmp(data + start, "\x93NUMPY\x01\x00", 8), 0);
        size_t head = 10 + number_at(data, start + 8, 2);
        ck_assert_uint_eq(head % 64, 0);
        ck_assert_uint_eq(size, head + 5 * sizeof(double));
        ck_assert_ptr_nonnull(
            strstr(data + start + 10, "'<f8', 'fortran_order': False, 'shape': (5,)"));
        for (size_t k = 0; k < 5; k++)
            ck_assert_int_eq(memcmp(data + start + head + k * sizeof(double),
                                    &r->value[3 * k + entry % 3], sizeof(double)),
                             0);
        at = start + size;
    }
    ck_assert_uint_eq(entry, 6);
    eq_result_free(r);
    free(data);
}
END_TEST

/* Rows of text as ngspice writes them: `0\t\t1.0` in batch mode, ` 0\t1.0` by `write`. */
START_TEST(ascii_files_in_both_forms) {
    static const char *const text[] = {
        "Title: t\nDate: d\nPlotname: Operating Point\nFlags: real\nNo. Variables: 2\nNo. Points: "
        "1\n"
        "Variables:\n\t0\tv(a)\tvoltage\n\t1\ti(v1)\tcurrent\nValues:\n0\t\t1.5\n\t-2e-3\n\n",
        "Title: t\nPlotname: Operating Point\nFlags: real\nNo. Variables: 2\nNo. Points: 1 \n"
        "Command: version 3f5\nVariables:\n\t0\tv(a)\tvoltage\n\t1\ti(v1)\tcurrent\nValues:\n "
        "0\t1.5\n"
        "\t-2e-3\n\n"};
    for (int k = 0; k < 2; k++) {
        eq_result **plots;
        size_t count;
        ck_assert_int_eq(eq_raw_parse("x", text[k], strlen(text[k]), &plots, &count, NULL), EQ_OK);
        ck_assert_uint_eq(count, 1);
        ck_assert(plots[0]->value[0] == 1.5 && plots[0]->value[1] == -2e-3);
        eq_raw_free(plots, count);
    }
}
END_TEST

START_TEST(every_truncation_is_refused) {
    eq_result *r = sample();
    const eq_result *const one[] = {r};
    size_t length, count;
    char *data = bytes_of(one, 1, EQ_RAW, &length);
    for (size_t n = 0; n < length; n++) {
        eq_result **plots;
        eq_diag *diag = eq_diag_new();
        ck_assert_msg(eq_raw_parse("x", data, n, &plots, &count, diag) == EQ_ERR_INPUT, "%zu bytes",
                      n);
        ck_assert_uint_ge(eq_diag_errors(diag), 1);
        eq_diag_free(diag);
    }
    eq_result_free(r);
    free(data);
}
END_TEST

#define HEAD "Title: t\nPlotname: p\nFlags: real\nNo. Variables: 2\nNo. Points: 1\n"
#define LIST "Variables:\n\t0\tv(a)\tvoltage\n\t1\ti(v1)\tcurrent\n"

/* What is damaged, and what is only unusual. */
START_TEST(damaged_and_unusual_files) {
    static const struct {
        const char *text, *message; /* NULL: read as v(a) = 1.5 */
        int line;
    } file[] = {
        {HEAD LIST "Values:\n0\t1.5\n\t2\n", NULL, 0},
        {"Title: t\r\nPlotname: p\r\nNo. Variables: 2\r\nNo. Points: 1\r\nVariables:\r\n 0 v(a) "
         "voltage\r\n 1 f frequency\r\nValues:\r\n0 1.5\r\n 2\r\n",
         NULL, 0},
        {"Titles: t\nTitle:\nPlotname:\t p\nOption\n\nFlags: re\nNo. Variables: 2\nNo. Points: "
         "1\n" LIST "Values:\n0\t1.5\n\t2",
         NULL, 0},
        {"Plotname: p\nFlags: real padded\nNo. Variables: 2;\nNo. Points: 1 of 1\n" LIST
         "Values:\n0\t1.5\n\t2\n",
         NULL, 0},
        {"Flags: complex\n" HEAD LIST "Values:\n0\t1.5,0\n\t2,0\n", "its values are complex", 1},
        {"No. Variables: 99999999999999999999999\nNo. Points: 1\n" LIST "Values:\n0\t1.5\n",
         "it lists no variables", 6},
        {"No. Variables: 18446744073709551616\nNo. Points: 1\n" LIST "Binary:\n12345678",
         "it ends before its last value", 6},
        {HEAD "Variables:\n\t0\tv(a)\n", "the list of variables is too short", 7},
        {HEAD "Variables:\n\t0\n", "the list of variables is too short", 7},
        {HEAD "Variables:\n\t0\tv(a)\tvoltage\n", "the list of variables is too short", 7},
        {HEAD LIST "Values:\n0\t1.5\n", "a value is missing or is no real number", 11},
        {HEAD LIST "Values:\n0\tone\n\t2\n", "a value is missing or is no real number", 10},
        {HEAD LIST, "it ends before its values", 8},
        {"", "it is empty", 0},
    };
    for (size_t k = 0; k < sizeof file / sizeof *file; k++) {
        eq_result **plots;
        size_t count;
        eq_diag *d = eq_diag_new();
        eq_status status =
            eq_raw_parse("x.raw", file[k].text, strlen(file[k].text), &plots, &count, d);
        if (file[k].message == NULL) {
            ck_assert_msg(status == EQ_OK, "%zu: %s", k,
                          status == EQ_OK ? "" : eq_diag_get(d, 0)->text);
            ck_assert(count == 1 && plots[0]->value[0] == 1.5 && plots[0]->value[1] == 2.0);
            ck_assert_str_eq(plots[0]->plot, "p");
            ck_assert_str_eq(plots[0]->variable[1].type, k == 1 ? "notype" : "current");
            eq_raw_free(plots, count);
        } else {
            ck_assert_int_eq(status, EQ_ERR_INPUT);
            ck_assert_msg(strstr(eq_diag_get(d, 0)->text, file[k].message) != NULL, "%zu: %s", k,
                          eq_diag_get(d, 0)->text);
            ck_assert_msg(eq_diag_get(d, 0)->line == file[k].line, "%zu: line %d", k,
                          eq_diag_get(d, 0)->line);
        }
        eq_diag_free(d);
    }
}
END_TEST

/* What CSV and JSON must not say as it stands: quotes, separators, control characters, NaN. */
START_TEST(csv_and_json_escape_names_and_nan) {
    eq_result *r = eq_result_new("back\\slash\ttab", "p");
    eq_result_variable(r, "a\"b", "notype", NULL);
    eq_result_variable(r, "c\nd", "notype", NULL);
    eq_result_variable(r, "e", "notype", NULL);
    eq_result_point(r, (double[]){(double)NAN, (double)-INFINITY, 1.0}, NULL);
    eq_result_point(r, (double[]){1.0, 2.0, 3.0}, NULL);
    const eq_result *const two[] = {r, r};
    size_t length;
    char *data = bytes_of(two, 1, EQ_CSV, &length);
    ck_assert_msg(strncmp(data, "\"a\"\"b\",\"c\nd\",e\n", 15) == 0, "%s", data);
    free(data);
    data = bytes_of(two, 2, EQ_JSON, &length);
    ck_assert_ptr_nonnull(strstr(data, "[{\"title\": \"back\\\\slash\\u0009tab\""));
    ck_assert_ptr_nonnull(strstr(data, "{\"name\": \"a\\\"b\", \"type\": \"notype\"}, "
                                       "{\"name\": \"c\\u000ad\""));
    ck_assert_ptr_nonnull(strstr(data, "[[null, null, 1],\n  [1, 2, 3]]},\n{\"title\""));
    free(data);
    data = bytes_of(two, 1, EQ_RAW_ASCII, &length);
    ck_assert_msg(strncmp(data, "Title: back\\slash tab\n", 22) == 0, "%s", data);
    free(data);
    eq_result_free(r);
}
END_TEST

START_TEST(tables_in_text) {
    eq_result *r = eq_result_new("q\"uote", "Operating Point");
    eq_result_variable(r, "v(a,b)", "voltage", NULL);
    eq_result_variable(r, "i(v1)", "current", NULL);
    eq_result_point(r, (double[]){0.1, -2.0}, NULL);
    const eq_result *const one[] = {r};
    size_t length;
    char *data = bytes_of(one, 1, EQ_CSV, &length);
    ck_assert_str_eq(data, "\"v(a,b)\",i(v1)\n0.1,-2\n");
    free(data);
    data = bytes_of(one, 1, EQ_JSON, &length);
    ck_assert_str_eq(data, "[{\"title\": \"q\\\"uote\", \"plot\": \"Operating Point\",\n"
                           " \"variables\": [{\"name\": \"v(a,b)\", \"type\": \"voltage\"}, "
                           "{\"name\": \"i(v1)\", \"type\": \"current\"}],\n"
                           " \"points\": [[0.1, -2]]}]\n");
    free(data);
    data = bytes_of(one, 1, EQ_TABLE, &length);
    ck_assert_ptr_nonnull(strstr(data, "v(a,b)"));
    ck_assert_ptr_nonnull(strstr(data, " -2 A\n"));
    free(data);
    ck_assert_uint_eq(eq_result_find(r, "I(V1)"), 1);
    ck_assert_uint_eq(eq_result_find(r, "x"), 2);
    eq_result_free(r);
}
END_TEST

Suite *raw_suite(void) {
    Suite *s = suite_create("raw");
    TCase *t = tcase_create("raw");
    tcase_add_test(t, binary_and_ascii_files_are_exact);
    tcase_add_test(t, ngspice_loads_them);
    tcase_add_test(t, npz_archives_hold_every_variable);
    tcase_add_test(t, ascii_files_in_both_forms);
    tcase_add_test(t, every_truncation_is_refused);
    tcase_add_test(t, damaged_and_unusual_files);
    tcase_add_test(t, csv_and_json_escape_names_and_nan);
    tcase_add_test(t, tables_in_text);
    suite_add_tcase(s, t);
    return s;
}
