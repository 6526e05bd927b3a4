/* Langevin dynamics against densities in closed form and by quadrature, and theorem 6.2. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "train/boltzmann.h"
#include "train/langevin_run.h"
#include "train/session.h"

Suite *langevin_suite(void);

static eq_experiment *experiment_of(const char *deck, const char *network) {
    char text[1024];
    static const char data[] = "x,y,t\n0.7,-0.3,0.5\n0.7,-0.3,0.5\n";
    snprintf(text, sizeof text,
             "<experiment>%s<data format='csv' path='data.csv' targets='t'/>"
             "<cost type='squared-error'/><estimator type='symmetric' nudging='energy'/>"
             "<optimizer type='sgd' rate='1e-12'/><epochs count='1'/></experiment>",
             network);
    return experiment_of_files(deck, data, text);
}

static eq_langevin_report report_of(const eq_experiment *x, const eq_langevin_options *o) {
    eq_langevin_report r;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_langevin_run(x, NULL, o, &r, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_get(diag, eq_diag_count(diag) - 1)->text);
    eq_diag_free(diag);
    ck_assert_msg(r.passed, "halved %g", r.halved);
    return r;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { CELLS = 20000 };
typedef double energy_of(double v);

static double itself(double v) {
    return v;
}

/* Boltzmann means over [low, high] of f, by the midpoint rule. */
static double mean_of(energy_of *e, double t, double low, double high, energy_of *f) {
    double sum = 0.0, z = 0.0, least = INFINITY, h = (high - low) / CELLS;
    for (int k = 0; k < CELLS; k++) least = fmin(least, e(low + h * (k + 0.5)));
    for (int k = 0; k < CELLS; k++) {
        double v = low + h * (k + 0.5), w = exp((least - e(v)) / t);
        z += w;
        sum += w * f(v);
    }
    return sum / z;
}

/* Kolmogorov and Smirnov's sqrt(n) D of as many records as are independent, which the report has too; 1.95 has a chance
 * of 0.1 %. */
static double smirnov(const eq_langevin_report *r, size_t column, energy_of *e, double t,
                      double low, double high) {
    const eq_histogram *told = &r->histogram[column - (r->table->variables - r->units)];
    size_t each = told->thinning, n = 0;
    double *x = eq_calloc(r->table->points, sizeof *x), z = 0.0, c = 0.0, d = 0.0, least = INFINITY;
    double h = (high - low) / CELLS;
    for (size_t k = 0; k + each <= r->table->points; k += each)
        x[n++] = r->table->value[k * r->table->variables + column];
    qsort(x, n, sizeof *x, ascending);
    ck_assert_msg(n > 300 && x[0] >= low && x[n - 1] <= high, "%zu from %g to %g", n, x[0],
                  x[n - 1]);
    for (int k = 0; k < CELLS; k++) least = fmin(least, e(low + h * (k + 0.5)));
    for (int k = 0; k < CELLS; k++) z += exp((least - e(low + h * (k + 0.5))) / t);
    size_t j = 0;
    for (int k = 0; k < CELLS; k++) {
        c += exp((least - e(low + h * (k + 0.5))) / t) / z;
        while (j < n && x[j] < low + h * (k + 1)) j++;
        d = fmax(d, fabs((double)j / (double)n - c));
    }
    eq_free(x);
    ck_assert_uint_eq(n, told->thinned);
    ck_assert_double_eq_tol(told->smirnov, d, 1e-3);
    return sqrt((double)n) * d;
}

/* The column is spread as exp(-e/t), and has its mean. */
static void has_density(const eq_langevin_report *r, size_t column, energy_of *e, double t,
                        double low, double high) {
    double d = smirnov(r, column, e, t, low, high);
    ck_assert_msg(d < 1.95, "%g", d);
    ck_assert_double_le(fabs(r->moment[column].mean - mean_of(e, t, low, high, itself)),
                        4.0 * r->moment[column].mean_error);
}

