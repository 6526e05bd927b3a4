#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mna.h"
#include "base/random.h"
#include "solver/eliminate.h"
#include "solver/solver.h"
#include "solver/solver_internal.h"

Suite *solver_suite(void);

static const char *const engine_name[] = {"newton", "kinsol", "cocontent"};

/* A solved circuit. */
typedef struct solved {
    eq_circuit *c;
    eq_solver *s;
    double *v, *branch;
    eq_solve_info info;
    eq_status status;
    eq_diag *d;
} solved;

static void release(solved *s) {
    eq_solver_free(s->s);
    eq_circuit_free(s->c);
    eq_diag_free(s->d);
    free(s->v);
    free(s->branch);
}

static void again(solved *s, eq_method method) {
    eq_solve_options o = eq_solve_defaults(s->c);
    o.method = method;
    memset(s->v, 0, eq_circuit_nodes(s->c) * sizeof *s->v);
    s->status = eq_solver_solve(s->s, &o, s->v, s->branch, &s->info, s->d);
}

static solved solve_circuit(eq_circuit *c, eq_method method) {
    solved s = {.c = c, .d = eq_diag_new()};
    s.status = eq_solver_new(s.c, &s.s, s.d);
    if (s.status != EQ_OK) return s;
    s.v = calloc(eq_circuit_nodes(c), sizeof *s.v);
    s.branch = calloc(eq_solver_branches(s.s) + 1, sizeof *s.branch);
    again(&s, method);
    return s;
}

static solved solve_deck(const char *text, eq_method method) {
    return solve_circuit(deck(text), method);
}

static double v(const solved *s, const char *node) {
    return s->v[eq_circuit_find_node(s->c, node)];
}

static double i(const solved *s, const char *name) {
    return s->branch[eq_solver_branch_of(s->s, eq_circuit_find_element(s->c, name))];
}

/* Holds the answer against the dense truth: it solves KCL and a Newton step of the truth does not
 * move it. */
static void hold_to_truth(const solved *s, const char *what) {
    size_t nodes = eq_circuit_nodes(s->c), branches = eq_solver_branches(s->s);
    ck_assert_msg(s->status == EQ_OK, "%s: %s", what,
                  eq_diag_count(s->d) > 0 ? eq_diag_get(s->d, 0)->text : "no message");
    ck_assert_msg(s->info.residual_ratio <= 1.0, "%s: ratio %g", what, s->info.residual_ratio);
    double *w = malloc(nodes * sizeof *w), *b = malloc((branches + 1) * sizeof *b);
    memcpy(w, s->v, nodes * sizeof *w);
    memcpy(b, s->branch, branches * sizeof *b);
    double kcl = mna_residual(s->c, w, b), size = 0.0, moved = mna_step(s->c, w, b);
    for (size_t k = 0; k < branches; k++) size = fmax(size, fabs(b[k]));
    ck_assert_msg(moved < 1e-9, "%s: the truth moves by %g", what, moved);
    for (size_t k = 0; k < branches; k++)
        ck_assert_msg(fabs(b[k] - s->branch[k]) <= 1e-9 * size + 1e-15, "%s: i(%s) = %g, not %g",
                      what, eq_circuit_element_name(s->c, eq_solver_branch_element(s->s, k)),
                      s->branch[k], b[k]);
    ck_assert_msg(kcl <= 1e-8 * (size + 1e-3), "%s: KCL %g", what, kcl);
    free(w);
    free(b);
}

static const char wheatstone[] = "bridge\n"
                                 "V1 top 0 10\nR1 top a 100\nR2 a 0 200\nR3 top b 300\nR4 b 0 400\n"
                                 "R5 a b 500\n.op\n.end\n";

/* Closed form: the bridge branch by Thevenin. */
START_TEST(linear_closed_forms) {
    for (eq_method m = EQ_NEWTON; m <= EQ_COCONTENT; m++) {
        solved s = solve_deck("divider\nV1 in 0 9\nR1 in out 1k\nR2 out 0 2k\n.op\n.end\n", m);
        ck_assert_double_eq_tol(v(&s, "out"), 6.0, 1e-13);
        ck_assert_double_eq_tol(i(&s, "v1"), -3e-3, 1e-16);
        ck_assert_str_eq(s.info.engine, engine_name[m]);
        ck_assert_str_eq(eq_solver_backend(s.s), "cholmod");
        /* P = (9-6)^2/2000 + 6^2/4000 W */
        ck_assert_double_eq_tol(s.info.energy, 9.0 / 2000 + 36.0 / 4000, 1e-15);
        release(&s);
        s = solve_deck(wheatstone, m);
        double open = 10.0 * 200 / 300 - 10.0 * 400 / 700;
        double source = 100.0 * 200 / 300 + 300.0 * 400 / 700;
        ck_assert_double_eq_tol(v(&s, "a") - v(&s, "b"), open * 500 / (500 + source), 1e-13);
        hold_to_truth(&s, "wheatstone");
        release(&s);
    }
}
END_TEST

/* Lambert W by Newton, to check x + a ln-type closed forms. */
static double lambert(double x) {
    double w = log1p(x);
    for (int k = 0; k < 60; k++) w -= (w * exp(w) - x) / (exp(w) * (1 + w));
    return w;
}

