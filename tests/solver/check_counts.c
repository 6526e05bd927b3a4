/* Work counted, not timed: what a grid of 1e4 nodes costs the sparse solver, and minibatches of
 * the layered networks of `make bench` the layered engine. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mna.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "circuit/architecture.h"
#include "model/engine.h"
#include "solver/solver_internal.h"

Suite *counts_suite(void);

enum { SIDE = 100 };

/* The grid of `make bench`: conductances over two decades, a diode to ground at a tenth of the
 * nodes, a current source at a hundredth. */
static eq_circuit *grid(void) {
    eq_text t = {0};
    eq_random r = eq_random_seed(1);
    int id = 0;
    eq_text_puts(&t, "grid\n.model dm D(is=1e-14)\nRg n0_0 0 1k\nI0 0 n7_7 1m\n");
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            for (int below = 0; below < 2; below++) {
                double ohm = pow(10.0, 2.0 + 2.0 * eq_random_uniform(&r));
                double what = eq_random_uniform(&r);
                if (i + below < SIDE && j + !below < SIDE)
                    eq_text_printf(&t, "R%d n%d_%d n%d_%d %.6g\n", ++id, i, j, i + below,
                                   j + !below, ohm);
                if (below && what < 0.1) eq_text_printf(&t, "D%d n%d_%d 0 dm\n", ++id, i, j);
                if (below && what > 0.99) eq_text_printf(&t, "I%d 0 n%d_%d 1m\n", ++id, i, j);
            }
    ck_assert(!t.failed);
    eq_circuit *c = deck(t.text);
    eq_text_free(&t);
    return c;
}

/* A bound a little above what the grid takes today (6 iterations, 1 factorization), and one
 * analysis by one backend for all of them. */
START_TEST(newton_on_a_grid) {
    eq_circuit *c = grid();
    eq_solver *s = NULL;
    eq_solve_info info;
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    double *v = calloc(eq_circuit_nodes(c), sizeof *v);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, &info, NULL), EQ_OK);
    ck_assert_str_eq(eq_solver_backend(s), "cholmod");
    ck_assert_str_eq(info.rung, "newton");
    ck_assert_double_le(info.residual_ratio, 1.0);
    ck_assert_int_le(info.iterations, 8);
    ck_assert_int_le(info.factorizations, 2);
    free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* A torus of 800 NMOS transistors whose gates sources hold, and what else there is. */
static eq_circuit *torus(const char *more) {
    enum { N = 20 };
    eq_text t = {0};
    eq_random r = eq_random_seed(1);
    eq_text_printf(&t,
                   "torus\n.model nw nmos(vto=0.75 gamma=1.09 phi=0.95 kp=62u lambda=0.2)\n"
                   "Vin n0_0 0 0\nVout n10_10 0 0.45\n%s",
                   more);
    for (int k = 0; k < 2 * N * N; k++) {
        int row = k / 2 / N, column = k / 2 % N, down = k % 2;
        eq_text_printf(&t, "Vg%d g%d 0 %.6g\nM%d n%d_%d g%d n%d_%d n%d_%d nw l=7.8u w=138u\n", k, k,
                       0.5 + 2.5 * eq_random_uniform(&r), k, row, column, k, (row + down) % N,
                       (column + 1 - down) % N, row, column);
    }
    ck_assert(!t.failed);
    eq_circuit *c = deck(t.text);
    eq_text_free(&t);
    return c;
}

/* Where no gate moves nothing amplifies, and Newton's method is there in four factorizations (nine by SPICE's steps, which one
 * gate at a node asks for, or a controlled source). */
START_TEST(held_gates_leave_newton_first) {
    static const char *const more[] = {"", "Mx n3_3 n5_5 0 0 nw l=7.8u w=138u\n",
                                       "Gx n5_5 0 n3_3 0 1u\n", "Bx n5_5 0 i={1u*tanh(v(n3_3))}\n"};
    const char *rung = _i == 0 ? "newton" : "junction limiting";
    eq_circuit *c = torus(more[_i]);
    eq_solver *s = NULL;
    eq_solve_info info;
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    double *v = calloc(eq_circuit_nodes(c), sizeof *v);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, &info, NULL), EQ_OK);
    ck_assert_str_eq(info.rung, rung);
    ck_assert_double_le(info.residual_ratio, 1.0);
    if (_i == 0) ck_assert_int_le(info.factorizations, 5);
    free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* A comparator of a formula whose feedback goes through a transistor that is on has three states; SPICE's steps come to the upper
 * one (ngspice 39), Newton's to the lower one. */
