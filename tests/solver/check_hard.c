/* The hard set: decks on which Newton's method is known to fail, solved here and by `ngspice -b` in
 * the same run. What ngspice solves we must solve, with its answer. So must KINSOL alone, the
 * minimisation of the co-content where the circuit has one, and most rungs of the ladder alone; a
 * table of iterations and the success rates are printed. tests/decks/hard holds those written by
 * hand, the long ones are generated below. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "netlist/netlist.h"
#include "report/process.h"
#include "result/raw.h"
#include "solver/solver_internal.h"

Suite *hard_suite(void);

enum { NGSPICE_SECONDS = 20, ALONE_UNKNOWNS = 250 };

/* One deck: what is to be written, and how. */
typedef struct hard {
    const char *name;
    void (*write)(eq_text *t, int n, double is);
    int n;
    double is; /* A */
} hard;

static void start(eq_text *t, const char *title, double is) {
    eq_text_printf(t, "%s\n.model dm D(is=%g)\n", title, is);
}

/* n diodes in series behind 1 kohm, driven by 2.5 V a diode. */
static void chain(eq_text *t, int n, double is) {
    start(t, "series chain", is);
    eq_text_printf(t, "v1 in 0 %g\nr1 in n0 1k\n", 2.5 * n);
    for (int k = 0; k < n; k++) eq_text_printf(t, "d%d n%d n%d dm\n", k, k, k + 1);
    eq_text_printf(t, "r2 n%d 0 1k\n", n);
}

/* Pairs of diodes against each other: only leakage flows. */
static void anti_series(eq_text *t, int n, double is) {
    start(t, "anti-series stack", is);
    eq_text_printf(t, "v1 in 0 %g\nr1 in n0 1k\n", 1.5 * n);
    for (int k = 0; k < n; k++)
        eq_text_printf(t, "d%d n%d n%d dm\n", k, k % 2 == 0 ? k : k + 1, k % 2 == 0 ? k + 1 : k);
    eq_text_printf(t, "r2 n%d 0 1k\n", n);
}

/* Antiparallel pairs in series. */
static void antiparallel(eq_text *t, int n, double is) {
    start(t, "antiparallel stack", is);
    eq_text_printf(t, "v1 in 0 %g\nr1 in n0 10\n", 1.5 * n);
    for (int k = 0; k < n; k++)
        eq_text_printf(t, "da%d n%d n%d dm\ndb%d n%d n%d dm\n", k, k, k + 1, k, k + 1, k);
    eq_text_printf(t, "r2 n%d 0 10\n", n);
}

/* 1 A into n bare diodes in series. */
static void bare(eq_text *t, int n, double is) {
    start(t, "a current into bare diodes", is);
    eq_text_puts(t, "i1 0 n0 1\n");
    for (int k = 0; k < n; k++)
        if (k + 1 == n)
            eq_text_printf(t, "d%d n%d 0 dm\n", k, k);
        else
            eq_text_printf(t, "d%d n%d n%d dm\n", k, k, k + 1);
}

/* R-D ladder of n stages. */
static void ladder(eq_text *t, int n, double is) {
    start(t, "ladder", is);
    eq_text_puts(t, "v1 n0 0 100\n");
    for (int k = 0; k < n; k++)
        eq_text_printf(t, "r%d n%d n%d 10\nd%d n%d 0 dm\n", k, k, k + 1, k, k + 1);
}

/* Conductances from 1e-9 to 1e3 S between n nodes, diodes at a third of them. */
static void spread(eq_text *t, int n, double is) {
    eq_random r = eq_random_seed(42);
    start(t, "conductances over twelve decades", is);
    eq_text_puts(t, "v1 n0 0 10\n");
    for (int k = 1; k < n; k++) {
        for (int i = 0; i < 3; i++)
            eq_text_printf(t, "r%d_%d n%d n%u %.6g\n", k, i, k,
                           (unsigned)eq_random_below(&r, (uint64_t)k),
                           pow(10.0, 12.0 * eq_random_uniform(&r) - 3.0));
        if (k % 3 == 0) eq_text_printf(t, "d%d n%d 0 dm\n", k, k);
        if (k % 7 == 0) eq_text_printf(t, "rg%d n%d 0 1meg\n", k, k);
    }
}

