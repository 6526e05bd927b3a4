/* Memory runs out in operating points, their gradients, and the analyses of a deck. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "analysis/analysis.h"
#include "analysis/control.h"
#include "analysis/operating_point.h"
#include "base/file.h"
#include "memory.h"
#include "netlist/netlist.h"
#include "solver/reciprocity.h"
#include "support/program.h"

/* The operating point by one method, and its adjoint. */
static eq_status solve(eq_method method, const char *path, eq_diag *diag) {
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    double v[256] = {0}, branch[64], dcdv[256] = {0}, lambda[256];
    eq_status status = eq_circuit_read(path, &c, diag);
    if (status == EQ_OK) status = eq_solver_new(c, &s, diag);
    if (status == EQ_OK) {
        eq_solve_options o = eq_solve_defaults(c);
        o.method = method;
        status = eq_solver_solve(s, &o, v, branch, NULL, diag);
    }
    if (status == EQ_OK) status = eq_solver_adjoint(s, v, branch, dcdv, lambda, diag);
    eq_solver_free(s);
    eq_circuit_free(c);
    return status;
}

static eq_status newton(const char *path, eq_diag *diag) {
    return solve(EQ_NEWTON, path, diag);
}

static eq_status cocontent(const char *path, eq_diag *diag) {
    return solve(EQ_COCONTENT, path, diag);
}

/* KINSOL: our own allocations around it. Its own are another matter (docs/testing.md). */
static eq_status kinsol(const char *path, eq_diag *diag) {
    return solve(EQ_KINSOL, path, diag);
}

/* A library of compiled models, opened once, a deck of it, and its export. */
static eq_status compiled(eq_diag *diag) {
    eq_circuit *c = NULL;
    eq_text text = {0};
    eq_status status = eq_osdi_allow(beside_program("osdi/models-4-0.osdi"), diag);
    if (status == EQ_OK) status = solve(EQ_NEWTON, in("compiled.cir"), diag);
    if (status == EQ_OK) status = eq_circuit_read(in("compiled.cir"), &c, diag);
    if (status == EQ_OK) status = eq_circuit_write(c, EQ_NGSPICE, NULL, &text, diag);
    eq_text_free(&text);
    eq_circuit_free(c);
    return status;
}

/* Shorts that come and go. */
static eq_status shorts(eq_diag *diag) {
    static const char text[] = "t\nv1 a 0 1\nr1 a b 1k\nr2 b c 1e-13\nr3 c d 0\nr4 c d 0\n"
                               "d1 d 0 dm\n.model dm d\n.end\n";
    static const double ohm[] = {1e-13, 1e3, 0.0};
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    eq_handle h;
    double v[8] = {0}, branch[4], i = 0.0;
    eq_status status = eq_circuit_parse("t.cir", text, strlen(text), &c, diag);
    if (status == EQ_OK) status = eq_handle_find(c, "r2", &h, diag);
    if (status == EQ_OK) status = eq_solver_new(c, &s, diag);
    for (size_t k = 0; status == EQ_OK && k < sizeof ohm / sizeof *ohm; k++) {
        status = eq_handle_set(c, h, ohm[k], diag);
        if (status != EQ_OK) break;
        eq_solver_refresh(s);
        status = eq_solver_solve(s, NULL, v, branch, NULL, diag);
        if (status == EQ_OK) i = eq_solver_current(s, h.element, v, branch) + branch[0];
        if (status == EQ_OK) ck_assert_double_lt(fabs(i), 1e-12);
    }
    eq_solver_free(s);
    eq_circuit_free(c);
    return status;
}

/* Decks without an operating point: every rung of the ladder is climbed, and what is said at the
 * end needs memory too. */
static const char *const dead_end[] = {
    "t\nv1 a 0 1\nv2 b a 1\ne1 b 0 c 0 2\nr1 a c 1\nr2 c 0 1\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1\ni1 a b 1m\nr2 b c 1k\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1\nc1 a b 1u\nr2 b c 1k\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1\ng1 0 b a 0 1m\nr2 b c 1k\n.end\n",
    "t\nv1 in 0 1\nr1 in a 1k\nd1 a 0 dm\nb1 a 0 i=1+v(a)*v(a)\n.model dm d\n"
    "r2 in b 1\nr3 b c 1\nr4 c 0 1\ne1 n1 0 a b 2\ne2 n2 n1 c b 2\ne3 n3 n2 a c 2\nr5 n3 0 1k\n"
    ".end\n",
};

