/* MOS transistors against ngspice: output, transfer and body sweeps at three temperatures, and kept
 * answers of ngspice 39 with the equations of Shichman and Hodges worked out by hand. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/compare.h"
#include "../support/point.h"
#include "../support/program.h"
#include "../support/transistor.h"
#include "base/file.h"
#include "devices/transistors/mosfet.h"
#include "netlist/netlist.h"
#include "solver/solver_internal.h"

Suite *mosfet_suite(void);

static const transistor_card cards[] = {
    {1, "nmos(level=1 vto=0.7 kp=100u lambda=0.05)", "w=20u l=2u"},
    {1, "nmos(vto=0.75 gamma=1.09 phi=0.95 kp=62u lambda=0.2 rsh=73)",
     "w=138u l=7.8u nrd=0.3 nrs=1"},
    {1, "nmos(tox=20n nsub=1e16 uo=550 ld=0.1u lambda=0.02 cgso=1n)", "w=10u l=1u m=3"},
    {1, "nmos(tox=40n nsub=3e15 nss=1e10 tpg=0 gamma=0.4 rd=50 rs=20)", "w=10u l=2u temp=60"},
    {1, "nmos(vto=-0.5 kp=30u gamma=0.6 js=1u is=1p tnom=50)", "ad=20p as=30p pd=10u dtemp=15"},
    {1, "nmos(vt0=0.3 is=1e-13 phi=0.65 gamma=0.5)", "l=5u off"},
    {-1, "pmos(level=1 vto=-0.8 kp=40u gamma=0.4 phi=0.8 lambda=0.05)", "w=40u l=2u"},
    {-1, "pmos(tox=15n nsub=2e16 tpg=-1 rsh=25 ld=0.05u)", "w=12u l=1.5u nrd=2 nrs=3"},
    {-1, "pmos(vto=0.2 gamma=0.3 u0=250 tox=30n js=10u)", "ad=1n as=2n ic=1,2,0"},
    {1, "nmos(level=3)", ""},
    {1, "nmos(level=3 vto=0.7 kp=100u theta=0.1 gamma=0.5 phi=0.7 kappa=0.5)", "w=20u l=2u"},
    {1, "nmos(level=3 tox=20n nsub=2e16 xj=0.2u ld=0.05u uo=600 theta=0.08 eta=0.05 delta=0.8)",
     "w=4u l=1u"},
    {1,
     "nmos(level=3 tox=20n nsub=2e16 xj=0.2u ld=0.05u wd=0.1u vmax=1.5e5 theta=0.1 kappa=0.3 "
     "nfs=5e11 eta=0.08 delta=1.2 rsh=30)",
     "w=3u l=1u m=2 nrd=0.5"},
    {1, "nmos(level=3 tox=15n nsub=4e15 vmax=1e5 tnom=50 nss=1e10 tpg=0 rs=30 js=1u delvto=0.1)",
     "w=5u l=0.8u ad=10p as=20p dtemp=15"},
    {1, "nmos(level=3 tox=25n nsub=1e16 kappa=20 xj=0.3u xl=-0.1u xw=0.2u nfs=1e12)",
     "w=5u l=0.6u temp=60"},
    {1, "nmos(level=3 tox=25n nsub=1e16 vmax=8e4 kappa=10 is=1e-13)", "w=5u l=0.7u off"},
    {-1,
     "pmos(level=3 tox=20n nsub=3e16 tpg=-1 uo=200 xj=0.3u vmax=9e4 theta=0.12 eta=0.1 nfs=2e11)",
     "w=6u l=1u"},
    {-1, "pmos(level=3 vto=-0.8 kp=30u gamma=0.6 theta=0.05 delta=1 rd=20 rs=30)", "w=8u l=2u"},
    {1, "nmos(level=2)", ""},
    {1, "nmos(level=2 vto=0.7 kp=100u gamma=0.5 phi=0.7 lambda=0.05)", "w=20u l=2u"},
    {1, "nmos(level=2 tox=20n nsub=2e16 xj=0.2u ld=0.05u uo=600 ucrit=8e4 uexp=0.2 delta=0.8)",
     "w=4u l=1u"},
    {1,
     "nmos(level=2 tox=40n nsub=1e16 xj=0.4u ld=0.2u vmax=6e4 neff=3 ucrit=6e4 uexp=0.15 "
     "nfs=5e11 delta=2 rsh=30)",
     "w=6u l=2u m=2 nrd=0.5"},
    {1, "nmos(level=2 tox=50n nsub=4e15 vmax=1e5 nfs=1e10 tnom=50 nss=1e10 tpg=0 rs=30 js=1u)",
     "w=5u l=10u ad=10p as=20p dtemp=15"},
    {1, "nmos(level=2 tox=25n nsub=1e16 xj=0.3u nfs=1e12 pb=0.7)", "w=5u l=0.9u temp=60"},
    {1, "nmos(level=2 vto=0.8 gamma=0.4 lambda=0.2 uexp=0.3)", "w=5u l=1u off"},
    {1, "nmos(level=2 tox=30n nsub=1e16 lambda=0.03 xj=0.2u)", "w=5u l=1.5u"},
    {1, "nmos(level=2 vto=1 nsub=1e16 vmax=1e5 xj=0.3u tox=50n)", "w=4u l=2u"},
    {-1,
     "pmos(level=2 tox=40n nsub=2e16 tpg=-1 uo=200 xj=0.4u vmax=5e4 nfs=2e11 uexp=0.1 ucrit=2e4)",
     "w=6u l=2u"},
    {-1, "pmos(level=2 vto=-0.8 kp=30u gamma=0.6 lambda=0.02 delta=1 rd=20 rs=30)", "w=8u l=2u"},
};
enum { CARDS = sizeof cards / sizeof *cards };

/* Output, transfer and body characteristics, forward and reverse. */
static const transistor_bench bench = {"M1 d g s b",
                                       {{"d", 2.0}, {"g", 3.0}, {"s", 0.1}, {"b", -0.3}},
                                       {{{"d", -1.0, 5.0, 0.25}, {"g", 0.0, 4.0, 1.0}},
                                        {{"g", -1.0, 4.0, 0.25}, {"b", -3.0, 0.0, 0.75}}},
                                       1e-15};

