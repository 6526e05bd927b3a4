/* Networks of NMOS transistors whose gates are the weights, beside ngspice: `alter` + `op` of the same deck
 * in one process, (some points - one point). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "bench.h"
#include "eqspice.h"
#include "report/process.h"

/* The transistors of netlists/nmos-digits.xml. */
static const char *const model =
    ".model nw nmos(level=1 vto=0.75 gamma=1.09 phi=0.94994777 tpg=1 kp=6.249608378e-5\n"
    "+ lambda=0.19998491 rsh=73.21306042)\n";
static const char *const geometry = "l=7.8u w=138u as=6.03e-9 ps=4.78e-4 ad=1.61e-9 nrd=0.3 nrs=1";

/* 64 pixels to 20 rails, 1,247 of the 1,280 edges there may be; each pixel is between 0 and 1 V. */
static void digits(eq_text *deck, eq_random *r) {
    enum { PIXELS = 64, RAILS = 20, LEFT_OUT = 33 };
    int left = LEFT_OUT, edges = PIXELS * RAILS;
    for (int k = 0; k < PIXELS; k++)
        eq_text_printf(deck, "vx%d x%d 0 %.6g\n", k, k, eq_random_uniform(r));
    for (int k = 0; k < PIXELS * RAILS; k++, edges--) {
        if (eq_random_uniform(r) * edges < left) {
            left--;
            continue;
        }
        eq_text_printf(deck, "vg%d g%d 0 %.6g\nm%d x%d g%d y%d x%d nw %s\n", k, k,
                       0.5 + 4.0 * eq_random_uniform(r), k, k / RAILS, k, k % RAILS, k / RAILS,
                       geometry);
    }
    for (int k = 0; k < RAILS; k++) eq_text_printf(deck, "rl%d y%d 0 1g\n", k, k);
}

/* n x n nodes on a torus, each joined to its right and its lower neighbour; four of them are held. */
static void torus(eq_text *deck, int n, eq_random *r) {
    for (int k = 0; k < 2 * n * n; k++) {
        int row = k / 2 / n, column = k / 2 % n, down = k % 2;
        eq_text_printf(deck, "vg%d g%d 0 %.6g\nm%d n%d_%d g%d n%d_%d n%d_%d nw %s\n", k, k,
                       0.5 + 2.5 * eq_random_uniform(r), k, row, column, k, (row + down) % n,
                       (column + 1 - down) % n, row, column, geometry);
    }
    for (int k = 0; k < 4; k++)
        eq_text_printf(deck, "vx%d n%d_%d 0 %g\n", k, k / 2 * n / 2, k % 2 * n / 2,
                       k % 2 == 0 ? 0.0 : 0.45);
}

/* The deck of a network without its analyses: of the digits (n = 0) or a torus. */
static eq_text deck_of(int n) {
    eq_text deck = {0};
    eq_random r = eq_random_seed(1);
    eq_text_printf(&deck, "transistors\n%s", model);
    if (n == 0)
        digits(&deck, &r);
    else
        torus(&deck, n, &r);
    return deck;
}

/* The value of input k at point p of a network of which `inputs` are altered. */
static double input_at(int n, int k, int p) {
    return n == 0 ? fmod(0.37 * k + 0.21 * p, 1.0) : (k % 2 == 0 ? 0.0 : 0.45 - 0.01 * p);
}

static int inputs_of(int n) {
    return n == 0 ? 64 : 4;
}

/* Seconds of ngspice, the whole process, for so many points; NAN where it fails. */
static double ngspice_points(int n, int points) {
    eq_text deck = deck_of(n);
    eq_text_puts(&deck, ".control\n");
    for (int p = 1; p <= points; p++) {
        for (int k = 0; k < inputs_of(n); k++)
            eq_text_printf(&deck, "alter vx%d dc = %.6g\n", k, input_at(n, k, p));
        eq_text_puts(&deck, "op\n");
    }
    eq_text_puts(&deck, "quit 0\n.endc\n.end\n");
    char *path = scratch("transistors.cir");
    if (deck.failed || eq_file_write(path, deck.text, deck.length, NULL) != EQ_OK)
        die("cannot write the deck of transistors");
    const char *argv[] = {ngspice(), "-b", path, NULL};
    double took = seconds_of(argv, 300);
    eq_free(path);
    eq_text_free(&deck);
    return took;
}

