/* Random circuits with an energy: the gradient by which one real training step changes every
 * conductance against central differences of the loss, which this file computes itself from the
 * operating points of decks with that conductance changed. Nothing here knows of an adjoint. Then
 * the same circuits, some of them with the energy broken, through gradcheck. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/effort.h"
#include "../support/mna.h"
#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "devices/registry.h"
#include "solver/solver.h"
#include "train/checkpoint.h"
#include "train/train.h"

Suite *gradient_suite(void);

enum { MOST_TRAINED = 24, EXAMPLES = 3, MOST_INPUTS = 4, OUTPUTS = 2, ADJOINT = 8, KINDS };

typedef struct trained {
    char a[24], b[24], tail[32];
    double g;      /* 1/VALUE of the card */
    double stands; /* what the trainer changes: with temperature and m= in it */
} trained;

typedef struct net {
    eq_random random;
    eq_text rest; /* every card that is not trained */
    trained r[MOST_TRAINED];
    size_t count, inputs, elements;
    double x[EXAMPLES][MOST_INPUTS];
    int label[EXAMPLES];
    const char *cost;
    double high, low, scale;
    bool layered;     /* crossbars, one group: as the layered engine takes them */
    bool behavioural; /* it has sources whose energy the program does not know */
} net;

static size_t below(net *n, size_t count) {
    return (size_t)eq_random_below(&n->random, count);
}

static double between(net *n, double low, double high) {
    return low + (high - low) * eq_random_uniform(&n->random);
}

static double spread(net *n, double low, double high) {
    return exp(between(n, log(low), log(high)));
}

static void add_trained(net *n, const char *a, const char *b) {
    static const char *const tail[] = {
        "", "", "", " m=2", " m=0.5", " tc1=1m temp=80", " tc1=2m dtemp=-30", " tc2=10u"};
    if (n->count == MOST_TRAINED || strcmp(a, b) == 0) return;
    trained *r = &n->r[n->count++];
    snprintf(r->a, sizeof r->a, "%s", a);
    snprintf(r->b, sizeof r->b, "%s", b);
    snprintf(r->tail, sizeof r->tail, "%s", tail[below(n, sizeof tail / sizeof *tail)]);
    r->g = 1.0 / spread(n, 300.0, 50e3);
}

static void models(net *n) {
    eq_text_printf(&n->rest, ".model d0 d(is=%.4g n=%.3g)\n", spread(n, 1e-14, 1e-6),
                   between(n, 1.0, 2.0));
    eq_text_printf(&n->rest, ".model d1 d(is=%.4g n=%.3g rs=%.3g)\n", spread(n, 1e-12, 1e-7),
                   between(n, 1.0, 2.0), spread(n, 0.1, 200.0));
    eq_text_printf(&n->rest, ".model d2 d(is=%.4g bv=%.3g ibv=1u)\n", spread(n, 1e-12, 1e-8),
                   between(n, 0.5, 3.0));
    eq_text_printf(&n->rest, ".model d3 d(is=%.4g ikf=%.3g eg=0.7 xti=2)\n", spread(n, 1e-12, 1e-8),
                   spread(n, 1e-5, 1e-2));
    eq_text_printf(&n->rest, ".model d4 d(ron=%.3g roff=%.3g vfwd=%.3g)\n", spread(n, 1.0, 1e3),
                   spread(n, 1e5, 1e7), between(n, 0.1, 0.5));
    eq_text_printf(&n->rest, ".model s0 sw(vt=%.3g vh=0 ron=%.3g roff=%.3g)\n",
                   between(n, -0.5, 0.5), spread(n, 50.0, 1e3), spread(n, 1e4, 1e6));
}