#define CIRCUIT "<circuit deck='net.cir'/>"

/* o: 1 mS to x, 1 mS to p; p: 1 mS to ground. Covariance T H^-1, H = ((2, -1), (-1, 2)) mS. */
START_TEST(linear_circuits_have_the_covariance_of_their_hessian) {
    eq_experiment *x = experiment_of("l\nVx x 0 0\nVy y 0 0\nRy y 0 1k\nRt x o 1k\nR3 o p 1k\n"
                                     "R4 p 0 1k\n*% input Vx Vy\n*% output o\n"
                                     "*% train rt gmin=1n gmax=1\n.op\n.end\n",
                                     CIRCUIT);
    eq_langevin_options o = eq_langevin_defaults();
    o.temperature = 1e-6;
    o.steps = 400000;
    eq_langevin_report r = report_of(x, &o);
    size_t vo = eq_result_find(r.table, "v(o)"), vp = eq_result_find(r.table, "v(p)");
    double det = 3e-6, mean[2] = {2.0 / 3.0 * 0.7, 1.0 / 3.0 * 0.7}, both = 0.0;
    size_t column[2] = {vo, vp};
    for (int k = 0; k < 2; k++) {
        const eq_moments *m = &r.moment[column[k]];
        ck_assert_double_le(fabs(m->mean - mean[k]), 4.0 * m->mean_error);
        ck_assert_double_le(fabs(m->deviation - sqrt(1e-6 * 2e-3 / det)),
                            4.0 * m->deviation_error + 0.01 * m->deviation);
        ck_assert_double_gt(m->effective, 300.0);
    }
    for (size_t k = 0; k < r.table->points; k++) {
        const double *v = r.table->value + k * r.table->variables;
        both += (v[vo] - r.moment[vo].mean) * (v[vp] - r.moment[vp].mean);
    }
    both /= (double)r.table->points;
    ck_assert_double_eq_tol(both, 1e-6 * 1e-3 / det, 0.15 * 1e-6 * 1e-3 / det);
    eq_langevin_report_free(&r);
    eq_experiment_free(x);
}
END_TEST

static const double vt = 1.380649e-23 * 300.15 / 1.602176634e-19;
static double conductance = 1e-6;

/* A conductance to 0.7 V and two diodes of 0.1 nA from the node to ground, one each way. */
static double diodes(double v) {
    return 0.5 * conductance * (v - 0.7) * (v - 0.7) + 2e-10 * vt * (cosh(v / vt) - 1.0);
}
static double loss(double v) {
    return 0.5 * (v - 0.5) * (v - 0.5);
}
#define PAIR                                                                                       \
    "d\nVx x 0 0\nVy y 0 0\nRy y 0 1k\nRt x o 1meg\nD1 o 0 dm\nD2 0 o dm\n"                        \
    ".model dm D(is=1e-10)\n.options gmin=1e-15\n*% input Vx Vy\n*% output o\n"                    \
    "*% train rt gmin=1n gmax=1\n.op\n.end\n"

START_TEST(a_node_with_diodes_has_the_boltzmann_density) {
    eq_experiment *x = experiment_of(PAIR, CIRCUIT);
    eq_langevin_options o = eq_langevin_defaults();
    o.temperature = 2e-9;
    o.steps = 200000;
    eq_langevin_report r = report_of(x, &o);
    size_t v = eq_result_find(r.table, "v(o)");
    has_density(&r, v, diodes, o.temperature, -0.6, 0.6);
    eq_langevin_report_free(&r);
    eq_experiment_free(x);
}
END_TEST

