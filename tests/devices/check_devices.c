/* The property test over all registered device classes: whatever is added to registry.def is held
 * to dp/dx = y, dy/dx, dy/dc, dp/dw and dy/dw by central differences, to equal bits in tables of 1
 * and of 1000, and to be free of NaN at extreme drops. Closed forms of single classes follow. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "devices/diode_junction.h"
#include "devices/diode_law.h"
#include "devices/registry.h"

Suite *devices_suite(void);

enum { ROWS = 1000 };

static const eq_environment env = {0.025864917007157 / 300.15, 27.0, 27.0, 1e-12};

typedef struct table {
    double *w[EQ_MAX_COLUMNS];
    double x[ROWS], c[ROWS];
} table;

/* Values worth trying for a parameter: the default where there is one, else around 1. */
static double some_value(const eq_param *p, eq_random *r) {
    if (strcmp(p->unit, "C") == 0) return NAN;
    if (strcmp(p->name, "dtemp") == 0) return 0.0; /* near_breakdown reckons at 27 C */
    static const struct {
        const char *name;
        double usual;
    } small[] = {{"isr", 1e-12}, {"jsw", 1e-12}, /* beside is of 1e-14 */
                 {"kp", 1e-4},   {"js", 1e-6},    {"tox", 1e-8}, {"nsub", 1e15},  {"nss", 1e10},
                 {"ld", 1e-6},   {"ad", 1e-10},   {"as", 1e-10}, {"lambda", 0.1}, {"vaf", 60.0},
                 {"var", 30.0},  {"ikf", 1e-2},   {"ikr", 1e-2}, {"ise", 1e-14},  {"iss", 1e-15},
                 {"isc", 1e-14}, {"theta", 0.01}, {"eta", 0.1},  {"xj", 1e-6},    {"nfs", 1e11},
                 {"wd", 1e-6},   {"xl", 1e-6},    {"xw", 1e-6},  {"delvto", 0.2}, {"vmax", 1e5},
                 {"tpb", 1e-3},  {"tm1", 1e-3},   {"tm2", 1e-5}, {"uexp", 0.1},   {"irb", 1e-4},
                 {"rc", 10.0},   {"re", 1.0},     {"rb", 100.0}};
    double usual = 1.0;
    for (size_t k = 0; k < sizeof small / sizeof *small; k++)
        if (strcmp(p->name, small[k].name) == 0) usual = small[k].usual;
    bool given = isfinite(p->default_value) && p->default_value != 0.0 && p->default_value < 1e20;
    double base = given ? p->default_value : usual; /* 1e30 stands for none */
    double value = base * exp(2.0 * eq_random_uniform(r) - 1.0);
    return fmin(fmax(value, p->min), p->max);
}

static table *table_new(const eq_device_class *cls, uint64_t seed) {
    table *t = calloc(1, sizeof *t);
    eq_random r = eq_random_seed(seed);
    for (int k = 0; k < cls->columns; k++) t->w[k] = calloc(ROWS, sizeof(double));
    for (int k = 0; k < cls->params; k++)
        for (int j = 0; j < ROWS; j++) {
            double value = some_value(&cls->param[k], &r);
            double none = cls->param[k].default_value; /* 0, or 1e30 of a limit */
            bool left_out = (none == 0.0 || none > 1e20) && eq_random_below(&r, 2) == 0;
            t->w[k][j] = left_out ? none : value;
        }
    for (int j = 0; j < ROWS; j++) {
        t->x[j] = 1.6 * eq_random_uniform(&r) - 0.8;
        t->c[j] = 2.0 * eq_random_uniform(&r) - 1.0;
    }
    if (cls->derive != NULL) cls->derive(ROWS, t->w, &env);
    return t;
}

static void table_free(table *t) {
    for (int k = 0; k < EQ_MAX_COLUMNS; k++) free(t->w[k]);
    free(t);
}

static void row_of(const eq_device_class *cls, const table *t, int j, double **w) {
    for (int k = 0; k < cls->columns; k++) w[k] = &t->w[k][j];
}

/* Behavioural sources have a formula, no law of their own (tests/circuit/check_formula.c); port
 * classes have tests of theirs. */
static bool has_law(const eq_device_class *cls) {
    return cls->control != EQ_CONTROL_FORMULA && cls->control != EQ_CONTROL_PORT;
}

static const double *control_of(const eq_device_class *cls, const double *c) {
    return cls->control == EQ_CONTROL_NONE ? NULL : c;
}

