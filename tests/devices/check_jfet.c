/* Junction field-effect transistors against ngspice: output and transfer sweeps at three temperatures;
 * their equations worked out by hand; gradients of every parameter that learns. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/compare.h"
#include "../support/point.h"
#include "../support/program.h"
#include "../support/transistor.h"
#include "base/text.h"
#include "devices/registry.h"
#include "solver/solver_internal.h"

Suite *jfet_suite(void);

static const transistor_card cards[] = {
    {1, "njf", ""},
    {1, "njf(level=1 vto=-2.5 beta=1.3m lambda=20m is=33f)", "2.5"},
    {1, "njf(vt0=-1.5 beta=0.8m b=0.6 pb=0.8 rd=20 rs=10 lambda=5m)", "area=3 m=2"},
    {1, "njf(vto=-2 beta=1m b=1.4 tcv=3m bex=-1.5 xti=3 eg=1.2 tnom=50)", "temp=60"},
    {1, "njf(vto=-2 beta=1m tcv=3m vtotc=-2.5m bex=-1.5 betatce=-0.5 rs=100)", "2 dtemp=15"},
    {1, "njf(vto=0.2 beta=2m lambda=50m is=1e-12 xti=0 cgs=2p cgd=1p kf=1e-18 af=1 fc=0.6)", ""},
    {-1, "pjf(vto=-2 beta=0.7m lambda=10m rd=50)", "1.5 m=3"},
    {-1, "pjf(vto=-1.2 beta=1m b=0.8 vtotc=2m betatce=0.7 is=1e-13)", "ic=-1,2 area=0.5"},
};
enum { CARDS = sizeof cards / sizeof *cards };

/* Forward, saturated and reverse, with forward gates. */
static const transistor_bench bench = {"J1 d g s",
                                       {{"d", 2.0}, {"g", -0.5}, {"s", -0.1}},
                                       {{{"d", -0.7, 6.0, 0.1}, {"g", -3.0, 0.3, 0.66}},
                                        {{"g", -3.0, 0.65, 0.05}, {"d", -0.2, 4.2, 1.1}}},
                                       1e-15};

START_TEST(sweeps_agree_with_ngspice) {
    sweeps_agree(&bench, &cards[_i]);
}
END_TEST

/* The current into the drain of one transistor with its source at 0 V. */
static double drain(const char *model, double vd, double vg) {
    eq_text t = {0};
    eq_text_printf(&t, "t\nVd d 0 %.17g\nVg g 0 %.17g\nJ1 d g 0 mm\n.model mm %s\n.op\n.end\n", vd,
                   vg, model);
    double current = source_current(t.text, "vd");
    eq_text_free(&t);
    return current;
}

/* With vto = -2 V and beta = 1 mA/V^2 at vgs = -0.5 V the drive is 1.5 V: beta 1.5^2 saturated, beta 1
 * (2 1.5 - 1) at 1 V; with b = 0.4 and pb = 1 V the tail is 0.2 / V: 1.5^2 (0.4 + 0.2 1.5). */
START_TEST(equations_by_hand) {
    static const char plain[] = "njf(vto=-2 beta=1m lambda=0.1 is=1e-30)";
    static const char tail[] = "njf(vto=-2 beta=1m b=0.4 pb=1 is=1e-30)";
    ck_assert_double_eq_tol(drain(plain, 4.0, -0.5), 2.25e-3 * 1.4, 1e-11);
    ck_assert_double_eq_tol(drain(plain, 1.0, -0.5), 2e-3 * 1.1, 1e-11);
    ck_assert_double_eq_tol(drain(plain, -1.0, -1.5), -2e-3 * 1.1, 1e-11);
    ck_assert_double_eq_tol(drain(plain, 4.0, -2.5), 6.5e-12, 1e-16);
    ck_assert_double_eq_tol(drain(tail, 4.0, -0.5), 2.25e-3 * 0.7, 1e-11);
    ck_assert_double_eq_tol(drain(tail, 1.0, -0.5), 2.25e-3 * 0.7 - 0.25e-3 * 0.5, 1e-11);
    ck_assert_double_eq_tol(drain("pjf(vto=-2 beta=1m is=1e-30)", -4.0, 0.5), -2.25e-3, 1e-11);
}
END_TEST

/* A channel is 2 beta (vgs - vto) vds at tiny drops, to their last digits. */
START_TEST(tiny_drops_keep_their_digits) {
    static const char model[] = "njf(vto=-2 beta=1m is=0)";
    for (double vds = 1e-3; vds > 1e-12; vds *= 0.1) {
        double by_hand = 1e-3 * vds * (3.0 - vds) - 1e-12 * (-0.5 - vds);
        ck_assert_double_eq_tol(drain(model, vds, -0.5), by_hand, 1e-13 * by_hand);
    }
}
END_TEST