START_TEST(sweeps_agree_with_ngspice) {
    sweeps_agree(&bench, &cards[_i]);
}
END_TEST

/* The current into the drain of one transistor at potentials of d, g, s, b. */
static double drain(const char *model, const char *line, const double *z) {
    eq_text t = {0};
    eq_text_printf(&t,
                   "t\nVd d 0 %.17g\nVg g 0 %.17g\nVs s 0 %.17g\nVb b 0 %.17g\nM1 d g s b mm %s\n"
                   ".model mm %s\n.op\n.end\n",
                   z[0], z[1], z[2], z[3], line, model);
    double current = source_current(t.text, "vd");
    eq_text_free(&t);
    return current;
}

/* By hand: over = 2 - 0.7 = 1.3 V, beta = 1 mA/V^2; the threshold with gamma 0.5, phi 0.64 V and
 * 1 V across the body is 0.7 + 0.5 (sqrt 1.64 - 0.8) V. */
START_TEST(equations_by_hand) {
    static const char model[] = "nmos(vto=0.7 kp=100u lambda=0.1 is=1e-30)";
    static const char body[] = "nmos(vto=0.7 kp=100u gamma=0.5 phi=0.64 is=1e-30)";
    double over = 1.3 - 0.5 * (sqrt(1.64) - 0.8), leak = 1e-11;
    ck_assert_double_eq_tol(drain(model, "w=10u l=1u", (double[]){3, 2, 0, 0}),
                            0.5e-3 * 1.3 * 1.3 * 1.3, leak);
    ck_assert_double_eq_tol(drain(model, "w=10u l=1u", (double[]){0.5, 2, 0, 0}),
                            1e-3 * 0.5 * (1.3 - 0.25) * 1.05, leak);
    ck_assert_double_eq_tol(drain(model, "w=10u l=1u", (double[]){-0.5, 1.5, 0, -1}),
                            -1e-3 * 0.5 * (1.3 - 0.25) * 1.05, leak);
    ck_assert_double_eq_tol(drain(model, "w=10u l=1u", (double[]){3, 0.6, 0, 0}), 3e-12, 1e-15);
    ck_assert_double_eq_tol(drain(body, "w=10u l=1u", (double[]){3, 2, 0, -1}),
                            0.5e-3 * over * over, leak);
    ck_assert_double_eq_tol(
        drain("pmos(vto=-0.7 kp=100u lambda=0.1)", "w=10u l=1u", (double[]){-3, -2, 0, 0}),
        -0.5e-3 * 1.3 * 1.3 * 1.3, leak);
}
END_TEST

