/* Solver honesty (issue 5, point 6): random circuits, connected or not, singular or not, with
 * values from 1e-300 to 1e300 and parameters that are no numbers, end either with a solution whose
 * residual an independent dense evaluation confirms, or with an error that says why; no result
 * holds a number that is not finite. The deck of a failure is printed: it can be run by hand. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "netlist/netlist.h"
#include "solver/solver.h"
#include "support/effort.h"
#include "support/mna.h"

Suite *honesty_suite(void);

enum { BLOCKS = 20, MOST_NODES = 9, MOST_ELEMENTS = 16, CONTROLS = 3, BRIEF = 2000, FULL = 100000 };

/* Behavioural sources of one control x = V(c, d): k f(x). */
typedef struct family {
    const char *text; /* of x and k */
    double (*f)(double), (*slope)(double);
} family;

static double itself(double x) {
    return x;
}
static double one(double x) {
    (void)x;
    return 1.0;
}
/* ngspice's powers are those of |x|. */
static double cube(double x) {
    return fabs(x * x * x);
}
static double cube_slope(double x) {
    return 3.0 * x * fabs(x);
}
static double tanh_slope(double x) {
    return 1.0 / (cosh(x) * cosh(x));
}
static double atan_slope(double x) {
    return 1.0 / (1.0 + x * x);
}

/* ngspice's exp: arguments beyond ln(1e99) count as that. */
static double exp_of(double x) {
    return exp(fmin(x, 227.9559242064105));
}

static const family families[] = {
    {"%.17g*V(%d,%d)", itself, one},
    {"%.17g*V(%d,%d)^3", cube, cube_slope},
    {"%.17g*tanh(V(%d,%d))", tanh, tanh_slope},
    {"%.17g*atan(V(%d,%d))", atan, atan_slope},
    {"%.17g*sin(V(%d,%d))", sin, cos},
    {"%.17g*exp(V(%d,%d))", exp_of, exp_of},
};
enum { FAMILIES = sizeof families / sizeof *families };

/* What a behavioural source B<e> was made of. */
typedef struct source {
    int family, plus, minus; /* names of nodes are numbers */
    double k;
} source;

typedef struct maker {
    eq_random r;
    int style, nodes, elements;
    source source[MOST_ELEMENTS + 1];
    eq_text text;
} maker;

static int below(maker *k, int n) {
    return (int)eq_random_below(&k->r, (uint64_t)n);
}

static double log_uniform(maker *k, double low, double high) {
    return pow(10.0, low + (high - low) * eq_random_uniform(&k->r));
}

/* A value by the style of the circuit: usual ones, wide ones, extreme ones, a mixture. */
static double value(maker *k, bool positive) {
    static const double corner[] = {1e-300, 1e300, 1.0, 1e-12, 1e12, 1e-150, 1e150, 5e-5, 2.0, 3.0};
    double x;
    switch (k->style % 4) {
    case 0:
        x = log_uniform(k, -3.0, 4.0);
        break;
    case 1:
        x = log_uniform(k, -15.0, 15.0);
        break;
    case 2:
        x = log_uniform(k, -300.0, 300.0);
        break;
    default:
        x = corner[below(k, 10)];
        break;
    }
    return !positive && below(k, 3) == 0 ? -x : x;
}

static int node(maker *k) {
    return below(k, k->nodes);
}

/* mna.h: the source that the maker wrote as B<e>. */
static mna_formula formula_of(void *data, const eq_circuit *c, eq_element e, const double *v) {
    const maker *k = data;
    const source *b = &k->source[atoi(eq_circuit_element_name(c, e) + 1)];
    char plus[16], minus[16];
    snprintf(plus, sizeof plus, "%d", b->plus);
    snprintf(minus, sizeof minus, "%d", b->minus);
    mna_formula f = {eq_circuit_find_node(c, plus), eq_circuit_find_node(c, minus), 0.0, 0.0};
    double x = v[f.plus] - v[f.minus], m = c->table[c->row[e].cls].w[0][c->row[e].row];
    f.value = m * b->k * families[b->family].f(x);
    f.slope = m * b->k * families[b->family].slope(x);
    return f;
}

/* B<e>: a current or a voltage. */
static void add_behavioural(maker *k, int e) {
    source *b = &k->source[e];
    *b = (source){below(k, FAMILIES), node(k), node(k), value(k, false)};
    eq_text_printf(&k->text, "B%d %d %d %s=", e, node(k), node(k), below(k, 2) ? "I" : "V");
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    eq_text_printf(&k->text, families[b->family].text, b->k, b->plus, b->minus);
    eq_text_puts(&k->text, "\n");
}

