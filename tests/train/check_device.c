/* Programmable resistors one by one: responses, noise, update rules, against closed forms and moments. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/device/device.h"

Suite *device_suite(void);

enum { MANY = 100000 };
static const double gmin = 1e-7, gmax = 1e-5;

static eq_device kind(const char *response) {
    eq_device o = eq_device_ideal();
    o.response = eq_response_find(response);
    o.rule = o.response == NULL ? EQ_RULE_EXACT : EQ_RULE_SIGN;
    eq_device_complete(&o);
    return o;
}

/* `count` devices that begin at the weight w. */
static eq_devices *make(const eq_device *o, size_t count, double w) {
    double *start = eq_malloc(count, sizeof *start);
    double g = gmin + (w - o->w_min) / (o->w_max - o->w_min) * (gmax - gmin);
    eq_devices *d = NULL;
    for (size_t j = 0; j < count; j++) start[j] = g;
    const eq_devices_of of = {
        .min = gmin, .max = gmax, .first = 7, .count = count, .seed = 3, .start = start};
    ck_assert_int_eq(eq_devices_new(o, &of, &d, NULL), EQ_OK);
    eq_free(start);
    return d;
}

static double weight(const eq_device *o, double g) {
    return o->w_min + (o->w_max - o->w_min) * (g - gmin) / (gmax - gmin);
}

/* Asks all devices for a change dw of what they store, n times. */
static void ask(eq_devices *d, const eq_device *o, size_t count, double dw, uint64_t *step,
                size_t n) {
    double *want = eq_malloc(count, 2 * sizeof *want);
    const double *stored = eq_devices_kept(d, EQ_STORED);
    while (n-- > 0) {
        for (size_t j = 0; j < count; j++)
            want[j] = stored[j] + dw * (gmax - gmin) / (o->w_max - o->w_min);
        eq_devices_update(d, ++*step, 0, count, want, want + count);
    }
    eq_free(want);
}

typedef struct moments {
    double mean, deviation;
} moments;

static moments of(const double *x, size_t n) {
    double sum = 0.0, square = 0.0;
    for (size_t k = 0; k < n; k++) sum += x[k];
    for (size_t k = 0; k < n; k++) square += (x[k] - sum / (double)n) * (x[k] - sum / (double)n);
    return (moments){sum / (double)n, sqrt(square / (double)(n - 1))};
}

/* Weights, or what an array keeps of each device. */
static moments weights(eq_devices *d, const eq_device *o, size_t n) {
    double *w = eq_malloc(n, sizeof *w);
    for (size_t j = 0; j < n; j++) w[j] = weight(o, eq_devices_shown(d)[j]);
    moments m = of(w, n);
    eq_free(w);
    return m;
}

/* The weight after n pulses from w0 up (or down), from the formulas of the responses. */
typedef struct law {
    const char *response;
    double gamma;
    double (*after)(double w0, double n, double gamma);
} law;
static const double dw = 0.002, top = 0.6;

static double after_constant(double w0, double n, double gamma) {
    (void)gamma;
    return w0 + n * dw;
}

/* w' = dw (1 - gamma w/b): to b/gamma, geometrically. */
static double after_linear(double w0, double n, double gamma) {
    return top / gamma - (top / gamma - w0) * pow(1.0 - gamma * dw / top, n);
}

static double after_soft(double w0, double n, double gamma) {
    (void)gamma;
    return top - (top - w0) * pow(1.0 - dw / top, n);
}

/* (b_max - w)/(b_max - b_min) shrinks by dw/(b_max - b_min) each time, where the power is 1. */
static double after_power(double w0, double n, double gamma) {
    if (gamma == 1.0) return top - (top - w0) * pow(1.0 - dw / (2.0 * top), n);
    for (; n > 0.0; n -= 1.0) w0 += dw * pow((top - w0) / (2.0 * top), gamma);
    return w0;
}

static double after_exponential(double w0, double n, double gamma) {
    (void)gamma;
    for (; n > 0.0; n -= 1.0) {
        double z = 2.0 * 0.244 * w0 / 1.2 + 0.2425, y = 1.0 - 0.00081 * exp(12.44625 * z);
        w0 += dw * (y > 0.0 ? y : 0.0);
    }
    return w0;
}

