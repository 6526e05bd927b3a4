/* Clamped outputs (coupled learning, Stern et al. 2021): one training step against dividers by hand,
 * against circuits in which sources hold the outputs, solved by the dense reference, and at eta = 1
 * against differences of the contrastive function P(clamped) - P(free) (Scellier 2020, Eq. 3.29). */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/mna.h"
#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "solver/solver.h"
#include "train/checkpoint.h"
#include "train/train.h"
#include "train/trainer.h"

Suite *clamp_suite(void);

enum { EXAMPLES = 3, OUTPUTS = 2, MOST = 16 };
static const double high = 0.6, low = -0.2;

typedef struct method {
    const char *estimator;
    double eta, clamp;
    eq_engine_kind engine;
} method;

static eq_experiment *read_experiment(const method *m, const char *cost, double rate) {
    char text[1024], clamp[32] = "INF";
    eq_experiment *x = NULL;
    eq_diag *diag = eq_diag_new();
    if (isfinite(m->clamp)) snprintf(clamp, sizeof clamp, "%.17g", m->clamp);
    snprintf(text, sizeof text,
             "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv'/>"
             "<cost type='%s' high='%g' low='%g'/>"
             "<estimator type='%s' nudging='clamp' eta='%.17g' g-clamp='%s'/>"
             "<optimizer type='sgd' rate='%.17g'/><minibatch size='%d'/><epochs count='1'/>"
             "</experiment>",
             cost, high, low, m->estimator, m->eta, clamp, rate, EXAMPLES);
    put("net.xml", text);
    eq_status status = eq_experiment_read(in("net.xml"), &x, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    return x;
}

/* dL/dg [n], the largest of which is `most`, by one training step from the conductances g0. */
static void step(const method *m, const char *cost, const double *g0, size_t n, double most,
                 double *gradient, const char *engine) {
    double least = INFINITY;
    for (size_t j = 0; j < n; j++) least = fmin(least, g0[j]);
    double rate = 0.1 * least / most;
    eq_experiment *x = read_experiment(m, cost, rate);
    eq_train_options o = eq_train_defaults();
    eq_train_summary summary = {0};
    eq_checkpoint p = {0};
    eq_diag *diag = eq_diag_new();
    char folder[256];
    snprintf(folder, sizeof folder, "%s", in("run"));
    o.folder = folder;
    o.force = true;
    o.engine = m->engine;
    eq_status status = eq_train(x, &o, NULL, &summary, diag);
    ck_assert_msg(status == EQ_OK, "%s",
                  status == EQ_OK ? "" : eq_diag_get(diag, eq_diag_count(diag) - 1)->text);
    ck_assert(engine == NULL || strcmp(summary.engine, engine) == 0);
    ck_assert_int_eq(eq_checkpoint_read(in("run/" EQ_TRAIN_CHECKPOINT), &p, NULL), EQ_OK);
    ck_assert_uint_eq(p.conductances, n);
    for (size_t j = 0; j < n; j++) gradient[j] = (g0[j] - p.g[j]) / rate;
    eq_checkpoint_free(&p);
    eq_experiment_free(x);
    eq_diag_free(diag);
}

static const double dividers[4] = {1e-3, 5e-4, 2e-4, 8e-4};

/* Two dividers, x - g - o - h - ground: y0 = x g/(g + h), with a conductance c to a the clamped one
 * is (x g + a c)/(g + h + c); the gradients of g and h are ((x - y)^2 - (x - y0)^2)/(2 eta) and
 * (y^2 - y0^2)/(2 eta), means over the examples. */
static void dividers_by_hand(const method *m, const double row[EXAMPLES][2], const int *label,
                             double gradient[4]) {
    memset(gradient, 0, 4 * sizeof *gradient);
    for (int n = 0; n < EXAMPLES; n++)
        for (int k = 0; k < 2; k++) {
            double x = row[n][k], g = dividers[2 * k], h = dividers[2 * k + 1];
            double y0 = x * g / (g + h), target = label[n] == k ? high : low;
            double a = y0 + m->eta * (target - y0);
            double y = isinf(m->clamp) ? a : (x * g + a * m->clamp) / (g + h + m->clamp);
            gradient[2 * k] +=
                ((x - y) * (x - y) - (x - y0) * (x - y0)) / (2.0 * m->eta * EXAMPLES);
            gradient[2 * k + 1] += (y * y - y0 * y0) / (2.0 * m->eta * EXAMPLES);
        }
}

static const method methods[] = {{"one-sided", 0.05, INFINITY, EQ_ENGINE_AUTO},
                                 {"one-sided", 1.0, INFINITY, EQ_ENGINE_AUTO},
                                 {"one-sided", 0.5, 1e-3, EQ_ENGINE_AUTO},
                                 {"one-sided", 1.0, 1e-7, EQ_ENGINE_AUTO}};

START_TEST(dividers_learn_as_by_hand) {
    static const double row[EXAMPLES][2] = {{0.8, -0.5}, {0.3, 0.9}, {-0.7, 0.4}};
    static const int label[EXAMPLES] = {0, 1, 1};
    const method *m = &methods[_i];
    double expected[4], found[4];
    put("net.cir", "two dividers\nVx x 0 0\nVy y 0 0\nRt1 x o 1k\nRt2 o 0 2k\nRt3 y p 5k\n"
                   "Rt4 p 0 1.25k\n*% input Vx Vy\n*% output o p\n"
                   "*% train rt* gmin=1e-9 gmax=1\n.op\n.end\n");
    put("data.csv", "0.8,-0.5,a\n0.3,0.9,b\n-0.7,0.4,b\n");
    step(m, "squared-error", dividers, 4, 1.0, found, NULL);
    dividers_by_hand(m, row, label, expected);
    for (int j = 0; j < 4; j++) ck_assert_double_eq_tol(found[j], expected[j], 1e-9);
}
END_TEST

/* A random circuit: crossbars that the layered engine takes, or any. */
typedef struct net {
    eq_random random;
    eq_text cards;
    char a[MOST][8], b[MOST][8];
    double g[MOST];
    size_t count;
    bool layered, pairs, linear;
    double x[EXAMPLES][2];
    int label[EXAMPLES];
} net;

static double between(net *n, double from, double to) {
    return from + (to - from) * eq_random_uniform(&n->random);
}

static void add(net *n, const char *a, const char *b) {
    ck_assert_uint_lt(n->count, MOST);
    snprintf(n->a[n->count], 8, "%s", a);
    snprintf(n->b[n->count], 8, "%s", b);
    n->g[n->count++] = exp(between(n, log(1e-5), log(1e-3)));
}

static void draw(net *n, uint64_t seed, bool layered) {
    static const char *const from[] = {"x", "y", "bias"};
    static const char *const hidden[] = {"h", "k"};
    static const char *const output[] = {"o", "p", "q", "r"};
    *n = (net){.random = eq_random_seed(seed), .layered = layered, .pairs = seed % 2 == 0};
    n->linear = seed % 3 == 0;
    size_t outputs = n->pairs ? 4 : 2;
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 3; i++) add(n, from[i], hidden[j]);
    for (size_t k = 0; k < outputs; k++)
        for (int j = 0; j < 2; j++) add(n, hidden[j], output[k]);
    if (!layered) add(n, "h", "k");
    for (int j = 0; j < 2 && !n->linear; j++)
        eq_text_printf(&n->cards, "Da%d %s 0 dm\nDb%d 0 %s dm\n", j, hidden[j], j, hidden[j]);
    if (!layered && !n->linear) eq_text_puts(&n->cards, "Do o 0 dm\n");
    eq_text_puts(&n->cards, ".model dm D(is=1e-8)\nVb bias 0 0.4\n");
    for (int j = 0; j < EXAMPLES; j++) {
        n->label[j] = j < 2 ? j : (int)(seed % 2);
        for (int i = 0; i < 2; i++) n->x[j][i] = between(n, -1.5, 1.5);
    }
}

