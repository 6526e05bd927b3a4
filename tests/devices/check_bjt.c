/* Bipolar transistors against ngspice: output, transfer and substrate sweeps at three temperatures, and
 * the equations of Gummel and Poon worked out by hand. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>

#include "../support/point.h"
#include "../support/program.h"
#include "../support/transistor.h"
#include "devices/registry.h"

Suite *bjt_suite(void);

static const transistor_card cards[] = {
    {1, "npn", ""},
    {1, "npn(is=1e-15 bf=80 br=3 vaf=60 var=20 ikf=10m ikr=3m nkf=0.6)", "2.5"},
    {1, "npn(is=1e-16 va=80 ise=1e-14 ne=1.8 isc=1e-13 nc=1.6 iss=1e-14 ns=1.1)", "area=3 m=2"},
    {1, "npn(is=2e-15 rb=100 rbm=20 re=2 rc=10 ikf=1m vaf=50 tnom=50 cje=1p)", "areab=2 areac=3"},
    {1, "npn(is=1e-15 rb=300 irb=20u rbm=10 nf=1.1 nr=1.05 xtb=1.5 eg=1.2 xti=2)", "2 temp=60 off"},
    {1, "npn(is=1e-15 iss=1e-13 subs=-1 rb=50 isc=1e-14)", "2 areab=3 areac=5 dtemp=15"},
    {-1, "pnp(is=1e-15 bf=30 vaf=50 rb=50 ise=1e-14 br=3 iss=1e-15 rc=5)", "2"},
    {1, "npn(level=1 is=1e-15 c2=20 ne=1.6 isc=2 nc=1.5 xtb=1 ikf=2m nkf=2 Vceo=40 icrating=0.2)",
     ""},
    {-1, "pnp(is=1e-14 bf=60 subs=1 iss=1e-14 re=1)", "ic=0.6,5 areac=2"},
};
enum { CARDS = sizeof cards / sizeof *cards };

/* Collector, base and substrate sweeps, forward, saturated and reverse. */
static const transistor_bench bench = {"Q1 c b e s",
                                       {{"c", 2.0}, {"b", 0.7}, {"e", 0.0}, {"s", -0.3}},
                                       {{{"c", -0.2, 5.0, 0.1}, {"b", 0.3, 0.9, 0.15}},
                                        {{"b", -2.0, 0.9, 0.1}, {"s", -1.5, 0.6, 0.7}}},
                                       1e-15};

START_TEST(sweeps_agree_with_ngspice) {
    sweeps_agree(&bench, &cards[_i]);
}
END_TEST

/* With Vt = 25 mV by is: ic = is e (1 - vbc/vaf), ib = is e/bf; three nodes, the substrate grounded. */
START_TEST(equations_by_hand) {
    static const char deck[] =
        "t\nVc c 0 2\nVb b 0 0.65\nQ1 c b 0 mm\n"
        ".model mm npn(is=1e-15 bf=50 vaf=40)\n.options gmin=1e-20\n.op\n.end\n";
    double forward = 1e-15 * expm1(0.65 / (0.025864917007157));
    double ic = source_current(deck, "vc"), ib = source_current(deck, "vb");
    ck_assert_double_eq_tol(ic, forward * (1.0 + 1.35 / 40.0), 1e-6 * ic);
    ck_assert_double_eq_tol(ib, forward / 50.0, 1e-6 * ib);
}
END_TEST

/* The currents of a transistor in saturation whose parameters are at their defaults but for number k. */
static void currents_with(int k, double value, double *i, double *per) {
    static const eq_environment env = {8.6173303e-5, 27.0, 27.0, 1e-12};
    const eq_device_class *npn = &eq_class_npn;
    double column[EQ_MAX_COLUMNS], *w[EQ_MAX_COLUMNS], g[16], *slope[16], *to[4], *change[4];
    const double potential[] = {0.1, 0.7, 0.0, -1.0}, *z[4];
    for (int c = 0; c < npn->columns; c++) {
        column[c] = c < npn->params ? npn->param[c].default_value : 0.0;
        w[c] = &column[c];
    }
    column[k] = value;
    for (int a = 0; a < 16; a++) slope[a] = &g[a];
    for (int a = 0; a < 4; a++) z[a] = &potential[a], to[a] = &i[a], change[a] = &per[a];
    npn->derive(1, w, &env);
    npn->port(1, w, z, NULL, to, slope);
    for (int a = 0; a < 4; a++) per[a] = 0.0;
    npn->param_port(1, w, k, z, change);
}

/* A parameter that is 0 still has a slope, unless its 0 means none. */
START_TEST(slopes_of_what_is_zero) {
    static const struct {
        const char *name;
        double step;
    } zero[] = {{"re", 1e-4}, {"rc", 1e-4}, {"ise", 1e-16}, {"isc", 1e-16}, {"is", 1e-24}};
    int k = eq_param_find(&eq_class_npn, zero[_i].name);
    double at[4], one[4], two[4], per[4], ignored[4], h = zero[_i].step;
    currents_with(k, 0.0, at, per);
    currents_with(k, h, one, ignored);
    currents_with(k, 2.0 * h, two, ignored);
    ck_assert_double_ne(per[1], 0.0);
    for (int a = 0; a < 3; a++) {
        double slope = (4.0 * one[a] - 3.0 * at[a] - two[a]) / (2.0 * h);
        ck_assert_double_eq_tol(per[a], slope, 1e-5 * fabs(slope) + 1e-9 * fabs(per[1]));
    }
}
END_TEST

Suite *bjt_suite(void) {
    Suite *s = suite_create("bjt");
    TCase *t = tcase_create("bjt");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, sweeps_agree_with_ngspice, 0, CARDS);
    tcase_add_test(t, equations_by_hand);
    tcase_add_loop_test(t, slopes_of_what_is_zero, 0, 5);
    suite_add_tcase(s, t);
    return s;
}