static double energy_at(const eq_device_class *cls, double **w, double x, double c) {
    double p;
    cls->energy(1, w, &x, control_of(cls, &c), &p);
    return p;
}

static double value_at(const eq_device_class *cls, double **w, double x, double c) {
    double y, g;
    cls->value_and_slope(1, w, &x, control_of(cls, &c), &y, &g, NULL);
    return y;
}

static void near(double a, double b, double scale, const char *what, const eq_device_class *cls) {
    ck_assert_msg(fabs(a - b) <= 2e-6 * (fabs(a) + fabs(b)) + 1e-9 * scale,
                  "%s of %s: %.12g against %.12g", what, cls->name, a, b);
}

/* Breakdown begins at -xbv of the junction's drop x - rs i; 1e-3 V because is moves xbv.
 * Recombination ends at -3 n Vt with a jump. */
static bool near_breakdown(double **w, double x) {
    const eq_device_class *cls = &eq_class_diode;
    double bv = *w[eq_param_find(cls, "bv")], n = *w[eq_param_find(cls, "n")],
           vt = env.k_over_q * 300.15;
    double nbv = *w[eq_param_find(cls, "nbv")], m = *w[eq_param_find(cls, "m")], moved;
    double is = *w[eq_param_find(cls, "is")] * *w[eq_param_find(cls, "area")], y, g;
    cls->value_and_slope(1, w, &x, NULL, &y, &g, NULL);
    double scale = *w[eq_param_find(cls, "area")] * m;
    double v = x - *w[eq_param_find(cls, "rs")] / scale * y;
    if (*w[eq_param_find(cls, "isr")] > 0.0 && fabs(v + 3.0 * n * vt) < 1e-3) return true;
    if (bv == 0.0) return false;
    double xbv = eq_junction_breakdown(is, vt, bv, *w[eq_param_find(cls, "ibv")],
                                       (nbv > 0.0 ? nbv : n) * vt, &moved);
    if (xbv < 3.0 * n * vt) return fabs(v) < 1e-3 || fabs(v + 3.0 * n * vt) < 1e-3;
    return fabs(v + xbv) < 1e-3;
}

/* A drop within 1e-4 V of a kink of the law has no meaningful central difference. */
static bool near_kink(const eq_device_class *cls, double **w, double x) {
    if (cls == &eq_class_ideal_diode) return fabs(x - *w[2]) < 1e-4;
    if (cls == &eq_class_limited_diode) { /* knees and the ends of bends; see its enum */
        double vfwd = *w[2], vrev = *w[3], bend = *w[7], back = *w[8];
        return fabs(x - vfwd) < 1e-4 || fabs(x - vfwd - bend) < 1e-4 || fabs(x + vrev) < 1e-4 ||
               fabs(x + vrev + back) < 1e-4;
    }
    return cls == &eq_class_diode && near_breakdown(w, x);
}

START_TEST(derivatives_match_differences) {
    const eq_device_class *cls = eq_class(_i);
    if (!has_law(cls)) return;
    table *t = table_new(cls, 7);
    double *w[EQ_MAX_COLUMNS] = {NULL};
    for (int j = 0; j < ROWS; j++) {
        row_of(cls, t, j, w);
        double x = t->x[j], c = t->c[j], h = 1e-5, y, dx, dc;
        if (near_kink(cls, w, x)) continue;
        cls->value_and_slope(1, w, &x, control_of(cls, &c), &y, &dx, &dc);
        double scale = fabs(y) + fabs(dx) + 1e-12;
        near((energy_at(cls, w, x + h, c) - energy_at(cls, w, x - h, c)) / (2 * h), y, scale,
             "dp/dx", cls);
        near((value_at(cls, w, x + h, c) - value_at(cls, w, x - h, c)) / (2 * h), dx, scale,
             "dy/dx", cls);
        near((value_at(cls, w, x, c + h) - value_at(cls, w, x, c - h)) / (2 * h), dc, scale,
             "dy/dc", cls);
        ck_assert_double_eq_tol(energy_at(cls, w, 0.0, c), 0.0, 1e-300);
    }
    table_free(t);
}
END_TEST

/* Moves parameter k by h (relative), with the derived columns, and returns p or y. */
static double shifted(const eq_device_class *cls, double **w, int k, double h, double x, double c,
                      bool energy) {
    double kept = *w[k];
    *w[k] = kept * (1.0 + h);
    if (cls->derive != NULL) cls->derive(1, w, &env);
    double result = energy ? energy_at(cls, w, x, c) : value_at(cls, w, x, c);
    *w[k] = kept;
    if (cls->derive != NULL) cls->derive(1, w, &env);
    return result;
}

