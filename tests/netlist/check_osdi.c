/* Compiled Verilog-A modules: the library of tests/osdi/models.c as OSDI 0.3 and 0.4 against the
 * classes of eqspice and closed forms; its slopes and charges against differences; what it reports;
 * libraries that are none or lie; and that a deck alone has nothing loaded. */
#define _DEFAULT_SOURCE /* setenv, strdup */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "devices/osdi/osdi.h"
#include "netlist/netlist.h"
#include "solver/solver.h"

Suite *osdi_suite(void);

/* As published for machines of 64 bits: the description ends with load_jacobian_tran in 0.3. */
_Static_assert(offsetof(eq_osdi_descriptor, node) == 16, "nodes");
_Static_assert(offsetof(eq_osdi_descriptor, noise) == 64, "noise sources");
_Static_assert(offsetof(eq_osdi_descriptor, params) == 76, "parameters");
_Static_assert(offsetof(eq_osdi_descriptor, mapping) == 96, "node mapping");
_Static_assert(offsetof(eq_osdi_descriptor, model_size) == 120, "size of a model");
_Static_assert(offsetof(eq_osdi_descriptor, access) == 128, "access");
_Static_assert(offsetof(eq_osdi_descriptor, eval) == 152, "eval");
_Static_assert(offsetof(eq_osdi_descriptor, load_residual_resist) == 168, "load_residual_resist");
_Static_assert(offsetof(eq_osdi_descriptor, load_jacobian_resist) == 216, "load_jacobian_resist");
_Static_assert(sizeof(eq_osdi_descriptor) == 240, "of 0.3");
_Static_assert(sizeof(eq_osdi_node) == 48 && sizeof(eq_osdi_entry) == 16, "nodes and slopes");
_Static_assert(sizeof(eq_osdi_param) == 40 && sizeof(eq_osdi_siminfo) == 72, "others");

static const int minor[] = {3, 4};
enum { VERSIONS = 2 };

/* The library of that version, or without its symbols. */
static const char *library(int version, int lacks) {
    char name[32];
    snprintf(name, sizeof name, "osdi/models-%d-%d.osdi", version, lacks);
    return beside_program(name);
}

static void allow(int version) {
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_osdi_allow(library(version, 0), diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "");
    eq_diag_free(diag);
}

/* The deck with @ for the version, which all names of modules end with. */
static char *with_version(const char *text, int version) {
    char *copy = strdup(text);
    for (char *p = copy; *p != '\0'; p++)
        if (*p == '@') *p = (char)('0' + version);
    return copy;
}

static eq_circuit *circuit_of(const char *text, int version) {
    char *deck = with_version(text, version);
    eq_diag *diag = eq_diag_new();
    eq_circuit *c = NULL;
    eq_status status = eq_circuit_parse("t", deck, strlen(deck), &c, diag);
    ck_assert_msg(status == EQ_OK, "%s: %s", deck,
                  eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "");
    eq_diag_free(diag);
    free(deck);
    return c;
}

/* The potentials of a circuit. */
static double *solve(eq_circuit *c) {
    eq_solver *s = NULL;
    eq_diag *diag = eq_diag_new();
    double *v = calloc(eq_circuit_nodes(c), sizeof *v);
    eq_status status = eq_solver_new(c, &s, diag);
    eq_solve_options o = eq_solve_defaults(c);
    o.abstol = 1e-16;
    if (status == EQ_OK) status = eq_solver_solve(s, &o, v, NULL, NULL, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "");
    eq_solver_free(s);
    eq_diag_free(diag);
    return v;
}

static double at(const eq_circuit *c, const double *v, const char *node) {
    eq_node n = eq_circuit_find_node(c, node);
    ck_assert_int_ge(n, 0);
    return v[n];
}

static void put_value(eq_circuit *c, const char *name, double value) {
    eq_handle h;
    ck_assert_int_eq(eq_handle_find(c, name, &h, NULL), EQ_OK);
    ck_assert_int_eq(eq_handle_set(c, h, value, NULL), EQ_OK);
}

