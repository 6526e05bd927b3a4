/* The power of an inference, layers and settling, against closed forms and ngspice. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "circuit/architecture.h"
#include "model/power.h"
#include "netlist/netlist.h"
#include "report/process.h"
#include "solver/settling.h"
#include "solver/solver_internal.h"
#include "support/program.h"
#include "support/training.h"
#include "train/train.h"

Suite *power_suite(void);

static eq_circuit *circuit_of(const char *text) {
    eq_circuit *c = NULL;
    eq_diag *diag = eq_diag_new();
    ck_assert_msg(eq_circuit_parse("t", text, strlen(text), &c, diag) == EQ_OK, "%s",
                  eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    return c;
}

static void near(double a, double b, double relative) {
    ck_assert_msg(fabs(a - b) <= relative * fmax(fabs(a), fabs(b)), "%.17g is not %.17g", a, b);
}

/* A network with its potentials for one input vector, metered. */
typedef struct metered {
    eq_circuit *c;
    eq_network *n;
    eq_meter *m;
    double *v;
} metered;

static metered meter(eq_circuit *c, eq_engine_kind kind, size_t examples, const double *x) {
    metered r = {.c = c};
    eq_diag *diag = eq_diag_new();
    eq_engine_options o = {kind, examples, 1};
    eq_status status = eq_network_new(c, &r.n, diag);
    if (status == EQ_OK) status = eq_network_start(r.n, &o, diag);
    if (status == EQ_OK) status = eq_meter_new(r.n, &r.m, diag);
    r.v = calloc(examples * eq_circuit_nodes(c), sizeof *r.v);
    if (status == EQ_OK) status = eq_network_free_phase(r.n, examples, x, NULL, diag);
    if (status == EQ_OK) status = eq_network_potentials(r.n, examples, x, r.v, diag);
    if (status == EQ_OK) status = eq_meter_read(r.m, examples, x, r.v, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_get(diag, eq_diag_count(diag) - 1)->text);
    eq_diag_free(diag);
    return r;
}

static void metered_free(metered *r) {
    eq_meter_free(r->m);
    eq_network_free(r->n);
    eq_circuit_free(r->c);
    free(r->v);
}

static int class_of(const char *name) {
    int k = eq_class_find(name);
    ck_assert_msg(k >= 0, "%s", name);
    return k;
}

/* 3 V over 1 kohm and 2 kohm: 1 mA, so 3 mW in all, 1 and 2 mW in the resistors. */
START_TEST(divider_by_hand) {
    static const char deck[] = "t\nV1 in 0 0\nR1 in a 1k\nR2 a 0 2k\n*% input V1\n*% output a\n"
                               "*% train R1 gmin=1e-6 gmax=1e-2\n.end\n";
    static const eq_engine_kind kinds[] = {EQ_ENGINE_SPARSE, EQ_ENGINE_LAYERED};
    for (int k = 0; k < 2; k++) {
        double x[] = {3.0, 6.0};
        metered r = meter(circuit_of(deck), kinds[k], 2, x);
        const eq_power *p = eq_meter_mean(r.m);
        ck_assert_uint_eq(p->examples, 2);
        near(p->total.delivered, (3e-3 + 12e-3) / 2, 1e-9);
        near(p->total.dissipated, (3e-3 + 12e-3) / 2, 1e-9);
        near(p->least, 3e-3, 1e-9);
        near(p->most, 12e-3, 1e-9);
        near(p->cls[class_of("vsource")].delivered, 7.5e-3, 1e-9);
        near(p->cls[class_of("memristor")].dissipated, 2.5e-3, 1e-9);
        near(p->cls[class_of("resistor")].dissipated, 5e-3, 1e-9);
        near(p->group[0].dissipated, 2.5e-3, 1e-9);
        ck_assert_uint_eq(p->layers, 2);
        near(p->layer[1].dissipated, 7.5e-3, 1e-9);
        ck_assert(p->layer[0].dissipated == 0.0 && p->layer[0].delivered > 0.0);
        ck_assert(p->balance <= p->bound && p->bound < 1e-9 * 12e-3);
        metered_free(&r);
    }
}
END_TEST