/* n by n nodes joined by diodes of either direction and conductances over ten decades, with
 * currents into some. */
static void mesh(eq_text *t, int n, double is) {
    eq_random r = eq_random_seed(7);
    start(t, "mesh of diodes", is);
    eq_text_puts(t, "v1 n0_0 0 50\n");
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            bool forward = eq_random_below(&r, 2) == 0;
            double g = pow(10.0, 10.0 * eq_random_uniform(&r) - 9.0);
            if (i + 1 < n)
                eq_text_printf(t, "d%d_%d n%d_%d n%d_%d dm\n", i, j, forward ? i : i + 1, j,
                               forward ? i + 1 : i, j);
            if (j + 1 < n)
                eq_text_printf(t, "r%d_%d n%d_%d n%d_%d %.6g\n", i, j, i, j, i, j + 1, 1.0 / g);
            if ((i + j) % 5 == 0)
                eq_text_printf(t, "i%d_%d 0 n%d_%d %.6g\n", i, j, i, j,
                               1e-3 * (eq_random_uniform(&r) - 0.5));
            if (i == n - 1) eq_text_printf(t, "rg%d n%d_%d 0 1k\n", j, i, j);
        }
}

/* n tunnel-diode-like conductors with a falling branch, in series. */
static void tunnel(eq_text *t, int n, double is) {
    start(t, "conductors with a falling branch", is);
    eq_text_printf(t, "v1 in 0 %g\nr1 in n0 50\n", 0.35 * n);
    for (int k = 0; k < n; k++)
        eq_text_printf(t,
                       "b%d n%d n%d i=10m*v(n%d,n%d)*exp(-v(n%d,n%d)/0.1)/0.1+1e-8*"
                       "(exp(v(n%d,n%d)/0.06)-1)\n",
                       k, k, k + 1, k, k + 1, k, k + 1, k, k + 1);
    eq_text_printf(t, "r2 n%d 0 50\n", n);
}

/* n saturating inverters in a ring: for even n two stable points and one between. */
static void inverters(eq_text *t, int n, double is) {
    start(t, "ring of inverters", is);
    for (int k = 0; k < n; k++)
        eq_text_printf(
            t, "b%d o%d 0 v=2.5-2.5*tanh(20*(v(n%d)-2.5))\nr%d o%d n%d 1k\nrl%d n%d 0 1meg\n", k, k,
            k, k, k, (k + 1) % n, k, k);
}

/* Amplifiers of one feedback each in a ring; the loop gain is (gain of one)^n. */
static void ring(eq_text *t, int n, double loop) {
    eq_text_puts(t, "ring of amplifiers\ni1 0 h0 1u\n");
    for (int k = 0; k < n; k++)
        eq_text_printf(t, "e%d a%d 0 h%d 0 %.15g\nr%d a%d h%d 1\nrg%d h%d 0 1e12\n", k, k, k,
                       pow(loop, 1.0 / n), k, k, (k + 1) % n, k, k);
}

static const hard generated[] = {
    {"chain", chain, 200, 1e-30},
    {"chain", chain, 200, 1e-14},
    {"chain", chain, 200, 1e-6},
    {"chain", chain, 200, 1e-3},
    {"anti-series", anti_series, 200, 1e-30},
    {"anti-series", anti_series, 200, 1e-14},
    {"anti-series", anti_series, 20, 1e-6},
    {"anti-series", anti_series, 200, 1e-3},
    {"antiparallel", antiparallel, 100, 1e-30},
    {"antiparallel", antiparallel, 100, 1e-14},
    {"antiparallel", antiparallel, 100, 1e-6},
    {"antiparallel", antiparallel, 100, 1e-3},
    {"bare", bare, 1, 1e-30},
    {"bare", bare, 1, 1e-14},
    {"bare", bare, 50, 1e-30},
    {"bare", bare, 50, 1e-14},
    {"bare", bare, 50, 1e-3},
    {"ladder", ladder, 100, 1e-14},
    {"ladder", ladder, 10000, 1e-14},
    {"spread", spread, 100, 1e-14},
    {"spread", spread, 300, 1e-9},
    {"tunnel", tunnel, 1, 1e-14},
    {"tunnel", tunnel, 3, 1e-14},
    {"tunnel", tunnel, 10, 1e-14},
    {"inverters", inverters, 2, 1e-14},
    {"inverters", inverters, 3, 1e-14},
    {"inverters", inverters, 10, 1e-14},
    {"ring", ring, 3, 0.999},
    {"ring", ring, 3, 1.001},
    {"ring", ring, 30, 0.999},
    {"chain", chain, 2000, 1e-22},
    {"anti-series", anti_series, 2000, 1e-12},
    {"antiparallel", antiparallel, 1000, 1e-20},
    {"bare", bare, 500, 1e-22},
    {"spread", spread, 1000, 1e-25},
    {"mesh", mesh, 20, 1e-30},
    {"mesh", mesh, 20, 1e-14},
    {"mesh", mesh, 20, 1e-3},
    {"mesh", mesh, 40, 1e-20},
};
enum { GENERATED = sizeof generated / sizeof *generated };