static eq_status dead_ends(eq_diag *diag) {
    for (size_t k = 0; k < sizeof dead_end / sizeof *dead_end; k++) {
        eq_circuit *c = NULL;
        eq_solver *s = NULL;
        double v[16] = {0}, branch[8];
        eq_status status = eq_circuit_parse("t.cir", dead_end[k], strlen(dead_end[k]), &c, diag);
        if (status == EQ_OK) status = eq_solver_new(c, &s, diag);
        if (status == EQ_OK) status = eq_solver_solve(s, NULL, v, branch, NULL, diag);
        eq_solver_free(s);
        eq_circuit_free(c);
        if (status != EQ_ERR_SINGULAR && status != EQ_ERR_CONVERGE) return status;
    }
    return EQ_OK;
}

/* A circuit with two answers: where memory runs out, the start does not choose the other one
 * unseen. */
static eq_status start(eq_diag *diag) {
    eq_circuit *c = NULL;
    eq_result *r = NULL;
    eq_status status = eq_circuit_read(in("latch.cir"), &c, diag);
    if (status == EQ_OK) status = eq_operating_point(c, NULL, &r, NULL, diag);
    if (status == EQ_OK) ck_assert_double_gt(r->value[eq_result_find(r, "v(a)")], 3.0);
    eq_result_free(r);
    eq_circuit_free(c);
    return status;
}

/* Nudged phases of a batch. */
static eq_status nudged(eq_diag *diag) {
    enum { NODES = 8 };
    eq_circuit *c = NULL;
    eq_batch *b = NULL;
    eq_handle h[2];
    double x[2] = {1.0, 2.0}, v[2 * NODES], dcdv[2 * NODES] = {[1] = 1.0, [2] = 1.0}, dcdw[4];
    eq_status status = eq_circuit_read("netlists/amplifier.cir", &c, diag);
    if (status == EQ_OK) status = eq_handle_find(c, "vx", &h[0], diag);
    if (status == EQ_OK) status = eq_handle_find(c, "r1", &h[1], diag);
    if (status == EQ_OK) status = eq_batch_new(c, h, 1, NULL, &b, diag);
    if (status == EQ_OK) status = eq_batch_solve(b, 2, x, v, NULL, diag);
    if (status == EQ_OK) status = eq_batch_eqprop(b, 2, x, v, dcdv, NULL, h, 2, dcdw, diag);
    if (status == EQ_OK) status = eq_batch_nudge(b, 2, x, v, dcdv, v, NULL, diag);
    eq_batch_free(b);
    eq_circuit_free(c);
    return status;
}

/* Shares and likeness of a circuit without an energy. */
static eq_status reciprocity(eq_diag *diag) {
    static const char deck[] =
        "t\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\nG1 c 0 b 0 1m\nG2 b 0 c 0 0.5m\nR3 c 0 1k\n"
        "*% output c\n*% train R? gmin=1e-6 gmax=1\n.op\n.end\n";
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    eq_asymmetry a = {.share = NULL};
    eq_likeness l;
    double v[8] = {0.0}, branch[4] = {0.0};
    eq_status status = eq_circuit_parse("t", deck, strlen(deck), &c, diag);
    if (status == EQ_OK) status = eq_solver_new(c, &s, diag);
    if (status == EQ_OK) status = eq_solver_solve(s, NULL, v, branch, NULL, diag);
    if (status == EQ_OK) status = eq_reciprocity_asymmetry(s, v, branch, &a, diag);
    if (status == EQ_OK) status = eq_reciprocity_gradients(s, v, branch, &l, diag);
    eq_asymmetry_free(&a);
    eq_solver_free(s);
    eq_circuit_free(c);
    return status;
}