/* The deck; with `at` not NULL sources (through 1/clamp, where that is finite) hold the outputs at
 * at[OUTPUTS]. Conductance `changed` is multiplied by `factor`. */
static eq_circuit *circuit_of(const net *n, const double *x, const double *at, double clamp,
                              size_t changed, double factor) {
    static const char *const plus[2][2] = {{"o", "p"}, {"o", "q"}}, *const minus[] = {"p", "r"};
    eq_text t = {0};
    eq_text_printf(&t, "clamped\nVx x 0 %.17g\nVy y 0 %.17g\n", x[0], x[1]);
    for (size_t j = 0; j < n->count; j++)
        eq_text_printf(&t, "Rt%zu %s %s %.17g\n", j, n->a[j], n->b[j],
                       1.0 / (n->g[j] * (j == changed ? factor : 1.0)));
    for (int k = 0; at != NULL && k < OUTPUTS; k++) {
        const char *from = plus[n->pairs][k], *to = n->pairs ? minus[k] : "0";
        if (isfinite(clamp))
            eq_text_printf(&t, "Rc%d %s c%d %.17g\nVc%d c%d %s %.17g\n", k, from, k, 1.0 / clamp, k,
                           k, to, at[k]);
        else
            eq_text_printf(&t, "Vc%d %s %s %.17g\n", k, from, to, at[k]);
    }
    eq_text_puts(&t, n->cards.text);
    eq_text_puts(&t, "*% input Vx Vy\n");
    eq_text_puts(&t, n->pairs ? "*% output o,p q,r\n" : "*% output o p\n");
    eq_text_puts(&t, "*% train Rt* gmin=1e-12 gmax=10\n.options reltol=1e-12 abstol=1e-18\n.op\n");
    eq_text_puts(&t, ".end\n");
    if (at == NULL) put("net.cir", t.text);
    eq_circuit *c = deck(t.text);
    eq_text_free(&t);
    return c;
}

