#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/comm.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "support/effort.h"

Suite *base_suite(void);

START_TEST(numbers_match_strtod) {
    static const char *const text[] = {"1",
                                       "-2.5",
                                       "1e3",
                                       "1e-3",
                                       "3.14159265358979",
                                       "1e22",
                                       "1e23",
                                       "1e-22",
                                       "4.35",
                                       "0.1",
                                       "1.7976931348623157e308",
                                       "5e-324",
                                       ".5",
                                       "5.",
                                       "+7",
                                       "123456789012345678",
                                       "1e400",
                                       "9007199254740993e0"};
    for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
        double value = NAN;
        ck_assert_uint_eq(eq_parse_double(text[k], strlen(text[k]), &value), strlen(text[k]));
        ck_assert_msg(value == strtod(text[k], NULL), "%s read as %.17g", text[k], value);
    }
}
END_TEST

START_TEST(random_numbers_are_read_back) {
    eq_random r = eq_random_seed(3);
    for (int k = 0; k < 20000; k++) {
        char text[64];
        double x = (eq_random_uniform(&r) - 0.5) * pow(10.0, 40.0 * eq_random_uniform(&r) - 20.0),
               y;
        int digits = (int)eq_random_below(&r, 18);
        snprintf(text, sizeof text, "%.*g", digits, x);
        ck_assert_uint_eq(eq_parse_double(text, strlen(text), &y), strlen(text));
        ck_assert_msg(y == strtod(text, NULL), "%s", text);
    }
}
END_TEST

/* Any digits, points and exponents: the value and the end are those of strtod, bit for bit. */
START_TEST(random_digits_match_strtod) {
    static const char bytes[] = "0123456789000.eE+-k";
    eq_random r = eq_random_seed(29);
    for (size_t k = 0; k < effort(300000, 20000000); k++) {
        char text[40], *end;
        size_t n = 1 + eq_random_below(&r, 30), kinds = k % 2 == 0 ? 14 : sizeof bytes - 1;
        for (size_t i = 0; i < n; i++) text[i] = bytes[eq_random_below(&r, (uint32_t)kinds)];
        text[n] = '\0';
        double value = 0.0, want = strtod(text, &end);
        ck_assert_msg(eq_parse_double(text, n, &value) == (size_t)(end - text), "%s", text);
        ck_assert_msg(memcmp(&value, &want, sizeof value) == 0, "%s read as %.17g, not %.17g", text,
                      value, want);
    }
}
END_TEST

/* A number of up to 19 digits times a power of ten is the double nearest to the decimal that both make. */
START_TEST(scaled_numbers_are_the_nearest) {
    static const int power[] = {12, 9, 6, 3, -3, -6, -9, -12, -15, -18};
    eq_random r = eq_random_seed(31);
    for (size_t k = 0; k < effort(100000, 5000000); k++) {
        char digits[48], text[64];
        int by = power[k % 10], e = (int)eq_random_below(&r, 60) - 30;
        size_t n = 1 + eq_random_below(&r, 18), point = eq_random_below(&r, (uint32_t)n);
        for (size_t i = 0; i < n; i++)
            digits[i] = i == point ? '.' : (char)('0' + eq_random_below(&r, 10));
        digits[n] = '\0';
        if (n < 2) continue;
        snprintf(text, sizeof text, "%se%d", digits, e);
        double value = 0.0;
        ck_assert_uint_eq(eq_parse_scaled(text, strlen(text), by, &value), strlen(text));
        snprintf(text, sizeof text, "%se%d", digits, e + by);
        ck_assert_msg(value == strtod(text, NULL), "%s: %.17g", text, value);
    }
}
END_TEST

/* The shortest decimal of at least 15 digits that strtod reads back; zero has no sign. */
START_TEST(numbers_are_written_with_the_digits_they_need) {
    static const struct {
        double value;
        const char *text;
    } of[] = {{1e-7, "1e-07"},
              {0.1, "0.1"},
              {-0.0, "0"},
              {0.0, "0"},
              {-0.0025, "-0.0025"},
              {1.0 / 3.0, "0.3333333333333333"},
              {0.1 + 0.2, "0.30000000000000004"},
              {1e300, "1e+300"},
              {5e-324, "4.94065645841247e-324"},
              {123456.0, "123456"},
              {INFINITY, "inf"},
              {9007199254740993.0, "9007199254740992"}};
    char text[EQ_NUMBER_LENGTH];
    for (size_t k = 0; k < sizeof of / sizeof *of; k++)
        ck_assert_str_eq(eq_number(of[k].value, text), of[k].text);
    eq_random r = eq_random_seed(5);
    for (int k = 0; k < 20000; k++) {
        uint64_t bits = eq_random_next(&r);
        double x;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) continue;
        ck_assert_msg(strtod(eq_number(x, text), NULL) == x, "%s", text);
    }
}
END_TEST