START_TEST(parameter_gradients_match_differences) {
    const eq_device_class *cls = eq_class(_i);
    for (int k = 0; k < cls->params; k++)
        ck_assert(!cls->param[k].trainable ||
                  (cls->param_energy != NULL && cls->param_value != NULL) ||
                  (cls->control == EQ_CONTROL_PORT && cls->param_port != NULL));
    if (!has_law(cls)) return;
    table *t = table_new(cls, 8);
    double *w[EQ_MAX_COLUMNS] = {NULL};
    for (int k = 0; k < cls->params; k++) {
        for (int j = 0; cls->param[k].trainable && j < ROWS; j++) {
            row_of(cls, t, j, w);
            double h = cls->rate != NULL ? 1e-6 : 1e-5; /* ron and roff are far apart: it bends */
            double x = t->x[j], c = t->c[j], dp, dy, step = 2 * h * *w[k];
            if (near_kink(cls, w, x) || *w[k] == 0.0) continue;
            const double *control = control_of(cls, &c);
            cls->param_energy(1, w, k, &x, control, &dp);
            cls->param_value(1, w, k, &x, control, &dy);
            /* the difference is taken of p and y: their rounding, over the step, is what it cannot
             * see */
            near((shifted(cls, w, k, h, x, c, true) - shifted(cls, w, k, -h, x, c, true)) / step,
                 dp, fabs(energy_at(cls, w, x, c) / *w[k]), "dp/dw", cls);
            near((shifted(cls, w, k, h, x, c, false) - shifted(cls, w, k, -h, x, c, false)) / step,
                 dy, fabs(value_at(cls, w, x, c) / *w[k]), "dy/dw", cls);
        }
    }
    table_free(t);
}
END_TEST

/* At other temperatures is goes with exp(../n), of plain junctions and of wide ones. */
START_TEST(warm_diodes_learn) {
    static const double above[] = {-60.0, 60.0};
    static const char *const none[] = {"bv", "isr", "trs1", "trs2"}, *const trained[] = {"is", "n"};
    const eq_device_class *cls = &eq_class_diode;
    table *t = table_new(cls, 9);
    double *w[EQ_MAX_COLUMNS] = {NULL};
    for (int j = 0; j < 2 * ROWS; j++) {
        double dp, dy, h = 1e-5, x = t->x[j % ROWS];
        row_of(cls, t, j % ROWS, w);
        for (int k = 0; k < 4; k++) *w[eq_param_find(cls, none[k])] = 0.0;
        *w[eq_param_find(cls, "dtemp")] = above[j / ROWS];
        cls->derive(1, w, &env);
        for (int q = 0; q < 2; q++) {
            int k = eq_param_find(cls, trained[q]);
            double step = 2 * h * *w[k];
            cls->param_energy(1, w, k, &x, NULL, &dp);
            cls->param_value(1, w, k, &x, NULL, &dy);
            near((shifted(cls, w, k, h, x, 0.0, true) - shifted(cls, w, k, -h, x, 0.0, true)) /
                     step,
                 dp, fabs(energy_at(cls, w, x, 0.0) / *w[k]), trained[q], cls);
            near((shifted(cls, w, k, h, x, 0.0, false) - shifted(cls, w, k, -h, x, 0.0, false)) /
                     step,
                 dy, fabs(value_at(cls, w, x, 0.0) / *w[k]), trained[q], cls);
        }
    }
    table_free(t);
}
END_TEST

/* What a class without a port stores in rows j, .. of its table at the drops x. */
typedef struct stores {
    double v[ROWS], q[ROWS], c[ROWS];
} stores;

static stores stores_at(const eq_device_class *cls, size_t n, double **w, const double *x) {
    stores s;
    double *v[] = {s.v}, *q[] = {s.q}, *c[] = {s.c};
    ck_assert_int_eq(cls->storages, 1);
    cls->stored(n, w, &x, v, q, c);
    return s;
}