/* Potentials of example j, free (at NULL) or clamped, that the dense reference confirms: drops of
 * the trained resistors, outputs, and the power P = sum g u^2/2. */
typedef struct state {
    double u[MOST], y[OUTPUTS], power;
} state;

static state state_of(const net *n, int j, const double *at, double clamp, size_t changed,
                      double factor) {
    eq_circuit *c = circuit_of(n, n->x[j], at, clamp, changed, factor);
    eq_solver *s = NULL;
    state q = {.power = 0.0};
    double *v = eq_calloc(eq_circuit_nodes(c), sizeof *v), *branch = eq_calloc(16, sizeof *branch);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, branch, NULL, NULL), EQ_OK);
    mna_step(c, v, branch);
    ck_assert_double_le(mna_step(c, v, branch), 1e-12);
    const eq_table *t = &c->table[EQ_CLASS_memristor];
    ck_assert_uint_eq(t->count, n->count);
    for (size_t k = 0; k < n->count; k++) {
        q.u[k] = v[t->term[0][k]] - v[t->term[1][k]];
        q.power += 0.5 * t->w[0][k] * q.u[k] * q.u[k];
    }
    for (int k = 0; k < OUTPUTS; k++) {
        const eq_output *o = &c->output[k];
        q.y[k] = v[o->plus] - (o->minus == EQ_NONE ? 0.0 : v[o->minus]);
    }
    eq_solver_free(s);
    eq_free(v);
    eq_free(branch);
    eq_circuit_free(c);
    return q;
}

static void aim(const net *n, int j, double eta, const state *rest, double at[OUTPUTS]) {
    for (int k = 0; k < OUTPUTS; k++) {
        double target = n->label[j] == k ? high : low;
        at[k] = rest->y[k] + eta * (target - rest->y[k]);
    }
}

static void write_data(const net *n) {
    eq_text csv = {0};
    for (int j = 0; j < EXAMPLES; j++)
        eq_text_printf(&csv, "%.17g,%.17g,c%d\n", n->x[j][0], n->x[j][1], n->label[j]);
    put("data.csv", csv.text);
    eq_text_free(&csv);
}

/* (dp/dg(clamped) - dp/dg(free))/eta, mean over the examples, both states by the reference; eta may
 * be negative: the clamp on the other side. */
static void contrast(const net *n, double eta, double clamp, double *gradient) {
    memset(gradient, 0, n->count * sizeof *gradient);
    for (int j = 0; j < EXAMPLES; j++) {
        double at[OUTPUTS];
        state rest = state_of(n, j, NULL, 0.0, n->count, 1.0);
        aim(n, j, eta, &rest, at);
        state held = state_of(n, j, at, clamp, n->count, 1.0);
        for (size_t k = 0; k < n->count; k++)
            gradient[k] += (held.u[k] * held.u[k] - rest.u[k] * rest.u[k]) / (2.0 * eta * EXAMPLES);
    }
}

