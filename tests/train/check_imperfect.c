/* Imperfect circuits: the moments of every deviation, chips bit for bit, phases on other devices
 * against a circuit by hand, both engines, converters and noise, evaluation over many chips. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "support/program.h"
#include "train/trainer.h"

Suite *imperfect_suite(void);

static eq_circuit *parse(const char *deck) {
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_circuit_parse("t.cir", deck, strlen(deck), &c, NULL), EQ_OK);
    return c;
}

static eq_handle handle(const eq_circuit *c, const char *name) {
    eq_handle h;
    ck_assert_int_eq(eq_handle_find(c, name, &h, NULL), EQ_OK);
    return h;
}

#define PAIR                                                                                       \
    "t\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\nD1 b 0 one\nD2 b 0 one\nD3 b 0 two\n"                      \
    ".model one d(is=1e-9)\n.model two d(is=1e-9)\n.end\n"

enum { CHIPS = 40000 };

/* Mean and deviation over many chips of (w' - w)/w, of ln(w'/w) for log-normal ones; kurtosis tells
 * the distributions apart: 3 of a normal one, 9/5 of a uniform one. */
START_TEST(deviations_have_their_moments) {
    static const double kurtosis[] = {3.0, 3.0, 1.8};
    eq_circuit *c = parse(PAIR);
    for (int k = 0; k <= EQ_UNIFORM; k++) {
        eq_spread d = {.distribution = (eq_distribution)k, .sigma = 0.05};
        double m1 = 0.0, m2 = 0.0, m4 = 0.0;
        for (uint64_t chip = 0; chip < CHIPS; chip++) {
            double w = eq_deviate(&d, c, handle(c, "d1(is)"), 1e-9, chip);
            double z = (k == EQ_LOG_NORMAL ? log(w / 1e-9) : w / 1e-9 - 1.0) / 0.05;
            m1 += z / CHIPS;
            m2 += z * z / CHIPS;
            m4 += z * z * z * z / CHIPS;
        }
        ck_assert_double_eq_tol(m1, 0.0, 5.0 / sqrt(CHIPS));
        ck_assert_double_eq_tol(m2, 1.0, 5.0 * sqrt(2.0 / CHIPS));
        ck_assert_double_eq_tol(m4, kurtosis[k], 0.35);
    }
    eq_circuit_free(c);
}
END_TEST

START_TEST(an_absolute_deviation_moves_a_zero) {
    eq_circuit *c = parse("t\nV1 a 0 1\nVs a b 0\nR2 b 0 1k\n.end\n");
    eq_spread d = {.absolute = 2e-3};
    double m1 = 0.0, m2 = 0.0;
    for (uint64_t chip = 0; chip < CHIPS; chip++) {
        double z = eq_deviate(&d, c, handle(c, "vs"), 0.0, chip) / 2e-3;
        m1 += z / CHIPS;
        m2 += z * z / CHIPS;
    }
    ck_assert_double_eq_tol(m1, 0.0, 5.0 / sqrt(CHIPS));
    ck_assert_double_eq_tol(m2, 1.0, 5.0 * sqrt(2.0 / CHIPS));
    eq_circuit_free(c);
}
END_TEST

START_TEST(a_device_keeps_its_sign) {
    eq_circuit *c = parse(PAIR);
    eq_spread d = {.sigma = 2.0};
    for (uint64_t chip = 0; chip < 2000; chip++)
        ck_assert_double_gt(eq_deviate(&d, c, handle(c, "r1"), 1e3, chip), 0.0);
    eq_circuit_free(c);
}
END_TEST

/* Instances on their own, or all of one .model alike; another chip and another parameter differ. */
START_TEST(draws_are_per_instance_or_per_class) {
    eq_circuit *c = parse(PAIR);
    eq_spread own = {.sigma = 0.1}, shared = {.sigma = 0.1, .per_class = true};
    eq_handle one = handle(c, "d1(is)"), same = handle(c, "d2(is)"), other = handle(c, "d3(is)");
    ck_assert(eq_deviate(&own, c, one, 1e-9, 7) != eq_deviate(&own, c, same, 1e-9, 7));
    ck_assert(eq_deviate(&shared, c, one, 1e-9, 7) == eq_deviate(&shared, c, same, 1e-9, 7));
    ck_assert(eq_deviate(&shared, c, one, 1e-9, 7) != eq_deviate(&shared, c, other, 1e-9, 7));
    ck_assert(eq_deviate(&shared, c, one, 1e-9, 7) != eq_deviate(&shared, c, one, 1e-9, 8));
    ck_assert(eq_deviate(&own, c, one, 1.0, 7) != eq_deviate(&own, c, handle(c, "d1(n)"), 1.0, 7));
    ck_assert(eq_deviate(&own, c, one, 1e-9, 7) == eq_deviate(&own, c, one, 1e-9, 7));
    eq_circuit_free(c);
}
END_TEST

