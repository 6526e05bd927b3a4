/* Examples that are distorted while they are trained with: what each distortion does, in closed form; what it depends on;
 * that nothing else sees it. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "../support/training.h"
#include "base/mem.h"
#include "train/attack.h"
#include "train/augment.h"
#include "train/trainer.h"

Suite *augment_suite(void);

enum { MOST = 450, ROWS = 4000 };

/* A table whose rows are all the same, its encoder, and what is made of it. */
typedef struct bench {
    eq_data d;
    eq_data_set set;
    eq_encoder e;
    eq_distortion q;
    double value[MOST], room[2 * MOST], x[2 * MOST];
} bench;

static uint16_t label[ROWS];
static uint32_t train[ROWS];

/* One row alone; the draws are made of its number by the key. */
static void set_up(bench *b, const eq_augmentation *o, eq_encoding encoding, eq_raster image) {
    size_t n = image.channels * image.height * image.width;
    b->d = (eq_data){.examples = 1,
                     .features = n,
                     .image = image,
                     .classes = 1,
                     .value = b->value,
                     .label = label};
    b->set = (eq_data_set){.train = &b->d, .test = &b->d, .train_index = train, .train_count = 1};
    ck_assert_int_eq(eq_encoder_fit(&encoding, &b->set, &b->e, NULL), EQ_OK);
    b->q = (eq_distortion){.o = o, .scale = encoding.input.scale, .room = b->room};
    const eq_raster none = {0};
    b->q.image = eq_augmentation_image(o, &b->d, &none);
    ck_assert_int_eq(eq_augmentation_check(o, &b->q.image, n, NULL), EQ_OK);
}

/* What epoch k makes of it. */
static const double *look(bench *b, uint64_t k) {
    b->q.key = eq_distortion_key(1, k);
    eq_encode_distorted(&b->q, &b->e, &b->d, train, 1, b->x);
    return b->x;
}

static const eq_encoding plain = {.input = {EQ_NORMALIZE_NONE, 1.0, 0.0}};

/* Pixel (r, c) of what was moved; nothing comes in over the edges. */
static double moved(const bench *b, const eq_raster *im, int r, int c, int down, int right) {
    int from_r = r - down, from_c = c - right;
    bool in = from_r >= 0 && from_r < (int)im->height && from_c >= 0 && from_c < (int)im->width;
    return in ? b->value[(size_t)from_r * im->width + (size_t)from_c] : 0.0;
}

static bool is_moved(const bench *b, const double *x, int down, int right) {
    const eq_raster *im = &b->q.image;
    for (int r = 0; r < (int)im->height; r++)
        for (int c = 0; c < (int)im->width; c++)
            if (fabs(x[r * (int)im->width + c] - moved(b, im, r, c, down, right)) > 1e-12)
                return false;
    return true;
}

/* All 25 places of two pixels to every side come as often as another. */
START_TEST(a_shift_is_of_whole_pixels) {
    static bench b;
    int seen[5][5] = {{0}};
    for (int k = 0; k < 12; k++) b.value[k] = 1.0 + k;
    const eq_augmentation o = {.shift = 2};
    set_up(&b, &o, plain, (eq_raster){1, 3, 4, false});
    for (uint64_t k = 1; k <= ROWS; k++) {
        const double *x = look(&b, k);
        int found = 0;
        for (int down = -2; down <= 2; down++)
            for (int right = -2; right <= 2; right++)
                if (is_moved(&b, x, down, right)) found++, seen[down + 2][right + 2]++;
        ck_assert_int_eq(found, 1);
    }
    for (int k = 0; k < 25; k++) /* 160, deviation 12.4 */
        ck_assert_msg(abs(seen[k / 5][k % 5] - ROWS / 25) < 60, "%d of %d", seen[k / 5][k % 5],
                      ROWS);
    eq_encoder_free(&b.e);
}
END_TEST

/* On the other side of a row of four pixels with two channels. */
static int opposite(int f, bool together) {
    if (together) return f / 8 * 8 + (3 - f % 8 / 2) * 2 + f % 2;
    return f / 4 * 4 + 3 - f % 4;
}

