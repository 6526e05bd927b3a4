/* The op-amps of netlists/opamp.inc against the one equation that they leave, solved by bisection; the bidirectional amplifier made of
 * two against the ideal one, and what it does to gradients. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "solver/solver.h"

Suite *opamp_suite(void);

static const double rout = 75.0, rin = 1e8, vmax = 10.0, vmin = -5.0, vos = 0.3e-3;

static double bends(double v) {
    double half = (vmax - vmin) / 2.0, mid = (vmax + vmin) / 2.0;
    return mid + half * tanh((v - mid) / half);
}
static double is_cut(double v) {
    return fmin(fmax(v, vmin), vmax);
}
static double goes_on(double v) {
    return v;
}

static const struct {
    const char *name, *bounds;
    double (*f)(double v);
} form[] = {{"opamp", "vmax=10 vmin=-5", bends},
            {"opamp_limit", "vmax=10 vmin=-5", is_cut},
            {"opamp_linear", "", goes_on}};
enum { FORMS = sizeof form / sizeof *form };

/* An op-amp whose + stands at p, its - at n with 1/r1 to the source at s and 1/r2 to its output, which has
 * a load of 2 kohm. */
typedef struct loop {
    double p, s, r1, r2, gain;
    double (*f)(double v);
} loop;

/* What flows out of the node o when it stands at o; n is linear in o. Falls with o for gains > 0. */
static double into_output(const loop *k, double o) {
    double n = (k->s / k->r1 + o / k->r2 + k->p / rin) / (1.0 / k->r1 + 1.0 / k->r2 + 1.0 / rin);
    return (k->f(k->gain * (k->p - n + vos)) - o) / rout - (o - n) / k->r2 - o / 2e3;
}

static double output_of(const loop *k) {
    double low = -1e9, high = 1e9;
    for (int step = 0; step < 200; step++) {
        double o = 0.5 * (low + high);
        *(into_output(k, o) > 0.0 ? &low : &high) = o;
    }
    return 0.5 * (low + high);
}