/* Values 1, 1/2, 0 from end to end are a straight line, 1, 1, 0 are not. */
static double after_pieces(double w0, double n, double gamma) {
    for (; n > 0.0; n -= 1.0) {
        double x = (w0 + top) / (2.0 * top);
        w0 += dw * (gamma == 1.0 ? 1.0 - x : x < 0.5 ? 1.0 : 2.0 - 2.0 * x);
    }
    return w0;
}

static const law laws[] = {
    {"constant-step", 0.0, after_constant},
    {"linear-step", 0.5, after_linear},
    {"linear-step", 1.0, after_linear},
    {"soft-bounds", 0.0, after_soft},
    {"power-step", 1.0, after_power},
    {"power-step", 2.5, after_power},
    {"exponential-step", 0.0, after_exponential},
    {"piecewise-step", 1.0, after_pieces},
    {"piecewise-step", 2.0, after_pieces},
};
enum { LAWS = sizeof laws / sizeof *laws };

START_TEST(pulses_follow_their_law) {
    const law *l = &laws[_i];
    eq_device o = kind(l->response);
    o.dw_min = dw;
    o.pow_gamma = l->gamma;
    if (l->after == after_linear) o.gamma_up = o.gamma_down = l->gamma;
    o.piecewise_up = (eq_pieces){{1.0, l->gamma == 1.0 ? 0.5 : 1.0, 0.0}, 3};
    eq_devices *d = make(&o, 1, -0.3);
    uint64_t step = 0;
    for (int n = 1; n <= 200; n++) {
        ask(d, &o, 1, 1e-9, &step, 1); /* the sign alone counts */
        ck_assert_double_eq_tol(weight(&o, eq_devices_shown(d)[0]),
                                l->after(-0.3, (double)n, l->gamma), 1e-12);
    }
    ck_assert(eq_devices_kept(d, EQ_PULSES)[0] == 200.0);
    eq_devices_free(d);
}
END_TEST

/* Down is up in the mirror, where up and down have the same numbers; a constant step ends at its bound. */
START_TEST(down_mirrors_up) {
    static const char *const same[] = {"constant-step", "linear-step", "soft-bounds", "power-step"};
    eq_device o = kind(same[_i]);
    o.dw_min = 0.01;
    o.gamma_up = o.gamma_down = 0.7;
    o.pow_gamma = 1.5;
    eq_devices *up = make(&o, 1, 0.1), *down = make(&o, 1, -0.1);
    uint64_t a = 0, b = 0;
    for (int n = 0; n < 100; n++) {
        ask(up, &o, 1, 0.1, &a, 1);
        ask(down, &o, 1, -0.1, &b, 1);
        ck_assert_double_eq_tol(weight(&o, eq_devices_shown(up)[0]),
                                -weight(&o, eq_devices_shown(down)[0]), 1e-13);
    }
    if (_i == 0) ck_assert(eq_devices_shown(up)[0] == gmax && eq_devices_shown(down)[0] == gmin);
    eq_devices_free(up);
    eq_devices_free(down);
}
END_TEST

/* Up and down in turn lead a soft-bounds device of the asymmetry beta to w = beta w_max, where
 * (1 + beta)(1 - w/w_max) = (1 - beta)(1 + w/w_max). */
START_TEST(the_symmetry_point) {
    eq_device o = kind("soft-bounds");
    o.up_down = 0.3;
    eq_devices *d = make(&o, 1, -0.5);
    uint64_t step = 0;
    for (int n = 0; n < 10000; n++) ask(d, &o, 1, n % 2 == 0 ? 1.0 : -1.0, &step, 1);
    ck_assert_double_eq_tol(weight(&o, eq_devices_shown(d)[0]), 0.3 * 0.6, 2e-3);
    eq_devices_free(d);
}
END_TEST