/* A resistor, a diode, a switch that an input works, or a current that its own drop sets. */
static void add_element(net *n, const char *a, const char *b) {
    static const char *const tail[] = {"", "", " 2", " m=3", " temp=60"};
    size_t kind = below(n, 10), e = n->elements++;
    const char *end = tail[below(n, sizeof tail / sizeof *tail)];
    if (strcmp(a, b) == 0) b = "0";
    if (kind < 2)
        eq_text_printf(&n->rest, "r%zu %s %s %.4g\n", e, a, b, spread(n, 500.0, 50e3));
    else if (kind < 7)
        eq_text_printf(&n->rest, "d%zu %s %s d%zu%s\n", e, a, b, kind - 2, kind == 6 ? "" : end);
    else if (kind == 7)
        eq_text_printf(&n->rest, "s%zu %s %s x%zu 0 s0\n", e, a, b, below(n, n->inputs));
    else if (kind == 8)
        eq_text_printf(&n->rest, "b%zu %s %s i={%.3g*tanh(%.3g*v(%s,%s))}\n", e, a, b,
                       spread(n, 1e-6, 1e-3), between(n, 0.5, 5.0), a, b);
    else
        eq_text_printf(&n->rest, "b%zu %s %s i={%.3g*v(%s,%s)*v(%s,%s)*v(%s,%s)}\n", e, a, b,
                       spread(n, 1e-6, 1e-3), a, b, a, b, a, b);
    n->behavioural = n->behavioural || kind >= 7;
}

/* Nodes NAME0 .. of one part: each tied to what comes before it, then elements between them. */
static void add_part(net *n, const char *name, size_t nodes, const char *from, size_t sources) {
    char a[24], b[24];
    for (size_t j = 0; j < nodes; j++) {
        snprintf(a, sizeof a, "%s%zu", name, j);
        snprintf(b, sizeof b, "%s%zu", from, j % sources);
        add_trained(n, b, a);
        snprintf(b, sizeof b, "%s%zu", below(n, 2) ? name : from,
                 below(n, nodes < sources ? nodes : sources));
        if (below(n, 3) > 0) add_trained(n, a, b);
        if (below(n, 3) == 0) add_trained(n, a, below(n, 2) ? "bias" : "0");
        snprintf(b, sizeof b, "%s%zu", name, below(n, nodes));
        add_element(n, a, below(n, 2) ? "0" : b);
        if (below(n, 3) == 0) add_element(n, b, a);
    }
}

/* Amplifiers from h0.. to w0..: gains of their own, one ratio of returned current to gain. */
static void add_amplifiers(net *n, size_t count) {
    double ratio = spread(n, 0.01, 0.2);
    for (size_t j = 0; j < count; j++) {
        double gain = between(n, 1.5, 5.0) * (below(n, 4) == 0 ? -1.0 : 1.0);
        eq_text_printf(&n->rest,
                       "e%zu e%zu 0 h%zu 0 %.17g\nvs%zu e%zu w%zu 0\nf%zu h%zu 0 vs%zu %.17g\n", j,
                       j, j, gain, j, j, j, j, j, j, gain * ratio);
    }
}

/* Dense crossbars from the inputs to clamped nodes h0.. and on to the outputs o0, o1: what the
 * layered engine takes. */
static void add_layers(net *n) {
    enum { HIDDEN = 3 };
    char a[24], b[24];
    for (size_t j = 0; j < HIDDEN + OUTPUTS; j++) {
        bool hidden = j < HIDDEN;
        snprintf(b, sizeof b, "%s%zu", hidden ? "h" : "o", hidden ? j : j - HIDDEN);
        for (size_t i = 0; i < (hidden ? n->inputs : HIDDEN); i++) {
            snprintf(a, sizeof a, "%s%zu", hidden ? "x" : "h", i);
            add_trained(n, a, b);
        }
        add_trained(n, "bias", b);
        if (hidden) eq_text_printf(&n->rest, "da%zu %s 0 d0\ndb%zu 0 %s d0\n", j, b, j, b);
    }
    for (size_t j = 0; j < n->count; j++) n->r[j].tail[0] = '\0';
}