START_TEST(formulas_beside_held_gates_are_latched) {
    eq_circuit *c = deck(
        "t\nVg gg 0 5\nVi in 0 1\nVr ref 0 1.2\nBo out 0 v={1.65+1.65*tanh(200*(v(p)-v(in)))}\n"
        "Rf out f 10k\nMf f gg p 0 nm w=10u l=1u\nRr ref p 10k\n"
        ".model nm nmos(vto=0.7 kp=100u)\n.end\n");
    eq_solver *s = NULL;
    eq_solve_info info;
    double v[16] = {0.0};
    ck_assert_uint_le(eq_circuit_nodes(c), 16);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, &info, NULL), EQ_OK);
    ck_assert_str_eq(info.rung, "junction limiting");
    ck_assert_double_eq_tol(v[eq_circuit_find_node(c, "out")], 3.3, 1e-6);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* A node that is held is where it is held, to the last bit, and what is linear beside it takes one step: by CHOLMOD, by KLU
 * (a transconductance). */
START_TEST(held_nodes_take_one_step) {
    static const char *const with[] = {"", "G1 b 0 c 0 1m\n", "R4 in b 1k\n"};
    eq_text text = {0};
    eq_text_printf(&text,
                   "held\nV1 in 0 10\nR1 in a 1k\nR2 a b 1k\nR3 b 0 1k\nR5 a c 1k\nR6 c b 1k\nR7 c "
                   "0 1k\n%s.end\n",
                   with[_i]);
    eq_circuit *c = deck(text.text);
    eq_solver *s = NULL;
    eq_solve_info info;
    eq_solve_options o = eq_solve_defaults(c);
    size_t a = (size_t)eq_circuit_find_node(c, "a"), b = (size_t)eq_circuit_find_node(c, "b"),
           out = (size_t)eq_circuit_find_node(c, "c");
    double v[8] = {0.0}, held[8];
    ck_assert_uint_le(eq_circuit_nodes(c), 8);
    for (int n = 0; n < 8; n++) held[n] = NAN;
    held[a] = 4.0;
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_clamp(s, &o, held, INFINITY, v, &info, NULL), EQ_OK);
    ck_assert_double_eq(v[a], 4.0);
    ck_assert_int_le(info.iterations, 1);
    ck_assert_int_eq(info.factorizations, 1);
    held[out] = 1.0; /* b between a, c and ground */
    ck_assert_int_eq(eq_solver_clamp(s, &o, held, INFINITY, v, &info, NULL), EQ_OK);
    ck_assert_double_eq(v[a], 4.0);
    ck_assert_double_eq(v[out], 1.0);
    ck_assert_int_le(info.iterations, 1);
    double into = 5.0 + (_i == 1 ? -1.0 : _i == 2 ? 10.0 : 0.0), g = _i == 2 ? 4.0 : 3.0;
    ck_assert_double_eq_tol(v[b], into / g, 1e-14);
    eq_solver_free(s);
    eq_circuit_free(c);
    eq_text_free(&text);
}
END_TEST

/* The first rows of a search may be rough and are finished before an answer counts; those of a search that goes on are the
 * last ones of that before, and nothing is left of them once they are forgotten. */
