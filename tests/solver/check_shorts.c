/* Resistors from 0 and 1e-30 to 1e12 ohm: shorts in chains, in parallel, in loops, beside sources and
 * diodes, against a solution to 150 digits. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/effort.h"
#include "../support/exact.h"
#include "../support/mna.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "circuit/floating.h"
#include "solver/solver_internal.h"

Suite *shorts_suite(void);

static const char *const engine[] = {"newton", "kinsol", "cocontent"};

enum { NODES = 10 };

/* How resistances are drawn: in the whole range, a few sizes, or wires between usual ones. */
static double draw_resistance(eq_random *r, int profile) {
    double x = eq_random_uniform(r), sign = eq_random_below(r, 2) == 0 ? 1.0 : 1.0 + 0.5 * x;
    static const double few[] = {1e-30, 1e-13, 1e-9, 1.0, 1e3, 1e12};
    switch (profile) {
    case 0:
        return pow(10.0, -30.0 + 42.0 * x);
    case 1:
        return sign * few[eq_random_below(r, 6)];
    case 2:
        return pow(10.0, eq_random_below(r, 2) == 0 ? -16.0 + 10.0 * x : 6.0 * x);
    default:
        return pow(10.0, -9.0 + 21.0 * x);
    }
}

/* A random circuit; wires of 0 ohm and sources of voltage close no loop. */
static void draw_circuit(uint64_t seed, bool diodes, eq_text *text) {
    eq_random r = eq_random_seed(seed);
    int nodes = 2 + (int)eq_random_below(&r, NODES - 2), profile = (int)eq_random_below(&r, 4);
    int32_t up[NODES + 1];
    eq_parts_start(up, NODES + 1);
    eq_text_puts(text, "t\n.model dm d(is=1e-14)\n");
    int sources = 1 + (int)eq_random_below(&r, 3);
    for (int k = 0; k < sources; k++) {
        int a = 1 + (int)eq_random_below(&r, (size_t)nodes);
        int b = k == 0 || eq_random_below(&r, 2) == 0 ? 0 : (int)eq_random_below(&r, (size_t)nodes);
        if (eq_random_below(&r, 3) == 0) {
            eq_text_printf(text, "i%d %d %d %.17g\n", k, a, b,
                           pow(10.0, -9.0 + 6.0 * eq_random_uniform(&r)));
        } else if (eq_part(up, a) != eq_part(up, b)) {
            eq_parts_join(up, a, b);
            eq_text_printf(text, "v%d %d %d %.17g\n", k, a, b,
                           (diodes ? 1.0 : 10.0) * (eq_random_uniform(&r) - 0.5));
        }
    }
    int resistors = nodes + (int)eq_random_below(&r, 12);
    for (int k = 0; k < resistors; k++) {
        int a = k < nodes ? k + 1 : (int)eq_random_below(&r, (size_t)nodes + 1);
        int b = (int)eq_random_below(&r, k < nodes ? (size_t)a : (size_t)nodes + 1);
        double value = draw_resistance(&r, profile);
        if (eq_random_below(&r, 8) == 0 && eq_part(up, a) != eq_part(up, b)) {
            value = 0.0;
            eq_parts_join(up, a, b);
        }
        if (a != b) eq_text_printf(text, "r%d %d %d %.17g\n", k, a, b, value);
    }
    for (int k = 0; diodes && k < 3; k++) {
        int a = (int)eq_random_below(&r, (size_t)nodes + 1), b = (a + 1 + k) % (nodes + 1);
        if (a != b) eq_text_printf(text, "d%d %d %d dm\n", k, a, b);
    }
    eq_text_puts(text, ".op\n.end\n");
}

/* The worst of |a - b| over its bound. */
static double far(double a, double b, double floor) {
    return fabs(a - b) / (1e-9 * fabs(b) + floor);
}