/* q(0) = 0 and dq = C dv by differences; those of ports in check_charge.c. */
START_TEST(charges_match_differences) {
    const eq_device_class *cls = eq_class(_i);
    if (cls->stored == NULL || !has_law(cls)) return;
    table *t = table_new(cls, 11);
    double *w[EQ_MAX_COLUMNS] = {NULL}, zero = 0.0, h = 1e-5;
    for (int j = 0; j < ROWS; j++) {
        row_of(cls, t, j, w);
        double x[3] = {t->x[j], t->x[j] + h, t->x[j] - h};
        if (near_kink(cls, w, x[0])) continue;
        stores at = stores_at(cls, 1, w, &x[0]), up = stores_at(cls, 1, w, &x[1]);
        stores down = stores_at(cls, 1, w, &x[2]), none = stores_at(cls, 1, w, &zero);
        near((up.q[0] - down.q[0]) / (2 * h), at.c[0] * (up.v[0] - down.v[0]) / (2 * h),
             fabs(at.q[0]) + fabs(at.c[0]), "dq/dv", cls);
        ck_assert_double_eq(none.q[0], 0.0);
    }
    table_free(t);
}
END_TEST

/* One element of a port class at the potentials z[nodes]. */
typedef struct ports {
    double i[EQ_MAX_TERMINALS], g[EQ_MAX_TERMINALS * EQ_MAX_TERMINALS];
} ports;

static ports ports_at(const eq_device_class *cls, double **w, const double *z) {
    ports p = {{0}, {0}};
    int nodes = eq_class_nodes(cls);
    const double *at[EQ_MAX_TERMINALS];
    double *i[EQ_MAX_TERMINALS], *g[EQ_MAX_TERMINALS * EQ_MAX_TERMINALS];
    for (int a = 0; a < nodes; a++) {
        at[a] = &z[a];
        i[a] = &p.i[a];
        for (int b = 0; b < nodes; b++) g[a * nodes + b] = &p.g[a * nodes + b];
    }
    cls->port(1, w, at, NULL, i, g);
    return p;
}

/* With parameter k at that value. */
static ports moved_port(const eq_device_class *cls, double **w, int k, double value,
                        const double *z) {
    *w[k] = value;
    if (cls->derive != NULL) cls->derive(1, w, &env);
    return ports_at(cls, w, z);
}

/* Sums that are zero, G and di/dw by differences;
 * a terminal that carries nothing has no current. */
START_TEST(ports_match_differences) {
    const eq_device_class *cls = eq_class(_i);
    if (cls->control != EQ_CONTROL_PORT) return;
    table *t = table_new(cls, 12);
    eq_random r = eq_random_seed(13);
    int nodes = eq_class_nodes(cls);
    double *w[EQ_MAX_COLUMNS] = {NULL}, h = 1e-6, z[EQ_MAX_TERMINALS], didw[EQ_MAX_TERMINALS];
    for (int j = 0; j < ROWS; j++) {
        row_of(cls, t, j, w);
        for (int a = 0; a < nodes; a++) z[a] = 4.0 * eq_random_uniform(&r) - 2.0;
        ports here = ports_at(cls, w, z);
        double scale = 1e-12, sum = 0.0;
        for (int a = 0; a < nodes; a++) scale += fabs(here.i[a]);
        for (int a = 0; a < nodes * nodes; a++) scale += fabs(here.g[a]);
        for (int a = 0; a < nodes; a++) sum += here.i[a];
        ck_assert_double_le(fabs(sum), 1e-12 * scale);
        for (int b = 0; b < nodes; b++) {
            double kept = z[b], column = 0.0;
            z[b] = kept + h;
            ports up = ports_at(cls, w, z);
            z[b] = kept - h;
            ports down = ports_at(cls, w, z);
            z[b] = kept;
            for (int a = 0; a < nodes; a++) {
                near((up.i[a] - down.i[a]) / (2 * h), here.g[a * nodes + b], 1e3 * scale, "di/dz",
                     cls);
                column += here.g[a * nodes + b];
            }
            ck_assert_double_le(fabs(column), 1e-12 * scale);
        }
        for (int a = 0; a < nodes; a++) {
            double row = 0.0;
            for (int b = 0; b < nodes; b++) row += here.g[a * nodes + b];
            ck_assert_double_le(fabs(row), 1e-12 * scale);
            if (a < cls->terminals && (cls->carries >> a & 1) == 0)
                ck_assert_double_eq(here.i[a], 0.0);
        }
        for (int k = 0; k < cls->params; k++) {
            if (!cls->param[k].trainable) continue;
            const double *at[EQ_MAX_TERMINALS];
            double *to[EQ_MAX_TERMINALS], kept = *w[k], step = 1e-6 * kept;
            for (int a = 0; a < nodes; a++) at[a] = &z[a], to[a] = &didw[a];
            cls->param_port(1, w, k, at, to);
            if (kept == 0.0) continue;
            ports up = moved_port(cls, w, k, kept + step, z);
            ports down = moved_port(cls, w, k, kept - step, z);
            moved_port(cls, w, k, kept, z);
            for (int a = 0; a < nodes; a++)
                near((up.i[a] - down.i[a]) / (2 * step), didw[a], 1e3 * scale / fabs(kept),
                     cls->param[k].name, cls);
        }
    }
    table_free(t);
}
END_TEST