START_TEST(resistors_follow_their_parameters) {
    int version = minor[_i];
    allow(version);
    eq_circuit *c = circuit_of("t\nv1 a 0 3\nr1 a b 1k\nn1 b 0 ra\nr2 a c 1k\nn2 c 0 ra R=2k m=4\n"
                               "r3 a d 1k\nn3 d 0 rb alias_R=500\nr4 a e 1k\nn4 e 0 rc temp=77\n"
                               "r5 a f 1k\nx1 f s m=2\n.subckt s a\nn1 a 0 ra m=3\n.ends\n"
                               ".model ra resistor@(r=3k)\n.model rb Resistor@ kind=\"half\"\n"
                               ".model rc resistor@ tc1=1m R={2*k}\n.param k=500\n.op\n",
                               version);
    double *v = solve(c);
    ck_assert_double_eq_tol(at(c, v, "b"), 3.0 * 3.0 / 4.0, 1e-12);
    ck_assert_double_eq_tol(at(c, v, "c"), 3.0 * 0.5 / 1.5, 1e-12);
    ck_assert_double_eq_tol(at(c, v, "d"), 3.0 * 1.0 / 2.0, 1e-12);
    ck_assert_double_eq_tol(at(c, v, "e"), 3.0 * 1.05 / 2.05, 1e-12);
    ck_assert_double_eq_tol(at(c, v, "f"), 3.0 * 0.5 / 1.5, 1e-12);
    free(v);
    put_value(c, "n1(r)", 1e3); /* beats the model's */
    c->env.temp = 127.0;
    eq_circuit_derive(c);
    v = solve(c);
    ck_assert_double_eq_tol(at(c, v, "b"), 1.5, 1e-12);
    ck_assert_double_eq_tol(at(c, v, "e"), 3.0 * 1.05 / 2.05, 1e-12); /* temp of its own */
    free(v);
    eq_circuit_free(c);
}
END_TEST

/* Compares the potentials of two branches, node x of ours and y of the native class, while the source
 * `name` takes values. */
static void compare(eq_circuit *c, const char *name, const double *value, int values) {
    for (int k = 0; k < values; k++) {
        put_value(c, name, value[k]);
        double *v = solve(c), x = at(c, v, "x"), y = at(c, v, "y");
        ck_assert_msg(fabs(x - y) <= 1e-11 * fmax(1.0, fabs(y)), "%s = %g: %.17g, not %.17g", name,
                      value[k], x, y);
        free(v);
    }
}

START_TEST(diodes_are_those_of_eqspice) {
    static const char *const rs[] = {"0", "12"};
    static const double volt[] = {0.0, 0.3, 0.7, 2.0, 100.0, -5.0, -0.2};
    allow(minor[_i % 2]);
    char text[512];
    snprintf(text, sizeof text,
             "t\nv1 a 0 1\nr1 a x 1k\nn1 x 0 dn m=2\nr2 a y 1k\nd1 y 0 dd m=2\n"
             ".model dn diode@ is=2e-14 n=1.3 rs=%s kq=%.17g\n.model dd d(is=2e-14 n=1.3 rs=%s)\n"
             ".op\n",
             rs[_i / 2], eq_dialect_k_over_q(EQ_NGSPICE), rs[_i / 2]);
    eq_circuit *c = circuit_of(text, minor[_i % 2]);
    compare(c, "v1", volt, sizeof volt / sizeof *volt);
    eq_circuit_free(c);
}
END_TEST

/* Without a resistance in front: all that keeps the exponential from overflowing is $limit. */
/* Beside sources of formulas of several nodes, whose slopes stand before those of a module. */
START_TEST(formulas_stand_beside_them) {
    static const double volt[] = {0.5, 2.0, -3.0};
    allow(minor[_i]);
    char text[400];
    snprintf(text, sizeof text,
             "t\nv1 a 0 2\nr1 a x 1k\nn1 x 0 dn\nr2 a y 1k\nd1 y 0 dd\n"
             "b1 x 0 i=1m*tanh(v(x)*v(a))\nb2 y 0 i=1m*tanh(v(y)*v(a))\nb3 z 0 v=v(x)*v(y)+v(x)\n"
             "r3 z 0 1k\n.model dn diode@ is=1e-14 kq=%.17g\n.model dd d is=1e-14\n.op\n",
             eq_dialect_k_over_q(EQ_NGSPICE));
    eq_circuit *c = circuit_of(text, minor[_i]);
    compare(c, "v1", volt, 3);
    eq_solver *s = NULL;
    eq_solve_info info;
    double *v = calloc(eq_circuit_nodes(c), sizeof *v);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, &info, NULL), EQ_OK);
    ck_assert_str_eq(info.rung, "junction limiting");
    ck_assert_int_le(info.iterations, 12);
    free(v);
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

START_TEST(a_junction_settles_from_far_away) {
    allow(minor[_i]);
    eq_circuit *c =
        circuit_of("t\ni1 0 x 1\nn1 x 0 dn\n.model dn diode@ is=1e-15\n.nodeset v(x)=30\n"
                   ".op\n",
                   minor[_i]);
    double *v = solve(c);
    double vt = 8.617333262e-5 * 300.15;
    ck_assert_double_eq_tol(at(c, v, "x"), vt * log1p(1.0 / 1e-15), 1e-9);
    free(v);
    eq_circuit_free(c);
}
END_TEST

/* $simparam of Verilog-AMS 2.4, table 9-27: what the deck says, and of a simulator that neither scales
 * nor shrinks, steps no source and adds no conductance of its own. */