/* A source of 5 V charges one of 2 V through 1 kohm. */
START_TEST(a_source_may_take_power_up) {
    double x[] = {5.0};
    metered r = meter(circuit_of("t\nV1 in 0 0\nR1 in a 1k\nR2 a b 500\nV2 b 0 2\n*% input V1\n"
                                 "*% output a\n*% train R1 gmin=1e-6 gmax=1e-2\n.end\n"),
                      EQ_ENGINE_SPARSE, 1, x);
    const eq_power *p = eq_meter_mean(r.m);
    near(p->cls[class_of("vsource")].delivered, 5.0 * 2e-3, 1e-9);
    near(p->cls[class_of("vsource")].dissipated, 2.0 * 2e-3, 1e-9);
    near(p->total.dissipated, 10e-3, 1e-9);
    metered_free(&r);
}
END_TEST

/* Every class of element with its own power, as ngspice has @name[p]. */
static const char all_classes[] =
    "every class\nV1 in 0 1.5\nI1 0 b 2m\nR1 in a 1k\nR2 a b 2k\nD1 a 0 dm\nE1 e 0 a 0 3\n"
    "R3 e b 5k\nVs b s 0\nR4 s 0 1k\nF1 a 0 Vs 0.2\nG1 c 0 a b 1m\nR5 c 0 700\nH1 h 0 Vs 50\n"
    "R6 h c 900\nB1 c 0 I=1m*tanh(V(a))\nB2 f 0 V=0.5*V(c)\nR7 f a 3k\n.model dm D is=1e-9 n=1.5\n";

START_TEST(as_ngspice_has_it) {
    static const struct {
        const char *cls, *sum;
    } power[] = {
        {"vsource", "@v1[p] @vs[p]"}, {"isource", "@i1[p]"},
        {"diode", "@d1[p]"},          {"vcvs", "@e1[p]"},
        {"cccs", "@f1[p]"},           {"vccs", "@g1[p]"},
        {"ccvs", "@h1[p]"},           {"resistor", "@r2[p] @r3[p] @r4[p] @r5[p] @r6[p] @r7[p]"},
        {"memristor", "@r1[p]"},      {"behavioural_current", "v(c)*@b1[i]"},
    };
    char *deck = NULL, *end;
    eq_text mine = {0}, theirs = {0}, said = {0};
    eq_text_printf(&mine, "%s*%% input V1\n*%% output a\n*%% train R1 gmin=1e-6 gmax=1e-2\n.end\n",
                   all_classes);
    eq_text_printf(&theirs, "%s.control\nset numdgt=15\nop\n", all_classes);
    for (size_t k = 0; k < sizeof power / sizeof *power; k++) {
        char *words = strdup(power[k].sum), *save = NULL;
        eq_text_printf(&theirs, "let p%zu = 0", k);
        for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
            eq_text_printf(&theirs, " + %s", w);
        eq_text_printf(&theirs, "\nprint p%zu\n", k);
        free(words);
    }
    eq_text_puts(&theirs, ".endc\n.end\n");
    ck_assert_int_eq(eq_file_write(in("p.cir"), theirs.text, theirs.length, NULL), EQ_OK);
    deck = strdup(in("p.cir"));
    const char *const argv[] = {"ngspice", "-b", deck, NULL};
    eq_process ngspice = {argv, NULL, NULL, "ngspice", 60};
    int exit_status;
    ck_assert_int_eq(eq_process_run(&ngspice, &exit_status, &said, NULL), EQ_OK);
    double x[] = {1.5};
    metered r = meter(circuit_of(mine.text), EQ_ENGINE_SPARSE, 1, x);
    const eq_power *p = eq_meter_mean(r.m);
    for (size_t k = 0; k < sizeof power / sizeof *power; k++) {
        char name[16];
        snprintf(name, sizeof name, "p%zu = ", k);
        const char *at = strstr(said.text, name);
        ck_assert_msg(at != NULL, "%s: %s", power[k].cls, said.text);
        const eq_watts *w = &p->cls[class_of(power[k].cls)];
        double value = strtod(at + strlen(name), &end);
        ck_assert_msg(fabs(w->dissipated - w->delivered - value) <= 1e-6 * fabs(value) + 1e-12,
                      "%s: %.10g, ngspice %.10g", power[k].cls, w->dissipated - w->delivered,
                      value);
    }
    ck_assert(p->balance <= p->bound && p->bound < 1e-8 * p->total.delivered);
    metered_free(&r);
    eq_text_free(&mine);
    eq_text_free(&theirs);
    eq_text_free(&said);
    free(deck);
}
END_TEST

static eq_circuit *kendall(const char *layers) {
    eq_architecture a;
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_architecture_kind("kendall", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_layers(layers, &a, NULL), EQ_OK);
    a.up = 0.3;
    a.down = -0.3;
    ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
    return c;
}

