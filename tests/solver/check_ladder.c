#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mna.h"
#include "../support/point.h"
#include "base/mem.h"
#include "circuit/architecture.h"
#include "solver/solver_internal.h"

Suite *ladder_suite(void);

static const char *const hard[] = {
    "diode chain\nV1 in 0 20\nR1 in a 10\nD1 a b dm\nD2 b c dm\nD3 c d dm\nR2 d 0 1k\n"
    ".model dm D is=1e-14\n.op\n.end\n",
    "bridge rectifier\nV1 p q 12\nD1 p o dm\nD2 q o dm\nD3 0 p dm\nD4 0 q dm\nR1 o 0 1k\n"
    ".model dm D is=1e-14\n.op\n.end\n",
    "clamped amplifier\nV1 in 0 40\nR1 in h 1k\nD1 h 0 dm\nD2 0 h dm\nE1 e 0 h 0 4\nVs e w 0\n"
    "F1 h 0 Vs 0.25\nR2 w y 500\nD3 y 0 dm\nR3 y 0 10k\n.model dm D is=1e-12\n.op\n.end\n",
};

/* n diodes in series behind 1 kohm, 6 V each. */
static char *chain(int n) {
    eq_text t = {0};
    eq_text_printf(&t, "chain\n.model dm D is=1e-14\nV1 in 0 %g\nR1 in n0 1k\n", 6.0 * n);
    for (int k = 0; k < n; k++) eq_text_printf(&t, "D%d n%d n%d dm\n", k, k, k + 1);
    eq_text_printf(&t, "R2 n%d 0 1k\n.op\n.end\n", n);
    ck_assert(!t.failed);
    return t.text;
}

/* Newton's method as books have it: full steps from zero, dense matrices, at most itl1 of them. */
static bool plain_newton(const eq_circuit *c, size_t branches) {
    double *v = calloc(eq_circuit_nodes(c), sizeof *v), *j = calloc(branches + 1, sizeof *j);
    double change = INFINITY;
    for (int k = 0; k < c->options.itl1 && !isnan(change) && change > 1e-9; k++)
        change = mna_step(c, v, j);
    free(v);
    free(j);
    return change <= 1e-9;
}

/* The lines of the log that tell of a whole rung, and the last of them. */
typedef struct seen {
    int lines, rungs, iteration; /* of the search under way */
    char last[200];
} seen;

static void watch(void *data, const char *line) {
    seen *s = data;
    int k;
    s->lines++;
    if (sscanf(line, "  iteration %d:", &k) == 1) {
        ck_assert_msg(k == 1 || k == s->iteration + 1, "%s after %d", line, s->iteration);
        s->iteration = k;
    }
    if (line[0] == ' ' || strncmp(line, "trying ", 7) == 0) return;
    s->rungs++;
    snprintf(s->last, sizeof s->last, "%s", line);
}

/* What the log must say of a rung that has solved. */
static void log_tells(const seen *log, const char *name, const eq_solve_info *info) {
    char says[200];
    snprintf(says, sizeof says, "%s: solved after %d iterations, residual %.3g of its bound", name,
             info->iterations, info->residual_ratio);
    ck_assert_int_eq(log->rungs, 1);
    ck_assert_int_gt(log->lines, 2);
    ck_assert_str_eq(log->last, says);
}

/* The rung alone, with at most so many iterations, comes to where a dense Newton step finds nothing
 * left to do, and says so in the log. */
static void rung_solves(int rung, const char *text, int iterations) {
    eq_circuit *c = deck(text);
    eq_solver *s = NULL;
    seen log = {0};
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    double *v = calloc(eq_circuit_nodes(c), sizeof *v), size = 0.0;
    double *w = calloc(eq_circuit_nodes(c), sizeof *w);
    double *branch = calloc(eq_solver_branches(s) + 1, sizeof *branch);
    eq_solve_options o = eq_solve_defaults(c);
    eq_solve_info info;
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, branch, &info, NULL), EQ_OK);
    ck_assert_double_lt(mna_step(c, v, branch), 1e-9);
    for (size_t n = 0; n < eq_circuit_nodes(c); n++) size = fmax(size, fabs(v[n]));
    o.max_iterations = iterations;
    o.log = watch;
    o.log_data = &log;
    eq_status status = eq_solver_rung(s, &o, rung, w, &info, NULL);
    ck_assert_msg(status == EQ_OK, "%s: %s", eq_ladder[rung].name, text);
    ck_assert_str_eq(info.rung, eq_ladder[rung].name);
    ck_assert_double_le(info.residual_ratio, 1.0);
    log_tells(&log, info.rung, &info);
    for (size_t n = 0; n < eq_circuit_nodes(c); n++)
        ck_assert_msg(fabs(v[n] - w[n]) <= 1e-9 * size, "%s: %g", eq_ladder[rung].name,
                      v[n] - w[n]);
    free(v);
    free(w);
    free(branch);
    eq_solver_free(s);
    eq_circuit_free(c);
}