/* A parameter that is not as the class has it. */
typedef struct given {
    const char *name;
    double value;
} given;

/* w[k] = &col[k], the parameters of a class as it has them but for n of them; not derived yet. */
static void put_columns(const eq_device_class *cls, const given *g, size_t n, double *col,
                        double **w) {
    for (int k = 0; k < EQ_MAX_COLUMNS; k++) w[k] = &col[k];
    for (int k = 0; k < cls->params; k++) col[k] = cls->param[k].default_value;
    for (size_t k = 0; k < n; k++) col[eq_param_find(cls, g[k].name)] = g[k].value;
}

static const eq_environment room = {.k_over_q = 8.617333262145177e-5, .temp = 27.0, .tnom = 27.0};

/* The bulk junctions carry is (exp(u/Vt) - 1), so what they change with `is` does not depend on it, at 0
 * either. Where js and the areas are given they do not know it. */
START_TEST(currents_grow_with_is_from_zero_on) {
    const eq_device_class *cls = eq_class(eq_class_find("nmos"));
    static const double at_is[] = {0.0, 1e-14, 0.0, 1e-14}, at_js[] = {0.0, 0.0, 1.0, 1.0};
    for (int c = 0; c < 4; c++) {
        double col[EQ_MAX_COLUMNS] = {0.0}, at[] = {3.0, 1.0, 0.0, 0.1}, out[4];
        double *w[EQ_MAX_COLUMNS], *i[4];
        const double *z[4];
        const given as[] = {
            {"is", at_is[c]}, {"js", at_js[c]}, {"ad", at_js[c]}, {"as", at_js[c]}, {"m", 2.0}};
        for (int k = 0; k < 4; k++) z[k] = &at[k], i[k] = &out[k];
        put_columns(cls, as, sizeof as / sizeof *as, col, w);
        cls->derive(1, w, &room);
        cls->param_port(1, w, eq_param_find(cls, "is"), z, i);
        double vt = room.k_over_q * 300.15, drain = 2.0 * expm1(-2.9 / vt),
               source = 2.0 * expm1(0.1 / vt);
        if (at_js[c] > 0.0) drain = source = 0.0;
        ck_assert_double_eq_tol(out[0], -drain, 1e-12);
        ck_assert_double_eq_tol(out[1], 0.0, 1e-12);
        ck_assert_double_eq_tol(out[2], -source, 1e-12 + 1e-9 * fabs(source));
        ck_assert_double_eq_tol(out[3], drain + source, 1e-12 + 1e-9 * fabs(source));
    }
}
END_TEST

/* With 1 kohm at either end and 5 V across, where the channel alone would let 5 mA through: the
 * current by bisection of the equation in one unknown. */
START_TEST(resistances_inside_keep_their_equation) {
    double low = 0.0, high = 5e-3, z[] = {5, 4, 0, -1};
    for (int k = 0; k < 200; k++) {
        double i = 0.5 * (low + high), vds = 5.0 - 2e3 * i, over = 4.0 - 1e3 * i - 0.7;
        double channel = vds < over ? 1e-3 * vds * (over - 0.5 * vds) : 0.5e-3 * over * over;
        if (vds < 0.0 || over < 0.0 || channel < i)
            high = i;
        else
            low = i;
    }
    ck_assert_double_eq_tol(drain("nmos(vto=0.7 kp=100u rd=1k rs=1k is=1e-30)", "w=10u l=1u", z),
                            low, 1e-11);
    ck_assert_double_eq_tol(
        drain("nmos(vto=0.7 kp=50u rsh=500 is=1e-30)", "w=10u l=1u nrd=4 nrs=4 m=2", z), low,
        1e-11);
}
END_TEST