/* Both engines give every potential as the solver has it, and leave the circuit as it was. */
START_TEST(potentials_of_every_node) {
    static const eq_engine_kind kinds[] = {EQ_ENGINE_LAYERED, EQ_ENGINE_SPARSE};
    double x[2 * 6] = {1, -1, 0.5, -0.5, 2, -2, -3, 3, 0.1, -0.1, 0.7, -0.7};
    for (int k = 0; k < 2; k++) {
        metered r = meter(kendall("6,4,3,4"), kinds[k], 2, x);
        size_t nodes = eq_circuit_nodes(r.c);
        eq_solver *s = NULL;
        double *v = calloc(nodes, sizeof *v);
        for (int j = 0; j < 2; j++) {
            for (size_t i = 0; i < 6; i++)
                *eq_circuit_source(r.c, r.c->input[i]) = x[6 * (size_t)j + i];
            ck_assert_int_eq(eq_solver_new(r.c, &s, NULL), EQ_OK);
            ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK);
            for (size_t n = 0; n < nodes; n++)
                ck_assert_msg(fabs(v[n] - r.v[(size_t)j * nodes + n]) <= 1e-7 * fabs(v[n]) + 1e-12,
                              "%s: %g, %g", eq_circuit_node_name(r.c, (eq_node)n), v[n],
                              r.v[(size_t)j * nodes + n]);
            eq_solver_free(s);
        }
        free(v);
        metered_free(&r);
    }
}
END_TEST

START_TEST(potentials_leave_the_inputs_alone) {
    double x[] = {3.0};
    eq_circuit *c = circuit_of("t\nV1 in 0 0.25\nR1 in a 1k\nR2 a 0 2k\n*% input V1\n*% output a\n"
                               "*% train R1 gmin=1e-6 gmax=1e-2\n.end\n");
    eq_network *n = NULL;
    double v[3];
    ck_assert_int_eq(eq_network_new(c, &n, NULL), EQ_OK);
    eq_engine_options o = {EQ_ENGINE_LAYERED, 1, 1};
    ck_assert_int_eq(eq_network_start(n, &o, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_potentials(n, 1, x, v, NULL), EQ_ERR_USAGE); /* not solved */
    ck_assert_int_eq(eq_network_free_phase(n, 1, x, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_network_potentials(n, 1, x, v, NULL), EQ_OK);
    near(v[eq_circuit_find_node(c, "in")], 3.0, 0.0);
    near(v[eq_circuit_find_node(c, "a")], 2.0, 1e-9);
    ck_assert(*eq_circuit_source(c, c->input[0]) == 0.25);
    eq_network_free(n);
    eq_circuit_free(c);
}
END_TEST

/* Both engines agree on every share of the power. */
START_TEST(engines_agree) {
    double x[6] = {1, -1, 0.5, -0.5, 2, -2};
    metered a = meter(kendall("6,4,3,4"), EQ_ENGINE_LAYERED, 1, x);
    metered b = meter(kendall("6,4,3,4"), EQ_ENGINE_SPARSE, 1, x);
    const eq_power *p = eq_meter_mean(a.m), *q = eq_meter_mean(b.m);
    ck_assert_uint_eq(p->layers, 4);
    for (size_t k = 0; k < p->layers; k++) {
        near(p->layer[k].dissipated, q->layer[k].dissipated, 1e-7);
        near(p->layer[k].delivered, q->layer[k].delivered, 1e-7);
    }
    ck_assert(p->balance <= p->bound);
    /* What the trained resistors dissipate is all that memristors do. */
    double sum = 0.0;
    for (size_t g = 0; g < p->groups; g++) sum += p->group[g].dissipated;
    near(sum, p->cls[class_of("memristor")].dissipated, 1e-12);
    metered_free(&a);
    metered_free(&b);
}
END_TEST

/* Potentials that are no solution break the balance. */
START_TEST(a_wrong_state_is_told) {
    double x[] = {3.0};
    metered r = meter(circuit_of("t\nV1 in 0 0\nR1 in a 1k\nR2 a 0 2k\n*% input V1\n*% output a\n"
                                 "*% train R1 gmin=1e-6 gmax=1e-2\n.end\n"),
                      EQ_ENGINE_SPARSE, 1, x);
    r.v[eq_circuit_find_node(r.c, "a")] += 1e-3;
    ck_assert_int_eq(eq_meter_read(r.m, 1, x, r.v, NULL), EQ_OK);
    const eq_power *p = eq_meter_mean(r.m);
    ck_assert(p->balance > p->bound);
    /* u off by e at a node of conductance g1 + g2 = 1.5 mS: the sum is off by v e g. */
    near(p->balance, 2.001 * 1e-3 * 1.5e-3, 1e-6);
    metered_free(&r);
}
END_TEST

START_TEST(layers_of_a_network) {
    static const struct {
        const char *node;
        int32_t depth;
    } expected[] = {{"x1", 0},  {"h1_1", 1}, {"e1_1", 1}, {"w1_1", 1},  {"h2_3", 2},   {"w2_3", 2},
                    {"y1p", 3}, {"y2m", 3},  {"up", -1},  {"down", -1}, {"bias1", -1}, {"0", -1}};
    eq_circuit *c = kendall("6,4,3,4");
    eq_solver *s = NULL;
    eq_depths *d = NULL;
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_depths_new(c, eq_solver_system(s)->topology, &d, NULL), EQ_OK);
    ck_assert_int_eq(d->deepest, 3);
    for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
        eq_node n = eq_circuit_find_node(c, expected[k].node);
        ck_assert_msg(n >= 0 && d->node[n] == expected[k].depth, "%s: %d", expected[k].node,
                      n < 0 ? -9 : d->node[n]);
    }
    eq_depths_free(d);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* tau of a deck with `farad` at each of the nodes named, `all` at every node. */
static double tau_with(const char *deck, double all, const char *const *node, double farad,
                       eq_status expected) {
    eq_circuit *c = circuit_of(deck);
    eq_solver *s = NULL;
    size_t nodes = eq_circuit_nodes(c);
    double *v = calloc(nodes, sizeof *v), *branch = calloc(100, sizeof *branch), tau = NAN;
    for (; *node != NULL; node++) {
        eq_node n = eq_circuit_find_node(c, *node);
        ck_assert_msg(n > 0, "%s", *node);
        const eq_node term[] = {n, EQ_GROUND};
        ck_assert_int_eq(eq_circuit_capacitor(c, *node, strlen(*node), term, farad,
                                              (eq_location){EQ_NONE, 0, 0}, NULL),
                         EQ_OK);
    }
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, branch, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_settling(s, v, branch, all, &tau, NULL), expected);
    eq_solver_free(s);
    eq_circuit_free(c);
    free(v);
    free(branch);
    return tau;
}