static void add_directives(net *n, bool amplified, bool layered) {
    const char *last = amplified ? "o" : "h";
    size_t kind = below(n, layered ? 2 : 3);
    n->cost = kind == 0 ? "squared-error" : kind == 1 ? "cross-entropy" : "squared-difference";
    if (kind == 1 && n->count % 2 == 1) n->cost = "hinge";
    n->high = between(n, 0.2, 1.0);
    n->low = between(n, -0.5, 0.1);
    n->scale = between(n, 0.5, 4.0);
    eq_text_puts(&n->rest, "*% input");
    for (size_t j = 0; j < n->inputs; j++) eq_text_printf(&n->rest, " vx%zu", j);
    if (layered)
        eq_text_puts(&n->rest, "\n*% output o0 o1\n");
    else if (kind == 2)
        eq_text_printf(&n->rest, "\n*%% output %s0,%s1 %s2,%s3\n", last, last, last, last);
    else /* nodes of two parts have different weights, which behavioural sources hide */
        eq_text_printf(&n->rest, "\n*%% output %s1 %s2\n",
                       !n->behavioural && below(n, 2) == 0 ? "h" : last, last);
    for (size_t j = 0; j < (layered ? 0 : n->count); j++)
        eq_text_printf(&n->rest, "*%% train rt%zu gmin=1e-12 gmax=1e3\n", j);
    if (layered) eq_text_puts(&n->rest, "*% train rt* gmin=1e-12 gmax=1e3\n");
}

static void draw(net *n, uint64_t seed) {
    *n = (net){.random = eq_random_seed(seed)};
    bool layered = n->layered = below(n, 4) == 0, amplified = !layered && below(n, 2) == 0;
    n->inputs = 2 + below(n, MOST_INPUTS - 1);
    for (size_t j = 0; j < n->inputs; j++) eq_text_printf(&n->rest, "vx%zu x%zu 0 0\n", j, j);
    eq_text_printf(&n->rest, "vb bias 0 %.3g\n.temp %.3g\n", between(n, -1.0, 1.0),
                   between(n, 0.0, 80.0));
    models(n);
    if (layered)
        add_layers(n);
    else
        add_part(n, "h", 4, "x", n->inputs);
    if (amplified) {
        add_amplifiers(n, 2);
        add_part(n, "o", 4, "w", 2);
    }
    for (size_t j = 0; j < EXAMPLES; j++) {
        n->label[j] = j < 2 ? (int)j : (int)below(n, 2);
        for (size_t i = 0; i < n->inputs; i++) n->x[j][i] = between(n, -1.5, 1.5);
    }
    add_directives(n, amplified, layered);
    eq_text_printf(&n->rest, ".options reltol=%s abstol=1e-20\n.op\n.end\n",
                   layered ? "1e-11" : "1e-12");
}

/* The deck with conductance `changed` (or none) multiplied by `factor`. */
static eq_text deck_text(const net *n, size_t changed, double factor) {
    eq_text t = {0};
    eq_text_puts(&t, "random gradient\n");
    for (size_t j = 0; j < n->count; j++)
        eq_text_printf(&t, "rt%zu %s %s %.17g%s\n", j, n->r[j].a, n->r[j].b,
                       1.0 / (n->r[j].g * (j == changed ? factor : 1.0)), n->r[j].tail);
    eq_text_puts(&t, n->rest.text);
    ck_assert(!t.failed);
    return t;
}

/* C of Scellier 2020, Eq. 4.15 and 5.17, of two outputs, and the hinge with `scale` as margin. */
static double cost(const net *n, const double *y, int label) {
    if (strcmp(n->cost, "hinge") == 0) return 0.5 * fmax(0.0, n->scale + y[1 - label] - y[label]);
    if (strcmp(n->cost, "cross-entropy") == 0)
        return log1p(exp(n->scale * (y[1 - label] - y[label])));
    double right = y[label] - n->high, wrong = y[1 - label] - n->low;
    return 0.5 * (right * right + wrong * wrong);
}

/* The operating point v of example j; false: none is found. */
static bool state_of(const net *n, eq_circuit *c, size_t j, double *v) {
    eq_solver *s = NULL;
    for (size_t i = 0; i < n->inputs; i++) *eq_circuit_source(c, c->input[i]) = n->x[j][i];
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    memset(v, 0, eq_circuit_nodes(c) * sizeof *v);
    eq_status status = eq_solver_solve(s, NULL, v, NULL, NULL, NULL);
    eq_solver_free(s);
    return status == EQ_OK;
}