/* A conductance to 0.7 V and a diode of 0.1 nA that conducts below 0 V alone, where the free state tells nothing of. */
static double one_way(double v) {
    return 0.5 * conductance * (v - 0.7) * (v - 0.7) + 1e-10 * (vt * (exp(-v / vt) - 1.0) + v);
}
#define ONE_WAY                                                                                    \
    "d\nVx x 0 0\nVy y 0 0\nRy y 0 1k\nRt x o 1meg\nD1 0 o dm\n"                                   \
    ".model dm D(is=1e-10)\n.options gmin=1e-15\n*% input Vx Vy\n*% output o\n"                    \
    "*% train rt gmin=1n gmax=1\n.op\n.end\n"

START_TEST(a_step_is_as_short_as_where_the_process_goes_needs) {
    eq_experiment *x = experiment_of(ONE_WAY, CIRCUIT);
    eq_langevin_options o = eq_langevin_defaults();
    o.temperature = 1e-7;
    o.steps = 1000000;
    eq_langevin_report r = report_of(x, &o);
    size_t v = eq_result_find(r.table, "v(o)");
    ck_assert_double_lt(r.step * r.fastest, 0.01);
    has_density(&r, v, one_way, o.temperature, -0.6, 2.6);
    o.step = 0.02 / r.fastest;
    eq_langevin_report_free(&r);
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_langevin_run(x, NULL, &o, &r, diag), EQ_ERR_CHECK);
    ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, "too long where the process goes") != NULL,
                  "%s", eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    eq_experiment_free(x);
}
END_TEST

/* E = s^2/2 - s (x W + b) with x = (0.7, -0.3) and b = 0. */
static double field;
static double unit(double s) {
    return 0.5 * s * s - s * field;
}

/* At ease; pressed against a bound by a field beside which a step's noise is half as long as the density is
 * deep; with noise of which a fiftieth of the fastest rate would leave 0.2 and 0.6 of the way between the bounds. */
static const struct {
    double temperature, weight;
    size_t steps;
} held[] = {{0.3, 0.2, 200000}, {0.02, -0.9, 1500000}, {1.0, -0.9, 400000}, {10.0, 5.0, 400000}};

START_TEST(a_hopfield_unit_is_kept_between_its_bounds) {
    char text[1024];
    snprintf(text, sizeof text,
             "<experiment><network kind='hopfield' layers='2,1'/><data format='csv' "
             "path='data.csv' targets='t'/><cost type='squared-error'/><estimator "
             "nudging='energy'/><optimizer type='sgd' rate='1e-12'><group match='w1' rate='1' "
             "init='uniform' low='%g' high='%g'/></optimizer></experiment>",
             held[_i].weight, held[_i].weight);
    eq_experiment *x = experiment_of_files("", "x,y,t\n0.7,-0.3,0.5\n0.7,-0.3,0.5\n", text);
    eq_langevin_options o = eq_langevin_defaults();
    o.temperature = held[_i].temperature;
    o.steps = held[_i].steps;
    field = 0.4 * held[_i].weight;
    eq_langevin_report r = report_of(x, &o);
    has_density(&r, eq_result_find(r.table, "s1_1"), unit, o.temperature, 0.0, 1.0);
    eq_langevin_report_free(&r);
    eq_experiment_free(x);
}
END_TEST

/* Theorem 6.2: d<C>/dg = lim (1/beta) (<dE/dg>_beta - <dE/dg>_0), against differences of the quadrature. */
static const char *const kind[] = {"one-sided", "random-sign", "symmetric", "four-point"};