enum { SEEDS = 24 };

START_TEST(random_circuits_learn_as_the_reference) {
    const method *m = &methods[_i % 4];
    net n;
    double expected[MOST], other[MOST], found[MOST], most = 0.0;
    draw(&n, (uint64_t)_i, _i / 4 % 2 == 0);
    const char *cost = n.pairs ? "squared-difference" : "squared-error";
    contrast(&n, m->eta, m->clamp, expected);
    for (size_t k = 0; k < n.count; k++) most = fmax(most, fabs(expected[k]));
    write_data(&n);
    step(m, cost, n.g, n.count, most, found, n.layered ? "layered" : NULL);
    for (size_t k = 0; k < n.count; k++)
        ck_assert_double_eq_tol(found[k], expected[k], 1e-8 * most);
    method both = *m; /* clamped on both sides */
    both.estimator = "symmetric";
    contrast(&n, -m->eta, m->clamp, other);
    step(&both, cost, n.g, n.count, most, found, NULL);
    for (size_t k = 0; k < n.count; k++)
        ck_assert_double_eq_tol(found[k], 0.5 * (expected[k] + other[k]), 1e-8 * most);
    eq_text_free(&n.cards);
}
END_TEST

/* Conductances beyond the round-off of their currents hold the outputs; the reference holds them by sources. */
START_TEST(a_clamp_beyond_round_off_holds) {
    static const double clamp[] = {1e6, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e15, 1e18};
    net n;
    double expected[MOST], found[MOST], most = 0.0;
    draw(&n, 4 + (uint64_t)_i, true);
    contrast(&n, 0.5, INFINITY, expected);
    for (size_t k = 0; k < n.count; k++) most = fmax(most, fabs(expected[k]));
    write_data(&n);
    for (size_t c = 0; c < 2 * (sizeof clamp / sizeof *clamp); c++) {
        const method m = {"one-sided", 0.5, clamp[c / 2],
                          c % 2 == 0 ? EQ_ENGINE_AUTO : EQ_ENGINE_SPARSE};
        step(&m, n.pairs ? "squared-difference" : "squared-error", n.g, n.count, most, found, NULL);
        for (size_t k = 0; k < n.count; k++)
            ck_assert_double_eq_tol(found[k], expected[k], 1e-7 * most);
    }
    eq_text_free(&n.cards);
}
END_TEST

/* With eta = 1, held, the step goes down P(clamped) - P(free): the targets do not move. */
START_TEST(contrastive_hebbian_learning_goes_down_its_function) {
    static const method held = {"one-sided", 1.0, INFINITY, EQ_ENGINE_AUTO};
    net n;
    double found[MOST], most = 0.0, h = 1e-3;
    draw(&n, 3 * (uint64_t)_i, _i % 2 == 0); /* multiples of 3 are linear */
    eq_circuit_free(circuit_of(&n, n.x[0], NULL, 0.0, n.count, 1.0));
    write_data(&n);
    step(&held, n.pairs ? "squared-difference" : "squared-error", n.g, n.count, 1.0, found, NULL);
    for (size_t k = 0; k < n.count; k++) most = fmax(most, fabs(found[k]));
    for (size_t k = 0; k < n.count; k++) {
        double side[2] = {0.0, 0.0};
        for (int q = 0; q < 2; q++)
            for (int j = 0; j < EXAMPLES; j++) {
                double at[OUTPUTS], factor = q == 0 ? 1.0 + h : 1.0 - h;
                state rest = state_of(&n, j, NULL, 0.0, k, factor);
                aim(&n, j, 1.0, &rest, at);
                state clamped = state_of(&n, j, at, INFINITY, k, factor);
                side[q] += (clamped.power - rest.power) / EXAMPLES;
            }
        ck_assert_double_eq_tol(found[k], (side[0] - side[1]) / (2.0 * h * n.g[k]), 1e-5 * most);
    }
    eq_text_free(&n.cards);
}
END_TEST

/* A weak conductance nudges as by energy, whose limit is the gradient; a held output is no gradient,
 * but leads down. */
