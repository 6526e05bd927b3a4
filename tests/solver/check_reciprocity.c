/* How far a circuit is from reciprocal: against closed forms, differences of Kirchhoff's law, and real nudged phases beside the
 * adjoint (theory.md, 3 to 5). */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "solver/reciprocity.h"
#include "solver/solver_internal.h"
#include "support/random_transistors.h"

Suite *reciprocity_suite(void);

/* A solved circuit. */
typedef struct bench {
    eq_circuit *c;
    eq_solver *s;
    double *v, *branch;
    eq_asymmetry a;
} bench;

static bool try_up(const char *text, bench *b) {
    *b = (bench){.c = NULL};
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_circuit_parse("t.cir", text, strlen(text), &b->c, diag);
    ck_assert_msg(status == EQ_OK, "%s\n%s", text,
                  status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    ck_assert_int_eq(eq_solver_new(b->c, &b->s, diag), EQ_OK);
    b->v = eq_calloc(eq_circuit_nodes(b->c), sizeof *b->v);
    b->branch = eq_calloc(eq_solver_branches(b->s) + 1, sizeof *b->branch);
    status = eq_solver_solve(b->s, NULL, b->v, b->branch, NULL, diag);
    if (status == EQ_OK)
        ck_assert_int_eq(eq_reciprocity_asymmetry(b->s, b->v, b->branch, &b->a, diag), EQ_OK);
    eq_diag_free(diag);
    return status == EQ_OK;
}

static bench put_up(const char *text) {
    bench b;
    ck_assert_msg(try_up(text, &b), "%s", text);
    return b;
}

static void take_down(bench *b) {
    eq_asymmetry_free(&b->a);
    eq_free(b->v);
    eq_free(b->branch);
    eq_solver_free(b->s);
    eq_circuit_free(b->c);
}

static double share_of(const bench *b, const char *name) {
    for (size_t k = 0; k < b->a.shares; k++)
        if (strcmp(eq_circuit_element_name(b->c, b->a.share[k].element), name) == 0)
            return b->a.share[k].share;
    return 0.0;
}

/* Circuits of two free nodes x and y whose J is known by hand, in mS. */
static const struct {
    const char *cards;
    double system;
    const char *element[2]; /* NULL: no more */
    double share[2];
} known[] = {
    /* J = (3 -1; 1 - 0.5, 3): x -1 +0.5 */
    {"Rx x 0 0.5k\nRy y 0 0.5k\nRc x y 1k\nG1 x 0 y 0 0.5m\n", 0.5 / 3.0, {"g1"}, {0.5 / 3.0}},
    /* two that make up for each other: J is symmetric, neither is */
    {"Rx x 0 0.5k\nRy y 0 0.5k\nG1 x 0 y 0 0.5m\nG2 y 0 x 0 0.5m\n",
     0.0,
     {"g1", "g2"},
     {0.25, 0.25}},
    /* the control is held: nothing to the others */
    {"Rx x 0 0.5k\nRy y 0 0.5k\nRc x y 1k\nG1 x 0 s 0 0.5m\nG2 x 0 y 0 0.3m\n", 0.1, {"g2"}, {0.1}},
    /* behavioural, at y where Is y Rs = 2 V: di/dv(y) = 2 m v(y) = 4 mS, J(y,y) = 1 mS */
    {"Rx x 0 1k\nRy y 0 1k\nIy 0 y 2m\nB1 x 0 i=1m*v(y)^2\n", 1.0, {"b1"}, {1.0}},
    /* in saturation without lambda: gm = kp w/l (vg - vs - vto) = 2 mS (3 - 1 - 1), of the source alone; the bulk of the
     * drain and gmin add 1e-12 S; J(x,x) = 1 mS + gm */
    {"Vd d 0 9\nRd d y 1\nRx x 0 1k\nIx x 0 -0m\nVg g 0 3\nM1 y g x 0 mm w=100u l=100u\n"
     ".model mm nmos(level=1 vto=0.9 kp=1m is=1e-30)\n",
     -1.0,
     {"m1"},
     {-1.0}},
    /* an amplifier without a way back: J of y, driven through Re, by x is -gain/Re, of x by y 0 */
    {"Rx x 0 1k\nE1 e 0 x 0 4\nRe e y 1k\nRy y 0 1k\n", 1.0, {"e1"}, {1.0}},
    /* the amplifier gives back a quarter of the current, of which the weights make up for 1/16; what G1 does is left:
     * J = (1 + 1, -0.25 + g; -4, 2) mS with rows weighed 16 and 1 */
    {"Rx x 0 1k\nE1 e 0 x 0 4\nVe e w 0\nF1 x 0 Ve 0.25\nRe w y 1k\nRy y 0 1k\nG1 x 0 y 0 0.1m\n",
     1.6 / 32.0,
     {"g1"},
     {1.6 / 32.0}},
};
enum { KNOWN = sizeof known / sizeof *known };

START_TEST(asymmetries_are_those_of_the_matrix_by_hand) {
    char text[512];
    snprintf(text, sizeof text, "t\nVs s 0 1\nRs s x 1g\n%s.op\n.end\n", known[_i].cards);
    bench b = put_up(text);
    bool by_state = known[_i].system < 0.0;
    for (int k = 0; !by_state && k < 2 && known[_i].element[k] != NULL; k++)
        ck_assert_double_eq_tol(share_of(&b, known[_i].element[k]), known[_i].share[k], 1e-5);
    if (!by_state) ck_assert_double_eq_tol(b.a.system, known[_i].system, 1e-5);
    ck_assert_uint_eq(b.a.shares, known[_i].element[1] == NULL ? 1 : 2);
    if (by_state) { /* drain row: -gm at the source; source row: 1 mS + gm; the drain's 1 S is the largest */
        double vs = b.v[eq_circuit_find_node(b.c, "x")], gm = 1e-3 * (3.0 - vs - 0.9);
        ck_assert_double_eq_tol(b.a.system, gm / 1.0, 1e-9);
        ck_assert_double_eq_tol(share_of(&b, "m1"), gm / 1.0, 1e-9);
    }
    take_down(&b);
}
END_TEST

/* J by central differences of r, entry by entry. */
static double by_differences(const bench *b) {
    eq_system *s = eq_solver_system(b->s);
    size_t n = s->n;
    double *x = eq_calloc(3 * n + n * n, sizeof *x), *up = x + n, *down = up + n, *j = down + n;
    double most = 0.0, size = 0.0;
    eq_system_unknowns(s, b->v, b->branch, x);
    for (size_t k = 0; k < n; k++) {
        double at = x[k], h = 1e-5;
        x[k] = at + h;
        ck_assert(eq_system_residual(s, x, up, NULL));
        x[k] = at - h;
        ck_assert(eq_system_residual(s, x, down, NULL));
        x[k] = at;
        for (size_t i = 0; i < n; i++) j[i * n + k] = (up[i] - down[i]) / (2.0 * h);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            most = fmax(most, fabs(j[i * n + k] - j[k * n + i]));
            size = fmax(size, fabs(j[i * n + k]));
        }
    eq_free(x);
    return size > 0.0 ? most / size : 0.0;
}

/* Circuits of random transistors, diodes and sources. The shares add up to no less than the whole. */
START_TEST(random_circuits_agree_with_differences) {
    int seen = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        eq_text deck = {0};
        bench b;
        random_transistors(seed, &deck, NULL);
        eq_text_puts(&deck, ".end\n");
        if (try_up(deck.text, &b) && !eq_solver_system(b.s)->topology->exists) {
            double expected = by_differences(&b), sum = 0.0;
            ck_assert_msg(fabs(b.a.system - expected) <= 1e-4 * expected + 1e-7,
                          "seed %d: %.9g, by differences %.9g\n%s", (int)seed, b.a.system, expected,
                          deck.text);
            for (size_t k = 0; k < b.a.shares; k++) sum += b.a.share[k].share;
            for (size_t k = 1; k < b.a.shares; k++)
                ck_assert_double_ge(b.a.share[k - 1].share, b.a.share[k].share);
            ck_assert_double_ge(sum * (1.0 + 1e-9), b.a.system);
            seen += b.a.system > 1e-3;
        }
        take_down(&b);
        eq_text_free(&deck);
    }
    ck_assert_int_ge(seen, 20);
}
END_TEST