/* The spread of what a chip's devices are: 5 standard errors of the mean, 2 % of the deviation. */
START_TEST(a_chip_has_its_moments) {
    static double up[MANY], high[MANY], shape[MANY];
    eq_device o = kind("linear-step");
    o.dw_min_dtod = 0.2;
    o.up_down = 0.1;
    o.up_down_dtod = 0.05;
    o.gamma_up = 0.5;
    o.gamma_up_dtod = 0.02;
    o.w_max_dtod = 0.1;
    eq_devices *d = make(&o, MANY, 0.0);
    double inside = 0.0;
    for (size_t j = 0; j < MANY; j++) {
        const eq_device_cell *c = eq_devices_cell(d, j);
        up[j] = c->step[0] / o.dw_min;
        shape[j] = c->shape[0];
        high[j] = c->high;
        inside += c->high < o.w_max;
        ck_assert(c->low == o.w_min && c->high <= o.w_max);
    }
    moments m = of(up, MANY), s = of(shape, MANY);
    double sigma = hypot(0.2, 0.05);
    ck_assert_double_eq_tol(m.mean, 1.1, 5.0 * sigma / sqrt(MANY));
    ck_assert_double_eq_tol(m.deviation, sigma, 0.02 * sigma);
    ck_assert_double_eq_tol(s.mean, 0.5, 5.0 * 0.02 / sqrt(MANY));
    ck_assert_double_eq_tol(s.deviation, 0.02, 0.02 * 0.02);
    /* half of the bounds lie inside the range, the others are at its end: mean -sigma/sqrt(2 pi) */
    ck_assert_double_eq_tol(inside / MANY, 0.5, 5.0 * 0.5 / sqrt(MANY));
    ck_assert_double_eq_tol(of(high, MANY).mean / 0.6, 1.0 - 0.1 * 0.39894228, 1e-3);
    eq_devices_free(d);
}
END_TEST

/* Cycle-to-cycle variation of 16 pulses, multiplied with the response or added to it. */
START_TEST(cycles_vary) {
    eq_device o = kind("linear-step");
    o.gamma_up = 1.0;
    o.dw_min = 1e-4;
    o.dw_min_std = 0.5;
    o.additive = _i == 1;
    o.rule = EQ_RULE_ROUNDED;
    eq_devices *d = make(&o, MANY, 0.3); /* f = 1/2 there */
    uint64_t step = 0;
    ask(d, &o, MANY, 16.0 * o.dw_min, &step, 1);
    moments m = weights(d, &o, MANY);
    double sigma = 4.0 * 0.5 * o.dw_min * (_i == 1 ? 1.0 : 0.5);
    ck_assert_double_eq_tol(m.mean - 0.3, 8.0 * o.dw_min * (1.0 - 15.0 / 2.0 * o.dw_min / 0.6),
                            5.0 * sigma / sqrt(MANY));
    ck_assert_double_eq_tol(m.deviation, sigma, 0.02 * sigma);
    eq_devices_free(d);
}
END_TEST

/* Noise of programming, in parts of the range and in steps; each write draws it anew, and what is
 * stored does not have it. */
START_TEST(writing_is_noisy) {
    eq_device o = kind("constant-step");
    o.write_noise = 0.01;
    o.write_noise_std = 5.0;
    eq_devices *d = make(&o, MANY, 0.0);
    double sigma = hypot(0.01 * 1.2, 5.0 * 0.001);
    eq_devices_program(d);
    double first = eq_devices_shown(d)[0];
    moments m = weights(d, &o, MANY);
    ck_assert_double_eq_tol(m.mean, 0.0, 5.0 * sigma / sqrt(MANY));
    ck_assert_double_eq_tol(m.deviation, sigma, 0.02 * sigma);
    uint64_t step = 0;
    ask(d, &o, MANY, 0.1, &step, 1);
    m = weights(d, &o, MANY);
    ck_assert_double_eq_tol(m.mean, 0.001, 5.0 * sigma / sqrt(MANY));
    ck_assert_double_eq_tol(m.deviation, sigma, 0.02 * sigma);
    ck_assert(eq_devices_shown(d)[0] != first);
    ck_assert_double_eq_tol(weight(&o, eq_devices_kept(d, EQ_STORED)[MANY - 1]), 0.001, 1e-15);
    eq_devices_free(d);
}
END_TEST