START_TEST(gradcheck_tells_the_cosine) {
    static const struct {
        method m;
        double least, most;
    } trial[] = {{{"one-sided", 1.0, 1e-10, EQ_ENGINE_AUTO}, 1.0 - 1e-6, 1.0 + 1e-12},
                 {{"symmetric", 0.1, INFINITY, EQ_ENGINE_AUTO}, 0.1, 1.0 - 1e-6}};
    net n;
    draw(&n, 1, _i == 0);
    eq_circuit_free(circuit_of(&n, n.x[0], NULL, 0.0, n.count, 1.0));
    write_data(&n);
    for (size_t k = 0; k < 2; k++) {
        eq_experiment *x = read_experiment(&trial[k].m, "squared-error", 1e-9);
        eq_gradcheck_report r = {0};
        ck_assert_int_eq(eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 0, &r, NULL), EQ_OK);
        const eq_gradcheck_row *row = &r.row[8];
        ck_assert_str_eq(row->estimator, trial[k].m.estimator);
        ck_assert_str_eq(row->nudging, "clamp");
        ck_assert(row->passed && isnan(row->error) && isnan(row->order));
        ck_assert(row->beta == trial[k].m.eta);
        ck_assert_msg(row->cosine >= trial[k].least && row->cosine <= trial[k].most, "cosine %.9g",
                      row->cosine);
        ck_assert(r.own_cosine == row->cosine && isnan(r.own_error) && r.own_beta == row->beta);
        ck_assert_double_le(r.own_round_off, 1e-3);
        eq_gradcheck_free(&r);
        eq_experiment_free(x);
    }
    eq_text_free(&n.cards);
}
END_TEST

/* An output that a source holds cannot be held elsewhere. */
START_TEST(what_cannot_be_held_is_told) {
    static const method held = {"one-sided", 0.5, INFINITY, EQ_ENGINE_SPARSE};
    eq_diag *diag = eq_diag_new();
    put("net.cir", "fixed\nVx x 0 0\nVy y 0 0\nRt1 x h 1k\nRt2 y h 2k\nRt3 h 0 1k\nE1 o 0 h 0 2\n"
                   "Rt4 o p 1k\nRt5 p 0 1k\n*% input Vx Vy\n*% output p o\n"
                   "*% train rt* gmin=1e-9 gmax=1\n.op\n.end\n");
    put("data.csv", "0.8,-0.5,a\n0.3,0.9,b\n-0.7,0.4,b\n");
    eq_experiment *x = read_experiment(&held, "squared-error", 1e-9);
    ck_assert_int_eq(eq_train(x, NULL, NULL, NULL, diag), EQ_ERR_CONVERGE);
    const char *said = eq_diag_get(diag, eq_diag_count(diag) - 2)->text; /* then the rows */
    ck_assert_msg(strstr(said, "output 2 (o) cannot be held") != NULL, "%s", said);
    x->estimator.beta = 1e-30; /* has no part in it */
    x->estimator.clamp = 1e-4;
    ck_assert_int_eq(eq_train(x, NULL, NULL, NULL, diag), EQ_OK);
    eq_experiment_free(x);
    eq_diag_free(diag);
}
END_TEST

/* One layer of units y = clip(x W + b) in [0, 1], whose energy has the terms -x_i w_ij y_j and -b_j y_j: by the
 * hinge the true class is held delta further up, the highest other one delta further down, where a unit can
 * be; dE/dw_ij = -x_i y_j. */