enum { SIDE = 3, MOST = 64 };

/* A ladder of transistors whose gates are held, between free nodes. */
static void put_grid(uint64_t seed, eq_text *t) {
    eq_random r = eq_random_seed(seed);
    eq_text_puts(t, "t\nV1 n1_1 0 0.4\nV2 n3_3 0 0.1\n.model mn nmos(level=1 vto=0.6 kp=60u "
                    "gamma=0.5 lambda=0.1)\n");
    for (int i = 1; i <= SIDE; i++)
        for (int j = 1; j <= SIDE; j++)
            for (int k = 0; k < 2; k++) {
                int to = k == 0 ? i % SIDE + 1 : i, over = k == 0 ? j : j % SIDE + 1;
                eq_text_printf(
                    t, "M%d%d%d n%d_%d g%d%d%d n%d_%d 0 mn w=20u l=10u\nVg%d%d%d g%d%d%d 0 %.3f\n",
                    i, j, k, i, j, i, j, k, to, over, i, j, k, i, j, k,
                    1.0 + 2.0 * eq_random_uniform(&r));
            }
    eq_text_puts(t, "R1 n1_2 0 100k\nR2 n2_3 n3_1 50k\n*% output n2_2,n1_3 n3_2\n"
                    "*% train Vg* min=0.4 max=8\n*% train R? gmin=1e-8 gmax=1e-3\n.op\n.end\n");
}