/* V, R, D in series: i = vte/R W(is R/vte exp((V + is R)/vte)) - is, without gmin. */
START_TEST(diode_closed_form) {
    for (eq_method m = EQ_NEWTON; m <= EQ_COCONTENT; m++) {
        solved s =
            solve_deck("diode\nV1 in 0 0.8\nR1 in a 50\nD1 a 0 dm\n.model dm D is=1e-9 n=1.5\n"
                       ".options gmin=1e-20\n.op\n.end\n",
                       m);
        double vte = 1.5 * s.c->env.k_over_q * 300.15, is = 1e-9, r = 50;
        double current = vte / r * lambert(is * r / vte * exp((0.8 + is * r) / vte)) - is;
        ck_assert_double_eq_tol(-i(&s, "v1"), current, 1e-12 * current);
        hold_to_truth(&s, "diode");
        release(&s);
    }
}
END_TEST

/* A source between 10 A and a dead end or 1 Mohm: its current is that of the side where less flows,
 * whichever node comes first. i flows from plus to minus inside it. */
START_TEST(currents_of_sources_have_the_round_off_of_their_smaller_side) {
    static const struct {
        const char *lines;
        double conductance; /* from node s to ground */
    } sides[] = {{"V1 s b 0\n", 0.0},
                 {"V1 b s 0\n", 0.0},
                 {"V1 s b 0\nR9 s 0 1meg\n", 1e-6},
                 {"R9 s 0 1meg\nV1 b s 0\n", 1e-6},
                 {"V2 s x 0\nR9 s 0 1meg\nV1 x b 0\n", 1e-6},
                 {"V2 s x 0\nV1 b x 0\nF1 0 y V1 1e4\nR8 y 0 1\n", 0.0}};
    for (size_t k = 0; k < sizeof sides / sizeof *sides; k++) {
        char text[400];
        snprintf(text, sizeof text,
                 "t\n%sI1 0 b 9.3\nR1 b c 1.7\nR2 c 0 1.3\nD1 b 0 dm\nR3 b 0 1.23\nR4 c b 3.7\n"
                 ".model dm d(is=1e-9 n=0.7)\n.options gmin=1e-20\n.op\n.end\n",
                 sides[k].lines);
        solved s = solve_deck(text, EQ_NEWTON);
        double into_s = sides[k].conductance * v(&s, "s");
        double want = strstr(text, "V1 b") != NULL ? into_s : -into_s;
        ck_assert_msg(fabs(i(&s, "v1") - want) <= 1e-14 * fabs(want), "%s: %.17g, not %.17g",
                      sides[k].lines, i(&s, "v1"), want);
        release(&s);
    }
}
END_TEST

static const char kendall[] =
    "neuron pair with bidirectional amplifiers of unequal gains\n"
    "V1 x1 0 1.2\nV2 x2 0 -0.7\nVb bias 0 1\n"
    "R11 x1 h1 10k\nR21 x2 h1 20k\nRb1 bias h1 30k\nR12 x1 h2 15k\nR22 x2 h2 12k\n"
    "Vu up 0 0.1\nVd dn 0 -0.1\n"
    "D1 h1 up dm\nD2 dn h1 dm\nD3 h2 up dm\nD4 dn h2 dm\n"
    "E1 e1 0 h1 0 4\nVs1 e1 w1 0\nF1 h1 0 Vs1 0.25\n"
    "E2 e2 0 h2 0 4\nVs2 e2 w2 0\nF2 h2 0 Vs2 0.25\n"
    "Rh h1 h2 50k\nR31 w1 g 5k\nR32 w2 g 7k\nD5 g up dm\nD6 dn g dm\n"
    "E3 e3 0 g 0 -3\nVs3 e3 w3 0\nF3 g 0 Vs3 -0.5\n"
    "R41 w3 y 8k\nR42 y 0 9k\nI1 0 y 2u\n"
    ".model dm D is=1e-6\n.op\n.end\n";

/* Resistors a-b-c, sources into a, a diode and a 1-S resistor to ground: with all nodes moved by
 * the same h the KCL sum is IS (exp(h/vt) - 1) + gmin h + h - 2 = 0, by bisection here. What stands
 * between two of the nodes has no part in it. */