/* Mean cost at the operating points of the deck; `push` [A] is driven into the plus nodes of the
 * outputs and out of the minus nodes. The potentials of these, if wanted, in at. */
static double loss(const net *n, size_t changed, double factor, double push,
                   double at[EXAMPLES][2 * OUTPUTS]) {
    eq_text t = deck_text(n, changed, factor);
    eq_circuit *c = deck(t.text);
    double sum = 0.0, *v = eq_calloc(eq_circuit_nodes(c), sizeof *v);
    for (size_t k = 0; k < OUTPUTS; k++) {
        *eq_circuit_source(c, c->output[k].nudge_plus) = push;
        if (c->output[k].minus != EQ_NONE) *eq_circuit_source(c, c->output[k].nudge_minus) = -push;
    }
    for (size_t j = 0; j < EXAMPLES; j++) {
        double y[OUTPUTS];
        ck_assert_msg(state_of(n, c, j, v), "no state:\n%s", t.text);
        for (size_t k = 0; k < OUTPUTS; k++) {
            double plus = v[c->output[k].plus],
                   minus = c->output[k].minus == EQ_NONE ? 0.0 : v[c->output[k].minus];
            y[k] = plus - minus;
            if (at != NULL) at[j][2 * k] = plus;
            if (at != NULL) at[j][2 * k + 1] = minus;
        }
        sum += cost(n, y, n->label[j]) / EXAMPLES;
    }
    eq_free(v);
    eq_circuit_free(c);
    eq_text_free(&t);
    return sum;
}

/* g dL/dg by central differences with three steps, each half the one before, extrapolated; *doubt:
 * the change of the last extrapolation. */
static double difference(const net *n, size_t j, double *doubt) {
    double h = 1e-3, slope[3];
    for (int p = 0; p < 3; p++, h *= 0.5)
        slope[p] = (loss(n, j, 1.0 + h, 0.0, NULL) - loss(n, j, 1.0 - h, 0.0, NULL)) / (2.0 * h);
    double first = (4.0 * slope[1] - slope[0]) / 3.0, second = (4.0 * slope[2] - slope[1]) / 3.0;
    *doubt = fabs(second - first);
    return second;
}

/* Whether an example stands within reach of the corner of the hinge, or none violates it. */
static bool hinge_turns(const net *n) {
    static const double reach = 1e-2; /* V */
    double at[EXAMPLES][2 * OUTPUTS];
    bool near = false, none = true;
    if (strcmp(n->cost, "hinge") != 0) return false;
    loss(n, n->count, 1.0, 0.0, at);
    for (size_t j = 0; j < EXAMPLES; j++) {
        int own = n->label[j];
        double off = n->scale + at[j][2 - 2 * own] - at[j][3 - 2 * own] - at[j][2 * own] +
                     at[j][2 * own + 1];
        near = near || fabs(off) < reach;
        none = none && off <= 0.0;
    }
    return near || none;
}

/* Whether there is no gradient to compare with: a diode of two straight lines stands within reach
 * of its corner, an example near that of the hinge, or a circuit of broken energy has no state. */
static bool at_a_corner(const net *n) {
    static const double reach = 2e-3; /* V */
    eq_text t = deck_text(n, n->count, 1.0);
    eq_circuit *c = deck(t.text);
    const eq_table *d = &c->table[EQ_CLASS_ideal_diode];
    int vfwd = eq_param_find(d->cls, "vfwd");
    bool near = false;
    double *v = eq_calloc(eq_circuit_nodes(c), sizeof *v);
    for (size_t j = 0; j < EXAMPLES; j++) {
        near = near || !state_of(n, c, j, v);
        for (size_t k = 0; k < d->count; k++)
            near = near || fabs(v[d->term[0][k]] - v[d->term[1][k]] - d->w[vfwd][k]) < reach;
    }
    eq_free(v);
    eq_circuit_free(c);
    eq_text_free(&t);
    return near || hinge_turns(n);
}