START_TEST(units_are_held_where_they_can_be) {
    static const double row[4][2] = {{0.9, 0.1}, {0.2, 0.8}, {0.5, 0.6}, {1.0, 0.9}}, delta = 0.3,
                        rate = 1e-3;
    static const int at[2][2] = {{0, 1}, {-1, 1}}; /* of one-sided and symmetric clamps */
    eq_experiment *x = NULL;
    eq_trainer *t = NULL;
    char text[1024];
    double was[8], is[8], by_hand[8] = {0.0};
    snprintf(text, sizeof text,
             "<experiment><network kind='hopfield' layers='2,2' tolerance='1e-14'/>"
             "<data format='csv' path='data.csv' header='no'/><cost type='hinge' margin='5'/>"
             "<estimator type='%s' nudging='clamp' delta='%g'/><optimizer type='sgd' rate='%g'>"
             "<group match='*' rate='%g' init='uniform' low='-0.1' high='0.9'/></optimizer>"
             "<minibatch size='4'/></experiment>",
             _i == 0 ? "one-sided" : "symmetric", delta, rate, rate);
    put("net.xml", text);
    put("data.csv", "0.9,0.1,a\n0.2,0.8,b\n0.5,0.6,a\n1.0,0.9,b\n");
    ck_assert_int_eq(eq_experiment_read(in("net.xml"), &x, NULL), EQ_OK);
    ck_assert_int_eq(eq_trainer_new(x, NULL, &t, NULL), EQ_OK);
    eq_session_get(&t->s, was);
    eq_diag *diag = eq_diag_new();
    ck_assert_msg(eq_trainer_step(t, NULL, diag) == EQ_OK, "%s", eq_diag_get(diag, 0)->text);
    eq_session_get(&t->s, is);
    int cut = 0;
    for (int n = 0; n < 4; n++)
        for (int k = 0; k < 2; k++) {
            double y = row[n][0] * was[k] + row[n][1] * was[2 + k] + was[4 + k], side[2];
            y = fmin(fmax(y, 0.0), 1.0);
            for (int q = 0; q < 2; q++) {
                double to = y + at[_i][q] * (k == n % 2 ? delta : -delta);
                side[q] = fmin(fmax(to, 0.0), 1.0);
                cut += side[q] != to;
            }
            double by = (side[1] - side[0]) / (4.0 * delta * (at[_i][1] - at[_i][0]));
            by_hand[k] -= row[n][0] * by;
            by_hand[2 + k] -= row[n][1] * by;
            by_hand[4 + k] -= by;
        }
    ck_assert_int_gt(cut, 0);
    for (int p = 0; p < 6; p++) ck_assert_double_eq_tol((was[p] - is[p]) / rate, by_hand[p], 1e-9);
    eq_diag_free(diag);
    eq_trainer_free(t);
    eq_experiment_free(x);
}
END_TEST

/* The currents that export and verify put on the nudge sources hold the outputs where they should
 * be, one sample after the other. */
START_TEST(sample_rests_at_its_target) {
    static const method held = {"one-sided", 1.0, INFINITY, EQ_ENGINE_AUTO};
    net n;
    draw(&n, 4, _i == 0);
    eq_circuit_free(circuit_of(&n, n.x[0], NULL, 0.0, n.count, 1.0));
    write_data(&n);
    double unused[MOST];
    step(&held, "squared-difference", n.g, n.count, 1e3, unused, NULL);
    eq_trained *t = NULL;
    char folder[256];
    snprintf(folder, sizeof folder, "%s", in("run"));
    put("test.csv", "0.5,-0.4,c0\n-0.6,0.7,c1\n");
    ck_assert_int_eq(eq_trained_open_on(folder, in("test.csv"), 1, &t, NULL), EQ_OK);
    for (size_t k = 0; k < 2; k++) {
        ck_assert_int_eq(eq_trained_sample(t, k, true, NULL), EQ_OK);
        eq_circuit *c = eq_trained_circuit(t);
        eq_solver *s = NULL;
        double *v = eq_calloc(eq_circuit_nodes(c), sizeof *v);
        ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
        ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK);
        for (size_t o = 0; o < OUTPUTS; o++)
            ck_assert_double_eq_tol(v[c->output[o].plus] - v[c->output[o].minus],
                                    o == k ? high : low, 1e-9);
        eq_solver_free(s);
        eq_free(v);
    }
    eq_trained_free(t);
    eq_text_free(&n.cards);
}
END_TEST

/* Potentials of y1 and y2 of a deck. */
static void solve_outputs(const char *text, double y[2]) {
    eq_circuit *c = deck(text);
    eq_solver *s = NULL;
    double *v = eq_calloc(eq_circuit_nodes(c), sizeof *v);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK);
    y[0] = v[eq_circuit_find_node(c, "y1")];
    y[1] = v[eq_circuit_find_node(c, "y2")];
    eq_free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
}

/* Outputs whose nodes are clamped rest there in the exported nudged phase, too: at their targets where they are held, and
 * where 1 mS pulls as beside resistors of 1 kohm to sources at these. Both nodes of a pair have no source of their own. */