START_TEST(shifts_solve_the_sum_of_a_component) {
    eq_circuit *c = deck("shift\n.model d d(is=1e-14)\nR1 a b 1\nR2 b c 1\nI1 0 a 1.5\nI2 0 c .5\n"
                         "D1 c 0 d\nR3 b 0 1\nR4 far 0 1\nI3 0 far 1\nD2 a c d\nD3 c b d\n");
    eq_system *s = NULL;
    eq_eliminator *e = NULL;
    ck_assert_int_eq(eq_system_new(c, false, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_eliminator_new(s, &e, NULL), EQ_OK);
    ck_assert_uint_eq(s->n, 4);
    double x[4] = {0.0}, low = 0.0, high = 2.0, vt = 0.025864917007157;
    eq_eliminate_shifts(e, x);
    for (int k = 0; k < 200; k++) {
        double h = 0.5 * (low + high), sum = 1e-14 * expm1(h / vt) + 1e-12 * h + h - 2.0;
        *(sum < 0.0 ? &low : &high) = h;
    }
    for (int k = 0; k < 3; k++) ck_assert_double_eq_tol(x[k], low, 1e-4);
    ck_assert_double_eq(x[3], 0.0); /* one node alone is no block */
    eq_eliminator_free(e);
    eq_system_free(s);
    eq_circuit_free(c);
}
END_TEST

/* y feels h through the amplifier, h does not feel y: they are no unknowns of one colour. h is
 * solved first, and then y, whose equation holds on return. */
START_TEST(elimination_orders_what_one_side_feels) {
    eq_circuit *c = deck("one way\n.model d d(is=1e-14)\nV1 in 0 5\nR1 in y 1k\nD1 y e d\n"
                         "E1 e 0 h 0 2\nR2 in h 1k\nD2 h 0 d\n");
    eq_system *s = NULL;
    eq_eliminator *e = NULL;
    double x[2] = {0.1, 0.0}, r[2], size[2];
    ck_assert_int_eq(eq_system_new(c, false, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_eliminator_new(s, &e, NULL), EQ_OK);
    ck_assert_uint_eq(s->n, 2);
    ck_assert_int_eq(s->reduction->root[0], eq_circuit_find_node(c, "y"));
    eq_eliminate(e, x);
    ck_assert(eq_system_residual(s, x, r, size));
    for (int k = 0; k < 2; k++) ck_assert_double_le(fabs(r[k]), 1e-12 * size[k]);
    eq_eliminator_free(e);
    eq_system_free(s);
    eq_circuit_free(c);
}
END_TEST

START_TEST(amplifiers_agree_with_the_truth_and_have_an_energy) {
    for (eq_method m = EQ_NEWTON; m <= EQ_COCONTENT; m++) {
        solved s = solve_deck(kendall, m);
        hold_to_truth(&s, engine_name[m]);
        ck_assert(s.info.has_energy);
        ck_assert_str_eq(eq_solver_backend(s.s), "cholmod");
        ck_assert_uint_eq(eq_solver_unknowns(s.s), 4);
        ck_assert_msg(s.info.stationarity < 1e-12, "stationarity %g", s.info.stationarity);
        release(&s);
    }
}
END_TEST

/* The stationarity check must see a state that is not the solution. */
START_TEST(stationarity_sees_a_wrong_state) {
    solved s = solve_deck(kendall, EQ_NEWTON);
    double good = s.info.stationarity;
    eq_solve_options o = eq_solve_defaults(s.c);
    o.abstol = 1e-5; /* solved at once from a start 10 mV off */
    o.reltol = 1e-2;
    s.v[eq_circuit_find_node(s.c, "y")] += 1e-2;
    ck_assert_int_eq(eq_solver_solve(s.s, &o, s.v, s.branch, &s.info, s.d), EQ_OK);
    ck_assert_double_ge(s.info.stationarity, 0.0);
    ck_assert_msg(good < 1e-12, "%g", good);
    ck_assert_double_eq_tol(s.info.stationarity, s.info.residual, 1e-9 * s.info.residual + 1e-15);
    release(&s);
}
END_TEST

static const char *const active[] = {
    "every class\nV1 in 0 5\nR1 in a 1k\nD1 a b dm\nR2 b 0 2k\nG1 b 0 a 0 1m\nH1 c 0 V1 100\n"
    "R3 c d 1k\nE1 d f a b 2\nR4 f 0 3k\nE2 g 0 g a 0.5\nR5 g f 1k\nF1 f 0 E1 0.3\nF2 b 0 V2 0.1\n"
    "V2 b k 0.2\nR6 k 0 500\n.model dm D\n.op\n.end\n",
    "op amp with feedback\nV1 in 0 0.1\nR1 in m 1k\nR2 m out 10k\nE1 out 0 0 m 1e6\nRl out 0 1k\n"
    ".op\n.end\n",
    "gyrator\nV1 in 0 1\nR1 in a 100\nG1 a 0 b 0 1m\nG2 0 b a 0 1m\nR2 b 0 1k\n.op\n.end\n",
    "F of its own current\nV1 in 0 1\nR1 in a 100\nV2 a b 0\nR2 b 0 1k\nF1 a 0 V2 2\nF2 b 0 V2 "
    "0.5\n"
    ".op\n.end\n",
    "F in a ring\nV1 in 0 1\nR1 in a 100\nV2 a b 0.1\nR2 b 0 1k\nR3 in c 200\nV3 c d -0.1\nR4 d 0 "
    "2k\n"
    "F1 b 0 V3 0.5\nF2 d 0 V2 0.5\n.op\n.end\n",
    "floating sources\nI1 0 a 1m\nV1 a b 2\nV2 b c 3\nE1 c d a 0 0.5\nR1 a 0 1k\nR2 d 0 2k\n"
    "F1 b 0 V2 0.3\nR3 b 0 5k\n.op\n.end\n",
    "H as a resistor\nV1 in 0 1\nH1 in a H1 50\nR1 a 0 100\nH2 b 0 H1 20\nR2 b 0 10\n.op\n.end\n",
    "a source without unknowns\nV1 in 0 1\nR1 in 0 100\nE1 b 0 in 0 3\nR2 b in 1k\nF1 in 0 E1 1\n"
    ".op\n.end\n",
    "negative resistance\nV1 in 0 1\nR1 in a 1k\nR2 a 0 -3k\nD1 a 0 dm\n.model dm D\n.op\n.end\n",
};

START_TEST(controlled_sources_agree_with_the_truth) {
    for (eq_method m = EQ_NEWTON; m <= EQ_KINSOL; m++) {
        solved s = solve_deck(active[_i], m);
        hold_to_truth(&s, active[_i]);
        release(&s);
    }
}
END_TEST

START_TEST(cocontent_needs_an_energy) {
    solved s = solve_deck(active[0], EQ_COCONTENT);
    ck_assert_int_eq(s.status, EQ_ERR_CHECK);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(s.d, 0)->text, "h1"));
    ck_assert(isnan(v(&s, "a")) && isnan(s.branch[0]));
    ck_assert(!s.info.has_energy && isnan(s.info.stationarity));
    release(&s);
    s = solve_deck(active[8], EQ_COCONTENT);
    ck_assert_int_eq(s.status, EQ_ERR_CHECK);
    ck_assert_ptr_nonnull(strstr(eq_diag_get(s.d, 0)->text, "r2"));
    release(&s);
}
END_TEST