/* With 1 kohm at either end: the current by bisection of the equation in one unknown. */
START_TEST(resistances_inside_keep_their_equation) {
    double low = 0.0, high = 5e-3;
    for (int k = 0; k < 200; k++) {
        double i = 0.5 * (low + high), vds = 5.0 - 2e3 * i, over = 2.0 - 1e3 * i;
        double channel = 1e-3 * (vds < over ? vds * (2.0 * over - vds) : over * over);
        if (vds < 0.0 || over < 0.0 || channel < i)
            high = i;
        else
            low = i;
    }
    ck_assert_double_eq_tol(drain("njf(vto=-2 beta=1m rd=1k rs=1k is=1e-30)", 5.0, 0.0), low,
                            2e-11);
}
END_TEST

/* Currents grow evenly with lambda and is, so what they change by does not depend on them, at 0 either;
 * with a resistance from 0 on as by a small one. */
START_TEST(currents_grow_from_zero_on) {
    static const struct {
        const char *name;
        double step, within;
    } param[] = {
        {"lambda", 0.1, 1e-9}, {"is", 1e-15, 1e-9}, {"rd", 1e-3, 1e-5}, {"rs", 1e-3, 1e-5}};
    const eq_device_class *cls = &eq_class_njf;
    eq_environment env = {0.025864917007157 / 300.15, 50.0, 27.0, 1e-12};
    for (size_t p = 0; p < sizeof param / sizeof *param; p++) {
        double col[EQ_MAX_COLUMNS], at[3] = {1.0, 0.55, 0.1}, was[3], now[3], by[3], slope[9];
        double *w[EQ_MAX_COLUMNS], *before[3], *after[3], *change[3], *g[9];
        const double *z[3];
        int k = eq_param_find(cls, param[p].name);
        for (int c = 0; c < cls->columns; c++) w[c] = &col[c];
        for (int c = 0; c < cls->params; c++) col[c] = cls->param[c].default_value;
        for (int a = 0; a < 3; a++)
            z[a] = &at[a], before[a] = &was[a], after[a] = &now[a], change[a] = &by[a];
        for (int a = 0; a < 9; a++) g[a] = &slope[a];
        col[eq_param_find(cls, "area")] = 2.0;
        col[k] = 0.0;
        cls->derive(1, w, &env);
        cls->port(1, w, z, NULL, before, g);
        cls->param_port(1, w, k, z, change);
        col[k] = param[p].step;
        cls->derive(1, w, &env);
        cls->port(1, w, z, NULL, after, g);
        ck_assert_double_gt(fabs(by[2]), 0.0);
        for (int a = 0; a < 3; a++)
            ck_assert_double_eq_tol((now[a] - was[a]) / param[p].step, by[a],
                                    param[p].within * fabs(by[2]));
    }
}
END_TEST

/* Junctions far forward behind resistances, and drops beyond all devices: finite currents that sum to 0. */
START_TEST(extreme_potentials_keep_kirchhoffs_law) {
    static const double reach[] = {1.0, 30.0, 1e3, 1e6};
    const eq_device_class *cls = &eq_class_njf;
    eq_environment env = {0.025864917007157 / 300.15, 27.0, 27.0, 1e-12};
    for (int c = 0; c < 4 * 64; c++) {
        double col[EQ_MAX_COLUMNS], at[3], out[3], slope[9], *w[EQ_MAX_COLUMNS], *i[3], *g[9];
        const double *z[3];
        for (int k = 0; k < cls->columns; k++) w[k] = &col[k];
        for (int k = 0; k < cls->params; k++) col[k] = cls->param[k].default_value;
        for (int k = 0; k < 3; k++) {
            at[k] = reach[c / 64] * ((c >> 2 * k) % 4 - 1.5);
            z[k] = &at[k], i[k] = &out[k];
        }
        for (int k = 0; k < 9; k++) g[k] = &slope[k];
        col[eq_param_find(cls, "rd")] = c % 3 == 0 ? 0.0 : 10.0;
        col[eq_param_find(cls, "rs")] = c % 3 == 1 ? 0.0 : 1e3;
        cls->derive(1, w, &env);
        cls->port(1, w, z, NULL, i, g);
        double most = fabs(out[0]) + fabs(out[1]) + fabs(out[2]);
        ck_assert(isfinite(most));
        ck_assert_double_le(fabs(out[0] + out[1] + out[2]), 1e-12 * most);
        for (int k = 0; k < 9; k++) ck_assert(isfinite(slope[k]));
    }
}
END_TEST

/* Each rung of the ladder alone comes to the operating point, with what SPICE limits of a junction and
 * a gate. */
