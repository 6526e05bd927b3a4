/* The layered engine must not give up where round-off is all that is left: conductances over eleven
 * decades, inputs to +-200 V, soft and hard diodes. Every phase has to end at the KCL bound, and
 * the free phase at the answer of the sparse engine. */
#include <check.h>
#include <math.h>

#include "base/random.h"
#include "circuit/architecture.h"
#include "model/engine.h"

Suite *extreme_suite(void);

enum { EXAMPLES = 5, INPUTS = 60, OUTPUTS = 3 };

static const struct {
    const char *kind;
    double is, n, clamp, low, high, volts;
    double weak; /* the second crossbar's conductances are this much smaller */
} settings[] = {
    {"kendall", 1e-6, 1.0, 0.0, 1e-9, 2e-6, 20.0, 1.0},
    {"kendall", 1e-14, 0.8, 0.3, 1e-9, 1e2, 200.0, 1.0},
    {"kendall", 1e-3, 20.0, 1.0, 1e-2, 1e2, 200.0, 1.0},
    {"drn", 1e-6, 1.93, 1.0, 1e-7, 1e2, 42.0, 1.0},
    {"drn", 1e-14, 1.0, 1.0, 1e1, 1e2, 200.0, 1.0},
    {"drn", 1e-3, 2.0, 0.0, 1e-9, 1e2, 0.01, 1.0},
    {"drn", 1e-9, 20.0, 5.0, 1e-9, 1e-7, 200.0, 1.0},
    {"kendall", 1e-6, 2.0, 1.0, 9.9e1, 1e2, 15.0, 1.0},
    {"drn", 1e-6, 1.93, 1.0, 9.9e1, 1e2, 200.0, 1e-8},
    {"kendall", 1e-6, 1.0, 0.3, 1e1, 1e2, 200.0, 1e-6},
    {"drn", 1e-6, 20.0, 1.0, 5e1, 1e2, 20.0, 1e-7},
};
enum { SETTINGS = sizeof settings / sizeof *settings, SEEDS = 40 };

/* A network of the setting with conductances log-uniform in [low, high]. */
static eq_circuit *network(int k, uint64_t seed) {
    eq_architecture a;
    eq_circuit *c = NULL;
    eq_random r = eq_random_seed(seed);
    ck_assert_int_eq(eq_architecture_kind(settings[k].kind, &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_layers("60,12,6", &a, NULL), EQ_OK);
    a.is = settings[k].is;
    a.n = settings[k].n;
    a.up = settings[k].clamp;
    a.down = -settings[k].clamp;
    a.gmin = settings[k].low * settings[k].weak;
    a.low = a.high = settings[k].low;
    a.gmax = settings[k].high;
    ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
    eq_table *t = &c->table[EQ_CLASS_memristor];
    double ratio = settings[k].high / settings[k].low;
    for (size_t j = 0; j < t->count; j++)
        t->w[0][j] = settings[k].low * pow(ratio, eq_random_uniform(&r));
    for (size_t g = 2; g < 4; g++)
        for (size_t j = 0; j < c->group[g].count; j++)
            t->w[0][c->group[g].row[j]] *= settings[k].weak;
    return c;
}

static eq_engine *engine(eq_circuit *c, eq_engine_kind kind) {
    eq_engine_options o = {kind, EXAMPLES, 1};
    eq_engine *e = NULL;
    ck_assert_int_eq(eq_engine_new(c, &o, &e, NULL), EQ_OK);
    return e;
}

/* Inputs in pairs x, -x, side by side or in halves; every other example all at one value, so that
 * currents cancel. */
static void inputs(double *x, double volts, bool halves, eq_random *r) {
    for (size_t n = 0; n < EXAMPLES; n++)
        for (size_t i = 0; i < INPUTS; i += 2) {
            double v = n % 2 == 0 ? volts : volts * (2.0 * eq_random_uniform(r) - 1.0);
            x[n * INPUTS + (halves ? i / 2 : i)] = v;
            x[n * INPUTS + (halves ? (i + INPUTS) / 2 : i + 1)] = -v;
        }
}

START_TEST(every_phase_reaches_the_bound) {
    double x[EXAMPLES * INPUTS], y[EXAMPLES * OUTPUTS], z[EXAMPLES * OUTPUTS];
    double current[EXAMPLES * OUTPUTS];
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        eq_random r = eq_random_seed(100 + seed);
        eq_circuit *c = network(_i, seed), *same = network(_i, seed);
        eq_engine *layered = engine(c, EQ_ENGINE_LAYERED), *sparse = engine(same, EQ_ENGINE_SPARSE);
        eq_diag *diag = eq_diag_new();
        inputs(x, settings[_i].volts, seed % 2 == 0, &r);
        eq_status status = eq_engine_free_phase(layered, EXAMPLES, x, y, diag);
        for (int s = 1; status == EQ_OK && s <= 2; s++) {
            double size = (s == 1 ? 1e-3 : -1e-3) * settings[_i].low * settings[_i].weak;
            for (size_t k = 0; k < EXAMPLES * OUTPUTS; k++)
                current[k] = size * (eq_random_uniform(&r) - 0.5);
            status =
                eq_engine_nudged_phase(layered, s, &(eq_nudge){.current = current}, NULL, diag);
        }
        ck_assert_msg(status == EQ_OK, "setting %d seed %d: %s", _i, (int)seed,
                      eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "");
        ck_assert_double_le(eq_engine_about(layered).worst_ratio, 1.0);
        ck_assert_int_eq(eq_engine_free_phase(sparse, EXAMPLES, x, z, diag), EQ_OK);
        for (size_t k = 0; k < EXAMPLES * OUTPUTS; k++)
            ck_assert_msg(fabs(y[k] - z[k]) <= 1e-6 * settings[_i].volts,
                          "setting %d seed %d: %g, %g", _i, (int)seed, y[k], z[k]);
        eq_diag_free(diag);
        eq_engine_free(layered);
        eq_engine_free(sparse);
        eq_circuit_free(c);
        eq_circuit_free(same);
    }
}
END_TEST

Suite *extreme_suite(void) {
    Suite *s = suite_create("extreme");
    TCase *t = tcase_create("extreme");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, every_phase_reaches_the_bound, 0, SETTINGS);
    suite_add_tcase(s, t);
    return s;
}