/* A random circuit: a resistive tree to ground, more resistors, diodes and current sources between
 * the nodes, grounded and floating sources at new nodes, amplifiers in a chain from early to late
 * blocks. */
static eq_circuit *random_circuit(uint64_t seed, bool with_active) {
    eq_random r = eq_random_seed(seed);
    eq_text t = {0};
    int blocks = 1 + (int)eq_random_below(&r, 3), id = 0;
    eq_text_puts(&t, "random\n.model d1 D is=1e-6\n.model d2 D is=1e-14 n=1.2\n"
                     ".model d3 D(ron=10 roff=1e9 vfwd=0.4)\n");
#define U eq_random_uniform(&r)
#define PICK(n) ((int)eq_random_below(&r, (uint64_t)(n)))
    for (int b = 0; b < blocks; b++) {
        int nodes = 2 + PICK(6);
        double amplitude = pow(10.0, -1.0 + 2.3 * U);
        eq_text_printf(&t, "V%d n%d_0 0 %.17g\n", id++, b, amplitude * (2 * U - 1));
        for (int n = 1; n < nodes; n++) {
            eq_text_printf(&t, "R%d n%d_%d n%d_%d %.17g\n", id++, b, n, b, PICK(n),
                           pow(10, 2 + 4 * U));
            int across = PICK(n); /* no active loop may be driven through bare diodes */
            if (PICK(2) == 0 && !(with_active && across == 0))
                eq_text_printf(&t, "D%d n%d_%d n%d_%d d%d\n", id++, b, across, b, n, 1 + PICK(3));
            if (PICK(2) == 0) eq_text_printf(&t, "D%d n%d_%d 0 d%d\n", id++, b, n, 1 + PICK(3));
            if (PICK(3) == 0)
                eq_text_printf(&t, "I%d n%d_%d 0 %.17g\n", id++, b, n, 1e-3 * (2 * U - 1));
            if (PICK(4) == 0)
                eq_text_printf(&t, "V%d n%d_%d f%d %.17g\nR%d f%d 0 %.17g\n", id, b, n, id,
                               2 * U - 1, id, id, pow(10, 2 + 4 * U));
            id++;
            if (with_active && PICK(3) == 0)
                eq_text_printf(&t, "G%d n%d_%d 0 n%d_%d 0 %.17g\n", id, b, n, b, PICK(n),
                               1e-5 * (2 * U - 1));
            if (with_active && PICK(4) == 0)
                eq_text_printf(&t, "H%d x%d 0 V0 %.17g\nR%d x%d n%d_%d 3k\n", id, id, 10 * U, id,
                               id, b, n);
            id++;
        }
        if (b > 0) {
            double gain = 0.5 + 4 * U, back = with_active ? 0.3 * U : 0.1 + U;
            int from = 1 + PICK(1), to = 1 + PICK(nodes - 1);
            eq_text_printf(&t,
                           "E%d e%d 0 n%d_%d 0 %.17g\nVs%d e%d w%d 0\nF%d n%d_%d 0 Vs%d %.17g\n"
                           "R%d w%d n%d_%d 2k\n",
                           id, id, b - 1, from, gain, id, id, id, id, b - 1, from, id, back, id, id,
                           b, to);
            id++;
        }
    }
    eq_text_puts(&t, ".op\n.end\n");
    eq_circuit *c = deck(t.text);
    eq_text_free(&t);
    return c;
}

START_TEST(three_engines_agree_on_random_circuits) {
    for (uint64_t seed = 1; seed <= 150; seed++) {
        char what[80];
        solved s = solve_circuit(random_circuit(seed, false), EQ_NEWTON);
        size_t nodes = eq_circuit_nodes(s.c);
        double *first = malloc(nodes * sizeof *first), size = 0.0, current = 0.0;
        snprintf(what, sizeof what, "seed %d newton", (int)seed);
        hold_to_truth(&s, what);
        ck_assert_str_eq(s.info.rung, "newton");
        memcpy(first, s.v, nodes * sizeof *first);
        for (size_t k = 0; k < nodes; k++) size = fmax(size, fabs(first[k]));
        for (size_t k = 0; k < eq_solver_branches(s.s); k++)
            current = fmax(current, fabs(s.branch[k]));
        ck_assert(s.info.has_energy);
        ck_assert_msg(s.info.stationarity < 1e-8 * current + 1e-15,
                      "%s: stationarity %g, currents %g", what, s.info.stationarity, current);
        for (eq_method m = EQ_KINSOL; m <= EQ_COCONTENT; m++) {
            snprintf(what, sizeof what, "seed %d %s", (int)seed, engine_name[m]);
            again(&s, m);
            hold_to_truth(&s, what);
            for (size_t k = 0; k < nodes; k++)
                ck_assert_msg(fabs(s.v[k] - first[k]) <= 1e-9 * size, "%s: v(%s) differs by %g",
                              what, eq_circuit_node_name(s.c, (eq_node)k), s.v[k] - first[k]);
        }
        free(first);
        release(&s);
    }
}
END_TEST