START_TEST(questions_are_answered) {
    static const double answer[] = {2e-9, 50.0, 1e-3, 1.0, 0.0, 0.0, 1.0, 0.2};
    allow(minor[_i]);
    for (size_t k = 0; k < sizeof answer / sizeof *answer; k++) {
        char text[160];
        snprintf(
            text, sizeof text,
            "t\n.options gmin=2n tnom=50\nn1 0 a f\nr1 a 0 1e6\n.model f faulty@ mode=%zu\n.op\n",
            8 + k);
        eq_circuit *c = circuit_of(text, minor[_i]);
        double *v = solve(c), v_a = answer[k] / (1e-3 + 1e-6);
        ck_assert_double_eq_tol(at(c, v, "a"), v_a, 1e-12 * (1e-6 + fabs(v_a)));
        free(v);
        eq_circuit_free(c);
    }
}
END_TEST

START_TEST(transistors_are_those_of_eqspice) {
    static const double volt[] = {-3.0, -1.0, -0.1, 0.0, 0.05, 0.5, 1.0, 3.0};
    static const struct {
        const char *type;
        int sign;
    } kind[] = {{"nmos", 1}, {"pmos", -1}};
    static const char *const resistances[] = {"", "rd=20 rs=30"};
    int version = minor[_i % 2], k = _i / 2 % 2;
    allow(version);
    char text[1024];
    for (int gate = 0; gate < 4; gate++) {
        snprintf(text, sizeof text,
                 "t\nv1 a 0 1\nvg g 0 %g\nvb b 0 %g\nr1 a x 10k\nn1 x g 0 b mn w=20u l=2u\n"
                 "r2 a y 10k\nm1 y g 0 b mm w=20u l=2u\n"
                 ".model mn mos@ type=%d vto=%g kp=8e-5 gamma=0.5 phi=0.7 lambda=0.03 is=1e-15 %s "
                 "kq=%.17g\n.model mm %s(vto=%g kp=8e-5 gamma=0.5 phi=0.7 lambda=0.03 is=1e-15 "
                 "%s)\n.op\n",
                 kind[k].sign * gate * 1.1, -0.7 * kind[k].sign, kind[k].sign, 0.6 * kind[k].sign,
                 resistances[_i / 4], eq_dialect_k_over_q(EQ_NGSPICE), kind[k].type,
                 0.6 * kind[k].sign, resistances[_i / 4]);
        eq_circuit *c = circuit_of(text, version);
        compare(c, "v1", volt, sizeof volt / sizeof *volt);
        eq_circuit_free(c);
    }
}
END_TEST

/* An open terminal carries nothing, and a current may be an unknown of a module. */
START_TEST(wires_have_currents_and_may_leave_a_terminal_open) {
    allow(minor[_i]);
    eq_circuit *c = circuit_of("t\nv1 a 0 2\nn1 a b w\nr1 b 0 4\nn2 a c e w\nr2 c 0 4\nr3 e 0 1k\n"
                               ".model w wire@ r=1 g=1m\n.op\n",
                               minor[_i]);
    double *v = solve(c);
    ck_assert_double_eq_tol(at(c, v, "b"), 1.6, 1e-12);
    ck_assert_double_eq_tol(at(c, v, "c"), 1.6, 1e-12);
    ck_assert_double_eq_tol(at(c, v, "e"), 1.0, 1e-12);
    free(v);
    eq_circuit_free(c);
}
END_TEST

enum { MOST = EQ_MAX_TERMINALS };

/* i and g of element `name` with its terminals at z. */
static void currents(const eq_circuit *c, const char *name, const double *z, double *i, double *g) {
    eq_row r = c->row[eq_circuit_find_element(c, name)];
    const eq_table *t = &c->table[r.cls];
    double *w[EQ_MAX_COLUMNS], *to[MOST], *slope[MOST * MOST];
    const double *from[MOST];
    int n = t->cls->terminals;
    for (int k = 0; k < t->cls->columns; k++) w[k] = &t->w[k][r.row];
    for (int a = 0; a < n; a++) from[a] = &z[a], to[a] = &i[a];
    for (int k = 0; k < n * n; k++) slope[k] = &g[k];
    t->cls->port(1, w, from, NULL, to, slope);
}

static const char elements[] =
    "t\nr1 a 0 1\nn1 a b ra\nn2 a b dn\nn3 a b dr\nn4 a b c d mn w=20u l=2u\nn5 a b c d mr w=20u "
    "l=2u\nn6 a b c w\nr2 b 0 1\nr3 c 0 1\nr4 d 0 1\n.model ra resistor@ cap=2p\n.model dn diode@ "
    "cj=3p\n.model dr diode@ rs=50\n.model mn mos@ vto=0.5 gamma=0.4 phi=0.6 lambda=0.05\n"
    ".model mr mos@ vto=0.5 gamma=0.4 phi=0.6 rd=1k rs=2k\n.model w wire@\n.op\n";

