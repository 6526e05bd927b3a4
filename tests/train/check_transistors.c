/* Contrastive learning in transistor networks: one step of each rule from the gate voltages of a
 * network without an edge between free nodes, where everything can be worked out from the potentials
 * that `op` gives; clamps of single nodes; the hinge of the top rival. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "solver/solver.h"
#include "train/train.h"

Suite *transistors_suite(void);

enum { INPUTS = 3, RAILS = 4, EDGES = INPUTS * RAILS };
static const double x[INPUTS] = {0.1, 0.3, 0.45};
static const char card[] =
    ".model nw nmos(vto=0.75 gamma=1.09 phi=0.95 kp=62.5u lambda=0.2 rsh=73)\n";

/* Every input to every rail, gates at vg; rails that `held` gives (NAN: free) stand at sources. */
static void write_deck(eq_text *t, const double *vg, const double *held) {
    eq_text_puts(t, "network\n");
    for (int i = 0; i < INPUTS; i++) eq_text_printf(t, "Vx%d x%d 0 %.17g\n", i, i, x[i]);
    for (int e = 0; e < EDGES; e++)
        eq_text_printf(t, "Vg%d g%d 0 %.17g\nM%d x%d g%d r%d x%d nw w=138u l=7.8u nrd=0.3\n", e, e,
                       vg[e], e, e / RAILS, e, e % RAILS, e / RAILS);
    for (int r = 0; r < RAILS; r++) {
        eq_text_printf(t, "R%d r%d 0 1g\n", r, r);
        if (held != NULL && !isnan(held[r])) eq_text_printf(t, "Vh%d r%d 0 %.17g\n", r, r, held[r]);
    }
    eq_text_printf(t, "%s.options reltol=1e-12\n*%% input Vx0 Vx1 Vx2\n*%% output r0,r1 r2,r3\n",
                   card);
    eq_text_puts(t, "*% train Vg* min=0.4 max=8\n.op\n.end\n");
}

static void rails_at(const double *vg, const double *held, double *rail) {
    eq_text t = {0};
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    double v[64];
    write_deck(&t, vg, held);
    ck_assert_int_eq(eq_circuit_parse("t", t.text, t.length, &c, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK);
    for (int r = 0; r < RAILS; r++) {
        char name[16];
        snprintf(name, sizeof name, "r%d", r);
        rail[r] = v[eq_circuit_find_node(c, name)];
    }
    eq_solver_free(s);
    eq_circuit_free(c);
    eq_text_free(&t);
}

/* What one step of rate 1 takes off the gates. */
static void step(const char *cost, const char *estimator, const double *vg, double *taken) {
    eq_text deck = {0};
    char text[1024];
    write_deck(&deck, vg, NULL);
    ck_assert_int_eq(eq_file_write(in("net.cir"), deck.text, deck.length, NULL), EQ_OK);
    snprintf(text, sizeof text, "a,b,c,class\n%.17g,%.17g,%.17g,one\n0,0,0,two\n", x[0], x[1],
             x[2]);
    put("data.csv", text);
    snprintf(text, sizeof text,
             "<experiment seed='2'><circuit deck='net.cir'/><data format='csv' path='data.csv' "
             "label='class' train-limit='1'/>%s%s<optimizer type='sgd' rate='1'/>"
             "<minibatch size='1'/><epochs count='1'/></experiment>",
             cost, estimator);
    put("net.xml", text);
    char *said = NULL;
    expect_exit(0, &said, "train %s -o %s --force", in("net.xml"), in("run"));
    free(said);
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_circuit_read(in("run/model.cir"), &c, NULL), EQ_OK);
    for (int e = 0; e < EDGES; e++) {
        char name[16];
        snprintf(name, sizeof name, "vg%d", e);
        taken[e] = vg[e] - *eq_circuit_source(c, eq_circuit_find_element(c, name));
    }
    eq_circuit_free(c);
    eq_text_free(&deck);
}

static void draw(double *vg) {
    for (int e = 0; e < EDGES; e++) vg[e] = 1.2 + 2.5 * fmod(0.618 * (e + 1), 1.0);
}

static const char hinge[] = "<cost type='hinge' margin='1' rivals='top'/>";

/* -((dV^c)^2 - (dV^0)^2): the true pair is moved apart by delta, the rival's together. */
START_TEST(delta_v2_is_the_change_of_squared_drops) {
    double vg[EDGES], taken[EDGES], free_at[RAILS], held[RAILS], clamped[RAILS];
    draw(vg);
    rails_at(vg, NULL, free_at);
    const double way[RAILS] = {0.02, -0.02, -0.02, 0.02};
    for (int r = 0; r < RAILS; r++) held[r] = free_at[r] + way[r];
    rails_at(vg, held, clamped);
    step(hinge,
         "<estimator type='one-sided' nudging='clamp' clamp='nodes' delta='0.04' rule='delta-v2'/>",
         vg, taken);
    for (int e = 0; e < EDGES; e++) {
        double before = x[e / RAILS] - free_at[e % RAILS],
               after = x[e / RAILS] - clamped[e % RAILS];
        ck_assert_double_eq_tol(taken[e], after * after - before * before, 1e-9);
    }
}
END_TEST