/* One element; the letters say how often each kind is met,
 * controlled ones in every other circuit. */
static void add_element(maker *k, int e) {
    static const char kinds[] = "RRRRRRRRRRDDDDDDIIVEGFHEGFHBBBB";
    enum { ALL = sizeof kinds - 1, PLAIN = ALL - 12 };
    char kind = kinds[below(k, k->style < 4 ? PLAIN : ALL)];
    if (kind == 'B') {
        add_behavioural(k, e);
        return;
    }
    double w = value(k, kind == 'D' || (kind == 'R' && k->style % 2 == 0));
    eq_text_printf(&k->text, "%c%d0 %d %d ", kind, e, node(k), node(k));
    if (kind == 'D')
        eq_text_printf(&k->text, "d%d area=%.17g\n", below(k, 3), k->style % 4 == 0 ? 1.0 : w);
    else if (kind == 'E' || kind == 'G')
        eq_text_printf(&k->text, "%d %d %.17g\n", node(k), node(k), w);
    else if (kind == 'F' || kind == 'H')
        eq_text_printf(&k->text, "V%d %.17g\n", below(k, CONTROLS), w);
    else
        eq_text_printf(&k->text, "%.17g\n", w);
}

/* Three of four circuits have a tree of resistors that joins all nodes. */
static void make(maker *k) {
    eq_text_clear(&k->text);
    k->style = below(k, 8);
    k->nodes = 2 + below(k, MOST_NODES - 1);
    k->elements = 1 + below(k, MOST_ELEMENTS);
    eq_text_puts(&k->text, "random circuit\n");
    for (int d = 0; d < 2; d++)
        eq_text_printf(&k->text, ".model d%d D(is=%.17g n=%.3g rs=%.17g)\n", d,
                       k->style % 4 == 0 ? 1e-14 : value(k, true), 0.5 + 2.0 * d,
                       below(k, 2) ? 0.0 : value(k, true));
    eq_text_printf(&k->text, ".model d2 D(ron=%.17g roff=1e12 vfwd=0.3)\n", log_uniform(k, -3, 3));
    /* V0..V2 control F and H: one drives a node, the others stand behind a resistor of their own */
    eq_text_printf(&k->text, "V0 %d 0 %.17g\n", 1 + below(k, k->nodes - 1), value(k, false));
    for (int v = 1; v < CONTROLS; v++)
        eq_text_printf(&k->text, "V%d c%d %d %.17g\nRc%d c%d %d %.17g\n", v, v, node(k),
                       value(k, false), v, v, node(k), value(k, true));
    bool joined = below(k, 4) > 0;
    for (int n = 1; joined && n < k->nodes; n++)
        eq_text_printf(&k->text, "Rt%d %d %d %.17g\n", n, n, below(k, n), value(k, true));
    for (int e = 1; e <= k->elements; e++) add_element(k, e);
    eq_text_puts(&k->text, ".end\n");
}

/* One parameter of one element becomes no number, or a number that no deck may hold. */
static void spoil(maker *k, eq_circuit *c) {
    static const double bad[] = {NAN, INFINITY, -INFINITY, DBL_MAX, -DBL_MAX, 5e-324, 0.0};
    eq_element e = below(k, (int)eq_circuit_elements(c));
    int params = eq_class(c->row[e].cls)->params;
    int param = below(k, params), b = below(k, 7);
    *eq_circuit_param(c, e, param) = bad[b];
    eq_text_printf(&k->text, "* %s of %s became %g\n", eq_class(c->row[e].cls)->param[param].name,
                   eq_circuit_element_name(c, e), bad[b]);
    eq_circuit_derive(c);
}

/* Whether spoiling gave a diode a breakdown, high injection or recombination: those laws are held
 * against ngspice only. */
static bool wide(const eq_circuit *c) {
    static const char *const param[] = {"bv", "ikf", "isr"};
    const eq_table *t = &c->table[EQ_CLASS_diode];
    for (size_t j = 0; j < t->count; j++)
        for (int k = 0; k < 3; k++)
            if (t->w[eq_param_find(t->cls, param[k])][j] != 0.0) return true;
    return false;
}

static bool all_finite(const double *x, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (!isfinite(x[k])) return false;
    return true;
}