START_TEST(tables_of_one_and_of_many_give_the_same_bits) {
    const eq_device_class *cls = eq_class(_i);
    if (!has_law(cls)) return;
    table *t = table_new(cls, 9);
    static double p[ROWS], y[ROWS], g[ROWS], d[ROWS];
    const double *control = control_of(cls, t->c);
    cls->energy(ROWS, t->w, t->x, control, p);
    cls->value_and_slope(ROWS, t->w, t->x, control, y, g, d);
    double *w[EQ_MAX_COLUMNS] = {NULL};
    for (int j = 0; j < ROWS; j++) {
        double p1, y1, g1, d1;
        row_of(cls, t, j, w);
        cls->energy(1, w, &t->x[j], control == NULL ? NULL : &t->c[j], &p1);
        cls->value_and_slope(1, w, &t->x[j], control == NULL ? NULL : &t->c[j], &y1, &g1, &d1);
        ck_assert(memcmp(&p1, &p[j], 8) == 0 && memcmp(&y1, &y[j], 8) == 0);
        ck_assert(memcmp(&g1, &g[j], 8) == 0 && memcmp(&d1, &d[j], 8) == 0);
    }
    table_free(t);
}
END_TEST

/* The same of what is asked of single elements now: by parameters, the slope's bound, the charge. */
START_TEST(other_laws_of_one_and_of_many_give_the_same_bits) {
    const eq_device_class *cls = eq_class(_i);
    if (!has_law(cls)) return;
    table *t = table_new(cls, 9);
    static double dp[ROWS], dy[ROWS], least[ROWS];
    stores all = {{0}, {0}, {0}};
    const double *control = control_of(cls, t->c);
    double *w[EQ_MAX_COLUMNS] = {NULL};
    if (cls->least_slope != NULL) cls->least_slope(ROWS, t->w, least);
    if (cls->stored != NULL) all = stores_at(cls, ROWS, t->w, t->x);
    for (int k = 0; k < cls->params; k++) {
        bool learns = cls->param[k].trainable && cls->param_value != NULL;
        if (learns) cls->param_energy(ROWS, t->w, k, t->x, control, dp);
        if (learns) cls->param_value(ROWS, t->w, k, t->x, control, dy);
        for (int j = 0; j < ROWS; j++) {
            const double *x = &t->x[j], *own = control == NULL ? NULL : &t->c[j];
            double dp1 = dp[j], dy1 = dy[j], least1 = least[j];
            stores one = {{all.v[j]}, {all.q[j]}, {all.c[j]}};
            row_of(cls, t, j, w);
            if (learns) cls->param_energy(1, w, k, x, own, &dp1);
            if (learns) cls->param_value(1, w, k, x, own, &dy1);
            if (cls->least_slope != NULL) cls->least_slope(1, w, &least1);
            if (cls->stored != NULL) one = stores_at(cls, 1, w, x);
            ck_assert(memcmp(&dp1, &dp[j], 8) == 0 && memcmp(&dy1, &dy[j], 8) == 0);
            ck_assert(memcmp(one.q, &all.q[j], 8) == 0 && memcmp(one.c, &all.c[j], 8) == 0);
            ck_assert(memcmp(&least1, &least[j], 8) == 0);
        }
    }
    table_free(t);
}
END_TEST

START_TEST(extreme_drops_give_no_nan) {
    const eq_device_class *cls = eq_class(_i);
    if (!has_law(cls)) return;
    table *t = table_new(cls, 10);
    static const double extreme[] = {0.0, 1e-300, -1e-300, 10.0, -10.0, 1e6, -1e6, 1e100, -1e100};
    double *w[EQ_MAX_COLUMNS] = {NULL};
    for (size_t k = 0; k < sizeof extreme / sizeof *extreme; k++) {
        for (int j = 0; j < ROWS; j++) {
            row_of(cls, t, j, w);
            double x = extreme[k], c = 1.0, y, g;
            cls->value_and_slope(1, w, &x, control_of(cls, &c), &y, &g, NULL);
            ck_assert_msg(!isnan(y) && !isnan(g), "%s at %g", cls->name, x);
            ck_assert_msg(!isnan(energy_at(cls, w, x, c)), "energy of %s at %g", cls->name, x);
            if (cls->control == EQ_CONTROL_NONE && cls->least_slope != NULL) {
                double least;
                cls->least_slope(1, w, &least);
                ck_assert_msg(g >= least * (1.0 - 1e-12), "slope of %s at %g", cls->name, x);
            }
        }
    }
    table_free(t);
}
END_TEST