/* A nudge that moves no output by more than about 0.1 mV. */
static double beta_of(const net *n) {
    double at[EXAMPLES][2 * OUTPUTS], moved[EXAMPLES][2 * OUTPUTS], most = 1.0, push = 1e-10;
    loss(n, n->count, 1.0, 0.0, at);
    loss(n, n->count, 1.0, push, moved);
    for (size_t j = 0; j < EXAMPLES; j++)
        for (size_t k = 0; k < 2 * OUTPUTS; k++)
            most = fmax(most, fabs(moved[j][k] - at[j][k]) / push);
    return 1e-4 / most;
}

static void write(const char *name, eq_text *t) {
    ck_assert_int_eq(eq_file_write(in(name), t->text, t->length, NULL), EQ_OK);
    eq_text_free(t);
}

static void write_files(net *n) {
    eq_text d = deck_text(n, n->count, 1.0), csv = {0};
    eq_circuit *c = deck(d.text);
    ck_assert_uint_eq(c->table[EQ_CLASS_memristor].count, n->count);
    for (size_t j = 0; j < n->count; j++) n->r[j].stands = c->table[EQ_CLASS_memristor].w[0][j];
    eq_circuit_free(c);
    write("net.cir", &d);
    for (int j = 0; j < EXAMPLES; j++) {
        for (size_t i = 0; i < n->inputs; i++) eq_text_printf(&csv, "%.17g,", n->x[j][i]);
        eq_text_printf(&csv, "c%d\n", n->label[j]);
    }
    write("data.csv", &csv);
}

/* One step of sgd over all examples changes g by -rate dL/dg: g dL/dg by that. Rates of their own
 * let a conductance move by a thousandth of itself where g dL/dg is `most`. */
static void train(const net *n, const char *estimator, const char *nudging, double beta,
                  double most, double *gradient) {
    eq_text t = {0};
    double rate[MOST_TRAINED];
    char *folder = scratch_folder(), path[256];
    eq_text_printf(&t,
                   "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv'/>"
                   "<cost type='%s' high='%.17g' low='%.17g' scale='%.17g' margin='%.17g'/>"
                   "<estimator type='%s' beta='%.17g' nudging='%s'/><optimizer type='sgd'>",
                   n->cost, n->high, n->low, n->scale, n->scale, estimator, beta, nudging);
    double least = INFINITY;
    for (size_t j = 0; j < n->count; j++) least = fmin(least, n->r[j].stands);
    for (size_t j = 0; j < n->count; j++) {
        double g = n->layered ? least : n->r[j].stands;
        rate[j] = 1e-3 * g * g / most;
        if (!n->layered) eq_text_printf(&t, "<group match='rt%zu' rate='%.17g'/>", j, rate[j]);
    }
    if (n->layered) eq_text_printf(&t, "<group match='*' rate='%.17g'/>", rate[0]);
    eq_text_printf(&t, "</optimizer><minibatch size='%d'/><epochs count='1'/></experiment>",
                   EXAMPLES);
    write("net.xml", &t);
    eq_experiment *x = NULL;
    eq_diag *diag = eq_diag_new();
    eq_train_options o = eq_train_defaults();
    o.folder = folder;
    eq_checkpoint p = {0};
    snprintf(path, sizeof path, "%s/" EQ_TRAIN_CHECKPOINT, folder);
    eq_status status = eq_experiment_read(in("net.xml"), &x, diag);
    eq_train_summary summary = {0};
    if (status == EQ_OK) status = eq_train(x, &o, NULL, &summary, diag);
    if (status == EQ_OK) status = eq_checkpoint_read(path, &p, diag);
    ck_assert_msg(status == EQ_OK, "%s",
                  eq_diag_count(diag) == 0 ? "" : eq_diag_get(diag, eq_diag_count(diag) - 1)->text);
    ck_assert_uint_eq(p.conductances, n->count);
    ck_assert(!n->layered || strcmp(summary.engine, "layered") == 0);
    for (size_t j = 0; j < n->count; j++)
        gradient[j] = n->r[j].stands * (n->r[j].stands - p.g[j]) / rate[j];
    eq_checkpoint_free(&p);
    eq_experiment_free(x);
    eq_diag_free(diag);
    scratch_free(folder);
}