START_TEST(random_active_circuits_agree_with_the_truth) {
    for (uint64_t seed = 1; seed <= 150; seed++)
        for (eq_method m = EQ_NEWTON; m <= EQ_KINSOL; m++) {
            char what[80];
            snprintf(what, sizeof what, "active seed %d %s", (int)seed, engine_name[m]);
            solved s = solve_circuit(random_circuit(seed, true), m);
            hold_to_truth(&s, what);
            release(&s);
        }
}
END_TEST

/* d(sum of weights * v)/dg by the adjoint against central differences, for every resistor. */
static void check_adjoint(const char *text) {
    solved s = solve_deck(text, EQ_NEWTON);
    size_t nodes = eq_circuit_nodes(s.c);
    double *dcdv = calloc(nodes, sizeof *dcdv), *lambda = calloc(nodes, sizeof *lambda);
    double *at = malloc(nodes * sizeof *at);
    memcpy(at, s.v, nodes * sizeof *at);
    for (size_t k = 1; k < nodes; k++) dcdv[k] = sin(3.0 * (double)k) * (1.0 + s.v[k]);
    ck_assert_int_eq(eq_solver_adjoint(s.s, s.v, s.branch, dcdv, lambda, s.d), EQ_OK);
    const eq_table *t = &s.c->table[EQ_CLASS_resistor];
    for (size_t j = 0; j < t->count; j++) {
        double *r = &t->w[0][j], kept = *r, g = 1.0 / kept, h = 1e-4 * g, cost[2];
        double u = at[t->term[0][j]] - at[t->term[1][j]];
        double adjoint = -(lambda[t->term[0][j]] - lambda[t->term[1][j]]) * u;
        for (int side = 0; side < 2; side++) {
            *r = 1.0 / (side == 0 ? g + h : g - h);
            eq_circuit_derive(s.c);
            eq_solver_refresh(s.s);
            again(&s, EQ_NEWTON);
            ck_assert_int_eq(s.status, EQ_OK);
            cost[side] = 0.0;
            for (size_t k = 0; k < nodes; k++) cost[side] += dcdv[k] * (s.v[k] - at[k]);
        }
        double difference = (cost[0] - cost[1]) / (2 * h);
        ck_assert_msg(fabs(difference - adjoint) <= 1e-5 * fabs(adjoint) + 1e-9 / g,
                      "%s: %g by adjoint, %g by differences",
                      eq_circuit_element_name(s.c, t->id[j]), adjoint, difference);
        *r = kept;
    }
    free(dcdv);
    free(lambda);
    free(at);
    release(&s);
}

START_TEST(adjoint_agrees_with_differences) {
    check_adjoint(kendall);
    check_adjoint(wheatstone);
    for (size_t k = 0; k < sizeof active / sizeof *active; k++) check_adjoint(active[k]);
}
END_TEST

/* Currents below abstol, and parts that hang on the rest by next to nothing: every engine gives the
 * potentials, not just some that meet the bound. Where v is 0 the other potentials are 1 mV. */
START_TEST(tiny_currents_are_solved) {
    static const struct {
        const char *cards, *node;
        double v, within;
    } weak[] = {
        {"i1 0 x 1e-15\nr1 x 0 1e15\n", "x", 1.0, 1e-6},
        {"i1 0 x 1e-20\nr1 x y 1e18\nr2 y 0 1e18\n", "x", 0.02, 1e-6},
        {"v1 a 0 1\nr1 a x 1e15\nr2 x 0 3e15\n", "x", 0.75, 1e-6},
        {"i1 0 x 1e-18\nd1 x 0 dm\n.options gmin=0\n", "x", 0.025864917007157 * 1e-4, 1e-4},
        {"i1 0 x 1e-13\nd1 x 0 dm\n.options gmin=0\n", "x", 0.025864917007157 * 2.3978952727983707,
         1e-6},
        {"i1 0 x 1e-16\ng1 x 0 x 0 1e-16\n", "x", 1.0, 1e-6},
        {"i1 y x 1m\nr1 x y 1\nr2 x 0 1e12\n", "y", -1e-3, 1e-6},
        {"i1 y x 1m\nr1 x y 1\nr2 y 0 1e12\n", "y", 0.0, 1e-4},
        {"i1 y x 1m\nr1 x y 1\nd1 y 0 dm\n", "y", 0.0, 1e-4},
        {"i1 0 a 1n\nr1 a b 1e-6\nr2 b x 1e-6\nr3 x 0 1e9\n", "a", 1.0, 1e-6},
        {"i1 0 a 1p\nr1 a b 1e-3\nr2 b x 1e-3\nr3 x 0 1e12\n", "x", 1.0, 1e-6},
        {"v1 p 0 1\nd1 a p dm\nrw a x 1m\nrx x y 1m\nd2 0 y dm\n", "x", 0.5, 1e-6},
        {"v1 p 0 5\nd1 0 p dm\nd2 0 x dm\nd3 x 0 dm\ni1 0 x 1e-17\n.options gmin=0\n", "x",
         0.025864917007157 * 5e-4, 1e-4},
    };
    for (int m = EQ_NEWTON; m <= EQ_COCONTENT; m++) {
        char text[300];
        snprintf(text, sizeof text, "weak\n%s.model dm d(is=1e-14)\n.op\n.end\n", weak[_i].cards);
        solved s = solve_deck(text, (eq_method)m);
        double v = s.v[eq_circuit_find_node(s.c, weak[_i].node)];
        ck_assert_msg(fabs(v - weak[_i].v) <= weak[_i].within * fmax(fabs(weak[_i].v), 1e-3),
                      "%s engine %d: v(%s) = %.12g", text, m, weak[_i].node, v);
        release(&s);
    }
}
END_TEST
enum { WEAK = 13 };