/* A divider of 1 and 3 kohm at -0.8 and 0.4 V, that a training without steps leaves as it is. */
START_TEST(a_trained_network_is_metered) {
    eq_experiment *x = NULL;
    eq_train_options o = eq_train_defaults();
    eq_train_summary summary = {0};
    eq_metrics last;
    double watts = NAN;
    put("net.cir", "t\nVx x 0 0\nRt1 x y 1k\nRt2 y 0 3k\n*% input Vx\n*% output y\n"
                   "*% train Rt* gmin=1e-9 gmax=1\n.end\n");
    put("data.csv", "x,t\n-0.8,0.1\n0.4,0.2\n");
    put("net.xml",
        "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv' targets='t'/>"
        "<cost type='squared-error'/><estimator type='adjoint'/>"
        "<optimizer type='sgd' rate='1e-30'/><epochs count='1'/></experiment>");
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_experiment_read(in("net.xml"), &x, diag);
    if (status == EQ_OK) status = eq_train_metered(x, &o, true, &last, &summary, &watts, diag);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    near(watts, 0.5 * (0.64 + 0.16) / 4e3, 1e-9);
    eq_diag_free(diag);
    eq_experiment_free(x);
}
END_TEST

static double tau_of(const char *deck, const char *const *node, double farad, eq_status expected) {
    return tau_with(deck, 0.0, node, farad, expected);
}