/* Which parameters a pattern means, and that they come back to the bit. */
START_TEST(patterns_choose_and_restore_gives_back) {
    static const struct {
        const char *parameters;
        size_t count;
    } cases[] = {{"r*", 2}, {"d*(is)", 3}, {"r1 d?(n)", 4}, {"d1(*)", 0}, {"q*", 0}};
    eq_circuit *c = parse(PAIR);
    for (size_t k = 0; k < 5; k++) {
        char text[32];
        strcpy(text, cases[k].parameters);
        eq_spread d = {.parameters = text, .sigma = 0.1};
        eq_mismatch m = {.deviation = &d, .deviations = 1};
        eq_devices devices = {0};
        eq_status status = eq_devices_open(&devices, &m, c, NULL);
        ck_assert_int_eq(status, k == 4 ? EQ_ERR_INPUT : EQ_OK);
        if (k != 3) ck_assert_uint_eq(devices.count, cases[k].count);
        eq_devices_close(&devices);
    }
    eq_spread all = {.sigma = 0.1};
    eq_mismatch m = {.deviation = &all, .deviations = 1};
    eq_devices devices;
    ck_assert_int_eq(eq_devices_open(&devices, &m, c, NULL), EQ_OK);
    double before[64];
    ck_assert_uint_le(devices.count, 64);
    for (size_t k = 0; k < devices.count; k++) before[k] = eq_handle_get(c, devices.handle[k]);
    eq_devices_put(&devices, 3);
    ck_assert(eq_handle_get(c, handle(c, "r1")) != 1e3);
    eq_devices_restore(&devices);
    for (size_t k = 0; k < devices.count; k++)
        ck_assert(eq_handle_get(c, devices.handle[k]) == before[k]);
    eq_devices_close(&devices);
    eq_circuit_free(c);
}
END_TEST

/* An experiment with more in it; the trainer of it. */
typedef struct bench {
    eq_experiment *x;
    eq_trainer *t;
} bench;