/* What a network takes: the least seconds of a solve from zero and of one from the state of the point before, and of
 * the adjoint there; factorizations of a solve. */
typedef struct transistor_measure {
    double cold, warm, adjoint, factorizations;
} transistor_measure;

static void set_inputs(eq_circuit *c, eq_solver *s, int n, int p) {
    for (int k = 0; k < inputs_of(n); k++) {
        char name[16];
        eq_handle h;
        snprintf(name, sizeof name, "vx%d", k);
        if (eq_handle_find(c, name, &h, NULL) != EQ_OK ||
            eq_handle_set(c, h, input_at(n, k, p), NULL) != EQ_OK)
            die("an input of the transistors cannot be set");
    }
    eq_solver_refresh(s);
}

/* Seconds of one solve from v. */
static double solve(eq_solver *s, double *v, eq_solve_info *info) {
    double start = eq_seconds_now();
    if (eq_solver_solve(s, NULL, v, NULL, info, NULL) != EQ_OK) die("transistors did not converge");
    return eq_seconds_now() - start;
}

static transistor_measure measure(int n) {
    eq_text deck = deck_of(n);
    eq_text_puts(&deck, ".op\n.end\n");
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    if (eq_circuit_parse("transistors", deck.text, deck.length, &c, NULL) != EQ_OK ||
        eq_solver_new(c, &s, NULL) != EQ_OK)
        die("cannot solve transistors");
    size_t nodes = eq_circuit_nodes(c), branches = eq_solver_branches(s);
    double *v = eq_calloc(3 * nodes + branches, sizeof *v);
    double *cost = v + nodes, *lambda = cost + nodes, *branch = lambda + nodes;
    transistor_measure m = {INFINITY, INFINITY, INFINITY, 0.0};
    if (v == NULL) die("out of memory");
    cost[nodes - 1] = 1.0;
    for (int p = 1; p <= 10; p++) {
        eq_solve_info info;
        set_inputs(c, s, n, p);
        m.warm = p == 1 ? m.warm : fmin(m.warm, solve(s, v, &info));
        memset(v, 0, nodes * sizeof *v);
        m.cold = fmin(m.cold, solve(s, v, &info));
        m.factorizations = fmax(m.factorizations, info.factorizations);
        eq_solver_solve(s, NULL, v, branch, NULL, NULL);
        double start = eq_seconds_now();
        if (eq_solver_adjoint(s, v, branch, cost, lambda, NULL) != EQ_OK) die("no adjoint");
        m.adjoint = fmin(m.adjoint, eq_seconds_now() - start);
    }
    eq_free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
    eq_text_free(&deck);
    return m;
}

void bench_transistors(void) {
    static const struct {
        const char *name;
        int nodes,
            points; /* 0: the digits; points of ngspice beyond the first; 0: it takes minutes */
    } net[] = {{"nmos_digits", 0, 10},
               {"nmos_grid_800", 20, 8},
               {"nmos_grid_3200", 40, 2},
               {"nmos_grid_7200", 60, 1},
               {"nmos_grid_20000", 100, 0}};
    for (size_t k = 0; k < sizeof net / sizeof *net; k++) {
        char name[64];
        int more = net[k].points;
        transistor_measure m = measure(net[k].nodes);
        double one = more == 0 ? NAN : ngspice_points(net[k].nodes, 1);
        double theirs = (ngspice_points(net[k].nodes, 1 + more) - one) / fmax(more, 1);
        snprintf(name, sizeof name, "%s_ms", net[k].name);
        report(name, 1e3 * m.cold, "ms", "ngspice alter + op, a point", 1e3 * theirs,
               theirs / m.cold);
        snprintf(name, sizeof name, "%s_warm_ms", net[k].name);
        report(name, 1e3 * m.warm, "ms", "the same from zero", 1e3 * m.cold, m.cold / m.warm);
        snprintf(name, sizeof name, "%s_adjoint_ms", net[k].name);
        report(name, 1e3 * m.adjoint, "ms", "factorizations of the solve", m.factorizations,
               m.cold / m.adjoint);
    }
}