START_TEST(slopes_match_differences) {
    static const char *const name[] = {"n1", "n2", "n3", "n4", "n5", "n6"};
    static const double place[][4] = {
        {0.62, 0.05, 0.1, 0.0}, {1.5, 1.9, 0.2, -0.3}, {0.3, 1.2, 0.9, -0.1}, {0.4, 0.4, 0.4, 0.4}};
    allow(minor[_i]);
    eq_circuit *c = circuit_of(elements, minor[_i]);
    for (int e = 0; e < 6; e++)
        for (int p = 0; p < 4; p++) {
            int n = eq_class(c->row[eq_circuit_find_element(c, name[e])].cls)->terminals;
            double z[4], i[MOST], up[MOST], down[MOST], g[MOST * MOST], ignored[MOST * MOST];
            memcpy(z, place[p], sizeof z);
            if ((e == 1 || e == 2) && p > 0) z[0] = z[1] + (p == 1 ? -0.4 : 0.5);
            currents(c, name[e], z, i, g);
            double most = 0.0, sum = 0.0;
            for (int a = 0; a < n; a++) most = fmax(most, fabs(i[a])), sum += i[a];
            ck_assert_double_le(fabs(sum), 1e-12 * most);
            most = 0.0;
            for (int k = 0; k < n * n; k++) most = fmax(most, fabs(g[k]));
            for (int b = 0; b < n; b++) {
                const double h = 1e-5;
                double kept = z[b];
                z[b] = kept + h;
                currents(c, name[e], z, up, ignored);
                z[b] = kept - h;
                currents(c, name[e], z, down, ignored);
                z[b] = kept;
                for (int a = 0; a < n; a++) {
                    double difference = (up[a] - down[a]) / (2.0 * h);
                    ck_assert_msg(fabs(g[a * n + b] - difference) <= 1e-6 * most + 1e-17,
                                  "%s at %d: g[%d][%d] = %.12g, not %.12g", name[e], p, a, b,
                                  g[a * n + b], difference);
                }
            }
        }
    eq_circuit_free(c);
}
END_TEST

START_TEST(charges_are_read) {
    allow(minor[_i]);
    eq_circuit *c = circuit_of(elements, minor[_i]);
    eq_row r = c->row[eq_circuit_find_element(c, "n1")],
           d = c->row[eq_circuit_find_element(c, "n3")];
    double *const *resistor = c->table[r.cls].w, *const *diode = c->table[d.cls].w;
    double q[3], slope[9], z[2] = {0.7, 0.2};
    ck_assert(eq_osdi_charges(resistor, (size_t)r.row, z, q, slope));
    ck_assert_double_eq_tol(q[0], 1e-12, 1e-24);
    ck_assert_double_eq_tol(q[1], -1e-12, 1e-24);
    ck_assert_double_eq_tol(slope[0], 2e-12, 1e-24);
    ck_assert_double_eq_tol(slope[1], -2e-12, 1e-24);
    ck_assert(eq_osdi_charges(diode, (size_t)d.row, z, q,
                              slope)); /* between the inner node and the cathode */
    double i[MOST], g[MOST * MOST], inner;
    currents(c, "n3", z, i, g);
    inner = z[0] - 50.0 * i[0];
    ck_assert_double_eq_tol(q[2], 1e-12 * (inner - z[1]), 1e-20);
    ck_assert_double_eq_tol(q[0], 0.0, 1e-30);
    ck_assert_double_eq_tol(slope[2 * 3 + 2], 1e-12, 1e-24);
    ck_assert_double_eq_tol(slope[2 * 3 + 1], -1e-12, 1e-24);
    eq_circuit_free(c);
}
END_TEST

/* What a deck asks for: charges of nodes by name, internal ones and two that are joined, too, and their
 * slopes; a terminal that is left open has no charge, an unknown current none that is shown. */
START_TEST(charges_are_shown) {
    int n = minor[_i];
    char made[1024], *text = NULL;
    snprintf(made, sizeof made,
             "t\nv1 a 0 0.7\nn1 a 0 rr\nn2 a 0 dr\nn3 a 0 dj\nn4 a 0 ww\n.model rr resistor%d "
             "cap=2p\n.model dr diode%d rs=1k is=1e-9 cj=3p\n.model dj diode%d cj=3p is=1e-9\n"
             ".model ww wire%d\n.print op @n1[qp] @n1[CPN] @n1[cpp] @n2[qa] @n2[qai] "
             "{n2:caiai-n2:caic} @n2[qc] n3:qa n3:qai @n3[caic] @n4[qt]\n"
             ".save @n4[qflow(p,n)] @n1[qx] @n1[c]\n.op\n.end\n",
             n, n, n, n);
    put("q.cir", made);
    expect_exit(0, &text, "run %s --format csv --osdi %s", in("q.cir"), library(n, 0));
    ck_assert_msg(strstr(text, "left out: @n4[qflow(p,n)]") != NULL, "%s", text);
    const char *table = strstr(text, "@n1[qp],");
    double x[11], low = 0.0, high = 0.7, vt = 8.617333262e-5 * 300.15;
    for (int k = 0; k < 100; k++) { /* behind 1 kohm */
        double u = 0.5 * (low + high);
        if ((0.7 - u) / 1e3 > 1e-9 * expm1(u / vt) + 1e-12 * u)
            low = u;
        else
            high = u;
    }
    const double want[] = {1.4e-12,      2e-12,   2e-12,   0.0,   3e-12 * low, 0.0,
                           -3e-12 * low, 2.1e-12, 2.1e-12, 3e-12, 0.0};
    table = strchr(table, '\n') + 1;
    for (int k = 0; k < 11; k++) {
        char *end;
        x[k] = strtod(table, &end);
        table = end + 1;
        ck_assert_msg(fabs(x[k] - want[k]) <= 1e-9 * fabs(want[k]) + 1e-24, "%d: %.12g, not %.12g",
                      k, x[k], want[k]);
    }
    free(text);
}
END_TEST