/* A search that may end after one step begins by the tangent of the last call, which leaves the square of the move, and ends
 * with the square of that; with no tangent, or a wrong one, at any terminal, it is a hundred times farther off. */
START_TEST(a_search_begins_by_the_tangent_of_the_last) {
    enum { N = EQ_MOS_NODES };
    const eq_device_class *cls = eq_class(eq_class_find(_i == 0 ? "nmos" : "pmos"));
    static const given as[] = {{"kp", 1e-4}, {"w", 1e-4},      {"l", 1e-5},   {"gamma", 0.5},
                               {"phi", 0.7}, {"lambda", 0.02}, {"rd", 200.0}, {"rs", 150.0}};
    double col[EQ_MAX_COLUMNS] = {0.0}, kept[EQ_MAX_MEMORY], out[3][N], g[N * N],
           sign = _i == 0 ? 1.0 : -1.0;
    double *w[EQ_MAX_COLUMNS], *memory[EQ_MAX_MEMORY], *i[3][N], *slope[N * N];
    for (int k = 0; k < EQ_MAX_MEMORY; k++) memory[k] = &kept[k];
    for (int k = 0; k < N * N; k++) slope[k] = &g[k];
    put_columns(cls, as, sizeof as / sizeof *as, col, w);
    cls->derive(1, w, &room);
    for (int moved = 0; moved < N; moved++) {
        double at[N] = {sign * 1.0, sign * 2.5, sign * 0.1, sign * -0.5};
        const double *z[N];
        const eq_port_search exact = {memory, 0.0}, rough = {memory, 1.0};
        for (int k = 0; k < EQ_MAX_MEMORY; k++) kept[k] = NAN;
        for (int a = 0; a < N; a++) z[a] = &at[a];
        for (int k = 0; k < 3; k++)
            for (int a = 0; a < N; a++) i[k][a] = &out[k][a];
        cls->port(1, w, z, &exact, i[0], slope);
        at[moved] += sign * 0.05;
        cls->port(1, w, z, &rough, i[1], slope);
        cls->port(1, w, z, NULL, i[2], slope);
        ck_assert_double_gt(fabs(out[2][0] - out[0][0]), 1e-6 * fabs(out[2][0]));
        ck_assert_double_eq_tol(out[1][0], out[2][0], 2e-7 * fabs(out[2][0]));
    }
}
END_TEST

/* Where the terminals are 1e5 V apart the resistances carry what the channel does; where a trial point of Newton's method put
 * them 1e17 V apart and rounding hides that, no current is made up, and none is sought at length. */
START_TEST(absurd_potentials_have_no_currents) {
    enum { N = EQ_MOS_NODES };
    const eq_device_class *cls = eq_class(eq_class_find(_i == 0 ? "nmos2" : "pmos2"));
    static const given as[] = {{"vto", 0.6},   {"uo", 400.0}, {"tox", 2e-8},
                               {"gamma", 0.2}, {"phi", 0.6},  {"w", 5e-6},
                               {"l", 1e-6},    {"rd", 50.0},  {"rs", 50.0}};
    double col[EQ_MAX_COLUMNS] = {0.0}, out[N], g[N * N], sign = _i == 0 ? 1.0 : -1.0;
    double *w[EQ_MAX_COLUMNS], *i[N], *slope[N * N];
    for (int k = 0; k < N * N; k++) slope[k] = &g[k];
    for (int k = 0; k < N; k++) i[k] = &out[k];
    put_columns(cls, as, sizeof as / sizeof *as, col, w);
    col[eq_param_find(cls, "vto")] *= sign;
    cls->derive(1, w, &room);
    const double drain[] = {-1.2506109060096875e17, -1e5};
    for (int k = 0; k < 2; k++) {
        double at[N] = {sign * drain[k], sign * (k == 0 ? 397540266.53360814 : 4e4), 0.0, 0.0};
        const double *z[N];
        for (int a = 0; a < N; a++) z[a] = &at[a];
        cls->port(1, w, z, NULL, i, slope);
        if (k == 0) {
            ck_assert(isnan(out[EQ_MOS_D]) && isnan(out[EQ_MOS_S]));
            continue;
        }
        ck_assert_double_gt(-sign * out[EQ_MOS_D], 500.0);
        ck_assert_double_eq_tol(out[EQ_MOS_D] + out[EQ_MOS_S] + out[EQ_MOS_B], 0.0,
                                1e-12 * fabs(out[EQ_MOS_D]));
    }
}
END_TEST