/* Reads differ from each other, are repeated by their number, and leave what is shown. */
START_TEST(reading_is_noisy) {
    static double one[MANY], two[MANY], again[MANY];
    eq_device o = kind("ideal");
    o.read_noise = 0.02;
    o.read_noise_rel = 0.01;
    eq_devices *d = make(&o, MANY, 0.2);
    double g = eq_devices_shown(d)[0], sigma = hypot(0.02 * (gmax - gmin), 0.01 * g);
    ck_assert(eq_devices_vary(d, false));
    eq_devices_read(d, false, 1, one);
    eq_devices_read(d, false, 2, two);
    eq_devices_read(d, false, 1, again);
    ck_assert_mem_eq(one, again, sizeof one);
    for (size_t j = 0; j < MANY; j++) again[j] = (one[j] - g) * (two[j] - g) / (sigma * sigma);
    moments m = of(one, MANY);
    ck_assert_double_eq_tol(m.mean, g, 5.0 * sigma / sqrt(MANY));
    ck_assert_double_eq_tol(m.deviation, sigma, 0.02 * sigma);
    ck_assert_double_eq_tol(of(again, MANY).mean, 0.0, 5.0 / sqrt(MANY)); /* not correlated */
    ck_assert(eq_devices_shown(d)[5] == g);
    eq_devices_free(d);
}
END_TEST

/* log g falls by nu log(t/t0) in an evaluation, with a nu that is the device's own at every time. */
START_TEST(drift_is_a_power_law) {
    static double nu[MANY], later[MANY];
    eq_device o = kind("ideal");
    o.drift_nu = 0.05;
    o.drift_nu_dtod = 0.2;
    o.drift_time = 2e3;
    eq_devices *d = make(&o, MANY, 0.2);
    double g = eq_devices_shown(d)[0];
    ck_assert(!eq_devices_vary(d, false) && eq_devices_vary(d, true));
    eq_devices_read(d, true, 1, nu);
    eq_devices_free(d);
    o.drift_time = 2e5;
    d = make(&o, MANY, 0.2);
    eq_devices_read(d, true, 9, later);
    for (size_t j = 0; j < MANY; j++) {
        nu[j] = -log(nu[j] / g) / log(100.0);
        ck_assert_double_eq_tol(-log(later[j] / g) / log(1e4), nu[j], 1e-12);
    }
    moments m = of(nu, MANY);
    ck_assert_double_eq_tol(m.mean, 0.05, 5.0 * 0.01 / sqrt(MANY));
    ck_assert_double_eq_tol(m.deviation, 0.01, 0.02 * 0.01);
    eq_devices_free(d);
    o.drift_time = 10.0; /* before t0 */
    d = make(&o, 1, 0.2);
    ck_assert(!eq_devices_vary(d, true));
    eq_devices_free(d);
}
END_TEST

/* A train of pulses is on average what was asked for, with the variance of the binomial law; so is
 * the mean of rounding to levels by chance. */
START_TEST(random_updates_are_unbiased) {
    static const double asked[] = {0.3, -2.4, 7.5, 25.0, -80.0};
    for (int k = 0; k < 5; k++) {
        eq_device o = kind("constant-step");
        o.rule = EQ_RULE_STOCHASTIC;
        if (k == 4) o.bl = 200;
        eq_devices *d = make(&o, MANY, 0.1);
        uint64_t step = (uint64_t)k;
        ask(d, &o, MANY, asked[k] * o.dw_min, &step, 1);
        moments m = weights(d, &o, MANY);
        double n = (double)o.bl, p = fabs(asked[k]) / n, sigma = sqrt(n * p * (1.0 - p)) * o.dw_min;
        ck_assert_double_eq_tol(m.mean - 0.1, asked[k] * o.dw_min, 5.0 * sigma / sqrt(MANY));
        ck_assert_double_eq_tol(m.deviation, sigma, 0.02 * sigma);
        eq_devices_free(d);
    }
    eq_device o = kind("ideal");
    o.levels = 13; /* 0.1 apart */
    o.stochastic_rounding = true;
    eq_devices *d = make(&o, MANY, 0.2);
    uint64_t step = 0;
    ask(d, &o, MANY, 0.03, &step, 1);
    ck_assert_double_eq_tol(weights(d, &o, MANY).mean, 0.23, 5.0 * 0.05 / sqrt(MANY));
    eq_devices_free(d);
}
END_TEST