/* What one of the two programs made of a deck. */
typedef struct answer {
    bool solved, refused; /* refused: the circuit has no convex co-content */
    int iterations;
    char rung[32];
} answer;

typedef struct score {
    int decks, ours, theirs, our_iterations, their_iterations;
    int kinsol, cocontent, with_energy; /* solved, solved, decks that have one */
    int tried_alone, alone[EQ_RUNGS];   /* decks, and those that each rung solved */
} score;

/* Solves from zero by a method, or by one rung of the ladder alone; v [nodes]. */
static answer solve_by(eq_solver *s, const eq_circuit *c, eq_method method, int rung, double *v) {
    answer a = {false, false, 0, ""};
    eq_solve_info info = {0};
    eq_solve_options o = eq_solve_defaults(c);
    o.method = method;
    memset(v, 0, eq_circuit_nodes(c) * sizeof *v);
    eq_status status = rung < 0 ? eq_solver_solve(s, &o, v, NULL, &info, NULL)
                                : eq_solver_rung(s, &o, rung, v, &info, NULL);
    a.solved = status == EQ_OK;
    a.refused = status == EQ_ERR_CHECK;
    a.iterations = info.iterations;
    snprintf(a.rung, sizeof a.rung, "%s", info.rung == NULL ? "-" : info.rung);
    for (size_t n = 0; n < eq_circuit_nodes(c); n++) ck_assert(isfinite(v[n]) == a.solved);
    return a;
}

/* What ngspice says when it gives up; its exit status may be 0 all the same. */
static bool gave_up(const char *said) {
    static const char *const words[] = {
        "ingular matrix",   "o convergence",   "Timestep too small", "aborted",
        "analysis not run", "stepping failed", "interrupted",        "iteration limit reached"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strstr(said, words[k]) != NULL) return true;
    return false;
}

static answer solve_there(const char *folder, const eq_text *t, eq_result **plot) {
    answer a = {false, false, 0, ""};
    char deck[300], raw[300];
    snprintf(deck, sizeof deck, "%s/hard.cir", folder);
    snprintf(raw, sizeof raw, "%s/hard.raw", folder);
    ck_assert_int_eq(eq_file_write(deck, t->text, t->length, NULL), EQ_OK);
    const char *const argv[] = {"ngspice", "-b", "-r", raw, deck, NULL};
    eq_process p = {argv, NULL, NULL, "ngspice", NGSPICE_SECONDS};
    eq_text said = {0};
    int status = 0;
    unlink(raw);
    ck_assert_int_eq(eq_process_run(&p, &status, &said, NULL), EQ_OK);
    const char *count = said.text == NULL ? NULL : strstr(said.text, "Total iterations =");
    if (count != NULL) a.iterations = atoi(count + strlen("Total iterations ="));
    eq_result **plots = NULL;
    size_t n = 0;
    a.solved = status == 0 && said.text != NULL && !gave_up(said.text) && access(raw, R_OK) == 0 &&
               eq_raw_read(raw, &plots, &n, NULL) == EQ_OK && n > 0;
    for (size_t k = 0; k < n; k++)
        if (k == 0 && a.solved)
            *plot = plots[k];
        else
            eq_result_free(plots[k]);
    eq_free(plots);
    eq_text_free(&said);
    return a;
}