static const struct {
    const char *estimator;
    double order, bound; /* bound: of what is left of the bias, over the largest g dL/dg */
} kinds[] = {{"one-sided", 1, 5e-4},
             {"random-sign", 1, 5e-4},
             {"symmetric", 2, 1e-6},
             {"four-point", 4, 1e-6}};

/* A training step by the adjoint. */
static void compare_exact(const net *n, uint64_t seed, const double *expected,
                          const double *doubt) {
    double exact[MOST_TRAINED], most = 0.0;
    for (size_t j = 0; j < n->count; j++) most = fmax(most, fabs(expected[j]));
    train(n, "adjoint", "current", 1.0, most, exact);
    for (size_t j = 0; j < n->count; j++)
        ck_assert_msg(
            fabs(exact[j] - expected[j]) <= 1e-6 * fabs(expected[j]) + 1e-8 * most + doubt[j],
            "seed %llu, adjoint, rt%zu: g dL/dg by training %.9g, by differences %.9g "
            "(doubt %.1e, largest %.3g)\n%s",
            (unsigned long long)seed, j, exact[j], expected[j], doubt[j], most, n->rest.text);
}

/* The training step at 2 beta and at beta, with the leading bias taken out. */
static void compare(const net *n, uint64_t seed, int kind, double beta, const double *expected,
                    const double *doubt) {
    const char *nudging = kind < 4 ? "current" : "energy";
    if (kind == ADJOINT) {
        compare_exact(n, seed, expected, doubt);
        return;
    }
    if (kind >= 4 && strcmp(n->cost, "hinge") == 0) return; /* has no slope at its corner */
    double coarse[MOST_TRAINED], fine[MOST_TRAINED], most = 0.0;
    double factor = pow(2.0, kinds[kind % 4].order);
    for (size_t j = 0; j < n->count; j++) most = fmax(most, fabs(expected[j]));
    train(n, kinds[kind % 4].estimator, nudging, 2.0 * beta, most, coarse);
    train(n, kinds[kind % 4].estimator, nudging, beta, most, fine);
    for (size_t j = 0; j < n->count; j++) {
        double value = (factor * fine[j] - coarse[j]) / (factor - 1.0);
        double off = fabs(value - expected[j]), size = fabs(expected[j]);
        ck_assert_msg(off <= 1e-6 * size + kinds[kind % 4].bound * most + doubt[j],
                      "seed %llu, %s/%s, rt%zu: g dL/dg by training %.9g, by differences %.9g "
                      "(doubt %.1e, largest %.3g)\n%s",
                      (unsigned long long)seed, kinds[kind % 4].estimator, nudging, j, value,
                      expected[j], doubt[j], most, n->rest.text);
    }
}

enum { SHARES = 4 };

START_TEST(a_training_step_follows_the_gradient) {
    size_t circuits = effort(200, 2000) / SHARES, corners = 0;
    for (size_t k = 0; k < circuits + corners; k++) {
        net n;
        uint64_t seed = (uint64_t)_i * 1000000 + k;
        double expected[MOST_TRAINED], doubt[MOST_TRAINED];
        draw(&n, seed);
        if (at_a_corner(&n)) {
            corners++;
        } else {
            double beta = beta_of(&n);
            for (size_t j = 0; j < n.count; j++) expected[j] = difference(&n, j, &doubt[j]);
            write_files(&n);
            for (int kind = 0; kind < KINDS; kind++) compare(&n, seed, kind, beta, expected, doubt);
        }
        eq_text_free(&n.rest);
    }
    ck_assert_uint_le(2 * corners, circuits);
}
END_TEST

/* How the energy is broken: not at all, by another factor of a returned current, by a current that
 * one node sets and another feels. */