/* dv(b)/dr of resistors beside a transistor and a diode, by the adjoint and by differences. */
START_TEST(resistors_beside_them_have_exact_gradients) {
    allow(minor[_i]);
    static const char deck[] =
        "t\nv1 a 0 2\nvg g 0 1.4\nr1 a b 10k\nn1 b g c 0 mr w=20u l=2u\nr2 c 0 1k\nn2 b 0 dr\n"
        ".model dr diode@ rs=50\n.model mr mos@ vto=0.5 gamma=0.4 phi=0.6 rd=1k rs=2k kp=1e-4\n"
        ".options reltol=1e-12\n.op\n";
    eq_circuit *c = circuit_of(deck, minor[_i]);
    eq_handle by[2];
    eq_handle source;
    ck_assert_int_eq(eq_handle_find(c, "v1", &source, NULL), EQ_OK);
    eq_batch *batch = NULL;
    double x = 2.0, dcdw[2], *v = calloc(eq_circuit_nodes(c), sizeof *v), branch[2];
    double *dcdv = calloc(eq_circuit_nodes(c), sizeof *dcdv);
    ck_assert_int_eq(eq_handle_find(c, "r1", &by[0], NULL), EQ_OK);
    ck_assert_int_eq(eq_handle_find(c, "r2", &by[1], NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_new(c, &source, 1, NULL, &batch, NULL), EQ_OK);
    ck_assert_int_eq(eq_batch_solve(batch, 1, &x, v, branch, NULL), EQ_OK);
    dcdv[eq_circuit_find_node(c, "b")] = 1.0;
    ck_assert_int_eq(eq_batch_vjp(batch, 1, &x, v, branch, dcdv, by, 2, dcdw, NULL), EQ_OK);
    eq_batch_free(batch);
    for (int k = 0; k < 2; k++) {
        double at_r = eq_handle_get(c, by[k]), h = 1e-4 * at_r, side[2];
        for (int s = 0; s < 2; s++) {
            ck_assert_int_eq(eq_handle_set(c, by[k], at_r + (s == 0 ? h : -h), NULL), EQ_OK);
            double *moved = solve(c);
            side[s] = at(c, moved, "b");
            free(moved);
        }
        ck_assert_int_eq(eq_handle_set(c, by[k], at_r, NULL), EQ_OK);
        double difference = (side[0] - side[1]) / (2.0 * h);
        ck_assert_msg(fabs(dcdw[k] - difference) <= 1e-6 * fabs(difference),
                      "r%d: %.12g, not %.12g", k + 1, dcdw[k], difference);
    }
    free(v);
    free(dcdv);
    eq_circuit_free(c);
}
END_TEST

/* ---- The program ---- */

static const char *put_deck(const char *text) {
    char *deck = with_version(text, 4);
    const char *path = put("t.cir", deck);
    free(deck);
    return path;
}

/* What a deck with the library of 0.4 says, and with which exit status. */
static const struct fault {
    const char *deck, *says;
    int exit_status;
} faults[] = {
    {"n1 a 0 rr r=-1\n.model rr resistor@\n", "n1: parameter R of module resistor4 is outside", 2},
    {"n1 a 0 rr\n.model rr resistor@ r=0\n", "n1: parameter R of module resistor4 is outside", 2},
    {"n1 a 0 rr q=1\n.model rr resistor@\n", "n1 has no parameter q", 2},
    {"n1 a 0 rr m=0\n.model rr resistor@\n", "m = 0 of n1 is outside 1e-300..1e+300", 2},
    {"n1 a 0 rr temp=-300\n.model rr resistor@\n", "temp = -300 of n1 is outside -273.15..", 2},
    {"n1 a 0 rr r=1e400\n.model rr resistor@\n", "r = inf of n1 is outside", 2},
    {"n1 a 0 resistor@\n", "define it: .model resistor4 MODULE(PARAMETER=...)", 2},
    {"n1 a 0 rr tc1=1\n.model rr resistor@\n", "tc1 of n1 stands on its .model card", 2},
    {"n1 a 0 rr\n.model rr resistor@ tc3=1\n",
     "module resistor4 has no parameter tc3 (did you mean", 2},
    {"n1 a 0 rr\n.model rr nothing\n", "n1", 2},
    {"n1 a 0 b c rr\n.model rr resistor@\n",
     "n1 has 4 nodes in front of its model, and module resistor4 has the terminals p, n", 2},
    {"n1 a 0 dd\n.model dd d\n", "no library that was allowed has", 2},
    {"d1 a 0 rr\n.model rr diode@\n", "this element needs one of type d", 2},
    {"n1 a 0\n", "there is no model 0", 2},
    {"n1 a 0 f\n.model f faulty@ mode=2\n", "n1: no such process corner", 2},
    {"n1 a 0 f\n.model f faulty@ mode=3\n", "n1: the fins do not fit", 2},
    {"n1 a 0 f\n.model f faulty@ mode=4\n", "n1: the junction has burnt", 2},
    {"n1 a 0 f\n.model f faulty@ mode=5\n", "n1: its module gives no finite current", 2},
    {"n1 a 0 f\n.model f faulty@ mode=6\n", "n1: its parameters leave nothing between two of its",
     2},
    {"n1 a 0 f\n.model f faulty@ mode=1\n", "n1: this model is old", 0},
    {"n1 a 0 f\n.model f faulty@ mode=7\n", "v(a)", 0},
    {"x1 a s m=2\n.subckt s a\nn1 a 0 w\n.ends\n.model w wire@ r=1\n", "v(a)", 0},
    {"n1 a 0 rr\n.model rr resistor@\n*% osdi elsewhere.osdi\n", "a deck alone cannot", 2},
    {"n1 a 0 rr\n.model rr resistor@\n*% osdi\n", "osdi names no file", 2},
    {"n1 a 0 rr\n.model rr resistor@\n.control\nosdi nothere/models-4-0.osdi\n.endc\n", "v(a)", 0},
    {"n1 a 0 rr\n.model rr resistor@\n*% train n1 min=1 max=2\n", "n1", 2},
};

START_TEST(what_is_wrong_is_said) {
    const struct fault *f = &faults[_i];
    char text[1024], *said = NULL;
    snprintf(text, sizeof text, "t\nv1 a 0 1\nr1 a 0 1k\n%s.op\n", f->deck);
    expect_exit(f->exit_status, &said, "op --osdi %s %s", library(4, 0), put_deck(text));
    ck_assert_msg(strstr(said, f->says) != NULL, "%s: %s", f->deck, said);
    free(said);
}
END_TEST

/* What $EQ_HOSTILE spoils (tests/osdi/models.c) is refused in one sentence. */
START_TEST(libraries_that_lie_are_refused) {
    char number[8], *said = NULL;
    const char *deck = put_deck("t\nv1 a 0 1\nn1 a 0 rr r=2k\n.model rr resistor@\n.op\n");
    snprintf(number, sizeof number, "%d", _i);
    setenv("EQ_HOSTILE", number, 1);
    expect_exit(_i == 0 ? 0 : 2, &said, "op --osdi %s %s", library(4, 0), deck);
    unsetenv("EQ_HOSTILE");
    ck_assert_msg(_i == 0 || strstr(said, "error: ") != NULL, "%s", said);
    free(said);
}
END_TEST

START_TEST(files_that_are_no_library_are_refused) {
    char *said = NULL;
    const char *deck = put_deck("t\nv1 a 0 1\nr1 a 0 1\n.op\n");
    for (int lacks = 1; lacks <= 3; lacks++) {
        expect_exit(2, &said, "op --osdi %s %s", library(4, lacks), deck);
        ck_assert_msg(strstr(said, "is no OSDI library: it has no OSDI_") != NULL, "%s", said);
        free(said);
    }
    expect_exit(2, &said, "op --osdi %s %s", deck, deck);
    ck_assert_msg(strstr(said, "cannot be opened as a library") != NULL, "%s", said);
    free(said);
    expect_exit(2, &said, "op --osdi %s %s", in("none"), deck);
    ck_assert_msg(strstr(said, "cannot read the OSDI library") != NULL, "%s", said);
    free(said);
    ck_assert_int_eq(mkfifo(in("fifo"), 0600), 0);
    expect_exit(2, &said, "op --osdi %s %s", in("fifo"), deck);
    ck_assert_msg(strstr(said, "is not a regular file") != NULL, "%s", said);
    free(said);
}
END_TEST

/* Half a download: the loader would map pages that the file does not have. */
START_TEST(a_library_that_was_cut_is_refused) {
    static const size_t kept[] = {20, 1000, 20000}; /* bytes, of some 78,000 */
    const char *deck = put_deck("t\nv1 a 0 1\nr1 a 0 1\n.op\n"), *cut = in("cut.osdi");
    char *whole = NULL, *said = NULL;
    size_t length = 0;
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_file_read(library(4, 0), (eq_place){0}, &whole, &length, diag), EQ_OK);
    ck_assert_uint_gt(length, kept[_i]);
    ck_assert_int_eq(eq_file_write(cut, whole, kept[_i], diag), EQ_OK);
    expect_exit(2, &said, "op --osdi %s %s", cut, deck);
    ck_assert_msg(strstr(said, "ends before the library that it begins with") != NULL, "%s", said);
    free(said);
    eq_free(whole);
    eq_diag_free(diag);
}
END_TEST