/* The largest current [A] that meets element e at one of its nodes beside ground. */
static double meets(const eq_circuit *c, eq_element e, const double *current) {
    double most = 0.0;
    for (eq_element f = 0; f < (eq_element)eq_circuit_elements(c); f++)
        for (int k = 0; k < 4; k++) {
            eq_row a = c->row[e], b = c->row[f];
            eq_node n = c->table[a.cls].term[k / 2][a.row];
            if (n != EQ_GROUND && n == c->table[b.cls].term[k % 2][b.row])
                most = fmax(most, fabs(current[f]));
        }
    return most;
}

/* Compares one engine's answer with the truth; false: refused. */
static bool compare(eq_circuit *c, int method, const char *text, double *worst) {
    size_t nodes = eq_circuit_nodes(c), elements = eq_circuit_elements(c);
    double v[NODES + 2] = {0}, branch[40], current[40], tv[NODES + 2], ti[40], most = 0.0;
    eq_solver *s = NULL;
    eq_diag *d = eq_diag_new();
    eq_solve_options o = eq_solve_defaults(c);
    o.method = (eq_method)method;
    ck_assert_msg(eq_solver_new(c, &s, d) == EQ_OK, "%s\n%s", text,
                  eq_diag_count(d) > 0 ? eq_diag_get(d, 0)->text : "");
    bool solved = eq_solver_solve(s, &o, v, branch, NULL, d) == EQ_OK;
    if (!solved && getenv("EQ_SHOW") != NULL)
        printf("%s\n%s: %s\n", text, engine[method], eq_diag_get(d, 0)->text);
    eq_diag_free(d);
    for (eq_element e = 0; solved && e < (eq_element)elements; e++)
        ti[e] = current[e] = eq_solver_current(s, e, v, branch);
    memcpy(tv, v, sizeof v);
    if (solved) ck_assert_msg(exact_point(c, tv, ti), "no truth for\n%s", text);
    for (size_t n = 1; solved && n < nodes; n++) most = fmax(most, fabs(tv[n]));
    double largest = 0.0;
    for (eq_element e = 0; solved && e < (eq_element)elements; e++)
        largest = fmax(largest, fabs(ti[e]));
    if (largest > 1e12) solved = false; /* no circuit */
    /* sources shorted by next to nothing drive currents beside which all others are round-off */
    double bent = c->table[EQ_CLASS_diode].count == 0 ? 1e-12 : 1e-6; /* abstol */
    double floor = largest > 1e3 && bent < 1e-9 ? 1e-9 : bent;
    for (size_t n = 1; solved && n < nodes; n++) {
        double off = far(v[n], tv[n], floor * most + 1e-18);
        *worst = fmax(*worst, off);
        ck_assert_msg(off <= 1.0, "%s%s: v(%s) is %.17g, not %.17g", text, engine[method],
                      eq_circuit_node_name(c, (eq_node)n), v[n], tv[n]);
    }
    for (eq_element e = 0; solved && e < (eq_element)elements; e++) {
        double off =
            far(current[e], ti[e],
                1e-12 + fmax(bent, 1e-9) * meets(c, e, ti) + (largest > 1e3) * 1e-10 * largest);
        *worst = fmax(*worst, off);
        ck_assert_msg(off <= 1.0, "%s%s: i(%s) is %.17g, not %.17g", text, engine[method],
                      eq_circuit_element_name(c, e), current[e], ti[e]);
    }
    eq_solver_free(s);
    return solved || largest > 1e12;
}

static void compare_many(bool diodes, uint64_t first, size_t count) {
    size_t refused[3] = {0};
    double worst = 0.0;
    for (size_t k = 0; k < count; k++) {
        eq_text text = {0};
        draw_circuit(first + k, diodes, &text);
        eq_circuit *c = deck(text.text);
        for (int method = 0; method < 3; method++)
            refused[method] += !compare(c, method, text.text, &worst);
        eq_circuit_free(c);
        eq_text_free(&text);
    }
    printf("  %zu circuits of 0 and 1e-30 to 1e12 ohm%s: worst %.3g of 1e-9; refused %zu %zu %zu\n",
           count, diodes ? " and diodes" : "", worst, refused[0], refused[1], refused[2]);
    for (int method = 0; method < 3; method++)
        ck_assert_uint_le(refused[method], effort(0, count / 50));
}

