/* Power MOS transistors against ngspice: output and transfer sweeps at three temperatures with their body
 * diodes, forward and broken down; gradients of every parameter that learns. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "../support/transistor.h"
#include "base/text.h"

Suite *vdmos_suite(void);

static const transistor_card cards[] = {
    {1, "vdmos", ""},
    {1, "vdmos(nchan vto=2 kp=5 lambda=0.02 is=1e-12 n=1.1 cgdmax=1n cgs=1n mfg=x)", ""},
    {1, "vdmos(vto=1.5 kp=10 rd=0.05 rs=0.02 rb=0.1 rg=3 theta=0.03 mtriode=1.3 rds=1meg)", "m=2"},
    {1, "vdmos(vto=1 ksubthres=0.15 subshift=0.1 tcvth=3m mu=-1.2 texp0=1.8 rd=0.1 tnom=50)",
     "temp=60"},
    {1, "vdmos(vto=1 kp=3 bv=4 ibv=1m nbv=1.5 rb=0.2 trb1=2m trb2=1u tksubthres1=1m)", "m=3"},
    {1, "vdmos(vto=1 rd=0.1 rs=0.1 trd1=4m trd2=5u trs1=3m trs2=2u eg=1.2 xti=2)", "dtemp=15"},
    {-1, "vdmos(pchan vto=-2 kp=4 lambda=0.03 rd=0.1 rs=0.03 rb=0.05 bv=5)", ""},
    {-1, "vdmos pchan vto=-1 theta=0.05 tcvth=2m is=1e-13 n=1.2", "m=2"},
};
enum { CARDS = sizeof cards / sizeof *cards };

/* With body diodes forward, and gates below and above their threshold. */
static const transistor_bench bench = {"M1 d g s",
                                       {{"d", 2.0}, {"g", 3.0}, {"s", -0.1}},
                                       {{{"d", -0.7, 5.0, 0.1}, {"g", -1.0, 6.0, 1.4}},
                                        {{"g", -2.0, 6.0, 0.25}, {"d", -0.5, 4.1, 1.1}}},
                                       1e-13}; /* ngspice rounds by siemens */

START_TEST(sweeps_agree_with_ngspice) {
    sweeps_agree(&bench, &cards[_i]);
}
END_TEST

/* Every trained parameter. */
START_TEST(power_transistors_learn) {
    static const char deck[] =
        "Every parameter of a power transistor learns\nVx1 x1 0 0\nVx2 x2 0 0\nVu up 0 12\n"
        "M1 a x1 s n1\nM2 b x2 s n1 m=2\nRa up a 10\nRb up b 12\nRs s 0 4\nM3 o1 a up p1\n"
        "M4 up b o2 n1\nR1 o1 0 20\nR2 o2 0 30\n* upside down: its body diode conducts\n"
        "M5 0 0 c n2\nRc up c 100\nRo c o1 50\n"
        ".model n1 vdmos(vto=2 kp=0.5 lambda=0.02 theta=0.03 mtriode=1.2 rd=0.1 rs=0.2)\n"
        ".model n2 vdmos(vto=3 rb=0.5 is=1e-11)\n.model p1 vdmos(pchan vto=-2.5 kp=0.3 rs=0.3)\n"
        "*% input Vx1 Vx2\n*% output o1 o2\n*% train M1(vto) min=0 max=4\n*% train M1(kp) min=0.1 "
        "max=4\n*% train M2(lambda) min=0 max=1\n*% train M1(theta) min=0 max=1\n"
        "*% train M4(mtriode) min=0.5 max=2\n*% train M2(rd) min=0.01 max=1\n*% train M2(rs) "
        "min=0.01 max=1\n*% train M3(vto) min=-4 max=0\n*% train M3(rs) min=0.01 max=1\n"
        "*% train M5(is) min=1e-16 max=1e-6\n.temp 60\n.op\n.end\n";
    static const char data[] = "a,b,class\n3,2.6,p\n2.8,3.1,q\n3.2,2.5,p\n2.9,3,q\n";
    parameters_learn(deck, data, 5.0, 2.0, 1e-12);
}
END_TEST