/* The law of ngspice (docs/theory.md, 7); the numbers are worked out by hand from
 * IS = 1e-14 A and Vt = 0.025864917007157 V. */
START_TEST(diode_law_in_both_regions) {
    double i, g, vt = 0.025864917007157;
    eq_diode_law(0.7, 1e-14, vt, 1e-12, &i, &g);
    ck_assert_double_eq_tol(i, 1e-14 * (exp(0.7 / vt) - 1.0) + 0.7e-12, 1e-17);
    eq_diode_law(-5.0, 1e-14, vt, 1e-12, &i, &g);
    double cube = pow(3.0 * vt / (-5.0 * exp(1.0)), 3.0);
    ck_assert_double_eq_tol(i, -1e-14 * (1.0 + cube) - 5e-12, 1e-26);
}
END_TEST

START_TEST(series_resistance_satisfies_its_equation) {
    const eq_device_class *cls = &eq_class_diode;
    for (double rs = 1e-3; rs < 1e7; rs *= 10.0) {
        for (double u = -3.0; u < 30.0; u += 0.37) {
            double col[EQ_MAX_COLUMNS], *w[EQ_MAX_COLUMNS], i, g, law, slope;
            for (int k = 0; k < cls->columns; k++) {
                col[k] = k < cls->params ? cls->param[k].default_value : NAN;
                w[k] = &col[k];
            }
            col[eq_param_find(cls, "rs")] = rs;
            cls->derive(1, w, &env);
            cls->value_and_slope(1, w, &u, NULL, &i, &g, NULL);
            eq_diode_law(u - rs * i, 1e-14, 0.025864917007157, 1e-12, &law, &slope);
            /* rounding of the junction drop, seen through the slope and fed back by rs */
            ck_assert_double_eq_tol(
                law, i, 1e-12 * fabs(i) + 4e-16 * fabs(u) * slope * (1.0 + rs * slope) + 1e-25);
        }
    }
}
END_TEST

/* ngspice 39: v1 a 0 -5.1, d1 a 0 dd area=2 m=3, dd d(is=1e-14 n=1.2 bv=5 ibv=1e-3), gmin=1e-15,
 * reltol=1e-9; the same with ikf=1e-3 at 0.9 V. */
START_TEST(wide_laws_have_the_numbers_of_ngspice) {
    static const struct {
        double bv, ikf, u, i;
    } point[] = {{5.0, 0.0, -5.1000000000000005, -7.5224705065940256e-02},
                 {5.0, 0.0, -5.4000000000000004, -1.1859823198202648e+03},
                 {0.0, 1e-3, 0.59999999999999809, 1.4205513675525174e-05},
                 {0.0, 1e-3, 0.89999999999999813, 3.2386637049094058e-02}};
    const eq_device_class *cls = &eq_class_diode;
    eq_environment fine = env;
    fine.gmin = 1e-15;
    for (size_t p = 0; p < sizeof point / sizeof *point; p++) {
        double col[EQ_MAX_COLUMNS], *w[EQ_MAX_COLUMNS], i, g;
        for (int k = 0; k < cls->columns; k++) {
            col[k] = k < cls->params ? cls->param[k].default_value : NAN;
            w[k] = &col[k];
        }
        col[eq_param_find(cls, "n")] = 1.2;
        col[eq_param_find(cls, "area")] = 2.0;
        col[eq_param_find(cls, "m")] = 3.0;
        col[eq_param_find(cls, "bv")] = point[p].bv;
        col[eq_param_find(cls, "ikf")] = point[p].ikf;
        cls->derive(1, w, &fine);
        cls->value_and_slope(1, w, &point[p].u, NULL, &i, &g, NULL);
        ck_assert_double_eq_tol(i, point[p].i, 1e-9 * fabs(point[p].i));
    }
}
END_TEST