/* A library that is loaded leaves the file $EQ_OSDI_MARK. */
START_TEST(a_deck_alone_loads_nothing) {
    static const char *const form[] = {
        ".control\npre_osdi %s\nop\n.endc\n", ".control\nosdi %s\nop\n.endc\n",
        "*%% osdi %s\n.op\n", "*%% osdi \"%s\"\n.op\n", ".control\npre_osdi '%s'\nop\n.endc\n"};
    static const char *const command[] = {"op", "run", "check", "export -f ngspice"};
    setenv("EQ_OSDI_MARK", in("mark"), 1);
    for (size_t k = 0; k < sizeof form / sizeof *form; k++) {
        char text[1024], asks[600], *said = NULL;
        snprintf(asks, sizeof asks, form[k], library(4, 0));
        snprintf(text, sizeof text, "t\nv1 a 0 1\nn1 a 0 rr\n.model rr resistor4\n%s", asks);
        const char *deck = put("t.cir", text);
        for (int run = 0; run < 3; run++) {
            expect_exit(2, &said, "%s %s", command[run], deck);
            ck_assert_msg(strstr(said, "a deck alone cannot have it loaded") != NULL, "%s", said);
            ck_assert_msg(strstr(said, "--osdi") != NULL, "%s", said);
            free(said);
        }
        ck_assert_int_ne(access(in("mark"), F_OK), 0);
        setenv("EQSPICE_OSDI", library(4, 0), 1);
        expect_exit(0, &said, "run %s", deck);
        free(said);
        unsetenv("EQSPICE_OSDI");
        ck_assert_int_eq(access(in("mark"), F_OK), 0);
        ck_assert_int_eq(unlink(in("mark")), 0);
    }
    unsetenv("EQ_OSDI_MARK");
}
END_TEST