static double pulses_for(eq_device o, double asked) {
    eq_devices *d = make(&o, 1, 0.0);
    uint64_t step = 0;
    ask(d, &o, 1, asked * o.dw_min, &step, 1);
    double w = weight(&o, eq_devices_shown(d)[0]) / o.dw_min;
    eq_devices_free(d);
    return w;
}

START_TEST(rules_count_pulses) {
    eq_device o = kind("constant-step");
    const struct {
        eq_device_rule rule;
        double asked, given;
    } table[] = {
        {EQ_RULE_SIGN, 1e-6, 1.0},       {EQ_RULE_SIGN, -40.0, -1.0},
        {EQ_RULE_SIGN, 0.0, 0.0},        {EQ_RULE_THRESHOLD, 0.4, 0.0},
        {EQ_RULE_THRESHOLD, -0.6, -1.0}, {EQ_RULE_THRESHOLD, 9.0, 1.0},
        {EQ_RULE_ROUNDED, 2.4, 2.0},     {EQ_RULE_ROUNDED, -2.6, -3.0},
        {EQ_RULE_ROUNDED, 900.0, 31.0},  {EQ_RULE_STOCHASTIC, 31.0, 31.0},
        {EQ_RULE_MIXED, 0.9, 0.0},       {EQ_RULE_MIXED, -3.2, -3.0},
        {EQ_RULE_EXACT, 0.37, 0.37},
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        o.rule = table[k].rule;
        ck_assert_double_eq_tol(pulses_for(o, table[k].asked), table[k].given, 1e-9);
    }
}
END_TEST

/* Small changes add up in the accumulator: after each update, what was given is within a step of what
 * was asked for. */
START_TEST(nothing_is_lost_in_mixed_precision) {
    eq_device o = kind("constant-step");
    o.rule = EQ_RULE_MIXED;
    eq_devices *d = make(&o, 1, 0.0);
    uint64_t step = 0;
    double asked = 0.0;
    for (int n = 0; n < 500; n++) {
        double part = (n % 3 == 2 ? -0.41 : 0.37) * o.dw_min;
        asked += part;
        ask(d, &o, 1, part, &step, 1);
        double w = weight(&o, eq_devices_shown(d)[0]);
        ck_assert_double_lt(fabs(asked - w), o.dw_min * (1.0 + 1e-9));
        ck_assert_double_eq_tol(w + eq_devices_kept(d, EQ_PENDING)[0], asked, 1e-12);
    }
    eq_devices_free(d);
}
END_TEST

/* Every value is one of the levels, equally far apart or by the same factor; the ends are the bounds. */
START_TEST(values_are_levels) {
    eq_device o = kind("ideal");
    o.levels = 5;
    o.log_levels = _i == 1;
    eq_devices *d = make(&o, 1, 0.0);
    double seen[5], shown, before = 0.0;
    int levels = 0;
    for (int k = 0; k <= 1000; k++) {
        double want =
            _i == 1 ? gmin * pow(gmax / gmin, k / 1000.0) : gmin + (gmax - gmin) * k / 1000.0;
        eq_devices_update(d, (uint64_t)k + 1, 0, 1, &want, &shown);
        if (shown != before) {
            ck_assert_int_lt(levels, 5);
            seen[levels++] = before = shown;
        }
    }
    ck_assert_int_eq(levels, 5);
    ck_assert(seen[0] == gmin && seen[4] == gmax);
    for (int k = 1; k < 5; k++)
        if (_i == 1)
            ck_assert_double_eq_tol(seen[k] / seen[k - 1], pow(100.0, 0.25), 1e-12);
        else
            ck_assert_double_eq_tol(seen[k] - seen[k - 1], (gmax - gmin) / 4.0, 1e-18);
    eq_devices_free(d);
}
END_TEST