START_TEST(searches_go_on) {
    eq_circuit *c = deck("t\n.model mn NMOS(kp=1m vto=0.7 rd=100 rs=200)\nV1 d 0 2\nV2 g 0 2\n"
                         "M1 d g s 0 mn\nM2 s g 0 0 mn\n.end\n");
    eq_solver *s = NULL;
    double v[2][8] = {{0.0}};
    ck_assert_uint_le(eq_circuit_nodes(c), 8);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v[0], NULL, NULL, NULL), EQ_OK);
    eq_ports *p = &eq_solver_system(s)->ports;
    const eq_table *t = &c->table[EQ_CLASS_nmos];
    memcpy(v[1], v[0], sizeof v[1]);
    eq_solver_go_on(s);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v[1], NULL, NULL, NULL), EQ_OK);
    for (int n = 0; n < 8; n++) ck_assert_double_eq_tol(v[1][n], v[0][n], 1e-15);
    for (int goes_on = 0; goes_on < 2; goes_on++) {
        if (!goes_on) eq_ports_forget(p, c);
        ck_assert_int_eq(p->rows[eq_class_number_of(t->cls)].known, goes_on);
        ck_assert_int_eq(isnan(p->rows[eq_class_number_of(t->cls)].memory[0][0]), !goes_on);
        eq_ports_hurry(p, true);
        const eq_port_rows *r = eq_ports_take(p, t, NULL, v[0]);
        double current = r->i[0][0];
        ck_assert_int_eq(r->rough, !goes_on);
        ck_assert_int_eq(eq_ports_finish(p), !goes_on);
        r = eq_ports_take(p, t, NULL, v[0]);
        ck_assert(r->known && !r->rough);
        ck_assert_double_eq_tol(r->i[0][0], current, 1e-9 * fabs(current));
        eq_ports_hurry(p, false);
    }
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* Once a circuit has been solved, all memory is there: with every further allocation of ours
 * failing, other right-hand sides are solved as before, by the analysis of the first. What CHOLMOD
 * takes for the time of a factorization is its own. */
START_TEST(no_allocation_in_later_solves) {
    eq_circuit *c = grid();
    eq_solver *s = NULL;
    eq_solve_info info[2];
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    size_t nodes = eq_circuit_nodes(c);
    double *v = calloc(2 * nodes, sizeof *v);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, &info[0], NULL), EQ_OK);
    double *source = eq_circuit_source(c, eq_circuit_find_element(c, "i0"));
    double drive = *source;
    eq_mem_fail_after(0);
    *source = 1.5 * drive;
    eq_status other = eq_solver_solve(s, NULL, v + nodes, NULL, &info[1], NULL);
    bool moved = memcmp(v, v + nodes, nodes * sizeof *v) != 0;
    *source = drive;
    memset(v + nodes, 0, nodes * sizeof *v);
    eq_status same = eq_solver_solve(s, NULL, v + nodes, NULL, &info[1], NULL);
    void *refused = eq_malloc(1, 1);
    eq_mem_fail_after(-1);
    ck_assert_ptr_null(refused);
    ck_assert_int_eq(other, EQ_OK);
    ck_assert(moved);
    ck_assert_int_eq(same, EQ_OK);
    ck_assert_mem_eq(v, v + nodes, nodes * sizeof *v);
    ck_assert_int_eq(info[1].factorizations, info[0].factorizations);
    free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* The points of a sweep follow each other: a bipolar op amp as a follower goes from one end of its supplies to the other in
 * a few tangents a point (3.9 when this was written), without allocations, and to what each point has from zero. */
START_TEST(points_of_a_sweep_follow) {
    char *text = NULL;
    size_t length = 0;
    ck_assert_int_eq(
        eq_file_read("tests/decks/follower-741.cir", (eq_place){0}, &text, &length, NULL), EQ_OK);
    eq_circuit *c = deck(text);
    eq_solver *s = NULL, *fresh = NULL;
    eq_solve_info info;
    enum { POINTS = 51 };
    int iterations = 0;
    size_t nodes = eq_circuit_nodes(c), out = (size_t)eq_circuit_find_node(c, "out");
    double *v = calloc(2 * nodes, sizeof *v), *w = v + nodes;
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_new(c, &fresh, NULL), EQ_OK);
    double *vin = eq_circuit_source(c, eq_circuit_find_element(c, "vin"));
    for (int k = 0; k < POINTS; k++) {
        *vin = -12.5 + 0.5 * k;
        eq_solver_refresh(s);
        eq_mem_fail_after(k == 0 ? -1 : 0);
        eq_status status = eq_solver_solve(s, NULL, v, NULL, &info, NULL);
        eq_mem_fail_after(-1);
        ck_assert_int_eq(status, EQ_OK);
        iterations += k == 0 ? 0 : info.iterations;
        memset(w, 0, nodes * sizeof *w);
        eq_solver_refresh(fresh);
        ck_assert_int_eq(eq_solver_solve(fresh, NULL, w, NULL, NULL, NULL), EQ_OK);
        ck_assert_double_eq_tol(v[out], w[out], 1e-9);
        ck_assert_double_eq_tol(v[out], *vin, 1e-3);
    }
    ck_assert_int_le(iterations, 5 * (POINTS - 1));
    free(v);
    eq_free(text);
    eq_solver_free(s);
    eq_solver_free(fresh);
    eq_circuit_free(c);
}
END_TEST