static bench open_bench(const char *path, const char *const *set, size_t count,
                        eq_engine_kind engine, int threads) {
    bench b = {NULL, NULL};
    eq_diag *diag = eq_diag_new();
    eq_settings s = {set, count};
    eq_status status = eq_experiment_read_with(path, &s, &b.x, diag);
    eq_trainer_options o = {engine, threads};
    if (status == EQ_OK) status = eq_trainer_new(b.x, &o, &b.t, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    return b;
}

static void close_bench(bench *b) {
    eq_trainer_free(b->t);
    eq_experiment_free(b->x);
}

/* The trained parameters after some minibatches. */
static size_t train_some(bench *b, int steps, double *theta) {
    for (int k = 0; k < steps; k++) ck_assert_int_eq(eq_trainer_step(b->t, NULL, NULL), EQ_OK);
    eq_trainer_collect(b->t);
    size_t n = (size_t)b->t->now.conductances;
    memcpy(theta, b->t->now.g, n * sizeof *theta);
    return n;
}

enum { MOST = 1024 };

static const char *const imperfect[][3] = {
    {"mismatch.sigma=0.1", "mismatch.parameters=d*(is) r*", "mismatch.phases=same"},
    {"mismatch.sigma=0.1", "mismatch.parameters=d*(is) r*", "mismatch.phases=other"},
    {"mismatch.sigma=0.1", "mismatch.parameters=d*(is) r*", "mismatch.phases=ideal"},
    {"mismatch.sigma=0.02", "mismatch.parameters=*vup *vdown", "mismatch.phases=other"},
    {"hardware.hold-noise=1e-5", "hardware.hold-offset=1e-5", "hardware.nudge-noise=1e-8"},
    {"hardware.input-bits=4", "hardware.output-bits=4", "hardware.read-noise=0.05"},
};
enum { CASES = sizeof imperfect / sizeof *imperfect };

/* Round-off of the potentials, over beta, is what the two may differ by. */
START_TEST(both_engines_learn_the_same_on_it) {
    double a[MOST], b[MOST], moved = 0.0, off = 0.0, start[MOST];
    const char *set[4] = {imperfect[_i][0], imperfect[_i][1], imperfect[_i][2],
                          "estimator.beta=1e-5"};
    bench one = open_bench("netlists/iris.xml", set, 4, EQ_ENGINE_AUTO, 1);
    train_some(&one, 0, start);
    size_t n = train_some(&one, 3, a);
    bench two = open_bench("netlists/iris.xml", set, 4, EQ_ENGINE_SPARSE, 1);
    ck_assert_uint_eq(train_some(&two, 3, b), n);
    for (size_t j = 0; j < n; j++) {
        moved = fmax(moved, fabs(a[j] - start[j]));
        off = fmax(off, fabs(a[j] - b[j]));
    }
    ck_assert_msg(off <= 1e-5 * moved, "apart by %g, moved by %g", off, moved);
    close_bench(&one);
    close_bench(&two);
}
END_TEST

START_TEST(threads_and_repetition_give_the_same_bits) {
    double a[MOST], b[MOST];
    bench one = open_bench("netlists/iris.xml", imperfect[_i], 3, EQ_ENGINE_AUTO, 1);
    bench two = open_bench("netlists/iris.xml", imperfect[_i], 3, EQ_ENGINE_AUTO, 2);
    size_t n = train_some(&one, 4, a);
    train_some(&two, 4, b);
    ck_assert_mem_eq(a, b, n * sizeof *a);
    close_bench(&one);
    close_bench(&two);
}
END_TEST

/* A run of four epochs against one that goes on from its second, by checkpoint and folder. */
START_TEST(a_resumed_training_has_the_same_chip_and_noise) {
    char one[256], two[256], command[1024];
    strcpy(one, in("one"));
    strcpy(two, in("two"));
    snprintf(command, sizeof command, "--set %s --set %s --set estimator.beta=1e-6",
             _i < 4 ? "mismatch.sigma=0.1" : imperfect[_i][0], imperfect[_i][2]);
    expect_exit(0, NULL,
                "train netlists/iris.xml -o %s %s --set epochs.count=4 --set "
                "schedule.type=constant",
                one, command);
    expect_exit(0, NULL,
                "train netlists/iris.xml -o %s %s --set epochs.count=2 --set "
                "schedule.type=constant",
                two, command);
    expect_exit(0, NULL,
                "train netlists/iris.xml -o %s %s --set epochs.count=4 --set "
                "schedule.type=constant --resume",
                two, command);
    char *a = file_text(in("one/model.cir")), *b = file_text(in("two/model.cir"));
    char *body_a = strstr(a, "\n.model"), *body_b = strstr(b, "\n.model");
    ck_assert_ptr_nonnull(body_a);
    ck_assert_str_eq(body_a, body_b);
    eq_free(a);
    eq_free(b);
}
END_TEST

/* One input x - g1 - out - r2 - ground, one example. Only r2 deviates. With target t: v0 =
 * x g1/(g1 + g2), and in the nudged phase on another r2', v1 = (x g1 - beta (v0 - t))/(g1 + g2'). */
START_TEST(the_other_chip_is_that_of_a_divider_by_hand) {
    static const double x = 1.0, beta = 1e-4, t = 0.9, rate = 1e-9;
    put("net.cir", "divider\nVx x 0 0\nR1 x out 1k\nR2 out 0 2k\n*% input Vx\n*% output out\n"
                   "*% train r1 gmin=1e-9 gmax=1\n.op\n.end\n");
    put("data.csv", "x,y\n1.0,0.9\n");
    put("net.xml",
        "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv' targets='y'/>"
        "<cost type='squared-error'/><estimator type='one-sided' beta='1e-4'/>"
        "<optimizer type='sgd' rate='1e-9'/>"
        "<mismatch parameters='r2' sigma='0.1' chip='5' phases='other'/></experiment>");
    bench b = open_bench(in("net.xml"), NULL, 0, EQ_ENGINE_SPARSE, 1);
    double g[1], g1 = 1e-3;
    eq_circuit *c = b.t->s.c;
    eq_handle r2 = handle(c, "r2");
    const eq_spread *d = &b.x->mismatch.deviation[0];
    double free = eq_deviate(d, c, r2, 2e3, 5);
    double nudged = eq_deviate(d, c, r2, 2e3, 5 ^ UINT64_C(1) << 56);
    ck_assert(eq_handle_get(c, r2) == free);
    ck_assert(free != nudged);
    train_some(&b, 1, g);
    double v0 = x * g1 / (g1 + 1.0 / free), v1 = (x * g1 - beta * (v0 - t)) / (g1 + 1.0 / nudged);
    double gradient = 0.5 * ((x - v1) * (x - v1) - (x - v0) * (x - v0)) / beta;
    ck_assert_double_eq_tol(g[0], g1 - rate * gradient, 1e-6 * fabs(rate * gradient));
    ck_assert(eq_handle_get(c, r2) == free);
    close_bench(&b);
}
END_TEST

/* The adjoint of the circuit as it was meant, dC/dg1 = (v0 - t) l (x - v), at the error of the chip:
 * v and l = 1/(g1 + g2) are those of the ideal 2 kohm. */
START_TEST(the_gradient_of_the_ideal_circuit_is_that_of_a_divider_by_hand) {
    static const double x = 1.0, t = 0.9, rate = 1e-9;
    put("net.cir", "divider\nVx x 0 0\nR1 x out 1k\nR2 out 0 2k\n*% input Vx\n*% output out\n"
                   "*% train r1 gmin=1e-9 gmax=1\n.op\n.end\n");
    put("data.csv", "x,y\n1.0,0.9\n");
    put("net.xml",
        "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv' targets='y'/>"
        "<cost type='squared-error'/><estimator type='adjoint'/>"
        "<optimizer type='sgd' rate='1e-9'/>"
        "<mismatch sigma='0.1' parameters='r*' chip='5' phases='ideal'/></experiment>");
    bench b = open_bench(in("net.xml"), NULL, 0, EQ_ENGINE_SPARSE, 1);
    eq_circuit *c = b.t->s.c;
    const eq_spread *d = &b.x->mismatch.deviation[0];
    double g[1], r1 = eq_handle_get(c, handle(c, "r1(r)")),
                 r2 = eq_deviate(d, c, handle(c, "r2"), 2e3, 5);
    ck_assert(r1 != 1e3 && eq_handle_get(c, handle(c, "r2")) == r2);
    train_some(&b, 1, g);
    double v0 = x * r2 / (r1 + r2), v = x * 2.0 / 3.0, l = 1.0 / (1e-3 + 5e-4);
    double gradient = (v0 - t) * l * (x - v);
    double expected = 1e3 / r1 * (1e-3 - rate * gradient);
    ck_assert_double_eq_tol(g[0], expected, 1e-6 * fabs(rate * gradient));
    ck_assert(eq_handle_get(c, handle(c, "r2")) == r2);
    close_bench(&b);
}
END_TEST

START_TEST(phases_on_devices_without_deviation_change_nothing) {
    static const char *const none[][3] = {
        {"mismatch.sigma=0", "mismatch.parameters=d*(is) r*", "mismatch.phases=other"},
        {"mismatch.sigma=0", "mismatch.parameters=d*(is) r*", "mismatch.phases=ideal"}};
    double a[MOST], b[MOST];
    bench one = open_bench("netlists/iris.xml", NULL, 0, EQ_ENGINE_AUTO, 1);
    bench two = open_bench("netlists/iris.xml", none[_i], 3, EQ_ENGINE_AUTO, 1);
    size_t n = train_some(&one, 5, a);
    train_some(&two, 5, b);
    for (size_t j = 0; j < n; j++) ck_assert_double_eq_tol(a[j], b[j], 1e-8 * fabs(a[j]));
    close_bench(&one);
    close_bench(&two);
}
END_TEST

static double column(const char *csv, const char *name) {
    char *text = file_text(csv), *line = strrchr(text, ','), *end = NULL;
    size_t at = 0;
    for (const char *p = text; strncmp(p, name, strlen(name)) != 0; p = strchr(p, ',') + 1) at++;
    line = strrchr(text, '\n');
    *line = '\0';
    line = strrchr(text, '\n') + 1;
    for (size_t k = 0; k < at; k++) line = strchr(line, ',') + 1;
    double value = strtod(line, &end);
    ck_assert_ptr_ne(line, end);
    eq_free(text);
    return value;
}

/* Section 4.3.3: on one chip the gradient is that of the chip, whatever its devices. */
START_TEST(a_chip_learns_with_its_own_gradient) {
    const char *run = "train netlists/iris.xml -o %s --force --watch-gradient --set "
                      "epochs.count=20 --set mismatch.sigma=0.3 --set mismatch.phases=%s --set "
                      "mismatch.parameters=d*(*)";
    expect_exit(0, NULL, run, in("run"), "same");
    ck_assert_double_ge(column(in("run/metrics.csv"), "gradient_cosine"), 0.999);
    ck_assert_double_le(column(in("run/metrics.csv"), "test_error"), 0.1);
    expect_exit(0, NULL, run, in("run"), "other");
    ck_assert_double_le(column(in("run/metrics.csv"), "gradient_cosine"), 0.9);
}
END_TEST

static double number_after(const char *text, const char *key) {
    const char *at = strstr(text, key);
    ck_assert_msg(at != NULL, "no %s in %s", key, text);
    return strtod(at + strlen(key), NULL);
}

/* The chips of --draws one by one. */
START_TEST(draws_are_the_chips_one_by_one) {
    enum { N = 5 };
    char *text, run[256];
    double mean = 0.0, square = 0.0, loss[N];
    strcpy(run, in("run"));
    expect_exit(0, NULL,
                "train netlists/iris.xml -o %s --set epochs.count=5 --set "
                "mismatch.sigma=0.1 --set mismatch.parameters=%s",
                run, _i ? "r*" : "*(*)");
    for (int k = 0; k < N; k++) {
        expect_exit(0, &text, "eval %s --json --set mismatch.chip=%d", run, 7 + k);
        loss[k] = number_after(text, "\"loss\": ");
        mean += loss[k] / N;
        free(text);
    }
    for (int k = 0; k < N; k++) square += (loss[k] - mean) * (loss[k] - mean);
    expect_exit(0, &text, "eval %s --json --draws %d --set mismatch.chip=7", run, N);
    const char *of = strstr(strstr(text, "\"draws\""), "\"loss\"");
    ck_assert_double_eq_tol(number_after(of, "\"mean\": "), mean, 1e-9 * mean);
    ck_assert_double_eq_tol(number_after(of, "\"deviation\": "), sqrt(square / (N - 1)),
                            1e-7 * mean);
    ck_assert_double_gt(square, 0.0);
    free(text);
    expect_exit(0, &text, "eval %s --json --draws 2 --set mismatch.chip=7", run);
    ck_assert_double_eq(number_after(strstr(text, "\"draws\""), "\"first\": "), 7.0);
    of = strstr(strstr(text, "\"draws\""), "\"loss\"");
    ck_assert_double_eq_tol(number_after(of, "\"deviation\": "),
                            fabs(loss[0] - loss[1]) / sqrt(2.0), 1e-7 * mean);
    free(text);
    expect_exit(0, &text, "eval %s --draws %d", run, N);
    ck_assert_ptr_nonnull(strstr(text, "5 chips, from chip 1 on"));
    free(text);
}
END_TEST

START_TEST(converters_have_their_levels) {
    eq_converter three = {3, 2.0}, one = {1, 2.0}, none = {0, 1.0};
    ck_assert_double_eq(eq_convert(&none, 0.3), 0.3);
    ck_assert_double_eq(eq_convert(&one, 0.3), 2.0);
    ck_assert_double_eq(eq_convert(&one, -0.3), -2.0);
    for (int k = -40; k <= 40; k++) { /* levels 0, +-2/3, +-4/3, +-2 */
        double v = 0.1 * k, at = eq_convert(&three, v), level = at / (2.0 / 3.0);
        ck_assert_double_eq_tol(level, round(level), 1e-12);
        ck_assert_double_le(fabs(at), 2.0);
        if (fabs(v) <= 2.0) ck_assert_double_le(fabs(at - v), 1.0 / 3.0 + 1e-12);
        ck_assert_double_eq(eq_convert(&three, -v), -at);
    }
}
END_TEST

/* Noise is new at every moment, an offset stays with its place and its chip. */
START_TEST(noise_and_offset_have_their_moments) {
    eq_unsteady noise = {2.0, 0.0}, offset = {0.0, 2.0};
    eq_moment at = {1, 1, 0, 0, 0}, later = {1, 1, 9, 3, 1}, chip = {1, 2, 0, 0, 0};
    double m[4] = {0};
    for (size_t k = 0; k < CHIPS; k++) {
        at.step = k;
        double z = eq_unsteady_error(&noise, "read", &at, 3) / 2.0;
        double o = eq_unsteady_error(&offset, "read", &at, k) / 2.0;
        m[0] += z / CHIPS;
        m[1] += z * z / CHIPS;
        m[2] += o / CHIPS;
        m[3] += o * o / CHIPS;
    }
    for (int k = 0; k < 4; k++) ck_assert_double_eq_tol(m[k], k % 2, 5.0 * sqrt(2.0 / CHIPS));
    ck_assert(eq_unsteady_error(&offset, "read", &at, 4) ==
              eq_unsteady_error(&offset, "read", &later, 4));
    ck_assert(eq_unsteady_error(&offset, "read", &at, 4) !=
              eq_unsteady_error(&offset, "read", &chip, 4));
    ck_assert(eq_unsteady_error(&offset, "read", &at, 4) !=
              eq_unsteady_error(&offset, "hold", &at, 4));
}
END_TEST

/* The outputs of a divider as they are read: to 4 bits of 1 V, and off by their offset. */
START_TEST(outputs_and_inputs_are_read_through_the_converters) {
    put("net.cir", "divider\nVx x 0 0\nR1 x out 1k\nR2 out 0 1k\n*% input Vx\n*% output out\n"
                   "*% train r1 gmin=1e-9 gmax=1\n.op\n.end\n");
    put("data.csv", "x,y\n0.93,0.5\n0.31,0.2\n");
    put("net.xml",
        "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv' targets='y'/>"
        "<cost type='squared-error'/><optimizer type='sgd' rate='0'/>"
        "<hardware input-bits='3' output-bits='4'/><minibatch size='2'/></experiment>");
    bench b = open_bench(in("net.xml"), NULL, 0, EQ_ENGINE_AUTO, 1);
    eq_session *s = &b.t->s;
    ck_assert_int_eq(eq_session_free_phase(s, s->set.train, s->set.train_index, 2, NULL), EQ_OK);
    for (int k = 0; k < 2; k++) {
        double x = round((s->set.train_index[k] == 0 ? 0.93 : 0.31) * 3.0) / 3.0;
        ck_assert_double_eq_tol(s->input[k], x, 1e-15);
        ck_assert_double_eq_tol(s->y[k], round(x / 2.0 * 7.0) / 7.0, 1e-15);
    }
    close_bench(&b);
}
END_TEST

START_TEST(what_cannot_deviate_is_told) {
    static const char *const wrong[][2] = {
        {"--set mismatch.chip=1", "the mismatch deviates nowhere"},
        {"--set mismatch.sigma=0.1 --set mismatch.parameters=q*", "meets no parameter"},
        {"--set mismatch.sigma=-0.1", "mismatch"},
        {"--set mismatch.phases=none", "phases"},
        {"--set hardware.input-bits=99", "input-bits"},
        {"--set hardware.nudge-noise=1 --set estimator.nudging=clamp", "clamps have none"},
    };
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        char *text;
        expect_exit(2, &text, "train netlists/iris.xml -o %s %s", in("run"), wrong[k][0]);
        ck_assert_msg(strstr(text, wrong[k][1]) != NULL, "%s: %s", wrong[k][0], text);
        free(text);
    }
    char *text;
    expect_exit(0, NULL, "train netlists/iris.xml -o %s --set epochs.count=1", in("run"));
    expect_exit(2, &text, "eval %s --draws 3", in("run"));
    ck_assert_ptr_nonnull(strstr(text, "no mismatch to draw from"));
    free(text);
}
END_TEST

