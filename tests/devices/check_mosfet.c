/* MOS transistors against ngspice: output, transfer and body sweeps at three temperatures, and kept
 * answers of ngspice 39 with the equations of Shichman and Hodges worked out by hand. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "netlist/netlist.h"
#include "report/ngspice.h"
#include "result/raw.h"
#include "solver/solver.h"

Suite *mosfet_suite(void);

/* The sign of every potential, the model and the line of the transistor. */
static const struct {
    int sign;
    const char *model, *line;
} cards[] = {
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
};
enum { CARDS = sizeof cards / sizeof *cards };
static const double temperatures[] = {-40.0, 27.0, 85.0};

static eq_result *ours(const char *deck, eq_result ***plots, size_t *count) {
    char path[256], *text = NULL;
    snprintf(path, sizeof path, "%s", in("m.raw"));
    ck_assert_int_eq(eq_file_write(in("m.cir"), deck, strlen(deck), NULL), EQ_OK);
    expect_exit(0, &text, "run %s --format raw -o %s", in("m.cir"), path);
    free(text);
    ck_assert_int_eq(eq_raw_read(path, plots, count, NULL), EQ_OK);
    ck_assert_uint_eq(*count, 1);
    return **plots;
}

/* Currents of all sources at all points: to 1e-9 of each and 1e-15 A, which is what ngspice's own
 * rounding leaves of a current through gmin. */
static double compare(const eq_result *a, const eq_result *b, const char *deck) {
    double worst = 0.0;
    ck_assert_uint_eq(a->points, b->points);
    for (size_t k = 0; k < a->variables; k++) {
        size_t there = eq_result_find(b, a->variable[k].name);
        if (a->variable[k].name[0] != 'i') continue;
        ck_assert_msg(there < b->variables, "no %s", a->variable[k].name);
        for (size_t p = 0; p < a->points; p++) {
            double x = a->value[p * a->variables + k], y = b->value[p * b->variables + there];
            worst = fmax(worst, fabs(x - y) / (1e-9 * fabs(y) + 1e-15));
            ck_assert_msg(fabs(x - y) <= 1e-9 * fabs(y) + 1e-15,
                          "%s of point %zu: %.17g, ngspice %.17g\n%s", a->variable[k].name, p, x, y,
                          deck);
        }
    }
    return worst;
}

/* Output, transfer and body characteristics, forward and reverse. */
START_TEST(sweeps_agree_with_ngspice) {
    static const char *const sweep[] = {"Vd %d %d %g Vg %d %d %g", "Vg %d %d %g Vb %d %d %g"};
    static const double range[2][6] = {{-1, 5, 0.25, 0, 4, 1}, {-1, 4, 0.25, -3, 0, 0.75}};
    for (size_t t = 0; t < 3; t++)
        for (size_t k = 0; k < 2; k++) {
            eq_text deck = {0};
            eq_result **a = NULL, **b = NULL;
            size_t counts[2];
            char dc[128];
            const double *r = range[k];
            int s = cards[_i].sign;
            snprintf(dc, sizeof dc, sweep[k], s * (int)r[0], s * (int)r[1], s * r[2], s * (int)r[3],
                     s * (int)r[4], s * r[5]);
            eq_text_printf(&deck,
                           "sweeps\nVd d 0 %d\nVg g 0 %d\nVs s 0 %g\nVb b 0 %g\nM1 d g s b mm %s\n"
                           ".model mm %s\n.options temp=%g reltol=1e-9 abstol=1e-15 vntol=1e-12 "
                           "itl1=1000 itl2=1000\n.dc %s\n.end\n",
                           2 * s, 3 * s, 0.1 * s, -0.3 * s, cards[_i].line, cards[_i].model,
                           temperatures[t], dc);
            eq_result *own = ours(deck.text, &a, &counts[0]);
            ck_assert_int_eq(eq_ngspice_run(deck.text, deck.length, &b, &counts[1], NULL), EQ_OK);
            compare(own, *b, deck.text);
            eq_raw_free(a, counts[0]);
            eq_raw_free(b, counts[1]);
            eq_text_free(&deck);
        }
}
END_TEST

Suite *mosfet_suite(void) {
    Suite *s = suite_create("mosfet");
    TCase *t = tcase_create("mosfet");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, sweeps_agree_with_ngspice, 0, CARDS);
    suite_add_tcase(s, t);
    return s;
}