START_TEST(linear_networks_of_all_resistances_are_right) {
    compare_many(false, 1, effort(300, 10000));
}
END_TEST

START_TEST(networks_with_diodes_are_right) {
    compare_many(true, 1000000, effort(200, 5000));
}
END_TEST

/* What a deck says of an element's current and a node, by all engines. */
static void expect(const char *text, const char *node, double v_want, const char *element,
                   double i_want) {
    eq_circuit *c = deck(text);
    for (int method = 0; method < 3; method++) {
        double v[NODES + 2] = {0}, branch[40];
        eq_solver *s = NULL;
        eq_solve_options o = eq_solve_defaults(c);
        eq_solve_info info;
        o.method = (eq_method)method;
        ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
        ck_assert_int_eq(eq_solver_solve(s, &o, v, branch, &info, NULL), EQ_OK);
        double at = v[eq_circuit_find_node(c, node)];
        double i = eq_solver_current(s, eq_circuit_find_element(c, element), v, branch);
        ck_assert_msg(fabs(at - v_want) <= 1e-12 * fabs(v_want), "%s: v(%s) = %.17g", text, node,
                      at);
        ck_assert_msg(fabs(i - i_want) <= 1e-11 * fabs(i_want), "%s: i(%s) = %.17g", text, element,
                      i);
        ck_assert_msg(info.stationarity <= 1e-9 * fabs(i_want) + 1e-12, "%s: dP/dv is %g", text,
                      info.stationarity);
        eq_solver_free(s);
    }
    eq_circuit_free(c);
}

/* Wires side by side and in rings share the current as equal resistances would. */
START_TEST(wires_and_shorts_in_loops_share_their_current) {
    expect("t\nv1 a 0 5\nr1 a b 1k\nrw b c 0\nr2 c 0 1k\n.op\n", "c", 2.5, "rw", 2.5e-3);
    expect("t\nv1 a 0 5\nr1 a b 1k\nrw b c 0\nrx b c 0\nr2 c 0 1k\n.op\n", "c", 2.5, "rx", 1.25e-3);
    expect("t\nv1 a 0 6\nr1 a b 1k\nrw b c 0\nrx b d 0\nry d c 0\nr2 c 0 1k\n.op\n", "c", 3.0, "rx",
           1e-3);
    expect("t\nv1 a 0 5\nr1 a b 1k\nrw b c 1e-13\nrx b c 3e-13\nr2 c 0 1k\n.op\n", "c", 2.5, "rx",
           0.625e-3);
    expect("t\nv1 a 0 5\nr1 a b 1k\nrw b c 1e-30\nrx b c 0\nr2 c 0 1k\n.op\n", "c", 2.5, "rx",
           2.5e-3);
    expect("t\nv1 a 0 5\nr1 a b 1k\nrw b c 1e-13\nrx b c 1k\nr2 c 0 1k\n.op\n", "c", 2.5, "rx",
           2.5e-19);
    expect("t\ni1 0 a 1m\nr1 a b 1e-14\nr2 b c 1e-20\nr3 c 0 1e-9\n.op\n", "a", 1.00001000001e-12,
           "r2", 1e-3);
    expect("t\nv1 a 0 0.5\nr1 a b 0\nd1 b c dm\nr2 c 0 0\nr3 a 0 1k\n.model dm d(is=1e-14)\n.op\n",
           "b", 0.5, "r3", 0.5e-3);
    expect("t\nv1 a b 1\nr1 a b 1e-12\nr2 a 0 1k\ni1 0 b 1m\n.op\n", "b", 0.0, "r2", 1e-3);
}
END_TEST