/* A card in the wrong place, and what is not built. */
START_TEST(others_are_refused) {
    static const struct {
        const char *lines, *says;
    } bad[] = {
        {"M1 d g 0 mm\n.model mm nmos\n",
         ":2:1: error: M1 has three nodes, but its model has four"},
        {"M1 d g 0 mm\n.model mm vdmos(rq=1 vq=2)\n", "rq=1 is not supported yet"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        eq_text deck = {0};
        char *text = NULL;
        eq_text_printf(&deck, "t\n%sV1 d 0 1\nV2 g 0 1\n.op\n.end\n", bad[k].lines);
        expect_exit(2, &text, "op %s", put("b.cir", deck.text));
        ck_assert_msg(strstr(text, bad[k].says) != NULL, "%s", text);
        free(text);
        eq_text_free(&deck);
    }
}
END_TEST

/* ngspice takes the fourth node for that of the temperature, which nothing heats. */
START_TEST(fourth_nodes_are_ignored) {
    static const char deck[] =
        "t\nV1 d 0 5\nV2 g 0 4\nR1 d a 1\nM1 a g 0%s mm\n.model mm vdmos(vto=2 kp=5 rd=0.1)\n"
        ".print op v(a)\n.op\n.end\n";
    char *text[2];
    for (int k = 0; k < 2; k++) {
        char lines[256];
        snprintf(lines, sizeof lines, deck, k == 0 ? "" : " 0");
        put("b.cir", lines);
        expect_exit(0, &text[k], "run %s", in("b.cir"));
    }
    ck_assert_ptr_nonnull(strstr(text[1], "note: ignored: the fourth node of M1"));
    const char *v[] = {strstr(text[0], "v(a)"), strstr(text[1], "v(a)")};
    ck_assert(v[0] != NULL && v[1] != NULL);
    ck_assert_int_eq(strncmp(v[0], v[1], strcspn(v[0], "\n")), 0);
    free(text[0]);
    free(text[1]);
}
END_TEST

/* A resistance that its temperature coefficients make negative is an error, not another current. */
START_TEST(negative_resistances_are_told) {
    static const char *const deck[] = {
        "t\nVa a 0 0.8\nD1 a 0 dm\n.model dm d(rs=10 trs1=-20m)\n.temp 127\n.op\n",
        "t\nVa a 0 0.8\nR1 a b 1\nD1 b 0 dm\n.model dm d(rs=10 trs2=-1m)\n.dc temp 27 127 50\n",
        "t\nVa a 0 5\nM1 a a 0 vm\n.model vm vdmos(nchan vto=2 rd=1 trd1=-20m)\n.temp 127\n.op\n",
        "t\nVa a 0 5\nM1 a a 0 vm\n.model vm vdmos(vto=2 rs=1 trs2=-1m)\n.temp 127\n.op\n",
        "t\nVa a 0 -1\nR1 a b 1\nM1 b b 0 vm\n.model vm vdmos(rb=1 trb1=-20m)\n.temp 127\n.op\n"};
    char *text;
    expect_exit(2, &text, "run %s", put("b.cir", deck[_i]));
    ck_assert_msg(strstr(text, "negative at this temperature") != NULL, "%s", text);
    free(text);
}
END_TEST

Suite *vdmos_suite(void) {
    Suite *s = suite_create("vdmos");
    TCase *t = tcase_create("vdmos");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, sweeps_agree_with_ngspice, 0, CARDS);
    tcase_add_test(t, power_transistors_learn);
    tcase_add_test(t, others_are_refused);
    tcase_add_test(t, fourth_nodes_are_ignored);
    tcase_add_loop_test(t, negative_resistances_are_told, 0, 5);
    suite_add_tcase(s, t);
    return s;
}