START_TEST(each_rung_solves_jfets) {
    static const char deck[] =
        "amplifier\nVd up 0 12\nVi i 0 0.1\nJ1 a i s jn\nRd up a 2.2k\nRs s 0 470\n"
        "J2 up a o jn 2\nR1 o 0 4.7k\nJ3 up f f jr\nR2 f 0 10k\nJ4 0 o p jp\nR3 up p 1k\n"
        ".model jn njf(vto=-2 beta=1m lambda=10m)\n.model jr njf(vto=-1 beta=2m rd=10 rs=20)\n"
        ".model jp pjf(vto=-1.5 beta=1m b=0.8)\n.op\n.end\n";
    eq_circuit *c = parse_deck(deck);
    rung_agrees(c, _i, 1e-8);
    eq_circuit_free(c);
}
END_TEST

START_TEST(tails_without_a_width_are_refused) {
    char *text = NULL;
    expect_exit(
        2, &text, "op %s",
        put("s.cir", "t\nV1 d 0 1\nJ1 d 0 0 nn\n.model nn njf(b=0.5 vto=0.8 pb=0.8)\n.op\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "s.cir:3:1: error: j1: its doping tail b divides by pb - vto"));
    free(text);
}
END_TEST

/* The gate drives 1e11 A into the held drain, and microamperes into the free source: the state where v(b) solves their
 * equation, which ngspice has to its own rounding of 1e11 A. */
START_TEST(a_gate_far_forward_hides_no_other_current) {
    char *text = NULL;
    expect_exit(0, &text, "run %s --format json",
                put("f.cir", "t\nVd d 0 -1.5\nVc c 0 0.5\nJ1 d 0 b nn\nJ2 b 0 c nn\n"
                             ".model nn njf(vto=-2 beta=1m lambda=20m is=1e-14)\n.op\n.end\n"));
    const char *at = strstr(text, "-0.6273");
    ck_assert_msg(at != NULL, "%s", text);
    free(text);
}
END_TEST

/* Every trained parameter. */
START_TEST(jfets_learn) {
    static const char deck[] =
        "Every parameter of a JFET learns\nVx1 x1 0 0\nVx2 x2 0 0\nVg g 0 -0.4\nVu up 0 9\n"
        "J1 a x1 s n1\nJ2 b x2 s n2 1.5\nRa up a 2.2k\nRb up b 2.7k\nRs s 0 820\n"
        "J3 up a y1 n1\nJ4 y2 g b p1\nR1 y1 0 4.7k\nR2 y2 0 10k\n"
        ".model n1 njf(vto=-2 beta=1m lambda=20m rd=10 rs=5)\n"
        ".model n2 njf(vto=-1.5 beta=2m b=0.7 pb=0.9 rs=20 lambda=5m tcv=2m betatce=-0.4)\n"
        ".model p1 pjf(vto=-6 beta=0.5m rd=50 b=1.2 lambda=10m is=1e-12)\n"
        "*% input Vx1 Vx2\n*% output y1 y2\n*% train Vg min=-4 max=4\n*% train J1(vto) min=-4 "
        "max=0\n"
        "*% train J2(vto) min=-4 max=0\n*% train J1(beta) min=1u max=9m\n*% train J2(lambda) min=0 "
        "max=1\n*% train J4(is) min=1e-18 max=1e-9\n*% train J2(area) min=0.1 max=10\n"
        "*% train J1(rd) min=1 max=1k\n*% train J2(rs) min=1 max=1k\n*% train J4(b) min=0.1 max=2\n"
        "*% train J4(rd) min=1 max=1k\n*% train J4(beta) min=1u max=9m\n"
        ".temp 60\n.op\n.end\n";
    static const char data[] = "a,b,class\n0.3,0.2,p\n-0.2,0.1,q\n0.2,-0.4,p\n-0.1,0.3,q\n";
    parameters_learn(deck, data, 5.0, 2.0, 1e-12);
}
END_TEST

Suite *jfet_suite(void) {
    Suite *s = suite_create("jfet");
    TCase *t = tcase_create("jfet");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_gate_far_forward_hides_no_other_current);
    tcase_add_loop_test(t, sweeps_agree_with_ngspice, 0, CARDS);
    tcase_add_test(t, equations_by_hand);
    tcase_add_test(t, tiny_drops_keep_their_digits);
    tcase_add_test(t, resistances_inside_keep_their_equation);
    tcase_add_test(t, currents_grow_from_zero_on);
    tcase_add_test(t, extreme_potentials_keep_kirchhoffs_law);
    tcase_add_loop_test(t, each_rung_solves_jfets, 0, EQ_RUNGS);
    tcase_add_test(t, tails_without_a_width_are_refused);
    tcase_add_test(t, jfets_learn);
    suite_add_tcase(s, t);
    return s;
}