/* Every analysis of a deck, written over an old result in each format. */
static eq_status analyses(eq_diag *diag) {
    eq_deck *deck = NULL;
    eq_status status = eq_deck_read(in("sweep.cir"), &deck, diag);
    for (size_t k = 0; status == EQ_OK && k < deck->analyses; k++) {
        eq_result *r = NULL, *m = NULL;
        eq_out *out = NULL;
        eq_solve_options o = eq_solve_defaults(eq_deck_circuit(deck));
        status = eq_analysis_run(deck, k, &o, &r, &m, diag);
        eq_result_free(m);
        for (int f = EQ_TABLE; status == EQ_OK && f < EQ_FORMAT_COUNT; f++) {
            status = eq_out_open(in("old"), &out, diag);
            if (status != EQ_OK) break;
            status = eq_result_write((const eq_result *const *)&r, 1, (eq_format)f,
                                     eq_out_stream(out), diag);
            if (status != EQ_OK) {
                eq_out_abort(out);
                break;
            }
            status = eq_out_commit(out, diag);
        }
        eq_result_free(r);
    }
    eq_deck_free(deck);
    return status;
}

/* Commands of .control, .tf and .sens, wildcards, ports and random functions. */
static eq_status commands(eq_diag *diag) {
    static const char text[] =
        "t\n.param w={agauss(1k,1,3)} q=1\n.subckt s p n\nR1 p m {w}\nR2 m n 1k tce=1\n.ends\n"
        "X1 a 0 s\nV1 a 0 1\nC1 a 0 1u\nD1 a 0 dd\n.model dd d(cjo=1p)\nB1 b 0 "
        "v={ddx(v(a)*v(a),v(a))}\nR3 b 0 1k\n"
        ".print dc v(x1:p) i(r*) c1:c @d1[cd]\n.tf v(x1.m) v1\n.sens i(v1)\n.control\nsave v(a)\n"
        "define f(x) x+1\ncompose c values 1 2\nprint f(c) > p.txt\necho c >> p.txt\n"
        "dc v1 0 1 1\nmeas dc m max v(a)\nwrdata w.txt v(a)\n"
        "let k = vector(3)\nforeach r 1k 2k\nalter r3 = $r\ndc v1 0 1 0.5\nprint v(b) k @r3[i]\n"
        "end\nwhile k[0] < 2\nlet k[0] = k[0] + 1\nend\nset x = ( a b )\naltermod zz is = 1\n"
        "strcmp c $x[1] \"a\"\nshift x\necho $#x 'q' $curplot\nlet j = $c ? 1 : 2\nalterparam q = "
        "2\nreset\nrun\nwrdata x.txt v(b)\nprint op1.v(b) $x {$&k}\n.endc\n.end\n";
    eq_deck *d = NULL;
    eq_tables t = {NULL, 0, 0};
    bool ran = false;
    eq_status status = eq_deck_parse("t.cir", text, sizeof text - 1, &d, diag);
    if (status == EQ_OK) {
        eq_solve_options o = eq_solve_defaults(eq_deck_circuit(d));
        const eq_control_options control = {&o, in(".")};
        status = eq_control_run(d, &control, &t, &ran, diag);
    }
    eq_tables_free(&t);
    eq_deck_free(d);
    return status;
}

const memory_scenario memory_of_solutions[] = {
    {"Newton", .of = newton, .path = "netlists/amplifier.cir"},
    {"co-content", .of = cocontent, .path = "netlists/antiparallel.cir"},
    {"KINSOL", .of = kinsol, .path = "netlists/antiparallel.cir"},
    {"Newton with formulas", .of = newton, .path = "tests/decks/behavioural.cir"},
    {"transistors", .of = newton, .path = "netlists/transistors.cir"},
    {"transistors of other levels", .of = newton, .path = "tests/decks/mosfet-levels.cir"},
    {"transistors of EKV", .of = newton, .path = "netlists/ekv.cir"},
    {"jfets", .of = newton, .path = "tests/decks/jfets.cir"},
    {"compiled", .run = compiled},
    {"power transistors", .of = newton, .path = "tests/decks/power.cir"},
    {"shorts", .run = shorts},
    {"nudged phases", .run = nudged},
    {"no operating point", .run = dead_ends},
    {"a start near one of two answers", .run = start},
    {"analyses", .run = analyses},
    {"commands", .run = commands},
    {"reciprocity", .run = reciprocity},
    {.name = NULL},
};