static void break_energy(net *n, uint64_t how) {
    eq_text t = {0};
    if (how == 1) eq_text_printf(&t, "fq h0 0 vs0 %.4g\n", between(n, 0.05, 0.5));
    if (how == 2) eq_text_printf(&t, "gq h%zu 0 h2 0 %.4g\n", below(n, 2), spread(n, 1e-6, 1e-4));
    eq_text_puts(&t, n->rest.text);
    eq_text_free(&n->rest);
    n->rest = t;
}

/* Largest |g (dL/dg by a training step - by differences)| over the largest g dL/dg. The adjoint is
 * right whatever is broken. */
static double wrongness(net *n, uint64_t seed) {
    double expected[MOST_TRAINED], doubt[MOST_TRAINED], coarse[MOST_TRAINED], fine[MOST_TRAINED];
    double most = 0.0, off = 0.0, beta = beta_of(n);
    for (size_t j = 0; j < n->count; j++) {
        expected[j] = difference(n, j, &doubt[j]);
        most = fmax(most, fabs(expected[j]));
    }
    write_files(n);
    compare_exact(n, seed, expected, doubt);
    train(n, "symmetric", "current", 2.0 * beta, most, coarse);
    train(n, "symmetric", "current", beta, most, fine);
    for (size_t j = 0; j < n->count; j++)
        off = fmax(off, fabs((4.0 * fine[j] - coarse[j]) / 3.0 - expected[j]));
    return off / most;
}

START_TEST(gradcheck_tells_right_from_wrong) {
    size_t circuits = effort(24, 400) / SHARES, wrong = 0, right = 0;
    for (size_t k = 0; k < circuits; k++) {
        net n;
        uint64_t seed = (uint64_t)_i * 1000000 + 500000 + k;
        draw(&n, seed);
        bool amplified = strstr(n.rest.text, "\nvs0 ") != NULL;
        if (!n.layered) break_energy(&n, amplified ? k % 3 : k % 2 * 2);
        if (!at_a_corner(&n)) {
            double off = wrongness(&n, seed);
            eq_experiment *x = NULL;
            eq_gradcheck_report r = {0};
            eq_diag *diag = eq_diag_new();
            ck_assert_int_eq(eq_experiment_read(in("net.xml"), &x, diag), EQ_OK);
            eq_status status = eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 0, &r, diag);
            ck_assert_msg(status == EQ_OK, "seed %llu: %s", (unsigned long long)seed,
                          eq_diag_get(diag, eq_diag_count(diag) - 1)->text);
            for (size_t j = 0; j < r.rows && (off < 1e-7 || off > 1e-5); j++) {
                const eq_gradcheck_row *row = &r.row[j];
                bool any = row->nudging == NULL || strcmp(row->nudging, "clamp") == 0;
                ck_assert_msg(row->passed == (off < 1e-7 || any),
                              "seed %llu, %s/%s: off by %g\n%s\n%s", (unsigned long long)seed,
                              row->estimator, any ? "" : row->nudging, off,
                              row->why == NULL ? "" : row->why, n.rest.text);
            }
            ck_assert(r.row[r.rows - 1].nudging == NULL && r.row[r.rows - 1].passed);
            ck_assert_msg(r.why == NULL, "seed %llu: %s", (unsigned long long)seed, r.why);
            right += off < 1e-7;
            wrong += off > 1e-5;
            eq_gradcheck_free(&r);
            eq_diag_free(diag);
            eq_experiment_free(x);
        }
        eq_text_free(&n.rest);
    }
    ck_assert_uint_ge(2 * (right + wrong), circuits);
    ck_assert_uint_ge(right, 1);
}
END_TEST

Suite *gradient_suite(void) {
    Suite *s = suite_create("gradient");
    TCase *t = tcase_create("gradient");
    tcase_set_timeout(t, 1800);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, a_training_step_follows_the_gradient, 0, SHARES);
    tcase_add_loop_test(t, gradcheck_tells_right_from_wrong, 0, SHARES);
    suite_add_tcase(s, t);
    return s;
}