START_TEST(the_contrast_of_means_is_the_slope_of_the_mean_loss) {
    eq_experiment *x = experiment_of(PAIR, CIRCUIT);
    eq_diag *diag = eq_diag_new();
    eq_session s = {.x = x};
    eq_engine_options e = {EQ_ENGINE_SPARSE, 1, 1};
    double gradient = 0.0, at[2], step = 1e-3 * conductance, a[EQ_MAX_SLOTS];
    eq_estimator est = x->estimator;
    est.kind = eq_estimator_find(kind[_i]);
    est.beta = 2e-8;
    est.sampling.temperature = 2e-9;
    est.sampling.burn = 40000;
    est.sampling.samples = 40000;
    est.sampling.thinning = 10;
    ck_assert_int_eq(eq_session_open(&s, &e, diag), EQ_OK);
    ck_assert_int_eq(eq_session_free_phase(&s, s.set.train, s.set.train_index, 1, diag), EQ_OK);
    eq_phases_draw(s.phases, 7);
    eq_status status =
        eq_estimate(&est, s.phases, s.model, &x->cost, -1.0, 1, s.y, s.goal, a, diag);
    if (status == EQ_OK) status = eq_network_gradient(s.model, a, &gradient, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_get(diag, 0)->text);
    for (int side = 0; side < 2; side++) {
        conductance = 1e-6 + (side == 0 ? step : -step);
        at[side] = mean_of(diodes, est.sampling.temperature, -0.6, 0.6, loss);
    }
    conductance = 1e-6;
    double exact = (at[0] - at[1]) / (2.0 * step);
    ck_assert_msg(fabs(gradient - exact) < 0.1 * fabs(exact), "%g is %g", gradient, exact);
    eq_session_close(&s);
    eq_experiment_free(x);
    eq_diag_free(diag);
}
END_TEST

/* -(<C dE/dg> - <C><dE/dg>)/T on the program's own grid, against the same differences. */
START_TEST(quadrature_has_the_slope_of_the_mean_loss) {
    static const double nothing[EQ_MAX_SLOTS] = {0};
    eq_experiment *x = experiment_of(PAIR, CIRCUIT);
    eq_session s = {.x = x};
    eq_engine_options e = {EQ_ENGINE_SPARSE, 1, 1};
    eq_sampling o = eq_sampling_defaults();
    eq_langevin l;
    eq_boltzmann b;
    double gradient, at[2], step = 1e-3 * conductance;
    o.temperature = _i == 0 ? 2e-9 : 2e-10;
    ck_assert_int_eq(eq_session_open(&s, &e, NULL), EQ_OK);
    ck_assert_int_eq(eq_session_free_phase(&s, s.set.train, s.set.train_index, 1, NULL), EQ_OK);
    ck_assert_int_eq(eq_langevin_open(&l, s.model, 1, &x->cost, s.goal, &o, 1, NULL), EQ_OK);
    ck_assert_int_eq(eq_boltzmann_open(&b, &l, s.input, NULL, NULL), EQ_OK);
    ck_assert(!b.coarse);
    ck_assert_int_eq(eq_boltzmann_slope(&b, 1.0, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_gradient(s.model, nothing, &gradient, NULL), EQ_OK);
    for (int side = 0; side < 2; side++) {
        conductance = 1e-6 + (side == 0 ? step : -step);
        at[side] = mean_of(diodes, o.temperature, -0.6, 0.6, loss);
    }
    conductance = 1e-6;
    double exact = (at[0] - at[1]) / (2.0 * step);
    ck_assert_msg(fabs(gradient - exact) < 1e-5 * fabs(exact), "%g is %g", gradient, exact);
    eq_boltzmann_close(&b);
    eq_langevin_close(&l);
    eq_session_close(&s);
    eq_experiment_free(x);
}
END_TEST

/* Chances by the algorithm of Marsaglia, Tsang and Wang (J. Stat. Soft. 8(18), 2003), whose own examples are those of n = 10
 * with 0.274, 2000 with 0.04 and 16000; far out, where it decides nothing, the series is off by 2 %. */
static const struct {
    double n, distance, chance, within;
} known[] = {
    {10, 0.274, 0.37152038454349570, 1e-3},       {10, 0.4, 0.05898924520000459, 2e-2},
    {100, 0.1, 0.25269275700642635, 1e-3},        {100, 0.163, 0.00865218648453392, 1e-2},
    {500, 0.03, 0.7473166221808714, 1e-4},        {1000, 0.05, 0.013012071309443263, 1e-3},
    {2000, 0.02, 0.3953133720030857, 1e-4},       {2000, 0.04, 0.00323056808286323, 1e-3},
    {16000, 0.016, 0.00054765086171947915, 1e-3}, {1e6, 1.3580986393225505e-3, 0.05, 2e-3},
};

START_TEST(chances_are_those_of_the_exact_distribution) {
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        double p = eq_smirnov_chance(known[k].distance, known[k].n);
        ck_assert_msg(fabs(p / known[k].chance - 1.0) < known[k].within, "%g, %g: %.9g", known[k].n,
                      known[k].distance, p);
    }
    ck_assert(eq_smirnov_chance(1e-4, 1e4) == 1.0);
    ck_assert(eq_smirnov_chance(1.0, 1e4) == 0.0);
}
END_TEST