/* The parts of the devices that are stuck are those asked for, stand where they should, and stay. */
START_TEST(stuck_devices_stay) {
    eq_device o = kind("constant-step");
    o.stuck_min = 0.1;
    o.stuck_max = 0.05;
    o.stuck_init = 0.2;
    o.corrupt = 0.15;
    o.dw_min = 0.05;
    eq_devices *d = make(&o, MANY, 0.1);
    double g = eq_devices_shown(d)[0];
    eq_devices_program(d);
    double *before = eq_malloc(MANY, sizeof *before);
    memcpy(before, eq_devices_shown(d), MANY * sizeof *before);
    uint64_t step = 0;
    ask(d, &o, MANY, 1.0, &step, 3);
    double low = 0.0, high = 0.0, still = 0.0;
    for (size_t j = 0; j < MANY; j++) {
        bool stuck = eq_devices_shown(d)[j] == before[j];
        ck_assert(stuck == (eq_devices_cell(d, j)->low == eq_devices_cell(d, j)->high));
        low += before[j] == gmin;
        high += before[j] == gmax;
        still += stuck && fabs(before[j] - g) < 1e-12 * g;
    }
    double error = 5.0 * 0.5 / sqrt(MANY);
    ck_assert_double_eq_tol(low / MANY, 0.1, error);
    ck_assert_double_eq_tol(high / MANY, 0.05, error);
    ck_assert_double_eq_tol(still / MANY, 0.2, error);
    ck_assert_double_eq_tol((double)eq_devices_stuck(d) / MANY, 0.5, error);
    eq_free(before);
    eq_devices_free(d);
}
END_TEST

/* A device moves as often as it lives, and then no more; what is stored leaks by 1/lifetime. */
START_TEST(devices_wear_out_and_leak) {
    eq_device o = kind("constant-step");
    o.endurance = 10.0;
    eq_devices *d = make(&o, 1, 0.0);
    uint64_t step = 0;
    ask(d, &o, 1, 1.0, &step, 25);
    ck_assert_double_eq_tol(weight(&o, eq_devices_shown(d)[0]), 10 * 0.001, 1e-13);
    ck_assert_uint_eq(eq_devices_stuck(d), 1);
    eq_devices_free(d);
    o = kind("constant-step");
    o.lifetime = 50.0;
    d = make(&o, 1, 0.5);
    ask(d, &o, 1, 0.0, &step, 100);
    ck_assert_double_eq_tol(weight(&o, eq_devices_shown(d)[0]), 0.5 * pow(0.98, 100.0), 1e-12);
    eq_devices_free(d);
}
END_TEST

/* Each device of a pair is only ever stepped up and saturates; the difference goes both ways, and a
 * reset keeps it. */
START_TEST(a_pair_is_reset_and_keeps_its_difference) {
    eq_device o = kind("constant-step");
    o.pair = true;
    o.refresh = 0.5;
    eq_devices *d = make(&o, 1, 0.1);
    uint64_t step = 0;
    double w = 0.1, most = 0.0, resets = 0.0, before = 0.0;
    for (int n = 0; n < 2000; n++) {
        int up = n % 4 != 3 && n < 400 ? 1 : -1;
        if (n >= 400) up = n % 2 == 0 ? 1 : -1;
        ask(d, &o, 1, up, &step, 1);
        w += up * 0.001;
        double minus = eq_devices_kept(d, EQ_MINUS)[0];
        ck_assert_double_eq_tol(weight(&o, eq_devices_shown(d)[0]), w, 1e-12);
        most = fmax(most, fmax(minus, minus + w));
        resets += minus < before;
        before = minus;
    }
    ck_assert_double_le(most, 0.5 * 0.6 + 0.001 + 1e-12);
    ck_assert_double_ge(resets, 5.0);
    eq_devices_free(d);
}
END_TEST