START_TEST(number_ends_where_it_ends) {
    double v;
    ck_assert_uint_eq(eq_parse_double("1k", 2, &v), 1);
    ck_assert_uint_eq(eq_parse_double("1e", 2, &v), 1);
    ck_assert_uint_eq(eq_parse_double("2e+x", 4, &v), 1);
    ck_assert_uint_eq(eq_parse_double("-", 1, &v), 0);
    ck_assert_uint_eq(eq_parse_double(".", 1, &v), 0);
    ck_assert_uint_eq(eq_parse_double("", 0, &v), 0);
}
END_TEST

START_TEST(names_keep_their_ids) {
    eq_names *names = eq_names_new();
    char text[32];
    for (int k = 0; k < 100000; k++) {
        int n = snprintf(text, sizeof text, "n%d", k);
        ck_assert_int_eq(eq_names_add(names, text, (size_t)n), k);
    }
    for (int k = 0; k < 100000; k++) {
        int n = snprintf(text, sizeof text, "n%d", k);
        ck_assert_int_eq(eq_names_add(names, text, (size_t)n), k);
        ck_assert_str_eq(eq_names_get(names, k), text);
    }
    ck_assert_int_eq(eq_names_find(names, "m", 1), EQ_NO_NAME);
    eq_names_free(names);
}
END_TEST

/* Interning folded names is folding, then interning; every byte that may stand in a name, lengths
 * around the words in which names are read, names that differ in one byte only. */
START_TEST(names_are_folded) {
    eq_random r = eq_random_seed(23);
    eq_names *folded = eq_names_new(), *plain = eq_names_new();
    for (size_t k = 0; k < effort(200000, 20000000); k++) {
        char text[32], low[32];
        size_t n = eq_random_below(&r, 27);
        memset(text, "aZ@[`{z\xFF"[eq_random_below(&r, 8)], n);
        for (int j = 0; j < 2 && n > 0; j++)
            text[eq_random_below(&r, (uint32_t)n)] = (char)(1 + eq_random_below(&r, 255));
        memcpy(low, text, n);
        eq_lower(low, n);
        ck_assert_int_eq(eq_names_find_lower(folded, text, n), eq_names_find(plain, low, n));
        int32_t id = eq_names_add_lower(folded, text, n);
        ck_assert_int_eq(id, eq_names_add(plain, low, n));
        ck_assert_uint_eq(strlen(eq_names_get(folded, id)), n);
        ck_assert_mem_eq(eq_names_get(folded, id), low, n);
        if (k == 1000) ck_assert(eq_names_reserve(folded, 50000));
    }
    eq_names_free(folded);
    eq_names_free(plain);
}
END_TEST

START_TEST(patterns_match_whatever_the_case) {
    ck_assert(eq_match("R1*", "r1_5_3"));
    ck_assert(eq_match("*", ""));
    ck_assert(eq_match("a*b*c", "aXbYbc"));
    ck_assert(eq_match("r?", "R7"));
    ck_assert(!eq_match("r?", "r77"));
    ck_assert(!eq_match("a*b", "ac"));
    ck_assert(eq_same("VDD", "vdd") && !eq_same("vdd", "vd") && !eq_same("vd", "vdd"));
}
END_TEST

START_TEST(diagnostics_keep_places_and_order) {
    eq_diag *d = eq_diag_new();
    eq_warn_at(d, (eq_place){"a.cir", 3, 4}, "odd %d", 1);
    ck_assert_int_eq(eq_fail(d, EQ_ERR_IO, "bad"), EQ_ERR_IO);
    ck_assert_uint_eq(eq_diag_count(d), 2);
    ck_assert_uint_eq(eq_diag_errors(d), 1);
    ck_assert_str_eq(eq_diag_get(d, 0)->file, "a.cir");
    ck_assert_str_eq(eq_diag_get(d, 0)->text, "odd 1");
    ck_assert_int_eq(eq_diag_get(d, 0)->column, 4);
    eq_diag_clear(d);
    ck_assert_uint_eq(eq_diag_count(d), 0);
    eq_fail(NULL, EQ_ERR_IO, "dropped");
    eq_diag_free(d);
}
END_TEST

START_TEST(memory_that_runs_out_is_reported) {
    eq_diag *d = eq_diag_new();
    eq_mem_fail_after(0);
    eq_status status = eq_fail(d, EQ_ERR_IO, "cannot be stored");
    eq_names *names = eq_names_new();
    eq_mem_fail_after(-1);
    ck_assert_int_eq(status, EQ_ERR_IO);
    ck_assert_ptr_null(names);
    ck_assert_uint_eq(eq_diag_errors(d), 1);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(d, 0)->text, "out of memory"));
    ck_assert_ptr_null(eq_malloc(SIZE_MAX / 2, 3));
    eq_diag_free(d);
}
END_TEST