START_TEST(names_are_found) {
    ck_assert_int_eq(eq_class_find("Diode"), EQ_CLASS_diode);
    ck_assert_int_eq(eq_class_find("triode"), -1);
    ck_assert_int_eq(eq_param_find(&eq_class_diode, "IS"), 0);
    ck_assert_int_eq(eq_param_find(&eq_class_diode, "zz"), -1);
}
END_TEST

/* NAME DEFAULT LEAST..MOST of each parameter, * where it may be trained: the defaults are those of docs/deck.md and
 * ngspice's manual; nan: must be given, or follows from others. */
static const char parameters[] =
    "\nresistor: r nan -1e+300..1e+300* tc1 0 -1e+06..1e+06 tc2 0 -1e+06..1e+06 "
    "temp nan -273.15..1e+06 dtemp 0 -1e+06..1e+06 tce 0 -1e+06..1e+06\n"
    "memristor: g nan 0..1e+300* gmin 0 0..1e+300 gmax inf 0..inf or r nan "
    "0..inf\n"
    "diode: is 1e-14 0..1e+300* n 1 1e-06..1e+06* rs 0 0..1e+300 eg 1.11 0..100 "
    "xti 3 -1000..1000 tnom nan -273.15..1e+06 area 1 1e-300..1e+300 m 1 "
    "1e-300..1e+300 temp nan -273.15..1e+06 bv 0 0..1e+300 ibv 0.001 0..1e+300 "
    "nbv 0 0..1e+06 ikf 0 0..1e+300 isr 0 0..1e+300 nr 1 1e-06..1e+06 vj 1 "
    "1e-06..1e+06 mj 0.5 0..1000 dtemp 0 -1e+06..1e+06 jsw 0 0..1e+300 ns 0 "
    "0..1e+06 pj 0 0..1e+300 trs1 0 -1e+06..1e+06 trs2 0 -1e+06..1e+06 tcv 0 "
    "-1e+06..1e+06 tlev 0 0..2 fc 0.5 0..1 tlevc 0 0..1 tpb 0 -1e+06..1e+06 tm1 0 "
    "-1e+06..1e+06 tm2 0 -1e+06..1e+06 cjo 0 0..1e+300 cjsw 0 0..1e+300 php 1 "
    "0..1e+06 mjsw 0.33 0..1000 fcs 0.5 0..1 tt 0 0..1e+300\n"
    "ideal_diode: ron 1 1e-300..1e+300 roff 1e+12 1e-300..1e+300 vfwd 0 "
    "-1e+300..1e+300*\n"
    "limited_diode: ron 1 1e-300..1e+300 roff 1e+12 1e-300..1e+300 vfwd 0 "
    "-1e+300..1e+300 vrev 1e+30 0..1e+300 rrev 1 1e-300..1e+300 ilimit 1e+30 "
    "1e-300..1e+300 revilimit 1e+30 1e-300..1e+300 epsilon 0 0..1e+300 "
    "revepsilon 0 0..1e+300 m 1 1e-300..1e+300\n"
    "isource: dc 0 -1e+300..1e+300*\n"
    "vsource: dc 0 -1e+300..1e+300*\n"
    "vcvs: gain nan -1e+300..1e+300*\n"
    "cccs: gain nan -1e+300..1e+300*\n"
    "vccs: gm nan -1e+300..1e+300*\n"
    "ccvs: rm nan -1e+300..1e+300*\n"
    "nmos: vto nan -1e+06..1e+06* kp nan 0..1e+06* gamma nan 0..1e+06* phi nan "
    "0.001..1000* lambda 0 0..1e+06* is 1e-14 0..1e+300* js 0 0..1e+300 rd nan "
    "0..1e+300 rs nan 0..1e+300 rsh 0 0..1e+300 tox 0 0..1 nsub nan 0..1e+300 "
    "nss 0 -1e+300..1e+300 tpg 1 -1..1 uo 600 0..1e+300 ld 0 -1e+300..1e+300 "
    "cbd nan 0..1e+300 cbs nan 0..1e+300 cj 0 0..1e+300 mj 0.5 0..1000 cjsw 0 0..1e+300 "
    "mjsw 0.5 0..1000 pb 0.8 0..1000 fc 0.5 0..1 cgso 0 0..1e+300 cgdo 0 0..1e+300 "
    "cgbo 0 0..1e+300 tnom nan -273.15..1e+06 w 0.0001 1e-300..1e+300* l 0.0001 1e-300..1e+300* "
    "ad 0 0..1e+300 as 0 0..1e+300 nrd 1 0..1e+300 nrs 1 0..1e+300 m 1 "
    "1e-300..1e+300 temp nan -273.15..1e+06 dtemp 0 -1e+06..1e+06 "
    "pd 0 0..1e+300 ps 0 0..1e+300\n"
    "pmos: vto nan -1e+06..1e+06* kp nan 0..1e+06* gamma nan 0..1e+06* phi nan "
    "0.001..1000* lambda 0 0..1e+06* is 1e-14 0..1e+300* js 0 0..1e+300 rd nan "
    "0..1e+300 rs nan 0..1e+300 rsh 0 0..1e+300 tox 0 0..1 nsub nan 0..1e+300 "
    "nss 0 -1e+300..1e+300 tpg 1 -1..1 uo 600 0..1e+300 ld 0 -1e+300..1e+300 "
    "cbd nan 0..1e+300 cbs nan 0..1e+300 cj 0 0..1e+300 mj 0.5 0..1000 cjsw 0 0..1e+300 "
    "mjsw 0.5 0..1000 pb 0.8 0..1000 fc 0.5 0..1 cgso 0 0..1e+300 cgdo 0 0..1e+300 "
    "cgbo 0 0..1e+300 tnom nan -273.15..1e+06 w 0.0001 1e-300..1e+300* l 0.0001 1e-300..1e+300* "
    "ad 0 0..1e+300 as 0 0..1e+300 nrd 1 0..1e+300 nrs 1 0..1e+300 m 1 "
    "1e-300..1e+300 temp nan -273.15..1e+06 dtemp 0 -1e+06..1e+06 "
    "pd 0 0..1e+300 ps 0 0..1e+300\n"
    "behavioural_current: m 1 -1e+300..1e+300\n"
    "behavioural_voltage: m 1 -1e+300..1e+300\n";