/* The chance of each unit's samples under the density of another temperature. */
static void held_to(const eq_experiment *x, const eq_langevin_report *r, double temperature,
                    double p[EQ_BOLTZMANN_UNITS]) {
    eq_session s = {.x = x};
    eq_engine_options e = {eq_experiment_has_circuit(x) ? EQ_ENGINE_SPARSE : EQ_ENGINE_AUTO, 1, 1};
    eq_sampling o = eq_sampling_defaults();
    eq_langevin l;
    eq_boltzmann b;
    eq_histogram h;
    o.temperature = temperature;
    ck_assert_int_eq(eq_session_open(&s, &e, NULL), EQ_OK);
    ck_assert_int_eq(eq_session_free_phase(&s, s.set.train, s.set.train_index, 1, NULL), EQ_OK);
    ck_assert_int_eq(eq_langevin_open(&l, s.model, 1, &x->cost, s.goal, &o, 1, NULL), EQ_OK);
    ck_assert_int_eq(eq_boltzmann_open(&b, &l, s.input, NULL, NULL), EQ_OK);
    for (size_t k = 0; k < r->units; k++) {
        size_t column = r->table->variables - r->units + k;
        ck_assert_int_eq(
            eq_histogram_of(r->table, column, r->moment[column].effective, &b, 0.0, k, &h, NULL),
            EQ_OK);
        p[k] = h.p;
    }
    eq_boltzmann_close(&b);
    eq_langevin_close(&l);
    eq_session_close(&s);
}

/* One node, two, one unit, two that are coupled. */
static const struct {
    const char *deck, *network;
    double temperature;
} small[] = {
    {PAIR, CIRCUIT, 2e-9},
    {"d\nVx x 0 0\nVy y 0 0\nRx x h 1meg\nRy y o 300k\nRm h o 1meg\nD1 h 0 dm\n"
     ".model dm D(is=1e-10)\n*% input Vx Vy\n*% output o\n*% train rx gmin=1n gmax=1\n.end\n",
     CIRCUIT, 1e-8},
    {"", "<network kind='hopfield' layers='2,1'/>", 0.02},
    {"", "<network kind='hopfield' layers='2,1,1'/>", 0.02},
};

START_TEST(samples_have_the_density_of_their_temperature_and_of_no_other) {
    eq_experiment *x = experiment_of(small[_i].deck, small[_i].network);
    eq_langevin_options o = eq_langevin_defaults();
    double p[EQ_BOLTZMANN_UNITS];
    o.temperature = small[_i].temperature;
    o.steps = 1500000;
    eq_langevin_report r = report_of(x, &o);
    ck_assert(r.quadrature && r.unlikely == 0);
    for (size_t k = 0; k < r.units; k++) {
        const eq_histogram *h = &r.histogram[k];
        double all[2] = {0.0, 0.0};
        for (int j = 0; j < EQ_HISTOGRAM_BINS; j++) {
            all[0] += h->width * h->sampled[j];
            all[1] += h->width * h->exact[j];
        }
        ck_assert_msg(h->p > 1e-3 && h->effective > 500.0, "%g of %g", h->p, h->effective);
        ck_assert_double_eq_tol(all[0], 1.0, 1e-9);
        ck_assert_double_eq_tol(all[1], 1.0, 1e-3);
    }
    held_to(x, &r, o.temperature, p);
    for (size_t k = 0; k < r.units; k++) ck_assert(p[k] == r.histogram[k].p);
    for (int side = 0; side < 2; side++) {
        held_to(x, &r, o.temperature * (side == 0 ? 1.3 : 1.0 / 1.3), p);
        for (size_t k = 0; k < r.units; k++)
            ck_assert_msg(p[k] < r.least_chance, "unit %zu, %d: %g", k, side, p[k]);
    }
    eq_langevin_report_free(&r);
    eq_experiment_free(x);
}
END_TEST