/* Two conductances that cancel: there is no adjoint. */
START_TEST(no_adjoint_where_the_jacobian_is_singular) {
    eq_circuit *c = deck("t\nv1 a 0 1\nr1 a b 1k\nr2 b 0 -1k\n.op\n.end\n");
    eq_solver *s = NULL;
    eq_diag *d = eq_diag_new();
    double v[3] = {0.0, 1.0, 0.5}, branch[1] = {0.0}, dcdv[3] = {0.0, 0.0, 1.0}, lambda[3];
    ck_assert_int_eq(eq_solver_new(c, &s, d), EQ_OK);
    ck_assert_int_eq(eq_solver_adjoint(s, v, branch, dcdv, lambda, d), EQ_ERR_SINGULAR);
    ck_assert_ptr_nonnull(
        strstr(eq_diag_get(d, 0)->text, "the Jacobian is singular at this state"));
    eq_diag_free(d);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* Sources and gains changed between solves; the analysis stays. */
START_TEST(refresh_takes_over_changes) {
    solved s = solve_deck(kendall, EQ_NEWTON);
    *eq_circuit_source(s.c, eq_circuit_find_element(s.c, "v1")) = -3.0;
    *eq_circuit_param(s.c, eq_circuit_find_element(s.c, "e1"), 0) = 2.5;
    *eq_circuit_param(s.c, eq_circuit_find_element(s.c, "r31"), 0) = 600.0;
    eq_circuit_derive(s.c);
    eq_solver_refresh(s.s);
    again(&s, EQ_NEWTON);
    hold_to_truth(&s, "changed");
    ck_assert(
        !s.info.has_energy); /* the two amplifiers into node g now ask for different weights of g */
    *eq_circuit_param(s.c, eq_circuit_find_element(s.c, "e1"), 0) = 4.0;
    eq_solver_refresh(s.s);
    again(&s, EQ_NEWTON);
    hold_to_truth(&s, "changed back");
    ck_assert(s.info.has_energy);
    release(&s);
}
END_TEST

static const struct {
    const char *deck, *says;
} singular[] = {
    {"loop\nV1 a 0 1\nV2 a 0 1\nR1 a 0 1\n.op\n.end\n", "loop of voltage sources: v2, v1"},
    {"loop of three\nV1 a 0 1\nV2 a b 1\nE1 b 0 c 0 2\nR1 a c 1\nR2 c 0 1\n.op\n.end\n",
     "loop of voltage sources"},
    {"short\nV1 a a 1\nR1 a 0 1\n.op\n.end\n", "loop of voltage sources: v1"},
    {"floating\nV1 a 0 1\nR1 a 0 1\nR2 b c 1k\n.op\n.end\n",
     "node b, c (r2) has no dc path to ground"},
    {"cutset\nV1 a 0 1\nR1 a 0 1\nI1 a b 1m\nR2 b c 1k\nI2 c 0 1m\n.op\n.end\n",
     "only current sources (i1, i2) lead to node b, c"},
    {"cancelled\nV1 a 0 1\nR1 a b 1k\nR2 b 0 -1k\n.op\n.end\n", "zero pivot at node b"},
    {"undetermined control\nV1 a 0 1\nR1 a 0 1\nE1 b 0 b 0 1\nR2 b 0 1k\n.op\n.end\n",
     "zero pivot"},
};

START_TEST(singular_circuits_are_named) {
    solved s = solve_deck(singular[_i].deck, EQ_NEWTON);
    ck_assert_int_eq(s.status, EQ_ERR_SINGULAR);
    ck_assert_msg(strstr(eq_diag_get(s.d, 0)->text, singular[_i].says) != NULL, "%s",
                  eq_diag_get(s.d, 0)->text);
    if (s.v != NULL) ck_assert(isnan(s.v[1]));
    release(&s);
}
END_TEST

static void count_lines(void *data, const char *line) {
    (void)line;
    ++*(int *)data;
}

/* No operating point: a current source drives 1 A backwards into a diode that passes 1e-14 A. */
/* What is forgotten leaves no trace: a solver that has seen a circuit at values of many decades,
 * whose pivots differ, gives the bits of one that is new. KLU (transconductances) and CHOLMOD. */
static const char *const remembered[] = {
    "klu\nV1 in 0 1\nR1 in a 1k\nR2 a b 1k\nR3 b c 1k\nR4 c d 1k\nR5 d 0 1k\nR6 a d 2k\nR7 b 0 "
    "3k\nG1 a 0 c 0 1m\nG2 c 0 a d 3m\nG3 d b a 0 2m\nD1 b d dm\nD2 0 c dm\n.model dm d "
    "is=1e-9\n.op\n.end\n",
    "cholmod\nV1 in 0 1\nR1 in a 1k\nR2 a b 1k\nR3 b c 1k\nR4 c d 1k\nR5 d 0 1k\nR6 a d 2k\nR7 b "
    "0 3k\nD1 b d dm\nD2 0 c dm\n.model dm d is=1e-9\n.op\n.end\n"};

START_TEST(what_is_forgotten_leaves_no_trace) {
    eq_circuit *c = deck(remembered[_i]);
    eq_solver *s = NULL, *fresh = NULL;
    eq_random r = eq_random_seed(5);
    size_t nodes = eq_circuit_nodes(c), resistors = c->table[EQ_CLASS_resistor].count;
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    for (int trial = 0; trial < 50; trial++) {
        double v[8] = {0}, w[8] = {0};
        for (size_t k = 0; k < resistors; k++)
            c->table[EQ_CLASS_resistor].w[0][k] = pow(10.0, 6.0 * eq_random_uniform(&r));
        for (size_t k = 0; k < c->table[EQ_CLASS_vccs].count; k++)
            c->table[EQ_CLASS_vccs].w[0][k] = pow(10.0, -6.0 * eq_random_uniform(&r));
        eq_circuit_derive(c);
        eq_solver_refresh(s);
        eq_solver_forget(s);
        ck_assert_int_eq(eq_solver_new(c, &fresh, NULL), EQ_OK);
        eq_status known = eq_solver_solve(s, NULL, v, NULL, NULL, NULL);
        ck_assert_int_eq(eq_solver_solve(fresh, NULL, w, NULL, NULL, NULL), known);
        if (known == EQ_OK) ck_assert_mem_eq(v, w, nodes * sizeof *v);
        eq_solver_free(fresh);
    }
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* 1000 S hold a at 0.25 V, which would be at 2/3 V without; b and c follow it. */
START_TEST(held_nodes_give_a_start_nearby) {
    eq_circuit *c = deck("hold\nV1 in 0 1\nR1 in a 1k\nR2 a b 1k\nR3 b c 1k\nR4 c 0 1k\nR5 b 0 "
                         "2k\n.op\n.end\n");
    eq_solver *s = NULL;
    double held[8], v[8] = {0};
    for (size_t k = 0; k < eq_circuit_nodes(c); k++) held[k] = NAN;
    held[eq_circuit_find_node(c, "a")] = 0.25;
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_hold(s, NULL, held, v, NULL), EQ_OK);
    ck_assert_double_eq_tol(v[eq_circuit_find_node(c, "in")], 1.0, 1e-15);
    ck_assert_double_eq_tol(v[eq_circuit_find_node(c, "a")], 0.25, 1e-6);
    ck_assert_double_eq_tol(v[eq_circuit_find_node(c, "b")], 0.125, 1e-6);
    ck_assert_double_eq_tol(v[eq_circuit_find_node(c, "c")], 0.0625, 1e-6);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK); /* and lets them go */
    ck_assert_double_eq_tol(v[eq_circuit_find_node(c, "a")], 2.0 / 3.0, 1e-9);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

START_TEST(failure_is_no_number) {
    for (eq_method m = EQ_NEWTON; m <= EQ_COCONTENT; m++) {
        solved s = solve_deck("hard\nI1 a 0 1\nD1 a 0 dm\n.model dm D is=1e-14\n.options gmin=0\n"
                              "R1 b 0 1\n.op\n.end\n",
                              m);
        ck_assert_msg(s.status == EQ_ERR_CONVERGE || s.status == EQ_ERR_SINGULAR, "%s %d",
                      engine_name[m], s.status);
        ck_assert_uint_ge(eq_diag_errors(s.d), 1);
        ck_assert_ptr_nonnull(strstr(eq_diag_get(s.d, 0)->text, "node a"));
        for (size_t k = 0; k < eq_circuit_nodes(s.c); k++) ck_assert(isnan(s.v[k]));
        release(&s);
    }
}
END_TEST

START_TEST(bad_options_are_refused) {
    solved s = solve_deck(wheatstone, EQ_NEWTON);
    eq_solve_options o = eq_solve_defaults(s.c);
    int lines = 0;
    o.log = count_lines;
    o.log_data = &lines;
    ck_assert_int_eq(eq_solver_solve(s.s, &o, s.v, NULL, NULL, s.d), EQ_OK);
    ck_assert_int_ge(lines, 1);
    o.max_iterations = 0;
    ck_assert_int_eq(eq_solver_solve(s.s, &o, s.v, NULL, NULL, s.d), EQ_ERR_USAGE);
    ck_assert(isnan(s.v[1]));
    release(&s);
}
END_TEST

/* Tolerances below round-off of the currents through 0.1 ohm at 5 V: the bound does not fall below
 * it. */
START_TEST(tolerances_below_round_off_still_give_an_answer) {
    eq_circuit *c = deck("tight\n.options abstol=1e-15 reltol=1e-10\nV1 a 0 5.1\nR1 a b 0.1\n"
                         "R2 b c 5meg\nR3 c d 0.1\nR4 d 0 3meg\nD1 d e dm\nR5 e 0 1meg\n"
                         ".model dm D(is=1e-14)\n.op\n.end\n");
    eq_solver *s = NULL;
    double v[16] = {0.0};
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_solver_new(c, &s, diag), EQ_OK);
    eq_status status = eq_solver_solve(s, NULL, v, NULL, NULL, diag);
    ck_assert_msg(status == EQ_OK, "%s",
                  eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "no message");
    double i = (v[eq_circuit_find_node(c, "b")] - v[eq_circuit_find_node(c, "c")]) / 5e6;
    double j = v[eq_circuit_find_node(c, "d")] / 3e6 + v[eq_circuit_find_node(c, "e")] / 1e6;
    ck_assert_double_eq_tol(i, j, 1e-13);
    eq_solver_free(s);
    eq_circuit_free(c);
    eq_diag_free(diag);
}
END_TEST