/* The chip decides the devices, whatever the order in which they stand, the seed or the block's size. */
START_TEST(a_chip_is_the_same_in_any_order) {
    enum { N = 64 };
    static int32_t reversed[N];
    double start[N], want[N], shown[2][N];
    eq_device o = kind("soft-bounds");
    o.dw_min_dtod = o.up_down_dtod = o.w_max_dtod = o.dw_min_std = o.write_noise_std = 0.3;
    o.rule = EQ_RULE_STOCHASTIC;
    for (int j = 0; j < N; j++) {
        reversed[j] = N - 1 - j;
        start[j] = 2e-6;
        want[j] = 2.1e-6;
    }
    eq_devices *d[2];
    eq_devices_of of = {.min = gmin, .max = gmax, .count = N, .seed = 1, .start = start};
    ck_assert_int_eq(eq_devices_new(&o, &of, &d[0], NULL), EQ_OK);
    of.place = reversed;
    ck_assert_int_eq(eq_devices_new(&o, &of, &d[1], NULL), EQ_OK);
    eq_devices_update(d[0], 5, 0, N, want, shown[0]);
    for (size_t at = 0; at < N; at += 16) /* runs of some threads, the last first */
        eq_devices_update(d[1], 5, N - 16 - at, 16, want, shown[1] + N - 16 - at);
    double moved = 0.0;
    for (int j = 0; j < N; j++) {
        ck_assert(shown[0][j] == shown[1][N - 1 - j]);
        ck_assert_mem_eq(eq_devices_cell(d[0], (size_t)j),
                         eq_devices_cell(d[1], (size_t)(N - 1 - j)), sizeof(eq_device_cell));
        moved += shown[0][j] != start[j];
    }
    ck_assert_double_ge(moved, N / 2);
    eq_devices *other = NULL;
    of.place = NULL;
    of.seed = 2; /* another training on the same chip */
    ck_assert_int_eq(eq_devices_new(&o, &of, &other, NULL), EQ_OK);
    ck_assert_mem_eq(eq_devices_cell(d[0], 3), eq_devices_cell(other, 3), sizeof(eq_device_cell));
    eq_devices_free(other);
    o.chip = 2;
    ck_assert_int_eq(eq_devices_new(&o, &of, &other, NULL), EQ_OK);
    ck_assert(eq_devices_cell(d[0], 3)->step[0] != eq_devices_cell(other, 3)->step[0]);
    eq_devices_free(other);
    eq_devices_free(d[0]);
    eq_devices_free(d[1]);
}
END_TEST

/* Every preset is whole, and what it says of itself holds; the noise of two does not grow with the step. */
START_TEST(presets) {
    static const char *const name[] = {"reram-es", "reram-sb",      "capacitor", "ecram",
                                       "ecram-mo", "gokmen-vlasov", "idealized"};
    eq_device o;
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        ck_assert_msg(eq_device_preset(name[k], &o), "%s", name[k]);
        eq_device_complete(&o);
        ck_assert_ptr_null(eq_device_fault(&o));
        ck_assert_ptr_nonnull(o.response);
        ck_assert(o.dw_min_dtod > 0.0 && o.dw_min_std > 0.0);
        ck_assert_int_eq(o.additive, k == 1 || k == 2);
    }
    ck_assert_double_eq_tol((o.w_max - o.w_min) / o.dw_min, 10000.0, 1e-6); /* idealized: states */
    ck_assert(!eq_device_preset("pcm", &o));
}
END_TEST

Suite *device_suite(void) {
    Suite *s = suite_create("device");
    TCase *t = tcase_create("device");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, pulses_follow_their_law, 0, LAWS);
    tcase_add_loop_test(t, down_mirrors_up, 0, 4);
    tcase_add_test(t, the_symmetry_point);
    tcase_add_test(t, a_chip_has_its_moments);
    tcase_add_loop_test(t, cycles_vary, 0, 2);
    tcase_add_test(t, writing_is_noisy);
    tcase_add_test(t, reading_is_noisy);
    tcase_add_test(t, drift_is_a_power_law);
    tcase_add_test(t, random_updates_are_unbiased);
    tcase_add_test(t, rules_count_pulses);
    tcase_add_test(t, nothing_is_lost_in_mixed_precision);
    tcase_add_loop_test(t, values_are_levels, 0, 2);
    tcase_add_test(t, stuck_devices_stay);
    tcase_add_test(t, devices_wear_out_and_leak);
    tcase_add_test(t, a_pair_is_reset_and_keeps_its_difference);
    tcase_add_test(t, a_chip_is_the_same_in_any_order);
    tcase_add_test(t, presets);
    suite_add_tcase(s, t);
    return s;
}