START_TEST(histograms_are_drawn_and_told) {
    char *text;
    expect_exit(0, &text, "langevin netlists/boltzmann.xml -T 1e-8 --histogram %s", in("h.svg"));
    ck_assert_ptr_nonnull(strstr(text, "against exp(-E/T)/Z by quadrature"));
    free(text);
    char *drawn = file_text(in("h.svg"));
    ck_assert(strstr(drawn, "exp(-E/T)") != NULL && strstr(drawn, "v(y)") != NULL);
    eq_free(drawn);
    expect_exit(0, NULL, "langevin netlists/boltzmann.xml -T 1e-8 --histogram %s", in("h.csv"));
    drawn = file_text(in("h.csv"));
    ck_assert_ptr_eq(strstr(drawn, "v(h),\"v(h) sampled\",\"v(h) exact\",v(y)"), drawn);
    eq_free(drawn);
    expect_exit(0, NULL, "plot %s --columns v(y) -o %s", in("h.csv"), in("y.svg"));
    drawn = file_text(in("y.svg"));
    ck_assert(strstr(drawn, "v(h)") == NULL && strstr(drawn, "v(y)") != NULL);
    eq_free(drawn);
    expect_exit(2, &text, "plot %s --columns v(z) -o %s", in("h.csv"), in("z.svg"));
    ck_assert_ptr_nonnull(strstr(text, "has no column 'v(z)'"));
    free(text);
    expect_exit(0, &text, "langevin netlists/boltzmann.xml -T 1e-8 --json");
    ck_assert_ptr_nonnull(strstr(text, "\"chance\": 0."));
    free(text);
}
END_TEST

START_TEST(larger_systems_have_histograms_alone) {
    char *text;
    expect_exit(0, &text, "langevin netlists/langevin-iris.xml -T 0.1 --steps 20000 --histogram %s",
                in("h.svg"));
    ck_assert_ptr_nonnull(strstr(text, "no quadrature of exp(-E/T): that takes one or two units"));
    free(text);
    expect_exit(0, &text,
                "langevin netlists/langevin-iris.xml -T 0.1 --steps 20000 --json "
                "--histogram %s",
                in("h.csv"));
    ck_assert_ptr_nonnull(strstr(text, "\"quadrature\": false"));
    ck_assert_ptr_nonnull(strstr(text, "\"chance\": null"));
    free(text);
    text = file_text(in("h.csv"));
    ck_assert_ptr_null(strstr(text, "exact"));
    eq_free(text);
}
END_TEST

/* E = (a^2 + b^2)/2 - 3 a b + a + b has two modes, (0, 0) and (1, 1), of the same energy: what never leaves one of them has
 * another histogram than the density. */