/* Each rung of the ladder alone comes to the operating point, junction limiting among them, with
 * what SPICE limits of a transistor. */
START_TEST(each_rung_solves_transistors) {
    static const char deck[] =
        "amplifier\nVd up 0 5\nVi i 0 1.2\nM1 a i 0 0 nm w=20u l=2u\nM2 a a up up pm w=8u l=2u\n"
        "M3 o a up up pm w=30u l=2u\nM4 o b 0 0 nm w=9u l=2u\nM5 b b 0 0 nm w=9u l=2u\n"
        "M6 o i d o nm w=20u l=2u\nR1 up b 47k\nR2 o 0 1meg\nR3 d 0 10k\n"
        ".model nm nmos(vto=0.7 kp=100u gamma=0.5 lambda=0.04)\n"
        ".model pm pmos(vto=-0.8 kp=40u gamma=0.4 lambda=0.05 rsh=20)\n.op\n.end\n";
    eq_circuit *c = parse_deck(deck);
    rung_agrees(c, _i, 1e-8);
    eq_circuit_free(c);
}
END_TEST

/* ngspice warns and goes on, with a current that flows uphill. */
START_TEST(short_channels_are_refused) {
    static const char deck[] =
        "t\nV1 d 0 1\nM1 d d 0 0 nm l=1u\n.model nm nmos(ld=0.5u)\n.op\n.end\n";
    char *text = NULL;
    ck_assert_int_eq(eq_file_write(in("s.cir"), deck, strlen(deck), NULL), EQ_OK);
    expect_exit(2, &text, "op %s", in("s.cir"));
    ck_assert_ptr_nonnull(strstr(text, "s.cir:3:1: error: m1: its channel is no longer than 2 ld"));
    free(text);
}
END_TEST

/* Parameters that others make, of a transistor and of its model, are those that ngspice 39 shows
 * (@n[gamma]); those of an area and of a resistance are as they count. */
START_TEST(what_the_process_makes_is_shown) {
    static const char deck[] =
        "t\nV1 d 0 3\nM1 d d 0 0 n w=10u l=1u\nM2 d d 0 0 p w=10u l=1u\nM3 d d 0 0 n3 w=10u l=1u\n"
        "M4 d d 0 0 n2 w=10u l=1u nrd=3\nQ1 d d 0 b 3\n.model b npn(rb=7)\n"
        ".model n nmos(level=1 tox=20n nsub=1e16)\n.model p pmos(level=1 tox=20n nsub=1e16)\n"
        ".model n2 nmos(level=2 nsub=1e16 rsh=20)\n.model n3 nmos(level=3 nsub=1e16)\n"
        ".options temp=57\n.print op m1:gamma m1:phi m1:vto m1:kp n:gamma p:vto m2:vto m3:phi "
        "m3:gamma "
        "m3:vto m4:vto m4:kp m4:rd m4:rs q1:rbm q1:areab n:tnom\n.op\n.end\n";
    static const double want[] = {
        3.336979e-01, 6.954531e-01, 6.846618e-02, 1.035943e-04, 3.336979e-01, -6.84662e-02,
        -6.84662e-02, 6.948568e-01, 1.668490e+00, 1.180705e+00, 1.181600e+00, 2.071886e-05,
        60.0,         20.0,         7.0,          3.0,          27.0};
    char *text = NULL;
    ck_assert_int_eq(eq_file_write(in("s.cir"), deck, strlen(deck), NULL), EQ_OK);
    expect_exit(0, &text, "run %s --format csv", in("s.cir"));
    const char *at = strstr(text, "n:tnom\n");
    ck_assert_msg(at != NULL, "%s", text);
    at += strlen("n:tnom");
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        char *end;
        double value = strtod(at + 1, &end);
        ck_assert_msg(fabs(value - want[k]) <= 1e-6 * fabs(want[k]), "%zu: %g, not %g", k, value,
                      want[k]);
        at = end;
    }
    free(text);
}
END_TEST