/* Both channels as one, or as they were, whether they stand one behind the other or together. */
START_TEST(a_mirror_takes_half_of_them) {
    static bench b;
    int mirrored = 0;
    bool together = _i == 1;
    for (int k = 0; k < 24; k++) b.value[k] = 1.0 + k * k;
    const eq_augmentation o = {.mirror = true};
    set_up(&b, &o, plain, (eq_raster){2, 3, 4, together});
    for (uint64_t k = 1; k <= ROWS; k++) {
        const double *x = look(&b, k);
        bool other = x[0] != b.value[0];
        mirrored += other;
        for (int f = 0; f < 24; f++)
            ck_assert_double_eq_tol(x[f], b.value[other ? opposite(f, together) : f], 1e-12);
    }
    ck_assert_int_lt(abs(mirrored - ROWS / 2), 160); /* deviation 32 */
    eq_encoder_free(&b.e);
}
END_TEST

/* A plane 100 + 3 x + 4 y, which lines between pixels keep as it is: its slope turns by the angle and goes down by the
 * size, its middle stays. */
START_TEST(turn_and_zoom_are_of_a_plane) {
    static bench b;
    enum { W = 21, M = W / 2 };
    double least = 2.0, most = 0.0, left = 0.0, right = 0.0;
    for (int k = 0; k < W * W; k++) b.value[k] = 100.0 + 3.0 * (k % W - M) + 4.0 * (k / W - M);
    const eq_augmentation o = {.turn = 30.0, .zoom = 0.25};
    set_up(&b, &o, plain, (eq_raster){1, W, W, false});
    for (uint64_t k = 1; k <= 500; k++) {
        const double *x = look(&b, k), *p = x + W * M + M;
        double dx = p[1] - p[0], dy = p[W] - p[0], size = 5.0 / hypot(dx, dy);
        double angle = atan2(4.0 * dx - 3.0 * dy, 3.0 * dx + 4.0 * dy);
        ck_assert_double_eq_tol(p[0], 100.0, 1e-9);
        for (int r = -3; r <= 3; r++) /* all of it, not the middle alone */
            for (int c = -3; c <= 3; c++)
                ck_assert_double_eq_tol(p[r * W + c], 100.0 + dx * c + dy * r, 1e-9);
        ck_assert_double_le(fabs(size - 1.0), 0.25);
        ck_assert_double_le(fabs(angle), 30.0 * 3.14159265358979 / 180.0);
        least = fmin(least, size);
        most = fmax(most, size);
        left = fmin(left, angle);
        right = fmax(right, angle);
    }
    ck_assert_double_lt(least, 0.76);
    ck_assert_double_gt(most, 1.24);
    ck_assert_double_lt(left, -0.51);
    ck_assert_double_gt(right, 0.51);
    eq_encoder_free(&b.e);
}
END_TEST

/* In the unit of normalised values, before center and scale; x and -x have the same. */
START_TEST(noise_has_its_deviation) {
    static bench b;
    const eq_encoding wide = {.input = {EQ_NORMALIZE_NONE, 20.0, 0.5}, .invert = true};
    double sum = 0.0, square = 0.0, product = 0.0;
    b.value[0] = 0.75;
    b.value[1] = 0.25;
    const eq_augmentation o = {.noise = 0.1};
    set_up(&b, &o, wide, (eq_raster){1, 1, 2, false});
    for (uint64_t k = 1; k <= ROWS; k++) {
        const double *x = look(&b, k);
        double first = x[0] / 20.0 - 0.25, second = x[2] / 20.0 + 0.25;
        ck_assert_double_eq(x[0], -x[1]);
        ck_assert_double_eq(x[2], -x[3]);
        sum += first;
        square += first * first;
        product += first * second;
    }
    ck_assert_double_lt(fabs(sum / ROWS), 5.0 * 0.1 / sqrt(ROWS));
    ck_assert_double_eq_tol(square / ROWS, 0.01, 5.0 * 0.01 * sqrt(2.0 / ROWS));
    ck_assert_double_lt(fabs(product / ROWS), 5.0 * 0.01 / sqrt(ROWS));
    eq_encoder_free(&b.e);
}
END_TEST

/* Of the row, not of its place in the minibatch; of seed and epoch. */
START_TEST(a_distortion_is_of_seed_epoch_and_row) {
    static double value[3 * 4], room[2 * 4], x[3][4], y[3][4];
    static const uint32_t order[] = {0, 1, 2}, other[] = {2, 0, 1};
    const eq_augmentation o = {.noise = 1.0};
    const eq_data d = {.examples = 3, .features = 4, .classes = 1, .value = value, .label = label};
    eq_data_set set = {.train = (eq_data *)&d, .train_index = (uint32_t *)order, .train_count = 3};
    eq_encoder e;
    ck_assert_int_eq(eq_encoder_fit(&plain, &set, &e, NULL), EQ_OK);
    eq_distortion q = {.o = &o, .scale = 1.0, .room = room, .key = eq_distortion_key(7, 1)};
    eq_encode_distorted(&q, &e, &d, order, 3, x[0]);
    eq_encode_distorted(&q, &e, &d, other, 3, y[0]);
    for (int k = 0; k < 3; k++) ck_assert_mem_eq(y[k], x[other[k]], sizeof x[0]);
    ck_assert_mem_ne(x[0], x[1], sizeof x[0]);
    ck_assert_uint_ne(eq_distortion_key(7, 2), q.key);
    ck_assert_uint_ne(eq_distortion_key(8, 1), q.key);
    eq_encoder_free(&e);
}
END_TEST