/* The diode makes rs no short, and in the solve that takes none, r2 is none either: 3 A through it are
 * 3 uV between two potentials of 1 kV, of which round-off leaves 0.1 uA, more than the bound of 3 A. */
START_TEST(round_off_counts_where_no_resistor_is_a_short) {
    eq_circuit *c = deck("t\nv1 a 0 1\nrs a b 1u\nd1 b 0 dm\nr9 b 0 1k\nv2 p 0 1k\nr2 p q 1u\n"
                         "r3 q 0 333\n.model dm d(is=1u)\n.op\n");
    eq_solver *s = NULL;
    double v[6] = {0}, branch[2], i = 1e3 / (333.0 + 1e-6);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, branch, NULL, NULL), EQ_OK);
    double b = v[eq_circuit_find_node(c, "b")], through = (1.0 - b) / 1e-6;
    ck_assert_double_eq_tol(v[eq_circuit_find_node(c, "q")], 333.0 * i, 1e-9);
    ck_assert_double_eq_tol(branch[1], -i, 1e-6);
    ck_assert_double_eq_tol(b, c->env.k_over_q * 300.15 * log(through / 1e-6 + 1.0), 1e-9);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* r1 of the divider as it goes through values that make it a short and undo that, in one solver. */
START_TEST(a_value_may_become_a_short_and_cease_to_be_one) {
    static const double ohm[] = {1e3, 1e-13, 0.0, 1.0, 1e-20, 1e3, 0.0, 1e9};
    eq_circuit *c = deck("t\nv1 a 0 1\nr1 a b 1k\nr2 b 0 1k\nr3 b 0 1k\n.op\n");
    eq_handle r1;
    eq_solver *s = NULL;
    double v[4] = {0}, branch[1];
    ck_assert_int_eq(eq_handle_find(c, "r1", &r1, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    for (size_t k = 0; k < sizeof ohm / sizeof *ohm; k++) {
        double i = 1.0 / (ohm[k] + 500.0);
        ck_assert_int_eq(eq_handle_set(c, r1, ohm[k], NULL), EQ_OK);
        eq_solver_refresh(s);
        ck_assert_int_eq(eq_solver_solve(s, NULL, v, branch, NULL, NULL), EQ_OK);
        ck_assert_double_eq_tol(v[eq_circuit_find_node(c, "b")], 500.0 * i, 1e-13);
        ck_assert_double_eq_tol(branch[0], -i, 1e-13);
        ck_assert_double_eq_tol(eq_solver_current(s, r1.element, v, branch), i, 1e-13);
        /* and of the state as another solver would see it: potentials and branch currents alone */
        double other[4] = {0};
        ck_assert_int_eq(eq_solver_solve(s, NULL, other, NULL, NULL, NULL), EQ_OK);
        v[0] = -0.0;
        ck_assert_double_eq_tol(eq_solver_current(s, r1.element, v, branch), i, 1e-13);
    }
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

/* dv(b)/dr of shorts and of wires by the adjoint: v(b) = R2/(R1 + rs + R2) with R1 = R2 = 1 kohm. */
START_TEST(gradients_by_the_resistance_of_shorts) {
    static const double ohm[] = {1e-9, 1e-13, 1e-25, 0.0};
    for (size_t k = 0; k < sizeof ohm / sizeof *ohm; k++) {
        char text[200];
        snprintf(text, sizeof text, "t\nv1 a 0 1\nr1 a b 1k\nrs b c %.17g\nr2 c 0 1k\n.op\n",
                 ohm[k]);
        eq_circuit *c = deck(text);
        eq_handle h[3];
        eq_batch *b = NULL;
        double x = 1.0, v[4], branch[1], dcdv[4] = {0}, dcdw[2];
        ck_assert_int_eq(eq_handle_find(c, "v1", &h[0], NULL), EQ_OK);
        ck_assert_int_eq(eq_handle_find(c, "rs", &h[1], NULL), EQ_OK);
        ck_assert_int_eq(eq_handle_find(c, "v1", &h[2], NULL), EQ_OK);
        ck_assert_int_eq(eq_batch_new(c, h, 1, NULL, &b, NULL), EQ_OK);
        ck_assert_int_eq(eq_batch_solve(b, 1, &x, v, branch, NULL), EQ_OK);
        dcdv[eq_circuit_find_node(c, "c")] = 1.0;
        ck_assert_int_eq(eq_batch_vjp(b, 1, &x, v, branch, dcdv, &h[1], 2, dcdw, NULL), EQ_OK);
        ck_assert_double_eq_tol(dcdw[0], -1e3 / (2e3 * 2e3), 1e-15); /* exact as rs -> 0 */
        ck_assert_double_eq_tol(dcdw[1], 0.5, 1e-12);
        eq_batch_free(b);
        eq_circuit_free(c);
    }
}
END_TEST

/* A wire between the ends of a source, and one that closes a loop of sources. */
START_TEST(wires_across_sources_are_refused) {
    static const char *const text[] = {
        "t\nv1 a 0 1\nr1 a 0 0\n.op\n",
        "t\nv1 a 0 0\nv2 b 0 0\nr1 a b 0\nr2 a 0 1\n.op\n",
        "t\nv1 a 0 0\nr1 a b 0\nr2 b 0 0\nr3 b 0 1k\n.op\n",
        "t\nv1 a 0 1\ne1 b 0 a 0 1\nr1 a b 0\n.op\n",
    };
    for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
        eq_circuit *c = deck(text[k]);
        eq_solver *s = NULL;
        eq_diag *d = eq_diag_new();
        ck_assert_int_eq(eq_solver_new(c, &s, d), EQ_ERR_SINGULAR);
        ck_assert_ptr_nonnull(strstr(eq_diag_get(d, 0)->text, "of 0 ohm, closes a loop"));
        eq_diag_free(d);
        eq_circuit_free(c);
    }
}
END_TEST

/* A ladder of 2,000 shorts with a load at each node: rows stay short. */
START_TEST(a_chain_of_shorts_stays_sparse) {
    enum { LINKS = 2000 };
    eq_text text = {0};
    eq_text_puts(&text, "t\nv1 n0 0 1\n");
    for (int k = 1; k <= LINKS; k++)
        eq_text_printf(&text, "rs%d n%d n%d 1e-12\nrl%d n%d 0 1k\n", k, k - 1, k, k, k);
    eq_text_puts(&text, ".op\n.end\n");
    eq_circuit *c = deck(text.text);
    eq_solver *s = NULL;
    double *v = eq_calloc(LINKS + 2, sizeof *v), branch[1];
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, branch, NULL, NULL), EQ_OK);
    ck_assert_double_eq_tol(branch[0], -LINKS * 1e-3, 1e-8);
    ck_assert_double_eq_tol(eq_solver_current(s, eq_circuit_find_element(c, "rs1999"), v, branch),
                            2e-3, 1e-10);
    ck_assert_int_le(eq_solver_system(s)->reduction->widest, 2);
    eq_free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
    eq_text_free(&text);
}
END_TEST

Suite *shorts_suite(void) {
    Suite *s = suite_create("shorts");
    TCase *t = tcase_create("shorts");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, linear_networks_of_all_resistances_are_right);
    tcase_add_test(t, networks_with_diodes_are_right);
    tcase_add_test(t, wires_and_shorts_in_loops_share_their_current);
    tcase_add_test(t, round_off_counts_where_no_resistor_is_a_short);
    tcase_add_test(t, a_value_may_become_a_short_and_cease_to_be_one);
    tcase_add_test(t, gradients_by_the_resistance_of_shorts);
    tcase_add_test(t, wires_across_sources_are_refused);
    tcase_add_test(t, a_chain_of_shorts_stays_sparse);
    suite_add_tcase(s, t);
    return s;
}