static const char data[] = "a,b,class\n1,0.2,p\n0.2,1,q\n0.9,0.1,p\n0.1,0.8,q\n";

/* Every trained parameter of transistors, gates among them, where bulks are forward, reverse and at
 * the drain. */
START_TEST(transistors_learn) {
    static const char deck[] =
        "Every parameter of a transistor learns\nVx1 x1 0 0\nVx2 x2 0 0\nVg1 g1 0 2.5\nVg2 g2 0 "
        "2.2\n"
        "M1 x1 g1 h x1 n1 l=7.8u w=138u\nM2 x2 g2 h 0 n1 l=7.8u w=138u\nM3 x1 h y1 y1 n2 w=20u "
        "l=2u\nM4 y2 h 0 0 n2 w=20u l=2u\nM5 y2 y2 up up p1 w=20u l=2u\nVu up 0 3\nR1 y1 0 10k\n"
        "R2 y2 0 100k\nR3 h up 100k\n"
        ".model n1 nmos(vto=0.75 gamma=1.09 phi=0.95 kp=62u lambda=0.2 rsh=73)\n"
        ".model n2 nmos(vto=0.6 gamma=0.4 phi=0.8 kp=90u lambda=0.05 rd=100)\n"
        ".model p1 pmos(vto=-0.7 gamma=0.3 phi=0.7 kp=30u lambda=0.1)\n"
        "*% input Vx1 Vx2\n*% output y1 y2\n*% train Vg* min=0.4 max=8\n*% train M1(w) min=1u "
        "max=500u\n*% train M2(l) min=1u max=50u\n*% train M4(vto) min=-2 max=2\n*% train M5(kp) "
        "min=1u max=1m\n*% train M2(gamma) min=0 max=2\n*% train M1(phi) min=0.3 max=2\n*% train "
        "M5(lambda) min=0 max=1\n*% train M1(is) min=1e-18 max=1e-10\n*% train M5(vto) min=-2 "
        "max=0\n"
        ".temp 60\n.op\n.end\n";
    parameters_learn(deck, data, 0.8, 0.2, 1e-12);
}
END_TEST

/* Gate voltages and parameters of levels 2 and 3 learn as those of level 1 do. */
START_TEST(transistors_of_other_levels_learn) {
    static const char deck[] =
        "Every parameter of levels 2 and 3 learns\nVx1 x1 0 0\nVx2 x2 0 0\nVg1 g1 0 2.5\nVg2 g2 0 "
        "2.2\n"
        "M1 x1 g1 h x1 n2 l=1.8u w=13u\nM2 x2 g2 h 0 n2 l=1.8u w=13u\nM3 x1 h y1 y1 n3 w=20u "
        "l=2u\nM4 y2 h 0 0 n3 w=20u l=2u\nM5 y2 y2 up up p3 w=20u l=2u\nVu up 0 3\nR1 y1 0 10k\n"
        "R2 y2 0 100k\nR3 h up 100k\n"
        ".model n2 nmos(level=2 vto=0.75 gamma=0.8 phi=0.8 kp=62u lambda=0.1 nfs=1e11 "
        "xj=0.2u "
        "nsub=1e16 tox=40n uexp=0.1 delta=1)\n"
        ".model n3 nmos(level=3 vto=0.6 gamma=0.4 phi=0.8 kp=90u theta=0.05 nsub=1e16 "
        "tox=30n "
        "eta=0.02 vmax=1e5 nfs=1e11)\n"
        ".model p3 pmos(level=3 vto=-0.7 gamma=0.3 phi=0.7 kp=30u theta=0.1 kappa=0.5 nsub=1e16)\n"
        "*% input Vx1 Vx2\n*% output y1 y2\n*% train Vg* min=0.4 max=8\n*% train M1(w) min=1u "
        "max=500u\n*% train M2(l) min=1u max=50u\n*% train M4(vto) min=-2 max=2\n*% train M5(kp) "
        "min=1u max=1m\n*% train M2(gamma) min=0 max=2\n*% train M1(phi) min=0.3 max=2\n*% train "
        "M5(theta) min=0 max=1\n*% train M1(is) min=1e-18 max=1e-10\n*% train M5(vto) min=-2 "
        "max=0\n*% train M1(lambda) min=0 max=1\n*% train M4(eta) min=0 max=1\n*% train M5(kappa) "
        "min=0 max=10\n*% train M4(l) min=1u max=9u\n*% train M3(w) min=1u max=99u\n"
        ".temp 60\n.op\n.end\n";
    parameters_learn(deck, data, 0.8, 0.2, 1e-12);
}
END_TEST