/* With rates of 0 each epoch has the same network: what it is trained with changes, what it is judged by does not. */
START_TEST(evaluations_see_what_is_in_the_data) {
    static const char *const set[] = {"augmentation.noise=0.5", "data.train-limit=50",
                                      "data.test-limit=50"};
    const eq_settings with = {set, 3}, without = {set + 1, 2};
    eq_trainer_score first, second, test, ideal;
    eq_experiment *x[2];
    eq_trainer *t[2];
    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(eq_experiment_read_with("netlists/discrete-digits.xml",
                                                 k == 0 ? &with : &without, &x[k], NULL),
                         EQ_OK);
        x[k]->optimizer.rate = 0.0;
        for (size_t g = 0; g < x[k]->groups; g++) x[k]->group[g].rate = 0.0;
        ck_assert_int_eq(eq_trainer_new(x[k], NULL, &t[k], NULL), EQ_OK);
    }
    ck_assert_int_eq(eq_trainer_epoch(t[0], &first, NULL), EQ_OK);
    ck_assert_int_eq(eq_trainer_evaluate(t[0], &test, NULL), EQ_OK);
    ck_assert_int_eq(eq_trainer_epoch(t[0], &second, NULL), EQ_OK);
    ck_assert_int_eq(eq_trainer_evaluate(t[1], &ideal, NULL), EQ_OK);
    ck_assert_double_eq(test.loss, ideal.loss);
    ck_assert_double_ne(first.loss, second.loss);
    for (int k = 0; k < 2; k++) {
        eq_trainer_free(t[k]);
        eq_experiment_free(x[k]);
    }
}
END_TEST

static const struct {
    const char *set, *says;
} refused[] = {
    {"augmentation.shift=1", "says how the 64 values of an example "},
    {"augmentation.mirror=yes --set augmentation.width=7",
     "no whole rows of 7 pixels in 1 channel;"},
    {"augmentation.turn=9 --set augmentation.width=8 --set augmentation.channels=3",
     "no whole rows of 8 pixels in 3 channels;"},
    {"augmentation.turn=9 --set augmentation.width=4294967296 --set "
     "augmentation.channels=4294967296",
     "no whole rows of 4294967296 pixels in 4294967296 channels"},
    {"augmentation.turn=9 --set augmentation.width=118969 --set "
     "augmentation.channels=620220194292952",
     "no whole rows of 118969 pixels"},
    {"augmentation.shift=8 --set augmentation.width=8", "images of 8 x 8 pixels out of sight"},
    {"augmentation.zoom=1 --set augmentation.width=8",
     "--set augmentation.zoom=1: error: <augmentation>: zoom="},
    {"data.test-fraction=1", "--set data.test-fraction=1: error: <data>: test-fraction="},
    {"augmentation.turn=181 --set augmentation.width=8", "turn"},
};

START_TEST(what_fits_no_image_is_refused) {
    char *text;
    expect_exit(2, &text, "train netlists/discrete-digits.xml --epochs 1 -o %s --set %s", in("run"),
                refused[_i].set);
    ck_assert_msg(strstr(text, refused[_i].says) != NULL, "%s", text);
    free(text);
}
END_TEST

static const struct {
    const char *experiment, *set, *says;
} images[] = {
    {"conv-digits", "shift=1",
     "images of 8 x 8 pixels in 1 channel: shift 1"}, /* inputs of the network */
    {"convolution", "mirror=yes",
     "images of 8 x 8 pixels in 1 channel: mirror"}, /* x and -x, its image */
    {"discrete-digits", "noise=0.25", "distorted  noise 0.25"},
};

START_TEST(the_network_knows_its_image) {
    char *text;
    expect_exit(
        0, &text,
        "train netlists/%s.xml --epochs 1 -o %s --set data.train-limit=20 --set augmentation.%s",
        images[_i].experiment, in("run"), images[_i].set);
    ck_assert_msg(strstr(text, images[_i].says) != NULL, "%s", text);
    free(text);
}
END_TEST