START_TEST(each_rung_alone) {
    enum { DOWN = 2000 }; /* an exponential is descended by one n Vt a step */
    for (size_t k = 0; k < sizeof hard / sizeof *hard; k++) rung_solves(_i, hard[k], DOWN);
}
END_TEST

/* With the usual number of iterations, where plain Newton gets nowhere. */
START_TEST(each_rung_where_plain_newton_fails) {
    char *text = chain(100);
    eq_circuit *c = deck(text);
    ck_assert(!plain_newton(c, 1));
    rung_solves(_i, text, c->options.itl1);
    eq_circuit_free(c);
    eq_free(text);
}
END_TEST

/* Kendall's network in small, inputs from 10 to 200 V: the first rung answers in a few outer
 * iterations. */
START_TEST(large_inputs_are_solved_by_the_first_rung) {
    eq_architecture a;
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    eq_solve_info info;
    ck_assert_int_eq(eq_architecture_kind("kendall", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_layers("40,12,8,6", &a, NULL), EQ_OK);
    a.gmin = 0.0;
    ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    double *v = calloc(eq_circuit_nodes(c), sizeof *v);
    for (double volts = 10.0; volts <= 200.0; volts *= 2.1) {
        for (size_t k = 0; k < c->inputs; k++)
            *eq_circuit_source(c, c->input[k]) = volts * sin(1.0 + (double)(k * k));
        memset(v, 0, eq_circuit_nodes(c) * sizeof *v);
        eq_solve_options o = eq_solve_defaults(c);
        ck_assert_int_eq(eq_solver_solve(s, &o, v, NULL, &info, NULL), EQ_OK);
        ck_assert_str_eq(info.rung, "newton");
        ck_assert_msg(info.iterations <= 15, "%g V: %d iterations", volts, info.iterations);
        ck_assert_double_le(info.residual_ratio, 1.0);
    }
    free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* Two transistors that hold each other: the one that is off stays so. Potentials of ngspice 39's op. */
static const struct {
    const char *model;
    double low, high;
} latches[] = {{"s", 0.127472, 4.623073}, {"n", 2.0377, 4.5123}, {"n3", 2.1016, 4.5090}};

START_TEST(what_is_off_decides_the_state) {
    static const char *const latch =
        "latch\nvd d 0 5\nr1 d a 1k\nr2 d b 1k\nr3 a z 10k\nr4 b y 10k\n"
        "%c1 a y 0 %s %s%s\n%c2 b z 0 %s %s%s\n"
        ".model s npn is=1e-16 bf=100 br=1 rb=80 re=1 rc=10\n"
        ".model n nmos level=1 vto=0.7 kp=100u lambda=0.02\n"
        ".model n3 nmos level=3 vto=0.7 kp=100u\n.op\n.end\n";
    const char *model = latches[_i].model;
    bool mos = model[0] == 'n';
    char deck[1024], letter = mos ? 'm' : 'q';
    const char *bulk = mos ? "0" : "", *wide = mos ? " w=500u" : "";
    for (int k = 0; k < 2; k++) {
        char first[32], second[32];
        snprintf(first, sizeof first, "%s%s", wide, k == 0 ? " off" : "");
        snprintf(second, sizeof second, "%s%s", wide, k == 1 ? " off" : "");
        snprintf(deck, sizeof deck, latch, letter, bulk, model, first, letter, bulk, model, second);
        ck_assert_double_eq_tol(potential(deck, k == 0 ? "a" : "b"), latches[_i].high, 5e-4);
        ck_assert_double_eq_tol(potential(deck, k == 0 ? "b" : "a"), latches[_i].low, 5e-4);
    }
}
END_TEST

/* Wherever memory runs out, a status comes back and nothing leaks or crashes. */
START_TEST(out_of_memory_is_a_status) {
    bool done = false;
    for (long n = 0; !done && n < 2000; n++) {
        eq_circuit *c = deck(hard[2]);
        eq_solver *s = NULL;
        double v[16] = {0}, branch[8], lambda[16], dcdv[16] = {0};
        eq_mem_fail_after(n);
        eq_status status = eq_solver_new(c, &s, NULL);
        for (int m = EQ_NEWTON; status == EQ_OK && m <= EQ_COCONTENT; m++) {
            eq_solve_options o = eq_solve_defaults(c);
            o.method = (eq_method)m;
            status = eq_solver_solve(s, &o, v, branch, NULL, NULL);
        }
        if (status == EQ_OK) status = eq_solver_adjoint(s, v, branch, dcdv, lambda, NULL);
        eq_mem_fail_after(-1);
        ck_assert_msg(status == EQ_OK || status == EQ_ERR_MEMORY, "after %ld: status %d", n,
                      status);
        done = status == EQ_OK;
        eq_solver_free(s);
        eq_circuit_free(c);
    }
    ck_assert(done);
}
END_TEST

/* Loads of constant power P behind R at U: v^2 - U v + R P = 0 has two roots, and supplies start up to the upper
 * one. The mean square of x by feedback: o^2 = k x^2, k = 1000/1010 the divider's. Each has a pole, or 0/0, at
 * zero, where the search begins. */
START_TEST(formulas_with_a_pole_at_zero_are_solved) {
    static const char *const load[] = {
        "b1 o 0 i=100/v(o)",
        "b1 o 0 i=100*v(o)**-1",
        "b1 o 0 i=100*pow(v(o),-1)",
        "b1 o 0 i=100*pwr(v(o),-1)",
        "b1 o 0 i=100/max(v(o),0)",
        "b1 o 0 i=60/v(o)\nb2 o 0 i=40/v(o)",
        "b1 o 0 i=100/v(o)\nb2 z o i=1m/v(o,z)\nr3 o z 1k\nr4 o y 1k\nr5 y z 1k",
        "g1 o 0 value={100/v(o)}",
        "r2 o 0 r={v(o)**2/100}",
        "b1 o 0 i=v(o)/(v(o)*v(o)/100)",
        "b1 o 0 i=v(o) > 1 ? 100/v(o) : 100*v(o)\nb2 z 0 v=1/v(o)\nr3 z 0 1k",
    };
    static const char *const mean[] = {"b1 m 0 v=v(x)**2/v(q)", "b1 m 0 v=v(y)**2/v(q)",
                                       "b1 m 0 v=v(x)*v(y)/v(q)\nb2 w 0 i=1u/v(w)\nr4 y w 1k"};
    char text[512];
    for (size_t k = 0; k < sizeof load / sizeof *load; k++)
        for (int sign = 0; sign < 2; sign++) {
            double u = sign == 0 ? 48.0 : 24.0;
            snprintf(text, sizeof text, "load\nv1 in 0 %g\nr1 in o 50m\n%s\n.op\n.end\n", u,
                     load[k]);
            ck_assert_double_eq_tol(potential(text, "o"),
                                    0.5 * (u + sqrt(u * u - 4.0 * 0.05 * 100.0)), 1e-8);
        }
    for (size_t k = 0; k < sizeof mean / sizeof *mean; k++) {
        snprintf(text, sizeof text,
                 "mean\nv1 x 0 3\nr1 x y 1k\n%s\nr2 m q 10k\nr3 q 0 1meg\n.op\n.end\n", mean[k]);
        ck_assert_double_eq_tol(potential(text, "q"), 3.0 * sqrt(1000.0 / 1010.0),
                                k == 2 ? 1e-2 : 1e-8);
    }
}
END_TEST

/* A meter with a pole, a root and 0/0 at zero leave a circuit where it is without them: a diode beside a tunnel
 * diode at the lower of its states (ngspice 39), a circuit without sources at 0. */
START_TEST(what_is_no_load_changes_no_state) {
    static const char *const meter[] = {"", "bm m 0 v=1m/v(a)\nrm m 0 1k\n",
                                        "bm 0 m i=1m/v(a)\nrm m 0 1k\n",
                                        "bm m 0 v=sqrt(abs(v(a)))\nrm m 0 1k\n"};
    static const char *const dead[] = {"1m*sqrt(abs(v(a)))", "1m*atan(v(a)/v(a))", "1m*cbrt(v(a))"};
    char text[512];
    for (size_t k = 0; k < sizeof meter / sizeof *meter; k++) {
        snprintf(text, sizeof text,
                 "tunnel\nv1 in 0 1\nr1 in a 100\n"
                 "b1 a 0 i=10m*v(a)/0.1*exp(1-v(a)/0.1)+1p*(exp(v(a)/0.026)-1)\n%s.op\n.end\n",
                 meter[k]);
        ck_assert_double_eq_tol(potential(text, "a"), 0.0671887, 1e-7);
    }
    for (size_t k = 0; k < sizeof dead / sizeof *dead; k++) {
        snprintf(text, sizeof text,
                 "dead\nv1 in 0 0\nr1 in a 1k\nr2 a 0 1k\nb1 a 0 i=%s\n.op\n.end\n", dead[k]);
        ck_assert_double_eq_tol(potential(text, "a"), 0.0, 1e-12);
    }
}
END_TEST

Suite *ladder_suite(void) {
    Suite *s = suite_create("ladder");
    TCase *t = tcase_create("ladder");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, each_rung_alone, 0, EQ_RUNGS);
    tcase_add_loop_test(t, each_rung_where_plain_newton_fails, 0, EQ_RUNGS);
    tcase_add_test(t, large_inputs_are_solved_by_the_first_rung);
    tcase_add_loop_test(t, what_is_off_decides_the_state, 0, 3);
    tcase_add_test(t, formulas_with_a_pole_at_zero_are_solved);
    tcase_add_test(t, what_is_no_load_changes_no_state);
    tcase_add_test(t, out_of_memory_is_a_status);
    suite_add_tcase(s, t);
    return s;
}
