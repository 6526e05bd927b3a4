/* CIFAR-10's binary version, on generated images of that format: files and folders, damage, training. */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "train/data/data.h"
#include "train/experiment/experiment.h"

Suite *cifar_suite(void);

enum { PIXELS = 3072, EXAMPLE = 3073 };

/* Example k of class k % 10 has pixel p of (k * 31 + p * 7) % 251. */
static uint8_t pixel(size_t k, size_t p) {
    return (uint8_t)((k * 31 + p * 7) % 251);
}

static void write_batch(const char *name, size_t first, size_t examples, size_t cut) {
    FILE *f = fopen(in(name), "wb");
    ck_assert_ptr_nonnull(f);
    for (size_t k = first; k < first + examples; k++) {
        uint8_t bytes[EXAMPLE] = {(uint8_t)(k % 10)};
        for (size_t p = 0; p < PIXELS; p++) bytes[1 + p] = pixel(k, p);
        size_t n = k + 1 == first + examples ? EXAMPLE - cut : EXAMPLE;
        ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    }
    fclose(f);
}

static void write_folder(void) {
    write_batch("data_batch_1.bin", 0, 12, 0);
    write_batch("data_batch_2.bin", 12, 8, 0);
    write_batch("test_batch.bin", 20, 10, 0);
}

static void hold(const eq_data *d, size_t first, size_t examples) {
    ck_assert_uint_eq(d->examples, examples);
    ck_assert_uint_eq(d->features, PIXELS);
    ck_assert_uint_eq(d->classes, 10);
    for (size_t k = 0; k < examples; k++) {
        ck_assert_uint_eq(d->label[k], (first + k) % 10);
        for (size_t p = 0; p < PIXELS; p += 97)
            ck_assert_uint_eq(d->pixel[k * PIXELS + p], pixel(first + k, p));
    }
}

START_TEST(a_folder_has_both_parts) {
    eq_data *d = NULL;
    write_folder();
    ck_assert_int_eq(eq_data_read_cifar(scratch_current(), false, &d, NULL), EQ_OK);
    hold(d, 0, 20);
    eq_data_free(d);
    ck_assert_int_eq(eq_data_read_cifar(scratch_current(), true, &d, NULL), EQ_OK);
    hold(d, 20, 10);
    eq_data_free(d);
    char command[300];
    snprintf(command, sizeof command, "gzip '%s'", in("data_batch_2.bin"));
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(eq_data_read_cifar(scratch_current(), false, &d, NULL), EQ_OK);
    hold(d, 0, 20);
    eq_data_free(d);
    ck_assert_int_eq(eq_data_read_cifar(in("data_batch_1.bin"), false, &d, NULL), EQ_OK);
    hold(d, 0, 12);
    eq_data_free(d);
}
END_TEST

START_TEST(damage_is_told) {
    eq_diag *diag = eq_diag_new();
    eq_data *d = NULL;
    ck_assert_int_eq(eq_data_read_cifar(scratch_current(), false, &d, diag), EQ_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 0)->text, "no data_batch_1.bin"));
    write_batch("data_batch_1.bin", 0, 2, 0);
    write_batch("data_batch_3.bin", 2, 2, 0);
    ck_assert_int_eq(eq_data_read_cifar(scratch_current(), false, &d, NULL), EQ_ERR_INPUT);
    remove(in("data_batch_3.bin"));
    write_batch("data_batch_1.bin", 0, 2, 1);
    ck_assert_int_eq(eq_data_read_cifar(scratch_current(), false, &d, diag), EQ_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 1)->text, "6145 bytes, no multiple of 3073"));
    FILE *f = fopen(in("data_batch_1.bin"), "wb");
    uint8_t bytes[EXAMPLE] = {10};
    fwrite(bytes, 1, sizeof bytes, f);
    fclose(f);
    ck_assert_int_eq(eq_data_read_cifar(scratch_current(), false, &d, diag), EQ_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(diag, 2)->text, "byte 0: the class is 10"));
    f = fopen(in("data_batch_1.bin"), "wb");
    fclose(f);
    ck_assert_int_eq(eq_data_read_cifar(scratch_current(), false, &d, diag), EQ_ERR_INPUT);
    ck_assert_ptr_null(d);
    eq_diag_free(diag);
}
END_TEST

/* The shipped experiment's layers as they are, and with fewer channels on a few images and steps. */
START_TEST(the_shipped_experiment_runs_on_generated_images) {
    static const char shipped[] = "netlists/conv-cifar.xml";
    eq_experiment *x = NULL;
    eq_network *n = NULL;
    ck_assert_int_eq(eq_experiment_read(shipped, &x, NULL), EQ_OK);
    ck_assert_int_eq(eq_discrete_new(&x->discrete, &n, NULL), EQ_OK);
    ck_assert_uint_eq(eq_network_inputs(n), PIXELS);
    ck_assert_uint_eq(eq_network_outputs(n), 10);
    ck_assert_uint_eq(eq_network_parameters(n), 3843850);
    ck_assert_uint_eq(eq_network_nodes(n), 128 * 256 + 256 * 64 + 512 * 16 + 512 + 10);
    eq_network_free(n);
    eq_experiment_free(x);
    char *text, folder[200];
    write_folder();
    snprintf(folder, sizeof folder, "%s", scratch_current());
    expect_exit(0, NULL,
                "train %s -o %s --epochs 1 --set data.path=%s --set data.train-limit=4 --set "
                "data.test-limit=2 --set network.free-steps=4 --set network.nudged-steps=2 --set "
                "network.conv[1].channels=4 --set network.conv[2].channels=6 --set "
                "network.conv[3].channels=8 --set network.conv[4].channels=8",
                shipped, in("run"), folder);
    expect_exit(2, &text, "train %s -o %s --set data.path=%s --set data.labels=x", shipped,
                in("other"), folder);
    ck_assert_ptr_nonnull(strstr(text, "leave out labels"));
    free(text);
}
END_TEST

/* A small network of three channels learns them, and is evaluated on a file of its own. */
START_TEST(generated_images_are_learned) {
    char *text, folder[200];
    write_folder();
    snprintf(folder, sizeof folder, "%s", scratch_current());
    FILE *f = fopen(in("small.xml"), "w");
    fprintf(f,
            "<experiment name=\"small\"><network kind=\"discrete\" inputs=\"3x32x32\" "
            "tolerance=\"1e-6\"><conv channels=\"4\" kernel=\"5\" pool=\"average\" window=\"4\"/>"
            "<dense units=\"10\"/></network><data format=\"cifar\" path=\"%s\"/>"
            "<cost type=\"squared-error\"/><estimator beta=\"0.2\" nudging=\"energy\"/>"
            "<optimizer type=\"sgd\" rate=\"0.02\"/><minibatch size=\"4\"/>"
            "<epochs count=\"3\"/></experiment>",
            folder);
    fclose(f);
    expect_exit(0, NULL, "train %s -o %s", in("small.xml"), in("run"));
    expect_exit(0, &text, "eval %s --data %s --json", in("run"), in("test_batch.bin"));
    ck_assert_ptr_nonnull(strstr(text, "\"examples\": 10"));
    free(text);
}
END_TEST

Suite *cifar_suite(void) {
    Suite *s = suite_create("cifar");
    TCase *t = tcase_create("cifar");
    tcase_set_timeout(t, 240);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, a_folder_has_both_parts);
    tcase_add_test(t, damage_is_told);
    tcase_add_test(t, the_shipped_experiment_runs_on_generated_images);
    tcase_add_test(t, generated_images_are_learned);
    suite_add_tcase(s, t);
    return s;
}