START_TEST(ngspice_decks_carry_them) {
    static const char text[] =
        "t\nv1 a 0 2\nr1 a b 1k\nn1 b 0 dr area=2 m=3\nr2 a c 1k\nn2 c 0 rb\nn3 a d w\nr3 d 0 1k\n"
        ".model dr diode@ rs=50 is=1e-15\n.model rb resistor@ kind=\"half\" r=3k\n.model w wire@\n"
        ".op\n";
    allow(4);
    eq_circuit *c = circuit_of(text, 4), *again = NULL;
    eq_text out = {0};
    ck_assert_int_eq(eq_circuit_write(c, EQ_NGSPICE, NULL, &out, NULL), EQ_OK);
    ck_assert_msg(strstr(out.text, ".control\npre_osdi /") != NULL, "%s", out.text);
    ck_assert_msg(strstr(out.text, "n1 b 0 dr m=3 area=2\n") != NULL, "%s", out.text);
    ck_assert_msg(strstr(out.text, "kind=\"half\"") != NULL, "%s", out.text);
    ck_assert_int_eq(eq_circuit_parse("again", out.text, out.length, &again, NULL), EQ_OK);
    ck_assert_uint_eq(eq_circuit_nodes(c), eq_circuit_nodes(again));
    double *v = solve(c), *u = solve(again);
    for (size_t n = 0; n < eq_circuit_nodes(c); n++) ck_assert_double_eq_tol(v[n], u[n], 1e-12);
    free(v);
    free(u);
    eq_circuit_free(again);
    for (eq_dialect d = EQ_XYCE; d < EQ_DIALECT_COUNT; d++) {
        eq_diag *diag = eq_diag_new();
        eq_text_clear(&out);
        ck_assert_int_eq(eq_circuit_write(c, d, NULL, &out, diag), EQ_ERR_INPUT);
        ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, "n1 is ") != NULL &&
                          strstr(eq_diag_get(diag, 0)->text, "export for ngspice") != NULL,
                      "%s", eq_diag_get(diag, 0)->text);
        eq_diag_free(diag);
    }
    eq_text_free(&out);
    eq_circuit_free(c);
}
END_TEST

START_TEST(verify_says_that_it_cannot) {
    char *said = NULL;
    expect_exit(2, &said, "verify --osdi %s %s", library(4, 0),
                put_deck("t\nv1 a 0 1\nn1 a 0 rr\n.model rr resistor@\n.op\n"));
    ck_assert_msg(strstr(said, "built without OSDI") != NULL, "%s", said);
    free(said);
}
END_TEST

/* The nudges that gradcheck tries put megavolts on a diode behind a resistance: no search for an inner
 * node may then go on for ever. */