/* ngspice 39 with reltol=1e-9. */
START_TEST(short_channels_have_the_answers_of_ngspice) {
    static const struct {
        const char *node;
        double v;
    } kept[] = {{"a", 2.837508716444807e+00},    {"b", 4.900961527526214e-06},
                {"out", 3.299999994384406e+00},  {"bias", 1.020409011485212e+00},
                {"tail", 6.023810325531970e-01}, {"x", 2.162758153900373e+00},
                {"y", 3.278736105835957e+00}};
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    double v[64] = {0}, i[64];
    ck_assert_int_eq(eq_circuit_read("netlists/short-channels.cir", &c, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, i, NULL, NULL), EQ_OK);
    for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
        ck_assert_double_eq_tol(v[eq_circuit_find_node(c, kept[k].node)], kept[k].v, 1e-9);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* No width left, fewer dopants than carriers, and no surface potential. */
START_TEST(impossible_channels_are_refused) {
    static const char *const model[] = {
        "nmos(level=3 wd=0.5u)", "pmos(level=2 nsub=1e10)", "nmos(phi=0.2)\n.temp 127",
        "nmos(level=2 phi=0.2)\n.temp 127", "pmos(level=3 phi=0.2)\n.temp 127"};
    static const char *const why[] = {
        "no wider than 2 wd", "below the 1.45e10 carriers", "surface potential falls to 0 V",
        "surface potential falls to 0 V", "surface potential falls to 0 V"};
    for (int k = 0; k < 5; k++) {
        char deck[128], *text = NULL;
        snprintf(deck, sizeof deck,
                 "t\nV1 d 0 1\nM1 d d 0 0 nm w=1u l=1u\n.model nm %s\n.op\n.end\n", model[k]);
        ck_assert_int_eq(eq_file_write(in("s.cir"), deck, strlen(deck), NULL), EQ_OK);
        expect_exit(2, &text, "op %s", in("s.cir"));
        ck_assert_msg(strstr(text, why[k]) != NULL, "%s", text);
        free(text);
    }
}
END_TEST

/* beta and the depletion charge by hand: level 2 without nsub and with gamma alone is the law of
 * Meyer (1971), level 3 with theta and vmax the one of its manual. */
START_TEST(levels_by_hand) {
    static const char two[] = "nmos(level=2 vto=0.7 kp=100u gamma=0.5 phi=0.64 is=1e-30)";
    static const char three[] = "nmos(level=3 vto=0.7 kp=100u theta=0.2 is=1e-30)";
    static const char slow[] = "nmos(level=3 vto=0.7 kp=100u uo=500 vmax=1e5 is=1e-30)";
    double leak = 1e-11, over = 2.3, u = 0.5, vbi = 0.7 - 0.5 * 0.8;
    double body = 2.0 / 3.0 * 0.5 * (pow(0.64 + u, 1.5) - pow(0.64, 1.5));
    ck_assert_double_eq_tol(drain(two, "w=10u l=1u", (double[]){u, 3, 0, 0}),
                            1e-3 * ((3.0 - vbi - 0.5 * u) * u - body), leak);
    ck_assert_double_eq_tol(drain(three, "w=10u l=1u", (double[]){4, 3, 0, 0}),
                            0.5e-3 * over * over / (1.0 + 0.2 * over), leak);
    double critical = 1e-6 * 1e5 / 0.05, at = over + critical - hypot(over, critical);
    ck_assert_double_eq_tol(drain(slow, "w=10u l=1u", (double[]){4, 3, 0, 0}),
                            1e-3 * (over - 0.5 * at) * at / (1.0 + at / critical), leak);
    ck_assert_double_eq_tol(drain(slow, "w=10u l=1u", (double[]){0, 3, u, 0}),
                            -1e-3 * (over - 0.5 * u) * u / (1.0 + u / critical), leak);
}
END_TEST

/* Level 2 beside vmax without a body effect: the quartic of its saturation is a square, whose root is
 * over + c - hypot(over, c), c = vmax l/mobility. ngspice 39 finds it or not by its rounding: with a
 * little gamma it finds what we have. */
START_TEST(speed_saturates_a_channel_without_body_effect) {
    static const double gates[] = {0.75, 0.9, 1.3, 2.0, 3.5, 5.0}, speeds[] = {2e3, 3e4, 2e5, 5e5};
    for (size_t k = 0; k < sizeof speeds / sizeof *speeds; k++)
        for (size_t n = 0; n < sizeof gates / sizeof *gates; n++) {
            char model[160];
            snprintf(model, sizeof model,
                     "nmos(level=2 vto=0.7 kp=100u uo=500 is=1e-30 nfs=1e6 vmax=%g)", speeds[k]);
            double c = 1e-6 * speeds[k] / 0.05;
            double over = gates[n] - 0.7, at = over + c - hypot(over, c);
            double want = 1e-3 * (over - 0.5 * at) * at;
            double got = drain(model, "w=10u l=1u", (double[]){6, gates[n], 0, -0.5});
            ck_assert_msg(fabs(got - want) <= 1e-9 * want + 1e-11,
                          "%.15g, by hand %.15g, %s, vgs %g", got, want, model, gates[n]);
        }
}
END_TEST

/* MOS1load of SPICE3: where the drain falls below the source the junction of the drain is limited, and the bulk
 * follows (Nagel 1975, chapter 4). */
START_TEST(a_reversed_drain_limits_its_own_junction) {
    enum { D, G, S, B };
    const double vt = 0.0258, vcrit[2] = {0.7, 0.7}, was[4] = {1.0, 0.0, 0.0, 0.0};
    double now[4] = {-5.0, 0.0, 0.0, 0.9};
    ck_assert(eq_mosfet_limit(vt, 0.75, vcrit, was, now));
    ck_assert_double_eq_tol(now[D] - now[S], -0.5, 1e-12);
    ck_assert_double_eq_tol(now[B] - now[D], vt * log((0.9 + 0.5) / vt), 1e-12);
}
END_TEST

Suite *mosfet_suite(void) {
    Suite *s = suite_create("mosfet");
    TCase *t = tcase_create("mosfet");
    tcase_add_test(t, a_reversed_drain_limits_its_own_junction);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, sweeps_agree_with_ngspice, 0, CARDS);
    tcase_add_test(t, equations_by_hand);
    tcase_add_test(t, currents_grow_with_is_from_zero_on);
    tcase_add_test(t, resistances_inside_keep_their_equation);
    tcase_add_loop_test(t, a_search_begins_by_the_tangent_of_the_last, 0, 2);
    tcase_add_loop_test(t, absurd_potentials_have_no_currents, 0, 2);
    tcase_add_loop_test(t, each_rung_solves_transistors, 0, EQ_RUNGS);
    tcase_add_test(t, short_channels_are_refused);
    tcase_add_test(t, what_the_process_makes_is_shown);
    tcase_add_test(t, transistors_learn);
    tcase_add_test(t, transistors_of_other_levels_learn);
    tcase_add_test(t, short_channels_have_the_answers_of_ngspice);
    tcase_add_test(t, levels_by_hand);
    tcase_add_test(t, speed_saturates_a_channel_without_body_effect);
    tcase_add_test(t, impossible_channels_are_refused);
    suite_add_tcase(s, t);
    return s;
}
