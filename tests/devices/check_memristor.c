/* The states of memristors: dx/dt against closed forms under a constant voltage, thresholds, the loops that a
 * sine drives, and the table of published devices. Time is the tests' own: Runge-Kutta in fine steps. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "devices/preset.h"
#include "devices/registry.h"

Suite *memristor_suite(void);

static const eq_environment env = {0.025864917007157 / 300.15, 27.0, 27.0, 1e-12};

/* One element. */
typedef struct element {
    const eq_device_class *cls;
    double col[EQ_MAX_COLUMNS], *w[EQ_MAX_COLUMNS];
} element;

static void bind(element *e) {
    for (int k = 0; k < EQ_MAX_COLUMNS; k++) e->w[k] = &e->col[k];
    if (e->cls->derive != NULL) e->cls->derive(1, e->w, &env);
}

static void set(element *e, const char *param, double value) {
    int k = eq_param_find(e->cls, param);
    ck_assert_msg(k >= 0, "%s", param);
    e->col[k] = value;
}

static void make(element *e, const eq_device_class *cls) {
    memset(e, 0, sizeof *e);
    e->cls = cls;
    for (int k = 0; k < cls->params; k++) e->col[k] = cls->param[k].default_value;
    bind(e);
}

static double *state(element *e) {
    return &e->col[e->cls->value];
}

static double rate_at(element *e, double x, double u) {
    double r, kept = *state(e);
    *state(e) = x;
    e->cls->rate(1, e->w, &u, &r);
    *state(e) = kept;
    return r;
}

static double current(element *e, double u) {
    double i, g;
    e->cls->value_and_slope(1, e->w, &u, NULL, &i, &g, NULL);
    return i;
}

/* A step of Runge-Kutta of fourth order; the drop at its beginning, middle and end. */
static void advance(element *e, double dt, const double u[3]) {
    double x = *state(e);
    double k1 = rate_at(e, x, u[0]), k2 = rate_at(e, x + 0.5 * dt * k1, u[1]);
    double k3 = rate_at(e, x + 0.5 * dt * k2, u[1]), k4 = rate_at(e, x + dt * k3, u[2]);
    *state(e) = fmin(fmax(x + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), 0.0), 1.0);
}

static double pulse(element *e, double x0, double u, double seconds, int steps) {
    const double all[3] = {u, u, u};
    *state(e) = x0;
    for (int k = 0; k < steps; k++) advance(e, seconds / steps, all);
    return *state(e);
}

/* R^2 = R0^2 - 2 (roff - ron) mu ron/d^2 u t, from R dR = -(roff - ron) R dx and R dx = mu ron/d^2 u dt. */
START_TEST(drift_under_a_constant_voltage_has_a_falling_square_of_its_resistance) {
    element e;
    make(&e, &eq_class_drift);
    double k = 1e-14 * 100.0 / 1e-16, r0 = 16e3 - 0.2 * 15900.0, t = 5e-3;
    for (double u = -1.0; u <= 1.0; u += 0.5) {
        double x = pulse(&e, 0.2, u, t, 2000);
        double r = sqrt(r0 * r0 - 2.0 * 15900.0 * k * u * t);
        ck_assert_double_eq_tol(16e3 - 15900.0 * x, r, 1e-9 * r);
    }
}
END_TEST

/* At ron = roff the current is constant: logistic curves of Joglekar's and Prodromakis' windows with p = 1, a
 * tanh of Biolek's on the way up and its mirror down. */