START_TEST(networks_with_them_train_by_the_adjoint) {
    char *said = NULL,
         *deck = with_version(
             "t\nVx0 x0 0 0.1\nVx1 x1 0 0.4\nR1 x0 h 10k\nR2 x1 h 12k\nN1 h 0 dd\nN2 h o 0 0 mm "
             "w=10u l=1u\n"
             "R3 h o 20k\nR4 o 0 15k\n.model dd diode@ is=1e-9 n=1.5 rs=20\n"
             ".model mm mos@ vto=0.3 kp=1e-4 gamma=0.3 phi=0.6\n*% input Vx0 Vx1\n*% output o h\n"
             "*% train R* gmin=1u gmax=1m\n*% osdi gone/models-4-0.osdi\n.op\n",
             4);
    put("net.cir", deck);
    put("data.csv", "a,b,class\n0.1,1.3,one\n0.7,0.2,two\n1.1,0.9,one\n");
    const char *experiment =
        put("net.xml",
            "<experiment seed='2'><circuit deck='net.cir'/><data format='csv' path='data.csv' "
            "label='class'/><cost type='squared-error'/><estimator type='adjoint'/>"
            "<optimizer type='sgd' rate='1e-10'/><minibatch size='1'/><epochs "
            "count='2'/></experiment>");
    double error = NAN;
    expect_exit(0, &said, "gradcheck --osdi %s %s", library(4, 0), experiment);
    const char *at = strstr(said, "adjoint against central differences: ");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, "adjoint against central differences: %lg", &error), 1);
    ck_assert_double_le(error, 1e-7);
    free(said);
    expect_exit(0, NULL, "train --osdi %s %s -o %s", library(4, 0), experiment, in("run"));
    expect_exit(0, NULL, "op --osdi %s %s", library(4, 0), in("run"));
    expect_exit(2, &said, "op %s", in("run"));
    ck_assert_msg(strstr(said, "a deck alone cannot have it loaded") != NULL, "%s", said);
    free(said);
    free(deck);
}
END_TEST

/* .dc over a parameter of an instance, of a model, and over the temperature. */
START_TEST(parameters_are_swept) {
    char *said = NULL;
    expect_exit(
        0, &said, "run --format csv --osdi %s %s", library(4, 0),
        put_deck("t\nv1 a 0 3\nr1 a b 1k\nn1 b 0 rr\n.model rr resistor@ r={k} tc1=1m\n"
                 ".param k=1\n.step param k list 500 2k\n.dc temp 27 127 100\n.print dc v(b)\n"));
    ck_assert_msg(strstr(said, "2000,127,2.0625") != NULL, "%s", said);
    free(said);
    expect_exit(0, &said, "run --format csv --osdi %s %s", library(4, 0),
                put_deck("t\nv1 a 0 3\nr1 a b 1k\nn1 b 0 rr\n.model rr resistor@ r=1k tc1=1m\n"
                         ".control\nop\naltermod rr r = 2k\nop\nprint v(b)\n.endc\n"));
    ck_assert_msg(strstr(said, "2\n") != NULL, "%s", said);
    free(said);
}
END_TEST

Suite *osdi_suite(void) {
    Suite *s = suite_create("osdi");
    TCase *law = tcase_create("laws"), *program = tcase_create("program");
    tcase_set_timeout(law, 120);
    tcase_add_loop_test(law, resistors_follow_their_parameters, 0, VERSIONS);
    tcase_add_loop_test(law, diodes_are_those_of_eqspice, 0, 2 * VERSIONS);
    tcase_add_loop_test(law, formulas_stand_beside_them, 0, VERSIONS);
    tcase_add_loop_test(law, a_junction_settles_from_far_away, 0, VERSIONS);
    tcase_add_loop_test(law, questions_are_answered, 0, VERSIONS);
    tcase_add_loop_test(law, transistors_are_those_of_eqspice, 0, 4 * VERSIONS);
    tcase_add_loop_test(law, wires_have_currents_and_may_leave_a_terminal_open, 0, VERSIONS);
    tcase_add_loop_test(law, slopes_match_differences, 0, VERSIONS);
    tcase_add_loop_test(law, charges_are_read, 0, VERSIONS);
    tcase_add_loop_test(law, resistors_beside_them_have_exact_gradients, 0, VERSIONS);
    tcase_add_test(law, ngspice_decks_carry_them);
    suite_add_tcase(s, law);
    tcase_add_checked_fixture(program, scratch_make, scratch_drop);
    tcase_set_timeout(program, 120);
    tcase_add_loop_test(program, what_is_wrong_is_said, 0, (int)(sizeof faults / sizeof *faults));
    tcase_add_loop_test(program, charges_are_shown, 0, VERSIONS);
    tcase_add_loop_test(program, libraries_that_lie_are_refused, 0, 32);
    tcase_add_test(program, files_that_are_no_library_are_refused);
    tcase_add_loop_test(program, a_library_that_was_cut_is_refused, 0, 3);
    tcase_add_test(program, a_deck_alone_loads_nothing);
    tcase_add_test(program, verify_says_that_it_cannot);
    tcase_add_test(program, networks_with_them_train_by_the_adjoint);
    tcase_add_test(program, parameters_are_swept);
    suite_add_tcase(s, program);
    return s;
}