Suite *imperfect_suite(void) {
    Suite *s = suite_create("imperfect");
    TCase *t = tcase_create("imperfect");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, deviations_have_their_moments);
    tcase_add_test(t, an_absolute_deviation_moves_a_zero);
    tcase_add_test(t, a_device_keeps_its_sign);
    tcase_add_test(t, draws_are_per_instance_or_per_class);
    tcase_add_test(t, patterns_choose_and_restore_gives_back);
    tcase_add_loop_test(t, both_engines_learn_the_same_on_it, 0, CASES);
    tcase_add_loop_test(t, threads_and_repetition_give_the_same_bits, 0, CASES);
    tcase_add_loop_test(t, a_resumed_training_has_the_same_chip_and_noise, 1, CASES);
    tcase_add_test(t, the_other_chip_is_that_of_a_divider_by_hand);
    tcase_add_test(t, the_gradient_of_the_ideal_circuit_is_that_of_a_divider_by_hand);
    tcase_add_loop_test(t, phases_on_devices_without_deviation_change_nothing, 0, 2);
    tcase_add_test(t, a_chip_learns_with_its_own_gradient);
    tcase_add_loop_test(t, draws_are_the_chips_one_by_one, 0, 2);
    tcase_add_test(t, converters_have_their_levels);
    tcase_add_test(t, noise_and_offset_have_their_moments);
    tcase_add_test(t, outputs_and_inputs_are_read_through_the_converters);
    tcase_add_test(t, what_cannot_deviate_is_told);
    suite_add_tcase(s, t);
    return s;
}