/* The largest difference of a node potential, over 1 mV + 1 %: ngspice stops at reltol 1e-3. */
static double difference(const eq_circuit *c, const double *v, const eq_result *plot,
                         const char **worst) {
    double most = 0.0;
    for (size_t k = 0; k < plot->variables; k++) {
        const char *name = plot->variable[k].name;
        char bare[256];
        if (strncmp(name, "i(", 2) == 0 || strlen(name) >= sizeof bare) continue;
        snprintf(bare, sizeof bare, "%s", strncmp(name, "v(", 2) == 0 ? name + 2 : name);
        if (strncmp(name, "v(", 2) == 0) bare[strlen(bare) - 1] = '\0';
        eq_node n = eq_circuit_find_node(c, bare);
        if (n == EQ_NONE) continue;
        double apart = fabs(v[n] - plot->value[k]) / (1e-3 + 1e-2 * fabs(v[n]));
        if (!(apart <= most)) *worst = name;
        most = fmax(most, isnan(apart) ? INFINITY : apart);
    }
    return most;
}

/* ngspice's answer is ours; where there are several, ngspice started at ours must stay there. */
static void compare(const char *name, const eq_text *deck, const char *folder, const eq_circuit *c,
                    const double *v, const eq_result *plot) {
    const char *worst = "";
    if (difference(c, v, plot, &worst) <= 1.0) return;
    eq_text there = {0};
    eq_result *again = NULL;
    eq_text_add(&there, deck->text, deck->length);
    for (size_t n = 1; n < eq_circuit_nodes(c); n++)
        eq_text_printf(&there, ".nodeset v(%s)=%.17g\n", eq_circuit_node_name(c, (eq_node)n), v[n]);
    ck_assert(!there.failed);
    answer stays = solve_there(folder, &there, &again);
    ck_assert_msg(stays.solved && difference(c, v, again, &worst) <= 1.0,
                  "%s: ngspice has another %s, and does not stay at ours", name, worst);
    eq_result_free(again);
    eq_text_free(&there);
}

/* The largest distance of u from v over 1 mV + 1 %:
 * leakage in a stack is little more than abstol. */
static double apart(const eq_circuit *c, const double *u, const double *v) {
    double most = 0.0;
    for (size_t n = 0; n < eq_circuit_nodes(c); n++)
        most = fmax(most, fabs(u[n] - v[n]) / (1e-3 + 1e-2 * fabs(v[n])));
    return most;
}

/* The other methods and every rung alone. With a convex co-content there is one answer, and all
 * must have it; without, each may have its own. Returns the text of two columns of the table. */
static void try_ways(const char *name, eq_solver *s, const eq_circuit *c, const double *v,
                     score *total, char text[24]) {
    double *u = eq_calloc(eq_circuit_nodes(c), sizeof *u);
    answer k = solve_by(s, c, EQ_KINSOL, -1, u);
    double kinsol = k.solved ? apart(c, u, v) : INFINITY;
    answer m = solve_by(s, c, EQ_COCONTENT, -1, u);
    snprintf(text, 24, "%6d %6d", k.iterations, m.iterations);
    if (m.refused) snprintf(text, 24, "%6d %6s", k.iterations, "-");
    ck_assert_msg(k.solved, "%s: kinsol does not solve it", name);
    ck_assert_msg(m.solved || m.refused, "%s: cocontent does not solve it", name);
    ck_assert_msg(m.refused || kinsol <= 1.0, "%s: kinsol is elsewhere, %g", name, kinsol);
    ck_assert_msg(m.refused || apart(c, u, v) <= 1.0, "%s: cocontent is elsewhere", name);
    total->kinsol++;
    total->cocontent += m.solved;
    total->with_energy += !m.refused;
    bool small = eq_solver_unknowns(s) <= ALONE_UNKNOWNS;
    total->tried_alone += small;
    for (int r = 0; small && r < EQ_RUNGS; r++) {
        bool solved = solve_by(s, c, EQ_NEWTON, r, u).solved;
        total->alone[r] += solved && (m.refused || apart(c, u, v) <= 1.0);
    }
    eq_free(u);
}

