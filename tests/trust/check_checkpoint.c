/* Damaged checkpoints (issue 5, point 4): every truncation and 10^4 single-bit flips of a real
 * checkpoint are refused with a message, and a damaged file is left as it is. */
#define _XOPEN_SOURCE 700
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "support/program.h"
#include "train/checkpoint.h"
#include "train/train.h"

Suite *checkpoint_suite(void);

enum { FLIPS = 10000, LONGEST = 512 };

static char *folder, *bytes; /* a trained run, and its checkpoint */
static size_t length;

static const char *checkpoint(void) {
    static char path[LONGEST];
    snprintf(path, sizeof path, "%s/" EQ_TRAIN_CHECKPOINT, folder);
    return path;
}

static void train(void) {
    folder = scratch_folder();
    expect_exit(0, NULL, "train netlists/iris.xml --epochs 1 -o %s", folder);
    ck_assert_int_eq(eq_file_read(checkpoint(), (eq_place){0}, &bytes, &length, NULL), EQ_OK);
}

static void drop(void) {
    eq_free(bytes);
    scratch_free(folder);
}

/* One error, with the name of the file and what to do. */
static void assert_refused(const char *what, size_t at) {
    eq_checkpoint k;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_checkpoint_read(checkpoint(), &k, diag);
    ck_assert_msg(status == EQ_ERR_INPUT, "%s %zu: status %d", what, at, status);
    ck_assert_uint_eq(eq_diag_errors(diag), 1);
    const char *text = eq_diag_get(diag, 0)->text;
    ck_assert_msg(strstr(text, checkpoint()) != NULL && strstr(text, "; ") != NULL, "%s %zu: '%s'",
                  what, at, text);
    eq_diag_free(diag);
}

START_TEST(every_truncation_is_refused) {
    for (size_t k = length; k-- > 0;) {
        ck_assert_int_eq(truncate(checkpoint(), (off_t)k), 0);
        assert_refused("cut to", k);
    }
}
END_TEST

START_TEST(flipped_bits_are_refused) {
    eq_random r = eq_random_seed(4);
    int fd = open(checkpoint(), O_WRONLY);
    ck_assert_int_ge(fd, 0);
    for (size_t k = 0; k < FLIPS; k++) {
        /* every bit of the head, then bits anywhere */
        size_t bit = k < 24 * 8 ? k : (size_t)eq_random_below(&r, 8 * length);
        char damaged = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        ck_assert_int_eq(pwrite(fd, &damaged, 1, (off_t)(bit / 8)), 1);
        assert_refused("flip of bit", bit);
        ck_assert_int_eq(pwrite(fd, &bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
    }
    close(fd);
    eq_checkpoint k; /* whole again, it is read: the flips alone were refused */
    ck_assert_int_eq(eq_checkpoint_read(checkpoint(), &k, NULL), EQ_OK);
    eq_checkpoint_free(&k);
}
END_TEST

/* The checkpoint with `n` bytes from `at` set to `byte`, and a checksum that is right. */
static void lie(size_t at, size_t n, int byte) {
    char *damaged = eq_malloc(length, 1);
    memcpy(damaged, bytes, length);
    memset(damaged + at, byte, n);
    uint32_t crc = eq_crc32(damaged + 24, length - 24);
    memcpy(damaged + 12, &crc, 4);
    FILE *f = fopen(checkpoint(), "wb");
    ck_assert_uint_eq(fwrite(damaged, 1, length, f), length);
    ck_assert_int_eq(fclose(f), 0);
    eq_free(damaged);
}

/* The last name of a class, which ends the file, ends with no NUL. */
START_TEST(names_that_do_not_end_are_refused) {
    ck_assert_int_eq(bytes[length - 1], '\0');
    lie(length - 1, 1, 'x');
    assert_refused("without an end: byte", length - 1);
}
END_TEST

/* The body of a checkpoint with a right checksum may still lie: lengths of 2^64 - 1, rows that are
 * not there. */
START_TEST(wrong_lengths_with_a_right_checksum_are_refused) {
    for (size_t at = 24; at + 8 <= length; at += 4) {
        lie(at, 8, 0xff);
        eq_checkpoint k;
        eq_diag *diag = eq_diag_new();
        eq_status status = eq_checkpoint_read(checkpoint(), &k, diag);
        if (status == EQ_OK)
            eq_checkpoint_free(&k); /* a number like any other */
        else
            ck_assert_uint_eq(eq_diag_errors(diag), 1);
        eq_diag_free(diag);
    }
}
END_TEST

START_TEST(the_program_says_so_and_keeps_the_file) {
    char *text, *after;
    size_t left;
    ck_assert_int_eq(truncate(checkpoint(), (off_t)(length / 2)), 0);
    expect_exit(2, &text, "train netlists/iris.xml --epochs 2 --resume -o %s", folder);
    ck_assert_ptr_nonnull(strstr(text, "is damaged"));
    eq_free(text);
    ck_assert_int_eq(eq_file_read(checkpoint(), (eq_place){0}, &after, &left, NULL), EQ_OK);
    ck_assert_uint_eq(left, length / 2);
    ck_assert_mem_eq(after, bytes, left);
    eq_free(after);
}
END_TEST

Suite *checkpoint_suite(void) {
    Suite *s = suite_create("checkpoint");
    TCase *t = tcase_create("checkpoint");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, train, drop);
    tcase_add_test(t, every_truncation_is_refused);
    tcase_add_test(t, flipped_bits_are_refused);
    tcase_add_test(t, names_that_do_not_end_are_refused);
    tcase_add_test(t, wrong_lengths_with_a_right_checksum_are_refused);
    tcase_add_test(t, the_program_says_so_and_keeps_the_file);
    suite_add_tcase(s, t);
    return s;
}