static char *folder(void) {
    static char name[64];
    snprintf(name, sizeof name, "/tmp/eqspice-base-XXXXXX");
    return mkdtemp(name);
}

START_TEST(files_are_replaced_whole) {
    eq_diag *d = eq_diag_new();
    char *path = eq_path_join(folder(), "a.txt"), *data;
    size_t length;
    ck_assert_int_eq(eq_file_write(path, "one", 3, d), EQ_OK);
    eq_out *out;
    ck_assert_int_eq(eq_out_open(path, &out, d), EQ_OK);
    fputs("tw", eq_out_stream(out));
    eq_out_abort(out);
    ck_assert_int_eq(eq_file_read(path, (eq_place){0}, &data, &length, d), EQ_OK);
    ck_assert_str_eq(data, "one");
    eq_free(data);
    ck_assert_int_eq(eq_file_write(path, "two!", 4, d), EQ_OK);
    ck_assert_int_eq(eq_file_read_gz(path, 100, &data, &length, d), EQ_OK);
    ck_assert_str_eq(data, "two!");
    eq_free(data);
    ck_assert_int_eq(eq_file_read_gz(path, 3, &data, &length, d), EQ_ERR_INPUT);
    ck_assert_int_eq(eq_file_write("/nowhere/at/all", "x", 1, d), EQ_ERR_IO);
    ck_assert_int_eq(eq_file_read("/tmp", (eq_place){0}, &data, &length, d), EQ_ERR_INPUT);
    unlink(path);
    eq_free(path);
    eq_diag_free(d);
}
END_TEST

/* A link goes on leading to its file, and a device stays one: rename must not put a file in its
 * place. Through links, so that a failure harms nothing. */
