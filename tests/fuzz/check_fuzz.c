/* What the fuzzer found (tests/fuzz/crashers/TARGET-what) is replayed: no crash, and an end before
 * the limit of the test case, whatever the machine does beside (docs/testing.md tells how to fuzz).
 * Run from the root of the repository. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "fuzz/read.h"

Suite *fuzz_suite(void);

static const struct {
    const char *name;
    fuzz_read read;
} target[] = {
    {"spice", fuzz_spice},     {"expression", fuzz_expression},
    {"circuit", fuzz_circuit}, {"experiment", fuzz_experiment},
    {"study", fuzz_study},     {"idx", fuzz_idx},
    {"csv", fuzz_csv},         {"npy", fuzz_npy},
    {"edges", fuzz_edges},     {"cifar", fuzz_cifar},
    {"units", fuzz_units},     {"springs", fuzz_springs},
    {"raw", fuzz_raw},         {"checkpoint", fuzz_checkpoint},
};
enum { TARGETS = sizeof target / sizeof *target };

static fuzz_read target_of(const char *file) {
    for (int k = 0; k < TARGETS; k++) {
        size_t n = strlen(target[k].name);
        if (strncmp(file, target[k].name, n) == 0 && file[n] == '-') return target[k].read;
    }
    ck_abort_msg("tests/fuzz/crashers/%s has the name of no target", file);
}

static void replay(const char *file, void *unused) {
    (void)unused;
    char path[512], *bytes = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "tests/fuzz/crashers/%s", file);
    ck_assert_int_eq(eq_file_read(path, (eq_place){0}, &bytes, &length, NULL), EQ_OK);
    uint8_t *exact = malloc(length + 1); /* no NUL behind the bytes: ASan sees one read too many */
    memcpy(exact + 1, bytes, length);
    target_of(file)(exact + 1, length);
    free(exact);
    eq_free(bytes);
}

START_TEST(crashers_are_read_or_refused) {
    static const char *const any[] = {"", NULL};
    ck_assert_int_gt(for_each_file("tests/fuzz/crashers", any, replay, NULL), 0);
}
END_TEST

/* Every target takes nothing, one byte, and text of another format. */
START_TEST(every_target_runs) {
    static const char *const text[] = {"", "\n", "1", "t\nr1 a 0 1\nv1 a 0 1\n.end\n", "<a/>"};
    for (int k = 0; k < TARGETS; k++)
        for (size_t j = 0; j < sizeof text / sizeof *text; j++)
            target[k].read((const uint8_t *)text[j], strlen(text[j]));
}
END_TEST

Suite *fuzz_suite(void) {
    Suite *s = suite_create("fuzz");
    TCase *t = tcase_create("fuzz");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, crashers_are_read_or_refused);
    tcase_add_test(t, every_target_runs);
    suite_add_tcase(s, t);
    return s;
}