START_TEST(a_process_that_has_not_seen_all_is_told) {
    char *text;
    put("two.csv", "x,t\n0.5,0.5\n0.2,0.5\n");
    put("two.xml",
        "<experiment><network kind='hopfield' layers='1,1,1'/><data format='csv' path='two.csv' "
        "targets='t'/><cost type='squared-error'/><estimator nudging='energy'/><optimizer "
        "type='sgd' rate='1'><group match='w1' init='uniform' low='0' high='0'/><group match='w2' "
        "init='uniform' low='3' high='3'/><group match='b*' init='uniform' low='-1' "
        "high='-1'/></optimizer></experiment>");
    expect_exit(0, NULL, "langevin %s -T 0.5 --steps 100000", in("two.xml"));
    expect_exit(1, &text, "langevin %s -T 0.02 --steps 400000 --step 1e-4", in("two.xml"));
    ck_assert_msg(strstr(text, "have a chance of") != NULL, "%s", text);
    free(text);
}
END_TEST

static const struct {
    const char *arguments, *expected;
} refused[] = {
    {"netlists/linear.xml", "give --temperature"},
    {"netlists/linear.xml -T -1", "not positive"},
    {"netlists/linear.xml -T 0", "not positive"},
    {"netlists/linear.xml -T 1e-6 --step 7000", "above 6666.67"},
    {"netlists/linear.xml -T 1e-6 --step 1 --steps 200", "of the shortest time constant"},
    {"netlists/linear.xml -T 1e-6 --example 100000", "there is no example"},
    {"netlists/linear.xml -T 1e-6 --example 61", "there is no example 61; the training set has 60"},
    {"netlists/linear.xml -T 1e-6 --example 0", "counts from 1"},
    {"netlists/linear.xml -T 1e-6 --steps 3", "too few"},
    {"netlists/discrete-digits.xml -T 1", "discrete-time"},
};

START_TEST(a_trajectory_is_drawn_over_time) {
    expect_exit(0, NULL, "langevin netlists/linear.xml -T 1e-6 --steps 2000 -o %s", in("l.csv"));
    expect_exit(0, NULL, "plot %s -o %s", in("l.csv"), in("l.svg"));
}
END_TEST

START_TEST(what_cannot_be_sampled_is_refused) {
    outcome got = run_program("langevin %s", refused[_i].arguments);
    ck_assert_int_ne(got.exit_status, 0);
    ck_assert_msg(strstr(got.text, refused[_i].expected) != NULL, "%s: %s", refused[_i].arguments,
                  got.text);
    outcome_free(&got);
}
END_TEST

START_TEST(the_last_example_is_one) {
    char *said = NULL;
    expect_exit(0, &said, "langevin netlists/linear.xml -T 1e-6 --example 60 --steps 1000");
    ck_assert_msg(strstr(said, ": 1 units at T = 1e-06") != NULL, "%s", said);
    free(said);
}
END_TEST

Suite *langevin_suite(void) {
    Suite *s = suite_create("langevin");
    TCase *t = tcase_create("langevin");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, linear_circuits_have_the_covariance_of_their_hessian);
    tcase_add_test(t, a_node_with_diodes_has_the_boltzmann_density);
    tcase_add_test(t, a_step_is_as_short_as_where_the_process_goes_needs);
    tcase_add_loop_test(t, a_hopfield_unit_is_kept_between_its_bounds, 0, 4);
    tcase_add_loop_test(t, the_contrast_of_means_is_the_slope_of_the_mean_loss, 0, 4);
    tcase_add_loop_test(t, quadrature_has_the_slope_of_the_mean_loss, 0, 2);
    tcase_add_test(t, a_trajectory_is_drawn_over_time);
    tcase_add_test(t, chances_are_those_of_the_exact_distribution);
    tcase_add_loop_test(t, samples_have_the_density_of_their_temperature_and_of_no_other, 0,
                        (int)(sizeof small / sizeof *small));
    tcase_add_test(t, histograms_are_drawn_and_told);
    tcase_add_test(t, larger_systems_have_histograms_alone);
    tcase_add_test(t, a_process_that_has_not_seen_all_is_told);
    tcase_add_test(t, the_last_example_is_one);
    tcase_add_loop_test(t, what_cannot_be_sampled_is_refused, 0,
                        (int)(sizeof refused / sizeof *refused));
    suite_add_tcase(s, t);
    return s;
}