#define NODES(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(settling_in_closed_form) {
    const double c = 1e-12;
    const char *rc = "t\nV1 in 0 1\nR1 in a 1k\n.end\n";
    near(tau_of(rc, NODES("a"), c, EQ_OK), 1e3 * c, 1e-12);
    near(tau_of(rc, NODES("in"), c, EQ_OK), 0.0, 0.0); /* held: nothing settles */
    /* Two nodes: J = [2 -1; -1 1] mS, lambda = (3 - sqrt 5)/2 mS / C. */
    const char *two = "t\nV1 in 0 1\nR1 in a 1k\nR2 a b 1k\n.end\n";
    near(tau_of(two, NODES("a", "b"), c, EQ_OK), 1e3 * c / (0.5 * (3.0 - sqrt(5.0))), 1e-10);
    /* C is singular: b follows a at once, which sees R1 alone; a follows b, which sees both. */
    near(tau_of(two, NODES("a"), c, EQ_OK), 1e3 * c, 1e-10);
    near(tau_of(two, NODES("b"), c, EQ_OK), 2e3 * c, 1e-10);
    /* An amplifier (S 4.4.2): the driven node w loads h with gamma A of what it has. */
    const char *amplifier = "t\nV1 in 0 1\nR1 in h 1k\nE1 e 0 h 0 4\nVs e w 0\nF1 h 0 Vs 0.25\n"
                            "R2 w 0 2k\n.end\n";
    near(tau_of(amplifier, NODES("h"), c, EQ_OK), c / (1e-3 + 0.5e-3), 1e-10);
    near(tau_of(amplifier, NODES("h", "w"), c, EQ_OK), 2.0 * c / (1e-3 + 0.5e-3), 1e-10);
    near(tau_of(amplifier, NODES("h", "e"), c, EQ_OK), c / (1e-3 + 0.5e-3), 1e-10);
    /* A diode: J is its slope at the operating point, i = 1 mA: Is n = 1: g = (i + Is)/Vt. */
    double vt = 8.617333262e-5 * 300.15;
    near(tau_of("t\nI1 0 a 1m\nD1 a 0 dm\n.model dm D is=1e-9\n.options gmin=0\n.end\n", NODES("a"),
                c, EQ_OK),
         c * vt / 1e-3, 1e-4);
    /* One way (no energy): a drives b, lambda = g/C of each. */
    const char *cascade = "t\nV1 in 0 1\nR1 in a 1k\nG1 b 0 a 0 1m\nR2 b 0 5k\n.end\n";
    near(tau_of(cascade, NODES("a", "b"), c, EQ_OK), 5e3 * c, 1e-5);
    /* A current that is an unknown. */
    const char *kept = "t\nV1 in 0 1\nR1 in a 1k\nVs a b 0\nR2 b 0 1k\nH1 h 0 Vs 100\nR3 h 0 1k\n"
                       "R4 h c 1k\n.end\n";
    near(tau_of(kept, NODES("c"), c, EQ_OK), 1e3 * c, 1e-5);
    /* A negative conductance that wins: the disturbance grows. */
    tau_of("t\nV1 in 0 1\nR1 in a 1k\nG1 0 a a 0 2m\n.end\n", NODES("a"), c, EQ_ERR_CHECK);
}
END_TEST

/* C cards of the deck, alone and beside a capacitance at every node. */
START_TEST(capacitors_of_the_deck_count) {
    const char *const none[] = {NULL};
    near(tau_of("t\nV1 in 0 1\nR1 in a 1k\nC1 a 0 1p\n.end\n", none, 0.0, EQ_OK), 1e-9, 1e-12);
    near(tau_with("t\nV1 in 0 1\nR1 in a 1k\nC1 a 0 1p\n.end\n", 2e-12, none, 0.0, EQ_OK), 3e-9,
         1e-12);
    /* In series with nothing that is free: to the driven node it is one to ground. */
    near(tau_of("t\nV1 in 0 1\nR1 in a 1k\nR2 a 0 1k\nC1 in a 1p\n.end\n", none, 0.0, EQ_OK), 5e-10,
         1e-12);
    /* Across two free nodes: v_a - v_b settles with R1 + R2 + R3 in a loop, R3 || (R1 + R2). */
    near(tau_of("t\nV1 in 0 1\nR1 in a 1k\nR2 b 0 2k\nR3 a b 6k\nC1 a b 1n\n.end\n", none, 0.0,
                EQ_OK),
         2e3 * 1e-9, 1e-10);
    /* From b to a node that an amplifier of h drives: b loads h with nothing, and C is not symmetric. */
    near(tau_of("t\nV1 in 0 1\nR0 in z 1k\nR1 in h 1k\nE1 w 0 h 0 -4\nR2 b 0 1k\nC1 b w 1n\n"
                "C2 h 0 3n\n.end\n",
                none, 0.0, EQ_OK),
         3e-6, 1e-5);
    near(tau_of("t\nV1 in 0 1\nR0 in z 1k\nR2 b 0 1k\nR1 in h 1k\nE1 w 0 h 0 -4\nC1 b w 1n\n"
                "C2 h 0 3n\n.end\n",
                none, 0.0, EQ_OK),
         3e-6, 1e-5);
    /* Spellings: a parameter, c=, m, a subcircuit with m of its own. */
    near(tau_of("t\n.param k=3p\nV1 in 0 1\nR1 in a 1k\nC1 a 0 k\n.end\n", none, 0.0, EQ_OK), 3e-9,
         1e-12);
    near(tau_of("t\nV1 in 0 1\nR1 in a 1k\nC1 a 0 ic=0.5 c={2p*2} m=3\n.end\n", none, 0.0, EQ_OK),
         1.2e-8, 1e-12);
    near(
        tau_of(
            "t\nV1 in 0 1\nR1 in a 1k\nX1 a s m=2\n.subckt s n c=5p\nC1 n 0 {c} m=2\n.ends\n.end\n",
            none, 0.0, EQ_OK),
        2e-8, 1e-12);
    /* Across an amplifier of gain 4 without feedback: Miller's 1 - A = -3 of it (no energy). */
    tau_of("t\nV1 in 0 1\nR1 in h 1k\nE1 e 0 h 0 4\nC1 h e 1p\n.end\n", none, 0.0, EQ_ERR_CHECK);
    near(tau_of("t\nV1 in 0 1\nR1 in h 1k\nE1 e 0 h 0 -4\nC1 h e 1p\n.end\n", none, 0.0, EQ_OK),
         5e-9, 1e-5);
    /* One without a value does not count, and is told. */
    near(tau_of("t\nV1 in 0 1\nR1 in a 1k\nC1 a 0 cmod\n.model cmod c cj=1\n.end\n", none, 0.0,
                EQ_OK),
         0.0, 0.0);
}
END_TEST