START_TEST(windows_have_their_closed_forms_at_p_1) {
    element e;
    make(&e, &eq_class_drift);
    set(&e, "roff", 100.0);
    double c = 1e-14 * 100.0 / 1e-16 * 0.01, x0 = 0.2, t = 60.0 / c * 0.02; /* at 1 V */
    set(&e, "window", 1.0);
    double want = 1.0 / (1.0 + (1.0 / x0 - 1.0) * exp(-4.0 * c * t));
    ck_assert_double_eq_tol(pulse(&e, x0, 1.0, t, 4000), want, 1e-10);
    set(&e, "window", 3.0);
    set(&e, "j", 2.0);
    want = 1.0 / (1.0 + (1.0 / x0 - 1.0) * exp(-2.0 * c * t));
    ck_assert_double_eq_tol(pulse(&e, x0, 1.0, t, 4000), want, 1e-10);
    set(&e, "window", 2.0);
    ck_assert_double_eq_tol(pulse(&e, x0, 1.0, t, 4000), tanh(c * t + atanh(x0)), 1e-10);
    ck_assert_double_eq_tol(pulse(&e, x0, -1.0, 0.3 * t, 4000),
                            1.0 - tanh(0.3 * c * t + atanh(1.0 - x0)), 1e-10);
}
END_TEST

START_TEST(vteam_moves_beyond_its_thresholds_alone_and_then_steadily) {
    element e;
    make(&e, &eq_class_vteam);
    for (double u = -0.2; u <= 0.02; u += 0.011) ck_assert_double_eq(rate_at(&e, 0.5, u), 0.0);
    double span = 3e-9, off = 5e-4 * (0.05 / 0.02 - 1.0) / span,
           on = -10.0 * pow(0.3 / 0.2 - 1.0, 3.0) / span;
    ck_assert_double_eq_tol(pulse(&e, 0.1, 0.05, 1e-6, 10), 0.1 + 1e-6 * off, 1e-12);
    ck_assert_double_eq_tol(pulse(&e, 0.9, -0.3, 1e-9, 10), 0.9 + 1e-9 * on, 1e-12);
    ck_assert_double_eq(pulse(&e, 0.9, 0.05, 1.0, 10), 1.0);
    set(&e, "wc", 1e-9);
    ck_assert_double_eq_tol(rate_at(&e, 0.5, 0.05), off * exp(-exp(-1.5)), 1e-9 * off);
    ck_assert_double_eq_tol(rate_at(&e, 0.5, -0.3), on * exp(-exp(-1.5)), -1e-9 * on);
}
END_TEST

START_TEST(yakopcic_has_thresholds_and_slows_towards_its_ends) {
    element e;
    make(&e, &eq_class_yakopcic);
    ck_assert_double_eq(rate_at(&e, 0.4, 0.16), 0.0);
    ck_assert_double_eq(rate_at(&e, 0.4, -0.15), 0.0);
    double up = 4000.0 * (exp(0.3) - exp(0.16)), down = -4000.0 * (exp(0.4) - exp(0.15));
    ck_assert_double_eq_tol(rate_at(&e, 0.2, 0.3), up, 1e-12 * up); /* below xp */
    ck_assert_double_eq_tol(rate_at(&e, 0.65, 0.3), up * exp(-0.35) * 0.5, 1e-12 * up);
    ck_assert_double_eq_tol(rate_at(&e, 0.7, -0.4), down, -1e-12 * down); /* above 1 - xn */
    ck_assert_double_eq_tol(rate_at(&e, 0.25, -0.4), down * exp(-1.25) * 0.5, -1e-12 * down);
    set(&e, "eta", -1.0);
    ck_assert_double_lt(rate_at(&e, 0.8, 0.3), 0.0);
    ck_assert_double_gt(rate_at(&e, 0.2, -0.4), 0.0);
}
END_TEST