START_TEST(links_and_devices_are_written_through) {
    eq_diag *d = eq_diag_new();
    const char *in = folder();
    char *path = eq_path_join(in, "a.txt"), *link = eq_path_join(in, "link"), *data;
    char *full = eq_path_join(in, "full");
    size_t length;
    struct stat st;
    ck_assert_int_eq(eq_file_write(path, "one", 3, d), EQ_OK);
    ck_assert_int_eq(symlink("a.txt", link), 0);
    ck_assert_int_eq(symlink("/dev/full", full), 0);
    ck_assert_int_eq(eq_file_write(link, "two", 3, d), EQ_OK);
    ck_assert_int_eq(eq_file_read(path, (eq_place){0}, &data, &length, d), EQ_OK);
    ck_assert_str_eq(data, "two");
    ck_assert_int_eq(lstat(link, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert_int_eq(eq_file_write(full, "x", 1, d), EQ_ERR_IO);
    ck_assert_int_eq(lstat(full, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    eq_free(data), eq_free(path), eq_free(link), eq_free(full);
    eq_diag_free(d);
}
END_TEST

START_TEST(fifo_is_refused) {
    char *path = eq_path_join(folder(), "fifo"), *data;
    size_t length;
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(eq_file_read(path, (eq_place){0}, &data, &length, NULL), EQ_ERR_INPUT);
    unlink(path);
    eq_free(path);
}
END_TEST

START_TEST(gzip_is_inflated_and_damage_is_seen) {
    char *path = eq_path_join(folder(), "a.gz"), *data;
    size_t length;
    gzFile gz = gzopen(path, "wb");
    for (int k = 0; k < 10000; k++) gzputs(gz, "eqspice ");
    gzclose(gz);
    ck_assert_int_eq(eq_file_read_gz(path, 1 << 20, &data, &length, NULL), EQ_OK);
    ck_assert_uint_eq(length, 80000);
    eq_free(data);
    ck_assert_int_eq(truncate(path, 60), 0);
    eq_diag *d = eq_diag_new();
    ck_assert_int_eq(eq_file_read_gz(path, 1 << 20, &data, &length, d), EQ_ERR_INPUT);
    ck_assert_uint_eq(eq_diag_errors(d), 1);
    eq_diag_free(d);
    unlink(path);
    eq_free(path);
}
END_TEST

/* One process has nobody to collect from. */
START_TEST(a_process_alone_collects_its_own) {
    double mine[] = {1.0, 2.0, 3.0}, *all = NULL;
    size_t total = 0;
    ck_assert_int_eq(eq_comm_gather(mine, 3, &all, &total, NULL), EQ_OK);
    ck_assert_uint_eq(total, 3);
    ck_assert_mem_eq(all, mine, sizeof mine);
    eq_free(all);
}
END_TEST

START_TEST(paths_are_joined_and_split) {
    char *a = eq_path_join("x/y", "z"), *b = eq_path_join("x", "/z"), *c = eq_path_folder("x/y/z");
    char *e = eq_path_folder("z"), *f = eq_path_folder("/z");
    ck_assert_str_eq(a, "x/y/z");
    ck_assert_str_eq(b, "/z");
    ck_assert_str_eq(c, "x/y");
    ck_assert_str_eq(e, ".");
    ck_assert_str_eq(f, "/");
    eq_free(a), eq_free(b), eq_free(c), eq_free(e), eq_free(f);
}
END_TEST

/* xoshiro256** from the seed 0 by splitmix64: the values of the authors' reference programs. */
START_TEST(random_stream_is_fixed) {
    eq_random r = eq_random_seed(0);
    ck_assert(r.s[0] == 0xE220A8397B1DCDAFu && r.s[1] == 0x6E789E6AA1B965F4u);
    ck_assert(eq_random_next(&r) == 0x99EC5F36CB75F2B4u);
    double sum = 0.0, squares = 0.0;
    for (int k = 0; k < 100000; k++) {
        double z = eq_random_normal(&r);
        sum += z;
        squares += z * z;
    }
    ck_assert_double_eq_tol(sum / 1e5, 0.0, 0.02);
    ck_assert_double_eq_tol(squares / 1e5, 1.0, 0.02);
    uint32_t index[100];
    for (uint32_t k = 0; k < 100; k++) index[k] = k;
    eq_random_shuffle(&r, index, 100);
    int seen[100] = {0}, moved = 0;
    for (uint32_t k = 0; k < 100; k++) {
        seen[index[k]]++;
        moved += index[k] != k;
    }
    for (int k = 0; k < 100; k++) ck_assert_int_eq(seen[k], 1);
    ck_assert_int_gt(moved, 80);
}
END_TEST

/* The values that the authors of FNV give for "", "a" and "foobar"; pieces are not shifted. */
START_TEST(hashes_are_those_of_fnv) {
    static const struct {
        const char *text;
        uint64_t hash;
    } known[] = {
        {"", 0xcbf29ce484222325}, {"a", 0xaf63dc4c8601ec8c}, {"foobar", 0x85944171f73967e8}};
    for (int k = 0; k < 3; k++) {
        uint64_t h = EQ_HASH_START;
        eq_hash_bytes(&h, known[k].text, strlen(known[k].text));
        ck_assert(h == known[k].hash);
    }
    static const char *const pair[][2] = {{"ab", "c"}, {"a", "bc"}, {"", "abc"}, {NULL, "abc"}};
    uint64_t h[4];
    for (int k = 0; k < 4; k++) {
        h[k] = EQ_HASH_START;
        for (int j = 0; j < 2; j++) eq_hash_text(&h[k], pair[k][j]);
        for (int j = 0; j < k; j++) ck_assert(h[j] != h[k]);
    }
    uint64_t a = EQ_HASH_START, b = EQ_HASH_START, c = EQ_HASH_START;
    eq_hash_double(&a, NAN);
    eq_hash_double(&b, -NAN);
    eq_hash_double(&c, 1.0);
    ck_assert(a == b && a != c);
}
END_TEST

Suite *base_suite(void) {
    Suite *s = suite_create("base");
    TCase *t = tcase_create("base");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, numbers_match_strtod);
    tcase_add_test(t, random_numbers_are_read_back);
    tcase_add_test(t, numbers_are_written_with_the_digits_they_need);
    tcase_add_test(t, number_ends_where_it_ends);
    tcase_add_test(t, scaled_numbers_are_the_nearest);
    tcase_add_test(t, names_keep_their_ids);
    tcase_add_test(t, names_are_folded);
    tcase_add_test(t, random_digits_match_strtod);
    tcase_add_test(t, patterns_match_whatever_the_case);
    tcase_add_test(t, diagnostics_keep_places_and_order);
    tcase_add_test(t, memory_that_runs_out_is_reported);
    tcase_add_test(t, files_are_replaced_whole);
    tcase_add_test(t, links_and_devices_are_written_through);
    tcase_add_test(t, fifo_is_refused);
    tcase_add_test(t, gzip_is_inflated_and_damage_is_seen);
    tcase_add_test(t, a_process_alone_collects_its_own);
    tcase_add_test(t, paths_are_joined_and_split);
    tcase_add_test(t, random_stream_is_fixed);
    tcase_add_test(t, hashes_are_those_of_fnv);
    suite_add_tcase(s, t);
    return s;
}