static void try_deck(const char *name, const eq_text *deck, const char *folder, score *total) {
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    eq_result *plot = NULL;
    eq_text there = {0};
    char ways[24];
    ck_assert_int_eq(eq_circuit_parse("hard.cir", deck->text, deck->length, &c, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    double *v = eq_calloc(eq_circuit_nodes(c), sizeof *v);
    answer ours = solve_by(s, c, EQ_NEWTON, -1, v);
    ck_assert_msg(ours.solved, "%s is not solved", name);
    try_ways(name, s, c, v, total, ways);
    eq_text_add(&there, deck->text, deck->length);
    eq_text_puts(&there, ".op\n.options acct epsmin=1e-300\n");
    answer theirs = solve_there(folder, &there, &plot);
    printf("  %-24s %6d  %-18s %s   %-7s %6d\n", name, ours.iterations, ours.rung, ways,
           theirs.solved ? "solved" : "failed", theirs.iterations);
    if (theirs.solved) {
        compare(name, &there, folder, c, v, plot);
        total->our_iterations += ours.iterations;
        total->their_iterations += theirs.iterations;
    }
    total->decks++;
    total->ours += ours.solved;
    total->theirs += theirs.solved;
    eq_result_free(plot);
    eq_text_free(&there);
    eq_free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
}

static void print_head(void) {
    printf("  %-24s %6s  %-18s %6s %6s   %-7s %6s\n", "hard deck", "iter.", "by", "kinsol",
           "energy", "ngspice", "iter.");
}

static void print_score(const score *s) {
    printf("  hard set: eqspice solves %d of %d, ngspice %d; where both do, %d and %d iterations\n",
           s->ours, s->decks, s->theirs, s->our_iterations, s->their_iterations);
    printf("            kinsol alone %d of %d, cocontent %d of the %d that have an energy\n",
           s->kinsol, s->decks, s->cocontent, s->with_energy);
    printf("            rungs alone, %d decks:", s->tried_alone);
    for (int r = 0; r < EQ_RUNGS; r++)
        printf(" %s %d%s", eq_ladder[r].name, s->alone[r], r + 1 < EQ_RUNGS ? "," : "\n");
    fflush(stdout);
    for (int r = 0; r < EQ_RUNGS; r++)
        ck_assert_msg(3 * s->alone[r] >= s->tried_alone, "%s alone solves %d decks",
                      eq_ladder[r].name, s->alone[r]);
}

START_TEST(generated_decks) {
    char *folder = scratch_folder();
    score total = {0};
    print_head();
    for (size_t k = 0; k < GENERATED; k++) {
        const hard *h = &generated[k];
        eq_text t = {0};
        char name[80];
        h->write(&t, h->n, h->is);
        ck_assert(!t.failed);
        snprintf(name, sizeof name, "%s %d, %g", h->name, h->n, h->is);
        try_deck(name, &t, folder, &total);
        eq_text_free(&t);
    }
    print_score(&total);
    scratch_free(folder);
}
END_TEST

/* Where decks of a folder are tried. */
typedef struct trial {
    const char *folder;
    score total;
} trial;

static void try_file(const char *name, void *data) {
    trial *t = data;
    char path[512];
    eq_text deck = {0};
    snprintf(path, sizeof path, "tests/decks/hard/%s", name);
    char *text = file_text(path);
    eq_text_puts(&deck, text);
    try_deck(name, &deck, t->folder, &t->total);
    eq_text_free(&deck);
    eq_free(text);
}

START_TEST(every_hard_deck_is_solved) {
    static const char *const decks[] = {".cir", NULL};
    char *folder = scratch_folder();
    trial t = {folder, {0}};
    print_head();
    ck_assert_int_ge(for_each_file("tests/decks/hard", decks, try_file, &t), 10);
    print_score(&t.total);
    ck_assert_int_eq(t.total.ours, t.total.decks);
    scratch_free(folder);
}
END_TEST

Suite *hard_suite(void) {
    Suite *s = suite_create("hard");
    TCase *t = tcase_create("hard");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, generated_decks);
    tcase_add_test(t, every_hard_deck_is_solved);
    suite_add_tcase(s, t);
    return s;
}