START_TEST(clamped_nodes_have_their_currents) {
    static const char *const pulls[] = {"INF", "1e-3", "INF"};
    static const char *const outputs[] = {"y1 y2", "y1 y2", "y1,y3 y2,y4"};
    static const char cards[] =
        "nodes\nR1 a y1 1k\nR2 a y2 2k\nR3 b y1 3k\nR4 b y2 1k\nM1 y1 b 0 0 nm\n"
        "M2 y2 a y1 0 nm\nR5 y1 0 1k\nR6 y2 0 1k\nR7 y1 y3 1k\nR8 y3 0 1k\nR9 y2 y4 1k\nR10 y4 0 "
        "1k\n.model nm nmos(vto=0.3 kp=2m)\n";
    eq_text text = {0};
    put("data.csv", "x1,x2,class\n0.5,0.9,p\n0.9,0.4,q\n");
    eq_text_printf(&text,
                   "%sV1 a 0 0\nV2 b 0 0\n*%% input V1 V2\n*%% output %s\n*%% train R* gmin=1e-6 "
                   "gmax=1\n.end\n",
                   cards, outputs[_i]);
    put("nodes.cir", text.text);
    eq_text_clear(&text);
    eq_text_printf(&text,
                   "<experiment name='n'><circuit deck='nodes.cir'/><data format='csv' "
                   "path='data.csv' label='class' test-path='data.csv'/><cost type='%s' high='0.4' "
                   "low='0.1'/><estimator type='one-sided' nudging='clamp' clamp='nodes' eta='1' "
                   "g-clamp='%s'/><optimizer type='sgd'><group match='r*' rate='1e-20'/>"
                   "</optimizer><minibatch size='2'/><epochs count='1'/></experiment>",
                   _i == 2 ? "squared-difference" : "squared-error", pulls[_i]);
    put("nodes.xml", text.text);
    char *said = NULL, at[256], nudged[256];
    snprintf(at, sizeof at, "%s", in("run"));
    expect_exit(0, &said, "train %s -o %s", in("nodes.xml"), at);
    eq_free(said);
    snprintf(nudged, sizeof nudged, "%s", in("nudged.cir"));
    expect_exit(_i == 2 ? 2 : 0, &said, "export %s --phase nudged --sample 0 --to ngspice -o %s",
                at, nudged);
    if (_i == 2) {
        ck_assert_msg(strstr(said, "clamp=\"nodes\" moves both nodes of a pair") != NULL, "%s",
                      said);
        eq_free(said);
        expect_exit(0, &said, "verify %s --sample 0", at);
        ck_assert_ptr_nonnull(strstr(said, "free phases alone"));
    } else {
        size_t length;
        double y[2], want[2] = {0.4, 0.1};
        eq_free(said);
        ck_assert_int_eq(eq_file_read(nudged, (eq_place){0}, &said, &length, NULL), EQ_OK);
        solve_outputs(said, y);
        eq_text_clear(&text);
        eq_text_printf(
            &text,
            "%sV1 a 0 0.5\nV2 b 0 0.9\nVa t1 0 0.4\nVb t2 0 0.1\nRa t1 y1 1k\nRb t2 y2 1k\n.end\n",
            cards);
        if (_i == 1) solve_outputs(text.text, want);
        for (int k = 0; k < 2; k++) ck_assert_double_eq_tol(y[k], want[k], 1e-9);
    }
    eq_free(said);
    eq_text_free(&text);
}
END_TEST

Suite *clamp_suite(void) {
    Suite *s = suite_create("clamp");
    TCase *t = tcase_create("clamp");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, dividers_learn_as_by_hand, 0, 4);
    tcase_add_loop_test(t, random_circuits_learn_as_the_reference, 0, SEEDS);
    tcase_add_loop_test(t, a_clamp_beyond_round_off_holds, 0, 4);
    tcase_add_loop_test(t, contrastive_hebbian_learning_goes_down_its_function, 0, 4);
    tcase_add_loop_test(t, gradcheck_tells_the_cosine, 0, 2);
    tcase_add_test(t, what_cannot_be_held_is_told);
    tcase_add_loop_test(t, units_are_held_where_they_can_be, 0, 2);
    tcase_add_loop_test(t, sample_rests_at_its_target, 0, 2);
    tcase_add_loop_test(t, clamped_nodes_have_their_currents, 0, 3);
    suite_add_tcase(s, t);
    return s;
}