/* The same for formulas: differences of large drops and of large currents. */
static const char *const cancelling[] = {
    "currents of drops\nV1 a 0 5.1\nB1 a b i=10*v(a,b)\nR2 b c 5meg\nB3 c d i=10*v(c) - 10*v(d)\n"
    "R4 d 0 3meg\n",
    "voltages of drops\nV1 a 0 5.1\nR1 a b 0.1\nR2 b 0 5meg\nB1 c 0 v=1e6*v(a) - 1e6*v(b)\nR3 c 0 "
    "1k\n",
    "currents of currents that they change\nV1 a 0 5.1\nR1 a b 0.1\nV2 b c 0\nR2 c 0 7\nV3 b e 0\n"
    "R3 e d 7\nB1 0 d i=1e4*i(v2) - 1e4*i(v3) + 1u*temper/27\nR4 d 0 1meg\n",
    "voltages of currents\nV1 a 0 5.1\nR1 a b 0.1\nV2 b c 0\nR2 c 0 7\nV3 b e 0\nR3 e 0 7\nB1 d 0 "
    "v=1e6*i(v2) - 1e6*i(v3) + 1m\nR4 d 0 1meg\n"};

START_TEST(formulas_below_round_off_still_give_an_answer) {
    /* (1e4 (b/7 - (b - d)/7) + 1u) + (b - d)/7 = d/1meg, (5.1 - b)/0.1 = b/7 + (b - d)/7 */
    double k = (1e4 - 1.0) / 7.0 - 1e-6,
           b = (51.0 - 1e-6 / (7.0 * k)) / (10.0 + 2.0 / 7.0 + 1.0 / (49.0 * k));
    const struct {
        const char *node;
        double volts, within;
    } known[] = {{"d", 5.1 * 3.0 / (8.0 + 2e-7), 1e-6},
                 {"c", 1e6 * 5.1 * 0.1 / (5e6 + 0.1), 1e-8},
                 {"d", -(1e-6 + b / 7.0) / k, 1e-6},
                 {"d", 1e-3, 1e-8}};
    char text[1024];
    eq_solver *s = NULL;
    double v[16] = {0.0};
    snprintf(text, sizeof text, "%s.options abstol=1e-18 reltol=1e-15\n.op\n.end\n",
             cancelling[_i]);
    eq_circuit *c = deck(text);
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_solver_new(c, &s, diag), EQ_OK);
    eq_status status = eq_solver_solve(s, NULL, v, NULL, NULL, diag);
    ck_assert_msg(status == EQ_OK, "%s",
                  eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "no message");
    ck_assert_double_eq_tol(v[eq_circuit_find_node(c, known[_i].node)], known[_i].volts,
                            known[_i].within);
    eq_solver_free(s);
    eq_circuit_free(c);
    eq_diag_free(diag);
}
END_TEST