/* A network of `make bench`, with what its minibatch may cost. */
typedef struct network {
    const char *kind, *layers;
    eq_neuron_diode diode;
    size_t batch;
    double scale, free, nudged; /* V, and outer iterations a solve at the most */
} network;

static const network networks[] = {
    {"kendall", "1568,100,20", EQ_NEURON_SHOCKLEY, 20, 20.0, 2.2, 2.2},
    {"drn", "1568,256,10", EQ_NEURON_IDEAL, 4, 20.0, 1.2, 1.2},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static eq_circuit *build_network(const network *q) {
    eq_architecture a;
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_architecture_kind(q->kind, &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_layers(q->layers, &a, NULL), EQ_OK);
    a.diode = q->diode;
    ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
    return c;
}

static void keep(void *data, size_t group, size_t offset, size_t n, double *theta,
                 const double *gradient) {
    (void)data, (void)group, (void)offset;
    for (size_t k = 0; k < n; k++) theta[k] -= 1e-9 * gradient[k];
}

/* One minibatch: free phase, two nudged phases, update. Adds the outer iterations of each. */
static void minibatch(eq_engine *e, const network *q, const double *x, const double *current,
                      double iterations[2]) {
    double a[EQ_MAX_SLOTS] = {0.0, 0.5, -0.5}, before = eq_engine_about(e).iterations;
    ck_assert_int_eq(eq_engine_free_phase(e, q->batch, x, NULL, NULL), EQ_OK);
    double between = eq_engine_about(e).iterations;
    ck_assert_int_eq(eq_engine_nudged_phase(e, 1, &(eq_nudge){.current = current}, NULL, NULL),
                     EQ_OK);
    ck_assert_int_eq(eq_engine_nudged_phase(e, 2, &(eq_nudge){.current = current}, NULL, NULL),
                     EQ_OK);
    double after = eq_engine_about(e).iterations;
    ck_assert_int_eq(eq_engine_update(e, a, keep, NULL, NULL), EQ_OK);
    iterations[0] += between - before;
    iterations[1] += after - between;
}

/* Outer iterations of Kendall's network and a DRN, and no allocation after the first minibatch. */
START_TEST(minibatches_of_a_layered_network) {
    enum { BATCHES = 3 };
    const network *q = &networks[_i];
    eq_circuit *c = build_network(q);
    eq_engine *e = NULL;
    eq_random r = eq_random_seed(3);
    double iterations[2] = {0.0, 0.0};
    eq_engine_options o = {EQ_ENGINE_LAYERED, q->batch, 1};
    ck_assert_int_eq(eq_engine_new(c, &o, &e, NULL), EQ_OK);
    double *x = malloc(q->batch * c->inputs * sizeof *x);
    double *current = calloc(q->batch * c->outputs, sizeof *current);
    for (size_t n = 0; n < q->batch; n++) current[n * c->outputs] = 1e-6;
    for (int b = 0; b <= BATCHES; b++) {
        for (size_t k = 0; k < q->batch * c->inputs; k += 2) {
            double p = eq_random_uniform(&r) < 0.2 ? q->scale * eq_random_uniform(&r) : 0.0;
            x[k] = p;
            x[k + 1] = -p;
        }
        if (b == 1) memset(iterations, 0, sizeof iterations);
        if (b == 1) eq_mem_fail_after(0);
        minibatch(e, q, x, current, iterations);
    }
    eq_mem_fail_after(-1);
    double solves = BATCHES * (double)q->batch;
    ck_assert_msg(iterations[0] <= q->free * solves, "%s: free phase %.3g iterations", q->kind,
                  iterations[0] / solves);
    ck_assert_msg(iterations[1] <= 2.0 * q->nudged * solves, "%s: nudged phase %.3g iterations",
                  q->kind, 0.5 * iterations[1] / solves);
    free(x);
    free(current);
    eq_engine_free(e);
    eq_circuit_free(c);
}
END_TEST

/* A deep resistive network between clamps at -1 and 1 V, and the passes through each crossbar between
 * layers, one way each, that a free and a nudged phase may take: one at the most, and all on average
 * (what they take today and 10 %: a coarse correction or a step that is not what it should be costs more). */
typedef struct deep {
    const char *layers;
    eq_neuron_diode diode;
    double free, nudged, mean[2];
} deep;

static const deep deeps[] = {
    {"64,256,20", EQ_NEURON_IDEAL, 12, 8, {8.4, 4.1}},
    {"64,256,20", EQ_NEURON_SHOCKLEY, 12, 8, {10.85, 7.3}},
    {"64,256,256,20", EQ_NEURON_IDEAL, 12, 8, {9.38, 2.73}},
    {"64,256,256,20", EQ_NEURON_SHOCKLEY, 12, 8, {9.0, 3.38}},
    {"64,256,256,256,20", EQ_NEURON_IDEAL, 12, 8, {9.15, 2.96}},
    {"64,256,256,256,20", EQ_NEURON_SHOCKLEY, 12, 8, {9.62, 3.46}},
    {"64,192,192,192,192,192,20", EQ_NEURON_IDEAL, 14, 12, {9.77, 5.88}},
};
enum { DEEPS = sizeof deeps / sizeof *deeps };

typedef struct rate {
    double of;
} rate;

static void descend(void *data, size_t group, size_t offset, size_t n, double *theta,
                    const double *gradient) {
    const rate *r = data;
    (void)group, (void)offset;
    for (size_t k = 0; k < n; k++) theta[k] = fmax(theta[k] - r->of * gradient[k], 1e-7);
}

static double passes(const eq_engine *e, size_t batch, double *before) {
    double all = eq_engine_about(e).passes, since = all - *before;
    *before = all;
    return since / (double)batch;
}

/* At the random start, and while examples are learned. */
START_TEST(passes_of_a_deep_network) {
    enum { BATCH = 8, BATCHES = 12, WIDTH = 64 };
    const deep *q = &deeps[_i];
    const double beta = 3e-6;
    eq_architecture a;
    eq_circuit *c = NULL;
    eq_engine *e = NULL;
    ck_assert_int_eq(eq_architecture_kind("drn", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_layers(q->layers, &a, NULL), EQ_OK);
    a.diode = q->diode;
    a.n = 1.9331;
    a.up = 1.0;
    a.down = -1.0;
    a.high = 2e-4;
    a.gmax = 100.0;
    ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
    eq_engine_options o = {EQ_ENGINE_LAYERED, BATCH, 1};
    ck_assert_int_eq(eq_engine_new(c, &o, &e, NULL), EQ_OK);
    eq_random r = eq_random_seed(5);
    double x[BATCH * WIDTH], y[BATCH * 10], current[BATCH * 10], before = 0.0;
    double w[EQ_MAX_SLOTS] = {0.0, 0.5 / beta / BATCH, -0.5 / beta / BATCH}, all[2] = {0.0, 0.0};
    for (int b = 0; b <= BATCHES; b++) {
        for (size_t k = 0; k < BATCH * WIDTH; k += 2) {
            /* example n has class n, seen in the inputs n, n + 10, .. */
            double p = k % WIDTH / 2 % 10 == k / WIDTH ? 40.0 : -10.0;
            x[k] = p + 5.0 * eq_random_uniform(&r);
            x[k + 1] = -x[k];
        }
        ck_assert_int_eq(eq_engine_free_phase(e, BATCH, x, y, NULL), EQ_OK);
        double most = passes(e, BATCH, &before);
        ck_assert_msg(most <= q->free, "%s, %d: a free phase takes %g passes", q->layers, b, most);
        all[0] += most;
        most = 0.0;
        for (int s = 1; s <= 2; s++) {
            for (size_t k = 0; k < BATCH * 10; k++)
                current[k] = (s == 1 ? -beta : beta) * 33.3 * (k % 10 == k / 10 ? -0.9 : 0.1);
            eq_nudge nudge = {.current = current};
            ck_assert_int_eq(eq_engine_nudged_phase(e, s, &nudge, NULL, NULL), EQ_OK);
            most += 0.5 * passes(e, BATCH, &before);
        }
        ck_assert_msg(most <= q->nudged, "%s, %d: a nudged phase takes %g", q->layers, b, most);
        all[1] += most;
        ck_assert_int_eq(eq_engine_update(e, w, descend, &(rate){2e-5}, NULL), EQ_OK);
        ck_assert_double_le(eq_engine_about(e).worst_ratio, 1.0);
    }
    for (int k = 0; k < 2; k++)
        ck_assert_msg(all[k] <= 1.1 * q->mean[k] * (BATCHES + 1),
                      "%s: %s phases take %g passes on average", q->layers,
                      k == 0 ? "free" : "nudged", all[k] / (BATCHES + 1));
    eq_engine_free(e);
    eq_circuit_free(c);
}
END_TEST

/* A free phase of a deep network stops where it is well below the KCL bound, and what is left is no
 * part of what a nudge does: between its clamps the network is linear, and a nudge moves it a
 * thousand times as far as one of a thousandth. */
START_TEST(small_nudges_keep_their_digits) {
    enum { INPUTS = 16, OUTPUTS = 2 };
    eq_architecture a;
    eq_circuit *c = NULL;
    eq_engine *e = NULL;
    double x[INPUTS], y[3][OUTPUTS];
    ck_assert_int_eq(eq_architecture_kind("drn", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_layers("16,160,160,4", &a, NULL), EQ_OK);
    a.diode = EQ_NEURON_IDEAL;
    a.up = 1.0;
    a.down = -1.0;
    ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
    eq_engine_options o = {EQ_ENGINE_LAYERED, 1, 1};
    c->options.reltol = 1e-4;
    ck_assert_int_eq(eq_engine_new(c, &o, &e, NULL), EQ_OK);
    ck_assert(eq_engine_about(e).sweeps);
    for (int k = 0; k < INPUTS; k++) x[k] = 0.1 * (k % 5) - 0.15;
    ck_assert_int_eq(eq_engine_free_phase(e, 1, x, y[0], NULL), EQ_OK);
    for (int s = 1; s <= 2; s++) {
        double current[OUTPUTS] = {s == 1 ? 1e-8 : 1e-5, 0.0};
        eq_nudge nudge = {.current = current};
        ck_assert_int_eq(eq_engine_nudged_phase(e, s, &nudge, y[s], NULL), EQ_OK);
    }
    double small = y[1][0] - y[0][0], large = y[2][0] - y[0][0];
    ck_assert_double_gt(large, 0.0);
    ck_assert_msg(fabs(1e3 * small / large - 1.0) <= 1e-9, "off by %g", 1e3 * small / large - 1.0);
    eq_engine_free(e);
    eq_circuit_free(c);
}
END_TEST

Suite *counts_suite(void) {
    Suite *s = suite_create("counts");
    TCase *t = tcase_create("counts");
    tcase_add_test(t, newton_on_a_grid);
    tcase_add_loop_test(t, held_gates_leave_newton_first, 0, 4);
    tcase_add_test(t, formulas_beside_held_gates_are_latched);
    tcase_add_loop_test(t, held_nodes_take_one_step, 0, 3);
    tcase_add_test(t, searches_go_on);
    tcase_add_test(t, no_allocation_in_later_solves);
    tcase_add_test(t, points_of_a_sweep_follow);
    tcase_add_loop_test(t, minibatches_of_a_layered_network, 0, NETWORKS);
    tcase_add_test(t, small_nudges_keep_their_digits);
    tcase_add_loop_test(t, passes_of_a_deep_network, 0, DEEPS);
    suite_add_tcase(s, t);
    return s;
}