/* Without heating (rth = 0) and gamma = 16: vel0 exp(-ea/kT) sinh(16 a0/tox u/kT)/(gapmax - gapmin). */
START_TEST(rram_grows_as_a_thermal_sinh_and_needs_a_field) {
    element e;
    make(&e, &eq_class_rram);
    set(&e, "rth", 0.0);
    set(&e, "beta", 0.0);
    double kt = env.k_over_q * 300.15;
    double want = 10.0 * exp(-0.6 / kt) * sinh(16.0 * 0.25 / 12.0 * 1.2 / kt) / 1.5e-9;
    ck_assert_double_eq_tol(rate_at(&e, 0.4, 1.2), want, 1e-9 * want);
    ck_assert_double_eq_tol(rate_at(&e, 0.4, -1.2), -want, 1e-9 * want);
    ck_assert_double_eq(rate_at(&e, 0.4, 1.04), 0.0); /* fmin tox/gamma0 = 1.05 V */
    set(&e, "rth", 2.1e3);
    ck_assert_double_gt(rate_at(&e, 0.4, 1.2), want); /* hot */
    set(&e, "beta", 0.8);
    ck_assert_double_lt(rate_at(&e, 0.0, 1.5), rate_at(&e, 0.9, 1.5));
}
END_TEST

/* x = xs + (x0 - xs) exp(-(a + b) t/tau), xs = a/(a + b). */
START_TEST(mms_relaxes_to_its_balance) {
    element e;
    make(&e, &eq_class_mms);
    double vt = env.k_over_q * 300.15;
    for (double u = -0.4; u < 0.5; u += 0.1) {
        double a = 1.0 / (1.0 + exp((0.27 - u) / vt)), b = 1.0 / (1.0 + exp((0.27 + u) / vt));
        double xs = a / (a + b), want = xs + (0.3 - xs) * exp(-(a + b) * 2.0);
        ck_assert_double_eq_tol(pulse(&e, 0.3, u, 2e-4, 2000), want, 1e-9);
    }
}
END_TEST

START_TEST(states_stop_at_0_and_1) {
    for (int k = 0; k < EQ_BUILT_IN_CLASSES; k++) {
        element e;
        if (eq_class(k)->rate == NULL) continue;
        make(&e, eq_class(k));
        for (double u = -2.0; u <= 2.0; u += 0.25) {
            ck_assert_double_ge(rate_at(&e, 0.0, u), 0.0);
            ck_assert_double_le(rate_at(&e, 1.0, u), 0.0);
        }
    }
}
END_TEST

/* What a sine of that amplitude and frequency drives from x0 in one period: the current at a quarter of the
 * way up and of the way down of the positive half wave, the area of the loop there, the state after the half
 * wave. */
typedef struct loop {
    double up, down, area, half;
} loop;

static loop drive(const char *preset, double amplitude, double hertz, double x0) {
    enum { STEPS = 4000 };
    const eq_preset *p = eq_preset_find(preset, strlen(preset));
    element e;
    loop l = {0};
    memset(&e, 0, sizeof e);
    e.cls = eq_class(eq_preset_values(p, e.col));
    bind(&e);
    *state(&e) = x0;
    double before = 0.0;
    for (int k = 0; k < STEPS / 2; k++) {
        double u[3];
        for (int q = 0; q < 3; q++)
            u[q] = amplitude * sin(2.0 * 3.14159265358979323846 * (k + 0.5 * q) / STEPS);
        advance(&e, 1.0 / hertz / STEPS, u);
        double i = current(&e, u[2]);
        if (k + 1 == STEPS / 8) l.up = i;
        if (k + 1 == 3 * STEPS / 8) l.down = i;
        l.area += 0.5 * (i + before) * (u[2] - u[0]);
        before = i;
    }
    l.half = *state(&e);
    ck_assert_double_le(fabs(current(&e, 0.0)), 0.0); /* pinched */
    return l;
}

/* Preset, amplitude and frequency of a loop that is wide open; the sense in which a positive drop moves it. */
static const struct {
    const char *preset;
    double amplitude, hertz, x0, sense;
} loops[] = {{"strukov2008", 1.0, 1.0, 0.1, 1.0},    {"biolek2009", 1.0, 1.0, 0.1, 1.0},
             {"oblea2010", 0.45, 100.0, 0.11, 1.0},  {"vteam_default", 0.05, 1e5, 0.1, -1.0},
             {"stanford_hfox", 1.25, 1e5, 0.3, 1.0}, {"knowm_mss", 0.5, 500.0, 0.1, 1.0},
             {"knowm_gmms", 0.5, 500.0, 0.1, 1.0}};