/* The written deck has them too, in every form that is read again. */
START_TEST(capacitors_are_written) {
    static const eq_dialect dialect[] = {EQ_NGSPICE, EQ_XYCE, EQ_LTSPICE, EQ_XML};
    const char *deck = "t\nV1 in 0 1\nR1 in a 1k\nC1 a 0 1p\nX1 a b s\nR2 b 0 1k\n"
                       ".subckt s n m\nR1 n m 1k\nC1 n m 2p\n.ends\n.end\n";
    const char *const none[] = {NULL};
    double tau = tau_of(deck, none, 0.0, EQ_OK);
    for (size_t k = 0; k < sizeof dialect / sizeof *dialect; k++) {
        eq_circuit *c = circuit_of(deck);
        eq_text text = {0};
        ck_assert_int_eq(eq_circuit_write(c, dialect[k], NULL, &text, NULL), EQ_OK);
        near(tau_of(text.text, none, 0.0, EQ_OK), tau, 1e-12);
        eq_text_free(&text);
        eq_circuit_free(c);
    }
}
END_TEST

/* N equal steps of R and C: lambda_1 = (2 - 2 cos(pi/(2N + 1)))/(R C), by power iteration. */
START_TEST(settling_of_a_long_line) {
    enum { N = 700 };
    eq_text deck = {0};
    const char *all[N + 1] = {NULL};
    eq_text_puts(&deck, "t\nV1 n0 0 1\n");
    for (int k = 1; k <= N; k++) {
        char name[16];
        eq_text_printf(&deck, "R%d n%d n%d 1k\n", k, k - 1, k);
        snprintf(name, sizeof name, "n%d", k);
        all[k - 1] = strdup(name);
    }
    eq_text_puts(&deck, ".end\n");
    double tau = tau_of(deck.text, all, 1e-12, EQ_OK);
    near(tau, 1e-9 / (2.0 - 2.0 * cos(acos(-1.0) / (2 * N + 1))), 1e-5);
    for (int k = 0; k < N; k++) free((void *)(uintptr_t)all[k]);
    eq_text_free(&deck);
}
END_TEST

Suite *power_suite(void) {
    Suite *s = suite_create("power");
    TCase *t = tcase_create("power");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, divider_by_hand);
    tcase_add_test(t, a_source_may_take_power_up);
    tcase_add_test(t, as_ngspice_has_it);
    tcase_add_test(t, potentials_of_every_node);
    tcase_add_test(t, potentials_leave_the_inputs_alone);
    tcase_add_test(t, engines_agree);
    tcase_add_test(t, a_wrong_state_is_told);
    tcase_add_test(t, layers_of_a_network);
    tcase_add_test(t, a_trained_network_is_metered);
    tcase_add_test(t, settling_in_closed_form);
    tcase_add_test(t, capacitors_of_the_deck_count);
    tcase_add_test(t, capacitors_are_written);
    tcase_add_test(t, settling_of_a_long_line);
    suite_add_tcase(s, t);
    return s;
}