START_TEST(parameters_have_their_defaults_and_bounds) {
    int known = 0;
    for (int k = 0; k < EQ_BUILT_IN_CLASSES; k++) {
        const eq_device_class *cls = eq_class(k);
        eq_text t = {0};
        eq_text_printf(&t, "\n%s:", cls->name);
        const char *kept = strstr(parameters, t.text);
        for (int p = 0; p < cls->params; p++) {
            const eq_param *q = &cls->param[p];
            eq_text_printf(&t, " %s %g %g..%g%s", q->name, q->default_value, q->min, q->max,
                           q->trainable ? "*" : "");
        }
        if (cls->inverse != NULL)
            eq_text_printf(&t, " or %s %g %g..%g", cls->inverse->name, cls->inverse->default_value,
                           cls->inverse->min, cls->inverse->max);
        eq_text_puts(&t, "\n");
        ck_assert_msg(kept == NULL || strncmp(kept, t.text, t.length) == 0, "%s", t.text);
        known += kept != NULL;
        eq_text_free(&t);
    }
    ck_assert_int_ge(known, 15);
}
END_TEST

Suite *devices_suite(void) {
    Suite *s = suite_create("devices");
    TCase *all = tcase_create("all classes");
    tcase_add_loop_test(all, derivatives_match_differences, 0, EQ_BUILT_IN_CLASSES);
    tcase_add_test(all, warm_diodes_learn);
    tcase_add_loop_test(all, parameter_gradients_match_differences, 0, EQ_BUILT_IN_CLASSES);
    tcase_add_loop_test(all, charges_match_differences, 0, EQ_BUILT_IN_CLASSES);
    tcase_add_loop_test(all, ports_match_differences, 0, EQ_BUILT_IN_CLASSES);
    tcase_add_loop_test(all, tables_of_one_and_of_many_give_the_same_bits, 0, EQ_BUILT_IN_CLASSES);
    tcase_add_loop_test(all, other_laws_of_one_and_of_many_give_the_same_bits, 0,
                        EQ_BUILT_IN_CLASSES);
    tcase_add_loop_test(all, extreme_drops_give_no_nan, 0, EQ_BUILT_IN_CLASSES);
    suite_add_tcase(s, all);
    TCase *one = tcase_create("single classes");
    tcase_add_test(one, diode_law_in_both_regions);
    tcase_add_test(one, series_resistance_satisfies_its_equation);
    tcase_add_test(one, wide_laws_have_the_numbers_of_ngspice);
    tcase_add_test(one, names_are_found);
    tcase_add_test(one, parameters_have_their_defaults_and_bounds);
    suite_add_tcase(s, one);
    return s;
}