/* A failure has its reason, and no numbers. */
static void check_failure(const maker *k, const eq_diag *diag, const double *x, size_t n) {
    ck_assert_msg(eq_diag_errors(diag) > 0, "no reason for the failure of\n%s", k->text.text);
    for (size_t j = 0; j < n; j++)
        ck_assert_msg(isnan(x[j]), "a failure with the number %g for\n%s", x[j], k->text.text);
}

typedef struct tally {
    size_t solved, refused, failed;
} tally;

static void solve(maker *k, eq_circuit *c, eq_method method, bool spoiled, tally *t) {
    enum { MOST = MOST_NODES + 2 * MOST_ELEMENTS };
    double v[MOST] = {0}, branch[MOST] = {0};
    eq_solver *s = NULL;
    eq_solve_info info;
    eq_diag *diag = eq_diag_new();
    eq_solve_options o = eq_solve_defaults(c);
    o.method = method;
    size_t nodes = eq_circuit_nodes(c), branches = 0;
    eq_status status = eq_solver_new(c, &s, diag);
    if (status == EQ_OK) {
        if (spoiled) {
            spoil(k, c);
            eq_solver_refresh(s);
        }
        branches = eq_solver_branches(s);
        status = eq_solver_solve(s, &o, v, branch, &info, diag);
        if (status != EQ_OK)
            check_failure(k, diag, v, nodes), check_failure(k, diag, branch, branches);
    } else {
        check_failure(k, diag, NULL, 0);
    }
    if (status == EQ_OK) {
        ck_assert_msg(all_finite(v, nodes) && all_finite(branch, branches),
                      "method %d: a result is not finite for\n%s", method, k->text.text);
        mna_formulas_by(formula_of, k);
        double ratio = mna_ratio(c, v, branch, o.abstol, o.reltol);
        ck_assert_msg(wide(c) || ratio <= 2.0, "method %d: residual %g times its bound for\n%s",
                      method, ratio, k->text.text);
        ck_assert_msg(isfinite(info.residual) && info.residual_ratio <= 1.0,
                      "method %d: residual %g A, %g of its bound for\n%s", method, info.residual,
                      info.residual_ratio, k->text.text);
    }
    t->solved += status == EQ_OK;
    t->refused += status == EQ_ERR_SINGULAR;
    t->failed += status != EQ_OK && status != EQ_ERR_SINGULAR;
    eq_solver_free(s);
    eq_diag_free(diag);
}

/* A circuit whose deck is refused counts as a failure with a reason. */
static void check_one(maker *k, bool spoiled, tally *t) {
    static const eq_method method[] = {EQ_NEWTON, EQ_NEWTON, EQ_NEWTON,
                                       EQ_NEWTON, EQ_KINSOL, EQ_COCONTENT};
    make(k);
    eq_circuit *c = NULL;
    eq_diag *diag = eq_diag_new();
    if (eq_circuit_parse("random.cir", k->text.text, k->text.length, &c, diag) == EQ_OK) {
        bool before = spoiled && below(k, 2) == 0;
        if (before) spoil(k, c);
        solve(k, c, method[below(k, 6)], spoiled && !before, t);
        eq_circuit_free(c);
    } else {
        check_failure(k, diag, NULL, 0);
        t->refused++;
    }
    eq_diag_free(diag);
}

static tally block(uint64_t seed, bool spoiled) {
    maker k = {.r = eq_random_seed(seed)};
    tally t = {0};
    size_t n = effort(BRIEF, FULL) / (2 * BLOCKS);
    for (size_t j = 0; j < n; j++) check_one(&k, spoiled, &t);
    eq_text_free(&k.text);
    return t;
}

START_TEST(an_answer_holds_or_a_reason_is_given) {
    tally t = block((uint64_t)_i, false);
    size_t all = t.solved + t.refused + t.failed;
    ck_assert_uint_ge(t.solved, all / 20); /* both ends are met */
    ck_assert_uint_ge(t.refused, all / 20);
}
END_TEST

START_TEST(parameters_that_are_no_numbers_do_no_harm) {
    block(1000 + (uint64_t)_i, true);
}
END_TEST

Suite *honesty_suite(void) {
    Suite *s = suite_create("honesty");
    TCase *t = tcase_create("honesty");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, an_answer_holds_or_a_reason_is_given, 0, BLOCKS);
    tcase_add_loop_test(t, parameters_that_are_no_numbers_do_no_harm, 0, BLOCKS);
    suite_add_tcase(s, t);
    return s;
}