/* Cosine and size of the group by nudged phases that are solved, beside the adjoint. */
static eq_likeness by_phases(const bench *b, const eq_group *g) {
    double e[MOST], exact[MOST], dcdv[MOST] = {0}, sum[3] = {0};
    eq_handle h[MOST];
    eq_batch *batch;
    eq_eqprop_options o = {.beta = 1e-9, .symmetric = true};
    size_t nodes = eq_circuit_nodes(b->c);
    ck_assert_uint_le(g->count, MOST);
    ck_assert_uint_le(nodes, MOST);
    for (size_t j = 0; j < g->count; j++)
        h[j] = (eq_handle){b->c->table[g->cls].id[g->row[j]], g->param};
    ck_assert_int_eq(eq_batch_new(b->c, NULL, 0, NULL, &batch, NULL), EQ_OK);
    for (size_t k = 0; k < b->c->outputs; k++) {
        const eq_output *out = &b->c->output[k];
        memset(dcdv, 0, sizeof dcdv);
        dcdv[out->plus] = 1.0;
        if (out->minus != EQ_NONE) dcdv[out->minus] = -1.0;
        ck_assert_int_eq(eq_batch_eqprop(batch, 1, NULL, b->v, dcdv, &o, h, g->count, e, NULL),
                         EQ_OK);
        ck_assert_int_eq(
            eq_batch_vjp(batch, 1, NULL, b->v, b->branch, dcdv, h, g->count, exact, NULL), EQ_OK);
        for (size_t j = 0; j < g->count; j++) {
            double w = b->c->table[g->cls].w[g->param][g->row[j]];
            sum[0] += w * e[j] * w * exact[j];
            sum[1] += w * e[j] * w * e[j];
            sum[2] += w * exact[j] * w * exact[j];
        }
    }
    eq_batch_free(batch);
    return (eq_likeness){sum[0] / sqrt(sum[1] * sum[2]), sum[0] / sum[2]};
}

START_TEST(gradients_are_those_of_real_phases) {
    double off = 0.0;
    for (uint64_t seed = 0; seed < 8; seed++) {
        eq_text deck = {0};
        eq_likeness l[2];
        put_grid(seed, &deck);
        bench b = put_up(deck.text);
        ck_assert_int_eq(eq_reciprocity_gradients(b.s, b.v, b.branch, l, NULL), EQ_OK);
        for (size_t g = 0; g < 2; g++) {
            eq_likeness real = by_phases(&b, &b.c->group[g]);
            ck_assert_double_eq_tol(l[g].cosine, real.cosine, 1e-5);
            ck_assert_double_eq_tol(l[g].size, real.size, 1e-4);
            off = fmax(off, 1.0 - l[g].cosine);
        }
        take_down(&b);
        eq_text_free(&deck);
    }
    ck_assert_double_ge(off, 1e-4); /* they are not the gradient */
}
END_TEST

/* Without a way back the group in front of the amplifier gets nothing from the nudge; what does not
 * move an output has no gradient; the one behind it has all of it. */
START_TEST(what_no_error_reaches_has_cosine_0) {
    eq_likeness l[3];
    bench b =
        put_up("t\nV1 s 0 1\nR1 s x 1k\nR2 x 0 1k\nE1 e 0 x 0 4\nR3 e y 1k\nR4 y 0 1k\nR5 s 0 1k\n"
               "*% output y\n*% train R1 gmin=0 gmax=1\n*% train R3 gmin=0 gmax=1\n"
               "*% train R5 gmin=0 gmax=1\n.op\n.end\n");
    ck_assert_int_eq(eq_reciprocity_gradients(b.s, b.v, b.branch, l, NULL), EQ_OK);
    ck_assert_double_eq(l[0].cosine, 0.0);
    ck_assert_double_eq(l[0].size, 0.0);
    ck_assert_double_eq_tol(l[1].cosine, 1.0, 1e-12);
    ck_assert_double_eq_tol(l[1].size, 1.0, 1e-12);
    ck_assert(isnan(l[2].cosine) && isnan(l[2].size));
    take_down(&b);
}
END_TEST

Suite *reciprocity_suite(void) {
    Suite *s = suite_create("reciprocity");
    TCase *t = tcase_create("reciprocity");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, asymmetries_are_those_of_the_matrix_by_hand, 0, KNOWN);
    tcase_add_test(t, random_circuits_agree_with_differences);
    tcase_add_test(t, gradients_are_those_of_real_phases);
    tcase_add_test(t, what_no_error_reaches_has_cosine_0);
    suite_add_tcase(s, t);
    return s;
}