static double solved(const char *deck, const char *node) {
    eq_deck *d = NULL;
    eq_solver *s = NULL;
    eq_diag *diag = eq_diag_new();
    char *folder = scratch_folder(), *path = eq_path_join(folder, "d.cir");
    ck_assert_int_eq(eq_file_write(path, deck, strlen(deck), NULL), EQ_OK);
    eq_status status = eq_deck_read(path, &d, diag);
    if (status == EQ_OK) status = eq_solver_new(d->circuit, &s, diag);
    double *v = status == EQ_OK ? eq_calloc(eq_circuit_nodes(d->circuit), sizeof *v) : NULL;
    if (status == EQ_OK) status = eq_solver_solve(s, NULL, v, NULL, NULL, diag);
    ck_assert_msg(status == EQ_OK, "%s\n%s", deck,
                  status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    double at = v[eq_circuit_find_node(d->circuit, node)];
    eq_free(v);
    eq_solver_free(s);
    eq_deck_free(d);
    eq_diag_free(diag);
    eq_free(path);
    scratch_free(folder);
    return at;
}

static void include(char *cwd) {
    ck_assert_ptr_nonnull(getcwd(cwd, 400));
    strcat(cwd, "/netlists/opamp.inc");
}

static void try_loop(int f, loop k) {
    char inc[512], deck[2048];
    include(inc);
    k.f = form[f].f;
    snprintf(
        deck, sizeof deck,
        "t\n.include \"%s\"\nVp p 0 %.17g\nVs s 0 %.17g\nR1 s n %.17g\nR2 n o %.17g\nR3 o 0 2k\n"
        "X1 p n o %s gain=%.17g rout=75 vos=0.3m rin=1e8 %s\n.op\n.end\n",
        inc, k.p, k.s, k.r1, k.r2, form[f].name, k.gain, form[f].bounds);
    double o = solved(deck, "o"), expected = output_of(&k);
    ck_assert_msg(fabs(o - expected) <= 1e-8 * fabs(expected) + 1e-10,
                  "%s\nv(o) = %.15g, not %.15g", deck, o, expected);
}

/* Non-inverting, inverting, a follower; from small signals to deep saturation. */
START_TEST(loops_rest_where_their_equation_says) {
    static const double gain[] = {1.0, 1e2, 1e4, 1e6}, at[] = {-9.0, -0.4, 0.0, 1e-3, 0.9, 20.0};
    for (size_t g = 0; g < 4; g++)
        for (size_t j = 0; j < 6; j++) {
            try_loop(_i, (loop){.p = at[j], .r1 = 1e3, .r2 = 1e4, .gain = gain[g]});
            try_loop(_i, (loop){.s = at[j], .r1 = 1e3, .r2 = 2e3, .gain = gain[g]});
            try_loop(_i, (loop){.p = at[j], .r1 = 1e12, .r2 = 1.0, .gain = gain[g]});
        }
}
END_TEST

/* h and w of an amplifier of gain a with 100 kohm behind a source and a load of 50 kohm: w = a h, and 1/a of what the node
 * w delivers to 50 kohm and the dividers (1 Mohm each) comes from h. */
START_TEST(two_op_amps_are_the_ideal_amplifier) {
    static const double gain[] = {1.5, 4.0, 10.0};
    for (size_t k = 0; k < 3; k++) {
        double a = gain[k], load = 1.0 / 50e3 + 2.0 / 1e6, h = 0.6e-5 / (1e-5 + load);
        char inc[512], deck[2048];
        include(inc);
        snprintf(deck, sizeof deck,
                 "t\n.include \"%s\"\nV1 x 0 0.6\nR1 x h 100k\nX1 h w bidirectional a=%g gain=1e8 "
                 "vmax=1e3 vmin=-1e3\n"
                 "R2 w 0 50k\n.op\n.end\n",
                 inc, a);
        ck_assert_double_eq_tol(solved(deck, "h"), h, 1e-6);
        ck_assert_double_eq_tol(solved(deck, "w"), a * h, 1e-5);
    }
}
END_TEST

/* The group of the first layer gets the gradient's direction and 1/16 of its size, since nothing says that two
 * op-amps are an amplifier with the energy weight 1/16. */
START_TEST(phases_give_each_layer_its_direction) {
    char *text;
    expect_exit(1, &text, "gradcheck netlists/opamp-xor.xml --json");
    const char *first = strstr(text, "\"group\": \"r.xn?.r*\""), *second;
    double cosine[2], size[2];
    ck_assert_ptr_nonnull(first);
    ck_assert_int_eq(sscanf(first, "\"group\": \"r.xn?.r*\", \"cosine\": %lf, \"size\": %lf",
                            &cosine[0], &size[0]),
                     2);
    ck_assert_ptr_nonnull(second = strstr(first, "\"group\": \"r.xy*\""));
    ck_assert_int_eq(sscanf(second, "\"group\": \"r.xy*\", \"cosine\": %lf, \"size\": %lf",
                            &cosine[1], &size[1]),
                     2);
    for (int k = 0; k < 2; k++) ck_assert_double_ge(cosine[k], 1.0 - 1e-9);
    ck_assert_double_eq_tol(size[0], 1.0 / 16.0, 1e-4);
    ck_assert_double_eq_tol(size[1], 1.0, 1e-6);
    eq_free(text);
}
END_TEST

START_TEST(a_network_with_op_amps_learns_exclusive_or) {
    char *folder = scratch_folder(), *text;
    expect_exit(0, &text, "train netlists/opamp-xor.xml -o %s/o --epochs 400", folder);
    ck_assert_msg(strstr(text, "accuracy on 4 held-out examples: 100.00 %") != NULL, "%s", text);
    eq_free(text);
    expect_exit(0, NULL, "verify %s/o --sample 2", folder);
    expect_exit(0, &text, "check %s/o --sample 2", folder);
    ck_assert_msg(strstr(text, "of which are not reciprocal") != NULL, "%s", text);
    eq_free(text);
    scratch_free(folder);
}
END_TEST

Suite *opamp_suite(void) {
    Suite *s = suite_create("opamp");
    TCase *t = tcase_create("opamp");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, loops_rest_where_their_equation_says, 0, FORMS);
    tcase_add_test(t, two_op_amps_are_the_ideal_amplifier);
    tcase_add_test(t, phases_give_each_layer_its_direction);
    tcase_add_test(t, a_network_with_op_amps_learns_exclusive_or);
    suite_add_tcase(s, t);
    return s;
}