static double conductance(const eq_circuit *c, const char *resistance) {
    eq_handle h;
    ck_assert_int_eq(eq_handle_find(c, resistance, &h, NULL), EQ_OK);
    return 1.0 / eq_handle_get(c, h);
}

/* A divider of 0.5 V whose output is held at 0.3 V: conductances go down the change of their own squared
 * drops, 0.7^2 - 0.5^2 and 0.3^2 - 0.5^2. */
START_TEST(delta_v2_of_conductances_is_of_their_own_drops) {
    char *said = NULL;
    put("net.cir", "t\nVx x 0 0\nR1 x y 1k\nR2 y 0 1k\n*% input Vx\n*% output y\n"
                   "*% train R1 gmin=1e-9 gmax=1\n*% train R2 gmin=1e-9 gmax=1\n.op\n.end\n");
    put("data.csv", "x,t\n1,0.3\n1,0.3\n");
    put("net.xml",
        "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv' targets='t' "
        "train-limit='1'/><cost type='squared-error'/><estimator type='one-sided' nudging='clamp' "
        "eta='1' rule='delta-v2'/><optimizer type='sgd' rate='1e-5'/><minibatch size='1'/>"
        "<epochs count='1'/></experiment>");
    expect_exit(0, &said, "train %s -o %s --force", in("net.xml"), in("run"));
    free(said);
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_circuit_read(in("run/model.cir"), &c, NULL), EQ_OK);
    double upper = 1e-3 - conductance(c, "r1(r)"), lower = 1e-3 - conductance(c, "r2(r)");
    ck_assert_double_gt(upper, 0.0);
    ck_assert_double_eq_tol(lower / upper, (0.09 - 0.25) / (0.49 - 0.25), 1e-6);
    eq_circuit_free(c);
}
END_TEST

static double top_hinge(const double *vg) {
    double rail[RAILS];
    rails_at(vg, NULL, rail);
    return 1.0 + (rail[2] - rail[3]) - (rail[0] - rail[1]);
}

/* Rails have no edge between them, so that the response is the gradient, and so is the adjoint. */
START_TEST(response_and_adjoint_are_differences_of_the_hinge) {
    static const char *const estimators[] = {
        "<estimator type='symmetric' beta='1e-6' rule='response'/>", "<estimator type='adjoint'/>"};
    double vg[EDGES], taken[EDGES];
    draw(vg);
    step(hinge, estimators[_i], vg, taken);
    for (int e = 0; e < EDGES; e++) {
        double h = 1e-4, at[2], kept = vg[e];
        for (int side = 0; side < 2; side++) {
            vg[e] = kept + (side == 0 ? h : -h);
            at[side] = top_hinge(vg);
        }
        vg[e] = kept;
        ck_assert_double_eq_tol(taken[e], (at[0] - at[1]) / (2.0 * h), 1e-7);
    }
}
END_TEST

/* A source that opens no transistor has no drop. */
START_TEST(a_source_without_a_gate_is_named) {
    static const char deck[] = "t\nVx x 0 1\nVb b 0 0.2\nR1 x y 1k\nR2 b y 1k\n*% input Vx\n"
                               "*% output y\n*% train Vb min=0 max=1\n.op\n.end\n";
    static const char text[] =
        "<experiment><circuit deck='b.cir'/><data format='csv' path='b.csv' targets='t'/>"
        "<cost type='squared-error'/><estimator type='one-sided' nudging='clamp' rule='delta-v2'/>"
        "<optimizer type='sgd' rate='1'/><epochs count='1'/></experiment>";
    char *said = NULL;
    put("b.cir", deck);
    ck_assert_int_eq(eq_file_write(in("b.csv"), "x,t\n1,0.5\n0,0.2\n", 16, NULL), EQ_OK);
    put("b.xml", text);
    expect_exit(2, &said, "train %s -o %s --force", in("b.xml"), in("run"));
    ck_assert_msg(strstr(said, "finds no drop for vb") != NULL, "%s", said);
    free(said);
}
END_TEST

/* Threads share the transistors of each solve, the examples being taken one by one. */
START_TEST(threads_do_not_change_the_bits) {
    char *model[3];
    for (int k = 0; k < 3; k++) {
        char *said = NULL;
        expect_exit(0, &said,
                    "train netlists/nmos-digits.xml -o %s --force --epochs 1 --threads %d "
                    "--set data.train-limit=40",
                    in("run"), 1 + k);
        free(said);
        model[k] = file_text(in("run/model.cir"));
    }
    for (int k = 1; k < 3; k++) ck_assert_str_eq(model[0], model[k]);
    for (int k = 0; k < 3; k++) eq_free(model[k]);
}
END_TEST

Suite *transistors_suite(void) {
    Suite *s = suite_create("transistors");
    TCase *t = tcase_create("transistors");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, delta_v2_is_the_change_of_squared_drops);
    tcase_add_test(t, delta_v2_of_conductances_is_of_their_own_drops);
    tcase_add_loop_test(t, response_and_adjoint_are_differences_of_the_hinge, 0, 2);
    tcase_add_test(t, a_source_without_a_gate_is_named);
    tcase_add_test(t, threads_do_not_change_the_bits);
    suite_add_tcase(s, t);
    return s;
}