/* With the state rising, the way back carries more current; a frequency 1000 times as high leaves no
 * loop. */
START_TEST(loops_are_pinched_turn_the_right_way_and_close_at_high_frequency) {
    loop l = drive(loops[_i].preset, loops[_i].amplitude, loops[_i].hertz, loops[_i].x0);
    double sense = loops[_i].sense;
    ck_assert_double_gt(sense * (l.down - l.up), 0.05 * fabs(l.up));
    ck_assert_double_lt(sense * l.area, 0.0); /* clockwise in the i-u plane when it grows */
    loop fast = drive(loops[_i].preset, loops[_i].amplitude, 1e3 * loops[_i].hertz, loops[_i].x0);
    ck_assert_double_lt(fabs(fast.down - fast.up), 0.02 * fabs(l.down - l.up));
    ck_assert_double_lt(fabs(fast.area), 0.02 * fabs(l.area));
}
END_TEST

/* The state of a linear drift is a function of the flux alone: twice the amplitude at twice the frequency gives
 * the same states, and twice the current. */
START_TEST(drift_scales_with_amplitude_over_frequency) {
    loop one = drive("strukov2008", 0.5, 1.0, 0.1), two = drive("strukov2008", 1.0, 2.0, 0.1);
    ck_assert_double_eq_tol(two.half, one.half, 1e-12);
    ck_assert_double_eq_tol(two.up, 2.0 * one.up, 1e-12 * two.up);
    ck_assert_double_gt(drive("strukov2008", 1.0, 1.0, 0.1).half, one.half);
}
END_TEST

START_TEST(presets_name_parameters_that_are_there_and_in_range) {
    for (size_t k = 0; eq_preset_at(k) != NULL; k++) {
        const eq_preset *p = eq_preset_at(k);
        int number = eq_class_find(p->cls);
        ck_assert_msg(number >= 0 && strlen(p->source) > 20, "%s", p->name);
        double w[EQ_MAX_COLUMNS];
        ck_assert_int_eq(eq_preset_values(p, w), number);
        for (size_t q = 0; p->with[q].param != NULL; q++) {
            int at = eq_param_find(eq_class(number), p->with[q].param);
            ck_assert_msg(at >= 0, "%s of %s", p->with[q].param, p->name);
            ck_assert_double_eq(w[at], p->with[q].value);
            ck_assert(w[at] >= eq_class(number)->param[at].min &&
                      w[at] <= eq_class(number)->param[at].max);
        }
    }
    ck_assert(eq_preset_find("Strukov2008", 11) != NULL && eq_preset_find("strukov", 7) == NULL);
}
END_TEST

Suite *memristor_suite(void) {
    Suite *s = suite_create("memristor");
    TCase *t = tcase_create("states");
    tcase_add_test(t, drift_under_a_constant_voltage_has_a_falling_square_of_its_resistance);
    tcase_add_test(t, windows_have_their_closed_forms_at_p_1);
    tcase_add_test(t, vteam_moves_beyond_its_thresholds_alone_and_then_steadily);
    tcase_add_test(t, yakopcic_has_thresholds_and_slows_towards_its_ends);
    tcase_add_test(t, rram_grows_as_a_thermal_sinh_and_needs_a_field);
    tcase_add_test(t, mms_relaxes_to_its_balance);
    tcase_add_test(t, states_stop_at_0_and_1);
    tcase_add_loop_test(t, loops_are_pinched_turn_the_right_way_and_close_at_high_frequency, 0,
                        sizeof loops / sizeof *loops);
    tcase_add_test(t, drift_scales_with_amplitude_over_frequency);
    tcase_add_test(t, presets_name_parameters_that_are_there_and_in_range);
    suite_add_tcase(s, t);
    return s;
}