/* The picture has what a training sees: the inputs of its free phases, without their encoding. */
START_TEST(the_picture_is_of_what_is_trained_with) {
    static const char *const set[] = {"augmentation.shift=1", "augmentation.noise=0.1",
                                      "encoding.scale=3", "data.train-limit=20"};
    const eq_settings settings = {set, 4};
    enum { SHOWN = 2, EPOCHS = 2, FEATURES = 64 };
    eq_experiment *x = NULL;
    eq_trained *m = NULL;
    eq_trainer *t = NULL;
    eq_train_options o = eq_train_defaults();
    double image[SHOWN][1 + EPOCHS][FEATURES];
    ck_assert_int_eq(eq_experiment_read_with("netlists/conv-digits.xml", &settings, &x, NULL),
                     EQ_OK);
    x->epochs = 1;
    o.folder = in("run");
    ck_assert_int_eq(eq_train(x, &o, NULL, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_trained_open(in("run"), NULL, &m, NULL), EQ_OK);
    ck_assert_int_eq(eq_trained_distorted(m, SHOWN, EPOCHS, image[0][0], NULL), EQ_OK);
    ck_assert_uint_eq(eq_trained_row(m), 8);
    ck_assert_int_eq(eq_trainer_new(x, NULL, &t, NULL), EQ_OK);
    uint32_t row = t->s.set.train_index[1];
    t->s.epoch = 2;
    ck_assert_int_eq(eq_session_free_phase(&t->s, t->s.set.train, &row, 1, NULL), EQ_OK);
    double seen = t->s.input[27] / image[1][2][27];
    ck_assert_double_ne(image[1][2][27], image[1][1][27]);
    for (int f = 0; f < FEATURES; f++)
        ck_assert_double_eq_tol(t->s.input[f], seen * image[1][2][f], 1e-9);
    ck_assert_int_eq(eq_trained_distorted(m, 999, EPOCHS, image[0][0], NULL), EQ_ERR_USAGE);
    eq_trainer_free(t);
    eq_trained_free(m);
    eq_experiment_free(x);
    expect_exit(0, NULL, "plot %s --kind distorted -o %s", in("run"), in("d.svg"));
    expect_exit(0, NULL, "train netlists/iris.xml --epochs 1 -o %s", in("plain"));
    expect_exit(2, NULL, "plot %s --kind distorted -o %s", in("plain"), in("e.svg"));
}
END_TEST

/* A file of four axes whose last one is that of the channels, as the network says. */
START_TEST(what_the_network_says_comes_before_the_file) {
    const eq_data last = {.features = 24, .image = {3, 4, 2, false}};
    const eq_data first = {.features = 24, .image = {2, 3, 4, false}};
    const eq_raster network = {2, 3, 4, true}, other = {2, 3, 5, true};
    const eq_augmentation o = {.mirror = true};
    eq_raster r;
    r = eq_augmentation_image(&o, &last, &network);
    ck_assert_int_eq(eq_augmentation_check(&o, &r, 24, NULL), EQ_OK);
    ck_assert(r.together && r.width == 4 && r.channels == 2);
    r = eq_augmentation_image(&o, &first, &network);
    ck_assert_int_eq(eq_augmentation_check(&o, &r, 24, NULL), EQ_OK);
    ck_assert(!r.together && r.width == 4);
    r = eq_augmentation_image(&o, &first, &other);
    ck_assert_int_eq(eq_augmentation_check(&o, &r, 24, NULL), EQ_OK);
    ck_assert(!r.together && r.height == 3);
}
END_TEST

Suite *augment_suite(void) {
    Suite *s = suite_create("augment");
    TCase *t = tcase_create("augment");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, a_shift_is_of_whole_pixels);
    tcase_add_loop_test(t, a_mirror_takes_half_of_them, 0, 2);
    tcase_add_test(t, turn_and_zoom_are_of_a_plane);
    tcase_add_test(t, noise_has_its_deviation);
    tcase_add_test(t, a_distortion_is_of_seed_epoch_and_row);
    tcase_add_test(t, evaluations_see_what_is_in_the_data);
    tcase_add_loop_test(t, what_fits_no_image_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_loop_test(t, the_network_knows_its_image, 0, sizeof images / sizeof *images);
    tcase_add_test(t, the_picture_is_of_what_is_trained_with);
    tcase_add_test(t, what_the_network_says_comes_before_the_file);
    suite_add_tcase(s, t);
    return s;
}