Suite *solver_suite(void) {
    Suite *s = suite_create("solver");
    TCase *t = tcase_create("solver");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, tolerances_below_round_off_still_give_an_answer);
    tcase_add_loop_test(t, formulas_below_round_off_still_give_an_answer, 0, 4);
    tcase_add_test(t, linear_closed_forms);
    tcase_add_test(t, diode_closed_form);
    tcase_add_test(t, currents_of_sources_have_the_round_off_of_their_smaller_side);
    tcase_add_test(t, elimination_orders_what_one_side_feels);
    tcase_add_test(t, amplifiers_agree_with_the_truth_and_have_an_energy);
    tcase_add_test(t, shifts_solve_the_sum_of_a_component);
    tcase_add_test(t, stationarity_sees_a_wrong_state);
    tcase_add_loop_test(t, controlled_sources_agree_with_the_truth, 0,
                        (int)(sizeof active / sizeof *active));
    tcase_add_test(t, cocontent_needs_an_energy);
    tcase_add_test(t, three_engines_agree_on_random_circuits);
    tcase_add_test(t, random_active_circuits_agree_with_the_truth);
    tcase_add_test(t, adjoint_agrees_with_differences);
    tcase_add_loop_test(t, tiny_currents_are_solved, 0, WEAK);
    tcase_add_test(t, no_adjoint_where_the_jacobian_is_singular);
    tcase_add_test(t, refresh_takes_over_changes);
    tcase_add_loop_test(t, singular_circuits_are_named, 0,
                        (int)(sizeof singular / sizeof *singular));
    tcase_add_test(t, failure_is_no_number);
    tcase_add_loop_test(t, what_is_forgotten_leaves_no_trace, 0, 2);
    tcase_add_test(t, held_nodes_give_a_start_nearby);
    tcase_add_test(t, bad_options_are_refused);
    suite_add_tcase(s, t);
    return s;
}
